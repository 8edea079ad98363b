"""Where an issue goes: the first rule that fires, else its category's team, else the default."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Urgency
from shared.contracts.organisation import NONE_SAID, Organisation, Rule, When


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


def route(raised: IssueRaised, organisation: Organisation) -> Route:
    """The issue's team and carrier: a reporter inside, else whom rule or product name."""
    rule = next((rule for rule in organisation.rules if fires(rule.when, raised)), None)
    product = raised.product if raised.product in organisation.product else None
    said = raised.category if raised.category in organisation.category else None
    category = said or (rule.category if rule else None)
    person = organisation.person.get(rule.person) if rule and rule.person else None
    team = (
        (rule.team if rule else None)
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
        urgency=raised.urgency or (rule.urgency if rule else None) or Urgency.NORMAL,
        rule=rule.name if rule else None,
    )


def fires(when: When, raised: IssueRaised) -> bool:
    """Whether all that a rule asks for holds; a rule that asks for nothing always fires."""
    return (
        (not when.product or (raised.product or NONE_SAID) in when.product)
        and (not when.category or (raised.category or NONE_SAID) in when.category)
        and (not when.source or raised.source in when.source)
        and (not when.urgency or (raised.urgency or Urgency.NORMAL) in when.urgency)
        and (not when.language or raised.language in when.language)
        and (not when.to or not {one.lower() for one in raised.addressed_to}.isdisjoint(when.to))
        and all(raised.fields.get(field) in asked for field, asked in when.fields.items())
        and (not when.words or _says_any(when.words, raised))
    )


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


def _says_any(words: tuple[str, ...], raised: IssueRaised) -> bool:
    text = _plain(f"{raised.summary}\n{raised.description}")
    return any(_plain(word) in text for word in words)


def _plain(text: str) -> str:
    """Full and half width, large and small, are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


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
