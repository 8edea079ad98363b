"""Reads headers as mail programs write them, right and wrong: words, parameters, addresses, ids.

RFC 5322, RFC 2047 (encoded words) and RFC 2231 (parameters), and their usual violations. Every
function takes any text, never raises, and takes time in proportion to its length.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Final
from urllib.parse import unquote_to_bytes

from services.intake import clean
from services.intake.mail import charset

MOST_HEADERS: Final = 10_000
LONGEST_HEAD: Final = 2_500_000
LONGEST_FIELD: Final = 1_000_000
MOST_MAILBOXES: Final = 10_000
MOST_PARAMETERS: Final = 1_000
MOST_IDS: Final = 1_000
MOST_BROKEN_LINES: Final = 5

_HEADER = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_WELL_KNOWN = re.compile(
    rb"(?i)(?:from|to|cc|subject|date|message-id|received|return-path|delivered-to|mime-version"
    rb"|content-[a-z-]{1,40}|reply-to|sender|references|in-reply-to|x-[a-z0-9-]{1,60}"
    rb"|dkim-signature|authentication-results|list-[a-z-]{1,40}|auto-submitted|precedence)[ \t]*:"
)
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_WORD = re.compile(rb"=\?([^?\s]{1,80})\?([bBqQ])\?")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_ROUTE = re.compile(r"\s*(?:@|mailto:)", re.IGNORECASE)
_SPACES = re.compile(r"[\s\x00]+")
_ID = re.compile(r"<[^<>]{1,990}>")
_SECTION = re.compile(r"([^*]{1,60})(?:\*(\d{1,3}))?(\*)?")
_PERCENT = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]")


@dataclass(frozen=True, slots=True)
class Block:
    """The headers of a mail or of a part."""

    fields: tuple[tuple[str, bytes], ...]
    """Names as written; values unfolded, otherwise as they were."""
    body_at: int
    """Where the body begins."""
    notes: tuple[str, ...] = ()

    def first(self, name: str) -> bytes:
        return next((value for key, value in self.fields if key.lower() == name), b"")


def block(raw: bytes, at: int, end: int, *, whole_mail: bool) -> Block:
    """The headers that begin at `at`. What is no header begins the body."""
    fields: list[tuple[str, bytes]] = []
    notes: list[str] = []
    if whole_mail:
        at = _start(raw, at, end, notes)
    name, lines = "", list[bytes]()
    begin = at

    def finish() -> None:
        if name and len(fields) < MOST_HEADERS:
            fields.append((name, b"".join(lines)[:LONGEST_FIELD]))

    while at < end:
        if len(fields) >= MOST_HEADERS or at - begin > LONGEST_HEAD:
            notes.append("there are more headers than are read")
            last = _EMPTY_LINE.search(raw, at - 1, end)
            at = last.end() if last else end
            break
        stop = raw.find(b"\n", at, end)
        after = end if stop < 0 else stop + 1
        line = raw[at : min(after, at + LONGEST_FIELD)].rstrip(b"\r\n")
        if not line.strip(b" \t\0"):
            if not (name and line and _header_follows(raw, after, end)):
                at = after
                break
        elif line.startswith(b"--"):
            break  # a boundary
        elif line[0] in b" \t" and name:
            lines.append(line)
        elif found := _HEADER.match(line):
            finish()
            name, lines = found[1].decode("ascii"), [line[found.end() :].strip(b" \t")]
        elif not (name and line.startswith((b"From ", b">From ")) and _is_mbox(line)):
            if not (name and _header_follows(raw, after, end)):
                break  # the body begins without an empty line
            lines.append(b" " + line)  # a fold that lost its space
            notes.append("a header was folded wrongly")
        at = after
    finish()
    return Block(tuple(fields), at, tuple(dict.fromkeys(notes)))


def _start(raw: bytes, at: int, end: int, notes: list[str]) -> int:
    """Past what may stand before the first header: a mark, an mbox line, empty lines."""
    if raw.startswith(b"\xef\xbb\xbf", at):
        at += 3
        notes.append("there was a byte order mark before the headers")
    begin = at
    while begin < end and raw[begin] in b"\r\n\t \0":
        begin += 1
    if begin > at and _WELL_KNOWN.match(raw, begin, end):
        at = begin
        notes.append("there were empty lines before the headers")
    if raw.startswith((b"From ", b">From "), at) and not _HEADER.match(raw, at, end):
        stop = raw.find(b"\n", at, end)
        if stop >= 0 and _HEADER.match(raw, stop + 1, end):
            at = stop + 1
    return at


def _is_mbox(line: bytes) -> bool:
    """Whether it is the line with which a mailbox file begins a mail."""
    return re.search(rb"\d\d:\d\d", line) is not None


def _header_follows(raw: bytes, at: int, end: int) -> bool:
    """Whether the headers go on after a few lines that are none."""
    for _ in range(MOST_BROKEN_LINES):
        if _WELL_KNOWN.match(raw, at, end):
            return True
        stop = raw.find(b"\n", at, end)
        line = raw[at : stop if stop >= 0 else end].strip()
        if stop < 0 or not line or line.startswith(b"--"):
            return False
        at = stop + 1
    return False


def in_utf_8(head: Block, label: str) -> Block:
    """The headers with their bare bytes read as the charset of the body, which is the likeliest."""
    if charset.meant(label) in ("", "ascii", "utf_8"):
        return head
    fields = tuple(
        (name, value if value.isascii() else charset.decode(value, label).encode())
        for name, value in head.fields
    )
    return Block(fields, head.body_at, head.notes)


# --- words


@dataclass(slots=True)
class _Pending:
    """Encoded words in a row, in one charset; a character may end in the next of them."""

    label: str = ""
    kind: str = ""
    text: bytes = b""
    """Base64 that is not yet whole."""
    data: list[bytes] = field(default_factory=list)

    def take(self, label: str, kind: str, text: bytes) -> None:
        self.label = label
        if kind == "q":
            self.flush()
            self.data.append(_q(text))
        else:
            self.text += _NOT_BASE64.sub(b"", text)
            if len(self.text) % 4 == 0 or text.rstrip().endswith(b"="):
                self.flush()
        self.kind = kind

    def flush(self) -> None:
        if self.text:
            self.data.append(base64(self.text))
            self.text = b""

    def say(self) -> str:
        self.flush()
        text = charset.decode(b"".join(self.data), self.label) if self.data else ""
        self.data.clear()
        return text


def pieces(value: bytes) -> Iterator[tuple[str, bool]]:
    """The value's text, and of each piece whether it stood in encoded words."""
    at = bare_from = 0
    pending = _Pending()
    while (start := value.find(b"=?", at)) >= 0:
        found = _WORD.match(value, start)
        end = _end(value, found.end()) if found else -1
        if found is None:
            at = start + 2
            continue
        if end < 0:
            break  # nothing further on ends either
        between = value[bare_from:start]
        label, kind = found[1].decode("latin-1").lower(), found[2].decode("ascii").lower()
        if pending.label and (
            between.strip() or charset.meant(label) != charset.meant(pending.label)
        ):
            yield pending.say(), True
        if between.strip() or not pending.label:
            yield _bare(between), False
        pending.take(label, kind, value[found.end() : end])
        at = bare_from = min(end + 2, len(value))
    if pending.label:
        yield pending.say(), True
    yield _bare(value[bare_from:]), False


