"""Japanese and English are equal: whatever is said in one is said in the other."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "shared" / "locale" / "ja.po"
ROOMS = ("services", "shared", "deploy")
METHODS = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
]
KEYWORDS = {"_": None, "many": (1, 2)}

SAME_IN_BOTH = frozenset({"Banso", "伴走", "English", "日本語"})
"""Names, which are not translated."""

UNSHOWN = re.compile(r"<(style|script)\b.*?</\1>|<!--.*?-->", re.DOTALL)

Text = str | tuple[str, ...]


class Call(NamedTuple):
    """Where a text is asked for, and which values are put into it."""

    place: str
    text: str | None
    values: frozenset[str]


@cache
def extracted() -> frozenset[Text]:
    """Every text in code and templates."""
    return frozenset(
        text
        for room in ROOMS
        for _, _, text, _, _ in extract_from_dir(
            ROOT / room, method_map=METHODS, keywords=KEYWORDS, options_map={}
        )
    )


@cache
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="ja")


def messages() -> list[Message]:
    return [message for message in catalogue() if message.id]


each_message = pytest.mark.parametrize("message", messages(), ids=lambda one: str(one.id)[:60])


def test_every_text_has_a_japanese_translation() -> None:
    assert extracted() - {_key(message) for message in messages()} == set()


def test_no_translation_is_left_over() -> None:
    assert {_key(message) for message in messages()} - extracted() == set()
    assert not catalogue().obsolete


def test_nothing_is_translated_twice() -> None:
    """Two branches that need the same words may both bring them; the file is read without a word
    about it."""
    times = Counter(re.findall(r'^msgid (".+")$', CATALOGUE.read_text("utf-8"), re.MULTILINE))

    assert [text for text, several in times.items() if several > 1] == []


@each_message
def test_a_translation_is_finished(message: Message) -> None:
    assert not message.fuzzy
    assert all(_strings(message))


@each_message
def test_a_translation_has_the_same_values_in_it(message: Message) -> None:
    for translation in _strings(message):
        assert _values(translation) == _values(_english(message))


@each_message
def test_a_translation_is_japanese(message: Message) -> None:
    assert all(re.search("[ぁ-ヿ一-鿿]", translation) for translation in _strings(message))


def test_only_whole_texts_are_translated_so_that_each_can_be_found() -> None:
    assert [call.place for call in _calls() if call.text is None] == []


def test_each_text_is_given_the_values_that_it_names() -> None:
    """A text without any values is filled in later, by whoever asked for it."""
    wrong = [
        (call.place, call.text)
        for call in _calls()
        if call.values and call.text is not None and _values(call.text) != call.values
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "template",
    sorted((ROOT / "services").glob("**/templates/*")),
    ids=lambda path: f"{path.parents[1].name}/{path.name}",
)
def test_a_template_has_no_words_of_its_own(template: Path) -> None:
    text = UNSHOWN.sub("", template.read_text())
    parsed = Environment(autoescape=True).parse(text)
    written = "".join(one.data for one in parsed.find_all(nodes.TemplateData))
    shown = re.findall(r'(?:title|placeholder|alt|aria-label)="([^"]*)"', written)
    shown.append(re.sub(r'[\w-]+="[^"]*"|<[^<>]*>|&\w+;', " ", written))

    words = re.findall("[A-Za-zぁ-ヿ一-鿿]{2,}", " ".join(shown))

    assert [word for word in words if word not in SAME_IN_BOTH] == []


def _key(message: Message) -> Text:
    return tuple(message.id) if isinstance(message.id, list | tuple) else str(message.id)


def _english(message: Message) -> str:
    """The text with the most values: a singular may leave the number out."""
    return message.id[-1] if message.pluralizable else str(message.id)


def _strings(message: Message) -> list[str]:
    return [*message.string] if isinstance(message.string, tuple) else [str(message.string)]


def _values(text: str) -> frozenset[str]:
    assert not re.search(r"%(?!\(\w+\)s|%)", text), f"a value without a name in {text!r}"
    return frozenset(re.findall(r"%\((\w+)\)s", text))


def _calls() -> Iterator[Call]:
    """Every `_(...)` in code and templates."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            yield from _calls_in_code(file)
    for file in sorted((ROOT / "services").glob("**/templates/*")):
        yield from _calls_in_template(file)


def _calls_in_code(file: Path) -> Iterator[Call]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name("_") | ast.Attribute(attr="_"), args=[said, *_]):
                text = said.value if isinstance(said, ast.Constant) else None
                values = frozenset(str(one.arg) for one in node.keywords)
                place = f"{file.relative_to(ROOT)}:{node.lineno}"
                yield Call(place, text if isinstance(text, str) else None, values)


def _calls_in_template(file: Path) -> Iterator[Call]:
    for call in Environment(autoescape=True).parse(file.read_text()).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            [text] = call.args
            values = frozenset(one.key for one in call.kwargs)
            place = f"{file.relative_to(ROOT)}:{call.lineno}"
            yield Call(place, text.value if isinstance(text, nodes.Const) else None, values)
