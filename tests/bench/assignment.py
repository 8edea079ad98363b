"""How long choosing an owner takes at 1,000 people and 100,000 open issues.

The choice alone, and all that the router decides on a new issue, on a database that is that full:
in teams of fifty people, and with everybody in one team. Run by `make bench`; `--quick` for a
look. Writes `build/bench-assignment.json`.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine

from services.router.handlers import HEARS, owner
from services.router.store import Board, Desk
from shared import clock
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import State, Urgency
from shared.contracts.organisation import Organisation
from tests.bench.filled import company, fill, open_router
from tests.bench.journey import ROOT, TEAMS
from tests.postgresql import cluster
from tests.unit import build

OPEN = 100_000
QUICK = 10_000
ISSUES, WARM_UP = 500, 50
"""So many are decided on, each alone."""
STATES = (*[State.RESOLVED] * 18, State.ACKNOWLEDGED, State.ASSIGNED)
"""Of a hundred issues of each person most wait to be confirmed: about a week's work is in hand."""


@dataclass(frozen=True)
class Measured:
    """The choice alone; all that is decided, with what is read for it; and that with its commit."""

    database: str
    what: str
    team_of: int
    """How many the owner is chosen among."""
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """The median of this process's own work, without the database and without waiting for others
    on the same processors."""


@dataclass(frozen=True)
class Span:
    took_s: float
    cpu_s: float

    @staticmethod
    def now() -> Span:
        return Span(clock.elapsed_s(), time.thread_time())

    def until_now(self) -> Span:
        now = Span.now()
        return Span(now.took_s - self.took_s, now.cpu_s - self.cpu_s)


def raise_one(chance: random.Random, known: Organisation) -> IssueRaised:
    return build.raised(
        event_id=str(UUID(int=chance.getrandbits(128))),
        occurred_at=clock.now(),
        issue_id=str(UUID(int=chance.getrandbits(128))),
        reference=str(chance.getrandbits(64)),
        reporter_id=chance.choice(known.people).id,
        category=chance.choice(known.categories).id,
        urgency=chance.choice(list(Urgency)),
    )


def measure(engine: Engine, known: Organisation) -> list[Measured]:
    """Decides on one new issue after the other, each in a transaction of its own."""
    chance = random.Random(4)
    with engine.connect() as connection:
        board = Board(connection)
    spans: dict[str, list[Span]] = {"choice": [], "decision": [], "with commit": []}
    for _ in range(WARM_UP + ISSUES):
        raised = raise_one(chance, known)
        began = Span.now()
        with engine.begin() as connection:
            desk = Desk(connection, clock.now(), known, board)
            at = Span.now()
            HEARS[IssueRaised].decide(raised, desk)
            spans["decision"].append(at.until_now())
            desk.write()
        spans["with commit"].append(began.until_now())
        with engine.begin() as connection:
            desk = Desk(connection, clock.now(), known, board)
            issue = desk.issue(raised.issue_id)
            assert issue is not None
            desk.answered(issue.carrier_id)
            at = Span.now()
            owner.find_owner(issue, desk, str(issue.team_id))
            spans["choice"].append(at.until_now())
    members = len(known.members[known.default_team])
    found = []
    for what, taken in spans.items():
        spent = sorted(span.took_s for span in taken[WARM_UP:])
        worked = sorted(span.cpu_s for span in taken[WARM_UP:])
        at_s = spent[len(spent) // 2], spent[len(spent) * 99 // 100], worked[len(worked) // 2]
        figures = (round(seconds * 1000, 2) for seconds in at_s)
        one = Measured(engine.dialect.name, what, members, *figures)
        print(
            f"{one.database:<10} among {members:>4}: {what:<11} p50 {one.p50_ms:.2f} ms,"
            f" p99 {one.p99_ms:.2f} ms, CPU {one.cpu_ms:.2f} ms",
            flush=True,
        )
        found.append(one)
    return found


def run(count: int) -> list[Measured]:
    directory = Path(tempfile.mkdtemp(prefix="banso-bench-"))
    found: list[Measured] = []
    try:
        with cluster({}) as postgresql:
            for teams in (TEAMS, 1):
                known = company(directory, teams)
                for url in (postgresql.create(), f"sqlite:///{directory / f'{teams}.db'}"):
                    engine = open_router(url)
                    fill(engine, known, count, clock.now(), STATES)
                    found += measure(engine, known)
                    engine.dispose()
    finally:
        shutil.rmtree(directory)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few issues")
    measured = run(QUICK if parser.parse_args().quick else OPEN)
    (ROOT / "build").mkdir(exist_ok=True)
    said = json.dumps([asdict(one) for one in measured], indent=2)
    (ROOT / "build" / "bench-assignment.json").write_text(said + "\n")
