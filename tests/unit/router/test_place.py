"""What neither a rule nor a category places: guessed, or sorted by somebody, and learned from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, select

from services.router import handlers, store
from services.router.lifecycle import Issue
from services.router.store import Board, Desk
from services.router.suggestion.memory import Memory
from shared.contracts.event import Event
from shared.contracts.intake import ActionRequested, Correction, IssueImported, IssueRaised
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    DeclineReason,
    Guess,
    Source,
    State,
)
from shared.contracts.organisation import Organisation, Triage
from shared.contracts.router import IssueAssigned, IssueDeclined
from shared.database import open_engine
from tests.unit import build
from tests.unit.build import ISSUE_ID, MONDAY

NOW = build.at("2026-06-01 10:00")
SORTED = build.organisation(triage=Triage(person="mio", sure=0.8))


class Guesses(Memory):
    """Says what it is told to say."""

    def __init__(self, *guesses: tuple[str, str | None, float]) -> None:
        super().__init__()
        self._said = tuple(
            Guess(team_id=team, category=category, probability=probability)
            for team, category, probability in guesses
        )
        self.asked: list[str] = []
        self.learned = True

    @property
    def has_learned(self) -> bool:
        return self.learned

    def guesses(self, text: str, organisation: Organisation) -> tuple[Guess, ...]:
        self.asked.append(text)
        return self._said


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def desk_of(connection: Connection, memory: Memory, organisation: Organisation = SORTED) -> Desk:
    board = Board(connection)
    board.memory = memory
    return Desk(connection, NOW, organisation, board)


def raise_issue(desk: Desk, **said: Any) -> IssueAssigned:
    (assigned,) = handlers.HEARS[IssueRaised].decide(build.raised(**said), desk)
    assert isinstance(assigned, IssueAssigned)
    return assigned


def ask(desk: Desk, person_id: str, action: Action, **said: Any) -> list[Event]:
    wish = ActionRequested(
        event_id=f"wish-{action}",
        occurred_at=NOW,
        issue_id=ISSUE_ID,
        person_id=person_id,
        action=action,
        **said,
    )
    return list(handlers.action_requested(wish, desk))


def lesson(desk: Desk) -> Any:
    desk.write()
    return desk.connection.execute(select(store.lessons)).one_or_none()


def the_issue(desk: Desk) -> Issue:
    issue = desk.issue(ISSUE_ID)
    assert issue is not None
    return issue


SURE = Guesses(("shipping", "late", 0.9), ("product", None, 0.05))
UNSURE = Guesses(("shipping", "late", 0.6), ("product", None, 0.3))


def test_a_sure_guess_is_followed(connection: Connection) -> None:
    assigned = raise_issue(desk_of(connection, SURE))

    assert assigned.because is AssignedBecause.NEW
    assert (assigned.issue.team_id, assigned.issue.category) == ("shipping", "late")
    assert assigned.reasons.guessed
    assert assigned.reasons.guesses[0].team_id == "shipping"
    assert not assigned.issue.triage


def test_what_teams_say_of_themselves_is_not_followed(connection: Connection) -> None:
    memory = Guesses(("shipping", None, 0.9))
    memory.learned = False

    assert raise_issue(desk_of(connection, memory)).because is AssignedBecause.TRIAGE


def test_without_triage_what_is_guessed_is_only_told(connection: Connection) -> None:
    assigned = raise_issue(desk_of(connection, SURE, build.organisation()))

    assert assigned.issue.team_id == "product"
    assert assigned.reasons.guesses[0].team_id == "shipping"
    assert not assigned.reasons.guessed


def test_an_unsure_one_goes_to_whoever_sorts_with_the_guesses(connection: Connection) -> None:
    assigned = raise_issue(desk_of(connection, UNSURE))

    assert assigned.because is AssignedBecause.TRIAGE
    assert assigned.issue.owner_id == "mio"
    assert assigned.issue.triage
    assert [one.team_id for one in assigned.reasons.guesses] == ["shipping", "product"]
    assert not assigned.reasons.guessed


def test_nobody_sorts_what_they_carry_themselves(connection: Connection) -> None:
    assigned = raise_issue(desk_of(connection, UNSURE), reporter_id="mio")

    assert assigned.because is AssignedBecause.NEW
    assert assigned.issue.owner_id != "mio"
    assert assigned.issue.team_id == SORTED.default_team


def test_without_triage_it_goes_to_the_default_team(connection: Connection) -> None:
    memory = Guesses(("shipping", "late", 0.9))
    memory.learned = False

    assigned = raise_issue(desk_of(connection, memory, build.organisation()))

    assert assigned.issue.team_id == "product"
    assert not memory.asked  # nothing is loaded where nothing was learned and nobody asks


def test_what_a_category_places_is_not_guessed(connection: Connection) -> None:
    memory = Guesses(("product", None, 0.99))

    assigned = raise_issue(desk_of(connection, memory), category="late")

    assert assigned.issue.team_id == "shipping"
    assert not memory.asked
    assert not assigned.reasons.guesses


def test_handing_on_what_one_sorts_is_no_move_and_is_learned(connection: Connection) -> None:
    desk = desk_of(connection, UNSURE)
    raise_issue(desk)
    assert lesson(desk).learned_at is None

    (assigned,) = ask(desk, "mio", Action.HAND_OVER, proposed="shipping")

    assert isinstance(assigned, IssueAssigned)
    assert assigned.issue.team_id == "shipping"
    assert (assigned.issue.moves, assigned.issue.triage) == (0, False)
    learned = lesson(desk)
    assert (learned.team_id, learned.learned_at) == ("shipping", NOW)
    assert learned.text == "it does not start i pressed the button."


def test_not_mine_by_whoever_sorts_is_no_move_either(connection: Connection) -> None:
    desk = desk_of(connection, UNSURE)
    raise_issue(desk)

    events = ask(desk, "mio", Action.DECLINE, proposed="shipping", reason=DeclineReason.NOT_MY_AREA)

    assert not any(isinstance(event, IssueDeclined) for event in events)
    assert the_issue(desk).moves == 0


def test_the_newest_word_counts(connection: Connection) -> None:
    desk = desk_of(connection, SURE)
    raise_issue(desk)
    owner = the_issue(desk).owner_id

    ask(desk, owner, Action.DECLINE, proposed="sales", reason=DeclineReason.NOT_MY_AREA)
    assert lesson(desk).team_id == "sales"
    ask(desk, the_issue(desk).owner_id, Action.HAND_OVER, proposed="product")
    leader = the_issue(desk)
    ask(desk, leader.owner_id, Action.HAND_OVER, proposed="shipping")

    assert lesson(desk).team_id == "shipping"


def test_taking_it_says_where_it_belongs(connection: Connection) -> None:
    desk = desk_of(connection, UNSURE)
    raise_issue(desk)

    ask(desk, "yui", Action.TAKE)

    assert lesson(desk).team_id == "shipping"
    assert not the_issue(desk).triage


def test_a_guess_is_learned_from_once_its_team_has_solved_it(connection: Connection) -> None:
    desk = desk_of(connection, SURE)
    raise_issue(desk)
    assert lesson(desk).learned_at is None

    ask(desk, the_issue(desk).owner_id, Action.RESOLVE, cause="fault", text="Sent again.")

    learned = lesson(desk)
    assert (learned.team_id, learned.category, learned.learned_at) == ("shipping", "late", NOW)


def test_what_whoever_sorts_has_solved_says_nothing(connection: Connection) -> None:
    desk = desk_of(connection, UNSURE)
    raise_issue(desk)

    ask(desk, "mio", Action.RESOLVE, cause="fault", text="It was simple.")

    assert the_issue(desk).state is State.RESOLVED
    assert lesson(desk).learned_at is None


def test_a_corrected_category_is_learned(connection: Connection) -> None:
    desk = desk_of(connection, UNSURE)
    raise_issue(desk, category="late")

    ask(desk, "emi", Action.CORRECT, correction=Correction(category="broken"))
    carrier = the_issue(desk).carrier_id
    ask(desk, carrier, Action.CORRECT, correction=Correction(category="broken"))

    assert lesson(desk).category == "broken"


def test_what_is_confidential_is_not_learned_from(connection: Connection) -> None:
    desk = desk_of(connection, UNSURE)

    raise_issue(desk, confidential=True)
    ask(desk, "mio", Action.HAND_OVER, proposed="shipping")

    assert lesson(desk) is None


def test_an_old_helpdesk_s_issues_are_learned_from(connection: Connection) -> None:
    desk = desk_of(connection, UNSURE)
    imported = IssueImported(
        event_id="event-imported",
        occurred_at=NOW,
        issue_id=ISSUE_ID,
        reference="7K3M-9QWX",
        source=Source.API,
        imported_as="old/1",
        summary="Late again",
        description="",
        reporter_id="emi",
        owner_id="yui",
        language="en",
        raised_at=MONDAY,
        closed_at=NOW,
    )

    handlers.HEARS[IssueImported].decide(imported, desk)

    assert (lesson(desk).team_id, lesson(desk).raised_at) == ("shipping", MONDAY)
