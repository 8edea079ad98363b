"""What docs/notifications.md says of who hears what, and when, is so."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from services.notifier.handlers import MOST_MAILS
from services.notifier.message import MOST_LISTED
from services.notifier.timing import APART, APART_IF_URGENT, GATHER
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
