"""Somebody is away: who has their work meanwhile, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Select, select

from services.router import handlers, store
from services.router.handlers.away import PORTION, Span
from services.router.lifecycle import Issue
from services.router.presence import LONGEST, Absence, AbsenceSource, AbsenceState
from services.router.store import Board, Desk, absences
from shared.contracts.event import Event
from shared.contracts.intake import AbsenceSaid, ActionRequested
from shared.contracts.issue import Action, AssignedBecause, NotChosen, State
from shared.contracts.organisation import Organisation
from shared.contracts.router import IssueAssigned, IssueDue, IssueEscalated, PersonAway, PersonBack
from shared.database import open_engine
from tests.unit import build

NOW = build.at("2026-06-01 10:00")
TOMORROW = build.at("2026-06-02 09:00")
FRIDAY = build.at("2026-06-05 18:00")
BACK = build.at("2026-06-08 09:00")
"""The Monday after."""


class Office:
    """A router's database and memory, on which time is moved by hand."""

    def __init__(self, connection: Connection, organisation: Organisation) -> None:
        self.connection = connection
        self.organisation = organisation
        self.board = Board(connection)
        self.now = NOW

    def desk(self) -> Desk:
        return Desk(self.connection, self.now, self.organisation, self.board)

    def put(self, **said: Any) -> str:
        desk = self.desk()
        issue = build.issue(**said)
        desk.put(issue)
        desk.write()
        return issue.issue_id

    def issue(self, issue_id: str = build.ISSUE_ID) -> Issue:
        found = self.desk().issue(issue_id)
        assert found is not None
        return found

    def owner(self, issue_id: str = build.ISSUE_ID) -> str:
        return self.issue(issue_id).owner_id

    def say(
        self,
        person_id: str = "ren",
        starts_at: datetime = TOMORROW,
        ends_at: datetime = FRIDAY,
        absence_id: str = "absence-1",
        **said: Any,
    ) -> list[Event]:
        usual: dict[str, Any] = {
            "occurred_at": self.now,
            "absence_id": absence_id,
            "person_id": person_id,
            "said_by_id": person_id,
            "starts_at": starts_at,
            "ends_at": ends_at,
        }
        desk = self.desk()
        assert handlers.HEARS[AbsenceSaid].decide(AbsenceSaid(**(usual | said)), desk) == []
        desk.write()
        return self.turn()

    def read(self, person_id: str, *spans: Span) -> None:
        desk = self.desk()
        handlers.calendar_read(person_id, spans, desk)
        desk.write()
        self.turn()

    def at(self, now: datetime) -> list[Event]:
        """What is said until then, as the tick would have it decided."""
        self.now = now
        return self.turn()

    def turn(self) -> list[Event]:
        events: list[Event] = []
        while rows := self.connection.execute(self._due()).all():
            for absence_id, wake_at in rows:
                desk = self.desk()
                events += handlers.absence_turns(absence_id, wake_at, desk)
                desk.write()
            self.now += timedelta(milliseconds=1)
        return events

    def _due(self) -> Select[Any]:
        at = absences.c.wake_at
        return select(absences.c.absence_id, at).where(at <= self.now).order_by(at)

    def without(self, person_id: str, **said: Any) -> list[Event]:
        """Somebody leaves the organisation."""
        people = tuple(one for one in self.organisation.people if one.id != person_id)
        desk = self.desk()
        self.organisation = build.organisation(people=people, **said)
        _, *events = handlers.organisation_changed(self.organisation, 2, desk)
        desk.write()
        return events

    def look(self, at: datetime, issue_id: str = build.ISSUE_ID) -> list[Event]:
        """What comes of the issue's next step when its time has come."""
        self.now = at
        desk, step = self.desk(), self.issue(issue_id).step_number
        due = IssueDue(occurred_at=at, issue_id=issue_id, step_number=step)
        events = list(handlers.HEARS[IssueDue].decide(due, desk))
        desk.write()
        return events

    def absence(self, absence_id: str = "absence-1") -> Absence:
        found = self.desk().absence(absence_id)
        assert found is not None
        return found


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def people(**changed: dict[str, Any]) -> Organisation:
    """The usual company, with something more said of some people."""
    usual = build.organisation()
    found = [one.model_copy(update=changed.get(one.id, {})) for one in usual.people]
    return build.organisation(people=tuple(found))


