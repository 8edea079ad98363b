"""Refusals of the API as `application/problem+json` (RFC 9457), in the caller's language."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from shared import logs
from shared.language import Words, choose_language, words

log = logs.get(__name__)

PROBLEM_JSON = "application/problem+json"


class Problem(Exception):
    """A refusal: what is wrong, and what to do next."""

    def __init__(
        self, status: int, title: str, detail: str, *, errors: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors


def language_of_request(request: Request[Any, Any, Any]) -> Words:
    return words(choose_language(request.headers.get("accept-language", ""), "en"))


def say_problem(request: Request[Any, Any, Any], problem: Problem) -> Response[dict[str, Any]]:
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        content["errors"] = problem.errors
    headers: dict[str, str] = {"Content-Language": language_of_request(request).language}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == 503:
        headers["Retry-After"] = "5"
    return Response(content, status_code=problem.status, media_type=PROBLEM_JSON, headers=headers)


def say_http_problem(
    request: Request[Any, Any, Any], error: HTTPException
) -> Response[dict[str, Any]]:
    """What the framework refuses, in our words."""
    _ = language_of_request(request)
    match error.status_code:
        case 400:
            problem = Problem(
                422 if isinstance(error.extra, list) else 400,
                _("This can't be read"),
                _("Send a JSON object in UTF-8 as the documentation shows."),
                errors=_errors(error.extra),
            )
        case 404:
            problem = Problem(404, _("Not found"), _("Check the address and the reference."))
        case 405:
            problem = Problem(
                405, _("Not possible here"), _("Use one of the methods in the documentation.")
            )
        case 413:
            problem = Problem(413, _("Too large"), _("Send at most one megabyte of JSON."))
        case status if status < 500:
            problem = Problem(status, _("This can't be done"), error.detail)
        case _other:
            return say_failure(request, error)
    return say_problem(request, problem)


def say_failure(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Something of ours broke; the log has it, the caller doesn't."""
    log.error("request.failed", method=request.method, error=repr(error), exc_info=error)
    _ = language_of_request(request)
    return say_problem(
        request,
        Problem(
            HTTP_500_INTERNAL_SERVER_ERROR,
            _("Something went wrong on our side"),
            _("Try again with the same Idempotency-Key; nothing will be there twice."),
        ),
    )


def _errors(extra: Any) -> list[dict[str, str]] | None:
    if not isinstance(extra, list):
        return None
    return [
        {"field": str(one.get("key", "")), "problem": str(one.get("message", ""))}
        for one in extra
        if isinstance(one, dict)
    ]
