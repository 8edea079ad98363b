"""What metrics reads when it starts does not grow with all that ever happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, select, text

from services.metrics import store
from services.metrics.app import MIGRATIONS
from shared.database import migrate, open_engine
from tests.bench.restart import company, fill, happened
from tests.plans import plan_of, rather_use_indexes

PEOPLE, FINISHED, LEFT_OPEN, DAYS = 100, 1_500, 50, 100


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """A company's past of twenty weeks; only read."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('filled') / 'metrics.db'}"
    else:
        url = request.getfixturevalue("postgresql").create()
    migrate(url, MIGRATIONS)
    engine = open_engine(url)
    past = happened(PEOPLE, FINISHED, LEFT_OPEN, DAYS, Random(6))
    fill(engine, company(PEOPLE), past)
    if request.param == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    yield engine
    engine.dispose()


def asked(engine: Engine, ask: Callable[[], Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            found.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    ask()
    event.remove(engine, "before_cursor_execute", note)
    return found


def since(connection: Connection, facts: int) -> datetime:
    """The moment from which on so many facts happened."""
    newest = select(store.facts.c.occurred_at).order_by(store.facts.c.occurred_at.desc())
    found: datetime = connection.execute(newest.offset(facts - 1).limit(1)).scalar_one()
    return found


def test_only_what_happened_since_the_night_is_read(engine: Engine) -> None:
    with engine.connect() as connection:
        night_at = since(connection, 100)
        queries = asked(engine, lambda: list(store.in_order(connection, night_at)))
        queries += asked(engine, lambda: list(store.undone_since(connection, night_at)))
        read = sum(len(connection.exec_driver_sql(*one).all()) for one in queries)
        plans = [plan_of(connection, *one) for one in queries]

    assert 100 <= read < 200
    assert len(plans) == 3
    assert [plan for plan in plans if "Seq Scan" in plan or "SCAN fact" in plan] == []


def test_open_issues_are_found_by_their_state(engine: Engine) -> None:
    with engine.connect() as connection:
        rather_use_indexes(connection)
        (query,) = asked(engine, lambda: store.open_standings(connection))
        plan = plan_of(connection, *query)
        of_all = connection.execute(select(func.count()).select_from(store.standings)).scalar_one()

        assert LEFT_OPEN <= len(store.open_standings(connection)) < of_all / 2
    assert "standing_by_state" in plan
