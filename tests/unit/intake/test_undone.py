"""What of a history was taken back, and what its reader can take back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.intake.store import Happening
from services.intake.undone import Undoable, standing, taken_back, undoable
from shared.contracts.router import ActionRefused, IssueAcknowledged, IssueReminded, IssueUndone
from tests.unit.build import HOUR, ISSUE_ID, MONDAY

LATER = MONDAY + timedelta(minutes=5)


def happened(
    cause: str,
    subject: str = IssueAcknowledged.subject,
    *,
    until: datetime | None = MONDAY + HOUR,
    actor: str | None = "ren",
    **said: Any,
) -> Happening:
    told = {"undo_until": until.isoformat() if until else None, **said}
    return Happening(f"{subject}/{cause}", ISSUE_ID, 2, subject, MONDAY, cause, actor, told)


def undone(cause: str, *requests: str) -> Happening:
    return happened(cause, IssueUndone.subject, until=None, requests=list(requests))


def test_what_was_taken_back_stands_no_more() -> None:
    first, second = happened("first"), happened("second")
    history = [first, second, undone("undo", "second")]

    assert taken_back(history) == {"second"}
    assert standing(history) == [first]


def test_where_taking_back_was_taken_back_it_stands_again() -> None:
    first = happened("first")
    history = [first, undone("undo", "first"), undone("decoy", "undo")]

    assert taken_back(history) == {"undo"}
    assert standing(history) == [first]


def test_the_last_thing_can_be_taken_back_by_whoever_did_it() -> None:
    history = [happened("first"), happened("last")]

    assert undoable(history, "ren", LATER) == Undoable("last", MONDAY + HOUR)
    assert undoable(history, "mio", LATER) is None
    assert undoable(history, "ren", MONDAY + 2 * HOUR) is None
    assert undoable([], "ren", LATER) is None


def test_whatever_happens_next_ends_it_but_a_refusal_does_not() -> None:
    refused = happened("refused", ActionRefused.subject, until=None)
    reminded = happened("due", IssueReminded.subject, until=None, actor=None)

    assert undoable([happened("first"), refused], "ren", LATER) is not None
    assert undoable([happened("first"), reminded], "ren", LATER) is None
