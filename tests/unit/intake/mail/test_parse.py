"""A raw mail, whatever its bytes: who wrote what to whom."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.parse import LONGEST_SUBJECT, ReadMail, read_mail
from services.intake.mail.parts import DEEPEST, MOST_PARTS


def mail(*headers: str, body: str | bytes = "Help!") -> ReadMail:
    head = "\n".join(headers).encode("utf-8", "surrogateescape")
    return read_mail(head + b"\n\n" + (body if isinstance(body, bytes) else body.encode()))


def encoded(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{b64encode(text.encode(charset)).decode()}?="


def parts(*found: str, kind: str = "mixed", boundary: str = "border") -> str:
    """A body of several parts, each with its own headers."""
    said = "".join(f"--{boundary}\n{part}\n" for part in found)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{said}--{boundary}--\n'


def read(whole: str) -> ReadMail:
    return read_mail(whole.encode())


# Who


@pytest.mark.parametrize(
    ("header", "name", "address"),
    [
        ("emi@example.com", "", "emi@example.com"),
        ("<Emi@Example.COM>", "", "Emi@example.com"),
        ("Emi Ito <emi@example.com>", "Emi Ito", "emi@example.com"),
        ('"Ito, Emi" <emi@example.com>', "Ito, Emi", "emi@example.com"),
        ("emi@example.com (Emi)", "Emi", "emi@example.com"),
        (f"{encoded('伊藤 恵美')} <emi@example.com>", "伊藤 恵美", "emi@example.com"),
        (f'"{encoded("伊藤 恵美")}" <emi@example.com>', "伊藤 恵美", "emi@example.com"),
        ("=?iso-8859-1?Q?M=FCller=2C_Hans?= <h@example.com>", "Müller, Hans", "h@example.com"),
        ("=?utf-8?Q?M=C3=BCller,_Hans?= <h@example.com>", "Müller, Hans", "h@example.com"),
        ("伊藤、恵美 <emi@example.com>", "伊藤、恵美", "emi@example.com"),
        ("Emi Ito <emi@example.com", "Emi Ito", "emi@example.com"),
        (encoded("Emi Ito <emi@example.com>"), "Emi Ito", "emi@example.com"),
        ("nobody, Emi <emi@example.com>", "Emi", "emi@example.com"),
        ("emi@example.com, yui@example.com", "", "emi@example.com"),
    ],
)
def test_the_sender_is_read_however_it_is_written(header: str, name: str, address: str) -> None:
    found = mail(f"From: {header}")

    assert (found.from_name, found.from_address) == (name, address)


def test_an_address_within_a_name_is_nobodys_address() -> None:
    """Else anybody could write in the name of anybody, by what the mail program shows as a name."""
    words = "=?utf-8?Q?boss=40example.com_=3Cboss=40example.com=3E=2C?="

    found = mail(f"From: {words} <other@example.net>")

    assert found.from_address == "other@example.net"
    assert found.from_name == "boss@example.com <boss@example.com>,"


@pytest.mark.parametrize("header", ["", "undisclosed", "a:;", "<>", "emi@", "\ue0009\ue000 <x>"])
def test_a_sender_who_cannot_be_written_to_has_no_address(header: str) -> None:
    assert mail(f"From: {header}").from_address is None


def test_a_mail_without_any_header_is_read_as_well() -> None:
    found = read_mail(b"\nHelp!")

    assert (found.subject, found.from_name, found.from_address) == ("", "", None)
    assert found.text == "Help!"


def test_everybody_whom_it_went_to_is_found() -> None:
    found = mail(
        "To: =?utf-8?Q?M=C3=BCller,_H?= <one@example.com>, two@example.com, broken@",
        "Cc: Three <three@example.com>",
    )

    assert found.to == ("one@example.com", "two@example.com", "three@example.com")


def test_the_first_of_a_repeated_header_counts() -> None:
    found = mail("From: one@example.com", "From: two@example.com", "X-A: 1", "X-A: 2")

    assert found.from_address == "one@example.com"
    assert found.headers["x-a"] == "1"


# Subject


@pytest.mark.parametrize("charset", ["utf-8", "iso-2022-jp", "shift_jis", "euc-jp"])
def test_a_subject_is_read_in_every_japanese_charset(charset: str) -> None:
    assert mail(f"Subject: Re: {encoded('動かない', charset)} (2)").subject == "Re: 動かない (2)"


@pytest.mark.parametrize("raw", ["動かない①".encode(), "動かない①".encode("cp932")])
def test_a_subject_in_bare_bytes_is_read(raw: bytes) -> None:
    assert read_mail(b"Subject: " + raw + b"\n\n").subject == "動かない①"


def test_a_subject_in_bare_iso_2022_jp_is_read_with_the_characters_of_nec() -> None:
    assert read_mail(b"Subject: \x1b$B-!F0$+$J$$\x1b(B!\n\n").subject == "①動かない!"


def test_a_character_may_begin_in_one_encoded_word_and_end_in_the_next() -> None:
    """Mail programs cut by bytes."""
    first, second = ("動".encode() + b"\xe3", b"\x81\x8b")
    words = [f"=?utf-8?B?{b64encode(half).decode()}?=" for half in (first, second)]

    assert mail(f"Subject: {words[0]}\n {words[1]}").subject == "動か"


def test_bare_letters_beside_an_encoded_word_stay() -> None:
    assert mail(f"Subject: 至急 {encoded('動かない')}").subject == "至急 動かない"


@pytest.mark.parametrize("broken", ["=?utf-8?B?!!!?=", "=?utf-8?B?a?=", "=?utf-8?X?abc?=", "=?="])
def test_an_encoded_word_that_is_broken_stays_some_text(broken: str) -> None:
    assert mail(f"Subject: {broken} and more").subject.endswith("and more")


def test_a_subject_is_one_line_and_not_endless() -> None:
    found = mail(f"Subject: {encoded('one' + chr(13) + chr(10) + 'Bcc: two')}")

    assert found.subject == "one Bcc: two"
    assert len(mail(f"Subject: {'long ' * 1000}").subject) <= LONGEST_SUBJECT


# Text


def test_the_plain_text_is_preferred_to_the_html() -> None:
    found = read(
        parts(
            "Content-Type: text/plain\n\nplain words",
            "Content-Type: text/html\n\n<p>html words</p>",
            kind="alternative",
        )
    )

    assert found.text == "plain words"


def test_html_alone_is_laid_out_as_text() -> None:
    found = mail(
        "Content-Type: text/html; charset=utf-8",
        body="<style>p {}</style><p>one &amp; two</p><ul><li>three</li></ul>",
    )

    assert "one & two" in found.text
    assert "three" in found.text
    assert "<" not in found.text
    assert "style" not in found.text


@pytest.mark.parametrize(
    "html", ["<div>" * 400 + "deep" + "</div>" * 400, "<p>deep", "<!-- --><b>deep</b>"]
)
def test_no_html_is_too_strange_for_its_words_to_be_found(html: str) -> None:
    assert "deep" in mail("Content-Type: text/html", body=html).text


def test_an_empty_plain_part_does_not_hide_the_html() -> None:
    found = read(
        parts("Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<p>words</p>")
    )

    assert found.text == "words"


def test_attachments_and_attached_mails_are_not_the_mails_own_words() -> None:
    found = read(
        parts(
            "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nattached",
            "Content-Type: message/rfc822\n\nSubject: other\n\nforwarded",
            parts("Content-Type: text/plain\n\nown words", kind="related", boundary="inner"),
            "Content-Type: image/png\n\nxxxx",
        )
    )

    assert found.text == "own words"


def test_a_mail_of_attachments_only_has_no_text() -> None:
    assert read(parts("Content-Type: image/png\n\nxxxx")).text == ""


def test_a_mail_of_endless_parts_is_read_as_far_as_is_reasonable_and_refused() -> None:
    many = ["Content-Type: image/png\n\nx"] * (MOST_PARTS + 10)

    found = read("Subject: many\n" + parts(*many, "Content-Type: text/plain\n\nlate"))

    assert (found.subject, found.text) == ("many", "")
    assert found.refused == f"it has more than {MOST_PARTS} parts"


@pytest.mark.parametrize("count", [DEEPEST + 1, 1_200, 10_000])
def test_a_mail_nested_without_end_is_refused_and_its_headers_are_read(count: int) -> None:
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(count)
    )

    found = read(f"From: emi@example.com\n{nested}Content-Type: text/plain\n\ndeep")

    assert found.from_address == "emi@example.com"
    assert found.refused == f"its parts lie more than {DEEPEST} deep within each other"


def test_mails_within_mails_without_end_are_refused() -> None:
    nested = "Content-Type: message/rfc822\n\n" * 10_000

    found = read(f"From: emi@example.com\n{nested}Subject: innermost\n\ndeep")

    assert found.from_address == "emi@example.com"
    assert found.refused == f"its parts lie more than {DEEPEST} deep within each other"


def test_words_on_both_sides_of_a_picture_are_all_read() -> None:
    """As a telephone sends them."""
    found = read(
        parts(
            "Content-Type: text/plain\n\nbefore",
            "Content-Type: image/png\nContent-Disposition: inline\n\nxxxx",
            "Content-Type: text/plain\n\nafter",
        )
    )

    assert found.text == "before\nafter"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Type: text/plain; charset=iso-2022-jp"], b"\x1b$B-!F0$+$J$$\x1b(B"),
        (["Content-Type: text/plain; charset=shift_jis"], "①動かない".encode("cp932")),
        (["Content-Type: text/plain"], "①動かない".encode("cp932")),
        ([], "①動かない".encode()),
        (["Content-Type: text/plain; charset=utf-8"], "①動かない".encode("cp932")),
        (
            ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"],
            b64encode("①動かない".encode()),
        ),
        (
            ["Content-Type: text/plain", "Content-Transfer-Encoding: quoted-printable"],
            b"=E2=91=A0=E5=8B=95=E3=81=8B=E3=81=AA=\n=E3=81=84",
        ),
    ],
)
def test_a_japanese_text_is_read_however_it_is_written(headers: list[str], body: bytes) -> None:
    assert mail(*headers, body=body).text == "①動かない"


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Type: text/plain; charset=no-such-charset"],
        ["Content-Type: text/plain; charset*=utf-8''%ff"],
        ["Content-Type: ;;;"],
        ["Content-Type: text/plain", "Content-Transfer-Encoding: no-such"],
        ["Content-Type: text/plain", "Content-Disposition: ;;;=;"],
        ["Content-Type: multipart/mixed"],
        ["Content-Type: multipart/mixed; boundary=missing"],
        ["To: a:;S"],
    ],
)
def test_a_broken_header_costs_no_words(headers: list[str]) -> None:
    assert mail(*headers, body="Help!").text == "Help!"


def test_the_text_is_clean() -> None:
    assert mail(body="one\r\ntwo\x00\x1b[31m‮three\r\n\r\n").text == "one\ntwo[31mthree"


def test_headers_are_given_decoded_by_their_lower_case_names() -> None:
    found = mail("X-Thing: a\n b", f"Message-ID: <1@{encoded('例')}>", "Auto-Submitted: no")

    assert found.headers["x-thing"] == "a b"
    assert found.headers["auto-submitted"] == "no"
    assert found.message_id == "<1@例>"


PIECES = st.sampled_from(
    [
        b"From: ",
        b"Subject: ",
        b"Content-Type: text/html; charset=",
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Disposition: attachment; filename*0*=utf-8''",
        b"=?utf-8?B?",
        b"=?iso-2022-jp?Q?",
        b"?=",
        b"\x1b$B",
        b"\n\n",
        b"\n",
        b"--b--",
        b"<a@b.c>",
        b'"',
        b"\x00",
        b"\xff",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=8), max_size=20).map(b"".join))
def test_no_mail_is_too_broken_to_be_read(raw: bytes) -> None:
    found = read_mail(raw)

    for text in (found.subject, found.from_name, found.text, found.message_id):
        text.encode("utf-8")
    assert "\n" not in found.subject
