"""Reads the organisation file and says, line by line, what is wrong with it and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.contracts.event import MAX_MESSAGE_BYTES
from shared.contracts.organisation import NONE_SAID, Calendar, Organisation, When

LARGEST_BYTES = MAX_MESSAGE_BYTES // 2
"""About 20,000 people."""

DEEPEST = 12

Place = tuple[str | int, ...]
"""Where in the file: keys and positions from the top."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in the file."""

    line: int
    """Counted from 1."""
    place: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.place}: {self.problem}. {self.remedy}."


class OrganisationUnusable(Exception):
    """The organisation file has errors."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(map(str, findings[:5])))
        self.findings = findings


def read(file: Path) -> Organisation:
    """The organisation in `file`; raises OrganisationUnusable with all that is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"the file can't be read ({error.strerror})"
        raise OrganisationUnusable(
            [Finding(0, str(file), problem, "Check its name and its permissions")]
        ) from error
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        problem = "the file is not UTF-8 here"
        raise OrganisationUnusable(
            [Finding(line, str(file), problem, "Save it as UTF-8")]
        ) from error
    return parse(text)


def parse(text: str) -> Organisation:
    """The organisation that `text` (YAML) describes; raises OrganisationUnusable."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        finding = Finding(
            mark.line + 1 if mark else 1,
            "YAML",
            error.problem or "the file can't be read as YAML",
            "Check indentation, colons and quotes on this line and the one before",
        )
        raise OrganisationUnusable([finding]) from error
    except yaml.YAMLError as error:
        finding = Finding(1, "YAML", f"not YAML: {error}", "Save the file as plain UTF-8 text")
        raise OrganisationUnusable([finding]) from error
    if _is_too_deep(root):
        finding = Finding(1, "YAML", "parts lie within parts without end", "Remove the alias (`*`)")
        raise OrganisationUnusable([finding])
    lines = dict(_lines(root, ()))
    if not isinstance(content, Mapping):
        finding = Finding(1, "file", "there is no organisation", "Start with `name:` and `leader:`")
        raise OrganisationUnusable([finding])
    if twice := list(_keys_twice(root, ())):
        raise OrganisationUnusable(twice)
    revision = sha256(text.encode()).hexdigest()[:16]
    try:
        organisation = Organisation.model_validate({**content, "revision": revision})
    except ValidationError as error:
        raise OrganisationUnusable(_findings(error.errors(), lines)) from error
    wrong = [
        Finding(_line(place, lines), _named(place), problem, remedy)
        for place, problem, remedy in _inconsistencies(organisation)
    ]
    if len(organisation.model_dump_json().encode()) > LARGEST_BYTES:
        problem = "the organisation is too large to be told to the services"
        remedy = "Leave out what Banso does not need, such as people who never take part"
        wrong.append(Finding(1, "file", problem, remedy))
    if wrong:
        raise OrganisationUnusable(sorted(wrong, key=lambda finding: finding.line))
    return organisation


def _findings(errors: Iterable[ErrorDetails], lines: Mapping[Place, int]) -> list[Finding]:
    found = []
    for error in errors:
        place = error["loc"]
        problem, remedy = _in_words(error)
        found.append(Finding(_line(place, lines), _named(place), problem, remedy))
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


def _inconsistencies(organisation: Organisation) -> Iterator[tuple[Place, str, str]]:
    """What is well-formed, but names something that isn't there."""
    yield from _ids_twice(organisation)
    people, teams = organisation.person, organisation.team
    categories, products, fields = organisation.category, organisation.product, organisation.field
    calendars = {calendar.id for calendar in organisation.calendars}

    def person(value: str | None, *place: str | int) -> Iterator[tuple[Place, str, str]]:
        if value is not None and value not in people:
            yield place, f"there is no person `{value}`", "Add them under `people:`, or correct it"

    def team(value: str | None, *place: str | int) -> Iterator[tuple[Place, str, str]]:
        if value is not None and value not in teams:
            yield place, f"there is no team `{value}`", "Add it under `teams:`, or correct it"

    def category(value: str | None, *place: str | int) -> Iterator[tuple[Place, str, str]]:
        if value is not None and value not in categories:
            yield place, f"there is no category `{value}`", "Add it under `categories:`"

    def calendar(value: str | None, *place: str | int) -> Iterator[tuple[Place, str, str]]:
        if value is not None and value not in calendars:
            yield place, f"there is no calendar `{value}`", "Add it under `calendars:`"

    def field(value: str, *place: str | int) -> Iterator[tuple[Place, str, str]]:
        if value not in fields:
            yield place, f"there is no field `{value}`", "Add it under `fields:`, or correct it"

    yield from person(organisation.leader, "leader")
    yield from team(organisation.default_team, "default_team")
    yield from person(organisation.default_carrier, "default_carrier")
    yield from calendar(organisation.calendar, "calendar")
    for n, a_calendar in enumerate(organisation.calendars):
        yield from _calendar_problems(a_calendar, n)
    for n, a_team in enumerate(organisation.teams):
        yield from person(a_team.lead, "teams", n, "lead")
        if not any(p.team == a_team.id for p in organisation.people):
            yield (
                ("teams", n),
                f"nobody is in team `{a_team.id}`",
                f"Give somebody `team: {a_team.id}`, or remove the team",
            )
    for n, a_person in enumerate(organisation.people):
        yield from team(a_person.team, "people", n, "team")
        yield from calendar(a_person.calendar, "people", n, "calendar")
        for skill in a_person.skills:
            yield from category(skill, "people", n, "skills", skill)
    for n, a_product in enumerate(organisation.products):
        yield from person(a_product.carrier, "products", n, "carrier")
        for m, asked in enumerate(a_product.fields):
            yield from field(asked, "products", n, "fields", m)
    for n, a_category in enumerate(organisation.categories):
        yield from team(a_category.team, "categories", n, "team")
        for m, asked in enumerate(a_category.fields):
            yield from field(asked, "categories", n, "fields", m)
    for n, a_hook in enumerate(organisation.hooks):
        yield from person(a_hook.reporter, "hooks", n, "reporter")
    for n, rule in enumerate(organisation.rules):
        yield from team(rule.team, "rules", n, "team")
        yield from person(rule.person, "rules", n, "person")
        yield from person(rule.carrier, "rules", n, "carrier")
        yield from category(rule.category, "rules", n, "category")
        for asked in rule.when.category:
            if asked != NONE_SAID:
                yield from category(asked, "rules", n, "when", "category")
        for asked in rule.when.product:
            if asked not in (*products, NONE_SAID):
                yield (
                    ("rules", n, "when", "product"),
                    f"there is no product `{asked}`",
                    "Add it under `products:`, or correct it",
                )
        yield from _unanswerable(rule.when, n, organisation)
        for asked in rule.when.fields:
            yield from field(asked, "rules", n, "when", "fields", asked)
        if not (rule.team or rule.person or rule.category or rule.urgency or rule.carrier):
            yield (
                ("rules", n),
                f"rule `{rule.name}` does nothing",
                "Say `team:`, `person:`, `category:`, `urgency:` or `carrier:`",
            )


