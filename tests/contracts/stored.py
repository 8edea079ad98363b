"""The stored examples: whole messages as they stand on the wire, only laid out for people.

One file per subject and case, `examples/<subject>/<case>.json`. They are what was really said once,
so one is added when a case is new, and none is changed so that a test passes again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.contracts.event import Event
from shared.contracts.traffic import EVENTS

EXAMPLES = Path(__file__).parent / "examples"


@dataclass(frozen=True)
class Example:
    """One message on the wire, as JSON."""

    subject: str
    case: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.subject}/{self.case}"

    @property
    def message(self) -> bytes:
        return json.dumps(self.content, ensure_ascii=False).encode()

    def read(self) -> Event:
        return EVENTS[self.subject].from_message(self.message)


def examples() -> list[Example]:
    """All of them, in the order of their names."""
    return list(_found())


def _found() -> Iterator[Example]:
    for file in sorted(EXAMPLES.glob("*/*.json")):
        yield Example(file.parent.name, file.stem, json.loads(file.read_text(encoding="utf-8")))
