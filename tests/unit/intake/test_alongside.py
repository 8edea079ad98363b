"""Who is left alone and who runs alongside: what intake remembers, and what everybody may say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine

from services.intake import projection, store
from services.intake.alongside import Part, concerns, part_of
from services.intake.names import Names
from services.intake.store import Alongside, Companionship, Figure, Shelf
from services.intake.web.companion import words_of
from services.intake.web.figure import heading_of, what_happens
from services.intake.web.offers import may_say_answered
from shared.contracts.intake import CompanionWord
from shared.contracts.issue import State, WaitingFor
from shared.contracts.metrics import Evidence, Level, Move, PersonIsolated, PersonSupported
from shared.contracts.router import (
    CompanionAsked,
    CompanionAssigned,
    CompanionBecause,
    CompanionChecked,
    CompanionEscalated,
    CompanionEvent,
    CompanionOffered,
    CompanionReleased,
    Concern,
    ReleasedBecause,
)
from shared.language import words
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import HOUR, MONDAY

WHY = (Evidence(move=Move.WAITING, team_id="product", count=4, of=6, weight=2.2),)
ORGANISATION = build.organisation()
_ = words("en")


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def shelf(connection: Connection) -> Shelf:
    return Shelf(connection, MONDAY, KnownOrganisation(connection, store.metadata))


def isolated(level: Level = Level.ASK, hours: int = 0, **more: Any) -> PersonIsolated:
    at = MONDAY + hours * HOUR
    usual = {"person_id": "emi", "level": level, "score": 0.4, "since": at, "why": WHY}
    return PersonIsolated(occurred_at=at, **(usual | more))


def supported(level: Level, hours: int) -> PersonSupported:
    at = MONDAY + hours * HOUR
    return PersonSupported(occurred_at=at, person_id="emi", level=level, score=0.2)


# --- the figure


def figure(shelf: Shelf) -> Figure:
    found = shelf.figures.get("emi")
    assert found is not None
    return found


def test_a_figure_goes_down_step_by_step_and_says_what_it_was_made_of(shelf: Shelf) -> None:
    projection.person_isolated(isolated(Level.ALARM), shelf)
    assert (figure(shelf).level, figure(shelf).since) == (Level.ALARM, MONDAY)

    levels = []
    for hours, level in enumerate((Level.ALARM, Level.ASK, Level.WATCH), 1):
        projection.person_supported(supported(level, hours), shelf)
        levels.append(figure(shelf).level)

    assert levels == [Level.ASK, Level.WATCH, None]
    assert [one["count"] for one in figure(shelf).why] == [4]
    assert figure(shelf).score == 0.2


def test_an_older_figure_that_is_heard_later_is_none(shelf: Shelf) -> None:
    projection.person_supported(supported(Level.WATCH, 2), shelf)
    projection.person_isolated(isolated(), shelf)

    assert figure(shelf).level is None


def test_the_figure_is_said_as_what_the_company_does() -> None:
    headings = [
        heading_of(Figure("emi", level, 0.4, MONDAY, [], MONDAY), _) for level in (*Level, None)
    ]

    assert headings == [
        "Some answers take longer for you than for others",
        "Answers come clearly more slowly to you than to others",
        "You hardly get any answers",
        "You are answered as others are",
    ]
    assert heading_of(None, _) == "Nothing is known that would be unusual"


def test_what_banso_does_is_said_for_each_step() -> None:
    names = Names(ORGANISATION, _)
    alarm = Figure("emi", Level.ALARM, 0.9, MONDAY, [], MONDAY)

    assert what_happens(None, None, names, _) == ["Nothing: there is no need to."]
    assert len(what_happens(alarm, None, names, _)) == 2
    for stage, said in (
        (Alongside.OFFERED, "You are asked"),
        (Alongside.SEARCHING, "We are asking a colleague"),
        (Alongside.RUNNING, "Yui runs alongside you."),
    ):
        lines = what_happens(None, companionship(stage), names, _)
        assert len(lines) == 1
        assert lines[0].startswith(said)
    over = companionship(Alongside.OVER)
    assert what_happens(None, over, names, _) == ["Nothing: there is no need to."]


# --- the companionship


def begun(kind: type[CompanionEvent], version: int, **more: Any) -> Any:
    usual: dict[str, Any] = {
        "occurred_at": MONDAY + timedelta(minutes=version),
        "companionship_id": "c",
        "version": version,
        "carrier_id": "emi",
        "companion_id": "yui",
        "why": WHY,
    }
    return kind(**(usual | more))


def test_the_newest_version_is_what_the_pages_show(shelf: Shelf) -> None:
    steps = [
        (begun(CompanionOffered, 1, companion_id=None), Alongside.OFFERED, None),
        (
            begun(CompanionAsked, 3, companion_id="sho", answer_by=MONDAY),
            Alongside.SEARCHING,
            None,
        ),
        (begun(CompanionAsked, 4, answer_by=MONDAY), Alongside.SEARCHING, None),
        (
            begun(CompanionAssigned, 5, because=CompanionBecause.AGREED),
            Alongside.RUNNING,
            CompanionBecause.AGREED,
        ),
        (begun(CompanionChecked, 6), Alongside.RUNNING, CompanionBecause.AGREED),
        (
            begun(CompanionEscalated, 6, because=Concern.ALARM, person_ids=("mio",)),
            Alongside.RUNNING,
            CompanionBecause.AGREED,
        ),
        (
            begun(CompanionReleased, 7, because=ReleasedBecause.ENDED),
            Alongside.OVER,
            ReleasedBecause.ENDED,
        ),
        (begun(CompanionChecked, 6), Alongside.OVER, ReleasedBecause.ENDED),
    ]

    for event, stage, because in steps:
        projection.companion_changed(event, shelf)
        known = shelf.companionships.get("c")
        assert known is not None
        assert (known.stage, known.because) == (stage, because)

    assert known.asked_ids == ["sho", "yui"]
    assert known.began_at == MONDAY + timedelta(minutes=1)


def test_the_carriers_last_one_is_found(connection: Connection, shelf: Shelf) -> None:
    projection.companion_changed(begun(CompanionOffered, 1), shelf)
    later = begun(CompanionOffered, 2, companionship_id="d")
    projection.companion_changed(later, shelf)
    shelf.write()

    found = store.companionship_of_carrier(connection, "emi")

    assert found is not None
    assert found.companionship_id == "d"
    assert store.companionship_of_carrier(connection, "aki") is None


def companionship(stage: Alongside, **more: Any) -> Companionship:
    usual: dict[str, Any] = {
        "companionship_id": "c",
        "version": 1,
        "carrier_id": "emi",
        "stage": stage,
        "companion_id": None if stage is Alongside.OFFERED else "yui",
        "because": None,
        "asked_ids": ["sho", "yui"],
        "why": [],
        "answer_by": None,
        "began_at": MONDAY,
        "changed_at": MONDAY,
    }
    return Companionship(**(usual | more))


@pytest.mark.parametrize(
    ("stage", "carrier", "theirs", "asked_before"),
    [
        (Alongside.OFFERED, Part.IS_OFFERED, Part.NOTHING, Part.NOTHING),
        (Alongside.SEARCHING, Part.WAITS, Part.IS_ASKED, Part.NOTHING),
        (Alongside.RUNNING, Part.IS_ACCOMPANIED, Part.RUNS, Part.NOTHING),
        (Alongside.OVER, Part.WAS_CARRIER, Part.NOTHING, Part.NOTHING),
    ],
)
def test_everybody_has_their_part(
    stage: Alongside, carrier: Part, theirs: Part, asked_before: Part
) -> None:
    known = companionship(stage)

    assert part_of("emi", known) is carrier
    assert part_of("yui", known) is theirs
    assert part_of("sho", known) is asked_before


def test_whoever_was_asked_may_take_over_from_the_leader() -> None:
    led = companionship(Alongside.RUNNING, companion_id="kai", because=CompanionBecause.LEADER)

    assert part_of("sho", led) is Part.MAY_TAKE_OVER
    assert part_of("kai", led) is Part.RUNS
    assert part_of("ren", led) is Part.NOTHING
    assert [concerns(who, led) for who in ("emi", "sho", "ren")] == [True, True, False]


def test_what_everybody_may_say() -> None:
    said = {part: [word for word, _text in words_of(part, _)] for part in Part}

    yes, no, helps, helps_not, end = CompanionWord
    assert said == {
        Part.IS_OFFERED: [yes, no],
        Part.IS_ASKED: [yes, no],
        Part.MAY_TAKE_OVER: [yes],
        Part.WAITS: [end],
        Part.IS_ACCOMPANIED: [helps, helps_not, end],
        Part.RUNS: [helps, helps_not, end],
        Part.WAS_CARRIER: [],
        Part.NOTHING: [],
    }


# --- what a companion sees


def test_a_companion_sees_what_is_open_and_not_confidential(
    connection: Connection, shelf: Shelf
) -> None:
    for nth, more in enumerate(
        ({}, {"confidential": True}, {"state": State.CLOSED}, {"carrier_id": "aki"})
    ):
        shelf.views.put(view(str(nth), **more))
    shelf.write()

    for_companion = store.carried_by(connection, "emi", 10, confidential=False)
    for_carrier = store.carried_by(connection, "emi", 10, confidential=True)

    assert [one.issue_id for one in for_companion] == ["0"]
    assert [one.issue_id for one in for_carrier] == ["0", "1"]


def view(issue_id: str, **more: Any) -> store.View:
    usual: dict[str, Any] = {
        "issue_id": issue_id,
        "reference": issue_id,
        "version": 1,
        "state": State.ASSIGNED,
        "summary": "It does not start",
        "description": "",
        "reporter_id": "emi",
        "language": "en",
        "raised_at": MONDAY,
        "carrier_id": "emi",
    }
    return store.View(**(usual | more))


@pytest.mark.parametrize(
    ("who", "issue", "may"),
    [
        ("emi", {}, True),
        ("aki", {"reporter_id": "aki"}, True),
        ("ren", {}, False),
        ("yui", {}, False),
        ("emi", {"owner_id": "emi"}, False),
        ("emi", {"state": State.RESOLVED}, False),
        ("emi", {"waiting_for": WaitingFor.CARRIER}, False),
    ],
)
def test_who_waits_may_say_that_they_had_an_answer(
    who: str, issue: dict[str, Any], may: bool
) -> None:
    assert may_say_answered(build.snapshot(**issue), who) is may
