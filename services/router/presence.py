"""Who is here, who is away and until when, and whether somebody else has their work meanwhile.

Absences of a person between which they don't work are one *run*: a fortnight entered day by day
is one fortnight. A run that is long enough *hands over*: what the person has open goes to a
substitute and comes back at its end. A shorter one, such as a dentist's hour, only delays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.contracts.organisation import WORKING_DAY
from shared.worktime import NoWorkingTime, WorkingHours

LONGEST: Final = timedelta(days=731)
"""What is said to last longer ends here; whoever is away for longer leaves the organisation."""
LEAST_SAID: Final = WORKING_DAY / 2
"""An absence that somebody said hands over from half a working day on: they thought of it."""
LEAST_IMPORTED: Final = WORKING_DAY
"""What a calendar shows hands over only beyond a whole working day: nobody thought of Banso when
they entered it."""
NEVER_S: Final = timedelta(days=3 * 366).total_seconds()
"""Stands for the time until somebody is present who never works again within three years."""

_DAY_S: Final = WORKING_DAY.total_seconds()


class AbsenceSource(StrEnum):
    """How we know of it."""

    SAID = "said"
    CALENDAR = "calendar"
    """An imported iCalendar file or feed."""


class AbsenceState(StrEnum):
    PLANNED = "planned"
    AWAY = "away"
    """It has handed over; or it follows another of the same run that has."""
    BRIEF = "brief"
    """It has begun, and is too short to hand over."""
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody's time away."""

    absence_id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    substitute_id: str | None
    source: AbsenceSource
    state: AbsenceState
    wake_at: datetime | None
    """When its start or its end is acted on; None once it is over."""
    taken_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Run:
    """Absences of one person with no working time of theirs between them."""

    absences: tuple[Absence, ...]
    starts_at: datetime
    ends_at: datetime
    hands_over: bool

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Presence:
    """When somebody is here, in seconds of the company's working time."""

    away_s: float = 0.0
    """Until they are next present; 0 where they are now, or will be before the company is."""
    is_substituted: bool = False
    """Somebody else has their work until they are back."""
    leaves_in_s: float = math.inf
    """Their own working time until they leave and hand over what they have open; infinite where
    that is more than a working day."""
    away_then_s: float = 0.0
    """`away_s` for what they would not get done before they leave."""


HERE: Final = Presence()


def runs(absences: Iterable[Absence], hours: WorkingHours) -> tuple[Run, ...]:
    """The person's absences as runs, the earliest first; `hours` are their own."""
    return tuple(_run(joined, hours) for joined in _joined(absences, hours))


def run_at(of_person: Sequence[Run], at: datetime) -> Run | None:
    """The run that holds at `at`, or None where the person is not absent then."""
    return next((run for run in of_person if run.covers(at)), None)


class Company:
    """The company's working time from now on, counted once for each instant that is asked for:
    most people come back in the morning of some day."""

    def __init__(self, hours: WorkingHours, now: datetime) -> None:
        self._hours = hours
        self._now = now
        self._counted: dict[datetime, float] = {}

    def until_s(self, at: datetime | None) -> float:
        """Seconds of it until then; a very long time for None, which is never."""
        if at is None:
            return NEVER_S
        found = self._counted.get(at)
        if found is None:
            found = self._counted[at] = self._hours.between(self._now, at).total_seconds()
        return found


def presence(
    of_person: Sequence[Run], hours: WorkingHours, company: Company, now: datetime
) -> Presence:
    """When somebody with these runs and these `hours` is here, counted by the company's."""
    present_at = back_at(hours, now)
    is_substituted = False
    for run in of_person:
        if present_at is None or run.ends_at <= now:
            continue
        if run.starts_at <= present_at:
            is_substituted = is_substituted or (run.hands_over and run.covers(now))
            present_at = back_at(hours, run.ends_at)
        elif run.hands_over:
            leaves_in_s = hours.between(present_at, run.starts_at).total_seconds()
            if leaves_in_s >= _DAY_S:
                break
            away_s = company.until_s(present_at)
            away_then_s = company.until_s(back_at(hours, run.ends_at))
            return Presence(away_s, is_substituted, leaves_in_s, away_then_s)
    if present_at == now and not is_substituted:
        return HERE
    return Presence(company.until_s(present_at), is_substituted)


def back_at(hours: WorkingHours, at: datetime) -> datetime | None:
    """When the person next works from `at` on; None where they never do within three years."""
    try:
        return hours.next_open(at)
    except NoWorkingTime:
        return None


def _joined(absences: Iterable[Absence], hours: WorkingHours) -> Iterator[list[Absence]]:
    run: list[Absence] = []
    ends_at: datetime | None = None
    for absence in sorted(absences, key=lambda one: (one.starts_at, one.absence_id)):
        if ends_at is not None:
            works_again = back_at(hours, ends_at)
            if works_again is not None and works_again < absence.starts_at:
                yield run
                run, ends_at = [], None
        run.append(absence)
        ends_at = absence.ends_at if ends_at is None else max(ends_at, absence.ends_at)
    if run:
        yield run


def _run(absences: Sequence[Absence], hours: WorkingHours) -> Run:
    starts_at = min(one.starts_at for one in absences)
    ends_at = max(one.ends_at for one in absences)
    return Run(tuple(absences), starts_at, ends_at, _hands_over(absences, hours))


def _hands_over(absences: Sequence[Absence], hours: WorkingHours) -> bool:
    """What has handed over does so until its end, even where it has become shorter."""
    if any(one.state is AbsenceState.AWAY for one in absences):
        return True
    said = (one for one in absences if one.source is AbsenceSource.SAID)
    if any(hours.between(one.starts_at, one.ends_at) >= LEAST_SAID for one in said):
        return True
    worked = timedelta()
    reached: datetime | None = None
    for one in absences:
        begins = one.starts_at if reached is None else max(one.starts_at, reached)
        worked += hours.between(begins, one.ends_at)
        reached = one.ends_at if reached is None else max(reached, one.ends_at)
    return worked > LEAST_IMPORTED
