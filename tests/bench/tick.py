"""What a thousand issues cost whose time has come, among a million whose time has not.

A round is what the router does: find what is due, mark it taken, say `issue.due` for each, and
with NATS hear that again and remind or escalate. Run by `make bench`; `--quick` for a look.
Writes `build/bench-tick.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import Engine, select, update

from deploy.local.keeping import Secrets, secrets_of
from deploy.nats.configuration import server_configuration
from services.router import handlers, store
from services.router.store import Board, Desk, issues
from services.router.tick import say_what_is_due
from shared import clock
from shared.bus import Bus
from shared.contracts.event import Speaker
from shared.contracts.issue import State
from shared.contracts.organisation import Organisation
from shared.database import open_engine
from shared.journal import Journal, Said, Say
from shared.provision import administrator, provision
from tests.bench.filled import company, fill, make_due, open_router
from tests.bench.journey import BIN, ROOT, free_ports, until_open
from tests.bench.processes import cpu_s, descendants
from tests.postgresql import cluster

SIZES = (10_000, 100_000, 1_000_000)
QUICK = (2_000, 20_000)
DUE = 1_000
ROUNDS = 3
WITHIN_S = 60.0
AS_DELIVERED: Mapping[str, str] = {}
"""PostgreSQL's own settings, which sync each commit."""
STATES = (State.ASSIGNED, State.ACKNOWLEDGED, State.ACKNOWLEDGED, State.RESOLVED)


@dataclass(frozen=True)
class Round:
    took_s: float
    cpu_s: float
    """Of the router, the database and NATS together."""


@dataclass(frozen=True)
class Measured:
    """Medians of the rounds, in seconds."""

    database: str
    open_issues: int
    tick_s: float
    """Found, marked, recorded and committed; what is said is only counted."""
    tick_cpu_s: float
    handled_s: float
    """The same with NATS, until every one is reminded or escalated and that is said."""
    handled_cpu_s: float


@dataclass(frozen=True)
class Server:
    url: str
    secrets: Secrets


