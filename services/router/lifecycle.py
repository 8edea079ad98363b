"""What may happen to an issue, who may do it, and what the issue is like afterwards.

Pure: an issue and a wish in, an issue or a refusal out. Times and owners are decided elsewhere
(`followup`, `assignment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum

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

MOST_REOPENINGS_BY_MAIL = 3
"""By one person within `REOPENINGS_COUNT`: two machines that answer each other stop here."""
REOPENINGS_COUNT = timedelta(hours=24)
TAKES_BACK_WITHIN = timedelta(minutes=10)
"""Whoever reopens so soon after the closing takes back a click and complains of nothing."""
TELL_AT_REOPENING = 2
"""From so many reopenings on the team's lead hears of it, or the leader."""
GIVE_AT_REOPENING = 3
"""From so many reopenings on the leader has it."""


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
    confidential: bool = False
    follower_ids: list[str] = field(default_factory=list)
    customer: str | None = None
    reopened_by_mail: dict[str, list[str]] = field(default_factory=dict)
    """By person, when they lately had it reopened by mail (ISO 8601)."""
    helper_ids: list[str] = field(default_factory=list)
    waiting_for: WaitingFor | None = None
    waiting_since: datetime | None = None
    stood_still_s: int = 0
    """Working time, in the owner's calendar, for which the clock has stood still so far."""
    snoozed_until: datetime | None = None
    promised_at: datetime | None = None
    merged_into: str | None = None
    parent_id: str | None = None
    reopenings: int = 0
    queued: bool = False
    """Nobody was free: it is drained to the first of the team who is."""
    lent_by: str | None = None
    """Who is away, and gets it back."""
    acted_at: datetime | None = None
    """When the owner last did or said something about it."""
    policy: str | None = None
    """Name of its policy; None for the urgency's own."""
    triage: bool = False
    planned_at: datetime | None = None
    """When next step and wake-up were set: what was known then of pauses counted for them."""


class Role(StrEnum):
    """Who may ask for something."""

    OWNER = "owner"
    """Has it now."""
    LEADER = "leader"
    """The last resort of the organisation."""
    CARRIER = "carrier"
    """The reporter too."""
    HELPER = "helper"
    """Whom an owner has asked for help."""
    OTHER_OWNER = "other_owner"
    """The owner of the issue with which this one belongs together, or shall."""
    COLLEAGUE = "colleague"
    """Anybody of the organisation who may see it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """In which states an action makes sense, and for whom."""

    states: frozenset[State]
    roles: frozenset[Role]
    done: State | None = None
    """Asking again in this state changes nothing and is no mistake."""


OPEN = frozenset({State.ASSIGNED, State.ACKNOWLEDGED})
"""Somebody has it, and it is not solved."""
_UNPROVEN_MAY = frozenset({Action.ACKNOWLEDGE, Action.ANSWER})
"""What costs little where the sender was forged after all, and can be seen by the real one."""

ALLOWED: Mapping[Action, Allowed] = {
    Action.ACKNOWLEDGE: Allowed(
        frozenset({State.ASSIGNED}), frozenset({Role.OWNER}), State.ACKNOWLEDGED
    ),
    Action.DECLINE: Allowed(OPEN, frozenset({Role.OWNER})),
    Action.HAND_OVER: Allowed(OPEN, frozenset({Role.OWNER, Role.LEADER})),
    Action.ANSWER: Allowed(OPEN, frozenset({Role.OWNER, Role.LEADER, Role.HELPER})),
    Action.RESOLVE: Allowed(OPEN, frozenset({Role.OWNER}), State.RESOLVED),
    Action.CONFIRM: Allowed(frozenset({State.RESOLVED}), frozenset({Role.CARRIER}), State.CLOSED),
    Action.REOPEN: Allowed(frozenset({State.RESOLVED, State.CLOSED}), frozenset({Role.CARRIER})),
    Action.CORRECT: Allowed(OPEN, frozenset({Role.OWNER, Role.CARRIER})),
    Action.WITHDRAW: Allowed(OPEN | {State.RESOLVED}, frozenset({Role.CARRIER}), State.CLOSED),
    Action.ANSWERED_ELSEWHERE: Allowed(OPEN, frozenset({Role.CARRIER})),
    Action.SNOOZE: Allowed(OPEN, frozenset({Role.OWNER})),
    Action.WAIT: Allowed(OPEN, frozenset({Role.OWNER})),
    Action.RESUME: Allowed(OPEN, frozenset({Role.OWNER, Role.LEADER, Role.CARRIER})),
    Action.PROMISE: Allowed(OPEN, frozenset({Role.OWNER, Role.LEADER})),
    Action.TAKE: Allowed(OPEN, frozenset({Role.COLLEAGUE}), State.ACKNOWLEDGED),
    Action.ASK: Allowed(OPEN, frozenset({Role.OWNER, Role.LEADER})),
    Action.MERGE: Allowed(
        OPEN, frozenset({Role.OWNER, Role.LEADER, Role.CARRIER, Role.OTHER_OWNER}), State.CLOSED
    ),
    Action.LINK: Allowed(OPEN, frozenset({Role.OWNER, Role.LEADER, Role.OTHER_OWNER})),
    Action.SEPARATE: Allowed(
        OPEN | {State.CLOSED},
        frozenset({Role.OWNER, Role.LEADER, Role.CARRIER, Role.OTHER_OWNER}),
    ),
}
_FOR_PEOPLE_INSIDE = frozenset({Action.MERGE, Action.LINK, Action.SEPARATE})
"""What belongs together, of which nobody outside is told."""
_OUTLIVES_ITS_ASSIGNMENT = frozenset({Action.TAKE, Action.SEPARATE})
"""What brings a new assignment: a second click comes with the link of the one before."""


class Meaning(Enum):
    """What somebody's words about an issue are."""

    ANSWER = "answer"
    """For the carrier."""
    MORE = "more"
    """The carrier's own, or of whoever brought it in."""
    TO_LOOK_AT = "to look at"
    """Anybody else's, or of somebody whom nothing vouches for."""


