"""How an issue stands, as far as the figures need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.issue import State, Urgency
from shared.contracts.router import IssueEvent

NO_TEAM = "none"
"""Stands for the whole company, and for what the leader owns without any team."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Version 0: raised, not yet owned; then nobody is its owner or carrier."""

    issue_id: str
    version: int
    state: State
    urgency: Urgency
    team: str
    raised_at: datetime
    is_answered: bool
    owner_id: str = ""
    carrier_id: str = ""
    is_elsewhere: bool = False
    """With carrier or customer, or in the queue of a team where nobody is free."""
    moves: int = 0

    @property
    def is_held(self) -> bool:
        """Whether somebody has it, and it is not solved."""
        return self.state in (State.ASSIGNED, State.ACKNOWLEDGED)


def standing_after(event: IssueEvent) -> Standing:
    """How the issue stands after an event."""
    issue = event.issue
    return Standing(
        event.issue_id,
        issue.version,
        issue.state,
        issue.urgency,
        issue.team_id or NO_TEAM,
        issue.raised_at,
        issue.answered_at is not None,
        issue.owner_id,
        issue.carrier_id,
        issue.waiting_for is not None or issue.queued,
        issue.moves,
    )
