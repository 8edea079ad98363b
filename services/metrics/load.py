"""How much everybody has promised, kept up with each change of an issue (`shared/load.py`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from services.metrics.standing import Standing
from shared.contracts.issue import State
from shared.load import FOLLOWING_UP_S, promised_s


class Loads:
    """The effort in hand of each person: additive, and the same in whatever order issues change,
    since of each only the newest version counts."""

    def __init__(self, standings: Iterable[Standing] = ()) -> None:
        self._open: dict[str, Standing] = {}
        self._effort_s: Counter[str] = Counter()
        self._owns: Counter[str] = Counter()
        self._carries: Counter[str] = Counter()
        for standing in standings:
            self.put(standing)

    def put(self, standing: Standing) -> None:
        """The issue stands so now; an older version than the known one changes nothing."""
        known = self._open.get(standing.issue_id)
        if known is not None:
            if standing.version < known.version:
                return
            self._count(known, -1)
        if standing.state is State.CLOSED:
            self._open.pop(standing.issue_id, None)
            return
        self._open[standing.issue_id] = standing
        self._count(standing, 1)

    def effort_s(self, person_id: str) -> float:
        """Work in hand, in seconds of it; following up what one carries is some as well."""
        return self._effort_s[person_id]

    def owns(self, person_id: str) -> int:
        return self._owns[person_id]

    def carries(self, person_id: str) -> int:
        return self._carries[person_id]

    def pushed_around(self, moves: int) -> Iterator[Standing]:
        """Open issues that have been moved so often."""
        return (one for one in self._open.values() if one.is_held and one.moves >= moves)

    def _count(self, standing: Standing, sign: int) -> None:
        if not standing.is_held:
            return
        owner, carrier = standing.owner_id, standing.carrier_id
        effort_s = promised_s(standing.urgency, standing.state, is_elsewhere=standing.is_elsewhere)
        self._effort_s[owner] += sign * round(effort_s)
        self._owns[owner] += sign
        self._carries[carrier] += sign
        if carrier != owner:
            self._effort_s[carrier] += sign * round(FOLLOWING_UP_S)
