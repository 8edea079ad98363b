"""Tells other systems what happens: the router's CloudEvents as they are, signed.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hmac import digest

from services.notifier.channels.base import PermanentFailure, Taken, TemporaryFailure
from services.notifier.channels.calls import Calls, wait_of
from shared.channels import Webhook

GONE = 410
"""How a receiver says that it wants no more of it."""


class Webhooks:
    """One attempt each; an event has the same `webhook-id` however often it is tried."""

    def __init__(self, webhooks: Sequence[Webhook]) -> None:
        self._webhooks = {webhook.name: webhook for webhook in webhooks}
        self._calls = Calls()

    async def say(self, name: str, delivery_id: str, event: bytes, now: datetime) -> Taken:
        """Raises TemporaryFailure for whatever is no yes, or PermanentFailure where nobody is
        there any more."""
        webhook = self._webhooks.get(name)
        if webhook is None:
            raise PermanentFailure("not set up")
        sent_at = str(int(now.timestamp()))
        signed = b".".join((delivery_id.encode(), sent_at.encode(), event))
        signature = b64encode(digest(webhook.key, signed, "sha256")).decode()
        answer = await self._calls.call(
            "POST",
            webhook.url.get_secret_value(),
            content=event,
            headers={
                "Content-Type": "application/cloudevents+json; charset=utf-8",
                "User-Agent": "Banso",
                "webhook-id": delivery_id,
                "webhook-timestamp": sent_at,
                "webhook-signature": f"v1,{signature}",
            },
        )
        if answer.is_success:
            return Taken(delivered=True)
        if answer.status_code == GONE:
            raise PermanentFailure("410 gone")
        raise TemporaryFailure(str(answer.status_code), wait_of(answer, now))

    async def close(self) -> None:
        await self._calls.close()
