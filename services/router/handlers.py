"""What the router does about each fact that it hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, assert_never

from services.router import assignment, followup, lifecycle, rules
from services.router.lifecycle import Issue
from services.router.rules import Route
from services.router.store import Desk
from shared.bus import Hears
from shared.contracts.event import Envelope, Event
from shared.contracts.intake import ActionRequested, IssueRaised
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Reasons,
    Refusal,
    Source,
    State,
    Step,
    Urgency,
)
from shared.contracts.organisation import Organisation, Person, Policy
from shared.contracts.router import (
    ActionRefused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueDeclined,
    IssueDue,
    IssueEscalated,
    IssueEvent,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    OrganisationPublished,
)
from shared.journal import NotYet
from shared.worktime import WorkingHours, working_hours

MOVES_BEFORE_LEADER = 2
"""The second "not mine" brings it to the leader, who decides."""


def issue_raised(raised: IssueRaised, desk: Desk) -> list[Event]:
    """Gives a new issue its owner."""
    if desk.issue(raised.issue_id) is not None:
        return []
    route = rules.route(raised, desk.organisation)
    issue = _new_issue(raised, route, desk.organisation.revision)
    owner_id, reasons = _find_owner(issue, desk, route.team_id, route.person_id, route.rule)
    return [_assign(issue, desk, owner_id, route.team_id, AssignedBecause.NEW, reasons)]


def could_not_be_routed(envelope: Envelope, desk: Desk) -> list[Event]:
    """Deciding failed for good: the leader has it, from what the envelope alone tells."""
    said = envelope.data
    if desk.issue(str(said["issue_id"])) is not None:
        return []
    reporter_id = str(said.get("reporter_id") or desk.organisation.default_carrier)
    raised = IssueRaised(
        event_id=envelope.event_id,
        occurred_at=envelope.occurred_at,
        issue_id=str(said["issue_id"]),
        reference=str(said["reference"]),
        source=Source(said["source"]) if said.get("source") in set(Source) else Source.API,
        summary=str(said.get("summary") or "")[:200],
        description="",
        reporter_id=reporter_id,
        language=str(said.get("language") or desk.organisation.language),
    )
    known = reporter_id in desk.organisation.person
    route = Route(
        team_id="",
        person_id=None,
        carrier_id=reporter_id if known else desk.organisation.default_carrier,
        product=None,
        category=None,
        urgency=Urgency.NORMAL,
        rule=None,
    )
    issue = _new_issue(raised, route, desk.organisation.revision)
    leader_id, because = desk.organisation.leader, AssignedBecause.UNROUTABLE
    return [_assign(issue, desk, leader_id, None, because, Reasons())]


def action_requested(request: ActionRequested, desk: Desk) -> list[Event]:
    """Does what somebody asks for, or says why not. Asking twice changes nothing."""
    issue = desk.issue(request.issue_id)
    if issue is None:
        raise NotYet
    who, leader_id = request.person_id, desk.organisation.leader
    if lifecycle.is_done(issue, request.action, who, request.assignment):
        return []
    refusal = lifecycle.refusal(
        issue, request.action, who, request.assignment, leader_id
    ) or _incomplete(issue, request, desk.organisation)
    if refusal is not None:
        return [_refuse(request, refusal, desk, issue)]
    match request.action:
        case Action.ACKNOWLEDGE:
            return [_acknowledge(issue, desk, who)]
        case Action.DECLINE | Action.HAND_OVER:
            return _move(issue, request, desk)
        case Action.ANSWER:
            return _answer(issue, request, desk)
        case Action.RESOLVE:
            return _resolve(issue, request, desk)
        case Action.CONFIRM:
            closed = lifecycle.close(issue, desk.now)
            return [_keep(closed, desk, IssueClosed, actor_id=who, confirmed=True)]
        case Action.REOPEN:
            return _reopen(issue, request, desk)
        case _:
            assert_never(request.action)


def action_failed(envelope: Envelope, desk: Desk) -> list[Event]:
    """Deciding on a request failed for good: the person hears so."""
    said = envelope.data
    issue = desk.issue(str(said["issue_id"]))
    return [
        ActionRefused(
            occurred_at=desk.now,
            issue_id=str(said["issue_id"]),
            person_id=str(said["person_id"]),
            action=Action(said["action"]),
            refusal=Refusal.FAILED,
            requested_at=envelope.occurred_at,
            issue=lifecycle.snapshot(issue) if issue else None,
        )
    ]


def issue_due(due: IssueDue, desk: Desk) -> list[Event]:
    """Reminds, escalates or closes, unless something has happened since."""
    issue = desk.issue(due.issue_id)
    if issue is None or issue.step_number != due.step_number or issue.next_step is None:
        return []
    policy, hours = _policy(issue, desk), _hours(issue, desk)
    step, organisation = issue.next_step, desk.organisation
    team = organisation.team.get(issue.team_id or "")
    deed = followup.due(issue, policy, team.lead if team else None, organisation.leader)
    climbed = followup.climb(issue, policy, hours, desk.now)
    match deed:
        case followup.Remind(person_id):
            chased = lifecycle.remind(climbed) if step != Step.CONFIRM else climbed
            return [_keep(chased, desk, IssueReminded, step=step, person_id=person_id)]
        case followup.Tell(person_id):
            chased = lifecycle.remind(climbed)
            told = lifecycle.escalate(chased)
            return [
                _keep(chased, desk, IssueReminded, step=step, person_id=issue.owner_id),
                _keep(told, desk, IssueEscalated, step=step, person_id=person_id),
            ]
        case followup.Give(person_id):
            told = lifecycle.escalate(climbed)
            because = AssignedBecause.LEADER
            return [
                _keep(told, desk, IssueEscalated, step=step, person_id=person_id, gives=True),
                _assign(told, desk, person_id, issue.team_id, because, Reasons()),
            ]
        case followup.Close():
            closed = lifecycle.close(issue, desk.now)
            return [_keep(closed, desk, IssueClosed, confirmed=False)]
        case _:
            assert_never(deed)


def due_failed(envelope: Envelope, desk: Desk) -> list[Event]:
    """Doing what is due failed for good: Banso looks at the issue again in an hour."""
    issue = desk.issue(str(envelope.data["issue_id"]))
    if issue is not None and issue.step_number == envelope.data.get("step_number"):
        desk.put(followup.postpone(issue, desk.now))
    return []


def organisation_changed(organisation: Organisation, number: int, desk: Desk) -> list[Event]:
    """Publishes a new organisation; whatever somebody who left it owned gets a new owner."""
    desk.publish(organisation, number)
    events: list[Event] = [OrganisationPublished(occurred_at=desk.now, organisation=organisation)]
    left = desk.owned_by_strangers(organisation.person)
    return [*events, *(_replace_owner(issue, desk) for issue in left)]


HEARS: Mapping[type[Event], Hears[Desk]] = {
    IssueRaised: Hears(issue_raised, attempts=3, rescue=could_not_be_routed),
    ActionRequested: Hears(action_requested, rescue=action_failed),
    IssueDue: Hears(issue_due, rescue=due_failed),
}


def _new_issue(raised: IssueRaised, route: Route, revision: str) -> Issue:
    """The issue before it has an owner; `_assign` makes it whole."""
    return Issue(
        issue_id=raised.issue_id,
        reference=raised.reference,
        version=0,
        state=State.RECEIVED,
        summary=raised.summary,
        urgency=route.urgency,
        source=raised.source,
        language=raised.language,
        product=route.product,
        category=route.category,
        cause=None,
        reporter_id=raised.reporter_id,
        carrier_id=route.carrier_id,
        owner_id="",
        team_id=None,
        assignment=0,
        raised_at=raised.occurred_at,
        changed_at=raised.occurred_at,
        assigned_at=raised.occurred_at,
        acknowledged_at=None,
        answered_at=None,
        resolved_at=None,
        closed_at=None,
        needed_by=raised.needed_by,
        next_step=None,
        next_step_at=None,
        wake_at=None,
        step_number=0,
        rung=0,
        moves=0,
        reminders=0,
        declined_by=[],
        revision=revision,
    )


def _find_owner(
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
    lead_id = organisation.team[team_id].lead
    unfit = {issue.carrier_id, *issue.declined_by}
    return (organisation.leader if lead_id in unfit else lead_id), choice.reasons


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


def _assign(
    issue: Issue,
    desk: Desk,
    owner_id: str,
    team_id: str | None,
    because: AssignedBecause,
    reasons: Reasons,
    actor_id: str | None = None,
) -> IssueAssigned:
    assigned = _plan(lifecycle.assign(issue, owner_id, team_id, desk.now), desk)
    desk.chose(owner_id)
    event: IssueAssigned = _keep(
        assigned,
        desk,
        IssueAssigned,
        actor_id=actor_id,
        because=because,
        reasons=reasons,
        previous_owner_id=issue.owner_id or None,
    )
    return event


def _acknowledge(issue: Issue, desk: Desk, who: str) -> IssueAcknowledged:
    taken = _plan(lifecycle.acknowledge(issue, desk.now), desk)
    event: IssueAcknowledged = _keep(taken, desk, IssueAcknowledged, actor_id=who)
    return event


def _answer(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Words for the carrier. An owner who answers has taken it, too."""
    who = request.person_id
    desk.remember_answer(issue.carrier_id, who)
    answered = lifecycle.answer(issue, who, desk.now)
    if answered.state == State.ACKNOWLEDGED:
        answered = _plan(answered, desk)
    return [_keep(answered, desk, IssueResponded, actor_id=who, text=request.text or "")]