@pytest.fixture
def office(connection: Connection) -> Office:
    """Where `sho` substitutes for `ren`."""
    return Office(connection, people(ren={"substitute": "sho"}))


def assigned(events: list[Event]) -> list[IssueAssigned]:
    return [event for event in events if isinstance(event, IssueAssigned)]


# An absence begins


def test_what_is_open_goes_to_the_substitute_when_the_absence_begins(office: Office) -> None:
    office.put()
    office.say()
    assert office.owner() == "ren"

    lent, away = office.at(TOMORROW)

    assert isinstance(lent, IssueAssigned)
    assert (lent.because, lent.actor_id) == (AssignedBecause.ABSENCE, None)
    assert (lent.previous_owner_id, lent.issue.owner_id) == ("ren", "sho")
    assert lent.issue.lent_by == lent.reasons.substitute_for_id == "ren"
    assert isinstance(away, PersonAway)
    assert (away.person_id, away.substitute_id, away.issues) == ("ren", "sho", 1)
    assert (away.starts_at, away.ends_at) == (TOMORROW, FRIDAY)


def test_a_hand_over_to_a_substitute_is_no_move(office: Office) -> None:
    office.put(moves=1, declined_by=["mio"])
    office.say()

    office.at(TOMORROW)

    assert office.issue().moves == 1
    assert office.issue().declined_by == ["mio"]
    assert office.issue().raised_at == build.MONDAY


def test_whom_the_person_names_comes_before_whom_the_organisation_names(office: Office) -> None:
    office.put()
    office.say(substitute_id="mio")

    office.at(TOMORROW)

    assert office.owner() == "mio"


@pytest.mark.parametrize("named", ["nobody-here", "ren"])
def test_a_substitute_who_cannot_be_one_is_passed_over(office: Office, named: str) -> None:
    office.put()
    office.say(substitute_id=named)

    office.at(TOMORROW)

    assert office.owner() == "sho"


def test_nothing_goes_to_a_substitute_who_carries_it(office: Office) -> None:
    office.put(carrier_id="sho", reporter_id="sho")
    office.say()

    lent, _ = office.at(TOMORROW)

    assert isinstance(lent, IssueAssigned)
    assert lent.issue.owner_id == "mio"
    assert lent.issue.lent_by == "ren"


def test_nothing_goes_to_a_substitute_who_is_away_too(office: Office) -> None:
    office.put()
    office.say("sho", absence_id="absence-2")
    office.at(TOMORROW)
    office.say("ren", office.now)

    office.turn()

    assert office.owner() == "mio"


def test_what_a_substitute_has_goes_on_when_they_leave_too_and_comes_back_to_the_first(
    office: Office,
) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    wednesday = TOMORROW + timedelta(days=1)
    office.say("sho", wednesday, absence_id="absence-2", substitute_id="mio")

    office.at(wednesday)
    assert (office.owner(), office.issue().lent_by) == ("mio", "ren")

    office.at(BACK)
    assert (office.owner(), office.issue().lent_by) == ("ren", None)


WEDNESDAY = TOMORROW + timedelta(days=1)


