"""How a service keeps things: one database each, SQLite by default, PostgreSQL for a company.

A batch of facts is read together, decided in memory and written together: one statement costs a
hundred times what one row costs (docs/adr/0002), so `Rows` is all that a decision touches.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Executable,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

Row = TypeVar("Row")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware instant: a timestamp with time zone, or microseconds since 1970 in SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return postgresql.TIMESTAMP(timezone=True)
        return BigInteger()

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        if dialect.name == "postgresql":  # which tells them in its own zone
            return value.astimezone(UTC)
        return _EPOCH + value * _MICROSECOND


class Word(TypeDecorator[Any]):
    """One of the words of an enumeration, kept as text."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


Document = JSON()
"""Lists and mappings of plain values, kept as they are written: JSONB would sort a mapping's keys
and refuse U+0000."""


def open_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine whose commits are on the disk before they return.

    Transactions that may write wait for each other at their start, so that none fails half-way
    and what one has read stays true until it commits; `read_only` ones see a consistent state and
    wait for nobody.
    """
    known = read_url(url)
    if known.get_backend_name() == "postgresql":
        return _open_postgresql(known, read_only)
    return _open_sqlite(known, read_only)


def read_url(url: str) -> URL:
    """A database's URL, whole; `postgresql:` names the driver that we use.

    A server that vanishes without a word counts as gone after some ten seconds, unless the URL
    says otherwise.
    """
    said = make_url(url)
    if said.get_backend_name() != "postgresql":
        return said
    return said.set(drivername="postgresql+psycopg", query={**_NOTICE_A_LOST_SERVER, **said.query})


_NOTICE_A_LOST_SERVER = {
    "connect_timeout": "10",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


def _open_sqlite(url: URL, read_only: bool) -> Engine:
    """WAL with `synchronous=FULL`; `BEGIN IMMEDIATE` takes the lock."""
    engine = create_engine(url, json_serializer=_to_json)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA busy_timeout=10000")
        cursor.execute("PRAGMA foreign_keys=ON")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _open_postgresql(url: URL, read_only: bool) -> Engine:
    """An advisory lock for the length of a transaction does what `BEGIN IMMEDIATE` does."""
    options = {"json_serializer": _to_json, "pool_pre_ping": True}
    if read_only:
        engine = create_engine(url, isolation_level="REPEATABLE READ", **options)
        return engine.execution_options(postgresql_readonly=True)
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.adapters.register_dumper(str, _text_dumper())
        with connection.cursor() as cursor:
            cursor.execute(_ON_THE_DISK)
        connection.commit()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.execute(_WRITING)

    return engine


@cache
def _text_dumper() -> type:
    """PostgreSQL keeps no U+0000: it becomes the sign for what can't be shown, as in HTML."""
    from psycopg.types.string import StrDumper  # an optional dependency

    class TextDumper(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd"))

    return TextDumper


_ON_THE_DISK = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)
_WRITING = text("SELECT pg_advisory_xact_lock(1112100467, 1)")
"""Advisory locks count within one database; the first number only says that it is ours."""


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Rows(Generic[Row]):
    """A table's rows as one batch sees them: read together, changed in memory, written together.

    `kind` is a frozen dataclass whose fields are the table's columns; the first column is the key.
    `get` sees what was `put`. `mark` and `undo` are the batch's savepoint.
    """

    def __init__(self, connection: Connection, table: Table, kind: type[Row]) -> None:
        self._connection = connection
        self._table = table
        self._kind = kind
        self._columns = tuple(column.name for column in table.columns)
        self._key = self._columns[0]
        self._names = tuple(field.name for field in fields(cast("Any", kind)))
        self._rows: dict[Hashable, Row | None] = {}
        self._changed: dict[Hashable, Row] = {}
        self._before: list[tuple[Hashable, bool, Row | None, Row | None]] = []

    def expect(self, keys: Iterable[Hashable]) -> None:
        """Reads the rows of all keys that were not read yet, in one statement."""
        unread = sorted({key for key in keys if key not in self._rows}, key=str)
        if not unread:
            return
        self._rows.update(dict.fromkeys(unread))
        found = self._connection.execute(_select(self._table), {"keys": unread})
        for values in found:
            row = self._kind(**dict(zip(self._columns, values, strict=True)))
            self._rows[getattr(row, self._key)] = row

    def get(self, key: Hashable) -> Row | None:
        """The row, or None where there is none."""
        if key not in self._rows:
            self.expect([key])
        return self._rows[key]

    def all(self) -> list[Row]:
        """Every row that this batch has read or changed, as it is now."""
        return [row for row in self._rows.values() if row is not None]

    def put(self, row: Row) -> None:
        """Adds the row or replaces the one of the same key."""
        key = getattr(row, self._key)
        was_read, row_before = key in self._rows, self._rows.get(key)
        self._before.append((key, was_read, row_before, self._changed.get(key)))
        self._rows[key] = self._changed[key] = row

    def mark(self) -> None:
        """From here on changes can be undone."""
        self._before.clear()

    def undo(self) -> None:
        """Takes back every change since `mark`."""
        for key, was_read, row, changed in reversed(self._before):
            if was_read:
                self._rows[key] = row
            else:
                del self._rows[key]
            if changed is None:
                self._changed.pop(key, None)
            else:
                self._changed[key] = changed
        self._before.clear()

    def write(self) -> None:
        """Writes what changed, in the order of keys, so that two copies never lock crosswise."""
        if not self._changed:
            return
        rows = [self._changed[key] for key in sorted(self._changed, key=str)]
        values = [{name: getattr(row, name) for name in self._names} for row in rows]
        self._connection.execute(_upsert(self._table, self._connection.dialect.name), values)
        self._changed.clear()


