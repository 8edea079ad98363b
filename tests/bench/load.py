"""A load on the journey from outside: HTTP requests in, mails counted at a local SMTP sink.

Both ends are bare asyncio protocols, so that they cost little beside what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

_ISSUE = re.compile(rb"^References: <([0-9a-f-]{36})@", re.MULTILINE)


class Sink(asyncio.Protocol):
    """Just enough SMTP to take mail, and to see which issue each is about."""

    def __init__(self, on_mail: Callable[[bytes, float], None]) -> None:
        self._on_mail = on_mail
        self._buffer = b""
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            if self._in_data:
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return
                mail, self._buffer = self._buffer[:end], self._buffer[end + 5 :]
                self._in_data = False
                self._on_mail(mail, time.perf_counter())
                self._transport.write(b"250 ok\r\n")
                continue
            line, separator, rest = self._buffer.partition(b"\r\n")
            if not separator:
                return
            self._buffer = rest
            word = line[:4].upper()
            if word == b"DATA":
                self._in_data = True
                self._transport.write(b"354 go\r\n")
            elif word == b"QUIT":
                self._transport.write(b"221 bye\r\n")
                self._transport.close()
                return
            else:
                self._transport.write(b"250 ok\r\n")


@dataclass
class Journeys:
    """When each issue was asked for, and when each of its mails came."""

    mails_each: int
    asked_at: dict[str, float] = field(default_factory=dict)
    came_at: dict[str, list[float]] = field(default_factory=dict)
    complete: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def mail(self, content: bytes, at: float) -> None:
        found = _ISSUE.search(content)
        if found is None:
            return
        came = self.came_at.setdefault(found.group(1).decode(), [])
        came.append(at)
        if len(came) == self.mails_each:
            self.complete += 1
            self.changed.set()

    async def until(self, count: int, within_s: float) -> None:
        """Waits until so many issues have had all their mails."""
        async with asyncio.timeout(within_s):
            while self.complete < count:
                self.changed.clear()
                await self.changed.wait()

    def latencies_ms(self) -> list[float]:
        """From request to the last mail, sorted."""
        return sorted(
            (max(self.came_at[issue]) - at) * 1000
            for issue, at in self.asked_at.items()
            if len(self.came_at.get(issue, ())) >= self.mails_each
        )


IDLE_S = 2.0
"""A server may have closed a connection that was idle for longer."""


class Client:
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, host: str, port: int, head: bytes) -> None:
        self._host, self._port, self._head = host, port, head

    async def open(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._used_at = time.perf_counter()
        return self

    async def post(self, body: bytes) -> tuple[int, bytes]:
        if time.perf_counter() - self._used_at > IDLE_S:
            await self.open()
        self._used_at = time.perf_counter()
        self._writer.write(self._head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = int(re.search(rb"content-length: (\d+)", head.lower()).group(1))  # type: ignore[union-attr]
        return status, await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


@dataclass(frozen=True)
class Target:
    host: str
    port: int
    head: bytes
    body: Callable[[int], bytes]
    issue_of: Callable[[bytes], str]


async def closed_loop(target: Target, journeys: Journeys, count: int, clients: int) -> float:
    """Issues per second with so many clients who each wait for their answer."""
    numbers = iter(range(count))
    before = journeys.complete
    start = time.perf_counter()

    async def run() -> None:
        client = await Client(target.host, target.port, target.head).open()
        for number in numbers:
            await _ask(client, target, journeys, number)
        client.close()

    await asyncio.gather(*(run() for _ in range(clients)))
    await journeys.until(before + count, 120)
    return count / (time.perf_counter() - start)


async def open_loop(target: Target, journeys: Journeys, per_second: float, seconds: float) -> None:
    """Requests at a steady pace, whether or not earlier ones have been answered."""
    idle = [await Client(target.host, target.port, target.head).open() for _ in range(64)]
    count = int(per_second * seconds)
    before = journeys.complete
    start = time.perf_counter()
    tasks = []

    async def one(number: int) -> None:
        client = idle.pop() if idle else await Client(target.host, target.port, target.head).open()
        await _ask(client, target, journeys, number)
        idle.append(client)

    for number in range(count):
        await asyncio.sleep(max(0, start + number / per_second - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    await journeys.until(before + count, 60)
    for client in idle:
        client.close()


async def _ask(client: Client, target: Target, journeys: Journeys, number: int) -> None:
    at = time.perf_counter()
    status, answer = await client.post(target.body(number))
    if status != 201:
        raise RuntimeError(f"{status}: {answer[:200]!r}")
    journeys.asked_at[target.issue_of(answer)] = at


def issue_of_status_url(answer: bytes) -> str:
    """The issue's id, which stands in the signed link."""
    short = json.loads(answer)["status_url"].rsplit("/", 1)[1].split("~")[1]
    return str(UUID(bytes=urlsafe_b64decode(f"{short}==")))
