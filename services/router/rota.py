"""Whose turn it is: people who take turns, and who has it at certain times.

Turns change by an RRULE (RFC 5545) on the clock on the wall of the rota's calendar, so that a
change at nine stays at nine when the clocks go forward.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from shared.contracts.organisation import Organisation, Rota, Schedule, Shift, WeekHours
from shared.worktime import WorkingHours, working_hours

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2199
RAREST: Final = timedelta(days=5 * 366)
"""Turns change at least this often."""

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES: Final = 24 * 60
_GREAT_CYCLES: Final = 19 * 400
"""Years by which every rule is computed ahead. The Gregorian calendar repeats itself, weekdays
included, after 400 years; dateutil looks for the next occurrence until the year 9999, so that a
rule which never occurs costs it seconds from 2026 on and a fraction of one from 9626 on."""

_NUMBER = re.compile(r"[+-]?\d{1,4}")
_WEEKDAY = re.compile(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)")
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_NUMBERS: Final[Mapping[str, tuple[int, int, bool]]] = {
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYMONTH": (1, 12, False),
    "BYMONTHDAY": (1, 31, True),
    "BYSETPOS": (1, 366, True),
    "INTERVAL": (1, 366, False),
}
"""The least and the greatest number of each part, and whether it may be counted from the end."""
_SINGLE: Final = ("FREQ", "INTERVAL", "WKST", "BYMINUTE")


class TurnsUnusable(Exception):
    """The turns of a rota can't be followed; says why, and what to write instead."""

    def __init__(
        self, problem: str, remedy: str, part: Literal["every", "starts"] = "every"
    ) -> None:
        super().__init__(f"{problem}. {remedy}.")
        self.problem = problem
        self.remedy = remedy
        self.part = part


@dataclass(frozen=True, slots=True)
class Turn:
    """A person's turn, from when it begins until the next one's does."""

    person_id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has something at an instant: a person or a team, and the rota whose turn it was."""

    person_id: str | None = None
    team_id: str | None = None
    rota_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time at which nobody has it."""

    starts_at: datetime
    ends_at: datetime
    person_id: str | None = None
    """Whose turn it is, though they do not work then."""


def turn(rota: Rota, organisation: Organisation, at: datetime) -> Turn:
    """Whose turn it is at `at`. Before the rota starts it is already the first one's."""
    turns = _turns(rota, organisation)
    return turns.number(turns.index(at))


def next_turns(rota: Rota, organisation: Organisation, at: datetime, count: int) -> list[Turn]:
    """The turn at `at` and those after it, `count` in all."""
    turns = _turns(rota, organisation)
    first = turns.index(at)
    return [turns.number(nth) for nth in range(first, first + count)]


def holder(schedule: Schedule, organisation: Organisation, at: datetime) -> Holder | None:
    """Who has it at `at`: what the first shift names that holds then; None in a gap."""
    zone = ZoneInfo(organisation.calendar_named(schedule.calendar).zone)
    wall = at.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    for shift in schedule.shifts:
        if _is_on(shift, wall.date()) and _holds(shift.during, wall.weekday(), minute):
            return _named_by(shift, organisation, at)
    return None


def named(who: str, organisation: Organisation, at: datetime) -> Holder | None:
    """Whom somebody means by an id of a person, team, rota or schedule; they share their ids.

    None where there is no such id, or where the schedule has a gap.
    """
    if who in organisation.person:
        return Holder(person_id=who)
    if who in organisation.team:
        return Holder(team_id=who)
    if who in organisation.rota:
        return Holder(turn(organisation.rota[who], organisation, at).person_id, rota_id=who)
    if who in organisation.schedule:
        return holder(organisation.schedule[who], organisation, at)
    return None


def person_named(who: str, organisation: Organisation, at: datetime) -> str | None:
    """The person behind an id at `at`: a team stands for its lead; None in a gap."""
    found = named(who, organisation, at)
    if found is None:
        return None
    return found.person_id or organisation.team[str(found.team_id)].lead


def falls_within(week: WeekHours, wall: datetime) -> bool:
    """Whether a clock on the wall that shows `wall` is within these hours of the week."""
    return _holds(week, wall.weekday(), wall.hour * 60 + wall.minute)


