"""What the notifier does about each fact: decides who is told, and makes that a delivery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID, uuid5

from services.notifier import timing
from services.notifier.audience import Notice, audience
from services.notifier.store import (
    Arrival,
    Contact,
    Delivery,
    Fact,
    Fate,
    Ledger,
    Mute,
    Preference,
)
from services.notifier.systems import tell_systems
from shared.bus import Hears
from shared.contracts.event import Event
from shared.contracts.intake import (
    IssueMuted,
    IssueRaised,
    MailArrived,
    MailBounced,
    PersonKnown,
    PreferenceSet,
)
from shared.contracts.issue import Snapshot
from shared.contracts.notifier import (
    NotificationFailed,
    NotificationSent,
    Reason,
    Relation,
)
from shared.contracts.organisation import Channel
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    IssueAssigned,
    IssueEvent,
    OrganisationPublished,
    PersonAway,
    PersonBack,
)
from shared.contracts.traffic import ISSUE_EVENTS
from shared.journal import NotYet

CONFIRM_WITHIN = timedelta(seconds=60)
"""A reporter hears after this even if nobody owns the issue yet."""
ONLY_RECORDED_AFTER = timedelta(days=3)
"""Facts heard later than this, as in a replay, are only journaled, and not told any more."""
WAIT_FOR_ARRIVAL = timedelta(minutes=10)
"""What was brought in, and a stranger's address, come by another stream and may be later."""
STILL_CLOSED_AGAIN = timedelta(hours=24)
"""How soon somebody may hear again that what they write about is closed, whoever writes."""
MOST_MAILS: Mapping[Reason, tuple[int, timedelta]] = {
    Reason.REFUSED: (5, timedelta(hours=24)),
    Reason.LOOK: (20, timedelta(hours=1)),
}
"""How many mails for a reason one person gets about one issue within a time. Anybody, or a machine
that answers each of them, could cause more; the inbox has them all."""
NO_ISSUE = ""
"""Stands for the issue of what is about none in particular."""
CONFIRMATIONS = frozenset({Reason.RECEIVED, Reason.RECEIVED_UNDECIDED})

_NAMESPACE = UUID("5b1c2f0a-1a36-5f0e-8d59-0d3c9d3e7c21")


def issue_raised(raised: IssueRaised, ledger: Ledger) -> list[Event]:
    """From now on the reporter waits for a confirmation, unless it is on its way already."""
    arrival = ledger.arrivals.get(raised.issue_id)
    due_at = raised.occurred_at + CONFIRM_WITHIN if arrival is None else None
    ledger.arrivals.put(Arrival(raised.issue_id, raised.event_id, due_at))
    _keep_fact(raised, ledger)
    return []


def issue_changed(event: IssueEvent, ledger: Ledger) -> list[Event]:
    """Tells everybody whom it concerns."""
    ledger.wait_for_organisation(event)
    ledger.heard_of(event)
    if isinstance(event, IssueAssigned):
        ledger.confirmed(event.issue_id)
    notices = _without_repeats(audience(event, ledger.organisation), event.issue_id, ledger)
    return tell(event, notices, event.issue_id, ledger)


def action_refused(refused: ActionRefused, ledger: Ledger) -> list[Event]:
    """Tells whoever asked, unless the page did."""
    return tell(refused, audience(refused, ledger.organisation), refused.issue_id, ledger)


def many_concerned(event: Event, ledger: Ledger) -> list[Event]:
    """Tells of what is about no single issue: an absence, a pause."""
    return tell(event, audience(event, ledger.organisation), NO_ISSUE, ledger)


def not_confirmed_yet(raised: IssueRaised, ledger: Ledger) -> list[Event]:
    """A minute has passed without an owner: the reporter hears that it is here all the same."""
    arrival = ledger.arrivals.get(raised.issue_id)
    if arrival is None or arrival.due_at is None:
        return []
    ledger.confirmed(raised.issue_id)
    notice = Notice(raised.reporter_id, Relation.REPORTER, Reason.RECEIVED_UNDECIDED)
    return tell(raised, [notice], raised.issue_id, ledger)


