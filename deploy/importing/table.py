"""A table of old issues (CSV), as the exports of helpdesks write it."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.importing.found import Found, Notes, SourceUnusable
from shared.language import Words

COLUMNS: Mapping[str, Sequence[str]] = {
    "id": (
        "id", "ticket id", "ticket #", "#", "ticket number", "ticketnumber", "issue id", "key",
        "no", "no.", "番号", "チケット番号", "管理番号", "受付番号", "問い合わせ番号",
        "お問い合わせ番号",
    ),
    "summary": ("subject", "summary", "title", "件名", "タイトル", "題名", "題目", "概要"),
    "description": (
        "description", "body", "content", "details", "first message", "本文", "説明", "内容",
        "詳細", "問い合わせ内容", "お問い合わせ内容", "問合せ内容",
    ),
    "reporter": (
        "requester", "requester name", "reporter", "author", "full name", "contact name",
        "customer name", "created by", "customeruser", "customer user", "起票者", "作成者",
        "依頼者", "投稿者", "報告者", "登録者", "起票者名", "氏名", "お名前",
    ),
    "reporter_email": (
        "requester email", "reporter email", "email", "e-mail", "contact email",
        "customer email", "from", "メールアドレス", "メール", "起票者メール",
        "起票者メールアドレス",
    ),
    "owner": (
        "assignee", "assigned to", "agent", "owner", "responsible", "担当者", "担当", "対応者",
        "担当者名",
    ),
    "category": (
        "category", "ticket type", "type", "tracker", "queue", "カテゴリ", "カテゴリー", "分類",
        "種別", "トラッカー", "キュー",
    ),
    "product": ("product", "project", "製品", "製品名", "商品", "商品名", "プロジェクト"),
    "urgency": ("priority", "urgency", "優先度", "緊急度", "重要度"),
    "status": ("status", "state", "ステータス", "状態", "状況", "対応状況"),
    "raised_at": (
        "created at", "created", "created time", "created on", "created date", "opened at",
        "opened", "起票日", "起票日時", "作成日", "作成日時", "登録日", "登録日時", "受付日",
        "受付日時", "発生日", "問い合わせ日",
    ),
    "closed_at": (
        "closed at", "closed", "closed time", "close time", "closed on", "solved at",
        "resolved at", "resolved time", "resolved", "resolution time", "completed at",
        "完了日", "完了日時", "終了日", "終了日時", "解決日", "解決日時", "クローズ日",
        "クローズ日時", "対応完了日",
    ),
    "updated_at": (
        "updated at", "updated", "last update time", "updated on", "changed", "更新日", "更新日時",
        "最終更新日",
    ),
    "customer": (
        "company", "company name", "organization", "organisation", "customer", "customer id",
        "customerid", "顧客", "顧客名", "会社名", "お客様名", "取引先",
    ),
    "cause": ("cause", "root cause", "原因", "発生原因"),
    "answer": (
        "resolution", "answer", "solution", "回答", "回答内容", "対応内容", "処置", "処置内容",
        "解決方法",
    ),
}  # fmt: skip
"""What the columns are called in exports of Zendesk, Freshdesk, Redmine, OTRS and in Japanese
tables. Case, width, spaces and underscores do not matter."""

CLOSED = (
    "closed", "resolved", "solved", "done", "fixed", "completed", "rejected", "cancelled",
    "canceled", "merged", "完了", "終了", "解決", "クローズ", "対応済", "却下", "済", "中止",
)  # fmt: skip
"""How the state of whatever is over begins."""

URGENCIES = {
    "immediate": "high", "urgent": "high", "critical": "high", "high": "high", "very high": "high",
    "5 very high": "high", "4 high": "high", "緊急": "high", "至急": "high", "今すぐ": "high",
    "急いで": "high", "高": "high", "高め": "high", "高い": "high",
    "normal": "normal", "medium": "normal", "3 normal": "normal", "中": "normal", "通常": "normal",
    "普通": "normal",
    "low": "low", "very low": "low", "2 low": "low", "1 very low": "low", "低": "low",
    "低め": "low", "低い": "low",
}  # fmt: skip

STILL_OPEN = "still open: bring it in as a new issue"
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # Excel knows no zones
_YEAR_FIRST = re.compile(
    r"(\d{4})\s*[/.\-年]\s*(\d{1,2})\s*[/.\-月]\s*(\d{1,2})\s*日?"
    r"(?:\s*\([^)]*\))?(?:[\sT]*(\d{1,2})\s*[:時]\s*(\d{1,2})\s*分?(?::?(\d{1,2})秒?)?)?"
    r"(?:\.\d+)?\s*(Z|UTC|GMT|JST|[+-]\d\d:?\d\d)?"
)
_YEAR_LAST = re.compile(
    r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4})(?:[,\s]+(\d{1,2}):(\d\d)(?::(\d\d))?)?\s*([AP]M)?",
    re.IGNORECASE,
)
_ZONES = {"Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00", "JST": "+09:00"}


class Layout(BaseModel):
    """What a mapping file says about how any table is read."""

    model_config = ConfigDict(extra="forbid")

    dates: tuple[str, ...] = ()
    """Formats (strptime) that are tried first."""
    zone: str | None = None
    """Of times without one; by default the company's."""
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None


