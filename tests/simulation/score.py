"""The score, as `banso backtest` says it of a history."""

from __future__ import annotations

import numpy as np

from services.metrics.backtest import scores
from tests.simulation.naive import Table
from tests.simulation.world import History


def score_figures(history: History) -> Table:
    """Of each carrier (column) at each tick (row); whoever is not known yet has the prior."""
    column = {carrier.id: place for place, carrier in enumerate(history.company.carriers)}
    row = {at_s: place for place, at_s in enumerate(history.ticks_s)}
    table = np.full((len(row), len(column)), -np.inf)
    for at_s, person, score in scores(history.events, history.meta):
        table[row[at_s], column[person]] = score
    return table
