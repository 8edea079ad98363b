"""`banso check --reach`: who could not be reached if something happened now."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy.exc import DBAPIError

from deploy.local.databases import database_url, keeps_something
from deploy.local.keeping import secrets_of
from services.notifier.app import open_adapters
from services.notifier.channels.base import Adapter
from services.notifier.letters import Letters
from services.notifier.lost import read_broken
from services.notifier.settings import NotifierSettings
from services.notifier.trial import NOT_SET_UP, Found, Refused, Trial, Way
from services.notifier.wording.reach import channel_name
from shared import clock
from shared.contracts.event import Speaker
from shared.contracts.organisation import Channel, Organisation
from shared.database import open_engine
from shared.language import Words
from shared.links import Links
from shared.replies import Replies

NOWHERE = "http://127.0.0.1"
"""Where links lead in test messages of an installation that has no address yet."""


def look(organisation: Organisation, data: Path | None, *, send: bool) -> list[Found]:
    """Everybody of the organisation; with `send` each gets a message by each of their channels.

    Channels and servers are those of the environment, as the notifier has them. `data`: what did
    not reach people before, and the keys of links. Raises ValidationError where something is
    wrongly set.
    """
    is_set_up = data is not None and (data / "secrets.json").exists()
    keys = secrets_of(data).link_keys if data is not None and is_set_up else None
    settings = _settings(data, keys or [secrets.token_urlsafe(32)])
    return asyncio.run(_everybody(organisation, settings, _refused(data), send=send))


def _settings(data: Path | None, keys: list[str]) -> NotifierSettings:
    told: dict[str, Any] = {
        "database_url": "sqlite://",
        "mail_directory": (data or Path()) / "mail",
    }
    if "BANSO_LINK_KEYS" not in os.environ:
        told["link_keys"] = keys
    if "BANSO_WEB_URL" not in os.environ:
        told["web_url"] = NOWHERE
    return NotifierSettings(**told)


async def _everybody(
    organisation: Organisation, settings: NotifierSettings, refused: Refused, *, send: bool
) -> list[Found]:
    signing = [key.get_secret_value() for key in settings.link_keys]
    adapters = open_adapters(
        settings, Replies(signing), Letters(settings.templates, CollectorRegistry())
    )
    try:
        links = Links(signing, settings.web_url) if send else None
        used = _used(adapters, settings)
        return await Trial(organisation, used, refused, clock.now(), links).everybody()
    finally:
        for adapter in adapters.values():
            await adapter.close()


def _used(
    adapters: Mapping[Channel, Adapter], settings: NotifierSettings
) -> Mapping[Channel, Adapter]:
    """Mail that only becomes a file reaches nobody."""
    if settings.smtp_out_host is not None:
        return adapters
    return {channel: one for channel, one in adapters.items() if channel is not Channel.EMAIL}


def _refused(data: Path | None) -> Refused:
    """What did not reach people, as the notifier kept it; nothing where it has never run, or is of
    an older version."""
    if data is None or not keeps_something(data, Speaker.NOTIFIER):
        return {}
    engine = open_engine(database_url(data, Speaker.NOTIFIER), read_only=True)
    try:
        with closing(engine.connect()) as connection:
            return {one.key: (one.address, one.error) for one in read_broken(connection)}
    except DBAPIError:
        return {}
    finally:
        engine.dispose()


def as_lines(found: Sequence[Found], _: Words) -> Iterator[str]:
    """Who is not reached, then by which channels others are not, and how many in all."""
    lost = [one for one in found if not one.is_reached]
    for one in (*lost, *(one for one in found if one.is_reached)):
        errors = [way for way in one.ways if way.error is not None]
        if not errors:
            continue
        who = f"{one.person.id} ({one.person.name.in_(_.language)})"
        why = "; ".join(_why(way, _) for way in errors)
        if one.is_reached:
            yield _("%(who)s is not reached by every channel: %(why)s", who=who, why=why)
        else:
            yield _("%(who)s can't be reached: %(why)s", who=who, why=why)
    reached = len(found) - len(lost)
    yield _("%(reached)s of %(count)s people can be reached.", reached=reached, count=len(found))


def _why(way: Way, _: Words) -> str:
    error = _("not set up") if way.error == NOT_SET_UP else way.error
    return f"{channel_name(way.channel, _)}: {error}"


def as_json(found: Sequence[Found]) -> list[dict[str, Any]]:
    """For programs."""
    return [
        {
            "person": one.person.id,
            "reached": one.is_reached,
            "channels": {way.channel: way.error for way in one.ways},
        }
        for one in found
    ]
