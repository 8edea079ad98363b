"""An issue as somebody may see it, in their language."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.intake import names as naming
from services.intake import reasons as reasoning
from services.intake import view as views
from services.intake.history import Eyes
from services.intake.names import Names, Owner
from services.intake.reasons import Why
from services.intake.store import Happening, View
from services.intake.view import Seen, may_see, see
from shared.contracts.issue import (
    AssignedBecause,
    Considered,
    DeclineReason,
    Guess,
    NotChosen,
    Reasons,
    Refusal,
    State,
    Step,
    WaitingFor,
)
from shared.contracts.organisation import Language
from shared.contracts.router import ResumedBecause
from shared.language import words
from tests.unit import build
from tests.unit.build import CUSTOMER, HOUR, ISSUE_ID, MONDAY

ORGANISATION = build.organisation()
EN, JA = words("en"), words("ja")
JAPANESE = re.compile("[ぁ-ヿ一-鿿]")
REN = Owner("ren", "Ren", "product", "Product")
DECIDE_BY = MONDAY + HOUR
NEW = AssignedBecause.NEW


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
    **more: Any,
) -> Seen:
    """On Monday at eleven."""
    return see(
        issue or view(),
        history,
        ORGANISATION,
        eyes,
        words(language),
        DECIDE_BY,
        now=MONDAY + 2 * HOUR,
        **more,
    )


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
    assert (found.why, found.reminders) == (Why(), 0)


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

    assert inside.why.sentence
    assert inside.why.others == ("Sho: has much in hand already",)
    assert outside.why == Why()


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
        Considered(
            person_id="sho", reason=reason, expected_hours=4, in_hand_hours=60, open_issues=9
        )
        for reason in NotChosen
    )
    return [
        *(naming.state_text(state, _) for state in State),
        *(views.next_step_text(step, REN, _) for step in (*Step, None)),
        *(views.next_step_text(Step.WAIT, REN, _, waiting_for=one) for one in WaitingFor),
        views.next_step_text(Step.WAIT, REN, _, is_yours=False),
        *(naming.waiting_text(one, _) for one in WaitingFor),
        *(reasoning.why(because, Reasons(), REN, _) for because in AssignedBecause),
        reasoning.why(NEW, Reasons(over_capacity=True), REN, _),
        reasoning.why(NEW, Reasons(expected_hours=2, answered_before=True), REN, _),
        reasoning.why(NEW, Reasons(expected_hours=2), REN, _),
        reasoning.why(NEW, Reasons(named=True), REN, _),
        reasoning.why(NEW, Reasons(named=True, schedule="night"), REN, _),
        reasoning.why(
            AssignedBecause.ABSENCE, Reasons(named=True, substitute_for_id="sho"), REN, _
        ),
        *(reasoning.why_not(one, names, _) for one in considered),
        *(reasoning.why_not(one, names, _, tied=True) for one in considered),
        *(reasoning.why_not(one, names, _, with_figures=True) for one in considered),
        *(
            reasoning.override_text(Reasons(chosen=one), _)
            for one in considered
            if one.reason not in (NotChosen.CHOSEN, NotChosen.LATER)
        ),
        *(naming.decline_reason_text(reason, _) for reason in DeclineReason),
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
            "Ren has answered the same person before and has time for it.",
        ),
        (
            AssignedBecause.NEW,
            Reasons(expected_hours=12, named=True, rota="duty"),
            "Ren is on duty, and so has it.",
        ),
        (
            AssignedBecause.NEW,
            Reasons(expected_hours=12, named=True, rule="VIP"),
            "The rule that fired names Ren.",
        ),
        (
            AssignedBecause.ABSENCE,
            Reasons(expected_hours=12, named=True, substitute_for_id="sho"),
            "Ren stands in for somebody who is away.",
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
        (AssignedBecause.TAKEN, Reasons(), "Ren has taken it over."),
    ],
)
def test_why_it_is_this_owner_is_said_in_one_sentence(
    because: AssignedBecause, reasons: Reasons, sentence: str
) -> None:
    assert reasoning.why(because, reasons, REN, EN, with_figures=True) == sentence


@pytest.mark.parametrize(("language", "later"), [("en", "later"), ("ja", "後になります")])
def test_nobody_is_called_later_who_would_be_through_with_it_as_soon(
    language: Language, later: str
) -> None:
    others = (Considered(person_id="sho", reason=NotChosen.LATER, expected_hours=6.21),)
    reasons = Reasons(team_id="product", expected_hours=6.2, others=others)

    why = seen(view(reasons=reasons.model_dump_json()), language=language, person_id="emi").why

    assert "6" not in (said := f"{why.sentence} {why.others}")
    assert later not in said
    assert {"en": "it is Ren's turn", "ja": "順番で"}[language] in why.sentence


@pytest.mark.parametrize(
    ("reader", "sees_own", "sees_shos"),
    [("ren", True, False), ("sho", False, True), ("kai", True, True), ("emi", False, False)],
)
def test_figures_about_a_person_are_for_that_person_and_the_leader(
    reader: str, *, sees_own: bool, sees_shos: bool
) -> None:
    """METRICS.md, promise 8: people see their own figures."""
    others = (Considered(person_id="sho", reason=NotChosen.LATER, expected_hours=7.6),)
    reasons = Reasons(team_id="product", expected_hours=6.2, others=others)

    why = seen(view(reasons=reasons.model_dump_json()), person_id=reader).why

    assert ("about 6 working hours" in why.sentence) == sees_own
    assert (why.others == ("Sho: about 8 working hours",)) == sees_shos
    assert (why.others == ("Sho: would get to it later",)) != sees_shos


@pytest.mark.parametrize(
    ("because", "reasons", "category", "how"),
    [
        (NEW, Reasons(team_id="product", rule="VIP"), None, ["The rule “VIP” fired."]),
        (
            NEW,
            Reasons(team_id="product", considered=3),
            "broken",
            ["Issues of the kind “Broken” go to Product.", "3 people were looked at."],
        ),
        (
            NEW,
            Reasons(team_id="product"),
            "odd",
            ["No rule and no kind of problem names another team than Product."],
        ),
        (
            NEW,
            Reasons(
                team_id="shipping",
                guesses=(Guess(team_id="shipping", probability=0.913),),
                guessed=True,
            ),
            None,
            ["Earlier issues like this went to Shipping (probability 91%)."],
        ),
        (
            AssignedBecause.TRIAGE,
            Reasons(
                guesses=(
                    Guess(team_id="shipping", probability=0.5),
                    Guess(team_id="product", probability=0.3),
                )
            ),
            None,
            ["It fits best: Shipping 50%, Product 30%."],
        ),
        (
            NEW,
            Reasons(team_id="shipping", rota="gone", schedule="night", named=True),
            None,
            ["It is their turn in “gone”.", "“night” says who has it at this time."],
        ),
        (
            NEW,
            Reasons(team_id="shipping", rota="gone"),
            None,
            ["Nobody of “gone” can have it."],
        ),
        (
            AssignedBecause.ABSENCE,
            Reasons(team_id="product", substitute_for_id="sho", language_waived=True),
            None,
            [
                "They stand in for Sho, who is away.",
                "Nobody in Product works in the language of the issue.",
            ],
        ),
        (
            AssignedBecause.HANDED_OVER,
            Reasons(chosen=Considered(person_id="ren", reason=NotChosen.AWAY)),
            None,
            ["Decided by hand, in spite of this: they are not here within a working day."],
        ),
        (
            AssignedBecause.LEADER,
            Reasons(chosen=Considered(person_id="ren", reason=NotChosen.OVERLOADED)),
            None,
            ["As the leader they have it in spite of this: they have much in hand already."],
        ),
        (
            AssignedBecause.HANDED_OVER,
            Reasons(chosen=Considered(person_id="ren", reason=NotChosen.CHOSEN)),
            None,
            [],
        ),
    ],
)
def test_what_led_to_this_owner_is_told_in_full(
    because: AssignedBecause, reasons: Reasons, category: str | None, how: list[str]
) -> None:
    snapshot = build.snapshot(category=category).model_dump_json()

    why = seen(view(snapshot=snapshot, reasons=reasons.model_dump_json(), because=because)).why

    assert list(why.how) == how


def test_nothing_speaks_against_whoever_was_simply_chosen() -> None:
    chosen = Considered(person_id="ren", reason=NotChosen.CHOSEN)

    assert reasoning.override_text(Reasons(chosen=chosen), EN) == ""


# What belongs together


def test_what_belongs_together_is_shown_to_whoever_may_see_it() -> None:
    main = view(issue_id="main", reference="AAAA-2222", summary="The battery", owner_id="sho")
    theirs = build.snapshot(owner_id="yui", confidential=True).model_dump_json()
    secret = view(issue_id="part", parent_id=ISSUE_ID, confidential=True, snapshot=theirs)
    own = view(merged_into="main")

    family = seen(own, relatives=(main, secret), person_id="ren").family

    assert family.main is not None
    assert (family.main.reference, family.main.owner) == ("AAAA-2222", "Sho")
    assert (family.problem, family.same, family.parts) == (None, (), ())
    assert seen(own, relatives=(main,), eyes=Eyes.OUTSIDE).family.all == ()


def test_a_problem_shows_its_parts_and_what_is_the_same() -> None:
    part, same = view(issue_id="part", parent_id=ISSUE_ID), view(issue_id="s", merged_into=ISSUE_ID)

    family = seen(view(), relatives=(part, same)).family

    assert [one.issue_id for one in family.parts] == ["part"]
    assert [one.issue_id for one in family.same] == ["s"]


def test_a_helper_sees_a_confidential_issue() -> None:
    snapshot = build.snapshot(confidential=True, helper_ids=["sho"]).model_dump_json()
    secret = view(confidential=True, snapshot=snapshot)

    assert may_see(secret, "sho", ORGANISATION)
    assert not may_see(secret, "yui", ORGANISATION)
    assert seen(secret).helpers == ("Sho",)


# Stations


def test_each_owners_time_is_told_in_working_time_with_the_waits() -> None:
    """Sho has it from 9 to 10; Ren from 10 on, and waits from 10:30 to 11."""
    first = happened("assigned", because=NEW, owner_id="sho", team_id="product")
    history = (
        replace(first, occurred_at=MONDAY),
        happened("assigned", because=AssignedBecause.DECLINED, owner_id="ren"),
        replace(happened("waiting", "ren", text="?"), occurred_at=MONDAY + HOUR * 1.5),
    )

    found = seen(None, *history)

    assert [(one.owner_id, one.sat, one.waited) for one in found.stations] == [
        ("sho", HOUR, timedelta()),
        ("ren", HOUR, HOUR / 2),
    ]
    assert found.stations[1].until is None
    assert found.under_way == 2 * HOUR
    assert seen(None, *history, eyes=Eyes.OUTSIDE).stations == ()


def test_what_is_reopened_begins_a_new_station_of_the_same_owner() -> None:
    def at(hours: float, happening: Happening) -> Happening:
        return replace(happening, occurred_at=MONDAY + hours * HOUR)

    history = (
        at(0, happened("assigned", because=NEW, owner_id="ren")),
        at(0.25, happened("waiting", "ren", text="?")),
        at(0.5, happened("resumed", because="answered")),
        at(1, happened("resolved", "ren", cause="fault")),
        at(1.5, happened("reopened", "emi")),
    )

    found = seen(None, *history).stations

    assert [(one.owner_id, one.sat, one.waited) for one in found] == [
        ("ren", HOUR, HOUR / 4),
        ("ren", HOUR / 2, timedelta()),
    ]


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(minutes=59), "less than an hour"),
        (HOUR, "one working hour"),
        (7.9 * HOUR, "one working day"),
        (11 * HOUR, "one working day 3 working hours"),
        (41 * HOUR, "5 working days"),
    ],
)
def test_a_span_is_told_as_people_say_it(span: timedelta, text: str) -> None:
    assert naming.span_text(span, EN) == text


def test_what_is_asked_is_shown_while_it_waits() -> None:
    waiting = view(snapshot=build.snapshot(waiting_for=WaitingFor.CARRIER).model_dump_json())
    asked = happened("waiting", "ren", text="Which serial number?", waiting_for="carrier")

    assert seen(waiting, asked).asked == "Which serial number?"
    assert seen(waiting).asked == ""
    assert seen(None, asked).asked == ""


def test_each_time_that_banso_asked_is_there_to_be_unfolded() -> None:
    history = (
        happened("reminded", step=Step.ANSWER, person_id="ren"),
        happened("responded", "ren", text="Soon."),
        happened("escalated", step=Step.ANSWER, person_id="mio"),
    )

    assert [one.event for one in seen(None, *history).chased] == ["reminded", "escalated"]


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
    AssignedBecause.TAKEN: "Taken over by Ren (Product).",
    AssignedBecause.RETURNED: "Back with Ren (Product), who is here again.",
    AssignedBecause.DRAINED: "Given to Ren (Product), who has time for it now.",
    AssignedBecause.TRIAGE: ("Given to Ren (Product) to sort: nobody could tell where it belongs."),
}


@pytest.mark.parametrize("because", AssignedBecause)
def test_people_inside_read_who_had_it_and_others_only_that_it_has_begun(
    because: AssignedBecause,
) -> None:
    happening = happened("assigned", because=because, owner_id="ren", team_id="product")
    first = because in (NEW, AssignedBecause.UNROUTABLE, AssignedBecause.TRIAGE)

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
        (
            happened("reminded", step=Step.ANSWER, person_id="ren", before=True),
            "Banso reminded Ren beforehand.",
            "Banso asked again for you.",
        ),
        (
            happened("escalated", step=Step.ANSWER, person_id="mio", because="reopened"),
            "Banso told Mio that it was reopened again.",
            "Banso asked further up for you.",
        ),
        (
            happened("escalated", step=Step.RESOLVE, person_id="mio", because="promise"),
            "Banso told Mio that a promised day was moved.",
            "Banso asked further up for you.",
        ),
        (happened("helped", "ren", helper_id="sho"), "Ren asked Sho for help.", None),
        (
            happened("snoozed", "ren", until="2026-06-03T00:00:00+00:00", text="Parts"),
            "Ren put it off until Wed 3 Jun, 09:00:",
            "It is put off until Wed 3 Jun, 09:00.",
        ),
        (
            happened("waiting", "ren", waiting_for="customer", text="Which number?"),
            "Ren asks, and the clock stands still until the customer answers:",
            "It waits for an answer to this:",
        ),
        (
            happened("resumed", "ren", because="asked"),
            "Ren lets it go on.",
            "It goes on.",
        ),
        (
            happened("promised", "ren", promised_at="2026-06-03T09:00:00+00:00"),
            "Ren says that it will be solved by Wed 3 Jun, 18:00.",
            "Ren says that it will be solved by Wed 3 Jun, 18:00.",
        ),
        (
            happened(
                "promised",
                "ren",
                promised_at="2026-06-04T09:00:00+00:00",
                previously_at="2026-06-03T09:00:00+00:00",
            ),
            (
                "Ren says that it will be solved by Thu 4 Jun, 18:00;"
                " before it was Wed 3 Jun, 18:00."
            ),
            (
                "Ren says that it will be solved by Thu 4 Jun, 18:00;"
                " before it was Wed 3 Jun, 18:00."
            ),
        ),
        (
            happened("lapsed"),
            "Nothing has happened for a while, so it counts as not taken.",
            None,
        ),
        (
            happened("postponed"),
            "The next step is due at another time: chasing rested, or working hours changed.",
            None,
        ),
        (
            happened("merged", "ren", into_reference="AAAA-2222"),
            "Ren says that it is the same as AAAA-2222. It goes on there.",
            "It is the same as another issue and goes on there. You hear what comes of it.",
        ),
        (
            happened("linked", "ren", parent_reference="AAAA-2222"),
            "Ren says that it is part of the problem AAAA-2222, solved once for all.",
            "It is part of a problem that is solved for several at once.",
        ),
        (
            happened("separated", "emi", from_reference="AAAA-2222"),
            "Emi separated it from AAAA-2222. It stands for itself again.",
            "It stands for itself again.",
        ),
        (happened("unheard-of"), None, None),
    ],
)
def test_each_line_of_the_history_says_what_these_eyes_may_see(
    happening: Happening, inside: str | None, outside: str | None
) -> None:
    assert told(happening) == inside
    assert told(happening, Eyes.OUTSIDE) == outside


@pytest.mark.parametrize("because", ResumedBecause)
def test_why_it_goes_on_is_told_in_both_languages(because: ResumedBecause) -> None:
    line = happened("resumed", "ren", because=because)

    assert told(line)
    assert JAPANESE.search(seen(None, line, language="ja").history[1].text)


def test_why_it_was_put_off_is_for_people_inside() -> None:
    """The carrier reads it; a customer reads until when."""
    line = happened("snoozed", "ren", until="2026-06-03T00:00:00+00:00", text="The part is late.")

    assert seen(None, line).history[1].words == "The part is late."
    assert seen(None, line, eyes=Eyes.OUTSIDE).history[1].words is None


@pytest.mark.parametrize(
    "line",
    [
        happened("resolved", "ren", cause="fault", text="Ms Ito has it.", shared_from="other"),
        happened("promised", "ren", promised_at="2026-06-03T09:00:00+00:00", text="If Aoi helps."),
        happened("resumed", "ren", because="asked", text="He won't say."),
        happened("waiting", "ren", waiting_for="carrier", carrier_id="emi", text="Do they pay?"),
        happened("closed", "emi", confirmed=True, text="They were rude."),
        happened("reopened", "emi", text="They shout."),
        happened("merged", "ren", into_reference="AAAA-2222", text="As Ms Ito's."),
    ],
)
def test_what_was_written_among_colleagues_or_to_another_customer_stays_inside(
    line: Happening,
) -> None:
    inside, outside = seen(None, line), seen(None, line, eyes=Eyes.OUTSIDE)

    assert inside.history[1].words == line.said["text"]
    assert outside.history[1].words is None


@pytest.mark.parametrize(
    "line",
    [
        happened("responded", "ren", text="Dear Ms Ito", shared_from="other"),
        happened("responded", "ren", text="Rang.", elsewhere=True, said_by_id="emi"),
        happened("commented", "emi", text="They shout.", voice="carrier", standing="vouched"),
    ],
)
def test_a_customer_reads_no_words_that_were_not_written_to_them(line: Happening) -> None:
    customers = seen(None, line, eyes=Eyes.OUTSIDE).history[1:]

    assert seen(None, line).history[1].words == line.said["text"]
    assert all(one.words is None for one in customers)


def test_files_that_came_with_an_answer_to_another_customer_stay_inside() -> None:
    file = {"sha256": "a" * 64, "filename": "ito.pdf", "content_type": "application/pdf", "size": 1}
    line = happened("responded", "ren", text="Here", shared_from="other", attachments=[file])

    assert seen(None, line).files
    assert not seen(None, line, eyes=Eyes.OUTSIDE).files


def test_a_customer_reads_what_they_are_asked_and_not_what_their_carrier_is() -> None:
    def asked(waiting_for: WaitingFor) -> Seen:
        waiting = build.snapshot(
            waiting_for=waiting_for, next_step=Step.WAIT, reporter_id=CUSTOMER, carrier_id="emi"
        )
        question = happened("waiting", "ren", text="Which?", waiting_for=waiting_for)
        known = view(snapshot=waiting.model_dump_json())
        return seen(known, question, eyes=Eyes.OUTSIDE, person_id=CUSTOMER)

    theirs, carriers = asked(WaitingFor.CUSTOMER), asked(WaitingFor.CARRIER)

    assert (theirs.asked, theirs.history[1].words) == ("Which?", "Which?")
    assert theirs.next_step_text.startswith("You answer")
    assert (carriers.asked, carriers.history[1].words) == ("", None)
    assert carriers.history[1].text == "It waits for an answer from a colleague."
    assert carriers.next_step_text.startswith("A colleague answers")


def test_a_persons_words_stand_in_the_history() -> None:
    line = seen(None, happened("responded", "ren", text="Try this.")).history[1]

    assert (line.event, line.words) == ("responded", "Try this.")
    assert line.at - MONDAY == timedelta(hours=1)


@pytest.mark.parametrize(
    ("line", "reads"),
    [
        (happened("responded", "ren", text="Try this."), "Try this."),
        (happened("responded", "ren", text="For another.", shared_from="main"), None),
        (happened("resolved", "ren", text="For another.", shared_from="main"), None),
        (happened("waiting", "ren", text="Which?", waiting_for="customer"), "Which?"),
        (happened("waiting", "ren", text="Which?", waiting_for="carrier"), None),
        (happened("reopened", CUSTOMER, text="Still dark."), "Still dark."),
        (happened("reopened", "emi", text="They are angry."), None),
    ],
)
def test_a_customer_reads_what_is_written_to_them_and_by_them_and_no_other_words(
    line: Happening, reads: str | None
) -> None:
    shown = [one.words for one in seen(None, line, eyes=Eyes.OUTSIDE).history[1:] if one.words]

    assert shown == ([reads] if reads else [])
