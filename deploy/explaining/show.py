"""What became of the rules for an issue, and who would get it, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from services.intake.names import Names
from services.intake.reasons import explain
from services.router.rules import Condition, Outcome, Tried
from services.router.trial import Trial
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Urgency
from shared.contracts.organisation import (
    NONE_SAID,
    Organisation,
    Rule,
    Rung,
    WeekHours,
    When,
)
from shared.language import Words


@dataclass(frozen=True, slots=True)
class Failed:
    """A condition that did not hold."""

    condition: Condition
    asked: str
    found: str


def as_lines(
    trial: Trial,
    raised: IssueRaised,
    doubts: Sequence[str],
    organisation: Organisation,
    _: Words,
) -> Iterator[str]:
    """All of it, for people."""
    for doubt in doubts:
        yield f"! {doubt}"
    yield _("Rules")
    if not trial.tried:
        yield "  " + _("There are none.")
    for number, tried in enumerate(trial.tried, 1):
        yield f"  {_mark(tried.outcome)} {number} {tried.rule.name}: {_outcome(tried, _)}"
        for one in failures(tried, raised, organisation, _):
            what, asked, found = _what(one.condition, _), one.asked, one.found
            yield "      " + _(
                "%(what)s: asks for %(asked)s; here: %(found)s", what=what, asked=asked, found=found
            )
    yield _("Who gets it")
    yield from (f"  {line}" for line in _who(trial, organisation, _))
    yield _("By when")
    yield from (f"  {line}" for line in _when(trial, organisation, _))


def as_json(
    trial: Trial,
    raised: IssueRaised,
    doubts: Sequence[str],
    organisation: Organisation,
    _: Words,
) -> dict[str, Any]:
    """All of it, for programs; sentences are in the language of `_`."""
    issue, route = trial.assigned.issue, trial.route
    return {
        "doubts": list(doubts),
        "rules": [
            {
                "number": number,
                "name": tried.rule.name,
                "outcome": tried.outcome,
                "failed": [
                    {"condition": one.condition, "asked": one.asked, "found": one.found}
                    for one in failures(tried, raised, organisation, _)
                ],
            }
            for number, tried in enumerate(trial.tried, 1)
        ],
        "route": {
            "rule": route.rule,
            "team": route.team_id,
            "person": route.person_id,
            "rota": route.rota_id,
            "schedule": route.schedule_id,
            "carrier": route.carrier_id,
            "product": route.product,
            "category": route.category,
            "urgency": route.urgency,
            "unclear": route.unclear,
        },
        "owner": issue.owner_id,
        "why": list(_who(trial, organisation, _)),
        "because": trial.assigned.because,
        "reasons": trial.assigned.reasons.model_dump(mode="json", exclude_defaults=True),
        "policy": {
            "name": issue.policy,
            "acknowledge_by": _iso(issue.next_step_at),
            "answer_by": _iso(trial.answer_by),
            "resolve_by": _iso(trial.resolve_by),
            "ladder": [rung.model_dump(mode="json") for rung in trial.policy.ladder],
        },
    }


def failures(
    tried: Tried, raised: IssueRaised, organisation: Organisation, _: Words
) -> Iterator[Failed]:
    """What did not hold, each with what the rule asks for and what there is instead."""
    for condition in tried.failed:
        asked, found = _asked_and_found(condition, tried.rule.when, raised, organisation, _)
        yield Failed(condition, asked, found)


def _mark(outcome: Outcome) -> str:
    match outcome:
        case Outcome.FIRED:
            return "→"
        case Outcome.BEATEN:
            return "="
        case Outcome.FAILED:
            return "-"
        case _:
            assert_never(outcome)


def _outcome(tried: Tried, _: Words) -> str:
    match tried.outcome:
        case Outcome.FIRED:
            return _("fires (%(does)s)", does=_does(tried.rule))
        case Outcome.BEATEN:
            return _("would fire too, but a rule before it does")
        case Outcome.FAILED:
            return _("does not fire")
        case _:
            assert_never(tried.outcome)


def _does(rule: Rule) -> str:
    """What a rule says, as the file does."""
    said = rule.model_dump(mode="json", exclude={"name", "when", "policy"}, exclude_none=True)
    policies = dict.fromkeys(rule.policy.values())
    return ", ".join(
        [*(f"{key}: {value}" for key, value in said.items()), *(f"policy: {p}" for p in policies)]
    )


def _what(condition: Condition, _: Words) -> str:
    match condition:
        case Condition.PRODUCT:
            return _("product")
        case Condition.CATEGORY:
            return _("category")
        case Condition.SOURCE:
            return _("way in")
        case Condition.URGENCY:
            return _("urgency")
        case Condition.LANGUAGE:
            return _("language")
        case Condition.TO:
            return _("address of the mail")
        case Condition.CUSTOMER:
            return _("customer")
        case Condition.FIELDS:
            return _("answers in the form")
        case Condition.DURING:
            return _("time")
        case Condition.AT_WORK:
            return _("working time")
        case Condition.WORDS:
            return _("words")
        case _:
            assert_never(condition)


def _asked_and_found(
    condition: Condition, when: When, raised: IssueRaised, organisation: Organisation, _: Words
) -> tuple[str, str]:
    nothing = _("nothing")
    match condition:
        case Condition.PRODUCT:
            return _any(when.product, _), raised.product or nothing
        case Condition.CATEGORY:
            return _any(when.category, _), raised.category or nothing
        case Condition.SOURCE:
            return _any(when.source, _), raised.source
        case Condition.URGENCY:
            return _any(when.urgency, _), raised.urgency or Urgency.NORMAL
        case Condition.LANGUAGE:
            return _any(when.language, _), raised.language
        case Condition.TO:
            return _any(when.to, _), ", ".join(raised.addressed_to) or nothing
        case Condition.CUSTOMER:
            return _any(when.customer, _), raised.customer or nothing
        case Condition.FIELDS:
            missing = {
                field: answers
                for field, answers in when.fields.items()
                if raised.fields.get(field) not in answers
            }
            asked = "; ".join(f"{field} = {_any(one, _)}" for field, one in missing.items())
            found = "; ".join(f"{one} = {raised.fields.get(one) or nothing}" for one in missing)
            return asked, found
        case Condition.DURING:
            wall = raised.occurred_at.astimezone(_zone(organisation))
            return _week(when.during, _), f"{_.weekday(wall.weekday())} {wall:%H:%M}"
        case Condition.AT_WORK:
            inside, outside = _("working time"), _("outside working time")
            return (inside, outside) if when.at_work else (outside, inside)
        case Condition.WORDS:
            return _any(when.words, _), _("none of them")
        case _:
            assert_never(condition)


def _any(values: Sequence[str], _: Words) -> str:
    spelt = [_("nothing") if value == NONE_SAID else value for value in values]
    if len(spelt) <= _FEW:
        return _(" or ").join(spelt)
    return _("one of %(values)s", values=_.listed(spelt))


_FEW = 2
"""More of them read better as a list."""


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _week(week: WeekHours, _: Words) -> str:
    return _.listed(
        f"{_.weekday(number)} "
        + " ".join(f"{_minute(start)}-{_minute(end)}" for start, end in week[day])
        for number, day in enumerate(_DAYS)
        if week.get(day)
    )


def _minute(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _who(trial: Trial, organisation: Organisation, _: Words) -> Iterator[str]:
    names, issue, route = Names(organisation, _), trial.assigned.issue, trial.route
    owner = names.owner(issue)
    because, reasons = trial.assigned.because, trial.assigned.reasons
    reader = organisation.leader
    why = explain(
        because, reasons, owner, organisation, _, category=issue.category, reader_id=reader
    )
    yield _.member(owner.name, owner.team_name)
    yield why.sentence
    yield from why.how
    if route.unclear:
        yield _("Neither a rule nor a category says where it belongs.")
    if why.others:
        yield _("Why not the others:")
        yield from (f"  {other}" for other in why.others)
    yield _("Carried by %(name)s.", name=names.person(route.carrier_id))


def _when(trial: Trial, organisation: Organisation, _: Words) -> Iterator[str]:
    issue, policy = trial.assigned.issue, trial.policy
    zone, now = _zone(organisation).key, trial.assigned.occurred_at

    def at(instant: datetime) -> str:
        return _.time(instant, zone, now)

    if issue.policy is not None:
        yield _("Policy: %(name)s", name=issue.policy)
    else:
        yield _("Policy: that of urgency “%(name)s”", name=issue.urgency)
    yield _("Taken or declined by %(time)s", time=at(issue.next_step_at or now))
    yield _("First answer by %(time)s", time=at(trial.answer_by))
    yield _("Solved by %(time)s", time=at(trial.resolve_by))
    if policy.remind_before:
        share = f"{round(policy.remind_before * 100)}%"
        yield _("Reminder while %(share)s of the time is left", share=share)
    yield _("After a missed deadline, each in working time since the step before:")
    for number, rung in enumerate(policy.ladder):
        yield f"  {_rung(rung, organisation, _, first=number == 0)}"


def _rung(rung: Rung, organisation: Organisation, _: Words, *, first: bool) -> str:
    after, names = _after(rung.after, _, first=first), Names(organisation, _)
    whom = _whom(rung, names, _)
    match rung.do:
        case "remind":
            said = _("%(after)s: a reminder", after=after)
        case "tell":
            said = _("%(after)s: %(whom)s is told, too", after=after, whom=whom)
        case "give":
            said = _("%(after)s: it goes to %(whom)s", after=after, whom=whom)
        case _:
            assert_never(rung.do)
    return said + (_.aside(rung.name.in_(_.language)) if rung.name else "")


def _whom(rung: Rung, names: Names, _: Words) -> str:
    if rung.whom is not None:
        return names.anybody(rung.whom)
    return _("the team's lead") if rung.to == "lead" else _("the leader")


def _after(span: timedelta, _: Words, *, first: bool) -> str:
    hours, minutes = divmod(int(span.total_seconds() // 60), 60)
    said = [_.many("one hour", "%(count)s hours", hours)] if hours else []
    if minutes:
        said.append(_.many("one minute", "%(count)s minutes", minutes))
    if said:
        return _("after %(span)s", span=" ".join(said))
    return _("at the deadline") if first else _("at the same time")


def _zone(organisation: Organisation) -> ZoneInfo:
    return ZoneInfo(organisation.calendar_named(None).zone)


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
