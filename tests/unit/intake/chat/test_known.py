"""An old message in a chat does nothing once its issue has moved on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.intake.chat.known import has_moved_on
from services.intake.store import Happening
from shared.contracts.router import (
    IssueAcknowledged,
    IssueAssigned,
    IssueEvent,
    IssueReopened,
    IssueResolved,
    IssueUndone,
)
from tests.unit.build import ISSUE_ID, MONDAY


def happened(*events: type[IssueEvent], **said: Any) -> list[Happening]:
    """One after the other; the last of them said so."""
    return [
        Happening(
            f"fact{version}",
            ISSUE_ID,
            version,
            event.subject,
            MONDAY + timedelta(minutes=version),
            f"cause{version}",
            "ren",
            said if version == len(events) else {},
        )
        for version, event in enumerate(events, 1)
    ]


@pytest.mark.parametrize(
    ("later", "moved"),
    [
        ((), False),
        ((IssueAcknowledged, IssueResolved), False),
        ((IssueAssigned,), True),
        ((IssueResolved, IssueReopened), True),
    ],
)
def test_a_new_owner_or_a_new_beginning_makes_it_old(
    later: tuple[type[IssueEvent], ...], moved: bool
) -> None:
    assert has_moved_on(happened(IssueAssigned, *later), "fact1") is moved


def test_what_was_taken_back_has_not_happened() -> None:
    history = happened(IssueAssigned, IssueAssigned, IssueUndone, requests=["cause2"])

    assert not has_moved_on(history, "fact1")
    assert has_moved_on(history, "fact2")
    assert not has_moved_on(history, "fact3")


def test_what_is_not_known_yet_is_new() -> None:
    assert not has_moved_on(happened(IssueAssigned, IssueAssigned), "still on its way")
