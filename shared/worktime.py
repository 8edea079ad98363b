"""Working time: deadlines and ages are counted in the hours in which somebody works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from shared.contracts.organisation import Calendar

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HORIZON_DAYS = 3 * 366


class NoWorkingTime(Exception):
    """The calendar has no working hour within three years."""


Rest = tuple[datetime, datetime]
"""Start and end of a time that counts for nobody, whatever their calendar says."""


class WorkingHours:
    """The working spans of one calendar, holidays and changes of the clock included.

    No time counts within `rests`, as when chasing is paused; they may overlap.
    """

    def __init__(self, calendar: Calendar, rests: Sequence[Rest] = ()) -> None:
        self._rests = rests
        self._zone = ZoneInfo(calendar.zone)
        self._hours = [calendar.hours.get(day, []) for day in _WEEKDAYS]
        self._closed = frozenset(calendar.closed)
        country, _, region = (calendar.holidays or "").partition("-")
        self._holidays = (
            holidays.country_holidays(country, subdiv=region or None) if country else frozenset()
        )
        self._spans: dict[date, tuple[tuple[datetime, datetime], ...]] = {}

    def is_open(self, at: datetime) -> bool:
        """Whether `at` is working time; a span includes its start and not its end."""
        return any(start <= at < end for start, end in self._on(at.astimezone(self._zone).date()))

    def next_open(self, at: datetime) -> datetime:
        """`at`, if that is working time, else when work starts again."""
        for start, end in self._from(at):
            if at < end:
                return max(at, start)
        raise NoWorkingTime

    def after(self, start: datetime, span: timedelta) -> datetime:
        """When `span` of working time has passed since `start`.

        No span at all ends at the next working instant. A span that ends with the working day
        ends that evening, not the next morning.
        """
        left, start = span, start.astimezone(UTC)
        for opens, closes in self._from(start):
            begins = max(start, opens)
            if begins >= closes:
                continue
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
        raise NoWorkingTime

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two instants; nothing where `end` is not later."""
        total, start, end = timedelta(), start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return total
        for opens, closes in self._from(start, until=end):
            if opens >= end:
                break
            total += max(timedelta(), min(closes, end) - max(opens, start))
        return total

    def spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working spans that begin from `start` to `end`, in order."""
        for opens, closes in self._from(start, until=end):
            if start <= opens < end:
                yield opens, closes

    def _from(
        self, at: datetime, until: datetime | None = None
    ) -> Iterator[tuple[datetime, datetime]]:
        day = at.astimezone(self._zone).date()
        last = until.astimezone(self._zone).date() if until else day + timedelta(_HORIZON_DAYS)
        while day <= last:
            yield from self._on(day)
            day += timedelta(days=1)

    def _on(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        if day not in self._spans:
            free = day in self._closed or day in self._holidays
            worked = () if free else tuple(self._worked(day))
            for rest in self._rests:
                worked = tuple(part for span in worked for part in _without(span, rest))
            self._spans[day] = worked
        return self._spans[day]

    def _worked(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """In order and apart, also on the night in which the clock skips an hour."""
        before: datetime | None = None
        for start, end in self._hours[day.weekday()]:
            opens, closes = self._instant(day, start), self._instant(day, end)
            opens = max(opens, before or opens)
            if opens < closes:
                yield opens, closes
                before = closes

    def _instant(self, day: date, minute: int) -> datetime:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        if minute == 24 * 60:
            return (midnight + timedelta(days=1)).astimezone(UTC)
        return midnight.replace(hour=minute // 60, minute=minute % 60).astimezone(UTC)


def _without(span: Rest, rest: Rest) -> Iterator[Rest]:
    """What is left of a span: all of it, a part, two parts, or nothing."""
    (start, end), (begins, ends) = span, rest
    if begins >= ends:
        yield span
        return
    if start < min(end, begins):
        yield start, min(end, begins)
    if max(start, ends) < end:
        yield max(start, ends), end


_MOST_COMPILED = 1000
_compiled: dict[tuple[int, tuple[Rest, ...]], tuple[Calendar, WorkingHours]] = {}


def working_hours(calendar: Calendar, rests: tuple[Rest, ...] = ()) -> WorkingHours:
    """The working spans of `calendar`, computed once for each calendar heard."""
    key = (id(calendar), rests)
    found = _compiled.get(key)
    if found is not None and found[0] is calendar:
        return found[1]
    if len(_compiled) >= _MOST_COMPILED:
        _compiled.clear()
    hours = WorkingHours(calendar, rests)
    _compiled[key] = (calendar, hours)
    return hours
