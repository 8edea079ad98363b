"""The main journey: from whoever brings a problem in to its owner, and back when it is solved."""

from __future__ import annotations

from tests.installation import Installation, page_text


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

    assert "Thank you" in banso.press(
        asked, "Solved", cause="fault", text="A new battery is on its way."
    )
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
