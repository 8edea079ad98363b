"""How the form tells machines from people, and how much is too much."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.intake.web import guard as guards
from services.intake.web.guard import DECOY, STAMP, Guard, Layer, TooMany, windows
from tests.unit.build import at

NOW = at("2031-02-03 10:00")
LEAST = timedelta(seconds=3)
LATER = timedelta(seconds=4)
RATES = {
    Layer.CONNECTION: "3 per 10 minutes; 4 per day",
    Layer.ADDRESS: "2 per 10 minutes",
    Layer.ALL: "100 per minute",
}


def a_guard(keys: list[str] | None = None, proxies: list[str] | None = None) -> Guard:
    return Guard(keys or ["key"], RATES, LEAST, proxies or [])


def keys(connection: str = "192.0.2.1", address: str = "a@example.net") -> dict[Layer, str]:
    return {Layer.CONNECTION: connection, Layer.ADDRESS: address, Layer.ALL: ""}


def stamped(guard: Guard, at: datetime, **fields: str) -> dict[str, str]:
    return {STAMP: guard.stamp(at), **fields}


def test_whoever_takes_the_time_that_writing_takes_is_a_person() -> None:
    guard = a_guard()

    assert not guard.seems_a_machine(stamped(guard, NOW), NOW + LATER)
    assert not guard.seems_a_machine(stamped(guard, NOW), NOW + timedelta(hours=23))


@pytest.mark.parametrize(
    "later", [timedelta(), timedelta(seconds=2.9), timedelta(days=1, seconds=1)]
)
def test_who_is_too_quick_or_too_late_is_asked_once_and_then_believed(later: timedelta) -> None:
    guard = a_guard()
    now = NOW + later

    assert guard.seems_a_machine(stamped(guard, NOW), now)

    asked = {STAMP: guard.stamp(now, asked=True)}
    assert not guard.seems_a_machine(asked, now)


def test_a_stamp_of_somebody_else_or_none_is_no_stamp() -> None:
    guard = a_guard()

    for forged in ("", "x", f"{NOW.timestamp():.0f}000.asked", a_guard(["other"]).stamp(NOW)):
        assert guard.seems_a_machine({STAMP: forged}, NOW + LATER)


def test_a_stamp_of_an_older_key_is_good_still() -> None:
    before, after = a_guard(["old"]), a_guard(["old", "new"])

    assert not after.seems_a_machine(stamped(before, NOW), NOW + LATER)


def test_whoever_fills_in_what_people_do_not_see_is_asked_for_one_click_more() -> None:
    guard = a_guard()

    assert guard.seems_a_machine(stamped(guard, NOW, **{DECOY: "http://spam.example"}), NOW + LATER)


def test_a_form_that_is_shown_again_counts_from_its_first_showing() -> None:
    guard = a_guard()
    first = guard.stamp(NOW)
    again = guard.stamp(NOW + LATER, first)

    assert not guard.seems_a_machine({STAMP: again}, NOW + LATER)


def test_nobody_is_asked_where_no_time_is_set() -> None:
    guard = Guard(["key"], RATES, timedelta(), [])

    assert not guard.seems_a_machine({}, NOW)


def test_more_than_may_come_waits_until_there_is_room_again() -> None:
    guard = a_guard()

    taken = [
        guard.admit(f"form {nth}", keys(address=f"{nth}@example.net"), NOW + nth * LATER)
        for nth in range(4)
    ]

    assert taken == [None, None, None, TooMany(Layer.CONNECTION, NOW + timedelta(minutes=10))]
    later = NOW + timedelta(minutes=10)
    assert guard.admit("form 3", keys(address="3@example.net"), later) is None
    day = guard.admit("form 4", keys(address="4@example.net"), later + timedelta(minutes=10))
    assert day == TooMany(Layer.CONNECTION, NOW + timedelta(days=1))


def test_what_is_refused_is_not_counted() -> None:
    guard = a_guard()
    for nth in range(2):
        assert guard.admit(f"form {nth}", keys(), NOW) is None
    for nth in range(2, 20):
        refused = guard.admit(f"form {nth}", keys(), NOW)
        assert refused is not None
        assert refused.layer is Layer.ADDRESS

    assert guard.admit("another", keys(address="b@example.net"), NOW) is None


def test_the_same_thing_again_is_counted_once_and_a_failure_given_back() -> None:
    guard = a_guard()
    for _ in range(10):
        assert guard.admit("the same", keys(), NOW) is None
    assert guard.admit("another", keys(), NOW) is None
    assert guard.admit("a third", keys(), NOW) is not None

    guard.give_back("another", keys())

    assert guard.admit("a third", keys(), NOW) is None


def test_other_connections_and_addresses_have_their_own_room() -> None:
    guard = a_guard()
    for nth in range(3):
        guard.admit(f"form {nth}", keys(address=f"{nth}@example.net"), NOW)

    assert guard.admit("other", keys("192.0.2.2", "other@example.net"), NOW) is None


def test_how_long_to_wait_is_told_in_whole_seconds() -> None:
    assert TooMany(Layer.ALL, NOW + timedelta(seconds=90.2)).wait_s(NOW) == "90"
    assert TooMany(Layer.ALL, NOW).wait_s(NOW) == "1"


def test_memory_stays_bounded_whoever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "MOST_KEYS", 100)
    (window,) = windows("1 per day")

    for nth in range(1000):
        window.count(str(nth), "thing", NOW)

    assert window.free_at("0", "other", NOW) is None
    assert window.free_at("999", "other", NOW) is not None


@pytest.mark.parametrize("said", ["", "often", "3 per fortnight"])
def test_a_rate_that_means_nothing_is_refused_at_the_start(said: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        windows(said)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "who"),
    [
        ("192.0.2.9", "", "192.0.2.9"),
        ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.7, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, nonsense, 10.1.2.3", "10.1.2.3"),
        ("", "", ""),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    ],
)
def test_only_our_own_proxies_are_believed_about_who_is_behind_them(
    peer: str, forwarded_for: str, who: str
) -> None:
    guard = a_guard(proxies=["127.0.0.0/8", "10.0.0.0/8"])

    assert guard.connection(peer, forwarded_for) == who
