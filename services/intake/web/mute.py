"""Where a person says that they want no more messages about an issue, or wants them again.

A mail program that offers to unsubscribe posts here by itself, without showing the page (RFC 8058).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post

from services.intake import wishes
from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.store import View
from services.intake.submission import NotStored
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, read_fields
from shared import clock
from shared.contracts.intake import IssueMuted
from shared.language import Words
from shared.links import EVERYBODY, Link, LinkInvalid, Purpose

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""What a mail program sends when somebody presses its own button."""
DECOY = "confirm"
"""The button that no person sees."""


@get("/m/{token:str}", include_in_schema=False)
async def show_mute(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """What will happen, or how to hear of it again. Opening it changes nothing."""
    link, view, _ = await _open(request, token, door)
    return await _page(request, link, view, door, _)


@post("/m/{token:str}", status_code=200, include_in_schema=False)
async def take_mute(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """No more messages, or messages again."""
    given = await read_fields(request)
    link, view, _ = await _open(request, token, door)
    one_click, by_machine = _is_one_click(given), await _is_a_machines(given, link, door)
    said = IssueMuted(
        occurred_at=clock.now(),
        issue_id=link.issue_id,
        person_id=link.person_id,
        muted=one_click or not (by_machine or "again" in given),
    )
    try:
        await door.say_mute(said, by_machine=DECOY in given)
    except NotStored:
        trouble = _("It can't be done just now. Please try again in a minute.")
        return await _page(request, link, view, door, _, 503, trouble)
    if one_click:
        return await _page(request, link, view, door, _)
    done = "nothing" if by_machine else "muted" if said.muted else "again"
    return redirect(request, f"/{Purpose.MUTE}/{token}?done={done}&lang={_.language}")


def _is_one_click(given: Mapping[str, str]) -> bool:
    name, value = ONE_CLICK
    return given.get(name) == value


async def _is_a_machines(given: Mapping[str, str], link: Link, door: Door) -> bool:
    """Whether somebody presses who sees what people don't, or has just done so."""
    if DECOY in given:
        return True
    known = await door.mute(link.person_id, link.issue_id)
    return wishes.pressed_by_machine(clock.now(), known.decoy_at if known else None)


async def _open(request: AnyRequest, token: str, door: Door) -> tuple[Link, View, Words]:
    link = door.links.read(Purpose.MUTE, token, clock.now())
    view = await door.look(link.issue_id)
    if view is None or link.person_id in ("", EVERYBODY):
        raise LinkInvalid
    return link, view, page_language(request, door.language(link.person_id))


async def _page(
    request: AnyRequest,
    link: Link,
    view: View,
    door: Door,
    _: Words,
    status: int = 200,
    mistake: str = "",
) -> Response[str]:
    known = await door.mute(link.person_id, link.issue_id)
    eyes, now = door.eyes(link.person_id, view), clock.now()
    inside = link.person_id in door.organisation.person
    return page(
        request,
        "mute.html",
        _,
        status,
        reference=view.reference,
        summary=view.summary if eyes is not Eyes.NOBODY else "",
        is_muted=known is not None and known.since is not None,
        inside=inside,
        mistake=mistake,
        done=_done(request.query_params.get("done", ""), _),
        status_url=""
        if eyes is Eyes.NOBODY
        else f"{door.links.status(view.issue_id, link.person_id, now)}?lang={_.language}",
        language_url="" if inside else door.links.preferences(link.person_id, now),
        zone=door.organisation.calendar_of(link.person_id).zone,
        **own_pages(link.person_id, door),
    )


def _done(what: str, _: Words) -> str:
    match what:
        case "muted":
            return _("Noted. Nothing is lost: its page always shows how it stands.")
        case "again":
            return _("Noted. From now on you hear of it again.")
        case "nothing":
            return _("Something pressed a button that no person sees, so nothing was done.")
    return ""
