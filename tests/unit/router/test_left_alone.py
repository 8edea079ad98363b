"""Somebody is left alone: what the router does about it until they are not any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from services.router import assignment, handlers, store
from services.router.assignment import Wanted
from services.router.companions import Companionship, Stage
from services.router.presence import Absence, AbsenceSource, AbsenceState
from services.router.store import Board, Desk, companionships
from shared.contracts.event import Event
from shared.contracts.intake import CompanionSaid, CompanionWord
from shared.contracts.issue import NotChosen, Urgency
from shared.contracts.metrics import Evidence, Level, Move, PersonIsolated, PersonSupported
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    CompanionAsked,
    CompanionAssigned,
    CompanionBecause,
    CompanionChecked,
    CompanionEscalated,
    CompanionOffered,
    CompanionReleased,
    Concern,
    PersonAway,
    ReleasedBecause,
)
from shared.database import open_engine
from tests.unit import build

NOW = build.at("2026-06-01 10:00")
TOMORROW = build.at("2026-06-02 10:00")
DAY_AFTER = build.at("2026-06-03 10:00")
WHY = (Evidence(move=Move.WAITING, team_id="product", count=4, of=6, weight=2.2),)
YES, NO, HELPS, HELPS_NOT, END = CompanionWord


def company(*willing: str, **said: Any) -> Organisation:
    """The usual one, in which some would run alongside and `aki` sees to it."""
    usual = build.organisation()
    people = [one.model_copy(update={"companion": one.id in willing}) for one in usual.people]
    since = {"yui": date(2009, 4, 1), "ume": date(2015, 4, 1)}
    people = [one.model_copy(update={"since": since.get(one.id)}) for one in people]
    return build.organisation(people=tuple(people), **({"companion_coordinator": "aki"} | said))


class Office:
    """A router's database, on which time is moved by hand."""

    def __init__(self, connection: Connection, organisation: Organisation) -> None:
        self.connection = connection
        self.organisation = organisation
        self.board = Board(connection)
        self.now = NOW
        self._said = 0

    def desk(self) -> Desk:
        return Desk(self.connection, self.now, self.organisation, self.board)

    def hear(self, event: Event) -> list[Event]:
        desk = self.desk()
        events = list(handlers.HEARS[type(event)].decide(event, desk))
        desk.write()
        return events

    def isolated(self, level: Level = Level.ASK, **said: Any) -> list[Event]:
        self._said += 1
        usual: dict[str, Any] = {
            "event_id": f"isolated-{self._said}",
            "occurred_at": self.now,
            "person_id": "emi",
            "level": level,
            "score": 0.4,
            "since": self.now,
            "why": WHY,
            "silent_team_ids": ("product",),
        }
        return self.hear(PersonIsolated(**(usual | said)))

    def supported(self, level: Level = Level.WATCH, **said: Any) -> list[Event]:
        usual = {"occurred_at": self.now, "person_id": "emi", "score": 0.1, "level": level}
        return self.hear(PersonSupported(**(usual | said)))

    def say(self, who: str, word: CompanionWord) -> list[Event]:
        known = self.known
        return self.hear(
            CompanionSaid(
                occurred_at=self.now,
                companionship_id=known.companionship_id,
                person_id=who,
                word=word,
            )
        )

    def at(self, now: datetime) -> list[Event]:
        """What the tick would have decided until then."""
        events: list[Event] = []
        table = companionships.c
        query = select(table.companionship_id, table.version, table.due_at).where(
            table.due_at <= now
        )
        while row := self.connection.execute(query.order_by(table.due_at)).first():
            self.now = max(self.now, row.due_at)
            desk = self.desk()
            events += handlers.companion_due(row.companionship_id, row.version, desk)
            desk.write()
        self.now = now
        return events

    @property
    def known(self) -> Companionship:
        found = self.desk().companionship_of("emi")
        assert found is not None
        return found

    def running(self, who: str = "yui") -> None:
        """`emi` has a companion."""
        self.isolated()
        self.say("emi", YES)
        self.say(who, YES)
        assert (self.known.stage, self.known.companion_id) == (Stage.RUNNING, who)

    def away(self, person_id: str, until: datetime) -> None:
        desk = self.desk()
        desk.put_absence(
            Absence(
                f"absence-{person_id}",
                person_id,
                self.now - timedelta(hours=1),
                until,
                None,
                AbsenceSource.SAID,
                AbsenceState.PLANNED,
                self.now,
            )
        )
        desk.write()


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def office(connection: Connection) -> Office:
    return Office(connection, company("yui", "ume"))


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


