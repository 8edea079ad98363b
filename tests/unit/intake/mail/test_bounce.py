"""A mail that came back: whose address failed, how badly, and which of our mails it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.bounce import Bounce, Outcome, bounce, has_arrived, returned
from services.intake.mail.parse import ReadMail, read_mail

MAILS = Path(__file__).parents[3] / "mails" / "bounce"
OURS = "<1f0c9d5e-3a61-5f0e-8f8b-7d1f3f0e9a11@example.com>"
PERMANENT, TEMPORARY, DELAYED = Outcome.PERMANENT, Outcome.TEMPORARY, Outcome.DELAYED


def stored(name: str) -> Bounce | None:
    return bounce(read_mail((MAILS / f"{name}.eml").read_bytes()))


def told(
    text: str, *, subject: str = "Mail delivery failed", sender: str = "MAILER-DAEMON@example.org"
) -> Bounce | None:
    head = f"From: {sender}\nTo: banso@example.com\nSubject: {subject}\n"
    return bounce(read_mail(f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}".encode()))


def reported(*groups: str, enclosed: str = "") -> Bounce | None:
    return bounce(report(*groups, enclosed=enclosed))


def report(*groups: str, enclosed: str = "") -> ReadMail:
    fields = "\n\n".join(("Reporting-MTA: dns; mx.example.org", *groups))
    raw = (
        "From: MAILER-DAEMON@example.org\nSubject: Undelivered\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\nContent-Type: message/delivery-status\n\n{fields}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{enclosed}\n\n--b--\n"
    )
    return read_mail(raw.encode())


@pytest.mark.parametrize(
    ("name", "addresses", "status", "outcome", "is_named"),
    [
        (
            "postfix-user-unknown",
            ("ken.sato@example.net", "sato@example.net"),
            "5.1.1",
            PERMANENT,
            True,
        ),
        ("postfix-headers-only", ("sato@example.net",), "5.2.2", PERMANENT, True),
        ("postfix-delayed", ("sato@example.net",), "4.4.1", DELAYED, True),
        ("postfix-expired", ("sato@example.net",), "4.4.1", TEMPORARY, True),
        ("postfix-without-report", ("sato@example.net",), "5.1.2", PERMANENT, False),
        ("two-recipients", ("sato@example.net",), "5.7.1", PERMANENT, True),
        ("exchange-ja", ("sato@example.net",), "5.1.10", PERMANENT, True),
        ("exchange-old", ("sato@example.net",), "5.1.1", PERMANENT, False),
        ("gmail-report", ("sato@gmail.example",), "5.1.1", PERMANENT, True),
        ("gmail-without-report", ("sato@gmail.example",), "5.1.1", PERMANENT, True),
        ("gmail-ja", ("sato@gmail.example",), "5.1.1", PERMANENT, False),
        ("qmail", ("sato@example.net",), "5.1.1", PERMANENT, True),
        ("yahoo-jp", ("sato_ken@yahoo.example",), "5.3.0", PERMANENT, True),
        ("exim", ("sato@example.net",), "5.1.1", PERMANENT, True),
        ("exim-delayed", ("sato@example.net",), "4.4.7", DELAYED, False),
        ("sendmail-transcript", ("sato@example.net",), "5.1.1", PERMANENT, True),
        ("lotus-notes", ("sato@example.net",), "5.1.1", PERMANENT, False),
        ("docomo", ("sato-ken.0123@docomo.example",), "5.1.1", PERMANENT, False),
        ("au", ("sato.ken@ezweb.example",), "5.1.1", PERMANENT, False),
        ("softbank-full", ("sato@softbank.example",), "5.2.2", PERMANENT, False),
        ("host-unknown-ja", ("sato@exampel.net",), "5.1.2", PERMANENT, False),
    ],
)
def test_a_bounce_says_who_failed_how_and_which_mail_it_was(
    name: str, addresses: tuple[str, ...], status: str, outcome: Outcome, is_named: bool
) -> None:
    found = stored(name)

    assert found is not None
    assert [one.addresses for one in found.recipients] == [addresses]
    assert (found.status, found.outcome) == (status, outcome)
    assert found.is_failure is (outcome is not DELAYED)
    assert found.message_id == (OURS if is_named else None)
    assert found.diagnostic
    assert "@" not in found.diagnostic


@pytest.mark.parametrize(
    "name", ["delivered", "null-sender", "person-asks-postmaster", "person-answers-a-bounce"]
)
def test_what_tells_of_no_failure_is_none(name: str) -> None:
    assert stored(name) is None


def test_a_report_that_says_delivered_tells_that_our_mail_has_arrived() -> None:
    mail = read_mail((MAILS / "delivered.eml").read_bytes())

    assert has_arrived(mail)
    assert returned(mail) == OURS


@pytest.mark.parametrize("action", ["relayed", "expanded", "delayed", "failed", ""])
def test_what_was_handed_on_or_failed_has_not_arrived(action: str) -> None:
    group = "Final-Recipient: rfc822; a@example.net\nAction: "

    assert not has_arrived(report(f"{group}{action}"))
    assert not has_arrived(report(f"{group}delivered", f"{group}{action}"))
    assert has_arrived(report(f"{group}Delivered (to mailbox)"))
    assert not has_arrived(report())


def test_the_worst_of_several_recipients_counts() -> None:
    found = reported(
        "Final-Recipient: rfc822; a@example.net\nAction: delayed\nStatus: 4.4.1",
        "Final-Recipient: rfc822; b@example.net\nAction: failed\nStatus: 4.4.7",
        "Final-Recipient: rfc822; c@example.net\nAction: failed\nStatus: 5.1.1",
    )

    assert found is not None
    assert [one.outcome for one in found.recipients] == [DELAYED, TEMPORARY, PERMANENT]
    assert (found.status, found.outcome) == ("5.1.1", PERMANENT)


def test_a_report_that_leaves_fields_out_is_still_read() -> None:
    found = reported("Final-Recipient: <a@example.net>", "Action: delayed")

    assert found is not None
    assert [one.final for one in found.recipients] == ["a@example.net", None]
    assert [one.status for one in found.recipients] == ["5.0.0", "4.0.0"]
    assert found.recipients[1].addresses == ()


def test_a_status_that_only_the_diagnostic_names_counts() -> None:
    found = reported("Final-Recipient: rfc822;a@example.net\nDiagnostic-Code: smtp;452 4.2.2 full")

    assert found is not None
    assert (found.status, found.outcome) == ("4.2.2", TEMPORARY)


def test_the_returned_headers_name_the_mail() -> None:
    group = "Final-Recipient: rfc822;a@example.net\nAction: failed"

    found = reported(group, enclosed="Message-ID: <ours@example.com>")

    assert found is not None
    assert found.message_id == "<ours@example.com>"


def test_a_read_receipt_is_no_bounce() -> None:
    raw = (
        b"From: emi@example.org\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        b"--b\nContent-Type: message/disposition-notification\n\n"
        b"Final-Recipient: rfc822;emi@example.org\nDisposition: manual-action; displayed\n\n--b--\n"
    )

    assert bounce(read_mail(raw)) is None


def test_without_a_message_id_in_the_text_the_references_name_the_mail() -> None:
    raw = (
        b"From: MAILER-DAEMON@example.org\nSubject: failure notice\n"
        b"References: <first@example.com> <ours@example.com>\n\n<a@example.net>:\nUser unknown\n"
    )

    found = bounce(read_mail(raw))

    assert found is not None
    assert found.message_id == "<ours@example.com>"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<a@example.net>: 550 mailbox is full", "5.2.2"),
        ("<a@example.net>: 450 mailbox is full", "4.2.2"),
        ("<a@example.net>: blocked by our policy", "5.7.1"),
        ("<a@example.net>: gave up after five days", "4.4.7"),
        ("<a@example.net>: no", "5.0.0"),
        ("a@example.net 宛のメールは、ドメインが見つからないため届きません。", "5.1.2"),
    ],
)
def test_words_stand_for_a_status_where_no_figure_does(text: str, status: str) -> None:
    found = told(text)

    assert found is not None
    assert found.status == status
    assert [one.final for one in found.recipients] == ["a@example.net"]


def test_a_mailer_that_names_nobody_is_still_heard() -> None:
    found = told("The mail could not be delivered.")

    assert found is not None
    assert found.recipients[0].addresses == ()


def test_our_own_address_is_no_failed_one() -> None:
    found = told("Dear banso@example.com, we could not reach a@example.net at all.")

    assert found is not None
    assert [one.final for one in found.recipients] == ["a@example.net"]


def test_a_warning_that_has_given_up_has_failed() -> None:
    found = told("<a@example.net>: delayed for days; delivery failed", subject="Delayed mail")

    assert found is not None
    assert found.is_failure


@pytest.mark.parametrize(
    ("subject", "sender", "text"),
    [
        ("Lunch?", "MAILER-DAEMON@example.org", "Shall we?"),
        ("Undeliverable", "emi@example.org", "<a@example.net>: User unknown"),
        ("Hello", "postmaster@example.org", "<a@example.net>: User unknown"),
        ("Re: failure notice", "postmaster@example.org", "It was full."),
    ],
)
def test_a_person_is_no_mailer(subject: str, sender: str, text: str) -> None:
    assert told(text, subject=subject, sender=sender) is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            (
                "<a@example.net>:",
                "550 5.1.1 User unknown <a@example.net>",
                "--- Below this line is a copy of the message.",
                "Message-ID: <1@example.com>",
                "Message-ID: <",
                "delayed",
                "@",
            )
        )
        | st.text(max_size=20),
        max_size=8,
    ).map("\n".join)
)
def test_any_words_of_a_mailer_are_read_and_its_diagnostic_names_nobody(text: str) -> None:
    found = told(text)

    assert found is not None
    assert "a@example.net" not in found.diagnostic
