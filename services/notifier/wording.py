"""The words for each reason to tell somebody something, and what stands below them.

Pure: an event and a recipient in, words out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Attachment,
    Refusal,
    Snapshot,
    Source,
    Standing,
    State,
    Step,
    Urgency,
)
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Language, Organisation
from shared.contracts.router import (
    ActionRefused,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueEscalated,
    IssueEvent,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
)
from shared.language import Words

LONGEST_QUOTE = 1500
LONGEST_FACT = 300
MOST_FILES_NAMED = 5

_OPEN = (State.ASSIGNED, State.ACKNOWLEDGED)
_ANSWERABLE = frozenset(
    {
        Reason.RECEIVED,
        Reason.RECEIVED_UNDECIDED,
        Reason.YOURS,
        Reason.NEW_OWNER,
        Reason.TAKEN,
        Reason.ANSWER,
        Reason.REMINDER,
        Reason.SOLVED,
        Reason.REOPENED,
        Reason.COMMENT,
        Reason.LOOK,
        Reason.CORRECTED,
        Reason.ANSWERED_ELSEWHERE,
    }
)
"""What is told to somebody whose words, sent back as a mail, reach the right person."""
_CAN_BE_MENDED = frozenset(
    {
        Refusal.INCOMPLETE,
        Refusal.ONE_CLICK,
        Refusal.NO_SUCH_OWNER,
        Refusal.BACK_TO_CARRIER,
        Refusal.ALREADY_DECLINED,
    }
)
"""What the action's own button puts right."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for, and how to reach them."""

    person_id: str
    name: str
    address: str
    language: Language


@dataclass(frozen=True, slots=True)
class Said:
    """The heart of a message, before links and facts are added."""

    heading: str
    lines: Sequence[str] = ()
    quote: str | None = None
    actions: Sequence[tuple[Action, str]] = ()
    quote_first: bool = False
    """The quote is what the recipient waits for, so that it comes before the lines."""


