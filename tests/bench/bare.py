"""The same hops without Banso: what the journey costs at the least.

Four processes with bare nats-py and sqlite3: the same streams, messages and fan-out, the same
durability (journal before stream, WAL with FULL, `sync_interval: always`), a savepoint for each
message, known causes said again. The edges are uvicorn and aiosmtplib, as in Banso. There are no
rules, no pydantic, no templates: every event has a fixed body of the size of Banso's.

Run as `python -m tests.bench.bare ROLE NATS_URL DATABASE PORT`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiosmtplib
import nats
import uvicorn
import uvloop
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    StorageType,
    StreamConfig,
)

STREAMS = {"INTAKE": ["raised"], "ROUTER": ["assigned"], "NOTIFIER": ["sent"]}
HEARS = {
    "intake": ["assigned", "sent"],
    "router": ["raised"],
    "notifier": ["raised", "assigned"],
    "metrics": ["raised", "assigned"],
}
STREAM_OF = {subject: stream for stream, subjects in STREAMS.items() for subject in subjects}
SIZES = {"raised": 900, "assigned": 1900, "sent": 600}
"""Bytes of Banso's events in the bench."""
MAIL = b"X: " + b"x" * 70 + b"\r\n\r\n" + (b"y" * 76 + b"\r\n") * 110
BATCH = 200

DDL = """
create table if not exists cause(cause_id text primary key, outcome text) without rowid;
create table if not exists said(event_id text primary key, cause_id text, subject text, body blob);
create index if not exists said_by_cause on said(cause_id);
create table if not exists row(id text primary key, body blob);
"""

Events = list[tuple[str, str, bytes]]
Decide = Callable[[sqlite3.Connection, str, bytes], list[tuple[str, bytes]]]


def body(subject: str, issue: str) -> bytes:
    filler = "x" * (SIZES[subject] - 60)
    return json.dumps({"issue": issue, "filler": filler}).encode()


