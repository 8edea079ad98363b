"""What the router would decide about an issue now. Nothing is decided, and nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.router import rules, store
from services.router.handlers.raised import issue_raised
from services.router.rules import Route, Tried
from services.router.store import Board, Desk
from services.router.suggestion.memory import FILE
from shared.contracts.intake import IssueRaised
from shared.contracts.organisation import Organisation, Policy
from shared.contracts.router import IssueAssigned
from shared.database import open_engine
from shared.worktime import working_hours


class NoSuchWork(Exception):
    """The router's database is not there, or is of another version."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Where an issue would go, to whom, and by when what would have to be done."""

    tried: tuple[Tried, ...]
    route: Route
    assigned: IssueAssigned
    policy: Policy
    answer_by: datetime
    resolve_by: datetime


def try_out(
    raised: IssueRaised, organisation: Organisation, now: datetime, database: Path | None = None
) -> Trial:
    """What would become of the issue if it came in at `now`.

    `database` is the router's, and is read only: who has how much in hand, and who is away.
    Without it nobody has anything in hand, and nothing was learned. Raises NoSuchWork.
    """
    with _connection(database) as connection:
        board = Board(connection)
        if database is not None:
            _recall(board, database.with_name(FILE))
        desk = Desk(connection, now, organisation, board)
        (assigned, *_) = (
            event for event in issue_raised(raised, desk) if isinstance(event, IssueAssigned)
        )
        hours = working_hours(organisation.calendar_of(assigned.issue.owner_id), desk.rests)
    issue = assigned.issue
    policy = (
        organisation.more_policies.get(issue.policy or "") or organisation.policies[issue.urgency]
    )
    return Trial(
        tried=rules.explain(raised, organisation),
        route=rules.route(raised, organisation),
        assigned=assigned,
        policy=policy,
        answer_by=hours.after(raised.occurred_at, policy.answer_within),
        resolve_by=hours.after(raised.occurred_at, policy.resolve_within),
    )


def _recall(board: Board, file: Path) -> None:
    """A file that the router will learn anew says nothing here."""
    if file.exists():
        from services.router.suggestion.model import ModelUnusable

        with suppress(ModelUnusable):
            board.memory.recall(file)


@contextmanager
def _connection(database: Path | None) -> Iterator[Connection]:
    if database is not None and not database.exists():
        raise NoSuchWork
    engine = open_engine(
        f"sqlite:///{database}" if database else "sqlite://", read_only=database is not None
    )
    try:
        with engine.connect() as connection:
            if database is None:
                store.metadata.create_all(connection)
            yield connection
    except DBAPIError as error:
        raise NoSuchWork from error
    finally:
        engine.dispose()
