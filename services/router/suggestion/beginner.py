"""Knows nothing but what the teams say of themselves, and is never sure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from services.router.suggestion.model import Curve, Model
from services.router.suggestion.survey import survey

NEVER_SURER = 0.5
FIRMNESS = 6.0
"""How much a team's probability grows with the likeness of its lines: so little that it stands out
only where much is the same."""


def by_likeness(lines: Mapping[str, str]) -> Model:
    """How much a text has in common with each of a few lines."""
    vocabulary = survey(list(lines.values()), len(lines))
    weights = np.zeros((len(vocabulary.place), len(lines)), np.float32)
    for nth, text in enumerate(lines.values()):
        places, values = vocabulary.places(text)
        weights[places, nth] = FIRMNESS * values
    return Model(
        labels=tuple(lines),
        vocabulary=vocabulary,
        weights=weights,
        bias=np.zeros(len(lines), np.float32),
        curve=Curve(),
        ceiling=NEVER_SURER,
        lessons=0,
        learned_until="",
    )
