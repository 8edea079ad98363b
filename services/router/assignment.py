"""Who becomes the owner: filter who can, then choose who would be through with it first.

The objective is METRICS.md's, *Choosing an owner*: the shortest expected delay with declared
skills and a price on overload. How often somebody accepted before plays no part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared import load
from shared.contracts.issue import Considered, NotChosen, Reasons, Urgency
from shared.contracts.organisation import WORKING_DAY, Person

MOST_OTHERS = 20
_HOUR = timedelta(hours=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might own an issue, as they are now."""

    person: Person
    absent_for: timedelta
    """Working time until they are next present; nothing while they are."""
    in_hand: timedelta
    """Effort already promised."""
    answered_carrier_at: datetime | None = None
    chosen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The owner, or None where nobody can take it, and why."""

    person_id: str | None
    reasons: Reasons


def choose(
    candidates: Sequence[Candidate],
    *,
    carrier_id: str,
    declined_by: Iterable[str],
    category: str | None,
    urgency: Urgency,
    team_id: str,
    rule: str | None = None,
) -> Choice:
    """The eligible candidate with the shortest expected delay.

    Ties go to who has answered this carrier before, then to whoever was chosen longest ago, then
    by the order of the file.
    """
    declined = frozenset(declined_by)
    eligible: list[tuple[float, Candidate]] = []
    others: list[Considered] = []
    for candidate in candidates:
        unfit = _unfit(candidate, carrier_id, declined, category)
        if unfit is not None:
            others.append(Considered(person_id=candidate.person.id, reason=unfit))
        else:
            eligible.append((_expected_hours(candidate, category, urgency), candidate))
    eligible.sort(key=lambda pair: pair[0])
    if not eligible:
        reasons = Reasons(
            team_id=team_id, rule=rule, over_capacity=True, others=tuple(others[:MOST_OTHERS])
        )
        return Choice(None, reasons)
    shortest = eligible[0][0]
    tied = [candidate for hours, candidate in eligible if hours == shortest]
    chosen = min(tied, key=_tie)
    later = [
        Considered(person_id=c.person.id, reason=NotChosen.LATER, expected_hours=hours)
        for hours, c in eligible
        if c is not chosen
    ]
    return Choice(
        chosen.person.id,
        Reasons(
            team_id=team_id,
            rule=rule,
            expected_hours=shortest,
            in_hand_hours=round(chosen.in_hand / _HOUR, 2),
            answered_before=len(tied) > 1 and chosen.answered_carrier_at is not None,
            others=(*later, *others)[:MOST_OTHERS],
        ),
    )


def skill(person: Person, category: str | None) -> float:
    """What was declared; 1 where nothing was."""
    return person.skills.get(category, 1.0) if category else 1.0


def _unfit(
    candidate: Candidate, carrier_id: str, declined: frozenset[str], category: str | None
) -> NotChosen | None:
    person = candidate.person
    if person.id == carrier_id:
        return NotChosen.CARRIER
    if person.id in declined:
        return NotChosen.DECLINED
    if skill(person, category) < load.LEAST_SKILL:
        return NotChosen.UNSKILLED
    if candidate.absent_for > WORKING_DAY:
        return NotChosen.AWAY
    if load.load_ratio(person, candidate.in_hand) >= load.MOST_LOAD_RATIO:
        return NotChosen.OVERLOADED
    return None


def _expected_hours(candidate: Candidate, category: str | None, urgency: Urgency) -> float:
    delay = load.expected_delay(
        candidate.person,
        absent_for=candidate.absent_for,
        in_hand=candidate.in_hand,
        more=load.effort(urgency),
        skill=skill(candidate.person, category),
    )
    return round(delay / _HOUR, 2)


def _tie(candidate: Candidate) -> tuple[bool, datetime]:
    return candidate.answered_carrier_at is None, candidate.chosen_at or _NEVER
