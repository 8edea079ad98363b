"""Bring in an issue, find issues, look at one, fetch its files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.intake import attachments
from services.intake.api.body import fingerprint, read, read_filters, read_key
from services.intake.api.guard import (
    Caller,
    caller_of,
    find_issue,
    speaks_for_another,
)
from services.intake.api.models import (
    Filters,
    IssueAccepted,
    IssueIn,
    IssueOut,
    IssuesOut,
    ListedOut,
    Reporter,
)
from services.intake.api.problems import (
    AnyRequest,
    Problem,
    faulty,
    files_refused,
    language_of_request,
)
from services.intake.attachments import File, FilesRefused
from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.listing import NoSuchPlace, Place, Wanted, list_issues, read_place
from services.intake.store import View
from services.intake.submission import (
    Accepted,
    Submission,
    day_begins,
    in_company_time,
    new_reference,
    room_for_words,
)
from shared.contracts.issue import Attachment, Source
from shared.contracts.organisation import Organisation
from shared.language import Words, known_language, language_of

API = "/api/v1"
OCTETS = "application/octet-stream"
_SAFE = {
    "Cache-Control": "private, max-age=86400, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def raise_issue(request: AnyRequest, door: NamedDependency[Door]) -> Response[IssueAccepted]:
    """Answers once the issue is stored for good; its owner is decided right afterwards."""
    _ = language_of_request(request)
    caller = caller_of(request)
    key = read_key(request)
    said, files = await read(request, IssueIn, part="issue")
    reporter = _reporter(said, caller, door.organisation, _)
    kept = await keep(files, door, _)
    submission = Submission(
        source=Source.API,
        submission_id=f"{caller.key}/{key}" if key else uuid4().hex,
        fingerprint=fingerprint(said, files),
        summary=said.summary,
        description=said.description,
        description_sha256=await long_text(said.description, room_for_words(said.fields), door),
        reporter_name=reporter.name,
        reporter_address=reporter.email,
        language=known_language(
            said.language,
            language_of(f"{said.summary}\n{said.description}") or door.organisation.language,
        ),
        reference=new_reference(),
        product=said.product,
        category=said.category,
        urgency=said.urgency,
        customer=said.customer,
        needed_by=in_company_time(said.needed_by, door.organisation),
        on_behalf_of=(
            said.on_behalf_of.email
            if isinstance(said.on_behalf_of, Reporter)
            else said.on_behalf_of
        ),
        attachments=kept,
        fields=said.fields,
        followers=tuple(said.followers),
        confidential=said.confidential,
        one_key=key is not None,
    )
    accepted = await door.submit(submission)
    return Response(
        accepted_out(accepted, caller, door),
        headers={"Location": f"{API}/issues/{accepted.reference}"},
    )


async def find_issues(request: AnyRequest, door: NamedDependency[Door]) -> Response[IssuesOut]:
    """The newest first. New ones do not move what comes later."""
    _ = language_of_request(request)
    caller = caller_of(request)
    filters = read_filters(request)
    organisation = door.organisation
    after = _place(filters.cursor, _)
    wanted = _wanted(filters, organisation)
    found, goes_on = await door.read(
        lambda connection: list_issues(
            connection, wanted, caller.person_id, organisation, after, filters.limit
        )
    )
    base = f"{door.links.base_url}{API}/issues"
    next_url = _next_url(base, request, goes_on)
    issues = [ListedOut.of(one, f"{base}/{one.reference}") for one in found]
    headers = {"Link": f'<{next_url}>; rel="next"'} if next_url else {}
    return Response(IssuesOut(issues=issues, next=next_url), headers=headers)


async def look_at_issue(
    request: AnyRequest, reference: FromPath[str], door: NamedDependency[Door]
) -> Response[Any]:
    """There from the moment at which it was brought in."""
    _ = language_of_request(request)
    caller = caller_of(request)
    view, eyes = await find_issue(reference, caller, door, _)
    answer = await issue_out(view, eyes, caller, door, _)
    body = answer.model_dump_json().encode()
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Vary": "Accept-Language, Authorization"}
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(None, status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


async def fetch_file(
    request: AnyRequest,
    reference: FromPath[str],
    file_id: FromPath[str],
    door: NamedDependency[Door],
) -> Response[bytes]:
    """As it was sent, to be stored and never shown by a browser."""
    _ = language_of_request(request)
    caller = caller_of(request)
    view, eyes = await find_issue(reference, caller, door, _)
    seen = await door.see(view, eyes, _, caller.person_id or "")
    file = seen.files.get(file_id)
    if file is not None:
        name = file.filename
    elif file_id in seen.raw_mails:
        name = f"{view.reference}.eml"
    else:
        raise _no_such_file(_)
    try:
        content = await asyncio.to_thread(door.blobs.get, file_id)
    except FileNotFoundError as error:
        raise _no_such_file(_) from error
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(
        content, media_type=OCTETS, headers={**_SAFE, "Content-Disposition": disposition}
    )


async def keep(files: Sequence[File], door: Door, _: Words) -> tuple[Attachment, ...]:
    """Puts the files where they stay; raises Problem where they can't be taken."""
    try:
        attachments.check(files, door.limits)
    except FilesRefused as error:
        raise files_refused(error, door.limits, _) from error
    return await asyncio.to_thread(attachments.keep, files, door.blobs)


