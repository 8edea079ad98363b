"""An issue goes forward: taken, answered, corrected, solved, closed, opened again."""

from __future__ import annotations

from typing import Any

from services.router import followup, lifecycle
from services.router.handlers.keep import hours_of, keep, let_go, plan, policy_of
from services.router.handlers.owner import replace_owner
from services.router.lifecycle import Issue
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import (
    ActionRequested,
    Correction,
)
from shared.contracts.issue import (
    Source,
    State,
)
from shared.contracts.router import (
    IssueAcknowledged,
    IssueCorrected,
    IssueReopened,
    IssueResolved,
    IssueResponded,
)


def acknowledge(issue: Issue, desk: Desk, who: str) -> IssueAcknowledged:
    taken = plan(lifecycle.acknowledge(issue, desk.now), desk)
    event: IssueAcknowledged = keep(taken, desk, IssueAcknowledged, actor_id=who)
    return event


def answer(issue: Issue, desk: Desk, who: str, **said: Any) -> IssueResponded:
    """Words for the carrier. An owner who answers has taken it, too."""
    desk.remember_answer(issue.carrier_id, who)
    answered = lifecycle.answer(issue, who, desk.now)
    if answered.state == State.ACKNOWLEDGED:
        answered = plan(answered, desk)
    event: IssueResponded = keep(answered, desk, IssueResponded, **said)
    return event


def answered_elsewhere(issue: Issue, request: ActionRequested, desk: Desk) -> IssueResponded:
    """The carrier has heard from somebody by another way; that counts as any answer does."""
    who = request.proposed or issue.owner_id
    said = {"actor_id": who, "said_by_id": request.person_id, "elsewhere": True}
    return answer(issue, desk, who, text=request.text or "", **said)


def correct(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """What was said is otherwise now. Another urgency has other deadlines, from the same start."""
    corrected, changed = lifecycle.correct(issue, request.correction or Correction())
    if not changed:
        return []
    if "urgency" in changed:
        policy, hours = policy_of(corrected, desk), hours_of(corrected, desk)
        corrected = followup.replan(corrected, policy, hours, desk.now)
    said = {"changed": changed, "text": request.text}
    if "customer" in changed:
        said["customer"] = corrected.customer
    return [keep(corrected, desk, IssueCorrected, actor_id=request.person_id, **said)]


def resolve(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """What was done goes to the carrier, who is asked to confirm."""
    if request.text:
        desk.remember_answer(issue.carrier_id, request.person_id)
    resolved = plan(lifecycle.resolve(let_go(issue, desk), request.cause, desk.now), desk)
    who, text = request.person_id, request.text
    return [keep(resolved, desk, IssueResolved, actor_id=who, text=text)]


def reopen(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Back to its owner; to somebody else where the owner has left the organisation."""
    who, text = request.person_id, request.text
    if request.source is Source.EMAIL:
        issue = lifecycle.count_reopening_by_mail(issue, who, desk.now)
    reopened = plan(lifecycle.reopen(issue, desk.now), desk)
    events = [keep(reopened, desk, IssueReopened, actor_id=who, text=text)]
    if reopened.owner_id not in desk.organisation.person:
        events.append(replace_owner(reopened, desk))
    return events
