"""Tells one thing to one person, whoever the event says should hear of it."""

from __future__ import annotations

from typing import Any

from services.notifier.message import Message, compose
from services.notifier.store import Delivery, Fate, Ready
from services.notifier.wording.base import Recipient
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Action
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Channel, Language, Organisation
from shared.links import Link, Links, Purpose
from tests.unit import build
from tests.unit.build import ISSUE_ID, MONDAY

ORGANISATION = build.organisation()
LINKS = Links(["a key for tests"], "https://banso.example")


def said(**issue: Any) -> dict[str, Any]:
    return {"occurred_at": MONDAY, "issue_id": ISSUE_ID, "issue": build.snapshot(**issue)}


def delivery(
    reason: Reason = Reason.REMINDER,
    relation: Relation = Relation.OWNER,
    to: str = "ren",
    *,
    issue_id: str = ISSUE_ID,
    delivery_id: str = "delivery",
) -> Delivery:
    return Delivery(
        delivery_id=delivery_id,
        fact_id="fact",
        issue_id=issue_id,
        person_id=to,
        relation=relation,
        reason=reason,
        channel=Channel.EMAIL,
        fate=Fate.SENDING,
        attempts=0,
        made_at=MONDAY,
        done_at=None,
        error=None,
        due_at=MONDAY,
        taken_at=None,
    )


def recipient(to: str = "ren", language: Language = "en") -> Recipient:
    return Recipient(to, to.capitalize(), f"{to}@example.com", language)


def tell(
    event: Event,
    reason: Reason,
    relation: Relation = Relation.OWNER,
    *,
    to: str = "ren",
    language: Language = "en",
    brought_in: str = "It does not start.",
    organisation: Organisation = ORGANISATION,
    raised: IssueRaised | None = None,
    customer: str | None = None,
) -> Message:
    raised = raised or build.raised(description=brought_in)
    about = event.about or ""
    ready = Ready(delivery(reason, relation, to, issue_id=about), event, None, raised, customer)
    return compose([ready], recipient(to, language), organisation, LINKS, MONDAY)


def actions(message: Message) -> list[Link]:
    tokens = [button.url.rpartition("/a/")[2].partition("?")[0] for button in message.buttons]
    return [LINKS.read(Purpose.ACTION, token, MONDAY) for token in tokens]


def what(message: Message) -> list[Action | None]:
    return [link.action for link in actions(message)]
