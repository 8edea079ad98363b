"""Messages in Slack, from the app to the person, with buttons and a thread for each issue.

https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

from typing import Any

from services.notifier.channels.base import (
    Abilities,
    Outgoing,
    PermanentFailure,
    Taken,
    TemporaryFailure,
)
from services.notifier.channels.blocks import LONGEST_TEXT, blocks_of, escaped
from services.notifier.channels.calls import Calls, failure, fields_of
from services.notifier.channels.layout import shortened
from shared import channels
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
_NO_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message"})

Fields = dict[str, Any]


class Slack:
    """What it says is with the person at once. A repeat after a crash is a second message: Slack
    recognises none."""

    channel = Channel.SLACK

    def __init__(self, settings: channels.Slack) -> None:
        self._interactive = settings.signing_secret is not None
        self.can = Abilities(
            buttons=self._interactive, threads=True, answers=self._interactive, ids=True
        )
        self._url = f"{settings.url}/chat.postMessage"
        token = settings.bot_token.get_secret_value()
        self._calls = Calls({"Authorization": f"Bearer {token}"})

    async def send(self, outgoing: Outgoing) -> Taken:
        channel, _, root = (outgoing.thread or "").partition("/")
        said = self._payload(outgoing)
        if root:
            answer = await self._post(
                {**said, "channel": channel, "thread_ts": root, "reply_broadcast": True}, outgoing
            )
            if answer.get("error") not in _NO_THREAD:
                return self._taken(answer, outgoing.thread)
        return self._taken(await self._post(said, outgoing), None)

    async def close(self) -> None:
        await self._calls.close()

    async def _post(self, payload: Fields, outgoing: Outgoing) -> Fields:
        answer = await self._calls.call("POST", self._url, json=payload)
        if answer.status_code != 200:
            raise failure(answer, outgoing.now)
        return dict(fields_of(answer))

    def _taken(self, answer: Fields, thread: str | None) -> Taken:
        if answer.get("ok") is not True:
            error = str(answer.get("error", "no answer of Slack's"))[:60]
            is_passing = error in _FOR_NOW or "error" not in answer
            raise TemporaryFailure(error) if is_passing else PermanentFailure(error)
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
