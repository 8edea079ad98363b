"""What whoever holds a status link can say: more words and files, a correction, that it is needed
no more, that an answer came another way. GET shows, POST says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException

from services.intake import attachments, clean
from services.intake.door import Door
from services.intake.submission import (
    LONGEST_SUMMARY,
    NotStored,
    in_company_time,
    is_plausible,
)
from services.intake.view import refusal_text
from services.intake.web.form import fingerprint, refused_files_text, too_many_text
from services.intake.web.guard import Guard, Layer
from services.intake.web.pages import page, redirect
from services.intake.web.posted import AnyRequest, Posted, posted, read_fields
from services.intake.web.status import Opened, Speaking, open_status, status_page
from services.intake.web.undo import DECOY, press_decoy
from shared import clock
from shared.contracts.event import MAX_TEXT
from shared.contracts.intake import ActionRequested, Correction, MessageReceived
from shared.contracts.issue import Action, Refusal, Source, Urgency
from shared.contracts.router import ActionRefused
from shared.language import Words

WAIT_FOR_ANSWER_S = 1.5

PLACES = {
    Action.CORRECT: "correct",
    Action.WITHDRAW: "withdraw",
    Action.ANSWERED_ELSEWHERE: "answered",
}
"""What the addresses of their pages end with."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a page asks about an action, before it."""

    title: str
    explanation: str
    button: str


@post("/s/{token:str}", status_code=200, include_in_schema=False)
async def take_message(
    request: Request[Any, Any, Any], token: str, door: Door, guard: Guard
) -> Response[Any]:
    """Says a message, with its files, in the name of whoever the link belongs to."""
    async with posted(request, door.limits) as form:
        opened, _ = await open_status(request, token, door)
        if not opened.speaks_for or opened.seen.snapshot is None:
            raise NotFoundException
        return await _take(request, form, opened, _, door, guard)


async def _take(
    request: AnyRequest, form: Posted, opened: Opened, _: Words, door: Door, guard: Guard
) -> Response[Any]:
    request_id = clean.one_line(form.fields.get("request", ""), 64) or uuid4().hex
    written = form.fields.get("text", "")
    text = clean.several_lines(written)

    def again(status: int, mistakes: Mapping[str, str], trouble: str = "") -> Response[Any]:
        speaking = Speaking(written, request_id, mistakes, trouble, form.names)
        return status_page(request, opened, _, door, speaking, status)

    if form.refused is not None:
        return again(422, {"files": refused_files_text(form.refused, door.limits, _)})
    if len(text) > MAX_TEXT:
        words = _("This is longer than %(most)s characters. Please shorten it.", most=MAX_TEXT)
        return again(422, {"text": words})
    if not text and not form.files:
        return again(422, {"text": _("Please write something, or choose a file.")})
    keys = _keys(opened)
    thing = fingerprint([request_id, text, *(f"{one.size} {one.filename}" for one in form.files)])
    too_many = guard.admit(thing, keys, clock.now())
    if too_many is not None:
        answer = again(429, {}, too_many_text(too_many, door.organisation, _))
        answer.headers["Retry-After"] = too_many.wait_s(clock.now())
        return answer
    message = MessageReceived(
        occurred_at=clock.now(),
        issue_id=opened.view.issue_id,
        person_id=opened.speaks_for,
        source=Source.WEB,
        standing=opened.standing,
        text=text,
        attachments=await asyncio.to_thread(attachments.keep, form.files, door.blobs),
    )
    try:
        event_id = await door.say_more(message, request_id)
    except NotStored:
        guard.give_back(thing, keys)
        return again(503, {}, _not_stored_text(_))
    happened = await door.wait_for_answer(event_id, WAIT_FOR_ANSWER_S)
    done = "message" if happened else "stored"
    return redirect(request, f"{opened.url}?done={done}&lang={_.language}")


