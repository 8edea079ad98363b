"""Slack as it speaks to Banso: signed, by its documented payloads, over real HTTP."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.installation import Installation, until
from tests.vendor import Vendor

CONTRACT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "contracts" / "channels" / "slack-in.json").read_text()
)
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TAKES = {"status": 200, "body": {"ok": True, "channel": "D1", "ts": "1503435956.NTH"}}
_numbers = count(1)


@dataclass
class Workspace:
    """What people do there, and what they see."""

    banso: Installation
    api: Vendor
    _seen: int = field(default=0)

    # --- seeing

    def posts(self, method: str = "/chat.postMessage") -> list[dict[str, Any]]:
        return [asked.json for asked in list(self.api.asked) if asked.path == method]

    def told(self, summary: str, heading: str) -> dict[str, Any]:
        """The message about this issue, with its `ts`."""

        def find() -> dict[str, Any] | None:
            for nth, asked in enumerate(list(self.api.asked), 1):
                if asked.path == "/chat.postMessage":
                    text = json.dumps(asked.json, ensure_ascii=False)
                    if summary in text and heading in text:
                        return {**asked.json, "ts": f"1503435956.{nth:06}"}
            return None

        found: dict[str, Any] = until(find, f"{heading}: {summary}")
        return found

    def owners(self, summary: str) -> list[str]:
        """Whom Banso told that it is theirs, the first one left out."""
        told = [one for one in self.posts() if "This is yours now" in json.dumps(one)]
        return [one["channel"] for one in told if summary in json.dumps(one)][1:]

    def responses(self, name: str) -> list[dict[str, Any]]:
        """What was said to the response_url of this name."""
        return self.posts(f"/respond/{name}")

    def response(self, name: str) -> dict[str, Any]:
        (found,) = until(lambda: self.responses(name), f"something is said to {name}")
        return dict(found)

    # --- doing

    def press(
        self,
        message: Mapping[str, Any],
        does: str,
        user: str | None = None,
        *,
        send: Callable[[bytes], httpx.Response] | None = None,
    ) -> str:
        """The name of its response_url."""
        nth = next(_numbers)
        name = f"r{nth}"
        payload = deepcopy(CONTRACT["block_actions"])
        blocks = [
            {**block, "block_id": f"b{number}"} for number, block in enumerate(message["blocks"])
        ]
        block, button = next(
            (block, one)
            for block in blocks
            for one in block.get("elements", ())
            if one.get("action_id") == f"banso:{does}"
        )
        payload["user"]["id"] = user or message["channel"]
        payload["message"] |= {"blocks": blocks, "ts": message["ts"]}
        payload["container"] |= {"message_ts": message["ts"], "channel_id": "D1"}
        payload["response_url"] = f"{self.api.url}/respond/{name}"
        payload["trigger_id"] = f"trigger-{name}"
        payload["actions"][0] |= {
            "action_id": button["action_id"],
            "block_id": block["block_id"],
            "value": button["value"],
            "action_ts": f"1548426417.{nth:06}",
        }
        answer = (send or self.interact)(form(payload))
        assert (answer.status_code, answer.content) == (200, b"")
        return name

    def window(self, name: str) -> dict[str, Any]:
        """What was opened by the press with this response_url."""
        asked: dict[str, Any] = until(
            lambda: next(
                (
                    one
                    for one in self.posts("/views.open")
                    if one["trigger_id"] == f"trigger-{name}"
                ),
                None,
            ),
            "a window is opened",
        )
        view: dict[str, Any] = asked["view"]
        return view

    def fill(self, view: Mapping[str, Any], user: str, view_id: str = "", **given: str) -> Any:
        """Sends the window; what it is answered. What isn't given stays empty."""
        payload = deepcopy(CONTRACT["view_submission"])
        payload["user"]["id"] = user
        inputs = [block for block in view["blocks"] if block["type"] == "input"]
        assert given.keys() <= {block["block_id"] for block in inputs}
        payload["view"] |= {
            "id": view_id or f"V{next(_numbers)}",
            "private_metadata": view["private_metadata"],
            "blocks": view["blocks"],
            "state": {"values": {one["block_id"]: _filled(one, given) for one in inputs}},
        }
        answer = self.interact(form(payload))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def write(self, user: str, text: str, thread: str = "", *, retry: int = 0, **more: Any) -> str:
        """Words in the conversation; their `ts`."""
        ts = str(more.pop("ts", f"1355517523.{next(_numbers):06}"))
        said = deepcopy(CONTRACT["message"])
        said["event"] |= {"user": user, "text": text, "channel": "D1", "ts": ts, **more}
        if thread:
            said["event"]["thread_ts"] = thread
        headers = {"X-Slack-Retry-Num": str(retry)} if retry else {}
        assert self.happen(said, **headers).status_code == 200
        return ts

    def edit(self, user: str, text: str, thread: str, ts: str) -> None:
        said = deepcopy(CONTRACT["message"])
        event = deepcopy(CONTRACT["message_changed"]) | {"channel": "D1"}
        event["message"] |= {"user": user, "text": text, "ts": ts, "thread_ts": thread}
        event["previous_message"] |= {"user": user, "ts": ts, "thread_ts": thread}
        assert self.happen({**said, "event": event}).status_code == 200

    def happen(self, said: Mapping[str, Any], **headers: str) -> httpx.Response:
        return self.send("/chat/slack/events", json.dumps(said).encode(), **headers)

    def interact(self, body: bytes) -> httpx.Response:
        return self.send("/chat/slack", body)

    def send(
        self, path: str, body: bytes, *, ago: timedelta = timedelta(), **headers: str
    ) -> httpx.Response:
        timestamp = str(int((self.banso.now - ago).timestamp()))
        return self.banso.browser.post(
            path,
            content=body,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Slack-Request-Timestamp": timestamp,
                "X-Slack-Signature": signature(timestamp, body),
                **headers,
            },
        )


def signature(timestamp: str, body: bytes) -> str:
    signed = b":".join((b"v0", timestamp.encode(), body))
    return f"v0={hmac.new(SECRET.encode(), signed, 'sha256').hexdigest()}"


def form(payload: Mapping[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def _filled(block: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    element, name = block["element"], block["block_id"]
    if name not in given:
        return {element["action_id"]: CONTRACT["filled"]["nothing"][element["type"]]}
    filled = json.dumps(CONTRACT["filled"][element["type"]])
    written = json.dumps(given[name])[1:-1]
    return {element["action_id"]: json.loads(filled.replace("WRITTEN", written))}
