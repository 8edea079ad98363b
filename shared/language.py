"""Japanese and English, equal everywhere: words, dates, and which of the two somebody reads.

The English words stand in the code and the templates; `locale/ja.po` holds the Japanese ones,
and a test holds both together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import format_datetime, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from shared.contracts.organisation import LANGUAGES, Language

_CATALOGUE = Path(__file__).parent / "locale" / "ja.po"

_SOME_WORDS = 4
_KANA = re.compile("[ぁ-ヿｦ-ﾟ]")
_KANJI = re.compile("[一-鿿々]")
_LATIN = re.compile("[A-Za-zÀ-ɏ]")
_PATTERNS = {"ja": "M月d日(E) HH:mm", "en": "EEE d MMM, HH:mm"}
_PATTERNS_WITH_YEAR = {"ja": "y年M月d日(E) HH:mm", "en": "EEE d MMM y, HH:mm"}


class Words:
    """The words of one language, used as `_("Received on %(day)s", day=...)`."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.translations = _translations(language)

    def __call__(self, text: str, **values: object) -> str:
        words: str = self.translations.gettext(text)
        return words % values if values else words

    def many(self, one: str, several: str, count: int) -> str:
        """`%(count)s` of something."""
        words: str = self.translations.ngettext(one, several, count)
        return words % {"count": count}

    def polite(self, name: str) -> str:
        """A person's name as it stands in a sentence."""
        return f"{name}さん" if self.language == "ja" else name

    def member(self, name: str, team: str) -> str:
        """A person's name with their team, if any, as it stands in a sentence."""
        return self.polite(name) + self.aside(team)

    def quoted(self, *texts: str) -> str:
        """The texts as what somebody said, or what stands on buttons."""
        if self.language == "ja":
            return "".join(f"「{text}」" for text in texts)
        return ", ".join(f"“{text}”" for text in texts)

    def aside(self, text: str) -> str:
        """The text in brackets, or nothing."""
        if not text:
            return ""
        return f"（{text}）" if self.language == "ja" else f" ({text})"

    def listed(self, texts: Iterable[str]) -> str:
        """Several things in a row."""
        return ("、" if self.language == "ja" else ", ").join(texts)

    def weekday(self, number: int) -> str:
        """0 is Monday. Japanese ones are written out: a single 火 or 金 is many other things."""
        names = get_day_names(
            "wide" if self.language == "ja" else "abbreviated", "format", self.language
        )
        return str(names[number])

    def time(self, instant: datetime, zone: str, now: datetime) -> str:
        """A day and time that people read at a glance; with the year where it is another one."""
        minute = instant.replace(second=0, microsecond=0)
        same_year = minute.astimezone(ZoneInfo(zone)).year == now.astimezone(ZoneInfo(zone)).year
        return _time(minute, zone, same_year, self.language)


@lru_cache(maxsize=4096)
def _time(minute: datetime, zone: str, same_year: bool, language: Language) -> str:
    patterns = _PATTERNS if same_year else _PATTERNS_WITH_YEAR
    local = minute.astimezone(ZoneInfo(zone))
    text: str = format_datetime(local, patterns[language], locale=language)
    return text


@cache
def words(language: Language) -> Words:
    """The words of a language, read once."""
    return Words(language)


def choose_language(accept_language: str, default: Language) -> Language:
    """The first of our languages in an `Accept-Language` header."""
    wishes: list[tuple[float, int, str]] = []
    for part in accept_language.split(",")[:20]:
        tag, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag and weight > 0:
            wishes.append((-weight, len(wishes), tag.strip().split("-")[0].lower()))
    preferred = [tag for _, _, tag in sorted(wishes)]
    return _known(negotiate_locale(preferred, LANGUAGES), default)


def known_language(tag: str | None, default: Language) -> Language:
    """`tag` as one of our languages, or the default."""
    return _known((tag or "").replace("_", "-").split("-")[0].lower(), default)


def language_of(text: str) -> Language | None:
    """Japanese where a text has kana or is mostly kanji; English where it has Latin letters."""
    start = text[:5000]
    if _KANA.search(start):
        return "ja"
    kanji, latin = len(_KANJI.findall(start)), len(_LATIN.findall(start))
    if not kanji and not latin:
        return None
    return "ja" if kanji > latin else "en"


def language_written(title: str, text: str) -> Language | None:
    """The language in which somebody has written a text; where it is only a few words, of its title
    too, because an answer's title is often somebody else's."""
    found = language_of(text)
    if found == "ja" or (found and len(text.split()) >= _SOME_WORDS):
        return found
    return language_of(f"{title}\n{text}")


def _known(tag: str | None, default: Language) -> Language:
    if tag == "ja":
        return "ja"
    return "en" if tag == "en" else default


@cache
def _translations(language: Language) -> NullTranslations:
    if language == "en":
        return NullTranslations()
    with _CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale=Locale("ja"))
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