# Asked, agreed, checked, thanked


def test_the_carrier_is_asked_with_what_it_is_made_of_and_somebody_sees_to_it(
    office: Office,
) -> None:
    (offered,) = office.isolated()

    assert isinstance(offered, CompanionOffered)
    assert (offered.carrier_id, offered.coordinator_id) == ("emi", "aki")
    assert (offered.why, offered.silent_team_ids) == (WHY, ("product",))
    assert not offered.again


def test_the_whole_way_from_the_question_to_the_thanks(office: Office) -> None:
    office.isolated()

    (asked,) = office.say("emi", YES)
    (assigned,) = office.say("yui", YES)
    (checked,) = office.at(build.at("2026-06-08 10:00"))
    helps = [*office.say("emi", HELPS), *office.say("yui", HELPS)]
    (released,) = office.supported(lasting=True)

    assert isinstance(asked, CompanionAsked)
    assert (asked.companion_id, asked.answer_by) == ("yui", TOMORROW)
    assert isinstance(assigned, CompanionAssigned)
    assert (assigned.companion_id, assigned.because) == ("yui", CompanionBecause.AGREED)
    assert assigned.coordinator_id == "aki"
    assert isinstance(checked, CompanionChecked)
    assert helps == []
    assert isinstance(released, CompanionReleased)
    assert (released.companion_id, released.because) == ("yui", ReleasedBecause.SUPPORTED)
    assert released.began


def test_every_event_says_a_later_version(office: Office) -> None:
    said = [
        *office.isolated(),
        *office.say("emi", YES),
        *office.say("yui", YES),
        *office.say("emi", HELPS_NOT)[1:],
        *office.say("emi", END),
    ]

    versions = [event.version for event in said if hasattr(event, "version")]

    assert versions == sorted(set(versions))
    assert len(versions) == len(said)


def test_to_watch_only_orders_queues(office: Office) -> None:
    assert office.isolated(Level.WATCH) == []
    assert office.desk().is_isolated("emi")
    assert office.supported() == []
    assert not office.desk().is_isolated("emi")


def test_one_level_less_is_still_isolated(office: Office) -> None:
    office.isolated(Level.ALARM)
    office.supported(Level.ALARM)

    assert office.desk().is_isolated("emi")


def test_an_older_fact_that_is_heard_later_changes_nothing(office: Office) -> None:
    office.supported()

    assert office.isolated(occurred_at=NOW - timedelta(hours=1)) == []
    assert not office.desk().is_isolated("emi")


def test_nothing_is_done_for_whoever_is_not_in_the_organisation(office: Office) -> None:
    assert office.isolated(person_id="x-1") == []


def test_what_waits_is_given_out_to_urgent_ones_first_then_to_whoever_is_left_alone(
    office: Office,
) -> None:
    desk = office.desk()
    for nth, (carrier, urgency) in enumerate(
        [("aki", Urgency.NORMAL), ("emi", Urgency.NORMAL), ("aki", Urgency.HIGH)]
    ):
        issue_id = f"00000000-0000-0000-0000-00000000000{nth}"
        desk.put(
            build.issue(
                issue_id=issue_id,
                reference=f"{nth}",
                carrier_id=carrier,
                urgency=urgency,
                queued=True,
                raised_at=build.MONDAY + timedelta(minutes=nth),
            )
        )
    desk.write()
    office.isolated(Level.WATCH)

    queue = office.desk().queue("product", 10)

    assert [(one.carrier_id, one.urgency) for one in queue] == [
        ("aki", Urgency.HIGH),
        ("emi", Urgency.NORMAL),
        ("aki", Urgency.NORMAL),
    ]


def test_running_alongside_somebody_leaves_less_time_for_issues(office: Office) -> None:
    office.running()
    yui = office.organisation.person["yui"]
    wanted = Wanted(parties=(), urgency=Urgency.NORMAL)

    staff = office.desk().staff([yui])
    alongside = assignment.figures(yui, wanted, staff, NotChosen.CHOSEN).expected_hours
    assert Board(office.connection).works["yui"].accompanies == 1
    office.say("emi", END)
    staff = office.desk().staff([yui])
    alone = assignment.figures(yui, wanted, staff, NotChosen.CHOSEN).expected_hours

    assert alongside is not None
    assert alone is not None
    assert (alone, alongside) == (6.0, 6.86)  # 3 hours of work; 4 and 3.5 hours a day for them
    assert office.board.works["yui"].accompanies == 0


