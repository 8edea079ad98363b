"""What the notifier does about facts, on a database in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from services.notifier import delivery as sending
from services.notifier import handlers, store
from services.notifier.store import Delivery, Fate, Ledger
from shared.contracts.event import Event
from shared.contracts.intake import IssueRaised, MailBounced
from shared.contracts.issue import (
    Action,
    AssignedBecause,
    Reasons,
    Refusal,
    Source,
    Standing,
    State,
)
from shared.contracts.notifier import (
    NotificationFailed,
    NotificationSent,
    PersonUnreachable,
    Reason,
)
from shared.contracts.organisation import Channel
from shared.contracts.router import (
    ActionRefused,
    IssueAssigned,
    IssueCommented,
    IssueCorrected,
    Voice,
)
from shared.database import open_engine
from shared.journal import NotYet
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


def open_ledger(connection: Connection, now: datetime = MONDAY) -> Ledger:
    known = KnownOrganisation(connection, store.metadata)
    known.current = build.organisation()
    return Ledger(connection, now, known)


@pytest.fixture
def ledger(connection: Connection) -> Ledger:
    return open_ledger(connection)


def bring_in(ledger: Ledger, **said: Any) -> IssueRaised:
    raised = build.raised(reporter_id="emi", **said)
    handlers.issue_raised(raised, ledger)
    return raised


def assigned(**issue: Any) -> IssueAssigned:
    return IssueAssigned(
        event_id="event-assigned",
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        issue=build.snapshot(**issue),
        because=AssignedBecause.NEW,
        reasons=Reasons(),
    )


def comment(nth: int, at: datetime, **issue: Any) -> IssueCommented:
    return IssueCommented(
        event_id=f"event-comment-{nth}",
        occurred_at=at,
        issue_id=ISSUE_ID,
        issue=build.snapshot(version=nth, state=State.CLOSED, **issue),
        actor_id="emi",
        voice=Voice.CARRIER,
        standing=Standing.THREADED,
        source=Source.EMAIL,
        text="It blinks.",
    )


def told(events: list[Event]) -> set[tuple[str, Reason]]:
    return {(one.person_id, one.reason) for one in events if isinstance(one, NotificationSent)}


def mailed(ledger: Ledger) -> set[tuple[str, Reason]]:
    return {(ready.delivery.person_id, ready.delivery.reason) for ready in ledger.ready}


def test_a_machine_that_may_answer_gets_no_confirmation_by_mail(ledger: Ledger) -> None:
    bring_in(ledger, quiet=True)

    events = handlers.issue_changed(assigned(), ledger)

    assert told(events) == {("emi", Reason.RECEIVED), ("ren", Reason.YOURS)}
    assert mailed(ledger) == {("ren", Reason.YOURS)}


def test_a_quiet_reporter_hears_nothing_by_mail_before_there_is_an_owner(ledger: Ledger) -> None:
    raised = bring_in(ledger, quiet=True)

    events = handlers.not_confirmed_yet(raised, ledger)

    assert told(events) == {("emi", Reason.RECEIVED_UNDECIDED)}
    assert mailed(ledger) == set()


def test_the_carrier_of_a_quiet_customers_issue_is_told_by_mail(ledger: Ledger) -> None:
    bring_in(ledger, quiet=True)

    handlers.issue_changed(assigned(carrier_id="aki"), ledger)

    assert mailed(ledger) == {("aki", Reason.RECEIVED), ("ren", Reason.YOURS)}


def test_everybody_else_gets_mail(ledger: Ledger) -> None:
    bring_in(ledger)

    handlers.issue_changed(assigned(), ledger)

    assert mailed(ledger) == {("emi", Reason.RECEIVED), ("ren", Reason.YOURS)}


def test_what_was_brought_in_goes_with_what_is_sent(ledger: Ledger) -> None:
    bring_in(ledger, description="It blinks.")

    handlers.issue_changed(assigned(), ledger)

    assert {ready.raised.description for ready in ledger.ready if ready.raised} == {"It blinks."}


def test_news_of_a_new_issue_wait_for_what_was_brought_in(ledger: Ledger) -> None:
    with pytest.raises(NotYet):
        handlers.issue_changed(assigned(), ledger)


def test_news_of_an_imported_issue_wait_for_nothing(ledger: Ledger) -> None:
    long_ago = MONDAY - timedelta(days=90)

    events = handlers.issue_changed(assigned(raised_at=long_ago), ledger)

    assert ("ren", Reason.YOURS) in told(events)
    assert [ready.raised for ready in ledger.ready] == [None, None]


def test_who_writes_about_a_closed_issue_hears_so_once_a_day(connection: Connection) -> None:
    bring_in(first := open_ledger(connection))
    first.write()
    heard = []
    for nth, hours in enumerate((0, 1, 23, 24, 25), 1):
        at = MONDAY + hours * HOUR
        ledger = open_ledger(connection, at)
        heard.append(told(handlers.issue_changed(comment(nth, at), ledger)))
        ledger.write()

    both = {("ren", Reason.COMMENT), ("emi", Reason.STILL_CLOSED)}
    assert heard == [
        both,
        {("ren", Reason.COMMENT)},
        {("ren", Reason.COMMENT)},
        both,
        {("ren", Reason.COMMENT)},
    ]


def refused(nth: int, at: datetime) -> ActionRefused:
    return ActionRefused(
        event_id=f"event-refused-{nth}",
        occurred_at=at,
        issue_id=ISSUE_ID,
        person_id="ren",
        action=Action.DECLINE,
        refusal=Refusal.ONE_CLICK,
        requested_at=at,
        source=Source.EMAIL,
        issue=build.snapshot(),
    )


def test_a_machine_that_answers_each_refusal_gets_few_and_the_inbox_all(
    connection: Connection,
) -> None:
    bring_in(first := open_ledger(connection))
    first.write()
    shown, mails = 0, 0
    for nth in range(30):
        ledger = open_ledger(connection, MONDAY + nth * HOUR / 60)
        shown += len(told(handlers.action_refused(refused(nth, ledger.now), ledger)))
        mails += len(ledger.ready)
        ledger.write()

    assert (shown, mails) == (30, 5)
    later = open_ledger(connection, MONDAY + 25 * HOUR)
    handlers.action_refused(refused(31, later.now), later)
    assert mailed(later) == {("ren", Reason.REFUSED)}


def test_many_refusals_of_one_batch_are_counted_too(connection: Connection) -> None:
    bring_in(ledger := open_ledger(connection))
    for nth in range(30):
        handlers.action_refused(refused(nth, ledger.now), ledger)

    assert len(ledger.ready) == 5


def test_strangers_who_quote_a_reference_do_not_flood_its_owner(connection: Connection) -> None:
    bring_in(ledger := open_ledger(connection))
    shown = 0
    for nth in range(40):
        look = comment(nth, MONDAY).model_copy(
            update={"actor_id": f"stranger-{nth}", "voice": Voice.OTHER}
        )
        shown += len(told(handlers.issue_changed(look, ledger)))

    assert shown == 40
    assert len(ledger.ready) == 20


def test_a_customer_as_corrected_is_kept_for_later_mails(ledger: Ledger) -> None:
    bring_in(ledger, customer="Port Trading")
    corrected = IssueCorrected(
        event_id="event-corrected",
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        issue=build.snapshot(version=2),
        actor_id="emi",
        changed=("customer",),
        customer="Harbour Trading",
    )

    handlers.issue_changed(corrected, ledger)
    handlers.issue_changed(comment(3, MONDAY), ledger)

    assert {ready.customer for ready in ledger.ready} == {"Harbour Trading"}


# Bounces


def sent(ledger: Ledger, fate: Fate = Fate.SENT) -> Delivery:
    """A mail to the owner that the server took."""
    bring_in(ledger)
    handlers.issue_changed(assigned(), ledger)
    (mail,) = (one.delivery for one in ledger.ready if one.delivery.person_id == "ren")
    done = replace(mail, fate=fate, done_at=MONDAY, due_at=None, taken_at=None)
    ledger.deliveries.put(done)
    return done


def bounced(delivery_id: str, *, permanent: bool = True) -> MailBounced:
    return MailBounced(
        event_id="event-bounced",
        occurred_at=MONDAY,
        delivery_id=delivery_id,
        issue_id=ISSUE_ID,
        permanent=permanent,
        error="5.1.1 user unknown",
    )


def test_a_mail_that_came_back_has_failed_and_that_is_said_once(ledger: Ledger) -> None:
    mail = sent(ledger)

    failed, unreachable = handlers.mail_bounced(bounced(mail.delivery_id), ledger)
    again = handlers.mail_bounced(bounced(mail.delivery_id), ledger)

    assert isinstance(failed, NotificationFailed)
    assert isinstance(unreachable, PersonUnreachable)
    assert (failed.person_id, failed.reason) == ("ren", Reason.YOURS)
    assert (failed.channel, failed.error) == (Channel.EMAIL, "5.1.1 user unknown")
    assert again == []
    kept = ledger.deliveries.get(mail.delivery_id)
    assert kept is not None
    assert (kept.fate, kept.error) == (Fate.FAILED, "5.1.1 user unknown")


def test_a_mail_that_is_only_late_is_counted_and_nothing_more(ledger: Ledger) -> None:
    mail = sent(ledger)
    late = bounced(mail.delivery_id, permanent=False)

    assert handlers.mail_bounced(late, ledger) == []
    assert ledger.deliveries.get(mail.delivery_id) == mail
    assert ledger.bounces == [late]


def test_a_bounce_of_what_we_never_sent_is_nothing(ledger: Ledger) -> None:
    assert handlers.mail_bounced(bounced("00000000-0000-0000-0000-000000000000"), ledger) == []
    assert ledger.bounces == []


@pytest.mark.parametrize("fate", [Fate.SENT, Fate.FAILED, Fate.POSTPONED])
def test_a_bounce_may_overtake_the_record_of_its_sending(ledger: Ledger, fate: Fate) -> None:
    mail = sent(ledger, Fate.SENDING)
    handlers.mail_bounced(bounced(mail.delivery_id), ledger)
    due = replace(mail, fate=fate, due_at=MONDAY + HOUR)

    cause = sending._result(due)
    events = list(cause.decide(ledger))

    assert [type(one) for one in events] == ([NotificationSent] if fate is Fate.SENT else [])
    kept = ledger.deliveries.get(mail.delivery_id)
    assert kept is not None
    assert (kept.fate, kept.due_at) == (Fate.FAILED, None)


def test_a_bounce_that_is_decided_again_is_counted_once(ledger: Ledger) -> None:
    mail = sent(ledger)
    ledger.mark()
    handlers.mail_bounced(bounced(mail.delivery_id), ledger)

    ledger.undo()

    assert ledger.bounces == []
