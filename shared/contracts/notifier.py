"""What the notifier says: who was told what, and what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.event import Event, Model, Speaker
from shared.contracts.issue import Snapshot, State, Step, Urgency
from shared.contracts.organisation import Channel


class Relation(StrEnum):
    """How a person stands to an issue."""

    REPORTER = "reporter"
    CARRIER = "carrier"
    OWNER = "owner"
    LEAD = "lead"
    LEADER = "leader"
    FORMER_OWNER = "former_owner"
    REQUESTER = "requester"
    """Asked for something that was refused."""
    FOLLOWER = "follower"
    """On copy."""
    HELPER = "helper"
    """Asked by the owner for help."""
    SUBSTITUTE = "substitute"
    """Has the work of somebody who is away."""
    ABSENT = "absent"
    """Is away, or is back."""
    CONCERNED = "concerned"
    """Owns or carries something open."""
    THEMSELVES = "themselves"
    """It is about nobody but them."""
    COMPANION = "companion"
    """Runs alongside whoever carries it, or is asked to."""
    COORDINATOR = "coordinator"
    """Sees to it that somebody runs alongside where it is needed."""


class Reason(StrEnum):
    """Why we tell somebody something."""

    RECEIVED = "received"
    """To the reporter: it is here, and who has it."""
    RECEIVED_UNDECIDED = "received_undecided"
    """To the reporter: it is here, an owner will follow."""
    YOURS = "yours"
    """To the owner: this is yours now."""
    NEW_OWNER = "new_owner"
    """To the carrier: somebody else has it now, and why."""
    NO_LONGER_YOURS = "no_longer_yours"
    """To the former owner, when the ladder or the leader moved it."""
    TAKEN = "taken"
    """To the carrier: the owner has taken it."""
    ANSWER = "answer"
    """To the carrier: words from a person."""
    REMINDER = "reminder"
    """To the person whose step is due."""
    ESCALATION = "escalation"
    """To somebody up the ladder: a step stayed undone."""
    SOLVED = "solved"
    """To the carrier: please confirm."""
    CLOSED = "closed"
    """To the carrier: it closed, with one click to reopen."""
    CONFIRMED = "confirmed"
    """To the owner: the carrier says thank you, it is solved."""
    REOPENED = "reopened"
    """To the owner: the carrier says that it is not solved."""
    COMMENT = "comment"
    """To the owner: the carrier said more."""
    LOOK = "look"
    """To the owner: somebody else wrote, or nothing vouches for who did."""
    CORRECTED = "corrected"
    """To the owner: what was said is otherwise now."""
    WITHDRAWN = "withdrawn"
    """To the owner: it is needed no more."""
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    """To the owner: the carrier says that it was answered by telephone or in person."""
    HELP = "help"
    """To a helper: the owner asks you for help."""
    HELPED = "helped"
    """To the carrier: somebody else helps as well."""
    ASKED = "asked"
    """To the carrier: we can't go on before you, or your customer, say something."""
    RESUMED = "resumed"
    """To the owner: it is your turn again. To the carrier: it goes on."""
    PUT_OFF = "put_off"
    """To the carrier: the owner has put it off, until when and why."""
    PROMISED = "promised"
    """To the carrier: when it will be solved."""
    LAPSED = "lapsed"
    """To the owner: you took it and nothing happened; do you still have it?"""
    MERGED = "merged"
    """To the carrier: it is the same as another, and you hear of that one's progress."""
    LINKED = "linked"
    """To the carrier: it is part of a problem that is solved for many at once."""
    SEPARATED = "separated"
    """To the carrier and the owner: it stands for itself again."""
    AWAY = "away"
    """To the substitute: what you have while somebody is away. To them: who has what."""
    BACK = "back"
    """To whoever is back, and to their substitute: what is theirs again."""
    PAUSED = "paused"
    """To everybody concerned: Banso chases nobody for a while, and why."""
    UNPAUSED = "unpaused"
    """To everybody concerned: it goes on, and no time was lost."""
    COPIED = "copied"
    """To a follower: you are on copy."""
    STILL_CLOSED = "still_closed"
    """To the carrier who wrote about a closed issue: your words are here; one click opens it."""
    REFUSED = "refused"
    """To the requester: it could not be done, and what to do instead."""
    UNDONE = "undone"
    """To whoever was told of it: it is taken back."""
    VOIDED = "voided"
    """To whose links they were: something pressed every button, so nothing was done."""
    RECEIPT = "receipt"
    """To whose link it was: this was done in your name by a link; one click takes it back."""
    UNREACHABLE = "unreachable"
    """To the lead, or to the carrier of a customer: somebody can't be reached by any channel."""
    COMPANION_OFFERED = "companion_offered"
    """To the carrier, first and in private: would you like somebody to run alongside?"""
    COMPANION_WANTED = "companion_wanted"
    """To the companion coordinator: somebody may need a companion, how it goes on, and its end."""
    COMPANION_ASKED = "companion_asked"
    """To a colleague: would you run alongside?"""
    COMPANION_BEGUN = "companion_begun"
    """To carrier and companion: it begins, and what it means."""
    COMPANION_CHECK = "companion_check"
    """To carrier and companion: does it help?"""
    COMPANION_CONCERN = "companion_concern"
    """To those who lead: somebody is hardly answered, or left alone in spite of a companion."""
    COMPANION_OVER = "companion_over"
    """To carrier and companion: it is over, with thanks."""
    COMPANION_COPY = "companion_copy"
    """To the companion: an answer that their carrier waits for is late."""
    DIGEST = "digest"
    """What waits for you, what moved, and what you brought in that got solved."""
    SUBSCRIBED = "subscribed"
    """To another system: it wants to hear of such things."""
    TEST = "test"
    """To whoever is to be reached, before anything happens: this is how Banso reaches you."""


