"""People who act at once, late and twice: one owner at the end, and a plain word for the others.

The router decides on one request after the other, so that acting at once means: in any order, each
with what its person saw before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from services.router import handlers, store
from services.router.handlers.keep import hours_of, policy_of
from services.router.lifecycle import ALLOWED, OPEN, Issue
from services.router.store import Board, Desk
from shared.contracts.intake import ActionRequested, Correction
from shared.contracts.issue import DeclineReason, Refusal, State, Step, Urgency, WaitingFor
from shared.contracts.router import ActionRefused, IssueAssigned, IssueDue
from shared.database import open_engine
from tests.unit import build
from tests.unit.build import CUSTOMER, ISSUE_ID, MONDAY
from tests.unit.router.test_handlers import NOW, over

MAIN = "main"
IDS = (ISSUE_ID, MAIN)
PEOPLE = ("ren", "sho", "yui", "kai", "mio", "emi", "aki", CUSTOMER)
COMPANY = build.organisation()

actions = st.sampled_from(sorted(ALLOWED))


@st.composite
def wishes(draw: st.DrawFn) -> ActionRequested:
    """What somebody asks for, with or without the link that they got with the first assignment."""
    issue_id = draw(st.sampled_from(IDS))
    return ActionRequested(
        occurred_at=NOW,
        issue_id=issue_id,
        person_id=draw(st.sampled_from(PEOPLE)),
        action=draw(actions),
        assignment=draw(st.sampled_from([None, 1])),
        text=draw(st.sampled_from([None, "Words."])),
        reason=DeclineReason.NO_TIME,
        proposed=draw(st.sampled_from(["sho", "yui", "mio", "shipping", "emi"])),
        cause="fault",
        until=NOW + timedelta(days=1),
        waiting_for=WaitingFor.CARRIER,
        into=draw(st.sampled_from(IDS)),
        correction=Correction(urgency=Urgency.HIGH),
    )


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """An empty database, which stays so: a batch is decided in memory."""
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def two_issues(connection: Connection, **said: Any) -> Desk:
    """`ren` has one and `yui` the other; `emi` carries both."""
    desk = Desk(connection, NOW, COMPANY, Board(connection))
    desk.put(build.issue(helper_ids=["sho", "yui"], **said))
    desk.put(build.issue(issue_id=MAIN, reference="MAIN", owner_id="yui", team_id="shipping"))
    return desk


def is_right(issue: Issue, desk: Desk) -> None:
    """What holds for every issue at any time."""
    assert issue.owner_id in COMPANY.person
    assert issue.owner_id not in (issue.carrier_id, issue.reporter_id)
    assert issue.raised_at == MONDAY
    assert (issue.next_step is None) == (issue.state is State.CLOSED)
    if issue.merged_into is not None:
        main = desk.issue(issue.merged_into)
        assert issue.state is State.CLOSED
        assert main is not None
        assert main.merged_into is None
        assert main.issue_id != issue.issue_id
    if issue.parent_id is not None and issue.state in OPEN:
        problem = desk.issue(issue.parent_id)
        assert problem is not None
        assert problem.state in OPEN
        assert problem.parent_id is None


@settings(max_examples=300, deadline=None)
@given(
    st.lists(wishes(), min_size=2, max_size=3),
    st.sampled_from([{"state": State.ASSIGNED}, {"state": State.ACKNOWLEDGED}])
    | st.sampled_from([over(State.RESOLVED), over(State.CLOSED)])
    | st.sampled_from([{**over(State.CLOSED), "merged_into": MAIN}, {"parent_id": MAIN}]),
)
def test_in_whatever_order_people_act_there_is_one_owner_and_a_word_for_each(
    connection: Connection, asked: list[ActionRequested], said: dict[str, Any]
) -> None:
    for order in permutations(asked):
        desk = two_issues(connection, **said)
        for wish in order:
            before = desk.issue(wish.issue_id)
            events = handlers.action_requested(wish, desk)

            for issue_id in IDS:
                is_right(found(desk, issue_id), desk)
            refused = [one for one in events if isinstance(one, ActionRefused)]
            if refused:
                assert len(events) == 1
                assert refused[0].refusal is not Refusal.FAILED
                assert desk.issue(wish.issue_id) == before
            assigned = [one.issue_id for one in events if isinstance(one, IssueAssigned)]
            assert len(set(assigned)) == len(assigned)


@settings(max_examples=200, deadline=None)
@given(st.lists(wishes(), min_size=1, max_size=3))
def test_a_second_click_moves_nothing_once_more(
    connection: Connection, asked: list[ActionRequested]
) -> None:
    desk = two_issues(connection)
    for wish in asked:
        handlers.action_requested(wish, desk)
        first = found(desk, wish.issue_id)

        handlers.action_requested(wish.model_copy(update={"assignment": 1}), desk)

        second = found(desk, wish.issue_id)
        is_right(second, desk)
        if first.assignment > 1:
            assert (second.owner_id, second.assignment) == (first.owner_id, first.assignment)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(wishes(), st.integers(0, 30), st.booleans()), min_size=1, max_size=12),
)
def test_the_clock_counts_from_the_carriers_first_word_on_every_path(
    connection: Connection, path: list[tuple[ActionRequested, int, bool]]
) -> None:
    """Whatever happens, the solution is due when that word says, or as soon as whoever has
    it now can act; and nobody waits longer than that without a step."""
    desk = two_issues(connection)
    for wish, hours, is_due in path:
        desk.now += timedelta(hours=hours)
        issue = found(desk, wish.issue_id)
        if is_due and issue.wake_at is not None:
            desk.now = max(desk.now, issue.wake_at)
            step = {"issue_id": issue.issue_id, "step_number": issue.step_number}
            handlers.issue_due(IssueDue(occurred_at=desk.now, **step), desk)
        else:
            handlers.action_requested(wish, desk)
        for issue_id in IDS:
            is_right(found(desk, issue_id), desk)
            is_in_time(found(desk, issue_id), desk)


def found(desk: Desk, issue_id: str) -> Issue:
    issue = desk.issue(issue_id)
    assert issue is not None
    return issue


def is_in_time(issue: Issue, desk: Desk) -> None:
    """The deadline is no later than the policy says, counted from the first word."""
    stood_still = issue.stood_still_s or issue.promised_at
    if issue.next_step is not Step.RESOLVE or issue.rung > 0 or stood_still:
        return
    policy, hours = policy_of(issue, desk), hours_of(issue, desk)
    latest = max(
        hours.after(issue.raised_at, policy.resolve_within),
        hours.after(issue.changed_at, policy.acknowledge_within),
    )
    assert issue.next_step_at is not None
    assert issue.next_step_at <= latest
