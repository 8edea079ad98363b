"""Tickets in a CSV file of any kind: which column is what, and in which order they came."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from io import StringIO
from math import log
from pathlib import Path

from deploy.importing.found import SourceUnusable
from deploy.importing.table import COLUMNS, RowRefused, TableMapping, decode, folded, read_date

TEXTS = (
    *COLUMNS["summary"], *COLUMNS["description"], "text", "utterance", "message", "ticket",
    "ticket text", "ticket description", "ticket subject", "document", "query", "question",
    "comment", "complaint", "inquiry", "request", "short description", "long description",
    "issue description", "email body", "テキスト", "文章", "質問", "質問内容", "要望", "相談内容",
    "問合せ", "問い合わせ", "お問い合わせ", "発話", "メッセージ", "コメント", "不具合内容", "事象",
)  # fmt: skip
LABELS = (
    "label", "class", "intent", "target", "assignment group", "assigned group",
    "assigned to group", "support group", "group", "team", "department", "queue", "担当部署",
    "部署", "部門", "対応部署", "チーム", "担当チーム", "category", "ticket category",
    "issue category", "topic group", "topic", "ticket type", "issue type", "request type",
    "product", "type", "tracker", "subcategory", "tag", "tag 1", "ラベル", "カテゴリ",
    "カテゴリー", "分類", "大分類", "問い合わせ種別", "お問い合わせ種別", "問合せ種別",
    "問い合わせ分類", "問合せ分類", "種別", "種類", "区分", "トラッカー", "キュー", "意図",
)  # fmt: skip
"""The likelier ones first: where an issue goes, before what kind it is."""
TIMES = (
    *COLUMNS["raised_at"], "date", "time", "timestamp", "datetime", "received at", "received",
    "submitted at", "submitted", "reported at", "date received", "date submitted",
    "ticket created", "sys created on", "日付", "日時", "受信日時", "受信日", "申請日", "年月日",
    "問い合わせ日時", "お問い合わせ日時",
)  # fmt: skip
NEVER_TEXT = (*COLUMNS["answer"], *COLUMNS["cause"], "close notes", "work notes", "reply")
"""Nobody knows these when an issue comes in."""

FEWEST = 20
LOOKED_AT = 2_000
_MONTH_FIRST, _DAY_FIRST = (
    tuple(
        f"{day}{clock}"
        for day in days
        for clock in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
    )
    for days in (("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y"), ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y"))
)
_WRITTEN = (TableMapping(), TableMapping(dates=_MONTH_FIRST), TableMapping(dates=_DAY_FIRST))
_EPOCH = re.compile(r"\d{10}(\d{3})?(\.\d+)?")
_DATE_LIKE = re.compile(r"\d+\s*[-/.:年T]\s*\d")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what."""

    text: tuple[str, ...]
    label: str
    time: str | None
    guessed: tuple[str, ...]
    """Which of them nobody named: `text`, `label`, `time`."""


@dataclass(frozen=True, slots=True)
class Tickets:
    """In the order in which they came."""

    texts: list[str]
    labels: list[str]
    columns: Columns
    without_text: int
    without_label: int
    without_time: int


