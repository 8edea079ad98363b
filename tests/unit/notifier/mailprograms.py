"""What mail programs do not show as a browser does, so that a browser is not all that is asked.

Outlook on Windows draws with Word; Gmail forgets styles that it does not know, and cuts off what is
long; both turn colours over by themselves where somebody has chosen a dark screen. The lists are
what holds in all of Outlook (Word), Outlook on the web, Gmail and Apple Mail, and what may be lost
without harm.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

EVERYWHERE = frozenset(
    {
        "background-color",
        "border",
        "border-color",
        "border-top",
        "color",
        "font-family",
        "font-size",
        "font-weight",
        "line-height",
        "margin",
        "padding",
        "text-decoration",
    }
)
MAY_BE_LOST = frozenset({"border-radius", "display", "max-width", "mso-padding-alt", "word-break"})
"""`display` on links only, `max-width` only with a table of that width for Outlook."""
ELEMENTS = frozenset(
    "html head meta title style body table tr td th p h1 h2 a br".split()  # noqa: SIM905
)
_VOID = frozenset({"meta", "br"})
_PADDED = frozenset({"td", "th", "a", "body"})
_APART = frozenset({"p", "h1", "h2", "body", "table"})
_MSO = re.compile(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", re.DOTALL)
_RULE = re.compile(r"\.([\w-]+) \{([^}]*)\}")


@dataclass
class _Shape(HTMLParser):
    """Reads a mail and gathers what is wrong with it."""

    wrong: list[str] = field(default_factory=list)
    open: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.wrong += [f"<{tag}>: {one}" for one in self._faults(tag, attributes)]
        if tag not in _VOID:
            self.open.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop()[0] != tag:
            self.wrong.append(f"</{tag}> ends what was not begun last")

    def _faults(self, tag: str, attributes: dict[str, str]) -> Iterator[str]:
        style = properties(attributes.get("style", ""))
        if tag not in ELEMENTS:
            yield "is not shown everywhere"
        if unknown := set(style) - EVERYWHERE - MAY_BE_LOST:
            yield f"has {sorted(unknown)}"
        if "display" in style and tag != "a":
            yield "has display, which Word does not know"
        if "padding" in style and tag not in _PADDED:
            yield "has padding, which Word does not know there"
        if "margin" in style and tag not in _APART:
            yield "has margin, which Word does not know there"
        if tag == "a" and "padding" in style and "mso-padding-alt" not in self._parent():
            yield "has padding that Word takes from the cell around it only"
        paper = style.get("background-color") if tag != "body" else None
        if paper is not None and attributes.get("bgcolor") != paper:
            yield "has a background that stands in no attribute"
        if tag == "table" and not ({"border", "cellpadding", "cellspacing"} <= attributes.keys()):
            yield "leaves the space between its cells to the program"
        if any("url(" in value for value in attributes.values()) or "src" in attributes:
            yield "brings something from elsewhere"

    def _parent(self) -> str:
        return self.open[-1][1].get("style", "") if self.open else ""


def properties(style: str) -> dict[str, str]:
    pairs = (one.partition(":") for one in style.split(";") if one.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def wrong_with(html: str) -> list[str]:
    """What some mail program would not show as it is meant."""
    found = []
    for view in (_MSO.sub("", html), _MSO.sub(_for_word, html)):
        shape = _Shape()
        shape.feed(view)
        found += shape.wrong
        if shape.open:
            found.append(f"{[tag for tag, _ in shape.open]} are never ended")
    plain = _MSO.sub("", html)
    for sheet in re.findall(r"<style>(.*?)</style>", plain, re.DOTALL):
        query, _, rules = sheet.strip().partition("{")
        if query.strip() != "@media (prefers-color-scheme: dark)":
            found.append(f"a style sheet for {query.strip()!r}")
        for _, style in _RULE.findall(rules):
            if unknown := set(properties(style)) - {"color", "background-color", "border-color"}:
                found.append(f"a style sheet that moves things: {sorted(unknown)}")
    for width in re.findall(r"max-width:(\d+)px", html):
        if not any(f'width="{width}"' in for_word for for_word in _MSO.findall(html)):
            found.append(f"nothing holds Word to {width} pixels")
    return found


def _for_word(found: re.Match[str]) -> str:
    """What Word reads, without what tells it how to draw."""
    return re.sub(r"<(xml|style)>.*?</\1>", "", found[1], flags=re.DOTALL)


# -- colours ---------------------------------------------------------------------------------------

Colours = Callable[[str, str], tuple[str, str]]
"""What a program makes of the colours of text and of what is behind it."""


@dataclass
class _Painted(HTMLParser):
    """Each text of a mail with its colour, and the colour behind it."""

    classes: dict[str, dict[str, str]]
    open: list[tuple[str, str, str]] = field(default_factory=lambda: [("", "#000000", "#ffffff")])
    texts: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        style = properties(attributes.get("style", ""))
        for name in attributes.get("class", "").split():
            style |= self.classes.get(name, {})
        _, ink, paper = self.open[-1]
        if tag not in _VOID:
            ink, paper = style.get("color", ink), style.get("background-color", paper)
            self.open.append((tag, ink, paper))

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1][0] not in ("style", "title"):
            self.texts.append((data.strip(), *self.open[-1][1:]))


def as_chosen(ink: str, paper: str) -> tuple[str, str]:
    return ink, paper


def turned_over(ink: str, paper: str) -> tuple[str, str]:
    """As Gmail on iPhones and Outlook on Windows do: everything."""
    return _turned(ink), _turned(paper)


def turned_where_light(ink: str, paper: str) -> tuple[str, str]:
    """As Gmail on Android and Outlook on the web do: light papers and dark inks."""
    return (
        _turned(ink) if _lightness(ink) < 0.5 else ink,
        _turned(paper) if _lightness(paper) > 0.5 else paper,
    )


def illegible(html: str, colours: Colours, *, dark: bool = False) -> list[str]:
    """Texts that stand out from their paper by less than 4.5 to 1 (WCAG 2, AA)."""
    plain = _MSO.sub("", html)
    rules = _RULE.findall(plain) if dark else []
    painted = _Painted(
        {name: _important(properties(style)) for name, style in rules},
    )
    painted.feed(plain)
    return [
        f"{text}: {ink} on {paper}"
        for text, *pair in painted.texts
        for ink, paper in [colours(*pair)]
        if _contrast(ink, paper) < 4.5
    ]


def _important(style: dict[str, str]) -> dict[str, str]:
    return {name: value.removesuffix("!important").strip() for name, value in style.items()}


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _lightness(colour: str) -> float:
    return colorsys.rgb_to_hls(*_rgb(colour))[1]


def _turned(colour: str) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    rgb = colorsys.hls_to_rgb(hue, 1 - lightness, saturation)
    return "#" + "".join(f"{round(one * 255):02x}" for one in rgb)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(ink: str, paper: str) -> float:
    darker, lighter = sorted((_luminance(ink), _luminance(paper)))
    return (lighter + 0.05) / (darker + 0.05)
