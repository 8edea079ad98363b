"""What everybody has to do with a companionship as it is now, and which words are theirs to say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from services.intake.store import Alongside, Companionship
from shared.contracts.intake import CompanionWord
from shared.contracts.router import CompanionBecause


class Part(StrEnum):
    """What somebody has to do with it."""

    IS_OFFERED = "is_offered"
    """The carrier, who is asked."""
    WAITS = "waits"
    """The carrier, for whom somebody is looked for."""
    IS_ACCOMPANIED = "is_accompanied"
    """The carrier, alongside whom somebody runs."""
    IS_ASKED = "is_asked"
    """A colleague, who is asked."""
    RUNS = "runs"
    """Whoever runs alongside."""
    MAY_TAKE_OVER = "may_take_over"
    """A colleague who was asked, while the leader does it."""
    WAS_CARRIER = "was_carrier"
    """The carrier, after it has ended."""
    NOTHING = "nothing"
    """A colleague who was asked once, or ran alongside."""


MAY_SAY: Final[Mapping[Part, tuple[CompanionWord, ...]]] = {
    Part.IS_OFFERED: (CompanionWord.YES, CompanionWord.NO),
    Part.WAITS: (CompanionWord.END,),
    Part.IS_ACCOMPANIED: (CompanionWord.HELPS, CompanionWord.HELPS_NOT, CompanionWord.END),
    Part.IS_ASKED: (CompanionWord.YES, CompanionWord.NO),
    Part.RUNS: (CompanionWord.HELPS, CompanionWord.HELPS_NOT, CompanionWord.END),
    Part.MAY_TAKE_OVER: (CompanionWord.YES,),
    Part.WAS_CARRIER: (),
    Part.NOTHING: (),
}
"""The likeliest first."""


def concerns(person_id: str, known: Companionship) -> bool:
    """Whether they have ever had anything to do with it."""
    return person_id in (known.carrier_id, *known.asked_ids)


def part_of(person_id: str, known: Companionship) -> Part:
    """What this person has to do with it as things are."""
    stage = Alongside(known.stage)
    return _of_carrier(stage) if person_id == known.carrier_id else _of_colleague(person_id, known)


def _of_carrier(stage: Alongside) -> Part:
    match stage:
        case Alongside.OFFERED:
            return Part.IS_OFFERED
        case Alongside.SEARCHING:
            return Part.WAITS
        case Alongside.RUNNING:
            return Part.IS_ACCOMPANIED
        case Alongside.OVER:
            return Part.WAS_CARRIER
        case _:
            assert_never(stage)


def _of_colleague(person_id: str, known: Companionship) -> Part:
    is_theirs = person_id == known.companion_id
    if known.stage == Alongside.SEARCHING and is_theirs:
        return Part.IS_ASKED
    if known.stage != Alongside.RUNNING:
        return Part.NOTHING
    if is_theirs:
        return Part.RUNS
    led = known.because == CompanionBecause.LEADER
    return Part.MAY_TAKE_OVER if led and person_id in known.asked_ids else Part.NOTHING
