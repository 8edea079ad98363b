"""Where a carrier, and whoever runs alongside or is asked to, says a word about that, by one click:
GET shows what is asked, POST says it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, assert_never
from uuid import uuid4

from litestar import Request, Response, get, post

from services.intake import clean, store, wishes
from services.intake.door import Door
from services.intake.names import Names, state_text
from services.intake.store import Alongside, Companionship, CompanionWordSaid, View
from services.intake.submission import NotStored
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, read_fields
from services.intake.web.undo import DECOY
from shared import clock
from shared.contracts.intake import CompanionSaid, CompanionWord
from shared.contracts.issue import Snapshot
from shared.contracts.metrics import Evidence
from shared.contracts.router import CompanionBecause
from shared.evidence import sentences
from shared.language import Words
from shared.links import Link, LinkInvalid, Purpose

MOST_ISSUES = 100
WAIT_FOR_ANSWER_S = 1.5
_LOOK_AGAIN_S = 0.05


class Part(Enum):
    """What somebody has to do with it just now."""

    IS_OFFERED = auto()
    """The carrier, who is asked."""
    WAITS = auto()
    """The carrier, for whom somebody is looked for."""
    IS_ACCOMPANIED = auto()
    IS_ASKED = auto()
    """A colleague, who is asked."""
    RUNS = auto()
    """Whoever runs alongside."""
    MAY_TAKE_OVER = auto()
    """A colleague who was asked, while the leader does it."""
    WAS_CARRIER = auto()
    """The carrier, after it has ended."""
    NOTHING = auto()
    """A colleague who was asked once, or ran alongside."""


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
    done = f"{part_of(link.person_id, known).name.lower()}-{word}"
    return redirect(request, f"/{Purpose.COMPANION}/{token}?done={done}&lang={_.language}")


def part_of(person_id: str, known: Companionship) -> Part:
    """What this person has to do with it as things are."""
    if person_id == known.carrier_id:
        match Alongside(known.stage):
            case Alongside.OFFERED:
                return Part.IS_OFFERED
            case Alongside.SEARCHING:
                return Part.WAITS
            case Alongside.RUNNING:
                return Part.IS_ACCOMPANIED
            case Alongside.OVER:
                return Part.WAS_CARRIER
    is_theirs = person_id == known.companion_id
    if is_theirs and known.stage == Alongside.SEARCHING:
        return Part.IS_ASKED
    if known.stage == Alongside.RUNNING:
        if is_theirs:
            return Part.RUNS
        if known.because == CompanionBecause.LEADER:
            return Part.MAY_TAKE_OVER
    return Part.NOTHING


def words_of(part: Part, _: Words) -> list[tuple[CompanionWord, str]]:
    """What somebody can say, the likeliest first, and what stands on the buttons."""
    match part:
        case Part.IS_OFFERED:
            return [
                (CompanionWord.YES, _("Yes, please")),
                (CompanionWord.NO, _("No, thank you")),
            ]
        case Part.IS_ASKED:
            return [
                (CompanionWord.YES, _("Yes, I will")),
                (CompanionWord.NO, _("Not this time")),
            ]
        case Part.MAY_TAKE_OVER:
            return [(CompanionWord.YES, _("I can after all"))]
        case Part.WAITS:
            return [(CompanionWord.END, _("It is no longer needed"))]
        case Part.IS_ACCOMPANIED | Part.RUNS:
            end = (
                _("It is no longer needed") if part is Part.IS_ACCOMPANIED else _("I have to stop")
            )
            return [
                (CompanionWord.HELPS, _("It helps")),
                (CompanionWord.HELPS_NOT, _("It does not help")),
                (CompanionWord.END, end),
            ]
        case Part.WAS_CARRIER | Part.NOTHING:
            return []
        case _:
            assert_never(part)


def _read_word(said: str, part: Part) -> CompanionWord | None:
    """The word, where somebody with this part can say it; both kinds of no mean the same."""
    if said not in set(CompanionWord):
        return None
    possible = {word for word, _text in words_of(part, Words("en"))}
    return CompanionWord(said) if CompanionWord(said) in possible else None


async def _open(request: AnyRequest, token: str, door: Door) -> tuple[Link, Companionship, Words]:
    """Raises LinkInvalid for whoever has nothing to do with it, or has left."""
    link = door.links.read(Purpose.COMPANION, token, clock.now())
    known = await _known(link.about, door)
    concerned = (known.carrier_id, *known.asked_ids) if known is not None else ()
    if known is None or link.person_id not in concerned:
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
