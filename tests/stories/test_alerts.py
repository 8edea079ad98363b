"""What Prometheus finds wrong with Banso becomes an issue in Banso, and no more than one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.installation import Installation, running, until
from tests.prometheus import RULES, alertmanager, hurried, prometheus


def test_an_alert_becomes_one_issue_which_sets_off_no_other_and_hears_when_it_is_over(
    tmp_path: Path,
) -> None:
    with running(tmp_path, expecting=False) as banso:
        added = banso.run("token", "add", "alertmanager", "--scope", "hook").stdout
        token = added.split()[-1]
        hook = f"{banso.endpoints['api']}/hooks/banso"
        rules = [hurried(RULES / name, tmp_path) for name in ("alerts.yml", "recording.yml")]
        with (
            alertmanager(tmp_path, hook, token) as manager,
            prometheus(
                tmp_path,
                banso.endpoints["metrics"],
                rules=rules,
                alertmanager=manager,
                interval="500ms",
            ),
        ):
            until(lambda: banso.is_ready("audit"), "an audit is complete")
            banso.take_down("router")
            banso.raise_issue()
            banso.advance_only("2m")

            until(lambda: "BansoUnowned" in firing(manager), "the issue without owner is noticed")
            (alarm,) = until(lambda: alarms(banso), "it is an issue")
            until(
                lambda: banso.metric("metrics", "banso_unowned_seconds") > 0,
                "which has no owner either",
            )
            before = sent(manager)
            until(lambda: sent(manager) >= before + 3, "the alert was repeated")
            assert alarms(banso) == [alarm]

            banso.bring_back()
            until(lambda: not firing(manager) & CRITICAL, "what was wrong is over")
            issue = until(lambda: over(banso, alarm), "whoever has it hears so")

        assert issue["owner"] is not None
        assert alarms(banso) == [alarm]
        payload = banso.api.get(issue["attachments"][0]["url"]).json()
        assert {one["labels"]["from"] for one in payload["alerts"]} == {"banso"}
        assert issue["summary"] in {one["annotations"]["summary_ja"] for one in payload["alerts"]}
        assert issue["urgency"] == "high"


CRITICAL = {"BansoUnowned", "BansoScrapeGone", "BansoAuditViolations"}


def firing(manager: httpx.Client) -> set[str]:
    """Names of the alerts that Alertmanager holds for active."""
    answer: list[dict[str, Any]] = manager.get("/api/v2/alerts", params={"active": "true"}).json()
    return {one["labels"]["alertname"] for one in answer}


def sent(manager: httpx.Client) -> float:
    """How many webhooks were delivered."""
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(manager.get("/metrics").text)
        for sample in family.samples
        if sample.labels.get("integration") == "webhook"
    }
    assert found.get("alertmanager_notifications_failed_total", 0) == 0
    return found["alertmanager_notifications_total"]


def alarms(banso: Installation) -> list[str]:
    """References of all issues that alerts have made; nobody else reports in the hook's name."""
    rows = banso.ask("intake", "select reference from view where reporter_id = 'okada'")
    return [str(row[0]) for row in rows]


def over(banso: Installation, reference: str) -> dict[str, Any] | None:
    """The issue, once its history says that the alerts have ended."""
    issue = banso.issue(reference)
    said = [one for one in issue["comments"] if "おさまりました" in one["text"]]
    return issue if said else None
