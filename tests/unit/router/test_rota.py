"""Whose turn it is, and who has it when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router import rota
from services.router.rota import Holder, Turn, TurnsUnusable
from shared.contracts.organisation import Organisation, Rota, Schedule
from tests.unit import build
from tests.unit.build import MONDAY, at

NAME = {"ja": "当番", "en": "On call"}


def on_call(every: str = "FREQ=WEEKLY", **said: Any) -> Rota:
    usual = {
        "id": "on-call",
        "name": NAME,
        "people": ["mio", "ren", "sho"],
        "starts": "2026-06-01 09:00",
        "every": every,
    }
    return Rota.model_validate(usual | said)


def roster(*shifts: dict[str, Any], **said: Any) -> Schedule:
    return Schedule.model_validate({"id": "desk", "name": NAME, "shifts": shifts, **said})


def company(*rotas: Rota, schedules: Sequence[Schedule] = (), **said: Any) -> Organisation:
    return build.organisation(rotas=rotas, schedules=tuple(schedules), **said)


def wall(day: str) -> datetime:
    """Midnight on a clock on the wall."""
    return datetime.fromisoformat(day)


def who(turns: Rota, wall: str, organisation: Organisation | None = None) -> str:
    return rota.turn(turns, organisation or company(turns), at(wall)).person_id


def test_turns_change_when_the_rrule_says_so() -> None:
    turns = on_call("FREQ=WEEKLY;BYDAY=MO")

    assert [who(turns, f"2026-06-{day:02} 10:00") for day in (1, 7, 8, 15, 22)] == [
        "mio",
        "mio",
        "ren",
        "sho",
        "mio",
    ]


def test_a_turn_includes_its_first_instant_and_not_its_last() -> None:
    turns = on_call()

    assert (who(turns, "2026-06-08 08:59"), who(turns, "2026-06-08 09:00")) == ("mio", "ren")


def test_before_the_rota_starts_it_is_the_first_ones_turn() -> None:
    turns = on_call()

    found = rota.turn(turns, company(turns), at("2025-01-01 00:00"))

    assert found == Turn("mio", MONDAY.astimezone(UTC), at("2026-06-08 09:00").astimezone(UTC))


def test_a_first_turn_may_be_short() -> None:
    turns = on_call("FREQ=WEEKLY;BYDAY=WE")

    found = rota.turn(turns, company(turns), MONDAY)

    assert (found.person_id, found.ends_at) == ("mio", at("2026-06-03 09:00"))


def test_the_next_turns_follow_each_other() -> None:
    turns = on_call("FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0")

    found = rota.next_turns(turns, company(turns), at("2026-06-01 19:00"), 4)

    assert [one.person_id for one in found] == ["mio", "ren", "sho", "mio"]
    assert [one.starts_at for one in found[1:]] == [one.ends_at for one in found[:-1]]
    assert found[0].starts_at <= at("2026-06-01 19:00") < found[0].ends_at


def test_a_change_at_nine_stays_at_nine_when_the_clocks_change() -> None:
    turns = on_call(starts="2026-03-23 09:00", calendar="berlin")
    berlin = build.calendar(zone="Europe/Berlin").model_copy(update={"id": "berlin"})
    organisation = company(turns, calendars=(build.calendar(), berlin))

    found = rota.next_turns(turns, organisation, at("2026-03-23 10:00", "Europe/Berlin"), 33)

    zone = ZoneInfo("Europe/Berlin")
    assert {f"{one.starts_at.astimezone(zone):%a %H:%M}" for one in found} == {"Mon 09:00"}
    assert {one.ends_at - one.starts_at for one in found} == {
        timedelta(days=7),
        timedelta(days=7, hours=-1),
        timedelta(days=7, hours=1),
    }


def test_a_change_in_the_hour_that_the_clocks_skip_is_not_before_the_one_after_it() -> None:
    turns = on_call(
        "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30", starts="2026-03-28 00:00", calendar="berlin"
    )
    berlin = build.calendar(zone="Europe/Berlin").model_copy(update={"id": "berlin"})
    organisation = company(turns, calendars=(build.calendar(), berlin))

    found = rota.next_turns(turns, organisation, at("2026-03-28 12:00", "Europe/Berlin"), 6)

    starts = [one.starts_at for one in found]
    assert starts == sorted(starts)


def test_an_instant_with_its_own_zone_is_that_instant() -> None:
    turns = on_call(starts="2026-06-01T00:00:00Z")

    assert who(turns, "2026-06-08 08:59") == "mio"
    assert who(turns, "2026-06-08 09:00") == "ren"


def test_the_same_rota_in_another_organisation_may_lie_in_another_zone() -> None:
    turns = on_call()
    elsewhere = company(turns, calendars=(build.calendar(zone="UTC"),))

    assert who(turns, "2026-06-08 10:00") == "ren"
    assert who(turns, "2026-06-08 10:00", elsewhere) == "mio"


def test_many_rotas_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rota, "_kept", {})
    monkeypatch.setattr(rota, "_MOST_KEPT", 2)

    for _ in range(6):
        assert who(on_call(), "2026-06-08 10:00") == "ren"

    assert len(rota._kept) <= 2


def test_the_turns_of_several_rotas_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rota, "_kept", {})
    weekly, daily = on_call(), on_call("FREQ=DAILY")

    assert (who(weekly, "2026-06-02 10:00"), who(daily, "2026-06-02 10:00")) == ("mio", "ren")

    assert rota._kept.keys() == {id(weekly), id(daily)}


def test_a_rota_is_never_taken_for_the_one_that_stood_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rota, "_kept", {})
    gone, daily = on_call(), on_call("FREQ=DAILY")
    who(gone, "2026-06-02 10:00")
    rota._kept[id(daily)] = rota._kept.pop(id(gone))

    assert who(daily, "2026-06-02 10:00") == "ren"


def test_after_the_first_time_it_takes_microseconds() -> None:
    turns = on_call("FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0", starts="2001-01-01 08:00")
    organisation = company(turns)
    rota.turn(turns, organisation, MONDAY)

    begun = perf_counter()
    for _ in range(100):
        rota.turn(turns, organisation, MONDAY)

    assert (perf_counter() - begun) / 100 < 0.001


@given(
    every=st.sampled_from(
        [
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=3",
            "FREQ=DAILY;BYHOUR=0,23",
            "freq=weekly;byday=mo,fr;wkst=su",
            "RRULE:FREQ=WEEKLY;INTERVAL=2",
            "FREQ=MONTHLY;BYDAY=1MO",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        ]
    ),
    starts=st.datetimes(wall("2000-01-01"), wall("2060-01-01")),
    later=st.timedeltas(timedelta(days=-400), timedelta(days=800)),
)
def test_everybody_has_their_turn_in_order_whatever_the_rule(
    every: str, starts: datetime, later: timedelta
) -> None:
    turns = on_call(every, starts=starts)
    organisation = company(turns)
    rota.check(turns)
    instant = (starts + later).replace(tzinfo=ZoneInfo("Asia/Tokyo"))

    found = rota.next_turns(turns, organisation, instant, 4)

    order = turns.people
    nth = order.index(found[0].person_id)
    assert [one.person_id for one in found] == [order[(nth + n) % 3] for n in range(4)]
    assert all(one.starts_at < one.ends_at for one in found)
    assert found[0].ends_at > instant
    assert found[0] == rota.turn(turns, organisation, instant)
    assert rota.turn(turns, organisation, found[0].ends_at) == found[1]


@pytest.mark.parametrize(
    ("every", "problem"),
    [
        ("", "`` is no part of an RRULE here"),
        ("every week", "`EVERY WEEK` is no part"),
        ("INTERVAL=2", "an RRULE needs FREQ"),
        ("FREQ=WEEKLY;", "`` is no part"),
        ("FREQ=WEEKLY;FREQ=DAILY", "`FREQ=DAILY` is no part"),
        ("FREQ=WEEKLY,DAILY", "FREQ has one value"),
        ("FREQ=HOURLY", "turns can't change HOURLY"),
        ("FREQ=SECONDLY", "turns can't change SECONDLY"),
        ("FREQ=WEEKLY;INTERVAL=0", "`0` is no value of INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=-1", "`-1` is no value of INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=1e9", "`1E9` is no value of INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=99999999999", "`99999999999` is no value of INTERVAL"),
        ("FREQ=WEEKLY;COUNT=3", "turns never end"),
        ("FREQ=WEEKLY;UNTIL=20270101", "turns never end"),
        ("FREQ=WEEKLY;BYDAY=XX", "`XX` is no day of BYDAY"),
        ("FREQ=WEEKLY;WKST=1MO", "`1MO` is no day of WKST"),
        ("FREQ=MONTHLY;BYDAY=9MO", "`9MO` is no day of BYDAY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "`0MO` is no day of BYDAY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "only months and years have a first Monday"),
        ("FREQ=DAILY;BYHOUR=24", "`24` is no value of BYHOUR"),
        ("FREQ=DAILY;BYHOUR=x", "`X` is no value of BYHOUR"),
        ("FREQ=DAILY;BYMINUTE=0,30", "BYMINUTE has one value"),
        ("FREQ=DAILY;BYSECOND=0", "`BYSECOND` is no part"),
        ("FREQ=YEARLY;BYEASTER=0", "`BYEASTER` is no part"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "`0` is no value of BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=x", "`X` is no value of BYMONTHDAY"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "turns do not change within five years"),
        ("FREQ=DAILY;BYSETPOS=9", "turns do not change within five years"),
        ("FREQ=YEARLY;INTERVAL=6", "turns do not change within five years"),
    ],
)
def test_what_is_no_usable_rule_is_told_at_once(every: str, problem: str) -> None:
    begun = perf_counter()

    with pytest.raises(TurnsUnusable) as refused:
        rota.check(on_call(every))

    assert problem in refused.value.problem
    assert refused.value.remedy
    assert perf_counter() - begun < 5


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("FREQ=DAILY;BYHOUR={}", (0, 23), (-1, 24)),
        ("FREQ=DAILY;BYMINUTE={}", (0, 59), (-1, 60)),
        ("FREQ=YEARLY;BYMONTH={}", (1, 12), (-1, 0, 13)),
        ("FREQ=MONTHLY;BYMONTHDAY={}", (1, 31, -1, -31), (0, 32, -32)),
        ("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS={}", (1, 366, -366), (0, 367, -367)),
        ("FREQ=DAILY;INTERVAL={}", (1, 366), (-1, 0, 367)),
        ("FREQ=MONTHLY;BYDAY={}MO", (1, 5, -1, -5), (0, 6, -6)),
    ],
)
def test_a_number_counts_up_to_its_limits_and_no_further(
    rule: str, good: Sequence[int], bad: Sequence[int]
) -> None:
    for number in good:
        rota.check(on_call(rule.format(number)))
    for number in bad:
        with pytest.raises(TurnsUnusable, match=r"is no (value|day) of"):
            rota.check(on_call(rule.format(number)))


def test_turns_may_change_every_five_years_and_until_the_end_of_the_next_century() -> None:
    rota.check(on_call("FREQ=YEARLY;INTERVAL=5"))
    rota.check(on_call(starts="2199-12-31 09:00"))


@pytest.mark.parametrize("year", [1999, 2200])
def test_a_rota_begins_in_our_times(year: int) -> None:
    with pytest.raises(TurnsUnusable, match=f"can't begin in {year}"):
        rota.check(on_call(starts=f"{year}-01-01 09:00"))


SATURDAY = {"during": {"sat": "09:00-12:00"}}
WEEK = {"during": {"mon-fri": "09:00-18:00"}}


def held(schedule: Schedule, wall: str, *rotas: Rota) -> Holder | None:
    return rota.holder(schedule, company(*rotas, schedules=[schedule]), at(wall))


def test_the_first_shift_that_holds_says_who_has_it() -> None:
    schedule = roster(SATURDAY | {"person": "mio"}, WEEK | {"team": "shipping"}, {"person": "kai"})

    assert held(schedule, "2026-06-06 10:00") == Holder(person_id="mio")
    assert held(schedule, "2026-06-01 10:00") == Holder(team_id="shipping")
    assert held(schedule, "2026-06-01 18:00") == Holder(person_id="kai")


def test_a_shift_with_a_rota_says_whose_turn_it_is() -> None:
    schedule = roster({"rota": "on-call"})

    assert held(schedule, "2026-06-08 10:00", on_call()) == Holder("ren", rota_id="on-call")


def test_a_shift_holds_on_its_first_and_last_day_and_no_other() -> None:
    days = {"first": "2026-06-02", "last": "2026-06-03"}
    schedule = roster(days | {"person": "mio"})

    found = [held(schedule, f"2026-06-0{day} 23:59") is not None for day in range(1, 5)]

    assert found == [False, True, True, False]


def test_hours_of_a_shift_are_in_the_zone_of_the_schedules_calendar() -> None:
    schedule = roster(WEEK | {"person": "mio"}, calendar="berlin")
    berlin = build.calendar(zone="Europe/Berlin").model_copy(update={"id": "berlin"})
    organisation = company(schedules=[schedule], calendars=(build.calendar(), berlin))

    assert rota.holder(schedule, organisation, at("2026-06-01 10:00")) is None
    assert rota.holder(schedule, organisation, at("2026-06-01 17:00")) is not None


def test_hours_of_the_week_hold_from_the_minute_of_their_start_up_to_that_of_their_end() -> None:
    week = {"mon": [(9 * 60 + 10, 17 * 60 + 50)]}
    minutes = ("09:09", "09:10", "17:49", "17:50")

    held = [rota.falls_within(week, wall(f"2026-06-01 {minute}")) for minute in minutes]

    assert held == [False, True, True, False]
    assert not rota.falls_within(week, wall("2026-06-02 10:00"))


def test_an_id_means_a_person_a_team_whose_turn_it_is_or_who_has_it() -> None:
    schedule = roster(SATURDAY | {"team": "shipping"}, SATURDAY | {"person": "mio"})
    organisation = company(on_call(), schedules=[schedule])
    saturday = at("2026-06-06 10:00")

    assert rota.named("ren", organisation, MONDAY) == Holder(person_id="ren")
    assert rota.named("sales", organisation, MONDAY) == Holder(team_id="sales")
    assert rota.named("on-call", organisation, MONDAY) == Holder("mio", rota_id="on-call")
    assert rota.named("desk", organisation, saturday) == Holder(team_id="shipping")
    assert rota.named("desk", organisation, MONDAY) is None
    assert rota.named("nobody", organisation, MONDAY) is None


def test_behind_a_team_stands_its_lead() -> None:
    schedule = roster(SATURDAY | {"team": "shipping"})
    organisation = company(on_call(), schedules=[schedule])

    assert rota.person_named("desk", organisation, at("2026-06-06 10:00")) == "ume"
    assert rota.person_named("on-call", organisation, MONDAY) == "mio"
    assert rota.person_named("desk", organisation, MONDAY) is None


def gaps(schedule: Schedule, start: str, end: str) -> list[tuple[str, str]]:
    found = rota.gaps(schedule, company(schedules=[schedule]), at(start), at(end))
    zone = ZoneInfo("Asia/Tokyo")
    return [
        (f"{one.starts_at.astimezone(zone):%d %H:%M}", f"{one.ends_at.astimezone(zone):%d %H:%M}")
        for one in found
    ]


def test_a_gap_is_as_long_as_nobody_has_it() -> None:
    schedule = roster(WEEK | {"person": "mio"}, SATURDAY | {"person": "ren"})

    assert gaps(schedule, "2026-06-04 12:00", "2026-06-08 12:00") == [
        ("04 18:00", "05 09:00"),
        ("05 18:00", "06 09:00"),
        ("06 12:00", "08 09:00"),
    ]


def test_overlapping_shifts_leave_no_gap_between_them() -> None:
    day = {"during": {"mon-sun": "00:00-13:00"}, "person": "mio"}
    night = {"during": {"mon-sun": "12:00-24:00"}, "team": "product"}

    assert gaps(roster(day, night), "2026-06-01 00:00", "2026-07-01 00:00") == []


def test_a_gap_lies_within_the_time_that_was_asked_for() -> None:
    schedule = roster({"last": "2026-06-02", "person": "mio"})

    assert gaps(schedule, "2026-06-01 00:00", "2026-06-04 12:00") == [("03 00:00", "04 12:00")]


def test_whole_days_leave_no_gap_at_midnight() -> None:
    schedule = roster({"during": {"mon-tue": "00:00-24:00"}, "person": "mio"})

    assert gaps(schedule, "2026-06-01 00:00", "2026-06-03 00:00") == []


@given(shown=st.datetimes(wall("2026-01-01"), wall("2026-12-31")))
def test_nobody_has_it_exactly_in_the_gaps(shown: datetime) -> None:
    schedule = roster(
        WEEK | {"person": "mio", "first": "2026-02-01"},
        SATURDAY | {"person": "ren", "last": "2026-10-01"},
        calendar="berlin",
    )
    berlin = build.calendar(zone="Europe/Berlin").model_copy(update={"id": "berlin"})
    organisation = company(schedules=[schedule], calendars=(build.calendar(), berlin))
    instant = shown.replace(tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    around = (instant - timedelta(days=9), instant + timedelta(days=9))

    in_a_gap = any(
        gap.starts_at <= instant < gap.ends_at for gap in rota.gaps(schedule, organisation, *around)
    )

    assert in_a_gap == (rota.holder(schedule, organisation, instant) is None)


def test_a_turn_is_idle_on_days_on_which_only_others_work() -> None:
    week = build.calendar({"mon-sat": "09:00-12:00"}).model_copy(update={"id": "week"})
    turns = on_call(calendar="week")
    people = [
        one.model_copy(update={"calendar": "week"}) if one.id == "ren" else one
        for one in build.organisation().people
    ]
    organisation = company(turns, calendars=(build.calendar(), week), people=tuple(people))

    found = list(rota.idle_turns(turns, organisation, MONDAY, MONDAY + timedelta(days=21)))

    saturdays = [at(f"2026-06-{day:02} 09:00") for day in (6, 20)]
    assert [(one.starts_at, one.person_id) for one in found] == list(
        zip(saturdays, ("mio", "sho"), strict=True)
    )


def test_a_turn_is_idle_the_day_after_a_night_that_ends_with_midnight() -> None:
    week = build.calendar({"mon-sat": "09:00-12:00"}).model_copy(update={"id": "week"})
    evenings = build.calendar({"fri": "20:00-24:00"})
    turns = on_call(calendar="week")
    organisation = company(turns, calendars=(evenings, week))

    found = list(
        rota.idle_turns(turns, organisation, at("2026-06-05 00:00"), at("2026-06-07 00:00"))
    )

    assert [one.starts_at for one in found] == [at("2026-06-06 09:00")]
