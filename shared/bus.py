"""NATS JetStream as a service uses it; only this and `provision` know of it.

A service hears facts through one durable pull consumer per stream, and says facts on its own
stream. A message is acknowledged when the journal has recorded the decision and the stream has
stored every resulting event: the unacknowledged message is the outbox. What fails comes again
after a delay that the bus chooses, and is buried on `dead.<service>.<subject>` in the end.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter as TallyOf
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Generic

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig
from prometheus_client import CollectorRegistry, Counter
from pydantic import SecretStr, TypeAdapter, ValidationError

from shared import clock, logs
from shared.contracts.event import Envelope, Event, Speaker, event_id_of
from shared.contracts.traffic import (
    EVENTS,
    HEARS,
    SAYS,
    DeadLetter,
    heard,
    repeat,
    stream_of,
)
from shared.journal import (
    ATTEMPTS,
    LARGEST_BATCH,
    LONGEST_ERROR,
    Cause,
    Journal,
    S,
    Said,
    Settled,
    TryAgain,
    Unsaid,
)

log = logs.get(__name__)

ACK_WAIT_S = 5.0
"""After a crash the messages in work come again this soon. Work that takes longer says so."""
HEARTBEAT_S = 1.5
"""Below a third of `ACK_WAIT_S`."""
PULL_S = 1.0
"""How long one pull request waits: after a cut the next one is made this soon."""
PUBLISH_TIMEOUT_S = 2.0
UNSAID_DELAY_S = 1.0
FEWEST_ATOMIC = 8
"""Below this an atomic batch costs more than it saves (docs/performance.md)."""
MOST_ATOMIC = 500
"""The server takes at most 1,000 (error 10199)."""
EPOCH_CHECK_S = 5.0
PROVISIONED_CHECK_S = 0.1
STREAM_AGE = timedelta(days=180)

MSG_ID = "Nats-Msg-Id"
CONTENT_TYPE = "content-type"
CLOUD_EVENT = "application/cloudevents+json"
"""CloudEvents' binding for NATS: without it other tools take a message for one in binary mode."""
EPOCH = "banso-epoch"
"""In a stream's metadata: a new one says that everything on it was lost."""
REPLAY = "banso-replay"
AGAIN = "banso-again"
AGAIN_OF = "banso-again-of"
"""The number of the dead letter that is said again, or settled by hand."""
ERROR = "banso-error"
ATTEMPTS_MADE = "banso-attempts"

_EVENT_IDS = TypeAdapter(list[str])


@dataclass(frozen=True, slots=True)
class Hears(Generic[S]):
    """How a service answers to one kind of event."""

    decide: Callable[[Any, S], Sequence[Event]]
    attempts: int = ATTEMPTS
    rescue: Callable[[Envelope, S], Sequence[Event]] | None = None
    """Where deciding failed for good: what must be said all the same, from the envelope alone."""


class NotConnected(Exception):
    """NATS can't be reached now."""


class Unreadable(Exception):
    """The message is not what its subject promises."""


