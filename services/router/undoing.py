"""What can be taken back and for how long, and which clicks are no person's.

Pure: what was done and a wish in, what stands and what is void out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Any

from pydantic import TypeAdapter

from services.router.lifecycle import OPEN, Issue
from shared.contracts.issue import Action, Refusal, WaitingFor

UNDO_WITHIN = timedelta(hours=1)
"""Whoever did something may take it back for so long, if nothing has happened since."""
CONTRADICT_WITHIN = timedelta(seconds=10)
"""Nobody reads a page, presses its button, reads the opposite and presses that one so soon."""
KEPT_FOR = 2 * UNDO_WITHIN
"""So long it is known what was done, and that it is too late to take it back."""
LOOK_SOON = timedelta(minutes=5)
"""Where Banso would have acted meanwhile, whoever takes something back has a moment first."""
MOST_DIFFERENT = 2
"""So many different things a person may ask for within a moment."""

UNDOABLE = frozenset(
    {
        Action.ACKNOWLEDGE,
        Action.DECLINE,
        Action.HAND_OVER,
        Action.TAKE,
        Action.RESOLVE,
        Action.CONFIRM,
        Action.REOPEN,
        Action.WITHDRAW,
        Action.SNOOZE,
        Action.WAIT,
        Action.RESUME,
        Action.PROMISE,
        Action.ASK,
    }
)
"""Words that have reached somebody can't be taken back; what was joined is separated again, and
what was corrected is corrected again."""


def _pairs(one: Action, *others: Action) -> frozenset[frozenset[Action]]:
    return frozenset(frozenset(pair) for pair in product((one,), others))


OPPOSITES = (
    _pairs(Action.ACKNOWLEDGE, Action.DECLINE, Action.HAND_OVER)
    | _pairs(
        Action.RESOLVE,
        Action.DECLINE,
        Action.HAND_OVER,
        Action.SNOOZE,
        Action.WAIT,
        Action.PROMISE,
    )
    | _pairs(Action.CONFIRM, Action.REOPEN)
)
"""What nobody asks for together."""

SAYS_WHERE_IT_BELONGS = frozenset({Action.DECLINE, Action.HAND_OVER, Action.TAKE, Action.RESOLVE})
"""What history has learned from."""

_CUSTOMERS_HEAR = frozenset(
    {
        Action.ACKNOWLEDGE,
        Action.TAKE,
        Action.RESOLVE,
        Action.CONFIRM,
        Action.WITHDRAW,
        Action.SNOOZE,
        Action.PROMISE,
    }
)
_FOLLOWERS_HEAR = frozenset({Action.RESOLVE, Action.CONFIRM, Action.WITHDRAW})


class Fate(StrEnum):
    """What has become of what somebody asked for."""

    DONE = "done"
    UNDONE = "undone"
    VOID = "void"
    """It was never done, and for a moment nothing else by the same links is."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody asked for, and the issue as it was before."""

    request_id: str
    issue_id: str
    person_id: str
    action: Action
    assignment: int | None
    """Of the link by which it was asked for."""
    by_link: bool
    at: datetime
    """When they asked."""
    fate: Fate
    version: int
    """Of the issue right after it."""
    before: dict[str, Any] | None
    """The issue's row; None where it can't be brought back."""
    undo_until: datetime | None
    told_ids: list[str]
    undoes: str | None
    """The request that it took back."""


_ROW = TypeAdapter(Issue)


def pack(issue: Issue) -> dict[str, Any]:
    """The issue's row as it can be kept within another."""
    row: dict[str, Any] = _ROW.dump_python(issue, mode="json")
    return row


def unpack(row: dict[str, Any]) -> Issue:
    return _ROW.validate_python(row)


def contradict(done: Collection[Action], asked: Action) -> bool:
    """Whether no person asks for this so soon after that. The same once more is no contradiction,
    and taking back is none."""
    if asked is Action.UNDO:
        return False
    if len({*done, asked}) > MOST_DIFFERENT:
        return True
    return any(frozenset((one, asked)) in OPPOSITES for one in done)


def by_the_same_links(
    acts: Iterable[Act], person_id: str, assignment: int | None, at: datetime
) -> list[Act]:
    """What one person's links of one assignment have asked for within a moment of `at`, whichever
    came first."""
    return [
        act
        for act in acts
        if act.by_link
        and (act.person_id, act.assignment) == (person_id, assignment)
        and abs(act.at - at) <= CONTRADICT_WITHIN
    ]


def are_void(acts: Iterable[Act]) -> bool:
    """Whether links that have just done this do nothing for now."""
    return any(act.fate is Fate.VOID for act in acts)


def standing(acts: Iterable[Act]) -> list[Act]:
    """What was done and not taken back."""
    return [act for act in acts if act.fate is Fate.DONE]


def latest(acts: Iterable[Act], version: int) -> list[Act]:
    """Those of the acts that are the issue's last changes, with nothing in between: they can be
    taken back together. The oldest first."""
    found: list[Act] = []
    for act in sorted(acts, key=lambda act: act.version, reverse=True):
        if act.before is None or act.version != version:
            break
        found.append(act)
        version = act.before["version"]
    return found[::-1]


def refusal(
    act: Act | None, issue: Issue, before: Issue | None, person_id: str, now: datetime, *, kin: bool
) -> Refusal | None:
    """Why this person can't take it back, or None. `kin`: others are the same as the issue, or
    part of it, and would wait for ever for one that is not worked on."""
    if act is None or act.issue_id != issue.issue_id:
        return Refusal.TOO_LATE
    if act.person_id != person_id:
        return Refusal.NOT_YOURS
    if before is None or act.undo_until is None or now > act.undo_until:
        return Refusal.TOO_LATE
    leaves_kin = kin and issue.state in OPEN and before.state not in OPEN
    return Refusal.TOO_LATE if act.version != issue.version or leaves_kin else None


def restore(before: Issue, issue: Issue, now: datetime) -> Issue:
    """The issue as it was, as a newer version: its old assignment with its links, its old deadline,
    and steps that were due meanwhile are void. Nobody gains time by it."""
    restored = replace(
        before,
        version=issue.version + 1,
        step_number=issue.step_number + 1,
        changed_at=issue.changed_at,
        taken_at=None,
        reopened_by_mail=issue.reopened_by_mail,
    )
    if before.wake_at is None or before.wake_at > now:
        return restored
    wake_at, told = now + LOOK_SOON, before.next_step_at or now
    return replace(restored, wake_at=wake_at, next_step_at=told if told > now else wake_at)


def told(
    action: Action,
    before: Issue,
    after: Issue,
    actor_id: str,
    inside: Collection[str],
    escalated_to: Sequence[str] = (),
) -> list[str]:
    """Who hears of what was done and so has to hear if it is taken back: outside only those who
    hear of such things at all."""
    people = {before.owner_id, after.owner_id, after.carrier_id, after.reporter_id, *escalated_to}
    people |= set(after.helper_ids) - set(before.helper_ids)
    if action in _FOLLOWERS_HEAR:
        people |= set(after.follower_ids)
    asks_customer = action is Action.WAIT and after.waiting_for is WaitingFor.CUSTOMER
    hears_outside = action in _CUSTOMERS_HEAR or asks_customer
    return sorted(one for one in people - {actor_id} if hears_outside or one in inside)
