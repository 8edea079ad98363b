"""What the first line of a mail does: only what its writer may do, and else it is words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.router import handlers
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import FirstLine
from shared.contracts.issue import (
    Action,
    DeclineReason,
    Refusal,
    Standing,
    State,
    WaitingFor,
)
from shared.contracts.router import (
    ActionRefused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueDeclined,
    IssueHelped,
    IssuePromised,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueSnoozed,
    IssueWaiting,
    Voice,
)
from tests.unit.build import MONDAY
from tests.unit.router.test_handlers import PICTURE, connection, desk, message, over, put

__all__ = ["connection", "desk"]


def said(
    desk: Desk,
    who: str,
    action: Action,
    text: str,
    standing: Standing = Standing.VOUCHED,
    **line: object,
) -> list[Event]:
    files = line.pop("attachments", ())
    first = FirstLine.model_validate({"action": action, **line})
    spoken = message(who, standing, text=text, first_line=first, attachments=files)
    return handlers.message_received(spoken, desk)


def test_an_owner_takes_it(desk: Desk) -> None:
    put(desk)

    (taken,) = said(desk, "ren", Action.ACKNOWLEDGE, "了解です。")

    assert isinstance(taken, IssueAcknowledged)


def test_words_below_are_the_answer_of_an_owner_who_takes_it(desk: Desk) -> None:
    put(desk)

    (answer,) = said(desk, "ren", Action.ACKNOWLEDGE, "ack\n\nI look at it now.")

    assert isinstance(answer, IssueResponded)
    assert answer.text == "I look at it now."
    assert answer.issue.state is State.ACKNOWLEDGED


def test_an_owner_solves_it_and_says_how(desk: Desk) -> None:
    put(desk)

    (solved,) = said(desk, "ren", Action.RESOLVE, "done\nThe battery.", cause="fault")

    assert isinstance(solved, IssueResolved)
    assert (solved.text, solved.issue.cause) == ("The battery.", "fault")


def test_an_owner_declines_with_reason_and_proposal(desk: Desk) -> None:
    put(desk)

    declined, assigned = said(
        desk,
        "ren",
        Action.DECLINE,
        "却下 担当外 → shipping",
        reason=DeclineReason.NOT_MY_AREA,
        proposed="shipping",
    )

    assert isinstance(declined, IssueDeclined)
    assert isinstance(assigned, IssueAssigned)
    assert assigned.issue.team_id == "shipping"


def test_a_leader_who_owns_it_hands_it_over(desk: Desk) -> None:
    put(desk, owner_id="kai")

    (assigned,) = said(desk, "kai", Action.DECLINE, "却下 → shipping", proposed="shipping")

    assert isinstance(assigned, IssueAssigned)


def test_a_carriers_solved_confirms_with_their_words(desk: Desk) -> None:
    put(desk, **over(State.RESOLVED))

    (closed,) = said(desk, "emi", Action.RESOLVE, "solved\nThank you!")

    assert isinstance(closed, IssueClosed)
    assert (closed.confirmed, closed.text) == (True, "solved\nThank you!")


def test_a_carriers_not_solved_opens_it_again(desk: Desk) -> None:
    put(desk, **over(State.RESOLVED))

    (reopened,) = said(desk, "emi", Action.REOPEN, "not solved\nStill red.")

    assert isinstance(reopened, IssueReopened)
    assert reopened.text == "not solved\nStill red."


def test_an_owner_puts_it_off_for_what_stands_in_the_line_and_beneath_it(desk: Desk) -> None:
    put(desk)
    until = MONDAY + timedelta(days=2)

    (snoozed,) = said(
        desk,
        "ren",
        Action.SNOOZE,
        "snooze 2d the part\nIt is small.",
        until=until,
        words="the part",
    )

    assert isinstance(snoozed, IssueSnoozed)
    assert (snoozed.issue.snoozed_until, snoozed.text) == (until, "the part\nIt is small.")


def test_an_owner_waits_promises_and_asks_for_help(desk: Desk) -> None:
    put(desk)
    by = MONDAY + timedelta(days=2)

    (waiting,) = said(
        desk, "ren", Action.WAIT, "お客様待ち\n番号は？", waiting_for=WaitingFor.CUSTOMER
    )
    (promised,) = said(desk, "ren", Action.PROMISE, "6/3までに", until=by)
    (helped,) = said(desk, "ren", Action.ASK, "応援 shoさん", proposed="sho")

    assert isinstance(waiting, IssueWaiting)
    assert (waiting.issue.waiting_for, waiting.text) == (WaitingFor.CUSTOMER, "番号は？")
    assert isinstance(promised, IssuePromised)
    assert promised.issue.promised_at == by
    assert isinstance(helped, IssueHelped)
    assert (helped.helper_id, helped.issue.owner_id) == ("sho", "ren")


def test_a_colleague_takes_it_over(desk: Desk) -> None:
    put(desk)

    assigned = said(desk, "sho", Action.TAKE, "引き取ります")[0]

    assert isinstance(assigned, IssueAssigned)
    assert assigned.issue.owner_id == "sho"


@pytest.mark.parametrize(("who", "kind"), [("ren", IssueResponded), ("emi", IssueCommented)])
def test_whoever_has_it_or_carries_it_means_something_else_by_taking(
    desk: Desk, who: str, kind: type[Event]
) -> None:
    """引き取ります: the owner fetches the goods."""
    put(desk)

    (words,) = said(desk, who, Action.TAKE, "引き取ります")

    assert isinstance(words, kind)


@pytest.mark.parametrize(
    ("who", "action"),
    [
        ("x-9", Action.TAKE),
        ("emi", Action.SNOOZE),
        ("sho", Action.PROMISE),
        ("emi", Action.ACKNOWLEDGE),
        ("emi", Action.RESOLVE),
        ("emi", Action.REOPEN),
        ("emi", Action.DECLINE),
        ("sho", Action.RESOLVE),
        ("x-9", Action.RESOLVE),
    ],
)
def test_what_its_writer_can_not_do_now_is_words(desk: Desk, who: str, action: Action) -> None:
    put(desk)

    (comment,) = said(desk, who, action, "done")

    assert isinstance(comment, IssueCommented)
    assert comment.voice is (Voice.CARRIER if who == "emi" else Voice.OTHER)
    assert comment.text == "done"


def test_an_owners_second_done_is_words_for_the_carrier(desk: Desk) -> None:
    put(desk, **over(State.RESOLVED))

    (answer,) = said(desk, "ren", Action.RESOLVE, "done\nI forgot: keep the old one.")

    assert isinstance(answer, IssueResponded)
    assert answer.text == "done\nI forgot: keep the old one."


@pytest.mark.parametrize(
    ("who", "action", "text", "state"),
    [
        ("ren", Action.ACKNOWLEDGE, "ack: but who pays?", State.ASSIGNED),
        ("emi", Action.RESOLVE, "solved: but the lamp is red", State.RESOLVED),
    ],
)
def test_a_word_with_a_but_is_words(
    desk: Desk, who: str, action: Action, text: str, state: State
) -> None:
    put(desk, **over(state)) if state is State.RESOLVED else put(desk)

    (event,) = said(desk, who, action, text, understood=False)

    assert isinstance(event, IssueResponded | IssueCommented)
    assert event.text == text


def test_what_is_not_understood_is_refused_with_all_its_words(desk: Desk) -> None:
    put(desk)

    (refused,) = said(desk, "ren", Action.DECLINE, "decline: the weather\nSorry.", understood=False)

    assert isinstance(refused, ActionRefused)
    assert refused.refusal is Refusal.INCOMPLETE
    assert refused.text == "decline: the weather\nSorry."


def test_nothing_vouches_for_it_so_it_takes_one_click(desk: Desk) -> None:
    put(desk)

    (refused,) = said(desk, "ren", Action.RESOLVE, "done", Standing.THREADED)

    assert isinstance(refused, ActionRefused)
    assert refused.refusal is Refusal.ONE_CLICK


def test_a_forged_line_is_to_be_looked_at(desk: Desk) -> None:
    put(desk)

    (comment,) = said(desk, "ren", Action.RESOLVE, "done", Standing.DOUBTED)

    assert isinstance(comment, IssueCommented)
    assert comment.voice is Voice.OTHER


def test_files_beside_a_request_are_not_lost(desk: Desk) -> None:
    put(desk)

    answer, solved = said(
        desk, "ren", Action.RESOLVE, "done\nSee the photo.", attachments=(PICTURE,)
    )

    assert isinstance(answer, IssueResponded)
    assert (answer.text, answer.attachments) == ("See the photo.", (PICTURE,))
    assert isinstance(solved, IssueResolved)
    assert solved.issue.version > answer.issue.version


@pytest.mark.parametrize("action", [Action.ACKNOWLEDGE, Action.RESOLVE, Action.DECLINE])
def test_whoever_helps_decides_nothing_and_their_whole_mail_is_the_answer(
    desk: Desk, action: Action
) -> None:
    put(desk, helper_ids=["yui"])

    (answer,) = said(desk, "yui", action, "done\nIt was the cable.")

    assert isinstance(answer, IssueResponded)
    assert answer.text == "done\nIt was the cable."
    assert answer.issue.owner_id == "ren"
