"""An issue moves to somebody else, or somebody else comes to help."""

from __future__ import annotations

from services.router import lifecycle
from services.router.handlers.keep import keep
from services.router.handlers.owner import appoint, assign, by_hand, find_owner
from services.router.handlers.progress import acknowledge
from services.router.lifecycle import Issue
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import (
    ActionRequested,
)
from shared.contracts.issue import (
    Action,
    AssignedBecause,
)
from shared.contracts.router import (
    IssueDeclined,
    IssueHelped,
)

MOVES_BEFORE_LEADER = 2
"""The second "not mine" brings it to the leader, who decides."""


def move(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """To the proposed owner; the second move of owners to the leader; a leader's own is none."""
    organisation, who = desk.organisation, request.person_id
    proposed = request.proposed or ""
    issue = lifecycle.keep_for_good(issue)
    events: list[Event] = []
    because = AssignedBecause.HANDED_OVER
    if who != organisation.leader:
        issue = lifecycle.decline(issue)
        if request.action == Action.DECLINE and request.reason is not None:
            because = AssignedBecause.DECLINED
            said = {"reason": request.reason, "proposed": proposed}
            events.append(keep(issue, desk, IssueDeclined, actor_id=who, **said))
        if issue.moves >= MOVES_BEFORE_LEADER:
            leader_id, reasons = appoint(issue, desk, organisation.leader)
            because = AssignedBecause.LEADER
            moved = assign(issue, desk, leader_id, issue.team_id, because, reasons, who)
            return [*events, moved]
    if proposed in organisation.person:
        team_id = organisation.person[proposed].team
        owner_id, reasons = appoint(issue, desk, proposed)
        return [*events, assign(issue, desk, owner_id, team_id, because, reasons, who)]
    owner_id, reasons = find_owner(issue, desk, proposed)
    return [*events, assign(issue, desk, owner_id, proposed, because, reasons, who)]


def take(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Whoever asks has it from now on and has said yes; for the former owner this is no move."""
    who = request.person_id
    if who == issue.owner_id:
        return [acknowledge(issue, desk, who)]
    team_id, because = desk.organisation.person[who].team, AssignedBecause.TAKEN
    kept = lifecycle.keep_for_good(issue)
    assigned = assign(kept, desk, who, team_id, because, by_hand(kept, desk, who), who)
    theirs = desk.issue(issue.issue_id)
    return [assigned, acknowledge(theirs or kept, desk, who)]


def ask(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """A colleague may answer from now on, and the owner remains. Asking the same one again needs
    words, or there is nothing to say."""
    helper_id, text = request.proposed or "", (request.text or "").strip()
    if helper_id in issue.helper_ids and not text:
        return []
    asked = lifecycle.ask(issue, helper_id, request.person_id, desk.now)
    said = {"helper_id": helper_id, "text": request.text}
    return [keep(asked, desk, IssueHelped, actor_id=request.person_id, **said)]
