"""What intake says: what people said, by web form, mail, API or link."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.event import MAX_TEXT, Event, Speaker
from shared.contracts.issue import Action, DeclineReason, Source, Urgency


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
    raw_sha256: str | None = None
    """The blob with the raw mail."""
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


STRANGER = "x-"
"""How the ids of people outside the organisation begin; no id in the organisation file does."""


class PersonKnown(IntakeEvent):
    """Somebody outside the organisation wrote: the only event with a name and an address."""

    subject: ClassVar[str] = "person.known.v1"

    person_id: str
    name: str = Field(max_length=200)
    address: str = Field(max_length=320)
    language: str
