"""The event log of a helpdesk as a table (CSV): a row for each thing that happened to a case."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import holidays
from pydantic import Field

from deploy.importing.found import SourceUnusable
from deploy.importing.table import (
    Layout,
    RowRefused,
    TableMapping,
    decode,
    folded,
    read_date,
)
from services.metrics.facts import Kind
from shared.language import Words

COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "case": (
        "case", "case id", "caseid", "case:concept:name", "ticket", "ticket id", "ticketnumber",
        "issue", "issue id", "issue key", "key", "incident", "incident id", "number", "sr number",
        "チケット番号", "管理番号", "受付番号", "案件", "案件番号", "ケース", "番号",
    ),
    "activity": (
        "activity", "concept:name", "event", "action", "status", "state", "field", "操作",
        "アクティビティ", "活動", "処理", "ステータス", "状態", "状況",
    ),
    "time": (
        "time", "time:timestamp", "timestamp", "complete timestamp", "completetime", "date",
        "changed at", "created at", "changed", "日時", "時刻", "更新日時", "操作日時", "発生日時",
    ),
    "person": (
        "person", "resource", "org:resource", "user", "agent", "changed by", "author", "operator",
        "担当者", "操作者", "更新者", "ユーザー", "対応者",
    ),
    "raiser": (
        "raiser", "requester", "reporter", "customer", "caller", "opened by", "起票者", "依頼者",
        "報告者", "問い合わせ者",
    ),
    "owner": ("owner", "assignee", "assigned to", "new assignee", "主担当", "新担当者"),
    "team": (
        "team", "group", "org:group", "assignment group", "support group", "queue", "department",
        "チーム", "部署", "部門", "グループ", "キュー",
    ),
    "id": ("event id", "eventid"),
}  # fmt: skip
"""What the columns are called. Case, width, spaces and underscores do not matter."""
NEEDED: Final = ("case", "activity", "time")

WORDS: Final[Mapping[Kind, Sequence[str]]] = {
    Kind.RAISED: (
        "created", "create", "opened", "open", "new", "raised", "registered", "insert ticket",
        "submitted", "logged", "起票", "登録", "受付", "作成", "新規",
    ),
    Kind.ASSIGNED: (
        "assigned", "assign", "assign owner", "assignment", "queued", "routed", "triaged",
        "assign seriousness", "担当者設定", "割り当て", "割当", "担当者割当",
    ),
    Kind.ACKNOWLEDGED: (
        "acked", "acknowledged", "acknowledge", "accepted", "accept", "in progress", "started",
        "take in charge ticket", "work in progress", "受理", "承認", "対応中", "着手", "対応開始",
    ),
    Kind.DECLINED: ("declined", "rejected", "refused", "returned", "却下", "差し戻し", "差戻し"),
    Kind.REASSIGNED: (
        "reassigned", "reassign", "handed over", "transferred", "forwarded", "escalated to team",
        "担当者変更", "引き継ぎ", "引継ぎ", "転送",
    ),
    Kind.COMMENTED: (
        "commented", "comment", "comment added", "replied", "reply", "answered", "note", "updated",
        "update", "コメント", "回答", "返信", "返答", "連絡",
    ),
    Kind.REMINDED: ("reminder sent", "reminder", "reminded", "催促", "督促", "リマインド"),
    Kind.ESCALATED: ("escalated", "escalate", "escalation", "エスカレーション", "上申"),
    Kind.RESOLVED: (
        "resolved", "resolve", "resolve ticket", "solved", "done", "fixed", "completed", "解決",
        "対応済", "対応完了", "完了",
    ),
    Kind.REOPENED: ("reopened", "reopen", "re-opened", "再オープン", "再開", "再起票"),
    Kind.WAITING: (
        "waiting", "wait", "pending", "on hold", "awaiting customer", "awaiting user info",
        "wait - user", "wait - customer", "保留", "待ち", "お客様待ち", "顧客確認待ち",
    ),
    Kind.RESUMED: ("resumed", "resume", "保留解除"),
    Kind.CLOSED: ("closed", "close", "cancelled", "canceled", "クローズ", "終了", "中止", "取消"),
    Kind.MERGED: ("merged", "merge", "duplicate", "統合", "重複"),
}  # fmt: skip
"""What activities are called. Case and width do not matter."""

FIRST_OF_CASE: Final = frozenset({Kind.RAISED, Kind.REOPENED})


class ExportMapping(Layout):
    """What a mapping file says about an event log."""

    columns: dict[
        Literal["case", "activity", "time", "person", "raiser", "owner", "team", "id"], str
    ] = Field(default_factory=dict)
    activities: dict[Kind, tuple[str, ...]] = Field(default_factory=dict)
    """More words for what happens; they go before those that are known."""
    other: Kind | None = None
    """What all other activities count as; without it they move nothing."""
    machines: tuple[str, ...] = ()
    """Who is no human in the column `person`."""
    zone: str = "UTC"
    """Of the company: all times are brought to it, and those without one are of it."""
    holidays: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")] | None = None
    """Country (and region) whose public holidays are free, such as JP or DE-BY."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table, read."""

    line: int
    at: datetime
    """Local time of the company, without a zone."""
    case: str
    kind: Kind
    person: str
    raiser: str
    owner: str
    team: str
    id: str


