"""What the router does without having heard anything: time passes, and the file changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from services.router import handlers, organisation, store
from services.router.pause import Pause
from services.router.store import Board, Desk, absences, companionships, issues, queues
from shared import clock, due, logs
from shared.contracts.organisation import Organisation
from shared.contracts.router import IssueDue
from shared.journal import Cause, Journal

log = logs.get(__name__)


async def say_what_is_due(journal: Journal[Desk]) -> int:
    """Says `issue.due` for every issue whose time has come, and tells how many there were.

    Each is a cause of its own, so that a repeat says the same event.
    """
    columns = (issues.c.issue_id, issues.c.step_number)
    now = clock.now()
    if await _rests(journal, now):
        return 0
    rows = await journal.read(
        lambda connection: due.find(connection, columns, issues.c.wake_at, issues.c.taken_at, now)
    )
    if not rows:
        return 0
    taken = [row.issue_id for row in rows]
    await asyncio.gather(
        journal.note(lambda desk: desk.take(taken)),
        *(journal.settle(_cause(row)) for row in rows),
    )
    return len(rows)


async def _rests(journal: Journal[Desk], now: datetime) -> bool:
    """Whether nobody is chased just now; does what is to be done about pauses first.

    Nobody is chased either while plans are still being moved for a pause, since what seems due
    may have time left.
    """
    in_force = await journal.read(lambda connection: store.pauses_in_force(connection, now))
    moving = [one for one in in_force if one.moving is not None]
    for one in moving:
        await journal.settle(_moves_plans(one))
    for one in in_force:
        if one.wake_at is not None and one.wake_at <= now:
            over = partial(handlers.pause_over, one.pause_id)
            cause_id = f"pause/{one.pause_id}/{one.said_at.isoformat()}/over"
            await journal.settle(Cause(cause_id, over))
    return bool(moving) or any(one.holds(now) for one in in_force)


def _moves_plans(pause: Pause) -> Cause[Desk]:
    after_id = pause.moving or ""
    cause_id = f"pause/{pause.pause_id}/{pause.said_at.isoformat()}/move/{after_id}"
    return Cause(cause_id, partial(handlers.plans_moved, pause.pause_id, after_id))


def _cause(row: Row[Any]) -> Cause[Desk]:
    return Cause(
        f"due/{row.issue_id}/{row.step_number}",
        lambda desk: [
            IssueDue(occurred_at=desk.now, issue_id=row.issue_id, step_number=row.step_number)
        ],
    )


async def turn_absences(journal: Journal[Desk]) -> int:
    """Acts on every absence that begins or ends now, and tells how many there were."""
    columns = (absences.c.absence_id, absences.c.wake_at)
    at, taken_at, now = absences.c.wake_at, absences.c.taken_at, clock.now()
    rows = await journal.read(lambda connection: due.find(connection, columns, at, taken_at, now))
    if not rows:
        return 0
    taken = [row.absence_id for row in rows]
    await asyncio.gather(
        journal.note(lambda desk: desk.take_absences(taken)),
        *(journal.settle(_turn(row.absence_id, row.wake_at)) for row in rows),
    )
    return len(rows)


def _turn(absence_id: str, wake_at: datetime) -> Cause[Desk]:
    turns = partial(handlers.absence_turns, absence_id, wake_at)
    return Cause(f"absence/{absence_id}/{wake_at.isoformat()}", turns)


async def follow_companions(journal: Journal[Desk]) -> int:
    """Acts where a carrier, a colleague or a companion has said nothing in time, and tells how
    many there were. While chasing rests nobody is asked anything."""
    columns = (companionships.c.companionship_id, companionships.c.version)
    at, taken_at, now = companionships.c.due_at, companionships.c.taken_at, clock.now()
    rows = await journal.read(lambda connection: due.find(connection, columns, at, taken_at, now))
    if not rows or await journal.read(lambda connection: store.is_resting(connection, now)):
        return 0
    taken = [row.companionship_id for row in rows]
    await asyncio.gather(
        journal.note(lambda desk: desk.take_companionships(taken)),
        *(journal.settle(_follow(row.companionship_id, row.version)) for row in rows),
    )
    return len(rows)


def _follow(companionship_id: str, version: int) -> Cause[Desk]:
    acts = partial(handlers.companion_due, companionship_id, version)
    return Cause(f"companion/{companionship_id}/{version}", acts)


LOOK_AT_QUEUES = timedelta(minutes=1)
"""Somebody may be free who did nothing for it: their working day begins, their load is counted
otherwise."""


class Queues:
    """Gives out what waits in teams whenever somebody in one of them may be free."""

    def __init__(self, board: Board, file: OrganisationFile) -> None:
        self._board = board
        self._file = file
        self._looked_at: datetime | None = None

    async def drain(self, journal: Journal[Desk]) -> int:
        """Looks where somebody was freed since the last time, and now and then everywhere."""
        now, organisation = clock.now(), self._file.current
        freed = self._board.freed.copy()
        everywhere = self._looked_at is None or now - self._looked_at >= LOOK_AT_QUEUES
        if organisation is None or not (freed or everywhere):
            return 0
        self._board.freed.difference_update(freed)
        self._looked_at = now if everywhere else self._looked_at
        people = organisation.person
        teams = {people[who].team for who in freed if who in people}
        given = 0
        for team_id in await journal.read(queues):
            if everywhere or team_id in teams or team_id not in organisation.team:
                given += await self._drain(journal, team_id, now)
        return given

    async def _drain(self, journal: Journal[Desk], team_id: str | None, now: datetime) -> int:
        if not await journal.read(partial(self._can_give, team_id)):
            return 0
        cause = Cause(f"drain/{team_id or ''}/{now.isoformat()}", partial(handlers.drain, team_id))
        settled = await journal.settle(cause)
        if settled.said:
            self._looked_at = None  # there may be more to give out
        return len(settled.said)

    def _can_give(self, team_id: str | None, connection: Connection) -> bool:
        """Whether there is anything to decide: a cause that leads to nothing is kept for ever."""
        desk = Desk(connection, clock.now(), self._file.current, self._board)
        try:
            return bool(handlers.drain(team_id, desk, most=1))
        finally:
            desk.abandon()


SAY_AGAIN = timedelta(days=30)
"""An organisation that stays as it is must not get too old for the streams to hold."""


class OrganisationFile:
    """Publishes the organisation file whenever it has changed and is valid; else keeps the old.

    What is wrong with it, or odd, is logged once, each time that it has changed.
    """

    def __init__(
        self,
        file: Path,
        number: int,
        current: Organisation | None,
        published_at: datetime | None,
    ) -> None:
        self.current = current
        self._file = file
        self._number = number
        self._published_at = published_at
        self._read: tuple[float, int] | None = None

    def adopt(self, desk: Desk) -> None:
        """Called after each commit: what was decided next must see the new organisation."""
        if desk.published is not None:
            self._number, self.current = desk.published
            self._published_at = desk.now

    async def publish_if_changed(self, journal: Journal[Desk]) -> None:
        """Says line by line in the log what is wrong with a file that can't be used."""
        stamp = await asyncio.to_thread(_stamp, self._file)
        is_old = self._published_at and clock.now() - self._published_at > SAY_AGAIN
        if stamp == self._read and not is_old:
            return
        try:
            examined = await asyncio.to_thread(organisation.examine, self._file)
        except organisation.OrganisationUnusable as error:
            self._read = stamp
            self._log(logging.ERROR, "organisation.unusable", error.findings)
            return
        found = examined.organisation
        if self.current is None or found.revision != self.current.revision or is_old:
            number = self._number + 1
            change = partial(handlers.organisation_changed, found, number)
            await journal.settle(Cause(f"organisation/{number}/{found.revision}", change))
            log.info("organisation.published", revision=found.revision, people=len(found.people))
        if stamp != self._read:
            self._read = stamp
            odd = await asyncio.to_thread(examined.warnings, clock.now())
            self._log(logging.WARNING, "organisation.odd", odd)

    def _log(self, level: int, event: str, findings: Sequence[organisation.Finding]) -> None:
        for finding in findings:
            log.log(
                level,
                event,
                file=str(self._file),
                line=finding.line,
                place=finding.place,
                problem=finding.problem,
                remedy=finding.remedy,
                kept=self.current.revision if self.current else None,
            )


def _stamp(file: Path) -> tuple[float, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime, stat.st_size
