"""What metrics keeps: every fact in its order, what was folded from them, and open issues."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    delete,
    select,
    tuple_,
)

from services.metrics.facts import instant
from services.metrics.heard import Entry, Key, Undone, entries, published
from services.metrics.standing import Standing as Standing
from services.metrics.standing import standing_after
from services.metrics.watch import Watched
from shared.contracts.event import Event
from shared.contracts.issue import State, Urgency
from shared.contracts.organisation import Organisation
from shared.contracts.router import IssueEvent, IssueUndone, OrganisationPublished
from shared.contracts.traffic import EVENTS
from shared.database import Instant, Rows, Word
from shared.journal import add_journal
from shared.organisation import HearerStore, KnownOrganisation, add_organisation

_NOT_CLOSED = tuple(state for state in State if state is not State.CLOSED)
"""As words that can be looked up: what something is not is found by no index."""

metadata = MetaData()
add_journal(metadata)
add_organisation(metadata)

TAKEN_BACK_WITHIN = timedelta(days=1)
"""What is taken back was done less than this before."""
LATE_AT_MOST = timedelta(days=7)
"""What comes later than this after it happened waits for a rebuild."""

NIGHTS_KEPT = 12
"""So many working days lie further back than `LATE_AT_MOST`, whatever holidays there are."""
NIGHTS_LIE_WITHIN = timedelta(days=45)
"""As a rule so many of them do, whatever holidays there are; fewer are as right, only slower."""
PART = 2_000

facts = Table(
    "fact",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("issue_id", String),
    Column("version", Integer, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("begins_at", Instant, nullable=False),
    Index("fact_in_order", "occurred_at", "issue_id", "version", "event_id"),
    Index("fact_as_folded", "begins_at", "event_id"),
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
    Column("owner_id", String, nullable=False),
    Column("carrier_id", String, nullable=False),
    Column("is_elsewhere", Boolean, nullable=False),
    Column("moves", Integer, nullable=False),
    Index("standing_by_state", "state"),
)

nights = Table(
    "night",
    metadata,
    Column("at", Instant, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
)

watched = Table(
    "watched",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("since", Instant),
    Column("has_been_asked", Boolean, nullable=False),
    Column("alarming_since", Instant),
    Column("is_alarmed", Boolean, nullable=False),
    Column("calm_since", Instant),
    Column("is_supported", Boolean, nullable=False),
    Column("in_spite_of", Instant),
)

holds = Table(
    "hold",
    metadata,
    Column("name", String, primary_key=True),
    Column("since", Instant),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as it was said, without its words."""

    event_id: str
    subject: str
    issue_id: str | None
    version: int
    occurred_at: datetime
    message: bytes
    begins_at: datetime
    """When the first thing happened that it says."""


@dataclass(frozen=True, slots=True)
class Night:
    """The state of everybody at a night of the grid."""

    at: datetime
    state: bytes
    """JSON, compressed."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Since when a condition has been met; None where it is no longer."""

    name: str
    since: datetime | None


Observation = Callable[[Any], None]
"""Something to be counted, once the batch that found it is committed."""


class Nights:
    """When the newest state was kept, for a whole process."""

    def __init__(self) -> None:
        self.newest_at: datetime | None = None

    def is_too_late(self, at_s: float) -> bool:
        """Whether it happened so long ago that it waits for a rebuild."""
        if self.newest_at is None:
            return False
        return at_s < (self.newest_at - LATE_AT_MOST).timestamp()


