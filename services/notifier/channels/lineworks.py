"""Messages in LINE WORKS, from a bot to the person, with buttons that open pages.

https://developers.worksmobile.com/en/docs/bot-user-message-send
https://developers.worksmobile.com/en/docs/auth-jwt
https://developers.worksmobile.com/en/docs/rate-limits
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import jwt

from services.notifier.channels.base import (
    Abilities,
    Misconfigured,
    Outgoing,
    Taken,
    TemporaryFailure,
)
from services.notifier.channels.calls import Calls, bounded, failure, fields_of
from services.notifier.channels.layout import (
    fitted,
    one_line,
    places,
    shortened,
    units,
    without_links,
)
from services.notifier.message import Button, Message
from shared import channels
from shared.contracts.organisation import Channel

LONGEST_TEXT = 1000
LONGEST_LABEL = 20
MOST_ACTIONS = 10
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIVES = timedelta(minutes=10)
RENEW_BEFORE = timedelta(minutes=5)
FORBIDDEN = 403
"""The bot, or its scope, is not open to us."""
EXPIRES_IN_S = 3600
"""Where the answer does not say so."""


class LineWorks:
    """The service account logs in with a signed assertion and keeps the token as long as it lives.
    What exceeds `monthly` is not given to it (services/notifier/quota.py)."""

    channel = Channel.LINEWORKS

    def __init__(self, settings: channels.LineWorks) -> None:
        self.can = Abilities(monthly=settings.monthly)
        self._settings = settings
        self._calls = Calls()
        self._token = ""
        self._renew_at: datetime | None = None
        self._login = asyncio.Lock()

    async def send(self, outgoing: Outgoing) -> Taken:
        answer = await self._say(outgoing)
        if answer.status_code == 401:  # revoked before its time
            self._renew_at = None
            answer = await self._say(outgoing)
        if not answer.is_success:
            ends_in = answer.headers.get("ratelimit-reset", "")
            wait = bounded(int(ends_in)) if ends_in.isdecimal() else None
            error = failure(answer, outgoing.now, _code(answer), wait)
            raise Misconfigured(str(error)) if answer.status_code == FORBIDDEN else error
        return Taken()

    async def close(self) -> None:
        await self._calls.close()

    async def _say(self, outgoing: Outgoing) -> httpx.Response:
        token = await self._current_token(outgoing.now)
        bot, user = self._settings.bot_id, quote(outgoing.to.address, safe="@")
        return await self._calls.call(
            "POST",
            f"{self._settings.url}/bots/{bot}/users/{user}/messages",
            json={"content": content_of(outgoing.message)},
            headers={"Authorization": f"Bearer {token}"},
        )

    async def _current_token(self, now: datetime) -> str:
        async with self._login:
            if self._renew_at is None or now >= self._renew_at:
                answer = await self._calls.call(
                    "POST", self._settings.token_url, data=self._login_form(now)
                )
                said = fields_of(answer)
                if not answer.is_success or not said.get("access_token"):
                    error = failure(answer, now, f"login {_code(answer)}")
                    is_passing = isinstance(error, TemporaryFailure)
                    raise error if is_passing else Misconfigured(str(error))
                lives = str(said.get("expires_in", ""))
                seconds = int(lives) if lives.isdecimal() else EXPIRES_IN_S
                self._token = str(said["access_token"])
                self._renew_at = now + timedelta(seconds=seconds) - RENEW_BEFORE
            return self._token

    def _login_form(self, now: datetime) -> dict[str, str]:
        settings = self._settings
        claims = {
            "iss": settings.client_id,
            "sub": settings.service_account,
            "iat": int(now.timestamp()),
            "exp": int((now + ASSERTION_LIVES).timestamp()),
        }
        try:
            assertion = jwt.encode(claims, settings.key(), algorithm="RS256")
        except (OSError, ValueError, TypeError, jwt.PyJWTError):
            raise Misconfigured("private key can't be used") from None
        return {
            "assertion": assertion,
            "grant_type": GRANT,
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "scope": "bot.message",
        }


def content_of(message: Message) -> dict[str, Any]:
    """The words, and below them what leads to pages: what is to be done first, the inbox last."""
    pages = [Button(name, url) for name, url in places(message)]
    buttons = [*message.buttons[: MOST_ACTIONS - len(pages)], *pages]
    text = fitted(message, _text, units, LONGEST_TEXT)
    return {
        "type": "button_template",
        "contentText": shortened(text, LONGEST_TEXT),
        "actions": [
            {"type": "uri", "label": one_line(one.words, LONGEST_LABEL) or "…", "uri": one.url}
            for one in buttons
        ],
    }


def _text(message: Message) -> str:
    return f"{message.heading or 'Banso'}\n\n{without_links(message)}"


def _code(answer: httpx.Response) -> str:
    """Such as INVALID_PARAMETER."""
    said = fields_of(answer)
    code = str(said.get("code") or said.get("error") or "")
    return code if code.replace("_", "").isalnum() else ""
