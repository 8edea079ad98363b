"""Signs mails, so that whoever receives them can tell that they are ours and unchanged (RFC 6376).

Only what `email.py` writes is signed: its lines end in CRLF and its body in one of them, so that
the body is canonical as it is (`simple`); of headers, which servers fold anew, blanks do not count
(`relaxed`).
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SIGNED = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "auto-submitted",
    "mime-version",
    "content-type",
)
"""Each is named once more than it is there, so that none can be added (RFC 6376, 8.15)."""
SHORTEST_KEY = 1024
"""In bits; receivers take no shorter one (RFC 8301)."""
_FIELD = re.compile(r"([!-9;-~]+):((?:[^\r]|\r\n[ \t])*)\r\n")


class KeyUnusable(Exception):
    """Mails can't be signed with this key."""


class Signer:
    """Signs in the name of a domain, whose DNS has the key's other half below the selector."""

    def __init__(self, key: Path, selector: str) -> None:
        self._selector = selector
        try:
            loaded = load_pem_private_key(key.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise KeyUnusable(f"BANSO_DKIM_KEY: no key without a password: {error}") from error
        if not isinstance(loaded, RSAPrivateKey) or loaded.key_size < SHORTEST_KEY:
            raise KeyUnusable(f"BANSO_DKIM_KEY: an RSA key of {SHORTEST_KEY} bits at least")
        self._key = loaded

    def signed(self, content: bytes, domain: str, now: datetime) -> bytes:
        """The mail with its signature on top."""
        head, _, body = content.partition(b"\r\n\r\n")
        fields = {
            name.lower(): value for name, value in _FIELD.findall(head.decode("ascii") + "\r\n")
        }
        there = [name for name in SIGNED if name in fields]
        names = ":".join([*there, *SIGNED])
        tags = (
            f" v=1; a=rsa-sha256; c=relaxed/simple; d={domain}; s={self._selector};\r\n"
            f" t={int(now.timestamp())}; h={_folded(names)};\r\n"
            f" bh={b64encode(sha256(body).digest()).decode()};\r\n b="
        )
        lines = [f"{name}:{_relaxed(fields[name])}\r\n" for name in there]
        said = "".join((*lines, f"dkim-signature:{_relaxed(tags)}"))
        signature = b64encode(self._key.sign(said.encode("ascii"), PKCS1v15(), SHA256())).decode()
        parts = [signature[at : at + 72] for at in range(0, len(signature), 72)]
        folded = "\r\n  ".join(parts)
        return f"DKIM-Signature:{tags}{folded}\r\n".encode("ascii") + content


def _folded(names: str) -> str:
    """On lines that are short enough."""
    words = names.split(":")
    lines = [":".join(words[at : at + 6]) for at in range(0, len(words), 6)]
    return ":\r\n  ".join(lines)


def _relaxed(value: str) -> str:
    return re.sub(r"[ \t]+", " ", value.replace("\r\n", "")).strip(" ")
