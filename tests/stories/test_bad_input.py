"""Hostile and broken input at every door: a plain refusal, nothing lost, and Banso goes on."""

from __future__ import annotations

import json
import re
import smtplib
import socket
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any
from urllib.parse import urlencode

import httpx
import lxml.html
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.contracts.event import Speaker
from tests.installation import Installation, a_problem, page_text, shown_form, until
from tests.postbox import Letter, Postbox

SECRET_WORDS = "The customer's own words, which no log may repeat"
SCRIPT = "<script>alert('!')</script><img src=x onerror=alert(1)>\"'&{{7*7}}"
PATHS = [
    "../../etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc",
    "%00",
    "%ff",
    "a" * 3000,
]
FORM: dict[str, str] = {
    "submission": "",
    "summary": "The meter does not start",
    "description": SECRET_WORDS,
    "name": "Emily Brown",
    "email": "brown@example.com",
}


@pytest.fixture(scope="module")
def banso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Postbox() as postbox:
        installation = Installation(tmp_path_factory.mktemp("bad-input"), postbox)
        try:
            yield installation.start()
        finally:
            installation.close()


@pytest.fixture(autouse=True)
def goes_on(banso: Installation) -> Iterator[None]:
    """Afterwards an ordinary issue still goes through, and nobody's log speaks of a failure."""
    before = {service: len(banso.log(service)) for service in Speaker}
    yield
    reference = banso.raise_issue(description=SECRET_WORDS)
    until(lambda: banso.issue(reference)["owner"], "an ordinary issue gets its owner")
    banso.settle()
    for service in Speaker:
        log = banso.log(service)[before[service] :]
        assert "Traceback" not in log, log[-5000:]
        assert "level=error" not in log, log[-5000:]


def api(banso: Installation, body: Any, language: str = "en", **headers: str) -> httpx.Response:
    """Posts an issue; a body that is no bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/json", "Accept-Language": language, **headers}
    return banso.api.post("/issues", content=content, headers=given)


def assert_refusal(answer: httpx.Response, *statuses: int, language: str = "en") -> dict[str, Any]:
    """A problem in the caller's language that says what to do, and nothing of our inside."""
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.headers["content-language"] == language
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    is_japanese = bool(re.search("[ぁ-ん]", problem["detail"]))
    assert is_japanese == (language == "ja"), problem
    assert "Traceback" not in answer.text
    return problem


def assert_page(answer: httpx.Response, *statuses: int, language: str = "en") -> str:
    """A page in the person's language; its words."""
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("text/html")
    found = lxml.html.fromstring(answer.text)
    assert found.get("lang") == language
    assert "Traceback" not in answer.text
    return page_text(answer.text)


def send_form(banso: Installation, language: str = "en", **fields: str) -> httpx.Response:
    return banso.browser.post("/", data={**FORM, **fields}, headers={"Accept-Language": language})


def asked(banso: Installation, reference: str) -> Letter:
    """The mail in which the owner of an issue is asked."""
    owner = until(lambda: banso.issue(reference)["owner"], "it has an owner")["id"]
    address = f"{owner}@example.com"

    def found() -> list[Letter]:
        there = banso.postbox.letters
        return [one for one in there if one.to == address and one.reference == reference]

    return until(found, "the owner is asked")[0]  # type: ignore[no-any-return]


def links(letter: Letter) -> dict[str, str]:
    """By what they are for: an action, or `s` and `i`."""
    found = re.findall(r"http://\S+/([sai])/(\S+)", letter.text)
    base = letter.text.partition("http://")[2].partition("/")[0]
    return {
        token.split("~")[2] if kind == "a" else kind: f"http://{base}/{kind}/{token}"
        for kind, token in found
    }


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def speak(banso: Installation, request: bytes) -> tuple[int, bytes]:
    """Says these bytes to the web server as they are; status and all of the answer."""
    url = httpx.URL(banso.endpoints["web"])
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer


