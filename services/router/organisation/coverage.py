"""Times at which a rota or a schedule leaves an issue to nobody who works then.

Only times at which somebody asks count: those in which a rule sends issues there, and working
time where a ladder or a rule without times does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from services.router import rota
from services.router.organisation.findings import Remark
from services.router.rota import Gap
from shared.contracts.organisation import Organisation, Schedule, When
from shared.worktime import WorkingHours, working_hours

HORIZON: Final = timedelta(days=100)
"""So far ahead gaps are looked for."""

_STEP: Final = timedelta(minutes=15)


def remarks(organisation: Organisation, now: datetime) -> Iterator[Remark]:
    """The first gap of each rota and schedule."""
    for n, a_rota in enumerate(organisation.rotas):
        idle = next(rota.idle_turns(a_rota, organisation, now, now + HORIZON), None)
        if idle is not None:
            yield Remark(
                ("rotas", n),
                f"it is the turn of `{idle.person_id}` {_from_to(idle, organisation)}, but they"
                " do not work that day",
                "Take turns with somebody who does, or change the rota's `calendar:`",
            )
    for n, schedule in enumerate(organisation.schedules):
        gap = next(_missed(schedule, organisation, now), None)
        if gap is not None:
            yield Remark(
                ("schedules", n),
                f"nobody has `{schedule.id}` {_from_to(gap, organisation)}; an issue goes where it"
                " would go without the schedule then",
                "Add a shift, such as a last one without `during:`",
            )


def _missed(schedule: Schedule, organisation: Organisation, now: datetime) -> Iterator[Gap]:
    """The gaps in which somebody may ask who has it."""
    calendar = organisation.calendar_named(schedule.calendar)
    hours = working_hours(calendar)
    asks = [rule.when for rule in organisation.rules if rule.schedule == schedule.id]
    timed = [when for when in asks if when.during or when.at_work is not None]
    only_timed = (
        bool(timed) and len(timed) == len(asks) and not _in_a_ladder(schedule, organisation)
    )
    for gap in rota.gaps(schedule, organisation, now, now + HORIZON):
        in_work = not only_timed and hours.between(gap.starts_at, gap.ends_at)
        if in_work or any(_asked_in(gap, when, organisation) for when in timed):
            yield gap


def _in_a_ladder(schedule: Schedule, organisation: Organisation) -> bool:
    policies = chain(organisation.policies.values(), organisation.more_policies.values())
    return any(rung.whom == schedule.id for policy in policies for rung in policy.ladder)


def _asked_in(gap: Gap, when: When, organisation: Organisation) -> bool:
    """Whether a rule with these times may fire in the gap; looked at each quarter of an hour."""
    calendar = organisation.calendar_named(None)
    hours, zone = working_hours(calendar), ZoneInfo(calendar.zone)
    at = gap.starts_at
    while at < gap.ends_at:
        if _fires_at(at, when, hours, zone):
            return True
        at += _STEP
    return False


def _fires_at(at: datetime, when: When, hours: WorkingHours, zone: ZoneInfo) -> bool:
    within = not when.during or rota.falls_within(when.during, at.astimezone(zone))
    return within and (when.at_work is None or hours.is_open(at) is when.at_work)


def _from_to(gap: Gap, organisation: Organisation) -> str:
    zone = ZoneInfo(organisation.calendar_named(None).zone)
    starts, ends = gap.starts_at.astimezone(zone), gap.ends_at.astimezone(zone)
    return f"from {starts:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}"
