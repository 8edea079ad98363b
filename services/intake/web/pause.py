"""Where the leader lets all chasing rest for a while, and go on again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4, uuid5

from litestar import Request, Response, get, post

from services.intake import clean, store
from services.intake.absences import LONGEST_PAUSE, PAUSES, days
from services.intake.days import today
from services.intake.door import Door
from services.intake.store import Pause
from services.intake.submission import NotStored
from services.intake.web.asking import read_day
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, read_fields
from services.intake.web.status import NotForYou
from shared import clock
from shared.contracts.intake import PauseSaid
from shared.language import Words
from shared.links import Link, Purpose

FIELDS = ("request", "first", "last", "text")
LONGEST_TEXT = 2_000


@get("/p/{token:str}", include_in_schema=False)
async def show_pause(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """What is planned, and a form for one. Opening it changes nothing."""
    link, _ = _open(request, token, door)
    calendar = door.organisation.calendar_of(link.person_id)
    first = today(clock.now(), calendar).isoformat()
    return await _page(request, link, door, _, {"request": uuid4().hex, "first": first})


@post("/p/{token:str}", status_code=200, include_in_schema=False)
async def take_pause(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """Says it, or ends it; the router lets nobody but the leader do so."""
    given = await read_fields(request)
    link, _ = _open(request, token, door)
    known = await _known(given.get("over", ""), door)
    if "over" in given:
        mistake = "" if known else _("This is over already.")
    else:
        mistake = _mistake(given, link, door, _)
    if mistake:
        return await _page(request, link, door, _, given, 422, mistake)
    try:
        if known is not None:
            await door.end_pause(known, link.person_id, f"over/{known.pause_id}")
        else:
            request_id = clean.one_line(given.get("request", ""), 64)
            await door.say_pause(_read(given, link, door), request_id)
    except NotStored:
        trouble = _(
            "It can't be done just now. Your text is still here: please try again in a minute."
        )
        return await _page(request, link, door, _, given, 503, trouble)
    done = "over" if known else "said"
    return redirect(request, f"/{Purpose.PAUSE}/{token}?done={done}&lang={_.language}")


def _open(request: AnyRequest, token: str, door: Door) -> tuple[Link, Words]:
    """Raises NotForYou for whoever led the company once."""
    link = door.links.read(Purpose.PAUSE, token, clock.now())
    if link.person_id != door.organisation.leader:
        raise NotForYou
    return link, page_language(request, door.language(link.person_id))


def _mistake(given: Mapping[str, str], link: Link, door: Door, _: Words) -> str:
    first, last = read_day(given.get("first", "")), read_day(given.get("last", ""))
    calendar = door.organisation.calendar_of(link.person_id)
    if first is None or last is None:
        return _("Please choose the first and the last day.")
    if first < today(clock.now(), calendar):
        return _("Please choose a first day that is today or later.")
    if last < first:
        return _("The last day comes before the first one.")
    if last - first > LONGEST_PAUSE:
        return _("This is longer than %(days)s days. Say it again later.", days=LONGEST_PAUSE.days)
    text = clean.several_lines(given.get("text", ""))
    if not text:
        return _("Please say why: everybody concerned reads it.")
    if len(text) > LONGEST_TEXT:
        return _("This is longer than %(most)s characters. Please shorten it.", most=LONGEST_TEXT)
    return ""


def _read(given: Mapping[str, str], link: Link, door: Door) -> PauseSaid:
    """Of what has no mistake in it."""
    now = clock.now()
    first, last = read_day(given["first"]), read_day(given["last"])
    assert first is not None
    assert last is not None
    starts_at, ends_at = days(first, last, door.organisation.calendar_of(link.person_id), now)
    request_id = clean.one_line(given.get("request", ""), 64) or uuid4().hex
    return PauseSaid(
        occurred_at=now,
        pause_id=str(uuid5(PAUSES, request_id)),
        person_id=link.person_id,
        starts_at=starts_at,
        ends_at=ends_at,
        text=clean.several_lines(given["text"]),
    )


async def _known(pause_id: str, door: Door) -> Pause | None:
    known = await door.read(lambda connection: store.pause_of(connection, pause_id))
    return None if known is None or known.is_over else known


async def _page(
    request: AnyRequest,
    link: Link,
    door: Door,
    _: Words,
    given: Mapping[str, str],
    status: int = 200,
    mistake: str = "",
) -> Response[str]:
    now: datetime = clock.now()
    calendar = door.organisation.calendar_of(link.person_id)
    found = await door.read(lambda connection: store.pauses_to_come(connection, now))
    concerned = await door.read(store.concerned)
    return page(
        request,
        "pause.html",
        _,
        status,
        given={**dict.fromkeys(FIELDS, ""), **given},
        mistake=mistake,
        done=_done(request.query_params.get("done", ""), _),
        lines=[(one, one.starts_at <= now) for one in found],
        concerned=concerned,
        earliest=today(now, calendar).isoformat(),
        zone=calendar.zone,
        **own_pages(link.person_id, door),
    )


def _done(what: str, _: Words) -> str:
    match what:
        case "said":
            return _("Noted. Everybody concerned is told, with your words.")
        case "over":
            return _("It is over. Everybody concerned is told, and no time was lost.")
    return ""
