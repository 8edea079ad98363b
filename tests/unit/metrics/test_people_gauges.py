"""What Prometheus is told about people: by group, and by name only where that is agreed upon."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.metrics.gauges import Figures
from services.metrics.gauges.counting import companion_assigned
from services.metrics.gauges.people import DAY_S
from services.metrics.picture import Condition, PersonSeen, Stage, TeamSeen
from shared import clock
from shared.contracts.metrics import Level
from shared.contracts.organisation import Organisation, Privacy, Tier
from shared.contracts.router import CompanionAssigned, CompanionBecause
from tests.unit import build
from tests.unit.build import MONDAY

AGREED = Privacy(tier=Tier.NAMES, agreement="Works agreement of 2026-04-01", smallest_group=3)
FROM_THREE = Privacy(smallest_group=3)


class Stopped:
    """A clock that stands still."""

    def now(self) -> datetime:
        return MONDAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_clock", Stopped())


@dataclass
class Known:
    current: Organisation | None


@dataclass
class Picture:
    """What was folded."""

    persons: Iterable[PersonSeen] = ()
    of_teams: Iterable[TeamSeen] = ()
    holding: Collection[tuple[Condition, str]] = ()

    def people(self, _: datetime) -> Iterable[PersonSeen]:
        return self.persons

    def teams(self, _: datetime) -> Iterable[TeamSeen]:
        return self.of_teams

    def conditions(self, _: datetime) -> Collection[tuple[Condition, str]]:
        return self.holding


def person(person_id: str, team: str = "product", **said: Any) -> PersonSeen:
    usual: dict[str, Any] = {
        "person_id": person_id,
        "team": team,
        "front_line": False,
        "experience_years": None,
        "load_s": 0.0,
        "load_ratio": 0.0,
        "isolation": None,
        "evidence": 0.0,
        "why": (),
        "level": None,
        "owns": 0,
        "carries": 0,
        "oldest_wait_ratio": 0.0,
        "helpers_effective": None,
        "is_absent": False,
        "has_companion": False,
        "accompanies": 0,
    }
    return PersonSeen(**(usual | said))


def team(team_id: str = "product", **said: Any) -> TeamSeen:
    usual: dict[str, Any] = {
        "team": team_id,
        "requests": 0.0,
        "answers": 0.0,
        "expected_answers": 0.0,
        "expected_response_s": {},
        "helper_top_share": None,
        "helpers": 0,
    }
    return TeamSeen(**(usual | said))


def company(privacy: Privacy = FROM_THREE, **said: Any) -> Organisation:
    """Four people in product, and two each in shipping and sales."""
    return build.organisation(privacy=privacy, **said)


@dataclass
class Told:
    """What Prometheus reads."""

    registry: CollectorRegistry
    by_person: CollectorRegistry

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"banso_{name}", labels)

    def of(self, person_id: str, name: str, **labels: str) -> float | None:
        said = {"person": person_id, "team": "product", **labels}
        return self.by_person.get_sample_value(f"banso_person_{name}", said)

    def labels(self, name: str) -> set[str]:
        """The teams for which a figure is told."""
        return {
            sample.labels["team"]
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == f"banso_{name}"
        }


def told(picture: Picture, organisation: Organisation | None = None) -> Told:
    registry = CollectorRegistry()
    figures = Figures(registry, Known(organisation or company()), [], picture)
    return Told(registry, figures.by_person)


PRODUCT = [
    person("kai", load_ratio=0.2, isolation=0.1),
    person("mio", load_ratio=1.4, isolation=0.9, level=Level.ALARM),
    person("ren", load_ratio=0.4, isolation=0.4, level=Level.WATCH),
    person("sho", load_ratio=0.6),
]


def test_people_are_counted_by_the_highest_level_that_is_in_force() -> None:
    found = told(Picture(PRODUCT))

    assert found("isolated_people", team="product", level="alarm") == 1
    assert found("isolated_people", team="product", level="watch") == 1
    assert found("isolated_people", team="product", level="ask") == 0


def test_much_to_do_and_no_answers_are_told_apart() -> None:
    alone = person("ren", load_ratio=0.4, isolation=0.4, level=Level.WATCH)
    busy = person("kai", load_ratio=1.2, isolation=0.1)
    both, neither = PRODUCT[1], person("sho", isolation=0.05)

    found = told(Picture([alone, busy, both, neither, person("mio")]))

    for field in ("light", "loaded", "ignored", "loaded_ignored"):
        assert found("carriers", team="product", field=field) == 1
    assert told(Picture([alone, busy, person("sho")])).labels("carriers") == set()


def test_the_longest_wait_for_a_team_is_told() -> None:
    found = told(Picture(of_teams=[team("product", oldest_wait_ratio=2.5), team("shipping")]))

    assert found("oldest_wait_ratio", team="product") == 2.5
    assert found("oldest_wait_ratio", team="shipping") == 0


def test_isolation_and_load_of_a_group_are_told_by_quantile() -> None:
    found = told(Picture(PRODUCT))

    assert found("isolation_ratio", team="product", quantile="0.5") == 0.4
    assert found("load_ratio", team="product", quantile="0.5") == 0.5
    assert found("people_over_load", team="product") == 1
    assert found("load_gini_ratio", team="product") == pytest.approx(0.365, abs=0.001)


def test_whoever_has_asked_nothing_does_not_make_a_group_of_the_others() -> None:
    """Four people are enough for their load, but only two have a figure of isolation."""
    found = told(Picture([*PRODUCT[:2], person("ren"), person("sho")]))

    assert found.labels("isolation_ratio") == found.labels("isolated_people") == set()
    assert found.labels("load_ratio") == {"product"}


def test_small_teams_are_told_together() -> None:
    small = [person("ume", "shipping", load_ratio=2), person("yui", "shipping")]
    small += [person("aki", "sales", load_ratio=1.1), person("emi", "sales")]

    found = told(Picture([*PRODUCT, *small]))

    assert found.labels("people_over_load") == {"product", "other"}
    assert found("people_over_load", team="other") == 2


def test_one_small_team_alone_is_left_out() -> None:
    found = told(Picture([*PRODUCT, person("ume", "shipping", load_ratio=2)]))

    assert found.labels("people_over_load") == {"product"}


def test_whoever_left_counts_nowhere() -> None:
    found = told(Picture([*PRODUCT, person("gone", load_ratio=9)]), company(AGREED))

    assert found("people_over_load", team="product") == 1
    assert b"gone" not in generate_latest(found.by_person)


def test_how_a_team_answers_is_told_by_team_however_small() -> None:
    slow = team(
        "shipping", expected_answers=7.5, expected_response_s={Stage.FIRST: 3600, Stage.NEXT: 7200}
    )

    found = told(Picture(of_teams=[slow]))

    assert found("expected_answers_total", team="shipping") == 7.5
    assert found("expected_response_seconds", team="shipping", stage="next") == 7200


def test_how_concentrated_help_is_counts_the_helpers_of_a_group() -> None:
    few = team("product", answers_by_helper=(5, 5))
    many = team("shipping", answers_by_helper=(1, 1, 2))

    found = told(Picture(of_teams=[few, many]))

    assert found.labels("helper_top_share_ratio") == {"shipping"}
    assert found("helper_top_share_ratio", team="shipping") == 0.5


def test_who_stands_at_the_front_and_for_how_long_they_have_done_so() -> None:
    front = [
        build.person(name, "sales", front_line=True, since=date(2026, 6, 2 - days))
        for name, days in (("a", 0), ("b", 1), ("c", 1))
    ]
    organisation = company(people=(*company().people, *front))

    found = told(Picture(), organisation)

    assert found("front_line_people", team="sales") == 5
    assert found("support_people", team="sales") == 0
    assert found("support_people", team="product") == 4
    assert found("front_line_experience_seconds", team="sales") == pytest.approx(DAY_S * 2 / 3)
    assert found.labels("support_experience_seconds") == set()


def test_a_condition_about_a_team_is_told_by_team() -> None:
    found = told(Picture(holding={(Condition.TEAM_SILENT, "shipping")}))

    assert found("condition_active", condition="team_silent", team="shipping") == 1
    assert found("condition_active", condition="team_silent", team="product") == 0


def test_a_condition_about_somebody_is_told_of_a_group_or_of_nobody() -> None:
    alone = Condition.ISOLATION_ALARM
    small = [person(name, where, isolation=0.9) for name, where in (("ume", "shipping"),)]
    more = [person(name, "sales", isolation=0.1) for name in ("aki", "emi")]
    holding = {(alone, "shipping")}

    hidden = told(Picture([*PRODUCT, *small], holding=holding))
    shown = told(Picture([*PRODUCT, *small, *more], holding=holding))

    assert hidden("condition_active", condition=alone, team="shipping") is None
    assert hidden("condition_active", condition=alone, team="other") is None
    assert hidden("condition_active", condition=alone, team="product") == 0
    assert shown("condition_active", condition=alone, team="other") == 1
    assert shown("condition_active", condition=alone, team="shipping") is None


def test_a_condition_about_load_counts_everybody_in_the_team() -> None:
    found = told(Picture(PRODUCT, holding={(Condition.OVER_LOAD, "product")}))

    assert found("condition_active", condition="over_load", team="product") == 1
    assert found("condition_active", condition="over_load", team="shipping") is None


def test_a_condition_of_the_whole_company_has_no_team() -> None:
    found = told(Picture(holding={(Condition.METRICS_STALE, "none")}))

    assert found("condition_active", condition="metrics_stale", team="none") == 1


def test_without_an_agreement_nothing_is_told_by_name() -> None:
    found = told(Picture(PRODUCT))

    assert generate_latest(found.by_person) == b""
    said = generate_latest(found.registry)
    assert not any(one.person_id.encode() + b'"' in said for one in PRODUCT)
    assert b"banso_person" not in said


def test_with_one_each_person_has_their_figures_on_a_page_of_their_own() -> None:
    mio = person(
        "mio",
        load_s=28800.0,
        load_ratio=0.2,
        isolation=0.4,
        evidence=3.5,
        owns=2,
        carries=1,
        oldest_wait_ratio=2.5,
        helpers_effective=1.8,
        is_absent=True,
        has_companion=True,
    )

    found = told(Picture([mio]), company(AGREED))

    assert found.of("mio", "load_seconds") == 28800
    assert found.of("mio", "load_ratio") == 0.2
    assert found.of("mio", "isolation_ratio") == 0.4
    assert found.of("mio", "isolation_evidence") == 3.5
    assert found.of("mio", "oldest_wait_ratio") == 2.5
    assert found.of("mio", "helpers_effective") == 1.8
    assert found.of("mio", "absent") == found.of("mio", "companion_active") == 1
    assert found.of("mio", "open_issues", role="owner") == 2
    assert found.of("mio", "open_issues", role="carrier") == 1
    assert b"banso_person" not in generate_latest(found.registry)


def test_whoever_has_asked_nothing_has_no_isolation_rather_than_none() -> None:
    found = told(Picture([person("mio")]), company(AGREED))

    assert found.of("mio", "isolation_ratio") is None
    assert found.of("mio", "isolation_evidence") is None
    assert found.of("mio", "helpers_effective") is None
    assert found.of("mio", "load_ratio") == 0


def test_before_the_organisation_was_heard_nothing_is_told_of_people() -> None:
    registry = CollectorRegistry()
    figures = Figures(registry, Known(None), [], Picture(PRODUCT))

    assert registry.get_sample_value("banso_people_over_load", {"team": "product"}) is None
    assert generate_latest(figures.by_person) == b""


@pytest.mark.parametrize(("carrier", "counted"), [("ren", {"product"}), ("emi", {"other"})])
def test_a_companion_is_counted_for_the_carriers_group(carrier: str, counted: set[str]) -> None:
    found = assign(carrier, company())

    assert {label for label, value in found.items() if value} == counted


def test_a_companion_in_a_group_that_is_too_small_is_counted_nowhere() -> None:
    too_small = company(Privacy(smallest_group=9))

    assert assign("emi", too_small) == {}
    assert assign("x-1", company()) == {"product": 0, "other": 0}


def assign(carrier: str, organisation: Organisation) -> dict[str, float]:
    registry = CollectorRegistry()
    figures = Figures(registry, Known(organisation), [])
    event = CompanionAssigned(
        event_id="event",
        occurred_at=MONDAY,
        companionship_id="one",
        carrier_id=carrier,
        companion_id="kai",
        because=CompanionBecause.AGREED,
    )
    for observe in companion_assigned(event, organisation):
        observe(figures)
    return {
        sample.labels["team"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "banso_companions_assigned_total" and sample.labels["reason"] == "agreed"
    }
