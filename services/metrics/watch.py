"""When something is said about a figure: levels of isolation, and what leaders should look at.

Pure: what is seen now and what was said before in, what is to be said out.

*watch* is said at once at 0.3, *ask* after one working day at it (not while the carrier is away or
has a companion), *alarm* after one working day at 0.8 (not while they are away). So that nothing
flaps, a level that was reached is left only well below: watch under 0.25, or after one working day
under 0.3; alarm under 0.7. After ten working days under 0.3 the carrier is supported for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import Final, assert_never

from services.metrics.picture import Condition
from services.metrics.teams import Week
from shared.contracts.metrics import Level
from shared.contracts.organisation import WORKING_DAY

DAY_S: Final = WORKING_DAY.total_seconds()

WATCHED_FROM: Final = 0.3
WATCHED_UNTIL: Final = 0.25
ALARMING_FROM: Final = 0.8
ALARMING_UNTIL: Final = 0.7
HELPED_BELOW: Final = 0.5
"""Above it a companion is of no help yet."""
WAITS_TO_ASK_S: Final = DAY_S
WAITS_TO_ALARM_S: Final = DAY_S
CALM_IS_OVER_S: Final = DAY_S
LASTING_S: Final = 10 * DAY_S
COMPANION_HELPS_WITHIN_S: Final = 15 * DAY_S

WorkedS = Callable[[datetime, datetime], float]
"""Working seconds between two instants, in the calendar of whoever is concerned."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What has been said about one carrier and not taken back: one row, in the order of the
    table's columns."""

    person_id: str
    since: datetime | None = None
    """When the figure reached 0.3; None while it has not."""
    has_been_asked: bool = False
    alarming_since: datetime | None = None
    """When it reached 0.8."""
    is_alarmed: bool = False
    calm_since: datetime | None = None
    """Since when it has been under 0.3."""
    is_supported: bool = False
    """That it is over has been said, that it lasts has not."""
    in_spite_of: datetime | None = None
    """Since when the companion has been there who was said not to help."""

    @property
    def level(self) -> Level | None:
        """The highest level in force."""
        if self.since is None:
            return None
        if self.is_alarmed:
            return Level.ALARM
        return Level.ASK if self.has_been_asked else Level.WATCH


@dataclass(frozen=True, slots=True)
class Glance:
    """One carrier, as they are now."""

    score: float
    is_away: bool = False
    companion_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Isolated:
    """The level has been reached."""

    level: Level
    since: datetime
    in_spite_of_companion: bool = False


@dataclass(frozen=True, slots=True)
class Supported:
    """The level is over."""

    level: Level
    since: datetime
    lasting: bool = False


def look(
    before: Watched, seen: Glance, now: datetime, worked_s: WorkedS
) -> Iterator[tuple[Watched, Isolated | Supported | None]]:
    """What becomes of what was said, step by step; each step says one thing, the last nothing."""
    while True:
        before, said = _step(before, seen, now, worked_s)
        yield before, said
        if said is None:
            return


def _step(
    before: Watched, seen: Glance, now: datetime, worked_s: WorkedS
) -> tuple[Watched, Isolated | Supported | None]:
    calm_since = None if seen.score >= WATCHED_FROM else before.calm_since or now
    one = replace(before, calm_since=calm_since)
    if one.since is None:
        return _at_rest(one, now, worked_s)
    if calm_since is not None and _is_over(seen, calm_since, now, worked_s):
        over = Watched(
            one.person_id,
            calm_since=calm_since,
            is_supported=True,
            in_spite_of=one.in_spite_of,
        )
        return over, Supported(Level.WATCH, one.since)
    return _isolated(one, one.since, seen, now, worked_s)


def _at_rest(
    one: Watched, now: datetime, worked_s: WorkedS
) -> tuple[Watched, Isolated | Supported | None]:
    if one.calm_since is None:
        return Watched(one.person_id, since=now, in_spite_of=one.in_spite_of), Isolated(
            Level.WATCH, now
        )
    if not one.is_supported:
        return Watched(one.person_id), None
    if worked_s(one.calm_since, now) < LASTING_S:
        return one, None
    return Watched(one.person_id), Supported(Level.WATCH, one.calm_since, lasting=True)


def _is_over(seen: Glance, calm_since: datetime, now: datetime, worked_s: WorkedS) -> bool:
    return seen.score < WATCHED_UNTIL or worked_s(calm_since, now) >= CALM_IS_OVER_S


