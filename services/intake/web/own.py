"""The pages that a person of the organisation has for themselves, and how to get there."""

from __future__ import annotations

from typing import Any

from services.intake.door import Door
from shared import clock


def own_pages(person_id: str, door: Door) -> dict[str, Any]:
    """Their addresses, as the frame of every page takes them; strangers have none."""
    organisation, now = door.organisation, clock.now()
    inside = person_id in organisation.person
    return {
        "absence_url": door.links.absence(person_id, now) if inside else "",
        "pause_url": door.links.pause(person_id, now) if person_id == organisation.leader else "",
        "preferences_url": door.links.preferences(person_id, now) if inside else "",
    }
