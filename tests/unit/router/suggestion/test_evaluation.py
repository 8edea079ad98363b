from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from random import Random

import numpy as np
import pytest

from services.router.suggestion import meaning
from services.router.suggestion.evaluation import Best, Report, Split, baseline, evaluate
from services.router.suggestion.survey import Progress, unheard
from tests.unit.router.suggestion.tickets import tickets

Vectors = Callable[[Sequence[str], int, Progress], meaning.Vectors]


def split_of(count: int) -> Split:
    texts, labels = zip(*tickets(count), strict=True)
    kept = count * 4 // 5
    return Split(texts[:kept], labels[:kept], texts[kept:], labels[kept:])


def evaluated(
    split: Split,
    *,
    with_meaning: bool = False,
    sample: bool = True,
    vectors: Vectors | None = None,
) -> Report:
    plain: Future[Best] = Future()
    plain.set_result(baseline(split))
    return evaluate(
        split, plain, with_meaning=with_meaning, sample=sample, vectors=vectors or by_letters
    )


def by_letters(
    texts: Sequence[str], most_characters: int, _progress: Progress = unheard
) -> meaning.Vectors:
    """Stands in for what a text means: how often each letter is in it."""
    table = np.zeros((len(texts), 26), np.float32)
    for row, text in zip(table, texts, strict=True):
        for letter in text[:most_characters].lower():
            if "a" <= letter <= "z":
                row[ord(letter) - ord("a")] += 1
    return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1)


def test_a_report_says_what_was_right() -> None:
    report = evaluated(split_of(300))

    assert (report.rows, report.trained, report.tested, report.classes) == (300, 240, 60, 3)
    assert report.top1 > 0.95
    assert report.top3 == 1
    assert report.baseline_top3 == 1
    assert report.calibration_error < 0.1
    assert report.answered_at_90 > 0.9
    assert report.sampled is None
    assert not report.meaning


def test_chance_is_not_called_better() -> None:
    split = split_of(300)
    shuffled = Split(split.texts, split.labels[::-1], split.test_texts, split.test_labels[::-1])

    report = evaluated(shuffled)

    assert not report.beats_baseline
    assert report.top1 < 0.6
    assert report.answered_at_90 < 0.2


def test_a_label_that_nobody_has_learned_counts_as_wrong() -> None:
    split = split_of(100)
    strange = Split(split.texts, split.labels, split.test_texts, ["new"] * len(split.test_texts))

    report = evaluated(strange)

    assert (report.unseen, report.top1, report.top3) == (len(split.test_texts), 0, 0)


@pytest.mark.parametrize("count", [100, 900])
def test_meaning_is_heard_beside_words(count: int) -> None:
    report = evaluated(split_of(count), with_meaning=True)

    assert report.words_top1 > 0.9
    assert report.top1 > 0.9
    assert report.sampled is None


def test_meaning_that_does_not_help_is_left_out() -> None:
    split, _ = riddles(900)

    report = evaluated(split, with_meaning=True)

    assert report.sampled is None
    assert report.top1 < 0.6


def test_meaning_is_read_of_the_newest_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.router.suggestion.evaluation.MOST_FOR_MEANING", 760)
    monkeypatch.setattr("services.router.suggestion.evaluation.MOST_TESTED_FOR_MEANING", 50)
    split, vectors = riddles(1_200)

    sampled = evaluated(split, with_meaning=True, vectors=vectors)
    everything = evaluated(split, with_meaning=True, vectors=vectors, sample=False)

    assert sampled.sampled is not None
    assert (sampled.sampled.training, sampled.sampled.test) == (760, 50)
    assert sampled.tested == 240
    assert sampled.top1 > 0.95 > 0.6 > sampled.words_top1
    assert everything.sampled is None


def test_meaning_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.router.suggestion.evaluation.MEANING_S", 0.0)
    split, vectors = riddles(1_200)

    sampled = evaluated(split, with_meaning=True, vectors=vectors).sampled

    assert sampled is not None
    assert sampled.training == 750
    assert sampled.test == 1
    assert sampled.characters == meaning.MOST_CHARACTERS[-1]


def test_the_baseline_bears_what_has_no_words() -> None:
    assert baseline(Split(["!", "?"], ["a", "b"], ["!"], ["a"])) == [[]]
    assert baseline(Split(["one", "two"], ["a", "a"], ["one"], ["a"])) == [["a"]]


def riddles(count: int) -> tuple[Split, Vectors]:
    """Texts in whose words nothing is, and somebody who knows all the same what they mean."""
    draw = Random(3)
    labels = [draw.choice("abc") for _ in range(count)]
    texts = [f"{draw.getrandbits(64):x}" for _ in labels]
    known = dict(zip(texts, labels, strict=True))

    def vectors(
        asked: Sequence[str], _most_characters: int, _progress: Progress = unheard
    ) -> meaning.Vectors:
        return np.array([[known[text] == one for one in "abc"] for text in asked], np.float32)

    kept = count * 4 // 5
    return Split(texts[:kept], labels[:kept], texts[kept:], labels[kept:]), vectors
