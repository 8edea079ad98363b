"""The people of a made-up company: who brings problems in, who deals with them, who leaves whom
alone."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass

from tests.simulation.calendar import (
    DAY_S,
    HOUR_S,
    WORKING_DAYS_A_YEAR,
    WorkCalendar,
    draw_calendar,
)
from tests.simulation.scenario import Scenario, Spell

Span = tuple[float, float]
"""Start and end, in working seconds."""

FIELD = "field"
"""The department of the carriers."""


@dataclass(frozen=True, slots=True)
class Neglect:
    """The truth: this carrier is left alone by these teams from here to there."""

    carrier: str
    teams: frozenset[str]
    begins_s: float
    ends_s: float
    strength: float
    ramp_s: float

    def strength_at(self, worked_s: float, team: str) -> float:
        """How likely a request is not dealt with as others' are."""
        if team not in self.teams or not self.begins_s <= worked_s < self.ends_s:
            return 0.0
        if not self.ramp_s:
            return self.strength
        return self.strength * min(1.0, (worked_s - self.begins_s) / self.ramp_s)


@dataclass(slots=True)
class Colleague:
    """Somebody who deals with requests; or a team's head, who is only asked when nobody does."""

    id: str
    team: str
    pace: float
    """By how much longer they take than others."""
    forgets: float
    """The share of requests that they forget, whoever asks."""
    away: tuple[Span, ...]
    dealing_with: int = 0


@dataclass(slots=True)
class Carrier:
    """Somebody who brings in what customers tell them."""

    id: str
    requests_a_day: float
    asks: tuple[float, ...]
    """How often which team, as cumulated weights."""
    remoteness: float
    """By how much longer it takes others to answer them, all the time."""
    unlogged: float
    """The share of answers that they get in the corridor."""
    begins_s: float
    away: tuple[Span, ...]
    neglect: Neglect | None = None


@dataclass(frozen=True, slots=True)
class Company:
    calendar: WorkCalendar
    length_s: float
    """Working seconds for which it is watched."""
    teams: tuple[str, ...]
    first_s: tuple[float, ...]
    """Of each team, how long a first word usually takes (a median), in working seconds."""
    next_s: tuple[float, ...]
    """How long each further step takes."""
    tempo: tuple[tuple[float, ...], ...]
    """Of each team and week, by how much longer everything takes."""
    spelled: tuple[tuple[Spell, frozenset[int]], ...]
    colleagues: tuple[tuple[Colleague, ...], ...]
    heads: tuple[Colleague, ...]
    carriers: tuple[Carrier, ...]

    @property
    def neglects(self) -> list[Neglect]:
        return [carrier.neglect for carrier in self.carriers if carrier.neglect]

    def strain(self, team: int, worked_s: float) -> float:
        """By how much longer this team takes at that time, whoever asks."""
        week = self.tempo[team][int(worked_s / (5 * DAY_S))]
        for spell, teams in self.spelled:
            if team in teams and spell.begins <= worked_s / self.length_s < spell.ends:
                week *= spell.factor
        return week

    def forgets(self, team: int, worked_s: float) -> float:
        """By how much more this team forgets at that time."""
        return math.prod(
            spell.forgets
            for spell, teams in self.spelled
            if team in teams and spell.begins <= worked_s / self.length_s < spell.ends
        )


def back_s(away: tuple[Span, ...], worked_s: float) -> float | None:
    """When somebody who is away is back; nothing, if they are there."""
    place = bisect_right(away, (worked_s, math.inf)) - 1
    if place < 0 or worked_s >= away[place][1]:
        return None
    return away[place][1]


def draw_company(scenario: Scenario, chance: random.Random, working_days: int) -> Company:
    length_s = working_days * DAY_S
    teams = tuple(f"team-{number}" for number in range(scenario.teams))
    weeks = working_days // 5 + 12
    return Company(
        draw_calendar(chance, working_days, scenario.holidays),
        length_s,
        teams,
        tuple(chance.uniform(1.5, 5.0) * HOUR_S for _ in teams),
        tuple(chance.uniform(4.0, 9.0) * HOUR_S for _ in teams),
        tuple(tuple(_weeks(chance, weeks)) for _ in teams),
        tuple(_spelled(spell, chance, scenario.teams) for spell in scenario.spells),
        tuple(
            tuple(
                _colleague(f"{team}-{number}", team, scenario, chance, working_days)
                for number in range(scenario.helpers)
            )
            for team in teams
        ),
        tuple(_colleague(f"{team}-head", team, scenario, chance, working_days) for team in teams),
        tuple(
            _carrier(number, teams, scenario, chance, working_days)
            for number in range(scenario.carriers)
        ),
    )


