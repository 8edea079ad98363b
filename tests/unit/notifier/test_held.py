"""What waits until somebody is at work, what they are spared, and how much goes at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from services.notifier import delivery as sending
from services.notifier import handlers, store
from services.notifier.store import MOST_AN_HOUR, Fate, Ledger, Parcel
from services.notifier.timing import GATHER
from shared.contracts.event import Event
from shared.contracts.intake import (
    IssueMuted,
    PersonKnown,
    Preferences,
    PreferenceSet,
    Told,
)
from shared.contracts.issue import AssignedBecause, Reasons, Source, Standing, Step, Urgency
from shared.contracts.notifier import NotificationSent, Reason
from shared.contracts.router import (
    IssueAcknowledged,
    IssueAssigned,
    IssueCommented,
    IssueReminded,
    IssueResolved,
    IssueResponded,
    PersonAway,
    PersonBack,
    Voice,
)
from shared.database import open_engine
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import CUSTOMER, HOUR, MONDAY, at

NIGHT, MORNING = at("2026-06-01 22:00"), at("2026-06-02 09:00")
LONG_AGO = MONDAY - timedelta(days=1)


@pytest.fixture
def connection() -> Iterator[Connection]:
    yield from opened()


def opened() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def open_ledger(connection: Connection, now: datetime, **settings: Any) -> Ledger:
    known = KnownOrganisation(connection, store.metadata)
    known.current = build.organisation()
    return Ledger(connection, now, known, **settings)


def issue_id(nth: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"issue/{nth}"))


def said(now: datetime, nth: int = 1, **issue: Any) -> dict[str, Any]:
    """About an old issue of Emi's, which Ren has."""
    snapshot = build.snapshot(**({"raised_at": LONG_AGO, "reporter_id": "emi"} | issue))
    event_id = f"{nth}/{now}/{snapshot.version}"
    return {
        "event_id": event_id,
        "occurred_at": now,
        "issue_id": issue_id(nth),
        "issue": snapshot,
    }


def answered(now: datetime, nth: int = 1, **issue: Any) -> IssueResponded:
    return IssueResponded(**said(now, nth, **issue), text="Charge it.", actor_id="ren")


def reminded(now: datetime, nth: int = 1, **issue: Any) -> IssueReminded:
    return IssueReminded(**said(now, nth, **issue), step=Step.ACKNOWLEDGE, person_id="ren")


def hear(connection: Connection, *events: Event, now: datetime) -> Ledger:
    ledger = open_ledger(connection, now)
    ledger.expect(events)
    for event in events:
        handlers.HEARS[type(event)].decide(event, ledger)
    ledger.write()
    return ledger


def due(connection: Connection, now: datetime) -> list[str]:
    table = store.deliveries
    query = select(table.c.delivery_id).where(table.c.due_at <= now, table.c.taken_at.is_(None))
    return [row.delivery_id for row in connection.execute(query)]


def take(connection: Connection, now: datetime) -> list[Parcel]:
    """As the tick does with whatever is due."""
    ledger = open_ledger(connection, now)
    parcels = ledger.take(due(connection, now))
    ledger.write()
    return parcels


def send(connection: Connection, parcels: list[Parcel], now: datetime) -> None:
    ledger = open_ledger(connection, now)
    for parcel in parcels:
        for one in parcel.ready:
            sent = replace(one.delivery, fate=Fate.SENT, done_at=now)
            sending._result(sent).decide(ledger)
    ledger.write()


def fates(connection: Connection) -> list[Fate]:
    table = store.deliveries
    return [row.fate for row in connection.execute(select(table.c.fate))]


def mailed(ledger: Ledger) -> set[tuple[str, Reason]]:
    return {(one.delivery.person_id, one.delivery.reason) for one in ledger.ready}


# Held


def test_what_comes_at_night_is_in_the_inbox_at_once_and_one_mail_in_the_morning(
    connection: Connection,
) -> None:
    for nth in range(3):
        later = NIGHT + nth * HOUR
        ledger = open_ledger(connection, later)
        told = handlers.issue_changed(answered(later, nth), ledger)
        assert [type(one) for one in told] == [NotificationSent]
        assert ledger.ready == []
        ledger.write()

    assert take(connection, MORNING) == []
    (parcel,) = take(connection, MORNING + GATHER)
    assert [one.delivery.person_id for one in parcel.ready] == ["emi"] * 3
    assert {one.delivery.fate for one in parcel.ready} == {Fate.SENDING}


