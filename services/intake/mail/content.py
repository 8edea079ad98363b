"""What the bytes of a part stand for: transfer encodings, flowed text, files within a text."""

from __future__ import annotations

import binascii
import re
import string
from dataclasses import dataclass
from typing import Final

from services.intake.mail import headers

_PADDED_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_NOT_PADDING = re.compile(rb"[^=\s]")
_ALPHABET: Final = string.ascii_letters.encode() + string.digits.encode() + b"+/="
_BEGIN = re.compile(r"^begin [0-7]{3,4} ([^\n]{1,200})$", re.MULTILINE)
_END = re.compile(r"^(?:end|END)[ \t]*$", re.MULTILINE)
_UU_LINE = re.compile(r"[ -`][ -`]{0,85}[ \t]*")
MOST_BLOCKS: Final = 1_000
MOST_FILES: Final = 100
_UUENCODED: Final = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def decoded(data: bytes, encoding: str) -> bytes:
    """The content behind a transfer encoding; never raises, and loses what it must only."""
    if encoding == "base64":
        return _base64(data)
    if encoding == "quoted-printable":
        return _quoted_printable(data)
    if encoding in _UUENCODED:
        found = _uudecoded(data.decode("latin-1").replace("\r\n", "\n").splitlines())
        return data if found is None else found
    return data


def _quoted_printable(data: bytes) -> bytes:
    """RFC 2045, section 6.7; a `=` that begins no code stands for itself."""
    return binascii.a2b_qp(_PADDED_BREAK.sub(b"=", data))


def _base64(data: bytes) -> bytes:
    """RFC 2045, section 6.8: several blocks in a row, a block cut off, a footer of a list behind
    it, and text that is only labelled so."""
    if not _begins_as_base64(data):
        return data if data.strip() else b""
    blocks: list[bytes] = []
    at = 0
    while at < len(data) and len(blocks) < MOST_BLOCKS:
        padding = data.find(b"=", at)
        following = _NOT_PADDING.search(data, padding) if padding >= 0 else None
        if following is None and not blocks:
            return _block(data)
        end = following.start() if following else len(data)
        block = data[at:end]
        if blocks and not _is_base64(block):
            blocks.append(b"\n" + data[at:].strip())
            break
        blocks.append(_block(block))
        at = end
    return b"".join(blocks)


def _begins_as_base64(data: bytes) -> bool:
    """Whether the first line is base64, with or without something behind its padding."""
    start = re.search(rb"\S", data)
    if start is None:
        return False
    line = data[start.start() : start.start() + 2_000].partition(b"\n")[0].rstrip()
    bare, padding, _ = line.partition(b"=")
    if not bare or bare.translate(None, _ALPHABET + b"-_"):
        return False
    pads = len(padding) + line.startswith(b"==", len(bare))
    return not padding or (len(bare) + pads) % 4 == 0


def _is_base64(block: bytes) -> bool:
    whole = block.translate(None, string.whitespace.encode())
    return len(whole) % 4 == 0 and not whole.translate(None, _ALPHABET)


def _block(data: bytes) -> bytes:
    """One block of base64, without a copy where it is as it should be."""
    if b"-" in data or b"_" in data:
        data = data.translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return binascii.a2b_base64(data)
    except (binascii.Error, ValueError):
        return headers.base64(re.sub(rb"[^A-Za-z0-9+/]+", b"", data))


# --- format=flowed


def unflowed(text: str, *, delete_space: bool) -> str:
    """The text with its soft line breaks taken out (RFC 3676)."""
    out: list[str] = []
    depth_before, flows = 0, False
    for line in text.split("\n"):
        quote = len(line) - len(line.lstrip(">"))
        words = line[quote:].removeprefix(" ")
        is_signature = words == "-- "
        if not (flows and quote == depth_before and not is_signature):
            out.append("\n" + ">" * quote + (" " if quote and words else ""))
        depth_before = quote
        flows = words.endswith(" ") and not is_signature
        out.append(words[:-1] if flows and delete_space else words)
    return "".join(out)[1:]


# --- uuencode


@dataclass(frozen=True, slots=True)
class FileInText:
    name: str
    content: bytes


def without_files(text: str) -> tuple[str, tuple[FileInText, ...]]:
    """A text, apart from the uuencoded files that stand in it."""
    if "begin " not in text:
        return text, ()
    left: list[str] = []
    files: list[FileInText] = []
    at = 0
    for found in _BEGIN.finditer(text):
        if found.start() < at:
            continue
        end = _END.search(text, found.end())
        if end is None or len(files) >= MOST_FILES:
            break
        content = _uudecoded(text[found.start() : end.end()].splitlines())
        if content is None:
            continue
        files.append(FileInText(found[1].strip(), content))
        left.append(text[at : found.start()])
        at = end.end()
    return "".join(left) + text[at:], tuple(files)


def _uudecoded(lines: list[str]) -> bytes | None:
    """The content of `begin` to `end`; None where a line in between is no uuencode."""
    out: list[bytes] = []
    begun = False
    for line in lines:
        if not begun:
            begun = line.startswith("begin ")
            continue
        if line.strip().lower() == "end":
            return b"".join(out) or None
        if not line.strip():
            continue
        if not _UU_LINE.fullmatch(line):
            return None
        try:
            out.append(_uu_line(line))
        except (binascii.Error, ValueError):
            return None
    return b"".join(out) or None


def _uu_line(line: str) -> bytes:
    data = line.encode("ascii")
    try:
        return binascii.a2b_uu(data)
    except binascii.Error:  # more or fewer characters than the first one says
        needed = (((data[0] - 32) & 63) * 4 + 5) // 3
        if len(data) - 1 < needed - 2:
            raise
        return binascii.a2b_uu(data[: needed + 1])
