"""How people want to be told: what they see, on a telephone, by keyboard and without a script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import LANGUAGES, Language, Visitor, check, shoot
from tests.browser.issues import CARRIER, bring_in, links
from tests.installation import Installation, until

pytestmark = pytest.mark.browser

WHO: dict[Language, str] = {"ja": "mori", "en": "kato"}


def save(page: Page) -> None:
    page.locator("button.primary").click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_somebody_says_when_they_may_be_told(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    with visitor.page(language) as page:
        page.goto(links(banso).inbox(WHO[language], banso.now))
        page.locator(".wishes a").nth(1).click()
        expect(page.locator("[name=when][value=at_work]")).to_be_checked()
        expect(page.locator("[name=urgent]")).to_be_checked()
        shoot(page, f"preferences-{language}-phone.png")
        check(page, f"preferences, {language}")

        page.locator("[name=when][value=own]").check()
        save(page)
        expect(page.locator("[role=alert]")).to_be_visible()
        check(page, f"preferences with a mistake, {language}")
        page.fill("#opens", "08:30")
        page.fill("#closes", "16:30")
        page.locator(f"[name=language][value={language}]").check()
        save(page)
        expect(page.locator("[role=status]")).to_be_visible()
        expect(page.locator("#opens")).to_have_value("08:30")
        expect(page.locator("html")).to_have_attribute("lang", language)
        check(page, f"preferences that are saved, {language}")


def test_all_of_it_goes_by_keyboard_and_without_a_script(
    visitor: Visitor, banso: Installation
) -> None:
    with visitor.page(java_script_enabled=False) as page:
        page.goto(links(banso).preferences("wilson", banso.now))
        page.locator("[name=digest]:checked").focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Tab")
        expect(page.locator("button.primary")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[role=status]")).to_be_visible()
        expect(page.locator("[name=digest][value=daily]")).to_be_checked()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_issue_is_muted_from_its_page_and_heard_of_again(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    with visitor.page(language) as page:
        page.goto(issue.status(CARRIER[language]))
        page.locator(".quietly a").click()
        shoot(page, f"mute-{language}-phone.png")
        check(page, f"mute, {language}")
        save(page)
        expect(page.locator("[role=status]")).to_be_visible()
        expect(page.locator("[name=again]")).to_be_visible()
        check(page, f"muted, {language}")
        page.goto(links(banso).inbox(CARRIER[language], banso.now))
        check(page, f"inbox with links to mute, {language}")
        page.locator(".quietly a").first.click()
        page.locator("[name=again]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("[name=mute]")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_owner_sees_who_was_told_what(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    query = "select count(*) from told where issue_id = ? and channel = 'email'"
    until(lambda: banso.ask("intake", query, issue.issue_id)[0][0] >= 2, "mails are on their way")
    with visitor.page(language) as page:
        page.goto(issue.status(issue.now["owner_id"]))
        page.locator(".told summary").click()
        expect(page.locator(".told li").first).to_be_visible()
        page.locator(".told").scroll_into_view_if_needed()
        check(page, f"who was told what, {language}")
        shoot(page, f"told-{language}-phone.png")
        page.goto(issue.status("endo"))
        expect(page.locator(".told")).to_have_count(0)