class Books(HearerStore):
    """What one batch of metrics reads and writes."""

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        organisation: KnownOrganisation,
        kept: Nights | None = None,
    ) -> None:
        super().__init__(connection, now, metadata, organisation)
        self.facts = self.rows(facts, Fact)
        self.standings = self.rows(standings, Standing)
        self.nights = self.rows(nights, Night)
        self.watched = self.rows(watched, Watched)
        self.holds = self.rows(holds, Hold)
        self.changed: dict[str, Standing] = {}
        self.observed: list[Observation] = []
        self.entries: list[Entry] = []
        """To be folded once the batch is committed."""
        self.newest_at: datetime | None = None
        """When the newest fact of the batch happened."""
        self._kept = kept or Nights()
        self._marked: tuple[dict[str, Standing], int, int] = ({}, 0, 0)

    def expect(self, matters: Sequence[Event]) -> None:
        self.standings.expect([event.about for event in matters if event.about])
        self.facts.expect([event.event_id for event in matters])

    def mark(self) -> None:
        super().mark()
        self._marked = (dict(self.changed), len(self.observed), len(self.entries))

    def undo(self) -> None:
        super().undo()
        self.changed, observed, entries = self._marked
        del self.observed[observed:]
        del self.entries[entries:]

    def write(self) -> None:
        super().write()
        self._forget_nights()

    def put(self, standing: Standing) -> None:
        self.standings.put(standing)
        self.changed[standing.issue_id] = standing

    def keep(self, fact: Fact, entries: Sequence[Entry]) -> None:
        """Keeps a fact and what it says."""
        self.facts.put(fact)
        self.newest_at = max(fact.occurred_at, self.newest_at or fact.occurred_at)
        self.entries.extend(entries)

    def _forget_nights(self) -> None:
        """What comes late makes the states of all nights after it untrue, in the same transaction:
        so the newest night that is kept is always right for all that is kept."""
        begins = [begins_s(entry) for entry in self.entries]
        late = [at_s for at_s in begins if not self._kept.is_too_late(at_s)]
        newest_at = self._kept.newest_at
        if newest_at is not None and late and min(late) < newest_at.timestamp():
            self.connection.execute(delete(nights).where(nights.c.at > instant(min(late))))


def begins_s(entry: Entry) -> float:
    """From when on things are otherwise because of it."""
    if isinstance(entry.what, Undone):
        return entry.key[0] - TAKEN_BACK_WITHIN.total_seconds()
    return entry.key[0]


def entries_of(fact: Fact) -> list[Entry]:
    """What a fact that is kept says."""
    if fact.subject == OrganisationPublished.subject:
        return [published(fact.event_id, fact.occurred_at, fact.message.decode())]
    return entries(EVENTS[fact.subject].from_message(fact.message))


def in_order(connection: Connection, since: datetime | None = None) -> Iterator[Entry]:
    """Everything to fold that happened since then, or ever, in its order."""
    since_s = since.timestamp() if since else float("-inf")
    waiting: list[tuple[Key, Entry]] = []
    for fact in _as_folded(connection, since):
        while waiting and waiting[0][0][0] < fact.begins_at.timestamp():
            yield heapq.heappop(waiting)[1]
        for entry in entries_of(fact):
            if entry.key[0] >= since_s:
                heapq.heappush(waiting, (entry.key, entry))
    while waiting:
        yield heapq.heappop(waiting)[1]


def undone_since(connection: Connection, since: datetime | None = None) -> Iterator[Entry]:
    """What was taken back since then, or ever."""
    query = select(facts).where(facts.c.subject == IssueUndone.subject)
    if since is not None:
        query = query.where(facts.c.occurred_at >= since)
    for row in connection.execute(query).all():
        yield from entries_of(Fact(*row))


def newest_night(connection: Connection, before: datetime | None = None) -> Night | None:
    """The newest state that is kept, not later than `before`."""
    query = select(nights).order_by(nights.c.at.desc()).limit(1)
    if before is not None:
        query = query.where(nights.c.at <= before)
    row = connection.execute(query).first()
    return Night(*row) if row else None


def newest_fact_at(connection: Connection) -> datetime | None:
    """When the newest fact happened that was heard."""
    query = select(facts.c.occurred_at).order_by(facts.c.occurred_at.desc()).limit(1)
    found: datetime | None = connection.execute(query).scalar()
    return found


