"""Keeps the ledger up with the facts that are committed, and its state at every night.

Facts are folded a little after they were heard, so that those of one moment meet in their order.
What comes later all the same is folded again from the last night before it; what comes more than a
week late is counted and waits for a rebuild.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Connection, Engine

from services.metrics import store
from services.metrics.facts import instant
from services.metrics.heard import Entry, Undone
from services.metrics.ledger import Ledger
from services.metrics.load import Loads
from services.metrics.store import Books, Night, Nights, begins_s
from shared import clock, logs
from shared.contracts.organisation import Organisation
from shared.journal import Journal

log = logs.get(__name__)

HOLD_S = 5.0
"""While facts keep coming, those of the last seconds wait for others of the same moment."""
QUIET_S = 2.0
"""Nothing has come for so long: all that there is has been heard."""
JUST_NOW = timedelta(minutes=1)
MOST_ORGANISATIONS = 4


@dataclass(frozen=True, slots=True)
class Folded:
    """A ledger after folding, with the nights that have passed in it."""

    ledger: Ledger
    nights: tuple[Night, ...]


class Organisations:
    """Organisations by their revision, read when they are asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, Organisation] = {}

    def __call__(self, revision: str) -> Organisation:
        if revision not in self._known:
            while len(self._known) >= MOST_ORGANISATIONS:
                del self._known[next(iter(self._known))]
            with self._engine.connect() as connection:
                self._known[revision] = store.organisation_of(connection, revision)
        return self._known[revision]

    def first(self) -> Organisation | None:
        """The first that was ever heard."""
        with self._engine.connect() as connection:
            return store.first_organisation(connection)


class Keeper:
    """The ledger of a running service."""

    def __init__(self, readers: Engine, registry: CollectorRegistry) -> None:
        """`readers` only read, so that they wait for nobody."""
        self._readers = readers
        self._organisations = Organisations(readers)
        self.nights = Nights()
        self.ledger: Ledger | None = None
        self.loads = Loads()
        self.newest_at: datetime | None = None
        """When the newest fact happened that was heard."""
        self._heard: deque[Entry] = deque()
        """Committed, and not looked at yet."""
        self._changed: deque[store.Standing] = deque()
        self._waiting: list[Entry] = []
        """Looked at, and held back."""
        self._owed: tuple[Night, ...] = ()
        """Passed at the start, and not kept yet."""
        self._heard_at_s = clock.elapsed_s()
        self._late = Counter(
            "banso_late_facts",
            "Facts that came late and were folded again from the last night before them.",
            registry=registry,
        )
        self._too_late = Counter(
            "banso_too_late_facts",
            "Facts that came more than a week late: they wait for banso metrics rebuild.",
            registry=registry,
        )

    def open(self) -> None:
        """Takes up what was kept: the newest night, and everything since."""
        with self._readers.connect() as connection:
            for standing in store.open_standings(connection):
                self.loads.put(standing)
            self.newest_at = store.newest_fact_at(connection)
            night = store.newest_night(connection)
            self.nights.newest_at = night.at if night else None
            ledger = self._restored(night)
            if ledger is None:
                return
            since = night.at if night else None
            expect_undone(ledger, store.undone_since(connection, since))
            folded = fold(ledger, store.in_order(connection, since))
        self.ledger, self._owed = folded.ledger, folded.nights

    def committed(self, books: Books) -> None:
        """Called after each commit, on the writer's thread."""
        if books.newest_at is not None:
            self.newest_at = max(books.newest_at, self.newest_at or books.newest_at)
        self._heard.extend(books.entries)
        self._changed.extend(books.changed.values())

    def has_caught_up(self, now: datetime) -> bool:
        """Whether what is known is all that there is: nothing has come for a moment, or what comes
        has just happened. What is held back is so for seconds."""
        held_s = min((entry.key[0] for entry in self._waiting), default=now.timestamp())
        if now.timestamp() - held_s > 2 * HOLD_S:
            return False
        if self.newest_at is not None and now - self.newest_at <= JUST_NOW:
            return True
        return clock.elapsed_s() - self._heard_at_s >= QUIET_S

    async def catch_up(self, journal: Journal[Books]) -> bool:
        """Folds what has been heard; whether anything is otherwise."""
        if self._owed:
            owed, self._owed = self._owed, ()
            await journal.note(partial(self._write, owed))
        changed = [self._changed.popleft() for _ in range(len(self._changed))]
        for standing in changed:
            self.loads.put(standing)
        ready = self._ready()
        if self.ledger is None:
            self.ledger = self._restored(None)
        if self.ledger is None or not ready:
            self._waiting = [*ready, *self._waiting]
            return bool(changed)
        if self._goes_back(ready, self.ledger):
            folded = await self._fold_again(journal, ready)
        else:
            expect_undone(self.ledger, ready)
            folded = await asyncio.to_thread(fold, self.ledger, ready)
        await self._keep(journal, folded)
        return True

    async def let_time_pass(self, journal: Journal[Books], now: datetime) -> None:
        """Passes the nights until now, or until what is held back. Only once all is caught up with:
        what came then would be late."""
        if self.ledger is not None:
            held_s = (entry.key[0] for entry in self._waiting)
            until_s = min(held_s, default=now.timestamp())
            folded = await asyncio.to_thread(_pass_nights, self.ledger, until_s)
            await self._keep(journal, folded)

    def _ready(self) -> list[Entry]:
        """What can be folded now, in its order."""
        new = [self._heard.popleft() for _ in range(len(self._heard))]
        self._waiting += new
        if not new:
            ready, self._waiting = self._waiting, []
        else:
            self._heard_at_s = clock.elapsed_s()
            until_s = max(entry.key[0] for entry in self._waiting) - HOLD_S
            ready = [entry for entry in self._waiting if entry.key[0] <= until_s]
            self._waiting = [entry for entry in self._waiting if entry.key[0] > until_s]
        return sorted(ready, key=lambda entry: entry.key)

    def _goes_back(self, ready: Sequence[Entry], ledger: Ledger) -> bool:
        head = ledger.head
        return head is not None and any(
            entry.key < head or isinstance(entry.what, Undone) for entry in ready
        )

    async def _fold_again(self, journal: Journal[Books], ready: Sequence[Entry]) -> Folded:
        """From the last night before what has come late."""
        assert self.ledger is not None
        assert self.ledger.head is not None
        head = self.ledger.head
        late = [one for one in ready if one.key < head or isinstance(one.what, Undone)]
        in_time = [one for one in late if not self.nights.is_too_late(begins_s(one))]
        self._late.inc(sum(one.key < head for one in in_time))
        if too_late := len(late) - len(in_time):
            self._too_late.inc(too_late)
            log.warning("facts.too_late", facts=too_late)
        if not in_time:
            rest = [one for one in ready if one.key >= head]
            return await asyncio.to_thread(fold, self.ledger, rest)
        since = instant(min(begins_s(one) for one in in_time))
        night, undone, entries = await journal.read(partial(self._read_back, since))
        ledger = self._restored(night)
        assert ledger is not None
        expect_undone(ledger, undone)
        self.nights.newest_at = night.at if night else None
        return await asyncio.to_thread(fold, ledger, entries)

    def _read_back(
        self, since: datetime, connection: Connection
    ) -> tuple[Night | None, list[Entry], list[Entry]]:
        """The night to begin with, and everything after it; on the writer's thread, so that nothing
        is committed meanwhile."""
        self._heard.clear()
        self._waiting.clear()
        night = store.newest_night(connection, since)
        after = night.at if night else None
        undone = list(store.undone_since(connection, after))
        return night, undone, list(store.in_order(connection, after))

    async def _keep(self, journal: Journal[Books], folded: Folded) -> None:
        self.ledger = folded.ledger
        if folded.nights:
            await journal.note(partial(self._write, folded.nights))

    def _write(self, nights: Sequence[Night], books: Books) -> None:
        """On the writer's thread; a night before something that was committed meanwhile is untrue
        already."""
        begins = [begins_s(entry) for entry in self._heard]
        for night in nights:
            if all(night.at.timestamp() <= at_s for at_s in begins):
                books.nights.put(night)
                self.nights.newest_at = night.at
        store.forget_old_nights(books.connection)

    def _restored(self, night: Night | None) -> Ledger | None:
        """None while no organisation was ever heard."""
        first = self._organisations.first()
        if first is None:
            return None
        if night is None:
            return Ledger(first, self._organisations)
        return Ledger.from_state(read_state(night.state), first, self._organisations)


