"""Where an issue belongs that neither a rule nor a category places: what history says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.router import rules
from services.router.rules import Route
from services.router.store import Desk, Lesson
from services.router.suggestion.text import plain
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Guess


@dataclass(frozen=True, slots=True)
class Placed:
    """Where it goes, and what was guessed."""

    route: Route
    guesses: tuple[Guess, ...] = ()
    guessed: bool = False
    """The first guess was sure enough to be followed."""
    sorted_by: str | None = None
    """Who has to say where it belongs; None where that is clear, or nobody is named for it."""


def place(raised: IssueRaised, desk: Desk) -> Placed:
    """By the rules; else by a guess that is sure enough; else somebody has to say.

    What the teams say of themselves is only ever shown, not followed.

    Nobody sorts what they carry themselves: that goes to the default team.
    """
    organisation = desk.organisation
    route, triage = rules.route(raised, organisation), organisation.triage
    if not route.unclear or (triage is None and not desk.memory.has_learned):
        return Placed(route)
    guesses = desk.memory.guesses(f"{raised.summary}\n{raised.description}", organisation)
    if triage is None:
        return Placed(route, guesses)
    is_sure = bool(guesses) and guesses[0].probability >= triage.sure
    if is_sure and desk.memory.has_learned:
        return Placed(_by(guesses[0], route, desk), guesses, guessed=True)
    is_party = triage.person in (route.carrier_id, raised.reporter_id)
    return Placed(route, guesses, sorted_by=None if is_party else triage.person)


def learn(raised: IssueRaised, route: Route, desk: Desk) -> None:
    """Remembers its words, and where it belongs if a rule or its reporter has said so.

    What is confidential is not learned from.
    """
    if raised.confidential:
        return
    desk.keep_lesson(
        Lesson(
            issue_id=raised.issue_id,
            text=plain(f"{raised.summary}\n{raised.description}"),
            language=raised.language,
            team_id=None if route.unclear else route.team_id,
            category=None if route.unclear else route.category,
            learned_at=None if route.unclear else desk.now,
            raised_at=raised.occurred_at,
        )
    )


def _by(guess: Guess, route: Route, desk: Desk) -> Route:
    policy = rules.policy_name(None, guess.category, route.urgency, desk.organisation)
    return replace(route, team_id=guess.team_id, category=guess.category, policy=policy)