class TableMapping(Layout):
    """What a mapping file says about a table of issues."""

    system: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] | None = None
    """What the ids count within; by default the file, so that no two files' ids are mixed up."""
    columns: dict[
        Literal[
            "id", "summary", "description", "reporter", "reporter_email", "owner", "category",
            "product", "urgency", "status", "raised_at", "closed_at", "updated_at", "customer",
            "cause", "answer",
        ],
        str,
    ] = Field(default_factory=dict)  # fmt: skip
    defaults: dict[str, str] = Field(default_factory=dict)
    """What counts where a cell is empty, by field."""
    closed: tuple[str, ...] = ()
    """More words for what is over."""
    urgencies: dict[str, Literal["low", "normal", "high"]] = Field(default_factory=dict)


_Mapping = TypeVar("_Mapping", bound=Layout)


def read_mapping(file: Path | None, kind: type[_Mapping]) -> _Mapping:
    """What a mapping file says, or what holds without one. Raises SourceUnusable."""
    if file is None:
        return kind()
    try:
        mapping = kind.model_validate(yaml.safe_load(file.read_text("utf-8")) or {})
        if mapping.zone:
            ZoneInfo(mapping.zone)
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(file, error) from error
    except yaml.YAMLError as error:
        why = str(error)
        raise SourceUnusable(
            lambda _: _("%(file)s is not YAML: %(error)s.", file=file, error=why)
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SourceUnusable(
            lambda _: _(
                "%(file)s: %(place)s is not as it should be (%(error)s).",
                file=file,
                place=place,
                error=first["msg"],
            )
        ) from error
    except (LookupError, ValueError) as error:
        raise SourceUnusable(
            lambda _: _("%(file)s: zone: write one such as Asia/Tokyo.", file=file)
        ) from error
    return mapping


class Table:
    """The rows of a CSV file."""

    def __init__(self, path: Path, mapping: TableMapping) -> None:
        self._path = path
        self._mapping = mapping
        self.system = mapping.system or _named_after(path)
        self.notes = Notes()
        text = decode(path, mapping.encoding)
        header = text.partition("\n")[0]
        delimiter = mapping.delimiter or max(",;\t|", key=header.count)
        csv.field_size_limit(100_000_000)
        rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
        self._names = [name.strip() for name in next(rows, [])]
        self._rows = [row for row in rows if any(cell.strip() for cell in row)]
        self.columns: Sequence[str] = (*self._names, "problem")
        self.meant: Mapping[str, str] = meant(self._names, mapping)

    def fingerprint(self) -> str:
        stat = self._path.stat()
        told = sha256(self._mapping.model_dump_json().encode()).hexdigest()[:16]
        return f"{stat.st_size}-{stat.st_mtime_ns}-{told}"

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Found]:
        for cells in self._rows:
            row = dict(zip(self._names, [*cells, *[""] * len(self._names)], strict=False))
            try:
                yield Found(row, item=item_of(row, self.meant, self._mapping))
            except RowRefused as error:
                yield Found(row, problem=str(error))


