"""Somebody is left alone with what they carry, and somebody else runs alongside."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, TypeVar, assert_never
from uuid import UUID, uuid5

from services.router import companions, presence
from services.router.companions import Companionship, Due, Heard, Meaning, Stage, Wanted
from services.router.store import Desk, Isolation
from shared.contracts.event import Event
from shared.contracts.intake import CompanionSaid
from shared.contracts.metrics import Evidence, Level, PersonIsolated, PersonSupported
from shared.contracts.router import (
    CompanionAsked,
    CompanionAssigned,
    CompanionBecause,
    CompanionChecked,
    CompanionEscalated,
    CompanionEvent,
    CompanionOffered,
    CompanionReleased,
    Concern,
    ReleasedBecause,
)
from shared.worktime import WorkingHours, working_hours

OLD_NEWS = timedelta(days=1)
LOOK_AT_OLD_NEWS_AFTER = timedelta(minutes=10)
"""After an outage, or where a new database hears everything again, better news may be on their
way: nobody is asked about what is over."""
COMPANIONSHIPS = UUID("b6e0c7c1-54b1-5f0e-8f1e-0d8f3f5a9c27")

_Said = TypeVar("_Said", bound=CompanionEvent)


def person_isolated(isolated: PersonIsolated, desk: Desk) -> list[Event]:
    """Their issues come first from now on; from `ask` on they are asked whether somebody shall run
    alongside, and those who lead hear of an alarm."""
    who, level = isolated.person_id, isolated.level
    if not _is_news(isolated, level, desk) or who not in desk.organisation.person:
        return []
    known, hours = desk.companionship_of(who), _hours(who, desk)
    follows = companions.heard(
        known, level, hours, desk.now, in_spite=isolated.in_spite_of_companion
    )
    if known is None or not known.is_open:
        if follows is Heard.NOTHING:
            return []
        name = str(uuid5(COMPANIONSHIPS, f"{who}/{isolated.event_id}"))
        sees_to_it = companions.coordinator(desk.organisation, who)
        known = companions.begin(name, who, level, sees_to_it, desk.now)
        known = companions.learn(known, level, _plain(isolated), isolated.silent_team_ids)
    else:
        known = companions.learn(known, level, _plain(isolated), isolated.silent_team_ids)
        desk.put_companionship(known)
    if follows in (Heard.BEGIN, Heard.ASK_AGAIN) and _is_old(isolated, desk):
        desk.put_companionship(companions.put_off(known, desk.now + LOOK_AT_OLD_NEWS_AFTER))
        return []
    return [*_asked(known, follows, desk), *_alarmed(known, level, desk)]


def person_supported(supported: PersonSupported, desk: Desk) -> list[Event]:
    """Once that has lasted the companion is thanked. Who has not answered the question yet need
    not any more."""
    who, below = supported.person_id, supported.level.below
    if not _is_news(supported, below, desk):
        return []
    known = desk.companionship_of(who)
    if known is None or not known.is_open:
        return []
    lapses = below is None and known.stage in (Stage.OFFERED, Stage.PUT_OFF)
    if not supported.lasting and not lapses:
        return []
    if known.offers == 0 and known.stage is Stage.PUT_OFF:  # nobody has heard of it
        desk.put_companionship(companions.end(known, ReleasedBecause.SUPPORTED, desk.now))
        return []
    return [_release(known, ReleasedBecause.SUPPORTED, desk)]


def companion_said(said: CompanionSaid, desk: Desk) -> list[Event]:
    """Does what a carrier or a colleague says about it; what makes no sense any more does
    nothing, as their page shows."""
    known, who = desk.companionship(said.companionship_id), said.person_id
    if known is None or who not in desk.organisation.person:
        return []
    match companions.meaning(known, who, said.word):
        case Meaning.NOTHING:
            return []
        case Meaning.SEARCH:
            return _search(known, desk)
        case Meaning.DECLINED:
            return [_release(known, ReleasedBecause.DECLINED, desk, who)]
        case Meaning.ENDED:
            return [_release(known, ReleasedBecause.ENDED, desk, who)]
        case Meaning.AGREED:
            return _agreed(known, who, desk)
        case Meaning.NEXT:
            return _ask_next(known, desk)
        case Meaning.TAKES_OVER:
            return _instead(known, who, desk)
        case Meaning.HELPS_NOT:
            told = _tell(known, Concern.HELPS_NOT, [desk.acting(desk.organisation.leader)], desk)
            return [*told, *_look_again(known, ReleasedBecause.REPLACED, desk)]
        case Meaning.STOPS:
            if not desk.is_isolated(known.carrier_id):
                return [_release(known, ReleasedBecause.ENDED, desk, who)]
            return _look_again(known, ReleasedBecause.ENDED, desk, who)
        case _ as never:
            assert_never(never)


def companion_due(companionship_id: str, version: int, desk: Desk) -> list[Event]:
    """Nobody has said anything in time. Acted on only if nothing has happened since."""
    known = desk.companionship(companionship_id)
    if known is None or known.version != version or known.due_at is None:
        return []
    match companions.due(known):
        case Due.OFFER:
            was_put_off = known.stage is Stage.PUT_OFF
            offered = _offer(known, desk)
            return [*offered, *(_alarmed(known, known.level, desk) if was_put_off else ())]
        case Due.TELL:
            waiting = companions.wait(known)
            desk.put_companionship(waiting)
            sees_to_it = [known.coordinator_id or desk.organisation.leader]
            return _tell(waiting, Concern.UNANSWERED, sees_to_it, desk)
        case Due.NAME:
            return _name_leader(known, desk)
        case Due.CHECK:
            return _check(known, desk)
        case _ as never:
            assert_never(never)


def companion_leaves(desk: Desk) -> list[Event]:
    """Ends what somebody has left who is no longer in the organisation; a carrier who is still
    left alone gets somebody else."""
    events: list[Event] = []
    people = desk.organisation.person
    for known in desk.open_companionships():
        if known.carrier_id not in people:
            events.append(_release(known, ReleasedBecause.LEFT, desk))
        elif known.companion_id is not None and known.companion_id not in people:
            if known.stage is Stage.RUNNING:
                events += _look_again(known, ReleasedBecause.LEFT, desk)
            else:
                events += _ask_next(known, desk)
    return events


def companion_goes_away(person_id: str, desk: Desk) -> list[Event]:
    """Whoever is away for more than a week can run alongside nobody, so somebody else is asked."""
    run, events = desk.run(person_id), list[Event]()
    if run is None or _hours(person_id, desk).between(desk.now, run.ends_at) <= (
        companions.LONGEST_AWAY
    ):
        return events
    for known in desk.open_companionships():
        if known.companion_id != person_id:
            continue
        if known.stage is Stage.RUNNING:
            events += _look_again(known, ReleasedBecause.AWAY, desk)
        else:
            events += _ask_next(known, desk)
    return events


def _is_news(event: PersonIsolated | PersonSupported, level: Level | None, desk: Desk) -> bool:
    """Keeps how it is now, unless something newer is known."""
    known = desk.isolation(event.person_id)
    if known is not None and known.heard_of > event.occurred_at:
        return False
    desk.put_isolation(Isolation(event.person_id, level, event.occurred_at))
    return True


def _is_old(isolated: PersonIsolated, desk: Desk) -> bool:
    return desk.now - isolated.occurred_at > OLD_NEWS


def _plain(isolated: PersonIsolated) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json", exclude_none=True) for one in isolated.why]


def _asked(known: Companionship, follows: Heard, desk: Desk) -> list[Event]:
    match follows:
        case Heard.NOTHING:
            return []
        case Heard.BEGIN | Heard.ASK_AGAIN:
            return _offer(known, desk)
        case Heard.IN_SPITE:
            return _tell(known, Concern.IN_SPITE, [desk.acting(desk.organisation.leader)], desk)
        case _:
            assert_never(follows)


def _alarmed(known: Companionship, level: Level, desk: Desk) -> list[Event]:
    """The heads of the teams that do not answer hear of it, each by whoever acts for them; not
    before the carrier does, who may be away."""
    now = desk.companionship(known.companionship_id)
    if level is not Level.ALARM or now is None or now.stage is Stage.PUT_OFF:
        return []
    who = companions.heads(desk.organisation, known.silent_team_ids, known.carrier_id)
    return _tell(known, Concern.ALARM, [desk.acting(one) for one in who], desk)


def _offer(known: Companionship, desk: Desk) -> list[Event]:
    """Asks the carrier; whoever is away is asked when they are back."""
    run = desk.run(known.carrier_id)
    if run is not None and run.hands_over:
        back_at = presence.back_at(desk.hours_of(known.carrier_id), run.ends_at)
        desk.put_companionship(companions.put_off(known, back_at or run.ends_at))
        return []
    offered = companions.offer(known, _hours(known.carrier_id, desk), desk.now)
    desk.put_companionship(offered)
    first = known.offers == 0 and (known.version == 0 or known.stage is Stage.PUT_OFF)
    return [
        _event(
            CompanionOffered,
            offered,
            desk,
            coordinator_id=offered.coordinator_id if first else None,
            silent_team_ids=tuple(offered.silent_team_ids),
            again=not first,
        )
    ]


def _search(known: Companionship, desk: Desk) -> list[Event]:
    return _ask_next(companions.search(known, _hours(known.carrier_id, desk), desk.now), desk)


def _ask_next(searching: Companionship, desk: Desk) -> list[Event]:
    """Asks the best who was not asked yet; without anybody the leader does it at once."""
    best = next(iter(_candidates(searching, desk)), None)
    if best is None:
        return _name_leader(searching, desk)
    asked = companions.ask(searching, best)
    desk.put_companionship(asked)
    return [_event(CompanionAsked, asked, desk, answer_by=asked.due_at or desk.now)]


def _candidates(known: Companionship, desk: Desk) -> list[str]:
    organisation = desk.organisation
    carrier = organisation.person[known.carrier_id]
    wanted = Wanted(
        carrier=carrier,
        lead_id=organisation.team[carrier.team].lead,
        silent_team_ids=known.silent_team_ids,
        asked_ids=known.asked_ids,
        accompanied=Counter(
            one.companion_id
            for one in desk.open_companionships()
            if one.companion_id is not None and one.companionship_id != known.companionship_id
        ),
        answered=desk.answered(known.carrier_id),
    )
    willing = [person for person in organisation.people if person.companion]
    return companions.candidates(willing, wanted, desk.staff(willing))


def _name_leader(known: Companionship, desk: Desk) -> list[Event]:
    """The leader, or whoever acts for them; where that was tried already the next who leads."""
    organisation, carrier_id = desk.organisation, known.carrier_id
    possible = [
        acting
        for one in companions.last_resorts(organisation, carrier_id)
        if (acting := desk.acting(one)) != carrier_id
    ]
    untried = (one for one in possible if one not in known.asked_ids)
    named = next(untried, next(iter(possible), None))
    if named is None:
        desk.put_companionship(companions.wait(known))
        return []
    return [_assign(known, named, desk, CompanionBecause.LEADER)]


def _assign(
    known: Companionship,
    person_id: str,
    desk: Desk,
    because: CompanionBecause = CompanionBecause.AGREED,
) -> Event:
    hours = _hours(known.carrier_id, desk)
    running = companions.run(known, person_id, because, hours, desk.now)
    desk.put_companionship(running)
    return _event(
        CompanionAssigned, running, desk, because=because, coordinator_id=running.coordinator_id
    )


def _agreed(known: Companionship, who: str, desk: Desk) -> list[Event]:
    """Where somebody agrees after having said no, whoever was asked instead need not answer."""
    if known.companion_id == who:
        return [_assign(known, who, desk)]
    return _instead(known, who, desk)


def _instead(known: Companionship, who: str, desk: Desk) -> list[Event]:
    """Somebody runs alongside instead of whoever did, or was asked."""
    free, released = _let_go(known, ReleasedBecause.REPLACED, desk)
    return [released, _assign(free, who, desk)]


def _look_again(
    known: Companionship, because: ReleasedBecause, desk: Desk, said_by_id: str | None = None
) -> list[Event]:
    """Thanks whoever ran alongside, and looks for somebody else."""
    free, released = _let_go(known, because, desk, said_by_id)
    return [released, *_search(free, desk)]


def _let_go(
    known: Companionship, because: ReleasedBecause, desk: Desk, said_by_id: str | None = None
) -> tuple[Companionship, Event]:
    free, began = companions.let_go(known), known.stage is Stage.RUNNING
    how = {"because": because, "began": began, "said_by_id": said_by_id}
    return free, _event(CompanionReleased, free, desk, **how)


def _release(
    known: Companionship, because: ReleasedBecause, desk: Desk, said_by_id: str | None = None
) -> Event:
    """It is over for good."""
    over = companions.end(known, because, desk.now)
    desk.put_companionship(over)
    return _event(
        CompanionReleased,
        over,
        desk,
        because=because,
        began=known.stage is Stage.RUNNING,
        said_by_id=said_by_id,
        coordinator_id=over.coordinator_id,
    )


def _check(known: Companionship, desk: Desk) -> list[Event]:
    """Asks both; while one of them is away that waits."""
    for person_id in (known.carrier_id, known.companion_id or known.carrier_id):
        run = desk.run(person_id)
        if run is not None and run.hands_over:
            back_at = presence.back_at(desk.hours_of(person_id), run.ends_at)
            desk.put_companionship(companions.put_off(known, back_at or run.ends_at))
            return []
    checked = companions.check(known, _hours(known.carrier_id, desk), desk.now)
    desk.put_companionship(checked)
    return [_event(CompanionChecked, checked, desk)]


def _tell(known: Companionship, because: Concern, person_ids: list[str], desk: Desk) -> list[Event]:
    who = tuple(dict.fromkeys(one for one in person_ids if one != known.carrier_id))
    if not who:
        return []
    silent = tuple(known.silent_team_ids)
    how = {"because": because, "person_ids": who, "silent_team_ids": silent}
    return [_event(CompanionEscalated, known, desk, **how)]


def _event(kind: type[_Said], known: Companionship, desk: Desk, **said: Any) -> _Said:
    return kind(
        occurred_at=desk.now,
        companionship_id=known.companionship_id,
        version=known.version,
        carrier_id=known.carrier_id,
        companion_id=known.companion_id,
        why=tuple(Evidence.model_validate(one) for one in known.why),
        **said,
    )


def _hours(person_id: str, desk: Desk) -> WorkingHours:
    """Their working time, without the times in which chasing rests."""
    return working_hours(desk.organisation.calendar_of(person_id), desk.rests)
