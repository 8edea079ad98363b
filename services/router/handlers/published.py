"""The organisation is otherwise now."""

from __future__ import annotations

from dataclasses import replace

from services.router.handlers.companions import companion_leaves
from services.router.handlers.owner import replace_owner
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    OrganisationPublished,
)


def organisation_changed(organisation: Organisation, number: int, desk: Desk) -> list[Event]:
    """Publishes a new organisation; whatever somebody who left it owned gets a new owner,
    and alongside whom they ran somebody else."""
    desk.publish(organisation, number)
    events: list[Event] = [OrganisationPublished(occurred_at=desk.now, organisation=organisation)]
    for issue in desk.lent_by_strangers(organisation.person):
        desk.put(replace(issue, lent_by=None))
    left = desk.owned_by_strangers(organisation.person)
    events += [replace_owner(issue, desk) for issue in left]
    return [*events, *companion_leaves(desk)]
