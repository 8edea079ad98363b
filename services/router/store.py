"""What the router keeps: issues, what everybody has in hand, and the organisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    case,
    delete,
    false,
    func,
    null,
    or_,
    select,
    text,
    true,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from services.router import pause, presence
from services.router.assignment import NOTHING, Staff, Work
from services.router.companions import Companionship, Stage
from services.router.lifecycle import OPEN, Issue
from services.router.pause import Pause
from services.router.presence import (
    HERE,
    Absence,
    AbsenceSource,
    AbsenceState,
    Company,
    Presence,
    Run,
)
from services.router.suggestion.memory import Memory
from services.router.undoing import KEPT_FOR, Act, Fate
from shared import load
from shared.contracts.event import Event
from shared.contracts.intake import (
    ActionRequested,
    IssueImported,
    IssueRaised,
    MessageReceived,
)
from shared.contracts.issue import Action, Source, State, Step, Urgency, WaitingFor
from shared.contracts.metrics import Level
from shared.contracts.organisation import Organisation, Person
from shared.contracts.router import CompanionBecause, ReleasedBecause
from shared.database import Document, Instant, Store, Word
from shared.journal import NotYet, add_journal
from shared.worktime import Rest, WorkingHours, working_hours


def _index_of_few(name: str, column: str, where: str | None = None) -> Index:
    """An index of the rows that have something in this column, or for which this holds: the
    others, nearly all of them, cost it nothing when they change."""
    which = where or f"{column} IS NOT NULL"
    return Index(
        name,
        column,
        sqlite_where=text(which.format(true="1")),
        postgresql_where=text(which.format(true="true")),
    )


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
    Column("changed_at", Instant, nullable=False),
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
    Column("confidential", Boolean, nullable=False, server_default=false()),
    Column("follower_ids", Document, nullable=False, server_default="[]"),
    Column("customer", String),
    Column("reopened_by_mail", Document, nullable=False, server_default="{}"),
    Column("helper_ids", Document, nullable=False, server_default="[]"),
    Column("waiting_for", Word(WaitingFor)),
    Column("waiting_since", Instant),
    Column("stood_still_s", Integer, nullable=False, server_default="0"),
    Column("snoozed_until", Instant),
    Column("promised_at", Instant),
    Column("merged_into", String),
    Column("parent_id", String),
    Column("reopenings", Integer, nullable=False, server_default="0"),
    Column("queued", Boolean, nullable=False, server_default=false()),
    Column("lent_by", String),
    Column("acted_at", Instant),
    Column("policy", String),
    Column("triage", Boolean, nullable=False, server_default=false()),
    Column("planned_at", Instant),
    Column("slips", Integer, nullable=False, server_default="0"),
    CheckConstraint(
        "state = 'closed' OR (next_step IS NOT NULL AND next_step_at IS NOT NULL"
        " AND wake_at IS NOT NULL)",
        name="open_issue_has_next_step",
    ),
    CheckConstraint("owner_id <> ''", name="issue_has_owner"),
    Index("issue_by_wake", "wake_at"),
    Index("issue_by_owner", "owner_id", "state"),
    _index_of_few("issue_by_main", "merged_into"),
    _index_of_few("issue_by_parent", "parent_id"),
    _index_of_few("issue_by_lender", "lent_by"),
    _index_of_few("issue_by_queue", "team_id", "queued = {true}"),
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
    Column("carrier_id", String, primary_key=True),
    Column("last_by_person", Document, nullable=False),
)

absences = Table(
    "absence",
    metadata,
    Column("absence_id", String, primary_key=True),
    Column("person_id", String, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("substitute_id", String),
    Column("source", Word(AbsenceSource), nullable=False),
    Column("state", Word(AbsenceState), nullable=False),
    Column("wake_at", Instant),
    Column("taken_at", Instant),
    Index("absence_by_wake", "wake_at"),
    Index("absence_by_person", "person_id"),
)

pauses = Table(
    "pause",
    metadata,
    Column("pause_id", String, primary_key=True),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("said_by_id", String, nullable=False),
    Column("text", String, nullable=False),
    Column("said_at", Instant, nullable=False),
    Column("earlier", Document, nullable=False),
    Column("wake_at", Instant),
    Column("moving", String),
)

lessons = Table(
    "lesson",
    metadata,
    Column("issue_id", String, primary_key=True),
    Column("text", String, nullable=False),
    Column("language", String, nullable=False),
    Column("team_id", String),
    Column("category", String),
    Column("learned_at", Instant),
    Column("raised_at", Instant, nullable=False),
    Index("lesson_by_time", "learned_at"),
)

acts = Table(
    "act",
    metadata,
    Column("request_id", String, primary_key=True),
    Column("issue_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("action", Word(Action), nullable=False),
    Column("assignment", Integer),
    Column("by_link", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("fate", Word(Fate), nullable=False),
    Column("version", Integer, nullable=False),
    Column("before", Document),
    Column("undo_until", Instant),
    Column("told_ids", Document, nullable=False),
    Column("undoes", String),
    Index("act_by_issue", "issue_id"),
    Index("act_by_time", "at"),
)

isolations = Table(
    "isolation",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("level", Word(Level)),
    Column("heard_of", Instant, nullable=False),
)

companionships = Table(
    "companionship",
    metadata,
    Column("companionship_id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("carrier_id", String, nullable=False),
    Column("stage", Word(Stage), nullable=False),
    Column("level", Word(Level), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("offers", Integer, nullable=False),
    Column("companion_id", String),
    Column("because", Word(CompanionBecause)),
    Column("asked_ids", Document, nullable=False),
    Column("why", Document, nullable=False),
    Column("silent_team_ids", Document, nullable=False),
    Column("coordinator_id", String),
    Column("ended_at", Instant),
    Column("ended_because", Word(ReleasedBecause)),
    Column("due_at", Instant),
    Column("taken_at", Instant),
    Index("companionship_by_carrier", "carrier_id", "began_at"),
    _index_of_few("companionship_due", "due_at"),
    _index_of_few("companionship_open", "stage", "stage <> 'over'"),
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
class Answers:
    """Who has answered a carrier, and when last (ISO 8601)."""

    carrier_id: str
    last_by_person: dict[str, str]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an issue said, and where it turned out to belong."""

    issue_id: str
    text: str
    """Its words, plain, at most the first 2,000 characters."""
    language: str
    team_id: str | None
    category: str | None
    learned_at: datetime | None
    """When somebody or a rule last said where it belongs; None while history only guesses."""
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Isolation:
    """How much a carrier is left alone, as metrics said last."""

    person_id: str
    level: Level | None
    """None: not, or no longer."""
    heard_of: datetime
    """When that was so; an older fact that is heard later changes nothing."""


