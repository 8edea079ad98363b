"""What metrics knows at one moment: by person, by team, and which conditions hold.

Made by the tick, read by whatever exports it (`services/metrics/gauges`); nothing is computed when
it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.metrics.normal import Stage as Stage
from shared.contracts.metrics import Evidence, Level


class Condition(StrEnum):
    """Something that whoever leads should look at (docs/isolation.md)."""

    ISOLATION_WATCH = "isolation_watch"
    ISOLATION_ASK = "isolation_ask"
    ISOLATION_ALARM = "isolation_alarm"
    """Somebody of this team is at this level or above."""
    COMPANION_NOT_HELPING = "companion_not_helping"
    REQUEST_FORGOTTEN = "request_forgotten"
    """An issue of this team waits for three times the usual, or two working days without any
    reaction."""
    PING_PONG = "ping_pong"
    """An open issue of this team has been moved on twice."""
    OVER_LOAD = "over_load"
    """Somebody of this team has had more than a week of work in hand for two working days."""
    TEAM_SILENT = "team_silent"
    CAPACITY_CLIFF = "capacity_cliff"
    REFUSALS_UP = "refusals_up"
    HELPERS_CONCENTRATED = "helpers_concentrated"
    OFF_HOURS_REMINDERS = "off_hours_reminders"
    METRICS_STALE = "metrics_stale"


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """One person of the organisation in force."""

    person_id: str
    team: str
    front_line: bool
    experience_years: float | None
    """None where the organisation does not say since when they do this."""
    load_s: float
    """Working seconds that their work in hand takes."""
    load_ratio: float
    """1 is a week of work in hand."""
    isolation: float | None
    """None until they have first carried something."""
    evidence: float
    """How much the figure rests on; under 2 it says little."""
    why: tuple[Evidence, ...]
    level: Level | None
    """What has been said of them and not taken back."""
    owns: int
    carries: int
    oldest_wait_ratio: float
    """In normal waits; 0 where nobody keeps them waiting."""
    helpers_effective: float | None
    """As many who answer equally often would be as mixed; None without any answer."""
    is_absent: bool
    has_companion: bool
    accompanies: int


@dataclass(frozen=True, slots=True)
class TeamSeen:
    """One team of the organisation in force; the counts are since the first fact."""

    team: str
    requests: float
    answers: float
    expected_answers: float
    """Normal waits that have passed: how many answers would have been usual. It never falls."""
    expected_response_s: Mapping[Stage, float]
    """Working seconds."""
    helper_top_share: float | None
    """Which share of the answers of four weeks the busiest twentieth gave, one person at least."""
    helpers: int
    """How many gave answers in that time."""
    answers_by_helper: tuple[float, ...] = ()
    """How many of these answers each of them gave, without saying who."""
    oldest_wait_ratio: float = 0.0
    """The longest open wait for a word of the team, in normal waits; 0 where nobody waits."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it, at one moment."""

    at: datetime
    people: tuple[PersonSeen, ...] = ()
    teams: tuple[TeamSeen, ...] = ()
    conditions: frozenset[tuple[Condition, str]] = frozenset()
    """Those that hold, each with the team that it concerns."""
    late_facts: int = 0
    """Folded again from the last night before them."""
    too_late_facts: int = 0
    """More than a week late: they wait for `banso metrics rebuild`."""
