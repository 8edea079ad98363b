"""When somebody is told: at once, together with other news, in their own hours, or not one by one;
and what is out of date by then.

What a person does is told at once. What Banso does by itself, at its own time or to many issues at
a stroke, waits a moment for company, so that nobody is flooded after a disaster, an absence or an
outage: everything for one person goes as one mail. What can wait until a person is at work is held
until then, and whatever is held is told or is out of date by then; nothing is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.contracts.event import Event
from shared.contracts.intake import Digest, IssueRaised, Preferences, Told
from shared.contracts.issue import (
    AssignedBecause,
    Snapshot,
    Source,
    Standing,
    State,
    Step,
    UndoneBecause,
    Urgency,
)
from shared.contracts.notifier import Reason, Relation
from shared.contracts.organisation import Calendar
from shared.contracts.router import (
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueEscalated,
    IssueEvent,
    IssueLapsed,
    IssuePostponed,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSeparated,
    IssueUndone,
    PersonAway,
    PersonBack,
)
from shared.worktime import NoWorkingTime, WorkingHours, working_hours

GATHER = timedelta(seconds=30)
"""How long the first one waits for others: what is due together is said within a few seconds, and
nobody misses half a minute of a reminder that took hours to come due."""
APART = timedelta(minutes=15)
"""How long after one such mail the next one to the same person goes: four an hour at most."""
APART_IF_URGENT = timedelta(minutes=5)
"""The same where something urgent is among it: twelve an hour at most."""

GATHERED = frozenset({Reason.RECEIPT})
"""Reasons that wait for company whatever happened: whoever clicks through their issues would get
one for each, and until then it is known whether a machine did."""
ALONE = frozenset(
    {
        Reason.COMPANION_OFFERED,
        Reason.COMPANION_WANTED,
        Reason.COMPANION_ASKED,
        Reason.COMPANION_BEGUN,
        Reason.COMPANION_CHECK,
        Reason.COMPANION_CONCERN,
        Reason.COMPANION_OVER,
    }
)
"""Reasons that never stand in a list: they are about a person, and have their own buttons."""
QUESTIONS = frozenset({Reason.COMPANION_OFFERED, Reason.COMPANION_ASKED, Reason.COMPANION_CHECK})
"""Of these, what somebody has answered by now, or need not any more, is not asked."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AWAKE = HOUR
"""Whoever has done something themselves is there for so long, whatever the clock says."""
LONGEST_BREAK = timedelta(hours=2)
"""So long between two spans of work, as at noon, a person is there all the same."""
STILL_THERE = timedelta(minutes=15)
"""What falls due as the working day ends is told that evening and not the next morning."""

CONFIRMATIONS = frozenset({Reason.RECEIVED, Reason.RECEIVED_UNDECIDED})
"""What whoever wrote to us hears of it."""
OF_THEIR_OWN_ACT = frozenset(
    {Reason.REFUSED, Reason.RECEIPT, Reason.VOIDED, Reason.STILL_CLOSED, Reason.TEST}
)
"""What comes of something that the person did, or seemed to do, themselves."""
ONLY_THEY_CAN = frozenset(
    {
        *CONFIRMATIONS,
        *OF_THEIR_OWN_ACT,
        Reason.YOURS,
        Reason.REMINDER,
        Reason.ESCALATION,
        Reason.LAPSED,
        Reason.ASKED,
        Reason.HELP,
        Reason.REOPENED,
        Reason.UNREACHABLE,
        Reason.DIGEST,
    }
)
"""What nobody does, or asks for, in the person's place: no mute holds it back."""
TOLD_WHEN_BACK = frozenset(
    {
        Reason.NEW_OWNER,
        Reason.TAKEN,
        Reason.ANSWER,
        Reason.CLOSED,
        Reason.CONFIRMED,
        Reason.COMMENT,
        Reason.LOOK,
        Reason.CORRECTED,
        Reason.WITHDRAWN,
        Reason.ANSWERED_ELSEWHERE,
        Reason.HELPED,
        Reason.RESUMED,
        Reason.PUT_OFF,
        Reason.PROMISED,
        Reason.MERGED,
        Reason.LINKED,
        Reason.SEPARATED,
        Reason.COPIED,
        Reason.UNDONE,
        Reason.COMPANION_OVER,
        Reason.COMPANION_COPY,
    }
)
"""News that ask for nothing: whoever is away hears them when they are back."""

_MOVED_AT_A_STROKE = frozenset(
    {
        AssignedBecause.ABSENCE,
        AssignedBecause.RETURNED,
        AssignedBecause.LEFT,
        AssignedBecause.DRAINED,
    }
)
_URGENCIES = (Urgency.HIGH, Urgency.NORMAL, Urgency.LOW)


