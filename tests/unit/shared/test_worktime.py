"""Deadlines and ages, counted in the hours in which somebody works."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.worktime import NoWorkingTime, WorkingHours, working_hours
from tests.unit import build
from tests.unit.build import HOUR, MONDAY, at

OFFICE = build.office()
EVERY_DAY = {"mon-sun": "00:00-24:00"}


def berlin(hours: dict[str, str], holidays: str | None = "DE-BY") -> WorkingHours:
    return WorkingHours(build.calendar(hours, zone="Europe/Berlin", holidays=holidays))


# Spans of a day


@pytest.mark.parametrize(
    ("wall", "is_open"),
    [
        ("08:59", False),
        ("09:00", True),
        ("11:59", True),
        ("12:00", False),
        ("12:59", False),
        ("13:00", True),
        ("17:59", True),
        ("18:00", False),
    ],
)
def test_a_span_includes_its_start_and_not_its_end(wall: str, is_open: bool) -> None:
    assert OFFICE.is_open(at(f"2026-06-01 {wall}")) is is_open


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-06-01 10:15", "2026-06-01 10:15"),
        ("2026-06-01 07:00", "2026-06-01 09:00"),
        ("2026-06-01 12:00", "2026-06-01 13:00"),
        ("2026-06-01 18:00", "2026-06-02 09:00"),
        ("2026-06-05 18:00", "2026-06-08 09:00"),
        ("2026-06-06 10:00", "2026-06-08 09:00"),
    ],
)
def test_work_starts_again_with_the_next_span(now: str, opens: str) -> None:
    assert OFFICE.next_open(at(now)) == at(opens)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-06-01 09:00", 2, "2026-06-01 11:00"),
        ("2026-06-01 11:00", 2, "2026-06-01 14:00"),
        ("2026-06-01 12:30", 1, "2026-06-01 14:00"),
        ("2026-06-01 09:00", 8, "2026-06-01 18:00"),
        ("2026-06-01 09:00", 9, "2026-06-02 10:00"),
        ("2026-06-05 17:00", 2, "2026-06-08 10:00"),
        ("2026-06-06 03:00", 1, "2026-06-08 10:00"),
        ("2026-06-01 09:00", 40, "2026-06-05 18:00"),
    ],
)
def test_a_deadline_counts_hours_in_which_somebody_works(start: str, hours: int, end: str) -> None:
    assert OFFICE.after(at(start), hours * HOUR) == at(end)
    assert OFFICE.between(at(start), at(end)) == hours * HOUR


def test_what_ends_with_the_morning_ends_at_noon_and_not_after_lunch() -> None:
    assert OFFICE.after(MONDAY, 3 * HOUR) == at("2026-06-01 12:00")


def test_no_span_at_all_ends_at_the_next_working_instant() -> None:
    assert OFFICE.after(at("2026-06-05 18:00"), timedelta()) == at("2026-06-08 09:00")
    assert OFFICE.after(at("2026-06-05 10:00"), timedelta()) == at("2026-06-05 10:00")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-06-01 12:00", "2026-06-01 13:00"),
        ("2026-06-05 18:00", "2026-06-08 09:00"),
        ("2026-06-02 10:00", "2026-06-01 10:00"),
        ("2026-06-02 10:00", "2026-06-02 10:00"),
    ],
)
def test_no_working_time_lies_in_a_break_or_backwards(start: str, end: str) -> None:
    assert OFFICE.between(at(start), at(end)) == timedelta()


def test_instants_may_come_in_any_zone() -> None:
    utc = MONDAY.astimezone(UTC)

    assert OFFICE.is_open(utc)
    assert OFFICE.after(utc, HOUR) == MONDAY + HOUR
    assert OFFICE.between(utc, at("2026-06-01 04:00", "Europe/Berlin")) == 2 * HOUR


def test_a_day_may_end_with_midnight_and_work_go_on_through_it() -> None:
    nights = WorkingHours(build.calendar({"mon": "22:00-24:00", "tue": "00:00-02:00"}))

    assert nights.after(at("2026-06-01 23:00"), 2 * HOUR) == at("2026-06-02 01:00")
    assert nights.after(at("2026-06-01 22:00"), 2 * HOUR) == at("2026-06-02 00:00")
    assert nights.is_open(at("2026-06-01 23:59"))
    assert nights.is_open(at("2026-06-02 00:00"))


def test_hours_count_to_the_minute() -> None:
    odd = WorkingHours(build.calendar({"mon": "10:50-11:59"}))

    assert odd.next_open(MONDAY) == at("2026-06-01 10:50")
    assert odd.between(MONDAY, at("2026-06-02 00:00")) == timedelta(minutes=69)


def test_a_week_may_have_one_short_day() -> None:
    shift = WorkingHours(
        build.calendar({"mon-fri": "08:00-12:00 13:00-17:00", "sat": "08:00-12:00"})
    )

    assert shift.after(at("2026-06-05 16:00"), 3 * HOUR) == at("2026-06-06 10:00")
    assert shift.next_open(at("2026-06-06 12:00")) == at("2026-06-08 08:00")


def test_spans_of_work_are_those_that_begin_from_the_start_on_and_before_the_end() -> None:
    morning = (at("2026-06-01 09:00"), at("2026-06-01 12:00"))
    afternoon = (at("2026-06-01 13:00"), at("2026-06-01 18:00"))

    assert list(OFFICE.spans(MONDAY, at("2026-06-02 09:00"))) == [morning, afternoon]
    assert list(OFFICE.spans(MONDAY + HOUR, at("2026-06-01 13:01"))) == [afternoon]
    assert list(OFFICE.spans(MONDAY, at("2026-06-01 13:00"))) == [morning]


# Holidays


@pytest.mark.parametrize(
    "holiday",
    [
        "2026-01-01",
        "2026-05-04",
        "2026-05-05",
        "2026-05-06",  # instead of Sunday the 3rd
        "2026-09-21",
        "2026-09-22",  # between two holidays
        "2026-09-23",
        "2027-03-22",  # instead of Sunday the 21st
    ],
)
def test_nobody_works_on_a_japanese_holiday(holiday: str) -> None:
    assert not OFFICE.is_open(at(f"{holiday} 10:00"))


def test_a_deadline_waits_for_the_end_of_golden_week() -> None:
    """Friday 1 May is a working day; the next one is Thursday 7 May."""
    assert OFFICE.after(at("2026-05-01 17:00"), 2 * HOUR) == at("2026-05-07 10:00")


def test_a_region_has_holidays_of_its_own() -> None:
    """All Saints' Day is free in Bavaria, a Monday in 2027, and not in Berlin."""
    bavaria = berlin({"mon-fri": "09:00-18:00"}, "DE-BY")
    capital = berlin({"mon-fri": "09:00-18:00"}, "DE-BE")
    day = at("2027-11-01 10:00", "Europe/Berlin")

    assert not bavaria.is_open(day)
    assert capital.is_open(day)


