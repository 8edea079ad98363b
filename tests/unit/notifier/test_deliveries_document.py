"""What docs/deliveries.md says of what becomes of a message is so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from services.notifier import delivery as sending
from services.notifier import handlers, store
from services.notifier.channels.base import Taken
from services.notifier.reach import COMES_BACK_WITHIN, TOLD_AGAIN, TRIED_AGAIN, Blame
from services.notifier.store import Delivery, Fact, Fate, Ledger
from shared.contracts.intake import MailArrived
from shared.contracts.organisation import Channel
from shared.database import open_engine
from shared.due import TAKE_AGAIN
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY
from tests.unit.notifier.test_failing import bounced, taken

DOCUMENT = (Path(__file__).parents[3] / "docs" / "deliveries.md").read_text(encoding="utf-8")
MINUTE = timedelta(minutes=1)

Step = tuple[Fate, Fate]


def documented() -> dict[Fate, set[Fate]]:
    """The states by the table, each with what may follow it."""
    table = DOCUMENT.partition("## States")[2].partition("\n\nA message begins")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    words = re.compile("`(\\w+)`")
    return {Fate(words.findall(row[1])[0]): set(map(Fate, words.findall(row[3]))) for row in rows}


STEPS = [
    (before, after) for before, following in documented().items() for after in sorted(following)
]


def test_every_state_stands_in_the_table() -> None:
    assert set(documented()) == set(Fate)


def test_every_step_of_the_table_is_tried_below() -> None:
    assert set(STEPS) == set(HOW)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield open_ledger(connection)
    engine.dispose()


def open_ledger(connection: Connection) -> Ledger:
    known = KnownOrganisation(connection, store.metadata)
    known.current = build.organisation()
    return Ledger(connection, MONDAY, known)


def _take(delivery: Delivery, ledger: Ledger) -> None:
    ledger.take([delivery.delivery_id])


def _erase(delivery: Delivery, ledger: Ledger) -> None:
    ledger.facts.put(Fact(delivery.fact_id, "issue.acknowledged.v1", None))
    ledger.take([delivery.delivery_id])


def _come_back(delivery: Delivery, ledger: Ledger) -> None:
    handlers.mail_bounced(bounced(delivery), ledger)


def _arrive(delivery: Delivery, ledger: Ledger) -> None:
    arrived = MailArrived(occurred_at=MONDAY, delivery_id=delivery.delivery_id, issue_id=ISSUE_ID)
    handlers.mail_arrived(arrived, ledger)


def _tried(outcome: Callable[[Delivery], Delivery]) -> Callable[[Delivery, Ledger], None]:
    def record(delivery: Delivery, ledger: Ledger) -> None:
        sending._result(outcome(delivery)).decide(ledger)

    return record


HOW: Mapping[Step, Callable[[Delivery, Ledger], None]] = {
    (Fate.HELD, Fate.SENDING): _take,
    (Fate.HELD, Fate.OVERTAKEN): _erase,
    (Fate.SENDING, Fate.SENT): _tried(lambda one: sending._taken(one, Taken(), MONDAY)),
    (Fate.SENDING, Fate.DELIVERED): _tried(
        lambda one: sending._taken(one, Taken(delivered=True), MONDAY)
    ),
    (Fate.SENDING, Fate.POSTPONED): _tried(lambda one: sending._retry(one, "451", MONDAY)),
    (Fate.SENDING, Fate.FAILED): _tried(
        lambda one: sending._failed(one, "550", Blame.ADDRESS, MONDAY)
    ),
    (Fate.SENDING, Fate.OVERTAKEN): _tried(lambda one: replace(one, fate=Fate.OVERTAKEN)),
    (Fate.POSTPONED, Fate.SENDING): _take,
    (Fate.POSTPONED, Fate.FAILED): _come_back,
    (Fate.SENT, Fate.DELIVERED): _arrive,
    (Fate.SENT, Fate.FAILED): _come_back,
    (Fate.DELIVERED, Fate.FAILED): _come_back,
}


def placed(fate: Fate, ledger: Ledger) -> Delivery:
    handlers.issue_changed(taken(), ledger)
    made = ledger.ready[-1].delivery
    is_due = fate in store.OPEN_FATES
    delivery = replace(made, fate=fate, due_at=made.due_at if is_due else None)
    assert delivery.channel is Channel.EMAIL
    ledger.deliveries.put(delivery)
    return delivery


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_a_message_takes_each_step_of_the_table(before: Fate, after: Fate, ledger: Ledger) -> None:
    delivery = placed(before, ledger)

    HOW[before, after](delivery, ledger)

    kept = ledger.deliveries.get(delivery.delivery_id)
    assert kept is not None
    assert kept.fate is after
    assert (kept.due_at is None) is (after not in store.OPEN_FATES)


@pytest.mark.parametrize("end", [fate for fate, following in documented().items() if not following])
def test_what_is_at_its_end_stays_there(end: Fate, ledger: Ledger) -> None:
    delivery = placed(end, ledger)

    for happens in (_take, _come_back, _arrive):
        happens(delivery, ledger)

    assert ledger.deliveries.get(delivery.delivery_id) == delivery


@pytest.mark.parametrize("fate", [Fate.SENT, Fate.DELIVERED, Fate.POSTPONED, Fate.FAILED])
def test_nothing_makes_undone_that_it_came_back(fate: Fate, ledger: Ledger) -> None:
    delivery = placed(Fate.SENDING, ledger)
    _come_back(delivery, ledger)

    sending._result(replace(delivery, fate=fate, due_at=MONDAY + HOUR)).decide(ledger)

    kept = ledger.deliveries.get(delivery.delivery_id)
    assert kept is not None
    assert (kept.fate, kept.due_at) == (Fate.FAILED, None)


def test_how_often_and_how_long_are_as_in_the_code() -> None:
    minutes = [wait // MINUTE for wait in sending.RETRY_AFTER]
    last = sending.RETRY_AFTER[sending.TRIES_OF_SETUP - 1]

    assert minutes == [1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60]
    assert "after 1, 5 and 15 minutes, 1, 4, 12 and 24 hours" in DOCUMENT
    assert (last, "tried every hour") == (HOUR, "tried every hour")
    assert "tried every hour" in DOCUMENT
    assert (TAKE_AGAIN, "due again a minute later" in DOCUMENT) == (MINUTE, True)
    assert (TRIED_AGAIN, "left alone for a day" in DOCUMENT) == (24 * HOUR, True)
    assert (COMES_BACK_WITHIN, "not back within an hour" in DOCUMENT) == (HOUR, True)
    assert (TOLD_AGAIN, "Once a day at most" in DOCUMENT) == (24 * HOUR, True)
    assert (sending.MOST_IN_A_LANE, "At most six" in DOCUMENT) == (6, True)
