"""Who was told what, by which channel, and whether it arrived: kept from facts in any order, and
shown to those who may look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine

from services.intake import projection, store
from services.intake.store import Result, Shelf, Told
from services.intake.tellings import may_look, tellings, ways_text, went_wrong
from shared.contracts.event import Event
from shared.contracts.issue import State
from shared.contracts.notifier import (
    ChannelError,
    NotificationFailed,
    NotificationSent,
    PersonUnreachable,
    Reason,
    Relation,
)
from shared.contracts.organisation import Channel
from shared.language import words
from shared.links import EVERYBODY
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import CUSTOMER, ISSUE_ID, MONDAY

SAID: dict[str, Any] = {
    "occurred_at": MONDAY,
    "delivery_id": "d",
    "issue_id": ISSUE_ID,
    "fact_id": "fact",
    "person_id": "ren",
    "relation": Relation.OWNER,
    "reason": Reason.YOURS,
    "channel": Channel.EMAIL,
}
SENT = NotificationSent(**SAID)
FAILED = NotificationFailed(**SAID, error="550 5.1.1")
LOST = PersonUnreachable(
    occurred_at=MONDAY,
    person_id="ren",
    issue_id=ISSUE_ID,
    delivery_id="d",
    reason=Reason.YOURS,
    errors=(ChannelError(channel=Channel.EMAIL, error="550 5.1.1"),),
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def hear(connection: Connection, *events: Event) -> list[Told]:
    """What is kept after these facts, each heard in a batch of its own."""
    known = KnownOrganisation(connection, store.metadata)
    for event in events:
        shelf = Shelf(connection, MONDAY, known)
        shelf.expect([event])
        projection.HEARS[type(event)].decide(event, shelf)
        shelf.told.write()
    return list(store.told_of(connection, ISSUE_ID, 10))


def row(channel: Channel, result: Result = Result.SENT, **changed: Any) -> Told:
    kept = {
        "delivery_id": channel,
        "person_id": "ren",
        "issue_id": ISSUE_ID,
        "fact_id": "fact",
        "reason": Reason.YOURS,
        "channel": channel,
        "result": result,
        "error": None,
        "at": MONDAY,
    }
    return Told(**{**kept, **changed})


@pytest.mark.parametrize("order", list(permutations((SENT, FAILED, LOST))))
def test_whatever_is_heard_first_the_end_is_that_nothing_reached_them(
    connection: Connection, order: tuple[Event, ...]
) -> None:
    (told,) = hear(connection, *order)

    assert (told.result, told.error) == (Result.UNREACHABLE, "550 5.1.1")
    assert (told.fact_id, told.channel, told.person_id) == ("fact", Channel.EMAIL, "ren")


def test_what_comes_back_was_not_told_after_all(connection: Connection) -> None:
    (sent,) = hear(connection, SENT)
    assert (sent.result, sent.error) == (Result.SENT, None)

    (failed,) = hear(connection, FAILED, SENT)
    assert (failed.result, failed.error) == (Result.FAILED, "550 5.1.1")


def test_what_arrived_was_sent_and_what_failed_did_not_arrive(connection: Connection) -> None:
    hear(connection, SENT)
    assert arrive(connection) == [Result.ARRIVED]
    (told,) = hear(connection, SENT)
    assert told.result is Result.ARRIVED

    hear(connection, FAILED)
    assert arrive(connection) == [Result.FAILED]
    assert arrive(connection, "unknown") == [Result.FAILED]


def arrive(connection: Connection, delivery_id: str = "d") -> list[Result]:
    """What is kept of everything after a mail server has said so."""
    shelf = Shelf(connection, MONDAY, KnownOrganisation(connection, store.metadata))
    shelf.arrived(delivery_id)
    shelf.told.write()
    return [one.result for one in store.told_of(connection, ISSUE_ID, 10)]


def test_nobody_is_lost_of_whom_nothing_is_known(connection: Connection) -> None:
    assert hear(connection, LOST.model_copy(update={"errors": ()})) == []


def test_all_channels_of_one_thing_are_one_line_and_the_newest_comes_first() -> None:
    later = MONDAY + timedelta(hours=1)
    rows = [
        row(Channel.EMAIL, at=later),
        row(Channel.SLACK, Result.FAILED, error="channel_not_found"),
        row(Channel.INBOX),
        row(Channel.INBOX, delivery_id="other", person_id="emi", reason=Reason.RECEIVED),
    ]

    first, second = tellings(rows)

    assert (first.person_id, first.reason, first.at) == ("ren", Reason.YOURS, later)
    assert [one.channel for one in first.ways] == [Channel.INBOX, Channel.SLACK, Channel.EMAIL]
    assert ways_text(first.ways, words("en")) == (
        "in the inbox · Slack: did not arrive (channel_not_found) · Mail: sent"
    )
    assert (second.person_id, second.reason) == ("emi", Reason.RECEIVED)


def test_it_went_wrong_where_nothing_but_the_inbox_has_it() -> None:
    inbox, sent = row(Channel.INBOX), row(Channel.EMAIL)
    failed, lost = row(Channel.SLACK, Result.FAILED), row(Channel.EMAIL, Result.UNREACHABLE)

    assert not went_wrong([inbox])
    assert not went_wrong([inbox, failed, sent])
    assert went_wrong([inbox, failed])
    assert went_wrong([inbox, failed, lost])


@pytest.mark.parametrize("result", list(Result))
def test_every_result_has_words(result: Result) -> None:
    for language in ("ja", "en"):
        assert ways_text([row(Channel.MATRIX, result)], words(language)).startswith("Matrix: ")


def test_owner_carrier_inside_leads_leader_and_operator_may_look_and_nobody_else() -> None:
    company = build.organisation()
    snapshot = build.snapshot(
        owner_id="ren", team_id="product", carrier_id="emi", state=State.ASSIGNED
    )

    may = {
        one
        for one in (*company.person, CUSTOMER, "", EVERYBODY)
        if may_look(snapshot, one, company)
    }

    assert may == {"ren", "emi", "mio", "aki", "kai", EVERYBODY}
    assert not may_look(None, "ren", company)
    assert may_look(None, "kai", company)
    outside = build.snapshot(owner_id="ren", team_id="product", carrier_id=CUSTOMER)
    assert not may_look(outside, CUSTOMER, company)
