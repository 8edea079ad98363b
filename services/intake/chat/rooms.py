"""Matrix's client-server API, as far as an account that listens and answers needs it.

https://spec.matrix.org/v1.11/client-server-api/
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx

from shared import channels

SYNC_FOR_S = 30
_TIMEOUT = httpx.Timeout(20.0, connect=10.0)
_SYNC_TIMEOUT = httpx.Timeout(SYNC_FOR_S + 20.0, connect=10.0)
MOST_AT_ONCE = 50
MOST_PAGES = 200
_TYPES = ["m.room.message", "m.reaction", "m.room.redaction", "m.room.encrypted"]
_NOTHING: dict[str, list[str]] = {"types": []}
_EVENTS = {"types": _TYPES, "limit": MOST_AT_ONCE}
_FILTER = {
    "presence": _NOTHING,
    "account_data": _NOTHING,
    "room": {
        "account_data": _NOTHING,
        "ephemeral": _NOTHING,
        "state": {"types": [], "lazy_load_members": True},
        "timeline": _EVENTS,
    },
}

Fields = dict[str, Any]


class Unheard(Exception):
    """The server can't be reached, or does not do it. Its words hold nothing personal."""

    def __init__(self, words: str, status: int = 0, wait_s: float = 0.0) -> None:
        super().__init__(words)
        self.status = status
        self.wait_s = wait_s

    @property
    def is_final(self) -> bool:
        """Whether the same will be said when asked again."""
        return 400 <= self.status < 500 and self.status not in _FOR_NOW


class Forgotten(Unheard):
    """The server doesn't know up to where we have read."""


_FOR_NOW = frozenset({401, 408, 425, 429})
"""Passes by itself, or an operator mends it."""
_BAD_REQUEST = 400


class Rooms:
    def __init__(self, settings: channels.Matrix) -> None:
        self._api = f"{settings.homeserver.rstrip('/')}/_matrix/client/v3"
        token = settings.access_token.get_secret_value()
        self._calls = httpx.AsyncClient(
            timeout=_TIMEOUT,
            headers={"Authorization": f"Bearer {token}"},
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._calls.aclose()

    async def sync(self, since: str) -> Fields:
        """What has happened since; waits for something to happen. "" begins now, with the last few
        events of each room."""
        asked = {"filter": json.dumps(_FILTER), "timeout": str(SYNC_FOR_S * 1000 if since else 0)}
        try:
            return await self._ask("GET", "/sync", asked | ({"since": since} if since else {}))
        except Unheard as error:
            if error.status == _BAD_REQUEST and since:
                raise Forgotten(str(error), error.status) from error
            raise

    async def earlier(self, room: str, before: str, since: str) -> list[Fields]:
        """What a sync left out because it was too much, in order."""
        found: list[Fields] = []
        for _page in range(MOST_PAGES):
            asked = {
                "dir": "b",
                "from": before,
                "to": since,
                "limit": str(MOST_AT_ONCE),
                "filter": json.dumps(_EVENTS),
            }
            page = await self._ask("GET", f"/rooms/{_in_path(room)}/messages", asked)
            found += page.get("chunk", [])
            before = str(page.get("end") or "")
            if not before:
                break
        return found[::-1]

    async def direct(self, user: str) -> Fields:
        """Our account's rooms that are shared with one person alone, by that person."""
        path = f"/user/{_in_path(user)}/account_data/m.direct"
        return await self._ask("GET", path)

    async def event(self, room: str, event_id: str) -> Fields:
        return await self._ask("GET", f"/rooms/{_in_path(room)}/event/{_in_path(event_id)}")

    async def send(self, room: str, kind: str, content: Fields, name: str) -> None:
        """The same name again sends nothing."""
        path = f"/rooms/{_in_path(room)}/send/{kind}/{_in_path(name)}"
        await self._ask("PUT", path, content=content)

    async def join(self, room: str) -> None:
        await self._ask("POST", f"/join/{_in_path(room)}", content={})

    async def _ask(
        self,
        method: str,
        path: str,
        asked: dict[str, str] | None = None,
        content: Fields | None = None,
    ) -> Fields:
        timeout = _SYNC_TIMEOUT if path == "/sync" else _TIMEOUT
        try:
            answer = await self._calls.request(
                method, f"{self._api}{path}", params=asked, json=content, timeout=timeout
            )
            said = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unheard(type(error).__name__) from None
        except ValueError:
            raise Unheard(f"{answer.status_code} without JSON", answer.status_code) from None
        if not isinstance(said, dict):
            raise Unheard(f"{answer.status_code} without an object", answer.status_code)
        if not answer.is_success:
            wait = said.get("retry_after_ms")
            words = f"{answer.status_code} {str(said.get('errcode', ''))[:40]}"
            wait_s = min(wait / 1000, 3600.0) if isinstance(wait, int) else 0.0
            raise Unheard(words, answer.status_code, wait_s)
        return said


def _in_path(text: str) -> str:
    return quote(text, safe="")
