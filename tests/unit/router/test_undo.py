"""What the router does when something is taken back, by a person or because no person did it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from services.router import handlers, lifecycle, store
from services.router.handlers.keep import plan
from services.router.lifecycle import Issue
from services.router.store import Board, Desk, Lesson
from services.router.undoing import CONTRADICT_WITHIN, KEPT_FOR, UNDO_WITHIN
from shared.contracts.event import Event
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, DeclineReason, Refusal, State, UndoneBecause
from shared.contracts.router import ActionRefused, IssueAssigned, IssueEvent, IssueUndone
from shared.database import open_engine
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY

NOW = MONDAY + HOUR
SECOND = timedelta(seconds=1)


class Office:
    """A router's desk, on which one request after the other is decided."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.organisation = build.organisation()
        self.board = Board(connection)
        self._ids = (f"request-{nth}" for nth in itertools.count(1))
        self.bring(build.issue())

    def bring(self, issue: Issue) -> None:
        desk = self.desk(NOW)
        desk.put(plan(issue, desk) if issue.state is not State.CLOSED else issue)
        desk.write()

    def desk(self, now: datetime) -> Desk:
        return Desk(self.connection, now, self.organisation, self.board)

    def ask(
        self, action: Action, who: str = "ren", after: timedelta = timedelta(), **said: Any
    ) -> list[Event]:
        usual: dict[str, Any] = {
            "event_id": next(self._ids),
            "occurred_at": NOW + after,
            "issue_id": ISSUE_ID,
            "assignment": None if action is Action.UNDO else 1,
            "by_link": True,
            "text": "Because.",
            "reason": DeclineReason.NO_TIME,
            "proposed": "mio",
            "cause": "fault",
            "until": NOW + timedelta(days=1),
        }
        desk = self.desk(NOW + after)
        request = ActionRequested(person_id=who, action=action, **usual | said)
        events = handlers.HEARS[ActionRequested].decide(request, desk)
        desk.write()
        return list(events)

    @property
    def issue(self) -> Issue:
        found = self.desk(NOW).issue(ISSUE_ID)
        assert found is not None
        return found

    def in_hand(self) -> dict[str, tuple[int, int]]:
        works = self.board.works.items()
        return {who: (round(one.in_hand_s), one.open_issues) for who, one in works if one.in_hand_s}


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield Office(connection)
    engine.dispose()


def refusal(events: list[Event]) -> Refusal | None:
    (*_, last) = events
    return last.refusal if isinstance(last, ActionRefused) else None


def undone(events: list[Event]) -> IssueUndone:
    (event,) = (one for one in events if isinstance(one, IssueUndone))
    return event


def as_it_was(before: Issue, now: Issue) -> bool:
    """But for what counts its versions and plans."""
    counts = {"version", "step_number", "changed_at", "taken_at"}
    same = {name: getattr(before, name) for name in counts}
    return replace(now, **same) == before


@pytest.mark.parametrize(
    ("action", "who"),
    [
        (Action.ACKNOWLEDGE, "ren"),
        (Action.DECLINE, "ren"),
        (Action.HAND_OVER, "ren"),
        (Action.TAKE, "sho"),
        (Action.RESOLVE, "ren"),
        (Action.SNOOZE, "ren"),
        (Action.PROMISE, "ren"),
        (Action.ASK, "ren"),
        (Action.WITHDRAW, "emi"),
    ],
)
def test_whoever_did_it_takes_it_back(office: Office, action: Action, who: str) -> None:
    before, in_hand = office.issue, office.in_hand()
    first, *_ = office.ask(action, who)
    assert isinstance(first, IssueEvent)
    assert first.undo_until == NOW + UNDO_WITHIN

    event = undone(office.ask(Action.UNDO, who, SECOND, undoes="request-1"))

    assert (event.undone, event.of_id, event.actor_id) == ((action,), who, who)
    assert (event.because, event.requests) == (UndoneBecause.ASKED, ("request-1",))
    assert as_it_was(before, office.issue)
    assert office.in_hand() == in_hand


def test_what_was_solved_and_confirmed_is_only_solved_again(office: Office) -> None:
    office.ask(Action.RESOLVE)
    before = office.issue
    office.ask(Action.CONFIRM, "emi", 2 * SECOND)

    event = undone(office.ask(Action.UNDO, "emi", 3 * SECOND, undoes="request-2"))

    assert event.issue.state is State.RESOLVED
    assert as_it_was(before, office.issue)


def test_taking_back_twice_changes_nothing(office: Office) -> None:
    office.ask(Action.RESOLVE)
    office.ask(Action.UNDO, after=SECOND, undoes="request-1")
    before = office.issue

    assert office.ask(Action.UNDO, after=2 * SECOND, undoes="request-1") == []
    assert office.issue == before


def test_nobody_takes_back_what_somebody_else_did(office: Office) -> None:
    office.ask(Action.RESOLVE)

    events = office.ask(Action.UNDO, "emi", SECOND, undoes="request-1")

    assert refusal(events) is Refusal.NOT_YOURS


