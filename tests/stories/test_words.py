"""What people say about an issue after it came in, however they say it, reaches the right person.

The facts are said here as intake says them, so that what becomes of them is seen by itself.
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count
from typing import Any

from shared.contracts.event import Event, event_id_of
from shared.contracts.intake import (
    ActionRequested,
    Correction,
    IssueImported,
    IssueRaised,
    MailBounced,
    MessageReceived,
)
from shared.contracts.issue import Action, Source, Standing, Urgency
from tests.installation import Installation, until
from tests.postbox import Letter

_numbers = count()
KEPT = "0b9d3f0a-6f0e-5a55-8f0e-3a1f5d1c7b22"


def say(banso: Installation, event: Event) -> None:
    cause = f"story/{next(_numbers)}"
    event_id = event_id_of(event.subject, cause, 0)
    banso.say(event.subject, event.to_message(event_id, cause))


def id_of(banso: Installation, reference: str) -> str:
    rows = banso.ask("router", "select issue_id from issue where reference = ?", reference)
    return str(rows[0][0])


def write(
    banso: Installation,
    reference: str,
    person_id: str,
    text: str,
    standing: Standing = Standing.VOUCHED,
    **said: Any,
) -> None:
    usual = {"occurred_at": banso.now, "source": Source.EMAIL, "issue_id": id_of(banso, reference)}
    about = {"person_id": person_id, "text": text, "standing": standing}
    say(banso, MessageReceived(**usual, **about, **said))


def ask(banso: Installation, reference: str, person_id: str, action: Action, **said: Any) -> None:
    usual = {"occurred_at": banso.now, "issue_id": id_of(banso, reference)}
    say(banso, ActionRequested(**usual, person_id=person_id, action=action, **said))


def begun(banso: Installation) -> tuple[str, Letter]:
    """An issue of Brown's that Nguyen has not taken yet."""
    reference = banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    return reference, asked


def closed(banso: Installation) -> str:
    reference, asked = begun(banso)
    banso.press(asked, "Solved", cause="fault")
    solved = banso.expect("brown", "Is it solved?")
    banso.press(solved, "It is solved")
    banso.expect("nguyen", "Confirmed as solved")
    return reference


def test_words_go_to_the_right_person_and_only_an_answer_is_one(banso: Installation) -> None:
    reference, asked = begun(banso)
    before = banso.issue(reference)

    write(banso, reference, "brown", "It blinks, too.", Standing.THREADED)
    more = banso.expect("nguyen", "Emily Brown has written more")
    assert "> It blinks, too." in more.text
    write(banso, reference, "ito", "第3ロットかもしれません。")
    look = banso.expect("nguyen", "A message to look at")
    assert "who is not part of this issue" in look.text
    write(banso, reference, "nguyen", "I have solved it.", Standing.DOUBTED)
    forged = banso.expect("nguyen", "A message to look at")
    assert "probably forged" in forged.text
    after = banso.issue(reference)
    assert (after["state"], after["next_step_at"]) == (before["state"], before["next_step_at"])

    write(banso, reference, "nguyen", "A cable is on its way.", Standing.UNPROVEN)
    answer = banso.expect("brown", "Linh Nguyen has answered")
    assert "> A cable is on its way." in answer.text
    assert banso.issue(reference)["state"] == "acknowledged"
    addresses = {letter.reply_to for letter in (asked, more, look, answer)}
    assert len(addresses) == 2  # one for each person
    for address in addresses:
        assert re.fullmatch(r"issues\+[a-z2-7]{39}@example\.com", address.rpartition("<")[2][:-1])


def test_who_writes_about_a_closed_issue_opens_it_again_with_one_click(
    banso: Installation,
) -> None:
    reference = closed(banso)

    write(banso, reference, "brown", "It is off again.", Standing.THREADED)
    banso.expect("nguyen", "Emily Brown has written more")
    still = banso.expect("brown", "Your words are here, and it is closed")
    write(banso, reference, "brown", "Hello?", Standing.THREADED)
    banso.expect("nguyen", "Emily Brown has written more")
    write(banso, reference, "brown", "I am out of office.", Standing.THREADED, quiet=True)
    write(banso, reference, "nguyen", "Which colour is the light?")
    banso.expect("brown", "Linh Nguyen has answered")
    assert banso.issue(reference)["state"] == "closed"

    banso.advance("1m")  # whoever confirms and reopens within ten seconds is no person
    banso.press(still, "It is not solved")

    banso.expect("nguyen", "It is not solved yet")
    assert banso.issue(reference)["state"] == "assigned"


def test_the_carrier_corrects_it_hears_elsewhere_and_needs_it_no_more(
    banso: Installation,
) -> None:
    reference, _ = begun(banso)
    before = banso.issue(reference)["next_step_at"]

    urgent = Correction(urgency=Urgency.HIGH, customer="East Bay Fisheries")
    ask(banso, reference, "brown", Action.CORRECT, correction=urgent)
    corrected = banso.expect("nguyen", "It has been corrected")
    assert "The urgency is now: Urgent" in corrected.text
    assert "The customer is now: East Bay Fisheries" in corrected.text
    assert banso.issue(reference)["next_step_at"] < before

    words = "He sends a new one on Friday."
    ask(banso, reference, "brown", Action.ANSWERED_ELSEWHERE, text=words)
    answered = banso.expect("nguyen", "Answered by telephone or in person")
    assert "Emily Brown says that Linh Nguyen has answered already." in answered.text
    assert "Customer: East Bay Fisheries" in answered.text
    issue = banso.issue(reference)
    assert issue["state"] == "acknowledged"
    banso.expect_metric("metrics", "banso_answers_total", at_least=1, team="product")

    ask(banso, reference, "brown", Action.WITHDRAW, text="The new one is here already.")
    withdrawn = banso.expect("nguyen", "It is needed no more")
    assert "> The new one is here already." in withdrawn.text
    assert banso.issue(reference)["state"] == "closed"


