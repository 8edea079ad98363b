"""What each fact adds to counters and histograms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.metrics.gauges.groups import shown_teams
from services.metrics.standing import NO_TEAM
from services.metrics.store import Observation
from shared.contracts.issue import AssignedBecause, Snapshot
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    CompanionAssigned,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueDeclined,
    IssueEscalated,
    IssueEvent,
    IssuePromised,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueUndone,
)
from shared.worktime import working_hours


def observed(
    event: IssueEvent, was_answered: bool, organisation: Organisation
) -> Iterator[Observation]:
    """What an event about an issue adds. What is said about an issue since it was merged is counted
    where it was done."""
    issue, team = event.issue, team_of(event.issue)
    if issue.merged_into is not None:
        return
    seconds = _working_seconds(issue.raised_at, event.occurred_at, organisation)
    takes = isinstance(event, IssueAcknowledged | IssueResponded | IssueResolved)
    if takes and issue.acknowledged_at == event.occurred_at:
        yield lambda f: f.acknowledgement.labels(team).observe(seconds)
    match event:
        case IssueAssigned():
            yield from _assigned(event, organisation)
        case IssueResponded():
            yield lambda f: f.answers.labels(team).inc()
            if event.elsewhere:
                yield lambda f: f.answered_elsewhere.labels(team).inc()
            if not was_answered:
                yield lambda f: f.first_response.labels(team).observe(seconds)
        case IssueDeclined():
            yield lambda f: f.declines.labels(team, event.reason).inc()
        case IssueReminded():
            yield lambda f: f.reminders.labels(team, event.step).inc()
        case IssueEscalated():
            leads = event.person_id == organisation.leader
            yield lambda f: f.escalations.labels(team, "leader" if leads else "lead").inc()
        case IssuePromised() if event.previously_at is not None:
            drift = _drift(event.previously_at, issue.promised_at, organisation)
            yield lambda f: f.promise_drift.labels(team).observe(drift)
        case IssueResolved():
            yield lambda f: f.resolution.labels(team).observe(seconds)
        case IssueClosed() if event.confirmed and event.shared_from is None:
            yield lambda f: f.credited_issues.labels(team).inc()
        case IssueReopened():
            yield lambda f: f.reopens.labels(team).inc()
        case IssueUndone():
            yield lambda f: f.undone.labels(event.because).inc()
        case _:
            pass


def companion_assigned(
    event: CompanionAssigned, organisation: Organisation
) -> Iterator[Observation]:
    """Counted for the carrier's group; where that is too small to be shown, nowhere."""
    carrier = organisation.person.get(event.carrier_id)
    label = shown_teams(organisation).get(carrier.team) if carrier else None
    if label is not None:
        yield lambda f: f.companions_assigned.labels(label, event.because).inc()


def team_of(issue: Snapshot) -> str:
    return issue.team_id or NO_TEAM


def _assigned(event: IssueAssigned, organisation: Organisation) -> Iterator[Observation]:
    """A new issue is a request to its team; a hand-over counts for the team that handed it on."""
    if event.because in (AssignedBecause.NEW, AssignedBecause.UNROUTABLE):
        team = team_of(event.issue)
        yield lambda f: f.requests.labels(team).inc()
    if event.because is AssignedBecause.HANDED_OVER:
        previous = organisation.person.get(event.previous_owner_id or "")
        handed_on = previous.team if previous else NO_TEAM
        yield lambda f: f.handons.labels(handed_on).inc()


def _working_seconds(start: datetime, end: datetime, organisation: Organisation) -> float:
    return working_hours(organisation.calendar_of(None)).between(start, end).total_seconds()


def _drift(promised: datetime, instead: datetime | None, organisation: Organisation) -> float:
    """0 where it was moved to an earlier day."""
    if instead is None or instead <= promised:
        return 0.0
    return _working_seconds(promised, instead, organisation)
