"""Brings in people's iCalendars: when they are away by their own calendar.

A directory holds `<person id>.ics`, or `<person id>.url` with the address of a feed on one line.
An address is a secret and is never logged. A calendar that can't be read keeps what it said last.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import httpx
from prometheus_client import CollectorRegistry, Gauge

from services.router import handlers
from services.router.handlers import Span
from services.router.store import Desk, with_calendars
from shared import clock, logs
from shared.contracts.organisation import Organisation
from shared.journal import Journal

log = logs.get(__name__)

LOOK_EVERY = timedelta(seconds=10)
FETCH_EVERY = timedelta(minutes=15)
READ_AGAIN: Final = timedelta(days=1)
"""Recurrences come nearer though nobody changes the calendar."""
AHEAD: Final = timedelta(days=400)
LARGEST_BYTES: Final = 4 * 1024 * 1024
"""About ten thousand entries."""
FETCH_WITHIN_S: Final = 30.0
READ_WITHIN_S: Final = 60.0
AT_ONCE: Final = 8
"""Feeds fetched at the same time."""
MOST_REDIRECTS: Final = 5

_NAMESPACE: Final = UUID("2d1b2b44-6f0e-5c0a-8a6c-0f6a5f3d7d55")


class Unusable(Exception):
    """A calendar can't be read; says why, in a word and without its address."""


@dataclass(frozen=True, slots=True)
class Read:
    """When somebody is away by their calendar, and how many entries were not understood."""

    spans: tuple[Span, ...]
    left_out: int


@dataclass(slots=True)
class Source:
    """One person's calendar, and what is known of it."""

    file: Path
    stamp: tuple[float, int] | None = None
    fetched_at: datetime | None = None
    read_at: datetime | None = None
    marks: dict[str, str] = field(default_factory=dict)
    """What tells the feed's server which version we have: ETag and date."""
    trouble: str | None = None

    @property
    def person_id(self) -> str:
        return self.file.stem

    @property
    def is_feed(self) -> bool:
        return self.file.suffix == ".url"


class Calendars:
    """Everybody's calendar in a directory, read whenever one has changed."""

    def __init__(self, directory: Path, registry: CollectorRegistry) -> None:
        self._directory = directory
        self._sources: dict[str, Source] = {}
        self._looked_at: datetime | None = None
        self._has_begun = False
        self._count = Gauge(
            "banso_calendars",
            "Calendars of people, by whether what they say now could be read.",
            ["state"],
            registry=registry,
        )
        for state in ("good", "broken"):
            self._count.labels(state)
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it names the address

    async def look(self, journal: Journal[Desk], organisation: Organisation) -> int:
        """Reads what has changed, and tells how many calendars that were."""
        now = clock.now()
        if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
            return 0
        self._looked_at = now
        try:
            listed = await asyncio.to_thread(_listed, self._directory)
        except OSError as error:
            log.error("calendars.unreadable", directory=str(self._directory), error=error.strerror)
            return 0
        await self._forget(listed, journal)
        changed = [
            source
            for person_id, file in listed.items()
            if person_id in organisation.person
            and self._is_due(source := self._source(person_id, file), now)
        ]
        texts = await _gathered(changed, now)
        async for source, found in _read(texts, organisation, now):
            await self._keep(source, found, journal)
        broken = sum(source.trouble is not None for source in self._sources.values())
        self._count.labels("broken").set(broken)
        self._count.labels("good").set(len(self._sources) - broken)
        return len(changed)

    def _source(self, person_id: str, file: Path) -> Source:
        known = self._sources.get(person_id)
        if known is None or known.file != file:
            known = self._sources[person_id] = Source(file)
        return known

    def _is_due(self, source: Source, now: datetime) -> bool:
        is_old = source.read_at is None or now - source.read_at >= READ_AGAIN
        stamp = _stamp(source.file)
        if stamp != source.stamp:
            source.stamp, source.marks = stamp, {}
            return True
        if is_old and source.trouble is None:
            source.marks = {}
            return True
        if not source.is_feed:
            return False
        return source.fetched_at is None or now - source.fetched_at >= FETCH_EVERY

    async def _forget(self, listed: Mapping[str, Path], journal: Journal[Desk]) -> None:
        """Whoever has no calendar here any more is away only as they say."""
        known = set(self._sources)
        if not self._has_begun:
            known |= set(await journal.read(with_calendars))
        for person_id in known - set(listed):
            await journal.note(partial(handlers.calendar_read, person_id, ()))
            self._sources.pop(person_id, None)
        self._has_begun = True

    async def _keep(self, source: Source, found: Read | Unusable, journal: Journal[Desk]) -> None:
        trouble = str(found) if isinstance(found, Unusable) else None
        if trouble is not None and trouble != source.trouble:
            log.error("calendar.unusable", calendar=source.file.name, problem=trouble)
        source.trouble = trouble
        if isinstance(found, Unusable):
            return
        if found.left_out:
            log.warning("calendar.partly_read", calendar=source.file.name, left_out=found.left_out)
        await journal.note(partial(handlers.calendar_read, source.person_id, found.spans))
        source.read_at = clock.now()


