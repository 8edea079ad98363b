"""What can be chosen for an action, in the words of whoever chooses: the same on its page and in a
chat. And the sentence that says what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake.days import Soon, soon
from services.intake.door import Door
from services.intake.names import Names, decline_reason_text
from services.intake.view import Seen
from services.intake.web.asking import Asked
from services.intake.web.offers import offer
from shared import clock
from shared.contracts.issue import Action, DeclineReason, Snapshot, WaitingFor
from shared.contracts.organisation import Calendar
from shared.language import Words
from shared.links import Link

Choices = Sequence[tuple[str, str]]
"""Of each what is sent, and what is shown."""


@dataclass(frozen=True, slots=True)
class Team:
    """A team that may be proposed, and its people."""

    id: str
    name: str
    people: Choices


def next_owners(link: Link, snapshot: Snapshot | None, door: Door, names: Names) -> list[Team]:
    """Teams and their people who may be proposed as next owner, or asked for help."""
    carriers = {snapshot.carrier_id, snapshot.reporter_id} if snapshot else set()
    unfit = {link.person_id, *carriers}
    if link.action is Action.ASK and snapshot is not None:
        unfit |= {snapshot.owner_id, *snapshot.helper_ids}
    return [
        Team(
            team.id,
            names.team(team.id),
            [
                (person.id, names.name(person.id))
                for person in door.organisation.members[team.id]
                if person.id not in unfit
            ],
        )
        for team in door.organisation.teams
    ]


def turns(action: Action, door: Door, _: Words) -> Choices:
    """Rotas and schedules, which name somebody by the time; nobody of them is asked for help."""
    if action is Action.ASK:
        return []
    rotas = [(one.id, one.name.in_(_.language)) for one in door.organisation.rotas]
    return [*rotas, *((one.id, one.name.in_(_.language)) for one in door.organisation.schedules)]


def reasons(_: Words) -> Choices:
    return [(reason, decline_reason_text(reason, _)) for reason in DeclineReason]


def causes(door: Door, _: Words) -> Choices:
    return [(cause.id, cause.name.in_(_.language)) for cause in door.organisation.causes]


def waits(_: Words) -> Choices:
    return [(one, _waits_for(one, _)) for one in WaitingFor]


def ends(
    latest: datetime | None, calendar: Calendar, now: datetime, _: Words
) -> list[tuple[Soon, str, datetime]]:
    """Ends of a snooze that are chosen with one tap."""
    found = ((one, _soon_text(one, _), soon(one, now, calendar)) for one in Soon)
    return [(one, text, at) for one, text, at in found if latest is None or at <= latest]


def done_text(asked: Asked, seen: Seen, door: Door, _: Words) -> str:
    """What was done, in a sentence."""
    wish = asked.wish
    zone = door.organisation.calendar_of(wish.person_id).zone
    said = offer(wish.action, _)
    if said is None:
        return _("It is stored and will be done in a moment. You need not send it again.")
    return said.done % {
        "name": _.polite(seen.owner.name) if seen.owner else "",
        "whom": Names(door.organisation, _).anybody(wish.proposed) if wish.proposed else "",
        "time": _.time(wish.until, zone, clock.now()) if wish.until else "",
        "reference": asked.other.reference if asked.other else "",
    }


def _waits_for(one: WaitingFor, _: Words) -> str:
    match one:
        case WaitingFor.CARRIER:
            return _("From the person who brought it in")
        case WaitingFor.CUSTOMER:
            return _("From the customer, whom that person asks")


def _soon_text(one: Soon, _: Words) -> str:
    match one:
        case Soon.TOMORROW:
            return _("Until tomorrow")
        case Soon.THREE_DAYS:
            return _("For three working days")
        case Soon.NEXT_WEEK:
            return _("Until next week")
