"""A table of old issues: which column is what, what the dates mean, what is left out."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.importing.found import SourceUnusable
from deploy.importing.table import (
    STILL_OPEN,
    RowRefused,
    Table,
    TableMapping,
    meant,
    read_date,
    read_mapping,
)

NONE_SAID = TableMapping()

ZENDESK = ["Id", "Requester", "Requester email", "Subject", "Description", "Status", "Priority",
           "Assignee", "Created at", "Solved at", "Ticket type"]  # fmt: skip
FRESHDESK = ["Ticket ID", "Subject", "Status", "Priority", "Agent", "Created time", "Closed time",
             "Full name", "Email", "Description"]  # fmt: skip
REDMINE = ["#", "プロジェクト", "トラッカー", "ステータス", "優先度", "題名", "作成者", "担当者",
           "更新日", "作成日", "終了日", "説明"]  # fmt: skip
OTRS = ["TicketNumber", "State", "Priority", "CustomerUser", "Title", "Owner", "Queue", "Created",
        "Close Time"]  # fmt: skip
JAPANESE = ["件名", "本文", "起票日", "完了日", "起票者", "担当者", "カテゴリ"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (ZENDESK, {"reporter_email": "Requester email", "closed_at": "Solved at"}),
        (FRESHDESK, {"id": "Ticket ID", "reporter": "Full name", "owner": "Agent"}),
        (REDMINE, {"id": "#", "summary": "題名", "category": "トラッカー", "closed_at": "終了日"}),
        (OTRS, {"id": "TicketNumber", "reporter": "CustomerUser", "category": "Queue"}),
        (JAPANESE, {"summary": "件名", "description": "本文", "raised_at": "起票日"}),
        (
            ["ｓｕｂｊｅｃｔ", "CREATED_AT"],
            {"summary": "ｓｕｂｊｅｃｔ", "raised_at": "CREATED_AT"},
        ),
    ],
)
def test_the_columns_of_known_exports_are_understood(
    names: list[str], expected: dict[str, str]
) -> None:
    assert expected.items() <= meant(names, NONE_SAID).items()


def test_a_mapping_says_which_column_is_what_and_a_wrong_one_is_a_mistake() -> None:
    mapping = TableMapping(columns={"summary": "Betreff"})

    assert meant(["Betreff", "subject"], mapping)["summary"] == "Betreff"
    with pytest.raises(SourceUnusable, match="Betreff"):
        meant(["subject"], mapping)
    with pytest.raises(SourceUnusable, match="summary"):
        meant(["a", "b"], NONE_SAID)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2025-11-25", "2025-11-25"),
        ("2025/11/25", "2025-11-25"),
        ("20251125", "2025-11-25"),
        ("2025年11月25日", "2025-11-25"),
        ("２０２５／１１／２５", "2025-11-25"),
        ("2025/11/25 9:10", "2025-11-25T09:10:00"),
        ("2025/11/25(火) 9:10", "2025-11-25T09:10:00"),
        ("2025年11月25日 9時10分", "2025-11-25T09:10:00"),
        ("2025-11-25 09:10:11", "2025-11-25T09:10:11"),
        ("2025-11-25T09:10:11Z", "2025-11-25T09:10:11+00:00"),
        ("2025-11-25T09:10:11.123+09:00", "2025-11-25T09:10:11+09:00"),
        ("2025-11-25 09:10:11 UTC", "2025-11-25T09:10:11+00:00"),
        ("2025-11-25 09:10 +0900", "2025-11-25T09:10:00+09:00"),
        ("25.11.2025 09:10", "2025-11-25T09:10:00"),
        ("11/25/2025 9:10 PM", "2025-11-25T21:10:00"),
        ("11/25/2025 12:10 AM", "2025-11-25T00:10:00"),
        ("25/11/2025", "2025-11-25"),
        ("45986", "2025-11-25"),
        ("45986.3819444444", "2025-11-25T09:10:00"),
        ("Tue, 25 Nov 2025 09:10:00 +0900", "2025-11-25T09:10:00+09:00"),
        ("  ", None),
    ],
)
def test_dates_are_read_as_they_are_written(written: str, read: str | None) -> None:
    assert read_date(written, NONE_SAID, "raised_at") == read


@pytest.mark.parametrize("written", ["11/12/2025", "2025-02-30", "yesterday", "99999.5.1", "1"])
def test_a_date_that_may_mean_two_days_or_none_is_refused(written: str) -> None:
    with pytest.raises(RowRefused, match="raised_at"):
        read_date(written, NONE_SAID, "raised_at")


def test_a_mapping_says_how_dates_are_written_and_where() -> None:
    mapping = TableMapping(dates=("%d/%m/%Y", "%d/%m/%Y %H:%M"), zone="Asia/Tokyo")

    assert read_date("11/12/2025", mapping, "raised_at") == "2025-12-11"
    assert read_date("11/12/2025 09:10", mapping, "raised_at") == "2025-12-11T09:10:00+09:00"


# --- whole tables


def write(path: Path, rows: list[list[str]], encoding: str = "utf-8", **options: Any) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, **options).writerows(rows)
    return path


ROWS = [
    JAPANESE,
    ["電源①が入らない", "朝から\nです", "2025/11/25 9:10", "2025/11/26", "佐藤 健", "森", "故障"],
    ["まだ", "本文", "2025/11/25", "", "佐藤 健", "", ""],
    ["", "", "2025/11/25", "2025/11/26", "佐藤 健", "", ""],
    ["日付なし", "本文", "", "2025/11/26", "佐藤 健", "", ""],
    ["だれ", "本文", "2025/11/25", "2025/11/26", "", "", ""],
    ["", "", "", "", "", "", ""],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_in_whatever_encoding_and_with_whatever_between_the_cells(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    table = Table(write(tmp_path / "old.csv", ROWS, encoding, delimiter=delimiter), NONE_SAID)

    found = list(table)

    assert len(table) == len(found) == 5
    item = found[0].item
    assert item is not None
    assert item["summary"] == "電源①が入らない"
    assert item["description"] == "朝から\nです"
    assert item["reporter"] == {"name": "佐藤 健"}
    assert item["raised_at"] == "2025-11-25T09:10:00"
    assert item["closed_at"] == "2025-11-26"
    assert found[1].problem == STILL_OPEN
    assert all(one.problem for one in found[2:])


def only(tmp_path: Path, mapping: TableMapping = NONE_SAID, **cells: str) -> Any:
    told = {"subject": "It is dead", "email": "a@c.example", "created": "2025-11-25", **cells}
    path = write(tmp_path / "one.csv", [list(told), list(told.values())])
    (found,) = Table(path, mapping)
    return found.item or found.problem


@pytest.mark.parametrize("status", ["Closed", "closed successful", "解決済み", "対応済", "完了"])
def test_what_is_over_by_its_state_closed_when_it_was_last_changed(
    tmp_path: Path, status: str
) -> None:
    assert only(tmp_path, status=status)["closed_at"] == "2025-11-25"
    assert only(tmp_path, status=status, updated="2025-11-27")["closed_at"] == "2025-11-27"


@pytest.mark.parametrize("status", ["open", "新規", "対応中", "pending reminder"])
def test_what_is_still_open_is_not_brought_in(tmp_path: Path, status: str) -> None:
    assert only(tmp_path, status=status, closed="2025-11-26") == STILL_OPEN


def test_the_mapping_knows_more_words(tmp_path: Path) -> None:
    mapping = TableMapping(closed=("erledigt",), urgencies={"Sofort": "high"})

    item = only(tmp_path, mapping, status="Erledigt", priority="sofort")

    assert item["urgency"] == "high"


@pytest.mark.parametrize(
    ("name", "address", "reporter"),
    [
        ("Yuki", "yuki@c.example", {"name": "Yuki", "email": "yuki@c.example"}),
        ("Yuki <yuki@c.example>", "", {"name": "Yuki", "email": "yuki@c.example"}),
        ("", "yuki@c.example", {"email": "yuki@c.example"}),
        ("yuki@c.example", "", {"email": "yuki@c.example"}),
        ("Yuki", "", {"name": "Yuki"}),
    ],
)
def test_a_reporter_is_read_from_either_column(
    tmp_path: Path, name: str, address: str, reporter: dict[str, str]
) -> None:
    item = only(tmp_path, author=name, email=address, status="closed")

    assert item["reporter"] == reporter


def test_an_answer_is_the_last_word_of_the_owner(tmp_path: Path) -> None:
    item = only(tmp_path, status="closed", closed="2025-11-26", owner="Mio", resolution="Replaced.")

    assert item["remarks"] == [{"at": "2025-11-26", "author": {"name": "Mio"}, "text": "Replaced."}]


def test_a_row_without_an_id_is_named_by_its_content(tmp_path: Path) -> None:
    first = only(tmp_path, status="closed")
    again = only(tmp_path, status="closed")
    other = only(tmp_path, status="closed", subject="Other")

    assert first["id"] == again["id"] != other["id"]


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("zendesk.csv", "zendesk"),
        ("Zendesk 2025.csv", r"zendesk-2025-[0-9a-f]{8}"),
        ("問い合わせ.csv", r"csv-[0-9a-f]{8}"),
        (f"{'x' * 80}.csv", r"x{30}-[0-9a-f]{8}"),
    ],
)
def test_ids_count_within_the_file_or_the_system_that_the_mapping_names(
    tmp_path: Path, name: str, system: str
) -> None:
    path = write(tmp_path / name, ROWS)

    assert re.fullmatch(system, Table(path, NONE_SAID).system)
    assert Table(path, TableMapping(system="old-desk")).system == "old-desk"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("columns: {subject: x}", "columns"),
        ("zone: Mars/Olympus", "Asia/Tokyo"),
        ("[", "not YAML"),
        ("nonsense: 1", "nonsense"),
    ],
)
def test_a_mapping_with_a_mistake_says_where(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(text)

    with pytest.raises(SourceUnusable, match=words):
        read_mapping(file, TableMapping)


def test_bytes_that_are_no_text_are_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes(b"subject,created\n\x81\xff\xfe,2025\n")

    with pytest.raises(SourceUnusable, match="encoding"):
        Table(tmp_path / "old.csv", NONE_SAID)
