"""What metrics keeps: every fact in its order, and which issues are open now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    select,
)

from shared.contracts.event import Event
from shared.contracts.issue import State, Urgency
from shared.database import Instant, Word
from shared.journal import add_journal
from shared.organisation import HearerStore, KnownOrganisation, add_organisation

metadata = MetaData()
add_journal(metadata)
add_organisation(metadata)

facts = Table(
    "fact",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("issue_id", String),
    Column("version", Integer, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Index("fact_in_order", "occurred_at", "issue_id", "version", "event_id"),
)

standings = Table(
    "standing",
    metadata,
    Column("issue_id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Word(State), nullable=False),
    Column("urgency", Word(Urgency), nullable=False),
    Column("team", String, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("is_answered", Boolean, nullable=False),
    Index("standing_by_state", "state"),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as it was said; folded in the order of time, issue, version and id."""

    event_id: str
    subject: str
    issue_id: str | None
    version: int
    occurred_at: datetime
    message: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """How an issue stands, as far as the figures need it. Version 0: raised, not yet owned."""

    issue_id: str
    version: int
    state: State
    urgency: Urgency
    team: str
    raised_at: datetime
    is_answered: bool


Observation = Callable[[Any], None]
"""Something to be counted, once the batch that found it is committed."""


class Books(HearerStore):
    """What one batch of metrics reads and writes."""

    def __init__(
        self, connection: Connection, now: datetime, organisation: KnownOrganisation
    ) -> None:
        super().__init__(connection, now, metadata, organisation)
        self.facts = self.lines(facts, Fact)
        self.standings = self.rows(standings, Standing)
        self.changed: dict[str, Standing] = {}
        self.observed: list[Observation] = []
        self._marked: tuple[dict[str, Standing], int] = ({}, 0)

    def expect(self, matters: Sequence[Event]) -> None:
        self.standings.expect([event.about for event in matters if event.about])

    def mark(self) -> None:
        super().mark()
        self._marked = (dict(self.changed), len(self.observed))

    def undo(self) -> None:
        super().undo()
        self.changed, observed = self._marked
        del self.observed[observed:]

    def put(self, standing: Standing) -> None:
        self.standings.put(standing)
        self.changed[standing.issue_id] = standing


def open_standings(connection: Connection) -> list[Standing]:
    """Every issue that is not closed."""
    query = select(standings).where(standings.c.state != State.CLOSED)
    return [Standing(*row) for row in connection.execute(query)]
