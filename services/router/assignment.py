"""Who becomes the owner: filter who can, then choose who would be through with it first.

The objective is docs/load.md's, *Choosing an owner*: the shortest expected delay with declared
skills and a price on overload. How often somebody accepted before plays no part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest

from shared import load
from shared.contracts.issue import Considered, NotChosen, Reasons, Urgency
from shared.contracts.organisation import Person

MOST_OTHERS = 10
TIED_S = 36.0
"""Delays that differ by less than a hundredth of an hour are equal."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Work:
    """What a person has in hand: effort over all issues that they own."""

    in_hand_s: float = 0.0
    chosen_at: datetime | None = None


NOTHING = Work()


@dataclass(frozen=True, slots=True)
class Choice:
    """The owner, or None where nobody can take it, and why."""

    person_id: str | None
    reasons: Reasons


def choose(
    people: Sequence[Person],
    *,
    works: Mapping[str, Work],
    absent_s: Mapping[str, float],
    carrier_id: str,
    declined_by: Collection[str],
    answered_carrier: Collection[str],
    category: str | None,
    urgency: Urgency,
    team_id: str,
    rule: str | None = None,
) -> Choice:
    """The eligible person with the shortest expected delay.

    `works` has what each has in hand; `absent_s`, by person, the working time until whoever is
    absent is next present. Ties go to who has answered this carrier before, then to whoever was
    chosen longest ago, then by the order of the file.
    """
    more_s = load.EFFORT_S[urgency]
    eligible: list[tuple[float, int]] = []
    others: list[Considered] = []
    for nth, person in enumerate(people):
        person_id = person.id
        in_hand_s = works.get(person_id, NOTHING).in_hand_s
        away_s = absent_s.get(person_id, 0.0)
        skill = person.skills.get(category, 1.0) if category else 1.0
        capacity = load.capacity(person)
        if person_id == carrier_id:
            unfit = NotChosen.CARRIER
        elif person_id in declined_by:
            unfit = NotChosen.DECLINED
        elif skill < load.LEAST_SKILL:
            unfit = NotChosen.UNSKILLED
        elif away_s > load.DAY_S:
            unfit = NotChosen.AWAY
        elif load.load_ratio(capacity, in_hand_s) >= load.MOST_LOAD_RATIO:
            unfit = NotChosen.OVERLOADED
        else:
            delay_s = load.expected_delay_s(capacity, skill, away_s, in_hand_s, more_s)
            eligible.append((delay_s, nth))
            continue
        others.append(Considered(person_id=person_id, reason=unfit))
    if not eligible:
        reasons = Reasons(
            team_id=team_id, rule=rule, over_capacity=True, others=tuple(others[:MOST_OTHERS])
        )
        return Choice(None, reasons)
    shortest_s, _ = min(eligible)
    tied = [people[nth].id for delay_s, nth in eligible if delay_s - shortest_s < TIED_S]
    chosen = min(
        tied,
        key=lambda who: (
            who not in answered_carrier,
            works.get(who, NOTHING).chosen_at or _NEVER,
        ),
    )
    later = [
        Considered(person_id=people[nth].id, reason=NotChosen.LATER, expected_hours=_hours(delay_s))
        for delay_s, nth in nsmallest(MOST_OTHERS + 1, eligible)
        if people[nth].id != chosen
    ]
    return Choice(
        chosen,
        Reasons(
            team_id=team_id,
            rule=rule,
            expected_hours=_hours(shortest_s),
            in_hand_hours=_hours(works.get(chosen, NOTHING).in_hand_s),
            answered_before=len(tied) > 1 and chosen in answered_carrier,
            others=(*later, *others)[:MOST_OTHERS],
        ),
    )


def _hours(seconds: float) -> float:
    return round(seconds / load.HOUR_S, 2)
