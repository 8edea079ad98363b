"""Wires metrics."""

from __future__ import annotations

from pathlib import Path

from services.metrics import handlers, store
from services.metrics.gauges import Figures, page
from services.metrics.gauges.page import PeoplePage
from services.metrics.keeper import Keeper
from services.metrics.settings import MetricsSettings
from services.metrics.store import Books
from services.metrics.tick import Watch
from shared import due, service
from shared.bus import Bus
from shared.contracts.event import Speaker
from shared.database import open_engine
from shared.journal import Journal
from shared.organisation import KnownOrganisation

MIGRATIONS = Path(__file__).parent / "migrations"


async def serve(settings: MetricsSettings) -> None:
    """Runs metrics until it is told to stop."""
    registry = service.prepare("metrics", settings)
    place = await service.take_place(settings, registry)
    engine = open_engine(settings.database_url)
    with engine.begin() as connection:
        store.stand_anew(connection)
        known = KnownOrganisation(connection, store.metadata)
        standings = store.open_standings(connection)
    readers = open_engine(settings.database_url, read_only=True)
    keeper = Keeper(readers, registry)
    keeper.open()
    watch = Watch(keeper, readers)
    figures = Figures(registry, known, standings, watch)
    bus: Bus[Books] = Bus(
        Speaker.METRICS, settings.nats_url, settings.nats_seed, registry, handlers.HEARS
    )

    def committed(books: Books) -> None:
        known.adopt(books)
        figures.committed(books)
        keeper.committed(books)

    journal = Journal(
        engine,
        store.metadata,
        lambda connection, now: Books(connection, now, known, keeper.nights),
        bus.say,
        registry,
        on_commit=committed,
    )
    bus.listen(journal)

    async def tick() -> int:
        return await watch.tick(journal) if bus.is_connected else 0

    await service.run(
        settings,
        registry,
        bus,
        journal,
        checks={"organisation": lambda: known.current is not None},
        ticks=[place.keep, lambda: due.keep_doing(tick, "watch")],
        pages={page.PATH: PeoplePage(figures.by_person, known, settings.people_token)},
    )
    place.give_back()
