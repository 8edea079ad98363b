"""How a notification is written as a mail, and which refusals of a mail server are final."""

from __future__ import annotations

from base64 import b64decode, encodebytes
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast
from uuid import UUID

import pytest
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPRecipientRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.base import PermanentFailure, TemporaryFailure
from services.notifier.channels.email import _in_base64, in_ascii, write_mail
from services.notifier.channels.smtp import Server, _failure
from services.notifier.letters import Letters
from services.notifier.message import Message
from tests.unit.build import MONDAY

SERVER = Server(host="smtp.example.com", port=25)
ISSUE = "<6f1e1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50@example.com>"


def written(
    thread_id: str | None = ISSUE,
    mute_url: str = "",
    subject: str = "[7K3M-9QWX] あなたの担当になりました",
) -> EmailMessage:
    message = Message(
        subject=subject,
        heading="あなたの担当になりました",
        lines=["どうぞ。"],
        quote=None,
        facts=[],
        buttons=[],
        status_url="https://banso.example/s/1",
        inbox_url="https://banso.example/i/1",
        language="ja",
        reply_above="## ここまで ##",
        reply_lines=["返信できます。"],
        mute_url=mute_url,
    )
    mail = write_mail(
        message,
        Letters(),
        delivery_id="0f1e1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50",
        message_id="<signed@example.com>",
        thread_id=thread_id,
        to_name="蓮",
        to_address="ren@example.com",
        sender="banso@example.com",
        sender_name="Banso 伴走",
        reply_to="issues+signed@example.com",
        returned_to="banso+returned@example.com",
        now=MONDAY,
    )
    assert (mail.sender, mail.recipient) == ("banso+returned@example.com", "ren@example.com")
    parsed = message_from_bytes(mail.content, policy=policy.default)
    assert parsed.defects == []
    return cast("EmailMessage", parsed)


def test_an_answer_to_a_mail_goes_to_the_persons_own_address() -> None:
    mail = written()

    assert mail["Reply-To"].addresses[0].addr_spec == "issues+signed@example.com"
    assert mail["From"].addresses[0].addr_spec == "banso@example.com"


def test_all_mails_of_an_issue_stand_in_one_thread() -> None:
    mail = written()

    assert mail["Message-ID"] == "<signed@example.com>"
    assert mail["In-Reply-To"] == mail["References"] == ISSUE


def test_outlook_shows_mails_of_one_issue_together() -> None:
    index = b64decode(written()["Thread-Index"])

    assert (len(index), index[0]) == (22, 1)
    assert index[6:] == UUID(ISSUE[1:37]).bytes
    assert index == b64decode(written()["Thread-Index"])


def test_what_is_about_several_stands_in_no_thread() -> None:
    mail = written(thread_id=None)

    assert [mail[name] for name in ("In-Reply-To", "References", "Thread-Index")] == [None] * 3


def test_mail_programs_offer_to_end_messages_by_one_click_where_that_is_offered() -> None:
    url = "https://banso.example/m/1"

    assert written()["List-Unsubscribe"] is None
    mail = written(mute_url=url)
    assert mail["List-Unsubscribe"] == f"<{url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert written(mute_url="http://banso.example/m/1")["List-Unsubscribe-Post"] is None


def test_no_machine_answers_our_mail() -> None:
    mail = written()

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_a_mail_says_the_same_as_text_and_as_html() -> None:
    mail = written()

    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        content = part.get_content()
        for words in ("## ここまで ##", "あなたの担当になりました", "返信できます。"):
            assert words in content


@pytest.mark.parametrize(
    "error",
    [
        SMTPRecipientRefused(550, "5.1.1 no such user", "a@example.com"),
        SMTPDataError(554, "5.7.1 refused"),
    ],
)
def test_a_recipient_or_a_mail_that_is_refused_has_failed_for_good(error: Exception) -> None:
    assert isinstance(_failure(error, SERVER), PermanentFailure)


@pytest.mark.parametrize(
    "error",
    [
        SMTPAuthenticationError(535, "5.7.8 wrong password"),
        SMTPSenderRefused(550, "5.7.1 not yours", "banso@example.com"),
        SMTPRecipientRefused(451, "4.3.0 later", "a@example.com"),
        SMTPDataError(451, "4.3.0 later"),
        SMTPServerDisconnected("gone"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
)
def test_what_somebody_can_mend_makes_the_mail_wait(error: Exception) -> None:
    assert isinstance(_failure(error, SERVER), TemporaryFailure)


def test_the_words_of_a_failure_hold_no_address() -> None:
    error = SMTPRecipientRefused(550, "5.1.1", "tanaka@customer.example")

    assert str(_failure(error, SERVER)) == "550 5.1.1"


@pytest.mark.parametrize(
    ("address", "written_as"),
    [
        ("ren@example.com", "ren@example.com"),
        ("ren+a_b@sub.Example.com", "ren+a_b@sub.Example.com"),
        ("taro@日本語.jp", "taro@xn--wgv71a119e.jp"),
    ],
)
def test_an_address_is_written_as_every_mail_server_takes_it(address: str, written_as: str) -> None:
    assert in_ascii(address) == written_as


@pytest.mark.parametrize("address", ["太郎@example.com", "ren@a..example", f"ren@{'a' * 64}.com"])
def test_an_address_that_no_server_can_be_told_fails_for_good_and_is_not_named(
    address: str,
) -> None:
    with pytest.raises(PermanentFailure) as failed:
        in_ascii(address)
    assert address not in str(failed.value)


@pytest.mark.parametrize(
    "subject",
    [
        "Short",
        "あなたの担当になりました" * 8,
        "mixed 日本語 " * 20,
        "𠮷野家の🍚" * 12,
        "é" * 22 + "あ",
    ],
)
def test_a_subject_in_any_letters_arrives_whole(subject: str) -> None:
    mail = written(subject=subject)

    assert mail["Subject"] == subject
    lines = bytes(mail).split(b"\n")
    assert all(len(line) <= 998 for line in lines)


@given(st.binary(max_size=2000))
def test_base64_is_on_lines_as_mail_has_them(content: bytes) -> None:
    assert _in_base64(content) == encodebytes(content).replace(b"\n", b"\r\n")
