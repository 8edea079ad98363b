"""A message as Slack's blocks. Pure.

https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from services.notifier.channels.layout import fitted, paragraphs, places, shortened
from services.notifier.message import Button, Entry, Message
from shared.channels import ASKED_FIRST, AT_ONCE
from shared.language import words

MOST_BLOCKS = 50
LONGEST_TEXT = 3000
LONGEST_HEADER = 150
LONGEST_BUTTON = 75
MOST_FIELDS, LONGEST_FIELD = 10, 1700
MOST_ELEMENTS = 10

Block = dict[str, Any]


def blocks_of(message: Message, *, interactive: bool) -> list[Block]:
    """The message, with buttons where somebody hears of them; else with links, because Slack marks
    a button that nobody answers as broken."""
    return fitted(message, lambda one: _blocks(one, interactive=interactive), len, MOST_BLOCKS)


def escaped(text: str) -> str:
    """With nothing in it that Slack takes for a mention or a link."""
    return escape(text, quote=False)


def _blocks(message: Message, *, interactive: bool) -> list[Block]:
    said = [
        _section(text, _quoted if is_quote else escaped) for text, is_quote in paragraphs(message)
    ]
    listed = [
        block
        for entry in message.entries
        for block in _entry(entry, message, interactive=interactive)
    ]
    left_out = [_section(message.left_out, escaped)] if message.left_out else []
    heading = shortened(message.heading, LONGEST_HEADER) or "Banso"
    return [
        {"type": "header", "text": _plain(heading)},
        *said,
        *_buttons(message.buttons, interactive=interactive),
        *listed,
        *left_out,
        *_fields(message.facts),
        _links(places(message)),
    ]


def _entry(entry: Entry, message: Message, *, interactive: bool) -> list[Block]:
    title = f"*{escaped(entry.title)}* [{escaped(entry.reference)}]"
    rest = [escaped(text) for text in (entry.note, *entry.lines) if text]
    quote = [_quoted(entry.quote)] if entry.quote else []
    text = "\n".join((title, *rest, *quote))
    if len(text) > LONGEST_TEXT:
        text = title
    _ = words(message.language)
    page = Button(_("See how it stands"), entry.status_url)
    return [_mrkdwn_section(text), *_buttons([*entry.buttons, page], interactive=interactive)]


def _buttons(buttons: Sequence[Button], *, interactive: bool) -> list[Block]:
    if not buttons:
        return []
    if not interactive:
        return [_links([(button.words, button.url) for button in buttons])]
    seen: Counter[str] = Counter()
    return [{"type": "actions", "elements": [_button(one, seen) for one in buttons]}]


def _button(button: Button, seen: Counter[str]) -> Block:
    """What it does stands in its value, which nobody can make but us; its id must differ from the
    others beside it."""
    name = f"banso:{button.does or 'open'}"
    seen[name] += 1
    made: Block = {
        "type": "button",
        "text": _plain(shortened(button.words, LONGEST_BUTTON)),
        "action_id": name if seen[name] == 1 else f"{name}:{seen[name]}",
    }
    if button.does is not None:
        made["value"] = button.url
    if button.does not in AT_ONCE | ASKED_FIRST:
        made["url"] = button.url
    return {**made, "style": "primary"} if button.is_main else made


def _section(text: str, write: Callable[[str], str]) -> Block:
    return _mrkdwn_section(shortened(text, LONGEST_TEXT, write))


def _mrkdwn_section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _fields(facts: Sequence[tuple[str, str]]) -> list[Block]:
    shown = [
        _mrkdwn(f"*{escaped(name)}*\n{shortened(value, LONGEST_FIELD, escaped)}")
        for name, value in facts[:MOST_FIELDS]
    ]
    return [{"type": "section", "fields": shown}] if shown else []


def _links(links: Sequence[tuple[str, str]]) -> Block:
    shown = [
        _mrkdwn(f"<{url}|{escaped(name.replace('|', '/'))}>") for name, url in links[:MOST_ELEMENTS]
    ]
    return {"type": "context", "elements": shown}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _quoted(text: str) -> str:
    return "\n".join(f"> {escaped(line)}" for line in text.splitlines())
