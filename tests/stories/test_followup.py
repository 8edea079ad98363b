"""Banso follows up in its own name, and what nobody answers climbs to the leader."""

from __future__ import annotations

from tests.installation import Installation, page_text


def test_nobody_acknowledges_and_it_climbs_to_the_leader(banso: Installation) -> None:
    reference = banso.raise_issue()
    banso.expect("nguyen", "This is yours now")
    received = banso.expect("brown", "We have received it")
    assert banso.issue(reference)["next_step"] == "acknowledge"

    banso.advance("5h")  # four working hours: lunch is none
    reminder = banso.expect("nguyen", "A reminder from Banso")
    assert "Emily Brown is waiting" in reminder.text

    banso.advance("2h")
    banso.expect("nguyen", "A reminder from Banso")

    banso.advance("17h")  # an hour this evening and one tomorrow morning
    banso.expect("nguyen", "A reminder from Banso")
    late = banso.expect("ito", "遅れています")
    assert "グエン・リンさん" in late.text

    banso.advance("5h")
    given = banso.expect("hayashi", "あなたの担当になりました")
    assert "誰が担当するか決めてください" in given.text
    banso.expect("nguyen", "It is no longer yours")
    moved = banso.expect("brown", "Somebody else looks after it now")
    assert "Keiko Hayashi (Product) decides now" in moved.text

    issue = banso.issue(reference)
    assert issue["owner"]["id"] == "hayashi"
    assert issue["reminders"] == 3
    status = page_text(banso.browser.get(received.link("See how it stands")).text)
    assert "Chased for you 3 times" in status
    assert banso.metric("metrics", "banso_reminders_total", team="product") == 3
    assert banso.metric("metrics", "banso_escalations_total", level="leader") == 1


def test_the_leader_who_has_it_is_reminded_until_somebody_is_chosen(banso: Installation) -> None:
    reference = banso.raise_issue(urgency="high")
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.advance("1h")
    banso.expect("nguyen", "A reminder from Banso")
    banso.advance("2h")  # lunch is between
    banso.expect("nguyen", "A reminder from Banso")
    banso.expect("ito", "遅れています")
    banso.advance("1h")
    given = banso.expect("hayashi", "あなたの担当になりました")
    banso.expect("nguyen", "It is no longer yours")
    banso.expect("brown", "Somebody else looks after it now")

    banso.advance("1h")
    banso.expect("hayashi", "Bansoからのお願い")
    banso.press(given, "担当を決める", proposed="ito")

    banso.expect("ito", "あなたの担当になりました")
    banso.expect("brown", "Somebody else looks after it now")
    assert banso.issue(reference)["owner"]["id"] == "ito"


def test_a_day_of_outage_brings_one_reminder_and_not_a_series(banso: Installation) -> None:
    reference = banso.raise_issue()
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.hold("router")

    banso.advance_only("2d")
    banso.release("router")
    banso.settle()

    banso.expect("nguyen", "A reminder from Banso")
    assert banso.issue(reference)["reminders"] == 1


def test_the_clock_does_not_reset_when_somebody_else_gets_it(banso: Installation) -> None:
    reference = banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.advance("3h")
    banso.press(asked, "Not mine", reason="no_time", proposed="ito")
    passed = banso.expect("ito", "あなたの担当になりました")
    banso.expect("brown", "Somebody else looks after it now")

    banso.press(passed, "引き受ける")

    banso.expect("brown", "It is being worked on")
    issue = banso.issue(reference)
    assert issue["next_step"] == "answer"
    answer_by = issue["next_step_at"]
    assert answer_by.startswith("2031-02-04T01:0")  # a day after her first word, in UTC


def test_a_reporter_hears_within_a_minute_even_while_nobody_decides(banso: Installation) -> None:
    banso.hold("router")
    reference = banso.raise_issue()
    assert banso.issue(reference)["owner"] is None
    assert banso.issue(reference)["state"] == "received"

    banso.advance_only("61s")

    waiting = banso.expect("brown", "We have received it")
    assert "will not be lost" in waiting.text
    banso.expect_metric("metrics", "banso_unowned_seconds", at_least=61)
    banso.release("router")
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.settle()
    assert banso.metric("metrics", "banso_unowned_seconds") == 0
