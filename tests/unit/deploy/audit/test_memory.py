"""What the auditor remembers, and what it does without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.audit.lane import Lane
from deploy.audit.memory import Memory, Post, remembered
from shared.bus import AGAIN_OF
from shared.contracts.event import Speaker
from shared.streams import Kept
from tests.unit.build import MONDAY


def kept(sequence: int, subject: str, **headers: Any) -> Kept:
    return Kept(sequence, subject, "", MONDAY, headers, b"")


def answer(sequence: int, number: int, subject: str = "again.router.issue.raised.v1") -> Kept:
    return Kept(sequence, subject, "", MONDAY, {AGAIN_OF: str(number)}, b"")


def test_a_letter_is_open_until_it_is_said_again_or_settled() -> None:
    post = Post()

    post.read_letters([kept(1, "dead.router.x.v1"), kept(2, "dead.notifier.y.v1"), answer(3, 1)])
    assert post.letters.open == {2}
    post.read_letters([answer(4, 2, "again.nobody.y.v1")])

    assert (post.letters.open, post.letters.sequence) == (set(), 4)


def test_a_wake_up_of_the_auditor_answers_no_letter() -> None:
    post = Post()

    post.read_letters([kept(1, "dead.router.x.v1"), kept(2, "again.router.issue.due.v1")])

    assert post.letters.open == {1}


def test_what_is_saved_is_remembered(tmp_path: Path) -> None:
    memory = Memory({Speaker.ROUTER: Lane({"ROUTER": "e"}, MONDAY, "a", {"ROUTER": 7})})
    memory.post.read_letters([kept(1, "dead.router.x.v1")])
    memory.post.read_advisories(
        [kept(4, "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ROUTER.router")]
    )
    memory.full_at = MONDAY

    memory.save(tmp_path / "audit.json")

    assert remembered(tmp_path / "audit.json") == memory


@pytest.mark.parametrize("text", ["", "[]", '{"lanes": {"nobody": {}}}', '{"lanes": {}}'])
def test_what_can_not_be_read_is_proven_anew(text: str, tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    file.write_text(text)

    assert remembered(file) == Memory()
    assert remembered(tmp_path / "none.json") == remembered(None) == Memory()
