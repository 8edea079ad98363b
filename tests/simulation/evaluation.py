"""How well a figure tells who is left alone, and how soon, at which price in false alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tests.simulation.calendar import DATE_S, DAY_S, WORKING_DAYS_A_YEAR
from tests.simulation.naive import Table
from tests.simulation.world import History

GRACE_DAYS: Final = 10
"""Working days before anybody could know; they count for neither side of the AUC."""
AFTER_DAYS: Final = 20
"""Working days in which somebody may still be called alone who is answered again."""
QUIET_DAYS: Final = 5
"""An alarm that comes again within so many ticks is the same one."""
SOON_DAYS: Final = 30.0
"""Of the calendar, as all days to detection."""
ONE_A_YEAR: Final = 1.0

Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Onset:
    carrier: int
    begins_s: float
    """On the wall."""
    first: int
    """The first tick and the one behind the last, of the time in which they are left alone."""
    behind: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so, at each tick (row) of each carrier (column)."""

    scenario: str
    seed: int
    ticks_s: NDArray[np.float64]
    alone: Marks
    """Left alone for longer than the grace, and at least half as much as it will become."""
    fine: Marks
    """There, not left alone, and not just before."""
    anyhow: Marks
    """There at all."""
    onsets: tuple[Onset, ...]

    @property
    def person_years(self) -> float:
        return float(self.fine.sum()) / WORKING_DAYS_A_YEAR


@dataclass(frozen=True, slots=True)
class Outcome:
    """At one threshold."""

    threshold: float
    false_alarms: float
    """A person-year."""
    worst_false_alarms: float
    worst_scenario: str
    median_days: float
    soon: float
    """The share of onsets that were found within `SOON_DAYS`."""


def truth_of(scenario: str, seed: int, history: History) -> Truth:
    company = history.company
    ticks_s = np.array(history.ticks_s)
    worked_s = np.array([company.calendar.worked_s(at_s) for at_s in history.ticks_s])
    shape = (len(ticks_s), len(company.carriers))
    alone, fine, there = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape, bool)
    onsets = []
    for place, carrier in enumerate(company.carriers):
        there[:, place] = fine[:, place] = worked_s >= carrier.begins_s
        neglect = carrier.neglect
        if neglect is None:
            continue
        begins_s, ends_s = neglect.begins_s, neglect.ends_s
        during = (worked_s >= begins_s) & (worked_s < ends_s)
        grown_s = max(GRACE_DAYS * DAY_S, neglect.ramp_s / 2)
        alone[:, place] = during & (worked_s >= begins_s + grown_s)
        fine[:, place] &= (worked_s < begins_s) | (worked_s >= ends_s + AFTER_DAYS * DAY_S)
        at = np.flatnonzero(during)
        wall_s = company.calendar.wall_s(begins_s)
        onsets.append(Onset(place, wall_s, int(at[0]), int(at[-1]) + 1))
    return Truth(scenario, seed, ticks_s, alone, fine, there, tuple(onsets))


def auc(truths: Sequence[Truth], tables: Sequence[Table]) -> float:
    """How likely a person-day of somebody left alone has the higher figure than another one."""
    alone, fine = _pooled(truths, tables)
    ranks = rankdata(np.concatenate([alone, fine]))[: len(alone)]
    pairs = len(alone) * len(fine)
    return float((ranks.sum() - len(alone) * (len(alone) + 1) / 2) / pairs)


def auc_without_grace(truths: Sequence[Truth], tables: Sequence[Table]) -> float:
    """The same when somebody counts as left alone from the first minute to the last, and as fine
    from the next."""
    harder = []
    for truth in truths:
        alone = np.zeros_like(truth.alone)
        for onset in truth.onsets:
            alone[onset.first : onset.behind, onset.carrier] = True
        fine = truth.anyhow & ~alone
        harder.append(
            Truth(truth.scenario, truth.seed, truth.ticks_s, alone, fine, truth.anyhow, ())
        )
    return auc(harder, tables)


