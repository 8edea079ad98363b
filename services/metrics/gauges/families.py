"""Kinds of metrics for which the client has no ready-made family."""

from __future__ import annotations

from prometheus_client.core import Metric


def quantiles(name: str, words: str) -> Metric:
    """By team, worked out here: a summary, since the label `quantile` belongs to those alone. It
    has neither sum nor count, from which single values could be worked out."""
    return Metric(name, words, "summary")


def add_quantile(family: Metric, team: str, share: float, value: float) -> None:
    family.add_sample(family.name, {"team": team, "quantile": str(share)}, value)
