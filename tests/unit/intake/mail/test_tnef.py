"""Outlook's winmail.dat: opened with care."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.tnef import SIGNATURE, NotOpened, open_tnef

VERSION, CODE_PAGE, BODY, PROPERTIES = 0x9006, 0x9007, 0x800C, 0x9003
FILE, TITLE, CONTENT, FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
SOME_SECONDS = 20


def thing(name: int, data: bytes, level: int = 2) -> bytes:
    head = struct.pack("<BHHI", level, name, 6, len(data))
    return head + data + struct.pack("<H", sum(data) & 0xFFFF)


def packed(*things: bytes) -> bytes:
    version = thing(VERSION, struct.pack("<I", 0x10000), 1)
    page = thing(CODE_PAGE, struct.pack("<II", 932, 0), 1)
    return SIGNATURE + b"\1\0" + version + page + b"".join(things)


def value(kind: int, name: int, data: bytes) -> bytes:
    return struct.pack("<HHII", kind, name, 1, len(data)) + data + bytes(-len(data) % 4)


def file(title: str, content: bytes) -> bytes:
    return (
        thing(FILE, bytes(14))
        + thing(TITLE, title.encode("cp932") + b"\0")
        + thing(CONTENT, content)
    )


def test_files_and_words_are_taken_out() -> None:
    opened = open_tnef(packed(thing(BODY, "①番\0".encode("cp932"), 1), file("表.txt", b"a\0b\0")))

    assert opened.text == "①番"
    assert [(one.name, one.content) for one in opened.files] == [("表.txt", b"a\0b\0")]
    assert opened.whole


def test_a_page_is_taken_out() -> None:
    page = value(0x0102, 0x1013, b"<p>words</p>")

    opened = open_tnef(packed(thing(PROPERTIES, struct.pack("<I", 1) + page, 1)))

    assert opened.page == "<p>words</p>"


@pytest.mark.parametrize(
    "lie",
    [
        struct.pack("<I", 0xFFFFFFFF) + bytes(20),
        struct.pack("<I", 1) + struct.pack("<HHI", 0x1003, 0x3001, 0xFFFFFFFF) + bytes(8),
        struct.pack("<I", 1) + struct.pack("<HHI", 0x001E, 0x3001, 0xFFFFFFFF) + bytes(8),
        struct.pack("<I", 1) + struct.pack("<HHII", 0x001E, 0x3001, 1, 0xFFFFFFFF) + bytes(8),
        struct.pack("<I", 4_000) + struct.pack("<HHI", 0x1002, 0x3001, 4_000) * 400,
        b"\1",
    ],
)
def test_counts_that_lie_cost_neither_time_nor_the_files(lie: bytes) -> None:
    began_at = time.process_time()

    opened = open_tnef(packed(thing(PROPERTIES, lie, 1), file("a.txt", b"ok")))

    assert [one.content for one in opened.files] == [b"ok"]
    assert not opened.whole
    assert time.process_time() - began_at < SOME_SECONDS


def test_a_mail_within_it_is_told_and_not_opened() -> None:
    within = b"\x07\x03\x02" + bytes(5) + b"\xc0" + bytes(6) + b"\x46" + SIGNATURE
    inner = struct.pack("<I", 1) + value(0x000D, 0x3701, within)

    opened = open_tnef(packed(thing(FILE, bytes(14)), thing(FILE_PROPERTIES, inner)))

    assert not opened.whole


@pytest.mark.parametrize("data", [b"", b"PK\3\4", SIGNATURE, packed(*[file("a", b"")] * 2_000)])
def test_what_is_none_or_too_much_is_not_opened(data: bytes) -> None:
    try:
        opened = open_tnef(data)
    except NotOpened:
        return
    assert opened.files == ()


@given(st.binary(max_size=200), st.integers(0, 120))
def test_no_bytes_are_too_broken(scrap: bytes, at: int) -> None:
    good = packed(file("a.txt", b"ok"), thing(PROPERTIES, struct.pack("<I", 0), 1))

    for data in (SIGNATURE + scrap, good[:at] + scrap + good[at + len(scrap) :]):
        try:
            open_tnef(data)
        except NotOpened:
            continue
