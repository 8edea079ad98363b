"""What the auditor proves: one promise for each way in which an issue could be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.contracts.event import Speaker


class Promise(StrEnum):
    """Short names, as metrics and reports have them."""

    ACCEPTED = "accepted"
    OWNER = "owner"
    NEXT_STEP = "next_step"
    STEP_TAKEN = "step_taken"
    SHOWN = "shown"
    WORK = "work"
    ABSENCE = "absence"
    PAUSE = "pause"
    ALONGSIDE = "alongside"
    SAID = "said"
    KEPT = "kept"
    RECORDED = "recorded"
    TOLD = "told"
    LOOKED_AT = "looked_at"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Repeat:
    """Its speaker says an event of its journal again; every hearer knows it or needs it."""

    speaker: Speaker
    event_id: str


@dataclass(frozen=True, slots=True)
class Wake:
    """The router looks at the issue again; it acts only where this step is still current."""

    issue_id: str
    step_number: int


Repair = Repeat | Wake


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that does not hold, for one thing. It counts once it is seen twice, unchanged."""

    promise: Promise
    about: str
    """What it is about, as a person looks for it: a reference, an id, a number."""
    key: str
    """The same at the second look only where nothing has moved since the first."""
    since: datetime | None = None
    """Since when, where that can be told."""
    repair: Repair | None = None
    """What can safely be done about it."""
