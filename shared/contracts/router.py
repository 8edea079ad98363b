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
    UndoneBecause,
)
from shared.contracts.metrics import Evidence
from shared.contracts.organisation import Organisation


class RouterEvent(Event):
    speaker: ClassVar[Speaker] = Speaker.ROUTER


class IssueEvent(RouterEvent):
    """Something happened to an issue, which is now as `issue` says."""

    issue_id: str
    issue: Snapshot
    actor_id: str | None = None
    """The person who did it; None where Banso did it in its own name."""
    by_link: Action | None = None
    """What was asked for, where a link or a button in a message did, which a machine may press."""
    undo_until: AwareDatetime | None = None
    """Until when `actor_id` may take it back, naming what led to it; None where nobody can."""


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
    shared_from: str | None = None
    """Id of the issue to which it was given, where this one is the same or a part of it."""


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
    from_reference: str | None = None
    """Of the issue about which its own carrier wrote it, and which is the same as this one."""


class IssueCorrected(IssueEvent):
    """What was said about the issue is otherwise now; `issue` is as corrected."""

    subject: ClassVar[str] = "issue.corrected.v1"

    changed: tuple[str, ...]
    """Names of the snapshot's fields, and `customer`."""
    customer: str | None = Field(default=None, max_length=200)
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssueHelped(IssueEvent):
    """The owner has asked a colleague for help, who may answer from now on."""

    subject: ClassVar[str] = "issue.helped.v1"

    helper_id: str
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssueSnoozed(IssueEvent):
    """The owner has put it off until `issue.snoozed_until`; reminders rest until then."""

    subject: ClassVar[str] = "issue.snoozed.v1"

    text: str = Field(max_length=MAX_TEXT)
    """Why; the carrier reads it."""


class IssueWaiting(IssueEvent):
    """The owner can't go on before `issue.waiting_for` says more; the clock stands still."""

    subject: ClassVar[str] = "issue.waiting.v1"

    text: str = Field(max_length=MAX_TEXT)
    """What is asked."""


class ResumedBecause(StrEnum):
    """Why a wait or a snooze is over."""

    ANSWERED = "answered"
    """The carrier said more."""
    ASKED = "asked"
    """The owner, or the carrier, lets it go on."""
    UNANSWERED = "unanswered"
    """Nobody said anything in spite of reminders: the owner has it again."""
    OVER = "over"
    """The snooze has ended."""


class IssueResumed(IssueEvent):
    """It is the owner's turn again, with the time that was left."""

    subject: ClassVar[str] = "issue.resumed.v1"

    because: ResumedBecause
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssuePromised(IssueEvent):
    """The owner has said when it will be solved: `issue.promised_at`."""

    subject: ClassVar[str] = "issue.promised.v1"

    previously_at: AwareDatetime | None = None
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssueLapsed(IssueEvent):
    """The owner took it and then nothing happened: it counts as not taken, and is chased."""

    subject: ClassVar[str] = "issue.lapsed.v1"


class IssuePostponed(IssueEvent):
    """The next step is due at another time: chasing rested, or the calendars are otherwise now."""

    subject: ClassVar[str] = "issue.postponed.v1"


class IssueMerged(IssueEvent):
    """It is the same as another issue and closed; its carrier hears of the other's progress."""

    subject: ClassVar[str] = "issue.merged.v1"

    into_reference: str
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssueLinked(IssueEvent):
    """It is part of a problem: when that is solved, this is."""

    subject: ClassVar[str] = "issue.linked.v1"

    parent_reference: str
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class IssueSeparated(IssueEvent):
    """It stands for itself again."""

    subject: ClassVar[str] = "issue.separated.v1"

    from_reference: str
    text: str | None = Field(default=None, max_length=MAX_TEXT)


class PersonAway(RouterEvent):
    """Somebody is away from now on; what they had open is with others, who give it back."""

    subject: ClassVar[str] = "person.away.v1"

    absence_id: str
    person_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    substitute_id: str | None = None
    issues: int
    """How many of their open issues went to others."""


class PersonBack(RouterEvent):
    """They are here again; what is still open of theirs has come back."""

    subject: ClassVar[str] = "person.back.v1"

    absence_id: str
    person_id: str
    substitute_id: str | None = None
    issues: int


class ChasingPaused(RouterEvent):
    """Banso reminds nobody for a while, and no deadline runs."""

    subject: ClassVar[str] = "chasing.paused.v1"

    pause_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    said_by_id: str | None = None
    text: str = Field(max_length=2_000)
    concerned: tuple[str, ...] = ()
    """Everybody who owns or carries something open."""
    refused: bool = False
    """It rests as before: somebody wanted it otherwise who does not lead, and hears so alone."""


class ChasingResumed(RouterEvent):
    """Deadlines run again, with the time that was left."""

    subject: ClassVar[str] = "chasing.resumed.v1"

    pause_id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    concerned: tuple[str, ...] = ()
    refused: bool = False
    """It never rested: somebody wanted it to who does not lead, and hears so alone."""


class IssueReminded(IssueEvent):
    """Banso reminded the person whose step is due or overdue."""

    subject: ClassVar[str] = "issue.reminded.v1"

    step: Step
    person_id: str
    before: bool = False
    """It is not late yet: a part of the time is left."""


class EscalatedBecause(StrEnum):
    """Why somebody further up is told."""

    LATE = "late"
    REOPENED = "reopened"
    """What was said to be solved was not, again."""
    PROMISE = "promise"
    """The day for which it was promised was moved, again or after it had passed."""


