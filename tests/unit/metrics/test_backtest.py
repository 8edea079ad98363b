from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.metrics.backtest import LineUnusable, MetaUnusable, scores
from services.metrics.backtest.events import WITHIN_A_MOMENT
from services.metrics.facts import Kind
from tests.unit.metrics.histories import DATE_S, at, working

ASKED = [
    {"t": at(0), "kind": "issue_raised", "issue": "I", "person": "aoki", "raiser": "aoki",
     "dept": "sales", "severity": 2, "id": "1"},
    {"t": at(0), "kind": "owner_assigned", "issue": "I", "owner": "mori", "dept": "production",
     "id": "2"},
]  # fmt: skip
META = {
    "people": {
        "aoki": {"dept": "sales", "role": "carrier"},
        "baba": {"dept": "sales", "role": "carrier"},
        "mori": {"dept": "production", "role": "owner"},
        "sato": {"dept": "production", "role": "manager"},
    },
    "holidays": [1],
    "workdays": [0, 1, 2, 3, 4],
    "work_start_hour": 9,
    "work_end_hour": 17,
    "horizon": 5 * DATE_S,
}


def tick(t: float) -> dict[str, Any]:
    return {"t": t, "kind": "tick"}


def write(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    return path


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["backtest", *map(str, words), "--language", "en"])
    return result.exit_code, result.output


def test_at_each_tick_every_known_carrier_has_a_score_and_nobody_else() -> None:
    told = [tick(at(0, 8)), *ASKED, tick(at(0, 17)), tick(at(2, 17))]

    found = [(one.t, one.person, round(one.score, 6)) for one in scores(told, META)]

    # Tuesday is a holiday.
    assert found == [
        (at(0, 8), "aoki", 0.05),
        (at(0, 8), "baba", 0.05),
        (at(0, 17), "aoki", 0.083598),
        (at(0, 17), "baba", 0.05),
        (at(2, 17), "aoki", 0.136527),
        (at(2, 17), "baba", 0.05),
    ]


def test_without_anything_known_carriers_are_those_who_raise() -> None:
    told = [tick(at(0, 8)), {**ASKED[0], "t": at(0)}, tick(at(1, 17))]

    assert [(one.person, round(one.score, 6)) for one in scores(told)] == [("aoki", 0.136527)]


def test_the_team_is_the_owners_and_not_the_department_beside_the_event() -> None:
    """Or else what production takes would be learned of sales."""
    slow = [
        event
        for nth in range(20)
        for event in (
            {"t": at(0), "kind": "issue_raised", "issue": f"S{nth}", "raiser": "baba"},
            {"t": at(0), "kind": "owner_assigned", "issue": f"S{nth}", "owner": "mori"},
            {"t": at(3), "kind": "acked", "issue": f"S{nth}", "person": "mori", "dept": "sales"},
        )
    ]
    told = sorted([*slow, *[{**one, "t": at(3)} for one in ASKED]], key=lambda one: one["t"])

    with_meta = next(iter(scores([*told, tick(at(3, 17))], META)))

    # Two working days twenty times beside the promise of one: 1.5 of them.
    assert with_meta.score == pytest.approx(1 / (1 + 19 * 2.718281828 ** (-0.55 / 1.49)), abs=1e-3)


def test_events_out_of_order_are_put_in_order_and_repeated_ones_count_once() -> None:
    told = [*ASKED, tick(at(0, 17)), tick(at(2, 17))]
    mixed = [told[2], told[1], told[0], told[3], told[1], told[0]]

    assert list(scores(mixed, META)) == list(scores([told[0], told[1], *told[2:]], META))


def test_a_shuffled_file_gives_the_same() -> None:
    """Also where things happened in one moment."""
    moment = at(1)
    told = [
        *ASKED,
        {"t": moment, "kind": "declined", "issue": "I", "person": "mori", "id": "9"},
        {"t": moment, "kind": "owner_assigned", "issue": "I", "owner": "kato", "id": "10"},
        {"t": moment, "kind": "acked", "issue": "I", "person": "kato", "id": "11"},
        {"t": at(2), "kind": "resolved", "issue": "I", "person": "kato", "id": "12"},
        {"t": at(2), "kind": "tick", "id": "13"},
        {"t": at(3), "kind": "tick", "id": "14"},
    ]
    expected = list(scores(told, META))

    for seed in range(20):
        shuffled = random.Random(seed).sample(told, len(told))
        assert list(scores(shuffled, META)) == expected


