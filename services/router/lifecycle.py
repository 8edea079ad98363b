"""What may happen to an issue, who may do it, and what the issue is like afterwards.

Pure: an issue and a wish in, an issue or a refusal out. Times and owners are decided elsewhere
(`followup`, `assignment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.contracts.issue import Action, Refusal, Snapshot, Source, State, Step, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as the router keeps it: one row, in the order of the table's columns."""

    issue_id: str
    reference: str
    version: int
    state: State
    summary: str
    urgency: Urgency
    source: Source
    language: str
    product: str | None
    category: str | None
    cause: str | None
    reporter_id: str
    carrier_id: str
    owner_id: str
    team_id: str | None
    assignment: int
    raised_at: datetime
    changed_at: datetime
    """When it last changed: no fact about it is ever dated before that."""
    assigned_at: datetime
    acknowledged_at: datetime | None
    answered_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    needed_by: datetime | None
    next_step: Step | None
    next_step_at: datetime | None
    """What the people are told: the deadline, or when Banso acts next if that has passed."""
    wake_at: datetime | None
    """When Banso acts in its own name: at the deadline, or when work starts again after it."""
    step_number: int
    """Counts the plans; a wake-up for an older one is void."""
    rung: int
    """How far the current step's ladder has been climbed."""
    moves: int
    reminders: int
    declined_by: list[str]
    revision: str
    taken_at: datetime | None = None
    """When the tick last said that it is due."""


class Role(StrEnum):
    """Who may ask for something."""

    OWNER = "owner"
    LEADER = "leader"
    CARRIER = "carrier"
    """The reporter too."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """In which states an action makes sense, and for whom."""

    states: frozenset[State]
    roles: frozenset[Role]
    done: State | None = None
    """Asking again in this state changes nothing and is no mistake."""


_OPEN = frozenset({State.ASSIGNED, State.ACKNOWLEDGED})

ALLOWED: Mapping[Action, Allowed] = {
    Action.ACKNOWLEDGE: Allowed(
        frozenset({State.ASSIGNED}), frozenset({Role.OWNER}), State.ACKNOWLEDGED
    ),
    Action.DECLINE: Allowed(_OPEN, frozenset({Role.OWNER})),
    Action.HAND_OVER: Allowed(_OPEN, frozenset({Role.OWNER, Role.LEADER})),
    Action.ANSWER: Allowed(_OPEN, frozenset({Role.OWNER, Role.LEADER})),
    Action.RESOLVE: Allowed(_OPEN, frozenset({Role.OWNER}), State.RESOLVED),
    Action.CONFIRM: Allowed(frozenset({State.RESOLVED}), frozenset({Role.CARRIER}), State.CLOSED),
    Action.REOPEN: Allowed(frozenset({State.RESOLVED, State.CLOSED}), frozenset({Role.CARRIER})),
}


def roles(issue: Issue, person_id: str, leader_id: str) -> frozenset[Role]:
    """How a person stands to an issue."""
    holds = {
        Role.OWNER: person_id == issue.owner_id,
        Role.LEADER: person_id == leader_id,
        Role.CARRIER: person_id in (issue.carrier_id, issue.reporter_id),
    }
    return frozenset(role for role, held in holds.items() if held)


def refusal(
    issue: Issue, action: Action, person_id: str, assignment: int | None, leader_id: str
) -> Refusal | None:
    """Why this person may not do this now, or None. A link of an earlier assignment is void."""
    allowed = ALLOWED[action]
    if assignment is not None and assignment != issue.assignment:
        return Refusal.OVERTAKEN
    if not allowed.roles & roles(issue, person_id, leader_id):
        return Refusal.NOT_YOURS
    if issue.state not in allowed.states:
        return Refusal.NOT_NOW
    return None


def is_done(issue: Issue, action: Action, person_id: str, assignment: int | None) -> bool:
    """Whether the same person's wish has been fulfilled already, as after a double click."""
    allowed = ALLOWED[action]
    same = assignment is None or assignment == issue.assignment
    owners = {issue.owner_id}
    asks = owners if Role.OWNER in allowed.roles else {issue.carrier_id, issue.reporter_id}
    return same and issue.state == allowed.done and person_id in asks