@dataclass(frozen=True, slots=True)
class Now:
    """How an issue stands by now, as far as it matters for what is still to be told."""

    assignment: int
    state: State
    next_step: Step | None
    next_step_at: datetime | None
    undone: frozenset[str] = frozenset()
    """Ids of the requests that were lately taken back."""


def gathers(event: Event) -> bool:
    """Whether news of this wait for company. What a machine has pressed on one issue it soon
    presses on many."""
    match event:
        case IssueUndone():
            return event.because is not UndoneBecause.ASKED
        case IssueAssigned(because=AssignedBecause.LEADER):
            return event.actor_id is None
        case IssueAssigned():
            return event.because in _MOVED_AT_A_STROKE
        case IssueReminded() | IssueEscalated() | IssueLapsed() | PersonAway() | PersonBack():
            return True
        case IssueResponded() | IssueResolved() | IssueReopened():
            return event.shared_from is not None
        case IssueClosed(shared_from=None) | IssueResumed() | IssueSeparated():
            return event.actor_id is None
        case IssueClosed():
            return True
        case _:
            return False


def goes_at(
    now: datetime, *, urgent: bool, last_at: datetime | None, open_until: datetime | None
) -> datetime:
    """When what is gathered for a person goes, with this one among it.

    `last_at`: when the last such mail went; `open_until`: when what is gathered already goes.
    """
    at = now + GATHER
    if last_at is not None:
        at = max(at, last_at + (APART_IF_URGENT if urgent else APART))
    return at if open_until is None else min(at, open_until)


@dataclass(frozen=True, slots=True)
class Listener:
    """When somebody of the organisation can be told what can wait."""

    hours: WorkingHours | None
    """None: at any hour."""
    urgent_passes: bool = True
    last_act: datetime | None = None
    """When they last did something themselves."""
    away_until: datetime | None = None


def told_from(
    now: datetime, listener: Listener, *, reason: Reason, event: Event, person_id: str
) -> datetime:
    """`now`, or when the person is next at work, if this can wait that long for them."""
    acted = listener.last_act is not None and now - listener.last_act < AWAKE
    urgent = listener.urgent_passes and is_urgent(event)
    if listener.hours is None or acted or urgent or _is_theirs(reason, event, person_id):
        return now
    if reason in TOLD_WHEN_BACK:
        return is_there_from(now, listener)
    return _at_work_from(now, listener.hours)


def is_there_from(now: datetime, listener: Listener) -> datetime:
    """`now`, or when the person is next at work and not away."""
    if listener.hours is None:
        return now
    return _at_work_from(max(now, listener.away_until or now), listener.hours)


def _is_theirs(reason: Reason, event: Event, person_id: str) -> bool:
    """Whether it answers what they did, or comes when it should by itself."""
    if reason in CONFIRMATIONS:
        return person_id == _reporter_of(event)
    return reason in OF_THEIR_OWN_ACT or reason is Reason.DIGEST


def _reporter_of(event: Event) -> str | None:
    match event:
        case IssueEvent():
            return event.issue.reporter_id
        case IssueRaised():
            return event.reporter_id
        case _:
            return None


def _at_work_from(at: datetime, hours: WorkingHours) -> datetime:
    """`at`, if the person is at work, on a short break or just about to leave, else when they are
    next at work. Whoever never works can't be waited for."""
    try:
        opens = hours.next_open(at)
    except NoWorkingTime:
        return at
    closed = max((end for _, end in hours.spans(at - DAY, at)), default=None)
    if closed is None:
        return opens
    on_a_break = opens - closed <= LONGEST_BREAK
    return at if on_a_break or at < closed + STILL_THERE else opens


def hours_of(calendar: Calendar, preferences: Preferences) -> WorkingHours | None:
    """In which hours somebody with this calendar is told; None: in all."""
    return None if preferences.told is Told.ALWAYS else own_hours(calendar, preferences)


def own_hours(calendar: Calendar, preferences: Preferences) -> WorkingHours:
    """Their working hours, or from and until when they said, on the days on which they work."""
    opens, closes = preferences.opens, preferences.closes
    if opens is None and closes is None:
        return working_hours(calendar)
    key = (id(calendar), opens, closes)
    found = _own_calendars.get(key)
    if found is None or found[0] is not calendar:
        if len(_own_calendars) >= _MOST_KEPT:
            _own_calendars.clear()
        found = _own_calendars[key] = (calendar, _with_hours(calendar, opens, closes))
    return working_hours(found[1])


_MOST_KEPT = 1000
_own_calendars: dict[tuple[int, int | None, int | None], tuple[Calendar, Calendar]] = {}


def _with_hours(calendar: Calendar, opens: int | None, closes: int | None) -> Calendar:
    """The same working days, each from one minute to the other."""
    hours = {
        day: _between(
            spans[0][0] if opens is None else opens, spans[-1][1] if closes is None else closes
        )
        for day, spans in calendar.hours.items()
        if spans
    }
    return calendar.model_copy(update={"hours": hours})


