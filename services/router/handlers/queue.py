"""What waits in a team for somebody to be free is given out as soon as somebody is."""

from __future__ import annotations

from collections.abc import Sequence

from services.router import assignment
from services.router.assignment import Wanted
from services.router.handlers.owner import assign, known_team, real_lender, wanted_for
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.issue import AssignedBecause, Urgency
from shared.contracts.organisation import Person

MOST_GIVEN = 50
"""So many issues are given out with one commit."""
MOST_LOOKED_AT = 200
"""Of one team's queue at a time. Those in front may want a skill or a language of which nobody is
free, so more than one is looked at."""

_ANYTHING = Wanted(parties=(), urgency=Urgency.LOW)


def drain(team_id: str | None, desk: Desk, most: int = MOST_GIVEN) -> list[Event]:
    """Gives out a team's queue, the most urgent and oldest first, to whoever can take it now. That
    is no move."""
    events: list[Event] = []
    if not _has_room(desk.organisation.members[known_team(team_id, desk)], desk):
        return events
    for issue in desk.queue(team_id, MOST_LOOKED_AT):
        team = known_team(issue.team_id, desk)
        wanted = wanted_for(issue, desk, team)
        people = desk.organisation.members[team]
        choice = assignment.choose(people, wanted, desk.staff(people), team_id=team)
        if choice.person_id is None:
            continue
        because, gets_back = AssignedBecause.DRAINED, real_lender(issue, desk)
        reasons = choice.reasons.model_copy(update={"substitute_for_id": gets_back})
        events.append(assign(issue, desk, choice.person_id, team, because, reasons))
        if len(events) == most:
            break
    return events


def _has_room(people: Sequence[Person], desk: Desk) -> bool:
    """Whether anybody could take anything, so that looking at the queue is worth while."""
    staff = desk.staff(people)
    return any(assignment.obstacle(person, _ANYTHING, staff) is None for person in people)
