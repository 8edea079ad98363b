"""What metrics does about each fact: keeps it, and what it changes in the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from services.metrics.store import Books, Fact, Observation, Standing
from shared.bus import Hears
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import AssignedBecause, Snapshot, State, Urgency
from shared.contracts.notifier import NotificationFailed, PersonUnreachable
from shared.contracts.router import (
    ChasingPaused,
    ChasingResumed,
    CompanionAssigned,
    CompanionReleased,
    IssueAcknowledged,
    IssueAssigned,
    IssueDeclined,
    IssueEscalated,
    IssueEvent,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueUndone,
    OrganisationPublished,
    PersonAway,
    PersonBack,
)
from shared.contracts.traffic import ISSUE_EVENTS, DeadLetter
from shared.worktime import working_hours

NO_TEAM = "none"
"""The label of issues that the leader owns without any team."""


def issue_raised(raised: IssueRaised, books: Books) -> list[Event]:
    """Unowned from now on, until its assignment is heard."""
    _keep(raised, raised.issue_id, 0, books)
    if books.standings.get(raised.issue_id) is None:
        urgency = raised.urgency or Urgency.NORMAL
        books.put(
            Standing(
                raised.issue_id, 0, State.RECEIVED, urgency, NO_TEAM, raised.occurred_at, False
            )
        )
    return []


def issue_changed(event: IssueEvent, books: Books) -> list[Event]:
    """The newest version is what the gauges show; counters count every event."""
    issue = event.issue
    _keep(event, event.issue_id, issue.version, books)
    known = books.standings.get(event.issue_id)
    if known is None or issue.version > known.version:
        books.put(
            Standing(
                event.issue_id,
                issue.version,
                issue.state,
                issue.urgency,
                _team(issue),
                issue.raised_at,
                issue.answered_at is not None,
            )
        )
    was_answered = known is not None and known.is_answered
    books.observed.extend(_observed(event, was_answered, books))
    return []


def about_people(event: Event, books: Books) -> list[Event]:
    """Who is away, who has somebody at their side, and when nobody is chased."""
    _keep(event, None, 0, books)
    return []


def organisation_published(published: OrganisationPublished, books: Books) -> list[Event]:
    books.keep_organisation(published)
    return []


def notification_failed(failed: NotificationFailed, books: Books) -> list[Event]:
    books.observed.append(lambda f: f.failed_notifications.labels(failed.channel).inc())
    return []


def person_unreachable(_: PersonUnreachable, books: Books) -> list[Event]:
    books.observed.append(lambda f: f.unreachable.inc())
    return []


def message_buried(dead: DeadLetter, books: Books) -> list[Event]:
    books.observed.append(lambda f: f.dead_letters.labels(dead.buried_by).inc())
    return []


HEARS: Mapping[type[Event], Hears[Books]] = {
    IssueRaised: Hears(issue_raised),
    **{event: Hears(issue_changed) for event in ISSUE_EVENTS},
    PersonAway: Hears(about_people),
    PersonBack: Hears(about_people),
    ChasingPaused: Hears(about_people),
    ChasingResumed: Hears(about_people),
    CompanionAssigned: Hears(about_people),
    CompanionReleased: Hears(about_people),
    OrganisationPublished: Hears(organisation_published),
    NotificationFailed: Hears(notification_failed),
    PersonUnreachable: Hears(person_unreachable),
    DeadLetter: Hears(message_buried),
}


def _keep(event: Event, issue_id: str | None, version: int, books: Books) -> None:
    books.facts.add(
        Fact(event.event_id, event.subject, issue_id, version, event.occurred_at, event.message)
    )
    books.observed.append(lambda f: f.saw(event.occurred_at))


def _observed(event: IssueEvent, was_answered: bool, books: Books) -> Iterator[Observation]:
    """What the event adds to counters and histograms. What is said about an issue since it was
    merged is counted where it was done."""
    issue, team = event.issue, _team(event.issue)
    if issue.merged_into is not None:
        return
    seconds = _working_seconds(issue.raised_at, event.occurred_at, books)
    takes = isinstance(event, IssueAcknowledged | IssueResponded | IssueResolved)
    if takes and issue.acknowledged_at == event.occurred_at:
        yield lambda f: f.acknowledgement.labels(team).observe(seconds)
    match event:
        case IssueAssigned() if event.because in (AssignedBecause.NEW, AssignedBecause.UNROUTABLE):
            yield lambda f: f.requests.labels(team).inc()
        case IssueResponded():
            yield lambda f: f.answers.labels(team).inc()
            if not was_answered:
                yield lambda f: f.first_response.labels(team).observe(seconds)
        case IssueDeclined():
            yield lambda f: f.declines.labels(team, event.reason).inc()
        case IssueReminded():
            yield lambda f: f.reminders.labels(team, event.step).inc()
        case IssueEscalated():
            leads = event.person_id == books.organisation.leader
            yield lambda f: f.escalations.labels(team, "leader" if leads else "lead").inc()
        case IssueResolved():
            yield lambda f: f.resolution.labels(team).observe(seconds)
        case IssueReopened():
            yield lambda f: f.reopens.labels(team).inc()
        case IssueUndone():
            yield lambda f: f.undone.labels(event.because).inc()
        case _:
            pass


def _working_seconds(start: datetime, end: datetime, books: Books) -> float:
    hours = working_hours(books.organisation.calendar_of(None))
    return hours.between(start, end).total_seconds()


def _team(issue: Snapshot) -> str:
    return issue.team_id or NO_TEAM
