"""What the router does about each fact that it hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeVar, assert_never

from pydantic import TypeAdapter, ValidationError

from services.router import assignment, followup, lifecycle, rules
from services.router.lifecycle import Issue, Meaning
from services.router.rules import Route
from services.router.store import Desk
from shared.bus import Hears
from shared.contracts.event import MAX_TEXT, Envelope, Event
from shared.contracts.intake import (
    ActionRequested,
    Correction,
    FirstLine,
    IssueImported,
    IssueRaised,
    MessageReceived,
)
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Attachment,
    Reasons,
    Refusal,
    Source,
    Standing,
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
    IssueCommented,
    IssueCorrected,
    IssueDeclined,
    IssueDue,
    IssueEscalated,
    IssueEvent,
    IssueRecorded,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    OrganisationPublished,
    Voice,
)
from shared.journal import NotYet
from shared.worktime import WorkingHours, working_hours

_Word = TypeVar("_Word", bound=StrEnum)
_ATTACHMENTS = TypeAdapter(tuple[Attachment, ...])

MOVES_BEFORE_LEADER = 2
"""The second "not mine" brings it to the leader, who decides."""


def issue_raised(raised: IssueRaised, desk: Desk) -> list[Event]:
    """Gives a new issue its owner."""
    if desk.issue(raised.issue_id) is not None:
        return []
    route = rules.route(raised, desk.organisation)
    issue = _new_issue(raised, route, desk.organisation.revision)
    owner_id, reasons = _find_owner(issue, desk, route.team_id, route.person_id, route.rule)
    copied = rules.followers(raised, owner_id, route.carrier_id, desk.organisation)
    issue = replace(issue, follower_ids=copied)
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
        source=_word(Source, said.get("source"), Source.API),
        summary=str(said.get("summary") or "")[:200],
        description="",
        reporter_id=reporter_id,
        language=str(said.get("language") or desk.organisation.language),
        confidential=said.get("confidential") is True,
    )
    issue = _new_issue(
        raised, _unrouted(reporter_id, desk.organisation), desk.organisation.revision
    )
    leader_id, because = desk.organisation.leader, AssignedBecause.UNROUTABLE
    return [_assign(issue, desk, leader_id, None, because, Reasons())]


def issue_imported(imported: IssueImported, desk: Desk) -> list[Event]:
    """Puts an issue of an old helpdesk on record: closed, nobody's work, nothing due."""
    if desk.issue(imported.issue_id) is not None:
        return []
    organisation = desk.organisation
    route = rules.route(_as_raised(imported), organisation)
    issue = _new_issue(_as_raised(imported), route, organisation.revision)
    owner = organisation.person.get(imported.owner_id or "")
    if owner is not None:
        desk.remember_answer(issue.carrier_id, owner.id, imported.closed_at)
        owner_id, team_id = owner.id, owner.team
    else:
        owner_id, team_id = _responsible(issue, desk, route.team_id), route.team_id
    return [_record(issue, imported, owner_id, team_id, desk)]


def could_not_be_imported(envelope: Envelope, desk: Desk) -> list[Event]:
    """Deciding failed for good: it is on record with the leader, as far as it can be read."""
    said = envelope.data
    if desk.issue(str(said["issue_id"])) is not None:
        return []
    organisation = desk.organisation
    imported = IssueImported(
        event_id=envelope.event_id,
        occurred_at=envelope.occurred_at,
        issue_id=str(said["issue_id"]),
        reference=str(said["reference"]),
        source=_word(Source, said.get("source"), Source.API),
        imported_as=str(said.get("imported_as") or "")[:300],
        summary=str(said.get("summary") or "")[:200],
        description="",
        reporter_id=str(said.get("reporter_id") or organisation.default_carrier),
        language=str(said.get("language") or organisation.language),
        raised_at=envelope.occurred_at,
        closed_at=envelope.occurred_at,
    )
    raised = _as_raised(imported)
    route = _unrouted(raised.reporter_id, organisation)
    issue = _new_issue(raised, route, organisation.revision)
    return [_record(issue, imported, organisation.leader, None, desk)]


