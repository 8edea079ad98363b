"""What the notifier keeps: facts, whom it told of them, and how to reach people outside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

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
    and_,
    func,
    or_,
    select,
    text,
)

from services.notifier import reach, timing
from services.notifier.audience import asks_in_vain
from services.notifier.digest import Followed
from services.notifier.reach import Blame, Broken, Standing
from services.notifier.ways import address_of, ways
from shared.channels import SYSTEM, Webhook
from shared.contracts.event import Event
from shared.contracts.intake import STRANGER, IssueRaised, MailBounced, Preferences
from shared.contracts.issue import Snapshot, State, Step, Urgency
from shared.contracts.notifier import DigestItem, Reason, Relation
from shared.contracts.organisation import Channel, Language
from shared.contracts.router import (
    CompanionAssigned,
    CompanionChecked,
    CompanionEvent,
    CompanionReleased,
    IssueCorrected,
    IssueEvent,
    IssueUndone,
)
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


MOST_ACCOMPANIED = 20
"""So many are named in a summary; nobody runs alongside more than a few."""
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
    Column("blame", Word(Blame)),
    Index("delivery_by_due", "due_at"),
    Index("delivery_by_issue", "issue_id"),
    Index("delivery_by_bundle", "bundle_id"),
    Index(
        "delivery_held",
        "channel",
        sqlite_where=text("fate = 'held'"),
        postgresql_where=text("fate = 'held'"),
    ),
    Index(
        "delivery_summed",
        "person_id",
        "done_at",
        sqlite_where=text("fate = 'summed'"),
        postgresql_where=text("fate = 'summed'"),
    ),
)

bundles = Table(
    "bundle",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("bundle_id", String),
    Column("due_at", Instant),
    Column("last_at", Instant),
    Column("held_id", String),
    Column("held_until", Instant),
)

presences = Table(
    "presence",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("last_act", Instant),
    Column("away_until", Instant),
    Column("full_at", Instant),
)

digests = Table(
    "digest",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("last_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("taken_at", Instant),
    Index("digest_by_due", "due_at"),
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
    Column("owner_id", String),
    Column("carrier_id", String),
    Column("reporter_id", String),
    Column("reference", String),
    Column("summary", String),
    Column("urgency", Word(Urgency)),
    Column("changed_at", Instant),
    Column("solved_at", Instant),
    Index("current_by_owner", "owner_id", "state"),
    Index("current_by_carrier", "carrier_id", "changed_at"),
    Index("current_by_reporter", "reporter_id", "changed_at"),
)

preferences = Table(
    "preference",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("said", Document, nullable=False),
)

accompanied = Table(
    "accompanied",
    metadata,
    Column("carrier_id", String, primary_key=True),
    Column("companionship_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("companion_id", String),
    Column("heard_of", Instant, nullable=False),
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

reaches = Table(
    "reach",
    metadata,
    Column("key", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("channel", Word(Channel), nullable=False),
    Column("address", String, nullable=False),
    Column("broken_at", Instant, nullable=False),
    Column("error", String, nullable=False),
    Column("tried_at", Instant),
    Column("works", Boolean, nullable=False),
)

unreached = Table(
    "unreached",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("said_at", Instant, nullable=False),
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
    blame: Blame | None = None
    """What is wrong where it has failed for good, or until somebody mends it."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is gathered for a person, and when they last got such a mail."""

    person_id: str
    bundle_id: str | None = None
    """None while nothing is gathered; what is under way is closed to others."""
    due_at: datetime | None = None
    last_at: datetime | None = None
    held_id: str | None = None
    """The same of what waits until the person is at work."""
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a person is there, as far as that is known, and how much they were told lately."""

    person_id: str
    last_act: datetime | None = None
    away_until: datetime | None = None
    full_at: datetime | None = None
    """See `timing.within_cap`."""


@dataclass(frozen=True, slots=True)
class DigestDue:
    """When somebody gets their next summary, and when they got, or might have got, the last."""

    person_id: str
    last_at: datetime
    due_at: datetime | None = None
    """None for whoever wants none, or has left."""
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accompanied:
    """A carrier, and who runs alongside, as it was heard last."""

    carrier_id: str
    companionship_id: str
    version: int
    companion_id: str | None
    """None where nobody does just now."""
    heard_of: datetime

    def is_newer_than(self, event: CompanionEvent) -> bool:
        """Whether the event tells of how it was before."""
        if self.companionship_id == event.companionship_id:
            return self.version > event.version
        return self.heard_of > event.occurred_at


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
    owner_id: str | None = None
    """From here on None where nothing was heard since summaries are made."""
    carrier_id: str | None = None
    reporter_id: str | None = None
    reference: str | None = None
    summary: str | None = None
    urgency: Urgency | None = None
    changed_at: datetime | None = None
    """When somebody else than those who wait for it last moved it."""
    solved_at: datetime | None = None
    """None unless it is solved."""


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
class Unreached:
    """When it was last said that somebody can't be reached."""

    person_id: str
    said_at: datetime


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


