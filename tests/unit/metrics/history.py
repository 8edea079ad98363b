"""A company's past of a few weeks: real events, drawn at random, in the order of their time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from shared.contracts.event import Event
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    DeclineReason,
    Reasons,
    State,
    Step,
    UndoneBecause,
    WaitingFor,
)
from shared.contracts.router import (
    ChasingPaused,
    CompanionAssigned,
    CompanionBecause,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueDeclined,
    IssueEvent,
    IssueMerged,
    IssuePromised,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSnoozed,
    IssueUndone,
    IssueWaiting,
    OrganisationPublished,
    PersonAway,
    PersonBack,
    ResumedBecause,
)
from tests.unit import build

CARRIERS = ("aki", "emi")
OWNERS = ("ren", "sho", "yui", "ume")
VERBS = (
    "answer",
    "answer",
    "acknowledge",
    "decline",
    "hand over",
    "snooze",
    "promise",
    "wait",
    "resume",
    "remind",
    "resolve",
    "reopen",
    "close",
    "merge",
    "undo",
    "away",
    "back",
    "companion",
    "rest",
    "publish",
)

Draw = tuple[int, int, str, int]
"""Minutes since the one before, which issue, what, and by whom."""

draws: st.SearchStrategy[list[Draw]] = st.lists(
    st.tuples(st.integers(1, 2_000), st.integers(0, 5), st.sampled_from(VERBS), st.integers(0, 3)),
    min_size=10,
    max_size=60,
)


@dataclass
class Company:
    """Says what happens; each issue has its newest snapshot."""

    at: datetime = build.MONDAY
    said: list[Event] = field(default_factory=list)
    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_act: dict[str, tuple[str, datetime, dict[str, Any]]] = field(default_factory=dict)

    def publish(self, **more: Any) -> None:
        organisation = build.organisation(revision=f"rev-{len(self.said)}", **more)
        self._say(OrganisationPublished, organisation=organisation)

    def act(self, issue_id: str, verb: str, who: str) -> None:
        issue = self.issues.get(issue_id)
        if issue is None:
            self._raise(issue_id, who)
            return
        before = dict(issue)
        for event, change, more in self._acts(issue, verb, who):
            issue |= change
            self._say_of(issue_id, event, **more)
            self.last_act[issue_id] = (self.said[-1].cause_id, self.at, before)

    def undo(self, issue_id: str) -> None:
        """As the router does: only the newest, and soon; it is as before in a newer version."""
        cause_id, acted_at, before = self.last_act.pop(issue_id, ("", self.at, {}))
        if not before or self.at - acted_at > timedelta(hours=20):
            return
        self.issues[issue_id] = {**before, "version": self.issues[issue_id]["version"]}
        how = {"of_id": "ren", "because": UndoneBecause.ASKED, "requests": (cause_id,)}
        self._say_of(issue_id, IssueUndone, undone=(Action.RESOLVE,), **how)

    def about_people(self, verb: str, who: str, nth: int) -> None:
        match verb:
            case "away":
                ends_at = self.at + timedelta(days=3)
                absence = {"absence_id": f"a-{who}", "person_id": who, "issues": 0}
                self._say(PersonAway, starts_at=self.at, ends_at=ends_at, **absence)
            case "back":
                self._say(PersonBack, absence_id=f"a-{who}", person_id=who, issues=0)
            case "companion":
                because = CompanionBecause.AGREED
                how = {"companionship_id": "c", "companion_id": who, "because": because}
                self._say(CompanionAssigned, carrier_id=CARRIERS[nth % 2], **how)
            case "rest":
                ends_at = self.at + timedelta(hours=5)
                self._say(
                    ChasingPaused, pause_id=f"p-{nth}", starts_at=self.at, ends_at=ends_at, text="x"
                )
            case _:
                calendar = build.calendar({"mon-fri": "08:00-12:00 13:00-17:00"})
                self.publish(calendars=(calendar if nth % 2 else build.calendar(),))

    def _raise(self, issue_id: str, who: str) -> None:
        carrier = CARRIERS[int(issue_id) % 2]
        self.issues[issue_id] = {
            "version": 0,
            "owner_id": who,
            "team_id": _team(who),
            "carrier_id": carrier,
            "reporter_id": carrier,
            "raised_at": self.at - timedelta(minutes=3),
            "assigned_at": self.at,
        }
        self._assigned(issue_id, AssignedBecause.NEW, None)

    def _assigned(self, issue_id: str, because: AssignedBecause, actor_id: str | None) -> None:
        self._say_of(issue_id, IssueAssigned, because=because, reasons=Reasons(), actor_id=actor_id)

    def _acts(
        self, issue: dict[str, Any], verb: str, who: str
    ) -> Iterator[tuple[type[IssueEvent], dict[str, Any], dict[str, Any]]]:
        state, owner = issue.get("state", State.ASSIGNED), issue["owner_id"]
        is_open = state in (State.ASSIGNED, State.ACKNOWLEDGED)
        until = self.at + timedelta(days=2)
        own: dict[str, Any] = {"actor_id": owner}
        match verb:
            case "answer":
                yield IssueResponded, {"answered_at": self.at}, {"actor_id": who, "text": "Soon."}
            case "acknowledge" if is_open:
                taken = {"state": State.ACKNOWLEDGED, "acknowledged_at": self.at}
                yield IssueAcknowledged, taken, own
            case "decline" if is_open:
                said = {"reason": DeclineReason.NO_TIME, "proposed": who, **own}
                yield IssueDeclined, {"moves": issue.get("moves", 0) + 1}, said
                yield from self._given(who, AssignedBecause.DECLINED, owner)
            case "hand over" if is_open:
                issue["moves"] = issue.get("moves", 0) + 1
                yield from self._given(who, AssignedBecause.HANDED_OVER, owner)
            case "snooze" if is_open:
                yield IssueSnoozed, {"snoozed_until": until}, {"text": "Parts.", **own}
            case "promise" if is_open:
                before = issue.get("promised_at")
                yield IssuePromised, {"promised_at": until}, {"previously_at": before, **own}
            case "wait" if is_open:
                waits = {"waiting_for": WaitingFor.CARRIER, "waiting_since": self.at}
                yield IssueWaiting, waits, {"text": "Which lamp?", **own}
            case "resume" if is_open:
                goes_on = {"waiting_for": None, "waiting_since": None, "snoozed_until": None}
                yield IssueResumed, goes_on, {"because": ResumedBecause.ASKED}
            case "remind" if is_open:
                yield IssueReminded, {}, {"step": Step.ANSWER, "person_id": owner}
            case "resolve" if is_open:
                yield IssueResolved, {"state": State.RESOLVED, "resolved_at": self.at}, own
            case "reopen" if not is_open:
                again = {"state": State.ASSIGNED, "assigned_at": self.at, "merged_into": None}
                yield IssueReopened, again, {"actor_id": issue["carrier_id"]}
            case "close" if state is not State.CLOSED:
                yield IssueClosed, {"state": State.CLOSED}, {"confirmed": False}
            case "merge" if is_open:
                merged = {"state": State.CLOSED, "merged_into": "main"}
                yield IssueMerged, merged, {"into_reference": "7K3M-9QWX"}
            case _:
                return

    def _given(
        self, who: str, because: AssignedBecause, actor_id: str
    ) -> Iterator[tuple[type[IssueEvent], dict[str, Any], dict[str, Any]]]:
        given = {"owner_id": who, "team_id": _team(who), "state": State.ASSIGNED}
        said = {"because": because, "reasons": Reasons(), "actor_id": actor_id}
        yield IssueAssigned, {**given, "assigned_at": self.at, "snoozed_until": None}, said

    def _say_of(self, issue_id: str, event: type[IssueEvent], **more: Any) -> None:
        issue = self.issues[issue_id]
        issue["version"] += 1
        self._say(event, issue_id=issue_id, issue=build.snapshot(**issue), **more)

    def _say(self, event: type[Event], **said: Any) -> None:
        nth = len(self.said)
        ids = {"event_id": f"event-{nth:04}", "cause_id": f"cause-{self.at.isoformat()}"}
        self.said.append(event(occurred_at=self.at, **ids, **said))


def happened(drawn: Sequence[Draw]) -> list[Event]:
    """The events of a past, in the order of their time."""
    company = Company()
    company.publish()
    for minutes, issue, verb, nth in drawn:
        company.at += timedelta(minutes=minutes)
        match verb:
            case "undo":
                company.undo(str(issue))
            case "away" | "back" | "companion" | "rest" | "publish":
                company.about_people(verb, OWNERS[nth], nth)
            case _:
                company.act(str(issue), verb, OWNERS[nth])
    return company.said


def _team(who: str) -> str:
    return "product" if who in ("ren", "sho") else "shipping"