def test_what_comes_in_the_first_moment_of_the_day_joins(connection: Connection) -> None:
    hear(connection, reminded(NIGHT, 1), now=NIGHT)
    hear(connection, reminded(MORNING, 2), now=MORNING + timedelta(seconds=2))

    (parcel,) = take(connection, MORNING + GATHER)
    assert len(parcel.ready) == 2


def test_what_is_urgent_comes_at_night_and_takes_nothing_along(connection: Connection) -> None:
    hear(connection, answered(NIGHT, 1), now=NIGHT)

    ledger = hear(connection, answered(NIGHT, 2, urgency=Urgency.HIGH), now=NIGHT)

    assert [one.delivery.issue_id for one in ledger.ready] == [issue_id(2)]
    assert take(connection, NIGHT + HOUR) == []


def test_whoever_has_just_done_something_hears_at_once_at_any_hour(connection: Connection) -> None:
    mine = IssueCommented(
        **said(NIGHT),
        actor_id="emi",
        voice=Voice.CARRIER,
        standing=Standing.VOUCHED,
        source=Source.WEB,
        text="It blinks.",
    )
    hear(connection, mine, now=NIGHT)

    soon = hear(connection, answered(NIGHT + HOUR / 2, 2), now=NIGHT + HOUR / 2)
    late = hear(connection, answered(NIGHT + HOUR, 3), now=NIGHT + HOUR)

    assert mailed(soon) == {("emi", Reason.ANSWER)}
    assert mailed(late) == set()


def test_whoever_brings_something_in_in_the_evening_hears_at_once_and_its_owner_in_the_morning(
    connection: Connection,
) -> None:
    raised = build.raised(
        reporter_id="emi", source=Source.WEB, occurred_at=NIGHT, issue_id=issue_id(1)
    )
    assigned = IssueAssigned(
        **said(NIGHT, raised_at=NIGHT), because=AssignedBecause.NEW, reasons=Reasons()
    )

    ledger = hear(connection, raised, assigned, now=NIGHT)

    assert mailed(ledger) == {("emi", Reason.RECEIVED)}
    taken = IssueAcknowledged(**said(NIGHT, 1, version=3), actor_id="ren")
    assert mailed(hear(connection, taken, now=NIGHT + HOUR / 2)) == {("emi", Reason.TAKEN)}
    (parcel,) = take(connection, MORNING + GATHER)
    assert [one.delivery.reason for one in parcel.ready] == [Reason.YOURS]


def test_an_older_act_does_not_hide_a_newer_one(connection: Connection) -> None:
    taken = IssueAcknowledged(**said(NIGHT), actor_id="ren")
    older = IssueAcknowledged(**said(MONDAY, 2), actor_id="ren")

    ledger = hear(connection, taken, older, now=NIGHT)

    presence = ledger.presences.get("ren")
    assert presence is not None
    assert presence.last_act == NIGHT


def test_a_customer_is_told_at_any_hour(connection: Connection) -> None:
    known = PersonKnown(
        event_id="known",
        occurred_at=NIGHT,
        person_id=CUSTOMER,
        name="Customer",
        address="customer@example.org",
        language="en",
    )

    ledger = hear(connection, known, answered(NIGHT, reporter_id=CUSTOMER), now=NIGHT)

    assert mailed(ledger) == {(CUSTOMER, Reason.ANSWER)}


def wants(person_id: str, now: datetime, **preferences: Any) -> PreferenceSet:
    return PreferenceSet(
        event_id=f"wants/{now}",
        occurred_at=now,
        person_id=person_id,
        preferences=Preferences(**preferences),
    )


