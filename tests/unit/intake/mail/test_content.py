"""Transfer encodings, flowed text, files within a text, and names of files."""

from __future__ import annotations

import binascii
import time
from base64 import b64encode, encodebytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.attachment import LONGEST_NAME, attachment, default_name, safe_name
from services.intake.mail.content import decoded, unflowed, without_files

SOME_SECONDS = 20


@given(st.binary(max_size=200))
def test_what_was_encoded_rightly_is_decoded_rightly(content: bytes) -> None:
    uuencoded = b"".join(
        binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45)
    )

    assert decoded(encodebytes(content), "base64") == content
    assert decoded(encodebytes(content).replace(b"\n", b"\r\n"), "base64") == content
    assert decoded(binascii.b2a_qp(content, istext=False), "quoted-printable") == content
    assert decoded(content, "8bit") == content
    if content:
        assert decoded(b"begin 644 a\n" + uuencoded + b"`\nend\n", "x-uuencode") == content


@pytest.mark.parametrize(
    ("written", "content"),
    [
        (b64encode(b"one.") + b64encode(b"two"), b"one.two"),
        (b64encode(b"one.").rstrip(b"="), b"one."),
        (b"\r\n\r\n" + b64encode(b"one."), b"one."),
        (b"-_-_", b"\xfb\xff\xbf"),
        (b"", b""),
        (b"   \n", b""),
        (b"these are words\n", b"these are words\n"),
        (b64encode(b"one.") + b"\n-- \nfooter", b"one.\n-- \nfooter"),
    ],
)
def test_broken_base64_loses_as_little_as_can_be(written: bytes, content: bytes) -> None:
    assert decoded(written, "base64") == content


@pytest.mark.parametrize("piece", [b"=", b"= ", b"A=", b"A", b"AAAA\n", b" ", b"=3D=\n", b"=\t"])
def test_megabytes_of_anything_are_decoded_in_seconds(piece: bytes) -> None:
    data = b"AAAA" + piece * (3_000_000 // len(piece))
    began_at = time.process_time()

    decoded(data, "base64")
    decoded(data, "quoted-printable")
    decoded(data, "uuencode")

    assert time.process_time() - began_at < SOME_SECONDS


def test_lines_flow_within_one_depth_of_quotation_only() -> None:
    flowed = "a \n> b \n>> c \n>> d\n> e\nf \ng\n-- \nname \nplace"

    assert unflowed(flowed, delete_space=False) == "a \n> b \n>> c d\n> e\nf g\n-- \nname place"


@given(st.text(st.sampled_from("a >-\n"), max_size=60))
def test_flowed_text_loses_no_letter(text: str) -> None:
    assert unflowed(text, delete_space=False).count("a") == text.count("a")


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 a\nnot uuencoded, in small letters\nend",
        "begin 644 a\n#0V%T\n",
        "we begin 644 things\nend",
        "begin 644 a\nend",
    ],
)
def test_words_that_look_like_a_uuencoded_file_stay(text: str) -> None:
    assert without_files(text) == (text, ())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a.pdf", "a.pdf"),
        ("C:\\x\\a.pdf", "a.pdf"),
        ("/etc/a.pdf/", "a.pdf"),
        ("..", ""),
        ("...", ""),
        ("", ""),
        ("a\r\nb.pdf", "a b.pdf"),
        ("a\x00\u202eb.pdf", "ab.pdf"),
        ("表 ①.pdf. ", "表 ①.pdf"),
        ("n" * 300, "n" * LONGEST_NAME),
        (".gitignore", ".gitignore"),
    ],
)
def test_a_name_is_safe_and_as_it_was_otherwise(written: str, name: str) -> None:
    assert safe_name(written) == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/pdf", "attachment-3.pdf"),
        ("image/jpeg", "attachment-3.jpg"),
        ("message/rfc822", "attachment-3.eml"),
        ("text/x-whatever", "attachment-3.txt"),
        ("x/y", "attachment-3.bin"),
    ],
)
def test_a_file_without_a_name_gets_one(kind: str, name: str) -> None:
    assert default_name(kind, 3) == name


@given(st.text(max_size=300))
def test_any_name_can_be_kept(written: str) -> None:
    found = attachment(written, "text/plain", b"x", 1, inline=False, content_id=None)

    assert 0 < len(found.filename) <= LONGEST_NAME
    assert "/" not in found.filename
    assert found.filename not in (".", "..")
    assert found.size == 1
