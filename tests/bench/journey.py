"""How fast the whole journey is: API in, mail out, beside the same hops without Banso.

Writes `build/bench.json`. Run by `make bench`, which also prints the table for
`docs/performance.md`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
import yaml

from tests.bench.load import (
    Journeys,
    Sink,
    Target,
    closed_loop,
    issue_of_status_url,
    open_loop,
)
from tests.bench.processes import cpu_s, descendants, rss_mb

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PEOPLE, TEAMS = 1000, 20
ISSUES = int(os.environ.get("BENCH_ISSUES", "1500"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CLIENTS = 64
PER_SECOND, SECONDS = 100, 15
"""The open loop."""
MAILS_EACH = 2
"""One to the owner, one to whoever brought it in."""


@dataclass
class Measured:
    issues_per_second: float
    cpu_ms: dict[str, float]
    rss_mb: dict[str, float]
    p50_ms: float = 0.0
    p99_ms: float = 0.0


@dataclass
class Running:
    pid: int
    target: Target


Start = Callable[[Path, int], AbstractAsyncContextManager[Running]]


def organisation() -> dict[str, Any]:
    """The sample organisation's policies with a thousand people in twenty teams."""
    sample = yaml.safe_load((ROOT / "deploy/local/organisation.yaml").read_text())
    teams = range(TEAMS)
    return {
        **{key: sample[key] for key in ("name", "mail", "causes")},
        "calendar": "always",  # or what is measured by night would wait for the morning
        "calendars": [{"id": "always", "hours": {"mon-sun": "00:00-24:00"}}],
        "policies": sample["policies"],
        "leader": "p0",
        "default_team": "t0",
        "default_carrier": "p1",
        "teams": [
            {"id": f"t{n}", "name": {"ja": f"第{n}班", "en": f"Team {n}"}, "lead": f"p{n}"}
            for n in teams
        ],
        "people": [
            {
                "id": f"p{n}",
                "name": {"ja": f"社員{n}", "en": f"Person {n}"},
                "emails": [f"p{n}@example.com"],
                "language": "en" if n % 2 else "ja",
                "team": f"t{n % TEAMS}",
            }
            for n in range(PEOPLE)
        ],
        "categories": [
            {"id": f"c{n}", "name": {"ja": f"分類{n}", "en": f"Category {n}"}, "team": f"t{n}"}
            for n in teams
        ],
    }


def request_body(number: int) -> bytes:
    return json.dumps(
        {
            "summary": f"The meter does not start {number}",
            "description": "It was working yesterday, and the lamp is red. " * 6,
            "reporter": {"name": "Reporter", "email": f"p{number % PEOPLE}@example.com"},
            "category": f"c{number % TEAMS}",
        }
    ).encode()