def test_preferences_hold_from_now_on_and_let_go_what_may_come_earlier(
    connection: Connection,
) -> None:
    hear(connection, wants("emi", MONDAY, opens=11 * 60), now=MONDAY)
    hear(connection, answered(NIGHT), now=NIGHT)
    assert take(connection, MORNING + HOUR) == []

    hear(connection, wants("emi", NIGHT, opens=15 * 60), now=NIGHT)  # no later than was said
    hear(connection, wants("emi", NIGHT, opens=10 * 60), now=NIGHT)
    (parcel,) = take(connection, MORNING + HOUR + GATHER)
    assert len(parcel.ready) == 1

    hear(connection, wants("emi", MORNING, told=Told.ALWAYS), now=MORNING)
    assert mailed(hear(connection, answered(NIGHT, 2), now=NIGHT)) == {("emi", Reason.ANSWER)}


def away(ends_at: datetime) -> PersonAway:
    return PersonAway(
        event_id="away",
        occurred_at=MONDAY,
        absence_id="absence",
        person_id="emi",
        starts_at=MONDAY,
        ends_at=ends_at,
        issues=0,
    )


def test_whoever_is_away_hears_news_when_they_are_back_even_if_that_is_earlier(
    connection: Connection,
) -> None:
    hear(connection, away(at("2026-06-15 00:00")), now=MONDAY)
    ledger = hear(connection, answered(MONDAY + HOUR), now=MONDAY + HOUR)
    assert ledger.ready == []
    assert due(connection, at("2026-06-15 08:59")) == []

    back = PersonBack(
        event_id="back", occurred_at=MORNING, absence_id="absence", person_id="emi", issues=0
    )
    hear(connection, back, now=MORNING)

    (parcel,) = take(connection, MORNING + GATHER)
    assert [one.delivery.reason for one in parcel.ready] == [Reason.ANSWER]


def test_whoever_is_away_is_asked_what_only_they_can_say(connection: Connection) -> None:
    hear(connection, away(at("2026-06-15 00:00")), now=MONDAY)
    solved = IssueResolved(**said(MONDAY + HOUR), actor_id="ren")

    assert mailed(hear(connection, solved, now=MONDAY + HOUR)) == {("emi", Reason.SOLVED)}


def test_after_an_outage_nobody_is_told_at_night_and_the_morning_has_one_mail(
    connection: Connection,
) -> None:
    hear(connection, answered(NIGHT, 1), now=NIGHT)
    hear(connection, reminded(MORNING + 8 * HOUR, 2, carrier_id="ren"), now=MORNING + 8 * HOUR)
    down_until = MORNING + 13 * HOUR
    assert len(due(connection, down_until)) == 2

    assert take(connection, down_until) == []
    hear(connection, answered(down_until, 3), now=down_until)

    tomorrow = at("2026-06-03 09:00") + GATHER
    told = {one.named_by.person_id: len(one.ready) for one in take(connection, tomorrow)}
    assert told == {"emi": 2, "ren": 1}


def test_what_may_have_been_sent_before_a_crash_goes_on_as_it_was(connection: Connection) -> None:
    hear(connection, answered(NIGHT), now=NIGHT)
    (first,) = take(connection, MORNING + GATHER)
    much_later = NIGHT + 24 * HOUR
    ledger = open_ledger(connection, much_later)

    (again,) = ledger.take([one.delivery.delivery_id for one in first.ready])

    assert again.named_by == first.ready[0].delivery


def test_what_nothing_is_known_of_any_more_is_not_sent(connection: Connection) -> None:
    hear(connection, answered(NIGHT), now=NIGHT)
    connection.execute(store.facts.delete())

    assert take(connection, MORNING + GATHER) == []


# Muted


def muted(now: datetime, *, muted: bool = True) -> IssueMuted:
    return IssueMuted(
        event_id=f"muted/{now}",
        occurred_at=now,
        issue_id=issue_id(1),
        person_id="emi",
        muted=muted,
    )


def test_a_muted_issue_is_in_the_inbox_and_summed_up_and_what_is_asked_of_them_comes(
    connection: Connection,
) -> None:
    hear(connection, muted(MONDAY), now=MONDAY)
    ledger = open_ledger(connection, MONDAY)

    told = handlers.issue_changed(answered(MONDAY), ledger)
    handlers.issue_changed(IssueResolved(**said(MONDAY, version=9), actor_id="ren"), ledger)
    handlers.issue_changed(answered(MONDAY, 2), ledger)
    ledger.write()

    assert [type(one) for one in told] == [NotificationSent]
    assert mailed(ledger) == {("emi", Reason.SOLVED), ("emi", Reason.ANSWER)}
    assert [one.reason for one in ledger.summed] == [Reason.ANSWER]
    assert fates(connection).count(Fate.SUMMED) == 1
    assert due(connection, MONDAY + 1000 * HOUR) == [
        one.delivery.delivery_id for one in ledger.ready if one.delivery.taken_at is None
    ]


