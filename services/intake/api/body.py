"""Reads what a caller sends: JSON, or a form with a JSON part and files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.intake.api.models import FileIn, Filters, In
from services.intake.api.problems import (
    AnyRequest,
    Problem,
    faulty,
    language_of_request,
    unreadable,
    unsuitable,
)
from services.intake.attachments import File
from shared.language import Words

Sent = TypeVar("Sent", bound=In)

LONGEST_KEY = 200
FILE = "file"
"""The name of each part of a form that is a file."""
_SEVERAL = ("state",)


async def read(request: AnyRequest, kind: type[Sent], part: str = "") -> tuple[Sent, list[File]]:
    """What was sent, checked, and the files that came with it, within the JSON or beside it.

    `part` names the part of a form that holds the JSON; without it there can be no form.
    """
    _ = language_of_request(request)
    content_type, _semicolon, parameters = request.headers.get("content-type", "").partition(";")
    content_type = content_type.strip().lower()
    is_form = content_type == "multipart/form-data" and "boundary=" in parameters.lower()
    if is_form and part:
        text, files = await _read_form(request, part, _)
    else:
        text, files = await request.body(), []
    sent = _check(text, kind, content_type, _)
    within: Sequence[FileIn] = getattr(sent, "attachments", ())
    if within and is_form:
        errors = [{"field": f"{part}.attachments", "problem": "Send each file as a part instead"}]
        raise faulty(errors, _)
    return sent, [*(one.file for one in within), *files]


async def read_document(request: AnyRequest) -> tuple[Any, bytes]:
    """Any JSON, and the bytes that it was."""
    _ = language_of_request(request)
    raw = await request.body()
    try:
        return json.loads(raw), raw
    except (ValueError, RecursionError) as error:
        raise unreadable(_) from error


def read_filters(request: AnyRequest) -> Filters:
    """What is asked for in the address."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in _SEVERAL:
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    try:
        return Filters.model_validate(given)
    except ValidationError as error:
        raise faulty(faults(error.errors()), language_of_request(request)) from error


def read_key(request: AnyRequest) -> str | None:
    """The Idempotency-Key, if there is one."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        problem = f"must have 1 to {LONGEST_KEY} characters"
        errors = [{"field": "Idempotency-Key", "problem": problem}]
        raise faulty(errors, language_of_request(request))
    return key


def fingerprint(sent: In, files: Sequence[File]) -> str:
    """Hash of the content, by which another one under the same key is noticed."""
    told = [sent.model_dump_json(exclude={"attachments"})]
    told += [f"{file.filename}/{sha256(file.content).hexdigest()}" for file in files]
    return sha256("\n".join(told).encode()).hexdigest()[:32]


def faults(errors: Sequence[ErrorDetails]) -> list[Mapping[str, str]]:
    """Each wrong field with what is wrong."""
    return [
        {
            "field": ".".join(str(part) for part in error["loc"]),
            "problem": error["msg"].removeprefix("Value error, "),
        }
        for error in errors
    ]


def _check(text: bytes, kind: type[Sent], content_type: str, _: Words) -> Sent:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        if any(one["type"] == "json_invalid" for one in found):
            raise _no_json(content_type, _) from error
        raise faulty(faults(found), _) from error


def _no_json(content_type: str, _: Words) -> Problem:
    """JSON is understood whatever it is called; what is none is told by what it is called."""
    is_called_json = content_type in ("", "application/json") or content_type.endswith("+json")
    return unreadable(_) if is_called_json else unsuitable(_)


async def _read_form(request: AnyRequest, part: str, _: Words) -> tuple[bytes, list[File]]:
    try:
        form = await request.form()
        items = list(form.multi_items())
    except ClientException:
        raise
    except Exception as error:  # whatever the parser has for a broken form
        raise unreadable(_) from error
    text: bytes | None = None
    files: list[File] = []
    for name, value in items:
        content = await value.read() if isinstance(value, UploadFile) else str(value).encode()
        if name == part:
            text = content
        elif name == FILE and isinstance(value, UploadFile):
            files.append(File(value.filename or "", value.content_type, content))
        else:
            problem = f"There are only the parts `{part}` and `{FILE}`, which has a filename"
            raise faulty([{"field": name, "problem": problem}], _)
    if text is None:
        errors = [{"field": part, "problem": "Field required"}]
        raise faulty(errors, _)
    return text, files