@dataclass(frozen=True, slots=True)
class Published:
    """An organisation as it was published; the highest number is the current one."""

    number: int
    revision: str
    document: dict[str, Any]
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Kin:
    """Ids of the issues that are the same as an issue, and of the open ones that are part of it."""

    merged: tuple[str, ...]
    parts: tuple[str, ...]


class Board:
    """What everybody has in hand and who is absent, for the whole process.

    Kept in memory, since an owner is chosen among many people for every issue. A batch changes it
    in place; its commit adds the differences to the table, and a failure takes them back.
    """

    def __init__(self, connection: Connection) -> None:
        counts = _open_issues(connection)
        rows = connection.execute(select(works))
        self.works = {
            row.person_id: Work(row.in_hand_s, row.chosen_at, counts.pop(row.person_id, 0))
            for row in rows
        }
        self.works |= {who: Work(open_issues=count) for who, count in counts.items()}
        for who, count in _accompanying(connection).items():
            self.works[who] = replace(self.works.get(who, NOTHING), accompanies=count)
        self.absences: dict[str, tuple[Absence, ...]] = {}
        """By person, what is not over."""
        for row in connection.execute(
            select(absences).where(absences.c.state != AbsenceState.OVER)
        ):
            absence = Absence(*row)
            known = self.absences.get(absence.person_id, ())
            self.absences[absence.person_id] = (*known, absence)
        self.memory = Memory()
        """What history says; whoever learns puts a newer model into it."""
        self.freed: set[str] = set()
        """Who may be able to take more since the queues were looked at last."""
        self._runs: dict[str, tuple[tuple[Absence, ...], WorkingHours, tuple[Run, ...]]] = {}
        self._hours: dict[str, WorkingHours] = {}
        self._kinds: frozenset[WorkingHours] = frozenset()
        self._hours_of: Organisation | None = None

    def hours(self, organisation: Organisation) -> Mapping[str, WorkingHours]:
        """When everybody works, found once for each organisation."""
        if self._hours_of is not organisation:
            calendar_of = organisation.calendar_of
            who = organisation.person
            self._hours = {person_id: working_hours(calendar_of(person_id)) for person_id in who}
            self._kinds = frozenset(self._hours.values())
            self._hours_of = organisation
        return self._hours

    def kinds_of_hours(self, organisation: Organisation) -> frozenset[WorkingHours]:
        """All the working hours that there are, of which few are different."""
        self.hours(organisation)
        return self._kinds

    def runs(self, person_id: str, hours: WorkingHours) -> tuple[Run, ...]:
        """A person's absences as runs, found once until something about them changes."""
        absent = self.absences.get(person_id)
        if not absent:
            return ()
        found = self._runs.get(person_id)
        if found is None or found[0] is not absent or found[1] is not hours:
            found = self._runs[person_id] = (absent, hours, presence.runs(absent, hours))
        return found[2]


