"""The schema that Alembic makes is the one that the services read and write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Column, Connection, MetaData, inspect, text
from sqlalchemy.exc import IntegrityError

from services.intake import store as intake_store
from services.metrics import store as metrics_store
from services.notifier import store as notifier_store
from services.router import store as router_store
from services.router.lifecycle import Issue, close
from shared.contracts.event import Speaker
from shared.contracts.issue import Source, State, Step, Urgency
from shared.database import migrate, open_engine

METADATA: Mapping[Speaker, MetaData] = {
    Speaker.INTAKE: intake_store.metadata,
    Speaker.ROUTER: router_store.metadata,
    Speaker.NOTIFIER: notifier_store.metadata,
    Speaker.METRICS: metrics_store.metadata,
}
NOW = datetime(2026, 10, 6, 0, 12, tzinfo=UTC)
ISSUE = Issue(
    issue_id="1",
    reference="7K3M-9QWX",
    version=1,
    state=State.ASSIGNED,
    summary="展示会で電源が入らない",
    urgency=Urgency.NORMAL,
    source=Source.WEB,
    language="ja",
    product=None,
    category=None,
    cause=None,
    reporter_id="sato",
    carrier_id="sato",
    owner_id="nguyen",
    team_id="product",
    assignment=1,
    raised_at=NOW,
    changed_at=NOW,
    assigned_at=NOW,
    acknowledged_at=None,
    answered_at=None,
    resolved_at=None,
    closed_at=None,
    needed_by=None,
    next_step=Step.ACKNOWLEDGE,
    next_step_at=NOW,
    wake_at=NOW,
    step_number=1,
    rung=0,
    moves=0,
    reminders=0,
    declined_by=[],
    revision="r1",
)

each_service = pytest.mark.parametrize("service", Speaker)


@each_service
def test_a_migrated_database_is_what_the_service_expects(
    service: Speaker, database_url: str
) -> None:
    migrate(database_url, _migrations(service))

    with _connected(database_url) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": _compare_default}
        )
        assert compare_metadata(context, METADATA[service]) == []


@each_service
def test_keys_checks_and_partial_indexes_are_migrated_too(
    service: Speaker, database_url: str
) -> None:
    """Alembic's own comparison does not look at them."""
    with _connected(database_url) as connection:
        METADATA[service].create_all(connection)
        expected = _described(connection)
        METADATA[service].drop_all(connection)
        connection.commit()
    migrate(database_url, _migrations(service))

    with _connected(database_url) as connection:
        migrated = _described(connection)

    del migrated["alembic_version"]
    assert migrated == expected


@each_service
def test_migrating_twice_changes_nothing(service: Speaker, database_url: str) -> None:
    migrate(database_url, _migrations(service))
    migrate(database_url, _migrations(service))

    with _connected(database_url) as connection:
        assert "cause" in inspect(connection).get_table_names()


@each_service
def test_migrations_follow_one_another_in_the_order_of_their_numbers(service: Speaker) -> None:
    versions = _migrations(service) / "versions"
    script = ScriptDirectory(str(versions.parent), version_locations=[str(versions)])
    revisions = [revision.revision for revision in script.walk_revisions()]

    files = sorted(file.name for file in versions.glob("[0-9]*.py"))

    assert list(reversed(revisions)) == [name.partition("_")[0] for name in files]
    assert script.get_heads() == revisions[:1]


@pytest.mark.parametrize("missing", ["next_step", "next_step_at", "wake_at"])
@pytest.mark.parametrize("state", [State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED])
def test_the_database_refuses_an_open_issue_without_a_next_step(
    state: State, missing: str, router: Connection
) -> None:
    values: dict[str, Any] = {"state": state, missing: None}
    forgotten = replace(ISSUE, **values)

    with pytest.raises(IntegrityError, match="open_issue_has_next_step"):
        _insert(router, forgotten)


def test_the_database_refuses_to_take_the_next_step_from_an_open_issue(router: Connection) -> None:
    _insert(router, ISSUE)

    with pytest.raises(IntegrityError, match="open_issue_has_next_step"):
        router.execute(text("UPDATE issue SET next_step_at = NULL"))


def test_the_database_refuses_an_issue_without_an_owner(router: Connection) -> None:
    with pytest.raises(IntegrityError, match="issue_has_owner"):
        _insert(router, replace(ISSUE, owner_id=""))


def test_the_database_takes_a_closed_issue_without_a_next_step(router: Connection) -> None:
    _insert(router, close(ISSUE, NOW))

    assert router.scalar(text("SELECT state FROM issue")) == "closed"


@pytest.fixture
def router(database_url: str) -> Iterator[Connection]:
    """A connection to a migrated database of the router."""
    migrate(database_url, _migrations(Speaker.ROUTER))
    with _connected(database_url) as connection:
        yield connection


def _compare_default(_context: Any, _found: Any, wanted: Column[Any], *_: Any) -> bool | None:
    """As Alembic does, but for JSON, which PostgreSQL can't compare; the next test does."""
    return False if isinstance(wanted.type, JSON) else None


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _insert(connection: Connection, issue: Issue) -> None:
    values = {column.name: getattr(issue, column.name) for column in router_store.issues.columns}
    connection.execute(router_store.issues.insert().values(values))


def _migrations(service: Speaker) -> Path:
    return Path(import_module(f"services.{service}").__path__[0]) / "migrations"


def _described(connection: Connection) -> dict[str, Any]:
    """By table, all that can be told of it, whatever the order in which it was written."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(table)
            },
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(
                one["column_names"] for one in inspector.get_unique_constraints(table)
            ),
            "checks": {
                str(one["name"]): " ".join(one["sqltext"].split())
                for one in inspector.get_check_constraints(table)
            },
            "indexes": {
                str(one["name"]): (
                    one["column_names"],
                    one["unique"],
                    {
                        name: str(value)
                        for name, value in one.get("dialect_options", {}).items()
                        if name.endswith("_where")
                    },
                )
                for one in inspector.get_indexes(table)
            },
            "without_rowid": _is_without_rowid(connection, table),
        }
        for table in inspector.get_table_names()
    }


def _is_without_rowid(connection: Connection, table: str) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    query = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    return "WITHOUT ROWID" in str(connection.scalar(query, {"table": table}))
