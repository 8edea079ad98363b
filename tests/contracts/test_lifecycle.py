"""The document about an issue's life says what the router does."""

from __future__ import annotations

from services.router.lifecycle import ALLOWED
from shared.contracts.issue import Action
from tests.contracts.lifecycle import DOCUMENT, document


def test_the_committed_document_is_what_the_router_does() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run `make docs`"


def test_everything_that_people_may_ask_for_is_allowed_to_somebody() -> None:
    assert set(ALLOWED) == set(Action)
