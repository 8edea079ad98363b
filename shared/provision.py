"""NATS JetStream as an administrator sees it: streams, consumers, dead letters.

Only this makes or changes streams. A new one gets a new epoch, by which its speaker sees that it
must say its journal again.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError
from pydantic import SecretStr

from shared.bus import (
    ACK_WAIT_S,
    AGAIN,
    AGAIN_OF,
    ATTEMPTS_MADE,
    EPOCH,
    ERROR,
    MSG_ID,
    STREAM_AGE,
)
from shared.contracts.event import Speaker
from shared.contracts.traffic import DEAD_STREAM, NOBODY, again, heard, streams
from shared.journal import LARGEST_BATCH
from shared.streams import connect

DUPLICATE_WINDOW_S = 120.0


class NoSuchLetter(LookupError):
    """There is no dead letter of this number."""


@asynccontextmanager
async def administrator(url: str, seed: SecretStr | None) -> AsyncIterator[JetStreamContext]:
    """A connection that may do everything; raises NoServer."""
    async with connect(url, seed, "admin") as client:
        yield client.jetstream(timeout=10)


async def provision(
    admin: JetStreamContext,
    *,
    replicas: int = 1,
    new_epoch: Sequence[str] = (),
    hears_anew: Sequence[Speaker] = (),
) -> list[str]:
    """Makes or adapts all streams and consumers; tells which streams are new.

    `new_epoch` names streams whose speakers are to say everything again, `hears_anew` services
    that have lost their database and must hear everything that there is.
    """
    made = []
    for stream, subjects in streams().items():
        anew = stream in new_epoch
        if await _provision_stream(admin, stream, subjects, replicas, anew=anew):
            made.append(stream)
    for service in Speaker:
        for stream, names in heard(service).items():
            if service in hears_anew:
                with suppress(NotFoundError):
                    await admin.delete_consumer(stream, str(service))
            await admin.add_consumer(stream, _consumer(service, names))
    return made


@dataclass(frozen=True, slots=True)
class Buried:
    """A message that a service gave up on."""

    number: int
    """Its sequence in the stream DEAD."""
    service: str
    subject: str
    error: str
    attempts: str
    at: datetime | None
    body: bytes


async def dead_letters(admin: JetStreamContext) -> AsyncIterator[Buried]:
    """All that was buried and is still kept, the oldest first."""
    state = (await admin.stream_info(DEAD_STREAM)).state
    for number in range(max(1, state.first_seq), state.last_seq + 1):
        with suppress(NoSuchLetter):
            yield await dead_letter(admin, number)


async def dead_letter(admin: JetStreamContext, number: int) -> Buried:
    """One of them; raises NoSuchLetter."""
    try:
        message = await admin.get_msg(DEAD_STREAM, number)
    except nats.js.errors.APIError as error:
        raise NoSuchLetter(number) from error
    subject = message.subject or ""
    if not subject.startswith("dead."):
        raise NoSuchLetter(number)
    _, service, original = subject.split(".", 2)
    headers = message.headers or {}
    return Buried(
        number,
        service,
        original,
        headers.get(ERROR, ""),
        headers.get(ATTEMPTS_MADE, ""),
        message.time,
        message.data or b"",
    )


async def say_again(admin: JetStreamContext, number: int) -> Buried:
    """Says a buried message again, for that service alone; each time it is decided anew."""
    buried = await dead_letter(admin, number)
    nonce = uuid.uuid4().hex
    await admin.publish(
        again(buried.service, buried.subject),
        buried.body,
        headers={MSG_ID: nonce, AGAIN: nonce, AGAIN_OF: str(number)},
    )
    return buried


async def settle(admin: JetStreamContext, number: int) -> Buried:
    """Notes that somebody has looked at a buried message and needs it no more."""
    buried = await dead_letter(admin, number)
    await admin.publish(again(NOBODY, buried.subject), b"", headers={AGAIN_OF: str(number)})
    return buried


async def _provision_stream(
    admin: JetStreamContext, stream: str, subjects: Sequence[str], replicas: int, *, anew: bool
) -> bool:
    config = StreamConfig(
        name=stream,
        subjects=list(subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_age=STREAM_AGE.total_seconds(),
        duplicate_window=DUPLICATE_WINDOW_S,
        num_replicas=replicas,
        allow_atomic=True,
        allow_direct=True,
        metadata={EPOCH: uuid.uuid4().hex},
    )
    try:
        present = await admin.stream_info(stream)
    except NotFoundError:
        await admin.add_stream(config)
        return True
    if not anew:
        config.metadata = {EPOCH: (present.config.metadata or {})[EPOCH]}
    await admin.update_stream(config)
    return False


def _consumer(service: Speaker, subjects: Sequence[str]) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=str(service),
        filter_subjects=list(subjects),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_deliver=-1,
        max_ack_pending=5 * LARGEST_BATCH,
    )
