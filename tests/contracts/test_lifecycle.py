"""The document about an issue's life says what the router does."""

from __future__ import annotations

from services.router import undoing
from services.router.lifecycle import ALLOWED
from shared.contracts.issue import Action
from tests.contracts.lifecycle import DOCUMENT, document


def test_the_committed_document_is_what_the_router_does() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run `make docs`"


def test_everything_that_people_may_ask_for_is_allowed_to_somebody() -> None:
    assert set(ALLOWED) == set(Action) - {Action.UNDO, Action.DECOY}


def test_what_the_document_calls_undoable_is_what_the_rules_call_so() -> None:
    """The document asks the router; both must be the same closed set."""
    table = document().partition("## Taken back")[2].partition("## Next steps")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]

    undoable = {row[1].strip().strip("`") for row in rows if row[2].strip()}

    assert undoable == {str(action) for action in undoing.UNDOABLE}
