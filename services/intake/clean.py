"""Makes what strangers send safe to keep and to show, without changing what they said."""

from __future__ import annotations

import re
import unicodedata

_BREAK = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
"""Everything that ends a line or a page."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""Characters that make text read in another order than it is written."""
_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"]{1,64}@[^@\s<>()\[\],;:\\\"]{1,190}")
LONGEST_ADDRESS = 254


def several_lines(text: str) -> str:
    """The text with its lines and tabs, without other control characters or half characters."""
    text = _BREAK.sub("\n", text)
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return _BIDI.sub("", _CONTROL.sub("", whole)).strip()


def one_line(text: str, longest: int) -> str:
    """The text on one line, cut with an ellipsis where it is too long."""
    line = " ".join(several_lines(text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def address(text: str) -> str | None:
    """A mail address, its domain in small letters, or None where it can't be one."""
    found = written_address(text)
    local = (found or "").rpartition("@")[0]
    return None if ".." in local or local.startswith(".") or local.endswith(".") else found


def written_address(text: str) -> str | None:
    """The same for an address that somebody wrote from: old Japanese phones have addresses with
    dots where the standard allows none, and they can be answered."""
    found = unicodedata.normalize("NFKC", text).strip()
    if len(found) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(found) or not found.isprintable():
        return None
    local, _, domain = found.rpartition("@")
    return None if ".." in domain or domain.startswith(".") else f"{local}@{domain.lower()}"
