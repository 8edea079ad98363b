"""When Banso looks at an issue again, and what it does then in its own name.

Each step has a deadline from the issue's policy, in the working time of whoever has to act, and a
reminder before it. A missed deadline climbs the policy's ladder, rung by rung, up to the leader;
after the last rung a reminder comes again and again. While carrier or customer have the ball the
owner's clock stands still, and they are the ones reminded. Nothing here ever ends with no next
step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from services.router.lifecycle import Issue
from shared.contracts.issue import State, Step
from shared.contracts.organisation import WORKING_DAY, Policy, Rung
from shared.worktime import WorkingHours


@dataclass(frozen=True, slots=True)
class Remind:
    """Remind the person whose step it is."""

    person_id: str
    before: bool = False
    """It is not late yet."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell somebody further up that it is still not done."""

    person_id: str


@dataclass(frozen=True, slots=True)
class Give:
    """Give the issue to somebody further up."""

    person_id: str


@dataclass(frozen=True, slots=True)
class Lapse:
    """The owner's yes counts no more: nothing has happened since."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """The time for which it was put off is over."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Carrier and customer say nothing in spite of reminders: the owner has it again."""


@dataclass(frozen=True, slots=True)
class Close:
    """Nobody objected in time."""


Deed = Remind | Tell | Give | Lapse | GoOn | TakeBack | Close

BEFORE = -1
"""The rung below the ladder: a reminder while there is time left."""
LEAST_NOTICE = timedelta(minutes=15)
"""A reminder nearer than this to the deadline helps nobody."""
REMINDERS_OF_A_WAIT = 2
"""So often carrier or customer are asked again, before the owner has to decide without them."""
TELL_AT_SLIPS = 2
"""A promised day that was broken and then moved, or one that was moved twice: the lead hears."""
GO_ON_AT_SLIPS = 4
"""From as much again on the leader hears."""
LOOK_AGAIN = timedelta(hours=1)
"""After what was due could not be done."""
LAST_CALL = WORKING_DAY
"""This long before a solved issue closes by itself the carrier hears so once more; with a
shorter time to confirm, what they heard with the solution is enough."""


def plan(issue: Issue, policy: Policy, hours: WorkingHours, now: datetime) -> Issue:
    """The issue with its next step, deadline and wake-up, after something happened to it.

    Deadlines for answer and solution count from the carrier's first word, whoever owned the issue
    since. Where one has passed already, a new owner still gets the time to say yes or no.
    """
    step, deadline = _deadline(issue, policy, hours, now)
    rung, wake = _first_look(issue, step, deadline, policy, hours, now)
    return replace(
        issue,
        next_step=step,
        next_step_at=deadline,
        wake_at=wake,
        step_number=issue.step_number + 1,
        rung=rung,
        taken_at=None,
        planned_at=now,
    )


def replan(issue: Issue, policy: Policy, hours: WorkingHours, now: datetime) -> Issue:
    """The same step by another policy. Its time runs from when it began, and what was late and
    is late still climbs on where it was, so that no correction buys anybody time.
    """
    if issue.waiting_for is not None or is_snoozed(issue, now):
        return issue
    steps = (issue.assigned_at, issue.acknowledged_at, issue.answered_at)
    began = max(at for at in steps if at is not None)
    planned = plan(issue, policy, hours, began)
    deadline = planned.next_step_at or now
    if planned.rung == BEFORE and planned.wake_at is not None and planned.wake_at <= now:
        late = hours.after(deadline, policy.ladder[0].after)
        planned = replace(planned, rung=0, wake_at=late)
    if issue.rung <= 0 or deadline > now:
        return replace(planned, next_step_at=max(deadline, now), planned_at=now)
    rung = min(issue.rung, len(policy.ladder) - 1)
    return replace(
        planned,
        next_step_at=issue.next_step_at,
        wake_at=issue.wake_at,
        rung=rung,
        planned_at=issue.planned_at,
    )


def is_snoozed(issue: Issue, now: datetime) -> bool:
    """Whether the owner has put it off beyond `now`."""
    return issue.snoozed_until is not None and issue.snoozed_until > now


def lapses_at(issue: Issue, policy: Policy, hours: WorkingHours) -> datetime | None:
    """When an owner's yes counts no more, if nothing happens until then. A promise is kept or
    broken on its own day."""
    if policy.lasts is None or issue.state is not State.ACKNOWLEDGED:
        return None
    acts = (issue.acknowledged_at, issue.acted_at, issue.answered_at)
    since = max(at for at in acts if at is not None)
    ends_at = hours.after(since, policy.lasts + timedelta(seconds=issue.stood_still_s))
    return max(ends_at, issue.promised_at or ends_at)


