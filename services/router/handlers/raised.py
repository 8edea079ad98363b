"""Issues that come in: new, imported, or not to be decided."""

from __future__ import annotations

from dataclasses import replace

from services.router import lifecycle, rules
from services.router.handlers.keep import keep, word
from services.router.handlers.owner import appoint, assign, find_owner, responsible
from services.router.handlers.place import learn, place
from services.router.lifecycle import Issue
from services.router.rules import Route
from services.router.store import Desk
from shared.contracts.event import Envelope, Event
from shared.contracts.intake import (
    IssueImported,
    IssueRaised,
)
from shared.contracts.issue import (
    AssignedBecause,
    Reasons,
    Source,
    State,
    Urgency,
)
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    IssueRecorded,
)


def issue_raised(raised: IssueRaised, desk: Desk) -> list[Event]:
    """Gives a new issue its owner."""
    if desk.issue(raised.issue_id) is not None:
        return []
    placed = place(raised, desk)
    route, because = placed.route, AssignedBecause.NEW
    learn(raised, route, desk)
    issue = _new_issue(raised, route, desk.organisation.revision)
    if placed.sorted_by is not None:
        owner_id, reasons = appoint(issue, desk, placed.sorted_by)
        because = AssignedBecause.TRIAGE
    else:
        owner_id, reasons = find_owner(issue, desk, route.team_id, route)
    guessed = {"guesses": placed.guesses, "guessed": placed.guessed}
    reasons = reasons.model_copy(update=guessed)
    copied = rules.followers(raised, owner_id, route.carrier_id, desk.organisation)
    issue = replace(issue, follower_ids=copied)
    team_id = desk.organisation.person[owner_id].team if placed.sorted_by else route.team_id
    return [assign(issue, desk, owner_id, team_id, because, reasons)]


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
        source=word(Source, said.get("source"), Source.API),
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
    return [assign(issue, desk, leader_id, None, because, Reasons())]


def issue_imported(imported: IssueImported, desk: Desk) -> list[Event]:
    """Puts an issue of an old helpdesk on record: closed, nobody's work, nothing due."""
    if desk.issue(imported.issue_id) is not None:
        return []
    organisation = desk.organisation
    route = rules.route(_as_raised(imported), organisation)
    issue = _new_issue(_as_raised(imported), route, organisation.revision)
    owner = organisation.person.get(imported.owner_id or "")
    learn(_as_raised(imported), route, desk)
    if owner is not None:
        desk.correct_lesson(imported.issue_id, team_id=owner.team)
        desk.remember_answer(issue.carrier_id, owner.id, imported.closed_at)
        owner_id, team_id = owner.id, owner.team
    else:
        owner_id, team_id = responsible(issue, desk, route.team_id), route.team_id
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
        source=word(Source, said.get("source"), Source.API),
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


def _new_issue(raised: IssueRaised, route: Route, revision: str) -> Issue:
    """The issue before it has an owner; `assign` makes it whole."""
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
        policy=route.policy,
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
    event: IssueRecorded = keep(closed, desk, IssueRecorded)
    return event
