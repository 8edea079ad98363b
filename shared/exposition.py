"""Writes a registry's metrics in Prometheus's text format, version 0.0.4.

The client library's own writer checks and escapes every name again at each scrape, which at a
company's size takes most of the time. Names are ours; only labels' values are not, and these are
escaped once.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LABELS_KEPT: Final = 100_000
_SUFFIX: Final = {"counter": "_total"}
_NUMBERS: Final = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


def expose(registry: CollectorRegistry) -> bytes:
    """All metrics, without the `_created` series, which Prometheus has no use for."""
    return "".join(line for family in registry.collect() for line in _lines(family)).encode()


def _lines(family: Metric) -> Iterator[str]:
    name = family.name + _SUFFIX.get(family.type, "")
    words = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {words}\n# TYPE {name} {family.type}\n"
    created = f"{family.name}_created"
    for sample in family.samples:
        if sample.name != created:
            number = repr(float(sample.value))
            labels = _labels(tuple(sample.labels.items())) if sample.labels else ""
            yield f"{sample.name}{labels} {_NUMBERS.get(number, number)}\n"


@lru_cache(_LABELS_KEPT)
def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
