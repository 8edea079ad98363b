"""What stands still and goes on again, and a company that lets all chasing rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from services.router import handlers, store
from services.router.lifecycle import Issue
from services.router.store import Board, Desk
from shared.contracts.event import Event
from shared.contracts.intake import AbsenceSaid, ActionRequested, MessageReceived, PauseSaid
from shared.contracts.issue import Action, Refusal, Source, Standing, State, Step, WaitingFor
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    EscalatedBecause,
    IssueAssigned,
    IssueCommented,
    IssueDue,
    IssueEscalated,
    IssueLapsed,
    IssuePostponed,
    IssuePromised,
    IssueReminded,
    IssueResolved,
    IssueResumed,
    IssueSnoozed,
    IssueWaiting,
    ResumedBecause,
)
from shared.database import open_engine
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY, at


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def open_desk(
    connection: Connection, now: datetime = MONDAY, organisation: Organisation | None = None
) -> Desk:
    return Desk(connection, now, organisation or build.organisation(), Board(connection))


@pytest.fixture
def desk(connection: Connection) -> Desk:
    desk = open_desk(connection)
    desk.put(build.issue())
    return desk


def later(desk: Desk, now: datetime) -> Desk:
    """The next batch, at another time."""
    desk.write()
    return open_desk(desk.connection, now, desk.organisation)


def ask(desk: Desk, action: Action, person_id: str = "ren", **said: Any) -> list[Event]:
    wish = ActionRequested(
        event_id="wish",
        occurred_at=desk.now,
        issue_id=ISSUE_ID,
        person_id=person_id,
        action=action,
        **said,
    )
    return list(handlers.HEARS[ActionRequested].decide(wish, desk))


def refusal(events: list[Event]) -> Refusal:
    (refused,) = events
    assert isinstance(refused, ActionRefused)
    return refused.refusal


def says(desk: Desk, person_id: str) -> list[Event]:
    words = MessageReceived(
        event_id="words",
        occurred_at=desk.now,
        issue_id=ISSUE_ID,
        person_id=person_id,
        source=Source.EMAIL,
        standing=Standing.VOUCHED,
        text="It is AN-20310.",
    )
    return list(handlers.HEARS[MessageReceived].decide(words, desk))


def due(desk: Desk) -> list[Event]:
    issue = kept(desk)
    step = IssueDue(
        event_id="due", occurred_at=desk.now, issue_id=ISSUE_ID, step_number=issue.step_number
    )
    return list(handlers.HEARS[IssueDue].decide(step, desk))


def kept(desk: Desk) -> Issue:
    issue = desk.issue(ISSUE_ID)
    assert issue is not None
    return issue


# Waiting


def test_who_waits_for_the_customer_has_all_the_time_left_that_they_had(desk: Desk) -> None:
    """Asked on Monday at 9:00 and answered on Thursday at 9:00: three days stood still."""
    (waiting,) = ask(desk, Action.WAIT, waiting_for=WaitingFor.CUSTOMER, text="Which number?")
    assert isinstance(waiting, IssueWaiting)
    assert (waiting.issue.next_step, waiting.text) == (Step.WAIT, "Which number?")
    desk = later(desk, at("2026-06-04 09:00"))

    comment, resumed = says(desk, "emi")

    assert isinstance(comment, IssueCommented)
    assert isinstance(resumed, IssueResumed)
    assert resumed.because is ResumedBecause.ANSWERED
    assert (resumed.issue.next_step, resumed.issue.waiting_for) == (Step.ANSWER, None)
    assert resumed.issue.next_step_at == at("2026-06-04 18:00")


def test_words_of_others_end_no_wait(desk: Desk) -> None:
    ask(desk, Action.WAIT, waiting_for=WaitingFor.CARRIER, text="Which number?")

    (_,) = says(desk, "yui")

    assert kept(desk).waiting_for is WaitingFor.CARRIER


def test_words_that_nobody_waits_for_let_nothing_go_on(desk: Desk) -> None:
    (only,) = says(desk, "emi")

    assert isinstance(only, IssueCommented)


def test_the_owner_has_it_again_when_nobody_says_anything(desk: Desk) -> None:
    ask(desk, Action.WAIT, waiting_for=WaitingFor.CARRIER, text="Which number?")
    for day in ("2026-06-03 09:00", "2026-06-04 09:00"):
        desk = later(desk, at(day))
        (reminded,) = due(desk)
        assert isinstance(reminded, IssueReminded)
        assert (reminded.step, reminded.person_id) == (Step.WAIT, "emi")

    (resumed,) = due(later(desk, at("2026-06-05 09:00")))

    assert isinstance(resumed, IssueResumed)
    assert resumed.because is ResumedBecause.UNANSWERED


@pytest.mark.parametrize("person_id", ["ren", "emi", "kai"])
def test_owner_carrier_and_leader_may_let_it_go_on(desk: Desk, person_id: str) -> None:
    ask(desk, Action.WAIT, waiting_for=WaitingFor.CARRIER, text="Which number?")

    (resumed,) = ask(desk, Action.RESUME, person_id)

    assert isinstance(resumed, IssueResumed)
    assert (resumed.because, resumed.actor_id) == (ResumedBecause.ASKED, person_id)


def test_what_does_not_stand_still_cannot_go_on(desk: Desk) -> None:
    assert refusal(ask(desk, Action.RESUME)) is Refusal.NOT_NOW


def test_what_is_solved_while_others_have_the_ball_waits_no_more(desk: Desk) -> None:
    ask(desk, Action.WAIT, waiting_for=WaitingFor.CARRIER, text="Which number?")
    desk = later(desk, MONDAY + 2 * HOUR)

    (resolved,) = ask(desk, Action.RESOLVE, cause="fault", text="Found it.")

    assert isinstance(resolved, IssueResolved)
    assert resolved.issue.waiting_for is None
    assert kept(desk).stood_still_s == 2 * 3600


def test_a_new_owner_has_the_ball(desk: Desk) -> None:
    ask(desk, Action.WAIT, waiting_for=WaitingFor.CARRIER, text="Which number?")

    ask(desk, Action.HAND_OVER, proposed="sho")

    assert (kept(desk).owner_id, kept(desk).waiting_for) == ("sho", None)


# Putting off, promising


def test_what_is_put_off_is_looked_at_again_when_that_is_over(desk: Desk) -> None:
    until = at("2026-06-04 13:00")
    (snoozed,) = ask(desk, Action.SNOOZE, until=until, text="The part comes on Thursday.")
    assert isinstance(snoozed, IssueSnoozed)
    assert snoozed.issue.next_step_at == until
    says(desk, "emi")
    assert kept(desk).wake_at == until

    (resumed,) = due(later(desk, until))

    assert isinstance(resumed, IssueResumed)
    assert resumed.because is ResumedBecause.OVER
    assert resumed.issue.snoozed_until is None


def test_what_is_put_off_again_and_again_without_a_word_to_the_carrier_goes_up(
    desk: Desk,
) -> None:
    """The first time with a reason is nobody else's business."""
    ask(desk, Action.SNOOZE, until=at("2026-06-04 13:00"), text="The part comes on Thursday.")
    told = []
    for now, until in (
        (at("2026-06-03 13:00"), at("2026-06-08 13:00")),
        (at("2026-06-15 13:00"), at("2026-06-18 13:00")),
    ):
        desk = later(desk, now)
        snoozed, escalated = ask(desk, Action.SNOOZE, until=until, text="Not yet.")
        assert isinstance(snoozed, IssueSnoozed)
        assert isinstance(escalated, IssueEscalated)
        assert escalated.issue.version == snoozed.issue.version + 1
        assert kept(desk).wake_at == until
        told.append((escalated.step, escalated.person_id, escalated.gives))

    assert told == [(Step.ANSWER, "mio", False), (Step.ANSWER, "kai", False)]

    ask(desk, Action.ANSWER, text="It has come.")
    (snoozed,) = ask(desk, Action.SNOOZE, until=at("2026-06-17 13:00"), text="To test it.")
    assert isinstance(snoozed, IssueSnoozed)


