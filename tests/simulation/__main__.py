"""Compares the score with what one would build first: `make simulate`.

Simulates the twelve scenarios with ten seeds that nobody has looked at while building, writes the
tables into docs/isolation.md and docs/isolation.ja.md, and the curves into docs/isolation/.
About seven minutes of one processor.

    python -m tests.simulation [--seeds 10] [--days 260] [--workers 2] [--events DIRECTORY]

With `--events` it writes the histories of the first seed instead, with their truth, as files for
`banso backtest`.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Final

from tests.simulation.measure import measure
from tests.simulation.report import Run, write
from tests.simulation.scenario import SCENARIOS, USUALLY_UNLOGGED, Scenario, unlogged
from tests.simulation.world import simulate

FIRST_SEED: Final = 2001
"""Seeds from here on are for reporting alone."""
UNLOGGED: Final = (0.0, 0.3, 0.6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--days", type=int, default=260, help="working days of each company")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--events", type=Path)
    asked = parser.parse_args()
    if asked.events:
        for scenario in SCENARIOS:
            _write_events(scenario, asked.days, asked.events)
        return
    seeds = range(FIRST_SEED, FIRST_SEED + asked.seeds)
    fewer = seeds[: max(1, asked.seeds // 3)]
    run = Run(
        measure(SCENARIOS, seeds, asked.days, asked.workers),
        {share: measure(unlogged(share), fewer, asked.days, asked.workers) for share in UNLOGGED},
        USUALLY_UNLOGGED,
    )
    write(run)


def _write_events(scenario: Scenario, days: int, directory: Path) -> None:
    history = simulate(scenario, FIRST_SEED, days)
    place = directory / scenario.name
    place.mkdir(parents=True, exist_ok=True)
    with (place / "events.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(event) + "\n" for event in history.events)
    (place / "meta.json").write_text(json.dumps(history.meta), encoding="utf-8")
    wall_s = history.company.calendar.wall_s
    truth = [
        {
            "person": one.carrier,
            "teams": sorted(one.teams),
            "from": wall_s(one.begins_s),
            "to": wall_s(one.ends_s),
            "strength": one.strength,
        }
        for one in history.neglects
    ]
    (place / "truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
