"""The figures for Prometheus: by team, or by a group that is large enough."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.metrics.gauges.groups import shown_teams
from services.metrics.gauges.issues import IssueGauges, OpenIssues
from services.metrics.gauges.people import GroupGauges, PersonGauges
from services.metrics.gauges.seen import Known, Nothing, Seen
from services.metrics.standing import NO_TEAM, Standing
from services.metrics.store import Books
from shared.contracts.event import Speaker
from shared.contracts.issue import DeclineReason, Step, UndoneBecause
from shared.contracts.organisation import WORKING_DAY, Channel, Organisation
from shared.contracts.router import CompanionBecause

_HOUR_S = 3600.0
_DAY_S = WORKING_DAY.total_seconds()
BUCKETS = tuple(
    [hours * _HOUR_S for hours in (0.25, 1, 2, 4)]
    + [days * _DAY_S for days in (1, 2, 3, 5, 10, 20)]
)
"""In working seconds, from a quarter of an hour to four weeks."""

LEVELS = ("lead", "leader")
"""How far up Banso went."""


class Figures:
    """Counters and histograms, and the standing of every open issue."""

    def __init__(
        self,
        registry: CollectorRegistry,
        known: Known,
        standings: Iterable[Standing],
        seen: Seen | None = None,
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
        self._began_for: Organisation | None = None
        self._open = OpenIssues(standings)
        self.requests = counter("requests", "Issues brought in, by the team that got them.")
        self.answers = counter("answers", "Words of a person that reached the carrier.")
        self.declines = counter("declines", "Times that a team said not ours.", "reason")
        self.handons = counter("handons", "Times that somebody in a team handed an issue on.")
        self.reminders = counter("reminders", "Reminders that Banso sent.", "step")
        self.escalations = counter("escalations", "Times that Banso went up the ladder.", "level")
        self.reopens = counter("reopens", "Issues that were not solved after all.")
        self.credited_issues = counter(
            "credited_issues",
            "Issues whose carrier confirmed the solution, by the team that solved them.",
        )
        self.answered_elsewhere = counter(
            "answered_elsewhere",
            "Answers that were given by telephone or in person, as the carrier says.",
        )
        self.companions_assigned = counter(
            "companions_assigned",
            "Times that somebody began to run alongside, by the carrier's group.",
            "reason",
        )
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
        self.promise_drift = histogram(
            "promise_drift", "By how much a promised day was moved to a later one."
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
        registry.register(IssueGauges(self._open, lambda: self.teams))
        seen = seen or Nothing()
        registry.register(GroupGauges(seen, known))
        self.by_person = CollectorRegistry()
        """The figures by name, which are told by a page of their own."""
        self.by_person.register(PersonGauges(seen, known))
        for speaker in Speaker:
            self.dead_letters.labels(speaker)
        for channel in Channel:
            self.failed_notifications.labels(channel)
        for because in UndoneBecause:
            self.undone.labels(because)
        self._begin()

    @property
    def open(self) -> Iterable[Standing]:
        return self._open

    @property
    def teams(self) -> Iterable[str]:
        organisation = self._known.current
        return [team.id for team in organisation.teams] if organisation else []

    def saw(self, occurred_at: datetime) -> None:
        """A fact of this time has been folded."""
        self._newest = max(self._newest, occurred_at)
        self.last_event.set(self._newest.timestamp())

    def changed(self, standing: Standing) -> None:
        """An issue stands so from now on."""
        self._open.put(standing)

    def committed(self, books: Books) -> None:
        """Counts what a batch has found, now that it can't be taken back."""
        self._begin()
        for standing in books.changed.values():
            self.changed(standing)
        for observe in books.observed:
            observe(self)

    def _begin(self) -> None:
        """Every team's counters begin at nought: a first event that makes a series is no increase
        for Prometheus."""
        organisation = self._known.current
        if organisation is None or organisation is self._began_for:
            return
        self._began_for = organisation
        for team in [*self.teams, NO_TEAM]:
            for plain in (
                self.requests,
                self.answers,
                self.handons,
                self.reopens,
                self.credited_issues,
                self.answered_elsewhere,
                self.acknowledgement,
                self.first_response,
                self.resolution,
                self.promise_drift,
            ):
                plain.labels(team)
            for reason in DeclineReason:
                self.declines.labels(team, reason)
            for step in Step:
                self.reminders.labels(team, step)
            for level in LEVELS:
                self.escalations.labels(team, level)
        for label in set(shown_teams(organisation).values()):
            for because in CompanionBecause:
                self.companions_assigned.labels(label, because)
