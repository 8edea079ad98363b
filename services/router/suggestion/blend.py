"""Several opinions become one calibrated probability; and how good such probabilities are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.router.suggestion.model import Curve, softmax

START = 3.0
"""The weight of an opinion whose spread is one, before anything was held out to fit it."""
PULL = 2.0
"""How many rows' worth of evidence it takes to move a weight away from START by a factor of e."""
BINS = 10
GROUP = 100
"""Rows that say together what a confidence is worth."""
FEWEST_GROUPS = 5
MOST_GROUPS = 25
TILT = 0.02
"""Steps are not quite flat, so that of two confidences the larger stays the larger."""

Floats = NDArray[Any]


def fit_weights(opinions: Sequence[Floats], truth: NDArray[np.intp]) -> list[float]:
    """How much each opinion counts, so that the probabilities fit rows nobody has learned from.

    Opinions are tables of logits, a row for each text; `truth` has the right column of each. The
    weights minimise the log loss (log-linear pooling; with one opinion, temperature scaling:
    Guo et al. 2017).
    """
    from scipy.optimize import minimize

    spreads = [float(opinion.std()) or 1.0 for opinion in opinions]
    scaled = [opinion / spread for opinion, spread in zip(opinions, spreads, strict=True)]
    rows = np.arange(len(truth))

    def loss(steps: Floats) -> float:
        sums = sum(
            START * np.exp(step) * opinion for step, opinion in zip(steps, scaled, strict=True)
        )
        chances = softmax(sums)[rows, truth]
        return float(-np.log(chances + 1e-9).sum() + PULL * (steps**2).sum())

    found = minimize(loss, np.zeros(len(opinions)), method="Nelder-Mead", options={"maxiter": 200})
    weights = START * np.exp(found.x)
    return [float(weight / spread) for weight, spread in zip(weights, spreads, strict=True)]


def fit_curve(chances: Floats, truth: NDArray[np.intp]) -> Curve:
    """How to bend the likeliest label's probability; as it is, where little speaks for more."""
    from scipy.optimize import minimize

    if not len(truth) or chances.shape[1] < 2:
        return Curve()
    told = np.clip(chances.max(axis=1), 1e-6, 1 - 1e-6)
    odds, right = np.log(told / (1 - told)), chances.argmax(axis=1) == truth

    def loss(point: Floats) -> float:
        bent = point[0] * odds + point[1]
        return float(
            np.logaddexp(0, np.where(right, -bent, bent)).sum()
            + PULL * ((point[0] - 1) ** 2 + point[1] ** 2)
        )

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead")
    # a slope that turns the order round would be learned from chance
    smooth = Curve(max(float(found.x[0]), 0.1), float(found.x[1]))
    said, meant = _points(smooth.bend(chances).max(axis=1), right)
    return smooth._replace(said=said, meant=meant)


def _points(
    confidences: Floats, right: NDArray[np.bool_]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What confidences are worth, in groups of equal size (isotonic regression). Where many labels
    are wrong nothing is ever surer than that, which no smooth curve of the log-odds can say."""
    from sklearn.isotonic import isotonic_regression

    groups = min(len(right) // GROUP, MOST_GROUPS)
    if groups < FEWEST_GROUPS:
        return (), ()
    parts = np.array_split(np.argsort(confidences, kind="stable"), groups)
    said = np.array([float(confidences[part].mean()) for part in parts])
    meant = isotonic_regression([float(right[part].mean()) for part in parts])
    said, first = np.unique(said, return_index=True)  # groups of equal confidence are one point
    # what is like nothing that was ever seen is worth nothing
    steps = (1 - TILT) * np.concatenate([[0.0], meant[first], meant[first[-1:]]])
    places = np.concatenate([[0.0], said, [1.0]])
    return tuple(map(float, places)), tuple(map(float, steps + TILT * places))


def log_loss(chances: Floats, truth: NDArray[np.intp]) -> float:
    return float(-np.log(chances[np.arange(len(truth)), truth] + 1e-9).mean())


def calibration_error(confidences: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error: by how much the probability of the first guess is off, in ten
    bins of equal width, each weighed by its rows (Naeini et al. 2015)."""
    if not len(confidences):
        return 0.0
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    off = [
        abs(float(confidences[bins == nth].sum() - right[bins == nth].sum())) for nth in range(BINS)
    ]
    return sum(off) / len(confidences)


def threshold_for(
    confidences: Floats, right: NDArray[np.bool_], precision: float, least: int = 10
) -> float | None:
    """The lowest confidence from which on this share of the first guesses is right; None where
    there is no such one that at least `least` rows reach."""
    order = np.argsort(-confidences, kind="stable")
    sure = confidences[order]
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # rows of the same confidence are answered together or not at all
    last_of_its_kind = np.append(sure[:-1] > sure[1:], True)
    good = np.flatnonzero((share >= precision) & last_of_its_kind)
    good = good[good >= least - 1]
    return float(sure[good[-1]]) if len(good) else None
