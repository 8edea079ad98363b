"""How people want to be told: said on a page that a mail leads to, and heard by the next mail."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import lxml.html
import pytest

from services.intake.api.tokens import TOKENS, Scope, TokenFile
from tests.installation import Installation, page_text, running, until

CODES = "%{http_code} %{num_redirects}"
SUMMARY = "The meter does not start"


@pytest.fixture
def with_customers(tmp_path: Path) -> Iterator[Installation]:
    """Whoever carries for a customer gets mails that these stories don't look at."""
    with running(tmp_path, expecting=False) as installation:
        yield installation


def muted(banso: Installation, person_id: str) -> int:
    query = "select count(*) from mute where person_id = ? and since is not null"
    return int(banso.ask("notifier", query, person_id)[0][0])


def heard(banso: Installation, holds: Callable[[], Any]) -> None:
    """Waits until the notifier knows."""
    until(holds, "the notifier has heard it")


def test_whoever_chooses_another_language_gets_the_next_mail_in_it(banso: Installation) -> None:
    banso.raise_issue()
    first = banso.expect("brown", "We have received it")
    banso.expect("nguyen", "This is yours now")
    url = first.link("How and when we tell you")

    page = banso.browser.get(url)
    assert "We keep what can wait until you are at work." in page_text(page.text)
    assert banso.stored("preference.set.v1") == 0
    answer = banso.submit(page, language="ja", digest="daily")
    assert "保存しました" in page_text(answer.text)
    query = "select said from preference where person_id = 'brown'"
    until(lambda: banso.ask("notifier", query), "the notifier has heard it")

    banso.raise_issue()
    second = banso.expect("brown", "受け付けました")
    banso.postbox.expect("abe@example.com", "あなたの担当になりました")
    assert "お知らせの受け取り方:" in second.text
    again = banso.browser.get(url)
    assert lxml.html.fromstring(again.text).forms[0].fields["digest"] == "daily"


def test_hours_of_their_own_take_two_times(banso: Installation) -> None:
    banso.raise_issue()
    letter = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    url = letter.link("How and when we tell you")

    refused = banso.submit(banso.browser.get(url), when="own", opens="08:30")
    assert refused.status_code == 422
    assert "from when until when" in page_text(refused.text)
    said = banso.submit(refused, closes="16:30")

    assert "Saved." in page_text(said.text)
    query = "select said from preference where person_id = 'nguyen'"
    wanted = json.loads(banso.ask("intake", query)[0][0])
    assert (wanted["opens"], wanted["closes"]) == (510, 990)


def test_whoever_mutes_an_issue_is_told_no_more_but_what_only_they_can_do(
    banso: Installation,
) -> None:
    reference = banso.raise_issue(reporter={"name": "Emily Brown", "email": "brown@example.com"})
    letter = banso.expect("brown", "We have received it")
    owner = banso.expect("nguyen", "This is yours now")
    url = letter.link("No more messages about this")
    before = banso.stored("issue.muted.v1")

    page = banso.browser.get(url)
    assert SUMMARY in page_text(page.text)
    assert banso.stored("issue.muted.v1") == before
    answer = banso.browser.post(url, data={"mute": "yes"})
    assert "You get no messages about this" in page_text(answer.text)
    heard(banso, lambda: muted(banso, "brown"))

    banso.press(owner, "I take it")
    banso.settle()
    assert banso.postbox.find("brown@example.com", "It is being worked on", within_s=0) is None
    found = [one for one in banso.inbox() if one["reason"] == "taken"]
    assert [one["person_id"] for one in found] == ["brown"]
    banso.press(owner, "Solved", cause="manual", text="Page 4 is new.")
    solved = banso.expect("brown", "Is it solved?")

    again = banso.browser.post(url, data={"again": "yes"})
    assert "From now on you hear of it again." in page_text(again.text)
    heard(banso, lambda: not muted(banso, "brown"))
    assert reference in solved.subject