@get("/s/{token:str}/{what:str}", include_in_schema=False)
async def show_wish(
    request: Request[Any, Any, Any], token: str, what: str, door: Door
) -> Response[Any]:
    """What will happen. Opening it changes nothing."""
    opened, _ = await open_status(request, token, door)
    action = _action(what)
    if action not in opened.may(door):
        return redirect(request, f"{opened.url}?lang={_.language}")
    now = _as_it_is(opened, door)
    given = {"request": uuid4().hex, **now, **{WAS + name: word for name, word in now.items()}}
    return _page(request, opened, _, door, action, given)


@post("/s/{token:str}/{what:str}", status_code=200, include_in_schema=False)
async def take_wish(
    request: Request[Any, Any, Any], token: str, what: str, door: Door, guard: Guard
) -> Response[Any]:
    """Says what is wished, and shows what came of it."""
    given = await read_fields(request)
    opened, _ = await open_status(request, token, door)
    action = _action(what)
    if opened.seen.snapshot is None or not opened.may_ever(action, door):
        raise NotFoundException
    if DECOY in given:
        link = replace(opened.link, person_id=opened.speaks_for)
        return await press_decoy(request, link, opened.seen, door, _)
    mistake = _mistake(action, given, opened, door, _)
    if mistake:
        return _page(request, opened, _, door, action, given, 422, mistake)
    wish = _read(action, given, opened, door)
    keys = _keys(opened)
    thing = fingerprint([action, *(f"{name}={given[name]}" for name in sorted(given))])
    too_many = guard.admit(thing, keys, clock.now())
    if too_many is not None:
        text = too_many_text(too_many, door.organisation, _)
        answer = _page(request, opened, _, door, action, given, 429, text)
        answer.headers["Retry-After"] = too_many.wait_s(clock.now())
        return answer
    try:
        event_id = await door.ask(wish, clean.one_line(given.get("request", ""), 64))
    except NotStored:
        guard.give_back(thing, keys)
        return _page(request, opened, _, door, action, given, 503, _not_stored_text(_))
    happened = await door.wait_for_answer(event_id, WAIT_FOR_ANSWER_S)
    refused = [one for one in happened if one.subject == ActionRefused.subject]
    if refused:
        words = refusal_text(Refusal(refused[0].said["refusal"]), opened.seen.owner, _)
        return page(
            request,
            "done.html",
            _,
            409,
            title=_("This was not done"),
            text=words,
            ok=False,
            seen=opened.seen,
            status_url=f"{opened.url}?lang={_.language}",
            undo_url="",
            request_id="",
            zone=door.organisation.calendar_of(opened.link.person_id).zone,
        )
    done = action if happened else "stored"
    return redirect(request, f"{opened.url}?done={done}&lang={_.language}")


def _keys(opened: Opened) -> Mapping[Layer, str]:
    """By what it is counted how much somebody says about an issue."""
    return {Layer.LINK: f"{opened.view.issue_id}/{opened.speaks_for}"}


def _action(what: str) -> Action:
    for action, place in PLACES.items():
        if place == what:
            return action
    raise NotFoundException


def _not_stored_text(_: Words) -> str:
    return _("It can't be done just now. Your text is still here: please try again in a minute.")


def _page(
    request: AnyRequest,
    opened: Opened,
    _: Words,
    door: Door,
    action: Action,
    given: Mapping[str, str],
    status: int = 200,
    mistake: str = "",
) -> Response[str]:
    organisation = door.organisation
    language = _.language
    return page(
        request,
        "wish.html",
        _,
        status,
        wish=_wish(action, _),
        action=action,
        seen=opened.seen,
        url=opened.url,
        given={**dict.fromkeys((*_AS_IT_IS, "request", "text", "proposed"), ""), **given},
        was={WAS + name: given.get(WAS + name, "") for name in _AS_IT_IS},
        mistake=mistake,
        longest_summary=LONGEST_SUMMARY,
        products=[(one.id, one.name.in_(language)) for one in organisation.products],
        categories=[(one.id, one.name.in_(language)) for one in organisation.categories],
        urgencies=[(one, _urgency_text(one, _)) for one in Urgency],
        teams=[
            (
                team.name.in_(language),
                [
                    (person.id, person.name.in_(language))
                    for person in organisation.members[team.id]
                    if person.id != opened.speaks_for
                ],
            )
            for team in organisation.teams
        ],
        zone=organisation.calendar_of(opened.link.person_id).zone,
    )


