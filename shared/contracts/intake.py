"""What intake says: what people said, by web form, mail, API or link."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from shared.contracts.event import MAX_TEXT, Event, Model, Speaker
from shared.contracts.issue import (
    Action,
    Attachment,
    DeclineReason,
    Source,
    Standing,
    Urgency,
    WaitingFor,
)
from shared.contracts.organisation import Channel, Language

MOST_ANSWERS: Final = 30
MOST_FILES: Final = 20
MOST_FOLLOWERS: Final = 20

Question = Annotated[str, StringConstraints(max_length=60)]
Answer = Annotated[str, StringConstraints(max_length=2_000)]


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
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=MOST_FILES)
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
    fields: dict[Question, Answer] = Field(default_factory=dict, max_length=MOST_ANSWERS)
    """What was said in the form's own fields, by their ids in the organisation. Together with
    the description at most `MAX_TEXT` characters, so that the event fits."""
    follower_ids: tuple[str, ...] = Field(default=(), max_length=MOST_FOLLOWERS)
    """People on copy."""
    confidential: bool = False
    quiet: bool = False
    """The reporter gets no confirmation: they may be a machine that answers (RFC 3834)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        answers = sum(len(question) + len(answer) for question, answer in self.fields.items())
        if self.fields and len(self.description) + answers > MAX_TEXT:
            raise ValueError("description and answers are longer together than an event may be")
        return self


class FirstLine(Model):
    """What the first line of a mail asks for. The router knows who may, and what it means from
    whom; where it can't be done the line is words as all the others."""

    action: Action
    """A carrier's `resolve` confirms."""
    reason: DeclineReason | None = None
    proposed: str | None = Field(default=None, max_length=200)
    cause: str | None = Field(default=None, max_length=200)
    until: AwareDatetime | None = None
    """The end of a snooze, or the promised date."""
    waiting_for: WaitingFor | None = None
    words: str | None = Field(default=None, max_length=200)
    """What else stands in the line, such as why it is put off; it belongs to the words beneath."""
    understood: bool = True
    """False where it was clearly meant so, but something in it isn't known to us."""


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
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=MOST_FILES)
    quiet: bool = False
    """Shown on the page, told to nobody: more of them came than a person writes."""
    first_line: FirstLine | None = None


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
    until: AwareDatetime | None = None
    """The end of a snooze or a wait, or the promised date."""
    waiting_for: WaitingFor | None = None
    into: str | None = Field(default=None, max_length=200)
    """Id of the other issue, for `merge` and `link`."""
    undoes: str | None = None
    """Id of the request that is to be taken back, for `undo`."""
    by_link: bool = False
    """By a link or a button in a message, which a machine that reads messages may have pressed."""


class AbsenceSaid(IntakeEvent):
    """Somebody will be away, or will not be after all; said by themselves or for them."""

    subject: ClassVar[str] = "absence.said.v1"

    absence_id: str
    """The same one again replaces what was said before."""
    person_id: str
    said_by_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    substitute_id: str | None = None
    """Who has their work meanwhile; None: whom the organisation names, else Banso chooses."""
    cancelled: bool = False
    """They are here after all, or back already."""


class PauseSaid(IntakeEvent):
    """The leader lets all chasing rest (a disaster, closing days), or go on."""

    subject: ClassVar[str] = "pause.said.v1"

    pause_id: str
    person_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    text: str = Field(max_length=2_000)
    """Why, in the words that everybody concerned reads."""
    ended: bool = False
    """It ends now, earlier than was said."""


class CompanionWord(StrEnum):
    """What is said about a companion."""

    YES = "yes"
    NO = "no"
    HELPS = "helps"
    HELPS_NOT = "helps_not"
    END = "end"


class CompanionSaid(IntakeEvent):
    """A carrier, or whoever was asked to run alongside, says yes or no, whether it helps, or that
    it is enough."""

    subject: ClassVar[str] = "companion.said.v1"

    companionship_id: str
    person_id: str
    word: CompanionWord


class Digest(StrEnum):
    """How often somebody gets a summary."""

    NEVER = "never"
    DAILY = "daily"
    WEEKLY = "weekly"


class Told(StrEnum):
    """When somebody may be told what can wait."""

    ALWAYS = "always"
    AT_WORK = "at_work"
    """In their working hours; until then it is held."""


class Preferences(Model):
    """How somebody wants to be told. Whoever has said nothing has these."""

    language: Language | None = None
    """None: as the organisation says."""
    channels: tuple[Channel, ...] = Field(default=(), max_length=10)
    """The first that works is used; none said means the organisation's order."""
    told: Told = Told.AT_WORK
    opens: int | None = Field(default=None, ge=0, le=24 * 60)
    closes: int | None = Field(default=None, ge=0, le=24 * 60)
    """From and until when on their working days, in minutes after midnight in their zone, where
    that is not simply when they work."""
    urgent_passes: bool = True
    """What is urgent comes at any hour."""
    digest: Digest = Digest.WEEKLY


class PreferenceSet(IntakeEvent):
    """Somebody says how they want to be told; it replaces what they said before."""

    subject: ClassVar[str] = "preference.set.v1"

    person_id: str
    preferences: Preferences


class IssueMuted(IntakeEvent):
    """Somebody wants no messages about an issue any more, but for what only they can do; or wants
    them again."""

    subject: ClassVar[str] = "issue.muted.v1"

    issue_id: str
    person_id: str
    muted: bool = True


class MailArrived(IntakeEvent):
    """A mail server says that our mail is in the recipient's box (RFC 3464 `delivered`)."""

    subject: ClassVar[str] = "mail.arrived.v1"

    delivery_id: str
    issue_id: str


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
    """Together with the description at most `MAX_TEXT` characters; the newest are kept."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.description) + sum(len(one.text) for one in self.remarks) > MAX_TEXT:
            raise ValueError("description and remarks are longer together than an event may be")
        return self


STRANGER = "x-"
"""How the ids of people outside the organisation begin; no id in the organisation file does."""


class PersonKnown(IntakeEvent):
    """Somebody outside the organisation wrote: the only event with a name and an address."""

    subject: ClassVar[str] = "person.known.v1"

    person_id: str
    name: str = Field(max_length=200)
    address: str = Field(max_length=320)
    language: str
