"""The words of an issue's life, the same in events, tables, pages and documents."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pydantic import AwareDatetime, Field

from shared.contracts.event import Model

FURTHEST_PROMISE = timedelta(days=2 * 366)


class State(StrEnum):
    """Where an issue stands."""

    RECEIVED = "received"
    """Stored, its owner not yet decided. Only intake shows it; no router event carries it."""
    ASSIGNED = "assigned"
    """It has an owner who has not said yes or no."""
    ACKNOWLEDGED = "acknowledged"
    """The owner has taken it."""
    RESOLVED = "resolved"
    """The owner says that it is solved; the carrier has not confirmed."""
    CLOSED = "closed"
    """It is over; whoever brought it in can open it again."""


class Step(StrEnum):
    """What happens next with an open issue, and when at the latest (`next_step_at`)."""

    ASSIGN = "assign"
    """Banso finds an owner."""
    ACKNOWLEDGE = "acknowledge"
    """The owner says yes or no."""
    ANSWER = "answer"
    """The carrier hears words from a person."""
    RESOLVE = "resolve"
    """The owner solves it."""
    CONFIRM = "confirm"
    """The carrier says whether it is solved; without a word the issue closes then."""
    WAIT = "wait"
    """Carrier or customer say what the owner asked them; the owner's clock stands still."""


class WaitingFor(StrEnum):
    """Who has the ball while the owner's clock stands still."""

    CARRIER = "carrier"
    CUSTOMER = "customer"
    """The carrier asks them, and says what they said."""


