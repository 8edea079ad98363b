"""The form and the status page as a server keeps its word, whatever a browser does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import lxml.html
import pytest
import segno

from shared.clock import read_offset, write_offset
from shared.contracts.issue import Action
from shared.links import EVERYBODY, Link, Links, Purpose
from tests.installation import Installation, page_text, shown_form, until
from tests.postbox import Postbox

SAMPLE = Path(__file__).parents[2] / "deploy" / "local" / "organisation.yaml"
FILLED = {
    "summary": "The meter does not start",
    "description": "It worked yesterday.",
    "name": "Emily Brown",
}
NEW_YORK = "{id: newyork, zone: America/New_York, holidays: US, hours: {mon-fri: 09:00-17:00}}"
SANTOS = (
    "{id: santos, name: {ja: サントス・アナ, en: Ana Santos}, emails: [santos@example.com],"
    " language: en, team: manuals, calendar: newyork}"
)
LIMITS = {
    "BANSO_LEAST_FORM_S": "3",
    "BANSO_MOST_FROM_A_CONNECTION": "4 per 10 minutes",
    "BANSO_MOST_FOR_AN_ADDRESS": "4 per 10 minutes",
    "BANSO_MOST_BY_FORM": "200 per 10 minutes",
    "BANSO_MOST_BY_A_LINK": "4 per 10 minutes",
}


@pytest.fixture(scope="module")
def banso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """With a question that has to be answered, somebody in another zone, and limits that are
    reached soon."""
    directory = tmp_path_factory.mktemp("form")
    organisation = directory / "organisation.yaml"
    text = SAMPLE.read_text()
    asked = "  - id: serial-number\n"
    assert asked in text
    text = text.replace(asked, f"{asked}    required: true\n")
    for before, added in (("  - id: shift", NEW_YORK), ("  - {id: wilson", SANTOS)):
        assert before in text
        text = text.replace(before, f"  - {added}\n{before}", 1)
    organisation.write_text(text)
    with Postbox() as postbox:
        installation = Installation(
            directory, postbox, organisation=organisation, environment=LIMITS
        )
        try:
            yield installation.start()
        finally:
            installation.close()


_connections = count(1)


@pytest.fixture
def me() -> dict[str, str]:
    """A connection of this test's own."""
    return {"X-Forwarded-For": f"198.51.100.{next(_connections)}"}


def after(banso: Installation, seconds: float) -> None:
    """As long as people take to write, without anybody having to wait."""
    file, wanted = banso.data / "clock", banso.now + timedelta(seconds=seconds)
    write_offset(file, read_offset(file) + timedelta(seconds=seconds))

    def is_then() -> bool:
        shown_at = int(open_form(banso)["stamp"].partition(".")[0]) / 1000
        return shown_at >= wanted.timestamp()

    until(is_then, "intake's clock is moved")


def open_form(banso: Installation, place: str = "/?lang=en") -> dict[str, str]:
    """The fields of the form as they come."""
    (form,) = lxml.html.fromstring(banso.browser.get(place).text).forms
    return {name: value for name, value in form.fields.items() if value is not None}


def send(
    banso: Installation,
    me: Mapping[str, str],
    *files: tuple[str, bytes, str],
    opened: Mapping[str, str] | None = None,
    quickly: bool = False,
    **said: str,
) -> httpx.Response:
    """Fills in the form as a person does."""
    own = {"email": f"{me['X-Forwarded-For']}@customer.example"}
    fields = {**(opened or open_form(banso)), **FILLED, **own, **said}
    if not quickly:
        after(banso, 4)
    sent: Any = [(name, (None, value)) for name, value in fields.items()]
    sent += [("files", file) for file in files]
    return banso.browser.post("/?lang=en", files=sent, headers=dict(me))


def reference_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, page_text(answer.text)
    (found,) = lxml.html.fromstring(answer.text).xpath("//*[@data-sent='form']")
    return str(found.xpath("string(.//*[contains(@class, 'reference')])"))