MOST_AN_HOUR = 60
"""Messages to one person by mail or chat that go at once; what is more goes as one mail later."""

_UNSAID = Preferences()
_ADDRESS_DIGITS = 16
_NAMESPACE = UUID("5b1c2f0a-1a36-5f0e-8d59-0d3c9d3e7c21")


def delivery_id_of(fact_id: str, person_id: str, reason: Reason, channel: Channel) -> str:
    """Always the same, so that nothing is told twice by a channel."""
    return str(uuid5(_NAMESPACE, f"{fact_id}/{person_id}/{reason}/{channel}"))


def address_digest(address: str) -> str:
    """Tells one address from another without keeping it."""
    return sha256(address.encode()).hexdigest()[:_ADDRESS_DIGITS]


def reach_key(person_id: str, channel: Channel) -> str:
    return f"{person_id}/{channel}"


def _is_new(delivery: Delivery, ledger: Ledger) -> bool:
    """Whether this batch has made it, so that it is not written yet."""
    return delivery.made_at == ledger.now


def _as_summed_up(current: Current, issue: Snapshot) -> Current:
    """With what a summary says of it."""
    is_over = issue.state in (State.RESOLVED, State.CLOSED)
    return replace(
        current,
        owner_id=issue.owner_id,
        carrier_id=issue.carrier_id,
        reporter_id=issue.reporter_id,
        reference=issue.reference,
        summary=issue.summary,
        urgency=issue.urgency,
        solved_at=issue.resolved_at if is_over else None,
    )


_OWNED = (State.ASSIGNED, State.ACKNOWLEDGED)


def _followed(row: Any) -> Followed:
    item = DigestItem(
        issue_id=row.issue_id,
        reference=row.reference,
        summary=row.summary,
        state=row.state,
        next_step=row.next_step,
        next_step_at=row.next_step_at,
        urgency=row.urgency,
        owner_id=row.owner_id,
    )
    return Followed(item, row.carrier_id, row.reporter_id, row.changed_at, row.solved_at)


