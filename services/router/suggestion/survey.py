"""Which terms there are, and how much each tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from services.router.suggestion.model import Vocabulary
from services.router.suggestion.text import MOST_PIECES, terms

MOST_TERMS = 250_000
MOST_WEIGHTS = 30_000_000
"""Terms times labels: 60 MB on the disk, 120 MB in memory."""
SURVEYED = 30_000
"""From how many texts, evenly spread, it is learned which terms there are."""

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how many of it are done, and of how many."""


def unheard(_what: str, _done: int, _of: int) -> None:
    """Progress that nobody watches."""


def survey(texts: Sequence[str], labels: int, progress: Progress = unheard) -> Vocabulary:
    """The terms that are worth a weight: the commonest, none that only one text of many has."""
    step = max(1, len(texts) // SURVEYED)
    looked_at = texts[::step]
    most_pieces = MOST_PIECES if len(texts) <= SURVEYED else MOST_PIECES // 2
    seen: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for nth, text in enumerate(looked_at):
        for side, found in zip(seen, terms(text, most_pieces), strict=True):
            side.update(set(found))
        if nth % 500 == 0:
            progress("Looking for words", nth, len(looked_at))
    room = min(MOST_TERMS, max(2_000, MOST_WEIGHTS // max(labels, 1)))
    least_words = 1 if len(looked_at) < 5_000 else 2
    kept = [
        [term for term, count in side.most_common(room // 2) if count >= least]
        for side, least in zip(seen, (least_words, 2), strict=True)
    ]
    counts = [seen[0][term] for term in kept[0]] + [seen[1][term] for term in kept[1]]
    marked = ["w" + term for term in kept[0]] + ["p" + term for term in kept[1]]
    rarity = np.log((1 + len(looked_at)) / (1 + np.array(counts, np.float32))) + 1
    return Vocabulary(
        place={term: nth for nth, term in enumerate(marked)},
        rarity=rarity.astype(np.float32),
        words=len(kept[0]),
        most_pieces=most_pieces,
    )