def test_a_calendar_without_holidays_works_on_all_of_them() -> None:
    plain = WorkingHours(build.calendar(holidays=None))

    assert plain.is_open(at("2026-05-04 10:00"))


def test_the_companys_own_free_days_are_free() -> None:
    closed = WorkingHours(build.calendar(closed=(date(2026, 6, 2),)))

    assert closed.after(at("2026-06-01 17:00"), 2 * HOUR) == at("2026-06-03 10:00")


# Changes of the clock


def test_office_hours_follow_the_clock_on_the_wall_through_its_change() -> None:
    """Friday 27 March 17:00 is UTC+1, Monday 30 March is UTC+2."""
    office = berlin({"mon-fri": "09:00-18:00"})

    end = office.after(at("2026-03-27 17:00", "Europe/Berlin"), 2 * HOUR)

    assert end == datetime(2026, 3, 30, 8, tzinfo=UTC)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 5), ("2026-10-25", 7)])
def test_a_night_shift_is_as_long_as_it_really_was(day: str, hours: int) -> None:
    nights = berlin({"sun": "00:00-06:00"})
    midnight = at(f"{day} 00:00", "Europe/Berlin")

    assert nights.between(midnight, midnight + timedelta(days=1)) == hours * HOUR
    assert nights.after(midnight, hours * HOUR) == at(f"{day} 06:00", "Europe/Berlin")