def curve(
    truths: Sequence[Truth], tables: Sequence[Table], at: Iterable[float]
) -> list[tuple[float, float]]:
    """The share of person-days left alone that are found, for each share of wrong ones."""
    alone, fine = (np.sort(values) for values in _pooled(truths, tables))
    found = []
    for wrong in at:
        place = min(len(fine) - 1, int((1 - wrong) * len(fine)))
        # Halfway through those that share the figure at this place.
        threshold = fine[place]
        above, at_least = (
            1 - np.searchsorted(alone, threshold, side) / len(alone) for side in ("right", "left")
        )
        fine_above, fine_at_least = (
            1 - np.searchsorted(fine, threshold, side) / len(fine) for side in ("right", "left")
        )
        share = (wrong - fine_above) / max(1e-12, fine_at_least - fine_above)
        found.append((wrong, float(above + (at_least - above) * min(1.0, max(0.0, share)))))
    return found


def _pooled(truths: Sequence[Truth], tables: Sequence[Table]) -> tuple[Table, Table]:
    alone = [table[truth.alone] for truth, table in zip(truths, tables, strict=True)]
    fine = [table[truth.fine] for truth, table in zip(truths, tables, strict=True)]
    return np.concatenate(alone), np.concatenate(fine)


def outcome(truths: Sequence[Truth], tables: Sequence[Table], threshold: float) -> Outcome:
    alarms: dict[str, int] = {}
    years: dict[str, float] = {}
    days: list[float] = []
    for truth, table in zip(truths, tables, strict=True):
        above = table >= threshold
        name = truth.scenario
        alarms[name] = alarms.get(name, 0) + int((_starts(above) & truth.fine).sum())
        years[name] = years.get(name, 0.0) + truth.person_years
        days += [_days_until_found(truth, onset, above) for onset in truth.onsets]
    rates = {name: alarms[name] / years[name] for name in alarms}
    worst = max(rates, key=lambda name: rates[name])
    return Outcome(
        threshold,
        sum(alarms.values()) / sum(years.values()),
        rates[worst],
        worst,
        float(np.median(days)),
        float(np.mean([one <= SOON_DAYS for one in days])),
    )


def _starts(above: Marks) -> Marks:
    """Where an alarm begins that was not there within the last days."""
    lately = np.zeros_like(above)
    for days in range(1, QUIET_DAYS + 1):
        lately[days:] |= above[:-days]
    found: Marks = above & ~lately
    return found


def _days_until_found(truth: Truth, onset: Onset, above: Marks) -> float:
    found = np.flatnonzero(above[onset.first : onset.behind, onset.carrier])
    if not len(found):
        return float("inf")
    return float((truth.ticks_s[onset.first + found[0]] - onset.begins_s) / DATE_S)


def threshold_for(
    truths: Sequence[Truth], tables: Sequence[Table], false_alarms: float = ONE_A_YEAR
) -> float:
    """The lowest threshold from which on no more false alarms come in a person-year."""
    fine = np.sort(np.concatenate([t[truth.fine] for truth, t in zip(truths, tables, strict=True)]))
    years = sum(truth.person_years for truth in truths)
    low, high = len(fine) // 2, len(fine) - 1
    while low < high:
        middle = (low + high) // 2
        starts = sum(
            int((_starts(table >= fine[middle]) & truth.fine).sum())
            for truth, table in zip(truths, tables, strict=True)
        )
        low, high = (middle + 1, high) if starts > false_alarms * years else (low, middle)
    return float(fine[low])


def by_scenario(truths: Sequence[Truth], tables: Sequence[Table]) -> Mapping[str, float]:
    names = dict.fromkeys(truth.scenario for truth in truths)
    return {name: auc(*_of(name, truths, tables)) for name in names}


def _of(
    name: str, truths: Sequence[Truth], tables: Sequence[Table]
) -> tuple[list[Truth], list[Table]]:
    chosen = [place for place, truth in enumerate(truths) if truth.scenario == name]
    return [truths[place] for place in chosen], [tables[place] for place in chosen]
