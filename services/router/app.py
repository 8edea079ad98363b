"""Wires the router."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from services.router import handlers, store
from services.router.calendars import Calendars
from services.router.learning import Learner, file_of
from services.router.settings import RouterSettings
from services.router.store import Board, Desk
from services.router.tick import (
    OrganisationFile,
    Queues,
    follow_companions,
    say_what_is_due,
    turn_absences,
)
from shared import due, service
from shared.bus import Bus
from shared.contracts.event import Speaker
from shared.database import open_engine
from shared.journal import Journal

MIGRATIONS = Path(__file__).parent / "migrations"


async def serve(settings: RouterSettings) -> None:
    """Runs the router until it is told to stop."""
    registry = service.prepare("router", settings)
    place = await service.take_place(settings, registry)
    engine = open_engine(settings.database_url)
    with engine.connect() as connection:
        file = OrganisationFile(settings.organisation, *store.last_published(connection))
        board = Board(connection)
    bus: Bus[Desk] = Bus(
        Speaker.ROUTER, settings.nats_url, settings.nats_seed, registry, handlers.HEARS
    )
    journal = Journal(
        engine,
        store.metadata,
        lambda connection, now: Desk(connection, now, file.current, board),
        bus.say,
        registry,
        on_commit=file.adopt,
    )
    bus.listen(journal)

    async def tick() -> int:
        return await say_what_is_due(journal) if bus.is_connected and file.current else 0

    async def turn() -> int:
        return await turn_absences(journal) if bus.is_connected and file.current else 0

    async def follow() -> int:
        return await follow_companions(journal) if bus.is_connected and file.current else 0

    queues = Queues(board, file)

    async def drain() -> int:
        return await queues.drain(journal) if bus.is_connected else 0

    calendars = Calendars(settings.calendars, registry) if settings.calendars else None

    async def read_calendars() -> int:
        if calendars is None or file.current is None or not bus.is_connected:
            return 0
        return await calendars.look(journal, file.current)

    closing = ExitStack()
    learned = closing.enter_context(file_of(settings.learned, settings.database_url))
    learner = Learner(settings.database_url, learned, board.memory)

    async def learn() -> int:
        if file.current is None or not bus.is_connected:
            return 0
        return await learner.look(journal, file.current)

    async def watch() -> int:
        if bus.is_connected:
            await file.publish_if_changed(journal)
        return 0

    await service.run(
        settings,
        registry,
        bus,
        journal,
        checks={"organisation": lambda: file.current is not None},
        ticks=[
            place.keep,
            lambda: due.keep_doing(tick, "due"),
            lambda: due.keep_doing(turn, "absences"),
            lambda: due.keep_doing(follow, "companions"),
            lambda: due.keep_doing(drain, "queues"),
            lambda: due.keep_doing(read_calendars, "calendars"),
            lambda: due.keep_doing(learn, "suggestion"),
            lambda: due.keep_doing(watch, "organisation"),
        ],
    )
    closing.close()
    place.give_back()
