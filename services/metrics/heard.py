"""What Banso's own events say about load and isolation: facts, without any words.

An answer is what reaches the carrier in words of a human: an answer, also one "given elsewhere"; a
question to the carrier, or to the customer by way of the carrier; the day of the solution; solved,
also with the problem that it is part of.

An acknowledgement: the owner takes it, or puts it off for the first time, with a day that the
carrier knows.

Pushed away: a decline, and an owner's own hand-over. Not what the leader or the triage person
decides, a substitute, or a queue that drains: those bring a new owner.

Nothing: comments that are not for the carrier, corrections, a colleague asked for help; what is
said of an issue since it was merged, which counts where it was said; an import from an old
helpdesk. What Banso does by itself, such as reminding, escalating and closing, answers nobody.

What is taken back never happened, also where a machine had pressed a button.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from services.metrics.facts import Fact, Kind
from shared.contracts.event import Event
from shared.contracts.issue import AssignedBecause, Reasons, State, Urgency
from shared.contracts.router import (
    ChasingPaused,
    ChasingResumed,
    CompanionAssigned,
    CompanionReleased,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueDeclined,
    IssueEscalated,
    IssueEvent,
    IssueMerged,
    IssuePromised,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSeparated,
    IssueSnoozed,
    IssueUndone,
    IssueWaiting,
    OrganisationPublished,
    PersonAway,
    PersonBack,
)

_OPEN = frozenset({State.ASSIGNED, State.ACKNOWLEDGED})
SEVERITY = {Urgency.LOW: 0, Urgency.NORMAL: 1, Urgency.HIGH: 2}

_NOTHING: Mapping[str, Any] = {
    "text": "",
    "text_sha256": None,
    "html_sha256": None,
    "raw_sha256": None,
    "attachments": (),
    "customer": None,
    "reasons": Reasons(),
    "why": (),
    "concerned": (),
}

Key = tuple[float, str, int, str]
"""Time, issue, version, id: the order in which everything is folded."""


@dataclass(frozen=True, slots=True)
class Published:
    """The organisation is this one from now on."""

    revision: str


@dataclass(frozen=True, slots=True)
class Rest:
    """A time in which nobody is chased and nothing is owed; the same one again replaces it."""

    pause_id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Undone:
    """What these causes have led to never happened."""

    causes: tuple[str, ...]


What = Fact | Published | Rest | Undone


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to fold, in its place."""

    key: Key
    cause_id: str
    what: What
    until_s: float | None = None
    """Of something that stands still: when it goes on at the latest, as the carrier was told."""
    moves: int = 0
    """Of the issue: how often it has been pushed away, this time included."""


def entries(event: Event) -> list[Entry]:
    """What an event says, in the order in which it counts; nothing for what does not matter."""
    match event:
        case IssueUndone():
            return [_entry(event, Undone(event.requests), event.issue_id, event.issue.version)]
        case IssueEvent():
            return [
                _entry(event, fact, event.issue_id, event.issue.version, nth, until_s)
                for nth, (fact, until_s) in enumerate(_of_issue(event))
            ]
        case OrganisationPublished():
            revision = event.organisation.revision
            return [published(event.event_id, event.occurred_at, revision)]
        case ChasingPaused() | ChasingResumed() if not event.refused:
            return [_entry(event, Rest(event.pause_id, event.starts_at, event.ends_at))]
        case PersonAway():
            return [_entry(event, _fact(event, Kind.ABSENCE_STARTED, event.person_id))]
        case PersonBack():
            return [_entry(event, _fact(event, Kind.ABSENCE_ENDED, event.person_id))]
        case CompanionAssigned(companion_id=str(companion_id)):
            kind = Kind.COMPANION_ASSIGNED
            return [_entry(event, _fact(event, kind, companion_id, event.carrier_id))]
        case CompanionReleased(companion_id=str(companion_id)):
            kind = Kind.COMPANION_RELEASED
            return [_entry(event, _fact(event, kind, companion_id, event.carrier_id))]
        case _:
            return []


def published(event_id: str, at: datetime, revision: str) -> Entry:
    """The entry of an organisation that was published."""
    return Entry((at.timestamp(), "", 0, f"{event_id}/0"), "", Published(revision))


def without_words(event: Event) -> bytes:
    """The event's message without what people wrote: no figure needs it."""
    update: dict[str, Any] = {
        name: nothing for name, nothing in _NOTHING.items() if name in type(event).model_fields
    }
    if isinstance(event, IssueEvent):
        update["issue"] = event.issue.model_copy(update={"summary": ""})
    return event.model_copy(update=update).to_message(event.event_id, event.cause_id)


