"""The public form, on a page of its own or in another site's frame."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Annotated, Any
from uuid import uuid4

from litestar import Request, Response, get, post
from litestar.params import Parameter

from services.intake import attachments, clean
from services.intake.attachments import (
    FilesRefused,
    FileTooLarge,
    FileTypeRefused,
    Limits,
    TooManyFiles,
)
from services.intake.door import Door
from services.intake.store import Pause
from services.intake.submission import (
    LONGEST_DESCRIPTION,
    LONGEST_SUMMARY,
    MOST_FOLLOWERS,
    NotStored,
    Submission,
    in_company_time,
    is_plausible,
    new_reference,
    room_for_words,
)
from services.intake.web.guard import STAMP, Guard, Layer, TooMany
from services.intake.web.pages import page, page_language, redirect
from services.intake.web.posted import AnyRequest, Posted, posted
from services.intake.web.questions import PREFIX, Question, answers, questions
from services.intake.web.questions import mistakes as mistaken_answers
from shared import clock
from shared.contracts.issue import Attachment, Source, Urgency
from shared.contracts.organisation import Organisation
from shared.language import Words

FIELDS = (
    "submission",
    "summary",
    "description",
    "name",
    "email",
    "product",
    "category",
    "urgency",
    "sure",
    "customer",
    "needed_by",
    "on_behalf_of",
    "followers",
    "confidential",
)
_BETWEEN_ADDRESSES = re.compile(r"[\s,;、，；]+")
FRAMED = "/embed"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form as it is shown: what was filled in, and what is said about it."""

    filled: Mapping[str, str]
    questions: Sequence[Question]
    mistakes: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    asks_again: bool = False
    """Whether one click more is asked for."""
    fresh: bool = False
    """Nothing was sent yet, so a draft may be put in."""
    names_of_files: Sequence[str] = ()
    """What was sent along and has to be chosen again, by browsers that can't keep it."""
    pause: Pause | None = None
    """Chasing rests."""


@get(["/", FRAMED], include_in_schema=False)
async def show_form(request: Request[Any, Any, Any], door: Door, guard: Guard) -> Response[str]:
    """The empty form. Product and category may be given in the address, as on a QR code."""
    asked = {name: request.query_params.get(name, "") for name in ("product", "category")}
    filled = {**dict.fromkeys(FIELDS, ""), **asked, "submission": uuid4().hex}
    _ = page_language(request, door.organisation.language)
    asked_for = _questions(door.organisation, filled)
    sheet = Sheet(filled, asked_for, fresh=True, pause=await door.pause())
    return _form(request, _, door, guard, sheet)


@post(["/", FRAMED], status_code=200, include_in_schema=False)
async def take_form(
    request: Request[Any, Any, Any],
    door: Door,
    guard: Guard,
    lang: Annotated[str | None, Parameter(query="lang")] = None,
) -> Response[Any]:
    """Stores what was filled in; else shows the form again with every word still in it."""
    async with posted(request, door.limits) as form:
        return await _take(request, form, door, guard)


