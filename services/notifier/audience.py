"""Who hears of what, and why: the one table. Nobody is told of their own act, unless a link did it
in their name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from shared.contracts.event import Event
from shared.contracts.intake import STRANGER
from shared.contracts.issue import (
    AssignedBecause,
    Snapshot,
    Source,
    Standing,
    State,
    Step,
    UndoneBecause,
    WaitingFor,
)
from shared.contracts.notifier import DigestMade, PersonUnreachable, Reason, Relation
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    CompanionAsked,
    CompanionAssigned,
    CompanionChecked,
    CompanionEscalated,
    CompanionEvent,
    CompanionOffered,
    CompanionReleased,
    Concern,
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
    ResumedBecause,
    Voice,
)

SHOWN_AT_ONCE = timedelta(seconds=10)
"""A refusal that came this quickly stood on the page on which it was asked."""

_NEW = frozenset({AssignedBecause.NEW, AssignedBecause.UNROUTABLE, AssignedBecause.TRIAGE})
"""Why somebody has an issue that nobody had before."""
_OF_THEIR_OWN = frozenset({Reason.STILL_CLOSED, Reason.RECEIPT})
"""What somebody is told of their own act."""
_BY_THE_CARRIER = frozenset({Step.CONFIRM, Step.WAIT})
"""Steps that are theirs and not the owner's."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told, for a reason."""

    person_id: str
    relation: Relation
    reason: Reason


def audience(
    event: Event, organisation: Organisation, companion_id: str | None = None
) -> list[Notice]:
    """Everybody who hears of this event, each once: the first reason that fits. Whoever has left
    the organisation can't be told anything.

    `companion_id`: who runs alongside the issue's carrier.
    """
    actor = _actor(event)
    told: dict[str, Notice] = {}
    for notice in (
        *_candidates(event, organisation),
        *_receipt(event, organisation),
        *_to_companion(event, companion_id),
    ):
        is_there = notice.person_id in organisation.person or _is_outside(notice.person_id)
        if is_there and (notice.person_id != actor or notice.reason in _OF_THEIR_OWN):
            told.setdefault(notice.person_id, notice)
    return list(told.values())


def _is_outside(person_id: str) -> bool:
    """Whether it is somebody who wrote to us, and never belonged to the organisation."""
    return person_id.startswith(STRANGER)


def _actor(event: Event) -> str | None:
    """Who did it and so knows of it. Nobody knows of what is only said in their name."""
    match event:
        case IssueCommented(standing=Standing.THREADED | Standing.DOUBTED, voice=Voice.OTHER):
            return None
        case IssueResponded(elsewhere=True) | ChasingPaused(refused=False):
            return event.said_by_id
        case IssueEvent():
            return event.actor_id
        case CompanionReleased():
            return event.said_by_id
        case _:
            return None


def _candidates(event: Event, organisation: Organisation) -> Iterator[Notice]:
    match event:
        case IssueAssigned():
            yield from _assigned(event, organisation)
        case IssueAcknowledged():
            yield from _waiting(event.issue, Reason.TAKEN)
        case IssueResponded():
            yield from _answered(event, organisation)
        case IssueCommented(quiet=False):
            yield from _commented(event, organisation)
        case IssueCorrected():
            yield Notice(event.issue.owner_id, Relation.OWNER, Reason.CORRECTED)
            if event.actor_id == event.issue.owner_id:
                yield Notice(event.issue.carrier_id, Relation.CARRIER, Reason.CORRECTED)
        case IssueResolved():
            yield from _waiting(event.issue, Reason.SOLVED)
            yield from _copied(event.issue, Reason.SOLVED)
            if event.shared_from is not None and event.issue.state is State.RESOLVED:
                yield Notice(event.issue.owner_id, Relation.OWNER, Reason.LINKED)
        case IssueReminded():
            carries = event.step in _BY_THE_CARRIER
            relation = Relation.CARRIER if carries else Relation.OWNER
            yield Notice(event.person_id, relation, Reason.REMINDER)
        case IssueEscalated(gives=False):
            leads = event.person_id == organisation.leader
            relation = Relation.LEADER if leads else Relation.LEAD
            if leads or not event.issue.confidential:
                yield Notice(event.person_id, relation, Reason.ESCALATION)
        case IssueClosed():
            yield from _closed(event, organisation)
        case IssueReopened(shared_from=None):
            yield Notice(event.issue.owner_id, Relation.OWNER, Reason.REOPENED)
            yield from _inside(_waiting(event.issue, Reason.RESUMED), organisation)
        case IssueReopened():
            yield from _inside(_waiting(event.issue, Reason.RESUMED), organisation)
        case ActionRefused() if (
            event.source is Source.EMAIL or event.occurred_at - event.requested_at > SHOWN_AT_ONCE
        ):
            yield Notice(event.person_id, Relation.REQUESTER, Reason.REFUSED)
        case IssueEvent():
            yield from _followed_up(event, organisation)
        case (
            CompanionOffered()
            | CompanionAsked()
            | CompanionAssigned()
            | CompanionChecked()
            | CompanionEscalated()
            | CompanionReleased()
        ):
            yield from _alongside(event, organisation)
        case _:
            yield from _about_no_issue(event, organisation)


