"""A year in a made-up company, as people live it, and what a helpdesk would have noted of it.

Nothing here knows how isolation is measured. People have delays, moods, queues, vacations and
corridors; whoever leaves a carrier alone does so in a manner of their own. What happens is written
as `banso backtest` reads it.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.calendar import CLOSES, DATE_S, DAY_S, HOUR_S, OPENS, WORKDAYS
from tests.simulation.people import (
    FIELD,
    Carrier,
    Colleague,
    Company,
    Neglect,
    Span,
    back_s,
    draw_company,
)
from tests.simulation.scenario import Manner, Scenario

MINUTE_S: Final = 60.0
REMINDED_AFTER_S: Final = (DAY_S, 2 * DAY_S, 3 * DAY_S, 5 * DAY_S)
"""After each of these without a word the system reminds; after the third it tells the head."""
QUEUE: Final = 10
"""From so many requests on that somebody deals with, each takes longer."""
MOST_PUSHES: Final = 4
MORE_AT_ONCE: Final = 0.2
HARD: Final = 0.1
HARDER: Final = 4.0
"""Some problems take weeks, whoever brings them in."""
REDELIVERED: Final = 0.01

Event = dict[str, Any]


@dataclass(slots=True, eq=False)
class Case:
    """A request, as those concerned know it."""

    id: str
    carrier: Carrier
    team: int
    owner: Colleague
    severity: int
    hardness: float
    """By how much longer each step takes."""
    turn: int = 0
    """Goes up whenever somebody changes their mind; what was planned before is not done."""
    is_open: bool = True
    is_dealt_with: bool = False
    manner: Manner | None = None
    forgotten: bool = False
    pushes: int = 0
    replies: int = 0
    reminders: int = 0
    heard_s: float = 0.0
    """When the carrier heard anything from a human last, be it in a corridor."""


@dataclass(frozen=True, slots=True)
class History:
    """What happened, and what nobody wrote down: who was left alone."""

    events: list[Event]
    meta: dict[str, Any]
    company: Company
    ticks_s: tuple[float, ...]
    """On the wall."""

    @property
    def neglects(self) -> list[Neglect]:
        return self.company.neglects


def simulate(scenario: Scenario, seed: int, working_days: int) -> History:
    """The same scenario, seed and length always make the same history."""
    chance = random.Random(f"{scenario.name} {seed} {working_days}")
    return World(scenario, draw_company(scenario, chance, working_days), chance).live()


@dataclass(slots=True)
class World:
    scenario: Scenario
    company: Company
    chance: random.Random
    now_s: float = 0.0
    """In working seconds, as everything here."""
    _raised: int = 0
    _open: dict[str, list[Case]] = field(default_factory=lambda: defaultdict(list))
    """Of each carrier."""
    _plans: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = field(
        default_factory=list
    )
    _planned: int = 0
    _events: list[Event] = field(default_factory=list)

    def live(self) -> History:
        for person in self._everybody():
            self._note_absences(person.id, person.away)
        for carrier in self.company.carriers:
            self._plan(carrier.begins_s, self._joins, carrier)
            if carrier.neglect:
                self._plan(carrier.neglect.begins_s, self._turned_away, carrier.neglect, carrier)
                self._plan(carrier.neglect.ends_s, self._reconciled, carrier)
        for colleagues in self.company.colleagues:
            for colleague in colleagues:
                for away in colleague.away:
                    self._plan(away[0], self._leaves, colleague, away)
        ticks_s = self._plan_ticks()
        while self._plans and self._plans[0][0] < self.company.length_s:
            self.now_s, _, act, of = heapq.heappop(self._plans)
            act(*of)
        return History(self._events, self._meta(), self.company, ticks_s)

    # Plans

    def _plan(self, at_s: float, act: Callable[..., None], *of: Any) -> None:
        self._planned += 1
        heapq.heappush(self._plans, (at_s, self._planned, act, of))

    def _plan_turn(self, case: Case, after_s: float, act: Callable[[Case], None]) -> None:
        """The owner does it then, or when they are back, unless somebody changes their mind."""
        at_s = self.now_s + after_s
        returns_s = back_s(case.owner.away, at_s)
        if returns_s is not None:
            at_s = returns_s + self.chance.expovariate(1 / (3 * HOUR_S))
        self._plan(at_s, self._turn, case, case.turn, act)

    def _turn(self, case: Case, turn: int, act: Callable[[Case], None]) -> None:
        if case.is_open and case.turn == turn:
            act(case)

    # What is written down

    def _say(
        self, kind: str, case: Case | None = None, person: str = "", *, dept: str = ""
    ) -> None:
        event: Event = {"t": round(self.company.calendar.wall_s(self.now_s), 3), "kind": kind}
        if case:
            event |= {"issue": case.id, "raiser": case.carrier.id, "owner": case.owner.id}
            event |= {"dept": case.owner.team, "severity": case.severity}
        if person:
            event["person"] = person
        if dept:
            event["dept"] = dept
        event["id"] = f"e{len(self._events)}"
        self._events.append(event)
        if self.chance.random() < REDELIVERED:
            self._events.append(dict(event))

    def _note_absences(self, person: str, away: tuple[Span, ...]) -> None:
        for begins_s, ends_s in away:
            self._plan(begins_s, self._say, "absence_started", None, person)
            self._plan(ends_s, self._say, "absence_ended", None, person)

    def _plan_ticks(self) -> tuple[float, ...]:
        """Every working day a minute before it ends."""
        at = [(day + 1) * DAY_S - MINUTE_S for day in range(int(self.company.length_s / DAY_S))]
        for at_s in at:
            self._plan(at_s, self._say, "tick")
        return tuple(round(self.company.calendar.wall_s(at_s), 3) for at_s in at)

    def _meta(self) -> dict[str, Any]:
        people: dict[str, dict[str, str]] = {
            carrier.id: {"dept": FIELD, "role": "carrier"} for carrier in self.company.carriers
        }
        for colleagues in self.company.colleagues:
            people |= {one.id: {"dept": one.team, "role": "owner"} for one in colleagues}
        people |= {one.id: {"dept": one.team, "role": "manager"} for one in self.company.heads}
        calendar = self.company.calendar
        return {
            "people": people,
            "holidays": list(calendar.holidays),
            "workdays": list(WORKDAYS),
            "work_start_hour": OPENS,
            "work_end_hour": CLOSES,
            "horizon": (calendar.days[int(self.company.length_s / DAY_S) - 1] + 1) * DATE_S,
        }

    def _everybody(self) -> Iterator[Carrier | Colleague]:
        yield from self.company.carriers
        for colleagues in self.company.colleagues:
            yield from colleagues
        yield from self.company.heads

    # Carriers

    def _joins(self, carrier: Carrier) -> None:
        self._say("person_joined", None, carrier.id, dept=FIELD)
        self._plan_request(carrier)

    def _plan_request(self, carrier: Carrier) -> None:
        wait_s = self.chance.expovariate(carrier.requests_a_day * (1 - MORE_AT_ONCE) / DAY_S)
        self._plan(self.now_s + wait_s, self._asks, carrier)

    def _asks(self, carrier: Carrier) -> None:
        self._plan_request(carrier)
        if back_s(carrier.away, self.now_s) is not None or self._has_given_up_asking(carrier):
            return
        self._raise_one(carrier)
        # One customer's trouble is often trouble in several places.
        while self.chance.random() < MORE_AT_ONCE:
            self._raise_one(carrier)

    def _raise_one(self, carrier: Carrier) -> None:
        draw = self.chance.random()
        team = next(place for place, upto in enumerate(carrier.asks) if draw <= upto)
        severity = self.chance.choices((0, 1, 2, 3), (20, 45, 25, 10))[0]
        owner = self._choose(team)
        hard = HARDER if self.chance.random() < HARD else 1.0
        case = Case(f"i{self._raised}", carrier, team, owner, severity, hard, heard_s=self.now_s)
        self._raised += 1
        self._open[carrier.id].append(case)
        self._say("issue_raised", case, carrier.id)
        self._events[-1].pop("owner")
        self._say("owner_assigned", case)
        self._plan(self.now_s + REMINDED_AFTER_S[0], self._reminds, case)
        self._take_up(case)

    def _has_given_up_asking(self, carrier: Carrier) -> bool:
        """Whoever is left alone for long asks less."""
        neglect = carrier.neglect
        is_long = neglect and neglect.begins_s + 15 * DAY_S < self.now_s < neglect.ends_s
        return bool(is_long) and self.chance.random() < 0.2

    def _choose(self, team: int, but: Colleague | None = None) -> Colleague:
        """Mostly whoever has least to do, sometimes whoever comes to mind."""
        there = [
            one
            for one in self.company.colleagues[team]
            if one is not but and back_s(one.away, self.now_s) is None
        ] or [one for one in self.company.colleagues[team] if one is not but]
        if self.chance.random() < 0.3:
            return self.chance.choice(there)
        return min(there, key=lambda one: (one.dealing_with, self.chance.random()))

    def _turned_away(self, neglect: Neglect, carrier: Carrier) -> None:
        """What is under way is dropped as well, unless it takes time until somebody is alone."""
        for case in self._open[carrier.id]:
            if self.chance.random() < neglect.strength_at(self.now_s, case.owner.team):
                self._leave_alone(case)

    def _reconciled(self, carrier: Carrier) -> None:
        """Most of what lies about is taken up within some days."""
        for case in self._open[carrier.id]:
            if case.manner and self.chance.random() < 0.8:
                case.turn += 1
                self._plan_turn(case, self.chance.expovariate(1 / (2 * DAY_S)), self._attend)

    def _close(self, case: Case) -> None:
        case.is_open = False
        self._open[case.carrier.id].remove(case)

    # Those who are asked

    def _take_up(self, case: Case) -> None:
        """Whoever got the request makes up their mind about it."""
        self._drop(case)
        neglect = case.carrier.neglect
        if neglect and self.chance.random() < neglect.strength_at(self.now_s, case.owner.team):
            self._leave_alone(case)
        elif self.chance.random() < self._forgetful(case):
            case.forgotten = True
        else:
            self._attend(case)

    def _drop(self, case: Case) -> None:
        case.turn += 1
        case.owner.dealing_with -= case.is_dealt_with
        case.is_dealt_with = case.forgotten = False
        case.manner = None

    def _forgetful(self, case: Case) -> float:
        return case.owner.forgets * self.company.forgets(case.team, self.now_s)

    def _attend(self, case: Case) -> None:
        self._drop(case)
        case.is_dealt_with = True
        case.owner.dealing_with += 1
        self._plan_turn(
            case, self._delay_s(case, self.company.first_s[case.team], 0.9), self._first
        )

    def _leave_alone(self, case: Case) -> None:
        self._drop(case)
        manners = self.scenario.manners
        case.manner = self.chance.choices(list(manners), list(manners.values()))[0]
        usual_s = self._delay_s(case, self.company.first_s[case.team], 0.9)
        match case.manner:
            case Manner.SILENCE:
                self._plan(
                    self.now_s + self.chance.uniform(15, 40) * DAY_S,
                    self._gives_up,
                    case,
                    case.turn,
                )
            case Manner.SLOW:
                self._plan_turn(case, usual_s * self.chance.uniform(6, 15), self._first)
            case Manner.ACKNOWLEDGED:
                self._plan_turn(case, usual_s, self._acknowledges)
            case Manner.CANNED:
                self._plan_turn(case, usual_s / 2, self._comments)
            case Manner.PUSHED:
                self._plan_turn(case, usual_s, self._pushes)
            case Manner.CURT:
                self._plan_turn(case, usual_s, self._resolves)

    def _delay_s(self, case: Case, median_s: float, spread: float) -> float:
        queue = 1 + max(0, case.owner.dealing_with - QUEUE) / QUEUE
        urgency = (1.25, 1.0, 0.8, 0.5)[case.severity]
        factor = queue * urgency * case.owner.pace * case.carrier.remoteness
        factor *= self.company.strain(case.team, self.now_s)
        return median_s * factor * math.exp(self.chance.gauss(0, spread))

    # What they do

    def _first(self, case: Case) -> None:
        draw = self.chance.random()
        if draw < self.scenario.declines:
            self._pushes(case)
        elif draw < self.scenario.declines + self.scenario.hand_overs:
            self._hands_over(case, case.owner, case.team)
        elif draw < 0.65:
            self._acknowledges(case)
            self._plan_next(case)
        else:
            self._answers(case)

    def _plan_next(self, case: Case) -> None:
        after_s = case.hardness * self._delay_s(case, self.company.next_s[case.team], 0.9)
        is_last = self.chance.random() < 0.45
        self._plan_turn(case, after_s, self._resolves if is_last else self._answers)

    def _acknowledges(self, case: Case) -> None:
        case.heard_s = self.now_s
        self._say("acked", case, case.owner.id)

    def _answers(self, case: Case) -> None:
        """In writing, or where they meet; then it may or may not be noted."""
        case.heard_s = self.now_s
        if self.chance.random() >= case.carrier.unlogged:
            self._comments(case)
        elif self.chance.random() < 0.3:
            noted_s = self.now_s + self.chance.expovariate(1 / (4 * HOUR_S))
            self._plan(noted_s, self._is_noted, case, case.owner)
        self._plan_next(case)

    def _is_noted(self, case: Case, helper: Colleague) -> None:
        """The carrier says who has told them."""
        if case.is_open:
            self._say("commented", case, helper.id)

    def _comments(self, case: Case) -> None:
        case.heard_s = self.now_s
        case.replies += 1
        self._say("commented", case, case.owner.id)
        if self.chance.random() < 0.3:
            self._plan(
                self.now_s + self.chance.expovariate(1 / (4 * HOUR_S)), self._carrier_comments, case
            )

    def _carrier_comments(self, case: Case) -> None:
        if case.is_open and back_s(case.carrier.away, self.now_s) is None:
            self._say("commented", case, case.carrier.id)

    def _pushes(self, case: Case) -> None:
        """Not mine: to another team, or to a colleague."""
        case.pushes += 1
        if case.pushes > MOST_PUSHES:
            self._drop(case)
            case.forgotten = True
            return
        others = [place for place in range(len(self.company.teams)) if place != case.team]
        team = self.chance.choice(others)
        if self.chance.random() < 0.4:
            self._hands_over(case, case.owner, team)
            return
        helper = case.owner
        self._becomes(case, team)
        self._say("declined", case, helper.id)
        self._take_up(case)

    def _hands_over(self, case: Case, by: Colleague, team: int) -> None:
        self._becomes(case, team)
        self._say("reassigned", case, by.id)
        self._take_up(case)

    def _becomes(self, case: Case, team: int) -> None:
        self._drop(case)
        case.heard_s = self.now_s
        case.owner, case.team = self._choose(team, case.owner), team

    def _resolves(self, case: Case) -> None:
        was_curt = case.manner is Manner.CURT
        self._drop(case)
        case.heard_s = self.now_s
        self._close(case)
        self._say("resolved", case, case.owner.id)
        if self.chance.random() < (0.7 if was_curt else 0.05):
            self._plan(self.now_s + self.chance.uniform(0.3, 2) * DAY_S, self._reopens, case)

    def _reopens(self, case: Case) -> None:
        case.is_open = True
        case.reminders = 0
        case.heard_s = self.now_s
        self._open[case.carrier.id].append(case)
        self._say("reopened", case, case.carrier.id)
        self._plan(self.now_s + REMINDED_AFTER_S[0], self._reminds, case)
        self._take_up(case)

    def _gives_up(self, case: Case, turn: int) -> None:
        """The carrier does without, now and then."""
        if case.is_open and case.turn == turn and self.chance.random() < 0.5:
            self._close(case)
            self._say("resolved", case, case.carrier.id)

    # What happens when nothing happens

    def _reminds(self, case: Case) -> None:
        """The system asks the owner, in its own name."""
        if not case.is_open:
            return
        patience_s = REMINDED_AFTER_S[min(case.reminders, len(REMINDED_AFTER_S) - 1)]
        silent_s = self.now_s - case.heard_s
        if silent_s + 1 < patience_s or back_s(case.owner.away, self.now_s) is not None:
            self._plan(self.now_s + max(HOUR_S, patience_s - silent_s), self._reminds, case)
            return
        case.reminders += 1
        self._say("reminder_sent", case)
        if self.chance.random() < 0.2:
            self._plan(self.now_s + HOUR_S, self._carrier_comments, case)
        if case.reminders == 3:
            self._escalates(case)
        else:
            self._is_reminded(case)
        if case.reminders < 8:
            after_s = REMINDED_AFTER_S[min(case.reminders, len(REMINDED_AFTER_S) - 1)]
            self._plan(self.now_s + after_s, self._reminds, case)

    def _is_reminded(self, case: Case) -> None:
        draw = self.chance.random()
        if case.forgotten and not case.manner and draw < 0.6:
            self._attend(case)
        elif case.manner is Manner.CANNED and draw < 0.3:
            self._plan_turn(case, self.chance.uniform(0.5, 6) * HOUR_S, self._comments)
        elif case.manner and draw < 0.05:
            self._attend(case)

    def _escalates(self, case: Case) -> None:
        """The head looks into it, unless they leave the carrier alone like all the others."""
        self._say("escalated", case)
        neglect, head = case.carrier.neglect, self.company.heads[case.team]
        cold = neglect.strength_at(self.now_s, head.team) if neglect else 0.0
        is_away = back_s(head.away, self.now_s) is not None
        if is_away or self.chance.random() < cold or self.chance.random() < 0.3:
            return
        self._hands_over(case, head, case.team)

    def _leaves(self, colleague: Colleague, away: Span) -> None:
        """Some hand on what they have; the work of others waits for them."""
        if self.chance.random() < 0.5 or away[1] - away[0] < 3 * DAY_S:
            return
        for case in [one for cases in self._open.values() for one in cases]:
            if case.owner is colleague and case.is_dealt_with:
                self._drop(case)
                case.owner = self._choose(case.team, colleague)
                self._say("owner_assigned", case)
                self._attend(case)
