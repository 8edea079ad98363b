"""How somebody wants to be told: what a form shows, what it says, and what is missing in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.intake.wishes import (
    MACHINES_PRESS_WITHIN,
    Mistake,
    Somebody,
    as_given,
    language_for,
    order_of,
    pressed_by_machine,
    read,
    usual_order,
    ways_of,
)
from shared.contracts.intake import Digest, Preferences, Told
from shared.contracts.organisation import Channel
from tests.unit import build
from tests.unit.build import MONDAY

SLACK, MATRIX, EMAIL = Channel.SLACK, Channel.MATRIX, Channel.EMAIL
COMPANY = build.organisation(channels=["slack", "email"])
REN = build.person("ren", chat={"slack": "U024BE7LH", "matrix": "@ren:example.com"})
SHO = build.person("sho")
INSIDE, BY_MAIL = Somebody("en", REN), Somebody("en", SHO)
OUTSIDE = Somebody("ja")
USUAL = {
    "language": "en",
    "way0": "slack",
    "way1": "email",
    "when": "at_work",
    "opens": "",
    "closes": "",
    "urgent": "yes",
    "digest": "weekly",
}


def said(who: Somebody = INSIDE, **changed: str) -> Preferences | Mistake:
    return read({**USUAL, **changed}, who, COMPANY)


def test_a_person_chooses_among_what_they_have_in_the_organisations_order() -> None:
    assert ways_of(REN, COMPANY) == (SLACK, EMAIL, MATRIX)
    assert ways_of(SHO, COMPANY) == (EMAIL,)
    assert usual_order(REN, COMPANY) == (SLACK, EMAIL)


@pytest.mark.parametrize(
    ("channels", "order"),
    [
        ((), (SLACK, EMAIL)),
        ((MATRIX,), (MATRIX, EMAIL)),
        ((EMAIL, MATRIX), (EMAIL, MATRIX)),
        ((Channel.CHATWORK, MATRIX), (MATRIX, EMAIL)),
        ((Channel.CHATWORK,), (SLACK, EMAIL)),
    ],
)
def test_mail_is_the_last_resort_and_what_they_have_no_more_is_left_out(
    channels: tuple[Any, ...], order: tuple[Channel, ...]
) -> None:
    assert order_of(Preferences(channels=channels), REN, COMPANY) == order


def test_whoever_has_said_nothing_sees_what_is_usual_and_saving_it_says_nothing() -> None:
    given = as_given(Preferences(), INSIDE, COMPANY)

    assert given == USUAL
    assert read(given, INSIDE, COMPANY) == Preferences()


@pytest.mark.parametrize(
    "wanted",
    [
        Preferences(language="ja", channels=(MATRIX, SLACK, EMAIL), digest=Digest.DAILY),
        Preferences(told=Told.ALWAYS, urgent_passes=False),
        Preferences(opens=8 * 60 + 30, closes=17 * 60, digest=Digest.NEVER),
        Preferences(channels=(EMAIL,), opens=22 * 60, closes=0),
    ],
)
def test_what_was_said_is_shown_and_saying_it_again_changes_nothing(wanted: Preferences) -> None:
    assert read(as_given(wanted, INSIDE, COMPANY), INSIDE, COMPANY) == wanted


def test_the_end_of_the_day_is_shown_as_midnight() -> None:
    given = as_given(Preferences(opens=9 * 60, closes=24 * 60), INSIDE, COMPANY)

    assert (given["opens"], given["closes"]) == ("09:00", "00:00")


def test_half_of_the_hours_is_shown_as_hours_of_their_own() -> None:
    assert as_given(Preferences(closes=60), INSIDE, COMPANY)["when"] == "own"
    assert as_given(Preferences(opens=60), INSIDE, COMPANY)["when"] == "own"


def test_the_language_of_the_organisation_file_is_no_wish() -> None:
    assert said(language="en") == Preferences()
    assert said(language="ja") == Preferences(language="ja")
    assert said(language="tlh") == Preferences()
    assert language_for(Preferences(), INSIDE) == "en"
    assert language_for(Preferences(language="ja"), INSIDE) == "ja"


def test_the_usual_order_is_no_wish_and_the_same_channel_counts_once() -> None:
    assert said(way0="slack", way1="") == Preferences()
    assert said(way0="slack", way1="slack", way2="email") == Preferences()
    assert said(way0="", way1="", way2="") == Preferences()
    assert said(way0="email", way1="", way2="matrix") == Preferences(channels=(EMAIL, MATRIX))


def test_somebody_outside_chooses_a_language_and_nothing_else() -> None:
    assert as_given(Preferences(language="en"), OUTSIDE, COMPANY) == {"language": "en"}
    assert read({"language": "en", "when": "always"}, OUTSIDE, COMPANY) == Preferences(
        language="en"
    )
    assert read({"language": "ja"}, OUTSIDE, COMPANY) == Preferences()


@pytest.mark.parametrize(
    ("changed", "mistake"),
    [
        ({"way0": "chatwork"}, Mistake.CHANNEL),
        ({"when": ""}, Mistake.WHEN),
        ({"digest": "hourly"}, Mistake.DIGEST),
        ({"when": "own", "opens": "09:00"}, Mistake.HOURS),
        ({"when": "own", "closes": "09:00"}, Mistake.HOURS),
        ({"when": "own", "opens": "25:00", "closes": "09:00"}, Mistake.HOURS),
        ({"when": "own", "opens": "9:00", "closes": "09:00"}, Mistake.NO_HOURS),
    ],
)
def test_what_is_missing_or_can_not_be_is_told(changed: dict[str, str], mistake: Mistake) -> None:
    assert said(**changed) is mistake


def test_hours_that_are_not_chosen_are_not_kept() -> None:
    assert said(when="always", opens="09:00", closes="09:00") == Preferences(told=Told.ALWAYS)


def test_a_channel_is_only_theirs_if_they_have_it() -> None:
    assert said(BY_MAIL, way0="email", way1="") == Preferences()
    assert said(BY_MAIL, way0="slack", way1="") is Mistake.CHANNEL


def test_right_after_what_nobody_sees_was_pressed_a_machine_presses() -> None:
    assert not pressed_by_machine(MONDAY, None)
    assert pressed_by_machine(MONDAY, MONDAY)
    assert not pressed_by_machine(MONDAY + MACHINES_PRESS_WITHIN, MONDAY)
    assert pressed_by_machine(MONDAY + MACHINES_PRESS_WITHIN - timedelta(seconds=1), MONDAY)
