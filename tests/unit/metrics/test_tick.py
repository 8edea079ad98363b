"""As time passes everybody is looked at, and what is to be said is said once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.metrics import store, tick
from services.metrics.picture import Condition
from services.metrics.standing import NO_TEAM
from services.metrics.tick import Watch
from shared import clock
from shared.contracts.event import Event
from shared.contracts.issue import AssignedBecause, DeclineReason, Reasons, State
from shared.contracts.router import (
    CompanionAssigned,
    CompanionBecause,
    IssueAssigned,
    IssueClosed,
    IssueDeclined,
    IssueEvent,
    IssueResponded,
    OrganisationPublished,
)
from shared.journal import Unsaid
from tests.unit import build
from tests.unit.build import MONDAY
from tests.unit.metrics.service import Service

DAY = timedelta(days=1)


@pytest.fixture
async def company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Service, Watch]]:
    """One whose clock stands still, and is moved by `seen`."""
    monkeypatch.setattr(tick, "LOOKS_TAKE_AT_MOST", float("inf"))
    service = Service(f"sqlite:///{tmp_path / 'metrics.db'}")
    await service.hear([published()])
    yield service, Watch(service.keeper, service.readers)
    await service.close()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    moment = [MONDAY]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


def published(**more: Any) -> Event:
    organisation = build.organisation(**more)
    return OrganisationPublished(
        event_id=f"o-{organisation.revision}",
        cause_id="c",
        occurred_at=MONDAY,
        organisation=organisation,
    )


def said(event: type[IssueEvent], issue_id: str, at: datetime, version: int, **more: Any) -> Event:
    issue = more.pop("issue", {})
    return event(
        event_id=f"{issue_id}-{version}",
        cause_id=f"c-{issue_id}-{version}",
        occurred_at=at,
        issue_id=issue_id,
        issue=build.snapshot(**{"version": version, "raised_at": at, "assigned_at": at, **issue}),
        **more,
    )


def given(issue_id: str, **issue: Any) -> Event:
    because = {"because": AssignedBecause.NEW, "reasons": Reasons()}
    return said(IssueAssigned, issue_id, MONDAY, 1, issue=issue, **because)


def answered(issue_id: str, at: datetime) -> Event:
    return said(IssueResponded, issue_id, at, 2, text="Soon.", actor_id="ren")


def closed(issue_id: str, at: datetime) -> Event:
    return said(IssueClosed, issue_id, at, 3, issue={"state": State.CLOSED}, confirmed=True)


async def look(service: Service, watch: Watch, at: list[datetime], now: datetime) -> None:
    """Folds what was heard; the second time nothing is held back."""
    at[0] = now
    service.keeper.newest_at = now
    await watch.tick(service.journal)
    await watch.tick(service.journal)


def events(service: Service) -> list[dict[str, Any]]:
    table = store.metadata.tables["said"]
    query = select(table.c.subject, table.c.payload).order_by(table.c.recorded_at)
    with service.readers.connect() as connection:
        found = connection.execute(query).all()
    return [{"subject": one.subject, **json.loads(one.payload)["data"]} for one in found]


async def test_an_ignored_carrier_is_said_once_even_after_a_start(
    company: tuple[Service, Watch], at: list[datetime]
) -> None:
    service, watch = company
    await service.hear([given(f"i{nth}") for nth in range(5)])

    await look(service, watch, at, MONDAY + DAY)
    await look(service, watch, at, MONDAY + DAY)
    later = MONDAY + 2 * DAY + timedelta(hours=1)
    await look(service, watch, at, later)
    again = Watch(service.keeper, service.readers)
    await look(service, again, at, later)

    heard = events(service)
    assert [(one["person_id"], one["level"]) for one in heard] == [("emi", "watch"), ("emi", "ask")]
    assert heard[1]["silent_team_ids"] == ["product"]
    assert heard[1]["why"][0]["count"] == 5
    conditions = set(again.conditions(at[0]))
    assert {(Condition.ISOLATION_ASK, "sales"), (Condition.REQUEST_FORGOTTEN, "product")} <= (
        conditions
    )
    (emi,) = (one for one in again.people(at[0]) if one.person_id == "emi")
    assert emi.level == "ask"
    waits = {one.team: one.oldest_wait_ratio for one in again.teams(at[0])}
    assert waits["product"] == emi.oldest_wait_ratio > 1
    assert waits["shipping"] == 0
    assert emi.carries == 5
    assert emi.oldest_wait_ratio > 1
    assert emi.why


async def test_who_is_answered_again_is_supported_and_after_two_weeks_for_good(
    company: tuple[Service, Watch], at: list[datetime]
) -> None:
    service, watch = company
    await service.hear([given(f"i{nth}") for nth in range(4)])
    await look(service, watch, at, MONDAY + DAY)
    answers = [answered(f"i{nth}", MONDAY + DAY) for nth in range(4)]
    over = [closed(f"i{nth}", MONDAY + DAY) for nth in range(4)]
    await service.hear([*answers, *over])

    for day in range(2, 20):
        await look(service, watch, at, MONDAY + day * DAY)

    heard = events(service)
    assert [(one["subject"], one.get("lasting")) for one in heard] == [
        ("person.isolated.v1", None),
        ("person.supported.v1", False),
        ("person.supported.v1", True),
    ]


async def test_a_companion_is_seen_and_nobody_is_asked_who_has_one(
    company: tuple[Service, Watch], at: list[datetime]
) -> None:
    service, watch = company
    beside = CompanionAssigned(
        event_id="k",
        cause_id="k",
        occurred_at=MONDAY,
        companionship_id="k",
        carrier_id="emi",
        companion_id="aki",
        because=CompanionBecause.AGREED,
        version=1,
    )
    await service.hear([beside, *(given(f"i{nth}") for nth in range(5))])

    await look(service, watch, at, MONDAY + DAY)
    await look(service, watch, at, MONDAY + 2 * DAY)

    assert [one["level"] for one in events(service)] == ["watch"]
    people = {one.person_id: one for one in watch.people(at[0])}
    assert people["emi"].has_companion
    assert people["aki"].accompanies == 1

    for day in range(3, 30):
        await look(service, watch, at, MONDAY + day * DAY)
    assert events(service)[-1]["in_spite_of_companion"]
    assert (Condition.COMPANION_NOT_HELPING, "sales") in watch.conditions(at[0])


async def test_leaders_see_overload_ping_pong_and_that_nothing_is_heard_any_more(
    company: tuple[Service, Watch], at: list[datetime]
) -> None:
    service, watch = company
    moved = said(
        IssueDeclined,
        "i0",
        MONDAY,
        2,
        issue={"moves": 2},
        reason=DeclineReason.NO_TIME,
        proposed="sho",
    )
    await service.hear([*(given(f"i{nth}", owner_id="kai") for nth in range(3)), moved])

    await look(service, watch, at, MONDAY)
    assert (Condition.OVER_LOAD, "product") not in watch.conditions(at[0])
    await look(service, watch, at, MONDAY + 2 * DAY)

    assert {(Condition.OVER_LOAD, "product"), (Condition.PING_PONG, "product")} <= set(
        watch.conditions(at[0])
    )
    (product,) = (one for one in watch.teams(at[0]) if one.team == "product")
    assert product.requests == 3
    assert product.expected_answers > 0
    assert (Condition.METRICS_STALE, NO_TEAM) not in watch.conditions(at[0])
    at[0] = MONDAY + 3 * DAY
    service.keeper.newest_at = MONDAY
    service.keeper._heard_at_s = float("-inf")
    await watch.tick(service.journal)
    assert (Condition.METRICS_STALE, NO_TEAM) in watch.conditions(at[0])


async def test_nothing_is_said_while_there_is_a_backlog(
    company: tuple[Service, Watch], at: list[datetime]
) -> None:
    """The answers may be in it."""
    service, watch = company
    at[0] = MONDAY + 3 * DAY
    await service.hear([given(f"i{nth}") for nth in range(5)])

    await watch.tick(service.journal)
    await watch.tick(service.journal)
    assert events(service) == []

    await service.hear([answered(f"i{nth}", MONDAY + timedelta(hours=2)) for nth in range(5)])
    await look(service, watch, at, MONDAY + timedelta(hours=3))
    assert events(service) == []


async def test_nothing_is_seen_before_an_organisation_was_heard(
    tmp_path: Path, at: list[datetime]
) -> None:
    service = Service(f"sqlite:///{tmp_path / 'metrics.db'}")
    watch = Watch(service.keeper, service.readers)

    await look(service, watch, at, MONDAY)

    assert list(watch.people(MONDAY)) == list(watch.teams(MONDAY)) == []
    assert list(watch.conditions(MONDAY)) == []
    await service.close()


async def test_what_the_bus_did_not_take_is_not_decided_again(
    company: tuple[Service, Watch], at: list[datetime]
) -> None:
    service, watch = company
    await service.hear([given(f"i{nth}") for nth in range(5)])
    service.is_connected = False
    at[0] = service.keeper.newest_at = MONDAY + DAY
    await watch.tick(service.journal)
    with pytest.raises(Unsaid):
        await watch.tick(service.journal)

    service.is_connected = True
    await look(service, watch, at, MONDAY + DAY + timedelta(minutes=5))

    assert [one["level"] for one in events(service)] == ["watch"]
