"""The company's own questions: when they are asked, and which answers will do."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.web.questions import answers, mistakes, questions
from shared.contracts.organisation import Category, Choice, FormField, Organisation, Product, Text
from shared.language import words
from tests.unit import build

NAME = Text(ja="名前", en="Name")


def field(name: str, **said: Any) -> FormField:
    return FormField(id=name, label=NAME, **said)


def company(*fields: FormField) -> Organisation:
    """Product `meter` asks the first of the fields, category `late` the others."""
    return build.organisation().model_copy(
        update={
            "fields": fields,
            "products": (
                Product(id="meter", name=NAME, fields=(fields[0].id,)),
                Product(id="pump", name=NAME),
            ),
            "categories": (Category(id="late", name=NAME, fields=tuple(f.id for f in fields[1:])),),
        }
    )


def said_about(one: FormField, answer: str) -> dict[str, str]:
    asked = questions(company(one), "meter", "")
    return mistakes(asked, {f"field-{one.id}": answer}, words("en"))


def test_a_question_is_asked_where_product_or_category_asks_it() -> None:
    ours = company(field("serial"), field("day"), field("nobody-asks"))

    def asked(product: str, category: str) -> list[str]:
        return [one.field.id for one in questions(ours, product, category) if one.asked]

    assert asked("", "") == asked("pump", "unknown") == []
    assert asked("meter", "") == ["serial"]
    assert asked("pump", "late") == ["day", "nobody-asks"]
    assert asked("meter", "late") == ["serial", "day", "nobody-asks"]


def test_only_what_was_asked_and_answered_is_kept() -> None:
    asked = questions(company(field("serial"), field("day")), "meter", "")

    said = answers(asked, {"field-serial": " AN-1\x00\n2 ", "field-day": "2031-02-03"})

    assert said == {"serial": "AN-1 2"}
    assert answers(asked, {"field-serial": " \u3000 "}) == {}


def test_a_required_question_is_missed_only_where_it_is_asked() -> None:
    ours = company(field("serial", required=True), field("day", required=True))

    assert mistakes(questions(ours, "", ""), {}, words("en")) == {}
    found = mistakes(questions(ours, "meter", ""), {}, words("en"))
    assert found == {"field-serial": "Please fill in: Name"}


@pytest.mark.parametrize("answer", ["12", "-3.5", "１２", "1,200", "1e3"])
def test_a_number_is_understood_however_it_is_typed(answer: str) -> None:
    assert said_about(field("n", kind="number"), answer) == {}


@pytest.mark.parametrize("answer", ["twelve", "1.2.3", "NaN", "inf", "--1"])
def test_what_is_no_number_is_said(answer: str) -> None:
    assert "number" in said_about(field("n", kind="number"), answer)["field-n"]


@pytest.mark.parametrize(
    ("answer", "good"),
    [("2031-02-03", True), ("2031-02-30", False), ("soon", False), ("0001-01-01", False)],
)
def test_a_day_is_a_day_that_somebody_can_mean(answer: str, *, good: bool) -> None:
    assert bool(said_about(field("d", kind="date"), answer)) is not good


def test_only_one_of_the_choices_is_an_answer() -> None:
    one = field("c", kind="choice", choices=(Choice(id="red", name=NAME),))

    assert said_about(one, "red") == {}
    assert "choose" in said_about(one, "Name")["field-c"]


def test_an_answer_has_an_end() -> None:
    assert said_about(field("a"), "x" * 200) == {}
    assert "200" in said_about(field("a"), "x" * 201)["field-a"]
    assert said_about(field("a", kind="text"), "x\n" * 900) == {}
    assert "2000" in said_about(field("a", kind="text"), "x" * 2001)["field-a"]


def test_all_answers_together_fit_into_an_event() -> None:
    fields = [field(f"f{nth}", kind="text") for nth in range(7)]
    asked = questions(company(*fields), "meter", "late")

    found = mistakes(asked, {one.name: "x" * 1_900 for one in asked}, words("en"))

    assert list(found) == ["field-f5", "field-f6"]
