from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import Cluster, cluster
from tests.synapse import Synapse, synapse


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """One for all tests of a process; each makes databases of its own in it."""
    with cluster() as server:
        yield server


@pytest.fixture(scope="session", name="synapse")
def matrix_server() -> Iterator[Synapse]:
    """One for all tests of a process; each makes accounts of its own in it."""
    with synapse() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kept.db'}"
    server: Cluster = request.getfixturevalue("postgresql")
    return server.create()