def assign(issue: Issue, owner_id: str, team_id: str | None, now: datetime) -> Issue:
    """A new owner, who has not said yes or no yet."""
    return replace(
        issue,
        version=issue.version + 1,
        state=State.ASSIGNED,
        owner_id=owner_id,
        team_id=team_id,
        assignment=issue.assignment + 1,
        assigned_at=now,
        acknowledged_at=None,
    )


def decline(issue: Issue) -> Issue:
    """The owner says "not mine"; `assign` follows."""
    return replace(
        issue,
        version=issue.version + 1,
        moves=issue.moves + 1,
        declined_by=[*issue.declined_by, issue.owner_id],
    )


def acknowledge(issue: Issue, now: datetime) -> Issue:
    """The owner has taken it."""
    return replace(_taken(issue, now), version=issue.version + 1)


def _taken(issue: Issue, now: datetime) -> Issue:
    if issue.state == State.ACKNOWLEDGED:
        return issue
    return replace(issue, state=State.ACKNOWLEDGED, acknowledged_at=now)


def answer(issue: Issue, person_id: str, now: datetime) -> Issue:
    """A person's words have reached the carrier. An owner who answers has taken the issue, too."""
    taken = issue if person_id != issue.owner_id else _taken(issue, now)
    return replace(taken, version=issue.version + 1, answered_at=now)


def resolve(issue: Issue, cause: str, now: datetime) -> Issue:
    """The owner says that it is solved."""
    return replace(
        issue,
        version=issue.version + 1,
        state=State.RESOLVED,
        acknowledged_at=issue.acknowledged_at or now,
        cause=cause,
        resolved_at=now,
    )


def close(issue: Issue, now: datetime) -> Issue:
    """It is over, and nothing more is due."""
    return replace(
        issue,
        version=issue.version + 1,
        state=State.CLOSED,
        closed_at=now,
        next_step=None,
        next_step_at=None,
        wake_at=None,
        step_number=issue.step_number + 1,
    )


def reopen(issue: Issue, now: datetime) -> Issue:
    """It is not solved: back to its owner, and old links are void."""
    return replace(
        assign(issue, issue.owner_id, issue.team_id, now),
        cause=None,
        resolved_at=None,
        closed_at=None,
    )


def remind(issue: Issue) -> Issue:
    """Banso has reminded somebody; the carrier sees how often."""
    return replace(issue, version=issue.version + 1, reminders=issue.reminders + 1)


def escalate(issue: Issue) -> Issue:
    """Banso has told somebody further up."""
    return replace(issue, version=issue.version + 1)


def snapshot(issue: Issue) -> Snapshot:
    """The issue as the others hear it."""
    return Snapshot.model_construct(
        reference=issue.reference,
        version=issue.version,
        state=issue.state,
        summary=issue.summary,
        urgency=issue.urgency,
        source=issue.source,
        language=issue.language,
        product=issue.product,
        category=issue.category,
        cause=issue.cause,
        reporter_id=issue.reporter_id,
        carrier_id=issue.carrier_id,
        owner_id=issue.owner_id,
        team_id=issue.team_id,
        assignment=issue.assignment,
        raised_at=issue.raised_at,
        assigned_at=issue.assigned_at,
        acknowledged_at=issue.acknowledged_at,
        answered_at=issue.answered_at,
        resolved_at=issue.resolved_at,
        closed_at=issue.closed_at,
        needed_by=issue.needed_by,
        next_step=issue.next_step,
        next_step_at=issue.next_step_at,
        moves=issue.moves,
        reminders=issue.reminders,
        organisation_revision=issue.revision,
    )