def message_received(message: MessageReceived, desk: Desk) -> list[Event]:
    """Decides what somebody's words are: an answer to the carrier, a comment, or a request."""
    issue = desk.issue(message.issue_id)
    if issue is None:
        raise NotYet
    first, who, leader_id = message.first_line, message.person_id, desk.organisation.leader
    if first is not None and message.standing is not Standing.DOUBTED:
        action = lifecycle.asked_by_mail(issue, first.action, who, leader_id)
        # "ack: but who pays?" and "solved: but the lamp is red" are words
        is_plain = first.understood or action not in (Action.ACKNOWLEDGE, Action.CONFIRM)
        if action is not None and is_plain:
            return _asked(action, first, message, issue, desk)
    return [_said(message, issue, desk)]


def _asked(
    action: Action, first: FirstLine, message: MessageReceived, issue: Issue, desk: Desk
) -> list[Event]:
    """What a first line asks for; words and files beside it are not lost."""
    below = message.text.strip().partition("\n")[2].strip()
    beside = message.model_copy(update={"text": below})
    if action is Action.ACKNOWLEDGE and below:  # whoever answers has taken it
        return [_said(beside, issue, desk)]
    whole = action in (Action.CONFIRM, Action.REOPEN) or not first.understood
    request = ActionRequested(
        occurred_at=message.occurred_at,
        issue_id=message.issue_id,
        person_id=message.person_id,
        action=action,
        text=(message.text if whole else below) or None,
        reason=first.reason,
        proposed=first.proposed,
        cause=first.cause,
        source=message.source,
        standing=message.standing,
    )
    files = [_said(beside, issue, desk)] if message.attachments else []
    return [*files, *action_requested(request, desk)]


def _said(message: MessageReceived, issue: Issue, desk: Desk) -> IssueEvent:
    """The words: for the carrier, from the carrier, or to be looked at."""
    who, leader_id = message.person_id, desk.organisation.leader
    said: dict[str, Any] = {
        "actor_id": who,
        "text": message.text,
        "text_sha256": message.text_sha256,
        "html_sha256": message.html_sha256,
        "raw_sha256": message.raw_sha256,
        "attachments": message.attachments,
    }
    match lifecycle.meaning_of(issue, who, message.standing, leader_id):
        case Meaning.ANSWER:
            return _answer(issue, desk, who, **said)
        case Meaning.MORE:
            voice = Voice.CARRIER
        case Meaning.TO_LOOK_AT:
            voice = Voice.OTHER
        case _ as never:
            assert_never(never)
    said |= {"standing": message.standing, "source": message.source, "quiet": message.quiet}
    event: IssueCommented = _keep(
        lifecycle.comment(issue), desk, IssueCommented, voice=voice, **said
    )
    return event


def could_not_be_understood(envelope: Envelope, desk: Desk) -> list[Event]:
    """Deciding on words failed for good: the owner looks at them, as far as they can be read.

    Where we have no such issue, the buried message keeps them.
    """
    said = envelope.data
    issue = desk.issue(str(said["issue_id"]))
    if issue is None:
        return []
    return [
        _keep(
            lifecycle.comment(issue),
            desk,
            IssueCommented,
            actor_id=str(said["person_id"]) if said.get("person_id") else None,
            voice=Voice.OTHER,
            standing=Standing.THREADED,
            source=_word(Source, said.get("source"), Source.API),
            text=str(said.get("text") or "")[:MAX_TEXT],
            raw_sha256=str(said["raw_sha256"]) if said.get("raw_sha256") else None,
            attachments=_readable(said.get("attachments")),
            quiet=said.get("quiet") is True,
        )
    ]


