"""Messages in Microsoft Teams, by a workflow's webhook, as Adaptive Cards.

https://support.microsoft.com/office/8ae491c7-0394-4861-ba59-055e33f75498
"""

from __future__ import annotations

from datetime import datetime

import httpx

from services.notifier.channels.base import (
    Abilities,
    MessageRefused,
    Misconfigured,
    Outgoing,
    PermanentFailure,
    Taken,
    TemporaryFailure,
)
from services.notifier.channels.calls import Calls, failure, fields_of
from services.notifier.channels.card import card_of
from services.notifier.channels.layout import fitted
from shared import channels
from shared.contracts.organisation import Channel

LARGEST_BYTES = 27 * 1024
"""Teams takes 28 KB; the workflow around it needs a little."""


class Teams:
    """A place is a channel or a chat with a workflow of its own. It tells us nothing back."""

    channel = Channel.TEAMS
    can = Abilities()

    def __init__(self, settings: channels.Teams) -> None:
        self._places = settings.places
        self._calls = Calls()

    async def send(self, outgoing: Outgoing) -> Taken:
        url = self._place(outgoing.to.address)
        content = fitted(outgoing.message, card_of, len, LARGEST_BYTES)
        answer = await self._calls.call(
            "POST",
            url,
            content=content,
            headers={"Content-Type": "application/json"},
        )
        if not answer.is_success:
            raise _failure(answer, outgoing.now)
        return Taken()

    async def probe(self, address: str) -> None:
        """Whether there is such a place; a workflow can't be asked more."""
        self._place(address)

    async def close(self) -> None:
        await self._calls.close()

    def _place(self, name: str) -> str:
        url = self._places.get(name)
        if url is None:
            raise PermanentFailure("no such place")
        return url.get_secret_value()


def _failure(answer: httpx.Response, now: datetime) -> Exception:
    """A workflow that is gone, switched off or protected is the operator's to mend: the place is
    right."""
    error = failure(answer, now)
    said = fields_of(answer).get("error")
    code = str(said.get("code", "")) if isinstance(said, dict) else ""
    is_about_it = isinstance(error, MessageRefused) and not code.startswith("Workflow")
    return (
        error if isinstance(error, TemporaryFailure) or is_about_it else Misconfigured(str(error))
    )
