"""What no rule places goes to whoever sorts it, and Banso learns where such things belong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, page_text, running, until

TASTES = ("bitter", "sour", "salty", "stale", "burnt", "sweet", "bland", "soapy", "chalky", "musty")
PLACES = ("hall", "lab", "shop", "yard", "cellar", "attic", "porch", "depot", "office", "garage")


@pytest.fixture
def banso(tmp_path: Path) -> Iterator[Installation]:
    """More is told here than a test cares to read."""
    with running(tmp_path, expecting=False) as installation:
        yield installation


def test_a_correction_is_learned_and_the_next_one_finds_its_way(banso: Installation) -> None:
    tea = [f"Our tea is {one} and tastes of metal, the cup too" for one in TASTES]
    light = [f"The backlight in the {one} flickers at night" for one in PLACES]
    for tea_text, light_text in zip(tea, light, strict=True):
        sort(banso, tea_text, "success")
        sort(banso, light_text, "production")
    banso.quieten()

    banso.advance("61m")
    until(lambda: "suggestion.in_force" in banso.log("router"), "history is learned from")
    tea_again = raised(banso, "Metal again: the tea tastes of it")
    light_again = raised(banso, "At night the backlight flickers again")

    assert tea_again["owner"]["team"] == "success"
    assert light_again["owner"]["team"] == "production"


def test_the_button_of_a_guess_proposes_its_team(banso: Installation) -> None:
    raised(banso, "Who makes the videos?")
    asked = banso.expect("nguyen", "Please say where it belongs")
    (button,) = (line for line in asked.text.splitlines() if line.startswith("→ Manuals"))

    page = banso.browser.get(asked.link(button.removesuffix(":")))
    answer = banso.submit(page)

    assert "Proposed: Manuals" in page_text(page.text)
    assert answer.status_code == 200
    assert banso.issue(asked.reference)["owner"]["team"] == "manuals"


def sort(banso: Installation, summary: str, team: str) -> None:
    """It goes to the triage person, whose one click is no move."""
    issue = raised(banso, summary)
    assert issue["owner"]["id"] == "nguyen"
    wish = {"action": "hand_over", "person": "nguyen", "proposed": team}
    moved = banso.api.post(f"/issues/{issue['reference']}/actions", json=wish)
    assert moved.status_code == 200, moved.text
    assert moved.json()["owner"]["team"] == team


def raised(banso: Installation, summary: str) -> Any:
    """An issue that neither a rule nor a category places, once it has an owner."""
    reference = banso.raise_issue(summary=summary, description=summary, category=None)
    return until(
        lambda: issue if (issue := banso.issue(reference)).get("owner") else None,
        "it has an owner",
    )
