"""What Slack sends and understands: its payloads, as far as they matter here, and its text. Pure.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_REFERENCE = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class User(_Part):
    id: str


class Press(_Part):
    """One button."""

    block_id: str = ""
    value: str | None = None
    action_ts: str = ""


class Shown(_Part):
    """The message in which the button is."""

    blocks: list[dict[str, Any]] = Field(default_factory=list)
    thread_ts: str = ""


class Place(_Part):
    message_ts: str = ""
    channel_id: str = ""


class Pressed(_Part):
    """Somebody pressed a button."""

    type: Literal["block_actions"]
    user: User
    trigger_id: str = ""
    response_url: str = ""
    container: Place = Field(default_factory=Place)
    message: Shown = Field(default_factory=Shown)
    actions: list[Press] = Field(min_length=1)


class Option(_Part):
    value: str


class Filled(_Part):
    """What stands in one input."""

    value: str | None = None
    selected_option: Option | None = None
    selected_date: str | None = None

    @property
    def text(self) -> str:
        chosen = self.selected_option.value if self.selected_option else None
        return self.value or chosen or self.selected_date or ""


class State(_Part):
    values: dict[str, dict[str, Filled]] = Field(default_factory=dict)


class View(_Part):
    """A window as it was sent."""

    id: str
    private_metadata: str = ""
    state: State = Field(default_factory=State)

    @property
    def given(self) -> dict[str, str]:
        """By the names of the inputs."""
        return {name: one.text for part in self.state.values.values() for name, one in part.items()}


class Submitted(_Part):
    """Somebody sent a window."""

    type: Literal["view_submission"]
    user: User
    view: View


class Edited(_Part):
    ts: str = ""


class Written(_Part):
    """Words in a conversation."""

    user: str = ""
    text: str = ""
    ts: str = ""
    thread_ts: str = ""
    bot_id: str | None = None
    edited: Edited | None = None
    files: list[Any] = Field(default_factory=list)


class Happened(Written):
    """Something in a conversation. An edited message stands inside."""

    type: str
    subtype: str | None = None
    channel: str = ""
    channel_type: str = ""
    message: Written | None = None
    previous_message: Written | None = None


class Callback(_Part):
    type: Literal["event_callback"]
    event: Happened


_NEW = frozenset({None, "file_share", "thread_broadcast"})
_CHANGED = "message_changed"


def words_of(event: Happened) -> Written | None:
    """What somebody wrote to us or has changed since; None where nobody did."""
    if event.type != "message" or event.channel_type != "im":
        return None
    written: Written | None = event
    if event.subtype == _CHANGED:
        before = event.previous_message.text if event.previous_message else None
        written = event.message if event.message and event.message.text != before else None
    elif event.subtype not in _NEW:
        return None
    is_a_persons = written is not None and written.user and written.bot_id is None
    return written if is_a_persons else None


def plain(text: str) -> str:
    """Slack's text as it was typed, with the addresses of its links."""
    return unescape(_REFERENCE.sub(_named, text))


def _named(found: re.Match[str]) -> str:
    what, label = found[1], found[2]
    match what[:1]:
        case "@" | "#" | "!":
            return f"{'@' if what[0] == '!' else what[0]}{label or what[1:]}"
        case _:
            address = what.removeprefix("mailto:")
            return f"{label} ({what})" if label and label not in (what, address) else address


def escaped(text: str) -> str:
    """With nothing in it that Slack takes for a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
