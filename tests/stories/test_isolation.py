"""A carrier is ignored until the company sees it, and answered until it is over; by the clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action
from tests.installation import Installation, running, until

ISSUES = 5


def said(banso: Installation, subject: str) -> list[dict[str, Any]]:
    """What metrics has said on a subject so far, the oldest first."""
    query = "select payload from said where subject = ? order by recorded_at"
    rows = banso.ask("metrics", query, subject)
    return [json.loads(payload)["data"] for (payload,) in rows]


def levels(banso: Installation) -> list[str]:
    return [one["level"] for one in said(banso, "person.isolated.v1")]


def answer_everything(banso: Installation) -> None:
    """Whoever has it writes to the carrier."""
    rows = banso.ask("router", "select issue_id, owner_id from issue")
    for nth, (issue_id, owner_id) in enumerate(rows):
        request = ActionRequested(
            occurred_at=banso.now,
            issue_id=issue_id,
            person_id=owner_id,
            action=Action.ANSWER,
            text="We have found it: the lamp. A new one is on its way.",
        )
        name = f"00000000-0000-4000-8000-{nth:012d}"
        banso.say(request.subject, request.to_message(name, f"story/{nth}"))
    banso.settle()


def test_a_carrier_who_is_ignored_is_seen_and_is_supported_once_answered(tmp_path: Path) -> None:
    with running(tmp_path, expecting=False) as banso:
        for nth in range(ISSUES):
            banso.raise_issue(summary=f"The meter does not start ({nth})")
        assert levels(banso) == []

        banso.advance("25h")  # each has waited for a working day
        until(lambda: levels(banso) == ["watch"], "brown is watched at once")

        banso.advance("24h")
        until(lambda: levels(banso) == ["watch", "ask"], "a working day later they are asked")
        (watch, ask) = said(banso, "person.isolated.v1")
        assert watch["person_id"] == ask["person_id"] == "brown"
        assert 0.3 <= watch["score"] < ask["score"]
        assert watch["since"] == ask["since"]
        assert ask["why"][0]["move"] == "waiting"
        assert ask["why"][0]["count"] == ISSUES
        assert ask["silent_team_ids"] == ["product"]
        until(
            lambda: banso.ask("metrics", "select has_been_asked from watched") == [(1,)],
            "it is remembered",
        )

        answer_everything(banso)
        until(lambda: len(said(banso, "person.supported.v1")) == 1, "they are supported again")
        banso.advance("1h")
        (over,) = said(banso, "person.supported.v1")
        assert over["person_id"] == "brown"
        assert over["level"] == "watch"
        assert over["score"] < 0.25

        banso.kill("metrics")
        until(lambda: banso.is_ready("metrics"), "metrics is there again")
        banso.advance("1h")
        assert levels(banso) == ["watch", "ask"]
        assert len(said(banso, "person.supported.v1")) == 1
