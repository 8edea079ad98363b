"""What the router decides, on a database in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from services.router import handlers, store
from services.router.store import Board, Desk
from services.router.tick import SAY_AGAIN, OrganisationFile
from shared import clock
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, AssignedBecause, State
from shared.contracts.router import IssueAssigned, IssueReopened
from shared.database import open_engine
from tests.unit import build

NOW = build.at("2026-06-01 10:00")


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def test_what_is_reopened_goes_to_somebody_who_is_still_there(connection: Connection) -> None:
    organisation = build.organisation()
    desk = Desk(connection, NOW, organisation, Board(connection))
    closed = build.issue(
        state=State.CLOSED,
        owner_id="gone",
        team_id=organisation.default_team,
        next_step=None,
        next_step_at=None,
        wake_at=None,
    )
    desk.put(closed)
    wish = ActionRequested(
        event_id="wish",
        occurred_at=NOW,
        issue_id=closed.issue_id,
        person_id=closed.carrier_id,
        action=Action.REOPEN,
    )

    events = handlers.action_requested(wish, desk)

    reopened, assigned = events
    assert isinstance(reopened, IssueReopened)
    assert isinstance(assigned, IssueAssigned)
    assert assigned.because == AssignedBecause.LEFT
    assert assigned.issue.owner_id in organisation.person
    assert assigned.issue.owner_id != closed.carrier_id


def test_no_fact_about_an_issue_is_dated_before_the_one_that_came_earlier(
    connection: Connection,
) -> None:
    desk = Desk(connection, NOW, build.organisation(), Board(connection))
    later = NOW + timedelta(hours=1)
    issue = replace(build.issue(), changed_at=later)
    desk.put(issue)
    wish = ActionRequested(
        event_id="wish",
        occurred_at=NOW,
        issue_id=issue.issue_id,
        person_id=issue.owner_id,
        action=Action.ACKNOWLEDGE,
    )

    (acknowledged,) = handlers.action_requested(wish, desk)

    assert acknowledged.occurred_at == later


class Settles:
    """A journal that only remembers how often something was settled."""

    def __init__(self) -> None:
        self.causes: list[Any] = []

    async def settle(self, cause: Any) -> None:
        self.causes.append(cause)


@pytest.mark.parametrize(("age", "times"), [(timedelta(days=1), 0), (SAY_AGAIN * 2, 1)])
def test_an_unchanged_organisation_is_said_again_before_the_streams_forget_it(
    age: timedelta, times: int
) -> None:
    from deploy.local.up import SAMPLE
    from services.router.organisation import read

    current = read(SAMPLE)
    file = OrganisationFile(SAMPLE, 1, current, clock.now() - age)
    journal: Any = Settles()

    asyncio.run(file.publish_if_changed(journal))

    assert len(journal.causes) == times
