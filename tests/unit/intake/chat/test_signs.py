"""What a reaction means depends on who gives it, and on how the issue stands."""

from __future__ import annotations

import pytest

from services.intake.chat.signs import Sign, meant, sign_of
from shared.contracts.issue import Action, State
from tests.unit import build


@pytest.mark.parametrize(
    ("key", "sign"),
    [
        ("✅", Sign.YES),
        ("👍", Sign.YES),
        ("👍🏽", Sign.YES),
        ("👍️", Sign.YES),
        ("✔️", Sign.YES),
        ("☑️", Sign.YES),
        ("❌", Sign.NO),
        ("👎🏿", Sign.NO),
        ("✖️", Sign.NO),
        ("🎉", None),
        ("✅✅", None),
        ("ok", None),
        ("", None),
        ("️", None),
    ],
)
def test_only_plain_signs_ask_for_something(key: str, sign: Sign | None) -> None:
    assert sign_of(key) is sign


@pytest.mark.parametrize(
    ("sign", "who", "state", "action"),
    [
        (Sign.YES, "owner", State.ASSIGNED, Action.ACKNOWLEDGE),
        (Sign.YES, "owner", State.ACKNOWLEDGED, None),
        (Sign.YES, "owner", State.RESOLVED, None),
        (Sign.YES, "carrier", State.ASSIGNED, None),
        (Sign.YES, "carrier", State.RESOLVED, Action.CONFIRM),
        (Sign.YES, "reporter", State.RESOLVED, Action.CONFIRM),
        (Sign.YES, "carrier", State.CLOSED, None),
        (Sign.YES, "somebody", State.RESOLVED, None),
        (Sign.NO, "owner", State.ASSIGNED, Action.DECLINE),
        (Sign.NO, "owner", State.ACKNOWLEDGED, Action.DECLINE),
        (Sign.NO, "owner", State.RESOLVED, None),
        (Sign.NO, "carrier", State.ACKNOWLEDGED, None),
        (Sign.NO, "carrier", State.RESOLVED, Action.REOPEN),
        (Sign.NO, "reporter", State.CLOSED, Action.REOPEN),
        (Sign.NO, "somebody", State.CLOSED, None),
    ],
)
def test_a_sign_means_what_its_giver_can_decide(
    sign: Sign, who: str, state: State, action: Action | None
) -> None:
    issue = build.snapshot(
        owner_id="owner", carrier_id="carrier", reporter_id="reporter", state=state
    )

    assert meant(sign, issue, who) is action
