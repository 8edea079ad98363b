"""What a panel is to Banso, before it is one of Grafana's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deploy.grafana.words import Words


class Shape(StrEnum):
    STAT = "stat"
    """One large value for each series, as it is now."""
    BARS = "bargauge"
    """A bar for each series, as it is now."""
    LINES = "timeseries"


@dataclass(frozen=True, slots=True)
class Query:
    expr: str
    legend: Words
    """`{{label}}` stands for the label's value."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which value on a panel changes its colour."""

    value: float
    color: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds, and why they are where they are: that stands in the description."""

    because: Words
    steps: tuple[Threshold, ...] = ()
    base: str = "green"


def neutral(en: str, ja: str) -> Limits:
    """No colour judges; it is said why."""
    return Limits(Words(en, ja), base="blue")


def yellow_and_red(yellow: float, red: float, en: str, ja: str) -> Limits:
    """Where more is worse."""
    return Limits(Words(en, ja), (Threshold(yellow, "orange"), Threshold(red, "red")))


def red_below(red: float, yellow: float, en: str, ja: str) -> Limits:
    """Where less is worse."""
    steps = (Threshold(red, "orange"), Threshold(yellow, "green"))
    return Limits(Words(en, ja), steps, base="red")


@dataclass(frozen=True, slots=True)
class Unit:
    """One of Grafana's, or a word of ours behind the number.

    Grafana makes days of 24 hours out of seconds, so spans of working time have a word of ours.
    """

    id: Words
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    question: Words
    answers: Words
    """How the panel answers its question, and what it does not say."""
    shape: Shape
    queries: tuple[Query, ...]
    unit: Unit
    limits: Limits
    empty: Words
    """What it means that there is nothing to show."""
    most: float | None = None
    """The end of the scale, where it has one."""


@dataclass(frozen=True, slots=True)
class Board:
    uid: str
    title: Words
    about: Words
    panels: tuple[Panel, ...]
    by_team: bool = True
    """Whether a team can be chosen on it."""