def mail_bounced(bounced: MailBounced, ledger: Ledger) -> list[Event]:
    """What has come back for good was not delivered after all; of a delay nothing is said."""
    delivery = ledger.deliveries.get(bounced.delivery_id)
    if delivery is None:
        return []
    ledger.bounces.append(bounced)
    if not bounced.permanent:
        return []
    return [
        _failed(one, bounced.error, ledger)
        for one in ledger.sent_with(delivery)
        if one.fate is not Fate.OVERTAKEN
    ]


def _failed(delivery: Delivery, error: str, ledger: Ledger) -> NotificationFailed:
    failed = replace(
        delivery,
        fate=Fate.FAILED,
        error=error,
        done_at=ledger.now,
        due_at=None,
        taken_at=None,
    )
    ledger.deliveries.put(failed)
    return failed_event(failed, ledger)


def person_known(known: PersonKnown, ledger: Ledger) -> list[Event]:
    """Somebody outside who can be reached by mail."""
    contact = Contact(known.person_id, known.name, known.address, known.language)
    ledger.contacts.put(contact)
    return []


def mail_arrived(arrived: MailArrived, ledger: Ledger) -> list[Event]:
    """It is in the box of whoever was told."""
    delivery = ledger.deliveries.get(arrived.delivery_id)
    if delivery is None:
        return []
    for one in ledger.sent_with(delivery):
        if one.fate is Fate.SENT:
            ledger.deliveries.put(replace(one, fate=Fate.DELIVERED))
    return []


def preference_set(said: PreferenceSet, ledger: Ledger) -> list[Event]:
    """From now on they are told as they want to be."""
    wanted = said.preferences.model_dump(mode="json", exclude_none=True)
    ledger.preferences.put(Preference(said.person_id, wanted))
    return []


def issue_muted(said: IssueMuted, ledger: Ledger) -> list[Event]:
    """They want to hear no more of it, or again."""
    key = f"{said.person_id}/{said.issue_id}"
    since = said.occurred_at if said.muted else None
    ledger.mutes.put(Mute(key, said.person_id, said.issue_id, since))
    return []


def organisation_published(published: OrganisationPublished, ledger: Ledger) -> list[Event]:
    ledger.keep_organisation(published)
    return []


def _and_systems(
    decide: Callable[[Any, Ledger], list[Event]],
) -> Callable[[Any, Ledger], list[Event]]:
    """The same, and other systems hear of it too."""

    @wraps(decide)
    def heard(event: Event, ledger: Ledger) -> list[Event]:
        said = decide(event, ledger)
        if ledger.now - event.occurred_at <= ONLY_RECORDED_AFTER:
            tell_systems(event, ledger)
        return said

    return heard


HEARS: Mapping[type[Event], Hears[Ledger]] = {
    IssueRaised: Hears(issue_raised),
    PersonKnown: Hears(person_known),
    MailBounced: Hears(mail_bounced),
    MailArrived: Hears(mail_arrived),
    PreferenceSet: Hears(preference_set),
    IssueMuted: Hears(issue_muted),
    **{event: Hears(_and_systems(issue_changed)) for event in ISSUE_EVENTS},
    ActionRefused: Hears(_and_systems(action_refused)),
    **{
        event: Hears(_and_systems(many_concerned))
        for event in (PersonAway, PersonBack, ChasingPaused, ChasingResumed)
    },
    OrganisationPublished: Hears(organisation_published),
}


