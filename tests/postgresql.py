"""A PostgreSQL of the tests' own: a cluster in a temporary directory, on a socket of its own.

Debian's PostgreSQL, which refuses to run as root: then it runs as its own user. Nothing listens on
the network, and nothing stays behind.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from tests.installation import until
from tests.needs import missing

USER = "banso"
STOP_WITHIN_S = 30.0

_FOR_TESTS = {"fsync": "off", "full_page_writes": "off", "timezone": "Asia/Tokyo"}
"""Power does not fail in tests; and nothing may depend on the zone in which a server stands."""


class Cluster:
    """A running server. Each database made on it is empty and has a name of its own."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self._directory = directory
        self._settings = settings
        self._log = directory / "log"
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Cluster:
        """Returns once it answers."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    _binary("postgres"),
                    f"-D{self._directory / 'data'}",
                    f"-k{self._directory}",
                    "-clisten_addresses=",
                    *(f"-c{name}={value}" for name, value in self._settings.items()),
                ],
                stdout=output,
                stderr=output,
                **_as_nobody_important(),
            )
        until(self._answers, "PostgreSQL answers")
        return self

    def stop(self) -> None:
        """Cuts off whoever is connected."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._process = None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self._directory}"

    def create(self, database: str | None = None) -> str:
        """The URL of a new database."""
        name = database or f"test_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.url(name)

    @property
    def reached_by(self) -> dict[str, str]:
        """What psycopg is told, but for the database."""
        return {"user": USER, "host": str(self._directory)}

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Without SQLAlchemy, as an operator does."""
        return psycopg.connect(dbname=database, autocommit=True, **self.reached_by)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def cluster(settings: Mapping[str, str] = _FOR_TESTS) -> Iterator[Cluster]:
    """A server for as long as the block lasts."""
    initdb = _binary("initdb")
    directory = Path(tempfile.mkdtemp(prefix="banso-postgresql-"))
    try:
        ordinary = _as_nobody_important()
        if ordinary:
            shutil.chown(directory, ordinary["user"])
        subprocess.run(
            [
                initdb,
                f"--pgdata={directory / 'data'}",
                f"--username={USER}",
                "--auth=trust",
                "--locale=C.UTF-8",
                "--encoding=UTF8",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            **ordinary,
        )
        server = Cluster(directory, settings)
        try:
            yield server.start()
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)


def _binary(name: str) -> str:
    """Debian keeps them out of the path, by version."""
    kept = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4])
    )
    found = shutil.which(name) or (str(kept[-1]) if kept else None)
    return found or missing(f"{name} is missing: install the package postgresql")


def _as_nobody_important() -> dict[str, Any]:
    """How a process is started so that it is not root's; nothing where we are not root."""
    if os.geteuid() != 0:
        return {}
    known = {user.pw_name for user in pwd.getpwall()}
    user = "postgres" if "postgres" in known else "nobody"
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": [], "cwd": "/"}