def _resolve(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """What was done goes to the carrier, who is asked to confirm."""
    if request.text:
        desk.remember_answer(issue.carrier_id, request.person_id)
    resolved = _plan(lifecycle.resolve(issue, request.cause or "", desk.now), desk)
    who, text = request.person_id, request.text
    return [_keep(resolved, desk, IssueResolved, actor_id=who, text=text)]


def _reopen(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Back to its owner; to somebody else where the owner has left the organisation."""
    reopened = _plan(lifecycle.reopen(issue, desk.now), desk)
    who, text = request.person_id, request.text
    events = [_keep(reopened, desk, IssueReopened, actor_id=who, text=text)]
    if reopened.owner_id not in desk.organisation.person:
        events.append(_replace_owner(reopened, desk))
    return events


def _replace_owner(issue: Issue, desk: Desk) -> IssueAssigned:
    """A new owner for what somebody had who is no longer there."""
    known = issue.team_id in desk.organisation.team
    team_id = str(issue.team_id) if known else desk.organisation.default_team
    owner_id, reasons = _find_owner(issue, desk, team_id)
    return _assign(issue, desk, owner_id, team_id, AssignedBecause.LEFT, reasons)


def _move(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
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
            events.append(_keep(issue, desk, IssueDeclined, actor_id=who, **said))
        if issue.moves >= MOVES_BEFORE_LEADER:
            leader_id, because = organisation.leader, AssignedBecause.LEADER
            moved = _assign(issue, desk, leader_id, issue.team_id, because, Reasons(), who)
            return [*events, moved]
    if proposed in organisation.person:
        team_id = organisation.person[proposed].team
        return [*events, _assign(issue, desk, proposed, team_id, because, Reasons(), who)]
    owner_id, reasons = _find_owner(issue, desk, proposed)
    return [*events, _assign(issue, desk, owner_id, proposed, because, reasons, who)]


def _incomplete(
    issue: Issue, request: ActionRequested, organisation: Organisation
) -> Refusal | None:
    """What is missing from a request, or can't be."""
    match request.action:
        case Action.DECLINE | Action.HAND_OVER:
            if request.action == Action.DECLINE and request.reason is None:
                return Refusal.INCOMPLETE
            return _unfit(issue, request.person_id, request.proposed, organisation)
        case Action.ANSWER:
            return None if (request.text or "").strip() else Refusal.INCOMPLETE
        case Action.RESOLVE:
            return None if request.cause in organisation.cause else Refusal.INCOMPLETE
        case Action.ACKNOWLEDGE | Action.CONFIRM | Action.REOPEN:
            return None
        case _:
            assert_never(request.action)


def _unfit(
    issue: Issue, who: str, proposed: str | None, organisation: Organisation
) -> Refusal | None:
    """Why the proposed next owner can't be it. It never falls back on the carrier."""
    if not proposed:
        return Refusal.INCOMPLETE
    if proposed in organisation.team:
        return None
    if proposed not in organisation.person:
        return Refusal.NO_SUCH_OWNER
    if proposed in (issue.carrier_id, issue.reporter_id):
        return Refusal.BACK_TO_CARRIER
    if proposed == who or (proposed in issue.declined_by and who != organisation.leader):
        return Refusal.ALREADY_DECLINED
    return None


def _refuse(request: ActionRequested, refusal: Refusal, desk: Desk, issue: Issue) -> ActionRefused:
    return ActionRefused(
        occurred_at=desk.now,
        issue_id=request.issue_id,
        person_id=request.person_id,
        action=request.action,
        refusal=refusal,
        requested_at=request.occurred_at,
        issue=lifecycle.snapshot(issue),
    )


def _plan(issue: Issue, desk: Desk) -> Issue:
    return followup.plan(issue, _policy(issue, desk), _hours(issue, desk), desk.now)


def _policy(issue: Issue, desk: Desk) -> Policy:
    return desk.organisation.policies[issue.urgency]


def _hours(issue: Issue, desk: Desk) -> WorkingHours:
    """The working time of whoever has to act next."""
    acts = issue.carrier_id if issue.state == State.RESOLVED else issue.owner_id
    return working_hours(desk.organisation.calendar_of(acts))


def _keep(issue: Issue, desk: Desk, event: type[IssueEvent], **said: Any) -> Any:
    """Keeps the issue as it is now, and the event that says so. Its time never runs backwards."""
    at = max(issue.changed_at, desk.now)
    desk.put(replace(issue, changed_at=at))
    snapshot = lifecycle.snapshot(issue)
    return event(occurred_at=at, issue_id=issue.issue_id, issue=snapshot, **said)
