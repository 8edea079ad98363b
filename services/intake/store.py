"""What intake keeps: submissions, the people outside, and a projection of what became of issues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    delete,
    false,
    func,
    or_,
    select,
)

from shared.contracts.event import Event
from shared.contracts.intake import Preferences
from shared.contracts.issue import Source, State, Urgency
from shared.contracts.notifier import NotificationEvent
from shared.contracts.organisation import Channel
from shared.contracts.router import IssueEvent
from shared.database import Document, Instant, Row, Word
from shared.journal import add_journal
from shared.organisation import HearerStore, KnownOrganisation, add_organisation


class Result(StrEnum):
    """What came of telling somebody something."""

    SENT = "sent"
    """The channel took it."""
    ARRIVED = "arrived"
    """It stands before them."""
    FAILED = "failed"
    """The channel refused it for good."""
    UNREACHABLE = "unreachable"
    """It failed, and no other channel is left."""


metadata = MetaData()
add_journal(metadata)
add_organisation(metadata)

submissions = Table(
    "submission",
    metadata,
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("issue_id", String, nullable=False),
    Column("received_at", Instant, nullable=False),
)

references = Table(
    "reference",
    metadata,
    Column("reference", String, primary_key=True),
    Column("issue_id", String, nullable=False),
)

people = Table(
    "person",
    metadata,
    Column("address", String, primary_key=True),
    Column("person_id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("language", String, nullable=False),
)

views = Table(
    "view",
    metadata,
    Column("issue_id", String, primary_key=True),
    Column("reference", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Word(State), nullable=False),
    Column("summary", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("reporter_id", String, nullable=False),
    Column("language", String, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("snapshot", Text),
    Column("reasons", Text),
    Column("because", String),
    Column("brought", Document, nullable=False, server_default="{}"),
    Column("confidential", Boolean, nullable=False, server_default=false()),
    Column("changed_at", Instant),
    Column("source", Word(Source)),
    Column("urgency", Word(Urgency)),
    Column("product", String),
    Column("category", String),
    Column("carrier_id", String),
    Column("owner_id", String),
    Column("team_id", String),
    Column("merged_into", String),
    Column("parent_id", String),
    Index("view_by_time", "raised_at", "issue_id"),
    Index("view_by_state", "state", "raised_at", "issue_id"),
    Index("view_by_owner", "owner_id", "raised_at", "issue_id"),
    Index("view_by_team", "team_id", "raised_at", "issue_id"),
    Index("view_by_carrier", "carrier_id", "raised_at", "issue_id"),
    Index("view_by_main", "merged_into"),
    Index("view_by_parent", "parent_id"),
)

histories = Table(
    "history",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("issue_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("subject", String, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("cause_id", String, nullable=False),
    Column("actor_id", String),
    Column("said", Document, nullable=False),
    Index("history_by_issue", "issue_id", "version"),
    Index("history_by_cause", "cause_id"),
)

notices = Table(
    "notice",
    metadata,
    Column("delivery_id", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("issue_id", String, nullable=False),
    Column("fact_id", String, nullable=False),
    Column("relation", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Index("notice_by_person", "person_id", "sent_at"),
)

told = Table(
    "told",
    metadata,
    Column("delivery_id", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("issue_id", String, nullable=False),
    Column("fact_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("result", Word(Result), nullable=False),
    Column("error", String),
    Column("at", Instant, nullable=False),
    Index("told_by_issue", "issue_id", "at"),
    Index("told_by_fact", "fact_id"),
)


absences = Table(
    "absence",
    metadata,
    Column("absence_id", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("substitute_id", String),
    Column("is_over", Boolean, nullable=False, server_default=false()),
    Index("absence_by_person", "person_id", "ends_at"),
)

pauses = Table(
    "pause",
    metadata,
    Column("pause_id", String, primary_key=True),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("text", String, nullable=False),
    Column("said_by_id", String),
    Column("concerned", Integer),
    Column("is_over", Boolean, nullable=False, server_default=false()),
    Index("pause_by_end", "ends_at"),
)

preferences = Table(
    "preference",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("said", Document, nullable=False),
    Column("said_at", Instant, nullable=False),
)

mutes = Table(
    "mute",
    metadata,
    Column("key", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("issue_id", String, nullable=False),
    Column("since", Instant),
    Column("decoy_at", Instant),
)


figures = Table(
    "figure",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("level", String),
    Column("score", Float, nullable=False),
    Column("since", Instant),
    Column("why", Document, nullable=False),
    Column("heard_of", Instant, nullable=False),
)

companionships = Table(
    "companionship",
    metadata,
    Column("companionship_id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("carrier_id", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("companion_id", String),
    Column("because", String),
    Column("asked_ids", Document, nullable=False),
    Column("why", Document, nullable=False),
    Column("answer_by", Instant),
    Column("began_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("companionship_by_carrier", "carrier_id", "began_at"),
)

companion_words = Table(
    "companion_word",
    metadata,
    Column("key", String, primary_key=True),
    Column("word", String),
    Column("said_at", Instant),
    Column("decoy_at", Instant),
)


letters = Table(
    "letter",
    metadata,
    Column("key", String, primary_key=True),
    Column("message_id", String, nullable=False),
    Column("address", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("issue_id", String),
    Column("began", Boolean, nullable=False),
    Column("raw_sha256", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("trust", String, nullable=False),
    Column("received_at", Instant, nullable=False),
    Index("letter_by_message_id", "message_id"),
    Index("letter_by_address", "address", "received_at"),
    Index("letter_by_kind", "kind", "received_at"),
)


chat_messages = Table(
    "chat_message",
    metadata,
    Column("key", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("issue_id", String, nullable=False),
    Column("delivery_id", String, nullable=False),
    Column("fact_id", String, nullable=False),
    Column("thread", String, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Index("chat_message_by_time", "sent_at"),
)

chat_acts = Table(
    "chat_act",
    metadata,
    Column("key", String, primary_key=True),
    Column("request_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("issue_id", String, nullable=False),
    Column("assignment", Integer, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Index("chat_act_by_time", "asked_at"),
)

chat_positions = Table(
    "chat_position",
    metadata,
    Column("account", String, primary_key=True),
    Column("since", String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submission that was accepted once; `key` is its source and its sender's own id."""

    key: str
    fingerprint: str
    issue_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference that is taken."""

    reference: str
    issue_id: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody outside the organisation."""

    address: str
    person_id: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class View:
    """An issue as the pages show it; `snapshot` (JSON) is None until its owner is decided."""

    issue_id: str
    reference: str
    version: int
    state: State
    summary: str
    description: str
    reporter_id: str
    language: str
    raised_at: datetime
    snapshot: str | None = None
    reasons: str | None = None
    because: str | None = None
    brought: dict[str, Any] = field(default_factory=dict)
    """What else was said when it was brought in, by the names of `IssueRaised`."""
    confidential: bool = False
    changed_at: datetime | None = None
    """When something last happened to it."""
    source: Source | None = None
    urgency: Urgency | None = None
    product: str | None = None
    category: str | None = None
    carrier_id: str | None = None
    owner_id: str | None = None
    team_id: str | None = None
    merged_into: str | None = None
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A time in which somebody is not there."""

    absence_id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    substitute_id: str | None = None
    is_over: bool = False
    """Called off, or over; it never begins again."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which Banso reminds nobody."""

    pause_id: str
    starts_at: datetime
    ends_at: datetime
    text: str
    """Why, in the words that everybody concerned reads."""
    said_by_id: str | None = None
    concerned: int | None = None
    """How many people it concerns; None until it has begun."""
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """How somebody said last that they want to be told, by the names of `Preferences`."""

    person_id: str
    said: dict[str, Any]
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Mute:
    """Whether somebody wants no more messages about an issue."""

    key: str
    person_id: str
    issue_id: str
    since: datetime | None
    """None: they want them again."""
    decoy_at: datetime | None = None
    """When a button was pressed on its page that no person sees."""


