"""The isolation score, by examples whose numbers can be checked with the table of METRICS."""

from __future__ import annotations

from math import exp, log

import pytest

from services.metrics.backtest import Meta
from services.metrics.facts import Fact, Kind
from services.metrics.isolation import Isolation, OutOfOrder
from services.metrics.normal import Normal, Stage
from services.metrics.worked import DAY_S
from shared.contracts.metrics import Move
from tests.unit.metrics.histories import at, fact, fold, office, raised, working

START = log(0.05 / 0.95)


def score_after(moves: float) -> float:
    return 1 / (1 + exp(-(START + moves)))


def score_at(facts: list[Fact], working_days: float, who: str = "aoki") -> float:
    isolation = fold([one for one in facts if one.at_s <= working(working_days)])
    score = isolation.score(who, working(working_days))
    assert score is not None
    return score


def assert_moved(facts: list[Fact], working_days: float, by: float) -> None:
    assert score_at(facts, working_days) == pytest.approx(score_after(by), abs=1e-9)


def test_nothing_is_known_before_the_first_request() -> None:
    isolation = fold([fact(at(0), Kind.PERSON_JOINED, person="aoki")])

    assert isolation.score("aoki") is None
    assert isolation.score("nobody") is None
    assert isolation.people() == ("aoki",)


def test_a_forgotten_issue_rises_by_normal_waits_and_ends_near_nine_twentieths() -> None:
    forgotten = raised(working(0), "one")

    assert score_at(forgotten, 1) == pytest.approx(0.083598, abs=1e-6)
    assert score_at(forgotten, 2) == pytest.approx(0.136527, abs=1e-6)
    assert score_at(forgotten, 5) == pytest.approx(0.451543, abs=1e-6)
    assert score_at(forgotten, 15) == pytest.approx(0.451543, abs=1e-6)


def test_about_four_missing_answers_reach_three_tenths_and_eight_reach_four_fifths() -> None:
    four = [one for nth in range(4) for one in raised(working(0), f"issue-{nth}")]
    eight = [one for nth in range(8) for one in raised(working(0), f"issue-{nth}")]

    assert score_at(four, 1) == pytest.approx(0.322034, abs=1e-6)
    assert score_at(eight, 1) == pytest.approx(0.810853, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        (Kind.COMMENTED, -1.10),
        (Kind.RESOLVED, -1.10),
        (Kind.ACKNOWLEDGED, -0.55),
        (Kind.DECLINED, 0.70),
        (Kind.REASSIGNED, 0.20),
        (Kind.CLOSED, 0.0),
        (Kind.MERGED, 0.0),
        (Kind.REMINDED, 0.0),
        (Kind.ESCALATED, 0.0),
    ],
)
def test_what_others_do_moves_it_as_the_table_says(kind: Kind, moves: float) -> None:
    facts = [*raised(working(0), "one"), fact(working(0.5), kind, "one", "mori")]

    assert_moved(facts, 0.5, 0.275 + moves)


@pytest.mark.parametrize("person", ["", "aoki"])
@pytest.mark.parametrize(
    "kind", [Kind.COMMENTED, Kind.ACKNOWLEDGED, Kind.DECLINED, Kind.REASSIGNED]
)
def test_what_machines_and_carriers_do_moves_nothing_and_ends_no_wait(
    kind: Kind, person: str
) -> None:
    facts = [*raised(working(0), "one"), fact(working(0.5), kind, "one", person, owner="mori")]

    assert_moved(facts, 0.5, 0.275)
    assert_moved(facts, 1, 0.55)


def test_a_resolution_by_the_carrier_ends_the_waiting_without_credit() -> None:
    facts = [*raised(working(0), "one"), fact(working(0.5), Kind.RESOLVED, "one", "aoki")]

    assert_moved(facts, 0.9, 0.275)