def _deadline(
    issue: Issue, policy: Policy, hours: WorkingHours, now: datetime
) -> tuple[Step, datetime]:
    match issue.state:
        case State.ASSIGNED | State.RECEIVED:
            in_time = hours.after(issue.assigned_at, policy.acknowledge_within)
            at_least = hours.after(now, policy.acknowledge_within)
            return Step.ACKNOWLEDGE, max(in_time, at_least)
        case State.ACKNOWLEDGED if issue.waiting_for is not None:
            since = issue.waiting_since or now
            if issue.snoozed_until is not None:
                return Step.WAIT, hours.next_open(issue.snoozed_until)
            return Step.WAIT, hours.after(since, policy.wait_within)
        case State.ACKNOWLEDGED:
            step, deadline = _owners_deadline(issue, policy, hours, now)
            if issue.snoozed_until is not None and issue.snoozed_until > now:
                return step, hours.next_open(issue.snoozed_until)
            return step, deadline
        case State.RESOLVED:
            return Step.CONFIRM, hours.after(issue.resolved_at or now, policy.confirm_within)
        case State.CLOSED:
            raise ValueError("a closed issue has no next step")
        case _:
            assert_never(issue.state)


def _owners_deadline(
    issue: Issue, policy: Policy, hours: WorkingHours, now: datetime
) -> tuple[Step, datetime]:
    """An answer or the solution, whichever is due first. Part of a problem is solved with it, and
    until then its carrier is kept in touch."""
    still = timedelta(seconds=issue.stood_still_s)
    at_least = hours.after(now, policy.acknowledge_within)
    if issue.answered_at is None:
        answer_by = hours.after(issue.raised_at, policy.answer_within + still)
    else:
        answer_by = hours.after(issue.answered_at, policy.keep_in_touch)
    answer_by = max(at_least, answer_by)
    if issue.parent_id is not None:
        return Step.ANSWER, answer_by
    solved_by = issue.promised_at or hours.after(issue.raised_at, policy.resolve_within + still)
    resolve_by = max(at_least, solved_by)
    if answer_by < resolve_by:
        return Step.ANSWER, answer_by
    return Step.RESOLVE, resolve_by


def _first_look(
    issue: Issue,
    step: Step,
    deadline: datetime,
    policy: Policy,
    hours: WorkingHours,
    now: datetime,
) -> tuple[int, datetime]:
    """The rung to begin with, and when."""
    if step is Step.CONFIRM:
        if policy.confirm_within <= LAST_CALL:
            return 1, max(now, deadline)
        called = hours.after(issue.resolved_at or now, policy.confirm_within - LAST_CALL)
        return 0, max(now, called)
    if step is Step.WAIT or is_snoozed(issue, now):
        return 0, deadline
    left = hours.between(now, deadline)
    notice = left * policy.remind_before
    if notice >= LEAST_NOTICE:
        return BEFORE, _no_later(hours.after(now, left - notice), issue, policy, hours, now)
    late = hours.after(deadline, policy.ladder[0].after)
    return 0, _no_later(late, issue, policy, hours, now)


def _no_later(
    wake: datetime, issue: Issue, policy: Policy, hours: WorkingHours, now: datetime
) -> datetime:
    """`wake`, or when the owner's yes lapses if that comes first."""
    lapse = lapses_at(issue, policy, hours)
    return wake if lapse is None else min(wake, max(lapse, now))


def due(
    issue: Issue,
    policy: Policy,
    hours: WorkingHours,
    now: datetime,
    *,
    lead_id: str | None,
    leader_id: str,
    named_id: str | None = None,
) -> Deed:
    """What to do now that the issue's wake-up has come; `named_id` is whom the rung names.

    Nobody is told what they did not do themselves: where the ladder points at the owner, the
    owner is reminded, and a leader who owns an issue is not reported to a lead. A lead who
    carries the issue, or who has declined what is to be given, is passed over for the leader, and
    so is everybody but the leader where the issue is confidential.
    """
    if issue.next_step is Step.CONFIRM:
        return Remind(issue.carrier_id) if issue.rung == 0 else Close()
    if issue.next_step is Step.WAIT:
        return Remind(issue.carrier_id) if issue.rung < REMINDERS_OF_A_WAIT else TakeBack()
    if issue.snoozed_until is not None:
        return GoOn()
    lapse = lapses_at(issue, policy, hours)
    if lapse is not None and lapse <= now:
        return Lapse()
    if issue.rung == BEFORE:
        return Remind(issue.owner_id, before=True)
    if issue.rung >= len(policy.ladder):
        return Remind(issue.owner_id)
    return _climbed(issue, policy.ladder[issue.rung], lead_id, leader_id, named_id)


