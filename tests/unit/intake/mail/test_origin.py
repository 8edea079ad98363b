"""Whose mail it is: a person's, or a machine's that must never start a conversation with ours."""

from __future__ import annotations

import pytest

from services.intake.mail.origin import Origin, origin
from services.intake.mail.parse import read_mail

OURS = frozenset({"issues@example.com", "banso@example.com"})


def whose(*headers: str, envelope_from: str = "emi@example.com", sender: str = "Emi") -> Origin:
    raw = "\n".join((f"From: {sender} <emi@example.com>", *headers, "", "Help!"))
    return origin(read_mail(raw.encode()), envelope_from, OURS)


def test_a_mail_without_any_mark_is_a_persons() -> None:
    assert whose() is Origin.PERSON


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No ; a comment",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: All",
        "Content-Type: multipart/report; report-type=disposition-notification",
        "X-Mailer: a machine",
    ],
)
def test_doubt_means_a_person(header: str) -> None:
    assert whose(header) is Origin.PERSON


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; type=vacation",
        "AUTO-SUBMITTED: Auto-Notified",
        "Precedence: auto_reply",
        "Precedence: junk",
    ],
)
def test_a_machine_that_says_so_is_believed(header: str) -> None:
    assert whose(header) is Origin.AUTO_REPLY


@pytest.mark.parametrize("envelope_from", ["", "<>"])
def test_a_mail_that_nobody_sent_is_a_bounce(envelope_from: str) -> None:
    assert whose(envelope_from=envelope_from) is Origin.BOUNCE


@pytest.mark.parametrize("value", ["delivery-status", '"delivery-status"', "DELIVERY-STATUS"])
def test_a_delivery_report_is_a_bounce_whoever_forwarded_it(value: str) -> None:
    header = f"Content-Type: multipart/report; report-type={value}; boundary=b"

    assert whose(header) is Origin.BOUNCE


@pytest.mark.parametrize(
    "headers",
    [
        ("Precedence: Bulk",),
        ("List-Id: <news.example.com>", "List-Unsubscribe: <https://news.example.com/no-more>"),
    ],
)
def test_a_newsletter_was_not_said_to_us(headers: tuple[str, ...]) -> None:
    assert whose(*headers) is Origin.LIST


@pytest.mark.parametrize("header", ["List-Id: <issues.example.com>", "Precedence: list"])
def test_a_persons_mail_through_a_shared_address_is_a_persons(header: str) -> None:
    assert whose(header) is Origin.PERSON


def test_an_answering_machine_on_a_list_is_an_answering_machine() -> None:
    assert whose("List-Id: <all.example.com>", "Auto-Submitted: auto-replied") is Origin.AUTO_REPLY


@pytest.mark.parametrize("ours", ["issues@example.com", "BANSO@Example.com"])
def test_our_own_mail_is_ours(ours: str) -> None:
    mail = read_mail(f"From: {ours}\n\nHelp!".encode())

    assert origin(mail, "emi@example.com", OURS) is Origin.SELF


def test_what_bears_our_mark_is_ours_even_when_it_bounces() -> None:
    assert whose("X-Banso: issue", envelope_from="") is Origin.SELF


def test_a_mail_without_an_address_is_nobodys() -> None:
    mail = read_mail(b"From: undisclosed\n\nHelp!")

    assert origin(mail, "emi@example.com", OURS) is Origin.NOBODY
