"""What must hold of the isolation score whatever happens: METRICS, *Must hold*."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.backtest import scores
from services.metrics.facts import Fact, Kind
from services.metrics.isolation import LEAST, MOST, REACTIONS, Isolation
from tests.unit.metrics.histories import (
    CARRIERS,
    DATE_S,
    DAYS,
    OWNERS,
    TEAMS,
    WEEK_S,
    at,
    every_quarter,
    fact,
    fold,
    histories,
    in_order,
    office,
    raised,
    scores_at,
    working,
)

SAME = 1e-9
ANSWERS = frozenset({Kind.ACKNOWLEDGED, Kind.COMMENTED, Kind.RESOLVED})
moments = st.integers(0, DAYS * 24 * 60).map(lambda minute: minute * 60.0)


def of_all(facts: list[Fact]) -> dict[str, list[float]]:
    return {who: scores_at(facts, every_quarter(), who) for who in CARRIERS}


def assert_never_lower(higher: list[float], lower: list[float]) -> None:
    assert all(one >= other - SAME for one, other in zip(higher, lower, strict=True))


def carrier_of(facts: list[Fact], issue: str) -> str:
    return next(one.raiser for one in facts if one.issue == issue and one.kind is Kind.RAISED)


@given(histories())
def test_the_score_is_bounded(facts: list[Fact]) -> None:
    for found in of_all(facts).values():
        assert all(LEAST <= score <= MOST for score in found)


@given(histories(), moments, st.sampled_from(CARRIERS), st.sampled_from(OWNERS))
def test_an_unanswered_request_never_lowers_it(
    facts: list[Fact], at_s: float, carrier: str, owner: str
) -> None:
    more = in_order([*facts, *raised(at_s, "one more", carrier, owner)])

    assert_never_lower(
        scores_at(more, every_quarter(), carrier), scores_at(facts, every_quarter(), carrier)
    )


@given(histories(), moments, st.sampled_from(CARRIERS))
def test_raising_moves_nothing_at_that_moment(facts: list[Fact], at_s: float, carrier: str) -> None:
    until = [one for one in facts if one.at_s <= at_s]
    before, after = fold(until, at_s), fold([*until, *raised(at_s, "one more", carrier)])

    assert after.score(carrier) == pytest.approx(before.score(carrier) or 0.05, abs=SAME)


@given(
    histories(),
    moments,
    st.sampled_from([Kind.COMMENTED, Kind.REMINDED, Kind.ESCALATED, Kind.COMPANION_ASSIGNED]),
)
def test_own_comments_reminders_escalations_and_companions_move_nothing(
    facts: list[Fact], at_s: float, kind: Kind
) -> None:
    issue = facts[0].issue or "issue-0"
    carrier = carrier_of(facts, issue)
    by = carrier if kind is Kind.COMMENTED else "companion" if "companion" in kind else ""
    later = max(at_s, next(one.at_s for one in facts if one.issue == issue))
    more = in_order([*facts, fact(later, kind, issue, by, raiser=carrier)])

    found, expected = of_all(more), of_all(facts)

    for who in CARRIERS:
        assert found[who] == pytest.approx(expected[who], abs=SAME)


@given(histories(), moments, st.sampled_from([Kind.DECLINED, Kind.REASSIGNED]))
def test_a_refusal_or_a_hand_over_never_lowers_it(
    facts: list[Fact], at_s: float, kind: Kind
) -> None:
    issue = facts[0].issue or "issue-0"
    until = [one for one in facts if one.at_s <= at_s]
    before = fold(until, at_s)
    after = fold([*until, fact(at_s, kind, issue, "abe", owner="mori", team="production")])

    for who in before.people():
        assert (after.score(who) or 0.05) >= (before.score(who) or 0.05) - SAME


@given(histories())
def test_waiting_never_lowers_it(facts: list[Fact]) -> None:
    """Where nothing happens and somebody waits, it only rises."""
    last_s = facts[-1].at_s
    isolation = fold(facts)
    waiting = {one.carrier for one in isolation.waits() if one.is_running}

    for carrier in waiting:
        later = [moment for moment in every_quarter(120) if moment > last_s]
        found = scores_at(facts, later, carrier)
        assert_never_lower(found[1:], found[:-1])


@given(histories(), moments, st.sampled_from(sorted(ANSWERS)))
def test_an_answer_by_somebody_new_never_raises_it_that_day_and_hardly_later(
    facts: list[Fact], at_s: float, kind: Kind
) -> None:
    issue = facts[0].issue or "issue-0"
    carrier = carrier_of(facts, issue)
    later = max(at_s, next(one.at_s for one in facts if one.issue == issue))
    more = in_order([*facts, fact(later, kind, issue, "somebody new", raiser=carrier)])

    without = scores_at(facts, every_quarter(), carrier)
    answered = scores_at(more, every_quarter(), carrier)

    for moment, one, other in zip(every_quarter(), answered, without, strict=True):
        is_that_day = moment < later - later % DATE_S + DATE_S
        assert one <= other + (SAME if is_that_day else 0.02)


@given(histories(), st.sampled_from(CARRIERS))
def test_removing_all_answers_to_somebody_never_lowers_it(facts: list[Fact], carrier: str) -> None:
    theirs = {one.issue for one in facts if one.kind is Kind.RAISED and one.raiser == carrier}
    fewer = [
        one
        for one in facts
        if one.issue not in theirs or one.kind not in ANSWERS or one.person in ("", carrier)
    ]

    assert_never_lower(
        scores_at(fewer, every_quarter(), carrier), scores_at(facts, every_quarter(), carrier)
    )


@given(histories())
def test_doubling_the_organisation_changes_nothing(facts: list[Fact]) -> None:
    def twin(name: str) -> str:
        return f"{name} too" if name else ""

    twins = [
        replace(
            one, id=twin(one.id), issue=twin(one.issue), person=twin(one.person),
            raiser=twin(one.raiser), owner=twin(one.owner), team=twin(one.team),
        )
        for one in facts
    ]  # fmt: skip
    both = in_order([*facts, *twins])

    for who in CARRIERS:
        alone = scores_at(facts, every_quarter(), who)
        assert scores_at(both, every_quarter(), who) == pytest.approx(alone, abs=SAME)
        assert scores_at(both, every_quarter(), twin(who)) == pytest.approx(alone, abs=SAME)


@given(histories())
def test_new_names_change_nothing(facts: list[Fact]) -> None:
    def other(name: str) -> str:
        return name[::-1]

    renamed = [
        replace(
            one, issue=other(one.issue), person=other(one.person), raiser=other(one.raiser),
            owner=other(one.owner), team=other(one.team),
        )
        for one in facts
    ]  # fmt: skip

    for who in CARRIERS:
        assert scores_at(renamed, every_quarter(), other(who)) == pytest.approx(
            scores_at(facts, every_quarter(), who), abs=SAME
        )


@given(histories(), st.integers(1, 200))
def test_some_weeks_later_it_would_be_the_same(facts: list[Fact], weeks: int) -> None:
    later = [replace(one, at_s=one.at_s + weeks * WEEK_S) for one in facts]
    moved = [moment + weeks * WEEK_S for moment in every_quarter()]

    for who in CARRIERS:
        assert scores_at(later, moved, who) == pytest.approx(
            scores_at(facts, every_quarter(), who), abs=SAME
        )


@given(histories(), st.data())
def test_hearing_a_fact_again_changes_nothing(facts: list[Fact], data: st.DataObject) -> None:
    again = [one for one in facts for _ in range(data.draw(st.integers(1, 3)))]

    assert of_all(again) == of_all(facts)


@given(histories(), st.randoms())
def test_in_a_file_events_may_stand_twice_anywhere(facts: list[Fact], chance: object) -> None:
    fields = ("id", "issue", "person", "raiser", "owner", "team")
    events = [
        {"t": one.at_s, "kind": one.kind, **{key: getattr(one, key) for key in fields}}
        for one in facts
    ]
    ticks = [{"t": moment, "kind": "tick", "id": f"tick {moment}"} for moment in every_quarter()]
    told = sorted([*events, *ticks], key=lambda event: event["t"])
    again = [*told, *chance.sample(told, len(told) // 2)]

    assert list(scores(again)) == list(scores(told))


@given(histories(), st.data())
def test_it_is_the_same_wherever_it_was_interrupted(facts: list[Fact], data: st.DataObject) -> None:
    isolation = Isolation(office())
    for one in facts:
        if data.draw(st.booleans()):
            kept = json.loads(json.dumps(isolation.state()))
            isolation = Isolation.from_state(kept, office())
        isolation.fold(one)
    isolation.advance(at(90))

    expected = fold(facts, at(90))

    for who in expected.people():
        assert isolation.score(who) == pytest.approx(expected.score(who), abs=SAME)
        assert isolation.why(who) == expected.why(who)
    assert isolation.state() == expected.state()


@given(histories(), st.lists(moments))
def test_looking_changes_nothing(facts: list[Fact], looks: list[float]) -> None:
    isolation = Isolation(office())
    for one in facts:
        for look in looks:
            for who in CARRIERS:
                isolation.score(who, one.at_s + look)
                isolation.why(who, one.at_s + look)
                isolation.oldest_wait(who, one.at_s + look)
                isolation.silent_teams(who, one.at_s + look)
        isolation.fold(one)

    assert isolation.state() == fold(facts).state()


def test_eight_requests_that_are_taken_and_never_answered_reach_four_fifths() -> None:
    facts = [
        one
        for number in range(8)
        for one in (
            *raised(working(number), f"issue-{number}"),
            fact(working(number + 0.1), Kind.ACKNOWLEDGED, f"issue-{number}", "mori"),
        )
    ]

    assert (fold(facts, working(30)).score("aoki") or 0) >= 0.8


def test_every_reaction_of_the_table_is_one_of_a_person() -> None:
    assert set(REACTIONS) >= ANSWERS
    assert set(TEAMS) == set(OWNERS)
