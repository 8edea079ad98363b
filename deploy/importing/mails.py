"""Old mails, from an mbox or a Maildir, as issues: each thread is one."""

from __future__ import annotations

import mailbox
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from deploy.importing.found import Found, Notes, SourceUnusable
from services.intake.mail.origin import origin
from services.intake.mail.parse import ReadMail, read_mail
from services.intake.mail.reply import new_words

SAME_SUBJECT_WITHIN = timedelta(days=30)
"""An answer that names no mail before it belongs to one of the same subject and people."""
MANY = 20
"""From so many mails on, an address in more than half of them is the helpdesk's own."""
LONGEST_ID = 200
LONGEST_TEXT = 200_000
LONGEST_REMARK = 20_000
MOST_REMARKS = 500
_ANSWER = re.compile(
    r"^\s*((re|aw|sv|antw|fw|fwd|返信|回答|転送)\s*(\[\d+\]|\d+)?\s*[:：]|\[[^\]]{1,40}\])\s*",
    re.IGNORECASE,
)
_BEGINNING = re.compile(rb"From \S.*\d:\d\d")
_ESCAPED = re.compile(rb"^>(>*)From ", re.MULTILINE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")

Raw = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """What a mail's headers say about where it belongs."""

    nth: int
    """Its place in the file."""
    message_id: str
    references: tuple[str, ...]
    subject: str
    """Without signs of an answer, whatever its width and case."""
    is_answer: bool
    people: frozenset[str]
    sent_at: datetime | None


class Mails:
    """The mails of a file or directory. Their texts are read when it is their turn."""

    system = "mail"
    columns: Sequence[str] = ("message_id", "subject", "from", "problem")

    def __init__(self, path: Path, kind: str) -> None:
        self._path = path
        self.meant: Mapping[str, str] = {}
        self._raws: Sequence[Raw] = list(_raws(path, kind))
        self.notes = Notes()
        self.notes.counts["mails"] = len(self._raws)
        heads = [_head(nth, raw()) for nth, raw in enumerate(self._raws)]
        self._threads = threads(heads)

    def fingerprint(self) -> str:
        stat = self._path.stat()
        return f"{stat.st_size}-{stat.st_mtime_ns}-{len(self._raws)}"

    def __len__(self) -> int:
        return len(self._threads)

    def __iter__(self) -> Iterator[Found]:
        for thread in self._threads:
            found = self._issue(thread)
            if found is not None:
                yield found

    def _issue(self, thread: Sequence[int]) -> Found | None:
        kept: list[tuple[ReadMail, datetime | None, bytes]] = []
        for nth in thread:
            raw = self._raws[nth]()
            mail = read_mail(raw)
            whose = origin(mail, None)
            if not whose.is_wanted or mail.from_address is None:
                self.notes.counts[f"skipped: {whose.kind}"] += 1
                continue
            self.notes.counts["attachments left in the file"] += len(mail.attachments)
            kept.append((mail, when(mail), raw))
        if not kept:
            return Found({})
        first, raised_at, raw = kept[0]
        row = {
            "message_id": first.message_id,
            "subject": first.subject,
            "from": first.from_address or "",
        }
        if raised_at is None:
            return Found(row, problem="nothing says when it was sent")
        latest = raised_at
        remarks: list[dict[str, Any]] = []
        for mail, sent_at, _raw in kept[1:]:
            latest = max(latest, sent_at or latest)
            words = new_words(mail) or mail.subject or "-"
            remarks.append(
                {
                    "at": (sent_at or latest).isoformat(),
                    "author": _author(mail),
                    "text": words[:LONGEST_REMARK],
                }
            )
        return Found(row, item=_item(first, raw, raised_at, latest, remarks))


def _item(
    first: ReadMail,
    raw: bytes,
    raised_at: datetime,
    closed_at: datetime,
    remarks: list[dict[str, Any]],
) -> dict[str, Any]:
    text = first.text or first.subject or "-"
    line = next((line.strip() for line in text.splitlines() if line.strip()), "-")
    named = first.message_id.strip("<>")
    return {
        "id": named if 0 < len(named) <= LONGEST_ID else sha256(raw).hexdigest(),
        "source": "email",
        "summary": (first.subject or line)[:1000],
        "description": text[:LONGEST_TEXT],
        "reporter": _author(first),
        "raised_at": raised_at.isoformat(),
        "closed_at": closed_at.isoformat(),
        "remarks": remarks[-MOST_REMARKS:],
    }


def _author(mail: ReadMail) -> dict[str, str]:
    author = {"email": mail.from_address or ""}
    return {"name": mail.from_name, **author} if mail.from_name.strip() else author


def when(mail: ReadMail) -> datetime | None:
    """When it was sent; without a date of its own, when the last server had it."""
    if mail.sent_at is not None:
        return mail.sent_at
    try:
        found = parsedate_to_datetime(mail.headers.get("received", "").rpartition(";")[2])
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else None


def threads(heads: Sequence[Head]) -> list[list[int]]:
    """The places of the mails of each thread, each in the order of time; the oldest thread first.

    Mails belong together that name each other (References, In-Reply-To). An answer that names
    none belongs to the latest mail of its subject among the same people, if that is not too old.
    """
    roots = list(range(len(heads)))

    def root(nth: int) -> int:
        while roots[nth] != nth:
            roots[nth] = roots[roots[nth]]
            nth = roots[nth]
        return nth

    by_id = {head.message_id: at for at, head in reversed(list(enumerate(heads)))}
    by_name: dict[str, int] = {}
    for at, head in enumerate(heads):
        for name in head.references:
            other = by_id.get(name, by_name.setdefault(name, at))
            roots[root(at)] = root(other)
    _join_by_subject(heads, by_id, roots, root)
    grouped: dict[int, list[int]] = defaultdict(list)
    for at in sorted(range(len(heads)), key=lambda at: _order(heads[at])):
        grouped[root(at)].append(heads[at].nth)
    return list(grouped.values())


def _join_by_subject(
    heads: Sequence[Head],
    by_id: dict[str, int],
    roots: list[int],
    root: Callable[[int], int],
) -> None:
    own = _own_addresses(heads)
    latest: dict[str, list[int]] = defaultdict(list)
    for at in sorted(range(len(heads)), key=lambda at: _order(heads[at])):
        head = heads[at]
        is_lost = head.is_answer and not any(name in by_id for name in head.references)
        if is_lost and head.subject and head.sent_at:
            people = head.people - own
            for before in reversed(latest[head.subject]):
                other = heads[before]
                assert other.sent_at is not None
                if head.sent_at - other.sent_at > SAME_SUBJECT_WITHIN:
                    break
                if people & other.people:
                    roots[root(at)] = root(before)
                    break
        if head.sent_at:
            latest[head.subject].append(at)


def _own_addresses(heads: Sequence[Head]) -> frozenset[str]:
    if len(heads) < MANY:
        return frozenset()
    counts = Counter(address for head in heads for address in head.people)
    return frozenset(one for one, count in counts.items() if count > len(heads) / 2)


def _order(head: Head) -> tuple[float, int]:
    return (head.sent_at.timestamp() if head.sent_at else float("inf"), head.nth)


def _head(nth: int, raw: bytes) -> Head:
    end = _END_OF_HEADERS.search(raw)
    mail = read_mail(raw[: end.end()] if end else raw)
    subject, is_answer = plain_subject(mail.subject)
    people = (mail.from_address, *mail.to)
    return Head(
        nth=nth,
        message_id=mail.message_id or f"<{nth}>",
        references=mail.references,
        subject=subject,
        is_answer=is_answer or bool(mail.references),
        people=frozenset(address.lower() for address in people if address),
        sent_at=when(mail),
    )


def plain_subject(subject: str) -> tuple[str, bool]:
    """The subject without signs of an answer, and whether it had one."""
    plain = unicodedata.normalize("NFKC", subject).casefold().strip()
    is_answer = False
    while found := _ANSWER.match(plain):
        is_answer = is_answer or not found[1].startswith("[")
        plain = plain[found.end() :]
    return " ".join(plain.split()), is_answer


def _raws(path: Path, kind: str) -> Iterable[Raw]:
    if kind == "mbox":
        return _messages_of(path)
    if not (path / "cur").is_dir() and not (path / "new").is_dir():
        raise SourceUnusable(
            lambda _: _("%(file)s is not a Maildir: it has neither `cur` nor `new`.", file=path)
        )
    return [
        partial(folder.get_bytes, key) for folder in _folders(path) for key in sorted(folder.keys())
    ]


def _folders(path: Path) -> Iterator[mailbox.Maildir]:
    box = mailbox.Maildir(path, create=False)
    yield box
    for name in sorted(box.list_folders()):
        yield box.get_folder(name)


def _messages_of(path: Path) -> list[Raw]:
    """The messages of an mbox, which is only read (the standard library would lock it).

    A message begins with a line `From somebody when` after an empty line.
    """
    if not path.is_file():
        raise SourceUnusable(lambda _: _("%(file)s is not a file. Name an mbox file.", file=path))
    begins: list[int] = []
    at, is_after_nothing = 0, True
    with path.open("rb") as file:
        for line in file:
            if is_after_nothing and _BEGINNING.match(line):
                begins.append(at)
            is_after_nothing = not line.strip()
            at += len(line)
    if not begins or begins[0] != 0:
        raise SourceUnusable(
            lambda _: _("%(file)s is not an mbox: it does not begin with `From `.", file=path)
        )
    ends = [*begins[1:], at]
    return [
        partial(_read_message, path, start, end) for start, end in zip(begins, ends, strict=True)
    ]


def _read_message(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        raw = file.read(end - start)
    return _ESCAPED.sub(rb"\1From ", raw.partition(b"\n")[2]).removesuffix(b"\n")