def _no_column(wanted: str, field: str, names: Sequence[str], _: Words) -> str:
    return _(
        "There is no column “%(wanted)s” for `%(field)s`. There are: %(names)s.",
        wanted=wanted,
        field=field,
        names=_.listed(names),
    )


class RowRefused(Exception):
    """This row can't be taken; says why."""


def meant(names: Sequence[str], mapping: TableMapping) -> dict[str, str]:
    """For each field the column that holds it. Raises SourceUnusable."""
    by_name = {folded(name): name for name in reversed(names)}
    found: dict[str, str] = {}
    for field, aliases in COLUMNS.items():
        wanted = mapping.columns.get(field)  # type: ignore[call-overload]
        if wanted is not None:
            if folded(wanted) not in by_name:
                raise SourceUnusable(partial(_no_column, wanted, field, names))
            found[field] = by_name[folded(wanted)]
            continue
        here = next((by_name[folded(alias)] for alias in aliases if folded(alias) in by_name), "")
        if here and here not in found.values():
            found[field] = here
    if not {"summary", "description"} & found.keys():
        raise SourceUnusable(
            lambda _: _(
                "No column looks like a summary or a description. Name them in a mapping (--map):"
                " columns: {summary: ...}. There are: %(names)s.",
                names=_.listed(names),
            )
        )
    return found


def item_of(
    row: Mapping[str, str], columns: Mapping[str, str], mapping: TableMapping
) -> dict[str, Any]:
    """The issue of a row, as the API takes it. Raises RowRefused."""

    def cell(field: str) -> str:
        told = row.get(columns.get(field, ""), "").strip()
        return told or mapping.defaults.get(field, "")

    summary, description = cell("summary"), cell("description")
    if not summary and not description:
        raise RowRefused("neither summary nor description")
    raised_at = read_date(cell("raised_at"), mapping, "raised_at")
    closed_at = _closed_at(cell, mapping)
    if raised_at is None:
        raise RowRefused("nothing says when it was brought in (`raised_at`)")
    name, address = _reporter(cell("reporter"), cell("reporter_email"))
    if not name and not address:
        raise RowRefused("nobody is named as its reporter (`reporter`, `reporter_email`)")
    item: dict[str, Any] = {
        "id": cell("id") or sha256("\x1f".join(row.values()).encode()).hexdigest()[:32],
        "summary": summary or description.splitlines()[0],
        "description": description or summary,
        "reporter": {
            **({"name": name} if name else {}),
            **({"email": address} if address else {}),
        },
        "raised_at": raised_at,
        "closed_at": closed_at,
    }
    for field in ("owner", "customer", "product", "category", "cause"):
        if cell(field):
            item[field] = cell(field)
    urgency = _urgency(cell("urgency"), mapping)
    if urgency:
        item["urgency"] = urgency
    if cell("answer"):
        author = {"author": {"name": cell("owner")}} if cell("owner") else {}
        item["remarks"] = [{"at": closed_at, **author, "text": cell("answer")}]
    return item


def _closed_at(cell: Any, mapping: TableMapping) -> str:
    """When it was over; an issue without such a word is still open."""
    status = folded(cell("status"))
    words = [folded(word) for word in (*CLOSED, *mapping.closed)]
    is_over = any(status.startswith(word) for word in words) if status else None
    closed_at = read_date(cell("closed_at"), mapping, "closed_at")
    if is_over is False or (is_over is None and closed_at is None):
        raise RowRefused(STILL_OPEN)
    if closed_at is not None:
        return closed_at
    other = read_date(cell("updated_at"), mapping, "updated_at")
    fallback = other or read_date(cell("raised_at"), mapping, "raised_at")
    if fallback is None:
        raise RowRefused("nothing says when it was closed (`closed_at`)")
    return fallback


def _reporter(name: str, address: str) -> tuple[str, str]:
    """Either may stand in the other's column, or both in one: `Yuki <yuki@example.com>`."""
    found = re.search(r"<?([^\s<>()\"',;]+@[^\s<>()\"',;]+)>?", address or name)
    if found is None:
        return name or address, ""
    if not address or not name:
        whole = address or name
        name = whole.replace(found[0], "").strip(" \"'()")
    return name, found[1]


