"""What the router keeps: issues, what everybody has in hand, and the organisation last published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    select,
    update,
)

from services.router.lifecycle import Issue
from shared import load
from shared.contracts.event import Event
from shared.contracts.issue import Source, State, Step, Urgency
from shared.contracts.organisation import Organisation
from shared.database import Document, Instant, Store, Word
from shared.journal import add_journal

metadata = MetaData()
add_journal(metadata)

issues = Table(
    "issue",
    metadata,
    Column("issue_id", String, primary_key=True),
    Column("reference", String, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("state", Word(State), nullable=False),
    Column("summary", String, nullable=False),
    Column("urgency", Word(Urgency), nullable=False),
    Column("source", Word(Source), nullable=False),
    Column("language", String, nullable=False),
    Column("product", String),
    Column("category", String),
    Column("cause", String),
    Column("reporter_id", String, nullable=False),
    Column("carrier_id", String, nullable=False),
    Column("owner_id", String, nullable=False),
    Column("team_id", String),
    Column("assignment", Integer, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("assigned_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
    Column("answered_at", Instant),
    Column("resolved_at", Instant),
    Column("closed_at", Instant),
    Column("needed_by", Instant),
    Column("next_step", Word(Step)),
    Column("next_step_at", Instant),
    Column("wake_at", Instant),
    Column("step_number", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("moves", Integer, nullable=False),
    Column("reminders", Integer, nullable=False),
    Column("declined_by", Document, nullable=False),
    Column("revision", String, nullable=False),
    Column("taken_at", Instant),
    CheckConstraint(
        "state = 'closed' OR (next_step IS NOT NULL AND next_step_at IS NOT NULL"
        " AND wake_at IS NOT NULL)",
        name="open_issue_has_next_step",
    ),
    CheckConstraint("owner_id <> ''", name="issue_has_owner"),
    Index("issue_by_wake", "wake_at"),
    Index("issue_by_owner", "owner_id", "state"),
)

works = Table(
    "work",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("in_hand_s", Integer, nullable=False),
    Column("chosen_at", Instant),
)

answers = Table(
    "answer",
    metadata,
    Column("pair", String, primary_key=True),
    Column("answered_at", Instant, nullable=False),
)

organisations = Table(
    "organisation",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("revision", String, nullable=False),
    Column("document", Document, nullable=False),
    Column("published_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Work:
    """What a person has in hand: effort in seconds, over all issues that they own."""

    person_id: str
    in_hand_s: int = 0
    chosen_at: datetime | None = None

    @property
    def in_hand(self) -> timedelta:
        return timedelta(seconds=self.in_hand_s)


@dataclass(frozen=True, slots=True)
class Answer:
    """When somebody last answered a carrier; `pair` is `carrier/owner`."""

    pair: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """An organisation as it was published; the highest number is the current one."""

    number: int
    revision: str
    document: dict[str, Any]
    published_at: datetime


class Desk(Store):
    """What one batch of decisions reads and writes."""

    def __init__(
        self, connection: Connection, now: datetime, organisation: Organisation | None
    ) -> None:
        super().__init__(connection, now)
        self._issues = self.rows(issues, Issue)
        self._works = self.rows(works, Work)
        self._answers = self.rows(answers, Answer)
        self._published = self.lines(organisations, Published)
        self._organisation = organisation
        self.published: tuple[int, Organisation] | None = None
        """The organisation that this batch has put in force, with its number."""
        self._marked: tuple[Organisation | None, tuple[int, Organisation] | None]
        self._marked = (organisation, None)

    @property
    def organisation(self) -> Organisation:
        """The organisation in force, which a batch may replace."""
        if self._organisation is None:
            raise LookupError("no organisation has been published yet")
        return self._organisation

    def expect(self, matters: Sequence[Event]) -> None:
        self._issues.expect([event.about for event in matters if event.about])

    def mark(self) -> None:
        super().mark()
        self._marked = self._organisation, self.published

    def undo(self) -> None:
        super().undo()
        self._organisation, self.published = self._marked

    def issue(self, issue_id: str) -> Issue | None:
        return self._issues.get(issue_id)

    def put(self, issue: Issue) -> None:
        """Keeps the issue, and with it what its owner has in hand."""
        before = self._issues.get(issue.issue_id)
        if before is not None:
            self._add_work(before.owner_id, -load.promised(before.urgency, before.state))
        self._add_work(issue.owner_id, load.promised(issue.urgency, issue.state))
        self._issues.put(issue)

    def in_hand(self, people: Iterable[str]) -> dict[str, Work]:
        """What each of these people has in hand, and when they were chosen last."""
        ids = list(people)
        self._works.expect(ids)
        return {person_id: self._works.get(person_id) or Work(person_id) for person_id in ids}

    def chose(self, person_id: str) -> None:
        """Remembers whose turn it was."""
        work = self._works.get(person_id) or Work(person_id)
        self._works.put(replace(work, chosen_at=self.now))

    def answered(self, carrier_id: str, people: Iterable[str]) -> dict[str, datetime]:
        """Which of these people have answered this carrier, and when last."""
        pairs = {person_id: f"{carrier_id}/{person_id}" for person_id in people}
        self._answers.expect(pairs.values())
        found = {person_id: self._answers.get(pair) for person_id, pair in pairs.items()}
        return {person_id: answer.answered_at for person_id, answer in found.items() if answer}

    def remember_answer(self, carrier_id: str, person_id: str) -> None:
        self._answers.put(Answer(f"{carrier_id}/{person_id}", self.now))

    def take(self, issue_ids: Sequence[str]) -> None:
        """Marks issues whose being due is now said, so that they are not taken again at once."""
        if issue_ids:
            mark = update(issues).where(issues.c.issue_id.in_(issue_ids))
            self.connection.execute(mark.values(taken_at=self.now))

    def owned_by_strangers(self, people: Iterable[str]) -> list[Issue]:
        """Open issues whose owner is none of these people."""
        known = list(people)
        query = select(issues.c.issue_id).where(
            issues.c.state != State.CLOSED, issues.c.owner_id.not_in(known)
        )
        ids = list(self.connection.scalars(query))
        self._issues.expect(ids)
        return [issue for issue_id in ids if (issue := self._issues.get(issue_id))]

    def publish(self, organisation: Organisation, number: int) -> None:
        """From now on this is the organisation."""
        document = organisation.model_dump(mode="json")
        self._published.add(Published(number, organisation.revision, document, self.now))
        self.published = (number, organisation)
        self._organisation = organisation

    def _add_work(self, person_id: str, effort: timedelta) -> None:
        work = self._works.get(person_id) or Work(person_id)
        seconds = work.in_hand_s + int(effort.total_seconds())
        self._works.put(replace(work, in_hand_s=max(0, seconds)))


def last_published(connection: Connection) -> tuple[int, Organisation | None]:
    """The organisation in force and its number; 0 and None before the first."""
    query = select(organisations).order_by(organisations.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return 0, None
    return row.number, Organisation.model_validate(row.document)