def _listed(directory: Path) -> dict[str, Path]:
    """The calendars by person; a feed counts less than a file of the same name."""
    files = sorted(directory.iterdir(), key=lambda file: file.suffix != ".url")
    return {file.stem: file for file in files if file.suffix in (".ics", ".url")}


def _stamp(file: Path) -> tuple[float, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime, stat.st_size


async def _gathered(sources: list[Source], now: datetime) -> list[tuple[Source, str | Unusable]]:
    """The text of each that has changed at all."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def gather(client: httpx.AsyncClient, source: Source) -> str | Unusable | None:
        async with gate:
            try:
                return await _text(client, source, now)
            except Unusable as error:
                return error

    async with httpx.AsyncClient(
        follow_redirects=True, timeout=FETCH_WITHIN_S, max_redirects=MOST_REDIRECTS
    ) as client:
        texts = await asyncio.gather(*(gather(client, source) for source in sources))
    return [(s, text) for s, text in zip(sources, texts, strict=True) if text is not None]


async def _text(client: httpx.AsyncClient, source: Source, now: datetime) -> str | None:
    """Raises Unusable; None where a feed is as it was."""
    try:
        content = await asyncio.to_thread(_content, source.file)
    except OSError as error:
        raise Unusable(error.strerror or "can't be opened") from error
    if source.is_feed:
        source.fetched_at = now
        fetched = await _fetch(client, content.decode(errors="replace").strip(), source)
        if fetched is None:
            return None
        content = fetched
    if len(content) > LARGEST_BYTES:
        raise Unusable("too large")
    return _decoded(content)


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(LARGEST_BYTES + 1)


def _decoded(content: bytes) -> str:
    """RFC 5545 says UTF-8; what comes from an old groupware may be Shift_JIS."""
    for encoding in ("utf-8", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", errors="replace")


async def _fetch(client: httpx.AsyncClient, address: str, source: Source) -> bytes | None:
    """The feed, or None where it has not changed since."""
    scheme, _, rest = address.partition("://")
    if scheme.lower() in ("webcal", "webcals"):
        address = f"https://{rest}"
    elif scheme.lower() not in ("http", "https"):
        raise Unusable("no web address")
    try:
        async with (
            asyncio.timeout(FETCH_WITHIN_S),
            client.stream("GET", address, headers=source.marks) as answer,
        ):
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return None
            if answer.status_code != httpx.codes.OK:
                raise Unusable(f"the server answers {answer.status_code}")
            content = b""
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > LARGEST_BYTES:
                    raise Unusable("too large")
            source.marks = _marks(answer.headers)
            return content
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise Unusable(type(error).__name__) from None


def _marks(headers: httpx.Headers) -> dict[str, str]:
    pairs = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
    return {mark: headers[name] for name, mark in pairs if name in headers}


async def _read(
    texts: list[tuple[Source, str | Unusable]], organisation: Organisation, now: datetime
) -> AsyncIterator[tuple[Source, Read | Unusable]]:
    """What each says, read by another process, which is replaced where it does not come back."""
    reader = _Reader()
    try:
        for source, text in texts:
            if isinstance(text, Unusable):
                yield source, text
                continue
            zone = organisation.calendar_of(source.person_id).zone
            when = {"start": now.isoformat(), "end": (now + AHEAD).isoformat()}
            try:
                answer = await reader.read({"text": text, "zone": zone, **when})
                yield source, _found(source.person_id, answer)
            except Unusable as error:
                yield source, error
    finally:
        await reader.close()


class _Reader:
    """`services.router.ical` as a process, started when it is needed."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def read(self, request: Mapping[str, str]) -> dict[str, Any]:
        """Raises Unusable where it is no calendar or asks too much."""
        if self._process is None:
            self._process = await _start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                await self._process.stdin.drain()
                line = await self._process.stdout.readline()
        except (OSError, TimeoutError):
            line = b""
        if not line:
            await self.close()
            raise Unusable("takes too long")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.router.ical",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LARGEST_BYTES,
        start_new_session=True,
    )


def _found(person_id: str, answer: Mapping[str, Any]) -> Read:
    if "found" not in answer:
        raise Unusable("no calendar")
    spans = (
        Span(
            str(uuid5(_NAMESPACE, f"{person_id}/{key}")),
            datetime.fromisoformat(starts_at),
            datetime.fromisoformat(ends_at),
        )
        for key, starts_at, ends_at in answer["found"]
    )
    return Read(tuple(spans), answer["left_out"])
