"""What makes the form quick to fill in: questions that come when they are needed, photos and files,
a draft that outlives the page, and a send button that never loses anything."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import DESKTOP, LANGUAGES, Language, Visitor, check, shoot
from tests.browser.test_form import CATEGORY, PROBLEM, RECEIVED, SEND, fill_in, send
from tests.installation import Installation

pytestmark = pytest.mark.browser

ON_A_PHONE: dict[str, Any] = {"has_touch": True, "is_mobile": True}
MADE = """([names, how]) => {
  const files = new DataTransfer();
  for (const [name, size, type] of names) {
    files.items.add(new File([new Uint8Array(size)], name, { type }));
  }
  if (how === "chosen") {
    const input = document.getElementById("files");
    input.files = files.files;
    input.dispatchEvent(new Event("change"));
  } else if (how === "pasted") {
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files, bubbles: true }));
  } else {
    document.querySelector("[data-files]").dispatchEvent(
      new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
  }
}"""
"""Files of any size, made where they are needed: in the browser."""


def bring(page: Page, *files: tuple[str, int, str], how: str = "chosen") -> None:
    page.evaluate(MADE, [list(files), how])


def listed(page: Page) -> Locator:
    return page.locator(".chosen li .name")


def urgent(page: Page) -> None:
    page.locator("[name=urgency]").check()
    page.locator("[name=sure]").check()


# --- files


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_are_listed_before_they_are_sent_and_can_be_taken_out(
    visitor: Visitor, language: Language
) -> None:
    with visitor.page(language, **ON_A_PHONE) as page:
        page.goto("/")
        expect(page.locator("#files-hint")).to_contain_text("25 MB")
        expect(page.locator("label[for=camera]")).to_be_visible()
        bring(page, ("IMG_2041.jpg", 2_345_678, "image/jpeg"), ("納品書.pdf", 40_000, ""))
        bring(page, ("pasted.png", 999, "image/png"), how="pasted")
        bring(page, ("dropped.txt", 5, "text/plain"), how="dropped")

        expect(listed(page)).to_have_text(
            ["IMG_2041.jpg", "納品書.pdf", "pasted.png", "dropped.txt"]
        )
        expect(page.locator(".chosen li").first).to_contain_text("2.2 MB")
        shoot(page, f"form-files-{language}-phone.png")
        check(page, f"form with files, {language}")
        page.get_by_role("button", name="納品書.pdf").click()
        expect(listed(page)).to_have_text(["IMG_2041.jpg", "pasted.png", "dropped.txt"])
        assert page.evaluate("document.getElementById('files').files.length") == 3


def test_what_cannot_be_taken_is_said_at_once_and_the_rest_stays(visitor: Visitor) -> None:
    with visitor.page(size=DESKTOP) as page:
        page.goto("/")
        expect(page.locator("label[for=camera]")).to_be_hidden()
        bring(page, ("good.txt", 10, "text/plain"))
        for name, size, words in (
            ("film.mov", 26 * 1024 * 1024, "film.mov is larger than 25 MB"),
            ("setup.EXE", 10, "setup.EXE is a program"),
        ):
            bring(page, (name, size, ""))
            expect(page.locator("[data-trouble]")).to_contain_text(words)
            expect(listed(page)).to_have_text(["good.txt"])
        bring(page, *((f"{nth}.txt", 1, "text/plain") for nth in range(10)))
        expect(page.locator("[data-trouble]")).to_contain_text("Only 10 files")
        expect(listed(page)).to_have_count(10)


def test_files_stay_when_something_is_missing_and_arrive_as_they_were(
    visitor: Visitor,
) -> None:
    language: Language = "ja"
    with visitor.page(language) as page:
        page.goto("/")
        fill_in(page, language)
        page.fill("[name=email]", "nowhere")
        bring(page, ("見積もり 1.bin", 300_000, ""))
        send(page, language)
        expect(page.locator("#email-mistake")).to_be_visible()
        expect(listed(page)).to_have_text(["見積もり 1.bin"])
        expect(page.locator(".again")).to_be_hidden()
        check(page, f"form with files and mistakes, {language}")

        page.fill("[name=email]", PROBLEM[language]["email"])
        send(page, language)
        expect(page.locator("h1")).to_have_text(RECEIVED[language])
        with page.expect_download() as fetched:
            page.get_by_role("link", name="見積もり 1.bin").click()
        assert fetched.value.suggested_filename == "見積もり 1.bin"
        assert fetched.value.path().read_bytes() == bytes(300_000)


def test_without_javascript_files_are_sent_and_their_names_told_when_they_must_be_chosen_again(
    visitor: Visitor,
) -> None:
    file: Any = {"name": "photo.png", "mimeType": "image/png", "buffer": b"not really"}
    with visitor.page(java_script_enabled=False) as page:
        page.goto("/")
        fill_in(page, "en")
        page.fill("[name=email]", "nowhere")
        page.set_input_files("#files", file)
        send(page, "en")
        expect(page.locator(".again")).to_contain_text("photo.png")

        page.fill("[name=email]", PROBLEM["en"]["email"])
        page.set_input_files("#files", file)
        send(page, "en")
        expect(page.locator("h1")).to_have_text(RECEIVED["en"])
        page.locator(".received a").click()
        expect(page.get_by_role("link", name="photo.png")).to_be_visible()


# --- drafts and bad connections


def test_what_was_written_outlives_the_page_until_it_is_sent(visitor: Visitor) -> None:
    with visitor.page() as page:
        page.goto("/")
        fill_in(page, "en")
        urgent(page)
        page.reload()
        expect(page.locator("[data-draft-found]")).to_be_visible()
        for name, text in PROBLEM["en"].items():
            expect(page.locator(f"[name={name}]")).to_have_value(text)
        expect(page.get_by_label(CATEGORY["en"])).to_be_checked()
        expect(page.locator("[name=sure]")).to_be_checked()
        check(page, "form with a draft")
        send(page, "en")
        expect(page.locator("h1")).to_have_text(RECEIVED["en"])

        page.goto("/")
        expect(page.locator("[data-draft-found]")).to_be_hidden()
        expect(page.locator("[name=summary]")).to_have_value("")


def test_a_draft_is_cleared_with_a_click_and_not_kept_where_nobody_wants_it(
    visitor: Visitor,
) -> None:
    kept = "() => localStorage.getItem('banso.form')"
    with visitor.page() as page:
        page.goto("/")
        page.fill("[name=summary]", "Nobody's business")
        assert "Nobody's business" in page.evaluate(kept)
        page.reload()
        page.get_by_role("button", name="Clear it").click()
        expect(page.locator("[name=summary]")).to_have_value("")
        assert page.evaluate(kept) is None

        page.fill("[name=summary]", "Nobody's business")
        page.get_by_label("Keep what I write").uncheck()
        assert page.evaluate(kept) is None
        page.fill("[name=description]", "Still nobody's")
        assert page.evaluate(kept) is None
        page.reload()
        expect(page.locator("[name=summary]")).to_have_value("")
        expect(page.get_by_label("Keep what I write")).not_to_be_checked()


def test_a_product_in_the_address_wins_over_an_old_draft(visitor: Visitor) -> None:
    with visitor.page() as page:
        page.goto("/")
        page.fill("[name=summary]", "The lamp is red")
        page.select_option("#product", "aquanote")
        page.goto("/?product=aquanote-mini")

        expect(page.locator("[name=summary]")).to_have_value("The lamp is red")
        expect(page.locator("#product")).to_have_value("aquanote-mini")


def test_where_the_connection_breaks_nothing_is_lost_and_it_is_sent_once(
    visitor: Visitor, banso: Installation
) -> None:
    language: Language = "ja"
    count = "select count(*) from submission"
    before = banso.ask("intake", count)[0][0]
    with visitor.page(language, expected=("Failed to load resource: net::ERR_",)) as page:
        page.goto("/")
        fill_in(page, language)
        page.route("**/?lang=*", lambda route: route.abort())
        send(page, language)
        expect(page.locator("[data-not-sent]")).to_be_visible()
        expect(page.locator("[name=summary]")).to_have_value(PROBLEM[language]["summary"])

        page.unroute("**/?lang=*")
        send(page, language)
        expect(page.locator("h1")).to_have_text(RECEIVED[language])
    assert banso.ask("intake", count)[0][0] == before + 1


# --- questions and urgency


def test_the_companys_questions_come_with_product_and_category(visitor: Visitor) -> None:
    with visitor.page() as page:
        page.goto("/")
        expect(page.locator("[name=field-serial-number]")).to_be_hidden()
        page.select_option("#product", "aquanote")
        page.fill("[name=field-serial-number]", "AN-20310")
        page.get_by_label(CATEGORY["en"]).check()
        page.get_by_label("Since it was unpacked").check()
        check(page, "form with questions")
        page.get_by_label("It did not arrive").check()
        expect(page.get_by_label("Since it was unpacked")).to_be_hidden()
        expect(page.get_by_label("Promised for")).to_be_visible()
        page.get_by_label(CATEGORY["en"]).check()
        for name, text in PROBLEM["en"].items():
            page.fill(f"[name={name}]", text)
        send(page, "en")

        expect(page.locator("h1")).to_have_text(RECEIVED["en"])
        page.locator(".received a").click()
        page.get_by_text("What was brought in").click()
        expect(page.locator("dl", has_text="Serial number")).to_contain_text("AN-20310")
        expect(page.locator("dl", has_text="Since when")).to_contain_text("Since it was unpacked")


def test_without_javascript_a_button_brings_the_questions(visitor: Visitor) -> None:
    with visitor.page(java_script_enabled=False) as page:
        page.goto("/?product=aquanote")
        expect(page.locator("[name=field-serial-number]")).to_be_visible()
        page.goto("/")
        expect(page.locator("[name=field-serial-number]")).to_be_hidden()
        page.fill("[name=summary]", "It stays dark")
        page.select_option("#product", "aquanote")
        page.get_by_role("button", name="Show the questions").click()

        expect(page.locator("[name=field-serial-number]")).to_be_visible()
        expect(page.locator("[name=summary]")).to_have_value("It stays dark")
        expect(page.locator(".trouble, .mistake:visible")).to_have_count(0)


def test_urgent_takes_one_click_more_and_says_so(visitor: Visitor) -> None:
    language: Language = "en"
    with visitor.page(language) as page:
        page.goto("/")
        fill_in(page, language)
        expect(page.locator("[name=sure]")).to_be_hidden()
        page.locator("[name=urgency]").check()
        expect(page.locator("[name=sure]")).to_be_visible()
        send(page, language)
        expect(page.locator("#sure-mistake")).to_be_visible()
        page.locator("[name=sure]").check()
        send(page, language)
        expect(page.locator("h1")).to_have_text(RECEIVED[language])


# --- how long it takes

TAP_S = 1.1
"""Find it and touch it: K-L-M's pointing act (Card, Moran and Newell, 1983), which phones keep."""
LETTER_S = 0.33
"""36 words a minute with two thumbs (Palin and others, MobileHCI 2019)."""
TIRED = 1.3


