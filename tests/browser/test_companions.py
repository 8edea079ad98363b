"""Somebody is left alone: what carrier and companion see, on a telephone and in daylight or not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from shared.contracts.metrics import Evidence, Level, Move, PersonIsolated
from tests.browser.chromium import DESKTOP, LANGUAGES, PHONE, Language, Visitor, check, shoot
from tests.browser.issues import CARRIER, bring_in, links
from tests.installation import Installation, until

pytestmark = pytest.mark.browser

WHY = (
    Evidence(move=Move.WAITING, team_id="production", count=4, of=6, weight=2.3),
    Evidence(move=Move.DECLINED, team_id="production", count=2, weight=1.1),
    Evidence(move=Move.ANSWERED, team_id="success", count=1, weight=-0.8),
)


def leave_alone(banso: Installation, person_id: str, number: int) -> str:
    """The companionship that comes of it."""
    said = PersonIsolated(
        occurred_at=banso.now,
        person_id=person_id,
        level=Level.ASK,
        score=0.37,
        since=banso.now,
        why=WHY,
        silent_team_ids=("production",),
    )
    name = f"00000000-0000-4000-8000-{number:012d}"
    message = said.to_message(name, f"browser/{number}")
    with ThreadPoolExecutor(1) as beside:  # the browser has this thread's loop
        beside.submit(banso.say, said.subject, message).result()
    query = "select companionship_id from companionship where carrier_id = ?"
    return str(until(lambda: banso.ask("intake", query, person_id), "they are asked")[0][0])


def companion_of(banso: Installation, companionship_id: str) -> str:
    query = "select companion_id from companionship where companionship_id = ?"
    return str(until(lambda: banso.ask("intake", query, companionship_id)[0][0], "one is asked"))


def say(page: Page, word: str) -> None:
    page.locator(f"button[name=word][value={word}]").click()
    expect(page.locator("[role=status]")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_carrier_is_asked_and_sees_what_it_is_made_of(
    visitor: Visitor, banso: Installation, language: Language
) -> None:
    carrier = CARRIER[language]
    bring_in(banso, language)
    known = leave_alone(banso, carrier, LANGUAGES.index(language))
    with visitor.page(language) as page:
        page.goto(links(banso).companion(known, carrier, banso.now) + "?say=yes")
        expect(page.locator("button.primary")).to_have_attribute("value", "yes")
        shoot(page, f"companion-offered-{language}-phone.png")
        check(page, f"a carrier is asked, {language}")

        page.locator("main a").last.click()
        expect(page.locator("h1")).to_be_visible()
        shoot(page, f"figure-{language}-phone.png", PHONE)
        check(page, f"a carrier's own figure, {language}")
        page.go_back()
        say(page, "yes")
        check(page, f"somebody is looked for, {language}")

    candidate = companion_of(banso, known)
    with visitor.page(language, DESKTOP) as page:
        page.goto(links(banso).companion(known, candidate, banso.now))
        shoot(page, f"companion-asked-{language}-desktop.png")
        check(page, f"a colleague is asked, {language}")
        say(page, "yes")
        shoot(page, f"companion-running-{language}-desktop.png", DESKTOP)
        check(page, f"a companion's page, {language}")
    with visitor.page(language) as page:
        page.goto(links(banso).companion(known, carrier, banso.now))
        expect(page.locator("button[name=word]")).to_have_count(3)
        shoot(page, f"companion-accompanied-{language}-phone.png")
        check(page, f"an accompanied carrier, {language}")
        say(page, "end")
        check(page, f"it has ended, {language}")


def test_a_word_goes_by_keyboard_and_without_a_script(
    visitor: Visitor, banso: Installation
) -> None:
    known = leave_alone(banso, "kimura", 9)
    with visitor.page(java_script_enabled=False) as page:
        page.goto(links(banso).companion(known, "kimura", banso.now))
        page.locator("button[value=yes]").focus()
        page.keyboard.press("Tab")
        expect(page.locator("button[value=no]")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[role=status]")).to_be_visible()
