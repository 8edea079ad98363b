"""The same mail is recognised however it comes, and two mails are never taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.identity import identity_of

MAIL = (
    b"Message-ID: <1@example.com>\r\n"
    b"From: sato@example.com\r\n"
    b"Date: Mon, 3 Feb 2031 10:00:00 +0900\r\n"
    b"Subject: The meter\r\n does not start\r\n"
    b"\r\n"
    b"Please look.\r\n"
)


@pytest.mark.parametrize(
    "again",
    [
        b"Received: from a by b; Mon, 3 Feb 2031 10:00:05 +0900\r\n" + MAIL,
        b"Return-Path: <sato@example.com>\r\nDelivered-To: issues@example.com\r\n" + MAIL,
        MAIL.replace(b"\r\n", b"\n"),
        MAIL.replace(b"meter\r\n does", b"meter does"),
        MAIL + b"\r\n",
        b"Date: Mon, 3 Feb 2031 10:00:00 +0900\r\n"
        + MAIL.replace(b"Date: Mon, 3 Feb 2031 10:00:00 +0900\r\n", b""),
    ],
)
def test_the_same_mail_with_other_stamps_is_the_same(again: bytes) -> None:
    assert identity_of(again) == identity_of(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace(b"Please look", b"Please hurry"),
        MAIL.replace(b"does not", b"does"),
        MAIL.replace(b"sato@", b"brown@"),
        MAIL.replace(b"<1@", b"<2@"),
        MAIL.replace(b"10:00:00", b"10:00:01"),
    ],
)
def test_whatever_the_sender_changes_makes_another_mail(other: bytes) -> None:
    assert identity_of(other) != identity_of(MAIL)


@pytest.mark.parametrize("without", [b"", b"Message-ID:\r\n"])
def test_without_a_message_id_every_byte_counts(without: bytes) -> None:
    mail = MAIL.replace(b"Message-ID: <1@example.com>\r\n", without)

    assert identity_of(mail) == identity_of(mail)
    assert identity_of(b"Received: by x\r\n" + mail) != identity_of(mail)


@given(st.binary(max_size=400))
def test_any_bytes_have_an_identity(raw: bytes) -> None:
    assert len(identity_of(raw)) == 64
