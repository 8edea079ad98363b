"""What the company's history says of an issue that neither a rule nor a category places.

Before there is enough of a history, the teams' own lines in the organisation file say a little,
and are never sure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from services.router.suggestion.text import dictionary, words
from shared.contracts.issue import Guess
from shared.contracts.organisation import Organisation

if TYPE_CHECKING:
    from services.router.suggestion.model import Model

FILE = "suggestion.npz"
"""What was learned is kept in it, beside a database that is a file."""
MOST_GUESSES = 3
LEAST = 0.01
"""Guesses that are less likely are none."""
_MARK = "\t"


def label_of(team_id: str, category: str | None) -> str:
    """How team and category are one label."""
    return f"{team_id}{_MARK}{category or ''}"


class Memory:
    """For the whole process: the model in force, and what the organisation file says."""

    def __init__(self, model: Model | None = None) -> None:
        self.model = model
        self._beginner: tuple[str, Model | None] | None = None

    @property
    def has_learned(self) -> bool:
        """Whether guesses come from a history."""
        return self.model is not None

    def guesses(self, text: str, organisation: Organisation) -> tuple[Guess, ...]:
        """The three likeliest teams, each with a category where that is likelier than not."""
        model = self.model or self._by_lines(organisation)
        if model is None:
            return ()
        by_team: dict[str, dict[str, float]] = defaultdict(dict)
        for label, probability in model.likely(text):
            team_id, _, category = label.partition(_MARK)
            if team_id in organisation.team:
                by_team[team_id][category] = probability
        guesses = [
            Guess(
                team_id=team_id,
                category=_category(found, organisation),
                probability=round(min(sum(found.values()), model.ceiling), 4),
            )
            for team_id, found in by_team.items()
        ]
        guesses.sort(key=lambda guess: -guess.probability)
        return tuple(one for one in guesses[:MOST_GUESSES] if one.probability >= LEAST)

    def recall(self, file: Path) -> None:
        """Puts in force what was learned. Raises ModelUnusable."""
        from services.router.suggestion.model import Model

        self.model = Model.load(file)

    def warm(self, organisation: Organisation) -> None:
        """Does beforehand, in another thread, what would keep the first issue waiting."""
        dictionary()
        self._by_lines(organisation)
        words("暖機")

    def _by_lines(self, organisation: Organisation) -> Model | None:
        known = self._beginner
        if known is None or known[0] != organisation.revision:
            # numpy is loaded once there is something to guess, and not before
            from services.router.suggestion.beginner import by_likeness

            lines = lines_of(organisation)
            known = (organisation.revision, by_likeness(lines) if len(lines) > 1 else None)
            self._beginner = known
        return known[1]


def lines_of(organisation: Organisation) -> dict[str, str]:
    """By team's label, what the organisation file says of the team: its name, its line, and its
    categories, in both languages."""
    return {
        label_of(team.id, None): "\n".join(
            text
            for part in (
                team.name,
                team.does,
                *(one.name for one in organisation.categories if one.team == team.id),
            )
            if part is not None
            for text in dict.fromkeys((part.ja, part.en))
        )
        for team in organisation.teams
    }


def _category(found: Mapping[str, float], organisation: Organisation) -> str | None:
    category, probability = max(found.items(), key=lambda one: one[1])
    is_likely = probability > sum(found.values()) / 2
    return category if is_likely and category in organisation.category else None
