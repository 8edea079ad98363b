"""As much of metrics as hears facts, folds them and looks at them, on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from prometheus_client import CollectorRegistry

from services.metrics import handlers, store
from services.metrics.keeper import Folded, Keeper, Organisations, fold_anew
from services.metrics.ledger import Ledger
from services.metrics.store import Books
from shared.contracts.event import Event
from shared.database import open_engine
from shared.journal import Cause, Journal, Said, Unsaid
from shared.organisation import KnownOrganisation


class Service:
    """As much of metrics as hears facts and folds them, on one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_connected = True
        self.engine = open_engine(url)
        self.readers = open_engine(url, read_only=True)
        store.metadata.create_all(self.engine)
        with self.engine.connect() as connection:
            self.known = KnownOrganisation(connection, store.metadata)
        self.registry = CollectorRegistry()
        self.keeper = Keeper(self.readers, self.registry)
        self.keeper.open()
        self.also: list[Callable[[Books], None]] = []
        """Whoever else counts what has been committed."""
        self.journal = Journal(
            self.engine,
            store.metadata,
            lambda connection, now: Books(connection, now, self.known, self.keeper.nights),
            self._say,
            CollectorRegistry(),
            on_commit=self._committed,
        )

    async def _say(self, said: Sequence[Said]) -> Sequence[int | Exception]:
        if not self.is_connected:
            return [Unsaid()] * len(said)
        return range(1, len(said) + 1)

    def _committed(self, books: Books) -> None:
        self.known.adopt(books)
        for one in self.also:
            one(books)
        self.keeper.committed(books)

    async def hear(self, events: Sequence[Event]) -> None:
        causes = [
            Cause(
                one.event_id,
                partial(handlers.HEARS[type(one)].decide, one),
                one,
                may_be_known=True,
            )
            for one in events
        ]
        outcomes = await self.journal.settle_all(causes)
        assert [one for one in outcomes if isinstance(one, Exception)] == []

    async def catch_up(self, now: datetime | None = None) -> None:
        """What was just heard is held back once, for others of the same moment."""
        await self.keeper.catch_up(self.journal)
        await self.keeper.catch_up(self.journal)
        if now is not None:
            await self.keeper.let_time_pass(self.journal, now)

    def anew(self) -> Ledger:
        organisations = Organisations(self.readers)
        first = organisations.first()
        assert first is not None
        with self.readers.connect() as connection:
            folded: Folded = fold_anew(connection, first, organisations)
        return folded.ledger

    async def close(self) -> None:
        await self.journal.close()
        self.engine.dispose()
        self.readers.dispose()
