"""Summaries: what stands in them, in which words, and when they are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from services.notifier import digest, handlers, store
from services.notifier.audience import Notice, audience
from services.notifier.digest import MOST_OF_A_KIND, Followed
from services.notifier.letters import as_html, as_text
from services.notifier.message import Message, compose
from services.notifier.store import Fate, Ledger, Ready
from services.notifier.summing import Summaries
from shared import clock
from shared.contracts.event import Event
from shared.contracts.intake import Digest, IssueMuted
from shared.contracts.issue import State, Step, Urgency
from shared.contracts.notifier import DigestItem, DigestMade, NotificationSent, Reason, Relation
from shared.contracts.organisation import Channel, Language, Organisation
from shared.contracts.router import (
    IssueAcknowledged,
    IssueClosed,
    IssueReminded,
    IssueResolved,
    OrganisationPublished,
)
from shared.journal import Cause, Journal
from shared.links import Purpose
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import HOUR, MONDAY, at
from tests.unit.notifier.telling import LINKS, ORGANISATION, delivery, recipient, tell
from tests.unit.notifier.test_held import issue_id, opened, said, wants

NEXT_MONDAY = at("2026-06-08 09:00")
LATER = MONDAY + 8 * HOUR


def standing(nth: int = 1, **said: Any) -> Followed:
    """Ren has it, Aki carries it, Emi wrote."""
    usual: dict[str, Any] = {
        "issue_id": issue_id(nth),
        "reference": f"7K3M-9QW{nth % 10}",
        "summary": f"It does not start, {nth}",
        "state": State.ACKNOWLEDGED,
        "next_step": Step.ANSWER,
        "next_step_at": LATER + nth * HOUR,
        "urgency": Urgency.NORMAL,
        "owner_id": "ren",
    }
    about = {"carrier_id": "aki", "reporter_id": "emi", "changed_at": None, "solved_at": None}
    about |= {name: said.pop(name) for name in list(said) if name in about}
    return Followed(DigestItem(**(usual | said)), **about)


def make(person_id: str, *followed: Followed, summed: int = 0) -> DigestMade | None:
    return digest.make(
        person_id, followed, since=MONDAY, until=NEXT_MONDAY, daily=False, summed=summed
    )


def kinds(made: DigestMade | None) -> tuple[int, int, int]:
    assert made is not None
    return len(made.waits), len(made.solved), len(made.moved)


@pytest.mark.parametrize("step", Step)
def test_what_waits_for_somebody_is_what_only_they_can_do_next(step: Step) -> None:
    one = standing(next_step=step)

    owns = step in (Step.ACKNOWLEDGE, Step.ANSWER, Step.RESOLVE)
    carries = step in (Step.CONFIRM, Step.WAIT)
    assert digest.waits_for(one, "ren") is owns
    assert digest.waits_for(one, "aki") is carries
    assert not digest.waits_for(one, "emi")


def test_each_issue_stands_in_it_once_and_only_where_it_belongs() -> None:
    moved = standing(1, changed_at=MONDAY + HOUR)
    still = standing(2, changed_at=MONDAY)
    over = {"state": State.CLOSED, "next_step": None, "next_step_at": None}
    solved = standing(3, changed_at=MONDAY + HOUR, solved_at=MONDAY + HOUR, **over)
    before = standing(4, changed_at=MONDAY + HOUR, solved_at=MONDAY - HOUR, **over)
    dropped = standing(5, changed_at=MONDAY + HOUR, **over)
    asked = standing(
        6, next_step=Step.CONFIRM, state=State.RESOLVED, changed_at=MONDAY + HOUR, solved_at=LATER
    )
    never = standing(7)
    everything = (moved, still, solved, before, dropped, asked, never)

    assert kinds(make("aki", *everything)) == (1, 1, 3)
    assert kinds(make("emi", *everything)) == (0, 2, 3)
    assert kinds(make("ren", *everything)) == (3, 0, 0)


def test_where_there_is_nothing_to_say_nothing_is_said() -> None:
    assert make("kai", standing(1, changed_at=LATER)) is None
    assert make("kai") is None
    made = make("kai", summed=2)
    assert made is not None
    assert made.summed == 2


def test_what_is_due_first_and_what_moved_last_stands_in_front() -> None:
    some = [standing(nth, next_step_at=LATER + nth * HOUR) for nth in (3, 1, 2)]
    never = standing(4, next_step_at=None)
    made = make("ren", never, *some)
    assert made is not None
    assert [one.issue_id for one in made.waits] == [issue_id(nth) for nth in (1, 2, 3, 4)]

    changed = [standing(nth, changed_at=MONDAY + nth * HOUR) for nth in (1, 3, 2)]
    made = make("aki", *changed)
    assert made is not None
    assert [one.issue_id for one in made.moved] == [issue_id(nth) for nth in (3, 2, 1)]


@given(st.integers(0, 60), st.integers(0, 60))
def test_what_is_left_out_is_counted(waiting: int, moving: int) -> None:
    waits = [standing(nth, owner_id="aki") for nth in range(waiting)]
    moves = [standing(100 + nth, changed_at=LATER) for nth in range(moving)]

    made = make("aki", *waits, *moves, summed=1)

    assert made is not None
    shown = len(made.waits) + len(made.moved)
    assert shown + made.left_out == waiting + moving
    assert max(len(made.waits), len(made.moved)) <= MOST_OF_A_KIND


# Words


def whole() -> DigestMade:
    steps = (Step.ACKNOWLEDGE, Step.ANSWER, Step.RESOLVE, Step.CONFIRM, Step.WAIT)
    late = NEXT_MONDAY - HOUR
    states = (State.ASSIGNED, State.ACKNOWLEDGED, State.CLOSED)
    return DigestMade(
        event_id="digest",
        occurred_at=NEXT_MONDAY,
        person_id="emi",
        since=MONDAY,
        until=NEXT_MONDAY,
        daily=False,
        waits=tuple(
            standing(nth, next_step=step, next_step_at=when, urgency=urgency).item
            for nth, (step, when, urgency) in enumerate(
                [(step, late, Urgency.HIGH) for step in steps]
                + [(step, NEXT_MONDAY + HOUR, Urgency.NORMAL) for step in steps]
            )
        ),
        solved=(standing(20, state=State.CLOSED, next_step=None).item,),
        moved=(
            *(standing(30 + nth, state=state).item for nth, state in enumerate(states)),
            standing(40, next_step=Step.WAIT).item,
        ),
        left_out=3,
        summed=4,
    )


def told(
    made: DigestMade, language: Language = "en", organisation: Organisation = ORGANISATION
) -> Message:
    one = delivery(Reason.DIGEST, Relation.THEMSELVES, "emi", issue_id="")
    ready = Ready(one, made, None, None)
    return compose([ready], recipient("emi", language), organisation, LINKS, NEXT_MONDAY)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_summary_has_sections_with_each_issue_and_its_link(language: Language) -> None:
    message = told(whole(), language)
    text, html = as_text(message), as_html(message)

    sections = [one.section for one in message.entries if one.section]
    assert len(sections) == 3
    assert len(message.entries) == 15
    assert all(section in text and section in html for section in sections)
    for entry in message.entries:
        token = entry.status_url.rpartition("/s/")[2]
        assert LINKS.read(Purpose.STATUS, token, NEXT_MONDAY).person_id == "emi"
        assert entry.status_url in text
        assert entry.lines[0] in text
    assert len({entry.lines[0] for entry in message.entries}) == len(message.entries)
    assert message.inbox_url in html
    assert message.left_out in text
    assert "4" in message.lines[1]
    assert not message.reply_lines


def test_a_summary_says_what_it_is() -> None:
    quiet = whole().model_copy(update={"waits": (), "summed": 0, "left_out": 0})

    all_of_it = whole().model_copy(update={"left_out": 0})

    assert told(all_of_it).subject == "Your summary: 10 issues are waiting for you"
    assert told(whole()).subject == "Your summary of the week"
    assert told(quiet).subject == "Your summary of the week"
    assert told(quiet.model_copy(update={"daily": True})).subject == "Your summary of the day"
    assert told(quiet).left_out == ""
    assert len(told(quiet).lines) == 1


def test_only_a_summary_is_told_as_one() -> None:
    with pytest.raises(TypeError):
        tell(acknowledged(MONDAY), Reason.DIGEST)


def test_a_summary_is_for_nobody_but_whom_it_sums_up_for() -> None:
    assert audience(whole(), ORGANISATION) == [Notice("emi", Relation.THEMSELVES, Reason.DIGEST)]


# Made


@pytest.fixture
def connection() -> Iterator[Connection]:
    yield from opened()


def open_ledger(
    connection: Connection, now: datetime, organisation: Organisation | None = None
) -> Ledger:
    known = KnownOrganisation(connection, store.metadata)
    known.current = organisation or build.organisation()
    return Ledger(connection, now, known)


def hear(connection: Connection, *events: Event, now: datetime) -> None:
    ledger = open_ledger(connection, now)
    for event in events:
        handlers.HEARS[type(event)].decide(event, ledger)
    ledger.write()


def plan(connection: Connection, now: datetime, organisation: Organisation | None = None) -> None:
    ledger = open_ledger(connection, now, organisation)
    ledger.plan_digests()
    ledger.write()


def planned(connection: Connection, person_id: str) -> datetime | None:
    known = open_ledger(connection, MONDAY).digests.get(person_id)
    return known.due_at if known else None


def due(connection: Connection, now: datetime) -> list[Event]:
    """What is said when the tick comes by."""
    ledger = open_ledger(connection, now)
    everybody = [one.id for one in build.organisation().people]
    made = [
        event
        for one in ledger.take_digests(everybody)
        for event in handlers.digest_due(one, handlers.digest_cause(one), ledger)
    ]
    ledger.write()
    return made


def digests(events: list[Event]) -> dict[str, DigestMade]:
    return {one.person_id: one for one in events if isinstance(one, DigestMade)}


def acknowledged(now: datetime, nth: int = 1, **issue: Any) -> IssueAcknowledged:
    usual = {"state": State.ACKNOWLEDGED, "next_step": Step.ANSWER, "next_step_at": LATER}
    return IssueAcknowledged(**said(now, nth, **(usual | issue)), actor_id="ren")


def published(organisation: Organisation, now: datetime) -> OrganisationPublished:
    return OrganisationPublished(
        event_id=f"published/{organisation.revision}", occurred_at=now, organisation=organisation
    )


def test_everybody_is_told_once_a_week_of_what_concerns_them(connection: Connection) -> None:
    hear(connection, published(build.organisation(), MONDAY), now=MONDAY)
    hear(connection, acknowledged(MONDAY + HOUR), now=MONDAY + HOUR)
    assert due(connection, NEXT_MONDAY - HOUR) == []

    events = due(connection, NEXT_MONDAY)

    made = digests(events)
    assert set(made) == {"ren", "emi"}
    assert [one.issue_id for one in made["ren"].waits] == [issue_id(1)]
    assert [one.issue_id for one in made["emi"].moved] == [issue_id(1)]
    assert (made["emi"].since, made["emi"].until) == (MONDAY, NEXT_MONDAY)
    shown = [one for one in events if isinstance(one, NotificationSent)]
    assert {(one.person_id, one.reason, one.channel) for one in shown} == {
        ("ren", Reason.DIGEST, Channel.INBOX),
        ("emi", Reason.DIGEST, Channel.INBOX),
    }
    assert {one.fact_id for one in shown} == {one.event_id for one in made.values()}
    assert due(connection, NEXT_MONDAY + HOUR) == []
    again = digests(due(connection, NEXT_MONDAY + timedelta(days=7)))
    assert set(again) == {"ren"}  # for whom it still waits


def test_after_an_outage_there_is_one_and_at_an_hour_at_which_its_person_is_there(
    connection: Connection,
) -> None:
    plan(connection, MONDAY)
    hear(connection, acknowledged(MONDAY + HOUR), now=MONDAY + HOUR)

    assert due(connection, at("2026-06-24 23:00")) == []
    assert planned(connection, "ren") == at("2026-06-25 09:00")
    events = due(connection, at("2026-06-25 09:00"))

    assert set(digests(events)) == {"ren", "emi"}
    assert planned(connection, "ren") == at("2026-06-29 09:00")


def test_what_was_due_under_another_time_or_for_somebody_who_left_is_not_made(
    connection: Connection,
) -> None:
    plan(connection, MONDAY)
    ledger = open_ledger(connection, NEXT_MONDAY)
    (one,) = ledger.take_digests(["ren"])
    other = replace(one, due_at=MONDAY)
    gone = replace(one, person_id="nobody")

    assert handlers.digest_due(other, handlers.digest_cause(other), ledger) == []
    assert handlers.digest_due(gone, handlers.digest_cause(gone), ledger) == []


def test_who_has_left_gets_none_and_who_is_new_gets_the_next(connection: Connection) -> None:
    plan(connection, MONDAY)
    people = tuple(one for one in build.organisation().people if one.id != "sho")
    other = build.organisation(
        revision="rev-2", people=(*people, build.person("new", language="ja"))
    )

    plan(connection, MONDAY + HOUR, other)

    assert planned(connection, "sho") is None
    assert planned(connection, "new") == NEXT_MONDAY
    assert planned(connection, "ren") == NEXT_MONDAY
    ledger = open_ledger(connection, NEXT_MONDAY, other)
    assert ledger.take_digests(["sho", "never"]) == []


def test_an_older_organisation_that_is_heard_late_plans_nothing(connection: Connection) -> None:
    ledger = open_ledger(connection, MONDAY)
    handlers.organisation_published(published(build.organisation(revision="rev-2"), LATER), ledger)
    ledger.digests.put(replace(ledger.digests.get("ren"), due_at=LATER))  # type: ignore[type-var]

    handlers.organisation_published(published(build.organisation(), MONDAY), ledger)

    known = ledger.digests.get("ren")
    assert known is not None
    assert known.due_at == LATER


def test_a_change_of_plan_does_not_swallow_what_is_due(connection: Connection) -> None:
    plan(connection, MONDAY)
    hear(connection, acknowledged(MONDAY + HOUR), now=MONDAY + HOUR)

    plan(connection, NEXT_MONDAY + HOUR)

    assert set(digests(due(connection, NEXT_MONDAY + HOUR))) == {"ren", "emi"}


def test_preferences_say_how_often(connection: Connection) -> None:
    plan(connection, MONDAY)

    hear(connection, wants("ren", MONDAY, digest=Digest.DAILY), now=MONDAY)
    hear(connection, wants("emi", MONDAY, digest=Digest.NEVER), now=MONDAY)
    hear(connection, wants("x-1", MONDAY), now=MONDAY)

    assert planned(connection, "ren") == at("2026-06-02 09:00")
    assert planned(connection, "emi") is None
    assert planned(connection, "x-1") is None
    hear(connection, acknowledged(MONDAY + HOUR), now=MONDAY + HOUR)
    made = digests(due(connection, at("2026-06-02 09:00")))
    assert made["ren"].daily
    assert set(made) == {"ren"}


def test_messages_that_were_not_sent_one_by_one_are_counted(connection: Connection) -> None:
    plan(connection, MONDAY)
    mute = IssueMuted(
        event_id="mute", occurred_at=MONDAY, issue_id=issue_id(1), person_id="emi", muted=True
    )
    hear(connection, mute, acknowledged(MONDAY + HOUR), now=MONDAY + HOUR)

    made = digests(due(connection, NEXT_MONDAY))

    assert made["emi"].summed == 1
    assert "emi" not in digests(due(connection, NEXT_MONDAY + timedelta(days=7)))


def test_how_an_issue_stands_is_the_newest_that_was_heard(connection: Connection) -> None:
    plan(connection, MONDAY)
    resolved = {"version": 5, "state": State.RESOLVED, "next_step": Step.CONFIRM}
    solved_at = MONDAY + 2 * HOUR
    hear(
        connection,
        IssueResolved(
            **said(solved_at, 1, resolved_at=solved_at, next_step_at=LATER, **resolved),
            actor_id="ren",
        ),
        acknowledged(MONDAY + HOUR, version=3),
        IssueReminded(**said(LATER, 2, next_step_at=LATER), step=Step.ACKNOWLEDGE, person_id="ren"),
        IssueClosed(
            **said(LATER, 3, state=State.CLOSED, next_step=None, resolved_at=solved_at),
            confirmed=True,
        ),
        now=LATER,
    )

    made = digests(due(connection, NEXT_MONDAY))

    assert [one.issue_id for one in made["emi"].waits] == [issue_id(1)]
    assert [one.issue_id for one in made["emi"].solved] == [issue_id(3)]
    assert made["emi"].moved == ()  # a reminder moves nothing


def test_an_issue_that_was_kept_before_there_were_summaries_stands_in_none(
    connection: Connection,
) -> None:
    plan(connection, MONDAY)
    ledger = open_ledger(connection, MONDAY)
    ledger.currents.put(store.Current(issue_id(1), 1, 1, owner_id="ren", state=State.ASSIGNED))
    ledger.write()

    assert due(connection, NEXT_MONDAY) == []


# The tick


class Journals:
    """As much of a journal as the tick uses."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now
        self.said: list[Event] = []

    async def read(self, query: Any) -> Any:
        return query(self._connection)

    async def note(self, decide: Any) -> None:
        ledger = open_ledger(self._connection, self.now)
        decide(ledger)
        ledger.write()

    async def settle(self, cause: Cause[Ledger]) -> None:
        ledger = open_ledger(self._connection, self.now)
        self.said += cause.decide(ledger)
        ledger.write()