def _entry(
    event: Event,
    what: What,
    issue: str = "",
    version: int = 0,
    nth: int = 0,
    until_s: float | None = None,
) -> Entry:
    at_s, fact_id = event.occurred_at.timestamp(), f"{event.event_id}/{nth}"
    if isinstance(what, Fact):
        at_s, what = what.at_s, replace(what, id=fact_id)
    moves = event.issue.moves if isinstance(event, IssueEvent) else 0
    return Entry((at_s, issue, version, fact_id), event.cause_id, what, until_s, moves)


def _fact(event: Event, kind: Kind, person: str, raiser: str = "") -> Fact:
    return Fact(event.occurred_at.timestamp(), kind, "", person=person, raiser=raiser)


def _of_issue(event: IssueEvent) -> Iterator[tuple[Fact, float | None]]:
    """Facts about the issue, and until when each lets it stand still."""
    issue, actor = event.issue, event.actor_id or ""
    fact = partial(
        Fact,
        event.occurred_at.timestamp(),
        id="",
        issue=event.issue_id,
        raiser=issue.carrier_id,
        owner=issue.owner_id,
        team=issue.team_id or "",
        severity=SEVERITY[issue.urgency],
        version=issue.version,
    )
    if isinstance(event, IssueMerged):
        yield fact(kind=Kind.MERGED, person=actor), None
    if issue.merged_into is not None:
        return
    match event:
        case IssueAssigned():
            if issue.version == 1:
                raised = fact(kind=Kind.RAISED, person=issue.reporter_id)
                yield replace(raised, at_s=issue.raised_at.timestamp()), None
            kind = Kind.REASSIGNED if _pushes_away(event) else Kind.ASSIGNED
            yield fact(kind=kind, person=actor), None
            yield _pause(event, fact)
        case IssueAcknowledged():
            yield fact(kind=Kind.ACKNOWLEDGED, person=actor), None
        case IssueDeclined():
            yield fact(kind=Kind.DECLINED, person=actor), None
        case IssueResponded():
            yield fact(kind=Kind.COMMENTED, person=actor), None
        case IssueWaiting():
            yield fact(kind=Kind.COMMENTED, person=actor), None
            yield _pause(event, fact)
        case IssueSnoozed():
            if issue.acknowledged_at == event.occurred_at:
                yield fact(kind=Kind.ACKNOWLEDGED, person=actor), None
            yield _pause(event, fact)
        case IssuePromised():
            yield fact(kind=Kind.COMMENTED, person=actor), None
            yield (fact(kind=Kind.RESUMED), None) if _slips(event) else _pause(event, fact)
        case IssueResumed():
            yield _pause(event, fact)
        case IssueReminded() if event.person_id == issue.owner_id:
            yield fact(kind=Kind.REMINDED), None
        case IssueEscalated():
            yield fact(kind=Kind.ESCALATED), None
        case IssueResolved():
            yield fact(kind=Kind.RESOLVED, person=actor), None
        case IssueClosed():
            yield fact(kind=Kind.CLOSED, person=actor), None
        case IssueReopened():
            yield fact(kind=Kind.REOPENED, person=actor), None
        case IssueSeparated() if issue.assigned_at == event.occurred_at:
            yield fact(kind=Kind.REOPENED), None  # it was merged, and has its owner again
        case _:
            pass


def _pushes_away(event: IssueAssigned) -> bool:
    """Whether somebody has handed it on; whose word that is, a leader's for instance, only the
    organisation of then can tell. A decline is a fact of its own, with what follows from it."""
    return event.because is AssignedBecause.HANDED_OVER and event.actor_id is not None


def _pause(event: IssueEvent, fact: partial[Fact]) -> tuple[Fact, float | None]:
    """Whether the issue stands still from now on, and until when: with carrier or customer until
    that is over, put off or promised until the day that the carrier knows."""
    issue = event.issue
    if issue.waiting_for is not None:
        return fact(kind=Kind.WAITING), None
    told = [at for at in (issue.snoozed_until, issue.promised_at) if at and at > event.occurred_at]
    if told and issue.state in _OPEN:
        return fact(kind=Kind.WAITING), max(told).timestamp()
    return fact(kind=Kind.RESUMED), None


def _slips(event: IssuePromised) -> bool:
    before, now = event.previously_at, event.issue.promised_at
    return before is not None and now is not None and now > before
