"""Everything is folded in one order, and what stands still goes on when its day has come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from services.metrics.facts import Fact, Kind
from services.metrics.heard import Entry, Published, Rest, Undone, entries
from services.metrics.ledger import Ledger, OutOfOrder
from shared.contracts.organisation import Organisation
from tests.unit import build
from tests.unit.build import HOUR, MONDAY
from tests.unit.metrics.history import Draw, draws, happened

DAY = timedelta(days=1)
OTHERS = {"rev-1": build.organisation()}


def organisations(revision: str) -> Organisation:
    return OTHERS.get(revision) or build.organisation(revision=revision)


def entry(what: Any, at: datetime, nth: int = 0, **more: Any) -> Entry:
    issue = what.issue if isinstance(what, Fact) else ""
    return Entry((at.timestamp(), issue, nth, f"e{nth}/0"), more.pop("cause", "c"), what, **more)


def fact(kind: Kind, at: datetime, nth: int, person: str = "", **more: Any) -> Entry:
    what = Fact(
        at.timestamp(),
        kind,
        f"e{nth}/0",
        issue="i",
        person=person,
        raiser="emi",
        owner=more.pop("owner", "ren"),
        team="product",
        version=nth,
    )
    return entry(what, at, nth, **more)


def folded(*found: Entry, first: Organisation | None = None) -> Ledger:
    ledger = Ledger(first or build.organisation(), organisations)
    for one in found:
        for _ in ledger.fold(one):
            pass
    return ledger


def score(ledger: Ledger, at: datetime) -> float:
    for _ in ledger.pass_nights(at.timestamp()):
        pass
    assert ledger.isolation is not None
    found = ledger.isolation.score("emi", at.timestamp())
    assert found is not None
    return found


RAISED = (fact(Kind.RAISED, MONDAY, 1, "emi"), fact(Kind.ASSIGNED, MONDAY, 2))


def test_nothing_is_known_before_the_first_fact() -> None:
    ledger = Ledger(build.organisation(), organisations)

    assert ledger.isolation is None
    assert list(ledger.pass_nights(MONDAY.timestamp())) == []
    assert ledger.flow("product").requests == 0
    again = Ledger.from_state(ledger.state(), build.organisation(), organisations)
    assert again.state() == ledger.state()


def test_what_belongs_before_something_folded_is_refused() -> None:
    ledger = folded(*RAISED)

    with pytest.raises(OutOfOrder):
        list(ledger.fold(fact(Kind.COMMENTED, MONDAY - HOUR, 3, "ren")))


def test_it_says_each_night_that_passes() -> None:
    ledger = folded(*RAISED)

    nights = list(ledger.fold(fact(Kind.COMMENTED, MONDAY + 8 * DAY, 3, "ren")))

    assert len(nights) == 6


def test_nobody_waits_until_the_day_that_they_were_told_and_then_they_do() -> None:
    until = MONDAY + 2 * DAY
    put_off = fact(Kind.WAITING, MONDAY + HOUR, 3, until_s=until.timestamp())
    ledger = folded(*RAISED, put_off)

    before = score(ledger, MONDAY + HOUR)
    assert score(ledger, until) <= before
    assert score(ledger, until + DAY) > before


def test_a_day_that_is_put_off_again_without_a_word_starts_the_wait_at_once() -> None:
    first = fact(Kind.WAITING, MONDAY + HOUR, 3, until_s=(MONDAY + DAY).timestamp())
    again = fact(Kind.WAITING, MONDAY + 2 * HOUR, 5, until_s=(MONDAY + 3 * DAY).timestamp())
    answered = fact(Kind.COMMENTED, MONDAY + 2 * HOUR, 4, "ren")
    own_words = fact(Kind.COMMENTED, MONDAY + 2 * HOUR, 4, "emi")
    at = MONDAY + 2 * DAY

    slipped = score(folded(*RAISED, first, again), at)
    assert slipped == score(folded(*RAISED, first, own_words, again), at)
    assert score(folded(*RAISED, first, answered, again), at) < slipped


def test_what_goes_on_or_ends_before_its_day_waits_for_no_day() -> None:
    put_off = fact(Kind.WAITING, MONDAY + HOUR, 3, until_s=(MONDAY + DAY).timestamp())

    for kind in (Kind.RESUMED, Kind.RESOLVED, Kind.WAITING):
        ledger = folded(*RAISED, put_off, fact(kind, MONDAY + 2 * HOUR, 4, "ren"))
        assert ledger.state()["goes_on_s"] == {}
        score(ledger, MONDAY + 2 * DAY)


def test_what_was_taken_back_never_happened() -> None:
    declined = fact(Kind.DECLINED, MONDAY + HOUR, 3, "ren", cause="request")
    undone = entry(Undone(("request",)), MONDAY + 2 * HOUR, 4)
    ledger = Ledger(build.organisation(), organisations)
    ledger.expect_undone(["request"], undone.key[0])
    for one in (*RAISED, declined, undone):
        list(ledger.fold(one))

    assert score(ledger, MONDAY + DAY) == score(folded(*RAISED), MONDAY + DAY)
    score(ledger, MONDAY + 50 * DAY)
    assert ledger.state()["undone"] == {}


def test_only_an_owners_own_hand_over_pushes_it_away() -> None:
    by_owner = fact(Kind.REASSIGNED, MONDAY + HOUR, 3, "ren", owner="yui")
    by_leader = fact(Kind.REASSIGNED, MONDAY + HOUR, 3, "kai", owner="yui")

    assert folded(*RAISED, by_owner).flow("product").handed_on == 1
    assert folded(*RAISED, by_leader).flow("product").handed_on == 0


def test_time_in_which_nobody_is_chased_makes_nobody_alone() -> None:
    rest = entry(Rest("p", MONDAY, MONDAY + 3 * DAY), MONDAY, 3)
    at = MONDAY + 2 * DAY

    assert score(folded(rest, *RAISED), at) < score(folded(*RAISED), at)
    ledger = folded(rest, *RAISED)
    assert ledger.worked_s("ren", MONDAY, at) == 0
    score(ledger, MONDAY + 60 * DAY)
    assert ledger.state()["rests"] == {}


def test_an_organisation_counts_from_when_it_was_published() -> None:
    """Its calendars, too: of the company, and of the teams that have another one."""
    known = build.organisation()
    shift = build.calendar({"sat": "09:00-17:00"}).model_copy(update={"id": "shift"})
    people = tuple(
        one.model_copy(update={"calendar": "shift"}) if one.team in ("product", "sales") else one
        for one in known.people
    )
    OTHERS["rev-9"] = build.organisation(
        revision="rev-9", people=people, calendars=(*known.calendars, shift)
    )
    published = entry(Published("rev-9"), MONDAY, 3)
    at = MONDAY + 2 * DAY

    moved = folded(published, *RAISED)

    assert score(moved, at) < score(folded(*RAISED), at)
    assert moved.worked_s("ren", MONDAY, at) == 0


def test_only_a_reminder_outside_the_owners_hours_counts_as_one() -> None:
    at_work = fact(Kind.REMINDED, MONDAY + HOUR, 3)
    at_night = fact(Kind.REMINDED, MONDAY + 14 * HOUR, 4)

    ledger = folded(*RAISED, at_work, at_night)

    assert ledger.teams.off_hours("product") == {"ren": 1}


@given(draws)
def test_a_state_that_was_kept_goes_on_as_if_it_had_not_been(drawn: list[Draw]) -> None:
    """At any fact: also where something stands still, rests, or was taken back."""
    found = sorted(
        (one for event in happened(drawn) for one in entries(event)), key=lambda one: one.key
    )
    half = len(found) // 2

    through = _go(Ledger(build.organisation(), organisations), found)
    kept = json.loads(
        json.dumps(_go(Ledger(build.organisation(), organisations), found[:half]).state())
    )
    again = _go(Ledger.from_state(kept, build.organisation(), organisations), found[half:])

    assert again.head == through.head
    assert again.teams.state() == through.teams.state()
    assert again.helpers.state() == through.helpers.state()
    assert again.isolation is not None
    assert through.isolation is not None
    for person in through.isolation.people():
        assert again.isolation.score(person) == pytest.approx(
            through.isolation.score(person), abs=1e-9
        )


def _go(ledger: Ledger, found: Sequence[Entry]) -> Ledger:
    for one in found:
        list(ledger.fold(one))
    return ledger
