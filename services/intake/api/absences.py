"""Who is away and when chasing rests: say it, look at it, take it back."""

from __future__ import annotations

from datetime import date, datetime
from uuid import uuid4, uuid5

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.intake import store
from services.intake.absences import ABSENCES, LONGEST_PAUSE, PAUSES, may_say_for
from services.intake.api.body import read, read_key
from services.intake.api.guard import Caller, caller_of, speaks_for_another
from services.intake.api.models import (
    AbsenceIn,
    AbsenceOut,
    AbsencesOut,
    PauseIn,
    PauseOut,
    PausesOut,
)
from services.intake.api.problems import AnyRequest, Problem, faulty, language_of_request
from services.intake.door import Door
from services.intake.store import Absence, Pause
from services.intake.submission import KeyReused, day_begins, in_company_time
from services.intake.view import refusal_text
from shared import clock
from shared.contracts.intake import AbsenceSaid, PauseSaid
from shared.contracts.issue import Refusal
from shared.contracts.organisation import Organisation
from shared.language import Words


async def say_absence(request: AnyRequest, door: NamedDependency[Door]) -> Response[AbsenceOut]:
    """A token of a person says it of them, and of those whom they lead."""
    _ = language_of_request(request)
    caller = caller_of(request)
    request_id = _request_id(request, caller)
    said, _files = await read(request, AbsenceIn)
    organisation = door.organisation
    person_id = _person(said.person, caller, organisation, _)
    substitute_id = _substitute(said.substitute, person_id, organisation, _)
    starts_at, ends_at = _span(said.starts_at, said.ends_at, organisation, _)
    absence = AbsenceSaid(
        occurred_at=clock.now(),
        absence_id=str(uuid5(ABSENCES, request_id)),
        person_id=person_id,
        said_by_id=caller.person_id or person_id,
        starts_at=starts_at,
        ends_at=ends_at,
        substitute_id=substitute_id,
    )
    known = await door.read(lambda connection: store.absence_of(connection, absence.absence_id))
    if known is not None:
        if _terms(known) != _terms(absence):
            raise KeyReused
        return Response(_absence_out(known))
    await door.say_absence(absence, request_id)
    return Response(_absence_out(await _absence(absence.absence_id, caller, door, _)))


async def find_absences(request: AnyRequest, door: NamedDependency[Door]) -> Response[AbsencesOut]:
    """Those that last or are planned; with a token of a person their own, and those of whom they
    lead."""
    caller, now = caller_of(request), clock.now()
    ids = None
    if caller.person_id is not None:
        ids = [one.id for one in may_say_for(caller.person_id, door.organisation)]
    found = await door.read(lambda connection: store.absences_to_come(connection, now, ids))
    return Response(AbsencesOut(absences=[_absence_out(one) for one in found]))


async def cancel_absence(
    request: AnyRequest, absence_id: FromPath[str], door: NamedDependency[Door]
) -> Response[AbsenceOut]:
    """They are here after all, or back already. Doing it twice changes nothing."""
    _ = language_of_request(request)
    caller = caller_of(request)
    known = await _absence(absence_id, caller, door, _)
    if not known.is_over:
        said_by = caller.person_id or known.person_id
        await door.end_absence(known, said_by, f"{caller.key}/{absence_id}")
        known = await _absence(absence_id, caller, door, _)
    return Response(_absence_out(known))


async def say_pause(request: AnyRequest, door: NamedDependency[Door]) -> Response[PauseOut]:
    """In the leader's name; with a token of a person only with the leader's."""
    _ = language_of_request(request)
    caller = caller_of(request)
    leader_id = _leader(caller, door.organisation, _)
    request_id = _request_id(request, caller)
    said, _files = await read(request, PauseIn)
    starts_at, ends_at = _span(said.starts_at, said.ends_at, door.organisation, _)
    if ends_at - starts_at > LONGEST_PAUSE:
        raise _bad_date(_)
    pause = PauseSaid(
        occurred_at=clock.now(),
        pause_id=str(uuid5(PAUSES, request_id)),
        person_id=leader_id,
        starts_at=starts_at,
        ends_at=ends_at,
        text=said.text,
    )
    known = await door.read(lambda connection: store.pause_of(connection, pause.pause_id))
    if known is not None:
        if (known.ends_at, known.text) != (pause.ends_at, pause.text):
            raise KeyReused
        return Response(_pause_out(known))
    await door.say_pause(pause, request_id)
    return Response(_pause_out(await _pause(pause.pause_id, door, _)))