def test_a_day_of_24_hours_has_23_or_25_of_them_when_the_clock_changes() -> None:
    always = berlin(EVERY_DAY, None)
    zone = "Europe/Berlin"

    spring = always.between(at("2026-03-29 00:00", zone), at("2026-03-30 00:00", zone))
    autumn = always.between(at("2026-10-25 00:00", zone), at("2026-10-26 00:00", zone))

    assert (spring, autumn) == (23 * HOUR, 25 * HOUR)


def test_hours_that_the_change_of_the_clock_swallows_are_nobodys_working_time() -> None:
    """On 29 March 2026 there is no 02:30 in Berlin."""
    early = berlin({"sun": "02:15-02:45"})
    before = at("2026-03-29 01:00", "Europe/Berlin")

    opens = early.next_open(before)

    assert early.is_open(opens)
    assert early.between(before, opens) == timedelta()
    assert early.between(before, early.after(before, HOUR / 4)) == HOUR / 4


def test_a_span_that_the_change_of_the_clock_cuts_short_keeps_the_rest() -> None:
    """02:30 to 03:15 on that day is the quarter of an hour after 03:00."""
    early = berlin({"sun": "02:30-03:15"})
    midnight = at("2026-03-29 00:00", "Europe/Berlin")

    opens = early.next_open(midnight)

    assert early.is_open(opens)
    assert early.between(midnight, midnight + timedelta(days=1)) <= HOUR / 4


# No working time


def test_a_calendar_that_never_opens_says_so() -> None:
    never = WorkingHours(build.calendar({"mon": "09:00-10:00"}).model_copy(update={"hours": {}}))

    assert not never.is_open(MONDAY)
    assert never.between(MONDAY, MONDAY + timedelta(days=30)) == timedelta()
    with pytest.raises(NoWorkingTime):
        never.next_open(MONDAY)
    with pytest.raises(NoWorkingTime):
        never.after(MONDAY, HOUR)


def test_a_deadline_in_more_than_three_years_is_no_deadline() -> None:
    with pytest.raises(NoWorkingTime):
        OFFICE.after(MONDAY, timedelta(hours=8 * 250 * 3.5))
    assert OFFICE.after(MONDAY, timedelta(hours=8 * 240 * 2.5)) > at("2028-09-01 09:00")


# Computed once


def test_a_calendar_is_computed_once() -> None:
    calendar = build.calendar()

    other = build.calendar()
    computed = working_hours(calendar)

    assert working_hours(other) is working_hours(other)
    assert working_hours(calendar) is computed


def test_another_calendar_of_the_same_words_has_hours_of_its_own() -> None:
    """A calendar that was heard again may stand where an older one stood in memory."""
    assert working_hours(build.calendar()) is not working_hours(build.calendar())


def test_a_calendar_is_never_taken_for_the_one_that_stood_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone, calendar = build.calendar({"mon": "09:00-10:00"}), build.calendar()
    compiled = {(id(calendar), ()): (gone, WorkingHours(gone))}
    monkeypatch.setattr("shared.worktime._compiled", compiled)

    assert working_hours(calendar).is_open(at("2026-06-01 10:00"))


def test_calendars_heard_again_and_again_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.worktime._MOST_COMPILED", 2)
    compiled: dict[int, object] = {}
    monkeypatch.setattr("shared.worktime._compiled", compiled)
    calendars = [build.calendar() for _ in range(6)]

    for calendar in calendars:
        working_hours(calendar)

    assert len(compiled) <= 2


# The properties

