"""What a scrape of metrics costs, against people and open issues.

Beside it the same number of series told by a bare prometheus_client, without anything behind them:
what the library itself needs. Run by `make bench`; `--quick` for a look. Writes
`build/bench-scrape.json`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import partial

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from deploy.local.up import SAMPLE
from services.metrics.gauges import Figures
from services.metrics.picture import Condition, PersonSeen, Stage, TeamSeen
from services.metrics.store import Standing
from services.router.organisation import parse
from shared import clock
from shared.contracts.issue import State, Urgency
from shared.contracts.metrics import Level
from shared.contracts.organisation import Organisation, Person, Privacy, Team, Tier
from shared.exposition import expose
from tests.bench.journey import ROOT
from tests.unit.metrics.test_people_gauges import Known, Picture, person, team

SIZES = ((100, 10_000), (1_000, 10_000), (1_000, 100_000), (1_000, 1_000_000))
QUICK = ((100, 1_000), (1_000, 10_000))
IN_A_TEAM = 20
ROUNDS = 15
STATES = (State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED)


@dataclass(frozen=True)
class Measured:
    """Medians of the rounds, in milliseconds of processor time where nothing else is said."""

    people: int
    open_issues: int
    series: int
    scrape_ms: float
    scrape_wall_ms: float
    """By the clock, whoever else wants the processor."""
    bare_ms: float
    """As many series, told by the library alone."""
    series_by_name: int
    scrape_by_name_ms: float
    scrape_by_name_wall_ms: float
    bare_by_name_ms: float
    change_us: float
    """Counting one issue that has changed."""

    @property
    def ratio(self) -> float:
        return self.scrape_ms / self.bare_ms


def company(people: int) -> Organisation:
    """Teams of twenty, each with a name that everybody agreed to be told of by."""
    sample = parse(SAMPLE.read_text("utf-8"))
    some, any_team = sample.people[1], sample.teams[0]
    teams = [f"team-{n}" for n in range(max(1, people // IN_A_TEAM))]

    def one(n: int) -> Person:
        said = {
            "id": f"person-{n}",
            "emails": (f"person-{n}@example.com",),
            "team": teams[n % len(teams)],
            "since": date(2010 + n % 15, 4, 1),
            "front_line": n % 3 == 0,
        }
        return some.model_copy(update=said)

    def a_team(name: str) -> Team:
        return any_team.model_copy(update={"id": name})

    agreed = Privacy(tier=Tier.NAMES, agreement="Works agreement of 2026-04-01")
    said = {
        "people": tuple(one(n) for n in range(people)),
        "teams": tuple(a_team(name) for name in teams),
        "privacy": agreed,
    }
    fields = {name: getattr(sample, name) for name in Organisation.model_fields}
    return Organisation.model_construct(**{**fields, **said})


def picture(known: Organisation, dice: random.Random) -> Picture:
    def seen(one: Person) -> PersonSeen:
        return person(
            one.id,
            one.team,
            load_s=dice.random() * 200_000,
            load_ratio=dice.random() * 1.5,
            isolation=dice.random(),
            evidence=dice.random() * 9,
            level=dice.choice([None, *Level]),
            owns=dice.randrange(200),
            carries=dice.randrange(9),
            oldest_wait_ratio=dice.random() * 4,
            helpers_effective=1 + dice.random() * 5,
        )

    def answering(one: Team) -> TeamSeen:
        return team(
            one.id,
            expected_answers=dice.random() * 1_000,
            expected_response_s=dict.fromkeys(Stage, dice.random() * 60_000),
            answers_by_helper=tuple(dice.random() * 50 for _ in range(IN_A_TEAM)),
        )

    holding = {(one, dice.choice(known.teams).id) for one in Condition}
    return Picture(tuple(map(seen, known.people)), tuple(map(answering, known.teams)), holding)


def standings(known: Organisation, count: int, dice: random.Random) -> list[Standing]:
    now = clock.now()
    return [standing(f"issue-{n}", known, now, dice) for n in range(count)]


def standing(issue_id: str, known: Organisation, now: datetime, dice: random.Random) -> Standing:
    return Standing(
        issue_id,
        1,
        dice.choice(STATES),
        dice.choice(list(Urgency)),
        dice.choice(known.teams).id,
        now - timedelta(minutes=dice.randrange(100_000)),
        dice.random() < 0.5,
    )


def bare(series: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    gauge = Gauge("bare", "As many series.", ["person", "team"], registry=registry)
    for n in range(series):
        gauge.labels(f"person-{n}", f"team-{n % 50}").set(n / 7)
    return registry


def series_in(registry: CollectorRegistry) -> int:
    return sum(len(family.samples) for family in registry.collect())


def timed_ms(work: Callable[[], object]) -> tuple[float, float]:
    """The medians of processor time and of the clock; the first time warms up."""
    work()
    used, taken = [], []
    for _ in range(ROUNDS):
        since, since_s = time.process_time(), clock.elapsed_s()
        work()
        used.append((time.process_time() - since) * 1e3)
        taken.append((clock.elapsed_s() - since_s) * 1e3)
    return round(statistics.median(used), 2), round(statistics.median(taken), 2)


def measure(people: int, issues: int) -> Measured:
    dice = random.Random(people + issues)
    known = company(people)
    registry = CollectorRegistry()
    figures = Figures(registry, Known(known), standings(known, issues, dice), picture(known, dice))
    changes = [
        standing(f"issue-{dice.randrange(issues)}", known, clock.now(), dice) for _ in range(2_000)
    ]
    since = time.process_time()
    for one in changes:
        figures.changed(one)
    change_us = (time.process_time() - since) / len(changes) * 1e6
    series, by_name = series_in(registry), series_in(figures.by_person)
    found = Measured(
        people,
        issues,
        series,
        *timed_ms(lambda: expose(registry)),
        timed_ms(partial(generate_latest, bare(series)))[0],
        by_name,
        *timed_ms(lambda: expose(figures.by_person)),
        timed_ms(partial(generate_latest, bare(by_name)))[0],
        round(change_us, 1),
    )
    print(
        f"{people:>6,} people {issues:>9,} open issues: {series:,} series in"
        f" {found.scrape_ms:.1f} ms, {found.scrape_wall_ms:.1f} by the clock"
        f" ({found.ratio:.2f} times the library alone);"
        f" by name {by_name:,} in {found.scrape_by_name_ms:.1f} ms,"
        f" {found.scrape_by_name_wall_ms:.1f} by the clock"
        f" ({found.scrape_by_name_ms / found.bare_by_name_ms:.2f} times);"
        f" a change {found.change_us:.1f} µs",
        flush=True,
    )
    return found


def run(sizes: Sequence[tuple[int, int]]) -> list[Measured]:
    return [measure(people, issues) for people, issues in sizes]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few people, few issues")
    measured = run(QUICK if parser.parse_args().quick else SIZES)
    (ROOT / "build").mkdir(exist_ok=True)
    said = json.dumps([asdict(one) for one in measured], indent=2)
    (ROOT / "build" / "bench-scrape.json").write_text(said + "\n")
