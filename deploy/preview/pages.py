"""Every message as HTML and as text in a directory, with a page to look at them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from deploy.preview.samples import Sample
from services.notifier.letters import Letters
from shared.contracts.notifier import Reason
from shared.contracts.organisation import Language

_STYLE = (
    "body{font-family:system-ui,sans-serif;margin:24px;color-scheme:light dark}"
    "section{display:inline-block;vertical-align:top;margin:0 24px 24px 0;width:390px}"
    "iframe{width:390px;height:720px;border:1px solid #8885;border-radius:8px}"
    "h2{font-size:16px;margin:0 0 4px}p{margin:0 0 8px;font-size:14px}"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A message in the directory."""

    name: str
    """Of its files, without what says which of the two."""
    sample: Sample
    language: Language


def named(samples: Iterable[Sample], language: Language) -> list[Written]:
    """Each with a name of its own: why, to whom, and the language."""
    found: dict[str, Written] = {}
    for sample in samples:
        kind = "several" if sample.message.entries else sample.relation
        name = f"{sample.reason}-{kind}-{language}"
        found.setdefault(name, Written(name, sample, language))
    return list(found.values())


def write(
    directory: Path, chosen: Sequence[Written], letters: Letters, reasons: Sequence[Reason] = ()
) -> list[Path]:
    """Writes them, or those of some reasons, and the page `index.html`."""
    directory.mkdir(parents=True, exist_ok=True)
    shown = [one for one in chosen if not reasons or one.sample.reason in reasons]
    files = []
    for one in shown:
        for suffix, body in (
            ("html", letters.html(one.sample.message)),
            ("txt", letters.text(one.sample.message)),
        ):
            file = directory / f"{one.name}.{suffix}"
            file.write_text(body, encoding="utf-8")
            files.append(file)
    index = directory / "index.html"
    index.write_text(_index(shown), encoding="utf-8")
    return [index, *files]


def _index(shown: Sequence[Written]) -> str:
    sections = "\n".join(
        f'<section lang="{one.language}"><h2>{one.name}</h2>'
        f"<p>{escape(one.sample.message.subject)} ·"
        f' <a href="{one.name}.html">HTML</a> · <a href="{one.name}.txt">text</a></p>'
        f'<iframe src="{one.name}.html" title="{one.name}"></iframe></section>'
        for one in shown
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Messages</title>'
        f"<style>{_STYLE}</style></head><body>\n{sections}\n</body></html>\n"
    )
