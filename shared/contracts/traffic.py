"""Who says what, and who hears it: the one table behind streams, consumers and permissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from shared.contracts.event import Event, Speaker
from shared.contracts.intake import (
    AbsenceSaid,
    ActionRequested,
    CompanionSaid,
    IssueImported,
    IssueMuted,
    IssueRaised,
    MailArrived,
    MailBounced,
    MessageReceived,
    PauseSaid,
    PersonKnown,
    PreferenceSet,
)
from shared.contracts.metrics import PersonIsolated, PersonSupported
from shared.contracts.notifier import (
    DigestMade,
    NotificationFailed,
    NotificationSent,
    PersonUnreachable,
)
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    CompanionAsked,
    CompanionAssigned,
    CompanionChecked,
    CompanionEscalated,
    CompanionOffered,
    CompanionReleased,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueDeclined,
    IssueDue,
    IssueEscalated,
    IssueHelped,
    IssueLapsed,
    IssueLinked,
    IssueMerged,
    IssuePostponed,
    IssuePromised,
    IssueRecorded,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSeparated,
    IssueSnoozed,
    IssueUndone,
    IssueWaiting,
    OrganisationPublished,
    PersonAway,
    PersonBack,
)


class DeadLetter(Event):
    """A message that a service gave up on: its body as it was, the error in its headers."""

    subject: ClassVar[str] = "dead.>"
    speaker: ClassVar[Speaker]

    buried_by: str
    original_subject: str
    error: str


ISSUE_EVENTS: tuple[type[Event], ...] = (
    IssueAssigned,
    IssueAcknowledged,
    IssueDeclined,
    IssueResponded,
    IssueCommented,
    IssueCorrected,
    IssueReminded,
    IssueEscalated,
    IssueResolved,
    IssueClosed,
    IssueReopened,
    IssueHelped,
    IssueSnoozed,
    IssueWaiting,
    IssueResumed,
    IssuePromised,
    IssueLapsed,
    IssuePostponed,
    IssueMerged,
    IssueLinked,
    IssueSeparated,
    IssueUndone,
)

COMPANION_EVENTS: tuple[type[Event], ...] = (
    CompanionOffered,
    CompanionAsked,
    CompanionAssigned,
    CompanionChecked,
    CompanionEscalated,
    CompanionReleased,
)

SAYS: Mapping[Speaker, tuple[type[Event], ...]] = {
    Speaker.INTAKE: (
        IssueRaised,
        MessageReceived,
        ActionRequested,
        PersonKnown,
        MailBounced,
        IssueImported,
        AbsenceSaid,
        PauseSaid,
        PreferenceSet,
        IssueMuted,
        MailArrived,
        CompanionSaid,
    ),
    Speaker.ROUTER: (
        *ISSUE_EVENTS,
        *COMPANION_EVENTS,
        IssueRecorded,
        IssueDue,
        ActionRefused,
        PersonAway,
        PersonBack,
        ChasingPaused,
        ChasingResumed,
        OrganisationPublished,
    ),
    Speaker.NOTIFIER: (NotificationSent, NotificationFailed, PersonUnreachable, DigestMade),
    Speaker.METRICS: (PersonIsolated, PersonSupported),
}

HEARS: Mapping[Speaker, tuple[type[Event], ...]] = {
    Speaker.INTAKE: (
        *ISSUE_EVENTS,
        *COMPANION_EVENTS,
        IssueRecorded,
        ActionRefused,
        PersonAway,
        PersonBack,
        ChasingPaused,
        ChasingResumed,
        OrganisationPublished,
        NotificationSent,
        NotificationFailed,
        PersonUnreachable,
        PersonIsolated,
        PersonSupported,
    ),
    Speaker.ROUTER: (
        IssueRaised,
        MessageReceived,
        ActionRequested,
        IssueImported,
        AbsenceSaid,
        PauseSaid,
        CompanionSaid,
        PersonIsolated,
        PersonSupported,
        IssueDue,
    ),
    Speaker.NOTIFIER: (
        IssueRaised,
        PersonKnown,
        MailBounced,
        MailArrived,
        PreferenceSet,
        IssueMuted,
        *ISSUE_EVENTS,
        *COMPANION_EVENTS,
        ActionRefused,
        PersonAway,
        PersonBack,
        ChasingPaused,
        ChasingResumed,
        OrganisationPublished,
        PersonUnreachable,
    ),
    Speaker.METRICS: (
        IssueRaised,
        *ISSUE_EVENTS,
        CompanionAssigned,
        CompanionReleased,
        PersonAway,
        PersonBack,
        ChasingPaused,
        ChasingResumed,
        OrganisationPublished,
        NotificationFailed,
        PersonUnreachable,
        DeadLetter,
    ),
}

EVENTS: Mapping[str, type[Event]] = {
    event.subject: event for events in SAYS.values() for event in events
}
"""Every event by its subject."""

DEAD_STREAM = "DEAD"
ADVISORIES_STREAM = "ADVISORIES"
ADVISORIES = (
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
)
"""The server's own word on messages that a consumer gave up on: the net under dead letters."""


