"""Signed links: whoever holds one may do just what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.issue import Action
from shared.links import (
    ACTION_LINK_LIVES,
    EVERYBODY,
    Link,
    LinkExpired,
    LinkInvalid,
    Links,
    Purpose,
)
from tests.unit.build import CUSTOMER, ISSUE_ID, MONDAY

LINKS = Links(["an old key", "a new key"], "https://banso.example/")


def token(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_link_for_an_action_says_who_may_do_what_and_until_when_it_holds() -> None:
    url = LINKS.action(ISSUE_ID, "emi", Action.CONFIRM, 3, MONDAY)

    assert url.startswith("https://banso.example/a/")
    assert LINKS.read(Purpose.ACTION, token(url), MONDAY) == Link(
        Purpose.ACTION, "emi", ISSUE_ID, Action.CONFIRM, 3, MONDAY
    )


def test_a_link_to_the_status_and_to_the_inbox_names_the_person() -> None:
    status = LINKS.status(ISSUE_ID, CUSTOMER, MONDAY)
    inbox = LINKS.inbox(EVERYBODY, MONDAY)

    assert status.startswith("https://banso.example/s/")
    assert LINKS.read(Purpose.STATUS, token(status), MONDAY) == Link(
        Purpose.STATUS, CUSTOMER, ISSUE_ID, issued_at=MONDAY
    )
    assert LINKS.read(Purpose.INBOX, token(inbox), MONDAY).person_id == EVERYBODY


def test_a_link_to_the_status_may_belong_to_nobody_known() -> None:
    url = LINKS.status(ISSUE_ID, "", MONDAY)

    assert LINKS.read(Purpose.STATUS, token(url), MONDAY).person_id == ""


@pytest.mark.parametrize("action", Action)
def test_every_action_has_its_link(action: Action) -> None:
    url = LINKS.action(ISSUE_ID, "emi", action, 1, MONDAY)

    assert LINKS.read(Purpose.ACTION, token(url), MONDAY).action is action


def test_a_link_is_short_enough_not_to_be_broken_in_a_mail() -> None:
    """Programs break lines that are longer than 998 characters, people those that look it."""
    url = LINKS.action(ISSUE_ID, "emi", Action.ACKNOWLEDGE, 1, MONDAY)

    assert len(token(url)) < 100


def test_an_action_link_lives_for_sixty_days() -> None:
    url = LINKS.action(ISSUE_ID, "emi", Action.CONFIRM, 1, MONDAY)
    last = MONDAY + ACTION_LINK_LIVES

    assert LINKS.read(Purpose.ACTION, token(url), last)
    with pytest.raises(LinkExpired):
        LINKS.read(Purpose.ACTION, token(url), last + timedelta(seconds=1))


def test_links_that_only_show_do_not_expire() -> None:
    years_later = MONDAY + timedelta(days=2000)

    for purpose, url in (
        (Purpose.STATUS, LINKS.status(ISSUE_ID, "emi", MONDAY)),
        (Purpose.INBOX, LINKS.inbox("emi", MONDAY)),
    ):
        assert LINKS.read(purpose, token(url), years_later).person_id == "emi"


def test_a_link_of_one_purpose_opens_no_other_door() -> None:
    status = token(LINKS.status(ISSUE_ID, "emi", MONDAY))

    for purpose in (Purpose.ACTION, Purpose.INBOX):
        with pytest.raises(LinkInvalid):
            LINKS.read(purpose, status, MONDAY)


def test_a_link_of_an_older_key_holds_until_the_key_is_taken_out() -> None:
    old = Links(["an old key"], "https://banso.example")
    url = old.status(ISSUE_ID, "emi", MONDAY)

    assert LINKS.read(Purpose.STATUS, token(url), MONDAY).person_id == "emi"
    with pytest.raises(LinkInvalid):
        Links(["a new key"], "").read(Purpose.STATUS, token(url), MONDAY)


def test_the_newest_key_signs() -> None:
    url = LINKS.status(ISSUE_ID, "emi", MONDAY)

    newest = Links(["a new key"], "")
    assert newest.read(Purpose.STATUS, token(url), MONDAY).person_id == "emi"


def test_links_need_a_key() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Links([], "https://banso.example")


GOOD = token(LINKS.action(ISSUE_ID, "emi", Action.CONFIRM, 1, MONDAY))


@pytest.mark.parametrize("cut", range(0, len(GOOD), 7))
def test_a_link_that_was_cut_off_is_invalid(cut: int) -> None:
    with pytest.raises(LinkInvalid):
        LINKS.read(Purpose.ACTION, GOOD[:cut], MONDAY)


@given(st.integers(0, len(GOOD) - 2), st.characters())
def test_a_link_that_was_changed_is_invalid(place: int, char: str) -> None:
    """The last letter aside, of which Base64 leaves two bits unused."""
    changed = GOOD[:place] + char + GOOD[place + 1 :]

    if changed != GOOD:
        with pytest.raises(LinkInvalid):
            LINKS.read(Purpose.ACTION, changed, MONDAY)


@given(st.text(max_size=40))
def test_whatever_is_no_link_is_invalid(text: str) -> None:
    with pytest.raises(LinkInvalid):
        LINKS.read(Purpose.STATUS, text, MONDAY)


@pytest.mark.parametrize(
    "words", ["", "a~b", "a~b~c~d~e~f", "emi~short~confirm~1~1", "emi~~dance~1~1", "emi~~~x~1"]
)
def test_words_that_say_nothing_are_invalid_whoever_signed_them(words: str) -> None:
    signed = LINKS._signers[Purpose.ACTION].sign(words).decode()

    with pytest.raises(LinkInvalid):
        LINKS.read(Purpose.ACTION, signed, MONDAY)


def test_a_text_is_redacted_of_what_our_links_allow_and_of_nothing_else() -> None:
    links = Links(["k"], "https://banso.example/")
    url = links.status(str(uuid4()), "sato", datetime(2026, 1, 1, tzinfo=UTC))
    other = "https://else.example/a/b https://banso.example/?product=a"

    assert links.redacted(f"> {url}\n> {other}.") == f"> https://banso.example/…\n> {other}."
    assert links.redacted(f'<a href="{url}?lang=ja">x</a>').count("/s/") == 0
