"""Writes `docs/asyncapi.json` and `docs/events.md` from the code: `python -m deploy.asyncapi`.

Both are made of the table of traffic, the event classes with their docstrings, and the stored
examples; the same code always makes the same text, so a test compares it with what is committed.
The specification is https://www.asyncapi.com/docs/reference/specification/v3.0.0.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import typer
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.bus import AGAIN, ATTEMPTS_MADE, ERROR, MSG_ID, REPLAY
from shared.contracts import (
    event,
    intake,
    issue,
    metrics,
    notifier,
    organisation,
    router,
    traffic,
)
from shared.contracts.event import Event, Speaker
from shared.contracts.traffic import DEAD_STREAM, EVENTS, HEARS, SAYS, DeadLetter, stream_of

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "tests" / "contracts" / "examples"
ASYNCAPI = ROOT / "docs" / "asyncapi.json"
TABLE = ROOT / "docs" / "events.md"

CONTENT_TYPE: Final = "application/cloudevents+json"
ADMINISTRATOR: Final = "administrator"
MODULES: Final = (event, issue, organisation, intake, router, notifier, metrics, traffic)

Json = dict[str, Any]
Examples = Mapping[str, Mapping[str, Json]]
"""By subject and case."""

SERVICES: Final[Mapping[Speaker, str]] = {
    Speaker.INTAKE: "Everything that people say comes in here: form, mail, API, links.",
    Speaker.ROUTER: "The lifecycle of issues: owners, deadlines, follow-up.",
    Speaker.NOTIFIER: "Who is told, by which channel, when, in which language.",
    Speaker.METRICS: "Folds all facts into load and isolation, and says who is alone.",
}

_ABOUT: Final = """\
The facts that Banso's services say to each other on NATS JetStream. Every message is a CloudEvent
1.0 (JSON, structured mode): `id` is the event's and the same each time it is said, `causeid` names
what led to it (the event heard, or a submission or timed step), `time` is when it happened, `data`
what happened. A published event gains optional fields only, and readers ignore fields that they
do not know. What a service could not handle is kept on `dead.`, and said again on `again.`."""


def asyncapi(examples: Examples, version: str) -> Json:
    """The AsyncAPI 3.0.0 document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Banso",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
            "tags": [
                *({"name": name, "description": said} for name, said in SERVICES.items()),
                {"name": ADMINISTRATOR, "description": "Whoever runs Banso, by `banso dead`."},
            ],
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"nats": _server()},
        "channels": dict(_channels()),
        "operations": dict(_operations()),
        "components": {
            "securitySchemes": {
                "nkey": {
                    "type": "asymmetricEncryption",
                    "description": "One key per service, which may say its own facts only.",
                }
            },
            "messages": dict(_messages(examples)),
            "schemas": _schemas(),
        },
    }


def table() -> str:
    """What people read first: every event, who says it, who hears it, and what it means."""
    rows = [
        (f"[`{one.subject}`]({_examples_of(one)})", str(one.speaker), _hearers(one), meaning(one))
        for events in SAYS.values()
        for one in events
    ]
    dead = (f"`dead.{name}.…`" for name in Speaker)
    rows.append((", ".join(dead), "each service", _hearers(DeadLetter), meaning(DeadLetter)))
    lines = [
        "# Events",
        "",
        "Made from the code by `make docs`; don't change it here. Each event leads to its stored",
        "examples; [asyncapi.json](asyncapi.json) has every field (AsyncAPI 3.0).",
        "",
        "| event | said by | heard by | what it means |",
        "|---|---|---|---|",
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows),
        "",
        "Every service also hears `again.<service>.<subject>`: a dead letter of its own that an",
        "administrator has said again.",
        "",
        "| stream | keeps |",
        "|---|---|",
        *(
            f"| {stream} | {', '.join(f'`{subject}`' for subject in subjects)} |"
            for stream, subjects in traffic.streams().items()
        ),
        "",
    ]
    return "\n".join(lines)


def meaning(kind: type[Event]) -> str:
    """The first paragraph of its docstring."""
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


# --- the parts of the document


def _server() -> Json:
    return {
        "host": "{host}:{port}",
        "protocol": "nats",
        "description": "NATS with JetStream: one stream per speaker, kept for 180 days.",
        "variables": {
            "host": {"default": "127.0.0.1", "description": "`banso up` listens on loopback."},
            "port": {"default": "4222", "description": "`banso up` tells which port it took."},
        },
        "security": [{"$ref": "#/components/securitySchemes/nkey"}],
    }


def _channels() -> Iterator[tuple[str, Json]]:
    for subject, kind in EVENTS.items():
        yield (
            subject,
            {
                "address": subject,
                "title": _spaced(kind),
                "summary": meaning(kind),
                "servers": [{"$ref": "#/servers/nats"}],
                "messages": _message_ref(kind.__name__),
                "tags": [{"name": kind.speaker}],
                "x-stream": stream_of(subject),
            },
        )
    for prefix, title, summary in (
        ("dead", "Dead letters", "What a service could not handle, as it was heard."),
        ("again", "Dead letters said again", "Only the service that gave it up hears it."),
    ):
        yield (
            prefix,
            {
                "address": f"{prefix}.{{service}}.{{subject}}",
                "title": title,
                "summary": summary,
                "servers": [{"$ref": "#/servers/nats"}],
                "messages": _message_ref("DeadLetter"),
                "parameters": {
                    "service": {
                        "enum": [str(service) for service in Speaker],
                        "description": "The service that gave the message up.",
                    },
                    "subject": {
                        "description": "The subject on which it was said first.",
                        "examples": ["issue.raised.v1"],
                    },
                },
                "x-stream": DEAD_STREAM,
            },
        )


