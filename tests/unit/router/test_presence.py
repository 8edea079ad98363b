"""Who is here, who is away, and which absences belong together."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.presence import (
    HERE,
    NEVER_S,
    Absence,
    AbsenceSource,
    AbsenceState,
    Company,
    Presence,
    Run,
    presence,
    run_at,
    runs,
)
from shared.worktime import WorkingHours
from tests.unit import build
from tests.unit.build import MONDAY

HOUR = timedelta(hours=1)
HOUR_S = 3600.0
OFFICE = build.office()
MORNINGS = WorkingHours(build.calendar({"mon-fri": "09:00-12:00"}))
NEVER = WorkingHours(build.calendar({}).model_copy(update={"hours": {}}))


def at(day_and_time: str) -> datetime:
    """In the week that begins on Monday, the 1st."""
    return build.at(f"2026-06-{day_and_time}")


def absent(start: str, end: str, **said: Any) -> Absence:
    usual: dict[str, Any] = {
        "absence_id": f"{start}-{end}",
        "person_id": "ren",
        "starts_at": at(start),
        "ends_at": at(end),
        "substitute_id": None,
        "source": AbsenceSource.SAID,
        "state": AbsenceState.PLANNED,
        "wake_at": None,
    }
    return Absence(**(usual | said))


def shown(start: str, end: str, **said: Any) -> Absence:
    """In a calendar."""
    return absent(start, end, source=AbsenceSource.CALENDAR, **said)


def of(*absences: Absence, now: datetime = MONDAY, hours: WorkingHours = OFFICE) -> Presence:
    return presence(runs(absences, hours), hours, Company(OFFICE, now), now)


# Runs


def test_absences_without_working_time_between_them_are_one() -> None:
    week, next_week = absent("02 09:00", "05 18:00"), absent("08 09:00", "09 18:00")

    (run,) = runs([next_week, week], OFFICE)

    assert run.absences == (week, next_week)
    assert (run.starts_at, run.ends_at) == (week.starts_at, next_week.ends_at)


def test_absences_with_working_time_between_them_are_two() -> None:
    first, second = absent("02 09:00", "02 18:00"), absent("04 09:00", "04 18:00")

    assert [run.absences for run in runs([first, second], OFFICE)] == [(first,), (second,)]


def test_overlapping_absences_are_one() -> None:
    long, within = absent("01 00:00", "05 00:00"), absent("02 00:00", "03 00:00")
    third = absent("04 00:00", "06 00:00")

    (run,) = runs([long, within, third], OFFICE)

    assert (run.starts_at, run.ends_at) == (long.starts_at, third.ends_at)


def test_nobody_without_absences_has_a_run() -> None:
    assert runs([], OFFICE) == ()


def test_whoever_never_works_is_absent_once() -> None:
    assert len(runs([absent("02 09:00", "02 10:00"), absent("05 09:00", "05 10:00")], NEVER)) == 1


@pytest.mark.parametrize(
    ("absences", "hands_over"),
    [
        ([absent("02 09:00", "02 12:00")], False),
        ([absent("02 09:00", "02 14:00")], True),
        ([absent("05 18:00", "08 09:00")], False),
        ([shown("02 09:00", "02 14:00")], False),
        ([shown("02 00:00", "03 00:00")], False),
        ([shown("02 00:00", "03 00:00"), shown("03 00:00", "04 00:00")], True),
        ([shown("02 09:00", "02 18:00"), shown("02 13:00", "02 15:00")], False),
        ([shown("02 09:00", "03 12:00"), shown("02 13:00", "02 15:00")], True),
        ([shown("02 00:00", "03 00:00"), absent("02 09:00", "02 14:00")], True),
        (
            [
                shown("02 09:00", "02 18:00"),
                shown("02 10:00", "02 11:00"),
                shown("02 11:00", "02 18:00"),
            ],
            False,
        ),
        ([shown("02 09:00", "02 10:00", state=AbsenceState.AWAY)], True),
        (
            [shown("02 09:00", "02 10:00", state=AbsenceState.AWAY), shown("02 10:00", "02 11:00")],
            True,
        ),
    ],
    ids=[
        "three hours said",
        "half a day said",
        "a weekend said",
        "half a day in a calendar",
        "a day in a calendar",
        "two days in a calendar, one by one",
        "a day in a calendar with something within it",
        "a day and a half with something within it",
        "half a day said and the whole day in a calendar",
        "a day in a calendar and parts of it again",
        "handed over before it became shorter",
        "a part of which has handed over",
    ],
)
def test_what_is_long_enough_hands_over(absences: list[Absence], hands_over: bool) -> None:
    (run,) = runs(absences, OFFICE)

    assert run.hands_over is hands_over


def test_an_absence_holds_from_its_start_up_to_its_end() -> None:
    morning = absent("02 09:00", "02 12:00")

    assert [morning.covers(at(f"02 {wall}")) for wall in ("08:59", "09:00", "11:59", "12:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_the_run_at_an_instant_is_the_one_that_holds_then() -> None:
    absences = [absent("02 09:00", "02 18:00"), absent("04 09:00", "04 18:00")]
    first, second = runs(absences, OFFICE)

    assert run_at((first, second), at("04 09:00")) is second
    assert run_at((first, second), at("04 18:00")) is None
    assert run_at((first, second), at("03 10:00")) is None


# Presence


def test_whoever_works_now_is_here() -> None:
    assert of() is HERE


def test_the_companys_night_delays_nobody() -> None:
    assert of(now=at("01 22:00")) == HERE


def test_own_hours_delay_by_the_companys_hours_until_then() -> None:
    assert of(now=at("01 14:00"), hours=MORNINGS) == Presence(away_s=4 * HOUR_S)


def test_whoever_is_away_is_substituted_and_back_at_its_end() -> None:
    """From Monday until Wednesday at nine: two working days."""
    assert of(absent("01 00:00", "03 00:00")) == Presence(16 * HOUR_S, is_substituted=True)


def test_a_short_absence_only_delays() -> None:
    assert of(absent("01 09:00", "01 11:00")) == Presence(2 * HOUR_S)


def test_whoever_comes_from_the_night_into_an_absence_is_back_after_it() -> None:
    """Nobody has their work yet; but they would not get to it before Wednesday."""
    found = of(absent("02 00:00", "03 00:00"), now=at("01 20:00"))

    assert found == Presence(8 * HOUR_S)


def test_what_is_over_counts_no_more() -> None:
    assert of(absent("01 09:00", "01 11:00"), now=at("01 11:00")) is HERE


def test_an_absence_within_the_next_working_day_is_known_beforehand() -> None:
    found = of(absent("01 11:00", "03 00:00"))

    assert found == Presence(leaves_in_s=2 * HOUR_S, away_then_s=16 * HOUR_S)


def test_an_absence_further_away_is_not_thought_of() -> None:
    assert of(absent("02 09:00", "03 00:00"), now=MONDAY) is HERE
    assert of(absent("02 08:59", "03 00:00"), now=MONDAY + timedelta(minutes=1)).leaves_in_s < (
        math.inf
    )


def test_a_short_absence_is_passed_on_the_way_to_a_long_one() -> None:
    found = of(absent("01 10:00", "01 11:00"), absent("01 16:00", "05 00:00"))

    assert found.away_s == 0
    assert found.leaves_in_s == 6 * HOUR_S


def test_whoever_is_briefly_away_and_then_leaves_is_known_for_both() -> None:
    found = of(absent("01 09:00", "01 11:00"), absent("01 16:00", "03 00:00"))

    assert found == Presence(2 * HOUR_S, leaves_in_s=4 * HOUR_S, away_then_s=16 * HOUR_S)


def test_whoever_never_works_again_is_away_for_ever() -> None:
    assert of(hours=NEVER).away_s == NEVER_S
    assert of(absent("01 09:00", "03 00:00"), hours=NEVER).away_s == NEVER_S
    assert OFFICE.between(MONDAY, MONDAY + timedelta(days=3 * 365)).total_seconds() < NEVER_S


# The properties

SPANS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 200), st.sampled_from(AbsenceSource)), max_size=6
)


def drawn(spans: list[tuple[int, int, AbsenceSource]]) -> list[Absence]:
    return [
        Absence(
            f"a{nth}",
            "ren",
            MONDAY + start * HOUR,
            MONDAY + (start + hours) * HOUR,
            None,
            source,
            AbsenceState.PLANNED,
            None,
        )
        for nth, (start, hours, source) in enumerate(spans)
    ]


@given(SPANS, st.integers(0, 500))
def test_nobody_is_present_within_an_absence(
    spans: list[tuple[int, int, AbsenceSource]], hours: int
) -> None:
    absences, now = drawn(spans), MONDAY + hours * HOUR

    found = presence(runs(absences, OFFICE), OFFICE, Company(OFFICE, now), now)

    if found.away_s == 0 and OFFICE.is_open(now):
        assert not any(absence.covers(now) for absence in absences)
    back_at = OFFICE.after(OFFICE.next_open(now), timedelta(seconds=found.away_s))
    works_again = OFFICE.next_open(back_at)
    assert not any(absence.covers(works_again) for absence in absences)


@given(SPANS)
def test_every_absence_is_in_one_run_and_runs_are_apart(
    spans: list[tuple[int, int, AbsenceSource]],
) -> None:
    absences = drawn(spans)

    found = runs(absences, OFFICE)

    assert sorted(one.absence_id for run in found for one in run.absences) == sorted(
        one.absence_id for one in absences
    )
    assert all(works_between(*pair) for pair in pairwise(found))


def works_between(first: Run, second: Run) -> bool:
    return OFFICE.between(first.ends_at, second.starts_at) > timedelta()