def test_what_is_taken_back_counts_for_nobody(office: Office) -> None:
    office.isolated()
    office.say("emi", YES)
    desk = office.desk()
    desk.mark()
    said = CompanionSaid(
        occurred_at=NOW,
        companionship_id=office.known.companionship_id,
        person_id="yui",
        word=YES,
    )

    handlers.HEARS[CompanionSaid].decide(said, desk)
    assert office.board.works["yui"].accompanies == 1
    desk.undo()

    assert office.board.works["yui"].accompanies == 0


# Somebody says no


def test_after_a_no_the_next_one_is_asked_at_once_and_then_the_leader_does_it(
    office: Office,
) -> None:
    office.isolated()
    office.say("emi", YES)

    (asked,) = office.say("yui", NO)
    (assigned,) = office.say("ume", NO)

    assert isinstance(asked, CompanionAsked)
    assert asked.companion_id == "ume"
    assert asked.answer_by == TOMORROW
    assert isinstance(assigned, CompanionAssigned)
    assert (assigned.companion_id, assigned.because) == ("kai", CompanionBecause.LEADER)


def test_if_nobody_answers_within_a_working_day_the_leader_does_it(office: Office) -> None:
    office.isolated()
    office.say("emi", YES)

    assert office.at(TOMORROW - timedelta(seconds=1)) == []
    (assigned,) = office.at(TOMORROW)

    assert isinstance(assigned, CompanionAssigned)
    assert (assigned.companion_id, assigned.because) == ("kai", CompanionBecause.LEADER)


def test_a_late_yes_spares_the_leader(office: Office) -> None:
    office.isolated()
    office.say("emi", YES)
    office.at(TOMORROW)

    released, assigned = office.say("yui", YES)

    assert isinstance(released, CompanionReleased)
    assert (released.companion_id, released.because) == ("kai", ReleasedBecause.REPLACED)
    assert isinstance(assigned, CompanionAssigned)
    assert (assigned.companion_id, assigned.because) == ("yui", CompanionBecause.AGREED)


def test_a_no_taken_back_lets_whoever_was_asked_instead_go(office: Office) -> None:
    office.isolated()
    office.say("emi", YES)
    office.say("yui", NO)

    released, assigned = office.say("yui", YES)

    assert isinstance(released, CompanionReleased)
    assert (released.companion_id, released.began) == ("ume", False)
    assert isinstance(assigned, CompanionAssigned)
    assert assigned.companion_id == "yui"


def test_without_anybody_willing_the_leader_does_it_at_once(connection: Connection) -> None:
    office = Office(connection, company())
    office.isolated()

    (assigned,) = office.say("emi", YES)

    assert isinstance(assigned, CompanionAssigned)
    assert assigned.companion_id == "kai"


def test_a_carrier_who_wants_none_is_left_in_peace(office: Office) -> None:
    office.isolated()

    (released,) = office.say("emi", NO)

    assert isinstance(released, CompanionReleased)
    assert (released.because, released.began) == (ReleasedBecause.DECLINED, False)
    assert (released.said_by_id, released.coordinator_id) == ("emi", "aki")
    assert office.isolated() == []
    assert office.at(build.at("2026-06-12 10:00")) == []
    assert kinds(office.isolated(Level.ALARM)) == [CompanionOffered, CompanionEscalated]


def test_a_carrier_who_says_nothing_is_asked_once_more_and_then_somebody_talks_to_them(
    office: Office,
) -> None:
    office.isolated()

    (again,) = office.at(TOMORROW)
    (told,) = office.at(DAY_AFTER)

    assert isinstance(again, CompanionOffered)
    assert again.again
    assert again.coordinator_id is None
    assert isinstance(told, CompanionEscalated)
    assert (told.because, told.person_ids) == (Concern.UNANSWERED, ("aki",))
    assert office.at(build.at("2026-06-30 10:00")) == []


def test_who_is_hardly_answered_and_says_nothing_gets_the_leader(office: Office) -> None:
    office.isolated(Level.ALARM)
    office.at(TOMORROW)

    (assigned,) = office.at(DAY_AFTER)

    assert isinstance(assigned, CompanionAssigned)
    assert assigned.companion_id == "kai"


