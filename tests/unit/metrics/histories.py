"""Histories of small companies, made up: of a given one, and of any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from services.metrics.backtest import Meta
from services.metrics.facts import Fact, Kind
from services.metrics.isolation import Isolation
from services.metrics.worked import Worked

HOUR_S = 3600.0
DATE_S = 24 * HOUR_S
WEEK_S = 7 * DATE_S
TEAMS = {"mori": "production", "kato": "production", "abe": "shipping", "ono": "shipping"}
OWNERS = tuple(TEAMS)
CARRIERS = ("aoki", "baba", "chiba")
DAYS = 40
"""Of the calendar."""


def office() -> Worked:
    """Monday to Friday, nine to five, without holidays."""
    return Meta().worked()


def at(day: int, hour: float = 9.0) -> float:
    """Day 0 is a Monday."""
    return day * DATE_S + hour * HOUR_S


def working(days: float) -> float:
    """When so many working days have passed since the first Monday, 9:00; of two instants that
    are the same in working time, the earlier."""
    whole, part = divmod(days, 1)
    if part == 0 and whole > 0:
        whole, part = whole - 1, 1.0
    weeks, day = divmod(int(whole), 5)
    return weeks * WEEK_S + at(day, 9 + 8 * part)


def fold(facts: Iterable[Fact], until_s: float | None = None) -> Isolation:
    isolation = Isolation(office())
    for fact in facts:
        isolation.fold(fact)
    if until_s is not None:
        isolation.advance(until_s)
    return isolation


def fact(at_s: float, kind: Kind, issue: str = "", person: str = "", **more: str) -> Fact:
    """With an id of its own."""
    return Fact(at_s, kind, f"{at_s}-{kind}-{issue}-{person}", issue, person, **more)


def raised(at_s: float, issue: str, carrier: str = "aoki", owner: str = "mori") -> list[Fact]:
    """An issue that has an owner at once."""
    return [
        fact(at_s, Kind.RAISED, issue, carrier, raiser=carrier),
        fact(at_s, Kind.ASSIGNED, issue, raiser=carrier, owner=owner, team=TEAMS[owner]),
    ]


def scores_at(facts: Sequence[Fact], moments: Iterable[float], person: str) -> list[float]:
    """Of this person, at moments that are in order; the prior before the first request."""
    isolation, waiting, found = Isolation(office()), list(facts), []
    for moment in moments:
        while waiting and waiting[0].at_s <= moment:
            isolation.fold(waiting.pop(0))
        isolation.advance(moment)
        found.append(isolation.score(person) or 0.05)
    return found


def every_quarter(days: int = DAYS + 20) -> list[float]:
    """Four moments of each day, until long after a history."""
    return [day * DATE_S + quarter * 6 * HOUR_S for day in range(days) for quarter in range(4)]


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """By time, and otherwise as they came."""
    return sorted(facts, key=lambda one: one.at_s)


ANYTHING = (
    Kind.ASSIGNED, Kind.ACKNOWLEDGED, Kind.DECLINED, Kind.REASSIGNED, Kind.COMMENTED,
    Kind.COMMENTED, Kind.REMINDED, Kind.ESCALATED, Kind.RESOLVED, Kind.REOPENED, Kind.WAITING,
    Kind.RESUMED, Kind.CLOSED, Kind.MERGED, Kind.RAISED,
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, people: Sequence[str] = CARRIERS) -> list[Fact]:
    """What may happen in a company, in any order: also what makes no sense."""
    # Whole minutes, so that things happen at once now and then.
    moments = st.integers(0, DAYS * 24 * 60).map(lambda minute: minute * 60.0)
    facts: list[Fact] = []
    for number in range(draw(st.integers(1, 6))):
        carrier, issue = draw(st.sampled_from(people)), f"issue-{number}"
        begins_s = draw(moments)
        facts += raised(begins_s, issue, carrier, draw(st.sampled_from(OWNERS)))
        for _ in range(draw(st.integers(0, 8))):
            kind = draw(st.sampled_from(ANYTHING))
            owner = draw(st.sampled_from(["", *OWNERS]))
            facts.append(
                fact(
                    begins_s + draw(moments) / 2, kind, issue,
                    draw(st.sampled_from(["", carrier, *OWNERS, *people])),
                    raiser=draw(st.sampled_from(["", carrier])), owner=owner,
                    team=TEAMS.get(owner, ""),
                )
            )  # fmt: skip
    for away in draw(st.lists(st.sampled_from(OWNERS), max_size=3)):
        begins_s = draw(moments)
        facts.append(fact(begins_s, Kind.ABSENCE_STARTED, person=away))
        facts.append(fact(begins_s + draw(moments) / 4, Kind.ABSENCE_ENDED, person=away))
    ordered = in_order(facts)
    return [replace(one, id=f"{one.id}-{number}") for number, one in enumerate(ordered)]
