"""The bus on a real server: permissions, batches that are partly known, and what is said again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import nats
import pytest
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from deploy.nats.configuration import ADMINISTRATOR
from services.router import handlers
from services.router.store import Desk
from shared.bus import Bus, NotConnected
from shared.contracts.event import Speaker, event_id_of
from shared.contracts.router import IssueDue
from shared.journal import Said
from shared.provision import administrator, provision
from tests.servers import Server, nats_server

Denied = asyncio.Queue[Exception]

NOON = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
async def server(process: Server) -> Server:
    async with administrator(process.url, process.seed(ADMINISTRATOR)) as admin:
        await provision(admin)
    return process


@pytest.fixture
async def bus(server: Server) -> AsyncIterator[Bus[Desk]]:
    bus: Bus[Desk] = Bus(
        Speaker.ROUTER,
        server.url,
        server.seed("router"),
        CollectorRegistry(),
        handlers.HEARS,
    )
    bus._client = await bus.broker.connect()
    yield bus
    await bus.stop()


def due(start: int, count: int) -> list[Said]:
    """Events as the journal hands them over."""
    said = []
    for number in range(start, start + count):
        event = IssueDue(occurred_at=NOON, issue_id=f"issue-{number}", step_number=1)
        event_id = event_id_of(event.subject, f"due/{number}", 0)
        said.append(Said(event_id, event.subject, event.to_message(event_id, f"due/{number}")))
    return said


async def stored(server: Server) -> int:
    async with administrator(server.url, server.seed(ADMINISTRATOR)) as admin:
        return (await admin.stream_info("ROUTER")).state.messages


async def test_a_batch_of_which_some_are_known_is_stored_whole_and_once(
    bus: Bus[Desk], server: Server
) -> None:
    before = await stored(server)
    await bus.say(due(0, 20))

    results = await bus.say(due(10, 30))

    assert all(isinstance(result, int) for result in results)
    assert await stored(server) == before + 40


async def test_more_than_one_batch_holds_is_said_in_parts(bus: Bus[Desk], server: Server) -> None:
    before = await stored(server)

    results = await bus.say(due(1000, 1201))

    assert len({result for result in results if isinstance(result, int)}) == 1201
    assert await stored(server) == before + 1201


async def test_each_event_is_told_the_sequence_under_which_it_is_stored(
    bus: Bus[Desk], server: Server
) -> None:
    said = due(3000, 12)

    results = await bus.say(said)

    async with administrator(server.url, server.seed(ADMINISTRATOR)) as admin:
        for one, sequence in zip(said, results, strict=True):
            assert isinstance(sequence, int)
            assert (await admin.get_msg("ROUTER", sequence)).data == one.payload


async def test_without_a_connection_nothing_counts_as_said(server: Server) -> None:
    bus: Bus[Desk] = Bus(
        Speaker.ROUTER, server.url, server.seed("router"), CollectorRegistry(), handlers.HEARS
    )

    results = await bus.say(due(4000, 3))

    assert [type(result) for result in results] == [NotConnected] * 3


@asynccontextmanager
async def connected(server: Server, user: str) -> AsyncIterator[tuple[Client, Denied]]:
    """A service's own connection, and what the server forbids it."""
    denied: Denied = asyncio.Queue()
    client = await nats.connect(
        server.url,
        nkeys_seed_str=server.secrets.nats_seeds[user],
        error_cb=denied.put,
        inbox_prefix=f"_INBOX_{user}".encode(),
    )
    try:
        yield client, denied
    finally:
        await client.close()


async def first(denied: Denied) -> str:
    return str(await asyncio.wait_for(denied.get(), 10)).lower()


@pytest.mark.parametrize(
    "subject",
    [
        "issue.raised.v1",
        "notification.sent.v1",
        "dead.intake.issue.raised.v1",
        "again.intake.issue.raised.v1",
        "$JS.API.STREAM.DELETE.ROUTER",
        "$JS.API.STREAM.PURGE.INTAKE",
        "$JS.API.CONSUMER.MSG.NEXT.ROUTER.notifier",
        "$JS.API.CONSUMER.CREATE.INTAKE.another",
        "$JS.ACK.ROUTER.notifier.1.1.1.1.1",
    ],
)
async def test_a_service_can_neither_speak_for_another_nor_touch_what_is_not_its_own(
    server: Server, subject: str
) -> None:
    async with connected(server, "router") as (client, denied):
        await client.publish(subject, b"{}")

        assert "permissions violation for publish" in await first(denied)


@pytest.mark.parametrize("subject", [">", "issue.>", "_INBOX_intake.>", "_INBOX.>"])
async def test_a_service_hears_only_what_is_sent_to_itself(server: Server, subject: str) -> None:
    async with connected(server, "router") as (client, denied):
        await client.subscribe(subject)

        assert "permissions violation for subscription" in await first(denied)


def test_nobody_gets_in_without_a_key(process: Server) -> None:
    address, port = process.url.removeprefix("nats://").split(":")
    with socket.create_connection((address, int(port)), timeout=10) as connection:
        lines = connection.makefile("rwb")
        lines.readline()
        lines.write(b"CONNECT {}\r\nPING\r\n")
        lines.flush()

        assert b"-ERR 'Authorization Violation'" in lines.readline()
        lines.close()