class Alongside(StrEnum):
    """How far it has come that somebody runs alongside a carrier, as the pages show it."""

    OFFERED = "offered"
    """The carrier is asked."""
    SEARCHING = "searching"
    """A colleague is asked."""
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Figure:
    """What is said of how the company answers somebody, for their own eyes."""

    person_id: str
    level: str | None
    """None: as it answers others, by what was heard last."""
    score: float
    since: datetime | None
    why: list[dict[str, Any]]
    """Evidence, the heaviest first."""
    heard_of: datetime


@dataclass(frozen=True, slots=True)
class Companionship:
    """A carrier and whoever runs alongside, or is asked to."""

    companionship_id: str
    version: int
    carrier_id: str
    stage: str
    companion_id: str | None
    because: str | None
    asked_ids: list[str]
    """Everybody who was asked so far, or named."""
    why: list[dict[str, Any]]
    answer_by: datetime | None
    began_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class CompanionWordSaid:
    """What somebody said last about a companion."""

    key: str
    word: str | None = None
    said_at: datetime | None = None
    decoy_at: datetime | None = None
    """When a button was pressed on their page that no person sees."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that came in: whose it was, and to which issue it belongs, if to any."""

    key: str
    """Who wrote what when: the same for each copy, whichever way it came."""
    message_id: str
    address: str
    """The sender's."""
    kind: str
    issue_id: str | None
    began: bool
    """Whether the issue began with it."""
    raw_sha256: str
    subject: str
    trust: str
    """What the receiving server found out about the sender."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of an issue's history; `said` is what the event said beside the issue itself."""

    event_id: str
    issue_id: str
    version: int
    subject: str
    occurred_at: datetime
    cause_id: str
    actor_id: str | None
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing in a person's inbox."""

    delivery_id: str
    person_id: str
    issue_id: str
    fact_id: str
    relation: str
    reason: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that somebody was to be told by one channel, and what came of it."""

    delivery_id: str
    person_id: str
    issue_id: str
    """Empty where it is about no single issue."""
    fact_id: str
    reason: str
    channel: str
    result: Result
    error: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message of ours in a chat, to which somebody may answer."""

    key: str
    person_id: str
    issue_id: str
    """Empty where it is about several, or none."""
    delivery_id: str
    fact_id: str
    """Id of the event that it tells of."""
    thread: str
    """The message that began the conversation about the issue; empty where there is none."""
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class ChatAct:
    """What somebody did by a sign in a chat, such as a reaction, that they may take away again."""

    key: str
    request_id: str
    person_id: str
    issue_id: str
    assignment: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class ChatPosition:
    """How far a chat was read by an account of ours."""

    account: str
    since: str