def write_state(ledger: Ledger) -> bytes:
    """The ledger's state, small."""
    return zlib.compress(json.dumps(ledger.state(), separators=(",", ":")).encode(), 1)


def read_state(state: bytes) -> dict[str, Any]:
    """What `write_state` has written."""
    found: dict[str, Any] = json.loads(zlib.decompress(state))
    return found


def expect_undone(ledger: Ledger, undone: Iterable[Entry]) -> None:
    """Lets the ledger know beforehand what will be taken back."""
    for entry in undone:
        if isinstance(entry.what, Undone):
            ledger.expect_undone(entry.what.causes, entry.key[0])


def fold(ledger: Ledger, entries: Iterable[Entry], nights_since: datetime | None = None) -> Folded:
    """Folds entries in their order, and keeps the newest nights that pass; none before
    `nights_since`, since writing down everybody's state takes longer than a day's facts."""
    since_s = nights_since.timestamp() if nights_since else float("-inf")
    nights: deque[Night] = deque(maxlen=store.NIGHTS_KEPT)
    for entry in entries:
        passed = ledger.fold(entry)
        nights.extend(_night(ledger, night_s) for night_s in passed if night_s >= since_s)
    return Folded(ledger, tuple(nights))


def fold_anew(connection: Connection, first: Organisation, organisations: Organisations) -> Folded:
    """Everything that is kept, from the beginning until the newest night that was kept."""
    ledger, newest = Ledger(first, organisations), store.newest_night(connection)
    expect_undone(ledger, store.undone_since(connection))
    since = store.nights_kept_since(connection)
    folded = fold(ledger, store.in_order(connection), since)
    if newest is None:
        return folded
    passed = _pass_nights(folded.ledger, newest.at.timestamp())
    return Folded(passed.ledger, (*folded.nights, *passed.nights)[-store.NIGHTS_KEPT :])


def _pass_nights(ledger: Ledger, until_s: float) -> Folded:
    passing = ledger.pass_nights(until_s)
    return Folded(ledger, tuple(_night(ledger, night_s) for night_s in passing))


def _night(ledger: Ledger, night_s: float) -> Night:
    return Night(instant(night_s), write_state(ledger))
