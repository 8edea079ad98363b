"""Makes one text, one page and a list of files of the parts of a mail.

Which parts are the body follows RFC 8621, section 4.1.4. Nothing that somebody wrote is left out:
what is not the body is a file.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Final

from services.intake.mail import charset, headers, html, invitation, tnef
from services.intake.mail.attachment import Attachment, attachment
from services.intake.mail.content import decoded, unflowed, without_files
from services.intake.mail.parts import MAILS, MOST_PARTS, Part, Tree

LONGEST_TEXT: Final = 2_000_000
"""In bytes. Of a longer text the start is read, and all of it is kept as a file."""

_TEXTS: Final = frozenset({"text/plain", "text/markdown", "text/enriched", "text/x-markdown"})
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_FOR_OTHER_VIEWERS: Final = frozenset({"text/x-amp-html", "text/watch-html"})
_REPORTS: Final = frozenset(
    {"message/delivery-status", "message/disposition-notification", "message/feedback-report"}
    | {"message/global-delivery-status", "message/global-disposition-notification"}
)
_RETURNED: Final = frozenset({"text/rfc822-headers", "message/global-headers"})
_SEALED: Final = {
    "application/pkcs7-mime": "an S/MIME message is kept as it is, unopened",
    "application/x-pkcs7-mime": "an S/MIME message is kept as it is, unopened",
    "application/pkcs7-signature": "an S/MIME signature is kept as it is, unchecked",
    "application/x-pkcs7-signature": "an S/MIME signature is kept as it is, unchecked",
    "application/pgp-signature": "a PGP signature is kept as it is, unchecked",
    "application/pgp-encrypted": "a PGP message is kept as it is, unopened",
    "message/partial": "a piece of a larger mail is kept as it is",
    "message/external-body": "what lies elsewhere is named in a file, and not fetched",
}
_SEALED_NAMES: Final = {
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pgp-signature": "signature.asc",
}
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_CHARSETS: Final = {
    "utf_8": "UTF-8",
    "cp932": "Shift_JIS",
    "euc_jp": "EUC-JP",
    "iso_2022_jp": "ISO-2022-JP",
    "cp1252": "Windows-1252",
    "utf_16": "UTF-16",
}
_FILE = re.compile(r"[^/\\?#\s]{1,150}\.[A-Za-z0-9]{1,8}\Z")
_CID = re.compile(r"""cid:([^"'\s<>)]{1,500})""", re.IGNORECASE)
_NO_HTML = re.compile(
    r"(?:html|リッチテキスト).{0,80}(?:mail|message|viewer|client|view|support|display|メール|表示|対応|閲覧)"
    r"|(?:mail|message|view|client|メール).{0,80}(?:html)",
    re.IGNORECASE | re.DOTALL,
)
_SAYS_MIME = re.compile(rb"(?i)multi-?part message|in MIME[ -]format|MIME.{1,40}aware")
"""What mail programs write for those that can't read parts."""
LONGEST_STUB: Final = 400
_ENRICHED = re.compile(r"<(?:param>[^<]{0,200}</param>|/?[A-Za-z0-9-]{1,60}>)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Body:
    """What is in a mail, beside its headers."""

    text: str
    html: str | None
    attachments: tuple[Attachment, ...]
    report_type: str
    report: tuple[dict[str, str], ...]
    enclosed: dict[str, str]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of the body: plain words, a page, or the one beside the other."""

    words: Callable[[], str]
    page: str | None = None


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    kind: str
    content: bytes
    inline: bool
    content_id: str | None


@dataclass(slots=True)
class _Reading:
    raw: bytes
    refused: bool
    notes: list[str] = field(default_factory=list)
    files: list[_File] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)
    within: list[tnef.Opened] = field(default_factory=list)
    report: list[dict[str, str]] = field(default_factory=list)
    enclosed: dict[str, str] = field(default_factory=dict)
    room: int = LONGEST_TEXT


def read_body(raw: bytes, tree: Tree) -> Body:
    """Text, page and files. Never raises."""
    reading = _Reading(raw, tree.refused is not None)
    root = tree.root
    pieces = _parts(reading, root, 0, "")
    if not any(piece.words().strip() for piece in pieces) and not tree.refused:
        pieces = [*pieces, *_beside(reading, root), *_of_files(reading)]
    text = _joined([piece.words() for piece in pieces])
    pages = "\n".join(piece.page for piece in pieces if piece.page is not None)
    shown = set(_CID.findall(pages))
    report_type = root.content.parameters.get("report-type", "").lower()
    return Body(
        text=text,
        html=_page(pieces) if pages else None,
        attachments=tuple(
            attachment(
                one.name,
                one.kind,
                one.content,
                number,
                inline=one.inline or (one.content_id or "") in shown,
                content_id=one.content_id,
            )
            for number, one in enumerate(reading.files, 1)
        ),
        report_type=report_type if root.kind == "multipart/report" else "",
        report=tuple(reading.report),
        enclosed=reading.enclosed,
        notes=reading.notes,
    )


def _page(pieces: Sequence[_Piece]) -> str | None:
    """The page of the whole body: plain pieces keep their lines."""
    shown = (
        piece.page
        if piece.page is not None
        else f'<p style="white-space: pre-wrap">{escape(piece.words())}</p>'
        for piece in pieces
        if piece.page is not None or piece.words().strip()
    )
    return html.safe("\n".join(shown))


def _joined(texts: Sequence[str]) -> str:
    return "\n".join(text.strip("\r\n") for text in texts if text.strip())


# --- which parts are what


def _parts(reading: _Reading, part: Part, index: int, parent: str) -> list[_Piece]:
    """The pieces of the body in a part; its files are noted."""
    if part.main == "multipart":
        if part.children:
            return _multipart(reading, part)
        return [] if reading.refused else _as_it_stands(reading, part, parent)
    if part.kind in MAILS:
        _take_mail(reading, part)
    elif part.kind in _REPORTS:
        _take_report(reading, part)
    elif part.kind in _FOR_OTHER_VIEWERS and parent == "multipart/alternative":
        reading.notes.append(f"the same words for another viewer ({part.kind}) are left out")
    elif _is_body(part, index, parent):
        return _body(reading, part)
    else:
        _take_file(reading, part)
    return []


def _multipart(reading: _Reading, part: Part) -> list[_Piece]:
    match part.kind:
        case "multipart/alternative":
            return _alternative(reading, part)
        case "multipart/related":
            return _related(reading, part)
        case "multipart/appledouble":
            return _appledouble(reading, part)
        case "multipart/encrypted":
            reading.notes.append("an encrypted message is kept as it is, unopened")
            for child in part.children:
                _take_file(reading, child)
            return []
        case _:
            return [
                piece
                for index, child in enumerate(part.children)
                for piece in _parts(reading, child, index, part.kind)
            ]


def _as_it_stands(reading: _Reading, part: Part, parent: str) -> list[_Piece]:
    """A multipart in which no part begins: its text as it stands."""
    if parent:
        text = _text(reading, part, reading.raw[part.at : part.end], "")
        return [_plain(text)] if text.strip() else []
    if reading.raw[part.at : part.end].strip():
        reading.notes.append("no part begins where the mail says so: it is read as it stands")
    return [_plain(_text(reading, part, reading.raw[part.at : part.end], ""))]


def _alternative(reading: _Reading, part: Part) -> list[_Piece]:
    """The same words several times: the plain ones are read, the page is shown."""
    options = [
        _parts(reading, child, index, part.kind) for index, child in enumerate(part.children)
    ]
    if any(child.kind == "text/plain" for child in part.children):
        enriched = [child.kind == "text/enriched" for child in part.children]
        options = [some for some, is_so in zip(options, enriched, strict=True) if not is_so]
    plain = [_joined([one.words() for one in some]) for some in options if not _has_page(some)]
    pages = [piece for some in options if _has_page(some) for piece in some]
    words = _distinct([one for one in plain if one.strip()])
    if not pages:
        return [_plain(words)] if words.strip() else []
    page = "\n".join(one.page for one in pages if one.page is not None)
    if not words.strip():
        return pages
    if len(words) <= LONGEST_STUB and _NO_HTML.search(words):
        shown = _joined([one.words() for one in pages])
        if len(shown) > len(words):
            reading.notes.append("the plain text only says that there is HTML, so that is read")
            return pages
    return [_Piece(lambda: words, page)]


def _has_page(pieces: Sequence[_Piece]) -> bool:
    return any(piece.page is not None for piece in pieces)


def _distinct(texts: Sequence[str]) -> str:
    """Each text that is not a part of another one."""
    kept: list[str] = []
    for text in texts[:20]:
        if any(text.strip() in other for other in kept):
            continue
        kept = [*(other for other in kept if other.strip() not in text), text]
    return _joined(kept)


def _related(reading: _Reading, part: Part) -> list[_Piece]:
    """A page and what is shown within it."""
    start = part.content.parameters.get("start", "").strip("<> ")
    first = next(
        (at for at, child in enumerate(part.children) if start and _content_id(child) == start), 0
    )
    pieces: list[_Piece] = []
    for index, child in enumerate(part.children):
        at = 0 if index == first else index + 1
        pieces += _parts(reading, child, at, part.kind)
    return pieces


def _appledouble(reading: _Reading, part: Part) -> list[_Piece]:
    """A file of a Macintosh beside what only a Macintosh knows of it."""
    kept = [child for child in part.children if child.kind != "application/applefile"]
    if len(kept) < len(part.children) and kept:
        reading.notes.append("what only a Macintosh knows of a file is left out")
    for child in kept or part.children:
        _take_file(reading, child)
    return []


def _is_body(part: Part, index: int, parent: str) -> bool:
    if part.disposition.value == "attachment":
        return False
    if part.kind not in _TEXTS | _PAGES:
        is_all = not parent and part.main == "text"
        return is_all and part.kind not in ("text/calendar", *_RETURNED)
    if parent == "multipart/related" and index > 0:
        return not (_name(part) or _content_id(part))
    return index == 0 or not _name(part)


# --- words


def _plain(text: str) -> _Piece:
    return _Piece(lambda: text)


def _body(reading: _Reading, part: Part) -> list[_Piece]:
    data = decoded(reading.raw[part.at : part.end], part.encoding)
    label = part.content.parameters.get("charset", "")
    if part.kind in _PAGES:
        page = _text(reading, part, data, label or charset.html_label(data) or "")
        return [_page_of(page)] if page.strip() else []
    text = _text(reading, part, data, label)
    if part.kind == "text/enriched":
        text = _ENRICHED.sub("", text.replace("<<", "\ue012")).replace("\ue012", "<")
    if part.content.parameters.get("format", "").lower() == "flowed":
        delete = part.content.parameters.get("delsp", "").lower() == "yes"
        text = unflowed(text, delete_space=delete)
    text, files = without_files(text)
    for one in files:
        reading.notes.append("a uuencoded file was taken out of the text")
        _keep(reading, _File(one.name, _kind_of(one.name), one.content, False, None))
    return [_plain(text)] if text.strip() else []


def _page_of(page: str) -> _Piece:
    found: list[str] = []

    def words() -> str:
        if not found:
            found.append(html.words(page))
        return found[0]

    return _Piece(words, page)


def _text(reading: _Reading, part: Part, data: bytes, label: str) -> str:
    """The text of bytes, as far as there is room for it."""
    if len(data) > reading.room:
        reading.notes.append(f"only the first {reading.room} bytes of a long text are read")
        _keep(reading, _File(_name(part), part.kind, data, False, None))
        cut = data.rfind(b"\n", 0, reading.room)
        data = data[: cut if cut > 0 else reading.room]
    reading.room -= len(data)
    text, found = charset.recognise(data, label)
    _note_charset(reading, data, label, found)
    return text.replace("\r\n", "\n")


def _note_charset(reading: _Reading, data: bytes, label: str, found: str) -> None:
    meant = charset.meant(label)
    if (
        (meant == found)
        or (found == "ascii")
        or (meant in ("", "ascii") and data.isascii() and found != "iso_2022_jp")
    ):
        return
    name = _CHARSETS.get(found, found)
    shown = re.sub(r"[^\w.:-]", "", label)[:40]
    if not label:
        if found != "utf_8":
            reading.notes.append(f"the body had no charset and was taken for {name}")
    else:
        reading.notes.append(f"the body was labelled {shown} but holds {name}")


def _beside(reading: _Reading, root: Part) -> list[_Piece]:
    """The words before the first part and behind the last one, where there are no others."""
    found = []
    for start, end in (root.before, root.after):
        data = reading.raw[start:end]
        if not data.strip() or _SAYS_MIME.search(data[:500]):
            continue
        text = _text(reading, root, data, "")
        reading.notes.append("the words stood outside of the parts")
        found.append(_plain(text))
    return found


def _of_files(reading: _Reading) -> list[_Piece]:
    """The words within an Outlook file or an invitation, where there are no others."""
    for opened in reading.within:
        if opened.page.strip():
            return [_Piece(partial(tnef.words, opened), opened.page)]
        if opened.text.strip():
            return [_plain(opened.text)]
    for calendar in reading.calendars:
        said = invitation.in_words(calendar)
        if said:
            reading.notes.append("the words are those of an invitation")
            return [_plain(said)]
    return []


# --- files


def _name(part: Part) -> str:
    """The file name that a part gives, as written."""
    return (
        part.disposition.parameters.get("filename", "").strip()
        or part.content.parameters.get("name", "").strip()
        or part.disposition.parameters.get("name", "").strip()
        or part.content.parameters.get("filename", "").strip()
    )


def _place(part: Part) -> str:
    """The file name at the end of a Content-Location."""
    written = headers.said(part.head.first("content-location")).strip()
    found = _FILE.search(written)
    return found[0] if found else ""


def _content_id(part: Part) -> str | None:
    written = headers.said(part.head.first("content-id")).strip().strip("<>").strip()
    return written or None


def _keep(reading: _Reading, file: _File) -> None:
    if len(reading.files) < 2 * MOST_PARTS:
        reading.files.append(file)


def _take_file(reading: _Reading, part: Part) -> None:
    content = decoded(reading.raw[part.at : part.end], part.encoding)
    name = _name(part)
    if part.kind in _TNEF or (name.lower() == "winmail.dat" and content[:4] == tnef.SIGNATURE):
        if _take_tnef(reading, content):
            return
        name = name or "winmail.dat"
    if part.kind in _SEALED:
        reading.notes.append(_SEALED[part.kind])
        name = name or _SEALED_NAMES.get(part.kind, "")
    if part.kind in _RETURNED and not reading.enclosed:
        block = headers.block(content, 0, len(content), whole_mail=True)
        reading.enclosed = headers.by_name(block.fields)
    if part.kind == "text/calendar":
        label = part.content.parameters.get("charset", "") or "utf-8"
        reading.calendars.append(charset.decode(content[: invitation.LONGEST], label))
        name = name or "invite.ics"
    name = name or _place(part)
    is_shown = part.disposition.value == "inline" and part.main == "image"
    _keep(reading, _File(name, part.kind, content, is_shown, _content_id(part)))


def _take_mail(reading: _Reading, part: Part) -> None:
    """A mail within the mail is a file, and not mixed into the text."""
    content = decoded(reading.raw[part.at : part.end], part.encoding)
    head = part.children[0].head if part.children else None
    if head is None:
        head = headers.block(content, 0, len(content), whole_mail=True)
    if not reading.enclosed:
        reading.enclosed = headers.by_name(head.fields)
    subject = headers.said(head.first("subject")).replace("/", "_").replace("\\", "_")
    name = _name(part) or (f"{subject[:100]}.eml" if subject.strip(" .") else "")
    _keep(reading, _File(name, part.kind, content, False, _content_id(part)))


def _take_tnef(reading: _Reading, content: bytes) -> bool:
    """Whether all that was in it has been taken out."""
    try:
        opened = tnef.open_tnef(content)
    except tnef.NotOpened:
        reading.notes.append("a winmail.dat could not be opened and is kept as it is")
        return False
    for one in opened.files:
        _keep(reading, _File(one.name, _kind_of(one.name), one.content, False, None))
    reading.within.append(opened)
    if opened.files or opened.text.strip() or opened.page.strip():
        reading.notes.append("a winmail.dat was opened")
        return opened.whole
    reading.notes.append("nothing that can be read is in a winmail.dat, so it is kept as it is")
    return False


def _kind_of(name: str) -> str:
    """The content type that a file's name stands for."""
    return mimetypes.MimeTypes().guess_type(name, strict=False)[0] or "application/octet-stream"


def _take_report(reading: _Reading, part: Part) -> None:
    """The groups of fields of a report (RFC 3464, section 2.1)."""
    content = decoded(reading.raw[part.at : part.end], part.encoding).replace(b"\r\n", b"\n")
    for group in re.split(rb"\n[ \t]*\n", content.strip(b"\n"))[:MOST_PARTS]:
        block = headers.block(group + b"\n", 0, len(group) + 1, whole_mail=False)
        if block.fields:
            reading.report.append(headers.by_name(block.fields))