def chat_key(channel: Channel, place: str, external_id: str) -> str:
    """By what something in a chat is known: the chat's own id counts in one conversation only."""
    return f"{channel}/{place}/{external_id}"


class Shelf(HearerStore):
    """What one batch of intake reads and writes."""

    def __init__(
        self, connection: Connection, now: datetime, organisation: KnownOrganisation
    ) -> None:
        super().__init__(connection, now, metadata, organisation)
        self.submissions = self.rows(submissions, Submitted)
        self.references = self.rows(references, Reference)
        self.people = self.rows(people, Stranger)
        self.views = self.rows(views, View)
        self.history = self.lines(histories, Happening)
        self.notices = self.rows(notices, Notice)
        self.told = self.rows(told, Told)
        self.letters = self.rows(letters, Letter)
        self.absences = self.rows(absences, Absence)
        self.pauses = self.rows(pauses, Pause)
        self.preferences = self.rows(preferences, Wanted)
        self.mutes = self.rows(mutes, Mute)
        self.figures = self.rows(figures, Figure)
        self.companionships = self.rows(companionships, Companionship)
        self.companion_words = self.rows(companion_words, CompanionWordSaid)
        self.chat_messages = self.rows(chat_messages, ChatMessage)
        self.chat_acts = self.rows(chat_acts, ChatAct)
        self.chat_positions = self.rows(chat_positions, ChatPosition)

    def expect(self, matters: Sequence[Any]) -> None:
        events = [matter for matter in matters if isinstance(matter, IssueEvent)]
        tellings = [one for one in matters if isinstance(one, NotificationEvent)]
        self.told.expect([one.delivery_id for one in tellings])
        written = [matter for matter in matters if not isinstance(matter, Event)]
        self.views.expect([one.issue_id for one in (*events, *written)])
        self.submissions.expect([one.key for one in written])
        self.references.expect([one.reference for one in written])
        self.people.expect([address for one in written for address in one.addresses])

    def arrived(self, delivery_id: str) -> None:
        """What was sent stands before whoever it was for."""
        known = self.told.get(delivery_id)
        if known is not None and known.result is Result.SENT:
            self.told.put(replace(known, result=Result.ARRIVED))

    def wrote(self, address: str, since: datetime, most: int, issue_id: str | None = None) -> int:
        """How many mails of a sender since then began an issue, or are about this one: counted as
        far as `most`, without this batch's."""
        which = letters.c.began if issue_id is None else letters.c.issue_id == issue_id
        return len(issues_begun_by(self.connection, address, since, most, which))


