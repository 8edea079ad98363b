"""What the router is told by its environment."""

from __future__ import annotations

from pathlib import Path

from shared.settings import Settings


class RouterSettings(Settings):
    organisation: Path
    """The organisation file; it may be edited while the router runs."""
    calendars: Path | None = None
    """The directory of people's iCalendars; none without it."""
