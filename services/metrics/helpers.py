"""From how many people each carrier gets answers; for panels only (a diversity index is not
monotone, METRICS)."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log
from typing import Any, Self

HALF_LIFE_NIGHTS = 20
_LEAST_WEIGHT = 0.01
_MOST_KEPT = 40


class Helpers:
    """By carrier, who answered; an answer weighs half as much after four weeks.

    It weighs `2 ** (night / 20)`, so that nothing has to be faded when a night passes.
    """

    def __init__(self) -> None:
        self._weights: dict[str, dict[str, float]] = {}

    def answered(self, carrier: str, helper: str, night: int) -> None:
        weights = self._weights.setdefault(carrier, {})
        weights[helper] = weights.get(helper, 0.0) + 2.0 ** (night / HALF_LIFE_NIGHTS)
        if len(weights) > _MOST_KEPT:
            least = _LEAST_WEIGHT * 2.0 ** (night / HALF_LIFE_NIGHTS)
            self._weights[carrier] = {who: one for who, one in weights.items() if one > least}

    def effective(self, carrier: str) -> float | None:
        """As many people who answer equally often would be as mixed: exp of Shannon's entropy.
        None without any answer."""
        weights = self._weights.get(carrier)
        if not weights:
            return None
        total = sum(weights.values())
        return exp(-sum(one / total * log(one / total) for one in weights.values()))

    def state(self) -> dict[str, dict[str, float]]:
        """All of it, as JSON can hold it."""
        return self._weights

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """What `state` was of."""
        made = cls()
        made._weights = {carrier: dict(weights) for carrier, weights in state.items()}
        return made