CALENDARS = (
    OFFICE,
    WorkingHours(build.calendar({"mon-fri": "08:00-12:00 13:00-17:00", "sat": "08:00-12:00"})),
    WorkingHours(build.calendar({"mon-sun": "00:00-06:00 22:00-24:00"}, zone="Europe/Berlin")),
    WorkingHours(build.calendar(EVERY_DAY, zone="America/New_York", holidays="US")),
    WorkingHours(build.calendar({"sun": "01:30-02:45 03:15-04:00"}, zone="Europe/Berlin")),
)
HOURS = st.sampled_from(CALENDARS)
INSTANTS = st.integers(0, 366 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
SPANS = st.integers(0, 60 * 60).map(lambda minutes: timedelta(minutes=minutes))


@given(HOURS, INSTANTS, SPANS)
def test_as_much_working_time_lies_before_a_deadline_as_was_given(
    hours: WorkingHours, start: datetime, span: timedelta
) -> None:
    assert hours.between(start, hours.after(start, span)) == span


@given(HOURS, INSTANTS, SPANS, SPANS)
def test_a_deadline_in_two_parts_is_the_same_deadline(
    hours: WorkingHours, start: datetime, first: timedelta, then: timedelta
) -> None:
    then += timedelta(minutes=1)

    assert hours.after(hours.after(start, first), then) == hours.after(start, first + then)


@given(HOURS, st.lists(INSTANTS, min_size=3, max_size=3))
def test_working_time_adds_up(hours: WorkingHours, instants: list[datetime]) -> None:
    start, middle, end = sorted(instants)

    parts = hours.between(start, middle) + hours.between(middle, end)
    assert parts == hours.between(start, end)
    assert timedelta() <= parts <= end - start


@given(HOURS, INSTANTS)
def test_work_starts_again_at_a_working_instant_with_none_before_it(
    hours: WorkingHours, now: datetime
) -> None:
    opens = hours.next_open(now)

    assert hours.is_open(opens)
    assert hours.between(now, opens) == timedelta()
    assert (opens == now) == hours.is_open(now)


# Times that count for nobody


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        ("2026-06-01 08:00", "2026-06-01 09:00", 8),
        ("2026-06-01 10:00", "2026-06-01 11:00", 7),
        ("2026-06-01 10:00", "2026-06-01 14:00", 5),
        ("2026-05-30 00:00", "2026-06-03 00:00", 0),
        ("2026-06-01 10:00", "2026-06-01 10:00", 8),
        ("2026-06-01 17:00", "2026-06-01 09:30", 8),
        ("2026-06-01 18:00", "2026-06-01 20:00", 8),
    ],
)
def test_a_time_of_rest_is_no_working_time(first: str, last: str, hours: int) -> None:
    resting = WorkingHours(build.calendar(), [(at(first), at(last))])

    assert resting.between(at("2026-06-01 00:00"), at("2026-06-02 00:00")) == hours * HOUR


@pytest.mark.parametrize(
    ("first", "last", "now", "opens"),
    [
        ("08:00", "10:00", "07:00", "10:00"),
        ("09:00", "10:00", "08:00", "10:00"),
        ("11:00", "12:00", "11:00", "13:00"),
        ("11:00", "14:00", "11:00", "14:00"),
    ],
    ids=["from before the morning on", "the morning's start", "up to lunch", "over lunch"],
)
def test_work_starts_again_after_a_time_of_rest(
    first: str, last: str, now: str, opens: str
) -> None:
    rest = (at(f"2026-06-01 {first}"), at(f"2026-06-01 {last}"))

    resting = WorkingHours(build.calendar(), [rest])

    assert resting.next_open(at(f"2026-06-01 {now}")) == at(f"2026-06-01 {opens}")


def test_times_of_rest_may_overlap() -> None:
    rests = [
        (at("2026-06-01 10:00"), at("2026-06-01 15:00")),
        (at("2026-06-01 11:00"), at("2026-06-01 16:00")),
    ]

    assert WorkingHours(build.calendar(), rests).after(MONDAY, 2 * HOUR) == at("2026-06-01 17:00")


def test_working_time_is_computed_once_for_each_calendar_and_its_rests() -> None:
    calendar, rest = build.calendar(), (MONDAY, MONDAY + HOUR)

    assert working_hours(calendar, (rest,)) is working_hours(calendar, (rest,))
    assert working_hours(calendar, (rest,)) is not working_hours(calendar)
