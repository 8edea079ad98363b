"""What can be taken back, and which clicks are no person's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.router import lifecycle, undoing
from services.router.undoing import CONTRADICT_WITHIN, LOOK_SOON, Act, Fate
from shared.contracts.issue import Action, Refusal, State, WaitingFor
from tests.unit import build
from tests.unit.build import CUSTOMER, HOUR, ISSUE_ID, MONDAY

NOW = MONDAY + HOUR
INSIDE = {"kai", "mio", "ren", "sho", "emi", "aki"}
BEFORE = build.issue()
AFTER = lifecycle.acknowledge(BEFORE, NOW)


def act(action: Action = Action.ACKNOWLEDGE, **said: Any) -> Act:
    usual: dict[str, Any] = {
        "request_id": str(action),
        "issue_id": ISSUE_ID,
        "person_id": "ren",
        "assignment": 1,
        "by_link": True,
        "at": NOW,
        "fate": Fate.DONE,
        "version": AFTER.version,
        "before": undoing.pack(BEFORE),
        "undo_until": NOW + undoing.UNDO_WITHIN,
        "told_ids": [],
        "undoes": None,
    }
    return Act(action=action, **usual | said)


@pytest.mark.parametrize(
    ("done", "asked"),
    [
        ({Action.ACKNOWLEDGE}, Action.DECLINE),
        ({Action.DECLINE}, Action.ACKNOWLEDGE),
        ({Action.HAND_OVER}, Action.ACKNOWLEDGE),
        ({Action.RESOLVE}, Action.DECLINE),
        ({Action.SNOOZE}, Action.RESOLVE),
        ({Action.RESOLVE}, Action.WAIT),
        ({Action.RESOLVE}, Action.PROMISE),
        ({Action.CONFIRM}, Action.REOPEN),
        ({Action.ACKNOWLEDGE, Action.ANSWER}, Action.PROMISE),
    ],
)
def test_nobody_asks_for_opposites_or_for_three_things_within_a_moment(
    done: set[Action], asked: Action
) -> None:
    assert undoing.contradict(done, asked)


@pytest.mark.parametrize(
    ("done", "asked"),
    [
        (set(), Action.DECLINE),
        ({Action.DECLINE}, Action.DECLINE),
        ({Action.ACKNOWLEDGE}, Action.ANSWER),
        ({Action.ACKNOWLEDGE}, Action.PROMISE),
        ({Action.ACKNOWLEDGE, Action.PROMISE}, Action.PROMISE),
        ({Action.ACKNOWLEDGE, Action.PROMISE}, Action.UNDO),
    ],
)
def test_a_person_may_do_two_things_that_go_together_or_click_twice_or_take_it_back(
    done: set[Action], asked: Action
) -> None:
    assert not undoing.contradict(done, asked)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({}, True),
        ({"at": NOW - CONTRADICT_WITHIN}, True),
        ({"at": NOW + CONTRADICT_WITHIN}, True),
        ({"at": NOW - CONTRADICT_WITHIN - timedelta(microseconds=1)}, False),
        ({"by_link": False}, False),
        ({"person_id": "mio"}, False),
        ({"assignment": 2}, False),
        ({"assignment": None}, False),
    ],
)
def test_only_the_same_links_count_and_only_within_ten_seconds(
    said: dict[str, Any], counts: bool
) -> None:
    one = act(**said)

    assert undoing.by_the_same_links([one], "ren", 1, NOW) == ([one] if counts else [])


def test_links_by_which_nothing_is_done_for_now_are_known_by_what_was_void() -> None:
    done, void, undone = act(), act(fate=Fate.VOID), act(fate=Fate.UNDONE)

    assert undoing.are_void([done, void])
    assert not undoing.are_void([done, undone])
    assert undoing.standing([done, void, undone]) == [done]


def test_the_last_changes_are_taken_back_together_as_far_as_nothing_lies_between() -> None:
    promised = lifecycle.promise(AFTER, NOW + timedelta(days=2), NOW)
    first = act()
    second = act(Action.PROMISE, before=undoing.pack(AFTER), version=promised.version)

    assert undoing.latest([second, first], promised.version) == [first, second]
    assert undoing.latest([second, first], promised.version + 1) == []
    assert undoing.latest([second, replace(first, before=None)], promised.version) == [second]
    assert undoing.latest([second], promised.version) == [second]


@pytest.mark.parametrize(
    ("said", "who", "now", "kin", "refused"),
    [
        ({}, "ren", NOW, False, None),
        ({}, "ren", NOW + undoing.UNDO_WITHIN, False, None),
        ({}, "ren", NOW, True, None),
        ({}, "mio", NOW, False, Refusal.NOT_YOURS),
        ({"issue_id": "other"}, "ren", NOW, False, Refusal.TOO_LATE),
        ({"undo_until": None}, "ren", NOW, False, Refusal.TOO_LATE),
        ({}, "ren", NOW + undoing.UNDO_WITHIN + HOUR, False, Refusal.TOO_LATE),
        ({"version": 1}, "ren", NOW, False, Refusal.TOO_LATE),
    ],
)
def test_whoever_did_it_takes_it_back_in_time_and_before_anything_else_happens(
    said: dict[str, Any], who: str, now: datetime, kin: bool, refused: Refusal | None
) -> None:
    assert undoing.refusal(act(**said), AFTER, BEFORE, who, now, kin=kin) is refused


def test_what_was_never_asked_for_or_cannot_be_brought_back_is_too_late() -> None:
    answered = act(Action.ANSWER)

    assert undoing.refusal(None, AFTER, None, "ren", NOW, kin=False) is Refusal.TOO_LATE
    assert undoing.refusal(answered, AFTER, None, "ren", NOW, kin=False) is Refusal.TOO_LATE


def test_nothing_is_closed_again_for_which_others_wait() -> None:
    solved = lifecycle.resolve(AFTER, "fault", NOW)
    opened = lifecycle.reopen(solved, NOW, counts=True)
    one = act(Action.REOPEN, version=opened.version)

    assert undoing.refusal(one, opened, solved, "ren", NOW, kin=True) is Refusal.TOO_LATE
    assert undoing.refusal(one, opened, solved, "ren", NOW, kin=False) is None


def test_a_row_that_was_kept_is_the_same_when_it_is_read() -> None:
    issue = build.issue(
        helper_ids=["sho"],
        waiting_for=WaitingFor.CUSTOMER,
        waiting_since=NOW,
        reopened_by_mail={"emi": [NOW.isoformat()]},
    )

    assert undoing.unpack(undoing.pack(issue)) == issue


def test_what_is_restored_is_a_newer_version_with_its_old_assignment_and_clock() -> None:
    planned = replace(BEFORE, wake_at=NOW + HOUR, next_step_at=NOW + 2 * HOUR)
    moved = lifecycle.assign(planned, "mio", "product", NOW)

    restored = undoing.restore(planned, moved, NOW)

    assert (restored.owner_id, restored.assignment) == (planned.owner_id, planned.assignment)
    assert restored.version > moved.version
    assert restored.step_number > moved.step_number
    assert (restored.wake_at, restored.next_step_at) == (planned.wake_at, planned.next_step_at)


def test_a_step_that_was_due_meanwhile_waits_a_moment() -> None:
    late = replace(BEFORE, wake_at=NOW - HOUR, next_step_at=NOW - HOUR)
    ahead = replace(BEFORE, wake_at=NOW - HOUR, next_step_at=NOW + HOUR)

    soon = undoing.restore(late, AFTER, NOW)
    still = undoing.restore(ahead, AFTER, NOW)

    assert (soon.wake_at, soon.next_step_at) == (NOW + LOOK_SOON, NOW + LOOK_SOON)
    assert (still.wake_at, still.next_step_at) == (NOW + LOOK_SOON, NOW + HOUR)


def test_what_was_closed_and_is_closed_again_has_no_step() -> None:
    closed = lifecycle.close(AFTER, NOW)
    opened = lifecycle.reopen(closed, NOW, counts=False)

    restored = undoing.restore(closed, opened, NOW)

    assert (restored.state, restored.wake_at, restored.next_step_at) == (State.CLOSED, None, None)


@pytest.mark.parametrize(
    ("action", "after", "told"),
    [
        (Action.ACKNOWLEDGE, {}, ["emi", CUSTOMER]),
        (Action.RESOLVE, {"follower_ids": ["x-2"]}, ["emi", CUSTOMER, "x-2"]),
        (Action.HAND_OVER, {"owner_id": "mio", "follower_ids": ["x-2"]}, ["emi", "mio"]),
        (Action.WAIT, {"waiting_for": WaitingFor.CUSTOMER}, ["emi", CUSTOMER]),
        (Action.WAIT, {"waiting_for": WaitingFor.CARRIER}, ["emi"]),
        (Action.ASK, {"helper_ids": ["sho"]}, ["emi", "sho"]),
    ],
)
def test_whoever_heard_of_it_hears_that_it_is_taken_back(
    action: Action, after: dict[str, Any], told: list[str]
) -> None:
    before = build.issue(owner_id="ren", carrier_id="emi", reporter_id=CUSTOMER)

    assert undoing.told(action, before, replace(before, **after), "ren", INSIDE) == told


def test_a_lead_who_heard_of_it_hears_that_it_is_taken_back_too() -> None:
    before = build.issue(owner_id="ren", carrier_id="emi", reporter_id="emi")

    assert undoing.told(Action.SNOOZE, before, before, "ren", INSIDE, ["mio"]) == ["emi", "mio"]