def _end(value: bytes, at: int) -> int:
    """Where the encoded text ends that begins at `at`; its `?=` may have been cut off."""
    end = value.find(b"?=", at)
    if end >= 0 or at == len(value):
        return end
    return len(value) if re.fullmatch(rb"[!->@-~]+\??\s*", value[at:]) else -1


def text(value: bytes) -> str:
    """A header's text on one line: encoded words and bare bytes alike."""
    if b"=?" not in value:
        return " ".join(_bare(value).split())
    return " ".join("".join(piece for piece, _ in pieces(value)).split())


def said(value: bytes) -> str:
    """A header's text on one line, without what can't be shown."""
    found = text(value)
    return found if found.isprintable() else clean.one_line(found, len(found) + 1)


def by_name(fields: tuple[tuple[str, bytes], ...]) -> dict[str, str]:
    """The texts of headers by lower-case name, the first of each."""
    found: dict[str, str] = {}
    for name, value in fields:
        if name.lower() not in found:
            found[name.lower()] = said(value)
    return found


def _bare(value: bytes) -> str:
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    return charset.decode(value)


def _q(text: bytes) -> bytes:
    return _HEX.sub(lambda found: bytes([int(found[1], 16)]), text.replace(b"_", b" "))


def base64(text: bytes) -> bytes:
    """The bytes of base64 without its padding; never raises."""
    whole = text[: len(text) - 1] if len(text) % 4 == 1 else text
    try:
        return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return b""


