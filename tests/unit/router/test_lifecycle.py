"""What may happen to an issue, who may do it, and what the issue is like afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from services.router import lifecycle
from services.router.lifecycle import Issue, Meaning, Role
from shared.contracts.intake import Correction
from shared.contracts.issue import (
    Action,
    Refusal,
    Snapshot,
    Source,
    Standing,
    State,
    Step,
    Urgency,
    WaitingFor,
)
from tests.unit import build
from tests.unit.build import CUSTOMER, MONDAY

LATER = MONDAY + timedelta(hours=3)

OWNER, LEADER, CARRIER, SOMEBODY = "ren", "kai", "emi", "yui"
HELPER, OTHER_OWNER = "sho", "ume"
INSIDE = [OWNER, LEADER, CARRIER, SOMEBODY, HELPER, OTHER_OWNER]
OPEN = [State.ASSIGNED, State.ACKNOWLEDGED]

MAY = {
    *product([Action.ACKNOWLEDGE], [State.ASSIGNED], [OWNER]),
    *product([Action.DECLINE], [State.ASSIGNED, State.ACKNOWLEDGED], [OWNER]),
    *product([Action.HAND_OVER], [State.ASSIGNED, State.ACKNOWLEDGED], [OWNER, LEADER]),
    *product([Action.ANSWER], OPEN, [OWNER, LEADER, HELPER]),
    *product([Action.TAKE], OPEN, INSIDE),
    *product([Action.ASK], OPEN, [OWNER, LEADER]),
    *product([Action.MERGE], OPEN, [OWNER, LEADER, CARRIER, OTHER_OWNER]),
    *product([Action.LINK], OPEN, [OWNER, LEADER, OTHER_OWNER]),
    *product([Action.SEPARATE], OPEN, [OWNER, LEADER, CARRIER, OTHER_OWNER]),
    *product([Action.RESOLVE], [State.ASSIGNED, State.ACKNOWLEDGED], [OWNER]),
    *product([Action.CONFIRM], [State.RESOLVED], [CARRIER]),
    *product([Action.REOPEN], [State.RESOLVED, State.CLOSED], [CARRIER]),
    *product([Action.CORRECT], [State.ASSIGNED, State.ACKNOWLEDGED], [OWNER, CARRIER]),
    *product([Action.WITHDRAW], [State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED], [CARRIER]),
    *product([Action.ANSWERED_ELSEWHERE], [State.ASSIGNED, State.ACKNOWLEDGED], [CARRIER]),
    *product([Action.SNOOZE, Action.WAIT], OPEN, [OWNER]),
    *product([Action.PROMISE], OPEN, [OWNER, LEADER]),
    *product([Action.RESUME], OPEN, [OWNER, LEADER, CARRIER]),
}


def test_only_the_right_person_in_the_right_state_may_act() -> None:
    other = build.issue(issue_id="other", owner_id=OTHER_OWNER)

    may = {
        (action, state, person_id)
        for action, state, person_id in product(lifecycle.ALLOWED, State, [*INSIDE, CUSTOMER])
        if lifecycle.refusal(
            build.issue(state=state, helper_ids=[HELPER], parent_id="other"),
            action,
            person_id,
            None,
            LEADER,
            inside=person_id != CUSTOMER,
            other=other,
        )
        is None
    }

    assert may == MAY


def test_a_link_of_an_earlier_assignment_is_overtaken() -> None:
    issue = build.issue(assignment=2)

    assert lifecycle.refusal(issue, Action.ANSWER, OWNER, 1, LEADER) is Refusal.OVERTAKEN
    assert lifecycle.refusal(issue, Action.ANSWER, OWNER, 2, LEADER) is None


def test_a_former_owner_hears_that_the_link_is_overtaken_and_not_that_they_may_not() -> None:
    issue = build.issue(assignment=2, owner_id="sho")

    assert lifecycle.refusal(issue, Action.ANSWER, OWNER, 1, LEADER) is Refusal.OVERTAKEN


def test_somebody_else_hears_that_it_is_not_theirs_whatever_the_state() -> None:
    issue = build.issue(state=State.CLOSED)

    assert lifecycle.refusal(issue, Action.ANSWER, SOMEBODY, None, LEADER) is Refusal.NOT_YOURS


def test_the_right_person_hears_that_it_is_too_late() -> None:
    issue = build.issue(state=State.CLOSED)

    assert lifecycle.refusal(issue, Action.ANSWER, OWNER, None, LEADER) is Refusal.NOT_NOW


def test_a_reporter_outside_may_confirm_like_the_carrier() -> None:
    issue = build.issue(state=State.RESOLVED, reporter_id=CUSTOMER)

    assert lifecycle.refusal(issue, Action.CONFIRM, CUSTOMER, None, LEADER) is None


def test_a_person_can_stand_in_several_roles_to_an_issue() -> None:
    issue = build.issue(owner_id="kai", carrier_id="kai", reporter_id=CUSTOMER)

    assert lifecycle.roles(issue, "kai", "kai") == {Role.OWNER, Role.LEADER, Role.CARRIER}
    assert lifecycle.roles(issue, CUSTOMER, "kai") == {Role.CARRIER}
    assert lifecycle.roles(issue, SOMEBODY, "kai") == frozenset()
    assert lifecycle.roles(issue, SOMEBODY, "kai", inside=True) == {Role.COLLEAGUE}


@pytest.mark.parametrize("person_id", [SOMEBODY, "mio"])
def test_nobody_takes_what_is_confidential_and_none_of_their_business(person_id: str) -> None:
    """Not even the lead or a member of its team, who were not told of it."""
    issue = build.issue(confidential=True)

    refused = lifecycle.refusal(issue, Action.TAKE, person_id, None, LEADER, inside=True)

    assert refused is Refusal.NOT_YOURS


@pytest.mark.parametrize("said", [{"helper_ids": [SOMEBODY]}, {"follower_ids": [SOMEBODY]}])
def test_whoever_was_told_of_what_is_confidential_may_take_it(said: dict[str, Any]) -> None:
    issue = build.issue(confidential=True, **said)

    assert lifecycle.refusal(issue, Action.TAKE, SOMEBODY, None, LEADER, inside=True) is None


def test_an_issue_was_told_to_those_who_have_to_do_with_it_and_to_the_leader() -> None:
    issue = build.issue(
        reporter_id=CUSTOMER,
        carrier_id=CARRIER,
        owner_id=OWNER,
        follower_ids=["yui"],
        helper_ids=[HELPER],
    )

    assert lifecycle.concerned(issue, LEADER) == {CUSTOMER, CARRIER, OWNER, "yui", HELPER, LEADER}


def test_nobody_takes_it_who_is_not_known_to_be_inside() -> None:
    refused = lifecycle.refusal(build.issue(), Action.TAKE, SOMEBODY, None, LEADER)

    assert refused is Refusal.NOT_YOURS


def test_what_stands_for_itself_can_not_be_separated() -> None:
    closed = build.issue(state=State.CLOSED)

    refused = lifecycle.refusal(closed, Action.SEPARATE, OWNER, None, LEADER, inside=True)

    assert refused is Refusal.NOT_NOW


@pytest.mark.parametrize(
    ("action", "state", "person_id"),
    [
        (Action.ACKNOWLEDGE, State.ACKNOWLEDGED, OWNER),
        (Action.RESOLVE, State.RESOLVED, OWNER),
        (Action.CONFIRM, State.CLOSED, CARRIER),
        (Action.CONFIRM, State.CLOSED, CUSTOMER),
        (Action.WITHDRAW, State.CLOSED, CARRIER),
        (Action.TAKE, State.ACKNOWLEDGED, OWNER),
        (Action.SEPARATE, State.ASSIGNED, OWNER),
        (Action.SEPARATE, State.ACKNOWLEDGED, CUSTOMER),
    ],
)
def test_a_second_click_of_the_same_person_is_done_already(
    action: Action, state: State, person_id: str
) -> None:
    issue = build.issue(state=state, reporter_id=CUSTOMER)

    assert lifecycle.is_done(issue, action, person_id, None)
    assert lifecycle.is_done(issue, action, person_id, 1)


@pytest.mark.parametrize(
    "action",
    [
        Action.DECLINE,
        Action.HAND_OVER,
        Action.ANSWER,
        Action.REOPEN,
        Action.CORRECT,
        Action.ANSWERED_ELSEWHERE,
        Action.ASK,
        Action.MERGE,
        Action.LINK,
    ],
)
@pytest.mark.parametrize("state", State)
def test_what_can_be_done_again_is_never_done_already(action: Action, state: State) -> None:
    issue = build.issue(state=state)

    assert not lifecycle.is_done(issue, action, OWNER, None)
    assert not lifecycle.is_done(issue, action, CARRIER, None)


def test_a_wish_with_the_link_of_an_earlier_assignment_is_not_done() -> None:
    issue = build.issue(state=State.ACKNOWLEDGED, assignment=2)

    assert not lifecycle.is_done(issue, Action.ACKNOWLEDGE, OWNER, 1)


def test_what_is_closed_and_was_never_joined_has_not_been_separated() -> None:
    closed = build.issue(state=State.CLOSED)

    assert not lifecycle.is_done(closed, Action.SEPARATE, OWNER, None)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Action.MERGE, {"state": State.CLOSED, "merged_into": "other"}),
        (Action.LINK, {"parent_id": "other"}),
    ],
)
def test_what_belongs_there_already_is_done_for_whoever_may_ask_for_it(
    action: Action, said: dict[str, Any]
) -> None:
    issue, other = build.issue(**said), build.issue(issue_id="other", owner_id=OTHER_OWNER)
    another = build.issue(issue_id="another", owner_id=OTHER_OWNER)

    done = {
        person_id
        for person_id in INSIDE
        if lifecycle.is_done(issue, action, person_id, None, LEADER, other)
    }

    assert done == {OWNER, LEADER, OTHER_OWNER} | ({CARRIER} if action is Action.MERGE else set())
    assert not lifecycle.is_done(issue, action, OWNER, None, LEADER, another)
    assert not lifecycle.is_done(issue, action, OWNER, None, LEADER, None)


@pytest.mark.parametrize("action", [Action.TAKE, Action.SEPARATE])
def test_a_second_click_is_done_though_the_first_brought_a_new_assignment(action: Action) -> None:
    issue = build.issue(state=State.ACKNOWLEDGED, assignment=2)

    assert lifecycle.is_done(issue, action, OWNER, 1)
    assert not lifecycle.is_done(issue, action, SOMEBODY, 1)


@pytest.mark.parametrize("person_id", [SOMEBODY, CARRIER, CUSTOMER])
def test_only_the_owner_can_have_taken_it_already(person_id: str) -> None:
    """Anybody else who asks is refused in words, rather than left to believe that it was done."""
    issue = build.issue(state=State.ACKNOWLEDGED, reporter_id=CUSTOMER)

    assert not lifecycle.is_done(issue, Action.ACKNOWLEDGE, person_id, None)


def test_a_new_owner_has_not_said_yes_or_no() -> None:
    taken = build.issue(state=State.ACKNOWLEDGED, acknowledged_at=MONDAY)

    moved = lifecycle.assign(taken, "yui", "shipping", LATER)

    assert (moved.owner_id, moved.team_id) == ("yui", "shipping")
    assert moved.state is State.ASSIGNED
    assert moved.acknowledged_at is None
    assert moved.assigned_at == LATER


def test_a_new_assignment_voids_the_links_of_the_one_before() -> None:
    issue = build.issue()

    moved = lifecycle.assign(issue, "yui", "shipping", LATER)

    assert lifecycle.refusal(moved, Action.ANSWER, "yui", issue.assignment, LEADER) is (
        Refusal.OVERTAKEN
    )


def test_the_clock_does_not_reset_when_it_is_handed_over() -> None:
    answered = build.issue(answered_at=MONDAY)

    moved = lifecycle.assign(answered, "yui", "shipping", LATER)

    assert (moved.raised_at, moved.answered_at) == (MONDAY, MONDAY)


def test_a_decline_is_remembered_and_counted() -> None:
    issue = build.issue(declined_by=["sho"], moves=1)

    declined = lifecycle.decline(issue)

    assert declined.declined_by == ["sho", OWNER]
    assert declined.moves == 2


def test_a_decline_leaves_the_issue_before_it_as_it_was() -> None:
    issue = build.issue()

    lifecycle.decline(issue)

    assert issue.declined_by == []


def test_an_acknowledgement_says_when_it_was_taken() -> None:
    taken = lifecycle.acknowledge(build.issue(queued=True), LATER)

    assert taken.state is State.ACKNOWLEDGED
    assert (taken.acknowledged_at, taken.acted_at) == (LATER, LATER)
    assert not taken.queued


def test_an_owner_who_answers_has_taken_it() -> None:
    answered = lifecycle.answer(build.issue(), OWNER, LATER)

    assert answered.state is State.ACKNOWLEDGED
    assert (answered.acknowledged_at, answered.answered_at) == (LATER, LATER)
    assert answered.acted_at == LATER


def test_a_second_answer_does_not_take_it_again() -> None:
    taken = build.issue(state=State.ACKNOWLEDGED, acknowledged_at=MONDAY, answered_at=MONDAY)

    answered = lifecycle.answer(taken, OWNER, LATER)

    assert (answered.acknowledged_at, answered.answered_at) == (MONDAY, LATER)


def test_a_leader_who_answers_has_not_taken_it_from_its_owner() -> None:
    answered = lifecycle.answer(build.issue(), LEADER, LATER)

    assert answered.state is State.ASSIGNED
    assert answered.owner_id == OWNER
    assert (answered.answered_at, answered.acted_at) == (LATER, None)


def test_a_solution_takes_the_issue_where_nobody_had_said_so() -> None:
    resolved = lifecycle.resolve(build.issue(queued=True), "fault", LATER)

    assert resolved.state is State.RESOLVED
    assert (resolved.acknowledged_at, resolved.resolved_at) == (LATER, LATER)
    assert (resolved.cause, resolved.acted_at, resolved.queued) == ("fault", LATER, False)


def test_a_solution_leaves_the_time_of_the_acknowledgement() -> None:
    taken = build.issue(state=State.ACKNOWLEDGED, acknowledged_at=MONDAY)

    assert lifecycle.resolve(taken, "fault", LATER).acknowledged_at == MONDAY


def test_nothing_more_is_due_once_it_is_closed() -> None:
    closed = lifecycle.close(build.issue(state=State.RESOLVED, queued=True), LATER)

    assert (closed.state, closed.queued) == (State.CLOSED, False)
    assert closed.closed_at == LATER
    assert (closed.next_step, closed.next_step_at, closed.wake_at) == (None, None, None)


def test_a_wake_up_from_before_the_closing_is_void() -> None:
    issue = build.issue(state=State.RESOLVED)

    assert lifecycle.close(issue, LATER).step_number == issue.step_number + 1


def test_a_reopened_issue_is_back_with_its_owner_as_if_it_had_not_been_solved() -> None:
    resolved = lifecycle.resolve(build.issue(promised_at=LATER), "fault", LATER)
    closed = lifecycle.close(resolved, LATER)

    reopened = lifecycle.reopen(closed, LATER, counts=True)

    assert reopened.reopenings == 1
    assert reopened.state is State.ASSIGNED
    assert (reopened.owner_id, reopened.team_id) == (OWNER, "product")
    assert (reopened.cause, reopened.resolved_at, reopened.closed_at) == (None, None, None)
    assert reopened.promised_at is None
    assert reopened.acknowledged_at is None


def test_a_reopened_issue_keeps_who_declined_it_and_how_often_it_was_moved() -> None:
    closed = build.issue(state=State.CLOSED, declined_by=["sho"], moves=1)

    reopened = lifecycle.reopen(closed, LATER, counts=True)

    assert (reopened.declined_by, reopened.moves) == (["sho"], 1)


def test_a_reopened_issue_voids_the_old_links() -> None:
    closed = build.issue(state=State.CLOSED)

    reopened = lifecycle.reopen(closed, LATER, counts=True)

    assert reopened.assignment == closed.assignment + 1


# Opened again and again


@pytest.mark.parametrize(
    ("said", "complains"),
    [
        ({"state": State.RESOLVED, "resolved_at": LATER}, True),
        ({"state": State.CLOSED, "resolved_at": MONDAY, "closed_at": MONDAY}, True),
        ({"state": State.CLOSED, "resolved_at": MONDAY, "closed_at": LATER}, False),
        ({"state": State.CLOSED, "closed_at": MONDAY}, False),
    ],
    ids=["solved", "closed", "closed a moment ago", "withdrawn"],
)
def test_a_reopening_counts_where_a_solution_was_none(
    said: dict[str, Any], *, complains: bool
) -> None:
    issue = build.issue(**said)

    assert lifecycle.is_complaint(issue, LATER + lifecycle.TAKES_BACK_WITHIN) is complains


@pytest.mark.parametrize(("seconds", "complains"), [(600, False), (601, True)])
def test_for_ten_minutes_a_reopening_takes_back_a_click(seconds: int, *, complains: bool) -> None:
    closed = build.issue(state=State.CLOSED, resolved_at=MONDAY, closed_at=LATER)

    assert lifecycle.is_complaint(closed, LATER + timedelta(seconds=seconds)) is complains


def complain(times: int, lead_id: str | None = "mio", **said: Any) -> tuple[str, bool] | None:
    found = lifecycle.complain(build.issue(reopenings=times, **said), lead_id, LEADER)
    return (found.person_id, found.gives) if found else None


def test_the_second_reopening_is_told_to_the_lead_and_the_third_gives_it_to_the_leader() -> None:
    brought = [complain(times) for times in range(1, 5)]

    assert brought == [None, ("mio", False), (LEADER, True), (LEADER, True)]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"owner_id": "mio"}, (LEADER, False)),
        ({"carrier_id": "mio"}, (LEADER, False)),
        ({"confidential": True}, (LEADER, False)),
        ({"lead_id": None}, (LEADER, False)),
        ({"owner_id": LEADER}, None),
        ({"owner_id": "mio", "reporter_id": LEADER}, None),
    ],
)
def test_nobody_is_told_of_what_they_own_or_carry_and_no_lead_of_what_is_confidential(
    said: dict[str, Any], told: tuple[str, bool] | None
) -> None:
    assert complain(2, **said) == told


def test_a_leader_who_has_it_is_not_given_it_again() -> None:
    assert complain(3, owner_id=LEADER) is None


def test_what_its_leader_carries_never_falls_back_on_them() -> None:
    assert complain(3, carrier_id=LEADER) == ("mio", False)


# What belongs together


def other(**said: Any) -> Issue:
    usual: dict[str, Any] = {"issue_id": "other", "owner_id": OTHER_OWNER, "carrier_id": "aki"}
    return build.issue(**{**usual, "reporter_id": "aki", **said})


def unjoinable(person_id: str, found: Issue | None, **said: Any) -> Refusal | None:
    return lifecycle.unjoinable(build.issue(**said), found, person_id, LEADER)


@pytest.mark.parametrize("person_id", [OWNER, OTHER_OWNER, LEADER])
def test_the_owners_and_the_leader_bring_issues_together(person_id: str) -> None:
    assert unjoinable(person_id, other()) is None


def test_a_carrier_brings_together_their_own() -> None:
    assert unjoinable(CARRIER, other(carrier_id=CARRIER)) is None


def test_a_carrier_may_not_join_anothers() -> None:
    assert unjoinable(CARRIER, other()) is Refusal.NOT_YOURS


@pytest.mark.parametrize("action", [Action.MERGE, Action.LINK, Action.SEPARATE])
@pytest.mark.parametrize("found", [None, other(reporter_id=CUSTOMER)], ids=["none", "their own"])
def test_nobody_outside_brings_together_or_apart_nor_learns_what_there_is(
    action: Action, found: Issue | None
) -> None:
    theirs = build.issue(reporter_id=CUSTOMER, parent_id="other")

    assert lifecycle.refusal(theirs, action, CUSTOMER, None, LEADER, other=found) is (
        Refusal.NOT_YOURS
    )


@pytest.mark.parametrize(
    "found", [None, build.issue(), other(parent_id=build.ISSUE_ID)], ids=["none", "self", "part"]
)
def test_an_issue_can_not_be_joined_with_none_with_itself_or_with_its_own_part(
    found: Issue | None,
) -> None:
    assert unjoinable(OWNER, found) is Refusal.NO_SUCH_ISSUE


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_what_is_over_takes_up_nothing(state: State) -> None:
    assert unjoinable(OWNER, other(state=state)) is Refusal.NOT_NOW


@pytest.mark.parametrize(("own", "others"), [(True, False), (False, True), (True, True)])
def test_what_is_confidential_is_joined_with_nothing_that_others_know(
    own: bool,
    others: bool,
) -> None:
    assert unjoinable(LEADER, other(confidential=others), confidential=own) is (
        Refusal.NO_SUCH_ISSUE
    )


def test_what_is_confidential_is_joined_where_everybody_knows_both() -> None:
    same = {"owner_id": OWNER, "carrier_id": CARRIER, "reporter_id": CARRIER}

    assert unjoinable(OWNER, other(confidential=True, **same), confidential=True) is None


def test_whoever_must_not_know_the_other_may_not_join_with_it() -> None:
    same = {"owner_id": OWNER, "carrier_id": CARRIER, "reporter_id": CARRIER}

    refused = unjoinable(SOMEBODY, other(confidential=True, **same), confidential=True)

    assert refused is Refusal.NO_SUCH_ISSUE


def test_what_is_merged_is_closed_and_part_of_nothing() -> None:
    merged = lifecycle.merge(build.issue(parent_id="problem"), "other", LATER)

    assert (merged.state, merged.closed_at) == (State.CLOSED, LATER)
    assert (merged.merged_into, merged.parent_id) == ("other", None)
    assert lifecycle.follow(merged, "main").merged_into == "main"


def test_what_was_merged_stands_for_itself_again_on_its_old_clock() -> None:
    merged = lifecycle.merge(build.issue(reopenings=1), "other", LATER)

    separated = lifecycle.separate(merged, LATER)

    assert (separated.state, separated.owner_id) == (State.ASSIGNED, OWNER)
    assert (separated.merged_into, separated.closed_at) == (None, None)
    assert (separated.raised_at, separated.reopenings) == (MONDAY, 1)


def test_a_part_that_is_separated_goes_on_where_it_was() -> None:
    part = lifecycle.link(build.issue(), "problem")

    separated = lifecycle.separate(part, LATER)

    assert part.parent_id == "problem"
    assert separated == replace(build.issue(), version=3)


@pytest.mark.parametrize(("is_part", "parent_id"), [(True, "problem"), (False, None)])
def test_a_reopened_part_stays_one_only_while_the_problem_is_open(
    is_part: bool,
    parent_id: str | None,
) -> None:
    solved = build.issue(state=State.RESOLVED, parent_id="problem")

    reopened = lifecycle.reopen(solved, LATER, counts=True, is_part=is_part)

    assert reopened.parent_id == parent_id


def test_a_reopened_issue_is_no_part_unless_that_is_said() -> None:
    solved = build.issue(state=State.RESOLVED, parent_id="problem")

    assert lifecycle.reopen(solved, LATER, counts=True).parent_id is None


@pytest.mark.parametrize(("answered", "at"), [(True, LATER), (False, None)])
def test_what_is_shared_changes_no_state(
    answered: bool,
    at: Any,
) -> None:
    merged = lifecycle.merge(build.issue(), "other", MONDAY)

    shared = lifecycle.share(merged, LATER, answered=answered)

    assert shared == replace(merged, version=merged.version + 1, answered_at=at)


# Help, and what somebody is bound by


def test_whoever_is_asked_for_help_leaves_the_owner_who_they_are() -> None:
    asked = lifecycle.ask(build.issue(), "sho", OWNER, LATER)
    again = lifecycle.ask(asked, "sho", LEADER, LATER + timedelta(hours=1))

    assert (again.owner_id, again.state, again.helper_ids) == (OWNER, State.ASSIGNED, ["sho"])
    assert (asked.acted_at, again.acted_at) == (LATER, LATER)


def test_several_may_be_asked_for_help() -> None:
    asked = lifecycle.ask(build.issue(helper_ids=["sho"]), "yui", LEADER, LATER)

    assert (asked.helper_ids, asked.acted_at) == (["sho", "yui"], None)


def test_a_helper_who_gets_it_is_a_helper_no_more() -> None:
    helped = build.issue(helper_ids=["sho", "yui"])

    assert lifecycle.assign(helped, "sho", "product", LATER).helper_ids == ["yui"]


def test_what_the_carrier_was_promised_stays_so_with_a_new_owner() -> None:
    promised = build.issue(promised_at=LATER, acted_at=MONDAY)

    moved = lifecycle.assign(promised, "yui", "shipping", LATER)

    assert (moved.promised_at, moved.acted_at) == (LATER, None)


def test_whoever_is_given_it_for_good_does_not_give_it_back() -> None:
    lent = build.issue(lent_by="sho", queued=True)

    assert lifecycle.keep_for_good(lent) == replace(lent, lent_by=None, queued=False)


def test_the_carrier_sees_how_often_banso_asked() -> None:
    reminded = lifecycle.remind(lifecycle.remind(build.issue()))

    assert reminded.reminders == 2


def test_telling_somebody_further_up_changes_neither_owner_nor_step() -> None:
    issue = build.issue()

    assert lifecycle.escalate(issue) == replace(issue, version=issue.version + 1)


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_an_owners_afterword_leaves_a_solved_issue_solved(state: State) -> None:
    afterword = lifecycle.answer(build.issue(state=state), OWNER, LATER)

    assert afterword.state is state
    assert afterword.answered_at == LATER


def test_a_comment_makes_nothing_due_sooner_or_later() -> None:
    issue = build.issue()

    assert lifecycle.comment(issue) == replace(issue, version=issue.version + 1)


def test_a_correction_names_just_what_is_otherwise() -> None:
    issue = build.issue(product="meter", customer="Port Trading")

    corrected, changed = lifecycle.correct(
        issue,
        Correction(
            summary="It does not stop",
            product="meter",
            category="broken",
            urgency=Urgency.HIGH,
            customer="Harbour Trading",
            needed_by=LATER,
        ),
    )

    assert changed == ("summary", "category", "urgency", "customer", "needed_by")
    assert (corrected.summary, corrected.category) == ("It does not stop", "broken")
    assert (corrected.urgency, corrected.product) == (Urgency.HIGH, "meter")
    assert (corrected.customer, corrected.needed_by) == ("Harbour Trading", LATER)


def test_a_correction_to_what_it_is_already_changes_nothing() -> None:
    issue = build.issue(category="broken")

    assert lifecycle.correct(issue, Correction(category="broken"))[1] == ()


# What a mail may do

UNCERTAIN = [Standing.THREADED, Standing.DOUBTED]


def needs_click(
    action: Action,
    standing: Standing,
    source: Source = Source.EMAIL,
    issue: Issue | None = None,
    at_hour: float = 0,
) -> bool:
    now = LATER + timedelta(hours=at_hour)
    asked_about = issue or build.issue()
    return lifecycle.needs_one_click(asked_about, action, CARRIER, source, standing, now)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("standing", UNCERTAIN)
def test_a_mail_that_nothing_vouches_for_does_nothing(action: Action, standing: Standing) -> None:
    assert needs_click(action, standing)


def test_a_mail_whose_sender_nobody_has_checked_may_acknowledge_and_answer_only() -> None:
    may = {action for action in Action if not needs_click(action, Standing.UNPROVEN)}

    assert may == {Action.ACKNOWLEDGE, Action.ANSWER}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("source", Source)
def test_whoever_is_vouched_for_may_do_it_by_mail_too(action: Action, source: Source) -> None:
    assert not needs_click(action, Standing.VOUCHED, source)


def reopened_by_mail(times: int) -> Issue:
    issue = build.issue(state=State.CLOSED)
    for hour in range(times):
        at = LATER + timedelta(hours=hour)
        issue = lifecycle.count_reopening_by_mail(issue, CARRIER, at)
    return issue


@pytest.mark.parametrize(("times", "needs"), [(2, False), (3, True)])
def test_a_mail_reopens_at_most_three_times_a_day(times: int, needs: bool) -> None:
    issue = reopened_by_mail(times)

    assert needs_click(Action.REOPEN, Standing.VOUCHED, issue=issue, at_hour=3) is needs


def test_a_day_later_a_mail_reopens_again() -> None:
    issue = reopened_by_mail(3)

    assert needs_click(Action.REOPEN, Standing.VOUCHED, issue=issue, at_hour=23.9)
    assert not needs_click(Action.REOPEN, Standing.VOUCHED, issue=issue, at_hour=24)


def test_a_leader_who_owns_it_declines_by_mail_as_they_hand_over_and_solves_it_like_others() -> (
    None
):
    issue = build.issue(owner_id=LEADER)

    asked = [
        lifecycle.asked_by_mail(issue, action, LEADER, LEADER)
        for action in (Action.DECLINE, Action.RESOLVE)
    ]

    assert asked == [Action.HAND_OVER, Action.RESOLVE]


def test_nobody_takes_it_by_mail_who_is_not_known_to_be_inside() -> None:
    issue = build.issue()

    assert lifecycle.asked_by_mail(issue, Action.TAKE, SOMEBODY, LEADER) is None
    assert lifecycle.asked_by_mail(issue, Action.TAKE, SOMEBODY, LEADER, inside=True) is Action.TAKE


def test_the_link_reopens_however_often_a_mail_did() -> None:
    issue = reopened_by_mail(3)

    assert not needs_click(Action.REOPEN, Standing.VOUCHED, Source.WEB, issue, at_hour=3)
    assert not needs_click(Action.CONFIRM, Standing.VOUCHED, issue=issue, at_hour=3)


def test_each_person_has_their_own_count_and_old_ones_are_forgotten() -> None:
    issue = lifecycle.count_reopening_by_mail(reopened_by_mail(3), "yui", LATER)
    much_later = LATER + timedelta(days=2)

    again = lifecycle.count_reopening_by_mail(issue, CARRIER, much_later)

    assert again.reopened_by_mail == {
        CARRIER: [much_later.isoformat()],
        "yui": [LATER.isoformat()],
    }


# What words are

PROVEN = [Standing.VOUCHED, Standing.UNPROVEN]


def meaning(person_id: str, standing: Standing, **issue: Any) -> Meaning:
    known = build.issue(reporter_id=CUSTOMER, **issue)
    return lifecycle.meaning_of(known, person_id, standing, LEADER)


@pytest.mark.parametrize("state", [one for one in State if one is not State.RECEIVED])
@pytest.mark.parametrize("standing", PROVEN)
@pytest.mark.parametrize("person_id", [OWNER, LEADER])
def test_the_words_of_owner_and_leader_reach_the_carrier_whatever_the_state(
    person_id: str, standing: Standing, state: State
) -> None:
    assert meaning(person_id, standing, state=state) is Meaning.ANSWER


@pytest.mark.parametrize("standing", Standing)
def test_the_words_of_a_helper_reach_the_carrier_as_far_as_somebody_vouches_for_them(
    standing: Standing,
) -> None:
    means = Meaning.ANSWER if standing in PROVEN else Meaning.TO_LOOK_AT

    assert meaning(HELPER, standing, helper_ids=[HELPER]) is means


@pytest.mark.parametrize("standing", UNCERTAIN)
@pytest.mark.parametrize("person_id", [OWNER, LEADER])
def test_nobody_answers_in_an_owners_or_a_leaders_name_without_proof(
    person_id: str, standing: Standing
) -> None:
    assert meaning(person_id, standing) is Meaning.TO_LOOK_AT


@pytest.mark.parametrize("standing", [*PROVEN, Standing.THREADED])
@pytest.mark.parametrize("person_id", [CARRIER, CUSTOMER])
def test_carrier_and_reporter_say_more_about_their_issue(
    person_id: str, standing: Standing
) -> None:
    assert meaning(person_id, standing) is Meaning.MORE


@pytest.mark.parametrize("person_id", [OWNER, LEADER, CARRIER, CUSTOMER, SOMEBODY])
def test_words_of_a_forged_sender_are_only_looked_at(person_id: str) -> None:
    assert meaning(person_id, Standing.DOUBTED) is Meaning.TO_LOOK_AT


@pytest.mark.parametrize("standing", Standing)
def test_words_of_anybody_else_are_looked_at_also_of_those_on_copy(standing: Standing) -> None:
    assert meaning(SOMEBODY, standing, follower_ids=[SOMEBODY]) is Meaning.TO_LOOK_AT


def test_a_leader_who_carries_an_issue_speaks_as_its_carrier() -> None:
    assert meaning(LEADER, Standing.VOUCHED, carrier_id=LEADER) is Meaning.MORE


def test_an_owner_who_wrote_for_somebody_else_answers_and_needs_proof_for_it() -> None:
    own = build.issue(reporter_id=OWNER)

    assert lifecycle.meaning_of(own, OWNER, Standing.VOUCHED, LEADER) is Meaning.ANSWER
    assert lifecycle.meaning_of(own, OWNER, Standing.THREADED, LEADER) is Meaning.TO_LOOK_AT


CHANGES: list[Callable[[Issue], Issue]] = [
    lambda issue: lifecycle.assign(issue, "yui", "shipping", LATER),
    lifecycle.decline,
    lambda issue: lifecycle.acknowledge(issue, LATER),
    lambda issue: lifecycle.answer(issue, OWNER, LATER),
    lambda issue: lifecycle.resolve(issue, "fault", LATER),
    lambda issue: lifecycle.close(issue, LATER),
    lambda issue: lifecycle.reopen(issue, LATER, counts=True),
    lambda issue: lifecycle.ask(issue, "sho", OWNER, LATER),
    lambda issue: lifecycle.merge(issue, "other", LATER),
    lambda issue: lifecycle.follow(issue, "other"),
    lambda issue: lifecycle.link(issue, "other"),
    lambda issue: lifecycle.separate(issue, LATER),
    lambda issue: lifecycle.share(issue, LATER, answered=True),
    lambda issue: lifecycle.go_on(issue, timedelta()),
    lifecycle.lapse,
    lifecycle.remind,
    lifecycle.escalate,
    lifecycle.comment,
    lambda issue: lifecycle.correct(issue, Correction(summary="Otherwise"))[0],
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_makes_one_newer_version(change: Callable[[Issue], Issue]) -> None:
    issue = build.issue(version=7)

    assert change(issue).version == 8


def test_the_others_hear_the_whole_issue() -> None:
    issue = build.issue(
        state=State.CLOSED,
        product="meter",
        category="broken",
        cause="fault",
        acknowledged_at=MONDAY,
        answered_at=MONDAY,
        resolved_at=LATER,
        closed_at=LATER,
        needed_by=LATER,
        next_step=Step.CONFIRM,
        moves=1,
        reminders=2,
        confidential=True,
        follower_ids=["sho", "x-2"],
        helper_ids=["yui"],
        waiting_for=WaitingFor.CUSTOMER,
        waiting_since=MONDAY,
        snoozed_until=LATER,
        promised_at=LATER,
        merged_into="main",
        parent_id="problem",
        reopenings=2,
        queued=True,
        lent_by="sho",
        triage=True,
        policy="own",
    )

    heard = lifecycle.snapshot(issue)

    told = {name: getattr(heard, name) for name in Snapshot.model_fields}
    kept = {name: getattr(issue, name, None) for name in Snapshot.model_fields}
    assert told == kept | {
        "organisation_revision": issue.revision,
        "follower_ids": ("sho", "x-2"),
        "helper_ids": ("yui",),
    }
    assert Snapshot.model_validate_json(heard.model_dump_json()) == heard


# Standing still


def test_whoever_waits_or_puts_off_or_promises_has_taken_it() -> None:
    issue = build.issue()

    for taken in (
        lifecycle.wait(issue, WaitingFor.CARRIER, None, LATER),
        lifecycle.snooze(issue, LATER, LATER),
        lifecycle.promise(issue, LATER, LATER),
    ):
        assert (taken.state, taken.acknowledged_at) == (State.ACKNOWLEDGED, LATER)
        assert (taken.version, taken.acted_at) == (issue.version + 1, LATER)


def test_a_question_put_anew_goes_on_with_the_same_wait() -> None:
    asked = lifecycle.wait(build.issue(), WaitingFor.CARRIER, None, MONDAY)

    again = lifecycle.wait(asked, WaitingFor.CUSTOMER, LATER, LATER)

    assert (again.waiting_for, again.waiting_since) == (WaitingFor.CUSTOMER, MONDAY)
    assert again.snoozed_until == LATER


def test_what_goes_on_remembers_for_how_long_the_clock_stood_still() -> None:
    asked = lifecycle.wait(build.issue(stood_still_s=60), WaitingFor.CARRIER, LATER, MONDAY)

    resumed = lifecycle.go_on(asked, timedelta(hours=1))

    assert (resumed.waiting_for, resumed.waiting_since, resumed.snoozed_until) == (None, None, None)
    assert resumed.stood_still_s == 3660


def test_a_lapsed_yes_is_none() -> None:
    lapsed = lifecycle.lapse(lifecycle.promise(build.issue(), LATER, MONDAY))

    assert (lapsed.state, lapsed.acknowledged_at, lapsed.acted_at) == (State.ASSIGNED, None, None)
    assert lapsed.promised_at == LATER


def test_what_is_due_at_another_time_is_a_new_version() -> None:
    assert lifecycle.touch(build.issue()).version == build.issue().version + 1
