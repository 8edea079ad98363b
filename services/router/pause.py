"""When chasing rests for the whole company, and what was known of it at a time.

A deadline is planned with the pauses known then. One that is announced, changed or ended later
moves the deadline when its time comes, so that nobody loses or gains working time by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.worktime import Rest

LONGEST = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which Banso chases nobody."""

    pause_id: str
    starts_at: datetime
    ends_at: datetime
    said_by_id: str
    text: str
    said_at: datetime
    """When it was said as it is now."""
    earlier: list[list[str]] = field(default_factory=list)
    """How it was said before: since when, start and end (ISO 8601), the oldest first."""
    wake_at: datetime | None = None
    """Its end, at which everybody hears that it goes on; None once that is said."""
    moving: str | None = None
    """The last issue whose plan was moved for it, while there are more; empty before the first."""

    def holds(self, now: datetime) -> bool:
        """Whether chasing rests at `now`."""
        return self.starts_at <= now < self.ends_at


def announce(
    known: Pause | None,
    pause_id: str,
    starts_at: datetime,
    ends_at: datetime,
    said_by_id: str,
    text: str,
    now: datetime,
) -> Pause | None:
    """The pause as it is said now; None where there is nothing (more) to rest.

    It can't have begun before it was said, since what was chased until then was chased.
    """
    starts_at = known.starts_at if known and known.starts_at <= now else max(starts_at, now)
    ends_at = min(ends_at, starts_at + LONGEST)
    if ends_at <= max(starts_at, now) or (known is not None and known.wake_at is None):
        return None
    return Pause(
        pause_id, starts_at, ends_at, said_by_id, text, now, _history(known), ends_at, moving=""
    )


def end(pause: Pause, now: datetime) -> Pause:
    """Over now, or never begun."""
    over_at = max(pause.starts_at, min(now, pause.ends_at))
    return replace(
        pause,
        ends_at=over_at,
        said_at=now,
        earlier=_history(pause),
        wake_at=None,
        moving="",
    )


def rests(pauses: Iterable[Pause], known_at: datetime | None = None) -> tuple[Rest, ...]:
    """When chasing rests, as it is known now or was known at a time; in order of start."""
    found = (_as_known(pause, known_at) for pause in pauses)
    return tuple(sorted(rest for rest in found if rest is not None and rest[0] < rest[1]))


def _as_known(pause: Pause, known_at: datetime | None) -> Rest | None:
    if known_at is None or pause.said_at <= known_at:
        return pause.starts_at, pause.ends_at
    for said_at, starts_at, ends_at in reversed(pause.earlier):
        if datetime.fromisoformat(said_at) <= known_at:
            return datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at)
    return None


def _history(known: Pause | None) -> list[list[str]]:
    if known is None:
        return []
    said = [known.said_at, known.starts_at, known.ends_at]
    return [*known.earlier, [one.isoformat() for one in said]]