def test_the_next_wait_takes_twice_as_long_and_what_was_charged_stays_charged() -> None:
    facts = [*raised(working(0), "one"), fact(working(1), Kind.ACKNOWLEDGED, "one", "mori")]

    assert_moved(facts, 1, 0.55 - 0.55)
    assert_moved(facts, 3, 0.55 * 2 - 0.55)
    assert_moved(facts, 9, 0.55 * 5 - 0.55)
    assert_moved(facts, 15, 0.55 * 5 - 0.55)


def test_a_reopened_issue_may_be_charged_again_from_a_first_reaction_on() -> None:
    facts = [*raised(working(0), "one"), fact(working(7), Kind.REOPENED, "one", "aoki")]

    assert_moved(facts, 7, 0.55 * 5)
    assert_moved(facts, 8, 0.55 * 6)
    assert_moved(facts, 14, 0.55 * 10)


def test_an_issue_that_is_over_charges_nothing_until_it_is_reopened() -> None:
    facts = [
        *raised(working(0), "one"),
        fact(working(0.25), Kind.CLOSED, "one"),
        fact(working(0.75), Kind.REOPENED, "one", "aoki"),
    ]

    assert_moved(facts, 0.75, 0.55 * 0.25)
    assert_moved(facts, 1, 0.55 * 0.5)


def test_of_what_one_person_does_within_four_hours_only_the_first_counts() -> None:
    begun = [*raised(working(0), "one"), fact(working(0.1), Kind.ACKNOWLEDGED, "one", "mori")]
    soon = [*begun, fact(working(0.5), Kind.COMMENTED, "one", "mori")]
    later = [*begun, fact(working(0.6), Kind.COMMENTED, "one", "mori")]
    another = [*begun, fact(working(0.5), Kind.COMMENTED, "one", "kato")]

    assert_moved(soon, 0.5, 0.55 * (0.1 + 0.2) - 0.55)
    assert_moved(later, 0.6, 0.55 * (0.1 + 0.25) - 0.55 - 1.10)
    assert_moved(another, 0.5, 0.55 * (0.1 + 0.2) - 0.55 - 1.10)


def test_a_refusal_counts_also_within_four_hours() -> None:
    facts = [
        *raised(working(0), "one"),
        fact(working(0.1), Kind.ACKNOWLEDGED, "one", "mori"),
        fact(working(0.2), Kind.DECLINED, "one", "mori"),
    ]

    assert_moved(facts, 0.2, 0.55 * (0.1 + 0.05) - 0.55 + 0.70)


def test_at_most_two_comments_of_one_person_on_one_issue_count() -> None:
    comments = [fact(working(0.9), Kind.COMMENTED, "one", "mori")]
    comments += [fact(working(0.9), Kind.COMMENTED, "two", "mori")]
    waiting = [one for nth in range(9) for one in raised(working(0), f"more-{nth}")]
    facts = [*waiting, *raised(working(0), "one"), *raised(working(0), "two"), *comments]
    before = score_at(facts, 1.9)

    again = [fact(working(day + 0.9), Kind.COMMENTED, "one", "mori") for day in (1, 2)]
    second = fold([*facts, again[0]]).score("aoki") or 0
    third = fold([*facts, *again]).score("aoki") or 0
    without = score_at([*facts, again[0]], 2.9)

    assert log(second / (1 - second)) == pytest.approx(log(before / (1 - before)) - 1.10)
    assert third == pytest.approx(without)


def test_an_uncounted_reaction_ends_the_wait_all_the_same() -> None:
    """And is measured from then on with what a next answer takes."""
    facts = [
        *raised(working(0), "one"),
        fact(working(0.1), Kind.COMMENTED, "one", "mori"),
        fact(working(0.2), Kind.COMMENTED, "one", "mori"),
    ]
    isolation = fold(facts)

    wait = next(isolation.waits(working(1)))

    assert wait.stage is Stage.NEXT
    assert wait.waited_s == pytest.approx(0.8 * DAY_S)
    assert wait.ratio == pytest.approx(0.4)
    assert wait.is_running


