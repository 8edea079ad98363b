"""The organisation: people, teams, products, categories, causes, rules, calendars, policies.

One file says all of it. `services/router/organisation.py` reads and checks that file; everybody
else hears it whole in `organisation.published` and keeps the last one heard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
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


WeekHours = Annotated[dict[str, list[tuple[int, int]]], BeforeValidator(_read_hours)]
"""Minutes after midnight per weekday, written `{mon-fri: 09:00-12:00 13:00-18:00}`."""


class Calendar(Part):
    """When somebody works."""

    id: Id
    zone: str = "Asia/Tokyo"
    """IANA time zone."""
    holidays: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")] | None = (
        None
    )
    """Country (and region) whose public holidays are free, such as JP or DE-BY."""
    hours: WeekHours
    closed: tuple[date, ...] = ()
    """More free days, such as the company's own."""


class Channel(StrEnum):
    """A way out."""

    INBOX = "inbox"
    EMAIL = "email"
    SLACK = "slack"
    TEAMS = "teams"
    MATRIX = "matrix"
    CHATWORK = "chatwork"
    LINEWORKS = "lineworks"
    APPRISE = "apprise"
    """Anything else, one way: Mattermost, Discord, Google Chat, ntfy, ..."""
    WEBHOOK = "webhook"
    """Another system."""


Way = Literal[
    Channel.EMAIL,
    Channel.SLACK,
    Channel.TEAMS,
    Channel.MATRIX,
    Channel.CHATWORK,
    Channel.LINEWORKS,
    Channel.APPRISE,
]
"""A channel by which a person is told."""


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
    languages: tuple[Language, ...] = ()
    """In which they can work on an issue; none said means all."""
    hours: WeekHours | None = None
    """Their own working hours instead of their calendar's, whose zone and free days still hold."""
    limit: Annotated[int, Field(ge=0)] | None = None
    """Most open issues at a time; none said means that only their load counts."""
    substitute: Id | None = None
    """Who has their work while they are away, where they name nobody themselves."""
    since: date | None = None
    """When they began in this kind of work, here or elsewhere: their experience."""
    companion: bool = False
    """Willing, and experienced enough, to run alongside somebody who is alone with what they
    carry."""
    chat: dict[Way, Annotated[str, StringConstraints(min_length=1, max_length=300)]] = Field(
        default_factory=dict
    )
    """Where they are reached by chat: their member id in Slack (`U024BE7LH`), in Matrix
    (`@kimura:example.com`), in Chatwork the number of the room shared with Banso, in LINE WORKS
    their user id; in Teams and Apprise the name that the operator gave to the place."""


class Tier(StrEnum):
    """How much of load and isolation may be seen outside Banso (docs/privacy.md)."""

    TEAMS = "teams"
    """Nothing about any one person."""
    NAMES = "names"
    """By person, on an endpoint of its own."""


class Privacy(Part):
    """Who may see what is computed about people. The person always sees their own figure."""

    tier: Tier = Tier.TEAMS
    agreement: Annotated[str, StringConstraints(min_length=10, max_length=300)] | None = None
    """What allows names, such as the works agreement with its date; `names` needs it."""
    smallest_group: Annotated[int, Field(ge=3)] | None = None
    """Smaller groups are not shown by themselves; none said means 5, and 10 with a company that
    keeps Japanese holidays, after the rule for stress checks."""

    @model_validator(mode="after")
    def _names_are_agreed(self) -> Self:
        if self.tier == Tier.NAMES and self.agreement is None:
            raise PydanticCustomError(
                "privacy",
                "say in `agreement:` which agreement with the people allows their names, "
                "and of which day",
            )
        return self


class Rota(Part):
    """People who take turns."""

    id: Id
    name: Text
    people: Annotated[tuple[Id, ...], Field(min_length=1)]
    """In the order of their turns."""
    starts: datetime
    """When the first one's first turn begins, in the zone of the rota's calendar."""
    every: Annotated[str, StringConstraints(max_length=300)] = "FREQ=WEEKLY"
    """When turns change, as an RRULE (RFC 5545) from `starts` on."""
    calendar: Id | None = None


class Shift(Part):
    """Who has it at certain times."""

    during: WeekHours | None = None
    """Hours of the week; none said means always."""
    first: date | None = None
    last: date | None = None
    """Days from and to which it holds, both included."""
    person: Id | None = None
    team: Id | None = None
    rota: Id | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if sum(one is not None for one in (self.person, self.team, self.rota)) != 1:
            raise PydanticCustomError("shift", "say one of `person:`, `team:` and `rota:`")
        return self


class Schedule(Part):
    """Who has it when: the first shift that holds at the time."""

    id: Id
    name: Text
    shifts: Annotated[tuple[Shift, ...], Field(min_length=1)]
    calendar: Id | None = None
    """Whose zone the hours are in."""


