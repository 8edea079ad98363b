"""A message as an Adaptive Card. Pure.

https://adaptivecards.io/explorer/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from services.notifier.channels.layout import paragraphs, places
from services.notifier.message import Button, Entry, Message
from shared.language import words

Part = dict[str, Any]


def card_of(message: Message) -> bytes:
    """What the workflow is sent. Texts are runs and not text blocks, in which Teams would heed
    what somebody wrote as Markdown."""
    _ = words(message.language)
    said = [
        part
        for text, is_quote in paragraphs(message)
        for part in (_quote(text) if is_quote else _texts(text))
    ]
    links = [*_open_all(message.buttons), *(_open(name, url) for name, url in places(message))]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "lang": message.language,
        "fallbackText": message.subject,
        "msteams": {"width": "Full"},
        "body": [
            _text(_run(message.heading or "Banso", size="Large", weight="Bolder")),
            *said,
            *(_entry(entry, _("See how it stands")) for entry in message.entries),
            *_texts(message.left_out),
            *(_fact(name, value) for name, value in message.facts),
        ],
        "actions": links,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return json.dumps(
        {"type": "message", "attachments": [attachment]}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def _entry(entry: Entry, page: str) -> Part:
    return {
        "type": "Container",
        "separator": True,
        "items": [
            _text(
                _run(entry.title or entry.reference, weight="Bolder"),
                _run(f" [{entry.reference}]", isSubtle=True),
            ),
            *([_text(_run(entry.note, isSubtle=True))] if entry.note else []),
            *(part for line in entry.lines for part in _texts(line)),
            *_quote(entry.quote),
            {
                "type": "ActionSet",
                "actions": [*_open_all(entry.buttons), _open(page, entry.status_url)],
            },
        ],
    }


def _fact(name: str, value: str) -> Part:
    return _text(_run(f"{name}: ", weight="Bolder"), _run(value), spacing="Small")


def _quote(text: str | None) -> list[Part]:
    items = _texts(text)
    return [{"type": "Container", "style": "emphasis", "items": items}] if items else []


def _texts(text: str | None) -> list[Part]:
    """A part for each line: in a run a line end is a space."""
    return [_text(_run(line)) for line in (text or "").splitlines() if line.strip()]


def _text(*runs: Part, **more: Any) -> Part:
    return {"type": "RichTextBlock", "inlines": list(runs), **more}


def _run(text: str, **more: Any) -> Part:
    return {"type": "TextRun", "text": text, **more}


def _open_all(buttons: Sequence[Button]) -> list[Part]:
    return [
        _open(button.words, button.url) | ({"style": "positive"} if button.is_main else {})
        for button in buttons
    ]


def _open(title: str, url: str) -> Part:
    return {"type": "Action.OpenUrl", "title": title, "url": url}