class Desk(Store):
    """What one batch of decisions reads and writes."""

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        organisation: Organisation | None,
        board: Board,
    ) -> None:
        super().__init__(connection, now)
        self._issues = self.rows(issues, Issue)
        self._answers = self.rows(answers, Answers)
        self._absences = self.rows(absences, Absence)
        self._lessons = self.rows(lessons, Lesson)
        self._published = self.lines(organisations, Published)
        self._pauses = self.rows(pauses, Pause)
        self._acts = self.rows(acts, Act)
        self._isolations = self.rows(isolations, Isolation)
        self._companionships = self.rows(companionships, Companionship)
        self._act_ids: dict[str, set[str]] = {}
        """By issue, what was lately asked for, whether or not it stands in this batch."""
        self._acted = False
        self._pause_ids: list[str] | None = None
        self._rests: tuple[Rest, ...] | None = None
        self._organisation = organisation
        self._board = board
        self._before: list[tuple[str, Work]] = []
        """What the board said before each change of this batch, the oldest first."""
        self._kin: dict[str, Kin] = {}
        """By issue, what the table says of those that belong to it."""
        self._joined: dict[str, set[str]] = {}
        """By issue, what this batch has made belong to it, whether or not it does still."""
        self._absent_before: list[tuple[str, tuple[Absence, ...]]] = []
        self._presences: dict[str, Presence] = {}
        """Of whoever is not simply here, as far as it was asked for."""
        self._freed: set[str] = set()
        self.published: tuple[int, Organisation] | None = None
        """The organisation that this batch has put in force, with its number."""
        self._marked: tuple[int, int, Organisation | None, tuple[int, Organisation] | None]
        self._marked = (0, 0, organisation, None)

    @property
    def organisation(self) -> Organisation:
        """The organisation in force, which a batch may replace; NotYet before the first."""
        if self._organisation is None:
            raise NotYet
        return self._organisation

    def expect(self, matters: Sequence[Event]) -> None:
        asked = [one for one in matters if isinstance(one, ActionRequested | MessageReceived)]
        wishes = [one for one in asked if isinstance(one, ActionRequested)]
        others = [one.into for one in wishes if one.into]
        self._issues.expect([*(event.about for event in matters if event.about), *others])
        self._expect_kin([one.issue_id for one in asked])
        self._expect_acts([one.issue_id for one in wishes])
        new = [one for one in matters if isinstance(one, IssueRaised | IssueImported)]
        self._answers.expect([one.reporter_id for one in new])

    def mark(self) -> None:
        super().mark()
        counts = len(self._before), len(self._absent_before)
        self._marked = (*counts, self._organisation, self.published)

    def undo(self) -> None:
        super().undo()
        self._rests = None
        changes, absences, self._organisation, self.published = self._marked
        self._forget_presences()
        self._take_back(changes, absences)

    def abandon(self) -> None:
        super().abandon()
        self._take_back(0, 0)

    def write(self) -> None:
        super().write()
        if self._acted:
            self.connection.execute(delete(acts).where(acts.c.at < self.now - KEPT_FOR))
        self._kin.clear()
        self._joined.clear()
        first: dict[str, Work] = {}
        for person_id, work in self._before:
            first.setdefault(person_id, work)
        if first:
            works = self._board.works
            values = [
                {
                    "person_id": person_id,
                    "in_hand_s": int(works[person_id].in_hand_s - before.in_hand_s),
                    "chosen_at": works[person_id].chosen_at,
                }
                for person_id, before in sorted(first.items())
            ]
            self.connection.execute(_add_works(self.connection.dialect.name), values)
        self._board.freed.update(self._freed)

    def issue(self, issue_id: str) -> Issue | None:
        return self._issues.get(issue_id)

    def put(self, issue: Issue) -> None:
        """Keeps the issue, and with it what its owner has in hand."""
        before = self._issues.get(issue.issue_id)
        if before is not None:
            self._add_work(before.owner_id, -_effort_s(before), -_is_in_hand(before))
        self._add_work(issue.owner_id, _effort_s(issue), _is_in_hand(issue))
        self._issues.put(issue)
        for other_id in (issue.merged_into, issue.parent_id):
            if other_id is not None:
                self._joined.setdefault(other_id, set()).add(issue.issue_id)

    def act(self, request_id: str) -> Act | None:
        """What a request has led to, as long as that is known."""
        return self._acts.get(request_id)

    def acts_of(self, issue_id: str) -> list[Act]:
        """What was lately asked for about an issue, in no order."""
        self._expect_acts([issue_id])
        found = (self._acts.get(one) for one in sorted(self._act_ids[issue_id]))
        return [act for act in found if act is not None]

    def put_act(self, act: Act) -> None:
        """Keeps it for a while; what is older is forgotten with it."""
        self._expect_acts([act.issue_id])
        self._acts.put(act)
        self._act_ids[act.issue_id].add(act.request_id)
        self._acted = True

    def _expect_acts(self, issue_ids: Iterable[str]) -> None:
        """Reads together what was lately asked for about these issues."""
        unread = sorted(set(issue_ids) - self._act_ids.keys())
        if not unread:
            return
        query = select(acts.c.issue_id, acts.c.request_id).where(acts.c.issue_id.in_(unread))
        self._act_ids.update({one: set() for one in unread})
        for issue_id, request_id in self.connection.execute(query):
            self._act_ids[issue_id].add(request_id)
        self._acts.expect([one for issue_id in unread for one in self._act_ids[issue_id]])

    @property
    def memory(self) -> Memory:
        return self._board.memory

    def keep_lesson(self, lesson: Lesson) -> None:
        self._lessons.put(lesson)

    def correct_lesson(self, issue_id: str, **said: Any) -> None:
        """Somebody has said where it belongs; without a lesson there is nothing to correct."""
        known = self._lessons.get(issue_id)
        if known is None:
            return
        corrected = replace(known, **said)
        if corrected != known or known.learned_at is None:
            self._lessons.put(replace(corrected, learned_at=self.now))

    def unlearn(self, issue: Issue) -> None:
        """What was said of where it belongs is taken back: nothing is learned from it until it is
        said again, at the latest when it is solved."""
        known = self._lessons.get(issue.issue_id)
        if known is not None:
            self._lessons.put(
                replace(known, team_id=issue.team_id, category=issue.category, learned_at=None)
            )

    def merged_into(self, issue_id: str) -> list[Issue]:
        """The issues that are the same as this one."""
        family = self._family(issue_id, self._kin_of(issue_id).merged)
        return [one for one in family if one.merged_into == issue_id]

    def parts_of(self, issue_id: str) -> list[Issue]:
        """The issues that are part of this problem and not solved yet."""
        family = self._family(issue_id, self._kin_of(issue_id).parts)
        return [one for one in family if one.parent_id == issue_id and one.state in OPEN]

    def _family(self, issue_id: str, known: Sequence[str]) -> list[Issue]:
        """Whatever may belong to an issue, in the order of ids, with all that telling their
        carriers asks for."""
        ids = sorted({*known, *self._joined.get(issue_id, ())})
        self._issues.expect(ids)
        self._expect_kin(ids)
        family = [issue for one in ids if (issue := self._issues.get(one))]
        self._answers.expect([issue.carrier_id for issue in family])
        return family

    def _kin_of(self, issue_id: str) -> Kin:
        self._expect_kin([issue_id])
        return self._kin[issue_id]

    def _expect_kin(self, issue_ids: Iterable[str]) -> None:
        """Reads together which issues belong to these."""
        unread = sorted(set(issue_ids) - self._kin.keys())
        if not unread:
            return
        merged: dict[str, list[str]] = {one: [] for one in unread}
        parts: dict[str, list[str]] = {one: [] for one in unread}
        for main_id, parent_id, issue_id in self.connection.execute(_kin(), {"ids": unread}):
            if main_id is not None:
                merged[main_id].append(issue_id)
            else:
                parts[parent_id].append(issue_id)
        self._kin.update({one: Kin(tuple(merged[one]), tuple(parts[one])) for one in unread})

    @property
    def works(self) -> Mapping[str, Work]:
        """What everybody has in hand, and when they were chosen last."""
        return self._board.works

    def staff(self, people: Iterable[Person]) -> Staff:
        """These people, as owners are chosen among them."""
        absences, elsewhere = self._board.absences, self._elsewhere
        hours = self._board.hours(self.organisation)
        for person in people:
            if person.id in self._presences:
                continue
            if person.id in absences:
                self._count_presence(person.id)
            elif elsewhere and (found := elsewhere.get(hours[person.id])) is not None:
                self._presences[person.id] = found
        return Staff(self.works, self._presences)

    def _count_presence(self, person_id: str) -> None:
        hours = self.hours_of(person_id)
        runs = self._board.runs(person_id, hours)
        self._presences[person_id] = presence.presence(runs, hours, self._company, self.now)

    @cached_property
    def _elsewhere(self) -> Mapping[WorkingHours, Presence]:
        """By their hours, whoever is not absent and yet is here only some time after the company
        is; nearly always nobody."""
        every = {
            one: presence.presence((), one, self._company, self.now)
            for one in self._board.kinds_of_hours(self.organisation)
        }
        return {hours: found for hours, found in every.items() if found != HERE}

    @cached_property
    def _company(self) -> Company:
        return Company(working_hours(self.organisation.calendar_of(None)), self.now)

    def _forget_presences(self) -> None:
        self._presences.clear()
        for name in ("_elsewhere", "_company"):
            self.__dict__.pop(name, None)

    def run(self, person_id: str) -> Run | None:
        """The absence that holds now, with all that belongs to it; None for whoever is here."""
        runs = self._board.runs(person_id, self.hours_of(person_id))
        return presence.run_at(runs, self.now)

    def is_away(self, person_id: str) -> bool:
        """Whether somebody else has their work until they are back."""
        run = self.run(person_id)
        return run is not None and run.hands_over

    def acting(self, person_id: str) -> str:
        """Who acts for a person now: they themselves; while they are away the first of their
        substitutes who is here, and where there is none still they themselves."""
        run = self.run(person_id)
        if run is None or not run.hands_over:
            return person_id
        here = (one for one in self.substitutes(person_id) if not self.is_away(one))
        return next(here, person_id)

    def substitutes(self, person_id: str) -> list[str]:
        """Whom their absence names, then whom the organisation names; only who is in it."""
        run, people = self.run(person_id), self.organisation.person
        named = [one.substitute_id for one in reversed(run.absences)] if run else []
        person = people.get(person_id)
        if person is not None:
            named.append(person.substitute)
        return [one for one in dict.fromkeys(named) if one and one in people and one != person_id]

    def expect_absences(self, absence_ids: Sequence[str]) -> None:
        """Reads them together."""
        self._absences.expect(absence_ids)

    def absence(self, absence_id: str) -> Absence | None:
        return self._absences.get(absence_id)

    def absences_of(self, person_id: str) -> tuple[Absence, ...]:
        """What is not over of somebody's absences, in no order."""
        return self._board.absences.get(person_id, ())

    def put_absence(self, absence: Absence) -> None:
        """Keeps it, for everybody who is chosen from now on."""
        person_id = absence.person_id
        known = self.absences_of(person_id)
        others = tuple(one for one in known if one.absence_id != absence.absence_id)
        is_over = absence.state is AbsenceState.OVER
        self._absent_before.append((person_id, known))
        self._board.absences[person_id] = others if is_over else (*others, absence)
        self._presences.pop(person_id, None)
        self._absences.put(absence)

    def take_absences(self, absence_ids: Sequence[str]) -> None:
        """Marks absences of which it is known that they begin or end, so that they are not taken
        again at once."""
        if absence_ids:
            mark = update(absences).where(absences.c.absence_id.in_(absence_ids))
            self.connection.execute(mark.values(taken_at=self.now))

    def owned_by(self, person_id: str) -> list[Issue]:
        """What this owner has still to do, the most urgent and oldest first."""
        where = issues.c.owner_id == person_id, issues.c.state.in_(OPEN)
        found = self._issues_where(*where)
        mine = (one for one in found if one.owner_id == person_id and one.state in OPEN)
        return sorted(mine, key=precedence)

    def lent_by(self, person_id: str) -> list[Issue]:
        """What others have while this person is away, the most urgent and oldest first."""
        found = self._issues_where(issues.c.lent_by == person_id)
        return sorted((one for one in found if one.lent_by == person_id), key=precedence)

    def lent_by_strangers(self, people: Iterable[str]) -> list[Issue]:
        """What others have for somebody who is none of these people."""
        known = set(people)
        lenders = select(issues.c.lent_by).where(issues.c.lent_by.is_not(None)).distinct()
        left = [who for who in self.connection.scalars(lenders) if who not in known]
        return [issue for who in left for issue in self.lent_by(who)]

    def queue(self, team_id: str | None, most: int) -> list[Issue]:
        """What waits in a team for somebody to be free, in the order in which it is given out: the
        more urgent, then whose carrier is left alone, then whose carrier waits longer."""
        urgencies = case(_URGENT_FIRST, value=issues.c.urgency)
        is_left_alone = select(isolations.c.person_id).where(isolations.c.level.is_not(None))
        alone_first = case((issues.c.carrier_id.in_(is_left_alone), 0), else_=1)
        query = (
            select(issues.c.issue_id)
            .where(*_QUEUED, issues.c.team_id == team_id)
            .order_by(urgencies, alone_first, issues.c.raised_at, issues.c.issue_id)
            .limit(most)
        )
        ids = list(self.connection.scalars(query))
        self._issues.expect(ids)
        found = (self._issues.get(issue_id) for issue_id in ids)
        return [one for one in found if one and one.team_id == team_id and is_queued(one)]

    def _issues_where(self, *wanted: ColumnElement[bool]) -> list[Issue]:
        """The issues for which this held when the batch began, and those that it has read."""
        ids = list(self.connection.scalars(select(issues.c.issue_id).where(*wanted)))
        self._issues.expect(ids)
        return self._issues.all()

    def hours_of(self, person_id: str) -> WorkingHours:
        """When somebody works; the company's hours for a stranger."""
        found = self._board.hours(self.organisation).get(person_id)
        return found or working_hours(self.organisation.calendar_of(None))

    def chose(self, person_id: str) -> None:
        """Remembers whose turn it was."""
        work = self.works.get(person_id, NOTHING)
        self._set_work(person_id, replace(work, chosen_at=self.now))

    def free(self, person_id: str) -> None:
        """Somebody may be able to take what waits in their team."""
        self._freed.add(person_id)

    def answered(self, carrier_id: str) -> Mapping[str, str]:
        """Who has answered this carrier, and when last."""
        found = self._answers.get(carrier_id)
        return found.last_by_person if found else {}

    def remember_answer(self, carrier_id: str, person_id: str, at: datetime | None = None) -> None:
        """Remembers it for ties between owners; `at` where that was not just now."""
        known = self.answered(carrier_id)
        when = (at or self.now).astimezone(UTC).isoformat()
        last = max(when, known.get(person_id, ""))
        self._answers.put(Answers(carrier_id, {**known, person_id: last}))

    def isolation(self, person_id: str) -> Isolation | None:
        return self._isolations.get(person_id)

    def put_isolation(self, isolation: Isolation) -> None:
        self._isolations.put(isolation)

    def is_isolated(self, person_id: str) -> bool:
        """Whether the company leaves this carrier alone at present."""
        known = self._isolations.get(person_id)
        return known is not None and known.level is not None

    def companionship(self, companionship_id: str) -> Companionship | None:
        return self._companionships.get(companionship_id)

    def companionship_of(self, carrier_id: str) -> Companionship | None:
        """The carrier's last one, over or not."""
        found = self._companionships_where(companionships.c.carrier_id == carrier_id)
        theirs = (one for one in found if one.carrier_id == carrier_id)
        return max(theirs, key=lambda one: (one.began_at, one.is_open), default=None)

    def open_companionships(self) -> list[Companionship]:
        """All that are not over, the oldest first."""
        found = self._companionships_where(companionships.c.stage != Stage.OVER)
        still_open = (one for one in found if one.is_open)
        return sorted(still_open, key=lambda one: (one.began_at, one.companionship_id))

    def put_companionship(self, companionship: Companionship) -> None:
        """Keeps it, and with it how many carriers its companion runs alongside."""
        before = self._companionships.get(companionship.companionship_id)
        for one, count in ((before, -1), (companionship, 1)):
            if one is not None and one.stage is Stage.RUNNING and one.companion_id is not None:
                work = self.works.get(one.companion_id, NOTHING)
                self._set_work(
                    one.companion_id, replace(work, accompanies=work.accompanies + count)
                )
        self._companionships.put(companionship)

    def take_companionships(self, companionship_ids: Sequence[str]) -> None:
        """Marks those for which something is done now, so that they are not taken again at once."""
        if companionship_ids:
            mark = update(companionships).where(
                companionships.c.companionship_id.in_(companionship_ids)
            )
            self.connection.execute(mark.values(taken_at=self.now))

    def _companionships_where(self, wanted: ColumnElement[bool]) -> list[Companionship]:
        """Those for which this held when the batch began, and those that it has read."""
        ids = list(self.connection.scalars(select(companionships.c.companionship_id).where(wanted)))
        self._companionships.expect(ids)
        return self._companionships.all()

    @property
    def pauses(self) -> list[Pause]:
        """Every pause that was ever said."""
        if self._pause_ids is None:
            self._pause_ids = list(self.connection.scalars(select(pauses.c.pause_id)))
            self._pauses.expect(self._pause_ids)
        return [known for one in self._pause_ids if (known := self._pauses.get(one))]

    @property
    def rests(self) -> tuple[Rest, ...]:
        """When chasing rests, as it is known now."""
        if self._rests is None:
            self._rests = pause.rests(self.pauses)
        return self._rests

    def pause(self, pause_id: str) -> Pause | None:
        return self._pauses.get(pause_id)

    def put_pause(self, said: Pause) -> None:
        known = {one.pause_id for one in self.pauses}
        self._pauses.put(said)
        if self._pause_ids is not None and said.pause_id not in known:
            self._pause_ids.append(said.pause_id)
        self._rests = None

    def concerned(self) -> list[str]:
        """Everybody inside who owns or carries something open, in order."""
        is_open = issues.c.state != State.CLOSED
        found = union(
            select(issues.c.owner_id).where(is_open), select(issues.c.carrier_id).where(is_open)
        )
        people = self.organisation.person
        return sorted(who for who in self.connection.scalars(found) if who in people)

    def planned_before(self, said_at: datetime, after_id: str, most: int) -> list[Issue]:
        """Open issues planned before then, in the order of their ids, those after `after_id`."""
        query = (
            select(issues.c.issue_id)
            .where(
                issues.c.state != State.CLOSED,
                issues.c.planned_at < said_at,
                issues.c.issue_id > after_id,
            )
            .order_by(issues.c.issue_id)
            .limit(most)
        )
        ids = list(self.connection.scalars(query))
        self._issues.expect(ids)
        return [issue for issue_id in ids if (issue := self._issues.get(issue_id))]

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
        self._forget_presences()
        self._freed.update(organisation.person)

    def _add_work(self, person_id: str, effort_s: float, count: int) -> None:
        if not effort_s and not count:
            return
        work = self.works.get(person_id, NOTHING)
        in_hand_s = max(0.0, work.in_hand_s + effort_s)
        open_issues = max(0, work.open_issues + count)
        self._set_work(person_id, replace(work, in_hand_s=in_hand_s, open_issues=open_issues))
        if effort_s < 0 or count < 0:
            self._freed.add(person_id)

    def _set_work(self, person_id: str, work: Work) -> None:
        self._before.append((person_id, self.works.get(person_id, NOTHING)))
        self._board.works[person_id] = work

    def _take_back(self, changes: int, absences: int) -> None:
        while len(self._before) > changes:
            person_id, work = self._before.pop()
            self._board.works[person_id] = work
        while len(self._absent_before) > absences:
            person_id, known = self._absent_before.pop()
            self._board.absences[person_id] = known


