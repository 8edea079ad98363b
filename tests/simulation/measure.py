"""All figures over many made-up companies, beside what was true in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from typing import Final

from tests.simulation.evaluation import (
    Outcome,
    Truth,
    auc,
    auc_without_grace,
    by_scenario,
    outcome,
    threshold_for,
    truth_of,
)
from tests.simulation.naive import Table, naive_figures
from tests.simulation.scenario import Scenario
from tests.simulation.score import score_figures
from tests.simulation.world import simulate

SCORE: Final = "score"
Company = tuple[Truth, dict[str, Table]]


@dataclass(slots=True)
class Measured:
    """What each figure said, and what was true."""

    truths: list[Truth] = field(default_factory=list)
    tables: dict[str, list[Table]] = field(default_factory=dict)

    def add(self, company: Company) -> None:
        truth, tables = company
        self.truths.append(truth)
        for name, table in tables.items():
            self.tables.setdefault(name, []).append(table)

    @property
    def person_years(self) -> float:
        return sum(truth.person_years for truth in self.truths)

    @property
    def onsets(self) -> int:
        return sum(len(truth.onsets) for truth in self.truths)

    @property
    def scenarios(self) -> list[str]:
        return list(dict.fromkeys(truth.scenario for truth in self.truths))

    def of(self, scenario: str) -> Measured:
        chosen = [place for place, one in enumerate(self.truths) if one.scenario == scenario]
        return Measured(
            [self.truths[place] for place in chosen],
            {name: [all_[place] for place in chosen] for name, all_ in self.tables.items()},
        )

    def but(self, scenario: str) -> Measured:
        chosen = [place for place, one in enumerate(self.truths) if one.scenario != scenario]
        return Measured(
            [self.truths[place] for place in chosen],
            {name: [all_[place] for place in chosen] for name, all_ in self.tables.items()},
        )

    def auc(self, name: str) -> float:
        return auc(self.truths, self.tables[name])

    def auc_without_grace(self, name: str) -> float:
        return auc_without_grace(self.truths, self.tables[name])

    def aucs(self, name: str) -> Mapping[str, float]:
        return by_scenario(self.truths, self.tables[name])

    def threshold(self, name: str) -> float:
        """At which it is wrong once in a person-year, over all scenarios."""
        return threshold_for(self.truths, self.tables[name])

    def outcome(self, name: str, threshold: float) -> Outcome:
        return outcome(self.truths, self.tables[name], threshold)


def look_at(scenario: Scenario, seed: int, working_days: int) -> Company:
    """One company, with all figures of everybody on each working day."""
    history = simulate(scenario, seed, working_days)
    tables = {SCORE: score_figures(history)}
    tables |= {str(name): table for name, table in naive_figures(history).items()}
    return truth_of(scenario.name, seed, history), tables


def measure(
    scenarios: Sequence[Scenario], seeds: Iterable[int], working_days: int, workers: int = 1
) -> Measured:
    """Each scenario with each seed."""
    both = [(scenario, seed) for scenario in scenarios for seed in seeds]
    names, numbers = zip(*both, strict=True)
    measured = Measured()
    if workers == 1:
        for scenario, seed in both:
            measured.add(look_at(scenario, seed, working_days))
        return measured
    with ProcessPoolExecutor(workers) as pool:
        for company in pool.map(look_at, names, numbers, repeat(working_days)):
            measured.add(company)
    return measured