class Bus(Generic[S]):
    """One service's connection. `listen` before `start`."""

    def __init__(
        self,
        speaker: Speaker,
        url: str,
        seed: SecretStr | None,
        registry: CollectorRegistry,
        hears: Mapping[type[Event], Hears[S]],
    ) -> None:
        from faststream import AckPolicy  # slow to import, and an administrator needs none of it
        from faststream.nats import NatsBroker
        from faststream.nats.security import NatsNKey

        if set(hears) != set(HEARS[speaker]):
            raise ValueError(f"{speaker} must hear just what the traffic table says")
        self._speaker = speaker
        self._hears = hears
        self._inbox = f"_INBOX_{speaker}"
        self._client: Client | None = None
        self._journal: Journal[S] | None = None
        self._in_work: dict[int, tuple[list[Msg], float]] = {}
        self._heard_counts: dict[tuple[str, str], Any] = {}
        self._watch: asyncio.Task[None] | None = None
        self._check_epoch = asyncio.Event()
        self.epoch_is_current = False
        self.broker = NatsBroker(
            url,
            name=f"banso-{speaker}",
            inbox_prefix=self._inbox,
            security=NatsNKey.from_seed(seed.get_secret_value()) if seed else None,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # type: ignore[arg-type]
            ping_interval=10,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnect,
            graceful_timeout=5.0,
            ack_policy=AckPolicy.MANUAL,
            apply_types=False,
            logger=None,
        )
        for stream, subjects in heard(speaker).items():
            self._subscribe(stream, subjects)
        self._said = Counter(
            "banso_events_said", "Events stored by the bus.", ["subject"], registry=registry
        )
        self._heard_total = Counter(
            "banso_messages_heard",
            "Messages heard, by what became of them.",
            ["subject", "result"],
            registry=registry,
        )

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def listen(self, journal: Journal[S]) -> None:
        """Every message heard is a cause for this journal."""
        self._journal = journal

    async def start(self) -> None:
        """Connects, waiting for NATS as long as it takes, and begins to hear."""
        self._client = await self.broker.connect()
        await self._until_provisioned()
        await self.broker.start()
        await self._client.subscribe(repeat(self._speaker), cb=self._repeat)
        for subscriber in self.broker.subscribers:
            pulling: Any = subscriber  # every one is a batch pull subscriber
            pulling.subscription = _Prompt(pulling.subscription)
        self._check_epoch.set()
        self._watch = asyncio.create_task(self._keep_watch())
        log.info("bus.connected")

    async def _until_provisioned(self) -> None:
        """Waits for the consumers, which only an administrator makes."""
        waited = False
        for stream in heard(self._speaker):
            while True:
                try:
                    await self._jetstream().consumer_info(stream, str(self._speaker))
                    break
                except (nats.errors.Error, TimeoutError) as error:
                    if not waited:
                        log.warning("bus.not_provisioned", stream=stream, error=repr(error))
                    waited = True
                    await asyncio.sleep(PROVISIONED_CHECK_S)

    async def stop(self) -> None:
        """Finishes what was heard, then disconnects."""
        if self._watch is not None:
            self._watch.cancel()
        await self.broker.stop()

    # --- saying

    async def say(
        self, said: Sequence[Said], headers: Mapping[str, str] | None = None
    ) -> list[int | Exception]:
        """Says events, each to its stream; for each its sequence there, or why it is not stored.

        Many at once go as one atomic batch. The server refuses a whole batch that holds one known
        message id, so on a refusal, and where there was no answer, they are said again singly:
        a repeat is recognised and counts as said.
        """
        if not self.is_connected:
            return [NotConnected()] * len(said)
        results: list[int | Exception] = [Unsaid()] * len(said)
        by_stream: dict[str, list[int]] = {}
        for nth, one in enumerate(said):
            by_stream.setdefault(stream_of(one.subject), []).append(nth)
        for places in by_stream.values():
            for start in range(0, len(places), MOST_ATOMIC):
                part = places[start : start + MOST_ATOMIC]
                found = await self._say_part([said[nth] for nth in part], headers or {})
                for nth, result in zip(part, found, strict=True):
                    results[nth] = result
        for subject, count in TallyOf(
            one.subject
            for one, result in zip(said, results, strict=True)
            if not isinstance(result, Exception)
        ).items():
            self._said.labels(stream_label(subject)).inc(count)
        return results

    async def _say_part(
        self, part: Sequence[Said], headers: Mapping[str, str]
    ) -> Sequence[int | Exception]:
        if len(part) >= FEWEST_ATOMIC:
            last = await self._say_atomically(part, headers)
            if last is not None:
                return range(last - len(part) + 1, last + 1)
        stream = self._jetstream()
        return await asyncio.gather(*(_say_singly(stream, one, headers) for one in part))

    async def _say_atomically(self, part: Sequence[Said], headers: Mapping[str, str]) -> int | None:
        """The sequence of the last one, or None where the batch was not stored for sure."""
        client = self._nats()
        batch = {"Nats-Batch-Id": uuid.uuid4().hex}
        *most, final = enumerate(part, 1)
        for nth, one in most:
            more = {**batch, "Nats-Batch-Sequence": str(nth)}
            await client.publish(one.subject, one.payload, headers=_headers(one, headers, more))
        more = {**batch, "Nats-Batch-Sequence": str(final[0]), "Nats-Batch-Commit": "1"}
        one = final[1]
        try:
            answer = await client.request(
                one.subject,
                one.payload,
                timeout=PUBLISH_TIMEOUT_S,
                headers=_headers(one, headers, more),
            )
            stored = json.loads(answer.data)
        except (nats.errors.Error, TimeoutError, ValueError) as error:
            log.info("batch.unanswered", events=len(part), error=repr(error))
            return None
        if stored.get("count") == len(part):
            return int(stored["seq"])
        log.info("batch.refused", events=len(part), error=stored.get("error"))
        return None

    # --- hearing

    def _subscribe(self, stream: str, subjects: Sequence[str]) -> None:
        from faststream import AckPolicy
        from faststream.nats import JStream, PullSub

        subscriber = self.broker.subscriber(
            config=ConsumerConfig(filter_subjects=list(subjects)),
            durable=str(self._speaker),
            stream=JStream(stream, declare=False),
            pull_sub=PullSub(batch_size=LARGEST_BATCH, timeout=PULL_S, batch=True),
            inbox_prefix=f"{self._inbox}.".encode(),
            ack_policy=AckPolicy.MANUAL,
            decoder=_undecoded,
            no_reply=True,
            title=f"{self._speaker} hears {stream}",
        )
        subscriber(self._hear)

    async def _hear(self, messages: list[Msg]) -> None:
        if self._journal is None:
            raise RuntimeError("the bus hears before it has a journal")
        since = clock.elapsed_s()
        self._in_work[id(messages)] = (messages, since)
        try:
            causes = [self._cause(message) for message in messages]
            outcomes = await self._journal.settle_all(causes)
        finally:
            del self._in_work[id(messages)]
        for message, outcome in zip(messages, outcomes, strict=True):
            await self._answer(message, outcome)

    async def _answer(self, message: Msg, outcome: Settled | Exception) -> None:
        """Acknowledges what is settled; lets the rest come again."""
        match outcome:
            case Settled():
                result = "done"
                await message.ack()
            case TryAgain(delay=delay):
                result = "again"
                await message.nak(delay=delay.total_seconds())
            case _:
                result = "unsaid"
                log.warning("events.unsaid", subject=message.subject, error=str(outcome))
                await message.nak(delay=UNSAID_DELAY_S)
        self._count_heard(message.subject, result)

    def _count_heard(self, subject: str, result: str) -> None:
        key = (subject, result)
        if key not in self._heard_counts:
            label = stream_label(subject)
            self._heard_counts[key] = self._heard_total.labels(label, result)
        self._heard_counts[key].inc()

    def _cause(self, message: Msg) -> Cause[S]:
        body: bytes = message.data
        headers = message.headers or {}
        subject = _original(message.subject)
        try:
            event = _read(subject, body, headers)
        except Unreadable as error:
            return self._unreadable(subject, body, headers, error)
        hears = self._hears[type(event)]
        cause_id = cause_id_of(event.event_id, headers)
        return Cause(
            cause_id,
            partial(hears.decide, event),
            event,
            attempts=hears.attempts,
            rescue=_rescue(hears, body),
            bury=partial(self._bury, cause_id, subject, body, headers),
            may_be_known=REPLAY in headers or message.metadata.num_delivered > 1,
            silent=REPLAY in headers,
        )

    def _unreadable(
        self, subject: str, body: bytes, headers: Mapping[str, str], error: Unreadable
    ) -> Cause[S]:
        """Buried at once: it will not read better the next time."""

        def decide(_: S) -> Sequence[Event]:
            raise error

        cause_id = unreadable(body)
        event_type = EVENTS.get(subject)
        hears = self._hears.get(event_type) if event_type else None
        return Cause(
            cause_id,
            decide,
            rescue=_rescue(hears, body) if hears else None,
            bury=partial(self._bury, cause_id, subject, body, headers),
            may_be_known=True,
        )

    def _bury(
        self,
        cause_id: str,
        subject: str,
        body: bytes,
        headers: Mapping[str, str],
        error: str,
        attempts: int,
    ) -> Said:
        dead = f"dead.{self._speaker}.{subject}"
        told = {ERROR: _one_line(error), ATTEMPTS_MADE: str(attempts)}
        kept = {name: value for name, value in headers.items() if name != MSG_ID}
        return Said(event_id_of(dead, cause_id, 0), dead, body, {**kept, **told})

    # --- staying connected

    async def _keep_watch(self) -> None:
        """Tells the server of slow work; says what is owed, and all again on a stream made anew."""
        checked_at = float("-inf")
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._check_epoch.wait(), HEARTBEAT_S)
            for messages, since in list(self._in_work.values()):
                if clock.elapsed_s() - since > HEARTBEAT_S:
                    for message in messages:
                        await message.in_progress()
            if self._check_epoch.is_set() or clock.elapsed_s() - checked_at > EPOCH_CHECK_S:
                self._check_epoch.clear()
                checked_at = clock.elapsed_s()
                try:
                    await self._compare_epoch()
                    if self._journal is not None and self._journal.owes:
                        await self._journal.say_what_is_owed()
                except Exception as error:
                    self.epoch_is_current = False
                    log.warning("stream.unavailable", error=repr(error))

    async def _compare_epoch(self) -> None:
        """A stream of another epoch has been lost and made anew: it is told everything again."""
        if not SAYS[self._speaker] or self._journal is None:
            self.epoch_is_current = True
            return
        stream = self._speaker.upper()
        info = await self._jetstream().stream_info(stream)
        epoch = (info.config.metadata or {})[EPOCH]
        known = await self._journal.epoch(stream)
        if known is not None and known != epoch:
            self.epoch_is_current = False
            await self._replay()
        if known != epoch:
            await self._journal.keep_epoch(stream, epoch)
        self.epoch_is_current = True

    async def _replay(self) -> None:
        assert self._journal is not None
        subjects = [event.subject for event in SAYS[self._speaker]]
        since = clock.now() - STREAM_AGE
        count = 0
        async for part in self._journal.replay(subjects, since):
            results = await self.say(part, {REPLAY: "1"})
            self._journal.was_said(part, results)
            for result in results:
                if isinstance(result, Exception):
                    raise result
            count += len(part)
        log.info("journal.replayed", stream=self._speaker.upper(), events=count)

    async def _repeat(self, message: Msg) -> None:
        """The auditor misses events on our stream: they are said again, as in a replay.

        It names them only; what they say stands in our own journal.
        """
        try:
            asked = _EVENT_IDS.validate_json(message.data)
            if self._journal is None:
                return
            found = await self._journal.recorded(asked)
            results = await self.say(found, {REPLAY: "1"})
            self._journal.was_said(found, results)
        except Exception as error:
            log.warning("events.not_repeated", error=repr(error)[:LONGEST_ERROR])
            return
        stored = sum(not isinstance(result, Exception) for result in results)
        log.info("events.repeated", asked=len(asked), stored=stored)

    async def _on_error(self, error: Exception) -> None:
        log.debug("nats.error", error=repr(error))

    async def _on_disconnect(self) -> None:
        log.warning("nats.disconnected")

    async def _on_reconnect(self) -> None:
        log.info("nats.reconnected")
        self._check_epoch.set()

    def _nats(self) -> Client:
        if self._client is None:
            raise NotConnected
        return self._client

    def _jetstream(self) -> JetStreamContext:
        return self._nats().jetstream(timeout=PUBLISH_TIMEOUT_S)


