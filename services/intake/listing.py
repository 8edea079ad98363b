"""Finds issues by what they are like, the newest first, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select, tuple_

from services.intake.store import View, views
from services.intake.view import may_see
from shared.contracts.issue import Snapshot, Source, State, Step, Urgency
from shared.contracts.organisation import Organisation

MOST_LISTED = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LENGTH_OF_TIME = 16


class NoSuchPlace(Exception):
    """This cursor was not made here."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of the list ends. New issues come before it, so it stays where it is."""

    raised_at: datetime
    issue_id: str

    def __str__(self) -> str:
        since = (self.raised_at - _EPOCH) // _MICROSECOND
        return f"{since:0{_LENGTH_OF_TIME}x}{UUID(self.issue_id).hex}"


def read_place(cursor: str) -> Place:
    """The place that a cursor names; raises NoSuchPlace."""
    try:
        since = int(cursor[:_LENGTH_OF_TIME], 16)
        place = Place(_EPOCH + since * _MICROSECOND, str(UUID(cursor[_LENGTH_OF_TIME:])))
    except (ValueError, OverflowError) as error:
        raise NoSuchPlace from error
    if str(place) != cursor:
        raise NoSuchPlace
    return place


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the issues shall be like; all that is said must hold."""

    states: tuple[State, ...] = ()
    owner_id: str | None = None
    team_id: str | None = None
    carrier_id: str | None = None
    product: str | None = None
    category: str | None = None
    urgency: Urgency | None = None
    source: Source | None = None
    raised_after: datetime | None = None
    raised_before: datetime | None = None
    changed_after: datetime | None = None
    words: str | None = None
    """Found in the summary, whatever their case."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An issue in a list."""

    issue_id: str
    reference: str
    state: State
    summary: str
    owner_id: str | None
    team_id: str | None
    carrier_id: str | None
    product: str | None
    category: str | None
    urgency: Urgency | None
    source: Source | None
    confidential: bool
    next_step: Step | None
    next_step_at: datetime | None
    raised_at: datetime
    changed_at: datetime


def list_issues(
    connection: Connection,
    wanted: Wanted,
    person_id: str | None,
    organisation: Organisation,
    after: Place | None,
    limit: int,
) -> tuple[list[Listed], Place | None]:
    """At most `limit` issues that this person may see, and where the list goes on, if it does.

    Without a person none are confidential.
    """
    query = _query(wanted)
    if person_id is None:
        query = query.where(views.c.confidential.is_(False))
    found: list[View] = []
    for view in _views(connection, query, after, limit + 1):
        if not view.confidential or (person_id and may_see(view, person_id, organisation)):
            found.append(view)
        if len(found) > limit:
            break
    shown = found[:limit]
    goes_on = len(found) > limit
    place = Place(shown[-1].raised_at, shown[-1].issue_id) if goes_on else None
    return [_listed(view) for view in shown], place


def _views(
    connection: Connection, query: Select[Any], after: Place | None, size: int
) -> Iterator[View]:
    """All that the query finds after a place, read as they are needed."""
    while True:
        part = query
        if after is not None:
            here = tuple_(views.c.raised_at, views.c.issue_id)
            part = query.where(here < (after.raised_at, after.issue_id))
        rows = [View(*row) for row in connection.execute(part.limit(size))]
        yield from rows
        if len(rows) < size:
            return
        after = Place(rows[-1].raised_at, rows[-1].issue_id)


def _query(wanted: Wanted) -> Select[Any]:
    query = select(views).order_by(views.c.raised_at.desc(), views.c.issue_id.desc())
    same = {
        "owner_id": wanted.owner_id,
        "team_id": wanted.team_id,
        "carrier_id": wanted.carrier_id,
        "product": wanted.product,
        "category": wanted.category,
        "urgency": wanted.urgency,
        "source": wanted.source,
    }
    for name, value in same.items():
        if value is not None:
            query = query.where(views.c[name] == value)
    if wanted.states:
        query = query.where(views.c.state.in_(wanted.states))
    if wanted.raised_after:
        query = query.where(views.c.raised_at >= wanted.raised_after)
    if wanted.raised_before:
        query = query.where(views.c.raised_at < wanted.raised_before)
    if wanted.changed_after:
        query = query.where(views.c.changed_at >= wanted.changed_after)
    if wanted.words:
        query = query.where(views.c.summary.icontains(wanted.words, autoescape=True))
    return query


def _listed(view: View) -> Listed:
    snapshot = Snapshot.model_validate_json(view.snapshot) if view.snapshot else None
    return Listed(
        issue_id=view.issue_id,
        reference=view.reference,
        state=view.state,
        summary=view.summary,
        owner_id=view.owner_id,
        team_id=view.team_id,
        carrier_id=view.carrier_id,
        product=view.product,
        category=view.category,
        urgency=view.urgency,
        source=view.source,
        confidential=view.confidential,
        next_step=snapshot.next_step if snapshot else Step.ASSIGN,
        next_step_at=snapshot.next_step_at if snapshot else None,
        raised_at=view.raised_at,
        changed_at=view.changed_at or view.raised_at,
    )
