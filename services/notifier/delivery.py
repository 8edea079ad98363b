"""Brings deliveries to people: at once after the commit, again later where that failed.

A delivery is due until its fate is recorded. Whoever takes one marks it; if they die before that,
it is due again after a minute. A crash between sending and recording may thus repeat one mail,
with the same Message-ID. What was gathered for a person (`timing`) is taken, sent and tried again
as one mail; each delivery of it has its own fate all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from sqlalchemy import Row, select

from services.notifier import failing, handlers, said, store, timing
from services.notifier.channels.base import (
    Adapter,
    ComesLater,
    MessageRefused,
    Misconfigured,
    Outgoing,
    PermanentFailure,
    Taken,
    TemporaryFailure,
)
from services.notifier.channels.webhook import Webhooks
from services.notifier.lanes import Lanes
from services.notifier.message import compose
from services.notifier.quota import Quotas
from services.notifier.reach import Blame
from services.notifier.store import Delivery, Fate, Ledger, Parcel, Ready
from services.notifier.systems import name_of
from services.notifier.ways import address_of
from services.notifier.wording.base import Recipient
from shared import clock, due, logs
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Snapshot
from shared.contracts.organisation import Channel, Language, Organisation
from shared.contracts.router import IssueEvent
from shared.journal import LARGEST_BATCH, Cause, Journal, TryAgain
from shared.language import known_language
from shared.links import Links
from shared.organisation import KnownOrganisation

log = logs.get(__name__)

WORKERS = 16
MOST_IN_A_LANE = 6
"""Of these go to one place at a time, a chat or the domain of an address: a server there that
answers slowly leaves enough for all others, connections to our own mail server among them."""
RETRY_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""Growing delays after temporary failures; RFC 5321 asks for at least half an hour in between
and four to five days in all for mail servers, but people wait for these, and the server that
takes them is our own."""

TRIES_OF_SETUP = 4
"""What waits until an operator has mended our own set-up is tried every hour in the end, however
long that takes."""

JUST_DECIDED = timedelta(seconds=5)
"""Nothing overtakes a delivery this young that would not have been sent the same."""


class Unreachable(Exception):
    """We know no address of this person."""


