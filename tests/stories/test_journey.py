"""The main journey: from whoever brings a problem in to its owner, and back when it is solved."""

from __future__ import annotations

from tests.installation import Installation, a_problem, page_text


def test_a_problem_goes_from_the_form_to_its_owner_and_is_confirmed(banso: Installation) -> None:
    form = banso.browser.get("/?lang=en")
    received = banso.submit(
        form,
        summary="The meter does not start",
        description="It worked yesterday.",
        category="not-working",
        name="Emily Brown",
        email="brown@example.com",
    )

    assert "Received" in page_text(received.text)
    mail = banso.expect("brown", "We have received it")
    assert "Linh Nguyen" in mail.text
    asked = banso.expect("nguyen", "This is yours now")
    assert "It worked yesterday." in asked.text

    assert "You have taken it" in banso.press(asked, "I take it")
    taken = banso.expect("brown", "It is being worked on")
    assert "Linh Nguyen" in taken.text

    done = banso.press(asked, "Solved", cause="fault", text="A new battery is on its way.")
    assert "Thank you" in done
    solved = banso.expect("brown", "Is it solved?")
    assert "A new battery is on its way." in solved.text

    assert "closed" in banso.press(solved, "It is solved")
    banso.expect("nguyen", "Confirmed as solved, thank you")

    issue = banso.issue(mail.reference)
    assert issue["state"] == "closed"
    assert issue["next_step"] is None
    assert [line["event"] for line in issue["history"]] == [
        "received",
        "assigned",
        "acknowledged",
        "resolved",
        "closed",
    ]


def test_a_japanese_mail_reaches_its_owner_in_japanese(banso: Installation) -> None:
    answer = banso.send("sato@example.com", japanese_mail())

    assert answer.startswith("250 2.0.0 Received as ")
    asked = banso.expect("mori", "あなたの担当になりました")
    assert asked.subject.endswith("①取扱説明書がわかりにくい")
    assert "㈱港商事のお客様が、電源の入れ方を見つけられません。" in asked.text
    received = banso.expect("sato", "受け付けました")
    assert "森 美咲さん（マニュアル）" in received.text

    assert "引き受けました" in banso.follow(f"{asked.link('引き受ける')}?lang=ja")
    banso.expect("sato", "対応を始めました")
    banso.press(asked, "返事をする", text="図を入れた説明書をお送りします。")
    answered = banso.expect("sato", "森 美咲さんから返事がありました")
    assert "図を入れた説明書をお送りします。" in answered.text


def test_a_customers_own_mail_gets_a_carrier_and_shows_nothing_internal(
    banso: Installation,
) -> None:
    banso.write_mail(
        "Yuki Tanaka <tanaka@customer.example>",
        "AquaNote has not arrived",
        "It should have come on Friday.",
    )

    received = banso.postbox.expect("tanaka@customer.example", "We have received it")
    asked = banso.postbox.expect("ueda@example.com", "あなたの担当になりました")
    carried = banso.postbox.expect("sato@example.com", "お客様からの声です")
    assert "It should have come on Friday." in asked.text
    assert carried.reference == received.reference

    declined = {"reason": "no_time", "proposed": "chen"}
    banso.press(asked, "担当ではない", **declined)
    banso.postbox.expect("chen@example.com", "あなたの担当になりました")
    banso.postbox.expect("sato@example.com", "担当が変わりました")
    status = page_text(banso.browser.get(received.link("See how it stands")).text)
    assert "Meiling Chen" in status
    for internal in ("not mine", "no time", "Ueda", "Why this person", "fulfil"):
        assert internal not in status


def test_what_is_not_solved_is_opened_again_with_one_click(banso: Installation) -> None:
    reference = banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.press(asked, "Solved", cause="use", text="Please charge it first.")
    solved = banso.expect("brown", "Is it solved?")

    opened = banso.press(solved, "It is not solved", text="It is charged.")

    assert "open again" in opened
    again = banso.expect("nguyen", "It is not solved yet")
    assert "It is charged." in again.text
    assert banso.issue(reference)["state"] == "assigned"
    assert "earlier state" in page_text(banso.browser.get(asked.link("I take it")).text)
    assert "You have taken it" in banso.press(again, "I take it")
    banso.expect("brown", "It is being worked on")


def test_nothing_closes_without_a_warning_and_one_click_undoes_it(banso: Installation) -> None:
    reference = banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.press(asked, "Solved", cause="fault")
    banso.expect("brown", "Is it solved?")

    banso.advance("103h")  # Friday afternoon, a working day and a quarter before it closes
    warned = banso.expect("brown", "Is it solved?")
    assert "Without a word from you it closes" in warned.text
    assert banso.issue(reference)["state"] == "resolved"

    banso.advance("70h")  # Monday afternoon; Tuesday is a holiday
    closed = banso.expect("brown", "It is closed")
    banso.expect("brown", "Your summary")  # of the week, on Monday
    assert banso.issue(reference)["state"] == "closed"

    banso.press(closed, "It is not solved")
    banso.expect("nguyen", "It is not solved yet")
    assert banso.issue(reference)["state"] == "assigned"


def test_the_same_request_again_is_the_same_issue(banso: Installation) -> None:
    first = banso.raise_issue(key="order-4711")
    second = banso.raise_issue(key="order-4711")
    other = banso.api.post(
        "/issues", json=a_problem(summary="Another"), headers={"Idempotency-Key": "order-4711"}
    )

    assert second == first
    assert other.status_code == 409
    assert "same key only for the same content" in other.json()["detail"]
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")


def japanese_mail() -> bytes:
    """As older Outlooks write it: ISO-2022-JP with the rows of NEC, which Python can't decode."""
    one, company = b"\x1b$B-!\x1b(B", b"\x1b$B-j\x1b(B"
    subject = one + "取扱説明書がわかりにくい".encode("iso2022_jp")
    body = company + "港商事のお客様が、電源の入れ方を見つけられません。".encode("iso2022_jp")
    head = (
        "From: =?ISO-2022-JP?B?GyRCOjRGIxsoQg==?= <sato@example.com>\r\n"
        "To: issues@example.com\r\nMessage-ID: <1@pc.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
    )
    return head.encode() + b"Subject: " + subject + b"\r\n\r\n" + body + b"\r\n"
