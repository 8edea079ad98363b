"""Working time as one growing sum, so that any span costs two look-ups.

Nothing is computed before it is asked for, and no sum is ever kept outside: a calendar may change
between two starts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared.contracts.organisation import WORKING_DAY, Calendar
from shared.worktime import Rest, working_hours

DAY_S: Final = WORKING_DAY.total_seconds()
"""One working day."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar, worked or not."""

    ends_s: float
    """The midnight after it."""
    spans: tuple[tuple[float, float], ...] = ()
    """When somebody works, in order and apart; within the day."""


class Worked:
    """The working time of one calendar, from its first day on; before that nobody works."""

    def __init__(self, days: Iterator[Day]) -> None:
        """`days` follow each other without a gap and never end."""
        self._days = days
        self._known_until_s = float("-inf")
        self._starts: list[float] = [float("-inf")]
        self._lengths: list[float] = [0.0]
        self._before: list[float] = [0.0]
        """What was worked before each span."""
        self._nights: list[float] = []

    def at(self, at_s: float) -> float:
        """Working seconds since the first day."""
        if at_s > self._known_until_s:
            self._learn(at_s)
        nth = bisect_right(self._starts, at_s) - 1
        return self._before[nth] + min(at_s - self._starts[nth], self._lengths[nth])

    def between(self, start_s: float, end_s: float) -> float:
        """Working seconds from `start_s` to `end_s`, which is not earlier."""
        return self.at(end_s) - self.at(start_s)

    def nights(self, after_s: float, until_s: float) -> Sequence[float]:
        """The midnights that end a worked day, later than `after_s` and not than `until_s`."""
        if until_s > self._known_until_s:
            self._learn(until_s)
        first = bisect_right(self._nights, after_s)
        return self._nights[first : bisect_right(self._nights, until_s, first)]

    def _learn(self, until_s: float) -> None:
        while self._known_until_s < until_s:
            day = next(self._days)
            for start_s, end_s in day.spans:
                self._before.append(self._before[-1] + self._lengths[-1])
                self._starts.append(start_s)
                self._lengths.append(end_s - start_s)
            if day.spans:
                self._nights.append(day.ends_s)
            self._known_until_s = day.ends_s


def worked_in(calendar: Calendar, since: date, rests: tuple[Rest, ...] = ()) -> Worked:
    """The working time of an organisation's calendar, in seconds since 1970; none in `rests`."""
    return Worked(_days(calendar, since, rests))


def _days(calendar: Calendar, since: date, rests: tuple[Rest, ...]) -> Iterator[Day]:
    hours, zone = working_hours(calendar, rests), ZoneInfo(calendar.zone)
    day = since
    while True:
        begins, ends = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        spans = tuple((a.timestamp(), b.timestamp()) for a, b in hours.spans(begins, ends))
        yield Day(ends.timestamp(), spans)
        day += timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
