"""Where an issue goes: the first rule that fires, else its category's team, else the default."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

from services.router import rota
from services.router.rota import Holder
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Urgency
from shared.contracts.organisation import NONE_SAID, Organisation, Rule, When
from shared.worktime import working_hours


@dataclass(frozen=True, slots=True)
class Route:
    """What was decided about an issue before anybody was chosen."""

    team_id: str
    person_id: str | None
    carrier_id: str
    product: str | None
    category: str | None
    urgency: Urgency
    rule: str | None
    """Name of the rule that fired."""
    rota_id: str | None = None
    """The rota whose turn it was."""
    schedule_id: str | None = None
    """The schedule that said who has it at this time."""
    policy: str | None = None
    """Name of the policy; None where it is simply the urgency's."""
    unclear: bool = False
    """Neither a rule nor a category says where it belongs, so it goes to the default team."""


class Condition(StrEnum):
    """What a rule may ask of an issue."""

    PRODUCT = "product"
    CATEGORY = "category"
    SOURCE = "source"
    URGENCY = "urgency"
    LANGUAGE = "language"
    TO = "to"
    CUSTOMER = "customer"
    FIELDS = "fields"
    DURING = "during"
    AT_WORK = "at_work"
    WORDS = "words"


class Outcome(StrEnum):
    """What became of a rule for one issue."""

    FIRED = "fired"
    """It says where the issue goes."""
    BEATEN = "beaten"
    """All that it asks for holds, but a rule before it fired."""
    FAILED = "failed"
    """Something that it asks for does not hold."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule, held against one issue."""

    rule: Rule
    outcome: Outcome
    failed: tuple[Condition, ...] = ()
    """What did not hold, all of it."""


class Facts:
    """What rules look at, found out once for each issue."""

    def __init__(self, raised: IssueRaised, organisation: Organisation) -> None:
        self.raised = raised
        self._organisation = organisation

    @cached_property
    def text(self) -> str:
        return plain(f"{self.raised.summary}\n{self.raised.description}")

    @cached_property
    def customer(self) -> str:
        """Empty where nobody named one."""
        return plain_name(self.raised.customer or "")

    @cached_property
    def addresses(self) -> frozenset[str]:
        return frozenset(address.lower() for address in self.raised.addressed_to)

    @cached_property
    def wall(self) -> datetime:
        """When it was brought in, on a clock on the wall of the company."""
        zone = self._organisation.calendar_named(None).zone
        return self.raised.occurred_at.astimezone(ZoneInfo(zone))

    @cached_property
    def at_work(self) -> bool:
        hours = working_hours(self._organisation.calendar_named(None))
        return hours.is_open(self.raised.occurred_at)


def route(raised: IssueRaised, organisation: Organisation) -> Route:
    """The issue's team and carrier: a reporter inside, else whom rule or product name.

    Rotas and schedules are asked who has it at the time at which it was brought in. Where a
    schedule has a gap then, the issue goes where it would go without it.
    """
    facts = Facts(raised, organisation)
    rule = next((rule for rule in organisation.rules if fires(rule.when, facts)), None)
    product = raised.product if raised.product in organisation.product else None
    said = raised.category if raised.category in organisation.category else None
    category = said or (rule.category if rule else None)
    urgency = raised.urgency or (rule.urgency if rule else None) or Urgency.NORMAL
    holder = _holder(rule, organisation, raised.occurred_at) if rule else None
    person = organisation.person.get(holder.person_id) if holder and holder.person_id else None
    team = (
        (holder.team_id if holder else None)
        or (rule.team if rule else None)
        or (person.team if person else None)
        or (organisation.category[category].team if category else None)
        or organisation.default_team
    )
    return Route(
        team_id=team,
        person_id=person.id if person else None,
        carrier_id=_carrier(raised, rule, product, organisation),
        product=product,
        category=category,
        urgency=urgency,
        rule=rule.name if rule else None,
        rota_id=holder.rota_id if holder else None,
        schedule_id=rule.schedule if rule and holder else None,
        policy=policy_name(rule, category, urgency, organisation),
        unclear=category is None and not (rule and names_target(rule)),
    )


def explain(raised: IssueRaised, organisation: Organisation) -> tuple[Tried, ...]:
    """Every rule, in the order of the file: whether it fired, and if not, why not."""
    facts = Facts(raised, organisation)
    tried: list[Tried] = []
    fired = False
    for rule in organisation.rules:
        failed = tuple(one for one in Condition if not _holds(one, rule.when, facts))
        if failed:
            tried.append(Tried(rule, Outcome.FAILED, failed))
        else:
            tried.append(Tried(rule, Outcome.BEATEN if fired else Outcome.FIRED))
            fired = True
    return tuple(tried)


def fires(when: When, facts: Facts) -> bool:
    """Whether all that a rule asks for holds; a rule that asks for nothing always fires."""
    return all(_holds(condition, when, facts) for condition in Condition)