# --- the API


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"12",
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        json.dumps(a_problem(summary="Zähler"), ensure_ascii=False).encode("latin-1"),
        json.dumps(a_problem(summary="動かない"), ensure_ascii=False).encode("shift_jis"),
        b"[" * 100_000,
        b'{"summary":' * 5000,
        json.dumps(a_problem(summary="\ud800")).encode(),
    ],
    ids=lambda body: repr(body[:12]) if isinstance(body, bytes) else str(body),
)
def test_the_api_refuses_what_is_not_a_json_object_in_utf_8(
    banso: Installation, body: bytes, language: str
) -> None:
    assert_refusal(api(banso, body, language), 400, 422, language=language)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("summary", {"summary": ""}),
        ("summary", {"summary": " \u3000\n"}),
        ("summary", {"summary": 7}),
        ("summary", {"summary": None}),
        ("summary", {"summary": "x" * 10_001}),
        ("description", {"description": ["a"]}),
        ("description", {"description": "\x00\u202e"}),
        ("description", {"description": "x" * 200_001}),
        ("reporter", {"reporter": "Emily"}),
        ("reporter.email", {"reporter": {"name": "Emily", "email": "nowhere"}}),
        ("reporter.email", {"reporter": {"name": "E", "email": "a@b.example\r\nBcc: x@y.example"}}),
        ("reporter.name", {"reporter": {"name": "\r\n", "email": "a@b.example"}}),
        ("reporter.phone", {"reporter": {"name": "E", "email": "a@b.example", "phone": "1"}}),
        ("urgency", {"urgency": "whenever"}),
        ("needed_by", {"needed_by": "0001-01-01"}),
        ("needed_by", {"needed_by": "9999-12-31"}),
        ("needed_by", {"needed_by": "9999-12-31T23:59:59-12:00"}),
        ("needed_by", {"needed_by": "soon"}),
        ("needed_by", {"needed_by": 1e300}),
        ("needed_by", {"needed_by": "2031-02-30"}),
        ("language", {"language": "x" * 36}),
        ("priority", {"priority": "unknown field"}),
    ],
)
def test_the_api_names_the_field_that_is_wrong(
    banso: Installation, field: str, said: dict[str, Any]
) -> None:
    problem = assert_refusal(api(banso, a_problem(**said)), 422)

    assert any(one["field"].startswith(field) for one in problem["errors"]), problem


def test_the_api_refuses_strangers_other_methods_and_other_places(banso: Installation) -> None:
    for shown in ("", "Bearer", "Bearer wrong", "Basic YTpi", "Bearer \xe9"):
        headers = {"Authorization": shown.encode("latin-1")}
        for answer in (
            banso.api.post("/issues", json=a_problem(), headers=headers),
            banso.api.get("/issues/7K3M-9QWX", headers=headers),
        ):
            assert_refusal(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
    for method, path, status in [
        ("PUT", "/issues", 405),
        ("DELETE", "/issues/7K3M-9QWX", 405),
        ("GET", "/nothing", 404),
        ("GET", "/issues/7K3M-9QWX", 404),
        ("GET", "/issues/7K3M-9QWX/history", 404),
    ]:
        assert_refusal(banso.api.request(method, path, headers={"Accept-Language": "en"}), status)
    for path in PATHS[1:]:
        answer = banso.api.get(f"/issues/{path}", headers={"Accept-Language": "ja"})
        assert_refusal(answer, 404, language="ja")


def test_json_is_understood_whatever_it_is_called_and_nothing_else(banso: Installation) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "a/b"):
        assert api(banso, a_problem(), **{"Content-Type": kind}).status_code == 201
        for body in (urlencode(FORM).encode(), b"--x\r\n\r\n", b"<issue/>"):
            assert_refusal(api(banso, body, **{"Content-Type": kind}), 415)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_more_than_a_megabyte_without_files_is_refused(banso: Installation, language: str) -> None:
    wish = {"action": "answer", "person": "brown", "text": "x" * 1_100_000}

    answer = banso.api.post(
        f"/issues/{banso.raise_issue()}/actions", json=wish, headers={"Accept-Language": language}
    )

    assert_refusal(answer, 413, language=language)


