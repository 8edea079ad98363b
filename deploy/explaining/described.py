"""An issue as somebody describes it in a JSON file: as the API takes it, and a little more."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from services.intake.submission import LONGEST_SUMMARY, named
from shared.contracts.event import MAX_TEXT
from shared.contracts.intake import (
    MOST_ANSWERS,
    MOST_FOLLOWERS,
    STRANGER,
    Answer,
    IssueRaised,
    Question,
)
from shared.contracts.issue import Source, Urgency
from shared.contracts.organisation import Organisation
from shared.language import Words, known_language, language_of

SOMEBODY_OUTSIDE = f"{STRANGER}somebody"
"""A customer, where nobody of the organisation writes."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class IssueUnusable(Exception):
    """The file describes no issue; says why, line by line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Writer(BaseModel):
    """Somebody by name and address."""

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    email: Line


def _in_a_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Described(BaseModel):
    """What may stand in the file."""

    model_config = ConfigDict(extra="forbid")

    summary: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    """What is beyond 200 characters is cut, as the API does."""
    description: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    product: Line | None = None
    category: Line | None = None
    customer: Line | None = None
    urgency: Urgency | None = None
    language: Literal["ja", "en"] | None = None
    source: Source | None = None
    addressed_to: Annotated[list[Line], BeforeValidator(_in_a_list)] = Field(default_factory=list)
    fields: Annotated[dict[Question, Answer], Field(max_length=MOST_ANSWERS)] = Field(
        default_factory=dict
    )
    reporter: Writer | Line | None = None
    """An id, an address, or both name and address; nobody means a customer."""
    on_behalf_of: Writer | Line | None = None
    followers: Annotated[list[Line], Field(max_length=MOST_FOLLOWERS)] = Field(default_factory=list)
    confidential: bool = False
    needed_by: datetime | None = None
    at: datetime | None = None
    """When it is brought in; without a zone it is the company's."""
    attachments: list[Any] = Field(default_factory=list)
    """As the API takes them; no rule looks at them."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        answers = sum(len(question) + len(answer) for question, answer in self.fields.items())
        if len(self.description) + answers > MAX_TEXT:
            raise PydanticCustomError("too_long", "too long")
        return self


def read(text: str, _: Words) -> Described:
    """What the file says; raises IssueUnusable."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        line, column = error.lineno, error.colno
        problem = _(
            "This is no JSON: see line %(line)s, column %(column)s.", line=line, column=column
        )
        raise IssueUnusable([problem]) from error
    if not isinstance(document, dict):
        raise IssueUnusable([_('Write an issue as in {"summary": "It does not start"}.')])
    try:
        return Described.model_validate(document)
    except ValidationError as error:
        found = dict.fromkeys(_problem(one, _) for one in error.errors(include_url=False))
        raise IssueUnusable(list(found)) from error


def raised_from(said: Described, organisation: Organisation, now: datetime) -> IssueRaised:
    """The issue as intake would say it, brought in at the time that is described, or now."""
    behalf = _person(said.on_behalf_of, organisation)
    words = f"{said.summary}\n{said.description}"
    return IssueRaised(
        occurred_at=_in_zone(said.at, organisation) or now,
        issue_id=str(uuid4()),
        reference="-",
        source=said.source or (Source.EMAIL if said.addressed_to else Source.WEB),
        summary=said.summary[:LONGEST_SUMMARY],
        description=said.description,
        reporter_id=_person(said.reporter, organisation) or SOMEBODY_OUTSIDE,
        on_behalf_of_id=behalf,
        customer=said.customer or (_word(said.on_behalf_of) if behalf is None else None),
        product=named(said.product, organisation, "products"),
        category=named(said.category, organisation, "categories"),
        urgency=said.urgency,
        language=known_language(said.language, language_of(words) or organisation.language),
        needed_by=_in_zone(said.needed_by, organisation),
        addressed_to=tuple(said.addressed_to),
        fields=said.fields,
        follower_ids=tuple(filter(None, (_person(one, organisation) for one in said.followers))),
        confidential=said.confidential,
    )


def doubts(said: Described, raised: IssueRaised, organisation: Organisation, _: Words) -> list[str]:
    """What the organisation does not know of what is described."""
    found = []
    if raised.product is not None and raised.product not in organisation.product:
        found.append(_("There is no product “%(name)s”.", name=raised.product))
    if raised.category is not None and raised.category not in organisation.category:
        found.append(_("There is no category “%(name)s”.", name=raised.category))
    unasked = [field for field in said.fields if field not in organisation.field]
    found += [_("There is no field “%(name)s”.", name=field) for field in unasked]
    ours = organisation.mail.addresses
    strange = [address for address in said.addressed_to if address.lower() not in ours]
    found += [_("“%(name)s” is none of our addresses.", name=address) for address in strange]
    return found


def _person(writer: Writer | str | None, organisation: Organisation) -> str | None:
    """The id of somebody in the organisation."""
    word = _word(writer) or ""
    known = organisation.person.get(word) or organisation.by_address.get(word.lower())
    return known.id if known else None


def _word(writer: Writer | str | None) -> str | None:
    return writer.email if isinstance(writer, Writer) else writer


def _in_zone(instant: datetime | None, organisation: Organisation) -> datetime | None:
    if instant is None or instant.tzinfo is not None:
        return instant
    return instant.replace(tzinfo=ZoneInfo(organisation.calendar_named(None).zone))


def _problem(error: ErrorDetails, _: Words) -> str:
    place = " > ".join(str(part) for part in error["loc"] if part not in _KINDS_OF_PERSON)
    match error["type"]:
        case "extra_forbidden":
            known = ", ".join(Described.model_fields)
            return _("“%(name)s” is not known here. Known are: %(known)s.", name=place, known=known)
        case "too_long" | "string_too_long":
            return _("“%(name)s” is too long.", name=place or "description")
        case "missing":
            return _("“%(name)s” is missing.", name=place)
        case "enum" | "literal_error":
            expected = error.get("ctx", {}).get("expected", "")
            return _("“%(name)s”: write one of %(known)s.", name=place, known=expected)
        case _:
            given = json.dumps(error["input"], ensure_ascii=False, default=str)[:60]
            return _("“%(name)s” can't be %(given)s.", name=place, given=given)


_KINDS_OF_PERSON = (Writer.__name__, "constrained-str")
"""What pydantic calls the two ways to name somebody."""
