"""Which rules can never fire: what they ask for contradicts itself, or rules before them take it.

What a rule asks for is a region among all issues that may ever come: in each of several
independent aspects it allows some values. A rule never fires where nothing is left of its region
once the regions of all rules before it are taken away. To find what is left the search tries, for
every rule before it, each aspect by which an issue may escape that rule, until one issue escapes
all of them or no way is left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, assert_never

from services.router import rules
from services.router.rules import Condition
from shared.contracts.issue import Source, Urgency
from shared.contracts.organisation import LANGUAGES, Calendar, Organisation, WeekHours, When

MOST_LOOKS: Final = 20_000
"""After so many comparisons for one rule, and forty times as many for all, nothing more is said:
some seconds for a thousand rules that were made to be hard."""

ANYTHING: Final = "\ue000"
"""Stands in an example for whatever no rule names."""

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60
WEEK: Final = 7 * _DAY
"""Minutes of a week."""
RAISED_BY: Final = frozenset(Source) - {Source.CHAT}
"""The ways in by which issues come; a chat only takes answers."""


@dataclass(frozen=True, slots=True)
class Never:
    """A rule that never fires."""

    number: int
    """Of the rule, counted from 0."""
    because: int | None = None
    """The one rule before it that fires whenever it would; None where it takes several."""
    contradiction: tuple[Condition, ...] = ()
    """What it asks for and no issue can have; empty where rules before it take everything."""


def never(organisation: Organisation) -> Iterator[Never]:
    """The rules that never fire, in the order of the file.

    Whatever is told here is certain; what would take too long is left out.
    """
    looks = Looks(40 * MOST_LOOKS)
    possible = possible_minutes(organisation.calendar_named(None))
    anything = everything(possible)
    before: list[tuple[int, Asked]] = []
    for number, rule in enumerate(organisation.rules):
        asked = asked_by(rule.when, possible)
        empty = tuple(condition for (condition, _), one in asked.items() if one.is_empty())
        because = (nth for nth, other in before if _lies_within(asked, other, anything))
        if empty:
            yield Never(number, contradiction=empty)
        elif (one := next(because, None)) is not None:
            yield Never(number, one)
        elif not _may_fire(asked, [other for _, other in before], anything, looks):
            yield Never(number)
        else:
            before.append((number, asked))


class TooMany(Exception):
    """The search takes too long."""


class Looks:
    """How many comparisons are left."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooMany


def _may_fire(asked: Asked, before: Sequence[Asked], anything: Anything, looks: Looks) -> bool:
    """Whether an issue may be left for a rule, or nothing certain can be told.

    Rules that ask for little are escaped in few ways, so they come first.
    """
    mine = Looks(min(looks.left, MOST_LOOKS))
    had = mine.left
    try:
        return left_for(asked, sorted(before, key=len), anything, mine) is not None
    except TooMany:
        return True
    finally:
        looks.left -= had - max(mine.left, 0)


class Values(Protocol):
    """The values that are allowed in one aspect; `other` is of the same aspect."""

    def is_empty(self) -> bool: ...

    def without(self, other: Any) -> Values: ...

    def meets(self, other: Any) -> bool: ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """An issue has one value, such as its product."""

    only: frozenset[str] | None = None
    """None: any value but those in `never`."""
    never: frozenset[str] = frozenset()

    def is_empty(self) -> bool:
        return self.only is not None and self.only <= self.never

    def without(self, other: OneOf) -> OneOf:
        return replace(self, never=self.never | (other.only or frozenset()))

    def meets(self, other: OneOf) -> bool:
        taken = (other.only or frozenset()) - self.never
        return bool(taken if self.only is None else taken & self.only)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """An issue may have many values, such as words: any of those that are wanted, and none of
    those that are avoided."""

    has: Callable[[str, str], bool] = field(repr=False)
    """Whether an issue that has the first, and nothing else, has the second as well."""
    wanted: tuple[str, ...] | None = None
    """Of which each by itself has nothing of what is avoided. None: it need not have any."""
    avoided: frozenset[str] = frozenset()

    def is_empty(self) -> bool:
        return self.wanted == ()

    def without(self, other: AnyOf) -> AnyOf:
        taken = other.wanted or ()
        left = self.wanted and tuple(
            wanted for wanted in self.wanted if not any(self.has(wanted, one) for one in taken)
        )
        return AnyOf(self.has, left, self.avoided.union(taken))

    def meets(self, other: AnyOf) -> bool:
        return not self.avoided.issuperset(other.wanted or ())


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of a week as bits: first those in working time, then those outside."""

    bits: int

    def is_empty(self) -> bool:
        return not self.bits

    def without(self, other: Minutes) -> Minutes:
        return Minutes(self.bits & ~other.bits)

    def meets(self, other: Minutes) -> bool:
        return bool(self.bits & other.bits)


Aspect = tuple[Condition, str]
"""A condition, and the field's id where there are several of a kind."""

Asked = Mapping[Aspect, Values]
"""What is asked for; in every other aspect any value will do."""

