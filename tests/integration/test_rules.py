"""The rules for Prometheus: each alert fires when it should, and only then."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.needs import program

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus"
ALERTS = RULES / "alerts.yml"
RUNBOOKS = ROOT / "docs/runbooks"
ADDRESS = "https://banso.example.com/runbooks/"
FILES = sorted(path.name for path in RULES.glob("*.yml") if "groups" in path.read_text())

Series = dict[str, str]
"""Values a minute apart, as promtool writes them."""


@dataclass(frozen=True)
class Case:
    """What makes an alert fire, and what looks like it and does not."""

    fires: Series
    quiet: Series
    labels: dict[str, str] = field(default_factory=dict)
    at: str = "20m"
    """When it fires."""
    not_yet: str = "0m"
    """When it does not yet, because it must last."""


def holds(condition: str) -> Case:
    """A condition of `watch`, in a service of which two replicas are scraped."""

    def series(values: str) -> Series:
        return {
            f'banso_condition_active{{condition="{condition}",team="{team}",instance="{n}"}}': said
            for n in (1, 2)
            for team, said in (("product", values), ("shipping", "0x30"))
        }

    return Case(series("1x30"), series("1 1 1 0x30"), {"team": "product"}, not_yet="4m")


CASES = {
    "BansoScrapeGone": Case(
        {'up{job="banso-router",instance="a"}': "1 0x30"},
        {'up{job="banso-router",instance="a"}': "1 0 0 0 1x30", 'up{job="else"}': "0x30"},
        {"job": "banso-router"},
        not_yet="5m",
    ),
    "BansoScrapeMissing": Case(
        {'up{job="else"}': "1x30"}, {'up{job="banso-intake"}': "0x30"}, not_yet="4m"
    ),
    "BansoServiceNotReady": Case(
        {'banso_ready{job="banso-intake",check="smtp"}': "0x30"},
        {
            'banso_ready{job="banso-intake",check="smtp"}': "0 0 1x30",
            'banso_ready{job="banso-intake",check="nats"}': "0x30",
        },
        {"job": "banso-intake", "check": "smtp"},
        not_yet="4m",
    ),
    "BansoStreamDown": Case(
        {'banso_ready{job="banso-router",check="nats"}': "0x30"},
        {
            'banso_ready{job="banso-router",check="nats"}': "0 1x30",
            'banso_ready{job="banso-router",check="organisation"}': "0x30",
        },
        {"job": "banso-router", "check": "nats"},
        not_yet="1m",
    ),
    "BansoDeadLetters": Case(
        {'banso_dead_letters_total{service="router"}': "0 0 0 0 0 0 1x30"},
        {'banso_dead_letters_total{service="router"}': "3x30"},
        {"service": "router"},
        at="10m",
    ),
    "BansoChannelMisconfigured": Case(
        {'banso_channel_misconfigured_total{channel="slack"}': "0+1x30"},
        {'banso_channel_misconfigured_total{channel="slack"}': "5x30"},
        {"channel": "slack"},
        not_yet="2m",
    ),
    "BansoNotificationsFailed": Case(
        {'banso_failed_notifications_total{channel="email"}': "0 0 2x30"},
        {'banso_failed_notifications_total{channel="email"}': "2x30"},
        {"channel": "email"},
    ),
    "BansoMailboxDown": Case(
        {'banso_mailbox_up{mailbox="issues"}': "0x30"},
        {'banso_mailbox_up{mailbox="issues"}': "0 0 0 0 0 1x30"},
        {"mailbox": "issues"},
        not_yet="9m",
    ),
    "BansoMailsSetAside": Case(
        {'banso_mails_taken_total{way="imap",result="set_aside"}': "0 0 1x30"},
        {'banso_mails_taken_total{way="imap",result="stored"}': "0+1x30"},
        {"result": "set_aside"},
    ),
    "BansoChatDown": Case(
        {'banso_chat_up{chat="matrix"}': "0x30"},
        {'banso_chat_up{chat="matrix"}': "0 0 0 0 1x30"},
        {"chat": "matrix"},
        not_yet="9m",
    ),
    "BansoUnowned": Case(
        {"banso_unowned_seconds": "0 61+60x30"},
        {"banso_unowned_seconds": "59x30", "banso_audit_unowned_seconds": "0 70 0x30"},
    ),
    "BansoDecisionsOverdue": Case(
        {'banso_escalations_total{team="product",level="lead"}': "4 4 5x30"},
        {'banso_escalations_total{team="product",level="lead"}': "4x30"},
        {"team": "product", "level": "lead"},
    ),
    "BansoPeopleUnreachable": Case(
        {'banso_people_not_reachable{channel="any",kind="inside"}': "2x30"},
        {
            'banso_people_not_reachable{channel="any",kind="outside"}': "2x30",
            'banso_people_not_reachable{channel="slack",kind="inside"}': "2x30",
        },
        not_yet="14m",
    ),
    "BansoAuditViolations": Case(
        {'banso_audit_violations{promise="owner"}': "1x30"},
        {'banso_audit_violations{promise="owner"}': "1 1 0x30"},
        {"promise": "owner"},
        not_yet="2m",
    ),
    "BansoAuditRepairs": Case(
        {'banso_audit_repairs_total{promise="said"}': "0 0 1x30"},
        {'banso_audit_repairs_total{promise="said"}': "1x30"},
        {"promise": "said"},
    ),
    "BansoAuditStale": Case(
        {"banso_audit_last_complete_timestamp_seconds": "0x30"},
        {"banso_audit_last_complete_timestamp_seconds": "0+60x30"},
        not_yet="14m",
    ),
    "BansoIsolationWatch": holds("isolation_watch"),
    "BansoIsolationAsk": holds("isolation_ask"),
    "BansoIsolationAlarm": holds("isolation_alarm"),
    "BansoCompanionNotHelping": holds("companion_not_helping"),
    "BansoRequestForgotten": holds("request_forgotten"),
    "BansoPingPong": holds("ping_pong"),
    "BansoOverLoad": holds("over_load"),
    "BansoTeamSilent": holds("team_silent"),
    "BansoCapacityCliff": holds("capacity_cliff"),
    "BansoRefusalsUp": holds("refusals_up"),
    "BansoHelpersConcentrated": holds("helpers_concentrated"),
    "BansoOffHoursReminders": holds("off_hours_reminders"),
    "BansoMetricsStale": Case(
        {'banso_condition_active{condition="metrics_stale",team="none"}': "1x30"},
        {'banso_condition_active{condition="metrics_stale",team="none"}': "1 1 0x30"},
        not_yet="4m",
    ),
}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promtool(*words: str, file: Path | None = None) -> str:
    command = [program("promtool", "prometheus"), *words, *([str(file)] if file else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def series(said: Series) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in said.items()]


def expected(rule: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    """The alert as Prometheus sends it."""

    def filled(words: str) -> str:
        return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found.group(1)], words)

    return {
        "exp_labels": {**rule["labels"], **labels},
        "exp_annotations": {name: filled(words) for name, words in rule["annotations"].items()},
    }


def unit_tests(rule: dict[str, Any], case: Case) -> list[dict[str, Any]]:
    def looks(at: str, *alerts: dict[str, Any]) -> dict[str, Any]:
        return {"eval_time": at, "alertname": rule["alert"], "exp_alerts": list(alerts)}

    firing = expected(rule, case.labels)
    return [
        {
            "interval": "1m",
            "input_series": series(case.fires),
            "alert_rule_test": [looks(case.not_yet), looks(case.at, firing)],
        },
        {
            "interval": "1m",
            "input_series": series(case.quiet),
            "alert_rule_test": [looks(case.at), looks("30m")],
        },
    ]


def test_the_rules_are_well_formed() -> None:
    assert FILES == ["alerts.yml", "recording.yml"]
    for name in FILES:
        promtool("check", "rules", "--lint=all", "--lint-fatal", file=RULES / name)


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_fires_when_it_should_and_only_then(rule: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "tests.yml"
    tests = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": unit_tests(rule, CASES[rule["alert"]]),
    }
    file.write_text(yaml.safe_dump(tests, allow_unicode=True), "utf-8")

    promtool("test", "rules", file=file)


def test_a_weekend_without_any_answer_is_no_ratio_and_a_silent_team_has_a_low_one(
    tmp_path: Path,
) -> None:
    counters = {
        'banso_answers_total{team="product"}': "0+1x60",
        'banso_expected_answers_total{team="product"}': "0+4x60",
        'banso_answers_total{team="shipping"}': "7x60",
        'banso_expected_answers_total{team="shipping"}': "9x60",
    }
    asked = {
        "expr": "team:banso_answers_to_expected:ratio1w",
        "eval_time": "60h",
        "exp_samples": [
            {"labels": 'team:banso_answers_to_expected:ratio1w{team="product"}', "value": 0.25}
        ],
    }
    tests = {
        "rule_files": [str(RULES / "recording.yml")],
        "evaluation_interval": "1h",
        "tests": [
            {"interval": "1h", "input_series": series(counters), "promql_expr_test": [asked]}
        ],
    }
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump(tests), "utf-8")

    promtool("test", "rules", file=file)


def test_no_alert_is_about_a_person_and_every_one_aggregates() -> None:
    for rule in alerts():
        said = yaml.safe_dump(rule)
        assert "banso_person" not in said, rule["alert"]
        assert "$labels.person" not in said, rule["alert"]
        assert re.search(r"\b(max|min|sum|absent)\b( by \([a-z, ]+\))? ?\(", rule["expr"])
        assert "for" in rule
        assert rule["labels"].keys() == {"severity", "from"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


def test_every_alert_has_its_page_in_both_languages_and_every_page_its_alert() -> None:
    named = set()
    for rule in alerts():
        address = rule["annotations"]["runbook_url"]
        assert address.startswith(ADDRESS)
        page = address.removeprefix(ADDRESS)
        for file in (RUNBOOKS / page, RUNBOOKS / page.replace(".md", ".ja.md")):
            assert f"`{rule['alert']}`" in file.read_text("utf-8"), file
            named.add(file.name)

    there = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md", "README.ja.md"}
    assert there == named
    for index in ("README.md", "README.ja.md"):
        listed = (RUNBOOKS / index).read_text("utf-8")
        assert {rule["alert"] for rule in alerts()} == set(re.findall(r"`(Banso\w+)`", listed))


@pytest.mark.parametrize("name", ["prometheus.yml", "people.yml"])
def test_the_examples_for_prometheus_are_taken(name: str) -> None:
    promtool("check", "config", "--syntax-only", file=RULES / name)


def test_the_example_for_alertmanager_is_taken_and_makes_one_group_of_all_alerts() -> None:
    file = RULES / "alertmanager.yml"
    amtool = program("amtool", "prometheus-alertmanager")

    done = subprocess.run(
        [amtool, "check-config", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    routes = yaml.safe_load(file.read_text("utf-8"))["route"]["routes"]
    (to_banso,) = (one for one in routes if one["receiver"] == "banso")
    assert to_banso["group_by"] == ["from"]
    assert {rule["labels"]["from"] for rule in alerts()} == {"banso"}


def test_what_an_alert_says_in_english_it_says_in_japanese() -> None:
    for rule in alerts():
        words = rule["annotations"]
        for name in ("summary", "description"):
            names = r"\$labels\.\w+"
            said = set(re.findall(names, words[name]))
            assert said == set(re.findall(names, words[f"{name}_ja"])), rule["alert"]


def test_every_alert_is_tried() -> None:
    assert CASES.keys() == {rule["alert"] for rule in alerts()}
