"""What of a text tells where it belongs: its words and the pieces of them, Japanese or not."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise
from threading import get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sudachipy import Dictionary, Tokenizer

MOST_CHARACTERS = 2_000
"""Of each text; what is wrong stands at its beginning."""
MOST_PIECES = 300
"""Characters of a text that are cut in pieces, beside its words."""

_JAPANESE = re.compile("[\u3041-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"\s+")
_NO_WORDS = ("補助記号", "空白")
"""Parts of speech that are punctuation and space."""


def plain(text: str) -> str:
    """Width, case and white space make no difference; at most MOST_CHARACTERS."""
    # what is cut before and after, since one character may become eighteen
    told = unicodedata.normalize("NFKC", text[: 2 * MOST_CHARACTERS]).casefold()
    return _SPACE.sub(" ", told).strip()[:MOST_CHARACTERS]


def is_japanese(text: str) -> bool:
    return _JAPANESE.search(text) is not None


def words(told: str) -> list[str]:
    """The words of a plain text: Japanese ones as sudachi's dictionary normalises them."""
    if not is_japanese(told):
        return _WORD.findall(told)
    return [
        word.normalized_form()
        for word in _tokenizer(get_ident()).tokenize(told)
        if word.part_of_speech()[0] not in _NO_WORDS
    ]


def terms(text: str, most_pieces: int = MOST_PIECES) -> tuple[list[str], list[str]]:
    """Words with pairs of them, and pieces of words, each as often as it is there."""
    told = plain(text)
    found = words(told)
    pairs = [f"{one} {next_one}" for one, next_one in pairwise(found)]
    start = told[:most_pieces]
    if is_japanese(told):
        run = start.replace(" ", "")
        pieces = [run[at : at + size] for size in (1, 2, 3, 4) for at in range(len(run) - size + 1)]
    else:
        pieces = [piece for word in _WORD.findall(start) for piece in _pieces(word)]
    return found + pairs, pieces


@lru_cache(maxsize=100_000)
def _pieces(word: str) -> tuple[str, ...]:
    """Two to five letters in a row, with the word's beginning and end."""
    run = f" {word} "
    return tuple(run[at : at + size] for size in (2, 3, 4, 5) for at in range(len(run) - size + 1))


@cache
def _tokenizer(_thread: int) -> Tokenizer:
    """One for each thread, since none may be used by two at a time."""
    from sudachipy import SplitMode

    return dictionary().tokenizer(SplitMode.A)


@cache
def dictionary() -> Dictionary:
    """It takes a moment to open, so whoever may not wait has it opened before."""
    from sudachipy import Dictionary

    return Dictionary(dict="core")
