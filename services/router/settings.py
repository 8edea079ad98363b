"""What the router is told by its environment."""

from __future__ import annotations

from pathlib import Path

from shared.settings import Settings


class RouterSettings(Settings):
    organisation: Path
    """The organisation file; it may be edited while the router runs."""
    calendars: Path | None = None
    """The directory of people's iCalendars; none without it."""
    learned: Path | None = None
    """The file that keeps what was learned from the company's history; by default beside a
    database that is a file. Without either it is learned anew after each start."""
