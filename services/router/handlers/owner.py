"""Who owns an issue: chosen, given, lent, replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from services.router import assignment, lifecycle
from services.router.assignment import Wanted
from services.router.handlers.keep import keep, let_go, plan
from services.router.lifecycle import Issue
from services.router.rules import Route
from services.router.store import Desk
from shared.contracts.issue import (
    AssignedBecause,
    Considered,
    NotChosen,
    Reasons,
)
from shared.contracts.organisation import Person
from shared.contracts.router import (
    IssueAssigned,
)

_SAID = frozenset({AssignedBecause.HANDED_OVER, AssignedBecause.DECLINED, AssignedBecause.TAKEN})
"""Somebody has said with it where the issue belongs."""


def find_owner(
    issue: Issue, desk: Desk, team_id: str, route: Route | None = None
) -> tuple[str, Reasons]:
    """Whom a rule names, if they can; else the best of the team; else its lead or the leader.

    Of a rota the next in turn has it where whoever has the turn can't. A turn or a schedule counts
    whatever they have in hand; a person whom a rule names is asked like everybody else.
    """
    wanted = wanted_for(issue, desk, team_id)
    passed_over: list[Considered] = []
    for person in _named(route, desk):
        why = _hindered(person, route, wanted, desk)
        if why is None:
            chosen = assignment.figures(person, wanted, desk.staff((person,)), NotChosen.CHOSEN)
            reasons = Reasons(
                expected_hours=chosen.expected_hours,
                in_hand_hours=chosen.in_hand_hours,
                chosen=chosen,
                named=True,
                considered=len(passed_over) + 1,
                others=tuple(passed_over[: assignment.MOST_OTHERS]),
            )
            return person.id, _by_route(reasons, team_id, route)
        passed_over.append(assignment.figures(person, wanted, desk.staff((person,)), why))
    people = desk.organisation.members[team_id]
    choice = assignment.choose(people, wanted, desk.staff(people), team_id=team_id)
    reasons = _by_route(_after(passed_over, choice.reasons, people), team_id, route)
    return choice.person_id or responsible(issue, desk, team_id), reasons


def wanted_for(issue: Issue, desk: Desk, team_id: str | None) -> Wanted:
    """What the issue asks of its owner; its language only where somebody in the team knows it."""
    wanted = Wanted(
        parties=(issue.carrier_id, issue.reporter_id),
        urgency=issue.urgency,
        category=issue.category,
        language=issue.language,
        declined_by=issue.declined_by,
        answered_carrier=desk.answered(issue.carrier_id),
    )
    return assignment.waive(wanted, desk.organisation.members.get(team_id or "", ()))


def responsible(issue: Issue, desk: Desk, team_id: str) -> str:
    """The team's lead; the leader where the lead carries the issue, has declined it or is away.

    Where the leader can't either it is another of the team, or another lead, or at the very last
    the leader all the same: nothing is ever without an owner.
    """
    organisation = desk.organisation
    leader_id = desk.acting(organisation.leader)
    team = (person.id for person in organisation.members[team_id])
    leads = (one.lead for one in organisation.teams)
    possible = (organisation.team[team_id].lead, leader_id, *team, *leads)
    wanted = wanted_for(issue, desk, team_id)
    for person_id in dict.fromkeys(possible):
        person = organisation.person[person_id]
        if assignment.unavailable(person, wanted, desk.staff((person,))) is None:
            return person_id
    return leader_id if leader_id not in wanted.parties else organisation.leader


def appoint(issue: Issue, desk: Desk, person_id: str) -> tuple[str, Reasons]:
    """Whoever is named by hand gets it, and what that overrides is said.

    Whose work is with a substitute has named that one for all that comes meanwhile: it goes there,
    and comes back with the rest.
    """
    if desk.is_away(person_id) and (found := stand_in(issue, desk, person_id)) is not None:
        return found
    return person_id, by_hand(issue, desk, person_id)


def by_hand(issue: Issue, desk: Desk, person_id: str) -> Reasons:
    """The figures of somebody who has it because somebody said so, and what that overrides."""
    person = desk.organisation.person[person_id]
    wanted = wanted_for(issue, desk, person.team)
    staff = desk.staff((person,))
    overridden = assignment.obstacle(person, wanted, staff) or NotChosen.CHOSEN
    chosen = assignment.figures(person, wanted, staff, overridden)
    return Reasons(
        team_id=person.team,
        in_hand_hours=chosen.in_hand_hours,
        expected_hours=chosen.expected_hours,
        chosen=chosen,
        language_waived=wanted.language_waived,
    )


def stand_in(
    issue: Issue, desk: Desk, person_id: str, lender_id: str | None = None
) -> tuple[str, Reasons] | None:
    """The first of a person's substitutes who can have this issue, or None. It is then lent by the
    person, or by whoever lent it to them."""
    organisation, passed_over = desk.organisation, list[Considered]()
    for substitute_id in desk.substitutes(person_id):
        person = organisation.person[substitute_id]
        wanted = wanted_for(issue, desk, person.team)
        why = assignment.unavailable(person, wanted, desk.staff((person,)))
        if why is None:
            chosen = assignment.figures(person, wanted, desk.staff((person,)), NotChosen.CHOSEN)
            return substitute_id, Reasons(
                team_id=issue.team_id,
                in_hand_hours=chosen.in_hand_hours,
                expected_hours=chosen.expected_hours,
                chosen=chosen,
                substitute_for_id=lender_id or person_id,
                named=True,
                over_capacity=issue.queued,
                others=tuple(passed_over),
            )
        passed_over.append(assignment.figures(person, wanted, desk.staff((person,)), why))
    return None


def assign(
    issue: Issue,
    desk: Desk,
    owner_id: str,
    team_id: str | None,
    because: AssignedBecause,
    reasons: Reasons,
    actor_id: str | None = None,
) -> IssueAssigned:
    """It has this owner from now on; its reasons say whether it is only lent, or waits in a
    queue."""
    given = replace(
        lifecycle.assign(let_go(issue, desk), owner_id, team_id, desk.now),
        lent_by=reasons.substitute_for_id,
        queued=reasons.over_capacity,
        triage=because is AssignedBecause.TRIAGE or (issue.triage and because not in _SAID),
    )
    if because in _SAID:
        desk.correct_lesson(issue.issue_id, team_id=team_id)
    assigned = plan(given, desk)
    desk.chose(owner_id)
    event: IssueAssigned = keep(
        assigned,
        desk,
        IssueAssigned,
        actor_id=actor_id,
        because=because,
        reasons=reasons,
        previous_owner_id=issue.owner_id if issue.owner_id not in ("", owner_id) else None,
    )
    return event


def replace_owner(issue: Issue, desk: Desk) -> IssueAssigned:
    """A new owner for what somebody had who is no longer there. What was lent to them is still
    lent."""
    team_id = known_team(issue.team_id, desk)
    owner_id, reasons = find_owner(issue, desk, team_id)
    if issue.lent_by in desk.organisation.person:
        reasons = reasons.model_copy(update={"substitute_for_id": issue.lent_by})
    return assign(issue, desk, owner_id, team_id, AssignedBecause.LEFT, reasons)


def lend(issue: Issue, desk: Desk) -> IssueAssigned | None:
    """To whoever has the work of its owner, who is away: a substitute, else the best of its team,
    else whoever is responsible; None where that is the owner all the same."""
    owner_id, team_id = issue.owner_id, known_team(issue.team_id, desk)
    lender_id = issue.lent_by or owner_id
    because = AssignedBecause.ABSENCE
    found = stand_in(issue, desk, owner_id, lender_id)
    if found is not None:
        substitute_id, reasons = found
        return assign(issue, desk, substitute_id, issue.team_id, because, reasons)
    substitute_id, reasons = find_owner(issue, desk, team_id)
    if substitute_id == owner_id:
        return None
    gets_back: str | None = lender_id
    if issue.queued and not reasons.over_capacity:
        because, gets_back = AssignedBecause.DRAINED, real_lender(issue, desk)
    reasons = reasons.model_copy(update={"substitute_for_id": gets_back})
    return assign(issue, desk, substitute_id, team_id, because, reasons)


def lend_again(issue: Issue, lender_id: str, desk: Desk) -> IssueAssigned | None:
    """To whom its lender has named since, from whoever had it meanwhile; None where they have it,
    or can't."""
    found = stand_in(issue, desk, lender_id)
    if found is None or found[0] == issue.owner_id:
        return None
    substitute_id, reasons = found
    return assign(issue, desk, substitute_id, issue.team_id, AssignedBecause.ABSENCE, reasons)


