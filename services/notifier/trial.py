"""Whether everybody can be reached, found out before anything happens. Nothing is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.notifier.channels.base import (
    Adapter,
    Outgoing,
    PermanentFailure,
    Probes,
    TemporaryFailure,
)
from services.notifier.message import trial
from services.notifier.reach import trial_id
from services.notifier.store import address_digest, reach_key
from services.notifier.ways import address_of
from services.notifier.wording.base import Recipient
from shared.contracts.organisation import Channel, Organisation, Person
from shared.links import Links

AT_A_TIME = 8
NOT_SET_UP = "not set up"
NO_ISSUE = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A channel of a person, and what stands against it; None where nothing does."""

    channel: Channel
    error: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about a person, the first choice first."""

    person: Person
    ways: tuple[Way, ...]

    @property
    def is_reached(self) -> bool:
        return any(way.error is None for way in self.ways)


Refused = Mapping[str, tuple[str, str]]
"""What did not reach somebody lately: the digest of the address and the error, by `reach_key`."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What it takes to look whether people are reached; with `links` each gets a message."""

    organisation: Organisation
    adapters: Mapping[Channel, Adapter]
    refused: Refused
    now: datetime
    links: Links | None = None

    async def everybody(self) -> list[Found]:
        """Everybody of the organisation, in the order of its file."""
        free = asyncio.Semaphore(AT_A_TIME)

        async def one(person: Person) -> Found:
            async with free:
                return await self._look(person)

        return list(await asyncio.gather(*map(one, self.organisation.people)))

    async def _look(self, person: Person) -> Found:
        wanted = dict.fromkeys((*self.organisation.channels, *person.chat, Channel.EMAIL))
        has = [one for one in wanted if one is Channel.EMAIL or one in person.chat]
        return Found(person, tuple([Way(one, await self._error(person, one)) for one in has]))

    async def _error(self, person: Person, channel: Channel) -> str | None:
        adapter = self.adapters.get(channel)
        if adapter is None:
            return NOT_SET_UP
        address = address_of(person, channel)
        try:
            if self.links is not None:
                await adapter.send(self._outgoing(person, channel, address, self.links))
                return None
            if isinstance(adapter, Probes):
                await adapter.probe(address)
        except (TemporaryFailure, PermanentFailure) as failure:
            return str(failure) or type(failure).__name__
        digest, error = self.refused.get(reach_key(person.id, channel), ("", ""))
        return error if digest == address_digest(address) else None

    def _outgoing(self, person: Person, channel: Channel, address: str, links: Links) -> Outgoing:
        name = person.name.in_(person.language)
        to = Recipient(person.id, name, address, person.language)
        return Outgoing(
            trial_id(person.id, channel, self.now.date()),
            NO_ISSUE,
            trial(to, self.organisation, links, self.now),
            NO_ISSUE,
            to,
            self.organisation,
            self.now,
            test=True,
        )
