"""How much mail Banso takes by SMTP: at a steady pace, and as fast as it can. None may be lost.

Writes `build/bench-mail.json`. Run by `make bench`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from base64 import encodebytes
from collections.abc import Iterator
from contextlib import closing
from email.header import Header
from pathlib import Path
from typing import Any

import aiosmtplib
import uvloop

from tests.bench.journey import PEOPLE, ROOT, banso
from tests.bench.load import Sink
from tests.bench.processes import cpu_s, descendants, rss_mb

PER_MINUTE = 1000
SECONDS = int(os.environ.get("BENCH_MAIL_SECONDS", "90"))
FLOOD = int(os.environ.get("BENCH_MAILS", "1000"))
"""How many are sent as fast as they are taken."""
CONNECTIONS = 8
SIZES = ((0.7, 3_000), (0.2, 60_000), (0.08, 500_000), (0.02, 3_000_000))
"""How many of the mails have an attachment of so many bytes; the first kind has only words."""
ENGLISH = "The meter does not start, and the lamp stays red. It was working yesterday. "
JAPANESE = "計器が動きません。ランプは赤のままです。昨日は動いていました。"


def mails(count: int, name: str) -> Iterator[bytes]:
    """Mails in both languages, of the sizes that mails have, always the same ones."""
    chance = random.Random(name)
    weights, sizes = zip(*SIZES, strict=True)
    for number in range(count):
        (size,) = chance.choices(sizes, weights)
        words = (JAPANESE if number % 2 else ENGLISH) * 20
        subject = Header(
            f"{'計器が動きません' if number % 2 else 'No start'} {name} {number}", "utf-8"
        )
        text = encodebytes(words.encode()).replace(b"\n", b"\r\n")
        head = (
            f"Message-ID: <{name}.{number}@bench.example>\r\n"
            f"From: Person <p{number % PEOPLE}@example.com>\r\nTo: issues@example.com\r\n"
            f"Subject: {subject.encode(linesep=chr(13) + chr(10))}\r\n"
            "Date: Mon, 3 Feb 2031 10:00:00 +0900\r\nMIME-Version: 1.0\r\n"
        ).encode()
        plain = (
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        )
        if size == sizes[0]:
            yield head + plain + text
            continue
        content = encodebytes(chance.randbytes(size)).replace(b"\n", b"\r\n")
        yield b"".join(
            (
                head,
                b'Content-Type: multipart/mixed; boundary="next"\r\n\r\n--next\r\n',
                plain,
                text,
                b"--next\r\nContent-Type: application/pdf\r\n",
                b'Content-Disposition: attachment; filename="plan.pdf"\r\n',
                b"Content-Transfer-Encoding: base64\r\n\r\n",
                content,
                b"--next--\r\n",
            )
        )


async def send(port: int, waiting: asyncio.Queue[tuple[float, bytes]], took_s: list[float]) -> None:
    """One connection: sends what is waiting, and notes how long each took since it was due."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=60)
    await client.connect()
    while True:
        due_at, raw = await waiting.get()
        await client.sendmail("someone@example.com", ["issues@example.com"], raw)
        took_s.append(time.perf_counter() - due_at)
        waiting.task_done()


async def steadily(port: int, content: list[bytes]) -> list[float]:
    """At the pace; a mail is due whether or not the one before was taken."""
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    took_s: list[float] = []
    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(send(port, waiting, took_s)) for _ in range(CONNECTIONS)]
        start = time.perf_counter()
        for number, raw in enumerate(content):
            due_at = start + number * 60 / PER_MINUTE
            await asyncio.sleep(max(0, due_at - time.perf_counter()))
            waiting.put_nowait((due_at, raw))
        await waiting.join()
        for sender in senders:
            sender.cancel()
    return took_s


async def at_once(port: int, content: list[bytes]) -> float:
    """As fast as all connections together can; the seconds that it took."""
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    start = time.perf_counter()
    for raw in content:
        waiting.put_nowait((start, raw))
    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(send(port, waiting, [])) for _ in range(CONNECTIONS)]
        await waiting.join()
        took_s = time.perf_counter() - start
        for sender in senders:
            sender.cancel()
    return took_s


async def run() -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    sink = await loop.create_server(lambda: Sink(lambda *_: None), "127.0.0.1", 0)
    directory = Path(tempfile.mkdtemp(prefix="banso-bench-"))
    steady = list(mails(PER_MINUTE * SECONDS // 60, "steady"))
    flood = list(mails(FLOOD, "flood"))
    try:
        async with banso(directory, sink.sockets[0].getsockname()[1]) as running:
            endpoints = json.loads((directory / "data" / "endpoints.json").read_text())
            port = int(endpoints["smtp"].rpartition(":")[2])
            intake = next(pid for pid, name in descendants(running.pid).items() if name == "intake")
            await at_once(port, list(mails(50, "warm")))
            before_s = cpu_s(intake)
            start = time.perf_counter()
            took_ms = sorted(one * 1000 for one in await steadily(port, steady))
            steady_s = time.perf_counter() - start
            cpu_ms = (cpu_s(intake) - before_s) / len(steady) * 1000
            flood_s = await at_once(port, flood)
            sent = 50 + len(steady) + len(flood)
            found = await issues(directory / "data" / "router.db", sent)
            return {
                "mails_per_minute": round(len(steady) / steady_s * 60),
                "minutes": round(steady_s / 60, 2),
                "p50_ms": round(took_ms[len(took_ms) // 2], 1),
                "p99_ms": round(took_ms[int(len(took_ms) * 0.99)], 1),
                "intake_cpu_ms_per_mail": round(cpu_ms, 1),
                "intake_rss_mb": round(rss_mb(intake), 1),
                "flood_mails_per_minute": round(len(flood) / flood_s * 60),
                "average_kb": round(sum(map(len, steady)) / len(steady) / 1000),
                "sent": sent,
                "issues": found,
                "lost": sent - found,
            }
    finally:
        sink.close()
        shutil.rmtree(directory, ignore_errors=True)


async def issues(database: Path, expected: int) -> int:
    """How many issues the router has once there are all, or after two minutes."""
    until = time.perf_counter() + 120
    while True:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            ((found,),) = connection.execute("select count(*) from issue").fetchall()
        if found >= expected or time.perf_counter() > until:
            return int(found)
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    measured = uvloop.run(run())
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "bench-mail.json").write_text(json.dumps(measured, indent=2) + "\n")
    print(json.dumps(measured, indent=2))
    if measured["lost"]:
        sys.exit(f"{measured['lost']} mails are lost")
