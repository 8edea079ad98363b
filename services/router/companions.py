"""A companion for a carrier whom the company leaves alone: what follows what, and who is asked.

The carrier is asked first. Only where they want it a colleague is asked, one after the other, and
where nobody agrees within a working day the leader does it. It ends when the carrier has been
answered for a while, or when either of them says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, assert_never

from services.router.assignment import NOTHING, Staff
from services.router.presence import HERE
from shared import load
from shared.contracts.intake import CompanionWord
from shared.contracts.metrics import Level
from shared.contracts.organisation import WORKING_DAY, Organisation, Person
from shared.contracts.router import CompanionBecause, ReleasedBecause
from shared.worktime import WorkingHours

ANSWER_WITHIN: Final = WORKING_DAY
"""For the carrier before they are asked again, and for all colleagues together."""
FIRST_CHECK: Final = 5 * WORKING_DAY
NEXT_CHECKS: Final = 10 * WORKING_DAY
PEACE: Final = 10 * WORKING_DAY
"""So long somebody who wants no companion is not asked again, unless it becomes much worse."""
LONGEST_AWAY: Final = 5 * WORKING_DAY
"""Whoever is away for longer than this can run alongside nobody."""
MOST_LOAD_RATIO: Final = 0.8
MOST_ACCOMPANIED: Final = 3
MOST_OFFERS: Final = 2


class Stage(StrEnum):
    """How far it has come."""

    PUT_OFF = "put_off"
    """The carrier is away, and is asked when they are back."""
    OFFERED = "offered"
    """The carrier is asked."""
    SEARCHING = "searching"
    """The carrier wants somebody, and a colleague is asked."""
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Companionship:
    """A carrier and whoever runs alongside, or will."""

    companionship_id: str
    version: int
    """Counts what has happened to it; what was due for an older one is void."""
    carrier_id: str
    stage: Stage
    level: Level
    """The worst that was heard of since it began."""
    began_at: datetime
    offers: int = 0
    """How often the carrier was asked since it became as bad as it is."""
    companion_id: str | None = None
    """Who runs alongside, or is asked now."""
    because: CompanionBecause | None = None
    asked_ids: list[str] = field(default_factory=list)
    """Everybody who was asked so far, or named; nobody is asked twice."""
    why: list[dict[str, Any]] = field(default_factory=list)
    """The evidence, as metrics said it."""
    silent_team_ids: list[str] = field(default_factory=list)
    coordinator_id: str | None = None
    """Who was told that somebody may be needed."""
    ended_at: datetime | None = None
    ended_because: ReleasedBecause | None = None
    due_at: datetime | None = None
    """When something is to be done if nobody says anything; None where only words help."""
    taken_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.stage is not Stage.OVER


class Heard(StrEnum):
    """What follows when a carrier turns out to be left alone."""

    NOTHING = "nothing"
    BEGIN = "begin"
    """They are asked."""
    ASK_AGAIN = "ask_again"
    """They have not answered, and it has become much worse."""
    IN_SPITE = "in_spite"
    """The leader hears that a companion was not enough."""


def heard(
    known: Companionship | None,
    level: Level,
    hours: WorkingHours,
    now: datetime,
    *,
    in_spite: bool,
) -> Heard:
    """What follows; `known` is the carrier's last companionship, `hours` are the carrier's."""
    if level is Level.WATCH:
        return Heard.NOTHING
    worse = level is Level.ALARM and (known is None or known.level is not Level.ALARM)
    if known is None or not known.is_open:
        return Heard.NOTHING if not worse and is_left_in_peace(known, hours, now) else Heard.BEGIN
    if known.stage is Stage.RUNNING:
        return Heard.IN_SPITE if in_spite else Heard.NOTHING
    return Heard.ASK_AGAIN if worse and known.stage is Stage.OFFERED else Heard.NOTHING


def is_left_in_peace(known: Companionship | None, hours: WorkingHours, now: datetime) -> bool:
    """Whether they said not long ago that they want none."""
    if known is None or known.ended_at is None:
        return False
    said_no = known.ended_because in (ReleasedBecause.DECLINED, ReleasedBecause.ENDED)
    return said_no and now < hours.after(known.ended_at, PEACE)


class Meaning(StrEnum):
    """What somebody's word leads to."""

    NOTHING = "nothing"
    SEARCH = "search"
    """The carrier wants somebody: a colleague is asked."""
    DECLINED = "declined"
    """The carrier wants nobody."""
    AGREED = "agreed"
    """A colleague will."""
    NEXT = "next"
    """A colleague can't: the next one is asked."""
    TAKES_OVER = "takes_over"
    """A colleague will after all, so that the leader need not."""
    HELPS_NOT = "helps_not"
    """Somebody else is looked for, and the leader hears of it."""
    ENDED = "ended"
    """The carrier needs nobody any more."""
    STOPS = "stops"
    """The companion can't any more."""


