"""Who everybody is at a moment: their team, since when, whether they are away or accompanied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from services.metrics.facts import Fact, Kind
from shared import load
from shared.contracts.organisation import Calendar, Organisation

_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Beside:
    """Who runs alongside a carrier, and since when."""

    companion: str
    since_s: float


class People:
    """The organisation in force and what has been heard of its people. Facts come in order."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self._was_published = False
        self._joined_s: dict[str, float] = {}
        self._away_s: dict[str, float] = {}
        self._beside: dict[str, Beside] = {}

    def publish(self, organisation: Organisation, at_s: float) -> None:
        """The organisation is this one now. Whoever was not in the first one has joined."""
        known = self.organisation.person
        if self._was_published:
            new = (one for one in organisation.person if one not in known)
            self._joined_s.update(dict.fromkeys(new, at_s))
        gone = set(self._joined_s) - set(organisation.person)
        for person in gone:
            del self._joined_s[person]
        self.organisation, self._was_published = organisation, True

    def fold(self, fact: Fact) -> None:
        match fact.kind:
            case Kind.ABSENCE_STARTED:
                self._away_s.setdefault(fact.person, fact.at_s)
            case Kind.ABSENCE_ENDED:
                self._away_s.pop(fact.person, None)
            case Kind.COMPANION_ASSIGNED:
                self._beside[fact.raiser] = Beside(fact.person, fact.at_s)
            case Kind.COMPANION_RELEASED:
                beside = self._beside.get(fact.raiser)
                if beside is not None and beside.companion == fact.person:
                    del self._beside[fact.raiser]
            case _:
                pass

    def decides(self, person: str, moves: int) -> bool:
        """Whether they say where an issue belongs without pushing it away: the leader, and whoever
        sorts what nobody could place."""
        triage = self.organisation.triage
        sorts = triage is not None and person == triage.person and moves == 0
        return sorts or person == self.organisation.leader

    def is_away(self, person: str) -> bool:
        return person in self._away_s

    def beside(self, carrier: str) -> Beside | None:
        """Who runs alongside; nobody who has left does."""
        found = self._beside.get(carrier)
        return found if found and found.companion in self.organisation.person else None

    def accompanied(self) -> Counter[str]:
        """How many each companion runs alongside."""
        return Counter(one.companion for one in self._beside.values())

    def joined_s(self, person: str) -> float | None:
        """When they came; None for whoever has been here as long as anything is known."""
        return self._joined_s.get(person)

    def capacity(self, person: str, *, accompanies: int, here_s: float | None) -> float:
        """The share of the day that they have for issues, who have been here for so much working
        time; None: for as long as anything is known."""
        is_new = here_s is not None and here_s < load.NEW_FOR_S
        who = self.organisation.person[person]
        return load.capacity(who, accompanies=accompanies, is_new=is_new)

    def experience_years(self, person: str, today: date) -> float | None:
        """Since they began in this kind of work; None where the organisation does not say."""
        since = self.organisation.person[person].since
        return None if since is None else max(0.0, (today - since).days / _YEAR_DAYS)

    def calendars(self) -> Mapping[str, Calendar]:
        """By team the calendar of most of its people, where that is not the company's."""
        organisation, found = self.organisation, dict[str, Calendar]()
        for team, members in organisation.members.items():
            counts = Counter(person.calendar or organisation.calendar for person in members)
            (calendar_id, _), *_rest = counts.most_common(1) or [(organisation.calendar, 0)]
            if calendar_id != organisation.calendar:
                found[team] = organisation.calendar_named(calendar_id)
        return found

    def state(self) -> dict[str, Any]:
        """All of it but the organisation, as JSON can hold it."""
        return {
            "revision": self.organisation.revision if self._was_published else None,
            "joined_s": self._joined_s,
            "away_s": self._away_s,
            "beside": {who: [one.companion, one.since_s] for who, one in self._beside.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], organisation: Organisation) -> Self:
        """What `state` was of."""
        made = cls(organisation)
        made._was_published = state["revision"] is not None
        made._joined_s = dict(state["joined_s"])
        made._away_s = dict(state["away_s"])
        made._beside = {who: Beside(*one) for who, one in state["beside"].items()}
        return made
