"""Twelve companies in which somebody is left alone, each of them hard to judge in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final


class Manner(StrEnum):
    """What whoever does not want to be bothered does with a request."""

    SILENCE = "silence"
    SLOW = "slow"
    """It is done some day."""
    ACKNOWLEDGED = "acknowledged"
    """"I take it", and nothing more."""
    CANNED = "canned"
    """"We are looking into it", and nothing more."""
    PUSHED = "pushed"
    """Not mine, ask somebody else."""
    CURT = "curt"
    """Solved, they say, and it is not."""


MIXED: Final[Mapping[Manner, float]] = {
    Manner.SILENCE: 0.45,
    Manner.SLOW: 0.2,
    Manner.ACKNOWLEDGED: 0.15,
    Manner.PUSHED: 0.1,
    Manner.CURT: 0.05,
    Manner.CANNED: 0.05,
}


USUALLY_UNLOGGED: Final = 0.1


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which answers take longer for everybody who needs these teams, whoever asks."""

    begins: float
    """As a share of the whole time."""
    ends: float
    factor: float
    teams: int | None = None
    """How many teams are concerned; all of them where nothing is said."""
    forgets: float = 1.0
    """By how much more is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How a company lives; what somebody does not say of it is drawn by chance."""

    name: str
    about: str
    carriers: int = 36
    teams: int = 5
    helpers: int = 4
    """In each team."""
    requests: float = 0.7
    """A day, of a usual carrier."""
    busy: float = 0.0
    """This share of carriers brings in three times as much."""
    neglected: float = 1 / 3
    """This share of carriers is left alone for a while."""
    strength: tuple[float, float] = (0.6, 0.95)
    """So many of their requests are not dealt with as others' are."""
    ramp_days: float = 0.0
    """It takes so long until that is reached."""
    cut: float = 1.0
    """The share of their requests that goes to teams which neglect them."""
    manners: Mapping[Manner, float] = field(default_factory=lambda: MIXED)
    declines: float = 0.04
    hand_overs: float = 0.04
    """Of requests that are dealt with well."""
    forgets: float = 0.04
    """The share of requests that a usual colleague forgets."""
    unlogged: float = USUALLY_UNLOGGED
    """The share of answers that are given in the corridor; of these a part is noted."""
    spells: tuple[Spell, ...] = ()
    holidays: int = 12
    """A year."""
    days_off: float = 15.0
    """A year, of each person."""
    longest_off: int = 5
    """Working days in one go."""
    joiners: float = 0.0
    """This share of carriers comes later; those who are left alone are so from their first day."""


SCENARIOS: Final = (
    Scenario(
        name="busy",
        about="a third of the carriers brings in three times as much, and is answered as usual",
        busy=1 / 3,
    ),
    Scenario(
        name="slower",
        about="for a fifth of the time everybody waits two and a half times as long",
        spells=(Spell(0.45, 0.65, 2.5),),
    ),
    Scenario(
        name="gradual",
        about="it takes sixty working days until somebody is left alone entirely",
        ramp_days=60,
    ),
    Scenario(
        name="partly",
        about="only 30 % of the requests get no answer: those to one or two teams",
        cut=0.3,
        strength=(0.95, 1.0),
    ),
    Scenario(name="seldom", about="one request a week", requests=0.2),
    Scenario(
        name="pushed",
        about="requests are declined and handed on; among those that are answered, many are, too",
        manners={Manner.PUSHED: 0.8, Manner.SILENCE: 0.2},
        declines=0.1,
        hand_overs=0.15,
    ),
    Scenario(
        name="acknowledged",
        about="requests are acknowledged, and never answered",
        manners={Manner.ACKNOWLEDGED: 0.85, Manner.SILENCE: 0.15},
    ),
    Scenario(
        name="canned",
        about="requests get a ready-made reply, and nothing else",
        manners={Manner.CANNED: 0.85, Manner.SILENCE: 0.15},
    ),
    Scenario(
        name="absences",
        about="many holidays, long vacations and illnesses, on both sides",
        holidays=30,
        days_off=40,
        longest_off=15,
    ),
    Scenario(
        name="joiners",
        about="half of the carriers come later, some of them are left alone from their first day",
        joiners=0.5,
    ),
    Scenario(
        name="small", about="eight carriers and six colleagues", carriers=8, teams=2, helpers=3
    ),
    Scenario(
        name="overloaded",
        about="one team has far too much to do for a quarter of the time, and forgets more",
        spells=(Spell(0.4, 0.65, 3.0, teams=1, forgets=4.0),),
    ),
)


def unlogged(share: float) -> tuple[Scenario, ...]:
    """The same companies, where this share of answers leaves no trace by itself."""
    return tuple(replace(scenario, unlogged=share) for scenario in SCENARIOS)
