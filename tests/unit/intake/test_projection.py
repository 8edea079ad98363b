"""What intake remembers of the router's facts: who is away, whether chasing rests, what belongs
together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, create_engine

from services.intake import projection, store
from services.intake.store import Absence, Pause, Shelf
from shared.contracts.issue import State, WaitingFor
from shared.contracts.router import (
    ChasingPaused,
    ChasingResumed,
    IssueMerged,
    IssuePromised,
    IssueSnoozed,
    IssueWaiting,
    OrganisationPublished,
    PersonAway,
    PersonBack,
)
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY

FRIDAY = MONDAY + timedelta(days=4)
AWAY = PersonAway(
    occurred_at=MONDAY,
    absence_id="a",
    person_id="ren",
    starts_at=MONDAY,
    ends_at=FRIDAY,
    substitute_id="sho",
    issues=2,
)
BACK = PersonBack(occurred_at=FRIDAY, absence_id="a", person_id="ren", issues=1)
PAUSED = ChasingPaused(
    occurred_at=MONDAY,
    pause_id="p",
    starts_at=MONDAY,
    ends_at=FRIDAY,
    said_by_id="kai",
    text="A typhoon.",
    concerned=("ren", "emi"),
)
RESUMED = ChasingResumed(occurred_at=FRIDAY, pause_id="p", starts_at=MONDAY, ends_at=FRIDAY)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def shelf(connection: Connection) -> Shelf:
    shelf = Shelf(connection, MONDAY, KnownOrganisation(connection, store.metadata))
    published = OrganisationPublished(occurred_at=MONDAY, organisation=build.organisation())
    shelf.keep_organisation(published)
    return shelf


def away_at(connection: Connection, now: datetime, *people: str) -> list[Absence]:
    return store.absences_to_come(connection, now, people or None)


def test_whoever_is_away_is_so_until_they_are_back(connection: Connection, shelf: Shelf) -> None:
    projection.person_away(AWAY, shelf)
    shelf.absences.write()
    (found,) = away_at(connection, MONDAY)

    assert found == Absence("a", "ren", MONDAY, FRIDAY, "sho")
    assert away_at(connection, MONDAY, "ren") == [found]
    assert away_at(connection, MONDAY, "sho") == []
    assert away_at(connection, FRIDAY) == []

    projection.person_back(BACK, shelf)
    shelf.absences.write()
    assert away_at(connection, MONDAY) == []


def test_whoever_is_back_before_it_was_heard_that_they_are_away_is_not_away(
    connection: Connection, shelf: Shelf
) -> None:
    projection.person_back(BACK, shelf)
    projection.person_away(AWAY, shelf)
    shelf.absences.write()

    assert away_at(connection, MONDAY) == []


def test_a_pause_is_in_force_until_chasing_goes_on(connection: Connection, shelf: Shelf) -> None:
    projection.chasing_paused(PAUSED, shelf)
    shelf.pauses.write()

    assert store.pauses_to_come(connection, MONDAY) == [
        Pause("p", MONDAY, FRIDAY, "A typhoon.", "kai", 2)
    ]

    projection.chasing_resumed(RESUMED, shelf)
    projection.chasing_paused(PAUSED, shelf)
    shelf.pauses.write()
    assert store.pauses_to_come(connection, MONDAY) == []


def test_what_the_router_refused_about_a_pause_stays_as_it_was(
    connection: Connection, shelf: Shelf
) -> None:
    """Both rows as the page of somebody left them who led until a moment ago."""
    shelf.pauses.put(Pause("p", MONDAY, MONDAY, "", "ren", 2, is_over=True))
    shelf.pauses.put(Pause("q", MONDAY, FRIDAY, "I am tired.", "ren"))
    only = {"concerned": ("ren",), "refused": True}

    projection.chasing_paused(PAUSED.model_copy(update=only), shelf)
    projection.chasing_resumed(RESUMED.model_copy(update={**only, "pause_id": "q"}), shelf)
    shelf.pauses.write()

    assert store.pauses_to_come(connection, MONDAY) == [
        Pause("p", MONDAY, FRIDAY, "A typhoon.", "kai", 2)
    ]


def test_a_pause_of_which_only_the_end_was_heard_is_over(
    connection: Connection, shelf: Shelf
) -> None:
    projection.chasing_resumed(RESUMED, shelf)
    shelf.pauses.write()

    found = store.pause_of(connection, "p")
    assert found is not None
    assert found.is_over


def test_the_history_keeps_what_later_versions_of_the_issue_do_not_tell(
    connection: Connection, shelf: Shelf
) -> None:
    said = {"occurred_at": MONDAY, "issue_id": ISSUE_ID}
    events = (
        IssueSnoozed(
            event_id="1",
            issue=build.snapshot(version=2, snoozed_until=FRIDAY),
            text="Parts.",
            **said,
        ),
        IssueWaiting(
            event_id="2",
            issue=build.snapshot(version=3, waiting_for=WaitingFor.CUSTOMER),
            text="Which?",
            **said,
        ),
        IssuePromised(event_id="3", issue=build.snapshot(version=4, promised_at=FRIDAY), **said),
    )
    for event in events:
        projection.issue_changed(event, shelf)
    shelf.history.write()

    snoozed, waiting, promised = store.history_of(connection, ISSUE_ID)
    assert datetime.fromisoformat(snoozed.said["until"]) == FRIDAY
    assert waiting.said["waiting_for"] == WaitingFor.CUSTOMER
    assert datetime.fromisoformat(promised.said["promised_at"]) == FRIDAY


def test_what_belongs_together_is_found_from_both_sides(
    connection: Connection, shelf: Shelf
) -> None:
    merged = build.snapshot(version=2, state=State.CLOSED, merged_into="main")
    main = build.snapshot(reference="AAAA-2222")
    event = IssueMerged(
        occurred_at=MONDAY, issue_id=ISSUE_ID, issue=merged, into_reference="AAAA-2222"
    )
    projection.issue_changed(event, shelf)
    projection.issue_changed(
        IssuePromised(occurred_at=MONDAY + HOUR, issue_id="main", issue=main), shelf
    )
    shelf.references.write()
    shelf.views.write()

    for this, other in ((ISSUE_ID, "main"), ("main", ISSUE_ID)):
        view = store.view_of(connection, this)
        assert view is not None
        assert [one.issue_id for one in store.relatives_of(connection, view, 10)] == [other]


def test_what_may_be_the_same_is_open_and_of_the_same_carrier_or_kind(
    connection: Connection, shelf: Shelf
) -> None:
    others = {
        "carrier": build.snapshot(reference="A"),
        "kind": build.snapshot(reference="B", carrier_id="aki", product="meter", category="broken"),
        "neither": build.snapshot(reference="C", carrier_id="aki", product="mini"),
        "closed": build.snapshot(reference="D", state=State.CLOSED),
        "secret": build.snapshot(reference="E", confidential=True),
        ISSUE_ID: build.snapshot(reference="F", product="meter", category="broken"),
    }
    for issue_id, snapshot in others.items():
        event = IssuePromised(
            occurred_at=MONDAY, event_id=issue_id, issue_id=issue_id, issue=snapshot
        )
        projection.issue_changed(event, shelf)
    shelf.views.write()
    view = store.view_of(connection, ISSUE_ID)
    assert view is not None

    found = {one.issue_id for one in store.likely_same(connection, view, 10)}

    assert found == {"carrier", "kind"}
    assert store.concerned(connection) == 3
