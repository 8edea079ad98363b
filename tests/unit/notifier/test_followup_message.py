"""What people are told of follow-up, absences and pauses: the words, the buttons, and the lists."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.letters import as_html, as_text
from services.notifier.message import (
    LONGEST_LISTED_QUOTE,
    MOST_LISTED,
    Message,
    compose,
)
from services.notifier.store import Ready
from shared.contracts.event import Event
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Guess,
    Reasons,
    Refusal,
    Source,
    State,
    Step,
    Urgency,
    WaitingFor,
)
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Language
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    EscalatedBecause,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueEscalated,
    IssueEvent,
    IssueHelped,
    IssueLapsed,
    IssueLinked,
    IssueMerged,
    IssuePromised,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSeparated,
    IssueSnoozed,
    IssueWaiting,
    PersonAway,
    PersonBack,
    ResumedBecause,
)
from shared.links import Purpose
from tests.unit import build
from tests.unit.build import CUSTOMER, HOUR, ISSUE_ID, MONDAY
from tests.unit.notifier.telling import (
    LINKS,
    ORGANISATION,
    actions,
    delivery,
    recipient,
    said,
    tell,
    what,
)

KANA = re.compile("[ぁ-ヿ]")
FRIDAY = MONDAY + timedelta(days=4)
WEEK = timedelta(days=7)


def assigned(
    because: AssignedBecause, reasons: Reasons | None = None, **issue: Any
) -> IssueAssigned:
    previous = issue.pop("previous", "sho")
    return IssueAssigned(
        **said(**issue),
        because=because,
        reasons=reasons or Reasons(),
        previous_owner_id=previous,
    )


def waiting(waiting_for: WaitingFor = WaitingFor.CARRIER, **issue: Any) -> IssueWaiting:
    about = said(waiting_for=waiting_for, next_step=Step.WAIT, **issue)
    return IssueWaiting(**about, actor_id="ren", text="Which colour is the lamp?")


def resumed(because: ResumedBecause, text: str | None = None, **issue: Any) -> IssueResumed:
    about = said(state=State.ACKNOWLEDGED, next_step=Step.RESOLVE, **issue)
    return IssueResumed(**about, because=because, text=text, actor_id="emi")


def snoozed() -> IssueSnoozed:
    return IssueSnoozed(
        **said(snoozed_until=FRIDAY, next_step=Step.RESOLVE),
        actor_id="ren",
        text="The part arrives on Friday.",
    )


def promised(previously: bool = False) -> IssuePromised:
    return IssuePromised(
        **said(promised_at=FRIDAY, next_step=Step.RESOLVE),
        actor_id="ren",
        previously_at=MONDAY + HOUR if previously else None,
        text="The part is on its way.",
    )


def merged() -> IssueMerged:
    return IssueMerged(
        **said(state=State.CLOSED, next_step=None, next_step_at=None),
        actor_id="ren",
        into_reference="4XRM-9KQT",
        text="Same batch.",
    )


def linked() -> IssueLinked:
    about = said(next_step=Step.RESOLVE)
    return IssueLinked(**about, actor_id="mio", parent_reference="4XRM-9KQT", text="Same batch.")


def separated() -> IssueSeparated:
    about = said(next_step=Step.RESOLVE)
    return IssueSeparated(**about, actor_id="emi", from_reference="4XRM-9KQT", text="Not mine.")


def helped(text: str | None = "Do you know this error?") -> IssueHelped:
    about = said(helper_ids=["yui"], next_step=Step.RESOLVE)
    return IssueHelped(**about, actor_id="ren", helper_id="yui", text=text)


def away(issues: int = 3, substitute_id: str | None = "sho") -> PersonAway:
    return PersonAway(
        occurred_at=MONDAY,
        absence_id="absence",
        person_id="ren",
        starts_at=MONDAY,
        ends_at=FRIDAY,
        substitute_id=substitute_id,
        issues=issues,
    )


def back(issues: int = 2, substitute_id: str | None = "sho") -> PersonBack:
    return PersonBack(
        occurred_at=FRIDAY,
        absence_id="absence",
        person_id="ren",
        substitute_id=substitute_id,
        issues=issues,
    )


def paused() -> ChasingPaused:
    return ChasingPaused(
        occurred_at=MONDAY,
        pause_id="pause",
        starts_at=MONDAY,
        ends_at=FRIDAY,
        said_by_id="kai",
        text="The storm. Please look after yourselves.",
        concerned=("ren", "emi"),
    )


def unpaused() -> ChasingResumed:
    return ChasingResumed(
        occurred_at=FRIDAY, pause_id="pause", starts_at=MONDAY, ends_at=FRIDAY, concerned=("ren",)
    )


def reminded(step: Step, *, before: bool = False, **issue: Any) -> IssueReminded:
    person_id = "emi" if step in (Step.CONFIRM, Step.WAIT) else "ren"
    return IssueReminded(
        **said(next_step=step, **issue), step=step, person_id=person_id, before=before
    )


EVERY_NEWS: list[tuple[Reason, Relation, Event]] = [
    (Reason.HELP, Relation.HELPER, helped()),
    (Reason.HELPED, Relation.CARRIER, helped()),
    (Reason.ASKED, Relation.CARRIER, waiting()),
    (Reason.ASKED, Relation.CARRIER, waiting(WaitingFor.CUSTOMER)),
    (Reason.RESUMED, Relation.OWNER, resumed(ResumedBecause.ASKED)),
    (Reason.RESUMED, Relation.CARRIER, resumed(ResumedBecause.OVER)),
    (Reason.PUT_OFF, Relation.CARRIER, snoozed()),
    (Reason.PROMISED, Relation.CARRIER, promised(previously=True)),
    (Reason.LAPSED, Relation.OWNER, IssueLapsed(**said())),
    (Reason.MERGED, Relation.CARRIER, merged()),
    (Reason.MERGED, Relation.OWNER, merged()),
    (Reason.LINKED, Relation.CARRIER, linked()),
    (Reason.LINKED, Relation.OWNER, linked()),
    (Reason.SEPARATED, Relation.OWNER, separated()),
    (Reason.AWAY, Relation.SUBSTITUTE, away()),
    (Reason.AWAY, Relation.ABSENT, away()),
    (Reason.BACK, Relation.SUBSTITUTE, back()),
    (Reason.BACK, Relation.ABSENT, back()),
    (Reason.PAUSED, Relation.CONCERNED, paused()),
    (Reason.UNPAUSED, Relation.CONCERNED, unpaused()),
    (Reason.PAUSED, Relation.CONCERNED, paused().model_copy(update={"refused": True})),
    (Reason.UNPAUSED, Relation.CONCERNED, unpaused().model_copy(update={"refused": True})),
    (Reason.REMINDER, Relation.CARRIER, reminded(Step.WAIT)),
    (Reason.REMINDER, Relation.OWNER, reminded(Step.ANSWER, before=True)),
    (
        Reason.ESCALATION,
        Relation.LEAD,
        IssueEscalated(
            **said(reopenings=2),
            step=Step.ACKNOWLEDGE,
            person_id="mio",
            because=EscalatedBecause.REOPENED,
        ),
    ),
    (
        Reason.ESCALATION,
        Relation.LEAD,
        IssueEscalated(
            **said(promised_at=FRIDAY),
            step=Step.RESOLVE,
            person_id="mio",
            because=EscalatedBecause.PROMISE,
        ),
    ),
    (Reason.YOURS, Relation.OWNER, assigned(AssignedBecause.TRIAGE)),
    (Reason.YOURS, Relation.OWNER, assigned(AssignedBecause.ABSENCE)),
]


@pytest.mark.parametrize(("reason", "relation", "event"), EVERY_NEWS)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_all_news_has_whole_words_in_both_languages(
    reason: Reason, relation: Relation, event: Event, language: Language
) -> None:
    message = tell(event, reason, relation, language=language)

    buttons = (button.words for button in message.buttons)
    for words in (message.heading, *message.lines, *buttons, *message.reply_lines):
        assert "%(" not in words
        assert bool(KANA.search(words)) == (language == "ja")
    assert message.lines
    for text in (as_text(message), as_html(message)):
        assert message.heading in text


def lines(
    event: Event, reason: Reason, relation: Relation = Relation.OWNER, to: str = "ren"
) -> str:
    return " ".join(tell(event, reason, relation, to=to).lines)


# Who has it


@pytest.mark.parametrize(
    ("because", "heading", "words"),
    [
        (AssignedBecause.ABSENCE, "This is yours now", "Sho is away; you look after it meanwhile."),
        (AssignedBecause.RETURNED, "It is yours again", "You are back, and it is still open."),
        (AssignedBecause.DRAINED, "This is yours now", "It has waited until somebody has time"),
        (AssignedBecause.TAKEN, "This is yours now", "Emi has brought it in"),
    ],
)
def test_an_owner_hears_why_they_have_it_now(
    because: AssignedBecause, heading: str, words: str
) -> None:
    message = tell(assigned(because), Reason.YOURS)

    assert message.heading == heading
    assert message.lines[0].startswith(words)


def test_who_stands_in_hears_for_whom() -> None:
    event = assigned(AssignedBecause.ABSENCE, Reasons(substitute_for_id="mio"))

    assert lines(event, Reason.YOURS).startswith("Mio is away")
    assert lines(event, Reason.NEW_OWNER, Relation.CARRIER, "emi").startswith(
        "Mio is away; Ren (Product) looks after it meanwhile."
    )


def test_nobody_is_named_who_has_left() -> None:
    event = assigned(AssignedBecause.ABSENCE, previous="has-left")

    assert lines(event, Reason.YOURS).startswith("Whoever had it is not there any more.")
    assert lines(event, Reason.NEW_OWNER, Relation.CARRIER, "emi").startswith("Ren (Product)")


@pytest.mark.parametrize(
    ("because", "to_the_carrier", "to_who_had_it"),
    [
        (
            AssignedBecause.ABSENCE,
            "Sho is away; Ren (Product)",
            "looks after it while you are away",
        ),
        (AssignedBecause.RETURNED, "is back and looks after it again", "Thank you for standing in"),
        (AssignedBecause.DRAINED, "has time for it now", "has time for it now"),
        (AssignedBecause.TAKEN, "has taken it over", "has taken it over"),
        (AssignedBecause.TRIAGE, "finds out where it belongs", "finds out where it belongs"),
    ],
)
def test_the_others_hear_why_it_has_moved(
    because: AssignedBecause, to_the_carrier: str, to_who_had_it: str
) -> None:
    event = assigned(because)

    assert to_the_carrier in lines(event, Reason.NEW_OWNER, Relation.CARRIER, "emi")
    assert to_who_had_it in lines(event, Reason.NO_LONGER_YOURS, Relation.FORMER_OWNER, "sho")


def test_who_stood_in_until_somebody_else_was_named_is_not_told_that_they_are_away() -> None:
    event = assigned(AssignedBecause.ABSENCE, Reasons(substitute_for_id="emi"))

    message = tell(event, Reason.NO_LONGER_YOURS, Relation.FORMER_OWNER, to="sho")

    assert message.lines[0].startswith("Emi is away; ")
    assert not any("you are away" in line for line in message.lines)


@pytest.mark.parametrize(
    ("previous", "heading"),
    [(None, "Its turn has come"), ("sho", "Somebody else looks after it now")],
)
def test_nobody_else_has_it_where_the_one_who_kept_it_is_free(
    previous: str | None, heading: str
) -> None:
    event = assigned(AssignedBecause.DRAINED, previous=previous)

    assert tell(event, Reason.NEW_OWNER, Relation.CARRIER, to="emi").heading == heading


def test_an_issue_that_waits_for_somebody_to_be_free_says_so_to_people_inside() -> None:
    event = assigned(AssignedBecause.NEW, queued=True, reporter_id=CUSTOMER)

    assert "Nobody in the team can take more now" in lines(event, Reason.YOURS)
    assert "Banso passes it on" in lines(event, Reason.YOURS)
    assert "hands full" in lines(event, Reason.RECEIVED, Relation.CARRIER, "emi")
    assert "hands full" not in lines(event, Reason.RECEIVED, Relation.REPORTER, CUSTOMER)


def test_an_issue_to_be_sorted_says_so_to_people_inside() -> None:
    event = assigned(AssignedBecause.TRIAGE, triage=True, reporter_id=CUSTOMER)

    assert "finds out where" in lines(event, Reason.RECEIVED, Relation.CARRIER, "emi")
    assert "finds out where" not in lines(event, Reason.RECEIVED, Relation.REPORTER, CUSTOMER)


def test_who_sorts_an_issue_passes_it_on_with_one_click() -> None:
    guesses = (
        Guess(team_id="shipping", probability=0.823),
        Guess(team_id="gone", probability=0.1),
        Guess(team_id="product", probability=0.05),
    )
    event = assigned(AssignedBecause.TRIAGE, Reasons(guesses=guesses), assignment=2)

    message = tell(event, Reason.YOURS)

    assert message.heading == "Please say where it belongs"
    assert [button.words for button in message.buttons] == [
        "→ Shipping (82%)",
        "→ Product (5%)",
        "Hand over",
        "Answer",
    ]
    assert [button.url.partition("?")[2] for button in message.buttons] == [
        "to=shipping",
        "to=product",
        "",
        "",
    ]
    assert {link.assignment for link in actions(message)} == {2}
    assert what(message)[:3] == [Action.HAND_OVER] * 3


def test_a_helper_reads_what_is_asked_and_can_answer_or_take_it_over() -> None:
    message = tell(helped(), Reason.HELP, Relation.HELPER, to="yui")

    assert message.heading == "Ren asks you for help"
    assert (message.quote, message.quote_first) == ("Do you know this error?", True)
    assert what(message) == [Action.ANSWER, Action.TAKE]
    assert "your words go to the person who brought it in" in message.reply_lines[0]
    assert len(message.reply_lines) == 1
    assert ("Brought in by", "Emi") in message.facts


def test_a_helper_of_whom_nothing_in_particular_is_asked_reads_what_was_brought_in() -> None:
    message = tell(helped(None), Reason.HELP, Relation.HELPER, to="yui")

    assert (message.quote, message.quote_first) == ("It does not start.", False)


def test_an_owner_hears_what_their_helper_has_answered() -> None:
    event = IssueResponded(**said(next_step=Step.RESOLVE), actor_id="yui", text="Press twice.")

    message = tell(event, Reason.ANSWER)

    assert message.heading == "Yui has answered"
    assert message.lines[0] == "Emi has it already. It stays with you."
    assert message.buttons == []


# It waits, rests, goes on


def test_a_carrier_is_asked_the_owners_question_and_can_simply_answer() -> None:
    message = tell(waiting(), Reason.ASKED, Relation.CARRIER, to="emi")

    assert message.heading == "Ren (Product) has a question for you"
    assert (message.quote, message.quote_first) == ("Which colour is the lamp?", True)
    assert [button.url for button in message.buttons] == [message.status_url]
    assert message.reply_above
    assert "Mon 1 Jun, 14:00" in message.lines[1]


@pytest.mark.parametrize(
    ("reporter_id", "words"),
    [("emi", "Please ask your customer"), (CUSTOMER, "We have asked the customer by mail, too")],
)
def test_a_carrier_hears_whether_the_customer_was_asked_already(
    reporter_id: str, words: str
) -> None:
    event = waiting(WaitingFor.CUSTOMER, reporter_id=reporter_id)

    assert words in lines(event, Reason.ASKED, Relation.CARRIER, "emi")


def test_a_customer_is_asked_as_the_one_who_knows() -> None:
    event = waiting(WaitingFor.CUSTOMER, reporter_id=CUSTOMER)

    message = tell(event, Reason.ASKED, Relation.REPORTER, to=CUSTOMER)

    assert message.heading == "Ren (Product) has a question for you"
    assert "customer" not in " ".join(message.lines)


@pytest.mark.parametrize(
    ("waiting_for", "words"),
    [
        (WaitingFor.CARRIER, "still needs to know something from you."),
        (WaitingFor.CUSTOMER, "still needs to know something from your customer."),
    ],
)
def test_who_has_the_ball_hears_that_we_wait_and_is_not_blamed(
    waiting_for: WaitingFor, words: str
) -> None:
    event = reminded(Step.WAIT, waiting_for=waiting_for)

    message = tell(event, Reason.REMINDER, Relation.CARRIER, to="emi")

    assert message.heading == "We are still waiting for you"
    assert words in message.lines[0]
    assert [button.url for button in message.buttons] == [message.status_url]
    assert "late" not in " ".join(message.lines)


@pytest.mark.parametrize(
    ("because", "to_the_owner", "to_the_carrier"),
    [
        (ResumedBecause.ANSWERED, "There is an answer.", "Ren (Product) has the answer."),
        (ResumedBecause.ASKED, "Emi lets it go on.", "Ren (Product) is on it again."),
        (ResumedBecause.UNANSWERED, "There was no answer", "goes on without the answer"),
        (ResumedBecause.OVER, "You had put it off until now.", "had put it off until now"),
    ],
)
def test_when_it_goes_on_both_hear_why_and_what_is_next(
    because: ResumedBecause, to_the_owner: str, to_the_carrier: str
) -> None:
    event = resumed(because)

    owner = tell(event, Reason.RESUMED)
    carrier = tell(event, Reason.RESUMED, Relation.CARRIER, to="emi")

    assert owner.heading == "It is your turn again"
    assert to_the_owner in owner.lines[0]
    assert owner.lines[1] == "Next: you solve it by Mon 1 Jun, 14:00."
    assert what(owner) == [Action.ANSWER, Action.RESOLVE, Action.DECLINE]
    assert carrier.heading == "It goes on"
    assert to_the_carrier in carrier.lines[0]
    assert carrier.lines[1] == "Next: Ren (Product) solves it by Mon 1 Jun, 14:00."
    assert carrier.buttons == []


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step.ACKNOWLEDGE, "you say by Mon 1 Jun, 14:00 whether you take it."),
        (Step.ANSWER, "Emi hears from you by Mon 1 Jun, 14:00."),
        (Step.RESOLVE, "you solve it by Mon 1 Jun, 14:00."),
        (Step.CONFIRM, "Emi says by Mon 1 Jun, 14:00 whether it is solved."),
        (Step.WAIT, "Emi says more by Mon 1 Jun, 14:00; your clock rests."),
        (Step.ASSIGN, "we look for the right person."),
    ],
)
def test_an_owner_hears_the_next_step_as_theirs(step: Step, words: str) -> None:
    event = separated().model_copy(update={"issue": build.snapshot(next_step=step)})

    assert words in lines(event, Reason.SEPARATED)


def test_a_carrier_hears_that_it_waits_for_them() -> None:
    event = separated().model_copy(update={"issue": build.snapshot(next_step=Step.WAIT)})

    assert "you tell us more by" in lines(event, Reason.SEPARATED, Relation.CARRIER, "emi")


def test_words_that_were_waited_for_say_that_the_clock_goes_on() -> None:
    event = IssueCommented(
        **said(waiting_for=WaitingFor.CARRIER),
        actor_id="emi",
        voice="carrier",
        standing="vouched",
        source=Source.EMAIL,
        text="It is red.",
    )

    assert "It was waiting for this" in lines(event, Reason.COMMENT)


def test_a_carrier_hears_until_when_it_is_put_off_and_why_and_a_customer_only_until_when() -> None:
    inside = tell(snoozed(), Reason.PUT_OFF, Relation.CARRIER, to="emi")
    outside = tell(snoozed(), Reason.PUT_OFF, Relation.REPORTER, to=CUSTOMER)

    assert inside.heading == outside.heading == "We come back to it on Fri 5 Jun, 09:00"
    assert inside.quote == "The part arrives on Friday."
    assert outside.quote is None


def test_a_promise_says_the_date_and_the_one_before() -> None:
    first = tell(promised(), Reason.PROMISED, Relation.CARRIER, to="emi")
    moved = tell(promised(previously=True), Reason.PROMISED, Relation.CARRIER, to="emi")
    outside = tell(promised(previously=True), Reason.PROMISED, Relation.REPORTER, to=CUSTOMER)

    assert first.heading == "It will be solved by Fri 5 Jun, 09:00"
    assert not any("Until now" in line for line in first.lines)
    assert "Until now it was promised for Mon 1 Jun, 10:00." in moved.lines
    assert ("Promised for", "Fri 5 Jun, 09:00") in moved.facts
    assert (moved.quote, outside.quote) == ("The part is on its way.", None)
    assert "Until now it was promised for Mon 1 Jun, 10:00." in outside.lines


@pytest.mark.parametrize(
    ("event", "reason", "heading"),
    [
        (paused(), Reason.PAUSED, "Chasing rests until Fri 5 Jun, 09:00, as before"),
        (unpaused(), Reason.UNPAUSED, "Chasing does not rest"),
    ],
)
def test_who_wanted_chasing_to_rest_and_may_not_say_so_hears_who_may(
    event: ChasingPaused | ChasingResumed, reason: Reason, heading: str
) -> None:
    message = tell(event.model_copy(update={"refused": True}), reason, Relation.CONCERNED)

    assert message.heading == heading
    assert "Please talk to Kai. Nobody else has been told." in message.lines
    assert message.quote is None


# Chasing


def test_a_reminder_beforehand_says_that_nothing_is_late() -> None:
    message = tell(reminded(Step.RESOLVE, before=True), Reason.REMINDER)

    assert message.heading == "It is due soon"
    assert message.lines[1] == "Nothing is late: there is time until Mon 1 Jun, 14:00."


def test_who_took_it_and_went_quiet_is_asked_and_not_blamed() -> None:
    message = tell(IssueLapsed(**said()), Reason.LAPSED)

    assert message.heading == "Do you still have it?"
    assert what(message)[0] is Action.ACKNOWLEDGE


@pytest.mark.parametrize(
    ("reopenings", "words"),
    [(1, "It was thought to be solved, and was not."), (3, "thought to be solved 3 times")],
)
def test_what_was_solved_in_vain_is_told_further_up(reopenings: int, words: str) -> None:
    event = IssueEscalated(
        **said(reopenings=reopenings),
        step=Step.ACKNOWLEDGE,
        person_id="mio",
        because=EscalatedBecause.REOPENED,
    )

    message = tell(event, Reason.ESCALATION, Relation.LEAD, to="mio")

    assert message.heading == "It came back and needs you"
    assert words in message.lines[0]


def test_a_promised_day_that_was_moved_again_is_told_further_up_with_the_new_one() -> None:
    event = IssueEscalated(
        **said(promised_at=FRIDAY),
        step=Step.RESOLVE,
        person_id="mio",
        because=EscalatedBecause.PROMISE,
    )

    message = tell(event, Reason.ESCALATION, Relation.LEAD, to="mio")

    assert message.heading == "A promised day was moved, and it needs you"
    assert message.lines[0].endswith("is now to be solved by Fri 5 Jun, 09:00.")


def test_an_unanswered_question_is_told_further_up() -> None:
    event = IssueEscalated(**said(), step=Step.WAIT, person_id="mio")

    assert "has been asked something" in lines(event, Reason.ESCALATION, Relation.LEAD, "mio")


@pytest.mark.parametrize(("language", "shown"), [("ja", True), ("en", False)])
def test_the_step_of_the_ladder_is_named_to_whoever_reads_its_language(
    language: Language, shown: bool
) -> None:
    event = IssueEscalated(**said(), step=Step.ANSWER, person_id="mio", rung="課長に相談")

    message = tell(event, Reason.ESCALATION, Relation.LEAD, to="mio", language=language)

    assert ("課長に相談" in dict(message.facts).values()) is shown


# Together


def test_a_carrier_hears_where_it_goes_on_and_can_say_that_it_is_another() -> None:
    message = tell(merged(), Reason.MERGED, Relation.CARRIER, to="emi")

    assert message.heading == "It is the same as 4XRM-9KQT"
    assert what(message) == [Action.SEPARATE]
    assert message.quote == "Same batch."


def test_a_customer_hears_only_that_we_work_on_it() -> None:
    message = tell(merged(), Reason.MERGED, Relation.REPORTER, to=CUSTOMER)

    assert message.heading == "We are working on it already"
    assert "4XRM" not in as_text(message)
    assert (message.quote, message.buttons) == (None, [])


def test_an_owner_of_a_merged_issue_has_nothing_left_to_do() -> None:
    message = tell(merged(), Reason.MERGED)

    assert "You need not do anything about it any more." in message.lines
    assert message.buttons == []


def test_who_is_part_of_a_problem_hears_what_becomes_of_it() -> None:
    assert "solved once for all" in lines(linked(), Reason.LINKED, Relation.CARRIER, "emi")
    assert "It stays yours." in lines(linked(), Reason.LINKED)


def test_what_stands_for_itself_again_is_the_owners_turn() -> None:
    owner = tell(separated(), Reason.SEPARATED)
    carrier = tell(separated(), Reason.SEPARATED, Relation.CARRIER, to="emi")

    assert owner.lines[0] == "Emi has separated it from 4XRM-9KQT."
    assert owner.buttons
    assert carrier.buttons == []


def test_an_answer_to_another_issue_says_that_it_is_one() -> None:
    event = IssueResponded(
        **said(next_step=Step.RESOLVE), actor_id="ren", text="Press twice.", shared_from="other"
    )

    assert "belongs together with" in lines(event, Reason.ANSWER, Relation.CARRIER, "emi")


def solved_together(**issue: Any) -> IssueResolved:
    return IssueResolved(**said(**issue), actor_id="ren", text="For Mr Kato.", shared_from="other")


def test_the_owner_of_a_part_reads_that_it_is_solved_and_what_is_next() -> None:
    event = solved_together(state=State.RESOLVED, next_step=Step.CONFIRM)

    message = tell(event, Reason.LINKED, to="ren")

    assert message.heading == "It is solved with the bigger problem"
    assert message.lines[1].startswith("Next: Emi says by Mon 1 Jun, 14:00")
    assert message.buttons == []


def test_what_is_solved_for_many_is_told_to_a_customer_without_words_for_others() -> None:
    event = solved_together(state=State.RESOLVED, next_step=Step.CONFIRM)

    inside = tell(event, Reason.SOLVED, Relation.CARRIER, to="emi")
    outside = tell(event, Reason.SOLVED, Relation.REPORTER, to=CUSTOMER)

    assert inside.lines[0] == "It was part of a bigger problem, and that is solved."
    assert (inside.quote, outside.quote) == ("For Mr Kato.", None)
    assert what(outside) == [Action.CONFIRM, Action.REOPEN]


def test_what_was_closed_already_is_solved_without_a_question() -> None:
    event = solved_together(state=State.CLOSED, next_step=None, next_step_at=None)

    message = tell(event, Reason.SOLVED, Relation.CARRIER, to="emi")

    assert message.heading == "It is solved"
    assert what(message) == [Action.REOPEN]


def test_who_wrote_the_same_hears_that_it_is_solved_and_can_open_theirs_again() -> None:
    event = solved_together(state=State.CLOSED, next_step=None, merged_into="other")

    inside = tell(event, Reason.SOLVED, Relation.CARRIER, to="emi")
    outside = tell(event, Reason.SOLVED, Relation.REPORTER, to=CUSTOMER)

    assert inside.lines[0] == "The issue that it is the same as is solved."
    assert outside.lines[0] == "What you wrote about is solved."
    assert what(inside) == what(outside) == [Action.REOPEN]


def test_an_answer_to_the_same_issue_asks_nothing() -> None:
    event = IssueResponded(
        **said(state=State.CLOSED, next_step=None, merged_into="other"),
        actor_id="ren",
        text="Press twice.",
        shared_from="other",
    )

    message = tell(event, Reason.ANSWER, Relation.CARRIER, to="emi")

    assert len(message.lines) == 1
    assert message.buttons == []


def test_who_wrote_the_same_hears_that_it_goes_on_after_all() -> None:
    event = IssueReopened(**said(merged_into="other"), actor_id="aki", shared_from="other")

    message = tell(event, Reason.RESUMED, Relation.CARRIER, to="emi")

    assert message.heading == "It goes on"
    assert message.lines[0].startswith("It is not solved after all")


# Absences and pauses


def test_who_stands_in_hears_for_whom_how_long_and_how_much() -> None:
    message = tell(away(), Reason.AWAY, Relation.SUBSTITUTE, to="sho")

    assert message.heading == message.subject == "You stand in for Ren"
    assert message.lines[:2] == [
        "Ren is away until Fri 5 Jun, 09:00.",
        "3 open issues are with you meanwhile.",
    ]
    assert [button.url for button in message.buttons] == [message.inbox_url]
    assert (message.status_url, list(message.facts)) == ("", [])


@pytest.mark.parametrize(("substitute_id", "named"), [("sho", True), (None, False)])
def test_who_is_away_hears_that_it_is_looked_after(substitute_id: str | None, named: bool) -> None:
    message = tell(away(1, substitute_id), Reason.AWAY, Relation.ABSENT)

    assert message.lines[0] == "1 open issue of yours is looked after while you are away."
    assert ("Sho stands in for you." in message.lines) is named


@pytest.mark.parametrize(("substitute_id", "named"), [("sho", True), (None, False)])
def test_who_is_back_hears_what_is_theirs_again(substitute_id: str | None, named: bool) -> None:
    message = tell(back(2, substitute_id), Reason.BACK, Relation.ABSENT)

    assert message.heading == "Welcome back"
    assert message.lines[0] == "2 open issues are yours again."
    assert any("can tell you more" in line for line in message.lines) is named


def test_who_stood_in_is_thanked() -> None:
    message = tell(back(1), Reason.BACK, Relation.SUBSTITUTE, to="sho")

    assert message.lines[0] == "1 issue that you looked after has gone back."
    assert message.lines[1].startswith("Thank you")


def test_everybody_concerned_reads_why_and_how_long_nobody_is_chased() -> None:
    message = tell(paused(), Reason.PAUSED, Relation.CONCERNED, to="emi")

    assert message.heading == "Banso chases nobody until Fri 5 Jun, 09:00"
    assert message.quote == "The storm. Please look after yourselves."
    assert message.lines[0] == "Kai has said so."


def test_after_a_pause_everybody_hears_that_no_time_was_lost() -> None:
    assert "nobody has lost any time" in lines(unpaused(), Reason.UNPAUSED, Relation.CONCERNED)


@pytest.mark.parametrize(
    ("reason", "event"), [(Reason.AWAY, unpaused()), (Reason.UNPAUSED, paused())]
)
def test_no_words_are_put_into_the_mouth_of_another_fact(reason: Reason, event: Event) -> None:
    with pytest.raises(TypeError):
        tell(event, reason)


@pytest.mark.parametrize("refusal", [Refusal.BAD_DATE, Refusal.NO_SUCH_ISSUE])
def test_a_date_or_an_issue_that_can_not_be_is_mended_with_one_click(refusal: Refusal) -> None:
    event = ActionRefused(
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        person_id="ren",
        action=Action.MERGE,
        refusal=refusal,
        requested_at=MONDAY,
        source=Source.EMAIL,
        issue=build.snapshot(),
    )

    assert what(tell(event, Reason.REFUSED, Relation.REQUESTER)) == [Action.MERGE]


# Several things in one mail


def several(*events: tuple[Event, Reason], language: Language = "en") -> Message:
    ready = [
        Ready(
            delivery(reason, to="ren", issue_id=event.about or "", delivery_id=str(nth)),
            event,
            None,
            build.raised(),
        )
        for nth, (event, reason) in enumerate(events)
    ]
    return compose(ready, recipient("ren", language), ORGANISATION, LINKS, MONDAY)


def reminder(nth: int, **issue: Any) -> tuple[IssueReminded, Reason]:
    event = reminded(Step.ANSWER, reference=f"7K3M-{nth:04}", summary=f"Problem {nth}", **issue)
    issue_id = f"6f1e1c8a-7d2b-5c3e-9a4f-{nth:012}"
    return event.model_copy(update={"issue_id": issue_id}), Reason.REMINDER


def test_many_reminders_are_one_list_each_with_its_own_links() -> None:
    message = several(*(reminder(nth) for nth in range(30)))

    assert message.subject == message.heading == "30 issues are waiting for you"
    assert [entry.title for entry in message.entries] == [f"Problem {nth}" for nth in range(30)]
    urls = {button.url for entry in message.entries for button in entry.buttons}
    assert len(urls) == 90
    status = [
        LINKS.read(Purpose.STATUS, entry.status_url.rpartition("/s/")[2], MONDAY).issue_id
        for entry in message.entries
    ]
    assert len(set(status)) == 30
    text, html = as_text(message), as_html(message)
    for entry in message.entries:
        assert f"{entry.title} [{entry.reference}]\n" in text
        assert f"\n{entry.status_url}\n" in text
        assert entry.status_url in html
    assert (message.reply_above, message.left_out) == ("", "")


def test_the_most_urgent_comes_first_and_then_what_was_due_first() -> None:
    message = several(
        reminder(1, urgency=Urgency.LOW),
        reminder(2, next_step_at=MONDAY + HOUR),
        reminder(3, next_step_at=MONDAY),
        reminder(4, urgency=Urgency.HIGH),
    )

    assert [entry.title for entry in message.entries] == [
        "Problem 4",
        "Problem 3",
        "Problem 2",
        "Problem 1",
    ]
    assert [entry.note for entry in message.entries][:2] == ["Urgent: a customer is waiting", ""]


def test_a_list_that_mail_programs_would_cut_off_ends_before_that_and_says_so() -> None:
    message = several(*(reminder(nth) for nth in range(MOST_LISTED + 2)))

    assert len(message.entries) == MOST_LISTED
    assert message.heading == f"{MOST_LISTED + 2} issues are waiting for you"
    assert message.left_out == "And 2 more in your inbox."
    assert message.left_out in as_text(message)
    assert message.left_out in as_html(message)
    assert len(as_html(message)) < 102 * 1024  # where Gmail cuts


def test_an_absence_stands_above_all_that_it_brings() -> None:
    moved = assigned(AssignedBecause.ABSENCE)

    message = several((moved, Reason.YOURS), (away(1), Reason.AWAY))

    assert message.heading == "Your issues are in good hands"
    assert message.lines[0] == "1 open issue of yours is looked after while you are away."
    assert [entry.title for entry in message.entries] == ["It does not start"]


HEADINGS: list[tuple[Reason, IssueEvent, str]] = [
    (Reason.ESCALATION, IssueEscalated(**said(), step=Step.ANSWER, person_id="ren"), "are late"),
    (Reason.YOURS, assigned(AssignedBecause.ABSENCE), "are yours now"),
    (Reason.NEW_OWNER, assigned(AssignedBecause.ABSENCE), "looked after by somebody else"),
    (Reason.NO_LONGER_YOURS, assigned(AssignedBecause.ABSENCE), "are no longer yours"),
    (Reason.SOLVED, solved_together(state=State.RESOLVED), "Are these 2 issues solved?"),
    (Reason.CLOSED, IssueClosed(**said(), confirmed=False), "are closed"),
    (Reason.LAPSED, IssueLapsed(**said()), "There is news of 2 issues"),
]


@pytest.mark.parametrize(("reason", "event", "words"), HEADINGS)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_list_says_what_its_things_have_in_common(
    reason: Reason, event: Event, words: str, language: Language
) -> None:
    message = several((event, reason), (event, reason), language=language)

    assert bool(KANA.search(message.heading)) == (language == "ja")
    assert words in message.heading or language == "ja"
    assert {entry.note for entry in message.entries} == {""}


def test_where_things_differ_each_says_why_it_is_there() -> None:
    message = several(reminder(1), (IssueLapsed(**said()), Reason.LAPSED))

    assert [entry.note for entry in message.entries] == [
        "A reminder from Banso",
        "Do you still have it?",
    ]
    for note in ("A reminder from Banso", "Do you still have it?"):
        assert note in as_text(message)
        assert note in as_html(message)


def test_words_that_are_waited_for_stand_in_the_list_and_long_ones_are_shortened() -> None:
    event = solved_together(state=State.RESOLVED).model_copy(update={"text": "a" * 1000})

    message = several((event, Reason.SOLVED), (event, Reason.SOLVED))

    assert message.entries[0].quote == "a" * LONGEST_LISTED_QUOTE + " …"
    assert "> aaa" in as_text(message)
    assert "aaa" in as_html(message)
