"""An issue may move between owners; it never falls back on its carrier and ends at the leader."""

from __future__ import annotations

from tests.installation import Installation, page_text


def test_declined_twice_and_the_leader_decides(banso: Installation) -> None:
    reference = banso.raise_issue()
    first = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")

    banso.press(first, "Not mine", reason="not_my_area", proposed="wilson")
    second = banso.expect("wilson", "This is yours now")
    assert "Linh Nguyen says that it belongs to you" in second.text
    banso.expect("brown", "Somebody else looks after it now")

    passed = banso.press(second, "Not mine", reason="lacks_skill", proposed="kato")
    assert "Keiko Hayashi" in passed
    leader = banso.expect("hayashi", "あなたの担当になりました")
    banso.expect("brown", "Somebody else looks after it now")

    banso.press(leader, "担当を決める", proposed="kato")
    banso.expect("kato", "あなたの担当になりました")
    banso.expect("brown", "Somebody else looks after it now")

    issue = banso.issue(reference)
    assert issue["owner"] == {"id": "kato", "name": "Naoki Kato", "team": "success"}
    assert [line["event"] for line in issue["history"]] == [
        "received",
        "assigned",
        "declined",
        "assigned",
        "declined",
        "assigned",
        "assigned",
    ]
    assert banso.metric("metrics", "banso_declines_total", reason="not_my_area") == 1


def test_it_never_falls_back_on_the_carrier(banso: Installation) -> None:
    banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    page = banso.browser.get(asked.link("Not mine"))
    assert 'value="brown"' not in page.text

    refused = banso.submit_raw(page, reason="no_time", proposed="brown")

    assert refused.status_code == 409
    assert "must not fall back on the person who brought it in" in page_text(refused.text)
    assert banso.issue(asked.reference)["owner"]["id"] == "nguyen"


def test_a_decline_needs_a_reason_and_a_proposal(banso: Installation) -> None:
    banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    page = banso.browser.get(asked.link("Not mine"))

    refused = banso.submit(page, proposed="ito")

    assert refused.status_code == 422
    assert "Please say why, and who should have it instead." in page_text(refused.text)
    assert banso.issue(asked.reference)["owner"]["id"] == "nguyen"


def test_opening_every_link_changes_nothing(banso: Installation) -> None:
    reference = banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    before = banso.issue(reference)

    for button in ("I take it", "Answer", "Solved", "Not mine"):
        assert banso.browser.get(asked.link(button)).status_code == 200
    banso.settle()

    after = banso.issue(reference)
    for issue in (before, after):  # it has been with its owner a little longer
        del issue["stations"][-1]["sat_s"], issue["stations"][-1]["waited_s"]
    assert after == before


def test_a_link_acts_for_its_own_person_and_issue_only(banso: Installation) -> None:
    banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    url = asked.link("I take it")
    path, token = url.rsplit("/", 1)
    person, rest = token.split("~", 1)

    forged = banso.browser.post(f"{path}/ito~{rest}", data={"request": "1"})

    assert forged.status_code == 404
    assert "not complete" in page_text(forged.text)
    assert person == "nguyen"
    assert banso.issue(asked.reference)["state"] == "assigned"
