"""Runs a backtest, and says in a few lines what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from deploy.backtesting.export import Export, ExportMapping, read_export
from deploy.importing.found import SourceUnusable
from deploy.importing.table import read_mapping, unreadable
from services.metrics.backtest import (
    Backtest,
    Events,
    LineUnusable,
    Meta,
    MetaUnusable,
    Scored,
    read_meta,
    ticked,
)
from shared.language import Words

WATCHED, ALARMED = 0.3, 0.8


def backtest_file(
    events: Path,
    meta: Path | None,
    scores: Path,
    *,
    from_csv: bool,
    mapping: Path | None,
    say: Callable[[str], None],
    _: Words,
) -> None:
    """Raises SourceUnusable, before anything is written."""
    known = _known(meta)
    if from_csv:
        export = read_export(events, read_mapping(mapping, ExportMapping))
        known = known.with_holidays(export.holidays())
        for told in _told_export(export, _):
            say(told)
    read = Events(known)
    try:
        read.take(export.events()) if from_csv else read.read(events)
    except OSError as error:
        raise unreadable(events, error) from error
    except LineUnusable as error:
        line, problem = error.line, error.problem
        raise SourceUnusable(
            lambda _: _(
                "%(file)s, line %(line)s: %(problem)s", file=events, line=line, problem=problem
            )
        ) from error
    run = Backtest(known)
    highest = _write(scores, run.run(ticked(read.facts, known)))
    for told in _told(read, run, highest, scores, _):
        say(told)


def _known(meta: Path | None) -> Meta:
    if meta is None:
        return Meta()
    try:
        return read_meta(meta)
    except OSError as error:
        raise unreadable(meta, error) from error
    except MetaUnusable as error:
        why = str(error)
        raise SourceUnusable(
            lambda _: _("%(file)s can't be read: %(error)s.", file=meta, error=why)
        ) from error


def _write(scores: Path, scored: Iterable[Scored]) -> dict[str, float]:
    """Writes a line for each, and says the highest score of each person."""
    highest: dict[str, float] = {}
    names: dict[str, str] = {}
    try:
        with scores.open("w", encoding="utf-8") as out:
            for t, person, score in scored:
                name = names.get(person)
                if name is None:
                    name = names[person] = json.dumps(person)
                out.write(f'{{"t": {t!r}, "person": {name}, "score": {score!r}}}\n')
                if score > highest.get(person, 0.0):
                    highest[person] = score
    except OSError as error:
        raise unreadable(scores, error) from error
    return highest


def _told_export(export: Export, _: Words) -> Iterable[str]:
    columns = ", ".join(f"{key}: {name}" for key, name in export.meant.items())
    yield _("Columns: %(columns)s.", columns=columns)
    yield _("t counts seconds from Monday, %(day)s, 00:00.", day=export.monday.isoformat())
    if export.unknown:
        names = [f"{name} ({count})" for name, count in export.unknown.most_common(10)]
        yield _(
            "Left out, since it is not known what they mean: %(names)s. Say so in a mapping"
            " (--map): activities, or other.",
            names=_.listed(names),
        )


def _told(
    read: Events, run: Backtest, highest: dict[str, float], scores: Path, _: Words
) -> Iterable[str]:
    yield _(
        "Events: %(facts)s. Carriers: %(carriers)s.",
        facts=len(read.facts),
        carriers=len(highest),
    )
    if read.repeated:
        yield _("Twice in the file, and counted once: %(count)s.", count=read.repeated)
    if run.isolation.unplaced:
        yield _(
            "Left out, since nothing says whose issue it is: %(count)s.",
            count=run.isolation.unplaced,
        )
    watched = sum(score >= WATCHED for score in highest.values())
    alarmed = sum(score >= ALARMED for score in highest.values())
    yield _(
        "At some time 0.3 or more: %(watched)s of them; 0.8 or more: %(alarmed)s. It is all in"
        " %(file)s.",
        watched=watched,
        alarmed=alarmed,
        file=scores,
    )
