"""The services' databases as the auditor sees them: each opened for reading only.

SQLite refuses to write (`mode=ro`), PostgreSQL runs every transaction read-only. What is asked
here runs over an index wherever the table grows with the years.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid5

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Select,
    func,
    make_url,
    or_,
    select,
    tuple_,
)

from deploy.audit.checks import OpenIssue, Pending, Timed, Unrouted, Version
from services.intake import store as intake
from services.intake.submission import ISSUES
from services.metrics import store as metrics
from services.notifier import store as notifier
from services.notifier.store import OPEN_FATES
from services.router import store as router
from shared.contracts.event import Speaker
from shared.contracts.issue import AssignedBecause, State
from shared.contracts.metrics import Level
from shared.contracts.organisation import Organisation
from shared.database import open_engine
from shared.journal import Outcome

PART = 500
"""Keys in one question."""
PAGE = 5000
"""Issues compared at a time."""

_METADATA: Mapping[Speaker, MetaData] = {
    Speaker.INTAKE: intake.metadata,
    Speaker.ROUTER: router.metadata,
    Speaker.NOTIFIER: notifier.metadata,
    Speaker.METRICS: metrics.metadata,
}

_OPEN = (
    router.issues.c.issue_id,
    router.issues.c.reference,
    router.issues.c.version,
    router.issues.c.state,
    router.issues.c.urgency,
    router.issues.c.owner_id,
    router.issues.c.carrier_id,
    router.issues.c.next_step,
    router.issues.c.next_step_at,
    router.issues.c.wake_at,
    router.issues.c.step_number,
    router.issues.c.assigned_at,
    router.issues.c.changed_at,
    router.issues.c.taken_at,
    router.issues.c.waiting_for,
    router.issues.c.queued,
)
_VERSION = (
    router.issues.c.issue_id,
    router.issues.c.reference,
    router.issues.c.version,
    router.issues.c.changed_at,
)

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class RouterFacts:
    """What the router's database says, at one instant."""

    organisation: Organisation | None
    open: tuple[OpenIssue, ...]
    in_hand_s: Mapping[str, float]
    absences: tuple[Timed, ...]
    pauses: tuple[Timed, ...]
    alongside: tuple[Timed, ...]
    """What is due for people who are left alone."""
    paused: bool


@dataclass(frozen=True, slots=True)
class IntakeFacts:
    """What intake's database says, at one instant."""

    waiting: tuple[Unrouted, ...]
    """Accepted, and nothing heard of since."""
    shown: Mapping[str, int]
    """The version that the pages show of every issue that they show as open."""


@dataclass(frozen=True, slots=True)
class NotifierFacts:
    """What the notifier's database says, at one instant."""

    pending: tuple[Pending, ...]
    confirmations: tuple[Timed, ...]


