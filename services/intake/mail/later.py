"""First lines of a mail that name a time: put off, wait, promise.

Only what leaves no doubt: a question is a question (保留3日でよいですか), and a sentence that goes
on behind the day is a sentence (10/15までにお送りください).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.intake.days import evening_of, in_working_days, morning_of, today
from shared.contracts.issue import Action, WaitingFor
from shared.contracts.organisation import Calendar


@dataclass(frozen=True, slots=True)
class Wish:
    """What a line asks for."""

    action: Action
    until: datetime | None = None
    waiting_for: WaitingFor | None = None
    proposed: str | None = None
    """A person's id."""
    words: str = ""
    """What else stands in it."""
    understood: bool = True


def read(line: str, now: datetime, calendar: Calendar) -> Wish | None:
    """What a line asks for, or None where it is none of these."""
    text = evened(line)
    return _snooze(text, now, calendar) or _wait(text) or _promise(text, now, calendar)


def evened(line: str) -> str:
    """Without differences of width and space, and without what ends a sentence."""
    even = unicodedata.normalize("NFKC", line).replace("’", "'")
    return " ".join(even.split()).strip("*_\"'「」 ").rstrip(" 。.!、,~〜♪…")


def _snooze(text: str, now: datetime, calendar: Calendar) -> Wish | None:
    found = _SNOOZE.match(text)
    if found is None or _ASKS.search(text):
        return None
    # 保留します and "snooze it" without a day may be words for the carrier
    unclear = None if found["polite"] or found["it"] else Wish(Action.SNOOZE, understood=False)
    tail = text[found.end() :]
    if not tail:
        return unclear
    if tail[0] not in _SIGNS and not tail[0].isdigit():
        return None
    day, rest = _day(tail.lstrip(_SIGNS), now, calendar)
    if day is None or day <= today(now, calendar):
        return unclear
    return Wish(Action.SNOOZE, until=morning_of(day, calendar), words=rest)


def _wait(text: str) -> Wish | None:
    found = _WAIT.fullmatch(text)
    if found is None:
        return None
    whom = WaitingFor.CUSTOMER if found["customer"] else WaitingFor.CARRIER
    return Wish(Action.WAIT, waiting_for=whom, words=(found["words"] or "").strip())


def _promise(text: str, now: datetime, calendar: Calendar) -> Wish | None:
    begins = _BY.match(text)
    day, rest = _day(text[begins.end() :] if begins else text, now, calendar, is_promise=True)
    is_said = rest == "" if begins else _WILL_BE.fullmatch(rest) is not None
    if day is None or not is_said:
        return None
    until = evening_of(day, calendar)
    if until <= now:
        return Wish(Action.PROMISE, understood=False)
    return Wish(Action.PROMISE, until=until)


def _day(
    text: str, now: datetime, calendar: Calendar, *, is_promise: bool = False
) -> tuple[date | None, str]:
    """The day that a text begins with, and what stands behind it."""
    bare = _UNTIL.sub("", text, count=1)
    for words in _DAYS:
        found = words.match(bare)
        if found is None:
            continue
        behind = bare[found.end() :]
        rest = behind if is_promise else _AFTER_DAY.sub("", behind, count=1)
        if rest and not is_promise and rest == behind and rest[0] not in _SIGNS:
            continue
        return _meant(found, now, calendar), rest.strip(_SIGNS)
    return None, text


def _meant(found: re.Match[str], now: datetime, calendar: Calendar) -> date | None:
    """The day that these words mean to somebody who writes now."""
    here, said = today(now, calendar), found.groupdict()
    if said.get("days"):
        return today(in_working_days(int(said["days"]), now, calendar), calendar)
    if said.get("weeks"):
        return here + timedelta(weeks=int(said["weeks"]))
    if said.get("tomorrow"):
        return here + timedelta(days=1)
    if said.get("next_week"):
        return here + timedelta(days=7 - here.weekday())
    if said.get("weekday"):
        nth = _WEEKDAYS[said["weekday"].lower()]
        return here + timedelta(days=(nth - here.weekday() - 1) % 7 + 1)
    month = said["month"]
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    year = said.get("year")
    try:
        day = date(int(year or here.year), number, int(said["day"]))
        passed = year is None and day < here
        return day.replace(year=day.year + 1) if passed else day
    except ValueError:
        return None


_SIGNS = " :、,。;()→-/"
_ASKS = re.compile(r"\?$|(?:でしょう|です|ます|ません|よい|良い|いい|可能)か$")

_SNOOZE = re.compile(
    r"保留(?P<polite>に?(?:します|いたします|致します|させて(?:いただき|頂き)ます))?"
    r"|(?:please )?snooze(?P<it> it| this)?(?![a-z])",
    re.IGNORECASE,
)
_WAIT = re.compile(
    r"(?:(?P<customer>(?:お客(?:様|さま|さん)|顧客|客先)(?:から)?の?(?:ご?(?:返事|回答|返答|連絡"
    r"|確認))?待ち(?:です|にします)?|waiting for (?:the |our |your )?customer(?:'s answer)?)"
    r"|[ごお](?:返事|回答|返答)待ち(?:です|にします)?"
    r"|waiting for (?:you|your (?:answer|reply)))"
    r"(?:(?:\s*[:→、]|\s-|$)\s*(?P<words>.*))?",
    re.IGNORECASE,
)
_BY = re.compile(
    r"(?:(?:i |we )?promised?(?: it)? |(?:(?:it )?will be )?(?:done|solved|fixed) )?by ",
    re.IGNORECASE,
)
_WILL_BE = re.compile(
    r"までに(?:は)?(?:(?:解決|対応|完了|修正|約束|お約束)(?:し|いたし|致し)ます|直します)?"
)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = {
    name: nth
    for nth, names in enumerate(
        (
            ("mon", "monday", "月"),
            ("tue", "tuesday", "火"),
            ("wed", "wednesday", "水"),
            ("thu", "thursday", "木"),
            ("fri", "friday", "金"),
            ("sat", "saturday", "土"),
            ("sun", "sunday", "日"),
        )
    )
    for name in names
}
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAYS = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"(?P<year>20\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
        r"(?P<year>20\d\d)年(?P<month>\d{1,2})月(?P<day>\d{1,2})日",
        r"(?P<month>\d{1,2})月(?P<day>\d{1,2})日",
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])",
        rf"(?P<day>\d{{1,2}}) {_MONTH}(?:,? (?P<year>20\d\d))?(?![a-z])",
        rf"{_MONTH} (?P<day>\d{{1,2}})(?:,? (?P<year>20\d\d))?(?!\d)",
        (
            r"(?P<days>\d{1,2})(?: ?(?:営業)?日(?:間|後)?| ?d(?![a-z])"
            r"| (?:(?:working |business )?days?)(?![a-z]))"
        ),
        r"(?P<weeks>\d{1,2})(?: ?週間(?:後)?| ?w(?![a-z])| weeks?(?![a-z]))",
        r"(?P<tomorrow>明日|tomorrow)(?![a-z])",
        r"(?P<next_week>来週|next week)(?![a-z])",
        r"(?:今週の?|next )?(?P<weekday>[月火水木金土日])曜日?",
        (
            r"(?:next )?(?P<weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday"
            r"|mon|tue|wed|thu|fri|sat|sun)(?![a-z])"
        ),
    )
)
_UNTIL = re.compile(r"^(?:until|till|for) ", re.IGNORECASE)
_AFTER_DAY = re.compile(r"^(?:まで|間)?(?:に)?(?=[ :、,。;(→/-]|$)")