@pytest.mark.parametrize("undoes", [None, "never heard of"])
def test_nothing_is_taken_back_that_was_never_done(office: Office, undoes: str | None) -> None:
    assert refusal(office.ask(Action.UNDO, undoes=undoes)) is Refusal.TOO_LATE


def test_after_an_hour_it_is_too_late(office: Office) -> None:
    office.ask(Action.RESOLVE)

    events = office.ask(Action.UNDO, after=UNDO_WITHIN + SECOND, undoes="request-1")

    assert refusal(events) is Refusal.TOO_LATE


def test_once_something_else_has_happened_it_is_too_late(office: Office) -> None:
    office.ask(Action.ACKNOWLEDGE)
    office.ask(Action.PROMISE, after=HOUR / 2)

    events = office.ask(Action.UNDO, after=HOUR / 2 + SECOND, undoes="request-1")

    assert refusal(events) is Refusal.TOO_LATE


@pytest.mark.parametrize("action", [Action.ANSWER, Action.CORRECT])
def test_words_that_are_out_cannot_be_taken_back(office: Office, action: Action) -> None:
    said = {"correction": {"summary": "Otherwise"}} if action is Action.CORRECT else {}
    (event,) = office.ask(action, **said)

    assert isinstance(event, IssueEvent)
    assert event.undo_until is None
    assert refusal(office.ask(Action.UNDO, undoes="request-1")) is Refusal.TOO_LATE


def test_what_touched_other_issues_cannot_be_taken_back(office: Office) -> None:
    office.bring(lifecycle.link(build.issue(issue_id="part", reference="PART"), ISSUE_ID))

    events = office.ask(Action.RESOLVE)

    assert len(events) == 2
    assert refusal(office.ask(Action.UNDO, undoes="request-1")) is Refusal.TOO_LATE


def test_what_others_wait_for_is_not_closed_again(office: Office) -> None:
    office.ask(Action.RESOLVE)
    office.ask(Action.REOPEN, "emi", HOUR / 2)
    office.bring(lifecycle.merge(build.issue(issue_id="same", reference="SAME"), ISSUE_ID, NOW))

    events = office.ask(Action.UNDO, "emi", HOUR / 2 + SECOND, undoes="request-2")

    assert refusal(events) is Refusal.TOO_LATE


def test_a_part_whose_problem_is_over_stands_for_itself_when_it_is_open_again(
    office: Office,
) -> None:
    problem = build.issue(issue_id="problem", reference="WHOLE")
    office.bring(problem)
    office.bring(lifecycle.link(office.issue, "problem"))
    office.ask(Action.RESOLVE)
    office.bring(lifecycle.close(problem, NOW))

    office.ask(Action.UNDO, after=SECOND, undoes="request-1")

    assert office.issue.parent_id is None


def test_what_comes_back_to_somebody_who_has_left_goes_to_somebody_else(office: Office) -> None:
    office.ask(Action.HAND_OVER)
    people = [one for one in office.organisation.people if one.id != "ren"]
    office.organisation = build.organisation(people=people)

    undo, assigned = office.ask(Action.UNDO, after=SECOND, undoes="request-1")

    assert isinstance(undo, IssueUndone)
    assert isinstance(assigned, IssueAssigned)
    assert office.issue.owner_id in office.organisation.person


def test_what_was_closed_stays_so_whoever_has_left(office: Office) -> None:
    office.ask(Action.WITHDRAW, "emi")
    office.ask(Action.REOPEN, "emi", SECOND, assignment=1)
    people = [one for one in office.organisation.people if one.id != "ren"]
    office.organisation = build.organisation(people=people)

    (event,) = office.ask(Action.UNDO, "emi", 2 * SECOND, undoes="request-2")

    assert isinstance(event, IssueUndone)
    assert office.issue.state is State.CLOSED


def test_what_was_lent_is_kept_where_its_lender_is_back_meanwhile(office: Office) -> None:
    office.bring(replace(office.issue, owner_id="mio", lent_by="ren"))
    office.ask(Action.HAND_OVER, "mio", proposed="sho")

    office.ask(Action.UNDO, "mio", SECOND, undoes="request-1")

    assert (office.issue.owner_id, office.issue.lent_by) == ("mio", None)


def test_links_of_the_wrong_owner_are_dead_and_those_of_the_old_one_work(office: Office) -> None:
    office.ask(Action.HAND_OVER)
    office.ask(Action.UNDO, after=20 * SECOND, undoes="request-1")

    assert refusal(office.ask(Action.ACKNOWLEDGE, "mio", 21 * SECOND, assignment=2)) is (
        Refusal.OVERTAKEN
    )
    assert refusal(office.ask(Action.ACKNOWLEDGE, "ren", 40 * SECOND, assignment=1)) is None


