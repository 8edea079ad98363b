"""How much time a person has already promised, and how soon they would be through with more.

The one estimate that the router chooses owners by and that metrics exports. Hours of effort
start from an organisation-wide figure, never from a person's own speed (METRICS.md, *Load*).
"""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from shared.contracts.issue import State, Urgency
from shared.contracts.organisation import WORKING_DAY, Person

WEEK = 5 * WORKING_DAY
MOST_LOAD_RATIO = 1.5
"""Nobody is given more while this much is in hand; 1 is a week of work."""
LEAST_SKILL = 0.5
LEAST_HOURS_PER_DAY = 0.25
OVERLOAD_PRICE_H = 6.0


def effort(urgency: Urgency) -> timedelta:
    """The work in one untouched issue."""
    match urgency:
        case Urgency.LOW:
            return timedelta(hours=2)
        case Urgency.NORMAL:
            return timedelta(hours=3)
        case Urgency.HIGH:
            return timedelta(hours=5)
        case _:
            assert_never(urgency)


def share_left(state: State) -> float:
    """How much of the effort is still to be done in a state."""
    match state:
        case State.RECEIVED | State.ASSIGNED:
            return 1.0
        case State.ACKNOWLEDGED:
            return 0.6
        case State.RESOLVED | State.CLOSED:
            return 0.0
        case _:
            assert_never(state)


def promised(urgency: Urgency, state: State) -> timedelta:
    """The effort that an issue in this state still asks of its owner."""
    return effort(urgency) * share_left(state)


def capacity(person: Person) -> float:
    """The share of the working day that the person has for issues, 0.03 to 1.5."""
    return max(person.hours_per_day, LEAST_HOURS_PER_DAY) / (WORKING_DAY / timedelta(hours=1))


def load(person: Person, in_hand: timedelta) -> timedelta:
    """Working time that the person needs for the effort in hand."""
    return in_hand / capacity(person)


def load_ratio(person: Person, in_hand: timedelta) -> float:
    """1 is a week of work in hand."""
    return load(person, in_hand) / WEEK


def expected_delay(
    person: Person, *, absent_for: timedelta, in_hand: timedelta, more: timedelta, skill: float
) -> timedelta:
    """Working time until the person would be through with `more` effort (METRICS.md's objective).

    `skill` is at least `LEAST_SKILL`. Above a week in hand each further hour costs extra, so that
    work flows to others before somebody breaks.
    """
    at_work = (in_hand + more) / (capacity(person) * skill)
    overload = max(0.0, load_ratio(person, in_hand) - 1)
    return absent_for + at_work + timedelta(hours=OVERLOAD_PRICE_H * overload**2)