def issue_id_of(banso: Installation, reference: str) -> str:
    query = "select issue_id from view where reference = ? and snapshot is not null"
    found = until(lambda: banso.ask("intake", query, reference), "it has an owner")
    return str(found[0][0])


def status(banso: Installation, issue_id: str, person_id: str) -> str:
    """The link of a person's status page."""
    return links(banso).status(issue_id, person_id, banso.now)


def links(banso: Installation) -> Links:
    """What signs the links of this installation."""
    keys = json.loads((banso.data / "secrets.json").read_text())["link_keys"]
    return Links(keys, banso.endpoints["web"])


def actions_on(banso: Installation, page: lxml.html.HtmlElement) -> list[Link]:
    """What the links of a page would do."""
    found = [str(one).partition("/a/")[2].partition("?")[0] for one in page.xpath("//a/@href")]
    return [links(banso).read(Purpose.ACTION, one, banso.now) for one in found if one]


def inbox(banso: Installation, person_id: str) -> str:
    return banso.browser.get(links(banso).inbox(person_id, banso.now)).text


def issues(banso: Installation) -> int:
    return int(banso.ask("intake", "select count(*) from submission")[0][0])


def blobs(banso: Installation) -> int:
    return len([one for one in (banso.data / "blobs").rglob("*") if one.is_file()])


def said(
    banso: Installation, subject: str, issue_id: str, service: str = "intake"
) -> list[dict[str, Any]]:
    """What a service has said about an issue."""
    rows = banso.ask(service, "select payload from said where subject = ?", subject)
    found = [json.loads(row[0])["data"] for row in rows]
    return [one for one in found if one["issue_id"] == issue_id]


def shown(answer: httpx.Response) -> dict[str, str]:
    """What stands in the form of a page."""
    form = shown_form(answer)
    return {name: value or "" for name, value in form.fields.items()}


# --- questions and people


def test_a_question_that_has_to_be_answered_is_asked_and_every_word_kept(
    banso: Installation, me: dict[str, str]
) -> None:
    answer = send(banso, me, product="aquanote", customer="Minato Fish Farm")

    assert answer.status_code == 422
    assert "Please fill in: Serial number" in page_text(answer.text)
    kept = shown(answer)
    assert kept.items() >= {**FILLED, "customer": "Minato Fish Farm", "product": "aquanote"}.items()
    kept["field-serial-number"] = "AN-1"
    reference = reference_of(send(banso, me, opened=kept, quickly=True))
    (raised,) = said(banso, "issue.raised.v1", issue_id_of(banso, reference))
    assert raised["fields"] == {"serial-number": "AN-1"}


def test_somebody_writes_for_a_colleague_in_confidence_with_others_on_copy(
    banso: Installation, me: dict[str, str]
) -> None:
    wrong = send(banso, me, followers="kimura@example.com; not an address")
    assert wrong.status_code == 422
    reference = reference_of(
        send(
            banso,
            me,
            on_behalf_of="sato@example.com",
            followers="kimura@example.com、 stranger@customer.example",
            confidential="yes",
            email="brown@example.com",
            needed_by="2031-02-07",
        )
    )
    issue_id = issue_id_of(banso, reference)

    (raised,) = said(banso, "issue.raised.v1", issue_id)
    assert raised["on_behalf_of_id"] == "sato"
    assert raised["follower_ids"] == ["kimura"]
    assert raised["confidential"]
    assert raised["needed_by"].startswith("2031-02-07T14:59")
    for person_id in ("sato", "brown", "kimura", "hayashi", ""):
        page = banso.browser.get(status(banso, issue_id, person_id) + "?lang=en")
        assert "Confidential" in page_text(page.text), person_id
    for person_id in ("wilson", EVERYBODY):
        page = banso.browser.get(status(banso, issue_id, person_id) + "?lang=en")
        assert page.status_code == 403
        assert "confidential" in page_text(page.text)
        assert FILLED["summary"] not in page.text


# --- files

PICTURE = b"\x89PNG\r\n\x1a\n and so on"
EVIL = b"<script>alert(document.domain)</script>"


