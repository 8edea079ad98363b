"""A scripted month of a company: its events are folded for real, and scraped every three hours.

Shipping slowly stops answering; product does its work. What Prometheus would have stored by then is
written as OpenMetrics, from which promtool makes blocks.
"""

from __future__ import annotations

import random
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Metric

from services.metrics import tick
from services.metrics.gauges import Figures
from services.metrics.tick import Watch
from shared import clock
from shared.contracts.event import Event
from shared.contracts.issue import AssignedBecause, DeclineReason, Reasons, State, Step
from shared.contracts.organisation import Organisation, Privacy
from shared.contracts.router import (
    CompanionAssigned,
    CompanionBecause,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueDeclined,
    IssueEscalated,
    IssueEvent,
    IssuePromised,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    OrganisationPublished,
)
from tests.needs import program
from tests.unit import build
from tests.unit.metrics.service import Service

EVERY = timedelta(hours=3)
DAYS = 28
BEGAN_AT = build.MONDAY - timedelta(hours=3)
ENDED_AT = BEGAN_AT + timedelta(days=DAYS)
REQUESTS_A_DAY = 4
HELPERS = {"product": ("ren", "sho", "mio"), "shipping": ("ume", "yui", "uta")}
CARRIERS = ("aki", "emi", "aoi", "eri")
_SERIES = "{name}{{{labels}}} {value} {at}\n"


def company() -> Organisation:
    """Three groups that are large enough, and everybody's experience."""
    people = [
        build.person(
            name,
            team,
            since=date(2010 + 3 * number, 4, 1),
            front_line=team == "sales",
        )
        for team, names in ({**HELPERS, "sales": CARRIERS}).items()
        for number, name in enumerate(names)
    ]
    leader = build.person("kai", hours_per_day=1)
    return build.organisation(privacy=Privacy(smallest_group=3), people=(leader, *people))


@dataclass
class Script:
    """Says what happens to each issue, in its order; the same seed says the same."""

    chance: random.Random = field(default_factory=lambda: random.Random(6))
    said: list[Event] = field(default_factory=list)

    def events(self) -> Sequence[Event]:
        self.say(OrganisationPublished, BEGAN_AT, organisation=company())
        at, nth = build.MONDAY, 0
        while at < ENDED_AT - timedelta(days=1):
            if at.weekday() < 5:
                for _ in range(REQUESTS_A_DAY):
                    nth += 1
                    self._issue(nth, at + timedelta(minutes=self.chance.randrange(120)))
            at += timedelta(days=1)
        companion = {"companionship_id": "one", "carrier_id": "emi", "companion_id": "ren"}
        agreed = CompanionBecause.AGREED
        half = build.MONDAY + timedelta(days=16)
        self.say(CompanionAssigned, half, because=agreed, **companion)
        return sorted(self.said, key=lambda event: event.occurred_at)

    def _issue(self, nth: int, at: datetime) -> None:
        team = "shipping" if nth % 2 else "product"
        helper = self.chance.choice(HELPERS[team])
        issue = Told(self, f"issue-{nth}", CARRIERS[nth % 4], helper, team, at)
        issue.says(IssueAssigned, 0, because=AssignedBecause.NEW, reasons=Reasons())
        silent = team == "shipping" and self.chance.randrange(DAYS) < (at - BEGAN_AT).days
        if silent:
            self._silence(issue, nth)
        else:
            self._help(issue, nth)

    def _silence(self, issue: Told, nth: int) -> None:
        """A reminder, a refusal now and then, and no answer."""
        issue.says(IssueReminded, 5, step=Step.ACKNOWLEDGE, person_id=issue.helper)
        issue.says(IssueEscalated, 24, step=Step.ACKNOWLEDGE, person_id="ume")
        if nth % 3 == 0:
            refused = {"reason": DeclineReason.NO_TIME, "proposed": "uta"}
            issue.says(IssueDeclined, 1, actor_id=issue.helper, moves=1, **refused)

    def _help(self, issue: Told, nth: int) -> None:
        by: dict[str, Any] = {"actor_id": issue.helper}
        taken_at = issue.at + timedelta(hours=1)
        taken = {"state": State.ACKNOWLEDGED, "acknowledged_at": taken_at}
        issue.says(IssueAcknowledged, 1, **taken, **by)
        hours = self.chance.choice((1, 2, 4, 24, 48))
        elsewhere: dict[str, Any] = {"elsewhere": True} if nth % 9 == 0 else {}
        answered_at = issue.at + timedelta(hours=hours)
        issue.says(IssueResponded, hours, text="Soon.", answered_at=answered_at, **by, **elsewhere)
        if nth % 5 == 0:
            first, later = (issue.at + timedelta(days=days) for days in (1, 3))
            issue.says(IssuePromised, 1, promised_at=first, **by)
            issue.says(IssuePromised, 3, promised_at=later, previously_at=first, **by)
        if nth % 7 == 0:
            handed = {"because": AssignedBecause.HANDED_OVER, "reasons": Reasons()}
            issue.says(IssueAssigned, 1, previous_owner_id=issue.helper, **handed, **by)
        if nth % 16 == 0:
            return
        solved_at = issue.at + timedelta(hours=20)
        issue.says(IssueResolved, 20, state=State.RESOLVED, resolved_at=solved_at, **by)
        if nth % 11 == 0:
            issue.says(IssueReopened, 4, state=State.ASSIGNED, actor_id=issue.carrier)
        else:
            issue.says(IssueClosed, 4, state=State.CLOSED, confirmed=True, actor_id=issue.carrier)

    def say(self, event: type[Event], at: datetime, **said: Any) -> None:
        ids = {"event_id": f"event-{len(self.said):05}", "cause_id": f"cause-{len(self.said)}"}
        if at < ENDED_AT:
            self.said.append(event(occurred_at=at, **ids, **said))


