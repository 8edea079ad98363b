"""Pages on which one person does one thing: GET shows what will happen, POST does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never
from uuid import uuid4

from litestar import Request, Response, get, post

from services.intake import clean
from services.intake.door import Door
from services.intake.store import Happening, View
from services.intake.submission import NotStored
from services.intake.view import Eyes, Names, Seen, decline_reason_text, refusal_text
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, read_fields
from services.intake.web.speak import PLACES
from services.intake.web.status import NotForYou
from shared import clock
from shared.contracts.event import MAX_TEXT
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, DeclineReason, Refusal, Snapshot
from shared.contracts.router import ActionRefused
from shared.language import Words
from shared.links import Link, LinkInvalid, Purpose

WAIT_FOR_ANSWER_S = 1.5
FIELDS = ("request", "reason", "proposed", "cause", "text")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page says about an action: before it, on its button, and after it."""

    title: str
    explanation: str
    button: str
    done: str


@get("/a/{token:str}", include_in_schema=False)
async def show_action(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """What will happen. Opening it, as mail scanners do, changes nothing."""
    link, view = await _open(token, door)
    if link.action in PLACES:
        return redirect(request, _place(link, door))
    _ = page_language(request, door.language(link.person_id))
    return await _page(request, link, view, door, _, {"request": uuid4().hex})


@post("/a/{token:str}", status_code=200, include_in_schema=False)
async def take_action(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """Says what the person asks for, and shows what came of it."""
    given = await read_fields(request)
    link, view = await _open(token, door)
    if link.action in PLACES:
        return redirect(request, _place(link, door))
    _ = page_language(request, door.language(link.person_id))
    wish = _read(link, given)
    missing = _missing(wish, given, _)
    if missing:
        return await _page(request, link, view, door, _, given, 422, mistake=missing)
    try:
        event_id = await door.ask(wish, clean.one_line(given.get("request", ""), 64))
    except NotStored:
        trouble = _(
            "It can't be done just now. Your text is still here: please try again in a minute."
        )
        return await _page(request, link, view, door, _, given, 503, mistake=trouble)
    happened = await door.wait_for_answer(event_id, WAIT_FOR_ANSWER_S)
    return await _result(request, link, door, _, happened)


async def _open(token: str, door: Door) -> tuple[Link, View]:
    link = door.links.read(Purpose.ACTION, token, clock.now())
    view = await door.look(link.issue_id)
    if view is None or link.action is None:
        raise LinkInvalid
    return link, view


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
    mistake: str = "",
) -> Response[str]:
    assert link.action is not None
    eyes = door.eyes(link.person_id, view)
    if eyes is Eyes.NOBODY:
        raise NotForYou
    seen = await door.see(view, eyes, _, link.person_id)
    snapshot = seen.snapshot
    names = Names(door.organisation, _)
    if snapshot is not None and snapshot.assignment != link.assignment:
        words = refusal_text(Refusal.OVERTAKEN, seen.owner, _)
        return _done(request, link, door, _, seen, _("The issue has moved on"), words, ok=False)
    return page(
        request,
        "act.html",
        _,
        status,
        offer=_offer(link.action, _),
        owner=_.polite(seen.owner.name) if seen.owner else "",
        action=link.action,
        seen=seen,
        given={**dict.fromkeys(FIELDS, ""), **given},
        mistake=mistake,
        reasons=[(reason, decline_reason_text(reason, _)) for reason in DeclineReason],
        causes=[(cause.id, cause.name.in_(_.language)) for cause in door.organisation.causes],
        teams=_choices(link, snapshot, door, names),
        zone=door.organisation.calendar_of(link.person_id).zone,
    )


def _choices(
    link: Link, snapshot: Snapshot | None, door: Door, names: Names
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Teams and their people who may be proposed as next owner."""
    carriers = {snapshot.carrier_id, snapshot.reporter_id} if snapshot else set()
    unfit = {link.person_id, *carriers}
    return [
        (
            team.id,
            names.team(team.id),
            [
                (person.id, names.name(person.id))
                for person in door.organisation.members[team.id]
                if person.id not in unfit
            ],
        )
        for team in door.organisation.teams
    ]


async def _result(
    request: AnyRequest, link: Link, door: Door, _: Words, happened: list[Happening]
) -> Response[str]:
    view = await door.look(link.issue_id)
    if view is None or link.action is None:
        raise LinkInvalid
    seen = await door.see(view, door.eyes(link.person_id, view), _, link.person_id)
    refused = [one for one in happened if one.subject == ActionRefused.subject]
    if refused:
        refusal = Refusal(refused[0].said["refusal"])
        text = refusal_text(refusal, seen.owner, _)
        return _done(request, link, door, _, seen, _("This was not done"), text, ok=False)
    if happened:
        name = _.polite(seen.owner.name) if seen.owner else ""
        text = _offer(link.action, _).done % {"name": name}
        return _done(request, link, door, _, seen, _("Thank you"), text, ok=True)
    text = _("It is stored and will be done in a moment. You need not send it again.")
    return _done(request, link, door, _, seen, _("Thank you"), text, ok=True)


def _done(
    request: AnyRequest,
    link: Link,
    door: Door,
    _: Words,
    seen: Seen,
    title: str,
    text: str,
    *,
    ok: bool,
) -> Response[str]:
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
        zone=door.organisation.calendar_of(link.person_id).zone,
    )


def _read(link: Link, given: Mapping[str, str]) -> ActionRequested:
    assert link.action is not None
    reason = given.get("reason", "")
    return ActionRequested(
        occurred_at=clock.now(),
        issue_id=link.issue_id,
        person_id=link.person_id,
        action=link.action,
        assignment=link.assignment,
        text=clean.several_lines(given.get("text", ""))[:MAX_TEXT] or None,
        reason=DeclineReason(reason) if reason in set(DeclineReason) else None,
        proposed=clean.one_line(given.get("proposed", ""), 200) or None,
        cause=clean.one_line(given.get("cause", ""), 200) or None,
    )


def _missing(wish: ActionRequested, given: Mapping[str, str], _: Words) -> str:
    """What has to be filled in or shortened before the router is asked."""
    if len(clean.several_lines(given.get("text", ""))) > MAX_TEXT:
        return _("This is longer than %(most)s characters. Please shorten it.", most=MAX_TEXT)
    match wish.action:
        case Action.DECLINE:
            if wish.reason is None or wish.proposed is None:
                return _("Please say why, and who should have it instead.")
        case Action.HAND_OVER:
            if wish.proposed is None:
                return _("Please choose who should have it.")
        case Action.ANSWER:
            if wish.text is None:
                return _("Please write your answer.")
        case Action.RESOLVE:
            if wish.cause is None:
                return _("Please choose the cause.")
        case Action.ACKNOWLEDGE | Action.CONFIRM | Action.REOPEN:
            pass
        case Action.CORRECT | Action.WITHDRAW | Action.ANSWERED_ELSEWHERE:
            raise LinkInvalid
        case _ as never:
            assert_never(never)
    return ""


def _offer(action: Action, _: Words) -> Offer:
    match action:
        case Action.ACKNOWLEDGE:
            return Offer(
                _("Take this issue"),
                _("You look after it from now on. Whoever brought it in is told so."),
                _("I take it"),
                _("You have taken it. Whoever brought it in has been told."),
            )
        case Action.DECLINE:
            return Offer(
                _("Not mine"),
                _(
                    "Say why, and who should have it. It goes there at once;"
                    " it never falls back on the person who brought it in."
                ),
                _("Pass it on"),
                _("It is with %(name)s now."),
            )
        case Action.HAND_OVER:
            return Offer(
                _("Hand over"),
                _("Choose who should have it. They are told at once."),
                _("Hand it over"),
                _("It is with %(name)s now."),
            )
        case Action.ANSWER:
            return Offer(
                _("Answer"),
                _("Your words go to the person who brought it in, as you write them."),
                _("Send the answer"),
                _("Your answer is on its way."),
            )
        case Action.RESOLVE:
            return Offer(
                _("Solved"),
                _("The person who brought it in hears what you did and is asked to confirm."),
                _("It is solved"),
                _("Thank you. The person who brought it in is asked to confirm."),
            )
        case Action.CONFIRM:
            return Offer(
                _("It is solved"),
                _("The issue is closed. You can reopen it later."),
                _("Yes, it is solved"),
                _("The issue is closed. We are glad that it is solved."),
            )
        case Action.REOPEN:
            return Offer(
                _("It is not solved"),
                _("The issue is opened again, and %(name)s hears so at once."),
                _("Open it again"),
                _("It is open again. %(name)s has been told."),
            )
        case Action.CORRECT | Action.WITHDRAW | Action.ANSWERED_ELSEWHERE:
            raise LinkInvalid
        case _ as never:
            assert_never(never)