def fetch(banso: Installation, url: str, filename: str, **query: str) -> httpx.Response:
    """A file as it stands on a status page."""
    page = lxml.html.fromstring(banso.browser.get(url).text)
    (address,) = page.xpath(f"//ul[@class='attached']//a[text()='{filename}']/@href")
    return banso.browser.get(str(address).partition("?")[0], params=query)


@pytest.fixture(scope="module")
def issue_with_files(banso: Installation) -> str:
    """The link of an issue's reporter."""
    me = {"X-Forwarded-For": "203.0.113.1"}
    answer = send(
        banso,
        me,
        ("写真 1.png", PICTURE, "image/png"),
        ("page.html", EVIL, "text/html"),
        ("drawing.svg", b"<svg onload='alert(1)'/>", "image/svg+xml"),
        ("page.png", EVIL + b"1", "text/html; charset=utf-8"),
        ("note.txt", b"A note", "text/plain"),
    )
    return status(banso, issue_id_of(banso, reference_of(answer)), "brown")


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("写真 1.png", "image/png"),
        ("page.html", "application/octet-stream"),
        ("drawing.svg", "application/octet-stream"),
        ("page.png", "application/octet-stream"),
        ("note.txt", "text/plain"),
    ],
)
def test_a_file_is_handed_over_and_never_runs(
    banso: Installation, issue_with_files: str, filename: str, kind: str
) -> None:
    answer = fetch(banso, issue_with_files, filename)
    as_picture = fetch(banso, issue_with_files, filename, show="")

    assert answer.headers["content-type"].partition(";")[0] == kind
    for one, how in ((answer, "attachment"), (as_picture, "attachment")):
        if one is as_picture and kind == "image/png":
            how = "inline"
        named = f"filename*=UTF-8''{quote(filename)}"
        assert one.headers["content-disposition"].startswith(f"{how}; ")
        assert one.headers["content-disposition"].endswith(named)
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert "no-store" in one.headers["cache-control"]
    if filename == "写真 1.png":
        assert answer.content == PICTURE


def test_only_the_link_of_that_issue_opens_a_file(
    banso: Installation, issue_with_files: str, me: dict[str, str]
) -> None:
    address = fetch(banso, issue_with_files, "note.txt").request.url.path
    name = address.rpartition("/")[2]
    other = status(banso, issue_id_of(banso, reference_of(send(banso, me))), "brown")

    for url in (
        f"{other}/files/{name}",
        f"{issue_with_files}x/files/{name}",
        f"{issue_with_files}/files/{'0' * 64}",
        f"{issue_with_files}/files/..%2f..%2fsecrets.json",
        f"{issue_with_files}/mail/{name}",
    ):
        answer = banso.browser.get(url)
        assert answer.status_code == 404, url
        assert b"A note" not in answer.content


def test_a_whole_mail_is_for_people_inside(banso: Installation) -> None:
    banso.write_mail("c@customer.example", "The lamp is red", "Please help.")
    query = "select issue_id, reporter_id from view where summary = ? and snapshot is not null"
    found = until(lambda: banso.ask("intake", query, "The lamp is red"), "it has an owner")
    issue_id, customer = found[0]
    carrier = status(banso, issue_id, "sato")
    (raised,) = said(banso, "issue.raised.v1", issue_id)

    inside = banso.browser.get(f"{carrier}/mail/{raised['raw_sha256']}")
    assert b"Subject: The lamp is red" in inside.content
    assert inside.headers["content-type"] == "application/octet-stream"
    assert inside.headers["content-disposition"].startswith("attachment; ")
    assert f"/mail/{raised['raw_sha256']}" in banso.browser.get(carrier).text
    outside = status(banso, issue_id, customer)
    assert "/mail/" not in banso.browser.get(outside).text
    assert banso.browser.get(f"{outside}/mail/{raised['raw_sha256']}").status_code == 404


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([("a.txt", b"x", "")] * 11, "at most 10 files"),
        ([("film.mov", b"x" * (25 * 1024 * 1024 + 1), "")], "film.mov is larger than 25 MB"),
        ([("setup.exe", b"MZ", "")], "setup.exe is a program"),
    ],
)
def test_what_is_too_much_is_refused_with_every_word_kept_and_nothing_stored(
    banso: Installation, me: dict[str, str], files: list[Any], words: str
) -> None:
    before = issues(banso), blobs(banso)
    answer = send(banso, me, *files, description="Nothing of this is lost.")

    assert answer.status_code == 422
    assert words in page_text(answer.text)
    assert files[0][0] in page_text(answer.text)
    assert shown(answer)["description"] == "Nothing of this is lost."
    assert (issues(banso), blobs(banso)) == before


