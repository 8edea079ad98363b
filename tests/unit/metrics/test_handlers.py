"""What each fact adds to the figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from services.metrics import handlers, store
from services.metrics.gauges import Figures
from services.metrics.store import Books
from shared.contracts.issue import AssignedBecause, Reasons, Source, Standing, State
from shared.contracts.router import (
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueEvent,
    IssuePromised,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    Voice,
)
from shared.database import open_engine
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY

AT = MONDAY + HOUR


@pytest.fixture
def books(database_url: str) -> Iterator[Books]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield open_books(connection)
    engine.dispose()


def open_books(connection: Connection) -> Books:
    known = KnownOrganisation(connection, store.metadata)
    known.current = build.organisation()
    return Books(connection, AT, known)


def said(version: int, actor_id: str = "ren", **issue: Any) -> dict[str, Any]:
    return {
        "event_id": f"event-{version}",
        "occurred_at": AT,
        "issue_id": ISSUE_ID,
        "issue": build.snapshot(version=version, **issue),
        "actor_id": actor_id,
    }


def counted(books: Books, *events: IssueEvent) -> dict[str, float]:
    """The counts of every figure that is not nought, after these facts."""
    registry = CollectorRegistry()
    figures = Figures(registry, KnownAs(books), [])
    for event in events:
        handlers.issue_changed(event, books)
    for observe in books.observed:
        observe(figures)
    return {
        sample.name: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.value and sample.name.endswith(("_total", "_count"))
    }


class KnownAs:
    """The organisation in force."""

    def __init__(self, books: Books) -> None:
        self.current = books.organisation


TAKEN = {"state": State.ACKNOWLEDGED, "acknowledged_at": AT}


def test_words_that_are_no_answer_change_no_figure_even_at_the_same_instant(books: Books) -> None:
    """All that a batch decides happens at one instant."""
    taken = IssueAcknowledged(**said(2, **TAKEN))
    comment = IssueCommented(
        **said(3, "emi", **TAKEN),
        voice=Voice.CARRIER,
        standing=Standing.VOUCHED,
        source=Source.EMAIL,
        text="It blinks.",
    )
    corrected = IssueCorrected(**said(4, "emi", **TAKEN), changed=("summary",))

    assert counted(books, taken) != {}
    books.observed.clear()

    assert counted(books, comment, corrected) == {}


def test_an_answer_given_elsewhere_is_an_answer(books: Books) -> None:
    answered = {"answered_at": AT, **TAKEN}
    elsewhere = IssueResponded(**said(2, **answered), text="", elsewhere=True, said_by_id="emi")

    figures = counted(books, elsewhere)

    assert figures["banso_answers_total"] == 1
    assert figures["banso_first_response_seconds_count"] == 1
    assert books.standings.get(ISSUE_ID).is_answered


def test_what_is_only_shared_with_a_merged_issue_is_counted_where_it_was_done(
    books: Books,
) -> None:
    merged = {"state": State.CLOSED, "merged_into": "main"}
    shared = {"shared_from": "main", "text": "A new lamp."}

    found = counted(
        books,
        IssueResponded(**said(3, **merged), **shared),
        IssueResolved(**said(4, **merged), **shared),
        IssueReopened(**said(5, **merged), **shared),
    )

    assert found == {}


def test_a_part_that_is_solved_with_its_problem_is_a_solved_issue(books: Books) -> None:
    part = {**TAKEN, "state": State.RESOLVED, "parent_id": "problem"}

    found = counted(books, IssueResolved(**said(3, **part), shared_from="problem"))

    assert found["banso_resolution_seconds_count"] == 1


def test_a_hand_over_counts_for_the_team_that_handed_it_on(books: Books) -> None:
    moved = IssueAssigned(
        **said(2, team_id="shipping", owner_id="ume"),
        because=AssignedBecause.HANDED_OVER,
        reasons=Reasons(),
        previous_owner_id="ren",
    )

    assert series(books, moved, name="banso_handons_total") == {"product": 1}


def test_a_hand_over_by_somebody_who_left_counts_for_no_team(books: Books) -> None:
    moved = IssueAssigned(
        **said(2), because=AssignedBecause.HANDED_OVER, reasons=Reasons(), previous_owner_id="gone"
    )

    assert series(books, moved, name="banso_handons_total") == {"none": 1}


def test_a_confirmed_solution_is_credited_to_its_team_once(books: Books) -> None:
    over = {**TAKEN, "state": State.CLOSED}
    confirmed = IssueClosed(**said(4, **over), confirmed=True)
    by_itself = IssueClosed(**said(5, **over), confirmed=False)
    shared = IssueClosed(**said(6, **over), confirmed=True, shared_from="main")

    credited = series(books, confirmed, by_itself, shared, name="banso_credited_issues_total")

    assert credited == {"product": 1}


def test_an_answer_given_elsewhere_is_counted_as_such(books: Books) -> None:
    elsewhere = IssueResponded(**said(2, **TAKEN), text="", elsewhere=True, said_by_id="emi")
    written = IssueResponded(**said(3, **TAKEN), text="A new lamp.")

    counted = series(books, elsewhere, written, name="banso_answered_elsewhere_total")

    assert counted == {"product": 1}


def test_a_promise_drifts_by_the_working_time_to_the_later_day(books: Books) -> None:
    friday, monday = MONDAY + timedelta(days=4), MONDAY + timedelta(days=7)
    later = IssuePromised(**said(2, promised_at=monday), previously_at=friday)
    sooner = IssuePromised(**said(3, promised_at=MONDAY), previously_at=friday)
    again = IssuePromised(**said(4, promised_at=MONDAY), previously_at=friday)
    first = IssuePromised(**said(5, promised_at=friday))

    drift = series(books, later, name="banso_promise_drift_seconds_sum")
    books.observed.clear()

    assert drift == {"product": 8 * 3600}
    assert series(books, sooner, name="banso_promise_drift_seconds_sum") == {}
    books.observed.clear()
    assert series(books, again, name="banso_promise_drift_seconds_count") == {"product": 1}
    books.observed.clear()
    assert series(books, first, name="banso_promise_drift_seconds_count") == {}


def series(books: Books, *events: IssueEvent, name: str) -> dict[str, float]:
    """A figure by team, as far as it is not nought."""
    registry = CollectorRegistry()
    figures = Figures(registry, KnownAs(books), [])
    for event in events:
        handlers.issue_changed(event, books)
    for observe in books.observed:
        observe(figures)
    return {
        sample.labels["team"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name and sample.value
    }
