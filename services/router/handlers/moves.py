"""An issue moves to somebody else, or somebody else comes to help."""

from __future__ import annotations

from services.router import lifecycle, rota
from services.router.handlers.keep import keep
from services.router.handlers.owner import appoint, assign, by_hand, find_owner
from services.router.handlers.progress import acknowledge
from services.router.lifecycle import Issue
from services.router.rules import Route
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
    IssueHelped,
)

MOVES_BEFORE_LEADER = 2
"""The second "not mine" brings it to the leader, who decides: of nobody's issues, and so of none of
a carrier who is left alone, is one declined again and again without them."""


def move(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """To the proposed owner; the second move of owners to the leader. The leader's own is none,
    nor is that of whoever sorts what nobody could place."""
    organisation, who = desk.organisation, request.person_id
    proposed = request.proposed or ""
    issue = lifecycle.keep_for_good(issue)
    events: list[Event] = []
    because = AssignedBecause.HANDED_OVER
    if who != organisation.leader and not issue.triage:
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
    owner_id, team_id, reasons = _proposed(issue, proposed, desk)
    return [*events, assign(issue, desk, owner_id, team_id, because, reasons, who)]


def _proposed(issue: Issue, proposed: str, desk: Desk) -> tuple[str, str, Reasons]:
    """Who has it if it goes to a person, a team, a rota or a schedule, in which team, and why."""
    organisation = desk.organisation
    if proposed in organisation.person:
        owner_id, reasons = appoint(issue, desk, proposed)
        return owner_id, organisation.person[proposed].team, reasons
    holder = rota.named(proposed, organisation, desk.now)
    person = organisation.person.get(holder.person_id or "") if holder else None
    team_id = (holder.team_id if holder else None) or (person.team if person else "")
    route = Route(
        team_id=team_id,
        person_id=person.id if person else None,
        carrier_id=issue.carrier_id,
        product=issue.product,
        category=issue.category,
        urgency=issue.urgency,
        rule=None,
        rota_id=holder.rota_id if holder else None,
        schedule_id=proposed if proposed in organisation.schedule else None,
    )
    owner_id, reasons = find_owner(issue, desk, team_id, route)
    return owner_id, team_id, reasons


def take(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Whoever asks has it from now on and has said yes; for the former owner this is no move."""
    who = request.person_id
    if who == issue.owner_id:
        return [acknowledge(issue, desk, who)]
    team_id, because = desk.organisation.person[who].team, AssignedBecause.TAKEN
    reasons = by_hand(issue, desk, who)
    assigned = assign(issue, desk, who, team_id, because, reasons, who)
    theirs = desk.issue(issue.issue_id)
    return [assigned, acknowledge(theirs or issue, desk, who)]


def ask(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """A colleague may answer from now on, and the owner remains. Asking the same one again needs
    words, or there is nothing to say."""
    helper_id, text = request.proposed or "", (request.text or "").strip()
    if helper_id in issue.helper_ids and not text:
        return []
    asked = lifecycle.ask(issue, helper_id, request.person_id, desk.now)
    said = {"helper_id": helper_id, "text": request.text}
    return [keep(asked, desk, IssueHelped, actor_id=request.person_id, **said)]