def held(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("banso_notifications_held", {"channel": "email"})


async def test_the_tick_plans_makes_and_counts(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = CollectorRegistry()
    known = KnownOrganisation(connection, store.metadata)
    summaries = Summaries(known, registry)
    journals = Journals(connection, MONDAY)
    journal = cast("Journal[Ledger]", journals)
    elapsed = [100.0]
    monkeypatch.setattr(clock, "now", lambda: journals.now)
    monkeypatch.setattr(clock, "elapsed_s", lambda: elapsed[0])

    assert await summaries.make_due(journal) == 0
    assert planned(connection, "ren") is None  # before the organisation was heard
    known.current = build.organisation()
    assert await summaries.make_due(journal) == 0
    assert planned(connection, "ren") == NEXT_MONDAY
    night = MONDAY + 13 * HOUR
    hear(connection, acknowledged(night), now=night)
    await summaries.count_held(journal)
    assert held(registry) == 1

    journals.now = NEXT_MONDAY
    assert await summaries.make_due(journal) == len(build.organisation().people)
    assert {one.person_id for one in journals.said if isinstance(one, DigestMade)} == {
        "ren",
        "emi",
    }
    connection.execute(store.deliveries.update().values(fate=Fate.SENT))
    await summaries.count_held(journal)
    assert held(registry) == 1  # counted a moment ago
    elapsed[0] += 5
    await summaries.count_held(journal)
    assert held(registry) == 0
