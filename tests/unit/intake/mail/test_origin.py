"""Whose mail it is: a person's, or a machine's that must never start a conversation with ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.origin import Origin, Whose, origin
from services.intake.mail.parse import Attachment, ReadMail, read_mail

OURS = frozenset({"issues@example.com", "banso@example.com"})
GROUP = (
    "List-Id: <team.lists.example.org>",
    "List-Post: <mailto:team@lists.example.org>",
    "List-Unsubscribe: <https://lists.example.org/team>",
    "Precedence: list",
)


def read(*headers: str, sender: str = "Emi <emi@example.org>", text: str = "Help!") -> ReadMail:
    return read_mail("\n".join((f"From: {sender}", *headers, "", text)).encode())


def whose(
    *headers: str,
    envelope_from: str | None = "emi@example.org",
    sender: str = "Emi <emi@example.org>",
    text: str = "Help!",
) -> Whose:
    return origin(read(*headers, sender=sender, text=text), envelope_from, OURS)


def kind(
    *headers: str, envelope_from: str | None = "emi@example.org", text: str = "Help!"
) -> Origin:
    return whose(*headers, envelope_from=envelope_from, text=text).kind


def test_a_mail_without_any_mark_is_a_persons() -> None:
    found = whose()

    assert found.kind is Origin.PERSON
    assert found.is_wanted
    assert found.may_be_answered
    assert found.why == ("Nothing says that a machine wrote it.",)


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No ; a comment",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: no",
        "X-Mailer: a machine",
        "X-Spam-Flag: NO",
        "X-Spam-Status: No, score=-1",
        "X-MS-Exchange-Organization-SCL: 1",
        "X-Forefront-Antispam-Report: SFV:NSPM",
        "List-Id: <issues.example.com>",
        "Feedback-ID: 1:shop",
        "Subject: Re: Automatic reply: my question",
        "Subject: Re: 自動返信: 質問",
        "Subject: 不在通知が届かない",
        "Subject: 不在通知",
        "Subject: 【自動返信】が届きません",
        "Subject: Automatic reply function is broken",
        "Subject: Out of office equipment",
        "Subject: 休暇中に届いた荷物",
        "Subject: Undelivered parcel",
        "Subject: [SPAM filter] broken",
    ],
)
def test_doubt_means_a_person(header: str) -> None:
    assert kind(header) is Origin.PERSON


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied (vacation)",
        "Auto-Submitted: auto-generated; type=vacation",
        "AUTO-SUBMITTED: Auto-Notified",
        "Precedence: auto_reply",
        "Precedence: junk",
        "X-Autoreply: yes",
        "X-Autorespond: my question",
        "X-AutoReply-From: emi@example.org",
        "X-Vacation: yes",
        "X-FC-MachineGenerated: true",
        "X-POST-MessageClass: 9; Autoresponder",
        "X-FreeScout-Mail-Type: auto.reply",
        "Subject: Automatic reply: my question",
        "Subject: Automatic reply",
        "Subject: Out of Office: my question",
        "Subject: Out of Office Re: my question",
        "Subject: AUTO: Emi is out of the office",
        "Subject: Auto-Reply: my question",
        "Subject: 自動返信: 質問",
        "Subject: 自動応答：質問",
        "Subject: 【自動返信】お問い合わせありがとうございます",
        "Subject: お問い合わせありがとうございます（自動返信）",
        "Subject: 不在通知: 質問",
        "Subject: 不在のお知らせ",
        "Subject: 休暇中 Re: 質問",
        "Subject: Abwesenheitsnotiz: Frage",
        "Subject: Réponse automatique : question",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b",
        "Content-Type: text/calendar; method=REPLY",
    ],
)
def test_a_machine_that_says_so_is_believed(header: str) -> None:
    found = whose(header)

    assert found.kind is Origin.AUTO_REPLY
    assert not found.is_wanted
    assert not found.may_be_answered
    assert len(found.why) == 1


def test_a_vacation_notice_is_no_bounce_though_nobody_is_its_envelope_sender() -> None:
    headers = ("Auto-Submitted: auto-replied", "Subject: Auto: Delivery problem")

    assert kind(*headers, envelope_from="<>") is Origin.AUTO_REPLY
    assert kind("Return-Path: <>", *headers, envelope_from=None) is Origin.AUTO_REPLY


def test_what_answers_and_is_bulk_is_a_machines_answer() -> None:
    assert kind("Precedence: bulk", "In-Reply-To: <1@example.com>") is Origin.AUTO_REPLY


def test_an_answer_to_an_invitation_is_the_calendars() -> None:
    invitation = Attachment("a.ics", "text/calendar", b"METHOD:REPLY\r\n", "0", False, None)
    request = replace(invitation, content=b"METHOD:REQUEST\r\n")

    assert origin(replace(read(), attachments=(invitation,)), None).kind is Origin.AUTO_REPLY
    assert origin(replace(read(), attachments=(request,)), None).kind is Origin.PERSON


def test_a_challenge_is_a_machines() -> None:
    sender = "Challenge <verify@spamarrest.com>"

    assert whose("Subject: Please verify", sender=sender).kind is Origin.AUTO_REPLY
    assert kind("Subject: Please verify the meter") is Origin.PERSON


def test_an_address_that_nobody_reads_is_a_machine_if_it_says_so_and_names_no_one_else() -> None:
    sender, says_so = "Shop <no-reply@example.org>", "このメールは自動送信です。"

    assert whose(sender=sender, text=says_so).kind is Origin.AUTO_REPLY
    assert whose("Reply-To: emi@example.org", sender=sender, text=says_so).kind is Origin.PERSON
    assert whose(sender=sender, text="The meter is dead.").kind is Origin.PERSON
    assert kind(text=says_so) is Origin.PERSON


@pytest.mark.parametrize("envelope_from", ["", "<>"])
def test_a_mail_that_nobody_sent_is_a_bounce(envelope_from: str) -> None:
    assert kind(envelope_from=envelope_from) is Origin.BOUNCE


def test_without_an_envelope_the_return_path_counts() -> None:
    assert kind("Return-Path: <>", envelope_from=None) is Origin.BOUNCE
    assert kind("Return-Path: <emi@example.org>", envelope_from=None) is Origin.PERSON
    assert kind(envelope_from=None) is Origin.PERSON


@pytest.mark.parametrize("value", ["delivery-status", '"delivery-status"', "DELIVERY-STATUS"])
def test_a_delivery_report_is_a_bounce_whoever_forwarded_it(value: str) -> None:
    header = f"Content-Type: multipart/report; report-type={value}; boundary=b"

    assert kind(header, "Auto-Submitted: auto-replied") is Origin.BOUNCE


def test_a_mail_servers_own_words_are_a_bounce_though_it_says_that_it_is_automatic() -> None:
    found = whose(
        "Subject: Mail delivery failed: returning message to sender",
        "Auto-Submitted: auto-replied",
        sender="Mail System <MAILER-DAEMON@example.org>",
    )

    assert found.kind is Origin.BOUNCE


@pytest.mark.parametrize(
    "header",
    [
        "X-Spam-Flag: YES",
        "X-Spam-Status: Yes, score=9",
        "X-Spam: Yes",
        "X-MS-Exchange-Organization-SCL: 5",
        "X-Forefront-Antispam-Report: CIP:192.0.2.1;SFV:SPM;SCL:5",
        "Subject: [SPAM] Win!",
        "Subject: ***SPAM*** Win!",
        "Subject: [迷惑メール] 当選",
    ],
)
def test_what_the_receiving_server_calls_spam_is_spam(header: str) -> None:
    assert kind(header) is Origin.SPAM
    assert kind(header, envelope_from="") is Origin.SPAM


@pytest.mark.parametrize(
    "headers",
    [
        ("Precedence: Bulk",),
        ("List-Id: <news.example.com>", "List-Unsubscribe: <https://news.example.com/no-more>"),
        ("List-Unsubscribe: <https://news.example.com/no-more>",),
        (*GROUP, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
        (*GROUP, "Feedback-ID: 1:news"),
        (*GROUP, "X-Campaign: november"),
        ("List-Id: <news.example.com>", "List-Post: NO"),
    ],
)
def test_a_newsletter_was_not_said_to_us(headers: tuple[str, ...]) -> None:
    found = whose("To: issues@example.com", *headers)

    assert found.kind is Origin.LIST
    assert not found.is_wanted


def test_an_answer_with_a_mailers_unsubscribe_link_is_still_an_answer() -> None:
    headers = ("List-Unsubscribe: <https://crm.example.org/u>", "In-Reply-To: <1@example.com>")

    assert kind(*headers) is Origin.PERSON


@pytest.mark.parametrize("header", ["To: issues@example.com", "Cc: Issues@Example.com"])
def test_a_persons_mail_to_us_that_a_list_passed_on_is_a_persons(header: str) -> None:
    found = whose(header, *GROUP)

    assert found.kind is Origin.PERSON
    assert found.is_wanted
    assert found.may_be_answered


@pytest.mark.parametrize(
    "headers",
    [
        ("List-Id: <support.example.com>", "Precedence: list"),
        ("List-Id: <x>", "List-Post: <mailto:support@example.com>"),
        ("List-Id: Support <support.groups.example.com>", "X-Google-Group-Id: 12"),
    ],
)
def test_a_persons_mail_to_a_list_at_our_domain_is_a_persons(headers: tuple[str, ...]) -> None:
    found = whose("To: support@example.com", *headers)

    assert found.kind is Origin.PERSON
    assert found.is_wanted


def test_a_persons_mail_to_any_other_list_is_the_lists_but_not_lost() -> None:
    found = whose("To: team@lists.example.org", *GROUP)

    assert found.kind is Origin.LIST
    assert found.is_wanted
    assert not found.may_be_answered


@pytest.mark.parametrize(
    "headers",
    [
        ("X-ML-Name: team", "X-MLServer: fml [fml 4.0.3]", "Precedence: bulk"),
        ("Mailing-List: contact team-help@example.org; run by ezmlm", "Precedence: bulk"),
        ("List-Id: <team.example.org>", "X-BeenThere: team@example.org", "Precedence: bulk"),
    ],
)
def test_old_list_programs_say_bulk_of_what_people_write(headers: tuple[str, ...]) -> None:
    found = whose("To: team@example.org", *headers)

    assert found.kind is Origin.LIST
    assert found.is_wanted


def test_an_answering_machine_on_a_list_is_an_answering_machine() -> None:
    assert kind(*GROUP, "Auto-Submitted: auto-replied") is Origin.AUTO_REPLY


@pytest.mark.parametrize(
    "headers",
    [
        ("X-Zendesk-From-Account-Id: 1", "Auto-Submitted: auto-generated"),
        ("X-Jira-FingerPrint: 1", "Auto-Submitted: auto-generated"),
        ("X-Mailer: OTRS Mail Service (6.0.30)",),
        ("RT-Ticket: example.org #1", "Precedence: bulk"),
        ("X-GitHub-Reason: mention", *GROUP),
        ("X-Redmine-Project: meter",),
        ("X-Zammad-Article-ID: 1",),
        ("X-FreeScout-Mail-Type: customer.message",),
    ],
)
def test_a_person_who_speaks_through_another_ticket_system_is_heard_but_not_answered_by_a_machine(
    headers: tuple[str, ...],
) -> None:
    found = whose(*headers)

    assert found.kind is Origin.TICKET_SYSTEM
    assert found.is_wanted
    assert not found.may_be_answered


@pytest.mark.parametrize(
    "headers",
    [
        ("X-Zammad-Article-ID: 1", "Precedence: bulk", "Auto-Submitted: auto-generated"),
        ("X-Zammad-Article-ID: 1", "Auto-Submitted: auto-replied"),
        ("X-Zendesk-Id: 1", "Auto-Submitted: auto-generated", "Subject: Request received: meter"),
        ("X-Mailer: Zendesk Mailer", "Subject: [Request received] meter"),
        ("X-OTRS-Loop: yes", "Precedence: bulk"),
        ("RT-Ticket: example.org #1", "Precedence: bulk", "Subject: [org #1] AutoReply: meter"),
        ("X-Redmine-Host: example.org", "Subject: お問い合わせを受け付けました"),
    ],
)
def test_another_ticket_systems_confirmation_is_no_word_of_a_person(
    headers: tuple[str, ...],
) -> None:
    found = whose(*headers)

    assert found.kind is Origin.AUTO_REPLY
    assert not found.is_wanted


@pytest.mark.parametrize("ours", ["issues@example.com", "BANSO@Example.com"])
def test_our_own_mail_is_ours(ours: str) -> None:
    assert whose(sender=ours).kind is Origin.SELF


def test_what_has_been_with_us_before_is_ours() -> None:
    assert kind("X-Loop: <Issues@example.com>") is Origin.SELF
    assert kind("X-Loop: yes") is Origin.PERSON


def test_what_bears_our_mark_is_ours_even_when_it_bounces() -> None:
    assert kind("X-Banso: issue", envelope_from="") is Origin.SELF


@pytest.mark.parametrize("headers", [(), ("X-GitHub-Reason: mention",)])
def test_a_mail_without_an_address_is_wanted_by_nobody(headers: tuple[str, ...]) -> None:
    found = whose(*headers, sender="undisclosed")

    assert found.kind in (Origin.NOBODY, Origin.TICKET_SYSTEM)
    assert not found.is_wanted


def test_a_mail_without_an_address_is_nobodys() -> None:
    assert whose(sender="undisclosed").kind is Origin.NOBODY


NAMES = ("Subject", "Precedence", "Auto-Submitted", "List-Id", "List-Post", "X-Spam-Flag", "To")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=30)), max_size=6), st.text())
def test_every_mail_is_somebodys(headers: list[tuple[str, str]], envelope_from: str) -> None:
    raw = "\n".join(f"{name}: {value}" for name, value in headers).encode("utf-8", "replace")

    found = origin(read_mail(raw), envelope_from, OURS)

    assert found.why
    assert found.is_wanted or not found.may_be_answered


@pytest.mark.parametrize("header", ["List-Id: <x.lists.example.net>", "Precedence: list"])
def test_a_lists_name_alone_makes_a_mail_the_lists_unless_it_came_to_us(header: str) -> None:
    found = whose(header)

    assert found.kind is Origin.LIST
    assert found.is_wanted
    assert not found.may_be_answered
    assert kind(header, "To: issues@example.com") is Origin.PERSON


def test_an_answer_is_a_persons_though_a_sales_program_marked_it_as_a_campaigns() -> None:
    marks = ("List-Unsubscribe: <https://crm.example.net/u>", "Feedback-ID: 1:2:crm")

    assert kind(*marks) is Origin.LIST
    assert kind(*marks, "In-Reply-To: <1@example.com>") is Origin.PERSON


def test_a_mail_server_is_no_person_whatever_it_says() -> None:
    found = whose(sender="MAILER-DAEMON@mx.example.net", text="Your quota is nearly used up.")

    assert found.kind is Origin.AUTO_REPLY
    assert not found.is_wanted


def test_a_spam_filters_result_is_believed() -> None:
    assert kind("X-Spamd-Result: default: True [20.0 / 15.00]") is Origin.SPAM
    assert kind("X-Spamd-Result: default: False [1.0 / 15.00]") is Origin.PERSON
