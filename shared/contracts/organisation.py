"""The organisation: people, teams, products, categories, causes, rules, calendars, policies.

One file says all of it. `services/router/organisation.py` reads and checks that file; everybody
else hears it whole in `organisation.published` and keeps the last one heard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shared.contracts.issue import Source, Urgency

WORKING_DAY = timedelta(hours=8)
"""What "1d" means wherever working time is counted."""

LANGUAGES = ("ja", "en")

_SPAN = re.compile(r"(?:(\d+)d)? ?(?:(\d+)h)? ?(?:(\d+)m)?")
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _open(schema: dict[str, Any]) -> None:
    """Only the file is closed to unknown words; whoever hears the event ignores them."""
    schema.pop("additionalProperties", None)


class Part(BaseModel):
    """A part of the organisation file. Unknown words are typing errors and are refused there."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_open)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads what was kept, perhaps by a newer version; unknown words are ignored."""
        return cls.model_validate(document, extra="ignore")


def _read_span(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _SPAN.fullmatch(str(value).strip())
    if match is None or not any(match.groups()):
        raise PydanticCustomError("span", "write a span of working time such as 30m, 4h or 2d")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return days * WORKING_DAY + timedelta(hours=hours, minutes=minutes)


def _write_span(value: timedelta) -> str:
    return f"{int(value.total_seconds() // 60)}m"


WorkingTime = Annotated[
    timedelta, BeforeValidator(_read_span), PlainSerializer(_write_span, return_type=str)
]
"""A span of working time, written `30m`, `4h`, `2d`; a day has 8 working hours."""

Id = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9][a-z0-9-]*$|^[a-z0-9]$", max_length=60)
]
"""Lower-case letters, digits and hyphens, of which the second is none: it stands in links, tables
and metrics, and strangers' ids begin with `x-`."""


class Text(Part):
    """The same words in every language that Banso speaks."""

    ja: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=200)]

    def in_(self, language: str) -> str:
        """The words in `language`, which is one of `LANGUAGES`."""
        return self.en if language == "en" else self.ja


Language = Literal["ja", "en"]


def _read_hours(value: Any) -> Any:
    """`{"mon-fri": "09:00-12:00 13:00-18:00"}` as spans per weekday, in minutes after midnight."""
    if not isinstance(value, Mapping):
        return value
    week: dict[str, list[tuple[int, int]]] = {}
    for days, hours in value.items():
        first, _, last = str(days).lower().partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise PydanticCustomError("days", "write days as mon, tue, ... or a range mon-fri")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        if end < start:
            raise PydanticCustomError("days", "a range of days runs forward, as in mon-fri")
        for day in _DAYS[start : end + 1]:
            week[day] = _read_day(hours)
    return week


def _read_day(hours: Any) -> list[tuple[int, int]]:
    if isinstance(hours, list):
        return hours
    spans: list[tuple[int, int]] = []
    for word in str(hours).split():
        match = _HOURS.fullmatch(word)
        if match is None:
            raise PydanticCustomError("hours", "write hours as 09:00-12:00 13:00-18:00")
        h1, m1, h2, m2 = map(int, match.groups())
        spans.append((h1 * 60 + m1, h2 * 60 + m2))
    ends = [0, *(minute for span in spans for minute in span), 24 * 60]
    if not spans or ends != sorted(ends) or any(start == end for start, end in spans):
        raise PydanticCustomError("hours", "hours follow each other within one day")
    return spans


class Calendar(Part):
    """When somebody works."""

    id: Id
    zone: str = "Asia/Tokyo"
    """IANA time zone."""
    holidays: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")] | None = (
        None
    )
    """Country (and region) whose public holidays are free, such as JP or DE-BY."""
    hours: Annotated[dict[str, list[tuple[int, int]]], BeforeValidator(_read_hours)]
    """Minutes after midnight per weekday."""
    closed: tuple[date, ...] = ()
    """More free days, such as the company's own."""


class Team(Part):
    id: Id
    name: Text
    does: Text | None = None
    """What the team is for, in one line."""
    lead: Id


