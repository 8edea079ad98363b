"""What docs/notifications.md says of who hears what, and when, is so."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from services.notifier.digest import MOST_OF_A_KIND
from services.notifier.handlers import MOST_MAILS
from services.notifier.message import MOST_LISTED
from services.notifier.store import MOST_AN_HOUR
from services.notifier.timing import (
    APART,
    APART_IF_URGENT,
    AWAKE,
    CONFIRMATIONS,
    GATHER,
    LONGEST_BREAK,
    OF_THEIR_OWN_ACT,
    ONLY_THEY_CAN,
    STILL_THERE,
)
from shared.contracts.notifier import Reason

DOCUMENT = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text(encoding="utf-8")
HOUR = timedelta(hours=1)


def test_every_reason_to_tell_somebody_stands_in_the_table() -> None:
    reasons = {
        word
        for line in DOCUMENT.splitlines()
        if line.startswith("| ") and line.count("|") == 5
        for word in re.findall("`(\\w+)`", line.split("|")[3])
    }

    assert reasons == set(Reason)


def test_how_long_and_how_many_are_as_in_the_code() -> None:
    minutes, urgent = int(APART / HOUR * 60), int(APART_IF_URGENT / HOUR * 60)

    assert f"waits {GATHER.seconds} seconds for company" in DOCUMENT
    assert f"{minutes} minutes later at the earliest, four in an hour at most" in DOCUMENT
    assert f"{urgent} minutes later, twelve in an hour at most" in DOCUMENT
    assert (APART * 4, APART_IF_URGENT * 12) == (HOUR, HOUR)
    assert f"{MOST_LISTED} stand in one mail" in DOCUMENT
    assert MOST_MAILS == {Reason.REFUSED: (5, 24 * HOUR), Reason.LOOK: (20, HOUR)}
    assert "| refusals of one issue | 5 a day |" in DOCUMENT
    assert "| messages to look at, about one issue | 20 an hour |" in DOCUMENT


def test_the_hours_and_the_most_are_as_in_the_code() -> None:
    breaks, grace = LONGEST_BREAK // HOUR, STILL_THERE // timedelta(minutes=1)
    half = MOST_AN_HOUR // 2

    assert f"A break of {breaks} hours at most is none" in DOCUMENT
    assert f"the first {grace} minutes after the day's end still count" in DOCUMENT
    assert f"at once for {AWAKE // HOUR} hour," in DOCUMENT
    assert f"| {MOST_AN_HOUR} an hour, {half} of them in one go (" in DOCUMENT
    assert f"{MOST_OF_A_KIND} of each kind stand in it" in DOCUMENT


def test_what_passes_at_any_hour_and_what_no_mute_spares_is_as_in_the_code() -> None:
    def named(start: str) -> set[str]:
        (line,) = (line for line in DOCUMENT.splitlines() if line.startswith(start))
        return set(re.findall("`(\\w+)`", line))

    passes = named("- what comes of their own act:")

    assert passes == CONFIRMATIONS | OF_THEIR_OWN_ACT
    assert named("**Mute.**") == ONLY_THEY_CAN - passes - {Reason.DIGEST} | {Reason.SOLVED}