class IssueEscalated(IssueEvent):
    """A step stayed undone, so somebody further up the ladder has been told."""

    subject: ClassVar[str] = "issue.escalated.v1"

    step: Step
    person_id: str
    gives: bool = False
    """The issue itself moves there, too; its assignment follows in the same breath."""
    because: EscalatedBecause = EscalatedBecause.LATE
    rung: str | None = Field(default=None, max_length=200)
    """The name of the ladder's step, in the organisation's language."""


class IssueResolved(IssueEvent):
    """The owner says that it is solved; it closes by itself at `issue.next_step_at`."""

    subject: ClassVar[str] = "issue.resolved.v1"

    text: str | None = Field(default=None, max_length=MAX_TEXT)
    """What was done, for the carrier."""
    shared_from: str | None = None
    """Id of the problem that was solved, and this one with it."""


class IssueClosed(IssueEvent):
    """It is over: confirmed by the carrier, or nobody objected in time."""

    subject: ClassVar[str] = "issue.closed.v1"

    confirmed: bool
    withdrawn: bool = False
    """Whoever brought it in needs it no more."""
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    shared_from: str | None = None
    """Id of the issue that is over, where this one is the same."""


class IssueRecorded(IssueEvent):
    """An imported issue is on record, closed. Nobody is told."""

    subject: ClassVar[str] = "issue.recorded.v1"


class IssueReopened(IssueEvent):
    """The carrier says that it is not solved."""

    subject: ClassVar[str] = "issue.reopened.v1"

    text: str | None = Field(default=None, max_length=MAX_TEXT)
    shared_from: str | None = None
    """Id of the issue that was reopened, where this one is the same and stays closed."""


class IssueDue(RouterEvent):
    """The router to itself: the time of a step has come. Acted on only if still current."""

    subject: ClassVar[str] = "issue.due.v1"

    issue_id: str
    step_number: int


class IssueUndone(IssueEvent):
    """What somebody did to it is taken back: it is as it was before."""

    subject: ClassVar[str] = "issue.undone.v1"

    undone: tuple[Action, ...]
    """The newest last."""
    of_id: str
    """Who had done it, or in whose name it was done."""
    because: UndoneBecause
    told_ids: tuple[str, ...] = ()
    """Who was told of what is taken back."""
    requests: tuple[str, ...] = ()
    """Ids of the requests that had led to it, in the same order."""


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


class CompanionEvent(RouterEvent):
    """About a companion for somebody who is alone with what they carry."""

    companionship_id: str
    version: int = 0
    """Of the companionship as it is now; of two events the higher one is the newer."""
    carrier_id: str
    companion_id: str | None = None
    """Who was asked, or runs alongside; None while nobody is found."""
    why: tuple[Evidence, ...] = ()
    """What the figure is made of; for the carrier's eyes."""


class CompanionOffered(CompanionEvent):
    """The carrier is asked, first and in private, whether somebody shall run alongside; and the
    companion coordinator hears that they are. A question, not a verdict."""

    subject: ClassVar[str] = "companion.offered.v1"

    coordinator_id: str | None = None
    """None where nobody but the carrier need hear of it, or has heard already."""
    silent_team_ids: tuple[str, ...] = ()
    again: bool = False
    """They were asked before and have not answered."""


class CompanionAsked(CompanionEvent):
    """A colleague is asked whether they would run alongside."""

    subject: ClassVar[str] = "companion.asked.v1"

    answer_by: AwareDatetime


class CompanionBecause(StrEnum):
    """Why somebody runs alongside."""

    AGREED = "agreed"
    """Both said yes."""
    LEADER = "leader"
    """Nobody else agreed in time, so the leader does."""


class CompanionAssigned(CompanionEvent):
    """Somebody runs alongside from now on; both are told what that means."""

    subject: ClassVar[str] = "companion.assigned.v1"

    because: CompanionBecause
    coordinator_id: str | None = None
    """Who had heard that somebody is looked for, and now hears who it is."""


class CompanionChecked(CompanionEvent):
    """After a week both are asked, for one click, whether it helps."""

    subject: ClassVar[str] = "companion.checked.v1"


class Concern(StrEnum):
    """Why those who lead are told."""

    ALARM = "alarm"
    """The carrier is hardly answered at all; to the heads of the teams that do not answer."""
    UNANSWERED = "unanswered"
    """The carrier was asked twice whether somebody shall run alongside, and has not answered; to
    the companion coordinator, who can talk to them."""
    HELPS_NOT = "helps_not"
    """One of them says that it does not help, so somebody else is looked for."""
    IN_SPITE = "in_spite"
    """The carrier is hardly answered although somebody has run alongside for three weeks."""


class CompanionEscalated(CompanionEvent):
    """Those who lead are told: the heads of silent teams, the companion coordinator, the leader."""

    subject: ClassVar[str] = "companion.escalated.v1"

    because: Concern
    person_ids: tuple[str, ...]
    silent_team_ids: tuple[str, ...] = ()


class ReleasedBecause(StrEnum):
    """Why nobody runs alongside any more, or nobody has to be found."""

    SUPPORTED = "supported"
    """The carrier is answered again, and has been for a while."""
    ENDED = "ended"
    """One of them says so."""
    DECLINED = "declined"
    """The carrier wants none."""
    LEFT = "left"
    """One of them is no longer in the organisation."""
    AWAY = "away"
    """Whoever ran alongside is away for a while, and somebody else is looked for."""
    REPLACED = "replaced"
    """It did not help, or somebody agreed after the leader had been named."""


class CompanionReleased(CompanionEvent):
    """It is over, with thanks."""

    subject: ClassVar[str] = "companion.released.v1"

    because: ReleasedBecause
    began: bool = True
    """Somebody ran alongside; else they were only asked, or nobody was found yet."""
    said_by_id: str | None = None
    """Who ended it; None where Banso did."""
    coordinator_id: str | None = None
    """Who had heard that somebody is looked for, and now hears that nobody is any more."""
