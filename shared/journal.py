"""The journal: what a service decided on each cause, and what it said then.

A cause is a message heard, a submission, or a timed step. Deciding on it and recording the
resulting events is one transaction; then the events are said; only then is the cause done. When
the same cause comes again, the journal answers with the same events and nothing is decided twice.
What was recorded and not said, as after a crash in between, is said after the next start.

Causes are settled in batches: what waits is read together, decided one after the other in memory,
written with one commit and said together. One that raises is taken back alone and comes again
later; after its last attempt it is rescued, and buried for the operators to look at.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, Histogram
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    bindparam,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError

from shared import clock, logs
from shared.contracts.event import Event, event_id_of
from shared.database import Document, Instant, Store

log = logs.get(__name__)

S = TypeVar("S", bound=Store)

LARGEST_BATCH = 200
GATHER_S = 0.005
"""A batch waits this long for company: one commit for ten causes costs little more than for one,
and nobody notices (docs/performance.md)."""
REPLAY_PART = 500
ATTEMPTS = 8
"""How often deciding is tried before burying; with growing delays, about half a minute."""
FIRST_DELAY = timedelta(seconds=0.25)
LONGEST_DELAY = timedelta(seconds=60)
LOOK_AGAIN_S = 0.02
MOST_LOOKS = 25
"""A fact that is still on its way comes by another stream within milliseconds as a rule, so the
cause stays in hand for half a second before it goes back to the bus."""
WAIT_FOR_FACTS = timedelta(seconds=0.5)
WAIT_FOR_DATABASE = timedelta(seconds=1)
LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Said:
    """An event as it was recorded, ready to be said; saying it again is harmless."""

    event_id: str
    subject: str
    payload: bytes
    headers: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A cause is done: its events are recorded and stored by the bus."""

    said: tuple[Said, ...]
    repeated: bool
    """The cause had been decided before; these are the events of then."""


class Outcome(StrEnum):
    DONE = "done"
    BURIED = "buried"
    HELD = "held"
    """Recorded, but not yet stored by the bus: never said again by itself."""


@dataclass(frozen=True, slots=True)
class Cause(Generic[S]):
    """Something to decide on."""

    cause_id: str | None
    """None for a mere note, which says nothing and can be written again."""
    decide: Callable[[S], Sequence[Event]]
    matter: Any = None
    """What it is about, an event heard for instance, so that a batch's rows are read together."""
    attempts: int = 1
    """How often deciding is tried; each failure but the last raises TryAgain."""
    rescue: Callable[[S], Sequence[Event]] | None = None
    """Decides in place of `decide` when that has failed for good."""
    bury: Callable[[str, int], Said] | None = None
    """Makes the dead letter from error and number of attempts. Without it the error is raised."""
    may_be_known: bool = False
    """It comes again, so look before deciding. Otherwise the table's key finds a repeat."""
    silent: bool = False
    """A replayed cause: where it is known, its events are not said again."""
    looks: int = 0
    """How often deciding on it had to wait for a fact so far."""
    hold: bool = False
    """A submission: it counts only once the bus has stored what it led to. One whose sender was
    told to try again is never said by itself."""


