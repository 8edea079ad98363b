"""Makes everybody's summary when it is due, and counts what is held."""

from __future__ import annotations

import asyncio
from functools import partial

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import func, select

from services.notifier import handlers, store
from services.notifier.store import DigestDue, Fate, Ledger
from shared import clock, due
from shared.journal import Cause, Journal
from shared.organisation import KnownOrganisation

COUNT_EVERY_S = 5.0


class Summaries:
    """`make_due` and `count_held` are ticks."""

    def __init__(self, known: KnownOrganisation, registry: CollectorRegistry) -> None:
        self._known = known
        self._planned = False
        self._held = Gauge(
            "banso_notifications_held",
            "Notifications that wait until their person is at work, or for company.",
            ["channel"],
            registry=registry,
        )
        self._counted_at = 0.0
        self._shown: frozenset[str] = frozenset()

    async def make_due(self, journal: Journal[Ledger]) -> int:
        """After an outage one for each person, not a series."""
        if not self._planned and self._known.current is not None:
            await journal.note(Ledger.plan_digests)
            self._planned = True
        table, now = store.digests, clock.now()
        rows = await journal.read(
            lambda connection: due.find(
                connection, (table.c.person_id,), table.c.due_at, table.c.taken_at, now
            )
        )
        found: list[DigestDue] = []

        def take(ledger: Ledger) -> None:
            found[:] = ledger.take_digests([row.person_id for row in rows])

        if rows:
            await journal.note(take)
            await asyncio.gather(*(_make(one, journal) for one in found))
        return len(rows)

    async def count_held(self, journal: Journal[Ledger]) -> int:
        """Looks every few seconds; nobody looks more often."""
        if clock.elapsed_s() < self._counted_at + COUNT_EVERY_S:
            return 0
        self._counted_at = clock.elapsed_s()
        table = store.deliveries
        query = (
            select(table.c.channel, func.count().label("held"))
            .where(table.c.fate == Fate.HELD)
            .group_by(table.c.channel)
        )
        rows = await journal.read(lambda connection: connection.execute(query).all())
        held: dict[str, int] = {row.channel: row.held for row in rows}
        for channel in self._shown - held.keys():
            self._held.labels(channel).set(0)
        for channel, count in held.items():
            self._held.labels(channel).set(count)
        self._shown |= held.keys()
        return 0


async def _make(one: DigestDue, journal: Journal[Ledger]) -> None:
    cause_id = handlers.digest_cause(one)
    await journal.settle(Cause(cause_id, partial(handlers.digest_due, one, cause_id)))
