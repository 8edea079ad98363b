"""How much time a person has already promised, and how soon they would be through with more.

The one estimate that the router chooses owners by and that metrics exports. Hours of effort
start from an organisation-wide figure, never from a person's own speed (docs/load.md, *Load*).
Spans are float seconds here, since owners are chosen among many people at once.
"""

from __future__ import annotations

from typing import Final

from shared.contracts.issue import State, Urgency
from shared.contracts.organisation import WORKING_DAY, Person

HOUR_S: Final = 3600.0
DAY_S: Final = WORKING_DAY.total_seconds()
WEEK_S: Final = 5 * DAY_S

EFFORT_S: Final = {
    Urgency.LOW: 2 * HOUR_S,
    Urgency.NORMAL: 3 * HOUR_S,
    Urgency.HIGH: 5 * HOUR_S,
}
"""The work in one untouched issue."""

SHARE_LEFT: Final = {
    State.RECEIVED: 1.0,
    State.ASSIGNED: 1.0,
    State.ACKNOWLEDGED: 0.6,
    State.RESOLVED: 0.0,
    State.CLOSED: 0.0,
}
"""How much of the effort is still to be done."""

MOST_LOAD_RATIO: Final = 1.5
"""Nobody is given more while this much is in hand; 1 is a week of work."""
LEAST_SKILL: Final = 0.5
LEAST_HOURS_PER_DAY: Final = 0.25
ACCOMPANYING_HOURS_PER_DAY: Final = 0.5
"""What a companion gives each person at whose side they are."""
NEW_FOR_S: Final = 20 * DAY_S
"""How long somebody is new in the organisation."""
FOLLOWING_UP_S: Final = 0.25 * HOUR_S
"""The work that an open issue in other hands asks of its carrier."""
OVERLOAD_PRICE_S: Final = 6 * HOUR_S


def promised_s(urgency: Urgency, state: State, *, is_elsewhere: bool = False) -> float:
    """The effort that an issue in this state still asks of its owner; none while the ball is
    elsewhere: with carrier or customer, or in the queue of a team where nobody is free."""
    return 0.0 if is_elsewhere else EFFORT_S[urgency] * SHARE_LEFT[state]


def capacity(person: Person, *, accompanies: int = 0, is_new: bool = False) -> float:
    """The share of the working day that the person has for issues, 0.03 to 1.5: half of it in
    their first `NEW_FOR_S`, and less by what running alongside others takes."""
    hours = person.hours_per_day * (0.5 if is_new else 1)
    left = hours - accompanies * ACCOMPANYING_HOURS_PER_DAY
    return max(left, LEAST_HOURS_PER_DAY) * HOUR_S / DAY_S


def load_ratio(capacity: float, in_hand_s: float) -> float:
    """The working time that the effort in hand takes; 1 is a week of it."""
    return in_hand_s / (capacity * WEEK_S)


def at_work_s(capacity: float, skill: float, in_hand_s: float, more_s: float) -> float:
    """Working time that the person needs for what is in hand and `more_s`; below `LEAST_SKILL` it
    is counted as with that."""
    return (in_hand_s + more_s) / (capacity * max(skill, LEAST_SKILL))


def expected_delay_s(
    capacity: float, skill: float, absent_s: float, in_hand_s: float, more_s: float
) -> float:
    """Working time until the person would be through with `more_s` (docs/load.md's objective).

    Above a week in hand each further hour costs extra, so that work flows to others before
    somebody breaks.
    """
    delay_s = absent_s + at_work_s(capacity, skill, in_hand_s, more_s)
    overload = load_ratio(capacity, in_hand_s) - 1
    return delay_s + OVERLOAD_PRICE_S * overload**2 if overload > 0 else delay_s