@asynccontextmanager
async def banso(directory: Path, sink_port: int) -> AsyncIterator[Running]:
    file = directory / "organisation.yaml"
    file.write_text(yaml.safe_dump(organisation(), allow_unicode=True))
    environment = {
        **os.environ,
        "BANSO_SMTP_OUT_HOST": "127.0.0.1",
        "BANSO_SMTP_OUT_PORT": str(sink_port),
        "BANSO_LOG_LEVEL": "warning",
        "BANSO_MESSAGES_PER_HOUR": "0",
    }
    command = [str(BIN / "banso"), "up", "--data", str(directory / "data")]
    process = subprocess.Popen(
        [*command, "--organisation", str(file)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        endpoints = directory / "data" / "endpoints.json"
        async with asyncio.timeout(60):
            while not endpoints.exists():
                await asyncio.sleep(0.1)
        where = json.loads(endpoints.read_text())
        host, _, port = where["web"].removeprefix("http://").partition(":")
        head = (
            "POST /api/v1/issues HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {where['api_token']}\r\n"
        )
        target = Target(host, int(port), head.encode(), request_body, issue_of_status_url)
        yield Running(process.pid, target)
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def bare(directory: Path, sink_port: int) -> AsyncIterator[Running]:
    ports = free_ports(2)
    nats_url = f"nats://127.0.0.1:{ports[0]}"
    configuration = directory / "nats.json"
    configuration.write_text(
        json.dumps(
            {
                "listen": f"127.0.0.1:{ports[0]}",
                "jetstream": {"store_dir": str(directory / "nats"), "sync_interval": "always"},
            }
        )
    )
    script = " ".join(
        [
            f"{BIN}/nats-server -c {configuration} >/dev/null 2>&1 &",
            f"{sys.executable} -m tests.bench.bare provision {nats_url};",
            *(
                f"{sys.executable} -m tests.bench.bare {role} {nats_url}"
                f" {directory / role}.db {ports[1] if role == 'intake' else sink_port} &"
                for role in ("intake", "router", "notifier", "metrics")
            ),
            "wait",
        ]
    )
    process = subprocess.Popen(
        ["/bin/sh", "-c", script], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        for _ in range(4):
            await asyncio.to_thread(process.stdout.readline)
        await until_open(ports[1])
        head = b"POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        issue_of: Callable[[bytes], str] = lambda answer: str(json.loads(answer)["issue"])  # noqa: E731
        yield Running(process.pid, Target("127.0.0.1", ports[1], head, request_body, issue_of))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


async def measure(start: Start, *, latency: bool) -> Measured:
    """One run, on fresh data."""
    journeys = Journeys(MAILS_EACH)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(journeys.mail), "127.0.0.1", 0)
    directory = Path(tempfile.mkdtemp(prefix="banso-bench-"))
    try:
        async with start(directory, server.sockets[0].getsockname()[1]) as running:
            await closed_loop(running.target, journeys, 200, CLIENTS)
            processes = descendants(running.pid)
            before = {pid: cpu_s(pid) for pid in processes}
            rate = await closed_loop(running.target, journeys, ISSUES, CLIENTS)
            measured = Measured(rate, {}, {})
            for pid, name in processes.items():
                used = (cpu_s(pid) - before[pid]) / ISSUES * 1000
                measured.cpu_ms[name] = measured.cpu_ms.get(name, 0) + used
                measured.rss_mb[name] = measured.rss_mb.get(name, 0) + rss_mb(pid)
            if latency:
                journeys.asked_at.clear()
                await open_loop(running.target, journeys, PER_SECOND, SECONDS)
                found = journeys.latencies_ms()
                measured.p50_ms = found[len(found) // 2]
                measured.p99_ms = found[int(len(found) * 0.99)]
            return measured
    finally:
        server.close()
        shutil.rmtree(directory, ignore_errors=True)


async def run() -> dict[str, Any]:
    """Banso and the bare pipeline in turn; the medians."""
    ours, theirs = [], []
    for nth in range(ROUNDS):
        ours.append(await measure(banso, latency=True))
        theirs.append(await measure(bare, latency=True))
        for name, one in (("banso", ours[-1]), ("bare", theirs[-1])):
            cpu = ", ".join(
                f"{who} {ms:.2f}" for who, ms in sorted(one.cpu_ms.items()) if ms > 0.01
            )
            print(
                f"{nth + 1} {name}: {one.issues_per_second:.0f}/s, p50 {one.p50_ms:.0f} ms,"
                f" p99 {one.p99_ms:.0f} ms; CPU ms an issue: {cpu}",
                flush=True,
            )
    best = sorted(ours, key=lambda one: one.issues_per_second)[len(ours) // 2]
    bare_one = sorted(theirs, key=lambda one: one.issues_per_second)[len(theirs) // 2]
    ratios = sorted(
        o.issues_per_second / t.issues_per_second for o, t in zip(ours, theirs, strict=True)
    )
    return {
        "issues_per_second": round(best.issues_per_second, 1),
        "bare_per_second": round(bare_one.issues_per_second, 1),
        "ratio": round(ratios[len(ratios) // 2], 3),
        "p50_ms": round(best.p50_ms, 1),
        "p99_ms": round(best.p99_ms, 1),
        "bare_p50_ms": round(bare_one.p50_ms, 1),
        "bare_p99_ms": round(bare_one.p99_ms, 1),
        "cpu_ms_per_issue": round(sum(best.cpu_ms.values()), 2),
        "bare_cpu_ms_per_issue": round(sum(bare_one.cpu_ms.values()), 2),
        "cpu_ms_by_process": {name: round(ms, 2) for name, ms in best.cpu_ms.items()},
        "rss_mb": round(sum(best.rss_mb.values()), 1),
        "rss_mb_by_process": {name: round(mb, 1) for name, mb in best.rss_mb.items()},
    }


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


async def until_open(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            await writer.wait_closed()
            return


if __name__ == "__main__":
    found = uvloop.run(run())
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "bench.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))
