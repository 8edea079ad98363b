"""Reads a raw mail, whatever its bytes: who wrote what to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from inscriptis import get_text  # type: ignore[import-untyped, unused-ignore]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped, unused-ignore]

from services.intake import clean
from services.intake.mail.charset import decode

LONGEST_SUBJECT = 1000
LONGEST_HTML = 2_000_000
MOST_PARTS = 1000

_UNLABELLED = re.compile(r"[\udc80-\udcff]")
_ENCODED = re.compile(r"=\?[^?\s]+\?[bq]\?[^?]*\?=(\s*=\?[^?\s]+\?[bq]\?[^?]*\?=)*", re.IGNORECASE)
_HELD = "\ue000"
_HOLDER = re.compile(f"{_HELD}(\\d+){_HELD}")
_ID = re.compile(r"<[^<>\s]+>")
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail; a signature or an invitation is one too."""

    filename: str
    """Without any path; never empty."""
    content_type: str
    content: bytes
    sha256: str
    inline: bool
    """Shown within the HTML."""
    content_id: str | None
    """Without angle brackets."""

    @property
    def size(self) -> int:
        return len(self.content)


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What a mail says. Every text is cleaned; headers are as they were, decoded."""

    subject: str
    from_name: str
    from_address: str | None
    """None where there is none that could be written to."""
    to: tuple[str, ...]
    """Everybody in To and Cc, each once."""
    cc: tuple[str, ...]
    reply_to: tuple[str, ...]
    sender: str | None
    message_id: str
    """As written, with its angle brackets; empty where there is none."""
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    """The thread's ids, the oldest first: References, then what In-Reply-To adds."""
    sent_at: datetime | None
    """Always aware."""
    text: str
    """The words of the body: its plain text, else those of its HTML."""
    html: str | None
    """The HTML of the body, safe to show; None where it has none."""
    attachments: tuple[Attachment, ...]
    headers: dict[str, str]
    """By lower-case name, the first of each."""
    all_headers: tuple[tuple[str, str], ...]
    """In order, names as written."""
    content_type: str
    """Of the whole mail, in small letters."""
    report_type: str
    """Of a multipart/report, in small letters: `delivery-status`, `disposition-notification`..."""
    report: tuple[dict[str, str], ...]
    """The groups of fields of such a report, by lower-case name (RFC 3464)."""
    enclosed: dict[str, str]
    """The headers of the message within this one, which a bounce returns, by lower-case name."""
    decisions: tuple[str, ...]
    """What was decided while reading, each in one English sentence."""
    refused: str | None
    """Why it is not to be taken, or None."""


def read_mail(raw: bytes) -> ReadMail:
    """Never raises for what is in the mail; what can't be read is left out, the rest stays."""
    try:
        message = message_from_bytes(raw, policy=compat32)
    except RecursionError:  # nested a thousand deep, on purpose
        message = BytesHeaderParser(policy=compat32).parsebytes(raw)
    written = _headers(message)
    headers = {name: _header(value) for name, value in written.items()}
    name, address = _sender(written.get("from", ""))
    in_reply_to = _ids(headers.get("in-reply-to", ""))
    report_type, report, enclosed = _report(message)
    return ReadMail(
        subject=clean.one_line(headers.get("subject", ""), LONGEST_SUBJECT),
        from_name=clean.one_line(name, 200),
        from_address=address,
        to=_addresses(written, "to", "cc"),
        cc=_addresses(written, "cc"),
        reply_to=_addresses(written, "reply-to"),
        sender=next(iter(_addresses(written, "sender")), None),
        message_id=clean.one_line(headers.get("message-id", ""), LONGEST_SUBJECT),
        in_reply_to=in_reply_to,
        references=tuple(dict.fromkeys((*_ids(headers.get("references", "")), *in_reply_to))),
        sent_at=_instant(headers.get("date", "")),
        text=clean.several_lines(_text(message)),
        html=None,
        attachments=(),
        headers=headers,
        all_headers=tuple((name, _header(str(value))) for name, value in message.raw_items()),
        content_type=message.get_content_type(),
        report_type=report_type,
        report=report,
        enclosed=enclosed,
        decisions=(),
        refused=None,
    )