def meaning(known: Companionship, who: str, word: CompanionWord) -> Meaning:
    """What a word of this person leads to as things are; the same word again leads to nothing."""
    if who == known.carrier_id:
        return _of_carrier(known.stage, word)
    if who not in known.asked_ids:
        return Meaning.NOTHING
    return _of_colleague(known, word, is_theirs=who == known.companion_id)


def _of_carrier(stage: Stage, word: CompanionWord) -> Meaning:
    ends = word in (CompanionWord.NO, CompanionWord.END)
    match stage:
        case Stage.PUT_OFF | Stage.OFFERED:
            if word is CompanionWord.YES:
                return Meaning.SEARCH
            return Meaning.DECLINED if ends else Meaning.NOTHING
        case Stage.SEARCHING:
            return Meaning.ENDED if ends else Meaning.NOTHING
        case Stage.RUNNING:
            if word is CompanionWord.HELPS_NOT:
                return Meaning.HELPS_NOT
            return Meaning.ENDED if ends else Meaning.NOTHING
        case Stage.OVER:
            return Meaning.NOTHING
        case _:
            assert_never(stage)


def _of_colleague(known: Companionship, word: CompanionWord, *, is_theirs: bool) -> Meaning:
    ends = word in (CompanionWord.NO, CompanionWord.END)
    if known.stage is Stage.SEARCHING:
        if word is CompanionWord.YES:
            return Meaning.AGREED
        return Meaning.NEXT if ends and is_theirs else Meaning.NOTHING
    if known.stage is not Stage.RUNNING:
        return Meaning.NOTHING
    if not is_theirs:
        instead = word is CompanionWord.YES and known.because is CompanionBecause.LEADER
        return Meaning.TAKES_OVER if instead else Meaning.NOTHING
    if word is CompanionWord.HELPS_NOT:
        return Meaning.HELPS_NOT
    return Meaning.STOPS if ends else Meaning.NOTHING


class Due(StrEnum):
    """What Banso does when nobody has said anything in time."""

    OFFER = "offer"
    """The carrier is asked, once more or now that they are back."""
    TELL = "tell"
    """The coordinator hears that the carrier does not answer."""
    NAME = "name"
    """The leader runs alongside."""
    CHECK = "check"
    """Both are asked whether it helps."""


def due(known: Companionship) -> Due:
    """What is to be done now. Whoever is hardly answered at all, and says nothing when asked
    twice, may have given up asking: then the leader does not wait for a yes."""
    match known.stage:
        case Stage.PUT_OFF:
            return Due.OFFER
        case Stage.OFFERED:
            if known.offers < MOST_OFFERS:
                return Due.OFFER
            return Due.NAME if known.level is Level.ALARM else Due.TELL
        case Stage.SEARCHING:
            return Due.NAME
        case Stage.RUNNING:
            return Due.CHECK
        case Stage.OVER:
            raise ValueError("nothing is due of what is over")
        case _:
            assert_never(known.stage)


def begin(
    companionship_id: str,
    carrier_id: str,
    level: Level,
    coordinator_id: str | None,
    now: datetime,
) -> Companionship:
    """A carrier is left alone; nobody is asked yet."""
    return Companionship(
        companionship_id=companionship_id,
        version=0,
        carrier_id=carrier_id,
        stage=Stage.OFFERED,
        level=level,
        began_at=now,
        coordinator_id=coordinator_id,
    )


def learn(
    known: Companionship,
    level: Level,
    why: Sequence[dict[str, Any]],
    silent_team_ids: Sequence[str],
) -> Companionship:
    """What the figure is made of now. Once it is much worse the carrier is asked as often again."""
    worse = level is Level.ALARM and known.level is not Level.ALARM
    return replace(
        known,
        level=level if worse else known.level,
        offers=0 if worse else known.offers,
        why=list(why),
        silent_team_ids=list(silent_team_ids),
    )


def put_off(known: Companionship, until: datetime) -> Companionship:
    """Whoever is away is asked when they are back."""
    stage = Stage.PUT_OFF if known.stage is Stage.OFFERED else known.stage
    return _next(known, stage=stage, due_at=until)


def offer(known: Companionship, hours: WorkingHours, now: datetime) -> Companionship:
    """The carrier is asked."""
    due_at = hours.after(now, ANSWER_WITHIN)
    return _next(known, stage=Stage.OFFERED, offers=known.offers + 1, due_at=due_at)


def wait(known: Companionship) -> Companionship:
    """Only the carrier's word, or worse news, leads further."""
    return _next(known, due_at=None)


def search(known: Companionship, hours: WorkingHours, now: datetime) -> Companionship:
    """Colleagues are asked, and have a working day in all."""
    due_at = hours.after(now, ANSWER_WITHIN)
    return _next(known, stage=Stage.SEARCHING, companion_id=None, because=None, due_at=due_at)


def ask(known: Companionship, person_id: str) -> Companionship:
    """This colleague is asked now."""
    return _next(known, companion_id=person_id, asked_ids=_with(known.asked_ids, person_id))