class _Prompt:
    """A pull subscription that is out of messages as soon as it has handed over what there was.

    FastStream's batch subscriber otherwise waits for a full batch until its time is up.
    """

    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription
        self._has_handed_over = False

    async def fetch(self, batch: int, timeout: float) -> list[Msg]:  # noqa: ASYNC109
        if self._has_handed_over:
            self._has_handed_over = False
            raise nats.errors.TimeoutError
        try:
            messages: list[Msg] = await self._subscription.fetch(batch, timeout)
        except TimeoutError as error:  # nats-py now and then raises the builtin one
            raise nats.errors.TimeoutError from error
        self._has_handed_over = len(messages) < batch
        return messages

    async def unsubscribe(self) -> None:
        await self._subscription.unsubscribe()


async def _undecoded(message: Any) -> Any:
    """FastStream's decoding is left out: the bus reads each body once, into its event."""
    return message.raw_message


async def _say_singly(
    stream: JetStreamContext, one: Said, headers: Mapping[str, str]
) -> int | Exception:
    try:
        stored = await stream.publish(
            one.subject,
            one.payload,
            timeout=PUBLISH_TIMEOUT_S,
            headers=_headers(one, headers, {}),
        )
    except (nats.errors.Error, TimeoutError) as error:
        return error
    return stored.seq