def test_everything_has_its_place_within_a_moment() -> None:
    assert set(WITHIN_A_MOMENT) == set(Kind)


@pytest.mark.parametrize("severity", ["high", 2.5, None, 3])
def test_whatever_the_severity_is_the_score_is_the_same(severity: object) -> None:
    told = [{**ASKED[0], "severity": severity}, tick(at(0, 17))]

    assert round(next(iter(scores(told))).score, 6) == 0.083598


def test_what_was_before_the_first_monday_waits_from_there_on() -> None:
    told = [{**ASKED[0], "t": -DATE_S}, tick(at(0, 17))]

    assert round(next(iter(scores(told))).score, 6) == 0.083598


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "acked", "person": "mori"},
        {"kind": "commented", "person": "a stranger"},
        {"kind": "reassigned", "person": "mori"},
        {"kind": "declined", "person": "mori"},
        {"kind": "reopened", "person": "aoki"},
        {"kind": "resolved", "person": "mori", "raiser": "aoki"},
        {"kind": "commented", "person": "mori", "raiser": "aoki", "owner": "aoki"},
        {"kind": "companion_assigned", "person": "sato", "raiser": "aoki"},
        {"kind": "escalated", "owner": "sato"},
        {"kind": "issue_raised", "person": "aoki", "owner": "aoki"},
        {"kind": "closed"},
    ],
)
def test_what_real_logs_hold_is_taken_as_it_comes(odd: dict[str, Any]) -> None:
    """Before its beginning, twice in the middle and after its end."""
    odd = {"issue": "I", **odd}
    told = [
        {"t": at(0, 8), **odd},
        *ASKED,
        {"t": at(1), **odd},
        {"t": at(2), **odd},
        {"t": at(2), "kind": "resolved", "issue": "I", "person": "mori"},
        {"t": at(3), **odd},
        tick(at(4)),
    ]

    found = list(scores(told, META))

    assert [one.person for one in found] == ["aoki", "baba"]
    assert all(0.0005 <= one.score <= 0.9995 for one in found)


def test_absences_companions_and_joiners_need_no_issue() -> None:
    told = [
        {"t": at(0, 8), "kind": "person_joined", "person": "chiba", "dept": "sales"},
        *ASKED,
        {"t": at(0), "kind": "absence_started", "person": "mori"},
        {"t": at(0, 12), "kind": "companion_assigned", "person": "sato", "raiser": "aoki"},
        tick(at(0, 17)),
        {"t": at(1), "kind": "absence_ended", "person": "mori"},
        tick(at(2, 17)),
    ]

    found = {(one.t, one.person): round(one.score, 6) for one in scores(told, META)}

    assert found[at(0, 17), "aoki"] == 0.05
    assert found[at(2, 17), "aoki"] == 0.083598
    assert {person for _, person in found} == {"aoki", "baba"}


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"kind": "tick"}, "missing required field `t`"),
        ({"t": "monday", "kind": "tick"}, "`$.t`"),
        ({"t": float("nan"), "kind": "tick"}, "t is nan"),
        ({"t": 1e13, "kind": "tick"}, "t is 10000000000000.0"),
        ({"t": 0, "kind": "shouted", "issue": "I"}, "Invalid enum value 'shouted'"),
        ({"t": 0, "kind": "acked", "person": "mori"}, "acked names no issue"),
        ({"t": 0, "kind": "absence_started"}, "absence_started names no person"),
        ({"t": 0, "kind": "acked", "issue": ["I"]}, "`$.issue`"),
    ],
)
def test_what_is_no_event_is_refused_with_its_line(event: dict[str, Any], problem: str) -> None:
    with pytest.raises(LineUnusable) as refused:
        list(scores([*ASKED, event], META))

    assert refused.value.line == 3
    assert problem in refused.value.problem


