"""What a person is told: the words, in their language, and the links on which they can act.

Pure but for the clock that is given. One layout serves every reason; only words differ. Several
things that go together are a list, each with its own links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier import timing
from services.notifier.store import Ready
from services.notifier.wording import what
from services.notifier.wording.base import Offer, Place, Recipient, Said, Say, cut
from services.notifier.wording.beside import facts, reply_lines
from services.notifier.wording.several import heading_of, introduction_to
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Action, Snapshot, Urgency
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Language, Organisation
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    IssueEvent,
    PersonAway,
    PersonBack,
)
from shared.language import words
from shared.links import Links
from shared.replies import REPLY_ABOVE

MOST_LISTED = 50
"""So many stand in one mail, or mail programs cut it off; the others are counted, and are in the
inbox."""
LONGEST_LISTED_QUOTE = 300
MOST_BUTTONS_LISTED = 3

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
    autoescape=select_autoescape(["html"]),
)


@dataclass(frozen=True, slots=True)
class Button:
    words: str
    url: str
    is_main: bool = False
    does: Action | None = None
    """None: it only leads to a page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One of several things that go together."""

    title: str
    note: str
    """Why it is there, where they are there for different reasons; and whether it is urgent."""
    reference: str
    lines: Sequence[str]
    quote: str | None
    buttons: Sequence[Button]
    status_url: str


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
    """Empty where it is about no single issue."""
    inbox_url: str
    language: Language
    quote_first: bool = False
    reply_above: str = ""
    """The line above which an answer is written; empty where none should be."""
    reply_lines: Sequence[str] = ()
    """What becomes of an answer."""
    absence_url: str = ""
    """Where an owner says when they are away; empty for everybody else."""
    entries: Sequence[Entry] = ()
    left_out: str = ""
    """How many more there are, in words."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One thing that is told, in words, with what makes its links."""

    ready: Ready
    reference: str
    summary: str
    say: Say
    said: Said
    links: Links

    @property
    def reason(self) -> Reason:
        return self.ready.delivery.reason

    @property
    def issue_id(self) -> str:
        return self.ready.delivery.issue_id

    def status_url(self) -> str:
        to, now = self.say.to, self.say.now
        return self.links.status(self.issue_id, to.person_id, now) if self.issue_id else ""

    def inbox_url(self) -> str:
        return self.links.inbox(self.say.to.person_id, self.say.now)

    def absence_url(self) -> str:
        to, now = self.say.to, self.say.now
        works = self.say.relation is Relation.OWNER and not self.say.is_outside
        return self.links.absence(to.person_id, now) if works else ""

    def buttons(self) -> list[Button]:
        """Whoever is on copy has nothing to do."""
        if self.say.relation is Relation.FOLLOWER:
            return []
        offers = [(offer, self._url(offer)) for offer in self.said.actions]
        shown = [(offer, url) for offer, url in offers if url]
        return [
            Button(
                offer.words, url, nth == 0, None if isinstance(offer.does, Place) else offer.does
            )
            for nth, (offer, url) in enumerate(shown)
        ]

    def _url(self, offer: Offer) -> str:
        issue, person_id, now = self.say.issue, self.say.to.person_id, self.say.now
        if offer.does is Place.INBOX:
            return self.inbox_url()
        if offer.does is Place.ISSUE:
            return self.status_url()
        if issue is None:
            return ""
        if offer.does is Place.UNDO:
            request_id = self.say.event.cause_id
            return self.links.undo(self.issue_id, person_id, request_id, issue.assignment, now)
        url = self.links.action(self.issue_id, person_id, offer.does, issue.assignment, now)
        return f"{url}?{urlencode({'to': offer.to})}" if offer.to else url


def compose(
    ready: Sequence[Ready], to: Recipient, organisation: Organisation, links: Links, now: datetime
) -> Message:
    """What is to be said to this recipient: one thing, or several as a list."""
    told = [_tell(one, to, organisation, links, now) for one in ready]
    return _one(told[0]) if len(told) == 1 else _list(told)


def _tell(
    ready: Ready, to: Recipient, organisation: Organisation, links: Links, now: datetime
) -> _Told:
    delivery, event = ready.delivery, ready.event
    issue, reference, summary = _about(event)
    say = Say(
        event,
        issue,
        ready.raised,
        ready.customer,
        delivery.relation,
        to,
        organisation,
        words(to.language),
        now,
    )
    return _Told(ready, reference, summary, say, what(say, delivery.reason), links)


def _one(told: _Told) -> Message:
    said, say, reason = told.said, told.say, told.reason
    lines = reply_lines(say, reason)
    about_one = bool(told.reference)
    return Message(
        subject=f"[{told.reference}] {said.heading}: {told.summary}" if about_one else said.heading,
        heading=said.heading,
        lines=said.lines,
        quote=said.quote,
        facts=facts(say, told.reference, told.summary) if about_one else (),
        buttons=told.buttons(),
        status_url=told.status_url(),
        inbox_url=told.inbox_url(),
        language=say.to.language,
        quote_first=said.quote_first,
        reply_above=REPLY_ABOVE[say.to.language] if lines else "",
        reply_lines=lines,
        absence_url=told.absence_url(),
    )


def _list(told: Sequence[_Told]) -> Message:
    """The most urgent first; what is about no single issue stands above and names it all."""
    ranked = sorted(told, key=lambda one: timing.rank(one.ready.event))
    above = [one for one in ranked if not one.reference]
    listed = [one for one in ranked if one.reference]
    first, _ = ranked[0], ranked[0].say._
    reasons = {one.reason for one in listed}
    heading = above[0].said.heading if above else heading_of(reasons, len(listed), _)
    left = len(listed) - MOST_LISTED
    return Message(
        subject=heading,
        heading=heading,
        lines=[*(line for one in above for line in one.said.lines), *introduction_to(reasons, _)],
        quote=None,
        facts=(),
        buttons=[],
        status_url="",
        inbox_url=first.inbox_url(),
        absence_url=next(filter(None, (one.absence_url() for one in ranked)), ""),
        language=first.say.to.language,
        entries=[_entry(one, alike=len(reasons) == 1) for one in listed[:MOST_LISTED]],
        left_out=_.many("And 1 more in your inbox.", "And %(count)s more in your inbox.", left)
        if left > 0
        else "",
    )


def _entry(told: _Told, *, alike: bool) -> Entry:
    said = told.said
    quoted = said.quote if said.quote_first else None
    buttons = [button for button in told.buttons() if button.url != told.status_url()]
    notes = ["" if alike else said.heading, _urgent(told.say)]
    return Entry(
        title=told.summary,
        note=" · ".join(filter(None, notes)),
        reference=told.reference,
        lines=said.lines[:1],
        quote=cut(quoted, LONGEST_LISTED_QUOTE) if quoted else None,
        buttons=[replace(one, is_main=False) for one in buttons[:MOST_BUTTONS_LISTED]],
        status_url=told.status_url(),
    )


def _urgent(say: Say) -> str:
    _ = say._
    is_urgent = say.issue is not None and say.issue.urgency is Urgency.HIGH
    return _("Urgent: a customer is waiting") if is_urgent else ""


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
        case PersonAway() | PersonBack() | ChasingPaused() | ChasingResumed():
            return None, "", ""
        case _:
            raise ValueError(f"nobody is told of {event.subject}")
