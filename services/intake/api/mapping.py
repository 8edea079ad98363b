"""What another system's JSON says, found by the paths in the organisation file. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.intake import clean
from services.intake.submission import LONGEST_DESCRIPTION, LONGEST_SUMMARY
from shared.contracts.issue import Urgency
from shared.contracts.organisation import Hook, Organisation

_WORDS = {
    "critical": Urgency.HIGH,
    "urgent": Urgency.HIGH,
    "high": Urgency.HIGH,
    "highest": Urgency.HIGH,
    "error": Urgency.HIGH,
    "warning": Urgency.NORMAL,
    "medium": Urgency.NORMAL,
    "normal": Urgency.NORMAL,
    "low": Urgency.LOW,
    "lowest": Urgency.LOW,
    "info": Urgency.LOW,
}
"""Words for urgencies that need no entry under `urgencies`."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the message says."""

    summary: str
    description: str
    reporter_name: str
    reporter_address: str
    key: str | None = None
    """What names the same thing in every repetition."""
    product: str | None = None
    category: str | None = None
    urgency: Urgency | None = None
    customer: str | None = None


class PathMissing(Exception):
    """The message lacks something without which there is no issue; names the path."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class NobodyReports(Exception):
    """Neither the message nor the organisation file says who reports."""


def concerns(hook: Hook, document: Any) -> bool:
    """Whether the message is one of those that become issues."""
    return all(at(document, path) in values for path, values in hook.only.items())


def is_over(hook: Hook, document: Any) -> bool:
    """Whether the message says that what it is about has ended."""
    return bool(hook.ends) and all(at(document, path) in said for path, said in hook.ends.items())


def read_draft(
    hook: Hook, document: Any, organisation: Organisation, person_id: str | None
) -> Draft:
    """What the message says; raises PathMissing or NobodyReports.

    `person_id`: whoever the token belongs to, in whose name all of it is then said.
    """
    summary = clean.one_line(at(document, hook.summary) or "", LONGEST_SUMMARY)
    if not summary:
        raise PathMissing(hook.summary)
    told = at(document, hook.description) if hook.description else None
    description = clean.several_lines(told or "")[:LONGEST_DESCRIPTION] or summary
    name, address = _reporter(hook, document, organisation, person_id)
    return Draft(
        summary=summary,
        description=description,
        reporter_name=name,
        reporter_address=address,
        key=_line(document, hook.key),
        product=_line(document, hook.product),
        category=_line(document, hook.category),
        urgency=_urgency(hook, document),
        customer=_line(document, hook.customer),
    )


def at(document: Any, path: str) -> str | None:
    """What stands at a path, as text; None where there is nothing. A name may have dots itself.
    What `*` finds stands on lines of its own, each once."""
    if "*" in path.split("."):
        lines = dict.fromkeys(filter(None, map(_text, _each(document, path.split(".")))))
        return "\n".join(lines) or None
    return _text(_walk(document, path.split(".")))


def _each(document: Any, parts: Sequence[str]) -> list[Any]:
    """What stands at the path in each of several things."""
    if "*" not in parts:
        return [_walk(document, parts)]
    star = parts.index("*")
    several = _walk(document, parts[:star])
    found = several.values() if isinstance(several, Mapping) else several
    if not isinstance(several, Mapping | list):
        return []
    return [one for part in found for one in _each(part, parts[star + 1 :])]


def _text(found: Any) -> str | None:
    if found is None or isinstance(found, str):
        return found
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | float):
        return str(found)
    return json.dumps(found, ensure_ascii=False, indent=2)


def _walk(document: Any, parts: Sequence[str]) -> Any:
    if not parts:
        return document
    if isinstance(document, Mapping):
        for taken in range(1, len(parts) + 1):
            name = ".".join(parts[:taken])
            if name in document:
                found = _walk(document[name], parts[taken:])
                if found is not None:
                    return found
        return None
    if isinstance(document, list) and parts[0].isdecimal() and int(parts[0]) < len(document):
        return _walk(document[int(parts[0])], parts[1:])
    return None


def _line(document: Any, path: str | None) -> str | None:
    found = at(document, path) if path else None
    return clean.one_line(found, 200) or None if found is not None else None


def _urgency(hook: Hook, document: Any) -> Urgency | None:
    """An unknown word says nothing: the rules decide."""
    word = (_line(document, hook.urgency) or "").lower()
    return hook.urgencies.get(word) or _WORDS.get(word)


def _reporter(
    hook: Hook, document: Any, organisation: Organisation, person_id: str | None
) -> tuple[str, str]:
    """Name and address: of the token's person, as the message says, or as the file says."""
    if person_id is None:
        written = at(document, hook.reporter_email) if hook.reporter_email else None
        address = clean.address(written) if written else None
        if address is not None:
            return _line(document, hook.reporter_name) or address.partition("@")[0], address
    person = organisation.person.get(person_id or hook.reporter or "")
    if person is not None:
        return person.name.in_(person.language), person.emails[0]
    if hook.reporter_email:
        raise PathMissing(hook.reporter_email)
    raise NobodyReports
