"""What a restart of metrics costs with a million facts in its database, and what its ledger keeps.

Events of a made-up company fill a database as metrics keeps what it hears. Then `banso metrics
rebuild` folds all of them; and metrics takes up the newest night that this has kept and what has
happened since, as it does when it starts. Each is done in a process of its own. Run by `make
bench`; `--quick` for a look. Writes `build/bench-restart.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, func, select

from services.metrics import handlers, store
from services.metrics.app import MIGRATIONS
from services.metrics.gauges import Figures
from services.metrics.heard import Entry, Key, entries
from services.metrics.keeper import Keeper
from services.metrics.ledger import Ledger
from services.metrics.rebuild import Rebuilt, rebuild
from services.metrics.store import Books
from services.metrics.tick import Watch
from shared import clock
from shared.contracts.event import Event
from shared.contracts.issue import AssignedBecause, Reasons, State
from shared.contracts.organisation import Organisation, Team, Text
from shared.contracts.router import (
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueEvent,
    IssueResolved,
    IssueResponded,
    OrganisationPublished,
)
from shared.database import migrate, open_engine
from shared.organisation import KnownOrganisation
from tests.bench.fold import wall_s
from tests.bench.journey import ROOT
from tests.bench.processes import rss_mb
from tests.unit import build

SIZES = ((100_000, 10_000), (1_000_000, 10_000), (1_000_000, 100_000))
"""Facts, and how many issues are left open."""
QUICK = ((10_000, 1_000), (30_000, 1_000))
PEOPLE, TEAMS = 1_000, 20
DAYS, HOURS = 500, 8.0
"""Worked."""
OF_AN_ISSUE, OF_ONE_LEFT_OPEN = 6, 2
ROUNDS = 3
BEGINS = build.at("2024-06-03 00:00")
"""A Monday."""
NOTICED_AFTER = timedelta(seconds=2)
"""An issue has an owner so long after it was raised."""
PART = 2_000

FINISHED_OF_EACH, OPEN_OF_EACH, QUICK_OPEN_OF_EACH = 10, 100, 20
DAYS_REMEMBERED = 20

Found = TypeVar("Found")
Step = tuple[float, int, IssueEvent, "Iterator[tuple[float, IssueEvent]]"]
"""When it happens, of which issue, what, and what follows."""


@dataclass(frozen=True)
class Cost:
    """Of one thing, done in a process of its own."""

    took_s: float
    cpu_s: float
    rss_mb: float
    """What the process has grown by."""


@dataclass(frozen=True)
class Measured:
    """Medians of the rounds."""

    facts: int
    open_issues: int
    facts_since_the_night: int
    night_mb: float
    """The state that was kept, compressed."""
    restart_s: float
    restart_cpu_s: float
    restart_mb: float
    rebuild_s: float
    rebuild_cpu_s: float

    @property
    def ratio(self) -> float:
        return self.restart_s / self.rebuild_s


def company(people: int) -> Organisation:
    """The first half carries problems in, the second solves them."""
    teams = [f"t{nth}" for nth in range(TEAMS)]
    return build.organisation(
        leader="p0",
        default_team="t0",
        default_carrier="p1",
        teams=tuple(Team(id=name, name=Text(ja=name, en=name), lead="p0") for name in teams),
        people=tuple(build.person(f"p{nth}", f"t{nth % TEAMS}") for nth in range(people)),
        products=(),
        categories=(),
    )


# ---- what has happened


def happened(
    people: int, finished: int, left_open: int, days: int, dice: random.Random
) -> Iterator[IssueEvent]:
    """So many issues, evenly over so many working days, as the router tells of them, in order; an
    hour before the end of the last day it breaks off."""
    count, ends_h = finished + left_open, days * HOURS - 1
    going_on: list[Step] = []
    for number in range(count):
        raised_h = number / count * days * HOURS
        yield from _until(min(raised_h, ends_h), going_on)
        is_left = dice.random() < left_open / count
        _go_on(going_on, number, _issue(raised_h, people, dice, is_left=is_left))
    yield from _until(ends_h, going_on)


def _until(ends_h: float, going_on: list[Step]) -> Iterator[IssueEvent]:
    while going_on and going_on[0][0] < ends_h:
        _, number, event, rest = heappop(going_on)
        yield event
        _go_on(going_on, number, rest)


def _go_on(going_on: list[Step], number: int, rest: Iterator[tuple[float, IssueEvent]]) -> None:
    step = next(rest, None)
    if step is not None:
        heappush(going_on, (step[0], number, step[1], rest))


def _issue(
    raised_h: float, people: int, dice: random.Random, *, is_left: bool
) -> Iterator[tuple[float, IssueEvent]]:
    """Assigned, acknowledged, twice answered, resolved, closed; or left after the second."""
    carrier, owner = dice.randrange(people // 2), people // 2 + dice.randrange(people // 2)
    issue_id, hour, at = _an_id(dice), raised_h, _instant(raised_h)
    known: dict[str, Any] = {
        "reporter_id": f"p{carrier}",
        "carrier_id": f"p{carrier}",
        "owner_id": f"p{owner}",
        "team_id": f"t{owner % TEAMS}",
        "raised_at": at - NOTICED_AFTER,
        "assigned_at": at,
        "revision": "rev-1",
    }
    for nth, (event, wait_h, changed, more) in enumerate(_course(f"p{owner}")):
        hour += dice.expovariate(1 / wait_h) if wait_h else 0.0
        at = _instant(hour)
        known |= {name: at if value is None else value for name, value in changed.items()}
        yield (
            hour,
            event(
                event_id=_an_id(dice),
                occurred_at=at,
                issue_id=issue_id,
                issue=build.snapshot(version=nth + 1, **known),
                **more,
            ),
        )
        if is_left and nth + 1 == OF_ONE_LEFT_OPEN:
            return


def _course(
    owner_id: str,
) -> tuple[tuple[type[IssueEvent], float, dict[str, Any], dict[str, Any]], ...]:
    """What happens, how long after what was before, what changes (None: the moment), and who."""
    by, words = {"actor_id": owner_id}, {"actor_id": owner_id, "text": "It is on its way. " * 5}
    taken = {"state": State.ACKNOWLEDGED, "acknowledged_at": None}
    new = {"because": AssignedBecause.NEW, "reasons": Reasons()}
    return (
        (IssueAssigned, 0, {}, new),
        (IssueAcknowledged, 6, taken, by),
        (IssueResponded, 10, {"answered_at": None}, words),
        (IssueResponded, 10, {"answered_at": None}, words),
        (IssueResolved, 10, {"state": State.RESOLVED, "resolved_at": None}, by),
        (IssueClosed, 10, {"state": State.CLOSED, "closed_at": None}, {"confirmed": True}),
    )


def _an_id(dice: random.Random) -> str:
    return str(UUID(int=dice.getrandbits(128)))


def _instant(worked_h: float) -> datetime:
    return BEGINS + timedelta(seconds=wall_s(worked_h))


# ---- a database that has heard it


def fill(engine: Engine, known: Organisation, events: Iterable[Event]) -> None:
    """Keeps events as metrics keeps what it hears, save that nothing is folded."""
    with engine.connect() as connection:
        in_force = KnownOrganisation(connection, store.metadata)
    published = OrganisationPublished(event_id="first", occurred_at=BEGINS, organisation=known)
    told = chain([published], events)
    while part := list(islice(told, PART)):
        with engine.begin() as connection:
            books = Books(connection, clock.now(), in_force)
            books.expect(part)
            for event in part:
                handlers.HEARS[type(event)].decide(event, books)
            books.write()
        in_force.adopt(books)


# ---- what is measured, each in a process of its own


def alone(work: Callable[[], Found]) -> Found:
    """What it says, done in a new process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(work).result()


