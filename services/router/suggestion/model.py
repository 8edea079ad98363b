"""A trained model: from a text to what is likely, in about a millisecond and with numpy alone.

It is linear: each word or piece adds its weight to each label, and the exponentials of the sums
are the probabilities. The weights already hold whatever makes the probabilities calibrated.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.router.suggestion.text import terms

Floats = NDArray[np.float32]
FORMAT = 1


class ModelUnusable(Exception):
    """The file holds no model of ours, or not a whole one."""


class Likely(NamedTuple):
    label: str
    probability: float


class Curve(NamedTuple):
    """How the probability of the likeliest label is bent to what it turned out to be worth: its
    log-odds first (Platt scaling), and what comes of that along a line through some points."""

    slope: float = 1.0
    offset: float = 0.0
    said: tuple[float, ...] = ()
    """The points, rising; none for a straight line."""
    meant: tuple[float, ...] = ()

    def bend(self, chances: Any) -> Any:
        """The others share the rest as before, and none of them overtakes the likeliest."""
        best = chances.argmax(axis=-1)[..., np.newaxis]
        told = np.clip(np.take_along_axis(chances, best, -1), 1e-6, 1 - 1e-6)
        odds = self.slope * np.log(told / (1 - told)) + self.offset
        bent = 1 / (1 + np.exp(-odds))
        if self.said:
            bent = np.interp(bent, self.said, self.meant)
        others = np.minimum(chances * (1 - bent) / (1 - told), 0.999 * bent)
        np.put_along_axis(others, best, bent, -1)
        return others


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms that count, each with its place and its weight."""

    place: Mapping[str, int]
    rarity: Floats
    """Inverse document frequency: what stands everywhere tells little."""
    words: int
    """How many places are those of words; the others are those of pieces."""
    most_pieces: int

    def places(self, text: str) -> tuple[NDArray[np.int32], Floats]:
        """Where a text is not zero, and what it is there; words and pieces weigh the same."""
        found = terms(text, self.most_pieces)
        sides = [self._side(of, mark) for of, mark in zip(found, ("w", "p"), strict=True)]
        return (
            np.concatenate([places for places, _ in sides]),
            np.concatenate([values for _, values in sides]),
        )

    def _side(self, found: Sequence[str], mark: str) -> tuple[NDArray[np.int32], Floats]:
        counts = Counter(found)
        known = [
            (place, count)
            for term, count in counts.items()
            if (place := self.place.get(mark + term)) is not None
        ]
        if not known:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        table = np.array(known, np.int32)
        values = (1 + np.log(table[:, 1])).astype(np.float32) * self.rarity[table[:, 0]]
        return table[:, 0], values / np.float32(np.linalg.norm(values))


@dataclass(frozen=True, slots=True)
class Model:
    """What a company's history says about texts."""

    labels: tuple[str, ...]
    vocabulary: Vocabulary
    weights: Floats
    """A row for each term, a column for each label."""
    bias: Floats
    curve: Curve
    ceiling: float
    """No probability is higher: what was learned from little is never sure."""
    lessons: int
    """From how many texts it was learned."""
    learned_until: str
    """What the newest of them says about its time, for whoever decides whether to learn again."""

    def likely(self, text: str, most: int | None = None) -> list[Likely]:
        """The labels, the likeliest first, with their probabilities."""
        places, values = self.vocabulary.places(text)
        sums = values @ self.weights[places] + self.bias
        chances = self.chances(sums[np.newaxis])[0]
        best = np.argsort(-chances, kind="stable")[:most]
        return [Likely(self.labels[nth], float(chances[nth])) for nth in best]

    def chances(self, sums: Any) -> Any:
        """The probabilities that sums of weights stand for, a row for each text."""
        return np.minimum(self.curve.bend(softmax(sums)), self.ceiling)

    def save(self, file: Path) -> None:
        """Whole or not at all."""
        about = {
            "format": FORMAT,
            "labels": self.labels,
            "terms": sorted(self.vocabulary.place, key=self.vocabulary.place.__getitem__),
            "words": self.vocabulary.words,
            "most_pieces": self.vocabulary.most_pieces,
            "curve": self.curve,
            "ceiling": self.ceiling,
            "lessons": self.lessons,
            "learned_until": self.learned_until,
        }
        beside = file.with_name(f".{file.name}.new")
        with beside.open("wb") as written:
            np.savez(
                written,
                about=np.frombuffer(json.dumps(about).encode(), np.uint8),
                rarity=self.vocabulary.rarity,
                weights=self.weights.astype(np.float16),
                bias=self.bias,
            )
        beside.replace(file)

    @classmethod
    def load(cls, file: Path) -> Model:
        """Raises ModelUnusable, whatever the file is."""
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
                return _whole(json.loads(stored["about"].tobytes()), stored)
        except Exception as error:  # a broken archive raises whatever it likes
            raise ModelUnusable(f"{file.name}: {error!r}") from error


def softmax(sums: Any) -> Any:
    """Probabilities along the last axis."""
    powers = np.exp(sums - sums.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _whole(about: Mapping[str, Any], stored: Mapping[str, Any]) -> Model:
    if about["format"] != FORMAT:
        raise ModelUnusable(f"format {about['format']}")
    place = {term: nth for nth, term in enumerate(about["terms"])}
    weights, bias = stored["weights"].astype(np.float32), stored["bias"]
    if weights.shape != (len(place), len(about["labels"])) or bias.shape != weights.shape[1:]:
        raise ModelUnusable("its parts do not fit each other")
    return Model(
        labels=tuple(about["labels"]),
        vocabulary=Vocabulary(place, stored["rarity"], about["words"], about["most_pieces"]),
        weights=weights,
        bias=bias,
        curve=Curve(*about["curve"]),
        ceiling=about["ceiling"],
        lessons=about["lessons"],
        learned_until=about["learned_until"],
    )
