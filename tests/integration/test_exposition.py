"""Prometheus's own linter has nothing to say about what the services tell it."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from services.metrics.gauges import Figures
from services.metrics.picture import Condition, Stage
from shared.contracts.metrics import Level
from shared.contracts.organisation import Organisation
from shared.exposition import expose
from tests.contracts.test_documents import make_all_metrics
from tests.needs import program
from tests.unit import build
from tests.unit.metrics.test_people_gauges import AGREED, Known, Picture, company, person, team


def promtool(exposed: bytes) -> None:
    """Fails with whatever the linter says."""
    command = [program("promtool", "prometheus"), "check", "metrics"]
    done = subprocess.run(command, input=exposed, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert (done.returncode, said) == (0, ""), said


def everybody(organisation: Organisation) -> Picture:
    """Everything that can be told of people and teams."""
    people = [
        person(
            one.id,
            one.team,
            isolation=0.5,
            level=Level.ASK,
            helpers_effective=2.0,
        )
        for one in organisation.people
    ]
    teams = [
        team(one.id, expected_response_s=dict.fromkeys(Stage, 3600.0), answers_by_helper=(1, 2, 3))
        for one in organisation.teams
    ]
    holding = {(condition, one.id) for condition in Condition for one in organisation.teams}
    return Picture(people, teams, holding)


def experienced(*without: str) -> Organisation:
    """A company in which everybody's experience is known, and all agreed to be named."""
    since: Any = {"since": date(2020, 4, 1)}
    people = [one.model_copy(update=since) for one in company().people if one.id not in without]
    return company(AGREED, people=tuple(people))


async def test_the_linter_of_prometheus_finds_nothing_in_any_service(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    make_all_metrics(registry, tmp_path)
    promtool(expose(registry))


def test_the_linter_finds_nothing_in_what_is_told_of_people() -> None:
    organisation = experienced()
    registry = CollectorRegistry()
    figures = Figures(registry, Known(organisation), [], everybody(organisation))

    exposed = expose(registry)
    by_name = expose(figures.by_person)

    promtool(exposed)
    promtool(by_name)
    told = {family.name for family in registry.collect() if family.samples}
    assert {"banso_isolated_people", "banso_helper_top_share_ratio"} <= told
    assert by_name.count(b'banso_person_load_ratio{person="') == len(organisation.people)


def test_a_leaver_is_in_no_series(tmp_path: Path) -> None:
    before = experienced()
    known = Known(before)
    figures = Figures(CollectorRegistry(), known, [], everybody(before))

    known.current = experienced("ren")

    assert b'"ren"' not in expose(figures.by_person)
    assert b'"sho"' in expose(figures.by_person)


def test_spans_of_working_time_say_so() -> None:
    """Calendar time says nothing, or what it is."""
    registry = CollectorRegistry()
    Figures(registry, Known(build.organisation()), [])

    working = {
        family.name
        for family in registry.collect()
        if family.name.endswith("_seconds") and "working seconds" in family.documentation
    }

    assert working == {
        "banso_acknowledgement_seconds",
        "banso_first_response_seconds",
        "banso_resolution_seconds",
        "banso_promise_drift_seconds",
        "banso_expected_response_seconds",
    }
