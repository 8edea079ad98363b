"""Who may say that somebody is away, and what their days mean. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.intake.days import today
from shared.contracts.organisation import Calendar, Organisation, Person

ABSENCES = UUID("5b6f0d53-2a3c-5d57-8f4e-6c0b6f4b7d21")
PAUSES = UUID("0f4f7a4e-2b86-5f0f-9c55-1e9d1c3f6a02")
LONGEST_PAUSE = timedelta(days=92)
"""Whoever means to stop for longer has to say so again."""


def may_say_for(person_id: str, organisation: Organisation) -> tuple[Person, ...]:
    """Whose absences somebody may say: their own; a lead their team's; the leader everybody's."""
    if person_id == organisation.leader:
        led = set(organisation.team)
    else:
        led = {team.id for team in organisation.teams if team.lead == person_id}
    return tuple(
        person for person in organisation.people if person.id == person_id or person.team in led
    )


def days(first: date, last: date, calendar: Calendar, now: datetime) -> tuple[datetime, datetime]:
    """From the beginning of the first day, or from now on, to the last minute of the last."""
    zone = ZoneInfo(calendar.zone)
    minute = now.replace(second=0, microsecond=0)
    begins = minute if first == today(now, calendar) else datetime.combine(first, time(), zone)
    return begins, datetime.combine(last, time(23, 59), zone)