def test_another_substitute_in_the_middle_has_it_from_then_on_and_it_comes_back(
    office: Office,
) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    office.now = WEDNESDAY

    lent, away = office.say(substitute_id="mio")

    assert isinstance(lent, IssueAssigned)
    assert (lent.because, lent.previous_owner_id) == (AssignedBecause.ABSENCE, "sho")
    assert (lent.issue.owner_id, lent.issue.lent_by) == ("mio", "ren")
    assert lent.reasons.substitute_for_id == "ren"
    assert isinstance(away, PersonAway)
    assert (away.absence_id, away.substitute_id, away.issues) == ("absence-1", "mio", 1)
    assert office.issue().moves == 0
    returned, back = sorted(office.at(BACK), key=lambda one: one.subject)
    assert isinstance(returned, IssueAssigned)
    assert returned.issue.owner_id == "ren"
    assert isinstance(back, PersonBack)
    assert back.substitute_id == "mio"


def test_without_the_named_substitute_the_organisations_has_it_again(office: Office) -> None:
    office.put()
    office.say(substitute_id="mio")
    office.at(TOMORROW)
    office.now = WEDNESDAY

    office.say()

    assert (office.owner(), office.issue().lent_by) == ("sho", "ren")


def test_what_another_substitute_cannot_have_stays_where_it_is(office: Office) -> None:
    office.put(declined_by=["mio"], carrier_id="yui", reporter_id="yui")
    office.put(issue_id="solved", reference="solved", owner_id="ren")
    office.say()
    office.at(TOMORROW)
    desk = office.desk()
    desk.put(replace(office.issue("solved"), state=State.RESOLVED))
    desk.write()

    assert not assigned(office.say(substitute_id="yui"))
    assert not assigned(office.say(substitute_id="mio"))

    assert (office.owner(), office.owner("solved")) == ("sho", "sho")


def test_the_same_absence_said_again_moves_nothing(office: Office) -> None:
    office.put()
    office.say(substitute_id="mio")
    office.at(TOMORROW)

    assert office.say(substitute_id="mio", ends_at=FRIDAY - timedelta(hours=8)) == []


def test_another_substitute_for_what_has_not_begun_or_is_over_moves_nothing(
    office: Office,
) -> None:
    office.put()
    office.say()
    assert office.say(substitute_id="mio") == []
    office.at(TOMORROW)
    office.now = WEDNESDAY

    events = office.say(substitute_id="sho", ends_at=WEDNESDAY - timedelta(minutes=1))

    assert [one.issue.owner_id for one in assigned(events)] == ["ren"]


def test_whoever_substitutes_for_the_second_half_of_a_run_gets_what_there_is(
    office: Office,
) -> None:
    office.put()
    thursday = WEDNESDAY + timedelta(days=1)
    office.say(ends_at=thursday)
    office.at(TOMORROW)
    office.say(starts_at=thursday, absence_id="absence-2", substitute_id="mio")
    assert office.owner() == "sho"

    (lent, away) = office.at(thursday)

    assert isinstance(lent, IssueAssigned)
    assert (lent.previous_owner_id, lent.issue.owner_id) == ("sho", "mio")
    assert isinstance(away, PersonAway)
    assert (away.absence_id, away.substitute_id) == ("absence-1", "mio")
    office.at(BACK)
    assert (office.owner(), office.issue().lent_by) == ("ren", None)


def test_a_thousand_issues_go_to_another_substitute_in_portions(office: Office) -> None:
    count = PORTION * 2
    for number in range(count):
        office.put(issue_id=f"issue-{number:04}", reference=f"r-{number}")
    office.say()
    office.at(TOMORROW)

    events = office.say(substitute_id="mio")

    assert len(assigned(events)) == count
    (away,) = [event for event in events if isinstance(event, PersonAway)]
    assert (away.substitute_id, away.issues) == ("mio", count)


def test_without_a_substitute_it_goes_to_the_best_of_the_team(connection: Connection) -> None:
    office = Office(connection, build.organisation())
    office.put()
    office.put(issue_id="other", reference="other", owner_id="mio")
    office.say()

    lent, away = office.at(TOMORROW)

    assert isinstance(lent, IssueAssigned)
    assert lent.issue.owner_id == "sho"
    assert lent.reasons.considered == 4
    assert {"ren": NotChosen.AWAY}.items() <= {
        one.person_id: one.reason for one in lent.reasons.others
    }.items()
    assert isinstance(away, PersonAway)
    assert away.substitute_id is None


