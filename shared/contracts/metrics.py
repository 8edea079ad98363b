"""What metrics says: who is alone with what they carry, and who is no longer."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.event import Event, Model, Speaker


class MetricsEvent(Event):
    speaker: ClassVar[Speaker] = Speaker.METRICS


class Level(StrEnum):
    """How much somebody is alone; each leads to something else (docs/isolation.md)."""

    WATCH = "watch"
    """At 0.3, at once: their issues come first in queues."""
    ASK = "ask"
    """At 0.3 for a working day: they are asked, kindly and in private."""
    ALARM = "alarm"
    """At 0.8 for a working day: the heads of the teams that do not answer are told."""

    @property
    def below(self) -> Level | None:
        """What is left of it once it is over."""
        levels = tuple(Level)
        place = levels.index(self)
        return levels[place - 1] if place else None


class Move(StrEnum):
    """What moves the figure."""

    WAITING = "waiting"
    DECLINED = "declined"
    HANDED_ON = "handed_on"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"


class Evidence(Model):
    """What one team's doing has moved, the newer the more."""

    move: Move
    team_id: str | None = None
    count: int
    """How often; for `waiting`, of how many issues."""
    of: int | None = None
    """Of how many issues that the team had, for `waiting`."""
    weight: float
    """In log-odds, faded with a half-life of 20 working days; above 0 towards isolation."""


class PersonIsolated(MetricsEvent):
    """The company answers this carrier less than others. It says nothing about the person."""

    subject: ClassVar[str] = "person.isolated.v1"

    person_id: str
    level: Level
    score: float = Field(ge=0, le=1)
    since: AwareDatetime
    """When the figure reached the level's threshold."""
    why: tuple[Evidence, ...] = Field(default=(), max_length=8)
    """The heaviest first."""
    silent_team_ids: tuple[str, ...] = Field(default=(), max_length=20)
    """The teams that do not answer, the heaviest first."""
    in_spite_of_companion: bool = False
    """It is still above 0.5 after 15 working days with a companion."""


class PersonSupported(MetricsEvent):
    """The company answers this carrier again."""

    subject: ClassVar[str] = "person.supported.v1"

    person_id: str
    level: Level = Level.WATCH
    """The level that is over."""
    score: float = Field(ge=0, le=1)
    lasting: bool = False
    """It has been under 0.3 for ten working days: a companion can be thanked."""
