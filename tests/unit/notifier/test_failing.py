"""What follows when a channel has failed for good: the next one, and who is told in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from services.notifier import delivery as sending
from services.notifier import handlers, store
from services.notifier.reach import COMES_BACK_WITHIN, TRIED_AGAIN, Blame
from services.notifier.store import Contact, Delivery, Fate, Ledger
from services.notifier.timing import GATHER
from shared.contracts.event import Event
from shared.contracts.intake import MailArrived, MailBounced, Preferences, PreferenceSet
from shared.contracts.issue import Step
from shared.contracts.notifier import (
    NotificationFailed,
    NotificationSent,
    PersonUnreachable,
    Reason,
    Relation,
)
from shared.contracts.organisation import Channel, Organisation
from shared.contracts.router import IssueAcknowledged, IssueReminded, IssueResponded, PersonAway
from shared.database import open_engine
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import CUSTOMER, HOUR, ISSUE_ID, MONDAY
from tests.unit.notifier.telling import said

CHATS = (Channel.SLACK, Channel.MATRIX)
IN_CHAT = {"chat": {"slack": "U1", "matrix": "@ren:example.com"}}


def company(chat: dict[str, Any] = IN_CHAT, **said: Any) -> Organisation:
    """Where `ren` is in two chats beside mail."""
    usual = build.organisation(**said)
    people = tuple(
        one.model_copy(update=build.person("ren", **chat).model_dump(include={"chat"}))
        if one.id == "ren"
        else one
        for one in usual.people
    )
    return usual.model_copy(update={"people": people, "channels": CHATS})


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def open_ledger(
    connection: Connection, now: datetime = MONDAY, organisation: Organisation | None = None
) -> Ledger:
    known = KnownOrganisation(connection, store.metadata)
    known.current = organisation or company()
    return Ledger(connection, now, known, (*CHATS, Channel.EMAIL))


def taken(nth: int = 1, at: datetime = MONDAY, **issue: Any) -> IssueAcknowledged:
    """News that its carrier hears of at once, who is `ren` here."""
    about = said(raised_at=MONDAY - timedelta(days=1), carrier_id="ren", reporter_id="ren", **issue)
    return IssueAcknowledged(
        **(about | {"occurred_at": at}), event_id=f"taken/{nth}", actor_id="sho"
    )


def tell(event: Event, ledger: Ledger) -> Delivery:
    """Whoever hears of it, by their first way."""
    handlers.HEARS[type(event)].decide(event, ledger)
    return ledger.ready[-1].delivery


def fail(
    delivery: Delivery, ledger: Ledger, blame: Blame = Blame.ADDRESS, error: str = "gone"
) -> Sequence[Event]:
    failed = replace(delivery, fate=Fate.FAILED, error=error, blame=blame, done_at=ledger.now)
    return sending._result(failed).decide(ledger)


def deliveries(ledger: Ledger) -> dict[Channel, Delivery]:
    ledger.write()
    ids = [row.delivery_id for row in ledger.connection.execute(select(store.deliveries))]
    found = [one for one in map(ledger.deliveries.get, ids) if one is not None]
    return {one.channel: one for one in found}


def what(events: Sequence[Event]) -> list[str]:
    return [type(one).__name__ for one in events]


# The next channel


def test_the_first_choice_is_the_organisations_or_the_persons_own(connection: Connection) -> None:
    ledger = open_ledger(connection)
    assert tell(taken(), ledger).channel is Channel.SLACK

    wish = Preferences(channels=(Channel.MATRIX,))
    handlers.preference_set(
        PreferenceSet(occurred_at=MONDAY, person_id="ren", preferences=wish), ledger
    )

    assert tell(taken(2), ledger).channel is Channel.MATRIX


def test_what_one_channel_refuses_goes_by_the_next_one_until_none_is_left(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection)
    first = tell(taken(), ledger)

    assert [
        what(fail(deliveries(ledger)[channel], ledger))
        for channel in (first.channel, Channel.MATRIX, Channel.EMAIL)
    ] == [
        ["NotificationFailed"],
        ["NotificationFailed"],
        ["NotificationFailed", "PersonUnreachable"],
    ]
    made = deliveries(ledger)
    assert {one.fate for one in made.values()} == {Fate.FAILED}
    assert len({one.delivery_id for one in made.values()}) == 3
    assert {(one.fact_id, one.reason, one.made_at) for one in made.values()} == {
        (first.fact_id, first.reason, first.made_at)
    }


def test_the_next_channel_has_it_at_once_and_for_the_first_time(connection: Connection) -> None:
    ledger = open_ledger(connection)
    first = replace(tell(taken(), ledger), attempts=4, external_id="1", external_thread="2")
    ledger.deliveries.put(first)

    fail(first, ledger)

    after = deliveries(ledger)[Channel.MATRIX]
    assert (after.fate, after.due_at, after.taken_at) == (Fate.SENDING, MONDAY, None)
    assert (after.attempts, after.error, after.external_id, after.external_thread) == (
        0,
        None,
        None,
        None,
    )
    (parcel,) = ledger.take([after.delivery_id])
    assert parcel.named_by.delivery_id == after.delivery_id


def test_what_failed_once_does_not_fail_again(connection: Connection) -> None:
    ledger = open_ledger(connection)
    first = tell(taken(), ledger)
    fail(first, ledger)

    assert fail(first, ledger) == []


def test_a_mail_that_comes_back_goes_by_chat(connection: Connection) -> None:
    ledger = open_ledger(connection)
    wish = Preferences(channels=(Channel.EMAIL, Channel.SLACK))
    handlers.preference_set(
        PreferenceSet(occurred_at=MONDAY, person_id="ren", preferences=wish), ledger
    )
    mail = tell(taken(), ledger)
    sending._result(replace(mail, fate=Fate.SENT, done_at=MONDAY)).decide(ledger)

    events = handlers.mail_bounced(bounced(mail), ledger)

    assert what(events) == ["NotificationFailed"]
    made = deliveries(ledger)
    assert (made[Channel.EMAIL].fate, made[Channel.EMAIL].blame) == (Fate.FAILED, Blame.ADDRESS)
    assert made[Channel.SLACK].fate is Fate.SENDING


def bounced(mail: Delivery, error: str = "5.1.1 user unknown") -> MailBounced:
    return MailBounced(
        event_id="bounced",
        occurred_at=MONDAY,
        delivery_id=mail.delivery_id,
        issue_id=mail.issue_id,
        permanent=True,
        error=error,
    )


def reminded(nth: int) -> IssueReminded:
    issue_id = f"{ISSUE_ID[:-1]}{nth}"
    about = said(raised_at=MONDAY - timedelta(days=1)) | {"issue_id": issue_id}
    return IssueReminded(
        **about, event_id=f"reminded/{nth}", step=Step.ACKNOWLEDGE, person_id="ren"
    )


def test_what_went_as_one_message_goes_as_one_by_the_next_channel_too(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection)
    for nth in range(3):
        handlers.issue_changed(reminded(nth), ledger)
    ledger.write()
    ledger = open_ledger(connection, MONDAY + GATHER)
    ids = [row.delivery_id for row in connection.execute(select(store.deliveries))]
    (parcel,) = ledger.take(ids)
    going = [one.delivery for one in parcel.ready]
    overtaken = replace(going[0], fate=Fate.OVERTAKEN, done_at=ledger.now)
    assert sending._result(overtaken).decide(ledger) == []

    events = [one for delivery in going[1:] for one in fail(delivery, ledger)]
    ledger.write()

    assert what(events) == ["NotificationFailed"] * 2
    rows = connection.execute(
        select(store.deliveries).where(store.deliveries.c.channel == Channel.MATRIX)
    ).all()
    assert len(rows) == 2
    again = open_ledger(connection, MONDAY + GATHER)
    (passed_on,) = again.take([rows[0].delivery_id])
    assert len(passed_on.ready) == 2
    assert passed_on.named_by.delivery_id == min(row.delivery_id for row in rows)


# Whose mistake it is


def test_a_message_that_is_refused_goes_another_way_and_the_next_one_as_usual(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection)

    fail(tell(taken(), ledger), ledger, Blame.MESSAGE)

    assert deliveries(ledger)[Channel.MATRIX].fate is Fate.SENDING
    assert tell(taken(2), ledger).channel is Channel.SLACK


def postponed(delivery: Delivery, ledger: Ledger) -> Delivery:
    return sending._wait_for_operator(delivery, "401 bad token", ledger.now)


def test_where_we_are_not_let_in_it_goes_another_way_at_once(connection: Connection) -> None:
    ledger = open_ledger(connection)
    first = tell(taken(), ledger)

    events = sending._result(postponed(first, ledger)).decide(ledger)

    assert what(events) == ["NotificationFailed"]
    made = deliveries(ledger)
    assert (made[Channel.SLACK].fate, made[Channel.SLACK].blame) == (Fate.FAILED, Blame.SETUP)
    assert made[Channel.MATRIX].fate is Fate.SENDING
    assert tell(taken(2), ledger).channel is Channel.SLACK


def test_where_there_is_no_other_way_it_waits_for_the_operator_and_nobody_is_unreachable(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection, organisation=company({"chat": {}}))
    mail = tell(taken(), ledger)
    waits = []
    for _ in range(20):
        tried = postponed(mail, ledger)
        assert sending._result(tried).decide(ledger) == []
        kept = ledger.deliveries.get(mail.delivery_id)
        assert kept is not None
        assert (kept.fate, kept.blame) == (Fate.POSTPONED, Blame.SETUP)
        assert kept.due_at is not None
        waits.append(kept.due_at - ledger.now)
        mail = kept

    assert waits[0] == timedelta(minutes=1)
    assert waits[-1] == HOUR
    assert sending._result(replace(mail, fate=Fate.SENT)).decide(ledger) != []


def test_a_bounce_for_which_we_are_to_blame_makes_nobody_unreachable(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection, organisation=company({"chat": {}}))
    mail = tell(taken(), ledger)
    sending._result(replace(mail, fate=Fate.SENT, done_at=MONDAY)).decide(ledger)

    events = handlers.mail_bounced(bounced(mail, "550 5.7.26 not authenticated"), ledger)

    assert what(events) == ["NotificationFailed"]
    assert tell(taken(2), ledger).channel is Channel.EMAIL


def test_a_server_that_was_gone_for_days_is_no_reason_to_avoid_the_channel(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection)
    first = replace(tell(taken(), ledger), attempts=len(sending.RETRY_AFTER))
    last = sending._retry(first, "ConnectionRefusedError", MONDAY)

    assert (last.fate, last.blame) == (Fate.FAILED, Blame.TIME)
    sending._result(last).decide(ledger)
    assert deliveries(ledger)[Channel.MATRIX].fate is Fate.SENDING
    assert tell(taken(2), ledger).channel is Channel.SLACK


# What is remembered


def test_a_channel_that_did_not_reach_them_is_no_first_choice_for_a_day(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection)
    ledger.preferences.put(store.Preference("ren", {"told": "always"}))
    fail(tell(taken(), ledger), ledger)
    ledger.write()

    soon = open_ledger(connection, MONDAY + TRIED_AGAIN - timedelta(seconds=1))
    assert tell(taken(2, soon.now), soon).channel is Channel.MATRIX
    soon.write()
    later = open_ledger(connection, MONDAY + TRIED_AGAIN)
    tries = [tell(taken(nth, later.now), later) for nth in (3, 4)]

    assert [one.channel for one in tries] == [Channel.SLACK, Channel.MATRIX]
    sending._result(replace(tries[0], fate=Fate.SENT, done_at=later.now)).decide(later)
    assert tell(taken(5, later.now), later).channel is Channel.SLACK


def test_a_new_address_is_tried_at_once(connection: Connection) -> None:
    ledger = open_ledger(connection)
    fail(tell(taken(), ledger), ledger)
    ledger.write()

    moved = company({"chat": {"slack": "U2", "matrix": "@ren:example.com"}})
    ledger = open_ledger(connection, organisation=moved)

    assert tell(taken(2), ledger).channel is Channel.SLACK


def test_no_address_is_kept_beside_what_it_is_known_by(connection: Connection) -> None:
    ledger = open_ledger(connection)
    fail(tell(taken(), ledger), ledger)
    ledger.write()

    (row,) = connection.execute(select(store.reaches)).all()
    assert "U1" not in map(str, row)


@pytest.fixture
def by_mail_only(connection: Connection) -> Callable[[datetime], Ledger]:
    """`ren`, who has nothing but mail, at a time."""

    def at(now: datetime) -> Ledger:
        return open_ledger(connection, now, company({"chat": {}}))

    return at


def test_who_is_not_reached_at_all_has_it_in_the_inbox_and_no_server_is_bothered(
    by_mail_only: Callable[[datetime], Ledger],
) -> None:
    ledger = by_mail_only(MONDAY)
    fail(tell(taken(), ledger), ledger)
    ready = len(ledger.ready)

    events = handlers.issue_changed(taken(2), ledger)

    assert what(events) == ["NotificationSent", "NotificationFailed"]
    assert isinstance(events[0], NotificationSent)
    assert events[0].channel is Channel.INBOX
    assert isinstance(events[1], NotificationFailed)
    assert events[1].error == "gone"
    assert len(ledger.ready) == ready


def test_mail_is_tried_once_a_day_and_works_again_when_it_does_not_come_back(
    by_mail_only: Callable[[datetime], Ledger],
) -> None:
    ledger = by_mail_only(MONDAY)
    fail(tell(taken(), ledger), ledger)
    ledger.write()

    day = by_mail_only(MONDAY + TRIED_AGAIN)
    mail = tell(taken(2, day.now), day)
    sending._result(replace(mail, fate=Fate.SENT, done_at=day.now)).decide(day)
    assert "NotificationFailed" in what(handlers.issue_changed(taken(3, day.now), day))
    day.write()

    after = by_mail_only(day.now + COMES_BACK_WITHIN)
    assert tell(taken(4, after.now), after).channel is Channel.EMAIL


def test_mail_that_stands_in_their_box_works_at_once(
    by_mail_only: Callable[[datetime], Ledger],
) -> None:
    ledger = by_mail_only(MONDAY)
    fail(tell(taken(), ledger), ledger)
    ledger.write()
    day = by_mail_only(MONDAY + TRIED_AGAIN)
    mail = tell(taken(2, day.now), day)
    sending._result(replace(mail, fate=Fate.SENT, done_at=day.now)).decide(day)

    arrived = MailArrived(occurred_at=day.now, delivery_id=mail.delivery_id, issue_id=ISSUE_ID)
    handlers.mail_arrived(arrived, day)

    assert tell(taken(3, day.now), day).channel is Channel.EMAIL


# Who is told


def unreachable_of(events: Sequence[Event]) -> PersonUnreachable:
    (found,) = (one for one in events if isinstance(one, PersonUnreachable))
    return found


def test_that_somebody_can_not_be_reached_is_said_once_a_day(
    by_mail_only: Callable[[datetime], Ledger],
) -> None:
    said_at = []
    for hours in (0, 1, 23, 24):
        ledger = by_mail_only(MONDAY + hours * HOUR)
        made = handlers.issue_changed(taken(hours, ledger.now), ledger)
        made += [one for ready in ledger.ready for one in fail(ready.delivery, ledger)]
        ledger.write()
        if any(isinstance(one, PersonUnreachable) for one in made):
            said_at.append(hours)

    assert said_at == [0, 24]


def test_it_names_what_each_channel_said_and_no_address(connection: Connection) -> None:
    ledger = open_ledger(connection)
    fail(tell(taken(), ledger), ledger, error="channel_not_found")
    fail(deliveries(ledger)[Channel.MATRIX], ledger, error="has left the room")

    event = unreachable_of(fail(deliveries(ledger)[Channel.EMAIL], ledger, error="550 5.1.1"))

    assert [(one.channel, one.error) for one in event.errors] == [
        (Channel.SLACK, "channel_not_found"),
        (Channel.MATRIX, "has left the room"),
        (Channel.EMAIL, "550 5.1.1"),
    ]
    assert (event.person_id, event.reason) == ("ren", Reason.TAKEN)
    assert event.issue is not None


def heard(event: PersonUnreachable, ledger: Ledger) -> set[tuple[str, Relation]]:
    known = event.model_copy(update={"event_id": "unreachable"})
    events = handlers.person_unreachable(known, ledger)
    return {(one.person_id, one.relation) for one in events if isinstance(one, NotificationSent)}


@pytest.mark.parametrize(
    ("lost", "confidential", "told"),
    [
        ("ren", False, {("mio", Relation.LEAD)}),
        ("ren", True, {("kai", Relation.LEADER)}),
        ("mio", False, {("kai", Relation.LEADER)}),
    ],
)
def test_the_lead_is_told_or_the_leader_where_the_lead_can_not_be(
    connection: Connection, lost: str, confidential: bool, told: set[tuple[str, Relation]]
) -> None:
    ledger = open_ledger(connection)
    event = PersonUnreachable(
        occurred_at=MONDAY,
        person_id=lost,
        issue_id=ISSUE_ID,
        delivery_id="delivery",
        reason=Reason.YOURS,
        errors=(),
        issue=build.snapshot(confidential=confidential, raised_at=MONDAY - timedelta(days=1)),
    )

    assert heard(event, ledger) == told


def test_of_a_leader_who_leads_their_own_team_and_of_a_leaver_nobody_is_told(
    connection: Connection,
) -> None:
    usual = company()
    own = tuple(
        team.model_copy(update={"lead": "kai"}) if team.id == usual.person["kai"].team else team
        for team in usual.teams
    )
    ledger = open_ledger(connection, organisation=usual.model_copy(update={"teams": own}))
    event = PersonUnreachable(
        occurred_at=MONDAY,
        person_id="kai",
        issue_id="",
        delivery_id="delivery",
        reason=Reason.AWAY,
        errors=(),
    )

    assert heard(event, ledger) == set()
    assert heard(event.model_copy(update={"person_id": "left"}), ledger) == set()


def test_whoever_carries_a_customers_issue_hears_that_the_customer_can_not_be_reached(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection)
    ledger.contacts.put(Contact(CUSTOMER, "Customer", "customer@example.org", "en"))
    about = said(raised_at=MONDAY - timedelta(days=1), reporter_id=CUSTOMER, carrier_id="aki")
    answer = IssueResponded(**about, event_id="answer", text="Like so.", actor_id="ren")
    handlers.issue_changed(answer, ledger)
    (mail,) = (one.delivery for one in ledger.ready if one.delivery.person_id == CUSTOMER)

    event = unreachable_of(fail(mail, ledger, error="550 5.1.1"))

    assert heard(event, ledger) == {("aki", Relation.CARRIER)}
    assert {(one.delivery.person_id, one.delivery.reason) for one in ledger.ready} >= {
        ("aki", Reason.UNREACHABLE)
    }


def test_a_customer_without_a_carrier_is_the_leaders(connection: Connection) -> None:
    ledger = open_ledger(connection)
    event = PersonUnreachable(
        occurred_at=MONDAY,
        person_id=CUSTOMER,
        issue_id=ISSUE_ID,
        delivery_id="delivery",
        reason=Reason.ANSWER,
        errors=(),
        issue=build.snapshot(carrier_id="left", raised_at=MONDAY - timedelta(days=1)),
    )

    assert heard(event, ledger) == {("kai", Relation.LEADER)}


def test_that_nobody_can_be_told_of_it_either_ends_there(connection: Connection) -> None:
    ledger = open_ledger(connection)
    event = PersonUnreachable(
        event_id="unreachable",
        occurred_at=MONDAY,
        person_id="ren",
        issue_id="",
        delivery_id="delivery",
        reason=Reason.AWAY,
        errors=(),
    )
    notice = tell(event, ledger)
    assert (notice.person_id, notice.reason) == ("mio", Reason.UNREACHABLE)

    assert what(fail(notice, ledger)) == ["NotificationFailed"]


def test_of_whoever_has_left_nobody_is_told(connection: Connection) -> None:
    ledger = open_ledger(connection)
    left = replace(tell(taken(), ledger), person_id="left", channel=Channel.EMAIL)
    ledger.deliveries.put(left)

    assert what(fail(left, ledger)) == ["NotificationFailed"]


def test_what_has_been_erased_is_not_due_for_ever(connection: Connection) -> None:
    ledger = open_ledger(connection)
    delivery = tell(taken(), ledger)
    ledger.facts.put(store.Fact(delivery.fact_id, "issue.acknowledged.v1", None))

    assert ledger.take([delivery.delivery_id]) == []

    kept = ledger.deliveries.get(delivery.delivery_id)
    assert kept is not None
    assert (kept.fate, kept.due_at) == (Fate.OVERTAKEN, None)


def test_an_absence_that_nobody_can_be_told_of_is_about_no_issue(
    by_mail_only: Callable[[datetime], Ledger],
) -> None:
    ledger = by_mail_only(MONDAY)
    fail(tell(taken(), ledger), ledger)
    ledger.unreached.put(store.Unreached("ren", MONDAY - TRIED_AGAIN))
    away = PersonAway(
        event_id="away",
        occurred_at=MONDAY,
        absence_id="absence",
        person_id="sho",
        starts_at=MONDAY,
        ends_at=MONDAY + 80 * HOUR,
        substitute_id="ren",
        issues=3,
    )

    event = unreachable_of(handlers.many_concerned(away, ledger))

    assert (event.issue_id, event.issue, event.reason) == ("", None, Reason.AWAY)
