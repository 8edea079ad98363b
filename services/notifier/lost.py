"""How many people can't be reached, by channel, for whoever runs Banso. Nobody is named."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Connection, select

from services.notifier import store
from services.notifier.reach import Broken, Standing, standing
from services.notifier.store import Ledger, address_digest
from services.notifier.ways import address_of
from shared import clock, logs
from shared.contracts.intake import STRANGER
from shared.contracts.organisation import Channel, Organisation, Person
from shared.journal import Journal
from shared.organisation import KnownOrganisation

log = logs.get(__name__)

EVERY_S: Final = 5.0
ANY: Final = "any"
"""Stands for the channel of whoever is reached by none."""
INSIDE, OUTSIDE = "inside", "outside"
Key = tuple[str, str]
"""Channel and kind of person."""


class Lost:
    """Counts them now and then."""

    def __init__(
        self, known: KnownOrganisation, set_up: Collection[Channel], registry: CollectorRegistry
    ) -> None:
        self._known = known
        self._set_up = set_up
        self._gauge = Gauge(
            "banso_people_not_reachable",
            "People whom a channel did not reach when it was last tried; channel any: whom none"
            " reaches.",
            ["channel", "kind"],
            registry=registry,
        )

    async def keep_counting(self, journal: Journal[Ledger]) -> None:
        """For ever."""
        while True:
            try:
                self._show(await journal.read(read_broken))
            except Exception as error:
                log.error("tick.failed", tick="reach", error=repr(error))
            await asyncio.sleep(EVERY_S)

    def _show(self, broken: Sequence[Broken]) -> None:
        organisation = self._known.current
        if organisation is None:
            return
        counted = count(broken, organisation, self._set_up, clock.now())
        channels = [*sorted(self._set_up), ANY]
        for key in ((channel, kind) for channel in channels for kind in (INSIDE, OUTSIDE)):
            self._gauge.labels(*key).set(counted[key])


def read_broken(connection: Connection) -> list[Broken]:
    """What did not reach somebody and has not worked since."""
    query = select(store.reaches).where(store.reaches.c.works.is_(False))
    return [Broken(**row) for row in connection.execute(query).mappings()]


def count(
    broken: Iterable[Broken],
    organisation: Organisation,
    set_up: Collection[Channel],
    now: datetime,
) -> Counter[Key]:
    """How many people each channel does not reach. A customer has no other channel than mail;
    whoever has left, or has another address by now, counts no more."""
    counted: Counter[Key] = Counter()
    lost: dict[str, set[Channel]] = {}
    for one in broken:
        person = organisation.person.get(one.person_id)
        if person is not None and _is_lost(one, person, now):
            lost.setdefault(person.id, set()).add(one.channel)
            counted[one.channel, INSIDE] += 1
        elif one.person_id.startswith(STRANGER) and _is_broken(one, one.address, now):
            counted.update([(one.channel, OUTSIDE), (ANY, OUTSIDE)])
    for person_id, channels in lost.items():
        chats = {channel for channel in organisation.person[person_id].chat if channel in set_up}
        counted[ANY, INSIDE] += channels >= {*chats, Channel.EMAIL}
    return counted


def _is_lost(broken: Broken, person: Person, now: datetime) -> bool:
    """Until it has worked, and as long as they have this address."""
    has_it = broken.channel is Channel.EMAIL or broken.channel in person.chat
    address = address_digest(address_of(person, broken.channel)) if has_it else None
    return _is_broken(broken, address, now)


def _is_broken(broken: Broken, address: str | None, now: datetime) -> bool:
    return standing(broken, address, now) is not Standing.WORKS
