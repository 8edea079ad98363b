"""Other systems hear of what they asked for, once; and a month's messages end with the month."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import Connection

from services.notifier import handlers, said, store
from services.notifier.app import chats
from services.notifier.channels.base import (
    Abilities,
    Adapter,
    Outgoing,
    PermanentFailure,
    Taken,
    TemporaryFailure,
)
from services.notifier.channels.webhook import Webhooks
from services.notifier.delivery import Deliveries
from services.notifier.quota import Quotas, month_of, used
from services.notifier.store import Delivery, Fate, Ledger, Parcel, Ready
from shared import clock
from shared.channels import WEBHOOK_EVENTS, Channels, Webhook
from shared.contracts.issue import Action, AssignedBecause, Reasons, Refusal
from shared.contracts.notifier import Reason
from shared.contracts.organisation import Channel
from shared.contracts.router import ActionRefused, IssueAssigned
from shared.database import open_engine
from shared.journal import Journal
from shared.links import Links
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import ISSUE_ID, MONDAY
from tests.unit.notifier.telling import delivery
from tests.vendor import vendor

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ZONE = "Asia/Tokyo"
CLOSED_ONLY: dict[str, Any] = {"only": ["issue.closed.v1"]}


def webhook(name: str = "crm", url: str = "https://crm.example.com", **more: Any) -> Webhook:
    return Webhook.model_validate({"name": name, "url": url, "secret": KEY, **more})


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def open_ledger(connection: Connection, *webhooks: Webhook, now: datetime = MONDAY) -> Ledger:
    known = KnownOrganisation(connection, store.metadata)
    known.current = build.organisation()
    return Ledger(connection, now, known, webhooks=webhooks)


def assigned(**issue: Any) -> IssueAssigned:
    event = IssueAssigned(
        event_id="0d1c1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50",
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        issue=build.snapshot(**issue),
        because=AssignedBecause.NEW,
        reasons=Reasons(),
    )
    return IssueAssigned.from_message(event.to_message(event.event_id, "cause"))


def heard(ledger: Ledger, event: IssueAssigned | ActionRefused) -> list[Ready]:
    """What is made ready for other systems."""
    handlers.issue_raised(build.raised(reporter_id="emi"), ledger)
    handlers.HEARS[type(event)].decide(event, ledger)
    return [one for one in ledger.ready if one.delivery.channel is Channel.WEBHOOK]


def test_every_event_that_can_be_asked_for_is_heard() -> None:
    assert set(WEBHOOK_EVENTS) <= set(handlers.HEARS)


def test_each_system_that_asked_for_it_has_a_delivery_of_its_own(connection: Connection) -> None:
    ledger = open_ledger(connection, webhook("crm"), webhook("erp"), webhook("old", **CLOSED_ONLY))

    ready = heard(ledger, assigned())

    assert [one.delivery.person_id for one in ready] == ["webhook:crm", "webhook:erp"]
    assert {one.delivery.reason for one in ready} == {Reason.SUBSCRIBED}
    ledger.write()
    again = open_ledger(connection, webhook("crm"))
    assert again.deliveries.get(ready[0].delivery.delivery_id) == ready[0].delivery


def test_what_is_confidential_is_kept_from_systems_that_were_not_let_in(
    connection: Connection,
) -> None:
    ledger = open_ledger(connection, webhook("crm"), webhook("safe", confidential=True))

    ready = heard(ledger, assigned(confidential=True))

    assert [one.delivery.person_id for one in ready] == ["webhook:safe"]


@pytest.mark.parametrize(
    ("issue", "told"),
    [
        (None, ["webhook:safe"]),
        (build.snapshot(confidential=True), ["webhook:safe"]),
        (build.snapshot(), ["webhook:crm", "webhook:safe"]),
    ],
)
def test_a_refusal_about_an_unknown_issue_counts_as_confidential(
    issue: Any, told: list[str], connection: Connection
) -> None:
    ledger = open_ledger(connection, webhook("crm"), webhook("safe", confidential=True))
    refused = ActionRefused(
        event_id="refused",
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        person_id="ren",
        action=Action.ACKNOWLEDGE,
        refusal=Refusal.INCOMPLETE,
        requested_at=MONDAY,
        issue=issue,
    )

    assert [one.delivery.person_id for one in heard(ledger, refused)] == told


def test_what_is_told_years_later_is_told_to_no_system(connection: Connection) -> None:
    ledger = open_ledger(connection, webhook(), now=MONDAY + timedelta(days=4))

    assert heard(ledger, assigned()) == []


class Reading:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, query: Any) -> Any:
        return query(self._connection)


def opened(
    connection: Connection, webhooks: Webhooks | None, **adapters: Adapter
) -> tuple[Deliveries, Journal[Ledger]]:
    known = KnownOrganisation(connection, store.metadata)
    known.current = build.organisation()
    deliveries = Deliveries(
        {adapter.channel: adapter for adapter in adapters.values()},
        known,
        Links(["a key for tests"], "https://banso.example"),
        CollectorRegistry(),
        webhooks,
    )
    return deliveries, cast("Journal[Ledger]", Reading(connection))


async def test_a_system_is_sent_the_event_as_it_was_heard(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    with vendor() as played:
        played.will_answer({"status": 200})
        webhooks = Webhooks([webhook(url=f"{played.url}/in")])
        event = assigned()
        (ready,) = heard(open_ledger(connection, webhook()), event)
        deliveries, journal = opened(connection, webhooks)

        (done,) = await deliveries._send(Parcel((ready,), ready.delivery), journal)
        await webhooks.close()

    (asked,) = played.asked
    assert asked.body == event.message
    assert json.loads(asked.body)["type"] == "issue.assigned.v1"
    assert asked.headers["webhook-id"] == ready.delivery.delivery_id
    assert done.fate is Fate.DELIVERED
    assert said.sent(done, MONDAY).person_id == "webhook:crm"


@pytest.mark.parametrize("webhooks", [None, []])
async def test_a_system_that_was_taken_out_of_the_file_is_given_up(
    webhooks: Sequence[Webhook] | None, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    (ready,) = heard(open_ledger(connection, webhook()), assigned())
    there = Webhooks(webhooks) if webhooks is not None else None
    deliveries, journal = opened(connection, there)

    (done,) = await deliveries._send(Parcel((ready,), ready.delivery), journal)

    assert (done.fate, done.error) == (Fate.FAILED, "not set up")
    if there is not None:
        await there.close()


# A limit a month


class Bot:
    channel = Channel.LINEWORKS

    def __init__(self, *outcomes: Exception | None, monthly: int = 2) -> None:
        self.can = Abilities(monthly=monthly)
        self.sent: list[Outgoing] = []
        self._outcomes = list(outcomes)

    async def send(self, outgoing: Outgoing) -> Taken:
        outcome = self._outcomes.pop(0) if self._outcomes else None
        if outcome is not None:
            raise outcome
        self.sent.append(outgoing)
        return Taken()

    async def close(self) -> None:
        """Nothing is open."""


def told(nth: int, at: datetime = MONDAY, **more: Any) -> Delivery:
    made = replace(delivery(Reason.YOURS, delivery_id=f"delivery{nth}"), channel=Channel.LINEWORKS)
    return replace(made, made_at=at, done_at=at, fate=Fate.SENT, **more)


async def tried(bot: Bot, connection: Connection, count: int) -> list[Delivery]:
    """What becomes of so many messages by this bot."""
    organisation = build.organisation()
    first, *others = organisation.people
    people = [replace_chat(first), *(replace_chat(other) for other in others)]
    deliveries, journal = opened(connection, None, bot=bot)
    known = deliveries._known
    known.current = organisation.model_copy(update={"people": tuple(people)})
    done: list[Delivery] = []
    for nth in range(count):
        one = replace(told(nth), fate=Fate.SENDING, done_at=None)
        ready = Ready(one, assigned(), None, build.raised())
        done += await deliveries._send(Parcel((ready,), one), journal)
    return done


def replace_chat(person: Any) -> Any:
    return person.model_copy(update={"chat": {Channel.LINEWORKS: person.id}})


async def test_what_does_not_fit_into_the_month_is_left_to_the_next_channel(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    bot = Bot()

    done = await tried(bot, connection, 3)

    assert [one.fate for one in done] == [Fate.SENT, Fate.SENT, Fate.FAILED]
    assert done[2].error == "no more messages this month"
    assert len(bot.sent) == 2


async def test_what_was_sent_before_a_restart_counts(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    ledger = open_ledger(connection)
    ledger.deliveries.put(told(90))
    ledger.deliveries.put(told(91, MONDAY - timedelta(days=40)))
    ledger.write()

    done = await tried(Bot(), connection, 2)

    assert [one.fate for one in done] == [Fate.SENT, Fate.FAILED]


@pytest.mark.parametrize("failure", [TemporaryFailure("503"), PermanentFailure("404")])
async def test_what_was_not_taken_does_not_count(
    failure: Exception, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: MONDAY)

    done = await tried(Bot(failure), connection, 4)

    assert [one.fate for one in done[1:]] == [Fate.SENT, Fate.SENT, Fate.FAILED]


async def test_many_at_once_do_not_exceed_it(connection: Connection) -> None:
    quotas = Quotas({Channel.LINEWORKS: 3})
    journal = cast("Journal[Ledger]", Reading(connection))

    fits = await asyncio.gather(
        *(quotas.take(Channel.LINEWORKS, MONDAY, ZONE, journal) for _ in range(8))
    )
    others = await quotas.take(Channel.SLACK, MONDAY, ZONE, journal)
    next_month = MONDAY + timedelta(days=31)

    assert sum(fits) == 3
    assert others
    assert await quotas.take(Channel.LINEWORKS, next_month, ZONE, journal)


def test_a_month_begins_where_the_company_is() -> None:
    at = datetime(2026, 6, 30, 15, 0, tzinfo=UTC)

    assert month_of(at, ZONE) == at
    assert month_of(at, "UTC") == datetime(2026, 6, 1, tzinfo=UTC)


def test_what_went_as_one_message_counts_once(connection: Connection) -> None:
    ledger = open_ledger(connection)
    for nth in range(3):
        ledger.deliveries.put(told(nth, bundle_id="delivery0"))
    ledger.deliveries.put(told(3))
    ledger.deliveries.put(replace(told(4), fate=Fate.FAILED))
    ledger.deliveries.put(replace(told(5), channel=Channel.SLACK))
    ledger.write()

    assert used(connection, Channel.LINEWORKS, MONDAY) == 2


def test_a_conversation_that_was_begun_anew_goes_on_where_it_is(connection: Connection) -> None:
    ledger = open_ledger(connection)

    for thread in ("D1/1.0", "D1/1.0", "D2/7.0"):
        ledger.keep_thread(told(1, external_thread=thread))
    ledger.keep_thread(told(2))

    assert ledger.thread(told(3)) == "D2/7.0"


def test_only_what_the_operator_sets_up_is_there() -> None:
    secret = SecretStr("x")
    file = Channels.model_validate(
        {
            "slack": {"bot_token": secret},
            "matrix": {"homeserver": "https://x", "user": "@a:b", "access_token": secret},
        }
    )

    assert set(chats(file)) == {Channel.SLACK, Channel.MATRIX}
    assert chats(Channels()) == {}
