"""Who gets an issue by rule, by turn, by hand; what waits for somebody to be free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from services.router import handlers, store
from services.router.handlers.owner import appoint, find_owner, replace_owner, responsible
from services.router.handlers.queue import MOST_GIVEN
from services.router.presence import Absence, AbsenceSource, AbsenceState
from services.router.rules import Route
from services.router.store import Board, Desk, queues
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    NotChosen,
    State,
    Urgency,
    WaitingFor,
)
from shared.contracts.organisation import Organisation, Rota
from shared.contracts.router import IssueAssigned, IssueDue
from shared.database import open_engine
from tests.unit import build

NOW = build.at("2026-06-01 10:00")
FULL = {"limit": 0}


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def people(**changed: dict[str, Any]) -> Organisation:
    usual = build.organisation().people
    found = tuple(one.model_copy(update=changed.get(one.id, {})) for one in usual)
    rota = Rota(
        id="duty",
        name=build.organisation().name,
        people=("sho", "ren", "sho", "mio"),
        starts=build.at("2026-06-01 00:00"),
    )
    return build.organisation(people=found, rotas=(rota,))


def open_desk(
    connection: Connection, organisation: Organisation | None = None, board: Board | None = None
) -> Desk:
    return Desk(connection, NOW, organisation or people(), board or Board(connection))


@pytest.fixture
def desk(connection: Connection) -> Desk:
    return open_desk(connection)


def leave(desk: Desk, person_id: str, substitute_id: str | None = None, days: int = 9) -> None:
    """From an hour ago for some days."""
    when = NOW - timedelta(hours=1), NOW + timedelta(days)
    said, away = AbsenceSource.SAID, AbsenceState.AWAY
    absence_id = f"of-{person_id}"
    desk.put_absence(Absence(absence_id, person_id, *when, substitute_id, said, away, NOW))


def route(person_id: str | None = None, **said: Any) -> Route:
    usual: dict[str, Any] = {
        "team_id": "product",
        "person_id": person_id,
        "carrier_id": "emi",
        "product": None,
        "category": None,
        "urgency": Urgency.NORMAL,
        "rule": "a rule",
    }
    return Route(**(usual | said))


# By rule and by turn


def test_whom_a_rule_names_has_it_though_others_would_be_sooner(desk: Desk) -> None:
    desk.put(build.issue(issue_id="busy", owner_id="sho"))

    owner_id, reasons = find_owner(build.issue(), desk, "product", route("sho"))

    assert owner_id == "sho"
    assert (reasons.rule, reasons.team_id, reasons.considered) == ("a rule", "product", 1)
    assert reasons.named
    assert reasons.chosen is not None
    assert reasons.chosen.reason is NotChosen.CHOSEN


def test_whom_a_rule_names_in_vain_is_told_of_first(desk: Desk) -> None:
    leave(desk, "sho")

    owner_id, reasons = find_owner(build.issue(), desk, "product", route("sho"))

    assert owner_id in ("ren", "mio")
    assert reasons.others[0].person_id == "sho"
    assert reasons.others[0].reason is NotChosen.AWAY
    assert reasons.considered == 4
    assert [one.person_id for one in reasons.others].count("sho") == 1


def test_whose_turn_it_is_has_it_though_they_are_full(connection: Connection) -> None:
    desk = open_desk(connection, people(sho=FULL))

    owner_id, reasons = find_owner(build.issue(), desk, "product", route("sho", rota_id="duty"))

    assert (owner_id, reasons.rota) == ("sho", "duty")


def test_where_whoever_has_the_turn_is_away_the_next_one_has_it(desk: Desk) -> None:
    leave(desk, "sho")

    owner_id, reasons = find_owner(build.issue(), desk, "product", route("sho", rota_id="duty"))

    assert owner_id == "ren"
    assert [(one.person_id, one.reason) for one in reasons.others] == [("sho", NotChosen.AWAY)]


def test_the_turn_of_who_carries_it_or_declined_it_goes_on(desk: Desk) -> None:
    issue = build.issue(carrier_id="ren", declined_by=["sho"])

    owner_id, reasons = find_owner(issue, desk, "product", route("ren", rota_id="duty"))

    assert owner_id == "mio"
    assert [one.reason for one in reasons.others] == [NotChosen.CARRIER, NotChosen.DECLINED]


def test_where_nobody_of_a_rota_can_its_team_has_it(desk: Desk) -> None:
    issue = build.issue(declined_by=["sho", "ren", "mio"])

    owner_id, reasons = find_owner(issue, desk, "product", route("sho", rota_id="duty"))

    assert owner_id == "kai"
    assert (reasons.rota, reasons.considered, reasons.named) == ("duty", 4, False)


def test_a_schedule_counts_like_a_turn(connection: Connection) -> None:
    desk = open_desk(connection, people(sho=FULL))

    owner_id, reasons = find_owner(build.issue(), desk, "product", route("sho", schedule_id="n"))

    assert (owner_id, reasons.schedule, reasons.named) == ("sho", "n", True)


def test_neither_the_carrier_nor_the_reporter_becomes_the_owner(desk: Desk) -> None:
    issue = build.issue(carrier_id="ren", reporter_id="sho")

    owner_id, reasons = find_owner(issue, desk, "product")

    why = {one.person_id: one.reason for one in reasons.others}
    assert owner_id in ("mio", "kai")
    assert why["ren"] is why["sho"] is NotChosen.CARRIER


# Who is responsible where nobody can


@pytest.mark.parametrize(
    ("said", "away", "expected"),
    [
        ({}, [], "mio"),
        ({"carrier_id": "mio"}, [], "kai"),
        ({"declined_by": ["mio"]}, [], "kai"),
        ({}, ["mio"], "kai"),
        ({"carrier_id": "kai"}, ["mio"], "ren"),
        ({"carrier_id": "kai", "declined_by": ["mio", "ren", "sho"]}, [], "ume"),
        ({"declined_by": ["mio", "ren", "sho", "ume", "aki", "kai"]}, [], "kai"),
        ({"carrier_id": "kai", "declined_by": ["mio", "ren", "sho", "ume", "aki"]}, [], "kai"),
    ],
    ids=[
        "the lead",
        "the leader for a lead who carries it",
        "the leader for a lead who has declined it",
        "the leader for a lead who is away",
        "another of the team",
        "another lead",
        "the leader who has declined it, since nobody else is there",
        "the leader who carries it, since nobody else is there",
    ],
)
def test_somebody_is_always_responsible(
    desk: Desk, said: dict[str, Any], away: list[str], expected: str
) -> None:
    for person_id in away:
        leave(desk, person_id)

    assert responsible(build.issue(**said), desk, "product") == expected


def test_the_leaders_substitute_is_responsible_while_the_leader_is_away(desk: Desk) -> None:
    leave(desk, "kai", "aki")

    assert responsible(build.issue(carrier_id="mio"), desk, "product") == "aki"


# By hand


def test_whoever_is_named_by_hand_gets_it_and_nothing_is_overridden(desk: Desk) -> None:
    owner_id, reasons = appoint(build.issue(), desk, "yui")

    assert owner_id == "yui"
    assert reasons.chosen is not None
    assert reasons.chosen.reason is NotChosen.CHOSEN
    assert reasons.team_id == "shipping"


@pytest.mark.parametrize(
    ("changed", "said", "overridden"),
    [
        (FULL, {}, NotChosen.LIMIT),
        ({"hours_per_day": 0.1}, {}, NotChosen.OVERLOADED),
        ({"skills": {"broken": 0.2}}, {"category": "broken"}, NotChosen.UNSKILLED),
        ({"languages": ("ja",)}, {"language": "en"}, NotChosen.LANGUAGE),
        ({}, {"declined_by": ["ren"]}, NotChosen.DECLINED),
    ],
)
def test_what_a_decision_by_hand_overrides_is_said(
    connection: Connection,
    changed: dict[str, Any],
    said: dict[str, Any],
    overridden: NotChosen,
) -> None:
    desk = open_desk(connection, people(ren=changed))
    desk.put(build.issue(issue_id="busy", owner_id="ren"))

    owner_id, reasons = appoint(build.issue(**said), desk, "ren")

    assert owner_id == "ren"
    assert reasons.chosen is not None
    assert reasons.chosen.reason is overridden
    assert reasons.chosen.in_hand_hours == 3


def test_what_is_given_to_somebody_away_goes_to_their_substitute_and_is_lent(desk: Desk) -> None:
    leave(desk, "ren", "sho")

    owner_id, reasons = appoint(build.issue(), desk, "ren")

    assert owner_id == "sho"
    assert (reasons.substitute_for_id, reasons.named) == ("ren", True)


def test_what_is_given_to_somebody_away_without_a_substitute_goes_to_them(desk: Desk) -> None:
    leave(desk, "ren")

    owner_id, reasons = appoint(build.issue(), desk, "ren")

    assert owner_id == "ren"
    assert reasons.chosen is not None
    assert reasons.chosen.reason is NotChosen.AWAY
    assert reasons.chosen.away_hours


def test_a_substitute_who_cannot_is_told_of(connection: Connection) -> None:
    desk = open_desk(connection, people(ren={"substitute": "mio"}))
    leave(desk, "ren", "sho")

    owner_id, reasons = appoint(build.issue(carrier_id="sho"), desk, "ren")

    assert owner_id == "mio"
    assert [(one.person_id, one.reason) for one in reasons.others] == [("sho", NotChosen.CARRIER)]


def test_a_team_that_is_gone_gives_way_to_the_default_team(desk: Desk) -> None:
    event = replace_owner(build.issue(team_id="gone", owner_id="gone"), desk)

    assert event.issue.team_id == "product"
    assert event.because == AssignedBecause.LEFT


# What waits


def raise_one(desk: Desk, issue_id: str, **said: Any) -> IssueAssigned:
    raised = build.raised(
        issue_id=issue_id, reference=issue_id, occurred_at=desk.now, category="late", **said
    )
    (event,) = handlers.HEARS[type(raised)].decide(raised, desk)
    assert isinstance(event, IssueAssigned)
    return event


SHIPPING_FULL = {"yui": {"limit": 1}, "ume": FULL}


def fill(connection: Connection, board: Board) -> Desk:
    """`yui` of shipping has as much as she may have, and so has `ume`, her lead."""
    desk = open_desk(connection, people(**SHIPPING_FULL), board)
    assert raise_one(desk, "first").issue.owner_id == "yui"
    return desk


def solve(desk: Desk, issue_id: str) -> None:
    issue = desk.issue(issue_id)
    assert issue is not None
    desk.put(replace(issue, state=State.RESOLVED, resolved_at=desk.now))


def test_where_nobody_is_free_the_lead_has_it_and_it_waits(connection: Connection) -> None:
    board = Board(connection)
    desk = fill(connection, board)

    waiting = raise_one(desk, "second")

    assert waiting.issue.owner_id == "ume"
    assert waiting.issue.queued
    assert waiting.reasons.over_capacity
    assert {one.person_id: one.reason for one in waiting.reasons.others} == {
        "yui": NotChosen.LIMIT,
        "ume": NotChosen.LIMIT,
    }


def test_what_waits_is_no_work_for_who_keeps_it(connection: Connection) -> None:
    board = Board(connection)
    desk = fill(connection, board)
    raise_one(desk, "second")

    assert (board.works["ume"].in_hand_s, board.works["ume"].open_issues) == (0, 0)
    desk.write()
    assert Board(connection).works["ume"].open_issues == 0
    assert Board(connection).works["yui"].open_issues == 1


def test_it_is_given_to_whoever_is_free_and_that_is_no_move(connection: Connection) -> None:
    board = Board(connection)
    desk = fill(connection, board)
    raise_one(desk, "second")
    desk.write()
    assert handlers.drain("shipping", open_desk(connection, desk.organisation, board)) == []
    solve(desk, "first")
    desk.write()

    (event,) = handlers.drain("shipping", open_desk(connection, desk.organisation, board))

    assert isinstance(event, IssueAssigned)
    assert event.because == AssignedBecause.DRAINED
    assert (event.previous_owner_id, event.issue.owner_id) == ("ume", "yui")
    assert (event.issue.moves, event.issue.queued) == (0, False)


@pytest.mark.parametrize(("lent_by", "gets_back"), [("sho", "sho"), ("ume", None), ("kai", None)])
def test_what_somebody_lent_comes_back_to_them_though_it_was_given_out_meanwhile(
    connection: Connection, lent_by: str, gets_back: str | None
) -> None:
    """What its lead or the leader only kept for the team does not."""
    board = Board(connection)
    desk = open_desk(connection, people(ume=FULL), board)
    desk.put(build.issue(owner_id="ume", team_id="shipping", queued=True, lent_by=lent_by))
    desk.write()

    (event,) = handlers.drain("shipping", open_desk(connection, desk.organisation, board))

    assert isinstance(event, IssueAssigned)
    assert (event.issue.owner_id, event.issue.lent_by) == ("yui", gets_back)


def test_the_most_urgent_goes_first_and_then_whose_carrier_waits_longest(
    connection: Connection,
) -> None:
    board = Board(connection)
    desk = fill(connection, board)
    order = {"low": (Urgency.LOW, 3), "new": (Urgency.NORMAL, 1), "old": (Urgency.NORMAL, 2)}
    for issue_id, (urgency, hours) in {**order, "high": (Urgency.HIGH, 0)}.items():
        raised_at = NOW - timedelta(hours=hours)
        desk.put(
            build.issue(
                issue_id=issue_id,
                reference=issue_id,
                urgency=urgency,
                raised_at=raised_at,
                owner_id="ume",
                team_id="shipping",
                queued=True,
            )
        )
    desk.write()

    found = open_desk(connection).queue("shipping", 10)

    assert [issue.issue_id for issue in found] == ["high", "old", "new", "low"]
    assert queues(connection) == ["shipping"]


def test_what_the_lead_has_taken_is_theirs(connection: Connection) -> None:
    board = Board(connection)
    desk = fill(connection, board)
    raise_one(desk, "second")
    issue = desk.issue("second")
    assert issue is not None
    desk.put(replace(issue, state=State.ACKNOWLEDGED, acknowledged_at=NOW))
    solve(desk, "first")
    desk.write()

    assert handlers.drain("shipping", open_desk(connection, desk.organisation, board)) == []
    assert board.works["ume"].open_issues == 1


def test_it_does_not_go_back_to_who_has_declined_it(connection: Connection) -> None:
    board = Board(connection)
    desk = open_desk(connection, people(ume=FULL), board)
    desk.put(
        build.issue(
            owner_id="ume", team_id="shipping", queued=True, category="late", declined_by=["yui"]
        )
    )
    desk.write()

    assert handlers.drain("shipping", open_desk(connection, desk.organisation, board)) == []


def test_one_that_nobody_can_take_does_not_stop_those_behind_it(connection: Connection) -> None:
    board = Board(connection)
    desk = open_desk(connection, people(ume=FULL), board)
    said: dict[str, Any] = {"owner_id": "ume", "team_id": "shipping", "queued": True}
    desk.put(build.issue(issue_id="a", reference="a", declined_by=["yui"], **said))
    desk.put(build.issue(issue_id="b", reference="b", **said))
    desk.write()

    (event,) = handlers.drain("shipping", open_desk(connection, desk.organisation, board))

    assert isinstance(event, IssueAssigned)
    assert event.issue_id == "b"


def test_a_long_queue_is_given_out_in_portions(connection: Connection) -> None:
    board = Board(connection)
    desk = open_desk(connection, people(yui={"hours_per_day": 12}), board)
    for number in range(MOST_GIVEN + 1):
        desk.put(
            build.issue(
                issue_id=f"i{number}",
                reference=f"r{number}",
                urgency=Urgency.LOW,
                owner_id="ume",
                team_id="shipping",
                queued=True,
            )
        )
    desk.write()
    again = open_desk(connection, desk.organisation, board)

    assert len(handlers.drain("shipping", again, most=3)) == 3


def test_a_queue_of_a_team_that_is_gone_goes_to_the_default_team(connection: Connection) -> None:
    desk = open_desk(connection)
    desk.put(build.issue(owner_id="kai", team_id="gone", queued=True))
    desk.write()

    (event,) = handlers.drain("gone", open_desk(connection))

    assert isinstance(event, IssueAssigned)
    assert event.issue.team_id == "product"


def test_whoever_has_less_in_hand_than_before_may_take_more(connection: Connection) -> None:
    board = Board(connection)
    desk = fill(connection, board)
    desk.write()
    assert board.freed == set()
    solve(desk, "first")

    desk.write()

    assert board.freed == {"yui"}


def test_an_issue_that_waits_for_the_carrier_is_no_work_but_counts(connection: Connection) -> None:
    board = Board(connection)
    desk = open_desk(connection, board=board)
    desk.put(build.issue(state=State.ACKNOWLEDGED, waiting_for=WaitingFor.CARRIER))

    assert board.works["ren"].in_hand_s == 0
    assert board.works["ren"].open_issues == 1


# What people and time do to it


def ask(desk: Desk, person_id: str, action: Action, **said: Any) -> list[Any]:
    wish = ActionRequested(
        event_id="wish",
        occurred_at=desk.now,
        issue_id=build.ISSUE_ID,
        person_id=person_id,
        action=action,
        **said,
    )
    return list(handlers.HEARS[ActionRequested].decide(wish, desk))


def test_what_is_handed_to_somebody_away_is_with_their_substitute(desk: Desk) -> None:
    desk.put(build.issue())
    leave(desk, "sho", "mio")

    (event,) = ask(desk, "ren", Action.HAND_OVER, proposed="sho")

    assert event.issue.owner_id == "mio"
    assert event.issue.lent_by == "sho"
    assert (event.because, event.actor_id) == (AssignedBecause.HANDED_OVER, "ren")


def test_what_a_hand_over_overrides_is_said(connection: Connection) -> None:
    desk = open_desk(connection, people(sho=FULL))
    desk.put(build.issue())

    (event,) = ask(desk, "ren", Action.HAND_OVER, proposed="sho")

    assert event.issue.owner_id == "sho"
    assert event.reasons.chosen.reason is NotChosen.LIMIT


def test_after_two_moves_the_leaders_substitute_decides_while_the_leader_is_away(
    desk: Desk,
) -> None:
    desk.put(build.issue(moves=1))
    leave(desk, "kai", "ume")

    *_, event = ask(desk, "ren", Action.DECLINE, reason="no_time", proposed="sho")

    assert event.because == AssignedBecause.LEADER
    assert (event.issue.owner_id, event.issue.lent_by) == ("ume", "kai")


def test_whoever_takes_it_has_it_though_they_are_full(connection: Connection) -> None:
    desk = open_desk(connection, people(sho=FULL))
    desk.put(build.issue(queued=True, owner_id="mio"))

    assigned, taken = ask(desk, "sho", Action.TAKE)

    assert assigned.reasons.chosen.reason is NotChosen.LIMIT
    assert (taken.issue.owner_id, taken.issue.queued) == ("sho", False)


@pytest.mark.parametrize(
    ("action", "said"), [(Action.ACKNOWLEDGE, {}), (Action.RESOLVE, {"cause": "fault"})]
)
def test_a_lead_who_works_on_what_waits_has_it(
    desk: Desk, action: Action, said: dict[str, Any]
) -> None:
    desk.put(build.issue(queued=True, owner_id="mio"))

    (event,) = ask(desk, "mio", action, **said)

    assert not event.issue.queued


def late(desk: Desk, **said: Any) -> list[Any]:
    """The last rung of the ladder has come."""
    issue = build.issue(rung=3, **said)
    desk.put(issue)
    due = IssueDue(occurred_at=NOW, issue_id=issue.issue_id, step_number=issue.step_number)
    return list(handlers.HEARS[IssueDue].decide(due, desk))


def test_what_waits_goes_on_waiting_when_the_leader_gets_it(desk: Desk) -> None:
    _, event = late(desk, queued=True, owner_id="mio")

    assert (event.issue.owner_id, event.issue.queued) == ("kai", True)


def test_what_is_late_goes_to_whoever_acts_for_the_leader(desk: Desk) -> None:
    leave(desk, "kai", "ume")

    told, event = late(desk)

    assert told.person_id == "ume"
    assert event.issue.owner_id == "ume"


def test_what_is_opened_again_goes_to_the_substitute_of_who_solved_it(desk: Desk) -> None:
    desk.put(build.issue(state=State.RESOLVED, resolved_at=NOW, cause="fault"))
    leave(desk, "ren", "mio")

    reopened, lent = ask(desk, "emi", Action.REOPEN, text="It is not.")

    assert reopened.issue.owner_id == "ren"
    assert (lent.issue.owner_id, lent.issue.lent_by) == ("mio", "ren")
