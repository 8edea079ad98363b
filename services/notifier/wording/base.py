"""What every kind of message has: names, times, the next step and buttons, for whoever reads it.

Pure: an event and a recipient in, words out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import assert_never

from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Action, Snapshot, State, Step
from shared.contracts.notifier import Relation
from shared.contracts.organisation import Language, Organisation
from shared.contracts.router import IssueEvent
from shared.language import Words

LONGEST_QUOTE = 1500

OPEN = (State.ASSIGNED, State.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for, and how to reach them."""

    person_id: str
    name: str
    address: str
    language: Language


class Place(Enum):
    """A page to which a button leads that does nothing by itself."""

    ISSUE = auto()
    INBOX = auto()
    UNDO = auto()
    """Where what is told is taken back, with one click more."""
    COMPANION = auto()
    """Where a word is said about a companion, with one click more."""
    FIGURE = auto()
    """What is said of how the company answers them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the recipient can do, in the few words of a button."""

    does: Action | Place
    words: str
    to: str | None = None
    """A team, or a word about a companion, that is chosen already on the button's page."""


@dataclass(frozen=True, slots=True)
class Said:
    """The heart of a message, before links and facts are added."""

    heading: str
    lines: Sequence[str] = ()
    quote: str | None = None
    actions: Sequence[Offer] = ()
    quote_first: bool = False
    """The quote is what the recipient waits for, so that it comes before the lines."""


