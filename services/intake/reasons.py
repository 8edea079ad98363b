"""Why somebody owns an issue, and why not the others, in words. Pure.

METRICS.md: people see their own figures. What somebody has in hand stands here as a figure for
that person and for the leader; everybody else reads words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from services.intake.names import Names, Owner
from shared.contracts.issue import (
    AssignedBecause,
    Considered,
    NotChosen,
    Reasons,
)
from shared.contracts.organisation import Organisation
from shared.language import Words


@dataclass(frozen=True, slots=True)
class Why:
    """Why it is this owner."""

    sentence: str = ""
    how: tuple[str, ...] = ()
    """What led there: rule, kind of problem, rota, history, by hand and in spite of what."""
    others: tuple[str, ...] = ()
    """Why not each of the others."""


def explain(
    because: AssignedBecause,
    reasons: Reasons,
    owner: Owner,
    organisation: Organisation,
    _: Words,
    *,
    category: str | None,
    reader_id: str,
) -> Why:
    """All of it, for somebody of the organisation; `category`: the issue's own."""
    names = Names(organisation, _)
    sees_all = reader_id == organisation.leader
    shows_figure = sees_all or reader_id == owner.id
    return Why(
        why(because, reasons, owner, _, with_figures=shows_figure),
        tuple(_how(because, reasons, owner, organisation, names, _, category)),
        tuple(
            why_not(
                other,
                names,
                _,
                with_figures=sees_all or reader_id == other.person_id,
                tied=_is_tied(other, reasons),
            )
            for other in reasons.others
        ),
    )


def why(
    because: AssignedBecause,
    reasons: Reasons,
    owner: Owner,
    _: Words,
    *,
    with_figures: bool = False,
) -> str:
    """Why this owner, in one sentence."""
    name = _.polite(owner.name)
    match because:
        case AssignedBecause.UNROUTABLE:
            return _("Banso could not decide, so %(name)s has it as the leader.", name=name)
        case AssignedBecause.LEADER:
            return _("It had to move up, so %(name)s decides as the leader.", name=name)
        case AssignedBecause.HANDED_OVER:
            return _("It was handed over to %(name)s.", name=name)
        case AssignedBecause.DECLINED:
            return _("The owner before said that it belongs to %(name)s.", name=name)
        case AssignedBecause.REOPENED:
            return _("%(name)s had it before it was reopened.", name=name)
        case AssignedBecause.TAKEN:
            return _("%(name)s has taken it over.", name=name)
        case AssignedBecause.RETURNED:
            return _("%(name)s is back and has it again.", name=name)
        case AssignedBecause.TRIAGE:
            return _("Nobody could tell where it belongs, so %(name)s sorts it.", name=name)
        case (
            AssignedBecause.NEW
            | AssignedBecause.ABSENCE
            | AssignedBecause.LEFT
            | AssignedBecause.DRAINED
        ):
            return _compared(reasons, owner, _, with_figures=with_figures)
        case _ as never:
            assert_never(never)


def _compared(reasons: Reasons, owner: Owner, _: Words, *, with_figures: bool) -> str:
    name = _.polite(owner.name)
    if reasons.over_capacity:
        return _(
            "Nobody in %(team)s can take more now, so %(name)s has it until somebody is free.",
            team=owner.team_name,
            name=name,
        )
    if reasons.named:
        return _named(reasons, name, _)
    if reasons.expected_hours is None:
        return _("%(name)s looks after this.", name=name)
    if reasons.answered_before:
        return _("%(name)s has answered the same person before and has time for it.", name=name)
    if any(_is_tied(other, reasons) for other in reasons.others):
        return _(
            "Several in %(team)s would be through with it as soon, and it is %(name)s's turn.",
            team=owner.team_name,
            name=name,
        )
    if not with_figures:
        return _(
            "Of those in %(team)s who can do it, %(name)s would be through with it first.",
            team=owner.team_name,
            name=name,
        )
    return _(
        "Of those in %(team)s who can do it, %(name)s would be through with it first"
        " (about %(hours)s working hours).",
        team=owner.team_name,
        name=name,
        hours=round(reasons.expected_hours),
    )


_EQUAL_HOURS = 0.011
"""Whoever chooses takes delays for equal that differ by a hundredth of an hour."""


def _is_tied(other: Considered, reasons: Reasons) -> bool:
    """Whether somebody else would have been through with it as soon as the owner."""
    theirs, owners = other.expected_hours, reasons.expected_hours
    if other.reason is not NotChosen.LATER or theirs is None or owners is None:
        return False
    return theirs - owners < _EQUAL_HOURS


def _named(reasons: Reasons, name: str, _: Words) -> str:
    """They have it whether or not somebody else would be sooner."""
    if reasons.substitute_for_id is not None:
        return _("%(name)s stands in for somebody who is away.", name=name)
    if reasons.rota is not None or reasons.schedule is not None:
        return _("%(name)s is on duty, and so has it.", name=name)
    return _("The rule that fired names %(name)s.", name=name)


