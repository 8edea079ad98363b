"""The one place that reads the time.

Everything else takes `now` as an argument or calls `now()` here. In tests the clock can be moved
forward for every process of an installation at once: `follow` names a file that holds an offset
in seconds, and `banso clock advance` writes it.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

OFFSET_REREAD_S = 0.02
"""How stale a moved clock may be, in real seconds: short enough to be unnoticed, long enough
that reading the time costs no system call."""


class Clock:
    """Wall clock in UTC that never runs backwards, whatever the machine's clock does."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file
        self._offset_s = 0.0
        self._reread_at = 0.0
        self._latest = 0.0
        self._lock = Lock()

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        with self._lock:
            if self._offset_file is not None and time.monotonic() >= self._reread_at:
                self._offset_s = read_offset(self._offset_file).total_seconds()
                self._reread_at = time.monotonic() + OFFSET_REREAD_S
            self._latest = max(self._latest, time.time() + self._offset_s)
            return datetime.fromtimestamp(self._latest, UTC)


def read_offset(file: Path) -> timedelta:
    """How far the clock has been moved forward; zero where nobody moved it."""
    try:
        return timedelta(seconds=float(file.read_text()))
    except FileNotFoundError:
        return timedelta()


def write_offset(file: Path, offset: timedelta) -> None:
    """Moves the clock of every process that follows `file`; in one step, so none reads half."""
    half = file.with_suffix(".half")
    half.write_text(str(offset.total_seconds()))
    os.replace(half, file)


def elapsed_s() -> float:
    """Real seconds since an arbitrary moment, for measuring spans; moves with no test clock."""
    return time.monotonic()


_clock = Clock()


def follow(offset_file: Path) -> None:
    """Makes this process's clock a movable one."""
    global _clock
    _clock = Clock(offset_file)


def now() -> datetime:
    """The instant, aware, in UTC; never earlier than the last one told."""
    return _clock.now()