def issues_begun_by(
    connection: Connection,
    address: str,
    since: datetime,
    most: int,
    which: ColumnElement[bool] = letters.c.began,
) -> list[str]:
    """The issues that a sender's mails since then began, the newest first, at most so many."""
    query = select(letters.c.issue_id).where(
        letters.c.address == address, letters.c.received_at >= since, which
    )
    rows = connection.execute(query.order_by(letters.c.received_at.desc()).limit(most))
    return [str(row.issue_id) for row in rows]


def view_of_reference(connection: Connection, reference: str) -> View | None:
    """The issue of a reference, however it is written (`7k3m 9qwx`)."""
    issue_id = connection.scalar(
        select(references.c.issue_id).where(references.c.reference == reference)
    )
    return view_of(connection, issue_id) if issue_id else None


def view_of(connection: Connection, issue_id: str) -> View | None:
    row = connection.execute(select(views).where(views.c.issue_id == issue_id)).first()
    return View(*row) if row else None


def views_of(connection: Connection, issue_ids: Iterable[str]) -> dict[str, View]:
    rows = connection.execute(select(views).where(views.c.issue_id.in_(list(issue_ids))))
    return {row.issue_id: View(*row) for row in rows}


def history_of(connection: Connection, issue_id: str) -> Sequence[Happening]:
    """In the order in which it happened."""
    query = select(histories).where(histories.c.issue_id == issue_id)
    return _all(connection, query.order_by(histories.c.version), Happening)


def caused_by(connection: Connection, cause_id: str) -> Sequence[Happening]:
    """What a request has led to so far."""
    query = select(histories).where(histories.c.cause_id == cause_id)
    return _all(connection, query.order_by(histories.c.version), Happening)


def issue_told_of(connection: Connection, delivery_id: str) -> str:
    """The issue of a notification; empty where it was about none, or where we have not heard yet
    that it was sent."""
    query = select(notices.c.issue_id).where(notices.c.delivery_id == delivery_id)
    return str(connection.scalar(query) or "")


def inbox_of(connection: Connection, person_id: str | None, limit: int) -> Sequence[Notice]:
    """What a person was told, the newest first; everybody's with None."""
    query = select(notices).order_by(notices.c.sent_at.desc(), notices.c.delivery_id).limit(limit)
    if person_id is not None:
        query = query.where(notices.c.person_id == person_id)
    return _all(connection, query, Notice)


def told_of(connection: Connection, issue_id: str, most: int) -> Sequence[Told]:
    """Who was told what about an issue, the newest first."""
    query = select(told).where(told.c.issue_id == issue_id)
    return _all(connection, query.order_by(told.c.at.desc(), told.c.delivery_id).limit(most), Told)


def told_of_facts(connection: Connection, fact_ids: Iterable[str]) -> Sequence[Told]:
    """Who was told of these facts, and by which channels."""
    query = select(told).where(told.c.fact_id.in_(list(fact_ids)))
    return _all(connection, query.order_by(told.c.at.desc(), told.c.delivery_id), Told)


def issue_of_message(connection: Connection, message_ids: Sequence[str]) -> str | None:
    """The issue that the latest of these Message-IDs belongs to, as far as we have seen them."""
    query = select(letters.c.message_id, letters.c.issue_id).where(
        letters.c.message_id.in_(message_ids), letters.c.issue_id.is_not(None)
    )
    found = {row.message_id: str(row.issue_id) for row in connection.execute(query)}
    return next((found[one] for one in reversed(message_ids) if one in found), None)


