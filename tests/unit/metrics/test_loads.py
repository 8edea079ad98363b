"""How much everybody has promised, whatever the order in which issues change."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.metrics.load import Loads
from services.metrics.standing import NO_TEAM, Standing, standing_after
from shared import load
from shared.contracts.issue import State, Urgency, WaitingFor
from shared.contracts.router import IssueAcknowledged
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY

HOUR_S = 3600.0

standings = st.lists(
    st.builds(
        Standing,
        issue_id=st.sampled_from(["a", "b", "c"]),
        version=st.integers(0, 10_000),
        state=st.sampled_from(State),
        urgency=st.sampled_from(Urgency),
        team=st.just("product"),
        raised_at=st.just(MONDAY),
        is_answered=st.booleans(),
        owner_id=st.sampled_from(["ren", "sho", "emi"]),
        carrier_id=st.sampled_from(["emi", "aki"]),
        is_elsewhere=st.booleans(),
        moves=st.integers(0, 3),
    ),
    max_size=30,
    unique_by=lambda one: (one.issue_id, one.version),
)


def standing(**said: Any) -> Standing:
    usual: dict[str, Any] = {
        "issue_id": "a",
        "version": 1,
        "state": State.ASSIGNED,
        "urgency": Urgency.HIGH,
        "team": "product",
        "raised_at": MONDAY,
        "is_answered": False,
        "owner_id": "ren",
        "carrier_id": "emi",
    }
    return Standing(**(usual | said))


def test_an_owner_has_the_work_and_its_carrier_a_quarter_of_an_hour() -> None:
    loads = Loads([standing()])

    assert loads.effort_s("ren") == 5 * HOUR_S
    assert loads.effort_s("emi") == HOUR_S / 4
    assert (loads.owns("ren"), loads.carries("emi"), loads.carries("ren")) == (1, 1, 0)


def test_who_carries_what_they_own_follows_up_nobody() -> None:
    loads = Loads([standing(owner_id="emi")])

    assert loads.effort_s("emi") == 5 * HOUR_S


def test_what_is_taken_solved_closed_or_elsewhere_asks_for_less() -> None:
    loads = Loads([standing()])

    loads.put(standing(version=2, state=State.ACKNOWLEDGED))
    assert loads.effort_s("ren") == 3 * HOUR_S
    loads.put(standing(version=3, state=State.ACKNOWLEDGED, is_elsewhere=True))
    assert loads.effort_s("ren") == 0
    assert loads.owns("ren") == 1
    loads.put(standing(version=4, state=State.RESOLVED))
    assert (loads.effort_s("ren"), loads.effort_s("emi"), loads.owns("ren")) == (0, 0, 0)
    loads.put(standing(version=5, state=State.CLOSED))
    assert loads.carries("emi") == 0


def test_a_second_move_is_pushing_around() -> None:
    loads = Loads([standing(moves=2), standing(issue_id="b", moves=1)])

    assert [one.issue_id for one in loads.pushed_around(2)] == ["a"]


@given(standings, st.integers(0, 2**32))
def test_of_each_issue_only_the_newest_version_counts(found: list[Standing], seed: int) -> None:
    """What is over never changes again, save that it is opened, which is a newer version."""
    newest = {one.issue_id: one for one in sorted(found, key=lambda one: one.version)}
    held = [one for one in found if one is newest[one.issue_id] or one.state is not State.CLOSED]
    closed = {one.issue_id for one in newest.values() if one.state is State.CLOSED}
    shuffled = sorted(held, key=lambda one: Random(f"{seed}{one.version}").random())
    last = [one for one in shuffled if one.issue_id in closed and one.state is State.CLOSED]
    loads = Loads([*(one for one in shuffled if one not in last), *last])

    expected = Loads(newest.values())
    for person in ("ren", "sho", "emi", "aki"):
        assert loads.effort_s(person) == expected.effort_s(person)
        assert loads.owns(person) == expected.owns(person)
        assert loads.carries(person) == expected.carries(person)


def test_whoever_is_new_or_runs_alongside_has_less_time() -> None:
    ren = build.person("ren", hours_per_day=4)

    assert load.capacity(ren) == 0.5
    assert load.capacity(ren, is_new=True) == 0.25
    assert load.capacity(ren, accompanies=3) == 2.5 / 8
    assert load.capacity(build.person("ren", hours_per_day=1), accompanies=3) == 0.25 / 8


def test_an_issue_stands_as_its_newest_event_says() -> None:
    issue = build.snapshot(version=3, moves=1, team_id=None, waiting_for=WaitingFor.CARRIER)
    event = IssueAcknowledged(occurred_at=MONDAY + HOUR, issue_id=ISSUE_ID, issue=issue)

    stands = standing_after(event)

    assert (stands.version, stands.owner_id, stands.carrier_id, stands.moves) == (
        3,
        "ren",
        "emi",
        1,
    )
    assert (stands.team, stands.is_elsewhere, stands.is_answered) == (NO_TEAM, True, False)