@dataclass(slots=True)
class Export:
    """An event log that has been read."""

    mapping: ExportMapping
    rows: list[Row] = field(default_factory=list)
    meant: dict[str, str] = field(default_factory=dict)
    """For each field the column that holds it."""
    unknown: Counter[str] = field(default_factory=Counter)
    """Activities that are none of the known ones, and were left out."""

    @property
    def monday(self) -> date:
        """Day 0: the Monday on or before the first event."""
        first = self.rows[0].at.date()
        return first - timedelta(days=first.weekday())

    def events(self) -> Iterator[dict[str, Any]]:
        """As a file of events holds them. A case without a beginning begins with its first row."""
        raisers: dict[str, str] = {}
        begins = datetime.combine(self.monday, time())
        for row in self.rows:
            t = (row.at - begins).total_seconds()
            is_first = row.case not in raisers
            raiser = raisers.setdefault(row.case, row.raiser or row.person)
            if is_first and row.kind not in FIRST_OF_CASE:
                raised = {"t": t, "kind": Kind.RAISED, "issue": row.case, "person": raiser}
                yield {**raised, "raiser": raiser}
            event = {
                "t": t, "kind": row.kind, "issue": row.case, "person": row.person,
                "raiser": raiser, "owner": row.owner, "dept": row.team, "id": row.id,
            }  # fmt: skip
            yield {key: value for key, value in event.items() if value != ""}

    def holidays(self) -> list[int]:
        """Of the mapping's country, as numbers of days."""
        if self.mapping.holidays is None:
            return []
        country, _, region = self.mapping.holidays.partition("-")
        years = range(self.rows[0].at.year, self.rows[-1].at.year + 1)
        found = holidays.country_holidays(country, subdiv=region or None, years=years)
        return sorted((day - self.monday).days for day in found if day >= self.monday)


def read_export(path: Path, mapping: ExportMapping) -> Export:
    """Raises SourceUnusable, which names the line that can't be read."""
    text = decode(path, mapping.encoding)
    header = text.partition("\n")[0]
    csv.field_size_limit(100_000_000)
    delimiter = mapping.delimiter or max(",;\t|", key=header.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(reader, [])]
    export = Export(mapping, meant=meant(names, mapping))
    reading = _Reading(mapping, {key: names.index(name) for key, name in export.meant.items()})
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = reading.row(cells, reader.line_num)
        except RowRefused as error:
            raise _refused(path, reader.line_num, str(error)) from error
        if row is None:
            export.unknown[reading.cell(cells, "activity")] += 1
        else:
            export.rows.append(row)
    if not export.rows:
        raise SourceUnusable(
            lambda _: _(
                "%(file)s holds nothing that can be used: no activity in it is known. Say what they"
                " mean in a mapping (--map): activities: {acked: [...]}. There are: %(names)s.",
                file=path,
                names=_.listed([name for name, _count in export.unknown.most_common(20)]),
            )
        )
    export.rows.sort(key=lambda row: row.at)
    return export


