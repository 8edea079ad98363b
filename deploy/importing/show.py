"""Shows an import at work, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from deploy.importing.found import Source
from deploy.importing.run import Import, Summary


def bring_in(open_source: Callable[[], Source], client: httpx.Client, file: Path) -> None:
    """Imports with a progress bar. Raises SourceUnusable or NotTaken."""
    console = Console(stderr=True, highlight=False)
    with console.status(f"Reading {file.name}"):
        source = open_source()
    if source.meant:
        told = ", ".join(f"{field} = {name}" for field, name in source.meant.items())
        console.print(f"Columns: {told}", markup=False)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("Importing", total=len(source))
        work = Import(source, client, file, lambda done: progress.update(task, completed=done))
        if work.resumed_at:
            progress.console.print(f"Going on after {work.resumed_at} of {len(source)}.")
        summary = work.run()
    _tell(summary, source, work)


def _tell(summary: Summary, source: Source, work: Import) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{summary.counts.get('imported', 0):>8}  imported")
    console.print(f"{summary.counts.get('known', 0):>8}  were here already")
    for what, count in sorted(source.notes.counts.items()):
        if count:
            console.print(f"{count:>8}  {what}", markup=False)
    for reason, count in sorted(summary.refused.items(), key=lambda one: -one[1]):
        console.print(f"{count:>8}  not taken: {reason}", markup=False)
    if summary.refused:
        console.print(f"Those not taken, each with the reason: {work.refused_file}", markup=False)
