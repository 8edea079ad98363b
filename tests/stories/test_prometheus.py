"""The real Prometheus scrapes everything, and the figures are those of the databases."""

from __future__ import annotations

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.up import SAMPLE
from tests.installation import Installation, running, until
from tests.prometheus import ask, prometheus

AGREEMENT = "\nprivacy: {tier: names, agreement: Works agreement of 2026-04-01}\n"


def test_prometheus_scrapes_every_service_and_counts_as_the_database_does(
    banso: Installation, tmp_path: Path
) -> None:
    for category in ("not-working", "not-working", "no-effect"):
        banso.raise_issue(category=category)
    asked = banso.expect("nguyen", "This is yours now")
    banso.press(asked, "I take it")
    banso.expect("brown", "It is being worked on")
    for _ in range(3):
        banso.expect("brown", "We have received it")
    banso.expect("abe", "あなたの担当になりました")
    banso.expect("kato", "あなたの担当になりました")
    banso.settle()

    with prometheus(tmp_path, banso.endpoints["metrics"]) as client:
        services = ("audit", "intake", "metrics", "notifier", "router")
        everybody = {(f"banso-{name}",) for name in services}
        up = "min by (job) (up == 1)"
        until(lambda: ask(client, up).keys() == everybody, "all are scraped")
        by_team = "sum by (team) (banso_open_issues) > 0"
        until(lambda: ask(client, by_team), "the figures are there")

        counted = banso.ask("router", "select team_id, count(*) from issue group by team_id")
        assert ask(client, by_team) == {(team,): count for team, count in counted}
        taken = "sum by (team) (banso_acknowledgement_seconds_count) > 0"
        assert ask(client, taken) == {("product",): 1}
        assert ask(client, "banso_unowned_seconds + 0") != {}
        assert ask(client, 'count({__name__=~"banso_.*", person!=""})') == {}


def test_figures_by_name_are_told_as_long_as_an_agreement_allows_them(tmp_path: Path) -> None:
    sample = SAMPLE.read_text("utf-8")
    agreed = sample + AGREEMENT
    file = tmp_path / "organisation.yaml"
    file.write_text(agreed, "utf-8")
    token = "a-token-of-prometheus"
    environment = {"BANSO_PEOPLE_TOKEN": token}
    with running(tmp_path, organisation=file, environment=environment, expecting=False) as banso:
        banso.raise_issue()
        url = f"{banso.endpoints['metrics']['metrics']}/people"
        headers = {"Authorization": f"Bearer {token}"}

        def told(name: str) -> dict[str, float]:
            return {
                sample.labels["person"]: sample.value
                for family in text_string_to_metric_families(httpx.get(url, headers=headers).text)
                for sample in family.samples
                if sample.name == name
            }

        carriers = until(lambda: told("banso_person_isolation_ratio"), "the carrier has a figure")
        until(lambda: told("banso_person_load_seconds")["nguyen"] > 0, "the owner has work in hand")
        assert carriers.keys() == {"brown"}
        load = told("banso_person_load_seconds")
        assert load["nguyen"] > load["brown"] > load["sato"] == 0
        assert httpx.get(url).status_code == 401
        assert "banso_person" not in httpx.get(banso.endpoints["metrics"]["metrics"]).text

        file.write_text(sample, "utf-8")
        until(
            lambda: httpx.get(url, headers=headers).status_code == 404,
            "what is agreed upon no more is told no more",
        )