def test_who_is_answered_again_need_not_answer_the_question(office: Office) -> None:
    office.isolated()

    assert office.supported(Level.ASK) == []
    (released,) = office.supported(Level.WATCH)

    assert isinstance(released, CompanionReleased)
    assert (released.because, released.began) == (ReleasedBecause.SUPPORTED, False)


def test_a_companion_stays_until_it_has_lasted(office: Office) -> None:
    office.running()

    assert office.supported(Level.WATCH) == []
    assert office.known.stage is Stage.RUNNING


# It does not help, or somebody has enough


@pytest.mark.parametrize("who", ["emi", "yui"])
def test_where_it_does_not_help_the_leader_hears_and_somebody_else_is_asked(
    office: Office, who: str
) -> None:
    office.running()

    told, released, asked = office.say(who, HELPS_NOT)

    assert isinstance(told, CompanionEscalated)
    assert (told.because, told.person_ids) == (Concern.HELPS_NOT, ("kai",))
    assert isinstance(released, CompanionReleased)
    assert (released.companion_id, released.because) == ("yui", ReleasedBecause.REPLACED)
    assert isinstance(asked, CompanionAsked)
    assert asked.companion_id == "ume"


def test_where_the_leader_does_not_help_either_somebody_else_who_leads_does(
    connection: Connection,
) -> None:
    office = Office(connection, company())
    office.isolated()
    office.say("emi", YES)

    *_, assigned = office.say("emi", HELPS_NOT)

    assert isinstance(assigned, CompanionAssigned)
    assert assigned.companion_id == "aki"


def test_the_carrier_ends_it_at_any_time(office: Office) -> None:
    office.running()

    (released,) = office.say("emi", END)

    assert isinstance(released, CompanionReleased)
    assert (released.because, released.said_by_id) == (ReleasedBecause.ENDED, "emi")
    assert office.say("emi", END) == []


def test_when_the_companion_ends_it_too_early_somebody_else_is_asked(office: Office) -> None:
    office.running()

    released, asked = office.say("yui", END)

    assert isinstance(released, CompanionReleased)
    assert (released.because, released.said_by_id) == (ReleasedBecause.ENDED, "yui")
    assert isinstance(asked, CompanionAsked)


def test_when_the_companion_ends_it_and_all_is_well_it_is_over(office: Office) -> None:
    office.running()
    office.supported()

    (released,) = office.say("yui", END)

    assert isinstance(released, CompanionReleased)
    assert office.known.stage is Stage.OVER


def test_words_of_strangers_and_about_nothing_known_do_nothing(office: Office) -> None:
    office.isolated()

    assert office.say("ren", YES) == []
    assert office.say("x-1", YES) == []
    unknown = CompanionSaid(occurred_at=NOW, companionship_id="?", person_id="emi", word=YES)
    assert office.hear(unknown) == []


# Those who lead


def test_an_alarm_is_told_to_the_heads_of_the_teams_that_do_not_answer(office: Office) -> None:
    office.running()

    (told,) = office.isolated(Level.ALARM)

    assert isinstance(told, CompanionEscalated)
    assert (told.because, told.person_ids) == (Concern.ALARM, ("mio",))
    assert told.silent_team_ids == ("product",)


def test_in_spite_of_a_companion_the_leader_hears(office: Office) -> None:
    office.running()

    (told,) = office.isolated(in_spite_of_companion=True)

    assert isinstance(told, CompanionEscalated)
    assert (told.because, told.person_ids) == (Concern.IN_SPITE, ("kai",))


def test_nobody_hears_of_themselves(connection: Connection) -> None:
    """The leader carries it, and leads the only team that does not answer."""
    office = Office(connection, company("yui", companion_coordinator=None))

    (offered,) = office.isolated(Level.ALARM, person_id="kai", silent_team_ids=())

    assert isinstance(offered, CompanionOffered)
    assert offered.coordinator_id is None


def test_what_is_heard_late_is_asked_only_if_nothing_better_follows(office: Office) -> None:
    long_ago = NOW - timedelta(days=30)

    assert office.isolated(Level.ALARM, occurred_at=long_ago) == []
    assert office.at(NOW + timedelta(minutes=9)) == []
    assert kinds(office.at(NOW + timedelta(minutes=10))) == [CompanionOffered, CompanionEscalated]


