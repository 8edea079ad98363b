"""Everything that is folded from facts in their order: people, isolation, what teams do.

The same facts give the same state, wherever the folding is interrupted and taken up again. The
state is worth keeping at a night of the grid: whatever comes late is folded again from there.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self, assert_never

from services.metrics.facts import Fact, Kind, instant
from services.metrics.heard import Entry, Key, Published, Rest, Undone
from services.metrics.helpers import Helpers
from services.metrics.isolation import Flow, Isolation
from services.metrics.people import People
from services.metrics.teams import Teams
from services.metrics.worked import Worked, worked_in
from shared import worktime
from shared.contracts.organisation import Calendar, Organisation
from shared.worktime import working_hours

_LOOKS_BACK = timedelta(days=60)
"""Further back nobody asks for working time: everything open is settled every night."""
_REMEMBERED_S = 30 * 24 * 3600.0
"""How long rests and what was taken back are known after they were heard or are over."""

_ANSWERS = frozenset({Kind.COMMENTED, Kind.RESOLVED})
_ENDS = frozenset({Kind.RESOLVED, Kind.CLOSED, Kind.MERGED, Kind.REOPENED})

Organisations = Callable[[str], Organisation]
"""An organisation by its revision."""


class OutOfOrder(Exception):
    """It belongs before something that has been folded."""


class Ledger:
    """The state of everybody. `fold` takes entries in the order of their keys."""

    def __init__(self, first: Organisation, organisations: Organisations) -> None:
        """`first` is in force until the first one is published."""
        self._organisations = organisations
        self.head: Key | None = None
        """Everything before it is folded."""
        self.people = People(first)
        self.teams = Teams()
        self.helpers = Helpers()
        self._rests: dict[str, tuple[float, float]] = {}
        self._goes_on_s: dict[str, float] = {}
        """By issue that stands still, when it goes on at the latest."""
        self._next: list[tuple[float, str]] = []
        self._told_s: dict[str, float] = {}
        """By issue, the day that its carrier was told by putting it off, and no words since."""
        self._undone: dict[str, float] = {}
        """Causes that were taken back, and when."""
        self._worked: Worked | None = None
        self._isolation: Isolation | None = None

    # ---- reading

    @property
    def isolation(self) -> Isolation | None:
        """None before the first entry."""
        return self._isolation

    def flow(self, team: str) -> Flow:
        found = self._isolation.flows().get(team) if self._isolation else None
        return found or Flow()

    # ---- folding

    def fold(self, entry: Entry) -> Iterator[float]:
        """Takes one entry into account; yields at each night before it, when the state is that of
        the night. Raises OutOfOrder."""
        if self.head is not None and entry.key < self.head:
            raise OutOfOrder
        self._begin(entry.key[0])
        yield from self.pass_nights(entry.key[0])
        self.head = entry.key
        if entry.cause_id not in self._undone:
            self._take(entry)

    def expect_undone(self, causes: Iterable[str], at_s: float) -> None:
        """What these led to will be taken back at that time: it is not folded at all."""
        self._undone.update(dict.fromkeys(causes, at_s))

    def pass_nights(self, until_s: float) -> Iterator[float]:
        """Lets time pass; yields at each night, when the state is that of the night."""
        if self._isolation is None or self._worked is None or self.head is None:
            return
        for night_s in self._worked.nights(self.head[0], until_s):
            self._go_on(night_s)
            self._isolation.advance(night_s)
            self.teams.pass_night(self._isolation.night, self._isolation.flows())
            self._forget(night_s)
            self.head = (night_s, "", -1, "")
            yield night_s
        self._go_on(until_s)

    def _begin(self, at_s: float) -> None:
        if self._isolation is None:
            self._work_by_calendar(at_s)
            assert self._worked is not None
            self._isolation = Isolation(self._worked, self._by_team(at_s))

    def _take(self, entry: Entry) -> None:
        at_s = entry.key[0]
        match entry.what:
            case Fact() as fact:
                if fact.kind is Kind.REASSIGNED and self.people.decides(fact.person, entry.moves):
                    fact = replace(fact, kind=Kind.ASSIGNED)
                self._take_fact(fact, entry.until_s)
            case Published(revision):
                self.people.publish(self._organisations(revision), at_s)
                self._change_calendar(at_s)
            case Rest(pause_id, starts_at, ends_at):
                self._rests[pause_id] = (starts_at.timestamp(), ends_at.timestamp())
                self._change_calendar(at_s)
            case Undone(causes):
                self._undone.update(dict.fromkeys(causes, at_s))
            case _:
                assert_never(entry.what)

    def _take_fact(self, fact: Fact, until_s: float | None) -> None:
        assert self._isolation is not None
        fact = self._stood_still(fact, until_s)
        self.people.fold(fact)
        off_hours = fact.kind is Kind.REMINDED and not self._is_working(fact.owner, fact.at_s)
        self.teams.fold(fact, off_hours=off_hours)
        self._isolation.fold(fact)
        if fact.kind in _ANSWERS and fact.person not in ("", fact.raiser):
            self.helpers.answered(fact.raiser, fact.person, self._isolation.night)

    def _stood_still(self, fact: Fact, until_s: float | None) -> Fact:
        """Keeps when an issue goes on. A day that is moved away without any words in between is a
        slip: the carrier waits again."""
        issue, told_s = fact.issue, self._told_s.get(fact.issue)
        match fact.kind:
            case Kind.WAITING if until_s is not None:
                if told_s is not None and until_s > told_s:
                    self._goes_on_s.pop(issue, None)
                    return replace(fact, kind=Kind.RESUMED)
                self._told_s[issue] = self._goes_on_s[issue] = until_s
                heapq.heappush(self._next, (until_s, issue))
            case Kind.WAITING | Kind.RESUMED:
                self._goes_on_s.pop(issue, None)
            case Kind.COMMENTED if fact.person != fact.raiser:
                self._told_s.pop(issue, None)
            case kind if kind in _ENDS:
                self._goes_on_s.pop(issue, None)
                self._told_s.pop(issue, None)
            case _:
                pass
        return fact

    def _go_on(self, until_s: float) -> None:
        """What stood still until a day goes on when that has come."""
        while self._next and self._next[0][0] <= until_s:
            at_s, issue = heapq.heappop(self._next)
            if self._goes_on_s.get(issue) == at_s and self._isolation is not None:
                del self._goes_on_s[issue]
                self._isolation.fold(Fact(at_s, Kind.RESUMED, f"{issue}/{at_s}", issue=issue))
                self.head = (at_s, "", -1, "")

    def _forget(self, now_s: float) -> None:
        before_s = now_s - _REMEMBERED_S
        self._undone = {cause: at for cause, at in self._undone.items() if at > before_s}
        self._rests = {pause: rest for pause, rest in self._rests.items() if rest[1] > before_s}

    # ---- calendars

    def _change_calendar(self, at_s: float) -> None:
        self._work_by_calendar(at_s)
        assert self._isolation is not None
        assert self._worked is not None
        state = self._isolation.state()
        self._isolation = Isolation.from_state(state, self._worked, self._by_team(at_s))

    def _work_by_calendar(self, at_s: float) -> None:
        self._worked = self._worked_in(self.people.organisation.calendar_named(None), at_s)

    def _by_team(self, at_s: float) -> Mapping[str, Worked]:
        shared: dict[str, Worked] = {}
        found: dict[str, Worked] = {}
        for team, calendar in self.people.calendars().items():
            if calendar.id not in shared:
                shared[calendar.id] = self._worked_in(calendar, at_s)
            found[team] = shared[calendar.id]
        return found

    def _worked_in(self, calendar: Calendar, at_s: float) -> Worked:
        since = (instant(at_s) - _LOOKS_BACK).date()
        return worked_in(calendar, since, self._all_rests())

    def worked_s(self, person: str, start: datetime, end: datetime) -> float:
        """Working seconds between two instants, in the person's own calendar."""
        calendar = self.people.organisation.calendar_of(person)
        return working_hours(calendar, self._all_rests()).between(start, end).total_seconds()

    def _all_rests(self) -> tuple[worktime.Rest, ...]:
        return tuple((instant(a), instant(b)) for a, b in sorted(self._rests.values()))

    def _is_working(self, person: str, at_s: float) -> bool:
        calendar = self.people.organisation.calendar_of(person)
        return working_hours(calendar, self._all_rests()).is_open(instant(at_s))

    # ---- snapshots

    def state(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "head": self.head,
            "people": self.people.state(),
            "teams": self.teams.state(),
            "helpers": self.helpers.state(),
            "rests": self._rests,
            "goes_on_s": self._goes_on_s,
            "told_s": self._told_s,
            "undone": self._undone,
            "isolation": self._isolation.state() if self._isolation else None,
        }

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], first: Organisation, organisations: Organisations
    ) -> Self:
        """What `state` was of."""
        made = cls(first, organisations)
        revision = state["people"]["revision"]
        in_force = first if revision is None else organisations(revision)
        made.people = People.from_state(state["people"], in_force)
        made.teams = Teams.from_state(state["teams"])
        made.helpers = Helpers.from_state(state["helpers"])
        made._rests = {pause: (a, b) for pause, (a, b) in state["rests"].items()}
        made._goes_on_s = dict(state["goes_on_s"])
        made._next = [(at_s, issue) for issue, at_s in made._goes_on_s.items()]
        heapq.heapify(made._next)
        made._told_s = dict(state["told_s"])
        made._undone = dict(state["undone"])
        if state["head"] is not None:
            at_s, issue, version, entry_id = state["head"]
            made.head = (at_s, issue, version, entry_id)
            made._work_by_calendar(at_s)
            assert made._worked is not None
            made._isolation = Isolation.from_state(
                state["isolation"], made._worked, made._by_team(at_s)
            )
        return made
