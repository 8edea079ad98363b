"""The bus on a real server: permissions, batches that are partly known, and what is said again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import nats
import pytest
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from deploy.nats.configuration import ADMINISTRATOR
from services.router import handlers
from services.router.store import Desk
from shared import streams
from shared.bus import REPLAY, Bus, NotConnected
from shared.contracts.event import Speaker, event_id_of
from shared.contracts.router import IssueDue
from shared.contracts.traffic import AUDITOR, repeat
from shared.journal import Journal, Said
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


@dataclass
class Recorded:
    """A journal as the bus asks it for events by their ids."""

    events: list[Said]
    kept: dict[str, int] = field(default_factory=dict)

    async def recorded(self, event_ids: Sequence[str]) -> list[Said]:
        return [one for one in self.events if one.event_id in event_ids]

    def was_said(self, said: Sequence[Said], results: Sequence[int | Exception]) -> None:
        for one, result in zip(said, results, strict=True):
            assert isinstance(result, int)
            self.kept[one.event_id] = result


async def test_what_the_auditor_misses_is_said_again_as_in_a_replay_and_nothing_else(
    bus: Bus[Desk], server: Server
) -> None:
    first, second = due(4000, 2)
    journal = Recorded([first, second])
    bus.listen(cast("Journal[Desk]", journal))
    assert bus._client is not None
    await bus._client.subscribe(repeat(Speaker.ROUTER), cb=bus._repeat)
    await bus._client.flush()
    before = await stored(server)

    async with streams.look(server.url, server.seed(AUDITOR)) as looking:
        await looking._client.publish(repeat(Speaker.ROUTER), b"no list of ids")
        await looking.ask_to_repeat(Speaker.ROUTER, [first.event_id, "of nobody"])
        async with asyncio.timeout(10):
            while not journal.kept:
                await asyncio.sleep(0.02)
        (kept,) = await looking.read("ROUTER", journal.kept[first.event_id] - 1, most=1)

    assert (kept.event_id, kept.body) == (first.event_id, first.payload)
    assert kept.headers[REPLAY] == "1"
    assert await stored(server) == before + 1
