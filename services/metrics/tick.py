"""What metrics does as time passes: folds what was heard, looks at it, and says what is to be said.

Nothing is said while facts are still being caught up with: what has not been heard yet may be the
answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine

from services.metrics import store, watch
from services.metrics.facts import instant
from services.metrics.isolation import Isolation
from services.metrics.keeper import Keeper
from services.metrics.ledger import Ledger
from services.metrics.load import Loads
from services.metrics.normal import Stage
from services.metrics.picture import Condition, PersonSeen, Picture, TeamSeen
from services.metrics.standing import NO_TEAM
from services.metrics.store import Books, Hold
from services.metrics.watch import Glance, Isolated, Supported, Watched
from shared import clock, logs
from shared.contracts.event import Event
from shared.contracts.metrics import PersonIsolated, PersonSupported
from shared.journal import Cause, Journal
from shared.load import load_ratio

log = logs.get(__name__)

LOOK_EVERY = timedelta(minutes=1)
"""Waiting alone moves a figure, so everybody is looked at again."""
LOOKS_TAKE_AT_MOST = 0.2
"""Of the time, however many people there are."""
MOST_EVIDENCE = 8
MOST_TEAMS = 20

_OVER_LOAD = "over_load"
_CLIFF = "cliff"


@dataclass(frozen=True, slots=True)
class Step:
    """Something about one person to keep, and perhaps to say."""

    after: Watched
    said: Isolated | Supported | None
    event: Event | None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at everybody has found."""

    picture: Picture
    steps: tuple[Step, ...]
    holds: Mapping[str, datetime]


class Watch:
    """Looks at everybody now and then. What gauges show is what was seen last."""

    def __init__(self, keeper: Keeper, readers: Engine) -> None:
        with readers.connect() as connection:
            self._watched = store.all_watched(connection)
            self._holds = store.all_holds(connection)
        self._keeper = keeper
        self._picture: Picture | None = None
        self._is_old = True
        self._looked_at_s = float("-inf")
        self._took_s = 0.0

    # ---- what gauges ask (services/metrics/gauges/seen.py)

    def people(self, now: datetime) -> Iterable[PersonSeen]:
        return self._picture.people if self._picture else ()

    def teams(self, now: datetime) -> Iterable[TeamSeen]:
        return self._picture.teams if self._picture else ()

    def conditions(self, now: datetime) -> Collection[tuple[Condition, str]]:
        return self._picture.conditions if self._picture else ()

    # ---- the tick

    async def tick(self, journal: Journal[Books]) -> int:
        """Folds what was heard and looks, where that is due; never more to do at once."""
        self._is_old |= await self._keeper.catch_up(journal)
        now = clock.now()
        if not self._is_due(now) or not self._keeper.has_caught_up(now):
            return 0
        await self._keeper.let_time_pass(journal, now)
        ledger = self._keeper.ledger
        if ledger is None or ledger.isolation is None:
            return 0
        began_s = clock.elapsed_s()
        loads, newest_at = self._keeper.loads, self._keeper.newest_at
        about = partial(_look, ledger, loads, self._watched, self._holds, newest_at, now)
        look = await asyncio.to_thread(about)
        try:
            await self._say(journal, look)
        except Exception:
            # recorded or not: what is kept decides what has been said, and since when
            self._watched = await journal.read(store.all_watched)
            raise
        self._picture, self._is_old = look.picture, False
        self._looked_at_s = clock.elapsed_s()
        self._took_s = self._looked_at_s - began_s
        return 0

    def _is_due(self, now: datetime) -> bool:
        passed_s = clock.elapsed_s() - self._looked_at_s
        if passed_s * LOOKS_TAKE_AT_MOST < self._took_s:
            return False
        return self._is_old or self._picture is None or now - self._picture.at >= LOOK_EVERY

    async def _say(self, journal: Journal[Books], look: Look) -> None:
        for step in look.steps:
            if step.said is None:
                await journal.note(partial(_keep, step.after))
            else:
                cause_id = _cause_id(step.said, step.after)
                await journal.settle(Cause(cause_id, partial(_decide, step), may_be_known=True))
                log.info("watch.said", person=step.after.person_id, level=step.said.level)
            self._watched[step.after.person_id] = step.after
        changed = [
            Hold(name, look.holds.get(name))
            for name in self._holds.keys() | look.holds.keys()
            if self._holds.get(name) != look.holds.get(name)
        ]
        if changed:
            await journal.note(partial(_keep_holds, changed))
        self._holds = dict(look.holds)


