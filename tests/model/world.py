"""The router without its bus: the real journal on a real database, and a clock that jumps.

What is said to it lies in a tray, from which the messages are taken in any order, late, twice or
many at a time, as a bus may bring them. Nothing else runs beside it, so a run can be repeated.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, StaticPool, create_engine, select

from services.router import handlers, store, tick
from services.router.lifecycle import Issue
from services.router.store import Board, Desk, issues
from shared import clock, journal
from shared.contracts.event import Event
from shared.contracts.organisation import Organisation
from shared.contracts.router import IssueDue, RouterEvent
from shared.contracts.traffic import EVENTS
from shared.journal import Cause, Journal, Said, Settled

START = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
"""A Monday, 9:00 in Tokyo."""
MOST_ROUNDS = 50
T = TypeVar("T")


class World:
    """One router, its database, and what has been said to it and by it."""

    def __init__(self, organisation: Organisation) -> None:
        self.now_at = START
        self.tray: list[Event] = []
        """What was said to the router and has not been settled."""
        self.settled: list[Event] = []
        """What it has heard already, and may hear again."""
        self.facts: list[RouterEvent] = []
        """What it has said, in order."""
        self._heard: set[str] = set()
        self._dues: list[IssueDue] = []
        self.organisation: Organisation | None = None
        self._number = itertools.count(1)
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(clock, "_clock", self)
        self._patch.setattr(journal, "GATHER_S", 0)
        self._runner = asyncio.Runner()
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        with self._engine.begin() as connection:
            store.metadata.create_all(connection)
        self._journal = self._started()
        self.publish(organisation)

    def close(self) -> None:
        self._run(self._journal.close())
        self._runner.close()
        self._engine.dispose()
        self._patch.undo()

    @property
    def current(self) -> Organisation | None:
        """The organisation in force, as whoever gives out queues asks for it."""
        return self.organisation

    def now(self) -> datetime:
        """The clock of everything here."""
        return self.now_at

    def wait(self, span: timedelta) -> None:
        """Time passes."""
        self.now_at += span

    def restart(self) -> None:
        """As after a kill: only what the database holds is known. The clock may have been wrong."""
        self._run(self._journal.close())
        self._journal = self._started()

    def publish(self, organisation: Organisation) -> list[RouterEvent]:
        since = len(self.facts)
        number = next(self._number)
        change = partial(handlers.organisation_changed, organisation, number)
        cause = Cause(f"organisation/{number}/{organisation.revision}", change)
        self._run(self._journal.settle(cause))
        return self.facts[since:]

    def say(self, event: Event) -> None:
        """Lays a message into the tray; it has an id as the bus would give it one."""
        self.tray.append(event.model_copy(update={"event_id": f"m{next(self._number)}"}))

    def deliver(self, picks: Sequence[int]) -> list[tuple[Event, list[RouterEvent]]]:
        """Takes these messages of the tray, as one batch; each that was settled, with what was
        said of it, in the order in which they were decided."""
        taken = [self.tray[n % len(self.tray)] for n in picks] if self.tray else []
        return self._hear(list({one.event_id: one for one in taken}.values()))

    def deliver_all(self) -> list[tuple[Event, list[RouterEvent]]]:
        """In the order in which they were said."""
        return self._hear(list(self.tray))

    def deliver_again(self, pick: int) -> None:
        """A message that was settled comes once more: nothing may be decided on it again."""
        if not self.settled:
            return
        before, said = self.issues(), len(self.facts)
        again = [self._cause(self.settled[pick % len(self.settled)])]
        (outcome,) = self._run(self._journal.settle_all(again))
        assert isinstance(outcome, Settled)
        assert outcome.repeated
        assert (self.issues(), len(self.facts)) == (before, said)

    def tick(self) -> list[RouterEvent]:
        """Does what is due at this instant, as the router's own clock does; what was said then."""
        since, quiet = len(self.facts), 0
        for _ in range(MOST_ROUNDS):
            before = len(self.facts)
            self._run(self._tick())
            self._hear_dues()
            quiet = quiet + 1 if len(self.facts) == before else 0
            if quiet == 2:  # moving plans takes a round of its own, and may say nothing
                return self.facts[since:]
        raise AssertionError("the tick finds no end")

    async def _tick(self) -> None:
        await tick.turn_absences(self._journal)
        await self._queues.drain(self._journal)
        await tick.say_what_is_due(self._journal)

    def issue(self, issue_id: str) -> Issue | None:
        return self.issues().get(issue_id)

    def issues(self) -> dict[str, Issue]:
        rows = self.read(lambda connection: connection.execute(select(issues)).mappings().all())
        return {row["issue_id"]: Issue(**row) for row in rows}

    def desk(self, look: Callable[[Desk], T]) -> T:
        """What a desk opened now would answer."""
        found: T = self.read(
            lambda connection: look(
                Desk(connection, self.now_at, self.organisation, Board(connection))
            )
        )
        return found

    def read(self, query: Callable[[Connection], Any]) -> Any:
        return self._run(self._journal.read(query))

    def _started(self) -> Journal[Desk]:
        with self._engine.connect() as connection:
            _, self.organisation, _ = store.last_published(connection)
            self._board = Board(connection)
        board = self._board
        self._queues = tick.Queues(board, self)  # type: ignore[arg-type]
        return Journal(
            self._engine,
            store.metadata,
            lambda connection, now: Desk(connection, now, self.organisation, board),
            self._remember,
            CollectorRegistry(),
            on_commit=self._adopt,
        )

    def _adopt(self, desk: Desk) -> None:
        if desk.published is not None:
            _, self.organisation = desk.published

    async def _remember(self, saying: Sequence[Said]) -> Sequence[int | Exception]:
        """The stream: it takes an event once, whoever says it again."""
        for said in saying:
            if said.event_id in self._heard:
                continue
            self._heard.add(said.event_id)
            event = EVENTS[said.subject].from_message(said.payload)
            assert isinstance(event, RouterEvent)
            self.facts.append(event)
            if isinstance(event, IssueDue):
                self._dues.append(event)
        return [len(self.facts)] * len(saying)

    def _hear_dues(self) -> None:
        dues, self._dues = self._dues, []
        self._settle([self._cause(one) for one in dues])

    def _hear(self, batch: Sequence[Event]) -> list[tuple[Event, list[RouterEvent]]]:
        since = len(self.facts)
        outcomes = self._settle([self._cause(one) for one in batch])
        done = [
            one
            for one, outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, Settled)
        ]
        self.tray = [one for one in self.tray if one not in done]
        self.settled += done
        said: dict[str, list[RouterEvent]] = {}
        for fact in self.facts[since:]:
            said.setdefault(fact.cause_id, []).append(fact)
        return [(one, said.get(one.event_id, [])) for one in done]

    def _settle(self, causes: Sequence[Cause[Desk]]) -> list[Settled | Exception]:
        if not causes:
            return []
        outcomes = self._run(self._journal.settle_all(causes))
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, journal.FactMissing):
                raise outcome
        return outcomes

    def _cause(self, event: Event) -> Cause[Desk]:
        decide = partial(handlers.HEARS[type(event)].decide, event)
        # no more looks: what is missing is still in the tray, and comes when it is delivered
        looks = journal.MOST_LOOKS
        return Cause(event.event_id, decide, event, may_be_known=True, looks=looks)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)
