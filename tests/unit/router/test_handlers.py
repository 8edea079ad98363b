"""What the router decides, on a database in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from services.router import handlers, store
from services.router.lifecycle import Issue
from services.router.store import Board, Desk
from services.router.tick import SAY_AGAIN, OrganisationFile
from shared import clock
from shared.contracts.event import MAX_TEXT, Envelope
from shared.contracts.intake import (
    ActionRequested,
    Correction,
    IssueImported,
    MessageReceived,
    Remark,
)
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Attachment,
    Refusal,
    Source,
    Standing,
    State,
    Step,
    Urgency,
)
from shared.contracts.router import (
    ActionRefused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueDue,
    IssueEscalated,
    IssueRecorded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    Voice,
)
from shared.database import open_engine
from shared.journal import NotYet
from tests.unit import build
from tests.unit.build import CUSTOMER, ISSUE_ID, MONDAY

NOW = build.at("2026-06-01 10:00")


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def test_what_is_reopened_goes_to_somebody_who_is_still_there(connection: Connection) -> None:
    organisation = build.organisation()
    desk = Desk(connection, NOW, organisation, Board(connection))
    closed = build.issue(
        state=State.CLOSED,
        owner_id="gone",
        team_id=organisation.default_team,
        next_step=None,
        next_step_at=None,
        wake_at=None,
    )
    desk.put(closed)
    wish = ActionRequested(
        event_id="wish",
        occurred_at=NOW,
        issue_id=closed.issue_id,
        person_id=closed.carrier_id,
        action=Action.REOPEN,
    )

    events = handlers.action_requested(wish, desk)

    reopened, assigned = events
    assert isinstance(reopened, IssueReopened)
    assert isinstance(assigned, IssueAssigned)
    assert assigned.because == AssignedBecause.LEFT
    assert assigned.issue.owner_id in organisation.person
    assert assigned.issue.owner_id != closed.carrier_id


def test_no_fact_about_an_issue_is_dated_before_the_one_that_came_earlier(
    connection: Connection,
) -> None:
    desk = Desk(connection, NOW, build.organisation(), Board(connection))
    later = NOW + timedelta(hours=1)
    issue = replace(build.issue(), changed_at=later)
    desk.put(issue)
    wish = ActionRequested(
        event_id="wish",
        occurred_at=NOW,
        issue_id=issue.issue_id,
        person_id=issue.owner_id,
        action=Action.ACKNOWLEDGE,
    )

    (acknowledged,) = handlers.action_requested(wish, desk)

    assert acknowledged.occurred_at == later


# Words


@pytest.fixture
def desk(connection: Connection) -> Desk:
    return Desk(connection, NOW, build.organisation(), Board(connection))


def put(desk: Desk, **said: Any) -> Issue:
    issue = build.issue(**said)
    desk.put(issue)
    return issue


def over(state: State) -> dict[str, Any]:
    if state is State.CLOSED:
        return {"state": state, "next_step": None, "next_step_at": None, "wake_at": None}
    return {"state": state, "next_step": Step.CONFIRM, "resolved_at": MONDAY}


def message(person_id: str, standing: Standing = Standing.VOUCHED, **said: Any) -> MessageReceived:
    usual: dict[str, Any] = {
        "event_id": "words",
        "occurred_at": NOW,
        "issue_id": ISSUE_ID,
        "person_id": person_id,
        "source": Source.EMAIL,
        "standing": standing,
        "text": "It blinks.",
    }
    return MessageReceived(**(usual | said))


PICTURE = Attachment(filename="a.png", content_type="image/png", size=3, sha256="0" * 64)


def test_an_owners_words_are_an_answer_with_all_that_came_with_them(desk: Desk) -> None:
    put(desk)

    (answer,) = handlers.message_received(
        message("ren", attachments=(PICTURE,), raw_sha256="1" * 64, html_sha256="2" * 64), desk
    )

    assert isinstance(answer, IssueResponded)
    assert (answer.actor_id, answer.text, answer.elsewhere) == ("ren", "It blinks.", False)
    assert answer.attachments == (PICTURE,)
    assert (answer.raw_sha256, answer.html_sha256) == ("1" * 64, "2" * 64)
    assert answer.issue.state is State.ACKNOWLEDGED
    assert "ren" in desk.answered("emi")


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_an_owners_afterword_reaches_the_carrier_and_changes_no_state(
    desk: Desk, state: State
) -> None:
    issue = put(desk, **over(state))

    (answer,) = handlers.message_received(message("ren"), desk)

    assert isinstance(answer, IssueResponded)
    kept = desk.issue(ISSUE_ID)
    assert kept is not None
    assert kept.state is state
    assert (kept.wake_at, kept.step_number) == (issue.wake_at, issue.step_number)


@pytest.mark.parametrize(
    ("person_id", "standing", "voice"),
    [
        ("emi", Standing.THREADED, Voice.CARRIER),
        ("yui", Standing.VOUCHED, Voice.OTHER),
        ("ren", Standing.THREADED, Voice.OTHER),
        ("emi", Standing.DOUBTED, Voice.OTHER),
    ],
)
def test_all_other_words_are_comments_which_move_no_date(
    desk: Desk, person_id: str, standing: Standing, voice: Voice
) -> None:
    issue = put(desk)

    (comment,) = handlers.message_received(
        message(person_id, standing, quiet=True, attachments=(PICTURE,)), desk
    )

    assert isinstance(comment, IssueCommented)
    assert (comment.voice, comment.standing, comment.source) == (voice, standing, Source.EMAIL)
    assert (comment.actor_id, comment.quiet) == (person_id, True)
    assert comment.attachments == (PICTURE,)
    kept = desk.issue(ISSUE_ID)
    assert kept == replace(issue, version=issue.version + 1, changed_at=NOW)


def test_words_wait_for_an_issue_that_is_still_on_its_way(desk: Desk) -> None:
    with pytest.raises(NotYet):
        handlers.message_received(message("emi"), desk)


def envelope(**said: Any) -> Envelope:
    return Envelope.model_validate({"id": "event", "time": NOW, "data": said})


def test_words_that_can_not_be_decided_on_are_looked_at_by_the_owner(desk: Desk) -> None:
    put(desk)
    words = envelope(
        issue_id=ISSUE_ID,
        person_id="emi",
        source="email",
        standing="vouched in a new way",
        text="x" * (MAX_TEXT + 1),
        raw_sha256="1" * 64,
        attachments=[PICTURE.model_dump()],
    )

    (comment,) = handlers.could_not_be_understood(words, desk)

    assert isinstance(comment, IssueCommented)
    assert (comment.voice, comment.standing) == (Voice.OTHER, Standing.THREADED)
    assert (comment.actor_id, comment.source) == ("emi", Source.EMAIL)
    assert len(comment.text) == MAX_TEXT
    assert comment.attachments == (PICTURE,)


def test_of_broken_words_is_kept_what_can_be_read(desk: Desk) -> None:
    put(desk)

    (comment,) = handlers.could_not_be_understood(
        envelope(issue_id=ISSUE_ID, source="smoke", attachments=[{"filename": 1}]), desk
    )

    assert isinstance(comment, IssueCommented)
    assert (comment.actor_id, comment.text, comment.source) == (None, "", Source.API)
    assert comment.attachments == ()


def test_broken_words_about_no_issue_of_ours_are_left_to_the_operators(desk: Desk) -> None:
    assert handlers.could_not_be_understood(envelope(issue_id=ISSUE_ID), desk) == []


# What a mail may do


def wish(person_id: str, action: Action, **said: Any) -> ActionRequested:
    usual = {"event_id": "wish", "occurred_at": NOW, "issue_id": ISSUE_ID}
    return ActionRequested(**usual, person_id=person_id, action=action, **said)


def ask(desk: Desk, person_id: str, action: Action, **said: Any) -> Any:
    """The one event that comes of it."""
    (event,) = handlers.action_requested(wish(person_id, action, **said), desk)
    return event


def test_a_refusal_carries_the_words_and_where_they_came_from(desk: Desk) -> None:
    put(desk)

    refused = ask(
        desk,
        "ren",
        Action.DECLINE,
        source=Source.EMAIL,
        standing=Standing.THREADED,
        text="却下\nNot my area.",
    )

    assert isinstance(refused, ActionRefused)
    assert refused.refusal is Refusal.ONE_CLICK
    assert (refused.source, refused.text) == (Source.EMAIL, "却下\nNot my area.")


def test_whoever_may_not_do_it_anyhow_is_not_asked_for_a_click(desk: Desk) -> None:
    put(desk)

    refused = ask(desk, "yui", Action.ANSWER, text="x", standing=Standing.DOUBTED)

    assert refused.refusal is Refusal.NOT_YOURS


def test_what_is_done_already_needs_no_proof(desk: Desk) -> None:
    put(desk, state=State.ACKNOWLEDGED)

    again = wish("ren", Action.ACKNOWLEDGE, standing=Standing.DOUBTED)

    assert handlers.action_requested(again, desk) == []


def test_an_unproven_mail_acknowledges(desk: Desk) -> None:
    put(desk)

    taken = ask(desk, "ren", Action.ACKNOWLEDGE, standing=Standing.UNPROVEN)

    assert isinstance(taken, IssueAcknowledged)


def test_a_solution_by_mail_needs_no_cause(desk: Desk) -> None:
    put(desk)

    resolved = ask(desk, "ren", Action.RESOLVE, source=Source.EMAIL, text="A new cable.")

    assert isinstance(resolved, IssueResolved)
    assert resolved.issue.cause is None


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"source": Source.WEB}, Refusal.INCOMPLETE),
        ({"source": Source.EMAIL, "cause": "no such cause"}, Refusal.INCOMPLETE),
        ({"source": Source.EMAIL, "standing": Standing.UNPROVEN}, Refusal.ONE_CLICK),
    ],
)
def test_a_solution_needs_a_known_cause_or_a_mail_that_somebody_vouches_for(
    desk: Desk, said: dict[str, Any], refusal: Refusal
) -> None:
    put(desk)

    assert ask(desk, "ren", Action.RESOLVE, **said).refusal is refusal


def test_the_fourth_mail_in_a_day_reopens_nothing_and_the_link_does(connection: Connection) -> None:
    organisation, board = build.organisation(), Board(connection)
    outcomes = []
    for hour in range(4):
        desk = Desk(connection, NOW + timedelta(hours=hour), organisation, board)
        desk.put(replace(desk.issue(ISSUE_ID) or build.issue(), **over(State.CLOSED)))
        outcomes.append(ask(desk, "emi", Action.REOPEN, source=Source.EMAIL))
        desk.write()

    assert [type(one) for one in outcomes] == [IssueReopened] * 3 + [ActionRefused]
    assert outcomes[3].refusal is Refusal.ONE_CLICK
    assert isinstance(ask(desk, "emi", Action.REOPEN), IssueReopened)


def test_a_request_that_failed_for_good_keeps_its_words(desk: Desk) -> None:
    put(desk)
    said = {"issue_id": ISSUE_ID, "person_id": "ren", "action": "answer", "text": "Words."}

    (refused,) = handlers.action_failed(envelope(**said, source="email"), desk)

    assert isinstance(refused, ActionRefused)
    assert (refused.source, refused.text) == (Source.EMAIL, "Words.")


# Withdrawn, corrected, answered elsewhere


@pytest.mark.parametrize("state", [State.ASSIGNED, State.RESOLVED])
def test_whoever_brought_it_in_can_withdraw_it(desk: Desk, state: State) -> None:
    put(desk, **({} if state is State.ASSIGNED else over(state)))

    closed = ask(desk, "emi", Action.WITHDRAW, text="It works again.")

    assert isinstance(closed, IssueClosed)
    assert (closed.withdrawn, closed.confirmed) == (True, False)
    assert closed.text == "It works again."
    assert closed.issue.state is State.CLOSED
    assert all(work.in_hand_s == 0 for work in desk.works.values())


def test_a_correction_says_what_is_otherwise_and_leaves_owner_and_date(desk: Desk) -> None:
    issue = put(desk)
    correction = Correction(summary="It does not stop", category="late", customer="Port Trading")

    corrected = ask(desk, "emi", Action.CORRECT, correction=correction, text="Sorry.")

    assert isinstance(corrected, IssueCorrected)
    assert corrected.changed == ("summary", "category", "customer")
    assert (corrected.customer, corrected.text) == ("Port Trading", "Sorry.")
    assert (corrected.issue.owner_id, corrected.issue.team_id) == ("ren", "product")
    assert corrected.issue.next_step_at == issue.next_step_at


def test_another_urgency_brings_other_dates_and_another_load(desk: Desk) -> None:
    policies = dict.fromkeys(Urgency, build.policy())
    policies[Urgency.HIGH] = build.policy(acknowledge_within="2h")
    desk.publish(build.organisation(policies=policies), 1)
    put(desk)
    before = desk.works["ren"].in_hand_s

    corrected = ask(desk, "ren", Action.CORRECT, correction=Correction(urgency=Urgency.HIGH))

    assert corrected.changed == ("urgency",)
    assert corrected.customer is None
    assert corrected.issue.next_step_at == MONDAY + timedelta(hours=2)
    assert desk.works["ren"].in_hand_s > before


def test_a_correction_to_what_it_is_already_says_nothing(desk: Desk) -> None:
    put(desk, category="broken")
    same = wish("emi", Action.CORRECT, correction=Correction(category="broken"))

    assert handlers.action_requested(same, desk) == []


@pytest.mark.parametrize(
    "correction",
    [
        None,
        Correction(),
        Correction(product="metre"),
        Correction(category="brokn"),
        Correction(summary=" "),
    ],
)
def test_a_correction_that_says_nothing_or_nothing_known_is_incomplete(
    desk: Desk, correction: Correction | None
) -> None:
    put(desk)

    assert ask(desk, "emi", Action.CORRECT, correction=correction).refusal is Refusal.INCOMPLETE


@pytest.mark.parametrize(
    ("proposed", "gave", "state"),
    [(None, "ren", State.ACKNOWLEDGED), ("mio", "mio", State.ASSIGNED)],
)
def test_an_answer_given_elsewhere_counts_as_any_other(
    desk: Desk, proposed: str | None, gave: str, state: State
) -> None:
    put(desk)

    answer = ask(desk, "emi", Action.ANSWERED_ELSEWHERE, proposed=proposed, text="By telephone.")

    assert isinstance(answer, IssueResponded)
    assert (answer.actor_id, answer.said_by_id, answer.elsewhere) == (gave, "emi", True)
    assert answer.text == "By telephone."
    assert answer.issue.answered_at == NOW
    assert answer.issue.state is state
    assert gave in desk.answered("emi")


@pytest.mark.parametrize("proposed", ["nobody", "product", "x-1", "emi"])
def test_only_somebody_of_the_organisation_can_have_answered_a_carrier(
    desk: Desk, proposed: str
) -> None:
    put(desk)

    refused = ask(desk, "emi", Action.ANSWERED_ELSEWHERE, proposed=proposed)

    assert refused.refusal is Refusal.NO_SUCH_OWNER


# Copies, and what is confidential


def test_a_new_issue_knows_who_is_on_copy_and_that_it_is_confidential(desk: Desk) -> None:
    raised = build.raised(follower_ids=("sho",), confidential=True, customer="Port Trading")

    (assigned,) = handlers.issue_raised(raised, desk)

    assert isinstance(assigned, IssueAssigned)
    assert assigned.issue.confidential
    assert set(assigned.issue.follower_ids) == {"sho"} - {assigned.issue.owner_id}
    kept = desk.issue(ISSUE_ID)
    assert kept is not None
    assert kept.customer == "Port Trading"


def test_a_late_confidential_issue_goes_past_the_lead(desk: Desk) -> None:
    put(desk, confidential=True, rung=2)

    _, escalated = handlers.issue_due(
        IssueDue(occurred_at=NOW, issue_id=ISSUE_ID, step_number=1), desk
    )

    assert isinstance(escalated, IssueEscalated)
    assert escalated.person_id == "kai"


def test_an_unroutable_issue_stays_confidential(desk: Desk) -> None:
    said = {"issue_id": ISSUE_ID, "reference": "7K3M-9QWX", "confidential": True}

    (assigned,) = handlers.could_not_be_routed(envelope(**said), desk)

    assert isinstance(assigned, IssueAssigned)
    assert assigned.issue.confidential


# Imported issues


def imported(**said: Any) -> IssueImported:
    usual: dict[str, Any] = {
        "event_id": "imported",
        "occurred_at": NOW,
        "issue_id": ISSUE_ID,
        "reference": "7K3M-9QWX",
        "source": Source.EMAIL,
        "imported_as": "4711",
        "summary": "It did not arrive",
        "description": "",
        "reporter_id": CUSTOMER,
        "owner_id": "yui",
        "category": "late",
        "cause": "fault",
        "language": "en",
        "raised_at": MONDAY - timedelta(days=90),
        "closed_at": MONDAY - timedelta(days=80),
    }
    return IssueImported(**(usual | said))


def record(desk: Desk, **said: Any) -> IssueRecorded:
    (event,) = handlers.issue_imported(imported(**said), desk)
    assert isinstance(event, IssueRecorded)
    return event


def test_an_imported_issue_is_on_record_as_it_was_and_nobodys_work(desk: Desk) -> None:
    issue = record(desk).issue

    assert (issue.state, issue.next_step, issue.version) == (State.CLOSED, None, 1)
    assert (issue.owner_id, issue.team_id, issue.carrier_id) == ("yui", "shipping", "aki")
    assert (issue.category, issue.cause) == ("late", "fault")
    assert issue.raised_at == MONDAY - timedelta(days=90)
    assert issue.closed_at == issue.resolved_at == MONDAY - timedelta(days=80)
    assert "yui" not in desk.works
    assert desk.answered("aki") == {"yui": "2026-03-13T00:00:00+00:00"}
    desk.write()


def test_an_imported_issue_is_recorded_once(desk: Desk) -> None:
    record(desk)

    assert handlers.issue_imported(imported(), desk) == []


@pytest.mark.parametrize(
    ("owner_id", "reporter_id", "owner"),
    [("gone", "emi", "ume"), (None, "emi", "ume"), (None, "ume", "kai")],
)
def test_an_imported_issue_without_an_owner_of_ours_has_the_lead_or_the_leader(
    desk: Desk, owner_id: str | None, reporter_id: str, owner: str
) -> None:
    issue = record(desk, owner_id=owner_id, reporter_id=reporter_id, cause="gone").issue

    assert (issue.owner_id, issue.team_id, issue.cause) == (owner, "shipping", None)
    assert desk.answered(reporter_id) == {}


def test_an_imported_issue_was_answered_when_somebody_else_last_wrote(desk: Desk) -> None:
    at = MONDAY - timedelta(days=85)
    remarks = (
        Remark(at=at, person_id="yui", text="It left on Friday."),
        Remark(at=at + timedelta(days=1), person_id=CUSTOMER, text="Thank you."),
    )

    assert record(desk, remarks=remarks).issue.answered_at == at


def test_an_imported_answer_does_not_hide_a_newer_one(desk: Desk) -> None:
    desk.remember_answer("aki", "yui")

    record(desk)

    assert desk.answered("aki") == {"yui": NOW.astimezone(UTC).isoformat()}


def test_an_imported_issue_can_be_reopened(desk: Desk) -> None:
    record(desk)

    reopened = ask(desk, "aki", Action.REOPEN)

    assert isinstance(reopened, IssueReopened)
    assert reopened.issue.owner_id == "yui"


def test_what_can_not_be_imported_is_on_record_with_the_leader(desk: Desk) -> None:
    said = {"issue_id": ISSUE_ID, "reference": "7K3M-9QWX", "summary": "x" * 300, "source": "fax"}

    (event,) = handlers.could_not_be_imported(envelope(**said), desk)
    again = handlers.could_not_be_imported(envelope(**said), desk)

    assert isinstance(event, IssueRecorded)
    assert (event.issue.owner_id, event.issue.carrier_id) == ("kai", "aki")
    assert (event.issue.state, event.issue.source) == (State.CLOSED, Source.API)
    assert again == []


class Settles:
    """A journal that only remembers how often something was settled."""

    def __init__(self) -> None:
        self.causes: list[Any] = []

    async def settle(self, cause: Any) -> None:
        self.causes.append(cause)


@pytest.mark.parametrize(("age", "times"), [(timedelta(days=1), 0), (SAY_AGAIN * 2, 1)])
def test_an_unchanged_organisation_is_said_again_before_the_streams_forget_it(
    age: timedelta, times: int
) -> None:
    from deploy.local.up import SAMPLE
    from services.router.organisation import read

    current = read(SAMPLE)
    file = OrganisationFile(SAMPLE, 1, current, clock.now() - age)
    journal: Any = Settles()

    asyncio.run(file.publish_if_changed(journal))

    assert len(journal.causes) == times