async def _take(request: AnyRequest, form: Posted, door: Door, guard: Guard) -> Response[Any]:
    _ = page_language(request, door.organisation.language)
    filled = {**form.fields, **{name: form.fields.get(name, "") for name in FIELDS}}
    asked, pause = _questions(door.organisation, filled), await door.pause()

    def again(status: int, **said: Any) -> Response[str]:
        sheet = Sheet(filled, asked, names_of_files=form.names, pause=pause, **said)
        return _form(request, _, door, guard, sheet, status)

    if "look" in form.fields:
        return again(200)
    mistakes = _mistakes(filled, _) | mistaken_answers(asked, filled, _)
    if form.refused is not None:
        mistakes["files"] = refused_files_text(form.refused, door.limits, _)
    if mistakes:
        return again(422, mistakes=mistakes)
    if guard.seems_a_machine(form.fields, clock.now()):
        return again(422, asks_again=True)
    keys = {
        Layer.CONNECTION: connection(request, guard),
        Layer.ADDRESS: filled["email"].strip().lower(),
        Layer.ALL: "",
    }
    thing = fingerprint([*_said(filled), *(f"{one.size} {one.filename}" for one in form.files)])
    too_many = guard.admit(thing, keys, clock.now())
    if too_many is not None:
        answer = again(429, trouble=too_many_text(too_many, door.organisation, _))
        answer.headers["Retry-After"] = too_many.wait_s(clock.now())
        return answer
    files = await asyncio.to_thread(attachments.keep, form.files, door.blobs)
    try:
        accepted = await door.submit(_read(filled, asked, files, _, door))
    except NotStored:
        guard.give_back(thing, keys)
        trouble = _(
            "It can't be stored just now. Your text is still here: please send it again"
            " in a minute. It will not be there twice."
        )
        return again(503, trouble=trouble)
    url = door.links.status(accepted.issue_id, "", accepted.received_at)
    if request.url.path == FRAMED:
        return redirect(request, f"{FRAMED}/{url.rpartition('/')[2]}?lang={_.language}")
    return redirect(request, f"{url}?new=1&lang={_.language}")


def connection(request: AnyRequest, guard: Guard) -> str:
    """Whoever is at the other end of a request."""
    peer = request.client.host if request.client else ""
    return guard.connection(peer, request.headers.get("x-forwarded-for", ""))


def _questions(organisation: Organisation, filled: Mapping[str, str]) -> list[Question]:
    return questions(organisation, filled["product"], filled["category"])


def _form(
    request: AnyRequest,
    _: Words,
    door: Door,
    guard: Guard,
    sheet: Sheet,
    status: int = 200,
) -> Response[str]:
    framed = request.url.path == FRAMED
    organisation = door.organisation
    return page(
        request,
        "form.html",
        _,
        status,
        framed_by=organisation.web.embed_on if framed else (),
        framed=framed,
        action=f"{FRAMED if framed else '/'}?lang={_.language}",
        organisation=organisation,
        sheet=sheet,
        pause=sheet.pause,
        filled=sheet.filled,
        mistakes=sheet.mistakes,
        stamp=guard.stamp(clock.now(), sheet.filled.get(STAMP, ""), asked=sheet.asks_again),
        limits=door.limits,
        longest_summary=LONGEST_SUMMARY,
    )


def refused_files_text(refused: FilesRefused, limits: Limits, _: Words) -> str:
    """Why files can't be taken, and what to do."""
    name = clean.one_line(refused.file.filename, 60)
    match refused:
        case TooManyFiles():
            return _("Please choose at most %(most)s files.", most=limits.most)
        case FileTooLarge():
            return _(
                "%(name)s is larger than %(most)s MB. Please leave it out or make it smaller.",
                name=name,
                most=limits.largest_mb,
            )
        case FileTypeRefused():
            return _("%(name)s is a program and can't be taken. Please leave it out.", name=name)
        case _other:
            return _(
                "All files together are larger than %(most)s MB. Please leave some out.",
                most=limits.together_mb,
            )


def too_many_text(too_many: TooMany, organisation: Organisation, _: Words) -> str:
    zone = organisation.calendar_of(None).zone
    again_at = _.time(too_many.again_at, zone, clock.now())
    address = organisation.mail.issues[0]
    match too_many.layer:
        case Layer.ADDRESS:
            return _(
                "More came in for this mail address than one person writes. Your text is still"
                " here: please send it again after %(time)s, or write to %(address)s.",
                time=again_at,
                address=address,
            )
        case Layer.ALL:
            return _(
                "Very much is coming in just now. Your text is still here: please send it again"
                " after %(time)s, or write to %(address)s.",
                time=again_at,
                address=address,
            )
        case _other:
            return _(
                "More came in from your connection than people usually write. Your text is still"
                " here: please send it again after %(time)s, or write to %(address)s.",
                time=again_at,
                address=address,
            )


