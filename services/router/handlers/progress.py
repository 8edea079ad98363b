"""An issue goes forward: acknowledged, answered, corrected, solved, closed, opened again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.router import followup, lifecycle, rules
from services.router.handlers.joined import (
    instead_of_gone,
    is_part,
    separate,
    share_answer,
    share_end,
    share_reopening,
    share_solution,
)
from services.router.handlers.keep import hours_of, keep, let_go, plan, policy_of
from services.router.handlers.owner import appoint, assign
from services.router.lifecycle import OPEN, Complaint, Issue
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import (
    ActionRequested,
    Correction,
)
from shared.contracts.issue import (
    AssignedBecause,
    Source,
    State,
)
from shared.contracts.router import (
    EscalatedBecause,
    IssueAcknowledged,
    IssueClosed,
    IssueCorrected,
    IssueEscalated,
    IssueReopened,
    IssueResolved,
    IssueResponded,
)


def acknowledge(issue: Issue, desk: Desk, who: str) -> IssueAcknowledged:
    taken = plan(lifecycle.acknowledge(issue, desk.now), desk)
    event: IssueAcknowledged = keep(taken, desk, IssueAcknowledged, actor_id=who)
    return event


def answer(issue: Issue, desk: Desk, who: str, **said: Any) -> list[Event]:
    """Words for the carrier, and for those whose issue is the same. An owner who answers has taken
    it, too."""
    answered = _answer(issue, desk, who, **said)
    return [answered, *share_answer(answered, desk)]


def _answer(issue: Issue, desk: Desk, who: str, **said: Any) -> IssueResponded:
    desk.remember_answer(issue.carrier_id, who)
    answered = lifecycle.answer(issue, who, desk.now)
    if answered.state == State.ACKNOWLEDGED:
        answered = plan(answered, desk)
    event: IssueResponded = keep(answered, desk, IssueResponded, **said)
    return event


def answered_elsewhere(issue: Issue, request: ActionRequested, desk: Desk) -> IssueResponded:
    """The carrier has heard from somebody by another way; that counts as any answer does, and is
    nobody else's."""
    who = request.proposed or issue.owner_id
    said = {"actor_id": who, "said_by_id": request.person_id, "elsewhere": True}
    return _answer(issue, desk, who, text=request.text or "", **said)


def correct(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """What was said is otherwise now. Another policy has other deadlines, from the same start."""
    corrected, changed = lifecycle.correct(issue, request.correction or Correction())
    if not changed:
        return []
    if not {"urgency", "category"}.isdisjoint(changed):
        about = (corrected.category, corrected.urgency, desk.organisation)
        corrected = replace(corrected, policy=rules.policy_name(None, *about))
        policy, hours = policy_of(corrected, desk), hours_of(corrected, desk)
        corrected = followup.replan(corrected, policy, hours, desk.now)
    if "category" in changed:
        desk.correct_lesson(issue.issue_id, category=corrected.category)
    said = {"changed": changed, "text": request.text}
    if "customer" in changed:
        said["customer"] = corrected.customer
    return [keep(corrected, desk, IssueCorrected, actor_id=request.person_id, **said)]


def resolve(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """What was done goes to the carrier, who is asked to confirm; parts of a problem are solved
    with it."""
    if request.text:
        desk.remember_answer(issue.carrier_id, request.person_id)
    resolved = plan(lifecycle.resolve(let_go(issue, desk), request.cause, desk.now), desk)
    if not issue.triage:
        solved = {"team_id": issue.team_id, "category": issue.category}
        desk.correct_lesson(issue.issue_id, **solved)
    said = {"actor_id": request.person_id, "text": request.text}
    event: IssueResolved = keep(resolved, desk, IssueResolved, **said)
    return [event, *share_solution(event, desk)]


def close(issue: Issue, desk: Desk, **how: Any) -> list[Event]:
    """It is over, and so it is for those whose issue is the same."""
    closed = lifecycle.close(let_go(issue, desk), desk.now)
    event: IssueClosed = keep(closed, desk, IssueClosed, **how)
    return [event, *share_end(event, closed, desk)]


def reopen(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Back to its owner, or to somebody else where they have left or are away; once solutions
    were none again and again, further up."""
    who, text = request.person_id, request.text
    if request.source is Source.EMAIL:
        issue = lifecycle.count_reopening_by_mail(issue, who, desk.now)
    main = desk.issue(issue.merged_into) if issue.merged_into else None
    if main is not None and main.state in OPEN:
        return separate(issue, request, desk)
    counts = lifecycle.is_complaint(main or issue, desk.now)
    part = is_part(issue, desk)
    reopened = plan(lifecycle.reopen(issue, desk.now, counts=counts, is_part=part), desk)
    event: IssueReopened = keep(reopened, desk, IssueReopened, actor_id=who, text=text)
    shared = list(share_reopening(event, desk))
    team = desk.organisation.team.get(reopened.team_id or "")
    lead_id = team.lead if team else None
    complaint = lifecycle.complain(reopened, lead_id, desk.organisation.leader) if counts else None
    if complaint is None:
        return [event, *shared, *instead_of_gone(reopened, desk)]
    return [event, *shared, *_complain(reopened, complaint, desk)]


def _complain(issue: Issue, complaint: Complaint, desk: Desk) -> list[Event]:
    """Somebody further up hears that it was opened again and again, or has it."""
    told = lifecycle.escalate(issue)
    said = {"step": issue.next_step, "because": EscalatedBecause.REOPENED}
    who, gives = complaint.person_id, complaint.gives
    event = keep(told, desk, IssueEscalated, person_id=who, gives=gives, **said)
    if not gives:
        return [event, *instead_of_gone(told, desk)]
    owner_id, reasons = appoint(told, desk, who)
    because = AssignedBecause.LEADER
    return [event, assign(told, desk, owner_id, told.team_id, because, reasons)]
