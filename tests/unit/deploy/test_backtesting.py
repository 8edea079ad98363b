"""A helpdesk's own event log, as `banso backtest --from-csv` reads it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from deploy.backtesting.export import Export, ExportMapping, read_export
from deploy.cli import app
from deploy.importing.found import SourceUnusable
from deploy.importing.table import read_mapping
from shared.language import words

PLAIN = """\
Case ID,Activity,Complete Timestamp,Resource
17,Created,2026-03-03 09:00,aoki
17,Assigned,2026-03-03 09:05,mori
17,In progress,2026-03-03 10:00,mori
17,Comment added,2026-03-03 11:00,kato
17,Closed,2026-03-04 09:00,System
"""
JAPANESE = """\
管理番号,日時,操作,操作者,起票者,部署
A-1,2026/3/3 9:00,受付,電話窓口,青木,
A-1,2026年3月3日 10時00分,着手,森,青木,製造部
"""


def export_of(tmp_path: Path, text: str, encoding: str = "utf-8", **mapping: object) -> Export:
    file = tmp_path / "log.csv"
    file.write_bytes(text.encode(encoding))
    return read_export(file, ExportMapping.model_validate(mapping))


def refused(tmp_path: Path, text: str, **mapping: object) -> str:
    with pytest.raises(SourceUnusable) as error:
        export_of(tmp_path, text, **mapping)
    return error.value.say(words("en"))


def test_an_event_log_as_many_tools_write_it_needs_no_mapping(tmp_path: Path) -> None:
    export = export_of(tmp_path, PLAIN, machines=["system"])

    assert export.monday == date(2026, 3, 2)
    assert [
        (e["t"] / 3600, e["kind"], e.get("person"), e.get("owner")) for e in export.events()
    ] == [
        (33, "issue_raised", "aoki", None),
        (33 + 5 / 60, "owner_assigned", None, "mori"),
        (34, "acked", "mori", "mori"),
        (35, "commented", "kato", None),
        (57, "closed", None, None),
    ]
    assert {event["raiser"] for event in export.events()} == {"aoki"}


def test_a_japanese_table_needs_none_either(tmp_path: Path) -> None:
    export = export_of(tmp_path, JAPANESE, "cp932", zone="Asia/Tokyo")

    first, second = export.events()

    assert (first["kind"], first["person"], first["raiser"]) == ("issue_raised", "電話窓口", "青木")
    assert (second["kind"], second["dept"], second["t"] - first["t"]) == ("acked", "製造部", 3600)


def test_a_mapping_names_columns_activities_and_the_zone(tmp_path: Path) -> None:
    text = (
        "Vorgang;Was;Wann;Wer;Bei\n"
        "1;angelegt;03.03.2026 09:00;aoki;\n"
        "1;weg;03.03.2026 10:00;mori;abe\n"
    )
    export = export_of(
        tmp_path,
        text,
        columns={"case": "Vorgang", "activity": "was", "time": "Wann", "person": "Wer",
                 "owner": "Bei"},
        activities={"issue_raised": ["Angelegt"], "reassigned": ["weg"]},
        zone="Europe/Berlin",
    )  # fmt: skip

    assert [(e["kind"], e["person"], e.get("owner")) for e in export.events()] == [
        ("issue_raised", "aoki", None),
        ("reassigned", "mori", "abe"),
    ]


def test_times_with_a_zone_are_brought_to_the_companys(tmp_path: Path) -> None:
    text = "case,activity,time,person\n1,created,2026-03-03T00:30:00Z,aoki\n"

    at_home = next(export_of(tmp_path, text, zone="Asia/Tokyo").events())

    assert at_home["t"] == (24 + 9.5) * 3600


def test_a_case_without_a_beginning_begins_with_its_first_row(tmp_path: Path) -> None:
    text = "case,activity,time,person\n1,accepted,2026-03-03 09:00,mori\n"

    kinds = [event["kind"] for event in export_of(tmp_path, text).events()]

    assert kinds == ["issue_raised", "acked"]


def test_rows_are_put_in_order_of_their_time(tmp_path: Path) -> None:
    header, *rows = PLAIN.splitlines()
    backwards = "\n".join([header, *reversed(rows)])

    assert list(export_of(tmp_path, backwards).events()) == list(
        export_of(tmp_path, PLAIN).events()
    )


def test_an_activity_that_is_not_known_is_left_out_and_told_or_counts_as_other(
    tmp_path: Path,
) -> None:
    text = f"{PLAIN}17,Coffee,2026-03-04 10:00,mori\n\n"

    left_out, counted = export_of(tmp_path, text), export_of(tmp_path, text, other="commented")

    assert left_out.unknown == {"Coffee": 1}
    assert (len(left_out.rows), len(counted.rows)) == (5, 6)


def test_public_holidays_become_numbers_of_days(tmp_path: Path) -> None:
    """20 March 2026 is one in Japan, a Friday, eighteen days after the Monday of the first row."""
    export = export_of(tmp_path, JAPANESE, "utf-8", holidays="JP")

    assert export.holidays()[0] == 18
    assert export_of(tmp_path, JAPANESE).holidays() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("case,activity,time,person\n1,created,soon,aoki\n", "line 2: `time` is no date"),
        ("case,activity,time,person\n1,created,,aoki\n", "line 2: the time is empty"),
        ("case,activity,time\n,created,2026-03-03\n", "line 2: the case is empty"),
        ("case,activity,person\n", "no column “time” for `time`"),
        ("case,activity,time\n1,coffee,2026-03-03\n", "There are: coffee."),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert problem in refused(tmp_path, text)


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "no column “Wann” for `time`" in refused(tmp_path, PLAIN, columns={"time": "Wann"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("columns: {when: x}", "columns.when"),
        ("activities: {shouted: [x]}", "activities.shouted"),
        ("zone: Moon", "zone: write one such as Asia/Tokyo"),
        ("a: [", "is not YAML"),
        (None, "can't be read"),
    ],
)
def test_a_mapping_that_is_none_is_refused(tmp_path: Path, text: str | None, problem: str) -> None:
    file = tmp_path / "mapping.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")

    with pytest.raises(SourceUnusable) as error:
        read_mapping(file, ExportMapping)

    assert problem in error.value.say(words("en"))


def test_the_command_says_what_it_understood_and_writes_the_figures(tmp_path: Path) -> None:
    log, mapping, out = tmp_path / "log.csv", tmp_path / "map.yaml", tmp_path / "out.jsonl"
    log.write_text(f"{PLAIN}17,Coffee,2026-03-04 10:00,mori\n", encoding="utf-8")
    mapping.write_text(yaml.safe_dump({"machines": ["System"], "holidays": "JP"}), "utf-8")
    asked = [log, "--from-csv", "--map", mapping, "--scores", out, "--language", "en"]

    result = CliRunner().invoke(app, ["backtest", *map(str, asked)])

    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert result.exit_code == 0, result.output
    assert "t counts seconds from Monday, 2026-03-02, 00:00." in result.output
    assert "Coffee (1)" in result.output
    assert [one["person"] for one in written] == ["aoki", "aoki"]


def test_a_file_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(PLAIN, encoding="utf-8")
    asked = [log, "--from-csv", "--scores", tmp_path / "nowhere" / "out", "--language", "en"]

    result = CliRunner().invoke(app, ["backtest", *map(str, asked)])

    assert result.exit_code == 2
    assert "No such file or directory" in result.output
