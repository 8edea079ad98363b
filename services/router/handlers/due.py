"""The time of a step has come."""

from __future__ import annotations

from typing import assert_never

from services.router import followup, lifecycle, rota
from services.router.handlers.keep import hours_of, keep, lead_of, leader_of, plan, policy_of
from services.router.handlers.owner import appoint, assign
from services.router.handlers.progress import close
from services.router.handlers.waits import go_on
from services.router.store import Desk
from shared.contracts.event import Envelope, Event
from shared.contracts.issue import (
    AssignedBecause,
    Step,
)
from shared.contracts.organisation import Rung
from shared.contracts.router import (
    IssueDue,
    IssueEscalated,
    IssueLapsed,
    IssueReminded,
    ResumedBecause,
)


def issue_due(due: IssueDue, desk: Desk) -> list[Event]:
    """Reminds, escalates, goes on or closes, unless something has happened since."""
    issue = desk.issue(due.issue_id)
    if issue is None or issue.step_number != due.step_number or issue.next_step is None:
        return []
    policy, hours = policy_of(issue, desk), hours_of(issue, desk)
    step, rung = issue.next_step, followup.rung_of(issue, policy)
    deed = followup.due(
        issue,
        policy,
        hours,
        desk.now,
        lead_id=lead_of(issue, desk),
        leader_id=leader_of(issue, desk),
        named_id=_named(rung, desk),
    )
    climbed = followup.climb(issue, policy, hours, desk.now)
    escalation = {"step": step, "rung": _name(rung, desk)}
    match deed:
        case followup.Remind(person_id, before):
            carriers = step in (Step.CONFIRM, Step.WAIT)  # nobody is chased for them then
            chased = lifecycle.touch(climbed) if carriers else lifecycle.remind(climbed)
            how = {"step": step, "person_id": person_id, "before": before}
            return [keep(chased, desk, IssueReminded, **how)]
        case followup.Tell(person_id):
            chased = lifecycle.remind(climbed)
            told = lifecycle.escalate(chased)
            return [
                keep(chased, desk, IssueReminded, step=step, person_id=issue.owner_id),
                keep(told, desk, IssueEscalated, person_id=person_id, **escalation),
            ]
        case followup.Give(person_id):
            told = lifecycle.escalate(climbed)
            event = keep(told, desk, IssueEscalated, person_id=person_id, gives=True, **escalation)
            owner_id, reasons = appoint(told, desk, person_id)
            waits = reasons.model_copy(update={"over_capacity": issue.queued})
            because = AssignedBecause.LEADER
            return [event, assign(told, desk, owner_id, issue.team_id, because, waits)]
        case followup.Lapse():
            return [keep(plan(lifecycle.lapse(issue), desk), desk, IssueLapsed)]
        case followup.GoOn():
            return [go_on(issue, desk, ResumedBecause.OVER)]
        case followup.TakeBack():
            return [go_on(issue, desk, ResumedBecause.UNANSWERED)]
        case followup.Close():
            return close(issue, desk, confirmed=False)
        case _:
            assert_never(deed)


def _named(rung: Rung | None, desk: Desk) -> str | None:
    """Whom a step of the ladder names beside lead and leader, or whoever a rota or schedule names
    now; None where nobody has it at this time."""
    if rung is None or rung.whom is None:
        return None
    person_id = rota.person_named(rung.whom, desk.organisation, desk.now)
    return desk.acting(person_id) if person_id else None


def _name(rung: Rung | None, desk: Desk) -> str | None:
    """What people call a step of the ladder."""
    if rung is None or rung.name is None:
        return None
    return rung.name.in_(desk.organisation.language)


def due_failed(envelope: Envelope, desk: Desk) -> list[Event]:
    """Doing what is due failed for good: Banso looks at the issue again in an hour."""
    issue = desk.issue(str(envelope.data["issue_id"]))
    if issue is not None and issue.step_number == envelope.data.get("step_number"):
        desk.put(followup.postpone(issue, desk.now))
    return []
