"""Finding issues: the newest first, a part at a time, and nobody else's business."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from services.intake import store
from services.intake.listing import NoSuchPlace, Place, Wanted, list_issues, read_place
from services.intake.store import View
from shared.contracts.issue import Source, State, Urgency
from shared.database import open_engine
from tests.plans import plan_of, rather_use_indexes, sorts
from tests.unit import build
from tests.unit.build import HOUR, MONDAY

COMPANY = build.organisation()


def view(nth: int, **said: object) -> View:
    """The `nth` issue, an hour after the one before."""
    usual = View(
        issue_id=str(UUID(int=nth)),
        reference=f"AAAA-{nth:04}",
        version=1,
        state=State.ASSIGNED,
        summary=f"Issue {nth}",
        description="Words",
        reporter_id="emi",
        language="en",
        raised_at=MONDAY + nth * HOUR,
        changed_at=MONDAY + nth * HOUR,
        source=Source.WEB,
        urgency=Urgency.NORMAL,
        carrier_id="emi",
        owner_id="ren",
        team_id="product",
    )
    return replace(usual, **said)  # type: ignore[arg-type]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.connect() as opened:
        store.metadata.create_all(opened)
        yield opened
    engine.dispose()


def keep(connection: Connection, *views: View) -> None:
    names = [column.name for column in store.views.columns]
    values = [{name: getattr(one, name) for name in names} for one in views]
    connection.execute(store.views.insert(), values)


def found(
    connection: Connection, wanted: Wanted | None = None, person: str | None = None, limit: int = 50
) -> list[int]:
    listed, _ = list_issues(connection, wanted or Wanted(), person, COMPANY, None, limit)
    return [int(one.reference[-4:]) for one in listed]


def test_the_newest_comes_first_and_each_part_goes_on_where_the_last_one_ended(
    connection: Connection,
) -> None:
    same = MONDAY + timedelta(days=9)
    keep(connection, *(view(nth) for nth in range(1, 6)))
    keep(connection, *(view(nth, raised_at=same) for nth in range(6, 9)))

    seen: list[int] = []
    place: Place | None = None
    while True:
        part, place = list_issues(connection, Wanted(), None, COMPANY, place, 3)
        seen += [int(one.reference[-4:]) for one in part]
        keep(connection, view(100 + len(seen), raised_at=same + HOUR))  # a new one meanwhile
        if place is None:
            break
        place = read_place(str(place))

    assert seen == [8, 7, 6, 5, 4, 3, 2, 1]


def test_all_that_is_said_must_hold(connection: Connection) -> None:
    keep(
        connection,
        view(1, state=State.CLOSED, owner_id="sho", product="meter"),
        view(2, state=State.RECEIVED, owner_id=None, team_id=None, carrier_id=None),
        view(3, urgency=Urgency.HIGH, source=Source.API, category="late", team_id="shipping"),
        view(4, summary="100% 電源が入らない", changed_at=MONDAY + 9 * HOUR, carrier_id="aki"),
        view(5, summary="100 電源", product="meter"),
    )

    assert found(connection, Wanted(states=(State.CLOSED, State.RECEIVED))) == [2, 1]
    assert found(connection, Wanted(owner_id="sho")) == [1]
    assert found(connection, Wanted(team_id="shipping")) == [3]
    assert found(connection, Wanted(carrier_id="aki")) == [4]
    assert found(connection, Wanted(product="meter")) == [5, 1]
    assert found(connection, Wanted(product="meter", states=(State.CLOSED,))) == [1]
    assert found(connection, Wanted(category="late", urgency=Urgency.HIGH)) == [3]
    assert found(connection, Wanted(source=Source.API)) == [3]
    assert found(connection, Wanted(words="100%")) == [4]
    assert found(connection, Wanted(words="ISSUE")) == [3, 2, 1]
    assert found(connection, Wanted(raised_after=MONDAY + 4 * HOUR)) == [5, 4]
    assert found(connection, Wanted(raised_before=MONDAY + 2 * HOUR)) == [1]
    assert found(connection, Wanted(changed_after=MONDAY + 6 * HOUR)) == [4]


def test_a_confidential_issue_is_listed_for_whom_it_concerns_only(connection: Connection) -> None:
    secret = {"confidential": True, "snapshot": build.snapshot().model_dump_json()}
    keep(connection, view(1), *(view(nth, **secret) for nth in range(2, 7)), view(7))

    assert found(connection) == [7, 1]
    assert found(connection, person="sho") == [7, 1]
    assert found(connection, person="sho", limit=2) == [7, 1]
    assert found(connection, person="ren") == [7, 6, 5, 4, 3, 2, 1]
    assert found(connection, person="kai", limit=2) == [7, 6]


def test_what_lists_are_asked_for_is_found_by_an_index(connection: Connection) -> None:
    plans = {
        "view_by_time": "ORDER BY raised_at DESC, issue_id DESC",
        "view_by_owner": "WHERE owner_id = 'x' ORDER BY raised_at DESC, issue_id DESC",
        "view_by_team": "WHERE team_id = 'x' ORDER BY raised_at DESC, issue_id DESC",
        "view_by_carrier": "WHERE carrier_id = 'x' ORDER BY raised_at DESC, issue_id DESC",
        "view_by_state": "WHERE state = 'x' ORDER BY raised_at DESC, issue_id DESC",
    }

    rather_use_indexes(connection)

    for index, rest in plans.items():
        plan = plan_of(connection, f"SELECT * FROM view {rest} LIMIT 51")
        assert index in plan
        assert not sorts(plan)


@pytest.mark.parametrize(
    "cursor",
    ["", "0", "abc", "g" * 48, "0" * 47, "0" * 49, "f" * 48, f"{'0' * 48}\n", f"+{'0' * 47}"],
)
def test_a_cursor_that_was_not_made_here_is_told_from_one_that_was(cursor: str) -> None:
    with pytest.raises(NoSuchPlace):
        read_place(cursor)


@given(st.datetimes(min_value=MONDAY.replace(tzinfo=None)), st.uuids())
def test_a_cursor_names_its_place(raised_at: object, issue_id: UUID) -> None:
    place = Place(raised_at.replace(tzinfo=MONDAY.tzinfo), str(issue_id))  # type: ignore[attr-defined]

    assert read_place(str(place)) == place
