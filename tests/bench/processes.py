"""CPU time and memory of a process and everything that it started (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

_FORKED = "banso "
"""How the services of `banso up` call themselves."""
_TICKS = os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> dict[int, str]:
    """The process and all below it, by name."""
    children: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
            command = (entry / "cmdline").read_bytes().split(b"\0")
            forked = (entry / "comm").read_text().strip()
        except OSError:
            continue
        number = int(entry.name)
        parent = int(stat.rpartition(")")[2].split()[1])
        children.setdefault(parent, []).append(number)
        words = [word.decode("utf-8", "replace") for word in command if word]
        if forked.startswith(_FORKED):
            names[number] = forked.removeprefix(_FORKED)
        else:
            names[number] = words[-1] if "serve" in words else Path(words[0]).name if words else "?"
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        number = waiting.pop()
        found[number] = names.get(number, "?")
        waiting += children.get(number, [])
    return found


def cpu_s(pid: int) -> float:
    """Seconds of CPU time that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