def _headers(one: Said, headers: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    return {
        CONTENT_TYPE: CLOUD_EVENT,
        **(one.headers or {}),
        MSG_ID: one.event_id,
        **headers,
        **more,
    }


def cause_id_of(event_id: str, headers: Mapping[str, str]) -> str:
    """An event that is said again by hand is decided anew."""
    return f"{event_id}/again/{headers[AGAIN]}" if AGAIN in headers else event_id


def unreadable(body: bytes) -> str:
    """The cause that a message is which can't be read."""
    return f"unreadable/{sha256(body).hexdigest()}"


def _original(subject: str) -> str:
    """`again.<service>.<subject>` is heard as `<subject>`."""
    return subject.split(".", 2)[2] if subject.startswith("again.") else subject


def _read(subject: str, body: bytes, headers: Mapping[str, str]) -> Event:
    if subject.startswith("dead."):
        _, service, original = subject.split(".", 2)
        return DeadLetter(
            event_id=headers.get(MSG_ID) or sha256(body).hexdigest(),
            occurred_at=clock.now(),
            buried_by=service,
            original_subject=original,
            error=headers.get(ERROR, ""),
        )
    try:
        event = EVENTS[subject].from_message(body)
    except (ValidationError, KeyError) as error:
        raise Unreadable(f"not {subject}: {error}") from error
    if not event.event_id:
        raise Unreadable(f"not {subject}: it has no id")
    return event


def _rescue(hears: Hears[S], body: bytes) -> Callable[[S], Sequence[Event]] | None:
    if hears.rescue is None:
        return None
    rescue = hears.rescue

    def from_envelope(store: S) -> Sequence[Event]:
        return rescue(Envelope.model_validate_json(body), store)

    return from_envelope


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]


def stream_label(subject: str) -> str:
    """A subject as a metric label, of which there are few."""
    return _original(subject) if not subject.startswith("dead.") else "dead"
