"""How long an answer normally takes: the *tau* that a wait is measured with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import exp2
from typing import Any, Final

from services.metrics.worked import DAY_S

MOST_LEARNED_S: Final = 5 * DAY_S
"""A longer wait teaches no more than this."""
PROMISE_WEIGHT: Final = 20.0
"""As many waits as the promise counts for."""
HALF_LIFE_NIGHTS: Final = 40


class Stage(StrEnum):
    """What a wait is for."""

    FIRST = "first"
    """The first reaction of anybody."""
    NEXT = "next"
    """The next answer, after a reaction."""


PROMISE_S: Final = {Stage.FIRST: DAY_S, Stage.NEXT: 2 * DAY_S}


@dataclass(slots=True)
class Waits:
    """Ended waits, each weighing more the later it ended."""

    sum_s: float = 0.0
    weight: float = 0.0

    def add(self, waited_s: float, weight: float) -> None:
        self.sum_s += waited_s * weight
        self.weight += weight


@dataclass(slots=True)
class Taught:
    """What the carriers have taught of one team at one stage."""

    everybody: Waits = field(default_factory=Waits)
    by_carrier: dict[str, Waits] = field(default_factory=dict)


class Normal:
    """The normal wait of each team, for each carrier by how long all *others* wait: or else their
    own neglect would become what is normal.

    A wait weighs `2 ** (night / 40)`, so that nothing has to be faded when a night passes.
    """

    def __init__(self) -> None:
        self._taught: dict[tuple[str, Stage], Taught] = {}

    def learn(self, team: str, stage: Stage, carrier: str, waited_s: float, night: int) -> None:
        """A wait has ended. Of an unknown team nothing can be learned."""
        if not team:
            return
        taught = self._taught.setdefault((team, stage), Taught())
        own = taught.by_carrier.setdefault(carrier, Waits())
        weight = exp2(night / HALF_LIFE_NIGHTS)
        for waits in (taught.everybody, own):
            waits.add(min(waited_s, MOST_LEARNED_S), weight)

    def tau_s(self, team: str, stage: Stage, carrier: str, night: int) -> float:
        """How long this carrier would normally wait; the promise where nothing is known."""
        first_s = self._mean_s(team, Stage.FIRST, carrier, night)
        if stage is Stage.FIRST:
            return first_s
        return max(first_s, self._mean_s(team, Stage.NEXT, carrier, night))

    def _mean_s(self, team: str, stage: Stage, carrier: str, night: int) -> float:
        promise_s = PROMISE_S[stage]
        taught = self._taught.get((team, stage))
        if taught is None:
            return promise_s
        own = taught.by_carrier.get(carrier) or Waits()
        fading = exp2(-night / HALF_LIFE_NIGHTS)
        weight = (taught.everybody.weight - own.weight) * fading
        sum_s = (taught.everybody.sum_s - own.sum_s) * fading
        return (PROMISE_WEIGHT * promise_s + sum_s) / (PROMISE_WEIGHT + weight)

    def state(self) -> list[Any]:
        """All of it, as JSON can hold it."""
        return [
            [team, stage, [[who, own.sum_s, own.weight] for who, own in taught.by_carrier.items()],
             taught.everybody.sum_s, taught.everybody.weight]
            for (team, stage), taught in self._taught.items()
        ]  # fmt: skip

    @classmethod
    def from_state(cls, state: list[Any]) -> Normal:
        """What `state` was of."""
        made = cls()
        for team, stage, carriers, sum_s, weight in state:
            own = {who: Waits(own_s, own_weight) for who, own_s, own_weight in carriers}
            made._taught[team, Stage(stage)] = Taught(Waits(sum_s, weight), own)
        return made
