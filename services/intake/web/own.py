"""The pages that a person of the organisation has for themselves, and how to get there."""

from __future__ import annotations

from typing import Any

from services.intake.door import Door
from shared import clock


def own_pages(person_id: str, door: Door) -> dict[str, Any]:
    """Their addresses, as the frame of every page takes them; strangers have none."""
    organisation, now = door.organisation, clock.now()
    absence = door.links.absence(person_id, now) if person_id in organisation.person else ""
    pause = door.links.pause(person_id, now) if person_id == organisation.leader else ""
    return {"absence_url": absence, "pause_url": pause}
