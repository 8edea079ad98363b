"""The time of a step has come."""

from __future__ import annotations

from typing import assert_never

from services.router import followup, lifecycle
from services.router.handlers.keep import hours_of, keep, policy_of
from services.router.handlers.owner import assign
from services.router.store import Desk
from shared.contracts.event import Envelope, Event
from shared.contracts.issue import (
    AssignedBecause,
    Reasons,
    Step,
)
from shared.contracts.router import (
    IssueClosed,
    IssueDue,
    IssueEscalated,
    IssueReminded,
)


def issue_due(due: IssueDue, desk: Desk) -> list[Event]:
    """Reminds, escalates or closes, unless something has happened since."""
    issue = desk.issue(due.issue_id)
    if issue is None or issue.step_number != due.step_number or issue.next_step is None:
        return []
    policy, hours = policy_of(issue, desk), hours_of(issue, desk)
    step, organisation = issue.next_step, desk.organisation
    team = organisation.team.get(issue.team_id or "")
    deed = followup.due(issue, policy, team.lead if team else None, organisation.leader)
    climbed = followup.climb(issue, policy, hours, desk.now)
    match deed:
        case followup.Remind(person_id):
            chased = lifecycle.remind(climbed) if step != Step.CONFIRM else climbed
            return [keep(chased, desk, IssueReminded, step=step, person_id=person_id)]
        case followup.Tell(person_id):
            chased = lifecycle.remind(climbed)
            told = lifecycle.escalate(chased)
            return [
                keep(chased, desk, IssueReminded, step=step, person_id=issue.owner_id),
                keep(told, desk, IssueEscalated, step=step, person_id=person_id),
            ]
        case followup.Give(person_id):
            told = lifecycle.escalate(climbed)
            because = AssignedBecause.LEADER
            return [
                keep(told, desk, IssueEscalated, step=step, person_id=person_id, gives=True),
                assign(told, desk, person_id, issue.team_id, because, Reasons()),
            ]
        case followup.Close():
            closed = lifecycle.close(issue, desk.now)
            return [keep(closed, desk, IssueClosed, confirmed=False)]
        case _:
            assert_never(deed)


def due_failed(envelope: Envelope, desk: Desk) -> list[Event]:
    """Doing what is due failed for good: Banso looks at the issue again in an hour."""
    issue = desk.issue(str(envelope.data["issue_id"]))
    if issue is not None and issue.step_number == envelope.data.get("step_number"):
        desk.put(followup.postpone(issue, desk.now))
    return []