def give_back(issue: Issue, desk: Desk, person_id: str) -> IssueAssigned:
    """To whoever was away and is here again; what waited in a queue with them goes on waiting."""
    person = desk.organisation.person[person_id]
    wanted = wanted_for(issue, desk, issue.team_id)
    chosen = assignment.figures(person, wanted, desk.staff((person,)), NotChosen.CHOSEN)
    reasons = Reasons(
        team_id=issue.team_id,
        in_hand_hours=chosen.in_hand_hours,
        expected_hours=chosen.expected_hours,
        chosen=chosen,
        over_capacity=issue.queued and real_lender(issue, desk) is None,
    )
    return assign(issue, desk, person_id, issue.team_id, AssignedBecause.RETURNED, reasons)


def real_lender(issue: Issue, desk: Desk) -> str | None:
    """Whoever had the issue for themselves before they were away, and gets it back even if it had
    to wait for somebody meanwhile; None where its lead or the leader only kept it for the team."""
    organisation, lender_id = desk.organisation, issue.lent_by
    keepers = (organisation.team[known_team(issue.team_id, desk)].lead, organisation.leader)
    is_real = lender_id in organisation.person and lender_id not in keepers
    return lender_id if is_real else None


def known_team(team_id: str | None, desk: Desk) -> str:
    """The team, or the default one where that is no longer there."""
    if team_id is not None and team_id in desk.organisation.team:
        return team_id
    return desk.organisation.default_team