def concerned(issue: Issue, leader_id: str) -> frozenset[str]:
    """Whom an issue was told to: nobody else may know of a confidential one."""
    people = {issue.reporter_id, issue.carrier_id, issue.owner_id, leader_id}
    return frozenset(people).union(issue.follower_ids, issue.helper_ids)


def may_know(issue: Issue, person_id: str, leader_id: str) -> bool:
    """Whether somebody may hear of an issue."""
    return not issue.confidential or person_id in concerned(issue, leader_id)


def roles(
    issue: Issue,
    person_id: str,
    leader_id: str,
    *,
    inside: bool = False,
    other: Issue | None = None,
) -> frozenset[Role]:
    """How a person stands to an issue; `inside` where they belong to the organisation, `other`
    with which it belongs together, or shall."""
    holds = {
        Role.OWNER: person_id == issue.owner_id,
        Role.LEADER: person_id == leader_id,
        Role.CARRIER: person_id in (issue.carrier_id, issue.reporter_id),
        Role.HELPER: person_id in issue.helper_ids,
        Role.OTHER_OWNER: other is not None and person_id == other.owner_id,
        Role.COLLEAGUE: inside and may_know(issue, person_id, leader_id),
    }
    return frozenset(role for role, held in holds.items() if held)


def refusal(
    issue: Issue,
    action: Action,
    person_id: str,
    assignment: int | None,
    leader_id: str,
    *,
    inside: bool = False,
    other: Issue | None = None,
) -> Refusal | None:
    """Why this person may not do this now, or None. A link of an earlier assignment is void."""
    allowed = ALLOWED[action]
    if assignment is not None and assignment != issue.assignment:
        return Refusal.OVERTAKEN
    if not allowed.roles & roles(issue, person_id, leader_id, inside=inside, other=other):
        return Refusal.NOT_YOURS
    if action in _FOR_PEOPLE_INSIDE and not inside:
        return Refusal.NOT_YOURS
    if issue.state not in allowed.states:
        return Refusal.NOT_NOW
    if action is Action.SEPARATE and not is_joined(issue):
        return Refusal.NOT_NOW
    return None


def is_done(
    issue: Issue,
    action: Action,
    person_id: str,
    assignment: int | None,
    leader_id: str = "",
    other: Issue | None = None,
) -> bool:
    """Whether the same person's wish has been fulfilled already, as after a double click."""
    same = assignment is None or assignment == issue.assignment
    if not same and action not in _OUTLIVES_ITS_ASSIGNMENT:
        return False
    allowed, held = ALLOWED[action], roles(issue, person_id, leader_id, other=other)
    other_id = other.issue_id if other is not None else None
    match action:
        case Action.TAKE:
            return issue.state is State.ACKNOWLEDGED and Role.OWNER in held
        case Action.MERGE:
            fulfilled = other_id is not None and issue.merged_into == other_id
        case Action.LINK:
            fulfilled = other_id is not None and issue.parent_id == other_id
        case Action.SEPARATE:
            fulfilled = issue.state in OPEN and not is_joined(issue)
        case _:
            fulfilled = issue.state == allowed.done
    return fulfilled and bool(held & allowed.roles)