class Rows:
    """A CSV file as it stands."""

    def __init__(self, path: Path) -> None:
        """Raises SourceUnusable."""
        self.path = path
        text = decode(path, None)
        header = text.partition("\n")[0]
        csv.field_size_limit(2**31 - 1)
        lines = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t|", key=header.count))
        try:
            self.names = [name.strip() for name in next(lines, [])]
            self.cells = [line for line in lines if any(cell.strip() for cell in line)]
        except csv.Error as error:
            why = str(error)
            raise SourceUnusable(
                lambda _: _("%(file)s is no CSV that can be read: %(error)s.", file=path, error=why)
            ) from error
        if not self.cells:
            raise SourceUnusable(
                lambda _: _(
                    "%(file)s has no rows. The first line names the columns, and each further line"
                    " is a ticket.",
                    file=path,
                )
            )
        self._place = {folded(name): nth for nth, name in reversed([*enumerate(self.names)])}

    def __contains__(self, name: str) -> bool:
        return folded(name) in self._place

    def named(self, name: str) -> str:
        """The column as the file writes it. Raises SourceUnusable."""
        if name not in self:
            raise SourceUnusable(
                lambda _: _(
                    "%(file)s has no column “%(name)s”. There are: %(names)s.",
                    file=self.path,
                    name=name,
                    names=_.listed(self.names),
                )
            )
        return self.names[self._place[folded(name)]]

    def column(self, name: str) -> list[str]:
        nth = self._place[folded(name)]
        return [line[nth].strip() if nth < len(line) else "" for line in self.cells]

    def some(self, name: str) -> list[str]:
        """What stands in the column, from everywhere in the file, without empty cells."""
        step = max(1, len(self.cells) // LOOKED_AT)
        return [cell for cell in self.column(name)[::step] if cell]


def find_columns(
    rows: Rows, text: Sequence[str] = (), label: str | None = None, at: str | None = None
) -> Columns:
    """What was named, and guesses for the rest. Raises SourceUnusable."""
    guessed = [
        what for what, told in (("text", bool(text)), ("label", label), ("time", at)) if not told
    ]
    time_column = rows.named(at) if at else _time(rows)
    label_column = rows.named(label) if label else _label(rows, text, time_column)
    texts = tuple(map(rows.named, text)) or _texts(rows, label_column, time_column)
    if label_column in texts:
        raise SourceUnusable(
            lambda _: _(
                "%(label)s can't be text and label at once. Name them with --text and --label.",
                label=label_column,
            )
        )
    if time_column is None:
        guessed = [what for what in guessed if what != "time"]
    return Columns(texts, label_column, time_column, tuple(guessed))


def read(rows: Rows, columns: Columns) -> Tickets:
    """The tickets that have text and label, the oldest first. Raises SourceUnusable."""
    sides = [rows.column(rows.named(name)) for name in columns.text]
    labels = [" ".join(cell.split()) for cell in rows.column(rows.named(columns.label))]
    texts = ["\n".join(filter(None, cells)) for cells in zip(*sides, strict=True)]
    times, without_time = _times(rows, columns.time)
    order = sorted(range(len(texts)), key=times.__getitem__)
    kept = [nth for nth in order if texts[nth] and labels[nth]]
    return Tickets(
        texts=[texts[nth] for nth in kept],
        labels=[labels[nth] for nth in kept],
        columns=columns,
        without_text=sum(not text for text in texts),
        without_label=sum(not label for label in labels),
        without_time=without_time,
    )


def refuse_unusable(tickets: Tickets, names: Sequence[str]) -> None:
    """Says what to do where nothing can be learned. Raises SourceUnusable."""
    label, count = tickets.columns.label, len(tickets.texts)
    if count < FEWEST:
        raise SourceUnusable(
            lambda _: _(
                "Only %(count)s rows have text and label; at least %(fewest)s are needed, and some"
                " hundreds tell more. Text: %(texts)s. Label: %(label)s. Name other columns with"
                " --text and --label. There are: %(names)s.",
                count=count,
                fewest=FEWEST,
                texts=_.listed(tickets.columns.text),
                label=label,
                names=_.listed(names),
            )
        )
    different = len(set(tickets.labels))
    if different == 1:
        raise SourceUnusable(
            lambda _: _(
                "Every row has the same %(label)s, so there is nothing to tell apart. Name another"
                " column with --label. There are: %(names)s.",
                label=label,
                names=_.listed(names),
            )
        )
    if different > count / 2:
        raise SourceUnusable(
            lambda _: _(
                "%(label)s has %(different)s different values in %(count)s rows: nothing can be"
                " learned from what hardly ever comes twice. Name another column with --label."
                " There are: %(names)s.",
                label=label,
                different=different,
                count=count,
                names=_.listed(names),
            )
        )


def _time(rows: Rows) -> str | None:
    by_name = [name for name in TIMES if name in rows and _can_be_time(rows.some(name))]
    if by_name:
        return rows.named(by_name[0])
    unfit = {folded(name) for field in ("closed_at", "updated_at") for name in COLUMNS[field]}
    for name in rows.names:
        cells = rows.some(name)
        written = [cell for cell in cells if _DATE_LIKE.search(cell) and len(cell) < 40]
        if folded(name) not in unfit and len(written) > 0.95 * len(cells) and _can_be_time(cells):
            return name
    return None


def _can_be_time(cells: Sequence[str]) -> bool:
    tried = cells[:: max(1, len(cells) // 200)]
    read = max(sum(_instant(cell, how) is not None for cell in tried) for how in _WRITTEN)
    return bool(tried) and read > 0.9 * len(tried)


def _label(rows: Rows, texts: Sequence[str], at: str | None) -> str:
    taken = {folded(name) for name in (*texts, at or "")}
    by_name = [
        name for name in LABELS if name in rows and folded(name) not in taken
        and _can_be_label(rows.some(name))
    ]  # fmt: skip
    if by_name:
        return rows.named(by_name[0])
    free = [name for name in rows.names if folded(name) not in taken]
    fit = [name for name in free if _can_be_label(rows.some(name))]
    if not fit:
        raise SourceUnusable(
            lambda _: _(
                "No column looks like a label: few values that come again and again. Name it with"
                " --label. There are: %(names)s.",
                names=_.listed(rows.names),
            )
        )
    return max(fit, key=lambda name: _variety(rows.some(name)))


def _can_be_label(cells: Sequence[str]) -> bool:
    different = len(set(cells))
    return 2 <= different <= max(2, min(500, len(cells) // 3)) and sum(map(len, cells)) <= 60 * len(
        cells
    )


def _variety(cells: Sequence[str]) -> float:
    """Entropy: of two columns with few values the one that tells more is the label."""
    counts = Counter(cells)
    return -sum(count / len(cells) * log(count / len(cells)) for count in counts.values())


def _texts(rows: Rows, label: str, at: str | None) -> tuple[str, ...]:
    """Subject and body where they are called so; else the column with the longest cells."""
    never = {folded(name) for name in (label, at or "", *NEVER_TEXT)}
    by_name = [
        rows.named(name)
        for name in TEXTS
        if name in rows and folded(name) not in never and _length(rows.some(name)) > 3
    ]
    free = [name for name in rows.names if name and folded(name) not in never]
    if not free:
        raise SourceUnusable(
            lambda _: _(
                "No column is left for the text. Name it with --text. There are: %(names)s.",
                names=_.listed(rows.names),
            )
        )
    longest = max(free, key=lambda name: _length(rows.some(name)))
    if by_name and _length(rows.some(longest)) < 4 * max(
        _length(rows.some(name)) for name in by_name
    ):
        return tuple(dict.fromkeys(by_name))
    return tuple(dict.fromkeys([*by_name, longest]))


def _length(cells: Sequence[str]) -> float:
    return sum(map(len, cells)) / max(len(cells), 1)


def _times(rows: Rows, name: str | None) -> tuple[list[tuple[datetime, int]], int]:
    """For each row when it came; one without a time came with the row before it."""
    if name is None:
        return [(datetime.min.replace(tzinfo=UTC), nth) for nth in range(len(rows.cells))], 0
    cells = rows.column(rows.named(name))
    some = rows.some(name)[:LOOKED_AT]
    how = max(_WRITTEN, key=lambda way: sum(_instant(cell, way) is not None for cell in some))
    found = [_instant(cell, how) for cell in cells]
    missing = sum(one is None for one in found)
    if missing > len(found) / 2:
        raise SourceUnusable(
            lambda _: _(
                "%(missing)s of %(count)s rows have no time that can be read in %(name)s, such as"
                " “%(example)s”. Name another column with --time; where no column holds a time,"
                " take it out of the file and the order of the file counts.",
                missing=missing,
                count=len(found),
                name=name,
                example=next(filter(None, cells), "")[:40],
            )
        )
    latest, times = datetime.min.replace(tzinfo=UTC), []
    for nth, one in enumerate(found):
        latest = one or latest
        times.append((latest, nth))
    return times, missing


def _instant(cell: str, how: TableMapping) -> datetime | None:
    plain = unicodedata.normalize("NFKC", cell).strip()
    if not plain or len(plain) > 60:
        return None
    try:
        if _EPOCH.fullmatch(plain):
            seconds = float(plain) / (1000 if len(plain.partition(".")[0]) == 13 else 1)
            return datetime.fromtimestamp(seconds, UTC)
        told = read_date(plain, how, "time")
    except (RowRefused, ValueError, OverflowError, OSError):
        return None
    if told is None:
        return None
    found = datetime.fromisoformat(told) if "T" in told else _midnight(date.fromisoformat(told))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