def asks_in_vain(event: Event) -> bool:
    """Whether a carrier's companion hears of it: an answer is late. What is confidential is not
    for them."""
    match event:
        case IssueReminded(before=False) | IssueEscalated():
            return event.step not in _BY_THE_CARRIER and not event.issue.confidential
        case _:
            return False


def _to_companion(event: Event, companion_id: str | None) -> Iterator[Notice]:
    if companion_id is not None and asks_in_vain(event):
        yield Notice(companion_id, Relation.COMPANION, Reason.COMPANION_COPY)


_Alongside = (
    CompanionOffered
    | CompanionAsked
    | CompanionAssigned
    | CompanionChecked
    | CompanionEscalated
    | CompanionReleased
)


def _alongside(event: _Alongside, organisation: Organisation) -> Iterator[Notice]:
    """What the figure is made of only the carrier reads; whoever sees to it hears that somebody is
    asked, and what came of it."""
    carrier = event.carrier_id
    match event:
        case CompanionOffered():
            yield Notice(carrier, Relation.CARRIER, Reason.COMPANION_OFFERED)
            yield from _seeing_to_it(event.coordinator_id)
        case CompanionAsked():
            yield from _companion(event, Reason.COMPANION_ASKED)
        case CompanionAssigned():
            yield Notice(carrier, Relation.CARRIER, Reason.COMPANION_BEGUN)
            yield from _companion(event, Reason.COMPANION_BEGUN)
            yield from _seeing_to_it(event.coordinator_id)
        case CompanionChecked():
            yield Notice(carrier, Relation.CARRIER, Reason.COMPANION_CHECK)
            yield from _companion(event, Reason.COMPANION_CHECK)
        case CompanionEscalated():
            for person_id in event.person_ids:
                relation = _in_charge(person_id, event.because, organisation)
                yield Notice(person_id, relation, Reason.COMPANION_CONCERN)
        case CompanionReleased():
            yield from _released(event)
        case _:
            assert_never(event)


def _released(event: CompanionReleased) -> Iterator[Notice]:
    """Both are thanked. Who was only asked hears that they need not answer."""
    if event.began:
        yield Notice(event.carrier_id, Relation.CARRIER, Reason.COMPANION_OVER)
    yield from _companion(event, Reason.COMPANION_OVER)
    yield from _seeing_to_it(event.coordinator_id)


def _companion(event: CompanionEvent, reason: Reason) -> Iterator[Notice]:
    if event.companion_id is not None:
        yield Notice(event.companion_id, Relation.COMPANION, reason)


def _seeing_to_it(coordinator_id: str | None) -> Iterator[Notice]:
    if coordinator_id is not None:
        yield Notice(coordinator_id, Relation.COORDINATOR, Reason.COMPANION_WANTED)


def _in_charge(person_id: str, because: Concern, organisation: Organisation) -> Relation:
    if because is Concern.UNANSWERED:
        return Relation.COORDINATOR
    return Relation.LEADER if person_id == organisation.leader else Relation.LEAD


