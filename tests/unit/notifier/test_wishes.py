"""At the foot of a message: where somebody says how they want to be told, and of what no more."""

from __future__ import annotations

import pytest

from services.notifier.letters import as_html, as_text
from services.notifier.message import compose
from services.notifier.store import Ready
from shared.contracts.issue import AssignedBecause, Reasons
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Language
from shared.contracts.router import ChasingPaused, IssueAssigned
from shared.links import Purpose
from tests.unit import build
from tests.unit.build import CUSTOMER, ISSUE_ID, MONDAY
from tests.unit.notifier.telling import LINKS, ORGANISATION, delivery, recipient, said, tell

ASSIGNED = IssueAssigned(**said(), because=AssignedBecause.NEW, reasons=Reasons(), actor_id="sho")
PAUSED = ChasingPaused(
    occurred_at=MONDAY,
    pause_id="p",
    starts_at=MONDAY,
    ends_at=MONDAY,
    said_by_id="kai",
    text="A typhoon.",
    concerned=("ren",),
)


def purposes(urls: list[str]) -> list[str]:
    return [url.split("/")[3] for url in urls]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["How and when we tell you", "No more messages about this"]),
        ("ja", ["お知らせの受け取り方", "この件のお知らせを止める"]),
    ],
)
def test_whoever_is_inside_finds_both_in_text_and_html(language: Language, words: str) -> None:
    message = tell(ASSIGNED, Reason.YOURS, to="ren", language=language)

    assert [link.words for link in message.quietly] == words
    assert purposes([link.url for link in message.quietly]) == ["f", "m"]
    for link in message.quietly:
        for body in (as_text(message), as_html(message)):
            assert link.url in body
            assert link.words in body


def test_the_links_are_this_persons_and_this_issues() -> None:
    wishes, mute = tell(ASSIGNED, Reason.YOURS, to="ren").quietly

    preferences = LINKS.read(Purpose.PREFERENCES, wishes.url.rpartition("/")[2], MONDAY)
    muting = LINKS.read(Purpose.MUTE, mute.url.rpartition("/")[2], MONDAY)
    assert (preferences.person_id, preferences.issue_id) == ("ren", "")
    assert (muting.person_id, muting.issue_id) == ("ren", ISSUE_ID)


def test_a_customer_finds_only_how_to_hear_no_more() -> None:
    event = IssueAssigned(
        **said(reporter_id=CUSTOMER), because=AssignedBecause.NEW, reasons=Reasons()
    )
    message = tell(event, Reason.RECEIVED, Relation.REPORTER, to=CUSTOMER)

    assert purposes([link.url for link in message.quietly]) == ["m"]


def test_what_is_about_no_issue_or_about_many_can_not_be_muted_in_one_go() -> None:
    paused = tell(PAUSED, Reason.PAUSED, Relation.CONCERNED)
    ready = [
        Ready(delivery(delivery_id=str(nth)), ASSIGNED, None, build.raised(), None)
        for nth in range(2)
    ]
    several = compose(ready, recipient(), ORGANISATION, LINKS, MONDAY)

    assert purposes([link.url for link in paused.quietly]) == ["f"]
    assert purposes([link.url for link in several.quietly]) == ["f"]