def action_requested(request: ActionRequested, desk: Desk) -> list[Event]:
    """Does what somebody asks for, or says why not. Asking twice changes nothing."""
    issue = desk.issue(request.issue_id)
    if issue is None:
        raise NotYet
    who, leader_id = request.person_id, desk.organisation.leader
    if lifecycle.is_done(issue, request.action, who, request.assignment):
        return []
    refusal = (
        lifecycle.refusal(issue, request.action, who, request.assignment, leader_id)
        or _unproven(issue, request, desk)
        or _incomplete(issue, request, desk.organisation)
    )
    if refusal is not None:
        return [_refuse(request, refusal, desk, issue)]
    match request.action:
        case Action.ACKNOWLEDGE:
            return [_acknowledge(issue, desk, who)]
        case Action.DECLINE | Action.HAND_OVER:
            return _move(issue, request, desk)
        case Action.ANSWER:
            return [_answer(issue, desk, who, actor_id=who, text=request.text or "")]
        case Action.ANSWERED_ELSEWHERE:
            return [_answered_elsewhere(issue, request, desk)]
        case Action.RESOLVE:
            return _resolve(issue, request, desk)
        case Action.CONFIRM:
            closed = lifecycle.close(issue, desk.now)
            how = {"confirmed": True, "text": request.text}
            return [_keep(closed, desk, IssueClosed, actor_id=who, **how)]
        case Action.REOPEN:
            return _reopen(issue, request, desk)
        case Action.WITHDRAW:
            closed = lifecycle.close(issue, desk.now)
            how = {"confirmed": False, "withdrawn": True, "text": request.text}
            return [_keep(closed, desk, IssueClosed, actor_id=who, **how)]
        case Action.CORRECT:
            return _correct(issue, request, desk)
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
            source=_word(Source, said.get("source"), Source.WEB),
            text=str(said["text"])[:MAX_TEXT] if said.get("text") else None,
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
    IssueImported: Hears(issue_imported, attempts=3, rescue=could_not_be_imported),
    MessageReceived: Hears(message_received, rescue=could_not_be_understood),
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
        confidential=raised.confidential,
        customer=raised.customer,
    )


def _unrouted(reporter_id: str, organisation: Organisation) -> Route:
    """Where nothing could be decided: no team, and carried by the reporter if they are inside."""
    known = reporter_id in organisation.person
    return Route(
        team_id="",
        person_id=None,
        carrier_id=reporter_id if known else organisation.default_carrier,
        product=None,
        category=None,
        urgency=Urgency.NORMAL,
        rule=None,
    )


def _as_raised(imported: IssueImported) -> IssueRaised:
    """An imported issue as it was brought in at its time."""
    return IssueRaised(
        event_id=imported.event_id,
        occurred_at=imported.raised_at,
        issue_id=imported.issue_id,
        reference=imported.reference,
        source=imported.source,
        summary=imported.summary,
        description=imported.description,
        reporter_id=imported.reporter_id,
        customer=imported.customer,
        product=imported.product,
        category=imported.category,
        urgency=imported.urgency,
        language=imported.language,
    )


def _record(
    issue: Issue, imported: IssueImported, owner_id: str, team_id: str | None, desk: Desk
) -> IssueRecorded:
    known = imported.cause in desk.organisation.cause
    answers = [
        remark.at
        for remark in imported.remarks
        if remark.person_id not in (issue.carrier_id, issue.reporter_id)
    ]
    closed = replace(
        lifecycle.close(issue, imported.closed_at),
        owner_id=owner_id,
        team_id=team_id,
        assignment=1,
        cause=imported.cause if known else None,
        answered_at=max(answers, default=imported.closed_at),
        resolved_at=imported.closed_at,
    )
    event: IssueRecorded = _keep(closed, desk, IssueRecorded)
    return event


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
    return _responsible(issue, desk, team_id), choice.reasons


def _responsible(issue: Issue, desk: Desk, team_id: str) -> str:
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


def _answer(issue: Issue, desk: Desk, who: str, **said: Any) -> IssueResponded:
    """Words for the carrier. An owner who answers has taken it, too."""
    desk.remember_answer(issue.carrier_id, who)
    answered = lifecycle.answer(issue, who, desk.now)
    if answered.state == State.ACKNOWLEDGED:
        answered = _plan(answered, desk)
    event: IssueResponded = _keep(answered, desk, IssueResponded, **said)
    return event