class TryAgain(Exception):
    """Nothing was decided; the cause should come again after a delay."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(f"try again in {delay.total_seconds():g} s")
        self.delay = delay


class FactMissing(TryAgain):
    """A decision lacks a fact which is still on its way."""


class NotYet(Exception):
    """Raised by a decision that lacks a fact which is still on its way."""


class Unsaid(Exception):
    """The bus has not confirmed an event; it is said when its cause comes again."""


Say = Callable[[Sequence[Said]], Awaitable[Sequence[int | Exception]]]
"""Says events on the bus: for each its sequence in the stream, or why it was not stored."""


_SAID = ("event_id", "subject", "payload", "headers")
"""The columns that make a `Said`."""


def add_journal(metadata: MetaData) -> None:
    """Adds the journal's tables to a service's schema."""
    Table(
        "cause",
        metadata,
        Column("cause_id", String, primary_key=True),
        Column("outcome", String, nullable=False),
        Column("decided_at", Instant, nullable=False),
        sqlite_with_rowid=False,
    )
    Table(
        "said",
        metadata,
        Column("event_id", String, primary_key=True),
        Column("cause_id", String, nullable=False),
        Column("nth", Integer, nullable=False),
        Column("subject", String, nullable=False),
        Column("payload", LargeBinary),
        Column("headers", Document),
        Column("recorded_at", Instant, nullable=False),
        Column("sequence", BigInteger),
        Index("said_by_cause", "cause_id", "nth"),
        Index("said_by_time", "recorded_at"),
        Index(
            "said_owed",
            "recorded_at",
            sqlite_where=text("sequence IS NULL"),
            postgresql_where=text("sequence IS NULL"),
        ),
    )
    Table(
        "attempt",
        metadata,
        Column("cause_id", String, primary_key=True),
        Column("attempts", Integer, nullable=False),
        Column("error", String, nullable=False),
    )
    Table(
        "epoch",
        metadata,
        Column("stream", String, primary_key=True),
        Column("epoch", String, nullable=False),
    )


class Journal(Generic[S]):
    """Settles causes. One per service and database file."""

    def __init__(
        self,
        engine: Engine,
        metadata: MetaData,
        open_store: Callable[[Connection, datetime], S],
        say: Say,
        registry: CollectorRegistry,
        on_commit: Callable[[S], None] | None = None,
    ) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._cause = metadata.tables["cause"]
        self._said = metadata.tables["said"]
        self._attempt = metadata.tables["attempt"]
        self._epoch = metadata.tables["epoch"]
        self._select_causes = select(self._cause.c.cause_id).where(
            self._cause.c.cause_id.in_(bindparam("keys", expanding=True))
        )
        self._select_said = (
            select(self._said.c.cause_id, *(self._said.c[name] for name in _SAID))
            .where(
                self._said.c.cause_id.in_(bindparam("keys", expanding=True)),
                self._said.c.payload.is_not(None),
            )
            .order_by(self._said.c.cause_id, self._said.c.nth)
        )
        self._update_sequence = (
            update(self._said)
            .where(self._said.c.event_id == bindparam("key"))
            .values(sequence=bindparam("seq"))
        )
        self._accept_causes = (
            update(self._cause)
            .where(self._cause.c.cause_id.in_(bindparam("keys", expanding=True)))
            .values(outcome=Outcome.DONE)
        )
        insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        attempt = insert(self._attempt).values(attempts=1)
        self._count_attempt = attempt.on_conflict_do_update(
            index_elements=["cause_id"],
            set_={"attempts": self._attempt.c.attempts + 1, "error": attempt.excluded.error},
        ).returning(self._attempt.c.attempts)
        epoch = insert(self._epoch)
        self._put_epoch = epoch.on_conflict_do_update(
            index_elements=["stream"], set_={"epoch": epoch.excluded.epoch}
        )
        self._open_store = open_store
        self._say = say
        self._on_commit = on_commit
        self._waiting: deque[tuple[Cause[S], asyncio.Future[Settled]]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._saying: set[asyncio.Task[None]] = set()
        self._sequences: deque[dict[str, Any]] = deque()
        self.owes = True
        """Whether something recorded may not have been said; not known after a start."""
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._batches = Histogram(
            "banso_journal_batch_causes",
            "Causes settled with one commit.",
            registry=registry,
            buckets=(1, 2, 5, 10, 20, 50, 100, 200),
        )
        self._commits = Histogram(
            "banso_journal_commit_seconds",
            "Time to decide on a batch and to commit it.",
            registry=registry,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
        )

    async def settle(self, cause: Cause[S]) -> Settled:
        """Decides, records and says; returns once the bus has stored every event.

        Raises TryAgain where deciding has to wait or has failed, Unsaid where the bus did not
        answer in time, and the decision's own error where the cause can't be buried.
        """
        return await self._enqueue(cause)

    async def settle_all(self, causes: Sequence[Cause[S]]) -> list[Settled | Exception]:
        """Settles several, and tells of each what became of it instead of raising."""
        futures = [self._enqueue(cause) for cause in causes]
        await asyncio.wait(futures)
        return [_outcome(future) for future in futures]

    def _enqueue(self, cause: Cause[S]) -> asyncio.Future[Settled]:
        future: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._put(cause, future)
        return future

    def _put(self, cause: Cause[S], future: asyncio.Future[Settled]) -> None:
        self._waiting.append((cause, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    async def note(self, write: Callable[[S], None]) -> None:
        """Writes something that nobody needs to hear, with the next batch."""

        def decide(store: S) -> Sequence[Event]:
            write(store)
            return ()

        await self.settle(Cause(None, decide))

    async def read(self, query: Callable[[Connection], Any]) -> Any:
        """Runs a short query on the writer's thread, where it sees all that was settled."""

        def run() -> Any:
            with self._transaction() as connection:
                return query(connection)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def epoch(self, stream: str) -> str | None:
        """The stream's epoch when this service last said everything that the stream should hold."""
        query = select(self._epoch.c.epoch).where(self._epoch.c.stream == stream)
        found: str | None = await self.read(lambda connection: connection.scalar(query))
        return found

    async def keep_epoch(self, stream: str, epoch: str) -> None:
        """Remembers that the stream of this epoch holds all that this service ever said on it."""
        values = {"stream": stream, "epoch": epoch}
        await self.note(lambda store: _execute(store, self._put_epoch, values))

    async def close(self) -> None:
        """Settles what is waiting, then stops."""
        while self._running is not None and not self._running.done():
            await asyncio.wait([self._running])
        if self._saying:
            await asyncio.wait(self._saying)
        if self._sequences:
            await self.note(lambda _: None)
        if self._connection is not None:
            self._writer.submit(self._connection.close)
        await asyncio.to_thread(self._writer.shutdown)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if len(self._waiting) < LARGEST_BATCH:
                await asyncio.sleep(GATHER_S)
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
            causes = [cause for cause, _ in taken]
            try:
                outcomes = await loop.run_in_executor(self._writer, self._record, causes)
            except Exception as error:
                log.error("journal.failed", error=repr(error), causes=len(causes))
                outcomes = [TryAgain(WAIT_FOR_DATABASE)] * len(causes)
            taken, outcomes = self._without_patient(taken, outcomes)
            telling = asyncio.create_task(self._tell(taken, outcomes))
            self._saying.add(telling)
            telling.add_done_callback(self._saying.discard)

    def _without_patient(
        self,
        taken: list[tuple[Cause[S], asyncio.Future[Settled]]],
        outcomes: list[Settled | Exception],
    ) -> tuple[list[tuple[Cause[S], asyncio.Future[Settled]]], list[Settled | Exception]]:
        """Those with an outcome to tell; whoever lacks a fact is looked at again a little later."""
        told: list[tuple[Cause[S], asyncio.Future[Settled]]] = []
        found: list[Settled | Exception] = []
        for (cause, future), outcome in zip(taken, outcomes, strict=True):
            if isinstance(outcome, FactMissing) and cause.looks < MOST_LOOKS:
                again = replace(cause, looks=cause.looks + 1)
                asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._put, again, future)
            else:
                told.append((cause, future))
                found.append(outcome)
        return told, found

    async def _tell(
        self,
        taken: list[tuple[Cause[S], asyncio.Future[Settled]]],
        outcomes: list[Settled | Exception],
    ) -> None:
        """Says a batch's events and answers everybody who waits for one of its causes."""
        saying = [
            said
            for (cause, _), outcome in zip(taken, outcomes, strict=True)
            if isinstance(outcome, Settled) and not (cause.silent and outcome.repeated)
            for said in outcome.said
        ]
        unsaid = await self._say_all(saying) if saying else {}
        held = [
            cause.cause_id
            for (cause, _), outcome in zip(taken, outcomes, strict=True)
            if cause.hold
            and isinstance(outcome, Settled)
            and not any(said.event_id in unsaid for said in outcome.said)
        ]
        failure = await self._accept(held) if held else None
        for (cause, future), outcome in zip(taken, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            elif failed := [unsaid[s.event_id] for s in outcome.said if s.event_id in unsaid]:
                future.set_exception(Unsaid(repr(failed[0])))
            elif cause.hold and failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(outcome)

    async def _say_all(self, saying: list[Said]) -> dict[str, Exception]:
        """What could not be said, by event id."""
        unsaid: dict[str, Exception] = {}
        try:
            results = await self._say(saying)
        except Exception as error:
            results = [error] * len(saying)
        for said, result in zip(saying, results, strict=True):
            if isinstance(result, Exception):
                unsaid[said.event_id] = result
                self.owes = True
            else:
                self._sequences.append({"key": said.event_id, "seq": result})
        return unsaid

    async def _accept(self, cause_ids: list[str | None]) -> Exception | None:
        """Marks submissions as stored by the bus; tells what went wrong, if anything."""
        values = {"keys": cause_ids}
        try:
            await self.note(lambda store: _execute(store, self._accept_causes, values))
        except Exception as error:
            return error
        return None

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """On the writer's own connection, which stays open; after a failure on a new one."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with self._connection.begin():
                yield self._connection
        except (OperationalError, InterfaceError):
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
            raise

    def _record(self, causes: list[Cause[S]]) -> list[Settled | Exception]:
        """One transaction for the batch; where writing it fails, one for each cause alone."""
        self._batches.observe(len(causes))
        try:
            with self._commits.time():
                return self._batch(causes, look=any(cause.may_be_known for cause in causes))
        except (OperationalError, InterfaceError) as error:
            log.error("journal.unavailable", error=repr(error)[:LONGEST_ERROR])
            return [TryAgain(WAIT_FOR_DATABASE)] * len(causes)
        except Exception:
            return self._record_again(causes)

    def _record_again(self, causes: list[Cause[S]]) -> list[Settled | Exception]:
        """Most likely one of them was known; else one of them can't be written."""
        try:
            return self._batch(causes)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if len(causes) == 1:
                return self._batch(causes, doomed=error)
            return [outcome for cause in causes for outcome in self._record_again([cause])]

    def _batch(
        self, causes: list[Cause[S]], *, look: bool = True, doomed: Exception | None = None
    ) -> list[Settled | Exception]:
        store: S | None = None
        try:
            with self._transaction() as connection:
                store = self._open_store(connection, clock.now())
                outcomes = self._decide(causes, look, doomed, connection, store)
                store.write()
        except BaseException:
            if store is not None:
                store.abandon()
            raise
        if self._on_commit is not None:
            self._on_commit(store)
        return outcomes

    def _decide(
        self,
        causes: list[Cause[S]],
        look: bool,
        doomed: Exception | None,
        connection: Connection,
        store: S,
    ) -> list[Settled | Exception]:
        outcomes: list[Settled | Exception] = []
        ids = [cause.cause_id for cause in causes if cause.cause_id]
        known = self._known(connection, ids) if look else {}
        store.expect([c.matter for c in causes if c.matter and c.cause_id not in known])
        decided: list[tuple[str, Outcome, tuple[Said, ...]]] = []
        for cause in causes:
            if cause.cause_id in known:
                outcomes.append(Settled(known[cause.cause_id], repeated=True))
                continue
            store.mark()
            try:
                if doomed is not None:
                    raise doomed
                said = _recorded(cause.cause_id, cause.decide(store))
                outcome = Outcome.HELD if cause.hold else Outcome.DONE
            except (OperationalError, InterfaceError):
                raise
            except NotYet:
                store.undo()
                outcomes.append(FactMissing(WAIT_FOR_FACTS))
                continue
            except Exception as error:
                store.undo()
                failure = self._failed(connection, store, cause, error)
                if isinstance(failure, Exception):
                    outcomes.append(failure)
                    continue
                said, outcome = failure, Outcome.BURIED
            if cause.cause_id is not None:
                known[cause.cause_id] = said
                decided.append((cause.cause_id, outcome, said))
            outcomes.append(Settled(said, repeated=False))
        self._write(connection, store.now, decided)
        return outcomes

    def _failed(
        self, connection: Connection, store: S, cause: Cause[S], error: Exception
    ) -> tuple[Said, ...] | Exception:
        """Counts the attempt; after the last one rescues what can be rescued, and buries."""
        if cause.bury is None or cause.cause_id is None:
            return error
        words = repr(error)[:LONGEST_ERROR]
        count = connection.execute(
            self._count_attempt, {"cause_id": cause.cause_id, "error": words}
        ).scalar_one()
        log.warning("decision.failed", cause=cause.cause_id, attempt=count, error=words)
        if count < cause.attempts:
            return TryAgain(min(FIRST_DELAY * 2 ** (count - 1), LONGEST_DELAY))
        log.error("decision.buried", cause=cause.cause_id, attempts=count)
        return (*_recorded(cause.cause_id, _rescued(cause, store)), cause.bury(words, count))

    def _known(self, connection: Connection, cause_ids: list[str]) -> dict[str, tuple[Said, ...]]:
        if not cause_ids:
            return {}
        keys = {"keys": sorted(set(cause_ids))}
        known: dict[str, tuple[Said, ...]] = {
            row[0]: () for row in connection.execute(self._select_causes, keys)
        }
        if known:
            for cause_id, *rest in connection.execute(self._select_said, {"keys": sorted(known)}):
                known[cause_id] += (Said(*rest),)
        return known

    def _write(
        self,
        connection: Connection,
        now: datetime,
        decided: list[tuple[str, Outcome, tuple[Said, ...]]],
    ) -> None:
        if decided:
            connection.execute(
                self._cause.insert(),
                [
                    {"cause_id": cause_id, "outcome": outcome, "decided_at": now}
                    for cause_id, outcome, _ in decided
                ],
            )
        lines = [
            {
                "event_id": said.event_id,
                "cause_id": cause_id,
                "nth": nth,
                "subject": said.subject,
                "payload": said.payload,
                "headers": said.headers,
                "recorded_at": now,
            }
            for cause_id, _, events in decided
            for nth, said in enumerate(events)
        ]
        if lines:
            connection.execute(self._said.insert(), lines)
        sequences = [self._sequences.popleft() for _ in range(len(self._sequences))]
        if sequences:
            connection.execute(self._update_sequence, sequences)

    async def say_what_is_owed(self) -> None:
        """Says what was recorded and never stored by the bus, as after a crash in between.

        Whatever is recorded is said in the end, also where no message comes again to ask for it.
        What a submitter was told to send again is left out.
        """
        self.owes = False
        async for part in self._parts(self._said.c.sequence.is_(None)):
            await self._say_all(part)

    async def recorded(self, event_ids: Sequence[str]) -> list[Said]:
        """Those of these events that stand here and count, ready to be said again."""
        said, cause = self._said, self._cause
        query = (
            select(*(said.c[name] for name in _SAID))
            .join(cause, cause.c.cause_id == said.c.cause_id)
            .where(
                said.c.event_id.in_(event_ids[:REPLAY_PART]),
                said.c.payload.is_not(None),
                cause.c.outcome != Outcome.HELD,
            )
            .order_by(said.c.recorded_at, said.c.cause_id, said.c.nth)
        )
        return [Said(*row) for row in await self.read(partial(_all, query))]

    def was_said(self, said: Sequence[Said], results: Sequence[int | Exception]) -> None:
        """Remembers where the stream keeps them, with the next batch."""
        for one, result in zip(said, results, strict=True):
            if not isinstance(result, Exception):
                self._sequences.append({"key": one.event_id, "seq": result})

    def replay(self, subjects: Sequence[str], since: datetime) -> AsyncIterator[list[Said]]:
        """All that was said on these subjects since then, in the order of recording, in parts."""
        said = self._said
        return self._parts(said.c.subject.in_(subjects), said.c.recorded_at >= since)

    async def _parts(self, *wanted: ColumnElement[bool]) -> AsyncIterator[list[Said]]:
        said, cause = self._said, self._cause
        place = (said.c.recorded_at, said.c.cause_id, said.c.nth)
        query = (
            select(*place, *(said.c[name] for name in _SAID))
            .join(cause, cause.c.cause_id == said.c.cause_id)
            .where(said.c.payload.is_not(None), cause.c.outcome != Outcome.HELD, *wanted)
            .order_by(*place)
            .limit(REPLAY_PART)
        )
        rows = await self.read(partial(_all, query))
        while rows:
            yield [Said(*row[3:]) for row in rows]
            if len(rows) < REPLAY_PART:
                return
            after = query.where(tuple_(*place) > tuple(rows[-1][:3]))
            rows = await self.read(partial(_all, after))

    async def forget_payloads(self, before: datetime) -> None:
        """Empties what was recorded earlier; causes and ids stay for ever."""
        forget = update(self._said).where(
            self._said.c.recorded_at < before, self._said.c.payload.is_not(None)
        )
        await self.note(lambda store: _execute(store, forget.values(payload=None), {}))


def _all(query: Select[Any], connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


def _outcome(future: asyncio.Future[Settled]) -> Settled | Exception:
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    return error


def _execute(store: Store, statement: Executable, values: dict[str, Any]) -> None:
    store.connection.execute(statement, values)


def _rescued(cause: Cause[S], store: S) -> Sequence[Event]:
    """What must be said all the same; where even that fails, the dead letter has to do."""
    if cause.rescue is None:
        return ()
    store.mark()
    try:
        return cause.rescue(store)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        store.undo()
        log.error("rescue.failed", cause=cause.cause_id, error=repr(error)[:LONGEST_ERROR])
        return ()


def _recorded(cause_id: str | None, events: Sequence[Event]) -> tuple[Said, ...]:
    if cause_id is None:
        return ()
    counts: Counter[str] = Counter()
    said = []
    for event in events:
        event_id = event_id_of(event.subject, cause_id, counts[event.subject])
        counts[event.subject] += 1
        said.append(Said(event_id, event.subject, event.to_message(event_id, cause_id)))
    return tuple(said)
