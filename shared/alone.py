"""Exactly one process of a service works on a database; another one stands by.

A service keeps some of what it knows in memory, such as what everybody has in hand, so two at
once would decide on what is no longer true. Whoever starts while another is there waits until
that one is gone, however it went, and goes on from what it left.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from shared import logs
from shared.database import read_url

log = logs.get(__name__)

LOOK_AGAIN_S = 0.25
CHECK_EVERY_S = 1.0

_TRY = text("SELECT pg_try_advisory_lock(1112100467, 2)")
_NOTICE_A_LOST_MACHINE = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)
"""PostgreSQL would otherwise keep the place of a machine without power for two hours."""


class PlaceLost(Exception):
    """Our connection was cut, and another process has taken our place since."""


class Place(Protocol):
    """What only one process has at a time; it is given back whichever way the process ends."""

    def try_to_take(self) -> bool: ...

    async def keep(self) -> None:
        """Goes on as long as the place is ours; raises PlaceLost."""

    def give_back(self) -> None: ...


async def take_place(
    database_url: str,
    standing_by: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> Place:
    """Returns once this process is the only one of its service on this database; what
    `standing_by` opens is open for as long as it has to wait for that."""
    place = _place(read_url(database_url))
    if await asyncio.to_thread(place.try_to_take):
        return place
    log.warning("service.stands_by", because="another process has this database")
    async with standing_by():
        is_ours = False
        try:
            while not is_ours:
                await asyncio.sleep(LOOK_AGAIN_S)
                is_ours = await asyncio.to_thread(place.try_to_take)
        except asyncio.CancelledError:
            place.give_back()  # whoever asked does not wait any longer
            raise
    log.warning("service.takes_over")
    return place


def _place(url: URL) -> Place:
    if url.get_backend_name() == "postgresql":
        return _OfPostgresql(url)
    return _OfFile(Path(f"{url.database}.lock") if url.database else None)


class _OfFile:
    """A lock beside the SQLite file, which the kernel gives back whatever becomes of us."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._open: Any = None

    def try_to_take(self) -> bool:
        if self._file is None:
            return True
        self._open = self._open or self._file.open("ab")
        try:
            fcntl.flock(self._open, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def keep(self) -> None:
        await asyncio.Event().wait()

    def give_back(self) -> None:
        if self._open is not None:
            self._open.close()


class _OfPostgresql:
    """An advisory lock of a session of its own, which ends with us or with the connection."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def try_to_take(self) -> bool:
        if self._connection is None:
            self._connection = self._engine.connect()
            for setting in _NOTICE_A_LOST_MACHINE:
                self._connection.exec_driver_sql(setting)
        return bool(self._connection.scalar(_TRY))

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            if not await asyncio.to_thread(self._is_ours):
                raise PlaceLost

    def _is_ours(self) -> bool:
        """Where the connection was cut the place is taken again, if nobody else was quicker."""
        try:
            if self._connection is not None:
                self._connection.exec_driver_sql("SELECT 1")
                return True
            return self.try_to_take()
        except DBAPIError as error:
            log.warning("place.unsure", error=repr(error.orig))
            self.give_back()
            return True  # as far as we know: a database that is away for all is nobody else's

    def give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
