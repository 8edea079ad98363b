"""Slack's windows fit what Slack documents, however large the company is."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from services.intake.chat import window
from services.intake.chat.window import MOST_BLOCKS, MOST_PEOPLE, Asking, Offered
from services.intake.web.choices import Team, reasons, waits
from services.intake.web.offers import button_text, offer
from shared.channels import ASKED_FIRST
from shared.contracts.issue import Action
from shared.contracts.organisation import Language
from shared.language import words
from tests.slack import CONTRACT

FITS = jsonschema_rs.validator_for(CONTRACT["view"]).validate
PAGE = "https://banso.example.com/a/x"
TEAMS = [
    Team(f"team{n}", "営業部" * 30, [(f"person{n}-{m}", "長い名前" * 30) for m in range(150)])
    for n in range(120)
]


def asking(action: Action, language: Language, **said: Any) -> Asking:
    found = offer(action, words(language))
    assert found is not None
    return Asking(found, found.explanation % {"name": "ren"}, PAGE, **said)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("action", sorted(ASKED_FIRST))
def test_every_window_fits(action: Action, language: Language) -> None:
    _ = words(language)
    everything = asking(
        action,
        language,
        reasons=reasons(_),
        causes=[(f"cause{n}", "原因" * 60) for n in range(150)],
        teams=TEAMS,
        turns=[("rota", "Rota")],
        waits=waits(_),
        ends=[("tomorrow", "Until tomorrow")],
        days=True,
        proposed="person1-1",
    )

    shown = window.window(everything, action, "{}", _)

    FITS(shown)
    assert shown["submit"]["text"] == everything.offer.button


def test_people_are_as_many_as_there_is_room_for_and_the_page_has_all() -> None:
    shown = window.window(
        asking(Action.HAND_OVER, "en", teams=TEAMS), Action.HAND_OVER, "", words("en")
    )

    (chosen,) = (one for one in shown["blocks"] if one.get("block_id") == "proposed")
    groups = chosen["element"]["option_groups"]
    assert 0 < sum(len(group["options"]) for group in groups) <= MOST_PEOPLE
    assert PAGE in str(shown["blocks"][-1])


def test_a_person_is_asked_for_help_and_no_team() -> None:
    shown = window.window(asking(Action.ASK, "en", teams=TEAMS), Action.ASK, "", words("en"))

    assert "'team0'" not in str(shown)
    assert "'person0-0'" in str(shown)


@pytest.mark.parametrize(
    ("action", "there", "name"),
    [
        (Action.SNOOZE, ("when", "day", "text"), "day"),
        (Action.DECLINE, ("reason", "proposed"), "reason"),
        (Action.ANSWER, ("text",), "text"),
        (Action.RESOLVE, ("cause", "text"), "text"),
    ],
)
def test_a_mistake_stands_below_an_input_that_is_there(
    action: Action, there: tuple[str, ...], name: str
) -> None:
    said = window.mistaken("Please choose.", action, there)

    assert said == {"response_action": "errors", "errors": {name: "Please choose."}}


def test_what_was_done_stands_where_the_buttons_were() -> None:
    blocks = [{"type": "header"}, {"type": "actions", "block_id": "b"}, {"type": "context"}]
    _ = words("en")
    buttons = [
        Offered(one, button_text(one, _), PAGE)
        for one in (Action.UNDO, Action.DECLINE, Action.LINK)
    ]

    now = window.instead_of(blocks, "b", window.told("Done <!here>", buttons))

    assert [one["type"] for one in now] == ["header", "section", "actions", "context"]
    assert "&lt;!here&gt;" in str(now[1])
    assert ["url" in one for one in now[2]["elements"]] == [False, False, True]
    assert window.told("Done", [])[-1]["type"] == "section"


def test_a_full_message_loses_its_end_and_not_what_was_done() -> None:
    full = [{"type": "section", "block_id": str(n)} for n in range(MOST_BLOCKS)]
    told = window.told("Done", [Offered(Action.UNDO, "Undo", PAGE)])

    now = window.instead_of(full, "7", told)

    assert len(now) == MOST_BLOCKS
    assert now[-2:] == told
