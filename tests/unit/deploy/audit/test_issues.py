"""What the auditor reads of real databases: each promise is broken there on purpose."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest
from sqlalchemy import Table, create_engine, event, insert, update
from sqlalchemy.exc import OperationalError

from deploy.audit import issues
from deploy.audit.databases import Databases, read_only
from deploy.audit.issues import Standing
from deploy.audit.promises import Promise, Wake
from services.intake import store as intake
from services.intake.submission import ISSUES
from services.metrics import store as metrics
from services.notifier import store as notifier
from services.notifier.store import Fate
from services.router import store as router
from services.router.companions import Stage
from shared.contracts.event import Speaker
from shared.contracts.issue import State
from shared.contracts.metrics import Level
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Channel
from tests.unit.build import ISSUE_ID, MONDAY, issue, organisation

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOW = MONDAY + HOUR
METADATA = {
    Speaker.INTAKE: intake.metadata,
    Speaker.ROUTER: router.metadata,
    Speaker.NOTIFIER: notifier.metadata,
    Speaker.METRICS: metrics.metadata,
}
MINE = {"issue_id": ISSUE_ID, "reference": "7K3M-9QWX"}


class Company:
    """Four databases with one issue in them, about which all is well. Anything can be written
    here, also what the services' own constraints forbid."""

    def __init__(self, directory: Path) -> None:
        self.urls = {speaker: f"sqlite:///{directory / f'{speaker}.db'}" for speaker in Speaker}
        self.engines = {speaker: create_engine(url) for speaker, url in self.urls.items()}
        for speaker, engine in self.engines.items():
            event.listen(engine, "connect", _without_checks)
            METADATA[speaker].create_all(engine)
        document = organisation().model_dump(mode="json")
        self.add(
            Speaker.ROUTER,
            router.organisations,
            number=1,
            revision="rev-1",
            document=document,
            published_at=MONDAY,
        )
        self.add(Speaker.ROUTER, router.issues, **asdict(issue()))
        self.add(Speaker.ROUTER, router.works, person_id="ren", in_hand_s=3 * 3600)
        self.show()
        self.databases = Databases(self.urls)

    def show(self, **said: Any) -> None:
        usual = {
            **MINE,
            "version": 1,
            "state": State.ASSIGNED,
            "summary": "",
            "description": "",
            "reporter_id": "emi",
            "language": "en",
            "raised_at": MONDAY,
            "because": "new",
            "brought": {},
        }
        self.add(Speaker.INTAKE, intake.views, **{**usual, **said})

    def add(self, speaker: Speaker, table: Table, **values: Any) -> None:
        with self.engines[speaker].begin() as connection:
            connection.execute(insert(table), values)

    def change(self, speaker: Speaker, table: Table, **values: Any) -> None:
        with self.engines[speaker].begin() as connection:
            connection.execute(update(table).values(**values))

    def change_issue(self, **values: Any) -> None:
        self.change(Speaker.ROUTER, router.issues, **values)

    def deliver(self, **said: Any) -> None:
        usual = {
            "delivery_id": "d-1",
            "fact_id": "f-1",
            "issue_id": ISSUE_ID,
            "person_id": "ren",
            "relation": Relation.OWNER,
            "reason": Reason.YOURS,
            "channel": Channel.EMAIL,
            "fate": Fate.SENDING,
            "attempts": 0,
            "made_at": MONDAY,
        }
        self.add(Speaker.NOTIFIER, notifier.deliveries, **{**usual, **said})

    def hold(self, cause_id: str) -> None:
        cause = intake.metadata.tables["cause"]
        self.add(Speaker.INTAKE, cause, cause_id=cause_id, outcome="held", decided_at=MONDAY)

    async def look(self, now: datetime = NOW, *, full: bool = False) -> Standing:
        return await issues.prove(self.databases, now, full=full)

    async def broken(self, now: datetime = NOW, *, full: bool = False) -> list[tuple[str, str]]:
        found = (await self.look(now, full=full)).findings
        return [(one.promise, one.about) for one in found]


