"""Folds everything anew from the facts that are kept: `banso metrics rebuild`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete

from services.metrics import store
from services.metrics.keeper import Organisations, expect_undone, fold, fold_anew, read_state
from services.metrics.ledger import Ledger
from services.metrics.store import Night
from shared import alone
from shared.contracts.organisation import Organisation
from shared.database import Rows, open_engine

WAITS_S = 1.0


class StillRuns(Exception):
    """Metrics runs on this database; stop it first."""


class NothingHeard(Exception):
    """No organisation was ever heard here, so there is nothing to fold."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it."""

    carriers: int
    nights: int
    moved: float
    """The largest change of anybody's figure, 0 to 1: what facts that came too late had left
    wrong."""


async def rebuild(database_url: str) -> Rebuilt:
    """Replaces the kept states by new ones, in one transaction. Raises StillRuns, NothingHeard."""
    try:
        place = await asyncio.wait_for(alone.take_place(database_url), WAITS_S)
    except TimeoutError:
        raise StillRuns from None
    engine, readers = open_engine(database_url), open_engine(database_url, read_only=True)
    try:
        return await asyncio.to_thread(_rebuild, engine, readers)
    finally:
        engine.dispose()
        readers.dispose()
        place.give_back()


def _rebuild(engine: Engine, readers: Engine) -> Rebuilt:
    organisations = Organisations(readers)
    first = organisations.first()
    if first is None:
        raise NothingHeard
    with engine.begin() as connection:
        before = _as_kept(connection, first, organisations)
        folded = fold_anew(connection, first, organisations)
        _replace(connection, folded.nights)
        store.stand_anew(connection)
    after = _scores(folded.ledger)
    moved = (abs(score - before.get(who, score)) for who, score in after.items())
    return Rebuilt(len(after), len(folded.nights), max(moved, default=0.0))


def _as_kept(
    connection: Connection, first: Organisation, organisations: Organisations
) -> Mapping[str, float]:
    """Everybody's figure as the service would take it up."""
    night = store.newest_night(connection)
    if night is None:
        return {}
    ledger = Ledger.from_state(read_state(night.state), first, organisations)
    expect_undone(ledger, store.undone_since(connection, night.at))
    return _scores(fold(ledger, store.in_order(connection, night.at)).ledger)


def _replace(connection: Connection, nights: tuple[Night, ...]) -> None:
    connection.execute(delete(store.nights))
    rows = Rows(connection, store.nights, Night)
    for night in nights:
        rows.put(night)
    rows.write()


def _scores(ledger: Ledger) -> Mapping[str, float]:
    isolation = ledger.isolation
    if isolation is None:
        return {}
    scores = {who: isolation.score(who) for who in isolation.people()}
    return {who: score for who, score in scores.items() if score is not None}
