"""What the notifier says: who was told what, and what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from shared.contracts.event import Event, Speaker


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


class Channel(StrEnum):
    """A way out."""

    INBOX = "inbox"
    EMAIL = "email"


class NotificationEvent(Event):
    """Something about one notification: a fact, told to a person, for a reason, by a channel."""

    speaker: ClassVar[Speaker] = Speaker.NOTIFIER

    delivery_id: str
    issue_id: str
    """Empty where it is about no single issue."""
    fact_id: str
    """Id of the event that the person is told about."""
    person_id: str
    relation: Relation
    reason: Reason
    channel: Channel


class NotificationSent(NotificationEvent):
    """The channel took it."""

    subject: ClassVar[str] = "notification.sent.v1"


class NotificationFailed(NotificationEvent):
    """The channel refused it for good."""

    subject: ClassVar[str] = "notification.failed.v1"

    error: str
    """The channel's code and words without any address, such as `550 5.1.1`."""
