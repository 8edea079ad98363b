"""The API in OpenAPI 3.1: every operation with every answer that it can give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.intake.api.body import FILE, LONGEST_KEY
from services.intake.api.models import (
    SHA256,
    AbsenceIn,
    AbsenceOut,
    AbsencesOut,
    ActionAccepted,
    ActionIn,
    CommentAccepted,
    CommentIn,
    CompanionshipOut,
    CompanionshipsOut,
    FigureOut,
    Filters,
    HookOut,
    ImportIn,
    ImportOut,
    IssueAccepted,
    IssueIn,
    IssueOut,
    IssuesOut,
    MuteOut,
    NotificationsOut,
    PauseIn,
    PauseOut,
    PausesOut,
    PreferencesIn,
    PreferencesOut,
    ProblemOut,
    Reporter,
    WordIn,
)
from services.intake.api.problems import PROBLEM_JSON
from services.intake.api.tokens import Scope

JSON = "application/json"
OCTETS = "application/octet-stream"
_BASE = "/api/v1"
_REF = "#/components/schemas/{model}"

_REFUSALS: Mapping[int, str] = {
    400: "Not JSON in UTF-8, or a cursor that leads nowhere.",
    401: "No token, or not a valid one.",
    403: "The token lacks the scope, or speaks for somebody else.",
    404: "There is no such thing, or not for this token.",
    405: "Not with this method.",
    406: "The caller takes nothing that can be answered.",
    409: "The action was refused, and `detail` says why and what to do instead; or the"
    " Idempotency-Key was used for something else.",
    413: "Too large.",
    415: "Neither JSON nor a form with files.",
    422: "A field is missing or wrong; `errors` says which.",
    429: "Too many requests; `Retry-After` says when to go on.",
    500: "Something went wrong on our side.",
    503: "It can't be stored now. Nothing is lost: send it again with the same key.",
}
_ALWAYS = (401, 403, 404, 405, 429, 500, 503)
_WITH_BODY = (400, 406, 409, 413, 415, 422)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be done."""

    method: str
    path: str
    name: str
    summary: str
    text: str
    scope: Scope
    answers: Mapping[int, tuple[str, type[BaseModel] | None]]
    refusals: Sequence[int]
    takes: type[BaseModel] | None = None
    part: str = ""
    """The part of a form that holds the JSON, where files may come with it."""
    example: Any = None
    parameters: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[int, Sequence[str]] = field(default_factory=dict)


_REFERENCE = {
    "name": "reference",
    "in": "path",
    "required": True,
    "description": "As people write it: capitals and the hyphen do not matter.",
    "schema": {"type": "string", "examples": ["7K3M-9QWX"]},
}
_HOOK = {
    "name": "hook_id",
    "in": "path",
    "required": True,
    "description": "Its id under `hooks:` in the organisation file.",
    "schema": {"type": "string", "examples": ["alertmanager"]},
}
_FILE = {
    "name": "sha256",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": SHA256, "examples": ["0" * 64]},
}
_ABSENCE = {
    "name": "absence_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "examples": ["5b6f0d53-2a3c-5d57-8f4e-6c0b6f4b7d21"]},
}
_PERSON = {
    "name": "person_id",
    "in": "path",
    "required": True,
    "description": "Their id in the organisation, or the one that Banso gave somebody outside.",
    "schema": {"type": "string", "examples": ["nguyen"]},
}
_COMPANIONSHIP = {
    **_ABSENCE,
    "name": "companionship_id",
    "description": "Its id, from `GET /companionships`.",
}
_PAUSE = {**_ABSENCE, "name": "pause_id"}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key, it is still done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of an earlier answer: 304 where nothing has changed since.",
    "schema": {"type": "string"},
}
_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "Location": {"description": "Where the API has it.", "schema": {"type": "string"}},
    "Link": {"description": 'With `rel="next"`: the next part.', "schema": {"type": "string"}},
    "ETag": {"description": "Changes with the issue.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
}
_FILTERS: Mapping[str, str] = {
    "state": "One of these; may be said several times.",
    "owner": "The owner's id.",
    "team": "The team's id.",
    "carrier": "The carrier's id.",
    "product": "Its id.",
    "category": "Its id.",
    "urgency": "How urgent.",
    "source": "The way in.",
    "raised_after": "From this day or instant on; a day means its beginning in the company's zone.",
    "raised_before": "Before this day or instant.",
    "changed_after": "Changed on this day or instant, or since.",
    "q": "Words in the summary, whatever their case.",
    "limit": "How many at most.",
    "cursor": "From `next` of an earlier answer.",
}