def _concerned(event: IssueEvent) -> frozenset[str]:
    """Whom most events are told to."""
    issue = event.issue
    return frozenset({issue.owner_id, issue.carrier_id, issue.reporter_id, *issue.follower_ids})


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
        most_an_hour: int = MOST_AN_HOUR,
        webhooks: Sequence[Webhook] = (),
    ) -> None:
        """`most_an_hour`: how many messages one person gets at once; 0 means any number."""
        super().__init__(connection, now, metadata, organisation)
        self.webhooks = webhooks
        """Other systems that are told of what happens."""
        self._set_up = set_up
        self._most_an_hour = most_an_hour
        self.deliveries = self.rows(deliveries, Delivery)
        self.facts = self.rows(facts, Fact)
        self.arrivals = self.rows(arrivals, Arrival)
        self.currents = self.rows(currents, Current)
        self.contacts = self.rows(contacts, Contact)
        self.bundles = self.rows(bundles, Bundle)
        self.presences = self.rows(presences, Presence)
        self.digests = self.rows(digests, DigestDue)
        self.preferences = self.rows(preferences, Preference)
        self.mutes = self.rows(mutes, Mute)
        self.accompanied = self.rows(accompanied, Accompanied)
        self.threads = self.rows(threads, Thread)
        self.reaches = self.rows(reaches, Broken)
        self.unreached = self.rows(unreached, Unreached)
        self._broken_keys: set[str] | None = None
        self.ready: list[Ready] = []
        """What can be sent after the commit."""
        self.bounces: list[MailBounced] = []
        """What came back to us, to be counted after the commit."""
        self.summed: list[Delivery] = []
        """What is told in a summary only, to be counted after the commit."""
        self._joined: list[str] = []
        """What has joined others in this batch, and is not written yet."""
        self._marked = (0, 0, 0, 0)

    def expect(self, matters: Sequence[Any]) -> None:
        tried = [one for one in matters if isinstance(one, Delivery)]
        matters = [one for one in matters if not isinstance(one, Delivery)]
        events = [event for event in matters if isinstance(event, IssueEvent)]
        self.preferences.expect({one for event in events for one in _concerned(event)})
        self.currents.expect([event.issue_id for event in events])
        self.accompanied.expect([one.issue.carrier_id for one in events if asks_in_vain(one)])
        bounced = [one for one in matters if isinstance(one, MailBounced)]
        self.deliveries.expect([one.delivery_id for one in bounced])
        self.deliveries.expect([one.delivery_id for one in tried])
        self.contacts.expect(
            [e.issue.reporter_id for e in events if e.issue.reporter_id.startswith(STRANGER)]
        )
        self.arrivals.expect([one.about for one in matters if one.about])
        self._expect_listeners(events, [one for one in matters if isinstance(one, IssueRaised)])
        self.facts.expect(
            [a.fact_id for e in events if (a := self.arrivals.get(e.issue_id)) and a.fact_id]
        )

    def _expect_listeners(
        self, events: Sequence[IssueEvent], raised: Sequence[IssueRaised]
    ) -> None:
        """How those want to be told whom most events are told to."""
        concerned = {
            (person_id, event.issue_id)
            for event in events
            for person_id in (event.issue.owner_id, event.issue.carrier_id, event.issue.reporter_id)
        }
        people = {person_id for person_id, _ in concerned}
        self.preferences.expect(people)
        self.mutes.expect([f"{person_id}/{issue_id}" for person_id, issue_id in concerned])
        doers = [doer for one in (*events, *raised) if (doer := timing.doer_of(one))]
        self.presences.expect({*people, *doers})

    def mark(self) -> None:
        super().mark()
        self._marked = (len(self.ready), len(self.bounces), len(self._joined), len(self.summed))

    def undo(self) -> None:
        super().undo()
        ready, bounces, joined, summed = self._marked
        del self.ready[ready:], self.bounces[bounces:], self._joined[joined:], self.summed[summed:]

    def take(self, delivery_ids: Sequence[str]) -> list[Parcel]:
        """Marks deliveries as in work, each with all that was gathered with it, and finds what is
        needed to send them. From then on nothing joins them."""
        self.deliveries.expect(delivery_ids)
        due = [one for one in map(self.deliveries.get, delivery_ids) if one is not None]
        gathered = self._by_channel({one.bundle_id for one in due if one.bundle_id is not None})
        alone = [[one] for one in due if one.bundle_id is None]
        together = [*alone, *gathered.values()]
        taken = [one for some in together for one in some]
        self.facts.expect([one.fact_id for one in taken])
        self.contacts.expect([one.person_id for one in taken])
        self.arrivals.expect([one.issue_id for one in taken])
        self.currents.expect([one.issue_id for one in taken])
        now = [some for some in together if not self._keeps_on_waiting(some)]
        bundled = {str(some[0].bundle_id): some[0].person_id for some in now if some[0].bundle_id}
        self._close(list(bundled.values()), bundled)
        parcels = [self._parcel(some) for some in now]
        return [one for one in parcels if one.ready]

    def _keeps_on_waiting(self, some: Sequence[Delivery]) -> bool:
        """Whether their hour is over already, as after an outage. What may have been sent before
        goes on as it was, or it could come twice."""
        waiting = [one for one in some if one.fate in OPEN_FATES]
        if not waiting or any(one.fate is not Fate.HELD for one in waiting):
            return False
        events = [(one, self._event(one.fact_id)) for one in waiting]
        starts = [self.told_from(one, event) for one, event in events if event is not None]
        until = min(starts, default=self.now)
        if until <= self.now:
            return False
        self._reopen(waiting[0])
        for one in waiting:
            self.hold(replace(one, bundle_id=None), until)
        return True

    def _reopen(self, delivery: Delivery) -> None:
        """What was to go as one mail goes with all that is held."""
        bundle = self.bundles.get(delivery.person_id)
        if bundle is not None and bundle.bundle_id == delivery.bundle_id:
            self.bundles.put(replace(bundle, bundle_id=None, due_at=None))
        elif bundle is not None and bundle.held_id == delivery.bundle_id:
            self.bundles.put(replace(bundle, held_until=None))

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

    def _by_channel(self, bundle_ids: Collection[str]) -> dict[tuple[str, Channel], list[Delivery]]:
        """What of these bundles goes as one message: what has the same channel."""
        found: dict[tuple[str, Channel], list[Delivery]] = {}
        for bundle_id, some in self._gathered(bundle_ids).items():
            for delivery in some:
                found.setdefault((bundle_id, delivery.channel), []).append(delivery)
        return found

    def _close(self, person_ids: Sequence[str], bundle_ids: Collection[str]) -> None:
        """Nothing joins these bundles any more."""
        self.bundles.expect(person_ids)
        for bundle in map(self.bundles.get, person_ids):
            if bundle is None:
                continue
            if bundle.bundle_id in bundle_ids:
                bundle = replace(bundle, bundle_id=None, due_at=None, last_at=self.now)
            if bundle.held_id in bundle_ids:
                bundle = replace(bundle, held_id=None, held_until=None, last_at=self.now)
            self.bundles.put(bundle)

    def _parcel(self, some: Sequence[Delivery]) -> Parcel:
        """Those of them that are still to be sent, marked as in work. Of what has been erased
        there is nothing to tell any more. Whatever becomes of each, the same one names them."""
        first = min(some, key=lambda one: (one.delivery_id != one.bundle_id, one.delivery_id))
        ready = []
        for delivery in some:
            if delivery.fate not in OPEN_FATES:
                continue
            event = self._event(delivery.fact_id)
            if event is None:
                self.deliveries.put(self.done(delivery, Fate.OVERTAKEN))
                continue
            marked = replace(delivery, fate=Fate.SENDING, taken_at=self.now)
            self.deliveries.put(marked)
            contact = self.contacts.get(delivery.person_id)
            ready.append(self.ready_of(marked, event, contact))
        return Parcel(tuple(ready), first)

    def done(self, delivery: Delivery, fate: Fate) -> Delivery:
        """The delivery at its end, no longer due."""
        return replace(delivery, fate=fate, done_at=self.now, due_at=None, taken_at=None)

    def gather(self, delivery: Delivery, *, urgent: bool) -> None:
        """Lets a delivery wait for company; the first of them names the mail."""
        known = self.bundles.get(delivery.person_id) or Bundle(delivery.person_id)
        due_at = timing.goes_at(
            self.now, urgent=urgent, last_at=known.last_at, open_until=known.due_at
        )
        if known.held_until is not None and known.held_until <= due_at:
            self._join(delivery, known.held_id, known.held_until)
            return
        bundle_id = known.bundle_id or delivery.delivery_id
        self.bundles.put(replace(known, bundle_id=bundle_id, due_at=due_at))
        self._join(delivery, bundle_id, due_at)

    def hold(self, delivery: Delivery, until: datetime) -> None:
        """Lets a delivery wait until its person is at work: all that waits goes as one mail, and
        takes along what comes in the first moment of the day."""
        known = self.bundles.get(delivery.person_id) or Bundle(delivery.person_id)
        held_id = known.held_id or delivery.delivery_id
        due_at = until + timing.GATHER
        if delivery.reason in timing.ALONE:
            self._join(delivery, None, due_at)
            return
        if known.held_until is not None:
            due_at = min(due_at, max(known.held_until, self.now))
        self.bundles.put(replace(known, held_id=held_id, held_until=due_at))
        self._join(delivery, held_id, due_at)

    def _join(self, delivery: Delivery, bundle_id: str | None, due_at: datetime) -> None:
        held = replace(delivery, fate=Fate.HELD, bundle_id=bundle_id, due_at=due_at, taken_at=None)
        self.deliveries.put(held)
        self._joined.append(delivery.delivery_id)

    def release(self, person_id: str) -> None:
        """What is held for somebody goes when they can be told by now, if that is earlier."""
        known = self.bundles.get(person_id)
        listener = self._listener(person_id)
        if known is None or known.held_id is None or known.held_until is None or listener is None:
            return
        first = self.deliveries.get(known.held_id)
        due_at = timing.is_there_from(self.now, listener) + timing.GATHER
        if first is None or due_at >= known.held_until:
            return
        self.bundles.put(replace(known, held_until=due_at))
        self.deliveries.put(replace(first, due_at=due_at))

    def heard_of_companion(self, event: CompanionEvent) -> None:
        """Who runs alongside a carrier from now on, or that nobody does any more."""
        known = self.accompanied.get(event.carrier_id)
        if known is not None and known.is_newer_than(event):
            return
        runs = isinstance(event, CompanionAssigned | CompanionChecked)
        before = known.companion_id if known is not None else None
        ends = isinstance(event, CompanionReleased)
        companion_id = event.companion_id if runs else None if ends else before
        self.accompanied.put(
            Accompanied(
                event.carrier_id,
                event.companionship_id,
                event.version,
                companion_id,
                event.occurred_at,
            )
        )

    def companion_of(self, carrier_id: str) -> str | None:
        """Who runs alongside a carrier."""
        known = self.accompanied.get(carrier_id)
        return known.companion_id if known is not None else None

    def accompanied_by(self, companion_id: str) -> list[str]:
        """Alongside whom somebody runs, in order."""
        table = accompanied
        query = select(table.c.carrier_id).where(table.c.companion_id == companion_id)
        return sorted(self.connection.scalars(query))[:MOST_ACCOMPANIED]

    def sum_up(self, delivery: Delivery) -> None:
        """It is told in a summary only; the inbox has it all the same."""
        told = replace(delivery, fate=Fate.SUMMED, done_at=self.now, due_at=None, taken_at=None)
        self.deliveries.put(told)
        self.summed.append(told)

    def told_from(self, delivery: Delivery, event: Event) -> datetime:
        """Now, or from when the person can be told, if it can wait."""
        person_id = delivery.person_id
        listener = self._listener(person_id)
        if listener is None:
            return self.now
        return timing.told_from(
            self.now, listener, reason=delivery.reason, event=event, person_id=person_id
        )

    def _listener(self, person_id: str) -> timing.Listener | None:
        """None for somebody outside, who is told at once."""
        if person_id not in self.organisation.person:
            return None
        wanted = self.preferences_of(person_id)
        presence = self.presences.get(person_id) or Presence(person_id)
        return timing.Listener(
            timing.hours_of(self.organisation.calendar_of(person_id), wanted),
            wanted.urgent_passes,
            presence.last_act,
            presence.away_until,
        )

    def has_acted(self, event: IssueEvent | IssueRaised) -> None:
        """Whoever has done something themselves is there."""
        person_id = timing.doer_of(event)
        if person_id is None or person_id.startswith(STRANGER):
            return
        known = self.presences.get(person_id) or Presence(person_id)
        if known.last_act is None or known.last_act < event.occurred_at:
            self.presences.put(replace(known, last_act=event.occurred_at))

    def plan_digests(self) -> None:
        """Everybody in the organisation gets summaries as they want them, and nobody else."""
        table = digests
        planned = select(table.c.person_id).where(table.c.due_at.is_not(None))
        people = {row.person_id for row in self.connection.execute(planned)}
        people |= set(self.organisation.person)
        self.digests.expect(people)
        self.preferences.expect(people)
        for person_id in sorted(people):
            self.plan_digest(person_id)

    def plan_digest(self, person_id: str) -> None:
        """When the next one is due; one that is due already stays so."""
        known = self.digests.get(person_id) or DigestDue(person_id, self.now)
        is_inside = person_id in self.organisation.person
        if is_inside and known.due_at is not None and known.due_at <= self.now:
            return
        planned = replace(known, due_at=self._next_digest(person_id), taken_at=None)
        if planned != self.digests.get(person_id) and (is_inside or known.due_at is not None):
            self.digests.put(planned)

    def _next_digest(self, person_id: str) -> datetime | None:
        if person_id not in self.organisation.person:
            return None
        calendar = self.organisation.calendar_of(person_id)
        return timing.digest_at(self.now, calendar, self.preferences_of(person_id))

    def take_digests(self, person_ids: Sequence[str]) -> list[DigestDue]:
        """Marks those that are still due as in work."""
        self.digests.expect(person_ids)
        taken = []
        for known in map(self.digests.get, person_ids):
            if known is not None and known.due_at is not None and known.due_at <= self.now:
                taken.append(replace(known, taken_at=self.now))
                self.digests.put(taken[-1])
        return taken

    def digest_made(self, known: DigestDue) -> None:
        """From now on the next one is counted."""
        due_at = self._next_digest(known.person_id)
        self.digests.put(replace(known, last_at=self.now, due_at=due_at, taken_at=None))

    def digest_waits(self, known: DigestDue, until: datetime) -> None:
        """Its person is not at work, as after an outage."""
        self.digests.put(replace(known, due_at=until, taken_at=None))

    def at_work_from(self, person_id: str) -> datetime:
        """Now, or when somebody of the organisation is next there to read."""
        listener = self._listener(person_id)
        return timing.is_there_from(self.now, listener) if listener else self.now

    def followed_by(self, person_id: str, since: datetime) -> list[Followed]:
        """What may stand in somebody's summary."""
        table = currents
        carries, reports = table.c.carrier_id == person_id, table.c.reporter_id == person_id
        query = select(table).where(
            or_(
                and_(table.c.owner_id == person_id, table.c.state.in_(_OWNED)),
                and_(carries, table.c.next_step.in_((Step.CONFIRM, Step.WAIT))),
                and_(carries, table.c.changed_at > since),
                and_(reports, table.c.changed_at > since),
            ),
            table.c.reference.is_not(None),
        )
        return [_followed(row) for row in self.connection.execute(query)]

    def summed_since(self, person_id: str, since: datetime) -> int:
        """How many messages somebody was not sent one by one."""
        table = deliveries
        query = select(func.count()).where(
            table.c.fate == Fate.SUMMED, table.c.person_id == person_id, table.c.done_at > since
        )
        return int(self.connection.scalar(query) or 0)

    def is_away(self, person_id: str, until: datetime | None) -> None:
        """They are away until then, or here (None)."""
        known = self.presences.get(person_id) or Presence(person_id)
        self.presences.put(replace(known, away_until=until))

    def may_go_at_once(self, person_id: str) -> bool:
        """Whether the person had fewer messages lately than anybody can read; if so, it is one
        more."""
        if not self._most_an_hour:
            return True
        known = self.presences.get(person_id) or Presence(person_id)
        full_at = timing.within_cap(self.now, known.full_at, self._most_an_hour)
        if full_at is None:
            return False
        self.presences.put(replace(known, full_at=full_at))
        return True

    def sent_with(self, delivery: Delivery) -> list[Delivery]:
        """All that went, or was to go, as one message with this one."""
        if delivery.bundle_id is None:
            return [self.deliveries.get(delivery.delivery_id) or delivery]
        key = (delivery.bundle_id, delivery.channel)
        return self._by_channel({delivery.bundle_id}).get(key, [delivery])

    def send_together(self, some: Sequence[Delivery]) -> None:
        """Lets deliveries to one person by one channel go at once, as one message."""
        bundle_id = min(one.delivery_id for one in some) if len(some) > 1 else None
        for one in some:
            due = replace(one, fate=Fate.SENDING, bundle_id=bundle_id, due_at=self.now)
            self.deliveries.put(replace(due, taken_at=None))
            self._joined.append(one.delivery_id)

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

    def first_way(self, person_id: str, tried: Collection[Channel] = ()) -> Channel | None:
        """The first channel that may reach them and was not tried yet; None where there is none."""
        found = self.ways(person_id)
        return reach.first_of(found, [self.standing(person_id, one) for one in found], tried)

    def try_again(self, person_id: str, channel: Channel) -> None:
        """A channel that did not reach them is tried with this, and not with all that follows."""
        broken = self._broken(person_id, channel)
        if broken is not None and self.standing(person_id, channel) is Standing.TRY:
            self.reaches.put(replace(broken, tried_at=self.now))

    def standing(self, person_id: str, channel: Channel) -> Standing:
        """Whether the channel reached them lately."""
        broken = self._broken(person_id, channel)
        address = self._address_of(person_id, channel) if broken is not None else None
        return reach.standing(broken, address, self.now)

    def broken(self, person_id: str, channel: Channel, error: str) -> None:
        """The channel does not reach them; where we know no address there is nothing to keep."""
        address = self._address_of(person_id, channel)
        if address is not None:
            key = reach_key(person_id, channel)
            self._known_broken().add(key)
            self.reaches.put(Broken(key, person_id, channel, address, self.now, error))

    def reached(self, person_id: str, channel: Channel) -> None:
        """The channel took it. A mail may still come back, so that it proves nothing yet."""
        broken = self._broken(person_id, channel)
        if broken is not None and not broken.works and channel is not Channel.EMAIL:
            self.reaches.put(replace(broken, works=True))

    def arrived(self, person_id: str, channel: Channel) -> None:
        """It stands before them."""
        broken = self._broken(person_id, channel)
        if broken is not None and not broken.works:
            self.reaches.put(replace(broken, works=True))

    def error_of(self, person_id: str, channel: Channel) -> str | None:
        """What it said when it last did not reach them."""
        broken = self._broken(person_id, channel)
        return broken.error if broken is not None else None

    def _broken(self, person_id: str, channel: Channel) -> Broken | None:
        """Few are, so that all are read at once, and only where somebody asks."""
        key = reach_key(person_id, channel)
        return self.reaches.get(key) if key in self._known_broken() else None

    def _known_broken(self) -> set[str]:
        if self._broken_keys is None:
            query = select(reaches.c.key).where(reaches.c.works.is_(False))
            self._broken_keys = {str(row.key) for row in self.connection.execute(query)}
            self.reaches.expect(self._broken_keys)
        return self._broken_keys

    def _address_of(self, person_id: str, channel: Channel) -> str | None:
        """A digest of where they are on this channel; None where that is not known."""
        person = self.organisation.person.get(person_id)
        if person is not None:
            has_it = channel is Channel.EMAIL or channel in person.chat
            return address_digest(address_of(person, channel)) if has_it else None
        contact = self.contacts.get(person_id)
        return address_digest(contact.address) if contact is not None else None

    def thread(self, delivery: Delivery) -> str | None:
        """The conversation in which it goes, where one was begun; mails name their own."""
        if not delivery.issue_id or delivery.channel is Channel.EMAIL:
            return None
        found = self.threads.get(_thread_key(delivery))
        return found.external_thread if found else None

    def keep_thread(self, delivery: Delivery) -> None:
        """Further messages about the issue go in the conversation in which this one stands."""
        thread = delivery.external_thread
        if delivery.issue_id and thread and self.thread(delivery) != thread:
            self.threads.put(Thread(_thread_key(delivery), thread))

    def mailed_to(self, person_id: str, issue_id: str, reason: Reason, since: datetime) -> int:
        """How many messages somebody was to get about an issue for a reason since then."""
        table, key = deliveries, (person_id, issue_id, reason)
        query = select(func.count()).where(
            table.c.issue_id == issue_id,
            table.c.person_id == person_id,
            table.c.reason == reason,
            table.c.channel != Channel.INBOX,
            table.c.fate != Fate.SUMMED,
            table.c.made_at >= since,
        )
        made = [one.delivery for one in self.ready]
        made += [
            one for one in map(self.deliveries.get, self._joined) if one and _is_new(one, self)
        ]
        now = sum((one.person_id, one.issue_id, one.reason) == key for one in made)
        return int(self.connection.scalar(query) or 0) + now

    def told_of(self, delivery: Delivery) -> Event | None:
        """The event that the person is told about; None where it has been erased."""
        return self._event(delivery.fact_id)

    def _event(self, fact_id: str | None) -> Event | None:
        fact = self.facts.get(fact_id) if fact_id else None
        if fact is None or fact.message is None:
            return None
        return EVENTS[fact.subject].from_message(fact.message)

    def heard_of(self, event: IssueEvent) -> None:
        """Keeps how the issue stands, the customer as corrected, and who was there to do it."""
        self.has_acted(event)
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
            if timing.moves_on(event):
                newer = replace(newer, changed_at=event.occurred_at)
            newer = _as_summed_up(newer, issue)
            if isinstance(event, IssueCorrected) and "customer" in event.changed:
                newer = replace(newer, customer=event.customer)
            known = newer
            self.currents.put(known)
        if isinstance(event, IssueUndone):
            undone = [*known.undone, *event.requests][-MOST_UNDONE:]
            self.currents.put(replace(known, undone=undone))


def answered(connection: Connection, questions: Sequence[Ready]) -> frozenset[str]:
    """Of which deliveries that ask about a companion more has happened since."""
    events = {
        one.delivery.delivery_id: one.event
        for one in questions
        if isinstance(one.event, CompanionEvent)
    }
    carriers = {event.carrier_id for event in events.values()}
    query = select(accompanied).where(accompanied.c.carrier_id.in_(sorted(carriers)))
    known = {row.carrier_id: Accompanied(*row) for row in connection.execute(query)}
    return frozenset(
        delivery_id
        for delivery_id, event in events.items()
        if event.carrier_id in known and known[event.carrier_id].is_newer_than(event)
    )