def _mistakes(filled: Mapping[str, str], _: Words) -> dict[str, str]:
    """By field, what is wrong with it and what to do."""
    found: dict[str, str] = {}
    if not clean.one_line(filled["summary"], LONGEST_SUMMARY):
        found["summary"] = _("Please say in one line what it is about.")
    if not clean.several_lines(filled["description"]):
        found["description"] = _("Please say what happened. A few words are enough.")
    elif len(filled["description"]) > LONGEST_DESCRIPTION:
        found["description"] = _(
            "This is longer than %(most)s characters. Please shorten it, or send it by mail.",
            most=LONGEST_DESCRIPTION,
        )
    if filled["urgency"] == Urgency.HIGH and not filled["sure"]:
        found["sure"] = _("Is it really urgent? Please tick this too, or untick the line above.")
    if not clean.one_line(filled["name"], 200):
        found["name"] = _("Please tell us your name.")
    if clean.address(filled["email"]) is None:
        found["email"] = _("Please check the mail address; we answer there.")
    if filled["needed_by"] and _day(filled["needed_by"]) is None:
        found["needed_by"] = _("Please write the day as 2026-12-24.")
    wrong = [one for one in _addresses(filled["followers"]) if clean.address(one) is None]
    if wrong:
        found["followers"] = _(
            "%(word)s is no mail address. Write addresses with commas between them.",
            word=clean.one_line(wrong[0], 60),
        )
    elif len(_addresses(filled["followers"])) > MOST_FOLLOWERS:
        found["followers"] = _("At most %(most)s people can be on copy.", most=MOST_FOLLOWERS)
    return found


def fingerprint(said: Sequence[str]) -> str:
    """Tells one content from another."""
    return sha256("\x1f".join(said).encode("utf-8", "replace")).hexdigest()[:32]


def _said(filled: Mapping[str, str]) -> list[str]:
    """Every word of the form that somebody may have written."""
    own = sorted(name for name in filled if name.startswith(PREFIX))
    return [*(filled[name] for name in FIELDS), *(f"{name}={filled[name]}" for name in own)]


def _addresses(said: str) -> list[str]:
    return [one for one in _BETWEEN_ADDRESSES.split(clean.several_lines(said)) if one]


def _read(
    filled: Mapping[str, str],
    asked: Sequence[Question],
    files: tuple[Attachment, ...],
    _: Words,
    door: Door,
) -> Submission:
    description = clean.several_lines(filled["description"])
    answered = answers(asked, filled)
    long = len(description) > room_for_words(answered)
    said = [*_said(filled), *(f"{file.sha256} {file.filename}" for file in files)]
    return Submission(
        source=Source.WEB,
        submission_id=clean.one_line(filled["submission"], 64) or uuid4().hex,
        fingerprint=fingerprint(said),
        summary=clean.one_line(filled["summary"], LONGEST_SUMMARY),
        description=description,
        description_sha256=door.blobs.put(description.encode()) if long else None,
        reporter_name=clean.one_line(filled["name"], 200),
        reporter_address=clean.address(filled["email"]) or "",
        language=_.language,
        reference=new_reference(),
        product=clean.one_line(filled["product"], 200) or None,
        category=clean.one_line(filled["category"], 200) or None,
        urgency=Urgency.HIGH if filled["urgency"] == Urgency.HIGH else None,
        customer=clean.one_line(filled["customer"], 200) or None,
        needed_by=in_company_time(_day(filled["needed_by"]), door.organisation),
        on_behalf_of=clean.one_line(filled["on_behalf_of"], 200) or None,
        attachments=files,
        fields=answered,
        followers=tuple(clean.address(one) or "" for one in _addresses(filled["followers"])),
        confidential=bool(filled["confidential"]),
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if is_plausible(day) else None