def test_what_was_muted_is_told_again_when_they_want_it_again(connection: Connection) -> None:
    hear(connection, muted(MONDAY), muted(MONDAY, muted=False), now=MONDAY)

    assert mailed(hear(connection, answered(MONDAY), now=MONDAY)) == {("emi", Reason.ANSWER)}


def test_what_is_decided_again_is_summed_up_once(connection: Connection) -> None:
    hear(connection, muted(MONDAY), now=MONDAY)
    ledger = open_ledger(connection, MONDAY)
    ledger.mark()
    handlers.issue_changed(answered(MONDAY), ledger)

    ledger.undo()

    assert ledger.summed == []


# How many at once


def test_more_than_anybody_can_read_goes_as_one_mail(connection: Connection) -> None:
    ledger = open_ledger(connection, MONDAY)
    many = 2 * MOST_AN_HOUR

    for nth in range(many):
        handlers.issue_changed(answered(MONDAY, nth), ledger)
    ledger.write()

    at_once = len(ledger.ready)
    assert at_once == MOST_AN_HOUR // 2
    (parcel,) = take(connection, MONDAY + GATHER)
    assert len(parcel.ready) == many - at_once


def test_where_no_cap_is_set_everything_goes_at_once(connection: Connection) -> None:
    ledger = open_ledger(connection, MONDAY, most_an_hour=0)

    for nth in range(2 * MOST_AN_HOUR):
        handlers.issue_changed(answered(MONDAY, nth), ledger)

    assert len(ledger.ready) == 2 * MOST_AN_HOUR


def test_strangers_who_write_at_night_do_not_flood_the_morning(connection: Connection) -> None:
    for nth in range(40):
        look = IssueCommented(
            **(said(NIGHT) | {"event_id": f"look/{nth}"}),
            actor_id=f"x-{nth}",
            voice=Voice.OTHER,
            standing=Standing.THREADED,
            source=Source.EMAIL,
            text="Me too.",
        )
        hear(connection, look, now=NIGHT + nth * timedelta(seconds=1))

    (parcel,) = take(connection, MORNING + GATHER)
    most, _ = handlers.MOST_MAILS[Reason.LOOK]
    assert len(parcel.ready) == most
    assert fates(connection).count(Fate.SUMMED) == 40 - most


# Nothing is lost

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["answer", "remind", "urgent", "solve", "mute", "unmute", "act", "away"]),
        st.integers(1, 3),
        st.integers(1, 14 * 60),
    ),
    min_size=1,
    max_size=25,
)


def step(kind: str, nth: int, now: datetime) -> Event:
    match kind:
        case "answer":
            return answered(now, nth)
        case "remind":
            return reminded(now, nth)
        case "urgent":
            return answered(now, nth, urgency=Urgency.HIGH)
        case "solve":
            return IssueResolved(**said(now, nth), actor_id="ren")
        case "mute" | "unmute":
            return muted(now, muted=kind == "mute")
        case "act":
            return IssueAcknowledged(**said(now, nth, carrier_id="aki"), actor_id="emi")
        case _:
            return away(now + 30 * HOUR).model_copy(update={"event_id": f"away/{now}"})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_happens_every_delivery_ends_with_a_fate(
    steps: list[tuple[str, int, int]],
) -> None:
    for connection in opened():
        now = MONDAY
        for kind, nth, minutes in steps:
            now += timedelta(minutes=minutes)
            ledger = hear(connection, step(kind, nth, now), now=now)
            send(connection, [Parcel((one,), one.delivery) for one in ledger.ready], now)
            if minutes % 2:  # sometimes nobody looks what is due for a while
                send(connection, take(connection, now), now)
        for _ in range(40):
            now += 5 * HOUR  # at every hour of the day sooner or later
            send(connection, take(connection, now), now)

        assert set(fates(connection)) <= {Fate.SENT, Fate.SUMMED}
