"""One process of a service at a time, on each kind of database."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

import httpx
import pytest
import structlog.testing
from prometheus_client import CollectorRegistry
from sqlalchemy import make_url

from shared import service
from shared.alone import PlaceLost, take_place
from shared.settings import Settings
from tests.installation import until
from tests.postgresql import Cluster

HOLDER = """
import asyncio, sys
from shared.alone import take_place
async def hold():
    place = await take_place(sys.argv[1])
    print("taken", flush=True)
    await place.keep()
asyncio.run(hold())
"""


@pytest.fixture
def holder(database_url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, which has the place."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database_url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def test_whoever_comes_second_waits_until_the_first_is_dead(
    database_url: str, holder: subprocess.Popen[str]
) -> None:
    with structlog.testing.capture_logs() as logged:
        waiting = asyncio.create_task(take_place(database_url))
        await until_logged(logged, "service.stands_by")
        assert not waiting.done()

        holder.kill()
        place = await asyncio.wait_for(waiting, 10)

    assert [line["event"] for line in logged] == ["service.stands_by", "service.takes_over"]
    place.give_back()


async def test_whoever_stands_by_says_that_it_lives_and_is_not_ready(
    database_url: str, holder: subprocess.Popen[str], free_port: int
) -> None:
    settings = Settings(database_url=database_url, health_port=free_port)
    registry = CollectorRegistry()
    waiting = asyncio.create_task(service.take_place(settings, registry))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{free_port}") as client:
        await until_answered(client)

        alive, ready, metrics = [
            await client.get(path) for path in ("/healthz", "/readyz", "/metrics")
        ]

        assert (alive.status_code, alive.text) == (200, "alive\n")
        assert ready.status_code == 503
        assert ready.text == "waiting for another process to end (standby)\n"
        assert "\nbanso_standby 1.0\n" in metrics.text

        holder.kill()
        place = await asyncio.wait_for(waiting, 10)

    assert registry.get_sample_value("banso_standby") == 0
    with socket.create_server(("127.0.0.1", free_port)):
        pass  # the service itself answers there from now on
    place.give_back()


async def test_whoever_stands_by_beside_the_other_on_one_port_only_waits(
    database_url: str, holder: subprocess.Popen[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(database_url=database_url, health_port=taken.getsockname()[1])
        with structlog.testing.capture_logs() as logged:
            waiting = asyncio.create_task(service.take_place(settings, CollectorRegistry()))
            await until_logged(logged, "health.unheard")
            holder.kill()
            place = await asyncio.wait_for(waiting, 10)

    place.give_back()


async def test_a_place_whose_connection_is_cut_is_taken_again(postgresql: Cluster) -> None:
    url = postgresql.create()
    place = await take_place(url)
    keeping = asyncio.create_task(place.keep())
    cut_all(postgresql, url)

    await until_held(postgresql, url)

    assert not keeping.done()
    keeping.cancel()
    place.give_back()


async def test_a_place_that_somebody_else_has_taken_meanwhile_is_lost(
    postgresql: Cluster,
) -> None:
    url = postgresql.create()
    place = await take_place(url)
    cut_all(postgresql, url)
    other = await take_place(url)

    with pytest.raises(PlaceLost):
        await asyncio.wait_for(place.keep(), 10)

    for one in (place, other):
        one.give_back()


def cut_all(postgresql: Cluster, url: str) -> None:
    """Ends every connection to a database, as an operator can, and waits until they are gone."""
    query = "FROM pg_stat_activity WHERE datname = %s"
    name = [str(make_url(url).database)]
    with postgresql.connect() as operator:
        operator.execute(f"SELECT pg_terminate_backend(pid) {query}", name)
        until(lambda: not operator.execute(f"SELECT 1 {query}", name).fetchone(), "all are cut")


async def until_logged(logged: Sequence[Mapping[str, object]], what: str) -> None:
    async with asyncio.timeout(10):
        while not any(line["event"] == what for line in logged):
            await asyncio.sleep(0.01)


async def until_answered(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await client.get("/healthz")
            except httpx.ConnectError:
                await asyncio.sleep(0.01)
            else:
                return


async def until_held(postgresql: Cluster, url: str) -> None:
    query = (
        "SELECT 1 FROM pg_locks JOIN pg_database ON oid = database"
        " WHERE locktype = 'advisory' AND datname = %s"
    )
    with postgresql.connect() as operator:
        async with asyncio.timeout(10):
            while not operator.execute(query, [str(make_url(url).database)]).fetchone():
                await asyncio.sleep(0.01)
