"""The button that only machines find, and the one that takes back what was just done."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from shared.contracts.issue import Action
from tests.browser.chromium import LANGUAGES, Language, Visitor, check
from tests.browser.issues import bring_in
from tests.installation import Installation, until

pytestmark = pytest.mark.browser

MOST_STOPS = 15
DECOY = "form.decoy button"


def reached_by_keyboard(page: Page) -> list[str]:
    """The classes of the forms in which somebody lands who only ever presses Tab."""
    found: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        found.append(
            page.evaluate("() => document.activeElement.closest('form')?.className ?? 'none'")
        )
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_neither_see_nor_reach_nor_hear_the_decoy(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    with visitor.page(language) as page:
        page.goto(issue.link(Action.PROMISE))
        decoy = page.locator(DECOY)

        expect(decoy).to_have_count(1)
        expect(decoy).not_to_be_in_viewport()
        assert "decoy" not in reached_by_keyboard(page)
        heard = page.locator("main").aria_snapshot()
        assert (decoy.text_content() or "nothing") not in heard
        check(page, f"a page with its decoy, {language}")


@pytest.mark.parametrize("with_javascript", [True, False])
def test_enter_in_a_field_sends_what_people_see(
    visitor: Visitor, banso: Installation, *, with_javascript: bool
) -> None:
    issue = bring_in(banso, "en")
    with visitor.page(java_script_enabled=with_javascript) as page:
        page.goto(issue.link(Action.PROMISE))
        page.fill("#day", "2031-02-07")

        page.locator("#day").press("Enter")

        expect(page.locator(".received h1")).to_be_visible()
        until(lambda: issue.has_happened("promised"), "it is promised")


def test_a_machine_that_presses_the_decoy_has_done_nothing(
    visitor: Visitor, banso: Installation
) -> None:
    issue = bring_in(banso, "en")
    with visitor.page() as page:
        page.goto(issue.link(Action.ACKNOWLEDGE))
        page.locator(DECOY).dispatch_event("click")

        expect(page.locator(".trouble h1")).to_have_text("Nothing was done")
        check(page, "after the decoy")
        assert issue.now["state"] == "assigned"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_just_done_is_taken_back_with_one_click(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    with visitor.page(language) as page:
        page.goto(issue.link(Action.ACKNOWLEDGE))
        page.locator("button.primary").click()
        expect(page.locator("form.undo button")).to_be_visible()
        check(page, f"done, and how to take it back, {language}")
        assert issue.now["state"] == "acknowledged"

        page.locator("form.undo button").click()

        expect(page.locator(".received h1")).to_be_visible()
        expect(page.locator("form.undo")).to_have_count(0)
        check(page, f"taken back, {language}")
        assert issue.now["state"] == "assigned"
