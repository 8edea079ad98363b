"""The whole of Banso on a PostgreSQL server, as a company runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.event import Speaker
from tests.installation import Installation, a_problem, page_text, running, until
from tests.postgresql import Cluster, cluster


@pytest.fixture
def server() -> Iterator[Cluster]:
    """With a database for each service."""
    with cluster() as server:
        for service in Speaker:
            server.create(service)
        yield server


@pytest.fixture
def banso(tmp_path: Path, server: Cluster) -> Iterator[Installation]:
    with running(tmp_path, postgresql=server.reached_by) as installation:
        yield installation


def test_an_issue_goes_from_the_form_to_its_solution_though_the_router_dies(
    banso: Installation,
) -> None:
    form = banso.browser.get("/?lang=en")
    sent = banso.submit(
        form,
        summary="The meter does not start",
        description="It worked yesterday.",
        category="not-working",
        name="Emily Brown",
        email="brown@example.com",
    )
    assert sent.status_code == 200, page_text(sent.text)
    mine = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    (reference,) = banso.ask("router", "select reference from issue")[0]

    banso.kill("router")
    banso.advance("5h")
    banso.expect("nguyen", "A reminder from Banso")

    banso.press(mine, "I take it")
    banso.expect("brown", "It is being worked on")
    banso.hold("router")
    banso.press(mine, "Solved", cause="fault", text="We have sent a new one.")
    banso.kill("router")
    solved = banso.expect("brown", "Is it solved?")
    banso.press(solved, "It is solved")
    banso.expect("nguyen", "Confirmed as solved, thank you")

    assert banso.issue(reference)["state"] == "closed"
    assert banso.ask("router", "select count(*), count(distinct issue_id) from issue") == [(1, 1)]
    assert list(banso.data.glob("*.db")) == []


def test_while_the_database_is_away_everything_is_refused_kindly_and_goes_through_later_once(
    banso: Installation, server: Cluster
) -> None:
    key = {"Idempotency-Key": "one"}
    router = banso.pid("router")
    server.stop()
    refused = banso.api.post("/issues", json=a_problem(), headers=key)
    server.start()

    assert refused.status_code == 503
    assert "same Idempotency-Key" in refused.json()["detail"]
    until(lambda: banso.api.post("/issues", json=a_problem(), headers=key).is_success, "taken")
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.settle()
    assert banso.ask("router", "select count(*) from issue") == [(1,)]
    assert banso.pid("router") == router
