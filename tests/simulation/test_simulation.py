"""The simulator and the judges are fair: what they say of figures that are known to be good or
bad is right."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from services.metrics.facts import Kind
from tests.simulation.calendar import DATE_S, DAY_S, WorkCalendar
from tests.simulation.evaluation import auc, curve, outcome, threshold_for, truth_of
from tests.simulation.naive import Naive, naive_figures
from tests.simulation.scenario import SCENARIOS, Scenario
from tests.simulation.world import History, simulate

DAYS = 90
SEED = 11
"""Never one that is reported."""


def _company(name: str) -> Scenario:
    (found,) = (scenario for scenario in SCENARIOS if scenario.name == name)
    return replace(found, carriers=12)


@pytest.fixture(scope="module")
def history() -> History:
    return simulate(_company("busy"), SEED, DAYS)


def test_there_are_twelve_companies() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == 12


@pytest.mark.parametrize("name", ["busy", "absences", "pushed", "joiners", "small"])
def test_the_same_seed_makes_the_same_history(name: str) -> None:
    one, other = (simulate(_company(name), SEED, 30) for _ in range(2))

    assert one.events == other.events
    assert one.meta == other.meta
    assert one.events != simulate(_company(name), SEED + 1, 30).events


def test_events_are_written_as_backtest_reads_them(history: History) -> None:
    times = [event["t"] for event in history.events]
    people = history.meta["people"]
    ids = Counter(event["id"] for event in history.events)

    assert times == sorted(times)
    assert {event["kind"] for event in history.events} <= set(Kind)
    assert set(ids.values()) == {1, 2}
    assert {event["raiser"] for event in history.events if "issue" in event} <= set(people)
    assert {event["person"] for event in history.events if "person" in event} <= set(people)
    assert all(value != "" for event in history.events for value in event.values())
    assert max(times) < history.meta["horizon"]


def test_people_act_in_working_time_alone(history: History) -> None:
    hours = {event["t"] % DATE_S / 3600 for event in history.events}
    days = {int(event["t"] // DATE_S) for event in history.events}

    assert 9 <= min(hours) <= max(hours) <= 17
    assert {day % 7 for day in days} == {0, 1, 2, 3, 4}
    assert not days & set(history.meta["holidays"])


@pytest.mark.parametrize("name", ["busy", "acknowledged", "canned", "pushed", "seldom"])
def test_whoever_is_left_alone_gets_fewer_solutions(name: str) -> None:
    """And whoever is not is dealt with nearly always, whatever happens beside them."""
    history = simulate(_company(name), SEED, 130)
    begin = {one.carrier: history.company.calendar.wall_s(one.begins_s) for one in history.neglects}
    end = {one.carrier: history.company.calendar.wall_s(one.ends_s) for one in history.neglects}
    solved = {
        event["issue"]
        for event in history.events
        if event["kind"] == "resolved" and event["person"] != event["raiser"]
        if event["t"] < end.get(event["raiser"], np.inf)
    }
    asked: dict[bool, list[bool]] = {True: [], False: []}
    last = history.meta["horizon"] - 40 * DATE_S

    for event in history.events:
        if event["kind"] != "issue_raised" or event["t"] > last:
            continue
        raiser = event["raiser"]
        alone = raiser in begin and begin[raiser] <= event["t"] < end[raiser]
        if alone or raiser not in begin:
            asked[alone].append(event["issue"] in solved)

    assert np.mean(asked[True]) < 0.5
    assert np.mean(asked[False]) > 0.85


def test_working_time_is_the_same_there_and_back() -> None:
    calendar = WorkCalendar(days=(0, 1, 4, 7), holidays=(2, 3))

    for worked_s in (0.0, 1.0, DAY_S - 1, DAY_S, 2.5 * DAY_S, 3 * DAY_S + 7):
        assert calendar.worked_s(calendar.wall_s(worked_s)) == worked_s
    assert calendar.worked_s(2.5 * DATE_S) == 2 * DAY_S
    assert calendar.worked_s(4 * DATE_S) == 2 * DAY_S
    assert calendar.worked_s(4 * DATE_S + 20 * 3600) == 3 * DAY_S


def test_a_figure_that_knows_the_truth_is_perfect(history: History) -> None:
    truth = truth_of("busy", SEED, history)
    knowing = truth.alone.astype(float)

    at = outcome([truth], [knowing], 0.5)

    assert auc([truth], [knowing]) == 1.0
    assert at.false_alarms == 0.0
    assert at.soon == 1.0
    assert 10 <= at.median_days <= 20


def test_a_figure_that_knows_nothing_is_a_coin(history: History) -> None:
    truth = truth_of("busy", SEED, history)
    constant = np.zeros_like(truth.alone, dtype=float)
    at = [place / 10 for place in range(11)]

    assert auc([truth], [constant]) == 0.5
    assert [found for _, found in curve([truth], [constant], at)] == pytest.approx(at)


def test_a_threshold_is_as_wrong_as_was_asked(history: History) -> None:
    truth = truth_of("busy", SEED, history)
    noise = np.random.default_rng(SEED).normal(size=truth.alone.shape)

    threshold = threshold_for([truth], [noise], 4.0)

    assert outcome([truth], [noise], threshold).false_alarms == pytest.approx(4.0, abs=0.3)


def test_an_alarm_that_flickers_is_one_alarm(history: History) -> None:
    truth = truth_of("busy", SEED, history)
    flickers = np.zeros_like(truth.alone, dtype=float)
    nobody = next(place for place in range(12) if truth.fine[:, place].all())
    flickers[10:30:3, nobody] = 1.0
    flickers[60:62, nobody] = 1.0

    assert outcome([truth], [flickers], 0.5).false_alarms * truth.person_years == pytest.approx(2)


def test_nobody_who_has_not_asked_yet_has_a_naive_figure() -> None:
    history = simulate(_company("joiners"), SEED, DAYS)
    first = naive_figures(history)[Naive.OPEN][0]
    new = [carrier.begins_s > 0 for carrier in history.company.carriers]

    assert any(new)
    assert all(np.isneginf(first[new]))