class Choice(Part):
    id: Id
    name: Text


def _read_policies(value: Any) -> Any:
    return dict.fromkeys(Urgency, value) if isinstance(value, str) else value


PolicyNames = Annotated[dict[Urgency, Id], BeforeValidator(_read_policies)]
"""Names of `more_policies` by urgency; one name alone holds for every urgency."""


JsonPath = Annotated[str, StringConstraints(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=200)]
"""Where something stands in a JSON message: names and numbers with dots, `alerts.0.labels.job`;
`*` is each of several."""


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
    policy: PolicyNames = Field(default_factory=dict)
    """Another policy than the urgency's own, for each urgency or for all."""


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
    whom: Id | None = None
    """Somebody else than lead or leader: a person, or whoever a rota or schedule names then."""
    name: Text | None = None
    """What people call this step."""

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        named = sum(one is not None for one in (self.to, self.whom))
        if named != (0 if self.do == "remind" else 1):
            raise PydanticCustomError(
                "rung",
                "tell and give need `to: lead`, `to: leader` or `whom: ID`; remind has none",
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
    remind_before: Annotated[float, Field(ge=0, lt=1)] = 0
    """The share of a step's time that is left when whoever has to act is reminded beforehand; 0
    means never. 0.25 of 4h: one hour before."""
    lasts: WorkingTime | None = None
    """How long an owner's yes counts when nothing happens after it; none said means that only the
    deadlines count."""
    wait_within: WorkingTime = 2 * WORKING_DAY
    """How long carrier or customer may take to say more, before they are reminded of it."""
    snooze_at_most: WorkingTime = 5 * WORKING_DAY
    """How far an owner may put it off at a time."""

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
    customer: Several[Annotated[str, StringConstraints(min_length=1)]] = ()
    """The customer's name, whatever its width or case; `*` stands for anything."""
    during: WeekHours = Field(default_factory=dict)
    """Hours of the week in which it was brought in, in the company's zone."""
    at_work: bool | None = None
    """Whether it was brought in during the company's working time."""


class Rule(Part):
    """The first rule that fires says where an issue goes."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    when: When
    team: Id | None = None
    person: Id | None = None
    category: Id | None = None
    urgency: Urgency | None = None
    carrier: Id | None = None
    rota: Id | None = None
    schedule: Id | None = None
    policy: PolicyNames = Field(default_factory=dict)


class Triage(Part):
    """What happens where no rule and no category says where an issue belongs."""

    person: Id
    """Sorts what history could not tell."""
    sure: Annotated[float, Field(gt=0, le=1)] = 0.8
    """From which probability on the likeliest guess is followed."""


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
    ends: dict[JsonPath, Several[str]] = Field(default_factory=dict)
    """Messages with one of these values say that it is over: they are told to whoever has the open
    issue, and never begin one."""
    tells: bool = False
    """Whether whoever has the open issue is told of each further message that is not the same."""


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
    more_policies: dict[Id, Policy] = Field(default_factory=dict)
    """Policies by name, for categories and rules that need their own."""
    rotas: tuple[Rota, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    triage: Triage | None = None
    rules: tuple[Rule, ...] = ()
    fields: tuple[FormField, ...] = ()
    web: Web = Web()
    hooks: tuple[Hook, ...] = ()
    companion_coordinator: Id | None = None
    """Who hears that somebody may need a companion; none said means the leader."""
    privacy: Privacy = Privacy()
    channels: Annotated[tuple[Way, ...], Field(min_length=1)] = (Channel.EMAIL,)
    """How people are told, the first choice first; each is told by the first on which they can be
    reached. Mail is always the last resort."""

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
    def rota(self) -> Mapping[str, Rota]:
        return {rota.id: rota for rota in self.rotas}

    @cached_property
    def schedule(self) -> Mapping[str, Schedule]:
        return {schedule.id: schedule for schedule in self.schedules}

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
        """The person's calendar with their own hours, or the company's for whoever has none or is
        a stranger."""
        own = self._own_calendars.get(person_id or "")
        return own or self._calendars[self.calendar]

    def calendar_named(self, calendar_id: str | None) -> Calendar:
        """A calendar by its id, or the company's."""
        return self._calendars[calendar_id or self.calendar]

    @cached_property
    def _own_calendars(self) -> Mapping[str, Calendar]:
        """Equal hours share one calendar, so that their working time is computed once."""
        shared: dict[str, Calendar] = {}
        own: dict[str, Calendar] = {}
        for person in self.people:
            calendar = self._calendars.get(person.calendar or self.calendar)
            if calendar is not None and person.hours is not None:
                key = f"{calendar.id} {sorted(person.hours.items())}"
                with_hours = calendar.model_copy(update={"hours": person.hours})
                calendar = shared.setdefault(key, with_hours)
            if calendar is not None:
                own[person.id] = calendar
        return own
