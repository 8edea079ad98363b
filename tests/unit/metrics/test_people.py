"""Who everybody is at a moment."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from services.metrics.facts import Fact, Kind
from services.metrics.people import Beside, People
from shared.contracts.organisation import Organisation, Triage
from shared.load import NEW_FOR_S
from tests.unit import build


def fact(kind: Kind, person: str, at_s: float = 10.0, **more: Any) -> Fact:
    return Fact(at_s, kind, "f", person=person, **more)


def with_person(person_id: str, **said: Any) -> Organisation:
    known = build.organisation()
    return build.organisation(
        revision="rev-2", people=(*known.people, build.person(person_id, "shipping", **said))
    )


@pytest.fixture
def people() -> People:
    made = People(build.organisation())
    made.publish(build.organisation(), 0.0)
    return made


def test_only_who_comes_after_the_first_organisation_is_new(people: People) -> None:
    people.publish(with_person("new"), 100.0)

    assert people.joined_s("ren") is None
    assert people.joined_s("new") == 100.0
    assert people.capacity("new", accompanies=0, here_s=NEW_FOR_S - 1) == 0.25
    assert people.capacity("new", accompanies=0, here_s=NEW_FOR_S) == 0.5
    assert people.capacity("ren", accompanies=1, here_s=None) == 3.5 / 8


def test_whoever_leaves_and_comes_back_is_new_again(people: People) -> None:
    people.publish(with_person("new"), 100.0)
    people.publish(build.organisation(), 200.0)
    assert people.joined_s("new") is None

    people.publish(with_person("new"), 300.0)
    assert people.joined_s("new") == 300.0


def test_an_absence_begins_and_ends(people: People) -> None:
    people.fold(fact(Kind.ABSENCE_STARTED, "ren"))
    people.fold(fact(Kind.ABSENCE_STARTED, "ren"))
    assert people.is_away("ren")

    people.fold(fact(Kind.ABSENCE_ENDED, "ren"))
    people.fold(fact(Kind.ABSENCE_ENDED, "sho"))
    assert not people.is_away("ren")


def test_a_companion_is_beside_a_carrier_until_they_are_released(people: People) -> None:
    people.fold(fact(Kind.COMPANION_ASSIGNED, "aki", raiser="emi"))
    people.fold(fact(Kind.COMPANION_RELEASED, "sho", raiser="emi"))
    people.fold(fact(Kind.COMPANION_RELEASED, "sho", raiser="aki"))
    people.fold(fact(Kind.RAISED, "emi", raiser="emi"))
    assert people.beside("emi") == Beside("aki", 10.0)
    assert people.accompanied() == {"aki": 1}

    people.fold(fact(Kind.COMPANION_RELEASED, "aki", raiser="emi"))
    assert people.beside("emi") is None


def test_nobody_who_has_left_is_beside_anybody(people: People) -> None:
    people.publish(with_person("new"), 100.0)
    people.fold(fact(Kind.COMPANION_ASSIGNED, "new", raiser="emi"))

    people.publish(build.organisation(), 200.0)

    assert people.beside("emi") is None


def test_leader_and_triage_say_where_it_belongs_without_pushing_it_away(people: People) -> None:
    assert people.decides("kai", 1)
    assert not people.decides("ren", 0)

    people.publish(build.organisation(triage=Triage(person="ren")), 1.0)
    assert people.decides("ren", 0)
    assert not people.decides("ren", 1)


def test_experience_counts_from_when_they_began(people: People) -> None:
    people.publish(with_person("new", since=date(2020, 6, 1)), 1.0)

    assert people.experience_years("ren", date(2026, 6, 1)) is None
    years = people.experience_years("new", date(2026, 6, 1))
    assert years is not None
    assert round(years) == 6
    assert people.experience_years("new", date(2019, 6, 1)) == 0


def test_a_team_has_the_calendar_of_most_of_its_people(people: People) -> None:
    shift = build.calendar({"sat": "09:00-17:00"}).model_copy(update={"id": "shift"})
    known = build.organisation()
    moved = tuple(
        one.model_copy(update={"calendar": "shift"}) if one.team == "shipping" else one
        for one in known.people
    )
    empty = build.organisation().teams[0].model_copy(update={"id": "nobody"})

    people.publish(
        build.organisation(
            people=moved, calendars=(*known.calendars, shift), teams=(*known.teams, empty)
        ),
        1.0,
    )

    assert people.calendars() == {"shipping": shift}


def test_what_was_kept_is_taken_up_again(people: People) -> None:
    people.publish(with_person("new"), 100.0)
    people.fold(fact(Kind.ABSENCE_STARTED, "ren"))
    people.fold(fact(Kind.COMPANION_ASSIGNED, "aki", raiser="emi"))
    kept = json.loads(json.dumps(people.state()))

    again = People.from_state(kept, with_person("new"))

    assert again.state() == people.state()
    assert People(build.organisation()).state()["revision"] is None
