"""The figures for Prometheus: by team, nothing about any person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.metrics.gauges import BUCKETS, Figures
from services.metrics.store import Standing
from shared import clock
from shared.contracts.issue import State, Urgency
from shared.contracts.organisation import Organisation
from tests.unit import build
from tests.unit.build import HOUR, MONDAY

NOW = MONDAY + timedelta(days=2)


class Stopped:
    """A clock that stands still."""

    def now(self) -> Any:
        return NOW


@dataclass
class Known:
    """The organisation in force."""

    current: Organisation | None = None


@dataclass
class Batch:
    """What a batch has found."""

    changed: dict[str, Standing] = field(default_factory=dict)
    observed: list[Callable[[Figures], None]] = field(default_factory=list)


@pytest.fixture(autouse=True)
def _stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_clock", Stopped())


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def figures(
    registry: CollectorRegistry, *standings: Standing, known: Organisation | None = None
) -> Figures:
    return Figures(registry, Known(known), standings)


def standing(issue_id: str = "issue", **said: Any) -> Standing:
    usual: dict[str, Any] = {
        "issue_id": issue_id,
        "version": 1,
        "state": State.ASSIGNED,
        "urgency": Urgency.NORMAL,
        "team": "product",
        "raised_at": MONDAY,
        "is_answered": False,
    }
    return Standing(**(usual | said))


def batch(*standings: Standing) -> Any:
    return Batch({one.issue_id: one for one in standings})


def unowned(**said: Any) -> Standing:
    return standing(version=0, state=State.RECEIVED, team="none", **said)


def open_issues(
    registry: CollectorRegistry,
    team: str = "product",
    state: State = State.ASSIGNED,
    urgency: Urgency = Urgency.NORMAL,
) -> float | None:
    return registry.get_sample_value(
        "banso_open_issues", {"team": team, "state": state, "urgency": urgency}
    )


def age(registry: CollectorRegistry, quantile: str, team: str = "product") -> float | None:
    return registry.get_sample_value(
        "banso_open_issue_age_seconds", {"team": team, "quantile": quantile}
    )


def test_open_issues_are_counted_by_team_state_and_urgency(registry: CollectorRegistry) -> None:
    figures(
        registry,
        standing("a"),
        standing("b"),
        standing("c", state=State.RESOLVED),
        standing("d", urgency=Urgency.HIGH),
        standing("e", team="shipping"),
    )

    assert open_issues(registry) == 2
    assert open_issues(registry, state=State.RESOLVED) == 1
    assert open_issues(registry, urgency=Urgency.HIGH) == 1
    assert open_issues(registry, "shipping") == 1


def test_a_series_that_has_begun_says_nought_and_does_not_vanish(
    registry: CollectorRegistry,
) -> None:
    figures(registry, known=build.organisation())

    assert open_issues(registry) == 0
    assert open_issues(registry, "shipping", State.RESOLVED, Urgency.HIGH) == 0
    assert registry.get_sample_value("banso_unanswered_issues", {"team": "sales"}) == 0
    assert registry.get_sample_value("banso_unowned_seconds") == 0


def test_before_the_organisation_was_heard_there_are_no_teams(registry: CollectorRegistry) -> None:
    assert list(figures(registry).teams) == []
    assert open_issues(registry) is None


def test_an_issue_that_moved_is_counted_where_it_is_now(registry: CollectorRegistry) -> None:
    ours = figures(registry, standing("a"), known=build.organisation())

    ours.committed(batch(standing("a", version=2, team="shipping", state=State.ACKNOWLEDGED)))

    assert open_issues(registry) == 0
    assert open_issues(registry, "shipping", State.ACKNOWLEDGED) == 1


def test_a_closed_issue_is_counted_no_more_and_one_that_was_reopened_is(
    registry: CollectorRegistry,
) -> None:
    ours = figures(registry, standing("a"), known=build.organisation())

    ours.committed(batch(standing("a", version=2, state=State.CLOSED)))
    assert list(ours.open) == []

    ours.committed(batch(standing("a", version=3, state=State.ASSIGNED)))
    assert open_issues(registry) == 1


def test_closing_what_was_never_seen_open_is_no_trouble(registry: CollectorRegistry) -> None:
    ours = figures(registry)

    ours.committed(batch(standing("a", state=State.CLOSED)))

    assert list(ours.open) == []


def test_the_oldest_issue_without_an_owner_is_watched(registry: CollectorRegistry) -> None:
    figures(
        registry,
        unowned(issue_id="a", raised_at=NOW - 2 * HOUR),
        unowned(issue_id="b", raised_at=NOW - HOUR),
        standing("c", raised_at=NOW - 9 * HOUR),
    )

    assert registry.get_sample_value("banso_unowned_seconds") == 7200


def test_an_issue_that_got_its_owner_is_not_waiting_for_one(registry: CollectorRegistry) -> None:
    ours = figures(registry, unowned(issue_id="a"))

    ours.committed(batch(standing("a")))

    assert registry.get_sample_value("banso_unowned_seconds") == 0
    assert open_issues(registry) == 1


def test_an_issue_without_an_owner_belongs_to_no_team_yet(registry: CollectorRegistry) -> None:
    figures(registry, unowned())

    assert open_issues(registry, "none", State.RECEIVED) is None


def test_an_age_is_never_negative_though_clocks_differ(registry: CollectorRegistry) -> None:
    ahead = NOW + HOUR
    figures(registry, unowned(issue_id="a", raised_at=ahead), standing("b", raised_at=ahead))

    assert registry.get_sample_value("banso_unowned_seconds") == 0
    assert age(registry, "1.0") == 0


def test_who_has_not_heard_a_persons_words_is_counted(registry: CollectorRegistry) -> None:
    figures(registry, standing("a"), standing("b"), standing("c", is_answered=True))

    assert registry.get_sample_value("banso_unanswered_issues", {"team": "product"}) == 2


def test_ages_are_told_by_quantile_and_the_last_is_the_oldest(registry: CollectorRegistry) -> None:
    figures(registry, *(standing(str(n), raised_at=NOW - n * HOUR) for n in range(101)))

    assert (age(registry, "0.5"), age(registry, "0.95"), age(registry, "1.0")) == (
        50 * 3600,
        95 * 3600,
        100 * 3600,
    )


def test_one_issue_is_its_teams_youngest_and_oldest(registry: CollectorRegistry) -> None:
    figures(registry, standing("a", raised_at=NOW - HOUR))

    assert age(registry, "0.5") == age(registry, "1.0") == 3600
    assert age(registry, "1.0", "shipping") is None


def test_what_a_batch_observed_is_counted_once_it_is_committed(registry: CollectorRegistry) -> None:
    ours = figures(registry)
    found = batch()
    found.observed.append(lambda f: f.requests.labels("product").inc())
    found.observed.append(lambda f: f.first_response.labels("product").observe(7200))

    ours.committed(found)

    assert registry.get_sample_value("banso_requests_total", {"team": "product"}) == 1
    assert registry.get_sample_value("banso_first_response_seconds_sum", {"team": "product"}) == (
        7200
    )


def test_the_newest_fact_is_the_one_that_happened_last_and_not_the_one_heard_last(
    registry: CollectorRegistry,
) -> None:
    ours = figures(registry)

    ours.saw(MONDAY)
    ours.saw(MONDAY - HOUR)

    assert registry.get_sample_value("banso_metrics_last_event_timestamp_seconds") == (
        MONDAY.timestamp()
    )


def test_durations_fall_into_hours_and_working_days() -> None:
    hours = [seconds / 3600 for seconds in BUCKETS]

    assert hours == [0.25, 1, 2, 4, 8, 16, 24, 40, 80, 160]


def test_no_figure_is_about_a_person_or_an_issue(registry: CollectorRegistry) -> None:
    """These labels may be there, and no others."""
    ours = figures(registry, standing("issue-1"), known=build.organisation())
    found = batch()
    for name in ("declines", "reminders", "escalations"):
        found.observed.append(lambda f, name=name: getattr(f, name).labels("product", "x").inc())
    ours.committed(found)

    labels = {
        label
        for family in registry.collect()
        for sample in family.samples
        for label in sample.labels
    }

    allowed = {"team", "state", "urgency", "quantile", "step", "level", "reason", "service"}
    assert labels <= allowed | {"channel", "le", "because", "condition"}
    assert b"issue-1" not in generate_latest(registry)


def test_every_figure_has_our_prefix_and_says_what_it_is(registry: CollectorRegistry) -> None:
    figures(registry, standing("a"), known=build.organisation())

    for family in registry.collect():
        assert family.name.startswith("banso_")
        assert family.documentation.endswith(".")


def test_every_teams_counters_begin_at_nought(registry: CollectorRegistry) -> None:
    figures(registry, known=build.organisation())

    for name, labels in (
        ("requests_total", {}),
        ("declines_total", {"reason": "no_time"}),
        ("reminders_total", {"step": "answer"}),
        ("escalations_total", {"level": "leader"}),
        ("handons_total", {}),
        ("resolution_seconds_count", {}),
    ):
        for team in ("product", "sales", "none"):
            found = registry.get_sample_value(f"banso_{name}", {"team": team, **labels})
            assert found == 0, (name, team)
    assert registry.get_sample_value("banso_dead_letters_total", {"service": "router"}) == 0


def test_the_counters_of_a_team_that_comes_later_begin_then(registry: CollectorRegistry) -> None:
    known = Known(None)
    ours = Figures(registry, known, [])
    known.current = build.organisation()

    ours.committed(batch())

    assert registry.get_sample_value("banso_requests_total", {"team": "product"}) == 0
