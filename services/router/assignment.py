"""Who becomes the owner: filter who can, then choose who would be through with it first.

The objective is docs/load.md's, *Choosing an owner*: the shortest expected delay with declared
skills and a price on overload. How often somebody accepted before plays no part.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import nsmallest
from typing import NamedTuple

from services.router.presence import HERE, Presence
from shared import load
from shared.contracts.issue import Considered, NotChosen, Reasons, Urgency
from shared.contracts.organisation import Person

MOST_OTHERS = 10
TIED_S = 36.0
"""Delays that differ by less than a hundredth of an hour are equal."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Work:
    """What a person has in hand: effort and number of the issues that they own, and whom they
    accompany."""

    in_hand_s: float = 0.0
    chosen_at: datetime | None = None
    open_issues: int = 0
    accompanies: int = 0
    """Alongside how many carriers they run, which takes time every day."""


NOTHING = Work()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an owner is wanted for: the issue, as far as it matters who has it."""

    parties: Collection[str]
    """Carrier and reporter: it never falls back on them."""
    urgency: Urgency
    category: str | None = None
    language: str | None = None
    """In which its owner has to work; None where that is not asked for."""
    language_waived: bool = False
    """Nobody in the team works in it, so it is not asked for."""
    declined_by: Collection[str] = ()
    answered_carrier: Collection[str] = ()
    """Who has answered this carrier before."""


@dataclass(frozen=True, slots=True)
class Staff:
    """What is known of everybody at this moment."""

    works: Mapping[str, Work]
    presences: Mapping[str, Presence]
    """Of whoever is not simply here."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The owner, or None where nobody can take it, and why."""

    person_id: str | None
    reasons: Reasons


def choose(
    people: Sequence[Person],
    wanted: Wanted,
    staff: Staff,
    *,
    team_id: str,
) -> Choice:
    """The eligible person with the shortest expected delay.

    Ties go to who has answered this carrier before, then to whoever was chosen longest ago, then
    by the order of the file.
    """
    measured = [_measure(person, wanted, staff) for person in people]
    eligible: list[tuple[float, int]] = []
    unfit: list[tuple[int, NotChosen]] = []
    for nth, one in enumerate(measured):
        why = _obstacle(one, wanted)
        if why is None:
            eligible.append((_delay_s(one, wanted), nth))
        else:
            unfit.append((nth, why))
    later = [(nth, NotChosen.LATER) for _, nth in nsmallest(MOST_OTHERS + 1, eligible)]
    tied = _tied(eligible)
    best = _best(tied, measured, wanted)
    others = [one for one in (*later, *unfit) if one[0] != best][:MOST_OTHERS]
    reasons = Reasons(
        team_id=team_id,
        considered=len(people),
        language_waived=wanted.language_waived,
        over_capacity=best is None,
        others=tuple(_figures(measured[nth], wanted, why) for nth, why in others),
    )
    if best is None:
        return Choice(None, reasons)
    chosen = _figures(measured[best], wanted, NotChosen.CHOSEN)
    because = {
        "chosen": chosen,
        "expected_hours": chosen.expected_hours,
        "in_hand_hours": chosen.in_hand_hours,
        "answered_before": chosen.person_id in wanted.answered_carrier and len(tied) > 1,
    }
    return Choice(chosen.person_id, reasons.model_copy(update=because))


def waive(wanted: Wanted, team: Iterable[Person]) -> Wanted:
    """The same without its language, where nobody in the team works in it."""
    language = wanted.language
    if language is None or any(_speaks(person, language) for person in team):
        return wanted
    return replace(wanted, language=None, language_waived=True)


def obstacle(person: Person, wanted: Wanted, staff: Staff) -> NotChosen | None:
    """Why somebody would not be chosen, were they asked like everybody else; of several reasons
    the gravest. None where they might be."""
    return _obstacle(_measure(person, wanted, staff), wanted)


