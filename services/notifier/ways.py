"""By which channels a person can be told, the first choice first."""

from __future__ import annotations

from collections.abc import Collection

from shared.contracts.intake import Preferences
from shared.contracts.organisation import Channel, Organisation, Person


def ways(
    person: Person | None,
    preferences: Preferences,
    organisation: Organisation,
    set_up: Collection[Channel],
) -> tuple[Channel, ...]:
    """In the person's own order, else the organisation's; mail is always the last resort, and all
    that there is for somebody outside (None)."""
    if person is None:
        return (Channel.EMAIL,)
    wanted = (*(preferences.channels or organisation.channels), Channel.EMAIL)
    usable = {channel for channel in person.chat if channel in set_up} | {Channel.EMAIL}
    return tuple(channel for channel in dict.fromkeys(wanted) if channel in usable)


def address_of(person: Person, channel: Channel) -> str:
    """Where the person is on this channel, which is one of their ways."""
    if channel is Channel.EMAIL:
        return person.emails[0]
    return next(address for one, address in person.chat.items() if one is channel)
