"""What the router does about each fact that it hears."""

from __future__ import annotations

from collections.abc import Mapping

from services.router.handlers.asked import action_failed, action_requested
from services.router.handlers.away import Span, absence_said, absence_turns, calendar_read
from services.router.handlers.companions import (
    companion_due,
    companion_said,
    person_isolated,
    person_supported,
)
from services.router.handlers.due import due_failed, issue_due
from services.router.handlers.paused import pause_over, pause_said, plans_moved
from services.router.handlers.published import organisation_changed
from services.router.handlers.queue import drain
from services.router.handlers.raised import (
    could_not_be_imported,
    could_not_be_routed,
    issue_imported,
    issue_raised,
)
from services.router.handlers.said import could_not_be_understood, message_received
from services.router.store import Desk
from shared.bus import Hears
from shared.contracts.event import Event
from shared.contracts.intake import (
    AbsenceSaid,
    ActionRequested,
    CompanionSaid,
    IssueImported,
    IssueRaised,
    MessageReceived,
    PauseSaid,
)
from shared.contracts.metrics import PersonIsolated, PersonSupported
from shared.contracts.router import IssueDue

__all__ = [
    "HEARS",
    "Span",
    "absence_turns",
    "calendar_read",
    "companion_due",
    "drain",
    "organisation_changed",
    "pause_over",
    "plans_moved",
]

HEARS: Mapping[type[Event], Hears[Desk]] = {
    IssueRaised: Hears(issue_raised, attempts=3, rescue=could_not_be_routed),
    IssueImported: Hears(issue_imported, attempts=3, rescue=could_not_be_imported),
    MessageReceived: Hears(message_received, rescue=could_not_be_understood),
    ActionRequested: Hears(action_requested, rescue=action_failed),
    AbsenceSaid: Hears(absence_said),
    IssueDue: Hears(issue_due, rescue=due_failed),
    PauseSaid: Hears(pause_said),
    CompanionSaid: Hears(companion_said),
    PersonIsolated: Hears(person_isolated),
    PersonSupported: Hears(person_supported),
}
