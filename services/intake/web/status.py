"""The page of one issue, by signed link and without a login."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from litestar import Request, Response, get

from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.names import Names, span_text
from services.intake.store import Pause, View
from services.intake.view import Seen
from services.intake.web.offers import Offered, button_text, offered
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language
from services.intake.web.posted import AnyRequest
from shared import clock
from shared.contracts.issue import Action, Standing, State, WaitingFor
from shared.language import Words
from shared.links import (
    ACTION_LINK_LIVES,
    EVERYBODY,
    Link,
    LinkExpired,
    LinkInvalid,
    Purpose,
)

WAIT_FOR_OWNER_S = 0.8
"""Most issues have their owner by then, and the page needs no second look."""
WORTH_TELLING = timedelta(hours=1)
"""A shorter wait says nothing about why it took so long."""
_OPEN = frozenset({State.ASSIGNED, State.ACKNOWLEDGED})


class NotForYou(Exception):
    """A confidential issue, and somebody whom it does not concern."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """What was about to be said on a status page, and what is said about that."""

    text: str = ""
    request: str = ""
    mistakes: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    names_of_files: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """An issue as somebody sees it by the link that they hold."""

    link: Link
    view: View
    seen: Seen
    url: str
    pause: Pause | None = None
    main: State | None = None
    """How it is with the issue that this one is the same as."""

    @property
    def speaks_for(self) -> str:
        """In whose name words and wishes by this link are; "" where it only reads.

        Whoever sent the public form is whoever they said they are, no more and no less.
        """
        if self.link.person_id == EVERYBODY:
            return ""
        return self.link.person_id or self.view.reporter_id

    @property
    def standing(self) -> Standing:
        """How sure it is who speaks. Anybody can write a colleague's address into the form, so its
        link is never enough to answer in an owner's name."""
        return Standing.VOUCHED if self.link.person_id else Standing.THREADED

    def offered(self, door: Door) -> Offered:
        """What this link leads to beside speaking. It ends after a while, as the links that do
        something; an old one, found in somebody's mailbox, only reads and speaks."""
        snapshot, person_id = self.seen.snapshot, self.link.person_id
        is_old = clock.now() > self.link.issued_at + ACTION_LINK_LIVES
        if snapshot is None or person_id in ("", EVERYBODY) or is_old:
            return Offered()
        return offered(snapshot, person_id, door.organisation, self.main)

    def may_ever(self, action: Action, door: Door) -> bool:
        """Whether this link can ask for it in any state; who had an answer another way is known by
        a link of their own."""
        if action is Action.ANSWERED_ELSEWHERE:
            return self.link.person_id in door.organisation.person
        return bool(self.speaks_for)

    def may(self, door: Door) -> list[Action]:
        """What this link can ask for; the router's check is final."""
        snapshot = self.seen.snapshot
        if snapshot is None or self.link.person_id == EVERYBODY:
            return []
        if self.speaks_for not in (snapshot.carrier_id, snapshot.reporter_id):
            return []
        found: list[Action] = []
        if snapshot.state in _OPEN:
            found += [Action.CORRECT, Action.ANSWERED_ELSEWHERE]
        if snapshot.state in _OPEN | {State.RESOLVED}:
            found.append(Action.WITHDRAW)
        return [action for action in found if self.may_ever(action, door)]


async def open_status(
    request: AnyRequest, token: str, door: Door, wait_until_owned_s: float = 0
) -> tuple[Opened, Words]:
    """Raises LinkInvalid, and NotForYou."""
    link = door.links.read(Purpose.STATUS, token, clock.now())
    _ = page_language(request, door.language(link.person_id))
    view = await door.look(link.issue_id)
    if view is None:
        raise LinkInvalid
    if wait_until_owned_s:
        view = await door.wait_until_owned(view, wait_until_owned_s)
    eyes = door.eyes(link.person_id, view)
    if eyes is Eyes.NOBODY:
        raise NotForYou
    seen = await door.see(view, eyes, _, link.person_id)
    main = await door.look(view.merged_into) if view.merged_into else None
    state, pause = main.state if main else None, await door.pause()
    return Opened(link, view, seen, f"/{Purpose.STATUS}/{token}", pause, state), _


@get("/s/{token:str}", include_in_schema=False)
async def show_status(request: Request[Any, Any, Any], token: str, door: Door) -> Response[str]:
    """State, owner, next step and when, history, "chased for you", and a place to say more."""
    new = "new" in request.query_params
    opened, _ = await open_status(request, token, door, WAIT_FOR_OWNER_S if new else 0)
    return status_page(request, opened, _, door, Speaking(request=uuid4().hex), new=new)


