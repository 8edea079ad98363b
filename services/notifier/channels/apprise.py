"""Everything else, one way, by Apprise: Mattermost, Discord, Google Chat, ntfy and many more.

https://appriseit.com/library/
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from services.notifier.channels.base import (
    Abilities,
    Outgoing,
    PermanentFailure,
    Taken,
    TemporaryFailure,
)
from services.notifier.channels.layout import as_plain, fitted, units
from shared import channels, logs
from shared.contracts.organisation import Channel

log = logs.get(__name__)

LONGEST_TEXT = 8000
"""Apprise cuts it where a service takes less."""


class Apprise:
    """It knows neither ids nor reasons: what was not taken is tried again."""

    channel = Channel.APPRISE
    can = Abilities()

    def __init__(self, services: dict[str, Any]) -> None:
        self._services = services

    async def send(self, outgoing: Outgoing) -> Taken:
        service = self._service(outgoing.to.address)
        text = fitted(outgoing.message, as_plain, units, LONGEST_TEXT)
        title = outgoing.message.heading or "Banso"
        if not await asyncio.to_thread(_notify, service, title, text):
            raise TemporaryFailure("not taken")
        return Taken()

    async def probe(self, address: str) -> None:
        """Whether there is such a place."""
        self._service(address)

    def _service(self, place: str) -> Any:
        if place not in self._services:
            raise PermanentFailure("no such place")
        return self._services[place]

    async def close(self) -> None:
        """Nothing stays open between messages."""


def open_apprise(settings: channels.Apprise) -> Apprise | None:
    """The places that Apprise understands; None where it is not installed. Both are said in the
    log, and people are told by their next way."""
    try:
        import apprise
    except ImportError:
        log.error("channel.not_installed", channel="apprise", remedy="pip install apprise")
        return None
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines hold addresses
    services = {}
    for name, url in settings.places.items():
        service = apprise.Apprise()
        if service.add(url.get_secret_value()):
            services[name] = service
        else:
            log.error("channel.place_unusable", channel="apprise", place=name)
    return Apprise(services)


def _notify(service: Any, title: str, text: str) -> bool:
    return bool(service.notify(title=title, body=text, body_format="text"))
