"""The corpus: each mail beside what is right for it.

`<group>/<name>.eml` is the raw mail; `<name>.json` says in `about` what it is and what is right,
and holds what of `banso mail explain` must be so. `decisions` are some of those that are made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from deploy.local.up import SAMPLE
from services.intake.mail.explain import explain
from services.router.organisation import read
from shared.contracts.organisation import Organisation

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Example:
    """A mail of the corpus."""

    group: str
    name: str
    about: str
    expected: Mapping[str, Any]
    raw: bytes

    def __str__(self) -> str:
        return f"{self.group}/{self.name}"

    def explained(self) -> dict[str, Any]:
        return explain(self.raw, organisation())


@cache
def organisation() -> Organisation:
    """The sample, so that our own mail is known."""
    return read(SAMPLE)


@cache
def examples() -> tuple[Example, ...]:
    """All mails, by group and name."""
    return tuple(_examples())


def _examples() -> Iterator[Example]:
    for file in sorted(HERE.glob("*/*.json")):
        expected = json.loads(file.read_text(encoding="utf-8"))
        about = expected.pop("about")
        raw = file.with_suffix(".eml").read_bytes()
        yield Example(file.parent.name, file.stem, about, expected, raw)