def _wish(action: Action, _: Words) -> Wish:
    match action:
        case Action.CORRECT:
            return Wish(
                _("Correct something"),
                _("Change what is wrong or has changed. The owner is told what is new."),
                _("Correct it"),
            )
        case Action.WITHDRAW:
            return Wish(
                _("Withdraw it"),
                _("It is needed no more: the issue is closed at once, and the owner is told."),
                _("Yes, withdraw it"),
            )
        case _other:
            return Wish(
                _("I got my answer another way"),
                _("By telephone, in the corridor, in a meeting: then Banso stops asking for it."),
                _("Yes, I have my answer"),
            )


def _urgency_text(urgency: Urgency, _: Words) -> str:
    match urgency:
        case Urgency.LOW:
            return _("It can wait")
        case Urgency.NORMAL:
            return _("As usual")
        case Urgency.HIGH:
            return _("Urgent: a customer is waiting")


WAS = "was-"
_AS_IT_IS = ("summary", "product", "category", "urgency", "customer", "needed_by")


def _as_it_is(opened: Opened, door: Door) -> dict[str, str]:
    """What can be corrected, as the form shows it."""
    snapshot = opened.seen.snapshot
    assert snapshot is not None
    zone = ZoneInfo(door.organisation.calendar_of(None).zone)
    needed_by = snapshot.needed_by
    return {
        "summary": snapshot.summary,
        "product": snapshot.product or "",
        "category": snapshot.category or "",
        "urgency": snapshot.urgency,
        "customer": opened.seen.brought.customer or "",
        "needed_by": needed_by.astimezone(zone).date().isoformat() if needed_by else "",
    }


def _changed(given: Mapping[str, str]) -> dict[str, str]:
    """What is otherwise than it was when the page was opened, so that a page sent twice says the
    same twice; what was emptied stays as it is."""
    said = {name: clean.one_line(given.get(name, ""), LONGEST_SUMMARY) for name in _AS_IT_IS}
    return {name: word for name, word in said.items() if word and word != given.get(WAS + name)}


def _mistake(action: Action, given: Mapping[str, str], opened: Opened, door: Door, _: Words) -> str:
    if len(clean.several_lines(given.get("text", ""))) > MAX_TEXT:
        return _("This is longer than %(most)s characters. Please shorten it.", most=MAX_TEXT)
    if action is not Action.CORRECT:
        return ""
    changed = _changed(given)
    if not changed:
        return _("Nothing is otherwise yet. Change what is wrong, then press the button.")
    if "needed_by" in changed and _day(changed["needed_by"]) is None:
        return _("Please write the day as 2026-12-24.")
    return ""


def _read(action: Action, given: Mapping[str, str], opened: Opened, door: Door) -> ActionRequested:
    correction = None
    if action is Action.CORRECT:
        changed = _changed(given)
        urgency = changed.get("urgency")
        correction = Correction(
            summary=changed.get("summary"),
            product=changed.get("product"),
            category=changed.get("category"),
            urgency=Urgency(urgency) if urgency in set(Urgency) else None,
            customer=changed.get("customer"),
            needed_by=in_company_time(_day(changed.get("needed_by", "")), door.organisation),
        )
    return ActionRequested(
        occurred_at=clock.now(),
        issue_id=opened.view.issue_id,
        person_id=opened.speaks_for,
        action=action,
        text=clean.several_lines(given.get("text", "")) or None,
        proposed=clean.one_line(given.get("proposed", ""), 200) or None,
        correction=correction,
        by_link=True,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if is_plausible(day) else None
