"""A published event gains optional fields only."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from shared.contracts.intake import IssueRaised
from shared.contracts.traffic import EVENTS
from tests.contracts import write
from tests.contracts.compatibility import Schema, breaks, schema_of
from tests.contracts.fits import misfits
from tests.contracts.stored import Example, examples
from tests.contracts.write import SCHEMAS, broken, stored

Change = Callable[[Schema], object]

REGENERATE = "run `python -m tests.contracts.write` and commit what it writes"


def test_no_published_event_has_changed_so_that_others_can_not_read_it() -> None:
    assert list(broken()) == []


def test_every_event_has_a_stored_schema_and_every_stored_schema_an_event() -> None:
    assert {file.stem for file in SCHEMAS.glob("*.json")} == set(EVENTS), REGENERATE


@pytest.mark.parametrize("subject", EVENTS)
def test_the_stored_schema_is_the_newest(subject: str) -> None:
    assert stored(subject) == schema_of(EVENTS[subject]), REGENERATE


@pytest.mark.parametrize("example", examples(), ids=str)
def test_an_example_fits_the_stored_schema(example: Example) -> None:
    schema = stored(example.subject)

    assert schema is not None
    assert list(misfits(example.content, schema)) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: data["properties"].pop("customer"), "customer is gone"),
        (lambda data: _rename(data, "customer", "client"), "customer is gone"),
        (lambda data: data["required"].append("customer"), "customer has become required"),
        (lambda data: _add(data, "mood", required=True), "mood has become required"),
        (lambda data: data["required"].remove("summary"), "summary may be missing"),
        (lambda data: _field(data, "source")["enum"].remove("api"), "source can't be 'api'"),
        (lambda data: _field(data, "summary").update(type="integer"), "summary: type was"),
        (lambda data: _field(data, "summary").update(maxLength=100), "summary: maxLength was"),
        (lambda data: _field(data, "summary").update(pattern="^A"), "summary: pattern was"),
        (lambda data: _field(data, "urgency")["anyOf"].pop(), "urgency: anyOf was"),
        (lambda data: _field(data, "urgency")["anyOf"][0]["enum"].pop(), "urgency can't be"),
        (lambda data: _field(data, "addressed_to")["items"].update(type="null"), "addressed_to[]"),
        (lambda data: _field(data, "customer").update(default="us"), "customer: default was"),
    ],
)
def test_a_breaking_change_is_found(change: Change, complaint: str) -> None:
    old = schema_of(IssueRaised)
    new = deepcopy(old)

    change(new["properties"]["data"])

    [found] = breaks(old, new)
    assert complaint in found


@pytest.mark.parametrize(
    "change",
    [
        lambda data: _add(data, "mood"),
        lambda data: _field(data, "source")["enum"].append("chat"),
    ],
)
def test_an_optional_field_or_a_further_word_breaks_nothing(change: Change) -> None:
    old = schema_of(IssueRaised)
    new = deepcopy(old)

    change(new["properties"]["data"])

    assert new != old
    assert list(breaks(old, new)) == []


def test_what_breaks_others_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "SCHEMAS", tmp_path)
    published = schema_of(IssueRaised)
    _add(published["properties"]["data"], "mood")
    file = tmp_path / "issue.raised.v1.json"
    file.write_text(json.dumps(published))

    with pytest.raises(SystemExit, match="mood is gone"):
        write.main()

    assert json.loads(file.read_text()) == published
    assert list(tmp_path.iterdir()) == [file]


def test_a_misfit_is_found() -> None:
    example = next(one for one in examples() if one.subject == "issue.raised.v1")
    schema = schema_of(IssueRaised)

    data = {**example.content["data"], "summary": "x" * 201, "source": "pigeon", "reporter_id": 7}
    wrong = {**example.content, "data": data, "id": "not a uuid"}
    del wrong["time"]

    assert sorted(place for place, _ in misfits(wrong, schema)) == [
        "message",
        "message.data.reporter_id",
        "message.data.source",
        "message.data.summary",
        "message.id",
    ]


def _field(data: Schema, name: str) -> Schema:
    field: Schema = data["properties"][name]
    return field


def _add(data: Schema, name: str, *, required: bool = False) -> None:
    data["properties"][name] = {"type": "string"}
    if required:
        data["required"].append(name)


def _rename(data: Schema, old: str, new: str) -> None:
    data["properties"][new] = data["properties"].pop(old)
