"""What is to be said about an organisation file: where, what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

Place = tuple[str | int, ...]
"""Where in the file: keys and positions from the top."""


class Severity(StrEnum):
    """What a finding leads to."""

    ERROR = "error"
    """The organisation can't be put in force. Never depends on the time at which it is read."""
    WARNING = "warning"
    """It is put in force, though somebody surely meant something else."""


class Remark(NamedTuple):
    """A finding that does not know its line yet."""

    place: Place
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in the file."""

    line: int
    """Counted from 1."""
    place: str
    problem: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"line {self.line}, {self.place}: {self.problem}. {self.remedy}."


class OrganisationUnusable(Exception):
    """The organisation file has errors."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(map(str, findings[:5])))
        self.findings = findings


def located(
    remark: Remark, lines: Mapping[Place, int], severity: Severity = Severity.ERROR
) -> Finding:
    """The finding with the line of the nearest thing that is in the file."""
    place, problem, remedy = remark
    return Finding(_line(place, lines), named(place), problem, remedy, severity)


def named(place: Place) -> str:
    """The place as people count, from 1."""
    return " > ".join(str(part + 1) if isinstance(part, int) else part for part in place) or "file"


def _line(place: Place, lines: Mapping[Place, int]) -> int:
    for length in range(len(place), -1, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1
