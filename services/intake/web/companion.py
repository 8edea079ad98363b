"""Where a carrier, and whoever runs alongside or is asked to, says a word about that, by one click:
GET shows what is asked, POST says it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never
from uuid import uuid4

from litestar import Request, Response, get, post

from services.intake import clean, store, wishes
from services.intake.alongside import MAY_SAY, Part, concerns, part_of
from services.intake.door import Door
from services.intake.names import Names, state_text
from services.intake.store import Companionship, CompanionWordSaid, View
from services.intake.submission import NotStored
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, read_fields
from services.intake.web.undo import DECOY
from shared import clock
from shared.contracts.intake import CompanionSaid, CompanionWord
from shared.contracts.issue import Snapshot
from shared.contracts.metrics import Evidence
from shared.evidence import sentences
from shared.language import Words
from shared.links import Link, LinkInvalid, Purpose

MOST_ISSUES = 100
WAIT_FOR_ANSWER_S = 1.5
_LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """An open issue of the carrier."""

    reference: str
    summary: str
    state_text: str
    owner: str
    url: str


@get("/c/{token:str}", include_in_schema=False)
async def show_companion(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """What is asked, or how it goes on. Opening it changes nothing."""
    link, known, _ = await _open(request, token, door)
    return await _page(request, link, known, door, _)


@post("/c/{token:str}", status_code=200, include_in_schema=False)
async def take_companion(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """Says the word. Saying it twice changes nothing; what a machine presses does nothing."""
    given = await read_fields(request)
    link, known, _ = await _open(request, token, door)
    if DECOY in given:
        await door.note_decoy_of_companion(known.companionship_id, link.person_id)
        return redirect(request, f"/{Purpose.COMPANION}/{token}?done=nothing&lang={_.language}")
    word = _read_word(given.get("word", ""), part_of(link.person_id, known))
    if word is None:
        return redirect(request, f"/{Purpose.COMPANION}/{token}?lang={_.language}")
    if wishes.pressed_by_machine(clock.now(), await _decoy_at(link, known, door)):
        return redirect(request, f"/{Purpose.COMPANION}/{token}?done=nothing&lang={_.language}")
    said = CompanionSaid(
        occurred_at=clock.now(),
        companionship_id=known.companionship_id,
        person_id=link.person_id,
        word=word,
    )
    try:
        name = clean.one_line(given.get("request", ""), 64) or uuid4().hex
        await door.say_of_companion(said, name)
    except NotStored:
        trouble = _("It can't be done just now. Please try again in a minute.")
        return await _page(request, link, known, door, _, 503, trouble)
    if word is not CompanionWord.HELPS:
        await _wait_for_answer(known, door)
    done = f"{part_of(link.person_id, known)}-{word}"
    return redirect(request, f"/{Purpose.COMPANION}/{token}?done={done}&lang={_.language}")


def words_of(part: Part, _: Words) -> list[tuple[CompanionWord, str]]:
    """What somebody can say, the likeliest first, and what stands on the buttons."""
    return [(word, _text(word, part, _)) for word in MAY_SAY[part]]


def _text(word: CompanionWord, part: Part, _: Words) -> str:
    match word:
        case CompanionWord.YES:
            return _yes(part, _)
        case CompanionWord.NO:
            return _("No, thank you") if part is Part.IS_OFFERED else _("Not this time")
        case CompanionWord.HELPS:
            return _("It helps")
        case CompanionWord.HELPS_NOT:
            return _("It does not help")
        case CompanionWord.END:
            return _("I have to stop") if part is Part.RUNS else _("It is no longer needed")
        case _ as never:
            assert_never(never)


def _yes(part: Part, _: Words) -> str:
    if part is Part.IS_OFFERED:
        return _("Yes, please")
    return _("Yes, I will") if part is Part.IS_ASKED else _("I can after all")


def _read_word(said: str, part: Part) -> CompanionWord | None:
    """The word, where somebody with this part can say it."""
    return next((word for word in MAY_SAY[part] if word == said), None)


async def _open(request: AnyRequest, token: str, door: Door) -> tuple[Link, Companionship, Words]:
    """Raises LinkInvalid for whoever has nothing to do with it, or has left."""
    link = door.links.read(Purpose.COMPANION, token, clock.now())
    known = await _known(link.about, door)
    if known is None or not concerns(link.person_id, known):
        raise LinkInvalid
    if link.person_id not in door.organisation.person:
        raise LinkInvalid
    return link, known, page_language(request, door.language(link.person_id))


async def _known(companionship_id: str, door: Door) -> Companionship | None:
    return await door.read(lambda connection: store.companionship_of(connection, companionship_id))


async def _decoy_at(link: Link, known: Companionship, door: Door) -> Any:
    said = await _said(link, known, door)
    return said.decoy_at if said is not None else None


async def _said(link: Link, known: Companionship, door: Door) -> CompanionWordSaid | None:
    return await door.read(
        lambda connection: store.companion_word_of(
            connection, known.companionship_id, link.person_id
        )
    )


async def _wait_for_answer(before: Companionship, door: Door) -> None:
    """Until the router has done something about it, or a while is over."""
    until = clock.elapsed_s() + WAIT_FOR_ANSWER_S
    while clock.elapsed_s() < until:
        now = await _known(before.companionship_id, door)
        if now is not None and now.version > before.version:
            return
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _page(
    request: AnyRequest,
    link: Link,
    known: Companionship,
    door: Door,
    _: Words,
    status: int = 200,
    mistake: str = "",
) -> Response[str]:
    organisation, now = door.organisation, clock.now()
    part, names = part_of(link.person_id, known), Names(organisation, _)
    wanted = request.query_params.get("say", "")
    buttons = sorted(words_of(part, _), key=lambda one: one[0] != wanted)
    why: Sequence[str] = ()
    if part is Part.IS_OFFERED:
        evidence = [Evidence.model_validate(one) for one in known.why]
        why = sentences(evidence, organisation, _.language)
    sees_issues = part in (Part.RUNS, Part.IS_ACCOMPANIED)
    lines = await _issues(link, known, door, names, _) if sees_issues else []
    is_carrier = link.person_id == known.carrier_id
    return page(
        request,
        "companion.html",
        _,
        status,
        part=part.name,
        carrier=names.person(known.carrier_id),
        companion=names.person(known.companion_id) if known.companion_id else "",
        answer_by=known.answer_by,
        why=why,
        lines=lines,
        buttons=buttons,
        wanted=wanted,
        request_id=uuid4().hex,
        figure_url=f"{door.links.figure(link.person_id, now)}?lang={_.language}"
        if is_carrier
        else "",
        mistake=mistake,
        done=_done(request.query_params.get("done", ""), _),
        zone=organisation.calendar_of(link.person_id).zone,
        **own_pages(link.person_id, door),
    )


async def _issues(
    link: Link, known: Companionship, door: Door, names: Names, _: Words
) -> list[Line]:
    """What the carrier has open; nothing that is confidential."""
    found = await door.read(
        lambda connection: store.carried_by(
            connection, known.carrier_id, MOST_ISSUES, confidential=False
        )
    )
    return [_line(view, link.person_id, door, names, _) for view in found]


def _line(view: View, person_id: str, door: Door, names: Names, _: Words) -> Line:
    snapshot = Snapshot.model_validate_json(view.snapshot) if view.snapshot else None
    url = door.links.status(view.issue_id, person_id, clock.now())
    return Line(
        view.reference,
        view.summary,
        state_text(view.state, _),
        names.owner(snapshot).name if snapshot is not None else "",
        f"{url}?lang={_.language}",
    )


def _done(what: str, _: Words) -> str:
    """What was just said, in a sentence."""
    match what:
        case "is_offered-yes":
            return _("Thank you. We ask a colleague now, and you hear who it is.")
        case "is_offered-no":
            return _("That is fine. Nobody asks you again for two weeks, unless it becomes worse.")
        case "is_asked-yes" | "may_take_over-yes":
            return _("Thank you. You both get a message now with what to do.")
        case "is_asked-no":
            return _("Thank you for saying so. We ask somebody else, and nobody keeps count.")
        case "is_accompanied-helps" | "runs-helps":
            return _("Good to hear. It goes on like this.")
        case "is_accompanied-helps_not" | "runs-helps_not":
            return _("Thank you for saying so. We ask somebody else, and the leader hears of it.")
        case "waits-end" | "is_accompanied-end":
            return _("Noted. It can begin again at any time.")
        case "runs-end":
            return _("Noted, and thank you. We ask somebody else where it is still needed.")
        case "nothing":
            return _("Something pressed a button that no person sees, so nothing was done.")
    return ""
