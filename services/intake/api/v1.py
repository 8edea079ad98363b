"""The API, version 1."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException

from services.intake.api.absences import (
    cancel_absence,
    end_pause,
    find_absences,
    find_pauses,
    say_absence,
    say_pause,
)
from services.intake.api.alongside import find_companionships, say_word, show_figure
from services.intake.api.document import document
from services.intake.api.guard import NotLetIn, guard, needs
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
from services.intake.api.tokens import KnownTokens, Scope
from services.intake.api.wishes import (
    find_notifications,
    mute,
    set_preferences,
    show_preferences,
    unmute,
)
from services.intake.door import Closed, Door
from services.intake.submission import KeyReused, NotStored

LARGEST_IMPORT_BYTES = 16 * 1024 * 1024
"""A part of a hundred issues with all their messages."""


async def show_document(door: NamedDependency[Door]) -> Response[dict[str, Any]]:
    """All of the API, in OpenAPI 3.1."""
    return Response(document(door.limits.most))


def api(tokens: KnownTokens, door: Door, largest: int, most_per_minute: int) -> list[Router]:
    """The routes below /api/v1. `largest`: bytes of a request without files."""
    with_files = largest + door.limits.together * 4 // 3
    issue = "/issues/{reference:str}"
    routes = [
        post("/issues", opt=needs(Scope.RAISE), request_max_body_size=with_files)(raise_issue),
        get("/issues", opt=needs(Scope.READ))(find_issues),
        get(issue, opt=needs(Scope.READ))(look_at_issue),
        get(f"{issue}/attachments/{{file_id:str}}", opt=needs(Scope.READ, json=False))(fetch_file),
        post(f"{issue}/comments", opt=needs(Scope.COMMENT), request_max_body_size=with_files)(
            comment
        ),
        post(f"{issue}/actions", status_code=200, opt=needs(Scope.ACT))(act),
        post("/absences", opt=needs(Scope.ABSENCE))(say_absence),
        get("/absences", opt=needs(Scope.READ))(find_absences),
        delete("/absences/{absence_id:str}", status_code=200, opt=needs(Scope.ABSENCE))(
            cancel_absence
        ),
        post("/pauses", opt=needs(Scope.PAUSE))(say_pause),
        get("/pauses", opt=needs(Scope.READ))(find_pauses),
        delete("/pauses/{pause_id:str}", status_code=200, opt=needs(Scope.PAUSE))(end_pause),
        get("/people/{person_id:str}/preferences", opt=needs(Scope.READ))(show_preferences),
        put("/people/{person_id:str}/preferences", opt=needs(Scope.PREFERENCE))(set_preferences),
        get(f"{issue}/notifications", opt=needs(Scope.READ))(find_notifications),
        put(f"{issue}/mutes/{{person_id:str}}", opt=needs(Scope.PREFERENCE))(mute),
        delete(f"{issue}/mutes/{{person_id:str}}", status_code=200, opt=needs(Scope.PREFERENCE))(
            unmute
        ),
        get("/figure", opt=needs(Scope.READ))(show_figure),
        get("/companionships", opt=needs(Scope.READ))(find_companionships),
        post(
            "/companionships/{companionship_id:str}/words",
            status_code=200,
            opt=needs(Scope.ACT),
        )(say_word),
        post("/hooks/{hook_id:str}", opt=needs(Scope.HOOK))(take_message),
        post(
            "/imports",
            status_code=200,
            opt=needs(Scope.IMPORT),
            request_max_body_size=LARGEST_IMPORT_BYTES,
        )(bring_in),
    ]
    check = guard(tokens, most_per_minute, door)
    return [
        Router(
            API,
            route_handlers=routes,
            before_request=check,
            request_max_body_size=largest,
            exception_handlers=_SAYING,
        ),
        Router(
            API, route_handlers=[get("/openapi.json")(show_document)], exception_handlers=_SAYING
        ),
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
    return say_problem(request, Problem(409, _("This Idempotency-Key was used before"), remedy))


_SAYING: Any = {
    Problem: say_problem,
    NotLetIn: _say_not_let_in,
    NotStored: _say_not_stored,
    Closed: _say_not_stored,
    KeyReused: _say_key_reused,
    HTTPException: say_http_problem,
    Exception: say_failure,
}
