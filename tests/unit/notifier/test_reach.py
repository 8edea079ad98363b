"""What a refusal means, and which channel is a choice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notifier.reach import (
    COMES_BACK_WITHIN,
    TRIED_AGAIN,
    Blame,
    Broken,
    Standing,
    blame_of,
    first_of,
    is_remembered,
    standing,
)
from shared.contracts.organisation import Channel
from tests.unit.build import MONDAY

A_MOMENT = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("words", "blame"),
    [
        ("550 5.1.1 user unknown", Blame.ADDRESS),
        ("5.1.1 user unknown", Blame.ADDRESS),
        ("553 5.1.7 bad sender", Blame.SETUP),
        ("550 5.1.8 bad sender's system", Blame.SETUP),
        ("552 5.2.2 mailbox full", Blame.ADDRESS),
        ("552 5.2.3 too long for this mailbox", Blame.MESSAGE),
        ("550 5.3.0 other", Blame.ADDRESS),
        ("552 5.3.4 too big", Blame.MESSAGE),
        ("5.4.4 no such host", Blame.ADDRESS),
        ("554 5.6.0 content", Blame.MESSAGE),
        ("554 5.7.1 spam", Blame.MESSAGE),
        ("554 5.7.1 Relay access denied", Blame.SETUP),
        ("530 5.7.0 log in first", Blame.MESSAGE),
        ("535 5.7.8 wrong password", Blame.SETUP),
        ("550 5.7.26 not authenticated", Blame.SETUP),
        ("550 5.7.60 may not send as this sender", Blame.SETUP),
        ("530 log in first", Blame.SETUP),
        ("554 no", Blame.MESSAGE),
        ("552 no", Blame.MESSAGE),
    ],
)
def test_the_code_says_what_a_refusal_is_about(words: str, blame: Blame) -> None:
    assert {blame_of(words, otherwise=one) for one in Blame} == {blame}


@pytest.mark.parametrize("words", ["550 no", "550 5.5.0 no", "it came back", "550 1.5.1.1 no"])
def test_what_the_code_does_not_tell_is_told_by_when_it_was_said(words: str) -> None:
    assert [blame_of(words, otherwise=one) for one in Blame] == list(Blame)


def test_only_an_address_is_remembered() -> None:
    assert [blame for blame in Blame if is_remembered(blame)] == [Blame.ADDRESS]


def broken(channel: Channel = Channel.SLACK, **said: object) -> Broken:
    known = {"address": "here", "broken_at": MONDAY, "error": "gone"}
    return Broken("ren/slack", "ren", channel, **{**known, **said})  # type: ignore[arg-type]


def test_what_never_failed_works() -> None:
    assert standing(None, None, MONDAY) is Standing.WORKS


def test_what_failed_is_left_alone_for_a_day_and_tried_then() -> None:
    assert standing(broken(), "here", MONDAY + TRIED_AGAIN - A_MOMENT) is Standing.BROKEN
    assert standing(broken(), "here", MONDAY + TRIED_AGAIN) is Standing.TRY


def test_another_address_is_worth_a_try_at_once() -> None:
    assert standing(broken(), "there", MONDAY) is Standing.WORKS
    assert standing(broken(), None, MONDAY) is Standing.WORKS


def test_what_has_worked_since_works() -> None:
    assert standing(broken(works=True), "here", MONDAY) is Standing.WORKS


def test_chat_is_tried_once_a_day_until_it_says_that_it_works() -> None:
    tried = broken(tried_at=MONDAY + TRIED_AGAIN)

    assert standing(tried, "here", MONDAY + 2 * TRIED_AGAIN - A_MOMENT) is Standing.BROKEN
    assert standing(tried, "here", MONDAY + 2 * TRIED_AGAIN) is Standing.TRY


def test_a_mail_that_is_not_back_within_an_hour_has_arrived() -> None:
    tried = broken(Channel.EMAIL, tried_at=MONDAY)

    assert standing(tried, "here", MONDAY + COMES_BACK_WITHIN - A_MOMENT) is Standing.BROKEN
    assert standing(tried, "here", MONDAY + COMES_BACK_WITHIN) is Standing.WORKS


WAYS = (Channel.SLACK, Channel.MATRIX, Channel.EMAIL)


@pytest.mark.parametrize(
    ("how", "tried", "way"),
    [
        ("works works works", (), Channel.SLACK),
        ("try works works", (), Channel.SLACK),
        ("broken works works", (), Channel.MATRIX),
        ("works works works", (Channel.SLACK,), Channel.MATRIX),
        ("works broken works", (Channel.SLACK,), Channel.EMAIL),
        ("broken broken broken", (), None),
        ("works broken broken", (Channel.SLACK,), None),
        ("works works works", WAYS, None),
    ],
)
def test_the_first_way_that_may_reach_them_and_was_not_tried(
    how: str, tried: tuple[Channel, ...], way: Channel | None
) -> None:
    assert first_of(WAYS, [Standing(one) for one in how.split()], tried) == way
