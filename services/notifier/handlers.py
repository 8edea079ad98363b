"""What the notifier does about each fact: decides who is told, and makes that a delivery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from services.notifier import digest, failing, said, timing
from services.notifier.audience import Notice, asks_in_vain, audience
from services.notifier.reach import Blame, blame_of, is_remembered, tried_with
from services.notifier.store import (
    Arrival,
    Contact,
    Delivery,
    DigestDue,
    Fact,
    Fate,
    Ledger,
    Mute,
    Preference,
    delivery_id_of,
)
from services.notifier.systems import tell_systems
from shared.bus import Hears
from shared.contracts.event import Event, event_id_of
from shared.contracts.intake import (
    Digest,
    IssueMuted,
    IssueRaised,
    MailArrived,
    MailBounced,
    PersonKnown,
    PreferenceSet,
)
from shared.contracts.issue import Snapshot
from shared.contracts.notifier import DigestMade, PersonUnreachable, Reason, Relation
from shared.contracts.organisation import Channel
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    CompanionEvent,
    IssueAssigned,
    IssueEvent,
    OrganisationPublished,
    PersonAway,
    PersonBack,
)
from shared.contracts.traffic import COMPANION_EVENTS, ISSUE_EVENTS
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


def issue_raised(raised: IssueRaised, ledger: Ledger) -> list[Event]:
    """From now on the reporter waits for a confirmation, unless it is on its way already."""
    arrival = ledger.arrivals.get(raised.issue_id)
    due_at = raised.occurred_at + CONFIRM_WITHIN if arrival is None else None
    ledger.arrivals.put(Arrival(raised.issue_id, raised.event_id, due_at))
    ledger.has_acted(raised)
    _keep_fact(raised, ledger)
    return []


def issue_changed(event: IssueEvent, ledger: Ledger) -> list[Event]:
    """Tells everybody whom it concerns."""
    ledger.wait_for_organisation(event)
    ledger.heard_of(event)
    if isinstance(event, IssueAssigned):
        ledger.confirmed(event.issue_id)
    alongside = ledger.companion_of(event.issue.carrier_id) if asks_in_vain(event) else None
    told = audience(event, ledger.organisation, alongside)
    notices = _without_repeats(told, event.issue_id, ledger)
    return tell(event, notices, event.issue_id, ledger)


def action_refused(refused: ActionRefused, ledger: Ledger) -> list[Event]:
    """Tells whoever asked, unless the page did."""
    return tell(refused, audience(refused, ledger.organisation), refused.issue_id, ledger)


def person_unreachable(unreachable: PersonUnreachable, ledger: Ledger) -> list[Event]:
    """Tells somebody who can reach them in another way."""
    notices = audience(unreachable, ledger.organisation)
    return tell(unreachable, notices, unreachable.issue_id, ledger)


def many_concerned(event: Event, ledger: Ledger) -> list[Event]:
    """Tells of what is about no single issue: an absence, a pause."""
    match event:
        case PersonAway():
            ledger.is_away(event.person_id, event.ends_at)
        case PersonBack():
            ledger.is_away(event.person_id, None)
            ledger.release(event.person_id)
        case _:
            pass
    return tell(event, audience(event, ledger.organisation), NO_ISSUE, ledger)


def companion_changed(event: CompanionEvent, ledger: Ledger) -> list[Event]:
    """Tells those whom it concerns, and no other system."""
    ledger.heard_of_companion(event)
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
        _trial_came_back(bounced, ledger)
        return []
    ledger.bounces.append(bounced)
    if not bounced.permanent:
        return []
    blame = blame_of(bounced.error, otherwise=Blame.ADDRESS)
    return failing.give_up(delivery, bounced.error, blame, ledger)


def _trial_came_back(bounced: MailBounced, ledger: Ledger) -> None:
    """What `banso check --reach --send` sent is no delivery, and its bounce tells as much."""
    person_id = tried_with(bounced.delivery_id, ledger.organisation.person, ledger.now.date())
    blame = blame_of(bounced.error, otherwise=Blame.ADDRESS)
    if person_id is not None and bounced.permanent and is_remembered(blame):
        ledger.broken(person_id, Channel.EMAIL, bounced.error)


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
            ledger.arrived(one.person_id, one.channel)
    return []


def preference_set(wish: PreferenceSet, ledger: Ledger) -> list[Event]:
    """From now on they are told as they want to be."""
    wanted = wish.preferences.model_dump(mode="json", exclude_none=True)
    ledger.preferences.put(Preference(wish.person_id, wanted))
    ledger.release(wish.person_id)
    ledger.plan_digest(wish.person_id)
    return []


def issue_muted(muted: IssueMuted, ledger: Ledger) -> list[Event]:
    """They want to hear no more of it, or again."""
    key = f"{muted.person_id}/{muted.issue_id}"
    since = muted.occurred_at if muted.muted else None
    ledger.mutes.put(Mute(key, muted.person_id, muted.issue_id, since))
    return []


def organisation_published(published: OrganisationPublished, ledger: Ledger) -> list[Event]:
    ledger.keep_organisation(published)
    if ledger.organisation.revision == published.organisation.revision:
        ledger.plan_digests()
    return []


def digest_cause(due: DigestDue) -> str:
    """One summary for each time that it is due."""
    return f"digest/{due.person_id}/{due.due_at}"


def digest_due(due: DigestDue, cause_id: str, ledger: Ledger) -> list[Event]:
    """Sums up what has come since the last time, once its person is there to read it; who has
    nothing to hear of gets nothing."""
    known = ledger.digests.get(due.person_id)
    if (
        known is None
        or known.due_at != due.due_at
        or due.person_id not in ledger.organisation.person
    ):
        return []
    start = ledger.at_work_from(due.person_id)
    if start > ledger.now:
        ledger.digest_waits(known, start)
        return []
    ledger.digest_made(known)
    made = digest.make(
        due.person_id,
        ledger.followed_by(due.person_id, known.last_at),
        since=known.last_at,
        until=ledger.now,
        daily=ledger.preferences_of(due.person_id).digest is Digest.DAILY,
        summed=ledger.summed_since(due.person_id, known.last_at),
        accompanies=ledger.accompanied_by(due.person_id),
    )
    if made is None:
        return []
    event_id = event_id_of(DigestMade.subject, cause_id, 0)
    said = made.model_copy(update={"event_id": event_id, "cause_id": cause_id})
    return [said, *tell(said, audience(said, ledger.organisation), NO_ISSUE, ledger)]


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
    **{event: Hears(companion_changed) for event in COMPANION_EVENTS},
    ActionRefused: Hears(_and_systems(action_refused)),
    **{
        event: Hears(_and_systems(many_concerned))
        for event in (PersonAway, PersonBack, ChasingPaused, ChasingResumed)
    },
    OrganisationPublished: Hears(organisation_published),
    PersonUnreachable: Hears(person_unreachable),
}


def tell(event: Event, notices: list[Notice], issue_id: str, ledger: Ledger) -> list[Event]:
    """Everybody has it in their inbox with this commit; a delivery each by their own channel
    follows, at once or together with others."""
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
        shown = _delivery(event, notice, issue_id, Channel.INBOX, ledger)
        told.append(said.sent(shown, ledger.now))
        if raised is not None and raised.quiet and _confirms(notice, raised):
            continue
        told += _bring(notice, event, issue_id, contacts.get(notice.person_id), ledger)
    return told


def _bring(
    notice: Notice, event: Event, issue_id: str, contact: Contact | None, ledger: Ledger
) -> list[Event]:
    """At once, when the person is at work, with others, or in a summary: it always comes. Where no
    channel has reached them lately none is bothered with it, and the inbox has it."""
    person_id = notice.person_id
    way = ledger.first_way(person_id)
    delivery = _delivery(event, notice, issue_id, way or ledger.ways(person_id)[0], ledger)
    if _is_spared(delivery, ledger):
        ledger.sum_up(delivery)
        return []
    if way is None:
        error = ledger.error_of(person_id, delivery.channel) or ""
        return failing.never_sent(delivery, error, ledger)
    ledger.try_again(person_id, way)
    start = ledger.told_from(delivery, event)
    if start > ledger.now:
        ledger.hold(delivery, start)
    elif delivery.reason not in timing.ALONE and (
        timing.gathers(event) or not _goes_alone(delivery, ledger)
    ):
        ledger.gather(delivery, urgent=timing.is_urgent(event))
    else:
        ledger.deliveries.put(delivery)
        ledger.ready.append(ledger.ready_of(delivery, event, contact))
    return []


def _is_spared(delivery: Delivery, ledger: Ledger) -> bool:
    """Whether they want to hear no more of this, or had enough of it for now."""
    person_id, issue_id = delivery.person_id, delivery.issue_id
    is_muted = timing.can_be_muted(delivery.reason, delivery.relation) and ledger.is_muted(
        person_id, issue_id
    )
    return is_muted or _had_enough(delivery, ledger)


def _goes_alone(delivery: Delivery, ledger: Ledger) -> bool:
    """Unless they had too many lately, or it waits for company whatever happened; a summary is one
    for many already."""
    if delivery.reason in timing.GATHERED:
        return False
    return delivery.reason is Reason.DIGEST or ledger.may_go_at_once(delivery.person_id)


def _confirms(notice: Notice, raised: IssueRaised) -> bool:
    """Whether a machine that answers might answer this."""
    return notice.reason in timing.CONFIRMATIONS and notice.person_id == raised.reporter_id


def _had_enough(delivery: Delivery, ledger: Ledger) -> bool:
    """Whether they got as many messages for this reason as may be for now."""
    reason = delivery.reason
    if reason not in MOST_MAILS:
        return False
    most, within = MOST_MAILS[reason]
    since = ledger.now - within
    return ledger.mailed_to(delivery.person_id, delivery.issue_id, reason, since) >= most


def _raised_at(event: Event) -> datetime:
    """When the issue came in; an old one, or an imported one, has no arrival on its way."""
    match event:
        case IssueEvent() | ActionRefused(issue=Snapshot()) | PersonUnreachable(issue=Snapshot()):
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
    return Delivery(
        delivery_id=delivery_id_of(event.event_id, notice.person_id, notice.reason, channel),
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