def _cause_id(said: Isolated | Supported, after: Watched) -> str:
    """Said once: of whom, which level, since when."""
    name = f"watch/{after.person_id}/{said.level}/{said.since.isoformat()}"
    if isinstance(said, Isolated):
        return f"{name}/{after.in_spite_of}" if said.in_spite_of_companion else name
    return f"{name}/lasting" if said.lasting else f"{name}/over"


def _decide(step: Step, books: Books) -> list[Event]:
    _keep(step.after, books)
    return [step.event] if step.event is not None else []


def _keep(watched: Watched, books: Books) -> None:
    books.watched.put(watched)


def _keep_holds(changed: Iterable[Hold], books: Books) -> None:
    for hold in changed:
        books.holds.put(hold)


# ---- looking; everything beneath only reads


def _look(
    ledger: Ledger,
    loads: Loads,
    watched: Mapping[str, Watched],
    holds: Mapping[str, datetime],
    newest_at: datetime | None,
    now: datetime,
) -> Look:
    isolation = ledger.isolation
    assert isolation is not None
    steps = tuple(_watch(ledger, isolation, watched, now))
    levels = {**watched, **{step.after.person_id: step.after for step in steps}}
    people = tuple(_people(ledger, isolation, loads, levels, now))
    held = watch.hold(holds, _met(people), now)
    met = set(_conditions(ledger, isolation, loads, levels, people, held, newest_at, now))
    teams = tuple(_teams(ledger, isolation, now))
    return Look(Picture(now, people, teams, frozenset(met)), steps, held)


def _watch(
    ledger: Ledger, isolation: Isolation, watched: Mapping[str, Watched], now: datetime
) -> Iterator[Step]:
    """What is to be said about whom. Nothing is said of whoever has left."""
    for person in ledger.people.organisation.person:
        score = isolation.score(person, _at_s(isolation, now))
        if score is None:
            continue
        before = watched.get(person) or Watched(person)
        beside = ledger.people.beside(person)
        since = instant(beside.since_s) if beside else None
        seen = Glance(score, ledger.people.is_away(person), since)
        for after, said in watch.look(before, seen, now, partial(ledger.worked_s, person)):
            if after != before:
                event = _event(said, after, score, isolation, now) if said else None
                yield Step(after, said, event)
            before = after


def _event(
    said: Isolated | Supported, after: Watched, score: float, isolation: Isolation, now: datetime
) -> Event:
    person, at_s = after.person_id, _at_s(isolation, now)
    match said:
        case Isolated():
            return PersonIsolated(
                occurred_at=now,
                person_id=person,
                level=said.level,
                score=score,
                since=said.since,
                why=isolation.why(person, at_s)[:MOST_EVIDENCE],
                silent_team_ids=isolation.silent_teams(person, at_s)[:MOST_TEAMS],
                in_spite_of_companion=said.in_spite_of_companion,
            )
        case Supported():
            return PersonSupported(
                occurred_at=now,
                person_id=person,
                level=said.level,
                score=score,
                lasting=said.lasting,
            )


def _people(
    ledger: Ledger,
    isolation: Isolation,
    loads: Loads,
    levels: Mapping[str, Watched],
    now: datetime,
) -> Iterator[PersonSeen]:
    at_s, accompanied = _at_s(isolation, now), ledger.people.accompanied()
    for who in ledger.people.organisation.people:
        person = who.id
        watched = levels.get(person)
        joined_s = ledger.people.joined_s(person)
        here_s = None
        if joined_s is not None:
            here_s = ledger.worked_s(person, instant(joined_s), now)
        capacity = ledger.people.capacity(person, accompanies=accompanied[person], here_s=here_s)
        effort_s = loads.effort_s(person)
        level = watched.level if watched else None
        yield PersonSeen(
            person_id=person,
            team=who.team,
            front_line=who.front_line,
            experience_years=ledger.people.experience_years(person, now.date()),
            load_s=effort_s / capacity,
            load_ratio=load_ratio(capacity, effort_s),
            isolation=isolation.score(person, at_s),
            evidence=isolation.evidence(person, at_s),
            why=isolation.why(person, at_s)[:MOST_EVIDENCE] if level else (),
            level=level,
            owns=loads.owns(person),
            carries=loads.carries(person),
            oldest_wait_ratio=isolation.oldest_wait(person, at_s),
            helpers_effective=ledger.helpers.effective(person),
            is_absent=ledger.people.is_away(person),
            has_companion=ledger.people.beside(person) is not None,
            accompanies=accompanied[person],
        )


