"""A message is a CloudEvent that other tools can read, and never larger than the bus takes.

CloudEvents 1.0.2: `cloudevents/spec.md` for attributes, `formats/json-format.md` for the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from deploy.local.up import SAMPLE
from services.intake import clean
from services.router import organisation
from shared.contracts.event import MAX_EVENT_BYTES, MAX_TEXT, Event, event_id_of
from shared.contracts.router import IssueDue, OrganisationPublished
from shared.contracts.traffic import EVENTS
from tests.contracts.compatibility import schema_of
from tests.contracts.stored import Example, examples

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

BOUNDED = tuple(event for event in EVENTS.values() if event is not OrganisationPublished)
"""The organisation grows with the company."""

each_example = pytest.mark.parametrize("example", examples(), ids=str)
each_event = pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))


@each_example
def test_every_message_is_a_cloud_event(example: Example) -> None:
    envelope = example.content

    assert envelope["specversion"] == "1.0"
    for name in ("id", "source", "type"):
        assert isinstance(envelope[name], str)
        assert envelope[name]
    assert not urlsplit(envelope["source"]).scheme
    assert envelope["datacontenttype"] == "application/json"
    assert RFC3339.fullmatch(envelope["time"])


@each_example
def test_attributes_are_lower_case_words_of_at_most_twenty_characters(example: Example) -> None:
    names = example.content.keys() - {"data"}

    assert [name for name in names if not re.fullmatch("[a-z0-9]{1,20}", name)] == []


@each_example
def test_every_instant_in_an_event_has_a_zone(example: Example) -> None:
    instants = [
        value for name, value in _leaves(example.content["data"]) if name.endswith(("_at", "_by"))
    ]

    assert [value for value in instants if not RFC3339.fullmatch(value)] == []


@pytest.mark.parametrize(
    "zone",
    [UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/St_Johns"), timezone(-timedelta(hours=12))],
    ids=str,
)
def test_the_time_is_rfc_3339_wherever_it_was_read(zone: Any) -> None:
    at = datetime(2026, 10, 6, 9, 12, tzinfo=zone)

    message = IssueDue(occurred_at=at, issue_id="1", step_number=1).to_message("id", "cause")

    assert RFC3339.fullmatch(json.loads(message)["time"])
    assert IssueDue.from_message(message).occurred_at == at


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        IssueDue(occurred_at=datetime(2026, 10, 6, 9, 12), issue_id="1", step_number=1)  # noqa: DTZ001


@each_event
def test_a_subject_is_a_noun_a_verb_and_a_version(event: type[Event]) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+\.v[1-9]\d*", event.subject)


@pytest.mark.parametrize("event", BOUNDED, ids=[event.subject for event in BOUNDED])
def test_the_largest_event_still_fits(event: type[Event]) -> None:
    envelope = schema_of(event)["properties"]
    content = {
        "specversion": "1.0",
        "id": event_id_of(event.subject, "cause", 0),
        "source": f"/banso/{event.speaker}",
        "type": event.subject,
        "time": "2026-10-06T00:12:41.318204+00:00",
        "causeid": "c" * 200,
        "datacontenttype": "application/json",
        "data": _sharing(_largest(envelope["data"])),
    }

    largest = event.from_message(json.dumps(content).encode())

    size = len(largest.to_message(largest.event_id, largest.cause_id))
    assert size < MAX_EVENT_BYTES
    if _longest_text(envelope["data"]) == MAX_TEXT:
        assert size > 4 * MAX_TEXT


@pytest.mark.parametrize(
    ("subject", "name", "more"),
    [
        ("issue.raised.v1", "fields", {"since": "later"}),
        (
            "issue.imported.v1",
            "remarks",
            [{"at": "2026-10-06T00:12:41+00:00", "person_id": "ueda", "text": "sent"}],
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(subject: str, name: str, more: Any) -> None:
    example = next(one for one in examples() if one.subject == subject)
    alone = {**example.content["data"], "description": "a" * MAX_TEXT, name: type(more)()}

    EVENTS[subject].from_message(json.dumps({**example.content, "data": alone}).encode())

    with pytest.raises(ValueError, match="longer together"):
        EVENTS[subject].from_message(
            json.dumps({**example.content, "data": {**alone, name: more}}).encode()
        )


def test_the_text_of_strangers_has_no_characters_that_grow_in_json() -> None:
    """JSON writes a control character with six bytes; `MAX_EVENT_BYTES` reckons with four."""
    controls = "".join(map(chr, range(0x20)))

    kept = clean.several_lines(f"a{controls}b")

    assert [char for char in kept if len(json.dumps(char)) - len('""') > 4] == []


def test_the_sample_organisation_is_the_same_once_heard() -> None:
    sample = organisation.read(SAMPLE)
    published = OrganisationPublished(
        occurred_at=datetime(2026, 10, 6, tzinfo=UTC), organisation=sample
    )

    heard = OrganisationPublished.from_message(published.to_message("id", "cause"))

    assert heard.organisation == sample


def _leaves(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [leaf for key, one in value.items() for leaf in _leaves(one, key)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one, name)]
    return [(name, value)]


def _largest(schema: Mapping[str, Any]) -> Any:
    """The value that takes the most bytes; what has no bound is an id, or our own few addresses."""
    if "anyOf" in schema:
        return _largest(schema["anyOf"][0])
    if "enum" in schema:
        return max(schema["enum"], key=len)
    match schema.get("type", "string"), schema.get("format"):
        case "object", _ if "properties" in schema:
            return {name: _largest(one) for name, one in schema["properties"].items()}
        case "object", _:
            key, value = _largest(schema["propertyNames"]), _largest(schema["additionalProperties"])
            return {f"{nth:02}{key[2:]}": value for nth in range(schema["maxProperties"])}
        case "array", _:
            return [_largest(schema["items"])] * schema.get("maxItems", 20)
        case "string", "date-time":
            return "2026-10-06T00:12:41.318204Z"
        case "string", _:
            return "🗼" * schema.get("maxLength", 64)
        case "boolean", _:
            return False
        case _:
            return schema.get("maximum", 1_234_567)


def _sharing(data: dict[str, Any]) -> dict[str, Any]:
    """The same, where a description shares the room of an event with answers or remarks."""
    answers, remarks = data.get("fields", {}), data.get("remarks", [])
    share = MAX_TEXT // 2 // max(1, len(answers) + len(remarks))
    if answers:
        data["fields"] = {
            question: text[: share - len(question)] for question, text in answers.items()
        }
    if remarks:
        data["remarks"] = [{**one, "text": one["text"][:share]} for one in remarks]
    if answers or remarks:
        data["description"] = data["description"][: MAX_TEXT - share * len(answers or remarks)]
    return data


def _longest_text(schema: Mapping[str, Any]) -> int:
    fields = [one for field in schema["properties"].values() for one in field.get("anyOf", [field])]
    return max(int(field.get("maxLength", 0)) for field in fields)