def _without_checks(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA ignore_check_constraints=ON")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path)
    yield made
    made.databases.close()
    for engine in made.engines.values():
        engine.dispose()


both_looks = pytest.mark.parametrize("full", [False, True], ids=["quick", "full"])


@both_looks
async def test_nothing_is_found_where_all_is_well(company: Company, full: bool) -> None:
    company.deliver(fate=Fate.SENT, done_at=MONDAY)

    standing = await company.look(full=full)

    assert standing == Standing((), timedelta(), timedelta())


async def test_nothing_can_be_written(company: Company) -> None:
    for speaker, engine in company.databases._engines.items():
        with engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
            connection.execute(METADATA[speaker].tables["attempt"].delete())


def test_a_path_with_signs_of_urls_in_it_is_opened_read_only(tmp_path: Path) -> None:
    file = tmp_path / "100% #1" / "a b.db"
    file.parent.mkdir()
    sqlite3.connect(file).close()

    engine = create_engine(read_only(f"sqlite:///{file}"))

    with engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.exec_driver_sql("create table a (b)")
    engine.dispose()


def test_other_databases_are_opened_as_they_are() -> None:
    url = "postgresql+psycopg://auditor:secret@db/router"

    assert read_only(url) == url


@both_looks
async def test_an_owner_who_left_is_found(company: Company, full: bool) -> None:
    company.change_issue(owner_id="gone")
    company.change(Speaker.ROUTER, router.works, person_id="gone")

    assert await company.broken(full=full) == [(Promise.OWNER, "7K3M-9QWX")]


async def test_a_carrier_who_owns_it_is_found_unless_a_person_chose_so(company: Company) -> None:
    company.change_issue(owner_id="emi")
    company.change(Speaker.ROUTER, router.works, person_id="emi")
    assert await company.broken() == [(Promise.OWNER, "7K3M-9QWX")]

    company.change(Speaker.INTAKE, intake.views, because="taken")

    assert await company.broken() == []


@both_looks
async def test_an_issue_that_nothing_will_wake_is_found_with_its_age(
    company: Company, full: bool
) -> None:
    company.change_issue(wake_at=None)

    standing = await company.look(full=full)

    assert [one.promise for one in standing.findings] == [Promise.NEXT_STEP]
    assert standing.stepless == HOUR


async def test_a_step_that_is_not_taken_is_found_unless_chasing_rests(company: Company) -> None:
    company.change_issue(wake_at=NOW - 5 * MINUTE, taken_at=NOW - MINUTE)
    (found,) = (await company.look()).findings
    assert (found.promise, found.repair) == (Promise.STEP_TAKEN, Wake(ISSUE_ID, 1))

    rest = {"pause_id": "p-1", "said_by_id": "kai", "text": "Typhoon"}
    company.add(
        Speaker.ROUTER,
        router.pauses,
        **rest,
        said_at=MONDAY,
        earlier=[],
        starts_at=MONDAY,
        ends_at=NOW + HOUR,
        wake_at=NOW + HOUR,
    )

    assert await company.broken() == []


async def test_a_pause_that_did_not_end_is_found(company: Company) -> None:
    company.add(
        Speaker.ROUTER,
        router.pauses,
        pause_id="p-1",
        said_by_id="kai",
        text="Typhoon",
        said_at=MONDAY,
        earlier=[],
        starts_at=MONDAY,
        ends_at=NOW - 5 * MINUTE,
        wake_at=NOW - 5 * MINUTE,
    )

    assert await company.broken() == [(Promise.PAUSE, "p-1")]


async def test_what_is_not_done_for_somebody_who_is_left_alone_is_found(company: Company) -> None:
    company.add(
        Speaker.ROUTER,
        router.companionships,
        companionship_id="c-1",
        version=1,
        carrier_id="emi",
        stage=Stage.OFFERED,
        level=Level.ASK,
        began_at=MONDAY,
        offers=1,
        asked_ids=[],
        why=[],
        silent_team_ids=[],
        due_at=NOW - 5 * MINUTE,
    )

    assert await company.broken() == [(Promise.ALONGSIDE, "c-1")]


@pytest.mark.parametrize(
    ("level", "who", "is_found"),
    [
        (Level.ALARM, "emi", True),
        (Level.ASK, "emi", True),
        (Level.WATCH, "emi", False),
        (None, "emi", False),
        (Level.ASK, "somebody-who-left", False),
    ],
)
async def test_somebody_who_is_left_alone_and_never_asked_is_found_and_not_named(
    company: Company, level: Level | None, who: str, is_found: bool
) -> None:
    company.add(
        Speaker.ROUTER, router.isolations, person_id=who, level=level, heard_of=NOW - 5 * MINUTE
    )

    expected = [(Promise.ALONGSIDE, "a carrier without any")] if is_found else []
    assert await company.broken() == expected


async def test_an_absence_that_did_not_begin_is_found(company: Company) -> None:
    company.add(
        Speaker.ROUTER,
        router.absences,
        absence_id="a-1",
        person_id="ren",
        starts_at=NOW - 5 * MINUTE,
        ends_at=NOW + HOUR,
        source="said",
        state="planned",
        wake_at=NOW - 5 * MINUTE,
    )

    assert await company.broken() == [(Promise.ABSENCE, "a-1")]


async def test_wrong_sums_of_work_are_found(company: Company) -> None:
    company.change(Speaker.ROUTER, router.works, in_hand_s=7200)

    assert await company.broken() == [(Promise.WORK, "ren")]


@both_looks
async def test_pages_that_are_behind_are_found(company: Company, full: bool) -> None:
    company.change_issue(version=2)

    assert await company.broken(full=full) == [(Promise.SHOWN, "7K3M-9QWX")]


async def test_a_closed_issue_that_the_pages_show_as_open_is_found(company: Company) -> None:
    company.change_issue(version=2, state=State.CLOSED, wake_at=None)
    company.change(Speaker.ROUTER, router.works, in_hand_s=0)

    assert await company.broken() == [(Promise.SHOWN, "7K3M-9QWX")]


async def test_only_a_full_look_compares_what_is_closed_on_both_sides(company: Company) -> None:
    company.change_issue(version=2, state=State.CLOSED, wake_at=None)
    company.change(Speaker.ROUTER, router.works, in_hand_s=0)
    company.change(Speaker.INTAKE, intake.views, state=State.CLOSED)

    assert await company.broken() == []
    assert await company.broken(full=True) == [(Promise.SHOWN, "7K3M-9QWX")]


@both_looks
async def test_an_accepted_issue_that_never_reached_the_router_is_found_with_its_age(
    company: Company, full: bool
) -> None:
    company.show(issue_id="lost", reference="LOST-0001", version=0, state=State.RECEIVED)

    standing = await company.look(full=full)

    found = [(one.promise, one.about) for one in standing.findings]
    assert found == [(Promise.ACCEPTED, "LOST-0001")]
    assert standing.unowned == HOUR


async def test_what_the_pages_took_for_closed_and_no_router_has_is_found_in_full(
    company: Company,
) -> None:
    company.show(issue_id="lost", reference="LOST-0001", state=State.CLOSED)

    assert await company.broken() == []
    assert await company.broken(full=True) == [(Promise.ACCEPTED, "LOST-0001")]


@both_looks
async def test_what_the_sender_was_told_to_send_again_is_not_accepted_yet(
    company: Company, full: bool
) -> None:
    cause_id = "submission/web/1/abc"
    issue_id = str(uuid5(ISSUES, cause_id))
    company.show(issue_id=issue_id, reference="HELD-0001", version=0, state=State.RECEIVED)
    company.hold(cause_id)

    assert await company.look(full=full) == Standing((), timedelta(), timedelta())


async def test_a_delivery_that_nobody_takes_is_found(company: Company) -> None:
    company.deliver(due_at=NOW - 11 * MINUTE)

    assert await company.broken() == [(Promise.TOLD, "d-1")]


async def test_a_delivery_that_was_forgotten_is_found_in_full(company: Company) -> None:
    company.deliver(due_at=None)

    assert await company.broken() == []
    assert await company.broken(full=True) == [(Promise.TOLD, "d-1")]


async def test_a_confirmation_that_never_came_is_found(company: Company) -> None:
    company.add(Speaker.NOTIFIER, notifier.arrivals, issue_id=ISSUE_ID, due_at=NOW - 11 * MINUTE)

    assert await company.broken() == [(Promise.TOLD, ISSUE_ID)]


async def test_before_the_first_organisation_nobody_can_be_missing_from_it(
    company: Company,
) -> None:
    with company.engines[Speaker.ROUTER].begin() as connection:
        connection.execute(router.organisations.delete())
    company.change_issue(owner_id="gone")
    company.change(Speaker.ROUTER, router.works, person_id="gone")

    assert await company.broken() == []