def test_a_mail_program_unsubscribes_with_one_click_and_without_the_page(
    with_customers: Installation,
) -> None:
    with_customers.write_mail("anna@customer.example", SUMMARY, "The lamp stays red.")
    letter = with_customers.postbox.expect("anna@customer.example", "We have received it")
    until(lambda: with_customers.ask("router", "select 1 from issue"), "it has an owner")
    assert "How and when we tell you" not in letter.text
    url = letter.link("No more messages about this")

    done = subprocess.run(
        ["curl", "-sSo", "/dev/null", "-w", CODES, "-d", "List-Unsubscribe=One-Click", url],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "200 0"
    heard(
        with_customers,
        lambda: with_customers.ask("notifier", "select 1 from mute where since is not null"),
    )
    form = httpx.post(url, files={"List-Unsubscribe": (None, "One-Click")})
    assert (form.status_code, "set-cookie" in form.headers) == (200, False)


def test_a_machine_that_presses_every_button_mutes_nothing(banso: Installation) -> None:
    banso.raise_issue()
    letter = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    url = letter.link("No more messages about this")
    page = banso.browser.get(url)

    forms = lxml.html.fromstring(page.text).forms
    assert len(forms) == 2
    for form in forms:
        (button,) = form.xpath(".//button")
        pressed = {button.get("name"): button.get("value")} if button.get("name") else {}
        answer = banso.browser.post(url, data={**dict(form.fields), **pressed})
    assert "nothing was done" in page_text(answer.text)
    banso.advance("11s")
    banso.browser.post(url, data={"mute": "yes"})
    heard(banso, lambda: muted(banso, "nguyen"))


def test_a_customer_chooses_a_language_and_nothing_else(with_customers: Installation) -> None:
    with_customers.write_mail("anna@customer.example", SUMMARY, "The lamp stays red.")
    letter = with_customers.postbox.expect("anna@customer.example", "We have received it")
    page = with_customers.browser.get(letter.link("No more messages about this"))
    href = page_link(page, "In which language we write to you")

    form = with_customers.browser.get(href)
    (asked,) = lxml.html.fromstring(form.text).forms
    assert set(asked.fields.keys()) == {"language"}
    answer = with_customers.submit(form, language="ja")

    assert "保存しました" in page_text(answer.text)
    query = "select said from preference where person_id like 'x-%'"
    heard(with_customers, lambda: with_customers.ask("notifier", query))


def page_link(page: httpx.Response, words: str) -> str:
    links = lxml.html.fromstring(page.text).iter("a")
    return str(next(one for one in links if one.text_content() == words).get("href"))


def test_owner_and_leader_see_who_was_told_what_and_a_customer_does_not(
    with_customers: Installation,
) -> None:
    with_customers.write_mail("anna@customer.example", SUMMARY, "The lamp stays red.")
    letter = with_customers.postbox.expect("anna@customer.example", "We have received it")
    until(lambda: with_customers.ask("router", "select 1 from issue"), "it has an owner")
    with_customers.settle()
    owner = with_customers.ask("router", "select owner_id from issue")[0][0]
    told = {one["person_id"]: one for one in with_customers.inbox()}

    page = with_customers.browser.get(told[owner]["status_url"])
    text = page_text(page.text)
    assert "Who was told what, and did it arrive?" in text
    assert "This is yours now" in text
    assert "Mail: sent" in text
    outside = page_text(with_customers.browser.get(letter.link("See how it stands")).text)
    assert "Who was told what" not in outside
    assert told[owner]["how"] == "Mail: sent"


def test_programs_say_and_see_the_same(banso: Installation) -> None:
    reference = banso.raise_issue()
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.settle()
    wanted = {"language": "ja", "channels": ["email"], "opens": "08:30", "closes": "16:30"}

    said = banso.api.put("/people/nguyen/preferences", json=wanted)
    assert said.status_code == 200, said.text
    assert said.json()["opens"] == "08:30"
    assert banso.api.get("/people/nguyen/preferences").json() == said.json()
    assert banso.api.get("/people/nobody/preferences").status_code == 404
    half = banso.api.put("/people/nguyen/preferences", json={"opens": "08:30"})
    chat = banso.api.put("/people/nguyen/preferences", json={"channels": ["chatwork"]})
    assert (half.status_code, chat.status_code) == (409, 409)

    muting = f"/issues/{reference}/mutes/nguyen"
    assert banso.api.put(muting).json()["muted"] is True
    assert banso.api.put(muting).json()["muted"] is True
    heard(banso, lambda: muted(banso, "nguyen"))
    assert banso.stored("issue.muted.v1") == 1
    assert banso.api.delete(muting).json()["muted"] is False
    found = banso.api.get(f"/issues/{reference}/notifications").json()["notifications"]
    by_mail = {one["person"]: one["result"] for one in found if one["channel"] == "email"}
    assert by_mail == {"nguyen": "sent", "brown": "sent"}

    _, token = TokenFile(Path(banso.data) / TOKENS).add(
        "wilson", [Scope.READ, Scope.PREFERENCE], person="wilson"
    )
    own_token = {"Authorization": f"Bearer {token}"}
    others = banso.api.put("/people/nguyen/preferences", json={}, headers=own_token)
    own = banso.api.put("/people/wilson/preferences", json={"digest": "never"}, headers=own_token)
    log = banso.api.get(f"/issues/{reference}/notifications", headers=own_token)
    assert (others.status_code, own.status_code, log.status_code) == (403, 200, 404)
