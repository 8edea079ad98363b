"""What the router does about absences and queues as time passes, with its real journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.router import handlers, store
from services.router.store import Board, Desk
from services.router.tick import LOOK_AT_QUEUES, OrganisationFile, Queues, turn_absences
from shared import clock
from shared.contracts.event import Event
from shared.contracts.intake import AbsenceSaid
from shared.contracts.issue import State
from shared.contracts.organisation import Organisation
from shared.contracts.traffic import EVENTS
from shared.database import open_engine
from shared.journal import Cause, Journal, Said
from tests.unit import build

NOW = build.at("2026-06-01 10:00")
TOMORROW = build.at("2026-06-02 09:00")


class Router:
    """Journal, memory and ticks as `app` wires them, without NATS."""

    def __init__(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch, organisation: Organisation
    ) -> None:
        self.now = NOW
        self.said: list[Said] = []
        monkeypatch.setattr(clock, "now", lambda: self.now)
        self.engine = open_engine(f"sqlite:///{directory}/router.db")
        with self.engine.begin() as connection:
            store.metadata.create_all(connection)
            self.board = Board(connection)
        self.file = OrganisationFile(directory / "organisation.yaml", 1, organisation, NOW)
        self.queues = Queues(self.board, self.file)
        self.journal = Journal(
            self.engine,
            store.metadata,
            lambda connection, now: Desk(connection, now, self.file.current, self.board),
            self._say,
            CollectorRegistry(),
            on_commit=self.file.adopt,
        )

    async def _say(self, said: Sequence[Said]) -> list[int]:
        self.said += said
        return [len(self.said)] * len(said)

    async def hear(self, event: Event) -> None:
        decide = handlers.HEARS[type(event)].decide
        cause: Cause[Desk] = Cause(event.event_id, lambda desk: decide(event, desk), matter=event)
        await self.journal.settle(cause)

    async def raise_issue(self, issue_id: str, **said: Any) -> str:
        """Tells who has it."""
        usual = {"event_id": issue_id, "issue_id": issue_id, "reference": issue_id}
        await self.hear(build.raised(**(usual | {"occurred_at": self.now} | said)))
        return (await self.issue(issue_id)).owner_id

    async def say_away(self, person_id: str, starts_at: datetime, ends_at: datetime) -> None:
        await self.hear(
            AbsenceSaid(
                event_id=f"said-{person_id}",
                occurred_at=self.now,
                absence_id=f"of-{person_id}",
                person_id=person_id,
                said_by_id=person_id,
                starts_at=starts_at,
                ends_at=ends_at,
            )
        )

    async def issue(self, issue_id: str) -> Any:
        def find(connection: Any) -> Any:
            desk = Desk(connection, self.now, self.file.current, self.board)
            return desk.issue(issue_id)

        return await self.journal.read(find)

    async def solve(self, issue_id: str) -> None:
        def decide(desk: Desk) -> None:
            issue = desk.issue(issue_id)
            assert issue is not None
            desk.put(replace(issue, state=State.RESOLVED, resolved_at=self.now))

        await self.journal.note(decide)

    async def tick(self, now: datetime | None = None) -> list[str]:
        """The subjects of what is said until nothing is due."""
        self.now = now or self.now
        before = len(self.said)
        while await turn_absences(self.journal) + await self.queues.drain(self.journal):
            self.now += timedelta(milliseconds=1)
        return [said.subject for said in self.said[before:]]

    async def causes(self) -> int:
        table = store.metadata.tables["cause"]
        rows: int = await self.journal.read(
            lambda connection: len(connection.execute(table.select()).all())
        )
        return rows

    async def restart(self) -> None:
        with self.engine.connect() as connection:
            self.board = Board(connection)
        self.queues = Queues(self.board, self.file)

    async def stop(self) -> None:
        await self.journal.close()
        self.engine.dispose()


def shipping(limit: int | None = None) -> Organisation:
    """Only `yui` of shipping solves problems: `ume`, her lead, has no time for them."""
    changed: dict[str, dict[str, Any]] = {
        "yui": {"limit": limit, "substitute": "ume"},
        "ume": {"limit": 0},
    }
    people = build.organisation().people
    return build.organisation(
        people=tuple(one.model_copy(update=changed.get(one.id, {})) for one in people)
    )


@pytest.fixture
async def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Router]:
    router = Router(tmp_path, monkeypatch, shipping(limit=1))
    yield router
    await router.stop()


async def test_an_absence_takes_the_issues_away_keeps_new_ones_away_and_brings_them_back(
    router: Router,
) -> None:
    assert await router.raise_issue("first", category="late") == "yui"
    await router.say_away("yui", TOMORROW, TOMORROW + timedelta(days=2))
    assert await router.tick() == []

    assert await router.tick(TOMORROW) == ["issue.assigned.v1", "person.away.v1"]
    assert (await router.issue("first")).owner_id == "ume"
    assert await router.raise_issue("second", category="late") == "ume"

    back = build.at("2026-06-04 09:00")
    assert (await router.tick(back))[:2] == ["person.back.v1", "issue.assigned.v1"]
    assert (await router.issue("first")).owner_id == "yui"
    assert (await router.issue("second")).queued


async def test_what_waits_is_given_out_as_soon_as_somebody_is_free(router: Router) -> None:
    await router.raise_issue("first", category="late")
    await router.raise_issue("low", category="late", urgency="low")
    await router.raise_issue("high", category="late", urgency="high")
    assert (await router.issue("high")).queued
    assert await router.tick() == []
    await router.solve("first")

    assert await router.tick() == ["issue.assigned.v1"]

    assert (await router.issue("high")).owner_id == "yui"
    assert (await router.issue("low")).owner_id == "ume"
    await router.solve("high")
    await router.tick()
    assert (await router.issue("low")).owner_id == "yui"


async def test_what_waits_is_given_out_when_a_working_day_begins(router: Router) -> None:
    """`yui` comes back; nobody did anything for it."""
    await router.say_away("yui", NOW, build.at("2026-06-01 18:00"))
    await router.tick()
    assert await router.raise_issue("first", category="late") == "ume"
    assert (await router.issue("first")).queued

    said = await router.tick(TOMORROW)

    assert "issue.assigned.v1" in said
    assert (await router.issue("first")).owner_id == "yui"


async def test_what_waits_is_given_out_when_the_organisation_allows_more(router: Router) -> None:
    await router.raise_issue("first", category="late")
    await router.raise_issue("second", category="late")
    await router.tick()

    def publish(desk: Desk) -> Sequence[Event]:
        return handlers.organisation_changed(shipping(limit=5), 2, desk)

    await router.journal.settle(Cause("organisation/2/rev-1", publish))

    assert await router.tick() == ["issue.assigned.v1"]
    assert (await router.issue("second")).owner_id == "yui"


async def test_after_a_restart_queues_are_looked_at_again(router: Router) -> None:
    await router.raise_issue("first", category="late")
    await router.raise_issue("second", category="late")
    await router.tick()
    await router.solve("first")

    await router.restart()

    assert await router.tick() == ["issue.assigned.v1"]


async def test_looking_at_a_queue_in_vain_leaves_no_trace(router: Router) -> None:
    await router.raise_issue("first", category="late")
    await router.raise_issue("second", category="late")
    await router.tick()
    before, works = await router.causes(), dict(router.board.works)

    for minute in range(1, 4):
        assert await router.tick(NOW + minute * LOOK_AT_QUEUES) == []

    assert await router.causes() == before
    assert router.board.works == works


async def test_what_an_absence_leads_to_is_said_once_though_it_is_taken_twice(
    router: Router,
) -> None:
    await router.raise_issue("first", category="late")
    await router.say_away("yui", TOMORROW, TOMORROW + timedelta(days=2))
    router.now = TOMORROW

    await asyncio.gather(turn_absences(router.journal), turn_absences(router.journal))

    ids = [said.event_id for said in router.said]
    subjects = {said.event_id: said.subject for said in router.said}
    assert all(subject in EVENTS for subject in subjects.values())
    assert len([one for one in set(ids) if subjects[one] == "person.away.v1"]) == 1
    assert (await router.issue("first")).assignment == 2