def test_a_key_is_only_a_name_and_belongs_to_one_content(banso: Installation) -> None:
    for key in ("../../etc/passwd", "'; drop table submission; --", "é", SCRIPT, "a\tb"):
        headers = {"Idempotency-Key": key.encode("latin-1")}
        first = banso.api.post("/issues", json=a_problem(), headers=headers)
        again = banso.api.post("/issues", json=a_problem(), headers=headers)
        assert first.status_code == again.status_code == 201, first.text
        assert first.json()["reference"] == again.json()["reference"]
        other = banso.api.post("/issues", json=a_problem(summary="Other"), headers=headers)
        assert_refusal(other, 409)
    assert_refusal(api(banso, a_problem(), **{"Idempotency-Key": "x" * 201}), 400, 422)


def test_control_characters_and_text_that_reads_backwards_are_taken_out(
    banso: Installation,
) -> None:
    reference = banso.raise_issue(
        summary="The \x00meter\x1b[31m \u202edoes\u2028 not\ufeff start\r\nBcc: a@b.example",
        description="One\x00\r\ntwo\u2066\x85\x07",
        reporter={"name": "Emily\r\nBcc: x@y.example\x00", "email": "e@customer.example"},
        customer="\x00\u202e",
    )

    assert banso.issue(reference)["summary"] == "The meter[31m does not start Bcc: a@b.example"
    letter = banso.postbox.expect("e@customer.example", "We have received it")
    assert message_from_bytes(letter.raw)["bcc"] is None


ODD_TEXT = st.text(max_size=40) | st.sampled_from(["\x00", "\ud800", "\u202e", "", " ", SCRIPT])
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3),
    max_leaves=6,
)
NAMES = [*a_problem(), "product", "urgency", "language", "customer", "needed_by", "on_behalf_of"]


@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    said=st.dictionaries(st.sampled_from(NAMES) | ODD_TEXT, ODD, max_size=4), is_whole=st.booleans()
)
def test_no_body_whatever_breaks_the_api(
    banso: Installation, said: dict[str, Any], *, is_whole: bool
) -> None:
    answer = api(banso, a_problem(**said) if is_whole else said)

    assert answer.status_code < 500, answer.text
    if answer.status_code != 201:
        assert_refusal(answer, 400, 422)


# --- form and pages


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"summary": ""},
        {"summary": "\x00\u202e"},
        {"description": " \u3000"},
        {"description": "あ" * 60_000 + "x" * 140_001},
        {"name": "\x7f"},
        {"email": "nowhere"},
        {"email": "a@b.example\r\nBcc: x@y.example"},
        {"email": "a@b.example, c@d.example"},
        {"needed_by": "0001-01-01"},
        {"needed_by": "9999-12-31"},
        {"needed_by": "soon"},
    ],
    ids=lambda wrong: next(iter(wrong)) if isinstance(wrong, dict) else wrong,
)
def test_the_form_says_what_is_wrong_and_keeps_every_word(
    banso: Installation, wrong: dict[str, str], language: str
) -> None:
    sent = {**FORM, "customer": "Minato Fish Farm", **wrong}
    answer = send_form(banso, language, **sent)

    assert_page(answer, 422, language=language)
    (form,) = lxml.html.fromstring(answer.text).forms
    assert form.xpath(".//*[@aria-invalid]/@name") == list(wrong)
    for name in ("description", "name", "email", "customer"):
        shown = lines(form.fields[name] or "")
        assert shown == lines(sent[name]), name


