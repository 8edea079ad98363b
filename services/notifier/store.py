"""What the notifier keeps: facts, whom it told of them, and how to reach people outside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
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

from services.notifier import timing
from services.notifier.ways import ways
from shared.channels import SYSTEM, Webhook
from shared.contracts.event import Event
from shared.contracts.intake import STRANGER, IssueRaised, MailBounced, Preferences
from shared.contracts.issue import State, Step
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Channel, Language
from shared.contracts.router import IssueCorrected, IssueEvent, IssueUndone
from shared.contracts.traffic import EVENTS
from shared.database import Document, Instant, Word
from shared.journal import add_journal
from shared.organisation import HearerStore, KnownOrganisation, add_organisation

metadata = MetaData()
add_journal(metadata)
add_organisation(metadata)


class Fate(StrEnum):
    """What has become of a delivery."""

    HELD = "held"
    """It waits for its hour, or for company."""
    SENDING = "sending"
    """It is on its way to the channel."""
    POSTPONED = "postponed"
    """It has failed for now and is tried again."""
    SENT = "sent"
    """The channel took it."""
    DELIVERED = "delivered"
    """It stands before the person."""
    FAILED = "failed"
    """It has failed for good."""
    OVERTAKEN = "overtaken"
    """It was out of date before it could be sent."""
    SUMMED = "summed"
    """It is told in a summary only."""


MOST_UNDONE = 20
"""Of one issue, so many requests that were taken back are known."""
OPEN_FATES = (Fate.HELD, Fate.SENDING, Fate.POSTPONED)
"""Of what is still to be sent."""


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
    Column("bundle_id", String),
    Column("external_id", String),
    Column("external_thread", String),
    Index("delivery_by_due", "due_at"),
    Index("delivery_by_issue", "issue_id"),
    Index("delivery_by_bundle", "bundle_id"),
)

bundles = Table(
    "bundle",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("bundle_id", String),
    Column("due_at", Instant),
    Column("last_at", Instant),
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
    Column("state", Word(State)),
    Column("next_step", Word(Step)),
    Column("next_step_at", Instant),
    Column("undone", Document, nullable=False, server_default="[]"),
)

preferences = Table(
    "preference",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("said", Document, nullable=False),
)

mutes = Table(
    "mute",
    metadata,
    Column("key", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("issue_id", String, nullable=False),
    Column("since", Instant),
)

threads = Table(
    "thread",
    metadata,
    Column("key", String, primary_key=True),
    Column("external_thread", String, nullable=False),
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
    bundle_id: str | None = None
    """The id of the first delivery of those that go as one mail; None where it goes alone."""
    external_id: str | None = None
    """The channel's own id of the message."""
    external_thread: str | None = None
    """The channel's own id of the conversation."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is gathered for a person, and when they last got such a mail."""

    person_id: str
    bundle_id: str | None = None
    """None while nothing is gathered; what is under way is closed to others."""
    due_at: datetime | None = None
    last_at: datetime | None = None


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
    state: State | None = None
    """None where nothing was heard since this is kept."""
    next_step: Step | None = None
    next_step_at: datetime | None = None
    undone: list[str] = field(default_factory=list)
    """Ids of the requests that were lately taken back; the newest last."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody outside the organisation."""

    person_id: str
    name: str
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Preference:
    """How somebody wants to be told, as they said it."""

    person_id: str
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mute:
    """Somebody wants to hear no more of an issue, but for what only they can do."""

    key: str
    person_id: str
    issue_id: str
    since: datetime | None
    """None where they want to hear of it again."""


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation with a person about an issue on a channel."""

    key: str
    external_thread: str


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
    language: Language | None = None
    """As the person prefers; None: as is known of them."""
    thread: str | None = None
    """The conversation on this channel about this issue."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes as one mail: one delivery, or all that were gathered for a person."""

    ready: tuple[Ready, ...]
    named_by: Delivery
    """Whose Message-ID the mail has, whatever of it may be overtaken by then."""


_UNSAID = Preferences()


def _thread_key(delivery: Delivery) -> str:
    return f"{delivery.person_id}/{delivery.issue_id}/{delivery.channel}"