_URGENT_FIRST = {Urgency.HIGH: 0, Urgency.NORMAL: 1, Urgency.LOW: 2}
_QUEUED = issues.c.queued == true(), issues.c.state == State.ASSIGNED


def precedence(issue: Issue) -> tuple[int, datetime, str]:
    """What comes first of several that wait: the more urgent, then whose carrier waits longer."""
    return _URGENT_FIRST[issue.urgency], issue.raised_at, issue.issue_id


def is_queued(issue: Issue) -> bool:
    """Whether it waits for somebody to be free. A lead who has taken it has it."""
    return issue.queued and issue.state is State.ASSIGNED


def _effort_s(issue: Issue) -> float:
    is_elsewhere = issue.waiting_for is not None or is_queued(issue)
    return load.promised_s(issue.urgency, issue.state, is_elsewhere=is_elsewhere)


def _is_in_hand(issue: Issue) -> int:
    """1 where it counts for its owner's limit of open issues, else 0."""
    return int(issue.state in OPEN and not is_queued(issue))


def _open_issues(connection: Connection) -> dict[str, int]:
    """How many open issues everybody has, without what only waits with them."""
    count = func.count()
    by_owner = select(issues.c.owner_id, count).group_by(issues.c.owner_id)
    owned = connection.execute(by_owner.where(issues.c.state.in_(OPEN)))
    found = {row[0]: row[1] for row in owned}
    for person_id, number in connection.execute(by_owner.where(*_QUEUED)):
        found[person_id] -= number
    return found


