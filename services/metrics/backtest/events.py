"""Events of an old helpdesk, one JSON object a line, as facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import isfinite
from pathlib import Path
from sys import intern
from typing import Any, Final

import msgspec

from services.metrics.backtest.history import Meta
from services.metrics.facts import Fact, Kind

LATEST_S: Final = 4e9
"""126 years: what is later was written in milliseconds."""
WITHIN_A_MOMENT: Final = {
    kind: place
    for place, kind in enumerate(
        (
            *(Kind.PERSON_JOINED, Kind.ABSENCE_ENDED, Kind.ABSENCE_STARTED),
            *(Kind.RAISED, Kind.REOPENED, Kind.DECLINED, Kind.REASSIGNED, Kind.ASSIGNED),
            *(Kind.ACKNOWLEDGED, Kind.COMMENTED, Kind.RESUMED, Kind.WAITING),
            *(Kind.REMINDED, Kind.ESCALATED, Kind.COMPANION_ASSIGNED, Kind.COMPANION_RELEASED),
            *(Kind.RESOLVED, Kind.CLOSED, Kind.MERGED, Kind.TICK),
        )
    )
}
"""What usually comes before what, where neither time nor the file says it."""

ABOUT_PEOPLE: Final = frozenset({Kind.PERSON_JOINED, Kind.ABSENCE_STARTED, Kind.ABSENCE_ENDED})
ABOUT_NOBODY: Final = frozenset({Kind.TICK, Kind.COMPANION_ASSIGNED, Kind.COMPANION_RELEASED})

Name = str | int | None


class LineUnusable(Exception):
    """An event can't be read; says which line and what is wrong."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


class Event(msgspec.Struct, frozen=True):
    """As it stands in the file; what is unknown or does not apply is left out."""

    t: int | float
    """Seconds; 0 is a Monday, 00:00 local time."""
    kind: Kind
    id: Name = None
    issue: Name = None
    person: Name = None
    """Who acts; without it the system does."""
    raiser: Name = None
    owner: Name = None
    """After the event."""
    dept: Name = None
    severity: int | float | str | None = None
    """0 to 3; what is none of them counts as 1."""


class Events:
    """The facts of a history in their order."""

    def __init__(self, meta: Meta) -> None:
        self._meta = meta
        self._seen: set[str] = set()
        self.facts: list[Fact] = []
        self.repeated = 0
        """Events that stood there a second time; they change nothing."""

    def read(self, path: Path) -> None:
        """Raises OSError and LineUnusable."""
        decoder = msgspec.json.Decoder(Event)
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.isspace():
                    continue
                try:
                    event = decoder.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise LineUnusable(number, str(error)) from error
                self._take(event, number)
        self._put_in_order()

    def take(self, told: Iterable[Mapping[str, Any]]) -> None:
        """The same for events that are decoded already. Raises LineUnusable."""
        for number, event in enumerate(told, 1):
            try:
                self._take(msgspec.convert(event, Event), number)
            except msgspec.ValidationError as error:
                raise LineUnusable(number, str(error)) from error
        self._put_in_order()

    def _take(self, event: Event, number: int) -> None:
        if not (isfinite(event.t) and abs(event.t) < LATEST_S):
            raise LineUnusable(
                number, f"t is {event.t}; it counts seconds from a Monday, 00:00 local time"
            )
        if event.kind in ABOUT_PEOPLE:
            if not _text(event.person):
                raise LineUnusable(number, f"{event.kind} names no person")
        elif event.kind not in ABOUT_NOBODY and not _text(event.issue):
            raise LineUnusable(number, f"{event.kind} names no issue")
        fact = _fact(event, number, self._meta)
        if fact.id in self._seen:
            self.repeated += 1
            return
        if fact.id:
            self._seen.add(fact.id)
        self.facts.append(fact)

    def _put_in_order(self) -> None:
        """A file that is in the order of time knows best what came first within a moment."""
        times = [fact.at_s for fact in self.facts]
        if any(later < earlier for earlier, later in pairwise(times)):
            self.facts.sort(key=_place)


def _place(fact: Fact) -> tuple[float, bool, str, int, str]:
    is_tick = fact.kind is Kind.TICK
    return fact.at_s, is_tick, fact.issue, WITHIN_A_MOMENT[fact.kind], fact.id


def _fact(event: Event, number: int, meta: Meta) -> Fact:
    owner = _text(event.owner)
    return Fact(
        at_s=event.t,
        kind=event.kind,
        id=_text(event.id),
        issue=_text(event.issue),
        person=_text(event.person),
        raiser=_text(event.raiser),
        owner=owner,
        team=_team(event, owner, meta),
        severity=event.severity if isinstance(event.severity, int) else 1,
        version=number,
    )


def _team(event: Event, owner: str, meta: Meta) -> str:
    """Of the owner, as META knows it; the department beside the event may be anybody's."""
    return meta.team_of(owner) or _text(event.dept)


def _text(name: Name) -> str:
    return "" if name is None else intern(str(name))
