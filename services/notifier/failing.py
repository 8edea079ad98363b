"""What follows when a channel has failed for good: the next channel of that person, and where none
is left, the word that they can't be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.notifier import said
from services.notifier.reach import TOLD_AGAIN, Blame, is_remembered
from services.notifier.store import (
    OPEN_FATES,
    Delivery,
    Fate,
    Ledger,
    Unreached,
    delivery_id_of,
)
from shared import logs
from shared.contracts.event import Event
from shared.contracts.intake import STRANGER
from shared.contracts.issue import Snapshot
from shared.contracts.notifier import ChannelError, PersonUnreachable, Reason
from shared.contracts.organisation import Channel
from shared.contracts.router import ActionRefused, IssueEvent

log = logs.get(__name__)

LONGEST_ERROR = 300
_MAY_STILL_FAIL = frozenset({*OPEN_FATES, Fate.SENT, Fate.DELIVERED})
_SAYS_ITSELF = frozenset({Reason.UNREACHABLE, Reason.TEST})
"""Nobody is told that somebody can't be told of these, or it would never end."""


def give_up(delivery: Delivery, error: str, blame: Blame, ledger: Ledger) -> list[Event]:
    """All that went as one message with it has failed for good, and goes another way as one
    message. What has failed already stays as it is."""
    together = [one for one in ledger.sent_with(delivery) if one.fate in _MAY_STILL_FAIL]
    if not together:
        return []
    if is_remembered(blame):
        ledger.broken(delivery.person_id, delivery.channel, error)
    lost = [_lost(one, error, blame, delivery.attempts, ledger) for one in together]
    return _lose(lost, blame, ledger)


def never_sent(delivery: Delivery, error: str, ledger: Ledger) -> list[Event]:
    """It was not even tried, because no channel reaches them."""
    return _lose([_lost(delivery, error, Blame.ADDRESS, 0, ledger)], Blame.ADDRESS, ledger)


def _lost(delivery: Delivery, error: str, blame: Blame, attempts: int, ledger: Ledger) -> Delivery:
    failed = ledger.done(delivery, Fate.FAILED)
    return replace(failed, error=error, blame=blame, attempts=max(failed.attempts, attempts))


def has_another_way(delivery: Delivery, ledger: Ledger) -> bool:
    """Whether the same can be told by a channel that was not tried for it."""
    return ledger.first_way(delivery.person_id, _tried(delivery, ledger)) is not None


def _lose(lost: Sequence[Delivery], blame: Blame, ledger: Ledger) -> list[Event]:
    for one in lost:
        ledger.deliveries.put(one)
    events: list[Event] = [said.failed(one, ledger.now) for one in lost]
    left = _pass_on(lost, ledger)
    if left and blame is not Blame.SETUP:
        events += _say_unreachable(left[0], ledger)
    return events


def _pass_on(lost: Sequence[Delivery], ledger: Ledger) -> list[Delivery]:
    """Sends each by the next channel; what has none is left, the weightiest first."""
    by_way: dict[Channel, list[Delivery]] = {}
    left = []
    for one in lost:
        if one.channel is Channel.WEBHOOK:
            continue  # another system has no other way
        way = ledger.first_way(one.person_id, _tried(one, ledger))
        if way is None:
            left.append(one)
        else:
            by_way.setdefault(way, []).append(_by(way, one))
    for way, some in by_way.items():
        ledger.try_again(some[0].person_id, way)
        ledger.send_together(some)
    return sorted(left, key=lambda one: (one.reason in _SAYS_ITSELF, not one.issue_id))


def _tried(delivery: Delivery, ledger: Ledger) -> frozenset[Channel]:
    """The channels by which this was sent, or was to be sent."""
    ways = {way: _id_by(way, delivery) for way in ledger.ways(delivery.person_id)}
    ledger.deliveries.expect(ways.values())
    made = {way for way, one in ways.items() if ledger.deliveries.get(one) is not None}
    return frozenset({*made, delivery.channel})


def _id_by(way: Channel, delivery: Delivery) -> str:
    return delivery_id_of(delivery.fact_id, delivery.person_id, delivery.reason, way)


def _by(way: Channel, delivery: Delivery) -> Delivery:
    """The same by another channel; it was decided when it was."""
    return replace(
        delivery,
        delivery_id=_id_by(way, delivery),
        channel=way,
        fate=Fate.SENDING,
        attempts=0,
        done_at=None,
        error=None,
        blame=None,
        bundle_id=None,
        external_id=None,
        external_thread=None,
    )


def _say_unreachable(delivery: Delivery, ledger: Ledger) -> list[Event]:
    """Once a day at most, however much there is to tell them. Whoever has left is no news."""
    person_id = delivery.person_id
    is_known = person_id in ledger.organisation.person or person_id.startswith(STRANGER)
    if delivery.reason in _SAYS_ITSELF or not is_known:
        log.error("delivery.nobody_left_to_tell", delivery=delivery.delivery_id)
        return []
    known = ledger.unreached.get(person_id)
    if known is not None and ledger.now - known.said_at < TOLD_AGAIN:
        return []
    ledger.unreached.put(Unreached(person_id, ledger.now))
    return [
        PersonUnreachable(
            occurred_at=ledger.now,
            person_id=person_id,
            issue_id=delivery.issue_id,
            delivery_id=delivery.delivery_id,
            reason=delivery.reason,
            errors=_errors(delivery, ledger),
            issue=_issue_of(ledger.told_of(delivery)),
        )
    ]


def _errors(delivery: Delivery, ledger: Ledger) -> tuple[ChannelError, ...]:
    """What each channel said of this, or of the last that was tried there."""
    found = []
    for way in ledger.ways(delivery.person_id):
        made = ledger.deliveries.get(_id_by(way, delivery))
        error = made.error if made is not None else ledger.error_of(delivery.person_id, way)
        if error:
            found.append(ChannelError(channel=way, error=error[:LONGEST_ERROR]))
    return tuple(found)


def _issue_of(event: Event | None) -> Snapshot | None:
    return event.issue if isinstance(event, IssueEvent | ActionRefused) else None
