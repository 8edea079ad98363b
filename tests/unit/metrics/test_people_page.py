"""Figures by name are read by whoever has the token, where an agreement allows them at all."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge
from pydantic import SecretStr

from services.metrics.gauges.page import PATH, PeoplePage
from shared.contracts.organisation import Organisation, Privacy, Tier
from shared.health import Health
from tests.unit import build

TOKEN = "a-token-of-prometheus"
AGREED = Privacy(tier=Tier.NAMES, agreement="Works agreement of 2026-04-01")


@dataclass
class Known:
    current: Organisation | None


async def ask(known: Known, token: str | None = TOKEN, sent: str | None = TOKEN) -> httpx.Response:
    registry = CollectorRegistry()
    Gauge("banso_person_load_ratio", "Work in hand.", ["person"], registry=registry).labels("mio")
    page = PeoplePage(registry, known, SecretStr(token) if token else None)
    health = Health(CollectorRegistry(), {}, {PATH: page})
    transport = httpx.ASGITransport(health)
    headers = {"Authorization": f"Bearer {sent}"} if sent else {}
    async with httpx.AsyncClient(transport=transport, base_url="http://banso") as client:
        return await client.get(PATH, headers=headers)


async def test_with_agreement_and_token_the_figures_are_told() -> None:
    answer = await ask(Known(build.organisation(privacy=AGREED)))

    assert answer.status_code == 200
    assert 'banso_person_load_ratio{person="mio"}' in answer.text


@pytest.mark.parametrize("sent", [None, "another-token-of-somebody", "ひみつ".encode().hex()])
async def test_without_the_token_nothing_is_told(sent: str | None) -> None:
    answer = await ask(Known(build.organisation(privacy=AGREED)), sent=sent)

    assert answer.status_code == 401
    assert "mio" not in answer.text


async def test_where_no_token_is_set_nobody_reads_it() -> None:
    answer = await ask(Known(build.organisation(privacy=AGREED)), token=None)

    assert answer.status_code == 403
    assert "BANSO_PEOPLE_TOKEN" in answer.text


@pytest.mark.parametrize("known", [Known(None), Known(build.organisation())])
async def test_without_an_agreement_the_token_opens_nothing(known: Known) -> None:
    answer = await ask(known)

    assert answer.status_code == 404
    assert "mio" not in answer.text
