"""A router's database with as many open issues as a bench asks for, and a company that has them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import Connection, Engine, bindparam, func, insert, select, text, update

from services.router import organisation, store
from services.router.lifecycle import Issue
from services.router.store import issues, works
from shared import load
from shared.contracts.issue import State, Step, Urgency
from shared.contracts.organisation import Organisation
from shared.database import migrate, open_engine
from tests.bench import journey
from tests.unit import build

FIRST = 10_000
"""So many are made one by one; more are copies of these, made by the database."""
_PART = 2_000


def company(directory: Path, teams: int = journey.TEAMS) -> Organisation:
    """A thousand people."""
    said = journey.organisation()
    said["teams"] = said["teams"][:teams]
    for nth, person in enumerate(said["people"]):
        person["team"] = f"t{nth % teams}"
    for nth, category in enumerate(said["categories"]):
        category["team"] = f"t{nth % teams}"
    file = directory / "organisation.yaml"
    file.write_text(yaml.safe_dump(said, allow_unicode=True))
    return organisation.read(file)


def open_router(url: str) -> Engine:
    """An empty database of the router."""
    migrate(url, Path(store.__file__).parent / "migrations")
    return open_engine(url)


def fill(
    engine: Engine, known: Organisation, count: int, now: datetime, states: Sequence[State]
) -> None:
    """So many open issues of which none is due within a day, and what everybody has in hand.

    States are drawn from `states`; one that stands there twice is twice as frequent.
    """
    chance = random.Random(count)
    first = min(count, FIRST)
    with engine.begin() as connection:
        for start in range(0, first, _PART):
            rows = [_row(number, known, now, states, chance) for number in range(start, first)]
            connection.execute(insert(issues), rows[:_PART])
        _copy(connection, count // first - 1)
        _sum_up_work(connection)
    _tidy(engine)


def make_due(engine: Engine, count: int, now: datetime) -> None:
    """The time of so many open issues, wherever they lie, has come within the last hour."""
    is_open = issues.c.wake_at.is_not(None)
    chosen = select(issues.c.issue_id).where(is_open).order_by(func.random()).limit(count)
    due = update(issues).where(issues.c.issue_id == bindparam("key"))
    with engine.begin() as connection:
        late = [
            {"key": issue_id, "at": now - timedelta(seconds=3600 * nth / count)}
            for nth, issue_id in enumerate(connection.scalars(chosen).all())
        ]
        connection.execute(due.values(wake_at=bindparam("at"), taken_at=None), late)


def _row(
    number: int, known: Organisation, now: datetime, states: Sequence[State], chance: random.Random
) -> dict[str, Any]:
    owner = known.people[chance.randrange(len(known.people))]
    carrier = known.people[chance.randrange(len(known.people))]
    state = chance.choice(states)
    raised_at = now - timedelta(hours=chance.uniform(1, 200))
    wake_at = now + timedelta(days=1, seconds=chance.uniform(0, 20 * 86_400))
    issue: Issue = build.issue(
        issue_id=str(UUID(int=chance.getrandbits(128))),
        reference=f"R{number}",
        state=state,
        summary="The meter does not start, and the lamp stays red " + "—" * chance.randrange(40),
        urgency=chance.choice(list(Urgency)),
        category=known.categories[number % len(known.categories)].id,
        reporter_id=carrier.id,
        carrier_id=carrier.id,
        owner_id=owner.id,
        team_id=owner.team,
        raised_at=raised_at,
        changed_at=raised_at,
        assigned_at=raised_at,
        acknowledged_at=None if state is State.ASSIGNED else raised_at,
        resolved_at=raised_at if state is State.RESOLVED else None,
        next_step=_STEP[state],
        next_step_at=wake_at,
        wake_at=wake_at,
        revision=known.revision,
    )
    return {field.name: getattr(issue, field.name) for field in fields(issue)}


_STEP = {
    State.ASSIGNED: Step.ACKNOWLEDGE,
    State.ACKNOWLEDGED: Step.RESOLVE,
    State.RESOLVED: Step.CONFIRM,
}


def _copy(connection: Connection, times: int) -> None:
    """The same issues again, under other names and a little later."""
    if not times:
        return
    minute = "60000000" if connection.dialect.name == "sqlite" else "INTERVAL '1 minute'"
    other = {
        "issue_id": "issue_id || '-' || n",
        "reference": "reference || '-' || n",
        "wake_at": f"wake_at + n * {minute}",
    }
    names = [column.name for column in issues.columns]
    said = ", ".join(other.get(name, name) for name in names)
    connection.execute(
        text(
            f"INSERT INTO issue ({', '.join(names)})"
            " WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL"
            " SELECT n + 1 FROM number WHERE n < :times)"
            f" SELECT {said} FROM number, issue"
        ),
        {"times": times},
    )


def _sum_up_work(connection: Connection) -> None:
    held = select(issues.c.owner_id, issues.c.urgency, issues.c.state, func.count())
    in_hand_s: dict[str, float] = {}
    for owner_id, urgency, state, count in connection.execute(
        held.group_by(issues.c.owner_id, issues.c.urgency, issues.c.state)
    ):
        more = count * load.promised_s(urgency, state)
        in_hand_s[owner_id] = in_hand_s.get(owner_id, 0.0) + more
    rows = [{"person_id": who, "in_hand_s": int(effort)} for who, effort in in_hand_s.items()]
    connection.execute(insert(works), rows)


def _tidy(engine: Engine) -> None:
    """What PostgreSQL does by itself some minutes after so many rows have come."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