_AN_ISSUE = {
    "summary": "展示会で電源が入らない",
    "description": "Since this morning the lamp stays red.",
    "reporter": {"name": "佐藤 健", "email": "sato@example.com"},
    "product": "aquanote",
    "category": "not-working",
    "urgency": "high",
    "needed_by": "2031-02-05",
    "attachments": [
        {"filename": "note.txt", "content_type": "text/plain", "content": "44GT44KT44Gr44Gh44Gv"}
    ],
}

OPERATIONS: Sequence[Operation] = (
    Operation(
        "post",
        "/issues",
        "raiseIssue",
        "Bring in an issue",
        "Answers once the issue is stored for good; its owner is decided right afterwards.",
        Scope.RAISE,
        {201: ("It is stored and will not be lost.", IssueAccepted)},
        _WITH_BODY,
        takes=IssueIn,
        part="issue",
        example=_AN_ISSUE,
        parameters=(_KEY,),
        headers={201: ["Location"]},
    ),
    Operation(
        "get",
        "/issues",
        "findIssues",
        "Find issues",
        "The newest first. New ones do not move what comes later.",
        Scope.READ,
        {200: ("A part of the list.", IssuesOut)},
        (400, 406, 422),
        headers={200: ["Link"]},
    ),
    Operation(
        "get",
        "/issues/{reference}",
        "lookAtIssue",
        "Look at an issue",
        "There from the moment at which it was brought in.",
        Scope.READ,
        {200: ("The issue as it is now.", IssueOut), 304: ("Nothing has changed.", None)},
        (406,),
        parameters=(_REFERENCE, _IF_NONE_MATCH),
        headers={200: ["ETag"], 304: ["ETag"]},
    ),
    Operation(
        "get",
        "/issues/{reference}/attachments/{sha256}",
        "fetchFile",
        "Fetch a file",
        "As it was sent, to be stored and never shown by a browser.",
        Scope.READ,
        {200: ("The file.", None)},
        (),
        parameters=(_REFERENCE, _FILE),
    ),
    Operation(
        "post",
        "/issues/{reference}/comments",
        "comment",
        "Say more about an issue",
        "Words of its owner are an answer to the carrier; everybody else's are a comment.",
        Scope.COMMENT,
        {201: ("It is stored and will not be lost.", CommentAccepted)},
        _WITH_BODY,
        takes=CommentIn,
        part="comment",
        example={"person": "sato", "text": "It happens with the second unit as well."},
        parameters=(_REFERENCE, _KEY),
        headers={201: ["Location"]},
    ),
    Operation(
        "post",
        "/issues/{reference}/actions",
        "act",
        "Have something done with an issue",
        "Waits a moment for what comes of it.",
        Scope.ACT,
        {
            200: ("It is done; the issue as it is now.", IssueOut),
            202: ("It is stored, and not decided yet.", ActionAccepted),
        },
        _WITH_BODY,
        takes=ActionIn,
        example={"action": "acknowledge", "person": "nguyen"},
        parameters=(_REFERENCE, _KEY),
    ),
    Operation(
        "post",
        "/absences",
        "sayAbsence",
        "Say that somebody will be away",
        "What they have open then goes to somebody who is there, and comes back afterwards.",
        Scope.ABSENCE,
        {201: ("It is stored and will not be lost.", AbsenceOut)},
        _WITH_BODY,
        takes=AbsenceIn,
        example={
            "person": "nguyen",
            "starts_at": "2031-02-10",
            "ends_at": "2031-02-14",
            "substitute": "ito",
        },
        parameters=(_KEY,),
    ),
    Operation(
        "get",
        "/absences",
        "findAbsences",
        "Find absences",
        "Those that last or are planned; with a token of a person their own, and of whom they"
        " lead.",
        Scope.READ,
        {200: ("The absences.", AbsencesOut)},
        (406,),
    ),
    Operation(
        "delete",
        "/absences/{absence_id}",
        "cancelAbsence",
        "Take an absence back",
        "They are here after all, or back already. Doing it twice changes nothing.",
        Scope.ABSENCE,
        {200: ("It is over.", AbsenceOut)},
        (406,),
        parameters=(_ABSENCE,),
    ),
    Operation(
        "post",
        "/pauses",
        "sayPause",
        "Let all chasing rest",
        "For a disaster, or days on which the company is closed; at most 92 days, in the leader's"
        " name.",
        Scope.PAUSE,
        {201: ("It is stored and will not be lost.", PauseOut)},
        _WITH_BODY,
        takes=PauseIn,
        example={
            "starts_at": "2031-02-10",
            "ends_at": "2031-02-11",
            "text": "A typhoon. Please stay at home.",
        },
        parameters=(_KEY,),
    ),
    Operation(
        "get",
        "/pauses",
        "findPauses",
        "Find pauses",
        "Those that last or are planned.",
        Scope.READ,
        {200: ("The pauses.", PausesOut)},
        (406,),
    ),
    Operation(
        "delete",
        "/pauses/{pause_id}",
        "endPause",
        "End a pause",
        "It ends now, or will not be. Doing it twice changes nothing.",
        Scope.PAUSE,
        {200: ("It is over.", PauseOut)},
        (406,),
        parameters=(_PAUSE,),
    ),
    Operation(
        "get",
        "/people/{person_id}/preferences",
        "showPreferences",
        "See how somebody is told",
        "With a token of a person, their own.",
        Scope.READ,
        {200: ("How they are told.", PreferencesOut)},
        (406,),
        parameters=(_PERSON,),
    ),
    Operation(
        "put",
        "/people/{person_id}/preferences",
        "setPreferences",
        "Say how somebody wants to be told",
        "All of it at once: what is left out is as usual. Of somebody outside only the language"
        " counts.",
        Scope.PREFERENCE,
        {200: ("How they are told from now on.", PreferencesOut)},
        _WITH_BODY,
        takes=PreferencesIn,
        example={"language": "en", "told": "at_work", "digest": "daily"},
        parameters=(_PERSON,),
    ),
    Operation(
        "get",
        "/issues/{reference}/notifications",
        "findNotifications",
        "See who was told what",
        "By which channel, and whether it arrived; the newest first. A token of a person shows it"
        " to the owner, the carrier inside, their leads and the leader.",
        Scope.READ,
        {200: ("Who was told what.", NotificationsOut)},
        (406,),
        parameters=(_REFERENCE,),
    ),
    Operation(
        "put",
        "/issues/{reference}/mutes/{person_id}",
        "mute",
        "Tell somebody no more about an issue",
        "But for what only they can do. Doing it twice changes nothing.",
        Scope.PREFERENCE,
        {200: ("They get no more messages about it.", MuteOut)},
        (406,),
        parameters=(_REFERENCE, _PERSON),
    ),
    Operation(
        "delete",
        "/issues/{reference}/mutes/{person_id}",
        "unmute",
        "Tell somebody about an issue again",
        "Doing it twice changes nothing.",
        Scope.PREFERENCE,
        {200: ("They hear of it again.", MuteOut)},
        (406,),
        parameters=(_REFERENCE, _PERSON),
    ),
    Operation(
        "get",
        "/figure",
        "showFigure",
        "See how the company answers you",
        "Of the person to whom the token belongs, and of nobody else. Compared with how it answers"
        " others; it says nothing about the person.",
        Scope.READ,
        {200: ("The figure and what it is made of.", FigureOut)},
        (406,),
    ),
    Operation(
        "get",
        "/companionships",
        "findCompanionships",
        "See who runs alongside you, or alongside whom you run",
        "Of the person to whom the token belongs: what is open, and what they may say.",
        Scope.READ,
        {200: ("What concerns them.", CompanionshipsOut)},
        (406,),
    ),
    Operation(
        "post",
        "/companionships/{companionship_id}/words",
        "sayWord",
        "Say a word about a companion",
        "Yes or no, whether it helps, or that it is enough: what `may_say` lists. What comes of it"
        " is seen a moment later.",
        Scope.ACT,
        {200: ("It is said.", CompanionshipOut)},
        _WITH_BODY,
        takes=WordIn,
        example={"word": "yes"},
        parameters=(_COMPANIONSHIP,),
    ),
    Operation(
        "post",
        "/hooks/{hook_id}",
        "takeMessage",
        "Take another system's message",
        "Any JSON: the organisation file says where in it what stands. The token may also be the"
        " password of Basic authentication.",
        Scope.HOOK,
        {
            201: ("A new issue.", HookOut),
            200: ("It is about an issue that is here.", HookOut),
            202: ("No issue: `only` says so, or it is over and none is open.", HookOut),
        },
        (400, 406, 413, 422),
        example={"status": "firing", "commonAnnotations": {"summary": "Disk full on db1"}},
        parameters=(_HOOK, _KEY),
        headers={200: ["Location"], 201: ["Location"]},
    ),
    Operation(
        "post",
        "/imports",
        "bringIn",
        "Bring in an old helpdesk's history",
        "Issues that are over and done with. Nobody is told. Sending it again changes nothing.",
        Scope.IMPORT,
        {200: ("What became of each.", ImportOut)},
        _WITH_BODY,
        takes=ImportIn,
        example={
            "system": "zendesk",
            "issues": [
                {
                    "id": "12345",
                    "summary": "The meter does not start",
                    "description": "The lamp stays red.",
                    "reporter": {"name": "Emily Brown", "email": "brown@example.com"},
                    "raised_at": "2025-11-20T09:10:00+09:00",
                    "closed_at": "2025-11-25",
                }
            ],
        },
    ),
)


