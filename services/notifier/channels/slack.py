"""Messages in Slack, from the app to the person, with buttons and a thread for each issue.

https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.notifier.channels.base import (
    Abilities,
    MessageRefused,
    Misconfigured,
    Outgoing,
    PermanentFailure,
    Taken,
    TemporaryFailure,
)
from services.notifier.channels.blocks import LONGEST_TEXT, blocks_of, escaped
from services.notifier.channels.calls import Calls, failure, fields_of
from services.notifier.channels.layout import shortened
from shared import channels, clock
from shared.contracts.organisation import Channel

_FOR_NOW = frozenset(
    {
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
_NOT_LET_IN = frozenset(
    {
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "invalid_auth",
        "messages_tab_disabled",
        "missing_scope",
        "no_permission",
        "not_authed",
        "org_login_required",
        "restricted_action",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
_NOT_THIS = frozenset(
    {
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
    }
)
_NO_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message"})

Fields = dict[str, Any]


class Slack:
    """What it says is with the person at once. A repeat after a crash is a second message: Slack
    recognises none."""

    channel = Channel.SLACK

    def __init__(self, settings: channels.Slack) -> None:
        self._interactive = settings.signing_secret is not None
        self.can = Abilities(
            buttons=self._interactive,
            threads=True,
            answers=self._interactive,
            edits=self._interactive,
            ids=True,
        )
        self._url = settings.url
        token = settings.bot_token.get_secret_value()
        self._calls = Calls({"Authorization": f"Bearer {token}"})

    async def send(self, outgoing: Outgoing) -> Taken:
        channel, _, root = (outgoing.thread or "").partition("/")
        said = self._payload(outgoing)
        if root:
            answer = await self._post(
                {**said, "channel": channel, "thread_ts": root, "reply_broadcast": True},
                outgoing.now,
            )
            if answer.get("error") not in _NO_THREAD:
                return self._taken(answer, outgoing.thread)
        return self._taken(await self._post(said, outgoing.now), None)

    async def probe(self, address: str) -> None:
        """Opens the conversation, which shows nothing; needs the scope `im:write`."""
        answer = await self._post({"users": address}, clock.now(), "conversations.open")
        _must_be_yes(answer)

    async def close(self) -> None:
        await self._calls.close()

    async def _post(
        self, payload: Fields, now: datetime, method: str = "chat.postMessage"
    ) -> Fields:
        answer = await self._calls.call("POST", f"{self._url}/{method}", json=payload)
        if answer.status_code != 200:
            raise failure(answer, now)
        return dict(fields_of(answer))

    def _taken(self, answer: Fields, thread: str | None) -> Taken:
        _must_be_yes(answer)
        ts = str(answer["ts"])
        return Taken(ts, thread or f"{answer['channel']}/{ts}", delivered=True)

    def _payload(self, outgoing: Outgoing) -> Fields:
        message = outgoing.message
        about = {"delivery": outgoing.delivery_id, "issue": outgoing.issue_id}
        return {
            "channel": outgoing.to.address,
            "text": shortened(message.subject, LONGEST_TEXT, escaped),
            "blocks": blocks_of(message, interactive=self._interactive),
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": "banso_message", "event_payload": about},
        }


def _must_be_yes(answer: Fields) -> None:
    if answer.get("ok") is True:
        return
    error = str(answer.get("error", ""))[:60]
    if error in _NOT_LET_IN:
        raise Misconfigured(error)
    if error in _FOR_NOW or not error:
        raise TemporaryFailure(error or "no answer of Slack's")
    raise MessageRefused(error) if error in _NOT_THIS else PermanentFailure(error)
