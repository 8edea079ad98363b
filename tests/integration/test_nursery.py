"""Services are forked from a process that has read their code (deploy/local/nursery.py)."""

from __future__ import annotations

import asyncio
import json
import signal
from multiprocessing import active_children
from pathlib import Path

import pytest

from deploy.local.nursery import Forked
from deploy.serving import Served
from shared.contracts.event import Speaker
from tests.installation import is_alive, until


def waiting_for_nats(directory: Path) -> dict[str, str]:
    """What the auditor is told that waits for a server which never comes."""
    databases = {name: f"sqlite:///{directory / name}.db" for name in Speaker}
    return {
        "BANSO_AUDIT_DATABASES": json.dumps(databases),
        "BANSO_NATS_URL": "nats://127.0.0.1:1",
        "BANSO_HEALTH_PORT": "0",
    }


async def test_a_service_that_is_told_wrongly_ends_and_its_log_says_why(tmp_path: Path) -> None:
    process = await Forked.start(Served.AUDIT, {"BANSO_AUDIT_EVERY": "never"}, tmp_path / "log")

    assert process.returncode is None
    assert await process.wait() == 1

    assert process.returncode == 1
    assert "audit_every" in (tmp_path / "log").read_text()


async def test_how_a_service_died_is_known(tmp_path: Path) -> None:
    process = await Forked.start(Served.AUDIT, waiting_for_nats(tmp_path), tmp_path / "log")

    process.kill()

    assert await process.wait() == -signal.SIGKILL
    assert not is_alive(process.pid)


async def test_whoever_is_stopped_while_a_service_starts_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    told = waiting_for_nats(tmp_path)
    runs = await Forked.start(Served.AUDIT, told, tmp_path / "log")
    starting = asyncio.create_task(Forked.start(Served.AUDIT, told, tmp_path / "log"))
    await asyncio.sleep(0)

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    until(
        lambda: [child.pid for child in active_children()] == [runs.pid], "only the first is left"
    )
    runs.kill()
    await runs.wait()
