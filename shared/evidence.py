"""What a figure of isolation is made of, in words: for messages, pages and backtests.

It says what the company did, team by team, and never what anybody is like; no person is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from shared.contracts.metrics import Evidence, Move
from shared.contracts.organisation import Language, Organisation
from shared.language import Words, words

_SEPARATORS = {"ja": "、", "en": "; "}


def sentences(
    why: Sequence[Evidence], organisation: Organisation | None, language: Language
) -> list[str]:
    """One for each piece of evidence, in the order given, each with the team's name."""
    _ = words(language)
    return [_clause(one, _team(one, organisation, language), _) for one in why]


def summary(why: Sequence[Evidence], organisation: Organisation | None, language: Language) -> str:
    """All of it in one line; a team that was just named is not named again. Empty without any."""
    clauses = _clauses(_beside_each_other(why), organisation, language)
    return _SEPARATORS[language].join(clauses)


def _clauses(
    why: Iterable[Evidence], organisation: Organisation | None, language: Language
) -> Iterator[str]:
    _, named = words(language), ""
    for one in why:
        team = _team(one, organisation, language)
        yield _clause(one, "" if team == named else team, _)
        named = team


def _beside_each_other(why: Sequence[Evidence]) -> list[Evidence]:
    """What is about one team together, the teams in the order of their first mention."""
    teams = list(dict.fromkeys(one.team_id for one in why))
    return sorted(why, key=lambda one: teams.index(one.team_id))


def _team(one: Evidence, organisation: Organisation | None, language: Language) -> str:
    team = organisation.team.get(one.team_id or "") if organisation else None
    return team.name.in_(language) if team else ""


def _clause(one: Evidence, team: str, _: Words) -> str:
    match one.move:
        case Move.WAITING:
            return _waiting(one, team, _)
        case Move.DECLINED:
            said = _.many("declined once", "declined %(count)s times", one.count)
        case Move.HANDED_ON:
            said = _.many("handed on once", "handed on %(count)s times", one.count)
        case Move.ACKNOWLEDGED:
            said = _.many("taken on once", "taken on %(count)s times", one.count)
        case Move.ANSWERED:
            said = _.many("answered once", "answered %(count)s times", one.count)
        case _:
            assert_never(one.move)
    return said + _.aside(team)


def _waiting(one: Evidence, team: str, _: Words) -> str:
    of = max(one.count, one.of or 0)
    if team:
        return _(
            "%(count)s of %(of)s questions to %(team)s unanswered for longer than usual",
            count=one.count,
            of=of,
            team=team,
        )
    return _(
        "%(count)s of %(of)s questions unanswered for longer than usual", count=one.count, of=of
    )