AUDITOR = "audit"
"""The NATS user that looks at every stream and has no facts of its own."""


NOBODY = "nobody"
"""Who hears a dead letter that needs nothing more than to have been looked at."""


def again(service: str, subject: str) -> str:
    """The subject on which something is said again, for one service alone."""
    return f"again.{service}.{subject}"


def repeat(service: Speaker) -> str:
    """The subject on which a service is asked to repeat events of its own journal."""
    return f"repeat.{service}"


def stream_of(subject: str) -> str:
    """The stream that keeps a subject: one per speaker, and DEAD."""
    if subject.startswith(("dead.", "again.")):
        return DEAD_STREAM
    return EVENTS[subject].speaker.upper()


def streams() -> Mapping[str, tuple[str, ...]]:
    """Every stream with its subjects. A speaker that has nothing to say yet has none."""
    spoken = {
        speaker.upper(): tuple(event.subject for event in events)
        for speaker, events in SAYS.items()
        if events
    }
    return {**spoken, DEAD_STREAM: ("dead.>", "again.>"), ADVISORIES_STREAM: ADVISORIES}


def heard(service: Speaker) -> Mapping[str, tuple[str, ...]]:
    """By stream, the subjects that a service hears: one durable consumer each."""
    subjects: dict[str, list[str]] = {DEAD_STREAM: [f"again.{service}.>"]}
    for event in HEARS[service]:
        subjects.setdefault(stream_of(event.subject), []).append(event.subject)
    return {stream: tuple(names) for stream, names in subjects.items()}


def permissions(service: Speaker) -> tuple[list[str], list[str]]:
    """What a service may publish and subscribe on NATS: its own facts and its own consumers."""
    publish = [event.subject for event in SAYS[service]] + [f"dead.{service}.>"]
    if SAYS[service]:
        publish.append(f"$JS.API.STREAM.INFO.{service.upper()}")
    for stream in heard(service):
        publish += [
            f"$JS.API.CONSUMER.INFO.{stream}.{service}",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{service}",
            f"$JS.ACK.{stream}.{service}.>",
        ]
    return publish, [f"_INBOX_{service}.>", repeat(service)]


def permissions_of_auditor() -> tuple[list[str], list[str]]:
    """The auditor reads streams, asks speakers to repeat what stands in their own journals, and
    wakes issues, which the router heeds only where that step is current. It can say no fact."""
    publish = [
        f"$JS.API.{api}.{stream}" for stream in streams() for api in ("STREAM.INFO", "DIRECT.GET")
    ]
    publish += [repeat(service) for service in Speaker]
    publish.append(again(Speaker.ROUTER, IssueDue.subject))
    return publish, [f"_INBOX_{AUDITOR}.>"]
