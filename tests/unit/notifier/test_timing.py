"""When a mail goes, alone or with others, and what is out of date by then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.notifier import timing
from services.notifier.timing import APART, APART_IF_URGENT, GATHER, Now
from shared.contracts.event import Event
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Reasons,
    State,
    Step,
    UndoneBecause,
    Urgency,
)
from shared.contracts.notifier import Reason
from shared.contracts.router import (
    ChasingPaused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueEscalated,
    IssueLapsed,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSeparated,
    IssueUndone,
    PersonAway,
    PersonBack,
    ResumedBecause,
)
from tests.unit import build
from tests.unit.build import HOUR, MONDAY
from tests.unit.notifier.telling import said

AWAY: dict[str, Any] = {
    "occurred_at": MONDAY,
    "absence_id": "absence",
    "person_id": "ren",
    "issues": 3,
}
PAUSED = ChasingPaused(
    occurred_at=MONDAY, pause_id="pause", starts_at=MONDAY, ends_at=MONDAY, text="A storm."
)


def assigned(because: AssignedBecause, actor_id: str | None = None) -> IssueAssigned:
    return IssueAssigned(**said(), because=because, reasons=Reasons(), actor_id=actor_id)


def reminded(**issue: Any) -> IssueReminded:
    return IssueReminded(**said(**issue), step=Step.ACKNOWLEDGE, person_id="ren")


AT_A_STROKE = {
    AssignedBecause.ABSENCE,
    AssignedBecause.RETURNED,
    AssignedBecause.LEFT,
    AssignedBecause.DRAINED,
    AssignedBecause.LEADER,
}


@pytest.mark.parametrize("because", AssignedBecause)
def test_what_moves_at_a_stroke_gathers_and_every_other_assignment_goes_at_once(
    because: AssignedBecause,
) -> None:
    assert timing.gathers(assigned(because)) is (because in AT_A_STROKE)


def test_what_a_person_brought_to_the_leader_goes_at_once() -> None:
    assert not timing.gathers(assigned(AssignedBecause.LEADER, actor_id="ren"))


@pytest.mark.parametrize(
    ("event", "gathers"),
    [
        (reminded(), True),
        (IssueEscalated(**said(), step=Step.ANSWER, person_id="mio"), True),
        (IssueLapsed(**said()), True),
        (PersonAway(**AWAY, starts_at=MONDAY, ends_at=MONDAY), True),
        (PersonBack(**AWAY), True),
        (IssueResumed(**said(), because=ResumedBecause.OVER), True),
        (IssueResumed(**said(), because=ResumedBecause.ASKED, actor_id="ren"), False),
        (IssueClosed(**said(), confirmed=False), True),
        (IssueClosed(**said(), confirmed=True, actor_id="emi"), False),
        (IssueClosed(**said(), confirmed=True, actor_id="emi", shared_from="other"), True),
        (IssueReopened(**said(), actor_id="emi"), False),
        (IssueReopened(**said(), actor_id="emi", shared_from="other"), True),
        (IssueSeparated(**said(), actor_id="emi", from_reference="4XRM-9KQT"), False),
        (IssueSeparated(**said(), from_reference="4XRM-9KQT"), True),
        (IssueResponded(**said(), text=".", actor_id="ren"), False),
        (IssueResponded(**said(), text=".", actor_id="ren", shared_from="other"), True),
        (IssueResolved(**said(), actor_id="ren"), False),
        (IssueResolved(**said(), actor_id="ren", shared_from="other"), True),
        (IssueAcknowledged(**said(), actor_id="ren"), False),
        (PAUSED, False),
    ],
)
def test_what_banso_does_by_itself_gathers_and_what_a_person_does_goes_at_once(
    event: Event, gathers: bool
) -> None:
    assert timing.gathers(event) is gathers


@pytest.mark.parametrize(
    ("urgent", "last_ago", "open_in", "goes_in"),
    [
        (False, None, None, GATHER),
        (True, None, None, GATHER),
        (False, None, timedelta(seconds=7), timedelta(seconds=7)),
        (False, timedelta(0), None, APART),
        (True, timedelta(0), None, APART_IF_URGENT),
        (False, timedelta(minutes=10), None, APART - timedelta(minutes=10)),
        (False, timedelta(hours=2), None, GATHER),
        (True, timedelta(0), APART, APART_IF_URGENT),
        (False, timedelta(0), APART_IF_URGENT, APART_IF_URGENT),
    ],
)
def test_the_first_waits_for_company_and_the_next_mail_keeps_its_distance(
    urgent: bool,
    last_ago: timedelta | None,
    open_in: timedelta | None,
    goes_in: timedelta,
) -> None:
    at = timing.goes_at(
        MONDAY,
        urgent=urgent,
        last_at=None if last_ago is None else MONDAY - last_ago,
        open_until=None if open_in is None else MONDAY + open_in,
    )

    assert at == MONDAY + goes_in


def test_only_an_urgent_issue_is_urgent() -> None:
    assert timing.is_urgent(reminded(urgency=Urgency.HIGH))
    assert not timing.is_urgent(reminded())
    assert not timing.is_urgent(PAUSED)


def test_what_is_about_no_issue_comes_first_then_the_most_urgent_then_what_is_due_first() -> None:
    low = reminded(urgency=Urgency.LOW)
    later, sooner = reminded(next_step_at=MONDAY + HOUR), reminded(next_step_at=MONDAY)
    never = reminded(next_step_at=None, raised_at=MONDAY - HOUR)
    high = reminded(urgency=Urgency.HIGH)
    events: list[Event] = [low, later, high, sooner, never, PAUSED]

    assert sorted(events, key=timing.rank) == [PAUSED, high, never, sooner, later, low]


# Overtaken

THEN = build.snapshot()
SAME = Now(THEN.assignment, THEN.state, THEN.next_step, THEN.next_step_at)
MOVED = Now(THEN.assignment + 1, THEN.state, THEN.next_step, THEN.next_step_at)
TAKEN = Now(THEN.assignment, State.ACKNOWLEDGED, Step.ANSWER, MONDAY + 8 * HOUR)
POSTPONED = Now(THEN.assignment, THEN.state, THEN.next_step, MONDAY + 8 * HOUR)
CLOSED = Now(THEN.assignment, State.CLOSED, None, None)
WAITS = Now(THEN.assignment, THEN.state, Step.WAIT, MONDAY + 8 * HOUR)

STILL_TOLD = {
    Reason.REMINDER: {SAME},
    Reason.ESCALATION: {SAME},
    Reason.LAPSED: {SAME},
    Reason.YOURS: {SAME, TAKEN, POSTPONED, WAITS},
    Reason.REOPENED: {SAME, TAKEN, POSTPONED, WAITS, CLOSED},
    Reason.SOLVED: {SAME, TAKEN, POSTPONED, WAITS, CLOSED},
    Reason.ASKED: {WAITS},
    Reason.HELP: {SAME, MOVED, TAKEN, POSTPONED, WAITS},
}


@pytest.mark.parametrize("now", [SAME, MOVED, TAKEN, POSTPONED, CLOSED, WAITS])
@pytest.mark.parametrize("reason", Reason)
def test_what_asks_for_something_is_overtaken_once_there_is_no_sense_in_it(
    reason: Reason, now: Now
) -> None:
    still_told = now in STILL_TOLD.get(reason, {now})

    assert timing.is_overtaken(reason, reminded(), now) is not still_told


def test_what_is_about_no_issue_is_never_overtaken() -> None:
    assert not timing.is_overtaken(Reason.PAUSED, PAUSED, CLOSED)


def test_what_was_taken_back_is_not_told_any_more_but_that_it_was_is() -> None:
    taken = IssueAcknowledged(**said(), cause_id="request")
    undone = IssueUndone(
        **said(),
        cause_id="request",
        undone=(Action.ACKNOWLEDGE,),
        of_id="ren",
        because=UndoneBecause.ASKED,
    )
    void = replace(SAME, undone=frozenset({"request"}))

    assert timing.is_overtaken(Reason.RECEIPT, taken, void)
    assert timing.is_overtaken(Reason.TAKEN, taken, void)
    assert not timing.is_overtaken(Reason.RECEIPT, taken, SAME)
    assert not timing.is_overtaken(Reason.UNDONE, undone, void)


@pytest.mark.parametrize("because", UndoneBecause)
def test_what_a_machine_pressed_waits_for_company_and_what_a_person_takes_back_does_not(
    because: UndoneBecause,
) -> None:
    undone = IssueUndone(**said(), undone=(), of_id="ren", because=because)

    assert timing.gathers(undone) is (because is not UndoneBecause.ASKED)
