"""How well a company's own history tells where its issues belong, beside a plain baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.router.suggestion import meaning
from services.router.suggestion.blend import (
    calibration_error,
    fit_curve,
    fit_weights,
    log_loss,
    threshold_for,
)
from services.router.suggestion.model import Curve, softmax
from services.router.suggestion.survey import Progress, unheard
from services.router.suggestion.training import (
    HELD_OUT,
    IN_TURNS_BELOW,
    Rows,
    Trained,
    encode,
    train,
    turns_of,
)
from shared.clock import elapsed_s

PRECISION = 0.9
MOST_FOR_MEANING = 4_000
"""The newest texts from which meaning is learned."""
MOST_TESTED_FOR_MEANING = 2_000
MEANING_S = 390.0
"""How long reading for meaning may take."""

Best = list[list[str]]
"""For each text its three likeliest labels."""


@dataclass(frozen=True, slots=True)
class Split:
    """Texts to learn from, the oldest first, and texts to be tested on."""

    texts: Sequence[str]
    labels: Sequence[str]
    test_texts: Sequence[str]
    test_labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sampled:
    """Meaning was read of so many texts only, of each so many characters."""

    training: int
    test: int
    characters: int


@dataclass(frozen=True, slots=True)
class Report:
    """All shares are of the test rows: of all of them, or of `sampled.test`."""

    rows: int
    trained: int
    tested: int
    classes: int
    unseen: int
    """Test rows whose label nobody has learned: no model can guess it."""
    top1: float
    top3: float
    baseline_top1: float
    baseline_top3: float
    words_top1: float
    """By words alone, on all test rows."""
    words_top3: float
    words_answered_at_90: float
    words_threshold_at_90: float | None
    """What the router goes by, which reads no meaning while an issue waits."""
    calibration_error: float
    answered_at_90: float
    precision_at_90: float
    """What of the answered ones was right in the end."""
    threshold_at_90: float | None
    seconds: float
    training_seconds: float
    meaning: bool
    sampled: Sampled | None
    margin: float
    """Twice the standard error of top1 - baseline_top1 on the same rows."""

    @property
    def beats_baseline(self) -> bool:
        """Better by more than chance explains."""
        return self.top1 - self.baseline_top1 > self.margin


@dataclass(frozen=True, slots=True)
class _Guessed:
    """Probabilities for test rows, and what was held out to find the threshold."""

    rows: Rows
    chances: Any
    held_chances: Any
    held_truth: NDArray[np.intp]
    seconds: float
    """For a thousand texts."""
    sampled: Sampled | None = None


def baseline(split: Split) -> Best:
    """What everybody would build first: scikit-learn's TF-IDF of words, logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    if len(set(split.labels)) == 1:
        return [[split.labels[0]] for _ in split.test_texts]
    reader = TfidfVectorizer()
    try:
        table = reader.fit_transform(split.texts)
    except ValueError:  # no text has a word that it knows
        return [[] for _ in split.test_texts]
    machine = LogisticRegression(max_iter=1000).fit(table, split.labels)
    chances = machine.predict_proba(reader.transform(split.test_texts))
    best = np.argsort(-chances, axis=1, kind="stable")[:, :3]
    return [[str(label) for label in machine.classes_[row]] for row in best]


