"""What a person is told: the words, in their language, and the links on which they can act."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.notifier.letters import as_html, as_text
from services.notifier.message import compose
from services.notifier.store import Ready
from services.notifier.wording.base import LONGEST_QUOTE, Recipient
from shared.contracts.event import Event
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Attachment,
    Reasons,
    Refusal,
    Source,
    Standing,
    State,
    Step,
    UndoneBecause,
    Urgency,
)
from shared.contracts.notifier import ChannelError, PersonUnreachable, Reason, Relation
from shared.contracts.organisation import Channel, FormField, Language, Mail, Organisation
from shared.contracts.router import (
    ActionRefused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueDue,
    IssueEscalated,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueUndone,
    Voice,
)
from shared.links import Purpose
from shared.replies import REPLY_ABOVE
from tests.unit import build
from tests.unit.build import CUSTOMER, HOUR, ISSUE_ID, MONDAY
from tests.unit.notifier.telling import LINKS, ORGANISATION, actions, delivery, said, tell, what
from tests.unit.notifier.test_alongside import ALONGSIDE
from tests.unit.notifier.test_followup_message import EVERY_NEWS

KANA = re.compile("[ぁ-ヿ]")


def assigned(because: AssignedBecause = AssignedBecause.NEW, **issue: Any) -> IssueAssigned:
    return IssueAssigned(**said(**issue), because=because, reasons=Reasons(), actor_id="sho")


def refused(
    refusal: Refusal,
    action: Action = Action.ANSWER,
    source: Source = Source.WEB,
    text: str | None = None,
) -> ActionRefused:
    return ActionRefused(
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        person_id="sho",
        action=action,
        refusal=refusal,
        requested_at=MONDAY,
        source=source,
        text=text,
        issue=build.snapshot(),
    )


def comment(
    actor_id: str | None = "emi",
    voice: Voice = Voice.CARRIER,
    standing: Standing = Standing.VOUCHED,
    attachments: tuple[Attachment, ...] = (),
    **issue: Any,
) -> IssueCommented:
    return IssueCommented(
        **said(**issue),
        actor_id=actor_id,
        voice=voice,
        standing=standing,
        source=Source.EMAIL,
        text="It blinks, too.",
        attachments=attachments,
    )


def elsewhere(**issue: Any) -> IssueResponded:
    return IssueResponded(
        **said(next_step=Step.RESOLVE, **issue),
        text="A cable is on its way.",
        actor_id="ren",
        elsewhere=True,
        said_by_id="emi",
    )


def files(count: int) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(filename=f"{nth}.png", content_type="image/png", size=1, sha256="0" * 64)
        for nth in range(count)
    )


def unreachable(person_id: str = "ren", reason: Reason = Reason.YOURS) -> PersonUnreachable:
    return PersonUnreachable(
        occurred_at=MONDAY,
        person_id=person_id,
        issue_id=ISSUE_ID,
        delivery_id="delivery",
        reason=reason,
        errors=(ChannelError(channel=Channel.EMAIL, error="550 5.1.1 user unknown"),),
        issue=build.snapshot(),
    )


UNDONE: dict[str, Any] = {
    "undone": (Action.RESOLVE,),
    "of_id": "ren",
    "because": UndoneBecause.DECOY,
}


EVERY_REASON: list[tuple[Reason, Relation, Event]] = [
    (Reason.UNDONE, Relation.CARRIER, IssueUndone(**said(), **UNDONE)),
    (Reason.VOIDED, Relation.OWNER, IssueUndone(**said(), **UNDONE)),
    (
        Reason.RECEIPT,
        Relation.OWNER,
        IssueAcknowledged(**said(), by_link=Action.ACKNOWLEDGE, undo_until=MONDAY + HOUR),
    ),
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
    (Reason.COMMENT, Relation.OWNER, comment()),
    (Reason.LOOK, Relation.OWNER, comment("yui", Voice.OTHER)),
    (
        Reason.CORRECTED,
        Relation.OWNER,
        IssueCorrected(**said(), actor_id="emi", changed=("urgency",)),
    ),
    (
        Reason.WITHDRAWN,
        Relation.OWNER,
        IssueClosed(**said(next_step=None), actor_id="emi", confirmed=False, withdrawn=True),
    ),
    (Reason.ANSWERED_ELSEWHERE, Relation.OWNER, elsewhere()),
    (Reason.COPIED, Relation.FOLLOWER, assigned()),
    (Reason.STILL_CLOSED, Relation.CARRIER, comment(state=State.CLOSED, next_step=None)),
    (Reason.UNREACHABLE, Relation.LEAD, unreachable()),
    (Reason.TEST, Relation.THEMSELVES, unreachable()),
]


def test_these_and_those_of_follow_up_are_all_the_reasons_that_there_are() -> None:
    reasons = [reason for reason, _, _ in (*EVERY_REASON, *EVERY_NEWS, *ALONGSIDE)]

    assert {*reasons, Reason.DIGEST, Reason.SUBSCRIBED} == set(
        Reason
    )  # these have tests of their own


@pytest.mark.parametrize(("reason", "relation", "event"), EVERY_REASON)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_reason_has_whole_words_in_both_languages(
    reason: Reason, relation: Relation, event: Event, language: Language
) -> None:
    message = tell(event, reason, relation, language=language)

    assert message.heading
    assert message.lines
    buttons = (button.words for button in message.buttons)
    for words in (message.heading, *message.lines, *buttons, *message.reply_lines):
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
    event = IssueAcknowledged(**said(next_step=step))

    message = tell(event, Reason.TAKEN, Relation.CARRIER, to="emi")

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


# Words about an issue


def test_an_owner_reads_what_the_carrier_says_more_and_can_act() -> None:
    message = tell(comment(), Reason.COMMENT)

    assert message.heading == "Emi has written more"
    assert (message.quote, message.quote_first) == ("It blinks, too.", True)
    assert what(message)[0] is Action.ACKNOWLEDGE


@pytest.mark.parametrize("reason", [Reason.COMMENT, Reason.LOOK])
@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_an_owner_can_do_nothing_by_button_about_what_is_over(state: State, reason: Reason) -> None:
    assert tell(comment(state=state), reason).buttons == []


def test_an_owner_hears_that_the_carrier_may_open_it_again() -> None:
    message = tell(comment(state=State.RESOLVED), Reason.COMMENT)

    assert message.lines == ["It counts as solved; one click of theirs opens it again."]


@pytest.mark.parametrize(
    ("actor_id", "standing", "words"),
    [
        ("yui", Standing.VOUCHED, "from Yui, who is not part of this issue"),
        ("x-9", Standing.UNPROVEN, "from somebody outside, who is not part of"),
        ("emi", Standing.THREADED, "in the name of Emi, and nothing proves who wrote it"),
        ("emi", Standing.DOUBTED, "in the name of Emi, but its sender is probably forged"),
        (None, Standing.THREADED, "in the name of somebody outside, and nothing proves"),
        ("ren", Standing.THREADED, "in your name, but nothing proves that you wrote it"),
    ],
)
def test_an_owner_hears_whose_words_they_may_be(
    actor_id: str | None, standing: Standing, words: str
) -> None:
    message = tell(comment(actor_id, Voice.OTHER, standing), Reason.LOOK)

    assert words in message.lines[0]
    assert message.quote == "It blinks, too."


@pytest.mark.parametrize(
    ("actor_id", "standing", "words"),
    [
        ("emi", Standing.VOUCHED, "It is from Emi."),
        ("x-9", Standing.UNPROVEN, "It is from somebody outside."),
        ("emi", Standing.THREADED, "in the name of Emi, and nothing proves who wrote it"),
    ],
)
def test_an_owner_hears_that_it_is_from_the_carrier_of_an_issue_that_is_the_same(
    actor_id: str, standing: Standing, words: str
) -> None:
    event = comment(actor_id, Voice.OTHER, standing)

    message = tell(event.model_copy(update={"from_reference": "M9PC-5FJ2"}), Reason.LOOK)

    assert words in message.lines[0]
    assert "They wrote it about M9PC-5FJ2, which is the same as this issue." in message.lines
    assert not any("not part of this issue" in line for line in message.lines)


def test_every_part_that_was_corrected_is_told_and_no_other() -> None:
    event = IssueCorrected(
        **said(
            summary="It does not stop",
            product="meter",
            category="broken",
            urgency=Urgency.HIGH,
            needed_by=MONDAY,
        ),
        actor_id="emi",
        changed=("summary", "product", "category", "urgency", "customer", "needed_by"),
        customer="Port Trading",
        text="I mixed them up.",
    )

    message = tell(event, Reason.CORRECTED)

    assert message.lines == [
        "Emi has corrected what was said.",
        "In short, it is now: It does not stop",
        "The product is now: Meter",
        "It is now about: Broken",
        "The urgency is now: Urgent: a customer is waiting",
        "The customer is now: Port Trading",
        "It is now needed by: Mon 1 Jun, 09:00",
    ]
    assert message.quote == "I mixed them up."
    only = event.model_copy(update={"changed": ("urgency",)})
    assert len(tell(only, Reason.CORRECTED).lines) == 2


@pytest.mark.parametrize(
    ("urgency", "words"), [(Urgency.LOW, "It can wait"), (Urgency.NORMAL, "Normal")]
)
def test_an_urgency_is_told_in_words(urgency: Urgency, words: str) -> None:
    event = IssueCorrected(**said(urgency=urgency), changed=("urgency",), actor_id="emi")

    assert tell(event, Reason.CORRECTED).lines[1] == f"The urgency is now: {words}"


def test_a_carrier_whose_issue_the_owner_corrected_has_no_owners_buttons() -> None:
    event = IssueCorrected(**said(), changed=("urgency",), actor_id="ren")

    assert tell(event, Reason.CORRECTED, Relation.CARRIER, to="emi").buttons == []


def test_an_owner_hears_who_says_that_it_was_answered_elsewhere() -> None:
    message = tell(elsewhere(), Reason.ANSWERED_ELSEWHERE)

    assert message.lines[0] == "Emi says that Ren has answered already."
    assert message.quote == "A cable is on its way."
    assert Action.RESOLVE in what(message)


def test_who_hears_of_an_answer_given_elsewhere_hears_who_says_so() -> None:
    message = tell(elsewhere(), Reason.ANSWER, Relation.CARRIER, to="mio")

    assert message.lines[0] == "By telephone or in person, as Emi says."


@pytest.mark.parametrize(
    ("state", "does"),
    [
        (State.ACKNOWLEDGED, []),
        (State.RESOLVED, [Action.CONFIRM, Action.REOPEN]),
        (State.CLOSED, [Action.REOPEN]),
    ],
)
def test_an_afterword_shows_how_to_open_again_what_is_over(
    state: State, does: list[Action]
) -> None:
    event = IssueResponded(**said(state=state, next_step=None), text="P.S.", actor_id="ren")

    message = tell(event, Reason.ANSWER, Relation.CARRIER, to="emi")

    assert what(message) == does
    assert ("It is closed." in message.lines[0]) is (state is State.CLOSED)


@pytest.mark.parametrize(
    ("state", "heading", "does"),
    [
        (State.CLOSED, "Your words are here, and it is closed", [Action.REOPEN]),
        (
            State.RESOLVED,
            "Your words are here; is it solved?",
            [Action.CONFIRM, Action.REOPEN],
        ),
    ],
)
def test_who_wrote_about_what_is_over_opens_it_again_with_one_click(
    state: State, heading: str, does: list[Action]
) -> None:
    message = tell(comment(state=state), Reason.STILL_CLOSED, Relation.CARRIER, to="emi")

    assert message.heading == heading
    assert what(message) == does


# People on copy


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        (Reason.COPIED, assigned()),
        (Reason.ANSWER, IssueResponded(**said(state=State.RESOLVED), text="P.S.", actor_id="ren")),
        (Reason.SOLVED, IssueResolved(**said(next_step=Step.CONFIRM))),
        (Reason.CLOSED, IssueClosed(**said(next_step=None), confirmed=False)),
    ],
)
def test_whoever_is_on_copy_has_nothing_to_do(reason: Reason, event: Event) -> None:
    message = tell(event, reason, Relation.FOLLOWER, to="sho")

    assert message.buttons == []
    assert (message.reply_above, list(message.reply_lines)) == ("", [])
    assert not any("you tell us" in line or "click" in line for line in message.lines)


# What was said beside the description


def with_fields() -> Organisation:
    words = {"ja": "いつから", "en": "Since"}
    since = {"id": "since", "label": words, "kind": "choice"}
    choices = [{"id": "later", "name": {"ja": "後から", "en": "It worked before"}}]
    fields = (
        FormField.model_validate(since | {"choices": choices}),
        FormField.model_validate({"id": "serial", "label": {"ja": "番号", "en": "Number"}}),
    )
    return build.organisation(fields=fields)


def test_an_owner_reads_all_that_the_form_asked() -> None:
    raised = build.raised(
        customer="Port Trading",
        fields={"since": "later", "serial": "A-1", "gone": "kept"},
        attachments=files(1),
    )

    message = tell(
        assigned(needed_by=MONDAY), Reason.YOURS, organisation=with_fields(), raised=raised
    )

    assert message.facts[-6:] == [
        ("Customer", "Port Trading"),
        ("Needed by", "Mon 1 Jun, 09:00"),
        ("Since", "It worked before"),
        ("Number", "A-1"),
        ("gone", "kept"),
        ("Files", "1 file on the page: 0.png"),
    ]


def test_whoever_wrote_it_need_not_read_it_again() -> None:
    raised = build.raised(customer="Port Trading", fields={"serial": "A-1"}, attachments=files(1))

    message = tell(assigned(), Reason.RECEIVED, Relation.CARRIER, to="emi", raised=raised)

    assert {"Customer", "serial", "Files"}.isdisjoint(dict(message.facts))


def test_a_customer_as_corrected_outranks_the_one_that_was_said() -> None:
    raised = build.raised(customer="Port Trading")

    message = tell(assigned(), Reason.YOURS, raised=raised, customer="Harbour Trading")

    assert dict(message.facts)["Customer"] == "Harbour Trading"


def test_of_many_files_the_first_are_named_and_all_are_counted() -> None:
    facts = dict(tell(comment(attachments=files(7)), Reason.COMMENT).facts)

    assert facts["Files"] == "7 files on the page: 0.png, 1.png, 2.png, 3.png, 4.png …"


def test_a_carrier_sees_which_files_came_with_an_answer() -> None:
    event = IssueResponded(**said(), text="See the plan.", actor_id="ren", attachments=files(2))

    facts = dict(tell(event, Reason.ANSWER, Relation.CARRIER, to="emi").facts)

    assert facts["Files"] == "2 files on the page: 0.png, 1.png"


@pytest.mark.parametrize("relation", [Relation.OWNER, Relation.CARRIER])
def test_a_confidential_issue_says_so(relation: Relation) -> None:
    facts = dict(tell(assigned(confidential=True), Reason.YOURS, relation).facts)

    assert "owner, the leader" in facts["Confidential"]
    assert "Confidential" not in dict(tell(assigned(), Reason.YOURS, relation).facts)


def test_an_imported_issue_has_no_words_of_its_own_to_quote() -> None:
    event = IssueReminded(**said(), step=Step.ANSWER, person_id="ren")
    to = Recipient("ren", "Ren", "ren@example.com", "en")

    message = compose([Ready(delivery(), event, None, None)], to, ORGANISATION, LINKS, MONDAY)

    assert message.quote is None
    assert "> " not in as_text(message)


# Refusals of what a mail asked for


@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_refusal_has_whole_words_in_both_languages(
    refusal: Refusal, language: Language
) -> None:
    event = refused(refusal, source=Source.EMAIL)

    message = tell(event, Reason.REFUSED, Relation.REQUESTER, to="sho", language=language)

    assert "%(" not in message.lines[0]
    assert bool(KANA.search(message.lines[0])) == (language == "ja")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("refusal", [Refusal.ONE_CLICK, Refusal.INCOMPLETE])
def test_what_a_mail_was_not_enough_for_takes_one_click(refusal: Refusal, action: Action) -> None:
    event = refused(refusal, action, Source.EMAIL, "解決\nNew cable.")

    message = tell(event, Reason.REFUSED, Relation.REQUESTER, to="sho")

    assert message.heading == "One click does it"
    assert what(message) == [action]
    assert message.buttons[0].words
    assert message.quote == "解決\nNew cable."
    assert "has not been passed on" in message.lines[1]


@pytest.mark.parametrize("refusal", [Refusal.NOT_YOURS, Refusal.NOT_NOW, Refusal.OVERTAKEN])
def test_what_can_not_be_done_at_all_offers_no_button(refusal: Refusal) -> None:
    event = refused(refusal, source=Source.EMAIL, text="ack")

    message = tell(event, Reason.REFUSED, Relation.REQUESTER, to="sho")

    assert message.heading == "This could not be done"
    assert message.buttons == []
    assert message.quote == "ack"


def test_whoever_used_a_page_has_their_words_there() -> None:
    event = refused(Refusal.NOT_NOW, text="My answer.")

    assert tell(event, Reason.REFUSED, Relation.REQUESTER, to="sho").quote is None


# Answers by mail


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_mail_that_may_be_answered_says_so_and_where_to_write(language: Language) -> None:
    message = tell(assigned(), Reason.YOURS, language=language)

    text, html = as_text(message), as_html(message)

    assert text.splitlines()[0] == REPLY_ABOVE[language]
    assert REPLY_ABOVE[language] in html
    assert html.index(REPLY_ABOVE[language]) < html.index(f"{message.heading}</h1>")
    for line in message.reply_lines:
        assert line in text
        assert line in html


def test_an_owner_hears_where_an_answer_goes_and_what_a_first_line_does() -> None:
    lines = tell(assigned(), Reason.YOURS).reply_lines

    assert "your words go to the person who brought it in" in lines[0]
    assert "A first line that says only ack takes it" in lines[1]


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_no_first_line_does_anything_about_what_is_over(state: State) -> None:
    lines = tell(comment(state=state), Reason.COMMENT).reply_lines

    assert len(lines) == 1


def test_without_signed_addresses_a_first_line_does_nothing_and_is_not_offered() -> None:
    mail = Mail(issues=("issues@example.com",), sender="banso@example.com", separator="")
    organisation = build.organisation(mail=mail)

    assert len(tell(assigned(), Reason.YOURS, organisation=organisation).reply_lines) == 1


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        (Reason.RECEIVED, assigned()),
        (Reason.RECEIVED_UNDECIDED, build.raised()),
        (Reason.ANSWER, IssueResponded(**said(), text="Try this.", actor_id="ren")),
    ],
)
def test_a_carrier_may_answer_and_reaches_whoever_looks_after_it(
    reason: Reason, event: Event
) -> None:
    (line,) = tell(event, reason, Relation.CARRIER, to="emi").reply_lines

    assert line.endswith("it reaches whoever looks after it.")


@pytest.mark.parametrize(("to", "hears"), [("emi", True), (CUSTOMER, True), ("sho", False)])
def test_who_is_asked_to_confirm_hears_that_a_first_line_does_it(to: str, hears: bool) -> None:
    event = IssueResolved(**said(state=State.RESOLVED, reporter_id=CUSTOMER))

    lines = tell(event, Reason.SOLVED, Relation.CARRIER, to=to).reply_lines

    assert any("A first line that says only solved" in line for line in lines) is hears


def test_before_it_is_solved_no_first_line_confirms_it() -> None:
    event = IssueResponded(**said(state=State.ACKNOWLEDGED), text="Try this.", actor_id="ren")

    assert len(tell(event, Reason.ANSWER, Relation.CARRIER, to="emi").reply_lines) == 1


NOT_ANSWERED = [
    (Reason.NO_LONGER_YOURS, Relation.FORMER_OWNER, assigned(AssignedBecause.HANDED_OVER)),
    (Reason.ESCALATION, Relation.LEAD, IssueEscalated(**said(), step=Step.ANSWER, person_id="mio")),
    (Reason.CLOSED, Relation.CARRIER, IssueClosed(**said(next_step=None), confirmed=False)),
    (Reason.REFUSED, Relation.REQUESTER, refused(Refusal.NOT_NOW)),
]


@pytest.mark.parametrize(("reason", "relation", "event"), NOT_ANSWERED)
def test_where_an_answer_makes_no_sense_none_is_asked_for(
    reason: Reason, relation: Relation, event: Event
) -> None:
    message = tell(event, reason, relation, to="sho")

    assert message.reply_lines == []
    assert as_text(message).startswith(message.heading)
    assert REPLY_ABOVE["en"] not in as_html(message)


def test_who_asked_by_mail_may_ask_again_by_mail() -> None:
    event = refused(Refusal.INCOMPLETE, source=Source.EMAIL)

    assert tell(event, Reason.REFUSED, Relation.REQUESTER, to="sho").reply_above


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

    assert f'<html lang="{language}" ' in html
    for words in (message.heading, *message.lines, *(value for _, value in message.facts)):
        assert words in html


# The foot


@pytest.mark.parametrize(
    ("language", "line"),
    [("en", "Away soon? Say so here"), ("ja", "不在にする予定はこちらから")],
)
def test_an_owners_mail_leads_to_where_they_say_when_they_are_away(
    language: Language, line: str
) -> None:
    message = tell(assigned(), Reason.YOURS, language=language)
    token = message.absence_url.rpartition("/")[2]

    assert LINKS.read(Purpose.ABSENCE, token, MONDAY).person_id == "ren"
    assert f"{line}:\n{message.absence_url}\n" in as_text(message)
    assert line in as_html(message)
    assert message.absence_url in as_html(message)


@pytest.mark.parametrize(
    ("relation", "to"),
    [(Relation.CARRIER, "emi"), (Relation.REPORTER, CUSTOMER), (Relation.OWNER, CUSTOMER)],
)
def test_nobody_else_is_led_there(relation: Relation, to: str) -> None:
    message = tell(IssueAcknowledged(**said()), Reason.TAKEN, relation, to=to)

    assert message.absence_url == ""
    assert "Away soon?" not in as_text(message) + as_html(message)


def test_a_list_of_what_an_owner_has_leads_there_once() -> None:
    event = assigned()
    ready = [
        Ready(delivery(Reason.YOURS, delivery_id=f"{nth}"), event, None, build.raised(), None)
        for nth in range(2)
    ]
    to = Recipient("ren", "Ren", "ren@example.com", "en")

    message = compose(ready, to, ORGANISATION, LINKS, MONDAY)

    assert as_text(message).count(message.absence_url) == 1
    assert message.absence_url