@dataclass(frozen=True, slots=True)
class Say:
    """What the words of one message are made of."""

    event: Event
    issue: Snapshot | None
    raised: IssueRaised | None
    customer: str | None
    relation: Relation
    to: Recipient
    organisation: Organisation
    _: Words
    now: datetime

    @property
    def is_outside(self) -> bool:
        """Whether the recipient is a customer, who hears nothing of what goes on inside."""
        return self.to.person_id not in self.organisation.person

    @property
    def is_owner(self) -> bool:
        return self.issue is not None and self.issue.owner_id == self.to.person_id

    @property
    def is_open(self) -> bool:
        return self.issue is not None and self.issue.state in OPEN

    @property
    def wrote_it(self) -> bool:
        return self.issue is not None and self.issue.reporter_id == self.to.person_id

    def brought_in(self) -> str | None:
        """Enough to know what it is about; the rest stands on the page."""
        return cut(self.raised.description, LONGEST_QUOTE) if self.raised else None

    def owner_actions(self) -> list[Offer]:
        """What an owner can do, the likeliest first. A leader decides and so hands over."""
        leads = self.to.person_id == self.organisation.leader
        does = [Action.ANSWER, Action.RESOLVE, Action.HAND_OVER if leads else Action.DECLINE]
        if self.issue is not None and self.issue.state == State.ASSIGNED:
            does = [Action.ACKNOWLEDGE, *does]
        return self.offers(*does)

    def carrier_actions(self) -> list[Offer]:
        """Whether it is solved; of a closed issue only that it is not."""
        closed = self.issue is not None and self.issue.state == State.CLOSED
        does = [Action.REOPEN] if closed else [Action.CONFIRM, Action.REOPEN]
        return self.offers(*does)

    @property
    def may_say_answered(self) -> bool:
        """Whether they wait for an answer, which may have come by telephone or in person."""
        issue = self.issue
        if issue is None or self.is_outside or self.is_owner:
            return False
        waits = self.to.person_id in (issue.carrier_id, issue.reporter_id)
        return waits and self.is_open and issue.waiting_for is None

    def offers(self, *actions: Action) -> list[Offer]:
        return [Offer(action, button(action, self._)) for action in actions]

    def next(self) -> str:
        """What comes next and when, as part of a sentence, for whoever reads it."""
        _ = self._
        by = self.by()
        step = self.issue.next_step if self.issue else None
        if step is Step.ASSIGN or step is None:
            return _("we look for the right person.")
        if self.is_owner:
            return self._next_for_the_owner(step, by)
        owner = self.owner()
        match step:
            case Step.ACKNOWLEDGE:
                return _("%(owner)s says by %(time)s whether they take it.", owner=owner, time=by)
            case Step.ANSWER:
                return _("you hear from %(owner)s by %(time)s.", owner=owner, time=by)
            case Step.RESOLVE:
                return _("%(owner)s solves it by %(time)s.", owner=owner, time=by)
            case Step.CONFIRM:
                return _("you tell us by %(time)s whether it is solved.", time=by)
            case Step.WAIT:
                return _("you tell us more by %(time)s, so that it can go on.", time=by)
            case _ as never:
                assert_never(never)

    def _next_for_the_owner(self, step: Step, by: str) -> str:
        _ = self._
        name = self.carrier()
        match step:
            case Step.ACKNOWLEDGE:
                return _("you say by %(time)s whether you take it.", time=by)
            case Step.ANSWER:
                return _("%(name)s hears from you by %(time)s.", name=name, time=by)
            case Step.RESOLVE:
                return _("you solve it by %(time)s.", time=by)
            case Step.CONFIRM:
                return _("%(name)s says by %(time)s whether it is solved.", name=name, time=by)
            case Step.WAIT:
                return _("%(name)s says more by %(time)s; your clock rests.", name=name, time=by)
            case Step.ASSIGN:
                return _("we look for the right person.")
            case _ as never:
                assert_never(never)

    def by(self) -> str:
        """When the next step is due."""
        return self.time(self.issue.next_step_at if self.issue else None)

    def time(self, instant: datetime | None) -> str:
        """In the zone of whoever reads it."""
        if instant is None:
            return ""
        zone = self.organisation.calendar_of(self.to.person_id).zone
        return self._.time(instant, zone, self.now)

    def owner(self) -> str:
        if self.issue is None:
            return "Banso"
        language = self.to.language
        person = self.organisation.person.get(self.issue.owner_id)
        name = person.name.in_(language) if person else self.issue.owner_id
        return self._.member(name, self.team(self.issue.team_id))

    def team(self, team_id: str | None) -> str:
        team = self.organisation.team.get(team_id or "")
        return team.name.in_(self.to.language) if team else ""

    def carrier(self) -> str:
        return self.person(self.issue.carrier_id) if self.issue else ""

    def actor(self) -> str:
        return self.person(self.event.actor_id if isinstance(self.event, IssueEvent) else None)

    def person(self, person_id: str | None) -> str:
        """Somebody outside is named by what they are, so that no name travels."""
        person = self.organisation.person.get(person_id or "")
        if person is not None:
            return self._.polite(person.name.in_(self.to.language))
        _ = self._
        return _("The person who wrote") if person_id else "Banso"


def button(action: Action, _: Words) -> str:
    """What the button of an action says."""
    match action:
        case Action.ACKNOWLEDGE:
            return _("I take it")
        case Action.DECLINE:
            return _("Not mine")
        case Action.HAND_OVER:
            return _("Hand over")
        case Action.ANSWER:
            return _("Answer")
        case Action.RESOLVE:
            return _("Solved")
        case Action.CONFIRM:
            return _("It is solved")
        case Action.REOPEN:
            return _("It is not solved")
        case Action.CORRECT:
            return _("Correct it")
        case Action.WITHDRAW:
            return _("Withdraw it")
        case Action.ANSWERED_ELSEWHERE:
            return _("Answered elsewhere")
        case Action.TAKE:
            return _("I take it over")
        case Action.ASK:
            return _("Ask for help")
        case Action.SNOOZE:
            return _("Put it off")
        case Action.WAIT:
            return _("Wait for an answer")
        case Action.RESUME:
            return _("Go on")
        case Action.PROMISE:
            return _("Promise a date")
        case Action.MERGE:
            return _("Same as another")
        case Action.LINK:
            return _("Part of a problem")
        case Action.SEPARATE:
            return _("Separate it")
        case Action.UNDO:
            return _("Take it back")
        case Action.DECOY:
            return _("A button that only machines see")
        case _ as never:
            assert_never(never)


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest].rstrip() + " …"
