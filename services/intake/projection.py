"""What intake remembers of the others' facts, for its pages. It says nothing itself here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.intake.store import Happening, Notice, Reference, Shelf, View
from shared.bus import Hears
from shared.contracts.event import Event
from shared.contracts.issue import Snapshot
from shared.contracts.notifier import Channel, NotificationSent
from shared.contracts.router import (
    ActionRefused,
    IssueAssigned,
    IssueCorrected,
    IssueEvent,
    IssueRecorded,
    IssueResolved,
    OrganisationPublished,
)
from shared.contracts.traffic import ISSUE_EVENTS

_NOT_SAID_AGAIN = {"issue", "issue_id", "actor_id", "reasons"}


def issue_changed(event: IssueEvent, shelf: Shelf) -> list[Event]:
    """The newest version is what the pages show; every event is a line of the history."""
    shelf.wait_for_organisation(event)
    view = shelf.views.get(event.issue_id) or _unseen(event.issue_id, event.issue, shelf)
    if event.issue.version > view.version:
        view = replace(
            view,
            version=event.issue.version,
            state=event.issue.state,
            snapshot=event.issue.model_dump_json(exclude_none=True),
            summary=event.issue.summary,
            confidential=event.issue.confidential,
            changed_at=event.occurred_at,
            source=event.issue.source,
            urgency=event.issue.urgency,
            product=event.issue.product,
            category=event.issue.category,
            carrier_id=event.issue.carrier_id,
            owner_id=event.issue.owner_id,
            team_id=event.issue.team_id,
        )
        if isinstance(event, IssueCorrected) and "customer" in event.changed:
            view = replace(view, brought={**view.brought, "customer": event.customer})
        if isinstance(event, IssueAssigned):
            reasons = event.reasons.model_dump_json(exclude_none=True)
            view = replace(view, reasons=reasons, because=event.because)
        shelf.views.put(view)
    shelf.history.add(
        Happening(
            event.event_id,
            event.issue_id,
            event.issue.version,
            event.subject,
            event.occurred_at,
            event.cause_id,
            event.actor_id,
            _said(event),
        )
    )
    return []


def action_refused(refused: ActionRefused, shelf: Shelf) -> list[Event]:
    """Kept for the page that waits for it."""
    shelf.history.add(
        Happening(
            refused.event_id,
            refused.issue_id,
            refused.issue.version if refused.issue else 0,
            refused.subject,
            refused.occurred_at,
            refused.cause_id,
            refused.person_id,
            {"refusal": refused.refusal, "action": refused.action},
        )
    )
    return []


def organisation_published(published: OrganisationPublished, shelf: Shelf) -> list[Event]:
    shelf.keep_organisation(published)
    return []


def notification_sent(sent: NotificationSent, shelf: Shelf) -> list[Event]:
    """The inbox shows a thing once."""
    if sent.channel == Channel.INBOX:
        shelf.notices.put(
            Notice(
                sent.delivery_id,
                sent.person_id,
                sent.issue_id,
                sent.fact_id,
                sent.relation,
                sent.reason,
                sent.occurred_at,
            )
        )
    return []


HEARS: Mapping[type[Event], Hears[Shelf]] = {
    **{event: Hears(issue_changed) for event in ISSUE_EVENTS},
    IssueRecorded: Hears(issue_changed),
    ActionRefused: Hears(action_refused),
    OrganisationPublished: Hears(organisation_published),
    NotificationSent: Hears(notification_sent),
}


def _unseen(issue_id: str, issue: Snapshot, shelf: Shelf) -> View:
    """An issue whose submission this database doesn't know, as after a restore."""
    if shelf.references.get(issue.reference) is None:
        shelf.references.put(Reference(issue.reference, issue_id))
    return View(
        issue_id,
        issue.reference,
        0,
        issue.state,
        issue.summary,
        "",
        issue.reporter_id,
        issue.language,
        issue.raised_at,
        confidential=issue.confidential,
    )


def _said(event: IssueEvent) -> dict[str, Any]:
    said = event.model_dump(mode="json", exclude=_NOT_SAID_AGAIN)
    if isinstance(event, IssueAssigned):
        said |= {"owner_id": event.issue.owner_id, "team_id": event.issue.team_id}
    if isinstance(event, IssueResolved):
        said["cause"] = event.issue.cause
    return said