def gaps(
    schedule: Schedule, organisation: Organisation, start: datetime, end: datetime
) -> Iterator[Gap]:
    """The times from `start` to `end` at which no shift holds, in order and as long as can be."""
    found: Gap | None = None
    for begins, ends in _uncovered(schedule, organisation, start, end):
        if found is not None and found.ends_at == begins:
            found = Gap(found.starts_at, ends)
            continue
        if found is not None:
            yield found
        found = Gap(begins, ends)
    if found is not None:
        yield found


def idle_turns(
    rota: Rota, organisation: Organisation, start: datetime, end: datetime
) -> Iterator[Gap]:
    """The working times of the rota's calendar, from `start` to `end`, on whose day whoever has
    the turn does not work at all."""
    calendar = organisation.calendar_named(rota.calendar)
    hours, zone = working_hours(calendar), ZoneInfo(calendar.zone)
    for opens, closes in hours.spans(start, end):
        who = turn(rota, organisation, opens).person_id
        theirs = working_hours(organisation.calendar_of(who))
        if theirs is not hours and not _works_on(theirs, opens.astimezone(zone).date(), zone):
            yield Gap(opens, closes, who)


def check(rota: Rota) -> None:
    """Raises TurnsUnusable where the rota's turns can't be followed, never change, or change more
    often than once an hour. Takes a fraction of a second, whatever the rule says."""
    rule = _rule(rota.every)
    if not FIRST_YEAR <= rota.starts.year <= LAST_YEAR:
        raise TurnsUnusable(
            f"the first turn can't begin in {rota.starts.year}",
            f"Write a year from {FIRST_YEAR} to {LAST_YEAR}",
            "starts",
        )
    wall = rota.starts.replace(tzinfo=None)
    after = next(_changes(rule, wall), None)
    if after is None or after - wall > RAREST:
        raise TurnsUnusable(
            "turns do not change within five years", "Write when they do, such as FREQ=WEEKLY"
        )


class _Turns:
    """The turns of one rota, found once and kept, the earliest first."""

    def __init__(self, rota: Rota, zone: ZoneInfo) -> None:
        starts = rota.starts
        wall = starts.astimezone(zone).replace(tzinfo=None) if starts.tzinfo else starts
        self._people = rota.people
        self._zone = zone
        self._coming = _changes(_rule(rota.every), wall)
        self._begin = [wall.replace(tzinfo=zone).astimezone(UTC)]
        """When each turn begins."""

    def index(self, at: datetime) -> int:
        """Which turn it is at `at`, counted from 0."""
        self._find_until(lambda: self._begin[-1] > at)
        return max(0, bisect_right(self._begin, at) - 1)

    def number(self, nth: int) -> Turn:
        self._find_until(lambda: len(self._begin) > nth + 1)
        person_id = self._people[nth % len(self._people)]
        return Turn(person_id, self._begin[nth], self._begin[nth + 1])

    def _find_until(self, is_enough: Callable[[], bool]) -> None:
        while not is_enough():
            wall = next(self._coming)
            # where the clocks skip an hour, a change within it is not before the one after it
            begins = max(self._begin[-1], wall.replace(tzinfo=self._zone).astimezone(UTC))
            self._begin.append(begins)


_MOST_KEPT = 1000
_kept: dict[int, tuple[Rota, str, _Turns]] = {}


def _turns(rota: Rota, organisation: Organisation) -> _Turns:
    """The turns of a rota, found once for each organisation heard."""
    zone = organisation.calendar_named(rota.calendar).zone
    found = _kept.get(id(rota))
    if found is not None and found[0] is rota and found[1] == zone:
        return found[2]
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    turns = _Turns(rota, ZoneInfo(zone))
    _kept[id(rota)] = (rota, zone, turns)
    return turns


def _changes(rule: str, wall: datetime) -> Iterator[datetime]:
    """When turns change after `wall`, on the clock on the wall."""
    far = wall.replace(year=wall.year + _GREAT_CYCLES)
    changes = rrulestr(rule, dtstart=far)
    assert isinstance(changes, rrule)
    for change in changes:
        if change > far:
            yield change.replace(year=change.year - _GREAT_CYCLES)