class Urgency(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Source(StrEnum):
    """The way in."""

    WEB = "web"
    EMAIL = "email"
    API = "api"
    CHAT = "chat"


class Action(StrEnum):
    """What a person asks for, by link, page or API."""

    ACKNOWLEDGE = "acknowledge"
    DECLINE = "decline"
    HAND_OVER = "hand_over"
    ANSWER = "answer"
    RESOLVE = "resolve"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    CORRECT = "correct"
    """Summary, product, category, urgency or date were wrong, or have changed."""
    WITHDRAW = "withdraw"
    """Whoever brought it in needs it no more."""
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    """The carrier got an answer by telephone, in the corridor, in a meeting."""
    TAKE = "take"
    """Somebody inside makes it theirs."""
    ASK = "ask"
    """The owner asks a colleague for help, and remains the owner."""
    SNOOZE = "snooze"
    """The owner puts it off, with a reason and an end."""
    WAIT = "wait"
    """The owner can't go on before carrier or customer say more."""
    RESUME = "resume"
    """It goes on: the wait or the snooze is over."""
    PROMISE = "promise"
    """The owner says when it will be solved."""
    MERGE = "merge"
    """It is the same as another issue."""
    LINK = "link"
    """It is part of a problem, an issue that is solved once for many."""
    SEPARATE = "separate"
    """It is not the same as the other, or no part of it, after all."""
    UNDO = "undo"
    """What was just done is taken back."""
    DECOY = "decoy"
    """A button that no person sees was pressed: what this link has done was done by a machine."""


class DeclineReason(StrEnum):
    """Why an issue is not the owner's."""

    NOT_MY_AREA = "not_my_area"
    NO_TIME = "no_time"
    LACKS_SKILL = "lacks_skill"
    AWAY = "away"


class Standing(StrEnum):
    """How sure it is that words come from the person whose name they bear (DESIGN.md, Doors)."""

    VOUCHED = "vouched"
    """A link or token of that person; or a mail to their own signed reply address, from one of
    their addresses, authenticated by the receiving server."""
    UNPROVEN = "unproven"
    """The same mail where nobody authenticates senders: it may comment, answer, acknowledge."""
    THREADED = "threaded"
    """It quotes the issue, no more: words to be read, nothing is done."""
    DOUBTED = "doubted"
    """The receiving server says that the sender is forged: to be looked at."""


class Refusal(StrEnum):
    """Why a person's request can't be done; each has its own words and advice."""

    OVERTAKEN = "overtaken"
    """The link belongs to an assignment that is over."""
    NOT_YOURS = "not_yours"
    """Somebody else may do this."""
    NOT_NOW = "not_now"
    """The issue is not in a state in which this makes sense."""
    NO_SUCH_OWNER = "no_such_owner"
    """The proposed person or team does not exist, or nobody there can take it."""
    BACK_TO_CARRIER = "back_to_carrier"
    """It would fall back on the person who brought it in."""
    ALREADY_DECLINED = "already_declined"
    """The proposed person has declined it before, or is the one who asks."""
    BAD_DATE = "bad_date"
    """The date lies in the past, or further away than the policy lets anything be put off."""
    NO_SUCH_ISSUE = "no_such_issue"
    """The other issue is unknown, confidential, is this one, or belongs to this one."""
    INCOMPLETE = "incomplete"
    """A reason, a proposed owner, a cause or a text is missing or unknown."""
    ONE_CLICK = "one_click"
    """Asked for by a mail that nothing vouches for: the link in our answer does it."""
    TOO_LATE = "too_late"
    """Something has happened since, or too much time has passed, to take it back."""
    CONTRADICTED = "contradicted"
    """The same links asked for opposite things within a moment, as machines do that press every
    button: nothing of it was done."""
    FAILED = "failed"
    """Banso itself could not do it; the operators have been told."""


class UndoneBecause(StrEnum):
    """Why what was done is taken back."""

    ASKED = "asked"
    """Whoever did it says so."""
    CONTRADICTED = "contradicted"
    """The same links asked for the opposite within a moment."""
    DECOY = "decoy"
    """A button that no person sees was pressed."""


class AssignedBecause(StrEnum):
    """Why an issue has got a (new) owner."""

    NEW = "new"
    HANDED_OVER = "handed_over"
    DECLINED = "declined"
    ABSENCE = "absence"
    LEFT = "left"
    """The owner is no longer in the organisation."""
    LEADER = "leader"
    """Follow-up or two moves brought it to the leader."""
    REOPENED = "reopened"
    TAKEN = "taken"
    """Somebody made it theirs."""
    RETURNED = "returned"
    """Whoever was away is back and has it again."""
    DRAINED = "drained"
    """It waited for somebody to be free, and now somebody is."""
    TRIAGE = "triage"
    """Nobody could tell where it belongs, so the triage person sorts it."""
    UNROUTABLE = "unroutable"
    """Deciding failed, so the leader has it."""


class NotChosen(StrEnum):
    """Why somebody in the team is not the owner."""

    CHOSEN = "chosen"
    """They are."""
    LATER = "later"
    """Would have got to it later."""
    CARRIER = "carrier"
    DECLINED = "declined"
    AWAY = "away"
    """Not present within one working day."""
    OVERLOADED = "overloaded"
    """Has a week and a half of work in hand."""
    LIMIT = "limit"
    """Has as many open issues as they may have."""
    UNSKILLED = "unskilled"
    LANGUAGE = "language"
    """Does not work in the issue's language."""


class Considered(Model):
    """A person who was considered as owner, and why it is somebody else."""

    person_id: str
    reason: NotChosen
    expected_hours: float | None = None
    """Working hours until this person would have been through with it."""
    in_hand_hours: float | None = None
    """Hours of work that they had already promised."""
    away_hours: float | None = None
    """Working hours of the company until they are next present; None where they are now."""
    skill: float | None = None
    """Declared for the category; None where nothing is said."""
    open_issues: int | None = None


class Guess(Model):
    """Where an issue may belong, learned from the company's own history."""

    team_id: str
    category: str | None = None
    probability: float
    """0 to 1, calibrated."""


class Reasons(Model):
    """Why this owner, in figures; pages and messages put it into words."""

    team_id: str | None = None
    rule: str | None = None
    """Name of the rule that chose the team, or None where category or default did."""
    expected_hours: float | None = None
    """Working hours until the owner is through with it; None where nobody was compared."""
    in_hand_hours: float | None = None
    """Hours of work that the owner had already promised."""
    answered_before: bool = False
    """A tie, decided for the one who has answered this carrier before."""
    over_capacity: bool = False
    """Nobody in the team could take it, so the team's lead or the leader owns it."""
    others: tuple[Considered, ...] = ()
    """At most 10, the nearest first."""
    chosen: Considered | None = None
    """The owner's own figures. Where somebody decided by hand, `reason` says what that overrides,
    such as `away`; else it is `chosen`."""
    considered: int | None = None
    """How many people were looked at."""
    rota: str | None = None
    """The rota whose turn it was."""
    schedule: str | None = None
    """The schedule that said who has it at this time."""
    substitute_for_id: str | None = None
    """Whose work it is while they are away."""
    named: bool = False
    """The rule, the turn, the schedule or whoever is away named the owner, and nobody was
    compared."""
    language_waived: bool = False
    """Nobody in the team works in the issue's language, so it was not asked for."""
    guesses: tuple[Guess, ...] = Field(default=(), max_length=3)
    """What history suggests, the likeliest first, where no rule and no category said it."""
    guessed: bool = False
    """The first guess was sure enough to be followed."""


class Attachment(Model):
    """A file that came with an issue or a message; its content is a blob."""

    filename: str = Field(max_length=200)
    content_type: str = Field(max_length=200)
    size: int = Field(ge=0)
    """In bytes."""
    sha256: str


class Snapshot(Model):
    """An issue as it was right after an event; of two the higher version is the newer."""

    reference: str
    version: int
    state: State
    summary: str = Field(max_length=200)
    urgency: Urgency
    source: Source
    language: str
    product: str | None = None
    category: str | None = None
    cause: str | None = None
    reporter_id: str
    carrier_id: str
    owner_id: str
    team_id: str | None = None
    assignment: int
    """Counts the owners; an action link belongs to one of them."""
    raised_at: AwareDatetime
    assigned_at: AwareDatetime
    acknowledged_at: AwareDatetime | None = None
    answered_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    needed_by: AwareDatetime | None = None
    next_step: Step | None = None
    """None only once closed."""
    next_step_at: AwareDatetime | None = None
    moves: int = 0
    reminders: int = 0
    confidential: bool = False
    """Only reporter, carrier, owner and leader may see it."""
    follower_ids: tuple[str, ...] = ()
    """People on copy: they hear what the carrier hears, and need do nothing."""
    helper_ids: tuple[str, ...] = ()
    """Whom an owner asked for help: they may answer, and the owner remains."""
    waiting_for: WaitingFor | None = None
    """Who has the ball; None where it is with the owner."""
    waiting_since: AwareDatetime | None = None
    snoozed_until: AwareDatetime | None = None
    promised_at: AwareDatetime | None = None
    """When the owner said that it will be solved."""
    merged_into: str | None = None
    """Id of the issue that this one is the same as; it is closed then."""
    parent_id: str | None = None
    """Id of the problem that this issue is part of."""
    reopenings: int = 0
    queued: bool = False
    """Nobody was free: the team's lead or the leader has it until somebody is."""
    lent_by: str | None = None
    """Who is away, and has it again when they are back."""
    triage: bool = False
    """Somebody has to say where it belongs."""
    policy: str | None = None
    """Name of the policy that applies, where it is not simply the urgency's."""
    organisation_revision: str
