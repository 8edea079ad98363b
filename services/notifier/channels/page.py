"""A message as Matrix shows it: plain, and in the little HTML that its programs understand. Pure.

https://spec.matrix.org/v1.11/client-server-api/#mtext
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from services.notifier.channels.layout import as_plain, paragraphs, places
from services.notifier.message import Entry, Message
from shared.language import words


def content_of(message: Message) -> dict[str, Any]:
    heading = message.heading or "Banso"
    return {
        "msgtype": "m.text",
        "body": f"{heading}\n\n{as_plain(message)}",
        "format": "org.matrix.custom.html",
        "formatted_body": _html(message, heading),
    }


def _html(message: Message, heading: str) -> str:
    _ = words(message.language)
    page = _("See how it stands")
    entries = "".join(_entry(entry, page) for entry in message.entries)
    facts = "<br>".join(f"{escape(name)}: {escape(value)}" for name, value in message.facts)
    return "".join(
        (
            f"<h4>{escape(heading)}</h4>",
            *(_said(text, is_quote) for text, is_quote in paragraphs(message)),
            _list((button.words, button.url) for button in message.buttons),
            f"<ol>{entries}</ol>" if entries else "",
            f"<p>{escape(message.left_out)}</p>" if message.left_out else "",
            f"<p>{facts}</p>" if facts else "",
            f"<p>{' · '.join(_link(name, url) for name, url in places(message))}</p>",
        )
    )


def _entry(entry: Entry, page: str) -> str:
    lines = [text for text in (entry.note, *entry.lines) if text]
    said = "".join(f"<br>{escape(line)}" for line in lines)
    quote = _said(entry.quote, is_quote=True) if entry.quote else ""
    links = [*((button.words, button.url) for button in entry.buttons), (page, entry.status_url)]
    return (
        f"<li><strong>{escape(entry.title)}</strong> [{escape(entry.reference)}]{said}{quote}"
        f"{_list(links)}</li>"
    )


def _said(text: str, is_quote: bool) -> str:
    lines = "<br>".join(escape(line) for line in text.splitlines())
    return f"<blockquote>{lines}</blockquote>" if is_quote else f"<p>{lines}</p>"


def _list(links: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<li>{_link(name, url)}</li>" for name, url in links)
    return f"<ul>{items}</ul>" if items else ""


def _link(name: str, url: str) -> str:
    return f'<a href="{escape(url)}">{escape(name)}</a>'
