"""Pages on which one person does one thing: GET shows what will happen, POST does it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from litestar import Request, Response, get, post

from services.intake import clean
from services.intake.days import today
from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.names import Names
from services.intake.store import Happening, View
from services.intake.submission import NotStored
from services.intake.view import refusal_text
from services.intake.web.asking import (
    FIELDS,
    FIELDS_OF_OTHER,
    OTHER,
    Asked,
    furthest_for,
    likely,
    read_asked,
)
from services.intake.web.choices import causes, done_text, ends, next_owners, reasons, turns, waits
from services.intake.web.offers import FOR_PEOPLE_INSIDE, Offer, offer
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, read_fields
from services.intake.web.speak import PLACES
from services.intake.web.status import NotForYou
from services.intake.web.undo import DECOY, press_decoy, told
from shared import clock
from shared.contracts.issue import Action, Refusal
from shared.contracts.organisation import Calendar
from shared.contracts.router import ActionRefused
from shared.language import Words
from shared.links import Link, LinkInvalid, Purpose

WAIT_FOR_ANSWER_S = 1.5
EXAMPLE = "7K3M-9QWX"
"""What a reference looks like."""


@get("/a/{token:str}", include_in_schema=False)
async def show_action(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """What will happen. Opening it, as mail scanners do, changes nothing."""
    link, view = await _open(token, door)
    if link.action in PLACES:
        return redirect(request, _place(link, door))
    _ = page_language(request, door.language(link.person_id))
    given = {"request": uuid4().hex, "proposed": _preset(request, link, door)}
    return await _page(request, link, view, door, _, given)


@post("/a/{token:str}", status_code=200, include_in_schema=False)
async def take_action(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """Says what the person asks for, and shows what came of it."""
    given = await read_fields(request)
    link, view = await _open(token, door)
    if link.action in PLACES:
        return redirect(request, _place(link, door))
    _ = page_language(request, door.language(link.person_id))
    if DECOY in given:
        return await _decoy(request, link, view, door, _)
    if not _is_for(link, view, door):
        return await _page(request, link, view, door, _, given)
    asked = await read_asked(link, view, given, door, _)
    if asked.mistake:
        return await _page(request, link, view, door, _, given, 422, asked=asked)
    if not asked.sure:
        return await _page(request, link, view, door, _, given, asked=asked)
    try:
        event_id = await door.ask(asked.wish, clean.one_line(given.get("request", ""), 64))
    except NotStored:
        trouble = _(
            "It can't be done just now. Your text is still here: please try again in a minute."
        )
        return await _page(request, link, view, door, _, given, 503, trouble=trouble)
    happened = await door.wait_for_answer(event_id, WAIT_FOR_ANSWER_S)
    return await _result(request, link, door, _, asked, happened)


async def _decoy(
    request: AnyRequest, link: Link, view: View, door: Door, _: Words
) -> Response[Any]:
    eyes = door.eyes(link.person_id, view)
    if eyes is Eyes.NOBODY:
        raise NotForYou
    seen = await door.see(view, eyes, _, link.person_id)
    return await press_decoy(request, link, seen, door, _)


def _preset(request: AnyRequest, link: Link, door: Door) -> str:
    """Who is proposed by the button that led here, where such a one is there."""
    proposed = request.query_params.get("to", "")
    organisation = door.organisation
    known = proposed in organisation.team or proposed in organisation.person
    return proposed if known and link.action in (Action.HAND_OVER, Action.DECLINE) else ""


async def _open(token: str, door: Door) -> tuple[Link, View]:
    link = door.links.read(Purpose.ACTION, token, clock.now())
    view = await door.look(link.issue_id)
    if view is None or link.action is None:
        raise LinkInvalid
    return link, view


def _is_for(link: Link, view: View, door: Door) -> bool:
    """Whether somebody like them can ask for it at all."""
    inside = door.eyes(link.person_id, view) is Eyes.INSIDE
    return inside or link.action not in FOR_PEOPLE_INSIDE


def _place(link: Link, door: Door) -> str:
    """Where the status page asks for it."""
    assert link.action is not None
    url = door.links.status(link.issue_id, link.person_id, clock.now())
    return f"{url}/{PLACES[link.action]}"


async def _page(
    request: AnyRequest,
    link: Link,
    view: View,
    door: Door,
    _: Words,
    given: Mapping[str, str],
    status: int = 200,
    *,
    asked: Asked | None = None,
    trouble: str = "",
) -> Response[str]:
    assert link.action is not None
    eyes = door.eyes(link.person_id, view)
    if eyes is Eyes.NOBODY:
        raise NotForYou
    seen = await door.see(view, eyes, _, link.person_id)
    snapshot = seen.snapshot
    names = Names(door.organisation, _)
    if not _is_for(link, view, door):
        words = refusal_text(Refusal.NOT_YOURS, seen.owner, _)
        return told(request, link, seen, door, _, _("This was not done"), words, ok=False)
    if snapshot is not None and snapshot.assignment != link.assignment:
        words = refusal_text(Refusal.OVERTAKEN, seen.owner, _)
        return told(request, link, seen, door, _, _("The issue has moved on"), words, ok=False)
    calendar = door.organisation.calendar_of(link.person_id)
    now = clock.now()
    latest = await furthest_for(link.action, view, door)
    other = asked.other if asked else None
    return page(
        request,
        "act.html",
        _,
        status,
        offer=_offer(link.action, _),
        owner=_.polite(seen.owner.name) if seen.owner else "",
        action=link.action,
        seen=seen,
        given={
            **dict.fromkeys((*FIELDS, *FIELDS_OF_OTHER), ""),
            **given,
            "sure": other.reference if other and not asked_by_choice(given) else "",
        },
        mistake=trouble or (asked.mistake if asked else ""),
        other=other if other and not asked_by_choice(given) else None,
        likely=await likely(link, view, door, _),
        other_word=OTHER,
        example=EXAMPLE,
        reasons=reasons(_),
        causes=causes(door, _),
        teams=[(one.id, one.name, one.people) for one in next_owners(link, snapshot, door, names)],
        preset=_preset_name(request, link, door, names),
        turns=turns(link.action, door, _),
        waits=waits(_),
        soon=ends(latest, calendar, now, _),
        **_days(link.action, latest, calendar, now),
        status_url=f"{door.links.status(link.issue_id, link.person_id, now)}?lang={_.language}",
        zone=calendar.zone,
        **own_pages(link.person_id, door),
    )


def _days(
    action: Action, latest: datetime | None, calendar: Calendar, now: datetime
) -> dict[str, str]:
    """The first and the last day that a browser's calendar offers: a promise ends in the evening,
    and nothing is put off until a day that has begun."""
    first, last = today(now, calendar), today(latest or now, calendar)
    a_day = timedelta(days=1)
    if action is Action.PROMISE:
        return {"earliest": first.isoformat(), "latest": (last - a_day).isoformat()}
    return {"earliest": (first + a_day).isoformat(), "latest": last.isoformat()}


def _preset_name(request: AnyRequest, link: Link, door: Door, names: Names) -> str:
    proposed = _preset(request, link, door)
    return names.anybody(proposed) if proposed else ""


def asked_by_choice(given: Mapping[str, str]) -> bool:
    """Whether the other issue was chosen among those that were shown."""
    return given.get("into", "") not in ("", OTHER)


async def _result(
    request: AnyRequest,
    link: Link,
    door: Door,
    _: Words,
    asked: Asked,
    happened: list[Happening],
) -> Response[str]:
    view = await door.look(link.issue_id)
    if view is None or link.action is None:
        raise LinkInvalid
    seen = await door.see(view, door.eyes(link.person_id, view), _, link.person_id)
    refused = [one for one in happened if one.subject == ActionRefused.subject]
    if refused:
        refusal = Refusal(refused[0].said["refusal"])
        text = refusal_text(refusal, seen.owner, _)
        return told(request, link, seen, door, _, _("This was not done"), text, ok=False)
    if happened:
        text = done_text(asked, seen, door, _)
        return told(request, link, seen, door, _, _("Thank you"), text, ok=True)
    text = _("It is stored and will be done in a moment. You need not send it again.")
    return told(request, link, seen, door, _, _("Thank you"), text, ok=True)


def _offer(action: Action, _: Words) -> Offer:
    """Raises LinkInvalid for what has no page here."""
    found = offer(action, _)
    if found is None:
        raise LinkInvalid
    return found
