"""The documents that are made from the code are those that are committed, and are right.

AsyncAPI 3.0.0: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deploy import asyncapi
from shared.contracts.event import Event, Speaker
from shared.contracts.traffic import EVENTS, HEARS, SAYS, DeadLetter
from tests.contracts.fits import look_up, misfits

FIELDS: Mapping[str, str] = {
    "document": "asyncapi id info servers defaultContentType channels operations components",
    "info": "title version description termsOfService contact license tags externalDocs",
    "server": (
        "host protocol protocolVersion pathname description title summary variables security tags"
        " externalDocs bindings"
    ),
    "channel": (
        "address messages title summary description servers parameters tags externalDocs bindings"
    ),
    "parameter": "enum default description examples location",
    "operation": (
        "action channel title summary description security tags externalDocs bindings traits"
        " messages reply"
    ),
    "message": (
        "headers payload correlationId contentType name title summary description tags"
        " externalDocs bindings examples traits"
    ),
    "example": "headers payload name summary",
    "components": (
        "schemas servers channels operations messages securitySchemes serverVariables parameters"
        " correlationIds replies replyAddresses externalDocs tags operationTraits messageTraits"
        " serverBindings channelBindings operationBindings messageBindings"
    ),
}
"""What the specification lets an object have, beside `x-` extensions."""


@cache
def document() -> dict[str, Any]:
    committed: dict[str, Any] = json.loads(asyncapi.ASYNCAPI.read_text(encoding="utf-8"))
    return committed


each_event = pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))


@pytest.mark.parametrize("file", [asyncapi.ASYNCAPI, asyncapi.TABLE], ids=lambda file: file.name)
def test_a_document_is_what_the_code_makes(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == asyncapi.documents()[file], "run `make docs`"


def test_the_document_says_which_asyncapi_it_follows() -> None:
    assert document()["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document()["info"].keys()


def test_no_object_has_a_field_that_the_specification_does_not_know() -> None:
    unknown = {
        f"{kind}: {name}"
        for kind, found in _objects()
        for name in found.keys() - set(FIELDS[kind].split())
        if not name.startswith("x-")
    }

    assert unknown == set()


def test_every_reference_leads_somewhere_in_the_document() -> None:
    for reference in _references(document()):
        assert reference.startswith("#/")
        look_up(reference, document())


def test_every_schema_and_message_is_used() -> None:
    used = set(_references(document()))

    for kind in ("schemas", "messages", "securitySchemes"):
        for name in document()["components"][kind]:
            assert f"#/components/{kind}/{name}" in used


def test_names_are_such_as_the_specification_allows() -> None:
    names = [
        *document()["servers"],
        *document()["channels"],
        *document()["operations"],
        *(name for part in document()["components"].values() for name in part),
    ]

    assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9_.-]+", name)] == []


def test_every_operation_is_about_messages_of_its_channel() -> None:
    for operation in document()["operations"].values():
        channel = operation["channel"]["$ref"]
        assert operation["action"] in {"send", "receive"}
        assert channel.startswith("#/channels/")
        assert operation["messages"]
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/")


def test_every_address_names_its_parameters() -> None:
    for channel in document()["channels"].values():
        named = set(re.findall(r"\{(\w+)\}", channel["address"]))
        assert named == channel.get("parameters", {}).keys()


def test_every_server_names_its_variables() -> None:
    for server in document()["servers"].values():
        assert set(re.findall(r"\{(\w+)\}", server["host"])) == server["variables"].keys()


@pytest.mark.parametrize("service", Speaker)
def test_every_service_says_and_hears_what_the_traffic_table_says(service: Speaker) -> None:
    operations = document()["operations"]
    says = {name for name in operations if name.startswith(f"{service}.says.")}
    hears = {name for name in operations if name.startswith(f"{service}.hears.")}

    assert says == {
        f"{service}.says.dead",
        *(f"{service}.says.{event.subject}" for event in SAYS[service]),
    }
    assert hears == {
        f"{service}.hears.again",
        *(f"{service}.hears.{_channel(event)}" for event in HEARS[service]),
    }


@each_event
def test_every_event_is_explained(event: type[Event]) -> None:
    message = document()["components"]["messages"][event.__name__]

    assert message["summary"].endswith(".")
    assert message["contentType"] == "application/cloudevents+json"
    assert document()["channels"][event.subject]["x-stream"] == event.speaker.upper()


@each_event
def test_the_examples_of_a_message_fit_its_schema(event: type[Event]) -> None:
    message = document()["components"]["messages"][event.__name__]

    assert message["examples"]
    for example in message["examples"]:
        assert list(misfits(example["payload"], message["payload"], root=document())) == []


def test_fields_and_words_are_explained_as_they_are_in_the_code() -> None:
    schemas = document()["components"]["schemas"]

    assert "- `acknowledged`: The owner has taken it." in schemas["State"]["description"]
    raised = schemas["IssueRaised"]["properties"]["data"]["properties"]
    assert raised["raw_sha256"]["description"] == "The blob with the raw mail."
    sent = schemas["NotificationSent"]["properties"]["data"]["properties"]
    assert sent["fact_id"]["description"] == "Id of the event that the person is told about."


def test_the_table_names_every_event_once() -> None:
    table = asyncapi.TABLE.read_text(encoding="utf-8")

    for subject in EVENTS:
        assert table.count(f"| [`{subject}`]") == 1


def test_every_link_in_the_table_leads_to_stored_examples() -> None:
    table = asyncapi.TABLE.read_text(encoding="utf-8")

    for target in re.findall(r"\]\(([^)]+)\)", table):
        assert (asyncapi.TABLE.parent / target).exists(), target


def _channel(event: type[Event]) -> str:
    return "dead" if event is DeadLetter else event.subject


def _objects() -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "document", document()
    yield "info", document()["info"]
    yield "components", document()["components"]
    for server in document()["servers"].values():
        yield "server", server
    for channel in document()["channels"].values():
        yield "channel", channel
        for parameter in channel.get("parameters", {}).values():
            yield "parameter", parameter
    for operation in document()["operations"].values():
        yield "operation", operation
    for message in document()["components"]["messages"].values():
        yield "message", message
        for example in message.get("examples", ()):
            yield "example", example


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from _references(one)