class Databases:
    """All of them, by service. Their methods take a moment; call them on a thread."""

    def __init__(self, urls: Mapping[Speaker, str]) -> None:
        self._engines: dict[Speaker, Engine] = {
            speaker: open_engine(read_only(url), read_only=True) for speaker, url in urls.items()
        }

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()

    @contextmanager
    def _open(self, speaker: Speaker) -> Iterator[Connection]:
        with self._engines[speaker].connect() as connection, connection.begin():
            yield connection

    # --- issues

    def router(self, now: datetime, *, full: bool) -> RouterFacts:
        """All open issues; found by their wake-up, since all that is closed has none.

        Those that are open without one are only counted, over two indexes, unless there are any.
        """
        table = router.issues
        with self._open(Speaker.ROUTER) as connection:
            _, organisation, _ = router.last_published(connection)
            asleep = _stepless(connection, full=full)
            awake = connection.execute(
                select(*_OPEN).where(table.c.wake_at.is_not(None), table.c.state != State.CLOSED)
            ).all()
            paused = _is_paused(connection, now)
            in_hand = connection.execute(select(router.works.c.person_id, router.works.c.in_hand_s))
            return RouterFacts(
                organisation=organisation,
                open=tuple(OpenIssue(*row) for row in (*awake, *asleep)),
                in_hand_s={person_id: float(in_hand_s) for person_id, in_hand_s in in_hand},
                absences=_timed(connection, router.absences, "absence_id"),
                pauses=_timed(connection, router.pauses, "pause_id"),
                alongside=() if paused else _alongside(connection, organisation),
                paused=paused,
            )

    def intake(self) -> IntakeFacts:
        """What the pages show of all that they show as open."""
        table = intake.views
        columns = (table.c.issue_id, table.c.reference, table.c.version, table.c.raised_at)
        states = [state for state in State if state is not State.CLOSED]
        with self._open(Speaker.INTAKE) as connection:
            rows = connection.execute(select(*columns).where(table.c.state.in_(states))).all()
        return IntakeFacts(
            waiting=tuple(
                Unrouted(row.issue_id, row.reference, row.raised_at)
                for row in rows
                if row.version == 0
            ),
            shown={row.issue_id: row.version for row in rows},
        )

    def because(self, issue_ids: Sequence[str]) -> dict[str, AssignedBecause]:
        """Why these issues have got their owner, as the pages say it."""
        table = intake.views
        query = select(table.c.issue_id, table.c.because).where(table.c.because.is_not(None))
        with self._open(Speaker.INTAKE) as connection:
            rows = list(_by_keys(connection, query, table.c.issue_id, issue_ids))
        return {row.issue_id: AssignedBecause(row.because) for row in rows}

    def versions(self, issue_ids: Sequence[str]) -> list[Version]:
        """These issues as the router has them."""
        query = select(*_VERSION)
        with self._open(Speaker.ROUTER) as connection:
            rows = _by_keys(connection, query, router.issues.c.issue_id, issue_ids)
            return [Version(*row) for row in rows]

    def versions_after(self, issue_id: str) -> list[Version]:
        """The next of all issues that the router has, by their ids."""
        key = router.issues.c.issue_id
        query = select(*_VERSION).where(key > issue_id).order_by(key).limit(PAGE)
        with self._open(Speaker.ROUTER) as connection:
            return [Version(*row) for row in connection.execute(query)]

    def shown(self, issue_ids: Sequence[str]) -> dict[str, int]:
        """The version that the pages show of these issues."""
        table = intake.views
        query = select(table.c.issue_id, table.c.version)
        with self._open(Speaker.INTAKE) as connection:
            rows = list(_by_keys(connection, query, table.c.issue_id, issue_ids))
        return {row.issue_id: row.version for row in rows}

    def accepted_after(self, issue_id: str) -> list[Unrouted]:
        """The next of all issues that intake has accepted, by their ids."""
        table = intake.views
        columns = (table.c.issue_id, table.c.reference, table.c.raised_at, table.c.changed_at)
        query = select(*columns).where(table.c.issue_id > issue_id).order_by(table.c.issue_id)
        with self._open(Speaker.INTAKE) as connection:
            rows = connection.execute(query.limit(PAGE)).all()
        return [
            Unrouted(row.issue_id, row.reference, row.changed_at or row.raised_at) for row in rows
        ]

    def held(self) -> set[str]:
        """Issues whose sender was told to try again: they are not accepted yet."""
        cause = intake.metadata.tables["cause"]
        query = select(cause.c.cause_id).where(cause.c.outcome == Outcome.HELD)
        with self._open(Speaker.INTAKE) as connection:
            return {str(uuid5(ISSUES, cause_id)) for cause_id in connection.scalars(query)}

    # --- deliveries

    def notifier(self, *, full: bool) -> NotifierFacts:
        """What is due some time; a full look also finds what was forgotten altogether."""
        table, arrivals = notifier.deliveries, notifier.arrivals
        columns = (
            table.c.delivery_id,
            table.c.attempts,
            table.c.made_at,
            table.c.due_at,
            table.c.bundle_id.is_not(None),
        )
        open_ones: ColumnElement[bool] = table.c.due_at.is_not(None)
        if full:
            open_ones = or_(open_ones, table.c.fate.in_(OPEN_FATES))
        with self._open(Speaker.NOTIFIER) as connection:
            pending = connection.execute(select(*columns).where(open_ones)).all()
            due = select(arrivals.c.issue_id, arrivals.c.due_at).where(
                arrivals.c.due_at.is_not(None)
            )
            return NotifierFacts(
                pending=tuple(Pending(*row) for row in pending),
                confirmations=tuple(Timed(*row) for row in connection.execute(due)),
            )

    # --- journals

    def journal_page(
        self,
        speaker: Speaker,
        after: tuple[datetime, str],
        since: datetime,
        until: datetime,
        most: int,
    ) -> list[tuple[str, datetime]]:
        """The next events of a journal that a stream should keep, in the order of recording."""
        said, cause = _METADATA[speaker].tables["said"], _METADATA[speaker].tables["cause"]
        place = (said.c.recorded_at, said.c.event_id)
        query = (
            select(said.c.event_id, said.c.recorded_at)
            .join(cause, cause.c.cause_id == said.c.cause_id)
            .where(
                said.c.recorded_at >= max(after[0], since),
                said.c.recorded_at <= until,
                tuple_(*place) > after,
                said.c.payload.is_not(None),
                cause.c.outcome != Outcome.HELD,
            )
            .order_by(*place)
            .limit(most)
        )
        with self._open(speaker) as connection:
            return [(row.event_id, row.recorded_at) for row in connection.execute(query)]

    def recorded(self, speaker: Speaker, event_ids: Sequence[str]) -> dict[str, datetime]:
        """Those of these events that stand in the journal at all, and since when."""
        said = _METADATA[speaker].tables["said"]
        query = select(said.c.event_id, said.c.recorded_at)
        with self._open(speaker) as connection:
            rows = list(_by_keys(connection, query, said.c.event_id, event_ids))
        return {row.event_id: row.recorded_at for row in rows}

    def stored(self, speaker: Speaker, event_ids: Sequence[str]) -> dict[str, bool]:
        """By event that still has its words, whether a stream is known to have stored it once."""
        said = _METADATA[speaker].tables["said"]
        query = select(said.c.event_id, said.c.sequence).where(said.c.payload.is_not(None))
        with self._open(speaker) as connection:
            rows = list(_by_keys(connection, query, said.c.event_id, event_ids))
        return {row.event_id: row.sequence is not None for row in rows}

    def epoch(self, speaker: Speaker, stream: str) -> str | None:
        """The stream's epoch up to which the speaker has said its whole journal."""
        table = _METADATA[speaker].tables["epoch"]
        with self._open(speaker) as connection:
            found: str | None = connection.scalar(
                select(table.c.epoch).where(table.c.stream == stream)
            )
        return found

    def decided(self, speaker: Speaker, event_ids: Sequence[str]) -> frozenset[str]:
        """Those of these events that a service has decided on, or buried."""
        cause = _METADATA[speaker].tables["cause"]
        with self._open(speaker) as connection:
            rows = _by_keys(connection, select(cause.c.cause_id), cause.c.cause_id, event_ids)
            return frozenset(row.cause_id for row in rows)


