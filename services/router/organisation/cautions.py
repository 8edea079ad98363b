"""What is odd: Banso can do what the file says, but somebody surely meant something else.

What depends on the day on which the file is read is told here, too, since a file that was good
must not stop being so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.router.organisation import coverage, reach
from services.router.organisation.consistency import policies
from services.router.organisation.findings import Place, Remark
from services.router.organisation.reach import Never
from services.router.rules import Condition
from shared import load
from shared.contracts.issue import Source, Urgency
from shared.contracts.organisation import NONE_SAID, Organisation, Person, Policy, Rule


def remarks(organisation: Organisation, now: datetime) -> Iterator[Remark]:
    """Everything to look at again, in no particular order."""
    for one in reach.never(organisation):
        yield _never(one, organisation)
    for n, rule in enumerate(organisation.rules):
        yield from _asked_of_a_mail(rule, n)
        yield from _asked_by_nobody(rule, n, organisation)
        yield from _carries_and_owns(rule, n, organisation)
    yield from _cannot_take(organisation)
    yield from _nobody_for_the_leader(organisation)
    yield from _nobody_runs_alongside(organisation)
    yield from _circles(organisation)
    yield from _unused(organisation)
    for place, policy in policies(organisation):
        yield from _beyond_the_leader(policy, place)
    yield from coverage.remarks(organisation, now)


def _never(one: Never, organisation: Organisation) -> Remark:
    rule = organisation.rules[one.number]
    place: Place = ("rules", one.number)
    if one.contradiction:
        why = " and ".join(map(_contradiction, one.contradiction))
        return Remark(
            (*place, "when"),
            f"rule `{rule.name}` never fires: {why}",
            "Correct what it asks for, or remove the rule",
        )
    if one.because is None:
        problem = "the rules before it fire whenever it would"
    else:
        before = organisation.rules[one.because].name
        problem = f"rule `{before}` ({one.because + 1}) fires whenever it would, and comes first"
    return Remark(
        place,
        f"rule `{rule.name}` never fires: {problem}",
        "Put it before them, ask for less there, or remove it",
    )


def _contradiction(condition: Condition) -> str:
    match condition:
        case Condition.DURING | Condition.AT_WORK:
            return "no minute of the week is as its times (`during:`, `at_work:`) say"
        case Condition.SOURCE | Condition.TO:
            return "only a mail comes to an address (`to:`), and its `source:` leaves mail out"
        case _:
            return f"no issue can be as its `{condition.value}:` says"


def _asked_of_a_mail(rule: Rule, n: int) -> Iterator[Remark]:
    """A mail is plain words: it names no product, category, customer or field."""
    when = rule.when
    if not when.to and set(when.source) != {Source.EMAIL}:
        return
    asked = {
        "product": bool(when.product) and NONE_SAID not in when.product,
        "category": bool(when.category) and NONE_SAID not in when.category,
        "urgency": bool(when.urgency) and Urgency.NORMAL not in when.urgency,
        "customer": bool(when.customer),
        "fields": bool(when.fields),
    }
    for key in (key for key, is_asked in asked.items() if is_asked):
        yield Remark(
            ("rules", n, "when", key),
            f"rule `{rule.name}` never fires: it is for mail, and no mail says its {key}",
            "Ask for `words:` or `to:` instead",
        )


def _asked_by_nobody(rule: Rule, n: int, organisation: Organisation) -> Iterator[Remark]:
    """The form asks for a field only with some products and categories."""
    when = rule.when
    asking = [
        *(one.fields for one in organisation.products if _lets(when.product, one.id)),
        *(one.fields for one in organisation.categories if _lets(when.category, one.id)),
    ]
    for field in when.fields:
        if not any(field in fields for fields in asking):
            yield Remark(
                ("rules", n, "when", "fields", field),
                f"the form never asks for `{field}` where rule `{rule.name}` waits for it",
                "Add it to the `fields:` of a product or category that the rule asks for",
            )


def _lets(asked: tuple[str, ...], value: str) -> bool:
    return not asked or value in asked


def _carries_and_owns(rule: Rule, n: int, organisation: Organisation) -> Iterator[Remark]:
    """Nobody is given what they carry."""
    if rule.carrier is None:
        return
    team = () if rule.team is None else organisation.members[rule.team]
    alone = rule.person is None and [person.id for person in team] == [rule.carrier]
    if rule.person == rule.carrier or alone:
        yield Remark(
            ("rules", n, "carrier"),
            f"rule `{rule.name}` lets `{rule.carrier}` carry what only they could get, so that it"
            " goes to a lead",
            "Name another `carrier:`, or another team",
        )


def _cannot_take(organisation: Organisation) -> Iterator[Remark]:
    """Teams in which nobody may ever be given anything."""
    for n, team in enumerate(organisation.teams):
        if all(person.limit == 0 for person in organisation.members[team.id]):
            yield Remark(
                ("teams", n),
                f"nobody in team `{team.id}` may be given anything: each has `limit: 0`",
                "Give somebody a higher limit, or none",
            )
    for n, category in enumerate(organisation.categories):
        members = organisation.members[category.team or organisation.default_team]
        if not any(_can(person, category.id) for person in members):
            yield Remark(
                ("categories", n, "team"),
                f"nobody in team `{members[0].team}` has the skill for category `{category.id}`",
                f"Give somebody a skill of at least {load.LEAST_SKILL}, or choose another team",
            )
    carriers = [person.id for person in organisation.members[organisation.default_team]]
    if carriers == [organisation.default_carrier]:
        yield Remark(
            ("default_carrier",),
            f"`{organisation.default_carrier}` is alone in the default team, and nobody is given"
            " what they carry",
            "Name another `default_carrier:`, or put somebody else in the team",
        )


def _can(person: Person, category: str) -> bool:
    return person.skills.get(category, 1.0) >= load.LEAST_SKILL


def _nobody_for_the_leader(organisation: Organisation) -> Iterator[Remark]:
    """Whatever climbs up goes on to the leader while they are away, if nobody acts for them."""
    leader = organisation.person[organisation.leader]
    if leader.substitute is None:
        yield Remark(
            ("people", organisation.people.index(leader)),
            f"nobody stands in for the leader `{leader.id}`",
            "Name a `substitute:`, best from another team: they decide while the leader is away",
        )


def _nobody_runs_alongside(organisation: Organisation) -> Iterator[Remark]:
    """Whoever is left alone with what they carry gets a companion."""
    if not any(person.companion for person in organisation.people):
        yield Remark(
            ("people",),
            "nobody would run alongside a carrier who is left alone, so the leader always has to",
            "Give `companion: true` to some people who are willing and experienced",
        )


def _circles(organisation: Organisation) -> Iterator[Remark]:
    """People who stand in for each other, where the team has nobody besides them.

    Two who do are the usual case, and where others are left in the team these have the work when
    both are away.
    """
    told: set[str] = set()
    for n, person in enumerate(organisation.people):
        circle = _circle(person, organisation)
        if not circle or not told.isdisjoint(circle):
            continue
        told |= set(circle)
        teams = {organisation.person[one].team for one in circle}
        if all(member.id in circle for team in teams for member in organisation.members[team]):
            yield Remark(
                ("people", n, "substitute"),
                f"{' and '.join(f'`{one}`' for one in circle)} stand in for each other, and their"
                " team has nobody else: while all are away it goes to a lead",
                "Name somebody from another team as `substitute:` of one of them",
            )


def _circle(person: Person, organisation: Organisation) -> list[str]:
    """Everybody from this person on, where substitutes lead back to them; else nobody."""
    found: list[str] = []
    at: Person | None = person
    while at is not None and at.id not in found:
        found.append(at.id)
        at = organisation.person.get(at.substitute or "")
    return found if at is not None and at.id == person.id else []


def _unused(organisation: Organisation) -> Iterator[Remark]:
    """Policies under which no issue ever is."""
    said = [
        *(category.policy for category in organisation.categories),
        *(rule.policy for rule in organisation.rules),
    ]
    used = {name for policy in said for name in policy.values()}
    for name in organisation.more_policies:
        if name not in used:
            yield Remark(
                ("more_policies", name),
                f"nothing has the policy `{name}`",
                f"Write `policy: {name}` in a category or a rule, or remove it",
            )


def _beyond_the_leader(policy: Policy, place: Place) -> Iterator[Remark]:
    """Once the leader owns an issue nobody further up can be told or given it."""
    last = next(
        n for n, rung in enumerate(policy.ladder) if rung.to == "leader" and rung.do == "give"
    )
    for n, rung in enumerate(policy.ladder[last + 1 :], last + 1):
        if rung.do != "remind":
            yield Remark(
                (*place, "ladder", n),
                "this step is never taken: the leader has the issue by then",
                "Put it before `do: give, to: leader`, or remove it",
            )
