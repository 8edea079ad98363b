"""An issue stands still for a while: put off, promised for a day, or the ball is with others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.router import followup, lifecycle
from services.router.handlers.keep import (
    hours_of,
    keep,
    lead_of,
    leader_of,
    let_go,
    plan,
    policy_of,
)
from services.router.lifecycle import Issue
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import FURTHEST_PROMISE, Action, Refusal, Step
from shared.contracts.router import (
    EscalatedBecause,
    IssueEscalated,
    IssuePromised,
    IssueResumed,
    IssueSnoozed,
    IssueWaiting,
    ResumedBecause,
)


def unfit(issue: Issue, request: ActionRequested, desk: Desk) -> Refusal | None:
    """What is missing from a request to stand still or to go on, or can't be."""
    until = request.until
    match request.action:
        case Action.SNOOZE:
            if until is None or not (request.text or "").strip():
                return Refusal.INCOMPLETE
            return _unfit_end(issue, until, desk)
        case Action.WAIT:
            if request.waiting_for is None or not (request.text or "").strip():
                return Refusal.INCOMPLETE
            return _unfit_end(issue, until, desk) if until is not None else None
        case Action.PROMISE:
            if until is None:
                return Refusal.INCOMPLETE
            fits = desk.now < until <= desk.now + FURTHEST_PROMISE
            return None if fits else Refusal.BAD_DATE
        case _:
            rests = issue.waiting_for is not None or issue.snoozed_until is not None
            return None if rests else Refusal.NOT_NOW


def snooze(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Reminders rest until then, whatever the carrier says meanwhile; the clock runs on. Where the
    carrier has had no word for too long, somebody further up hears that it is put off all the same.
    An end on a day off is the next working day's beginning, and everybody reads so.
    """
    assert request.until is not None
    going_on = let_go(issue, desk)
    until = hours_of(going_on, desk).next_open(request.until)
    put_off = plan(lifecycle.snooze(going_on, until, desk.now), desk)
    how = {"actor_id": request.person_id, "text": request.text or ""}
    events: list[Event] = [keep(put_off, desk, IssueSnoozed, **how)]
    policy, hours = policy_of(put_off, desk), hours_of(put_off, desk)
    lead_id, leader_id = lead_of(put_off, desk), leader_of(put_off, desk)
    told = followup.told_of_silence(
        put_off, policy, hours, desk.now, lead_id=lead_id, leader_id=leader_id
    )
    if told is not None:
        late = {"step": Step.ANSWER, "person_id": told}
        events.append(keep(lifecycle.escalate(put_off), desk, IssueEscalated, **late))
    return events


def wait(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """The owner's clock stands still, and the carrier is asked. A question put anew goes on with
    the same wait. Its end is kept as that of a snooze is."""
    assert request.waiting_for is not None
    waiting = lifecycle.wait(issue, request.waiting_for, request.until, desk.now)
    if waiting.snoozed_until is not None:
        until = hours_of(waiting, desk).next_open(waiting.snoozed_until)
        waiting = replace(waiting, snoozed_until=until)
    how = {"actor_id": request.person_id, "text": request.text or ""}
    return [keep(plan(waiting, desk), desk, IssueWaiting, **how)]


def promise(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """The day by which it will be solved, in place of the policy's. Where days that were promised
    are moved again and again, or after they have passed, somebody further up hears."""
    assert request.until is not None
    who = request.person_id
    promised = plan(lifecycle.promise(issue, request.until, desk.now), desk)
    how = {"actor_id": who, "previously_at": issue.promised_at, "text": request.text}
    events: list[Event] = [keep(promised, desk, IssuePromised, **how)]
    lead_id, leader_id = lead_of(promised, desk), leader_of(promised, desk)
    told = followup.told_of_promise(issue, promised, who=who, lead_id=lead_id, leader_id=leader_id)
    if told is not None:
        late = {"step": Step.RESOLVE, "person_id": told, "because": EscalatedBecause.PROMISE}
        events.append(keep(lifecycle.escalate(promised), desk, IssueEscalated, **late))
    return events


def resume(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """It goes on, because owner or carrier say so."""
    return [go_on(issue, desk, ResumedBecause.ASKED, request.person_id, request.text)]


def heard(issue: Issue, desk: Desk, who: str) -> list[Event]:
    """The carrier, or a customer, has said more: if that was waited for, it goes on."""
    if issue.waiting_for is None:
        return []
    return [go_on(issue, desk, ResumedBecause.ANSWERED, who)]


def go_on(
    issue: Issue,
    desk: Desk,
    because: ResumedBecause,
    who: str | None = None,
    text: str | None = None,
) -> IssueResumed:
    """It is the owner's turn again."""
    resumed = plan(let_go(issue, desk), desk)
    event: IssueResumed = keep(
        resumed, desk, IssueResumed, actor_id=who, because=because, text=text
    )
    return event


def _unfit_end(issue: Issue, until: datetime, desk: Desk) -> Refusal | None:
    """Nothing is put off into the past, or beyond what the policy lets."""
    furthest = hours_of(issue, desk).after(desk.now, policy_of(issue, desk).snooze_at_most)
    return None if desk.now < until <= furthest else Refusal.BAD_DATE
