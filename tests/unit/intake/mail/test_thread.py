"""Which issue a mail is about, and what it may do there."""

from __future__ import annotations

from email.message import EmailMessage
from uuid import uuid4

import pytest

from services.intake.mail import thread
from services.intake.mail.parse import read_mail
from services.intake.mail.thread import Through, clues
from services.intake.mail.trust import Trust
from shared.contracts.issue import Standing
from shared.contracts.organisation import Mail
from shared.replies import Replies

OURS = Mail(issues=("issues@example.com", "Shipping@example.com"), sender="banso@example.com")
REPLIES = Replies(["key"])
ISSUE, DELIVERY = str(uuid4()), str(uuid4())
REPLY = REPLIES.address(ISSUE, "sato", "issues@example.com", "+")
OUR_ID = REPLIES.message_id(ISSUE, DELIVERY, "example.com")


def mail(**headers: str) -> bytes:
    message = EmailMessage()
    for name, value in {"From": "sato@example.com", **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content("Words")
    return message.as_bytes()


def test_a_reply_address_is_found_in_the_envelope_and_in_the_head() -> None:
    by_envelope = clues(read_mail(mail(To="x@else.example")), [REPLY.upper()], OURS, REPLIES)
    by_head = clues(read_mail(mail(Cc=f"Banso <{REPLY}>")), [], OURS, REPLIES)

    assert [REPLIES.issue_of(tag) for tag in by_envelope.tags] == [ISSUE]
    assert [REPLIES.issue_of(tag) for tag in by_head.tags] == [ISSUE]


def test_other_tags_of_our_addresses_name_no_issue() -> None:
    found = clues(read_mail(mail(To="issues+summer@example.com")), [], OURS, REPLIES)

    assert found.tags == ()


def test_our_own_message_ids_are_found_and_forged_ones_are_not() -> None:
    forged = Replies(["other"]).message_id(ISSUE, DELIVERY, "example.com")
    raw = mail(References=f"<a@else.example> {forged} {OUR_ID}", In_Reply_To=OUR_ID)

    found = clues(read_mail(raw), [], OURS, REPLIES)

    assert [one.delivery_id for one in found.signed] == [DELIVERY]
    assert found.references == ("<a@else.example>", forged, OUR_ID)


@pytest.mark.parametrize(
    ("subject", "references"),
    [
        ("Re: [7K3M-9QWX] It is red", ("7K3M-9QWX",)),
        ("[7k3m-9qwx] and 2345-6789", ("7K3M-9QWX", "2345-6789")),
        ("ＲＥ：［７Ｋ３Ｍ－９ＱＷＸ］", ("7K3M-9QWX",)),
        ("order 12345-67890", ()),
        ("Invoice 2041-3000", ()),
    ],
)
def test_references_in_the_subject(subject: str, references: tuple[str, ...]) -> None:
    assert clues(read_mail(mail(Subject=subject)), [], OURS, REPLIES).subject == references


def test_our_addresses_are_known_with_and_without_a_tag() -> None:
    dashed = OURS.model_copy(update={"separator": "-"})

    assert thread.our_address("Issues+a@Example.com", OURS) == "issues@example.com"
    assert thread.our_address("shipping@example.com", OURS) == "shipping@example.com"
    assert thread.our_address("issues-a@example.com", OURS) is None
    assert thread.our_address("issues-a@example.com", dashed) == "issues@example.com"
    assert thread.our_address("issues+a@example.com", dashed) == "issues@example.com"
    assert thread.our_address("issues@else.example", OURS) is None
    assert thread.our_address("", OURS) is None


def test_both_addresses_of_ours_count_though_one_of_them_brought_it() -> None:
    read = read_mail(mail(To="issues@example.com", Cc="shipping@example.com, x@else.example"))

    assert thread.addressed_to(read, ["issues+a@example.com"], OURS) == (
        "issues@example.com",
        "shipping@example.com",
    )


@pytest.mark.parametrize(
    ("through", "is_theirs", "trust", "expected"),
    [
        (Through.ADDRESS, True, Trust.PASSED, Standing.VOUCHED),
        (Through.ADDRESS, True, Trust.NONE, Standing.UNPROVEN),
        (Through.ADDRESS, True, Trust.FAILED, Standing.DOUBTED),
        (Through.ADDRESS, False, Trust.PASSED, Standing.THREADED),
        (Through.MESSAGE_ID, False, Trust.PASSED, Standing.THREADED),
        (Through.SUBJECT, True, Trust.PASSED, Standing.THREADED),
        (Through.REFERENCES, False, Trust.FAILED, Standing.DOUBTED),
    ],
)
def test_only_ones_own_reply_address_proves_anything(
    through: Through, is_theirs: bool, trust: Trust, expected: Standing
) -> None:
    assert thread.standing(through, is_theirs=is_theirs, trust=trust) is expected


def test_a_reply_address_is_the_senders_or_somebodys_or_nobodys() -> None:
    tag = thread.tag_of(REPLY, OURS) or ""

    assert thread.names_somebody(REPLIES, tag, "sato", {"mori"}) == (True, True)
    assert thread.names_somebody(REPLIES, tag, "mori", {"mori", "sato"}) == (True, False)
    assert thread.names_somebody(REPLIES, tag, None, {"sato"}) == (True, False)
    assert thread.names_somebody(REPLIES, tag, "mori", {"mori"}) == (False, False)
