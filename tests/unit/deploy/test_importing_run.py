"""An import is sent in parts, goes on where it stopped, and loses nothing on the way."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.importing.found import Found, Notes
from deploy.importing.run import MOST_AT_ONCE, Import, NotTaken, Summary

Answer = Callable[[list[dict[str, Any]]], httpx.Response]


class Fake:
    """A source of so many issues; every tenth is still open."""

    system = "old"
    columns = ("id", "problem")
    meant: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, count: int, mark: str = "one") -> None:
        self._count, self._mark = count, mark
        self.notes = Notes()

    def fingerprint(self) -> str:
        return self._mark

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Found]:
        for nth in range(self._count):
            row = {"id": str(nth)}
            yield Found(row, problem="still open") if nth % 10 == 9 else Found(row, item=row)


class Api:
    """Remembers what it took."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.sent: list[list[str]] = []
        self.answer = answer or self.take
        transport = httpx.MockTransport(self._handle)
        self.client = httpx.Client(base_url="http://api.example.com", transport=transport)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        issues = json.loads(request.content)["issues"]
        self.sent.append([one["id"] for one in issues])
        return self.answer(issues)

    def take(self, issues: list[dict[str, Any]]) -> httpx.Response:
        outcomes = [{"id": one["id"], "outcome": "imported"} for one in issues]
        return httpx.Response(200, json={"issues": outcomes})


def bring_in(api: Api, file: Path, count: int = 250, mark: str = "one") -> Summary:
    waits: list[float] = []
    return Import(Fake(count, mark), api.client, file, lambda _: None, waits.append).run()


def refused(file: Path) -> dict[str, str]:
    with file.with_name(f"{file.name}.refused.csv").open(encoding="utf-8-sig") as opened:
        return {row["id"]: row["problem"] for row in csv.DictReader(opened)}


def test_every_issue_is_sent_once_in_parts_that_are_small_enough(tmp_path: Path) -> None:
    api, file = Api(), tmp_path / "old.csv"

    summary = bring_in(api, file)

    sent = [one for part in api.sent for one in part]
    assert sent == [str(nth) for nth in range(250) if nth % 10 != 9]
    assert max(map(len, api.sent)) <= MOST_AT_ONCE
    assert summary.counts == {"imported": 225}
    assert summary.refused == {"still open": 25}
    assert len(refused(file)) == 25
    assert not list(tmp_path.glob("*.import-state.json"))


def test_an_import_that_stopped_goes_on_where_it_stopped(tmp_path: Path) -> None:
    api, file = Api(), tmp_path / "old.csv"

    def second_part_fails(issues: list[dict[str, Any]]) -> httpx.Response:
        if issues[0]["id"] == "100":
            return httpx.Response(503, json={"title": "Not now", "detail": "Later."})
        outcomes = [{"id": one["id"], "outcome": "imported"} for one in issues]
        outcomes[0] |= {"outcome": "refused", "problem": "closed in the future"}
        return httpx.Response(200, json={"issues": outcomes})

    api.answer = second_part_fails
    with pytest.raises(NotTaken, match="Not now"):
        bring_in(api, file)
    api.sent.clear()
    api.answer = api.take
    summary = bring_in(api, file)

    assert api.sent[0][0] == "100"
    assert summary.counts == {"imported": 224, "refused": 1}
    assert refused(file)["0"] == "closed in the future"
    assert len(refused(file)) == 26


def test_another_file_of_the_same_name_begins_anew(tmp_path: Path) -> None:
    api, file = Api(lambda _: httpx.Response(503)), tmp_path / "old.csv"
    with pytest.raises(NotTaken):
        bring_in(api, file)
    api.answer = api.take

    summary = bring_in(api, file, mark="two")

    assert summary.counts == {"imported": 225}


def test_what_the_api_finds_faulty_is_noted_and_the_rest_sent_without_it(tmp_path: Path) -> None:
    api, file = Api(), tmp_path / "old.csv"

    def picky(issues: list[dict[str, Any]]) -> httpx.Response:
        errors = [
            {"field": f"issues.{place}.summary", "problem": "must not be empty"}
            for place, one in enumerate(issues)
            if one["id"] in ("3", "5")
        ]
        body = {"title": "Wrong", "detail": "Change it.", "errors": errors}
        return httpx.Response(422, json=body) if errors else api.take(issues)

    api.answer = picky
    summary = bring_in(api, file, count=9)

    assert summary.counts == {"imported": 7, "refused": 2}
    assert refused(file) == dict.fromkeys(("3", "5"), "summary: must not be empty")


def test_a_busy_api_is_asked_again(tmp_path: Path) -> None:
    api = Api()
    busy = iter([429, 503, 502])

    def at_last(issues: list[dict[str, Any]]) -> httpx.Response:
        status = next(busy, None)
        return httpx.Response(status) if status else api.take(issues)

    api.answer = at_last

    assert bring_in(api, tmp_path / "old.csv", count=5).counts == {"imported": 5}


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500])
def test_a_refusal_of_the_whole_stops_the_import_with_its_words(
    tmp_path: Path, status: int
) -> None:
    api = Api(lambda _: httpx.Response(status, json={"title": "No", "detail": "Ask somebody."}))

    with pytest.raises(NotTaken, match=r"No\. Ask somebody\."):
        bring_in(api, tmp_path / "old.csv", count=5)
    assert len(api.sent) == 1


def test_nothing_refused_leaves_no_list(tmp_path: Path) -> None:
    bring_in(Api(), tmp_path / "old.csv", count=5)

    assert list(tmp_path.iterdir()) == []
