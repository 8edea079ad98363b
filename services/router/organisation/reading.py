"""Reads the organisation file, and says line by line what is wrong with it and what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.router.organisation import cautions, channels, consistency
from services.router.organisation.document import Document, compose, text_of
from services.router.organisation.findings import (
    Finding,
    OrganisationUnusable,
    Place,
    Remark,
    Severity,
    located,
)
from shared.contracts.event import MAX_MESSAGE_BYTES
from shared.contracts.organisation import Channel, Organisation

LARGEST_BYTES = MAX_MESSAGE_BYTES // 2
"""About 20,000 people."""


@dataclass(frozen=True, slots=True)
class Examined:
    """An organisation that can be put in force."""

    organisation: Organisation
    lines: Mapping[Place, int]

    def warnings(
        self, now: datetime, places: Mapping[Channel, Collection[str] | None] | None = None
    ) -> tuple[Finding, ...]:
        """What is odd about it, in the order of the file.

        `now` is where the search for gaps in rotas and schedules begins; `places` are the channels
        that are set up, where that is known. Takes some seconds for a thousand rules.
        """
        remarks = list(cautions.remarks(self.organisation, now))
        if places is not None:
            remarks += channels.remarks(self.organisation, places)
        odd = [located(remark, self.lines, Severity.WARNING) for remark in remarks]
        return tuple(sorted(odd, key=lambda finding: finding.line))


def read(file: Path) -> Organisation:
    """The organisation in `file`; raises OrganisationUnusable with all that is wrong."""
    return examine(file).organisation


def parse(text: str) -> Organisation:
    """The organisation that `text` (YAML) describes; raises OrganisationUnusable."""
    return examine_text(text).organisation


def examine(file: Path) -> Examined:
    """As `read`, and ready to tell what is odd; raises OrganisationUnusable."""
    return examine_text(text_of(file))


def examine_text(text: str) -> Examined:
    """As `parse`, and ready to tell what is odd; raises OrganisationUnusable."""
    document = compose(text)
    return Examined(_organisation(document), document.lines)


def _organisation(document: Document) -> Organisation:
    revision = sha256(document.text.encode()).hexdigest()[:16]
    try:
        organisation = Organisation.model_validate({**document.content, "revision": revision})
    except ValidationError as error:
        raise OrganisationUnusable(_findings(error.errors(), document.lines)) from error
    wrong = [located(remark, document.lines) for remark in consistency.remarks(organisation)]
    if len(organisation.model_dump_json().encode()) > LARGEST_BYTES:
        problem = "the organisation is too large to be told to the services"
        remedy = "Leave out what Banso does not need, such as people who never take part"
        wrong.append(Finding(1, "file", problem, remedy))
    if wrong:
        raise OrganisationUnusable(sorted(wrong, key=lambda finding: finding.line))
    return organisation


def _findings(errors: Iterable[ErrorDetails], lines: Mapping[Place, int]) -> list[Finding]:
    found = [located(Remark(error["loc"], *_in_words(error)), lines) for error in errors]
    return sorted(found, key=lambda finding: finding.line)


def _in_words(error: ErrorDetails) -> tuple[str, str]:
    word = str(error["loc"][-1]) if error["loc"] else "the file"
    given = repr(error["input"])[:60]
    match error["type"]:
        case "missing":
            return f"`{word}` is missing", f"Add `{word}:`"
        case "extra_forbidden":
            return f"`{word}` is not known here", "Correct its spelling, or remove the line"
        case "string_type":
            return f"{given} is not a text", f"Put the value of `{word}` in quotes"
        case "string_pattern_mismatch" if "id" in error["loc"][-1:]:
            return f"{given} can't be an id", "Use lower-case letters, digits and hyphens"
        case "enum" | "literal_error":
            expected = error.get("ctx", {}).get("expected", "")
            return f"{given} is not possible here", f"Write one of {expected}"
        case _:
            return f"{given} does not fit", error["msg"]