@dataclass
class Told:
    """One issue, and how it stands."""

    script: Script
    issue_id: str
    carrier: str
    helper: str
    team: str
    at: datetime
    stands: dict[str, Any] = field(default_factory=dict)

    def says(self, event: type[IssueEvent], hours_later: int, **said: Any) -> None:
        self.at += timedelta(hours=hours_later)
        if not self.stands:
            self.stands = {
                "version": 0,
                "owner_id": self.helper,
                "team_id": self.team,
                "carrier_id": self.carrier,
                "reporter_id": self.carrier,
                "raised_at": self.at,
                "assigned_at": self.at,
            }
        fields = event.model_fields
        self.stands |= {name: value for name, value in said.items() if name not in fields}
        self.stands["version"] += 1
        more = {name: value for name, value in said.items() if name in fields}
        issue = build.snapshot(issue_id=self.issue_id, **self.stands)
        self.script.say(event, self.at, issue_id=self.issue_id, issue=issue, **more)


@dataclass
class Scraped:
    """What was read of each family, in the order of time."""

    kinds: dict[str, str] = field(default_factory=dict)
    lines: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def read(self, families: Iterator[Metric], at: datetime) -> None:
        for family in families:
            self.kinds[family.name] = family.type
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    labels = {**sample.labels, "job": "banso-metrics", "instance": "month"}
                    self.lines[family.name].append(_line(sample.name, labels, sample.value, at))

    def write(self, file: Path) -> None:
        with file.open("w", encoding="utf-8") as output:
            for name, lines in self.lines.items():
                output.write(f"# TYPE {name} {self.kinds[name]}\n")
                output.writelines(lines)
            output.write("# EOF\n")


def _line(name: str, labels: Mapping[str, str], value: float, at: datetime) -> str:
    said = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return _SERIES.format(name=name, labels=said, value=float(value), at=at.timestamp())


async def fold(service: Service, monkeypatch: pytest.MonkeyPatch) -> Scraped:
    """Lets the month pass: what happens is heard, folded, looked at and scraped."""
    moment = [BEGAN_AT]
    monkeypatch.setattr(tick, "LOOKS_TAKE_AT_MOST", float("inf"))
    monkeypatch.setattr(clock, "now", lambda: moment[0].astimezone(UTC))
    watch = Watch(service.keeper, service.readers)
    registry, scraped = CollectorRegistry(), Scraped()
    figures = Figures(registry, service.known, [], watch)
    service.also.append(figures.committed)
    left = list(Script().events())
    while moment[0] <= ENDED_AT:
        heard = [event for event in left if event.occurred_at <= moment[0]]
        left = left[len(heard) :]
        if heard:
            await service.hear(heard)
        service.keeper.newest_at = moment[0]
        await watch.tick(service.journal)
        await watch.tick(service.journal)
        for one in (registry, service.registry):
            scraped.read(one.collect(), moment[0])
        moment[0] += EVERY
    assert left == []
    return scraped


def store(scraped: Scraped, directory: Path) -> None:
    """Makes blocks for a Prometheus that keeps its data in this directory's `prometheus`."""
    file = directory / "month.openmetrics"
    scraped.write(file)
    made = ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=744h"]
    command = [program("promtool", "prometheus"), *made, str(file), str(directory / "prometheus")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
