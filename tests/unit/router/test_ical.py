"""What in somebody's calendar means that they are away."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router import ical
from services.router.ical import MOST_SPANS, Read, Unreadable, main, read
from tests.unit import build

CORPUS = Path(__file__).parents[2] / "calendars"
TOKYO = ZoneInfo("Asia/Tokyo")
START, END = build.at("2026-06-01 09:00"), build.at("2027-06-01 09:00")


def read_text(text: str, zone: ZoneInfo = TOKYO) -> Read:
    return read(text, zone, START, END)


def in_corpus(name: str) -> list[tuple[str, str]]:
    """Start and end of each absence, by the clock on the wall in Tokyo."""
    found = read_text((CORPUS / f"{name}.ics").read_text()).found
    return [(wall(one.starts_at), wall(one.ends_at)) for one in found]


def wall(at: datetime) -> str:
    return f"{at.astimezone(TOKYO):%m-%d %H:%M}"


def entry(**said: str) -> str:
    """A calendar with one whole day."""
    usual = {"UID": "one", "DTSTART;VALUE=DATE": "20260602", "SUMMARY": "Something"}
    lines = [f"{name.replace('__', ';')}:{value}" for name, value in (usual | said).items()]
    return calendar("BEGIN:VEVENT", *lines, "END:VEVENT")


def calendar(*lines: str) -> str:
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""))


def test_outlooks_out_of_office_is_an_absence_and_meetings_are_none() -> None:
    assert in_corpus("outlook") == [("06-02 13:00", "06-02 18:00")]


def test_googles_whole_days_are_absences_where_they_say_so() -> None:
    assert in_corpus("google") == [
        ("06-09 09:00", "06-09 18:00"),
        ("06-11 00:00", "06-13 00:00"),
        ("06-17 00:00", "06-18 00:00"),
    ]


def test_apples_recurrences_are_followed_with_what_was_moved_and_cancelled() -> None:
    assert in_corpus("apple") == [("06-03 21:00", "06-03 23:00"), ("06-11 21:00", "06-12 00:00")]


def test_garoons_menus_and_categories_are_understood() -> None:
    assert in_corpus("garoon") == [
        ("06-08 00:00", "06-09 00:00"),
        ("06-10 09:00", "06-10 12:00"),
        ("06-12 00:00", "06-13 00:00"),
    ]


def test_what_would_never_end_is_left_out_and_the_rest_is_read() -> None:
    found = read_text((CORPUS / "bombs.ics").read_text())

    assert [one.key for one in found.found] == ["backwards", "good"]
    assert found.left_out == 5


@pytest.mark.parametrize(
    "summary",
    [
        "有給",
        "ＯＯＯ",
        "夏季休暇",
        "お休み",
        "夏休み",
        "午後休",
        "Vacation!",
        "Out of office",
        "OOO until Monday",
        "on leave",
        "Summer holidays",
    ],
)
def test_words_say_that_somebody_is_away(summary: str) -> None:
    assert len(read_text(entry(SUMMARY=summary)).found) == 1


@pytest.mark.parametrize(
    "summary", ["昼休み", "休憩", "Cleaver sharpening", "Takeaway", "出張", "在宅勤務", ""]
)
def test_other_words_do_not(summary: str) -> None:
    assert read_text(entry(SUMMARY=summary)).found == ()


def test_a_whole_day_that_blocks_the_calendar_is_an_absence() -> None:
    assert len(read_text(entry(TRANSP="OPAQUE")).found) == 1
    assert read_text(entry(TRANSP="TRANSPARENT")).found == ()
    assert read_text(entry()).found == ()


def test_hours_that_block_the_calendar_are_none() -> None:
    text = calendar(
        "BEGIN:VEVENT",
        "UID:one",
        "DTSTART:20260602T010000Z",
        "DTEND:20260602T020000Z",
        "TRANSP:OPAQUE",
        "END:VEVENT",
    )

    assert read_text(text).found == ()


def test_a_whole_day_is_one_where_the_person_works() -> None:
    (found,) = read_text(entry(SUMMARY="vacation"), ZoneInfo("America/New_York")).found

    assert wall(found.starts_at) == "06-02 13:00"


def test_a_moved_entry_is_the_same_one() -> None:
    (before,) = read_text(entry(SUMMARY="vacation")).found
    moved = entry(SUMMARY="vacation", **{"DTSTART;VALUE=DATE": "20260609"})

    (after,) = read_text(moved).found

    assert before.key == after.key
    assert before.starts_at < after.starts_at


def test_entries_without_an_id_are_told_apart() -> None:
    lines = ("BEGIN:VEVENT", "SUMMARY:vacation")
    text = calendar(
        *lines,
        "DTSTART;VALUE=DATE:20260602",
        "END:VEVENT",
        *lines,
        "DTSTART;VALUE=DATE:20260609",
        "END:VEVENT",
    )

    first, second = read_text(text).found

    assert first.key != second.key


def test_an_absence_that_has_begun_is_found_and_one_that_is_over_is_not() -> None:
    started = entry(
        SUMMARY="vacation", **{"DTSTART;VALUE=DATE": "20260501", "DTEND;VALUE=DATE": "20260610"}
    )
    over = entry(SUMMARY="vacation", **{"DTSTART;VALUE=DATE": "20260531"})

    assert len(read_text(started).found) == 1
    assert read_text(over).found == ()


def test_of_endless_absences_the_nearest_are_taken() -> None:
    text = entry(SUMMARY="vacation", RRULE="FREQ=DAILY;BYHOUR=0,12", DTSTART="20260602T000000")
    text = text.replace("DTSTART;VALUE=DATE:20260602\r\n", "")

    found = read_text(text.replace("END:VEVENT", "DURATION:PT1H\r\nEND:VEVENT"))

    assert len(found.found) == MOST_SPANS
    assert found.found[0].starts_at < found.found[-1].starts_at


def test_several_calendars_in_one_file_are_read() -> None:
    text = entry(SUMMARY="vacation") + entry(UID="two", SUMMARY="vacation")

    assert len(read_text("\ufeff" + text).found) == 2


@pytest.mark.parametrize(
    "text",
    ["", "<html>Sign in</html>", "BEGIN:VCALENDAR", "BEGIN:VEVENT\r\nEND:VEVENT\r\n"],
)
def test_what_is_no_calendar_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Unreadable):
        read_text(text)


@given(st.binary(max_size=200), st.integers(0, 3000), st.sampled_from(sorted(CORPUS.glob("*.ics"))))
def test_nothing_that_is_damaged_makes_it_fail_otherwise(
    damage: bytes, place: int, file: Path
) -> None:
    if file.name == "bombs.ics":
        return
    whole = file.read_bytes()
    broken = whole[:place] + damage + whole[place + len(damage) :]

    try:
        found = read_text(broken.decode("utf-8", errors="replace"))
    except Unreadable:
        return

    assert all(one.starts_at < one.ends_at for one in found.found)


# As a process


def request(text: str) -> str:
    asked = {"text": text, "zone": "Asia/Tokyo", "start": START.isoformat()}
    return json.dumps({**asked, "end": END.isoformat()}) + "\n"


def test_each_line_is_answered_with_a_line() -> None:
    answers = io.StringIO()

    main(io.StringIO(request(entry(SUMMARY="vacation")) + request("nothing")), answers)

    first, second = (json.loads(line) for line in answers.getvalue().splitlines())
    assert first == {
        "found": [["one", "2026-06-01T15:00:00+00:00", "2026-06-02T15:00:00+00:00"]],
        "left_out": 0,
    }
    assert second == {"unreadable": True}


def test_the_process_reads_one_calendar_after_the_other() -> None:
    asked = request(entry(SUMMARY="vacation")) + request((CORPUS / "bombs.ics").read_text())

    done = subprocess.run(
        [sys.executable, "-m", "services.router.ical"],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [len(line["found"]) for line in lines] == [1, 2]


def test_a_series_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ical, "SERIES_S", 0.05)
    never = entry(SUMMARY="vacation", RRULE="FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")

    assert read_text(never) == Read((), 1)
