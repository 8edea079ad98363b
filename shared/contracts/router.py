"""What the router says: what becomes of issues."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.event import MAX_TEXT, Event, Speaker
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Attachment,
    DeclineReason,
    Reasons,
    Refusal,
    Snapshot,
    Source,
    Standing,
    Step,
)
from shared.contracts.organisation import Organisation


class RouterEvent(Event):
    speaker: ClassVar[Speaker] = Speaker.ROUTER


class IssueEvent(RouterEvent):
    """Something happened to an issue, which is now as `issue` says."""

    issue_id: str
    issue: Snapshot
    actor_id: str | None = None
    """The person who did it; None where Banso did it in its own name."""


class IssueAssigned(IssueEvent):
    """The issue has a (new) owner."""

    subject: ClassVar[str] = "issue.assigned.v1"

    because: AssignedBecause
    reasons: Reasons
    previous_owner_id: str | None = None


class IssueAcknowledged(IssueEvent):
    """The owner has taken it."""

    subject: ClassVar[str] = "issue.acknowledged.v1"


class IssueDeclined(IssueEvent):
    """The owner said "not mine"; a new assignment follows in the same breath."""

    subject: ClassVar[str] = "issue.declined.v1"

    reason: DeclineReason
    proposed: str


class IssueResponded(IssueEvent):
    """A person's words for the carrier."""

    subject: ClassVar[str] = "issue.responded.v1"

    text: str = Field(max_length=MAX_TEXT)
    text_sha256: str | None = None
    html_sha256: str | None = None
    raw_sha256: str | None = None
    attachments: tuple[Attachment, ...] = ()
    elsewhere: bool = False
    """It was given by telephone or in person; the carrier says so, and `actor_id` gave it."""
    said_by_id: str | None = None
    """Who says so, where it was given elsewhere."""


class Voice(StrEnum):
    """Whose words a comment is, as far as the issue is concerned."""

    CARRIER = "carrier"
    """Whoever carries it or brought it in."""
    OTHER = "other"
    """Anybody else, or somebody whom nothing vouches for: a message to be looked at."""


class IssueCommented(IssueEvent):
    """Words about the issue which are no answer to its carrier."""

    subject: ClassVar[str] = "issue.commented.v1"

    voice: Voice
    standing: Standing
    source: Source
    text: str = Field(max_length=MAX_TEXT)
    text_sha256: str | None = None
    html_sha256: str | None = None
    raw_sha256: str | None = None
    attachments: tuple[Attachment, ...] = ()
    quiet: bool = False
    """Shown, and told to nobody."""


class IssueCorrected(IssueEvent):
    """What was said about the issue is otherwise now; `issue` is as corrected."""

    subject: ClassVar[str] = "issue.corrected.v1"

    changed: tuple[str, ...]
    """Names of the snapshot's fields, and `customer`."""
    customer: str | None = Field(default=None, max_length=200)
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssueReminded(IssueEvent):
    """Banso reminded the person whose step is due or overdue."""

    subject: ClassVar[str] = "issue.reminded.v1"

    step: Step
    person_id: str


class IssueEscalated(IssueEvent):
    """A step stayed undone, so somebody further up the ladder has been told."""

    subject: ClassVar[str] = "issue.escalated.v1"

    step: Step
    person_id: str
    gives: bool = False
    """The issue itself moves there, too; its assignment follows in the same breath."""


class IssueResolved(IssueEvent):
    """The owner says that it is solved; it closes by itself at `issue.next_step_at`."""

    subject: ClassVar[str] = "issue.resolved.v1"

    text: str | None = Field(default=None, max_length=MAX_TEXT)
    """What was done, for the carrier."""


class IssueClosed(IssueEvent):
    """It is over: confirmed by the carrier, or nobody objected in time."""

    subject: ClassVar[str] = "issue.closed.v1"

    confirmed: bool
    withdrawn: bool = False
    """Whoever brought it in needs it no more."""
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssueRecorded(IssueEvent):
    """An imported issue is on record, closed. Nobody is told."""

    subject: ClassVar[str] = "issue.recorded.v1"


class IssueReopened(IssueEvent):
    """The carrier says that it is not solved."""

    subject: ClassVar[str] = "issue.reopened.v1"

    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssueDue(RouterEvent):
    """The router to itself: the time of a step has come. Acted on only if still current."""

    subject: ClassVar[str] = "issue.due.v1"

    issue_id: str
    step_number: int


class ActionRefused(RouterEvent):
    """A request could not be done; the person is told why and what to do."""

    subject: ClassVar[str] = "action.refused.v1"

    issue_id: str
    person_id: str
    action: Action
    refusal: Refusal
    requested_at: AwareDatetime
    source: Source = Source.WEB
    """Where it was asked: whoever used a page has seen the refusal there."""
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    """Their words, so that none are lost."""
    issue: Snapshot | None = None


class OrganisationPublished(RouterEvent):
    """The organisation as it is from now on, whole."""

    subject: ClassVar[str] = "organisation.published.v1"

    organisation: Organisation
