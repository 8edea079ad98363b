"""What the organisation file says about channels that nobody has set up. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from services.router.organisation.findings import Remark
from shared.contracts.organisation import Channel, Organisation

NOT_SET_UP = "Set it up in the file of BANSO_CHANNELS; until then people are told by other ways"


def remarks(
    organisation: Organisation, places: Mapping[Channel, Collection[str] | None]
) -> Iterator[Remark]:
    """Channels that are named and can't be used. `places`: every channel that is set up, with the
    names of its places where it has such."""
    for nth, channel in enumerate(organisation.channels):
        if channel not in places:
            yield Remark(("channels", nth), f"{channel} is not set up", NOT_SET_UP)
    for nth, person in enumerate(organisation.people):
        for channel, address in person.chat.items():
            where = ("people", nth, "chat", str(channel))
            named = places.get(channel)
            if channel not in places:
                yield Remark(where, f"{channel} is not set up", NOT_SET_UP)
            elif named is not None and address not in named:
                known = ", ".join(sorted(named))
                problem = f"{channel} has no place {address!r}"
                yield Remark(where, problem, f"Write one of {known}, or add it there")
