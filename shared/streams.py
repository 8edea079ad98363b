"""The streams as the auditor sees them: looked at message by message, and never changed.

All reading is by direct get, which leaves nothing behind on the server: no consumer, no place.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import APIError
from pydantic import SecretStr

from shared.bus import AGAIN, AGAIN_OF, EPOCH, MSG_ID, cause_id_of, unreadable
from shared.contracts.event import Event, Speaker, event_id_of
from shared.contracts.traffic import AUDITOR, again, repeat

ANSWER_WITHIN_S = 10.0
PAGE = 1000
"""Messages read with one request."""
MOST_ASKED = 500
"""Events that one request to repeat names; a journal answers to no more."""

_SEQUENCE = "Nats-Sequence"
_SUBJECT = "Nats-Subject"
_TIME = "Nats-Time-Stamp"
_STATUS = "Status"
_NOT_FOUND = "404"
_MICROSECONDS = 26
"""So long is `2026-11-25T12:39:18.591241`; the server writes nanoseconds."""


class NoServer(Exception):
    """NATS can't be reached, does not let us in, or does not answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a stream goes."""

    epoch: str
    last: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as its stream keeps it."""

    sequence: int
    subject: str
    event_id: str
    """Its `Nats-Msg-Id`; empty where it has none."""
    kept_at: datetime
    headers: Mapping[str, str]
    body: bytes

    @property
    def answers(self) -> int | None:
        """The number of the dead letter that this says again, or settles."""
        number = self.headers.get(AGAIN_OF, "")
        return int(number) if number.isdecimal() else None


@asynccontextmanager
async def connect(url: str, seed: SecretStr | None, user: str) -> AsyncIterator[Client]:
    """A connection for a short while; raises NoServer."""
    options: dict[str, Any] = {"nkeys_seed_str": seed.get_secret_value()} if seed else {}
    try:
        client = await nats.connect(
            url,
            name=f"banso-{user}",
            connect_timeout=5,
            allow_reconnect=False,
            reconnect_time_wait=0.05,  # type: ignore[arg-type, unused-ignore]
            error_cb=_ignore,
            inbox_prefix=f"_INBOX_{user}".encode(),
            **options,
        )
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise NoServer(repr(error)) from error
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def look(url: str, seed: SecretStr | None) -> AsyncIterator[Streams]:
    """All streams, for one audit; raises NoServer."""
    async with connect(url, seed, AUDITOR) as client:
        yield Streams(client)


class Streams:
    """Raises NoServer where an answer does not come."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._jetstream: JetStreamContext = client.jetstream(timeout=ANSWER_WITHIN_S)

    async def place(self, stream: str) -> Place:
        """How far it goes now, and since when it has been the same one."""
        try:
            info = await self._jetstream.stream_info(stream)
        except (nats.errors.Error, TimeoutError) as error:
            raise NoServer(repr(error)) from error
        return Place((info.config.metadata or {}).get(EPOCH, ""), info.state.last_seq)

    async def read(
        self, stream: str, after: int, *, subject: str = ">", most: int = PAGE
    ) -> list[Kept]:
        """The next messages behind a sequence, at most so many."""
        wanted = {"seq": after + 1, "batch": most, "next_by_subj": subject}
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox, pending_bytes_limit=-1)
        found = []
        try:
            asked = json.dumps(wanted).encode()
            await self._client.publish(f"$JS.API.DIRECT.GET.{stream}", asked, reply=inbox)
            while True:
                message = await subscription.next_msg(timeout=ANSWER_WITHIN_S)
                headers = message.headers or {}
                if _STATUS in headers and _SEQUENCE not in headers:
                    break
                found.append(_kept(message, headers))
            await subscription.unsubscribe()
        except (nats.errors.Error, TimeoutError) as error:
            raise NoServer(repr(error)) from error
        if not found and headers[_STATUS] not in (_NOT_FOUND, "204"):
            raise NoServer(f"{stream} can't be read: {headers[_STATUS]}")
        return found

    async def ask_to_repeat(self, speaker: Speaker, event_ids: Sequence[str]) -> None:
        """Has a speaker say these events of its journal again; whether it did is seen later."""
        for part in _parts(event_ids):
            await self._client.publish(repeat(speaker), json.dumps(part).encode())
        await self._client.flush()

    async def say_again(self, speaker: Speaker, event: Event, cause_id: str) -> None:
        """Has one service decide anew, as for a dead letter that is said again."""
        nonce = uuid.uuid4().hex
        message = event.to_message(event_id_of(event.subject, cause_id, 0), cause_id)
        try:
            await self._jetstream.publish(
                again(speaker, event.subject), message, headers={MSG_ID: nonce, AGAIN: nonce}
            )
        except (nats.errors.Error, APIError, TimeoutError) as error:
            raise NoServer(repr(error)) from error


def causes_of(message: Kept) -> tuple[str, ...]:
    """Under which ids a service's journal may have the message as a cause."""
    try:
        event_id = str(json.loads(message.body)["id"])
    except (ValueError, KeyError, TypeError):
        event_id = message.event_id
    return cause_id_of(event_id, message.headers), unreadable(message.body)


def _kept(message: Msg, headers: Mapping[str, str]) -> Kept:
    return Kept(
        int(headers[_SEQUENCE]),
        headers[_SUBJECT],
        headers.get(MSG_ID, ""),
        datetime.fromisoformat(f"{headers[_TIME][:-1][:_MICROSECONDS]}+00:00"),
        headers,
        message.data,
    )


def _parts(event_ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(event_ids), MOST_ASKED):
        yield list(event_ids[start : start + MOST_ASKED])


async def _ignore(_: Exception) -> None:
    """The caller hears of it by an exception."""