def tell(event: Event, notices: list[Notice], issue_id: str, ledger: Ledger) -> list[Event]:
    """Everybody has it in their inbox with this commit; a delivery each by mail follows, at once or
    together with others."""
    if not notices:
        return []
    age = ledger.now - event.occurred_at
    too_old = age > ONLY_RECORDED_AFTER
    outside = {notice.person_id for notice in notices} - set(ledger.organisation.person)
    contacts = {person_id: ledger.contacts.get(person_id) for person_id in outside}
    raised = ledger.brought_in(issue_id)
    is_young = issue_id != NO_ISSUE and ledger.now - _raised_at(event) < WAIT_FOR_ARRIVAL
    if (is_young and raised is None) or (age < WAIT_FOR_ARRIVAL and None in contacts.values()):
        raise NotYet
    if too_old:
        return []
    _keep_fact(event, ledger)
    told: list[Event] = []
    for notice in notices:
        told.append(sent_event(_delivery(event, notice, issue_id, Channel.INBOX, ledger), ledger))
        if raised is not None and raised.quiet and _confirms(notice, raised):
            continue
        if _had_enough(notice, issue_id, ledger):
            continue
        way = ledger.ways(notice.person_id)[0]
        mail = _delivery(event, notice, issue_id, way, ledger)
        if timing.gathers(event) or notice.reason in timing.GATHERED:
            ledger.gather(mail, urgent=timing.is_urgent(event))
            continue
        ledger.deliveries.put(mail)
        ledger.ready.append(ledger.ready_of(mail, event, contacts.get(notice.person_id)))
    return told


def sent_event(delivery: Delivery, ledger: Ledger) -> NotificationSent:
    """The channel took it."""
    return NotificationSent(
        **_said(delivery, ledger),
        external_id=delivery.external_id,
        external_thread=delivery.external_thread,
    )


def failed_event(delivery: Delivery, ledger: Ledger) -> NotificationFailed:
    """It has failed for good, with the reason why."""
    return NotificationFailed(**_said(delivery, ledger), error=delivery.error or "")


def _said(delivery: Delivery, ledger: Ledger) -> dict[str, Any]:
    return {
        "occurred_at": ledger.now,
        "delivery_id": delivery.delivery_id,
        "issue_id": delivery.issue_id,
        "fact_id": delivery.fact_id,
        "person_id": delivery.person_id,
        "relation": delivery.relation,
        "reason": delivery.reason,
        "channel": delivery.channel,
    }


def _confirms(notice: Notice, raised: IssueRaised) -> bool:
    """Whether a machine that answers might answer this."""
    return notice.reason in CONFIRMATIONS and notice.person_id == raised.reporter_id


def _had_enough(notice: Notice, issue_id: str, ledger: Ledger) -> bool:
    """Whether they got as many mails for this reason as may be for now."""
    if notice.reason not in MOST_MAILS:
        return False
    most, within = MOST_MAILS[notice.reason]
    since = ledger.now - within
    return ledger.mailed_to(notice.person_id, issue_id, notice.reason, since) >= most


def _raised_at(event: Event) -> datetime:
    """When the issue came in; an old one, or an imported one, has no arrival on its way."""
    match event:
        case IssueEvent() | ActionRefused(issue=Snapshot()):
            return event.issue.raised_at if event.issue else event.occurred_at
        case _:
            return event.occurred_at


def _without_repeats(notices: list[Notice], issue_id: str, ledger: Ledger) -> list[Notice]:
    """Once in a while is enough to hear that an issue is closed."""
    current = ledger.currents.get(issue_id)
    if current is None or all(one.reason is not Reason.STILL_CLOSED for one in notices):
        return notices
    last = current.still_closed_at
    if last is not None and ledger.now - last < STILL_CLOSED_AGAIN:
        return [one for one in notices if one.reason is not Reason.STILL_CLOSED]
    ledger.currents.put(replace(current, still_closed_at=ledger.now))
    return notices


def _delivery(
    event: Event, notice: Notice, issue_id: str, channel: Channel, ledger: Ledger
) -> Delivery:
    """Keyed by fact, person, reason and channel, so that nothing is told twice."""
    key = f"{event.event_id}/{notice.person_id}/{notice.reason}/{channel}"
    return Delivery(
        delivery_id=str(uuid5(_NAMESPACE, key)),
        fact_id=event.event_id,
        issue_id=issue_id,
        person_id=notice.person_id,
        relation=notice.relation,
        reason=notice.reason,
        channel=channel,
        fate=Fate.SENDING,
        attempts=0,
        made_at=ledger.now,
        done_at=None,
        error=None,
        due_at=ledger.now,
        taken_at=ledger.now,
    )


def _keep_fact(event: Event, ledger: Ledger) -> None:
    ledger.facts.put(Fact(event.event_id, event.subject, event.message))