# --- parameters


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A header such as Content-Type: its value in small letters, and its parameters."""

    value: str
    parameters: dict[str, str]


def parameterised(raw: bytes) -> Parameterised:
    """RFC 2045 and RFC 2231: pieces are joined, percents and encoded words are read."""
    written = _bare(raw)
    first, *rest = islice(_split(written, ";"), MOST_PARAMETERS)
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for part in rest:
        name, equals, value = part.partition("=")
        found = _SECTION.fullmatch(name.strip().lower())
        if not equals or found is None:
            continue
        said = _unquoted(value)
        key, number, extended = found[1].strip(), found[2], bool(found[3])
        if number is None and not extended:
            plain.setdefault(key, _plain_parameter(said))
        else:
            sections.setdefault(key, {}).setdefault(int(number or 0), (said, extended))
    parameters = plain | {key: _joined(found) for key, found in sections.items()}
    return Parameterised(first.strip().lower(), parameters)


def _split(value: str, mark: str) -> Iterator[str]:
    """The parts between marks that stand outside quotes."""
    quoted, escaped, start = False, False, 0
    for at, char in enumerate(value):
        if escaped:
            escaped = False
        elif char == "\\" and quoted:
            escaped = value[at + 1 : at + 2] in ('"', "\\")
        elif char == '"':
            quoted = not quoted
        elif char == mark and not quoted:
            yield value[start:at]
            start = at + 1
    yield value[start:]


def _unquoted(value: str) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    end = len(value) - 1 if value.endswith('"') and len(value) > 1 else len(value)
    return value[1:end].replace('\\"', '"').replace("\\\\", "\\")


def _plain_parameter(value: str) -> str:
    """The value, were it encoded as headers are (RFC 2047), or as links are."""
    if "=?" in value:
        return "".join(piece for piece, _ in pieces(value.encode("utf-8", "surrogateescape")))
    if value.isascii() and _PERCENT.search(value):
        try:
            return unquote_to_bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return value
    return value


def _joined(sections: dict[int, tuple[str, bool]]) -> str:
    """The pieces of a parameter in their order (RFC 2231, section 3 and 4)."""
    said = [sections[number] for number in sorted(sections)]
    if not any(extended for _, extended in said):
        return _plain_parameter("".join(value for value, _ in said))
    label = ""
    first, is_encoded = said[0]
    if is_encoded and first.count("'") >= 2:
        label, _, first = first.split("'", 2)
        said[0] = (first, True)
    data = list[bytes]()
    for is_encoded, row in groupby(said, key=itemgetter(1)):
        value = "".join(value for value, _ in row)  # a percent may be cut from its digits
        joined = value.encode("utf-8", "surrogateescape")
        data.append(unquote_to_bytes(joined) if is_encoded else joined)
    return charset.decode(b"".join(data), label)


# --- addresses


@dataclass(frozen=True, slots=True)
class Mailbox:
    name: str
    address: str | None
    """None where it can't be one."""


def mailboxes(value: bytes) -> list[Mailbox]:
    """The mailboxes in a header. Encoded words are read last: a comma or an address within a name
    is a part of that name (RFC 2047, section 6.2)."""
    shown = list(pieces(value))
    plain = "".join(_HELD * len(piece) if held else piece for piece, held in shown)
    whole = "".join(piece for piece, _ in shown)
    found = [_mailbox(part) for part in islice(_parts(plain, whole), MOST_MAILBOXES)]
    return [one for one in found if one.name or one.address]


_HELD: Final = "\ue000"
"""Stands for a character that came from an encoded word, and so is never a mark of its own."""