def _operations() -> Iterator[tuple[str, Json]]:
    for service in Speaker:
        for kind in SAYS[service]:
            yield _operation(service, "says", kind.subject, kind.__name__, meaning(kind))
        summary = "Buries what it could not handle."
        yield _operation(service, "says", "dead", "DeadLetter", summary)
        for kind in HEARS[service]:
            channel = "dead" if kind is DeadLetter else kind.subject
            yield _operation(service, "hears", channel, kind.__name__, meaning(kind))
        summary = "Decides anew on what it gave up."
        yield _operation(service, "hears", "again", "DeadLetter", summary)
    summary = "`banso dead again`"
    yield _operation(ADMINISTRATOR, "says", "again", "DeadLetter", summary)


def _operation(who: str, does: str, channel: str, message: str, summary: str) -> tuple[str, Json]:
    """`intake.says.issue.raised.v1`."""
    return f"{who}.{does}.{channel}", {
        "action": "send" if does == "says" else "receive",
        "title": f"{who} {does} {channel}",
        "summary": summary,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
        "tags": [{"name": who}],
    }


def _messages(examples: Examples) -> Iterator[tuple[str, Json]]:
    for subject, kind in EVENTS.items():
        yield (
            kind.__name__,
            {
                "name": subject,
                "title": _spaced(kind),
                "summary": meaning(kind),
                "contentType": CONTENT_TYPE,
                "headers": {"$ref": "#/components/schemas/Headers"},
                "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
                "examples": [
                    {"name": case, "payload": payload}
                    for case, payload in examples.get(subject, {}).items()
                ],
            },
        )
    yield (
        "DeadLetter",
        {
            "name": "dead letter",
            "title": _spaced(DeadLetter),
            "summary": meaning(DeadLetter),
            "contentType": CONTENT_TYPE,
            "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
            "payload": {"description": "The message as it was heard, even if it can't be read."},
        },
    )


def _schemas() -> Json:
    """Every part that a message is made of, with what its fields and words mean."""
    pairs: list[tuple[type[BaseModel], Any]] = [(kind, "serialization") for kind in EVENTS.values()]
    _, found = models_json_schema(pairs, ref_template="#/components/schemas/{model}")
    schemas: Json = found["$defs"]
    kinds = {
        name: kind
        for module in MODULES
        for name, kind in vars(module).items()
        if inspect.isclass(kind)
    }
    for name, schema in schemas.items():
        _explain(schema, kinds[name])
    text = {"type": "string"}
    schemas["Headers"] = {
        "type": "object",
        "properties": {
            MSG_ID: {**text, "description": "The event's id: the stream drops a repeat by it."},
            REPLAY: {**text, "description": "Said again from the journal of its speaker."},
            AGAIN: {**text, "description": "A dead letter said again, which is decided anew."},
        },
        "required": [MSG_ID],
    }
    schemas["DeadLetterHeaders"] = {
        "type": "object",
        "properties": {
            **schemas["Headers"]["properties"],
            ERROR: {**text, "description": "Why it was given up, on one line."},
            ATTEMPTS_MADE: {**text, "description": "How often deciding on it was tried."},
        },
        "required": [MSG_ID],
    }
    return dict(sorted(schemas.items()))


def _explain(schema: Json, kind: type) -> None:
    """Adds what stands below each field and word in the code."""
    if issubclass(kind, StrEnum):
        meanings = _meanings(kind)
        words = [f"`{word}`: {meanings[word.name]}" for word in kind if word.name in meanings]
        if words:
            about = [schema["description"]] if "description" in schema else []
            schema["description"] = "\n".join([*about, *(f"- {word}" for word in words)])
        return
    properties = schema.get("properties", {})
    own = properties["data"]["properties"] if issubclass(kind, Event) else properties
    for name, said in _meanings(kind).items():
        if name in own:
            own[name] = {**own[name], "description": said}


def _meanings(kind: type) -> Mapping[str, str]:
    """The docstrings of a class's attributes, those that it inherits included."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found.update(_documented().get((base.__module__, base.__name__), {}))
    return found


@cache
def _documented() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """By module and class, the string that stands below an attribute."""
    return {
        (module.__name__, node.name): dict(_attributes(node.body))
        for module in MODULES
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef)
    }


def _attributes(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement, below in pairwise(body):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(name)) | ast.Assign(targets=[ast.Name(name)]),
                ast.Expr(value=ast.Constant(value=str(said))),
            ):
                yield name, " ".join(said.split())


def _message_ref(name: str) -> Json:
    return {name: {"$ref": f"#/components/messages/{name}"}}


def _spaced(kind: type) -> str:
    """`IssueRaised` as "Issue raised"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize()


def _hearers(kind: type[Event]) -> str:
    return ", ".join(service for service in Speaker if kind in HEARS[service]) or "nobody of ours"


def _examples_of(kind: type[Event]) -> str:
    return f"../{EXAMPLES.relative_to(ROOT).as_posix()}/{kind.subject}"


# --- reading and writing


def stored_examples() -> Examples:
    """The stored examples, in the order of their names."""
    return {
        subject: {
            file.stem: json.loads(file.read_text(encoding="utf-8"))
            for file in sorted((EXAMPLES / subject).glob("*.json"))
        }
        for subject in EVENTS
    }


def documents() -> Mapping[Path, str]:
    """The text of each document, by its file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    document = asyncapi(stored_examples(), project["version"])
    return {
        ASYNCAPI: json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        TABLE: table(),
    }


def main() -> None:
    """Writes both; only in a checkout, where the stored examples are."""
    if not EXAMPLES.is_dir():
        typer.echo("Run this in a checkout of Banso: the examples are not installed.", err=True)
        raise SystemExit(1)
    for file, text in documents().items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        typer.echo(f"Wrote {file.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