def test_words_about_an_issue_that_is_over_count_as_well() -> None:
    facts = [
        *raised(working(0), "one"),
        *raised(working(0), "two"),
        fact(working(0.2), Kind.CLOSED, "one"),
        fact(working(0.5), Kind.COMMENTED, "one", "mori"),
        fact(working(0.5), Kind.DECLINED, "one", "kato"),
    ]

    assert_moved(facts, 0.5, 0.55 * (0.2 + 0.5) - 1.10)


def test_nights_heal_while_nobody_waits() -> None:
    facts = [*raised(working(0), "one"), fact(working(5), Kind.CLOSED, "one")]
    healed = 0.05 + (0.451543 - 0.05) * exp(-3 / 40)

    # Friday, Monday and Tuesday night.
    assert fold(facts, at(9, 0)).score("aoki") == pytest.approx(healed, abs=1e-6)


def test_nights_heal_nothing_while_somebody_waits_also_for_a_next_answer() -> None:
    facts = [
        *[one for nth in range(4) for one in raised(working(0), f"issue-{nth}")],
        *[fact(working(1), Kind.CLOSED, f"issue-{nth}") for nth in range(1, 4)],
        *[fact(working(1), Kind.COMMENTED, "issue-0", "mori")],
    ]
    before, waited = 2.2 - 1.1, 2 * 0.55

    assert_moved(facts, 5, before + waited)


def test_whoever_is_better_off_than_most_comes_back_to_the_prior_also_while_waiting() -> None:
    facts = [*raised(working(0), "one"), fact(working(0), Kind.COMMENTED, "one", "mori")]
    answered = score_after(0.275 - 1.10)

    found = fold(facts, at(1, 0)).score("aoki")

    assert found == pytest.approx(0.05 + (answered - 0.05) * exp(-1 / 40))


def test_a_paused_issue_is_not_charged_and_keeps_nobody_from_healing() -> None:
    facts = [
        *raised(working(0), "one"),
        fact(working(3), Kind.WAITING, "one", "mori"),
        fact(working(4), Kind.RESUMED, "one"),
    ]
    paused = score_after(3 * 0.55)
    healed = [0.05 + (paused - 0.05) * exp(-nights / 40) for nights in (1, 2)]
    again = log(healed[0] / (1 - healed[0])) + 0.55 - START

    # Wednesday's and Thursday's nights; or it goes on on Thursday evening.
    assert fold(facts[:3], at(4, 0)).score("aoki") == pytest.approx(healed[1])
    assert_moved(facts, 5, again)


def test_while_the_owner_is_away_nothing_is_charged_and_afterwards_the_wait_goes_on() -> None:
    facts = [
        *raised(working(0), "one"),
        *raised(working(0), "two", owner="abe"),
        fact(working(0.2), Kind.ABSENCE_STARTED, person="mori"),
        fact(working(0.6), Kind.ABSENCE_ENDED, person="mori"),
    ]

    assert_moved(facts, 0.6, 0.55 * (0.2 + 0.6))
    assert_moved(facts, 1, 0.55 * (0.6 + 1.0))


def test_a_substitute_is_not_away() -> None:
    facts = [
        *raised(working(0), "one"),
        fact(working(0), Kind.ABSENCE_STARTED, person="mori"),
        fact(working(0.5), Kind.ASSIGNED, "one", owner="kato", team="production"),
    ]

    assert_moved(facts, 1, 0.55 * 0.5)


def test_a_refused_issue_without_a_next_owner_goes_on_though_the_last_one_is_away() -> None:
    facts = [
        *raised(working(0), "one"),
        fact(working(0), Kind.DECLINED, "one", "mori"),
        fact(working(0), Kind.ABSENCE_STARTED, person="mori"),
    ]

    assert_moved(facts, 0.8, 0.70 + 0.55 * 0.4)