class Journal:
    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._open, path).result()
        self._waiting: deque[tuple[str | None, bytes, Decide, asyncio.Future[Events]]] = deque()
        self._running: asyncio.Task[None] | None = None
        self.say: Any = None

    def _open(self, path: str) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("pragma journal_mode=wal")
        self.db.execute("pragma synchronous=full")
        self.db.executescript(DDL)

    async def settle(self, cause: str | None, data: bytes, decide: Decide) -> Events:
        future: asyncio.Future[Events] = asyncio.get_running_loop().create_future()
        self._waiting.append((cause, data, decide, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            events = await loop.run_in_executor(self._thread, self._record, taken)
            asyncio.create_task(self._tell(taken, events))  # noqa: RUF006

    async def _tell(self, taken: Sequence[Any], events: list[Events]) -> None:
        await self.say([one for some in events for one in some])
        for (*_, future), some in zip(taken, events, strict=True):
            future.set_result(some)

    def _record(self, taken: Sequence[Any]) -> list[Events]:
        db, out = self.db, []
        db.execute("begin immediate")
        for cause, data, decide, _ in taken:
            known = (
                cause and db.execute("select 1 from cause where cause_id=?", (cause,)).fetchone()
            )
            if known:
                rows = db.execute(
                    "select event_id, subject, body from said where cause_id=?", (cause,)
                )
                out.append(rows.fetchall())
                continue
            db.execute("savepoint one")
            said = [
                (str(uuid.uuid5(uuid.NAMESPACE_OID, f"{subject}/{cause}/{nth}")), subject, text)
                for nth, (subject, text) in enumerate(decide(db, str(cause), data))
            ]
            if cause:
                db.execute("insert into cause values (?, 'done')", (cause,))
            db.executemany(
                "insert into said values (?, ?, ?, ?)",
                [(event_id, cause, subject, text) for event_id, subject, text in said],
            )
            db.execute("release one")
            out.append(said)
        db.execute("commit")
        return out


async def publish(nc: Any, js: Any, events: Events) -> None:
    for start in range(0, len(events), 500):
        part = events[start : start + 500]
        if len(part) >= 8 and await _atomically(nc, part):
            continue
        await asyncio.gather(
            *(js.publish(s, b, headers={"Nats-Msg-Id": i}, timeout=2) for i, s, b in part)
        )


async def _atomically(nc: Any, part: Events) -> bool:
    batch = uuid.uuid4().hex
    for nth, (event_id, subject, text) in enumerate(part, 1):
        headers = {
            "Nats-Batch-Id": batch,
            "Nats-Batch-Sequence": str(nth),
            "Nats-Msg-Id": event_id,
        }
        if nth < len(part):
            await nc.publish(subject, text, headers=headers)
            continue
        headers["Nats-Batch-Commit"] = "1"
        answer = await nc.request(subject, text, headers=headers, timeout=2)
        return bool(json.loads(answer.data).get("count") == len(part))
    return False


async def consume(js: Any, role: str, stream: str, hear: Any) -> None:
    subscription = await js.pull_subscribe_bind(durable=role, stream=stream)
    while True:
        try:
            messages = await subscription.fetch(BATCH, timeout=1)
        except (nats.errors.TimeoutError, TimeoutError):
            continue
        await asyncio.gather(*(hear(message) for message in messages))


async def provision(url: str) -> None:
    nc = await nats.connect(url, error_cb=_wait, reconnect_time_wait=0.1)
    js = nc.jetstream()
    for stream, subjects in STREAMS.items():
        await js.add_stream(
            StreamConfig(
                name=stream, subjects=subjects, storage=StorageType.FILE, allow_atomic=True
            )
        )
    for role, heard in HEARS.items():
        for stream, subjects in STREAMS.items():
            mine = [subject for subject in subjects if subject in heard]
            if mine:
                config = ConsumerConfig(
                    durable_name=role,
                    filter_subjects=mine,
                    ack_policy=AckPolicy.EXPLICIT,
                    max_ack_pending=5 * BATCH,
                )
                await js.add_consumer(stream, config)
    await nc.close()


async def _wait(_: Exception) -> None:
    """The server is starting."""


def keep(db: sqlite3.Connection, cause: str, data: bytes) -> list[tuple[str, bytes]]:
    db.execute("insert or replace into row values (?, ?)", (cause, data))
    return []


def keep_and_say(*subjects: str) -> Decide:
    def decide(db: sqlite3.Connection, cause: str, data: bytes) -> list[tuple[str, bytes]]:
        keep(db, cause, data)
        issue = json.loads(data)["issue"]
        return [(subject, body(subject, issue)) for subject in subjects]

    return decide


class Smtp:
    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[aiosmtplib.SMTP] = []
        self._free = asyncio.Semaphore(8)

    async def send(self, content: bytes) -> None:
        async with self._free:
            if self._idle:
                client = self._idle.pop()
            else:
                client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self._port)
                await client.connect()
            await client.sendmail("a@example.com", ["b@example.com"], content)
            self._idle.append(client)


async def main(role: str, url: str, database: str, port: int) -> None:
    nc = await nats.connect(url)
    js = nc.jetstream()
    journal = Journal(database)
    journal.say = lambda events: publish(nc, js, events)
    smtp = Smtp(port)

    async def deliver(issue: str, cause: str, nth: int) -> None:
        mail = b"References: <" + issue.encode() + b"@example.com>\r\n" + MAIL
        await smtp.send(mail)
        data = json.dumps({"issue": issue}).encode()
        await journal.settle(f"sent/{cause}/{nth}", data, keep_and_say("sent"))

    async def hear(message: Any) -> None:
        cause = message.headers["Nats-Msg-Id"]
        decide: Decide = keep
        if role == "router":
            decide = keep_and_say("assigned")
        elif role == "notifier" and message.subject == "assigned":
            decide = keep_and_say("sent", "sent")
        await journal.settle(cause, message.data, decide)
        await message.ack()
        if role == "notifier" and message.subject == "assigned":
            issue = json.loads(message.data)["issue"]
            for nth in range(2):
                asyncio.create_task(deliver(issue, cause, nth))  # noqa: RUF006

    heard = {STREAM_OF[subject] for subject in HEARS[role]}
    tasks = [asyncio.create_task(consume(js, role, stream, hear)) for stream in heard]
    if role == "intake":
        tasks.append(asyncio.create_task(serve(journal, port)))
    print("ready", flush=True)
    await asyncio.gather(*tasks)


async def serve(journal: Journal, port: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        data, more = b"", True
        while more:
            part = await receive()
            data, more = data + part["body"], part["more_body"]
        json.loads(data)
        issue = str(uuid.uuid4())
        event = body("raised", issue)
        await journal.settle(f"submission/{issue}", event, keep_and_say("raised"))
        await journal.settle(None, event, lambda db, _, data: keep(db, issue, data))
        answer = json.dumps({"issue": issue}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
        ]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    config = uvicorn.Config(app, port=port, lifespan="off", access_log=False, log_level="warning")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    if sys.argv[1] == "provision":
        uvloop.run(provision(sys.argv[2]))
    else:
        uvloop.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