def is_joined(issue: Issue) -> bool:
    """Whether it is the same as another issue, or an open part of a problem."""
    return issue.merged_into is not None or (issue.parent_id is not None and issue.state in OPEN)


def unjoinable(issue: Issue, other: Issue | None, person_id: str, leader_id: str) -> Refusal | None:
    """Why two issues can't be brought together by this person, who is inside, or None.

    Nobody hears by it of what is confidential. What is over takes up nothing: its new carrier
    would wait for ever.
    """
    if other is None or other.issue_id == issue.issue_id or other.parent_id == issue.issue_id:
        return Refusal.NO_SUCH_ISSUE
    if not (may_join(issue, other, leader_id) and may_know(other, person_id, leader_id)):
        return Refusal.NO_SUCH_ISSUE
    deciders = {issue.owner_id, other.owner_id, leader_id}
    if person_id not in deciders and person_id not in (other.carrier_id, other.reporter_id):
        return Refusal.NOT_YOURS
    return None if other.state in OPEN else Refusal.NOT_NOW


def may_join(issue: Issue, other: Issue, leader_id: str) -> bool:
    """Whether everybody concerned with either may know of the other."""
    return all(
        may_know(one, person_id, leader_id)
        for one, another in ((issue, other), (other, issue))
        for person_id in concerned(another, leader_id)
    )


def asked_by_mail(
    issue: Issue, action: Action, person_id: str, leader_id: str, *, inside: bool = False
) -> Action | None:
    """What a mail's first line asks for from this person and now: an owner's "solved" resolves, a
    carrier's confirms, a colleague may only take it over. None where it is only words."""
    held = roles(issue, person_id, leader_id, inside=inside)
    meant: Action = action
    if action is Action.TAKE:
        if held & {Role.OWNER, Role.CARRIER}:
            return None
    elif Role.OWNER in held:
        moves = action is Action.DECLINE and Role.LEADER in held
        meant = Action.HAND_OVER if moves else action
    elif Role.CARRIER in held:
        meant = Action.CONFIRM if action is Action.RESOLVE else action
    else:
        return None
    allowed = ALLOWED[meant]
    return meant if held & allowed.roles and issue.state in allowed.states else None


def needs_one_click(
    issue: Issue,
    action: Action,
    person_id: str,
    source: Source,
    standing: Standing,
    now: datetime,
) -> bool:
    """Whether a mail is not enough for this, so that the person has to press its button."""
    match standing:
        case Standing.DOUBTED | Standing.THREADED:
            return True
        case Standing.UNPROVEN if action not in _UNPROVEN_MAY:
            return True
        case _:
            by_mail = action is Action.REOPEN and source is Source.EMAIL
            lately = _reopenings(issue, person_id, now)
            return by_mail and len(lately) >= MOST_REOPENINGS_BY_MAIL


def meaning_of(issue: Issue, person_id: str, standing: Standing, leader_id: str) -> Meaning:
    """What somebody's words are.

    An owner's reach the carrier whatever the state, also as an afterword; but nobody answers in
    an owner's name without proof. So do the leader's and those of whom the owner asked for help. A
    leader who carries an issue speaks as its carrier.
    """
    held = roles(issue, person_id, leader_id)
    proven = standing in (Standing.VOUCHED, Standing.UNPROVEN)
    if standing is Standing.DOUBTED or (Role.OWNER in held and not proven):
        return Meaning.TO_LOOK_AT
    if Role.OWNER in held:
        return Meaning.ANSWER
    if Role.CARRIER in held:
        return Meaning.MORE
    may_answer = bool(held & {Role.LEADER, Role.HELPER})
    return Meaning.ANSWER if may_answer and proven else Meaning.TO_LOOK_AT


