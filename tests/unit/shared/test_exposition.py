"""What we write, Prometheus reads as what the client library writes."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from shared.exposition import expose

words = st.text(
    st.characters(
        exclude_categories=["Cs"], exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    ),
    max_size=20,
)
numbers = st.floats(allow_nan=False)


class Summed(Collector):
    """A summary that is worked out elsewhere."""

    def collect(self) -> list[Metric]:
        family = Metric("waits", "Between.", "summary")
        family.add_sample("waits", {"team": "product", "quantile": "0.5"}, 3)
        return [family]


def read(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def kinds(text: bytes) -> dict[str, tuple[str, str]]:
    return {
        family.name: (family.type, family.documentation)
        for family in text_string_to_metric_families(text.decode())
        if not family.name.endswith("_created")
    }


@given(words, words, numbers)
def test_it_is_read_as_what_the_library_writes(
    label: str, documentation: str, value: float
) -> None:
    registry = CollectorRegistry()
    said = "Said: " + documentation.strip() + "."
    Gauge("held", said, ["who", "where"], registry=registry).labels(label, "here").set(value)
    Counter("taken", said, ["who"], registry=registry).labels(label).inc(2)
    Counter("plain", "Without labels.", registry=registry).inc()
    Histogram("lasted_seconds", said, ["who"], registry=registry, buckets=(1, 60)).labels(
        label
    ).observe(2.5)
    registry.register(Summed())

    ours, theirs = expose(registry), generate_latest(registry)

    assert read(ours) == read(theirs)
    assert kinds(ours) == kinds(theirs)


def test_when_a_series_began_is_not_told() -> None:
    registry = CollectorRegistry()
    Counter("taken", "Taken.", registry=registry).inc()

    assert expose(registry) == (
        b"# HELP taken_total Taken.\n# TYPE taken_total counter\ntaken_total 1.0\n"
    )


def test_what_is_no_number_is_written_as_prometheus_reads_it() -> None:
    registry = CollectorRegistry()
    for name, value in (("most", math.inf), ("least", -math.inf), ("none", math.nan)):
        Gauge(name, "A limit.", registry=registry).set(value)

    said = expose(registry).decode().splitlines()

    assert {"most +Inf", "least -Inf", "none NaN"} <= set(said)