def _addresses(written: dict[str, str], *names: str) -> tuple[str, ...]:
    """The addresses in these headers, each once."""
    return tuple(
        dict.fromkeys(
            address for name in names for _, address in _mailboxes(written.get(name, "")) if address
        )
    )


def _ids(value: str) -> tuple[str, ...]:
    """Message-IDs with their angle brackets, each once."""
    return tuple(dict.fromkeys(_ID.findall(value)))


def _instant(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _report(message: Message) -> tuple[str, tuple[dict[str, str], ...], dict[str, str]]:
    """Type, fields and the returned headers of a multipart/report."""
    kind, groups = "", list[dict[str, str]]()
    enclosed: dict[str, str] = {}
    if message.get_content_type() == "multipart/report":
        kind = str(message.get_param("report-type", "") or "").lower()
    for part in message.walk():
        of = part.get_content_type()
        payload = part.get_payload()
        if of in ("message/delivery-status", "message/disposition-notification"):
            found: list[Any] = payload if isinstance(payload, list) else [part]
            groups += [{n: _header(v) for n, v in _headers(g).items()} for g in found if g.keys()]
        elif of == "message/feedback-report":
            fields = BytesHeaderParser(policy=compat32).parsebytes(str(payload).encode())
            groups.append({n: _header(v) for n, v in _headers(fields).items()})
        elif of == "message/rfc822" and isinstance(payload, list) and payload and not enclosed:
            returned: Any = payload[0]
            enclosed = {n: _header(v) for n, v in _headers(returned).items()}
        elif of == "text/rfc822-headers" and not enclosed:
            inner = BytesHeaderParser(policy=compat32).parsebytes(str(payload).encode())
            enclosed = {n: _header(v) for n, v in _headers(inner).items()}
    return kind, tuple(groups), enclosed


def _headers(message: Message) -> dict[str, str]:
    """As they were written, by lower-case name, the first of each."""
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), str(value))
    return headers


def _header(value: str) -> str:
    """A header's text: encoded words (RFC 2047) and bare bytes alike."""
    return _ENCODED.sub(_encoded, _bare(value))


def _bare(value: str) -> str:
    """A header on one line, its bare bytes as text, its encoded words untouched."""
    if _UNLABELLED.search(value):
        value = decode(value.encode("ascii", "surrogateescape"))
    unfolded = " ".join(value.split())
    if "\x1b" in unfolded:
        return decode(unfolded.encode("utf-8", "replace"))
    return unfolded


def _encoded(found: re.Match[str]) -> str:
    """The text of encoded words that follow each other; a character may begin in one of them and
    end in the next."""
    try:
        parts = decode_header(found[0])
    except Exception:  # email.errors.HeaderParseError, binascii.Error and others
        return found[0]
    return "".join(part if isinstance(part, str) else decode(part, label) for part, label in parts)


def _sender(value: str) -> tuple[str, str | None]:
    """Name and address of the first that can be written to."""
    found = _mailboxes(value) or [("", None)]
    if not any(address for _, address in found):
        found = [*_mailboxes(_header(value)), *found]  # name and address in one encoded word
    return next((one for one in found if one[1]), found[0])


def _mailboxes(value: str) -> list[tuple[str, str | None]]:
    """Names and addresses in a header. Encoded words are decoded last: a comma or an address
    within a name is a part of that name (RFC 2047, section 6.2)."""
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(_encoded(found))
        return f"{_HELD}{len(held) - 1}{_HELD}"

    bare = _ENCODED.sub(hold, _bare(value).replace(_HELD, ""))
    return [
        (_HOLDER.sub(lambda found: held[int(found[1])], name), clean.address(address))
        for name, address in getaddresses([bare])
    ]


def _text(message: Message) -> str:
    """The plain text of the mail itself; where there is none, that of its HTML."""
    plain: list[str] = []
    html = ""
    for part in _own_parts(message):
        # nothing says where the parts of a multipart that is left begin: it is text as it stands
        is_plain = part.get_content_type() == "text/plain" or part.get_content_maintype() == (
            "multipart"
        )
        if not (is_plain or part.get_content_type() == "text/html") or _is_attached(part):
            continue
        content = _content(part)
        if is_plain and content.strip():
            plain.append(content)
        elif content.strip():
            html = html or content
    return "\n".join(plain) if plain else _plain(html)


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
