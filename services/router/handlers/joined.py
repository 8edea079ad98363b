"""Issues that belong together: the same fault twice, or parts of one problem.

What was merged always points at an issue that is merged into nothing, and a part at a problem that
is part of nothing: so there is no circle, and whatever happens reaches everybody in one step.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.router import followup, lifecycle
from services.router.handlers.keep import hours_of, keep, let_go, plan, policy_of
from services.router.handlers.owner import lend, replace_owner
from services.router.lifecycle import OPEN, Issue
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, State
from shared.contracts.router import (
    IssueClosed,
    IssueLinked,
    IssueMerged,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueSeparated,
)


def other_of(issue: Issue, request: ActionRequested, desk: Desk) -> Issue | None:
    """The issue with which this one belongs together, or shall: the one that is worked on, even
    where another was named that is the same, or a part. None where whoever asks may not know it."""
    match request.action:
        case Action.MERGE:
            return _main_of(request, desk)
        case Action.LINK:
            main = _main_of(request, desk)
            return None if main is None else _problem_of(main, desk)
        case Action.SEPARATE:
            return _joined_with(issue, desk)
        case _:
            return None


def merge(issue: Issue, main: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Closes the issue as the same as another; whatever belongs to it moves along."""
    merged = lifecycle.merge(let_go(issue, desk), main.issue_id, desk.now)
    said = {"actor_id": request.person_id, "into_reference": main.reference}
    events = [keep(merged, desk, IssueMerged, **said, text=request.text)]
    leader_id, problem = desk.organisation.leader, _problem_of(main, desk)
    for same in desk.merged_into(issue.issue_id):
        if lifecycle.may_join(same, main, leader_id):
            follows = lifecycle.follow(same, main.issue_id)
            events.append(keep(follows, desk, IssueMerged, **said))
        else:
            events += stand_alone(same, issue, request.person_id, desk)
    for part in desk.parts_of(issue.issue_id):
        if lifecycle.may_join(part, problem, leader_id):
            events.append(_link(part, problem, request.person_id, None, desk))
        else:
            events += stand_alone(part, issue, request.person_id, desk)
    return events


