"""Opens `winmail.dat`, in which Outlook packs text and files (MS-OXTNEF), with tnefparse.

tnefparse believes every count and copies the rest of the data at each step. So it is given only
those objects that hold text or files, and only where their counts fit their sizes.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tnefparse.tnef import TNEF

from services.intake.mail import charset, html

SIGNATURE: Final = b"\x78\x9f\x3e\x22"
LARGEST: Final = 100_000_000
MOST_COPIED: Final = 2_000_000_000
MOST_OBJECTS: Final = 5_000
MOST_PROPERTIES: Final = 5_000

_HEAD = struct.Struct("<BHHI")
_MAPI_ATTACHMENT: Final = 0x9005
_MAPI_MESSAGE: Final = 0x9003
_CODEPAGE: Final = 0x9007
_KEPT: Final = frozenset({0x9006, _CODEPAGE, 0x800C, _MAPI_MESSAGE, 0x9002, 0x8010, 0x800F, 0x9005})
"""Version, code page, body, properties; of a file: its beginning, title, content, properties."""
_WITHIN: Final = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
"""A mail within the mail."""
_SIZES: Final = {
    0x0002: 2, 0x000B: 2, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x0005: 8, 0x0007: 8, 0x0006: 8,
    0x0014: 8, 0x0040: 8, 0x0048: 16,
}  # fmt: skip
"""Bytes of a MAPI value by its type."""
_LONG: Final = frozenset({0x001E, 0x001F, 0x000D, 0x0102, 0x0000})
"""Types of MAPI values that say their length."""

logging.getLogger("tnefparse").setLevel(logging.CRITICAL)  # it logs what is in mails


@dataclass(frozen=True, slots=True)
class FileWithin:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found in a winmail.dat."""

    text: str
    page: str
    """The body as HTML."""
    files: tuple[FileWithin, ...]
    whole: bool
    """Whether nothing was left unopened."""


class NotOpened(Exception):
    """It is no TNEF, or nothing that should be opened."""


def open_tnef(data: bytes) -> Opened:
    """Text and files. Raises `NotOpened` and nothing else."""
    if not data.startswith(SIGNATURE) or len(data) > LARGEST:
        raise NotOpened
    try:
        slim, whole = _slim(data)
        found = TNEF(slim, do_checksum=False)
        codepage = _codepage(found.codepage)
        files = [_file(one, codepage) for one in found.attachments]
        return Opened(
            text=_text(found.body, codepage),
            page=_text(found.htmlbody, codepage),
            files=tuple(one for one in files if one.content or one.name),
            whole=whole,
        )
    except NotOpened:
        raise
    except Exception as error:  # a parser of others on the bytes of others
        raise NotOpened from error


def words(opened: Opened) -> str:
    """Its text, else the words of its HTML."""
    return opened.text if opened.text.strip() else html.words(opened.page) if opened.page else ""


def _slim(data: bytes) -> tuple[bytes, bool]:
    """The stream with only what is opened, and whether anything of interest was left out."""
    out, whole, opened = [data[:6]], True, False
    for count, (level, name, start, end) in enumerate(_objects(data)):
        if count > MOST_OBJECTS:
            raise NotOpened
        if name not in _KEPT:
            continue
        content = data[start + _HEAD.size : end - 2]
        opened = opened or name == 0x9002
        if level == 2 and not opened:
            continue
        if name in (_MAPI_MESSAGE, _MAPI_ATTACHMENT) and not _is_sane(content):
            whole = False
            continue
        if name == _MAPI_ATTACHMENT and _WITHIN in content:
            whole = False
            continue
        out.append(data[start:end])
    size = sum(map(len, out))
    if size * len(out) > MOST_COPIED:
        raise NotOpened
    return b"".join(out) + b"\0" * 12, whole  # tnefparse leaves out an object at the very end


def _objects(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Level, name, start and end of each object."""
    at = 6
    while at + _HEAD.size + 2 <= len(data):
        level, name, _, length = _HEAD.unpack_from(data, at)
        end = at + _HEAD.size + length + 2
        if level not in (1, 2) or end > len(data):
            return
        yield level, name, at, end
        at = end


def _is_sane(content: bytes) -> bool:
    """Whether the counts of MAPI properties fit the bytes that are there."""
    try:
        at = _past_properties(content)
    except (struct.error, ValueError, IndexError):
        return False
    return at <= len(content) + 3


def _past_properties(content: bytes) -> int:
    count, at = _number(content, 0), 4
    if count > MOST_PROPERTIES:
        raise ValueError(count)
    for _ in range(count):
        kind, name = struct.unpack_from("<HH", content, at)
        at += 4
        if name >= 0x8000:
            at = _past_name(content, at + 16)
        several = bool(kind & 0x1000)
        kind &= 0x0FFF
        values = 1
        if several or kind in _LONG:
            values = _number(content, at)
            at += 4
        if values > MOST_PROPERTIES:
            raise ValueError(values)
        start = at
        for _ in range(values):
            if kind in _LONG:
                at += 4 + _padded(_number(content, at))
            else:
                at += _SIZES[kind] if kind in _SIZES else _unknown(kind)
            if at > len(content) + 3:
                raise ValueError(at)
        if kind not in _LONG:
            at = start + _padded(at - start)
    return at


def _past_name(content: bytes, at: int) -> int:
    """Past the name of a named property."""
    if _number(content, at) == 0:
        return at + 8
    return at + 8 + _padded(_number(content, at + 4))


def _unknown(kind: int) -> int:
    raise ValueError(kind)


def _number(content: bytes, at: int) -> int:
    found: int = struct.unpack_from("<I", content, at)[0]
    return found


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4


def _codepage(found: Any) -> str:
    name = found if isinstance(found, str) else ""
    return name if charset.meant(name) else ""


def _text(found: Any, codepage: str) -> str:
    if isinstance(found, bytes):
        return charset.decode(found.rstrip(b"\0"), codepage)
    return found.rstrip("\0") if isinstance(found, str) else ""


def _file(found: Any, codepage: str) -> FileWithin:
    """A file by its long name, else by its short one."""
    names = [
        one.data for one in found.mapi_attrs if one.name == 0x3707 and one.data
    ]  # PidTagAttachLongFilename
    written = names[0] if names else found._name  # noqa: SLF001  # `.name` takes it for UTF-8
    data = found.data
    return FileWithin(_text(written, codepage), data if isinstance(data, bytes) else b"")