@cache
def document(most_files: int) -> dict[str, Any]:
    """The whole document; the same every time. `most_files`: how many one request may have."""
    used = {model for one in OPERATIONS for model in _models(one)}
    wanted: set[type[BaseModel]] = {*used, ProblemOut, Reporter, Filters}
    models = sorted(wanted, key=lambda model: model.__name__)
    _names, schemas = models_json_schema(
        [(model, _mode(model)) for model in models], ref_template=_REF
    )
    components = schemas["$defs"]
    filters = components.pop("Filters")["properties"]
    components["IssueIn"]["required"].append("reporter")
    components["IssueIn"]["properties"]["reporter"] = {
        "$ref": _REF.format(model="Reporter"),
        "description": "Whoever writes. A token that belongs to a person may leave it out.",
    }
    for name in ("CommentIn", "ActionIn", "AbsenceIn"):
        components[name]["required"].append("person")
    for name in ("IssueIn", "CommentIn"):
        fields = components[name]["properties"]
        fields["attachments"]["maxItems"] = most_files
        fields_of_form = {key: value for key, value in fields.items() if key != "attachments"}
        components[f"{name}OfForm"] = {**components[name], "properties": fields_of_form}
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        paths.setdefault(f"{_BASE}{one.path}", {})[one.method] = _operation(
            one, filters, most_files
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Banso",
            "version": "1",
            "description": "Bring in issues, see what becomes of them, and take part.\n\n"
            "Refusals are `application/problem+json` (RFC 9457) in the language of"
            " `Accept-Language`. `HEAD` is answered wherever `GET` is.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": _scopes()},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "For hooks only: the token as password, any user name.",
                },
            },
        },
    }