def _between(opens: int, closes: int) -> list[tuple[int, int]]:
    """Over midnight, both ends of the day."""
    ends = [(opens, closes)] if opens < closes else [(0, closes), (opens, 24 * 60)]
    return [(start, end) for start, end in ends if start < end]


def digest_at(after: datetime, calendar: Calendar, preferences: Preferences) -> datetime | None:
    """When the next summary after an instant is due: as work begins on a day, or in a week."""
    if preferences.digest is Digest.NEVER:
        return None
    zone = ZoneInfo(calendar.zone)
    day = after.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    start = datetime(monday.year, monday.month, monday.day, tzinfo=zone)
    begun: tuple[int, ...] | None = None
    for opens, _ in own_hours(calendar, preferences).spans(start, start + _HORIZON):
        period = _period(opens.astimezone(zone).date(), preferences.digest)
        if period != begun and opens > after:
            return opens
        begun = period
    return None


_HORIZON = 3 * 366 * DAY


def _period(day: date, digest: Digest) -> tuple[int, ...]:
    """Which day, or which week, it is."""
    year, week, weekday = day.isocalendar()
    return (year, week, weekday) if digest is Digest.DAILY else (year, week)


def within_cap(now: datetime, full_at: datetime | None, most_an_hour: int) -> datetime | None:
    """Lets one more message go at once, unless a person had as many as may be; no hour ever has
    more than `most_an_hour`.

    The generic cell rate algorithm (ITU-T I.371): half of them may go in one go, and the other
    half are spread over the hour. `full_at` is what the last call gave; None: no more for now.
    """
    at_a_time = max(1, most_an_hour // 2)
    each = HOUR / max(1, most_an_hour - at_a_time)
    next_at = max(now, full_at or now) + each
    return next_at if next_at - now <= at_a_time * each else None


def can_be_muted(reason: Reason, relation: Relation) -> bool:
    """Whether somebody who wants to hear no more of an issue is spared this. Whoever carries it is
    always asked whether it is solved, or it would close without their word."""
    if reason is Reason.SOLVED:
        return relation not in (Relation.CARRIER, Relation.REPORTER)
    return reason not in ONLY_THEY_CAN


def moves_on(event: IssueEvent) -> bool:
    """Whether those who wait for an issue see that somebody has done something about it."""
    match event:
        case IssueReminded() | IssueEscalated(gives=False) | IssueLapsed() | IssuePostponed():
            return False
        case _:
            return event.actor_id not in (event.issue.carrier_id, event.issue.reporter_id)


def doer_of(event: Event) -> str | None:
    """Whose own act this is; None where it is nobody's, or nothing proves whose. A machine that
    reports in somebody's name, as by the API, shows nothing of where they are."""
    match event:
        case IssueCommented(standing=Standing.THREADED | Standing.DOUBTED):
            return None
        case IssueEvent():
            return event.actor_id
        case IssueRaised():
            return None if event.source is Source.API else event.reporter_id
        case _:
            return None


def is_urgent(event: Event) -> bool:
    """Whether it is about something urgent."""
    return isinstance(event, IssueEvent) and event.issue.urgency is Urgency.HIGH


def rank(event: Event) -> tuple[int, int, datetime]:
    """Sorts what goes together: what is about no single issue, then the most urgent, and of those
    what is due first."""
    if not isinstance(event, IssueEvent):
        return (0, 0, event.occurred_at)
    issue = event.issue
    return (1, _URGENCIES.index(issue.urgency), issue.next_step_at or issue.raised_at)


def is_overtaken(reason: Reason, event: Event, now: Now) -> bool:
    """Whether there is no sense in telling this any more: what it asks for is done, or is
    somebody else's by now, or something newer says it better."""
    if not isinstance(event, IssueEvent):
        return False
    if event.cause_id in now.undone and not isinstance(event, IssueUndone):
        return True
    then, moved = event.issue, now.assignment > event.issue.assignment
    match reason:
        case Reason.REMINDER | Reason.ESCALATION | Reason.LAPSED:
            return moved or not _is_the_same_step(then, now)
        case Reason.YOURS:
            return moved or now.state is State.CLOSED
        case Reason.REOPENED | Reason.SOLVED:
            return moved
        case Reason.ASKED:
            return moved or now.next_step is not Step.WAIT
        case Reason.HELP:
            return now.state is State.CLOSED
        case _:
            return False


def _is_the_same_step(then: Snapshot, now: Now) -> bool:
    """Whether the same person still owes the same, since the same time."""
    was = (then.state, then.next_step, then.next_step_at)
    return was == (now.state, now.next_step, now.next_step_at)
