"""Whom the gauges ask at the moment of a scrape."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol

from services.metrics.picture import Condition, PersonSeen, TeamSeen
from shared.contracts.organisation import Organisation


class Seen(Protocol):
    """Whoever folds the facts. What is asked is known by then: a scrape computes nothing."""

    def people(self, now: datetime) -> Iterable[PersonSeen]:
        """Everybody in the organisation now, and nobody who left."""
        ...

    def teams(self, now: datetime) -> Iterable[TeamSeen]: ...

    def conditions(self, now: datetime) -> Collection[tuple[Condition, str]]:
        """Those that hold, each with the team that it concerns."""
        ...


class Nothing:
    """Before anything was folded."""

    def people(self, now: datetime) -> Iterable[PersonSeen]:
        return ()

    def teams(self, now: datetime) -> Iterable[TeamSeen]:
        return ()

    def conditions(self, now: datetime) -> Collection[tuple[Condition, str]]:
        return ()


class Known(Protocol):
    """The organisation in force; None until the first was heard."""

    @property
    def current(self) -> Organisation | None: ...
