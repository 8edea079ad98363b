"""How many mails go to a domain within a time, so that its server keeps taking ours."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

EVERYBODY = "*"
"""Stands for all mails together."""
_PERIODS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_LIMIT = re.compile(r"(?P<domain>\*|[a-z0-9.-]+)=(?P<count>[1-9][0-9]{0,5})/(?P<period>s|min|h)")
FORGOTTEN_AFTER_S = 120.0
"""A turn that was not taken so long after its time is nobody's any more."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within each span of so long."""

    count: int
    period_s: float


def read_limits(text: str) -> dict[str, Limit]:
    """`gmail.com=20/min *=600/min`. Raises ValueError that names what it can't read."""
    limits = {}
    for word in text.lower().replace(",", " ").split():
        found = _LIMIT.fullmatch(word)
        if found is None:
            raise ValueError(f"{word!r} is not like gmail.com=20/min (or /s, /h; * for all mails)")
        limits[found["domain"]] = Limit(int(found["count"]), _PERIODS[found["period"]])
    return limits


class Pace:
    """Gives each mail its turn. Whoever has to wait comes again, and its place is kept."""

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self._limits = limits
        self._given: dict[str, deque[float]] = {
            name: deque(maxlen=limit.count) for name, limit in limits.items()
        }
        self._waiting: dict[str, float] = {}

    def turn(self, domain: str, mail: str, now_s: float) -> float:
        """How many seconds this mail has to wait; 0 where it goes now."""
        held = [name for name in (domain.lower(), EVERYBODY) if name in self._limits]
        if not held:
            return 0.0
        at_s = self._waiting.pop(mail, None)
        if at_s is None:
            self._forget(now_s)
            at_s = max(now_s, *(self._free_at(name) for name in held))
            for name in held:
                self._given[name].append(at_s)
        if at_s > now_s:
            self._waiting[mail] = at_s
        return max(at_s - now_s, 0.0)

    def _free_at(self, name: str) -> float:
        """When a limit lets the next one go."""
        given, limit = self._given[name], self._limits[name]
        return given[0] + limit.period_s if len(given) == limit.count else 0.0

    def _forget(self, now_s: float) -> None:
        late = [mail for mail, at_s in self._waiting.items() if at_s < now_s - FORGOTTEN_AFTER_S]
        for mail in late:
            del self._waiting[mail]