def test_where_nobody_else_is_free_it_waits_with_the_leader(connection: Connection) -> None:
    """The team's lead has declined it, and the others have as much as they may have."""
    full = {"limit": 0}
    office = Office(connection, people(mio=full, sho=full, kai=full))
    office.put(declined_by=["mio"])
    office.say()

    lent, _ = office.at(TOMORROW)

    assert isinstance(lent, IssueAssigned)
    assert lent.issue.owner_id == "kai"
    assert lent.issue.queued
    assert lent.issue.lent_by == "ren"

    office.at(BACK)

    assert (office.owner(), office.issue().queued) == ("ren", False)


def test_a_leader_without_anybody_else_keeps_what_they_have(connection: Connection) -> None:
    """An issue is never without an owner, whoever is away."""
    usual = build.organisation()
    only = tuple(one for one in usual.people if one.id in ("kai", "emi"))
    teams = tuple(one.model_copy(update={"lead": "kai"}) for one in usual.teams)
    office = Office(connection, build.organisation(people=only, teams=teams))
    office.put(owner_id="kai")
    office.say("kai")

    (away,) = office.at(TOMORROW)

    assert isinstance(away, PersonAway)
    assert away.issues == 0
    assert office.owner() == "kai"


def test_what_is_solved_stays_with_who_solved_it(office: Office) -> None:
    office.put(state=State.RESOLVED, resolved_at=NOW)
    office.say()

    (away,) = office.at(TOMORROW)

    assert isinstance(away, PersonAway)
    assert office.owner() == "ren"


def test_a_thousand_issues_move_in_portions_and_are_told_of_once(office: Office) -> None:
    count = PORTION * 2 + 3
    for number in range(count):
        office.put(issue_id=f"issue-{number:04}", reference=f"r-{number}")
    office.say()

    events = office.at(TOMORROW)

    assert len(assigned(events)) == count
    (away,) = [event for event in events if isinstance(event, PersonAway)]
    assert away.issues == count
    back = office.at(BACK)
    (told,) = [event for event in back if isinstance(event, PersonBack)]
    assert told.issues == count
    assert len(assigned(back)) == count
    assert office.desk().lent_by("ren") == []


def test_an_absence_of_less_than_half_a_day_hands_nothing_over(office: Office) -> None:
    office.put()
    office.say(starts_at=TOMORROW, ends_at=TOMORROW + timedelta(hours=2))

    assert office.at(TOMORROW) == []
    assert office.absence().state is AbsenceState.BRIEF
    assert office.owner() == "ren"
    assert office.at(BACK) == []
    assert office.absence().state is AbsenceState.OVER


def test_an_absence_outside_working_hours_is_none(office: Office) -> None:
    office.put()
    office.say(starts_at=FRIDAY, ends_at=BACK)

    assert office.at(BACK) == []
    assert office.absence().state is AbsenceState.OVER


def test_it_begins_with_the_first_working_hour(office: Office) -> None:
    office.put()
    midnight = build.at("2026-06-02 00:00")
    office.say(starts_at=midnight)

    assert office.at(midnight) == []
    assert assigned(office.at(TOMORROW))


def test_an_absence_that_is_over_when_it_is_said_is_only_kept(office: Office) -> None:
    office.put()
    office.say(starts_at=NOW - timedelta(days=2), ends_at=NOW - timedelta(days=1))

    assert office.absence().state is AbsenceState.OVER
    assert office.owner() == "ren"


def test_who_is_away_already_hands_over_at_once(office: Office) -> None:
    office.put()

    office.say(starts_at=NOW - timedelta(days=2))

    assert office.owner() == "sho"


def test_nonsense_is_not_kept(office: Office) -> None:
    office.say(starts_at=FRIDAY, ends_at=TOMORROW)
    office.say("nobody-here", absence_id="absence-2")

    assert office.desk().absence("absence-1") is None
    assert office.desk().absence("absence-2") is None