def names_target(rule: Rule) -> bool:
    """Whether the rule itself says who or which team gets the issue."""
    return any((rule.team, rule.person, rule.rota, rule.schedule))


def policy_name(
    rule: Rule | None, category: str | None, urgency: Urgency, organisation: Organisation
) -> str | None:
    """The rule's own policy for this urgency, else the category's; None: the urgency's own."""
    named = rule.policy.get(urgency) if rule else None
    if named is None and category is not None:
        named = organisation.category[category].policy.get(urgency)
    return named


def plain(text: str) -> str:
    """Full and half width, large and small, are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def plain_name(name: str) -> str:
    """As `plain`, and however many spaces stand in it."""
    return " ".join(plain(name).split())


def is_like(name: str, pattern: str) -> bool:
    """Whether a name is as a pattern says, in which `*` stands for anything or nothing.

    Takes time in proportion to the name, whatever the pattern.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    *middle, last = rest
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    reached, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, reached, end)
        if found < 0:
            return False
        reached = found + len(part)
    return True


def others_addressed(raised: IssueRaised, organisation: Organisation) -> tuple[str, ...]:
    """The teams that would have got it at another of the addresses to which it was written."""
    ours = {address.lower() for address in organisation.mail.issues}
    addresses = [one for one in raised.addressed_to if one.lower() in ours]
    if len(addresses) < 2:
        return ()
    alone = (raised.model_copy(update={"addressed_to": (one,)}) for one in addresses)
    teams = dict.fromkeys(route(one, organisation).team_id for one in alone)
    return tuple(team for team in teams if team != route(raised, organisation).team_id)


def followers(
    raised: IssueRaised, owner_id: str, carrier_id: str, organisation: Organisation
) -> list[str]:
    """Who is on copy: whom the reporter names, and the leads of the other teams written to.

    A confidential issue has only those who are named.
    """
    teams = () if raised.confidential else others_addressed(raised, organisation)
    found = dict.fromkeys((*raised.follower_ids, *(organisation.team[one].lead for one in teams)))
    part_of_it = {owner_id, carrier_id, raised.reporter_id}
    return [person_id for person_id in found if person_id not in part_of_it]


def _holds(condition: Condition, when: When, facts: Facts) -> bool:
    """Whether one condition holds; one of which the rule says nothing does."""
    raised = facts.raised
    match condition:
        case Condition.PRODUCT:
            return not when.product or (raised.product or NONE_SAID) in when.product
        case Condition.CATEGORY:
            return not when.category or (raised.category or NONE_SAID) in when.category
        case Condition.SOURCE:
            return not when.source or raised.source in when.source
        case Condition.URGENCY:
            return not when.urgency or (raised.urgency or Urgency.NORMAL) in when.urgency
        case Condition.LANGUAGE:
            return not when.language or raised.language in when.language
        case Condition.TO:
            return not when.to or not facts.addresses.isdisjoint(when.to)
        case Condition.CUSTOMER:
            return not when.customer or _is_customer(when.customer, facts.customer)
        case Condition.FIELDS:
            asked = when.fields.items()
            return all(raised.fields.get(field) in answers for field, answers in asked)
        case Condition.DURING:
            return not when.during or rota.falls_within(when.during, facts.wall)
        case Condition.AT_WORK:
            return when.at_work is None or facts.at_work is when.at_work
        case Condition.WORDS:
            return not when.words or any(_plain_word(word) in facts.text for word in when.words)
        case _:
            assert_never(condition)


def _is_customer(patterns: tuple[str, ...], customer: str) -> bool:
    return customer != "" and any(is_like(customer, _plain_pattern(one)) for one in patterns)


@lru_cache(maxsize=10_000)
def _plain_word(word: str) -> str:
    return plain(word)


@lru_cache(maxsize=10_000)
def _plain_pattern(pattern: str) -> str:
    return plain_name(pattern)


def _holder(rule: Rule, organisation: Organisation, at: datetime) -> Holder | None:
    """Whom the rule's person, rota or schedule means at this time; None where it has none."""
    if rule.person is not None:
        return Holder(rule.person) if rule.person in organisation.person else None
    if rule.rota is not None:
        whose = rota.turn(organisation.rota[rule.rota], organisation, at)
        return Holder(whose.person_id, rota_id=rule.rota)
    if rule.schedule is not None:
        return rota.holder(organisation.schedule[rule.schedule], organisation, at)
    return None


def _carrier(
    raised: IssueRaised, rule: Rule | None, product: str | None, organisation: Organisation
) -> str:
    if raised.on_behalf_of_id in organisation.person:
        return str(raised.on_behalf_of_id)
    if raised.reporter_id in organisation.person:
        return raised.reporter_id
    return (
        (rule.carrier if rule else None)
        or (organisation.product[product].carrier if product else None)
        or organisation.default_carrier
    )
