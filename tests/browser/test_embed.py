"""The form on another company's site, and the page that brings it to people."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import DESKTOP, LANGUAGES, Language, Visitor, check
from tests.browser.test_form import RECEIVED, fill_in, send
from tests.installation import Installation

pytestmark = pytest.mark.browser

SITE = "https://www.example.com"
"""Which the sample organisation allows."""


def test_the_form_works_in_another_sites_frame_as_high_as_it_needs_to_be(
    visitor: Visitor, banso: Installation
) -> None:
    script = f"{banso.endpoints['web']}/static/embed.js"
    html = (
        "<!doctype html><html lang=en><title>Support</title><main><h1>Support</h1>"
        f'<script src="{script}" data-product="aquanote" data-lang="en" async></script></main>'
    )
    with visitor.page(size=DESKTOP, expected=("Mixed Content: ",)) as page:
        page.route(f"{SITE}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(f"{SITE}/support")
        frame = page.frame_locator("iframe")
        expect(frame.locator("#product")).to_have_value("aquanote")
        inside = page.frames[1]
        expect(frame.locator("[data-draft-choice]")).to_be_visible()
        page.wait_for_function(
            "(needed) => Math.abs(document.querySelector('iframe').offsetHeight - needed) < 2",
            arg=inside.evaluate("document.documentElement.offsetHeight"),
        )
        fill_in(inside, "en")
        send(inside, "en")
        expect(frame.locator("h1")).to_have_text(RECEIVED["en"])
        with page.context.expect_page() as opened:
            frame.get_by_role("link", name="See how it stands").click()
        expect(opened.value.locator(".facts")).to_be_visible()
        frame.get_by_role("link", name="another problem").click()
        expect(frame.locator("[name=summary]")).to_have_value("")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_for_other_sites_and_for_paper_can_be_used_by_anybody(
    visitor: Visitor, language: Language
) -> None:
    with visitor.page(language) as page:
        page.goto("/embed")
        check(page, f"form in a frame, {language}")
        page.goto("/share")
        for summary in page.locator("summary").all():
            summary.click()
        page.evaluate("() => Promise.all([...document.images].map((one) => one.decode()))")
        check(page, f"codes, {language}")