def assign(issue: Issue, owner_id: str, team_id: str | None, now: datetime) -> Issue:
    """A new owner, who has not said yes or no yet. What the carrier was promised stays so."""
    return replace(
        issue,
        version=issue.version + 1,
        state=State.ASSIGNED,
        owner_id=owner_id,
        team_id=team_id,
        assignment=issue.assignment + 1,
        assigned_at=now,
        acknowledged_at=None,
        acted_at=None,
        helper_ids=[one for one in issue.helper_ids if one != owner_id],
    )


def keep_for_good(issue: Issue) -> Issue:
    """Somebody decides whose it is: it goes back to nobody who was away, and waits for nobody to
    be free."""
    return replace(issue, lent_by=None, queued=False)


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
    return replace(_taken(issue, now), version=issue.version + 1, acted_at=now)


def _taken(issue: Issue, now: datetime) -> Issue:
    if issue.state == State.ACKNOWLEDGED:
        return issue
    return replace(issue, state=State.ACKNOWLEDGED, acknowledged_at=now, queued=False)


def ask(issue: Issue, helper_id: str, person_id: str, now: datetime) -> Issue:
    """A colleague is asked for help. The owner remains, and has not said yes or no by it."""
    known = helper_id in issue.helper_ids
    return replace(
        issue,
        version=issue.version + 1,
        helper_ids=issue.helper_ids if known else [*issue.helper_ids, helper_id],
        acted_at=now if person_id == issue.owner_id else issue.acted_at,
    )


def answer(issue: Issue, person_id: str, now: datetime) -> Issue:
    """A person's words have reached the carrier. An owner who answers has taken the issue, too.

    Where it is solved or closed it stays so.
    """
    owns = person_id == issue.owner_id
    taken = _taken(issue, now) if owns and issue.state in OPEN else issue
    acted_at = now if owns else issue.acted_at
    return replace(taken, version=issue.version + 1, answered_at=now, acted_at=acted_at)


def comment(issue: Issue) -> Issue:
    """Words have come which are no answer: nothing is due sooner or later for them."""
    return replace(issue, version=issue.version + 1)


def correct(issue: Issue, correction: Correction) -> tuple[Issue, tuple[str, ...]]:
    """The issue as it should have been said, and the names of what is otherwise now."""
    said = {
        name: value
        for name in Correction.model_fields
        if (value := getattr(correction, name)) is not None and value != getattr(issue, name)
    }
    return replace(issue, version=issue.version + 1, **said), tuple(said)


def resolve(issue: Issue, cause: str | None, now: datetime) -> Issue:
    """The owner says that it is solved."""
    return replace(
        issue,
        version=issue.version + 1,
        state=State.RESOLVED,
        acknowledged_at=issue.acknowledged_at or now,
        cause=cause,
        resolved_at=now,
        acted_at=now,
        queued=False,
    )


def close(issue: Issue, now: datetime) -> Issue:
    """It is over, and nothing more is due."""
    return replace(
        issue,
        version=issue.version + 1,
        state=State.CLOSED,
        closed_at=now,
        queued=False,
        next_step=None,
        next_step_at=None,
        wake_at=None,
        step_number=issue.step_number + 1,
    )


def reopen(issue: Issue, now: datetime, *, counts: bool, is_part: bool = False) -> Issue:
    """It is not solved: back to its owner, and old links are void. It stands for itself, unless it
    `is_part` of a problem that is open; what was promised for the solution is over."""
    return replace(
        assign(issue, issue.owner_id, issue.team_id, now),
        cause=None,
        resolved_at=None,
        closed_at=None,
        promised_at=None,
        merged_into=None,
        parent_id=issue.parent_id if is_part else None,
        reopenings=issue.reopenings + counts,
    )


def is_complaint(issue: Issue, now: datetime) -> bool:
    """Whether whoever reopens it says that a solution was none. What was withdrawn or merged had
    none, and whoever has closed it a moment ago takes back a click."""
    if issue.resolved_at is None:
        return False
    return issue.closed_at is None or now - issue.closed_at > TAKES_BACK_WITHIN


@dataclass(frozen=True, slots=True)
class Complaint:
    """Who hears that it was opened again and again, and whether they have it now."""

    person_id: str
    gives: bool


