"""Put off, wait, promise, ask, merge, be away, let chasing rest: what people see and press."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from shared.contracts.issue import Action
from tests.browser.chromium import HALF_A_SCREEN, LANGUAGES, Language, Visitor, check, shoot
from tests.browser.issues import CARRIER, Issue, bring_in, links
from tests.installation import Installation, until

pytestmark = pytest.mark.browser

WHY = {"ja": "台風のため、安全を第一にしてください。", "en": "A typhoon. Please stay at home."}


def press(page: Page) -> None:
    page.locator("button.primary").click()


def acted(page: Page, issue: Issue, action: Action) -> None:
    """Presses the button of the page that is filled in, and waits until it is done."""
    press(page)
    expect(page.locator(".received h1")).to_be_visible()
    check(page, f"after {action}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_owner_finds_few_buttons_and_the_rest_behind_them(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    issue = bring_in(banso, language)
    with visitor.page(language) as page:
        page.goto(issue.status(issue.now["owner_id"]))
        expect(page.locator(".actions > a.button")).to_have_count(4)
        page.locator(".more > summary").click()
        expect(page.locator(".more a.button")).to_have_count(7)
        unfold = "every => every.forEach(one => { one.open = true; })"
        page.eval_on_selector_all("main details", unfold)
        shoot(page, f"status-owner-{language}.png", HALF_A_SCREEN)
        check(page, f"status of the owner, {language}")

        page.goto(issue.status(CARRIER[language]))
        expect(page.locator(".actions > a.button")).to_have_count(0)
        page.goto(issue.status("endo"))
        page.locator(".more > summary").click()
        expect(page.locator(".more a.button")).to_have_count(1)
        page.locator(".more a.button").click()
        expect(page.locator("button.primary")).to_have_count(1)
        page.goto(links(banso).status(issue.issue_id, "", banso.now))
        expect(page.locator(".actions, footer a")).to_have_count(0)


@pytest.mark.parametrize(
    "action", [Action.ASK, Action.SNOOZE, Action.WAIT, Action.PROMISE, Action.MERGE, Action.LINK]
)
def test_what_is_missing_is_said_before_anything_is_done(
    visitor: Visitor, banso: Installation, action: Action
) -> None:
    issue = bring_in(banso, "en")
    with visitor.page() as page:
        page.goto(issue.link(action))
        if action in (Action.SNOOZE, Action.PROMISE):
            page.fill("#day", "2031-02-01")
            page.fill("#text", "Said already")
        press(page)
        expect(page.locator("[role=alert]")).to_be_visible()
        if action in (Action.SNOOZE, Action.PROMISE):
            expect(page.locator("#day")).to_have_value("2031-02-01")
            expect(page.locator("#text")).to_have_value("Said already")
        check(page, f"{action} with a mistake")


@pytest.mark.parametrize("with_javascript", [True, False])
def test_what_an_owner_asks_is_answered_on_the_page_and_it_goes_on(
    visitor: Visitor, banso: Installation, *, with_javascript: bool
) -> None:
    issue = bring_in(banso, "en")
    owner = issue.now["owner_id"]
    with visitor.page(java_script_enabled=with_javascript) as page:
        page.goto(issue.link(Action.SNOOZE))
        page.locator("[value=tomorrow]").check()
        page.fill("#text", "The part is on its way.")
        press(page)
        expect(page.locator(".received")).to_contain_text("Tue 4 Feb, 09:00")
        page.goto(issue.link(Action.PROMISE))
        page.fill("#day", "2031-02-07")
        press(page)
        expect(page.locator(".received")).to_contain_text("Fri 7 Feb, 18:00")
        banso.advance_only("1m")  # three things within ten seconds are no person's
        page.goto(issue.link(Action.WAIT))
        page.locator("[value=carrier]").check()
        page.fill("#text", "Which serial number?")
        press(page)
        expect(page.locator(".received h1")).to_be_visible()
        until(lambda: issue.has_happened("waiting"), "it waits")

        page.goto(issue.status(owner))
        expect(page.locator(".asked")).to_contain_text("Which serial number?")
        expect(page.locator(".actions > a.button").first).to_have_text("Go on")
        page.goto(issue.status("brown"))
        expect(page.locator(".asked")).to_contain_text("Which serial number?")
        if with_javascript:
            check(page, "status of whoever is asked")
        page.fill("#text", "AN-20310")
        page.locator(".say button.primary").click()
        expect(page.locator(".received")).to_be_visible()
        until(lambda: issue.has_happened("resumed"), "it goes on")
        page.goto(issue.status("brown"))
        expect(page.locator(".asked")).to_have_count(0)
        expect(page.locator(".history")).to_contain_text("There is an answer, so it goes on.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_says_that_two_are_the_same_sees_the_other_before(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    other, issue = bring_in(banso, language), bring_in(banso, language)
    with visitor.page(language) as page:
        page.goto(issue.link(Action.MERGE))
        check(page, f"merge, {language}")
        page.fill("#reference", "2222-2222")
        press(page)
        expect(page.locator("[role=alert]")).to_be_visible()
        page.fill("#reference", other.reference.lower())
        page.locator("[value=other]").check()
        press(page)
        expect(page.locator("[role=status]")).to_contain_text(other.reference)
        check(page, f"merge with the other, {language}")
        acted(page, issue, Action.MERGE)
        expect(page.locator(".received")).to_contain_text(other.reference)

        until(lambda: issue.has_happened("merged"), "it is the same")
        page.goto(issue.status(CARRIER[language]))
        check(page, f"status of a merged issue, {language}")
        page.locator(".belongs a").click()
        expect(page.locator(".reference").first).to_contain_text(other.reference)
        expect(page.locator(".related li")).to_contain_text([issue.reference])


def test_a_colleague_is_asked_and_another_takes_it_over(
    visitor: Visitor, banso: Installation
) -> None:
    issue = bring_in(banso, "en")
    first, number = issue.now["owner_id"], issue.now["assignment"]
    with visitor.page() as page:
        page.goto(issue.link(Action.ASK))
        page.select_option("#proposed", "kato")
        acted(page, issue, Action.ASK)
        until(lambda: issue.has_happened("helped"), "somebody helps")
        page.goto(issue.status(first))
        expect(page.locator(".facts")).to_contain_text("Naoki Kato")

        page.goto(links(banso).action(issue.issue_id, "endo", Action.TAKE, number, banso.now))
        acted(page, issue, Action.TAKE)
        until(lambda: issue.now["owner_id"] == "endo", "it is hers")
        page.goto(issue.status("endo"))
        page.get_by_text("Where it was, and for how long").click()
        expect(page.locator("details[open] ol li")).to_have_count(2)
        check(page, "status with stations")


@pytest.mark.parametrize("language", LANGUAGES)
def test_somebody_says_when_they_are_away_and_takes_it_back(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    with visitor.page(language) as page:
        page.goto(links(banso).inbox("wilson", banso.now))
        page.locator(".wishes a").first.click()
        check(page, f"absence, {language}")
        press(page)
        expect(page.locator("[role=alert]")).to_be_visible()
        page.fill("#first", "2031-03-10")
        page.fill("#last", "2031-03-14")
        page.select_option("#substitute", "mori")
        press(page)
        expect(page.locator(".received")).to_be_visible()
        expect(page.locator(".related li")).to_have_count(1)
        shoot(page, f"absence-{language}-phone.png")
        check(page, f"absence that is planned, {language}")
        page.locator(".related button").click()
        expect(page.locator(".related li")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_while_chasing_rests_every_page_says_so(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    begun = "select count(*) from pause where concerned is not null and not is_over"
    issue = bring_in(banso, language)
    with visitor.page(language) as page:
        page.goto(links(banso).pause("hayashi", banso.now))
        press(page)
        expect(page.locator("[role=alert]")).to_be_visible()
        page.fill("#last", "2031-02-04")
        page.fill("#text", WHY[language])
        press(page)
        try:
            until(lambda: banso.ask("intake", begun)[0][0], "chasing rests")
            page.goto(links(banso).pause("hayashi", banso.now))
            check(page, f"pause, {language}")
            for url in (issue.status(CARRIER[language]), "/"):
                page.goto(url)
                expect(page.locator(".pause")).to_contain_text(WHY[language])
                check(page, f"a page while chasing rests, {language}")
        finally:
            page.goto(links(banso).pause("hayashi", banso.now))
            page.locator(".card button").click()
            expect(page.locator(".card")).to_have_count(0)
        page.goto("/")
        expect(page.locator(".pause")).to_have_count(0)


def test_only_the_leader_lets_chasing_rest(visitor: Visitor, banso: Installation) -> None:
    with visitor.page() as page:
        page.goto(links(banso).pause("sato", banso.now))
        expect(page.locator("[role=alert]")).to_be_visible()
        page.goto(links(banso).absence("nobody", banso.now))
        expect(page.locator("[role=alert]")).to_be_visible()