@pytest.mark.parametrize(
    ("said", "kept_as"),
    [
        ("2026-06-07 12:00", "2026-06-08 09:00"),
        ("2026-06-04 20:00", "2026-06-05 09:00"),
        ("2026-06-05 11:00", "2026-06-05 11:00"),
    ],
)
@pytest.mark.parametrize("action", [Action.SNOOZE, Action.WAIT])
def test_what_is_put_off_to_a_day_off_says_the_working_day_on_which_it_is_looked_at(
    desk: Desk, action: Action, said: str, kept_as: str
) -> None:
    desk = later(desk, at("2026-06-02 09:00"))

    (told,) = ask(desk, action, until=at(said), text="?", **_for(action))

    assert isinstance(told, IssueSnoozed | IssueWaiting)
    assert told.issue.snoozed_until == told.issue.next_step_at == at(kept_as)


def _for(action: Action) -> dict[str, Any]:
    return {"waiting_for": WaitingFor.CARRIER} if action is Action.WAIT else {}


def test_an_answer_given_meanwhile_does_not_end_the_time_for_which_it_is_put_off(
    desk: Desk,
) -> None:
    until = at("2026-06-04 13:00")
    ask(desk, Action.SNOOZE, until=until, text="The part comes on Thursday.")

    ask(desk, Action.ANSWER, text="Soon.")

    assert kept(desk).wake_at == until