@dataclass(frozen=True, slots=True)
class Say:
    """The words of one message."""

    event: Event
    issue: Snapshot | None
    raised: IssueRaised | None
    customer: str | None
    relation: Relation
    to: Recipient
    organisation: Organisation
    _: Words
    now: datetime

    def what(self, reason: Reason) -> Said:
        """Why we tell, in words, and what the recipient can do."""
        _ = self._
        owner = self._owner()
        by = self._by()
        match reason:
            case Reason.RECEIVED_UNDECIDED:
                return Said(
                    _("We have received it"),
                    [
                        _("It is stored and will not be lost."),
                        _("You will hear from us as soon as somebody looks after it."),
                    ],
                )
            case Reason.RECEIVED:
                return self._received(owner)
            case Reason.YOURS:
                return self._yours(by)
            case Reason.NEW_OWNER:
                return Said(
                    _("Somebody else looks after it now"),
                    [
                        self._why_moved(owner),
                        _("You need not do anything. Next: %(step)s", step=self._next()),
                    ],
                )
            case Reason.NO_LONGER_YOURS:
                return Said(
                    _("It is no longer yours"),
                    [self._why_moved(owner), _("You need not do anything about it any more.")],
                )
            case Reason.TAKEN:
                return Said(
                    _("It is being worked on"),
                    [
                        _("%(owner)s has taken it.", owner=owner),
                        _("Next: %(step)s", step=self._next()),
                    ],
                )
            case Reason.ANSWER:
                return self._answer()
            case Reason.REMINDER:
                return self._reminder(by)
            case Reason.ESCALATION:
                return self._escalation(owner)
            case Reason.SOLVED:
                return self._solved(by)
            case Reason.CLOSED:
                return self._closed()
            case Reason.CONFIRMED:
                return Said(
                    _("Confirmed as solved, thank you"),
                    [_("%(name)s says that it is solved. It is closed.", name=self._actor())],
                    quote=self.event.text if isinstance(self.event, IssueClosed) else None,
                )
            case Reason.REOPENED:
                return Said(
                    _("It is not solved yet"),
                    [
                        _("%(name)s has opened it again.", name=self._actor()),
                        _("Please say by %(time)s whether you take it.", time=by),
                    ],
                    quote=self.event.text if isinstance(self.event, IssueReopened) else None,
                    actions=self._owner_actions(),
                )
            case Reason.COMMENT:
                return self._comment()
            case Reason.LOOK:
                return self._look()
            case Reason.CORRECTED:
                return self._corrected()
            case Reason.WITHDRAWN:
                return Said(
                    _("It is needed no more"),
                    [
                        _("%(name)s has withdrawn it.", name=self._actor()),
                        _("You need not do anything about it any more."),
                    ],
                    quote=self.event.text if isinstance(self.event, IssueClosed) else None,
                )
            case Reason.ANSWERED_ELSEWHERE:
                return self._answered_elsewhere()
            case Reason.COPIED:
                return Said(
                    _("You are on copy"),
                    [
                        _("%(owner)s looks after it.", owner=owner),
                        _("You need not do anything. You hear of the answers and of the solution."),
                    ],
                    self._brought_in(),
                )
            case Reason.STILL_CLOSED:
                return self._still_closed(owner)
            case Reason.REFUSED:
                return self._refused(owner)
            case _ as never:
                assert_never(never)

    def facts(self, reference: str, summary: str) -> list[tuple[str, str]]:
        """What stands below every message."""
        _ = self._
        found = [(_("In short"), summary), (_("Reference"), reference)]
        if self.issue is None:
            return found
        organisation, language = self.organisation, self.to.language
        product = organisation.product.get(self.issue.product or "")
        category = organisation.category.get(self.issue.category or "")
        if product:
            found.append((_("Product"), product.name.in_(language)))
        if category:
            found.append((_("About"), category.name.in_(language)))
        found.append((_("Looks after it"), self._owner()))
        inside = self.relation in (Relation.OWNER, Relation.LEAD, Relation.LEADER)
        if inside:
            found.append((_("Brought in by"), self._person(self.issue.carrier_id)))
            found += self._told()
        if files := self._files(inside=inside):
            found.append((_("Files"), self._named(files)))
        if self.issue.confidential:
            who = _(
                "Only the owner, the leader, whoever brought it in and people on copy may see it."
            )
            found.append((_("Confidential"), who))
        if self.issue.reminders and self.relation in (Relation.CARRIER, Relation.REPORTER):
            text = _.many("once", "%(count)s times", self.issue.reminders)
            found.append((_("Chased for you"), text))
        return found

    def reply_lines(self, reason: Reason) -> list[str]:
        """What becomes of an answer to this mail; nothing where nobody should answer it."""
        _ = self._
        event = self.event
        by_mail = isinstance(event, ActionRefused) and event.source is Source.EMAIL
        if self.relation is Relation.FOLLOWER or not (reason in _ANSWERABLE or by_mail):
            return []
        if self.issue is None or self.to.person_id != self.issue.owner_id:
            lines = [_("You can simply answer this mail: it reaches whoever looks after it.")]
            if self._may_confirm():
                lines.append(
                    _("A first line that says only solved closes it; not solved opens it again.")
                )
            return lines
        lines = [
            _(
                "You can simply answer this mail: your words go to the person who brought it in,"
                " as you write them."
            )
        ]
        if self.organisation.mail.separator and self.issue.state in _OPEN:
            lines.append(
                _(
                    "A first line that says only ack takes it; decline says that it is not yours,"
                    " and done that it is solved."
                )
            )
        return lines

    def _may_confirm(self) -> bool:
        """Whether a first line of theirs says that it is solved, or that it is not."""
        issue, signed = self.issue, bool(self.organisation.mail.separator)
        return (
            signed
            and issue is not None
            and issue.state == State.RESOLVED
            and self.to.person_id in (issue.carrier_id, issue.reporter_id)
        )

    def _told(self) -> Iterator[tuple[str, str]]:
        """What was said beside the description, for whoever has to solve it."""
        _ = self._
        raised, language = self.raised, self.to.language
        customer = self.customer or (raised.customer if raised else None)
        if customer:
            yield _("Customer"), customer
        if self.issue is not None and self.issue.needed_by is not None:
            yield _("Needed by"), self._time(self.issue.needed_by)
        for field_id, value in raised.fields.items() if raised else ():
            field = self.organisation.field.get(field_id)
            if field is None:
                yield field_id, _cut(value, LONGEST_FACT)
                continue
            names = {choice.id: choice.name.in_(language) for choice in field.choices}
            yield field.label.in_(language), _cut(names.get(value, value), LONGEST_FACT)

    def _files(self, *, inside: bool) -> Sequence[Attachment]:
        """The files that came with these words, or with the issue."""
        if isinstance(self.event, IssueResponded | IssueCommented):
            return self.event.attachments
        return self.raised.attachments if self.raised and inside else ()

    def _named(self, files: Sequence[Attachment]) -> str:
        _ = self._
        names = ", ".join(file.filename for file in files[:MOST_FILES_NAMED])
        more = " …" if len(files) > MOST_FILES_NAMED else ""
        count = _.many("1 file", "%(count)s files", len(files))
        return _("%(count)s on the page: %(names)s", count=count, names=names + more)

    def _received(self, owner: str) -> Said:
        _ = self._
        carries = self.relation is Relation.CARRIER and not self._wrote_it()
        return Said(
            _("A customer's message, which you carry") if carries else _("We have received it"),
            [
                _("%(owner)s looks after it.", owner=owner),
                _("Next: %(step)s", step=self._next()),
                _("Banso follows it up in its own name; you need not chase anybody."),
            ],
        )

    def _yours(self, by: str) -> Said:
        _ = self._
        lines = [self._why_you(), _("Please say by %(time)s whether you take it.", time=by)]
        return Said(_("This is yours now"), lines, self._brought_in(), self._owner_actions())

    def _reminder(self, by: str) -> Said:
        _ = self._
        step = self.event.step if isinstance(self.event, IssueReminded) else Step.ANSWER
        if step == Step.CONFIRM:
            return Said(
                _("Is it solved?"),
                [
                    _("%(owner)s says that it is solved.", owner=self._owner()),
                    _("Without a word from you it closes on %(time)s.", time=by),
                ],
                actions=self._carrier_actions(),
            )
        match step:
            case Step.ACKNOWLEDGE:
                line = _("%(name)s is waiting to hear whether you take it.", name=self._carrier())
            case Step.ANSWER:
                line = _("%(name)s is waiting for your answer.", name=self._carrier())
            case _other:
                line = _("%(name)s is waiting for the solution.", name=self._carrier())
        return Said(
            _("A reminder from Banso"),
            [line, _("A word is enough, even if it is not solved yet.")],
            self._brought_in(),
            self._owner_actions(),
        )

    def _escalation(self, owner: str) -> Said:
        _ = self._
        step = self.event.step if isinstance(self.event, IssueEscalated) else Step.ANSWER
        match step:
            case Step.ACKNOWLEDGE:
                line = _("%(owner)s has not said yet whether they take it.", owner=owner)
            case Step.ANSWER:
                line = _("%(name)s is still without an answer.", name=self._carrier())
            case _other:
                line = _("%(name)s is still without a solution.", name=self._carrier())
        return Said(
            _("It is late and needs you"),
            [line, _("Please see what %(owner)s needs to get on with it.", owner=owner)],
            self._brought_in(),
        )

    def _solved(self, by: str) -> Said:
        _ = self._
        says = _("%(owner)s says that it is solved.", owner=self._owner())
        quote = self.event.text if isinstance(self.event, IssueResolved) else None
        if self.relation is Relation.FOLLOWER:
            return Said(_("It is said to be solved"), [says], quote, quote_first=True)
        return Said(
            _("Is it solved?"),
            [
                says,
                _("Please tell us whether that is so."),
                _("Without a word from you it closes on %(time)s.", time=by),
            ],
            quote,
            self._carrier_actions(),
            quote_first=True,
        )

    def _answer(self) -> Said:
        """A person's words, and what comes next; an afterword may come when it is over."""
        _ = self._
        event, state = self.event, self.issue.state if self.issue else State.ASSIGNED
        lines = []
        if isinstance(event, IssueResponded) and event.elsewhere:
            name = self._person(event.said_by_id)
            lines.append(_("By telephone or in person, as %(name)s says.", name=name))
        if self.relation is not Relation.FOLLOWER:
            if state == State.CLOSED:
                lines.append(_("It is closed. If it is not solved, one click opens it again."))
            else:
                lines.append(_("Next: %(step)s", step=self._next()))
        return Said(
            _("%(name)s has answered", name=self._actor()),
            lines,
            event.text if isinstance(event, IssueResponded) else None,
            self._carrier_actions() if state not in _OPEN else (),
            quote_first=True,
        )

    def _closed(self) -> Said:
        _ = self._
        if self.relation is Relation.FOLLOWER:
            return Said(_("It is closed"), [_("You need not do anything.")])
        return Said(
            _("It is closed"),
            [_("If it is not solved after all, one click opens it again.")],
            actions=[(Action.REOPEN, self._button(Action.REOPEN))],
        )

    def _comment(self) -> Said:
        """The carrier's words, for the owner."""
        _ = self._
        line = (
            _("The next step and its date stay as they are.")
            if self._is_open()
            else _("It counts as solved; one click of theirs opens it again.")
        )
        return Said(
            _("%(name)s has written more", name=self._actor()),
            [line],
            self.event.text if isinstance(self.event, IssueCommented) else None,
            self._owner_actions() if self._is_open() else (),
            quote_first=True,
        )

    def _look(self) -> Said:
        """Words of somebody who neither owns nor carries the issue, or of whom nothing is sure."""
        _ = self._
        event = self.event
        standing = event.standing if isinstance(event, IssueCommented) else Standing.THREADED
        actor_id = event.actor_id if isinstance(event, IssueEvent) else None
        inside = actor_id in self.organisation.person
        name = self._person(actor_id) if inside else _("somebody outside")
        match standing:
            case Standing.DOUBTED:
                line = _(
                    "It came in the name of %(name)s, but its sender is probably forged."
                    " Be careful with links and files.",
                    name=name,
                )
            case Standing.THREADED if actor_id == self.to.person_id:
                line = _(
                    "It came in your name, but nothing proves that you wrote it."
                    " If you did, please send it with the button."
                )
            case Standing.THREADED:
                line = _(
                    "It came in the name of %(name)s, and nothing proves who wrote it.", name=name
                )
            case Standing.VOUCHED | Standing.UNPROVEN:
                line = _("It is from %(name)s, who is not part of this issue.", name=name)
            case _ as never:
                assert_never(never)
        return Said(
            _("A message to look at"),
            [line],
            event.text if isinstance(event, IssueCommented) else None,
            self._owner_actions() if self._is_open() else (),
        )

    def _corrected(self) -> Said:
        _ = self._
        event = self.event
        changed = event.changed if isinstance(event, IssueCorrected) else ()
        lines = [_("%(name)s has corrected what was said.", name=self._actor())]
        for name, value in self._now_said():
            if name in changed:
                lines.append(value)
        return Said(
            _("It has been corrected"),
            lines,
            event.text if isinstance(event, IssueCorrected) else None,
            self._owner_actions() if self.relation is Relation.OWNER else (),
        )

    def _now_said(self) -> Iterator[tuple[str, str]]:
        """Each part of an issue that can be corrected, and in a sentence what it is now."""
        _ = self._
        issue, organisation, language = self.issue, self.organisation, self.to.language
        if issue is None:
            return
        product = organisation.product.get(issue.product or "")
        category = organisation.category.get(issue.category or "")
        customer = self.event.customer if isinstance(self.event, IssueCorrected) else None
        yield "summary", _("In short, it is now: %(value)s", value=issue.summary)
        if product:
            yield "product", _("The product is now: %(value)s", value=product.name.in_(language))
        if category:
            yield "category", _("It is now about: %(value)s", value=category.name.in_(language))
        yield "urgency", _("The urgency is now: %(value)s", value=self._urgency(issue.urgency))
        yield "customer", _("The customer is now: %(value)s", value=customer or "")
        if issue.needed_by is not None:
            when = self._time(issue.needed_by)
            yield "needed_by", _("It is now needed by: %(value)s", value=when)

    def _urgency(self, urgency: Urgency) -> str:
        _ = self._
        match urgency:
            case Urgency.LOW:
                return _("It can wait")
            case Urgency.NORMAL:
                return _("Normal")
            case Urgency.HIGH:
                return _("Urgent: a customer is waiting")
            case _ as never:
                assert_never(never)

    def _answered_elsewhere(self) -> Said:
        _ = self._
        event = self.event
        said_by = event.said_by_id if isinstance(event, IssueResponded) else None
        return Said(
            _("Answered by telephone or in person"),
            [
                _(
                    "%(name)s says that %(who)s has answered already.",
                    name=self._person(said_by),
                    who=self._actor(),
                ),
                _("Next: %(step)s", step=self._next()),
            ],
            event.text if isinstance(event, IssueResponded) else None,
            self._owner_actions(),
        )

    def _still_closed(self, owner: str) -> Said:
        _ = self._
        closed = self.issue is not None and self.issue.state == State.CLOSED
        return Said(
            _("Your words are here, and it is closed")
            if closed
            else _("Your words are here; is it solved?"),
            [
                _("%(owner)s has them, too.", owner=owner),
                _("If it is not solved, one click opens it again."),
            ],
            actions=self._carrier_actions(),
        )

    def _refused(self, owner: str) -> Said:
        """Why it was not done. Whoever wrote a mail gets their words back, and a button."""
        _ = self._
        event = self.event
        if not isinstance(event, ActionRefused):
            raise ValueError(f"{event.subject} refuses nothing")
        lines, by_mail = [self._refusal(event.refusal, owner)], event.source is Source.EMAIL
        if by_mail and event.text:
            lines.append(_("This is what you wrote; it has not been passed on:"))
        mends = event.refusal in _CAN_BE_MENDED
        return Said(
            _("One click does it") if by_mail and mends else _("This could not be done"),
            lines,
            _cut(event.text, LONGEST_QUOTE) if by_mail and event.text else None,
            [(event.action, self._button(event.action))] if mends else (),
        )

    def _why_you(self) -> str:
        """Why the recipient is the owner, in a sentence."""
        _ = self._
        because = self.event.because if isinstance(self.event, IssueAssigned) else None
        match because:
            case AssignedBecause.HANDED_OVER:
                return _("%(name)s has handed it over to you.", name=self._actor())
            case AssignedBecause.DECLINED:
                return _("%(name)s says that it belongs to you.", name=self._actor())
            case AssignedBecause.LEADER:
                return _("It had to move up to you. Please decide who looks after it.")
            case AssignedBecause.ABSENCE | AssignedBecause.LEFT:
                return _("Whoever had it is not there any more.")
            case AssignedBecause.UNROUTABLE:
                return _("Banso could not decide who should have it, so you have it as the leader.")
            case AssignedBecause.REOPENED | AssignedBecause.NEW | None:
                pass
            case _ as never:
                assert_never(never)
        if isinstance(self.event, IssueAssigned) and self.event.reasons.over_capacity:
            return _("Nobody in the team can take more now, so you have it until somebody is free.")
        if self.issue is not None and self.issue.reporter_id not in self.organisation.person:
            return _(
                "A customer wrote; %(name)s carries it, and you are the best one for it.",
                name=self._carrier(),
            )
        return _(
            "%(name)s has brought it in, and you are the best one for it.", name=self._carrier()
        )

    def _why_moved(self, owner: str) -> str:
        _ = self._
        because = self.event.because if isinstance(self.event, IssueAssigned) else None
        if because == AssignedBecause.LEADER:
            return _("%(owner)s decides now who looks after it.", owner=owner)
        return _("%(owner)s looks after it now.", owner=owner)

    def _refusal(self, refusal: Refusal, owner: str) -> str:
        _ = self._
        match refusal:
            case Refusal.FAILED:
                return _(
                    "Banso could not do what you asked. Those who run it have been told;"
                    " please try again later."
                )
            case Refusal.OVERTAKEN:
                return _("The issue has moved on: it is with %(owner)s now.", owner=owner)
            case Refusal.NOT_YOURS:
                return _("Only somebody else may do this. The issue is with %(name)s.", name=owner)
            case Refusal.NOT_NOW:
                return _(
                    "The issue has moved on, so this is no longer possible. See how it stands."
                )
            case Refusal.NO_SUCH_OWNER:
                return _("There is no such person or team. Choose one from the list.")
            case Refusal.BACK_TO_CARRIER:
                return _(
                    "It must not fall back on the person who brought it in."
                    " Choose somebody else, or a team."
                )
            case Refusal.ALREADY_DECLINED:
                return _(
                    "This person has said no already, or is you. Choose somebody else, or a team."
                )
            case Refusal.INCOMPLETE:
                return _("We could not quite read what to do. One click on the button does it.")
            case Refusal.ONE_CLICK:
                return _(
                    "So that nobody else can do this in your name, a mail is not enough for it."
                    " One click on the button does it."
                )
            case _ as never:
                assert_never(never)

    def _button(self, action: Action) -> str:
        """What the button of an action says."""
        _ = self._
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
            case _ as never:
                assert_never(never)

    def _is_open(self) -> bool:
        return self.issue is not None and self.issue.state in _OPEN

    def _brought_in(self) -> str | None:
        """Enough to know what it is about; the rest stands on the page."""
        return _cut(self.raised.description, LONGEST_QUOTE) if self.raised else None

    def _owner_actions(self) -> list[tuple[Action, str]]:
        """What an owner can do, the likeliest first. A leader decides and so hands over."""
        pass_on = (
            Action.HAND_OVER if self.to.person_id == self.organisation.leader else Action.DECLINE
        )
        does = [Action.ANSWER, Action.RESOLVE, pass_on]
        if self.issue is not None and self.issue.state == State.ASSIGNED:
            does = [Action.ACKNOWLEDGE, *does]
        return [(action, self._button(action)) for action in does]

    def _carrier_actions(self) -> list[tuple[Action, str]]:
        """Whether it is solved; of a closed issue only that it is not."""
        closed = self.issue is not None and self.issue.state == State.CLOSED
        does = [Action.REOPEN] if closed else [Action.CONFIRM, Action.REOPEN]
        return [(action, self._button(action)) for action in does]

    def _next(self) -> str:
        """What comes next and when, as part of a sentence."""
        _ = self._
        owner, by = self._owner(), self._by()
        match self.issue.next_step if self.issue else None:
            case Step.ACKNOWLEDGE:
                return _("%(owner)s says by %(time)s whether they take it.", owner=owner, time=by)
            case Step.ANSWER:
                return _("you hear from %(owner)s by %(time)s.", owner=owner, time=by)
            case Step.RESOLVE:
                return _("%(owner)s solves it by %(time)s.", owner=owner, time=by)
            case Step.CONFIRM:
                return _("you tell us by %(time)s whether it is solved.", time=by)
            case Step.ASSIGN | None:
                return _("we look for the right person.")
            case _ as never:
                assert_never(never)

    def _by(self) -> str:
        if self.issue is None or self.issue.next_step_at is None:
            return ""
        return self._time(self.issue.next_step_at)

    def _time(self, instant: datetime) -> str:
        """In the zone of whoever reads it."""
        zone = self.organisation.calendar_of(self.to.person_id).zone
        return self._.time(instant, zone, self.now)

    def _owner(self) -> str:
        if self.issue is None:
            return "Banso"
        language = self.to.language
        person = self.organisation.person.get(self.issue.owner_id)
        team = self.organisation.team.get(self.issue.team_id or "")
        name = person.name.in_(language) if person else self.issue.owner_id
        return self._.member(name, team.name.in_(language) if team else "")

    def _carrier(self) -> str:
        return self._person(self.issue.carrier_id) if self.issue else ""

    def _actor(self) -> str:
        return self._person(self.event.actor_id if isinstance(self.event, IssueEvent) else None)

    def _person(self, person_id: str | None) -> str:
        """Somebody outside is named by what they are, so that no name travels."""
        person = self.organisation.person.get(person_id or "")
        if person is not None:
            return self._.polite(person.name.in_(self.to.language))
        _ = self._
        return _("The person who wrote") if person_id else "Banso"

    def _wrote_it(self) -> bool:
        return self.issue is not None and self.issue.reporter_id == self.to.person_id


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest].rstrip() + " …"
