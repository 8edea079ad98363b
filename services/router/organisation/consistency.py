"""What can't be: the file is well-formed, but Banso could not do what it says.

Nothing here depends on the time at which the file is read, so that a file which was good stays
good. What is only odd, or only today, is a matter for `cautions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from services.router import rota, rules
from services.router.organisation.findings import Place, Remark
from services.router.rota import TurnsUnusable
from shared.contracts.organisation import (
    NONE_SAID,
    Calendar,
    Organisation,
    Policy,
    PolicyNames,
    Rota,
    Rule,
    Schedule,
    When,
)

LEAST_PAUSE = timedelta(minutes=15)
"""Between two reminders of the same thing."""

_ADD = {
    "person": "Add them under `people:`, or correct it",
    "team": "Add it under `teams:`, or correct it",
    "category": "Add it under `categories:`",
    "calendar": "Add it under `calendars:`",
    "product": "Add it under `products:`, or correct it",
    "field": "Add it under `fields:`, or correct it",
    "rota": "Add it under `rotas:`, or correct it",
    "schedule": "Add it under `schedules:`, or correct it",
    "policy": "Add it under `more_policies:`, or correct it",
}


def remarks(organisation: Organisation) -> Iterator[Remark]:
    """Everything that names what isn't there, or can't be as it is said."""
    names = _Names(organisation)
    yield from _ids_twice(organisation)
    yield from _ids_shared(organisation)
    yield from names.person(organisation.leader, "leader")
    yield from names.team(organisation.default_team, "default_team")
    yield from names.person(organisation.default_carrier, "default_carrier")
    yield from names.person(organisation.companion_coordinator, "companion_coordinator")
    yield from names.calendar(organisation.calendar, "calendar")
    for n, calendar in enumerate(organisation.calendars):
        yield from _calendar(calendar, n)
    yield from _teams_and_people(organisation, names)
    yield from _what_is_asked(organisation, names)
    for n, a_rota in enumerate(organisation.rotas):
        yield from _rota(a_rota, n, names)
    for n, schedule in enumerate(organisation.schedules):
        yield from _schedule(schedule, n, names)
    for place, policy in policies(organisation):
        yield from _policy(policy, place, names)
    if organisation.triage is not None:
        yield from names.person(organisation.triage.person, "triage", "person")
    for n, rule in enumerate(organisation.rules):
        yield from _rule(rule, n, organisation, names)


def policies(organisation: Organisation) -> Iterator[tuple[Place, Policy]]:
    """Every policy, with its place in the file."""
    for urgency, policy in organisation.policies.items():
        yield ("policies", urgency.value), policy
    for name, policy in organisation.more_policies.items():
        yield ("more_policies", name), policy


class _Names:
    """Whether what somebody names is there."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._calendars = {calendar.id for calendar in organisation.calendars}

    def person(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        yield from self._is_in(self._organisation.person, "person", value, place)

    def team(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        yield from self._is_in(self._organisation.team, "team", value, place)

    def category(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        yield from self._is_in(self._organisation.category, "category", value, place)

    def product(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        yield from self._is_in(self._organisation.product, "product", value, place)

    def field(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        yield from self._is_in(self._organisation.field, "field", value, place)

    def calendar(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        yield from self._is_in(self._calendars, "calendar", value, place)

    def rota(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        yield from self._is_in(self._organisation.rota, "rota", value, place)

    def schedule(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        yield from self._is_in(self._organisation.schedule, "schedule", value, place)

    def policies(self, names: PolicyNames, *place: str | int) -> Iterator[Remark]:
        for name in dict.fromkeys(names.values()):
            yield from self._is_in(self._organisation.more_policies, "policy", name, place)

    def somebody(self, value: str | None, *place: str | int) -> Iterator[Remark]:
        """A person, or whoever a rota or schedule names."""
        known = self._organisation
        if value is not None and not any(
            value in ids for ids in (known.person, known.rota, known.schedule)
        ):
            yield Remark(
                place,
                f"`{value}` is no person, rota or schedule",
                "Write the id of one of them, or use `to: lead`",
            )

    @staticmethod
    def _is_in(
        known: Collection[str], kind: str, value: str | None, place: Place
    ) -> Iterator[Remark]:
        if value is not None and value not in known:
            yield Remark(place, f"there is no {kind} `{value}`", _ADD[kind])


def _teams_and_people(organisation: Organisation, names: _Names) -> Iterator[Remark]:
    for n, team in enumerate(organisation.teams):
        yield from names.person(team.lead, "teams", n, "lead")
        if not organisation.members[team.id]:
            yield Remark(
                ("teams", n),
                f"nobody is in team `{team.id}`",
                f"Give somebody `team: {team.id}`, or remove the team",
            )
    for n, person in enumerate(organisation.people):
        yield from names.team(person.team, "people", n, "team")
        yield from names.calendar(person.calendar, "people", n, "calendar")
        yield from names.person(person.substitute, "people", n, "substitute")
        for skill in person.skills:
            yield from names.category(skill, "people", n, "skills", skill)
        if person.substitute == person.id:
            yield Remark(
                ("people", n, "substitute"),
                f"`{person.id}` can't be their own substitute",
                "Name somebody else, or remove the line",
            )
        if person.hours is not None and not any(person.hours.values()):
            yield Remark(
                ("people", n, "hours"),
                f"`{person.id}` never works",
                "Write hours such as {mon-thu: 09:00-12:00}, or remove the line",
            )


def _what_is_asked(organisation: Organisation, names: _Names) -> Iterator[Remark]:
    for n, product in enumerate(organisation.products):
        yield from names.person(product.carrier, "products", n, "carrier")
        for m, asked in enumerate(product.fields):
            yield from names.field(asked, "products", n, "fields", m)
    for n, category in enumerate(organisation.categories):
        yield from names.team(category.team, "categories", n, "team")
        yield from names.policies(category.policy, "categories", n, "policy")
        for m, asked in enumerate(category.fields):
            yield from names.field(asked, "categories", n, "fields", m)
    for n, hook in enumerate(organisation.hooks):
        yield from names.person(hook.reporter, "hooks", n, "reporter")


def _rota(a_rota: Rota, n: int, names: _Names) -> Iterator[Remark]:
    yield from names.calendar(a_rota.calendar, "rotas", n, "calendar")
    for m, person in enumerate(a_rota.people):
        yield from names.person(person, "rotas", n, "people", m)
    try:
        rota.check(a_rota)
    except TurnsUnusable as unusable:
        yield Remark(
            ("rotas", n, unusable.part),
            f"rota `{a_rota.id}`: {unusable.problem}",
            unusable.remedy,
        )


def _schedule(schedule: Schedule, n: int, names: _Names) -> Iterator[Remark]:
    yield from names.calendar(schedule.calendar, "schedules", n, "calendar")
    for m, shift in enumerate(schedule.shifts):
        yield from names.person(shift.person, "schedules", n, "shifts", m, "person")
        yield from names.team(shift.team, "schedules", n, "shifts", m, "team")
        yield from names.rota(shift.rota, "schedules", n, "shifts", m, "rota")
        if shift.first is not None and shift.last is not None and shift.last < shift.first:
            yield Remark(
                ("schedules", n, "shifts", m, "last"),
                "the shift ends before it begins",
                "Let `last:` be no day before `first:`",
            )
        if shift.during is not None and not any(shift.during.values()):
            yield Remark(
                ("schedules", n, "shifts", m, "during"),
                "the shift never holds",
                "Write hours such as {sat: 09:00-12:00}, or remove the line",
            )


def _policy(policy: Policy, place: Place, names: _Names) -> Iterator[Remark]:
    for n, rung in enumerate(policy.ladder):
        yield from names.somebody(rung.whom, *place, "ladder", n, "whom")
    spans = {"repeat": policy.repeat, "lasts": policy.lasts, "wait_within": policy.wait_within}
    for name, span in spans.items():
        if span is not None and span < LEAST_PAUSE:
            yield Remark(
                (*place, name),
                f"with so short a `{name}` Banso would remind without end",
                "Write at least 15m of working time",
            )


def _rule(rule: Rule, n: int, organisation: Organisation, names: _Names) -> Iterator[Remark]:
    yield from names.team(rule.team, "rules", n, "team")
    yield from names.person(rule.person, "rules", n, "person")
    yield from names.person(rule.carrier, "rules", n, "carrier")
    yield from names.category(rule.category, "rules", n, "category")
    yield from names.rota(rule.rota, "rules", n, "rota")
    yield from names.schedule(rule.schedule, "rules", n, "schedule")
    yield from names.policies(rule.policy, "rules", n, "policy")
    for asked in rule.when.category:
        if asked != NONE_SAID:
            yield from names.category(asked, "rules", n, "when", "category")
    for asked in rule.when.product:
        if asked != NONE_SAID:
            yield from names.product(asked, "rules", n, "when", "product")
    for asked in rule.when.fields:
        yield from names.field(asked, "rules", n, "when", "fields", asked)
    yield from _unanswerable(rule.when, n, organisation)
    if sum(one is not None for one in (rule.person, rule.rota, rule.schedule)) > 1:
        yield Remark(
            ("rules", n),
            f"rule `{rule.name}` names several who get it",
            "Say one of `person:`, `rota:` and `schedule:`",
        )
    if not (
        rules.names_target(rule) or rule.category or rule.urgency or rule.carrier or rule.policy
    ):
        yield Remark(
            ("rules", n),
            f"rule `{rule.name}` does nothing",
            "Say `team:`, `person:`, `rota:`, `schedule:`, `category:`, `urgency:`, `carrier:` or"
            " `policy:`",
        )


def _unanswerable(when: When, n: int, organisation: Organisation) -> Iterator[Remark]:
    """What a rule waits for, though it can't come."""
    ours = {address.lower() for address in organisation.mail.issues}
    for address in when.to:
        if address not in ours:
            yield Remark(
                ("rules", n, "when", "to"),
                f"`{address}` is none of our addresses",
                "Add it under `mail: issues:`, or correct it",
            )
    for field_id, answers in when.fields.items():
        field = organisation.field.get(field_id)
        choices = {choice.id for choice in field.choices} if field else set()
        for answer in answers:
            if choices and answer not in choices:
                yield Remark(
                    ("rules", n, "when", "fields", field_id),
                    f"`{answer}` is no choice of field `{field_id}`",
                    f"Write one of {', '.join(sorted(choices))}",
                )


def _calendar(calendar: Calendar, n: int) -> Iterator[Remark]:
    if not any(calendar.hours.values()):
        yield Remark(
            ("calendars", n, "hours"),
            f"nobody ever works in calendar `{calendar.id}`",
            "Write hours such as {mon-fri: 09:00-12:00 13:00-18:00}",
        )
    try:
        ZoneInfo(calendar.zone)
    except (KeyError, ValueError, OSError):
        yield Remark(
            ("calendars", n, "zone"),
            f"there is no time zone `{calendar.zone}`",
            "Write one such as Asia/Tokyo",
        )
    country, _, region = (calendar.holidays or "").partition("-")
    try:
        if country:
            holidays.country_holidays(country, subdiv=region or None)
    except NotImplementedError:
        yield Remark(
            ("calendars", n, "holidays"),
            f"no public holidays are known for `{calendar.holidays}`",
            "Write a country code such as JP, or list the days under `closed:`",
        )


def _ids_twice(organisation: Organisation) -> Iterator[Remark]:
    kinds = (
        "calendars",
        "teams",
        "people",
        "products",
        "categories",
        "causes",
        "fields",
        "hooks",
        "rotas",
        "schedules",
    )
    lists: list[tuple[Place, Sequence[Any]]]
    lists = [((kind,), getattr(organisation, kind)) for kind in kinds]
    lists += [(("fields", n, "choices"), one.choices) for n, one in enumerate(organisation.fields)]
    for place, parts in lists:
        counts = Counter(part.id for part in parts)
        for n, part in enumerate(parts):
            if counts[part.id] > 1:
                yield Remark(
                    (*place, n, "id"), f"`{part.id}` is there twice", "Give each its own id"
                )
    addresses = Counter(address for person in organisation.people for address in person.emails)
    for n, person in enumerate(organisation.people):
        for m, address in enumerate(person.emails):
            if addresses[address] > 1:
                yield Remark(
                    ("people", n, "emails", m),
                    f"`{address}` belongs to two people",
                    "Leave it with one of them",
                )


def _ids_shared(organisation: Organisation) -> Iterator[Remark]:
    """Whoever says where an issue goes names a person, team, rota or schedule by its id alone."""
    seen: dict[str, str] = {}
    kinds: dict[str, tuple[Sequence[Any], str]] = {
        "people": (organisation.people, "a person"),
        "teams": (organisation.teams, "a team"),
        "rotas": (organisation.rotas, "a rota"),
        "schedules": (organisation.schedules, "a schedule"),
    }
    for kind, (parts, words) in kinds.items():
        for n, part in enumerate(parts):
            other = seen.setdefault(part.id, words)
            if other != words:
                yield Remark(
                    (kind, n, "id"),
                    f"`{part.id}` is the id of {other} already",
                    "People, teams, rotas and schedules share their ids: give each its own",
                )