def read_only(url: str) -> str:
    """The URL of the same database, opened so that nothing can be written."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return url
    file = f"file:{quote(str(Path(parsed.database).resolve()))}"
    opened = parsed.set(database=file, query={"mode": "ro", "uri": "true"})
    return opened.render_as_string(hide_password=False)


def _stepless(connection: Connection, *, full: bool) -> Sequence[Any]:
    """Open issues that nothing will ever wake; the database's constraint forbids them."""
    table = router.issues
    is_open = table.c.state != State.CLOSED
    if not full:
        open_ones = connection.scalar(select(func.count()).select_from(table).where(is_open))
        awake = select(func.count()).select_from(table).where(table.c.wake_at.is_not(None))
        if open_ones == connection.scalar(awake):
            return ()
    return connection.execute(select(*_OPEN).where(is_open, table.c.wake_at.is_(None))).all()


def _timed(connection: Connection, table: Any, key: str) -> tuple[Timed, ...]:
    query = select(table.c[key], table.c.wake_at).where(table.c.wake_at.is_not(None))
    return tuple(Timed(*row) for row in connection.execute(query))


def _alongside(connection: Connection, organisation: Organisation | None) -> tuple[Timed, ...]:
    """What is due of companionships, and since when somebody is left alone without any; without
    saying who that is."""
    table, isolations = router.companionships, router.isolations
    due = connection.execute(
        select(table.c.companionship_id, table.c.due_at).where(table.c.due_at.is_not(None))
    )
    asked = select(table.c.carrier_id)
    alone = select(isolations.c.person_id, isolations.c.heard_of).where(
        isolations.c.level.in_((Level.ASK, Level.ALARM)), isolations.c.person_id.not_in(asked)
    )
    people = organisation.person if organisation is not None else {}
    return (
        *(Timed(*row) for row in due),
        *(
            Timed("a carrier without any", heard_of)
            for person_id, heard_of in connection.execute(alone)
            if person_id in people
        ),
    )


def _is_paused(connection: Connection, now: datetime) -> bool:
    """Also while plans are still being moved, since what seems due may have time left."""
    pauses = router.pauses_in_force(connection, now)
    return any(one.moving is not None or one.holds(now) for one in pauses)


def _by_keys(
    connection: Connection, query: Select[Any], column: ColumnElement[Any], keys: Iterable[str]
) -> Iterator[Any]:
    wanted = list(keys)
    for start in range(0, len(wanted), PART):
        yield from connection.execute(query.where(column.in_(wanted[start : start + PART])))
