"""A dead-man service hears success and failure at secret addresses, and logs hear neither."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import structlog
from pydantic import SecretStr, ValidationError

from deploy.audit import deadman
from deploy.audit.deadman import DeadMan, failing
from deploy.audit.settings import AuditSettings
from shared.contracts.event import Speaker

DATABASES = dict.fromkeys(Speaker, "sqlite://")


class _Service(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[tuple[str, str, str]] = []
        self.statuses: list[int] = []

    def url(self, path: str = "/secret") -> SecretStr:
        return SecretStr(f"http://127.0.0.1:{self.server_port}{path}")


class _Handler(BaseHTTPRequestHandler):
    server: _Service

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.calls.append((self.command, self.path, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Service]:
    monkeypatch.setattr(deadman, "PAUSE_S", 0.0)
    with _Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_success_is_a_get_without_a_word(service: _Service) -> None:
    assert await DeadMan(service.url()).hears_that({})

    assert service.calls == [("GET", "/secret", "")]


async def test_failure_is_told_with_names_and_counts_only(service: _Service) -> None:
    assert await DeadMan(service.url("/secret?create=1")).hears_that({"owner": 2, "said": 1})

    assert service.calls == [("POST", "/secret/fail?create=1", "owner: 2\nsaid: 1")]


async def test_failure_has_an_address_of_its_own_where_one_is_set(service: _Service) -> None:
    assert await DeadMan(service.url(), service.url("/down")).hears_that({"owner": 1})

    assert service.calls == [("POST", "/down", "owner: 1")]


async def test_a_signal_that_is_not_taken_is_sent_again(service: _Service) -> None:
    service.statuses = [500, 503]

    assert await DeadMan(service.url()).hears_that({})
    assert len(service.calls) == 3


async def test_what_can_not_be_signalled_is_given_up_and_no_log_has_the_address(
    service: _Service,
) -> None:
    service.statuses = [404] * deadman.ATTEMPTS

    with structlog.testing.capture_logs() as logged:
        assert not await DeadMan(service.url()).hears_that({})
        assert not await DeadMan(SecretStr("http://127.0.0.1:1/secret")).hears_that({})

    assert [one["error"] for one in logged] == ["status 404"] * 3 + ["ConnectionRefusedError"] * 3
    assert "secret" not in str(logged)


def test_fail_stands_behind_the_path() -> None:
    assert failing("https://hc.example/ping/x/") == "https://hc.example/ping/x/fail"
    assert failing("https://hc.example/x?a=1") == "https://hc.example/x/fail?a=1"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "hc.example/secret", "https:///secret"])
def test_only_an_address_on_the_web_is_taken_and_never_shown(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        AuditSettings(audit_databases=DATABASES, deadman_url=SecretStr(url))

    assert url not in str(error.value)


def test_every_service_has_a_database_to_look_at() -> None:
    with pytest.raises(ValidationError, match="metrics, notifier"):
        AuditSettings(audit_databases={Speaker.INTAKE: "a", Speaker.ROUTER: "b"})


def test_an_empty_address_is_none() -> None:
    assert AuditSettings(audit_databases=DATABASES, deadman_url=SecretStr("")).deadman_url is None
