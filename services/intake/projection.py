"""What intake remembers of the others' facts, for its pages. It says nothing itself here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.intake.store import (
    Absence,
    Alongside,
    ChatMessage,
    Companionship,
    Figure,
    Happening,
    Notice,
    Pause,
    Reference,
    Result,
    Shelf,
    Told,
    View,
    chat_key,
)
from shared.bus import Hears
from shared.contracts.event import Event
from shared.contracts.issue import Snapshot
from shared.contracts.metrics import Level, PersonIsolated, PersonSupported
from shared.contracts.notifier import (
    NotificationEvent,
    NotificationFailed,
    NotificationSent,
    PersonUnreachable,
)
from shared.contracts.organisation import Channel
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    CompanionAsked,
    CompanionAssigned,
    CompanionChecked,
    CompanionEvent,
    CompanionOffered,
    CompanionReleased,
    IssueAssigned,
    IssueCorrected,
    IssueEvent,
    IssuePromised,
    IssueRecorded,
    IssueResolved,
    IssueSnoozed,
    IssueUndone,
    IssueWaiting,
    OrganisationPublished,
    PersonAway,
    PersonBack,
)
from shared.contracts.traffic import COMPANION_EVENTS, ISSUE_EVENTS

ANSWERED_IN_CHAT = frozenset({Channel.SLACK, Channel.MATRIX})
"""Chats from which answers come back to us."""
_NOT_SAID_AGAIN = {"issue", "issue_id", "actor_id", "reasons"}


def issue_changed(event: IssueEvent, shelf: Shelf) -> list[Event]:
    """The newest version is what the pages show; every event is a line of the history."""
    shelf.wait_for_organisation(event)
    view = shelf.views.get(event.issue_id) or _unseen(event.issue_id, event.issue, shelf)
    if event.issue.version > view.version:
        owner_before = view.owner_id
        view = replace(
            view,
            version=event.issue.version,
            state=event.issue.state,
            snapshot=event.issue.model_dump_json(exclude_none=True),
            summary=event.issue.summary,
            confidential=event.issue.confidential,
            changed_at=event.occurred_at,
            source=event.issue.source,
            urgency=event.issue.urgency,
            product=event.issue.product,
            category=event.issue.category,
            carrier_id=event.issue.carrier_id,
            owner_id=event.issue.owner_id,
            team_id=event.issue.team_id,
            merged_into=event.issue.merged_into,
            parent_id=event.issue.parent_id,
        )
        if isinstance(event, IssueCorrected) and "customer" in event.changed:
            view = replace(view, brought={**view.brought, "customer": event.customer})
        if isinstance(event, IssueAssigned):
            reasons = event.reasons.model_dump_json(exclude_none=True)
            view = replace(view, reasons=reasons, because=event.because)
        if isinstance(event, IssueUndone) and event.issue.owner_id != owner_before:
            view = replace(view, reasons=None, because=None)
        shelf.views.put(view)
    shelf.history.add(
        Happening(
            event.event_id,
            event.issue_id,
            event.issue.version,
            event.subject,
            event.occurred_at,
            event.cause_id,
            event.actor_id,
            _said(event),
        )
    )
    return []


def action_refused(refused: ActionRefused, shelf: Shelf) -> list[Event]:
    """Kept for the page that waits for it."""
    shelf.history.add(
        Happening(
            refused.event_id,
            refused.issue_id,
            refused.issue.version if refused.issue else 0,
            refused.subject,
            refused.occurred_at,
            refused.cause_id,
            refused.person_id,
            {"refusal": refused.refusal, "action": refused.action},
        )
    )
    return []


def organisation_published(published: OrganisationPublished, shelf: Shelf) -> list[Event]:
    shelf.keep_organisation(published)
    return []


def notification_sent(sent: NotificationSent, shelf: Shelf) -> list[Event]:
    """The inbox shows a thing once; whoever may look sees by which channels it went; what is
    answered in a chat finds its issue."""
    _keep_told(sent, Result.SENT, None, shelf)
    if sent.channel in ANSWERED_IN_CHAT and sent.external_id and sent.external_thread:
        shelf.chat_messages.put(_in_chat(sent, sent.external_id, sent.external_thread, shelf))
    if sent.channel == Channel.INBOX:
        shelf.notices.put(
            Notice(
                sent.delivery_id,
                sent.person_id,
                sent.issue_id,
                sent.fact_id,
                sent.relation,
                sent.reason,
                sent.occurred_at,
            )
        )
    return []


def notification_failed(failed: NotificationFailed, shelf: Shelf) -> list[Event]:
    """What came back was not told after all."""
    _keep_told(failed, Result.FAILED, failed.error, shelf)
    return []


def person_unreachable(lost: PersonUnreachable, shelf: Shelf) -> list[Event]:
    """No channel is left after the last one that failed, whether we know of that already or not."""
    known = shelf.told.get(lost.delivery_id)
    last = lost.errors[-1] if lost.errors else None
    if known is None and last is not None:
        known = Told(
            lost.delivery_id,
            lost.person_id,
            lost.issue_id,
            NOT_HEARD,
            lost.reason,
            last.channel,
            Result.UNREACHABLE,
            last.error,
            lost.occurred_at,
        )
    if known is not None:
        error = known.error or (last.error if last else None)
        shelf.told.put(replace(known, result=Result.UNREACHABLE, error=error))
    return []


def _keep_told(event: NotificationEvent, result: Result, error: str | None, shelf: Shelf) -> None:
    """What went further is not taken back by a fact that is heard late."""
    known = shelf.told.get(event.delivery_id)
    if known is not None and known.fact_id == NOT_HEARD:
        shelf.told.put(replace(known, fact_id=event.fact_id))
        return
    if known is not None and _RANK[result] <= _RANK[known.result]:
        return
    shelf.told.put(
        Told(
            event.delivery_id,
            event.person_id,
            event.issue_id,
            event.fact_id,
            event.reason,
            event.channel,
            result,
            error,
            event.occurred_at,
        )
    )


NOT_HEARD = ""
"""Stands for the fact until the delivery itself is heard of."""
_RANK = {Result.SENT: 0, Result.ARRIVED: 1, Result.FAILED: 2, Result.UNREACHABLE: 3}


def _in_chat(
    sent: NotificationSent, external_id: str, external_thread: str, shelf: Shelf
) -> ChatMessage:
    """A message that tells of several issues is about none in particular."""
    place, _, thread = external_thread.partition("/")
    key = chat_key(sent.channel, place, external_id)
    known = shelf.chat_messages.get(key)
    several = known is not None and known.issue_id != sent.issue_id
    return ChatMessage(
        key,
        sent.person_id,
        "" if several else sent.issue_id,
        sent.delivery_id,
        sent.fact_id,
        thread,
        sent.occurred_at,
    )


def person_away(away: PersonAway, shelf: Shelf) -> list[Event]:
    """Whoever is back before this was heard is not away again."""
    known = shelf.absences.get(away.absence_id)
    shelf.absences.put(
        Absence(
            away.absence_id,
            away.person_id,
            away.starts_at,
            away.ends_at,
            away.substitute_id,
            is_over=known is not None and known.is_over,
        )
    )
    return []


def person_back(back: PersonBack, shelf: Shelf) -> list[Event]:
    """It is over, whatever end was said before."""
    known = shelf.absences.get(back.absence_id) or Absence(
        back.absence_id, back.person_id, back.occurred_at, back.occurred_at, back.substitute_id
    )
    shelf.absences.put(replace(known, is_over=True))
    return []


def chasing_paused(paused: ChasingPaused, shelf: Shelf) -> list[Event]:
    """The pages say so from now on; or still, where the router let nobody end it."""
    known = shelf.pauses.get(paused.pause_id)
    told = known.concerned if known is not None and paused.refused else len(paused.concerned)
    is_over = known is not None and known.is_over and not paused.refused
    shelf.pauses.put(
        Pause(
            paused.pause_id,
            paused.starts_at,
            paused.ends_at,
            paused.text,
            paused.said_by_id,
            told,
            is_over=is_over,
        )
    )
    return []


def chasing_resumed(resumed: ChasingResumed, shelf: Shelf) -> list[Event]:
    known = shelf.pauses.get(resumed.pause_id) or Pause(
        resumed.pause_id, resumed.starts_at, resumed.ends_at, ""
    )
    shelf.pauses.put(replace(known, is_over=True))
    return []


def person_isolated(isolated: PersonIsolated, shelf: Shelf) -> list[Event]:
    """Their own page shows it."""
    _keep_figure(isolated, isolated.level, isolated.since, shelf)
    return []


def person_supported(supported: PersonSupported, shelf: Shelf) -> list[Event]:
    """One level less; what it was made of stands there until something newer is said."""
    known = shelf.figures.get(supported.person_id)
    _keep_figure(supported, supported.level.below, known.since if known else None, shelf)
    return []


def _keep_figure(
    event: PersonIsolated | PersonSupported,
    level: Level | None,
    since: datetime | None,
    shelf: Shelf,
) -> None:
    known = shelf.figures.get(event.person_id)
    if known is not None and known.heard_of > event.occurred_at:
        return
    why = known.why if known is not None else []
    if isinstance(event, PersonIsolated):
        why = [one.model_dump(mode="json", exclude_none=True) for one in event.why]
    shelf.figures.put(Figure(event.person_id, level, event.score, since, why, event.occurred_at))


def companion_changed(event: CompanionEvent, shelf: Shelf) -> list[Event]:
    """The newest version is what the pages show."""
    known = shelf.companionships.get(event.companionship_id)
    stage = _stage_of(event)
    if stage is None or (known is not None and known.version > event.version):
        return []
    asked = [*(known.asked_ids if known is not None else []), event.companion_id]
    because: str | None = known.because if known is not None else None
    if isinstance(event, CompanionAssigned | CompanionReleased):
        because = event.because
    shelf.companionships.put(
        Companionship(
            event.companionship_id,
            event.version,
            event.carrier_id,
            stage,
            event.companion_id,
            because,
            [one for one in dict.fromkeys(asked) if one is not None],
            [one.model_dump(mode="json", exclude_none=True) for one in event.why],
            event.answer_by if isinstance(event, CompanionAsked) else None,
            known.began_at if known is not None else event.occurred_at,
            event.occurred_at,
        )
    )
    return []


def _stage_of(event: CompanionEvent) -> Alongside | None:
    """None where those who lead are told, which changes nothing for the two."""
    match event:
        case CompanionOffered():
            return Alongside.OFFERED
        case CompanionAsked():
            return Alongside.SEARCHING
        case CompanionAssigned() | CompanionChecked():
            return Alongside.RUNNING
        case CompanionReleased():
            return Alongside.OVER
        case _:
            return None


HEARS: Mapping[type[Event], Hears[Shelf]] = {
    **{event: Hears(issue_changed) for event in ISSUE_EVENTS},
    IssueRecorded: Hears(issue_changed),
    **{event: Hears(companion_changed) for event in COMPANION_EVENTS},
    PersonIsolated: Hears(person_isolated),
    PersonSupported: Hears(person_supported),
    ActionRefused: Hears(action_refused),
    PersonAway: Hears(person_away),
    PersonBack: Hears(person_back),
    ChasingPaused: Hears(chasing_paused),
    ChasingResumed: Hears(chasing_resumed),
    OrganisationPublished: Hears(organisation_published),
    NotificationSent: Hears(notification_sent),
    NotificationFailed: Hears(notification_failed),
    PersonUnreachable: Hears(person_unreachable),
}


def _unseen(issue_id: str, issue: Snapshot, shelf: Shelf) -> View:
    """An issue whose submission this database doesn't know, as after a restore."""
    if shelf.references.get(issue.reference) is None:
        shelf.references.put(Reference(issue.reference, issue_id))
    return View(
        issue_id,
        issue.reference,
        0,
        issue.state,
        issue.summary,
        "",
        issue.reporter_id,
        issue.language,
        issue.raised_at,
        confidential=issue.confidential,
    )


def _said(event: IssueEvent) -> dict[str, Any]:
    """What the event said; and of the issue what nobody could tell from its later versions."""
    said = event.model_dump(mode="json", exclude=_NOT_SAID_AGAIN)
    issue = event.issue
    match event:
        case IssueAssigned():
            said |= {"owner_id": issue.owner_id, "team_id": issue.team_id}
        case IssueResolved():
            said["cause"] = issue.cause
        case IssueSnoozed():
            said["until"] = issue.snoozed_until.isoformat() if issue.snoozed_until else None
        case IssueWaiting():
            said |= {"waiting_for": issue.waiting_for, "carrier_id": issue.carrier_id}
        case IssuePromised():
            said["promised_at"] = issue.promised_at.isoformat() if issue.promised_at else None
        case _:
            pass
    return said
