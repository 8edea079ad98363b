"""Where a person says how they want to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from litestar import Request, Response, get, post

from services.intake import wishes
from services.intake.door import Door
from services.intake.names import channel_text
from services.intake.submission import NotStored
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, read_fields
from services.intake.wishes import Mistake, Somebody, When
from shared import clock
from shared.contracts.intake import Digest, Preferences, PreferenceSet
from shared.language import Words
from shared.links import Link, LinkInvalid, Purpose

FIELDS = ("language", "when", "opens", "closes", "digest", "urgent")


@get("/f/{token:str}", include_in_schema=False)
async def show_preferences(
    request: Request[Any, Any, Any], token: str, door: Door
) -> Response[Any]:
    """How they are told now, to be changed. Opening it changes nothing."""
    link, who, _ = await _open(request, token, door)
    wanted = await door.preferences(link.person_id)
    given = wishes.as_given(wanted, who, door.organisation)
    return _page(request, link, who, door, _, given)


@post("/f/{token:str}", status_code=200, include_in_schema=False)
async def take_preferences(
    request: Request[Any, Any, Any], token: str, door: Door
) -> Response[Any]:
    """Says how they want to be told from now on."""
    given = await read_fields(request)
    link, who, _ = await _open(request, token, door)
    wanted = wishes.read(given, who, door.organisation)
    if not isinstance(wanted, Preferences):
        return _page(request, link, who, door, _, given, 422, _mistake_text(wanted, _))
    said = PreferenceSet(occurred_at=clock.now(), person_id=link.person_id, preferences=wanted)
    try:
        await door.say_preferences(said)
    except NotStored:
        trouble = _("It can't be saved just now. Please try again in a minute.")
        return _page(request, link, who, door, _, given, 503, trouble)
    language = wishes.language_for(wanted, who)
    return redirect(request, f"/{Purpose.PREFERENCES}/{token}?done=saved&lang={language}")


async def _open(request: AnyRequest, token: str, door: Door) -> tuple[Link, Somebody, Words]:
    link = door.links.read(Purpose.PREFERENCES, token, clock.now())
    who = await door.somebody(link.person_id)
    if who is None:
        raise LinkInvalid
    return link, who, page_language(request, who.language)


def _page(
    request: AnyRequest,
    link: Link,
    who: Somebody,
    door: Door,
    _: Words,
    given: Mapping[str, str],
    status: int = 200,
    mistake: str = "",
) -> Response[str]:
    organisation, person = door.organisation, who.person
    ways = wishes.ways_of(person, organisation) if person else ()
    places = [f"way{nth}" for nth in range(len(ways))]
    return page(
        request,
        "preferences.html",
        _,
        status,
        given={**dict.fromkeys((*FIELDS, *places), ""), **given},
        mistake=mistake,
        done=request.query_params.get("done") == "saved" and not mistake,
        inside=person is not None,
        ways=[(way, channel_text(way, _)) for way in ways],
        places=[(name, _place_text(nth, _)) for nth, name in enumerate(places)],
        whens=[(one, _when_text(one, _)) for one in When],
        digests=[(one, _digest_text(one, _)) for one in Digest],
        zone=organisation.calendar_of(link.person_id).zone,
        **own_pages(link.person_id, door),
    )


def _place_text(nth: int, _: Words) -> str:
    return _("First by") if nth == 0 else _("If that doesn't reach me, by")


def _when_text(when: When, _: Words) -> str:
    match when:
        case When.AT_WORK:
            return _("In my working hours")
        case When.OWN:
            return _("On my working days, in hours that I choose")
        case When.ALWAYS:
            return _("At any hour")
        case _ as never:
            assert_never(never)


def _digest_text(digest: Digest, _: Words) -> str:
    match digest:
        case Digest.NEVER:
            return _("No summary")
        case Digest.DAILY:
            return _("Each working day")
        case Digest.WEEKLY:
            return _("Once a week")
        case _ as never:
            assert_never(never)


def _mistake_text(mistake: Mistake, _: Words) -> str:
    match mistake:
        case Mistake.WHEN | Mistake.DIGEST:
            return _("Please choose one of each.")
        case Mistake.CHANNEL:
            return _("You can't be reached that way any more. Please choose again.")
        case Mistake.HOURS:
            return _("Please say from when until when, such as 08:30 and 17:00.")
        case Mistake.NO_HOURS:
            return _("Both times are the same. Please choose two that lie apart.")
        case _ as never:
            assert_never(never)