async def long_text(text: str, room: int, door: Door) -> str | None:
    """The blob with a text of more characters than an event has room for."""
    if len(text) <= room:
        return None
    return await asyncio.to_thread(door.blobs.put, text.encode())


async def issue_out(view: View, eyes: Eyes, caller: Caller, door: Door, _: Words) -> IssueOut:
    """The issue as it is now, as this caller may see it."""
    seen = await door.see(view, eyes, _, caller.person_id or "")
    base = f"{door.links.base_url}{API}/issues/{view.reference}"
    return IssueOut.from_seen(seen, view.brought, view.reporter_id, base)


def accepted_out(accepted: Accepted, caller: Caller, door: Door) -> IssueAccepted:
    status_url = status_link(accepted.issue_id, accepted.received_at, caller, door)
    return IssueAccepted(reference=accepted.reference, status_url=status_url)


def status_link(issue_id: str, received_at: datetime, caller: Caller, door: Door) -> str:
    """The page of what was brought in. A token of nobody's names any reporter it likes, so its
    link shows no more than that of the public form does."""
    return door.links.status(issue_id, caller.person_id or "", received_at)


def _reporter(said: IssueIn, caller: Caller, organisation: Organisation, _: Words) -> Reporter:
    """Whoever writes; with a token that belongs to a person, that person."""
    own = organisation.person.get(caller.person_id or "")
    if said.reporter is None and own is None:
        raise faulty([{"field": "reporter", "problem": "Field required"}], _)
    if said.reporter is None:
        assert own is not None
        return Reporter(name=own.name.in_(own.language), email=own.emails[0])
    if own is not None and said.reporter.email.lower() not in own.emails:
        raise speaks_for_another(_)
    return said.reporter


def _place(cursor: str | None, _: Words) -> Place | None:
    if cursor is None:
        return None
    try:
        return read_place(cursor)
    except NoSuchPlace as error:
        raise Problem(
            400,
            _("This cursor leads nowhere"),
            _("Follow `next` of an answer as it is, or begin without a cursor."),
        ) from error


def _wanted(filters: Filters, organisation: Organisation) -> Wanted:
    return Wanted(
        states=tuple(filters.state),
        owner_id=filters.owner,
        team_id=filters.team,
        carrier_id=filters.carrier,
        product=filters.product,
        category=filters.category,
        urgency=filters.urgency,
        source=filters.source,
        raised_after=_beginning(filters.raised_after, organisation),
        raised_before=_beginning(filters.raised_before, organisation),
        changed_after=_beginning(filters.changed_after, organisation),
        words=filters.q,
    )


def _beginning(day: date | None, organisation: Organisation) -> datetime | None:
    return None if day is None else day_begins(day, organisation)


def _next_url(base: str, request: AnyRequest, place: Place | None) -> str | None:
    if place is None:
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items()]
    asked = [(name, value) for name, value in kept if name != "cursor"]
    return f"{base}?{urlencode([*asked, ('cursor', str(place))])}"


def _tags(header: str) -> list[str]:
    """The entity tags of If-None-Match, compared weakly (RFC 9110, section 13.1.2)."""
    return [one.strip().removeprefix("W/") for one in header.split(",")]


def _no_such_file(_: Words) -> Problem:
    return Problem(404, _("There is no such file"), _("Take its address from the issue."))