def complain(issue: Issue, lead_id: str | None, leader_id: str) -> Complaint | None:
    """What a reopened issue's number of reopenings brings, or None where nobody is left to hear.

    Nobody is told of what they own or carry themselves, and no lead of what is confidential.
    """
    unfit = (issue.owner_id, issue.carrier_id, issue.reporter_id)
    if issue.reopenings >= GIVE_AT_REOPENING and leader_id not in unfit:
        return Complaint(leader_id, gives=True)
    if issue.reopenings < TELL_AT_REOPENING or issue.owner_id == leader_id:
        return None
    to_lead = lead_id not in unfit and not issue.confidential
    told = lead_id if lead_id and to_lead else leader_id
    return None if told in unfit else Complaint(told, gives=False)


def merge(issue: Issue, main_id: str, now: datetime) -> Issue:
    """It is the same as another one, which is worked on for both."""
    return replace(close(issue, now), merged_into=main_id, parent_id=None)


def follow(issue: Issue, main_id: str) -> Issue:
    """What it was the same as is the same as yet another one."""
    return replace(issue, version=issue.version + 1, merged_into=main_id)


def link(issue: Issue, parent_id: str) -> Issue:
    """It is part of a problem, and solved with it."""
    return replace(issue, version=issue.version + 1, parent_id=parent_id)


def separate(issue: Issue, now: datetime) -> Issue:
    """It stands for itself again. What was merged is back with its owner, on its old clock."""
    if issue.merged_into is not None:
        return reopen(issue, now, counts=False)
    return replace(issue, version=issue.version + 1, parent_id=None)


def share(issue: Issue, now: datetime, *, answered: bool) -> Issue:
    """Something was said about the issue that it is the same as; its own state stays."""
    answered_at = now if answered else issue.answered_at
    return replace(issue, version=issue.version + 1, answered_at=answered_at)


def count_reopening_by_mail(issue: Issue, person_id: str, now: datetime) -> Issue:
    """Remembers it for as long as it counts."""
    lately = [*_reopenings(issue, person_id, now), now.isoformat()]
    return replace(issue, reopened_by_mail={**issue.reopened_by_mail, person_id: lately})


def _reopenings(issue: Issue, person_id: str, now: datetime) -> list[str]:
    asked = issue.reopened_by_mail.get(person_id, [])
    return [at for at in asked if datetime.fromisoformat(at) > now - REOPENINGS_COUNT]


def wait(issue: Issue, waiting_for: WaitingFor, until: datetime | None, now: datetime) -> Issue:
    """The ball is with carrier or customer. Whoever asks them has taken the issue, too."""
    return replace(
        _taken(issue, now),
        version=issue.version + 1,
        waiting_for=waiting_for,
        waiting_since=issue.waiting_since or now,
        snoozed_until=until,
        acted_at=now,
    )


def snooze(issue: Issue, until: datetime, now: datetime) -> Issue:
    """Put off until then. Whoever says when has taken the issue, too."""
    return replace(_taken(issue, now), version=issue.version + 1, snoozed_until=until, acted_at=now)


def promise(issue: Issue, promised_at: datetime, now: datetime) -> Issue:
    """The owner says when it will be solved, and has taken it."""
    return replace(
        _taken(issue, now), version=issue.version + 1, promised_at=promised_at, acted_at=now
    )


def go_on(issue: Issue, stood_still: timedelta) -> Issue:
    """No wait and no snooze any more. The clock stood still for as long as others had the ball."""
    return replace(
        issue,
        version=issue.version + 1,
        waiting_for=None,
        waiting_since=None,
        snoozed_until=None,
        stood_still_s=issue.stood_still_s + round(stood_still.total_seconds()),
    )


def lapse(issue: Issue) -> Issue:
    """The owner's yes counts no more; they are asked again whether they have it."""
    return replace(
        issue,
        version=issue.version + 1,
        state=State.ASSIGNED,
        acknowledged_at=None,
        acted_at=None,
    )


def touch(issue: Issue) -> Issue:
    """Nothing is otherwise but when the next step is due."""
    return replace(issue, version=issue.version + 1)


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
        confidential=issue.confidential,
        follower_ids=tuple(issue.follower_ids),
        helper_ids=tuple(issue.helper_ids),
        waiting_for=issue.waiting_for,
        waiting_since=issue.waiting_since,
        snoozed_until=issue.snoozed_until,
        promised_at=issue.promised_at,
        merged_into=issue.merged_into,
        parent_id=issue.parent_id,
        reopenings=issue.reopenings,
        queued=issue.queued,
        lent_by=issue.lent_by,
        triage=issue.triage,
        policy=issue.policy,
        organisation_revision=issue.revision,
    )
