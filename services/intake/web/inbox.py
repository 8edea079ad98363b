"""The inbox: what a person was told, by signed link; for the operator of a trial, everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from litestar import Request, Response, get

from services.intake import store
from services.intake.door import Door
from services.intake.store import Notice, View
from services.intake.view import Eyes, Names, state_text
from services.intake.web.pages import page, page_language
from shared import clock
from shared.contracts.issue import Action, Snapshot, State
from shared.contracts.notifier import Reason
from shared.language import Words
from shared.links import EVERYBODY, Purpose

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in the inbox, with what can still be done about it."""

    at: datetime
    to: str
    person_id: str
    heading: str
    summary: str
    reference: str
    state_text: str
    status_url: str
    actions: Sequence[tuple[str, str]]
    """Words and link of each."""
    reason: Reason


@get("/i/{token:str}", include_in_schema=False)
async def show_inbox(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """As a page, or as JSON for whoever accepts only that. What is confidential and does not
    concern them is not in it."""
    link = door.links.read(Purpose.INBOX, token, clock.now())
    _ = page_language(request, door.language(link.person_id))
    everybody = link.person_id == EVERYBODY
    person_id = None if everybody else link.person_id
    notices = await door.read(lambda connection: store.inbox_of(connection, person_id, MOST_SHOWN))
    views = await door.read(
        lambda connection: store.views_of(connection, {one.issue_id for one in notices})
    )
    outside = await door.read(
        lambda connection: store.strangers(connection, {one.person_id for one in notices})
    )
    names = Names(door.organisation, _)
    lines = [
        _line(one, views[one.issue_id], outside, names, door, _)
        for one in notices
        if one.issue_id in views
        and door.eyes(link.person_id, views[one.issue_id]) is not Eyes.NOBODY
    ]
    if request.headers.get("accept", "").startswith("application/json"):
        return Response([_plain(line) for line in lines], media_type="application/json")
    return page(
        request,
        "inbox.html",
        _,
        lines=lines,
        everybody=everybody,
        owner=names.person(person_id),
        zone=door.organisation.calendar_of(person_id).zone,
    )


def _line(
    notice: Notice,
    view: View,
    outside: dict[str, store.Stranger],
    names: Names,
    door: Door,
    _: Words,
) -> Line:
    stranger = outside.get(notice.person_id)
    snapshot = Snapshot.model_validate_json(view.snapshot) if view.snapshot else None
    reason = Reason(notice.reason)
    now = clock.now()
    return Line(
        at=notice.sent_at,
        to=stranger.name if stranger else names.name(notice.person_id),
        person_id=notice.person_id,
        heading=heading(reason, _),
        summary=view.summary,
        reference=view.reference,
        state_text=state_text(view.state, _),
        status_url=door.links.status(notice.issue_id, notice.person_id, now),
        actions=[
            (words, door.links.action(notice.issue_id, notice.person_id, action, number, now))
            for action, words, number in _open_actions(notice, snapshot, door, _)
        ],
        reason=reason,
    )


def _open_actions(
    notice: Notice, snapshot: Snapshot | None, door: Door, _: Words
) -> list[tuple[Action, str, int]]:
    """What this person can still do about the issue, as it is now."""
    if snapshot is None:
        return []
    found: list[tuple[Action, str]] = []
    if notice.person_id == snapshot.owner_id:
        if snapshot.state == State.ASSIGNED:
            found.append((Action.ACKNOWLEDGE, _("I take it")))
        if snapshot.state in (State.ASSIGNED, State.ACKNOWLEDGED):
            found += [(Action.ANSWER, _("Answer")), (Action.RESOLVE, _("Solved"))]
            leads = notice.person_id == door.organisation.leader
            found.append(
                (Action.HAND_OVER, _("Hand over")) if leads else (Action.DECLINE, _("Not mine"))
            )
    if notice.person_id in (snapshot.carrier_id, snapshot.reporter_id):
        if snapshot.state == State.RESOLVED:
            found.append((Action.CONFIRM, _("It is solved")))
        if snapshot.state in (State.RESOLVED, State.CLOSED):
            found.append((Action.REOPEN, _("It is not solved")))
    return [(action, words, snapshot.assignment) for action, words in found]


def heading(reason: Reason, _: Words) -> str:
    """Why somebody was told, in a few words."""
    match reason:
        case Reason.RECEIVED | Reason.RECEIVED_UNDECIDED:
            return _("We have received it")
        case Reason.YOURS:
            return _("This is yours now")
        case Reason.NEW_OWNER:
            return _("Somebody else looks after it now")
        case Reason.NO_LONGER_YOURS:
            return _("It is no longer yours")
        case Reason.TAKEN:
            return _("It is being worked on")
        case Reason.ANSWER:
            return _("There is an answer")
        case Reason.REMINDER:
            return _("Something is due")
        case Reason.ESCALATION:
            return _("It is late and needs you")
        case Reason.SOLVED:
            return _("Is it solved?")
        case Reason.CLOSED:
            return _("It is closed")
        case Reason.CONFIRMED:
            return _("Confirmed as solved, thank you")
        case Reason.REOPENED:
            return _("It is not solved yet")
        case Reason.COMMENT:
            return _("There is more about it")
        case Reason.LOOK:
            return _("A message to look at")
        case Reason.CORRECTED:
            return _("It has been corrected")
        case Reason.WITHDRAWN:
            return _("It is needed no more")
        case Reason.ANSWERED_ELSEWHERE:
            return _("Answered by telephone or in person")
        case Reason.COPIED:
            return _("You are on copy")
        case Reason.STILL_CLOSED:
            return _("Your words are here")
        case Reason.REFUSED:
            return _("This could not be done")
        case _ as never:
            assert_never(never)


def _plain(line: Line) -> dict[str, Any]:
    return {
        "at": line.at.isoformat(),
        "person_id": line.person_id,
        "to": line.to,
        "reason": line.reason,
        "heading": line.heading,
        "reference": line.reference,
        "summary": line.summary,
        "state": line.state_text,
        "status_url": line.status_url,
        "actions": [{"text": words, "url": url} for words, url in line.actions],
    }