def test_a_promised_day_is_said_with_the_one_before_it(desk: Desk) -> None:
    first, second = at("2026-06-03 12:00"), at("2026-06-04 12:00")
    ask(desk, Action.PROMISE, until=first)

    (promised,) = ask(desk, Action.PROMISE, until=second, text="The test takes longer.")

    assert isinstance(promised, IssuePromised)
    assert (promised.previously_at, promised.issue.promised_at) == (first, second)
    assert promised.issue.state is State.ACKNOWLEDGED


def promise(desk: Desk, day: str, person_id: str = "ren") -> list[tuple[str, Step, bool]]:
    """Who is told further up that it is promised for this day, of which step, and why."""
    promised, *told = ask(desk, Action.PROMISE, person_id, until=at(f"2026-06-{day} 12:00"))
    assert isinstance(promised, IssuePromised)
    found = []
    for one in told:
        assert isinstance(one, IssueEscalated)
        assert not one.gives
        assert one.issue.version == promised.issue.version + 1
        found.append((one.person_id, one.step, one.because is EscalatedBecause.PROMISE))
    return found


def test_a_promise_that_is_moved_again_and_again_goes_up(desk: Desk) -> None:
    """The first day and one more are the owner's business, and so is a day that comes sooner."""
    told = [promise(desk, day) for day in ("03", "04", "03", "05", "08", "09")]

    assert told == [
        [],
        [],
        [],
        [("mio", Step.RESOLVE, True)],
        [("mio", Step.RESOLVE, True)],
        [("kai", Step.RESOLVE, True)],
    ]


def test_a_promise_that_was_broken_goes_up_when_it_is_moved(desk: Desk) -> None:
    promise(desk, "03")

    desk = later(desk, at("2026-06-03 12:00"))
    assert promise(desk, "04") == [("mio", Step.RESOLVE, True)]
    desk = later(desk, at("2026-06-05 09:00"))
    assert promise(desk, "08") == [("kai", Step.RESOLVE, True)]


def test_who_moves_a_promise_for_others_is_not_told_of_it(desk: Desk) -> None:
    promise(desk, "03")
    desk = later(desk, at("2026-06-04 09:00"))
    assert promise(desk, "05", "kai") == [("mio", Step.RESOLVE, True)]
    desk = later(desk, at("2026-06-08 09:00"))

    assert promise(desk, "09", "kai") == []


@pytest.mark.parametrize(
    ("action", "said", "why"),
    [
        (Action.SNOOZE, {"text": "Later."}, Refusal.INCOMPLETE),
        (Action.SNOOZE, {"until": MONDAY + HOUR, "text": " "}, Refusal.INCOMPLETE),
        (Action.SNOOZE, {"until": MONDAY, "text": "Later."}, Refusal.BAD_DATE),
        (Action.SNOOZE, {"until": at("2026-06-09 09:00"), "text": "Later."}, Refusal.BAD_DATE),
        (Action.WAIT, {"text": "Which?"}, Refusal.INCOMPLETE),
        (Action.WAIT, {"waiting_for": WaitingFor.CARRIER}, Refusal.INCOMPLETE),
        (
            Action.WAIT,
            {"waiting_for": WaitingFor.CARRIER, "text": "Which?", "until": MONDAY},
            Refusal.BAD_DATE,
        ),
        (Action.PROMISE, {}, Refusal.INCOMPLETE),
        (Action.PROMISE, {"until": MONDAY}, Refusal.BAD_DATE),
        (Action.PROMISE, {"until": at("2029-06-04 09:00")}, Refusal.BAD_DATE),
    ],
)
def test_what_can_not_stand_still_so_is_refused(
    desk: Desk, action: Action, said: dict[str, Any], why: Refusal
) -> None:
    assert refusal(ask(desk, action, **said)) is why


# A yes that lapses, policies of their own


