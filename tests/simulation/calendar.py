"""Working time of a made-up company: 9 to 17 on its working days, and nothing else counts."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

HOUR_S: Final = 3600.0
DAY_S: Final = 8 * HOUR_S
"""A working day in working seconds."""
DATE_S: Final = 24 * HOUR_S
OPENS, CLOSES = 9, 17
WORKDAYS: Final = (0, 1, 2, 3, 4)
WORKING_DAYS_A_YEAR: Final = 250


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Turns working seconds since the start into seconds of the clock on the wall, and back.

    Second 0 on the wall is a Monday's midnight.
    """

    days: tuple[int, ...]
    """The numbers of the days on which somebody works."""
    holidays: tuple[int, ...] = ()

    def wall_s(self, worked_s: float) -> float:
        day, rest_s = divmod(worked_s, DAY_S)
        return self.days[int(day)] * DATE_S + OPENS * HOUR_S + rest_s

    def worked_s(self, wall_s: float) -> float:
        number, of_day_s = divmod(wall_s, DATE_S)
        passed = bisect_right(self.days, int(number))
        if passed == 0 or self.days[passed - 1] != int(number):
            return passed * DAY_S
        within_s = min(max(0.0, of_day_s - OPENS * HOUR_S), DAY_S)
        return (passed - 1) * DAY_S + within_s


def draw_calendar(chance: random.Random, working_days: int, holidays_a_year: int) -> WorkCalendar:
    """Half of the holidays come one by one, the others as weeks in which everybody is away."""
    dates = working_days * 2 + 30
    wanted = holidays_a_year * working_days // WORKING_DAYS_A_YEAR
    weeks = wanted // 10
    closed = set(chance.sample(range(dates), min(dates, (wanted - 5 * weeks) * 3)))
    closed = {day for day in closed if day % 7 in WORKDAYS and chance.random() < 0.5}
    for _ in range(weeks):
        monday = 7 * chance.randrange(4, max(5, working_days // 5))
        closed.update(range(monday, monday + 5))
    return WorkCalendar(_worked(dates, closed, working_days), tuple(sorted(closed)))


def _worked(dates: int, closed: Iterable[int], wanted: int) -> tuple[int, ...]:
    shut = frozenset(closed)
    return tuple(day for day in range(dates) if day % 7 in WORKDAYS and day not in shut)[
        : wanted + 10
    ]
