"""Open issues, counted as they change, so that a scrape need not look at each."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.metrics.gauges.families import add_quantile, quantiles
from services.metrics.store import Standing
from shared import clock
from shared.contracts.issue import State, Urgency

AGE_QUANTILES = (0.5, 0.95, 1.0)
STATES = (State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED)


class OpenIssues:
    """Every issue that is not closed. Instants are kept sorted, the oldest first."""

    def __init__(self, standings: Iterable[Standing]) -> None:
        self._open = {one.issue_id: one for one in standings}
        self._counts: Counter[tuple[str, State, Urgency]] = Counter()
        self._unanswered: Counter[str] = Counter()
        self._raised: defaultdict[str, list[float]] = defaultdict(list)
        self._unowned: list[float] = []
        for one in sorted(self._open.values(), key=lambda one: one.raised_at):
            self._count(one, 1)
            self._instants(one).append(one.raised_at.timestamp())

    def __iter__(self) -> Iterator[Standing]:
        return iter(self._open.values())

    def put(self, standing: Standing) -> None:
        """How an issue stands now."""
        before = self._open.pop(standing.issue_id, None)
        if before is not None:
            self._count(before, -1)
            instants = self._instants(before)
            del instants[bisect_left(instants, before.raised_at.timestamp())]
        if standing.state != State.CLOSED:
            self._open[standing.issue_id] = standing
            self._count(standing, 1)
            insort(self._instants(standing), standing.raised_at.timestamp())

    @property
    def teams(self) -> list[str]:
        """Those that have something open."""
        return [team for team, instants in self._raised.items() if instants]

    def count(self, team: str, state: State, urgency: Urgency) -> int:
        return self._counts[team, state, urgency]

    def unanswered(self, team: str) -> int:
        return self._unanswered[team]

    def raised_at_s(self, team: str, quantile: float) -> float:
        """When the issue was raised that is older than this share of the team's; 1 is the
        oldest."""
        instants = self._raised[team]
        return instants[len(instants) - 1 - min(len(instants) - 1, int(quantile * len(instants)))]

    @property
    def unowned_since_s(self) -> float | None:
        """When the oldest issue was raised that has no owner yet."""
        return self._unowned[0] if self._unowned else None

    def _count(self, one: Standing, by: int) -> None:
        if one.version > 0:
            self._counts[one.team, one.state, one.urgency] += by
            self._unanswered[one.team] += 0 if one.is_answered else by

    def _instants(self, one: Standing) -> list[float]:
        return self._raised[one.team] if one.version > 0 else self._unowned


class IssueGauges(Collector):
    """How open issues stand at the moment of the scrape."""

    def __init__(self, issues: OpenIssues, teams: Callable[[], Iterable[str]]) -> None:
        """`teams` says those of the organisation in force."""
        self._issues = issues
        self._teams = teams

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        now_s = clock.now().timestamp()
        yield self._unowned(now_s)
        teams = list(dict.fromkeys([*self._teams(), *self._issues.teams]))
        yield self._by_state(teams)
        yield self._unanswered(teams)
        yield self._ages(now_s)

    def _unowned(self, now_s: float) -> Metric:
        """Known from intake's fact, so that it grows while the router is down."""
        since_s = self._issues.unowned_since_s
        family = GaugeMetricFamily(
            "banso_unowned_seconds",
            "Age of the oldest issue that has no owner yet; 0 without one.",
        )
        family.add_metric([], 0.0 if since_s is None else max(0.0, now_s - since_s))
        return family

    def _by_state(self, teams: Iterable[str]) -> Metric:
        family = GaugeMetricFamily(
            "banso_open_issues", "Issues that are not closed.", labels=["team", "state", "urgency"]
        )
        for team in teams:
            for state in STATES:
                for urgency in Urgency:
                    count = self._issues.count(team, state, urgency)
                    family.add_metric([team, state, urgency], count)
        return family

    def _unanswered(self, teams: Iterable[str]) -> Metric:
        family = GaugeMetricFamily(
            "banso_unanswered_issues",
            "Open issues whose carrier has not heard a person's words yet.",
            labels=["team"],
        )
        for team in teams:
            family.add_metric([team], self._issues.unanswered(team))
        return family

    def _ages(self, now_s: float) -> Metric:
        family = quantiles(
            "banso_open_issue_age_seconds",
            "Age of open issues in calendar time; quantile 1 is the oldest.",
        )
        for team in self._issues.teams:
            for quantile in AGE_QUANTILES:
                age_s = now_s - self._issues.raised_at_s(team, quantile)
                add_quantile(family, team, quantile, max(0.0, age_s))
        return family
