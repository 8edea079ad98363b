"""Tells a dead-man service that all is well, so that our silence is noticed by somebody else.

The way of healthchecks.io, which others follow: a request to a secret address means success, the
same address with `/fail` behind its path a failure, whose body is shown to whoever is alarmed
(https://healthchecks.io/docs/http_api/). Where a service knows no failures it does not understand
that address, hears nothing of success either, and alarms later, after its own time.
"""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from shared import logs

log = logs.get(__name__)

TIMEOUT_S = 10.0
ATTEMPTS = 3
PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class DeadMan:
    """The addresses are secrets: they never reach a log."""

    url: SecretStr
    fail_url: SecretStr | None = None

    async def hears_that(self, broken: Mapping[str, int]) -> bool:
        """Signals success where nothing is broken, else failure; whether it was heard."""
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(PAUSE_S)
            try:
                await asyncio.to_thread(_call, self._address(broken), _words(broken))
            except (OSError, ValueError) as error:
                log.warning("deadman.unheard", error=_kind(error), attempt=attempt + 1)
                continue
            return True
        return False

    def _address(self, broken: Mapping[str, int]) -> str:
        url = self.url.get_secret_value()
        if not broken:
            return url
        return self.fail_url.get_secret_value() if self.fail_url else failing(url)


def failing(url: str) -> str:
    """The address with `/fail` behind its path; what is behind a `?` stays there."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))


def _words(broken: Mapping[str, int]) -> bytes | None:
    """Only names of promises and counts leave the house."""
    if not broken:
        return None
    return "\n".join(f"{promise}: {count}" for promise, count in broken.items()).encode()


def _call(url: str, body: bytes | None) -> None:
    headers = {"User-Agent": "banso", "Content-Type": "text/plain; charset=utf-8"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - settings let in the web only
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        answer.read(1024)


def _kind(error: Exception) -> str:
    """What went wrong, without the address in it."""
    if isinstance(error, urllib.error.HTTPError):
        return f"status {error.code}"
    reason = getattr(error, "reason", error)
    return type(reason).__name__ if isinstance(reason, Exception) else "unreachable"
