"""How somebody wants to be told: what they can choose, and what they have chosen. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from shared.contracts.intake import Digest, Preferences, Told
from shared.contracts.organisation import Channel, Language, Organisation, Person
from shared.language import known_language

MACHINES_PRESS_WITHIN = timedelta(seconds=10)
"""So long after a button that no person sees, nothing on its page is a person's wish."""

_A_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_Word = TypeVar("_Word", bound=StrEnum)


class When(StrEnum):
    """When somebody may be told what can wait, as the page asks it."""

    AT_WORK = "at_work"
    OWN = "own"
    """In hours of their own, on their working days."""
    ALWAYS = "always"


class Mistake(StrEnum):
    """What is missing, or can't be."""

    CHANNEL = "channel"
    """Not one of theirs."""
    WHEN = "when"
    HOURS = "hours"
    """From when, or until when, is missing."""
    NO_HOURS = "no_hours"
    """Both are the same time."""
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whose wishes they are, with what holds where they wish nothing."""

    language: Language
    person: Person | None = None
    """None: somebody outside, who only chooses a language."""


def ways_of(person: Person, organisation: Organisation) -> tuple[Channel, ...]:
    """The channels by which a person can be told, in the organisation's order; mail is always
    one, and the last where nothing is said of it."""
    there = {*person.chat, Channel.EMAIL}
    wanted = (*organisation.channels, *person.chat, Channel.EMAIL)
    return tuple(dict.fromkeys(one for one in wanted if one in there))


def usual_order(person: Person, organisation: Organisation) -> tuple[Channel, ...]:
    """In which order they are used where the person says nothing."""
    there = {*person.chat, Channel.EMAIL}
    wanted = (*organisation.channels, Channel.EMAIL)
    return tuple(dict.fromkeys(one for one in wanted if one in there))


def order_of(
    preferences: Preferences, person: Person, organisation: Organisation
) -> tuple[Channel, ...]:
    """In which order they are used for this person, mail last at the latest."""
    there = ways_of(person, organisation)
    own = [one for one in preferences.channels if one in there]
    if not own:
        return usual_order(person, organisation)
    return tuple(dict.fromkeys((*own, Channel.EMAIL)))


def language_for(preferences: Preferences, who: Somebody) -> Language:
    """In which language they are told."""
    return preferences.language or who.language


def as_given(preferences: Preferences, who: Somebody, organisation: Organisation) -> dict[str, str]:
    """What the page's form shows."""
    given = {"language": str(language_for(preferences, who))}
    if who.person is None:
        return given
    order = order_of(preferences, who.person, organisation)
    given |= {f"way{nth}": str(way) for nth, way in enumerate(order)}
    has_hours = preferences.opens is not None or preferences.closes is not None
    if preferences.told is Told.ALWAYS:
        when = When.ALWAYS
    else:
        when = When.OWN if has_hours else When.AT_WORK
    given |= {
        "when": when,
        "opens": time_of(preferences.opens),
        "closes": time_of(preferences.closes),
        "digest": preferences.digest,
    }
    return given | ({"urgent": "yes"} if preferences.urgent_passes else {})


def read(
    given: Mapping[str, str], who: Somebody, organisation: Organisation
) -> Preferences | Mistake:
    """What a form says. What is as the organisation has it remains the organisation's to change."""
    language = known_language(given.get("language"), who.language)
    chosen = None if language == who.language else language
    if who.person is None:
        return Preferences(language=chosen)
    channels = _channels(given, who.person, organisation)
    when = _word(When, given.get("when"))
    digest = _word(Digest, given.get("digest"))
    if channels is None:
        return Mistake.CHANNEL
    if when is None:
        return Mistake.WHEN
    if digest is None:
        return Mistake.DIGEST
    opens = closes = None
    if when is When.OWN:
        opens, closes = minutes_of(given.get("opens")), minutes_of(given.get("closes"))
        if opens is None or closes is None:
            return Mistake.HOURS
        if opens == closes:
            return Mistake.NO_HOURS
    return Preferences(
        language=chosen,
        channels=channels,
        told=Told.ALWAYS if when is When.ALWAYS else Told.AT_WORK,
        opens=opens,
        closes=closes,
        urgent_passes="urgent" in given,
        digest=digest,
    )


def pressed_by_machine(now: datetime, decoy_at: datetime | None) -> bool:
    """Whether what is pressed now belongs to a machine that has just pressed what nobody sees."""
    return decoy_at is not None and now - decoy_at < MACHINES_PRESS_WITHIN


def _channels(
    given: Mapping[str, str], person: Person, organisation: Organisation
) -> tuple[Channel, ...] | None:
    """None where one of them is not theirs; nothing where it is the organisation's order."""
    there = ways_of(person, organisation)
    said = [given.get(f"way{nth}", "") for nth in range(len(there))]
    chosen = tuple(dict.fromkeys(one for one in said if one))
    ways = tuple(way for one in chosen for way in there if way == one)
    if len(ways) < len(chosen):
        return None
    usual = usual_order(person, organisation)
    is_usual = tuple(dict.fromkeys((*ways, Channel.EMAIL))) == usual
    return () if not ways or is_usual else ways


def _word(kind: type[_Word], text: str | None) -> _Word | None:
    return next((one for one in kind if one == text), None)


def minutes_of(text: str | None) -> int | None:
    """Minutes after midnight; None where it is no time of a day."""
    found = _A_TIME.fullmatch((text or "").strip()[:5])
    return int(found[1]) * 60 + int(found[2]) if found else None


def time_of(minutes: int | None) -> str:
    """As a clock shows it; nothing for None."""
    return "" if minutes is None else f"{minutes // 60 % 24:02}:{minutes % 60:02}"
