from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.router.suggestion.beginner import NEVER_SURER, by_likeness
from services.router.suggestion.blend import (
    calibration_error,
    fit_curve,
    fit_weights,
    threshold_for,
)
from services.router.suggestion.model import Curve, Model, ModelUnusable, softmax
from services.router.suggestion.training import ceiling, train, turns_of
from tests.unit.router.suggestion.tickets import ENGLISH, JAPANESE, tickets


@pytest.mark.parametrize("kinds", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_what_was_learned_places_what_is_alike(kinds: dict[str, tuple[str, ...]]) -> None:
    known = tickets(200, kinds)
    model = train([text for text, _ in known], [label for _, label in known]).model

    for label, sayings in kinds.items():
        assert model.likely(f"{sayings[0]} !!")[0].label == label
        assert model.likely(sayings[0])[0].probability > 0.9


def test_the_same_lessons_make_the_same_model() -> None:
    texts, labels = zip(*tickets(60), strict=True)

    first, second = train(texts, labels).model, train(texts, labels).model

    assert np.array_equal(first.weights, second.weights)
    assert first.likely("toner") == second.likely("toner")


@pytest.mark.parametrize("count", [1, 2, 7, 8, 30, 800])
def test_any_number_of_lessons_makes_a_model(count: int) -> None:
    texts, labels = zip(*tickets(count), strict=True)

    likely = train(texts, labels).model.likely("toner is empty")

    assert sum(one.probability for one in likely) <= 1.0001
    assert all(0 <= one.probability <= ceiling(count) + 1e-6 for one in likely)


def test_a_single_label_is_never_quite_sure() -> None:
    [only] = train(["one", "two"], ["a", "a"]).model.likely("three")

    assert only == ("a", 0.75)


def test_a_label_that_came_once_does_no_harm() -> None:
    texts, labels = zip(*tickets(100), strict=True)
    model = train([*texts, "the roof leaks"], [*labels, "building"]).model

    assert model.likely("the roof leaks")[0].label == "building"
    assert model.likely("toner is empty")[0].label == "printing"


def test_texts_without_a_word_are_no_mistake() -> None:
    model = train(["", "!!", "tax code"], ["a", "b", "b"]).model

    assert {one.label for one in model.likely("")} == {"a", "b"}


def test_a_model_is_the_same_after_a_restart(tmp_path: Path) -> None:
    texts, labels = zip(*tickets(60), strict=True)
    model = train(texts, labels, learned_until="2026-06-01T00:00:00+00:00").model
    file = tmp_path / "suggestion.npz"

    model.save(file)
    loaded = Model.load(file)

    before, after = model.likely("toner"), loaded.likely("toner")
    assert [one.label for one in after] == [one.label for one in before]
    assert after[0].probability == pytest.approx(before[0].probability, abs=0.01)
    assert loaded.learned_until == model.learned_until
    assert [one.name for one in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_broken_file_is_no_model(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "suggestion.npz"
    file.write_bytes(content)

    with pytest.raises(ModelUnusable):
        Model.load(file)


def test_a_file_that_was_cut_is_no_model(tmp_path: Path) -> None:
    texts, labels = zip(*tickets(60), strict=True)
    file = tmp_path / "suggestion.npz"
    train(texts, labels).model.save(file)
    file.write_bytes(file.read_bytes()[:-2_000])

    with pytest.raises(ModelUnusable):
        Model.load(file)


def test_lines_alone_point_somewhere_and_are_never_sure() -> None:
    model = by_likeness({"shipping": "Sends out the goods", "manuals": "Writes the manuals"})

    likely = model.likely("goods")

    assert likely[0].label == "shipping"
    assert likely[1].probability < likely[0].probability <= NEVER_SURER
    assert model.likely("xyz")[0].probability == pytest.approx(0.5)


def test_nothing_is_held_out_of_what_was_learned() -> None:
    for count in (8, 100, 749, 750, 60_000):
        for learned, held in turns_of(count):
            assert not set(learned) & set(held)
    [(learned, held)] = turns_of(1_000)
    assert learned.max() < held.min()


def test_probabilities_are_softened_to_what_was_right() -> None:
    draw = np.random.default_rng(1)
    logits = draw.normal(size=(4_000, 4))
    truth = np.array([draw.choice(4, p=row) for row in softmax(logits)])

    [weight] = fit_weights([logits * 10], truth)

    assert weight == pytest.approx(0.1, rel=0.15)


def test_a_curve_mends_what_is_too_sure_and_leaves_the_order() -> None:
    draw = np.random.default_rng(2)
    chances = softmax(draw.normal(size=(4_000, 5)) * 4)
    right = draw.random(4_000) < 0.3 + 0.5 * chances.max(axis=1)
    truth = np.where(right, chances.argmax(axis=1), (chances.argmax(axis=1) + 1) % 5)

    bent = fit_curve(chances, truth).bend(chances)

    assert calibration_error(bent.max(axis=1), right) < 0.03
    assert calibration_error(chances.max(axis=1), right) > 0.1
    assert np.array_equal(bent.argmax(axis=1), chances.argmax(axis=1))
    assert np.all(bent.sum(axis=1) <= 1.0001)


def test_nothing_is_surer_than_wrong_labels_allow() -> None:
    draw = np.random.default_rng(4)
    chances = softmax(draw.normal(size=(5_000, 5)) * 6)
    right = draw.random(5_000) < np.minimum(chances.max(axis=1), 0.85)
    truth = np.where(right, chances.argmax(axis=1), (chances.argmax(axis=1) + 1) % 5)

    bent = fit_curve(chances, truth).bend(chances)

    assert bent.max() < 0.9
    assert calibration_error(bent.max(axis=1), right) < 0.02
    order = np.argsort(chances.max(axis=1))
    assert np.all(np.diff(bent.max(axis=1)[order]) >= 0)
    assert len(np.unique(bent.max(axis=1))) > 4_000
    assert np.array_equal(bent.argmax(axis=1), chances.argmax(axis=1))


def test_a_curve_is_straight_where_nothing_was_held_out() -> None:
    assert fit_curve(np.zeros((0, 3)), np.zeros(0, np.intp)) == Curve()


def test_a_threshold_answers_as_many_as_it_may() -> None:
    confidences = np.array([0.9, 0.8, 0.8, 0.7, 0.6])
    right = np.array([True, True, True, False, True])

    assert threshold_for(confidences, right, 0.9, least=2) == 0.8
    assert threshold_for(confidences, right, 0.8, least=2) == 0.6
    assert threshold_for(confidences, ~right, 0.9, least=2) is None
    assert threshold_for(confidences[:0], right[:0], 0.9) is None


def test_no_rows_have_no_error() -> None:
    assert calibration_error(np.zeros(0), np.zeros(0, bool)) == 0
