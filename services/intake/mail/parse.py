"""Reads a raw mail, whatever its bytes: who wrote what to whom, with which files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.intake import clean
from services.intake.mail import headers
from services.intake.mail.attachment import Attachment
from services.intake.mail.body import Body, read_body
from services.intake.mail.headers import Block
from services.intake.mail.parts import find_parts

LONGEST_SUBJECT: Final = 1000
LONGEST_NAME: Final = 200

_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


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
    raw, notes = _with_line_ends(raw)
    tree = find_parts(raw)
    body = read_body(raw, tree)
    notes += tree.notes + body.notes
    if tree.refused:
        notes.append(f"the mail is refused: {tree.refused}")
    head = headers.in_utf_8(tree.root.head, tree.root.content.parameters.get("charset", ""))
    return _mail(head, tree.root.kind, body, notes, tree.refused)


def _with_line_ends(raw: bytes) -> tuple[bytes, list[str]]:
    """The mail with line ends as the rest of the reading knows them."""
    if raw.startswith(_UTF_16):
        text = raw.decode("utf-16", "replace")
        return text.encode("utf-8", "replace"), ["the whole mail was written in UTF-16"]
    if b"\r" in raw and b"\n" not in raw:
        return raw.replace(b"\r", b"\n"), ["lines ended with a carriage return alone"]
    return raw, []


def _mail(head: Block, kind: str, body: Body, notes: list[str], refused: str | None) -> ReadMail:
    every = tuple((name, headers.said(value)) for name, value in head.fields)
    found: dict[str, str] = {}
    for name, value in every:
        found.setdefault(name.lower(), value)
    sender = headers.sender(head.first("from"))
    in_reply_to = headers.ids(found.get("in-reply-to", ""))
    references = headers.ids(found.get("references", ""))
    return ReadMail(
        subject=clean.one_line(found.get("subject", ""), LONGEST_SUBJECT),
        from_name=clean.one_line(sender.name, LONGEST_NAME),
        from_address=sender.address,
        to=_addresses(head, "to", "cc"),
        cc=_addresses(head, "cc"),
        reply_to=_addresses(head, "reply-to"),
        sender=next(iter(_addresses(head, "sender")), None),
        message_id=headers.message_id(found.get("message-id", "")),
        in_reply_to=in_reply_to,
        references=tuple(dict.fromkeys((*references, *in_reply_to))),
        sent_at=headers.instant(found.get("date", "")),
        text=clean.several_lines(body.text),
        html=body.html,
        attachments=body.attachments,
        headers=found,
        all_headers=every,
        content_type=kind,
        report_type=body.report_type,
        report=body.report,
        enclosed=body.enclosed,
        decisions=tuple(dict.fromkeys(notes)),
        refused=refused,
    )


def _addresses(head: Block, *names: str) -> tuple[str, ...]:
    """The addresses in these headers, each once."""
    found = (
        one.address
        for name in names
        for key, value in head.fields
        if key.lower() == name
        for one in headers.mailboxes(value)
        if one.address
    )
    return tuple(dict.fromkeys(found))
