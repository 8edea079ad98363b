"""The real Prometheus scrapes everything, and the figures are those of the databases."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.bench.journey import free_ports
from tests.installation import Installation, until
from tests.needs import program


@contextmanager
def prometheus(directory: Path, scrapes: dict[str, str]) -> Iterator[httpx.Client]:
    """Debian's Prometheus, scraping these addresses each second."""
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [httpx.URL(url).netloc.decode()]}]}
        for name, url in scrapes.items()
    ]
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    (port,) = free_ports(1)
    with (directory / "prometheus.log").open("wb") as output:
        process = subprocess.Popen(
            [
                program("prometheus", "prometheus"),
                f"--config.file={file}",
                f"--storage.tsdb.path={directory / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            until(lambda: is_up(client), "Prometheus is ready")
            yield client
    finally:
        process.terminate()
        process.wait(20)


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def ask(client: httpx.Client, query: str) -> dict[tuple[str, ...], float]:
    """The value of each series that a query gives, by its labels' values."""
    answer: dict[str, Any] = client.get("/api/v1/query", params={"query": query}).json()
    assert answer["status"] == "success", answer
    return {
        tuple(series["metric"][name] for name in sorted(series["metric"])): float(
            series["value"][1]
        )
        for series in answer["data"]["result"]
    }


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
        everybody = {("audit",), ("intake",), ("metrics",), ("notifier",), ("router",)}
        up = "min by (job) (up == 1)"
        until(lambda: ask(client, up).keys() == everybody, "all are scraped")
        by_team = "sum by (team) (banso_open_issues) > 0"
        until(lambda: ask(client, by_team), "the figures are there")

        counted = banso.ask("router", "select team_id, count(*) from issue group by team_id")
        assert ask(client, by_team) == {(team,): count for team, count in counted}
        taken = "sum by (team) (banso_acknowledgement_seconds_count)"
        assert ask(client, taken) == {("product",): 1}
        assert ask(client, "banso_unowned_seconds + 0") != {}
        assert ask(client, 'count({__name__=~"banso_.*", person!=""})') == {}
