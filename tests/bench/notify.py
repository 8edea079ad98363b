"""How many notifications one notifier sends in a second, and what each of them costs.

First the whole: NATS holds what happened to issues, one notifier starts, and its mails go to a sink
in another process. Beside it the same hops without Banso (`tests/bench/bare.py`). Then the parts,
one after the other in this process, each for itself. Writes `build/bench-notify.json`; `--quick`
for a look. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import nats
import uvloop
import yaml
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.notifier import delivery as sending
from services.notifier import handlers, store
from services.notifier.app import MIGRATIONS
from services.notifier.channels.email import Email
from services.notifier.channels.pace import Pace
from services.notifier.channels.smtp import Mail, Server, SmtpServer
from services.notifier.letters import Letters
from services.notifier.message import Message, compose
from services.notifier.store import Fate, Ledger, Ready
from services.notifier.wording.base import Recipient
from services.router import organisation
from shared import clock
from shared.contracts.event import Event, Speaker
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import AssignedBecause, Reasons, Snapshot, Source, State, Step, Urgency
from shared.contracts.organisation import Organisation
from shared.contracts.router import IssueAssigned, OrganisationPublished
from shared.database import migrate, open_engine
from shared.journal import Cause, Journal, Said
from shared.links import Links
from shared.organisation import KnownOrganisation
from shared.provision import administrator, provision
from shared.replies import Replies
from tests.bench import bare, journey
from tests.bench.journey import BIN, ROOT, free_ports, until_open
from tests.bench.load import Sink
from tests.bench.processes import cpu_s, rss_mb
from tests.bench.tick import nats_server

ISSUES, QUICK = 2_000, 300
EACH = 2
"""Mails of an issue: to its owner, and to whoever brought it in."""
ROUNDS = 3
WITHIN_S = 180.0
KEYS = ["a key for the bench"]
WEB = "https://banso.example"
BROUGHT_IN = "It was working yesterday, and the lamp is red. " * 6
BATCH = 200


@dataclass(frozen=True)
class Whole:
    per_second: float
    cpu_us: float
    """Of the notifier's process, for each mail."""
    rss_mb: float


# -- what happens ----------------------------------------------------------------------------------


def company(directory: Path) -> Organisation:
    """A thousand people who are always there."""
    said = journey.organisation()
    for calendar in said["calendars"]:
        calendar["hours"] = {"mon-sun": "00:00-24:00"}
        calendar.pop("holidays", None)
        calendar.pop("closed", None)
    file = directory / "organisation.yaml"
    file.write_text(yaml.safe_dump(said, allow_unicode=True))
    return organisation.read(file)


def happened(count: int, known: Organisation) -> tuple[list[IssueRaised], list[IssueAssigned]]:
    """So many issues that were brought in and have an owner, each of different people."""
    now = clock.now()
    raised, assigned = [], []
    people = [person.id for person in known.people]
    for nth in range(count):
        issue_id = str(uuid5(NAMESPACE_OID, f"notify/{nth}"))
        carrier, owner = people[nth % len(people)], people[(nth + 7) % len(people)]
        reference, summary = f"7K3M-{nth:04}", f"The meter does not start {nth}"
        raised.append(
            IssueRaised(
                event_id=f"raised-{nth}",
                occurred_at=now,
                issue_id=issue_id,
                reference=reference,
                source=Source.API,
                summary=summary,
                description=BROUGHT_IN,
                reporter_id=carrier,
                language="en",
            )
        )
        snapshot = Snapshot(
            reference=reference,
            version=1,
            state=State.ASSIGNED,
            summary=summary,
            urgency=Urgency.NORMAL,
            source=Source.API,
            language="en",
            reporter_id=carrier,
            carrier_id=carrier,
            owner_id=owner,
            team_id="t0",
            assignment=1,
            raised_at=now,
            assigned_at=now,
            next_step=Step.ACKNOWLEDGE,
            next_step_at=now,
            organisation_revision=known.revision,
        )
        assigned.append(
            IssueAssigned(
                event_id=f"assigned-{nth}",
                occurred_at=now,
                issue_id=issue_id,
                issue=snapshot,
                because=AssignedBecause.NEW,
                reasons=Reasons(),
            )
        )
    return raised, assigned


