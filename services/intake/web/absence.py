"""Where a person says when they are away, a lead for the team, the leader for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4, uuid5

from litestar import Request, Response, get, post

from services.intake import clean, store
from services.intake.absences import ABSENCES, days, may_say_for
from services.intake.days import today
from services.intake.door import Door
from services.intake.names import Names
from services.intake.store import Absence
from services.intake.submission import NotStored
from services.intake.web.asking import read_day
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, read_fields
from shared import clock
from shared.contracts.intake import AbsenceSaid
from shared.contracts.organisation import Organisation
from shared.language import Words
from shared.links import Link, LinkInvalid, Purpose

FIELDS = ("request", "person", "first", "last", "substitute")


@dataclass(frozen=True, slots=True)
class _Line:
    """An absence that lasts or is planned."""

    absence_id: str
    name: str
    first: datetime
    last: datetime
    substitute: str
    has_begun: bool


@get("/w/{token:str}", include_in_schema=False)
async def show_absences(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """What is planned, and a form for more. Opening it changes nothing."""
    link, _ = _open(request, token, door)
    return await _page(request, link, door, _, {"request": uuid4().hex, "person": link.person_id})


@post("/w/{token:str}", status_code=200, include_in_schema=False)
async def take_absence(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """Says it, or takes back what was said."""
    given = await read_fields(request)
    link, _ = _open(request, token, door)
    known = await _known(given.get("over", ""), link, door)
    said = None if "over" in given else _read(given, link, door.organisation)
    if known is None and said is None:
        mistake = _mistake(given, link, door.organisation, _)
        return await _page(request, link, door, _, given, 422, mistake)
    request_id = clean.one_line(given.get("request", ""), 64)
    try:
        if known is not None:
            await door.end_absence(known, link.person_id, f"over/{known.absence_id}")
        elif said is not None:
            await door.say_absence(said, request_id)
    except NotStored:
        trouble = _(
            "It can't be done just now. Your text is still here: please try again in a minute."
        )
        return await _page(request, link, door, _, given, 503, trouble)
    done = "over" if known else "said"
    return redirect(request, f"/{Purpose.ABSENCE}/{token}?done={done}&lang={_.language}")


def _open(request: AnyRequest, token: str, door: Door) -> tuple[Link, Words]:
    link = door.links.read(Purpose.ABSENCE, token, clock.now())
    if link.person_id not in door.organisation.person:
        raise LinkInvalid
    return link, page_language(request, door.language(link.person_id))


def _read(given: Mapping[str, str], link: Link, organisation: Organisation) -> AbsenceSaid | None:
    """None where something is missing or can't be."""
    now = clock.now()
    person = given.get("person") or link.person_id
    first, last = read_day(given.get("first", "")), read_day(given.get("last", ""))
    calendar = organisation.calendar_of(person)
    if first is None or last is None or not today(now, calendar) <= first <= last:
        return None
    if all(one.id != person for one in may_say_for(link.person_id, organisation)):
        return None
    substitute = given.get("substitute") or None
    if substitute is not None and (substitute == person or substitute not in organisation.person):
        return None
    starts_at, ends_at = days(first, last, calendar, now)
    request_id = clean.one_line(given.get("request", ""), 64) or uuid4().hex
    return AbsenceSaid(
        occurred_at=now,
        absence_id=str(uuid5(ABSENCES, f"{link.person_id}/{request_id}")),
        person_id=person,
        said_by_id=link.person_id,
        starts_at=starts_at,
        ends_at=ends_at,
        substitute_id=substitute,
    )


async def _known(absence_id: str, link: Link, door: Door) -> Absence | None:
    """What is to be taken back, if it is theirs to do so."""
    known = await door.read(lambda connection: store.absence_of(connection, absence_id))
    may = {one.id for one in may_say_for(link.person_id, door.organisation)}
    return known if known is not None and known.person_id in may else None


def _mistake(given: Mapping[str, str], link: Link, organisation: Organisation, _: Words) -> str:
    if "over" in given:
        return _("This is over already.")
    first, last = read_day(given.get("first", "")), read_day(given.get("last", ""))
    if first is None or last is None:
        return _("Please choose the first and the last day.")
    if first < today(clock.now(), organisation.calendar_of(given.get("person"))):
        return _("Please choose a first day that is today or later.")
    if last < first:
        return _("The last day comes before the first one.")
    return _("Please choose somebody else who is there as the substitute.")


async def _page(
    request: AnyRequest,
    link: Link,
    door: Door,
    _: Words,
    given: Mapping[str, str],
    status: int = 200,
    mistake: str = "",
) -> Response[str]:
    organisation, now = door.organisation, clock.now()
    names = Names(organisation, _)
    people = may_say_for(link.person_id, organisation)
    ids = [one.id for one in people]
    found = await door.read(lambda connection: store.absences_to_come(connection, now, ids))
    calendar = organisation.calendar_of(link.person_id)
    own = organisation.person[link.person_id].substitute
    return page(
        request,
        "absence.html",
        _,
        status,
        given={**dict.fromkeys(FIELDS, ""), **given},
        mistake=mistake,
        done=_done(request.query_params.get("done", ""), _),
        people=[(one.id, names.name(one.id)) for one in people] if len(people) > 1 else [],
        colleagues=[
            (
                names.team(team.id),
                [(one.id, names.name(one.id)) for one in organisation.members[team.id]],
            )
            for team in organisation.teams
        ],
        usual=names.person(own) if own else "",
        me=link.person_id,
        lines=[_line(one, names, now) for one in found],
        earliest=today(now, calendar).isoformat(),
        pause=await door.pause(),
        zone=calendar.zone,
        **own_pages(link.person_id, door),
    )


def _line(absence: Absence, names: Names, now: datetime) -> _Line:
    return _Line(
        absence.absence_id,
        names.name(absence.person_id),
        absence.starts_at,
        absence.ends_at,
        names.person(absence.substitute_id) if absence.substitute_id else "",
        has_begun=absence.starts_at <= now,
    )


def _done(what: str, _: Words) -> str:
    match what:
        case "said":
            return _("Noted. What is open then goes to somebody who is there, and comes back.")
        case "over":
            return _("Noted: here again, and what is still open comes back.")
    return ""
