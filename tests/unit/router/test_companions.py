"""A companion for somebody who is left alone: what follows what, and who is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from services.router import companions
from services.router.assignment import Staff, Work
from services.router.companions import (
    Companionship,
    Due,
    Heard,
    Meaning,
    Stage,
    Wanted,
)
from services.router.presence import Presence
from shared.contracts.intake import CompanionWord
from shared.contracts.metrics import Level
from shared.contracts.organisation import Person
from shared.contracts.router import CompanionBecause, ReleasedBecause
from tests.unit import build

NOW = build.at("2026-06-01 10:00")
HOURS = build.office()
TOMORROW = build.at("2026-06-02 10:00")
IN_A_WEEK = build.at("2026-06-08 10:00")
IN_A_FORTNIGHT = build.at("2026-06-15 10:00")
WORDS = tuple(CompanionWord)
YES, NO, HELPS, HELPS_NOT, END = WORDS


def known(stage: Stage = Stage.OFFERED, **said: Any) -> Companionship:
    """Of `emi`, alongside whom `yui` runs or is asked to."""
    begun = stage in (Stage.SEARCHING, Stage.RUNNING)
    usual: dict[str, Any] = {
        "companionship_id": "c",
        "version": 1,
        "carrier_id": "emi",
        "stage": stage,
        "level": Level.ASK,
        "began_at": NOW,
        "offers": 1,
        "companion_id": "yui" if begun else None,
        "because": CompanionBecause.AGREED if stage is Stage.RUNNING else None,
        "asked_ids": ["sho", "yui"] if begun else [],
    }
    return Companionship(**(usual | said))


def over(because: ReleasedBecause, **said: Any) -> Companionship:
    return known(Stage.OVER, ended_at=NOW, ended_because=because, **said)


def heard(
    last: Companionship | None,
    level: Level = Level.ASK,
    now: datetime = NOW,
    *,
    in_spite: bool = False,
) -> Heard:
    return companions.heard(last, level, HOURS, now, in_spite=in_spite)


@pytest.mark.parametrize("last", [None, known(), over(ReleasedBecause.SUPPORTED)])
def test_to_watch_asks_nobody_anything(last: Companionship | None) -> None:
    assert heard(last, Level.WATCH) is Heard.NOTHING


@pytest.mark.parametrize("level", [Level.ASK, Level.ALARM])
def test_a_carrier_who_is_left_alone_is_asked(level: Level) -> None:
    assert heard(None, level) is Heard.BEGIN
    assert heard(over(ReleasedBecause.SUPPORTED), level) is Heard.BEGIN


@pytest.mark.parametrize("because", [ReleasedBecause.DECLINED, ReleasedBecause.ENDED])
def test_who_wants_none_is_left_in_peace_for_two_weeks_unless_it_becomes_much_worse(
    because: ReleasedBecause,
) -> None:
    last = over(because)

    assert heard(last, now=IN_A_FORTNIGHT - timedelta(minutes=1)) is Heard.NOTHING
    assert heard(last, now=IN_A_FORTNIGHT) is Heard.BEGIN
    assert heard(last, Level.ALARM, now=TOMORROW) is Heard.BEGIN


def test_who_said_no_to_an_alarm_is_left_in_peace_when_the_next_one_comes() -> None:
    assert heard(over(ReleasedBecause.DECLINED, level=Level.ALARM), Level.ALARM) is Heard.NOTHING


@pytest.mark.parametrize("stage", [Stage.PUT_OFF, Stage.OFFERED, Stage.SEARCHING, Stage.RUNNING])
def test_nobody_is_asked_again_while_something_is_under_way(stage: Stage) -> None:
    assert heard(known(stage)) is Heard.NOTHING


def test_who_has_not_answered_is_asked_again_when_it_becomes_much_worse() -> None:
    assert heard(known(), Level.ALARM) is Heard.ASK_AGAIN
    assert heard(known(level=Level.ALARM), Level.ALARM) is Heard.NOTHING
    assert heard(known(Stage.SEARCHING), Level.ALARM) is Heard.NOTHING


def test_the_leader_hears_when_a_companion_was_not_enough() -> None:
    assert heard(known(Stage.RUNNING), in_spite=True) is Heard.IN_SPITE
    assert heard(known(Stage.SEARCHING), in_spite=True) is Heard.NOTHING


@pytest.mark.parametrize(
    ("stage", "word", "expected"),
    [
        (Stage.OFFERED, YES, Meaning.SEARCH),
        (Stage.OFFERED, NO, Meaning.DECLINED),
        (Stage.OFFERED, END, Meaning.DECLINED),
        (Stage.PUT_OFF, YES, Meaning.SEARCH),
        (Stage.SEARCHING, NO, Meaning.ENDED),
        (Stage.SEARCHING, END, Meaning.ENDED),
        (Stage.RUNNING, NO, Meaning.ENDED),
        (Stage.RUNNING, END, Meaning.ENDED),
        (Stage.RUNNING, HELPS_NOT, Meaning.HELPS_NOT),
    ],
)
def test_what_a_carriers_word_leads_to(
    stage: Stage, word: CompanionWord, expected: Meaning
) -> None:
    assert companions.meaning(known(stage), "emi", word) is expected


@pytest.mark.parametrize(
    ("stage", "word", "expected"),
    [
        (Stage.SEARCHING, YES, Meaning.AGREED),
        (Stage.SEARCHING, NO, Meaning.NEXT),
        (Stage.SEARCHING, END, Meaning.NEXT),
        (Stage.RUNNING, NO, Meaning.STOPS),
        (Stage.RUNNING, END, Meaning.STOPS),
        (Stage.RUNNING, HELPS_NOT, Meaning.HELPS_NOT),
    ],
)
def test_what_a_colleagues_word_leads_to(
    stage: Stage, word: CompanionWord, expected: Meaning
) -> None:
    assert companions.meaning(known(stage), "yui", word) is expected


def test_a_no_is_taken_back_as_long_as_somebody_is_looked_for() -> None:
    assert companions.meaning(known(Stage.SEARCHING), "sho", YES) is Meaning.AGREED
    assert companions.meaning(known(Stage.SEARCHING), "sho", NO) is Meaning.NOTHING


def test_a_late_yes_spares_the_leader() -> None:
    led = known(Stage.RUNNING, companion_id="kai", because=CompanionBecause.LEADER)

    assert companions.meaning(led, "yui", YES) is Meaning.TAKES_OVER
    assert companions.meaning(led, "yui", NO) is Meaning.NOTHING
    assert companions.meaning(known(Stage.RUNNING), "sho", YES) is Meaning.NOTHING


@pytest.mark.parametrize(("stage", "word"), list(product(Stage, WORDS)))
def test_whoever_was_never_asked_has_no_say(stage: Stage, word: CompanionWord) -> None:
    assert companions.meaning(known(stage), "ren", word) is Meaning.NOTHING


@pytest.mark.parametrize("word", WORDS)
def test_nothing_follows_from_words_once_it_is_over(word: CompanionWord) -> None:
    done = known(Stage.OVER, companion_id="yui", asked_ids=["yui"])

    assert companions.meaning(done, "emi", word) is Meaning.NOTHING
    assert companions.meaning(done, "yui", word) is Meaning.NOTHING


@pytest.mark.parametrize(
    ("who", "stage", "word"),
    [
        ("emi", Stage.OFFERED, HELPS),
        ("emi", Stage.SEARCHING, YES),
        ("emi", Stage.RUNNING, YES),
        ("emi", Stage.RUNNING, HELPS),
        ("yui", Stage.SEARCHING, HELPS),
        ("yui", Stage.RUNNING, YES),
        ("yui", Stage.RUNNING, HELPS),
    ],
)
def test_the_same_word_again_or_one_out_of_place_leads_to_nothing(
    who: str, stage: Stage, word: CompanionWord
) -> None:
    assert companions.meaning(known(stage), who, word) is Meaning.NOTHING


def test_what_is_due() -> None:
    assert companions.due(known(Stage.PUT_OFF)) is Due.OFFER
    assert companions.due(known()) is Due.OFFER
    assert companions.due(known(offers=2)) is Due.TELL
    assert companions.due(known(offers=2, level=Level.ALARM)) is Due.NAME
    assert companions.due(known(Stage.SEARCHING)) is Due.NAME
    assert companions.due(known(Stage.RUNNING)) is Due.CHECK
    with pytest.raises(ValueError, match="over"):
        companions.due(known(Stage.OVER))


def test_a_companionship_goes_its_way() -> None:
    begun = companions.begin("c", "emi", Level.ASK, "kai", NOW)
    offered = companions.offer(begun, HOURS, NOW)
    searching = companions.search(offered, HOURS, NOW)
    asked = companions.ask(companions.ask(searching, "yui"), "sho")
    running = companions.run(asked, "sho", CompanionBecause.AGREED, HOURS, NOW)
    checked = companions.check(running, HOURS, NOW)
    ended = companions.end(checked, ReleasedBecause.SUPPORTED, TOMORROW)

    assert (offered.stage, offered.offers, offered.due_at) == (Stage.OFFERED, 1, TOMORROW)
    assert (searching.stage, searching.due_at) == (Stage.SEARCHING, TOMORROW)
    assert (asked.companion_id, asked.asked_ids) == ("sho", ["yui", "sho"])
    assert asked.due_at == TOMORROW
    assert (running.stage, running.due_at) == (Stage.RUNNING, IN_A_WEEK)
    assert running.asked_ids == ["yui", "sho"]
    assert checked.due_at == IN_A_FORTNIGHT
    assert (ended.stage, ended.due_at, ended.ended_at) == (Stage.OVER, None, TOMORROW)
    assert not ended.is_open
    assert [one.version for one in (begun, offered, searching, asked, running, checked, ended)] == [
        0, 1, 2, 4, 5, 6, 7,
    ]  # fmt: skip


def test_what_is_put_off_keeps_its_place_and_only_waits() -> None:
    offered = companions.put_off(known(), IN_A_WEEK)
    running = companions.put_off(known(Stage.RUNNING), IN_A_WEEK)

    assert (offered.stage, offered.due_at) == (Stage.PUT_OFF, IN_A_WEEK)
    assert (running.stage, running.due_at) == (Stage.RUNNING, IN_A_WEEK)
    assert companions.wait(known(due_at=NOW)).due_at is None
    assert companions.let_go(known(Stage.RUNNING)).version == 2


def test_what_was_taken_is_not_in_hand_once_something_has_happened() -> None:
    assert companions.wait(known(taken_at=NOW)).taken_at is None


def test_news_are_kept_and_worse_news_let_the_carrier_be_asked_as_often_again() -> None:
    why = [{"move": "waiting", "count": 4, "weight": 2.0}]
    same = companions.learn(known(offers=2), Level.ASK, why, ["product"])
    worse = companions.learn(known(offers=2), Level.ALARM, why, ["product"])
    better = companions.learn(worse, Level.ASK, [], [])

    assert (same.level, same.offers) == (Level.ASK, 2)
    assert (same.why, same.silent_team_ids) == (why, ["product"])
    assert (worse.level, worse.offers) == (Level.ALARM, 0)
    assert better.level is Level.ALARM


# --- who is asked


def willing(person_id: str, team: str = "shipping", **said: Any) -> Person:
    return build.person(person_id, team, companion=True, **said)


def chosen(
    *people: Person,
    works: dict[str, Work] | None = None,
    presences: dict[str, Presence] | None = None,
    **said: Any,
) -> list[str]:
    usual: dict[str, Any] = {
        "carrier": build.person("emi", "sales"),
        "lead_id": "aki",
        "silent_team_ids": (),
        "asked_ids": (),
        "accompanied": {},
        "answered": {},
    }
    staff = Staff(works or {}, presences or {})
    return companions.candidates(people, Wanted(**(usual | said)), staff)


def test_only_who_is_willing_is_asked() -> None:
    assert chosen(willing("yui"), build.person("ren")) == ["yui"]


def test_nobody_is_their_own_companion_and_nobody_is_asked_twice() -> None:
    assert chosen(willing("emi"), willing("yui"), willing("sho"), asked_ids=["sho"]) == ["yui"]


def test_nobody_from_a_team_that_does_not_answer_is_asked() -> None:
    people = willing("yui"), willing("ren", "product")

    assert chosen(*people, silent_team_ids=["product"]) == ["yui"]


@pytest.mark.parametrize("presence", [Presence(is_substituted=True), Presence(away_s=8 * 3600 + 1)])
def test_nobody_who_is_away_is_asked(presence: Presence) -> None:
    assert chosen(willing("yui"), willing("ren"), presences={"ren": presence}) == ["yui"]


def test_who_comes_back_within_a_working_day_may_be_asked() -> None:
    assert chosen(willing("yui"), presences={"yui": Presence(away_s=8 * 3600)}) == ["yui"]


def test_nobody_runs_alongside_more_than_three() -> None:
    assert chosen(willing("yui", hours_per_day=8), accompanied={"yui": 3}) == []
    assert chosen(willing("yui", hours_per_day=8), accompanied={"yui": 2}) == ["yui"]


def test_nobody_with_four_days_of_work_in_hand_is_asked() -> None:
    """Of four hours a day for issues, a week is 20 hours; who runs alongside has 2.5 fewer."""
    in_hand = {"yui": Work(in_hand_s=16 * 3600)}
    nearly = {"yui": Work(in_hand_s=16 * 3600 - 1)}

    assert chosen(willing("yui"), works=in_hand) == []
    assert chosen(willing("yui"), works=nearly) == ["yui"]
    assert chosen(willing("yui"), works=nearly, accompanied={"yui": 1}) == []


def test_the_carriers_own_lead_comes_last_and_who_speaks_their_language_first() -> None:
    lead = willing("aki", "sales")
    foreign = willing("ren", languages=("ja",))
    native = willing("sho", languages=("en", "ja"))

    assert chosen(foreign, lead, native, willing("yui")) == ["sho", "yui", "aki", "ren"]


def test_who_has_less_in_hand_comes_first() -> None:
    works = {"ren": Work(in_hand_s=8 * 3600)}

    assert chosen(willing("ren"), willing("yui"), works=works) == ["yui", "ren"]


def test_ties_go_to_who_has_answered_the_carrier_last_and_then_to_experience() -> None:
    answered = {
        "mio": "2026-05-01T01:00:00+00:00",
        "sho": "2026-05-20T01:00:00+00:00",
    }
    people = (
        willing("yui"),
        willing("ren", since=date(2015, 4, 1)),
        willing("ume", since=date(2008, 4, 1)),
        willing("mio"),
        willing("sho"),
    )

    assert chosen(*people, answered=answered) == ["sho", "mio", "ume", "ren", "yui"]


def test_the_heads_of_silent_teams_are_told_each_once_and_never_the_carrier() -> None:
    company = build.organisation()

    assert companions.heads(company, ["shipping", "product", "shipping"], "emi") == ["ume", "mio"]
    assert companions.heads(company, ["shipping"], "ume") == ["kai"]
    assert companions.heads(company, ["gone"], "emi") == ["kai"]
    assert companions.heads(company, [], "kai") == []


def test_the_leader_is_the_last_resort_and_for_the_leader_somebody_else() -> None:
    company = build.organisation(companion_coordinator="yui")

    assert list(companions.last_resorts(company, "emi")) == ["kai", "yui", "mio", "ume", "aki"]
    assert list(companions.last_resorts(company, "kai")) == ["yui", "mio", "ume", "aki"]
    assert next(companions.last_resorts(build.organisation(), "kai")) == "mio"


def test_somebody_sees_to_it_unless_that_is_the_carrier_alone() -> None:
    company = build.organisation(companion_coordinator="yui")

    assert companions.coordinator(company, "emi") == "yui"
    assert companions.coordinator(company, "yui") == "kai"
    assert companions.coordinator(build.organisation(), "emi") == "kai"
    assert companions.coordinator(build.organisation(), "kai") is None


def test_a_change_makes_a_new_version_and_leaves_the_old_one_as_it_was() -> None:
    before = known()

    companions.offer(before, HOURS, NOW)

    assert before == replace(known())
