"""The inbox: what a person was told, by signed link; for the operator of a trial, everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from litestar import Request, Response, get

from services.intake import store
from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.names import Names, state_text
from services.intake.store import Notice, Told, View
from services.intake.tellings import ways_text
from services.intake.web.offers import button_text, may_say_answered, offered
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language
from shared import clock
from shared.contracts.issue import Action, Snapshot, State
from shared.contracts.notifier import Reason
from shared.contracts.organisation import Channel
from shared.language import Words
from shared.links import EVERYBODY, Purpose

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in the inbox, with what can still be done about it; what is about no single issue
    has neither summary nor reference."""

    at: datetime
    to: str
    person_id: str
    heading: str
    reason: Reason
    summary: str = ""
    reference: str = ""
    state_text: str = ""
    status_url: str = ""
    actions: Sequence[tuple[str, str]] = ()
    """Words and link of each."""
    how: str = ""
    """By which channels it went, and what came of that."""
    mute_url: str = ""
    is_muted: bool = False
    """Whether they want no more messages about the issue."""


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
    mains = await door.read(
        lambda connection: store.views_of(
            connection, {one.merged_into for one in views.values() if one.merged_into}
        )
    )
    outside = await door.read(
        lambda connection: store.strangers(connection, {one.person_id for one in notices})
    )
    told = await door.read(
        lambda connection: store.told_of_facts(connection, {one.fact_id for one in notices})
    )
    muted = await door.read(
        lambda connection: store.muted_by(connection, link.person_id, set(views))
    )
    names = Names(door.organisation, _)
    lines = [
        replace(
            _line(one, views.get(one.issue_id), mains, outside, names, door, _),
            how=_how(one, told, _),
            is_muted=one.issue_id in muted,
        )
        for one in notices
        if _may_read(one, views, link.person_id, door)
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
        pause=await door.pause(),
        figure_url=_figure_url(link.person_id, door),
        zone=door.organisation.calendar_of(person_id).zone,
        **own_pages(person_id or "", door),
    )


def _figure_url(person_id: str, door: Door) -> str:
    """Not in the frame of every page: the page of an issue is shown to others."""
    inside = person_id in door.organisation.person
    return door.links.figure(person_id, clock.now()) if inside else ""


def _may_read(notice: Notice, views: dict[str, View], person_id: str, door: Door) -> bool:
    if not notice.issue_id:
        return True
    view = views.get(notice.issue_id)
    return view is not None and door.eyes(person_id, view) is not Eyes.NOBODY


def _line(
    notice: Notice,
    view: View | None,
    mains: dict[str, View],
    outside: dict[str, store.Stranger],
    names: Names,
    door: Door,
    _: Words,
) -> Line:
    stranger = outside.get(notice.person_id)
    reason = Reason(notice.reason)
    line = Line(
        at=notice.sent_at,
        to=stranger.name if stranger else names.name(notice.person_id),
        person_id=notice.person_id,
        heading=heading(reason, _),
        reason=reason,
    )
    if view is None:
        return line
    now = clock.now()
    may_mute = view.state is not State.CLOSED
    mute_url = door.links.mute(notice.issue_id, notice.person_id, now) if may_mute else ""
    return replace(
        line,
        mute_url=mute_url and f"{mute_url}?lang={_.language}",
        summary=view.summary,
        reference=view.reference,
        state_text=state_text(view.state, _),
        status_url=door.links.status(notice.issue_id, notice.person_id, now),
        actions=[
            (words, door.links.action(notice.issue_id, notice.person_id, action, number, now))
            for action, words, number in _open_actions(
                notice, view, mains.get(view.merged_into or ""), door, _
            )
        ],
    )


def _how(notice: Notice, told: Sequence[Told], _: Words) -> str:
    """By which channels beside this page, and whether it arrived."""
    key = (notice.fact_id, notice.person_id, notice.reason)
    ways = [
        one
        for one in told
        if (one.fact_id, one.person_id, one.reason) == key and one.channel != Channel.INBOX
    ]
    return ways_text(ways, _)


def _open_actions(
    notice: Notice, view: View, main: View | None, door: Door, _: Words
) -> list[tuple[Action, str, int]]:
    """What this person mostly wants to do about the issue, as it is now; the rest is on its
    page."""
    if view.snapshot is None:
        return []
    snapshot = Snapshot.model_validate_json(view.snapshot)
    state = main.state if main else None
    actions = offered(snapshot, notice.person_id, door.organisation, state).main
    inside = notice.person_id in door.organisation.person
    if inside and may_say_answered(snapshot, notice.person_id):
        actions = (*actions, Action.ANSWERED_ELSEWHERE)
    return [(action, button_text(action, _), snapshot.assignment) for action in actions]


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
        case Reason.HELP:
            return _("You are asked for help")
        case Reason.HELPED:
            return _("Somebody else helps as well")
        case Reason.ASKED:
            return _("You are asked something")
        case Reason.RESUMED:
            return _("It goes on")
        case Reason.PUT_OFF:
            return _("It has been put off")
        case Reason.PROMISED:
            return _("A date has been promised")
        case Reason.LAPSED:
            return _("Do you still have it?")
        case Reason.MERGED:
            return _("It is the same as another issue")
        case Reason.LINKED:
            return _("It is part of a problem")
        case Reason.SEPARATED:
            return _("It stands for itself again")
        case Reason.AWAY:
            return _("Somebody is away, and others have their work")
        case Reason.BACK:
            return _("Back again")
        case Reason.PAUSED:
            return _("Banso reminds nobody for a while")
        case Reason.UNPAUSED:
            return _("Banso reminds again; no time was lost")
        case Reason.UNREACHABLE:
            return _("Somebody can't be reached")
        case Reason.TEST:
            return _("This is how Banso reaches you")
        case Reason.UNDONE:
            return _("It was taken back")
        case Reason.VOIDED:
            return _("Something pressed your buttons, and nothing was done")
        case Reason.RECEIPT:
            return _("Done in your name")
        case Reason.COMPANION_OFFERED:
            return _("Would you like somebody to run alongside you?")
        case Reason.COMPANION_WANTED:
            return _("About a companion for somebody")
        case Reason.COMPANION_ASKED:
            return _("Would you run alongside a colleague?")
        case Reason.COMPANION_BEGUN:
            return _("Somebody runs alongside from now on")
        case Reason.COMPANION_CHECK:
            return _("Does it help?")
        case Reason.COMPANION_CONCERN:
            return _("Somebody is left without answers")
        case Reason.COMPANION_OVER:
            return _("Running alongside has ended")
        case Reason.COMPANION_COPY:
            return _("An answer for your carrier is late")
        case Reason.DIGEST:
            return _("Your summary")
        case Reason.SUBSCRIBED:
            return _("Another system was told")
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
        "how": line.how,
        "mute_url": line.mute_url,
        "actions": [{"text": words, "url": url} for words, url in line.actions],
    }