def run(
    known: Companionship,
    person_id: str,
    because: CompanionBecause,
    hours: WorkingHours,
    now: datetime,
) -> Companionship:
    """Somebody runs alongside from now on."""
    return _next(
        known,
        stage=Stage.RUNNING,
        companion_id=person_id,
        because=because,
        asked_ids=_with(known.asked_ids, person_id),
        due_at=hours.after(now, FIRST_CHECK),
    )


def check(known: Companionship, hours: WorkingHours, now: datetime) -> Companionship:
    """Both have been asked whether it helps; they are again after a while."""
    return _next(known, due_at=hours.after(now, NEXT_CHECKS))


def let_go(known: Companionship) -> Companionship:
    """Whoever ran alongside, or was asked, need not any more; somebody else will."""
    return _next(known)


def end(known: Companionship, because: ReleasedBecause, now: datetime) -> Companionship:
    """It is over."""
    return _next(known, stage=Stage.OVER, ended_at=now, ended_because=because, due_at=None)


def _next(known: Companionship, **changed: Any) -> Companionship:
    return replace(known, version=known.version + 1, taken_at=None, **changed)


def _with(asked_ids: Sequence[str], person_id: str) -> list[str]:
    return list(dict.fromkeys((*asked_ids, person_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who is looked for."""

    carrier: Person
    lead_id: str
    """The carrier's own, to whom people may not speak as freely as to others."""
    silent_team_ids: Collection[str]
    asked_ids: Collection[str]
    accompanied: Mapping[str, int]
    """How many carriers everybody runs alongside, or is asked to."""
    answered: Mapping[str, str]
    """Who has answered this carrier before, and when last (ISO 8601)."""


def candidates(people: Iterable[Person], wanted: Wanted, staff: Staff) -> list[str]:
    """Who may be asked, the best first: whoever speaks the carrier's language and is not their own
    lead; then whoever has the least in hand, has answered this carrier last, has the longest
    experience."""
    fit = [person for person in people if _is_fit(person, wanted, staff)]
    return [person.id for person in sorted(fit, key=lambda one: _rank(one, wanted, staff))]


def _is_fit(person: Person, wanted: Wanted, staff: Staff) -> bool:
    if not person.companion or person.id == wanted.carrier.id or person.id in wanted.asked_ids:
        return False
    if person.team in wanted.silent_team_ids:
        return False
    presence = staff.presences.get(person.id, HERE)
    if presence.is_substituted or presence.away_s > load.DAY_S:
        return False
    if wanted.accompanied.get(person.id, 0) >= MOST_ACCOMPANIED:
        return False
    return _load_ratio(person, wanted, staff) < MOST_LOAD_RATIO


def _load_ratio(person: Person, wanted: Wanted, staff: Staff) -> float:
    """Without the time that accompanying takes."""
    in_hand_s = staff.works.get(person.id, NOTHING).in_hand_s
    accompanies = wanted.accompanied.get(person.id, 0)
    return load.load_ratio(load.capacity(person, accompanies=accompanies), in_hand_s)


def _rank(person: Person, wanted: Wanted, staff: Staff) -> tuple[bool, bool, float, float, int]:
    speaks = not person.languages or wanted.carrier.language in person.languages
    last = wanted.answered.get(person.id)
    answered_s = datetime.fromisoformat(last).timestamp() if last else 0.0
    began = person.since.toordinal() if person.since else _NO_EXPERIENCE
    in_hand = round(_load_ratio(person, wanted, staff), 1)
    return (not speaks, person.id == wanted.lead_id, in_hand, -answered_s, began)


_NO_EXPERIENCE: Final = 10**7
"""Sorts whoever says nothing of their experience behind all others."""


def heads(organisation: Organisation, silent_team_ids: Iterable[str], carrier_id: str) -> list[str]:
    """Who leads the teams that do not answer; the leader where that is nobody else."""
    teams = (organisation.team.get(one) for one in silent_team_ids)
    leads = dict.fromkeys(team.lead for team in teams if team is not None)
    found = [one for one in leads if one != carrier_id]
    return found or [one for one in (organisation.leader,) if one != carrier_id]


def last_resorts(organisation: Organisation, carrier_id: str) -> Iterator[str]:
    """Who runs alongside where nobody else does, the first choice first: the leader, and where
    that is the carrier whoever sees to companions, then those who lead teams."""
    leads = (team.lead for team in organisation.teams)
    named = (organisation.leader, organisation.companion_coordinator, *leads)
    return (one for one in dict.fromkeys(named) if one is not None and one != carrier_id)


def coordinator(organisation: Organisation, carrier_id: str) -> str | None:
    """Who sees to it that somebody runs alongside; nobody where that is the carrier alone."""
    named = (organisation.companion_coordinator, organisation.leader)
    return next((one for one in named if one is not None and one != carrier_id), None)