def unavailable(person: Person, wanted: Wanted, staff: Staff) -> NotChosen | None:
    """Why somebody whose turn it is, or who substitutes, can't have it: they are a party to it, or
    not here. Load, skill and language are not asked for, since the company has said that it is
    theirs."""
    if person.id in wanted.parties:
        return NotChosen.CARRIER
    if person.id in wanted.declined_by:
        return NotChosen.DECLINED
    return NotChosen.AWAY if _is_away(_measure(person, wanted, staff)) else None


def figures(person: Person, wanted: Wanted, staff: Staff, reason: NotChosen) -> Considered:
    """What is known of somebody who was considered, in hours of working time."""
    return _figures(_measure(person, wanted, staff), wanted, reason)


class _Measured(NamedTuple):
    """A person with what their eligibility and their delay are made of."""

    person: Person
    work: Work
    skill: float
    declared: float | None
    capacity: float
    away_s: float
    is_substituted: bool


def _measure(person: Person, wanted: Wanted, staff: Staff) -> _Measured:
    """Whoever leaves before they would be through with it is away until they are back."""
    work = staff.works.get(person.id, NOTHING)
    presence = staff.presences.get(person.id, HERE)
    declared = person.skills.get(wanted.category) if wanted.category else None
    skill = 1.0 if declared is None else declared
    capacity = load.capacity(person, accompanies=work.accompanies)
    away_s = presence.away_s
    if presence.leaves_in_s != math.inf:
        more_s = load.EFFORT_S[wanted.urgency]
        at_work_s = load.at_work_s(capacity, skill, work.in_hand_s, more_s)
        away_s = presence.away_then_s if presence.leaves_in_s < at_work_s else away_s
    return _Measured(person, work, skill, declared, capacity, away_s, presence.is_substituted)


def _delay_s(one: _Measured, wanted: Wanted) -> float:
    more_s = load.EFFORT_S[wanted.urgency]
    return load.expected_delay_s(one.capacity, one.skill, one.away_s, one.work.in_hand_s, more_s)


def _obstacle(one: _Measured, wanted: Wanted) -> NotChosen | None:
    person = one.person
    if person.id in wanted.parties:
        return NotChosen.CARRIER
    if person.id in wanted.declined_by:
        return NotChosen.DECLINED
    if one.skill < load.LEAST_SKILL:
        return NotChosen.UNSKILLED
    if wanted.language is not None and not _speaks(person, wanted.language):
        return NotChosen.LANGUAGE
    if _is_away(one):
        return NotChosen.AWAY
    if load.load_ratio(one.capacity, one.work.in_hand_s) >= load.MOST_LOAD_RATIO:
        return NotChosen.OVERLOADED
    if person.limit is not None and one.work.open_issues >= person.limit:
        return NotChosen.LIMIT
    return None


def _is_away(one: _Measured) -> bool:
    return one.is_substituted or one.away_s > load.DAY_S


def _speaks(person: Person, language: str) -> bool:
    """Whether they can work on an issue in this language; who says nothing can in any."""
    return not person.languages or language in person.languages


def _tied(eligible: Sequence[tuple[float, int]]) -> list[int]:
    """The soonest, and whoever is hardly later."""
    shortest_s, _ = min(eligible, default=(0.0, 0))
    return [nth for delay_s, nth in eligible if delay_s - shortest_s < TIED_S]


def _best(tied: Sequence[int], measured: Sequence[_Measured], wanted: Wanted) -> int | None:
    return min(
        tied,
        key=lambda nth: (
            measured[nth].person.id not in wanted.answered_carrier,
            measured[nth].work.chosen_at or _NEVER,
        ),
        default=None,
    )


def _figures(one: _Measured, wanted: Wanted, reason: NotChosen) -> Considered:
    compared = reason in (NotChosen.CHOSEN, NotChosen.LATER)
    return Considered(
        person_id=one.person.id,
        reason=reason,
        expected_hours=_hours(_delay_s(one, wanted)) if compared else None,
        in_hand_hours=_hours(one.work.in_hand_s),
        away_hours=_hours(one.away_s) if one.away_s else None,
        skill=one.declared,
        open_issues=one.work.open_issues,
    )


def _hours(seconds: float) -> float:
    return round(seconds / load.HOUR_S, 2)
