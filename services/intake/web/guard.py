"""Keeps machines from flooding the form, in layers, each of which has a word for honest people.

A field that people don't see, and the time that filling in takes, make Banso ask for one click
more. How much comes from one connection, for one mail address, and in all, makes it ask for
patience. Nothing is ever thrown away silently.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from ipaddress import ip_address, ip_network

from itsdangerous import BadData, Signer
from limits import parse_many

STAMP_LIVES = timedelta(days=1)
"""A form that stood open longer is asked for one click more."""
MOST_KEYS = 20_000
"""Connections and addresses that a window remembers; beyond it the oldest are forgotten."""
_IPV6_HOUSEHOLD = 64
"""Whoever has one IPv6 address has all that begin with the same 64 bits."""

DECOY = "homepage"
"""The field that only machines fill in."""
STAMP = "stamp"


class Layer(Enum):
    """What there was too much of."""

    CONNECTION = "connection"
    ADDRESS = "address"
    ALL = "all"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class TooMany:
    """Not now: more came than may, and again at `again_at`."""

    layer: Layer
    again_at: datetime

    def wait_s(self, now: datetime) -> str:
        """For the header `Retry-After`."""
        return str(max(1, round((self.again_at - now).total_seconds())))


class Window:
    """At most `amount` different things for each key within any `span`."""

    def __init__(self, amount: int, span: timedelta) -> None:
        self._amount = amount
        self._span = span
        self._came: OrderedDict[str, dict[str, datetime]] = OrderedDict()

    def free_at(self, key: str, thing: str, now: datetime) -> datetime | None:
        """When there is room for the thing again; None where there is now, or it came before."""
        came = self._since(key, now)
        if thing in came or len(came) < self._amount:
            return None
        return sorted(came.values())[-self._amount] + self._span

    def count(self, key: str, thing: str, now: datetime) -> None:
        self._came[key] = {**self._since(key, now), thing: now}
        self._came.move_to_end(key)
        while len(self._came) > MOST_KEYS:
            self._came.popitem(last=False)

    def forget(self, key: str, thing: str) -> None:
        self._came.get(key, {}).pop(thing, None)

    def _since(self, key: str, now: datetime) -> dict[str, datetime]:
        came = self._came.get(key, {})
        return {thing: at for thing, at in came.items() if at > now - self._span}


def windows(rates: str) -> list[Window]:
    """`30 per 10 minutes; 300 per day` as windows; raises ValueError where it is not read so.

    The notation is that of the library `limits`. Its own windows read the machine's clock, which
    tests can't move and which may run backwards; so these here are told the time.
    """
    return [Window(rate.amount, timedelta(seconds=rate.get_expiry())) for rate in parse_many(rates)]


class Guard:
    """Of one process, in memory: a start forgets what came before."""

    def __init__(
        self,
        keys: Sequence[str],
        rates: Mapping[Layer, str],
        least: timedelta,
        proxies: Sequence[str],
    ) -> None:
        self._signer = Signer(list(keys), salt="banso.form")
        self._windows = {layer: windows(said) for layer, said in rates.items()}
        self._least = least
        self._proxies = [ip_network(one) for one in proxies]

    def stamp(self, now: datetime, before: str = "", *, asked: bool = False) -> str:
        """When a form was first shown, signed; `before`: what it said when it was sent.

        `asked`: it is the form that asks for one click more.
        """
        if not asked and self._age(before, now)[0] is not None:
            return before
        said = f"{int(now.timestamp() * 1000)}.{'asked' if asked else 'shown'}"
        return self._signer.sign(said).decode("ascii")

    def seems_a_machine(self, fields: Mapping[str, str], now: datetime) -> bool:
        """Whether one click more has to tell that somebody is there."""
        if fields.get(DECOY):
            return True
        if not self._least:
            return False
        age, asked = self._age(fields.get(STAMP, ""), now)
        return age is None or (not asked and age < self._least)

    def _age(self, stamp: str, now: datetime) -> tuple[timedelta | None, bool]:
        """How old a stamp is, None where it is forged or too old; and whether it asked."""
        try:
            at, _, how = self._signer.unsign(stamp).decode("ascii").partition(".")
            age = now - datetime.fromtimestamp(int(at) / 1000, UTC)
        except (BadData, ValueError):
            return None, False
        return (age if age <= STAMP_LIVES else None), how == "asked"

    def admit(self, thing: str, keys: Mapping[Layer, str], now: datetime) -> TooMany | None:
        """Counts the thing in each layer by its key; or counts nothing, and says until when it
        has to wait. The same thing again is counted once."""
        waits = [
            TooMany(layer, free_at)
            for layer, key in keys.items()
            for window in self._windows[layer]
            if (free_at := window.free_at(key, thing, now)) is not None
        ]
        if waits:
            return max(waits, key=lambda wait: wait.again_at)
        for layer, key in keys.items():
            for window in self._windows[layer]:
                window.count(key, thing, now)
        return None

    def give_back(self, thing: str, keys: Mapping[Layer, str]) -> None:
        """It was not taken after all."""
        for layer, key in keys.items():
            for window in self._windows[layer]:
                window.forget(key, thing)

    def connection(self, peer: str, forwarded_for: str) -> str:
        """Whoever is at the other end: the last address that a proxy of ours did not add."""
        found = peer
        for hop in (peer, *reversed(forwarded_for.split(","))):
            try:
                address = ip_address(hop.strip())
            except ValueError:
                break
            found = str(address)
            if not any(address in network for network in self._proxies):
                break
        return household(found)


def household(address: str) -> str:
    """The address, or for IPv6 the network that one household has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ip_network((found, _IPV6_HOUSEHOLD), strict=False))