def meant(names: Sequence[str], mapping: ExportMapping) -> dict[str, str]:
    """For each field the column that holds it. Raises SourceUnusable."""
    by_name = {folded(name): name for name in reversed(names)}
    found: dict[str, str] = {}
    for field_, wanted in mapping.columns.items():
        if folded(wanted) not in by_name:
            raise _no_column(wanted, field_, names)
        found[field_] = by_name[folded(wanted)]
    for key, aliases in COLUMNS.items():
        taken = found.values()
        here = (by_name[folded(alias)] for alias in aliases if folded(alias) in by_name)
        column = next((name for name in here if name not in taken), None)
        if key not in found and column is not None:
            found[key] = column
    for key in NEEDED:
        if key not in found:
            raise _no_column(key, key, names)
    return found


def _no_column(wanted: str, key: str, names: Sequence[str]) -> SourceUnusable:
    def say(_: Words) -> str:
        return _(
            "There is no column “%(wanted)s” for `%(field)s`. There are: %(names)s.",
            wanted=wanted,
            field=key,
            names=_.listed(names),
        )

    return SourceUnusable(say)


def _refused(path: Path, line: int, problem: str) -> SourceUnusable:
    return SourceUnusable(
        lambda _: _("%(file)s, line %(line)s: %(problem)s", file=path, line=line, problem=problem)
    )


class _Reading:
    """Reads rows as the mapping says."""

    def __init__(self, mapping: ExportMapping, places: Mapping[str, int]) -> None:
        self._places = places
        self._other = mapping.other
        self._machines = frozenset(map(folded, mapping.machines))
        self._zone = ZoneInfo(mapping.zone)
        self._dates = TableMapping(dates=mapping.dates, zone=mapping.zone)
        known = {folded(word): kind for kind, words in WORDS.items() for word in words}
        named = {folded(kind): kind for kind in Kind}
        own = {folded(word): kind for kind, said in mapping.activities.items() for word in said}
        self._kinds = {**known, **named, **own}

    def cell(self, cells: Sequence[str], key: str) -> str:
        place = self._places.get(key, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    def row(self, cells: Sequence[str], line: int) -> Row | None:
        """None for an activity that is not known. Raises RowRefused."""
        kind = self._kinds.get(folded(self.cell(cells, "activity")), self._other)
        if kind is None:
            return None
        case = self.cell(cells, "case")
        if not case:
            raise RowRefused("the case is empty")
        person, owner = self._person(cells), self.cell(cells, "owner")
        if "owner" not in self._places:
            person, owner = _who(kind, person)
        return Row(
            line, self._at(cells), case, kind, person, self.cell(cells, "raiser"), owner,
            self.cell(cells, "team"), self.cell(cells, "id"),
        )  # fmt: skip

    def _person(self, cells: Sequence[str]) -> str:
        person = self.cell(cells, "person")
        return "" if folded(person) in self._machines else person

    def _at(self, cells: Sequence[str]) -> datetime:
        told = read_date(self.cell(cells, "time"), self._dates, "time")
        if told is None:
            raise RowRefused("the time is empty")
        at = datetime.fromisoformat(told)
        return at.astimezone(self._zone).replace(tzinfo=None) if at.tzinfo else at


def _who(kind: Kind, person: str) -> tuple[str, str]:
    """Who acted and who has it, where a single column names people."""
    match kind:
        case Kind.ASSIGNED:
            return "", person
        case Kind.ACKNOWLEDGED:
            return person, person
        case _:
            return person, ""
