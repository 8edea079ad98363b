"""What was asked of each team lately, who answered and when Banso reminded whom: night by night.

Only for figures about teams; no figure about a person comes from here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from statistics import median
from typing import Any, Self

from services.metrics.facts import Fact, Kind
from services.metrics.isolation import Flow

WEEK_NIGHTS = 5
MONTH_NIGHTS = 20
WEEKS_COMPARED = 8
KEPT_NIGHTS = WEEK_NIGHTS * (WEEKS_COMPARED + 1)


@dataclass(slots=True)
class Day:
    """What happened to one team between two nights."""

    night: int
    requests: int = 0
    answers: int = 0
    expected: float = 0.0
    declined: int = 0
    asked: int = 0
    """Assignments: somebody of the team got an issue."""
    answers_by: Counter[str] = field(default_factory=Counter)
    off_hours: Counter[str] = field(default_factory=Counter)
    """Reminders by person outside their working hours."""


@dataclass(slots=True)
class Team:
    days: list[Day] = field(default_factory=list)
    before: Flow = field(default_factory=Flow)
    """The sums at the last night."""
    today: Day = field(default_factory=lambda: Day(0))


@dataclass(frozen=True, slots=True)
class Week:
    """Five working days of one team."""

    requests: int
    answers: int
    expected: float


class Teams:
    """By team, the last nine weeks of working days. Facts come in order."""

    def __init__(self) -> None:
        self._teams: dict[str, Team] = {}

    def fold(self, fact: Fact, *, off_hours: bool = False) -> None:
        """`off_hours`: it happened outside the owner's working time."""
        if not fact.team:
            return
        today = self._team(fact.team).today
        match fact.kind:
            case Kind.ASSIGNED | Kind.REASSIGNED:
                today.asked += 1
            case Kind.COMMENTED | Kind.RESOLVED if fact.person not in ("", fact.raiser):
                today.answers_by[fact.person] += 1
            case Kind.REMINDED if off_hours:
                today.off_hours[fact.owner] += 1
            case _:
                pass

    def pass_night(self, night: int, flows: Mapping[str, Flow]) -> None:
        """A working day is over; `flows` are the sums of isolation until now."""
        for name in self._teams.keys() | {name for name in flows if name}:
            team = self._team(name)
            done = _since(team, flows.get(name, Flow()))
            done.night = night
            team.days.append(done)
            del team.days[:-KEPT_NIGHTS]
            team.before, team.today = _copy(flows.get(name, Flow())), Day(0)

    def week(self, team: str, flow: Flow) -> Week:
        """The last five working days, with what there is of today."""
        days = self._days(team, flow)[-WEEK_NIGHTS - 1 :]
        return Week(
            sum(day.requests for day in days),
            sum(day.answers for day in days),
            sum(day.expected for day in days),
        )

    def refusals(self, team: str, flow: Flow) -> tuple[float, float | None]:
        """Which share of what it got the team declined: this week, and the median of the eight
        weeks before; None where less is known."""
        days = self._days(team, flow)
        weeks = [days[max(0, end - WEEK_NIGHTS) : end] for end in range(len(days), 0, -WEEK_NIGHTS)]
        shares = [_share(week) for week in weeks if len(week) == WEEK_NIGHTS]
        if not shares:
            return 0.0, None
        before = shares[1 : WEEKS_COMPARED + 1]
        return shares[0], median(before) if len(before) == WEEKS_COMPARED else None

    def answers_by(self, team: str) -> Counter[str]:
        """Who of whatever team answered about its issues in the last four weeks, and how often."""
        return _sum(day.answers_by for day in self._recent(team))

    def off_hours(self, team: str) -> Counter[str]:
        """Reminders outside their working hours in the last four weeks, by person."""
        return _sum(day.off_hours for day in self._recent(team))

    def _recent(self, team: str) -> list[Day]:
        found = self._teams.get(team)
        return [*found.days[-MONTH_NIGHTS:], found.today] if found else []

    def _days(self, team: str, flow: Flow) -> list[Day]:
        found = self._teams.get(team)
        return [*found.days, _since(found, flow)] if found else []

    def _team(self, name: str) -> Team:
        found = self._teams.get(name)
        if found is None:
            found = self._teams[name] = Team()
        return found

    def state(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            name: {
                "days": [_written(day) for day in team.days],
                "before": asdict(team.before),
                "today": _written(team.today),
            }
            for name, team in self._teams.items()
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """What `state` was of."""
        made = cls()
        for name, team in state.items():
            days = [_read(day) for day in team["days"]]
            made._teams[name] = Team(days, Flow(**team["before"]), _read(team["today"]))
        return made


def _written(day: Day) -> dict[str, Any]:
    return {one.name: getattr(day, one.name) for one in fields(Day)}


def _read(state: Mapping[str, Any]) -> Day:
    counted = {name: Counter(state[name]) for name in ("answers_by", "off_hours")}
    return Day(**{**state, **counted})


def _since(team: Team, flow: Flow) -> Day:
    """Today, with what the sums have grown by since the last night."""
    today, before = team.today, team.before
    return Day(
        today.night,
        flow.requests - before.requests,
        flow.answers - before.answers,
        flow.expected - before.expected,
        flow.declined - before.declined,
        today.asked,
        today.answers_by,
        today.off_hours,
    )


def _copy(flow: Flow) -> Flow:
    return Flow(**asdict(flow))


def _share(days: Iterable[Day]) -> float:
    days = list(days)
    asked = sum(day.asked for day in days)
    return sum(day.declined for day in days) / asked if asked else 0.0


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total += counter
    return total
