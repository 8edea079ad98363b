"""What of an issue's history was taken back, and what its reader can take back now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake.store import Happening
from shared.contracts.router import ActionRefused, IssueUndone


@dataclass(frozen=True, slots=True)
class Undoable:
    """What somebody has just done."""

    request_id: str
    until: datetime
    """Until when it can be taken back, unless something else happens before."""


def taken_back(history: Sequence[Happening]) -> frozenset[str]:
    """Ids of the requests that were taken back; not where the taking back was taken back itself."""
    found: set[str] = set()
    for one in reversed(history):
        if one.subject == IssueUndone.subject and one.cause_id not in found:
            found.update(one.said.get("requests", ()))
    return frozenset(found)


def standing(history: Sequence[Happening]) -> list[Happening]:
    """What has happened and was not taken back."""
    void = taken_back(history)
    return [
        one for one in history if one.cause_id not in void and one.subject != IssueUndone.subject
    ]


def undoable(history: Sequence[Happening], person_id: str, now: datetime) -> Undoable | None:
    """The last thing that has happened, where this person did it and has time left."""
    changes = [one for one in history if one.subject != ActionRefused.subject]
    last = changes[-1].cause_id if changes else None
    for one in changes:
        until = one.said.get("undo_until")
        if one.cause_id != last or one.actor_id != person_id or until is None:
            continue
        if (until_at := datetime.fromisoformat(until)) >= now:
            return Undoable(one.cause_id, until_at)
    return None