def test_an_owner_who_took_it_and_did_nothing_is_asked_again(connection: Connection) -> None:
    lasting = build.policy(lasts="1d", answer_within="5d", resolve_within="9d")
    organisation = build.organisation(more_policies={"lasting": lasting})
    desk = open_desk(connection, organisation=organisation)
    desk.put(build.issue(policy="lasting"))
    ask(desk, Action.ACKNOWLEDGE)
    desk = later(desk, at("2026-06-02 09:00"))

    (lapsed,) = due(desk)

    assert isinstance(lapsed, IssueLapsed)
    assert (lapsed.issue.state, lapsed.issue.next_step) == (State.ASSIGNED, Step.ACKNOWLEDGE)
    assert lapsed.issue.next_step_at == at("2026-06-02 14:00")


# Chasing rests

TUESDAY, WEDNESDAY = at("2026-06-02 09:00"), at("2026-06-03 09:00")


def say(desk: Desk, person_id: str = "kai", **said: Any) -> list[Event]:
    usual = {"starts_at": TUESDAY, "ends_at": WEDNESDAY, "text": "台風のため"}
    pause = PauseSaid(
        event_id="pause",
        occurred_at=desk.now,
        pause_id="typhoon",
        person_id=person_id,
        **(usual | said),
    )
    return list(handlers.HEARS[PauseSaid].decide(pause, desk))


def move_plans(desk: Desk) -> list[Event]:
    return list(handlers.plans_moved("typhoon", "", desk))


def test_everybody_concerned_hears_that_chasing_rests(desk: Desk) -> None:
    desk.write()

    (paused,) = say(desk)

    assert isinstance(paused, ChasingPaused)
    assert (paused.concerned, paused.text) == (("emi", "ren"), "台風のため")


def test_a_larger_company_hears_it_in_several_parts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.router.handlers.paused.MOST_TOLD", 1)
    desk.write()

    assert [one.concerned for one in say(desk) if isinstance(one, ChasingPaused)] == [
        ("emi",),
        ("ren",),
    ]


def test_only_the_leader_lets_chasing_rest_and_others_hear_so(desk: Desk) -> None:
    """Intake has let it pass, as where the leader has just become another."""
    (refused,) = say(desk, "ren")

    assert isinstance(refused, ChasingResumed)
    assert (refused.concerned, refused.refused) == (("ren",), True)
    assert (refused.starts_at, refused.ends_at) == (TUESDAY, WEDNESDAY)
    assert desk.pauses == []


@pytest.mark.parametrize("said", [{"ended": True}, {"ends_at": WEDNESDAY + HOUR}])
def test_who_does_not_lead_hears_that_a_pause_stays_as_it_is(
    desk: Desk, said: dict[str, Any]
) -> None:
    say(desk)

    (refused,) = say(desk, "ren", **said)

    assert isinstance(refused, ChasingPaused)
    assert (refused.concerned, refused.refused) == (("ren",), True)
    assert (refused.ends_at, refused.said_by_id, refused.text) == (WEDNESDAY, "kai", "台風のため")
    assert desk.rests == ((TUESDAY, WEDNESDAY),)


def test_a_pause_that_is_over_stays_so_for_who_does_not_lead(desk: Desk) -> None:
    say(desk)
    say(desk, ended=True)

    (refused,) = say(desk, "ren")

    assert isinstance(refused, ChasingResumed)
    assert refused.refused


def test_what_has_no_time_at_all_is_no_pause(desk: Desk) -> None:
    assert say(desk, ends_at=TUESDAY) == []


def test_no_deadline_runs_while_chasing_rests(desk: Desk) -> None:
    """Four hours from Monday 17:00: one is left when the day ends, three on Wednesday."""
    desk = later(desk, at("2026-06-01 17:00"))
    ask(desk, Action.HAND_OVER, proposed="sho")
    assert kept(desk).next_step_at == at("2026-06-02 12:00")
    desk = later(desk, at("2026-06-01 17:30"))
    say(desk)

    (postponed,) = move_plans(later(desk, at("2026-06-01 17:30")))

    assert isinstance(postponed, IssuePostponed)
    assert postponed.issue.next_step_at == at("2026-06-03 12:00")