class Ledger(HearerStore):
    """What one batch of the notifier reads and writes."""

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        organisation: KnownOrganisation,
        set_up: Collection[Channel] = (Channel.EMAIL,),
        webhooks: Sequence[Webhook] = (),
    ) -> None:
        super().__init__(connection, now, metadata, organisation)
        self.webhooks = webhooks
        """Other systems that are told of what happens."""
        self._set_up = set_up
        self.deliveries = self.rows(deliveries, Delivery)
        self.facts = self.rows(facts, Fact)
        self.arrivals = self.rows(arrivals, Arrival)
        self.currents = self.rows(currents, Current)
        self.contacts = self.rows(contacts, Contact)
        self.bundles = self.rows(bundles, Bundle)
        self.preferences = self.rows(preferences, Preference)
        self.mutes = self.rows(mutes, Mute)
        self.threads = self.rows(threads, Thread)
        self.ready: list[Ready] = []
        """What can be sent after the commit."""
        self.bounces: list[MailBounced] = []
        """What came back to us, to be counted after the commit."""
        self._joined: list[str] = []
        """What has joined others in this batch, and is not written yet."""
        self._marked = (0, 0, 0)

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
        self._marked = (len(self.ready), len(self.bounces), len(self._joined))

    def undo(self) -> None:
        super().undo()
        ready, bounces, joined = self._marked
        del self.ready[ready:], self.bounces[bounces:], self._joined[joined:]

    def take(self, delivery_ids: Sequence[str]) -> list[Parcel]:
        """Marks deliveries as in work, each with all that was gathered with it, and finds what is
        needed to send them. From then on nothing joins them."""
        self.deliveries.expect(delivery_ids)
        due = [one for one in map(self.deliveries.get, delivery_ids) if one is not None]
        gathered = self._gathered({one.bundle_id for one in due if one.bundle_id is not None})
        alone = [[one] for one in due if one.bundle_id is None]
        together = [*alone, *gathered.values()]
        taken = [one for some in together for one in some]
        self.facts.expect([one.fact_id for one in taken])
        self.contacts.expect([one.person_id for one in taken])
        self.arrivals.expect([one.issue_id for one in taken])
        self.currents.expect([one.issue_id for one in taken])
        self._close([some[0].person_id for some in gathered.values()], gathered)
        parcels = [self._parcel(some) for some in together]
        return [one for one in parcels if one.ready]

    def _gathered(self, bundle_ids: Collection[str]) -> dict[str, list[Delivery]]:
        """All deliveries of these bundles, whatever has become of them."""
        if not bundle_ids:
            return {}
        table = deliveries
        query = select(table.c.delivery_id).where(table.c.bundle_id.in_(sorted(bundle_ids)))
        written = [str(row.delivery_id) for row in self.connection.execute(query)]
        ids = list(dict.fromkeys((*written, *self._joined)))
        self.deliveries.expect(ids)
        found: dict[str, list[Delivery]] = {}
        for delivery in map(self.deliveries.get, ids):
            if delivery is not None and delivery.bundle_id in bundle_ids:
                found.setdefault(str(delivery.bundle_id), []).append(delivery)
        return found

    def _close(self, person_ids: Sequence[str], bundle_ids: Collection[str]) -> None:
        """Nothing joins these bundles any more."""
        self.bundles.expect(person_ids)
        for bundle in map(self.bundles.get, person_ids):
            if bundle is not None and bundle.bundle_id in bundle_ids:
                closed = replace(bundle, bundle_id=None, due_at=None, last_at=self.now)
                self.bundles.put(closed)

    def _parcel(self, some: Sequence[Delivery]) -> Parcel:
        """Those of them that are still to be sent, marked as in work."""
        first = next((one for one in some if one.delivery_id == one.bundle_id), some[0])
        ready = []
        for delivery in some:
            event = self._event(delivery.fact_id)
            if delivery.fate in OPEN_FATES and event is not None:
                marked = replace(delivery, fate=Fate.SENDING, taken_at=self.now)
                self.deliveries.put(marked)
                contact = self.contacts.get(delivery.person_id)
                ready.append(self.ready_of(marked, event, contact))
        return Parcel(tuple(ready), first)

    def gather(self, delivery: Delivery, *, urgent: bool) -> None:
        """Lets a delivery wait for company; the first of them names the mail."""
        known = self.bundles.get(delivery.person_id) or Bundle(delivery.person_id)
        due_at = timing.goes_at(
            self.now, urgent=urgent, last_at=known.last_at, open_until=known.due_at
        )
        bundle_id = known.bundle_id or delivery.delivery_id
        self.bundles.put(replace(known, bundle_id=bundle_id, due_at=due_at))
        held = replace(delivery, fate=Fate.HELD, bundle_id=bundle_id, due_at=due_at, taken_at=None)
        self.deliveries.put(held)
        self._joined.append(delivery.delivery_id)

    def sent_with(self, delivery: Delivery) -> list[Delivery]:
        """All that went, or was to go, as one mail with this one."""
        if delivery.bundle_id is None:
            return [delivery]
        return self._gathered({delivery.bundle_id}).get(delivery.bundle_id, [delivery])

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
        wanted = self.preferences_of(delivery.person_id)
        customer = current.customer if current else None
        return Ready(
            delivery, event, contact, raised, customer, wanted.language, self.thread(delivery)
        )

    def preferences_of(self, person_id: str) -> Preferences:
        """How they want to be told, or what holds for whoever has said nothing."""
        known = self.preferences.get(person_id)
        return Preferences.model_validate(known.said) if known is not None else _UNSAID

    def is_muted(self, person_id: str, issue_id: str) -> bool:
        """Whether they want to hear no more of it."""
        known = self.mutes.get(f"{person_id}/{issue_id}")
        return known is not None and known.since is not None

    def ways(self, person_id: str) -> tuple[Channel, ...]:
        """By which channels they can be told, the first choice first."""
        if person_id.startswith(SYSTEM):
            return (Channel.WEBHOOK,)
        person = self.organisation.person.get(person_id)
        return ways(person, self.preferences_of(person_id), self.organisation, self._set_up)

    def thread(self, delivery: Delivery) -> str | None:
        """The conversation in which it goes, where one was begun."""
        found = self.threads.get(_thread_key(delivery)) if delivery.issue_id else None
        return found.external_thread if found else None

    def keep_thread(self, delivery: Delivery) -> None:
        """Further messages about the issue go in the conversation in which this one stands."""
        thread = delivery.external_thread
        if delivery.issue_id and thread and self.thread(delivery) != thread:
            self.threads.put(Thread(_thread_key(delivery), thread))

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
            newer = replace(
                known,
                version=issue.version,
                assignment=issue.assignment,
                state=issue.state,
                next_step=issue.next_step,
                next_step_at=issue.next_step_at,
            )
            if isinstance(event, IssueCorrected) and "customer" in event.changed:
                newer = replace(newer, customer=event.customer)
            known = newer
            self.currents.put(known)
        if isinstance(event, IssueUndone):
            undone = [*known.undone, *event.requests][-MOST_UNDONE:]
            self.currents.put(replace(known, undone=undone))