def test_nobody_changes_somebody_elses_absence(office: Office) -> None:
    office.say("ren")

    office.say("sho", NOW, FRIDAY)

    assert office.absence().person_id == "ren"


def test_an_absence_of_ten_years_ends_after_two(office: Office) -> None:
    office.say(ends_at=TOMORROW + timedelta(days=3650))

    assert office.absence().ends_at == TOMORROW + LONGEST


def test_a_repeated_start_changes_nothing(office: Office) -> None:
    office.put()
    office.say()
    office.now = TOMORROW
    desk = office.desk()
    handlers.absence_turns("absence-1", TOMORROW, desk)
    version = desk.issue(build.ISSUE_ID)

    assert handlers.absence_turns("absence-1", TOMORROW, desk) == []
    assert desk.issue(build.ISSUE_ID) == version
    assert handlers.absence_turns("unknown", TOMORROW, desk) == []


# It goes on, and ends


def test_what_is_still_open_comes_back(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)

    back, returned = office.at(BACK)

    assert isinstance(back, PersonBack)
    assert (back.person_id, back.issues, back.substitute_id) == ("ren", 1, "sho")
    assert isinstance(returned, IssueAssigned)
    assert returned.because == AssignedBecause.RETURNED
    assert (returned.previous_owner_id, returned.issue.owner_id) == ("sho", "ren")
    assert returned.issue.lent_by is None
    assert returned.issue.moves == 0
    assert office.absence().state is AbsenceState.OVER


def test_they_are_back_with_their_next_working_hour(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)

    assert office.at(FRIDAY) == []
    assert assigned(office.at(BACK))


