"""An issue moves to somebody else."""

from __future__ import annotations

from services.router import lifecycle
from services.router.handlers.keep import keep
from services.router.handlers.owner import assign, find_owner
from services.router.lifecycle import Issue
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import (
    ActionRequested,
)
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Reasons,
)
from shared.contracts.router import (
    IssueDeclined,
)

MOVES_BEFORE_LEADER = 2
"""The second "not mine" brings it to the leader, who decides."""


def move(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """To the proposed owner; the second move of owners to the leader; a leader's own is none."""
    organisation, who = desk.organisation, request.person_id
    proposed = request.proposed or ""
    events: list[Event] = []
    because = AssignedBecause.HANDED_OVER
    if who != organisation.leader:
        issue = lifecycle.decline(issue)
        if request.action == Action.DECLINE and request.reason is not None:
            because = AssignedBecause.DECLINED
            said = {"reason": request.reason, "proposed": proposed}
            events.append(keep(issue, desk, IssueDeclined, actor_id=who, **said))
        if issue.moves >= MOVES_BEFORE_LEADER:
            leader_id, because = organisation.leader, AssignedBecause.LEADER
            moved = assign(issue, desk, leader_id, issue.team_id, because, Reasons(), who)
            return [*events, moved]
    if proposed in organisation.person:
        team_id = organisation.person[proposed].team
        return [*events, assign(issue, desk, proposed, team_id, because, Reasons(), who)]
    owner_id, reasons = find_owner(issue, desk, proposed)
    return [*events, assign(issue, desk, owner_id, proposed, because, reasons, who)]
