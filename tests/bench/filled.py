"""A router's database with as many open issues as a bench asks for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection, Engine, delete, insert, text

from services.router import organisation, store
from services.router.lifecycle import Issue
from services.router.store import issues, works
from shared import load
from shared.contracts.issue import State, Step, Urgency
from shared.contracts.organisation import Organisation
from shared.database import migrate, open_engine
from tests.bench import journey
from tests.unit import build

MIGRATIONS = Path(store.__file__).parent / "migrations"
FIRST = 10_000
"""So many are made one by one; more are copies of them, made by the database."""
_PART = 2_000


def company(directory: Path) -> Organisation:
    """A thousand people in twenty teams."""
    file = directory / "organisation.yaml"
    file.write_text(yaml.safe_dump(journey.organisation(), allow_unicode=True))
    return organisation.read(file)


def open_router(url: str) -> Engine:
    """An empty database of the router."""
    migrate(url, MIGRATIONS)
    return open_engine(url)


def fill(
    engine: Engine, known: Organisation, count: int, now: datetime, states: Sequence[State]
) -> None:
    """So many open issues, of which nothing is due within a day, and what everybody has in hand.

    `states` are drawn from at random; one that stands there twice is twice as frequent.
    """
    chance = random.Random(count)
    with engine.begin() as connection:
        connection.execute(delete(issues))
        for start in range(0, min(count, FIRST), _PART):
            numbers = range(start, min(count, FIRST, start + _PART))
            rows = [_row(number, known, now, states, chance) for number in numbers]
            connection.execute(insert(issues), rows)
        if count > FIRST:
            connection.execute(text(_copies(connection)), _span(connection, count // FIRST - 1))
        _count_work(connection)
    _tidy(engine)


def make_due(engine: Engine, count: int, now: datetime) -> None:
    """The time of so many issues, whichever, has come within the last hour."""
    with engine.begin() as connection:
        ids = connection.scalars(
            text("SELECT issue_id FROM issue ORDER BY random() LIMIT :count"), {"count": count}
        ).all()
        late = [
            {"key": key, "at": now - timedelta(seconds=3600 * nth / count)}
            for nth, key in enumerate(ids)
        ]
        mark = issues.update().where(issues.c.issue_id == bind("key"))
        connection.execute(mark.values(wake_at=bind("at"), taken_at=None), late)


def count_due(connection: Connection, now: datetime) -> int:
    ...
