"""Services are forked from a process that has read their code (deploy/local/nursery.py)."""

from __future__ import annotations

import asyncio
import signal
from multiprocessing import active_children
from pathlib import Path

import pytest

from deploy.local.nursery import Forked
from deploy.serving import Served
from tests.installation import is_alive


async def test_a_service_that_is_told_wrongly_ends_and_its_log_says_why(tmp_path: Path) -> None:
    process = await Forked.start(Served.AUDIT, {"BANSO_AUDIT_EVERY": "never"}, tmp_path / "log")

    assert process.returncode is None
    assert await process.wait() == 1

    assert process.returncode == 1
    assert "audit_every" in (tmp_path / "log").read_text()


async def test_how_a_service_died_is_known(tmp_path: Path) -> None:
    unreachable = {
        "BANSO_AUDIT_DATABASES": "{}",
        "BANSO_NATS_URL": "nats://127.0.0.1:1",
    }
    process = await Forked.start(Served.AUDIT, unreachable, tmp_path / "log")

    process.kill()

    assert await process.wait() == -signal.SIGKILL
    assert not is_alive(process.pid)


async def test_whoever_is_stopped_while_a_service_starts_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    starting = asyncio.create_task(Forked.start(Served.AUDIT, {}, tmp_path / "log"))
    await asyncio.sleep(0)

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    for child in active_children():
        child.join()
    assert active_children() == []
