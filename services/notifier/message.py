"""What a person is told: the words, in their language, and the links on which they can act.

Pure but for the clock that is given. One layout serves every reason; only words differ. Several
things that go together are a list, each with its own links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from itertools import accumulate
from urllib.parse import urlencode

from services.notifier import timing
from services.notifier.store import Ready
from services.notifier.wording import digest, what
from services.notifier.wording import reach as wording
from services.notifier.wording.base import Offer, Place, Recipient, Said, Say, cut
from services.notifier.wording.beside import facts, reply_lines
from services.notifier.wording.several import heading_of, introduction_to
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Action, Snapshot, Urgency
from shared.contracts.notifier import DigestMade, PersonUnreachable, Reason, Relation
from shared.contracts.organisation import Language, Organisation
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    CompanionEvent,
    IssueEvent,
    PersonAway,
    PersonBack,
)
from shared.language import Words, words
from shared.links import Links
from shared.replies import REPLY_ABOVE

MOST_LISTED = 50
"""So many stand in one mail, or mail programs cut it off; the others are counted, and are in the
inbox."""
LONGEST_LISTED_QUOTE = 300
MOST_BUTTONS_LISTED = 3
LARGEST_LIST = 90_000
"""In bytes: so much of what is listed leaves room for the rest of a mail that Gmail shows whole."""
_AROUND_ENTRY = 650
_AROUND_QUOTE = 450
_AROUND_SECTION = 150
_AROUND_LINK = 90
"""What the layout adds, in bytes."""


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
    section: str = ""
    """What stands above it, where it is the first of its kind in a summary."""


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
    quietly: Sequence[Button] = ()
    """What stands at the foot: how and when they are told, and no more of this."""
    mute_url: str = ""
    """Where one click ends messages about the issue; empty where none should."""
    answered: Button | None = None
    """Where whoever waits says that they had their answer by telephone or in person."""


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

    def mute_url(self) -> str:
        """For customers and people on copy, where nothing is asked that only they can do."""
        say = self.say
        is_guest = say.is_outside or say.relation is Relation.FOLLOWER
        asks = self.reason is Reason.ASKED or bool(self.buttons())
        if not self.issue_id or not is_guest or asks:
            return ""
        return self.links.mute(self.issue_id, say.to.person_id, say.now)

    def answered(self) -> Button | None:
        """By one click, from whatever message they have at hand."""
        say, issue = self.say, self.say.issue
        if issue is None or not say.may_say_answered:
            return None
        does = Action.ANSWERED_ELSEWHERE
        url = self.links.action(self.issue_id, say.to.person_id, does, issue.assignment, say.now)
        return Button(say._("I got my answer another way"), url, does=does)

    def inbox_url(self) -> str:
        return self.links.inbox(self.say.to.person_id, self.say.now)

    def wishes(self) -> list[Button]:
        """Where whoever is inside says how they want to be told."""
        return [] if self.say.is_outside else [_wishes(self.say, self.links)]

    def quietly(self) -> list[Button]:
        """The same, and where they say that they want to hear no more of this."""
        if not self.reference:
            return self.wishes()
        url = self.links.mute(self.issue_id, self.say.to.person_id, self.say.now)
        return [*self.wishes(), Button(self.say._("No more messages about this"), url)]

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
        if offer.does is Place.FIGURE:
            return self.links.figure(person_id, now)
        if offer.does is Place.COMPANION:
            return self._companion_url(offer.to)
        if issue is None:
            return ""
        if offer.does is Place.UNDO:
            request_id = self.say.event.cause_id
            return self.links.undo(self.issue_id, person_id, request_id, issue.assignment, now)
        url = self.links.action(self.issue_id, person_id, offer.does, issue.assignment, now)
        return f"{url}?{urlencode({'to': offer.to})}" if offer.to else url

    def _companion_url(self, word: str | None) -> str:
        """Where one click more says this word; without one it only leads to the page."""
        event, say = self.say.event, self.say
        if not isinstance(event, CompanionEvent):
            return ""
        url = self.links.companion(event.companionship_id, say.to.person_id, say.now)
        return f"{url}?{urlencode({'say': word})}" if word else url


def trial(to: Recipient, organisation: Organisation, links: Links, now: datetime) -> Message:
    """What shows somebody how they are reached, before anything has happened."""
    said = wording.trial(words(to.language), organisation.name.in_(to.language))
    return Message(
        subject=said.heading,
        heading=said.heading,
        lines=said.lines,
        quote=None,
        facts=(),
        buttons=[],
        status_url="",
        inbox_url=links.inbox(to.person_id, now),
        language=to.language,
    )


def compose(
    ready: Sequence[Ready], to: Recipient, organisation: Organisation, links: Links, now: datetime
) -> Message:
    """What is to be said to this recipient: one thing, or several as a list."""
    first = ready[0]
    if isinstance(first.event, DigestMade):
        return _summary(first, _say(first, None, to, organisation, now), first.event, links)
    told = [_tell(one, to, organisation, links, now) for one in ready]
    return _one(told[0]) if len(told) == 1 else _list(told)


def _tell(
    ready: Ready, to: Recipient, organisation: Organisation, links: Links, now: datetime
) -> _Told:
    delivery, event = ready.delivery, ready.event
    issue, reference, summary = _about(event)
    say = _say(ready, issue, to, organisation, now)
    return _Told(ready, reference, summary, say, what(say, delivery.reason), links)


def _say(
    ready: Ready,
    issue: Snapshot | None,
    to: Recipient,
    organisation: Organisation,
    now: datetime,
) -> Say:
    return Say(
        ready.event,
        issue,
        ready.raised,
        ready.customer,
        ready.delivery.relation,
        to,
        organisation,
        words(to.language),
        now,
    )


def _summary(ready: Ready, say: Say, made: DigestMade, links: Links) -> Message:
    """A heading above each kind, and each issue with what is next and a link."""
    _, person_id = say._, say.to.person_id
    entries: list[Entry] = []
    section = ""
    for one in digest.listed(say):
        urgent = one.item.urgency is Urgency.HIGH
        entries.append(
            Entry(
                title=one.item.summary,
                note=_("Urgent: a customer is waiting") if urgent else "",
                reference=one.item.reference,
                lines=[one.line],
                quote=None,
                buttons=(),
                status_url=links.status(one.item.issue_id, person_id, say.now),
                section=one.section if one.section != section else "",
            )
        )
        section = one.section
    said, shown = what(say, ready.delivery.reason), _fitting(entries)
    return Message(
        subject=said.heading,
        heading=said.heading,
        lines=said.lines,
        quote=None,
        facts=(),
        buttons=(),
        status_url="",
        inbox_url=links.inbox(person_id, say.now),
        language=say.to.language,
        entries=shown,
        left_out=_more(made.left_out + len(entries) - len(shown), _),
        quietly=[_wishes(say, links)],
    )


def _wishes(say: Say, links: Links) -> Button:
    """Where they say how they want to be told."""
    return Button(say._("How and when we tell you"), links.preferences(say.to.person_id, say.now))


def _more(left: int, _: Words) -> str:
    """How many more there are."""
    if left <= 0:
        return ""
    return _.many("And 1 more in your inbox.", "And %(count)s more in your inbox.", left)


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
        quietly=told.quietly(),
        mute_url=told.mute_url(),
        answered=told.answered(),
    )


def _list(told: Sequence[_Told]) -> Message:
    """The most urgent first; what is about no single issue stands above and names it all."""
    ranked = sorted(told, key=lambda one: timing.rank(one.ready.event))
    above = [one for one in ranked if not one.reference]
    listed = [one for one in ranked if one.reference]
    first, _ = ranked[0], ranked[0].say._
    reasons = {one.reason for one in listed}
    alike = len(reasons) == 1
    entries = _fitting([_entry(one, alike=alike) for one in listed[:MOST_LISTED]])
    heading = above[0].said.heading if above else heading_of(reasons, len(listed), _)
    left = len(listed) - len(entries)
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
        quietly=first.wishes(),
        language=first.say.to.language,
        entries=entries,
        left_out=_more(left, _),
    )


def _entry(told: _Told, *, alike: bool) -> Entry:
    said = told.said
    quoted = said.quote if said.quote_first else None
    buttons = [button for button in told.buttons() if button.url != told.status_url()]
    answered = [one] if (one := told.answered()) is not None else []
    notes = ["" if alike else said.heading, _urgent(told.say)]
    return Entry(
        title=told.summary,
        note=" · ".join(filter(None, notes)),
        reference=told.reference,
        lines=said.lines[:1],
        quote=cut(quoted, LONGEST_LISTED_QUOTE) if quoted else None,
        buttons=[
            replace(one, is_main=False) for one in (*buttons, *answered)[:MOST_BUTTONS_LISTED]
        ],
        status_url=told.status_url(),
    )


def _fitting(entries: Sequence[Entry]) -> list[Entry]:
    """As many of them, from the first on, as a mail can hold; one at least."""
    sizes = accumulate(_size(one) for one in entries)
    return [
        one
        for nth, (one, size) in enumerate(zip(entries, sizes, strict=True))
        if nth == 0 or size <= LARGEST_LIST
    ]


def _size(entry: Entry) -> int:
    """How many bytes of HTML it takes, or a few more."""
    quote = entry.quote or ""
    labels = [one.words for one in entry.buttons]
    texts = [entry.section, entry.title, entry.note, *entry.lines, quote, *labels]
    shown = sum(len(escape(text).encode()) for text in texts) + len("<br>") * quote.count("\n")
    links = len(entry.status_url) + sum(len(one.url) + _AROUND_LINK for one in entry.buttons)
    around = _AROUND_ENTRY + (_AROUND_QUOTE if quote else 0)
    return around + (_AROUND_SECTION if entry.section else 0) + shown + links


def _urgent(say: Say) -> str:
    _ = say._
    is_urgent = say.issue is not None and say.issue.urgency is Urgency.HIGH
    return _("Urgent: a customer is waiting") if is_urgent else ""


def _about(event: Event) -> tuple[Snapshot | None, str, str]:
    """The issue's state if there is one, its reference and its summary."""
    match event:
        case IssueEvent():
            return event.issue, event.issue.reference, event.issue.summary
        case IssueRaised():
            return None, event.reference, event.summary
        case ActionRefused(issue=Snapshot() as issue):
            return issue, issue.reference, issue.summary
        case PersonUnreachable(issue=Snapshot() as issue):
            return issue, issue.reference, issue.summary
        case PersonAway() | PersonBack() | ChasingPaused() | ChasingResumed() | CompanionEvent():
            return None, "", ""
        case PersonUnreachable():
            return None, "", ""
        case _:
            raise ValueError(f"nobody is told of {event.subject}")
