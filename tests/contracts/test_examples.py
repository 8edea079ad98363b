"""Each event is read as it was once said, and said as it was once read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel

from shared.contracts import intake, issue, metrics, notifier, router
from shared.contracts.event import MAX_EVENT_BYTES, Event, Speaker, event_id_of
from shared.contracts.traffic import EVENTS
from tests.contracts.stored import EXAMPLES, Example, examples

NEVER_SAID: Mapping[str, str] = {
    "State.RECEIVED": "only intake shows it; no event carries an issue without an owner",
    "Step.ASSIGN": "only intake shows it, for the same reason",
}
MAPPINGS = frozenset({"policies", "skills", "hours", "fields", "urgencies", "only", "ends"})
"""Objects whose keys are ids, words or days."""

each_example = pytest.mark.parametrize("example", examples(), ids=str)


def test_every_subject_has_an_example_and_every_example_a_subject() -> None:
    assert {example.subject for example in examples()} == set(EVENTS)


@each_example
def test_an_example_lies_where_its_type_says(example: Example) -> None:
    assert example.content["type"] == example.subject


@each_example
def test_an_example_said_again_is_the_same_message(example: Example) -> None:
    """Only the defaults of fields that are newer than the example may be added to it."""
    event = example.read()

    assert _as_far_as(example.content, _said_again(event)) == example.content


@each_example
def test_a_reader_ignores_what_a_newer_speaker_adds_anywhere(example: Example) -> None:
    newer = json.dumps(_with_more(example.content)).encode()

    event = EVENTS[example.subject].from_message(newer)

    assert _said_again(event) == _said_again(example.read())


@each_example
def test_an_event_without_a_required_field_is_refused(example: Example) -> None:
    event = EVENTS[example.subject]
    envelope = {"event_id", "cause_id", "occurred_at"}
    required = [
        name
        for name, field in event.model_fields.items()
        if field.is_required() and name not in envelope
    ]

    for name in required:
        data = {key: value for key, value in example.content["data"].items() if key != name}
        with pytest.raises(ValueError, match=name):
            event.from_message(json.dumps({**example.content, "data": data}).encode())


@each_example
def test_the_id_follows_from_subject_and_cause_for_ever(example: Example) -> None:
    cause_id = example.content["causeid"]

    derived = {event_id_of(example.subject, cause_id, nth) for nth in range(2)}

    assert example.content["id"] in derived


def test_an_event_id_is_what_it_was_when_the_first_event_was_said() -> None:
    assert event_id_of("issue.raised.v1", "submission/web/1/2", 0) == (
        "45c00b87-0b90-5c5f-ad93-fd6a2d41823c"
    )
    assert event_id_of("issue.raised.v1", "submission/web/1/2", 1) == (
        "4b623251-1f3b-5dd9-ae45-55d5224c825c"
    )
    assert event_id_of("dead.router.issue.raised.v1", "submission/web/1/2", 0) == (
        "f1a5c21c-3867-507d-b928-822b8292d39e"
    )


def test_every_word_is_said_in_some_example() -> None:
    said: dict[type[StrEnum], set[StrEnum]] = defaultdict(set)
    for example in examples():
        for word in _words(example.read()):
            said[type(word)].add(word)

    unsaid = {
        f"{words.__name__}.{word.name}"
        for words in _vocabulary()
        for word in words
        if word not in said[words]
    }

    assert unsaid == set(NEVER_SAID)


def test_a_message_keeps_the_bytes_in_which_it_was_heard() -> None:
    example = examples()[0]

    assert example.read().message == example.message


def test_no_example_is_larger_than_an_event_may_be() -> None:
    assert max(len(example.message) for example in examples()) < MAX_EVENT_BYTES


def test_an_example_that_loses_a_field_is_found() -> None:
    stored = {"data": {"summary": "x", "others": [{"person_id": "ito", "reason": "away"}]}}
    lost = {"data": {"summary": "x", "others": [{"person_id": "ito", "why": "away"}]}}
    grown = {"data": {**stored["data"], "mood": "calm"}}

    assert _as_far_as(stored, lost) != stored
    assert _as_far_as(stored, grown) == stored


def test_examples_are_laid_out_alike() -> None:
    for file in EXAMPLES.glob("*/*.json"):
        text = file.read_text(encoding="utf-8")

        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n", file


def _said_again(event: Event) -> Any:
    return json.loads(event.to_message(event.event_id, event.cause_id))


def _as_far_as(known: Any, value: Any) -> Any:
    """The value without the fields that `known` has not got."""
    if isinstance(known, dict) and isinstance(value, dict):
        return {key: _as_far_as(known[key], one) for key, one in value.items() if key in known}
    if isinstance(known, list) and isinstance(value, list) and len(known) == len(value):
        return [_as_far_as(one, other) for one, other in zip(known, value, strict=True)]
    return value


def _with_more(value: Any, *, is_mapping: bool = False) -> Any:
    """The same JSON with an unknown field in each object, save where the keys are data."""
    if isinstance(value, list):
        return [_with_more(one) for one in value]
    if not isinstance(value, dict):
        return value
    more = {key: _with_more(one, is_mapping=key in MAPPINGS) for key, one in value.items()}
    return more if is_mapping else {**more, "newerword": {"any": ["thing"]}}


def _words(value: Any) -> Iterator[StrEnum]:
    if isinstance(value, StrEnum):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _words(getattr(value, name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _words(key)
            yield from _words(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _words(one)


def _vocabulary() -> Iterator[type[StrEnum]]:
    """Every closed set of words that events are made of."""
    found = {
        kind
        for module in (intake, issue, metrics, notifier, router)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum)
    }
    yield from found - {StrEnum, Speaker}
