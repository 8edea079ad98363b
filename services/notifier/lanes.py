"""What waits to be sent, so that a slow server holds up only what goes there."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """A queue of which at most so many of one lane are in work at a time; each lane keeps its
    order, and those that come first go first."""

    def __init__(self, lane_of: Callable[[Item], str], most: int) -> None:
        self._lane_of = lane_of
        self._most = most
        self._turns: asyncio.Queue[Item] = asyncio.Queue()
        self._behind: dict[str, deque[Item]] = {}
        self._busy: Counter[str] = Counter()
        """By lane, what has its turn, taken or not."""

    def put_nowait(self, item: Item) -> None:
        lane = self._lane_of(item)
        if self._busy[lane] < self._most:
            self._busy[lane] += 1
            self._turns.put_nowait(item)
        else:
            self._behind.setdefault(lane, deque()).append(item)

    async def get(self) -> Item:
        """The next one, which has a place in its lane until `done`."""
        return await self._turns.get()

    def done(self, item: Item) -> None:
        """Whoever took it has finished with it, so that the next one of its lane has its turn."""
        lane = self._lane_of(item)
        behind = self._behind.get(lane)
        if behind:
            self._turns.put_nowait(behind.popleft())
            return
        self._behind.pop(lane, None)
        self._busy[lane] -= 1
        if not self._busy[lane]:
            del self._busy[lane]
