"""Days as instants of somebody's own working time, and who may say who is away."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from services.intake.absences import days, may_say_for
from services.intake.days import (
    Soon,
    evening_of,
    furthest,
    in_working_days,
    morning_of,
    soon,
    today,
)
from services.intake.web.asking import read_day
from shared.contracts.issue import FURTHEST_PROMISE, Action, WaitingFor
from tests.unit import build
from tests.unit.build import MONDAY, at, calendar

OFFICE = calendar()
FRIDAY = at("2026-06-05 17:00")
SATURDAY = date(2026, 6, 6)


def test_a_morning_is_when_work_begins_and_at_the_weekend_that_of_monday() -> None:
    assert morning_of(date(2026, 6, 2), OFFICE) == at("2026-06-02 09:00")
    assert morning_of(SATURDAY, OFFICE) == at("2026-06-08 09:00")


def test_an_evening_is_when_work_ends_and_at_the_weekend_the_end_of_the_day() -> None:
    assert evening_of(date(2026, 6, 2), OFFICE) == at("2026-06-02 18:00")
    assert evening_of(SATURDAY, OFFICE) == at("2026-06-06 23:59")


@pytest.mark.parametrize(
    ("choice", "on_monday", "on_friday"),
    [
        (Soon.TOMORROW, "2026-06-02 09:00", "2026-06-08 09:00"),
        (Soon.THREE_DAYS, "2026-06-04 09:00", "2026-06-10 09:00"),
        (Soon.NEXT_WEEK, "2026-06-08 09:00", "2026-06-08 09:00"),
    ],
)
def test_a_choice_of_one_tap_is_a_working_morning(
    choice: Soon, on_monday: str, on_friday: str
) -> None:
    assert soon(choice, MONDAY, OFFICE) == at(on_monday)
    assert soon(choice, FRIDAY, OFFICE) == at(on_friday)


def test_today_is_the_day_where_they_are() -> None:
    midnight_in_tokyo = at("2026-06-02 00:30")

    assert today(midnight_in_tokyo, OFFICE) == date(2026, 6, 2)
    assert today(midnight_in_tokyo, calendar(zone="Europe/Paris")) == date(2026, 6, 1)
    assert in_working_days(0, MONDAY, OFFICE) == MONDAY


def test_people_say_their_own_absence_leads_their_teams_and_the_leader_everybodys() -> None:
    company = build.organisation()

    def said_by(person_id: str) -> list[str]:
        return [one.id for one in may_say_for(person_id, company)]

    assert said_by("ren") == ["ren"]
    assert said_by("ume") == ["ume", "yui"]
    assert said_by("kai") == [one.id for one in company.people]


def test_an_absence_runs_to_the_end_of_its_last_day_and_begins_at_once_where_it_is_today() -> None:
    tomorrow = date(2026, 6, 2)

    assert days(tomorrow, SATURDAY, OFFICE, MONDAY) == (
        at("2026-06-02 00:00"),
        at("2026-06-06 23:59"),
    )
    assert days(date(2026, 6, 1), tomorrow, OFFICE, MONDAY)[0] == MONDAY


def test_it_is_put_off_as_far_as_the_policy_lets_and_a_pause_does_not_count() -> None:
    policies = dict.fromkeys(("low", "normal", "high"), build.policy(snooze_at_most="1d"))
    own = {"long": build.policy(snooze_at_most="2d")}
    company = build.organisation(policies=policies, more_policies=own)
    pause = (at("2026-06-02 00:00"), at("2026-06-03 00:00"))

    def latest(*rests: Any, **issue: Any) -> datetime:
        return furthest(Action.SNOOZE, build.snapshot(**issue), company, rests, MONDAY)

    assert latest() == at("2026-06-01 18:00")
    assert latest(policy="long") == at("2026-06-02 18:00")
    assert latest(pause, policy="long") == at("2026-06-03 18:00")
    assert latest(waiting_for=WaitingFor.CARRIER) == at("2026-06-01 18:00")


def test_it_is_promised_for_two_years_at_the_most() -> None:
    company = build.organisation()

    assert furthest(Action.PROMISE, build.snapshot(), company, (), MONDAY) == (
        MONDAY + FURTHEST_PROMISE
    )


@pytest.mark.parametrize(
    "text",
    ["2031-02-07", "2031/2/7", "2031.02.07", " 2031-2-7 ", "2031年2月7日", "２０３１／２／７"],
)
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert read_day(text) == date(2031, 2, 7)


@pytest.mark.parametrize("text", ["", "tomorrow", "2031-02-30", "07/02/2031", "9999-12-31"])
def test_what_names_no_day_is_none(text: str) -> None:
    assert read_day(text) is None