# -- the sink --------------------------------------------------------------------------------------


async def sink(port: int, most: int) -> None:
    """Takes so many mails, and says when the first and the last came."""
    came: list[float] = []
    enough = asyncio.Event()

    def mail(_content: bytes, at: float) -> None:
        came.append(at)
        if len(came) == most:
            enough.set()

    server = await asyncio.get_running_loop().create_server(lambda: Sink(mail), "127.0.0.1", port)
    print("ready", flush=True)
    async with asyncio.timeout(WITHIN_S):
        while not came:
            await asyncio.sleep(0.001)
        print("first", flush=True)
        await enough.wait()
    print(json.dumps({"took_s": came[-1] - came[0], "mails": len(came)}), flush=True)
    server.close()


@contextmanager
def sinking(most: int) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The sink in a process of its own."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "tests.bench.notify", "--sink", str(port), str(most)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield port, process
    finally:
        process.terminate()
        process.wait(10)


def drained(process: subprocess.Popen[str], notifier: subprocess.Popen[bytes], most: int) -> Whole:
    """Waits for all mails."""
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "first"
    before = cpu_s(notifier.pid)
    found = json.loads(process.stdout.readline())
    used = cpu_s(notifier.pid) - before
    return Whole(most / found["took_s"], used / most * 1e6, rss_mb(notifier.pid))


# -- the whole -------------------------------------------------------------------------------------


def banso(directory: Path, issues: int) -> Whole:
    known = company(directory)
    database = f"sqlite:///{directory / 'notifier.db'}"
    migrate(database, MIGRATIONS)
    with nats_server(directory / "nats") as server, sinking(issues * EACH) as (port, process):
        seeds = server.secrets.nats_seeds
        asyncio.run(_fill(server.url, seeds, known, issues))
        environment = {
            **os.environ,
            "BANSO_DATABASE_URL": database,
            "BANSO_NATS_URL": server.url,
            "BANSO_NATS_SEED": seeds[Speaker.NOTIFIER],
            "BANSO_LINK_KEYS": json.dumps(KEYS),
            "BANSO_WEB_URL": WEB,
            "BANSO_MAIL_DIRECTORY": str(directory / "mail"),
            "BANSO_SMTP_OUT_HOST": "127.0.0.1",
            "BANSO_SMTP_OUT_PORT": str(port),
            "BANSO_LOG_LEVEL": "warning",
        }
        notifier = subprocess.Popen([str(BIN / "banso"), "serve", "notifier"], env=environment)
        try:
            return drained(process, notifier, issues * EACH)
        finally:
            notifier.terminate()
            notifier.wait(20)


async def _fill(url: str, seeds: dict[str, str], known: Organisation, issues: int) -> None:
    """Puts everything into the streams before anybody hears it."""
    async with administrator(url, SecretStr(seeds["admin"])) as admin:
        await provision(admin)
    raised, assigned = happened(issues, known)
    published = OrganisationPublished(
        event_id="organisation", occurred_at=clock.now(), organisation=known
    )
    said: list[tuple[Speaker, Sequence[Event]]] = [
        (Speaker.ROUTER, [published]),
        (Speaker.INTAKE, raised),
        (Speaker.ROUTER, assigned),
    ]
    for speaker, events in said:
        client = await nats.connect(
            url, nkeys_seed_str=seeds[speaker], inbox_prefix=f"_INBOX_{speaker}".encode()
        )
        stream = client.jetstream()
        for start in range(0, len(events), BATCH):
            await asyncio.gather(
                *(
                    stream.publish(
                        one.subject,
                        one.to_message(one.event_id, one.event_id),
                        headers={"Nats-Msg-Id": one.event_id},
                    )
                    for one in events[start : start + BATCH]
                )
            )
        await client.close()


