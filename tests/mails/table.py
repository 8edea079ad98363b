"""Writes `docs/mails.md`, how each mail of the corpus is read: `python -m tests.mails.table`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.mails.corpus import Example, examples

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "mails.md"
LONGEST = 90
MARKS = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]<>|#$~&"}
"""What has a meaning in Markdown."""

TITLES = {
    "attachment": "Files",
    "body": "Bodies",
    "bounce": "Bounces",
    "broken": "Broken mails",
    "calendar": "Invitations",
    "charset": "Charsets",
    "command": "Commands",
    "header": "Headers",
    "hostile": "Hostile mails",
    "nested": "Mails within mails",
    "origin": "Whose mail it is",
    "reply": "What is new in an answer",
    "tnef": "Outlook's winmail.dat",
    "trust": "Trust",
}


def table() -> str:
    """The document; the same corpus and code always make the same."""
    lines = [
        "# How mails are read",
        "",
        f"Made by `make docs` from {len(examples())} mails of the corpus; don't change it here.",
        "Each mail stands beside what is right for it, and a test compares the two.",
        "`banso mail explain FILE` shows the same for any mail, as JSON.",
    ]
    for group, mails in groupby(examples(), lambda one: one.group):
        lines += ["", f"## {TITLES[group]}", "", "| mail | kind | subject | what is read |"]
        lines += ["|---|---|---|---|", *_rows(list(mails))]
    return "\n".join([*lines, ""])


def _rows(mails: Sequence[Example]) -> Iterator[str]:
    for mail in mails:
        explained = mail.explained()
        link = f"[{mail.name}](../tests/mails/{mail}.eml)"
        cells = (
            f"{link}<br>{_cell(mail.about, 1_000)}",
            explained["kind"],
            _cell(explained["subject"], LONGEST),
            _read(explained),
        )
        yield "| " + " | ".join(cells) + " |"


def _read(explained: dict[str, Any]) -> str:
    """The new words in short, and the files."""
    words = _cell(explained["new_text"], LONGEST)
    files = ", ".join(
        f"{_cell(one['filename'], 60)} ({one['size']} bytes)" for one in explained["attachments"]
    )
    return "<br>".join(part for part in (words, f"Files: {files}" if files else "") if part) or "-"


def _cell(text: str, longest: int) -> str:
    """A text as it can stand in a cell, in its own letters."""
    line = " ".join(text.split())
    short = line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
    return short.translate(MARKS)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
