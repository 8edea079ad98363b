from __future__ import annotations

from services.router.learning import learn
from services.router.store import Lesson
from services.router.suggestion.memory import Memory
from tests.unit import build
from tests.unit.router.suggestion.tickets import tickets

ORGANISATION = build.organisation()


def test_without_a_history_the_teams_lines_guess_and_are_not_sure() -> None:
    guesses = Memory().guesses("goods that shipping sends", ORGANISATION)

    assert guesses
    assert all(guess.probability <= 0.5 for guess in guesses)
    assert [guess.team_id for guess in guesses] == list(
        dict.fromkeys(guess.team_id for guess in guesses)
    )


def test_three_teams_at_the_most_and_none_that_is_gone() -> None:
    teams = [team.id for team in ORGANISATION.teams]
    kinds = dict(zip(("network", "printing", "payroll"), [*teams, "gone"], strict=False))
    memory = Memory(
        learn(
            [lesson(nth, text, kinds[label]) for nth, (text, label) in enumerate(tickets(120))],
            ORGANISATION,
        )
    )

    guesses = memory.guesses("toner is empty", ORGANISATION)

    assert guesses[0].team_id == kinds["printing"]
    assert guesses[0].probability > 0.8
    assert {guess.team_id for guess in guesses} <= set(teams)
    assert len(guesses) <= 3


def test_a_category_is_guessed_where_it_came_often_enough() -> None:
    team, category = ORGANISATION.teams[0].id, ORGANISATION.categories[0].id
    other = ORGANISATION.teams[1].id
    lessons = [lesson(nth, f"toner is empty {nth}", team, category) for nth in range(20)]
    lessons += [lesson(50 + nth, f"tax code {nth}", other) for nth in range(20)]

    [first, *_] = Memory(learn(lessons, ORGANISATION)).guesses("toner empty", ORGANISATION)

    assert (first.team_id, first.category) == (team, category)


def lesson(nth: int, text: str, team_id: str, category: str | None = None) -> Lesson:
    return Lesson(f"{nth:04}", text, "en", team_id, category, build.MONDAY, build.MONDAY)
