"""Every panel has something to show: a real Prometheus with a month that was folded for real, and
which scrapes the real services."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, create_engine, text

from deploy.grafana.boards import BOARDS, FILES
from tests.grafana import month
from tests.grafana.asking import unanswered, values
from tests.installation import running, until
from tests.prometheus import ask, prometheus
from tests.unit.metrics.service import Service

ENGLISH = [json.loads(content) for path, content in FILES.items() if path.parent.name == "en"]
LONG_AGO = ("--storage.tsdb.retention.time=100y", "--query.lookback-delta=4h")
"""The month is kept whenever this runs, and a scrape counts until the next one."""
END = month.ENDED_AT


def test_every_panel_has_an_answer_and_it_is_what_the_databases_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    with monkeypatch.context() as patched:
        month.store(asyncio.run(_folded(url, patched)), tmp_path)

    with (
        running(_made(tmp_path / "live"), expecting=False) as banso,
        prometheus(tmp_path, banso.endpoints["metrics"], flags=LONG_AGO) as client,
    ):
        banso.raise_issue()
        up = 'count(up{job=~"banso-.*"} == 1)'
        until(lambda: list(ask(client, up).values()) == [5], "all are scraped")
        until(lambda: ask(client, "banso_audit_violations"), "an audit is done")

        assert list(unanswered(client, ENGLISH, (END, None))) == []
        renamed = _renamed(ENGLISH, "banso_answers_total", "banso_replies_total")
        assert {line.split(":")[0] for line in unanswered(client, renamed, (END, None))} == {
            "Which team does not respond?",
            "How much is answered elsewhere?",
        }

        with create_engine(url).connect() as database:
            _is_as_counted(client, database)


async def _folded(url: str, patched: pytest.MonkeyPatch) -> month.Scraped:
    service = Service(url)
    try:
        return await month.fold(service, patched)
    finally:
        await service.close()


def _is_as_counted(client: httpx.Client, database: Connection) -> None:
    """What panels show at the end of the month, against the database of metrics."""

    def counted(query: str) -> dict[str, int]:
        return {str(team): count for team, count in database.execute(text(query))}

    def shown(question: str, labels: str) -> dict[str, float]:
        (expr,) = _queries(question)
        answer = client.get("/api/v1/query", params={"query": expr, "time": str(END.timestamp())})
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return {one["metric"][labels]: float(one["value"][1]) for one in found}

    waiting = "select team, count(*) from standing where state != 'closed' and not is_answered"
    unanswered = values(client, "banso_unanswered_issues", END)
    assert sum(unanswered) == sum(counted(f"{waiting} group by team").values())
    forgotten = shown("What is about to be forgotten?", "team")
    assert forgotten["shipping"] > 3
    assert forgotten["sales"] == 0
    confirmed = counted(
        "select team, count(*) from fact join standing using (issue_id)"
        " where subject = 'issue.closed.v1' group by team"
    )
    credit = shown("Whose solutions does the front line confirm?", "team")
    assert {team: count for team, count in credit.items() if count} == {
        team: pytest.approx(count, rel=0.01) for team, count in confirmed.items()
    }
    refused = counted("select subject, count(*) from fact where subject = 'issue.declined.v1'")
    assert sum(shown("Why is work refused?", "reason").values()) == pytest.approx(
        refused["issue.declined.v1"], rel=0.01
    )
    requests = values(client, "sum(banso_requests_total)", END)
    assert requests == [sum(counted("select team, count(*) from standing group by team").values())]


def _queries(question: str) -> list[str]:
    return [
        query.expr.replace("$team", ".*")
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
        if panel.question.en == question
    ]


def _renamed(boards: list[dict[str, Any]], before: str, after: str) -> list[dict[str, Any]]:
    renamed: list[dict[str, Any]] = json.loads(json.dumps(boards).replace(before, after))
    return renamed


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory
