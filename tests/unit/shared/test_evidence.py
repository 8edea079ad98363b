"""A figure of isolation explains itself in words."""

from __future__ import annotations

import pytest

from shared.contracts.metrics import Evidence, Move
from shared.evidence import sentences, summary
from tests.unit import build

COMPANY = build.organisation()
WAITING = Evidence(move=Move.WAITING, team_id="product", count=4, of=6, weight=2.4)
DECLINED = Evidence(move=Move.DECLINED, team_id="product", count=2, weight=1.3)
ANSWERED = Evidence(move=Move.ANSWERED, team_id="shipping", count=1, weight=-0.9)


def test_a_line_names_each_team_once_and_keeps_together_what_is_about_it() -> None:
    assert summary([WAITING, ANSWERED, DECLINED], COMPANY, "en") == (
        "4 of 6 questions to Product unanswered for longer than usual; declined 2 times; "
        "answered once (Shipping)"
    )


def test_the_same_line_in_japanese() -> None:
    assert summary([WAITING, DECLINED, ANSWERED], COMPANY, "ja") == (
        "Product（和）への質問6件のうち4件がいつもより長く返事待ち、"
        "「担当ではない」との返事が2回、回答が1回（Shipping（和））"
    )


def test_each_sentence_stands_for_itself() -> None:
    assert sentences([WAITING, DECLINED], COMPANY, "en") == [
        "4 of 6 questions to Product unanswered for longer than usual",
        "declined 2 times (Product)",
    ]


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_move_has_words_with_and_without_a_team(move: Move, language: str) -> None:
    said = Evidence(move=move, team_id="sales", count=3, weight=1)
    unplaced = said.model_copy(update={"team_id": None})

    (with_team,) = sentences([said], COMPANY, "ja" if language == "ja" else "en")
    (without,) = sentences([unplaced], COMPANY, "ja" if language == "ja" else "en")

    assert "Sales" in with_team
    assert "Sales" not in without
    assert "3" in without


def test_a_team_that_is_gone_or_not_known_yet_is_not_named() -> None:
    gone = WAITING.model_copy(update={"team_id": "gone"})

    assert summary([gone], COMPANY, "en") == "4 of 6 questions unanswered for longer than usual"
    assert summary([WAITING], None, "en") == "4 of 6 questions unanswered for longer than usual"


def test_nothing_is_said_where_there_is_nothing() -> None:
    assert summary([], COMPANY, "en") == ""
