"""What the router does without having heard anything: time passes, and the file changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from services.router import handlers, organisation, store
from services.router.pause import Pause
from services.router.store import Desk, issues
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
