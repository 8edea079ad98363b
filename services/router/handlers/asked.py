"""What people ask for: whether it may be done, and who does it."""

from __future__ import annotations

from typing import assert_never

from services.router import lifecycle
from services.router.handlers import undo, waits
from services.router.handlers.complete import incomplete
from services.router.handlers.joined import link, merge, other_of, separate
from services.router.handlers.keep import refuse, word
from services.router.handlers.moves import ask, move, take
from services.router.handlers.progress import (
    acknowledge,
    answer,
    answered_elsewhere,
    close,
    correct,
    reopen,
    resolve,
)
from services.router.lifecycle import Issue
from services.router.store import Desk
from shared.contracts.event import MAX_TEXT, Envelope, Event
from shared.contracts.intake import (
    ActionRequested,
)
from shared.contracts.issue import (
    Action,
    Refusal,
    Source,
)
from shared.contracts.router import (
    ActionRefused,
)
from shared.journal import NotYet


def action_requested(request: ActionRequested, desk: Desk) -> list[Event]:
    """Does what somebody asks for, or says why not. Asking twice changes nothing. What is done can
    be taken back for a while; what a machine seems to have pressed is taken back at once."""
    issue = desk.issue(request.issue_id)
    if issue is None:
        raise NotYet
    voids = undo.voided(issue, request, desk)
    if voids is not None:
        now = desk.issue(issue.issue_id) or issue
        return [*voids, refuse(request, Refusal.CONTRADICTED, desk, now)]
    return _decided(issue, request, desk)


def _decided(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    match request.action:
        case Action.UNDO:
            return undo.take_back(issue, request, desk)
        case Action.DECOY:
            return undo.decoy(issue, request, desk)
        case _:
            return undo.remember(issue, request, _asked(issue, request, desk), desk)


def _asked(issue: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    who, leader_id = request.person_id, desk.organisation.leader
    other, asks = other_of(issue, request, desk), (request.action, who, request.assignment)
    if lifecycle.is_done(issue, *asks, leader_id, other):
        return []
    inside = who in desk.organisation.person
    refusal = (
        lifecycle.refusal(issue, *asks, leader_id, inside=inside, other=other)
        or _unproven(issue, request, desk)
        or incomplete(issue, request, desk, other)
    )
    if refusal is not None:
        return [refuse(request, refusal, desk, issue)]
    return _done(issue, other, request, desk)


def _done(issue: Issue, other: Issue | None, request: ActionRequested, desk: Desk) -> list[Event]:
    who = request.person_id
    match request.action:
        case Action.ACKNOWLEDGE:
            return [acknowledge(issue, desk, who)]
        case Action.DECLINE | Action.HAND_OVER:
            return move(issue, request, desk)
        case Action.ANSWER:
            return answer(issue, desk, who, actor_id=who, text=request.text or "")
        case Action.ANSWERED_ELSEWHERE:
            return [answered_elsewhere(issue, request, desk)]
        case Action.RESOLVE:
            return resolve(issue, request, desk)
        case Action.CONFIRM:
            return close(issue, desk, actor_id=who, confirmed=True, text=request.text)
        case Action.REOPEN:
            return reopen(issue, request, desk)
        case Action.WITHDRAW:
            how = {"confirmed": False, "withdrawn": True, "text": request.text}
            return close(issue, desk, actor_id=who, **how)
        case Action.CORRECT:
            return correct(issue, request, desk)
        case Action.SNOOZE:
            return waits.snooze(issue, request, desk)
        case Action.WAIT:
            return waits.wait(issue, request, desk)
        case Action.RESUME:
            return waits.resume(issue, request, desk)
        case Action.PROMISE:
            return waits.promise(issue, request, desk)
        case Action.TAKE:
            return take(issue, request, desk)
        case Action.ASK:
            return ask(issue, request, desk)
        case Action.MERGE | Action.LINK:
            return _join(issue, other or issue, request, desk)
        case Action.SEPARATE:
            return separate(issue, request, desk)
        case Action.UNDO | Action.DECOY:
            raise ValueError(f"{request.action} does nothing new")
        case _:
            assert_never(request.action)


def _join(issue: Issue, other: Issue, request: ActionRequested, desk: Desk) -> list[Event]:
    join = merge if request.action is Action.MERGE else link
    return join(issue, other, request, desk)


def action_failed(envelope: Envelope, desk: Desk) -> list[Event]:
    """Deciding on a request failed for good: the person hears so."""
    said = envelope.data
    issue = desk.issue(str(said["issue_id"]))
    return [
        ActionRefused(
            occurred_at=desk.now,
            issue_id=str(said["issue_id"]),
            person_id=str(said["person_id"]),
            action=Action(said["action"]),
            refusal=Refusal.FAILED,
            requested_at=envelope.occurred_at,
            source=word(Source, said.get("source"), Source.WEB),
            text=str(said["text"])[:MAX_TEXT] if said.get("text") else None,
            issue=lifecycle.snapshot(issue) if issue else None,
        )
    ]


def _unproven(issue: Issue, request: ActionRequested, desk: Desk) -> Refusal | None:
    """A mail that nothing vouches for does little; the rest takes one click."""
    asks = (request.action, request.person_id, request.source, request.standing)
    return Refusal.ONE_CLICK if lifecycle.needs_one_click(issue, *asks, desk.now) else None
