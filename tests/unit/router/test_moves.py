"""An issue is taken, helped with, merged, made part of a problem, and opened again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from services.router import handlers
from services.router.lifecycle import TAKES_BACK_WITHIN, Issue
from services.router.presence import Absence, AbsenceSource, AbsenceState
from services.router.store import Board, Desk
from shared.contracts.event import Event
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    NotChosen,
    Refusal,
    Source,
    Standing,
    State,
    Step,
    WaitingFor,
)
from shared.contracts.organisation import Rota, Schedule
from shared.contracts.router import (
    EscalatedBecause,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueDue,
    IssueEscalated,
    IssueEvent,
    IssueHelped,
    IssueLinked,
    IssueMerged,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueSeparated,
    Voice,
)
from tests.unit import build
from tests.unit.build import CUSTOMER, ISSUE_ID, MONDAY
from tests.unit.router.test_handlers import (
    NOW,
    PICTURE,
    ask,
    connection,
    desk,
    message,
    over,
    put,
    wish,
)

__all__ = ["connection", "desk"]

MAIN = "main"
MERGED: dict[str, Any] = {**over(State.CLOSED), "closed_at": MONDAY, "merged_into": MAIN}
SOLVED: dict[str, Any] = {**over(State.CLOSED), "closed_at": MONDAY, "resolved_at": MONDAY}


def put_main(desk: Desk, issue_id: str = MAIN, **said: Any) -> Issue:
    """Another issue, owned by `yui` of shipping and carried by `aki`."""
    usual: dict[str, Any] = {
        "issue_id": issue_id,
        "reference": f"REF-{issue_id}",
        "state": State.ACKNOWLEDGED,
        "acknowledged_at": MONDAY,
        "owner_id": "yui",
        "team_id": "shipping",
        "carrier_id": "aki",
        "reporter_id": "aki",
    }
    return put(desk, **(usual | said))


def does(desk: Desk, person_id: str, action: Action, issue_id: str = ISSUE_ID, **said: Any) -> Any:
    """Everything that comes of it."""
    asked = wish(person_id, action, **said).model_copy(update={"issue_id": issue_id})
    return handlers.action_requested(asked, desk)


def kept(desk: Desk, issue_id: str = ISSUE_ID) -> Issue:
    issue = desk.issue(issue_id)
    assert issue is not None
    return issue


def said_of(events: Sequence[Event]) -> list[tuple[type[Event], str | None]]:
    """What was said about which issue."""
    return [(type(event), event.about) for event in events]


def refusal(events: Sequence[Any]) -> Refusal:
    (refused,) = events
    found: Refusal = refused.refusal
    return found


# Taken


@pytest.mark.parametrize("person_id", ["yui", "kai", "sho", "aki"])
def test_somebody_inside_takes_it_and_has_said_yes(desk: Desk, person_id: str) -> None:
    put(desk, moves=1, lent_by="sho", queued=True)

    assigned, taken = does(desk, person_id, Action.TAKE)

    assert isinstance(assigned, IssueAssigned)
    assert isinstance(taken, IssueAcknowledged)
    assert assigned.because is AssignedBecause.TAKEN
    assert (assigned.actor_id, assigned.previous_owner_id) == (person_id, "ren")
    issue = kept(desk)
    assert (issue.owner_id, issue.state, issue.assignment) == (person_id, State.ACKNOWLEDGED, 2)
    assert issue.team_id == desk.organisation.person[person_id].team
    assert (issue.moves, issue.declined_by) == (1, [])
    assert (issue.lent_by, issue.queued) == (None, False)
    assert issue.raised_at == MONDAY


def test_an_owner_who_takes_what_is_theirs_says_yes_to_it(desk: Desk) -> None:
    put(desk, reporter_id="ren")

    (taken,) = does(desk, "ren", Action.TAKE)
    again = does(desk, "ren", Action.TAKE)

    assert isinstance(taken, IssueAcknowledged)
    assert again == []


@pytest.mark.parametrize(
    ("person_id", "refused"),
    [("emi", Refusal.BACK_TO_CARRIER), (CUSTOMER, Refusal.NOT_YOURS)],
)
def test_it_never_falls_back_on_whoever_brought_it_in(
    desk: Desk, person_id: str, refused: Refusal
) -> None:
    put(desk, reporter_id=CUSTOMER)

    assert refusal(does(desk, person_id, Action.TAKE)) is refused


def test_the_second_of_two_who_click_the_same_button_hears_that_it_is_taken(desk: Desk) -> None:
    put(desk, helper_ids=["sho", "yui"])
    does(desk, "sho", Action.TAKE, assignment=1)

    second = does(desk, "yui", Action.TAKE, assignment=1)
    double = does(desk, "sho", Action.TAKE, assignment=1)

    assert refusal(second) is Refusal.OVERTAKEN
    assert double == []
    assert kept(desk).owner_id == "sho"


def go_away(desk: Desk, person_id: str, substitute_id: str | None = None) -> None:
    desk.put_absence(
        Absence(
            absence_id=f"absence-of-{person_id}",
            person_id=person_id,
            starts_at=MONDAY,
            ends_at=NOW + timedelta(days=9),
            substitute_id=substitute_id,
            source=AbsenceSource.SAID,
            state=AbsenceState.AWAY,
            wake_at=NOW + timedelta(days=9),
        )
    )


def test_whoever_takes_it_has_it_though_they_are_away(desk: Desk) -> None:
    put(desk)
    go_away(desk, "sho", substitute_id="mio")

    assigned, _ = does(desk, "sho", Action.TAKE)

    assert (assigned.issue.owner_id, assigned.issue.lent_by) == ("sho", None)
    assert assigned.reasons.substitute_for_id is None


# Handed over


def test_what_a_hand_over_to_a_person_overrides_is_said(desk: Desk) -> None:
    put(desk)
    for nth in range(40):
        put_main(desk, f"in-hand-{nth}")

    (assigned,) = does(desk, "ren", Action.HAND_OVER, proposed="yui")

    assert assigned.because is AssignedBecause.HANDED_OVER
    assert assigned.reasons.chosen.person_id == "yui"
    assert assigned.reasons.chosen.reason is NotChosen.OVERLOADED


def test_what_is_handed_to_somebody_away_goes_to_their_substitute(desk: Desk) -> None:
    put(desk)
    go_away(desk, "sho", substitute_id="mio")

    (assigned,) = does(desk, "ren", Action.HAND_OVER, proposed="sho")

    assert (assigned.issue.owner_id, assigned.issue.lent_by) == ("mio", "sho")


def test_where_the_leader_is_away_their_substitute_decides(desk: Desk) -> None:
    put(desk, moves=1)
    go_away(desk, "kai", substitute_id="mio")

    (assigned,) = does(desk, "ren", Action.HAND_OVER, proposed="yui")

    assert assigned.because is AssignedBecause.LEADER
    assert (assigned.issue.owner_id, assigned.issue.lent_by) == ("mio", "kai")


NAME = build.organisation().name
DUTY = Rota(id="duty", name=NAME, people=("sho", "yui"), starts=datetime(2026, 6, 1))  # noqa: DTZ001
NIGHTS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "20:00-24:00")


def counter(**shift: Any) -> Schedule:
    return Schedule.model_validate({"id": "counter", "name": NAME, "shifts": [shift]})


def with_turns(connection: Connection, schedule: Schedule | None = None) -> Desk:
    schedules = (schedule,) if schedule else ()
    organisation = build.organisation(rotas=(DUTY,), schedules=schedules)
    return Desk(connection, NOW, organisation, Board(connection))


def test_what_is_handed_to_a_rota_goes_to_whoever_has_the_turn(connection: Connection) -> None:
    desk = with_turns(connection)
    put(desk)

    (assigned,) = does(desk, "ren", Action.HAND_OVER, proposed="duty")

    assert (assigned.issue.owner_id, assigned.issue.team_id) == ("sho", "product")
    assert assigned.reasons.rota == "duty"


def test_whoever_has_the_turn_and_declined_it_is_passed_over(connection: Connection) -> None:
    desk = with_turns(connection)
    put(desk, owner_id="sho")

    (assigned,) = does(desk, "sho", Action.HAND_OVER, proposed="duty")

    assert (assigned.issue.owner_id, assigned.reasons.rota) == ("yui", "duty")


@pytest.mark.parametrize(
    ("shift", "owner_id", "team_id"),
    [({"person": "yui"}, "yui", "shipping"), ({"team": "shipping"}, "ume", "shipping")],
)
def test_what_is_handed_to_a_schedule_goes_to_whom_it_names_now(
    connection: Connection, shift: dict[str, Any], owner_id: str, team_id: str
) -> None:
    desk = with_turns(connection, counter(**shift))
    put(desk)

    (assigned,) = does(desk, "ren", Action.HAND_OVER, proposed="counter")

    assert (assigned.issue.owner_id, assigned.issue.team_id) == (owner_id, team_id)
    assert assigned.reasons.schedule == "counter"


def test_nothing_is_handed_to_a_schedule_in_a_gap(connection: Connection) -> None:
    desk = with_turns(connection, counter(during=NIGHTS, person="yui"))
    put(desk)

    refused = does(desk, "ren", Action.HAND_OVER, proposed="counter")

    assert refusal(refused) is Refusal.NO_SUCH_OWNER


# Helped with


def test_a_colleague_is_asked_for_help_and_the_owner_remains(desk: Desk) -> None:
    put(desk)

    (helped,) = does(desk, "ren", Action.ASK, proposed="yui", text="Which lamp is it?")

    assert isinstance(helped, IssueHelped)
    assert (helped.helper_id, helped.text) == ("yui", "Which lamp is it?")
    assert (helped.issue.owner_id, helped.issue.helper_ids) == ("ren", ("yui",))


def test_whoever_helps_answers_the_carrier(desk: Desk) -> None:
    put(desk, helper_ids=["yui"])

    (answer,) = does(desk, "yui", Action.ANSWER, text="The red one.")
    (by_mail,) = handlers.message_received(message("yui", text="Press it twice."), desk)

    assert isinstance(answer, IssueResponded)
    assert isinstance(by_mail, IssueResponded)
    assert by_mail.actor_id == "yui"
    assert by_mail.issue.state is State.ASSIGNED
    assert "yui" in desk.answered("emi")


def test_asking_the_same_colleague_again_needs_words(desk: Desk) -> None:
    put(desk, helper_ids=["yui"])

    silent = does(desk, "ren", Action.ASK, proposed="yui", text=" ")
    (asked,) = does(desk, "ren", Action.ASK, proposed="yui", text="Anything new?")

    assert silent == []
    assert asked.issue.helper_ids == ("yui",)


@pytest.mark.parametrize(
    ("who", "proposed", "refused"),
    [
        ("ren", None, Refusal.INCOMPLETE),
        ("ren", "shipping", Refusal.NO_SUCH_OWNER),
        ("ren", "nobody", Refusal.NO_SUCH_OWNER),
        ("ren", CUSTOMER, Refusal.NO_SUCH_OWNER),
        ("ren", "emi", Refusal.BACK_TO_CARRIER),
        ("ren", "ren", Refusal.ALREADY_DECLINED),
        ("kai", "ren", Refusal.ALREADY_DECLINED),
        ("yui", "sho", Refusal.NOT_YOURS),
    ],
)
def test_only_a_colleague_can_be_asked_and_only_by_owner_or_leader(
    desk: Desk, who: str, proposed: str | None, refused: Refusal
) -> None:
    put(desk)

    assert refusal(does(desk, who, Action.ASK, proposed=proposed)) is refused


# Merged


def test_a_duplicate_is_closed_and_points_at_the_one_that_is_worked_on(desk: Desk) -> None:
    put(desk)
    put_main(desk)

    (merged,) = does(desk, "ren", Action.MERGE, into=MAIN, text="The same lamp.")
    again = does(desk, "ren", Action.MERGE, into=MAIN, text="The same lamp.")

    assert isinstance(merged, IssueMerged)
    assert (merged.into_reference, merged.text) == ("REF-main", "The same lamp.")
    assert (merged.issue.state, merged.issue.merged_into) == (State.CLOSED, MAIN)
    assert merged.issue.next_step is None
    assert again == []
    assert desk.works["ren"].in_hand_s == 0


@pytest.mark.parametrize("person_id", ["ren", "yui", "kai"])
def test_owners_of_both_and_the_leader_merge(desk: Desk, person_id: str) -> None:
    put(desk)
    put_main(desk)

    (merged,) = does(desk, person_id, Action.MERGE, into=MAIN)

    assert isinstance(merged, IssueMerged)


@pytest.mark.parametrize("action", [Action.MERGE, Action.LINK])
@pytest.mark.parametrize(
    ("into", "refused"),
    [(None, Refusal.INCOMPLETE), ("nothing", Refusal.NO_SUCH_ISSUE)],
)
def test_the_other_issue_must_be_named_and_known(
    desk: Desk, action: Action, into: str | None, refused: Refusal
) -> None:
    put(desk)

    assert refusal(does(desk, "ren", action, into=into)) is refused


def test_what_is_named_only_leads_on_for_whoever_may_know_it(desk: Desk) -> None:
    put(desk)
    put_main(desk)
    put_main(desk, "hidden", confidential=True, **MERGED)

    assert refusal(does(desk, "ren", Action.MERGE, into="hidden")) is Refusal.NO_SUCH_ISSUE


def test_merging_into_a_duplicate_goes_to_what_that_is_the_same_as(desk: Desk) -> None:
    put(desk)
    put_main(desk)
    put_main(desk, "duplicate", **MERGED)

    (merged,) = does(desk, "ren", Action.MERGE, into="duplicate")

    assert merged.issue.merged_into == MAIN
    assert merged.into_reference == "REF-main"


def test_there_is_never_a_circle(desk: Desk) -> None:
    put(desk, **MERGED)
    put_main(desk)

    refused = does(desk, "kai", Action.MERGE, MAIN, into=ISSUE_ID)

    assert refusal(refused) is Refusal.NO_SUCH_ISSUE


def test_what_belongs_to_a_duplicate_moves_along(desk: Desk) -> None:
    put(desk)
    put_main(desk, parent_id="problem")
    put_main(desk, "problem")
    put_main(desk, "same", **{**MERGED, "merged_into": ISSUE_ID})
    put_main(desk, "part", parent_id=ISSUE_ID)

    events = does(desk, "ren", Action.MERGE, into=MAIN)

    assert said_of(events) == [
        (IssueMerged, ISSUE_ID),
        (IssueMerged, "same"),
        (IssueLinked, "part"),
    ]
    assert kept(desk, "same").merged_into == MAIN
    assert kept(desk, "part").parent_id == "problem"


CONFIDENTIAL: dict[str, Any] = {
    "confidential": True,
    "owner_id": "ren",
    "carrier_id": "emi",
    "reporter_id": "emi",
}


def test_nothing_moves_along_to_what_its_people_must_not_know(desk: Desk) -> None:
    put(desk, confidential=True)
    put_main(desk, **CONFIDENTIAL)
    put_main(desk, "same", **{**MERGED, "merged_into": ISSUE_ID})
    put_main(desk, "part", parent_id=ISSUE_ID)

    events = does(desk, "ren", Action.MERGE, into=MAIN)

    assert said_of(events) == [
        (IssueMerged, ISSUE_ID),
        (IssueSeparated, "same"),
        (IssueSeparated, "part"),
    ]
    assert kept(desk, "same").state is State.ASSIGNED
    assert kept(desk, "part").parent_id is None


def test_both_carriers_hear_an_answer_and_only_its_text_and_files_are_shared(desk: Desk) -> None:
    put(desk, **MERGED)
    put_main(desk)
    words = message("yui", text="We know why.", raw_sha256="1" * 64, attachments=(PICTURE,))

    answer, shared = handlers.message_received(
        words.model_copy(update={"issue_id": MAIN, "html_sha256": "2" * 64}), desk
    )

    assert isinstance(answer, IssueResponded)
    assert isinstance(shared, IssueResponded)
    assert (answer.shared_from, shared.shared_from) == (None, MAIN)
    assert (shared.issue_id, shared.actor_id, shared.text) == (ISSUE_ID, "yui", "We know why.")
    assert shared.attachments == (PICTURE,)
    assert (shared.raw_sha256, shared.html_sha256) == (None, None)
    assert shared.issue.state is State.CLOSED
    assert "yui" in desk.answered("emi")


def test_an_answer_by_telephone_is_for_the_one_who_had_it(desk: Desk) -> None:
    put(desk, **MERGED)
    put_main(desk)

    events = does(desk, "aki", Action.ANSWERED_ELSEWHERE, MAIN)

    assert said_of(events) == [(IssueResponded, MAIN)]


def test_both_carriers_hear_that_it_is_solved_closed_and_open_again(desk: Desk) -> None:
    put(desk, **MERGED)
    put_main(desk)

    solved = does(desk, "yui", Action.RESOLVE, MAIN, cause="fault", text="A new lamp.")
    closed = does(desk, "aki", Action.CONFIRM, MAIN, text="Thank you, Yui.")
    opened = does(desk, "aki", Action.REOPEN, MAIN, text="It is dark again.")

    assert said_of(solved) == [(IssueResolved, MAIN), (IssueResolved, ISSUE_ID)]
    assert said_of(closed) == [(IssueClosed, MAIN), (IssueClosed, ISSUE_ID)]
    assert said_of(opened) == [(IssueReopened, MAIN), (IssueReopened, ISSUE_ID)]
    assert [events[1].shared_from for events in (solved, closed, opened)] == [MAIN] * 3
    assert [events[1].text for events in (solved, closed, opened)] == ["A new lamp.", None, None]
    assert closed[1].confirmed
    issue = kept(desk)
    assert (issue.state, issue.merged_into, issue.resolved_at) == (State.CLOSED, MAIN, None)


def test_both_carriers_hear_that_it_closed_by_itself(desk: Desk) -> None:
    put(desk, **MERGED)
    main = put_main(desk, **over(State.RESOLVED), rung=1)
    due = IssueDue(occurred_at=NOW, issue_id=MAIN, step_number=main.step_number)

    closed, shared = handlers.issue_due(due, desk)

    assert isinstance(closed, IssueClosed)
    assert isinstance(shared, IssueClosed)
    assert (closed.shared_from, shared.shared_from) == (None, MAIN)
    assert (shared.actor_id, shared.confirmed) == (None, False)


def test_what_was_merged_is_open_again_where_the_other_was_given_up(desk: Desk) -> None:
    put(desk, **MERGED)
    put_main(desk)
    put_main(desk, "part", parent_id=MAIN)

    events = does(desk, "aki", Action.WITHDRAW, MAIN)

    assert said_of(events) == [
        (IssueClosed, MAIN),
        (IssueSeparated, ISSUE_ID),
        (IssueSeparated, "part"),
    ]
    assert (events[1].actor_id, events[1].from_reference) == (None, "REF-main")
    issue = kept(desk)
    assert (issue.state, issue.owner_id, issue.merged_into) == (State.ASSIGNED, "ren", None)
    assert (issue.next_step, issue.raised_at) == (Step.ACKNOWLEDGE, MONDAY)


@pytest.mark.parametrize("action", [Action.SEPARATE, Action.REOPEN])
def test_its_carrier_says_that_it_is_not_the_same(desk: Desk, action: Action) -> None:
    put(desk, **MERGED)
    put_main(desk)

    (separated,) = does(desk, "emi", action, text="Mine is another lamp.")

    assert isinstance(separated, IssueSeparated)
    assert (separated.from_reference, separated.text) == ("REF-main", "Mine is another lamp.")
    assert (separated.issue.state, separated.issue.reopenings) == (State.ASSIGNED, 0)


@pytest.mark.parametrize("person_id", ["ren", "yui", "kai"])
def test_both_owners_and_the_leader_separate(desk: Desk, person_id: str) -> None:
    put(desk, **MERGED)
    put_main(desk)

    (separated,) = does(desk, person_id, Action.SEPARATE)

    assert isinstance(separated, IssueSeparated)
    assert does(desk, "ren", Action.SEPARATE) == []


def test_a_solution_that_was_none_for_a_duplicate_counts_as_reopening(desk: Desk) -> None:
    put(desk, **MERGED)
    put_main(desk, **over(State.RESOLVED))

    (opened,) = does(desk, "emi", Action.REOPEN)

    assert isinstance(opened, IssueReopened)
    assert (opened.issue.merged_into, opened.issue.reopenings) == (None, 1)
    assert opened.shared_from is None


def test_what_was_merged_goes_to_somebody_who_is_there(desk: Desk) -> None:
    put(desk, **MERGED, owner_id="gone")
    put_main(desk)

    separated, assigned = does(desk, "emi", Action.SEPARATE)

    assert isinstance(separated, IssueSeparated)
    assert isinstance(assigned, IssueAssigned)
    assert assigned.issue.owner_id in desk.organisation.person


def test_what_the_carrier_of_a_duplicate_says_is_for_whoever_works_on_it(desk: Desk) -> None:
    """They are words inside: another customer may have brought in the other issue."""
    put(desk, **MERGED)
    put_main(desk, reporter_id=CUSTOMER)

    own, other = handlers.message_received(message("emi", attachments=(PICTURE,)), desk)

    assert isinstance(own, IssueCommented)
    assert isinstance(other, IssueCommented)
    assert (own.issue_id, own.voice, own.quiet) == (ISSUE_ID, Voice.CARRIER, True)
    assert (other.issue_id, other.voice, other.quiet) == (MAIN, Voice.OTHER, False)
    assert (other.actor_id, other.text, other.attachments) == ("emi", "It blinks.", (PICTURE,))


def test_what_others_say_of_a_duplicate_stays_there(desk: Desk) -> None:
    put(desk, **MERGED)
    put_main(desk)

    events = handlers.message_received(message("mio", Standing.VOUCHED), desk)

    assert said_of(events) == [(IssueCommented, ISSUE_ID)]


def test_nobody_reopens_by_mail_more_often_because_it_was_merged(desk: Desk) -> None:
    put(desk, **MERGED)
    put_main(desk)

    ask(desk, "emi", Action.REOPEN, source=Source.EMAIL)

    assert list(kept(desk).reopened_by_mail) == ["emi"]


# Part of a problem


def test_a_problem_is_solved_once_for_all_its_parts(desk: Desk) -> None:
    put_main(desk, "problem")
    put(desk, parent_id="problem")
    put_main(desk, "second", parent_id="problem", state=State.ASSIGNED, carrier_id="sho")
    put_main(desk, "third", parent_id="problem", **over(State.RESOLVED))
    put_main(desk, "same", **{**MERGED, "merged_into": "second"}, owner_id="mio")

    events = does(desk, "yui", Action.RESOLVE, "problem", cause="fault", text="A new lamp.")

    assert said_of(events) == [
        (IssueResolved, "problem"),
        (IssueResolved, ISSUE_ID),
        (IssueResolved, "second"),
        (IssueResolved, "same"),
    ]
    assert [one.shared_from for one in events] == [None, "problem", "problem", "second"]
    part = events[1]
    assert (part.text, part.actor_id, part.issue.cause) == ("A new lamp.", "yui", "fault")
    assert (part.issue.state, part.issue.next_step) == (State.RESOLVED, Step.CONFIRM)
    assert "yui" in desk.answered("sho")


def test_each_carrier_of_a_part_confirms_for_themselves(desk: Desk) -> None:
    put_main(desk, "problem")
    put(desk, parent_id="problem")
    does(desk, "yui", Action.RESOLVE, "problem", cause="fault")

    (closed,) = does(desk, "emi", Action.CONFIRM)

    assert isinstance(closed, IssueClosed)
    assert kept(desk, "problem").state is State.RESOLVED


@pytest.mark.parametrize("person_id", ["ren", "yui", "kai"])
def test_an_issue_becomes_part_of_a_problem_and_stays_open(desk: Desk, person_id: str) -> None:
    put_main(desk, "problem")
    put(desk)

    (linked,) = does(desk, person_id, Action.LINK, into="problem", text="Like the others.")
    again = does(desk, person_id, Action.LINK, into="problem")

    assert isinstance(linked, IssueLinked)
    assert (linked.parent_reference, linked.text) == ("REF-problem", "Like the others.")
    assert (linked.issue.state, linked.issue.parent_id) == (State.ASSIGNED, "problem")
    assert again == []


def test_part_of_a_part_is_part_of_the_problem_and_a_problem_brings_its_parts(desk: Desk) -> None:
    put_main(desk, "problem")
    put_main(desk, "part", parent_id="problem")
    put(desk, state=State.ACKNOWLEDGED, acknowledged_at=MONDAY)
    put_main(desk, "own", parent_id=ISSUE_ID)

    events = does(desk, "ren", Action.LINK, into="part")

    assert said_of(events) == [(IssueLinked, ISSUE_ID), (IssueLinked, "own")]
    assert kept(desk).parent_id == kept(desk, "own").parent_id == "problem"


def test_a_part_that_others_must_not_know_of_does_not_come_along(desk: Desk) -> None:
    put_main(desk, "problem", **CONFIDENTIAL)
    put(desk, confidential=True)
    put_main(desk, "own", parent_id=ISSUE_ID)

    events = does(desk, "ren", Action.LINK, into="problem")

    assert said_of(events) == [(IssueLinked, ISSUE_ID), (IssueSeparated, "own")]


def test_a_problem_is_not_part_of_its_own_part(desk: Desk) -> None:
    put_main(desk, "problem")
    put(desk, parent_id="problem")

    refused = [
        refusal(does(desk, "kai", action, "problem", into=ISSUE_ID))
        for action in (Action.LINK, Action.MERGE)
    ]

    assert refused == [Refusal.NO_SUCH_ISSUE] * 2


@pytest.mark.parametrize("rung", [0, 2])
def test_a_part_goes_on_by_itself_when_it_is_separated(desk: Desk, rung: int) -> None:
    put_main(desk, "problem")
    late = {"rung": rung, "next_step": Step.RESOLVE, "wake_at": NOW}
    issue = put(desk, state=State.ACKNOWLEDGED, acknowledged_at=MONDAY, **late)

    does(desk, "ren", Action.LINK, into="problem")
    (separated,) = does(desk, "emi", Action.SEPARATE, text="Mine is another lamp.")

    assert isinstance(separated, IssueSeparated)
    assert (separated.issue.state, separated.issue.parent_id) == (State.ACKNOWLEDGED, None)
    assert (separated.issue.assignment, separated.issue.raised_at) == (1, issue.raised_at)
    assert separated.issue.next_step in (Step.ANSWER, Step.RESOLVE)


@pytest.mark.parametrize(
    ("problem", "parent_id"), [({}, "problem"), (over(State.RESOLVED), None), (None, None)]
)
def test_a_reopened_part_rests_only_on_a_problem_that_is_worked_on(
    desk: Desk, problem: dict[str, Any] | None, parent_id: str | None
) -> None:
    if problem is not None:
        put_main(desk, "problem", **problem)
    put(desk, parent_id="problem", **over(State.RESOLVED))

    (opened,) = does(desk, "emi", Action.REOPEN)

    assert opened.issue.parent_id == parent_id


def test_a_thousand_parts_are_solved_at_once_with_few_statements(connection: Connection) -> None:
    organisation, board = build.organisation(), Board(connection)
    before = Desk(connection, NOW, organisation, board)
    put_main(before, "problem")
    for nth in range(1_000):
        put_main(before, f"part-{nth:04}", parent_id="problem", carrier_id=f"x-{nth}")
    before.write()
    desk, statements = Desk(connection, NOW, organisation, board), Statements(connection)
    asked = wish("yui", Action.RESOLVE, cause="fault", text="A new lamp.")
    request = asked.model_copy(update={"issue_id": "problem"})

    with statements:
        desk.expect([request])
        events = handlers.action_requested(request, desk)

    assert len(events) == 1_001
    assert {event.issue.state for event in events if isinstance(event, IssueEvent)} == {
        State.RESOLVED
    }
    assert statements.count < 12


class Statements:
    """Counts what is asked of the database."""

    def __init__(self, connection: Connection) -> None:
        self.count = 0
        self._connection = connection

    def _heard(self, *_: Any) -> None:
        self.count += 1

    def __enter__(self) -> None:
        from sqlalchemy import event

        event.listen(self._connection, "before_cursor_execute", self._heard)

    def __exit__(self, *_: object) -> None:
        from sqlalchemy import event

        event.remove(self._connection, "before_cursor_execute", self._heard)


def test_the_desk_knows_what_belongs_together_before_and_after_it_is_written(
    connection: Connection,
) -> None:
    organisation, board = build.organisation(), Board(connection)
    desk = Desk(connection, NOW, organisation, board)
    put_main(desk)
    put(desk, **MERGED)
    put_main(desk, "part", parent_id=MAIN)

    def known(desk: Desk) -> tuple[list[str], list[str]]:
        merged, parts = desk.merged_into(MAIN), desk.parts_of(MAIN)
        return [one.issue_id for one in merged], [one.issue_id for one in parts]

    unwritten = known(desk)
    desk.write()
    written = known(desk)
    put(desk)
    put_main(desk, "part", parent_id=MAIN, **over(State.RESOLVED))
    changed = known(desk)

    assert unwritten == written == ([ISSUE_ID], ["part"])
    assert changed == ([], [])
    assert known(Desk(connection, NOW, organisation, board)) == written


def test_what_was_undone_belongs_to_nothing(desk: Desk) -> None:
    put(desk)
    put_main(desk)
    desk.mark()
    does(desk, "ren", Action.MERGE, into=MAIN)

    desk.undo()

    assert desk.merged_into(MAIN) == []


# Opened again


def reopened(desk: Desk, times: int, **said: Any) -> Any:
    put(desk, **{**SOLVED, "reopenings": times - 1, **said})
    return does(desk, "emi", Action.REOPEN, text="Still dark.")


def test_the_first_reopening_goes_to_the_owner_alone(desk: Desk) -> None:
    (opened,) = reopened(desk, 1)

    assert (opened.issue.owner_id, opened.issue.reopenings) == ("ren", 1)


def test_of_the_second_reopening_the_lead_hears(desk: Desk) -> None:
    opened, told = reopened(desk, 2)

    assert isinstance(opened, IssueReopened)
    assert isinstance(told, IssueEscalated)
    assert (told.person_id, told.gives, told.step) == ("mio", False, Step.ACKNOWLEDGE)
    assert told.because is EscalatedBecause.REOPENED
    assert told.issue.owner_id == "ren"


def test_the_third_reopening_gives_it_to_the_leader(desk: Desk) -> None:
    opened, told, assigned = reopened(desk, 3)

    assert isinstance(opened, IssueReopened)
    assert (told.person_id, told.gives) == ("kai", True)
    assert isinstance(assigned, IssueAssigned)
    assert (assigned.because, assigned.issue.owner_id) == (AssignedBecause.LEADER, "kai")
    assert kept(desk).moves == 0


def test_where_owner_and_team_are_gone_the_leader_hears(desk: Desk) -> None:
    opened, told, assigned = reopened(desk, 2, owner_id="gone", team_id="vanished")

    assert isinstance(opened, IssueReopened)
    assert told.person_id == "kai"
    assert isinstance(assigned, IssueAssigned)


def test_what_is_opened_again_is_lent_to_a_substitute_while_its_owner_is_away(desk: Desk) -> None:
    go_away(desk, "ren", substitute_id="sho")

    opened, lent = reopened(desk, 1)

    assert isinstance(opened, IssueReopened)
    assert isinstance(lent, IssueAssigned)
    assert lent.because is AssignedBecause.ABSENCE
    assert (lent.issue.owner_id, lent.issue.lent_by) == ("sho", "ren")


def test_whoever_takes_back_a_click_complains_of_nothing(desk: Desk) -> None:
    (opened,) = reopened(desk, 2, closed_at=NOW - TAKES_BACK_WITHIN)

    assert isinstance(opened, IssueReopened)
    assert opened.issue.reopenings == 1


def test_what_is_solved_or_merged_waits_for_nobody(desk: Desk) -> None:
    waiting: dict[str, Any] = {"waiting_for": WaitingFor.CARRIER, "waiting_since": MONDAY}
    put(desk, state=State.ACKNOWLEDGED, acknowledged_at=MONDAY, **waiting)

    (solved,) = does(desk, "ren", Action.RESOLVE, cause="fault")

    assert (solved.issue.waiting_for, solved.issue.waiting_since) == (None, None)


def test_links_from_before_a_take_are_void(desk: Desk) -> None:
    put(desk)
    does(desk, "sho", Action.TAKE)

    late = [
        refusal(does(desk, "ren", action, assignment=1, **said))
        for action, said in (
            (Action.ANSWER, {"text": "x"}),
            (Action.HAND_OVER, {"proposed": "sho"}),
            (Action.RESOLVE, {"cause": "fault"}),
        )
    ]

    assert late == [Refusal.OVERTAKEN] * 3
    assert (kept(desk).owner_id, kept(desk).assignment) == ("sho", 2)
