"""Timed work: rows whose time has come, taken in bounded batches and never lost.

Taking marks a row; if whoever took it dies, it is due again after `TAKE_AGAIN`. What is done with
a row makes it not due, so a row is acted on once however often it is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Row, or_, select

from shared import logs

log = logs.get(__name__)

EVERY_S = 0.25
LARGEST_TAKE = 199
"""With the note that they are taken it is one batch of the journal."""
TAKE_AGAIN = timedelta(seconds=60)


def find(
    connection: Connection,
    columns: Sequence[Column[Any]],
    due_at: Column[Any],
    taken_at: Column[Any],
    now: datetime,
) -> Sequence[Row[Any]]:
    """The rows due at `now` that nobody has in hand, the longest due first."""
    query = (
        select(*columns)
        .where(due_at <= now, or_(taken_at.is_(None), taken_at <= now - TAKE_AGAIN))
        .order_by(due_at)
        .limit(LARGEST_TAKE)
    )
    return connection.execute(query).all()


async def keep_doing(work: Callable[[], Awaitable[int]], name: str) -> None:
    """Calls `work` for ever: at once again after a full batch, else after a short pause."""
    while True:
        try:
            done = await work()
        except Exception as error:
            log.error("tick.failed", tick=name, error=repr(error))
            done = 0
        if done < LARGEST_TAKE:
            await asyncio.sleep(EVERY_S)
