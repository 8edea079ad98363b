"""How fast a history is folded into the isolation score, and what it keeps in memory.

A made-up helpdesk of two years with 200 carriers: what `banso backtest` takes for all of it beside
merely reading the same lines as JSON, the fold alone, and what a thousand people with open issues
cost. Run by `make bench`; `--quick` for a look. Writes `build/bench-fold.json`.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from deploy.cli import app
from services.metrics.backtest import Events, Meta
from services.metrics.facts import Fact, Kind
from services.metrics.isolation import Isolation
from tests.bench.journey import ROOT

EVENTS, QUICK = 1_000_000, 100_000
OF_AN_ISSUE = 6
CARRIERS, OWNERS, TEAMS, DAYS = 200, 60, 8, 500
PEOPLE, OPEN_OF_EACH = 1_000, 100
HOUR_S, DATE_S = 3600.0, 86400.0


def wall_s(hours: float) -> float:
    """When so many hours have been worked, Monday to Friday, nine to five."""
    days, hour = divmod(hours, 8)
    weeks, day = divmod(int(days), 5)
    return (weeks * 7 + day) * DATE_S + (9 + hour) * HOUR_S


def history(chance: random.Random, many: int) -> list[dict[str, Any]]:
    """So many events, in order, with a tick each day."""
    events: list[dict[str, Any]] = [
        {"t": day * DATE_S - 1, "kind": "tick", "id": f"tick-{day}"}
        for day in range(1, DAYS * 7 // 5 + 2)
    ]
    for number in range(many // OF_AN_ISSUE):
        events += issue(chance, number)
    return sorted(events, key=lambda event: event["t"])


def issue(chance: random.Random, number: int) -> Iterator[dict[str, Any]]:
    """Raised, assigned, acknowledged, twice commented, resolved."""
    carrier, owner = f"c{chance.randrange(CARRIERS)}", f"o{chance.randrange(OWNERS)}"
    hours = chance.random() * DAYS * 8
    known = {"issue": f"i{number}", "raiser": carrier, "owner": owner, "severity": 1}
    for nth, (kind, person, wait) in enumerate(
        (
            ("issue_raised", carrier, 0),
            ("owner_assigned", "", 0),
            ("acked", owner, 6),
            ("commented", owner, 10),
            ("commented", carrier, 10),
            ("resolved", owner, 10),
        )
    ):
        hours += chance.expovariate(1 / wait) if wait else 0
        by = {"person": person} if person else {}
        yield {"t": wall_s(hours), "kind": kind, **known, **by, "id": f"e{number}-{nth}"}


def meta() -> dict[str, Any]:
    owners = {f"o{nth}": {"dept": f"d{nth % TEAMS}", "role": "owner"} for nth in range(OWNERS)}
    carriers = {f"c{nth}": {"dept": "sales", "role": "carrier"} for nth in range(CARRIERS)}
    return {"people": {**owners, **carriers}}


def whole(directory: Path, many: int) -> dict[str, float]:
    """The command on a file, the fold in it alone, and reading its lines as JSON alone."""
    events, known, out = (directory / name for name in ("events.jsonl", "meta.json", "out.jsonl"))
    told = history(random.Random(6), many)
    events.write_text("".join(f"{json.dumps(event)}\n" for event in told), encoding="utf-8")
    known.write_text(json.dumps(meta()), encoding="utf-8")
    count = len(told)
    del told

    began = time.process_time()
    with events.open("rb") as lines:
        for line in lines:
            json.loads(line)
    reading_s = time.process_time() - began

    asked = ["backtest", str(events), "--meta", str(known), "--scores", str(out)]
    began = time.process_time()
    result = CliRunner().invoke(app, asked)
    command_s = time.process_time() - began
    assert result.exit_code == 0, result.output

    read = Events(Meta())
    read.read(events)
    isolation = Isolation(Meta().worked())
    began = time.process_time()
    for fact in read.facts:
        isolation.fold(fact)
    fold_s = time.process_time() - began
    return {
        "events": count,
        "command_s": command_s,
        "fold_events_a_second": count / fold_s,
        "reading_as_json_s": reading_s,
        "ratio_to_reading": command_s / reading_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def standing() -> dict[str, float]:
    """A thousand people with a hundred open issues each: memory, a night, a look, a snapshot."""
    gc.collect()
    tracemalloc.start()
    worked = Meta().worked()
    isolation = Isolation(worked)
    for nth in range(PEOPLE * OPEN_OF_EACH):
        person, owner = f"c{nth % PEOPLE}", f"o{nth % OWNERS}"
        at_s = wall_s(nth / PEOPLE / OPEN_OF_EACH)
        team = f"d{nth % OWNERS % TEAMS}"
        isolation.fold(Fact(at_s, Kind.RAISED, f"e{nth}", f"i{nth}", person, person, owner, team))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    began = time.process_time()
    isolation.advance(wall_s(8) + 10 * HOUR_S)
    night_s = time.process_time() - began
    began = time.process_time()
    for person in isolation.people():
        isolation.score(person)
    look_s = time.process_time() - began
    began = time.process_time()
    kept = json.dumps(isolation.state())
    save_s = time.process_time() - began
    began = time.process_time()
    Isolation.from_state(json.loads(kept), worked)
    load_s = time.process_time() - began
    return {
        "people": PEOPLE,
        "open_issues": PEOPLE * OPEN_OF_EACH,
        "kb_a_person": held / PEOPLE / 1024,
        "bytes_an_open_issue": held / PEOPLE / OPEN_OF_EACH,
        "night_ms": night_s * 1000,
        "scores_of_all_ms": look_s * 1000,
        "snapshot_mb": len(kept) / 1024**2,
        "save_ms": save_s * 1000,
        "load_ms": load_s * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    many = QUICK if parser.parse_args().quick else EVENTS
    with tempfile.TemporaryDirectory() as directory:
        found = {"history": whole(Path(directory), many), "standing": standing()}
    print(json.dumps(found, indent=2))
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "bench-fold.json").write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
