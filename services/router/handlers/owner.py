"""Who owns an issue: chosen, given, replaced."""

from __future__ import annotations

from collections.abc import Sequence

from services.router import assignment, lifecycle
from services.router.handlers.keep import keep, let_go, plan
from services.router.lifecycle import Issue
from services.router.store import Desk
from shared.contracts.issue import (
    AssignedBecause,
    Reasons,
)
from shared.contracts.organisation import Person
from shared.contracts.router import (
    IssueAssigned,
)


def find_owner(
    issue: Issue,
    desk: Desk,
    team_id: str,
    person_id: str | None = None,
    rule: str | None = None,
) -> tuple[str, Reasons]:
    """Whom a rule names, if they can; else the best of the team; else its lead or the leader."""
    organisation = desk.organisation
    if person_id is not None:
        team = (organisation.person[person_id],)
        choice = _choose(issue, desk, team_id, team, rule)
        if choice.person_id is not None:
            return choice.person_id, choice.reasons
    choice = _choose(issue, desk, team_id, organisation.members[team_id], rule)
    if choice.person_id is not None:
        return choice.person_id, choice.reasons
    return responsible(issue, desk, team_id), choice.reasons


def responsible(issue: Issue, desk: Desk, team_id: str) -> str:
    """The team's lead; the leader where the lead carries the issue or has declined it."""
    lead_id = desk.organisation.team[team_id].lead
    unfit = {issue.carrier_id, *issue.declined_by}
    return desk.organisation.leader if lead_id in unfit else lead_id


def _choose(
    issue: Issue, desk: Desk, team_id: str, people: Sequence[Person], rule: str | None
) -> assignment.Choice:
    return assignment.choose(
        people,
        works=desk.works,
        absent_s=desk.absent_s,
        carrier_id=issue.carrier_id,
        declined_by=issue.declined_by,
        answered_carrier=desk.answered(issue.carrier_id),
        category=issue.category,
        urgency=issue.urgency,
        team_id=team_id,
        rule=rule,
    )


def assign(
    issue: Issue,
    desk: Desk,
    owner_id: str,
    team_id: str | None,
    because: AssignedBecause,
    reasons: Reasons,
    actor_id: str | None = None,
) -> IssueAssigned:
    given = lifecycle.assign(let_go(issue, desk), owner_id, team_id, desk.now)
    assigned = plan(given, desk)
    desk.chose(owner_id)
    event: IssueAssigned = keep(
        assigned,
        desk,
        IssueAssigned,
        actor_id=actor_id,
        because=because,
        reasons=reasons,
        previous_owner_id=issue.owner_id or None,
    )
    return event


def replace_owner(issue: Issue, desk: Desk) -> IssueAssigned:
    """A new owner for what somebody had who is no longer there."""
    known = issue.team_id in desk.organisation.team
    team_id = str(issue.team_id) if known else desk.organisation.default_team
    owner_id, reasons = find_owner(issue, desk, team_id)
    return assign(issue, desk, owner_id, team_id, AssignedBecause.LEFT, reasons)
