"""The words of a calendar invitation (RFC 5545): what, when, where, by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.language import Words, language_of, words

LONGEST: Final = 200_000
_LINE = re.compile(r"([A-Za-z0-9-]{1,60})((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(.*)", re.DOTALL)
_INSTANT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(?:\d\d)?(Z?))?")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    parameters: str
    value: str


def in_words(calendar: str) -> str:
    """The first event of a calendar in a few lines; "" where there is none."""
    fields: dict[str, _Field] = {}
    method = ""
    within = False
    for one in _fields(calendar[:LONGEST]):
        if one.name == "METHOD":
            method = one.value.strip().upper()
        elif one.name == "BEGIN":
            within = within or one.value.strip().upper() in ("VEVENT", "VTODO")
        elif one.name == "END" and one.value.strip().upper() in ("VEVENT", "VTODO"):
            break
        elif within:
            fields.setdefault(one.name, one)
    if not fields:
        return ""
    said = {name: _text(one.value) for name, one in fields.items()}
    title, place = said.get("SUMMARY", ""), said.get("LOCATION", "")
    _ = words(language_of(f"{title}\n{said.get('DESCRIPTION', '')}\n{place}") or "en")
    lines = [_heading(method, title, _)]
    begins, ends = fields.get("DTSTART"), fields.get("DTEND")
    if begins:
        when = _when(begins) + (f" – {_when(ends)}" if ends else "")
        lines.append(_("When: %(when)s", when=when))
    if place:
        lines.append(_("Where: %(place)s", place=place))
    if "ORGANIZER" in fields:
        lines.append(_("Organiser: %(who)s", who=_who(fields["ORGANIZER"])))
    if said.get("DESCRIPTION"):
        lines += ["", said["DESCRIPTION"]]
    return "\n".join(lines)


def _heading(method: str, title: str, _: Words) -> str:
    match method:
        case "CANCEL":
            return _("A meeting is cancelled: %(title)s", title=title)
        case "REPLY":
            return _("An answer to an invitation: %(title)s", title=title)
        case _:
            return _("An invitation: %(title)s", title=title)


def _fields(calendar: str) -> Iterator[_Field]:
    unfolded = re.sub(r"\r?\n[ \t]", "", calendar.replace("\r\n", "\n"))
    for line in unfolded.splitlines():
        found = _LINE.fullmatch(line.strip()[:20_000])
        if found:
            yield _Field(found[1].upper(), found[2], found[3])


def _text(value: str) -> str:
    """A text without its escapes."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _when(one: _Field) -> str:
    """A day or an instant as written, with its zone."""
    found = _INSTANT.fullmatch(one.value.strip())
    if found is None:
        return one.value.strip()
    year, month, day, hour, minute, universal = found.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    zone = re.search(r";TZID=\"?([^;:\"]+)", one.parameters)
    named = " UTC" if universal else f" ({zone[1]})" if zone else ""
    return f"{year}-{month}-{day} {hour}:{minute}{named}"


def _who(one: _Field) -> str:
    address = re.sub(r"(?i)^mailto:", "", one.value.strip())
    name = re.search(r";CN=(?:\"([^\"]*)\"|([^;:]*))", one.parameters)
    shown = ((name[1] or name[2] or "") if name else "").strip()
    return f"{shown} <{address}>" if shown and shown != address else address
