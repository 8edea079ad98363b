"""The leader lets all chasing rest, or go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.router import followup, lifecycle, pause
from services.router.handlers.keep import acting_id, keep
from services.router.pause import Pause
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import PauseSaid
from shared.contracts.router import ChasingPaused, ChasingResumed, IssuePostponed
from shared.worktime import working_hours

MOST_TOLD = 2_000
"""People named in one event, so that it fits; a larger company takes several."""
MOST_MOVED = 500
"""Issues whose plans are moved with one transaction."""


def pause_said(said: PauseSaid, desk: Desk) -> list[Event]:
    """Announces, changes or ends it, if the leader says so; anybody else hears that it stays as it
    is, such as whoever led until a moment ago."""
    known = desk.pause(said.pause_id)
    if said.person_id != desk.organisation.leader:
        return [_refuse(said, known, desk)]
    if said.ended:
        return _ended(known, desk) if known is not None and known.wake_at is not None else []
    announced = pause.announce(
        known, said.pause_id, said.starts_at, said.ends_at, said.person_id, said.text, desk.now
    )
    if announced is None:
        return []
    desk.put_pause(announced)
    return [
        ChasingPaused(
            occurred_at=desk.now,
            pause_id=announced.pause_id,
            starts_at=announced.starts_at,
            ends_at=announced.ends_at,
            said_by_id=announced.said_by_id,
            text=announced.text,
            concerned=part,
        )
        for part in _concerned(desk)
    ]


def pause_over(pause_id: str, desk: Desk) -> list[Event]:
    """Its end has come: everybody hears that it goes on."""
    known = desk.pause(pause_id)
    if known is None or known.wake_at is None or known.wake_at > desk.now:
        return []
    desk.put_pause(replace(known, wake_at=None))
    return _goes_on(known, desk)


def plans_moved(pause_id: str, after_id: str, desk: Desk) -> list[Event]:
    """Moves the next plans that were made without knowing of it, so that no time is lost."""
    known = desk.pause(pause_id)
    if known is None or known.moving != after_id:
        return []
    found = desk.planned_before(known.said_at, after_id, MOST_MOVED)
    events: list[Event] = []
    for issue in found:
        calendar = desk.organisation.calendar_of(acting_id(issue))
        as_known = working_hours(calendar, pause.rests(desk.pauses, issue.planned_at))
        hours = working_hours(calendar, desk.rests)
        moved = followup.move(issue, as_known, hours, desk.now)
        if moved is not issue:
            events.append(keep(lifecycle.touch(moved), desk, IssuePostponed))
    last = found[-1].issue_id if len(found) == MOST_MOVED else None
    desk.put_pause(replace(known, moving=last))
    return events


def _refuse(said: PauseSaid, known: Pause | None, desk: Desk) -> ChasingPaused | ChasingResumed:
    """As it is, for whoever may not change it: the pages show that from then on."""
    stays = said if known is None else known
    how: dict[str, Any] = {
        "occurred_at": desk.now,
        "pause_id": stays.pause_id,
        "starts_at": stays.starts_at,
        "ends_at": stays.ends_at,
        "concerned": (said.person_id,),
        "refused": True,
    }
    if known is None or known.wake_at is None:
        return ChasingResumed(**how)
    return ChasingPaused(said_by_id=known.said_by_id, text=known.text, **how)


def _ended(known: Pause, desk: Desk) -> list[Event]:
    over = pause.end(known, desk.now)
    desk.put_pause(over)
    return _goes_on(over, desk)


def _goes_on(over: Pause, desk: Desk) -> list[Event]:
    return [
        ChasingResumed(
            occurred_at=desk.now,
            pause_id=over.pause_id,
            starts_at=over.starts_at,
            ends_at=over.ends_at,
            concerned=part,
        )
        for part in _concerned(desk)
    ]


def _concerned(desk: Desk) -> list[tuple[str, ...]]:
    people = desk.concerned()
    parts = [tuple(people[n : n + MOST_TOLD]) for n in range(0, len(people), MOST_TOLD)]
    return parts or [()]