def _weeks(chance: random.Random, weeks: int) -> list[float]:
    """Busy weeks come together."""
    found, level = [], chance.gauss(0, 0.25)
    for _ in range(weeks):
        level = 0.7 * level + chance.gauss(0, 0.18)
        found.append(math.exp(level))
    return found


def _spelled(spell: Spell, chance: random.Random, teams: int) -> tuple[Spell, frozenset[int]]:
    return spell, frozenset(chance.sample(range(teams), spell.teams or teams))


def _colleague(
    name: str, team: str, scenario: Scenario, chance: random.Random, working_days: int
) -> Colleague:
    pace = math.exp(chance.gauss(0, 0.3))
    forgets = min(0.4, scenario.forgets * chance.gammavariate(1.0, 1.0))
    return Colleague(name, team, pace, forgets, _days_off(scenario, chance, working_days))


def _carrier(
    number: int,
    teams: tuple[str, ...],
    scenario: Scenario,
    chance: random.Random,
    working_days: int,
) -> Carrier:
    asks = [chance.gammavariate(1.2, 1.0) + 0.02 for _ in teams]
    requests = scenario.requests * math.exp(chance.gauss(-0.06, 0.35))
    if number % 3 == 0 and scenario.busy:
        requests *= 3.0
    is_new = number < scenario.joiners * scenario.carriers
    begins_s = chance.uniform(0.15, 0.6) * working_days * DAY_S if is_new else 0.0
    carrier = Carrier(
        f"carrier-{number}",
        requests,
        tuple(sum(asks[: place + 1]) / sum(asks) for place in range(len(asks))),
        math.exp(chance.gauss(0, 0.15)),
        min(0.9, scenario.unlogged * chance.gammavariate(2.0, 0.5)),
        begins_s,
        _days_off(scenario, chance, working_days),
    )
    # Every third one, so that the busy, the new and the others are left alone alike.
    if (number // 3 + number % 3) % 3 < 3 * scenario.neglected - 1e-9:
        carrier.neglect = _neglect(carrier, teams, asks, scenario, chance, working_days)
    return carrier


def _neglect(
    carrier: Carrier,
    teams: tuple[str, ...],
    asks: list[float],
    scenario: Scenario,
    chance: random.Random,
    working_days: int,
) -> Neglect:
    length_s = working_days * DAY_S
    begins_s = carrier.begins_s or chance.uniform(0.2, 0.7) * length_s
    lasts_s = chance.uniform(0.16, 0.36) * length_s + scenario.ramp_days * DAY_S / 2
    return Neglect(
        carrier.id,
        frozenset(teams[place] for place in _who(asks, scenario.cut, chance)),
        begins_s,
        min(length_s, begins_s + lasts_s),
        chance.uniform(*scenario.strength),
        scenario.ramp_days * DAY_S,
    )


def _who(asks: list[float], cut: float, chance: random.Random) -> list[int]:
    """The teams whose share of the requests is nearest to `cut`, of some that chance proposes."""
    if cut >= 1.0:
        return list(range(len(asks)))
    proposed = [
        chance.sample(range(len(asks)), chance.randint(1, len(asks) - 1)) for _ in range(40)
    ]
    return min(proposed, key=lambda some: abs(sum(asks[one] for one in some) / sum(asks) - cut))


def _days_off(scenario: Scenario, chance: random.Random, working_days: int) -> tuple[Span, ...]:
    """Vacations and illnesses, which do not touch each other."""
    left = scenario.days_off * working_days / WORKING_DAYS_A_YEAR
    spans: list[Span] = []
    while left > 0:
        days = min(chance.choice((1, 1, 2, 3, 5, scenario.longest_off)), math.ceil(left))
        begins_s = chance.randrange(1, working_days) * DAY_S
        ends_s = begins_s + days * DAY_S
        if all(ends_s < other[0] or other[1] < begins_s for other in spans):
            spans.append((begins_s, ends_s))
        left -= days
    return tuple(sorted(spans))