# --- machines and floods


def test_who_is_quicker_than_people_or_fills_in_what_they_do_not_see_clicks_once_more(
    banso: Installation, me: dict[str, str]
) -> None:
    before = issues(banso)
    for said_by_machine in ({}, {"homepage": "http://spam.example"}, {"stamp": "forged"}):
        answer = send(banso, me, quickly=not said_by_machine, **said_by_machine)
        assert answer.status_code == 422
        assert "One click more" in page_text(answer.text)
        assert shown(answer).items() >= FILLED.items()
        assert shown(answer)["homepage"] == ""
        assert issues(banso) == before

    kept = shown(answer)
    reference_of(send(banso, me, opened=kept, quickly=True))
    assert issues(banso) == before + 1


@pytest.mark.parametrize("by", ["connection", "address"])
def test_a_flood_waits_with_its_text_kept_and_may_come_again_later(
    banso: Installation, me: dict[str, str], by: str
) -> None:
    def form(nth: int) -> dict[str, str]:
        changes = nth if by == "connection" else 0
        return {"summary": f"Number {nth}", "email": f"{by}{changes}@customer.example"}

    def connection(nth: int) -> dict[str, str]:
        return me if by == "connection" else {"X-Forwarded-For": f"203.0.113.{100 + nth}"}

    for nth in range(4):
        reference_of(send(banso, connection(nth), **form(nth)))
    before = issues(banso), blobs(banso)
    file = ("a.txt", b"never kept", "text/plain")
    answer = send(banso, connection(4), file, **form(4))

    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 600
    words = page_text(answer.text)
    assert "issues@example.com" in words
    assert ("connection" if by == "connection" else "mail address") in words
    assert shown(answer)["summary"] == "Number 4"
    assert (issues(banso), blobs(banso)) == before
    after(banso, int(answer.headers["retry-after"]))
    again = send(banso, connection(4), file, opened=shown(answer), **form(4))
    reference_of(again)
    assert issues(banso) == before[0] + 1


def test_the_same_form_again_is_the_same_issue_and_is_counted_once(
    banso: Installation, me: dict[str, str]
) -> None:
    opened = open_form(banso)
    said = {"email": "twice@customer.example"}

    references = {
        reference_of(send(banso, me, ("a.txt", b"same", ""), opened=opened, **said))
        for _ in range(6)
    }

    assert len(references) == 1


# --- the status page


@pytest.fixture
def issue_id(banso: Installation) -> str:
    """One that Emily Brown carries."""
    return issue_id_of(banso, banso.raise_issue())


def owner_of(banso: Installation, issue_id: str) -> str:
    found = banso.ask("intake", "select snapshot from view where issue_id = ?", issue_id)
    return str(json.loads(found[0][0])["owner_id"])


def say(banso: Installation, url: str, *files: Any, **fields: str) -> httpx.Response:
    sent: Any = [(name, (None, value)) for name, value in fields.items()]
    return banso.browser.post(f"{url}?lang=en", files=[*sent, *(("files", one) for one in files)])


def wish(banso: Installation, url: str, what: str, **changed: str) -> httpx.Response:
    """Opens one of the pages behind a status page, and sends it."""
    page = banso.browser.get(f"{url}/{what}?lang=en")
    assert str(page.url).partition("?")[0] == f"{url}/{what}"
    return banso.browser.post(page.url, data={**shown(page), **changed})


