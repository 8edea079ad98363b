from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.worked import worked_in
from shared.contracts.organisation import Calendar
from shared.worktime import working_hours

TOKYO = Calendar(
    id="tokyo",
    zone="Asia/Tokyo",
    holidays="JP",
    hours={day: [(9 * 60, 12 * 60), (13 * 60, 18 * 60)] for day in ("mon", "tue", "wed", "fri")},
)
BERLIN = TOKYO.model_copy(update={"id": "berlin", "zone": "Europe/Berlin", "holidays": "DE-BY"})
SINCE = date(2026, 1, 1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
instants = st.integers(0, 400 * 24 * 60).map(lambda minute: BEGIN + timedelta(minutes=minute))


@given(instants, instants, st.sampled_from([TOKYO, BERLIN]))
def test_the_sum_agrees_with_the_calendar(
    one: datetime, other: datetime, calendar: Calendar
) -> None:
    start, end = min(one, other), max(one, other)

    found = worked_in(calendar, SINCE).between(start.timestamp(), end.timestamp())

    begins = max(start, datetime(2026, 1, 1, tzinfo=ZoneInfo(calendar.zone)))
    assert found == pytest.approx(working_hours(calendar).between(begins, end).total_seconds())


def test_a_rest_is_no_working_time() -> None:
    monday = datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Tokyo"))
    rest = (monday + timedelta(hours=10), monday + timedelta(hours=11))
    usual, resting = worked_in(TOKYO, SINCE), worked_in(TOKYO, SINCE, (rest,))
    span = monday.timestamp(), (monday + timedelta(days=1)).timestamp()

    assert usual.between(*span) - resting.between(*span) == 3600


def test_before_its_first_day_nobody_works() -> None:
    worked = worked_in(TOKYO, SINCE)

    assert worked.at(0.0) == 0
    assert list(worked.nights(0.0, 1e9)) == []


def test_a_night_follows_each_day_that_is_worked_at_local_midnight() -> None:
    """The first Monday of March is worked, Thursdays never, the 20th is a holiday."""
    tokyo = ZoneInfo("Asia/Tokyo")
    start = datetime(2026, 3, 16, tzinfo=tokyo)

    nights = worked_in(TOKYO, SINCE).nights(
        start.timestamp(), (start + timedelta(days=7)).timestamp()
    )

    days = [datetime.fromtimestamp(night_s, tokyo) for night_s in nights]
    assert days == [datetime(2026, 3, day, tzinfo=tokyo) for day in (17, 18, 19)]


def test_a_night_is_later_than_the_beginning_and_no_later_than_the_end() -> None:
    worked = worked_in(TOKYO, SINCE)
    first = worked.nights(BEGIN.timestamp(), BEGIN.timestamp() + 30 * 86400)[0]

    assert list(worked.nights(first - 1, first)) == [first]
    assert list(worked.nights(first, first + 1)) == []
