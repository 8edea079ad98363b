"""Which of our messages somebody answers, and whether they are the one to whom it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from hashlib import sha256

from services.intake import clean, store
from services.intake.door import Door
from services.intake.store import ChatMessage, Happening, Shelf, chat_key
from services.intake.undone import standing, taken_back
from shared import clock
from shared.contracts.event import MAX_TEXT
from shared.contracts.intake import MessageReceived
from shared.contracts.issue import Source, Standing
from shared.contracts.organisation import Channel, Person
from shared.contracts.router import IssueAssigned, IssueReopened
from shared.journal import Journal

ANSWERED_FOR = timedelta(days=400)
"""So long a message in a chat can be answered."""
_ONCE_A_DAY_S = 24 * 3600
_MOVES_ON = frozenset({IssueAssigned.subject, IssueReopened.subject})
"""After these an issue is no longer what an earlier message says of it."""


def person_at(channel: Channel, address: str, door: Door) -> Person | None:
    """Who in the organisation is reached there."""
    return next((one for one in door.organisation.people if _is_at(one, channel, address)), None)


def is_at(person_id: str, channel: Channel, address: str, door: Door) -> bool:
    """Whether this person, as the organisation has them now, is reached there."""
    person = door.organisation.person.get(person_id)
    return person is not None and _is_at(person, channel, address)


def _is_at(person: Person, channel: Channel, address: str) -> bool:
    return any(way is channel and at == address for way, at in person.chat.items())


async def message_at(
    channel: Channel, place: str, ids: Sequence[str], door: Door
) -> ChatMessage | None:
    """The first of these that is a message of ours about one issue."""
    for one in ids:
        found = await door.read(partial(store.chat_message_of, key=chat_key(channel, place, one)))
        if found is not None and found.issue_id:
            return found
    return None


def said(about: ChatMessage, text: str, door: Door) -> MessageReceived:
    """Words by chat, which proves who writes. What our own links allow is taken out of them."""
    redacted = door.links.redacted(clean.several_lines(text))
    return MessageReceived(
        occurred_at=clock.now(),
        issue_id=about.issue_id,
        person_id=about.person_id,
        source=Source.CHAT,
        standing=Standing.VOUCHED,
        text=redacted[:MAX_TEXT],
    )


def has_moved_on(history: Sequence[Happening], fact_id: str) -> bool:
    """Whether the issue is no longer what the fact told of it; an unknown fact is new."""
    told = next((one for one in history if one.event_id == fact_id), None)
    if told is None:
        return False
    later = (one for one in standing(history) if one.version > told.version)
    return told.cause_id in taken_back(history) or any(one.subject in _MOVES_ON for one in later)


def short(text: str) -> str:
    """Something in its place that has always the same length."""
    return sha256(text.encode()).hexdigest()[:32]


async def forget(journal: Journal[Shelf]) -> None:
    """Once a day forgets what is too old to be answered."""
    while True:
        await journal.note(_forget)
        await asyncio.sleep(_ONCE_A_DAY_S)


def _forget(shelf: Shelf) -> None:
    store.forget_chat(shelf.connection, shelf.now - ANSWERED_FOR)
