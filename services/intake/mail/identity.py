"""Which mail is it: the same one may come again, on another way and with other stamps on it."""

from __future__ import annotations

import re
from hashlib import sha256

_WRITTEN_BY_THE_SENDER = frozenset(
    {
        b"content-transfer-encoding",
        b"content-type",
        b"date",
        b"from",
        b"in-reply-to",
        b"message-id",
        b"references",
        b"subject",
    }
)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([^\s:]+)[ \t]*:((?:.*(?:\n[ \t].*)*))", re.MULTILINE)


def identity_of(raw: bytes) -> str:
    """The same for the same mail, in hexadecimal.

    A server that got no answer delivers a mail again, and a mail to two of our addresses comes
    twice: then what servers write on it (Received, Delivered-To, Return-Path) differs, and neither
    its Message-ID nor what its sender wrote. A mail without Message-ID is the same only if every
    byte is, since forms and machines do send the same words twice.
    """
    end = _END_OF_HEADERS.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    fields = sorted(
        (name.lower(), b" ".join(value.split()))
        for name, value in _FIELD.findall(head)
        if name.lower() in _WRITTEN_BY_THE_SENDER
    )
    if not any(name == b"message-id" and value for name, value in fields):
        return sha256(raw).hexdigest()
    said = sha256(b"".join(b"%s:%s\n" % field for field in fields))
    said.update(b"\n" + body.replace(b"\r\n", b"\n").rstrip(b"\n"))
    return said.hexdigest()
