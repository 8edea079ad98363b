"""When chasing rests, and what was known of it at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.router import pause
from services.router.pause import Pause
from tests.unit.build import HOUR, MONDAY, at

TUESDAY, FRIDAY = at("2026-06-02 09:00"), at("2026-06-05 09:00")


def announced(
    starts_at: datetime = TUESDAY,
    ends_at: datetime = FRIDAY,
    now: datetime = MONDAY,
    known: Pause | None = None,
) -> Pause | None:
    return pause.announce(known, "typhoon", starts_at, ends_at, "kai", "台風のため", now)


def made(**said: datetime) -> Pause:
    found = announced(**said)
    assert found is not None
    return found


def test_it_holds_from_its_start_up_to_its_end() -> None:
    typhoon = made()

    assert [typhoon.holds(now) for now in (MONDAY, TUESDAY, FRIDAY)] == [False, True, False]
    assert typhoon.wake_at == FRIDAY


def test_what_was_chased_before_it_was_said_was_chased() -> None:
    assert made(starts_at=MONDAY - HOUR).starts_at == MONDAY


def test_it_lasts_no_longer_than_a_season() -> None:
    assert made(ends_at=TUESDAY + timedelta(days=200)).ends_at == TUESDAY + timedelta(days=92)


@pytest.mark.parametrize("ends_at", [TUESDAY, MONDAY - HOUR])
def test_one_without_any_time_is_none(ends_at: datetime) -> None:
    assert announced(ends_at=ends_at) is None


def test_one_that_has_begun_keeps_its_start_and_may_be_longer() -> None:
    longer = announced(MONDAY, FRIDAY + HOUR, FRIDAY - HOUR, made())

    assert longer is not None
    assert (longer.starts_at, longer.ends_at) == (TUESDAY, FRIDAY + HOUR)
    assert longer.said_at == FRIDAY - HOUR


@pytest.mark.parametrize(("now", "starts_at"), [(MONDAY, TUESDAY + HOUR), (TUESDAY, TUESDAY)])
def test_one_may_begin_otherwise_until_it_has_begun(now: datetime, starts_at: datetime) -> None:
    otherwise = announced(TUESDAY + HOUR, FRIDAY, now, made())

    assert otherwise is not None
    assert otherwise.starts_at == starts_at


def test_one_that_is_over_stays_over() -> None:
    over = pause.end(made(), TUESDAY + HOUR)

    assert announced(TUESDAY, FRIDAY, FRIDAY - HOUR, over) is None


def test_it_ends_when_the_leader_says_so() -> None:
    over = pause.end(made(), TUESDAY + HOUR)

    assert (over.ends_at, over.wake_at) == (TUESDAY + HOUR, None)
    assert pause.rests([over]) == ((TUESDAY, TUESDAY + HOUR),)


def test_plans_are_moved_anew_for_one_that_ends_while_they_are_moved() -> None:
    assert pause.end(replace(made(), moving="issue"), TUESDAY).moving == ""


def test_one_that_is_called_off_before_it_began_never_was() -> None:
    assert pause.rests([pause.end(made(), MONDAY + HOUR)]) == ()


def test_what_was_known_at_a_time_can_be_told_afterwards() -> None:
    longer = made(ends_at=FRIDAY + HOUR, now=TUESDAY, known=made())
    over = pause.end(longer, TUESDAY + 2 * HOUR)

    assert pause.rests([over], MONDAY - HOUR) == ()
    assert pause.rests([over], MONDAY) == ((TUESDAY, FRIDAY),)
    assert pause.rests([over], TUESDAY + HOUR) == ((TUESDAY, FRIDAY + HOUR),)
    assert pause.rests([over], TUESDAY + 2 * HOUR) == ((TUESDAY, TUESDAY + 2 * HOUR),)
    assert pause.rests([over], FRIDAY) == ((TUESDAY, TUESDAY + 2 * HOUR),)
