"""Journals and streams on a real server: what is lost, unsaid, unknown or given up is found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext
from sqlalchemy import Engine, delete, insert, update

from deploy.audit import proof
from deploy.audit.databases import Databases
from deploy.audit.memory import Memory
from deploy.audit.promises import Finding, Promise, Repeat
from deploy.nats.configuration import ADMINISTRATOR
from services.intake import store as intake
from services.metrics import store as metrics
from services.notifier import store as notifier
from services.router import store as router
from shared import streams
from shared.bus import MSG_ID
from shared.contracts.event import Speaker
from shared.contracts.router import IssueDue
from shared.contracts.traffic import AUDITOR
from shared.database import open_engine
from shared.provision import administrator, provision, say_again, settle
from shared.streams import Streams
from tests.servers import Server, nats_server

NOON = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
NOW = NOON + timedelta(minutes=5)
METADATA = {
    Speaker.INTAKE: intake.metadata,
    Speaker.ROUTER: router.metadata,
    Speaker.NOTIFIER: notifier.metadata,
    Speaker.METRICS: metrics.metadata,
}
SUBJECT = IssueDue.subject


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with nats_server(tmp_path_factory.mktemp("nats")) as running:
        yield running


class Installation:
    """Four databases and a server that knows all streams, with nothing in any of them."""

    def __init__(self, server: Server, admin: JetStreamContext, directory: Path) -> None:
        self.server = server
        self.admin = admin
        self.memory = Memory()
        self._engines: dict[Speaker, Engine] = {}
        for speaker in Speaker:
            engine = open_engine(f"sqlite:///{directory / f'{speaker}.db'}")
            METADATA[speaker].create_all(engine)
            self._engines[speaker] = engine
        self.databases = Databases({s: str(e.url) for s, e in self._engines.items()})

    def close(self) -> None:
        self.databases.close()
        for engine in self._engines.values():
            engine.dispose()

    def record(self, *event_ids: str, speaker: Speaker = Speaker.ROUTER, **said: Any) -> None:
        """Events of a journal, one a second, with a cause each."""
        cause, table = METADATA[speaker].tables["cause"], METADATA[speaker].tables["said"]
        outcome = said.pop("outcome", "done")
        with self._engines[speaker].begin() as connection:
            for nth, event_id in enumerate(event_ids):
                recorded_at = NOON + timedelta(seconds=nth)
                connection.execute(
                    insert(cause),
                    {"cause_id": f"c/{event_id}", "outcome": outcome, "decided_at": recorded_at},
                )
                row = {
                    "event_id": event_id,
                    "cause_id": f"c/{event_id}",
                    "nth": 0,
                    "subject": SUBJECT,
                    "payload": b"{}",
                    "recorded_at": recorded_at,
                    "sequence": 1,
                }
                connection.execute(insert(table), row | said)

    def decide(self, speaker: Speaker, cause_id: str) -> None:
        cause = METADATA[speaker].tables["cause"]
        with self._engines[speaker].begin() as connection:
            connection.execute(
                insert(cause), {"cause_id": cause_id, "outcome": "done", "decided_at": NOON}
            )

    def change(self, event_id: str, **said: Any) -> None:
        table = METADATA[Speaker.ROUTER].tables["said"]
        with self._engines[Speaker.ROUTER].begin() as connection:
            connection.execute(update(table).where(table.c.event_id == event_id).values(**said))

    def forget(self, event_id: str) -> None:
        table = METADATA[Speaker.ROUTER].tables["said"]
        with self._engines[Speaker.ROUTER].begin() as connection:
            connection.execute(delete(table).where(table.c.event_id == event_id))

    def know_epoch(self, epoch: str) -> None:
        table = METADATA[Speaker.ROUTER].tables["epoch"]
        with self._engines[Speaker.ROUTER].begin() as connection:
            connection.execute(insert(table), {"stream": "ROUTER", "epoch": epoch})

    async def say(self, *event_ids: str, subject: str = SUBJECT) -> list[int]:
        sequences = []
        for event_id in event_ids:
            stored = await self.admin.publish(subject, b"{}", headers={MSG_ID: event_id})
            sequences.append(stored.seq)
        return sequences

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[Streams]:
        async with streams.look(self.server.url, self.server.seed(AUDITOR)) as found:
            yield found

    async def prove(
        self, speaker: Speaker = Speaker.ROUTER, now: datetime = NOW
    ) -> list[tuple[str, str]]:
        async with self.looking() as found:
            findings = await proof.prove(speaker, self.memory, self.databases, found, now)
        return _told(findings)

    async def letters(self) -> list[str]:
        async with self.looking() as found:
            return [one.about for one in await proof.unread_letters(self.memory.post, found)]

    async def given_up(self) -> list[tuple[str, str]]:
        async with self.looking() as found:
            post = self.memory.post
            return _told(await proof.given_up(post, self.databases, found))


def _told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.promise, one.about) for one in findings]


@pytest.fixture
async def banso(server: Server, tmp_path: Path) -> AsyncIterator[Installation]:
    async with administrator(server.url, server.seed(ADMINISTRATOR)) as admin:
        for stream in ("INTAKE", "ROUTER", "NOTIFIER", "DEAD", "ADVISORIES"):
            try:
                await admin.delete_stream(stream)
            except nats.js.errors.NotFoundError:
                continue
        await provision(admin)
        installation = Installation(server, admin, tmp_path)
        yield installation
        installation.close()


async def test_what_both_have_in_whatever_order_and_number_is_right(banso: Installation) -> None:
    many = [f"e{nth}" for nth in range(40)]
    banso.record(*many)
    await banso.say(*reversed(many))

    assert await banso.prove() == []
    lane = banso.memory.lanes[Speaker.ROUTER]
    assert (lane.missing, lane.sequences["ROUTER"]) == ({}, 40)


async def test_a_message_that_its_stream_has_lost_is_found_and_can_be_repeated(
    banso: Installation,
) -> None:
    banso.record("a", "b", "c")
    _, middle, _ = await banso.say("a", "b", "c")
    await banso.admin.delete_msg("ROUTER", middle)

    async with banso.looking() as found:
        (finding,) = await proof.prove(Speaker.ROUTER, banso.memory, banso.databases, found, NOW)

    assert (finding.promise, finding.about) == (Promise.KEPT, "b")
    assert finding.repair == Repeat(Speaker.ROUTER, "b")


async def test_what_comes_late_is_right_from_then_on(banso: Installation) -> None:
    banso.record("a", "b")
    await banso.say("a")
    assert await banso.prove() == [(Promise.KEPT, "b")]

    await banso.say("b")

    assert await banso.prove() == []


async def test_what_was_decided_and_never_said_is_found(banso: Installation) -> None:
    banso.record("a", sequence=None)

    assert await banso.prove() == [(Promise.SAID, "a")]


async def test_what_was_recorded_this_minute_may_still_be_on_its_way(banso: Installation) -> None:
    banso.record("a", sequence=None)

    assert await banso.prove(now=NOON + timedelta(seconds=30)) == []


async def test_what_a_sender_was_told_to_send_again_need_not_be_said(banso: Installation) -> None:
    banso.record("a", "b", speaker=Speaker.INTAKE, outcome="held", sequence=None)
    await banso.say("b", subject="issue.raised.v1")

    assert await banso.prove(Speaker.INTAKE) == []


async def test_words_that_were_forgotten_need_not_be_kept(banso: Installation) -> None:
    banso.record("a", "b")
    assert await banso.prove() == [(Promise.KEPT, "a"), (Promise.KEPT, "b")]

    banso.change("a", payload=None)

    assert await banso.prove() == [(Promise.KEPT, "b")]


async def test_a_message_that_no_journal_knows_is_found(banso: Installation) -> None:
    banso.record("a")
    await banso.say("a", "alien")

    assert await banso.prove() == [(Promise.RECORDED, "alien")]


async def test_a_message_without_an_id_is_a_stranger(banso: Installation) -> None:
    await banso.admin.publish(SUBJECT, b"{}")

    assert await banso.prove() == [(Promise.RECORDED, "ROUTER: no id")]


async def test_only_a_proof_from_the_beginning_sees_what_is_gone_of_what_was_proven(
    banso: Installation,
) -> None:
    banso.record("a", "b")
    await banso.say("a", "b")
    assert await banso.prove() == []
    banso.forget("b")
    assert await banso.prove() == []

    banso.memory.lanes.clear()

    assert await banso.prove() == [(Promise.RECORDED, "b")]


async def test_dead_letters_are_proven_beside_what_their_service_says(banso: Installation) -> None:
    dead = "dead.metrics.issue.due.v1"
    banso.record("a", speaker=Speaker.METRICS, subject=dead)
    assert await banso.prove(Speaker.METRICS) == [(Promise.KEPT, "a")]

    await banso.say("a", subject=dead)
    await banso.say("other", subject="dead.router.issue.due.v1")

    assert await banso.prove(Speaker.METRICS) == []
    assert await banso.prove() == [(Promise.RECORDED, "other")]


async def test_a_stream_that_was_made_anew_is_one_finding_until_it_is_said_again(
    banso: Installation,
) -> None:
    banso.record("a", "b")
    banso.know_epoch("of before")

    assert await banso.prove() == [(Promise.KEPT, "ROUTER")]


async def test_a_stream_that_was_made_anew_is_proven_from_its_beginning(
    banso: Installation,
) -> None:
    banso.record("a")
    await banso.say("a")
    assert await banso.prove() == []

    await banso.admin.delete_stream("ROUTER")
    await provision(banso.admin)

    assert await banso.prove() == [(Promise.KEPT, "a")]


async def test_a_dead_letter_counts_until_it_is_said_again_or_settled(banso: Installation) -> None:
    await banso.say("a", "b", subject="dead.router.issue.due.v1")
    assert await banso.letters() == ["1", "2"]

    await say_again(banso.admin, 1)
    await settle(banso.admin, 2)

    assert await banso.letters() == []


async def test_a_message_that_the_server_gave_up_counts_until_its_service_decides(
    banso: Installation,
) -> None:
    await banso.say("b", subject="issue.assigned.v1")
    consumer = await banso.admin.pull_subscribe_bind("metrics", "ROUTER")
    (message,) = await consumer.fetch(1, timeout=5)
    await message.term()
    await _until_advised(banso)

    assert await banso.given_up() == [(Promise.GIVEN_UP, "metrics: ROUTER 1")]
    banso.decide(Speaker.METRICS, "b")
    assert await banso.given_up() == []
    assert banso.memory.post.advisories.open == set()


async def _until_advised(banso: Installation) -> None:
    async with asyncio.timeout(10):
        while not (await banso.admin.stream_info("ADVISORIES")).state.messages:
            await asyncio.sleep(0.02)


async def test_the_server_s_word_on_somebody_else_s_consumer_is_not_ours(
    banso: Installation,
) -> None:
    said = {"stream": "ROUTER", "consumer": "theirs", "stream_seq": 1}
    subject = "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.ROUTER.theirs"
    await banso.admin.publish(subject, json.dumps(said).encode())

    assert await banso.given_up() == []


async def test_the_auditor_wakes_and_can_say_no_fact_itself(banso: Installation) -> None:
    async with banso.looking() as found:
        due = IssueDue(occurred_at=NOON, issue_id="i-1", step_number=1)
        await found.say_again(Speaker.ROUTER, due, "audit/i-1/1")
        for subject in (SUBJECT, "issue.raised.v1", "dead.router.issue.due.v1"):
            with pytest.raises((TimeoutError, nats.errors.Error)):
                await found._client.request(subject, b"{}", timeout=0.3)

    assert (await banso.admin.stream_info("ROUTER")).state.messages == 0
    assert (await banso.admin.get_last_msg("DEAD", f"again.router.{SUBJECT}")).data


async def test_a_stream_that_may_not_be_read_is_no_proof(banso: Installation) -> None:
    info = await banso.admin.stream_info("ROUTER")
    info.config.allow_direct = False
    await banso.admin.update_stream(info.config)

    with pytest.raises(streams.NoServer):
        await banso.prove()
