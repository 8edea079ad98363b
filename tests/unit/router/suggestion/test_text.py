from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from services.router.suggestion.text import MOST_CHARACTERS, plain, terms, words


def test_width_case_and_white_space_make_no_difference() -> None:
    assert plain("ＶＰＮ\u3000 ｴﾗｰ\n\n809") == "vpn エラー 809"


def test_a_huge_text_is_cut() -> None:
    assert len(plain("word " * 1_000_000)) == MOST_CHARACTERS
    assert len(plain("\ufdfa" * 10_000)) <= MOST_CHARACTERS


def test_japanese_words_are_normalised_and_punctuation_is_none() -> None:
    assert words(plain("プリンタが、動かない。")) == words(plain("プリンターが動かない"))


def test_words_come_with_pairs_and_pieces() -> None:
    found, pieces = terms("No paper")

    assert found == ["no", "paper", "no paper"]
    assert " pap" in pieces
    assert "aper " in pieces


def test_only_the_beginning_is_cut_in_pieces() -> None:
    _, pieces = terms("abc " * 500, most_pieces=8)

    assert pieces == [*terms("abc")[1], *terms("abc")[1]]


def test_nothing_has_no_terms() -> None:
    assert terms(" \n ") == ([], [])


def test_two_threads_read_japanese_at_the_same_time() -> None:
    with ThreadPoolExecutor(2) as threads:
        read = list(threads.map(words, ["紙が詰まりました"] * 200))

    assert read == [words("紙が詰まりました")] * 200
