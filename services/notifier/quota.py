"""How much of a channel's month is used up, where there is such a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from services.notifier import store
from services.notifier.store import Fate, Ledger
from shared.contracts.organisation import Channel
from shared.journal import Journal


class Quotas:
    """Counted from the deliveries at the start and at the beginning of each month, and then along:
    one process works on a database at a time. What goes as one message counts once."""

    def __init__(self, most: Mapping[Channel, int]) -> None:
        self._most = most
        self._used: dict[tuple[Channel, datetime], int] = {}
        self._counting = asyncio.Lock()

    async def take(
        self, channel: Channel, now: datetime, zone: str, journal: Journal[Ledger]
    ) -> bool:
        """Whether one more fits into the month, as the company's calendar has it; then it counts
        as used."""
        if channel not in self._most:
            return True
        month = (channel, month_of(now, zone))
        async with self._counting:
            if month not in self._used:
                self._used[month] = await journal.read(lambda connection: used(connection, *month))
        if self._used[month] >= self._most[channel]:
            return False
        self._used[month] += 1
        return True

    def give_back(self, channel: Channel, now: datetime, zone: str) -> None:
        """It was not sent after all."""
        month = (channel, month_of(now, zone))
        if month in self._used:
            self._used[month] -= 1


def month_of(now: datetime, zone: str) -> datetime:
    """When the month began."""
    local = now.astimezone(ZoneInfo(zone))
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def used(connection: Connection, channel: Channel, since: datetime) -> int:
    """Messages that the channel has taken since then."""
    table = store.deliveries
    message = func.coalesce(table.c.bundle_id, table.c.delivery_id)
    query = select(func.count(message.distinct())).where(
        table.c.channel == channel,
        table.c.fate.in_((Fate.SENT, Fate.DELIVERED)),
        table.c.done_at >= since,
    )
    return int(connection.scalar(query) or 0)