def evaluate(
    split: Split,
    baseline_best: Future[Best],
    *,
    with_meaning: bool,
    sample: bool = True,
    progress: Progress = unheard,
    vectors: Callable[[Sequence[str], int, Progress], meaning.Vectors] = meaning.vectors,
) -> Report:
    """Learns from the older texts and guesses the newer ones."""
    started = elapsed_s()
    trained = train(split.texts, split.labels, progress)
    names = trained.model.labels
    number = {name: nth for nth, name in enumerate(names)}
    truth = np.array([number[label] for label in split.labels], np.intp)
    expected = np.array([number.get(label, -1) for label in split.test_labels], np.intp)
    words = _by_words(split, trained, truth, progress)
    best = words
    if with_meaning and len(names) > 1 and len(words.held_truth):
        both = _by_meaning(split, trained, truth, words, sample, vectors, progress)
        if both is not None:
            best = both
    took = elapsed_s() - started
    progress("Waiting for the baseline", 0, 1)
    plain = baseline_best.result()
    progress("Waiting for the baseline", 1, 1)
    right = best.chances.argmax(axis=1) == expected[best.rows]
    plain_right = np.array([plain[nth][:1] == [split.test_labels[nth]] for nth in best.rows])
    confident = best.chances.max(axis=1)
    threshold, answered = _answered(best)
    words_threshold, words_answered = _answered(words)
    return Report(
        rows=len(split.texts) + len(split.test_texts),
        trained=len(split.texts),
        tested=len(split.test_texts),
        classes=len({*split.labels, *split.test_labels}),
        unseen=int((expected < 0).sum()),
        top1=float(right.mean()),
        top3=_top3(best.chances, expected[best.rows]),
        baseline_top1=float(plain_right.mean()),
        baseline_top3=float(np.mean([split.test_labels[nth] in plain[nth] for nth in best.rows])),
        words_top1=float((words.chances.argmax(axis=1) == expected).mean()),
        words_top3=_top3(words.chances, expected),
        words_answered_at_90=float(words_answered.mean()),
        words_threshold_at_90=words_threshold,
        calibration_error=calibration_error(confident, right),
        answered_at_90=float(answered.mean()),
        precision_at_90=float(right[answered].mean()) if answered.any() else 0.0,
        threshold_at_90=threshold,
        seconds=best.seconds,
        training_seconds=took,
        meaning=best is not words,
        sampled=best.sampled,
        margin=2 * float((right.astype(int) - plain_right.astype(int)).std() / len(right) ** 0.5),
    )


def _answered(guessed: _Guessed) -> tuple[float | None, NDArray[np.bool_]]:
    """From which confidence on nine of ten were right on what was held out, and which test rows
    reach it."""
    threshold = threshold_for(
        guessed.held_chances.max(axis=1),
        guessed.held_chances.argmax(axis=1) == guessed.held_truth,
        PRECISION,
    )
    confident = guessed.chances.max(axis=1)
    never = np.zeros(len(confident), bool)
    return threshold, confident >= threshold if threshold is not None else never


def _top3(chances: Any, expected: Rows) -> float:
    best = np.argsort(-chances, axis=1, kind="stable")[:, :3]
    return float((best == expected[:, np.newaxis]).any(axis=1).mean())


def _by_words(split: Split, trained: Trained, truth: Rows, progress: Progress) -> _Guessed:
    started = elapsed_s()
    chances = trained.model.chances(_word_logits(split.test_texts, trained, progress))
    took = elapsed_s() - started
    held = trained.held_out
    return _Guessed(
        rows=np.arange(len(split.test_texts)),
        chances=chances,
        held_chances=trained.model.chances(held.logits),
        held_truth=truth[held.rows],
        seconds=1000 * took / len(split.test_texts),
    )


def _word_logits(texts: Sequence[str], trained: Trained, progress: Progress = unheard) -> Any:
    model = trained.model
    return encode(texts, model.vocabulary, progress) @ model.weights + model.bias


