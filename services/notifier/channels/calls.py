"""Calls of other services by HTTP, over connections that stay open, and what their answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from services.notifier.channels.base import (
    MessageRefused,
    Misconfigured,
    PermanentFailure,
    TemporaryFailure,
)

TIMEOUT = httpx.Timeout(20.0, connect=10.0)
LONGEST_WAIT = timedelta(hours=6)
"""Nobody who asks for more gets it: there are other ways by then."""
_FOR_NOW = frozenset({408, 425, 429})
_NOT_LET_IN = 401
_NOT_THIS = frozenset({400, 413, 422})
LONGEST_WORDS = 60


class Calls:
    """One attempt each; no redirection is followed, since an address is what the operator wrote."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._client = httpx.AsyncClient(timeout=TIMEOUT, headers=headers, follow_redirects=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def call(self, method: str, url: str, **given: Any) -> httpx.Response:
        """The answer, whatever it says; raises TemporaryFailure where none came, without the
        address."""
        try:
            return await self._client.request(method, url, **given)
        except httpx.TimeoutException:
            raise TemporaryFailure("no answer in time") from None
        except httpx.InvalidURL:
            raise Misconfigured("no usable address") from None
        except httpx.HTTPError as error:
            raise TemporaryFailure(type(error).__name__) from None


def failure(
    answer: httpx.Response, now: datetime, words: str = "", wait: timedelta | None = None
) -> TemporaryFailure | PermanentFailure:
    """What an answer other than yes means, where its service says nothing else: whether it passes,
    or is about us, this message or this person. `words` must be of a closed set, so that they hold
    nothing personal; `wait` counts where the answer itself asks for nothing."""
    said = f"{answer.status_code} {words[:LONGEST_WORDS]}".strip()
    if answer.status_code >= 500 or answer.status_code in _FOR_NOW:
        return TemporaryFailure(said, wait_of(answer, now) or wait)
    if answer.status_code == _NOT_LET_IN:
        return Misconfigured(said)
    return MessageRefused(said) if answer.status_code in _NOT_THIS else PermanentFailure(said)


def wait_of(answer: httpx.Response, now: datetime) -> timedelta | None:
    """What `Retry-After` asks for (RFC 9110): seconds or a date."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isdecimal():
        return bounded(float(said[:9]))
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return bounded((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def bounded(seconds: float) -> timedelta:
    return min(max(timedelta(seconds=seconds), timedelta()), LONGEST_WAIT)


def fields_of(answer: httpx.Response) -> Mapping[str, Any]:
    """The object in an answer; empty where there is none, as when something in between answers."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
