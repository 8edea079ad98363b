"""What a person is told: the words, in their language, and the links on which they can act.

Pure but for the clock that is given. One layout serves every reason; only words differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.store import Ready
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Action, AssignedBecause, Refusal, Snapshot, State, Step
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Language, Organisation
from shared.contracts.router import (
    ActionRefused,
    IssueAssigned,
    IssueEscalated,
    IssueEvent,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
)
from shared.language import Words, words
from shared.links import Links

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
    autoescape=select_autoescape(["html"]),
)


LONGEST_QUOTE = 1500


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for, and how to reach them."""

    person_id: str
    name: str
    address: str
    language: Language


@dataclass(frozen=True, slots=True)
class Button:
    words: str
    url: str
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """Everything that a channel needs; each shows as much of it as it can."""

    subject: str
    heading: str
    lines: Sequence[str]
    quote: str | None
    facts: Sequence[tuple[str, str]]
    buttons: Sequence[Button]
    status_url: str
    inbox_url: str
    language: Language
    quote_first: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """The heart of a message, before links and facts are added."""

    heading: str
    lines: Sequence[str] = ()
    quote: str | None = None
    actions: Sequence[tuple[Action, str]] = ()
    quote_first: bool = False
    """The quote is what the recipient waits for, so that it comes before the lines."""


def compose(
    ready: Ready, to: Recipient, organisation: Organisation, links: Links, now: datetime
) -> Message:
    """What is to be said about an event to this recipient."""
    _ = words(to.language)
    delivery, event = ready.delivery, ready.event
    issue, reference, summary = _about(event)
    brought_in = _shortened(ready.brought_in)
    say = _Say(event, issue, brought_in, delivery.relation, to, organisation, _, now)
    said = say.what(delivery.reason)
    issue_id = delivery.issue_id
    buttons = [
        Button(
            text,
            links.action(issue_id, to.person_id, action, issue.assignment, now),
            is_main=nth == 0,
        )
        for nth, (action, text) in enumerate(said.actions)
        if issue is not None
    ]
    return Message(
        subject=f"[{reference}] {said.heading}: {summary}",
        heading=said.heading,
        lines=said.lines,
        quote=said.quote,
        facts=say.facts(reference, summary),
        buttons=buttons,
        status_url=links.status(issue_id, to.person_id, now),
        inbox_url=links.inbox(to.person_id, now),
        language=to.language,
        quote_first=said.quote_first,
    )


def as_text(message: Message) -> str:
    """For every mail program, and for screen readers."""
    return _render("mail.txt", message)


def as_html(message: Message) -> str:
    return _render("mail.html", message)


def _render(name: str, message: Message) -> str:
    return _templates.get_template(name).render(m=message, _=words(message.language))


def _about(event: Event) -> tuple[Snapshot | None, str, str]:
    """The issue's state if there is one, its reference and its summary."""
    match event:
        case IssueEvent():
            return event.issue, event.issue.reference, event.issue.summary
        case IssueRaised():
            return None, event.reference, event.summary
        case ActionRefused(issue=Snapshot() as issue):
            return issue, issue.reference, issue.summary
        case _:
            raise ValueError(f"nobody is told of {event.subject}")


def _shortened(text: str) -> str:
    """Enough to know what it is about; the rest stands on the page."""
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE].rstrip() + " …"


@dataclass(frozen=True, slots=True)
class _Say:
    """The words of one message."""

    event: Event
    issue: Snapshot | None
    brought_in: str
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
                return Said(
                    _("%(name)s has answered", name=self._actor()),
                    [_("Next: %(step)s", step=self._next())],
                    quote=self.event.text if isinstance(self.event, IssueResponded) else None,
                    quote_first=True,
                )
            case Reason.REMINDER:
                return self._reminder(by)
            case Reason.ESCALATION:
                return self._escalation(owner)
            case Reason.SOLVED:
                return self._solved(by)
            case Reason.CLOSED:
                return Said(
                    _("It is closed"),
                    [_("If it is not solved after all, one click opens it again.")],
                    actions=[(Action.REOPEN, _("It is not solved"))],
                )
            case Reason.CONFIRMED:
                return Said(
                    _("Confirmed as solved, thank you"),
                    [_("%(name)s says that it is solved. It is closed.", name=self._actor())],
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
            case Reason.REFUSED:
                return Said(_("This could not be done"), [self._refusal(owner)])
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
        if self.relation in (Relation.OWNER, Relation.LEAD, Relation.LEADER):
            found.append((_("Brought in by"), self._person(self.issue.carrier_id)))
        if self.issue.reminders and self.relation in (Relation.CARRIER, Relation.REPORTER):
            text = _.many("once", "%(count)s times", self.issue.reminders)
            found.append((_("Chased for you"), text))
        return found

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
        return Said(_("This is yours now"), lines, self.brought_in, self._owner_actions())

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
            self.brought_in,
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
            self.brought_in,
        )

    def _solved(self, by: str) -> Said:
        _ = self._
        return Said(
            _("Is it solved?"),
            [
                _("%(owner)s says that it is solved.", owner=self._owner()),
                _("Please tell us whether that is so."),
                _("Without a word from you it closes on %(time)s.", time=by),
            ],
            quote=self.event.text if isinstance(self.event, IssueResolved) else None,
            quote_first=True,
            actions=self._carrier_actions(),
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

    def _refusal(self, owner: str) -> str:
        _ = self._
        refusal = self.event.refusal if isinstance(self.event, ActionRefused) else Refusal.FAILED
        if refusal == Refusal.FAILED:
            return _(
                "Banso could not do what you asked. Those who run it have been told;"
                " please try again later."
            )
        return _("The issue has moved on: it is with %(owner)s now.", owner=owner)

    def _owner_actions(self) -> list[tuple[Action, str]]:
        """What an owner can do, the likeliest first. A leader decides and so hands over."""
        _ = self._
        leads = self.to.person_id == self.organisation.leader
        pass_on = (Action.HAND_OVER, _("Hand over")) if leads else (Action.DECLINE, _("Not mine"))
        rest = [(Action.ANSWER, _("Answer")), (Action.RESOLVE, _("Solved")), pass_on]
        if self.issue is not None and self.issue.state == State.ASSIGNED:
            return [(Action.ACKNOWLEDGE, _("I take it")), *rest]
        return rest

    def _carrier_actions(self) -> list[tuple[Action, str]]:
        _ = self._
        return [(Action.CONFIRM, _("It is solved")), (Action.REOPEN, _("It is not solved"))]

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
        zone = self.organisation.calendar_of(self.to.person_id).zone
        return self._.time(self.issue.next_step_at, zone, self.now)

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
