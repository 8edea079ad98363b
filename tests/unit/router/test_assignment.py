"""Who becomes the owner, and why nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.assignment import (
    Choice,
    Staff,
    Wanted,
    Work,
    choose,
    figures,
    obstacle,
    unavailable,
    waive,
)
from services.router.presence import Presence
from shared.contracts.issue import Considered, NotChosen, Urgency
from shared.contracts.organisation import Person
from tests.unit import build
from tests.unit.build import MONDAY

HOUR_S = 3600.0


def decide(
    people: Sequence[Person],
    *,
    works: Mapping[str, Work] | None = None,
    presences: Mapping[str, Presence] | None = None,
    absent_s: Mapping[str, float] | None = None,
    team_id: str = "product",
    **said: Any,
) -> Choice:
    """A normal issue of a carrier who is in no team here, in a company where nobody is away."""
    return choose(people, want(**said), staff(works, presences, absent_s), team_id=team_id)


def want(*, carrier_id: str = "emi", **said: Any) -> Wanted:
    usual: dict[str, Any] = {"parties": (carrier_id,), "urgency": Urgency.NORMAL}
    return Wanted(**(usual | said))


def staff(
    works: Mapping[str, Work] | None = None,
    presences: Mapping[str, Presence] | None = None,
    absent_s: Mapping[str, float] | None = None,
) -> Staff:
    known = {who: Presence(away_s) for who, away_s in (absent_s or {}).items()}
    known |= presences or {}
    return Staff(works or {}, known)


def hours_in_hand(**hours: float) -> dict[str, Work]:
    return {person_id: Work(in_hand_s=count * HOUR_S) for person_id, count in hours.items()}


def why_not(choice: Choice) -> Mapping[str, NotChosen]:
    return {other.person_id: other.reason for other in choice.reasons.others}


REN, SHO, MIO = build.person("ren"), build.person("sho"), build.person("mio")


def test_whoever_would_be_through_with_it_first_becomes_the_owner() -> None:
    choice = decide([REN, SHO, MIO], works=hours_in_hand(ren=6, sho=2, mio=4))

    assert choice.person_id == "sho"


def test_the_reasons_give_the_hours_and_the_others_nearest_first() -> None:
    """With 4 hours a day for issues, an hour of effort takes two working hours."""
    works = hours_in_hand(ren=6, sho=2, mio=4) | {"sho": Work(2 * HOUR_S, open_issues=1)}
    choice = decide([REN, SHO, MIO], works=works, team_id="product")

    assert choice.reasons.expected_hours == (2 + 3) * 2
    assert choice.reasons.in_hand_hours == 2
    assert choice.reasons.chosen == Considered(
        person_id="sho",
        reason=NotChosen.CHOSEN,
        expected_hours=10,
        in_hand_hours=2,
        open_issues=1,
    )
    assert choice.reasons.others == (
        Considered(
            person_id="mio",
            reason=NotChosen.LATER,
            expected_hours=14,
            in_hand_hours=4,
            open_issues=0,
        ),
        Considered(
            person_id="ren",
            reason=NotChosen.LATER,
            expected_hours=18,
            in_hand_hours=6,
            open_issues=0,
        ),
    )
    assert (choice.reasons.considered, choice.reasons.team_id) == (3, "product")
    assert not choice.reasons.over_capacity


def test_declared_skill_makes_somebody_faster() -> None:
    skilled = build.person("sho", skills={"broken": 1.5})

    assert decide([REN, skilled], category="broken").person_id == "sho"


def test_skill_in_another_field_counts_for_nothing() -> None:
    skilled = build.person("sho", skills={"late": 2})

    assert decide([REN, skilled], category="broken").person_id == "ren"
    assert decide([REN, skilled], category=None).person_id == "ren"


def test_an_hour_of_absence_counts_like_an_hour_of_work() -> None:
    absent = {"ren": 3 * HOUR_S}

    assert decide([REN, SHO], works=hours_in_hand(sho=1), absent_s=absent).person_id == "sho"
    assert decide([REN, SHO], works=hours_in_hand(sho=2), absent_s=absent).person_id == "ren"


def test_the_carrier_never_becomes_the_owner() -> None:
    choice = decide([REN, SHO], works=hours_in_hand(sho=9), carrier_id="ren")

    assert choice.person_id == "sho"
    assert why_not(choice)["ren"] is NotChosen.CARRIER


def test_a_declined_issue_never_returns_to_who_declined_it() -> None:
    choice = decide([REN, SHO], works=hours_in_hand(sho=9), declined_by=["ren"])

    assert choice.person_id == "sho"
    assert why_not(choice)["ren"] is NotChosen.DECLINED


@pytest.mark.parametrize(("skill", "fits"), [(0.49, False), (0.5, True)])
def test_whoever_knows_less_than_half_of_the_field_is_not_asked(skill: float, fits: bool) -> None:
    choice = decide([build.person("ren", skills={"broken": skill})], category="broken")

    assert (choice.person_id == "ren") is fits
    assert why_not(choice) == ({} if fits else {"ren": NotChosen.UNSKILLED})


@pytest.mark.parametrize(("away_h", "fits"), [(8, True), (8.01, False)])
def test_whoever_is_away_for_more_than_a_working_day_is_not_asked(
    away_h: float, fits: bool
) -> None:
    choice = decide([REN], absent_s={"ren": away_h * HOUR_S})

    assert (choice.person_id == "ren") is fits
    assert why_not(choice) == ({} if fits else {"ren": NotChosen.AWAY})


@pytest.mark.parametrize(("in_hand_h", "fits"), [(29.9, True), (30, False)])
def test_whoever_has_a_week_and_a_half_in_hand_is_not_asked(in_hand_h: float, fits: bool) -> None:
    """4 hours a day for issues are 20 a week."""
    choice = decide([REN], works=hours_in_hand(ren=in_hand_h))

    assert (choice.person_id == "ren") is fits
    assert why_not(choice) == ({} if fits else {"ren": NotChosen.OVERLOADED})


def test_where_nobody_can_take_it_nobody_is_chosen_and_all_reasons_are_given() -> None:
    choice = decide(
        [REN, SHO, MIO],
        carrier_id="ren",
        declined_by=["sho"],
        absent_s={"mio": 9 * HOUR_S},
    )

    assert choice.person_id is None
    assert choice.reasons.over_capacity
    assert why_not(choice) == {
        "ren": NotChosen.CARRIER,
        "sho": NotChosen.DECLINED,
        "mio": NotChosen.AWAY,
    }


def test_a_team_of_nobody_is_over_capacity() -> None:
    choice = decide([])

    assert choice.person_id is None
    assert choice.reasons.over_capacity


def test_a_tie_goes_to_who_has_answered_this_carrier_before() -> None:
    choice = decide([REN, SHO], answered_carrier={"sho"})

    assert choice.person_id == "sho"
    assert choice.reasons.answered_before
    assert not decide([REN, SHO]).reasons.answered_before


def test_who_has_answered_before_gets_nothing_beyond_a_tie() -> None:
    choice = decide([REN, SHO], works=hours_in_hand(sho=1), answered_carrier={"sho"})

    assert choice.person_id == "ren"
    assert not choice.reasons.answered_before


def test_without_a_tie_it_is_not_said_that_an_earlier_answer_decided() -> None:
    choice = decide([REN, SHO], works=hours_in_hand(ren=1), answered_carrier={"sho"})

    assert choice.person_id == "sho"
    assert not choice.reasons.answered_before


def test_delays_within_a_hundredth_of_an_hour_are_a_tie() -> None:
    nearly = {"ren": Work(in_hand_s=17.75)}
    more = {"ren": Work(in_hand_s=18.0)}

    assert decide([REN, SHO], works=nearly, answered_carrier={"ren"}).person_id == "ren"
    assert decide([REN, SHO], works=more, answered_carrier={"ren"}).person_id == "sho"


def test_a_tie_goes_to_whoever_was_chosen_longest_ago() -> None:
    works = {
        "ren": Work(chosen_at=MONDAY),
        "sho": Work(chosen_at=MONDAY - timedelta(days=1)),
        "mio": Work(chosen_at=MONDAY + timedelta(days=1)),
    }

    assert decide([REN, SHO, MIO], works=works).person_id == "sho"


def test_whoever_was_never_chosen_comes_before_all_others() -> None:
    works = {"ren": Work(chosen_at=MONDAY), "sho": Work(chosen_at=MONDAY)}

    assert decide([REN, SHO, MIO], works=works).person_id == "mio"


def test_the_last_tie_goes_by_the_order_of_the_file() -> None:
    assert decide([SHO, REN]).person_id == "sho"


def test_at_most_ten_others_are_named_the_likeliest_first() -> None:
    team = [build.person(f"p{n}") for n in range(15)]
    works = {person.id: Work(in_hand_s=n * HOUR_S) for n, person in enumerate(team)}

    choice = decide([*reversed(team)], works=works, declined_by=["p1"])

    assert choice.person_id == "p0"
    assert [other.person_id for other in choice.reasons.others] == [f"p{n}" for n in range(2, 12)]


# Language, limit, presence


def test_whoever_does_not_work_in_the_issues_language_is_not_asked() -> None:
    japanese = build.person("ren", languages=["ja"])

    choice = decide([japanese, SHO], works=hours_in_hand(sho=9), language="en")

    assert choice.person_id == "sho"
    assert why_not(choice)["ren"] is NotChosen.LANGUAGE
    assert not choice.reasons.language_waived


def test_whoever_says_no_language_works_in_all() -> None:
    assert decide([REN], language="en").person_id == "ren"


def test_a_language_of_which_nobody_is_master_is_waived_and_said() -> None:
    japanese = build.person("ren", languages=["ja"])
    wanted = waive(want(language="en"), [japanese])

    choice = choose([japanese], wanted, staff(), team_id="product")

    assert choice.person_id == "ren"
    assert choice.reasons.language_waived


def test_a_language_that_one_of_the_team_knows_is_not_waived() -> None:
    japanese, both = build.person("ren", languages=["ja"]), build.person("sho", languages=["en"])
    wanted = want(language="en")

    assert waive(wanted, [japanese, both]) is wanted
    assert waive(want(), [japanese]).language_waived is False


@pytest.mark.parametrize(("count", "fits"), [(2, True), (3, False)])
def test_whoever_has_as_many_open_issues_as_they_may_have_is_not_asked(
    count: int, fits: bool
) -> None:
    limited = build.person("ren", limit=3)

    choice = decide([limited], works={"ren": Work(open_issues=count)})

    assert (choice.person_id == "ren") is fits
    assert why_not(choice) == ({} if fits else {"ren": NotChosen.LIMIT})


def test_without_a_limit_only_the_load_counts() -> None:
    assert decide([REN], works={"ren": Work(open_issues=99)}).person_id == "ren"


def test_nothing_goes_to_somebody_whose_work_is_with_a_substitute() -> None:
    """Not even where they are back before anybody would get to it."""
    choice = decide([REN], presences={"ren": Presence(away_s=0, is_substituted=True)})

    assert choice.person_id is None
    assert why_not(choice) == {"ren": NotChosen.AWAY}


@pytest.mark.parametrize(("leaves_in_h", "fits"), [(6, True), (5.9, False)])
def test_whoever_leaves_before_they_would_be_through_is_away_already(
    leaves_in_h: float, fits: bool
) -> None:
    """Three hours of effort take somebody with half of their day for issues six."""
    leaves = Presence(leaves_in_s=leaves_in_h * HOUR_S, away_then_s=80 * HOUR_S)

    choice = decide([REN], presences={"ren": leaves})

    assert (choice.person_id == "ren") is fits
    assert [one.away_hours for one in choice.reasons.others] == ([] if fits else [80])


def test_whoever_is_gone_for_an_hour_or_two_soon_is_only_later() -> None:
    leaves = Presence(leaves_in_s=HOUR_S, away_then_s=4 * HOUR_S)

    choice = decide([REN, SHO], presences={"ren": leaves})

    assert choice.person_id == "sho"
    assert choice.reasons.others[0].expected_hours == 4 + 6


def test_figures_are_told_to_a_hundredth_of_an_hour() -> None:
    some = staff({"ren": Work(in_hand_s=100.0)})

    assert figures(REN, want(), some, NotChosen.LATER).in_hand_hours == 0.03


def test_the_figures_say_what_speaks_for_and_against_somebody() -> None:
    skilled = build.person("ren", skills={"broken": 0.8})
    works = {"ren": Work(2 * HOUR_S, open_issues=4)}

    found = figures(
        skilled,
        want(category="broken"),
        staff(works, absent_s={"ren": 9 * HOUR_S}),
        NotChosen.AWAY,
    )

    assert found == Considered(
        person_id="ren",
        reason=NotChosen.AWAY,
        in_hand_hours=2,
        away_hours=9,
        skill=0.8,
        open_issues=4,
    )


# By hand, and by turn


def test_of_several_obstacles_the_gravest_is_told() -> None:
    nobody = build.person("ren", skills={"broken": 0}, languages=["ja"], limit=0)
    away = staff(hours_in_hand(ren=99), absent_s={"ren": 99 * HOUR_S})
    wanted = {"category": "broken", "language": "en"}

    def why(**said: Any) -> NotChosen | None:
        return obstacle(nobody, want(**said), away)

    assert why(carrier_id="ren", declined_by=["ren"], **wanted) is NotChosen.CARRIER
    assert why(declined_by=["ren"], **wanted) is NotChosen.DECLINED
    assert why(**wanted) is NotChosen.UNSKILLED
    assert why(language="en") is NotChosen.LANGUAGE
    assert why() is NotChosen.AWAY
    assert obstacle(nobody, want(), staff(hours_in_hand(ren=99))) is NotChosen.OVERLOADED
    assert obstacle(nobody, want(), staff()) is NotChosen.LIMIT
    assert obstacle(REN, want(), staff()) is None


def test_a_turn_counts_whatever_somebody_has_in_hand_or_knows() -> None:
    busy = build.person("ren", skills={"broken": 0}, languages=["ja"], limit=0)
    wanted = want(category="broken", language="en")

    assert unavailable(busy, wanted, staff(hours_in_hand(ren=99))) is None


def test_a_turn_is_passed_over_for_who_is_a_party_to_it_or_not_here() -> None:
    assert unavailable(REN, want(carrier_id="ren"), staff()) is NotChosen.CARRIER
    assert unavailable(REN, want(declined_by=["ren"]), staff()) is NotChosen.DECLINED
    away = staff(absent_s={"ren": 9 * HOUR_S})
    assert unavailable(REN, want(), away) is NotChosen.AWAY


# The properties


@dataclass(frozen=True)
class Case:
    people: list[Person]
    works: dict[str, Work]
    absent_s: dict[str, float]
    carrier_id: str
    declined_by: list[str]
    answered: list[str]

    def decide(self) -> Choice:
        return decide(
            self.people,
            works=self.works,
            absent_s=self.absent_s,
            carrier_id=self.carrier_id,
            declined_by=self.declined_by,
            answered_carrier=self.answered,
            category="broken",
        )

    def eligible(self) -> dict[str, float]:
        """Hours until each would be through with it, by the words of docs/load.md, for who can."""
        found = {}
        for person in self.people:
            in_hand_h = self.works.get(person.id, Work()).in_hand_s / HOUR_S
            away_h = self.absent_s.get(person.id, 0.0) / HOUR_S
            skill = person.skills.get("broken", 1.0)
            share = max(person.hours_per_day, 0.25) / 8
            load_ratio = in_hand_h / (40 * share)
            unfit = person.id == self.carrier_id or person.id in self.declined_by
            if unfit or skill < 0.5 or away_h > 8 or load_ratio >= 1.5:
                continue
            over = max(0, load_ratio - 1)
            found[person.id] = away_h + (in_hand_h + 3) / (share * skill) + 6 * over**2
        return found


IDS = [f"p{n}" for n in range(7)]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    def some(values: st.SearchStrategy[Any]) -> Any:
        return draw(st.dictionaries(st.sampled_from(IDS), values))

    skills = some(st.floats(0, 2))
    hours_per_day = some(st.floats(0.1, 12))
    work = st.builds(
        Work,
        st.floats(0, 60 * HOUR_S),
        st.none() | st.integers(0, 100).map(lambda days: MONDAY - timedelta(days)),
    )
    return Case(
        people=[
            build.person(
                person_id,
                hours_per_day=hours_per_day.get(person_id, 4),
                skills={"broken": skills[person_id]} if person_id in skills else {},
            )
            for person_id in IDS[: draw(st.integers(0, len(IDS)))]
        ],
        works=some(work),
        absent_s=some(st.floats(0, 16 * HOUR_S)),
        carrier_id=draw(st.sampled_from(IDS)),
        declined_by=draw(st.lists(st.sampled_from(IDS), max_size=3)),
        answered=draw(st.lists(st.sampled_from(IDS), max_size=3)),
    )


@given(cases())
def test_nobody_is_chosen_who_carries_it_has_declined_it_or_cannot_take_it(case: Case) -> None:
    choice = case.decide()

    assert choice.person_id is None or choice.person_id in case.eligible()


@given(cases())
def test_somebody_is_chosen_wherever_anybody_can_take_it(case: Case) -> None:
    choice = case.decide()

    assert (choice.person_id is None) == (not case.eligible())
    assert choice.reasons.over_capacity == (choice.person_id is None)


@given(cases())
def test_nobody_who_can_take_it_would_be_through_with_it_clearly_sooner(case: Case) -> None:
    choice, delays = case.decide(), case.eligible()

    if choice.person_id is not None:
        assert delays[choice.person_id] <= min(delays.values()) + 0.0101


@given(cases())
def test_everybody_else_is_told_apart_from_the_chosen_by_a_reason(case: Case) -> None:
    choice, delays = case.decide(), case.eligible()

    reasons = why_not(choice)
    assert set(reasons) == {person.id for person in case.people} - {choice.person_id}
    assert {who for who, reason in reasons.items() if reason is NotChosen.LATER} == set(delays) - {
        choice.person_id
    }


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_people_decides_nothing_but_the_last_tie(case: Case, chance: Any) -> None:
    mixed = [*case.people]
    chance.shuffle(mixed)
    delays = case.eligible()

    first, second = case.decide(), replace(case, people=mixed).decide()

    assert (first.person_id is None) == (second.person_id is None)
    if first.person_id is not None and first.person_id != second.person_id:
        assert second.person_id is not None
        assert abs(delays[first.person_id] - delays[second.person_id]) < 0.0101
