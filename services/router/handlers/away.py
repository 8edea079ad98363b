"""Somebody is away: what they have open goes to others, and comes back.

A row of the table `absence` is planned, begins, and ends. Its start and its end are acted on at
the person's next working hour, in portions, each a cause of its own: the row stays due until
everything has moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from services.router import presence
from services.router.handlers.companions import companion_goes_away
from services.router.handlers.owner import give_back, lend, lend_again
from services.router.lifecycle import OPEN, Issue
from services.router.presence import Absence, AbsenceSource, AbsenceState, Run
from services.router.store import Desk
from shared.contracts.event import Event
from shared.contracts.intake import AbsenceSaid
from shared.contracts.router import PersonAway, PersonBack

PORTION = 100
"""So many issues move with one commit."""
_AT_ONCE = timedelta(microseconds=1)
"""Makes the next portion's wake-up, and with it its cause, another one."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time away in somebody's calendar."""

    absence_id: str
    starts_at: datetime
    ends_at: datetime


def absence_said(said: AbsenceSaid, desk: Desk) -> list[Event]:
    """Keeps when somebody will be away. The same absence again replaces what was said before.

    What makes no sense is not kept: intake has refused it already, and asked for better.
    """
    known = desk.absence(said.absence_id)
    if said.person_id not in desk.organisation.person:
        return []
    if known is not None and known.person_id != said.person_id:
        return []
    if said.cancelled:
        if known is not None:
            _end(replace(known, source=AbsenceSource.SAID), desk)
        return []
    if said.ends_at > said.starts_at:
        ends_at = min(said.ends_at, said.starts_at + presence.LONGEST)
        absence = Absence(
            said.absence_id,
            said.person_id,
            said.starts_at,
            ends_at,
            said.substitute_id,
            AbsenceSource.SAID,
            known.state if known else AbsenceState.PLANNED,
            None,
        )
        _keep(absence, desk)
        if known is not None and known.substitute_id != said.substitute_id:
            _begin_anew(said.absence_id, desk)
    return []


def calendar_read(person_id: str, spans: Iterable[Span], desk: Desk) -> None:
    """Keeps when somebody is away by their calendar, as it says now and nothing else. What a person
    has said about one of its entries since counts more."""
    spans = [span for span in spans if span.ends_at > desk.now]
    desk.expect_absences([span.absence_id for span in spans])
    mine = (one for one in desk.absences_of(person_id) if one.source is AbsenceSource.CALENDAR)
    known = {one.absence_id: one for one in mine}
    for span in spans:
        known.pop(span.absence_id, None)
        before = desk.absence(span.absence_id)
        if before is not None and before.source is AbsenceSource.SAID:
            continue
        _read(person_id, span, before, desk)
    for gone in known.values():
        if gone.ends_at > desk.now:
            _end(gone, desk)


def _read(person_id: str, span: Span, before: Absence | None, desk: Desk) -> None:
    state = before.state if before else AbsenceState.PLANNED
    source, when = AbsenceSource.CALENDAR, (span.starts_at, span.ends_at)
    is_as_known = before is not None and when == (before.starts_at, before.ends_at)
    if not is_as_known or state is AbsenceState.OVER:
        _keep(Absence(span.absence_id, person_id, *when, None, source, state, None), desk)


def absence_turns(absence_id: str, wake_at: datetime, desk: Desk) -> list[Event]:
    """An absence begins or ends. Acted on only if that is still to be done."""
    absence = desk.absence(absence_id)
    if absence is None or absence.wake_at != wake_at:
        return []
    if absence.person_id not in desk.organisation.person:
        desk.put_absence(replace(absence, state=AbsenceState.OVER, wake_at=None))
        return []
    run = desk.run(absence.person_id)
    if absence.covers(desk.now) and run is not None:
        return _begin(absence, run, desk) if run.hands_over else _begin_briefly(absence, desk)
    return _be_back(absence, run, desk)


def _keep(absence: Absence, desk: Desk) -> None:
    """As it is said now. Who is away stays so until the next working hour after its end, and what
    has not begun begins with the first one after its start."""
    if absence.state is AbsenceState.AWAY:
        in_force = absence.covers(desk.now)
        wake_at = _next_open(absence, absence.ends_at, desk) if in_force else desk.now
        desk.put_absence(replace(absence, wake_at=wake_at))
    elif absence.ends_at <= desk.now:
        desk.put_absence(replace(absence, state=AbsenceState.OVER))
    else:
        wake_at = _next_open(absence, absence.starts_at, desk)
        desk.put_absence(replace(absence, state=AbsenceState.PLANNED, wake_at=wake_at))
    _look_again(absence, desk)


def _begin_anew(absence_id: str, desk: Desk) -> None:
    """Somebody else substitutes from now on, in the middle of it: they get what there is."""
    absence = desk.absence(absence_id)
    if absence is None or absence.state is not AbsenceState.AWAY:
        return
    if absence.covers(desk.now):
        desk.put_absence(replace(absence, wake_at=desk.now, taken_at=None))


def _end(absence: Absence, desk: Desk) -> None:
    """It is over now, or does not take place."""
    over_at = max(absence.starts_at, min(absence.ends_at, desk.now))
    if absence.state is AbsenceState.AWAY:
        desk.put_absence(replace(absence, ends_at=over_at, wake_at=desk.now, taken_at=None))
    elif absence.state is not AbsenceState.OVER:
        over = replace(absence, ends_at=over_at, state=AbsenceState.OVER, wake_at=None)
        desk.put_absence(over)
        _look_again(absence, desk)


def _look_again(changed: Absence, desk: Desk) -> None:
    """Whatever was too short to hand over may be long enough together with what has changed."""
    for one in desk.absences_of(changed.person_id):
        if one.state is AbsenceState.BRIEF and one.absence_id != changed.absence_id:
            planned = replace(one, state=AbsenceState.PLANNED, wake_at=desk.now, taken_at=None)
            desk.put_absence(planned)


def _begin_briefly(absence: Absence, desk: Desk) -> list[Event]:
    back_at = _next_open(absence, absence.ends_at, desk)
    desk.put_absence(replace(absence, state=AbsenceState.BRIEF, wake_at=back_at, taken_at=None))
    return []


def _begin(absence: Absence, run: Run, desk: Desk) -> list[Event]:
    """Hands over what is open; when all of it has moved, everybody concerned hears so. Where others
    have it already, whoever substitutes from now on gets it from them."""
    person_id = absence.person_id
    events: list[Event] = []
    if _names_another(absence, run):
        lent_already = (one for one in desk.lent_by(person_id) if one.state in OPEN)
        again = (lend_again(issue, person_id, desk) for issue in lent_already)
        events += islice(filter(None, again), PORTION)
    held = desk.owned_by(person_id)
    for issue in held[: PORTION - len(events)]:
        lent = lend(issue, desk)
        if lent is not None:
            events.append(lent)
    if events and (len(events) == PORTION or len(held) > PORTION):
        desk.put_absence(_in_hand(absence, desk))
        return events
    told_as = next((one for one in run.absences if one.state is AbsenceState.AWAY), absence)
    for one in (absence, *run.absences):
        if one.absence_id == absence.absence_id or one.state is not AbsenceState.AWAY:
            _stay_away(one, desk)
    acting_id = desk.acting(person_id)
    away = PersonAway(
        occurred_at=desk.now,
        absence_id=told_as.absence_id,
        person_id=person_id,
        starts_at=run.starts_at,
        ends_at=run.ends_at,
        substitute_id=acting_id if acting_id != person_id else None,
        issues=sum(issue.state in OPEN for issue in desk.lent_by(person_id)),
    )
    return [*events, away, *companion_goes_away(person_id, desk)]


def _names_another(absence: Absence, run: Run) -> bool:
    """Whether somebody else may substitute from now on than when the run began."""
    if absence.state is AbsenceState.AWAY:
        return True
    has_begun = any(one.state is AbsenceState.AWAY for one in run.absences)
    return has_begun and absence.substitute_id is not None


def _stay_away(absence: Absence, desk: Desk) -> None:
    """Begun, or part of a run that has: it is told of once."""
    back_at = _next_open(absence, absence.ends_at, desk)
    desk.put_absence(replace(absence, state=AbsenceState.AWAY, wake_at=back_at, taken_at=None))


def _be_back(absence: Absence, run: Run | None, desk: Desk) -> list[Event]:
    """Gives back what is still open, unless another absence goes on or nothing was handed over."""
    person_id, was_away = absence.person_id, absence.state is AbsenceState.AWAY
    if run is not None and run.hands_over:
        _go_on(absence, run, desk)
        return []
    if not was_away and absence.state is not AbsenceState.OVER:
        _settle(absence, desk)
        return []
    still_open = _still_open(person_id, desk)
    events: list[Event] = [_back(absence, len(still_open), desk)] if was_away else []
    events += [give_back(issue, desk, person_id) for issue in still_open[:PORTION]]
    for one in desk.absences_of(person_id):
        if one.state is AbsenceState.AWAY:
            _settle(one, desk)
    if len(still_open) > PORTION:
        desk.put_absence(replace(_in_hand(absence, desk), state=AbsenceState.OVER))
    else:
        _settle(absence, desk)
    return events


def _back(absence: Absence, issues: int, desk: Desk) -> PersonBack:
    """Told of the same absence as their going was."""
    away = (one for one in desk.absences_of(absence.person_id) if one.state is AbsenceState.AWAY)
    told_as = min(away, key=lambda one: (one.starts_at, one.absence_id))
    substitutes = (absence.substitute_id, *desk.substitutes(absence.person_id))
    known = (one for one in substitutes if one in desk.organisation.person)
    desk.free(absence.person_id)
    return PersonBack(
        occurred_at=desk.now,
        absence_id=told_as.absence_id,
        person_id=absence.person_id,
        substitute_id=next(known, None),
        issues=issues,
    )


def _go_on(absence: Absence, run: Run, desk: Desk) -> None:
    """Another absence of the same run goes on: what has handed over is over with the last."""
    if absence.state is AbsenceState.AWAY and absence.ends_at <= desk.now:
        wake_at = _next_open(absence, run.ends_at, desk)
        desk.put_absence(replace(absence, wake_at=wake_at, taken_at=None))
    else:
        _settle(absence, desk)


def _still_open(person_id: str, desk: Desk) -> list[Issue]:
    """What a person has lent and gets back; what is over stays where it was solved."""
    found = desk.lent_by(person_id)
    for issue in found:
        if issue.state not in OPEN:
            desk.put(replace(issue, lent_by=None))
    return [issue for issue in found if issue.state in OPEN]


def _settle(absence: Absence, desk: Desk) -> None:
    """Over where its end has passed, else still to come."""
    if absence.ends_at <= desk.now:
        desk.put_absence(replace(absence, state=AbsenceState.OVER, wake_at=None))
        return
    wake_at = _next_open(absence, max(absence.starts_at, desk.now + _AT_ONCE), desk)
    planned = replace(absence, state=AbsenceState.PLANNED, wake_at=wake_at, taken_at=None)
    desk.put_absence(planned)


def _in_hand(absence: Absence, desk: Desk) -> Absence:
    wake_at = max(desk.now, (absence.wake_at or desk.now) + _AT_ONCE)
    return replace(absence, wake_at=wake_at, taken_at=None)


def _next_open(absence: Absence, at: datetime, desk: Desk) -> datetime:
    """The person's next working instant."""
    return presence.back_at(desk.hours_of(absence.person_id), at) or at
