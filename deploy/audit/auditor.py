"""One audit: a look, a second look at what is suspected, and the repairs that are safe."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import assert_never

from deploy.audit import checks, issues, proof
from deploy.audit.databases import Databases
from deploy.audit.issues import Standing
from deploy.audit.memory import Memory, remembered
from deploy.audit.promises import Finding, Promise, Repeat, Wake
from deploy.audit.proof import MOST_REPEATED
from shared import clock, logs
from shared.contracts.event import Speaker
from shared.contracts.router import IssueDue
from shared.streams import Streams

log = logs.get(__name__)

WAKE_AGAIN_S = 3600.0
"""The router has the message for good; another one helps no more than the first."""
MOST_WOKEN = 1_000


@dataclass(frozen=True, slots=True)
class Audit:
    """What one audit has found, and what was done about it."""

    at: datetime
    took_s: float
    """Without the time between both looks."""
    full: bool
    findings: tuple[Finding, ...]
    repaired: Mapping[Promise, int]
    """How many repairs were asked for; the next audit sees what came of them."""
    unowned: timedelta
    stepless: timedelta

    @property
    def violations(self) -> dict[Promise, int]:
        """Of each promise, how often it is broken."""
        counts = Counter(one.promise for one in self.findings)
        return {promise: counts[promise] for promise in Promise}

    @property
    def broken(self) -> dict[str, int]:
        return {str(promise): count for promise, count in self.violations.items() if count}


class Auditor:
    """Raises NoServer or the database's error where an audit can't be complete."""

    def __init__(
        self,
        databases: Databases,
        open_streams: Callable[[], AbstractAsyncContextManager[Streams]],
        *,
        memory: Path | None = None,
        full_every: timedelta = timedelta(days=1),
        second_look: timedelta = timedelta(seconds=5),
    ) -> None:
        self._databases = databases
        self._open_streams = open_streams
        self._file = memory
        self._memory = remembered(memory)
        self._full_every = full_every
        self._second_look_s = second_look.total_seconds()
        self._woken: dict[Wake, float] = {}

    async def audit(self, *, full: bool = False, repair: bool = False) -> Audit:
        """Proves every promise; what counts is what is found twice, unchanged."""
        began_s, at = clock.elapsed_s(), clock.now()
        full = full or at - self._memory.full_at >= self._full_every
        if full:
            self._memory = Memory()
        async with self._open_streams() as streams:
            standing, findings = await self._look(streams, full=full)
            waited_s = 0.0
            if findings:
                waited_s = self._second_look_s
                await asyncio.sleep(waited_s)
                standing, again = await self._look(streams, full=full)
                findings = checks.confirmed(findings, again)
            repaired = await self._repair(findings, streams) if repair else Counter[Promise]()
        if full:
            self._memory.full_at = at
        if self._file is not None:
            await asyncio.to_thread(self._memory.save, self._file)
        return Audit(
            at,
            clock.elapsed_s() - began_s - waited_s,
            full,
            tuple(findings),
            repaired,
            standing.unowned,
            standing.stepless,
        )

    async def _look(self, streams: Streams, *, full: bool) -> tuple[Standing, list[Finding]]:
        now = clock.now()
        standing = await issues.prove(self._databases, now, full=full)
        findings = list(standing.findings)
        for speaker in Speaker:
            findings += await proof.prove(speaker, self._memory, self._databases, streams, now)
        post = self._memory.post
        findings += await proof.unread_letters(post, streams)
        findings += await proof.given_up(post, self._databases, streams)
        return standing, findings

    async def _repair(self, findings: Iterable[Finding], streams: Streams) -> Counter[Promise]:
        """Asks for what is safe, whatever came of it last time; nothing is written here."""
        repeats: dict[Speaker, list[Finding]] = defaultdict(list)
        wakes = []
        for one in findings:
            match one.repair:
                case Repeat(speaker=speaker):
                    repeats[speaker].append(one)
                case Wake():
                    wakes.append(one)
                case None:
                    pass
                case _ as never:
                    assert_never(never)
        asked: Counter[Promise] = Counter()
        for speaker, missing in repeats.items():
            asked += await self._repeat(speaker, missing[:MOST_REPEATED], streams)
        return asked + await self._wake(wakes, streams)

    async def _repeat(
        self, speaker: Speaker, missing: Sequence[Finding], streams: Streams
    ) -> Counter[Promise]:
        ids = [one.repair.event_id for one in missing if isinstance(one.repair, Repeat)]
        await streams.ask_to_repeat(speaker, ids)
        log.warning("audit.repeat_asked", speaker=str(speaker), events=len(ids))
        return Counter(one.promise for one in missing)

    async def _wake(self, asleep: Iterable[Finding], streams: Streams) -> Counter[Promise]:
        """Says that a step is due, for the router alone, once an hour at the most."""
        since = clock.elapsed_s() - WAKE_AGAIN_S
        self._woken = {wake: at for wake, at in self._woken.items() if at > since}
        asked: Counter[Promise] = Counter()
        for one in asleep:
            wake = one.repair
            if not isinstance(wake, Wake) or wake in self._woken or asked.total() >= MOST_WOKEN:
                continue
            due = IssueDue(
                occurred_at=clock.now(), issue_id=wake.issue_id, step_number=wake.step_number
            )
            cause_id = f"audit/{wake.issue_id}/{wake.step_number}"
            await streams.say_again(Speaker.ROUTER, due, cause_id)
            self._woken[wake] = clock.elapsed_s()
            asked[one.promise] += 1
            log.warning("audit.woken", issue=wake.issue_id, step=wake.step_number)
        return asked