def _urgency(word: str, mapping: TableMapping) -> str | None:
    own = {folded(key): value for key, value in mapping.urgencies.items()}
    return own.get(folded(word)) or URGENCIES.get(folded(word))


def read_date(text: str, mapping: TableMapping, field: str) -> str | None:
    """A day or an instant, as ISO 8601 writes it; None for nothing. Raises RowRefused."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return None
    try:
        found = _read(plain, mapping)
    except (ValueError, OverflowError, TypeError, IndexError) as error:
        raise RowRefused(f"`{field}` is no date that can be read: {text[:60]}") from error
    if isinstance(found, datetime) and found.tzinfo is None and mapping.zone:
        found = found.replace(tzinfo=ZoneInfo(mapping.zone))
    return found.isoformat()


def _read(text: str, mapping: TableMapping) -> date | datetime:
    for form in mapping.dates:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007  # the zone comes later
        except ValueError:
            continue
        return found if "%H" in form or "%I" in form else found.date()
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return _whole(_EXCEL_EPOCH + timedelta(days=float(text)))
    if re.fullmatch(r"(19|20)\d{6}", text):
        return date.fromisoformat(text)
    if year_first := _YEAR_FIRST.fullmatch(text):
        year, month, day, hour, minute, second, zone = year_first.groups()
        if hour is None:
            return date(int(year), int(month), int(day))
        clock = f"{int(hour):02}:{int(minute):02}:{int(second or 0):02}"
        ahead = _ZONES.get(zone, zone) or ""
        return datetime.fromisoformat(f"{year}-{int(month):02}-{int(day):02}T{clock}{ahead}")
    if year_last := _YEAR_LAST.fullmatch(text):
        return _read_year_last(year_last)
    return parsedate_to_datetime(text)


def _read_year_last(found: re.Match[str]) -> date | datetime:
    """The day comes first with dots; with a stroke only where the other can be no month."""
    first, mark, second, year = int(found[1]), found[2], int(found[3]), int(found[4])
    if mark == "." or first > 12:
        day, month = first, second
    elif second > 12:
        day, month = second, first
    else:
        raise ValueError("day or month")
    if found[5] is None:
        return date(year, month, day)
    hour = (
        int(found[5]) % 12 + (12 if found[8].upper() == "PM" else 0) if found[8] else int(found[5])
    )
    return datetime(year, month, day, hour, int(found[6]), int(found[7] or 0))  # noqa: DTZ001


def _whole(found: datetime) -> date | datetime:
    """Rounded to the second, since a fraction of a day is none."""
    rounded = (found + timedelta(milliseconds=500)).replace(microsecond=0)
    return (
        rounded.date()
        if rounded == datetime.combine(rounded.date(), datetime.min.time())
        else rounded
    )


def decode(path: Path, encoding: str | None) -> str:
    """The text of a file, whichever of the usual encodings it is in. Raises SourceUnusable."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    guesses = [encoding] if encoding else ["utf-8-sig", "cp932"]
    if not encoding and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        guesses = ["utf-16"]
    for guess in guesses:
        try:
            return raw.decode(guess)
        except (UnicodeDecodeError, LookupError):
            continue
    raise SourceUnusable(
        lambda _: _(
            "%(file)s is in none of the encodings %(tried)s. Say `encoding:` in a mapping, or save"
            " it as UTF-8.",
            file=path,
            tried=_.listed(guesses),
        )
    )


def unreadable(path: Path, error: OSError | UnicodeDecodeError) -> SourceUnusable:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return SourceUnusable(lambda _: _("%(file)s can't be read: %(error)s.", file=path, error=why))


def _named_after(path: Path) -> str:
    plain = re.sub("[^a-z0-9]+", "-", path.stem.casefold()).strip("-")[:30].strip("-")
    is_whole = plain == path.stem
    return plain if is_whole else f"{plain or 'csv'}-{sha256(path.stem.encode()).hexdigest()[:8]}"


def folded(name: str) -> str:
    """A name without what does not matter in it."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("_", " ")
    return " ".join(plain.split())
