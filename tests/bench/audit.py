"""What an audit costs: 100,000 events in a journal and on its stream, 100,000 open issues.

python -m tests.bench.audit
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nats.js import JetStreamContext
from sqlalchemy import Table, insert

from deploy.audit import issues, proof
from deploy.audit.databases import Databases
from deploy.audit.memory import Memory
from deploy.nats.configuration import ADMINISTRATOR
from services.intake import store as intake
from services.metrics import store as metrics
from services.notifier import store as notifier
from services.router import store as router
from shared import clock, load, streams
from shared.bus import MSG_ID
from shared.contracts.event import Speaker
from shared.contracts.issue import State, Urgency
from shared.contracts.router import IssueDue
from shared.contracts.traffic import AUDITOR
from shared.database import open_engine
from shared.provision import administrator, provision
from tests.servers import Server, nats_server
from tests.unit.build import issue, organisation

COUNT = 100_000
PAYLOAD = b"x" * 1200
"""As long as a usual event."""
METADATA = {
    Speaker.INTAKE: intake.metadata,
    Speaker.ROUTER: router.metadata,
    Speaker.NOTIFIER: notifier.metadata,
    Speaker.METRICS: metrics.metadata,
}


def _fill(directory: Path) -> dict[Speaker, str]:
    urls = {speaker: f"sqlite:///{directory / f'{speaker}.db'}" for speaker in Speaker}
    now = clock.now()
    started = now - timedelta(hours=COUNT / 3600 + 1)
    rows: dict[tuple[Speaker, Table], Callable[[int], dict[str, Any]]] = {
        (Speaker.ROUTER, METADATA[Speaker.ROUTER].tables["cause"]): lambda nth: {
            "cause_id": f"c{nth}",
            "outcome": "done",
            "decided_at": started,
        },
        (Speaker.ROUTER, METADATA[Speaker.ROUTER].tables["said"]): lambda nth: {
            "event_id": f"e{nth}",
            "cause_id": f"c{nth}",
            "nth": 0,
            "subject": IssueDue.subject,
            "payload": PAYLOAD,
            "recorded_at": started + timedelta(seconds=nth),
            "sequence": nth + 1,
        },
        (Speaker.ROUTER, router.issues): lambda nth: asdict(
            issue(
                issue_id=f"i{nth:06}",
                reference=f"R{nth:06}",
                owner_id="ren",
                next_step_at=now + timedelta(days=1),
                wake_at=now + timedelta(days=1),
            )
        ),
        (Speaker.INTAKE, intake.views): lambda nth: {
            "issue_id": f"i{nth:06}",
            "reference": f"R{nth:06}",
            "version": 1,
            "state": State.ASSIGNED,
            "summary": "",
            "description": "",
            "reporter_id": "emi",
            "language": "en",
            "raised_at": started,
            "brought": {},
        },
    }
    for speaker, url in urls.items():
        engine = open_engine(url)
        METADATA[speaker].create_all(engine)
        with engine.begin() as connection:
            for (of, table), row in rows.items():
                if of is speaker:
                    for part in _parts(row):
                        connection.execute(insert(table), part)
            if speaker is Speaker.ROUTER:
                document = organisation().model_dump(mode="json")
                published = {"number": 1, "revision": "rev-1", "published_at": started}
                connection.execute(insert(router.organisations), published | {"document": document})
                in_hand = COUNT * load.promised_s(Urgency.NORMAL, State.ASSIGNED)
                work = {"person_id": "ren", "in_hand_s": int(in_hand)}
                connection.execute(insert(router.works), work)
        engine.dispose()
    return urls


def _parts(row: Callable[[int], dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, COUNT, 5000):
        yield [row(nth) for nth in range(start, min(start + 5000, COUNT))]


async def _say(admin: JetStreamContext) -> None:
    for start in range(0, COUNT, 500):
        await asyncio.gather(
            *(
                admin.publish(IssueDue.subject, PAYLOAD, headers={MSG_ID: f"e{nth}"})
                for nth in range(start, min(start + 500, COUNT))
            )
        )


async def _measure(server: Server, databases: Databases) -> None:
    now = clock.now()
    memory = Memory()
    async with streams.look(server.url, server.seed(AUDITOR)) as looking:
        for name in ("from the beginning", "where nothing has happened since"):
            with _timed(f"{COUNT:,} events {name}"):
                for speaker in Speaker:
                    found = await proof.prove(speaker, memory, databases, looking, now)
                    assert found == [], found[:3]
    for full in (False, True):
        with _timed(f"{COUNT:,} open issues, {'full' if full else 'quick'}"):
            standing = await issues.prove(databases, now, full=full)
        assert standing.findings == (), standing.findings[:3]


class _timed:  # noqa: N801 - reads as a statement
    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        self._wall, self._cpu = clock.elapsed_s(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = clock.elapsed_s() - self._wall, time.process_time() - self._cpu
        print(f"{self._what}: {wall:.2f} s, of which {cpu:.2f} s CPU of ours")


async def _run(server: Server, directory: Path) -> None:
    urls = _fill(directory)
    async with administrator(server.url, server.seed(ADMINISTRATOR)) as admin:
        await provision(admin)
        await _say(admin)
    databases = Databases(urls)
    await _measure(server, databases)
    databases.close()


def main() -> None:
    with TemporaryDirectory() as name, nats_server(Path(name)) as server:
        asyncio.run(_run(server, Path(name)))


if __name__ == "__main__":
    main()