def _answered_elsewhere(issue: Issue, request: ActionRequested, desk: Desk) -> IssueResponded:
    """The carrier has heard from somebody by another way; that counts as any answer does."""
    who = request.proposed or issue.owner_id
    said = {"actor_id": who, "said_by_id": request.person_id, "elsewhere": True}
    return _answer(issue, desk, who, text=request.text or "", **said)


def _correct(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """What was said is otherwise now. Another urgency has other deadlines, from the same start."""
    corrected, changed = lifecycle.correct(issue, request.correction or Correction())
    if not changed:
        return []
    if "urgency" in changed:
        policy, hours = _policy(corrected, desk), _hours(corrected, desk)
        corrected = followup.replan(corrected, policy, hours, desk.now)
    said = {"changed": changed, "text": request.text}
    if "customer" in changed:
        said["customer"] = corrected.customer
    return [_keep(corrected, desk, IssueCorrected, actor_id=request.person_id, **said)]


def _resolve(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """What was done goes to the carrier, who is asked to confirm."""
    if request.text:
        desk.remember_answer(issue.carrier_id, request.person_id)
    resolved = _plan(lifecycle.resolve(issue, request.cause, desk.now), desk)
    who, text = request.person_id, request.text
    return [_keep(resolved, desk, IssueResolved, actor_id=who, text=text)]


def _reopen(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Back to its owner; to somebody else where the owner has left the organisation."""
    who, text = request.person_id, request.text
    if request.source is Source.EMAIL:
        issue = lifecycle.count_reopening_by_mail(issue, who, desk.now)
    reopened = _plan(lifecycle.reopen(issue, desk.now), desk)
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


def _unproven(issue: Issue, request: ActionRequested, desk: Desk) -> Refusal | None:
    """A mail that nothing vouches for does little; the rest takes one click."""
    asks = (request.action, request.person_id, request.source, request.standing)
    return Refusal.ONE_CLICK if lifecycle.needs_one_click(issue, *asks, desk.now) else None


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
            # "done" by mail names no cause, and whoever solved it is not sent back for one
            by_mail = request.source is Source.EMAIL and request.cause is None
            known = by_mail or request.cause in organisation.cause
            return None if known else Refusal.INCOMPLETE
        case Action.CORRECT:
            return _uncorrectable(request.correction, organisation)
        case Action.ANSWERED_ELSEWHERE:
            gave = request.proposed or issue.owner_id
            carriers = (issue.carrier_id, issue.reporter_id)
            may = gave in organisation.person and (gave not in carriers or gave == issue.owner_id)
            return None if may else Refusal.NO_SUCH_OWNER
        case Action.ACKNOWLEDGE | Action.CONFIRM | Action.REOPEN | Action.WITHDRAW:
            return None
        case _:
            assert_never(request.action)


def _uncorrectable(correction: Correction | None, organisation: Organisation) -> Refusal | None:
    """A correction says something, and nothing that the organisation does not know."""
    if correction is None or correction == Correction():
        return Refusal.INCOMPLETE
    product, category, summary = correction.product, correction.category, correction.summary
    fits = (
        (product is None or product in organisation.product)
        and (category is None or category in organisation.category)
        and (summary is None or summary.strip())
    )
    return None if fits else Refusal.INCOMPLETE


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
        source=request.source,
        text=request.text,
        issue=lifecycle.snapshot(issue),
    )


def _word(words: type[_Word], value: object, otherwise: _Word) -> _Word:
    """The word that `value` is, or another where it is none."""
    return words(str(value)) if value in set(words) else otherwise


def _readable(attachments: object) -> tuple[Attachment, ...]:
    """The files that are named as they should be."""
    try:
        return _ATTACHMENTS.validate_python(attachments)
    except ValidationError:
        return ()


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
