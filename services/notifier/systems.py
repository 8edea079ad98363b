"""Tells other systems what happened: a delivery for each that asked for it, beside those to
people."""

from __future__ import annotations

from uuid import UUID, uuid5

from services.notifier.store import Delivery, Fact, Fate, Ledger
from shared.channels import SYSTEM
from shared.contracts.event import Event
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Channel
from shared.contracts.router import ActionRefused, IssueEvent

_NAMESPACE = UUID("0b6f7a52-6a0e-5a7d-8d4c-3c1f0f8e2a94")


def tell_systems(event: Event, ledger: Ledger) -> None:
    """With this commit each has its delivery; what they can't take now they get later."""
    confidential = _is_confidential(event)
    wanting = [
        one for one in ledger.webhooks if one.wants(event.subject, confidential=confidential)
    ]
    if not wanting:
        return
    ledger.facts.put(Fact(event.event_id, event.subject, event.message))
    for webhook in wanting:
        delivery = _delivery(event, webhook.name, ledger)
        ledger.deliveries.put(delivery)
        ledger.ready.append(ledger.ready_of(delivery, event, None))


def name_of(delivery: Delivery) -> str:
    """Which system it is for."""
    return delivery.person_id.removeprefix(SYSTEM)


def _is_confidential(event: Event) -> bool:
    """Where nothing says so it counts as that."""
    match event:
        case IssueEvent():
            return event.issue.confidential
        case ActionRefused():
            return event.issue is None or event.issue.confidential
        case _:
            return False


def _delivery(event: Event, name: str, ledger: Ledger) -> Delivery:
    """Keyed by fact and system, so that nothing is told twice."""
    return Delivery(
        delivery_id=str(uuid5(_NAMESPACE, f"{event.event_id}/{name}")),
        fact_id=event.event_id,
        issue_id=event.about or "",
        person_id=f"{SYSTEM}{name}",
        relation=Relation.CONCERNED,
        reason=Reason.SUBSCRIBED,
        channel=Channel.WEBHOOK,
        fate=Fate.SENDING,
        attempts=0,
        made_at=ledger.now,
        done_at=None,
        error=None,
        due_at=ledger.now,
        taken_at=ledger.now,
    )
