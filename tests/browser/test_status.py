"""The status page as a place to speak: more words and files, a correction, a withdrawal."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import HALF_A_SCREEN, LANGUAGES, Language, Visitor, check, shoot
from tests.browser.issues import CARRIER, bring_in
from tests.browser.test_filling_in import bring
from tests.installation import Installation

pytestmark = pytest.mark.browser

MORE = {
    "ja": "写真を付けます。ランプは赤のままです。",
    "en": "Here is a photo. The lamp stays red.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_carrier_speaks_corrects_and_withdraws_and_sees_each_of_it(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    url = issue.status(CARRIER[language])
    with visitor.page(language) as page:
        page.goto(url)
        page.locator(".say summary").click()
        page.locator(".say button.primary").click()
        expect(page.locator("#text-mistake")).to_be_visible()
        page.fill("#text", MORE[language])
        bring(page, ("lamp.jpg", 70_000, "image/jpeg"))
        check(page, f"status with a message, {language}")
        page.locator(".say button.primary").click()
        expect(page.locator(".received")).to_be_visible()
        expect(page.locator(".history blockquote")).to_have_text(MORE[language])
        expect(page.locator(".history .attached")).to_contain_text("lamp.jpg")
        expect(page.locator(".say")).not_to_have_attribute("open", "")
        shoot(page, f"status-more-{language}.png", HALF_A_SCREEN)

        for nth, name in ((0, "correct"), (1, "answered"), (2, "withdraw")):
            page.locator(".wishes a").nth(nth).click()
            expect(page).to_have_url(f"{url}/{name}?lang={language}")
            check(page, f"{name}, {language}")
            page.go_back()
        page.goto(f"{url}/correct?lang={language}")
        page.fill("#summary", "Otherwise")
        page.locator("button.primary").click()
        expect(page.locator("h1")).to_have_text("Otherwise")
        check(page, f"status with a correction, {language}")
        page.locator(".wishes a").last.click()
        page.locator("button.primary").click()
        expect(page.locator(".state.closed")).to_be_visible()
        expect(page.locator(".wishes")).to_have_count(0)


def test_words_about_an_issue_outlive_the_page_until_they_are_sent(
    visitor: Visitor, banso: Installation
) -> None:
    issue = bring_in(banso, "en")
    with visitor.page() as page:
        page.goto(issue.status("brown"))
        page.locator(".say summary").click()
        page.fill("#text", MORE["en"])
        page.reload()
        expect(page.locator("#text")).to_have_value(MORE["en"])
        page.locator(".say button.primary").click()
        expect(page.locator(".received")).to_be_visible()
        page.locator(".say summary").click()
        expect(page.locator("#text")).to_have_value("")


def test_without_javascript_a_message_and_its_file_arrive_once(
    visitor: Visitor, banso: Installation
) -> None:
    issue = bring_in(banso, "en")
    with visitor.page(java_script_enabled=False) as page:
        page.goto(issue.status("brown"))
        page.locator(".say summary").click()
        page.fill("#text", MORE["en"])
        page.set_input_files("#files", {"name": "a.txt", "mimeType": "", "buffer": b"A"})
        page.locator(".say button.primary").dblclick()

        expect(page.locator(".received")).to_be_visible()
        expect(page.locator(".history blockquote")).to_have_count(1)
