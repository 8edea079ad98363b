"""The score finds out who is left alone, better than anything that one would build first.

A small size of `make simulate`: twelve companies for half a year, with a seed that is not reported.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.simulation.measure import SCORE, Measured, measure
from tests.simulation.naive import Naive
from tests.simulation.reference import second_score_figures
from tests.simulation.scenario import SCENARIOS
from tests.simulation.score import score_figures
from tests.simulation.world import simulate

DAYS = 130
SEED = 21

FLOOR = 0.93
"""Seeds 1 to 4 and this one had 0.939 to 0.956 at this size, with a deviation of 0.007. With three
normal waits charged for an issue instead of five it is about 0.07 less (ADR 35)."""
FLOOR_OF_ONE = 0.83
"""The worst company of each had 0.848 to 0.888; with so few people chance plays a part. The one
where 30 % of the requests are cut off is left out: docs/isolation.md says that it is the weak one.
"""
MOST_DAYS = 15.0
"""Of the calendar until half of them are found, at one false alarm a person-year: 9.2 to 12.2."""


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure(SCENARIOS, [SEED], DAYS)


@pytest.mark.parametrize("naive", Naive)
def test_the_score_is_better_than_what_one_would_build_first(
    measured: Measured, naive: Naive
) -> None:
    assert measured.auc(SCORE) > measured.auc(naive)
    assert measured.auc_without_grace(SCORE) > measured.auc_without_grace(naive)


def test_the_score_is_as_good_as_it_was(measured: Measured) -> None:
    at = measured.outcome(SCORE, measured.threshold(SCORE))

    assert measured.auc(SCORE) > FLOOR
    assert at.median_days < MOST_DAYS


def test_no_kind_of_company_is_forgotten(measured: Measured) -> None:
    aucs = {name: auc for name, auc in measured.aucs(SCORE).items() if name != "partly"}

    assert min(aucs.values()) > FLOOR_OF_ONE, aucs


@pytest.mark.parametrize("name", ["absences", "busy", "canned", "joiners", "pushed"])
def test_whoever_reads_the_definition_again_gets_the_same_score(name: str) -> None:
    (scenario,) = (one for one in SCENARIOS if one.name == name)
    history = simulate(replace(scenario, carriers=12), SEED, 90)

    one, other = score_figures(history), second_score_figures(history)

    there = np.isfinite(one)
    assert there.mean() > 0.5
    assert one[there] == pytest.approx(other[there], abs=1e-9)
