"""The page on which somebody takes back what they, or a machine in their name, did by a link: GET
shows what will happen, POST does it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from litestar import Request, Response, get, post

from services.intake import clean, store
from services.intake.door import Door
from services.intake.history import Eyes, Reader, entries
from services.intake.store import Happening, View
from services.intake.submission import NotStored
from services.intake.undone import taken_back, undoable
from services.intake.view import Seen, refusal_text
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language
from services.intake.web.posted import AnyRequest, read_fields
from services.intake.web.status import NotForYou
from shared import clock
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, Refusal
from shared.contracts.router import ActionRefused
from shared.language import Words
from shared.links import Link, LinkInvalid, Purpose

WAIT_FOR_ANSWER_S = 1.5
DECOY = "confirm"
"""The field of the form that only machines see."""


@get("/u/{token:str}", include_in_schema=False)
async def show_undo(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """What would be taken back. Opening it changes nothing."""
    link, view, seen, _ = await _open(request, token, door)
    history = await door.read(lambda connection: store.history_of(connection, view.issue_id))
    if link.about in taken_back(history):
        return _is_undone(request, link, seen, door, _)
    known = undoable(history, link.person_id, clock.now())
    if known is None or known.request_id != link.about:
        return _too_late(request, link, seen, door, _)
    return _ask(request, link, view, seen, door, _, history, uuid4().hex)


@post("/u/{token:str}", status_code=200, include_in_schema=False)
async def take_undo(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """Takes it back, and shows what came of it. Doing it twice changes nothing."""
    given = await read_fields(request)
    link, view, seen, _ = await _open(request, token, door)
    if DECOY in given:
        return await press_decoy(request, link, seen, door, _)
    history = await door.read(lambda connection: store.history_of(connection, view.issue_id))
    if link.about in taken_back(history):
        return _is_undone(request, link, seen, door, _)
    wish = ActionRequested(
        occurred_at=clock.now(),
        issue_id=link.issue_id,
        person_id=link.person_id,
        action=Action.UNDO,
        assignment=link.assignment,
        undoes=link.about,
        by_link=True,
    )
    request_id = clean.one_line(given.get("request", ""), 64) or uuid4().hex
    try:
        event_id = await door.ask(wish, request_id)
    except NotStored:
        trouble = _("It can't be done just now. Please try again in a minute.")
        return _ask(request, link, view, seen, door, _, history, request_id, trouble)
    happened = await door.wait_for_answer(event_id, WAIT_FOR_ANSWER_S)
    _link, _view, now, _ = await _open(request, token, door)
    refused = [one for one in happened if one.subject == ActionRefused.subject]
    if refused:
        text = refusal_text(Refusal(refused[0].said["refusal"]), now.owner, _)
        return told(request, link, now, door, _, _("This was not done"), text, ok=False)
    if not happened:
        text = _("It is stored and will be done in a moment. You need not send it again.")
        return told(request, link, now, door, _, _("Thank you"), text, ok=True)
    return _is_undone(request, link, now, door, _)


async def press_decoy(
    request: AnyRequest, link: Link, seen: Seen, door: Door, _: Words
) -> Response[Any]:
    """Says that a machine presses the buttons of this link. Raises NotStored."""
    wish = ActionRequested(
        occurred_at=clock.now(),
        issue_id=link.issue_id,
        person_id=link.person_id,
        action=Action.DECOY,
        assignment=link.assignment if link.purpose is not Purpose.STATUS else None,
        by_link=True,
    )
    await door.ask(wish, uuid4().hex)
    text = _(
        "This button is for programs that check mails; people do not see it. Whatever the links of"
        " this message did in the last ten seconds is taken back, and they do nothing for ten"
        " seconds. If you are a person, please wait so long and press the other button."
    )
    return told(request, link, seen, door, _, _("Nothing was done"), text, ok=False)


def told(
    request: AnyRequest,
    link: Link,
    seen: Seen,
    door: Door,
    _: Words,
    title: str,
    text: str,
    *,
    ok: bool,
) -> Response[str]:
    """What was done, or why not, and how to take it back."""
    status_url = door.links.status(link.issue_id, link.person_id, clock.now())
    return page(
        request,
        "done.html",
        _,
        200 if ok else 409,
        title=title,
        text=text,
        ok=ok,
        seen=seen,
        status_url=f"{status_url}?lang={_.language}",
        undo_url=undo_url(link, seen, door, _) if ok else "",
        request_id=uuid4().hex,
        zone=door.organisation.calendar_of(link.person_id).zone,
    )


def undo_url(link: Link, seen: Seen, door: Door, _: Words) -> str:
    """Where the reader takes back what they have just done; "" where there is nothing."""
    if seen.undoable is None:
        return ""
    now, request_id = clock.now(), seen.undoable.request_id
    url = door.links.undo(link.issue_id, link.person_id, request_id, link.assignment, now)
    return f"{url}?lang={_.language}"


async def _open(request: AnyRequest, token: str, door: Door) -> tuple[Link, View, Seen, Words]:
    """Raises LinkInvalid, and NotForYou."""
    link = door.links.read(Purpose.UNDO, token, clock.now())
    _ = page_language(request, door.language(link.person_id))
    view = await door.look(link.issue_id)
    if view is None:
        raise LinkInvalid
    eyes = door.eyes(link.person_id, view)
    if eyes is Eyes.NOBODY:
        raise NotForYou
    return link, view, await door.see(view, eyes, _, link.person_id), _


def _ask(
    request: AnyRequest,
    link: Link,
    view: View,
    seen: Seen,
    door: Door,
    _: Words,
    history: list[Happening] | Any,
    request_id: str,
    trouble: str = "",
) -> Response[str]:
    eyes = door.eyes(link.person_id, view)
    now = clock.now()
    reader = Reader(eyes, _, door.organisation, link.person_id, now, view.reporter_id)
    done = [one for one in history if one.cause_id == link.about]
    status_url = door.links.status(link.issue_id, link.person_id, now)
    return page(
        request,
        "undo.html",
        _,
        503 if trouble else 200,
        seen=seen,
        done=[line.text for line in entries(done, reader)],
        request_id=request_id,
        trouble=trouble,
        status_url=f"{status_url}?lang={_.language}",
        zone=door.organisation.calendar_of(link.person_id).zone,
        **own_pages(link.person_id, door),
    )


def _is_undone(request: AnyRequest, link: Link, seen: Seen, door: Door, _: Words) -> Response[str]:
    text = _("It is as it was before. Everybody who had heard of it is told.")
    return told(request, link, seen, door, _, _("It was taken back"), text, ok=True)


def _too_late(request: AnyRequest, link: Link, seen: Seen, door: Door, _: Words) -> Response[str]:
    text = refusal_text(Refusal.TOO_LATE, seen.owner, _)
    return told(request, link, seen, door, _, _("It can't be taken back any more"), text, ok=False)
