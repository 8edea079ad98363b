"""Reads what was filled in on the page of an action, and says what is still missing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.intake import clean, store
from services.intake.days import Soon, evening_of, furthest, morning_of, soon, today
from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.names import Names
from services.intake.store import View
from services.intake.submission import is_plausible, read_reference
from services.intake.view import Relative, relative
from services.intake.web.offers import offer
from shared import clock
from shared.contracts.event import MAX_TEXT
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, DeclineReason, Snapshot, WaitingFor
from shared.contracts.organisation import Calendar
from shared.language import Words
from shared.links import Link

FIELDS = ("request", "reason", "proposed", "cause", "text", "waiting_for", "when", "day")
FIELDS_OF_OTHER = ("into", "reference", "sure")
OTHER = "other"
"""Chosen where the issue is none of those that are shown, and its reference is written."""
MOST_LIKELY = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for, with what is still to be said."""

    wish: ActionRequested
    mistake: str = ""
    other: Relative | None = None
    """The issue that it is merged into or becomes a part of."""
    sure: bool = True
    """False where they wrote a reference and have not seen yet whose it is."""


async def read_asked(
    link: Link, view: View, given: Mapping[str, str], door: Door, _: Words
) -> Asked:
    """What the form says. Nothing is changed by reading it."""
    assert link.action is not None
    calendar = door.organisation.calendar_of(link.person_id)
    other = mistake = None
    if link.action in (Action.MERGE, Action.LINK):
        other = await _other(link, view, given, door, _)
        if other is None:
            mistake = _("Please choose the issue, or write its reference as it stands in the mail.")
    reason, waiting_for = given.get("reason", ""), given.get("waiting_for", "")
    wish = ActionRequested(
        occurred_at=clock.now(),
        issue_id=link.issue_id,
        person_id=link.person_id,
        action=link.action,
        assignment=link.assignment,
        text=clean.several_lines(given.get("text", ""))[:MAX_TEXT] or None,
        reason=DeclineReason(reason) if reason in set(DeclineReason) else None,
        proposed=clean.one_line(given.get("proposed", ""), 200) or None,
        cause=clean.one_line(given.get("cause", ""), 200) or None,
        until=until(link.action, given, calendar, clock.now()),
        waiting_for=WaitingFor(waiting_for) if waiting_for in set(WaitingFor) else None,
        into=other.issue_id if other else None,
        by_link=True,
    )
    latest = await furthest_for(link.action, view, door)
    chosen = other is not None and given.get("into") == other.reference
    seen = other is not None and given.get("sure") == other.reference
    missing = mistake or _missing(wish, given, calendar, latest, _)
    return Asked(wish, missing, other, sure=other is None or chosen or seen)


async def furthest_for(action: Action, view: View, door: Door) -> datetime | None:
    """Until when it can be put off or promised at the most, as far as intake knows."""
    if action not in (Action.SNOOZE, Action.PROMISE) or view.snapshot is None:
        return None
    now = clock.now()
    pauses = await door.read(lambda connection: store.pauses_to_come(connection, now))
    rests = [(one.starts_at, one.ends_at) for one in pauses]
    snapshot = Snapshot.model_validate_json(view.snapshot)
    return furthest(action, snapshot, door.organisation, rests, now)


async def likely(link: Link, view: View, door: Door, _: Words) -> list[Relative]:
    """Open issues that may be the one which is meant, as far as this person may see them."""
    if link.action not in (Action.MERGE, Action.LINK):
        return []
    found = await door.read(lambda connection: store.likely_same(connection, view, MOST_LIKELY))
    names = Names(door.organisation, _)
    return [
        relative(one, names, _) for one in found if door.eyes(link.person_id, one) is Eyes.INSIDE
    ]


