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
from shared.contracts.organisation import Language

ENDS_AFTER = timedelta(days=2)
"""A token of an import that was killed, and could not take it back, ends by itself."""


@contextmanager
def reach(
    data: Path,
    url: str | None,
    token: str | None,
    scopes: Sequence[Scope] = (Scope.IMPORT,),
    name: str = "banso import",
    language: Language = "en",
) -> Iterator[httpx.Client]:
    """A client that may import, or what `scopes` say. Raises SourceUnusable where nothing runs, or
    a token is missing.

    Whoever may write the file of tokens needs none: one is made for the while.
    """
    if url is not None:
        if not token:
            raise SourceUnusable(
                lambda _: _(
                    "Give a --token, or BANSO_API_TOKEN, with the scope %(scope)s.", scope=scopes[0]
                )
            )
        with _client(url, token, language) as client:
            yield client
        return
    endpoints = data / "endpoints.json"
    if not endpoints.exists():
        raise SourceUnusable(
            lambda _: _(
                "Nothing runs in %(data)s. Start `banso up`, or give --url and --token.", data=data
            )
        )
    tokens = TokenFile(data / TOKENS)
    made, text = tokens.add(name, scopes, expires_at=clock.now() + ENDS_AFTER)
    try:
        with _client(json.loads(endpoints.read_text())["api"], text, language) as client:
            yield client
    finally:
        tokens.revoke(made.id)


def _client(url: str, token: str, language: Language) -> httpx.Client:
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
        timeout=httpx.Timeout(120, connect=10),
    )
