"""Who sees which button; the router's check is final."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.intake.web.offers import button_text, offer, offered
from shared.contracts.issue import Action, State, WaitingFor
from shared.language import words
from tests.unit import build
from tests.unit.build import CUSTOMER, MONDAY

COMPANY = build.organisation()
ACKNOWLEDGE, ANSWER, RESOLVE = Action.ACKNOWLEDGE, Action.ANSWER, Action.RESOLVE
TAKE, SEPARATE, MERGE, RESUME = Action.TAKE, Action.SEPARATE, Action.MERGE, Action.RESUME
ELSEWHERE = {Action.CORRECT, Action.WITHDRAW, Action.ANSWERED_ELSEWHERE}
NO_OFFER = {Action.UNDO, Action.DECOY}
"""Each has a page and words of its own, and nobody chooses among them."""


def main(person_id: str, **said: Any) -> tuple[Action, ...]:
    return offered(build.snapshot(**said), person_id, COMPANY).main


def more(person_id: str, **said: Any) -> tuple[Action, ...]:
    return offered(build.snapshot(**said), person_id, COMPANY).more


def test_an_owners_main_buttons_are_few_and_the_rest_is_behind_them() -> None:
    assert main("ren") == (ACKNOWLEDGE, ANSWER, RESOLVE, Action.DECLINE)
    assert main("ren", state=State.ACKNOWLEDGED) == (ANSWER, RESOLVE, Action.DECLINE)
    assert more("ren") == (
        Action.ASK,
        Action.PROMISE,
        Action.WAIT,
        Action.SNOOZE,
        Action.HAND_OVER,
        MERGE,
        Action.LINK,
    )


def test_a_leader_who_owns_hands_over_instead_of_declining() -> None:
    assert main("kai", owner_id="kai") == (ACKNOWLEDGE, ANSWER, RESOLVE, Action.HAND_OVER)
    assert Action.HAND_OVER not in more("kai", owner_id="kai")


@pytest.mark.parametrize(
    "rests",
    [
        {"waiting_for": WaitingFor.CUSTOMER},
        {"snoozed_until": MONDAY + timedelta(days=1)},
    ],
)
def test_what_rests_can_go_on(rests: dict[str, Any]) -> None:
    assert RESUME in main("ren", **rests)
    assert RESUME in more("kai", **rests)
    assert RESUME not in (*main("ren"), *more("kai"))


def test_what_is_part_of_a_problem_can_be_separated_and_not_merged() -> None:
    found = more("ren", parent_id="problem")

    assert SEPARATE in found
    assert MERGE not in found


def test_others_inside_can_take_it_and_a_helper_can_answer() -> None:
    assert (main("sho"), more("sho")) == ((), (TAKE,))
    assert (main("sho", helper_ids=["sho"]), more("sho", helper_ids=["sho"])) == (
        (ANSWER,),
        (TAKE,),
    )
    assert main("kai") == (TAKE, Action.HAND_OVER)


def test_a_carrier_confirms_or_reopens_and_says_what_is_the_same() -> None:
    assert main("emi", state=State.RESOLVED) == (Action.CONFIRM, Action.REOPEN)
    assert main("emi", state=State.CLOSED) == (Action.REOPEN,)
    assert (main("emi"), more("emi")) == ((), (MERGE,))
    assert more("emi", parent_id="problem") == (SEPARATE,)
    assert more("emi", state=State.RESOLVED) == ()


MERGED = {"state": State.CLOSED, "merged_into": "main"}


def test_what_was_merged_can_only_be_separated_while_the_other_is_worked_on() -> None:
    for person_id in ("emi", "ren", "kai"):
        assert (main(person_id, **MERGED), more(person_id, **MERGED)) == ((), (SEPARATE,))
    assert more("sho", **MERGED) == ()


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_a_carrier_says_that_the_solution_of_the_other_is_none_for_theirs(state: State) -> None:
    """As the mail about that solution offers."""
    found = offered(build.snapshot(**MERGED), "emi", COMPANY, state)

    assert (found.main, found.more) == ((Action.REOPEN,), (SEPARATE,))
    for person_id in ("ren", "kai"):
        assert offered(build.snapshot(**MERGED), person_id, COMPANY, state).main == ()


def test_a_customer_is_offered_nothing_of_what_belongs_together() -> None:
    """They are told of no merging; that theirs is not solved they can always say."""
    theirs = {"reporter_id": CUSTOMER}

    assert more(CUSTOMER, **theirs) == more(CUSTOMER, **theirs, parent_id="problem") == ()
    assert more(CUSTOMER, **theirs, **MERGED) == (Action.REOPEN,)
    solved = offered(build.snapshot(**theirs, **MERGED), CUSTOMER, COMPANY, State.RESOLVED)
    assert (solved.main, solved.more) == ((Action.REOPEN,), ())


def test_somebody_outside_can_do_nothing_here_unless_they_brought_it_in() -> None:
    assert offered(build.snapshot(), CUSTOMER, COMPANY).more == ()
    assert main(CUSTOMER, reporter_id=CUSTOMER, state=State.RESOLVED) == (
        Action.CONFIRM,
        Action.REOPEN,
    )


@pytest.mark.parametrize("action", Action)
def test_every_action_has_its_words_in_both_languages(action: Action) -> None:
    for language in ("ja", "en"):
        _ = words(language)
        found = offer(action, _)

        assert button_text(action, _)
        assert (found is None) == (action in ELSEWHERE | NO_OFFER)
        assert found is None or all((found.title, found.explanation, found.button, found.done))
