"""Learning again and again, in a process of its own, from the router's database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from sqlalchemy import Engine, insert

from services.router import store
from services.router.learning import (
    LEARN_EVERY,
    LOOK_EVERY,
    NEW_LESSONS,
    Learner,
    file_beside,
    file_of,
)
from services.router.store import count_lessons
from services.router.suggestion.memory import FILE, Memory
from shared import clock
from shared.database import open_engine
from tests.unit import build
from tests.unit.build import MONDAY
from tests.unit.router.suggestion.tickets import tickets

ORGANISATION = build.organisation()
TEAMS = dict(zip(("network", "printing", "payroll"), ("product", "shipping", "sales"), strict=True))


class Reading:
    """The one thing that a learner asks of the journal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def read(self, query: Callable[[Any], Any]) -> Any:
        with self._engine.connect() as connection:
            return query(connection)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'router.db'}")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        published = {
            "number": 1,
            "revision": ORGANISATION.revision,
            "document": ORGANISATION.model_dump(mode="json"),
            "published_at": MONDAY,
        }
        connection.execute(insert(store.organisations), published)
    yield engine
    engine.dispose()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    told = [MONDAY]
    monkeypatch.setattr(clock, "now", lambda: told[0])
    return told


def teach(engine: Engine, count: int, at: datetime = MONDAY) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(store.lessons),
            [
                {
                    "issue_id": f"{at:%H%M}-{nth}",
                    "text": text,
                    "language": "en",
                    "team_id": TEAMS[label],
                    "category": None,
                    "learned_at": at,
                    "raised_at": at + timedelta(seconds=nth),
                }
                for nth, (text, label) in enumerate(tickets(count))
            ],
        )


async def test_a_broken_file_is_learned_anew_once_there_is_enough_and_a_restart_knows_it(
    engine: Engine, now: list[datetime], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'router.db'}"
    file = file_beside(url)
    assert file == tmp_path / "suggestion.npz"
    file.write_bytes(b"broken")
    memory, journal = Memory(), Reading(engine)
    learner = Learner(url, file, memory)
    teach(engine, NEW_LESSONS - 1)
    assert await learner.look(journal, ORGANISATION) == 0  # type: ignore[arg-type]
    teach(engine, 60, MONDAY + timedelta(minutes=1))
    assert await learner.look(journal, ORGANISATION) == 0  # type: ignore[arg-type]

    now[0] += LOOK_EVERY
    assert await learner.look(journal, ORGANISATION) == 1  # type: ignore[arg-type]

    [first, *_] = memory.guesses("toner is empty", ORGANISATION)
    assert first.team_id == "shipping"
    assert first.probability > 0.8
    again = Memory()
    assert await Learner(url, file, again).look(journal, ORGANISATION) == 0  # type: ignore[arg-type]
    assert again.guesses("toner is empty", ORGANISATION)[0].team_id == "shipping"


async def test_it_learns_again_after_an_hour_and_not_before(
    engine: Engine, now: list[datetime], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[datetime] = []

    async def learn(_: Learner) -> None:
        learned.append(now[0])

    monkeypatch.setattr(Learner, "_learn", learn)
    learner = Learner("sqlite://", tmp_path / "suggestion.npz", Memory())
    teach(engine, NEW_LESSONS)

    for _ in range(130):
        await learner.look(Reading(engine), ORGANISATION)  # type: ignore[arg-type]
        now[0] += LOOK_EVERY

    assert learned == [MONDAY, MONDAY + LEARN_EVERY, MONDAY + 2 * LEARN_EVERY]


async def test_what_can_not_be_learned_leaves_what_is_known(
    engine: Engine, now: list[datetime], tmp_path: Path
) -> None:
    memory = Memory()
    teach(engine, 40)

    learner = Learner(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "none.npz", memory)
    assert await learner.look(Reading(engine), ORGANISATION) == 1  # type: ignore[arg-type]

    assert memory.model is None


def test_only_what_is_newer_is_counted(engine: Engine) -> None:
    teach(engine, 30)
    with engine.connect() as connection:
        assert count_lessons(connection, None, 20) == 20
        assert count_lessons(connection, MONDAY, 20) == 0
        assert count_lessons(connection, MONDAY - timedelta(seconds=1), 100) == 30


def test_a_database_that_is_no_file_has_nothing_beside_it() -> None:
    assert file_beside("postgresql+psycopg://localhost/router") is None
    assert file_beside("sqlite://") is None


@pytest.mark.parametrize("url", ["postgresql+psycopg://localhost/router", "sqlite:////data/r.db"])
def test_what_was_learned_is_kept_where_it_is_told(url: str) -> None:
    with file_of(Path("/kept/here.npz"), url) as file:
        assert file == Path("/kept/here.npz")


def test_it_is_kept_beside_a_database_that_is_a_file() -> None:
    with file_of(None, "sqlite:////data/router.db") as file:
        assert file == Path("/data") / FILE


def test_on_postgresql_it_is_kept_as_long_as_the_router_runs_and_the_operator_is_told() -> None:
    url = "postgresql+psycopg://localhost/router"

    with structlog.testing.capture_logs() as logged, file_of(None, url) as file:
        file.write_bytes(b"learned")
        assert file.parent.stat().st_mode & 0o077 == 0

    assert not file.parent.exists()
    assert [line["event"] for line in logged] == ["suggestion.not_kept"]
