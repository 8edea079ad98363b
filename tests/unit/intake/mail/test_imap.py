"""What servers say, and when a mail that made trouble is tried again."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from services.intake.mail.imap import CUTS, DOUBLED, Aside, envelope_of, growing
from services.intake.mail.mailbox import body_in, name_of, namespace_of, sizes_in


def test_delays_double_up_to_the_longest() -> None:
    assert list(islice(growing(0.5, 3), 5)) == [0.5, 1, 2, 3, 3]


@pytest.mark.parametrize(
    ("said", "sender", "recipients"),
    [
        (b"Return-Path: <sato@example.com>\r\n", "sato@example.com", []),
        (b"Return-Path: <>\r\n", "", []),
        (b"Subject: x\r\n", None, []),
        (
            (
                b"Delivered-To: issues@example.com\r\nX-Original-To: <Issues+r@Example.com>\r\n"
                b"Envelope-To: issues@example.com\r\nDelivered-To: nobody\r\n"
            ),
            None,
            ["issues@example.com", "Issues+r@Example.com"],
        ),
        (b"Delivered-To: \xff\xfe@example.com\r\n", None, ["\ufffd\ufffd@example.com"]),
        (b"", None, []),
        (b"\r\nDelivered-To: in-the-body@example.com\r\n", None, []),
        (b"\x00\xff: \r\n \r\nDelivered-To", None, []),
    ],
)
def test_sender_and_recipients_are_what_the_server_wrote_down(
    said: bytes, sender: str | None, recipients: list[str]
) -> None:
    assert envelope_of(said + b"\r\nText\r\n") == (sender, recipients)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([b'(("" "/")) NIL NIL'], ("", "/")),
        ([b'(("INBOX." ".")) (("#user." ".")) NIL'], ("INBOX.", ".")),
        ([b'(("" "\\\\")) NIL NIL'], ("", "\\")),
        ([b'(("" NIL)) NIL NIL'], ("", "/")),
        ([b"NIL NIL NIL"], ("", "/")),
        ([None], ("", "/")),
        ([(b"(({6}", b"INBOX.")], ("", "/")),
    ],
)
def test_the_prefix_of_our_own_folders_is_understood(
    said: list[Any], found: tuple[str, str]
) -> None:
    assert namespace_of(said) == found


@pytest.mark.parametrize(
    ("folder", "prefix", "delimiter", "name"),
    [
        ("Processed", "", "/", "Processed"),
        ("Processed", "INBOX.", ".", "INBOX.Processed"),
        ("INBOX.Processed", "INBOX.", ".", "INBOX.Processed"),
        ("Banso/Done", "", ".", "Banso.Done"),
        ("Inbox", "INBOX.", ".", "Inbox"),
        ("処理済み/済", "INBOX/", "/", "INBOX/処理済み/済"),
    ],
)
def test_a_folder_has_the_name_that_the_server_gives_it(
    folder: str, prefix: str, delimiter: str, name: str
) -> None:
    assert name_of(folder, prefix, delimiter) == name


def test_sizes_are_read_by_uid_in_whichever_order_they_stand() -> None:
    said = [b"1 (UID 7 RFC822.SIZE 10)", b"2 (RFC822.SIZE 20 UID 9)", b"3 (FLAGS (\\Seen))", None]

    assert sizes_in(said) == {7: 10, 9: 20}


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ([(b"1 (UID 7 BODY[] {5}", b"abcde"), b")"], b"abcde"),
        ([b"3 (FLAGS (\\Seen))", (b"1 (BODY[] {1}", b"a"), b" UID 7)"], b"a"),
        ([b'1 (UID 7 BODY[] "a \\"b\\" c")'], b'a "b" c'),
        ([b'1 (UID 7 BODY[] "")'], b""),
        ([b"1 (UID 7 BODY[] NIL)"], b""),
        ([None], None),
        ([b"1 (UID 7 FLAGS ())"], None),
    ],
)
def test_a_mail_is_read_from_whatever_form_the_server_chooses(
    said: list[Any], body: bytes | None
) -> None:
    assert body_in(said) == body


def test_a_mail_that_failed_waits_while_others_go_on() -> None:
    aside = Aside(30)

    assert aside.failed(7, now_s=100) == 1
    assert not aside.is_due(7, now_s=129)
    assert aside.is_due(8, now_s=129)
    assert aside.next_due_in_s(now_s=110) == 20
    assert aside.is_due(7, now_s=130)
    assert aside.failed(7, now_s=130) == 2


def test_a_cut_line_is_a_mails_own_fault_only_when_it_happens_again() -> None:
    aside = Aside(30)

    for _ in range(CUTS - 1):
        aside.cut(7, now_s=100)
    assert aside.is_due(7, now_s=100)
    assert aside.cut(7, now_s=100) == 30
    assert not aside.is_due(7, now_s=129)
    assert aside.cut(7, now_s=130) == 60
    assert max(aside.cut(7, now_s=200) for _ in range(20)) == 30 * 2**DOUBLED


def test_what_is_done_or_gone_is_forgotten() -> None:
    aside = Aside(30)
    aside.failed(7, now_s=100)
    aside.failed(8, now_s=100)

    aside.done(7)
    aside.keep([7, 9])

    assert aside.next_due_in_s(now_s=100) is None
    assert aside.failed(8, now_s=200) == 1