@pytest.mark.parametrize(
    "told",
    [
        {"workdays": [7]},
        {"workdays": []},
        {"work_start_hour": 17, "work_end_hour": 9},
        {"people": ["aoki"]},
        {"holidays": "none"},
    ],
)
def test_what_can_be_no_calendar_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(MetaUnusable):
        list(scores(ASKED, told))


def test_numbers_are_names_too() -> None:
    told = [{"t": at(0), "kind": "issue_raised", "issue": 7, "raiser": 3, "id": 1}, tick(at(0, 17))]

    assert [one.person for one in scores(told)] == ["3"]


def test_the_command_writes_a_line_for_each_tick_and_carrier(tmp_path: Path) -> None:
    events = write(tmp_path / "events.jsonl", [*ASKED, ASKED[1], tick(86400)])
    events.write_text(events.read_text() + "\n", encoding="utf-8")
    meta, out = tmp_path / "meta.json", tmp_path / "out.jsonl"
    meta.write_text(json.dumps(META), encoding="utf-8")

    code, said = run(events, "--meta", meta, "--scores", out)

    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert code == 0
    assert "Events: 3. Carriers: 2." in said
    assert "Twice in the file, and counted once: 1." in said
    assert written == [
        {"t": 86400, "person": "aoki", "score": pytest.approx(0.083598, abs=1e-6)},
        {"t": 86400, "person": "baba", "score": 0.05},
    ]


def test_without_ticks_the_figures_are_taken_after_each_working_day(tmp_path: Path) -> None:
    events = write(tmp_path / "events.jsonl", ASKED)
    meta, out = tmp_path / "meta.json", tmp_path / "out.jsonl"
    meta.write_text(json.dumps(META), encoding="utf-8")

    run(events, "--meta", meta, "--scores", out)

    days = {json.loads(line)["t"] / DATE_S for line in out.read_text().splitlines()}
    assert days == {1, 3, 4, 5}


def test_the_command_refuses_before_it_writes_anything(tmp_path: Path) -> None:
    events, out = tmp_path / "events.jsonl", tmp_path / "out.jsonl"
    events.write_text(f"{json.dumps(ASKED[0])}\n{{half a line\n", encoding="utf-8")

    code, said = run(events, "--scores", out)

    assert code == 2
    assert f"{events}, line 2: JSON is malformed" in said
    assert not out.exists()


@pytest.mark.parametrize("missing", ["events", "meta"])
def test_a_file_that_is_not_there_is_said(tmp_path: Path, missing: str) -> None:
    events = write(tmp_path / "events.jsonl", ASKED)
    meta = tmp_path / "meta.json"
    meta.write_text("{}", encoding="utf-8")
    (tmp_path / ("events.jsonl" if missing == "events" else "meta.json")).unlink()

    code, said = run(events, "--meta", meta, "--scores", tmp_path / "out.jsonl")

    assert code == 2
    assert "can't be read: No such file or directory" in said


def test_a_meta_that_is_no_json_and_a_map_without_a_table_are_refused(tmp_path: Path) -> None:
    events = write(tmp_path / "events.jsonl", ASKED)
    meta = tmp_path / "meta.json"
    meta.write_text("people:", encoding="utf-8")

    code, said = run(events, "--meta", meta, "--scores", tmp_path / "out.jsonl")
    other, why = run(events, "--map", meta, "--scores", tmp_path / "out.jsonl")

    assert (code, other) == (2, 2)
    assert "meta.json can't be read" in said
    assert "--from-csv" in why


def test_what_names_no_carrier_is_counted(tmp_path: Path) -> None:
    stray = {"t": working(1), "kind": "acked", "issue": "X", "person": "mori"}
    events = write(tmp_path / "events.jsonl", [*ASKED, stray])

    _, said = run(events, "--scores", tmp_path / "out.jsonl")

    assert "nothing says whose issue it is: 1." in said
