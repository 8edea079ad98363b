"""Runs a service until it is told to stop, and stops it so that nothing is left half done."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from shared import alone, clock, logs
from shared.alone import Place
from shared.bus import Bus
from shared.health import Check, Health, Page, Readiness, Server
from shared.journal import Journal
from shared.settings import ProcessSettings, Settings

log = logs.get(__name__)

Tick = Callable[[], Coroutine[Any, Any, None]]
"""Work that goes on as long as the service runs."""


def prepare(name: str, settings: ProcessSettings) -> CollectorRegistry:
    """Sets up log and clock, and makes the registry of the service's metrics."""
    logs.configure(name, level=settings.log_level, style=settings.log_style)
    if settings.test_clock and settings.clock_file is not None:
        clock.follow(settings.clock_file)
    registry = CollectorRegistry()
    started = Gauge("banso_start_time_seconds", "When the service started.", registry=registry)
    started.set(clock.now().timestamp())
    return registry


async def take_place(settings: Settings, registry: CollectorRegistry) -> Place:
    """Returns once this process is the only one of its service on its database. Until then it
    answers for its health: alive, not ready, and standing by."""
    gauge = Gauge(
        "banso_standby",
        "1 while another process of the service has the database and this one waits for it.",
        registry=registry,
    )

    @asynccontextmanager
    async def standing_by() -> AsyncIterator[None]:
        gauge.set(1)
        async with _answering(settings, registry, {_STANDBY: lambda: False}):
            yield
        gauge.set(0)

    return await alone.take_place(settings.database_url, standing_by)


_STANDBY = "another process to end (standby)"


@asynccontextmanager
async def _answering(
    settings: ProcessSettings, registry: CollectorRegistry, checks: Mapping[str, Check]
) -> AsyncIterator[None]:
    """Answers for the health meanwhile; in silence where the process that has the database has
    the port as well, as on one machine."""
    try:
        listener = socket.create_server((settings.health_host, settings.health_port))
    except OSError as error:
        log.warning("health.unheard", port=settings.health_port, error=str(error))
        yield
        return
    server = Server(Health(registry, checks), settings.health_host, settings.health_port)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def run(
    settings: Settings,
    registry: CollectorRegistry,
    bus: Bus[Any],
    journal: Journal[Any],
    *,
    checks: Mapping[str, Check],
    ticks: Sequence[Tick] = (),
    servers: Sequence[Server] = (),
    pages: Mapping[str, Page] | None = None,
) -> None:
    """A service: health and web answer at once; hearing begins when NATS can be reached.

    `pages`: more that is answered beside the health, by path.
    """

    async def close() -> None:
        await bus.stop()
        await journal.close()

    named = {"nats": lambda: bus.is_connected, "stream": lambda: bus.epoch_is_current, **checks}
    every = [lambda: _forever(bus.start), *ticks, lambda: _forget(settings, journal)]
    await keep_doing(
        settings,
        registry,
        checks=named,
        ticks=every,
        servers=servers,
        pages=pages,
        close=close,
    )


async def keep_doing(
    settings: ProcessSettings,
    registry: CollectorRegistry,
    *,
    checks: Mapping[str, Check],
    ticks: Sequence[Tick],
    servers: Sequence[Server] = (),
    pages: Mapping[str, Page] | None = None,
    close: Tick | None = None,
) -> None:
    """Serves, answers for its health and does its work until it is told to stop.

    On SIGTERM or SIGINT: no new requests, no new messages, what is in work is finished. A part
    that fails takes the process down, to be started again by whoever supervises it.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    registry.register(Readiness(checks))
    health = Server(Health(registry, checks, pages), settings.health_host, settings.health_port)
    every = [*servers, health]
    parts: list[asyncio.Task[Any]] = [
        *(asyncio.create_task(server.serve()) for server in every),
        *(asyncio.create_task(tick()) for tick in ticks),
    ]
    stopped: asyncio.Task[Any] = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([*parts, stopped], return_when=asyncio.FIRST_COMPLETED)
    failed = [task for task in done if task is not stopped]
    for server in every:
        server.should_exit = True
    for task in parts[len(every) :]:
        task.cancel()
    await asyncio.gather(*parts, return_exceptions=True)
    if close is not None:
        await close()
    for task in failed:
        log.error("service.failed", error=repr(task.exception()))
    log.info("service.stopped")
    if failed:
        raise SystemExit(1)


async def _forever(start: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await start()
    await asyncio.Event().wait()


async def _forget(settings: Settings, journal: Journal[Any]) -> None:
    """Once a day empties what the journal need not keep any longer."""
    while True:
        await journal.forget_payloads(clock.now() - settings.journal_payloads_kept)
        await asyncio.sleep(24 * 3600)
