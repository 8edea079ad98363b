"""What the notifier keeps: facts, whom it told of them, and how to reach people outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    select,
)

from shared.contracts.event import Event
from shared.contracts.intake import STRANGER, IssueRaised, MailBounced
from shared.contracts.notifier import Channel, Reason, Relation
from shared.contracts.router import IssueCorrected, IssueEvent
from shared.contracts.traffic import EVENTS
from shared.database import Instant, Word
from shared.journal import add_journal
from shared.organisation import HearerStore, KnownOrganisation, add_organisation

metadata = MetaData()
add_journal(metadata)
add_organisation(metadata)


class Fate(StrEnum):
    """What has become of a delivery."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    OVERTAKEN = "overtaken"
    """A call to act whose assignment was over before it could be sent."""


deliveries = Table(
    "delivery",
    metadata,
    Column("delivery_id", String, primary_key=True),
    Column("fact_id", String, nullable=False),
    Column("issue_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("relation", Word(Relation), nullable=False),
    Column("reason", Word(Reason), nullable=False),
    Column("channel", Word(Channel), nullable=False),
    Column("fate", Word(Fate), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("error", String),
    Column("due_at", Instant),
    Column("taken_at", Instant),
    Index("delivery_by_due", "due_at"),
    Index("delivery_by_issue", "issue_id"),
)

facts = Table(
    "fact",
    metadata,
    Column("fact_id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("message", LargeBinary),
)

arrivals = Table(
    "arrival",
    metadata,
    Column("issue_id", String, primary_key=True),
    Column("fact_id", String),
    Column("due_at", Instant),
    Column("taken_at", Instant),
    Index("arrival_by_due", "due_at"),
)

currents = Table(
    "current",
    metadata,
    Column("issue_id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("assignment", Integer, nullable=False),
    Column("customer", String),
    Column("still_closed_at", Instant),
)

contacts = Table(
    "contact",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("address", String, nullable=False),
    Column("language", String, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One fact for one person by one channel. Due until its fate is decided and said."""

    delivery_id: str
    fact_id: str
    issue_id: str
    person_id: str
    relation: Relation
    reason: Reason
    channel: Channel
    fate: Fate
    attempts: int
    made_at: datetime
    done_at: datetime | None
    error: str | None
    due_at: datetime | None
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fact:
    """The event that people are told of, as it came."""

    fact_id: str
    subject: str
    message: bytes | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was brought in, and when its reporter is to be told at the latest; None once told."""

    issue_id: str
    fact_id: str | None = None
    due_at: datetime | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Current:
    """The newest version of an issue that was heard of, and its assignment."""

    issue_id: str
    version: int
    assignment: int
    customer: str | None = None
    """As corrected; None where it was not."""
    still_closed_at: datetime | None = None
    """When somebody was last told that what they wrote about is solved or closed."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody outside the organisation."""

    person_id: str
    name: str
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery that can be sent as soon as it is committed, with all that is needed for it."""

    delivery: Delivery
    event: Event
    contact: Contact | None
    """Of somebody outside; None for people of the organisation, and for whom we can't reach."""
    raised: IssueRaised | None
    """What was brought in; None where that was not heard, as of an imported issue."""
    customer: str | None = None
    """As corrected."""


class Ledger(HearerStore):
    """What one batch of the notifier reads and writes."""

    def __init__(
        self, connection: Connection, now: datetime, organisation: KnownOrganisation
    ) -> None:
        super().__init__(connection, now, metadata, organisation)
        self.deliveries = self.rows(deliveries, Delivery)
        self.facts = self.rows(facts, Fact)
        self.arrivals = self.rows(arrivals, Arrival)
        self.currents = self.rows(currents, Current)
        self.contacts = self.rows(contacts, Contact)
        self.ready: list[Ready] = []
        """What can be sent after the commit."""
        self.bounces: list[MailBounced] = []
        """What came back to us, to be counted after the commit."""
        self._marked = (0, 0)

    def expect(self, matters: Sequence[Any]) -> None:
        events = [event for event in matters if isinstance(event, IssueEvent)]
        self.currents.expect([event.issue_id for event in events])
        bounced = [one for one in matters if isinstance(one, MailBounced)]
        self.deliveries.expect([one.delivery_id for one in bounced])
        self.contacts.expect(
            [e.issue.reporter_id for e in events if e.issue.reporter_id.startswith(STRANGER)]
        )
        self.arrivals.expect([one.about for one in matters if one.about])
        self.facts.expect(
            [a.fact_id for e in events if (a := self.arrivals.get(e.issue_id)) and a.fact_id]
        )

    def mark(self) -> None:
        super().mark()
        self._marked = (len(self.ready), len(self.bounces))

    def undo(self) -> None:
        super().undo()
        ready, bounces = self._marked
        del self.ready[ready:], self.bounces[bounces:]

    def take(self, delivery_ids: Sequence[str]) -> list[Ready]:
        """Marks deliveries as in work, and finds what is needed to send them."""
        self.deliveries.expect(delivery_ids)
        taken = [one for one in map(self.deliveries.get, delivery_ids) if one is not None]
        self.facts.expect([one.fact_id for one in taken])
        self.contacts.expect([one.person_id for one in taken])
        self.arrivals.expect([one.issue_id for one in taken])
        self.currents.expect([one.issue_id for one in taken])
        ready = []
        for delivery in taken:
            marked = replace(delivery, taken_at=self.now)
            self.deliveries.put(marked)
            event = self._event(delivery.fact_id)
            if event is not None:
                contact = self.contacts.get(delivery.person_id)
                ready.append(self.ready_of(marked, event, contact))
        return ready

    def take_unconfirmed(self, issue_ids: Sequence[str]) -> list[IssueRaised]:
        """Marks arrivals whose confirmation is in work, and finds what was brought in."""
        self.arrivals.expect(issue_ids)
        raised = []
        for arrival in map(self.arrivals.get, issue_ids):
            if arrival is None or arrival.due_at is None:
                continue
            self.arrivals.put(replace(arrival, taken_at=self.now))
            event = self._event(arrival.fact_id)
            if isinstance(event, IssueRaised):
                raised.append(event)
        return raised

    def confirmed(self, issue_id: str) -> None:
        """The reporter is told, so nothing is due any more."""
        arrival = self.arrivals.get(issue_id) or Arrival(issue_id)
        self.arrivals.put(replace(arrival, due_at=None, taken_at=None))

    def brought_in(self, issue_id: str) -> IssueRaised | None:
        """What was brought in; None where it was not heard yet."""
        arrival = self.arrivals.get(issue_id)
        event = self._event(arrival.fact_id) if arrival else None
        return event if isinstance(event, IssueRaised) else None

    def ready_of(self, delivery: Delivery, event: Event, contact: Contact | None) -> Ready:
        """The delivery with all that is needed for it."""
        raised = self.brought_in(delivery.issue_id)
        current = self.currents.get(delivery.issue_id)
        return Ready(delivery, event, contact, raised, current.customer if current else None)

    def mailed_to(self, person_id: str, issue_id: str, reason: Reason, since: datetime) -> int:
        """How many mails somebody was to get about an issue for a reason since then."""
        table, key = deliveries, (person_id, issue_id, reason)
        query = select(func.count()).where(
            table.c.issue_id == issue_id,
            table.c.person_id == person_id,
            table.c.reason == reason,
            table.c.channel == Channel.EMAIL,
            table.c.made_at >= since,
        )
        made = [one.delivery for one in self.ready]
        now = sum((one.person_id, one.issue_id, one.reason) == key for one in made)
        return int(self.connection.scalar(query) or 0) + now

    def _event(self, fact_id: str | None) -> Event | None:
        fact = self.facts.get(fact_id) if fact_id else None
        if fact is None or fact.message is None:
            return None
        return EVENTS[fact.subject].from_message(fact.message)

    def heard_of(self, event: IssueEvent) -> None:
        """Keeps which assignment is the current one, and the customer as corrected."""
        known = self.currents.get(event.issue_id) or Current(event.issue_id, 0, 0)
        if event.issue.version > known.version:
            issue = event.issue
            newer = replace(known, version=issue.version, assignment=issue.assignment)
            if isinstance(event, IssueCorrected) and "customer" in event.changed:
                newer = replace(newer, customer=event.customer)
            self.currents.put(newer)
