"""Folds a history, and says what the figure would have been whenever it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.metrics.backtest.events import Events
from services.metrics.backtest.history import Meta, meta_of
from services.metrics.facts import Fact, Kind
from services.metrics.isolation import PRIOR, Isolation


class Scored(NamedTuple):
    """The figure of one person at one tick."""

    t: float
    person: str
    score: float


class Backtest:
    """A history, folded by the same code as the present."""

    def __init__(self, meta: Meta) -> None:
        self.isolation = Isolation(meta.worked())
        self._known = dict.fromkeys(meta.carriers())

    def run(self, facts: Sequence[Fact]) -> Iterator[Scored]:
        """At each tick one for each known carrier: whoever is one by META, and whoever has raised
        something. Before the first request nothing is known of a person, and the prior is said.
        """
        for fact in facts:
            self.isolation.fold(fact)
            if fact.kind is Kind.TICK:
                yield from self._scored(fact.at_s)
            elif fact.raiser or fact.kind is Kind.RAISED:
                self._known.setdefault(fact.raiser or fact.person)

    def _scored(self, at_s: float) -> Iterator[Scored]:
        for person in self._known:
            score = self.isolation.score(person)
            yield Scored(at_s, person, PRIOR if score is None else score)


def ticked(facts: Sequence[Fact], meta: Meta) -> Sequence[Fact]:
    """The facts, with a tick after each working day where they have none."""
    if not facts or any(fact.kind is Kind.TICK for fact in facts):
        return facts
    first_s, last_s = facts[0].at_s, facts[-1].at_s
    ends_s = last_s + 86400.0 if meta.horizon is None else max(last_s, meta.horizon)
    nights = meta.worked().nights(first_s, ends_s)
    ticks = [Fact(at_s=night_s, kind=Kind.TICK, id="") for night_s in nights]
    return sorted([*ticks, *facts], key=lambda fact: fact.at_s)


def scores(
    told: Iterable[Mapping[str, Any]], meta: Mapping[str, Any] | None = None
) -> Iterator[Scored]:
    """What `banso backtest` writes, of events that are in memory. Raises LineUnusable and
    MetaUnusable."""
    known = meta_of(meta or {})
    events = Events(known)
    events.take(told)
    yield from Backtest(known).run(events.facts)
