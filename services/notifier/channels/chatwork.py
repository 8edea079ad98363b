"""Messages in Chatwork, in the room that a person shares with Banso.

https://developer.chatwork.com/reference/post-rooms-room_id-messages
"""

from __future__ import annotations

import re
from datetime import datetime

import httpx

from services.notifier.channels.base import Abilities, Outgoing, PermanentFailure, Taken
from services.notifier.channels.calls import Calls, bounded, failure, fields_of
from services.notifier.channels.layout import as_plain, fitted, units
from services.notifier.message import Message
from shared import channels, clock
from shared.contracts.organisation import Channel

LONGEST_BODY = 40_000
"""Well below what is taken, and more than anybody reads in a chat."""

_TAG = re.compile(
    r"\[(?=/?(?:info|title|code|qt|qtmeta|hr|to|rp|reply|toall|pi\w*|task|dtext|preview|download"
    r"|deleted)\b)",
    re.IGNORECASE,
)
"""What Chatwork would heed; it knows no way to write such a bracket as itself."""


class Chatwork:
    """What it says is with the person at once. A repeat after a crash is a second message."""

    channel = Channel.CHATWORK
    can = Abilities(ids=True)

    def __init__(self, settings: channels.Chatwork) -> None:
        self._url = settings.url
        self._calls = Calls({"X-ChatWorkToken": settings.token.get_secret_value()})

    async def send(self, outgoing: Outgoing) -> Taken:
        body = fitted(outgoing.message, body_of, units, LONGEST_BODY)
        answer = await self._calls.call(
            "POST",
            f"{self._room(outgoing.to.address)}/messages",
            data={"body": body, "self_unread": "0"},
        )
        _must_be_yes(answer, outgoing.now)
        return Taken(str(fields_of(answer).get("message_id") or "") or None, delivered=True)

    async def probe(self, address: str) -> None:
        """Whether we are in that room."""
        _must_be_yes(await self._calls.call("GET", self._room(address)), clock.now())

    async def close(self) -> None:
        await self._calls.close()

    def _room(self, number: str) -> str:
        if not number.isascii() or not number.isdecimal():
            raise PermanentFailure("no room's number")
        return f"{self._url}/rooms/{number}"


def _must_be_yes(answer: httpx.Response, now: datetime) -> None:
    """Its limits end at a time, and not after a while."""
    if not answer.is_success:
        ends = answer.headers.get("x-ratelimit-reset", "")
        wait = bounded(int(ends) - now.timestamp()) if ends.isdecimal() else None
        raise failure(answer, now, wait=wait)


def body_of(message: Message) -> str:
    """A frame with the heading as its title, and everything else in it."""
    title = _untagged(message.heading) or "Banso"
    return f"[info][title]{title}[/title]{_untagged(as_plain(message))}[/info]"


def _untagged(text: str) -> str:
    return _TAG.sub("［", text)
