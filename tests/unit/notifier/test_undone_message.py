"""What people are told of what is taken back, and of what a link did in their name."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.issue import Action, State, UndoneBecause
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Language
from shared.contracts.router import IssueAcknowledged, IssueEvent, IssueResponded, IssueUndone
from shared.links import Purpose
from tests.unit.build import CUSTOMER, HOUR, MONDAY
from tests.unit.notifier.telling import LINKS, said, tell, what

REQUEST = "0b5c8d51-0e7c-5f21-9d5e-5a3b1c2d3e4f"


def undone(because: UndoneBecause = UndoneBecause.ASKED, **told: Any) -> IssueUndone:
    usual: dict[str, Any] = {"undone": (Action.DECLINE,), "of_id": "ren", "actor_id": "ren"}
    return IssueUndone(**said(**told), because=because, **usual)


def done(by: Action = Action.ACKNOWLEDGE, kind: type[IssueEvent] = IssueAcknowledged) -> IssueEvent:
    until = MONDAY + HOUR if by is not Action.ANSWER else None
    text = {"text": "It is the battery."} if kind is IssueResponded else {}
    marks = {"by_link": by, "undo_until": until, "cause_id": REQUEST}
    return kind(**said(state=State.ACKNOWLEDGED), actor_id="ren", **marks, **text)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_carrier_hears_what_was_taken_back_and_what_is_next(language: Language) -> None:
    message = tell(undone(), Reason.UNDONE, Relation.CARRIER, to="emi", language=language)

    words = {"en": "“Not mine”", "ja": "「担当ではない」"}
    assert words[language] in message.lines[0]
    assert len(message.lines) == 3


def test_the_wrong_owner_has_nothing_to_do() -> None:
    message = tell(undone(), Reason.UNDONE, Relation.FORMER_OWNER, to="mio")

    assert message.lines[-1] == "You need not do anything about it."
    assert message.buttons == []


def test_the_owner_who_has_it_again_has_their_buttons_again() -> None:
    message = tell(undone(), Reason.UNDONE, Relation.OWNER, to="ren")

    assert Action.ACKNOWLEDGE in what(message)


def test_a_customer_hears_only_that_it_was_a_mistake() -> None:
    message = tell(undone(reporter_id=CUSTOMER), Reason.UNDONE, Relation.REPORTER, to=CUSTOMER)
    closed = {"state": State.CLOSED, "next_step": None, "next_step_at": None}
    over = tell(
        undone(reporter_id=CUSTOMER, **closed), Reason.UNDONE, Relation.REPORTER, to=CUSTOMER
    )

    assert message.heading == "Please set our last message aside"
    assert not any("Not mine" in line for line in message.lines)
    assert len(message.lines) == 2
    assert len(over.lines) == 1
    assert what(over) == [Action.REOPEN]


def test_what_is_solved_again_asks_its_carrier_again() -> None:
    message = tell(undone(state=State.RESOLVED), Reason.UNDONE, Relation.CARRIER, to="emi")

    assert what(message) == [Action.CONFIRM, Action.REOPEN]


@pytest.mark.parametrize("because", [UndoneBecause.CONTRADICTED, UndoneBecause.DECOY])
def test_whoever_did_not_press_hears_so_and_others_hear_that_it_was_not_them(
    because: UndoneBecause,
) -> None:
    own = tell(undone(because), Reason.VOIDED, Relation.OWNER, to="ren")
    others = tell(undone(because), Reason.UNDONE, Relation.CARRIER, to="emi")

    assert "“Not mine”" in own.lines[0]
    assert Action.ACKNOWLEDGE in what(own)
    assert others.lines[0] == "A program, and not Ren, had pressed this: “Not mine”."


def test_a_receipt_names_what_was_done_and_leads_to_where_it_is_taken_back() -> None:
    message = tell(done(), Reason.RECEIPT, Relation.OWNER, to="ren")
    (button,) = message.buttons

    link = LINKS.read(Purpose.UNDO, button.url.rpartition("/u/")[2], MONDAY)

    assert "“I take it”" in message.lines[0]
    assert "10:00" in message.lines[1]
    assert (link.person_id, link.about) == ("ren", REQUEST)


def test_a_receipt_of_words_says_that_they_are_out() -> None:
    message = tell(done(Action.ANSWER, IssueResponded), Reason.RECEIPT, Relation.OWNER, to="ren")

    assert "can't be taken back" in message.lines[1]
    assert [button.words for button in message.buttons] == ["See how it stands"]
