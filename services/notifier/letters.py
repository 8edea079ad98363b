"""How a message looks as a mail: as text, and as HTML that Outlook, Gmail and phones show alike.

The company may have templates of its own (`mail.html`, `mail.txt`), which see the message and
nothing else. Where one of them fails, ours is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import unescape
from pathlib import Path
from typing import Literal

from jinja2 import (
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    select_autoescape,
)
from jinja2.loaders import ChoiceLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment
from prometheus_client import CollectorRegistry, Gauge

from services.notifier.message import Message
from shared import logs
from shared.language import words

log = logs.get(__name__)

LARGEST_HTML = 102_000
"""In bytes. Gmail cuts off what is longer, and with it the links at its end."""

Name = Literal["mail.html", "mail.txt"]
NAMES: tuple[Name, ...] = ("mail.html", "mail.txt")

_OURS = FileSystemLoader(Path(__file__).parent / "templates")


class Letters:
    """Writes messages in the company's templates where it has some, else in ours."""

    def __init__(
        self, directory: Path | None = None, registry: CollectorRegistry | None = None
    ) -> None:
        self._directory = directory
        self._broken: set[Name] = set()
        self._gauge = Gauge(
            "banso_templates_broken",
            "1 where the company's own template failed, so that ours is used.",
            ["template"],
            registry=registry,
        )
        for name in NAMES:
            self._gauge.labels(name).set(0)

    def text(self, message: Message) -> str:
        """For every mail program, and for screen readers."""
        return self._write("mail.txt", message)

    def html(self, message: Message) -> str:
        """For people who see colours."""
        return self._write("mail.html", message)

    def _write(self, name: Name, message: Message) -> str:
        if self._directory is None or not (self._directory / name).is_file():
            return _fill(_ours(), name, message)
        try:
            written = _fill(_theirs(self._directory), name, message)
        except Exception as error:
            self._note(name, error)
            return _fill(_ours(), name, message)
        self._note(name, None)
        return written

    def _note(self, name: Name, error: Exception | None) -> None:
        """Says once that a template is broken, and once that it is mended."""
        if (error is not None) == (name in self._broken):
            return
        if error is not None:
            self._broken.add(name)
            log.error("template.broken", template=name, error=_said(error))
        else:
            self._broken.discard(name)
            log.info("template.mended", template=name)
        self._gauge.labels(name).set(name in self._broken)


def as_text(message: Message) -> str:
    """In our own template."""
    return _fill(_ours(), "mail.txt", message)


def as_html(message: Message) -> str:
    """In our own template."""
    return _fill(_ours(), "mail.html", message)


def faults(directory: Path, messages: Sequence[Message]) -> list[str]:
    """What is wrong with the company's templates, each in one line, tried on these messages: one
    that fails, that leaves out what people need, or that is too long for Gmail."""
    theirs = [name for name in NAMES if (directory / name).is_file()]
    if not theirs:
        return [f"there is neither {' nor '.join(NAMES)} in {directory}"]
    found = [
        f"{name}: {fault}"
        for name in theirs
        for one in messages
        for fault in _faults_of(name, one, directory)
    ]
    return list(dict.fromkeys(found))


def _faults_of(name: Name, message: Message, directory: Path) -> list[str]:
    try:
        written = _fill(_theirs(directory), name, message)
    except Exception as error:
        return [_said(error)]
    shown = unescape(written)
    needed = {
        "the heading": [message.heading],
        "the line above which people answer": [message.reply_above],
        "buttons": [one.url for one in message.buttons],
        "links to several things": [one.status_url for one in message.entries],
        "the link to the page of an issue": [message.status_url],
        "the link to the inbox": [message.inbox_url],
    }
    lacks = [
        f"leaves out {what}"
        for what, texts in needed.items()
        if any(text not in shown for text in texts)
    ]
    size = len(written.encode())
    if name == "mail.html" and size > LARGEST_HTML:
        lacks.append(f"makes {size} bytes, and Gmail cuts off what is beyond {LARGEST_HTML}")
    return lacks


def _fill(environment: Environment, name: Name, message: Message) -> str:
    translate = words(message.language).__call__
    return environment.get_template(name).render(m=message, _=translate)


@cache
def _ours() -> Environment:
    return Environment(
        loader=_OURS,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        autoescape=select_autoescape(["html"]),
    )


@cache
def _theirs(directory: Path) -> Environment:
    """Ours are there as well, below `ours/`. What changes on the disk holds from then on."""
    return ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([PrefixLoader({"ours": _OURS}), FileSystemLoader(directory)]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=select_autoescape(["html"]),
    )


def _said(error: Exception) -> str:
    """An error of a template in one line, with the line where it is known."""
    line = getattr(error, "lineno", None)
    where = f"line {line}: " if line else ""
    return f"{where}{type(error).__name__}: {' '.join(str(error).split())[:200]}"