def test_whoever_holds_the_link_says_more_and_sends_files_once(
    banso: Installation, issue_id: str
) -> None:
    url = status(banso, issue_id, "brown")
    for _ in range(2):
        answer = say(
            banso, url, ("lamp.png", PICTURE, "image/png"), request="r1", text="It is red now."
        )
        assert "Your message is there" in page_text(answer.text)

    (message,) = said(banso, "message.received.v1", issue_id)
    assert message["person_id"] == "brown"
    assert message["standing"] == "vouched"
    assert page_text(answer.text).count("It is red now.") == 1
    owner = status(banso, issue_id, owner_of(banso, issue_id))
    assert fetch(banso, owner, "lamp.png").content == PICTURE


def test_nothing_said_or_too_much_is_told_and_kept(banso: Installation, issue_id: str) -> None:
    url = status(banso, issue_id, "brown")
    for text, files, words in (
        (" \u3000", [], "Please write something"),
        ("x" * 50_001, [], "longer than 50000"),
        ("See the file", [("setup.exe", b"MZ", "")], "setup.exe is a program"),
    ):
        answer = say(banso, url, *files, text=text, request="r")
        assert answer.status_code == 422
        assert words in page_text(answer.text)
        assert shown(answer)["text"].strip() == text.strip()
    for nth in range(4):
        assert say(banso, url, text=f"{nth}", request=f"{nth}").status_code == 200
    answer = say(banso, url, text="And one more", request="more")
    assert answer.status_code == 429
    assert shown(answer)["text"] == "And one more"
    assert len(said(banso, "message.received.v1", issue_id)) == 4


def test_what_was_said_can_be_corrected_and_is_once(banso: Installation, issue_id: str) -> None:
    url = status(banso, issue_id, "brown")
    nothing = wish(banso, url, "correct")
    assert nothing.status_code == 422
    changed = {"summary": "The pump does not start", "needed_by": "2031-02-07", "request": "c"}
    opened = {**shown(banso.browser.get(f"{url}/correct?lang=en")), **changed}
    for _ in range(2):
        answer = banso.browser.post(f"{url}/correct?lang=en", data=opened)
    words = page_text(answer.text)

    assert "It is corrected" in words
    assert "The pump does not start" in words
    assert "Emily Brown corrected" in words
    (asked,) = said(banso, "action.requested.v1", issue_id)
    assert set(asked["correction"]) == {"summary", "needed_by"}


def test_what_is_needed_no_more_is_withdrawn_after_a_look(
    banso: Installation, issue_id: str
) -> None:
    url = status(banso, issue_id, "brown")
    page = banso.browser.get(f"{url}/withdraw?lang=en")
    assert "closed at once" in page_text(page.text)
    assert not said(banso, "action.requested.v1", issue_id)
    answer = wish(banso, url, "withdraw", text="It was the battery.")

    assert "It is withdrawn" in page_text(answer.text)
    assert "Closed" in page_text(answer.text)
    again = banso.browser.get(f"{url}/withdraw?lang=en")
    assert str(again.url).partition("?")[0] == url
    late = banso.browser.post(f"{url}/withdraw?lang=en", data={"request": "late"})
    assert late.status_code in (200, 409)


def test_an_answer_by_another_way_is_noted_as_that_persons(
    banso: Installation, issue_id: str
) -> None:
    url = status(banso, issue_id, "brown")
    answer = wish(banso, url, "answered", proposed="kato", text="Change the battery.")

    words = page_text(answer.text)
    assert "Noted" in words
    assert "Naoki Kato answered by telephone or in person." in words
    assert "Change the battery." in words