def _unanswerable(
    when: When, n: int, organisation: Organisation
) -> Iterator[tuple[Place, str, str]]:
    """What a rule waits for, though it can't come."""
    ours = {address.lower() for address in organisation.mail.issues}
    for address in when.to:
        if address not in ours:
            yield (
                ("rules", n, "when", "to"),
                f"`{address}` is none of our addresses",
                "Add it under `mail: issues:`, or correct it",
            )
    for field_id, answers in when.fields.items():
        field = organisation.field.get(field_id)
        choices = {choice.id for choice in field.choices} if field else set()
        for answer in answers:
            if choices and answer not in choices:
                yield (
                    ("rules", n, "when", "fields", field_id),
                    f"`{answer}` is no choice of field `{field_id}`",
                    f"Write one of {', '.join(sorted(choices))}",
                )


def _calendar_problems(calendar: Calendar, n: int) -> Iterator[tuple[Place, str, str]]:
    if not any(calendar.hours.values()):
        yield (
            ("calendars", n, "hours"),
            f"nobody ever works in calendar `{calendar.id}`",
            "Write hours such as {mon-fri: 09:00-12:00 13:00-18:00}",
        )
    try:
        ZoneInfo(calendar.zone)
    except (KeyError, ValueError, OSError):
        yield (
            ("calendars", n, "zone"),
            f"there is no time zone `{calendar.zone}`",
            "Write one such as Asia/Tokyo",
        )
    country, _, region = (calendar.holidays or "").partition("-")
    try:
        if country:
            holidays.country_holidays(country, subdiv=region or None)
    except NotImplementedError:
        yield (
            ("calendars", n, "holidays"),
            f"no public holidays are known for `{calendar.holidays}`",
            "Write a country code such as JP, or list the days under `closed:`",
        )


def _ids_twice(organisation: Organisation) -> Iterator[tuple[Place, str, str]]:
    kinds = ("calendars", "teams", "people", "products", "categories", "causes", "fields", "hooks")
    lists: list[tuple[Place, Sequence[Any]]]
    lists = [((kind,), getattr(organisation, kind)) for kind in kinds]
    lists += [(("fields", n, "choices"), one.choices) for n, one in enumerate(organisation.fields)]
    for place, parts in lists:
        counts = Counter(part.id for part in parts)
        for n, part in enumerate(parts):
            if counts[part.id] > 1:
                yield (*place, n, "id"), f"`{part.id}` is there twice", "Give each its own id"
    addresses = Counter(address for person in organisation.people for address in person.emails)
    for n, person in enumerate(organisation.people):
        for m, address in enumerate(person.emails):
            if addresses[address] > 1:
                yield (
                    ("people", n, "emails", m),
                    f"`{address}` belongs to two people",
                    "Leave it with one of them",
                )


def _is_too_deep(node: Any, depth: int = 0) -> bool:
    """Whether an alias leads back into itself; an organisation has no more than six levels."""
    if depth > DEEPEST:
        return True
    if isinstance(node, yaml.MappingNode):
        return any(_is_too_deep(value, depth + 1) for _, value in node.value)
    return isinstance(node, yaml.SequenceNode) and any(
        _is_too_deep(value, depth + 1) for value in node.value
    )


def _lines(node: Any, place: Place) -> Iterator[tuple[Place, int]]:
    """The line of every value in the file, counted from 1."""
    if node is None:
        return
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _below(_lines(value, (*place, key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for n, value in enumerate(node.value):
            yield from _lines(value, (*place, n))


def _below(lines: Iterator[tuple[Place, int]]) -> Iterator[tuple[Place, int]]:
    """A key's own line stands for its value, which may begin on the next one."""
    next(lines, None)
    yield from lines


def _keys_twice(node: Any, place: Place) -> Iterator[Finding]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                where = _named((*place, key.value))
                problem = f"`{key.value}` is there twice"
                yield Finding(key.start_mark.line + 1, where, problem, "Remove one of them")
            seen.add(key.value)
            yield from _keys_twice(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for n, value in enumerate(node.value):
            yield from _keys_twice(value, (*place, n))


def _line(place: Place, lines: Mapping[Place, int]) -> int:
    """The line of the nearest thing that is in the file."""
    for length in range(len(place), -1, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1


def _named(place: Place) -> str:
    return " > ".join(str(part + 1) if isinstance(part, int) else part for part in place) or "file"
