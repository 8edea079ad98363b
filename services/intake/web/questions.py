"""The company's own questions on the form: which are asked, and whether an answer will do. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from services.intake import clean
from services.intake.submission import is_plausible
from shared.contracts.organisation import FormField, Organisation
from shared.language import Words

LONGEST_LINE = 200
LONGEST_TEXT = 2_000
LONGEST_ANSWERS = 10_000
"""Characters of all answers together, so that an event can carry them."""
PREFIX = "field-"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, for which products and categories it is asked, and whether it is asked now."""

    field: FormField
    products: tuple[str, ...]
    categories: tuple[str, ...]
    asked: bool

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.field.id}"


def questions(organisation: Organisation, product: str, category: str) -> list[Question]:
    """All of the company's questions that any product or category asks, in the file's order."""
    found = []
    for field in organisation.fields:
        products = _asking(organisation.products, field.id)
        categories = _asking(organisation.categories, field.id)
        if products or categories:
            asked = product in products or category in categories
            found.append(Question(field, products, categories, asked))
    return found


def _asking(parts: Iterable[object], field_id: str) -> tuple[str, ...]:
    return tuple(part.id for part in parts if field_id in part.fields)  # type: ignore[attr-defined]


def answers(asked: Iterable[Question], given: Mapping[str, str]) -> dict[str, str]:
    """What was answered to the questions that were asked, by the fields' ids."""
    said = {one.field.id: _clean(one.field, given.get(one.name, "")) for one in asked if one.asked}
    return {field_id: answer for field_id, answer in said.items() if answer}


def mistakes(asked: Iterable[Question], given: Mapping[str, str], _: Words) -> dict[str, str]:
    """By the inputs' names, what is wrong with an answer and what to do."""
    found: dict[str, str] = {}
    together = 0
    for one in asked:
        if not one.asked:
            continue
        answer = _clean(one.field, given.get(one.name, ""))
        together += len(answer)
        wrong = _mistake(one.field, answer, _)
        if not wrong and together > LONGEST_ANSWERS:
            wrong = _("All answers together are too long. Please shorten this one.")
        if wrong:
            found[one.name] = wrong
    return found


def _clean(field: FormField, said: str) -> str:
    match field.kind:
        case "text":
            return clean.several_lines(said)
        case "number":
            return unicodedata.normalize("NFKC", clean.one_line(said, 10_000)).replace(",", "")
        case _:
            return clean.one_line(said, 10_000)


def _mistake(field: FormField, answer: str, _: Words) -> str:
    label = field.label.in_(_.language)
    if not answer:
        return _("Please fill in: %(label)s", label=label) if field.required else ""
    match field.kind:
        case "choice" if answer not in {choice.id for choice in field.choices}:
            return _("Please choose one of the answers.")
        case "number" if not _is_number(answer):
            return _("Please write a number, such as 12 or 3.5.")
        case "date" if not _is_day(answer):
            return _("Please write the day as 2026-12-24.")
    longest = LONGEST_TEXT if field.kind == "text" else LONGEST_LINE
    if len(answer) > longest:
        return _("This is longer than %(most)s characters. Please shorten it.", most=longest)
    return ""


def _is_number(answer: str) -> bool:
    try:
        return Decimal(answer).is_finite()
    except InvalidOperation:
        return False


def _is_day(answer: str) -> bool:
    try:
        return is_plausible(date.fromisoformat(answer))
    except ValueError:
        return False
