"""The API, version 1: bring in an issue, and look at it."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Annotated, Any
from uuid import uuid4

from litestar import Request, Response, Router, get, post
from litestar.exceptions import ClientException, HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from services.intake.api.models import IssueAccepted, IssueIn, IssueOut, ProblemOut, Reporter
from services.intake.api.problems import (
    PROBLEM_JSON,
    Problem,
    language_of_request,
    say_failure,
    say_http_problem,
    say_problem,
)
from services.intake.door import Closed, Door
from services.intake.submission import (
    KeyReused,
    NotStored,
    Submission,
    in_company_time,
    new_reference,
    read_reference,
)
from services.intake.view import Eyes
from shared.contracts.event import MAX_TEXT
from shared.contracts.issue import Source
from shared.language import known_language, language_of

AnyRequest = Request[Any, Any, Any]


class ApiRequest(Request[Any, Any, Any]):
    """Whose body may be anything."""

    async def json(self) -> Any:
        """Raises ClientException also for what msgspec has no error of its own for."""
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise ClientException from error


API = "/api/v1"

_REFUSALS = {
    status: ResponseSpec(ProblemOut, media_type=PROBLEM_JSON, description=words)
    for status, words in {
        400: "Not JSON in UTF-8.",
        401: "No token, or not a valid one.",
        404: "No such issue.",
        413: "Too large.",
        422: "A field is missing or wrong, or the Idempotency-Key was used for something else.",
        503: "It can't be stored now. Nothing is lost: send it again with the same key.",
    }.items()
}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    return {status: _REFUSALS[status] for status in statuses}


@post(
    "/issues",
    status_code=201,
    responses=refusals(400, 401, 413, 422, 503),
    summary="Bring in an issue",
)
async def raise_issue(
    request: AnyRequest,
    data: IssueIn,
    door: Door,
    idempotency_key: Annotated[
        str | None,
        Parameter(
            header="Idempotency-Key",
            max_length=200,
            description="Sent again with the same key, an issue is still one.",
        ),
    ] = None,
) -> IssueAccepted:
    """Answers once the issue is stored for good; its owner is decided right afterwards."""
    key = f"{_caller(request)}/{idempotency_key}" if idempotency_key else uuid4().hex
    submission = await _read(data, key, bool(idempotency_key), door)
    accepted = await door.submit(submission)
    status_url = door.links.status(accepted.issue_id, accepted.reporter_id, accepted.received_at)
    return IssueAccepted(reference=accepted.reference, status_url=status_url)


@get("/issues/{reference:str}", responses=refusals(401, 404, 503), summary="Look at an issue")
async def look_at_issue(request: AnyRequest, reference: str, door: Door) -> IssueOut:
    """There from the moment at which it was brought in."""
    _ = language_of_request(request)
    view = await door.find(read_reference(reference[:40]))
    if view is None:
        raise Problem(404, _("There is no such issue"), _("Check the reference."))
    return IssueOut.from_seen(await door.see(view, Eyes.INSIDE, _))


def guard(token_hashes: Sequence[str]) -> Callable[[AnyRequest], Awaitable[None]]:
    """Lets in whoever shows one of the tokens with these hashes."""

    async def check(request: AnyRequest) -> None:
        scheme, _sep, token = request.headers.get("authorization", "").partition(" ")
        shown = sha256(token.strip().encode()).hexdigest()
        known = [h for h in token_hashes if hmac.compare_digest(h.encode(), shown.encode())]
        if scheme.lower() != "bearer" or not known:
            raise NotLetIn
        request.state.caller = known[0][:16]

    return check


class NotLetIn(Exception):
    """No token, or not a valid one."""


def api(token_hashes: Sequence[str]) -> Router:
    """The routes below /api/v1."""
    return Router(
        API,
        route_handlers=[raise_issue, look_at_issue],
        request_class=ApiRequest,
        before_request=guard(token_hashes),
        security=[{"bearer": []}],
        exception_handlers={
            Problem: say_problem,
            NotLetIn: _say_not_let_in,
            NotStored: _say_not_stored,
            Closed: _say_not_stored,
            KeyReused: _say_key_reused,
            HTTPException: say_http_problem,
            Exception: say_failure,
        },
    )


def _say_not_let_in(request: AnyRequest, error: Exception) -> Response[dict[str, Any]]:
    _ = language_of_request(request)
    remedy = _("Send `Authorization: Bearer` with a token that whoever runs Banso gave you.")
    return say_problem(request, Problem(401, _("You need a token"), remedy))


def _say_not_stored(request: AnyRequest, error: Exception) -> Response[dict[str, Any]]:
    _ = language_of_request(request)
    remedy = _("Nothing is lost on your side: send it again with the same Idempotency-Key.")
    return say_problem(request, Problem(503, _("It can't be stored just now"), remedy))


def _say_key_reused(request: AnyRequest, error: Exception) -> Response[dict[str, Any]]:
    _ = language_of_request(request)
    remedy = _("Use a new key for a new issue, and the same key only for the same content.")
    return say_problem(request, Problem(422, _("This Idempotency-Key was used before"), remedy))


def _caller(request: AnyRequest) -> str:
    return str(request.state.caller)


async def _read(data: IssueIn, key: str, one_key: bool, door: Door) -> Submission:
    """The submission that a body describes."""
    organisation = door.organisation
    long = data.description if len(data.description) > MAX_TEXT else None
    behalf = data.on_behalf_of
    language = known_language(
        data.language,
        language_of(f"{data.summary}\n{data.description}") or organisation.language,
    )
    return Submission(
        source=Source.API,
        submission_id=key,
        fingerprint=sha256(data.model_dump_json().encode()).hexdigest()[:32],
        summary=data.summary,
        description=data.description,
        description_sha256=door.blobs.put(long.encode()) if long else None,
        reporter_name=data.reporter.name,
        reporter_address=data.reporter.email,
        language=language,
        reference=new_reference(),
        product=data.product,
        category=data.category,
        urgency=data.urgency,
        customer=data.customer,
        needed_by=in_company_time(data.needed_by, organisation),
        on_behalf_of=behalf.email if isinstance(behalf, Reporter) else behalf,
        one_key=one_key,
    )
