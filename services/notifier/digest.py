"""What somebody is told in one go for a day or a week: what waits for them, what moved, and what
they brought in that got solved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.issue import State, Step
from shared.contracts.notifier import DigestItem, DigestMade

MOST_OF_A_KIND = 20
"""So many of each stand in a summary; the others are counted, and are in the inbox."""
MOST_ACCOMPANIED = 5
"""Companions have three carriers at most; only a leader who stands in may have more."""

_OF_THE_OWNER = frozenset({Step.ACKNOWLEDGE, Step.ANSWER, Step.RESOLVE})
_OF_THE_CARRIER = frozenset({Step.CONFIRM, Step.WAIT})
_OVER = frozenset({State.RESOLVED, State.CLOSED})
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Followed:
    """An issue as it stands, for somebody whom it concerns."""

    item: DigestItem
    carrier_id: str
    reporter_id: str
    changed_at: datetime | None
    """When somebody else than those who wait for it last moved it."""
    solved_at: datetime | None


def make(
    person_id: str,
    followed: Iterable[Followed],
    *,
    since: datetime,
    until: datetime,
    daily: bool,
    summed: int,
    accompanies: Sequence[str] = (),
) -> DigestMade | None:
    """Each issue once; None where there is nothing at all to say, for alongside whom somebody runs
    they know without a summary."""
    waits, solved, moved = [], [], []
    for one in followed:
        if waits_for(one, person_id):
            waits.append(one)
        elif person_id not in (one.carrier_id, one.reporter_id):
            continue
        elif one.item.state in _OVER and one.solved_at is not None and one.solved_at > since:
            solved.append(one)
        elif one.changed_at is not None and one.changed_at > since:
            moved.append(one)
    if not (waits or moved or solved or summed):
        return None
    waits.sort(key=lambda one: one.item.next_step_at or _NEVER)
    for some in (moved, solved):
        some.sort(key=lambda one: one.changed_at or since, reverse=True)
    kinds = (waits, moved, solved)
    return DigestMade(
        occurred_at=until,
        person_id=person_id,
        since=since,
        until=until,
        daily=daily,
        waits=_first(waits),
        moved=_first(moved),
        solved=_first(solved),
        left_out=sum(max(0, len(some) - MOST_OF_A_KIND) for some in kinds),
        summed=summed,
        accompanies=tuple(accompanies)[:MOST_ACCOMPANIED],
    )


def waits_for(one: Followed, person_id: str) -> bool:
    """Whether its next step is this person's."""
    step = one.item.next_step
    return (step in _OF_THE_OWNER and one.item.owner_id == person_id) or (
        step in _OF_THE_CARRIER and one.carrier_id == person_id
    )


def _first(some: list[Followed]) -> tuple[DigestItem, ...]:
    return tuple(one.item for one in some[:MOST_OF_A_KIND])
