"""Japanese and English, equal everywhere."""

from __future__ import annotations

from datetime import datetime

import pytest

from shared.contracts.organisation import Language
from shared.language import choose_language, known_language, language_of, language_written, words
from tests.unit.build import at


def test_words_come_in_the_language_with_their_values() -> None:
    text = "%(name)s has taken it."

    assert words("en")(text, name="Emi") == "Emi has taken it."
    assert "恵美さん" in words("ja")(text, name="恵美さん")
    assert words("ja")(text, name="恵美さん") != words("en")(text, name="恵美さん")


def test_a_text_without_values_may_hold_a_per_cent_sign() -> None:
    assert words("en")("100% sure") == "100% sure"


def test_several_are_counted() -> None:
    assert words("en").many("once", "%(count)s times", 1) == "once"
    assert words("en").many("once", "%(count)s times", 3) == "3 times"
    assert "3" in words("ja").many("once", "%(count)s times", 3)
    assert "times" not in words("ja").many("once", "%(count)s times", 3)


def test_names_stand_in_a_sentence_as_each_language_has_it() -> None:
    assert words("en").member("Emi", "Sales") == "Emi (Sales)"
    assert words("ja").member("恵美", "営業") == "恵美さん（営業）"
    assert words("en").member("Emi", "") == "Emi"
    assert words("ja").aside("") == ""


NOW = at("2026-06-01 12:00")


@pytest.mark.parametrize(
    ("instant", "english", "japanese"),
    [
        (at("2026-06-05 09:05"), "Fri 5 Jun, 09:05", "6月5日(金) 09:05"),
        (at("2027-01-04 18:00"), "Mon 4 Jan 2027, 18:00", "2027年1月4日(月) 18:00"),
        (at("2026-06-05 00:05", "UTC"), "Fri 5 Jun, 09:05", "6月5日(金) 09:05"),
    ],
)
def test_a_time_is_read_at_a_glance(instant: datetime, english: str, japanese: str) -> None:
    assert words("en").time(instant, "Asia/Tokyo", NOW) == english
    assert words("ja").time(instant, "Asia/Tokyo", NOW) == japanese


def test_the_year_is_that_of_the_readers_zone() -> None:
    """New Year's Eve in London is New Year's Day in Tokyo."""
    instant = at("2026-12-31 20:00", "UTC")

    assert words("en").time(instant, "UTC", NOW) == "Thu 31 Dec, 20:00"
    assert words("en").time(instant, "Asia/Tokyo", NOW) == "Fri 1 Jan 2027, 05:00"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("en-GB,en;q=0.9", "en"),
        ("de,en;q=0.5,ja;q=0.7", "ja"),
        ("en;q=0,ja", "ja"),
        ("en;q=0.1,ja;q=0.10", "en"),
        ("JA", "ja"),
    ],
)
def test_the_first_of_our_languages_that_a_browser_wishes_is_chosen(
    header: str, language: Language
) -> None:
    other: Language = "en" if language == "ja" else "ja"

    assert choose_language(header, other) == language


@pytest.mark.parametrize("header", ["", "*", "de", ";q=1", "ja;q=much", "ja;q=nan", ",,,"])
def test_without_one_of_our_languages_the_default_is_chosen(header: str) -> None:
    assert choose_language(header, "en") == "en"


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ja", "ja"), ("ja_JP", "ja"), ("EN-us", "en"), ("de", "ja"), ("", "ja"), (None, "ja")],
)
def test_a_language_tag_is_one_of_ours_or_the_default(tag: str | None, language: str) -> None:
    assert known_language(tag, "ja") == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("動かない", "ja"),
        ("The ｴﾗｰ appears", "ja"),
        ("至急", "ja"),
        ("電源故障 AQ-1", "ja"),
        ("It does not start", "en"),
        ("Dear 田中, it does not start", "en"),
        ("Är trasig", "en"),
        ("12345 !?", None),
        ("", None),
    ],
)
def test_the_language_of_a_text_is_told_by_its_letters(text: str, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("title", "text", "language"),
    [
        ("Re: プリンタ故障の件", "It works again, thank you.", "en"),
        ("Re: プリンタ故障の件", "OK", "ja"),
        ("Re: The printer is broken", "直りました", "ja"),
        ("プリンタ故障", "", "ja"),
        ("The printer is broken", "12 34 56 78", "en"),
    ],
)
def test_a_texts_own_words_tell_its_language_before_its_title(
    title: str, text: str, language: str | None
) -> None:
    assert language_written(title, text) == language