def _followed_up(event: IssueEvent, organisation: Organisation) -> Iterator[Notice]:
    """What is done on the way to a solution."""
    issue = event.issue
    match event:
        case IssueHelped():
            yield Notice(event.helper_id, Relation.HELPER, Reason.HELP)
            yield from _inside(_carrying(issue, Reason.HELPED), organisation)
        case IssueSnoozed():
            yield from _waiting(issue, Reason.PUT_OFF)
        case IssueWaiting():
            yield Notice(issue.carrier_id, Relation.CARRIER, Reason.ASKED)
            if issue.waiting_for is WaitingFor.CUSTOMER and _is_outside(issue.reporter_id):
                yield Notice(issue.reporter_id, Relation.REPORTER, Reason.ASKED)
        case IssueResumed(because=ResumedBecause.ANSWERED, text=None):
            pass  # the words that came have been told, and say so
        case IssueResumed():
            yield Notice(issue.owner_id, Relation.OWNER, Reason.RESUMED)
            yield from _inside(_carrying(issue, Reason.RESUMED), organisation)
        case IssuePromised():
            yield from _waiting(issue, Reason.PROMISED)
        case IssueLapsed():
            yield Notice(issue.owner_id, Relation.OWNER, Reason.LAPSED)
        case IssueUndone():
            yield from _undone(event, organisation)
        case IssueMerged():
            yield from _waiting(issue, Reason.MERGED)
            yield Notice(issue.owner_id, Relation.OWNER, Reason.MERGED)
        case IssueLinked() | IssueSeparated():
            linked = isinstance(event, IssueLinked)
            reason = Reason.LINKED if linked else Reason.SEPARATED
            yield from _inside(_waiting(issue, reason), organisation)
            yield Notice(issue.owner_id, Relation.OWNER, reason)
        case _:
            pass  # a decline is told by its assignment; other dates are seen on the page


def _receipt(event: Event, organisation: Organisation) -> Iterator[Notice]:
    """Whoever's link it was, since a machine may have pressed it."""
    if isinstance(event, IssueEvent) and event.by_link is not None and event.actor_id is not None:
        relation = _relation(event.actor_id, event.issue, organisation)
        yield Notice(event.actor_id, relation, Reason.RECEIPT)


def _undone(event: IssueUndone, organisation: Organisation) -> Iterator[Notice]:
    """Whoever heard of it; and whoever's links were pressed by no person."""
    issue = event.issue
    if event.because is not UndoneBecause.ASKED:
        yield Notice(event.of_id, _relation(event.of_id, issue, organisation), Reason.VOIDED)
    for person_id in event.told_ids:
        yield Notice(person_id, _relation(person_id, issue, organisation), Reason.UNDONE)


def _relation(person_id: str, issue: Snapshot, organisation: Organisation) -> Relation:
    """How somebody stands to the issue as it is now; whoever has nothing to do with it had it."""
    held = {
        **dict.fromkeys(issue.follower_ids, Relation.FOLLOWER),
        organisation.leader: Relation.LEADER,
        **dict.fromkeys(issue.helper_ids, Relation.HELPER),
        issue.reporter_id: Relation.REPORTER,
        issue.carrier_id: Relation.CARRIER,
        issue.owner_id: Relation.OWNER,
    }
    return held.get(person_id, Relation.FORMER_OWNER)


def _about_no_issue(event: Event, organisation: Organisation) -> Iterator[Notice]:
    """What concerns many issues at once, or sums them up. Of an absence that moves none nobody need
    hear."""
    match event:
        case PersonAway(issues=0) | PersonBack(issues=0):
            pass
        case PersonAway() | PersonBack():
            reason = Reason.AWAY if isinstance(event, PersonAway) else Reason.BACK
            yield Notice(event.person_id, Relation.ABSENT, reason)
            if event.substitute_id is not None:
                yield Notice(event.substitute_id, Relation.SUBSTITUTE, reason)
        case ChasingPaused() | ChasingResumed():
            reason = Reason.PAUSED if isinstance(event, ChasingPaused) else Reason.UNPAUSED
            concerned = (
                Notice(one, Relation.CONCERNED, reason) for one in dict.fromkeys(event.concerned)
            )
            yield from _inside(concerned, organisation)
        case PersonUnreachable():
            yield from _unreachable(event, organisation)
        case DigestMade():
            yield Notice(event.person_id, Relation.THEMSELVES, Reason.DIGEST)
        case _:
            pass


def _unreachable(event: PersonUnreachable, organisation: Organisation) -> Iterator[Notice]:
    """Who can reach them in another way: a customer's carrier can telephone; of a colleague the
    lead knows where they are, and the leader where it is the lead, or nobody else may know."""
    lost, issue = event.person_id, event.issue
    person = organisation.person.get(lost)
    leader = Notice(organisation.leader, Relation.LEADER, Reason.UNREACHABLE)
    if _is_outside(lost):
        carrier = issue.carrier_id if issue is not None else organisation.default_carrier
        yield Notice(carrier, Relation.CARRIER, Reason.UNREACHABLE)
        if carrier not in organisation.person:
            yield leader
        return
    if person is None:
        return
    lead = organisation.team[person.team].lead
    is_confidential = issue is not None and issue.confidential
    if lead != lost and not is_confidential:
        yield Notice(lead, Relation.LEAD, Reason.UNREACHABLE)
    elif organisation.leader != lost:
        yield leader


