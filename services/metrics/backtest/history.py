"""What is known of a history besides its events: who is who, and when people work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta as Bounds

from services.metrics.worked import Day, Worked

CALENDAR_DAY_S: Final = 86400.0
HOUR_S: Final = 3600.0
DAYS_OF_WEEK: Final = 7

Hour = Annotated[float, Bounds(ge=0, le=24)]


class MetaUnusable(Exception):
    """What is known besides the events can't be read; says what is wrong."""


class Known(msgspec.Struct, frozen=True):
    """A person."""

    dept: str | int | None = None
    role: str | None = None
    """carrier, owner or manager."""


class Meta(msgspec.Struct, frozen=True):
    """As `META.json` holds it. Second 0 is a Monday, 00:00 local time."""

    people: dict[str, Known] = {}
    holidays: frozenset[int] = frozenset()
    """Days from 0."""
    workdays: frozenset[Annotated[int, Bounds(ge=0, lt=DAYS_OF_WEEK)]] = frozenset(range(5))
    """0 is Monday."""
    work_start_hour: Hour = 9
    work_end_hour: Hour = 17
    horizon: float | None = None
    """Where the history ends, in seconds."""

    def carriers(self) -> list[str]:
        return [name for name, known in self.people.items() if known.role == "carrier"]

    def team_of(self, person: str) -> str:
        """Empty where it is not known."""
        known = self.people.get(person)
        return str(known.dept) if known and known.dept is not None else ""

    def with_holidays(self, more: Iterable[int]) -> Meta:
        return msgspec.structs.replace(self, holidays=self.holidays | frozenset(more))

    def worked(self) -> Worked:
        return Worked(self._days())

    def _days(self) -> Iterator[Day]:
        number = 0
        while True:
            begins_s, ends_s = number * CALENDAR_DAY_S, (number + 1) * CALENDAR_DAY_S
            is_worked = number % DAYS_OF_WEEK in self.workdays and number not in self.holidays
            span = (
                begins_s + self.work_start_hour * HOUR_S,
                begins_s + self.work_end_hour * HOUR_S,
            )
            yield Day(ends_s, (span,) if is_worked else ())
            number += 1


def meta_of(told: Any) -> Meta:
    """Of a decoded META.json. Raises MetaUnusable."""
    try:
        meta = msgspec.convert(told, Meta)
    except msgspec.ValidationError as error:
        raise MetaUnusable(str(error)) from error
    if meta.work_start_hour >= meta.work_end_hour:
        raise MetaUnusable("work_start_hour is not before work_end_hour")
    if not meta.workdays:
        raise MetaUnusable("there are no workdays")
    return meta


def read_meta(path: Path) -> Meta:
    """Raises OSError and MetaUnusable."""
    try:
        return meta_of(msgspec.json.decode(path.read_bytes()))
    except msgspec.DecodeError as error:
        raise MetaUnusable(str(error)) from error
