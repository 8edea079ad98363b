"""When Banso looks at an issue again, and what it does then in its own name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router import followup, lifecycle
from services.router.followup import (
    BEFORE,
    Close,
    Deed,
    Give,
    GoOn,
    Lapse,
    Remind,
    TakeBack,
    Tell,
)
from services.router.lifecycle import Issue
from shared.contracts.issue import State, Step, WaitingFor
from shared.contracts.organisation import Policy
from shared.worktime import WorkingHours
from tests.unit import build
from tests.unit.build import HOUR, MONDAY, at, rung

OFFICE = build.office()
POLICY = build.policy()
LEADER = "kai"


def plan(issue: Issue, now: datetime, policy: Policy = POLICY) -> Issue:
    return followup.plan(issue, policy, OFFICE, now)


def due(
    issue: Issue,
    policy: Policy = POLICY,
    lead_id: str | None = "mio",
    *,
    now: datetime = MONDAY,
    named_id: str | None = None,
) -> Deed:
    people = {"lead_id": lead_id, "leader_id": LEADER, "named_id": named_id}
    return followup.due(issue, policy, OFFICE, now, **people)


def climb(issue: Issue, now: datetime, policy: Policy = POLICY) -> Issue:
    return followup.climb(issue, policy, OFFICE, now)


def acknowledged(**said: Any) -> Issue:
    return build.issue(state=State.ACKNOWLEDGED, acknowledged_at=MONDAY, **said)


# Planning


def test_a_new_owner_has_time_to_say_yes_or_no_from_the_assignment_on() -> None:
    issue = build.issue(assigned_at=at("2026-06-03 11:00"))

    planned = plan(issue, at("2026-06-03 11:00"))

    assert planned.next_step is Step.ACKNOWLEDGE
    assert planned.next_step_at == at("2026-06-03 16:00")


def test_an_issue_that_nobody_owns_yet_is_planned_like_a_new_one() -> None:
    planned = plan(build.issue(state=State.RECEIVED), MONDAY)

    assert planned.next_step is Step.ACKNOWLEDGE


def test_the_first_answer_counts_from_the_carriers_first_word() -> None:
    """8 working hours from Monday 10:00, although it was taken on Monday at 14:00."""
    taken = acknowledged(raised_at=at("2026-06-01 10:00"))

    planned = plan(taken, at("2026-06-01 14:00"))

    assert planned.next_step is Step.ANSWER
    assert planned.next_step_at == at("2026-06-02 10:00")


def test_the_next_answer_counts_from_the_last_one() -> None:
    answered = acknowledged(answered_at=at("2026-06-01 11:00"))

    planned = plan(answered, at("2026-06-01 11:00"))

    assert planned.next_step is Step.ANSWER
    assert planned.next_step_at == at("2026-06-04 11:00")


def test_the_solution_counts_from_the_carriers_first_word() -> None:
    """The next word would be due on Tuesday, the solution is due a day earlier."""
    answered = acknowledged(raised_at=at("2026-06-01 10:00"), answered_at=at("2026-06-04 11:00"))

    planned = plan(answered, at("2026-06-04 11:00"))

    assert planned.next_step is Step.RESOLVE
    assert planned.next_step_at == at("2026-06-08 10:00")


@pytest.mark.parametrize("answered_at", [None, at("2026-05-07 10:00")])
def test_who_takes_over_what_is_late_still_gets_time_to_act(answered_at: datetime | None) -> None:
    late = acknowledged(raised_at=at("2026-05-07 09:00"), answered_at=answered_at)

    planned = plan(late, at("2026-06-01 09:00"))

    assert planned.next_step_at == at("2026-06-01 14:00")


def test_where_answer_and_solution_are_due_together_the_solution_is_asked_for() -> None:
    together = build.policy(answer_within="2d", resolve_within="2d")

    assert plan(acknowledged(), MONDAY, together).next_step is Step.RESOLVE


def test_the_carrier_has_time_to_confirm_and_hears_a_last_call_a_day_before() -> None:
    solved = lifecycle.resolve(acknowledged(), "fault", at("2026-06-01 11:00"))

    planned = plan(solved, at("2026-06-01 11:00"))

    assert planned.next_step is Step.CONFIRM
    assert planned.wake_at == at("2026-06-05 11:00")
    assert planned.next_step_at == at("2026-06-08 11:00")


def test_the_time_to_confirm_counts_from_the_solution_whenever_it_is_planned() -> None:
    solved = lifecycle.resolve(acknowledged(), "fault", at("2026-06-01 11:00"))

    planned = plan(solved, at("2026-06-03 11:00"))

    assert planned.wake_at == at("2026-06-05 11:00")
    assert planned.next_step_at == at("2026-06-08 11:00")


def test_a_closed_issue_cannot_be_planned() -> None:
    with pytest.raises(ValueError, match="closed"):
        plan(build.issue(state=State.CLOSED), MONDAY)


def test_a_new_plan_voids_the_wake_ups_of_the_old_one_and_starts_at_the_first_rung() -> None:
    climbed = build.issue(rung=3, step_number=8, taken_at=MONDAY)

    planned = plan(climbed, MONDAY)

    assert (planned.rung, planned.step_number, planned.taken_at) == (0, 9, None)


def test_banso_looks_at_the_issue_when_the_step_is_due() -> None:
    planned = plan(build.issue(), MONDAY)

    assert planned.wake_at == planned.next_step_at == at("2026-06-01 14:00")


def test_a_ladder_may_begin_later_than_the_deadline() -> None:
    patient = build.policy(ladder=[rung("1h", "give", "leader")])

    planned = plan(build.issue(), MONDAY, patient)

    assert planned.wake_at == at("2026-06-01 15:00")


# What is done when the time has come


def test_the_ladder_is_climbed_rung_by_rung() -> None:
    deeds = [due(build.issue(rung=n)) for n in range(6)]

    assert deeds == [
        Remind("ren"),
        Remind("ren"),
        Tell("mio"),
        Give(LEADER),
        Remind("ren"),
        Remind("ren"),
    ]


@pytest.mark.parametrize("do", ["tell", "give"])
def test_a_leads_own_issue_is_not_reported_to_the_lead(do: str) -> None:
    policy = build.policy(ladder=[rung("0h", do, "lead"), rung("1h", "give", "leader")])

    assert due(build.issue(owner_id="mio"), policy) == Remind("mio")


def test_a_leads_own_issue_goes_up_to_the_leader() -> None:
    assert due(build.issue(owner_id="mio", rung=3)) == Give(LEADER)


@pytest.mark.parametrize("n", range(6))
def test_a_leader_who_owns_an_issue_is_reminded_and_nobody_else_told(n: int) -> None:
    assert due(build.issue(owner_id=LEADER, rung=n)) == Remind(LEADER)


def test_without_a_lead_the_leader_is_told() -> None:
    assert due(build.issue(rung=2), lead_id=None) == Tell(LEADER)


@pytest.mark.parametrize(("do", "deed"), [("tell", Tell(LEADER)), ("give", Give(LEADER))])
def test_it_never_falls_back_on_a_lead_who_carries_it(do: str, deed: Deed) -> None:
    policy = build.policy(ladder=[rung("0h", do, "lead"), rung("1h", "give", "leader")])

    assert due(build.issue(carrier_id="mio"), policy) == deed
    assert due(build.issue(reporter_id="mio"), policy) == deed


def test_it_is_never_given_to_a_lead_who_declined_it() -> None:
    policy = build.policy(ladder=[rung("0h", "give", "lead"), rung("1h", "give", "leader")])

    assert due(build.issue(declined_by=["mio"]), policy) == Give(LEADER)


@pytest.mark.parametrize(("do", "deed"), [("tell", Tell(LEADER)), ("give", Give(LEADER))])
def test_no_lead_hears_of_a_confidential_issue(do: str, deed: Deed) -> None:
    policy = build.policy(ladder=[rung("0h", do, "lead"), rung("1h", "give", "leader")])

    assert due(build.issue(confidential=True), policy) == deed


def test_a_solved_issue_closes_after_one_last_call_to_the_carrier() -> None:
    solved = lifecycle.resolve(acknowledged(), "fault", MONDAY)
    first = plan(solved, MONDAY)

    second = climb(first, at("2026-06-05 09:00"))

    assert due(first) == Remind("emi")
    assert due(second) == Close()
    assert second.wake_at == first.next_step_at == at("2026-06-05 18:00")


def test_after_an_outage_the_last_call_still_comes_before_the_closing() -> None:
    solved = plan(lifecycle.resolve(acknowledged(), "fault", MONDAY), MONDAY)

    late = climb(solved, at("2026-07-01 09:00"))

    assert late.wake_at == at("2026-07-01 09:00")
    assert due(late) == Close()


@pytest.mark.parametrize("confirm_within", ["1d", "4h"])
def test_what_closes_within_a_day_closes_on_time_and_without_a_last_call(
    confirm_within: str,
) -> None:
    """The carrier has only just heard by when; a call in the moment of closing helps nobody."""
    soon = build.policy(confirm_within=confirm_within, ladder=[rung("3h", "give", "leader")])
    solved = lifecycle.resolve(acknowledged(), "fault", MONDAY)

    planned = plan(solved, MONDAY, soon)

    assert (
        planned.wake_at
        == planned.next_step_at
        == MONDAY.replace(hour=18 if confirm_within == "1d" else 14)
    )
    assert due(planned, soon) == Close()


# Climbing


def test_the_next_rung_counts_from_now_so_that_an_outage_brings_one_and_not_many() -> None:
    after_outage = at("2026-06-10 09:00")

    climbed = climb(plan(build.issue(), MONDAY), after_outage)

    assert climbed.rung == 1
    assert climbed.wake_at == after_outage + 2 * HOUR


def test_above_the_last_rung_a_reminder_comes_again_and_again() -> None:
    top = build.issue(rung=len(POLICY.ladder) - 1)

    once = climb(top, MONDAY)
    twice = climb(once, at("2026-06-02 09:00"))

    assert once.wake_at == at("2026-06-01 18:00")
    assert twice.wake_at == at("2026-06-02 18:00")


def test_a_reminder_does_not_hide_the_deadline_that_was_missed_until_it_has_passed() -> None:
    """What people are told never lies in the past: the deadline, or when Banso acts next."""
    planned = plan(build.issue(), MONDAY)

    climbed = climb(planned, at("2026-06-01 14:00"))

    assert climbed.next_step_at == climbed.wake_at == at("2026-06-01 16:00")


def test_climbing_voids_the_wake_up_that_led_to_it() -> None:
    issue = build.issue(step_number=4, taken_at=MONDAY)

    climbed = climb(issue, MONDAY)

    assert (climbed.step_number, climbed.taken_at, climbed.planned_at) == (5, None, MONDAY)


def test_what_could_not_be_done_is_looked_at_again_in_an_hour_on_the_same_rung() -> None:
    issue = plan(build.issue(), MONDAY)
    now = at("2026-06-01 14:00")

    postponed = followup.postpone(replace(issue, taken_at=now), now)

    assert (postponed.wake_at, postponed.next_step_at) == (now + HOUR, now + HOUR)
    assert (postponed.rung, postponed.next_step) == (issue.rung, issue.next_step)
    assert (postponed.step_number, postponed.taken_at) == (issue.step_number + 1, None)


def test_postponing_does_not_shorten_the_time_that_people_were_told() -> None:
    issue = plan(build.issue(), MONDAY)

    assert followup.postpone(issue, MONDAY).next_step_at == issue.next_step_at


# Planning by another policy

HASTY = build.policy(
    acknowledge_within="1h",
    answer_within="2h",
    keep_in_touch="4h",
    resolve_within="1d",
    ladder=[rung("0h", "remind"), rung("1h", "give", "leader")],
)


def replan(issue: Issue, now: datetime, policy: Policy = HASTY) -> Issue:
    return followup.replan(issue, policy, OFFICE, now)


def test_another_urgency_brings_other_deadlines_from_the_same_start() -> None:
    issue = plan(build.issue(), MONDAY)

    urgent = replan(issue, MONDAY + HOUR / 2)

    assert urgent.next_step is Step.ACKNOWLEDGE
    assert urgent.next_step_at == urgent.wake_at == MONDAY + HOUR
    assert urgent.step_number > issue.step_number
    assert urgent.planned_at == MONDAY + HOUR / 2


def test_what_is_late_by_the_new_policy_is_due_at_once() -> None:
    now = MONDAY + 2 * HOUR

    urgent = replan(plan(build.issue(), MONDAY), now)

    assert urgent.wake_at is not None
    assert urgent.wake_at <= now
    assert urgent.next_step_at == now


def test_a_correction_counts_from_what_the_owner_did_last() -> None:
    """The answer was due at 11:00; who took it at 16:00 has an hour from then on."""
    taken = replace(acknowledged(), acknowledged_at=at("2026-06-01 16:00"))

    urgent = replan(plan(taken, at("2026-06-01 16:00")), at("2026-06-01 16:30"))

    assert urgent.next_step_at == at("2026-06-01 17:00")


@pytest.mark.parametrize(
    ("answered_at", "step", "by"),
    [
        (None, Step.ANSWER, "2026-06-01 11:00"),
        (MONDAY + 2 * HOUR, Step.ANSWER, "2026-06-01 16:00"),
    ],
)
def test_whoever_has_taken_it_keeps_the_start_that_they_had(
    answered_at: datetime | None, step: Step, by: str
) -> None:
    issue = plan(acknowledged(answered_at=answered_at), answered_at or MONDAY)

    urgent = replan(issue, (answered_at or MONDAY) + HOUR)

    assert (urgent.next_step, urgent.next_step_at) == (step, at(by))


def test_a_correction_buys_nobody_time_who_is_late_already() -> None:
    late = climb(climb(plan(build.issue(), MONDAY), at("2026-06-01 14:00")), at("2026-06-01 16:00"))

    urgent = replan(late, at("2026-06-01 16:30"))

    assert (urgent.rung, urgent.wake_at) == (1, late.wake_at)
    assert (urgent.next_step_at, urgent.planned_at) == (late.next_step_at, late.planned_at)
    assert due(urgent, HASTY) == Give(LEADER)


def test_a_correction_leaves_whoever_is_late_on_the_first_rung_there() -> None:
    late = climb(plan(build.issue(), MONDAY), at("2026-06-01 14:00"))

    urgent = replan(late, at("2026-06-01 15:00"))

    assert (urgent.rung, urgent.wake_at) == (1, late.wake_at)


def test_what_is_due_at_this_very_moment_is_late_still() -> None:
    late = climb(plan(build.issue(), MONDAY), at("2026-06-01 14:00"))

    due_now = replan(late, at("2026-06-01 15:00"), build.policy(acknowledge_within="5h"))

    assert (due_now.rung, due_now.wake_at) == (1, late.wake_at)


def test_what_can_wait_is_late_no_more() -> None:
    late = climb(plan(build.issue(), MONDAY), at("2026-06-01 14:00"))

    patient = replan(late, at("2026-06-01 15:00"), build.policy(acknowledge_within="1d"))

    assert patient.rung == 0
    assert patient.next_step_at == at("2026-06-01 18:00")


# Reminders before, a yes that lapses

WARNED = build.policy(remind_before=0.25)


def test_a_reminder_comes_while_a_share_of_the_time_is_left() -> None:
    """A quarter of four working hours before 14:00, with an hour for lunch."""
    planned = plan(build.issue(), MONDAY, WARNED)

    assert (planned.rung, planned.wake_at) == (BEFORE, at("2026-06-01 12:00"))
    assert planned.next_step_at == at("2026-06-01 14:00")
    assert due(planned, WARNED) == Remind("ren", before=True)


def test_after_the_reminder_before_comes_the_one_at_the_deadline() -> None:
    planned = plan(build.issue(), MONDAY, WARNED)

    reminded = climb(planned, at("2026-06-01 13:00"), WARNED)

    assert (reminded.rung, reminded.wake_at) == (0, at("2026-06-01 14:00"))
    assert reminded.next_step_at == at("2026-06-01 14:00")
    assert due(reminded, WARNED) == Remind("ren")


def test_after_an_outage_the_reminder_before_is_not_followed_by_one_of_yesterday() -> None:
    planned = plan(build.issue(), MONDAY, WARNED)

    reminded = climb(planned, at("2026-06-03 10:00"), WARNED)

    assert reminded.wake_at == at("2026-06-03 10:00")


def test_no_reminder_comes_a_moment_before_the_deadline() -> None:
    hasty = build.policy(acknowledge_within="30m", remind_before=0.25)

    assert plan(build.issue(), MONDAY, hasty).rung == 0


@pytest.mark.parametrize(("within", "rung"), [("1h", BEFORE), ("58m", 0)])
def test_a_reminder_before_leaves_a_quarter_of_an_hour_at_least(within: str, rung: int) -> None:
    warned = build.policy(acknowledge_within=within, remind_before=0.25)

    assert plan(build.issue(), MONDAY, warned).rung == rung


@pytest.mark.parametrize("now", [at("2026-06-01 09:30"), at("2026-06-01 09:45")])
def test_a_correction_that_leaves_no_time_for_a_reminder_before_reminds_at_the_deadline(
    now: datetime,
) -> None:
    warned = build.policy(acknowledge_within="1h", remind_before=0.5)

    urgent = replan(plan(build.issue(), MONDAY), now, warned)

    assert (urgent.rung, urgent.wake_at) == (0, at("2026-06-01 10:00"))


def test_a_correction_keeps_the_reminder_before_that_is_still_to_come() -> None:
    warned = replan(plan(build.issue(), MONDAY), MONDAY + HOUR / 2, WARNED)

    assert (warned.rung, warned.wake_at) == (BEFORE, at("2026-06-01 12:00"))


LASTING = build.policy(lasts="2d", keep_in_touch="9d", resolve_within="20d")


def test_a_yes_counts_no_more_when_nothing_happens_after_it() -> None:
    answered = acknowledged(answered_at=MONDAY)

    planned = plan(answered, MONDAY, LASTING)

    assert planned.wake_at == at("2026-06-03 09:00") - timedelta(hours=15)
    assert due(planned, LASTING, now=at("2026-06-02 18:00")) == Lapse()
    assert due(planned, LASTING, now=at("2026-06-02 17:00")) == Remind("ren")


def test_whatever_the_owner_does_lets_a_yes_count_on() -> None:
    acted = acknowledged(answered_at=MONDAY, acted_at=at("2026-06-02 09:00"))

    assert plan(acted, MONDAY, LASTING).wake_at == at("2026-06-03 18:00")


def test_a_yes_does_not_lapse_while_others_have_the_ball() -> None:
    """Two days of work and the three hours for which the clock stood still."""
    resumed = acknowledged(answered_at=MONDAY, stood_still_s=3 * 3600)

    assert plan(resumed, MONDAY, LASTING).wake_at == at("2026-06-03 12:00")


def test_a_correction_does_not_put_off_a_lapse_that_has_come() -> None:
    answered = plan(acknowledged(answered_at=MONDAY), MONDAY)
    short = build.policy(lasts="2h", keep_in_touch="9d", resolve_within="20d")

    corrected = replan(answered, at("2026-06-01 14:00"), short)

    assert corrected.wake_at == at("2026-06-01 11:00")


def test_a_yes_counts_until_the_promised_day() -> None:
    promised = acknowledged(answered_at=MONDAY, promised_at=at("2026-06-08 12:00"))

    assert due(plan(promised, MONDAY, LASTING), LASTING, now=at("2026-06-05 10:00")) != Lapse()
    assert due(plan(promised, MONDAY, LASTING), LASTING, now=at("2026-06-08 12:00")) == Lapse()


def test_a_lapse_is_not_missed_on_the_ladder() -> None:
    late = build.policy(lasts="4h", repeat="3d", resolve_within="1h", acknowledge_within="1h")
    climbed = replace(plan(acknowledged(), MONDAY, late), rung=len(late.ladder))

    assert climb(climbed, at("2026-06-01 10:00"), late).wake_at == at("2026-06-01 14:00")


# Waiting, putting off, promising


def waiting(**said: Any) -> Issue:
    since = {"waiting_for": WaitingFor.CUSTOMER, "waiting_since": MONDAY}
    return acknowledged(**(since | said))


def test_a_wait_is_followed_up_and_then_given_back_to_the_owner() -> None:
    asked = plan(waiting(), MONDAY)

    assert (asked.next_step, asked.next_step_at) == (Step.WAIT, at("2026-06-02 18:00"))
    assert due(asked) == Remind("emi")
    once = climb(asked, at("2026-06-02 18:00"))
    assert once.wake_at == at("2026-06-03 18:00")
    assert due(once) == Remind("emi")
    assert due(climb(once, at("2026-06-03 18:00"))) == TakeBack()


def test_a_wait_may_have_an_end_of_its_own() -> None:
    until = waiting(snoozed_until=at("2026-06-06 10:00"))

    assert plan(until, MONDAY).next_step_at == at("2026-06-08 09:00")


def test_a_wait_whose_start_is_not_known_begins_now() -> None:
    assert plan(waiting(waiting_since=None), MONDAY).next_step_at == at("2026-06-02 18:00")


def test_a_wait_counts_from_its_start_whenever_it_is_planned() -> None:
    assert plan(waiting(), at("2026-06-01 15:00")).next_step_at == at("2026-06-02 18:00")


def test_nobody_is_reminded_before_a_wait_is_over() -> None:
    asked = plan(waiting(), MONDAY, WARNED)

    assert (asked.rung, asked.wake_at) == (0, at("2026-06-02 18:00"))


def test_what_others_had_the_ball_for_is_added_to_the_owners_time() -> None:
    """8 working hours from Monday 9:00, and 3 for which the clock stood still."""
    resumed = acknowledged(stood_still_s=3 * 3600)

    assert plan(resumed, MONDAY).next_step_at == at("2026-06-02 12:00")


def test_what_is_put_off_rests_until_then_whatever_the_carrier_says() -> None:
    until = at("2026-06-05 13:00")
    snoozed = plan(acknowledged(snoozed_until=until), MONDAY, WARNED)

    assert (snoozed.next_step_at, snoozed.wake_at) == (until, until)
    assert due(snoozed) == GoOn()
    assert plan(lifecycle.comment(snoozed), at("2026-06-02 09:00")).wake_at == until


def test_what_was_put_off_until_now_is_put_off_no_more() -> None:
    snoozed = acknowledged(snoozed_until=MONDAY)

    assert followup.is_snoozed(snoozed, MONDAY - HOUR)
    assert not followup.is_snoozed(snoozed, MONDAY)
    assert plan(snoozed, MONDAY).next_step_at == at("2026-06-01 18:00")


def test_a_promised_day_takes_the_place_of_the_policys() -> None:
    promised = acknowledged(answered_at=MONDAY, promised_at=at("2026-06-02 12:00"))

    planned = plan(promised, MONDAY)

    assert (planned.next_step, planned.next_step_at) == (Step.RESOLVE, at("2026-06-02 12:00"))


def test_part_of_a_problem_is_kept_in_touch_and_not_chased_for_a_solution() -> None:
    part = acknowledged(answered_at=MONDAY, parent_id="problem", raised_at=at("2026-05-01 09:00"))

    assert plan(part, MONDAY).next_step is Step.ANSWER


def test_a_correction_moves_nothing_that_stands_still() -> None:
    asked = plan(waiting(), MONDAY)
    off = plan(acknowledged(snoozed_until=at("2026-06-05 13:00")), MONDAY)

    assert replan(asked, MONDAY + HOUR) == asked
    assert replan(off, MONDAY + HOUR) == off


# Named steps of the ladder


def test_a_step_of_the_ladder_may_name_somebody() -> None:
    named = build.policy(
        ladder=[
            {"after": "0h", "do": "tell", "whom": "on-call"},
            {"after": "0h", "do": "give", "to": "leader"},
        ]
    )
    late = climb(plan(build.issue(), MONDAY, named), MONDAY, named)
    late = replace(late, rung=0)

    assert due(late, named, named_id="yui") == Tell("yui")
    assert due(late, named, named_id=None) == Tell(LEADER)
    assert due(replace(late, carrier_id="yui"), named, named_id="yui") == Tell(LEADER)
    assert due(replace(late, confidential=True), named, named_id="yui") == Tell(LEADER)


def test_only_what_is_late_stands_on_the_ladder() -> None:
    planned = plan(build.issue(), MONDAY, WARNED)

    assert followup.rung_of(planned, WARNED) is None
    assert followup.rung_of(replace(planned, rung=0), WARNED) == WARNED.ladder[0]
    assert followup.rung_of(replace(planned, rung=len(WARNED.ladder)), WARNED) is None


def test_what_is_solved_stands_on_no_ladder() -> None:
    solved = plan(lifecycle.resolve(acknowledged(), "fault", MONDAY), MONDAY)

    assert followup.rung_of(solved, POLICY) is None


# Chasing rests

TUESDAY = (at("2026-06-02 09:00"), at("2026-06-03 09:00"))


def test_a_plan_moves_by_the_working_time_that_chasing_rests() -> None:
    issue = replace(plan(acknowledged(answered_at=MONDAY), MONDAY), taken_at=MONDAY)
    resting = WorkingHours(build.calendar(), [TUESDAY])

    moved = followup.move(issue, OFFICE, resting, MONDAY + HOUR)

    assert issue.next_step_at == at("2026-06-03 18:00")
    assert moved.next_step_at == at("2026-06-04 18:00")
    assert moved.wake_at == at("2026-06-05 09:00") or moved.wake_at == moved.next_step_at
    assert (moved.step_number, moved.planned_at) == (issue.step_number + 1, MONDAY + HOUR)
    assert moved.taken_at is None
    back = followup.move(moved, resting, OFFICE, MONDAY + 2 * HOUR)
    assert back.next_step_at == issue.next_step_at


def test_a_plan_that_ends_before_chasing_rests_stays_as_it_is() -> None:
    issue = plan(build.issue(), MONDAY)
    resting = WorkingHours(build.calendar(), [TUESDAY])

    assert followup.move(issue, OFFICE, resting, MONDAY) is issue
    past = replace(issue, planned_at=None, changed_at=at("2026-06-09 09:00"))
    assert followup.move(past, OFFICE, resting, MONDAY) is past


def test_a_plan_made_after_chasing_rested_stays_as_it_is() -> None:
    wednesday, thursday = at("2026-06-03 10:00"), at("2026-06-04 10:00")
    issue = plan(acknowledged(answered_at=wednesday, changed_at=MONDAY), wednesday)
    resting = WorkingHours(build.calendar(), [TUESDAY])

    assert followup.move(issue, OFFICE, resting, thursday) is issue


# The properties

SPANS = st.integers(0, 60).map(lambda halves: f"{halves * 30}m")
RUNGS = st.one_of(
    st.builds(rung, SPANS, st.just("remind")),
    st.builds(rung, SPANS, st.sampled_from(["tell", "give"]), st.sampled_from(["lead", "leader"])),
)
INSTANTS = st.integers(0, 60 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = ("acknowledge_within", "answer_within", "keep_in_touch", "resolve_within")
    last = draw(st.builds(rung, SPANS, st.just("give"), st.just("leader")))
    ladder = [*draw(st.lists(RUNGS, max_size=3)), last]
    spans = {name: draw(SPANS) for name in (*names, "confirm_within", "repeat")}
    before = draw(st.sampled_from([0, 0.25, 0.9]))
    lasts = draw(st.sampled_from([None, "30m", "2d"]))
    return build.policy(ladder=ladder, remind_before=before, lasts=lasts, **spans)


@st.composite
def open_issues(draw: st.DrawFn) -> Issue:
    times = sorted(draw(st.lists(INSTANTS, min_size=5, max_size=5)))
    raised_at, assigned_at, acknowledged_at, answered_at, resolved_at = times
    state = draw(st.sampled_from([State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED]))
    return build.issue(
        state=state,
        owner_id=draw(st.sampled_from(["ren", "mio", LEADER])),
        carrier_id=draw(st.sampled_from(["emi", "mio"])),
        declined_by=draw(st.sampled_from([[], ["mio"], ["sho"]])),
        raised_at=raised_at,
        assigned_at=assigned_at,
        acknowledged_at=acknowledged_at if state is not State.ASSIGNED else None,
        answered_at=draw(st.sampled_from([None, answered_at])),
        resolved_at=resolved_at if state is State.RESOLVED else None,
        **(draw(standing_still(raised_at)) if state is State.ACKNOWLEDGED else {}),
    )


@st.composite
def standing_still(draw: st.DrawFn, since: datetime) -> dict[str, Any]:
    """A wait, a snooze, a promise, or part of a problem; nothing at all in most cases."""
    until = draw(st.one_of(st.none(), st.none(), INSTANTS))
    waiting_for = draw(st.sampled_from([None, None, *WaitingFor]))
    return {
        "waiting_for": waiting_for,
        "waiting_since": since if waiting_for else None,
        "snoozed_until": until,
        "promised_at": draw(st.one_of(st.none(), INSTANTS)),
        "stood_still_s": draw(st.sampled_from([0, 3600])),
        "parent_id": draw(st.sampled_from([None, None, "problem"])),
    }


def go_on(issue: Issue, now: datetime, policy: Policy) -> Issue:
    return plan(lifecycle.go_on(issue, timedelta()), now, policy)


def has_a_next_step(issue: Issue) -> bool:
    return (
        issue.next_step is not None and issue.next_step_at is not None and issue.wake_at is not None
    )


@given(open_issues(), policies(), INSTANTS, st.lists(st.integers(0, 10_000), max_size=8))
def test_an_open_issue_always_has_a_next_step_and_is_looked_at_by_then(
    issue: Issue, policy: Policy, now: datetime, pauses: list[int]
) -> None:
    issue = plan(issue, now, policy)
    assert has_a_next_step(issue)

    for minutes in pauses:
        now += timedelta(minutes=minutes)
        for later in (climb(issue, now, policy), followup.postpone(issue, now)):
            assert has_a_next_step(later)
            assert later.step_number > issue.step_number
            assert later.wake_at is not None
            assert later.wake_at >= now
        issue = climb(issue, now, policy)


@given(open_issues(), policies(), INSTANTS)
def test_what_nobody_does_ends_with_the_leader_and_what_nobody_confirms_is_closed(
    issue: Issue, policy: Policy, now: datetime
) -> None:
    """However the ladder is made, and however often the issue changes hands on it."""
    issue = plan(issue, now, policy)

    for _ in range(3 * len(policy.ladder) + 10):
        assert issue.wake_at is not None
        now = max(now, issue.wake_at)
        deed = due(issue, policy, now=now)
        if deed == Close():
            break
        if isinstance(deed, GoOn | TakeBack):
            issue = go_on(issue, now, policy)
            continue
        if deed == Lapse():
            issue = plan(lifecycle.lapse(issue), now, policy)
            continue
        issue = climb(issue, now, policy)
        if isinstance(deed, Give):
            assert deed.person_id == LEADER or deed.person_id not in (
                issue.carrier_id,
                *issue.declined_by,
            )
            issue = plan(lifecycle.assign(issue, deed.person_id, "product", now), now, policy)

    assert (deed == Close()) == (issue.state is State.RESOLVED)
    assert issue.owner_id == LEADER or issue.state is State.RESOLVED


@given(open_issues(), policies(), st.integers(0, 9))
def test_nobody_is_told_of_what_they_did_not_do_themselves(
    issue: Issue, policy: Policy, n: int
) -> None:
    deed = due(replace(issue, rung=n), policy)

    if isinstance(deed, Tell | Give):
        assert deed.person_id != issue.owner_id
        assert issue.owner_id != LEADER


# Put off without a word


@pytest.mark.parametrize(
    ("said", "lead_id", "now", "told"),
    [
        ({}, "mio", "2026-06-02 10:00", None),
        ({}, "mio", "2026-06-02 10:01", "mio"),
        ({}, "mio", "2026-06-10 10:00", "kai"),
        ({"stood_still_s": 3600}, "mio", "2026-06-02 10:30", None),
        ({"answered_at": at("2026-06-02 10:00")}, "mio", "2026-06-05 10:00", None),
        ({"answered_at": at("2026-06-02 10:00")}, "mio", "2026-06-05 10:01", "mio"),
        ({}, None, "2026-06-03 10:00", "kai"),
        ({"confidential": True}, "mio", "2026-06-03 10:00", "kai"),
        ({"owner_id": "mio"}, "mio", "2026-06-03 10:00", "kai"),
        ({"carrier_id": "mio"}, "mio", "2026-06-03 10:00", "kai"),
        ({"carrier_id": LEADER}, None, "2026-06-03 10:00", None),
        ({"owner_id": LEADER}, "mio", "2026-06-03 10:00", None),
    ],
)
def test_who_hears_that_it_is_put_off_though_the_carrier_has_had_no_word_for_too_long(
    said: dict[str, Any], lead_id: str | None, now: str, told: str | None
) -> None:
    """A working day for the first word, three for each further one."""
    issue = acknowledged(raised_at=at("2026-06-01 10:00"), **said)

    heard = followup.told_of_silence(
        issue, POLICY, OFFICE, at(now), lead_id=lead_id, leader_id=LEADER
    )

    assert heard == told


@pytest.mark.parametrize(
    ("before", "after", "said", "who", "told"),
    [
        (0, 0, {}, "ren", None),
        (0, 1, {}, "ren", None),
        (1, 1, {}, "ren", None),
        (1, 2, {}, "ren", "mio"),
        (3, 3, {}, "ren", None),
        (1, 3, {}, "ren", "mio"),
        (3, 4, {}, "ren", "kai"),
        (2, 4, {}, "ren", "kai"),
        (0, 2, {"confidential": True}, "ren", "kai"),
        (0, 2, {"owner_id": "mio"}, "mio", "kai"),
        (0, 2, {"owner_id": LEADER}, LEADER, None),
        (2, 4, {}, LEADER, None),
    ],
)
def test_who_hears_that_a_promised_day_was_moved(
    before: int, after: int, said: dict[str, Any], who: str, told: str | None
) -> None:
    issue = acknowledged(slips=before, **said)
    promised = replace(issue, slips=after)

    heard = followup.told_of_promise(issue, promised, who=who, lead_id="mio", leader_id=LEADER)

    assert heard == told
