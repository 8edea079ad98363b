"""The proofs: rows in, what does not hold out. Pure; `now` is an argument.

Each leaves a time of grace, since facts need a moment on their way and whoever died is started
again. What is left is still only suspected: it counts when a second look finds it unchanged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.audit.promises import Finding, Promise, Wake
from shared import load
from shared.contracts.event import Speaker
from shared.contracts.issue import AssignedBecause, State, Step, Urgency, WaitingFor

GRACE = timedelta(minutes=1)
"""For a fact on its way: longer than any restart takes."""
STEP_GRACE = timedelta(minutes=2)
"""Whoever takes a step and dies leaves it for a minute (`shared.due.TAKE_AGAIN`)."""
DELIVERY_GRACE = timedelta(minutes=10)
"""A mail server may be slow, and eight mails are sent at a time."""
LONGEST_DELIVERY = timedelta(days=3)
"""All tries together last nearly two days."""
WORK_TOLERANCE_S = 60.0
"""What is in hand is kept in whole seconds."""

CHOSEN_BY_BANSO = frozenset(
    {
        AssignedBecause.NEW,
        AssignedBecause.DECLINED,
        AssignedBecause.ABSENCE,
        AssignedBecause.LEFT,
        AssignedBecause.DRAINED,
    }
)
"""Where Banso itself looks for an owner. A person may take what they carry, or be given it."""


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """What the router knows of an issue that is not closed."""

    issue_id: str
    reference: str
    version: int
    state: State
    urgency: Urgency
    owner_id: str
    carrier_id: str
    next_step: Step | None
    next_step_at: datetime | None
    wake_at: datetime | None
    step_number: int
    assigned_at: datetime
    changed_at: datetime
    taken_at: datetime | None
    waiting_for: WaitingFor | None
    queued: bool

    @property
    def is_elsewhere(self) -> bool:
        """Whether it asks nothing of its owner now: somebody else has the ball, or it waits with
        them until somebody of the team is free."""
        return self.waiting_for is not None or (self.queued and self.state is State.ASSIGNED)


@dataclass(frozen=True, slots=True)
class Timed:
    """Something that is to happen at a time: an absence, a pause, a confirmation."""

    about: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery whose fate is open."""

    delivery_id: str
    attempts: int
    made_at: datetime
    due_at: datetime | None
    waited: bool = False
    """For company or until its person is at work, which may be weeks."""


@dataclass(frozen=True, slots=True)
class Unrouted:
    """An issue that intake accepted and has heard nothing of."""

    issue_id: str
    reference: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Advisory:
    """The server's word that a consumer gave a message up."""

    number: int
    stream: str
    sequence: int
    service: Speaker
    causes: tuple[str, ...]
    """Under which the service's journal may have it; none where the message is no longer kept."""


def owner(
    issues: Iterable[OpenIssue],
    people: frozenset[str],
    leader_id: str,
    because: Mapping[str, AssignedBecause],
) -> list[Finding]:
    """Every open issue has an owner who is there, and who is not left alone with their own.

    The leader is the last resort and may own what they carry.
    """
    found = []
    for one in issues:
        alone = (
            one.owner_id == one.carrier_id != leader_id
            and because.get(one.issue_id) in CHOSEN_BY_BANSO
        )
        if one.owner_id not in people or alone:
            key = f"{one.issue_id}/{one.owner_id}"
            found.append(Finding(Promise.OWNER, one.reference, key, one.assigned_at))
    return found


def next_step(issues: Iterable[OpenIssue]) -> list[Finding]:
    """Every open issue has a next step, its deadline, and a time at which Banso looks again."""
    return [
        Finding(Promise.NEXT_STEP, one.reference, one.issue_id, one.changed_at)
        for one in issues
        if one.next_step is None or one.next_step_at is None or one.wake_at is None
    ]


