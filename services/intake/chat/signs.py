"""What a reaction to one of our messages means. Pure."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from shared.contracts.issue import Action, Snapshot, State


class Sign(Enum):
    YES = "yes"
    NO = "no"


_YES = frozenset("✅✔☑👍")
_NO = frozenset("❌✖✘👎")
_VARIANTS = frozenset("\ufe0e\ufe0f🏻🏼🏽🏾🏿")
"""How an emoji looks, and the colour of its skin."""
_OPEN = frozenset({State.ASSIGNED, State.ACKNOWLEDGED})
_SOLVED = frozenset({State.RESOLVED, State.CLOSED})


def sign_of(key: str) -> Sign | None:
    """None for all that is friendly and asks for nothing."""
    plain = "".join(char for char in key.strip() if char not in _VARIANTS)
    if plain in _YES:
        return Sign.YES
    return Sign.NO if plain in _NO else None


def meant(sign: Sign, issue: Snapshot, person_id: str) -> Action | None:
    """What the person wants to be done; None where there is nothing for them to decide."""
    owns = person_id == issue.owner_id
    carries = person_id in (issue.carrier_id, issue.reporter_id)
    match sign:
        case Sign.YES:
            if owns and issue.state is State.ASSIGNED:
                return Action.ACKNOWLEDGE
            return Action.CONFIRM if carries and issue.state is State.RESOLVED else None
        case Sign.NO:
            if owns and issue.state in _OPEN:
                return Action.DECLINE
            return Action.REOPEN if carries and issue.state in _SOLVED else None
        case _ as never:
            assert_never(never)
