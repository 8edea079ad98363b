"""How a message is laid out in a chat: the same order everywhere, and as much as there is room for.

Pure. What is too long is shortened; the page has all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from services.notifier.message import Button, Entry, Message
from shared.language import words

STEPS = ((50, 2000), (20, 1000), (8, 500), (3, 250), (1, 120), (0, 80))
"""How many entries, and how long each text: the first that a channel has room for is taken."""
MOST_LINES = 10
LONGEST_TITLE = 150
LONGEST_NAME = 40
MORE = " …"

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All but line ends and tabs."""
_HALVES = re.compile(r"[\ud800-\udfff]")
"""Halves of characters, which no UTF-8 can hold."""

Written = TypeVar("Written")


def fitted(
    message: Message,
    write: Callable[[Message], Written],
    size: Callable[[Written], int],
    largest: int,
) -> Written:
    """The message as `write` has it, with as much as `largest` has room for."""
    for shown in _smaller_and_smaller(message):
        written = write(shown)
        if size(written) <= largest:
            break
    return written


def _smaller_and_smaller(message: Message) -> Iterator[Message]:
    for most, longest in STEPS:
        yield _shown(message, most, longest)


def _shown(message: Message, most: int, longest: int) -> Message:
    _, left_out = words(message.language), message.left_out
    if len(message.entries) > most:
        left_out = _("The others stand in your inbox.")
    return replace(
        message,
        subject=one_line(message.subject, LONGEST_TITLE),
        heading=one_line(message.heading, LONGEST_TITLE),
        lines=_lines(message.lines, longest),
        quote=clean(message.quote, longest) or None if message.quote else None,
        facts=[fact for fact in _facts(message, longest) if all(fact)],
        buttons=_buttons(message.buttons),
        entries=[_entry(entry, longest) for entry in message.entries[:most]],
        left_out=left_out,
    )


def _facts(message: Message, longest: int) -> list[tuple[str, str]]:
    return [
        (one_line(name, LONGEST_NAME), one_line(value, longest))
        for name, value in message.facts[:MOST_LINES]
    ]


def _entry(entry: Entry, longest: int) -> Entry:
    return replace(
        entry,
        title=one_line(entry.title, min(longest, LONGEST_TITLE)),
        note=one_line(entry.note, min(longest, LONGEST_TITLE)),
        lines=_lines(entry.lines, longest)[:2],
        quote=clean(entry.quote, min(longest, 300)) or None if entry.quote else None,
        buttons=_buttons(entry.buttons),
    )


def _lines(lines: Sequence[str], longest: int) -> list[str]:
    return [text for line in lines[:MOST_LINES] if (text := clean(line, longest))]


def _buttons(buttons: Sequence[Button]) -> list[Button]:
    named = ((button, one_line(button.words, LONGEST_NAME)) for button in buttons[:MOST_LINES])
    return [replace(button, words=text) for button, text in named if text]


def clean(text: str, longest: int) -> str:
    """The text without what chats choke on, and no longer than that."""
    beginning = text.lstrip()[: 2 * longest + 1].replace("\r\n", "\n")
    return shortened(_HALVES.sub("�", _CONTROLS.sub(" ", beginning)).strip(), longest)


def one_line(text: str, longest: int) -> str:
    return shortened(" ".join(clean(text, 2 * longest).split()), longest)


def units(text: str) -> int:
    """Its length as JavaScript, Java and their like count: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, longest: int, write: Callable[[str], str] = str) -> str:
    """The text as `write` puts it, cut where that would have more than `longest` units."""
    whole = write(text)
    if units(whole) <= longest:
        return whole
    low, high = 0, min(len(text), longest)
    while low < high:
        middle = (low + high + 1) // 2
        if units(write(text[:middle].rstrip() + MORE)) <= longest:
            low = middle
        else:
            high = middle - 1
    return write(text[:low].rstrip() + MORE)


def paragraphs(message: Message) -> list[tuple[str, bool]]:
    """What is said below the heading, and whether it is a quote."""
    said = [(line, False) for line in message.lines]
    if not message.quote:
        return said
    quote = [(message.quote, True)]
    return [*quote, *said] if message.quote_first else [*said, *quote]


def places(message: Message) -> list[tuple[str, str]]:
    """The pages to which a message leads, that of its issue first."""
    _ = words(message.language)
    answered = message.answered
    elsewhere = [(answered.words, answered.url)] if answered is not None else []
    issue = [(_("See how it stands"), message.status_url)] if message.status_url else []
    return [*issue, *elsewhere, (_("Your inbox"), message.inbox_url)]


def as_plain(message: Message) -> str:
    """For whatever shows nothing but text. The heading is not among it."""
    _ = words(message.language)
    page = _("See how it stands")
    links = [(button.words, button.url) for button in message.buttons]
    return _joined(
        message,
        [_link(*link) for link in links],
        [
            "\n".join(
                (
                    said,
                    *(_link(button.words, button.url) for button in entry.buttons),
                    _link(page, entry.status_url),
                )
            )
            for said, entry in zip(_entries(message), message.entries, strict=True)
        ],
        [_link(*place) for place in places(message)],
    )


def without_links(message: Message) -> str:
    """The same for whatever shows its links as buttons."""
    return _joined(message, [], _entries(message), [])


def _joined(message: Message, links: list[str], entries: list[str], at_the_end: list[str]) -> str:
    said = [_quoted(text) if is_quote else text for text, is_quote in paragraphs(message)]
    facts = "\n".join(f"{name}: {value}" for name, value in message.facts)
    parts = (*said, *links, *entries, message.left_out, facts, *at_the_end)
    return "\n\n".join(filter(None, parts))


def _entries(message: Message) -> list[str]:
    return [_plain_entry(nth, entry) for nth, entry in enumerate(message.entries, 1)]


def _plain_entry(nth: int, entry: Entry) -> str:
    title = f"{nth}. {entry.title} [{entry.reference}]"
    quote = _quoted(entry.quote) if entry.quote else ""
    return "\n".join(filter(None, (title, entry.note, *entry.lines, quote)))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _link(name: str, url: str) -> str:
    return f"{name}: {url}"
