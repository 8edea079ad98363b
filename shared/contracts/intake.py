"""What intake says: what people said, by web form, mail, API or link."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.event import MAX_TEXT, Event, Model, Speaker
from shared.contracts.issue import (
    Action,
    Attachment,
    DeclineReason,
    Source,
    Standing,
    Urgency,
)


class IntakeEvent(Event):
    speaker: ClassVar[Speaker] = Speaker.INTAKE


class IssueRaised(IntakeEvent):
    """Somebody brought in a problem."""

    subject: ClassVar[str] = "issue.raised.v1"

    issue_id: str
    reference: str
    source: Source
    summary: str = Field(max_length=200)
    description: str = Field(max_length=MAX_TEXT)
    description_sha256: str | None = None
    """The blob with the whole text, where it was too long for an event."""
    html_sha256: str | None = None
    """The blob with the mail's HTML, sanitised."""
    raw_sha256: str | None = None
    """The blob with the raw mail."""
    attachments: tuple[Attachment, ...] = ()
    reporter_id: str
    on_behalf_of_id: str | None = None
    """The carrier, where the reporter writes for a colleague."""
    customer: str | None = Field(default=None, max_length=200)
    product: str | None = Field(default=None, max_length=200)
    """Its id where the organisation has it, else the reporter's own word."""
    category: str | None = Field(default=None, max_length=200)
    urgency: Urgency | None = None
    language: str
    needed_by: AwareDatetime | None = None
    addressed_to: tuple[str, ...] = ()
    """Which of our own addresses a mail came to."""
    fields: dict[str, str] = Field(default_factory=dict)
    """What was said in the form's own fields, by their ids in the organisation."""
    follower_ids: tuple[str, ...] = ()
    """People on copy."""
    confidential: bool = False
    quiet: bool = False
    """The reporter gets no confirmation: they may be a machine that answers (RFC 3834)."""


class MessageReceived(IntakeEvent):
    """Somebody said more about an issue; the router decides what it is."""

    subject: ClassVar[str] = "message.received.v1"

    issue_id: str
    person_id: str
    source: Source
    standing: Standing
    text: str = Field(max_length=MAX_TEXT)
    """The new words only, without quotes and signature."""
    text_sha256: str | None = None
    """The blob with the whole text, quotes and all, where it is more than `text`."""
    html_sha256: str | None = None
    raw_sha256: str | None = None
    attachments: tuple[Attachment, ...] = ()
    quiet: bool = False
    """Shown on the page, told to nobody: more of them came than a person writes."""


class Correction(Model):
    """What shall be otherwise about an issue; what is None stays."""

    summary: str | None = Field(default=None, max_length=200)
    product: str | None = Field(default=None, max_length=200)
    category: str | None = Field(default=None, max_length=200)
    urgency: Urgency | None = None
    customer: str | None = Field(default=None, max_length=200)
    needed_by: AwareDatetime | None = None


class ActionRequested(IntakeEvent):
    """A person asks for something to be done with an issue; the router decides."""

    subject: ClassVar[str] = "action.requested.v1"

    issue_id: str
    person_id: str
    action: Action
    assignment: int | None = None
    """The assignment that the link belonged to; None where no link was used."""
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    reason: DeclineReason | None = None
    proposed: str | None = Field(default=None, max_length=200)
    """A person's or a team's id."""
    cause: str | None = Field(default=None, max_length=200)
    source: Source = Source.WEB
    standing: Standing = Standing.VOUCHED
    correction: Correction | None = None
    """What shall be otherwise, for `correct`."""


class MailBounced(IntakeEvent):
    """A mail of ours came back: this person can't be reached at that address."""

    subject: ClassVar[str] = "mail.bounced.v1"

    delivery_id: str
    """Of the notification that came back."""
    issue_id: str
    permanent: bool
    error: str = Field(max_length=200)
    """Status and words without any address, such as `5.1.1 user unknown`."""


class Remark(Model):
    """One message in the history of an imported issue."""

    at: AwareDatetime
    person_id: str
    text: str = Field(max_length=5_000)


class IssueImported(IntakeEvent):
    """An issue of an old helpdesk, over and done with. Nobody is told of it."""

    subject: ClassVar[str] = "issue.imported.v1"

    issue_id: str
    reference: str
    source: Source
    imported_as: str = Field(max_length=300)
    """Its id in the old system."""
    summary: str = Field(max_length=200)
    description: str = Field(max_length=MAX_TEXT)
    description_sha256: str | None = None
    raw_sha256: str | None = None
    reporter_id: str
    owner_id: str | None = None
    customer: str | None = Field(default=None, max_length=200)
    product: str | None = Field(default=None, max_length=200)
    category: str | None = Field(default=None, max_length=200)
    cause: str | None = Field(default=None, max_length=200)
    urgency: Urgency | None = None
    language: str
    raised_at: AwareDatetime
    closed_at: AwareDatetime
    remarks: tuple[Remark, ...] = Field(default=(), max_length=30)


STRANGER = "x-"
"""How the ids of people outside the organisation begin; no id in the organisation file does."""


class PersonKnown(IntakeEvent):
    """Somebody outside the organisation wrote: the only event with a name and an address."""

    subject: ClassVar[str] = "person.known.v1"

    person_id: str
    name: str = Field(max_length=200)
    address: str = Field(max_length=320)
    language: str
