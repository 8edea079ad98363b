"""Whether the company still answers each carrier, as it answers others: METRICS, *Isolation*.

A pure fold over facts in their order. Each carrier has one log-odds, which waiting and refusals
raise and answers lower. Nothing that carriers do themselves moves it.

All spans are working time. Between facts nothing is computed: what somebody has waited since the
last one is charged when the next comes, when a night passes, or where a figure is read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from math import exp, log
from typing import Any, Final

from services.metrics.facts import Fact, Kind
from services.metrics.normal import Normal, Stage
from services.metrics.traces import HALF_LIFE_NIGHTS, STEP, Traces
from services.metrics.worked import Worked
from shared.contracts.metrics import Evidence, Move

PRIOR: Final = 0.05
LEAST: Final = 0.0005
MOST: Final = 0.9995
MOST_WAITS: Final = 5.0
"""Normal waits that one issue is charged until it is reopened."""
WINDOW_S: Final = 4 * 3600.0
"""Of the reactions of one person on one issue within it only the first counts."""
MOST_COMMENTS: Final = 2
"""Of one person on one issue that count: canned updates buy nothing."""
NIGHTLY: Final = exp(-1 / 40)
REMEMBERED_NIGHTS: Final = 2 * HALF_LIFE_NIGHTS
"""How long an issue that is over is still known."""


def log_odds(score: float) -> float:
    return log(score / (1 - score))


def score_of(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))


LOWEST: Final = log_odds(LEAST)
HIGHEST: Final = log_odds(MOST)


class OutOfOrder(Exception):
    """A fact is older than what has been folded already."""


@dataclass(slots=True)
class Reacted:
    """What one person has done about one issue, as far as it counted."""

    at_s: float
    comments: int = 0


@dataclass(slots=True)
class Request:
    """An issue, as a carrier waits for answers to it."""

    carrier: str
    team: str
    """Of the owner."""
    owner: str
    tau_s: float
    """How long this wait would normally take; fixed when it starts."""
    stage: Stage = Stage.FIRST
    waited_s: float = 0.0
    """In this wait."""
    charged: float = 0.0
    """Normal waits, since it was raised or last reopened."""
    is_paused: bool = False
    """Nobody owes an answer."""
    is_measured: bool = True
    """tau is the team's; or else no team was known when the wait started."""
    was_late: bool = False
    """One of its waits took longer than normal."""
    ended_night: int | None = None
    reacted: dict[str, Reacted] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.ended_night is None


@dataclass(slots=True)
class Carrier:
    """Somebody whom the company owes answers."""

    log_odds: float = log_odds(PRIOR)
    settled_at_s: float = 0.0
    """Until when waiting has been charged."""
    raised: int = 0
    open: dict[str, Request] = field(default_factory=dict)
    over: dict[str, Request] = field(default_factory=dict)
    traces: Traces = field(default_factory=Traces)


@dataclass(slots=True)
class Flow:
    """What carriers asked of a team, and what came of it, since the beginning."""

    requests: int = 0
    """Raised and reopened."""
    answers: int = 0
    """That counted: words and resolutions."""
    acknowledged: int = 0
    declined: int = 0
    handed_on: int = 0
    expected: float = 0.0
    """Normal waits that were charged. Where all answer as usual there is an answer for each."""


@dataclass(frozen=True, slots=True)
class _Waited:
    """What an open request has waited since its carrier was last settled."""

    request: Request
    span_s: float
    normal_waits: float
    """To be charged."""


class Isolation:
    """The score of every carrier: incremental, and the same wherever it is interrupted.

    Facts come in the order of their time; of the same moment, in that of (issue, version, id).
    A fact that comes again directly, or on the same day, changes nothing.
    """

    def __init__(self, worked: Worked, by_team: Mapping[str, Worked] | None = None) -> None:
        """`worked` is the calendar of the nightly grid and of all teams that have none of their
        own in `by_team`."""
        self._worked = worked
        self._by_team = by_team or {}
        self._at_s: float | None = None
        self._night = 0
        self._carriers: dict[str, Carrier] = {}
        self._requests: dict[str, Request] = {}
        self._owned: dict[str, dict[str, Request]] = {}
        self._away: set[str] = set()
        self._over: deque[tuple[int, str]] = deque()
        self._normal = Normal()
        self._flows: dict[str, Flow] = {}
        self._today: set[str] = set()
        self.unplaced = 0
        """Facts that belong to no known issue and name no carrier."""

    # ---- time

    @property
    def at_s(self) -> float | None:
        """Until when everything is folded; None before the first fact."""
        return self._at_s

    @property
    def night(self) -> int:
        """How many nights of the grid have passed."""
        return self._night

    def advance(self, at_s: float) -> None:
        """Lets time pass, with each night in it. Raises OutOfOrder."""
        if self._at_s is None:
            self._at_s = at_s
        if at_s < self._at_s:
            raise OutOfOrder
        for night_s in self._worked.nights(self._at_s, at_s):
            self._pass_night(night_s)
        self._at_s = at_s

    # ---- figures

    def people(self) -> tuple[str, ...]:
        """Everybody who has raised something, or is known to be about to."""
        return tuple(self._carriers)

    def score(self, person: str, at_s: float | None = None) -> float | None:
        """How much the company leaves this person alone, 0.0005 to 0.9995; None, which is *no
        data*, before their first request."""
        raise NotImplementedError

    def why(self, person: str, at_s: float | None = None) -> tuple[Evidence, ...]:
        """What moved the figure, the heaviest first."""
        raise NotImplementedError

    def evidence(self, person: str, at_s: float | None = None) -> float:
        """How much is known: normal waits and reactions that counted, faded; little under 2."""
        raise NotImplementedError

    def silent_teams(self, person: str, at_s: float | None = None) -> tuple[str, ...]:
        """Teams that gave this person fewer than half of the answers one would normally get, the
        heaviest first."""
        raise NotImplementedError

    def oldest_wait(self, person: str, at_s: float | None = None) -> float:
        """The longest wait of this person that is running, in normal waits; 0 without any."""
        raise NotImplementedError

    def flows(self) -> Mapping[str, Flow]:
        """By team; "" where no team was known."""
        return self._flows

    def expected_response_s(self, team: str, stage: Stage) -> float:
        """How long anybody would normally wait for this team."""
        return self._normal.expected_s(team, stage, self._night)

    # ---- facts

    def fold(self, fact: Fact) -> None:
        """Takes one fact into account. Raises OutOfOrder."""
        raise NotImplementedError

    # ---- snapshots

    def state(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        raise NotImplementedError

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], worked: Worked, by_team: Mapping[str, Worked] | None = None
    ) -> Isolation:
        """What `state` was of."""
        raise NotImplementedError

    def _pass_night(self, night_s: float) -> None:
        raise NotImplementedError
