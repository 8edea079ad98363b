"""The real Prometheus scrapes everything, and the figures are those of the databases."""

from __future__ import annotations

from pathlib import Path

from tests.installation import Installation, until
from tests.prometheus import ask, prometheus


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
