"""The figures for Prometheus: by team, nothing about any person."""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.metrics.store import Books, Standing
from shared import clock
from shared.contracts.issue import State, Urgency
from shared.contracts.organisation import WORKING_DAY
from shared.organisation import KnownOrganisation

_HOUR_S = 3600.0
_DAY_S = WORKING_DAY.total_seconds()
BUCKETS = tuple(
    [hours * _HOUR_S for hours in (0.25, 1, 2, 4)]
    + [days * _DAY_S for days in (1, 2, 3, 5, 10, 20)]
)
"""In working seconds, from a quarter of an hour to four weeks."""

AGE_QUANTILES = (0.5, 0.95, 1.0)


class Figures:
    """Counters and histograms, and the standing of every open issue."""

    def __init__(
        self,
        registry: CollectorRegistry,
        known: KnownOrganisation,
        standings: Iterable[Standing],
    ) -> None:
        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"banso_{name}", words, ["team", *labels], registry=registry)

        def histogram(name: str, words: str) -> Histogram:
            return Histogram(
                f"banso_{name}_seconds",
                f"{words} In working seconds.",
                ["team"],
                registry=registry,
                buckets=BUCKETS,
            )

        self._known = known
        self._open = {one.issue_id: one for one in standings}
        self.requests = counter("requests", "Issues brought in, by the team that got them.")
        self.answers = counter("answers", "Words of a person that reached the carrier.")
        self.declines = counter("declines", "Times that a team said not ours.", "reason")
        self.reminders = counter("reminders", "Reminders that Banso sent.", "step")
        self.escalations = counter("escalations", "Times that Banso went up the ladder.", "level")
        self.reopens = counter("reopens", "Issues that were not solved after all.")
        self.undone = Counter(
            "banso_undone",
            "Times that something was taken back, and why.",
            ["because"],
            registry=registry,
        )
        self.acknowledgement = histogram(
            "acknowledgement", "From the carrier's first word until an owner took it."
        )
        self.first_response = histogram(
            "first_response", "From the carrier's first word until a person's first words."
        )
        self.resolution = histogram(
            "resolution", "From the carrier's first word until the owner said solved."
        )
        self.dead_letters = Counter(
            "banso_dead_letters",
            "Messages that a service could not handle.",
            ["service"],
            registry=registry,
        )
        self.failed_notifications = Counter(
            "banso_failed_notifications",
            "Notifications that a channel refused for good.",
            ["channel"],
            registry=registry,
        )
        self.unreachable = Counter(
            "banso_people_unreachable",
            "Times that no channel reached somebody any more.",
            registry=registry,
        )
        self.last_event = Gauge(
            "banso_metrics_last_event_timestamp_seconds",
            "When the newest fact folded here happened.",
            registry=registry,
        )
        self._newest = datetime.fromtimestamp(0, UTC)
        registry.register(_OpenIssues(self))

    @property
    def open(self) -> Iterable[Standing]:
        return self._open.values()

    @property
    def teams(self) -> Iterable[str]:
        organisation = self._known.current
        return [team.id for team in organisation.teams] if organisation else []

    def saw(self, occurred_at: datetime) -> None:
        """A fact of this time has been folded."""
        self._newest = max(self._newest, occurred_at)
        self.last_event.set(self._newest.timestamp())

    def committed(self, books: Books) -> None:
        """Counts what a batch has found, now that it can't be taken back."""
        for standing in books.changed.values():
            if standing.state == State.CLOSED:
                self._open.pop(standing.issue_id, None)
            else:
                self._open[standing.issue_id] = standing
        for observe in books.observed:
            observe(self)


class _OpenIssues(Collector):
    """What is counted at the moment of the scrape."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        now = clock.now()
        standings = list(self._figures.open)
        owned = [one for one in standings if one.version > 0]
        yield _unowned(standings, now)
        yield from _by_team(owned, self._figures.teams, now)


def _unowned(standings: list[Standing], now: datetime) -> Metric:
    """Known from intake's fact, so that it grows while the router is down."""
    waiting = [now - one.raised_at for one in standings if one.version == 0]
    age = max(waiting, default=timedelta())
    family = GaugeMetricFamily(
        "banso_unowned_seconds", "Age of the oldest issue that has no owner yet; 0 without one."
    )
    family.add_metric([], max(0.0, age.total_seconds()))
    return family


def _by_team(owned: list[Standing], teams: Iterable[str], now: datetime) -> Iterator[Metric]:
    counts: Tally[tuple[str, State, Urgency]] = Tally()
    unanswered: Tally[str] = Tally(dict.fromkeys(teams, 0))
    ages: dict[str, list[float]] = defaultdict(list)
    for one in owned:
        counts[one.team, one.state, one.urgency] += 1
        unanswered[one.team] += 0 if one.is_answered else 1
        ages[one.team].append((now - one.raised_at).total_seconds())
    family = GaugeMetricFamily(
        "banso_open_issues", "Issues that are not closed.", labels=["team", "state", "urgency"]
    )
    for team in unanswered:
        for state in (State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED):
            for urgency in Urgency:
                family.add_metric([team, state, urgency], counts[team, state, urgency])
    yield family
    family = GaugeMetricFamily(
        "banso_unanswered_issues",
        "Open issues whose carrier has not heard a person's words yet.",
        labels=["team"],
    )
    for team, count in unanswered.items():
        family.add_metric([team], count)
    yield family
    family = GaugeMetricFamily(
        "banso_open_issue_age_seconds",
        "Age of open issues in calendar time; quantile 1 is the oldest.",
        labels=["team", "quantile"],
    )
    for team, found in ages.items():
        found.sort()
        for quantile in AGE_QUANTILES:
            nth = min(len(found) - 1, int(quantile * len(found)))
            family.add_metric([team, str(quantile)], max(0.0, found[nth]))
    yield family