def _inside(notices: Iterable[Notice], organisation: Organisation) -> Iterator[Notice]:
    """Those of them who belong to the organisation."""
    return (one for one in notices if one.person_id in organisation.person)


def _assigned(event: IssueAssigned, organisation: Organisation) -> Iterator[Notice]:
    """A new issue is confirmed to its reporter; later owners are told to people inside only. That
    somebody has taken it over is told by the yes that comes in the same breath."""
    issue = event.issue
    yield Notice(issue.owner_id, Relation.OWNER, Reason.YOURS)
    if event.because in _NEW and event.previous_owner_id is None:
        yield from _waiting(issue, Reason.RECEIVED)
        yield from _copied(issue, Reason.COPIED)
        return
    if event.because is not AssignedBecause.TAKEN:
        yield from _inside(_waiting(issue, Reason.NEW_OWNER), organisation)
    if event.previous_owner_id is not None:
        former = (Notice(event.previous_owner_id, Relation.FORMER_OWNER, Reason.NO_LONGER_YOURS),)
        yield from _inside(former, organisation)


def _answered(event: IssueResponded, organisation: Organisation) -> Iterator[Notice]:
    """A person's words, and for the owner somebody else's. What was given elsewhere a customer
    hears from whoever carries it; what was written to somebody else stays inside."""
    issue = event.issue
    if event.shared_from is not None:
        yield from _inside(_waiting(issue, Reason.ANSWER), organisation)
        return
    heard = (*_waiting(issue, Reason.ANSWER), *_copied(issue, Reason.ANSWER))
    if event.elsewhere:
        yield Notice(issue.owner_id, Relation.OWNER, Reason.ANSWERED_ELSEWHERE)
        yield from _inside(heard, organisation)
        return
    yield from heard
    yield Notice(issue.owner_id, Relation.OWNER, Reason.ANSWER)


def _closed(event: IssueClosed, organisation: Organisation) -> Iterator[Notice]:
    """Whoever solved it, and whoever waited for it. Where it is only the same as what is over, its
    owner had nothing left to do, and a customer heard of the solution."""
    issue = event.issue
    if event.shared_from is not None:
        yield from _inside(_waiting(issue, Reason.CLOSED), organisation)
        return
    if event.withdrawn:
        yield Notice(issue.owner_id, Relation.OWNER, Reason.WITHDRAWN)
    elif event.confirmed:
        yield Notice(issue.owner_id, Relation.OWNER, Reason.CONFIRMED)
    yield from _waiting(issue, Reason.CLOSED)
    yield from _copied(issue, Reason.CLOSED)


def _waiting(issue: Snapshot, reason: Reason) -> Iterator[Notice]:
    """Whoever carries it, and whoever wrote."""
    yield from _carrying(issue, reason)
    yield Notice(issue.reporter_id, Relation.REPORTER, reason)


def _carrying(issue: Snapshot, reason: Reason) -> Iterator[Notice]:
    yield Notice(issue.carrier_id, Relation.CARRIER, reason)


def _copied(issue: Snapshot, reason: Reason) -> Iterator[Notice]:
    """Whoever is on copy."""
    for person_id in issue.follower_ids:
        yield Notice(person_id, Relation.FOLLOWER, reason)


def _commented(event: IssueCommented, organisation: Organisation) -> Iterator[Notice]:
    """The owner, or the leader where an old issue's has left; and a carrier who writes about what
    is over hears how to open it again."""
    issue, carries = event.issue, event.voice is Voice.CARRIER
    reason = Reason.COMMENT if carries else Reason.LOOK
    yield Notice(issue.owner_id, Relation.OWNER, reason)
    if issue.owner_id not in organisation.person:
        yield Notice(organisation.leader, Relation.LEADER, reason)
    if carries and event.actor_id and issue.state in (State.RESOLVED, State.CLOSED):
        is_carrier = event.actor_id == issue.carrier_id
        relation = Relation.CARRIER if is_carrier else Relation.REPORTER
        yield Notice(event.actor_id, relation, Reason.STILL_CLOSED)