def _climbed(
    issue: Issue, rung: Rung, lead_id: str | None, leader_id: str, named_id: str | None
) -> Deed:
    wanted = lead_id if rung.to == "lead" else named_id if rung.whom else None
    declined = issue.declined_by if rung.do == "give" else ()
    unfit = {issue.carrier_id, issue.reporter_id, *declined}
    passed_over = wanted in unfit or issue.confidential
    target = leader_id if wanted is None or passed_over else wanted
    if rung.do == "remind" or issue.owner_id in (target, leader_id):
        return Remind(issue.owner_id)
    return Tell(target) if rung.do == "tell" else Give(target)


def told_of_silence(
    issue: Issue,
    policy: Policy,
    hours: WorkingHours,
    now: datetime,
    *,
    lead_id: str | None,
    leader_id: str,
) -> str | None:
    """Who hears that an issue is put off although its carrier has had no word for longer than the
    policy lets: the lead, and where it goes on the leader. None where all is well, or nobody is
    left to hear. So nothing is put off for ever unseen.
    """
    within, heard_at = policy.keep_in_touch, issue.answered_at
    if heard_at is None:
        within = policy.answer_within + timedelta(seconds=issue.stood_still_s)
        heard_at = issue.raised_at
    silent = hours.between(heard_at, now)
    if silent <= within:
        return None
    goes_on = silent > within + policy.snooze_at_most
    return _further_up(issue, goes_on, lead_id, leader_id)


def told_of_promise(
    before: Issue, promised: Issue, *, who: str, lead_id: str | None, leader_id: str
) -> str | None:
    """Who hears that `who` has moved a promised day further away after it had passed, or for the
    second time: the lead, and where it goes on the leader. None where nobody need hear, or nobody
    is left to. So no new promise starts the ladder over unseen.
    """
    if promised.slips == before.slips or promised.slips < TELL_AT_SLIPS:
        return None
    told = _further_up(promised, promised.slips >= GO_ON_AT_SLIPS, lead_id, leader_id)
    return None if told == who else told


def _further_up(issue: Issue, goes_on: bool, lead_id: str | None, leader_id: str) -> str | None:
    """The lead, or the leader where it goes on or the lead can't be told. Nobody is told of what
    they own or carry, and of a leader's own nobody at all."""
    if issue.owner_id == leader_id:
        return None
    unfit = (None, issue.owner_id, issue.carrier_id, issue.reporter_id)
    to_leader = goes_on or issue.confidential or lead_id in unfit
    told = leader_id if to_leader else lead_id
    return None if told in unfit else told


def rung_of(issue: Issue, policy: Policy) -> Rung | None:
    """The step of the ladder that is due, if one is."""
    is_on_it = 0 <= issue.rung < len(policy.ladder)
    return policy.ladder[issue.rung] if is_on_it and issue.next_step is not Step.CONFIRM else None


def climb(issue: Issue, policy: Policy, hours: WorkingHours, now: datetime) -> Issue:
    """The same step, one rung further; counted from now, so that an outage brings one, not many."""
    rung, deadline = issue.rung + 1, issue.next_step_at or now
    if issue.next_step is Step.CONFIRM:
        wake = max(now, deadline)
    elif issue.next_step is Step.WAIT:
        wake = hours.after(now, policy.repeat)
    elif rung == 0:
        late = hours.after(deadline, policy.ladder[0].after)
        wake = _no_later(max(now, late), issue, policy, hours, now)
    else:
        pause = policy.ladder[rung].after if rung < len(policy.ladder) else policy.repeat
        wake = _no_later(hours.after(now, pause), issue, policy, hours, now)
    return replace(
        issue,
        rung=rung,
        wake_at=wake,
        next_step_at=deadline if deadline > now else max(deadline, wake),
        step_number=issue.step_number + 1,
        taken_at=None,
        planned_at=now,
    )


def move(issue: Issue, as_known: WorkingHours, hours: WorkingHours, now: datetime) -> Issue:
    """The same step with the working time that was left for it, now that chasing rests at other
    times than were known when it was planned.

    `as_known` is the working time as it was known then, pauses included.
    """
    planned_at = issue.planned_at or issue.changed_at

    def moved(at: datetime | None) -> datetime | None:
        if at is None or at <= planned_at:
            return at
        left, now_left = as_known.between(planned_at, at), hours.between(planned_at, at)
        return at if left == now_left else hours.after(planned_at, left)

    wake_at, next_step_at = moved(issue.wake_at), moved(issue.next_step_at)
    if (wake_at, next_step_at) == (issue.wake_at, issue.next_step_at):
        return issue
    return replace(
        issue,
        wake_at=wake_at,
        next_step_at=next_step_at,
        step_number=issue.step_number + 1,
        taken_at=None,
        planned_at=now,
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
