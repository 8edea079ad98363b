"""What a carrier waits for: one issue, its running wait, and who has done what about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from services.metrics.facts import Kind
from services.metrics.normal import Normal, Stage
from services.metrics.worked import Worked

MOST_WAITS: Final = 5.0
"""Normal waits that one issue is charged until it is reopened."""
WINDOW_S: Final = 4 * 3600.0
"""Of what one person does about one issue within it only the first counts."""
MOST_COMMENTS: Final = 2
"""Of one person on one issue that count: canned updates buy nothing."""


@dataclass(slots=True)
class Reacted:
    """What one person did about one issue."""

    at_s: float
    """Of the last that counted."""
    comments: int = 0
    """That counted."""


@dataclass(slots=True)
class Request:
    """An issue, as a carrier waits for answers to it."""

    carrier: str
    team: str = ""
    """Of the owner."""
    owner: str = ""
    tau_s: float = 0.0
    """How long this wait would normally take; fixed when it starts."""
    stage: Stage = Stage.FIRST
    waited_s: float = 0.0
    """In this wait."""
    charged: float = 0.0
    """Normal waits, since it was raised or last reopened."""
    is_measured: bool = False
    """tau is that of an owner's team; or else there was no owner yet."""
    is_whole: bool = True
    """The wait was seen from its start, so it can teach how long one lasts."""
    is_paused: bool = False
    """The ball is elsewhere, or it is scheduled."""
    is_own: bool = False
    """The carrier took it over, so nobody else owes an answer."""
    is_counted: bool = False
    """Among the requests of its owner's team."""
    was_late: bool = False
    """One of its waits took longer than normal."""
    ended_night: int | None = None
    reacted: dict[str, Reacted] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.ended_night is None

    def charge_for(self, span_s: float) -> float:
        """Normal waits to be charged for waiting `span_s` longer."""
        return min(span_s / self.tau_s, MOST_WAITS - self.charged)

    def is_late_after(self, span_s: float) -> bool:
        """Whether a wait took longer than normal, if this one lasts `span_s` longer."""
        return self.was_late or self.waited_s + span_s > self.tau_s

    def wait(self, span_s: float) -> float:
        """Waits so much longer, and says how many normal waits are charged for it."""
        charge = self.charge_for(span_s)
        self.waited_s += span_s
        self.charged += charge
        if self.waited_s > self.tau_s:
            self.was_late = True
        return charge

    def measure(self, normal: Normal, night: int) -> None:
        """Says what the running wait is measured with; for good, once there is an owner."""
        self.tau_s = max(
            normal.tau_s(self.team, self.stage, self.carrier, night),
            self.tau_s if self.stage is Stage.NEXT else 0.0,
        )
        self.is_measured = bool(self.team and self.owner)

    def start(self, normal: Normal, night: int) -> None:
        """Waits anew for a first reaction: it has been raised or reopened."""
        self.stage, self.waited_s, self.charged = Stage.FIRST, 0.0, 0.0
        self.is_paused, self.is_own, self.ended_night = False, False, None
        self.measure(normal, night)

    def await_next(self, normal: Normal, night: int) -> None:
        """Waits for the next answer. What was charged already stays, and this wait is never
        shorter than the one before."""
        self.stage, self.waited_s, self.is_whole = Stage.NEXT, 0.0, True
        self.measure(normal, night)

    def take_owner(self, owner: str, *, by_carrier: bool) -> None:
        self.owner = owner
        self.is_own = by_carrier and owner == self.carrier

    def counts(self, person: str, kind: Kind, at_s: float, worked: Worked) -> bool:
        """Whether this answer or acknowledgement counts; notes it, if so."""
        is_comment = kind is Kind.COMMENTED
        before = self.reacted.get(person)
        if before is None:
            self.reacted[person] = Reacted(at_s, int(is_comment))
            return True
        if worked.between(before.at_s, at_s) < WINDOW_S:
            return False
        if is_comment and before.comments >= MOST_COMMENTS:
            return False
        before.at_s = at_s
        before.comments += is_comment
        return True

    def state(self) -> list[Any]:
        """All of it, as JSON can hold it."""
        reacted = [[who, did.at_s, did.comments] for who, did in self.reacted.items()]
        return [
            self.carrier, self.team, self.owner, self.tau_s, self.stage, self.waited_s,
            self.charged, self.is_measured, self.is_whole, self.is_paused, self.is_own,
            self.is_counted, self.was_late, self.ended_night, reacted,
        ]  # fmt: skip

    @classmethod
    def from_state(cls, state: list[Any]) -> Request:
        """What `state` was of."""
        *values, reacted = state
        made = cls(*values)
        made.stage = Stage(made.stage)
        made.reacted = {who: Reacted(at_s, comments) for who, at_s, comments in reacted}
        return made
