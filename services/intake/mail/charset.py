"""Turns the bytes of mails into text, above all the bytes of Japanese mails.

Python's `iso2022_jp` and `shift_jis` reject the rows of NEC and IBM (① ㈱ 髙 Ⅳ), the commonest in
business mail, and there is no cp50220 codec. So each JIS pair is read as its cp932 pair, labels
are read as what they mean in practice, and where a label is wrong or missing it is guessed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from encodings.aliases import aliases
from functools import cache
from itertools import pairwise
from typing import Final

_MEANT: Final = {
    "shift_jis": "cp932",
    "sjis": "cp932",
    "s_jis": "cp932",
    "x_sjis": "cp932",
    "csshiftjis": "cp932",
    "windows_31j": "cp932",
    "cswindows31j": "cp932",
    "ms_kanji": "cp932",
    "ms932": "cp932",
    "x_ms_cp932": "cp932",
    "x_mac_japanese": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x_gbk": "gb18030",
    "gb_2312_80": "gb18030",
    "euc_cn": "gb18030",
    "cp936": "gb18030",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601": "cp949",
    "euc_kr": "cp949",
    "x_windows_949": "cp949",
    "x_x_big5": "big5hkscs",
    "cn_big5": "big5",
    "iso_8859_1": "cp1252",
    "latin1": "cp1252",
    "latin_1": "cp1252",
    "l1": "cp1252",
    "iso8859_1": "cp1252",
    "x_ansi": "cp1252",
    "ansi": "cp1252",
    "iso_8859_9": "cp1254",
    "iso_8859_11": "cp874",
    "tis_620": "cp874",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "unicode_1_1_utf_7": "utf_7",
    "unicode_1_1_utf_8": "utf_8",
    "x_unknown": "",
    "unknown_8bit": "",
    "x_user_defined": "",
    "8bit": "",
    "7bit": "",
    "default": "",
    "none": "",
    "utf8": "utf_8",
    "utf8mb4": "utf_8",
    "unicode": "utf_16",
    "ucs_2": "utf_16",
    "us_ascii": "ascii",
    "ascii": "ascii",
    "ansi_x3.4_1968": "ascii",
}
_NOT_CHARSETS: Final = frozenset(
    re.findall(
        r"\w+",
        "idna punycode undefined unicode_escape raw_unicode_escape mbcs oem palmos tactis rot_13"
        " base64_codec bz2_codec hex_codec quopri_codec uu_codec zlib_codec"
        " cp037 cp273 cp424 cp500 cp875 cp1026 cp1140",
    )
)
"""Codecs of Python that nobody means by a label, and those that give other letters to ASCII."""
_ASCII_MEANS_OTHERS: Final = frozenset(
    {"utf_7", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"}
    | {"hz", "iso2022_kr"}
)
_CHARSETS: Final = (
    frozenset(aliases) | frozenset(aliases.values()) | {"cp874", "cp1252", "koi8_u", "koi8_t"}
) - _NOT_CHARSETS
_SINGLE_BYTE = re.compile(r"iso8859|iso_8859|latin|cp125\d|cp8\d\d|koi8|mac_|windows_125")
_ISO_2022_JP = re.compile(r"iso_?2022_?jp.*|cp5022[0-2]|csiso2022jp|jis|jis7|jis8|x_jis")
_EUC_JP = re.compile(r"(x_|cs)?euc_?(pkdfmt)?jp.*|ujis|cp51932|eucjpms|u_jis")

_ESCAPE = re.compile(
    rb"\x1b(\$[@AB]|\$\([@BCDOPQ]|\([BJIHT]|&@\x1b\$B)|[\x0e\x0f\n]|\r|[\x80-\xff][^\x0e\x0f\n\r\x1b]*"
)
_JIS = re.compile(rb"\x1b\$(?:[@B]|\([@BDOPQ])[\x21-\x7e]{2}|\x1b\(I[\x21-\x5f]")
_EUC = re.compile(
    rb"[\x00-\x7f]+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|[\xa1-\xfe]{2}|[\x80-\xff]", re.DOTALL
)
_CP932 = re.compile(
    rb"[\x00-\x7f]+|[\xa1-\xdf]+|[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]|[\x80-\xff]", re.DOTALL
)
_META = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.\-]{2,40})", re.IGNORECASE)
_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_BACK = re.compile(rb"\x1b\([BJ]")
_SAMPLE: Final = 65_536
_SEVERAL_BYTES = re.compile("[\u0800-\U0010ffff]")
_LETTER = re.compile(r"[A-Za-z]")
_UNKNOWN: Final = "\ufffd"


def decode(data: bytes, label: str | None = None) -> str:
    """The text of `data`; never raises. A wrong label loses as little as possible."""
    return recognise(data, label)[0]


def recognise(data: bytes, label: str | None = None) -> tuple[str, str]:
    """The text of `data`, and the charset in which it was found to be written."""
    name = _name(label)
    marked = _marked(data, name)
    if marked is not None:
        return marked
    if name == "iso_2022_jp" or _JIS.search(data):
        return _japanese_mail(data)
    if data.isascii() and name not in _ASCII_MEANS_OTHERS:
        return data.decode("ascii"), name or "ascii"
    if name and name != "ascii":
        text = _as_labelled(data, name)
        if text is not None:
            return text
    return _guess(data, name)


def html_label(data: bytes) -> str | None:
    """The charset that an HTML page names for itself."""
    found = _META.search(data[:4096])
    return found[1].decode("ascii") if found else None


def meant(label: str | None) -> str:
    """The charset that a label means, in the words of `recognise`; "" where it means none."""
    return _name(label)


def _name(label: str | None) -> str:
    """A label as Python's name of the charset that is meant; "" where there is none."""
    written = (label or "").strip().strip("\"'").strip().partition("*")[0].lower()
    if not written or len(written) > 40:
        return ""
    name = re.sub(r"[\s:-]+", "_", written)
    if _ISO_2022_JP.fullmatch(name):
        return "iso_2022_jp"
    if _EUC_JP.fullmatch(name):
        return "euc_jp"
    name = _MEANT.get(name, name)
    if name not in _CHARSETS:
        name = re.sub(r"^(windows|cp|x_cp|ibm)_?(\d+)$", r"cp\2", name)
    if name not in _CHARSETS:
        return ""
    found = aliases.get(name, name)
    return "" if found in _NOT_CHARSETS else _MEANT.get(found, found)


