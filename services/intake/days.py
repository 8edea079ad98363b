"""Days that people name, as instants of their own working time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from shared.contracts.issue import FURTHEST_PROMISE, Action, Snapshot
from shared.contracts.organisation import Calendar, Organisation
from shared.worktime import Rest, working_hours

_A_DAY = timedelta(days=1)


class Soon(StrEnum):
    """Ends that are chosen with one tap."""

    TOMORROW = "tomorrow"
    THREE_DAYS = "three_days"
    NEXT_WEEK = "next_week"


def today(now: datetime, calendar: Calendar) -> date:
    """The day that it is where they work."""
    return now.astimezone(ZoneInfo(calendar.zone)).date()


def morning_of(day: date, calendar: Calendar) -> datetime:
    """When work begins that day, or on the next day on which there is any."""
    return working_hours(calendar).next_open(_midnight(day, calendar))


def evening_of(day: date, calendar: Calendar) -> datetime:
    """When work ends that day; the end of the day where there is none."""
    begins, ends = _midnight(day, calendar), _midnight(day + _A_DAY, calendar)
    hours = working_hours(calendar)
    worked = hours.between(begins, ends)
    return hours.after(begins, worked) if worked else ends - timedelta(minutes=1)


def in_working_days(count: int, now: datetime, calendar: Calendar) -> datetime:
    """The morning of the working day that many working days after today."""
    day = today(now, calendar)
    for _ in range(count):
        day = today(morning_of(day + _A_DAY, calendar), calendar)
    return morning_of(day, calendar)


def soon(choice: Soon, now: datetime, calendar: Calendar) -> datetime:
    """What a choice of one tap means."""
    match choice:
        case Soon.TOMORROW:
            return in_working_days(1, now, calendar)
        case Soon.THREE_DAYS:
            return in_working_days(3, now, calendar)
        case Soon.NEXT_WEEK:
            day = today(now, calendar)
            return morning_of(day + timedelta(days=7 - day.weekday()), calendar)
        case _ as never:
            assert_never(never)


def furthest(
    action: Action,
    snapshot: Snapshot,
    organisation: Organisation,
    rests: Sequence[Rest],
    now: datetime,
) -> datetime:
    """Until when an issue can be promised, or else put off, at the most; the router's check is
    final."""
    if action is Action.PROMISE:
        return now + FURTHEST_PROMISE
    own = organisation.more_policies.get(snapshot.policy or "")
    policy = own or organisation.policies[snapshot.urgency]
    acts = snapshot.owner_id if snapshot.waiting_for is None else snapshot.carrier_id
    hours = working_hours(organisation.calendar_of(acts), tuple(rests))
    return hours.after(now, policy.snooze_at_most)


def _midnight(day: date, calendar: Calendar) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(calendar.zone))
