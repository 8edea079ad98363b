"""What was done is taken back: because whoever did it says so, or because no person did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.router import undoing
from services.router.handlers.joined import instead_of_gone, is_part
from services.router.handlers.keep import keep, refuse
from services.router.handlers.owner import replace_owner
from services.router.lifecycle import OPEN, Issue
from services.router.store import Desk
from services.router.undoing import Act, Fate
from shared.contracts.event import Event
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, Refusal, State, UndoneBecause
from shared.contracts.router import IssueEscalated, IssueEvent, IssueUndone


def take_back(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """The issue is as it was before the request that is named. Asking twice changes nothing."""
    who, act = request.person_id, desk.act(request.undoes) if request.undoes else None
    if act is not None and act.fate is Fate.UNDONE and act.person_id == who:
        return []
    before = undoing.unpack(act.before) if act is not None and act.before else None
    kin = bool(desk.merged_into(issue.issue_id) or desk.parts_of(issue.issue_id))
    refusal = undoing.refusal(act, issue, before, who, desk.now, kin=kin)
    if act is None or refusal is not None:
        return [refuse(request, refusal or Refusal.TOO_LATE, desk, issue)]
    said = _undo([act], issue, desk, UndoneBecause.ASKED, who)
    _remember(issue, request, desk, Fate.DONE, act.told_ids)
    return _marked(said, request)


def decoy(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    """Whatever the same links have done within a moment was done by a machine."""
    lately = undoing.by_the_same_links(
        desk.acts_of(issue.issue_id), request.person_id, request.assignment, request.occurred_at
    )
    return _void(undoing.standing(lately), issue, request, desk, UndoneBecause.DECOY)


def voided(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event] | None:
    """What is taken back where a link asks for what no person asks for so soon after the last
    thing; None where a person may have asked."""
    if not request.by_link or request.action is Action.DECOY:
        return None
    lately = undoing.by_the_same_links(
        desk.acts_of(issue.issue_id), request.person_id, request.assignment, request.occurred_at
    )
    if undoing.are_void(lately):
        return []
    done = undoing.standing(lately)
    if not undoing.contradict(
        [act.action for act in done if act.action is not Action.UNDO], request.action
    ):
        return None
    return _void(done, issue, request, desk, UndoneBecause.CONTRADICTED)


def remember(before: Issue, request: ActionRequested, said: list[Event], desk: Desk) -> list[Event]:
    """Keeps what is needed to take it back, and says so. What touches several issues stays."""
    if not request.event_id or not any(isinstance(one, IssueEvent) for one in said):
        return said
    alone = all(one.about == before.issue_id for one in said)
    after = desk.issue(before.issue_id)
    if after is None or not alone or request.action not in undoing.UNDOABLE:
        _remember(None, request, desk, Fate.DONE)
        return _marked(said, request)
    told_ids = undoing.told(
        request.action,
        before,
        after,
        request.person_id,
        desk.organisation.person,
        [one.person_id for one in said if isinstance(one, IssueEscalated)],
    )
    until = desk.now + undoing.UNDO_WITHIN
    _remember(before, request, desk, Fate.DONE, told_ids, undo_until=until)
    return _marked(said, request, until)


def _void(
    done: Sequence[Act],
    issue: Issue,
    request: ActionRequested,
    desk: Desk,
    because: UndoneBecause,
) -> list[Event]:
    """Takes back what can be, and lets the same links do nothing for a moment."""
    acts = undoing.latest(done, issue.version)
    said = _undo(acts, issue, desk, because, None) if acts else []
    _remember(None, request, desk, Fate.VOID)
    return said


def _undo(
    acts: Sequence[Act], issue: Issue, desk: Desk, because: UndoneBecause, actor_id: str | None
) -> list[Event]:
    first = acts[0]
    assert first.before is not None
    restored = undoing.restore(undoing.unpack(first.before), issue, desk.now)
    if restored.state in OPEN and not is_part(restored, desk):
        restored = replace(restored, parent_id=None)
    if restored.lent_by is not None and not desk.is_away(restored.lent_by):
        restored = replace(restored, lent_by=None)
    if any(act.action in undoing.SAYS_WHERE_IT_BELONGS for act in acts):
        desk.unlearn(restored)
    event = keep(
        restored,
        desk,
        IssueUndone,
        actor_id=actor_id,
        undone=tuple(act.action for act in acts),
        of_id=first.person_id,
        because=because,
        told_ids=tuple(sorted({who for act in acts for who in act.told_ids})),
        requests=tuple(act.request_id for act in acts),
    )
    said = [event, *_instead_of_gone(restored, issue, desk)]
    now = desk.issue(issue.issue_id)
    for act in acts:
        desk.put_act(replace(act, fate=Fate.UNDONE))
        undone = desk.act(act.undoes) if act.undoes else None
        if undone is not None and now is not None:
            desk.put_act(replace(undone, fate=Fate.DONE, version=now.version))
    return said


def _instead_of_gone(restored: Issue, issue: Issue, desk: Desk) -> list[Event]:
    """Somebody else, where whoever has it back has left meanwhile, or is away."""
    if restored.state is State.CLOSED:
        return []
    if restored.owner_id not in desk.organisation.person:
        return [replace_owner(restored, desk)]
    is_back = restored.state in OPEN and restored.owner_id != issue.owner_id
    return instead_of_gone(restored, desk) if is_back else []


def _remember(
    before: Issue | None,
    request: ActionRequested,
    desk: Desk,
    fate: Fate,
    told_ids: Sequence[str] = (),
    *,
    undo_until: datetime | None = None,
) -> None:
    after = desk.issue(request.issue_id)
    desk.put_act(
        Act(
            request_id=request.event_id,
            issue_id=request.issue_id,
            person_id=request.person_id,
            action=request.action,
            assignment=request.assignment,
            by_link=request.by_link,
            at=request.occurred_at,
            fate=fate,
            version=after.version if after else 0,
            before=undoing.pack(before) if before else None,
            undo_until=undo_until,
            told_ids=list(told_ids),
            undoes=request.undoes,
        )
    )


def _marked(
    said: list[Event], request: ActionRequested, undo_until: datetime | None = None
) -> list[Event]:
    """The first event says how it was asked for, and until when it can be taken back."""
    first, *others = said
    by_link = request.action if request.by_link else None
    marks = {"by_link": by_link, "undo_until": undo_until}
    return [first.model_copy(update=marks), *others]
