"""Where the services keep what they know."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.databases import VARIABLE, DatabaseUnusable, database_url, keeps_something
from services.router import store
from shared.contracts.event import Speaker
from shared.database import migrate, read_url
from tests.postgresql import Cluster

MIGRATIONS = Path(store.__file__).parent / "migrations"


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_by_default_each_service_has_a_file_in_the_data_directory(tmp_path: Path) -> None:
    assert database_url(tmp_path, Speaker.ROUTER) == f"sqlite:///{tmp_path}/router.db"


def test_each_service_has_its_own_database_on_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://banso:secret@db/banso_{service}")

    assert database_url(tmp_path, Speaker.METRICS) == "postgresql://banso:secret@db/banso_metrics"


@pytest.mark.parametrize(
    ("said", "words"), [("postgresql://db/banso", "{service}"), ("{service}", "no URL")]
)
def test_what_can_not_be_followed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, words: str
) -> None:
    monkeypatch.setenv(VARIABLE, said)

    with pytest.raises(DatabaseUnusable, match=words):
        database_url(tmp_path, Speaker.ROUTER)


def test_a_server_that_does_not_answer_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = f"host={tmp_path}"
    monkeypatch.setenv(VARIABLE, f"postgresql://banso:secret@/banso_{{service}}?{where}")

    with pytest.raises(DatabaseUnusable, match=str(tmp_path)) as told:
        keeps_something(tmp_path, Speaker.ROUTER)

    assert "secret" not in str(told.value)


def test_a_database_keeps_something_once_its_tables_are_made(
    postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.create("kept_router")
    monkeypatch.setenv(VARIABLE, postgresql.url("kept_{service}"))
    assert not keeps_something(tmp_path, Speaker.ROUTER)

    migrate(url, MIGRATIONS)

    assert keeps_something(tmp_path, Speaker.ROUTER)


def test_a_url_says_otherwise_how_soon_a_server_counts_as_gone() -> None:
    url = read_url("postgresql://db/banso?connect_timeout=3")

    assert url.drivername == "postgresql+psycopg"
    assert url.query["connect_timeout"] == "3"
    assert url.query["tcp_user_timeout"] == "10000"
