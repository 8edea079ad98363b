"""In which hours somebody is told, what passes at any hour, and when summaries are due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier import timing
from services.notifier.timing import (
    AWAKE,
    LONGEST_BREAK,
    ONLY_THEY_CAN,
    STILL_THERE,
    TOLD_WHEN_BACK,
    Listener,
)
from shared.contracts.event import Event
from shared.contracts.intake import Digest, Preferences, Told
from shared.contracts.issue import Source, Standing, Step, Urgency
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Calendar
from shared.contracts.router import (
    ChasingPaused,
    IssueAcknowledged,
    IssueCommented,
    IssueEscalated,
    IssueLapsed,
    IssuePostponed,
    IssueReminded,
    IssueResponded,
    Voice,
)
from shared.worktime import WorkingHours
from tests.unit import build
from tests.unit.build import HOUR, MONDAY, at
from tests.unit.notifier.telling import said

MINUTE = timedelta(minutes=1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NIGHT = at("2026-06-02 22:00")
TUESDAY, WEDNESDAY = at("2026-06-02 09:00"), at("2026-06-03 09:00")
OFFICE = build.calendar()
AT_WORK = Listener(WorkingHours(OFFICE))
PAUSED = ChasingPaused(
    occurred_at=MONDAY, pause_id="pause", starts_at=MONDAY, ends_at=MONDAY, text="A storm."
)


def answered(urgency: Urgency = Urgency.NORMAL) -> IssueResponded:
    return IssueResponded(**said(urgency=urgency, reporter_id="emi"), text=".", actor_id="ren")


def told_from(
    now: datetime,
    listener: Listener = AT_WORK,
    reason: Reason = Reason.ANSWER,
    event: Event | None = None,
    person_id: str = "aki",
) -> datetime:
    return timing.told_from(
        now, listener, reason=reason, event=event or answered(), person_id=person_id
    )


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-06-02 09:00", "2026-06-02 09:00"),
        ("2026-06-02 08:59", "2026-06-02 09:00"),
        ("2026-06-02 12:30", "2026-06-02 12:30"),  # at lunch they are there
        ("2026-06-02 18:00", "2026-06-02 18:00"),  # what is due as the day ends
        ("2026-06-02 18:14", "2026-06-02 18:14"),
        ("2026-06-02 18:15", "2026-06-03 09:00"),
        ("2026-06-02 22:00", "2026-06-03 09:00"),
        ("2026-06-05 22:00", "2026-06-08 09:00"),  # over the weekend
        ("2026-07-17 22:00", "2026-07-21 09:00"),  # Monday is Marine Day
        ("2026-12-31 22:00", "2027-01-04 09:00"),
    ],
)
def test_what_can_wait_is_told_when_they_are_at_work(now: str, told: str) -> None:
    assert told_from(at(now)) == at(told)


def test_free_days_of_the_company_and_the_persons_zone_count() -> None:
    closed = Listener(WorkingHours(build.calendar(closed=(date(2026, 6, 3),))))
    berlin = build.calendar({"mon-fri": "09:00-17:00"}, zone="Europe/Berlin", holidays="DE")

    assert told_from(NIGHT, closed) == at("2026-06-04 09:00")
    assert told_from(TUESDAY, Listener(WorkingHours(berlin))) == at(
        "2026-06-02 09:00", "Europe/Berlin"
    )


def test_the_morning_after_the_clocks_change_is_at_nine_all_the_same() -> None:
    berlin = Listener(
        WorkingHours(
            build.calendar({"mon-sun": "09:00-17:00"}, zone="Europe/Berlin", holidays="DE")
        )
    )
    for eve, morning in (
        ("2026-03-28 22:00", "2026-03-29 09:00"),
        ("2026-10-24 22:00", "2026-10-25 09:00"),
    ):
        assert told_from(at(eve, "Europe/Berlin"), berlin) == at(morning, "Europe/Berlin")


def test_whoever_works_by_night_is_told_by_night() -> None:
    nights = build.calendar({"mon-fri": "00:00-06:00 22:00-24:00"}, holidays=None)

    assert told_from(NIGHT, Listener(WorkingHours(nights))) == NIGHT
    assert told_from(MONDAY + HOUR, Listener(WorkingHours(nights))) == at("2026-06-01 22:00")


def test_a_break_is_none_once_it_is_long() -> None:
    split = build.calendar({"mon-fri": "09:00-12:00 14:01-18:00"}, holidays=None)
    brief = build.calendar({"mon-fri": "09:00-12:00 14:00-18:00"}, holidays=None)
    noon = at("2026-06-02 13:00")

    assert timedelta(hours=2) == LONGEST_BREAK
    assert told_from(noon, Listener(WorkingHours(split))) == at("2026-06-02 14:01")
    assert told_from(noon, Listener(WorkingHours(brief))) == noon


def test_whoever_never_works_can_not_be_waited_for() -> None:
    never = Listener(WorkingHours(Calendar(id="never", holidays=None, hours={})))

    assert told_from(NIGHT, never) == NIGHT


def test_whoever_wants_it_so_is_told_at_any_hour() -> None:
    always = Preferences(told=Told.ALWAYS)

    assert timing.hours_of(OFFICE, always) is None
    assert told_from(NIGHT, Listener(None)) == NIGHT
    assert timing.is_there_from(NIGHT, Listener(None, away_until=WEDNESDAY)) == NIGHT


def test_what_is_urgent_passes_unless_they_want_it_otherwise() -> None:
    urgent = answered(Urgency.HIGH)

    assert told_from(NIGHT, event=urgent) == NIGHT
    stubborn = Listener(AT_WORK.hours, urgent_passes=False)
    assert told_from(NIGHT, stubborn, event=urgent) == WEDNESDAY


def test_whoever_has_just_done_something_hears_at_once_for_an_hour() -> None:
    def acted(ago: timedelta) -> Listener:
        return Listener(AT_WORK.hours, last_act=NIGHT - ago)

    assert told_from(NIGHT, acted(timedelta(0))) == NIGHT
    assert told_from(NIGHT, acted(AWAKE - MINUTE)) == NIGHT
    assert told_from(NIGHT, acted(AWAKE)) == WEDNESDAY


@pytest.mark.parametrize("reason", Reason)
def test_what_comes_of_their_own_act_passes_and_nothing_else(reason: Reason) -> None:
    passes = {
        Reason.RECEIVED,
        Reason.RECEIVED_UNDECIDED,
        Reason.REFUSED,
        Reason.RECEIPT,
        Reason.VOIDED,
        Reason.STILL_CLOSED,
        Reason.TEST,
        Reason.DIGEST,
    }

    assert (told_from(NIGHT, reason=reason, person_id="emi") == NIGHT) is (reason in passes)


def test_a_confirmation_wakes_only_whoever_wrote() -> None:
    raised = build.raised(reporter_id="emi")

    assert told_from(NIGHT, reason=Reason.RECEIVED, person_id="emi") == NIGHT
    assert told_from(NIGHT, reason=Reason.RECEIVED, person_id="aki") == WEDNESDAY
    for event, told in ((raised, NIGHT), (PAUSED, WEDNESDAY)):
        found = told_from(NIGHT, reason=Reason.RECEIVED_UNDECIDED, event=event, person_id="emi")
        assert found == told


@pytest.mark.parametrize("reason", Reason)
def test_whoever_is_away_hears_news_when_they_are_back_and_what_only_they_can_do_before(
    reason: Reason,
) -> None:
    back_at = at("2026-06-10 00:00")
    away = Listener(AT_WORK.hours, away_until=back_at)

    told = told_from(NIGHT, away, reason, person_id="aki")

    if reason in TOLD_WHEN_BACK:
        assert told == at("2026-06-10 09:00")
    else:
        assert told in (NIGHT, WEDNESDAY)


def test_an_absence_that_is_over_holds_nothing() -> None:
    assert told_from(TUESDAY, Listener(AT_WORK.hours, away_until=MONDAY)) == TUESDAY


def test_what_is_told_when_somebody_is_back_is_never_something_only_they_can_do() -> None:
    assert not TOLD_WHEN_BACK & ONLY_THEY_CAN


# Hours of their own


def preferences(opens: int | None = None, closes: int | None = None) -> Preferences:
    return Preferences(opens=opens, closes=closes)


@pytest.mark.parametrize(
    ("opens", "closes", "now", "told"),
    [
        (10 * 60, 16 * 60, "2026-06-02 09:30", "2026-06-02 10:00"),
        (10 * 60, 16 * 60, "2026-06-02 16:30", "2026-06-03 10:00"),
        (10 * 60, 16 * 60, "2026-06-05 16:30", "2026-06-08 10:00"),
        (None, 20 * 60, "2026-06-02 19:00", "2026-06-02 19:00"),
        (None, 20 * 60, "2026-06-02 08:00", "2026-06-02 09:00"),
        (7 * 60, None, "2026-06-02 07:30", "2026-06-02 07:30"),
        (7 * 60, None, "2026-06-02 19:00", "2026-06-03 07:00"),
        (20 * 60, 2 * 60, "2026-06-02 23:00", "2026-06-02 23:00"),
        (20 * 60, 2 * 60, "2026-06-03 01:00", "2026-06-03 01:00"),
        (20 * 60, 2 * 60, "2026-06-03 03:00", "2026-06-03 20:00"),
        (20 * 60, 0, "2026-06-03 01:00", "2026-06-03 20:00"),
    ],
)
def test_from_and_until_when_they_said_holds_on_the_days_on_which_they_work(
    opens: int | None, closes: int | None, now: str, told: str
) -> None:
    hours = timing.hours_of(OFFICE, preferences(opens, closes))

    assert told_from(at(now), Listener(hours)) == at(told)


def test_whoever_said_nothing_is_told_in_their_working_hours() -> None:
    hours = timing.hours_of(OFFICE, Preferences())

    assert hours is not None
    assert told_from(NIGHT, Listener(hours)) == WEDNESDAY


def test_equal_hours_are_computed_once_and_many_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "_MOST_KEPT", 2)
    early = preferences(7 * 60, None)
    first = timing.own_hours(OFFICE, early)

    assert timing.own_hours(OFFICE, early) is first
    for hour in range(1, 6):
        timing.own_hours(OFFICE, preferences(hour * 60))
    assert len(timing._own_calendars) <= 2
    other = build.calendar({"mon": "10:00-11:00"})
    timing._own_calendars[(id(other), 7 * 60, None)] = (OFFICE, OFFICE)
    assert timing.own_hours(other, early) is not timing.own_hours(OFFICE, early)


# Properties

ZONES = st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu"])
YEARS = int(timedelta(days=730).total_seconds())
INSTANTS = st.integers(0, YEARS).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
MINUTES = st.one_of(st.none(), st.integers(0, 24 * 60))
LISTENERS = st.builds(
    lambda zone, opens, closes, urgent, act, away: Listener(
        timing.hours_of(build.calendar(zone=zone), preferences(opens, closes)), urgent, act, away
    ),
    ZONES,
    MINUTES,
    MINUTES,
    st.booleans(),
    st.one_of(st.none(), INSTANTS),
    st.one_of(st.none(), INSTANTS),
)


def is_at_work(hours: WorkingHours, now: datetime) -> bool:
    """At work, on a short break, or as the day ends."""
    ended = [end for _, end in hours.spans(now - 2 * timing.DAY, now) if end <= now]
    closed = max(ended, default=None)
    on_a_break = closed is not None and hours.next_open(now) - closed <= LONGEST_BREAK
    just_left = closed is not None and now < closed + STILL_THERE
    return hours.is_open(now) or on_a_break or just_left


@given(INSTANTS, LISTENERS, st.sampled_from(Reason), st.sampled_from(Urgency))
def test_nothing_is_told_outside_their_hours_but_what_is_named(
    now: datetime, listener: Listener, reason: Reason, urgency: Urgency
) -> None:
    told = told_from(now, listener, reason, answered(urgency), person_id="emi")

    assert listener.hours is not None
    assert told >= now
    if told > now:
        assert listener.hours.is_open(told) or is_at_work(listener.hours, told)
        return
    urgent = urgency is Urgency.HIGH and listener.urgent_passes
    awake = listener.last_act is not None and now - listener.last_act < AWAKE
    theirs = reason in timing.CONFIRMATIONS | timing.OF_THEIR_OWN_ACT | {Reason.DIGEST}
    assert urgent or awake or theirs or is_at_work(listener.hours, now)


# Whose act it is


def commented(standing: Standing) -> IssueCommented:
    return IssueCommented(
        **said(),
        actor_id="emi",
        voice=Voice.CARRIER,
        standing=standing,
        source=Source.EMAIL,
        text=".",
    )


@pytest.mark.parametrize(
    ("event", "doer"),
    [
        (answered(), "ren"),
        (commented(Standing.VOUCHED), "emi"),
        (commented(Standing.UNPROVEN), "emi"),
        (commented(Standing.THREADED), None),
        (commented(Standing.DOUBTED), None),
        (build.raised(reporter_id="emi", source=Source.WEB), "emi"),
        (build.raised(reporter_id="emi", source=Source.API), None),
        (PAUSED, None),
    ],
)
def test_an_act_shows_that_somebody_is_there_and_a_machines_does_not(
    event: Event, doer: str | None
) -> None:
    assert timing.doer_of(event) == doer


@pytest.mark.parametrize(
    ("event", "moves"),
    [
        (IssueAcknowledged(**said(), actor_id="ren"), True),
        (IssueAcknowledged(**said(carrier_id="emi"), actor_id="emi"), False),
        (IssueAcknowledged(**said(reporter_id="yui"), actor_id="yui"), False),
        (IssueReminded(**said(), step=Step.ANSWER, person_id="ren"), False),
        (IssueEscalated(**said(), step=Step.ANSWER, person_id="mio"), False),
        (IssueEscalated(**said(), step=Step.ANSWER, person_id="kai", gives=True), True),
        (IssueLapsed(**said()), False),
        (IssuePostponed(**said()), False),
    ],
)
def test_what_others_do_moves_an_issue_and_chasing_does_not(event: Event, moves: bool) -> None:
    assert isinstance(
        event, IssueAcknowledged | IssueEscalated | IssueReminded | IssueLapsed | IssuePostponed
    )
    assert timing.moves_on(event) is moves


# Mute


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("relation", [Relation.CARRIER, Relation.REPORTER, Relation.FOLLOWER])
def test_a_mute_spares_news_and_never_what_only_they_can_do(
    reason: Reason, relation: Relation
) -> None:
    asked = reason is Reason.SOLVED and relation is not Relation.FOLLOWER
    spared = reason not in ONLY_THEY_CAN and not asked

    assert timing.can_be_muted(reason, relation) is spared


# How many at once


@pytest.mark.parametrize("most", [1, 2, 3, 10, 60])
def test_no_hour_has_more_than_the_most_and_pauses_give_room_again(most: int) -> None:
    gone: list[datetime] = []
    full_at = None
    for second in range(0, 3 * 3600, 10):
        now = MONDAY + timedelta(seconds=second)
        found = timing.within_cap(now, full_at, most)
        if found is not None:
            full_at = found
            gone.append(now)

    hours = [sum(start <= one < start + HOUR for one in gone) for start in gone]
    assert max(hours) <= most
    assert len(gone) >= most
    later = MONDAY + 10 * HOUR
    assert timing.within_cap(later, full_at, most) is not None


@given(st.lists(st.integers(0, 7200), max_size=300), st.integers(1, 100))
def test_whenever_they_come_no_hour_has_more_than_the_most(seconds: list[int], most: int) -> None:
    gone: list[datetime] = []
    full_at = None
    for second in sorted(seconds):
        now = MONDAY + timedelta(seconds=second)
        found = timing.within_cap(now, full_at, most)
        if found is not None:
            full_at = found
            gone.append(now)

    assert all(sum(start <= one < start + HOUR for one in gone) <= most for start in gone)


# Summaries


@pytest.mark.parametrize(
    ("digest", "after", "due"),
    [
        (Digest.DAILY, "2026-06-01 08:59", "2026-06-01 09:00"),
        (Digest.DAILY, "2026-06-01 09:00", "2026-06-02 09:00"),
        (Digest.DAILY, "2026-06-01 12:30", "2026-06-02 09:00"),  # the afternoon is no new day
        (Digest.DAILY, "2026-06-05 10:00", "2026-06-08 09:00"),
        (Digest.WEEKLY, "2026-06-01 08:59", "2026-06-01 09:00"),
        (Digest.WEEKLY, "2026-06-01 09:00", "2026-06-08 09:00"),
        (Digest.WEEKLY, "2026-06-07 23:00", "2026-06-08 09:00"),
        (Digest.WEEKLY, "2026-07-19 23:00", "2026-07-21 09:00"),  # Monday is Marine Day
        (Digest.WEEKLY, "2026-07-20 09:00", "2026-07-21 09:00"),
        (Digest.WEEKLY, "2026-12-25 10:00", "2026-12-28 09:00"),
        (Digest.WEEKLY, "2026-12-28 10:00", "2027-01-04 09:00"),
    ],
)
def test_a_summary_comes_as_work_begins(digest: Digest, after: str, due: str) -> None:
    found = timing.digest_at(at(after), OFFICE, Preferences(digest=digest))

    assert found == at(due)


def test_a_summary_comes_in_the_persons_zone_and_hours() -> None:
    late = Preferences(digest=Digest.DAILY, opens=11 * 60, told=Told.ALWAYS)
    berlin = build.calendar({"mon-fri": "09:00-17:00"}, zone="Europe/Berlin", holidays="DE")

    assert timing.digest_at(MONDAY, OFFICE, late) == at("2026-06-01 11:00")
    due = timing.digest_at(MONDAY, berlin, Preferences())
    assert due == datetime(2026, 6, 1, 9, tzinfo=ZoneInfo("Europe/Berlin"))


def test_there_is_none_for_whoever_wants_none_or_never_works() -> None:
    never = Calendar(id="never", holidays=None, hours={})

    assert timing.digest_at(MONDAY, OFFICE, Preferences(digest=Digest.NEVER)) is None
    assert timing.digest_at(MONDAY, never, Preferences()) is None


@given(INSTANTS, ZONES, st.sampled_from([Digest.DAILY, Digest.WEEKLY]), MINUTES, MINUTES)
def test_summaries_come_one_after_the_other_as_work_begins_and_at_most_once_a_day(
    after: datetime, zone: str, digest: Digest, opens: int | None, closes: int | None
) -> None:
    calendar = build.calendar(zone=zone)
    wanted = Preferences(digest=digest, opens=opens, closes=closes)
    first = timing.digest_at(after, calendar, wanted)
    assert first is not None
    second = timing.digest_at(first, calendar, wanted)
    assert second is not None

    hours = timing.own_hours(calendar, wanted)
    days = [one.astimezone(ZoneInfo(zone)).date() for one in (first, second)]
    assert after < first < second
    assert hours.is_open(first)
    assert hours.is_open(second)
    assert days[0] != days[1]
    assert digest is Digest.DAILY or days[0].isocalendar()[:2] != days[1].isocalendar()[:2]
