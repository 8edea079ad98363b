"""Brings issues in through the API, a part at a time; killed, it goes on where it stopped."""

from __future__ import annotations

import csv
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.importing.found import Found, Source

MOST_AT_ONCE = 100
LARGEST_BYTES = 4 * 1024 * 1024
TRIES = 8
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
_PLACE = re.compile(r"issues\.(\d+)\.?(.*)")


class NotTaken(Exception):
    """The API does not take it now; says why."""


@dataclass(slots=True)
class State:
    """How far an import has come."""

    fingerprint: str
    done: int = 0
    """So many issues of the source are dealt with."""
    refused: dict[str, str] = field(default_factory=dict)
    """Why the API refused one, by its place in the source."""
    counts: dict[str, int] = field(default_factory=dict)


def state_of(file: Path, fingerprint: str) -> State:
    """Where the last run stopped; the beginning, where the source is another now."""
    try:
        kept = State(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return State(fingerprint)
    return kept if kept.fingerprint == fingerprint else State(fingerprint)


def keep_state(state: State, file: Path) -> None:
    half = file.with_suffix(".half")
    told = {name: getattr(state, name) for name in ("fingerprint", "done", "refused", "counts")}
    half.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    half.replace(file)


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of an import."""

    counts: Mapping[str, int]
    refused: Mapping[str, int]
    """How many by reason."""


class Import:
    """One run of an import."""

    def __init__(
        self,
        source: Source,
        client: httpx.Client,
        beside: Path,
        on_progress: Callable[[int], None],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._client = client
        self._wait = wait
        self._on_progress = on_progress
        self.state_file = beside.with_name(f"{beside.name}.import-state.json")
        self.refused_file = beside.with_name(f"{beside.name}.refused.csv")
        self._state = state_of(self.state_file, source.fingerprint())
        self.resumed_at = self._state.done

    def run(self) -> Summary:
        """Raises NotTaken where the API can't be had for long; running it again goes on."""
        reasons: Counter[str] = Counter()
        with self.refused_file.open("w", encoding="utf-8-sig", newline="") as opened:
            writer = csv.DictWriter(opened, self._source.columns, extrasaction="ignore")
            writer.writeheader()
            for part in _parts(self._source):
                new = [(nth, found) for nth, found in part if nth >= self._state.done]
                self._send([(nth, one) for nth, one in new if one.item is not None])
                for nth, found in part:
                    problem = found.problem or self._state.refused.get(str(nth))
                    if problem:
                        reasons[problem.partition(":")[0]] += 1
                        writer.writerow({**found.row, "problem": problem})
                self._state.done = max(self._state.done, part[-1][0] + 1)
                keep_state(self._state, self.state_file)
                self._on_progress(part[-1][0] + 1)
        self.state_file.unlink(missing_ok=True)
        if not reasons:
            self.refused_file.unlink()
        return Summary(self._state.counts, reasons)

    def _send(self, wanted: list[tuple[int, Found]]) -> None:
        """Those that the API finds faulty are noted, and the rest is sent without them."""
        while wanted:
            items = [found.item for _, found in wanted]
            answer = self._post({"system": self._source.system, "issues": items})
            if answer.status_code == 200:
                for (nth, _), outcome in zip(wanted, answer.json()["issues"], strict=True):
                    self._count(outcome["outcome"])
                    if outcome["outcome"] == "refused":
                        self._state.refused[str(nth)] = outcome["problem"]
                return
            faulty = _faults(answer)
            if not faulty:
                raise NotTaken(_words(answer))
            for place, problem in faulty.items():
                self._state.refused[str(wanted[place][0])] = problem
                self._count("refused")
            wanted = [one for place, one in enumerate(wanted) if place not in faulty]

    def _count(self, outcome: str) -> None:
        self._state.counts[outcome] = self._state.counts.get(outcome, 0) + 1

    def _post(self, body: Mapping[str, Any]) -> httpx.Response:
        """Tries again while the API is busy, is restarted, or can't store anything."""
        delay, problem = FIRST_DELAY_S, ""
        for _ in range(TRIES):
            try:
                answer = self._client.post("/imports", json=body)
            except httpx.TransportError as error:
                problem = f"The API can't be reached: {error}"
            else:
                if answer.status_code not in (429, 502, 503, 504):
                    return answer
                problem = _words(answer)
            self._wait(delay)
            delay = min(2 * delay, LONGEST_DELAY_S)
        raise NotTaken(problem)


def _parts(source: Source) -> Iterator[list[tuple[int, Found]]]:
    """Parts that the API takes at once, with each issue's place in the source."""
    part: list[tuple[int, Found]] = []
    size = 0
    for nth, found in enumerate(source):
        weight = len(json.dumps(found.item)) if found.item else 0
        if part and (len(part) == MOST_AT_ONCE or size + weight > LARGEST_BYTES):
            yield part
            part, size = [], 0
        part.append((nth, found))
        size += weight
    if part:
        yield part


def _faults(answer: httpx.Response) -> dict[int, str]:
    """What the API found wrong, by the place of the issue in the request."""
    if answer.status_code != 422:
        return {}
    found: dict[int, str] = {}
    for error in answer.json().get("errors", ()):
        place = _PLACE.fullmatch(error["field"])
        if place:
            problem = f"{place[2]}: {error['problem']}" if place[2] else error["problem"]
            found.setdefault(int(place[1]), problem)
    return found


def _words(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        return f"{problem['title']}. {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"The API answered {answer.status_code}."
