"""Who is let in at the API, and how often."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide

from services.intake.api.tokens import KnownTokens, Scope, TokenFile
from services.intake.api.v1 import api
from services.intake.attachments import Limits
from services.intake.door import Door
from shared.contracts.organisation import Hook, Organisation
from shared.links import Links
from tests.unit import build

MOST_PER_MINUTE = 5


class FakeDoor(Door):
    """Has no issues at all."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.links = Links(["key"], "https://banso.example.com")

    @property
    def organisation(self) -> Organisation:
        return build.organisation(hooks=(Hook(id="alerts", summary="title"),))

    async def find(self, _reference: str) -> None:
        return None

    async def read(self, _query: Any) -> Any:
        return [], None


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    door = FakeDoor()
    known = KnownTokens(tmp_path / "tokens.json")
    application = Litestar(
        [*api(known, door, 1000, MOST_PER_MINUTE)],
        dependencies={"door": Provide(lambda: door, sync_to_thread=False)},
        openapi_config=None,
        logging_config=None,
    )
    transport = httpx.ASGITransport(cast("Any", application))
    async with httpx.AsyncClient(transport=transport, base_url="http://banso.example") as opened:
        yield opened


def bearer(tokens: TokenFile, *scopes: Scope, person: str | None = None) -> dict[str, str]:
    _, text = tokens.add("a test", scopes, person=person)
    return {"Authorization": f"Bearer {text}"}


async def test_too_many_requests_of_one_token_are_told_to_wait_and_the_other_goes_on(
    client: httpx.AsyncClient, tokens: TokenFile
) -> None:
    eager, calm = (bearer(tokens, Scope.READ) for _ in range(2))

    statuses = [(await client.get("/api/v1/issues", headers=eager)).status_code for _ in range(7)]
    last = await client.get("/api/v1/issues", headers=eager)

    assert statuses == [200] * MOST_PER_MINUTE + [429] * 2
    assert last.headers["retry-after"] == "60"
    assert last.headers["content-type"].startswith("application/problem+json")
    assert (await client.get("/api/v1/issues", headers=calm)).status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/json", 200),
        ("text/html, application/*;q=0.8", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("image/png, application/json; q=0", 406),
    ],
)
async def test_whoever_takes_no_json_is_told_that_there_is_nothing_else(
    client: httpx.AsyncClient, tokens: TokenFile, accept: str | None, status: int
) -> None:
    headers = bearer(tokens, Scope.READ) | ({"Accept": accept} if accept else {})

    assert (await client.get("/api/v1/issues", headers=headers)).status_code == status


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic", "Basic !!", "Digest x", "bearer \xff"],
)
async def test_nobody_is_let_in_without_a_token(client: httpx.AsyncClient, shown: str) -> None:
    for path in ("/api/v1/issues", "/api/v1/issues/7K3M-9QWX"):
        answer = await client.get(path, headers={"Authorization": shown.encode("latin-1")})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_as_a_password_is_for_hooks_only(
    client: httpx.AsyncClient, tokens: TokenFile
) -> None:
    _, text = tokens.add("a test", [Scope.HOOK, Scope.READ])
    headers = {"Authorization": f"Basic {b64encode(f'any:{text}'.encode()).decode()}"}

    assert (await client.get("/api/v1/issues", headers=headers)).status_code == 401
    assert (await client.post("/api/v1/hooks/none", json={}, headers=headers)).status_code == 404


async def test_a_token_whose_person_has_left_is_worth_nothing(
    client: httpx.AsyncClient, tokens: TokenFile
) -> None:
    gone = await client.get("/api/v1/issues", headers=bearer(tokens, Scope.READ, person="gone"))
    here = await client.get("/api/v1/issues", headers=bearer(tokens, Scope.READ, person="ren"))

    assert gone.status_code == 403
    assert here.status_code == 200


async def test_what_is_possible_somewhere_is_told_without_a_token(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.options("/api/v1/issues")

    assert answer.status_code == 204
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}
    assert (await client.options("/api/v1/imports")).headers["allow"] == "POST, OPTIONS"
    assert (await client.get("/api/v1/openapi.json")).json()["info"]["title"] == "Banso"


async def test_a_request_that_is_too_large_is_refused_before_it_is_read(
    client: httpx.AsyncClient, tokens: TokenFile
) -> None:
    headers = bearer(tokens, Scope.HOOK, Scope.ACT)

    answer = await client.post("/api/v1/hooks/alerts", content=b" " * 1001, headers=headers)

    assert answer.status_code == 413
