"""The boards that are committed are those of the code, and each panel says what it is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from deploy.grafana.boards import BOARDS, FILES, ROOM
from deploy.grafana.bring import bring
from deploy.grafana.panels import Panel

SCHEMA = Path(__file__).parents[2] / "grafana/dashboard.schema.json"
every_file = pytest.mark.parametrize(
    "file", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
every_panel = pytest.mark.parametrize(
    "panel",
    [panel for board in BOARDS for panel in board.panels],
    ids=lambda panel: panel.question.en,
)


def schema() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(SCHEMA.read_text("utf-8")))


@every_file
def test_what_is_committed_is_what_the_code_makes(file: Path) -> None:
    """Otherwise: `python -m deploy.grafana`."""
    assert file.read_text("utf-8") == FILES[file]


def test_there_are_no_other_boards() -> None:
    assert set(ROOM.glob("*/*.json")) == set(FILES)


@every_file
def test_every_board_is_valid_for_grafanas_own_schema(file: Path) -> None:
    errors = schema().iter_errors(json.loads(FILES[file]))

    assert [(error.instance_path, error.message) for error in errors] == []


def test_the_schema_refuses_what_grafana_does_not_know() -> None:
    board = json.loads(next(iter(FILES.values())))
    board["panels"][0]["gridPos"]["x"] = "left"

    assert not schema().is_valid(board)
    assert not schema().is_valid({**board, "graphTooltip": 9})


@every_panel
def test_every_panel_is_a_question_that_it_answers(panel: Panel) -> None:
    assert panel.question.en.endswith("?")
    assert panel.question.ja.endswith("か")
    for words in (panel.answers, panel.limits.because, panel.empty):
        assert words.en.endswith((".", "?"))
        assert words.ja.endswith("。")


@every_panel
def test_no_panel_asks_about_a_person_an_issue_or_a_customer(panel: Panel) -> None:
    for query in panel.queries:
        assert "banso_person" not in query.expr
        assert not re.search(r"\b(person|owner|carrier|issue|customer|name)\b", query.expr)


@every_file
def test_no_two_panels_overlap(file: Path) -> None:
    places = [place for panel in json.loads(FILES[file])["panels"] for place in _cells(panel)]

    assert len(places) == len(set(places))


def _cells(panel: dict[str, Any]) -> Iterator[tuple[int, int]]:
    at = panel["gridPos"]
    for x in range(at["x"], at["x"] + at["w"]):
        for y in range(at["y"], at["y"] + at["h"]):
            yield x, y


def test_boards_are_brought_into_one_folder_and_again_over_those_that_are_there() -> None:
    heard: list[tuple[str, Any]] = []

    def grafana(request: httpx.Request) -> httpx.Response:
        content = json.loads(request.content)
        heard.append((request.url.path, content))
        if request.url.path == "/api/folders":
            return httpx.Response(412, json={"message": "the folder has been changed"})
        return httpx.Response(200, json={"url": f"/d/{content['dashboard']['uid']}/x"})

    transport = httpx.MockTransport(grafana)
    with httpx.Client(base_url="http://grafana.test", transport=transport) as client:
        places = list(bring(client, "ja"))

    assert places == [f"http://grafana.test/d/{uid}-ja/x" for uid in sorted(b.uid for b in BOARDS)]
    assert all(said["overwrite"] and said["folderUid"] == "banso" for _, said in heard[1:])


def test_a_grafana_that_refuses_is_no_success() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401))
    with (
        httpx.Client(base_url="http://grafana.test", transport=transport) as client,
        pytest.raises(httpx.HTTPStatusError, match="401"),
    ):
        list(bring(client, "en"))
