"""What counts as an answer, as pushing away and as Banso's own doing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.metrics.facts import Fact, Kind
from services.metrics.heard import Entry, Published, Rest, Undone, entries, without_words
from shared.contracts.event import Event
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    DeclineReason,
    Reasons,
    Source,
    Standing,
    State,
    Step,
    UndoneBecause,
    WaitingFor,
)
from shared.contracts.router import (
    ChasingPaused,
    ChasingResumed,
    CompanionAssigned,
    CompanionBecause,
    CompanionReleased,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueDeclined,
    IssueEscalated,
    IssueEvent,
    IssueHelped,
    IssueLapsed,
    IssueMerged,
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
    OrganisationPublished,
    PersonAway,
    PersonBack,
    ReleasedBecause,
    ResumedBecause,
    Voice,
)
from tests.contracts.stored import examples
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY

AT = MONDAY + HOUR
AT_S = AT.timestamp()
TOMORROW = AT + timedelta(days=1)


def said(event: type[IssueEvent], issue: dict[str, Any] | None = None, **more: Any) -> IssueEvent:
    usual: dict[str, Any] = {
        "event_id": "e",
        "cause_id": "c",
        "occurred_at": AT,
        "issue_id": ISSUE_ID,
        "issue": build.snapshot(**{"version": 2, **(issue or {})}),
        "actor_id": "ren",
    }
    return event(**(usual | more))


def assigned(because: AssignedBecause, issue: dict[str, Any] | None = None, **more: Any) -> Event:
    return said(IssueAssigned, issue, because=because, reasons=Reasons(), **more)


def kinds(event: Event) -> list[tuple[Kind, str]]:
    return [(one.kind, one.person) for one in facts(event)]


def facts(event: Event) -> list[Fact]:
    return [one.what for one in entries(event) if isinstance(one.what, Fact)]


def only(event: Event) -> Entry:
    (entry,) = entries(event)
    return entry


def test_a_new_issue_waits_from_the_carriers_first_word_on() -> None:
    event = assigned(AssignedBecause.NEW, {"version": 1}, actor_id=None)

    raised, given, _ = facts(event)

    assert (raised.kind, raised.at_s, raised.person) == (Kind.RAISED, MONDAY.timestamp(), "emi")
    assert (given.kind, given.at_s, given.owner, given.team) == (
        Kind.ASSIGNED,
        AT_S,
        "ren",
        "product",
    )
    assert [entry.key[3] for entry in entries(event)] == ["e/0", "e/1", "e/2"]


def test_an_answer_is_of_whoever_gave_it_also_elsewhere() -> None:
    elsewhere = said(IssueResponded, actor_id="yui", text="", elsewhere=True, said_by_id="emi")

    assert kinds(elsewhere) == [(Kind.COMMENTED, "yui")]


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (said(IssueAcknowledged), [(Kind.ACKNOWLEDGED, "ren")]),
        (said(IssueResolved), [(Kind.RESOLVED, "ren")]),
        (said(IssueResolved, shared_from="problem"), [(Kind.RESOLVED, "ren")]),
        (said(IssueClosed, confirmed=False, actor_id=None), [(Kind.CLOSED, "")]),
        (said(IssueReopened, actor_id="emi"), [(Kind.REOPENED, "emi")]),
        (
            said(IssueDeclined, reason=DeclineReason.NO_TIME, proposed="sho"),
            [(Kind.DECLINED, "ren")],
        ),
        (said(IssueEscalated, step=Step.ANSWER, person_id="mio"), [(Kind.ESCALATED, "")]),
        (said(IssueLapsed, actor_id=None), []),
        (said(IssueHelped, helper_id="sho"), []),
        (
            said(
                IssueCommented,
                voice=Voice.OTHER,
                standing=Standing.THREADED,
                source=Source.EMAIL,
                text="x",
            ),
            [],
        ),
    ],
)
def test_what_an_event_counts_as(event: Event, found: list[tuple[Kind, str]]) -> None:
    assert kinds(event) == found


def test_only_a_reminder_to_the_owner_is_one() -> None:
    owners = said(IssueReminded, step=Step.ANSWER, person_id="ren", actor_id=None)
    carriers = said(IssueReminded, step=Step.CONFIRM, person_id="emi", actor_id=None)

    assert kinds(owners) == [(Kind.REMINDED, "")]
    assert kinds(carriers) == []


def test_an_owner_who_hands_it_on_pushes_it_away_and_nobody_else_does() -> None:
    handed = facts(assigned(AssignedBecause.HANDED_OVER))[0]
    lent = facts(assigned(AssignedBecause.ABSENCE, actor_id=None))[0]
    taken = facts(assigned(AssignedBecause.TAKEN, actor_id="sho"))[0]
    after_a_decline = facts(assigned(AssignedBecause.LEADER))[0]

    assert handed.kind is Kind.REASSIGNED
    assert {lent.kind, taken.kind, after_a_decline.kind} == {Kind.ASSIGNED}


def test_a_question_to_the_carrier_is_an_answer_and_gives_them_the_ball() -> None:
    asked = said(IssueWaiting, {"waiting_for": WaitingFor.CARRIER}, text="Which lamp?")

    assert kinds(asked) == [(Kind.COMMENTED, "ren"), (Kind.WAITING, "")]
    assert [one.until_s for one in entries(asked)] == [None, None]


def test_who_puts_it_off_has_only_taken_it_and_only_the_first_time() -> None:
    first = {"snoozed_until": TOMORROW, "acknowledged_at": AT}
    again = {"snoozed_until": TOMORROW, "acknowledged_at": MONDAY}

    assert kinds(said(IssueSnoozed, first, text="x")) == [
        (Kind.ACKNOWLEDGED, "ren"),
        (Kind.WAITING, ""),
    ]
    (entry,) = entries(said(IssueSnoozed, again, text="x"))
    assert entry.until_s == TOMORROW.timestamp()


def test_a_promised_day_is_an_answer_and_a_day_that_slips_starts_the_wait_again() -> None:
    promised = {"promised_at": TOMORROW}
    sooner = said(IssuePromised, promised, previously_at=TOMORROW + HOUR)
    later = said(IssuePromised, promised, previously_at=TOMORROW - HOUR)

    assert kinds(said(IssuePromised, promised)) == [(Kind.COMMENTED, "ren"), (Kind.WAITING, "")]
    assert kinds(sooner) == [(Kind.COMMENTED, "ren"), (Kind.WAITING, "")]
    assert kinds(later) == [(Kind.COMMENTED, "ren"), (Kind.RESUMED, "")]


def test_a_promise_outlives_a_new_owner_and_a_wait_does_not() -> None:
    promised = assigned(AssignedBecause.ABSENCE, {"promised_at": TOMORROW}, actor_id=None)
    plain = assigned(AssignedBecause.ABSENCE, {"promised_at": MONDAY}, actor_id=None)

    assert kinds(promised)[1] == (Kind.WAITING, "")
    assert kinds(plain)[1] == (Kind.RESUMED, "")


def test_what_goes_on_waits_again() -> None:
    resumed = said(IssueResumed, because=ResumedBecause.OVER, actor_id=None)

    assert kinds(resumed) == [(Kind.RESUMED, "")]


def test_a_merged_issue_is_over_and_what_is_said_of_it_since_counts_elsewhere() -> None:
    merged = {"state": State.CLOSED, "merged_into": "main"}

    assert kinds(said(IssueMerged, merged, into_reference="B")) == [(Kind.MERGED, "ren")]
    assert kinds(said(IssueResponded, merged, text="x", shared_from="main")) == []


def test_only_what_was_merged_is_open_again_when_it_is_separated() -> None:
    was_merged = said(IssueSeparated, {"assigned_at": AT}, from_reference="B")
    was_a_part = said(IssueSeparated, {"assigned_at": MONDAY}, from_reference="B")

    assert kinds(was_merged) == [(Kind.REOPENED, "")]
    assert kinds(was_a_part) == []


def test_what_is_taken_back_names_what_had_led_to_it() -> None:
    undone = said(
        IssueUndone,
        undone=(Action.DECLINE,),
        of_id="ren",
        because=UndoneBecause.DECOY,
        requests=("r1", "r2"),
    )

    assert only(undone).what == Undone(("r1", "r2"))


def test_what_is_heard_of_people_and_rests() -> None:
    about: dict[str, Any] = {"event_id": "e", "cause_id": "c", "occurred_at": AT}
    span: dict[str, Any] = {"starts_at": AT, "ends_at": TOMORROW}
    absence = {**about, "absence_id": "a", "person_id": "ren", "issues": 0}
    beside = {**about, "companionship_id": "k", "carrier_id": "emi", "version": 1}

    assert kinds(PersonAway(**absence, **span)) == [(Kind.ABSENCE_STARTED, "ren")]
    assert kinds(PersonBack(**absence)) == [(Kind.ABSENCE_ENDED, "ren")]
    agreed = CompanionBecause.AGREED
    begun = CompanionAssigned(**beside, companion_id="aki", because=agreed)
    assert [(one.kind, one.person, one.raiser) for one in facts(begun)] == [
        (Kind.COMPANION_ASSIGNED, "aki", "emi")
    ]
    ended = ReleasedBecause.ENDED
    over = CompanionReleased(**beside, companion_id="aki", because=ended)
    assert kinds(over) == [(Kind.COMPANION_RELEASED, "aki")]
    assert entries(CompanionReleased(**beside, because=ended)) == []
    rest = ChasingPaused(**about, **span, pause_id="p", text="x")
    assert only(rest).what == Rest("p", AT, TOMORROW)
    assert only(ChasingResumed(**about, **span, pause_id="p")).what == Rest("p", AT, TOMORROW)
    assert entries(ChasingPaused(**about, **span, pause_id="p", text="x", refused=True)) == []
    published = OrganisationPublished(**about, organisation=build.organisation())
    assert only(published).what == Published("rev-1")


@pytest.mark.parametrize("example", examples(), ids=str)
def test_what_is_kept_says_the_same_without_any_words(example: Any) -> None:
    event = example.read()

    kept = type(event).from_message(without_words(event))

    assert entries(kept) == entries(event)
    texts = (getattr(event, name, None) for name in ("text", "customer"))
    summary = event.issue.summary if isinstance(event, IssueEvent) else None
    for words in (*texts, summary):
        assert not words or words.encode() not in without_words(event)
