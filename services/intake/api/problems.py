"""Refusals of the API as `application/problem+json` (RFC 9457), in the caller's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from services.intake.attachments import (
    FilesRefused,
    FileTooLarge,
    FileTypeRefused,
    Limits,
    TooManyFiles,
)
from shared import logs
from shared.language import Words, choose_language, words

log = logs.get(__name__)

PROBLEM_JSON = "application/problem+json"

AnyRequest = Request[Any, Any, Any]


class Problem(Exception):
    """A refusal: what is wrong, and what to do next."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **more: str,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.more = more


def language_of_request(request: AnyRequest) -> Words:
    return words(choose_language(request.headers.get("accept-language", ""), "en"))


def say_problem(request: AnyRequest, problem: Problem) -> Response[dict[str, Any]]:
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        **problem.more,
    }
    if problem.errors:
        content["errors"] = problem.errors
    headers = {"Content-Language": language_of_request(request).language, **problem.headers}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == 503:
        headers["Retry-After"] = "5"
    return Response(content, status_code=problem.status, media_type=PROBLEM_JSON, headers=headers)


def say_http_problem(
    request: AnyRequest, error: HTTPException, allowed: str = ""
) -> Response[dict[str, Any]]:
    """What the framework refuses, in our words. `allowed`: methods that are possible there."""
    _ = language_of_request(request)
    match error.status_code:
        case 400:
            problem = unreadable(_)
        case 404:
            problem = Problem(404, _("Not found"), _("Check the address and the reference."))
        case 405:
            problem = Problem(
                405,
                _("Not possible here"),
                _("Use one of the methods in the documentation."),
                headers={"Allow": allowed},
            )
        case 413:
            problem = too_large(_)
        case status if status < 500:
            problem = Problem(status, _("This can't be done"), error.detail)
        case _other:
            return say_failure(request, error)
    return say_problem(request, problem)


def say_failure(request: AnyRequest, error: Exception) -> Response[dict[str, Any]]:
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


def unreadable(_: Words) -> Problem:
    """The body is no JSON, or not what its header says."""
    return Problem(
        400,
        _("This can't be read"),
        _("Send a JSON object in UTF-8 as the documentation shows."),
    )


def unsuitable(_: Words) -> Problem:
    """The body is in no format that is taken here."""
    return Problem(
        415,
        _("This format is not taken here"),
        _("Send `Content-Type: application/json`; with files, `multipart/form-data` will do, too."),
    )


def unacceptable(_: Words) -> Problem:
    """The caller takes nothing that we can answer."""
    return Problem(
        406,
        _("This can't be answered in that format"),
        _("Send `Accept: application/json`, or leave the header out."),
    )


def too_large(_: Words) -> Problem:
    return Problem(
        413, _("Too large"), _("Send less at once: the documentation says how much is taken.")
    )


def faulty(errors: Sequence[Mapping[str, str]], _: Words) -> Problem:
    """Fields are missing or wrong."""
    return Problem(
        422,
        _("Something in this can't be right"),
        _("Change the fields named in `errors` and send it again."),
        errors=errors,
    )


def no_such_issue(_: Words) -> Problem:
    return Problem(404, _("There is no such issue"), _("Check the reference."))


def files_refused(error: FilesRefused, limits: Limits, _: Words) -> Problem:
    """Which file can't be taken, and what would do."""
    name = error.file.filename[:200]
    match error:
        case TooManyFiles():
            advice = _("Send at most %(count)s files at once.", count=limits.most)
            return Problem(422, _("Too many files"), advice, file=name)
        case FileTooLarge():
            advice = _("One file may have at most %(count)s MB.", count=limits.largest_mb)
            return Problem(413, _("Too large"), advice, file=name)
        case FileTypeRefused():
            advice = _("Files that a double click runs are not taken. Send it as a ZIP file.")
            return Problem(422, _("This kind of file is not taken"), advice, file=name)
        case _other:
            advice = _(
                "All files together may have at most %(count)s MB.", count=limits.together_mb
            )
            return Problem(413, _("Too large"), advice, file=name)
