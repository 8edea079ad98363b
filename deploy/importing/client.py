"""Reaches the API: of the installation in a data directory, or of one elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from deploy.importing.found import SourceUnusable
from services.intake.api.tokens import TOKENS, Scope, TokenFile
from shared import clock

ENDS_AFTER = timedelta(days=2)
"""A token of an import that was killed, and could not take it back, ends by itself."""


@contextmanager
def reach(
    data: Path,
    url: str | None,
    token: str | None,
    scopes: Sequence[Scope] = (Scope.IMPORT,),
    name: str = "banso import",
) -> Iterator[httpx.Client]:
    """A client that may import, or what `scopes` say. Raises SourceUnusable where nothing runs, or
    a token is missing.

    Whoever may write the file of tokens needs none: one is made for the while.
    """
    if url is not None:
        if not token:
            raise SourceUnusable(f"Give a --token, or BANSO_API_TOKEN, with the scope {scopes[0]}.")
        with _client(url, token) as client:
            yield client
        return
    endpoints = data / "endpoints.json"
    if not endpoints.exists():
        raise SourceUnusable(
            f"Nothing runs in {data}. Start `banso up`, or give --url and --token."
        )
    tokens = TokenFile(data / TOKENS)
    made, text = tokens.add(name, scopes, expires_at=clock.now() + ENDS_AFTER)
    try:
        with _client(json.loads(endpoints.read_text())["api"], text) as client:
            yield client
    finally:
        tokens.revoke(made.id)


def _client(url: str, token: str) -> httpx.Client:
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
        timeout=httpx.Timeout(120, connect=10),
    )