def methods_at(path: str) -> str:
    """What is possible at an address, as the header `Allow` says it."""
    parts = path.removeprefix(_BASE).rstrip("/").split("/")
    methods = [one.method.upper() for one in OPERATIONS if _is_at(one.path.split("/"), parts)]
    told = ["GET, HEAD" if method == "GET" else method for method in methods]
    return ", ".join([*(told or ["GET, HEAD"]), "OPTIONS"])


def _is_at(template: Sequence[str], parts: Sequence[str]) -> bool:
    return len(template) == len(parts) and all(
        wanted.startswith("{") or wanted == part
        for wanted, part in zip(template, parts, strict=True)
    )


def _models(one: Operation) -> list[type[BaseModel]]:
    said = [one.takes, *(model for _, model in one.answers.values())]
    return [model for model in said if model is not None]


def _mode(model: type[BaseModel]) -> Any:
    return "serialization" if model.__name__.endswith(("Out", "Accepted")) else "validation"


def _scopes() -> str:
    scopes = ", ".join(f"`{scope}`" for scope in Scope)
    return f"Made with `banso token add`. Scopes: {scopes}."


def _operation(one: Operation, filters: Mapping[str, Any], most_files: int) -> dict[str, Any]:
    parameters = list(one.parameters)
    if one.name == "findIssues":
        parameters += [_filter(name, filters[name], text) for name, text in _FILTERS.items()]
    security: list[dict[str, list[str]]] = [{"bearer": []}]
    if one.scope is Scope.HOOK:
        security.append({"basic": []})
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": f"{one.text}\n\nScope: `{one.scope}`.",
        "security": security,
        "parameters": parameters,
        "responses": _responses(one),
    }
    if one.method == "post" or one.takes is not None:
        told["requestBody"] = {"required": True, "content": _content(one, most_files)}
    return told


