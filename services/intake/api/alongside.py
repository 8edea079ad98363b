"""How the company answers somebody, and who runs alongside: for a token of that very person.

No other token sees any of it, since what the figure is made of is for its person's eyes alone.
"""

from __future__ import annotations

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.intake import store
from services.intake.alongside import MAY_SAY, concerns, part_of
from services.intake.api.body import read
from services.intake.api.guard import caller_of
from services.intake.api.models import (
    CompanionshipOut,
    CompanionshipsOut,
    EvidenceOut,
    FigureOut,
    WordIn,
)
from services.intake.api.problems import AnyRequest, Problem, language_of_request
from services.intake.door import Door
from services.intake.store import Companionship
from shared import clock
from shared.contracts.intake import CompanionSaid
from shared.contracts.metrics import Evidence, Level
from shared.evidence import sentences
from shared.language import Words


async def show_figure(request: AnyRequest, door: NamedDependency[Door]) -> Response[FigureOut]:
    """The caller's own."""
    _ = language_of_request(request)
    person_id = _themselves(request, _)
    known = await door.read(lambda connection: store.figure_of(connection, person_id))
    why = [Evidence.model_validate(one) for one in known.why] if known is not None else []
    said = sentences(why, door.organisation, _.language)
    return Response(
        FigureOut(
            level=Level(known.level) if known is not None and known.level else None,
            score=known.score if known is not None else None,
            since=known.since if known is not None and known.level is not None else None,
            why=[
                EvidenceOut(
                    move=one.move,
                    team=one.team_id,
                    count=one.count,
                    of=one.of,
                    higher=one.weight > 0,
                    words=words,
                )
                for one, words in zip(why, said, strict=True)
            ],
        )
    )


async def find_companionships(
    request: AnyRequest, door: NamedDependency[Door]
) -> Response[CompanionshipsOut]:
    """Those that are open and concern the caller."""
    person_id = _themselves(request, language_of_request(request))
    found = await door.read(store.open_companionships)
    mine = [_out(one, person_id) for one in found if concerns(person_id, one)]
    return Response(CompanionshipsOut(companionships=mine))


async def say_word(
    request: AnyRequest, companionship_id: FromPath[str], door: NamedDependency[Door]
) -> Response[CompanionshipOut]:
    """Says the caller's word; what comes of it is seen a moment later. The same word again says the
    same, as long as nothing has happened since."""
    _ = language_of_request(request)
    person_id = _themselves(request, _)
    said, _files = await read(request, WordIn)
    known = await _find(companionship_id, door)
    if known is None or not concerns(person_id, known):
        detail = _("Look at yours with GET /api/v1/companionships.")
        raise Problem(404, _("There is no such companionship"), detail)
    if said.word not in MAY_SAY[part_of(person_id, known)]:
        detail = _("Look at `may_say`: it has moved on, or this word is somebody else's.")
        raise Problem(409, _("It was not done"), detail)
    event = CompanionSaid(
        occurred_at=clock.now(),
        companionship_id=companionship_id,
        person_id=person_id,
        word=said.word,
    )
    await door.say_of_companion(event, f"api/{known.version}")
    return Response(_out(await _find(companionship_id, door) or known, person_id))


def _themselves(request: AnyRequest, _: Words) -> str:
    """The person to whom the token belongs."""
    person_id = caller_of(request).person_id
    if person_id is None:
        detail = _("Use a token that belongs to the person: `banso token add --person`.")
        raise Problem(403, _("Only the person themselves may see this"), detail)
    return person_id


async def _find(companionship_id: str, door: Door) -> Companionship | None:
    return await door.read(lambda connection: store.companionship_of(connection, companionship_id))


def _out(known: Companionship, person_id: str) -> CompanionshipOut:
    part = part_of(person_id, known)
    return CompanionshipOut(
        id=known.companionship_id,
        carrier=known.carrier_id,
        companion=known.companion_id,
        part=part,
        may_say=list(MAY_SAY[part]),
        answer_by=known.answer_by,
    )
