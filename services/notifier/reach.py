"""Whom a channel does not reach: what a refusal means, and which channel is tried instead. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID, uuid5

from shared.contracts.organisation import Channel

TRIED_AGAIN = timedelta(days=1)
"""A channel that does not reach somebody is tried again with the next message after this."""
COMES_BACK_WITHIN = timedelta(hours=1)
"""A mail to an address that is still wrong has come back by then, as a rule."""
TOLD_AGAIN = timedelta(days=1)
"""How soon it is said again that somebody can't be reached."""

TRIALS_COME_BACK_WITHIN = 3
"""Days for which a message that only showed that somebody is reached is known when it comes back:
most mail servers give up by then, or say so at once."""
_TRIALS = UUID("c3a1f3d4-5a0e-5d2b-8f5b-6c6d7a3e1b90")


class Blame(StrEnum):
    """What is wrong where something failed for good."""

    ADDRESS = "address"
    """This person is not to be reached by this channel."""
    MESSAGE = "message"
    """This message is not taken; the next one may be."""
    SETUP = "setup"
    """We are not let in, which an operator has to mend. Nobody else can help it."""
    TIME = "time"
    """It was tried for days in vain, as where a server is gone."""


class Standing(StrEnum):
    """Whether a channel is a choice for a person."""

    WORKS = "works"
    TRY = "try"
    """It did not reach them, long enough ago to find out whether it does again."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Broken:
    """A channel did not reach somebody at the address that they have there."""

    key: str
    person_id: str
    channel: Channel
    address: str
    """A digest of it: another one is worth a new try."""
    broken_at: datetime
    error: str
    tried_at: datetime | None = None
    """When it was tried again since; None where it was not."""
    works: bool = False
    """It reached them after all."""


def standing(broken: Broken | None, address: str | None, now: datetime) -> Standing:
    """How the channel stands, at the address that the person has now (as a digest).

    Chat says at once whether it works. A mail that is not back within an hour counts as arrived.
    """
    if broken is None or broken.works or broken.address != address:
        return Standing.WORKS
    if broken.tried_at is None:
        return Standing.TRY if now - broken.broken_at >= TRIED_AGAIN else Standing.BROKEN
    since = now - broken.tried_at
    if broken.channel is Channel.EMAIL:
        return Standing.WORKS if since >= COMES_BACK_WITHIN else Standing.BROKEN
    return Standing.TRY if since >= TRIED_AGAIN else Standing.BROKEN


def first_of(
    ways: Iterable[Channel], standings: Iterable[Standing], tried: Collection[Channel] = ()
) -> Channel | None:
    """The first way that is a choice and was not tried for this yet; None where none is left."""
    for way, how in zip(ways, standings, strict=True):
        if how is not Standing.BROKEN and way not in tried:
            return way
    return None


_ENHANCED = re.compile(r"(?<![\d.])[245]\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_LOGIN_WANTED = frozenset({"530", "534", "535", "538"})
_NOT_THIS_MESSAGE = frozenset({"552", "554"})
_SENDER_REFUSED = frozenset({7, 8})
"""X.1.7 and X.1.8: our own address is not one."""
_TOO_LONG_FOR_THE_BOX = 3
_TOO_BIG_FOR_THE_SYSTEM = 4
_NOT_PROVEN = frozenset({8, 9, *range(20, 30), 60})
"""X.7.8 and so on: a login, DKIM, SPF or DMARC that does not hold (RFC 4954, RFC 7372)."""


def blame_of(words: str, otherwise: Blame) -> Blame:
    """What a mail server's final refusal is about, by its code (RFC 5321, RFC 3463).

    `otherwise`: where the code does not tell, as when the refusal followed the recipient's name,
    or the message.
    """
    enhanced = _ENHANCED.search(words)
    if enhanced is None:
        return _blame_of_basic(words, otherwise)
    subject, detail = int(enhanced[1]), int(enhanced[2])
    match subject:
        case 1:
            return Blame.SETUP if detail in _SENDER_REFUSED else Blame.ADDRESS
        case 2:
            return Blame.MESSAGE if detail == _TOO_LONG_FOR_THE_BOX else Blame.ADDRESS
        case 3:
            return Blame.MESSAGE if detail == _TOO_BIG_FOR_THE_SYSTEM else Blame.ADDRESS
        case 4:
            return Blame.ADDRESS
        case 6:
            return Blame.MESSAGE
        case 7:
            is_ours = detail in _NOT_PROVEN or "relay" in words.lower()
            return Blame.SETUP if is_ours else Blame.MESSAGE
        case _other:
            return otherwise


def _blame_of_basic(words: str, otherwise: Blame) -> Blame:
    basic = _BASIC.search(words)
    code = basic[1] if basic else ""
    if code in _LOGIN_WANTED:
        return Blame.SETUP
    return Blame.MESSAGE if code in _NOT_THIS_MESSAGE else otherwise


def is_remembered(blame: Blame) -> bool:
    """Whether the next message to this person had better go another way from the start."""
    match blame:
        case Blame.ADDRESS:
            return True
        case Blame.MESSAGE | Blame.SETUP | Blame.TIME:
            return False
        case _ as never:
            assert_never(never)


def trial_id(person_id: str, channel: Channel, day: date) -> str:
    """The id of a message that only shows that somebody is reached: one a day."""
    return str(uuid5(_TRIALS, f"{person_id}/{channel}/{day.isoformat()}"))


def tried_with(delivery_id: str, people: Iterable[str], today: date) -> str | None:
    """Who was sent such a mail with this id lately; None where it is none."""
    days = [today - timedelta(days=ago) for ago in range(TRIALS_COME_BACK_WITHIN)]
    of_whom = (
        person_id
        for person_id in people
        if any(trial_id(person_id, Channel.EMAIL, day) == delivery_id for day in days)
    )
    return next(of_whom, None)
