"""Finds the parts of a mail (RFC 2046) by where they lie, in one pass and without copying them.

The standard library makes text of the whole mail and calls itself for each part within a part:
a large mail takes several times its size, and a mail nested a thousand deep can't be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from services.intake.mail import headers
from services.intake.mail.headers import Block, Parameterised, parameterised

MOST_PARTS: Final = 1_000
DEEPEST: Final = 100
"""How many parts may lie within each other, attached mails included."""

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")
_SNIFFED = re.compile(rb"\s{0,50}--([^\r\n]{1,200}?)[ \t]*\r?\nContent-", re.IGNORECASE)
MAILS: Final = frozenset({"message/rfc822", "message/global", "message/news"})


@dataclass(slots=True, eq=False)
class Part:
    """A part of a mail, or the mail itself; the bytes of its body are raw[body_at:end]."""

    head: Block
    end: int
    kind: str = "text/plain"
    """The content type, in small letters."""
    content: Parameterised = field(default_factory=lambda: Parameterised("", {}))
    disposition: Parameterised = field(default_factory=lambda: Parameterised("", {}))
    children: list[Part] = field(default_factory=list)
    before: tuple[int, int] = (0, 0)
    """What stands before the first child."""
    after: tuple[int, int] = (0, 0)
    """What stands after the last child."""

    @property
    def at(self) -> int:
        return self.head.body_at

    @property
    def main(self) -> str:
        return self.kind.partition("/")[0]

    @property
    def encoding(self) -> str:
        """The transfer encoding, in small letters."""
        written = self.head.first("content-transfer-encoding").decode("latin-1").lower()
        return written.partition(";")[0].partition("(")[0].strip().strip("\"'")


@dataclass(slots=True)
class Tree:
    """A mail and its parts."""

    root: Part
    notes: list[str]
    refused: str | None = None


@dataclass(slots=True)
class _Open:
    """A multipart whose end has not come yet."""

    part: Part
    boundary: bytes
    depth: int
    child: Part | None = None
    closed_at: int | None = None


class _TooMany(Exception):
    """There are more parts, or deeper ones, than anybody sends in good faith."""


def find_parts(raw: bytes) -> Tree:
    """The mail's parts. Never raises; where there are too many, those found so far."""
    scan = _Scan(raw)
    root = scan.part(0, len(raw), whole_mail=True)
    tree = Tree(root, scan.notes)
    try:
        scan.open(root, 1)
        scan.run()
    except _TooMany as error:
        tree.refused = str(error)
    scan.close()
    return tree


class _Scan:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.count = 0
        self.notes: list[str] = []
        self.opened: list[_Open] = []
        self.by_boundary: dict[bytes, list[_Open]] = {}
        self.pattern: re.Pattern[bytes] | None = None

    def part(
        self, at: int, end: int, *, whole_mail: bool = False, otherwise: str = "text/plain"
    ) -> Part:
        self.count += 1
        if self.count > MOST_PARTS:
            raise _TooMany(f"it has more than {MOST_PARTS} parts")
        head = headers.block(self.raw, at, end, whole_mail=whole_mail)
        self.notes += head.notes
        content = parameterised(head.first("content-type"))
        kind = content.value if _TYPE.fullmatch(content.value) else _nearest(content.value)
        kind = kind or otherwise
        disposition = parameterised(head.first("content-disposition"))
        return Part(head, end, kind, content, disposition)

    def open(self, part: Part, depth: int) -> None:
        """Looks into a multipart, and into a mail within the mail."""
        while part.kind in MAILS and part.encoding not in ("base64", "quoted-printable"):
            depth += 1
            if depth > DEEPEST:
                raise _TooMany(f"its parts lie more than {DEEPEST} deep within each other")
            inner = self.part(part.at, part.end, whole_mail=True)
            part.children.append(inner)
            part = inner
        if part.main != "multipart":
            return
        if depth > DEEPEST:
            raise _TooMany(f"its parts lie more than {DEEPEST} deep within each other")
        boundary = part.content.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        if not boundary or not self._occurs(boundary, part):
            found = _SNIFFED.match(self.raw, part.at, part.end)
            if found is None:
                return
            boundary = found[1]
            self.notes.append("the boundary was named wrongly and was found in the body")
        part.before = (part.at, part.at)
        opened = _Open(part, boundary, depth)
        self.opened.append(opened)
        self.by_boundary.setdefault(boundary, []).append(opened)
        self.pattern = None

    def _occurs(self, boundary: bytes, part: Part) -> bool:
        """Whether the boundary may come; only the outermost is worth a look."""
        return bool(self.opened) or self.raw.find(b"--" + boundary, part.at, part.end) >= 0

    def run(self) -> None:
        """Takes one delimiter after the other, until the mail ends."""
        if not self.opened:
            return
        at = self.opened[0].part.at
        while (found := self._delimiter().search(self.raw, at)) is not None:
            at = self._take(found)

    def _delimiter(self) -> re.Pattern[bytes]:
        """A line that ends a part of any multipart that is open."""
        if self.pattern is None:
            names = b"|".join(
                re.escape(name) for name, opened in self.by_boundary.items() if opened
            )
            self.pattern = re.compile(rb"^--(" + names + rb")(--)?[ \t]*\r?$", re.MULTILINE)
        return self.pattern

    def _take(self, found: re.Match[bytes]) -> int:
        """Takes a delimiter, and says where to look on."""
        opened = self.by_boundary[found[1]][-1]
        self._end_of_part(opened, found.start())
        if found[2]:
            opened.closed_at = found.end()
            return found.end()
        opened.closed_at = None
        otherwise = "message/rfc822" if opened.part.kind == "multipart/digest" else "text/plain"
        at = min(found.end() + 1, len(self.raw))
        part = self.part(at, len(self.raw), otherwise=otherwise)
        opened.child = part
        opened.part.children.append(part)
        self.open(part, opened.depth + 1)
        return part.at

    def _end_of_part(self, opened: _Open, start: int) -> None:
        """Ends the child of `opened`, and whatever is still open within it. The line break before
        the delimiter belongs to the delimiter."""
        end = start - self.raw.endswith(b"\n", 0, start)
        end -= self.raw.endswith(b"\r", 0, end)
        while self.opened[-1] is not opened:
            self._finish(end)
        if opened.child is not None:
            _end(opened.child, end)
        elif not opened.part.children:
            opened.part.before = (opened.part.at, max(end, opened.part.at))
        opened.child = None

    def close(self) -> None:
        """Ends all that is still open, with the mail."""
        while self.opened:
            self._finish(len(self.raw))

    def _finish(self, end: int) -> None:
        """Ends the innermost multipart."""
        opened = self.opened.pop()
        self.by_boundary[opened.boundary].pop()
        self.pattern = None
        if opened.child is not None:
            _end(opened.child, end)
        if opened.closed_at is not None:
            opened.part.after = (min(opened.closed_at + 1, end), end)
        _end(opened.part, end)


def _end(part: Part, end: int) -> None:
    """A part ends, and so does a mail within it."""
    while True:
        part.end = max(part.at, min(part.end, end))
        if part.kind not in MAILS or not part.children:
            return
        part = part.children[0]


def _nearest(written: str) -> str:
    """The content type that a broken one was meant to be; "" where it says nothing."""
    found = re.match(r"[a-z]{1,20}/[a-z0-9.+-]{1,80}", written)
    if found:
        return found[0]
    main = re.match(r"multipart|application|image|audio|video", written)
    if main is None:
        return ""
    return "multipart/mixed" if main[0] == "multipart" else "application/octet-stream"
