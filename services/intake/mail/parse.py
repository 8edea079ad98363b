"""Reads a raw mail, whatever its bytes: who wrote what to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

from inscriptis import get_text  # type: ignore[import-untyped, unused-ignore]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped, unused-ignore]

from services.intake import clean
from services.intake.mail.charset import decode

LONGEST_SUBJECT = 1000
LONGEST_HTML = 2_000_000
MOST_PARTS = 1000

_UNLABELLED = re.compile(r"[\udc80-\udcff]")
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What a mail says. Every text is cleaned; headers are as they were, decoded."""

    subject: str
    from_name: str
    from_address: str | None
    """None where there is none that could be written to."""
    to: tuple[str, ...]
    message_id: str
    text: str
    headers: dict[str, str]
    """By lower-case name, the first of each."""


def read_mail(raw: bytes) -> ReadMail:
    """Never raises for what is in the mail; what can't be read is left out, the rest stays."""
    message = message_from_bytes(raw, policy=compat32)
    headers = _headers(message)
    from_name, from_address = next(iter(_addresses(message, "from")), ("", None))
    return ReadMail(
        subject=clean.one_line(headers.get("subject", ""), LONGEST_SUBJECT),
        from_name=from_name,
        from_address=from_address,
        to=tuple(address for header in ("to", "cc") for _, address in _addresses(message, header)),
        message_id=clean.one_line(headers.get("message-id", ""), LONGEST_SUBJECT),
        text=clean.several_lines(_text(message)),
        headers=headers,
    )


def _headers(message: Message) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), _header(str(value)))
    return headers


def _addresses(message: Message, header: str) -> list[tuple[str, str]]:
    """Names and addresses of a header's first line, without what is none.

    Encoded words are decoded last (RFC 2047, section 6.2), since a comma or an address within
    them belongs to the name; bytes without a label have to be decoded before anything is found.
    """
    name = header.lower()
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name), "")
    is_labelled = not _UNLABELLED.search(raw) and "\x1b" not in raw
    text = " ".join(raw.split()) if is_labelled else _header(raw)
    return [
        (clean.one_line(_header(words), 200), address)
        for words, found in getaddresses([text])
        if (address := clean.address(found))
    ]


def _header(value: str) -> str:
    """A header's text: encoded words (RFC 2047) and bare bytes alike."""
    if _UNLABELLED.search(value):
        value = decode(value.encode("ascii", "surrogateescape"))
    unfolded = " ".join(value.split())
    if "\x1b" in unfolded:
        return decode(unfolded.encode("utf-8", "replace"))
    try:
        parts = decode_header(unfolded)
    except Exception:  # email.errors.HeaderParseError, binascii.Error and others
        return unfolded
    return "".join(part if isinstance(part, str) else decode(part, label) for part, label in parts)


def _text(message: Message) -> str:
    """The plain text of the mail itself; where there is none, that of its HTML."""
    html = ""
    for part in _own_parts(message):
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or _is_attached(part):
            continue
        content = _content(part)
        if kind == "text/plain" and content.strip():
            return content
        html = html or content
    return _plain(html) if html else ""


def _own_parts(message: Message) -> Iterator[Message]:
    """The mail's own parts, in order, without those of attached mails."""
    waiting = [message]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting[:0] = [child for child in payload if isinstance(child, Message)]
        elif part.get_content_maintype() != "message":
            yield part


def _is_attached(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment"
    except Exception:  # a disposition that the standard library can't read
        return False


def _content(part: Message) -> str:
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # broken base64 or quoted-printable
        payload = None
    if not isinstance(payload, bytes):
        text = part.get_payload()
        payload = str(text).encode("utf-8", "surrogateescape")
    try:
        label = part.get_content_charset()
    except Exception:  # a charset parameter that the standard library can't read
        label = None
    return decode(payload, label)


def _plain(html: str) -> str:
    """The words of an HTML mail, laid out roughly as they were."""
    try:
        text: str = get_text(html[:LONGEST_HTML], ParserConfig())
    except Exception:  # what lxml can't take
        text = ""
    return text if text.strip() else _TAGS.sub(" ", html[:LONGEST_HTML])