def kept_letters(connection: Connection, kind: str | None, most: int) -> list[Letter]:
    """Mails that belong to no issue, the newest first."""
    query = select(letters).where(letters.c.issue_id.is_(None)).limit(most)
    if kind is not None:
        query = query.where(letters.c.kind == kind)
    return _all(connection, query.order_by(letters.c.received_at.desc()), Letter)


def letter_of(connection: Connection, key: str) -> Letter | None:
    row = connection.execute(select(letters).where(letters.c.key == key)).first()
    return Letter(*row) if row else None


def views_of_references(connection: Connection, wanted: Iterable[str]) -> list[View]:
    """The issues of these references, as far as there are any."""
    ids = select(references.c.issue_id).where(references.c.reference.in_(list(wanted)))
    return _all(connection, select(views).where(views.c.issue_id.in_(ids)), View)


def relatives_of(connection: Connection, view: View, most: int) -> list[View]:
    """What an issue was merged into or is part of, what was merged into it and is part of it."""
    above = [one for one in (view.merged_into, view.parent_id) if one]
    related = or_(
        views.c.issue_id.in_(above),
        views.c.merged_into == view.issue_id,
        views.c.parent_id == view.issue_id,
    )
    query = select(views).where(related).order_by(views.c.raised_at.desc()).limit(most)
    return _all(connection, query, View)


def likely_same(connection: Connection, view: View, most: int) -> list[View]:
    """Open issues that may be the same: of the same carrier, or about the same product and kind of
    problem; the latest first."""
    same = [views.c.carrier_id == view.carrier_id] if view.carrier_id else []
    if view.product:
        same.append(and_(views.c.product == view.product, views.c.category == view.category))
    if not same:
        return []
    query = (
        select(views)
        .where(
            or_(*same),
            views.c.issue_id != view.issue_id,
            views.c.confidential.is_(False),
            views.c.state.in_((State.ASSIGNED, State.ACKNOWLEDGED)),
        )
        .order_by(views.c.raised_at.desc())
        .limit(most)
    )
    return _all(connection, query, View)


def absences_to_come(
    connection: Connection, now: datetime, person_ids: Iterable[str] | None = None
) -> list[Absence]:
    """Those that last or are planned, the next first; everybody's with None."""
    query = select(absences).where(absences.c.ends_at > now, absences.c.is_over.is_(False))
    if person_ids is not None:
        query = query.where(absences.c.person_id.in_(list(person_ids)))
    return _all(connection, query.order_by(absences.c.starts_at), Absence)


def absence_of(connection: Connection, absence_id: str) -> Absence | None:
    row = connection.execute(select(absences).where(absences.c.absence_id == absence_id)).first()
    return Absence(*row) if row else None


def pauses_to_come(connection: Connection, now: datetime) -> list[Pause]:
    """Those that last or are planned, the next first."""
    query = select(pauses).where(pauses.c.ends_at > now, pauses.c.is_over.is_(False))
    return _all(connection, query.order_by(pauses.c.starts_at), Pause)


def concerned(connection: Connection) -> int:
    """How many people own or carry something open."""
    is_open = views.c.state != State.CLOSED
    owners = select(views.c.owner_id.label("person_id")).where(is_open)
    carriers = select(views.c.carrier_id.label("person_id")).where(is_open)
    people_concerned = owners.union(carriers).subquery()
    return connection.scalar(select(func.count(people_concerned.c.person_id))) or 0


def pause_of(connection: Connection, pause_id: str) -> Pause | None:
    row = connection.execute(select(pauses).where(pauses.c.pause_id == pause_id)).first()
    return Pause(*row) if row else None


def preferences_of(connection: Connection, person_id: str) -> Preferences:
    """How somebody wants to be told; whoever has said nothing has what is usual."""
    query = select(preferences.c.said).where(preferences.c.person_id == person_id)
    said = connection.scalar(query)
    return Preferences.model_validate(said or {})


def mute_key(person_id: str, issue_id: str) -> str:
    """One for each person and issue."""
    return f"{person_id}/{issue_id}"


