"""`/metrics/people`: figures by name, for whoever has the token, and only where it is agreed."""

from __future__ import annotations

import hmac

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.metrics.gauges.seen import Known
from shared.contracts.organisation import Tier
from shared.health import Exposed, Receive, Scope, Send, say

PATH = "/metrics/people"


class PeoplePage:
    """An ASGI application that asks at each request whether names may be told at all."""

    def __init__(self, registry: CollectorRegistry, known: Known, token: SecretStr | None) -> None:
        self._metrics = Exposed(registry)
        self._known = known
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        organisation = self._known.current
        if organisation is None or organisation.privacy.tier is not Tier.NAMES:
            await say(send, 404, "nothing is told by name: the organisation says so (privacy)")
        elif self._token is None:
            await say(send, 403, "set BANSO_PEOPLE_TOKEN, and send it as bearer token")
        elif not _is_sent(scope, self._token):
            await say(send, 401, "send the token in BANSO_PEOPLE_TOKEN as bearer token")
        else:
            await self._metrics(scope, receive, send)


def _is_sent(scope: Scope, token: SecretStr) -> bool:
    expected = f"Bearer {token.get_secret_value()}".encode()
    said = (value for name, value in scope["headers"] if name == b"authorization")
    return any(hmac.compare_digest(value, expected) for value in said)