def test_a_form_in_shift_jis_is_understood_and_one_in_no_encoding_refused(
    banso: Installation,
) -> None:
    sent = {**FORM, "summary": "電源が入りません①", "name": "髙橋"}
    for kind, body in [
        ("application/x-www-form-urlencoded", urlencode(sent, encoding="cp932").encode()),
        ("application/x-www-form-urlencoded; charset=Shift_JIS", urlencode(sent, encoding="cp932")),
        ("APPLICATION/X-WWW-FORM-URLENCODED", urlencode(sent).encode()),
    ]:
        answer = banso.browser.post("/?lang=ja", content=body, headers={"Content-Type": kind})
        assert "電源が入りません①" in assert_page(answer, 200, language="ja")

    url_encoded = "application/x-www-form-urlencoded"
    for kind, body in [
        (url_encoded, b"summary=%ff%fe%fd"),
        (url_encoded, b"summary=\xff\xfe"),
        (url_encoded, b"&".join(b"a=%d" % nth for nth in range(101))),
        ("application/json", json.dumps(FORM).encode()),
        ("text/plain", b"summary=a"),
        ("", b"summary=a"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"no parts"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"),
    ]:
        answer = banso.browser.post("/?lang=ja", content=body, headers={"Content-Type": kind})
        words = assert_page(answer, 400, 422, language="ja")
        assert "送って" in words or "残っています" in words, (kind, body, words)

    answer = banso.browser.post("/?lang=ja", files={name: (None, it) for name, it in sent.items()})
    assert "電源が入りません①" in assert_page(answer, 200, language="ja")
    files = {**{name: (None, it) for name, it in sent.items()}, "summary": ("a.txt", b"\xff")}
    assert_page(banso.browser.post("/?lang=ja", files=files), 422, language="ja")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_form_that_is_too_large_is_refused_with_what_to_do(
    banso: Installation, language: str
) -> None:
    answer = send_form(banso, language, description="x" * 1_100_000)

    words = assert_page(answer, 413, language=language)
    assert ("短くして" if language == "ja" else "shorten the text") in words


def test_what_looks_like_markup_is_shown_as_it_was_written(banso: Installation) -> None:
    given = ("description", "name", "customer", "product", "category", "on_behalf_of", "urgency")
    fields = {
        **dict.fromkeys(given, SCRIPT),
        "summary": f"Markup {SCRIPT}",
        "email": "markup@customer.example",
        "submission": SCRIPT,
    }
    again = send_form(banso, **fields, needed_by=SCRIPT)
    assert_page(again, 422)
    received = send_form(banso, **fields)
    letter = banso.postbox.expect("markup@customer.example", "We have received it")
    to_owner = asked(banso, letter.reference)
    acting = banso.browser.get(links(to_owner)["answer"])
    banso.submit(acting, text=SCRIPT)
    answered = banso.postbox.expect("markup@customer.example", "has answered")
    inbox = banso.browser.get(banso.endpoints["inbox"])
    status = banso.browser.get(links(answered)["s"])

    for page in (again, received, acting, inbox, status):
        assert not lxml.html.fromstring(page.text).xpath("//script[not(@src)] | //@onerror")
        assert "onerror=" in page.text
    for page in (received, acting, inbox, status):
        assert SCRIPT in page_text(page.text)
    for one in (letter, to_owner, answered):
        html = lxml.html.fromstring(one.html)
        assert not html.xpath("//script | //img | //@onerror")
        assert SCRIPT in html.text_content()


def test_nothing_that_is_written_becomes_a_header_of_a_mail(banso: Installation) -> None:
    evil = "Hello\r\nBcc: thief@evil.example\r\nContent-Type: text/x-evil\r\n\r\nBody\x00"
    send_form(banso, summary=evil, name=evil, email="headers@customer.example", customer=evil)
    letter = banso.postbox.expect("headers@customer.example", "We have received it")
    sender = (
        "From: =?utf-8?q?A=0D=0ABcc=3A_thief=40evil.example=2C?= <by-mail@customer.example>\r\n"
    )
    subject = "Subject: =?utf-8?q?Hello=0D=0ABcc:_thief@evil.example=0D=0A=0D=0ABody=00?=\r\n"
    banso.send("by-mail@customer.example", f"{sender}{subject}\r\nText\r\n".encode())
    by_mail = banso.postbox.expect("by-mail@customer.example", "We have received it")

    for one in (letter, by_mail):
        message = message_from_bytes(one.raw)
        assert message["bcc"] is None
        assert message.get_content_type() == "multipart/alternative"
        assert len(message.get_all("subject", [])) == len(message.get_all("to", [])) == 1
        assert {name.lower() for name in message} <= {
            "from",
            "to",
            "subject",
            "date",
            "message-id",
            "reply-to",
            "in-reply-to",
            "references",
            "x-auto-response-suppress",
            "auto-submitted",
            "x-banso",
            "thread-index",
            "list-unsubscribe",
            "list-unsubscribe-post",
            "content-language",
            "mime-version",
            "content-type",
            "x-peer",
            "x-mailfrom",
            "x-rcptto",
        }


@pytest.mark.parametrize("path", PATHS)
def test_a_made_up_link_or_file_is_refused_in_plain_words(banso: Installation, path: str) -> None:
    for place in ("s", "a", "i", "static"):
        for headers, language in (({"Accept-Language": "ja"}, "ja"), ({}, "en")):
            answer = banso.browser.get(f"/{place}/{path}", headers=headers)
            assert_page(answer, 404, language=language)
    answer = banso.browser.post(f"/a/{path}", data={"text": "a"}, headers={"Accept-Language": "ja"})
    assert_page(answer, 404, 405, language="ja")


@pytest.mark.parametrize(
    "target",
    [
        b"/static/../../../../../../etc/passwd",
        b"/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
        b"/static//etc/passwd",
        b"/static/%00",
        b"/static/\xff\xfe",
        b"/s/\xff\xfe",
        b"//etc/passwd",
        b"/?lang=%00&product=%ff%fe&category=" + b"x" * 5000,
        b"/?product=%ud800&%ff=%ff&lang=../../ja",
        b"/s/" + b"~" * 2000,
    ],
)
def test_no_address_leads_out_or_breaks_anything(banso: Installation, target: bytes) -> None:
    status, answer = speak(
        banso, b"GET " + target + b" HTTP/1.1\r\nHost: banso\r\nConnection: close\r\n\r\n"
    )

    assert status in (200, 400, 404), answer
    assert b"root:" not in answer
    assert b"Traceback" not in answer


def test_headers_that_no_browser_sends_change_nothing(banso: Installation) -> None:
    for headers in (
        b"Accept-Language: ;q=nan,*;q=inf,ja;q=,\xff\xfe",
        b"Accept-Language: " + b"ja," * 5000,
        b"Accept: \xff",
        b"Cookie: a=\xff; =; \x01",
        b"Content-Length: -1",
        b"Content-Type: multipart/form-data; boundary=" + b"x" * 500,
    ):
        status, answer = speak(
            banso, b"GET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n" + headers + b"\r\n\r\n"
        )
        assert status in (200, 400, 431), answer
        assert b"Traceback" not in answer


# --- acting


def test_a_wrong_act_is_refused_in_plain_words_and_its_text_kept(banso: Installation) -> None:
    reference = banso.raise_issue()
    there = links(asked(banso, reference))
    answer_link, resolve_link = there["answer"], there["resolve"]

    for link, fields, status in [
        (answer_link, {"text": " \u202e"}, 422),
        (answer_link, {"text": "x" * 50_001, "request": "r"}, 422),
        (resolve_link, {"text": SECRET_WORDS, "cause": ""}, 422),
        (resolve_link, {"text": SECRET_WORDS, "cause": "\x00"}, 422),
        (answer_link, {"text": "x" * 1_100_000}, 413),
    ]:
        for language in ("ja", "en"):
            headers = {"Accept-Language": language}
            answer = banso.browser.post(link, data=fields, headers=headers)
            assert_page(answer, status, language=language)
            if status == 422:
                form = shown_form(answer)
                assert lines(form.fields["text"] or "").endswith(fields["text"])
    assert len(banso.issue(reference)["history"]) == 2

    for link, fields in [
        (answer_link, {"text": "A" * 50_000, "request": SCRIPT, "unknown": "x", "cause": "?"}),
        (resolve_link, {"text": "B", "cause": SCRIPT, "request": "../../x"}),
    ]:
        assert_page(banso.browser.post(link, data=fields), 200, 409)
    pass_on = there.get("decline") or there["hand_over"]
    fields = {"reason": "not_my_area", "proposed": "../../nobody"}
    assert_page(banso.browser.post(pass_on, data=fields), 409)


# --- mail


def mail(
    text: bytes, subject: str = "Mail", sender: str = "mailer@customer.example", extra: str = ""
) -> bytes:
    head = f"From: {sender}\r\nTo: issues@example.com\r\nSubject: {subject}\r\n{extra}"
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + text


def issues(banso: Installation) -> int:
    return int(banso.ask("intake", "select count(*) from submission")[0][0])


NESTED = "".join(
    f"Content-Type: multipart/mixed; boundary=b{nth}\r\n\r\n--b{nth}\r\n" for nth in range(200)
)


@pytest.mark.parametrize(
    "raw",
    [
        mail(b"\x00NUL \x00 and \xff\xfe bytes\x00", subject="N\x00UL\x00"),
        mail(b"", subject=""),
        mail(b"Text\r\n" * 3, subject="\udcff\udcfe no encoding"),
        mail(b"!!!not base64@@@=\r\n", extra="Content-Transfer-Encoding: base64\r\n"),
        mail(b"=ZZ=\r\n=", extra="Content-Transfer-Encoding: quoted-printable\r\n"),
        mail("文".encode(), extra="Content-Type: text/plain; charset=klingon\r\n"),
        mail(b"a", extra='Content-Type: text/plain; charset="\x01\r\n "\r\n'),
        mail(b"x" * 300_000, subject="A line of 300 kB"),
        mail(b"<b>" * 50_000, extra="Content-Type: text/html\r\n"),
        mail(b"<script>alert(1)</script>", extra="Content-Type: text/html\r\n"),
        mail(b"a", extra="Content-Type: multipart/mixed\r\n"),
        mail(b"a", extra="Content-Disposition: \xff; filename*=utf-8''%ff\r\n"),
        mail(b"a", subject="=?utf-8?b?4pig4pig?= =?klingon?q?=ff?= =?utf-8?b?!?="),
        mail(b"a", subject="S" * 5000),
        mail(b"a", sender="=?utf-8?q?Brown=2C_Emily_=3Cthief=40evil.example=3E?= <e@c.example>"),
        mail(b"a", sender="Brown, Emily <e@c.example>"),
        mail("読めますか".encode("shift_jis"), sender='"@@" <e@c.example>'),
        mail(b"a", extra="X-Many: a\r\n" * 3000),
        mail(b"From names nobody, but the server does", sender="not an address"),
        mail(b"From names nobody, but the server does", sender="<>"),
        b"No headers at all, only words.\r\n",
        b"From: mailer@customer.example\r\nSubject: Only headers\r\n",
        b"From: mailer@customer.example\r\nSubject: Only\r\n headers\r\n\t\r\n",
    ],
    ids=lambda raw: repr(raw[60:100]) if isinstance(raw, bytes) else str(raw),
)
def test_a_broken_mail_of_a_person_is_an_issue_all_the_same_and_once(
    banso: Installation, raw: bytes
) -> None:
    before = issues(banso)
    first = banso.send("mailer@customer.example", raw)
    again = banso.send("mailer@customer.example", raw)

    assert first == again
    assert first.startswith("250 2.0.0 Received as ")
    assert issues(banso) == before + 1
    assert banso.issue(first[-9:])["summary"]


def test_a_mail_nested_on_purpose_is_refused_at_once_and_kept(banso: Installation) -> None:
    before = issues(banso)
    raw = b"From: mailer@customer.example\r\n" + NESTED.encode() + b"\r\nDeep\r\n"

    answer = banso.send("mailer@customer.example", raw)

    assert answer.startswith("554 5.6.0 ")
    assert "deep within each other" in answer
    assert issues(banso) == before


@pytest.mark.parametrize(
    ("sender", "raw"),
    [
        ("a@customer.example", b""),
        ("a@customer.example", b"\x00\x00\x00\r\n"),
        ("", mail(b"Your mail could not be delivered")),
        ("a@customer.example", mail(b"I am away", extra="Auto-Submitted: auto-replied\r\n")),
        ("a@customer.example", mail(b"I am away", extra="Precedence: auto_reply\r\n")),
        (
            "a@customer.example",
            mail(b"News", extra="List-Id: <n.example>\r\nList-Unsubscribe: <n@x>\r\n"),
        ),
        ("a@customer.example", mail(b"Ours", extra="X-Banso: 1\r\n")),
        ("a@customer.example", mail(b"Ours", sender="Banso <BANSO@example.com>")),
        (
            "a@customer.example",
            mail(b"a", extra='Content-Type: multipart/report; report-type="delivery-status"\r\n'),
        ),
    ],
)
def test_what_no_person_wrote_is_kept_and_neither_an_issue_nor_answered(
    banso: Installation, sender: str, raw: bytes
) -> None:
    before, letters = issues(banso), len(banso.postbox.letters)
    blobs = len(list((banso.data / "blobs").rglob("*")))
    answer = banso.send(sender, raw)
    banso.settle()

    assert answer.startswith("250 2.0.0 Kept")
    assert issues(banso) == before
    assert len(banso.postbox.letters) == letters
    assert len(list((banso.data / "blobs").rglob("*"))) > blobs


def test_our_own_mail_coming_back_starts_nothing(banso: Installation) -> None:
    before = issues(banso)
    for letter in banso.postbox.letters[:1]:
        assert banso.send("banso@example.com", letter.raw).startswith("250 2.0.0 Kept (self)")
        assert banso.send("", letter.raw).startswith("250 2.0.0 Kept (self)")

    assert issues(banso) == before


def test_smtp_refuses_with_the_right_code(banso: Installation) -> None:
    before = issues(banso)
    host, port = banso.endpoints["smtp"].split(":")
    with smtplib.SMTP(host, int(port), timeout=60) as server:
        server.ehlo()
        assert server.docmd("MAIL FROM:<a@customer.example> SIZE=999999999")[0] == 552
        assert server.docmd("DATA")[0] == 503
        assert server.docmd("NONSENSE")[0] == 500
        assert server.docmd("X" * 10_000)[0] == 500
        server.rset()
        assert server.mail("a@customer.example")[0] == 250
        assert server.rcpt("nobody@example.com")[0] == 550
        assert server.rcpt("../../etc/passwd@example.com")[0] == 550
        server.sock.sendall(b"RCPT TO:<\xff@example.com>\r\n")
        assert server.getreply()[0] in (500, 501, 550, 553)
        assert server.rcpt("Issues@Example.com")[0] == 250
        code, words = server.data(mail(b"x" * 10_000_000))
        assert code == 554, words
    with smtplib.SMTP(host, int(port), timeout=60) as server:
        server.ehlo()
        server.mail("a@customer.example")
        server.rcpt("issues@example.com")
        line = b"x" * 70 + b"\r\n"
        assert server.data(mail(line * (26 * 1024 * 1024 // len(line))))[0] == 552
    assert issues(banso) == before


# --- what stays inside


def test_no_log_holds_a_secret_a_link_or_anybodys_words(banso: Installation) -> None:
    secrets = json.loads((banso.data / "secrets.json").read_text())
    letters = banso.postbox.letters
    tokens = {
        found.rstrip(".")
        for letter in letters
        for found in re.findall(r"/[sai]/(\S+)", letter.text)
    }
    forbidden = {
        secrets["api_token"],
        *secrets["link_keys"],
        *secrets["nats_seeds"].values(),
        *tokens,
        *(token.rpartition(".")[2] for token in tokens),
        SECRET_WORDS,
        "brown@example.com",
        "customer.example",
        "The meter does not start",
    }
    assert len(tokens) > 20
    logs = {file.name: file.read_text() for file in (banso.data / "logs").iterdir()}
    own_link = banso.endpoints["inbox"]
    logs["banso up"] = banso.output.replace(own_link, "the operator's own link")

    for name, text in logs.items():
        for word in forbidden:
            assert word not in text, f"{name} has {word}"
