"""Who hears of what, and why: the one table. Nobody is told of their own act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.event import Event
from shared.contracts.intake import STRANGER
from shared.contracts.issue import AssignedBecause, Snapshot, Source, Standing, State, Step
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    ActionRefused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueEscalated,
    IssueEvent,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    Voice,
)

SHOWN_AT_ONCE = timedelta(seconds=10)
"""A refusal that came this quickly stood on the page on which it was asked."""

CALLS_TO_ACT = frozenset({Reason.YOURS, Reason.REMINDER, Reason.REOPENED, Reason.SOLVED})
"""What is void once the assignment that it belongs to is over."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told, for a reason."""

    person_id: str
    relation: Relation
    reason: Reason


def audience(event: Event, organisation: Organisation) -> list[Notice]:
    """Everybody who hears of this event, each once: the first reason that fits. Whoever has left
    the organisation can't be told anything."""
    actor = _actor(event)
    told: dict[str, Notice] = {}
    for notice in _candidates(event, organisation):
        is_there = notice.person_id in organisation.person or _is_outside(notice.person_id)
        if is_there and (notice.person_id != actor or notice.reason is Reason.STILL_CLOSED):
            told.setdefault(notice.person_id, notice)
    return list(told.values())


def _is_outside(person_id: str) -> bool:
    """Whether it is somebody who wrote to us, and never belonged to the organisation."""
    return person_id.startswith(STRANGER)


def _actor(event: Event) -> str | None:
    """Who did it and so knows of it. Nobody knows of what is only said in their name."""
    match event:
        case IssueCommented(standing=Standing.THREADED | Standing.DOUBTED, voice=Voice.OTHER):
            return None
        case IssueResponded(elsewhere=True):
            return event.said_by_id
        case IssueEvent():
            return event.actor_id
        case _:
            return None


def _candidates(event: Event, organisation: Organisation) -> Iterator[Notice]:
    match event:
        case IssueAssigned():
            yield from _assigned(event, organisation)
        case IssueAcknowledged():
            yield from _waiting(event.issue, Reason.TAKEN)
        case IssueResponded(elsewhere=True):
            yield Notice(event.issue.owner_id, Relation.OWNER, Reason.ANSWERED_ELSEWHERE)
            heard = (*_waiting(event.issue, Reason.ANSWER), *_copied(event.issue, Reason.ANSWER))
            yield from (one for one in heard if one.person_id in organisation.person)
        case IssueResponded():
            yield from _waiting(event.issue, Reason.ANSWER)
            yield from _copied(event.issue, Reason.ANSWER)
        case IssueCommented(quiet=False):
            yield from _commented(event, organisation)
        case IssueCorrected():
            yield Notice(event.issue.owner_id, Relation.OWNER, Reason.CORRECTED)
            if event.actor_id == event.issue.owner_id:
                yield Notice(event.issue.carrier_id, Relation.CARRIER, Reason.CORRECTED)
        case IssueResolved():
            yield from _waiting(event.issue, Reason.SOLVED)
            yield from _copied(event.issue, Reason.SOLVED)
        case IssueReminded():
            relation = Relation.CARRIER if event.step == Step.CONFIRM else Relation.OWNER
            yield Notice(event.person_id, relation, Reason.REMINDER)
        case IssueEscalated(gives=False):
            leads = event.person_id == organisation.leader
            relation = Relation.LEADER if leads else Relation.LEAD
            if leads or not event.issue.confidential:
                yield Notice(event.person_id, relation, Reason.ESCALATION)
        case IssueClosed():
            if event.withdrawn:
                yield Notice(event.issue.owner_id, Relation.OWNER, Reason.WITHDRAWN)
            elif event.confirmed:
                yield Notice(event.issue.owner_id, Relation.OWNER, Reason.CONFIRMED)
            yield from _waiting(event.issue, Reason.CLOSED)
            yield from _copied(event.issue, Reason.CLOSED)
        case IssueReopened():
            yield Notice(event.issue.owner_id, Relation.OWNER, Reason.REOPENED)
        case ActionRefused() if (
            event.source is Source.EMAIL or event.occurred_at - event.requested_at > SHOWN_AT_ONCE
        ):
            yield Notice(event.person_id, Relation.REQUESTER, Reason.REFUSED)
        case _:
            pass  # the assignment that follows a decline tells all that there is to tell


def _assigned(event: IssueAssigned, organisation: Organisation) -> Iterator[Notice]:
    """A new issue is confirmed to its reporter; later owners are told to people inside only."""
    issue = event.issue
    yield Notice(issue.owner_id, Relation.OWNER, Reason.YOURS)
    if event.because in (AssignedBecause.NEW, AssignedBecause.UNROUTABLE):
        yield from _waiting(issue, Reason.RECEIVED)
        yield from _copied(issue, Reason.COPIED)
        return
    yield Notice(issue.carrier_id, Relation.CARRIER, Reason.NEW_OWNER)
    if issue.reporter_id in organisation.person:
        yield Notice(issue.reporter_id, Relation.REPORTER, Reason.NEW_OWNER)
    if event.previous_owner_id in organisation.person:
        former = str(event.previous_owner_id)
        yield Notice(former, Relation.FORMER_OWNER, Reason.NO_LONGER_YOURS)


def _waiting(issue: Snapshot, reason: Reason) -> Iterator[Notice]:
    """Whoever wrote, and whoever carries it."""
    yield Notice(issue.carrier_id, Relation.CARRIER, reason)
    yield Notice(issue.reporter_id, Relation.REPORTER, reason)


def _copied(issue: Snapshot, reason: Reason) -> Iterator[Notice]:
    """Whoever is on copy."""
    for person_id in issue.follower_ids:
        yield Notice(person_id, Relation.FOLLOWER, reason)


def _commented(event: IssueCommented, organisation: Organisation) -> Iterator[Notice]:
    """The owner, or the leader where an old issue's has left; and a carrier who writes about what
    is over hears how to open it again."""
    issue, carries = event.issue, event.voice is Voice.CARRIER
    reason = Reason.COMMENT if carries else Reason.LOOK
    yield Notice(issue.owner_id, Relation.OWNER, reason)
    if issue.owner_id not in organisation.person:
        yield Notice(organisation.leader, Relation.LEADER, reason)
    if carries and event.actor_id and issue.state in (State.RESOLVED, State.CLOSED):
        is_carrier = event.actor_id == issue.carrier_id
        relation = Relation.CARRIER if is_carrier else Relation.REPORTER
        yield Notice(event.actor_id, relation, Reason.STILL_CLOSED)
