"""Headers, in time that grows with their length only."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail import headers
from services.intake.mail.headers import LONGEST_FIELD, MOST_HEADERS, Mailbox

LONG = 1_000_000
SOME_SECONDS = 20
"""Whatever takes time by the square takes minutes."""


def block(raw: bytes) -> headers.Block:
    return headers.block(raw, 0, len(raw), whole_mail=True)


@pytest.mark.parametrize(
    "piece",
    [
        *(b"=?a?b?", b"=?utf-8?B?44GC?= ", b"=?", b"?=", b"=?utf-8?Q?=E3?=\t", b"\x1b$B", b"\xe3"),
        *(
            b'"',
            b'"(',
            b"(",
            b"<",
            b"<a@b.c>",
            b"a@b.c,",
            b";",
            b"a=",
            b"a*0=;",
            b"\\",
            b": ",
            b"=3D",
        ),
    ],
)
def test_a_megabyte_of_anything_is_read_in_seconds(piece: bytes) -> None:
    value = (piece * (LONG // len(piece)))[:LONG]
    began_at = time.process_time()

    text = headers.said(value)
    headers.mailboxes(value)
    headers.parameterised(value)
    headers.ids(text)
    headers.message_id(text)
    headers.instant(text)

    assert time.process_time() - began_at < SOME_SECONDS


def test_headers_without_number_and_without_end_are_read_as_far_as_is_reasonable() -> None:
    many = block(b"X-A: 1\n" * (MOST_HEADERS + 10) + b"\nbody")
    long = block(b"Subject: " + b"a" * (LONGEST_FIELD + 10) + b"\nTo: b@c.de\n\nbody")

    assert len(many.fields) == MOST_HEADERS
    assert many.notes == ("there are more headers than are read",)
    assert len(long.first("subject")) < LONGEST_FIELD + 10
    assert long.first("to") == b"b@c.de"


def test_the_body_begins_behind_headers_that_are_not_read() -> None:
    raw = b"X-A: 1\n" * (MOST_HEADERS + 10) + b"\nbody"

    assert raw[block(raw).body_at :] == b"body"


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("<<emi@example.com>>", "", "emi@example.com"),
        ("emi @ example.com", "", "emi@example.com"),
        ("<@relay.example.org:emi@example.com>", "", "emi@example.com"),
        ("Emi \\(Tokyo\\) <emi@example.com>", "Emi (Tokyo)", "emi@example.com"),
        ('"Emi \\"E\\" Ito" <emi@example.com>', 'Emi "E" Ito', "emi@example.com"),
        ("Emi (of (the) branch) <emi@example.com> (Tokyo)", "Emi", "emi@example.com"),
        ("Emi", "Emi", None),
    ],
)
def test_a_mailbox_is_read_however_it_is_written(
    written: str, name: str, address: str | None
) -> None:
    assert headers.sender(written.encode()) == Mailbox(name, address)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('attachment; filename="a;b.txt"', "a;b.txt"),
        ("attachment; filename=a b.txt", "a b.txt"),
        ('attachment; filename="a.txt', "a.txt"),
        ("attachment; filename*0=a; filename*1=b.txt", "ab.txt"),
        ("attachment; filename*0*=utf-8''%E8%A1%A8; filename*1=.txt", "表.txt"),
        ("attachment; filename*=%E8%A1%A8.txt", "表.txt"),
        ("attachment; filename*=\"utf-8''%E8%A1%A8.txt\"", "表.txt"),
        ("attachment; filename*=utf-8''%zz%E8%A1%A8", "%zz表"),
        ("attachment; FileName = x.txt ; filename=y.txt", "x.txt"),
        ('attachment; filename="100%.txt"', "100%.txt"),
    ],
)
def test_a_file_name_is_read_however_it_is_written(written: str, name: str) -> None:
    found = headers.parameterised(written.encode())

    assert found.value == "attachment"
    assert found.parameters["filename"] == name


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("<a@b> <c@d> <a@b>", ("<a@b>", "<c@d>")),
        ("<a@b\n c>", ("<a@bc>",)),
        ("a@b, c@d", ("a@b", "c@d")),
        ("nothing", ()),
    ],
)
def test_ids_are_found_each_once(written: str, found: tuple[str, ...]) -> None:
    assert headers.ids(written) == found


def test_an_instant_without_a_zone_is_in_utc_and_a_broken_one_is_none() -> None:
    assert headers.instant("Tue, 25 Nov 2025 09:10:11") == datetime(
        2025, 11, 25, 9, 10, 11, tzinfo=UTC
    )
    found = headers.instant("25 Nov 2025 09:10:11 +0900")
    assert found is not None
    assert found.utcoffset() == timedelta(hours=9)
    assert headers.instant("Tue, 99 Xxx") is None
    assert headers.instant("Fri, 31 Dec 9999 23:59:59 -1200") is None


@given(st.binary(max_size=120))
def test_no_header_is_ever_too_broken(value: bytes) -> None:
    for text in (headers.said(value), headers.sender(value).name):
        text.encode("utf-8", "surrogatepass")
    headers.parameterised(value)
