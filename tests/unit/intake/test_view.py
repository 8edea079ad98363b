"""An issue as somebody may see it, in their language."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from services.intake import view as views
from services.intake.store import Happening, View
from services.intake.view import Eyes, Names, Owner, Seen, see
from shared.contracts.issue import (
    AssignedBecause,
    Considered,
    DeclineReason,
    NotChosen,
    Reasons,
    Refusal,
    State,
    Step,
)
from shared.contracts.organisation import Language
from shared.language import words
from tests.unit import build
from tests.unit.build import CUSTOMER, HOUR, ISSUE_ID, MONDAY

ORGANISATION = build.organisation()
EN, JA = words("en"), words("ja")
JAPANESE = re.compile("[ぁ-ヿ一-鿿]")
REN = Owner("ren", "Ren", "product", "Product")
DECIDE_BY = MONDAY + HOUR


def view(**said: Any) -> View:
    usual: dict[str, Any] = {
        "issue_id": ISSUE_ID,
        "reference": "7K3M-9QWX",
        "version": 1,
        "state": State.ASSIGNED,
        "summary": "It does not start",
        "description": "I pressed the button.",
        "reporter_id": CUSTOMER,
        "language": "en",
        "raised_at": MONDAY,
        "snapshot": build.snapshot().model_dump_json(),
        "reasons": Reasons(team_id="product", expected_hours=6.2).model_dump_json(),
        "because": AssignedBecause.NEW,
    }
    return View(**(usual | said))


def happened(subject: str, actor_id: str | None = None, **said: Any) -> Happening:
    return Happening(
        event_id="event",
        issue_id=ISSUE_ID,
        version=2,
        subject=f"issue.{subject}.v1",
        occurred_at=MONDAY + HOUR,
        cause_id="cause",
        actor_id=actor_id,
        said=said,
    )


def seen(
    issue: View | None = None,
    *history: Happening,
    eyes: Eyes = Eyes.INSIDE,
    language: Language = "en",
) -> Seen:
    return see(issue or view(), history, ORGANISATION, eyes, words(language), DECIDE_BY)


def told(happening: Happening, eyes: Eyes = Eyes.INSIDE) -> str | None:
    """The line of the history, or None where these eyes see none."""
    lines = seen(None, happening, eyes=eyes).history[1:]
    return lines[0].text if lines else None


# The issue


def test_an_issue_shows_its_state_its_owner_and_what_comes_next() -> None:
    found = seen()

    assert found.state_text == "Has an owner"
    assert found.owner == REN
    assert found.next_step_text == "Ren says whether they take it"
    assert found.next_step_at == MONDAY + 5 * HOUR
    assert (found.summary, found.description) == ("It does not start", "I pressed the button.")


def test_an_undecided_issue_has_a_next_step_and_a_time_as_well() -> None:
    """The page that says "received" comes before the router has decided."""
    found = seen(view(version=0, state=State.RECEIVED, snapshot=None, reasons=None, because=None))

    assert (found.next_step, found.next_step_at) == (Step.ASSIGN, DECIDE_BY)
    assert found.next_step_text == "Banso finds the right person"
    assert found.owner is None
    assert (found.why, found.why_not, found.reminders) == ("", (), 0)


def test_a_closed_issue_has_nothing_more_due() -> None:
    closed = build.snapshot(state=State.CLOSED, next_step=None, next_step_at=None)

    found = seen(view(state=State.CLOSED, snapshot=closed.model_dump_json()))

    assert found.next_step is None
    assert found.next_step_text == "Nothing more is due."


def test_the_history_begins_with_the_receipt() -> None:
    first = seen().history[0]

    assert (first.at, first.event, first.text) == (MONDAY, "received", "Received.")


def test_the_carrier_sees_how_often_banso_asked() -> None:
    snapshot = build.snapshot(reminders=3)

    assert seen(view(snapshot=snapshot.model_dump_json())).reminders == 3


def test_eyes_outside_see_no_reasons() -> None:
    others = (Considered(person_id="sho", reason=NotChosen.OVERLOADED),)
    reasons = Reasons(team_id="product", expected_hours=6, others=others).model_dump_json()

    inside, outside = seen(view(reasons=reasons)), seen(view(reasons=reasons), eyes=Eyes.OUTSIDE)

    assert inside.why
    assert inside.why_not == ("Sho: has too much in hand already",)
    assert (outside.why, outside.why_not) == ("", ())


def test_an_owner_who_left_is_still_somebody() -> None:
    snapshot = build.snapshot(owner_id="left", team_id=None)

    found = seen(view(snapshot=snapshot.model_dump_json()))

    assert found.owner == Owner("left", "Somebody outside", None, "")


def test_an_owner_without_a_team_of_the_issue_shows_their_own() -> None:
    snapshot = build.snapshot(team_id=None)

    found = seen(view(snapshot=snapshot.model_dump_json()))

    assert found.owner == REN


# Names


def test_people_teams_and_causes_are_named_in_the_readers_language() -> None:
    english, japanese = Names(ORGANISATION, EN), Names(ORGANISATION, JA)

    assert (english.name("ren"), japanese.name("ren")) == ("Ren", "ren（和）")
    assert (english.person("ren"), japanese.person("ren")) == ("Ren", "ren（和）さん")
    assert (english.team("product"), japanese.team("product")) == ("Product", "Product（和）")
    assert english.cause("fault") == "A fault"


def test_what_is_not_known_has_a_name_too() -> None:
    names = Names(ORGANISATION, EN)

    assert (names.name(CUSTOMER), names.name(None)) == ("Somebody outside", "Banso")
    assert (names.team("gone"), names.team(None)) == ("", "")
    assert (names.cause("gone"), names.cause(None)) == ("gone", "")


def test_nobody_outside_is_made_polite() -> None:
    assert not Names(ORGANISATION, JA).person(CUSTOMER).endswith("さん")


def test_an_id_may_be_a_teams_or_a_persons() -> None:
    names = Names(ORGANISATION, EN)

    assert (names.anybody("product"), names.anybody("ren")) == ("Product", "Ren")


# Every word of a closed set


def _all(language: Language) -> list[str]:
    _ = words(language)
    names = Names(ORGANISATION, _)
    considered = tuple(
        Considered(person_id="sho", reason=reason, expected_hours=4) for reason in NotChosen
    )
    return [
        *(views.state_text(state, _) for state in State),
        *(views.next_step_text(step, REN, _) for step in (*Step, None)),
        *(views.why(because, Reasons(), REN, _) for because in AssignedBecause),
        views.why(None, Reasons(over_capacity=True), REN, _),
        views.why(None, Reasons(expected_hours=2, answered_before=True), REN, _),
        views.why(None, Reasons(expected_hours=2), REN, _),
        *views.why_not(Reasons(others=considered), names, _),
        *(views.decline_reason_text(reason, _) for reason in DeclineReason),
        *(views.refusal_text(refusal, REN, _) for refusal in Refusal),
        *(views.refusal_text(refusal, None, _) for refusal in Refusal),
    ]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_state_step_reason_and_refusal_has_words(language: Language) -> None:
    for text in _all(language):
        assert text
        assert "%(" not in text
        assert bool(JAPANESE.search(text)) == (language == "ja")


@pytest.mark.parametrize(
    ("because", "reasons", "sentence"),
    [
        (AssignedBecause.NEW, Reasons(), "Ren looks after this."),
        (None, Reasons(), "Ren looks after this."),
        (
            AssignedBecause.NEW,
            Reasons(expected_hours=6.2),
            (
                "Of those in Product who can do it, Ren would be through with it first"
                " (about 6 working hours)."
            ),
        ),
        (
            AssignedBecause.LEFT,
            Reasons(expected_hours=6, answered_before=True),
            "Ren has answered you before and has time for it.",
        ),
        (
            AssignedBecause.ABSENCE,
            Reasons(over_capacity=True),
            "Nobody in Product can take more now, so Ren has it until somebody is free.",
        ),
        (
            AssignedBecause.LEADER,
            Reasons(expected_hours=6),
            "It had to move up, so Ren decides as the leader.",
        ),
        (
            AssignedBecause.DECLINED,
            Reasons(expected_hours=6),
            "The owner before said that it belongs to Ren.",
        ),
    ],
)
def test_why_it_is_this_owner_is_said_in_one_sentence(
    because: AssignedBecause | None, reasons: Reasons, sentence: str
) -> None:
    assert views.why(because, reasons, REN, EN) == sentence


def test_who_would_have_been_later_is_told_with_the_hours() -> None:
    others = (Considered(person_id="sho", reason=NotChosen.LATER, expected_hours=7.6),)

    told = views.why_not(Reasons(others=others), Names(ORGANISATION, EN), EN)

    assert told == ("Sho: about 8 working hours",)


def test_a_refusal_says_with_whom_the_issue_is() -> None:
    assert "It is with Ren now" in views.refusal_text(Refusal.OVERTAKEN, REN, EN)


# The history

BECAUSE = {
    AssignedBecause.NEW: "Given to Ren (Product).",
    AssignedBecause.HANDED_OVER: "Passed on to Ren (Product).",
    AssignedBecause.DECLINED: "Passed on to Ren (Product).",
    AssignedBecause.ABSENCE: "Given to Ren (Product), since the owner before is not there.",
    AssignedBecause.LEFT: "Given to Ren (Product), since the owner before is not there.",
    AssignedBecause.LEADER: "Ren (Product) decides now.",
    AssignedBecause.REOPENED: "Back with Ren (Product).",
    AssignedBecause.UNROUTABLE: "Banso could not decide, so Ren (Product) has it.",
}


@pytest.mark.parametrize("because", AssignedBecause)
def test_people_inside_read_who_had_it_and_others_only_that_it_has_begun(
    because: AssignedBecause,
) -> None:
    happening = happened("assigned", because=because, owner_id="ren", team_id="product")
    first = because in (AssignedBecause.NEW, AssignedBecause.UNROUTABLE)

    assert told(happening) == BECAUSE[because]
    assert told(happening, Eyes.OUTSIDE) == (
        "It has been given to the right place." if first else None
    )


def test_an_owner_without_a_team_is_named_alone() -> None:
    happening = happened("assigned", because=AssignedBecause.LEADER, owner_id="kai")

    assert told(happening) == "Kai decides now."


@pytest.mark.parametrize(
    ("happening", "inside", "outside"),
    [
        (happened("acknowledged", "ren"), "Ren has taken it.", "It is being worked on."),
        (
            happened("declined", "ren", reason=DeclineReason.NO_TIME, proposed="shipping"),
            "Ren: not mine (no time for it); proposes Shipping.",
            None,
        ),
        (happened("responded", "ren", text="Try this."), "Ren answered:", "Ren answered:"),
        (
            happened("reminded", step=Step.ANSWER, person_id="ren"),
            "Banso asked Ren again.",
            "Banso asked again for you.",
        ),
        (
            happened("reminded", step=Step.CONFIRM, person_id="emi"),
            "Banso asked whether it is solved.",
            "Banso asked whether it is solved.",
        ),
        (
            happened("escalated", step=Step.ANSWER, person_id="mio"),
            "Banso told Mio that it is late.",
            "Banso asked further up for you.",
        ),
        (
            happened("resolved", "ren", cause="fault"),
            "Ren says that it is solved (A fault).",
            "It is said to be solved.",
        ),
        (
            happened("closed", "emi", confirmed=True),
            "Confirmed as solved, and closed.",
            "Confirmed as solved, and closed.",
        ),
        (
            happened("closed", confirmed=False),
            "Closed, since nobody objected. It can be reopened.",
            "Closed, since nobody objected. It can be reopened.",
        ),
        (
            happened("reopened", CUSTOMER, text="Not yet."),
            "Reopened: it is not solved.",
            "Reopened: it is not solved.",
        ),
        (happened("imported", "ren", text="He is difficult."), "Ren wrote:", None),
        (happened("merged"), None, None),
    ],
)
def test_each_line_of_the_history_says_what_these_eyes_may_see(
    happening: Happening, inside: str | None, outside: str | None
) -> None:
    assert told(happening) == inside
    assert told(happening, Eyes.OUTSIDE) == outside


def test_a_persons_words_stand_in_the_history() -> None:
    line = seen(None, happened("responded", "ren", text="Try this.")).history[1]

    assert (line.event, line.words) == ("responded", "Try this.")
    assert line.at - MONDAY == timedelta(hours=1)
