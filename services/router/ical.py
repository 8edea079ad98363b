"""Reads from an iCalendar (RFC 5545) when its person is away.

Runs in a process of its own (`python -m services.router.ical`), one JSON document per line in and
out, because calendars come from strangers: a recurrence that never occurs keeps dateutil busy for
seconds, `INTERVAL=0` for ever, and nothing of that may keep an issue waiting.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

SERIES_S: Final = 1.0
"""Time for one entry with its recurrences; one that needs more is left out."""
CALENDAR_S: Final = 20
"""CPU time for one calendar; then the process ends, and whoever waits for it knows why."""
LARGEST_MEMORY: Final = 1024**3
MOST_SPANS: Final = 500
"""The nearest ones of a calendar are taken."""

_NEVER_AWAY: Final = {"TENTATIVE", "WORKINGELSEWHERE"}
_FREQUENCIES: Final = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_JAPANESE: Final = re.compile(
    r"休暇|有給|有休|年休|代休|振休|振替休日|公休|半休|全休|産休|育休|午前休|午後休|欠勤|忌引|不在"
    r"|(?<!昼)休み(?!時間|明け)|お休み|夏季休業|年末年始休業"
)
_ENGLISH: Final = re.compile(
    r"\b(vacation|holidays?|out of (the )?office|ooo|oof|pto|day off|time off|on leave|leave"
    r"|sick|parental leave|away)\b"
)


class Unreadable(Exception):
    """This is no calendar."""


@dataclass(frozen=True, slots=True)
class Found:
    """An absence in a calendar; `key` names the same one in its next version."""

    key: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Read:
    """When somebody is away, the nearest first, and how many entries could not be understood."""

    found: tuple[Found, ...]
    left_out: int


def read(text: str, zone: ZoneInfo, start: datetime, end: datetime) -> Read:
    """What in a calendar means that its person is away at some time from `start` to `end`.

    Whole days and times without a zone are in `zone`. Raises Unreadable where it is no calendar.
    """
    try:
        calendars = Calendar.from_ical(text.removeprefix("\ufeff"), multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Unreadable(type(error).__name__) from error
    if not calendars or any(one.name != "VCALENDAR" for one in calendars):
        raise Unreadable("no VCALENDAR")
    found: list[Found] = []
    left_out = 0
    for calendar in calendars:
        for series in _series(calendar):
            try:
                with _limit(SERIES_S):
                    found += _absences(series, calendar, zone, start, end)
            except Exception:  # whatever a stranger's entry does, the others count
                left_out += 1
    nearest = sorted(found, key=lambda one: (one.starts_at, one.ends_at, one.key))
    return Read(tuple(nearest[:MOST_SPANS]), left_out)


def means_away(event: Any) -> bool:
    """Whether an entry says that its person is away, and not in a meeting or at work elsewhere."""
    busy = _word(event, "X-MICROSOFT-CDO-BUSYSTATUS") or _word(
        event, "X-MICROSOFT-CDO-INTENDEDSTATUS"
    )
    if _word(event, "STATUS") in ("CANCELLED", "TENTATIVE") or busy in _NEVER_AWAY:
        return False
    if busy == "OOF":
        return True
    if event.get("ATTENDEE") is not None:
        return False
    if _says_away(event):
        return True
    return _is_all_day(event) and _word(event, "TRANSP") == "OPAQUE"


def _says_away(event: Any) -> bool:
    categories = event.get("CATEGORIES")
    listed = categories if isinstance(categories, list) else [categories] if categories else []
    words = [str(event.get("SUMMARY", "")), *(str(c) for one in listed for c in one.cats)]
    text = unicodedata.normalize("NFKC", " ".join(words)).casefold()
    return bool(_JAPANESE.search(text) or _ENGLISH.search(text))


def _series(calendar: Any) -> Iterator[list[Any]]:
    """Entries of the same UID, where any of them means that somebody is away."""
    by_uid: dict[str, list[Any]] = defaultdict(list)
    for nth, event in enumerate(calendar.walk("VEVENT")):
        by_uid[str(event.get("UID") or f"without-{nth}")].append(event)
    return (events for events in by_uid.values() if any(map(means_away, events)))


def _absences(
    series: list[Any], calendar: Any, zone: ZoneInfo, start: datetime, end: datetime
) -> list[Found]:
    recurs = any(event.get("RRULE") or event.get("RDATE") for event in series)
    for event in series:
        _check(event)
    alone = Calendar()
    for component in (*calendar.walk("VTIMEZONE"), *series):
        alone.add_component(component)
    found = []
    for event in recurring_ical_events.of(alone).between(start - timedelta(days=1), end):
        if not means_away(event):
            continue
        begins, ends = _instant(event["DTSTART"].dt, zone), _instant(event["DTEND"].dt, zone)
        if begins < ends and ends > start:
            found.append(Found(_key(event, recurs), begins, ends))
    return found


def _check(event: Any) -> None:
    """Raises Unreadable for what would be understood wrongly, or never to its end."""
    if event.errors:
        raise Unreadable(str(event.errors[0][0]))
    rules = event.get("RRULE") or []
    for rule in rules if isinstance(rules, list) else [rules]:
        frequency, interval = rule.get("FREQ", [""]), rule.get("INTERVAL", [1])
        if str(frequency[0]).upper() not in _FREQUENCIES or int(interval[0]) < 1:
            raise Unreadable("RRULE")


def _key(event: Any, recurs: bool) -> str:
    uid = str(event.get("UID") or f"{event['DTSTART'].dt}/{event['DTEND'].dt}")
    if not recurs:
        return uid
    original = event.get("RECURRENCE-ID") or event["DTSTART"]
    return f"{uid}/{original.dt.isoformat()}"


def _instant(at: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, tzinfo=zone)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _is_all_day(event: Any) -> bool:
    start = event.get("DTSTART")
    return start is not None and not isinstance(getattr(start, "dt", None), datetime)


def _word(event: Any, name: str) -> str:
    return str(event.get(name, "")).strip().upper()


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in what is within after so much CPU time."""
    before = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _too_long(*_: object) -> None:
    raise TimeoutError


def main(requests: IO[str] = sys.stdin, answers: IO[str] = sys.stdout) -> None:
    """Answers each line of `requests` (text, zone, start, end) with a line: what was found."""
    for line in requests:
        request = json.loads(line)
        start, end = (datetime.fromisoformat(request[name]) for name in ("start", "end"))
        try:
            found = read(request["text"], ZoneInfo(request["zone"]), start, end)
        except Unreadable:
            answer: dict[str, Any] = {"unreadable": True}
        else:
            spans = [
                [one.key, one.starts_at.isoformat(), one.ends_at.isoformat()] for one in found.found
            ]
            answer = {"found": spans, "left_out": found.left_out}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _serve() -> None:
    """Within limits of memory and, for each calendar anew, of CPU time."""
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    main(_limited(sys.stdin))


def _limited(lines: IO[str]) -> Any:
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    for line in lines:
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + CALENDAR_S, most))
        yield line


if __name__ == "__main__":
    _serve()