def test_what_was_solved_meanwhile_stays_where_it_was_solved(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    desk = office.desk()
    desk.put(replace(office.issue(), state=State.RESOLVED, resolved_at=office.now))
    desk.write()

    (back,) = office.at(BACK)

    assert isinstance(back, PersonBack)
    assert back.issues == 0
    assert (office.owner(), office.issue().lent_by) == ("sho", None)


def test_what_the_substitute_moved_on_does_not_come_back(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    desk = office.desk()
    wish = ActionRequested(
        event_id="wish",
        occurred_at=office.now,
        issue_id=build.ISSUE_ID,
        person_id="sho",
        action=Action.HAND_OVER,
        proposed="mio",
    )
    handlers.HEARS[ActionRequested].decide(wish, desk)
    desk.write()

    office.at(BACK)

    assert (office.owner(), office.issue().lent_by) == ("mio", None)


def test_whoever_is_here_after_all_has_it_back_at_once(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    office.now = TOMORROW + timedelta(hours=12)

    office.say(cancelled=True)

    assert office.owner() == "ren"
    assert office.absence().state is AbsenceState.OVER


def test_a_cancelled_absence_never_begins(office: Office) -> None:
    office.put()
    office.say()

    office.say(cancelled=True)
    office.say(absence_id="never-said", cancelled=True)

    assert office.at(TOMORROW) == []
    assert office.owner() == "ren"


def test_a_shortened_absence_ends_sooner_and_a_longer_one_later(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    thursday = build.at("2026-06-04 09:00")

    office.say(ends_at=thursday)
    office.say(ends_at=thursday + timedelta(hours=3))

    assert office.at(thursday) == []
    assert assigned(office.at(thursday + timedelta(hours=4)))


def test_a_postponed_absence_brings_them_back_and_takes_them_away_again(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)

    office.say(starts_at=BACK, ends_at=BACK + timedelta(days=3))
    assert office.owner() == "ren"
    assert office.absence().state is AbsenceState.PLANNED

    office.at(BACK)
    assert office.owner() == "sho"


def test_absences_that_follow_each_other_are_one(office: Office) -> None:
    """Nothing comes back for the weekend between them."""
    office.put()
    office.say()
    office.say(starts_at=BACK, ends_at=BACK + timedelta(days=4), absence_id="absence-2")

    begun = office.at(TOMORROW)
    between = office.at(BACK)
    ended = office.at(BACK + timedelta(days=4, hours=3))

    (away,) = [event for event in begun if isinstance(event, PersonAway)]
    assert away.ends_at == BACK + timedelta(days=4)
    assert between == []
    (back,) = [event for event in ended if isinstance(event, PersonBack)]
    assert (back.issues, back.absence_id) == (1, away.absence_id)
    assert office.owner() == "ren"
    assert {office.absence(one).state for one in ("absence-1", "absence-2")} == {AbsenceState.OVER}


def test_an_absence_that_becomes_longer_is_told_of_again_as_the_same_one(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    office.say(starts_at=BACK, ends_at=BACK + timedelta(days=4), absence_id="absence-2")

    (again,) = office.at(BACK)
    assert isinstance(again, PersonAway)
    assert (again.absence_id, again.ends_at) == ("absence-1", BACK + timedelta(days=4))

    office.now = BACK + timedelta(days=1)
    events = office.say(ends_at=office.now, starts_at=BACK, absence_id="absence-2")
    (back,) = [event for event in events if isinstance(event, PersonBack)]
    assert back.absence_id == "absence-1"
    assert office.owner() == "ren"


def test_what_has_not_all_come_back_when_they_leave_again_stays_where_it_is(
    office: Office,
) -> None:
    for number in range(PORTION + 1):
        office.put(issue_id=f"issue-{number:04}", reference=f"r-{number}")
    office.say()
    office.at(TOMORROW)
    office.now = BACK
    desk = office.desk()
    handlers.absence_turns("absence-1", BACK, desk)
    desk.write()

    office.say(starts_at=BACK, ends_at=BACK + timedelta(days=3), absence_id="absence-2")

    assert office.absence().state is AbsenceState.OVER
    assert len(office.desk().lent_by("ren")) == PORTION + 1


def test_when_the_first_of_two_is_cancelled_the_second_still_begins(office: Office) -> None:
    office.put()
    office.say()
    office.say(starts_at=BACK, ends_at=BACK + timedelta(days=4), absence_id="absence-2")
    office.at(TOMORROW)

    office.say(cancelled=True)
    assert office.owner() == "ren"
    assert office.absence("absence-2").state is AbsenceState.PLANNED

    assert assigned(office.at(BACK))


def test_while_another_absence_goes_on_nothing_comes_back(office: Office) -> None:
    office.put()
    office.say()
    office.say(ends_at=BACK + timedelta(days=1), absence_id="absence-2")
    office.at(TOMORROW)

    office.say(cancelled=True)

    assert office.owner() == "sho"


def test_whoever_left_the_organisation_gets_nothing_back(office: Office) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    office.without("ren")

    assert office.at(BACK) == []
    assert (office.owner(), office.issue().lent_by) == ("sho", None)
    assert office.absence().state is AbsenceState.OVER


def test_what_was_lent_stays_lent_when_the_substitute_leaves_the_organisation(
    office: Office,
) -> None:
    office.put()
    office.say()
    office.at(TOMORROW)
    office.without("sho")

    assert (office.owner(), office.issue().lent_by) == ("mio", "ren")
    office.at(BACK)
    assert office.owner() == "ren"


# Meanwhile


def test_nothing_new_goes_to_somebody_away(office: Office) -> None:
    office.say()
    office.at(TOMORROW)
    desk = office.desk()
    raised = build.raised(occurred_at=TOMORROW, category="broken")

    (event,) = handlers.HEARS[type(raised)].decide(raised, desk)

    assert isinstance(event, IssueAssigned)
    assert event.issue.owner_id in ("mio", "sho")
    assert {one.person_id: one.reason for one in event.reasons.others}["ren"] is NotChosen.AWAY


def test_nothing_goes_to_somebody_who_leaves_before_they_would_be_through(office: Office) -> None:
    office.say(starts_at=NOW + timedelta(hours=1))
    for nth, owner in enumerate(("mio", "sho")):
        office.put(issue_id=f"busy-{nth}", reference=f"busy-{nth}", owner_id=owner)
    desk = office.desk()
    raised = build.raised(occurred_at=NOW, category="broken")

    (event,) = handlers.HEARS[type(raised)].decide(raised, desk)

    assert isinstance(event, IssueAssigned)
    assert event.issue.owner_id != "ren"


def test_a_substitute_acts_for_whoever_is_away(office: Office) -> None:
    office.say()

    assert office.desk().acting("ren") == "ren"
    office.at(TOMORROW)
    assert office.desk().acting("ren") == "sho"
    assert office.desk().acting("mio") == "mio"
    assert office.desk().acting("x-1") == "x-1"

    office.say("sho", office.now, absence_id="absence-2")
    assert office.desk().acting("ren") == "ren"


def test_the_board_knows_absences_again_after_a_restart(office: Office) -> None:
    office.say()
    office.at(TOMORROW)

    office.board = Board(office.connection)

    assert office.desk().acting("ren") == "sho"


def test_a_failed_batch_leaves_nobody_away(office: Office) -> None:
    desk = office.desk()
    said = AbsenceSaid(
        occurred_at=NOW,
        absence_id="absence-1",
        person_id="ren",
        said_by_id="ren",
        starts_at=NOW - timedelta(days=1),
        ends_at=FRIDAY,
    )
    handlers.HEARS[AbsenceSaid].decide(said, desk)
    assert desk.is_away("ren")

    desk.abandon()

    assert not office.desk().is_away("ren")


def test_what_failed_alone_is_taken_back_alone(office: Office) -> None:
    desk = office.desk()
    desk.mark()
    desk.put_absence(
        Absence("a", "ren", NOW, FRIDAY, None, AbsenceSource.SAID, AbsenceState.PLANNED, NOW)
    )
    assert desk.is_away("ren")

    desk.undo()

    assert not desk.is_away("ren")
    assert desk.absence("a") is None


# By their calendar


def span(absence_id: str, start: str, end: str) -> Span:
    return Span(absence_id, build.at(f"2026-06-{start}"), build.at(f"2026-06-{end}"))


HOLIDAY = span("cal-1", "02 00:00", "05 00:00")


def test_a_holiday_in_the_calendar_hands_over(office: Office) -> None:
    office.put()
    office.read("ren", HOLIDAY)

    office.at(TOMORROW)

    assert office.owner() == "sho"
    assert office.absence("cal-1").source is AbsenceSource.CALENDAR


def test_a_single_day_in_the_calendar_hands_nothing_over(office: Office) -> None:
    office.put()
    office.read("ren", span("cal-1", "02 00:00", "03 00:00"))

    assert office.at(TOMORROW) == []
    assert office.owner() == "ren"


def test_days_entered_one_by_one_hand_over_together(office: Office) -> None:
    office.put()
    office.read("ren", span("cal-1", "02 00:00", "03 00:00"), span("cal-2", "03 00:00", "04 00:00"))

    office.at(TOMORROW)

    assert office.owner() == "sho"
    assert office.at(build.at("2026-06-03 09:00")) == []
    assert assigned(office.at(build.at("2026-06-04 09:00")))


def test_a_day_that_has_begun_hands_over_once_it_becomes_longer(office: Office) -> None:
    office.put()
    office.read("ren", span("cal-1", "02 00:00", "03 00:00"))
    office.at(TOMORROW)
    assert office.owner() == "ren"

    office.read("ren", span("cal-1", "02 00:00", "03 00:00"), span("cal-2", "03 00:00", "04 00:00"))

    assert office.owner() == "sho"


def test_what_the_calendar_no_longer_says_is_over(office: Office) -> None:
    office.put()
    office.read("ren", HOLIDAY)
    office.read("ren")
    assert office.at(TOMORROW) == []

    office.read("ren", replace(HOLIDAY, absence_id="cal-2"))
    assert office.owner() == "sho"
    office.read("ren")
    assert office.owner() == "ren"


def test_the_same_calendar_again_changes_nothing(office: Office) -> None:
    office.read("ren", HOLIDAY)
    office.at(TOMORROW)
    before = office.absence("cal-1")

    office.read("ren", HOLIDAY)

    assert office.absence("cal-1") == before


def test_what_is_past_in_a_calendar_is_not_kept(office: Office) -> None:
    office.now = BACK

    office.read("ren", HOLIDAY)

    assert office.desk().absence("cal-1") is None


def test_an_end_that_has_passed_before_their_next_hour_is_left_to_its_time(
    office: Office,
) -> None:
    office.put()
    office.read("ren", span("cal-1", "02 00:00", "06 00:00"))
    office.at(TOMORROW)
    office.at(build.at("2026-06-06 12:00"))

    office.read("ren")

    assert office.owner() == "sho"
    office.at(BACK)
    assert office.owner() == "ren"


def test_what_a_person_has_said_counts_more_than_the_calendar(office: Office) -> None:
    office.put()
    office.read("ren", HOLIDAY)
    office.at(TOMORROW)
    office.say(absence_id="cal-1", cancelled=True)
    assert office.owner() == "ren"

    office.read("ren", HOLIDAY)

    assert office.owner() == "ren"


def test_a_calendar_leaves_alone_what_was_said(office: Office) -> None:
    office.say()

    office.read("ren")

    assert office.absence().state is AbsenceState.PLANNED


# Somebody leaves the company


NEW_LEADER = {
    "leader": "yui",
    "teams": tuple(one.model_copy(update={"lead": "mio"}) for one in build.organisation().teams),
}


def test_what_a_leader_has_who_leaves_gets_an_owner_and_a_plan_that_ends_at_the_new_one(
    office: Office,
) -> None:
    office.put(owner_id="kai")

    (moved,) = office.without("kai", **NEW_LEADER)

    assert isinstance(moved, IssueAssigned)
    assert (moved.because, moved.previous_owner_id) == (AssignedBecause.LEFT, "kai")
    assert moved.issue.owner_id in office.organisation.person
    issue, told = office.issue(), list[str]()
    while office.owner() != "yui":
        assert office.issue().wake_at is not None
        events = office.look(max(office.now, office.issue().wake_at or office.now))
        told += [one.person_id for one in events if isinstance(one, IssueEscalated)]
        assert office.issue().step_number > issue.step_number
        issue = office.issue()
    assert told[-1] == "yui"
    assert "kai" not in told


def test_an_absent_leader_who_leaves_is_forgotten(office: Office) -> None:
    """Whoever acted for them has what they had for good, and acts for nobody any more."""
    office.put(owner_id="kai")
    office.say("kai", substitute_id="yui")
    office.at(TOMORROW)
    assert office.desk().acting("kai") == office.owner() == "yui"

    office.without("kai", **NEW_LEADER)

    assert (office.owner(), office.issue().lent_by) == ("yui", None)
    assert office.at(BACK) == []
    assert office.absence().state is AbsenceState.OVER


def test_whoever_was_named_as_substitute_and_leaves_is_not_told_of_a_return(
    office: Office,
) -> None:
    office.put()
    office.say(substitute_id="mio")
    office.at(TOMORROW)
    teams = tuple(one.model_copy(update={"lead": "kai"}) for one in office.organisation.teams)

    (moved,) = office.without("mio", teams=teams)

    assert isinstance(moved, IssueAssigned)
    assert (moved.issue.lent_by, moved.issue.owner_id not in ("ren", "mio")) == ("ren", True)
    (back,) = [one for one in office.at(BACK) if isinstance(one, PersonBack)]
    assert back.substitute_id != "mio"
    assert office.owner() == "ren"
