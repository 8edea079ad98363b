"""Who hears of what, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.notifier.audience import Notice, audience
from shared.contracts.event import Event
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    DeclineReason,
    Reasons,
    Refusal,
    Source,
    Standing,
    State,
    Step,
    UndoneBecause,
    WaitingFor,
)
from shared.contracts.notifier import Reason, Relation
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueDeclined,
    IssueDue,
    IssueEscalated,
    IssueHelped,
    IssueLapsed,
    IssueLinked,
    IssueMerged,
    IssuePostponed,
    IssuePromised,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSeparated,
    IssueSnoozed,
    IssueUndone,
    IssueWaiting,
    PersonAway,
    PersonBack,
    ResumedBecause,
    Voice,
)
from tests.unit import build
from tests.unit.build import CUSTOMER, ISSUE_ID, MONDAY

ORGANISATION = build.organisation()


def told(event: Event) -> dict[str, tuple[Relation, Reason]]:
    notices = audience(event, ORGANISATION)
    assert len({notice.person_id for notice in notices}) == len(notices)
    return {notice.person_id: (notice.relation, notice.reason) for notice in notices}


def said(actor_id: str | None = None, **issue: Any) -> dict[str, Any]:
    """An issue of a customer, carried by `emi` and owned by `ren`."""
    return {
        "occurred_at": MONDAY,
        "issue_id": ISSUE_ID,
        "issue": build.snapshot(**({"reporter_id": CUSTOMER} | issue)),
        "actor_id": actor_id,
    }


def assigned(because: AssignedBecause, previous: str | None = None, **issue: Any) -> IssueAssigned:
    return IssueAssigned(
        **said(**issue), because=because, reasons=Reasons(), previous_owner_id=previous
    )


@pytest.mark.parametrize("because", [AssignedBecause.NEW, AssignedBecause.UNROUTABLE])
def test_a_new_issue_is_confirmed_to_its_reporter_wherever_they_are(
    because: AssignedBecause,
) -> None:
    assert told(assigned(because)) == {
        "ren": (Relation.OWNER, Reason.YOURS),
        "emi": (Relation.CARRIER, Reason.RECEIVED),
        CUSTOMER: (Relation.REPORTER, Reason.RECEIVED),
    }


def test_a_carrier_who_wrote_it_is_told_once() -> None:
    assert told(assigned(AssignedBecause.NEW, reporter_id="emi")) == {
        "ren": (Relation.OWNER, Reason.YOURS),
        "emi": (Relation.CARRIER, Reason.RECEIVED),
    }


def test_a_leader_who_gets_their_own_issue_hears_that_it_is_theirs() -> None:
    event = assigned(AssignedBecause.NEW, owner_id="kai", carrier_id="kai", reporter_id="kai")

    assert told(event) == {"kai": (Relation.OWNER, Reason.YOURS)}


LATER = sorted(set(AssignedBecause) - {AssignedBecause.NEW, AssignedBecause.UNROUTABLE})


@pytest.mark.parametrize("because", LATER)
def test_who_owns_it_later_is_no_matter_for_anybody_outside(because: AssignedBecause) -> None:
    assert told(assigned(because, previous="sho")) == {
        "ren": (Relation.OWNER, Reason.YOURS),
        "emi": (Relation.CARRIER, Reason.NEW_OWNER),
        "sho": (Relation.FORMER_OWNER, Reason.NO_LONGER_YOURS),
    }


def test_a_colleague_who_wrote_for_the_carrier_hears_of_later_owners_too() -> None:
    assert told(assigned(AssignedBecause.LEADER, previous="sho", reporter_id="yui")) == {
        "ren": (Relation.OWNER, Reason.YOURS),
        "emi": (Relation.CARRIER, Reason.NEW_OWNER),
        "yui": (Relation.REPORTER, Reason.NEW_OWNER),
        "sho": (Relation.FORMER_OWNER, Reason.NO_LONGER_YOURS),
    }


@pytest.mark.parametrize("previous", [None, "somebody-who-left"])
def test_nobody_is_written_to_who_has_left(previous: str | None) -> None:
    assert told(assigned(AssignedBecause.LEFT, previous=previous)).keys() == {"ren", "emi"}


def test_a_former_owner_who_handed_it_over_need_not_be_told() -> None:
    event = IssueAssigned(
        **said(actor_id="sho"),
        because=AssignedBecause.HANDED_OVER,
        reasons=Reasons(),
        previous_owner_id="sho",
    )

    assert "sho" not in told(event)


def test_a_decline_is_told_by_the_assignment_that_follows_it() -> None:
    event = IssueDeclined(**said("ren"), reason=DeclineReason.NO_TIME, proposed="sho")

    assert told(event) == {}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (IssueAcknowledged(**said("ren")), Reason.TAKEN),
        (IssueResponded(**said("ren"), text="Try this."), Reason.ANSWER),
        (IssueResolved(**said("ren"), text="Done."), Reason.SOLVED),
        (IssueClosed(**said(), confirmed=False), Reason.CLOSED),
    ],
)
def test_whoever_wrote_and_whoever_carries_it_hear_how_it_goes(
    event: Event, reason: Reason
) -> None:
    assert told(event) == {
        "emi": (Relation.CARRIER, reason),
        CUSTOMER: (Relation.REPORTER, reason),
    }


def test_an_owner_hears_that_the_carrier_confirms_the_solution() -> None:
    assert told(IssueClosed(**said("emi"), confirmed=True)) == {
        "ren": (Relation.OWNER, Reason.CONFIRMED),
        CUSTOMER: (Relation.REPORTER, Reason.CLOSED),
    }


def test_an_owner_hears_that_it_is_not_solved() -> None:
    assert told(IssueReopened(**said(CUSTOMER), text="It still does not start.")) == {
        "ren": (Relation.OWNER, Reason.REOPENED)
    }


@pytest.mark.parametrize("step", [Step.ACKNOWLEDGE, Step.ANSWER, Step.RESOLVE])
def test_an_owner_is_reminded_of_their_step(step: Step) -> None:
    event = IssueReminded(**said(), step=step, person_id="ren")

    assert told(event) == {"ren": (Relation.OWNER, Reason.REMINDER)}


def test_a_carrier_is_reminded_to_confirm() -> None:
    event = IssueReminded(**said(), step=Step.CONFIRM, person_id="emi")

    assert told(event) == {"emi": (Relation.CARRIER, Reason.REMINDER)}


@pytest.mark.parametrize(
    ("person_id", "relation"), [("mio", Relation.LEAD), ("kai", Relation.LEADER)]
)
def test_somebody_further_up_hears_that_it_is_late(person_id: str, relation: Relation) -> None:
    event = IssueEscalated(**said(), step=Step.ANSWER, person_id=person_id)

    assert told(event) == {person_id: (relation, Reason.ESCALATION)}


def test_who_is_given_a_late_issue_hears_so_by_its_assignment_alone() -> None:
    event = IssueEscalated(**said(), step=Step.ANSWER, person_id="kai", gives=True)

    assert told(event) == {}


@pytest.mark.parametrize(("after_s", "is_told"), [(10, False), (11, True)])
def test_a_refusal_is_sent_only_where_it_can_no_longer_stand_on_the_page(
    after_s: int, is_told: bool
) -> None:
    event = ActionRefused(
        occurred_at=MONDAY + timedelta(seconds=after_s),
        issue_id=ISSUE_ID,
        person_id="ren",
        action=Action.ANSWER,
        refusal=Refusal.NOT_NOW,
        requested_at=MONDAY,
    )

    assert told(event) == ({"ren": (Relation.REQUESTER, Reason.REFUSED)} if is_told else {})


@pytest.mark.parametrize(("source", "is_told"), [(Source.EMAIL, True), (Source.API, False)])
def test_a_refusal_of_what_a_mail_asked_for_is_always_sent(source: Source, is_told: bool) -> None:
    event = ActionRefused(
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        person_id="ren",
        action=Action.RESOLVE,
        refusal=Refusal.INCOMPLETE,
        requested_at=MONDAY,
        source=source,
    )

    assert ("ren" in told(event)) is is_told


# Words that are no answer


def comment(
    actor_id: str | None, voice: Voice, standing: Standing = Standing.VOUCHED, **more: Any
) -> IssueCommented:
    quiet = more.pop("quiet", False)
    return IssueCommented(
        **said(actor_id, **more),
        voice=voice,
        standing=standing,
        source=Source.EMAIL,
        text="It blinks, too.",
        quiet=quiet,
    )


@pytest.mark.parametrize("actor_id", ["emi", CUSTOMER])
def test_an_owner_hears_what_carrier_and_reporter_say_more(actor_id: str) -> None:
    assert told(comment(actor_id, Voice.CARRIER)) == {"ren": (Relation.OWNER, Reason.COMMENT)}


@pytest.mark.parametrize("actor_id", ["yui", "x-2", None])
def test_an_owner_looks_at_what_anybody_else_writes(actor_id: str | None) -> None:
    assert told(comment(actor_id, Voice.OTHER)) == {"ren": (Relation.OWNER, Reason.LOOK)}


@pytest.mark.parametrize("standing", [Standing.THREADED, Standing.DOUBTED])
def test_an_owner_hears_what_comes_in_their_own_name_without_proof(standing: Standing) -> None:
    assert told(comment("ren", Voice.OTHER, standing)) == {"ren": (Relation.OWNER, Reason.LOOK)}


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
@pytest.mark.parametrize(
    ("actor_id", "relation"), [("emi", Relation.CARRIER), (CUSTOMER, Relation.REPORTER)]
)
def test_who_writes_about_what_is_over_hears_how_to_open_it_again(
    actor_id: str, relation: Relation, state: State
) -> None:
    event = comment(actor_id, Voice.CARRIER, Standing.THREADED, state=state)

    assert told(event) == {
        "ren": (Relation.OWNER, Reason.COMMENT),
        actor_id: (relation, Reason.STILL_CLOSED),
    }


def test_nobody_else_hears_that_it_is_over() -> None:
    assert told(comment("yui", Voice.OTHER, state=State.CLOSED)).keys() == {"ren"}


@pytest.mark.parametrize("voice", Voice)
def test_more_words_than_a_person_writes_are_told_to_nobody(voice: Voice) -> None:
    assert told(comment("emi", voice, state=State.CLOSED, quiet=True)) == {}


# Corrections, and what the carrier says is over


@pytest.mark.parametrize("actor_id", ["emi", CUSTOMER])
def test_an_owner_hears_what_was_corrected(actor_id: str) -> None:
    event = IssueCorrected(**said(actor_id), changed=("summary",))

    assert told(event) == {"ren": (Relation.OWNER, Reason.CORRECTED)}


def test_a_carrier_hears_what_an_owner_has_corrected() -> None:
    event = IssueCorrected(**said("ren"), changed=("urgency",))

    assert told(event) == {"emi": (Relation.CARRIER, Reason.CORRECTED)}


def test_an_owner_hears_that_it_is_withdrawn_and_the_others_who_wait_that_it_is_closed() -> None:
    event = IssueClosed(**said("emi", follower_ids=["sho"]), confirmed=False, withdrawn=True)

    assert told(event) == {
        "ren": (Relation.OWNER, Reason.WITHDRAWN),
        CUSTOMER: (Relation.REPORTER, Reason.CLOSED),
        "sho": (Relation.FOLLOWER, Reason.CLOSED),
    }


def elsewhere(actor_id: str, said_by_id: str, **issue: Any) -> IssueResponded:
    return IssueResponded(
        **said(actor_id, **issue), text="By telephone.", elsewhere=True, said_by_id=said_by_id
    )


@pytest.mark.parametrize("actor_id", ["ren", "mio"])
def test_an_owner_hears_that_it_was_answered_elsewhere_even_by_themselves(actor_id: str) -> None:
    """A customer is told by whoever carries it, as they see fit."""
    event = elsewhere(actor_id, "emi", follower_ids=["sho", "x-2"])

    assert told(event) == {
        "ren": (Relation.OWNER, Reason.ANSWERED_ELSEWHERE),
        "sho": (Relation.FOLLOWER, Reason.ANSWER),
    }


def test_a_carrier_hears_that_a_customer_was_answered_elsewhere() -> None:
    assert told(elsewhere("ren", CUSTOMER)) == {
        "ren": (Relation.OWNER, Reason.ANSWERED_ELSEWHERE),
        "emi": (Relation.CARRIER, Reason.ANSWER),
    }


def test_an_owner_who_said_so_themselves_need_not_be_told() -> None:
    assert told(elsewhere("mio", "ren", reporter_id="ren")) == {
        "emi": (Relation.CARRIER, Reason.ANSWER)
    }


# People on copy, and confidential issues


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (assigned(AssignedBecause.NEW, follower_ids=["sho", "x-2"]), Reason.COPIED),
        (assigned(AssignedBecause.UNROUTABLE, follower_ids=["sho", "x-2"]), Reason.COPIED),
        (IssueResponded(**said("ren", follower_ids=["sho", "x-2"]), text="."), Reason.ANSWER),
        (IssueResolved(**said("ren", follower_ids=["sho", "x-2"])), Reason.SOLVED),
        (IssueClosed(**said(follower_ids=["sho", "x-2"]), confirmed=False), Reason.CLOSED),
        (IssueClosed(**said("emi", follower_ids=["sho", "x-2"]), confirmed=True), Reason.CLOSED),
    ],
)
def test_people_on_copy_hear_of_it_and_of_answers_and_of_its_end(
    event: Event, reason: Reason
) -> None:
    heard = told(event)

    assert heard["sho"] == heard["x-2"] == (Relation.FOLLOWER, reason)


@pytest.mark.parametrize(
    "event",
    [
        assigned(AssignedBecause.HANDED_OVER, previous="mio", follower_ids=["sho"]),
        IssueAcknowledged(**said("ren", follower_ids=["sho"])),
        IssueReopened(**said("emi", follower_ids=["sho"])),
        IssueReminded(**said(follower_ids=["sho"]), step=Step.CONFIRM, person_id="emi"),
        IssueCorrected(**said("emi", follower_ids=["sho"]), changed=("summary",)),
        comment("emi", Voice.CARRIER, follower_ids=["sho"]),
    ],
)
def test_people_on_copy_hear_no_more_than_that(event: Event) -> None:
    assert "sho" not in told(event)


def test_who_owns_or_carries_it_by_now_is_told_as_that_and_not_as_somebody_on_copy() -> None:
    event = IssueResolved(**said("mio", follower_ids=["emi", CUSTOMER, "mio"]))

    assert told(event) == {
        "emi": (Relation.CARRIER, Reason.SOLVED),
        CUSTOMER: (Relation.REPORTER, Reason.SOLVED),
    }


@pytest.mark.parametrize(("person_id", "is_told"), [("mio", False), ("kai", True)])
def test_no_lead_hears_of_a_confidential_issue(person_id: str, is_told: bool) -> None:
    event = IssueEscalated(**said(confidential=True), step=Step.ANSWER, person_id=person_id)

    assert (person_id in told(event)) is is_told


@pytest.mark.parametrize(
    "event",
    [
        IssueAcknowledged(**said("emi")),
        IssueResponded(**said("emi"), text="I found out."),
        IssueResolved(**said(CUSTOMER)),
        IssueReopened(**said("ren", state=State.ASSIGNED)),
        IssueReminded(**said("ren"), step=Step.ANSWER, person_id="ren"),
    ],
)
def test_nobody_is_told_of_their_own_act(event: Any) -> None:
    assert event.actor_id not in told(event)


def test_what_concerns_nobody_is_told_to_nobody() -> None:
    due = IssueDue(occurred_at=MONDAY, issue_id=ISSUE_ID, step_number=1)

    assert audience(due, ORGANISATION) == []
    assert audience(build.raised(), ORGANISATION) == []


def test_the_owner_comes_first() -> None:
    """Where one message must wait for another, nobody waits longer than who has to act."""
    first = audience(assigned(AssignedBecause.NEW), ORGANISATION)[0]

    assert first == Notice("ren", Relation.OWNER, Reason.YOURS)


def commented(voice: Voice, actor_id: str, **issue: Any) -> IssueCommented:
    return IssueCommented(
        **said(actor_id, **issue),
        voice=voice,
        standing=Standing.VOUCHED,
        source=Source.EMAIL,
        text="It blinks.",
    )


def test_words_about_an_old_issue_whose_owner_has_left_reach_the_leader() -> None:
    old = {"owner_id": "has-left", "state": State.CLOSED}

    assert told(commented(Voice.OTHER, "x-stranger", **old)) == {
        "kai": (Relation.LEADER, Reason.LOOK)
    }
    assert told(commented(Voice.CARRIER, CUSTOMER, **old)) == {
        "kai": (Relation.LEADER, Reason.COMMENT),
        CUSTOMER: (Relation.REPORTER, Reason.STILL_CLOSED),
    }


def test_nobody_waits_for_somebody_who_has_left() -> None:
    answered = IssueResponded(**said("ren", carrier_id="has-left"), text="Press twice.")

    assert told(answered) == {CUSTOMER: (Relation.REPORTER, Reason.ANSWER)}


# Follow-up: helped, waiting, put off, going on, promised, lapsed, postponed


def test_a_new_issue_to_be_sorted_is_confirmed_as_any_other() -> None:
    assert told(assigned(AssignedBecause.TRIAGE)) == {
        "ren": (Relation.OWNER, Reason.YOURS),
        "emi": (Relation.CARRIER, Reason.RECEIVED),
        CUSTOMER: (Relation.REPORTER, Reason.RECEIVED),
    }


def test_who_takes_it_over_knows_and_the_others_hear() -> None:
    event = IssueAssigned(
        **said("ren"),
        because=AssignedBecause.TAKEN,
        reasons=Reasons(),
        previous_owner_id="sho",
    )

    assert told(event) == {
        "emi": (Relation.CARRIER, Reason.NEW_OWNER),
        "sho": (Relation.FORMER_OWNER, Reason.NO_LONGER_YOURS),
    }


def test_a_helper_is_asked_and_the_carrier_hears_who_helps() -> None:
    assert told(IssueHelped(**said("ren"), helper_id="yui", text="Do you know it?")) == {
        "yui": (Relation.HELPER, Reason.HELP),
        "emi": (Relation.CARRIER, Reason.HELPED),
    }


@pytest.mark.parametrize("actor_id", ["yui", "kai"])
def test_an_owner_hears_what_somebody_else_answers(actor_id: str) -> None:
    assert told(IssueResponded(**said(actor_id), text="Press twice.")) == {
        "emi": (Relation.CARRIER, Reason.ANSWER),
        CUSTOMER: (Relation.REPORTER, Reason.ANSWER),
        "ren": (Relation.OWNER, Reason.ANSWER),
    }


def waiting(waiting_for: WaitingFor, **issue: Any) -> IssueWaiting:
    return IssueWaiting(**said("ren", waiting_for=waiting_for, **issue), text="Which colour?")


def test_a_carrier_is_asked_what_the_owner_needs_to_know() -> None:
    assert told(waiting(WaitingFor.CARRIER)) == {"emi": (Relation.CARRIER, Reason.ASKED)}


def test_a_customer_who_wrote_themselves_is_asked_too() -> None:
    assert told(waiting(WaitingFor.CUSTOMER)) == {
        "emi": (Relation.CARRIER, Reason.ASKED),
        CUSTOMER: (Relation.REPORTER, Reason.ASKED),
    }


def test_a_colleague_who_wrote_for_the_carrier_is_no_customer() -> None:
    event = waiting(WaitingFor.CUSTOMER, reporter_id="yui")

    assert told(event) == {"emi": (Relation.CARRIER, Reason.ASKED)}


def test_whoever_has_the_ball_is_reminded_of_it() -> None:
    event = IssueReminded(**said(), step=Step.WAIT, person_id="emi")

    assert told(event) == {"emi": (Relation.CARRIER, Reason.REMINDER)}


@pytest.mark.parametrize(
    "because", [ResumedBecause.ASKED, ResumedBecause.UNANSWERED, ResumedBecause.OVER]
)
def test_owner_and_carrier_hear_that_it_goes_on_and_no_customer(because: ResumedBecause) -> None:
    assert told(IssueResumed(**said(), because=because)) == {
        "ren": (Relation.OWNER, Reason.RESUMED),
        "emi": (Relation.CARRIER, Reason.RESUMED),
    }


@pytest.mark.parametrize(("text", "people"), [(None, set()), ("It is red.", {"ren"})])
def test_an_answer_that_was_told_already_is_not_told_again(
    text: str | None, people: set[str]
) -> None:
    event = IssueResumed(**said("emi"), because=ResumedBecause.ANSWERED, text=text)

    assert told(event).keys() == people


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (IssueSnoozed(**said("ren"), text="The part is on its way."), Reason.PUT_OFF),
        (IssuePromised(**said("ren")), Reason.PROMISED),
    ],
)
def test_carrier_and_customer_hear_of_a_date(event: Event, reason: Reason) -> None:
    assert told(event) == {
        "emi": (Relation.CARRIER, reason),
        CUSTOMER: (Relation.REPORTER, reason),
    }


def test_an_owner_who_went_quiet_is_asked() -> None:
    assert told(IssueLapsed(**said())) == {"ren": (Relation.OWNER, Reason.LAPSED)}


def test_another_date_is_seen_on_the_page_and_told_to_nobody() -> None:
    assert told(IssuePostponed(**said())) == {}


# Issues that belong together


def test_who_carries_or_wrote_what_is_the_same_as_another_hears_so_and_its_owner() -> None:
    assert told(IssueMerged(**said("kai"), into_reference="4XRM-9KQT")) == {
        "emi": (Relation.CARRIER, Reason.MERGED),
        CUSTOMER: (Relation.REPORTER, Reason.MERGED),
        "ren": (Relation.OWNER, Reason.MERGED),
    }


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (IssueLinked(**said("kai"), parent_reference="4XRM-9KQT"), Reason.LINKED),
        (IssueSeparated(**said("kai"), from_reference="4XRM-9KQT"), Reason.SEPARATED),
    ],
)
def test_what_belongs_together_inside_is_no_matter_for_a_customer(
    event: Event, reason: Reason
) -> None:
    assert told(event) == {
        "emi": (Relation.CARRIER, reason),
        "ren": (Relation.OWNER, reason),
    }


def test_an_answer_to_somebody_else_stays_inside() -> None:
    event = IssueResponded(**said("ren", follower_ids=["x-2"]), text=".", shared_from="other")

    assert told(event) == {"emi": (Relation.CARRIER, Reason.ANSWER)}


def test_what_is_solved_for_many_is_told_to_each_customer_too() -> None:
    assert told(IssueResolved(**said("ren"), text="Done.", shared_from="other")) == {
        "emi": (Relation.CARRIER, Reason.SOLVED),
        CUSTOMER: (Relation.REPORTER, Reason.SOLVED),
    }


def test_the_end_of_the_same_issue_is_told_inside_and_asks_nothing_of_its_owner() -> None:
    event = IssueClosed(**said("aki"), confirmed=True, shared_from="other")

    assert told(event) == {"emi": (Relation.CARRIER, Reason.CLOSED)}


def test_who_carries_the_same_issue_hears_that_it_goes_on() -> None:
    event = IssueReopened(**said("aki"), shared_from="other")

    assert told(event) == {"emi": (Relation.CARRIER, Reason.RESUMED)}


# Absences and pauses


def away(issues: int, substitute_id: str | None = "sho") -> PersonAway:
    return PersonAway(
        occurred_at=MONDAY,
        absence_id="absence",
        person_id="ren",
        starts_at=MONDAY,
        ends_at=MONDAY + timedelta(days=4),
        substitute_id=substitute_id,
        issues=issues,
    )


def back(issues: int, substitute_id: str | None = "sho") -> PersonBack:
    return PersonBack(
        occurred_at=MONDAY,
        absence_id="absence",
        person_id="ren",
        substitute_id=substitute_id,
        issues=issues,
    )


@pytest.mark.parametrize(("event", "reason"), [(away(3), Reason.AWAY), (back(3), Reason.BACK)])
def test_who_is_away_and_who_stands_in_hear_so_once(event: Event, reason: Reason) -> None:
    assert told(event) == {
        "ren": (Relation.ABSENT, reason),
        "sho": (Relation.SUBSTITUTE, reason),
    }


@pytest.mark.parametrize("event", [away(3, None), back(3, None)])
def test_where_nobody_stands_in_for_all_of_it_only_whoever_is_away_hears_so(event: Event) -> None:
    assert told(event).keys() == {"ren"}


@pytest.mark.parametrize("event", [away(0), back(0)])
def test_an_absence_that_moves_nothing_is_told_to_nobody(event: Event) -> None:
    assert told(event) == {}


CONCERNED = ("ren", "emi", "kai", "ren", CUSTOMER, "has-left")


def test_everybody_concerned_hears_that_chasing_rests_but_not_whoever_said_so() -> None:
    event = ChasingPaused(
        occurred_at=MONDAY,
        pause_id="pause",
        starts_at=MONDAY,
        ends_at=MONDAY,
        said_by_id="kai",
        text="A storm.",
        concerned=CONCERNED,
    )

    assert told(event) == dict.fromkeys(("ren", "emi"), (Relation.CONCERNED, Reason.PAUSED))


def test_everybody_concerned_hears_that_it_goes_on() -> None:
    event = ChasingResumed(
        occurred_at=MONDAY, pause_id="pause", starts_at=MONDAY, ends_at=MONDAY, concerned=CONCERNED
    )

    heard = dict.fromkeys(("ren", "emi", "kai"), (Relation.CONCERNED, Reason.UNPAUSED))
    assert told(event) == heard


def undone(because: UndoneBecause, actor_id: str | None, **said_too: Any) -> IssueUndone:
    heard = ("emi", "mio", "sho", CUSTOMER, "kai", "x-2")
    issue = {"helper_ids": ("sho",), "follower_ids": ("x-2",)}
    usual: dict[str, Any] = {"undone": (Action.RESOLVE,), "of_id": "ren", "told_ids": heard}
    return IssueUndone(**said(actor_id, **issue), because=because, **usual | said_too)


HEARD = {
    "emi": (Relation.CARRIER, Reason.UNDONE),
    CUSTOMER: (Relation.REPORTER, Reason.UNDONE),
    "mio": (Relation.FORMER_OWNER, Reason.UNDONE),
    "sho": (Relation.HELPER, Reason.UNDONE),
    "kai": (Relation.LEADER, Reason.UNDONE),
    "x-2": (Relation.FOLLOWER, Reason.UNDONE),
}


def test_whoever_heard_of_it_hears_that_it_is_taken_back() -> None:
    assert told(undone(UndoneBecause.ASKED, "ren")) == HEARD


@pytest.mark.parametrize("because", [UndoneBecause.CONTRADICTED, UndoneBecause.DECOY])
def test_whoever_has_not_done_it_hears_that_it_was_void(because: UndoneBecause) -> None:
    owner = {"ren": (Relation.OWNER, Reason.VOIDED)}

    assert told(undone(because, None)) == owner | HEARD


def test_whoever_did_it_by_a_link_is_told_since_a_machine_may_have_pressed_it() -> None:
    taken = {"by_link": Action.ACKNOWLEDGE}
    carriers = {
        "emi": (Relation.CARRIER, Reason.TAKEN),
        CUSTOMER: (Relation.REPORTER, Reason.TAKEN),
    }

    assert told(IssueAcknowledged(**said("ren"))) == carriers
    assert told(IssueAcknowledged(**said("ren"), **taken)) == {
        **carriers,
        "ren": (Relation.OWNER, Reason.RECEIPT),
    }
    assert told(IssueAcknowledged(**said(), **taken)) == carriers
