"""Messages in Matrix, in a room that is Banso's and the person's alone, without encryption.

https://spec.matrix.org/v1.11/client-server-api/
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from services.notifier.channels.base import (
    Abilities,
    Outgoing,
    PermanentFailure,
    Taken,
)
from services.notifier.channels.calls import Calls, bounded, failure, fields_of
from services.notifier.channels.layout import fitted
from services.notifier.channels.page import content_of
from shared import channels, clock
from shared.contracts.organisation import Channel

LARGEST_BYTES = 60_000
"""An event has at most 65,536 bytes, the server's signatures among them."""
DIRECT = "m.direct"

Fields = dict[str, Any]


class Matrix:
    """Each message has its delivery's id as transaction id, so that a repeat is no second one.
    Which room is whose is kept where Matrix's programs keep it, in the account's `m.direct`."""

    channel = Channel.MATRIX
    can = Abilities(threads=True, answers=True, ids=True)

    def __init__(self, settings: channels.Matrix) -> None:
        self._api = f"{settings.homeserver.rstrip('/')}/_matrix/client/v3"
        self._user = settings.user
        token = settings.access_token.get_secret_value()
        self._calls = Calls({"Authorization": f"Bearer {token}"})
        self._rooms: dict[str, str] = {}
        self._finding = asyncio.Lock()

    async def send(self, outgoing: Outgoing) -> Taken:
        """Raises PermanentFailure where the person has left the room: they want no more of it."""
        person, now = outgoing.to.address, outgoing.now
        room = await self._room(person, now)
        joined = await self._is_there(room, person, now)
        begun, _, root = (outgoing.thread or "").partition("/")
        content = fitted(outgoing.message, content_of, _bytes, LARGEST_BYTES)
        content["dev.banso"] = {"issue": outgoing.issue_id, "delivery": outgoing.delivery_id}
        goes_on = bool(root) and begun == room
        if goes_on:
            content["m.relates_to"] = {
                "rel_type": "m.thread",
                "event_id": root,
                "is_falling_back": True,
                "m.in_reply_to": {"event_id": root},
            }
        path = f"/rooms/{_in_path(room)}/send/m.room.message/{_in_path(outgoing.delivery_id)}"
        event = str((await self._ask("PUT", path, now, content))["event_id"])
        return Taken(event, outgoing.thread if goes_on else f"{room}/{event}", delivered=joined)

    async def probe(self, address: str) -> None:
        """Whether the person is known, and has not left the room if there is one; nobody is
        invited."""
        now = clock.now()
        await self._ask("GET", f"/profile/{_in_path(address)}", now)
        rooms = (await self._direct(now)).get(address, [])
        if rooms:
            await self._is_there(str(rooms[-1]), address, now)

    async def close(self) -> None:
        await self._calls.close()

    async def _room(self, person: str, now: datetime) -> str:
        """The room shared with the person, found or made."""
        async with self._finding:
            if person not in self._rooms:
                direct = await self._direct(now)
                known = [room for room in direct.get(person, []) if isinstance(room, str)]
                self._rooms[person] = known[-1] if known else await self._invite(person, now)
            return self._rooms[person]

    async def _invite(self, person: str, now: datetime) -> str:
        await self._ask("GET", f"/profile/{_in_path(person)}", now)
        asked = {"is_direct": True, "preset": "trusted_private_chat", "invite": [person]}
        made = await self._ask("POST", "/createRoom", now, asked)
        room = str(made["room_id"])
        direct = await self._direct(now)
        direct[person] = [*direct.get(person, []), room]
        await self._ask("PUT", self._account_data, now, direct)
        return room

    @property
    def _account_data(self) -> str:
        return f"/user/{_in_path(self._user)}/account_data/{DIRECT}"

    async def _direct(self, now: datetime) -> dict[str, list[Any]]:
        answer = await self._call("GET", self._account_data)
        if answer.status_code == 404:
            return {}
        return dict(self._fields(answer, now))

    async def _is_there(self, room: str, person: str, now: datetime) -> bool:
        """Whether the person has joined, and not only been invited."""
        path = f"/rooms/{_in_path(room)}/state/m.room.member/{_in_path(person)}"
        membership = (await self._ask("GET", path, now)).get("membership")
        if membership not in ("join", "invite"):
            raise PermanentFailure("has left the room")
        return bool(membership == "join")

    async def _ask(
        self, method: str, path: str, now: datetime, content: Fields | None = None
    ) -> Fields:
        return self._fields(await self._call(method, path, content), now)

    async def _call(self, method: str, path: str, content: Fields | None = None) -> httpx.Response:
        return await self._calls.call(method, f"{self._api}{path}", json=content)

    def _fields(self, answer: httpx.Response, now: datetime) -> Fields:
        if not answer.is_success:
            raise _failure(answer, now)
        return dict(fields_of(answer))


def _failure(answer: httpx.Response, now: datetime) -> Exception:
    """With the error's code, such as M_FORBIDDEN; its words might name somebody."""
    said = fields_of(answer)
    asked = said.get("retry_after_ms")
    wait = bounded(asked / 1000) if isinstance(asked, int) else None
    return failure(answer, now, str(said.get("errcode", "")), wait)


def _in_path(text: str) -> str:
    return quote(text, safe="")


def _bytes(content: Fields) -> int:
    return len(httpx.Request("PUT", "http://x", json=content).content)