def _teams(ledger: Ledger, isolation: Isolation, now: datetime) -> Iterator[TeamSeen]:
    waits: defaultdict[str, float] = defaultdict(float)
    for wait in isolation.waits(_at_s(isolation, now)):
        if wait.is_running:
            waits[wait.team] = max(waits[wait.team], wait.ratio)
    for team in ledger.people.organisation.team:
        flow, answers_by = ledger.flow(team), ledger.teams.answers_by(team)
        yield TeamSeen(
            team=team,
            requests=flow.requests,
            answers=flow.answers,
            expected_answers=flow.expected,
            expected_response_s={
                stage: isolation.expected_response_s(team, stage) for stage in Stage
            },
            helper_top_share=watch.top_share(answers_by),
            helpers=len(answers_by),
            answers_by_helper=tuple(map(float, sorted(answers_by.values()))),
            oldest_wait_ratio=waits[team],
        )


def _met(people: Iterable[PersonSeen]) -> Iterator[str]:
    """Names of what is met now and counts only once it has been for a while."""
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    for one in people:
        ratios[one.team].append(one.load_ratio)
        if one.load_ratio > watch.OVERLOADED_FROM:
            yield f"{_OVER_LOAD}/{one.person_id}"
    for team, found in ratios.items():
        if watch.is_near_the_cliff(found):
            yield f"{_CLIFF}/{team}"


def _conditions(
    ledger: Ledger,
    isolation: Isolation,
    loads: Loads,
    levels: Mapping[str, Watched],
    people: Iterable[PersonSeen],
    held: Mapping[str, datetime],
    newest_at: datetime | None,
    now: datetime,
) -> Iterator[tuple[Condition, str]]:
    yield from _about_people(ledger, levels, people, held, now)
    for wait in isolation.waits(_at_s(isolation, now)):
        is_first = wait.stage is Stage.FIRST
        if wait.is_running and watch.is_forgotten(wait.ratio, wait.waited_s, is_first=is_first):
            yield Condition.REQUEST_FORGOTTEN, wait.team or NO_TEAM
    for issue in loads.pushed_around(watch.MOVES_OF_PING_PONG):
        yield Condition.PING_PONG, issue.team
    for team in ledger.people.organisation.team:
        since = held.get(f"{_CLIFF}/{team}")
        ratios = [one.load_ratio for one in people if one.team == team]
        is_long = since is not None and ledger.worked_s("", since, now) >= watch.CLIFF_FOR_S
        if is_long or watch.is_crowded(ratios):
            yield Condition.CAPACITY_CLIFF, team
        yield from _about_team(ledger, team)
    everybody = sum(
        (ledger.teams.answers_by(team) for team in ledger.people.organisation.team),
        start=Counter[str](),
    )
    if watch.are_concentrated(everybody):
        yield Condition.HELPERS_CONCENTRATED, NO_TEAM
    if newest_at is None or ledger.worked_s("", newest_at, now) > watch.STALE_AFTER_S:
        yield Condition.METRICS_STALE, NO_TEAM


def _about_people(
    ledger: Ledger,
    levels: Mapping[str, Watched],
    people: Iterable[PersonSeen],
    held: Mapping[str, datetime],
    now: datetime,
) -> Iterator[tuple[Condition, str]]:
    for one in people:
        for condition in watch.for_level(one.level):
            yield condition, one.team
        beside, watched = ledger.people.beside(one.person_id), levels.get(one.person_id)
        if beside and watched and watched.in_spite_of == instant(beside.since_s):
            yield Condition.COMPANION_NOT_HELPING, one.team
        since = held.get(f"{_OVER_LOAD}/{one.person_id}")
        if since and ledger.worked_s(one.person_id, since, now) >= watch.OVERLOADED_FOR_S:
            yield Condition.OVER_LOAD, one.team


def _about_team(ledger: Ledger, team: str) -> Iterator[tuple[Condition, str]]:
    flow = ledger.flow(team)
    if watch.is_silent(ledger.teams.week(team, flow)):
        yield Condition.TEAM_SILENT, team
    if watch.are_refusals_up(*ledger.teams.refusals(team, flow)):
        yield Condition.REFUSALS_UP, team
    if watch.are_concentrated(ledger.teams.answers_by(team)):
        yield Condition.HELPERS_CONCENTRATED, team
    if watch.is_woken_up(ledger.teams.off_hours(team)):
        yield Condition.OFF_HOURS_REMINDERS, team


def _at_s(isolation: Isolation, now: datetime) -> float:
    """Never before what is folded already: a clock that was set back must not stop the watch."""
    return max(now.timestamp(), isolation.at_s or 0.0)