@dataclass(slots=True)
class _Written:
    phrase: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    encoded: bool = False
    """Some of it stood in encoded words."""
    angle: list[str] = field(default_factory=list)
    has_angle: bool = False


def _parts(plain: str, whole: str) -> Iterator[_Written]:
    """What stands between commas. `plain` is `whole` with the encoded words held back."""
    now = _Written()
    quoted, depth, within, at = False, 0, False, 0
    last_quote = plain.rfind('"')
    while at < len(plain):
        char, said = plain[at], whole[at]
        now.encoded = now.encoded or char == _HELD
        target = now.comment if depth else now.angle if within else now.phrase
        if (
            char == "\\"
            and (quoted or depth or plain[at + 1 : at + 2] in ("(", ")", '"'))
            and (at + 1 < len(plain))
        ):
            at += 1
            target.append(whole[at])
        elif char == '"' and not depth:
            quoted = not quoted and at < last_quote  # one that nothing closes opens nothing
        elif quoted:
            target.append(said)
        elif char == "(":
            if depth:
                target.append(said)
            depth += 1
        elif char == ")" and depth:
            depth -= 1
            now.comment.append(")" if depth else " ")
        elif depth:
            target.append(said)
        elif char == "<":
            if now.has_angle and not within:  # a second one: `<a@b> <c@d>`
                yield now
                now = _Written()
            within = now.has_angle = True
        elif char == ">":
            within = False
        elif char in ",;":
            if now.phrase or now.comment or now.has_angle:
                yield now
                now = _Written()
            within = False
        elif char == ":" and not within:
            now.phrase.clear()  # the name of a group
        else:
            target.append(said)
        at += 1
    yield now


def _mailbox(part: _Written) -> Mailbox:
    phrase, comment = ("".join(some) for some in (part.phrase, part.comment))
    if part.has_angle:
        written = "".join(part.angle)
        found = _address(written.rpartition(":")[2] if _ROUTE.match(written) else written)
        name = phrase if phrase.strip() else comment
    else:
        found, name = _address(phrase), comment
        if found is None and not part.encoded:
            found, name = _among(phrase)
        if found is None:
            name = phrase
    return Mailbox(" ".join(name.split()), found)


def _among(phrase: str) -> tuple[str | None, str]:
    """An address that stands among other words without angle brackets, and those words."""
    words = phrase.split()[:20]
    found = [clean.written_address(word.strip("\"'[]")) for word in words]
    address = next((one for one in found if one), None)
    return address, " ".join(word for word, one in zip(words, found, strict=True) if not one)


def _address(written: str) -> str | None:
    found = clean.written_address(written)
    if found is None and " " in written.strip():
        found = (
            clean.written_address("".join(written.split()))
            if written.count("@") == 1 and (re.fullmatch(r"\s*[^\s@]+\s*@\s*[^\s@]+\s*", written))
            else None
        )
    return found


def sender(value: bytes) -> Mailbox:
    """The first who can be written to, or whatever name there is."""
    found = mailboxes(value)
    if not any(one.address for one in found):
        # name and address in one encoded word
        found = [*mailboxes(text(value).encode("utf-8", "replace")), *found]
    return next((one for one in found if one.address), found[0] if found else Mailbox("", None))


# --- ids and dates


def ids(value: str) -> tuple[str, ...]:
    """Message-IDs with their angle brackets, each once; bare ones as they stand."""
    found = [_SPACES.sub("", one) for one in _ID.findall(value)]
    if not found:
        found = [word for word in re.split(r"[\s,<>]+", value) if "@" in word]
    return tuple(dict.fromkeys(found[-MOST_IDS:]))


def message_id(value: str) -> str:
    """The id as written, or "" where there is none."""
    found = _ID.search(value)
    return _SPACES.sub("", found[0]) if found else clean.one_line(value, 1_000)


def instant(value: str) -> datetime | None:
    """When a mail was written; UTC where it doesn't say."""
    try:
        found = parsedate_to_datetime(value[:200])
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        found.astimezone(UTC)
    except Exception:  # the standard library raises whatever it stumbles over
        return None
    return found
