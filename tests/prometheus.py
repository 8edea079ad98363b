"""Debian's Prometheus and Alertmanager, on free ports, in a directory of a test's own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.bench.journey import free_ports
from tests.installation import until
from tests.needs import program

ROOT = Path(__file__).parents[1]
RULES = ROOT / "deploy/prometheus"
_RANGE = re.compile(r"\[\w+\]")


@contextmanager
def server(name: str, port: int, command: Sequence[str], directory: Path) -> Iterator[httpx.Client]:
    """Runs a program until the test is over; begins once it says that it is ready."""
    with (directory / f"{name}.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            until(lambda: is_up(client), f"{name} is ready")
            yield client
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def prometheus(
    directory: Path,
    scrapes: Mapping[str, str],
    *,
    rules: Sequence[Path] = (),
    alertmanager: httpx.Client | None = None,
    interval: str = "1s",
    flags: Sequence[str] = (),
) -> Iterator[httpx.Client]:
    """Scrapes these addresses; each job has its name and `banso-` before it."""
    jobs = [
        {
            "job_name": f"banso-{name}",
            "static_configs": [{"targets": [httpx.URL(url).netloc.decode()]}],
        }
        for name, url in scrapes.items()
    ]
    every: dict[str, Any] = {"scrape_interval": interval, "evaluation_interval": interval}
    configuration: dict[str, Any] = {"global": every, "scrape_configs": jobs}
    configuration["rule_files"] = [str(file) for file in rules]
    if alertmanager is not None:
        target = alertmanager.base_url.netloc.decode()
        configuration["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [target]}]}]}
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration))
    (port,) = free_ports(1)
    command = [
        program("prometheus", "prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
        *flags,
    ]
    with server("prometheus", port, command, directory) as client:
        yield client


@contextmanager
def alertmanager(directory: Path, hook: str, token: str) -> Iterator[httpx.Client]:
    """The example in `deploy/`, for this hook, and in a hurry."""
    secret = directory / "banso.token"
    secret.write_text(token)
    configuration = yaml.safe_load((RULES / "alertmanager.yml").read_text("utf-8"))
    (to_banso,) = (one for one in configuration["receivers"] if one["name"] == "banso")
    (webhook,) = to_banso["webhook_configs"]
    webhook["url"] = hook
    webhook["http_config"]["authorization"]["credentials_file"] = str(secret)
    configuration["receivers"] = [to_banso]
    (route,) = (one for one in configuration["route"]["routes"] if one["receiver"] == "banso")
    at_once = {"group_wait": "1s", "group_interval": "1s", "repeat_interval": "1s"}
    configuration["route"] = {**route, **at_once}
    configuration["route"].pop("matchers")
    configuration.pop("global", None)
    file = directory / "alertmanager.yml"
    file.write_text(yaml.safe_dump(configuration))
    (port,) = free_ports(1)
    command = [
        program("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={file}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with server("alertmanager", port, command, directory) as client:
        yield client


def hurried(file: Path, directory: Path) -> Path:
    """The same rules, which wait for nothing and look back for seconds only."""
    rules = yaml.safe_load(file.read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["expr"] = _RANGE.sub("[10s]", rule["expr"])
            if "for" in rule:
                rule["for"] = "0s"
    copy = directory / file.name
    copy.write_text(yaml.safe_dump(rules, allow_unicode=True), "utf-8")
    return copy


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