async def find_pauses(request: AnyRequest, door: NamedDependency[Door]) -> Response[PausesOut]:
    """Those that last or are planned."""
    now = clock.now()
    found = await door.read(lambda connection: store.pauses_to_come(connection, now))
    return Response(PausesOut(pauses=[_pause_out(one) for one in found]))


async def end_pause(
    request: AnyRequest, pause_id: FromPath[str], door: NamedDependency[Door]
) -> Response[PauseOut]:
    """It ends now, or will not be. Doing it twice changes nothing."""
    _ = language_of_request(request)
    caller = caller_of(request)
    leader_id = _leader(caller, door.organisation, _)
    known = await _pause(pause_id, door, _)
    if not known.is_over:
        await door.end_pause(known, leader_id, f"{caller.key}/{pause_id}")
        known = await _pause(pause_id, door, _)
    return Response(_pause_out(known))


def _request_id(request: AnyRequest, caller: Caller) -> str:
    key = read_key(request)
    return f"{caller.key}/{key}" if key is not None else uuid4().hex


def _person(said: str | None, caller: Caller, organisation: Organisation, _: Words) -> str:
    if said is None:
        if caller.person_id is None:
            raise faulty([{"field": "person", "problem": "Field required"}], _)
        return caller.person_id
    person_id = _member(said, organisation, _)
    if caller.person_id is not None:
        may = {one.id for one in may_say_for(caller.person_id, organisation)}
        if person_id not in may:
            raise speaks_for_another(_)
    return person_id


def _member(said: str, organisation: Organisation, _: Words) -> str:
    """Somebody of the organisation, by id or address."""
    plain = said.strip()
    found = organisation.by_address.get(plain.lower()) or organisation.person.get(plain)
    if found is None:
        raise Problem(
            403,
            _("Nobody here is called so"),
            _("Name a person by the id or the address in the organisation."),
        )
    return found.id


def _substitute(
    said: str | None, person_id: str, organisation: Organisation, _: Words
) -> str | None:
    if said is None:
        return None
    substitute_id = _member(said, organisation, _)
    if substitute_id == person_id:
        detail = _("Please choose somebody else who is there as the substitute.")
        raise Problem(409, _("It was not done"), detail, refusal=Refusal.NO_SUCH_OWNER)
    return substitute_id


def _span(
    first: date | datetime, last: date | datetime, organisation: Organisation, _: Words
) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last. Something of it is to come."""
    starts_at, ends_at = day_begins(first, organisation), in_company_time(last, organisation)
    assert ends_at is not None
    if not max(starts_at, clock.now()) < ends_at:
        raise _bad_date(_)
    return starts_at, ends_at


def _bad_date(_: Words) -> Problem:
    refusal = Refusal.BAD_DATE
    return Problem(409, _("It was not done"), refusal_text(refusal, None, _), refusal=refusal)


def _leader(caller: Caller, organisation: Organisation, _: Words) -> str:
    if caller.person_id not in (None, organisation.leader):
        raise speaks_for_another(_)
    return organisation.leader


def _terms(said: Absence | AbsenceSaid) -> tuple[str, datetime, datetime, str | None]:
    return said.person_id, said.starts_at, said.ends_at, said.substitute_id


async def _absence(absence_id: str, caller: Caller, door: Door, _: Words) -> Absence:
    """What they may not see isn't there."""
    known = await door.read(lambda connection: store.absence_of(connection, absence_id))
    if known is not None and caller.person_id is not None:
        may = {one.id for one in may_say_for(caller.person_id, door.organisation)}
        known = known if known.person_id in may else None
    if known is None:
        raise _nothing_there(_)
    return known


async def _pause(pause_id: str, door: Door, _: Words) -> Pause:
    known = await door.read(lambda connection: store.pause_of(connection, pause_id))
    if known is None:
        raise _nothing_there(_)
    return known


def _nothing_there(_: Words) -> Problem:
    return Problem(404, _("Not found"), _("Check the address and the reference."))


def _absence_out(absence: Absence) -> AbsenceOut:
    return AbsenceOut(
        id=absence.absence_id,
        person=absence.person_id,
        starts_at=absence.starts_at,
        ends_at=absence.ends_at,
        substitute=absence.substitute_id,
        is_over=absence.is_over,
    )


def _pause_out(pause: Pause) -> PauseOut:
    return PauseOut(
        id=pause.pause_id,
        starts_at=pause.starts_at,
        ends_at=pause.ends_at,
        text=pause.text,
        has_begun=pause.concerned is not None,
        is_over=pause.is_over,
    )
