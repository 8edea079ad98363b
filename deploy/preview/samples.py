"""Typical things that happen in the sample company, and every message that they lead to.

Who hears what is asked of the rule itself (`audience`), so that a reason that is added is here
as soon as one of these events leads to it; `unshown` says which are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.notifier.audience import Notice, audience
from services.notifier.message import Message, compose, trial
from services.notifier.store import Delivery, Fate, Ready
from services.notifier.wording.base import Recipient
from shared.contracts.event import Event
from shared.contracts.intake import STRANGER, IssueRaised
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Reasons,
    Refusal,
    Snapshot,
    Source,
    Standing,
    State,
    Step,
    UndoneBecause,
    Urgency,
    WaitingFor,
)
from shared.contracts.metrics import Evidence, Move
from shared.contracts.notifier import (
    ChannelError,
    DigestItem,
    DigestMade,
    PersonUnreachable,
    Reason,
    Relation,
)
from shared.contracts.organisation import Channel, Language, Organisation, Text
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    CompanionAsked,
    CompanionAssigned,
    CompanionBecause,
    CompanionChecked,
    CompanionEscalated,
    CompanionOffered,
    CompanionReleased,
    Concern,
    EscalatedBecause,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
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
    IssueUndone,
    IssueWaiting,
    PersonAway,
    PersonBack,
    ReleasedBecause,
    ResumedBecause,
    Voice,
)
from shared.links import Links

NOW = datetime(2026, 6, 1, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
LINKS = Links(["nobody can act by the links of a sample"], "https://banso.example")
CUSTOMER = f"{STRANGER}sample"
CARRIER, OWNER, BEFORE, HELPER, LEAD, LEADER = "sato", "nguyen", "abe", "mori", "ito", "hayashi"
"""People of the sample company."""
FOLLOWER = "kimura"
COMPANION, COORDINATOR = "garcia", "kimura"
ISSUE_ID = "6f1e1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50"
REFERENCE, OTHER = "7K3M-9QWX", "4XRM-9KQT"
DAY = timedelta(days=1)
BOTH: tuple[Language, ...] = ("ja", "en")

SUMMARY = Text(ja="アクアノートの表示が消えたまま戻らない", en="The AquaNote's display stays dark")
BROUGHT_IN = Text(
    ja="昨日まで使えていましたが、今朝から電源を入れても表示が出ません。\n"
    "ランプは赤です。午後の点検で使うので困っています。",
    en="It worked until yesterday, but since this morning the display stays dark.\n"
    "The lamp is red. We need it for this afternoon's inspection.",
)
ANSWERED = Text(
    ja="電池の端子を拭いて、電源ボタンを 10 秒押してみてください。\n"
    "だめなら代わりの品を今日お送りします。",
    en="Please wipe the battery contacts and hold the power button for 10 seconds.\n"
    "If that does not help, we send you another one today.",
)
ASKED = Text(ja="製造番号を教えていただけますか。", en="Could you tell me the serial number?")
WROTE = Text(ja="番号は AN-20310 です。", en="It is AN-20310.")
WHY = Text(ja="部品が金曜日に届きます。", en="The part arrives on Friday.")
SAME = Text(ja="同じ製造ロットです。", en="They are of the same batch.")
DONE = Text(
    ja="代わりの品をお送りし、動くことを確かめました。", en="A new one was sent, and it works."
)
STILL = Text(ja="また消えました。", en="It went dark again.")
STORM = Text(
    ja="台風のため休みます。どうぞ気をつけて。",
    en="Because of the storm. Please look after yourselves.",
)
LOCKED = Text(ja="倉庫の扉が閉まらない", en="The door of the store does not shut")
LATE = Text(ja="納期の返事がまだ来ない", en="No answer yet about the date of delivery")


@dataclass(frozen=True, slots=True)
class Sample:
    """A message that somebody gets, with what led to it."""

    reason: Reason
    relation: Relation
    message: Message


def samples(organisation: Organisation, language: Language) -> list[Sample]:
    """One for each reason and each relation to the issue, and one that tells of several."""
    found: dict[tuple[Reason, Relation], Sample] = {}
    for event, notice in _told(organisation, language):
        key = (notice.reason, notice.relation)
        if key not in found:
            message = _compose([(event, notice)], organisation, language)
            found[key] = Sample(notice.reason, notice.relation, message)
    several = [
        (_about(one, nth, language), Notice(OWNER, Relation.OWNER, one.reason))
        for nth, one in enumerate(_SEVERAL)
    ]
    listed = Sample(Reason.REMINDER, Relation.OWNER, _compose(several, organisation, language))
    to = _recipient(Notice(OWNER, Relation.THEMSELVES, Reason.TEST), organisation, language)
    tried = Sample(Reason.TEST, Relation.THEMSELVES, trial(to, organisation, LINKS, NOW))
    order = list(Reason)
    return [*sorted((*found.values(), tried), key=lambda one: order.index(one.reason)), listed]


def unshown(shown: Sequence[Sample]) -> frozenset[Reason]:
    """The reasons of which there is no sample. Another system reads the event itself."""
    return frozenset(Reason) - {Reason.SUBSCRIBED, *(one.reason for one in shown)}


def _told(organisation: Organisation, language: Language) -> Iterator[tuple[Event, Notice]]:
    yield (
        _raised(language),
        Notice(CUSTOMER, Relation.REPORTER, Reason.RECEIVED_UNDECIDED),
    )
    for event in _happened(language):
        for notice in audience(event, organisation, COMPANION):
            yield event, notice


def _compose(
    told: Sequence[tuple[Event, Notice]], organisation: Organisation, language: Language
) -> Message:
    ready = [
        Ready(_delivery(notice, event), event, None, _raised(language)) for event, notice in told
    ]
    return compose(ready, _recipient(told[0][1], organisation, language), organisation, LINKS, NOW)


def _recipient(notice: Notice, organisation: Organisation, language: Language) -> Recipient:
    person = organisation.person.get(notice.person_id)
    name = person.name.in_(language) if person else "Customer"
    return Recipient(notice.person_id, name, f"{notice.person_id}@example.com", language)


def _delivery(notice: Notice, event: Event) -> Delivery:
    return Delivery(
        delivery_id=ISSUE_ID,
        fact_id=event.event_id,
        issue_id=event.about or "",
        person_id=notice.person_id,
        relation=notice.relation,
        reason=notice.reason,
        channel=Channel.EMAIL,
        fate=Fate.SENDING,
        attempts=0,
        made_at=NOW,
        done_at=None,
        error=None,
        due_at=NOW,
        taken_at=None,
    )


# -- what happens ----------------------------------------------------------------------------------


def _raised(language: Language) -> IssueRaised:
    return IssueRaised(
        occurred_at=NOW,
        issue_id=ISSUE_ID,
        reference=REFERENCE,
        source=Source.EMAIL,
        summary=SUMMARY.in_(language),
        description=BROUGHT_IN.in_(language),
        reporter_id=CUSTOMER,
        language=language,
    )


def _now(language: Language, **said: Any) -> dict[str, Any]:
    """A fact about the issue, which is as `said`."""
    usual: dict[str, Any] = {
        "reference": REFERENCE,
        "version": 1,
        "state": State.ACKNOWLEDGED,
        "summary": SUMMARY.in_(language),
        "urgency": Urgency.NORMAL,
        "source": Source.EMAIL,
        "language": language,
        "product": "aquanote",
        "reporter_id": CUSTOMER,
        "carrier_id": CARRIER,
        "owner_id": OWNER,
        "team_id": "product",
        "assignment": 1,
        "raised_at": NOW,
        "assigned_at": NOW,
        "next_step": Step.RESOLVE,
        "next_step_at": NOW + 4 * DAY,
        "organisation_revision": "sample",
    }
    issue = Snapshot(**(usual | said))
    return {"occurred_at": NOW, "issue_id": ISSUE_ID, "issue": issue}


def _happened(language: Language) -> Iterator[Event]:
    yield from _owners(language)
    yield from _words(language)
    yield from _rests(language)
    yield from _late(language)
    yield from _ends(language)
    yield from _together(language)
    yield from _of_many(language)
    yield from _mistakes(language)
    yield from _alongside()
    yield _digest(language)
    yield PersonUnreachable(
        occurred_at=NOW,
        person_id=OWNER,
        issue_id=ISSUE_ID,
        delivery_id=ISSUE_ID,
        reason=Reason.YOURS,
        errors=(ChannelError(channel=Channel.EMAIL, error="550 5.1.1 User unknown"),),
    )


def _owners(language: Language) -> Iterator[Event]:
    new = _now(
        language,
        state=State.ASSIGNED,
        next_step=Step.ACKNOWLEDGE,
        next_step_at=NOW + timedelta(hours=4),
        follower_ids=(FOLLOWER,),
    )
    yield IssueAssigned(**new, because=AssignedBecause.NEW, reasons=Reasons())
    yield IssueAssigned(
        **new,
        because=AssignedBecause.LEADER,
        reasons=Reasons(),
        actor_id=LEADER,
        previous_owner_id=BEFORE,
    )
    yield IssueAcknowledged(
        **_now(language, next_step=Step.ANSWER),
        actor_id=OWNER,
        cause_id=ISSUE_ID,
        by_link=Action.ACKNOWLEDGE,
        undo_until=NOW + timedelta(minutes=10),
    )
    yield IssueHelped(
        **_now(language, helper_ids=(HELPER,)),
        actor_id=OWNER,
        helper_id=HELPER,
        text=ASKED.in_(language),
    )


def _words(language: Language) -> Iterator[Event]:
    answered = _now(language, follower_ids=(FOLLOWER,))
    yield IssueResponded(**answered, actor_id=OWNER, text=ANSWERED.in_(language))
    yield IssueResponded(
        **answered,
        actor_id=OWNER,
        text=ANSWERED.in_(language),
        elsewhere=True,
        said_by_id=CARRIER,
    )
    wrote: dict[str, Any] = {"source": Source.EMAIL, "text": WROTE.in_(language)}
    yield IssueCommented(
        **_now(language), **wrote, actor_id=CARRIER, voice=Voice.CARRIER, standing=Standing.VOUCHED
    )
    yield IssueCommented(
        **_now(language), **wrote, actor_id=HELPER, voice=Voice.OTHER, standing=Standing.THREADED
    )
    yield IssueCommented(
        **_now(language, state=State.CLOSED, next_step=None, next_step_at=None),
        **wrote,
        actor_id=CARRIER,
        voice=Voice.CARRIER,
        standing=Standing.VOUCHED,
    )
    yield IssueCorrected(
        **_now(language, urgency=Urgency.HIGH), actor_id=CARRIER, changed=("urgency",)
    )


def _rests(language: Language) -> Iterator[Event]:
    until = NOW + 4 * DAY
    for whose in WaitingFor:
        yield IssueWaiting(
            **_now(language, waiting_for=whose, next_step=Step.WAIT, next_step_at=NOW + DAY),
            actor_id=OWNER,
            text=ASKED.in_(language),
        )
    yield IssueResumed(**_now(language), because=ResumedBecause.OVER)
    yield IssueSnoozed(
        **_now(language, snoozed_until=until), actor_id=OWNER, text=WHY.in_(language)
    )
    yield IssuePromised(
        **_now(language, promised_at=until),
        actor_id=OWNER,
        previously_at=NOW + DAY,
        text=WHY.in_(language),
    )


def _late(language: Language) -> Iterator[Event]:
    late = _now(language, next_step=Step.ANSWER, next_step_at=NOW - timedelta(hours=1), reminders=1)
    yield IssueReminded(**late, step=Step.ANSWER, person_id=OWNER)
    yield IssueReminded(
        **_now(language, state=State.RESOLVED, next_step=Step.CONFIRM),
        step=Step.CONFIRM,
        person_id=CARRIER,
    )
    yield IssueEscalated(**late, step=Step.ANSWER, person_id=LEAD)
    yield IssueEscalated(
        **_now(language, reopenings=2),
        step=Step.RESOLVE,
        person_id=LEADER,
        because=EscalatedBecause.REOPENED,
    )
    yield IssueLapsed(**_now(language, state=State.ASSIGNED, next_step=Step.ACKNOWLEDGE))


def _ends(language: Language) -> Iterator[Event]:
    over = {"state": State.CLOSED, "next_step": None, "next_step_at": None}
    yield IssueResolved(
        **_now(language, state=State.RESOLVED, next_step=Step.CONFIRM),
        actor_id=OWNER,
        text=DONE.in_(language),
    )
    yield IssueClosed(**_now(language, **over), confirmed=False)
    yield IssueClosed(**_now(language, **over), actor_id=CARRIER, confirmed=True)
    yield IssueClosed(**_now(language, **over), actor_id=CARRIER, confirmed=False, withdrawn=True)
    yield IssueReopened(**_now(language), actor_id=CARRIER, text=STILL.in_(language))


def _together(language: Language) -> Iterator[Event]:
    text = SAME.in_(language)
    yield IssueMerged(
        **_now(language, state=State.CLOSED, next_step=None, next_step_at=None),
        actor_id=LEAD,
        into_reference=OTHER,
        text=text,
    )
    yield IssueLinked(**_now(language), actor_id=LEAD, parent_reference=OTHER, text=text)
    yield IssueSeparated(**_now(language), actor_id=LEAD, from_reference=OTHER)


def _of_many(language: Language) -> Iterator[Event]:
    absence: dict[str, Any] = {
        "absence_id": "absence",
        "person_id": "garcia",
        "substitute_id": "kato",
        "issues": 3,
    }
    span: dict[str, Any] = {
        "pause_id": "pause",
        "starts_at": NOW,
        "ends_at": NOW + DAY,
        "concerned": (OWNER,),
    }
    yield PersonAway(occurred_at=NOW, starts_at=NOW, ends_at=NOW + 4 * DAY, **absence)
    yield PersonBack(occurred_at=NOW, **absence)
    yield ChasingPaused(occurred_at=NOW, **span, said_by_id=LEADER, text=STORM.in_(language))
    yield ChasingResumed(occurred_at=NOW, **span)


def _alongside() -> Iterator[Event]:
    """Somebody is left alone, and somebody runs alongside."""
    begun: dict[str, Any] = {
        "occurred_at": NOW,
        "companionship_id": ISSUE_ID,
        "carrier_id": CARRIER,
        "why": (
            Evidence(move=Move.WAITING, team_id="production", count=4, of=6, weight=2.2),
            Evidence(move=Move.DECLINED, team_id="production", count=2, weight=1.1),
        ),
    }
    silent = ("production",)
    sees_to_it: dict[str, Any] = {"coordinator_id": COORDINATOR}
    yield CompanionOffered(**begun, **sees_to_it, silent_team_ids=silent)
    begun["companion_id"] = COMPANION
    yield CompanionAsked(**begun, answer_by=NOW + DAY)
    yield CompanionAssigned(**begun, **sees_to_it, because=CompanionBecause.AGREED)
    yield CompanionChecked(**begun)
    for because, who in ((Concern.ALARM, "okada"), (Concern.UNANSWERED, COORDINATOR)):
        yield CompanionEscalated(
            **begun, because=because, person_ids=(who,), silent_team_ids=silent
        )
    yield CompanionEscalated(
        **begun, because=Concern.HELPS_NOT, person_ids=(LEADER,), silent_team_ids=silent
    )
    yield CompanionReleased(**begun, because=ReleasedBecause.SUPPORTED)


def _mistakes(language: Language) -> Iterator[Event]:
    now = _now(language)
    yield ActionRefused(
        occurred_at=NOW,
        issue_id=ISSUE_ID,
        person_id=BEFORE,
        action=Action.ANSWER,
        refusal=Refusal.NOT_YOURS,
        requested_at=NOW,
        source=Source.EMAIL,
        text=ANSWERED.in_(language),
        issue=now["issue"],
    )
    for because in UndoneBecause:
        yield IssueUndone(
            **now,
            undone=(Action.RESOLVE,),
            of_id=OWNER,
            because=because,
            told_ids=(CARRIER, CUSTOMER),
        )


def _digest(language: Language) -> DigestMade:
    def item(summary: Text, reference: str, state: State, step: Step | None) -> DigestItem:
        return DigestItem(
            issue_id=ISSUE_ID,
            reference=reference,
            summary=summary.in_(language),
            state=state,
            next_step=step,
            next_step_at=NOW + DAY if step else None,
            urgency=Urgency.NORMAL,
            owner_id=OWNER,
        )

    return DigestMade(
        occurred_at=NOW,
        person_id=OWNER,
        since=NOW - DAY,
        until=NOW,
        daily=True,
        waits=(item(SUMMARY, REFERENCE, State.ACKNOWLEDGED, Step.ANSWER),),
        moved=(item(LOCKED, OTHER, State.ACKNOWLEDGED, Step.RESOLVE),),
        solved=(item(LATE, "9W2C-6HFT", State.CLOSED, None),),
    )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One of several things that wait for the owner."""

    reason: Reason
    summary: Text
    reference: str
    urgency: Urgency


_SEVERAL = (
    _Waiting(Reason.REMINDER, SUMMARY, REFERENCE, Urgency.HIGH),
    _Waiting(Reason.YOURS, LOCKED, OTHER, Urgency.NORMAL),
    _Waiting(Reason.REMINDER, LATE, "9W2C-6HFT", Urgency.LOW),
)


def _about(one: _Waiting, nth: int, language: Language) -> IssueEvent:
    said = _now(
        language,
        summary=one.summary.in_(language),
        reference=one.reference,
        urgency=one.urgency,
        next_step=Step.ANSWER,
        next_step_at=NOW + timedelta(hours=nth),
    )
    said["issue_id"] = f"{ISSUE_ID[:-1]}{nth}"
    if one.reason is Reason.YOURS:
        return IssueAssigned(**said, because=AssignedBecause.NEW, reasons=Reasons())
    return IssueReminded(**said, step=Step.ANSWER, person_id=OWNER)