def _isolated(
    one: Watched, since: datetime, seen: Glance, now: datetime, worked_s: WorkedS
) -> tuple[Watched, Isolated | Supported | None]:
    if seen.score >= ALARMING_FROM and one.alarming_since is None:
        one = replace(one, alarming_since=now)
    if seen.score < ALARMING_UNTIL and one.alarming_since is not None:
        over, was_said = one.alarming_since, one.is_alarmed
        one = replace(one, alarming_since=None, is_alarmed=False)
        if was_said:
            return one, Supported(Level.ALARM, over)
    if seen.is_away or one.calm_since is not None:
        return one, None
    has_companion = seen.companion_since is not None
    if not (one.has_been_asked or has_companion) and worked_s(since, now) >= WAITS_TO_ASK_S:
        return replace(one, has_been_asked=True), Isolated(Level.ASK, since)
    alarming = one.alarming_since if seen.score >= ALARMING_FROM else None
    if not one.is_alarmed and alarming and worked_s(alarming, now) >= WAITS_TO_ALARM_S:
        return replace(one, is_alarmed=True), Isolated(Level.ALARM, alarming)
    if _helps_not(one, seen, now, worked_s):
        told = replace(one, in_spite_of=seen.companion_since)
        level = Level.ALARM if one.is_alarmed else Level.ASK
        return told, Isolated(level, since, in_spite_of_companion=True)
    return one, None


def _helps_not(one: Watched, seen: Glance, now: datetime, worked_s: WorkedS) -> bool:
    since = seen.companion_since
    if since is None or one.in_spite_of == since or seen.score <= HELPED_BELOW:
        return False
    return worked_s(since, now) >= COMPANION_HELPS_WITHIN_S


# ---- conditions

OVERLOADED_FROM: Final = 1.0
OVERLOADED_FOR_S: Final = 2 * DAY_S
FORGOTTEN_FROM: Final = 3.0
"""Normal waits."""
WITHOUT_REACTION_S: Final = 2 * DAY_S
MOVES_OF_PING_PONG: Final = 2
SILENT_BELOW: Final = 0.5
SILENT_FROM_REQUESTS: Final = 10
CLIFF_MEDIAN_FROM: Final = 0.8
CLIFF_FOR_S: Final = 5 * DAY_S
CLIFF_SHARE: Final = 0.2
CLIFF_FEWEST: Final = 2
"""One busy person is no cliff: that is `over_load`."""
REFUSALS_FROM: Final = 0.25
REFUSALS_TIMES: Final = 2
TOP_SHARE_FROM: Final = 0.35
TOP: Final = 0.05
FEWEST_HELPERS: Final = 20
"""Of fewer a twentieth is nobody."""
OFF_HOURS_FROM: Final = 7
STALE_AFTER_S: Final = 2 * 3600.0


def is_forgotten(ratio: float, waited_s: float, *, is_first: bool) -> bool:
    """Whether an issue waits for far longer than is normal, or nobody has reacted at all."""
    return ratio >= FORGOTTEN_FROM or (is_first and waited_s >= WITHOUT_REACTION_S)


def is_silent(week: Week) -> bool:
    """Whether a team gave fewer than half of the answers that it would normally give."""
    if week.requests < SILENT_FROM_REQUESTS or week.expected <= 0:
        return False
    return week.answers / week.expected < SILENT_BELOW


def is_crowded(load_ratios: Sequence[float]) -> bool:
    """Whether too many of a team have more than a week of work in hand."""
    above = sum(ratio > OVERLOADED_FROM for ratio in load_ratios)
    return above >= CLIFF_FEWEST and above / len(load_ratios) > CLIFF_SHARE


def is_near_the_cliff(load_ratios: Sequence[float]) -> bool:
    """Whether half of a team has so much in hand that a little more makes everything late."""
    return bool(load_ratios) and median(load_ratios) > CLIFF_MEDIAN_FROM


def are_refusals_up(this_week: float, usually: float | None) -> bool:
    """Whether a team declines far more of what it gets than it used to."""
    return usually is not None and this_week > max(REFUSALS_FROM, REFUSALS_TIMES * usually)


def top_share(answers_by: Mapping[str, int]) -> float | None:
    """Which share of the answers the busiest twentieth gave, one person at least."""
    counts = sorted(answers_by.values(), reverse=True)
    total = sum(counts)
    if not total:
        return None
    return sum(counts[: max(1, round(TOP * len(counts)))]) / total


def are_concentrated(answers_by: Mapping[str, int]) -> bool:
    """Whether a few give most of the answers."""
    share = top_share(answers_by)
    return len(answers_by) >= FEWEST_HELPERS and share is not None and share > TOP_SHARE_FROM


def is_woken_up(off_hours: Mapping[str, int]) -> bool:
    """Whether somebody was reminded outside their hours more often than a person can take."""
    return max(off_hours.values(), default=0) > OFF_HOURS_FROM


def hold(before: Mapping[str, datetime], met: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Since when each condition that is met now has been met."""
    return {name: before.get(name, now) for name in met}


def for_level(level: Level | None) -> tuple[Condition, ...]:
    """The conditions that a level in force means."""
    match level:
        case None:
            return ()
        case Level.WATCH:
            return (Condition.ISOLATION_WATCH,)
        case Level.ASK:
            return (Condition.ISOLATION_WATCH, Condition.ISOLATION_ASK)
        case Level.ALARM:
            return (
                Condition.ISOLATION_WATCH,
                Condition.ISOLATION_ASK,
                Condition.ISOLATION_ALARM,
            )
        case _:
            assert_never(level)
