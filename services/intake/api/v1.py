"""The API, version 1."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get
from litestar.exceptions import HTTPException

from services.intake.api.document import document
from services.intake.api.guard import NotLetIn, guard
from services.intake.api.hooks import take_message
from services.intake.api.imports import bring_in
from services.intake.api.issues import API, fetch_file, find_issues, look_at_issue, raise_issue
from services.intake.api.problems import (
    AnyRequest,
    Problem,
    language_of_request,
    say_failure,
    say_http_problem,
    say_problem,
)
from services.intake.api.talk import act, comment
from services.intake.api.tokens import KnownTokens
from services.intake.door import Closed, Door
from services.intake.submission import KeyReused, NotStored

LARGEST_IMPORT_BYTES = 16 * 1024 * 1024
"""A part of a hundred issues with all their messages."""


@get("/openapi.json", include_in_schema=False)
async def show_document() -> Response[dict[str, Any]]:
    """All of the API, in OpenAPI 3.1."""
    return Response(document())


def api(tokens: KnownTokens, door: Door, largest: int, most_per_minute: int) -> list[Router]:
    """The routes below /api/v1. `largest`: bytes of a request without files."""
    check = guard(tokens, most_per_minute, door)
    with_files = largest + door.limits.together * 4 // 3
    exceptions: Any = {
        Problem: say_problem,
        NotLetIn: _say_not_let_in,
        NotStored: _say_not_stored,
        Closed: _say_not_stored,
        KeyReused: _say_key_reused,
        HTTPException: say_http_problem,
        Exception: say_failure,
    }

    def routes(handlers: list[Any], largest_body: int) -> Router:
        return Router(
            API,
            route_handlers=handlers,
            before_request=check,
            include_in_schema=False,
            request_max_body_size=largest_body,
            exception_handlers=exceptions,
        )

    return [
        Router(API, route_handlers=[show_document], exception_handlers=exceptions),
        routes([find_issues, look_at_issue, fetch_file, act, take_message], largest),
        routes([raise_issue, comment], with_files),
        routes([bring_in], LARGEST_IMPORT_BYTES),
    ]


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
