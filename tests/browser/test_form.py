"""The public form, in the browser of somebody who has never heard of Banso."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.chromium import (
    DESKTOP,
    LANGUAGES,
    SIZES,
    Language,
    Visitor,
    check,
    focus,
    focus_is_visible,
    language_of,
    shoot,
)
from tests.installation import Installation

pytestmark = pytest.mark.browser

PROBLEM = {
    "ja": {
        "summary": "届いたアクアノート20台のうち3台の電源が入りません",
        "description": "今朝、新潟の水産試験場で箱を開けたところ、3台だけ電源が入りません。"
        "電池を替えても同じです。木曜日に展示があり、お客様がとても困っています。",
        "name": "佐藤 健",
        "email": "sato@example.com",
    },
    "en": {
        "summary": "Three of the twenty meters do not start",
        "description": "We opened the boxes at the fishery station this morning. Three of them"
        " stay dark, with new batteries too. The customer shows them on Thursday.",
        "name": "Emily Brown",
        "email": "brown@example.com",
    },
}
CATEGORY = {"ja": "動かない・使えない", "en": "It does not work"}
SEND = {"ja": "送信する", "en": "Send it"}
RECEIVED = {"ja": "受け付けました", "en": "Received"}
TEAM = {"ja": "（製品開発）", "en": "(Product)"}
MONDAY = {"ja": "2月3日(月)", "en": "Mon 3 Feb"}


def fill_in(page: Page | Frame, language: Language) -> None:
    for name, text in PROBLEM[language].items():
        page.fill(f"[name={name}]", text)
    page.get_by_label(CATEGORY[language]).check()


def send(page: Page | Frame, language: Language) -> None:
    page.get_by_role("button", name=SEND[language]).click()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_speaks_the_browsers_language_and_anybody_can_use_it(
    visitor: Visitor, language: Language, size: str
) -> None:
    with visitor.page(language, SIZES[size]) as page:
        page.goto("/")

        assert language_of(page) == language
        fill_in(page, language)
        shoot(page, f"form-{language}-{size}.png")
        check(page, f"form, {language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_sent_is_received_and_its_owner_appears_by_itself(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    with visitor.page(language) as page:
        page.goto("/")
        fill_in(page, language)
        banso.hold("router")
        try:
            send(page, language)
            expect(page.locator("h1")).to_have_text(RECEIVED[language])
            expect(page.locator(".received .reference")).to_have_text(
                re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")
            )
            expect(page.locator(".received a")).to_have_attribute("href", re.compile("/s/"))
            expect(page.locator("#main")).not_to_contain_text(TEAM[language])
            page.evaluate("window.isTheSamePage = true")
        finally:
            banso.release("router")

        expect(page.locator(".facts")).to_contain_text(TEAM[language])
        expect(page.locator(".facts time")).to_contain_text(MONDAY[language])
        assert page.evaluate("window.isTheSamePage")
        assert language_of(page) == language
        shoot(page, f"received-{language}-phone.png")
        check(page, f"received, {language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_javascript_it_is_received_and_the_owner_shown_all_the_same(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    with visitor.page(language, java_script_enabled=False) as page:
        page.goto("/")
        fill_in(page, language)
        banso.hold("router")
        try:
            send(page, language)
            expect(page.locator("h1")).to_have_text(RECEIVED[language])
            expect(page.locator("#main")).not_to_contain_text(TEAM[language])
        finally:
            banso.release("router")

        expect(page.locator(".facts")).to_contain_text(TEAM[language])
        expect(page.locator(".facts time")).to_contain_text(MONDAY[language])
        page.locator(".received a").click()
        expect(page.locator("h1")).to_have_text(PROBLEM[language]["summary"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_mistakes_are_named_where_they_are_and_nothing_written_is_lost(
    visitor: Visitor, language: Language
) -> None:
    with visitor.page(language) as page:
        page.goto("/")
        fill_in(page, language)
        page.fill("[name=summary]", "")
        page.fill("[name=email]", "sato.example.com")
        send(page, language)

        wrong = page.locator("[aria-invalid=true]")
        expect(wrong).to_have_count(2)
        for nth in range(2):
            named = wrong.nth(nth).get_attribute("aria-describedby")
            expect(page.locator(f"#{named}")).to_be_visible()
        for name in ("description", "name"):
            expect(page.locator(f"[name={name}]")).to_have_value(PROBLEM[language][name])
        expect(page.locator("[name=email]")).to_have_value("sato.example.com")
        expect(page.get_by_label(CATEGORY[language])).to_be_checked()
        check(page, f"form with mistakes, {language}")

        page.fill("[name=summary]", PROBLEM[language]["summary"])
        page.fill("[name=email]", PROBLEM[language]["email"])
        send(page, language)
        expect(page.locator("h1")).to_have_text(RECEIVED[language])


def test_the_keyboard_alone_is_enough_and_always_shows_where_it_is(visitor: Visitor) -> None:
    text = PROBLEM["en"]
    with visitor.page("en", DESKTOP) as page:
        page.goto("/")
        visited = []
        for write in (
            None,
            text["summary"],
            text["description"],
            None,
            " ",
            "AquaNote M",
            " ",
            " ",
            " ",
            text["name"],
            text["email"],
            "\n",
            "Minato Fish Farm",
        ):
            page.keyboard.press("Tab")
            visited.append(focus(page))
            assert focus_is_visible(page), visited[-1]
            if write == "\n":
                page.keyboard.press("Enter")
            elif write:
                page.keyboard.type(write)
        page.keyboard.press("Enter")

        expect(page.locator("h1")).to_have_text(RECEIVED["en"])
        assert visited == [
            "ja",
            "summary",
            "description",
            "files",
            "category",
            "product",
            "field-since",
            "urgency",
            "sure",
            "name",
            "email",
            "More, if it helps",
            "customer",
        ]


@pytest.mark.parametrize("with_javascript", [True, False])
def test_a_double_click_brings_it_in_once(
    visitor: Visitor, banso: Installation, *, with_javascript: bool
) -> None:
    before = banso.ask("intake", "select count(*) from submission")[0][0]
    with visitor.page("en", java_script_enabled=with_javascript) as page:
        page.goto("/")
        fill_in(page, "en")
        page.get_by_role("button", name=SEND["en"]).dblclick()

        expect(page.locator("h1")).to_have_text(RECEIVED["en"])
        assert banso.ask("intake", "select count(*) from submission")[0][0] == before + 1
