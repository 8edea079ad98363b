"""How a service tells operators and Prometheus how it is: `/metrics`, `/healthz`, `/readyz`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.exposition import CONTENT_TYPE, expose

Check = Callable[[], bool]

Scope = Any
Receive = Any
Send = Any
Page = Callable[[Scope, Receive, Send], Awaitable[None]]


class Readiness(Collector):
    """The same checks as `/readyz`, for Prometheus."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "banso_ready",
            "1 where what the service needs to be ready is there, else 0.",
            labels=["check"],
        )
        for name, holds in self._checks.items():
            family.add_metric([name], holds())
        yield family


class Exposed:
    """A registry as a page for Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(send, 200, CONTENT_TYPE, expose(self._registry))


class Health:
    """An ASGI application; `checks` are named and all hold when the service is ready. `pages` are
    more ASGI applications, by their paths."""

    def __init__(
        self,
        registry: CollectorRegistry,
        checks: Mapping[str, Check],
        pages: Mapping[str, Page] | None = None,
    ) -> None:
        self._metrics = Exposed(registry)
        self._checks = checks
        self._pages = pages or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/metrics":
                await self._metrics(scope, receive, send)
            case "/healthz":
                await say(send, 200, "alive")
            case "/readyz":
                missing = [name for name, holds in self._checks.items() if not holds()]
                if missing:
                    await say(send, 503, "waiting for " + ", ".join(missing))
                else:
                    await say(send, 200, "ready")
            case path if path in self._pages:
                await self._pages[path](scope, receive, send)
            case _:
                await say(send, 404, "here are /metrics, /healthz and /readyz")


async def say(send: Send, status: int, words: str) -> None:
    """Answers with one line."""
    await _answer(send, status, "text/plain; charset=utf-8", f"{words}\n".encode())


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Server(uvicorn.Server):
    """A web server inside a service: the service, not the server, hears the signals to stop."""

    def __init__(self, app: Any, host: str, port: int, **options: Any) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            access_log=False,  # paths hold tokens
            log_config=None,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=3,
            **options,
        )
        super().__init__(config)

    def capture_signals(self) -> Any:
        """Leaves signals to the service."""
        from contextlib import nullcontext

        return nullcontext()