def test_nobody_hears_of_what_is_long_over(office: Office) -> None:
    long_ago = NOW - timedelta(days=30)

    said = [
        *office.isolated(occurred_at=long_ago),
        *office.supported(occurred_at=long_ago + timedelta(days=9)),
        *office.at(NOW + timedelta(days=1)),
    ]

    assert said == []
    assert office.known.stage is Stage.OVER


# Absences and leavers


def test_who_is_away_is_asked_when_they_are_back(office: Office) -> None:
    office.away("emi", build.at("2026-06-03 18:00"))

    assert office.isolated(Level.ALARM) == []
    offered, told = office.at(build.at("2026-06-04 09:00"))

    assert isinstance(offered, CompanionOffered)
    assert isinstance(told, CompanionEscalated)
    assert offered.coordinator_id == "aki"


def test_the_question_whether_it_helps_waits_until_both_are_there(office: Office) -> None:
    office.running()
    office.now = build.at("2026-06-08 10:00")
    office.away("yui", build.at("2026-06-09 18:00"))

    assert office.at(build.at("2026-06-08 11:00")) == []
    (checked,) = office.at(build.at("2026-06-10 09:00"))

    assert isinstance(checked, CompanionChecked)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (build.at("2026-06-08 09:00"), [PersonAway]),
        (
            build.at("2026-06-19 18:00"),
            [PersonAway, CompanionReleased, CompanionAsked],
        ),
    ],
)
def test_who_is_away_for_more_than_a_week_runs_alongside_nobody(
    office: Office, until: datetime, expected: list[type[Event]]
) -> None:
    office.running()
    office.away("yui", until)
    desk = office.desk()

    events = handlers.absence_turns("absence-yui", office.now, desk)

    assert kinds(events) == expected


def test_who_is_asked_and_goes_away_is_not_waited_for(office: Office) -> None:
    office.isolated()
    office.say("emi", YES)
    office.away("yui", build.at("2026-06-19 18:00"))
    desk = office.desk()

    _, asked = handlers.absence_turns("absence-yui", office.now, desk)

    assert isinstance(asked, CompanionAsked)
    assert asked.companion_id == "ume"


def leave(office: Office, person_id: str) -> list[Event]:
    people = tuple(one for one in office.organisation.people if one.id != person_id)
    desk = office.desk()
    organisation = office.organisation.model_copy(update={"people": people, "revision": "rev-2"})
    office.organisation = Organisation.model_validate(organisation.model_dump(mode="json"))
    _, *events = handlers.organisation_changed(office.organisation, 2, desk)
    desk.write()
    return events


def test_when_a_companion_leaves_somebody_else_is_asked(office: Office) -> None:
    office.running()

    released, asked = leave(office, "yui")

    assert isinstance(released, CompanionReleased)
    assert (released.companion_id, released.because) == ("yui", ReleasedBecause.LEFT)
    assert isinstance(asked, CompanionAsked)
    assert asked.companion_id == "ume"


def test_when_whoever_is_asked_leaves_the_next_one_is_asked(office: Office) -> None:
    office.isolated()
    office.say("emi", YES)

    (asked,) = leave(office, "yui")

    assert isinstance(asked, CompanionAsked)
    assert asked.companion_id == "ume"


def test_when_the_carrier_leaves_it_is_over(office: Office) -> None:
    office.running()

    released, *_ = leave(office, "emi")

    assert isinstance(released, CompanionReleased)
    assert released.because is ReleasedBecause.LEFT
    assert not office.known.is_open


# Once


def test_what_is_due_is_decided_once(office: Office) -> None:
    office.isolated()
    known = office.known
    office.at(TOMORROW)

    assert handlers.companion_due(known.companionship_id, known.version, office.desk()) == []


def test_nobody_runs_alongside_more_than_three_carriers(connection: Connection) -> None:
    office = Office(connection, company("yui"))
    for nth, carrier in enumerate(("aki", "ren", "sho", "emi")):
        office.isolated(person_id=carrier, event_id=f"i{nth}", silent_team_ids=())
        known = office.desk().companionship_of(carrier)
        assert known is not None
        for who in (carrier, "yui"):
            office.hear(
                CompanionSaid(
                    occurred_at=NOW,
                    companionship_id=known.companionship_id,
                    person_id=who,
                    word=YES,
                )
            )

    companion_ids = {
        one.carrier_id: one.companion_id for one in office.desk().open_companionships()
    }

    assert companion_ids == {"aki": "yui", "ren": "yui", "sho": "yui", "emi": "kai"}
