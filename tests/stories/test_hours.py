"""Told when they are at work, at once where it can't wait, and in one go once a week."""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.contracts.event import Event, event_id_of
from shared.contracts.intake import (
    ActionRequested,
    Digest,
    IssueMuted,
    Preferences,
    PreferenceSet,
)
from shared.contracts.issue import Action
from tests.installation import Installation, running, until
from tests.postbox import Letter
from tests.stories.test_bundles import with_one_for_all

NO_EFFECT = "no-effect"


def say(banso: Installation, event: Event) -> None:
    cause = f"story/{uuid4()}"
    event_id = event_id_of(event.subject, cause, 0)
    banso.say(event.subject, event.to_message(event_id, cause))


def id_of(banso: Installation, reference: str) -> str:
    rows = banso.ask("router", "select issue_id from issue where reference = ?", reference)
    return str(rows[0][0])


def does(banso: Installation, person_id: str, action: Action, reference: str, **said: Any) -> None:
    say(
        banso,
        ActionRequested(
            occurred_at=banso.now,
            issue_id=id_of(banso, reference),
            person_id=person_id,
            action=action,
            **said,
        ),
    )


def test_a_message_at_night_waits_for_the_morning_and_what_is_urgent_does_not(
    tmp_path: Path,
) -> None:
    with running(tmp_path, organisation=with_one_for_all(tmp_path)) as banso:
        banso.advance("11h")  # nine in the evening
        quiet = [banso.raise_issue(summary=f"It is weak, {n}", category=NO_EFFECT) for n in (1, 2)]
        for _ in quiet:
            banso.expect("brown", "We have received it")
        banso.expect_metric("notifier", "banso_notifications_held", at_least=2, channel="email")
        until(lambda: told(banso, "garcia") == 2, "both are in the inbox")

        urgent = banso.raise_issue(summary="It hurts", category=NO_EFFECT, urgency="high")
        mine = banso.expect("garcia", "This is yours now")
        assert urgent in mine.subject
        banso.expect("brown", "We have received it")
        banso.press(mine, "I take it")
        banso.expect("brown", "It is being worked on")
        assert not banso.postbox.unexpected

        banso.advance("13h")
        morning = banso.expect("garcia", "2 issues are yours now")
        assert all(reference in morning.text for reference in quiet)
        assert urgent not in morning.text


def address_in(header: str) -> str:
    return parseaddr(header)[1]


def told(banso: Installation, person_id: str) -> int:
    return sum(line["person_id"] == person_id for line in banso.inbox())


def test_whoever_is_still_there_in_the_evening_hears_at_once(tmp_path: Path) -> None:
    with running(tmp_path, organisation=with_one_for_all(tmp_path)) as banso:
        reference = banso.raise_issue(category=NO_EFFECT)
        mine = banso.expect("garcia", "This is yours now")
        mail = banso.expect("brown", "We have received it")
        banso.press(mine, "Answer", text="We look at it.")
        banso.expect("brown", "Maria Garcia has answered")
        banso.advance("9h")  # seven in the evening

        reply = f"To: {mail.reply_to}\r\nFrom: brown@example.com\r\nSubject: Re: {mail.subject}"
        words = f"{reply}\r\nMessage-ID: <1@pc.example>\r\n\r\nIt is worse by now.\r\n"
        banso.send("brown@example.com", words.encode(), to=address_in(mail.reply_to))
        until(lambda: told(banso, "garcia") == 2, "her words are there")
        does(banso, "garcia", Action.ANSWER, reference, text="Please charge it first.")
        answer = banso.expect("brown", "Maria Garcia has answered")
        assert "Please charge it first." in answer.text

        banso.advance("2h")
        does(banso, "garcia", Action.RESOLVE, reference, cause="fault", text="It is charged.")
        until(lambda: told(banso, "brown") == 4, "it is in the inbox")
        banso.settle()
        assert not banso.postbox.unexpected

        banso.advance("13h")
        banso.expect("brown", "Is it solved?")
        banso.expect("garcia", "Emily Brown has written more")


def test_who_wants_to_hear_no_more_of_an_issue_is_asked_what_only_they_can_say(
    banso: Installation,
) -> None:
    reference = banso.raise_issue()
    mine = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    muted = IssueMuted(
        occurred_at=banso.now, issue_id=id_of(banso, reference), person_id="brown", muted=True
    )
    say(banso, muted)
    banso.settle()

    banso.press(mine, "I take it")

    banso.expect_metric("notifier", "banso_notifications_summed_total", at_least=1, reason="taken")
    assert any(line["reason"] == "taken" for line in banso.inbox())
    banso.press(mine, "Solved", cause="fault")
    banso.expect("brown", "Is it solved?")


def summaries(banso: Installation, who: str, words: str) -> list[Letter]:
    address = f"{who}@example.com"
    return [one for one in banso.postbox.letters if one.to == address and words in one.subject]


def test_once_a_week_everybody_hears_in_one_go_what_concerns_them_in_their_language(
    tmp_path: Path,
) -> None:
    with running(tmp_path, expecting=False) as banso:
        banso.raise_issue(summary="The lamp is red")
        taken = banso.expect("nguyen", "This is yours now")
        banso.press(taken, "I take it")
        reporter = {"name": "佐藤", "email": "sato@example.com"}
        solved = banso.raise_issue(summary="説明書がわかりにくい", reporter=reporter)
        banso.settle()
        does(banso, "nguyen", Action.TAKE, solved)
        does(banso, "nguyen", Action.RESOLVE, solved, cause="fault", text="書き直しました。")
        banso.settle()
        does(banso, "sato", Action.CONFIRM, solved)
        nobody = Preferences(digest=Digest.NEVER)
        say(banso, PreferenceSet(occurred_at=banso.now, person_id="nguyen", preferences=nobody))

        banso.advance("7d")
        banso.settle()

        (english,) = summaries(banso, "brown", "Your summary")
        (japanese,) = summaries(banso, "sato", "まとめ")
        assert "What moved" in english.text
        assert "The lamp is red" in english.text
        assert "持ち込んだもののうち、解決したもの" in japanese.text
        assert "説明書がわかりにくい" in japanese.text
        assert solved in japanese.text
        assert "/s/" in japanese.html
        assert summaries(banso, "nguyen", "summary") == []
        assert summaries(banso, "garcia", "summary") == []

        banso.advance("3h")
        banso.kill("notifier")
        banso.settle()
        assert len(summaries(banso, "brown", "Your summary")) == 1
        assert len(summaries(banso, "sato", "まとめ")) == 1