def test_what_carriers_take_over_themselves_nobody_else_owes() -> None:
    facts = [
        *raised(working(0), "one"),
        fact(working(0.5), Kind.ASSIGNED, "one", "aoki", owner="aoki", team="sales"),
        fact(working(0.75), Kind.REASSIGNED, "one", "aoki", owner="mori", team="production"),
    ]

    assert_moved(facts, 0.75, 0.55 * 0.5)
    assert_moved(facts, 1, 0.55 * 0.75)


def test_a_carrier_to_whom_it_falls_back_still_waits() -> None:
    returned = fact(working(0.5), Kind.ASSIGNED, "one", owner="aoki", team="sales")

    assert_moved([*raised(working(0), "one"), returned], 1, 0.55)


def test_weekends_and_nights_are_no_waiting() -> None:
    facts = raised(at(4, 16), "one")

    isolation = fold(facts)

    assert isolation.score("aoki", at(7, 10)) == pytest.approx(score_after(0.55 * 2 / 8))


def test_a_team_may_have_a_calendar_of_its_own() -> None:
    half_days = Meta(work_end_hour=13).worked()
    isolation = Isolation(office(), {"production": half_days})
    for one in raised(working(0), "one"):
        isolation.fold(one)

    assert isolation.score("aoki", at(1, 9)) == pytest.approx(score_after(0.275))


def test_a_wait_runs_at_night_too_and_stands_still_only_while_it_is_paused() -> None:
    asked, midnight = raised(at(0, 9), "one"), at(1, 0)
    away = fact(at(0, 12), Kind.ABSENCE_STARTED, person="mori")

    waiting, paused = fold(asked), fold([*asked, away])
    for isolation in (waiting, paused):
        isolation.advance(midnight)

    assert [wait.is_running for wait in waiting.waits(at(1, 3))] == [True]
    assert [wait.is_running for wait in paused.waits(at(1, 3))] == [False]


def test_what_is_normal_is_learned_from_the_waits_of_others() -> None:
    """Twenty waits of three days beside the promise of one, which counts as much: two days."""
    normal = Normal()
    for _ in range(20):
        normal.learn("production", Stage.FIRST, "baba", 3 * DAY_S, 0)
        normal.learn("production", Stage.FIRST, "aoki", 5 * DAY_S, 0)

    assert normal.tau_s("production", Stage.FIRST, "aoki", 0) == pytest.approx(2 * DAY_S)
    assert normal.tau_s("production", Stage.FIRST, "chiba", 0) == pytest.approx(3 * DAY_S)
    assert normal.tau_s("shipping", Stage.FIRST, "aoki", 0) == DAY_S
    assert normal.tau_s("shipping", Stage.NEXT, "aoki", 0) == 2 * DAY_S


def test_what_was_learned_counts_half_after_forty_working_days() -> None:
    normal = Normal()
    for _ in range(20):
        normal.learn("production", Stage.FIRST, "baba", 4 * DAY_S, 0)

    assert normal.tau_s("production", Stage.FIRST, "aoki", 0) == pytest.approx(2.5 * DAY_S)
    assert normal.tau_s("production", Stage.FIRST, "aoki", 40) == pytest.approx(2 * DAY_S)


def test_a_wait_teaches_five_days_at_most_and_of_an_unknown_team_nothing() -> None:
    normal = Normal()
    for _ in range(20):
        normal.learn("production", Stage.FIRST, "baba", 100 * DAY_S, 0)
        normal.learn("", Stage.FIRST, "baba", 100 * DAY_S, 0)

    assert normal.tau_s("production", Stage.FIRST, "aoki", 0) == pytest.approx(3 * DAY_S)
    assert normal.tau_s("", Stage.FIRST, "aoki", 0) == DAY_S