def _named(route: Route | None, desk: Desk) -> Iterator[Person]:
    """Whom the route names; of a rota everybody, beginning with whoever has the turn."""
    if route is None or route.person_id is None:
        return
    organisation = desk.organisation
    rota = organisation.rota.get(route.rota_id or "")
    in_turn: Iterable[str] = [route.person_id]
    if rota is not None:
        first = rota.people.index(route.person_id)
        in_turn = dict.fromkeys((*rota.people[first:], *rota.people[:first]))
    for person_id in in_turn:
        yield organisation.person[person_id]


def _hindered(person: Person, route: Route | None, wanted: Wanted, desk: Desk) -> NotChosen | None:
    on_duty = route is not None and (route.rota_id or route.schedule_id)
    if on_duty:
        return assignment.unavailable(person, wanted, desk.staff((person,)))
    return assignment.obstacle(person, wanted, desk.staff((person,)))


def _after(passed_over: list[Considered], reasons: Reasons, people: Iterable[Person]) -> Reasons:
    """The reasons with those in front whom the rule named in vain."""
    if not passed_over:
        return reasons
    team = {person.id for person in people}
    named = {one.person_id for one in passed_over}
    others = [*passed_over, *(one for one in reasons.others if one.person_id not in named)]
    return reasons.model_copy(
        update={
            "others": tuple(others[: assignment.MOST_OTHERS]),
            "considered": len(team | named),
        }
    )


def _by_route(reasons: Reasons, team_id: str, route: Route | None) -> Reasons:
    if route is None:
        return reasons
    said = {"rule": route.rule, "rota": route.rota_id, "schedule": route.schedule_id}
    return reasons.model_copy(update={"team_id": team_id, **said})
