"""Reply addresses and Message-IDs that only we can make."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.replies import Replies

ISSUE, DELIVERY = str(uuid4()), str(uuid4())
OURS = "issues@example.com"


def tag_of(address: str) -> str:
    return address.partition("+")[2].partition("@")[0]


def test_a_reply_address_belongs_to_one_person_and_names_one_issue() -> None:
    replies = Replies(["k1"])
    tag = tag_of(replies.address(ISSUE, "sato", OURS, "+"))

    assert replies.issue_of(tag) == ISSUE
    assert replies.belongs_to(tag, ["mori", "sato"]) == "sato"
    assert replies.belongs_to(tag, ["mori"]) is None


def test_it_fits_into_a_local_part_and_survives_capitals() -> None:
    replies = Replies(["k1"])
    address = replies.address(ISSUE, "a-long-name-of-somebody", OURS, "+")

    assert len(address.partition("@")[0]) <= 64
    assert replies.belongs_to(tag_of(address).upper(), ["a-long-name-of-somebody"])


def test_without_a_separator_everybody_answers_to_our_plain_address() -> None:
    assert Replies(["k1"]).address(ISSUE, "sato", OURS, "") == OURS


def test_old_keys_are_read_and_the_newest_writes() -> None:
    old = tag_of(Replies(["k1"]).address(ISSUE, "sato", OURS, "+"))
    new = tag_of(Replies(["k1", "k2"]).address(ISSUE, "sato", OURS, "+"))

    assert old != new
    assert Replies(["k1", "k2"]).belongs_to(old, ["sato"]) == "sato"
    assert Replies(["k1"]).belongs_to(new, ["sato"]) is None


def test_a_message_id_names_issue_and_delivery() -> None:
    replies = Replies(["k1"])
    message_id = replies.message_id(ISSUE, DELIVERY, "example.com")

    read = replies.read_message_id(f" {message_id.upper()} ")

    assert read is not None
    assert (read.issue_id, read.delivery_id) == (ISSUE, DELIVERY)


def test_a_reply_tag_is_no_message_id_and_a_forged_one_is_nobodys() -> None:
    replies = Replies(["k1"])
    tag = tag_of(replies.address(ISSUE, DELIVERY, OURS, "+"))

    assert replies.read_message_id(f"<{tag}.{DELIVERY.replace('-', '')}@example.com>") is None
    forged = Replies(["other"]).message_id(ISSUE, DELIVERY, "example.com")
    assert replies.read_message_id(forged) is None


def test_a_return_address_names_one_notification_and_survives_capitals() -> None:
    replies = Replies(["k1"])
    address = replies.return_address(DELIVERY, "banso@example.com", "+")

    assert address.startswith("banso+")
    assert address.endswith("@example.com")
    assert replies.returned(tag_of(address).upper()) == DELIVERY
    assert Replies(["k1", "k2"]).returned(tag_of(address)) == DELIVERY


def test_a_return_address_that_was_forged_or_made_for_something_else_is_nobodys() -> None:
    replies = Replies(["k1"])
    forged = Replies(["other"]).return_address(DELIVERY, OURS, "+")
    reply = replies.address(DELIVERY, "", OURS, "+")

    assert replies.returned(tag_of(forged)) is None
    assert replies.returned(tag_of(reply)) is None
    assert replies.belongs_to(tag_of(replies.return_address(DELIVERY, OURS, "+")), [""]) is None


@pytest.mark.parametrize(("ours", "separator"), [(OURS, ""), (f"{'a' * 25}@example.com", "+")])
def test_without_a_separator_or_room_mails_come_back_to_our_plain_address(
    ours: str, separator: str
) -> None:
    assert Replies(["k1"]).return_address(DELIVERY, ours, separator) == ours


@given(st.text(max_size=80))
def test_nothing_that_anybody_writes_breaks_it(text: str) -> None:
    replies = Replies(["k1"])

    assert replies.belongs_to(text, ["sato"]) is None
    assert replies.read_message_id(text) is None
    assert replies.returned(text) is None
    assert replies.issue_of(text) is None or len(text) == 39
