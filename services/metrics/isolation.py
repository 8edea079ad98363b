"""Whether the company still answers each carrier, as it answers others: METRICS, *Isolation*.

A pure fold over facts in their order. Each carrier has one log-odds, which waiting and refusals
raise and answers lower; nothing that carriers do themselves moves it.

All spans are working time. Between facts nothing is computed: what a carrier has waited since is
charged when their next fact comes, when a night passes, or where a figure is read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from math import exp, log
from typing import Any, Final

from services.metrics.facts import Fact, Kind
from services.metrics.normal import Normal, Stage
from services.metrics.traces import HALF_LIFE_NIGHTS, STEP, Traces
from services.metrics.waits import Request
from services.metrics.worked import Worked
from shared.contracts.metrics import Evidence, Move

PRIOR: Final = 0.05
LEAST: Final = 0.0005
MOST: Final = 0.9995
NIGHTLY: Final = exp(-1 / 40)
"""What is left after a night of the distance to the prior."""
REMEMBERED_NIGHTS: Final = 2 * HALF_LIFE_NIGHTS
"""How long an issue that is over is still known."""

REACTIONS: Final = {
    Kind.ACKNOWLEDGED: Move.ACKNOWLEDGED,
    Kind.DECLINED: Move.DECLINED,
    Kind.REASSIGNED: Move.HANDED_ON,
    Kind.COMMENTED: Move.ANSWERED,
    Kind.RESOLVED: Move.ANSWERED,
}
"""What ends a wait, where a human other than the carrier does it."""
LIMITED: Final = frozenset({Kind.ACKNOWLEDGED, Kind.COMMENTED, Kind.RESOLVED})
"""Of these not all count."""
PLACING: Final = frozenset({Kind.RAISED, Kind.ASSIGNED, Kind.REASSIGNED, Kind.REOPENED})
"""These name the team that has it, even where they name no owner."""
ENDING: Final = frozenset({Kind.RESOLVED, Kind.CLOSED, Kind.MERGED})
MOVING_NOTHING: Final = frozenset({Kind.TICK, Kind.COMPANION_ASSIGNED, Kind.COMPANION_RELEASED})
"""A companion's appointment is no answer; what they say is."""
LETTING_GO: Final = frozenset({Kind.DECLINED, Kind.REASSIGNED})
"""Without an owner these leave none."""


def log_odds(score: float) -> float:
    return log(score / (1 - score))


def score_of(log_odds: float) -> float:
    return min(max(1 / (1 + exp(-log_odds)), LEAST), MOST)


LOWEST: Final = log_odds(LEAST)
HIGHEST: Final = log_odds(MOST)


class OutOfOrder(Exception):
    """A fact is older than what has been folded already."""


@dataclass(slots=True)
class Carrier:
    """Somebody whom the company owes answers."""

    log_odds: float = log_odds(PRIOR)
    settled_at_s: float = 0.0
    """Until when waiting has been charged."""
    has_raised: bool = False
    open: dict[str, Request] = field(default_factory=dict)
    over: dict[str, Request] = field(default_factory=dict)
    traces: Traces = field(default_factory=Traces)

    def move(self, by: float) -> None:
        self.log_odds = min(max(self.log_odds + by, LOWEST), HIGHEST)


@dataclass(slots=True)
class Flow:
    """What carriers asked of a team, and what came of it, since the beginning."""

    requests: int = 0
    """Raised and reopened."""
    answers: int = 0
    """Words and resolutions that counted."""
    acknowledged: int = 0
    """That counted."""
    declined: int = 0
    handed_on: int = 0
    expected: float = 0.0
    """Normal waits that were charged: where the team answers as usual, an answer for each."""

    def note(self, move: Move) -> None:
        self.answers += move is Move.ANSWERED
        self.acknowledged += move is Move.ACKNOWLEDGED
        self.declined += move is Move.DECLINED
        self.handed_on += move is Move.HANDED_ON


@dataclass(frozen=True, slots=True)
class Wait:
    """The wait of a carrier for the next reaction to one issue."""

    issue: str
    carrier: str
    team: str
    owner: str
    stage: Stage
    waited_s: float
    """Without pauses."""
    ratio: float
    """In normal waits."""
    is_running: bool
    """Or else it is paused."""


