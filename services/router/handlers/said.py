"""What somebody's words are: an answer, more from the carrier, a request, or to be looked at."""

from __future__ import annotations

from typing import Any, assert_never

from pydantic import TypeAdapter, ValidationError

from services.router import lifecycle
from services.router.handlers.asked import action_requested
from services.router.handlers.keep import keep, word
from services.router.handlers.progress import answer
from services.router.handlers.waits import heard
from services.router.lifecycle import Issue, Meaning
from services.router.store import Desk
from shared.contracts.event import MAX_TEXT, Envelope, Event
from shared.contracts.intake import (
    ActionRequested,
    FirstLine,
    MessageReceived,
)
from shared.contracts.issue import (
    Action,
    Attachment,
    Source,
    Standing,
)
from shared.contracts.router import (
    IssueCommented,
    Voice,
)
from shared.journal import NotYet

_ATTACHMENTS = TypeAdapter(tuple[Attachment, ...])


def message_received(message: MessageReceived, desk: Desk) -> list[Event]:
    """Decides what somebody's words are: an answer to the carrier, a comment, or a request."""
    issue = desk.issue(message.issue_id)
    if issue is None:
        raise NotYet
    first, who, leader_id = message.first_line, message.person_id, desk.organisation.leader
    if first is not None and message.standing is not Standing.DOUBTED:
        inside = who in desk.organisation.person
        action = lifecycle.asked_by_mail(issue, first.action, who, leader_id, inside=inside)
        # "ack: but who pays?" and "solved: but the lamp is red" are words
        is_plain = first.understood or action not in (Action.ACKNOWLEDGE, Action.CONFIRM)
        if action is not None and is_plain:
            return _asked(action, first, message, issue, desk)
    said = _said(message, issue, desk)
    (own, *_) = said
    carriers = isinstance(own, IssueCommented) and own.voice is Voice.CARRIER
    now = desk.issue(issue.issue_id)
    return [*said, *heard(now, desk, who)] if carriers and now is not None else said


def could_not_be_understood(envelope: Envelope, desk: Desk) -> list[Event]:
    """Deciding on words failed for good: the owner looks at them, as far as they can be read.

    Where we have no such issue, the buried message keeps them.
    """
    said = envelope.data
    issue = desk.issue(str(said["issue_id"]))
    if issue is None:
        return []
    return [
        keep(
            lifecycle.comment(issue),
            desk,
            IssueCommented,
            actor_id=str(said["person_id"]) if said.get("person_id") else None,
            voice=Voice.OTHER,
            standing=Standing.THREADED,
            source=word(Source, said.get("source"), Source.API),
            text=str(said.get("text") or "")[:MAX_TEXT],
            raw_sha256=str(said["raw_sha256"]) if said.get("raw_sha256") else None,
            attachments=_readable(said.get("attachments")),
            quiet=said.get("quiet") is True,
        )
    ]


def _asked(
    action: Action, first: FirstLine, message: MessageReceived, issue: Issue, desk: Desk
) -> list[Event]:
    """What a first line asks for; words and files beside it are not lost."""
    below = message.text.strip().partition("\n")[2].strip()
    beside = message.model_copy(update={"text": below})
    if action is Action.ACKNOWLEDGE and below:  # whoever answers has taken it
        return _said(beside, issue, desk)
    whole = action in (Action.CONFIRM, Action.REOPEN) or not first.understood
    request = ActionRequested(
        occurred_at=message.occurred_at,
        issue_id=message.issue_id,
        person_id=message.person_id,
        action=action,
        text=(message.text if whole else _words(first, below)) or None,
        reason=first.reason,
        proposed=first.proposed,
        cause=first.cause,
        until=first.until,
        waiting_for=first.waiting_for,
        source=message.source,
        standing=message.standing,
    )
    files = _said(beside, issue, desk) if message.attachments else []
    return [*files, *action_requested(request, desk)]


def _words(first: FirstLine, below: str) -> str:
    """What stands in the line itself, such as why it is put off, and beneath it."""
    return f"{first.words or ''}\n{below}".strip()


def _said(message: MessageReceived, issue: Issue, desk: Desk) -> list[Event]:
    """The words: for the carrier, from the carrier, or to be looked at. What the carrier of a
    merged issue says is for whoever works on the other one."""
    who, leader_id = message.person_id, desk.organisation.leader
    said: dict[str, Any] = {
        "actor_id": who,
        "text": message.text,
        "text_sha256": message.text_sha256,
        "html_sha256": message.html_sha256,
        "raw_sha256": message.raw_sha256,
        "attachments": message.attachments,
    }
    inside = who in desk.organisation.person
    match lifecycle.meaning_of(issue, who, message.standing, leader_id, inside=inside):
        case Meaning.ANSWER:
            return answer(issue, desk, who, **said)
        case Meaning.MORE:
            voice = Voice.CARRIER
        case Meaning.TO_LOOK_AT:
            voice = Voice.OTHER
        case _ as never:
            assert_never(never)
    said |= {"standing": message.standing, "source": message.source, "quiet": message.quiet}
    main = desk.issue(issue.merged_into) if issue.merged_into else None
    if voice is Voice.CARRIER and main is not None:
        own = {**said, "voice": voice, "quiet": True}
        theirs = {**said, "voice": Voice.OTHER, "from_reference": issue.reference}
        return [_comment(issue, desk, **own), _comment(main, desk, **theirs)]
    return [_comment(issue, desk, voice=voice, **said)]


def _comment(issue: Issue, desk: Desk, **said: Any) -> IssueCommented:
    event: IssueCommented = keep(lifecycle.comment(issue), desk, IssueCommented, **said)
    return event


def _readable(attachments: object) -> tuple[Attachment, ...]:
    """The files that are named as they should be."""
    try:
        return _ATTACHMENTS.validate_python(attachments)
    except ValidationError:
        return ()