def test_the_next_answer_is_never_expected_sooner_than_the_first_reaction() -> None:
    normal = Normal()
    for _ in range(80):
        normal.learn("production", Stage.FIRST, "baba", 4 * DAY_S, 0)
        normal.learn("production", Stage.NEXT, "baba", 0, 0)

    assert normal.tau_s("production", Stage.NEXT, "aoki", 0) == pytest.approx(3.4 * DAY_S)


def test_what_is_normal_is_fixed_when_a_wait_starts() -> None:
    """While aoki waits, baba's waits of four days teach that production is slow."""
    slow = [
        one
        for nth in range(20)
        for one in (
            *raised(working(0), f"slow-{nth}", carrier="baba"),
            fact(working(4), Kind.COMMENTED, f"slow-{nth}", "kato"),
        )
    ]
    facts = sorted([*raised(working(3), "one"), *slow], key=lambda one: one.at_s)
    isolation = fold([*facts, *raised(working(4), "two")])

    taus = {wait.issue: wait.waited_s / wait.ratio for wait in isolation.waits(working(5))}

    assert taus["one"] == pytest.approx(DAY_S)
    assert taus["two"] == pytest.approx(2.5 * DAY_S, rel=0.02)
    assert taus["slow-0"] == pytest.approx(2 * DAY_S)
    assert isolation.expected_response_s("production", Stage.FIRST) > 2.4 * DAY_S


def test_another_owner_changes_nothing_of_a_running_wait_but_the_first_one_fixes_it() -> None:
    teach = [
        one
        for nth in range(20)
        for one in (
            *raised(working(0), f"slow-{nth}", carrier="baba"),
            fact(working(4), Kind.RESOLVED, f"slow-{nth}", "kato"),
        )
    ]
    alone = fact(working(4), Kind.RAISED, "one", "aoki", raiser="aoki", team="sales")
    first = fact(working(4), Kind.ASSIGNED, "one", owner="mori", team="production")
    other = fact(working(4.5), Kind.ASSIGNED, "one", owner="abe", team="shipping")
    learned = sorted(teach, key=lambda one: one.at_s)

    unowned = next(fold([*learned, alone]).waits(working(5)))
    owned = next(fold([*learned, alone, first]).waits(working(5)))
    moved = next(fold([*learned, alone, first, other]).waits(working(5)))

    assert unowned.ratio == pytest.approx(1)
    assert owned.ratio == pytest.approx(0.4, rel=0.02)
    assert moved.ratio == pytest.approx(owned.ratio)
    assert moved.team == "shipping"


def test_an_issue_that_was_raised_before_the_first_fact_waits_from_there_and_teaches_nothing() -> (
    None
):
    known = fact(working(1), Kind.COMMENTED, "one", "mori", raiser="aoki", owner="mori", team="p")

    isolation = fold([known])

    assert isolation.score("aoki") == pytest.approx(score_after(-1.10))
    assert isolation.expected_response_s("p", Stage.FIRST) == DAY_S
    assert [wait.stage for wait in isolation.waits()] == [Stage.NEXT]


def test_what_belongs_to_nobody_is_counted_and_moves_nothing() -> None:
    isolation = fold([fact(working(1), Kind.COMMENTED, "one", "mori")])

    assert isolation.unplaced == 1
    assert isolation.people() == ()


def test_an_issue_is_forgotten_forty_working_days_after_its_end() -> None:
    facts = [
        *raised(working(0), "one"),
        fact(working(0), Kind.RESOLVED, "one", "mori"),
        *raised(working(0), "two"),
        fact(working(0), Kind.CLOSED, "two"),
        fact(working(0.1), Kind.REOPENED, "two", "aoki"),
        fact(working(0.2), Kind.CLOSED, "two"),
        fact(working(39.5), Kind.REOPENED, "two", "aoki"),
    ]
    isolation = fold(facts, working(40.5))
    known = {issue for issue, _ in isolation.state()["requests"]}

    isolation.advance(working(41.5))

    assert known == {"one", "two"}
    assert {issue for issue, _ in isolation.state()["requests"]} == {"two"}