def _accompanying(connection: Connection) -> dict[str, int]:
    """Alongside how many carriers everybody runs."""
    table = companionships
    query = select(table.c.companion_id, func.count()).where(table.c.stage == Stage.RUNNING)
    return {row[0]: row[1] for row in connection.execute(query.group_by(table.c.companion_id))}


def queues(connection: Connection) -> list[str | None]:
    """The teams in which something waits for somebody to be free."""
    return list(connection.scalars(select(issues.c.team_id).where(*_QUEUED).distinct()))


@cache
def _kin() -> Executable:
    ids: BindParameter[list[str]] = bindparam("ids", expanding=True)
    nothing = null()
    merged = select(issues.c.merged_into, nothing, issues.c.issue_id).where(
        issues.c.merged_into.in_(ids)
    )
    parts = select(nothing, issues.c.parent_id, issues.c.issue_id).where(
        issues.c.parent_id.in_(ids), issues.c.state.in_(sorted(OPEN))
    )
    return union_all(merged, parts)


@cache
def _add_works(dialect: str) -> Executable:
    insert = postgresql.insert(works) if dialect == "postgresql" else sqlite.insert(works)
    return insert.on_conflict_do_update(
        index_elements=["person_id"],
        set_={
            "in_hand_s": works.c.in_hand_s + insert.excluded.in_hand_s,
            "chosen_at": insert.excluded.chosen_at,
        },
    )