def mute_of(connection: Connection, person_id: str, issue_id: str) -> Mute | None:
    query = select(mutes).where(mutes.c.key == mute_key(person_id, issue_id))
    row = connection.execute(query).first()
    return Mute(*row) if row else None


def muted_by(connection: Connection, person_id: str, issue_ids: Iterable[str]) -> set[str]:
    """Of which of these issues somebody wants no more messages."""
    keys = [mute_key(person_id, one) for one in issue_ids]
    query = select(mutes.c.issue_id).where(mutes.c.key.in_(keys), mutes.c.since.is_not(None))
    return {str(row.issue_id) for row in connection.execute(query)}


def figure_of(connection: Connection, person_id: str) -> Figure | None:
    row = connection.execute(select(figures).where(figures.c.person_id == person_id)).first()
    return Figure(*row) if row else None


def companionship_of(connection: Connection, companionship_id: str) -> Companionship | None:
    query = select(companionships).where(companionships.c.companionship_id == companionship_id)
    row = connection.execute(query).first()
    return Companionship(*row) if row else None


def companionship_of_carrier(connection: Connection, carrier_id: str) -> Companionship | None:
    """The carrier's last one, over or not."""
    query = select(companionships).where(companionships.c.carrier_id == carrier_id)
    row = connection.execute(query.order_by(companionships.c.began_at.desc()).limit(1)).first()
    return Companionship(*row) if row else None


def open_companionships(connection: Connection) -> list[Companionship]:
    """All that are not over, the oldest first."""
    query = select(companionships).where(companionships.c.stage != Alongside.OVER)
    return _all(connection, query.order_by(companionships.c.began_at), Companionship)


def companion_word_key(companionship_id: str, person_id: str) -> str:
    """One for each companionship and person."""
    return f"{companionship_id}/{person_id}"


def companion_word_of(
    connection: Connection, companionship_id: str, person_id: str
) -> CompanionWordSaid | None:
    key = companion_word_key(companionship_id, person_id)
    row = connection.execute(select(companion_words).where(companion_words.c.key == key)).first()
    return CompanionWordSaid(*row) if row else None


def carried_by(
    connection: Connection, carrier_id: str, most: int, *, confidential: bool
) -> list[View]:
    """What somebody carries that is open, the oldest first; confidential ones where these are for
    the reader."""
    query = select(views).where(views.c.carrier_id == carrier_id, views.c.state != State.CLOSED)
    if not confidential:
        query = query.where(views.c.confidential.is_(False))
    return _all(connection, query.order_by(views.c.raised_at).limit(most), View)


def stranger_of(connection: Connection, person_id: str) -> Stranger | None:
    return strangers(connection, [person_id]).get(person_id)


def chat_message_of(connection: Connection, key: str) -> ChatMessage | None:
    query = select(chat_messages).where(chat_messages.c.key == key)
    row = connection.execute(query).first()
    return ChatMessage(*row) if row else None


def chat_act_of(connection: Connection, key: str) -> ChatAct | None:
    row = connection.execute(select(chat_acts).where(chat_acts.c.key == key)).first()
    return ChatAct(*row) if row else None


def chat_position_of(connection: Connection, account: str) -> str | None:
    """Where reading the chat goes on; None where it begins."""
    query = select(chat_positions.c.since).where(chat_positions.c.account == account)
    found: str | None = connection.scalar(query)
    return found


def forget_chat(connection: Connection, before: datetime) -> None:
    """What is older than this can't be answered in chats any more."""
    connection.execute(delete(chat_messages).where(chat_messages.c.sent_at < before))
    connection.execute(delete(chat_acts).where(chat_acts.c.asked_at < before))


def stranger_of_address(connection: Connection, address: str) -> Stranger | None:
    row = connection.execute(select(people).where(people.c.address == address)).first()
    return Stranger(*row) if row else None


def strangers(connection: Connection, person_ids: Iterable[str]) -> dict[str, Stranger]:
    rows = connection.execute(select(people).where(people.c.person_id.in_(list(person_ids))))
    return {row.person_id: Stranger(*row) for row in rows}


def _all(connection: Connection, query: Any, kind: type[Row]) -> list[Row]:
    return [kind(*row) for row in connection.execute(query)]
