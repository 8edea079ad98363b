"""Programs that check mails: what they open, what they press, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import lxml.html

from tests.installation import Installation, page_text
from tests.postbox import Letter

MOST_PAGES = 40


class Scanner:
    """Follows every link of a mail and of the pages behind it, as such programs do; it may submit
    what it finds there, too."""

    def __init__(self, banso: Installation) -> None:
        self._banso = banso

    def links(self, letter: Letter) -> list[str]:
        """Every address in the mail, whichever part it stands in."""
        found = re.findall(r"https?://[^\s\"'<>]+", f"{letter.text}\n{letter.html}")
        ours = (one.replace("&amp;", "&") for one in found if "www.w3.org" not in one)
        return list(dict.fromkeys(ours))

    def open_everything(self, letter: Letter) -> list[str]:
        """Addresses of the pages that it has seen: those of the mail, and what they lead to."""
        waiting, seen = self.links(letter), list[str]()
        while waiting and len(seen) < MOST_PAGES:
            url = waiting.pop(0)
            if url in seen:
                continue
            seen.append(url)
            page = self._banso.browser.get(url)
            if "text/html" in page.headers.get("content-type", ""):
                waiting += self._within(page.text, str(page.url))
        return seen

    def press(self, url: str) -> Iterator[str]:
        """Sends each form of a page as it stands, the first one first; what the answers say."""
        page = self._banso.browser.get(url)
        for form in lxml.html.fromstring(page.text, base_url=str(page.url)).forms:
            if form.method != "POST":
                continue
            fields = {name: value for name, value in form.fields.items() if value is not None}
            where = form.action or str(page.url)
            yield page_text(self._banso.browser.post(where, data=fields).text)

    def _within(self, html: str, url: str) -> list[str]:
        tree = lxml.html.fromstring(html, base_url=url)
        tree.make_links_absolute()
        found = [link for _, name, link, _ in tree.iterlinks() if name == "href"]
        return [one for one in found if one.startswith(self._banso.endpoints["web"])]


def test_opening_every_link_changes_nothing(banso: Installation) -> None:
    reference = banso.raise_issue()
    received = banso.expect("brown", "We have received it")
    asked = banso.expect("nguyen", "This is yours now")
    before = banso.issue(reference)
    scanner = Scanner(banso)

    seen = [scanner.open_everything(letter) for letter in (received, asked)]

    assert all(len(pages) > len(scanner.links(asked)) for pages in seen[1:])
    assert any("/a/" in url for url in seen[1])
    assert banso.issue(reference) == before
    assert banso.stored("action.requested.v1") == 0


def test_who_presses_every_button_has_done_nothing(banso: Installation) -> None:
    reference = banso.raise_issue()
    banso.expect("brown", "We have received it")
    asked = banso.expect("nguyen", "This is yours now")
    scanner = Scanner(banso)

    answers = [said for url in scanner.links(asked) if "/a/" in url for said in scanner.press(url)]

    assert any("Nothing was done" in said for said in answers)
    issue = banso.issue(reference)
    assert (issue["state"], issue["owner"]["id"]) == ("assigned", "nguyen")
    banso.settle()
    told = [one for one in banso.inbox() if one["reason"] == "voided"]
    assert [one["person_id"] for one in told] in ([], ["nguyen"])


def test_what_was_done_before_the_decoy_was_pressed_is_taken_back_and_told_once(
    banso: Installation,
) -> None:
    reference = banso.raise_issue()
    banso.expect("brown", "We have received it")
    asked = banso.expect("nguyen", "This is yours now")
    decoy, shown = range(2)
    scanner = Scanner(banso)
    take = asked.link("I take it")
    buttons = [asked.link(words) for words in ("Answer", "Solved", "Not mine")]

    assert "You have taken it" in banso.follow(take)
    assert "Nothing was done" in list(scanner.press(take))[decoy]
    refused = list(scanner.press(take))[shown]
    for url in buttons:
        list(scanner.press(url))

    assert "as machines do" in refused
    issue = banso.issue(reference)
    assert (issue["state"], issue["owner"]["id"]) == ("assigned", "nguyen")
    void = banso.expect("nguyen", "Something pressed your buttons, and nothing was done")
    assert "“I take it”" in void.text
    banso.expect("brown", "It is being worked on")
    back = banso.expect("brown", "It was taken back")
    assert "A program, and not Linh Nguyen, had pressed this" in back.text
    banso.settle()
    assert [one.to for one in banso.postbox.letters if "in your name" in one.heading] == []

    banso.advance("1m")
    assert "You have taken it" in banso.press(void, "I take it")
    banso.expect("brown", "It is being worked on")


def test_opposites_within_ten_seconds_are_both_void(banso: Installation) -> None:
    reference = banso.raise_issue()
    banso.expect("brown", "We have received it")
    asked = banso.expect("nguyen", "This is yours now")

    banso.press(asked, "I take it")
    refused = banso.press(asked, "Not mine", reason="no_time", proposed="chen")

    assert "as machines do" in refused
    issue = banso.issue(reference)
    assert (issue["state"], issue["owner"]["id"]) == ("assigned", "nguyen")
    banso.expect("nguyen", "Something pressed your buttons, and nothing was done")
    banso.expect("brown", "It is being worked on")
    banso.expect("brown", "It was taken back")


def test_exactly_one_right_button_is_not_stopped_but_told_at_once_and_undone_with_one_click(
    banso: Installation,
) -> None:
    reference = banso.raise_issue()
    banso.expect("brown", "We have received it")
    asked = banso.expect("nguyen", "This is yours now")

    banso.press(asked, "I take it")

    assert banso.issue(reference)["state"] == "acknowledged"
    banso.expect("brown", "It is being worked on")
    receipt = banso.expect("nguyen", "Done in your name")
    assert "“I take it”" in receipt.text

    undo = receipt.link("It wasn't me: take it back")
    shown = page_text(banso.browser.get(undo).text)
    assert "Linh Nguyen has taken it" in shown
    assert banso.issue(reference)["state"] == "acknowledged"

    assert "It is as it was before" in banso.follow(undo)
    assert banso.issue(reference)["state"] == "assigned"
    back = banso.expect("brown", "It was taken back")
    assert "Linh Nguyen has taken this back: “I take it”" in back.text
    assert "It was taken back" in page_text(banso.browser.get(undo).text)
    events = [line["event"] for line in banso.issue(reference)["history"]]
    assert events == ["received", "assigned", "acknowledged", "undone"]
    assert "(taken back)" in banso.issue(reference)["history"][2]["text"]


def test_the_page_after_an_act_takes_it_back_too_and_after_an_hour_it_says_that_it_is_late(
    banso: Installation,
) -> None:
    reference = banso.raise_issue()
    banso.expect("brown", "We have received it")
    asked = banso.expect("nguyen", "This is yours now")
    page = banso.browser.get(asked.link("Solved"))
    done = banso.submit(page, cause="fault", text="It was the battery.")
    (form,) = lxml.html.fromstring(done.text, base_url=str(done.url)).forms
    banso.expect("brown", "Is it solved?")
    fields = {name: value for name, value in form.fields.items() if value is not None}

    banso.advance("2h")
    late = page_text(banso.browser.post(form.action, data=fields).text)

    assert "It can't be taken back any more" in late or "too much time has passed" in late
    assert banso.issue(reference)["state"] == "resolved"
