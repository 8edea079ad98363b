"""Services are forked from one process that has read all their code already.

So `banso up` reads it once, not once for each service: it starts in half the time, whoever died
is there again at once, and what they have in common is in memory once. Elsewhere each service is
started by itself (`banso serve`).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

from deploy.serving import CODE, Served, serve

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_FORKING = get_context("forkserver")


def warm_up() -> None:
    """Begins to read the code of all services, beside whatever else is done meanwhile."""
    _FORKING.set_forkserver_preload([__name__, *CODE])
    forkserver.ensure_running()


class Forked:
    """A service that runs in a process of its own, as asyncio's own processes do."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(process.sentinel, self._has_ended)

    @classmethod
    async def start(
        cls, service: Served, environment: Mapping[str, str], output: Path | None = None
    ) -> Self:
        """Its words go to `output`, or where ours go."""
        wanted = (service, {**os.environ, **environment}, output)
        process = _FORKING.Process(target=_run, args=wanted, name=service, daemon=True)
        begun = asyncio.ensure_future(asyncio.to_thread(process.start))
        try:
            await asyncio.shield(begun)
        except asyncio.CancelledError:
            await begun
            process.kill()
            raise
        return cls(process)

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode if self._ended.is_set() else None

    async def wait(self) -> int:
        await self._ended.wait()
        code = self._process.exitcode
        assert code is not None
        return code

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def _has_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self._ended.set()


def die_with_parent() -> None:
    """Whatever happens to `banso up`, nothing of it stays behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _run(service: Served, environment: Mapping[str, str], output: Path | None) -> None:
    os.setsid()
    if sys.platform == "linux":
        die_with_parent()
        ctypes.CDLL(None).prctl(_PR_SET_NAME, f"banso {service}".encode())
    if output is not None:
        descriptor = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(descriptor, sys.stdout.fileno())
        os.dup2(descriptor, sys.stderr.fileno())
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    serve(service)