def bare_hops(directory: Path, issues: int) -> Whole:
    """The same hop with bare nats-py and sqlite3, and nothing decided or rendered."""
    (port,) = free_ports(1)
    url = f"nats://127.0.0.1:{port}"
    configuration = directory / "nats.json"
    jetstream = {"store_dir": str(directory / "nats"), "sync_interval": "always"}
    configuration.write_text(json.dumps({"listen": url[7:], "jetstream": jetstream}))
    server = subprocess.Popen(
        [str(BIN / "nats-server"), "-c", str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(until_open(port))
        with sinking(issues * EACH) as (smtp_port, process):
            asyncio.run(_fill_bare(url, issues))
            command = [sys.executable, "-m", "tests.bench.bare", "notifier", url]
            notifier = subprocess.Popen(
                [*command, str(directory / "bare.db"), str(smtp_port)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
            )
            try:
                return drained(process, notifier, issues * EACH)
            finally:
                notifier.send_signal(signal.SIGTERM)
                notifier.wait(20)
    finally:
        server.terminate()
        server.wait(10)


async def _fill_bare(url: str, issues: int) -> None:
    await bare.provision(url)
    client = await nats.connect(url)
    stream = client.jetstream()
    for subject in ("raised", "assigned"):
        for start in range(0, issues, BATCH):
            await asyncio.gather(
                *(
                    stream.publish(
                        subject,
                        bare.body(subject, str(uuid5(NAMESPACE_OID, str(nth)))),
                        headers={"Nats-Msg-Id": f"{subject}-{nth}"},
                    )
                    for nth in range(start, min(start + BATCH, issues))
                )
            )
    await client.close()


# -- the parts -------------------------------------------------------------------------------------


@dataclass
class Meter:
    """Processor time of each part, for a mail, in microseconds."""

    mails: int
    us: dict[str, float]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        before = time.process_time()
        yield
        self.us[name] = round((time.process_time() - before) / self.mails * 1e6, 1)


@dataclass
class Rendered(Letters):
    """Both parts of a mail as they were rendered before."""

    parts: tuple[str, str]

    def text(self, message: Message) -> str:
        return self.parts[0]

    def html(self, message: Message) -> str:
        return self.parts[1]


class Kept:
    """Keeps mails instead of sending them."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)

    async def close(self) -> None: ...


@asynccontextmanager
async def journal_of(directory: Path, known: Organisation) -> AsyncIterator[Any]:
    url = f"sqlite:///{directory / 'parts.db'}"
    migrate(url, MIGRATIONS)
    engine = open_engine(url)
    with engine.connect() as connection:
        hearer = KnownOrganisation(connection, store.metadata)
    ready: list[Ready] = []
    numbers = iter(range(1, 1_000_000_000))

    async def only_count(said: Sequence[Said]) -> list[int | Exception]:
        return [next(numbers) for _ in said]

    def committed(ledger: Ledger) -> None:
        hearer.adopt(ledger)
        ready.extend(ledger.ready)

    journal = Journal(
        engine,
        store.metadata,
        lambda connection, now: Ledger(connection, now, hearer),
        only_count,
        CollectorRegistry(),
        on_commit=committed,
    )
    published = OrganisationPublished(
        event_id="organisation", occurred_at=clock.now(), organisation=known
    )
    await _settle(journal, [published])
    yield journal, ready
    await journal.close()
    engine.dispose()


async def _settle(journal: Journal[Ledger], events: Sequence[Event]) -> None:
    for start in range(0, len(events), BATCH):
        some = events[start : start + BATCH]
        causes = [Cause(one.event_id, _decide(one), one) for one in some]
        for outcome in await journal.settle_all(causes):
            if isinstance(outcome, Exception):
                raise outcome


def _decide(event: Event) -> Callable[[Ledger], list[Event]]:
    decide = handlers.HEARS[type(event)].decide
    return lambda ledger: list(decide(event, ledger))


async def parts(directory: Path, issues: int) -> dict[str, float]:
    known = company(directory)
    raised, assigned = happened(issues, known)
    heard = [_read(one) for one in (*raised, *assigned)]
    meter = Meter(issues * EACH, {})
    links, replies, letters = Links(KEYS, WEB), Replies(KEYS), Letters()
    async with journal_of(directory, known) as (journal, ready):
        with meter.part("read"):
            heard = [_read(one) for one in (*raised, *assigned)]
        with meter.part("decide"):
            await _settle(journal, heard)
        assert len(ready) == meter.mails, len(ready)
        now = clock.now()
        told = [(one, _to(one, known)) for one in ready]
        with meter.part("compose"):
            messages = [compose([one], to, known, links, now) for one, to in told]
        with meter.part("render"):
            bodies = [(letters.text(one), letters.html(one)) for one in messages]
        kept = Kept()
        with meter.part("write"):
            for (one, to), message, body in zip(told, messages, bodies, strict=True):
                adapter = Email(kept, replies, Rendered(body))
                await adapter.send(_outgoing(one, to, message, known))
        with sinking(meter.mails) as (port, _process):
            server = Server(host="127.0.0.1", port=port)
            post = SmtpServer(server, Pace({}))
            with meter.part("send"):
                await _send(post, kept.mails)
            await post.close()
        with meter.part("record"):
            await _record(journal, ready)
    meter.us["all parts"] = round(sum(meter.us.values()), 1)
    return meter.us


def _read(event: Event) -> Event:
    return type(event).from_message(event.to_message(event.event_id, event.event_id))


def _to(ready: Ready, known: Organisation) -> Recipient:
    person = known.person[ready.delivery.person_id]
    name = person.name.in_(person.language)
    return Recipient(person.id, name, person.emails[0], person.language)


def _outgoing(ready: Ready, to: Recipient, message: Message, known: Organisation) -> Any:
    delivery = ready.delivery
    return sending.Outgoing(
        delivery.delivery_id,
        delivery.issue_id,
        message,
        delivery.issue_id,
        to,
        known,
        clock.now(),
    )


async def _send(post: SmtpServer, mails: Sequence[Mail]) -> None:
    waiting = iter(mails)

    async def work() -> None:
        for mail in waiting:
            await post.send(mail)

    await asyncio.gather(*(work() for _ in range(sending.WORKERS)))


async def _record(journal: Journal[Ledger], ready: Sequence[Ready]) -> None:
    now = clock.now()
    for start in range(0, len(ready), BATCH):
        sent = [
            replace(one.delivery, fate=Fate.SENT, done_at=now)
            for one in ready[start : start + BATCH]
        ]
        await journal.settle_all([sending._result(one) for one in sent])


# -- all of it -------------------------------------------------------------------------------------


def fresh(measure: Callable[[Path, int], Whole], issues: int) -> Whole:
    directory = Path(tempfile.mkdtemp(prefix="banso-bench-"))
    try:
        return measure(directory, issues)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run(issues: int, rounds: int) -> dict[str, Any]:
    ours, theirs = [], []
    for nth in range(rounds):
        for name, measure, found in (("banso", banso, ours), ("bare", bare_hops, theirs)):
            one = fresh(measure, issues)
            found.append(one)
            print(
                f"{nth + 1} {name}: {one.per_second:.0f}/s, CPU {one.cpu_us:.0f} us a mail,"
                f" {one.rss_mb:.0f} MB",
                flush=True,
            )
    directory = Path(tempfile.mkdtemp(prefix="banso-bench-"))
    try:
        split = uvloop.run(parts(directory, issues))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    median = statistics.median
    return {
        "per_second": round(median(one.per_second for one in ours)),
        "bare_per_second": round(median(one.per_second for one in theirs)),
        "ratio": round(
            median(o.per_second / t.per_second for o, t in zip(ours, theirs, strict=True)), 2
        ),
        "cpu_us_per_mail": round(median(one.cpu_us for one in ours)),
        "bare_cpu_us_per_mail": round(median(one.cpu_us for one in theirs)),
        "rss_mb": round(median(one.rss_mb for one in ours)),
        "cpu_us_by_part": split,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few issues, one round")
    parser.add_argument("--sink", nargs=2, type=int, metavar=("PORT", "MAILS"))
    asked = parser.parse_args()
    if asked.sink:
        uvloop.run(sink(*asked.sink))
    else:
        measured = run(QUICK if asked.quick else ISSUES, 1 if asked.quick else ROUNDS)
        (ROOT / "build").mkdir(exist_ok=True)
        said = json.dumps(measured, indent=2)
        (ROOT / "build" / "bench-notify.json").write_text(said + "\n")
        print(said)
