"""What comes again after intake's database was lost, and the router has told of it anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services.intake import imported, projection, store
from services.intake.imported import Author, Bygone
from services.intake.store import Shelf
from services.intake.submission import Submission, accept
from shared.contracts.intake import IssueImported, IssueRaised
from shared.contracts.issue import AssignedBecause, Reasons, Source, State
from shared.contracts.router import IssueAssigned, OrganisationPublished
from shared.database import open_engine
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import CUSTOMER, MONDAY

YEAR_AGO = datetime(2030, 2, 3, tzinfo=UTC)
SUBMISSION = Submission(
    source=Source.EMAIL,
    submission_id="mail-1",
    fingerprint="mail",
    summary="It does not start",
    description="I pressed the button.",
    reporter_name="Somebody",
    reporter_address="somebody@example.net",
    language="en",
    reference="2222-3333",
)
BYGONE = Bygone(
    system="old",
    old_id="1",
    source=Source.EMAIL,
    summary="It did not start",
    description="I pressed the button.",
    reporter=Author("Somebody", "somebody@example.net"),
    language="en",
    raised_at=YEAR_AGO,
    closed_at=YEAR_AGO,
    reference="2222-3333",
)


@pytest.fixture
def shelf(database_url: str) -> Iterator[Shelf]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        shelf = Shelf(connection, MONDAY, KnownOrganisation(connection, store.metadata))
        organisation = build.organisation()
        published = OrganisationPublished(occurred_at=MONDAY, organisation=organisation)
        shelf.keep_organisation(published)
        yield shelf
    engine.dispose()


def router_tells(shelf: Shelf, issue_id: str) -> None:
    told = IssueAssigned(
        event_id="event-assigned",
        occurred_at=MONDAY,
        issue_id=issue_id,
        issue=build.snapshot(reference="7K3M-9QWX", reporter_id=CUSTOMER, version=3),
        because=AssignedBecause.NEW,
        reasons=Reasons(),
    )
    projection.issue_changed(told, shelf)


def test_a_submission_that_comes_again_is_the_issue_that_the_router_knows(shelf: Shelf) -> None:
    router_tells(shelf, SUBMISSION.issue_id)

    (raised,) = accept(SUBMISSION, shelf)

    assert isinstance(raised, IssueRaised)
    assert (raised.reference, raised.reporter_id) == ("7K3M-9QWX", CUSTOMER)
    found = shelf.views.get(SUBMISSION.issue_id)
    assert found is not None
    assert (found.reference, found.version, found.state) == ("7K3M-9QWX", 3, State.ASSIGNED)
    assert found.description == "I pressed the button."
    assert found.snapshot is not None


def test_an_import_that_comes_again_is_the_issue_that_the_router_knows(shelf: Shelf) -> None:
    router_tells(shelf, BYGONE.issue_id)

    (*_, brought) = imported.decide(BYGONE, shelf)

    assert isinstance(brought, IssueImported)
    assert brought.reference == "7K3M-9QWX"
    found = shelf.views.get(BYGONE.issue_id)
    assert found is not None
    assert (found.version, found.description) == (3, "I pressed the button.")