def status_page(
    request: AnyRequest,
    opened: Opened,
    _: Words,
    door: Door,
    speaking: Speaking,
    status: int = 200,
    *,
    new: bool = False,
) -> Response[str]:
    seen, person_id, now = opened.seen, opened.link.person_id, clock.now()
    name = _.polite(seen.owner.name) if seen.owner else ""
    offers = opened.offered(door)

    def buttons(actions: Sequence[Action]) -> list[tuple[str, str]]:
        """Words and address of each."""
        number = seen.snapshot.assignment if seen.snapshot else 0
        issue_id = opened.view.issue_id
        return [
            (
                button_text(one, _),
                f"{door.links.action(issue_id, person_id, one, number, now)}?lang={_.language}",
            )
            for one in actions
        ]

    return page(
        request,
        "status.html",
        _,
        status,
        seen=seen,
        new=new,
        done=done_text(request.query_params.get("done", ""), name, _),
        url=opened.url,
        can_speak=bool(opened.speaks_for) and seen.snapshot is not None,
        may=opened.may(door),
        undo_url=_undo_url(opened, door, now, _),
        main=buttons(offers.main),
        more=buttons(offers.more),
        is_asked=_is_asked(opened),
        asks_their_customer=_asks_their_customer(opened, door),
        family=_family(opened, door, now, _),
        stations=_stations(seen, Names(door.organisation, _), _),
        under_way=span_text(seen.under_way, _),
        pause=opened.pause,
        speaking=speaking,
        limits=door.limits,
        zone=door.organisation.calendar_of(person_id).zone,
        **own_pages(person_id, door),
    )


def _undo_url(opened: Opened, door: Door, now: datetime, _: Words) -> str:
    """Where the reader takes back what they have just done; "" where there is nothing."""
    person_id, undoable = opened.link.person_id, opened.seen.undoable
    if undoable is None or person_id in ("", EVERYBODY):
        return ""
    number = opened.seen.snapshot.assignment if opened.seen.snapshot else 0
    issue_id, request_id = opened.view.issue_id, undoable.request_id
    url = door.links.undo(issue_id, person_id, request_id, number, now)
    return f"{url}?lang={_.language}"


def _is_asked(opened: Opened) -> bool:
    """Whether the reader is whose answer the issue waits for; a carrier asks their customer."""
    snapshot = opened.seen.snapshot
    if snapshot is None or snapshot.waiting_for is None:
        return False
    asked = snapshot.carrier_id, snapshot.reporter_id
    return bool(opened.seen.asked) and opened.speaks_for in asked


def _asks_their_customer(opened: Opened, door: Door) -> bool:
    """Whether the reader is to ask a customer, and not the customer who is asked."""
    snapshot = opened.seen.snapshot
    asks_customer = snapshot is not None and snapshot.waiting_for is WaitingFor.CUSTOMER
    return asks_customer and _is_asked(opened) and opened.speaks_for in door.organisation.person


def _family(opened: Opened, door: Door, now: datetime, _: Words) -> Mapping[str, str]:
    """By reference, the pages of the issues that this one belongs together with."""
    person_id = opened.link.person_id
    return {
        one.reference: f"{door.links.status(one.issue_id, person_id, now)}?lang={_.language}"
        for one in opened.seen.family.all
    }


def _stations(seen: Seen, names: Names, _: Words) -> list[tuple[str, str, str]]:
    """Of each its owner, how long the issue sat there, and how much of that was waiting."""
    return [
        (
            _.member(names.name(one.owner_id), names.team(one.team_id)),
            span_text(one.sat, _),
            span_text(one.waited, _) if one.waited >= WORTH_TELLING else "",
        )
        for one in seen.stations
    ]


def done_text(what: str, owner: str, _: Words) -> str:
    """What has just been done here, in a sentence."""
    match what:
        case "message":
            return _("Your message is there, and %(name)s is told.", name=owner)
        case Action.CORRECT:
            return _("It is corrected, and %(name)s is told.", name=owner)
        case Action.WITHDRAW:
            return _("It is withdrawn. Thank you for saying so.")
        case Action.ANSWERED_ELSEWHERE:
            return _("Noted: you have your answer.")
        case "stored":
            return _("It is stored and will be done in a moment. You need not send it again.")
    return ""


def say_bad_link(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    """A link that is not ours, was cut off, or is too old."""
    _ = page_language(request)
    if isinstance(error, LinkExpired):
        title = _("This link has expired")
        advice = _("Look for a newer message about the same issue and use its link.")
    else:
        title = _("This link is not complete")
        advice = _("Perhaps it was cut off. Copy all of it into the address line.")
    return page(request, "trouble.html", _, 404, title=title, advice=advice)


def say_not_for_you(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    """A confidential issue."""
    _ = page_language(request)
    title = _("This issue is confidential")
    advice = _("Only those whom it concerns can see it. Ask whoever told you of it.")
    return page(request, "trouble.html", _, 403, title=title, advice=advice)
