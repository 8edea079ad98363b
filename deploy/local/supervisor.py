"""Keeps processes running: whatever dies is started again, after a growing delay."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.local.nursery import die_with_parent
from shared import clock, logs

log = logs.get(__name__)

FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 5.0
STEADY_AFTER_S = 5.0
"""Whoever ran this long starts again with the first delay."""
STOP_WITHIN_S = 10.0
LARGEST_LOG = 20 * 1024 * 1024


class Running(Protocol):
    """A process."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


Begin = Callable[[Path | None], Awaitable[Running]]
"""Starts a process whose words go to a file, or where ours go."""


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep running."""

    name: str
    begin: Begin
    after_start: Callable[[], Awaitable[None]] | None = None
    """Called after each start, while the process runs."""


def command(*words: str) -> Begin:
    """Another program."""

    async def begin(output: Path | None) -> Running:
        with output.open("ab") if output else nullcontext() as words_to:
            return await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=words_to,
                stderr=words_to,
                start_new_session=True,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,
            )

    return begin


class Supervisor:
    """Runs programs until `stop`; their output goes to `logs_directory`, a file each."""

    def __init__(self, logs_directory: Path, *, verbose: bool = False) -> None:
        self._logs = logs_directory
        self._verbose = verbose
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, Running] = {}
        self._stopping = asyncio.Event()

    def start(self, program: Program) -> None:
        self._tasks[program.name] = asyncio.create_task(self._keep_running(program))

    async def stop(self, names: Sequence[str]) -> None:
        """Asks these to stop, all at once, and ends those that don't."""
        self._stopping.set()
        running = [self._processes[name] for name in names if name in self._processes]
        for process in running:
            if process.returncode is None:
                process.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await asyncio.gather(*(process.wait() for process in running))
        except TimeoutError:
            for process in running:
                if process.returncode is None:
                    log.error("process.killed", pid=process.pid)
                    process.kill()
        tasks = [self._tasks[name] for name in names if name in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_running(self, program: Program) -> None:
        delay = FIRST_DELAY_S
        while not self._stopping.is_set():
            started_at = clock.elapsed_s()
            code = await self._run(program)
            if self._stopping.is_set():
                return
            if clock.elapsed_s() - started_at > STEADY_AFTER_S:
                delay = FIRST_DELAY_S
            log.warning("process.died", process=program.name, code=code, starts_again_in_s=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY_S)

    async def _run(self, program: Program) -> int:
        file = self._logs / f"{program.name}.log"
        _make_room(file)
        process = await program.begin(None if self._verbose else file)
        self._processes[program.name] = process
        log.debug("process.started", process=program.name, pid=process.pid)
        after = asyncio.create_task(self._after_start(program))
        try:
            return await process.wait()
        finally:
            after.cancel()

    async def _after_start(self, program: Program) -> None:
        if program.after_start is not None:
            await program.after_start()


def _make_room(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size > LARGEST_LOG:
        file.replace(file.with_suffix(".log.1"))
