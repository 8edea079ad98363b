"""A file that came with a mail, and a name for it that is safe on every machine."""

from __future__ import annotations

import mimetypes
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Final

from services.intake import clean

LONGEST_NAME: Final = 200

_KNOWN: Final = {
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/partial": ".eml",
    "message/external-body": ".txt",
    "text/rfc822-headers": ".txt",
    "message/delivery-status": ".txt",
    "text/plain": ".txt",
    "text/calendar": ".ics",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/pjpeg": ".jpg",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/webp": ".webp",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pgp-keys": ".asc",
    "application/ms-tnef": ".dat",
    "application/octet-stream": ".bin",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/gzip": ".gz",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "text/markdown": ".md",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "audio/amr": ".amr",
    "audio/mp4": ".m4a",
    "video/3gpp": ".3gp",
    "video/quicktime": ".mov",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail; a signature or an invitation is one too."""

    filename: str
    """Without any path; never empty."""
    content_type: str
    content: bytes = field(repr=False)
    sha256: str
    inline: bool
    """Shown within the HTML."""
    content_id: str | None
    """Without angle brackets."""

    @property
    def size(self) -> int:
        return len(self.content)


def attachment(
    name: str, kind: str, content: bytes, number: int, *, inline: bool, content_id: str | None
) -> Attachment:
    """An attachment; `number` names it where nothing else does."""
    return Attachment(
        filename=safe_name(name) or default_name(kind, number),
        content_type=kind,
        content=content,
        sha256=sha256(content).hexdigest(),
        inline=inline,
        content_id=content_id,
    )


def safe_name(written: str) -> str:
    """The last part of a path, of a sensible length; "" where nothing is left of it."""
    name = clean.one_line(written, 10_000).replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = "".join(char for char in name if unicodedata.category(char) not in ("Cc", "Cs"))
    name = name.strip().rstrip(". ")
    if not name.strip("._ "):
        return ""
    if len(name) <= LONGEST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or len(extension) > 20:
        return name[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(extension) - 1]}.{extension}"


def default_name(kind: str, number: int) -> str:
    """A name for a file that has none, such as `attachment-1.pdf`."""
    extension = _KNOWN.get(kind) or _extensions().guess_extension(kind)
    if extension is None:
        extension = ".txt" if kind.startswith("text/") else ".bin"
    return f"attachment-{number}{extension}"


@cache
def _extensions() -> mimetypes.MimeTypes:
    """Python's own table, the same on every machine."""
    return mimetypes.MimeTypes()
