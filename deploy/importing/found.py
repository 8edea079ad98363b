"""What is found in an old helpdesk's files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.language import Words, words


class SourceUnusable(Exception):
    """The file, or what was said about it, can't be used; says what to do in the language of
    whoever reads it."""

    def __init__(self, say: Callable[[Words], str]) -> None:
        super().__init__(say(words("en")))
        self.say = say


@dataclass(frozen=True, slots=True)
class Found:
    """One issue of the old system as the API takes it, or why it can't be taken."""

    row: Mapping[str, str]
    """As it stands in the file, for the list of what was refused."""
    item: Mapping[str, Any] | None = None
    problem: str | None = None


@dataclass(slots=True)
class Notes:
    """What is told at the end besides the issues."""

    counts: Counter[str] = field(default_factory=Counter)


class Source(Protocol):
    """Something that issues are read from, in the same order each time."""

    system: str
    """What the ids in it count within."""
    columns: Sequence[str]
    """Of the list of what was refused."""
    meant: Mapping[str, str]
    """For each field the column that holds it, where there are columns."""
    notes: Notes

    def fingerprint(self) -> str:
        """Another one where the file has changed."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Found]: ...
