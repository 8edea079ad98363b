"""`banso evaluate-routing` on tables as companies have them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.evaluating.history import Rows, find_columns, read
from deploy.importing.found import SourceUnusable
from tests.unit.router.suggestion.tickets import ENGLISH, JAPANESE, tickets

KEYS = {
    "rows", "classes", "top1", "top3", "baseline_top1", "baseline_top3", "calibration_error",
    "answered_at_90", "seconds",
}  # fmt: skip


LABEL = ("--label", "label")
ALL = ("--text", "text", *LABEL, "--time", "text")
ALL_DIFFERENT = [[f"text {nth}", f"{nth}"] for nth in range(40)]


@pytest.fixture(autouse=True)
def _by_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.router.suggestion.meaning.is_installed", lambda: False)


def write(
    file: Path, names: Sequence[str], rows: Sequence[Sequence[str]], encoding: str = "utf-8"
) -> Path:
    with file.open("w", encoding=encoding, newline="") as opened:
        lines = csv.writer(opened)
        lines.writerow(names)
        lines.writerows(rows)
    return file


def evaluate(*words: str, code: int = 0, lang: str = "en_GB.UTF-8") -> Any:
    session = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": lang}
    done = CliRunner().invoke(app, ["evaluate-routing", *words], env=session)
    assert done.exit_code == code, done.output
    return done


def test_english_tickets_with_subject_body_and_time(tmp_path: Path) -> None:
    rows = [
        [
            str(nth),
            f"2026-{1 + nth % 12:02}-03 10:{nth % 60:02}",
            text,
            f'Hi,\n"{text}"',
            label,
            "p3",
        ]
        for nth, (text, label) in enumerate(tickets(120, ENGLISH))
    ]
    names = ["Ticket ID", "Created At", "Subject", "Description", "Department", "Priority"]
    file = write(tmp_path / "en.csv", names, rows)

    said = json.loads(evaluate(str(file), "--json").stdout)

    assert said.keys() >= KEYS
    assert said["columns"] == {
        "text": ["Subject", "Description"],
        "label": "Department",
        "time": "Created At",
    }
    assert said["guessed"] == ["text", "label", "time"]
    assert (said["rows"], said["classes"], said["split"]) == (120, 3, "time")
    assert said["top1"] > 0.9
    assert "sampled" not in said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_japanese_tickets_in_any_encoding_and_in_the_order_of_the_file(
    tmp_path: Path, encoding: str
) -> None:
    rows = [[text, label] for text, label in tickets(60, JAPANESE)]
    file = write(tmp_path / "ja.csv", ["お問い合わせ内容", "担当部署"], rows, encoding)

    columns = find_columns(Rows(file))
    found = read(Rows(file), columns)

    assert (columns.text, columns.label, columns.time) == (("お問い合わせ内容",), "担当部署", None)
    assert list(zip(found.texts, found.labels, strict=True)) == tickets(60, JAPANESE)


def test_a_table_of_japanese_tickets_is_said_for_people(tmp_path: Path) -> None:
    rows = [[text, label] for text, label in tickets(80, JAPANESE)]
    file = write(tmp_path / "ja.csv", ["本文", "分類"], rows, "cp932")

    done = evaluate(str(file))

    assert "First guess right" in done.stdout
    assert "none, so the order of the file counts" in " ".join(done.stderr.split())
    assert "text = 本文 (guessed)" in done.stderr


def test_newer_tickets_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    made = tickets(120)
    older = write(tmp_path / "a.csv", ["text", "label"], made[:100])
    newer = write(
        tmp_path / "b.csv", ["label", "text"], [(label, text) for text, label in made[100:]]
    )

    said = json.loads(evaluate(str(older), "--test", str(newer), "--json").stdout)

    assert (said["rows"], said["trained"], said["tested"]) == (120, 100, 20)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (("03/25/2026", "01/02/2026", "12/31/2025"), "cba"),
        (("25/03/2026 10:00", "01/02/2026 09:00", "31/12/2025 23:59"), "cba"),
        (("2026年3月25日", "2026年2月1日", "2025年12月31日"), "cba"),
        (("1774400000", "1770000000", "1767000000"), "cba"),
        (("2026-03-25T10:00:00+09:00", "2026-03-25T00:30:00Z", "2026-03-24"), "cba"),
        (("2026-03-25", "", "2026-03-24"), "cab"),
    ],
)
def test_the_oldest_comes_first_however_times_are_written(
    tmp_path: Path, times: Sequence[str], expected: str
) -> None:
    rows = [[time, name, "x"] for time, name in zip(times, "abc", strict=True)]
    file = write(tmp_path / "t.csv", ["when", "text", "label"], rows)
    columns = find_columns(Rows(file), ["text"], "label", "when")

    assert "".join(read(Rows(file), columns).texts) == expected


def test_rows_without_text_or_label_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [["a", "x"], ["", "x"], ["b", ""], ["c", " y  z "], ["d"]]
    file = write(tmp_path / "t.csv", ["text", "label"], rows)

    found = read(Rows(file), find_columns(Rows(file), ["text"], "label"))

    assert (found.texts, found.labels) == (["a", "c"], ["x", "y z"])
    assert (found.without_text, found.without_label) == (1, 2)


def test_what_nobody_knows_when_it_comes_in_is_no_text(tmp_path: Path) -> None:
    rows = [
        [text, f"{label} {text} and more of it, much more", label] for text, label in tickets(60)
    ]
    file = write(tmp_path / "t.csv", ["body", "answer", "queue"], rows)

    assert find_columns(Rows(file)).text == ("body",)


def test_columns_of_any_name_are_known_by_what_stands_in_them(tmp_path: Path) -> None:
    rows = [
        [str(10_000 + nth), text, label, f"2026-01-{1 + nth % 28:02}", "en"]
        for nth, (text, label) in enumerate(tickets(90))
    ]
    file = write(tmp_path / "t.csv", ["a", "b", "c", "d", "e"], rows)

    columns = find_columns(Rows(file))

    assert (columns.text, columns.label, columns.time) == (("b",), "c", "d")


def test_a_huge_field_is_read(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", ["text", "label"], [["word " * 200_000, "x"], ["b", "y"]])

    assert len(read(Rows(file), find_columns(Rows(file), ["text"], "label")).texts[0]) > 900_000


@pytest.mark.parametrize(
    ("rows", "options", "says"),
    [
        ([], (), "has no rows"),
        ([["a", "x"], ["b", "y"]] * 4, (), "at least 20 are needed"),
        ([["a", "x"]] * 40, LABEL, "nothing to tell apart"),
        (ALL_DIFFERENT, LABEL, "hardly ever comes twice"),
        (ALL_DIFFERENT, (), "No column looks like a label"),
        ([["a", "x"]] * 40, ("--label", "team"), "no column “team”. There are: text, label"),
        ([["a", "x"]] * 40, ("--text", "label", "--label", "label"), "can't be text and label"),
        ([["a", "x"], ["b", "y"]] * 40, ALL, "no time that can be read"),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_refused_with_what_to_do(
    tmp_path: Path, rows: list[list[str]], options: Sequence[str], says: str
) -> None:
    file = write(tmp_path / "t.csv", ["text", "label"], rows)

    done = evaluate(str(file), *options, code=2)

    assert says in " ".join(done.stderr.split())
    by_option = evaluate(str(file), *options, "--language", "ja", code=2).stderr
    by_session = evaluate(str(file), *options, code=2, lang="ja_JP.UTF-8").stderr
    assert by_option == by_session
    assert re.search("(?:ありません|必要です|学べません|使えません|読めません)", by_option)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    file = str(tmp_path / "none.csv")

    assert f"{file} can't be read: " in evaluate(file, code=2).stderr
    assert f"{file} を読めません" in evaluate(file, "--language", "ja", code=2).stderr


def test_the_report_is_in_japanese_too(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", ["text", "label"], tickets(60, JAPANESE))

    done = evaluate(str(file), "--language", "ja")

    assert "60件、ラベルは3種類。古い48件で学び、新しい12件で試しました。" in done.stdout
    assert "第一候補が当たり" in done.stdout
    assert not re.search("[a-z]{4,} [a-z]{3,} [a-z]{3,}", done.stdout)
    assert "本文" in done.stderr or "列：text = text（推測）" in done.stderr


def test_a_test_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    older = write(tmp_path / "a.csv", ["text", "label"], tickets(60))
    newer = write(tmp_path / "b.csv", ["text", "label"], [["", ""], ["x", ""]])

    with pytest.raises(SourceUnusable):
        Rows(newer).named("queue")
    done = evaluate(str(older), "--test", str(newer), code=2)
    assert "both text and label" in done.stderr
