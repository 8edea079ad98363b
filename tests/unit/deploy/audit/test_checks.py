"""Each proof finds what breaks its promise, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from deploy.audit import checks
from deploy.audit.checks import Advisory, OpenIssue, Pending, Timed, Unrouted, Version
from deploy.audit.promises import Finding, Promise, Wake
from shared.contracts.event import Speaker
from shared.contracts.issue import AssignedBecause, State, Step, Urgency, WaitingFor
from tests.unit.build import MONDAY

NOW = MONDAY
PEOPLE = frozenset({"kai", "mio", "aki"})
LEADER = "kai"
MINUTE = timedelta(minutes=1)


def issue(**said: Any) -> OpenIssue:
    usual = OpenIssue(
        issue_id="i-1",
        reference="7K3M-9QWX",
        version=3,
        state=State.ASSIGNED,
        urgency=Urgency.NORMAL,
        owner_id="mio",
        carrier_id="aki",
        next_step=Step.ACKNOWLEDGE,
        next_step_at=NOW + MINUTE,
        wake_at=NOW + MINUTE,
        step_number=4,
        assigned_at=NOW - 10 * MINUTE,
        changed_at=NOW - 10 * MINUTE,
        taken_at=None,
        waiting_for=None,
        queued=False,
    )
    return replace(usual, **said)


def owners(*issues: OpenIssue, **because: AssignedBecause) -> list[Finding]:
    known = {issue_id.replace("_", "-"): why for issue_id, why in because.items()}
    return checks.owner(issues, PEOPLE, LEADER, known)


def test_an_owner_who_is_there_and_carries_nothing_of_it_is_right() -> None:
    assert owners(issue(), i_1=AssignedBecause.NEW) == []


def test_an_owner_who_has_left_is_found_with_the_time_since_when_they_had_it() -> None:
    (found,) = owners(issue(owner_id="gone"))

    assert (found.promise, found.about, found.since) == (
        Promise.OWNER,
        "7K3M-9QWX",
        NOW - 10 * MINUTE,
    )


@pytest.mark.parametrize("because", sorted(checks.CHOSEN_BY_BANSO))
def test_a_carrier_whom_banso_made_the_owner_is_found(because: AssignedBecause) -> None:
    assert len(owners(issue(owner_id="aki"), i_1=because)) == 1


@pytest.mark.parametrize("because", sorted(set(AssignedBecause) - checks.CHOSEN_BY_BANSO))
def test_a_carrier_may_own_what_a_person_gave_them(because: AssignedBecause) -> None:
    assert owners(issue(owner_id="aki"), i_1=because) == []


def test_the_leader_is_the_last_resort_even_for_their_own() -> None:
    assert owners(issue(owner_id="kai", carrier_id="kai"), i_1=AssignedBecause.NEW) == []


@pytest.mark.parametrize("lacks", ["next_step", "next_step_at", "wake_at"])
def test_an_issue_without_a_part_of_its_next_step_is_found(lacks: str) -> None:
    found = checks.next_step([issue(), issue(issue_id="i-2", **{lacks: None})])

    assert [one.key for one in found] == ["i-2"]


def test_a_step_that_is_due_just_now_is_still_on_its_way() -> None:
    just_due = issue(wake_at=NOW - checks.STEP_GRACE)

    assert checks.step_taken([just_due, issue(wake_at=None)], NOW, paused=False) == []


def test_a_step_that_was_not_taken_is_found_and_is_another_one_once_it_has_moved() -> None:
    late = issue(wake_at=NOW - checks.STEP_GRACE - MINUTE)

    (found,) = checks.step_taken([late], NOW, paused=False)
    (moved,) = checks.step_taken([replace(late, step_number=5)], NOW, paused=False)

    assert found.promise is Promise.STEP_TAKEN
    assert found.repair is None
    assert found.key != moved.key


def test_a_step_that_the_tick_has_taken_in_vain_can_be_woken() -> None:
    late = issue(wake_at=NOW - 5 * MINUTE, taken_at=NOW - MINUTE)

    (found,) = checks.step_taken([late], NOW, paused=False)

    assert found.repair == Wake("i-1", 4)


def test_nothing_is_late_while_chasing_rests() -> None:
    assert checks.step_taken([issue(wake_at=NOW - 5 * MINUTE)], NOW, paused=True) == []


HOURS = 3600.0


def test_work_in_hand_that_is_the_sum_of_open_issues_is_right() -> None:
    open_ones = [
        issue(),
        issue(state=State.ACKNOWLEDGED),
        issue(state=State.RESOLVED),
        issue(waiting_for=WaitingFor.CUSTOMER),
        issue(queued=True),
    ]

    assert checks.work({"mio": 4.8 * HOURS, "aki": 0.0}, open_ones) == []


@pytest.mark.parametrize(
    "in_hand_s",
    [{}, {"mio": 4 * HOURS}, {"mio": 3 * HOURS, "aki": 1 * HOURS}],
    ids=["nothing", "too much", "somebody without issues"],
)
def test_work_in_hand_that_is_something_else_is_found(in_hand_s: dict[str, float]) -> None:
    assert len(checks.work(in_hand_s, [issue()])) == 1


@pytest.mark.parametrize("promise", [Promise.ABSENCE, Promise.PAUSE, Promise.ALONGSIDE])
def test_what_did_not_begin_or_end_in_time_is_found(promise: Promise) -> None:
    late, soon = Timed("a-1", NOW - 3 * MINUTE), Timed("a-2", NOW + MINUTE)

    found = checks.on_time(promise, [late, soon], NOW)

    assert [(one.promise, one.about) for one in found] == [(promise, "a-1")]


def waiting(age: timedelta) -> Unrouted:
    return Unrouted("i-1", "7K3M-9QWX", NOW - age)


def test_an_accepted_issue_that_the_router_does_not_have_is_found() -> None:
    (found,) = checks.accepted([waiting(2 * MINUTE)], {}, NOW)

    assert (found.promise, found.since) == (Promise.ACCEPTED, NOW - 2 * MINUTE)


def test_an_issue_on_its_way_to_the_router_or_there_already_is_right() -> None:
    assert checks.accepted([waiting(checks.GRACE)], {}, NOW) == []
    assert checks.accepted([waiting(2 * MINUTE)], {"i-1": 1}, NOW) == []


def version(changed_at: datetime) -> Version:
    return Version("i-1", "7K3M-9QWX", 3, changed_at)


@pytest.mark.parametrize("seen", [{"i-1": 2}, {}], ids=["older", "not at all"])
def test_an_issue_that_the_pages_show_otherwise_is_found(seen: dict[str, int]) -> None:
    (found,) = checks.shown([version(NOW - 2 * MINUTE)], seen, NOW)

    assert found.promise is Promise.SHOWN


@pytest.mark.parametrize("seen", [3, 4])
def test_pages_may_be_newer_but_never_older(seen: int) -> None:
    assert checks.shown([version(NOW - 2 * MINUTE)], {"i-1": seen}, NOW) == []


def test_a_change_of_this_minute_may_still_be_on_its_way_to_the_pages() -> None:
    assert checks.shown([version(NOW)], {"i-1": 2}, NOW) == []


@pytest.mark.parametrize(
    "pending",
    [
        Pending("d-1", 0, NOW - 11 * MINUTE, NOW - 11 * MINUTE),
        Pending("d-1", 0, NOW, None),
        Pending("d-1", 9, NOW - timedelta(days=4), NOW + MINUTE),
    ],
    ids=["nobody takes it", "forgotten", "tried for ever"],
)
def test_a_delivery_without_an_end_is_found(pending: Pending) -> None:
    (found,) = checks.told([pending], [], NOW)

    assert (found.promise, found.about) == (Promise.TOLD, "d-1")


def test_a_delivery_that_waits_for_its_next_try_is_right() -> None:
    waits = Pending("d-1", 3, NOW - timedelta(hours=2), NOW + MINUTE)

    assert checks.told([waits], [Timed("i-1", NOW + MINUTE)], NOW) == []


def test_what_is_held_until_somebody_is_back_is_right_and_is_found_once_it_is_late() -> None:
    weeks_ago = NOW - timedelta(days=20)
    held = Pending("d-1", 0, weeks_ago, NOW + MINUTE, waited=True)
    late = Pending("d-2", 0, weeks_ago, NOW - 11 * MINUTE, waited=True)

    assert [one.about for one in checks.told([held, late], [], NOW)] == ["d-2"]


def test_a_confirmation_that_never_came_is_found() -> None:
    (found,) = checks.told([], [Timed("i-1", NOW - 11 * MINUTE)], NOW)

    assert found.about == "i-1"


def test_every_letter_that_nobody_has_looked_at_counts() -> None:
    assert [one.about for one in checks.looked_at([3, 8])] == ["3", "8"]


def advisory(*causes: str) -> Advisory:
    return Advisory(5, "ROUTER", 77, Speaker.NOTIFIER, causes)


def test_a_message_that_was_given_up_and_not_decided_is_found() -> None:
    (found,) = checks.given_up([advisory("e-1", "unreadable/1")], {Speaker.NOTIFIER: frozenset()})

    assert found.promise is Promise.GIVEN_UP
    assert "ROUTER 77" in found.about


def test_a_message_that_was_decided_or_buried_after_all_or_is_not_kept_any_more_is_right() -> None:
    decided = {Speaker.NOTIFIER: frozenset({"unreadable/1"})}

    assert checks.given_up([advisory("e-1", "unreadable/1"), advisory()], decided) == []


def test_what_counts_was_seen_twice_and_has_not_moved() -> None:
    stays, moves = Finding(Promise.OWNER, "a", "a"), Finding(Promise.OWNER, "b", "b/1")
    other = Finding(Promise.SHOWN, "a", "a")

    counts = checks.confirmed([stays, moves], [stays, replace(moves, key="b/2"), other])

    assert counts == [stays]