def costs(work: Callable[[], object]) -> Cost:
    gc.collect()
    before_mb, began_s, used_s = rss_mb(os.getpid()), clock.elapsed_s(), time.process_time()
    kept = work()
    took_s, cpu_s = clock.elapsed_s() - began_s, time.process_time() - used_s
    gc.collect()
    grown_mb = rss_mb(os.getpid()) - before_mb
    del kept
    return Cost(took_s, cpu_s, grown_mb)


def restarted(url: str) -> Cost:
    return costs(partial(take_up, url))


def take_up(url: str) -> object:
    """As `services/metrics/app.py` does before it hears anything."""
    engine, readers = open_engine(url), open_engine(url, read_only=True)
    registry = CollectorRegistry()
    with engine.begin() as connection:
        store.stand_anew(connection)
        known = KnownOrganisation(connection, store.metadata)
        standings = store.open_standings(connection)
    keeper = Keeper(readers, registry)
    keeper.open()
    assert keeper.ledger is not None, "nothing was taken up"
    figures = Figures(registry, known, standings, Watch(keeper, readers))
    return keeper, figures


def rebuilt(url: str) -> Cost:
    def work() -> Rebuilt:
        return asyncio.run(rebuild(url))

    return costs(work)


def ledger_of(people: int, open_of_each: int) -> Cost:
    """A ledger alone: of people of whom each has ten issues that were finished lately, and so many
    that are open."""
    known, dice = company(people), random.Random(people + open_of_each)
    left_open, finished = people * open_of_each, people * FINISHED_OF_EACH
    told = happened(people, finished, left_open, DAYS_REMEMBERED, dice)

    def work() -> Ledger:
        ledger = Ledger(known, {known.revision: known}.__getitem__)
        for entry in _in_order(told):
            for _ in ledger.fold(entry):
                pass
        return ledger

    return costs(work)


