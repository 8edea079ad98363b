"""When a mail goes: at once, or together with others; and what is out of date by then.

What a person does is told at once. What Banso does by itself, at its own time or to many issues at
a stroke, waits a moment for company, so that nobody is flooded after a disaster, an absence or an
outage: everything for one person goes as one mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.event import Event
from shared.contracts.issue import AssignedBecause, Snapshot, State, Step, UndoneBecause, Urgency
from shared.contracts.notifier import Reason
from shared.contracts.router import (
    IssueAssigned,
    IssueClosed,
    IssueEscalated,
    IssueEvent,
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
)

GATHER = timedelta(seconds=30)
"""How long the first one waits for others: what is due together is said within a few seconds, and
nobody misses half a minute of a reminder that took hours to come due."""
APART = timedelta(minutes=15)
"""How long after one such mail the next one to the same person goes: four an hour at most."""
APART_IF_URGENT = timedelta(minutes=5)
"""The same where something urgent is among it: twelve an hour at most."""

GATHERED = frozenset({Reason.RECEIPT})
"""Reasons that wait for company whatever happened: whoever clicks through their issues would get
one for each, and until then it is known whether a machine did."""
_MOVED_AT_A_STROKE = frozenset(
    {
        AssignedBecause.ABSENCE,
        AssignedBecause.RETURNED,
        AssignedBecause.LEFT,
        AssignedBecause.DRAINED,
    }
)
_URGENCIES = (Urgency.HIGH, Urgency.NORMAL, Urgency.LOW)


@dataclass(frozen=True, slots=True)
class Now:
    """How an issue stands by now, as far as it matters for what is still to be told."""

    assignment: int
    state: State
    next_step: Step | None
    next_step_at: datetime | None
    undone: frozenset[str] = frozenset()
    """Ids of the requests that were lately taken back."""


def gathers(event: Event) -> bool:
    """Whether news of this wait for company. What a machine has pressed on one issue it soon
    presses on many."""
    match event:
        case IssueUndone():
            return event.because is not UndoneBecause.ASKED
        case IssueAssigned(because=AssignedBecause.LEADER):
            return event.actor_id is None
        case IssueAssigned():
            return event.because in _MOVED_AT_A_STROKE
        case IssueReminded() | IssueEscalated() | IssueLapsed() | PersonAway() | PersonBack():
            return True
        case IssueResponded() | IssueResolved() | IssueReopened():
            return event.shared_from is not None
        case IssueClosed(shared_from=None) | IssueResumed() | IssueSeparated():
            return event.actor_id is None
        case IssueClosed():
            return True
        case _:
            return False


def goes_at(
    now: datetime, *, urgent: bool, last_at: datetime | None, open_until: datetime | None
) -> datetime:
    """When what is gathered for a person goes, with this one among it.

    `last_at`: when the last such mail went; `open_until`: when what is gathered already goes.
    """
    at = now + GATHER
    if last_at is not None:
        at = max(at, last_at + (APART_IF_URGENT if urgent else APART))
    return at if open_until is None else min(at, open_until)


def is_urgent(event: Event) -> bool:
    """Whether it is about something urgent."""
    return isinstance(event, IssueEvent) and event.issue.urgency is Urgency.HIGH


def rank(event: Event) -> tuple[int, int, datetime]:
    """Sorts what goes together: what is about no single issue, then the most urgent, and of those
    what is due first."""
    if not isinstance(event, IssueEvent):
        return (0, 0, event.occurred_at)
    issue = event.issue
    return (1, _URGENCIES.index(issue.urgency), issue.next_step_at or issue.raised_at)


def is_overtaken(reason: Reason, event: Event, now: Now) -> bool:
    """Whether there is no sense in telling this any more: what it asks for is done, or is
    somebody else's by now, or something newer says it better."""
    if not isinstance(event, IssueEvent):
        return False
    if event.cause_id in now.undone and not isinstance(event, IssueUndone):
        return True
    then, moved = event.issue, now.assignment > event.issue.assignment
    match reason:
        case Reason.REMINDER | Reason.ESCALATION | Reason.LAPSED:
            return moved or not _is_the_same_step(then, now)
        case Reason.YOURS:
            return moved or now.state is State.CLOSED
        case Reason.REOPENED | Reason.SOLVED:
            return moved
        case Reason.ASKED:
            return moved or now.next_step is not Step.WAIT
        case Reason.HELP:
            return now.state is State.CLOSED
        case _:
            return False


def _is_the_same_step(then: Snapshot, now: Now) -> bool:
    """Whether the same person still owes the same, since the same time."""
    was = (then.state, then.next_step, then.next_step_at)
    return was == (now.state, now.next_step, now.next_step_at)