def _by_meaning(
    split: Split,
    trained: Trained,
    truth: Rows,
    words: _Guessed,
    sample: bool,
    vectors: Callable[[Sequence[str], int, Progress], meaning.Vectors],
    progress: Progress,
) -> _Guessed | None:
    """Words and meaning together; None where meaning does not help on what was held out."""
    newest, tested, characters = _room(split, sample, vectors)
    told = vectors([split.texts[nth] for nth in newest], characters, progress)
    labels = len(trained.model.labels)
    held_out = trained.held_out
    place = {int(row): nth for nth, row in enumerate(held_out.rows)}
    spoken, held_rows = [], []
    for learned, held in _turns(len(newest), len(held_out.rows)):
        if len(np.unique(truth[newest[learned]])) < 2:
            return None
        opinion = meaning.learn(told[learned], truth[newest[learned]], labels)
        spoken.append(opinion.logits(told[held]))
        held_rows.append(newest[held])
    if not spoken:
        return None
    held = np.concatenate(held_rows)
    logits = [held_out.logits[[place[int(row)] for row in held]], np.concatenate(spoken)]
    weights = fit_weights(logits, truth[held])
    mixed = softmax(weights[0] * logits[0] + weights[1] * logits[1])
    is_sample = len(newest) < len(split.texts) or len(tested) < len(split.test_texts)
    alone = trained.model.chances(logits[0])
    if not _is_better(mixed, alone, truth[held], is_sample=is_sample):
        return None
    curve = fit_curve(mixed, truth[held])
    opinion = meaning.learn(told, truth[newest], labels)
    started = elapsed_s()
    test_texts = [split.test_texts[nth] for nth in tested]
    said = opinion.logits(vectors(test_texts, characters, progress))
    sums = weights[0] * _word_logits(test_texts, trained) + weights[1] * said
    took = elapsed_s() - started
    return _Guessed(
        rows=tested,
        chances=_bent(sums, curve, trained),
        held_chances=_bent(weights[0] * logits[0] + weights[1] * logits[1], curve, trained),
        held_truth=truth[held],
        seconds=1000 * took / len(tested),
        sampled=Sampled(len(newest), len(tested), characters) if is_sample else None,
    )


def _is_better(mixed: Any, alone: Any, truth: Rows, *, is_sample: bool) -> bool:
    """Whether meaning helps; clearly so where only some rows could be tested with it."""
    gain = (mixed.argmax(axis=1) == truth).astype(int) - (alone.argmax(axis=1) == truth)
    least = float(gain.std() / len(gain) ** 0.5) if is_sample else 0.0
    return log_loss(mixed, truth) < log_loss(alone, truth) and float(gain.mean()) >= least


def _bent(sums: Any, curve: Curve, trained: Trained) -> Any:
    return np.minimum(curve.bend(softmax(sums)), trained.model.ceiling)


def _turns(newest: int, held: int) -> list[tuple[Rows, Rows]]:
    """What to learn meaning from and what to hold out; the words have held that out as well."""
    if newest < IN_TURNS_BELOW and held >= newest:
        return list(turns_of(newest))
    kept = newest - min(held, int(newest * HELD_OUT))
    return [(np.arange(kept), np.arange(kept, newest))]


def _room(
    split: Split,
    sample: bool,
    vectors: Callable[[Sequence[str], int, Progress], meaning.Vectors],
) -> tuple[Rows, Rows, int]:
    """Which texts are read for meaning, and how much of each, so that it ends in time."""
    newest, tested = np.arange(len(split.texts)), np.arange(len(split.test_texts))
    if not sample:
        return newest, tested, meaning.MOST_CHARACTERS[0]
    newest = newest[-MOST_FOR_MEANING:]
    count = min(len(tested), MOST_TESTED_FOR_MEANING)
    tested = tested[np.linspace(0, len(tested) - 1, count).astype(np.intp)]
    tried = newest[:: max(1, len(newest) // meaning.TRIED)][: meaning.TRIED]
    share = 1.0
    for characters in meaning.MOST_CHARACTERS:
        started = elapsed_s()
        vectors([split.texts[nth] for nth in tried], characters, unheard)
        needed_s = (elapsed_s() - started) / len(tried) * (len(newest) + len(tested))
        share = MEANING_S / max(needed_s, 1e-9)
        if share >= 1:
            return newest, tested, characters
    kept = max(int(len(newest) * share), min(len(newest), IN_TURNS_BELOW))
    asked = max(int(len(tested) * share), 1)
    return (
        newest[-kept:],
        tested[np.linspace(0, len(tested) - 1, asked).astype(np.intp)],
        characters,
    )
