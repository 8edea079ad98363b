"""Timed work: rows whose time has come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Column, Connection, MetaData, String, Table

from shared import due
from shared.database import Instant, open_engine
from shared.journal import LARGEST_BATCH
from tests.unit.build import MONDAY

works = Table(
    "work",
    MetaData(),
    Column("name", String, primary_key=True),
    Column("due_at", Instant),
    Column("taken_at", Instant),
)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        works.metadata.create_all(connection)
        yield connection
    engine.dispose()


def add(
    connection: Connection, name: str, due_at: datetime | None, taken_at: datetime | None = None
) -> None:
    row = {"name": name, "due_at": due_at, "taken_at": taken_at}
    connection.execute(works.insert(), row)


def found(connection: Connection, now: datetime = MONDAY) -> list[str]:
    rows = due.find(connection, [works.c.name], works.c.due_at, works.c.taken_at, now)
    return [row.name for row in rows]


def test_what_is_due_is_found_the_longest_due_first(connection: Connection) -> None:
    add(connection, "now", MONDAY)
    add(connection, "long ago", MONDAY - timedelta(days=3))
    add(connection, "in a moment", MONDAY + timedelta(microseconds=1))
    add(connection, "never", None)

    assert found(connection) == ["long ago", "now"]


def test_what_somebody_has_in_hand_is_found_again_after_a_minute(connection: Connection) -> None:
    add(connection, "taken", MONDAY - timedelta(hours=1), taken_at=MONDAY)

    assert found(connection, MONDAY + timedelta(seconds=59)) == []
    assert found(connection, MONDAY + timedelta(seconds=60)) == ["taken"]


def test_a_long_outage_comes_back_in_batches(connection: Connection) -> None:
    for n in range(due.LARGEST_TAKE + 5):
        add(connection, str(n), MONDAY - timedelta(seconds=n))

    assert len(found(connection)) == due.LARGEST_TAKE


def test_what_is_found_at_once_is_settled_at_once_with_the_note_that_it_is_taken() -> None:
    assert due.LARGEST_TAKE + 1 == LARGEST_BATCH


class Work:
    """Does what it is told, one round after the other, and then ends the loop."""

    def __init__(self, *rounds: int | Exception) -> None:
        self._rounds = list(rounds)
        self.pauses: list[float] = []

    async def __call__(self) -> int:
        if not self._rounds:
            raise asyncio.CancelledError
        done = self._rounds.pop(0)
        if isinstance(done, Exception):
            raise done
        return done

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @property
    def left(self) -> int:
        return len(self._rounds)


async def work_through(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due.asyncio, "sleep", work.pause)
    with pytest.raises(asyncio.CancelledError):
        await due.keep_doing(work, "test")


async def test_after_a_full_batch_the_next_follows_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = Work(due.LARGEST_TAKE, due.LARGEST_TAKE, 3)

    await work_through(work, monkeypatch)

    assert work.pauses == [due.EVERY_S]


async def test_a_round_that_fails_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(OSError("the disk is full"), 1)

    await work_through(work, monkeypatch)

    assert work.left == 0
    assert work.pauses == [due.EVERY_S, due.EVERY_S]