def _how(
    because: AssignedBecause,
    reasons: Reasons,
    owner: Owner,
    organisation: Organisation,
    names: Names,
    _: Words,
    category: str | None,
) -> Iterator[str]:
    team = names.team(reasons.team_id) or owner.team_name
    of_category = organisation.category.get(category or "")
    new = because in (AssignedBecause.NEW, AssignedBecause.TRIAGE)
    if reasons.rule is not None:
        yield _("The rule “%(rule)s” fired.", rule=reasons.rule)
    elif reasons.guessed and reasons.guesses:
        percent = f"{round(reasons.guesses[0].probability * 100)}%"
        yield _(
            "Earlier issues like this went to %(team)s (probability %(percent)s).",
            team=names.team(reasons.guesses[0].team_id),
            percent=percent,
        )
    elif new and of_category is not None and of_category.team == reasons.team_id and team:
        kind = names.category(category)
        yield _("Issues of the kind “%(kind)s” go to %(team)s.", kind=kind, team=team)
    elif new and reasons.team_id == organisation.default_team:
        yield _("No rule and no kind of problem names another team than %(team)s.", team=team)
    if reasons.guesses and not reasons.guessed:
        guesses = ", ".join(
            f"{names.team(one.team_id)} {round(one.probability * 100)}%" for one in reasons.guesses
        )
        yield _("It fits best: %(guesses)s.", guesses=guesses)
    if reasons.rota is not None:
        rota = names.rota(reasons.rota)
        if reasons.named:
            yield _("It is their turn in “%(rota)s”.", rota=rota)
        else:
            yield _("Nobody of “%(rota)s” can have it.", rota=rota)
    if reasons.schedule is not None:
        yield _(
            "“%(schedule)s” says who has it at this time.",
            schedule=names.schedule(reasons.schedule),
        )
    if reasons.substitute_for_id is not None:
        away = names.person(reasons.substitute_for_id)
        yield _("They stand in for %(name)s, who is away.", name=away)
    if reasons.language_waived:
        yield _("Nobody in %(team)s works in the language of the issue.", team=team)
    if reasons.chosen is not None and reasons.chosen.reason not in _NOTHING_TO_OVERRIDE:
        what = override_text(reasons, _)
        if because in (AssignedBecause.LEADER, AssignedBecause.UNROUTABLE):
            yield _("As the leader they have it in spite of this: %(what)s.", what=what)
        else:
            yield _("Decided by hand, in spite of this: %(what)s.", what=what)
    if reasons.considered:
        yield _.many(
            "One person was looked at.", "%(count)s people were looked at.", reasons.considered
        )


_NOTHING_TO_OVERRIDE = (NotChosen.CHOSEN, NotChosen.LATER)


def override_text(reasons: Reasons, _: Words) -> str:
    """What spoke against whoever was chosen by hand."""
    assert reasons.chosen is not None
    match reasons.chosen.reason:
        case NotChosen.CHOSEN | NotChosen.LATER:
            return ""
        case NotChosen.CARRIER:
            return _("they brought it in")
        case NotChosen.DECLINED:
            return _("they said that it is not theirs")
        case NotChosen.AWAY:
            return _("they are not here within a working day")
        case NotChosen.OVERLOADED:
            return _("they have much in hand already")
        case NotChosen.LIMIT:
            return _("they have as many open issues as they take on")
        case NotChosen.UNSKILLED:
            return _("it is not their field")
        case NotChosen.LANGUAGE:
            return _("they don't work in its language")
        case _ as never:
            assert_never(never)


def why_not(
    other: Considered, names: Names, _: Words, *, with_figures: bool = False, tied: bool = False
) -> str:
    """Why it is not this one; figures only for themselves and the leader. `tied`: they would have
    been through with it as soon."""
    name = names.person(other.person_id)
    match other.reason:
        case NotChosen.CHOSEN:
            return _("%(name)s: has it", name=name)
        case NotChosen.LATER if with_figures and other.expected_hours is not None:
            hours = round(other.expected_hours)
            return _("%(name)s: about %(hours)s working hours", name=name, hours=hours)
        case NotChosen.LATER if tied:
            return _("%(name)s: would be through with it as soon", name=name)
        case NotChosen.LATER:
            return _("%(name)s: would get to it later", name=name)
        case NotChosen.CARRIER:
            return _("%(name)s: brought it in", name=name)
        case NotChosen.DECLINED:
            return _("%(name)s: said that it is not theirs", name=name)
        case NotChosen.AWAY:
            return _("%(name)s: not here within a working day", name=name)
        case NotChosen.OVERLOADED if with_figures and other.in_hand_hours is not None:
            hours = round(other.in_hand_hours)
            return _("%(name)s: has %(hours)s hours of work in hand", name=name, hours=hours)
        case NotChosen.OVERLOADED:
            return _("%(name)s: has much in hand already", name=name)
        case NotChosen.LIMIT if with_figures and other.open_issues is not None:
            count = other.open_issues
            return _("%(name)s: has %(count)s open issues, their limit", name=name, count=count)
        case NotChosen.LIMIT:
            return _("%(name)s: takes on no more at the moment", name=name)
        case NotChosen.UNSKILLED:
            return _("%(name)s: does not know this field", name=name)
        case NotChosen.LANGUAGE:
            return _("%(name)s: does not work in the language of the issue", name=name)
        case _ as never:
            assert_never(never)
