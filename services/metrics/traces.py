"""What moved a carrier's figure, so that it explains itself; the older the fainter."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from math import exp2
from typing import Any, Final

from shared.contracts.metrics import Move

HALF_LIFE_NIGHTS: Final = 20
"""Also how long an occurrence is counted for the words."""

STEP: Final = {
    Move.WAITING: 0.55,
    Move.DECLINED: 0.70,
    Move.HANDED_ON: 0.20,
    Move.ACKNOWLEDGED: -0.55,
    Move.ANSWERED: -1.10,
}
"""What each moves the log-odds by; `waiting` for each normal wait."""


@dataclass(slots=True)
class Trace:
    """One kind of move by one team."""

    weight: float = 0.0
    """In log-odds, times `2 ** (night / 20)` of each night on which it grew."""
    nights: list[int] = field(default_factory=list)
    """Of the latest occurrences; none are kept of waiting."""


class Traces:
    """What moved one carrier's figure, by kind and team."""

    __slots__ = ("_traces",)

    def __init__(self) -> None:
        self._traces: dict[tuple[Move, str], Trace] = {}

    def waited(self, team: str, normal_waits: float, night: int) -> None:
        self._grow(Move.WAITING, team, normal_waits, night)

    def happened(self, move: Move, team: str, night: int) -> None:
        trace = self._grow(move, team, 1.0, night)
        trace.nights.append(night)
        del trace.nights[: bisect_right(trace.nights, night - HALF_LIFE_NIGHTS)]

    def _grow(self, move: Move, team: str, steps: float, night: int) -> Trace:
        trace = self._traces.get((move, team))
        if trace is None:
            trace = self._traces[move, team] = Trace()
        trace.weight += STEP[move] * steps * exp2(night / HALF_LIFE_NIGHTS)
        return trace

    def weights(self, night: int) -> dict[tuple[Move, str], float]:
        """In log-odds, faded by now."""
        fading = exp2(-night / HALF_LIFE_NIGHTS)
        return {key: trace.weight * fading for key, trace in self._traces.items()}

    def count(self, move: Move, team: str, night: int) -> int:
        """How often in the last 20 working days."""
        trace = self._traces.get((move, team))
        nights = trace.nights if trace else []
        return len(nights) - bisect_right(nights, night - HALF_LIFE_NIGHTS)

    def state(self) -> list[Any]:
        """All of it, as JSON can hold it."""
        return [
            [move, team, trace.weight, list(trace.nights)]
            for (move, team), trace in self._traces.items()
        ]

    @classmethod
    def from_state(cls, state: list[Any]) -> Traces:
        """What `state` was of."""
        made = cls()
        for move, team, weight, nights in state:
            made._traces[Move(move), team] = Trace(weight, list(nights))
        return made