def step_taken(issues: Iterable[OpenIssue], now: datetime, *, paused: bool) -> list[Finding]:
    """Whatever is due is done. What the tick has taken and nobody acted on is woken again."""
    if paused:
        return []
    return [
        Finding(
            Promise.STEP_TAKEN,
            one.reference,
            f"{one.issue_id}/{one.step_number}",
            one.wake_at,
            Wake(one.issue_id, one.step_number) if one.taken_at is not None else None,
        )
        for one in issues
        if one.wake_at is not None and one.wake_at < now - STEP_GRACE
    ]


def work(in_hand_s: Mapping[str, float], issues: Iterable[OpenIssue]) -> list[Finding]:
    """What everybody has in hand is what their open issues ask of them."""
    promised: dict[str, float] = defaultdict(float)
    for one in issues:
        promised[one.owner_id] += load.promised_s(
            one.urgency, one.state, is_elsewhere=one.is_elsewhere
        )
    return [
        Finding(Promise.WORK, person_id, f"{person_id}/{kept - true:.0f}")
        for person_id in sorted({*in_hand_s, *promised})
        if abs((kept := in_hand_s.get(person_id, 0.0)) - (true := promised[person_id]))
        > WORK_TOLERANCE_S
    ]


def on_time(promise: Promise, timed: Iterable[Timed], now: datetime) -> list[Finding]:
    """What was to begin or end at a time has done so."""
    return [
        Finding(promise, one.about, f"{one.about}/{one.due_at.isoformat()}", one.due_at)
        for one in timed
        if one.due_at < now - STEP_GRACE
    ]


def accepted(
    waiting: Iterable[Unrouted], routed: Mapping[str, int], now: datetime
) -> list[Finding]:
    """What intake has confirmed, the router has. `routed` was read after `waiting`."""
    return [
        Finding(Promise.ACCEPTED, one.reference, one.issue_id, one.raised_at)
        for one in waiting
        if one.issue_id not in routed and one.raised_at < now - GRACE
    ]


@dataclass(frozen=True, slots=True)
class Version:
    """An issue's version at the router, and when it changed last."""

    issue_id: str
    reference: str
    version: int
    changed_at: datetime


def shown(true: Iterable[Version], seen: Mapping[str, int], now: datetime) -> list[Finding]:
    """The pages show each issue as it is, or newer. `seen` was read after `true`."""
    return [
        Finding(Promise.SHOWN, one.reference, f"{one.issue_id}/{version}", one.changed_at)
        for one in true
        if (version := seen.get(one.issue_id, -1)) < one.version and one.changed_at < now - GRACE
    ]


def told(
    pending: Iterable[Pending], confirmations: Iterable[Timed], now: datetime
) -> list[Finding]:
    """Every delivery ends: sent, failed or overtaken, and never tried for ever."""
    late = [
        Finding(Promise.TOLD, one.delivery_id, f"{one.delivery_id}/{one.attempts}", one.made_at)
        for one in pending
        if one.due_at is None
        or one.due_at < now - DELIVERY_GRACE
        or (one.made_at < now - LONGEST_DELIVERY and not one.waited)
    ]
    return late + [
        Finding(Promise.TOLD, one.about, f"confirmation/{one.about}", one.due_at)
        for one in confirmations
        if one.due_at < now - DELIVERY_GRACE
    ]


def looked_at(letters: Sequence[int]) -> list[Finding]:
    """Somebody has looked at every message that a service gave up on."""
    return [Finding(Promise.LOOKED_AT, str(number), str(number)) for number in letters]


def given_up(
    advisories: Iterable[Advisory], known: Mapping[Speaker, frozenset[str]]
) -> list[Finding]:
    """Whatever the server gave up for a service, that service has decided on or buried."""
    return [
        Finding(Promise.GIVEN_UP, f"{one.service}: {one.stream} {one.sequence}", str(one.number))
        for one in advisories
        if one.causes and known.get(one.service, frozenset()).isdisjoint(one.causes)
    ]


def confirmed(first: Iterable[Finding], second: Iterable[Finding]) -> list[Finding]:
    """What both looks have found, unchanged."""
    before = {(one.promise, one.key) for one in first}
    return [one for one in second if (one.promise, one.key) in before]
