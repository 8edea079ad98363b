"""When Banso looks at an issue again, and what it does then in its own name.

Each step has a deadline from the policy of the issue's urgency, in the working time of whoever
has to act. A missed deadline climbs the policy's ladder, rung by rung, up to the leader; after
the last rung a reminder comes again and again. Nothing here ever ends with no next step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from services.router.lifecycle import Issue
from shared.contracts.issue import State, Step
from shared.contracts.organisation import WORKING_DAY, Policy
from shared.worktime import WorkingHours


@dataclass(frozen=True, slots=True)
class Remind:
    """Remind the person whose step it is."""

    person_id: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell somebody further up that it is still not done."""

    person_id: str


@dataclass(frozen=True, slots=True)
class Give:
    """Give the issue to somebody further up."""

    person_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """Nobody objected in time."""


LOOK_AGAIN = timedelta(hours=1)
"""After what was due could not be done."""

Deed = Remind | Tell | Give | Close

LAST_CALL = WORKING_DAY
"""This long before a solved issue closes by itself the carrier hears so once more; with a
shorter time to confirm, what they heard with the solution is enough."""


def plan(issue: Issue, policy: Policy, hours: WorkingHours, now: datetime) -> Issue:
    """The issue with its next step, deadline and wake-up, after something happened to it.

    Deadlines for answer and solution count from the carrier's first word, whoever owned the issue
    since. Where one has passed already, a new owner still gets the time to say yes or no.
    """
    step, deadline = _deadline(issue, policy, hours, now)
    rung = 0
    if step is not Step.CONFIRM:
        wake = hours.after(deadline, policy.ladder[0].after)
    elif policy.confirm_within > LAST_CALL:
        wake = max(now, hours.after(issue.resolved_at or now, policy.confirm_within - LAST_CALL))
    else:
        wake, rung = max(now, deadline), 1
    return replace(
        issue,
        next_step=step,
        next_step_at=deadline,
        wake_at=wake,
        step_number=issue.step_number + 1,
        rung=rung,
        taken_at=None,
    )


def replan(issue: Issue, policy: Policy, hours: WorkingHours, now: datetime) -> Issue:
    """The same step by another policy. Its time runs from when it began, and what was late and
    is late still climbs on where it was, so that no correction buys anybody time.
    """
    steps = (issue.assigned_at, issue.acknowledged_at, issue.answered_at)
    began = max(at for at in steps if at is not None)
    planned = plan(issue, policy, hours, began)
    deadline = planned.next_step_at or now
    if not issue.rung or deadline > now:
        return replace(planned, next_step_at=max(deadline, now))
    rung = min(issue.rung, len(policy.ladder) - 1)
    return replace(planned, next_step_at=issue.next_step_at, wake_at=issue.wake_at, rung=rung)


def _deadline(
    issue: Issue, policy: Policy, hours: WorkingHours, now: datetime
) -> tuple[Step, datetime]:
    match issue.state:
        case State.ASSIGNED | State.RECEIVED:
            return Step.ACKNOWLEDGE, hours.after(issue.assigned_at, policy.acknowledge_within)
        case State.ACKNOWLEDGED:
            at_least = hours.after(now, policy.acknowledge_within)
            resolve_by = max(at_least, hours.after(issue.raised_at, policy.resolve_within))
            if issue.answered_at is None:
                answer_by = hours.after(issue.raised_at, policy.answer_within)
            else:
                answer_by = hours.after(issue.answered_at, policy.keep_in_touch)
            answer_by = max(at_least, answer_by)
            if answer_by < resolve_by:
                return Step.ANSWER, answer_by
            return Step.RESOLVE, resolve_by
        case State.RESOLVED:
            return Step.CONFIRM, hours.after(issue.resolved_at or now, policy.confirm_within)
        case State.CLOSED:
            raise ValueError("a closed issue has no next step")
        case _:
            assert_never(issue.state)


def due(issue: Issue, policy: Policy, lead_id: str | None, leader_id: str) -> Deed:
    """What to do now that the issue's wake-up has come.

    Nobody is told what they did not do themselves: where the ladder points at the owner, the
    owner is reminded, and a leader who owns an issue is not reported to a lead. A lead who
    carries the issue, or who has declined what is to be given, is passed over for the leader, and
    so is every lead where the issue is confidential.
    """
    if issue.next_step is Step.CONFIRM:
        return Remind(issue.carrier_id) if issue.rung == 0 else Close()
    if issue.rung >= len(policy.ladder):
        return Remind(issue.owner_id)
    rung = policy.ladder[issue.rung]
    unfit = {issue.carrier_id, *(issue.declined_by if rung.do == "give" else ())}
    to_lead = rung.to == "lead" and lead_id not in unfit and not issue.confidential
    target = lead_id if lead_id and to_lead else leader_id
    if rung.do == "remind" or issue.owner_id in (target, leader_id):
        return Remind(issue.owner_id)
    return Tell(target) if rung.do == "tell" else Give(target)


def climb(issue: Issue, policy: Policy, hours: WorkingHours, now: datetime) -> Issue:
    """The same step, one rung further; counted from now, so that an outage brings one, not many."""
    rung = issue.rung + 1
    if issue.next_step is Step.CONFIRM:
        wake = max(now, issue.next_step_at or now)
    else:
        pause = policy.ladder[rung].after if rung < len(policy.ladder) else policy.repeat
        wake = hours.after(now, pause)
    return replace(
        issue,
        rung=rung,
        wake_at=wake,
        next_step_at=max(issue.next_step_at or wake, wake),
        step_number=issue.step_number + 1,
        taken_at=None,
    )


def postpone(issue: Issue, now: datetime) -> Issue:
    """The same step, looked at again a little later."""
    wake = now + LOOK_AGAIN
    return replace(
        issue,
        wake_at=wake,
        next_step_at=max(issue.next_step_at or wake, wake),
        step_number=issue.step_number + 1,
        taken_at=None,
    )
