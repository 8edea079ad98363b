"""Learns a model from texts whose labels are known, the oldest first.

Two opinions on the same terms: a linear support vector machine for each label, which is the best
at telling labels apart, and the middle of each label's texts, which is the better one where there
are few of them. What they weigh, and how soft the probabilities are, is fitted on the newest
texts, from which nothing was learned before that (docs/adr/0015).
"""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from services.router.suggestion.blend import fit_curve, fit_weights, log_loss
from services.router.suggestion.model import Floats, Model, Vocabulary, softmax
from services.router.suggestion.survey import Progress, survey, unheard

MOST_LESSONS = 100_000
HELD_OUT = 0.2
MOST_HELD_OUT = 5_000
IN_TURNS_BELOW = 750
"""With fewer texts each quarter is held out in turn, since one alone would tell too little."""
STRENGTHS = (0.03, 0.1, 0.3, 1.0)
"""How closely the labels are followed: less so where many of them are wrong."""
STRENGTH_LESSONS = 20_000
"""The newest, on which the strength is chosen."""

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What was said of texts before they were learned from."""

    rows: Rows
    """Which of the texts."""
    logits: Any
    """A row for each of them, a column for each label."""


@dataclass(frozen=True, slots=True)
class Trained:
    model: Model
    held_out: HeldOut


@dataclass(frozen=True, slots=True)
class _Opinions:
    """Two linear opinions on the same terms."""

    weights: tuple[Floats, Floats]
    bias: Floats

    def logits(self, table: sparse.csr_matrix) -> list[Any]:
        return [table @ self.weights[0] + self.bias, table @ self.weights[1]]


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    progress: Progress = unheard,
    learned_until: str = "",
) -> Trained:
    """Learns from at least one text; with a single label everything is that, not very surely."""
    names = sorted(set(labels))
    number = {name: nth for nth, name in enumerate(names)}
    truth = np.array([number[label] for label in labels], np.intp)
    vocabulary = survey(texts, len(names), progress)
    table = encode(texts, vocabulary, progress)
    strength = _strength(table, truth, len(names))
    spoken: list[tuple[Rows, list[Any]]] = []
    turns = list(turns_of(len(texts)))
    for nth, (learned, held) in enumerate(turns):
        progress("Holding out", nth, len(turns) + 1)
        found = _learn(table[learned], truth[learned], len(names), strength)
        spoken.append((held, found.logits(table[held])))
    progress("Learning", len(turns), len(turns) + 1)
    held = np.concatenate([rows for rows, _ in spoken]) if spoken else np.zeros(0, np.intp)
    both = [
        np.concatenate([logits[nth] for _, logits in spoken])
        if spoken
        else np.zeros((0, len(names)))
        for nth in (0, 1)
    ]
    first, second = fit_weights(both, truth[held]) if len(held) else (1.0, 1.0)
    logits = first * both[0] + second * both[1]
    found = _learn(table, truth, len(names), strength)
    model = Model(
        labels=tuple(names),
        vocabulary=vocabulary,
        weights=(first * found.weights[0] + second * found.weights[1]).astype(np.float32),
        bias=(first * found.bias).astype(np.float32),
        curve=fit_curve(softmax(logits), truth[held]),
        ceiling=ceiling(len(texts)),
        lessons=len(texts),
        learned_until=learned_until,
    )
    progress("Learning", len(turns) + 1, len(turns) + 1)
    return Trained(model, HeldOut(held, logits))


def ceiling(lessons: int) -> float:
    """Nobody is surer than what was learned from allows (Laplace's rule of succession)."""
    return (lessons + 1) / (lessons + 2)


def turns_of(count: int) -> Iterator[tuple[Rows, Rows]]:
    """Which texts are learned from and which are held out: the newest, or each part in turn."""
    everything = np.arange(count)
    if count < 8:
        return
    if count < IN_TURNS_BELOW:
        for held in np.array_split(everything, 4):
            yield np.setdiff1d(everything, held), held
        return
    kept = count - min(int(count * HELD_OUT), MOST_HELD_OUT)
    yield everything[:kept], everything[kept:]


def encode(
    texts: Sequence[str], vocabulary: Vocabulary, progress: Progress = unheard
) -> sparse.csr_matrix:
    """A row for each text, a column for each term."""
    ends, columns, values = array("q", [0]), array("i"), array("f")
    for nth, text in enumerate(texts):
        places, weights = vocabulary.places(text)
        columns.frombytes(places.tobytes())
        values.frombytes(weights.tobytes())
        ends.append(len(columns))
        if nth % 500 == 0:
            progress("Reading", nth, len(texts))
    return sparse.csr_matrix(
        (
            np.frombuffer(values, np.float32),
            np.frombuffer(columns, np.int32),
            np.frombuffer(ends, np.int64),
        ),
        shape=(len(texts), len(vocabulary.place)),
    )


def _strength(table: sparse.csr_matrix, truth: Rows, labels: int) -> float:
    """The one with the best probabilities on texts that were held out."""
    newest = np.arange(max(0, len(truth) - STRENGTH_LESSONS), len(truth))
    turns = [(newest[learned], newest[held]) for learned, held in turns_of(len(newest))]
    if not turns or labels < 2:
        return STRENGTHS[-2]
    losses = []
    for strength in STRENGTHS:
        loss = 0.0
        for learned, held in turns:
            found = _learn(table[learned], truth[learned], labels, strength)
            logits = found.logits(table[held])[0]
            [weight] = fit_weights([logits], truth[held])
            loss += log_loss(softmax(weight * logits), truth[held])
        losses.append(loss)
    return STRENGTHS[int(np.argmin(losses))]


def _learn(table: sparse.csr_matrix, truth: Rows, labels: int, strength: float) -> _Opinions:
    weights, bias = _machines(table, truth, labels, strength)
    return _Opinions((weights, _middles(table, truth, labels)), bias)


def _machines(
    table: sparse.csr_matrix, truth: Rows, labels: int, strength: float
) -> tuple[Floats, Floats]:
    """A hyperplane for each label; a label without a text is as unlikely as can be."""
    terms_count = table.shape[1]
    weights = np.zeros((terms_count, labels), np.float32)
    bias = np.full(labels, -1.0, np.float32)
    present = np.unique(truth)
    if len(present) == 1:
        bias[present] = 1.0
        return weights, bias
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine = LinearSVC(C=strength, random_state=0).fit(table, truth)
    planes, offsets = machine.coef_, np.atleast_1d(machine.intercept_)
    if len(present) == 2:  # it has one plane, and what is not on one side is on the other
        planes, offsets = np.vstack([-planes, planes]), np.concatenate([-offsets, offsets])
    weights[:, present] = planes.T
    bias[present] = offsets
    return weights, bias


def _middles(table: sparse.csr_matrix, truth: Rows, labels: int) -> Floats:
    """The direction of the middle of each label's texts."""
    rows = np.arange(len(truth))
    members = sparse.csr_matrix(
        (np.ones(len(truth), np.float32), (truth, rows)), shape=(labels, len(truth))
    )
    return np.asarray(normalize(members @ table).T.toarray(), np.float32)