class Lines(Generic[Row]):
    """Rows that are only ever added, such as a history."""

    def __init__(self, connection: Connection, table: Table, kind: type[Row]) -> None:
        self._connection = connection
        self._table = table
        self._names = tuple(field.name for field in fields(cast("Any", kind)))
        self._added: list[Row] = []
        self._marked = 0

    def add(self, row: Row) -> None:
        self._added.append(row)

    def mark(self) -> None:
        """From here on additions can be undone."""
        self._marked = len(self._added)

    def undo(self) -> None:
        """Takes back every addition since `mark`."""
        del self._added[self._marked :]

    def write(self) -> None:
        """Adds the lines in the order in which they were added."""
        if not self._added:
            return
        values = [{name: getattr(row, name) for name in self._names} for row in self._added]
        self._connection.execute(self._table.insert(), values)
        self._added.clear()


class Store:
    """What one batch reads and writes, at one instant. Each service adds its tables."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self._tables: list[Rows[Any] | Lines[Any]] = []

    def rows(self, table: Table, kind: type[Row]) -> Rows[Row]:
        rows = Rows(self.connection, table, kind)
        self._tables.append(rows)
        return rows

    def lines(self, table: Table, kind: type[Row]) -> Lines[Row]:
        lines = Lines(self.connection, table, kind)
        self._tables.append(lines)
        return lines

    def expect(self, matters: Sequence[Any]) -> None:
        """Reads together what deciding on these matters will ask for, as far as it can be told."""

    def mark(self) -> None:
        for table in self._tables:
            table.mark()

    def undo(self) -> None:
        for table in self._tables:
            table.undo()

    def write(self) -> None:
        for table in self._tables:
            table.write()

    def abandon(self) -> None:
        """The batch has failed, and nothing of it stands."""


@cache
def _select(table: Table) -> Executable:
    key = next(iter(table.columns))
    return select(table).where(key.in_(bindparam("keys", expanding=True)))


@cache
def _upsert(table: Table, dialect: str) -> Executable:
    key, *others = (column.name for column in table.columns)
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_update(
        index_elements=[key], set_={name: insert.excluded[name] for name in others}
    )


def migrate(url: str, migrations: Path) -> None:
    """Brings the database to the newest schema; does nothing, and quickly, where it is already."""
    if url.startswith("sqlite") and (file := make_url(url).database):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            if _revision(connection) != _newest(migrations):
                _upgrade(connection, migrations)
    finally:
        engine.dispose()


def is_new(url: str) -> bool:
    """Whether nothing was ever kept there."""
    known = read_url(url)
    if known.get_backend_name() == "sqlite":
        return not (known.database and Path(known.database).exists())
    engine = open_engine(url, read_only=True)
    try:
        with engine.connect() as connection:
            return _revision(connection) is None
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return cast("str | None", found)


def _newest(migrations: Path) -> str:
    """Revisions are numbered files, `0001_first.py`."""
    return max(path.name.partition("_")[0] for path in (migrations / "versions").glob("[0-9]*.py"))


def _upgrade(connection: Connection, migrations: Path) -> None:
    from alembic import command  # slow to import, and only needed here
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", str(migrations / "versions"))
    command.upgrade(config, "head")