class Isolation:
    """The score of every carrier: incremental, and the same wherever it is interrupted.

    Facts come in the order of their time; of the same moment, in that of issue, version and id.
    A fact that comes twice on one day changes nothing the second time.
    """

    def __init__(self, worked: Worked, by_team: Mapping[str, Worked] | None = None) -> None:
        """`worked` is the calendar of the nightly grid, and of all teams that have none of their
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
        """Facts of an unknown issue that name no carrier; they move nothing."""

    # What is read. Nothing here changes anything.

    @property
    def at_s(self) -> float | None:
        """Until when everything is folded; None before the first fact."""
        return self._at_s

    @property
    def night(self) -> int:
        """How many nights of the grid have passed."""
        return self._night

    def people(self) -> tuple[str, ...]:
        """Everybody who has raised something, or has joined."""
        return tuple(self._carriers)

    def score(self, person: str, at_s: float | None = None) -> float | None:
        """How much the company leaves this person alone, 0.0005 to 0.9995; None, which means *no
        data*, before their first request."""
        carrier = self._carriers.get(person)
        if carrier is None or not carrier.has_raised:
            return None
        moved = carrier.log_odds
        for request, span_s in self._waiting(carrier, at_s):
            moved += STEP[Move.WAITING] * request.charge_for(span_s)
        return score_of(moved)

    def why(self, person: str, at_s: float | None = None) -> tuple[Evidence, ...]:
        """What moved the figure lately, the heaviest first."""
        carrier = self._carriers.get(person)
        if carrier is None:
            return ()
        late, asked = self._late(carrier, at_s)
        found = [
            Evidence(
                move=move,
                team_id=team or None,
                count=late.get(team, 0)
                if move is Move.WAITING
                else carrier.traces.count(move, team, self._night),
                of=asked.get(team, 0) if move is Move.WAITING else None,
                weight=weight,
            )
            for (move, team), weight in self._weights(carrier, at_s).items()
        ]
        heaviest = sorted(found, key=lambda one: (-abs(one.weight), one.move, one.team_id or ""))
        return tuple(one for one in heaviest if one.count)

    def evidence(self, person: str, at_s: float | None = None) -> float:
        """How much is known: normal waits, and reactions that counted, faded; under 2 is little."""
        carrier = self._carriers.get(person)
        if carrier is None:
            return 0.0
        weights = self._weights(carrier, at_s)
        return sum(weight / STEP[move] for (move, _), weight in weights.items())

    def silent_teams(self, person: str, at_s: float | None = None) -> tuple[str, ...]:
        """Teams that give this person fewer than half of the answers that one would normally get,
        the heaviest first."""
        carrier = self._carriers.get(person)
        if carrier is None:
            return ()
        late, _ = self._late(carrier, at_s)
        net: dict[str, float] = {}
        for (_, team), weight in self._weights(carrier, at_s).items():
            net[team] = net.get(team, 0.0) + weight
        silent = [team for team in net if team and net[team] > 0 and late.get(team)]
        return tuple(sorted(silent, key=lambda team: (-net[team], team)))

    def oldest_wait(self, person: str, at_s: float | None = None) -> float:
        """The longest wait that is running for this person, in normal waits; 0 without any."""
        carrier = self._carriers.get(person)
        if carrier is None:
            return 0.0
        running = self._waiting(carrier, at_s)
        return max(((one.waited_s + span_s) / one.tau_s for one, span_s in running), default=0.0)

    def waits(self, at_s: float | None = None) -> Iterator[Wait]:
        """What every carrier waits for, of issues that are open."""
        for carrier in self._carriers.values():
            spans = {id(request): span_s for request, span_s in self._waiting(carrier, at_s)}
            for issue, one in carrier.open.items():
                waited_s = one.waited_s + spans.get(id(one), 0.0)
                yield Wait(
                    issue, one.carrier, one.team, one.owner, one.stage, waited_s,
                    waited_s / one.tau_s, is_running=self._is_owed(one),
                )  # fmt: skip

    def flows(self) -> Mapping[str, Flow]:
        """By team; "" where none was known."""
        return self._flows

    def expected_response_s(self, team: str, stage: Stage) -> float:
        """How long anybody would normally wait for this team."""
        return self._normal.tau_s(team, stage, "", self._night)

    # What is folded.

    def advance(self, at_s: float) -> None:
        """Lets time pass, with each night in it. Raises OutOfOrder."""
        if self._at_s is None:
            self._at_s = at_s
        if at_s < self._at_s:
            raise OutOfOrder
        for night_s in self._worked.nights(self._at_s, at_s):
            self._pass_night(night_s)
        self._at_s = at_s

    def fold(self, fact: Fact) -> None:
        """Takes one fact into account. Raises OutOfOrder."""
        if fact.id in self._today:
            return
        self.advance(fact.at_s)
        if fact.id:
            self._today.add(fact.id)
        if fact.kind is Kind.PERSON_JOINED:
            self._carriers.setdefault(fact.person, Carrier())
        elif fact.kind in (Kind.ABSENCE_STARTED, Kind.ABSENCE_ENDED):
            self._settle_asking(fact.person, fact.at_s)
            is_away = fact.kind is Kind.ABSENCE_STARTED
            (self._away.add if is_away else self._away.discard)(fact.person)
        elif fact.kind not in MOVING_NOTHING:
            self._fold_issue(fact)

    def _fold_issue(self, fact: Fact) -> None:
        request = self._requests.get(fact.issue)
        if request is None:
            request = self._meet(fact)
            if request is None:
                self.unplaced += 1
                return
        carrier = self._carriers[request.carrier]
        self._settle(carrier, fact.at_s)
        if fact.kind is Kind.REOPENED:
            self._reopen(request, carrier, fact)
            return
        reacted = bool(fact.person) and fact.person != request.carrier and fact.kind in REACTIONS
        if reacted:
            self._credit(request, carrier, fact)
        if reacted and request.is_open and request.is_whole:
            self._normal.learn(
                request.team, request.stage, request.carrier, request.waited_s, self._night
            )
        self._place(request, fact)
        if request.is_open:
            self._settle_on(request, carrier, fact, reacted=reacted)

    def _settle_on(self, request: Request, carrier: Carrier, fact: Fact, *, reacted: bool) -> None:
        """What an open request waits for from here on."""
        if fact.kind in ENDING:
            self._end(request, carrier, fact.issue)
            return
        if fact.kind in (Kind.WAITING, Kind.RESUMED):
            request.is_paused = fact.kind is Kind.WAITING
        if reacted:
            request.await_next(self._normal, self._night)
        elif not request.is_measured:
            request.measure(self._normal, self._night)

    def _meet(self, fact: Fact) -> Request | None:
        """A new request; one that was raised before the first fact is open and waits from now."""
        name = fact.raiser or (fact.person if fact.kind is Kind.RAISED else "")
        if not name or not fact.issue:
            return None
        carrier = self._carriers.setdefault(name, Carrier())
        # Before it is there, or it would be charged for the time since their last fact.
        self._settle(carrier, fact.at_s)
        carrier.has_raised = True
        request = Request(name)
        self._keep(fact.issue, request)
        request.start(self._normal, self._night)
        request.is_whole = fact.kind is Kind.RAISED
        return request

    def _credit(self, request: Request, carrier: Carrier, fact: Fact) -> None:
        """What a reaction moves. An answer counts also where it is over already: or else one
        answer could take away another's weight."""
        if fact.kind in LIMITED:
            if not request.counts(fact.person, fact.kind, fact.at_s, self._worked):
                return
        elif not request.is_open:
            return
        move = REACTIONS[fact.kind]
        carrier.move(STEP[move])
        carrier.traces.happened(move, request.team, self._night)
        self._flow(request.team).note(move)

    def _place(self, request: Request, fact: Fact) -> None:
        """Who has it after the fact, also where it is over: it may be reopened."""
        if fact.owner or fact.kind in LETTING_GO:
            del self._owned[request.owner][fact.issue]
            is_taken = fact.kind is not Kind.RAISED and fact.person == request.carrier
            request.take_owner(fact.owner, by_carrier=is_taken)
            self._owned.setdefault(fact.owner, {})[fact.issue] = request
        if fact.team and (fact.owner or fact.kind in PLACING):
            request.team = fact.team
        if request.owner and request.team and not request.is_counted:
            request.is_counted = True
            self._flow(request.team).requests += 1

    def _reopen(self, request: Request, carrier: Carrier, fact: Fact) -> None:
        carrier.over.pop(fact.issue, None)
        carrier.open[fact.issue] = request
        request.is_counted = False
        self._place(request, fact)
        request.start(self._normal, self._night)

    def _end(self, request: Request, carrier: Carrier, issue: str) -> None:
        carrier.over[issue] = carrier.open.pop(issue)
        request.ended_night = self._night
        self._over.append((self._night, issue))

    def _pass_night(self, night_s: float) -> None:
        for carrier in self._carriers.values():
            if carrier.has_raised:
                self._settle(carrier, night_s)
                self._heal(carrier)
        self._night += 1
        self._today.clear()
        while self._over and self._over[0][0] + REMEMBERED_NIGHTS < self._night:
            self._forget(*self._over.popleft())

    def _heal(self, carrier: Carrier) -> None:
        """Towards the prior; downwards only while nobody owes this carrier anything."""
        score = score_of(carrier.log_odds)
        if score < PRIOR or not any(map(self._is_owed, carrier.open.values())):
            carrier.log_odds = log_odds(PRIOR + (score - PRIOR) * NIGHTLY)

    def _forget(self, night: int, issue: str) -> None:
        request = self._requests.get(issue)
        if request is not None and request.ended_night == night:
            del self._requests[issue]
            del self._carriers[request.carrier].over[issue]
            del self._owned[request.owner][issue]

    # What is waited.

    def _is_owed(self, request: Request) -> bool:
        """Whether the wait runs."""
        return not (request.is_paused or request.is_own or request.owner in self._away)

    def _waiting(self, carrier: Carrier, at_s: float | None) -> Iterator[tuple[Request, float]]:
        """The waits that run, and for how long since the carrier was last settled."""
        since_s = carrier.settled_at_s
        until_s = max(since_s, self._at_s or since_s if at_s is None else at_s)
        usual_s = self._worked.between(since_s, until_s)
        if usual_s <= 0 and not self._by_team:
            return
        for request in carrier.open.values():
            if self._is_owed(request):
                own = self._by_team.get(request.team) if self._by_team else None
                yield request, usual_s if own is None else own.between(since_s, until_s)

    def _settle(self, carrier: Carrier, at_s: float) -> None:
        """Charges what has been waited until now."""
        if carrier.open:
            charged: dict[str, float] = {}
            for request, span_s in self._waiting(carrier, at_s):
                charge = request.wait(span_s)
                if charge:
                    charged[request.team] = charged.get(request.team, 0.0) + charge
            for team, normal_waits in charged.items():
                carrier.move(STEP[Move.WAITING] * normal_waits)
                carrier.traces.waited(team, normal_waits, self._night)
                self._flow(team).expected += normal_waits
        carrier.settled_at_s = at_s

    def _settle_asking(self, owner: str, at_s: float) -> None:
        """Settles everybody who waits for this owner."""
        owned = self._owned.get(owner, {}).values()
        for name in {request.carrier for request in owned if request.is_open}:
            self._settle(self._carriers[name], at_s)

    def _weights(self, carrier: Carrier, at_s: float | None) -> dict[tuple[Move, str], float]:
        """What each kind and team has moved, faded."""
        weights = carrier.traces.weights(self._night)
        for request, span_s in self._waiting(carrier, at_s):
            key = (Move.WAITING, request.team)
            charge = STEP[Move.WAITING] * request.charge_for(span_s)
            weights[key] = weights.get(key, 0.0) + charge
        return weights

    def _late(self, carrier: Carrier, at_s: float | None) -> tuple[dict[str, int], dict[str, int]]:
        """By team, of how many issues a wait took longer than normal, and how many there were:
        those that are open or ended in the last 20 working days."""
        spans = {id(request): span_s for request, span_s in self._waiting(carrier, at_s)}
        late: dict[str, int] = {}
        asked: dict[str, int] = {}
        for request in (*carrier.open.values(), *carrier.over.values()):
            ended = request.ended_night
            if ended is None or ended > self._night - HALF_LIFE_NIGHTS:
                is_late = request.is_late_after(spans.get(id(request), 0.0))
                asked[request.team] = asked.get(request.team, 0) + 1
                late[request.team] = late.get(request.team, 0) + is_late
        return late, asked

    def _flow(self, team: str) -> Flow:
        flow = self._flows.get(team)
        if flow is None:
            flow = self._flows[team] = Flow()
        return flow

    # What is kept.

    def state(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "at_s": self._at_s,
            "night": self._night,
            "carriers": [
                [name, one.log_odds, one.settled_at_s, one.has_raised, one.traces.state()]
                for name, one in self._carriers.items()
            ],
            "requests": [[issue, one.state()] for issue, one in self._requests.items()],
            "away": sorted(self._away),
            "normal": self._normal.state(),
            "flows": [[team, asdict(flow)] for team, flow in self._flows.items()],
            "today": sorted(self._today),
            "unplaced": self.unplaced,
        }

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], worked: Worked, by_team: Mapping[str, Worked] | None = None
    ) -> Isolation:
        """What `state` was of."""
        made = cls(worked, by_team)
        made._at_s, made._night = state["at_s"], state["night"]
        made._away, made._today = set(state["away"]), set(state["today"])
        made._normal = Normal.from_state(state["normal"])
        made._flows = {team: Flow(**flow) for team, flow in state["flows"]}
        made.unplaced = state["unplaced"]
        for name, moved, settled_at_s, has_raised, traces in state["carriers"]:
            made._carriers[name] = Carrier(
                moved, settled_at_s, has_raised, traces=Traces.from_state(traces)
            )
        for issue, kept in state["requests"]:
            made._keep(issue, Request.from_state(kept))
        ended = [(one.ended_night, issue) for issue, one in made._requests.items()]
        made._over.extend(sorted((night, issue) for night, issue in ended if night is not None))
        return made

    def _keep(self, issue: str, request: Request) -> None:
        carrier = self._carriers[request.carrier]
        (carrier.open if request.is_open else carrier.over)[issue] = request
        self._requests[issue] = request
        self._owned.setdefault(request.owner, {})[issue] = request