def test_a_status_link_speaks_for_its_person_and_leads_to_what_they_may_do(
    banso: Installation, me: dict[str, str], issue_id: str
) -> None:
    """It does nothing of that itself (ADR 12), and leads there for a while (ADR 21)."""
    owner = owner_of(banso, issue_id)
    for person_id, may, leads_to in (
        ("brown", {"correct", "withdraw", "answered"}, {Action.MERGE}),
        (owner, set(), {Action.ACKNOWLEDGE, Action.DECLINE, Action.SNOOZE}),
        ("wilson", set(), {Action.TAKE}),
    ):
        url = status(banso, issue_id, person_id)
        page = lxml.html.fromstring(banso.browser.get(url).text)
        offered = {str(one).rpartition("/")[2].partition("?")[0] for one in page.xpath("//a/@href")}
        assert offered & {"correct", "withdraw", "answered"} == may, person_id
        for action in ("acknowledge", "decline", "resolve", "confirm", "reopen", "answer"):
            assert banso.browser.get(f"{url}/{action}").status_code == 404
            assert banso.browser.post(f"{url}/{action}", data={"a": "b"}).status_code == 404
        actions = actions_on(banso, page)
        assert leads_to <= {one.action for one in actions}
        assert {one.person_id for one in actions} == {person_id}

    old = links(banso).status(issue_id, owner, banso.now - timedelta(days=61))
    for url in (old, status(banso, issue_id, ""), status(banso, issue_id, EVERYBODY)):
        assert not actions_on(banso, lxml.html.fromstring(banso.browser.get(url).text))
    refused = banso.browser.post(
        status(banso, issue_id, "wilson") + "/withdraw?lang=en", data={"request": "w"}
    )
    assert refused.status_code == 409

    reads = status(banso, issue_id, EVERYBODY)
    assert "Add a message" not in banso.browser.get(f"{reads}?lang=en").text
    assert say(banso, reads, text="Hello", request="e").status_code == 404
    assert banso.browser.post(f"{reads}/withdraw", data={"request": "e"}).status_code == 404
    assert not said(banso, "message.received.v1", issue_id)


def test_who_sent_the_public_form_speaks_as_whoever_they_said_they_are(
    banso: Installation, me: dict[str, str]
) -> None:
    received = send(banso, me, email="public@customer.example", name="A customer")
    issue_id = issue_id_of(banso, reference_of(received))
    url = str(received.url).partition("?")[0]
    answer = say(banso, url, text="One thing more.", request="p")

    assert "Your message is there" in page_text(answer.text)
    (raised,) = said(banso, "issue.raised.v1", issue_id)
    (message,) = said(banso, "message.received.v1", issue_id)
    assert message["person_id"] == raised["reporter_id"]
    assert "answered" not in answer.text.partition("<main")[2]
    told = {"request": "e", "text": "I get a refund.", "proposed": "hayashi"}
    assert banso.browser.post(f"{url}/answered", data=told).status_code == 404
    withdrawn = wish(banso, url, "withdraw")
    assert "It is withdrawn" in page_text(withdrawn.text)


def test_a_customer_is_shown_no_way_to_merge_and_can_not_merge_their_own_issues(
    banso: Installation, me: dict[str, str]
) -> None:
    """Of what belongs together only people inside are told."""
    reference, other = (reference_of(send(banso, me, summary=f"Lamp {n}")) for n in (1, 2))
    issue_id = issue_id_of(banso, reference)
    issue_id_of(banso, other)
    (raised,) = said(banso, "issue.raised.v1", issue_id)
    customer = str(raised["reporter_id"])
    page = lxml.html.fromstring(banso.browser.get(status(banso, issue_id, customer)).text)

    assert Action.MERGE not in {one.action for one in actions_on(banso, page)}
    for action in (Action.MERGE, Action.SEPARATE):
        url = links(banso).action(issue_id, customer, action, 1, banso.now) + "?lang=en"
        shown = banso.browser.get(url)
        sent = {"request": "m", "into": other, "sure": other, "text": "The same."}
        posted = banso.browser.post(url, data=sent)

        assert (shown.status_code, posted.status_code) == (409, 409)
        assert "Only somebody else may do this." in page_text(posted.text)
        assert other not in posted.text
    assert said(banso, "issue.merged.v1", issue_id, "router") == []


