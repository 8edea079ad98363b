"""What was asked of teams lately, and from how many people a carrier gets answers."""

from __future__ import annotations

import json

import pytest

from services.metrics.facts import Fact, Kind
from services.metrics.helpers import Helpers
from services.metrics.isolation import Flow
from services.metrics.teams import Teams, Week

NONE = Flow()


def fact(kind: Kind, person: str = "", team: str = "product") -> Fact:
    return Fact(0.0, kind, "f", person=person, raiser="emi", owner="ren", team=team)


def test_a_week_is_five_working_days_and_what_there_is_of_today() -> None:
    teams = Teams()
    for night in range(1, 8):
        teams.pass_night(night, {"product": Flow(2 * night, night, expected=1.5 * night)})

    today = Flow(15, 8, expected=11.0)

    assert teams.week("product", today) == Week(11, 6, 8.0)
    assert teams.week("unknown", NONE) == Week(0, 0, 0.0)


def test_answers_are_counted_by_who_gave_them_but_the_carriers_own() -> None:
    teams = Teams()
    for person in ("ren", "ren", "yui", "emi", ""):
        teams.fold(fact(Kind.COMMENTED, person))
    teams.fold(fact(Kind.RESOLVED, "ren"))
    teams.fold(fact(Kind.COMMENTED, "ren", team=""))
    teams.fold(fact(Kind.CLOSED, "ren"))

    assert teams.answers_by("product") == {"ren": 3, "yui": 1}
    for night in range(20):
        teams.pass_night(night, {})
    assert teams.answers_by("product") == {"ren": 3, "yui": 1}
    teams.pass_night(20, {})
    assert teams.answers_by("product") == {}


def test_only_reminders_outside_working_hours_wake_somebody_up() -> None:
    teams = Teams()
    teams.fold(fact(Kind.REMINDED), off_hours=True)
    teams.fold(fact(Kind.REMINDED), off_hours=False)

    assert teams.off_hours("product") == {"ren": 1}
    assert teams.off_hours("unknown") == {}


def test_refusals_are_a_share_of_what_the_team_got() -> None:
    teams, declined = Teams(), 0
    for night in range(1, 45):
        teams.fold(fact(Kind.ASSIGNED))
        teams.fold(fact(Kind.REASSIGNED))
        declined += night > 39
        teams.pass_night(night, {"product": Flow(declined=declined)})
    flow = Flow(declined=declined + 1)

    assert teams.refusals("product", flow) == pytest.approx((5 / 8, 0.0))
    assert teams.refusals("unknown", NONE) == (0.0, None)
    fresh = Teams()
    fresh.pass_night(1, {"product": NONE})
    assert fresh.refusals("product", NONE) == (0.0, None)
    for night in range(2, 8):
        fresh.pass_night(night, {"product": NONE})
    assert fresh.refusals("product", NONE) == (0.0, None)


def test_what_was_kept_is_taken_up_again() -> None:
    teams = Teams()
    teams.fold(fact(Kind.COMMENTED, "ren"))
    teams.fold(fact(Kind.REMINDED), off_hours=True)
    teams.pass_night(1, {"product": Flow(1, 1), "": Flow(3)})
    teams.fold(fact(Kind.COMMENTED, "yui"))

    again = Teams.from_state(json.loads(json.dumps(teams.state())))

    assert again.state() == teams.state()
    assert again.answers_by("product") == {"ren": 1, "yui": 1}
    assert "" not in teams.state()


def test_helpers_are_as_many_as_would_answer_equally_often() -> None:
    helpers = Helpers()
    assert helpers.effective("emi") is None

    for helper in ("ren", "sho", "yui"):
        helpers.answered("emi", helper, 10)
    assert helpers.effective("emi") == pytest.approx(3)

    for night in range(10, 200):
        helpers.answered("emi", "ren", night)
    assert helpers.effective("emi") == pytest.approx(1, abs=0.01)


def test_of_the_helpers_of_long_ago_only_those_who_still_weigh_are_kept() -> None:
    helpers = Helpers()
    for nth in range(60):
        helpers.answered("emi", f"p{nth}", 200 if nth < 2 else 400)

    assert len(helpers.state()["emi"]) < 60
    assert "p0" not in helpers.state()["emi"]
    again = Helpers.from_state(json.loads(json.dumps(helpers.state())))
    assert again.effective("emi") == helpers.effective("emi")
