"""Rows that are read together, changed in memory and written together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    event,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.database import Document, Instant, Lines, Rows, Store, Word, open_engine
from tests.unit.build import MONDAY


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


metadata = MetaData()
things = Table(
    "thing",
    metadata,
    Column("name", String, primary_key=True),
    Column("colour", Word(Colour)),
    Column("seen_at", Instant),
    Column("said", Document),
)
notes = Table(
    "note",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("words", String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    colour: Colour | None = None
    seen_at: datetime | None = None
    said: Any = None


@dataclass(frozen=True, slots=True)
class Note:
    words: str


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def statements(engine: Engine) -> list[str]:
    """What is asked of the database, in order."""
    asked: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement.split()[0])

    return asked


def keep(connection: Connection, *rows: Thing) -> None:
    table = Rows(connection, things, Thing)
    for row in rows:
        table.put(row)
    table.write()


def kept(connection: Connection) -> dict[str, Colour | None]:
    return {row.name: row.colour for row in connection.execute(select(things))}


# Rows


def test_a_row_comes_back_as_it_was_put(connection: Connection) -> None:
    thing = Thing("ball", Colour.RED, MONDAY, {"お": ["と", 1, None]})

    keep(connection, thing)

    assert Rows(connection, things, Thing).get("ball") == thing
    assert isinstance(kept(connection)["ball"], Colour)


def test_a_row_of_nothing_comes_back_as_nothing(connection: Connection) -> None:
    keep(connection, Thing("ball"))

    found = Rows(connection, things, Thing).get("ball")

    assert found == Thing("ball", None, None, None)


def test_a_row_that_is_not_there_is_none(connection: Connection) -> None:
    assert Rows(connection, things, Thing).get("ball") is None


def test_what_was_put_is_seen_before_it_is_written(connection: Connection) -> None:
    rows = Rows(connection, things, Thing)

    rows.put(Thing("ball", Colour.RED))

    assert rows.get("ball") == Thing("ball", Colour.RED)
    assert kept(connection) == {}


def test_a_row_replaces_the_one_of_the_same_key(connection: Connection) -> None:
    keep(connection, Thing("ball", Colour.RED, MONDAY))

    keep(connection, Thing("ball", Colour.BLUE))

    assert Rows(connection, things, Thing).get("ball") == Thing("ball", Colour.BLUE)


def test_rows_that_are_expected_are_read_together(
    connection: Connection, statements: list[str]
) -> None:
    keep(connection, Thing("ball", Colour.RED), Thing("kite", Colour.BLUE))
    statements.clear()
    rows = Rows(connection, things, Thing)

    rows.expect(["ball", "kite", "drum", "ball"])
    rows.expect(["kite", "drum"])
    rows.expect([])

    assert [rows.get(name) is not None for name in ("ball", "kite", "drum")] == [True, True, False]
    assert statements == ["SELECT"]


def test_rows_are_written_together_and_once(connection: Connection, statements: list[str]) -> None:
    rows = Rows(connection, things, Thing)
    for name in ("kite", "ball", "drum"):
        rows.put(Thing(name, Colour.RED))
    statements.clear()

    rows.write()
    rows.write()

    assert statements == ["INSERT"]
    assert set(kept(connection)) == {"ball", "drum", "kite"}


def test_rows_are_written_in_the_order_of_their_keys(connection: Connection) -> None:
    """Two copies of a service lock rows in the same order, so that none waits for the other."""
    keep(connection, Thing("kite"), Thing("ball"), Thing("drum"))

    place = "ctid" if connection.dialect.name == "postgresql" else "rowid"
    found = connection.execute(text(f"SELECT name FROM thing ORDER BY {place}"))

    assert [name for (name,) in found] == ["ball", "drum", "kite"]


def test_undo_takes_back_what_was_put_since_the_mark(connection: Connection) -> None:
    keep(connection, Thing("kite", Colour.BLUE))
    rows = Rows(connection, things, Thing)
    rows.put(Thing("ball", Colour.RED))
    rows.get("kite")
    rows.mark()
    for thing in (Thing("ball"), Thing("ball", Colour.BLUE), Thing("kite"), Thing("drum")):
        rows.put(thing)

    rows.undo()

    assert rows.get("ball") == Thing("ball", Colour.RED)
    assert rows.get("kite") == Thing("kite", Colour.BLUE)
    assert rows.get("drum") is None
    rows.write()
    assert kept(connection) == {"ball": Colour.RED, "kite": Colour.BLUE}


def test_undo_forgets_nothing_that_the_database_knows(connection: Connection) -> None:
    """A row that is put without having been read may be there all the same."""
    keep(connection, Thing("kite", Colour.BLUE))
    rows = Rows(connection, things, Thing)
    rows.mark()
    rows.put(Thing("kite", Colour.RED))

    rows.undo()

    assert rows.get("kite") == Thing("kite", Colour.BLUE)


def test_undo_reaches_back_to_the_last_mark_and_no_further(connection: Connection) -> None:
    rows = Rows(connection, things, Thing)
    rows.mark()
    rows.put(Thing("ball", Colour.RED))
    rows.mark()
    rows.put(Thing("ball", Colour.BLUE))

    rows.undo()
    rows.undo()

    assert rows.get("ball") == Thing("ball", Colour.RED)


NAMES = st.sampled_from(["ball", "kite", "drum"])
DEEDS = st.lists(st.tuples(st.sampled_from(["put", "get", "mark", "undo"]), NAMES), max_size=14)


@settings(max_examples=30)
@given(DEEDS)
def test_rows_are_like_a_dictionary_with_savepoints(deeds: list[tuple[str, str]]) -> None:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        keep(connection, Thing("kite", Colour.BLUE))
        rows = Rows(connection, things, Thing)
        model = saved = {"kite": Thing("kite", Colour.BLUE)}
        rows.mark()

        for n, (deed, name) in enumerate(deeds):
            if deed == "put":
                rows.put(Thing(name, said=n))
                model = model | {name: Thing(name, said=n)}
            elif deed == "get":
                assert rows.get(name) == model.get(name)
            elif deed == "mark":
                rows.mark()
                saved = model
            else:
                rows.undo()
                model = saved
        rows.write()

        found = {row.name: Thing(*row) for row in connection.execute(select(things))}
        assert found == model
    engine.dispose()


# Lines


def test_lines_are_added_in_their_order_and_once(connection: Connection) -> None:
    lines = Lines(connection, notes, Note)
    for words in ("one", "two", "three"):
        lines.add(Note(words))

    lines.write()
    lines.write()

    found = connection.execute(select(notes.c.words).order_by(notes.c.number))
    assert list(found.scalars()) == ["one", "two", "three"]


def test_undo_takes_back_the_lines_since_the_mark(connection: Connection) -> None:
    lines = Lines(connection, notes, Note)
    lines.add(Note("stays"))
    lines.mark()
    lines.add(Note("goes"))

    lines.undo()
    lines.write()

    assert list(connection.execute(select(notes.c.words)).scalars()) == ["stays"]


def test_without_lines_nothing_is_asked_of_the_database(
    connection: Connection, statements: list[str]
) -> None:
    statements.clear()

    Lines(connection, notes, Note).write()
    Rows(connection, things, Thing).write()

    assert statements == []


# Store


def test_a_store_marks_undoes_and_writes_all_its_tables(connection: Connection) -> None:
    store = Store(connection, MONDAY)
    rows, lines = store.rows(things, Thing), store.lines(notes, Note)
    rows.put(Thing("ball"))
    lines.add(Note("stays"))
    store.mark()
    rows.put(Thing("kite"))
    lines.add(Note("goes"))

    store.undo()
    store.write()

    assert set(kept(connection)) == {"ball"}
    assert list(connection.execute(select(notes.c.words)).scalars()) == ["stays"]


def test_a_store_need_expect_nothing_and_may_be_abandoned(connection: Connection) -> None:
    store = Store(connection, MONDAY)

    store.expect([object()])
    store.abandon()

    assert store.now == MONDAY


# Types

INSTANTS = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")]),
)


@given(INSTANTS)
def test_an_instant_is_kept_to_the_microsecond_whatever_its_zone(instant: datetime) -> None:
    column, dialect = Instant(), sqlite.dialect()

    stored = column.process_bind_param(instant, dialect)
    found = column.process_result_value(stored, dialect)

    assert isinstance(stored, int)
    assert found is not None
    assert found - instant.astimezone(UTC) == timedelta()
    assert found.tzinfo is UTC


def test_instants_are_compared_by_the_database(connection: Connection) -> None:
    keep(connection, Thing("early", seen_at=MONDAY), Thing("late", seen_at=MONDAY + timedelta(1)))

    query = select(things.c.name).where(things.c.seen_at <= MONDAY)

    assert list(connection.execute(query).scalars()) == ["early"]


def test_postgresql_keeps_instants_as_its_own() -> None:
    column, dialect = Instant(), postgresql.dialect()

    found = column.process_result_value(MONDAY, dialect)

    assert column.process_bind_param(MONDAY, dialect) is MONDAY
    assert found == MONDAY
    assert found.tzinfo is UTC
    kept_as = column.load_dialect_impl(dialect)
    assert isinstance(kept_as, postgresql.TIMESTAMP)
    assert kept_as.timezone


def test_a_word_that_is_none_of_the_enumeration_is_not_read(connection: Connection) -> None:
    connection.execute(text("INSERT INTO thing (name, colour) VALUES ('ball', 'green')"))

    with pytest.raises(ValueError, match="green"):
        Rows(connection, things, Thing).get("ball")


def test_japanese_is_kept_as_it_is_written(connection: Connection) -> None:
    keep(connection, Thing("ball", said={"名": "球"}))

    raw = connection.execute(text("SELECT CAST(said AS text) FROM thing")).scalar()

    assert raw == '{"名":"球"}'


@pytest.mark.parametrize("words", ["a\0b", {"a": "a\0b"}])
def test_a_character_that_a_database_can_not_keep_is_no_reason_to_lose_the_rest(
    connection: Connection, words: Any
) -> None:
    keep(connection, Thing("ball", said=words), Thing("ki\0te"))

    found = kept(connection)

    assert "ball" in found
    assert found.keys() & {"ki\0te", "ki\ufffdte"}


# The engine


def test_a_file_is_written_so_that_a_power_cut_loses_nothing(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'kept.db'}")
    with engine.begin() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    def half_done() -> None:
        with engine.begin() as connection:
            keep(connection, Thing("ball"))
            connection.execute(notes.insert(), {"words": None})

    with pytest.raises(IntegrityError):
        half_done()

    with engine.begin() as connection:
        assert kept(connection) == {}


def test_writers_wait_for_each_other_so_that_no_change_is_lost(engine: Engine) -> None:
    with engine.begin() as connection:
        keep(connection, Thing("ball", said=0))

    def count(_: int) -> None:
        with engine.begin() as connection:
            rows = Rows(connection, things, Thing)
            seen = rows.get("ball")
            assert seen is not None
            rows.put(replace(seen, said=seen.said + 1))
            rows.write()

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(count, range(40)))

    with engine.begin() as connection:
        assert Rows(connection, things, Thing).get("ball") == Thing("ball", said=40)


def test_a_reader_sees_and_changes_nothing(database_url: str) -> None:
    writer, reader = (open_engine(database_url, read_only=only) for only in (False, True))
    with writer.begin() as connection:
        metadata.create_all(connection)
        keep(connection, Thing("ball"))

    with reader.begin() as connection:
        assert set(kept(connection)) == {"ball"}
        with pytest.raises(DBAPIError, match=r"read-?only"):
            keep(connection, Thing("kite"))

    writer.dispose()
    reader.dispose()


def test_a_reader_waits_for_no_writer(database_url: str) -> None:
    writer, reader = (open_engine(database_url, read_only=only) for only in (False, True))
    with writer.begin() as connection:
        metadata.create_all(connection)

    with writer.begin() as writing, reader.begin() as reading:
        keep(writing, Thing("ball"))

        assert kept(reading) == {}

    writer.dispose()
    reader.dispose()
