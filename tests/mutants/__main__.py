"""Makes many small mistakes in the pure rules, and counts those that no unit test sees.

    python -m tests.mutants [--only services/router/pause.py] [--sample 300] [--seed 4]

The tests of a file are collected once. Each mistake is then made in a copy of this process, which
runs the tests that come through the wrong function, and where they see nothing the others too.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, Final

import pytest

from tests.mutants.inplace import NotImportable, functions, make
from tests.mutants.mutation import Mistake, mistakes

TESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "services/router/lifecycle.py": (
        "router/test_lifecycle.py", "router/test_moves.py", "router/test_waits.py",
        "router/test_first_line.py",
    ),
    "services/router/followup.py": ("router/test_followup.py", "router/test_waits.py"),
    "services/router/pause.py": ("router/test_pause.py",),
    "services/router/assignment.py": ("router/test_assignment.py",),
    "services/router/presence.py": ("router/test_presence.py", "router/test_assignment.py"),
    "services/router/rules.py": ("router/test_rules.py", "router/test_owner.py"),
    "services/router/rota.py": ("router/test_rota.py",),
    "services/notifier/audience.py": (
        "notifier/test_audience.py", "notifier/test_audience_properties.py",
    ),
    "shared/load.py": ("shared/test_load.py", "router/test_assignment.py"),
    "shared/worktime.py": ("shared/test_worktime.py", "router/test_presence.py"),
}  # fmt: skip
"""The unit tests of each file of rules, its own first."""

MOST_CPU: Final = 3
"""So many times as much as all tests of the file need is a mistake that never ends."""
LEAST_CPU_S: Final = 6
MOST_MEMORY: Final = 4 * 2**30

_BROKEN: Final = 2


class Fate(Enum):
    """What became of a mistake."""

    KILLED = "killed"
    STOPPED = "stopped"
    """It ran on and on: anybody would notice."""
    SURVIVED = "survived"


@dataclass(slots=True)
class Run:
    """The mistakes of one file, made one after another once its tests are collected."""

    path: str
    sample: float
    random: random.Random
    made: int = 0
    possible: int = 0
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    survivors: list[Mistake] = field(default_factory=list)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running the tests once."""
        module = import_module(self.path.removesuffix(".py").replace("/", "."))
        tree = ast.parse(Path(self.path).read_text(encoding="utf-8"))
        found = list(mistakes(tree))
        self.possible = len(found)
        wanted = sorted(self.random.sample(range(len(found)), round(len(found) * self.sample)))
        seen, cpu_s = _seen_by(session, module)
        for mistake in (found[nth] for nth in wanted):
            fate = self._fate(mistake, tree, module, session, seen, cpu_s)
            self.made += 1
            self.fates[fate] += 1
            if fate is Fate.SURVIVED:
                self.survivors.append(mistake)
                print(f"  {self.path}:{mistake.line} {mistake.where}: {mistake.says}", flush=True)
        return True

    def _fate(
        self,
        mistake: Mistake,
        tree: ast.Module,
        module: ModuleType,
        session: pytest.Session,
        seen: Mapping[str, set[int]],
        cpu_s: float,
    ) -> Fate:
        near = sorted(seen.get(mistake.where, ()))
        far = [nth for nth in range(len(session.items)) if nth not in set(near)]

        def is_seen() -> int:
            try:
                make(mistake, tree, module)
            except NotImportable:
                return 1
            return int(not (_pass(session, near) and _pass(session, far)))

        status = _in_a_copy(is_seen, max(LEAST_CPU_S, MOST_CPU * cpu_s))
        if os.WIFSIGNALED(status):
            return Fate.STOPPED
        ended = os.WEXITSTATUS(status)
        if ended == _BROKEN:
            raise SystemExit(f"{mistake.where}, line {mistake.line}: can't make {mistake.says}")
        return Fate.KILLED if ended else Fate.SURVIVED


def _pass(session: pytest.Session, which: Sequence[int]) -> bool:
    """Whether these tests pass; stops at the first that does not."""
    items = [session.items[nth] for nth in which]
    for item, following in zip(items, [*items[1:], None], strict=False):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return False
    return True


def _seen_by(session: pytest.Session, module: ModuleType) -> tuple[dict[str, set[int]], float]:
    """Which tests come through which function, and how long all take; they have to pass."""
    names = {function.__code__: name for name, function in functions(module)}
    with tempfile.NamedTemporaryFile() as kept:

        def look() -> int:
            seen: dict[str, set[int]] = {name: set() for name in names.values()}
            for nth in range(len(session.items)):
                sys.settrace(_note(names, seen, nth))
                passed = _pass(session, [nth])
                sys.settrace(None)
                if not passed:
                    return 1
            text = json.dumps({name: sorted(tests) for name, tests in seen.items()})
            Path(kept.name).write_text(text, encoding="utf-8")
            return 0

        everything = range(len(session.items))
        if _in_a_copy(lambda: int(not _pass(session, everything)), 600):
            raise SystemExit("The tests fail without any mistake, one after another.")
        before_s = _children_s()
        if _in_a_copy(look, 600):
            raise SystemExit("The tests fail without any mistake, each by itself.")
        spent_s = _children_s() - before_s
        seen = json.loads(Path(kept.name).read_text(encoding="utf-8"))
    return {name: set(tests) for name, tests in seen.items()}, spent_s


def _children_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _note(
    names: Mapping[CodeType, str], seen: Mapping[str, set[int]], nth: int
) -> Callable[[FrameType, str, Any], None]:
    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in names:
            seen[names[frame.f_code]].add(nth)

    return note


def _in_a_copy(does: Callable[[], int], most_cpu_s: float) -> int:
    """How a copy of this process ended that only did this, its words unheard."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(most_cpu_s), int(most_cpu_s)))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        signal.alarm(int(most_cpu_s) * 10)
        os._exit(does())
    except BaseException:
        os._exit(_BROKEN)


def main() -> None:
    """Prints every survivor as it is found, and a line of figures for each file."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--only", action="append", choices=list(TESTS), help="only this file")
    parser.add_argument("--sample", type=float, default=1.0, help="share of the mistakes, 0 to 1")
    parser.add_argument("--seed", type=int, default=4, help="which share")
    given = parser.parse_args()
    runs: list[Run] = []
    for path in given.only or TESTS:
        run = Run(path, given.sample, random.Random(given.seed))
        began = time.perf_counter()
        tests = [f"tests/unit/{one}" for one in TESTS[path]]
        quiet = ["-s", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:terminal"]
        quiet += ["-k", "not postgresql"]
        ended = pytest.main([*quiet, *tests], plugins=[run])
        if ended is not pytest.ExitCode.OK:
            raise SystemExit(f"The tests of {path} can't be collected: {ended.name}.")
        _say(run.path, [run], time.perf_counter() - began)
        runs.append(run)
    _say("together", runs, None)


def _say(name: str, runs: Sequence[Run], took_s: float | None) -> None:
    made = sum(run.made for run in runs)
    by_fate = {fate: sum(run.fates[fate] for run in runs) for fate in Fate}
    dead = made - by_fate[Fate.SURVIVED]
    figures = ", ".join(f"{number} {fate.value}" for fate, number in by_fate.items())
    share = f"{dead / made:.1%}" if made else "nothing"
    possible = sum(run.possible for run in runs)
    took = "" if took_s is None else f", {took_s:.0f} s"
    print(f"{name}: {made} of {possible} mistakes, {figures}: {share}{took}", flush=True)


if __name__ == "__main__":
    main()