def test_a_pause_that_ends_early_gives_back_the_time_that_was_added(desk: Desk) -> None:
    say(desk, ends_at=at("2026-06-12 18:00"))
    ask(desk, Action.SNOOZE, until=at("2026-06-01 17:00"), text="Later.")
    ask(desk, Action.RESUME)
    ask(desk, Action.ANSWER, text="Soon.")
    assert kept(desk).next_step_at == at("2026-06-16 18:00")
    desk = later(desk, TUESDAY + HOUR)

    (resumed,) = say(desk, ended=True)
    (postponed,) = move_plans(desk)

    assert isinstance(resumed, ChasingResumed)
    assert isinstance(postponed, IssuePostponed)
    assert postponed.issue.next_step_at == at("2026-06-04 10:00")


def test_what_is_due_before_chasing_rests_stays_as_it_is(desk: Desk) -> None:
    desk.write()
    say(desk)
    desk.write()

    assert move_plans(desk) == []
    assert desk.pause("typhoon").moving is None  # type: ignore[union-attr]


def test_plans_are_moved_a_part_at_a_time(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.router.handlers.paused.MOST_MOVED", 2)
    desk = open_desk(connection)
    for n in range(5):
        desk.put(build.issue(issue_id=f"{n}", reference=f"{n}", wake_at=WEDNESDAY + HOUR))
        desk.put(
            build.issue(
                issue_id=f"{n}",
                reference=f"{n}",
                planned_at=MONDAY - HOUR,
                wake_at=WEDNESDAY + HOUR,
                next_step_at=WEDNESDAY + HOUR,
            )
        )
    say(desk)
    told: list[int] = []
    after_id: str | None = ""

    while after_id is not None:
        desk = later(desk, MONDAY)
        told.append(len(handlers.plans_moved("typhoon", after_id, desk)))
        again = handlers.plans_moved("typhoon", after_id, desk)
        assert after_id != "" or again == []
        after_id = desk.pause("typhoon").moving  # type: ignore[union-attr]

    assert told == [2, 2, 1]


def test_everybody_hears_once_that_it_goes_on(desk: Desk) -> None:
    desk.write()
    say(desk)

    assert handlers.pause_over("typhoon", later(desk, WEDNESDAY - HOUR)) == []
    (resumed,) = handlers.pause_over("typhoon", later(desk, WEDNESDAY))

    assert isinstance(resumed, ChasingResumed)
    desk = later(desk, WEDNESDAY)
    handlers.pause_over("typhoon", desk)
    assert handlers.pause_over("typhoon", desk) == []
    assert say(desk, ended=True) == []


def test_a_decision_that_is_taken_back_takes_its_pause_back(desk: Desk) -> None:
    desk.mark()
    say(desk)
    assert desk.rests == ((TUESDAY, WEDNESDAY),)

    desk.undo()

    assert desk.rests == ()
    assert desk.pauses == []


def test_what_an_unknown_pause_moves_is_nothing(desk: Desk) -> None:
    assert handlers.plans_moved("no such", "", desk) == []
    assert handlers.pause_over("no such", desk) == []
    assert say(desk, ended=True) == []


def test_the_clock_is_told_what_is_in_force(desk: Desk) -> None:
    say(desk)
    desk.write()

    (found,) = store.pauses_in_force(desk.connection, MONDAY)

    assert (found.pause_id, found.wake_at, found.moving) == ("typhoon", WEDNESDAY, "")
    assert found.holds(TUESDAY + timedelta(minutes=1))


# Who leads while the leader is away


@pytest.mark.parametrize(
    ("said", "leads"),
    [({}, "mio"), ({"carrier_id": "mio"}, "kai"), ({"reporter_id": "mio"}, "kai")],
)
def test_what_nobody_does_goes_to_whoever_acts_for_the_leader_if_they_may_have_it(
    connection: Connection, said: dict[str, Any], leads: str
) -> None:
    people = build.organisation().people
    kai = next(one for one in people if one.id == "kai").model_copy(update={"substitute": "mio"})
    others = [one for one in people if one.id != "kai"]
    desk = open_desk(connection, organisation=build.organisation(people=(kai, *others)))
    away = AbsenceSaid(
        event_id="away",
        occurred_at=MONDAY,
        absence_id="away",
        person_id="kai",
        said_by_id="kai",
        starts_at=MONDAY,
        ends_at=MONDAY + timedelta(days=9),
    )
    handlers.HEARS[AbsenceSaid].decide(away, desk)
    handlers.absence_turns("away", MONDAY, desk)
    desk.put(build.issue(team_id="shipping", owner_id="yui", rung=3, **said))

    *_, last = due(later(desk, MONDAY + 5 * HOUR))

    assert isinstance(last, IssueAssigned)
    assert last.issue.owner_id == leads
