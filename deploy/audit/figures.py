"""What the auditor tells Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from deploy.audit.auditor import Audit
from deploy.audit.promises import Promise


class Figures:
    """The figures of the last complete audit; before the first there are none of its findings."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, words: str, *labels: str) -> Gauge:
            return Gauge(f"banso_audit_{name}", words, labels, registry=registry)

        self._violations = gauge("violations", "How often a promise is broken.", "promise")
        self._last = gauge("last_complete_timestamp_seconds", "When an audit last ran to its end.")
        self._last_full = gauge(
            "last_full_timestamp_seconds",
            "When everything was last proven from the beginning.",
        )
        self._duration = gauge("duration_seconds", "How long the last complete audit took.")
        self._unowned = gauge(
            "unowned_seconds", "Age of the oldest accepted issue that no owner has; 0 without one."
        )
        self._stepless = gauge(
            "stepless_seconds",
            "How long an open issue has been without a next step; 0 without one.",
        )
        self._repairs = Counter(
            "banso_audit_repairs",
            "Repairs that the auditor has asked for.",
            ["promise"],
            registry=registry,
        )
        self._incomplete = Counter(
            "banso_audit_incomplete", "Audits that could not be finished.", registry=registry
        )
        self._signals = Counter(
            "banso_audit_signals",
            "Signals to the dead-man address, by what became of them.",
            ["result"],
            registry=registry,
        )
        for promise in Promise:
            self._repairs.labels(promise)

    def keep(self, audit: Audit) -> None:
        """The figures of an audit that has just ended."""
        for promise, count in audit.violations.items():
            self._violations.labels(promise).set(count)
        for promise, count in audit.repaired.items():
            self._repairs.labels(promise).inc(count)
        self._last.set(audit.at.timestamp())
        if audit.full:
            self._last_full.set(audit.at.timestamp())
        self._duration.set(audit.took_s)
        self._unowned.set(max(0.0, audit.unowned.total_seconds()))
        self._stepless.set(max(0.0, audit.stepless.total_seconds()))

    def incomplete(self) -> None:
        self._incomplete.inc()

    def signalled(self, *, heard: bool) -> None:
        self._signals.labels("heard" if heard else "unheard").inc()
