"""Turns the bytes of mails into text, above all the bytes of Japanese mails.

Python's `iso2022_jp` and `shift_jis` reject the rows of NEC and IBM (① ㈱ 髙 Ⅳ), the commonest in
business mail, and there is no cp50220 codec. So each JIS pair is read as its cp932 pair, labels
are read as what they mean in practice, and where a label is wrong or missing it is guessed.
"""

from __future__ import annotations

import codecs
import re

_MEANT = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "ms932": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
}
_ISO_2022_JP = re.compile(r"(iso-?2022-?jp.*|cp5022[0-2]|csiso2022jp)")
_EUC_JP = re.compile(r"(x-)?euc-?jp.*")
_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\([@BD]|\([BJIH]|&@\x1b\$B)")


def decode(data: bytes, label: str | None = None) -> str:
    """The text of `data`; never raises. A wrong label loses as little as possible."""
    name = (label or "").strip().strip("\"'").lower().replace(" ", "")
    if _ISO_2022_JP.fullmatch(name) or (b"\x1b$" in data and name in ("", "us-ascii", "utf-8")):
        return _iso_2022_jp(data)
    text = _strictly(data, name) if name else None
    return text if text is not None else _guess(data, name)


def _strictly(data: bytes, name: str) -> str | None:
    """The text if the label is right."""
    if _EUC_JP.fullmatch(name):
        return _euc_jp(data)
    try:
        text = data.decode(_MEANT.get(name, name))
    except (LookupError, UnicodeError, ValueError):
        return None
    return text


def _guess(data: bytes, name: str) -> str:
    """UTF-8, EUC-JP or Shift_JIS where the bytes fit; else the label as far as it goes."""
    for guess in (_utf_8, _euc_jp, _cp932):
        text = guess(data)
        if text is not None:
            return text
    codec = _MEANT.get(name, name)
    try:
        codecs.lookup(codec)
        return data.decode(codec, "replace")
    except (LookupError, UnicodeError, ValueError):
        return data.decode("cp1252", "replace")


def _utf_8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _cp932(data: bytes) -> str | None:
    try:
        return data.decode("cp932")
    except UnicodeDecodeError:
        return None


def _euc_jp(data: bytes) -> str | None:
    """EUC-JP with the rows of NEC and IBM; None where the bytes don't fit."""
    out: list[str] = []
    at = 0
    while at < len(data):
        byte = data[at]
        if byte < 0x80:
            end = at + 1
            while end < len(data) and data[end] < 0x80:
                end += 1
            out.append(data[at:end].decode("ascii"))
            at = end
            continue
        if byte == 0x8E and at + 1 < len(data) and 0xA1 <= data[at + 1] <= 0xDF:
            out.append(data[at + 1 : at + 2].decode("cp932"))
            at += 2
            continue
        if byte == 0x8F and at + 2 < len(data) and min(data[at + 1 : at + 3]) >= 0xA1:
            pair, size = _supplementary(data[at + 1] & 0x7F, data[at + 2] & 0x7F), 3
        elif at + 1 < len(data) and 0xA1 <= byte <= 0xFE and 0xA1 <= data[at + 1] <= 0xFE:
            pair, size = _kanji(byte & 0x7F, data[at + 1] & 0x7F), 2
        else:
            return None
        if pair is None:
            return None
        out.append(pair)
        at += size
    return "".join(out)


def _iso_2022_jp(data: bytes) -> str:
    """ISO-2022-JP as mail programs write it (cp50220 to cp50222, and broken ones)."""
    out: list[str] = []
    mode = b"(B"
    at = 0
    while at < len(data):
        match = _ESCAPE.match(data, at)
        if match:
            mode = match.group(1)
            at = match.end()
            continue
        byte = data[at]
        if byte in (0x0A, 0x0D):
            mode = b"(B"  # a line begins in ASCII, whatever the one before forgot
            out.append(chr(byte))
            at += 1
        elif mode.startswith((b"$", b"&")) and 0x21 <= byte <= 0x7E and at + 1 < len(data):
            read, cell = _supplementary if mode == b"$(D" else _kanji, data[at + 1] & 0x7F
            whole = 0x21 <= cell <= 0x7E  # else the pair was cut off, and what follows is no part
            out.append((whole and read(byte, cell)) or "�")
            at += 2 if whole else 1
        elif mode == b"(I" and 0x21 <= byte <= 0x5F:
            out.append(bytes([byte | 0x80]).decode("cp932"))
            at += 1
        elif byte >= 0x80:
            end = at
            while end < len(data) and data[end] not in (0x0A, 0x0D, 0x1B):
                end += 1
            out.append(_guess(data[at:end], "cp932"))  # eight bits where there should be seven
            at = end
        else:
            if byte not in (0x0E, 0x0F):
                out.append(chr(byte))
            at += 1
    return "".join(out)


def _kanji(row: int, cell: int) -> str | None:
    """A JIS X 0208 pair, each 0x21 to 0x7E, by way of its cp932 pair."""
    lead = ((row - 0x21) >> 1) + (0x81 if row < 0x5F else 0xC1)
    odd = row % 2 == 1
    trail = cell + (0x7E if not odd else 0x1F if cell < 0x60 else 0x20)
    try:
        return bytes([lead, trail]).decode("cp932")
    except (UnicodeDecodeError, ValueError):
        return None


def _supplementary(row: int, cell: int) -> str | None:
    """A JIS X 0212 pair."""
    try:
        return bytes([0x8F, row | 0x80, cell | 0x80]).decode("euc_jp")
    except (UnicodeDecodeError, ValueError):
        return None
