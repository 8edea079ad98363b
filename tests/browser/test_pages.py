"""The pages behind the links that people get: how an issue stands, what they can do, the inbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shared.contracts.issue import Action
from tests.browser.chromium import (
    DESKTOP,
    HALF_A_SCREEN,
    LANGUAGES,
    Language,
    Visitor,
    check,
    focus,
    focus_is_visible,
    language_of,
    shoot,
)
from tests.browser.issues import ANSWER, CARRIER, Issue, bring_in, links
from tests.installation import Installation, until

pytestmark = pytest.mark.browser

YOURS = {"ja": "解決したかどうかを教えてください", "en": "You say whether it is solved"}
THEIRS = {"ja": "持ち込んだ人が", "en": "Whoever brought it in says whether"}
OTHER_TEAM = {"ja": "production", "en": "manuals"}


@pytest.fixture(scope="module")
def issues(banso: Installation) -> dict[Language, Issue]:
    """One a language that has just got its owner; tests look at it and change nothing."""
    return {language: bring_in(banso, language) for language in LANGUAGES}


def press(page: Page) -> None:
    page.locator("button.primary").click()


def act(page: Page, issue: Issue, action: Action, fill_in: Callable[[Page], object]) -> None:
    page.goto(issue.link(action))
    fill_in(page)
    press(page)
    expect(page.locator(".received h1")).to_be_visible()


def decline(page: Page, language: Language) -> None:
    page.locator("[value=not_my_area]").check()
    page.select_option("[name=proposed]", OTHER_TEAM[language])


@pytest.mark.parametrize("action", sorted(set(Action) - {Action.UNDO, Action.DECOY}))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_acts_says_what_will_happen_and_anybody_can_use_it(
    visitor: Visitor, issues: dict[Language, Issue], language: Language, action: Action
) -> None:
    issue = issues[language]
    before = issue.now
    with visitor.page(language) as page:
        page.goto(issue.link(action))

        assert language_of(page) == language
        expect(page.locator("#main")).to_contain_text(issue.reference)
        expect(page.locator("button.primary")).to_have_count(1)
        if action == Action.DECLINE:
            decline(page, language)
            shoot(page, f"decline-{language}-phone.png")
        check(page, f"{action}, {language}")

    assert issue.now == before


@pytest.mark.parametrize(
    "action", [Action.DECLINE, Action.HAND_OVER, Action.ANSWER, Action.RESOLVE]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_missing_is_said_and_what_was_written_stays(
    visitor: Visitor, issues: dict[Language, Issue], language: Language, action: Action
) -> None:
    with visitor.page(language) as page:
        page.goto(issues[language].link(action))
        if action == Action.RESOLVE:
            page.fill("[name=text]", ANSWER[language])
        if action == Action.DECLINE:
            page.locator("[value=no_time]").check()
        press(page)

        expect(page.locator("[role=alert]")).to_be_visible()
        if action == Action.RESOLVE:
            expect(page.locator("[name=text]")).to_have_value(ANSWER[language])
        if action == Action.DECLINE:
            expect(page.locator("[value=no_time]")).to_be_checked()
        check(page, f"{action} with mistakes, {language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_taking_it_to_its_end_every_page_says_how_it_stands(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    carrier = CARRIER[language]
    with visitor.page(language) as page:
        act(page, issue, Action.ACKNOWLEDGE, lambda _: None)
        check(page, f"done, {language}")
        act(page, issue, Action.ANSWER, lambda _: page.fill("[name=text]", ANSWER[language]))

        until(lambda: issue.has_happened("responded"), "the answer was heard")
        page.goto(issue.status(carrier))
        expect(page.locator(".history blockquote")).to_have_text(ANSWER[language])
        assert language_of(page) == language
        shoot(page, f"status-{language}.png", HALF_A_SCREEN)
        page.locator("summary").first.click()
        check(page, f"status, {language}")

        banso.advance_only("1m")  # three things within ten seconds are no person's
        act(page, issue, Action.RESOLVE, lambda _: page.locator("[value=shipping]").check())
        until(lambda: issue.has_happened("resolved"), "it is said to be solved")
        for reader, words in ((issue.now["owner_id"], THEIRS), (carrier, YOURS)):
            page.goto(issue.status(reader))
            expect(page.locator(".facts")).to_contain_text(words[language])
        act(page, issue, Action.REOPEN, lambda _: page.fill("[name=text]", "?"))
        act(page, issue, Action.RESOLVE, lambda _: page.locator("[value=shipping]").check())
        act(page, issue, Action.CONFIRM, lambda _: None)
        until(lambda: issue.has_happened("closed"), "it was closed")
        page.goto(issue.status(carrier))
        check(page, f"status of a closed issue, {language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_declined_goes_on_and_the_old_link_says_so_in_plain_words(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    old = issue.link(Action.ACKNOWLEDGE)
    refused = issue.link(Action.DECLINE)
    with visitor.page(language) as page, visitor.page(language) as late:
        late.goto(refused)
        act(page, issue, Action.DECLINE, lambda _: decline(page, language))
        check(page, f"declined, {language}")
        until(lambda: issue.has_happened("declined"), "it was declined")

        page.goto(old)
        expect(page.locator(".trouble h1")).to_be_visible()
        check(page, f"overtaken, {language}")

        decline(late, language)
        press(late)
        expect(late.locator(".trouble h1")).to_be_visible()
        check(late, f"refused, {language}")
    assert issue.has_happened("declined") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_inbox_shows_what_can_be_done(
    visitor: Visitor, banso: Installation, issues: dict[Language, Issue], language: Language
) -> None:
    issue = issues[language]
    owner = issue.now["owner_id"]
    told = "select count(*) from notice where person_id = ? and issue_id = ?"
    until(lambda: banso.ask("intake", told, owner, issue.issue_id)[0][0], "the owner was told")
    with visitor.page(language) as page:
        page.goto(links(banso).inbox(owner, banso.now))
        line = page.locator(".inbox li", has_text=issue.reference)
        expect(line.locator(".actions a")).to_have_count(4)
        shoot(page, f"inbox-{language}.png", HALF_A_SCREEN)
        check(page, f"inbox, {language}")
        page.goto(banso.endpoints["inbox"])
        check(page, f"everybody's inbox, {language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_that_was_cut_off_says_what_to_do(
    visitor: Visitor, issues: dict[Language, Issue], language: Language
) -> None:
    with visitor.page(language) as page:
        for link in (issues[language].link(Action.ACKNOWLEDGE)[:-3], "/nothing-here"):
            page.goto(link)

            assert language_of(page) == language
            expect(page.locator("[role=alert] h1")).to_be_visible()
            check(page, f"trouble, {language}")


def test_opening_a_link_changes_nothing_however_often_it_is_opened(
    visitor: Visitor, banso: Installation, issues: dict[Language, Issue]
) -> None:
    said = "select count(*) from said"
    before = banso.ask("intake", said)
    with visitor.page() as page:
        for action in Action:
            page.goto(issues["en"].link(action))
            page.reload()

    assert banso.ask("intake", said) == before


@pytest.mark.parametrize("with_javascript", [True, False])
def test_a_double_click_takes_it_once(
    visitor: Visitor, banso: Installation, *, with_javascript: bool
) -> None:
    issue = bring_in(banso, "en")
    asked = "select count(*) from said where subject = 'action.requested.v1'"
    before = banso.ask("intake", asked)[0][0]
    with visitor.page(java_script_enabled=with_javascript) as page:
        page.goto(issue.link(Action.ACKNOWLEDGE))
        page.locator("button.primary").dblclick()
        expect(page.locator(".received h1")).to_be_visible()

    until(lambda: issue.has_happened("acknowledged"), "it was taken")
    assert banso.ask("intake", asked)[0][0] == before + 1
    assert issue.has_happened("acknowledged") == 1


def test_an_issue_can_be_passed_on_with_the_keyboard_alone(
    visitor: Visitor, banso: Installation
) -> None:
    issue = bring_in(banso, "en")
    with visitor.page("en", DESKTOP) as page:
        page.goto(issue.link(Action.DECLINE))
        visited = []
        for write in (None, " ", "Manuals", "\n"):
            page.keyboard.press("Tab")
            visited.append(focus(page))
            assert focus_is_visible(page), visited[-1]
            if write == "\n":
                page.keyboard.press("Enter")
            elif write:
                page.keyboard.type(write)
        expect(page.locator(".received h1")).to_be_visible()

    assert visited == ["ja", "reason", "proposed", "Pass it on"]
    until(lambda: issue.now["team_id"] == "manuals", "it is with the team that was proposed")
