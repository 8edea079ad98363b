"""Rules that can never fire, told for certain and with an example of whatever can."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.router import rules
from services.router.organisation import reach
from services.router.organisation.reach import ANYTHING, AnyOf, Looks, Minutes, Never, OneOf
from services.router.rules import Condition
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Source, Urgency
from shared.contracts.organisation import Mail, Organisation, Rule
from tests.unit import build

ADDRESSES = ("issues@example.com", "ship@example.com")
CLOSED = tuple(date(2026, 6, day) for day in range(8, 15))
"""A whole week, so that any minute of the week may lie outside working time."""


def company(*whens: Mapping[str, Any], **said: Any) -> Organisation:
    all_rules = [
        Rule.model_validate({"name": f"rule {n}", "when": when, "team": "product"})
        for n, when in enumerate(whens)
    ]
    mail = Mail(issues=ADDRESSES, sender="banso@example.com")
    calendars = (build.calendar(holidays=None, closed=CLOSED),)
    usual: dict[str, Any] = {"mail": mail, "calendars": calendars, "rules": tuple(all_rules)}
    return build.organisation(**(usual | said))


def never(*whens: Mapping[str, Any], **said: Any) -> list[Never]:
    return list(reach.never(company(*whens, **said)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"words": "stock"}),
        ({"words": "stock"}, {"words": ["out of stock", "STOCKS"]}),
        ({"words": ["ストック"]}, {"words": "ｽﾄｯｸ", "source": "web"}),
        ({"customer": "umi*"}, {"customer": ["Umi Foods", "UMI*Ltd"]}),
        ({"customer": "*"}, {"customer": "＊"}),
        ({"customer": "*a*"}, {"customer": "*ba*c*"}),
        ({"product": ["meter", "mini"]}, {"product": "mini"}),
        ({"category": ["none", "late"]}, {"category": "none"}),
        ({"source": ["web", "email"]}, {"source": "web"}),
        ({"source": ["web", "email", "api"]}, {}),
        ({"urgency": ["low", "normal", "high"], "language": ["ja", "en"]}, {}),
        ({"source": "email"}, {"to": ADDRESSES[0]}),
        ({"to": list(ADDRESSES)}, {"to": ADDRESSES[1]}),
        ({"fields": {"since": ["a", "b"]}}, {"fields": {"since": "b", "more": "c"}}),
        ({"during": {"mon-fri": "08:00-20:00"}}, {"during": {"tue": "10:00-11:00"}}),
        ({"at_work": False}, {"during": {"sat": "09:00-12:00"}}),
        ({"at_work": True}, {"during": {"mon": "09:00-10:00"}, "at_work": True}),
    ],
)
def test_a_rule_after_one_that_always_fires_first_never_fires(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert never(first, second) == [Never(1, because=0)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"words": "out of stock"}, {"words": "stock"}),
        ({"words": "stock", "source": "web"}, {"words": "stock"}),
        ({"customer": "umi foods"}, {"customer": "umi*"}),
        ({"customer": "*"}, {}),
        ({"customer": "a*b"}, {"customer": "a*"}),
        ({"product": ["meter", "mini", "none"]}, {}),
        ({"source": ["web", "email"]}, {}),
        ({"to": list(ADDRESSES)}, {"source": "email"}),
        ({"fields": {"since": "a"}}, {"fields": {"more": "a"}}),
        ({"at_work": True}, {"during": {"mon": "09:00-10:00"}}),
        ({"during": {"mon-sun": "00:00-24:00"}, "at_work": True}, {}),
        ({"language": "ja"}, {"language": "en"}),
    ],
)
def test_a_rule_that_leaves_something_lets_the_next_one_fire(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert never(first, second) == []


def test_several_rules_together_may_leave_nothing() -> None:
    by_source = [{"source": source} for source in ("web", "email", "api")]

    assert never(*by_source, {"words": "stock"}) == [Never(3)]
    assert never(*by_source[:2], {"words": "stock"}) == []


def test_times_and_words_of_several_rules_are_taken_together() -> None:
    before = [
        {"during": {"mon-thu": "00:00-24:00"}},
        {"during": {"fri-sun": "00:00-12:00"}},
        {"during": {"fri-sun": "12:00-24:00"}, "words": "a lamp"},
    ]

    assert never(*before, {"words": "the lamp"}) == []
    assert never(*before, {"words": "a lamp is red"}) == [Never(3)]


@pytest.mark.parametrize(
    ("when", "contradiction"),
    [
        ({"during": {"sat": "09:00-12:00"}, "at_work": True}, Condition.DURING),
        ({"during": {"mon": []}}, Condition.DURING),
        ({"to": ADDRESSES[0], "source": ["web", "api"]}, Condition.SOURCE),
        ({"customer": " "}, Condition.CUSTOMER),
    ],
)
def test_a_rule_may_contradict_itself(when: dict[str, Any], contradiction: Condition) -> None:
    assert never(when, {}) == [Never(0, contradiction=(contradiction,))]


@pytest.mark.parametrize(
    ("holidays", "closed", "expected"),
    [
        (None, (), [Condition.DURING]),
        ("JP", (), []),
        (None, (date(2026, 6, 1),), []),
        (None, (date(2026, 6, 2),), [Condition.DURING]),
    ],
)
def test_working_hours_lie_outside_work_on_free_days_only(
    holidays: str | None, closed: tuple[date, ...], expected: list[Condition]
) -> None:
    calendar = build.calendar(holidays=holidays, closed=closed)
    when = {"during": {"mon": "09:00-12:00"}, "at_work": False}

    found = never(when, calendars=(calendar,))

    assert [one.contradiction for one in found] == [(one,) for one in expected]


def test_rules_that_are_too_hard_are_not_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    by_source = [{"source": source} for source in ("web", "email", "api")]
    monkeypatch.setattr(reach, "MOST_LOOKS", 2)

    assert never(*by_source, {}) == []


def test_after_rules_that_were_too_hard_nothing_more_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reach, "MOST_LOOKS", 1)
    many = [{"words": f"word {n}"} for n in range(20)]

    assert never({}, *many)[0] == Never(1, because=0)
    assert len(never({}, *many)) == 20


WORDS = st.sampled_from(["stock", "out of stock", "lamp", "ランプ", "ﾗﾝﾌﾟ", "re"])
CUSTOMERS = st.sampled_from(["umi*", "Umi Foods", "*foods", "*", "yama", "u*i*s"])
HOURS = st.sampled_from(
    [
        {"mon-fri": "09:00-18:00"},
        {"mon-sun": "00:00-24:00"},
        {"sat": "09:00-12:00"},
        {"mon": "09:00-10:00 12:00-13:00"},
    ]
)


def several(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=len(values), unique=True)


WHENS = st.fixed_dictionaries(
    {},
    optional={
        "product": several("meter", "mini", "none"),
        "category": several("late", "none"),
        "source": several("web", "email", "api"),
        "urgency": several("low", "normal", "high"),
        "language": several("ja", "en"),
        "to": several(*ADDRESSES),
        "words": st.lists(WORDS, min_size=1, max_size=2),
        "customer": st.lists(CUSTOMERS, min_size=1, max_size=2),
        "fields": st.fixed_dictionaries({}, optional={"since": several("a", "b")}),
        "during": HOURS,
        "at_work": st.booleans(),
    },
)

INSTANTS = st.datetimes(
    datetime.fromisoformat("2026-06-01"),
    datetime.fromisoformat("2026-06-15"),
    timezones=st.just(ZoneInfo("Asia/Tokyo")),
)


@st.composite
def issues(draw: st.DrawFn) -> IssueRaised:
    source = draw(st.sampled_from(Source))
    addresses = draw(several(*ADDRESSES)) if source is Source.EMAIL else []
    return build.raised(
        source=source,
        addressed_to=tuple(addresses),
        summary=draw(WORDS) + draw(st.sampled_from(["", "s", " is red"])),
        description=draw(WORDS),
        customer=draw(st.none() | CUSTOMERS),
        product=draw(st.sampled_from([None, "meter", "mini", "the blue one"])),
        category=draw(st.sampled_from([None, "late", "sad"])),
        urgency=draw(st.none() | st.sampled_from(Urgency)),
        language=draw(st.sampled_from(["ja", "en"])),
        fields=draw(st.fixed_dictionaries({}, optional={"since": st.sampled_from(["a", "b"])})),
        occurred_at=draw(INSTANTS),
    )


@given(whens=st.lists(WHENS, min_size=1, max_size=6), raised=issues())
def test_a_rule_of_which_it_is_told_never_fires(
    whens: list[dict[str, Any]], raised: IssueRaised
) -> None:
    organisation = company(*whens)

    told = {f"rule {one.number}" for one in reach.never(organisation)}

    assert rules.route(raised, organisation).rule not in told


@given(whens=st.lists(WHENS, min_size=1, max_size=6))
def test_a_rule_of_which_nothing_is_told_fires_for_an_example(whens: list[dict[str, Any]]) -> None:
    organisation = company(*whens)
    possible = reach.possible_minutes(organisation.calendar_named(None))
    told = {one.number for one in reach.never(organisation)}
    number = len(whens) - 1
    assume(number not in told)
    asked = [reach.asked_by(rule.when, possible) for rule in organisation.rules]

    left = reach.left_for(asked[number], asked[:number], reach.everything(possible), Looks(100_000))

    assert left is not None
    assert rules.route(example(left, possible), organisation).rule == f"rule {number}"


@given(whens=st.lists(WHENS, min_size=2, max_size=6))
def test_the_one_rule_that_is_named_fires_whenever_the_other_would(
    whens: list[dict[str, Any]],
) -> None:
    for one in reach.never(company(*whens)):
        if one.because is not None:
            assert never(whens[one.because], whens[one.number]) == [Never(1, because=0)]


def example(left: reach.Asked, possible: int) -> IssueRaised:
    """An issue that lies in what is left."""
    said: dict[str, Any] = {"summary": ANYTHING, "description": "", "fields": {}, "source": None}
    minute, at_work = example_minute(Minutes(possible))
    for (condition, field), values in left.items():
        match condition:
            case Condition.DURING:
                assert isinstance(values, Minutes)
                minute, at_work = example_minute(values)
            case Condition.WORDS:
                assert isinstance(values, AnyOf)
                said["summary"] = values.wanted[0] if values.wanted else ANYTHING
            case Condition.CUSTOMER:
                assert isinstance(values, AnyOf)
                pattern = values.wanted[0] if values.wanted else None
                said["customer"] = pattern and pattern.replace("*", ANYTHING)
            case Condition.TO:
                assert isinstance(values, AnyOf)
                said["addressed_to"] = values.wanted[:1] if values.wanted else ()
            case Condition.FIELDS:
                said["fields"] |= {field: one} if (one := value_of(values)) else {}
            case _:
                said[condition.value] = value_of(values)
    said["source"] = said["source"] or Source.API
    said["language"] = said.get("language") or "ja"
    week = "2026-06-01 00:00" if at_work else "2026-06-08 00:00"
    said["occurred_at"] = build.at(week) + timedelta(minutes=minute)
    return build.raised(**said)


def example_minute(minutes: Minutes) -> tuple[int, bool]:
    first = (minutes.bits & -minutes.bits).bit_length() - 1
    return first % reach.WEEK, first < reach.WEEK


def value_of(values: reach.Values) -> str | None:
    """A value that is allowed; None where nothing needs to be said."""
    assert isinstance(values, OneOf)
    if values.only is not None:
        (found, *_) = sorted(values.only - values.never)
        return None if found == "none" else found
    return ANYTHING if "none" in values.never else None