def _rule(every: str) -> str:
    """The RRULE without anything that ends it, hangs it or makes it mean nothing."""
    parts: dict[str, str] = {}
    for part in every.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        if name in parts or not value:
            raise TurnsUnusable(
                f"`{part[:40]}` is no part of an RRULE here", "Write it as in FREQ=WEEKLY;BYDAY=MO"
            )
        _check_part(name, value)
        parts[name] = value
    if "FREQ" not in parts:
        raise TurnsUnusable("an RRULE needs FREQ", f"Write one of FREQ={', '.join(_FREQUENCIES)}")
    if parts["FREQ"] in ("DAILY", "WEEKLY") and re.search(r"\d", parts.get("BYDAY", "")):
        raise TurnsUnusable(
            "only months and years have a first Monday", "Write FREQ=MONTHLY, or BYDAY=MO"
        )
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _check_part(name: str, value: str) -> None:
    values = value.split(",")
    if name in ("COUNT", "UNTIL"):
        raise TurnsUnusable("turns never end", f"Leave {name} out, and add a shift in a schedule")
    if name in _SINGLE and len(values) > 1:
        raise TurnsUnusable(f"{name} has one value", f"Write only one, as in {name}={values[0]}")
    if name == "FREQ":
        if value not in _FREQUENCIES:
            raise TurnsUnusable(
                f"turns can't change {value}",
                f"Write one of {', '.join(_FREQUENCIES)}; twice a day is FREQ=DAILY;BYHOUR=8,20",
            )
    elif name in ("BYDAY", "WKST"):
        for day in values:
            match = _WEEKDAY.fullmatch(day)
            if match is None or (match[1] and (name == "WKST" or not 1 <= abs(int(match[1])) <= 5)):
                raise TurnsUnusable(f"`{day}` is no day of {name}", "Write days as MO, TU or 1MO")
    elif name in _NUMBERS:
        least, most, from_end = _NUMBERS[name]
        for number in values:
            given = int(number) if _NUMBER.fullmatch(number) else 0 if least else -1
            if not least <= (abs(given) if from_end else given) <= most:
                raise TurnsUnusable(
                    f"`{number}` is no value of {name}", f"Write a number from {least} to {most}"
                )
    else:
        known = ", ".join(("FREQ", "BYDAY", "WKST", *_NUMBERS))
        raise TurnsUnusable(f"`{name[:40]}` is no part of an RRULE here", f"Use {known}")


def _named_by(shift: Shift, organisation: Organisation, at: datetime) -> Holder:
    if shift.rota is not None:
        who = turn(organisation.rota[shift.rota], organisation, at).person_id
        return Holder(who, rota_id=shift.rota)
    return Holder(shift.person, shift.team)


def _is_on(shift: Shift, day: date) -> bool:
    """Whether the shift holds on this day at all."""
    return (shift.first is None or shift.first <= day) and (shift.last is None or day <= shift.last)


def _holds(week: WeekHours | None, weekday: int, minute: int) -> bool:
    if week is None:
        return True
    return any(start <= minute < end for start, end in week.get(_WEEKDAYS[weekday], ()))


def _uncovered(
    schedule: Schedule, organisation: Organisation, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The uncovered times of each day, which meet at midnight."""
    zone = ZoneInfo(organisation.calendar_named(schedule.calendar).zone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        for first, until in _uncovered_minutes(schedule, day):
            begins = max(start, _instant(day, first, zone))
            ends = min(end, _instant(day, until, zone))
            if begins < ends:
                yield begins, ends
        day += timedelta(days=1)


def _uncovered_minutes(schedule: Schedule, day: date) -> Iterator[tuple[int, int]]:
    weekday, whole = _WEEKDAYS[day.weekday()], [(0, _DAY_MINUTES)]
    covered = sorted(
        span
        for shift in schedule.shifts
        if _is_on(shift, day)
        for span in (whole if shift.during is None else shift.during.get(weekday, ()))
    )
    reached = 0
    for start, end in [*covered, (_DAY_MINUTES, _DAY_MINUTES)]:
        if start > reached:
            yield reached, start
        reached = max(reached, end)


def _works_on(hours: WorkingHours, day: date, zone: ZoneInfo) -> bool:
    return bool(hours.between(_instant(day, 0, zone), _instant(day, _DAY_MINUTES, zone)))


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (midnight + timedelta(minutes=minute)).astimezone(UTC)
