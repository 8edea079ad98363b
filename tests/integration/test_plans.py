"""What the router asks for again and again is found by an index, among however many issues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from services.router import store
from services.router.store import Board, Desk, issues
from shared import due
from shared.contracts.issue import State
from shared.contracts.organisation import Organisation
from tests.bench.filled import company, fill, make_due, open_router
from tests.plans import plan_of
from tests.unit.build import MONDAY

OPEN = 10_000
DUE = 50
STATES = (State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    return company(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, known: Organisation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Filled once, and only read."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('filled') / 'router.db'}"
    else:
        url = request.getfixturevalue("postgresql").create()
    engine = open_router(url)
    fill(engine, known, OPEN, MONDAY, STATES)
    make_due(engine, DUE, MONDAY)
    yield engine
    engine.dispose()


def plans(engine: Engine, known: Organisation, ask: Callable[[Desk], Any]) -> str:
    """How the database answers all that is asked of it, issue tables only."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT") and "FROM issue" in statement.replace("\n", ""):
            asked.append((statement, values))

    with engine.begin() as connection:
        desk = Desk(connection, MONDAY, known, Board(connection))
        event.listen(engine, "before_cursor_execute", note)
        ask(desk)
        event.remove(engine, "before_cursor_execute", note)
        assert asked
        return "\n".join(plan_of(connection, *one) for one in asked)


def find_due(desk: Desk, now: datetime = MONDAY) -> int:
    columns = (issues.c.issue_id, issues.c.step_number)
    found = due.find(desk.connection, columns, issues.c.wake_at, issues.c.taken_at, now)
    return len(found)


def test_what_is_due_is_found_by_its_time(engine: Engine, known: Organisation) -> None:
    plan = plans(engine, known, find_due)

    assert "issue_by_wake" in plan
    assert "Seq Scan" not in plan
    assert "SCAN issue" not in plan


def test_what_is_not_due_is_not_read(engine: Engine, known: Organisation) -> None:
    with engine.begin() as connection:
        desk = Desk(connection, MONDAY, known, Board(connection))

        assert find_due(desk) == DUE
        assert find_due(desk, MONDAY - timedelta(hours=2)) == 0


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda desk: desk.lent_by("p1"), "issue_by_lender"),
        (lambda desk: desk.queue("t1", 5), "issue_by_queue"),
        (lambda desk: desk.merged_into("x"), "issue_by_main"),
        (lambda desk: store.queues(desk.connection), "issue_by_queue"),
    ],
)
def test_what_few_issues_have_is_found_by_an_index_of_the_few(
    engine: Engine, known: Organisation, ask: Callable[[Desk], Any], index: str
) -> None:
    assert index in plans(engine, known, ask)
