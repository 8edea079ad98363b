"""Whatever happens to whatever issue: nobody hears of their own act, nobody hears twice of one
fact, and nobody outside hears what goes on inside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.audience import Notice, audience
from services.notifier.message import as_text, compose
from services.notifier.store import Ready
from shared.contracts.issue import (
    AssignedBecause,
    DeclineReason,
    Reasons,
    Source,
    Standing,
    State,
    Step,
    Urgency,
    WaitingFor,
)
from shared.contracts.notifier import Reason
from shared.contracts.router import (
    EscalatedBecause,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueDeclined,
    IssueEscalated,
    IssueEvent,
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
    IssueWaiting,
    ResumedBecause,
    Voice,
)
from shared.contracts.traffic import ISSUE_EVENTS
from tests.unit import build
from tests.unit.build import ISSUE_ID, MONDAY
from tests.unit.notifier.telling import LINKS, ORGANISATION, delivery, recipient

INSIDE = "said among colleagues"
FOR_THEM = "said to whoever wrote"
OTHER = "4XRM-9KQT"

people = st.sampled_from(sorted(ORGANISATION.person))
strangers = st.sampled_from(["x-1", "x-2"])
anybody = people | strangers
days = st.integers(-3, 9).map(lambda day: MONDAY + timedelta(days=day))
flags = st.booleans()


@st.composite
def snapshots(draw: st.DrawFn) -> Any:
    state = draw(
        st.sampled_from([State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED, State.CLOSED])
    )
    step = draw(st.sampled_from(Step)) if state is not State.CLOSED else None
    return build.snapshot(
        state=state,
        next_step=step,
        next_step_at=draw(days) if step else None,
        urgency=draw(st.sampled_from(Urgency)),
        reporter_id=draw(anybody),
        carrier_id=draw(people),
        owner_id=draw(people),
        follower_ids=draw(st.lists(anybody, max_size=2)),
        helper_ids=draw(st.lists(people, max_size=2)),
        waiting_for=draw(st.none() | st.sampled_from(WaitingFor)),
        snoozed_until=draw(days),
        promised_at=draw(st.none() | days),
        confidential=draw(flags),
        queued=draw(flags),
        triage=draw(flags),
        reminders=draw(st.integers(0, 3)),
        lent_by=draw(st.none() | people),
    )


@st.composite
def issue_events(draw: st.DrawFn) -> IssueEvent:
    """Any of the facts about an issue, said by anybody about anything."""
    kind = draw(st.sampled_from(ISSUE_EVENTS))
    usual: dict[str, Any] = {
        "event_id": "event",
        "occurred_at": MONDAY,
        "issue_id": ISSUE_ID,
        "issue": draw(snapshots()),
        "actor_id": draw(st.none() | anybody),
    }
    return build_event(draw, kind, usual)


def build_event(draw: st.DrawFn, kind: type[Any], usual: dict[str, Any]) -> IssueEvent:
    special: dict[type[Any], dict[str, Any]] = {
        IssueAssigned: {
            "because": draw(st.sampled_from(AssignedBecause)),
            "reasons": Reasons(substitute_for_id=draw(st.none() | people)),
            "previous_owner_id": draw(st.none() | people),
        },
        IssueAcknowledged: {},
        IssueDeclined: {"reason": DeclineReason.NO_TIME, "proposed": "sho"},
        IssueResponded: {"text": FOR_THEM, "elsewhere": draw(flags), "said_by_id": draw(anybody)},
        IssueCommented: {
            "voice": draw(st.sampled_from(Voice)),
            "standing": draw(st.sampled_from(Standing)),
            "source": Source.EMAIL,
            "text": FOR_THEM,
            "quiet": draw(flags),
        },
        IssueCorrected: {"changed": ("urgency",), "text": INSIDE},
        IssueReminded: {
            "step": draw(st.sampled_from(Step)),
            "person_id": draw(people),
            "before": draw(flags),
        },
        IssueEscalated: {
            "step": draw(st.sampled_from(Step)),
            "person_id": draw(people),
            "gives": draw(flags),
            "because": draw(st.sampled_from(EscalatedBecause)),
            "rung": INSIDE,
        },
        IssueResolved: {"text": FOR_THEM},
        IssueClosed: {"confirmed": draw(flags), "withdrawn": draw(flags), "text": INSIDE},
        IssueReopened: {"text": INSIDE},
        IssueHelped: {"helper_id": draw(people), "text": INSIDE},
        IssueSnoozed: {"text": INSIDE},
        IssueWaiting: {"text": FOR_THEM},
        IssueResumed: {
            "because": draw(st.sampled_from(ResumedBecause)),
            "text": draw(st.sampled_from([None, INSIDE])),
        },
        IssuePromised: {"text": INSIDE, "previously_at": draw(st.none() | days)},
        IssueLapsed: {},
        IssuePostponed: {},
        IssueMerged: {"into_reference": OTHER, "text": INSIDE},
        IssueLinked: {"parent_reference": OTHER, "text": INSIDE},
        IssueSeparated: {"from_reference": OTHER, "text": INSIDE},
    }
    said = special[kind]
    if kind in (IssueResponded, IssueResolved) and draw(flags):
        said |= {"shared_from": "other", "text": INSIDE}
    event: IssueEvent = kind(**usual, **said)
    return event


def knows(event: IssueEvent, notice: Notice) -> bool:
    """Whether it is their own act of which they are told nothing that they asked for."""
    if isinstance(event, IssueResponded) and event.elsewhere:
        return notice.person_id == event.said_by_id
    proven = not isinstance(event, IssueCommented) or event.standing in (
        Standing.VOUCHED,
        Standing.UNPROVEN,
    )
    return notice.person_id == event.actor_id and proven


@given(issue_events())
def test_nobody_is_told_of_their_own_act_and_nobody_twice(event: IssueEvent) -> None:
    notices = audience(event, ORGANISATION)

    assert [one for one in notices if knows(event, one)] == [
        one for one in notices if knows(event, one) and one.reason is Reason.STILL_CLOSED
    ]
    assert len({one.person_id for one in notices}) == len(notices)


@given(issue_events())
def test_nobody_outside_hears_what_goes_on_inside(event: IssueEvent) -> None:
    for notice in audience(event, ORGANISATION):
        if notice.person_id in ORGANISATION.person:
            continue
        ready = Ready(
            delivery(notice.reason, notice.relation, notice.person_id), event, None, build.raised()
        )

        message = compose([ready], recipient(notice.person_id), ORGANISATION, LINKS, MONDAY)

        text = as_text(message)
        assert INSIDE not in text
        assert OTHER not in text
        known = {event.issue.owner_id, event.actor_id}
        hidden = [one.name.en for one in ORGANISATION.people if one.id not in known]
        assert [name for name in hidden if name in text] == []
        assert "Chased" not in text
        assert "away" not in text