def pauses_in_force(connection: Connection, now: datetime) -> list[Pause]:
    """The pauses for which something is still to be done, or in which chasing rests now."""
    query = select(pauses).where(
        or_(pauses.c.wake_at.is_not(None), pauses.c.moving.is_not(None), pauses.c.ends_at > now)
    )
    return [Pause(**row) for row in connection.execute(query).mappings()]


def is_resting(connection: Connection, now: datetime) -> bool:
    """Whether nobody is chased just now."""
    return any(one.holds(now) for one in pauses_in_force(connection, now))


def with_calendars(connection: Connection) -> list[str]:
    """Who is known to be away by an imported calendar, now or later."""
    by_calendar = absences.c.source == AbsenceSource.CALENDAR
    is_known = absences.c.state != AbsenceState.OVER
    return list(
        connection.scalars(select(absences.c.person_id).where(by_calendar, is_known).distinct())
    )


def count_lessons(connection: Connection, since: datetime | None, most: int) -> int:
    """How many lessons there are that were learned or corrected since then; `most` at the most."""
    query = select(lessons.c.issue_id).where(lessons.c.learned_at.is_not(None)).limit(most)
    if since is not None:
        query = query.where(lessons.c.learned_at > since)
    return len(connection.execute(query).all())


def read_lessons(connection: Connection, most: int) -> list[Lesson]:
    """The newest lessons, the oldest of them first."""
    query = (
        select(lessons)
        .where(lessons.c.learned_at.is_not(None), lessons.c.team_id.is_not(None))
        .order_by(lessons.c.raised_at.desc(), lessons.c.issue_id)
        .limit(most)
    )
    return [Lesson(*row) for row in connection.execute(query)][::-1]


def last_published(
    connection: Connection,
) -> tuple[int, Organisation | None, datetime | None]:
    """The organisation in force with its number, and since when; 0 and None before the first."""
    query = select(organisations).order_by(organisations.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return 0, None, None
    return row.number, Organisation.from_document(row.document), row.published_at
