"""What a dashboard says, in both languages side by side.

They stand here and not in the catalogue: a dashboard is a file for another program, made by
whoever changes Banso, and never shown by Banso itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "ja")


@dataclass(frozen=True, slots=True)
class Words:
    en: str
    ja: str

    def said(self, language: Language) -> str:
        match language:
            case "en":
                return self.en
            case "ja":
                return self.ja
            case _:
                assert_never(language)