def _filter(name: str, schema: Mapping[str, Any], text: str) -> dict[str, Any]:
    """A parameter of the query; what may be null may be left out."""
    choices = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    kept = (
        choices[0] if choices else {key: value for key, value in schema.items() if key != "title"}
    )
    if name == "cursor":
        kept = {"type": "string", "pattern": "^000[0-9a-f]{45}$"}
    return {"name": name, "in": "query", "required": False, "description": text, "schema": kept}


def _content(one: Operation, most_files: int) -> dict[str, Any]:
    if one.takes is None:
        return {JSON: {"schema": {}, "example": one.example}}
    schema = {"$ref": _REF.format(model=one.takes.__name__)}
    content: dict[str, Any] = {JSON: {"schema": schema, "example": one.example}}
    if one.part:
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "description": f"`{one.part}` holds the JSON, without `attachments`; each `{FILE}`"
                " is a file.",
                "required": [one.part],
                "additionalProperties": False,
                "properties": {
                    one.part: {"$ref": f"{schema['$ref']}OfForm"},
                    FILE: {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "maxItems": most_files,
                    },
                },
            },
            "encoding": {one.part: {"contentType": JSON}},
        }
    return content


def _responses(one: Operation) -> dict[str, Any]:
    told = {
        str(status): _answer(status, text, model, one.headers.get(status, ()))
        for status, (text, model) in one.answers.items()
    }
    if one.name == "fetchFile":
        told["200"]["content"] = {OCTETS: {"schema": {"type": "string", "format": "binary"}}}
    for status in sorted({*_ALWAYS, *one.refusals}):
        headers = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}
        told[str(status)] = {
            "description": _REFUSALS[status],
            "headers": {name: _HEADERS[name] for name in headers.get(status, ())},
            "content": {
                PROBLEM_JSON: {
                    "schema": {"$ref": _REF.format(model="ProblemOut")},
                    "example": {
                        "type": "about:blank",
                        "title": HTTPStatus(status).phrase,
                        "status": status,
                        "detail": _REFUSALS[status],
                    },
                }
            },
        }
    return told


def _answer(
    status: int, text: str, model: type[BaseModel] | None, headers: Sequence[str]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": text,
        "headers": {name: _HEADERS[name] for name in headers},
    }
    if model is not None:
        told["content"] = {JSON: {"schema": {"$ref": _REF.format(model=model.__name__)}}}
    return told
