"""How a service tells operators and Prometheus how it is: `/metrics`, `/healthz`, `/readyz`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, make_asgi_app

Check = Callable[[], bool]

Scope = Any
Receive = Any
Send = Any


class Health:
    """An ASGI application; `checks` are named and all hold when the service is ready."""

    def __init__(self, registry: CollectorRegistry, checks: Mapping[str, Check]) -> None:
        self._metrics = make_asgi_app(registry)
        self._checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/metrics":
                await self._metrics(scope, receive, send)
            case "/healthz":
                await _say(send, 200, "alive")
            case "/readyz":
                missing = [name for name, holds in self._checks.items() if not holds()]
                if missing:
                    await _say(send, 503, "waiting for " + ", ".join(missing))
                else:
                    await _say(send, 200, "ready")
            case _:
                await _say(send, 404, "here are /metrics, /healthz and /readyz")


async def _say(send: Send, status: int, words: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{words}\n".encode()})


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