def test_facts_come_in_order() -> None:
    isolation = fold(raised(working(1), "one"))

    with pytest.raises(OutOfOrder):
        isolation.fold(fact(working(0.5), Kind.TICK))
    with pytest.raises(OutOfOrder):
        isolation.advance(working(0))
    assert isolation.at_s == working(1)


def test_a_night_is_counted_for_each_day_that_is_worked() -> None:
    isolation = fold(raised(working(0), "one"), at(14, 0))

    assert isolation.night == 10
    assert Isolation(office()).at_s is None


def test_why_names_the_move_the_team_and_how_often() -> None:
    facts = [
        *raised(working(0), "one"),
        *raised(working(0), "two"),
        *raised(working(0), "three", owner="abe"),
        fact(working(0.2), Kind.COMMENTED, "two", "mori"),
        fact(working(0.4), Kind.DECLINED, "three", "abe"),
        fact(working(0.4), Kind.RESOLVED, "three", "abe"),
    ]
    isolation = fold(facts)

    why = {(one.move, one.team_id): one for one in isolation.why("aoki", working(2.2))}

    waiting = why.pop((Move.WAITING, "production"))
    assert (waiting.count, waiting.of) == (1, 2)
    assert waiting.weight == pytest.approx(0.55 * (2.2 + 0.2 + 1.0))
    assert {key: one.count for key, one in why.items()} == {
        (Move.ANSWERED, "production"): 1,
        (Move.ANSWERED, "shipping"): 1,
        (Move.DECLINED, "shipping"): 1,
    }
    assert isolation.silent_teams("aoki", working(2.2)) == ("production",)
    assert isolation.oldest_wait("aoki", working(2.2)) == pytest.approx(2.2)
    assert isolation.evidence("aoki", working(2.2)) == pytest.approx(2.2 + 0.2 + 1.0 + 0.4 + 3)


def test_what_explains_it_fades_by_half_in_twenty_working_days() -> None:
    facts = [*raised(working(0), "one"), fact(working(0.2), Kind.DECLINED, "one", "mori")]
    facts += [fact(working(0.2), Kind.CLOSED, "one")]

    early = {one.move: one for one in fold(facts, working(0.2)).why("aoki")}
    late = fold(facts, working(19.5)).why("aoki")
    latest = fold(facts, working(20.5)).why("aoki")

    assert early[Move.DECLINED].weight == pytest.approx(0.70)
    assert [one.weight for one in late] == [pytest.approx(0.70 * 2 ** (-19 / 20))]
    assert latest == ()


def test_of_whom_nothing_is_known_there_is_nothing_to_explain() -> None:
    isolation = Isolation(office())

    assert isolation.why("nobody") == ()
    assert isolation.silent_teams("nobody") == ()
    assert isolation.oldest_wait("nobody") == 0
    assert isolation.evidence("nobody") == 0
    assert list(isolation.waits()) == []


def test_what_teams_are_asked_and_give_is_counted() -> None:
    facts = [
        *raised(working(0), "one"),
        *raised(working(0), "two"),
        fact(working(0.5), Kind.ACKNOWLEDGED, "one", "mori"),
        fact(working(0.5), Kind.DECLINED, "two", "mori", owner="abe", team="shipping"),
        fact(working(1), Kind.REASSIGNED, "two", "abe", owner="mori", team="production"),
        fact(working(2), Kind.COMMENTED, "two", "mori", owner="mori", team="production"),
        fact(working(3), Kind.RESOLVED, "one", "mori"),
        fact(working(3), Kind.REOPENED, "one", "aoki"),
    ]

    flows = fold(facts).flows()

    production, shipping = flows["production"], flows["shipping"]
    assert (production.requests, shipping.requests) == (3, 0)
    assert (production.answers, production.acknowledged, production.declined) == (2, 1, 1)
    assert (shipping.handed_on, shipping.expected) == (1, pytest.approx(0.25))
