"""Keeps an issue as it is now, and the event that says so; or says why nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from services.router import followup, lifecycle
from services.router.lifecycle import Issue
from services.router.store import Desk
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import (
    Refusal,
    State,
)
from shared.contracts.organisation import Policy
from shared.contracts.router import (
    ActionRefused,
    IssueEvent,
)
from shared.worktime import WorkingHours, working_hours

_Word = TypeVar("_Word", bound=StrEnum)


def keep(issue: Issue, desk: Desk, event: type[IssueEvent], **said: Any) -> Any:
    """Keeps the issue as it is now, and the event that says so. Its time never runs backwards."""
    at = max(issue.changed_at, desk.now)
    desk.put(replace(issue, changed_at=at))
    snapshot = lifecycle.snapshot(issue)
    return event(occurred_at=at, issue_id=issue.issue_id, issue=snapshot, **said)


def refuse(request: ActionRequested, refusal: Refusal, desk: Desk, issue: Issue) -> ActionRefused:
    """A plain answer to whoever asked."""
    return ActionRefused(
        occurred_at=desk.now,
        issue_id=request.issue_id,
        person_id=request.person_id,
        action=request.action,
        refusal=refusal,
        requested_at=request.occurred_at,
        source=request.source,
        text=request.text,
        issue=lifecycle.snapshot(issue),
    )


def plan(issue: Issue, desk: Desk) -> Issue:
    return followup.plan(issue, policy_of(issue, desk), hours_of(issue, desk), desk.now)


def policy_of(issue: Issue, desk: Desk) -> Policy:
    """The policy by which the issue goes: its own, or its urgency's."""
    organisation = desk.organisation
    own = organisation.more_policies.get(issue.policy or "")
    return own or organisation.policies[issue.urgency]


def hours_of(issue: Issue, desk: Desk) -> WorkingHours:
    """The working time of whoever has to act next, without the times in which chasing rests."""
    return working_hours(desk.organisation.calendar_of(acting_id(issue)), desk.rests)


def acting_id(issue: Issue) -> str:
    """Who has to act next."""
    carriers = issue.state == State.RESOLVED or issue.waiting_for is not None
    return issue.carrier_id if carriers else issue.owner_id


def lead_of(issue: Issue, desk: Desk) -> str | None:
    """Whoever acts for the lead of the issue's team."""
    team = desk.organisation.team.get(issue.team_id or "")
    return desk.acting(team.lead) if team else None


def leader_of(issue: Issue, desk: Desk) -> str:
    """Whoever acts for the leader; the leader where that one carries the issue or reported it, or
    must not know of it."""
    leader_id = desk.organisation.leader
    acting_id = desk.acting(leader_id)
    barred = issue.confidential or acting_id in (issue.carrier_id, issue.reporter_id)
    return leader_id if barred else acting_id


def let_go(issue: Issue, desk: Desk) -> Issue:
    """The issue without wait and snooze; what was waited so far has stopped its owner's clock."""
    if issue.waiting_for is None and issue.snoozed_until is None:
        return issue
    stood_still = timedelta()
    if issue.waiting_since is not None:
        owners = working_hours(desk.organisation.calendar_of(issue.owner_id), desk.rests)
        stood_still = owners.between(issue.waiting_since, desk.now)
    return lifecycle.go_on(issue, stood_still)


def word(words: type[_Word], value: object, otherwise: _Word) -> _Word:
    """The word that `value` is, or another where it is none."""
    return words(str(value)) if value in set(words) else otherwise
