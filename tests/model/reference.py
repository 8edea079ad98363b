"""What may become of an issue, told a second time and as plainly as can be.

It hears the same requests and the same facts as everybody else, predicts what each request must
lead to, and knows nothing of how the router decides. It is kept apart from the router's own rules
on purpose: where the two differ, one of them is wrong.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from shared.contracts.intake import ActionRequested, IssueRaised
from shared.contracts.issue import Action, AssignedBecause, State, Step
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    ActionRefused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueDeclined,
    IssueEvent,
    IssueLapsed,
    IssueMerged,
    IssuePromised,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSeparated,
    IssueSnoozed,
    IssueUndone,
    IssueWaiting,
    RouterEvent,
)

OPEN = (State.ASSIGNED, State.ACKNOWLEDGED)
STAYS = (
    Action.ANSWER,
    Action.CORRECT,
    Action.ANSWERED_ELSEWHERE,
    Action.MERGE,
    Action.LINK,
    Action.SEPARATE,
    Action.UNDO,
    Action.DECOY,
)
"""What nobody can take back."""
HOUR = timedelta(hours=1)


class Outcome(Enum):
    """What a request must lead to."""

    DONE = "done"
    REFUSED = "refused"
    NOTHING = "nothing"
    ANY = "any"
    """The reference has no opinion."""


@dataclass
class Plain:
    """An issue, as a person with a sheet of paper would follow it."""

    issue_id: str
    raised_at: datetime
    carrier: str = ""
    reporter: str = ""
    state: State = State.RECEIVED
    owner: str = ""
    moves: int = 0
    declined: set[str] = field(default_factory=set)
    chased: int = 0
    version: int = 0
    told_at: datetime | None = None
    assignment: int = 0
    waits: bool = False
    snoozed: bool = False
    said_to_be_solved: bool = False
    called: bool = False
    """Its carrier has heard that it will close by itself."""
    merged: bool = False
    confidential: bool = False
    concerned: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    owners: list[str] = field(default_factory=list)


@dataclass
class Did:
    """What a request has led to, and the issue before."""

    who: str
    action: Action
    before: Plain
    version: int
    at: datetime
    alone: bool
    """It touched no other issue."""
    undone: bool = False


class Reference:
    """Every issue that was raised."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self.issues: dict[str, Plain] = {}
        self.done: dict[str, Did] = {}
        """By request."""

    def hears_of(self, raised: IssueRaised) -> None:
        self.issues.setdefault(raised.issue_id, Plain(raised.issue_id, raised.occurred_at))

    # --- what a request must lead to

    def expects(self, wish: ActionRequested, now: datetime) -> Outcome:
        issue = self.issues[wish.issue_id]
        if wish.by_link:
            return Outcome.ANY  # what a machine presses is only looked at by what it leaves
        if wish.action is Action.UNDO:
            return self._expects_undo(issue, wish, now)
        who, leads = wish.person_id, wish.person_id == self.organisation.leader
        owns, carries = who == issue.owner, who in (issue.carrier, issue.reporter)
        overtaken = wish.assignment is not None and wish.assignment != issue.assignment
        is_open = issue.state in OPEN
        is_ahead = wish.until is not None and wish.until > now
        match wish.action:
            case Action.ACKNOWLEDGE:
                if owns and issue.state is State.ACKNOWLEDGED and not overtaken:
                    return Outcome.NOTHING
                return _done(owns and issue.state is State.ASSIGNED and not overtaken)
            case Action.ANSWER:
                may = owns or leads or who in issue.helpers
                return _done(may and is_open and not overtaken)
            case Action.DECLINE:
                return _done(owns and is_open and not overtaken and self._may_get(issue, wish))
            case Action.HAND_OVER:
                may = (owns or leads) and is_open and not overtaken
                return _done(may and self._may_get(issue, wish))
            case Action.RESOLVE:
                if owns and issue.state is State.RESOLVED and not overtaken:
                    return Outcome.NOTHING
                return _done(owns and is_open and not overtaken)
            case Action.CONFIRM:
                if carries and issue.state is State.CLOSED and not overtaken:
                    return Outcome.NOTHING
                return _done(carries and issue.state is State.RESOLVED and not overtaken)
            case Action.REOPEN:
                over = issue.state in (State.RESOLVED, State.CLOSED)
                return _done(carries and over and not overtaken)
            case Action.WITHDRAW:
                if carries and issue.state is State.CLOSED and not overtaken:
                    return Outcome.NOTHING
                return _done(carries and issue.state is not State.CLOSED and not overtaken)
            case Action.WAIT | Action.SNOOZE:
                return _done(owns and is_open and not overtaken and is_ahead)
            case Action.RESUME:
                rests = issue.waits or issue.snoozed
                may = (owns or carries or leads) and is_open and rests
                return _done(may and not overtaken)
            case Action.PROMISE:
                return _done((owns or leads) and is_open and not overtaken and is_ahead)
            case Action.TAKE:
                if owns and issue.state is State.ACKNOWLEDGED:
                    return Outcome.NOTHING
                knows = not issue.confidential or who in issue.concerned or leads
                inside = who in self.organisation.person
                may = inside and knows and (owns or not carries)
                return _done(may and is_open and not overtaken)
            case Action.ASK if not (owns or leads):
                return Outcome.REFUSED
            case Action.WITHDRAW | Action.CONFIRM | Action.CORRECT if not (owns or carries):
                return Outcome.REFUSED
            case _:
                return Outcome.ANY

    def _expects_undo(self, issue: Plain, wish: ActionRequested, now: datetime) -> Outcome:
        did = self.done.get(wish.undoes or "")
        if did is None or did.before.issue_id != issue.issue_id:
            return Outcome.REFUSED
        if did.who == wish.person_id and did.undone:
            return Outcome.ANY if now > did.at + HOUR else Outcome.NOTHING
        may = did.who == wish.person_id and did.alone and did.action not in STAYS
        in_time = now <= did.at + HOUR and did.version == issue.version
        if may and in_time and did.action is Action.REOPEN:
            return Outcome.ANY  # others may have become the same issue meanwhile
        return _done(may and in_time)

    def _may_get(self, issue: Plain, wish: ActionRequested) -> bool:
        """Whether the proposed next owner can be it."""
        proposed, leads = wish.proposed or "", wish.person_id == self.organisation.leader
        if proposed in self.organisation.team:
            return True
        return (
            proposed in self.organisation.person
            and proposed not in (issue.carrier, issue.reporter, wish.person_id)
            and (proposed not in issue.declined or leads)
        )

    def came_of(self, wish: ActionRequested, facts: list[RouterEvent], now: datetime) -> None:
        """Compares what came of a request with what had to; hears what was said then."""
        expected = self.expects(wish, now)
        before = deepcopy(self.issues[wish.issue_id])
        if any(isinstance(one, ActionRefused) for one in facts):
            voids = wish.by_link and isinstance(facts[0], IssueUndone)
            assert voids or len(facts) == 1, "whoever is refused has changed nothing"
            found = Outcome.REFUSED
        else:
            found = Outcome.DONE if facts else Outcome.NOTHING
        assert expected in (found, Outcome.ANY), (expected, found, wish, self.issues[wish.issue_id])
        self.hear(facts)
        if found is Outcome.DONE:
            alone = all(one.about == wish.issue_id for one in facts)
            version = self.issues[wish.issue_id].version
            did = Did(wish.person_id, wish.action, before, version, now, alone)
            self.done[wish.event_id] = did

    # --- what a fact may be, and what the issue is then

    def hear(self, facts: list[RouterEvent]) -> None:
        for n, fact in enumerate(facts):
            if isinstance(fact, IssueEvent):
                self._hear(fact, facts[n + 1 :])

    def _hear(self, fact: IssueEvent, later: list[RouterEvent]) -> None:
        issue, now = self.issues[fact.issue_id], fact.issue
        assert now.raised_at == issue.raised_at, "the clock was reset"
        assert now.version > issue.version, "a version was said twice"
        assert issue.told_at is None or fact.occurred_at >= issue.told_at, "time ran backwards"
        issue.version, issue.told_at = now.version, fact.occurred_at
        issue.carrier, issue.reporter = now.carrier_id, now.reporter_id
        issue.confidential, issue.helpers = now.confidential, set(now.helper_ids)
        issue.concerned = {now.carrier_id, now.reporter_id, now.owner_id}
        issue.concerned.update(now.helper_ids, now.follower_ids)
        match fact:
            case IssueAssigned():
                self._assigned(issue, fact)
            case IssueAcknowledged():
                assert issue.state is State.ASSIGNED
                issue.state = State.ACKNOWLEDGED
            case IssueDeclined():
                assert issue.state in OPEN
                assert fact.proposed
                assert fact.proposed not in (issue.carrier, issue.reporter), "a silent return"
                follows = [one for one in later if isinstance(one, IssueAssigned)]
                assert any(one.issue_id == fact.issue_id for one in follows), "unowned"
                issue.moves += 1
                issue.declined.add(issue.owner)
            case IssueResponded():
                if fact.actor_id == issue.owner and issue.state is State.ASSIGNED:
                    issue.state = State.ACKNOWLEDGED
            case IssueResolved() | IssueClosed() if issue.merged:
                assert fact.shared_from, "what is merged is only told of the other"
            case IssueReopened(shared_from=str()) if issue.merged:
                pass  # it is still the same as the other, which is open again
            case IssueResolved():
                assert issue.state in OPEN
                issue.state, issue.said_to_be_solved = State.RESOLVED, True
                issue.waits = issue.snoozed = issue.called = False
            case IssueClosed():
                self._closed(issue, fact)
            case IssueReopened():
                assert issue.state in (State.RESOLVED, State.CLOSED)
                issue.state, issue.assignment = State.ASSIGNED, issue.assignment + 1
                issue.said_to_be_solved = issue.called = issue.merged = False
            case IssueReminded():
                assert fact.actor_id is None, "chased in somebody's name"
                if fact.step is Step.CONFIRM:
                    issue.called = True
                elif fact.step is not Step.WAIT:
                    issue.chased += 1
            case IssueWaiting():
                issue.state, issue.waits, issue.snoozed = State.ACKNOWLEDGED, True, False
            case IssueSnoozed():
                issue.state, issue.waits, issue.snoozed = State.ACKNOWLEDGED, False, True
            case IssueResumed():
                assert issue.waits or issue.snoozed
                issue.waits = issue.snoozed = False
            case IssuePromised():
                issue.state = State.ACKNOWLEDGED
            case IssueLapsed():
                assert issue.state is State.ACKNOWLEDGED
                issue.state = State.ASSIGNED
            case IssueUndone():
                self._undone(issue, fact)
            case IssueMerged():
                issue.state, issue.merged = State.CLOSED, True
            case IssueSeparated():
                if issue.merged:
                    issue.state, issue.merged = State.ASSIGNED, False
                    issue.assignment = now.assignment
            case _:
                pass
        self._agrees(self.issues[fact.issue_id], fact)

    def _undone(self, issue: Plain, fact: IssueUndone) -> None:
        """Everything is as it was before the first of them; versions and time go on."""
        undone = [self.done[one] for one in fact.requests]
        assert all(one.who == fact.of_id and not one.undone for one in undone)
        assert tuple(one.action for one in undone) == fact.undone
        for one in undone:
            one.undone = True
        goes_on = {"version": issue.version, "told_at": issue.told_at, "owners": issue.owners}
        self.issues[issue.issue_id] = replace(deepcopy(undone[0].before), **goes_on)

    def _assigned(self, issue: Plain, fact: IssueAssigned) -> None:
        owner, leader = fact.issue.owner_id, self.organisation.leader
        assert owner in self.organisation.person, "given to a stranger"
        back = owner in (issue.carrier, issue.reporter) and owner != leader
        assert not back, ("fell back on its carrier", fact)
        own_move = fact.actor_id == issue.owner and fact.actor_id != leader
        handed_on = fact.because in (AssignedBecause.HANDED_OVER, AssignedBecause.LEADER)
        if handed_on and own_move and fact.issue.moves == issue.moves + 1:
            issue.moves += 1  # a hand-over, of which no decline was said before
            issue.declined.add(issue.owner)
        assert fact.issue.moves == issue.moves, "somebody's move was not counted, or another was"
        if issue.moves >= 2 and fact.because in (
            AssignedBecause.HANDED_OVER,
            AssignedBecause.DECLINED,
        ):
            assert not own_move, "a third move without the leader"
        issue.owner, issue.assignment = owner, issue.assignment + 1
        issue.state, issue.waits, issue.snoozed = State.ASSIGNED, False, False
        issue.owners.append(owner)

    def _closed(self, issue: Plain, fact: IssueClosed) -> None:
        carries = fact.actor_id in (issue.carrier, issue.reporter)
        if fact.withdrawn or fact.confirmed:
            assert carries, "closed by somebody else"
        else:
            policy = self.organisation.policies[fact.issue.urgency]
            assert issue.state is State.RESOLVED
            assert issue.said_to_be_solved, "closed in silence"
            has_time = policy.confirm_within.total_seconds() > 8 * 3600
            assert issue.called or not has_time, "closed without a last call"
        issue.state, issue.waits, issue.snoozed = State.CLOSED, False, False

    def _agrees(self, issue: Plain, fact: IssueEvent) -> None:
        now = fact.issue
        told = (now.state, now.owner_id, now.moves, now.reminders, now.assignment)
        kept = (issue.state, issue.owner, issue.moves, issue.chased, issue.assignment)
        if not isinstance(fact, IssueDeclined):
            assert told == kept, (told, kept, fact)
        assert (now.waiting_for is not None) == issue.waits, fact
        assert (now.next_step is None) == (now.state is State.CLOSED), "no next step"


def _done(may: bool) -> Outcome:
    return Outcome.DONE if may else Outcome.REFUSED