def test_history_forgets_what_was_said_by_mistake(office: Office) -> None:
    desk = office.desk(NOW)
    desk.keep_lesson(Lesson(ISSUE_ID, "It does not start", "en", "product", None, NOW, NOW))
    desk.write()
    office.ask(Action.HAND_OVER, proposed="shipping")

    office.ask(Action.UNDO, after=SECOND, undoes="request-1")

    assert store.read_lessons(office.connection, 10) == []


def test_the_opposite_within_ten_seconds_takes_the_first_back_and_is_not_done(
    office: Office,
) -> None:
    before = office.issue
    office.ask(Action.ACKNOWLEDGE)

    events = office.ask(Action.DECLINE, after=CONTRADICT_WITHIN)

    assert undone(events).because is UndoneBecause.CONTRADICTED
    assert (undone(events).of_id, undone(events).actor_id) == ("ren", None)
    assert refusal(events) is Refusal.CONTRADICTED
    assert as_it_was(before, office.issue)


def test_whatever_else_the_same_links_ask_for_is_refused_for_a_moment_only(office: Office) -> None:
    office.ask(Action.ACKNOWLEDGE)
    office.ask(Action.DECLINE, after=SECOND)

    soon = office.ask(Action.ACKNOWLEDGE, after=SECOND + CONTRADICT_WITHIN)
    later = office.ask(Action.ACKNOWLEDGE, after=2 * SECOND + CONTRADICT_WITHIN)

    assert refusal(soon) is Refusal.CONTRADICTED
    assert len(soon) == 1
    assert refusal(later) is None


def test_a_person_may_change_their_mind_after_ten_seconds(office: Office) -> None:
    office.ask(Action.ACKNOWLEDGE)

    events = office.ask(Action.DECLINE, after=CONTRADICT_WITHIN + SECOND)

    assert refusal(events) is None
    assert office.issue.owner_id == "mio"


def test_what_was_taken_back_contradicts_nothing(office: Office) -> None:
    office.ask(Action.ACKNOWLEDGE)
    office.ask(Action.UNDO, after=SECOND, undoes="request-1")

    assert refusal(office.ask(Action.DECLINE, after=2 * SECOND)) is None


def test_a_page_of_ours_without_a_link_contradicts_nothing(office: Office) -> None:
    office.ask(Action.ACKNOWLEDGE, by_link=False)

    assert refusal(office.ask(Action.DECLINE, after=SECOND, by_link=False)) is None


def test_the_decoy_takes_back_all_that_the_same_links_have_just_done(office: Office) -> None:
    before = office.issue
    office.ask(Action.ACKNOWLEDGE)
    office.ask(Action.PROMISE, after=SECOND)

    events = office.ask(Action.DECOY, after=2 * SECOND)

    assert undone(events).undone == (Action.ACKNOWLEDGE, Action.PROMISE)
    assert undone(events).because is UndoneBecause.DECOY
    assert as_it_was(before, office.issue)


def test_after_the_decoy_the_same_links_do_nothing_for_a_moment(office: Office) -> None:
    assert office.ask(Action.DECOY) == []

    soon = office.ask(Action.ACKNOWLEDGE, after=CONTRADICT_WITHIN)
    others = office.ask(Action.WITHDRAW, "emi", CONTRADICT_WITHIN)

    assert refusal(soon) is Refusal.CONTRADICTED
    assert refusal(others) is None


def test_the_decoy_spares_what_a_person_did_before(office: Office) -> None:
    office.ask(Action.ACKNOWLEDGE)

    assert office.ask(Action.DECOY, after=CONTRADICT_WITHIN + SECOND) == []
    assert office.issue.state is State.ACKNOWLEDGED


def test_a_machine_that_takes_back_and_presses_the_decoy_takes_nothing_back(
    office: Office,
) -> None:
    office.ask(Action.RESOLVE)
    solved = office.issue
    office.ask(Action.UNDO, after=HOUR / 2, undoes="request-1", assignment=1)

    event = undone(office.ask(Action.DECOY, after=HOUR / 2 + SECOND))
    again = office.ask(Action.UNDO, after=HOUR / 2 + 20 * SECOND, undoes="request-1")

    assert event.undone == (Action.UNDO,)
    assert event.issue.state is solved.state
    assert undone(again).undone == (Action.RESOLVE,)


def test_what_was_done_long_ago_is_forgotten(office: Office) -> None:
    office.ask(Action.ACKNOWLEDGE)
    office.ask(Action.PROMISE, after=KEPT_FOR + SECOND)

    kept = office.connection.scalar(select(func.count()).select_from(store.acts))

    assert kept == 1


def test_what_a_batch_takes_back_was_never_asked_for(office: Office) -> None:
    desk = office.desk(NOW)
    desk.mark()
    request = ActionRequested(
        event_id="taken back",
        occurred_at=NOW,
        issue_id=ISSUE_ID,
        person_id="ren",
        action=Action.ACKNOWLEDGE,
        assignment=1,
        by_link=True,
    )
    handlers.HEARS[ActionRequested].decide(request, desk)
    desk.undo()

    assert desk.acts_of(ISSUE_ID) == []
