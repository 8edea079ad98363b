"""What goes together as one mail: gathered, taken, sent, tried again, come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, select

from services.notifier import delivery as sending
from services.notifier import handlers, store
from services.notifier.channels.base import ComesLater, PermanentFailure, TemporaryFailure
from services.notifier.channels.email import Email
from services.notifier.channels.smtp import Mail
from services.notifier.delivery import Deliveries
from services.notifier.letters import Letters
from services.notifier.store import Fate, Ledger, Parcel
from services.notifier.timing import APART, APART_IF_URGENT, GATHER
from shared import clock
from shared.contracts.event import Event
from shared.contracts.intake import MailBounced
from shared.contracts.issue import AssignedBecause, Reasons, State, Step, Urgency
from shared.contracts.notifier import (
    NotificationFailed,
    NotificationSent,
    PersonUnreachable,
    Reason,
)
from shared.contracts.organisation import Channel
from shared.contracts.router import (
    ChasingPaused,
    IssueAcknowledged,
    IssueAssigned,
    IssueReminded,
    PersonAway,
)
from shared.database import open_engine
from shared.journal import Journal
from shared.links import Links
from shared.organisation import KnownOrganisation
from shared.replies import Replies
from tests.unit import build
from tests.unit.build import HOUR, MONDAY

LONG_AGO = MONDAY - timedelta(days=1)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def open_ledger(connection: Connection, now: datetime = MONDAY) -> Ledger:
    known = KnownOrganisation(connection, store.metadata)
    known.current = build.organisation()
    return Ledger(connection, now, known)


def issue_id(nth: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"issue/{nth}"))


def said(nth: int, **issue: Any) -> dict[str, Any]:
    """An old issue, so that nothing more about it is on its way."""
    snapshot = build.snapshot(**({"raised_at": LONG_AGO, "reporter_id": "emi"} | issue))
    return {"occurred_at": MONDAY, "issue_id": issue_id(nth), "issue": snapshot}


def reminded(nth: int, at: datetime = MONDAY, **issue: Any) -> IssueReminded:
    about = said(nth, **issue) | {"occurred_at": at}
    event_id = f"reminded/{nth}/{at}/{about['issue'].version}"
    return IssueReminded(**about, event_id=event_id, step=Step.ACKNOWLEDGE, person_id="ren")


def hear(connection: Connection, *events: Event, at: datetime = MONDAY) -> list[Event]:
    ledger = open_ledger(connection, at)
    told = [one for event in events for one in decide(event, ledger)]
    assert ledger.ready == []
    ledger.write()
    return told


def decide(event: Event, ledger: Ledger) -> list[Event]:
    return list(handlers.HEARS[type(event)].decide(event, ledger))


def waiting(connection: Connection) -> list[Any]:
    table = store.deliveries
    return list(connection.execute(select(table).order_by(table.c.made_at)))


def take(connection: Connection, at: datetime) -> list[Parcel]:
    """As the tick does with whatever is due."""
    due = [row.delivery_id for row in waiting(connection) if row.due_at and row.due_at <= at]
    ledger = open_ledger(connection, at)
    parcels = ledger.take(due)
    ledger.write()
    return parcels


def go(connection: Connection, at: datetime) -> None:
    """What is due is sent, and that is recorded."""
    ledger = open_ledger(connection, at)
    for parcel in take(connection, at):
        for one in parcel.ready:
            sending._result(replace(one.delivery, fate=Fate.SENT, done_at=at)).decide(ledger)
    ledger.write()


# Gathered


def test_what_is_due_at_once_is_in_the_inbox_at_once_and_goes_as_one_mail(
    connection: Connection,
) -> None:
    told = hear(connection, *(reminded(nth) for nth in range(30)))

    assert {one.channel for one in told if isinstance(one, NotificationSent)} == {Channel.INBOX}
    assert len(told) == 30
    assert take(connection, MONDAY + GATHER - timedelta(seconds=1)) == []
    (parcel,) = take(connection, MONDAY + GATHER)
    assert len({one.delivery.issue_id for one in parcel.ready}) == 30
    assert {one.delivery.bundle_id for one in parcel.ready} == {parcel.named_by.delivery_id}


def test_what_comes_later_joins_until_the_mail_goes(connection: Connection) -> None:
    hear(connection, reminded(1))
    hear(connection, reminded(2), at=MONDAY + GATHER / 2)

    (parcel,) = take(connection, MONDAY + GATHER)

    assert len(parcel.ready) == 2


def test_each_person_has_a_mail_of_their_own(connection: Connection) -> None:
    absent = IssueAssigned(
        **said(1),
        event_id="assigned",
        because=AssignedBecause.ABSENCE,
        reasons=Reasons(),
        previous_owner_id="sho",
    )

    hear(connection, absent)

    parcels = take(connection, MONDAY + GATHER)
    assert {one.named_by.person_id for one in parcels} == {"ren", "emi", "sho"}


def test_an_absence_and_all_that_it_moves_are_one_mail(connection: Connection) -> None:
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
    moved = (
        IssueAssigned(
            **said(nth),
            event_id=f"assigned/{nth}",
            because=AssignedBecause.ABSENCE,
            reasons=Reasons(),
            previous_owner_id="sho",
        )
        for nth in range(3)
    )

    told = hear(connection, *moved, away)

    mails = {one.named_by.person_id: len(one.ready) for one in take(connection, MONDAY + GATHER)}
    assert mails == {"ren": 4, "sho": 4, "emi": 3}
    assert [one.issue_id for one in told if isinstance(one, NotificationSent)].count("") == 2


def test_the_next_mail_keeps_its_distance_and_takes_all_that_has_come_meanwhile(
    connection: Connection,
) -> None:
    hear(connection, reminded(1))
    sent_at = MONDAY + GATHER
    go(connection, sent_at)

    for nth in range(2, 8):
        hear(connection, reminded(nth), at=sent_at + nth * timedelta(minutes=1))

    assert take(connection, sent_at + APART - timedelta(seconds=1)) == []
    (parcel,) = take(connection, sent_at + APART)
    assert len(parcel.ready) == 6


def test_something_urgent_waits_less_and_takes_the_others_with_it(connection: Connection) -> None:
    hear(connection, reminded(1))
    sent_at = MONDAY + GATHER
    go(connection, sent_at)
    hear(connection, reminded(2), at=sent_at)

    hear(connection, reminded(3, urgency=Urgency.HIGH), at=sent_at + timedelta(minutes=1))

    (parcel,) = take(connection, sent_at + APART_IF_URGENT)
    assert len(parcel.ready) == 2


def test_what_a_person_does_waits_for_nobody(connection: Connection) -> None:
    ledger = open_ledger(connection)

    decide(IssueAcknowledged(**said(1), event_id="taken", actor_id="ren"), ledger)

    assert [one.delivery.person_id for one in ledger.ready] == ["emi"]
    assert ledger.ready[0].delivery.bundle_id is None


def test_a_fact_that_is_decided_again_joins_once(connection: Connection) -> None:
    ledger = open_ledger(connection)
    ledger.mark()
    decide(reminded(1), ledger)
    ledger.undo()
    ledger.mark()
    decide(reminded(2), ledger)
    ledger.write()

    (parcel,) = take(connection, MONDAY + GATHER)

    assert [one.delivery.issue_id for one in parcel.ready] == [issue_id(2)]


def test_nothing_joins_a_mail_that_is_on_its_way(connection: Connection) -> None:
    hear(connection, reminded(1))
    first = take(connection, MONDAY + GATHER)[0]

    hear(connection, reminded(2), at=MONDAY + GATHER)
    (again,) = take(connection, MONDAY + GATHER + timedelta(minutes=2))

    assert again.named_by == first.ready[0].delivery
    assert len(again.ready) == 1


def test_what_joins_in_the_batch_in_which_the_mail_is_taken_goes_with_it(
    connection: Connection,
) -> None:
    hear(connection, reminded(1))
    ledger = open_ledger(connection, MONDAY + GATHER)
    decide(reminded(2, ledger.now), ledger)

    parcels = ledger.take([row.delivery_id for row in waiting(connection)])
    ledger.write()

    assert [len(one.ready) for one in parcels] == [2]


# Sent


@dataclass
class Channels:
    """A mail server that says what a test wants."""

    says: list[Exception] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        if self.says:
            raise self.says.pop()
        self.mails.append(mail)

    async def close(self) -> None: ...


@dataclass
class Reading:
    """As much of a journal as sending reads."""

    connection: Connection

    async def read(self, query: Any) -> Any:
        return query(self.connection)


@pytest.fixture
def channel() -> Channels:
    return Channels()


def sender(connection: Connection, channel: Channels) -> tuple[Deliveries, Journal[Ledger]]:
    known = KnownOrganisation(connection, store.metadata)
    known.current = build.organisation()
    keys = ["a key for tests"]
    links, replies = Links(keys, "https://banso.example"), Replies(keys)
    adapters = {Channel.EMAIL: Email(channel, replies, Letters())}
    deliveries = Deliveries(adapters, known, links, CollectorRegistry())
    return deliveries, cast("Journal[Ledger]", Reading(connection))


async def send(
    parcel: Parcel, connection: Connection, channel: Channels, at: datetime
) -> Sequence[store.Delivery]:
    deliveries, journal = sender(connection, channel)
    return await deliveries._send(parcel, journal)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    at = MONDAY + GATHER
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


def headers(mail: Mail) -> Any:
    return message_from_bytes(mail.content, policy=policy.default)


async def test_many_are_sent_as_one_mail_and_each_has_its_fate(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, *(reminded(nth) for nth in range(3)))
    (parcel,) = take(connection, now)

    done = await send(parcel, connection, channel, now)

    assert [one.fate for one in done] == [Fate.SENT] * 3
    (mail,) = channel.mails
    assert headers(mail)["subject"] == "3 issues are waiting for you"
    assert headers(mail)["reply-to"] == "Banso <issues@example.com>"
    assert headers(mail)["references"] is None
    signed = Replies(["a key for tests"]).read_message_id(headers(mail)["message-id"])
    assert signed is not None
    assert signed.delivery_id == parcel.named_by.delivery_id


async def test_what_has_to_wait_its_turn_comes_again_and_that_is_no_attempt(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, reminded(1))
    parcels = take(connection, now)
    channel.says.append(ComesLater(timedelta()))
    deliveries, journal = sender(connection, channel)

    deliveries._put(parcels)
    worker = asyncio.create_task(deliveries._keep_sending(journal))
    done = await deliveries._tried.get()
    worker.cancel()

    assert (done.fate, done.attempts) == (Fate.SENT, 1)
    assert len(channel.mails) == 1


async def test_one_alone_looks_as_if_it_had_never_waited(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, reminded(1))
    (parcel,) = take(connection, now)

    await send(parcel, connection, channel, now)

    (mail,) = channel.mails
    assert headers(mail)["subject"].startswith("[7K3M-9QWX] A reminder from Banso")
    assert headers(mail)["reply-to"] != "Banso <issues@example.com>"
    assert headers(mail)["references"] == f"<{issue_id(1)}@example.com>"


async def test_what_is_overtaken_while_it_waits_is_left_out(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, *(reminded(nth) for nth in range(3)))
    taken = {"version": 2, "state": State.ACKNOWLEDGED, "next_step": Step.ANSWER}
    ledger = open_ledger(connection, MONDAY)
    decide(IssueAcknowledged(**said(1, **taken), event_id="taken", actor_id="ren"), ledger)
    closed = said(2, version=2, state=State.CLOSED, next_step=None, next_step_at=None)
    decide(IssueAcknowledged(**closed, event_id="closed", actor_id="ren"), ledger)
    ledger.write()
    parcels = take(connection, now)
    (parcel,) = (one for one in parcels if one.named_by.reason is Reason.REMINDER)

    done = await send(parcel, connection, channel, now)

    fates = {one.issue_id: one.fate for one in done}
    assert fates == {
        issue_id(0): Fate.SENT,
        issue_id(1): Fate.OVERTAKEN,
        issue_id(2): Fate.OVERTAKEN,
    }
    assert headers(channel.mails[0])["subject"].startswith("[7K3M-9QWX] A reminder from Banso")


async def test_where_all_is_overtaken_nothing_is_sent(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, reminded(1))
    later = reminded(1, MONDAY, version=2, next_step_at=MONDAY + 9 * HOUR)
    hear(connection, later.model_copy(update={"person_id": "mio"}))
    parcels = take(connection, now)
    (parcel,) = (one for one in parcels if one.named_by.person_id == "ren")

    done = await send(parcel, connection, channel, now)

    assert [one.fate for one in done] == [Fate.OVERTAKEN]
    assert channel.mails == []


async def test_of_an_issue_of_before_this_was_kept_only_a_new_owner_overtakes(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, reminded(1))
    table = store.currents
    connection.execute(table.update().values(version=9, state=None, next_step=None))
    (parcel,) = take(connection, now)

    assert [one.fate for one in await send(parcel, connection, channel, now)] == [Fate.SENT]

    connection.execute(table.update().values(assignment=9))
    assert [one.fate for one in await send(parcel, connection, channel, now)] == [Fate.OVERTAKEN]


async def test_what_the_server_can_not_take_now_is_tried_again_together(
    connection: Connection, channel: Channels, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(connection, reminded(1), reminded(2))
    (parcel,) = take(connection, now)
    channel.says = [TemporaryFailure("451 later")]

    tried = await send(parcel, connection, channel, now)
    ledger = open_ledger(connection, now)
    for one in tried:
        assert sending._result(one).decide(ledger) == []
    ledger.write()
    later = now + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    (again,) = take(connection, later)
    done = await send(again, connection, channel, later)

    assert {one.fate for one in tried} == {Fate.POSTPONED}
    assert [(one.fate, one.attempts) for one in done] == [(Fate.SENT, 2)] * 2
    signed = Replies(["a key for tests"]).read_message_id(headers(channel.mails[0])["message-id"])
    assert signed is not None
    assert signed.delivery_id == parcel.named_by.delivery_id


async def test_a_crash_before_it_is_recorded_repeats_the_same_mail(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, reminded(1), reminded(2))
    (parcel,) = take(connection, now)
    await send(parcel, connection, channel, now)

    (again,) = take(connection, now + timedelta(minutes=1))
    await send(again, connection, channel, now)

    first, second = channel.mails
    assert headers(first)["message-id"] == headers(second)["message-id"]


async def test_a_crash_while_it_is_recorded_repeats_no_more_than_is_left_of_it(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, reminded(1), reminded(2))
    (parcel,) = take(connection, now)
    done = await send(parcel, connection, channel, now)
    ledger = open_ledger(connection, now)
    (recorded,) = (one for one in done if one.delivery_id == parcel.named_by.delivery_id)
    sending._result(recorded).decide(ledger)
    ledger.write()

    (again,) = take(connection, now + timedelta(minutes=1))
    await send(again, connection, channel, now)

    assert len(again.ready) == 1
    first, second = channel.mails
    assert headers(first)["message-id"] == headers(second)["message-id"]


@pytest.mark.parametrize("error", [PermanentFailure("550 no"), TemporaryFailure("451 later")])
async def test_what_has_failed_has_failed_for_each(
    connection: Connection, channel: Channels, now: datetime, error: Exception
) -> None:
    hear(connection, reminded(1), reminded(2))
    (parcel,) = take(connection, now)
    worn = [replace(one, delivery=replace(one.delivery, attempts=7)) for one in parcel.ready]
    channel.says = [error]

    done = await send(replace(parcel, ready=tuple(worn)), connection, channel, now)

    assert [(one.fate, one.error) for one in done] == [(Fate.FAILED, str(error))] * 2


async def test_whom_we_can_not_reach_has_missed_each(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    hear(connection, reminded(1))
    (parcel,) = take(connection, now)
    (ready,) = parcel.ready
    unknown = replace(ready, delivery=replace(ready.delivery, person_id="x-9"))

    done = await send(replace(parcel, ready=(unknown,)), connection, channel, now)

    assert [(one.fate, one.error) for one in done] == [(Fate.FAILED, "no address")]


def test_a_mail_that_came_back_has_failed_for_all_that_stood_in_it(
    connection: Connection,
) -> None:
    hear(connection, *(reminded(nth) for nth in range(3)))
    (parcel,) = take(connection, MONDAY + GATHER)
    ledger = open_ledger(connection, MONDAY + HOUR)
    first, *others = (one.delivery for one in parcel.ready)
    for one in (first, others[0]):
        done = replace(one, fate=Fate.SENT, due_at=None, taken_at=None)
        sending._result(done).decide(ledger)
    overtaken = replace(others[1], fate=Fate.OVERTAKEN)
    sending._result(overtaken).decide(ledger)
    bounced = MailBounced(
        event_id="bounced",
        occurred_at=MONDAY,
        delivery_id=parcel.named_by.delivery_id,
        issue_id=issue_id(0),
        permanent=True,
        error="5.1.1 user unknown",
    )

    failed = decide(bounced, ledger)

    assert [type(one) for one in failed] == [NotificationFailed] * 2 + [PersonUnreachable]
    assert decide(bounced, ledger) == []


# About no single issue


async def test_a_pause_is_told_at_once_and_is_about_no_issue(
    connection: Connection, channel: Channels, now: datetime
) -> None:
    paused = ChasingPaused(
        event_id="paused",
        occurred_at=MONDAY,
        pause_id="pause",
        starts_at=MONDAY,
        ends_at=MONDAY + 80 * HOUR,
        said_by_id="kai",
        text="A storm.",
        concerned=("ren", "kai"),
    )
    ledger = open_ledger(connection)

    (told,) = decide(paused, ledger)

    assert isinstance(told, NotificationSent)
    assert (told.issue_id, told.person_id, told.reason) == ("", "ren", Reason.PAUSED)
    (ready,) = ledger.ready
    (done,) = await send(Parcel((ready,), ready.delivery), connection, channel, now)
    assert done.fate is Fate.SENT
    mail = headers(channel.mails[0])
    assert mail["subject"].startswith("Banso chases nobody until")
    assert Replies(["a key for tests"]).read_message_id(mail["message-id"]) is not None
    assert "/i/" in mail.get_body(("plain",)).get_content()


def test_what_happened_long_ago_is_told_to_nobody(connection: Connection) -> None:
    assert hear(connection, reminded(1), at=MONDAY + timedelta(days=4)) == []
    assert waiting(connection) == []