class NotificationEvent(Event):
    """Something about one notification: a fact, told to a person, for a reason, by a channel."""

    speaker: ClassVar[Speaker] = Speaker.NOTIFIER

    delivery_id: str
    issue_id: str
    """Empty where it is about no single issue."""
    fact_id: str
    """Id of the event that the person is told about."""
    person_id: str
    """Of another system `webhook:` and its name."""
    relation: Relation
    reason: Reason
    channel: Channel


class NotificationSent(NotificationEvent):
    """The channel took it."""

    subject: ClassVar[str] = "notification.sent.v1"

    external_id: str | None = None
    """The channel's own id of the message, where it has one: what an answer refers to."""
    external_thread: str | None = None
    """The channel's id of the conversation in which it stands."""


class NotificationFailed(NotificationEvent):
    """The channel refused it for good."""

    subject: ClassVar[str] = "notification.failed.v1"

    error: str
    """The channel's code and words without any address, such as `550 5.1.1`."""


class ChannelError(Model):
    """What a channel said, without any address."""

    channel: Channel
    error: str = Field(max_length=300)


class PersonUnreachable(Event):
    """No channel reaches this person any more."""

    subject: ClassVar[str] = "person.unreachable.v1"
    speaker: ClassVar[Speaker] = Speaker.NOTIFIER

    person_id: str
    issue_id: str
    """Of what they could not be told; empty where it was about no single issue."""
    delivery_id: str
    """The last one that failed."""
    reason: Reason
    errors: tuple[ChannelError, ...] = Field(max_length=10)
    issue: Snapshot | None = None
    """As it was when they were to be told; None where it was about none, or none had begun."""


class DigestItem(Model):
    """An issue in a summary."""

    issue_id: str
    reference: str
    summary: str = Field(max_length=200)
    state: State
    next_step: Step | None = None
    next_step_at: AwareDatetime | None = None
    urgency: Urgency
    owner_id: str


class DigestMade(Event):
    """What somebody is told in one go for a day or a week."""

    subject: ClassVar[str] = "digest.made.v1"
    speaker: ClassVar[Speaker] = Speaker.NOTIFIER

    person_id: str
    since: AwareDatetime
    until: AwareDatetime
    daily: bool
    waits: tuple[DigestItem, ...] = Field(default=(), max_length=40)
    """What waits for them, what is due first in front."""
    moved: tuple[DigestItem, ...] = Field(default=(), max_length=40)
    """What they wait for and has moved."""
    solved: tuple[DigestItem, ...] = Field(default=(), max_length=40)
    """What they brought in and got solved."""
    left_out: int = 0
    """How many more there are."""
    summed: int = 0
    """Messages that they were not sent one by one."""
    accompanies: tuple[str, ...] = Field(default=(), max_length=5)
    """Ids of carriers alongside whom they run."""
