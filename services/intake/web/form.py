"""The public form, and the page that says "received"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Annotated, Any
from uuid import uuid4

from litestar import Request, Response, get, post
from litestar.params import Parameter

from services.intake import clean
from services.intake.door import Door
from services.intake.submission import (
    LONGEST_DESCRIPTION,
    LONGEST_SUMMARY,
    NotStored,
    Submission,
    in_company_time,
    is_plausible,
    new_reference,
)
from services.intake.web.pages import page, page_language, read_form, redirect
from shared.contracts.event import MAX_TEXT
from shared.contracts.issue import Source, Urgency
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
    "customer",
    "needed_by",
    "on_behalf_of",
)


@get("/", include_in_schema=False)
async def show_form(request: Request[Any, Any, Any], door: Door) -> Response[str]:
    """The empty form. Product and category may be given in the address, as on a QR code."""
    asked = {name: request.query_params.get(name, "") for name in ("product", "category")}
    filled = {**dict.fromkeys(FIELDS, ""), **asked, "submission": uuid4().hex}
    return _form(
        request, page_language(request, door.organisation.language), door.organisation, filled
    )


@post("/", status_code=200, include_in_schema=False)
async def take_form(
    request: Request[Any, Any, Any],
    door: Door,
    lang: Annotated[str | None, Parameter(query="lang")] = None,
) -> Response[Any]:
    """Stores what was filled in; else shows the form again with every word still in it."""
    given = await read_form(request)
    filled = {name: given.get(name, "") for name in FIELDS}
    organisation = door.organisation
    _ = page_language(request, organisation.language)
    mistakes = _mistakes(filled, _)
    if mistakes:
        return _form(request, _, organisation, filled, 422, mistakes=mistakes)
    try:
        accepted = await door.submit(_read(filled, _, organisation, door))
    except NotStored:
        trouble = _(
            "It can't be stored just now. Your text is still here: please send it again"
            " in a minute. It will not be there twice."
        )
        return _form(request, _, organisation, filled, 503, trouble=trouble)
    url = door.links.status(accepted.issue_id, "", accepted.received_at)
    return redirect(f"{url}?new=1&lang={_.language}")


def _form(
    request: Request[Any, Any, Any],
    _: Words,
    organisation: Organisation,
    filled: Mapping[str, str],
    status: int = 200,
    *,
    mistakes: Mapping[str, str] | None = None,
    trouble: str = "",
) -> Response[str]:
    return page(
        request,
        "form.html",
        _,
        status,
        organisation=organisation,
        filled=filled,
        mistakes=mistakes or {},
        trouble=trouble,
        longest_summary=LONGEST_SUMMARY,
        longest_description=LONGEST_DESCRIPTION,
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
    if not clean.one_line(filled["name"], 200):
        found["name"] = _("Please tell us your name.")
    if clean.address(filled["email"]) is None:
        found["email"] = _("Please check the mail address; we answer there.")
    if filled["needed_by"] and _day(filled["needed_by"]) is None:
        found["needed_by"] = _("Please write the day as 2026-12-24.")
    return found


def _read(
    filled: Mapping[str, str], _: Words, organisation: Organisation, door: Door
) -> Submission:
    description = clean.several_lines(filled["description"])
    long = len(description) > MAX_TEXT
    said = "\x1f".join(filled[name] for name in FIELDS)
    return Submission(
        source=Source.WEB,
        submission_id=clean.one_line(filled["submission"], 64) or uuid4().hex,
        fingerprint=sha256(said.encode("utf-8", "replace")).hexdigest()[:32],
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
        needed_by=in_company_time(_day(filled["needed_by"]), organisation),
        on_behalf_of=clean.one_line(filled["on_behalf_of"], 200) or None,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if is_plausible(day) else None