def test_a_tired_salesperson_needs_less_than_a_minute_on_a_phone(
    visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {
        "summary": "3 AquaNotes stay dark",
        "description": "New batteries don't help. Customer's show is Thursday.",
    }
    me = {"name": "Emily Brown", "email": "brown@example.com"}
    with visitor.page(**ON_A_PHONE) as page:
        page.goto("/?product=aquanote")
        page.evaluate(
            "() => { window.taps = 0; window.letters = 0;"
            " addEventListener('pointerdown', () => window.taps++, true);"
            " addEventListener('keydown', () => window.letters++, true); }"
        )
        for name, text in said.items():
            page.locator(f"[name={name}]").tap()
            page.keyboard.type(text)
        page.get_by_label(CATEGORY["en"]).tap()
        page.locator("[name=urgency]").tap()
        page.locator("[name=sure]").tap()
        page.locator("[name=name]").tap()
        # The phone offers to fill in both, which the page asks it to.
        assert page.locator("[name=name]").get_attribute("autocomplete") == "name"
        assert page.locator("[name=email]").get_attribute("autocomplete") == "email"
        for name, text in me.items():
            page.fill(f"[name={name}]", text)
        taps, letters = page.evaluate("[window.taps + 1, window.letters]")
        page.get_by_role("button", name=SEND["en"]).tap()
        expect(page.locator("h1")).to_have_text(RECEIVED["en"])

    taps += 1  # on "Send it", which has led to another page
    needed_s = TIRED * (taps * TAP_S + letters * LETTER_S)
    with capsys.disabled():
        print(f"\nThe form on a phone: {taps} taps, {letters} letters, about {needed_s:.0f} s")
    assert (taps, letters) == (8, 75)
    assert needed_s < 60
