"""What the figures are folded from: what happened, without any words.

One shape for Banso's own events (`services/metrics/heard.py`) and for those of an old helpdesk
(`services/metrics/backtest`), so that both give the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


def instant(at_s: float) -> datetime:
    """When that was, by the seconds of Banso's own facts, which count from 1970."""
    return datetime.fromtimestamp(at_s, UTC)


class Kind(StrEnum):
    """What happened."""

    TICK = "tick"
    """Nothing, but figures are wanted at this moment."""
    PERSON_JOINED = "person_joined"
    ABSENCE_STARTED = "absence_started"
    ABSENCE_ENDED = "absence_ended"
    RAISED = "issue_raised"
    ASSIGNED = "owner_assigned"
    ACKNOWLEDGED = "acked"
    DECLINED = "declined"
    REASSIGNED = "reassigned"
    """A person handed it on."""
    COMMENTED = "commented"
    """Words of `person`; from the carrier they move nothing."""
    REMINDED = "reminder_sent"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    COMPANION_ASSIGNED = "companion_assigned"
    COMPANION_RELEASED = "companion_released"
    WAITING = "waiting"
    """The ball is with carrier or customer, or it is scheduled for a date that the carrier knows;
    nobody owes an answer."""
    RESUMED = "resumed"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened; what is unknown or does not apply is empty."""

    at_s: float
    """Seconds; of the calendar, not of working time."""
    kind: Kind
    id: str
    issue: str = ""
    person: str = ""
    """Who acted; empty where the system did."""
    raiser: str = ""
    """The carrier."""
    owner: str = ""
    """After it happened."""
    team: str = ""
    """Of the owner after it happened, else of `person`."""
    severity: int = 1
    """0 to 3."""
    version: int = 0
    """Of the issue; facts of one moment are folded in this order."""