def test_days_are_those_of_whoever_names_them_and_no_word_is_lost_over_a_wrong_one(
    banso: Installation, me: dict[str, str]
) -> None:
    """It is Monday morning in Tokyo and Sunday evening in New York."""
    issue_id = issue_id_of(banso, reference_of(send(banso, me)))
    taken = links(banso).action(issue_id, "santos", Action.TAKE, 1, banso.now)
    banso.browser.post(taken, data={"request": "t"})
    banso.settle()

    def name(action: Action, **said: str) -> httpx.Response:
        url = links(banso).action(issue_id, "santos", action, 2, banso.now)
        sent = {"request": uuid4().hex, "text": "The part comes then.", **said}
        return banso.browser.post(f"{url}?lang={said.pop('lang', 'en')}", data=sent)

    for action, day, problem in (
        (Action.SNOOZE, "2031-02-01", "Please choose a day that is still to come."),
        (Action.SNOOZE, "2031-02-02", "Please choose a day that is still to come."),
        (Action.SNOOZE, "2031-02-10", "It can be put off until Fri 7 Feb, 17:00 at the most."),
        (Action.SNOOZE, "2031-02-30", "Please write the day as in 2031-02-03."),
        (Action.SNOOZE, "", "Please choose a day."),
        (Action.PROMISE, "2031-02-01", "This day is over. Please choose a later one."),
        (Action.PROMISE, "2034-01-01", "It can be promised until Thu 3 Feb 2033, "),
    ):
        refused = name(action, day=day)
        assert refused.status_code == 422, day
        assert problem in page_text(refused.text)
        assert shown(refused).items() >= {"text": "The part comes then.", "day": day}.items()
    too_far = page_text(name(Action.SNOOZE, day="2031-02-10", lang="ja").text)
    assert "延ばせるのは 2月7日(金) 17:00 までです。" in too_far

    page = banso.browser.get(links(banso).action(issue_id, "santos", Action.SNOOZE, 2, banso.now))
    (field,) = lxml.html.fromstring(page.text).xpath("//input[@type='date']")
    assert (field.get("min"), field.get("max")) == ("2031-02-03", "2031-02-07")

    put_off = page_text(name(Action.SNOOZE, day="２０３１年２月５日").text)
    assert "It is put off until Wed 5 Feb, 09:00." in put_off
    promised = page_text(name(Action.PROMISE, day="2031-02-02").text)
    assert "Promised for Sun 2 Feb, 23:59." in promised


def test_who_writes_an_owners_address_into_the_form_cannot_answer_as_the_owner(
    banso: Installation, me: dict[str, str]
) -> None:
    """The carrier must not read a stranger's words as the owner's. Nobody is given what they
    brought in, but the leader, whom two moves lead to."""
    forged = {"email": "hayashi@example.com", "on_behalf_of": "sato@example.com"}
    received = send(banso, me, category="not-working", **forged)
    issue_id = issue_id_of(banso, reference_of(received))
    for proposed in ("manuals", "production"):
        wish = {"action": "decline", "person": owner_of(banso, issue_id), "reason": "no_time"}
        url = f"/issues/{reference_of(received)}/actions"
        answer = banso.api.post(url, json={**wish, "proposed": proposed})
        assert answer.status_code == 200, answer.text
    assert owner_of(banso, issue_id) == "hayashi"
    url = str(received.url).partition("?")[0]
    answer = say(banso, url, text="Please pay to this account.", request="f")

    assert "Your message is there" in page_text(answer.text)
    assert not said(banso, "issue.responded.v1", issue_id, "router")
    (comment,) = said(banso, "issue.commented.v1", issue_id, "router")
    assert (comment["voice"], comment["standing"]) == ("other", "threaded")


def test_wishes_are_limited_as_messages_are(banso: Installation, issue_id: str) -> None:
    url = status(banso, issue_id, "brown")
    answers = [
        wish(banso, url, "correct", summary=f"Meter {nth}", request=f"{nth}") for nth in range(5)
    ]

    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert shown(answers[-1])["summary"] == "Meter 4"
    assert len(said(banso, "action.requested.v1", issue_id)) == 4


