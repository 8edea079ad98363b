"""What metrics does about each fact: keeps it, and what it changes in the figures."""

from __future__ import annotations

from collections.abc import Mapping

from services.metrics.facts import instant
from services.metrics.gauges.counting import companion_assigned, observed
from services.metrics.heard import entries, without_words
from services.metrics.standing import NO_TEAM, Standing, standing_after
from services.metrics.store import Books, Fact
from shared.bus import Hears
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import State, Urgency
from shared.contracts.notifier import NotificationFailed, PersonUnreachable
from shared.contracts.router import (
    ChasingPaused,
    ChasingResumed,
    CompanionAssigned,
    CompanionReleased,
    IssueEvent,
    OrganisationPublished,
    PersonAway,
    PersonBack,
)
from shared.contracts.traffic import ISSUE_EVENTS, DeadLetter


def issue_raised(raised: IssueRaised, books: Books) -> list[Event]:
    """Unowned from now on, until its assignment is heard."""
    books.observed.append(lambda f: f.saw(raised.occurred_at))
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
    if not _keep(event, books):
        return []
    known = books.standings.get(event.issue_id)
    if known is None or event.issue.version > known.version:
        books.put(standing_after(event))
    was_answered = known is not None and known.is_answered
    books.observed.extend(observed(event, was_answered, books.organisation))
    return []


def about_people(event: Event, books: Books) -> list[Event]:
    """Who is away, who has somebody at their side, and when nobody is chased."""
    if _keep(event, books) and isinstance(event, CompanionAssigned):
        books.observed.extend(companion_assigned(event, books.organisation))
    return []


def organisation_published(published: OrganisationPublished, books: Books) -> list[Event]:
    books.keep_organisation(published)
    _keep(published, books)
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


def _keep(event: Event, books: Books) -> bool:
    """Keeps what is to be folded; nothing, and False, where it was kept before."""
    if books.facts.get(event.event_id) is not None:
        return False
    at, found = event.occurred_at, entries(event)
    begins_at = min((instant(one.key[0]) for one in found), default=at)
    issue_id, version = None, 0
    if isinstance(event, IssueEvent):
        issue_id, version = event.issue_id, event.issue.version
    fact = Fact(event.event_id, event.subject, issue_id, version, at, _kept(event), begins_at)
    books.keep(fact, found)
    books.observed.append(lambda f: f.saw(at))
    return True


def _kept(event: Event) -> bytes:
    """An organisation is kept by itself, so that its revision is enough here."""
    if isinstance(event, OrganisationPublished):
        return event.organisation.revision.encode()
    return without_words(event)
