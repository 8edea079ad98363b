"""Whatever happens to whatever issue: nobody hears of their own act, nobody hears twice of one
fact, and nobody outside hears what goes on inside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.audience import Notice, audience
from services.notifier.message import as_text, compose
from services.notifier.store import Ready
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
    IssueUndone,
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
        merged_into=draw(st.sampled_from([None, "other"])),
    )


inside, for_them = st.just(INSIDE), st.just(FOR_THEM)
steps, perhaps_somebody = st.sampled_from(Step), st.none() | people
reasons = st.builds(Reasons, substitute_for_id=perhaps_somebody)

SPECIAL: Mapping[type[Event], dict[str, st.SearchStrategy[Any]]] = {
    IssueAssigned: {
        "because": st.sampled_from(AssignedBecause),
        "reasons": reasons,
        "previous_owner_id": perhaps_somebody,
    },
    IssueAcknowledged: {},
    IssueDeclined: {"reason": st.sampled_from(DeclineReason), "proposed": people},
    IssueResponded: {"text": for_them, "elsewhere": flags, "said_by_id": anybody},
    IssueCommented: {
        "voice": st.sampled_from(Voice),
        "standing": st.sampled_from(Standing),
        "source": st.just(Source.EMAIL),
        "text": for_them,
        "quiet": flags,
    },
    IssueCorrected: {"changed": st.just(("urgency",)), "text": inside},
    IssueReminded: {"step": steps, "person_id": people, "before": flags},
    IssueEscalated: {
        "step": steps,
        "person_id": people,
        "gives": flags,
        "because": st.sampled_from(EscalatedBecause),
        "rung": inside,
    },
    IssueResolved: {"text": for_them},
    IssueClosed: {"confirmed": flags, "withdrawn": flags, "text": inside},
    IssueReopened: {"text": inside},
    IssueHelped: {"helper_id": people, "text": inside},
    IssueSnoozed: {"text": inside},
    IssueWaiting: {"text": for_them},
    IssueResumed: {"because": st.sampled_from(ResumedBecause), "text": st.none() | inside},
    IssuePromised: {"text": inside, "previously_at": st.none() | days},
    IssueLapsed: {},
    IssuePostponed: {},
    IssueMerged: {"into_reference": st.just(OTHER), "text": inside},
    IssueLinked: {"parent_reference": st.just(OTHER), "text": inside},
    IssueSeparated: {"from_reference": st.just(OTHER), "text": inside},
    IssueUndone: {
        "undone": st.lists(st.sampled_from(Action), min_size=1, max_size=3).map(tuple),
        "of_id": anybody,
        "because": st.sampled_from(UndoneBecause),
        "told_ids": st.lists(anybody, max_size=4).map(tuple),
    },
}


def draw_event(draw: st.DrawFn, kind: type[IssueEvent]) -> IssueEvent:
    """A fact of this kind, said by anybody about any issue."""
    said = {name: draw(values) for name, values in SPECIAL[kind].items()}
    if kind in (IssueResponded, IssueResolved, IssueClosed, IssueReopened) and draw(flags):
        said |= {"shared_from": "other", "text": INSIDE}
    return kind(
        event_id="event",
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        issue=draw(snapshots()),
        actor_id=draw(st.none() | anybody),
        by_link=draw(st.none() | st.sampled_from(Action)),
        undo_until=draw(st.none() | days),
        **said,
    )


def knows(event: IssueEvent, notice: Notice) -> bool:
    """Whether it is their own act of which they are told nothing that they asked for."""
    if isinstance(event, IssueResponded) and event.elsewhere:
        return notice.person_id == event.said_by_id
    proven = not isinstance(event, IssueCommented) or event.standing in (
        Standing.VOUCHED,
        Standing.UNPROVEN,
    )
    return notice.person_id == event.actor_id and proven


every_fact = pytest.mark.parametrize("kind", ISSUE_EVENTS, ids=lambda kind: kind.__name__)


@every_fact
@settings(max_examples=30)
@given(st.data())
def test_nobody_is_told_of_their_own_act_and_nobody_twice(
    kind: type[IssueEvent], data: st.DataObject
) -> None:
    event = draw_event(data.draw, kind)

    notices = audience(event, ORGANISATION)

    assert [one for one in notices if knows(event, one)] == [
        one
        for one in notices
        if knows(event, one) and one.reason in (Reason.STILL_CLOSED, Reason.RECEIPT)
    ]
    assert len({one.person_id for one in notices}) == len(notices)


@every_fact
@settings(max_examples=30)
@given(st.data())
def test_nobody_outside_hears_what_goes_on_inside(
    kind: type[IssueEvent], data: st.DataObject
) -> None:
    event = draw_event(data.draw, kind)

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
