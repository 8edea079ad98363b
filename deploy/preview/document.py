"""docs/messages.md: what people get from Banso, in both languages, with a picture of each.

Made by `make messages`; a test holds the words, and the pictures follow them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from deploy.preview.pages import Written, named
from deploy.preview.samples import BOTH, LINKS, samples
from services.notifier.letters import as_text
from shared.contracts.notifier import Reason
from shared.contracts.organisation import Organisation

_HEAD = """# What people get from Banso

Every mail that Banso sends, as somebody of the sample company gets it: what it says in Japanese and in English, and how it looks on a phone (390 pixels wide). Who hears what, and when, stands in [notifications.md](notifications.md); how a company changes the looks in [operators.md](operators.md#your-own-templates).

This page and its pictures are made by `make messages`. The words are those of the program: a test compares them.
"""  # noqa: E501
_LINK = re.compile(rf"{re.escape(LINKS.base_url)}/\S+")


def pictured(organisation: Organisation) -> list[Written]:
    """What the document shows: the first message of each reason in both languages, and a list."""
    shown = []
    for language in BOTH:
        seen: set[tuple[Reason, bool]] = set()
        for one in named(samples(organisation, language), language):
            kind = (one.sample.reason, bool(one.sample.message.entries))
            if kind not in seen:
                seen.add(kind)
                shown.append(one)
    return shown


def written(shown: Sequence[Written]) -> str:
    """The document, in Markdown."""
    by_kind = sorted(shown, key=_place)
    sections = ["".join(_section(list(some))) for _, some in groupby(by_kind, key=_kind)]
    return "\n".join([_HEAD, *sections])


def _kind(one: Written) -> str:
    return one.name.removesuffix(f"-{one.language}")


def _place(one: Written) -> tuple[int, str, int]:
    order = list(Reason)
    return order.index(one.sample.reason), _kind(one), BOTH.index(one.language)


def _section(some: Sequence[Written]) -> Iterator[str]:
    yield f"## `{_kind(some[0])}`\n\n"
    yield f"| {' | '.join(one.sample.message.subject for one in some)} |\n"
    yield f"|{'---|' * len(some)}\n"
    pictures = (f"![{_heading(one)}](messages/{one.name}.png)" for one in some)
    yield f"| {' | '.join(pictures)} |\n\n"
    for one in some:
        text = _LINK.sub("…", as_text(one.sample.message)).strip()
        yield f"<details><summary>{_heading(one)}</summary>\n\n"
        yield f"````text\n{text}\n````\n\n</details>\n\n"


def _heading(one: Written) -> str:
    return one.sample.message.heading