def _marked(data: bytes, name: str) -> tuple[str, str] | None:
    """The text where a mark at the start tells how it is written."""
    if data.startswith(codecs.BOM_UTF8):
        text = _utf_8(data[3:])
        return (text, "utf_8") if text is not None else None
    for mark, codec in (
        (codecs.BOM_UTF32_LE, "utf_32"),
        (codecs.BOM_UTF16_LE, "utf_16"),
        (codecs.BOM_UTF16_BE, "utf_16"),
    ):
        if data.startswith(mark) and len(data) > len(mark):
            text = _strictly(data, codec)
            if text is None and name == "utf_16":
                text = data.decode("utf_16", "replace")
            if text is not None and text.isprintable() | ("\n" in text) | (name == codec):
                return text, codec
    if name.startswith("utf_16") and _SEVERAL_BYTES.search(_utf_8(data) or ""):
        return None
    if name in ("utf_16", "utf_16_le", "utf_16_be") or data.count(0) * 4 >= len(data) > 3:
        return _utf_16(data, name)
    return None


def _utf_16(data: bytes, name: str) -> tuple[str, str] | None:
    """UTF-16 without a mark: the byte order that reads better."""
    whole = data[: len(data) // 2 * 2]
    if name in ("utf_16_le", "utf_16_be"):
        order = [name]
    else:
        order = ["utf_16_be", "utf_16_le"]
        if data[1::2].count(0) > data[::2].count(0):
            order.reverse()
    read = [(text, codec) for codec in order if (text := _strictly(whole, codec)) is not None]
    if not read:
        return None
    if name not in ("utf_16_le", "utf_16_be"):
        read.sort(key=lambda one: -_common(one[0]))
    best, codec = read[0]
    if name or _common(best) * 2 > len(best):
        return best, codec
    return None


def _common(text: str) -> int:
    """How many characters are of the commonest kinds."""
    return sum(
        char in "\r\n\t" or " " <= char <= "~" or "\u3000" <= char <= "\u30ff"
        for char in text[:_SAMPLE]
    )


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (LookupError, UnicodeError, ValueError):
        return None


def _as_labelled(data: bytes, name: str) -> tuple[str, str] | None:
    """The text if the label is right, or right but for a few bytes."""
    if name == "utf_8":
        text = _utf_8(data)
        return (text, name) if text is not None else _mostly_utf_8(data)
    utf_8 = _utf_8(data)
    if utf_8 is not None and (_SINGLE_BYTE.match(name) or _SEVERAL_BYTES.search(utf_8)):
        return utf_8, "utf_8"
    if name == "euc_jp":
        return _lenient(_euc_jp(data), name)
    if name == "cp932":
        if _is_euc_jp_after_all(data[:_SAMPLE]):
            return _lenient(_euc_jp(data), "euc_jp")
        return _lenient(_cp932(data), name)
    if name == "utf_7" and not data.isascii():
        return None
    if name == "cp1252":
        guessed = _japanese(data)
        if guessed is not None and _is_surely_japanese(guessed[0], data):
            return guessed
        return "".join(map(_latin, data.decode("cp1252", "surrogateescape"))), name
    text = _strictly(data, name)
    if text is not None:
        return (_whole(text) if name == "utf_7" else text), name
    if name == "big5":
        for codec in ("cp950", "big5hkscs"):
            text = _strictly(data, codec)
            if text is not None:
                return text, codec
    try:
        return _lenient(data.decode(name, "replace"), name)
    except (LookupError, UnicodeError, ValueError):
        return None


def _whole(text: str) -> str:
    """The text without halves of characters, which UTF-7 can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _latin(char: str) -> str:
    """The five bytes that cp1252 leaves open stand for themselves."""
    return chr(ord(char) - 0xDC00) if "\udc80" <= char <= "\udcff" else char


def _lenient(text: str, name: str) -> tuple[str, str] | None:
    """The text, if only a few of its characters are broken."""
    broken = text.count(_UNKNOWN)
    if broken == 0 or broken * 5 <= sum(char > "\x7f" for char in text) - broken:
        return text, name
    return None


def _mostly_utf_8(data: bytes) -> tuple[str, str] | None:
    """UTF-8 with a few broken characters, cut off, or with a footer in another charset."""
    text = data.decode("utf-8", "replace")
    if _lenient(text, "utf_8") is None:
        is_cut_off = _is_cut_off(data) and max(text.rstrip(_UNKNOWN), default="") > "\x7f"
        return (text, "utf_8") if is_cut_off else None
    lines = data.split(b"\n")
    return "\n".join(_line(line) for line in lines), "utf_8"


def _line(line: bytes) -> str:
    text = _utf_8(line)
    if text is not None:
        return text
    text = line.decode("utf-8", "replace")
    if _is_cut_off(line) or _lenient(text, "utf_8") is not None:
        return text
    return _guess(line, "")[0]


def _is_cut_off(line: bytes) -> bool:
    """Whether it is UTF-8 that ends in the middle of a character."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def _guess(data: bytes, name: str) -> tuple[str, str]:
    """UTF-8, EUC-JP or Shift_JIS where the bytes fit; else the label as far as it goes."""
    text = _utf_8(data)
    if text is not None:
        return text, "utf_8"
    japanese = _japanese(data)
    if japanese is not None:
        return japanese
    mostly = _mostly_utf_8(data)
    if mostly is not None:
        return mostly
    if name and name not in ("ascii", "utf_8"):
        return data.decode(name, "replace"), name
    return "".join(map(_latin, data.decode("cp1252", "surrogateescape"))), "cp1252"


def _utf_8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _cesu_8(data) if _HALF.search(data) else None


def _cesu_8(data: bytes) -> str | None:
    """UTF-8 in which emoji were written as two halves."""
    try:
        return _whole(data.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return None


# --- which kind of Japanese


def _japanese(data: bytes) -> tuple[str, str] | None:
    """EUC-JP or Shift_JIS, whichever fits; None where it is more likely no Japanese at all."""
    euc, cp932 = _fits_euc_jp(data[:_SAMPLE]), _fits_cp932(data[:_SAMPLE])
    if max(euc, cp932) <= 0:
        return None
    if euc >= cp932:
        return _lenient(_euc_jp(data), "euc_jp")
    return _lenient(_cp932(data), "cp932")


def _is_surely_japanese(text: str, data: bytes) -> bool:
    """Whether it is Japanese even though the label says it is Western European."""
    if data.translate(None, b"\x81\x8d\x8f\x90\x9d") != data and _UNKNOWN not in text:
        return True  # there are bytes that no Western European text has
    kana = sum("\u3041" <= char <= "\u30fe" for char in text)
    kanji = sum("\u4e00" <= char <= "\u9fff" for char in text)
    return kana >= 2 and (kana + kanji) * 4 > sum(byte > 0x7F for byte in data)


def _fits_cp932(data: bytes) -> int:
    """How much the bytes look like Shift_JIS: above 0 where they do."""
    found = _CP932.findall(data)
    score = 0
    for before, token in pairwise([b"", *found]):
        lead = token[0]
        if lead < 0x80:
            continue
        if 0xA1 <= lead <= 0xDF:
            score += len(token) if len(token) > 1 else -1
        elif len(token) == 1:
            score -= 8  # no character at all
        elif not _is_cp932(token):
            score -= 6
        elif _is_punctuation(before, token):
            score -= 2
        elif lead < 0xA0:
            score += 4
        elif _is_two_byte(before):
            score += 2
        else:  # a rare kanji by itself, or é and the letter after it
            score += -2 if _is_letter(token[1:]) else 1
    return score


def _fits_euc_jp(data: bytes) -> int:
    """How much the bytes look like EUC-JP: above 0 where they do."""
    found = _EUC.findall(data)
    score = 0
    for at, token in enumerate(found):
        lead = token[0]
        if lead < 0x80:
            continue
        if len(token) == 1:
            score -= 8
        elif lead == 0x8E:
            score += 2
        elif not _is_euc_jp(token):
            score -= 6
        elif lead in (0xA4, 0xA5):
            score += 6
        elif lead < 0xD0 or lead == 0x8F:
            alone = _ends_in_letter(found, at - 1) and _begins_with_letter(found, at + 1)
            score += -2 if alone else 3
        else:
            neighbours = at > 0 and len(found[at - 1]) == 2 and found[at - 1][0] >= 0x80
            score += 1 if neighbours else -2
    return score


def _is_punctuation(before: bytes, token: bytes) -> bool:
    """Whether it may as well be a quotation mark or dash of Windows and the letter after it."""
    if not 0x91 <= token[0] <= 0x97 or not _is_letter(token[1:]):
        return False
    return _is_letter(before[-1:]) or (token[0] in (0x91, 0x93) and not _is_two_byte(before))


def _is_euc_jp_after_all(data: bytes) -> bool:
    """Whether what is labelled Shift_JIS would be nothing but half-width kana, or would have
    characters that there are none of; and is kana in EUC-JP."""
    found = _CP932.findall(data)
    return (
        (
            all(token[0] < 0x80 or 0xA1 <= token[0] <= 0xDF for token in found)
            or not all(map(_is_in_cp932, found))
        )
        and re.search(rb"[\xa4\xa5][\xa1-\xf6]", data) is not None
        and _fits_euc_jp(data) > max(_fits_cp932(data), 0)
    )


def _is_in_cp932(token: bytes) -> bool:
    return token[0] < 0x80 or 0xA1 <= token[0] <= 0xDF or (len(token) == 2 and _is_cp932(token))


def _is_two_byte(token: bytes) -> bool:
    return len(token) == 2 and token[0] >= 0x80


def _is_letter(byte: bytes) -> bool:
    return byte.isalpha() and byte.isascii()


def _ends_in_letter(found: list[bytes], at: int) -> bool:
    return at >= 0 and _is_letter(found[at][-1:])


def _begins_with_letter(found: list[bytes], at: int) -> bool:
    return at < len(found) and _is_letter(found[at][:1])


def _is_cp932(pair: bytes) -> bool:
    char = _pair(pair)
    return char is not None and not "\ue000" <= char <= "\uf8ff"


def _is_euc_jp(token: bytes) -> bool:
    return _euc_character(token) != _UNKNOWN


# --- Shift_JIS


@cache
def _pair(pair: bytes) -> str | None:
    """A cp932 pair."""
    try:
        return pair.decode("cp932")
    except UnicodeDecodeError:
        return None


def _cp932(data: bytes) -> str:
    """Shift_JIS of Windows; what fits nowhere costs one character."""
    try:
        return data.decode("cp932")
    except UnicodeDecodeError:
        return _in_lines(data, _CP932, _cp932_character)


def _cp932_character(token: bytes) -> str:
    if token[0] < 0x80:
        return token.decode("ascii")
    if 0xA1 <= token[0] <= 0xDF:
        return token.decode("cp932")
    if len(token) == 2:
        char = _pair(token)
        if char is not None:
            return char
        return _UNKNOWN + (chr(token[1]) if token[1] < 0x80 else "")
    return _UNKNOWN


def _in_lines(data: bytes, tokens: re.Pattern[bytes], read: Callable[[bytes], str]) -> str:
    """The text of the tokens, a few lines at a time: a list of all would take too much memory."""
    out: list[str] = []
    at = 0
    while at < len(data):
        cut = data.find(b"\n", at + _SAMPLE)
        end = len(data) if cut < 0 else cut + 1
        out.append("".join(map(read, tokens.findall(data, at, end))))
        at = end
    return "".join(out)


# --- EUC-JP


def _euc_jp(data: bytes) -> str:
    """EUC-JP with the rows of NEC and IBM; what fits nowhere costs one character."""
    return _in_lines(data, _EUC, _euc_character)


def _euc_character(token: bytes) -> str:
    if token[0] < 0x80:
        return token.decode("ascii")
    if len(token) == 1:
        return _UNKNOWN
    if token[0] == 0x8E:
        return token[1:].decode("cp932")
    if token[0] == 0x8F:
        ibm = _ibm().get(token)
        return ibm or _supplementary(token[1] & 0x7F, token[2] & 0x7F) or _UNKNOWN
    return _kanji(token[0] & 0x7F, token[1] & 0x7F) or _UNKNOWN


@cache
def _ibm() -> dict[bytes, str]:
    """The rows of IBM in eucJP-ms, 0x8FF3F3 to 0x8FF4FE: what IBM has in Shift_JIS (0xFA40 to
    0xFC4B), in the same order, as far as it stands neither in JIS X 0208 nor in JIS X 0212."""
    codes = [bytes([0x8F, 0xF3, cell]) for cell in range(0xF3, 0xFF)]
    codes += [bytes([0x8F, 0xF4, cell]) for cell in range(0xA1, 0xFF)]
    cells = [*range(0x40, 0x7F), *range(0x80, 0xFD)]
    chars = [_pair(bytes([lead, cell])) for lead in (0xFA, 0xFB, 0xFC) for cell in cells]
    left = [char for char in chars if char and (char == "№" or not _is_in_jis(char))]
    return dict(zip(codes, left, strict=False))


def _is_in_jis(char: str) -> bool:
    if char in "￢∵￤":
        return True
    try:
        return bool(char.encode("euc_jp"))
    except UnicodeEncodeError:
        return False


# --- ISO-2022-JP


def _japanese_mail(data: bytes) -> tuple[str, str]:
    """What is labelled ISO-2022-JP, or has its escapes."""
    if b"\x1b" in data or b"\x0e" in data:
        return _iso_2022_jp(data), "iso_2022_jp"
    if data.isascii():
        return _without_escapes(data), "iso_2022_jp"
    kana = _CP932.findall(data)
    if all(token[0] < 0x80 or 0xA1 <= token[0] <= 0xDF for token in kana) and (
        _utf_8(data) is None and _fits_euc_jp(data[:_SAMPLE]) <= 0
    ):
        return _cp932(data), "iso_2022_jp"
    return _guess(data, "")


def _without_escapes(data: bytes) -> str:
    """ISO-2022-JP whose escape characters were lost on the way: `$B` and `(B` stay."""
    if b"$B" not in data or b"(B" not in data:
        return data.decode("ascii")
    return "\n".join(_line_without_escapes(line) for line in data.split(b"\n"))


def _line_without_escapes(line: bytes) -> str:
    out: list[str] = []
    at = 0
    while True:
        begin = line.find(b"$B", at)
        end = line.find(b"(B", begin + 2) if begin >= 0 else -1
        while end > 0 and (end - begin) % 2:
            end = line.find(b"(B", end + 1)
        if end < 0:
            return "".join(out) + line[at:].decode("ascii")
        inner = _pairs(line[begin + 2 : end], b"$B")
        if _UNKNOWN in inner or not inner:
            inner = line[begin : end + 2].decode("ascii")
        out += [line[at:begin].decode("ascii"), inner]
        at = end + 2


def _iso_2022_jp(data: bytes) -> str:
    """ISO-2022-JP as mail programs write it (cp50220 to cp50222, and broken ones)."""
    out: list[str] = []
    mode, shifted, at = b"(B", False, 0
    escape = data.find(b"\x1b")
    for found in _ESCAPE.finditer(data):
        out.append(_run(data[at : found.start()], mode, shifted))
        at = found.end()
        token = found[0]
        if token[0] == 0x1B:
            mode, shifted = found[1], False
        elif token in (b"\x0e", b"\x0f"):
            shifted = token == b"\x0e"
        elif token in (b"\n", b"\r"):
            shifted = False
            if 0 <= escape < at:
                escape = data.find(b"\x1b", at)
            if escape < 0 or not _BACK.match(data, escape):
                mode = b"(B"  # whatever the line before forgot; but what ends later goes on
            out.append(token.decode("ascii"))
        else:
            out.append(_eight_bits(token))
    out.append(_run(data[at:], mode, shifted))
    return "".join(out)


def _run(run: bytes, mode: bytes, shifted: bool) -> str:
    """What stands between two escapes, all below 0x80."""
    if not run:
        return ""
    if mode == b"(I" or shifted:
        return "".join(
            bytes([byte | 0x80]).decode("cp932") if 0x21 <= byte <= 0x5F else chr(byte)
            for byte in run
        )
    if mode.startswith((b"$", b"&")):
        return _pairs(run, mode)
    return run.decode("ascii", "replace")


def _pairs(run: bytes, mode: bytes) -> str:
    """The characters of two-byte text; a pair that was cut off costs one character."""
    out: list[str] = []
    at, end = 0, len(run)
    while at < end:
        row = run[at]
        if not 0x21 <= row <= 0x7E or at + 1 == end:
            out.append(_UNKNOWN if 0x21 <= row <= 0x7E else chr(row))
            at += 1
            continue
        whole = (
            0x21 <= run[at + 1] <= 0x7E
        )  # else the pair was cut off, and what follows is no part
        out.append((_character(row, run[at + 1], mode) or _UNKNOWN) if whole else _UNKNOWN)
        at += 2 if whole else 1
    return "".join(out)


def _character(row: int, cell: int, mode: bytes) -> str | None:
    match mode:
        case b"$(D":
            return _supplementary(row, cell)
        case b"$A":
            return _other(bytes([row | 0x80, cell | 0x80]), "gb2312")
        case b"$(C":
            return _other(bytes([row | 0x80, cell | 0x80]), "euc_kr")
        case b"$(O" | b"$(Q":
            return _kanji(row, cell) or _other(bytes([row | 0x80, cell | 0x80]), "euc_jis_2004")
        case b"$(P":
            return _other(bytes([0x8F, row | 0x80, cell | 0x80]), "euc_jis_2004")
        case _:
            return _kanji(row, cell)


def _eight_bits(run: bytes) -> str:
    """Eight bits where there should be seven: half-width kana, or another charset's lines."""
    if all(byte < 0x80 or 0xA1 <= byte <= 0xDF for byte in run):
        return _cp932(run)
    text = _utf_8(run)
    if text is not None:
        return text
    japanese = _japanese(run)
    return japanese[0] if japanese else _cp932(run)


@cache
def _kanji(row: int, cell: int) -> str | None:
    """A JIS X 0208 pair, each 0x21 to 0x7E, by way of its cp932 pair."""
    lead = ((row - 0x21) >> 1) + (0x81 if row < 0x5F else 0xC1)
    odd = row % 2 == 1
    trail = cell + (0x7E if not odd else 0x1F if cell < 0x60 else 0x20)
    return _pair(bytes([lead, trail]))


def _supplementary(row: int, cell: int) -> str | None:
    """A JIS X 0212 pair."""
    return _other(bytes([0x8F, row | 0x80, cell | 0x80]), "euc_jp")


@cache
def _other(code: bytes, codec: str) -> str | None:
    try:
        return code.decode(codec)
    except (UnicodeDecodeError, ValueError):
        return None
