"""What one would build first: figures that the score has to beat."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.simulation.calendar import DAY_S
from tests.simulation.world import Event, History

Table = NDArray[np.float64]
"""A figure of each carrier (column) at each tick (row); minus infinity where nothing is known."""

PROMISED_S: Final = (1 * DAY_S, 2 * DAY_S)
"""Until the first reaction, and until each further one."""
WEIGHT_OF_THE_PROMISE: Final = 20
LONGEST_S: Final = 5 * DAY_S
MOST_WAITS: Final = 5
"""An issue that nobody touches counts as so many missing answers at the most."""
RECENT_S: Final = 20 * DAY_S
HALF_LIFE_S: Final = 10 * DAY_S
PRIOR: Final = 2.0
"""Answers that were given and expected before anything was asked."""
ALONE: Final = 0.25
"""CUSUM waits for so many of the answers that are usual."""
REACTIONS: Final = frozenset({"acked", "commented", "resolved", "declined", "reassigned"})
ANSWERS: Final = frozenset({"commented", "resolved"})


class Naive(StrEnum):
    OPEN = "number of open issues"
    OLDEST = "oldest unanswered"
    ACKNOWLEDGED = "mean time to acknowledgement, with those still waiting"
    RATIO = "answered / expected"
    CUSUM = "CUSUM"


@dataclass(slots=True)
class _Issue:
    raised_s: float
    since_s: float
    """When the present wait began."""
    charged_s: float
    stage: int = 0
    reacted_s: float | None = None
    is_answered: bool = False
    missing: float = 0.0


@dataclass(slots=True)
class _Carrier:
    open: dict[str, _Issue] = field(default_factory=dict)
    recent: deque[_Issue] = field(default_factory=deque)
    expected: float = 0.0
    answered: float = 0.0
    cusum: float = 0.0


class _Books:
    """All five figures from one reading of the events."""

    def __init__(self, worked_s: Callable[[float], float]) -> None:
        self._worked_s = worked_s
        self._carriers: dict[str, _Carrier] = {}
        self._issues: dict[str, _Issue] = {}
        self._waits = [WEIGHT_OF_THE_PROMISE * promised for promised in PROMISED_S]
        self._counts = [float(WEIGHT_OF_THE_PROMISE)] * 2
        self._faded_s = 0.0

    def hear(self, event: Event) -> None:
        raiser = event.get("raiser")
        if raiser is None:
            return
        now_s = self._worked_s(event["t"])
        carrier = self._carriers.setdefault(raiser, _Carrier())
        by_carrier = event.get("person") in (None, raiser)
        kind, name = event["kind"], event["issue"]
        if kind == "issue_raised":
            issue = _Issue(now_s, now_s, now_s)
            carrier.open[name] = self._issues[name] = issue
            carrier.recent.append(issue)
        elif kind == "reopened":
            issue = self._issues[name]
            issue.since_s = issue.charged_s = now_s
            issue.missing, issue.is_answered = 0.0, False
            carrier.open[name] = issue
        elif kind in REACTIONS and name in carrier.open:
            self._react(carrier, name, kind, now_s, by_carrier=by_carrier)

    def _react(
        self, carrier: _Carrier, name: str, kind: str, now_s: float, *, by_carrier: bool
    ) -> None:
        issue = carrier.open[name]
        self._charge(carrier, issue, now_s)
        if kind == "resolved":
            del carrier.open[name]
        if by_carrier:
            return
        if issue.reacted_s is None:
            issue.reacted_s = now_s
        self._waits[issue.stage] += min(LONGEST_S, now_s - issue.since_s)
        self._counts[issue.stage] += 1
        issue.stage, issue.since_s = 1, now_s
        if kind in ANSWERS:
            issue.is_answered = True
            carrier.answered += 1
            carrier.cusum = max(0.0, carrier.cusum + log(ALONE))

    def _charge(self, carrier: _Carrier, issue: _Issue, now_s: float) -> None:
        usual_s = self._waits[issue.stage] / self._counts[issue.stage]
        missing = min((now_s - issue.charged_s) / usual_s, MOST_WAITS - issue.missing)
        issue.missing += missing
        issue.charged_s = now_s
        carrier.expected += missing
        carrier.cusum += (1 - ALONE) * missing

    def look(self, wall_s: float, carriers: Sequence[str]) -> list[list[float]]:
        """One row for each figure, in the order of `Naive`."""
        now_s = self._worked_s(wall_s)
        fades = 0.5 ** ((now_s - self._faded_s) / HALF_LIFE_S)
        self._faded_s = now_s
        rows: list[list[float]] = [[] for _ in Naive]
        for name in carriers:
            carrier = self._carriers.get(name)
            if carrier is None:
                for row in rows:
                    row.append(-np.inf)
                continue
            for issue in carrier.open.values():
                self._charge(carrier, issue, now_s)
            for row, figure in zip(rows, _figures(carrier, now_s), strict=True):
                row.append(figure)
            carrier.expected *= fades
            carrier.answered *= fades
        return rows


def _figures(carrier: _Carrier, now_s: float) -> tuple[float, ...]:
    unanswered = [now_s - one.raised_s for one in carrier.open.values() if not one.is_answered]
    while carrier.recent and carrier.recent[0].raised_s < now_s - RECENT_S:
        carrier.recent.popleft()
    waited = [(one.reacted_s or now_s) - one.raised_s for one in carrier.recent]
    waited += [
        now_s - one.raised_s
        for one in carrier.open.values()
        if one.reacted_s is None and one.raised_s < now_s - RECENT_S
    ]
    return (
        float(len(carrier.open)),
        max(unanswered, default=0.0),
        sum(waited) / len(waited) if waited else 0.0,
        (carrier.expected + PRIOR) / (carrier.answered + PRIOR),
        carrier.cusum,
    )


def naive_figures(history: History) -> Mapping[Naive, Table]:
    carriers = [carrier.id for carrier in history.company.carriers]
    books, heard = _Books(history.company.calendar.worked_s), set[str]()
    rows = []
    for event in history.events:
        if event["id"] in heard:
            continue
        heard.add(event["id"])
        if event["kind"] == "tick":
            rows.append(books.look(event["t"], carriers))
        else:
            books.hear(event)
    table = np.array(rows)
    return {figure: table[:, place, :] for place, figure in enumerate(Naive)}
