"""A second reading of the definition of isolation, written without looking at the first.

Everything of a carrier is charged before each event, every night goes over everybody, and nothing
is clever. It knows only what a simulated company does: no pauses but absences, no merging.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import exp, log
from typing import Final

import numpy as np

from tests.simulation.calendar import DAY_S, HOUR_S
from tests.simulation.naive import Table
from tests.simulation.world import Event, History

PRIOR: Final = 0.05
LOWEST, HIGHEST = log(0.0005 / 0.9995), log(0.9995 / 0.0005)
PROMISED_S: Final = (1 * DAY_S, 2 * DAY_S)
WORTH: Final = {
    "acked": -0.55,
    "commented": -1.10,
    "resolved": -1.10,
    "declined": 0.70,
    "reassigned": 0.20,
}


@dataclass(slots=True)
class _Issue:
    carrier: str
    team: str
    owner: str
    tau_s: float
    at_s: float
    stage: int = 0
    waited_s: float = 0.0
    charged: float = 0.0
    counted_s: dict[str, float] = field(default_factory=dict)
    comments: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class _Reading:
    def __init__(self, history: History) -> None:
        self._worked_s = history.company.calendar.worked_s
        self._people = history.meta["people"]
        self._log_odds: dict[str, float] = {}
        self._issues: dict[str, _Issue] = {}
        self._open: dict[str, dict[str, _Issue]] = defaultdict(dict)
        self._away: set[str] = set()
        self._night = 0
        self._taught: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])

    def hear(self, event: Event) -> None:
        now_s = self._worked_s(event["t"])
        self._pass_nights(now_s)
        kind, person = event["kind"], event.get("person", "")
        if kind in ("absence_started", "absence_ended"):
            self._charge_everybody(now_s)
            (self._away.add if kind == "absence_started" else self._away.discard)(person)
        elif "issue" in event:
            self._log_odds.setdefault(event["raiser"], log(PRIOR / (1 - PRIOR)))
            self._charge(event["raiser"], now_s)
            self._hear_of_issue(event, kind, person, now_s)

    def score(self, carrier: str, wall_s: float) -> float:
        now_s = self._worked_s(wall_s)
        self._pass_nights(now_s)
        if carrier not in self._log_odds:
            return PRIOR
        self._charge(carrier, now_s)
        return 1 / (1 + exp(-self._log_odds[carrier]))

    def _hear_of_issue(self, event: Event, kind: str, person: str, now_s: float) -> None:
        name, carrier = event["issue"], event["raiser"]
        if kind == "issue_raised":
            team = event["dept"]
            issue = _Issue(carrier, team, "", self._tau_s(team, 0, carrier), now_s)
            self._issues[name] = self._open[carrier][name] = issue
            return
        issue = self._issues[name]
        was_of = issue.team
        issue.owner = event["owner"]
        issue.team = self._people[issue.owner]["dept"]
        if kind == "reopened":
            issue.stage, issue.at_s, issue.waited_s, issue.charged = 0, now_s, 0.0, 0.0
            issue.tau_s = self._tau_s(issue.team, 0, carrier)
            self._open[carrier][name] = issue
        elif name in self._open[carrier] and kind in WORTH:
            if person != carrier:
                self._react(issue, kind, person, was_of, now_s)
            if kind == "resolved":
                del self._open[carrier][name]

    def _react(self, issue: _Issue, kind: str, person: str, team: str, now_s: float) -> None:
        if kind in ("declined", "reassigned") or self._counts(issue, kind, person, now_s):
            self._move(issue.carrier, WORTH[kind])
        weight = 2.0 ** (self._night / 40)
        for key in ((team, str(issue.stage)), (team, str(issue.stage), issue.carrier)):
            self._taught[key][0] += min(issue.waited_s, 5 * DAY_S) * weight
            self._taught[key][1] += weight
        issue.waited_s, issue.stage = 0.0, 1
        issue.tau_s = max(issue.tau_s, self._tau_s(issue.team, 1, issue.carrier))

    def _counts(self, issue: _Issue, kind: str, person: str, now_s: float) -> bool:
        before_s = issue.counted_s.get(person)
        if before_s is not None and now_s - before_s < 4 * HOUR_S:
            return False
        if kind == "commented" and issue.comments[person] == 2:
            return False
        issue.counted_s[person] = now_s
        issue.comments[person] += kind == "commented"
        return True

    def _tau_s(self, team: str, stage: int, carrier: str) -> float:
        first_s = self._mean_s(team, 0, carrier)
        return max(first_s, self._mean_s(team, 1, carrier)) if stage else first_s

    def _mean_s(self, team: str, stage: int, carrier: str) -> float:
        all_s, all_ = self._taught[team, str(stage)]
        own_s, own = self._taught[team, str(stage), carrier]
        fades = 0.5 ** (self._night / 40)
        return (20 * PROMISED_S[stage] + (all_s - own_s) * fades) / (20 + (all_ - own) * fades)

    def _move(self, carrier: str, by: float) -> None:
        self._log_odds[carrier] = min(HIGHEST, max(LOWEST, self._log_odds[carrier] + by))

    def _charge(self, carrier: str, now_s: float) -> None:
        for issue in self._open[carrier].values():
            span_s, issue.at_s = now_s - issue.at_s, now_s
            if issue.owner in self._away:
                continue
            issue.waited_s += span_s
            waits = min(span_s / issue.tau_s, 5 - issue.charged)
            issue.charged += waits
            self._move(carrier, 0.55 * waits)

    def _charge_everybody(self, now_s: float) -> None:
        for carrier in self._log_odds:
            self._charge(carrier, now_s)

    def _pass_nights(self, now_s: float) -> None:
        while self._night < int(now_s / DAY_S):
            self._charge_everybody((self._night + 1) * DAY_S)
            self._night += 1
            for carrier in self._log_odds:
                self._heal(carrier)

    def _heal(self, carrier: str) -> None:
        score = 1 / (1 + exp(-self._log_odds[carrier]))
        waits = any(issue.owner not in self._away for issue in self._open[carrier].values())
        if score < PRIOR or not waits:
            score = PRIOR + (score - PRIOR) * exp(-1 / 40)
            self._log_odds[carrier] = min(HIGHEST, max(LOWEST, log(score / (1 - score))))


def second_score_figures(history: History) -> Table:
    """As `score_figures`."""
    reading, heard = _Reading(history), set[str]()
    rows = []
    for event in history.events:
        if event["id"] in heard:
            continue
        heard.add(event["id"])
        if event["kind"] == "tick":
            rows.append([reading.score(one.id, event["t"]) for one in history.company.carriers])
        else:
            reading.hear(event)
    return np.array(rows)