class Person(Part):
    id: Id
    name: Text
    emails: Annotated[
        tuple[
            Annotated[str, StringConstraints(to_lower=True, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")],
            ...,
        ],
        Field(min_length=1),
    ]
    """The first is where we write; all are recognised as this person."""
    language: Language
    team: Id
    calendar: Id | None = None
    front_line: bool = False
    hours_per_day: Annotated[float, Field(gt=0, le=12)] = 4
    """Hours of a working day that the person has for issues."""
    skills: dict[Id, Annotated[float, Field(ge=0, le=2)]] = Field(default_factory=dict)
    """Declared skill per category; 1 where nothing is said, under 0.5 means not eligible."""


class Choice(Part):
    id: Id
    name: Text


JsonPath = Annotated[str, StringConstraints(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=200)]
"""Where something stands in a JSON message: names and numbers with dots, `alerts.0.labels.job`."""


class Product(Part):
    id: Id
    name: Text
    fields: tuple[Id, ...] = ()
    """What the form asks in addition about this product."""
    carrier: Id | None = None
    """Who carries a customer's own message about it into the company."""


class Category(Part):
    """What is wrong, as seen by the carrier."""

    id: Id
    name: Text
    team: Id | None = None
    fields: tuple[Id, ...] = ()
    """What the form asks in addition in this category."""


class Cause(Part):
    """What was wrong, as found by the owner."""

    id: Id
    name: Text


class Rung(Part):
    """One step of the ladder that a missed deadline climbs."""

    after: WorkingTime
    """Working time since the rung before, or since the deadline."""
    do: Literal["remind", "tell", "give"]
    """Remind whose step it is; tell somebody as well; or give the issue to somebody."""
    to: Literal["lead", "leader"] | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if (self.do == "remind") == (self.to is not None):
            raise PydanticCustomError(
                "rung", "tell and give need `to: lead` or `to: leader`; remind has none"
            )
        return self


class Policy(Part):
    """How soon, and what happens when it is not so soon. All in the owner's working time."""

    acknowledge_within: WorkingTime
    """From each assignment."""
    answer_within: WorkingTime
    """From the carrier's first word until a person's first words."""
    keep_in_touch: WorkingTime
    """From one answer to the next, at most."""
    resolve_within: WorkingTime
    """From the carrier's first word."""
    confirm_within: WorkingTime
    """How long the carrier may take before a solved issue closes by itself."""
    ladder: Annotated[tuple[Rung, ...], Field(min_length=1)]
    """Rungs climbed after a missed deadline; afterwards a reminder each `repeat`."""
    repeat: WorkingTime = WORKING_DAY

    @model_validator(mode="after")
    def _ends_at_the_leader(self) -> Self:
        if not any(rung.do == "give" and rung.to == "leader" for rung in self.ladder):
            raise PydanticCustomError(
                "ladder",
                "end the ladder with `do: give, to: leader`, so that nothing is left lying",
            )
        return self


NONE_SAID = "none"
"""Stands in a rule's `when` for: the reporter named no product, or no category."""


def _read_several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


Item = TypeVar("Item")
Several = Annotated[tuple[Item, ...], BeforeValidator(_read_several)]
"""One or more."""


class When(Part):
    """What an issue must be like for a rule to fire; all that is said must hold."""

    product: Several[Id] = ()
    category: Several[Id] = ()
    source: Several[Source] = ()
    urgency: Several[Urgency] = ()
    language: Several[Language] = ()
    to: Several[Annotated[str, StringConstraints(to_lower=True)]] = ()
    """Which of our addresses a mail came to."""
    fields: dict[Id, Several[str]] = Field(default_factory=dict)
    """Answers in the form's own fields, by the field's id."""
    words: Several[Annotated[str, StringConstraints(min_length=2)]] = ()
    """Any of them in summary or description, whatever their width or case."""


class Rule(Part):
    """The first rule that fires says where an issue goes."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    when: When
    team: Id | None = None
    person: Id | None = None
    category: Id | None = None
    urgency: Urgency | None = None
    carrier: Id | None = None


class Mail(Part):
    issues: Annotated[tuple[str, ...], Field(min_length=1)]
    """Our addresses: mail to them becomes an issue."""
    sender: str
    """The From address of what Banso sends."""
    sender_name: Text = Text(ja="Banso 伴走", en="Banso")
    separator: Literal["+", "-", ""] = "+"
    """What stands between our address and a reply's signature (`issues+r7k3m...@`): every mail
    server knows one of the two; with "" replies have no address of their own and only thread."""
    trusted_servers: tuple[Annotated[str, StringConstraints(to_lower=True)], ...] = ()
    """By which name (authserv-id, RFC 8601) our own receiving servers say whether a sender is
    genuine; what others say in a mail is not believed."""

    @cached_property
    def addresses(self) -> frozenset[str]:
        """Every address of ours, in small letters."""
        return frozenset(address.lower() for address in (*self.issues, self.sender))


class FormField(Part):
    """A question of the company's own on the form."""

    id: Id
    label: Text
    help: Text | None = None
    kind: Literal["line", "text", "choice", "number", "date"] = "line"
    choices: tuple[Choice, ...] = ()
    required: bool = False

    @model_validator(mode="after")
    def _has_choices(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise PydanticCustomError("choices", "`kind: choice` needs `choices`, others have none")
        return self


class Web(Part):
    """The pages."""

    embed_on: tuple[
        Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.*-]+(:\d+)?$")], ...
    ] = ()
    """Sites on which the form may be shown, such as https://www.example.com."""


class Hook(Part):
    """How another system's messages become issues: where in its JSON what stands."""

    id: Id
    summary: JsonPath
    description: JsonPath | None = None
    reporter_name: JsonPath | None = None
    reporter_email: JsonPath | None = None
    reporter: Id | None = None
    """Who reports where the message names nobody: somebody of the organisation."""
    key: JsonPath | None = None
    """What names the same thing in every repetition."""
    product: JsonPath | None = None
    category: JsonPath | None = None
    urgency: JsonPath | None = None
    urgencies: dict[str, Urgency] = Field(default_factory=dict)
    """The other system's words for urgencies, in small letters."""
    customer: JsonPath | None = None
    language: Language | None = None
    only: dict[JsonPath, Several[str]] = Field(default_factory=dict)
    """Only messages with one of these values become issues; others are ignored."""


class Organisation(Part):
    """All of it."""

    revision: str = ""
    """Hash of the file's content; given when it is read."""
    name: Text
    language: Language = "ja"
    leader: Id
    """The last resort who can never be skipped."""
    default_team: Id
    default_carrier: Id
    """Carries a customer's own message where neither rule nor product names somebody."""
    calendar: Id
    """The calendar of whoever has none of their own."""
    calendars: Annotated[tuple[Calendar, ...], Field(min_length=1)]
    mail: Mail
    teams: Annotated[tuple[Team, ...], Field(min_length=1)]
    people: Annotated[tuple[Person, ...], Field(min_length=2)]
    products: tuple[Product, ...] = ()
    categories: tuple[Category, ...] = ()
    causes: Annotated[tuple[Cause, ...], Field(min_length=1)]
    policies: dict[Urgency, Policy]
    rules: tuple[Rule, ...] = ()
    fields: tuple[FormField, ...] = ()
    web: Web = Web()
    hooks: tuple[Hook, ...] = ()

    @model_validator(mode="after")
    def _has_a_policy_for_each_urgency(self) -> Self:
        missing = [urgency for urgency in Urgency if urgency not in self.policies]
        if missing:
            raise PydanticCustomError(
                "policies", "add a policy for urgency {urgency}", {"urgency": missing[0]}
            )
        return self

    @cached_property
    def person(self) -> Mapping[str, Person]:
        return {person.id: person for person in self.people}

    @cached_property
    def team(self) -> Mapping[str, Team]:
        return {team.id: team for team in self.teams}

    @cached_property
    def product(self) -> Mapping[str, Product]:
        return {product.id: product for product in self.products}

    @cached_property
    def category(self) -> Mapping[str, Category]:
        return {category.id: category for category in self.categories}

    @cached_property
    def cause(self) -> Mapping[str, Cause]:
        return {cause.id: cause for cause in self.causes}

    @cached_property
    def field(self) -> Mapping[str, FormField]:
        return {field.id: field for field in self.fields}

    @cached_property
    def hook(self) -> Mapping[str, Hook]:
        return {hook.id: hook for hook in self.hooks}

    @cached_property
    def members(self) -> Mapping[str, tuple[Person, ...]]:
        """The people of each team, in the order of the file."""
        return {
            team.id: tuple(person for person in self.people if person.team == team.id)
            for team in self.teams
        }

    @cached_property
    def by_address(self) -> Mapping[str, Person]:
        return {address: person for person in self.people for address in person.emails}

    @cached_property
    def _calendars(self) -> Mapping[str, Calendar]:
        return {calendar.id: calendar for calendar in self.calendars}

    def calendar_of(self, person_id: str | None) -> Calendar:
        """The person's own calendar, or the company's for whoever has none or is a stranger."""
        person = self.person.get(person_id or "")
        return self._calendars[(person and person.calendar) or self.calendar]
