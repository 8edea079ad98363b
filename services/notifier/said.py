"""What the notifier says of a delivery: that a channel took it, or that it failed for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.notifier.store import Delivery
from shared.contracts.notifier import NotificationFailed, NotificationSent


def sent(delivery: Delivery, now: datetime) -> NotificationSent:
    """The channel took it."""
    return NotificationSent(
        **_fields(delivery, now),
        external_id=delivery.external_id,
        external_thread=delivery.external_thread,
    )


def failed(delivery: Delivery, now: datetime) -> NotificationFailed:
    """It has failed for good, with the reason why."""
    return NotificationFailed(**_fields(delivery, now), error=delivery.error or "")


def _fields(delivery: Delivery, now: datetime) -> dict[str, Any]:
    return {
        "occurred_at": now,
        "delivery_id": delivery.delivery_id,
        "issue_id": delivery.issue_id,
        "fact_id": delivery.fact_id,
        "person_id": delivery.person_id,
        "relation": delivery.relation,
        "reason": delivery.reason,
        "channel": delivery.channel,
    }