def test_a_mail_that_proves_nothing_does_nothing_and_one_click_does_it(
    banso: Installation,
) -> None:
    reference, _ = begun(banso)

    mail = {"source": Source.EMAIL, "text": "done\nA new cable."}
    ask(banso, reference, "nguyen", Action.RESOLVE, standing=Standing.UNPROVEN, **mail)

    refused = banso.expect("nguyen", "One click does it")
    assert "> A new cable." in refused.text
    assert banso.issue(reference)["state"] == "assigned"
    banso.press(refused, "Solved", cause="fault", text="A new cable.")
    banso.expect("brown", "Is it solved?")


def raised(banso: Installation, **said: Any) -> IssueRaised:
    usual: dict[str, Any] = {
        "occurred_at": banso.now,
        "issue_id": KEPT,
        "reference": "4XRM-9KQT",
        "source": Source.EMAIL,
        "summary": "It did not arrive",
        "description": "It should have come on Friday.",
        "reporter_id": "brown",
        "language": "en",
    }
    return IssueRaised(**(usual | said))


def test_a_mail_to_two_addresses_is_handled_once_and_both_teams_know(
    banso: Installation,
) -> None:
    say(
        banso,
        raised(
            banso,
            summary="The box was open",
            description="Is it complete?",
            addressed_to=("issues@example.com", "shipping@example.com"),
            follower_ids=("kimura",),
            fields={"serial-number": "AN-20310"},
        ),
    )

    asked = banso.expect("ueda", "あなたの担当になりました")
    assert "製造番号: AN-20310" in asked.text
    banso.expect("brown", "We have received it")
    lead = banso.expect("ito", "この件の控えをお送りします")
    assert "http" not in lead.text.partition("--------")[0]  # no button, nothing to do
    banso.expect("kimura", "この件の控えをお送りします")
    banso.press(asked, "返事をする", text="本日発送しました。")
    for who in ("ito", "kimura"):
        banso.expect(who, "上田 誠さんから返事がありました")
    banso.expect("brown", "Makoto Ueda has answered")


def test_of_a_confidential_issue_only_owner_and_leader_hear(banso: Installation) -> None:
    both = ("issues@example.com", "shipping@example.com")
    say(banso, raised(banso, confidential=True, urgency=Urgency.HIGH, addressed_to=both))
    asked = banso.expect("ueda", "あなたの担当になりました")
    assert "取り扱い注意" in asked.text
    banso.expect("brown", "We have received it")

    banso.advance("1h")
    banso.expect("ueda", "Bansoからのお願い")
    banso.advance("2h")
    banso.expect("ueda", "Bansoからのお願い")

    late = banso.expect("hayashi", "遅れています")
    assert "It did not arrive" in late.subject


def test_an_imported_issue_is_told_to_nobody_until_it_is_opened_again(
    banso: Installation,
) -> None:
    say(
        banso,
        IssueImported(
            occurred_at=banso.now,
            issue_id=KEPT,
            reference="4XRM-9KQT",
            source=Source.EMAIL,
            imported_as="mbox:7",
            summary="The solution was missing",
            description="There was none in the box.",
            reporter_id="brown",
            owner_id="chen",
            language="en",
            raised_at=banso.now - timedelta(days=400),
            closed_at=banso.now - timedelta(days=390),
        ),
    )
    until(lambda: banso.ask("router", "select 1 from issue"), "it is on record")
    banso.advance("9d")
    assert banso.metric("metrics", "banso_requests_total") == 0

    ask(banso, "4XRM-9KQT", "brown", Action.REOPEN, text="It is missing again.")

    opened = banso.expect("chen", "まだ解決していません")
    assert "It is missing again." in opened.text


def test_a_mail_that_comes_back_is_a_failure_and_is_counted_once(banso: Installation) -> None:
    reference, _ = begun(banso)
    rows = banso.ask(
        "notifier",
        "select delivery_id from delivery where person_id = 'nguyen' and reason = 'yours'",
    )
    bounce = MailBounced(
        occurred_at=banso.now,
        delivery_id=rows[0][0],
        issue_id=id_of(banso, reference),
        permanent=True,
        error="5.1.1 user unknown",
    )

    say(banso, bounce.model_copy(update={"permanent": False}))
    say(banso, bounce)
    say(banso, bounce)

    banso.expect_metric("metrics", "banso_failed_notifications_total", at_least=1, channel="email")
    banso.postbox.expect("ito@example.com", "連絡がつきません")  # their lead
    banso.quieten()
    assert banso.stored("notification.failed.v1") == 1
    assert banso.metric("notifier", "banso_bounces_total", kind="temporary") == 1
