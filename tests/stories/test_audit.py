"""The auditor proves the promises beside the running services, mends what is safe, and tells a
dead-man service whether all is well."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from nats.js import JetStreamContext

from shared.contracts.event import event_id_of
from shared.contracts.router import IssueAssigned, IssueDue
from tests.installation import Installation, running, until

HURRIED = {
    "BANSO_AUDIT_EVERY": "PT0.6S",
    "BANSO_AUDIT_FULL_EVERY": "PT0.1S",
    "BANSO_AUDIT_SECOND_LOOK": "PT0.7S",
}
"""Every audit reads everything, one after the other."""


class DeadManService(ThreadingHTTPServer):
    """Notes which address was called, and with which words."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Noting)
        self.calls: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ping/secret-of-ours"


class _Noting(BaseHTTPRequestHandler):
    server: DeadManService

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.calls.append((self.path, self.rfile.read(length).decode()))
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def dead_man_service() -> Iterator[DeadManService]:
    with DeadManService() as service:
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()


def violations(banso: Installation, promise: str) -> float:
    return banso.metric("audit", "banso_audit_violations", promise=promise)


def audits(banso: Installation) -> int:
    return banso.log("audit").count("audit.complete")


def repairs(banso: Installation, *promises: str) -> float:
    name = "banso_audit_repairs_total"
    return sum(banso.metric("audit", name, promise=promise) for promise in promises)


def audit(banso: Installation, *words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(banso.run("audit", "--json", *words, code=code).stdout)
    return found


def test_a_busy_system_breaks_nothing_and_a_lost_message_is_found_and_said_again(
    tmp_path: Path,
) -> None:
    with running(tmp_path, environment=HURRIED, expecting=False) as banso:
        until(lambda: banso.is_ready("audit"), "the first audit is complete")
        before = audits(banso)
        for _ in range(20):
            banso.raise_issue()
        until(lambda: audits(banso) > before + 2, "it was audited while it was busy")
        assert "audit.broken" not in banso.log("audit")

        banso.advance("2m")
        said = banso.stored(IssueAssigned.subject)
        told = len(banso.postbox.letters)
        _delete_one(banso, IssueAssigned.subject)
        banso.kill("nats-server")  # and with it what it knows of the last two minutes' ids

        # its sequence is recorded with the next commit, so it may look as if it were still owed
        until(lambda: repairs(banso, "said", "kept") >= 1, "it is asked for")
        until(lambda: banso.stored(IssueAssigned.subject) == said, "it is on the stream again")
        until(lambda: violations(banso, "said") == 0, "nothing is owed any more")
        until(lambda: violations(banso, "kept") == 0, "nothing is missing any more")
        banso.settle()
        assert set(audit(banso, "--full")["violations"].values()) == {0}
        assert len(banso.postbox.letters) == told


def test_a_hung_router_is_signalled_and_a_lost_wake_up_is_made_up_for(tmp_path: Path) -> None:
    with dead_man_service() as service:
        environment = {**HURRIED, "BANSO_DEADMAN_URL": service.url}
        with running(tmp_path, environment=environment) as banso:
            reference = banso.raise_issue()
            banso.expect("nguyen", "This is yours now")
            banso.expect("brown", "We have received it")
            until(lambda: service.calls, "all is well")
            assert set(service.calls) == {("/ping/secret-of-ours", "")}

            banso.hold("router")
            banso.advance_only("6h")
            until(lambda: violations(banso, "step_taken") == 1, "a step is not taken")
            silent = len(service.calls)
            until(lambda: len(service.calls) > silent + 1, "it is signalled")
            assert set(service.calls[silent:]) == {("/ping/secret-of-ours/fail", "step_taken: 1")}
            found = audit(banso, code=1)["findings"]
            assert [(one["promise"], one["about"]) for one in found] == [("step_taken", reference)]

            banso.release("router")
            banso.expect("nguyen", "A reminder from Banso")
            until(lambda: violations(banso, "step_taken") == 0, "it is taken")
            well = len(service.calls)
            until(lambda: len(service.calls) > well + 1, "it is signalled again")
            assert service.calls[-1] == ("/ping/secret-of-ours", "")

            banso.quieten()
            _lose_next_wake_up(banso)
            banso.advance_only("18h")
            banso.expect("nguyen", "A reminder from Banso")
            assert banso.metric("audit", "banso_audit_repairs_total", promise="step_taken") == 1
            until(lambda: violations(banso, "step_taken") == 0, "it is taken")
            assert "secret-of-ours" not in banso.log("audit")


def _delete_one(banso: Installation, subject: str) -> None:
    """Takes the newest message of a subject off its stream, as a broken disk may."""

    async def delete(admin: JetStreamContext) -> bool:
        message = await admin.get_last_msg("ROUTER", subject)
        assert message.seq is not None
        return await admin.delete_msg("ROUTER", message.seq)

    assert banso._administer(delete, False)


def _lose_next_wake_up(banso: Installation) -> None:
    """As if the router had heard already that the next step is due, and had done nothing."""
    [(issue_id, step)] = banso.ask("router", "select issue_id, step_number from issue")
    event_id = event_id_of(IssueDue.subject, f"due/{issue_id}/{step}", 0)
    with closing(sqlite3.connect(banso.data / "router.db", timeout=10)) as router, router:
        router.execute("insert into cause values (?, 'done', 0)", [event_id])