def _in_order(events: Iterable[Event]) -> Iterator[Entry]:
    waiting: list[tuple[Key, Entry]] = []
    for event in events:
        begins_s = (event.occurred_at - NOTICED_AFTER).timestamp()
        while waiting and waiting[0][0][0] < begins_s:
            yield heappop(waiting)[1]
        for entry in entries(event):
            heappush(waiting, (entry.key, entry))
    while waiting:
        yield heappop(waiting)[1]


def memory(open_of_each: int) -> dict[str, float]:
    """By what a ledger grows with more people, and with more open issues of as many."""
    usual, more, waiting = (
        alone(partial(ledger_of, people, left_open)).rss_mb
        for people, left_open in ((PEOPLE, 0), (2 * PEOPLE, 0), (PEOPLE, open_of_each))
    )
    return {
        "kb_a_person": (more - usual) / PEOPLE * 1024,
        "bytes_an_open_issue": (waiting - usual) / PEOPLE / open_of_each * 1024**2,
        "mb_of_all": waiting,
    }


def measure(directory: Path, facts: int, left_open: int) -> Measured:
    url = f"sqlite:///{directory / f'{facts}-{left_open}.db'}"
    migrate(url, MIGRATIONS)
    engine = open_engine(url)
    finished = (facts - OF_ONE_LEFT_OPEN * left_open) // OF_AN_ISSUE
    dice = random.Random(facts + left_open)
    fill(engine, company(PEOPLE), happened(PEOPLE, finished, left_open, DAYS, dice))
    anew = alone(partial(rebuilt, url))
    rounds = [alone(partial(restarted, url)) for _ in range(ROUNDS)]
    with engine.connect() as connection:
        night = store.newest_night(connection)
        assert night is not None, "no night was kept"
        since = store.facts.c.occurred_at >= night.at
        count = select(func.count()).select_from(store.facts)
        found = Measured(
            connection.execute(count).scalar_one(),
            len(store.open_standings(connection)),
            connection.execute(count.where(since)).scalar_one(),
            len(night.state) / 1024**2,
            statistics.median(one.took_s for one in rounds),
            statistics.median(one.cpu_s for one in rounds),
            statistics.median(one.rss_mb for one in rounds),
            anew.took_s,
            anew.cpu_s,
        )
    engine.dispose()
    print(
        f"{found.facts:>9,} facts, {found.open_issues:>7,} open issues,"
        f" {found.facts_since_the_night:,} facts since a night of {found.night_mb:.1f} MB:"
        f" restart {found.restart_s:.2f} s (CPU {found.restart_cpu_s:.2f} s,"
        f" {found.restart_mb:.0f} MB), all anew {found.rebuild_s:.1f} s"
        f" (CPU {found.rebuild_cpu_s:.1f} s): ratio {found.ratio:.4f}",
        flush=True,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few facts")
    is_quick = parser.parse_args().quick
    sizes = QUICK if is_quick else SIZES
    kept = memory(QUICK_OPEN_OF_EACH if is_quick else OPEN_OF_EACH)
    print(json.dumps(kept), flush=True)
    with tempfile.TemporaryDirectory(prefix="banso-bench-") as directory:
        measured = [measure(Path(directory), *size) for size in sizes]
    found = {"ledger": kept, "restart": [asdict(one) for one in measured]}
    (ROOT / "build").mkdir(exist_ok=True)
    said = json.dumps(found, indent=2)
    (ROOT / "build" / "bench-restart.json").write_text(f"{said}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
