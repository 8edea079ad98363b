"""How many mails go to a domain within a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.pace import FORGOTTEN_AFTER_S, Limit, Pace, read_limits


def test_limits_are_read_as_people_write_them() -> None:
    assert read_limits("gmail.com=20/min, *=600/h Docomo.ne.jp=1/s") == {
        "gmail.com": Limit(20, 60),
        "*": Limit(600, 3600),
        "docomo.ne.jp": Limit(1, 1),
    }
    assert read_limits("") == {}


@pytest.mark.parametrize("text", ["gmail.com", "gmail.com=0/min", "gmail.com=5/day", "a b=1/s"])
def test_what_is_no_limit_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not like"):
        read_limits(text)


def test_what_is_over_waits_its_turn_and_keeps_its_place() -> None:
    pace = Pace(read_limits("a.example=2/min"))

    assert [pace.turn("A.example", str(mail), 100) for mail in range(4)] == [0, 0, 60, 60]
    assert pace.turn("a.example", "2", 130) == 30
    assert pace.turn("a.example", "late", 159) == 61
    assert [pace.turn("a.example", mail, 160) for mail in ("3", "2")] == [0, 0]
    assert pace.turn("a.example", "later", 160) == 60


def test_other_domains_do_not_wait() -> None:
    pace = Pace(read_limits("a.example=1/min"))

    waits = [pace.turn(domain, domain, 0) for domain in ("a.example", "b.example", "b.example")]

    assert waits == [0, 0, 0]
    assert pace.turn("a.example", "second", 0) == 60
    assert pace.turn("b.example", "third", 0) == 0


def test_a_limit_for_all_holds_beside_those_of_domains() -> None:
    pace = Pace(read_limits("a.example=1/s *=2/min"))

    assert pace.turn("a.example", "1", 0) == 0
    assert pace.turn("b.example", "2", 0) == 0
    assert pace.turn("c.example", "3", 0) == 60


def test_a_turn_that_nobody_takes_is_forgotten() -> None:
    pace = Pace(read_limits("a.example=1/s"))
    pace.turn("a.example", "1", 0)
    pace.turn("a.example", "gone", 0)

    pace.turn("a.example", "2", 1 + FORGOTTEN_AFTER_S + 1)

    assert "gone" not in pace._waiting


@given(st.lists(st.floats(0, 300), min_size=1, max_size=60))
def test_never_do_more_go_within_the_span_than_the_limit_says(asked: list[float]) -> None:
    pace = Pace({"a.example": Limit(3, 60)})
    gone = []
    for mail, at in enumerate(sorted(asked)):
        gone.append(at + pace.turn("a.example", str(mail), at))

    for start in gone:
        assert sum(start <= one < start + 60 - 1e-6 for one in gone) <= 3