class Deliveries:
    """Sends what is ready. `offer` is called after each commit, from the journal's thread."""

    def __init__(
        self,
        adapters: Mapping[Channel, Adapter],
        known: KnownOrganisation,
        links: Links,
        registry: CollectorRegistry,
        webhooks: Webhooks | None = None,
    ) -> None:
        self._adapters = adapters
        self._webhooks = webhooks
        self._quotas = Quotas(
            {
                channel: adapter.can.monthly
                for channel, adapter in adapters.items()
                if adapter.can.monthly is not None
            }
        )
        self._known = known
        self._links = links
        self._queue: Lanes[Parcel] = Lanes(self._lane_of, MOST_IN_A_LANE)
        self._tried: asyncio.Queue[Delivery] = asyncio.Queue(LARGEST_BATCH)
        self._counts: dict[tuple[str, str, str], Counter] = {}
        self._loop = asyncio.get_running_loop()
        self._in_work: set[str] = set()
        self._outcomes = Counter(
            "banso_notifications",
            "Notifications by channel, reason and what became of them.",
            ["channel", "reason", "result"],
            registry=registry,
        )
        self._bounces = Counter(
            "banso_bounces",
            "Mails of ours that came back, for good (permanent) or late (temporary).",
            ["kind"],
            registry=registry,
        )
        self._misconfigured = Counter(
            "banso_channel_misconfigured",
            "Attempts at which a channel did not let us in: an operator has to mend that.",
            ["channel"],
            registry=registry,
        )
        self._summed = Counter(
            "banso_notifications_summed",
            "Notifications that are told in a summary and in the inbox only, by reason.",
            ["reason"],
            registry=registry,
        )
        self._delay = Histogram(
            "banso_notification_delay_seconds",
            "From the decision to tell somebody until the channel took it.",
            ["channel"],
            registry=registry,
            buckets=(0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600, 86400),
        )

    def offer(self, ledger: Ledger) -> None:
        """Hands over what the batch has made ready, and counts what came back or is summed up."""
        for bounced in ledger.bounces:
            kind = "permanent" if bounced.permanent else "temporary"
            self._bounces.labels(kind).inc()
            log.warning(
                "delivery.bounced", delivery=bounced.delivery_id, kind=kind, error=bounced.error
            )
        for delivery in ledger.summed:
            self._summed.labels(delivery.reason).inc()
        if ledger.ready:
            parcels = [Parcel((one,), one.delivery) for one in ledger.ready]
            self._loop.call_soon_threadsafe(self._put, parcels)

    def _put(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            ids = {one.delivery.delivery_id for one in parcel.ready}
            if self._in_work.isdisjoint(ids):
                self._in_work |= ids
                self._queue.put_nowait(parcel)

    def _lane_of(self, parcel: Parcel) -> str:
        """Where it goes: the same for the same parcel, whatever becomes of the organisation."""
        channel = parcel.named_by.channel
        if channel is not Channel.EMAIL:
            return channel
        contact = parcel.ready[0].contact
        if contact is None:
            return f"{channel} inside"
        return f"{channel} {contact.address.rpartition('@')[2].lower()}"

    async def work(self, journal: Journal[Ledger]) -> None:
        """Sends for ever, several at a time, and records what came of it, many at a time."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._keep_sending(journal))
            group.create_task(self._keep_recording(journal))

    async def _keep_sending(self, journal: Journal[Ledger]) -> None:
        while True:
            parcel = await self._queue.get()
            try:
                deliveries = await self._send(parcel, journal)
            except ComesLater as later:
                self._loop.call_later(later.wait.total_seconds(), self._queue.put_nowait, parcel)
                continue
            except Exception as error:
                log.error(
                    "delivery.broken",
                    delivery=parcel.named_by.delivery_id,
                    error=repr(error),
                    exc_info=error,
                )
                name, now = type(error).__name__, clock.now()
                deliveries = [_retry(one.delivery, name, now) for one in parcel.ready]
            finally:
                self._queue.done(parcel)
            for delivery in deliveries:
                await self._tried.put(delivery)

    async def _keep_recording(self, journal: Journal[Ledger]) -> None:
        while True:
            tried = [await self._tried.get()]
            while not self._tried.empty() and len(tried) < LARGEST_BATCH:
                tried.append(self._tried.get_nowait())
            outcomes = await journal.settle_all([_result(delivery) for delivery in tried])
            for delivery, outcome in zip(tried, outcomes, strict=True):
                self._in_work.discard(delivery.delivery_id)
                self._count(delivery)
                if isinstance(outcome, TryAgain):
                    log.warning("delivery.unrecorded", delivery=delivery.delivery_id)

    def _count(self, delivery: Delivery) -> None:
        key = (delivery.channel, delivery.reason, delivery.fate)
        if key not in self._counts:
            self._counts[key] = self._outcomes.labels(*key)
        self._counts[key].inc()

    async def take_due(self, journal: Journal[Ledger]) -> int:
        """Takes up what is due again: retries, and what a crash has left."""
        table, now = store.deliveries, clock.now()
        rows = await journal.read(
            lambda connection: due.find(
                connection, (table.c.delivery_id,), table.c.due_at, table.c.taken_at, now
            )
        )
        ids = [row.delivery_id for row in rows if row.delivery_id not in self._in_work]
        if not ids:
            return 0
        found: list[Parcel] = []

        def take(ledger: Ledger) -> None:
            found[:] = ledger.take(ids)

        await journal.note(take)
        self._put(found)
        return len(found)

    async def confirm_due(self, journal: Journal[Ledger]) -> int:
        """Confirms what came in a minute ago and has no owner yet."""
        table, now = store.arrivals, clock.now()
        rows = await journal.read(
            lambda connection: due.find(
                connection, (table.c.issue_id,), table.c.due_at, table.c.taken_at, now
            )
        )
        waiting: list[IssueRaised] = []

        def take(ledger: Ledger) -> None:
            waiting[:] = ledger.take_unconfirmed([row.issue_id for row in rows])

        if rows:
            await journal.note(take)
            await asyncio.gather(*(_confirm(raised, journal) for raised in waiting))
        return len(rows)

    async def _send(self, parcel: Parcel, journal: Journal[Ledger]) -> list[Delivery]:
        """The deliveries with their new fates; still due after a temporary failure."""
        organisation = self._known.current
        if organisation is None:
            raise TryAgain(timedelta(seconds=1))
        now = clock.now()
        overtaken = await _overtaken(parcel, journal)
        current = [one for one in parcel.ready if one.delivery.delivery_id not in overtaken]
        going = [one.delivery for one in current]
        void = [
            replace(one.delivery, fate=Fate.OVERTAKEN, done_at=now)
            for one in parcel.ready
            if one.delivery.delivery_id in overtaken
        ]
        if not current:
            return void
        try:
            taken = await self._hand_over(parcel, current, organisation, now, journal)
        except (TemporaryFailure, PermanentFailure, Unreachable) as failure:
            return void + self._failure(parcel.named_by, going, failure, now)
        for one in going:
            self._delay.labels(one.channel).observe((now - one.made_at).total_seconds())
        return void + [_taken(one, taken, now) for one in going]

    def _failure(
        self, named: Delivery, going: Sequence[Delivery], failure: Exception, now: datetime
    ) -> list[Delivery]:
        """What becomes of those that went together, by what stood in the way."""
        words = str(failure)
        match failure:
            case Misconfigured():
                self._misconfigured.labels(named.channel).inc()
                log.error("channel.misconfigured", channel=named.channel, error=words)
                return [_wait_for_operator(one, words, now) for one in going]
            case TemporaryFailure(wait=wait):
                return [_retry(one, words, now, wait) for one in going]
            case Unreachable():
                return [_failed(one, "no address", Blame.ADDRESS, now) for one in going]
            case _:
                log.error("delivery.failed", delivery=named.delivery_id, error=words)
                is_refused = isinstance(failure, MessageRefused)
                blame = Blame.MESSAGE if is_refused else Blame.ADDRESS
                return [_failed(one, words, blame, now) for one in going]

    async def _hand_over(
        self,
        parcel: Parcel,
        current: Sequence[Ready],
        organisation: Organisation,
        now: datetime,
        journal: Journal[Ledger],
    ) -> Taken:
        """Gives it to its channel."""
        first, named = current[0], parcel.named_by
        channel = first.delivery.channel
        if channel is Channel.WEBHOOK:
            return await self._tell_system(first, now)
        adapter = self._adapters.get(channel)
        if adapter is None:
            raise Misconfigured("not set up")
        to = _recipient(first, organisation)
        message = compose(current, to, organisation, self._links, now)
        is_about_one = len(current) == 1
        outgoing = Outgoing(
            named.delivery_id,
            first.delivery.issue_id if is_about_one else handlers.NO_ISSUE,
            message,
            named.issue_id,
            to,
            organisation,
            now,
            thread=first.thread if is_about_one else None,
        )
        zone = organisation.calendar_named(None).zone
        if not await self._quotas.take(channel, now, zone, journal):
            raise MessageRefused("no more messages this month")
        try:
            return await adapter.send(outgoing)
        except Exception:
            self._quotas.give_back(channel, now, zone)
            raise

    async def _tell_system(self, ready: Ready, now: datetime) -> Taken:
        """The event as it was heard."""
        if self._webhooks is None:
            raise PermanentFailure("not set up")
        delivery, event = ready.delivery, ready.event
        name = name_of(delivery)
        return await self._webhooks.say(name, delivery.delivery_id, event.message, now)


def _taken(delivery: Delivery, taken: Taken, now: datetime) -> Delivery:
    return replace(
        delivery,
        fate=Fate.DELIVERED if taken.delivered else Fate.SENT,
        attempts=delivery.attempts + 1,
        done_at=now,
        error=None,
        blame=None,
        external_id=taken.external_id,
        external_thread=taken.thread,
    )


def _failed(delivery: Delivery, error: str, blame: Blame, now: datetime) -> Delivery:
    return replace(delivery, fate=Fate.FAILED, error=error, blame=blame, done_at=now)


def _retry(
    delivery: Delivery, error: str, now: datetime, wait: timedelta | None = None
) -> Delivery:
    """Due again later; after the last delay it has failed for good."""
    attempts = delivery.attempts + 1
    log.warning("delivery.postponed", delivery=delivery.delivery_id, attempts=attempts, error=error)
    tried = replace(delivery, attempts=attempts)
    if attempts > len(RETRY_AFTER):
        return _failed(tried, error, Blame.TIME, now)
    due_at = now + max(RETRY_AFTER[attempts - 1], wait or timedelta())
    return _postponed(tried, error, due_at)


def _wait_for_operator(delivery: Delivery, error: str, now: datetime) -> Delivery:
    """Due again later, without end; unless it can go another way."""
    attempts = min(delivery.attempts + 1, TRIES_OF_SETUP)
    tried = replace(delivery, attempts=attempts)
    due_at = now + RETRY_AFTER[attempts - 1]
    return replace(_postponed(tried, error, due_at), blame=Blame.SETUP)


def _postponed(delivery: Delivery, error: str, due_at: datetime) -> Delivery:
    again = replace(delivery, fate=Fate.POSTPONED, error=error, blame=None)
    return replace(again, due_at=due_at, taken_at=None)


def _result(delivery: Delivery) -> Cause[Ledger]:
    """What has become of a delivery, as a cause; a mere note while it is to be tried again."""
    if delivery.fate is not Fate.POSTPONED:
        return Cause(f"sent/{delivery.delivery_id}", partial(_record, delivery), delivery)
    if delivery.blame is Blame.SETUP:
        cause_id = f"set-up/{delivery.delivery_id}/{delivery.due_at}"
        return Cause(cause_id, partial(_go_round, delivery), delivery)
    return Cause(None, partial(_postpone, delivery), delivery)


def _postpone(delivery: Delivery, ledger: Ledger) -> list[Event]:
    if not _has_come_back(delivery, ledger):
        ledger.deliveries.put(delivery)
    return []


def _go_round(delivery: Delivery, ledger: Ledger) -> list[Event]:
    """A channel that lets nobody in is no reason to wait where there is another one."""
    if not _has_come_back(delivery, ledger) and failing.has_another_way(delivery, ledger):
        return failing.give_up(delivery, delivery.error or "", Blame.SETUP, ledger)
    return _postpone(delivery, ledger)


def _record(delivery: Delivery, ledger: Ledger) -> list[Event]:
    """Keeps what became of it, and says so. What has come back already has failed."""
    if delivery.fate is Fate.FAILED:
        blame = delivery.blame or Blame.TIME
        return failing.give_up(delivery, delivery.error or "", blame, ledger)
    if not _has_come_back(delivery, ledger):
        ledger.deliveries.put(replace(delivery, due_at=None, taken_at=None))
        ledger.keep_thread(delivery)
    match delivery.fate:
        case Fate.SENT:
            ledger.reached(delivery.person_id, delivery.channel)
            return [said.sent(delivery, ledger.now)]
        case Fate.DELIVERED:
            ledger.arrived(delivery.person_id, delivery.channel)
            return [said.sent(delivery, ledger.now)]
        case _:
            return []


def _has_come_back(delivery: Delivery, ledger: Ledger) -> bool:
    """Whether its mail bounced before it was even recorded that it was sent."""
    known = ledger.deliveries.get(delivery.delivery_id)
    return known is not None and known.fate is Fate.FAILED


async def _confirm(raised: IssueRaised, journal: Journal[Ledger]) -> None:
    decide = partial(handlers.not_confirmed_yet, raised)
    await journal.settle(Cause(f"confirm/{raised.issue_id}", decide))


async def _overtaken(parcel: Parcel, journal: Journal[Ledger]) -> frozenset[str]:
    """Which of these deliveries, sent late, are out of date by now."""
    now = clock.now()
    old = [one for one in parcel.ready if now - one.delivery.made_at >= JUST_DECIDED]
    questions = [one for one in old if one.delivery.reason in timing.QUESTIONS]
    late = {
        one.delivery.delivery_id: (one, one.event.issue)
        for one in old
        if isinstance(one.event, IssueEvent)
    }
    if questions:
        found: frozenset[str] = await journal.read(
            lambda connection: store.answered(connection, questions)
        )
        return found
    if not late:
        return frozenset()
    table = store.currents
    query = select(
        table.c.issue_id,
        table.c.assignment,
        table.c.state,
        table.c.next_step,
        table.c.next_step_at,
        table.c.undone,
    ).where(table.c.issue_id.in_({one.delivery.issue_id for one, _ in late.values()}))
    rows = await journal.read(lambda connection: connection.execute(query).all())
    by_issue = {row.issue_id: row for row in rows}
    return frozenset(
        delivery_id
        for delivery_id, (one, then) in late.items()
        if (row := by_issue.get(one.delivery.issue_id)) is not None
        and timing.is_overtaken(one.delivery.reason, one.event, _now(row, then))
    )


def _now(row: Row[Any], then: Snapshot) -> timing.Now:
    """How an issue stands; as it did then where only its assignment was ever kept."""
    undone = frozenset(row.undone)
    if row.state is None:
        return timing.Now(row.assignment, then.state, then.next_step, then.next_step_at, undone)
    return timing.Now(row.assignment, row.state, row.next_step, row.next_step_at, undone)


def _recipient(ready: Ready, organisation: Organisation) -> Recipient:
    """Somebody of the organisation, or somebody outside who once wrote to us."""
    delivery, contact = ready.delivery, ready.contact
    person = organisation.person.get(delivery.person_id)
    if person is not None:
        try:
            address = address_of(person, delivery.channel)
        except StopIteration:
            raise Unreachable from None
        language: Language = ready.language or person.language
        return Recipient(person.id, person.name.in_(language), address, language)
    if contact is None:
        raise Unreachable
    language = ready.language or known_language(contact.language, organisation.language)
    return Recipient(contact.person_id, contact.name, contact.address, language)
