"""ROC curves as small SVG files, told apart by dashes as well as by colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

Curve = Sequence[tuple[float, float]]

SIDE: Final = 360
SMALL: Final = 150
LEFT, TOP = 56, 24
LINES: Final = (
    ("#0b5fa5", "", 3.0),
    ("#8a4b08", "8 3", 1.6),
    ("#5a7d2a", "2 3", 1.6),
    ("#7b3f98", "10 3 2 3", 1.6),
    ("#b0272f", "5 2", 1.6),
    ("#3c3c3c", "1 2", 1.6),
)
"""Colour, dashes and width; the first is the score's."""
STEPS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


def roc(curves: Mapping[str, Curve], title: str, across: str, up: str) -> str:
    """One square, all curves, and what each is."""
    width, height = LEFT + SIDE + 110, TOP + SIDE + 60 + 20 * len(curves)
    parts = [*_square(LEFT, TOP, SIDE), *_scale()]
    for place, (name, curve) in enumerate(curves.items()):
        below = TOP + SIDE + 62 + 20 * place
        parts.append(_line(curve, place, LEFT, TOP, SIDE))
        parts.append(_path(f"M{LEFT} {below}h40", place))
        parts.append(_text(LEFT + 50, below + 4, name))
    parts.append(_text(LEFT + SIDE / 2, TOP + SIDE + 38, across, "middle"))
    parts.append(
        f'<text transform="translate(14 {TOP + SIDE / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{escape(up)}</text>'
    )
    return _svg(width, height, title, parts, 13)


def many(panels: Mapping[str, Sequence[Curve]], title: str, columns: int = 4) -> str:
    """A small square for each panel; curves in the same order everywhere."""
    rows = -(-len(panels) // columns)
    parts: list[str] = []
    for place, (name, curves) in enumerate(panels.items()):
        left, top = 12 + place % columns * (SMALL + 20), 28 + place // columns * (SMALL + 36)
        parts.append(_text(left, top - 8, name))
        parts += _square(left, top, SMALL)
        parts += [_line(curve, nth, left, top, SMALL) for nth, curve in enumerate(curves)]
    return _svg(12 + columns * (SMALL + 20), 28 + rows * (SMALL + 36), title, parts, 11)


def _svg(width: float, height: float, title: str, parts: Sequence[str], size: int) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" font-family="sans-serif" '
        f'font-size="{size}" fill="#222"><title>{escape(title)}</title>'
        '<rect width="100%" height="100%" fill="#fff"/>'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _square(left: float, top: float, side: float) -> list[str]:
    return [
        f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="#fafafa" stroke="#888"/>',
        f'<path d="M{left} {top + side}L{left + side} {top}" stroke="#bbb" fill="none"/>',
    ]


def _scale() -> list[str]:
    found = []
    for step in STEPS:
        words = f"{step:.0%}"
        found.append(_text(LEFT + SIDE * step, TOP + SIDE + 18, words, "middle"))
        found.append(_text(LEFT - 6, TOP + SIDE * (1 - step) + 4, words, "end"))
    return found


def _line(curve: Curve, place: int, left: float, top: float, side: float) -> str:
    points = " ".join(f"{left + side * x:.1f},{top + side * (1 - y):.1f}" for x, y in curve)
    return _path(f"M{points}", place)


def _path(drawn: str, place: int) -> str:
    colour, dashes, width = LINES[place % len(LINES)]
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="{drawn}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'