Anything = Mapping[Condition, Values]
"""All values that there may be."""


def left_for(
    asked: Asked, before: Sequence[Asked], anything: Anything, looks: Looks
) -> Asked | None:
    """What is left of a rule's region after all rules before it, or a part of that.

    None where nothing is left. Raises TooMany where that takes more than `looks`.
    """
    waiting: list[tuple[Asked, int]] = [(asked, 0)]
    while waiting:
        region, reached = waiting.pop()
        while reached < len(before):
            looks.take()
            if _meet(region, before[reached], anything):
                break
            reached += 1
        else:
            return region
        waiting += [
            ({**region, aspect: rest}, reached + 1)
            for aspect, taken in before[reached].items()
            if not (rest := _in(region, aspect, anything).without(taken)).is_empty()
        ]
    return None


def asked_by(when: When, possible: int) -> Asked:
    """What a rule asks for. Only mails have an address that they came to."""
    asked: dict[Aspect, Values] = {}
    source = set(when.source or RAISED_BY) & {Source.EMAIL} if when.to else set(when.source)
    several: dict[Condition, Collection[str]] = {
        Condition.PRODUCT: set(when.product),
        Condition.CATEGORY: set(when.category),
        Condition.SOURCE: source,
        Condition.URGENCY: set(when.urgency),
        Condition.LANGUAGE: set(when.language),
    }
    for condition, values in several.items():
        if values or (condition is Condition.SOURCE and when.to):
            asked[condition, ""] = OneOf(frozenset(values))
    for field_id, answers in when.fields.items():
        asked[Condition.FIELDS, field_id] = OneOf(frozenset(answers))
    if when.during or when.at_work is not None:
        asked[Condition.DURING, ""] = Minutes(_minutes_asked(when) & possible)
    if when.to:
        asked[Condition.TO, ""] = AnyOf(str.__eq__, when.to)
    if when.customer:
        patterns = tuple(filter(None, map(rules.plain_name, when.customer)))
        asked[Condition.CUSTOMER, ""] = AnyOf(_is_always_like, patterns)
    if when.words:
        asked[Condition.WORDS, ""] = AnyOf(str.__contains__, tuple(map(rules.plain, when.words)))
    return asked


def possible_minutes(calendar: Calendar) -> int:
    """The minutes of the week that can be in working time, and those that can be outside it."""
    work = _bits(calendar.hours)
    every_day = bool(calendar.holidays)
    free = {day.weekday() for day in calendar.closed}
    whole: WeekHours = {
        day: [(0, _DAY)] for nth, day in enumerate(_WEEKDAYS) if every_day or nth in free
    }
    outside = (_EVERY_MINUTE & ~work) | _bits(whole)
    return work | outside << WEEK


_EVERY_MINUTE: Final = (1 << WEEK) - 1


def _minutes_asked(when: When) -> int:
    during = _bits(when.during) if when.during else _EVERY_MINUTE
    at_work, outside = when.at_work is not False, when.at_work is not True
    return during * at_work | (during * outside) << WEEK


def _bits(hours: WeekHours) -> int:
    bits = 0
    for nth, day in enumerate(_WEEKDAYS):
        for start, end in hours.get(day, ()):
            bits |= ((1 << (end - start)) - 1) << (nth * _DAY + start)
    return bits


def _is_always_like(pattern: str, other: str) -> bool:
    """Whether every name that is as the one pattern says is as the other says, too: that is so
    where it holds for a name with something unheard-of in place of each `*`."""
    return rules.is_like(pattern.replace("*", ANYTHING), other)


def everything(possible: int) -> Anything:
    """Of each condition all values that there may be."""
    return {condition: _all_values(condition, possible) for condition in Condition}


def _all_values(condition: Condition, possible: int) -> Values:
    match condition:
        case Condition.SOURCE:
            return OneOf(RAISED_BY)
        case Condition.URGENCY:
            return OneOf(frozenset(Urgency))
        case Condition.LANGUAGE:
            return OneOf(frozenset(LANGUAGES))
        case Condition.PRODUCT | Condition.CATEGORY | Condition.FIELDS:
            return OneOf()
        case Condition.DURING | Condition.AT_WORK:
            return Minutes(possible)
        case Condition.TO:
            return AnyOf(str.__eq__)
        case Condition.CUSTOMER:
            return AnyOf(_is_always_like)
        case Condition.WORDS:
            return AnyOf(str.__contains__)
        case _:
            assert_never(condition)


def _in(region: Asked, aspect: Aspect, anything: Anything) -> Values:
    return region.get(aspect) or anything[aspect[0]]


def _meet(region: Asked, other: Asked, anything: Anything) -> bool:
    """Whether an issue may lie in both, as far as that is quickly told."""
    return all(_in(region, aspect, anything).meets(values) for aspect, values in other.items())


def _lies_within(asked: Asked, other: Asked, anything: Anything) -> bool:
    """Whether whatever is asked for is asked for by the other, too."""
    return all(
        _in(asked, aspect, anything).without(values).is_empty() for aspect, values in other.items()
    )
