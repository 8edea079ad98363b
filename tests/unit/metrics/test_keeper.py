"""The same facts give the same figures, however they come: over real events and a database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from services.metrics import rebuild as rebuilding
from services.metrics import store
from services.metrics.facts import Fact
from services.metrics.keeper import Folded, Organisations, fold, fold_anew
from services.metrics.ledger import Ledger
from services.metrics.rebuild import NothingHeard, StillRuns, rebuild
from services.metrics.standing import Standing
from shared import alone
from shared.contracts.event import Event
from shared.contracts.router import IssueAssigned
from tests.unit import build
from tests.unit.metrics.history import VERBS, Draw, draws, happened
from tests.unit.metrics.service import Service

EXACT = 1e-9


def figures(ledger: Ledger | None, at: datetime) -> Mapping[str, Any]:
    """Everything that anybody sees of it."""
    assert ledger is not None
    isolation = ledger.isolation
    assert isolation is not None
    at_s = at.timestamp()
    return {
        **{who: isolation.score(who, at_s) for who in sorted(isolation.people())},
        **{f"evidence {who}": isolation.evidence(who, at_s) for who in isolation.people()},
        **{f"expected {team}": flow.expected for team, flow in isolation.flows().items()},
        **{f"answers {team}": flow.answers for team, flow in isolation.flows().items()},
        **{
            f"asked {team}": week.requests
            for team in ("product", "shipping")
            for week in [ledger.teams.week(team, ledger.flow(team))]
        },
    }


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        one[name] == other[name]
        if None in (one[name], other[name])
        else abs(one[name] - other[name]) < EXACT
        for name in one
    )


def after(ledger: Ledger, at: datetime) -> Ledger:
    for _ in ledger.pass_nights(at.timestamp()):
        pass
    return ledger


async def _delivered(events: Sequence[Event], url: str, chance: Random) -> None:
    """In batches, some of it late and some of it twice, with the service started anew."""
    end = events[-1].occurred_at + timedelta(days=4)
    first, *others = events
    late = {one.event_id: timedelta(hours=chance.choice([0, 0, 0, 1, 30, 70])) for one in others}
    arriving = sorted(others, key=lambda one: one.occurred_at + late[one.event_id])
    service = Service(url)
    await service.hear([first])
    while arriving:
        batch, arriving = arriving[: (size := chance.randint(1, 9))], arriving[size:]
        await service.hear([*batch, *chance.sample(batch, chance.randint(0, len(batch)))])
        if chance.random() < 0.7:
            newest = max(one.occurred_at for one in batch)
            await service.catch_up(newest if chance.random() < 0.5 else None)
        if chance.random() < 0.2:
            await service.close()
            service = Service(url)
    await service.catch_up(end)
    once = figures(service.keeper.ledger, end)
    anew = figures(after(service.anew(), end), end)
    assert same(once, anew), {name: (once[name], anew[name]) for name in once}
    await service.close()
    again = Service(url)
    await again.catch_up(end)
    assert same(figures(again.keeper.ledger, end), anew)
    await again.close()
    rebuilt = await rebuild(url)
    assert rebuilt.moved < EXACT
    inverse = Service(f"{url}-2")
    await inverse.hear([first])
    await inverse.hear(sorted(others, key=lambda one: one.event_id, reverse=True))
    await inverse.catch_up(end)
    assert same(figures(inverse.keeper.ledger, end), anew)
    await inverse.close()


@settings(max_examples=12, phases=(Phase.generate,))
@given(drawn=draws, seed=st.integers(0, 2**32))
def test_any_order_of_arrival_snapshots_and_a_rebuild_agree(drawn: list[Draw], seed: int) -> None:
    events = happened(drawn)

    with TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory) / 'metrics.db'}"
        asyncio.run(_delivered(events, url, Random(seed)))


def test_what_came_late_counts_though_the_service_dies_before_it_is_folded(
    tmp_path: Path,
) -> None:
    events = happened([(24 * 60, nth % 3, "answer", nth % 4) for nth in range(6)])
    late = next(one for one in events if one.subject == "issue.responded.v1")
    end = events[-1].occurred_at + timedelta(days=1)
    assert late.occurred_at < end - timedelta(days=2)

    async def run() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        service = Service(f"sqlite:///{tmp_path / 'metrics.db'}")
        await service.hear([one for one in events if one is not late])
        await service.catch_up(end)
        await service.hear([late])
        await service.close()
        again = Service(service.url)
        taken_up = figures(after(again.keeper.ledger, end), end) if again.keeper.ledger else {}
        anew = figures(after(again.anew(), end), end)
        await again.close()
        return taken_up, anew

    taken_up, anew = asyncio.run(run())

    assert same(taken_up, anew)


def test_what_comes_more_than_a_week_late_waits_for_a_rebuild(tmp_path: Path) -> None:
    events = happened([(60, nth % 3, "answer", nth % 4) for nth in range(120)])
    assert events[-1].occurred_at - events[1].occurred_at < timedelta(days=7)
    days = [(3 * 24 * 60, nth % 3, "answer", nth % 4) for nth in range(8)]
    events = happened(days)
    raised = next(one for one in events if isinstance(one, IssueAssigned))
    end = events[-1].occurred_at

    async def run() -> tuple[float, float, float]:
        service = Service(f"sqlite:///{tmp_path / 'metrics.db'}")
        await service.hear([one for one in events if one is not raised])
        await service.catch_up(end)
        before = figures(service.keeper.ledger, end)
        await service.hear([raised])
        await service.catch_up(end)
        assert same(figures(service.keeper.ledger, end), before)
        counted = service.registry.get_sample_value("banso_too_late_facts_total") or 0.0
        await service.close()
        first = await rebuild(service.url)
        second = await rebuild(service.url)
        return counted, first.moved, second.moved

    too_late, moved, moved_again = asyncio.run(run())

    assert too_late > 0
    assert moved > 0
    assert moved_again == 0


def test_who_has_what_is_taken_from_facts_that_an_older_metrics_kept(tmp_path: Path) -> None:
    events = happened([(60, nth % 3, "hand over", nth % 4) for nth in range(20)])

    async def run() -> tuple[list[Standing], list[Standing]]:
        service = Service(f"sqlite:///{tmp_path / 'metrics.db'}")
        await service.hear(events)
        with service.engine.begin() as connection:
            known = store.open_standings(connection)
            connection.execute(update(store.standings).values(owner_id="", moves=0))
            store.stand_anew(connection)
            found = store.open_standings(connection)
            store.stand_anew(connection)
            assert store.open_standings(connection) == found
        await service.close()
        return known, found

    known, found = asyncio.run(run())

    assert known == found
    assert {one.owner_id for one in found} != {""}


def test_what_happened_since_a_moment_is_read_without_what_was_before(tmp_path: Path) -> None:
    events = happened([(7, nth % 6, VERBS[nth % len(VERBS)], nth % 4) for nth in range(60)])

    async def run() -> None:
        service = Service(f"sqlite:///{tmp_path / 'metrics.db'}")
        await service.hear(events)
        with service.readers.connect() as connection:
            everything = list(store.in_order(connection))
            assert any(isinstance(one.what, Fact) for one in everything)
            for event in events:
                # Whoever has an issue is known three minutes after it was raised.
                for since in (event.occurred_at, event.occurred_at - timedelta(minutes=1)):
                    expected = [one for one in everything if one.key[0] >= since.timestamp()]
                    assert list(store.in_order(connection, since)) == expected
        await service.close()

    asyncio.run(run())


def test_folding_anew_writes_down_only_the_nights_that_stay(tmp_path: Path) -> None:
    events = happened([(24 * 60, nth % 3, "answer", nth % 4) for nth in range(150)])
    first = build.organisation()

    async def run() -> tuple[Folded, Folded, Folded]:
        service = Service(f"sqlite:///{tmp_path / 'metrics.db'}")
        await service.hear(events)
        organisations = Organisations(service.readers)
        with service.readers.connect() as connection:
            whole = list(store.in_order(connection))
            lately = events[-1].occurred_at - timedelta(days=4)
            found = (
                fold_anew(connection, first, organisations),
                fold(Ledger(first, organisations), whole),
                fold(Ledger(first, organisations), whole, lately),
            )
        await service.close()
        return found

    anew, usual, last_days = asyncio.run(run())

    assert len(usual.nights) == store.NIGHTS_KEPT
    assert anew.nights == usual.nights
    assert 0 < len(last_days.nights) < 5
    assert last_days.nights == usual.nights[-len(last_days.nights) :]


def test_nothing_is_rebuilt_while_metrics_runs_or_before_anything_was_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'metrics.db'}"
    monkeypatch.setattr(rebuilding, "WAITS_S", 0.05)

    async def run() -> None:
        service = Service(url)
        place = await alone.take_place(url)
        with pytest.raises(StillRuns):
            await rebuild(url)
        place.give_back()
        with pytest.raises(NothingHeard):
            await rebuild(url)
        await service.close()

    asyncio.run(run())
