"""What a Prometheus answers to each panel of a board."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx

_VARIABLE = re.compile(r"\$\{?team\}?")


def values(client: httpx.Client, expr: str, at: datetime | None) -> list[float]:
    """Of each series; at the end of the month, or now."""
    query = {"query": _VARIABLE.sub(".*", expr)} | ({"time": str(at.timestamp())} if at else {})
    answer: dict[str, Any] = client.post("/api/v1/query", data=query).json()
    assert answer["status"] == "success", f"{expr}: {answer}"
    found = [float(series["value"][1]) for series in answer["data"]["result"]]
    return [value for value in found if not math.isnan(value)]


def unanswered(
    client: httpx.Client, boards: Iterable[Mapping[str, Any]], moments: Iterable[datetime | None]
) -> Iterator[str]:
    """The queries to which Prometheus has no answer at any of these moments."""
    for board in boards:
        for panel in board["panels"]:
            for target in panel["targets"]:
                if not any(values(client, target["expr"], at) for at in moments):
                    yield f"{panel['title']}: {target['expr']}"
