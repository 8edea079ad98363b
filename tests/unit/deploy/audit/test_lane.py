"""A journal beside its streams: what stands in one and not in the other is left over."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from deploy.audit.lane import Lane
from tests.unit.build import MONDAY

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def lane() -> Lane:
    return Lane({"ROUTER": "epoch"})


def test_what_both_have_is_not_left_over_whoever_is_read_first() -> None:
    one = lane()

    one.recorded([("a", MONDAY), ("b", MONDAY)])
    one.kept("ROUTER", [("a", 1), ("c", 2), ("b", 3)])
    one.recorded([("c", MONDAY)])

    assert (one.missing, one.strange) == ({}, {})
    assert (one.sequences, one.event_id) == ({"ROUTER": 3}, "c")


def test_what_only_the_journal_has_is_late_after_a_while() -> None:
    one = lane()

    one.recorded([("a", MONDAY)])

    assert one.late(MONDAY + MINUTE, MINUTE) == []
    assert one.late(MONDAY + MINUTE + SECOND, MINUTE) == ["a"]


def test_what_need_not_be_on_a_stream_is_forgiven() -> None:
    one = lane()
    one.recorded([("a", MONDAY)])

    one.forgive(["a", "b"])

    assert one.missing == {}


def test_what_only_the_stream_has_is_unknown() -> None:
    one = lane()

    one.kept("ROUTER", [("a", 1)])
    one.explain({})

    assert one.unknown({}) == ["a"]


def test_the_same_message_twice_on_the_stream_is_no_stranger() -> None:
    one = lane()
    one.recorded([("a", MONDAY), ("b", MONDAY + SECOND)])
    one.kept("ROUTER", [("a", 1), ("b", 2), ("a", 3)])

    one.explain({"a": MONDAY})

    assert one.strange == {}


def test_a_message_whose_row_is_still_to_be_read_waits_for_it() -> None:
    one = lane()
    one.recorded([("a", MONDAY)])
    one.kept("ROUTER", [("a", 1), ("b", 2)])

    found = {"b": MONDAY + SECOND}
    one.explain(found)
    assert one.unknown(found) == []
    one.recorded([("b", MONDAY + SECOND)])

    assert (one.missing, one.strange) == ({}, {})


def test_a_proof_goes_on_where_it_was_put_down() -> None:
    one = lane()
    one.recorded([("a", MONDAY), ("b", MONDAY)])
    one.kept("DEAD", [("c", 5)])

    again = Lane.from_document(json.loads(json.dumps(one.to_document())))

    assert again == one


@given(st.integers(), st.integers(0, 40))
def test_in_whatever_order_both_are_read_just_the_difference_is_left(seed: int, count: int) -> None:
    """Rows in order of time, messages in any order, some lost, some said twice, some unknown."""
    chance = Random(seed)
    every = [f"e{nth}" for nth in range(count)]
    lost = {one for one in every if chance.random() < 0.2}
    twice = [one for one in every if one not in lost and chance.random() < 0.2]
    said = [*(one for one in every if one not in lost), *twice, "x1", "x2"]
    chance.shuffle(said)
    rows = [(one, MONDAY + nth * SECOND) for nth, one in enumerate(every)]
    messages = [(one, nth) for nth, one in enumerate(said, 1)]
    found = dict(rows)
    one = lane()

    while rows or messages:
        part = chance.randint(1, 10)
        if chance.random() < 0.5:
            one.recorded(rows[:part])
            del rows[:part]
        else:
            one.kept("ROUTER", messages[:part])
            del messages[:part]
    one.explain(found)

    assert set(one.late(MONDAY + timedelta(days=1), MINUTE)) == lost
    assert set(one.unknown(found)) == {"x1", "x2"}