@contextmanager
def nats_server(directory: Path) -> Iterator[Server]:
    """One that syncs each message, as ours does."""
    directory.mkdir()
    (port,) = free_ports(1)
    secrets = secrets_of(directory)
    configuration = directory / "nats.json"
    configuration.write_text(
        server_configuration(port=port, store=directory / "nats", public_keys=secrets.public_keys())
    )
    running = subprocess.Popen(
        [str(BIN / "nats-server"), "-c", str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(until_open(port))
        yield Server(f"nats://127.0.0.1:{port}", secrets)
    finally:
        running.terminate()
        running.wait(10)


def open_journal(engine: Engine, known: Organisation, say: Say) -> Journal[Desk]:
    with engine.connect() as connection:
        board = Board(connection)
    return Journal(
        engine,
        store.metadata,
        lambda connection, now: Desk(connection, now, known, board),
        say,
        CollectorRegistry(),
    )


async def tick_alone(engine: Engine, known: Organisation, rounds: int) -> list[Round]:
    """The first round warms up and does not count."""
    numbers = count(1)

    async def only_count(said: Sequence[Said]) -> list[int]:
        return [next(numbers) for _ in said]

    journal = open_journal(engine, known, only_count)
    measured = []
    for _ in range(rounds + 1):
        make_due(engine, DUE, clock.now())
        since, found = start(), 0
        while more := await say_what_is_due(journal):
            found += more
        measured.append(end(since))
        assert found == DUE, f"{found} were found due"
        put_off(engine, clock.now())
    await journal.close()
    return measured[1:]


async def with_handling(
    engine: Engine, known: Organisation, server: Server, rounds: int
) -> list[Round]:
    """The first round warms up and does not count."""
    async with administrator(server.url, SecretStr(server.secrets.nats_seeds["admin"])) as admin:
        await provision(admin)
    seed = SecretStr(server.secrets.nats_seeds[Speaker.ROUTER])
    bus: Bus[Desk] = Bus(Speaker.ROUTER, server.url, seed, CollectorRegistry(), handlers.HEARS)
    journal = open_journal(engine, known, bus.say)
    bus.listen(journal)
    await bus.start()
    reader = open_engine(engine.url.render_as_string(hide_password=False), read_only=True)
    measured = []
    for _ in range(rounds + 1):
        now = clock.now()
        make_due(engine, DUE, now)
        since = start()
        while await say_what_is_due(journal):
            pass
        async with asyncio.timeout(WITHIN_S):
            while await asyncio.to_thread(is_any_due, reader, now):
                await asyncio.sleep(0.005)
        measured.append(end(since))
    await bus.stop()
    await journal.close()
    reader.dispose()
    return measured[1:]


def start() -> Round:
    return Round(clock.elapsed_s(), sum(cpu_s(pid) for pid in descendants(os.getpid())))


def end(since: Round) -> Round:
    now = start()
    return Round(now.took_s - since.took_s, now.cpu_s - since.cpu_s)


def is_any_due(reader: Engine, now: datetime) -> bool:
    with reader.connect() as connection:
        return bool(connection.scalar(select(issues.c.issue_id).where(issues.c.wake_at <= now)))


def put_off(engine: Engine, now: datetime) -> None:
    """What is due is not any longer, as if it had been handled."""
    later = {"wake_at": now + timedelta(days=30), "taken_at": None}
    done = update(issues).where(issues.c.wake_at <= now)
    with engine.begin() as connection:
        connection.execute(done.values(step_number=issues.c.step_number + 1, **later))


def measure(url: str, known: Organisation, size: int, directory: Path, rounds: int) -> Measured:
    engine = open_router(url)
    kind = engine.dialect.name
    try:
        fill(engine, known, size, clock.now(), STATES)
        alone = uvloop.run(tick_alone(engine, known, rounds))
        with nats_server(directory / f"nats-{kind}-{size}") as server:
            handled = uvloop.run(with_handling(engine, known, server, rounds))
    finally:
        engine.dispose()
    found = Measured(kind, size, *_medians(alone), *_medians(handled))
    print(
        f"{kind:<10} {size:>9,} open: tick {found.tick_s:.3f} s {_spread(alone)},"
        f" CPU {found.tick_cpu_s:.2f} s;"
        f" handled {found.handled_s:.3f} s {_spread(handled)}, CPU {found.handled_cpu_s:.2f} s",
        flush=True,
    )
    return found


def _medians(rounds: Sequence[Round]) -> tuple[float, float]:
    middle = (
        statistics.median(getattr(one, name) for one in rounds) for name in ("took_s", "cpu_s")
    )
    took_s, used_s = middle
    return round(took_s, 3), round(used_s, 3)


def _spread(rounds: Sequence[Round]) -> str:
    taken = [one.took_s for one in rounds]
    return f"({min(taken):.3f}-{max(taken):.3f})"


def run(sizes: Sequence[int], rounds: int) -> list[Measured]:
    directory = Path(tempfile.mkdtemp(prefix="banso-bench-"))
    try:
        known = company(directory)
        with cluster(AS_DELIVERED) as postgresql:
            found = [measure(postgresql.create(), known, size, directory, rounds) for size in sizes]
            for size in sizes:
                file = directory / f"{size}.db"
                found.append(measure(f"sqlite:///{file}", known, size, directory, rounds))
                file.unlink()
    finally:
        shutil.rmtree(directory)
    for kind in dict.fromkeys(one.database for one in found):
        first, *_, last = (one for one in found if one.database == kind)
        print(
            f"{kind}: with {last.open_issues // first.open_issues} times as many open issues the"
            f" tick takes {last.tick_s / first.tick_s:.2f} times as long,"
            f" with handling {last.handled_s / first.handled_s:.2f} times"
        )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few issues, few rounds")
    is_quick = parser.parse_args().quick
    measured = run(QUICK if is_quick else SIZES, 2 if is_quick else ROUNDS)
    (ROOT / "build").mkdir(exist_ok=True)
    said = json.dumps([asdict(one) for one in measured], indent=2)
    (ROOT / "build" / "bench-tick.json").write_text(said + "\n")