async def _other(
    link: Link, view: View, given: Mapping[str, str], door: Door, _: Words
) -> Relative | None:
    """The issue that is meant; what they may not see isn't there."""
    chosen = given.get("into", "")
    written = given.get("reference", "") if chosen in ("", OTHER) else chosen
    reference = clean.one_line(written, 40)
    found = await door.find(read_reference(reference)) if reference else None
    if found is None or found.issue_id == view.issue_id or found.snapshot is None:
        return None
    if door.eyes(link.person_id, found) is not Eyes.INSIDE:
        return None
    return relative(found, Names(door.organisation, _), _)


def until(
    action: Action, given: Mapping[str, str], calendar: Calendar, now: datetime
) -> datetime | None:
    """The end of a snooze is a morning, a promised date an evening, of the person's own work."""
    when, day = given.get("when", ""), read_day(given.get("day", ""))
    if action is Action.SNOOZE and when in set(Soon):
        return soon(Soon(when), now, calendar)
    if day is None:
        return None
    if action is Action.SNOOZE:
        return morning_of(day, calendar)
    return evening_of(day, calendar) if action is Action.PROMISE else None


_BETWEEN = str.maketrans("/.年月", "----")


def read_day(text: str) -> date | None:
    """A day as browsers send it, and as people write it where theirs has no calendar."""
    plain = unicodedata.normalize("NFKC", clean.one_line(text, 20)).replace("日", "")
    parts = plain.translate(_BETWEEN).split("-")
    try:
        day = date(*(int(part) for part in parts)) if len(parts) == 3 else None
    except ValueError:
        return None
    return day if day is not None and is_plausible(day) else None


def _missing(
    wish: ActionRequested,
    given: Mapping[str, str],
    calendar: Calendar,
    latest: datetime | None,
    _: Words,
) -> str:
    """What has to be filled in or shortened before the router is asked."""
    if len(clean.several_lines(given.get("text", ""))) > MAX_TEXT:
        return _("This is longer than %(most)s characters. Please shorten it.", most=MAX_TEXT)
    said = _undecided(wish, _) or _unfit_day(wish, given, calendar, latest, _)
    if said:
        return said
    of_words = offer(wish.action, _)
    return of_words.must_say if of_words is not None and wish.text is None else ""


def _undecided(wish: ActionRequested, _: Words) -> str:
    match wish.action:
        case Action.DECLINE if wish.reason is None or wish.proposed is None:
            return _("Please say why, and who should have it instead.")
        case Action.HAND_OVER if wish.proposed is None:
            return _("Please choose who should have it.")
        case Action.ASK if wish.proposed is None:
            return _("Please choose whom to ask.")
        case Action.RESOLVE if wish.cause is None:
            return _("Please choose the cause.")
        case Action.WAIT if wish.waiting_for is None:
            return _("Please say whose answer is needed.")
        case _:
            return ""


def _unfit_day(
    wish: ActionRequested,
    given: Mapping[str, str],
    calendar: Calendar,
    latest: datetime | None,
    _: Words,
) -> str:
    """What is wrong with the end of a snooze or a promised day. What is chosen counts, and not
    what it comes to: a Sunday that is over would come to the Monday after it."""
    if wish.action not in (Action.SNOOZE, Action.PROMISE):
        return ""
    now, snoozes = wish.occurred_at, wish.action is Action.SNOOZE
    until = wish.until
    if until is None:
        tomorrow = today(now, calendar) + timedelta(days=1)
        written = given.get("day", "").strip()
        example = _("Please write the day as in %(example)s.", example=tomorrow.isoformat())
        return example if written else _("Please choose a day.")
    taps = snoozes and given.get("when", "") in set(Soon)
    day = None if taps else read_day(given.get("day", ""))
    if snoozes and day is not None and day <= today(now, calendar):
        return _("Please choose a day that is still to come.")
    if not snoozes and until <= now:
        return _("This day is over. Please choose a later one.")
    if latest is None or until <= latest:
        return ""
    most = _.time(latest, calendar.zone, now)
    if snoozes:
        return _(
            "It can be put off until %(time)s at the most. Please choose an earlier day.", time=most
        )
    return _(
        "It can be promised until %(time)s at the most. Please choose an earlier day.", time=most
    )
