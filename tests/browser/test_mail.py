"""The mails, as a mail program shows them on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shared.contracts.issue import Action
from tests.browser.chromium import LANGUAGES, Language, Visitor, look_through, shoot
from tests.browser.issues import ANSWER, BROUGHT_IN, CARRIER, Issue, bring_in
from tests.installation import Installation, until
from tests.postbox import Letter

pytestmark = pytest.mark.browser

READER = {"ja": "ueda", "en": "nguyen"}
ASKED = {"ja": "あなたの担当になりました", "en": "This is yours now"}
RECEIVED = {"ja": "受け付けました", "en": "We have received it"}
ANSWERED = {"ja": "返事がありました", "en": "has answered"}


def told(issue: Issue, who: str, heading: str) -> Letter:
    """The mail to somebody about this issue."""

    def found() -> list[Letter]:
        about = (one for one in issue.banso.postbox.letters if one.reference == issue.reference)
        return [one for one in about if one.to == f"{who}@example.com" and heading in one.heading]

    letter: Letter = until(found, f"{who} is told: {heading}")[0]
    return letter


def read_by(reader: str, issue: Issue) -> str:
    """Gives the issue to somebody who reads the language; others may have less to do by now."""
    owner = issue.now["owner_id"]
    if owner != reader:
        wish = {"action": "hand_over", "person": owner, "proposed": reader}
        answer = issue.banso.api.post(f"/issues/{issue.reference}/actions", json=wish)
        assert answer.status_code in (200, 202), answer.text
        until(lambda: issue.now["owner_id"] == reader, f"{reader} has it")
    return reader


def look_at(visitor: Visitor, letter: Letter, name: str) -> None:
    """Mail programs add a page around a mail, so that what is asked of whole pages is theirs."""
    with visitor.page() as page:
        page.set_content(letter.html)
        expect(page.locator("h1")).to_have_text(letter.heading)
        shoot(page, name, (390, 100))
        for found in look_through(page):
            serious = [
                violation["id"]
                for violation in found.response["violations"]
                if violation["impact"] in ("serious", "critical")
            ]
            assert not serious, f"{name}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_of_an_issue_is_legible_on_a_phone(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    owner, carrier = read_by(READER[language], issue), CARRIER[language]
    received = told(issue, carrier, RECEIVED[language])
    assert received.subject.endswith(BROUGHT_IN[language]["summary"])

    asked = told(issue, owner, ASKED[language])
    look_at(visitor, asked, f"mail-owner-{language}.png")
    described = BROUGHT_IN[language]["description"].replace("\n", "<br>")
    assert described in asked.html.replace("\r\n", "\n")
    banso.follow(issue.link(Action.ANSWER), text=ANSWER[language])
    answered = told(issue, carrier, ANSWERED[language])
    look_at(visitor, answered, f"mail-reporter-{language}.png")
