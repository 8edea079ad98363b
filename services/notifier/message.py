"""What a person is told: the words, in their language, and the links on which they can act.

Pure but for the clock that is given. One layout serves every reason; only words differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.store import Ready
from services.notifier.wording import Recipient, Say
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Snapshot
from shared.contracts.notifier import Relation
from shared.contracts.organisation import Language, Organisation
from shared.contracts.router import ActionRefused, IssueEvent
from shared.language import words
from shared.links import Links
from shared.replies import REPLY_ABOVE

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
    reply_above: str = ""
    """The line above which an answer is written; empty where none should be."""
    reply_lines: Sequence[str] = ()
    """What becomes of an answer."""


def compose(
    ready: Ready, to: Recipient, organisation: Organisation, links: Links, now: datetime
) -> Message:
    """What is to be said about an event to this recipient."""
    _ = words(to.language)
    delivery, event = ready.delivery, ready.event
    issue, reference, summary = _about(event)
    relation, raised, customer = delivery.relation, ready.raised, ready.customer
    say = Say(event, issue, raised, customer, relation, to, organisation, _, now)
    said, reply_lines = say.what(delivery.reason), say.reply_lines(delivery.reason)
    issue_id = delivery.issue_id
    buttons = [
        Button(
            text,
            links.action(issue_id, to.person_id, action, issue.assignment, now),
            is_main=nth == 0,
        )
        for nth, (action, text) in enumerate(said.actions)
        if issue is not None and relation is not Relation.FOLLOWER
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
        reply_above=REPLY_ABOVE[to.language] if reply_lines else "",
        reply_lines=reply_lines,
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