def nights_kept_since(connection: Connection) -> datetime | None:
    """From when on a night may be among those that stay; None before anything was heard."""
    night, newest_at = newest_night(connection), newest_fact_at(connection)
    ends = [at for at in (newest_at, night.at if night else None) if at is not None]
    return max(ends) - NIGHTS_LIE_WITHIN if ends else None


def forget_old_nights(connection: Connection) -> None:
    """Only those stay to which something late may go back."""
    query = select(nights.c.at).order_by(nights.c.at.desc()).offset(NIGHTS_KEPT - 1).limit(1)
    oldest = connection.execute(query).scalar()
    if oldest is not None:
        connection.execute(delete(nights).where(nights.c.at < oldest))


def first_organisation(connection: Connection) -> Organisation | None:
    """The first that was ever heard."""
    table = metadata.tables["organisation"]
    row = connection.execute(select(table).order_by(table.c.published_at)).first()
    return Organisation.from_document(row.document) if row else None


def organisation_of(connection: Connection, revision: str) -> Organisation:
    """The organisation of a revision that was heard."""
    table = metadata.tables["organisation"]
    found = connection.execute(select(table).where(table.c.revision == revision)).one()
    return Organisation.from_document(found.document)


def newest_standings(connection: Connection) -> Iterator[Standing]:
    """How each issue stands by the facts that are kept."""
    found: dict[str, Standing] = {}
    for fact in _as_folded(connection, None):
        event_type = EVENTS[fact.subject]
        known = found.get(fact.issue_id or "")
        if issubclass(event_type, IssueEvent) and (known is None or fact.version > known.version):
            standing = standing_after(event_type.from_message(fact.message))
            found[standing.issue_id] = standing
    yield from found.values()


def stand_anew(connection: Connection) -> None:
    """Takes from the facts who has each issue, which older versions of metrics did not keep."""
    unknown = (standings.c.version > 0, standings.c.owner_id == "")
    if connection.execute(select(standings.c.issue_id).where(*unknown).limit(1)).first():
        rows = Rows(connection, standings, Standing)
        for standing in newest_standings(connection):
            rows.put(standing)
        rows.write()


def open_standings(connection: Connection) -> list[Standing]:
    """Every issue that is not closed."""
    query = select(standings).where(standings.c.state.in_(_NOT_CLOSED))
    return [Standing(*row) for row in connection.execute(query)]


def all_watched(connection: Connection) -> dict[str, Watched]:
    """What was said about whom."""
    return {row.person_id: Watched(*row) for row in connection.execute(select(watched))}


def all_holds(connection: Connection) -> dict[str, datetime]:
    """Since when each condition has been met."""
    query = select(holds).where(holds.c.since.is_not(None))
    return {row.name: row.since for row in connection.execute(query)}


def _as_folded(connection: Connection, since: datetime | None) -> Iterator[Fact]:
    """Facts in the order in which what they say begins; before all others those that began before
    `since` and have happened after it."""
    query = select(facts).order_by(facts.c.begins_at, facts.c.event_id).limit(PART)
    if since is not None:
        yield from _begun_before(connection, since)
        # Not by when they happened: a database would read all facts, to have them in this order.
        query = query.where(facts.c.begins_at >= since)
    rows = connection.execute(query).all()
    while rows:
        yield from (Fact(*row) for row in rows)
        place = (rows[-1].begins_at, rows[-1].event_id)
        after = tuple_(facts.c.begins_at, facts.c.event_id) > place
        rows = connection.execute(query.where(after)).all() if len(rows) == PART else []


def _begun_before(connection: Connection, since: datetime) -> list[Fact]:
    lasted = facts.c.begins_at < facts.c.occurred_at
    rows = connection.execute(select(facts).where(facts.c.occurred_at >= since, lasted))
    return [Fact(*row) for row in rows if row.begins_at < since]