def link(issue: Issue, problem: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Makes the issue part of a problem. A problem that becomes part of another one brings its
    parts along."""
    who, leader_id = request.person_id, desk.organisation.leader
    events: list[Event] = [_link(issue, problem, who, request.text, desk)]
    for part in desk.parts_of(issue.issue_id):
        if lifecycle.may_join(part, problem, leader_id):
            events.append(_link(part, problem, who, None, desk))
        else:
            events += stand_alone(part, issue, who, desk)
    return events


def separate(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """The issue stands for itself again, on its old clock."""
    other = _joined_with(issue, desk)
    return stand_alone(issue, other or issue, request.person_id, desk, request.text)


def stand_alone(
    issue: Issue, other: Issue, who: str | None, desk: Desk, text: str | None = None
) -> list[Event]:
    """Parts an issue from another. What was closed has its owner again, or somebody instead."""
    was_merged = issue.merged_into is not None
    separated = lifecycle.separate(issue, desk.now)
    separated = plan(separated, desk) if was_merged else _replan(separated, desk)
    said = {"actor_id": who, "from_reference": other.reference, "text": text}
    events = [keep(separated, desk, IssueSeparated, **said)]
    return [*events, *instead_of_gone(separated, desk)] if was_merged else events


def instead_of_gone(issue: Issue, desk: Desk) -> list[Event]:
    """Another owner, where the one who has it back has left; a substitute while they are away."""
    if issue.owner_id not in desk.organisation.person:
        return [replace_owner(issue, desk)]
    lent = lend(issue, desk) if desk.is_away(issue.owner_id) else None
    return [] if lent is None else [lent]


def is_part(issue: Issue, desk: Desk) -> bool:
    """Whether the problem that it is part of is still worked on."""
    parent = desk.issue(issue.parent_id) if issue.parent_id else None
    return parent is not None and parent.state in OPEN


def share_answer(answer: IssueResponded, desk: Desk) -> Iterator[Event]:
    """The same words about every issue that is the same, and of what came with them the files: raw
    mail and quotes may show what another customer wrote."""
    for same in desk.merged_into(answer.issue_id):
        if answer.actor_id is not None:
            desk.remember_answer(same.carrier_id, answer.actor_id)
        yield keep(
            lifecycle.share(same, desk.now, answered=True),
            desk,
            IssueResponded,
            actor_id=answer.actor_id,
            text=answer.text,
            attachments=answer.attachments,
            shared_from=answer.issue_id,
        )


def share_solution(solved: IssueResolved, desk: Desk) -> Iterator[Event]:
    """Solves every part, whose carriers confirm each for themselves; and tells those of every
    issue that is the same."""
    said = {"actor_id": solved.actor_id, "text": solved.text, "shared_from": solved.issue_id}
    for same in desk.merged_into(solved.issue_id):
        shared = lifecycle.share(same, desk.now, answered=bool(solved.text))
        yield keep(shared, desk, IssueResolved, **said)
    for part in desk.parts_of(solved.issue_id):
        if solved.text and solved.actor_id is not None:
            desk.remember_answer(part.carrier_id, solved.actor_id)
        resolved = plan(lifecycle.resolve(let_go(part, desk), solved.issue.cause, desk.now), desk)
        event: IssueResolved = keep(resolved, desk, IssueResolved, **said)
        yield event
        yield from share_solution(event, desk)


def share_end(closed: IssueClosed, main: Issue, desk: Desk) -> Iterator[Event]:
    """Tells everybody whose issue is the same that it is over. Where it was given up and not
    solved, theirs stand for themselves again, and so do parts of the problem."""
    for same in desk.merged_into(main.issue_id):
        if closed.withdrawn:
            yield from stand_alone(same, main, None, desk)
        else:
            shared = lifecycle.share(same, desk.now, answered=False)
            how = {"confirmed": closed.confirmed, "shared_from": main.issue_id}
            yield keep(shared, desk, IssueClosed, actor_id=closed.actor_id, **how)
    for part in desk.parts_of(main.issue_id):
        yield from stand_alone(part, main, None, desk)


def share_reopening(reopened: IssueReopened, desk: Desk) -> Iterator[Event]:
    """Tells everybody whose issue is the same that it is not solved after all."""
    for same in desk.merged_into(reopened.issue_id):
        shared = lifecycle.share(same, desk.now, answered=False)
        who, main_id = reopened.actor_id, reopened.issue_id
        yield keep(shared, desk, IssueReopened, actor_id=who, shared_from=main_id)


def _main_of(request: ActionRequested, desk: Desk) -> Issue | None:
    named = desk.issue(request.into) if request.into else None
    if named is None:
        return None
    if not lifecycle.may_know(named, request.person_id, desk.organisation.leader):
        return None
    return named if named.merged_into is None else desk.issue(named.merged_into)


def _problem_of(issue: Issue, desk: Desk) -> Issue:
    """The problem that an open issue is part of, or the issue itself."""
    parent = desk.issue(issue.parent_id) if issue.parent_id else None
    return issue if parent is None or parent.state not in OPEN else parent


def _joined_with(issue: Issue, desk: Desk) -> Issue | None:
    other_id = issue.merged_into or issue.parent_id
    return desk.issue(other_id) if other_id else None


def _link(part: Issue, problem: Issue, who: str, text: str | None, desk: Desk) -> IssueLinked:
    linked = lifecycle.link(part, problem.issue_id)
    if linked.state is State.ACKNOWLEDGED:
        linked = followup.replan(linked, policy_of(linked, desk), hours_of(linked, desk), desk.now)
    said = {"actor_id": who, "parent_reference": problem.reference, "text": text}
    event: IssueLinked = keep(linked, desk, IssueLinked, **said)
    return event


def _replan(issue: Issue, desk: Desk) -> Issue:
    """Its own deadlines hold again. What was late is late still; otherwise there is time at least
    to say so."""
    if issue.state is not State.ACKNOWLEDGED:
        return issue
    if issue.rung > 0:
        return followup.replan(issue, policy_of(issue, desk), hours_of(issue, desk), desk.now)
    return plan(issue, desk)
