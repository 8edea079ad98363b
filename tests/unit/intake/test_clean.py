"""What strangers send, made safe to keep and to show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake import clean

ANYTHING = st.text(st.characters(), max_size=60)
"""Half characters (lone surrogates) included."""


def test_lines_and_tabs_stay() -> None:
    assert clean.several_lines("one\n\ttwo\n\nthree") == "one\n\ttwo\n\nthree"


def test_every_end_of_line_becomes_the_same() -> None:
    assert clean.several_lines("one\r\ntwo\rthree\nfour") == "one\ntwo\nthree\nfour"


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_the_end_of_a_page_or_paragraph_ends_a_line(end: str) -> None:
    assert clean.several_lines(f"one{end}two") == "one\ntwo"
    assert clean.one_line(f"one{end}two", 100) == "one two"


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\ufeff"])
def test_control_characters_go(control: str) -> None:
    assert clean.several_lines(f"a{control}b") == "ab"


@pytest.mark.parametrize("bidi", ["\u202e", "\u202a", "\u2066", "\u2069"])
def test_nothing_makes_text_read_in_another_order_than_it_is_written(bidi: str) -> None:
    assert clean.several_lines(f"photo_{bidi}gpj.exe") == "photo_gpj.exe"


def test_half_a_character_becomes_a_question_mark() -> None:
    assert clean.several_lines("a\ud83db") == "a?b"


@pytest.mark.parametrize("text", ["日本語 ①㈱髙Ⅳ ｶﾅ", "😀 👩‍👩‍👧", "naïve café", "שלום مرحبا"])
def test_what_people_say_is_not_changed(text: str) -> None:
    assert clean.several_lines(text) == text
    assert clean.one_line(text, 100) == text


@given(ANYTHING)
def test_any_text_can_be_stored_and_cleaning_twice_changes_nothing(text: str) -> None:
    cleaned = clean.several_lines(text)

    cleaned.encode("utf-8")
    assert clean.several_lines(cleaned) == cleaned


def test_one_line_has_no_breaks_and_no_runs_of_spaces() -> None:
    assert clean.one_line("  one\r\n two\t\tthree　four ", 100) == "one two three four"


def test_a_line_that_is_too_long_ends_with_an_ellipsis() -> None:
    assert clean.one_line("abcdefgh", 5) == "abcd…"
    assert clean.one_line("abc defgh", 5) == "abc…"
    assert clean.one_line("abcde", 5) == "abcde"


@given(ANYTHING, st.integers(1, 30))
def test_a_line_is_never_longer_than_asked(text: str, longest: int) -> None:
    line = clean.one_line(text, longest)

    assert len(line) <= longest
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("emi@example.com", "emi@example.com"),
        ("  emi@example.com\n", "emi@example.com"),
        ("Emi.Ito@Example.COM", "Emi.Ito@example.com"),
        ("ｅｍｉ＠example.com", "emi@example.com"),
        ("emi+tag=1@example.co.jp", "emi+tag=1@example.co.jp"),
        ("鈴木@例え.jp", "鈴木@例え.jp"),
    ],
)
def test_an_address_is_kept_with_its_domain_in_small_letters(text: str, address: str) -> None:
    assert clean.address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "emi",
        "emi@",
        "@example.com",
        "emi@exa mple.com",
        "emi@one@two.com",
        "emi@example.com, yui@example.com",
        "<emi@example.com>",
        "emi..ito@example.com",
        ".emi@example.com",
        "emi.@example.com",
        "emi@.example.com",
        "emi@example.com\r\nBcc: all@example.com",
        "emi\x00@example.com",
        "emi\ud83d@example.com",
        "e" * 65 + "@example.com",
        "emi@" + "e" * 250,
    ],
)
def test_what_cannot_be_an_address_is_none(text: str) -> None:
    assert clean.address(text) is None


@pytest.mark.parametrize("local", ["emi..ito", "emi.", ".emi", "emi.-_."])
def test_an_address_of_an_old_phone_can_be_answered(local: str) -> None:
    assert clean.written_address(f"{local}@phone.example.JP") == f"{local}@phone.example.jp"
    assert clean.written_address(f"{local}@phone..example.jp") is None


@given(ANYTHING)
def test_an_address_never_carries_a_second_header(text: str) -> None:
    found = clean.address(f"{text}@example.com")

    assert found is None or (found.isprintable() and " " not in found and found.count("@") == 1)