def test_who_is_not_concerned_any_more_sees_nothing_of_a_confidential_issue(
    banso: Installation, me: dict[str, str]
) -> None:
    received = send(
        banso, me, summary="Salaries", email="brown@example.com", confidential="yes",
        category="not-working",
    )  # fmt: skip
    reference = reference_of(received)
    issue_id = issue_id_of(banso, reference)
    owner_id = owner_of(banso, issue_id)
    until(lambda: "Salaries" in inbox(banso, owner_id), "the owner is told")
    handed = banso.api.post(
        f"/issues/{reference}/actions",
        json={"action": "hand_over", "person": owner_id, "proposed": "mori"},
    )
    assert handed.status_code == 404  # a token of nobody's does not even know it
    links = Links(json.loads((banso.data / "secrets.json").read_text())["link_keys"], "")
    page = banso.browser.get(links.action(issue_id, owner_id, Action.HAND_OVER, 1, banso.now))
    assert banso.submit(page, proposed="mori").status_code == 200
    until(lambda: owner_of(banso, issue_id) == "mori", "it is somebody else's")

    token = status(banso, issue_id, owner_id).rpartition("/")[2]
    for place in (f"/s/{token}", f"/embed/{token}"):
        answer = banso.browser.get(f"{place}?lang=en")
        assert answer.status_code == 403, place
        assert "Salaries" not in answer.text
    again = banso.browser.get(links.action(issue_id, owner_id, Action.ANSWER, 1, banso.now))
    assert "Salaries" not in again.text
    assert "Salaries" not in inbox(banso, owner_id)
    assert "Salaries" not in inbox(banso, EVERYBODY)
    until(lambda: "Salaries" in inbox(banso, "mori"), "the new owner is told")


# --- elsewhere


def test_a_code_leads_to_the_form_with_the_product_chosen(banso: Installation) -> None:
    web = banso.endpoints["web"]
    for path, address in (
        ("/qr.png", f"{web}/"),
        ("/qr/aquanote.png", f"{web}/?product=aquanote"),
        (
            "/qr/aquanote.png?category=not-working",
            f"{web}/?product=aquanote&category=not-working",
        ),
    ):
        answer = banso.browser.get(path)
        assert answer.headers["content-type"] == "image/png"
        code = segno.make_qr(address, error="m")
        width, _ = code.symbol_size(scale=12, border=4)
        assert int.from_bytes(answer.content[16:20], "big") == width
        form = banso.browser.get(address.removeprefix(web))
        if "product" in address:
            assert shown(form)["product"] == "aquanote"
    drawn = banso.browser.get("/qr/aquanote-mini.svg")
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in drawn.headers["content-security-policy"]
    assert drawn.content.startswith(b"<?xml")
    for path in ("/qr/nothing.svg", "/qr/aquanote.gif", "/qr/aquanote", "/qr.svg?category=none"):
        assert banso.browser.get(path).status_code == 404, path


def test_only_the_sites_that_the_organisation_names_may_show_the_form(
    banso: Installation, me: dict[str, str]
) -> None:
    def framed_by(answer: httpx.Response) -> str:
        return answer.headers["content-security-policy"].partition("frame-ancestors ")[2]

    received = banso.browser.post(
        "/embed?lang=en",
        data={**open_form(banso, "/embed?lang=en"), **FILLED, "email": "e@customer.example"},
        headers=me,
    )
    assert "One click more" in page_text(received.text)
    kept = shown(received)
    received = banso.browser.post("/embed?lang=en", data=kept, headers=me)
    assert reference_of(received)
    token = received.url.path.rpartition("/")[2]

    for path in ("/embed", f"/embed/{token}"):
        assert framed_by(banso.browser.get(path)) == "https://www.example.com"
    for path in ("/", f"/s/{token}", f"/s/{token}/withdraw", "/share", "/embed/forged"):
        assert framed_by(banso.browser.get(path)) == "'none'", path
