"""Where an issue sat, and for how long, in the working time of whoever had it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.intake.store import Happening
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    IssueAssigned,
    IssueClosed,
    IssueReopened,
    IssueResolved,
    IssueResumed,
    IssueWaiting,
)
from shared.worktime import working_hours


@dataclass(frozen=True, slots=True)
class Station:
    """One owner's time with an issue."""

    owner_id: str
    team_id: str | None
    since: datetime
    until: datetime | None = None
    """None where it still lies there."""
    sat: timedelta = timedelta()
    """In the owner's working time, waits included."""
    waited: timedelta = timedelta()
    """How much of it was waiting for carrier or customer."""


@dataclass(frozen=True, slots=True)
class _Sitting:
    station: Station
    waiting_since: datetime | None = None
    waits: tuple[tuple[datetime, datetime], ...] = ()

    def resumed(self, at: datetime) -> _Sitting:
        if self.waiting_since is None:
            return self
        return replace(self, waiting_since=None, waits=(*self.waits, (self.waiting_since, at)))


def stations(
    history: Sequence[Happening], organisation: Organisation, now: datetime
) -> tuple[Station, ...]:
    """One after the other, as the history has them; one who reopens it opens a new station."""
    found: list[Station] = []
    sitting: _Sitting | None = None
    for one in history:
        if one.subject in _ENDING and sitting is not None:
            found.append(_ended(sitting, one.occurred_at, one.occurred_at, organisation))
            sitting = None
        if one.subject == IssueAssigned.subject:
            said = one.said
            sitting = _Sitting(Station(said["owner_id"], said.get("team_id"), one.occurred_at))
        elif one.subject == IssueReopened.subject and found:
            last = found[-1]
            sitting = _Sitting(Station(last.owner_id, last.team_id, one.occurred_at))
        elif one.subject == IssueWaiting.subject and sitting is not None:
            sitting = replace(sitting, waiting_since=one.occurred_at)
        elif one.subject == IssueResumed.subject and sitting is not None:
            sitting = sitting.resumed(one.occurred_at)
    if sitting is not None:
        found.append(_ended(sitting, now, None, organisation))
    return tuple(one for one in found if one.until is None or one.until > one.since)


_ENDING = (
    IssueAssigned.subject,
    IssueResolved.subject,
    IssueClosed.subject,
    IssueReopened.subject,
)


def _ended(
    sitting: _Sitting, at: datetime, until: datetime | None, organisation: Organisation
) -> Station:
    station = sitting.station
    hours = working_hours(organisation.calendar_of(station.owner_id))
    waits = sitting.resumed(at).waits
    return replace(
        station,
        until=until,
        sat=hours.between(station.since, at),
        waited=sum((hours.between(*wait) for wait in waits), timedelta()),
    )


def under_way(
    raised_at: datetime,
    over_at: datetime | None,
    owner_id: str,
    organisation: Organisation,
    now: datetime,
) -> timedelta:
    """How long the carrier has waited since their first word: the clock that no move resets."""
    hours = working_hours(organisation.calendar_of(owner_id))
    return hours.between(raised_at, over_at or now)
