"""What a person is told: the words, in their language, and the links on which they can act."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.notifier.message import Message, as_html, as_text, compose
from services.notifier.store import Delivery, Fate, Ready
from services.notifier.wording import LONGEST_QUOTE, Recipient
from shared.contracts.event import Event
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Reasons,
    Refusal,
    State,
    Step,
)
from shared.contracts.notifier import Channel, Reason, Relation
from shared.contracts.organisation import Language, Organisation
from shared.contracts.router import (
    ActionRefused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueDue,
    IssueEscalated,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
)
from shared.links import Link, Links, Purpose
from tests.unit import build
from tests.unit.build import CUSTOMER, ISSUE_ID, MONDAY

ORGANISATION = build.organisation()
LINKS = Links(["a key for tests"], "https://banso.example")
KANA = re.compile("[ぁ-ヿ]")


def said(**issue: Any) -> dict[str, Any]:
    return {"occurred_at": MONDAY, "issue_id": ISSUE_ID, "issue": build.snapshot(**issue)}


def assigned(because: AssignedBecause = AssignedBecause.NEW, **issue: Any) -> IssueAssigned:
    return IssueAssigned(**said(**issue), because=because, reasons=Reasons(), actor_id="sho")


def refused(refusal: Refusal) -> ActionRefused:
    return ActionRefused(
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        person_id="sho",
        action=Action.ANSWER,
        refusal=refusal,
        requested_at=MONDAY,
        issue=build.snapshot(),
    )


def tell(
    event: Event,
    reason: Reason,
    relation: Relation = Relation.OWNER,
    *,
    to: str = "ren",
    language: Language = "en",
    brought_in: str = "It does not start.",
    organisation: Organisation = ORGANISATION,
) -> Message:
    delivery = Delivery(
        delivery_id="delivery",
        fact_id="fact",
        issue_id=ISSUE_ID,
        person_id=to,
        relation=relation,
        reason=reason,
        channel=Channel.EMAIL,
        fate=Fate.PENDING,
        attempts=0,
        made_at=MONDAY,
        done_at=None,
        error=None,
        due_at=MONDAY,
        taken_at=None,
    )
    recipient = Recipient(to, to.capitalize(), f"{to}@example.com", language)
    ready = Ready(delivery, event, None, build.raised(description=brought_in))
    return compose(ready, recipient, organisation, LINKS, MONDAY)


def actions(message: Message) -> list[Link]:
    tokens = [button.url.rpartition("/a/")[2] for button in message.buttons]
    return [LINKS.read(Purpose.ACTION, token, MONDAY) for token in tokens]


def what(message: Message) -> list[Action | None]:
    return [link.action for link in actions(message)]


EVERY_REASON: list[tuple[Reason, Relation, Event]] = [
    (Reason.RECEIVED, Relation.REPORTER, assigned()),
    (Reason.RECEIVED_UNDECIDED, Relation.REPORTER, build.raised()),
    (Reason.YOURS, Relation.OWNER, assigned()),
    (Reason.NEW_OWNER, Relation.CARRIER, assigned(AssignedBecause.LEADER)),
    (Reason.NO_LONGER_YOURS, Relation.FORMER_OWNER, assigned(AssignedBecause.HANDED_OVER)),
    (Reason.TAKEN, Relation.CARRIER, IssueAcknowledged(**said(next_step=Step.ANSWER))),
    (
        Reason.ANSWER,
        Relation.CARRIER,
        IssueResponded(**said(next_step=Step.RESOLVE), text="Try this.", actor_id="ren"),
    ),
    (
        Reason.REMINDER,
        Relation.OWNER,
        IssueReminded(**said(), step=Step.ACKNOWLEDGE, person_id="ren"),
    ),
    (
        Reason.ESCALATION,
        Relation.LEAD,
        IssueEscalated(**said(), step=Step.ACKNOWLEDGE, person_id="mio"),
    ),
    (
        Reason.SOLVED,
        Relation.CARRIER,
        IssueResolved(**said(next_step=Step.CONFIRM), text="A new cable."),
    ),
    (Reason.CLOSED, Relation.CARRIER, IssueClosed(**said(next_step=None), confirmed=False)),
    (
        Reason.CONFIRMED,
        Relation.OWNER,
        IssueClosed(**said(next_step=None), confirmed=True, actor_id="emi"),
    ),
    (Reason.REOPENED, Relation.OWNER, IssueReopened(**said(), text="Not yet.", actor_id="emi")),
    (Reason.REFUSED, Relation.REQUESTER, refused(Refusal.NOT_NOW)),
]


def test_these_are_all_the_reasons_that_there_are() -> None:
    assert {reason for reason, _, _ in EVERY_REASON} == set(Reason)


@pytest.mark.parametrize(("reason", "relation", "event"), EVERY_REASON)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_reason_has_whole_words_in_both_languages(
    reason: Reason, relation: Relation, event: Event, language: Language
) -> None:
    message = tell(event, reason, relation, language=language)

    assert message.heading
    assert message.lines
    for words in (message.heading, *message.lines, *(button.words for button in message.buttons)):
        assert "%(" not in words
        assert bool(KANA.search(words)) == (language == "ja")


@pytest.mark.parametrize(("reason", "relation", "event"), EVERY_REASON)
def test_every_message_names_the_issue_and_shows_the_way_back_to_it(
    reason: Reason, relation: Relation, event: Event
) -> None:
    message = tell(event, reason, relation, to="emi")

    assert message.subject == f"[7K3M-9QWX] {message.heading}: It does not start"
    assert ("Reference", "7K3M-9QWX") in message.facts
    status = LINKS.read(Purpose.STATUS, message.status_url.rpartition("/s/")[2], MONDAY)
    inbox = LINKS.read(Purpose.INBOX, message.inbox_url.rpartition("/i/")[2], MONDAY)
    assert (status.issue_id, status.person_id) == (ISSUE_ID, "emi")
    assert inbox.person_id == "emi"


def test_buttons_are_bound_to_person_issue_and_assignment_and_the_first_is_the_main_one() -> None:
    message = tell(assigned(assignment=3), Reason.YOURS)

    assert {(link.person_id, link.issue_id, link.assignment) for link in actions(message)} == {
        ("ren", ISSUE_ID, 3)
    }
    assert [button.is_main for button in message.buttons] == [True, False, False, False]


def test_a_new_owner_can_take_answer_solve_or_decline_it() -> None:
    message = tell(assigned(), Reason.YOURS)

    assert what(message) == [Action.ACKNOWLEDGE, Action.ANSWER, Action.RESOLVE, Action.DECLINE]


def test_an_owner_who_has_taken_it_is_not_asked_whether_they_take_it() -> None:
    event = IssueReminded(**said(state=State.ACKNOWLEDGED), step=Step.ANSWER, person_id="ren")

    assert what(tell(event, Reason.REMINDER)) == [Action.ANSWER, Action.RESOLVE, Action.DECLINE]


def test_a_leader_hands_over_and_cannot_decline() -> None:
    message = tell(assigned(AssignedBecause.LEADER, owner_id="kai"), Reason.YOURS, to="kai")

    assert Action.HAND_OVER in what(message)
    assert Action.DECLINE not in what(message)


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        (Reason.SOLVED, IssueResolved(**said(next_step=Step.CONFIRM))),
        (
            Reason.REMINDER,
            IssueReminded(**said(next_step=Step.CONFIRM), step=Step.CONFIRM, person_id="emi"),
        ),
    ],
)
def test_a_carrier_can_say_solved_or_not_solved(reason: Reason, event: Event) -> None:
    message = tell(event, reason, Relation.CARRIER, to="emi")

    assert what(message) == [Action.CONFIRM, Action.REOPEN]
    assert any("it closes on" in line for line in message.lines)


def test_one_click_opens_again_what_has_closed() -> None:
    message = tell(IssueClosed(**said(), confirmed=False), Reason.CLOSED, to="emi")

    assert what(message) == [Action.REOPEN]


@pytest.mark.parametrize(
    "reason", [Reason.RECEIVED, Reason.NEW_OWNER, Reason.NO_LONGER_YOURS, Reason.TAKEN]
)
def test_who_has_nothing_to_do_gets_no_buttons(reason: Reason) -> None:
    assert tell(assigned(), reason).buttons == []


def test_a_stranger_is_received_before_anybody_has_the_issue() -> None:
    message = tell(build.raised(), Reason.RECEIVED_UNDECIDED, Relation.REPORTER, to=CUSTOMER)

    assert message.buttons == []
    assert message.facts == [("In short", "It does not start"), ("Reference", "7K3M-9QWX")]


def test_an_owner_reads_what_was_brought_in() -> None:
    assert tell(assigned(), Reason.YOURS, brought_in="Help!").quote == "Help!"


def test_what_was_brought_in_is_shortened_and_says_so() -> None:
    quote = tell(assigned(), Reason.YOURS, brought_in="a" * (LONGEST_QUOTE + 1)).quote

    assert quote == "a" * LONGEST_QUOTE + " …"
    assert tell(assigned(), Reason.YOURS, brought_in="a" * LONGEST_QUOTE).quote == (
        "a" * LONGEST_QUOTE
    )


@pytest.mark.parametrize(
    ("reason", "event", "quote"),
    [
        (Reason.ANSWER, IssueResponded(**said(), text="Try this."), "Try this."),
        (Reason.SOLVED, IssueResolved(**said(), text="A cable."), "A cable."),
        (Reason.SOLVED, IssueResolved(**said()), None),
        (Reason.REOPENED, IssueReopened(**said(), text="Not yet."), "Not yet."),
    ],
)
def test_a_persons_words_are_told_as_they_wrote_them(
    reason: Reason, event: Event, quote: str | None
) -> None:
    assert tell(event, reason).quote == quote


@pytest.mark.parametrize(
    ("because", "words"),
    [
        (AssignedBecause.NEW, "Emi has brought it in"),
        (AssignedBecause.REOPENED, "Emi has brought it in"),
        (AssignedBecause.HANDED_OVER, "Sho has handed it over to you"),
        (AssignedBecause.DECLINED, "Sho says that it belongs to you"),
        (AssignedBecause.LEADER, "It had to move up to you"),
        (AssignedBecause.ABSENCE, "Whoever had it is not there any more"),
        (AssignedBecause.LEFT, "Whoever had it is not there any more"),
        (AssignedBecause.UNROUTABLE, "Banso could not decide"),
    ],
)
def test_an_owner_hears_why_it_is_theirs(because: AssignedBecause, words: str) -> None:
    assert words in tell(assigned(because), Reason.YOURS).lines[0]


def test_an_owner_of_a_customers_issue_hears_who_carries_it() -> None:
    line = tell(assigned(reporter_id=CUSTOMER), Reason.YOURS).lines[0]

    assert line.startswith("A customer wrote; Emi carries it")


def test_an_owner_hears_that_nobody_else_could_take_more() -> None:
    event = IssueAssigned(
        **said(), because=AssignedBecause.NEW, reasons=Reasons(over_capacity=True)
    )

    assert tell(event, Reason.YOURS).lines[0].startswith("Nobody in the team can take more")


@pytest.mark.parametrize(
    ("because", "words"),
    [
        (AssignedBecause.LEADER, "Ren (Product) decides now"),
        (AssignedBecause.DECLINED, "Ren (Product) looks after it now"),
    ],
)
@pytest.mark.parametrize("reason", [Reason.NEW_OWNER, Reason.NO_LONGER_YOURS])
def test_the_others_hear_who_has_it_now(
    because: AssignedBecause, words: str, reason: Reason
) -> None:
    assert tell(assigned(because), reason).lines[0].startswith(words)


@pytest.mark.parametrize(
    ("step", "reminder", "escalation"),
    [
        (Step.ACKNOWLEDGE, "whether you take it", "has not said yet whether they take it"),
        (Step.ANSWER, "waiting for your answer", "still without an answer"),
        (Step.RESOLVE, "waiting for the solution", "still without a solution"),
    ],
)
def test_a_reminder_says_who_waits_for_what(step: Step, reminder: str, escalation: str) -> None:
    reminded = IssueReminded(**said(), step=step, person_id="ren")
    escalated = IssueEscalated(**said(), step=step, person_id="mio")

    assert reminder in tell(reminded, Reason.REMINDER).lines[0]
    assert escalation in tell(escalated, Reason.ESCALATION, Relation.LEAD).lines[0]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step.ACKNOWLEDGE, "Ren (Product) says by Mon 1 Jun, 14:00 whether they take it"),
        (Step.ANSWER, "you hear from Ren (Product) by Mon 1 Jun, 14:00"),
        (Step.RESOLVE, "Ren (Product) solves it by Mon 1 Jun, 14:00"),
        (Step.CONFIRM, "you tell us by Mon 1 Jun, 14:00"),
        (None, "we look for the right person"),
    ],
)
def test_the_next_step_is_told_with_its_date(step: Step | None, words: str) -> None:
    message = tell(IssueAcknowledged(**said(next_step=step)), Reason.TAKEN, Relation.CARRIER)

    assert words in message.lines[1]


def test_dates_are_told_in_the_zone_of_whoever_reads_them() -> None:
    berlin = build.calendar(zone="Europe/Berlin").model_copy(update={"id": "berlin"})
    people = [
        build.person("ren", calendar="berlin") if one.id == "ren" else one
        for one in ORGANISATION.people
    ]
    abroad = build.organisation(calendars=(build.calendar(), berlin), people=tuple(people))

    message = tell(assigned(), Reason.YOURS, to="ren", organisation=abroad)

    assert "Please say by Mon 1 Jun, 07:00 whether you take it." in message.lines


def test_a_carrier_sees_how_often_banso_chased_and_an_owner_does_not() -> None:
    once, thrice = said(reminders=1), said(reminders=3)

    assert ("Chased for you", "once") in tell(
        IssueAcknowledged(**once), Reason.TAKEN, Relation.CARRIER
    ).facts
    assert ("Chased for you", "3 times") in tell(
        IssueAcknowledged(**thrice), Reason.TAKEN, Relation.REPORTER
    ).facts
    assert "Chased for you" not in dict(tell(assigned(reminders=3), Reason.YOURS).facts)


def test_the_facts_name_product_category_owner_and_for_those_inside_the_carrier() -> None:
    event = assigned(product="meter", category="broken")

    assert tell(event, Reason.YOURS).facts == [
        ("In short", "It does not start"),
        ("Reference", "7K3M-9QWX"),
        ("Product", "Meter"),
        ("About", "Broken"),
        ("Looks after it", "Ren (Product)"),
        ("Brought in by", "Emi"),
    ]
    assert "Brought in by" not in dict(tell(event, Reason.RECEIVED, Relation.REPORTER).facts)


def test_a_customer_is_named_by_what_they_are_so_that_no_name_travels() -> None:
    event = IssueReopened(**said(), actor_id=CUSTOMER)

    assert tell(event, Reason.REOPENED).lines[0] == "The person who wrote has opened it again."


def test_a_carrier_hears_that_they_carry_a_customers_message() -> None:
    carried = tell(assigned(reporter_id=CUSTOMER), Reason.RECEIVED, Relation.CARRIER, to="emi")
    own = tell(assigned(reporter_id="emi"), Reason.RECEIVED, Relation.CARRIER, to="emi")

    assert carried.heading == "A customer's message, which you carry"
    assert own.heading == "We have received it"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal.FAILED, "Banso could not do what you asked"),
        (Refusal.OVERTAKEN, "The issue has moved on: it is with Ren (Product) now."),
    ],
)
def test_a_refusal_says_why(refusal: Refusal, words: str) -> None:
    message = tell(refused(refusal), Reason.REFUSED, Relation.REQUESTER, to="sho")

    assert message.lines[0].startswith(words)


def test_an_owner_who_has_left_is_still_named_somehow() -> None:
    message = tell(assigned(owner_id="left", team_id=None), Reason.RECEIVED, Relation.REPORTER)

    assert dict(message.facts)["Looks after it"] == "left"


def test_japanese_names_are_polite() -> None:
    message = tell(assigned(), Reason.YOURS, language="ja")

    assert "emi（和）さん" in message.lines[0]


@pytest.mark.parametrize(
    "event",
    [
        IssueDue(occurred_at=MONDAY, issue_id=ISSUE_ID, step_number=1),
        refused(Refusal.FAILED).model_copy(update={"issue": None}),
    ],
)
def test_of_what_names_no_issue_nobody_is_told(event: Event) -> None:
    with pytest.raises(ValueError, match="nobody is told"):
        tell(event, Reason.REFUSED)


# As text and as HTML


def test_the_text_quotes_every_line_and_shows_every_link() -> None:
    message = tell(assigned(), Reason.YOURS, brought_in="first\nsecond")

    text = as_text(message)

    assert "\n> first\n> second\n" in text
    for url in (*(button.url for button in message.buttons), message.status_url, message.inbox_url):
        assert f"\n{url}\n" in text
    assert "Looks after it: Ren (Product)\n" in text


def test_what_strangers_write_is_no_html() -> None:
    event = assigned(summary="<img src=x>")
    message = tell(event, Reason.YOURS, brought_in="<script>alert('x')</script> & more")

    html = as_html(message)

    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
    assert "<script>" in as_text(message)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_html_names_its_language_and_carries_the_same_words(language: Language) -> None:
    message = tell(assigned(), Reason.YOURS, language=language)

    html = as_html(message)

    assert f'<html lang="{language}">' in html
    for words in (message.heading, *message.lines, *(value for _, value in message.facts)):
        assert words in html
