"""What is said about a figure: once, in time, and without flapping."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics import watch
from services.metrics.picture import Condition
from services.metrics.teams import Week
from services.metrics.watch import Glance, Isolated, Supported, Watched
from shared.contracts.metrics import Level
from tests.unit.build import MONDAY

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
IDLE = Watched("emi")
ALONE = Glance(0.4)
ANSWERED = Glance(0.1)


def worked_s(start: datetime, end: datetime) -> float:
    """A working day each day."""
    return max(0.0, (end - start) / DAY * watch.DAY_S)


def look(
    before: Watched, seen: Glance, now: datetime
) -> tuple[Watched, list[Isolated | Supported]]:
    steps = list(watch.look(before, seen, now, worked_s))
    return steps[-1][0], [said for _, said in steps if said is not None]


def looked(*seen: tuple[timedelta, Glance]) -> list[Isolated | Supported]:
    """What is said in the course of several looks."""
    watched, heard = IDLE, list[Isolated | Supported]()
    for after, glance in seen:
        watched, said = look(watched, glance, MONDAY + after)
        heard += said
    return heard


def test_nothing_is_said_of_somebody_who_is_answered() -> None:
    assert look(IDLE, ANSWERED, MONDAY) == (IDLE, [])


def test_it_is_watched_at_once_and_asked_a_working_day_later() -> None:
    assert looked(
        (0 * DAY, ALONE), (HOUR, ALONE), (DAY - HOUR, ALONE), (DAY, ALONE), (2 * DAY, ALONE)
    ) == [Isolated(Level.WATCH, MONDAY), Isolated(Level.ASK, MONDAY)]


def test_after_an_outage_each_level_is_still_said_for_itself() -> None:
    before = replace(IDLE, since=MONDAY, alarming_since=MONDAY)

    after, said = look(before, Glance(0.9), MONDAY + 2 * DAY)

    assert said == [Isolated(Level.ASK, MONDAY), Isolated(Level.ALARM, MONDAY)]
    assert after.level is Level.ALARM


@pytest.mark.parametrize(
    "muted", [replace(ALONE, is_away=True), replace(ALONE, companion_since=MONDAY)]
)
def test_nobody_is_asked_who_is_away_or_accompanied(muted: Glance) -> None:
    heard = looked((0 * DAY, muted), (2 * DAY, muted), (3 * DAY, ALONE))

    assert heard == [Isolated(Level.WATCH, MONDAY), Isolated(Level.ASK, MONDAY)]
    assert looked((0 * DAY, muted), (2 * DAY, muted)) == heard[:1]


def test_an_alarm_waits_for_a_working_day_and_is_muted_while_they_are_away() -> None:
    alarming = Glance(0.85, companion_since=MONDAY)
    away = replace(alarming, is_away=True)

    heard = looked((0 * DAY, alarming), (HOUR, alarming), (DAY, away), (2 * DAY, alarming))

    assert heard == [Isolated(Level.WATCH, MONDAY), Isolated(Level.ALARM, MONDAY)]


def test_an_alarm_is_over_well_below_its_threshold() -> None:
    alarming = Glance(0.85, companion_since=MONDAY)
    less = replace(alarming, score=0.75)
    little = replace(alarming, score=0.6)

    heard = looked((0 * DAY, alarming), (DAY, alarming), (2 * DAY, less), (3 * DAY, little))

    assert heard[1:] == [Isolated(Level.ALARM, MONDAY), Supported(Level.ALARM, MONDAY)]


def test_what_was_alarming_for_less_than_a_day_is_not_said() -> None:
    heard = looked((0 * DAY, Glance(0.85)), (HOUR, Glance(0.65)), (2 * HOUR, Glance(0.85)))

    assert heard == [Isolated(Level.WATCH, MONDAY)]


def test_a_figure_around_the_threshold_does_not_flap() -> None:
    up, down = Glance(0.31), Glance(0.29)
    heard = looked(*((nth * HOUR, down if nth % 2 else up) for nth in range(12)))

    assert heard == [Isolated(Level.WATCH, MONDAY)]


def test_it_is_over_well_below_or_after_a_working_day_below() -> None:
    over = [Isolated(Level.WATCH, MONDAY), Supported(Level.WATCH, MONDAY)]

    assert looked((0 * DAY, ALONE), (HOUR, Glance(0.24))) == over
    assert looked((0 * DAY, ALONE), (HOUR, Glance(0.29)), (HOUR + DAY, Glance(0.29))) == over


def test_nobody_is_asked_while_it_is_about_to_be_over() -> None:
    below = Glance(0.29)

    assert looked((0 * DAY, ALONE), (23 * HOUR, below), (25 * HOUR, below)) == [
        Isolated(Level.WATCH, MONDAY)
    ]


def test_after_ten_calm_days_it_lasts_and_that_is_said_once() -> None:
    since = MONDAY + HOUR
    heard = looked(
        (0 * DAY, ALONE),
        (HOUR, ANSWERED),
        (5 * DAY, ANSWERED),
        (HOUR + 10 * DAY, ANSWERED),
        (20 * DAY, ANSWERED),
    )

    assert heard[2:] == [Supported(Level.WATCH, since, lasting=True)]


def test_who_is_alone_again_begins_anew() -> None:
    again = MONDAY + 5 * DAY
    heard = looked((0 * DAY, ALONE), (HOUR, ANSWERED), (5 * DAY, ALONE), (12 * DAY, ANSWERED))

    assert heard[2:] == [
        Isolated(Level.WATCH, again),
        Supported(Level.WATCH, again),
    ]


def test_a_companion_who_does_not_help_within_three_weeks_is_told_of_once() -> None:
    accompanied = Glance(0.6, companion_since=MONDAY)
    better = replace(accompanied, score=0.45)

    heard = looked((0 * DAY, accompanied), (15 * DAY, accompanied), (16 * DAY, accompanied))
    alarming = looked((0 * DAY, replace(accompanied, score=0.9)), (15 * DAY, accompanied))

    assert heard[1:] == [Isolated(Level.ASK, MONDAY, in_spite_of_companion=True)]
    assert looked((0 * DAY, better), (15 * DAY, better)) == [Isolated(Level.WATCH, MONDAY)]
    assert alarming[-1].level is Level.ASK


def test_in_spite_of_a_companion_an_alarm_stays_one() -> None:
    alarming = Glance(0.9, companion_since=MONDAY)

    heard = looked((0 * DAY, alarming), (DAY, alarming), (15 * DAY, alarming))

    assert heard[-1] == Isolated(Level.ALARM, MONDAY, in_spite_of_companion=True)


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0.0005, 0.9995)), max_size=40))
def test_levels_begin_before_they_end_and_nothing_is_said_twice(
    scores: list[tuple[int, float]],
) -> None:
    watched, at, seen = IDLE, MONDAY, set[Isolated | Supported]()
    for hours, score in scores:
        at += hours * HOUR
        before = watched.level
        watched, heard = look(watched, Glance(score), at)
        for said in heard:
            assert said not in seen
            seen.add(said)
            if isinstance(said, Supported) and not said.lasting:
                assert before is not None
        assert (watched.level is None) == (watched.since is None)
        if watched.level is Level.ALARM:
            assert score >= watch.ALARMING_UNTIL


def test_each_level_means_those_below_it() -> None:
    assert watch.for_level(None) == ()
    assert watch.for_level(Level.WATCH) == (Condition.ISOLATION_WATCH,)
    assert watch.for_level(Level.ASK)[-1] is Condition.ISOLATION_ASK
    assert watch.for_level(Level.ALARM)[-1] is Condition.ISOLATION_ALARM


@pytest.mark.parametrize(
    ("ratio", "waited_days", "is_first", "forgotten"),
    [(3.0, 1, False, True), (2.9, 5, False, False), (1.0, 2, True, True), (1.0, 1, True, False)],
)
def test_a_request_is_forgotten(
    ratio: float, waited_days: float, is_first: bool, forgotten: bool
) -> None:
    waited_s = waited_days * watch.DAY_S

    assert watch.is_forgotten(ratio, waited_s, is_first=is_first) is forgotten


def test_a_team_is_silent_only_where_enough_was_asked_of_it() -> None:
    assert watch.is_silent(Week(10, 4, 10.0))
    assert not watch.is_silent(Week(9, 0, 10.0))
    assert not watch.is_silent(Week(10, 5, 10.0))
    assert not watch.is_silent(Week(10, 0, 0.0))


def test_a_cliff_is_a_full_team_or_too_many_who_are_overloaded() -> None:
    assert watch.is_near_the_cliff([0.5, 0.9, 0.9])
    assert not watch.is_near_the_cliff([0.5, 0.5, 0.9])
    assert not watch.is_near_the_cliff([])
    assert watch.is_crowded([1.2, 1.2, 0.1, 0.1])
    assert not watch.is_crowded([1.2, 0.1])
    assert not watch.is_crowded([1.2, 1.2] + 8 * [0.1])


def test_refusals_are_up_against_what_is_usual() -> None:
    assert watch.are_refusals_up(0.3, 0.1)
    assert not watch.are_refusals_up(0.3, 0.2)
    assert not watch.are_refusals_up(0.2, 0.0)
    assert not watch.are_refusals_up(0.9, None)


def test_help_is_concentrated_where_a_twentieth_gives_more_than_a_third() -> None:
    many = {f"p{nth}": 1 for nth in range(19)}

    assert watch.are_concentrated({**many, "ren": 20})
    assert not watch.are_concentrated({**many, "ren": 2})
    assert not watch.are_concentrated({"ren": 20})
    assert watch.top_share({}) is None
    assert not watch.are_concentrated({})


def test_somebody_is_woken_up_too_often() -> None:
    assert watch.is_woken_up({"ren": 8})
    assert not watch.is_woken_up({"ren": 7, "sho": 7})
    assert not watch.is_woken_up({})


def test_a_condition_is_met_since_it_was_first_met() -> None:
    before = {"a": MONDAY, "b": MONDAY}

    assert watch.hold(before, ["a", "c"], MONDAY + DAY) == {"a": MONDAY, "c": MONDAY + DAY}
