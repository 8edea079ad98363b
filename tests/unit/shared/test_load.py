"""How much time a person has promised, and how soon they would be through with more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import load
from shared.contracts.issue import State, Urgency
from tests.unit import build

HOUR_S = 3600.0

CAPACITIES = st.floats(0.03, 1.5)
SKILLS = st.floats(load.LEAST_SKILL, 2)
SECONDS = st.floats(0, 200 * HOUR_S)


@pytest.mark.parametrize(
    ("urgency", "hours"), [(Urgency.LOW, 2), (Urgency.NORMAL, 3), (Urgency.HIGH, 5)]
)
def test_an_untouched_issue_asks_for_hours_by_its_urgency(urgency: Urgency, hours: float) -> None:
    assert load.promised_s(urgency, State.ASSIGNED) == hours * HOUR_S


@pytest.mark.parametrize(
    ("state", "hours"),
    [
        (State.RECEIVED, 3),
        (State.ASSIGNED, 3),
        (State.ACKNOWLEDGED, 1.8),
        (State.RESOLVED, 0),
        (State.CLOSED, 0),
    ],
)
def test_an_issue_asks_for_less_the_further_it_is(state: State, hours: float) -> None:
    assert load.promised_s(Urgency.NORMAL, state) == pytest.approx(hours * HOUR_S)
    assert load.promised_s(Urgency.NORMAL, state, is_elsewhere=True) == 0


@pytest.mark.parametrize(
    ("hours_per_day", "share"), [(8, 1), (4, 0.5), (12, 1.5), (0.25, 1 / 32), (0.01, 1 / 32)]
)
def test_a_persons_capacity_is_a_share_of_the_day_and_never_nothing(
    hours_per_day: float, share: float
) -> None:
    person = build.person("ren", hours_per_day=hours_per_day)

    assert load.capacity(person) == share


def test_a_load_of_one_is_a_week_of_the_persons_own_time_for_issues() -> None:
    half_days = load.capacity(build.person("ren", hours_per_day=4))

    assert load.load_ratio(half_days, 20 * HOUR_S) == 1
    assert load.load_ratio(half_days, 0) == 0


def test_a_delay_is_absence_and_then_the_work_at_the_persons_own_pace() -> None:
    delay_s = load.expected_delay_s(
        capacity=0.5, skill=2, absent_s=4 * HOUR_S, in_hand_s=5 * HOUR_S, more_s=3 * HOUR_S
    )

    assert delay_s == (4 + 8) * HOUR_S


def test_work_beyond_a_week_costs_six_hours_by_the_square_of_the_excess() -> None:
    """30 hours in hand at half capacity are a week and a half."""
    delay_s = load.expected_delay_s(
        capacity=0.5, skill=1, absent_s=0, in_hand_s=30 * HOUR_S, more_s=0
    )

    assert delay_s == (60 + 6 * 0.25) * HOUR_S


def test_nothing_extra_is_paid_for_a_week_in_hand() -> None:
    delay_s = load.expected_delay_s(
        capacity=0.5, skill=1, absent_s=0, in_hand_s=20 * HOUR_S, more_s=0
    )

    assert delay_s == 40 * HOUR_S


@given(CAPACITIES, SKILLS, SECONDS, SECONDS, SECONDS, SECONDS)
def test_more_of_anything_never_makes_anybody_sooner(
    capacity: float, skill: float, absent_s: float, in_hand_s: float, more_s: float, extra_s: float
) -> None:
    before = load.expected_delay_s(capacity, skill, absent_s, in_hand_s, more_s)

    assert before >= absent_s
    assert load.expected_delay_s(capacity, skill, absent_s + extra_s, in_hand_s, more_s) >= before
    assert load.expected_delay_s(capacity, skill, absent_s, in_hand_s + extra_s, more_s) >= before
    assert load.expected_delay_s(capacity, skill, absent_s, in_hand_s, more_s + extra_s) >= before


@given(CAPACITIES, SKILLS, SECONDS, SECONDS, SECONDS)
def test_more_time_or_skill_never_makes_anybody_later(
    capacity: float, skill: float, absent_s: float, in_hand_s: float, more_s: float
) -> None:
    before = load.expected_delay_s(capacity, skill, absent_s, in_hand_s, more_s)

    assert load.expected_delay_s(2 * capacity, skill, absent_s, in_hand_s, more_s) <= before
    assert load.expected_delay_s(capacity, 2 * skill, absent_s, in_hand_s, more_s) <= before


def test_every_urgency_and_every_state_has_its_figure() -> None:
    assert set(load.EFFORT_S) == set(Urgency)
    assert set(load.SHARE_LEFT) == set(State)
