"""How people fare: by group for everybody who may look, by person only where that is agreed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.metrics.gauges import groups
from services.metrics.gauges.families import add_quantile, quantiles
from services.metrics.gauges.groups import grouped, smallest_group
from services.metrics.gauges.seen import Known, Seen
from services.metrics.picture import Condition, PersonSeen, Stage, TeamSeen
from shared import clock
from shared.contracts.metrics import Level
from shared.contracts.organisation import Organisation, Person, Tier

QUANTILES = (0.5, 0.9)
"""Not the outermost, which are single people's figures."""
DAY_S = 24 * 3600.0
FIELDS: Final = ("light", "loaded", "ignored", "loaded_ignored")

OF_CARRIERS: Final = frozenset(
    {Condition.ISOLATION_WATCH, Condition.ISOLATION_ASK, Condition.ISOLATION_ALARM}
)
"""These say something of somebody who has a figure of isolation."""
OF_PEOPLE: Final = frozenset(
    {
        Condition.COMPANION_NOT_HELPING,
        Condition.OVER_LOAD,
        Condition.CAPACITY_CLIFF,
        Condition.HELPERS_CONCENTRATED,
        Condition.OFF_HOURS_REMINDERS,
    }
)
"""These say something of somebody in the team."""
PERSONAL: Final = OF_CARRIERS | OF_PEOPLE
"""The others are about issues, or about how a team answers, as its counters are."""


def _gauge(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"banso_{name}", words, labels=labels)


def _by_team(
    name: str,
    words: str,
    found: Mapping[str, Sequence[PersonSeen]],
    figure: Callable[[Sequence[float]], float],
    of: Callable[[PersonSeen], float],
) -> Metric:
    family = _gauge(name, words, "team")
    for label, people in found.items():
        family.add_metric([label], figure(sorted(map(of, people))))
    return family


@dataclass(frozen=True, slots=True)
class _Moment:
    """What one scrape looks at."""

    organisation: Organisation
    people: Sequence[PersonSeen]
    teams: Sequence[TeamSeen]
    conditions: Collection[tuple[Condition, str]]
    at: datetime

    @property
    def smallest(self) -> int:
        return smallest_group(self.organisation)

    @property
    def carriers(self) -> Iterator[PersonSeen]:
        """Whoever has a figure of isolation."""
        return (one for one in self.people if one.isolation is not None)


class GroupGauges(Collector):
    """Isolation, load and experience by group, with nothing about any one person."""

    def __init__(self, seen: Seen, known: Known) -> None:
        self._seen = seen
        self._known = known

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        organisation, now = self._known.current, clock.now()
        if organisation is None:
            return
        moment = _Moment(
            organisation,
            [one for one in self._seen.people(now) if one.person_id in organisation.person],
            list(self._seen.teams(now)),
            self._seen.conditions(now),
            now,
        )
        yield from _isolation(moment)
        yield from _load(moment)
        yield from _answers(moment)
        yield from _experience(moment)
        yield _conditions(moment)


def _isolation(moment: _Moment) -> Iterator[Metric]:
    found = grouped(((one.team, one) for one in moment.carriers), moment.smallest)
    counts = _gauge(
        "isolated_people", "People whom the company answers too little, by level.", "team", "level"
    )
    for label, people in found.items():
        for level in Level:
            count = sum(1 for one in people if one.level is level)
            counts.add_metric([label, level], count)
    yield counts
    family = quantiles(
        "banso_isolation_ratio",
        "How much the company leaves carriers alone, 0 to 1, over the people who have asked for"
        " anything.",
    )
    for label, people in found.items():
        values = sorted(one.isolation or 0.0 for one in people)
        _add_quantiles(family, label, values)
    yield family
    yield _fields(found)


def _fields(found: Mapping[str, Sequence[PersonSeen]]) -> Metric:
    """Much to carry and no answers are two troubles, which need not come together."""
    family = _gauge(
        "carriers",
        "People who have asked for anything, by whether they have more than a week of work in hand"
        " and whether the company answers them too little.",
        "team",
        "field",
    )
    for label, people in found.items():
        counts = Counter(_field(one) for one in people)
        for field in FIELDS:
            family.add_metric([label, field], counts[field])
    return family


def _field(one: PersonSeen) -> str:
    is_loaded, is_ignored = one.load_ratio > 1, one.level is not None
    return FIELDS[is_loaded + 2 * is_ignored]


def _load(moment: _Moment) -> Iterator[Metric]:
    found = grouped(((one.team, one) for one in moment.people), moment.smallest)
    ratio = attrgetter("load_ratio")
    family = quantiles("banso_load_ratio", "Work in hand of people; 1 is a week of work.")
    for label, people in found.items():
        _add_quantiles(family, label, sorted(map(ratio, people)))
    yield family
    yield _by_team(
        "people_over_load",
        "People with more than a week of work in hand.",
        found,
        lambda values: sum(1 for value in values if value > 1),
        ratio,
    )
    yield _by_team(
        "load_gini_ratio",
        "How unequally work in hand is spread, 0 to 1; a diagnosis, never an aim.",
        found,
        groups.gini,
        ratio,
    )


def _answers(moment: _Moment) -> Iterator[Metric]:
    counter = CounterMetricFamily(
        "banso_expected_answers",
        "Answers that a team would have given if it answered as is normal in the company.",
        labels=["team"],
    )
    normal = _gauge(
        "expected_response_seconds",
        "The normal wait for an answer of the team, the first or the next. In working seconds.",
        "team",
        "stage",
    )
    oldest = _gauge(
        "oldest_wait_ratio",
        "The longest open wait for a word of the team, in normal waits; 0 without one.",
        "team",
    )
    for team in moment.teams:
        counter.add_metric([team.team], team.expected_answers)
        oldest.add_metric([team.team], team.oldest_wait_ratio)
        for stage in Stage:
            if stage in team.expected_response_s:
                normal.add_metric([team.team, stage], team.expected_response_s[stage])
    yield counter
    yield normal
    yield oldest
    family = _gauge(
        "helper_top_share_ratio",
        "Share of the answers that the busiest twentieth of the helpers gave.",
        "team",
    )
    answers = ((one.team, count) for one in moment.teams for count in one.answers_by_helper)
    for label, counts in grouped(answers, moment.smallest).items():
        family.add_metric([label], groups.top_share(sorted(counts)))
    yield family


def _experience(moment: _Moment) -> Iterator[Metric]:
    """Who stands at the front; how many they are says the organisation anyway."""
    organisation = moment.organisation
    for name, words, people in (
        (
            "front_line",
            "People at the front",
            [one for one in organisation.people if one.front_line],
        ),
        (
            "support",
            "People behind the front",
            [one for one in organisation.people if not one.front_line],
        ),
    ):
        family = _gauge(f"{name}_people", f"{words}.", "team")
        for team in organisation.team:
            family.add_metric([team], sum(1 for one in people if one.team == team))
        yield family
        family = _gauge(
            f"{name}_experience_seconds",
            f"{words}: their mean experience in this kind of work. In calendar seconds.",
            "team",
        )
        known = ((one.team, _experience_s(one, moment.at)) for one in people if one.since)
        for label, spans in grouped(known, moment.smallest).items():
            family.add_metric([label], sum(spans) / len(spans))
        yield family


def _experience_s(person: Person, at: datetime) -> float:
    assert person.since is not None
    return max(0.0, (at.date() - person.since).days * DAY_S)


def _conditions(moment: _Moment) -> Metric:
    """1 where it holds for anybody in the group, 0 where it could."""
    teams = {team: team for team in moment.organisation.team}
    carriers = _labels((one.team for one in moment.carriers), moment.smallest)
    people = _labels((one.team for one in moment.people), moment.smallest)
    family = _gauge(
        "condition_active", "1 while a condition over working time holds.", "condition", "team"
    )
    for condition in Condition:
        of_people = people if condition in OF_PEOPLE else teams
        shown = carriers if condition in OF_CARRIERS else of_people
        holding = {team for held, team in moment.conditions if held is condition}
        if condition not in PERSONAL:
            shown = shown | {team: team for team in holding}
        active = {shown[team] for team in holding if team in shown}
        for label in dict.fromkeys(shown.values()):
            family.add_metric([condition, label], label in active)
    return family


def _labels(teams: Iterable[str], smallest: int) -> dict[str, str]:
    sizes: dict[str, int] = {}
    for team in teams:
        sizes[team] = sizes.get(team, 0) + 1
    return groups.labels(sizes, smallest)


def _add_quantiles(family: Metric, label: str, values: Sequence[float]) -> None:
    for share in QUANTILES:
        add_quantile(family, label, share, groups.quantile(values, share))


class PersonGauges(Collector):
    """The figures of every person by name, for a registry of their own."""

    def __init__(self, seen: Seen, known: Known) -> None:
        self._seen = seen
        self._known = known

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        organisation = self._known.current
        if organisation is None or organisation.privacy.tier is not Tier.NAMES:
            return
        people = [
            one for one in self._seen.people(clock.now()) if one.person_id in organisation.person
        ]
        for name, words, figure in _OF_PERSONS:
            family = _gauge(f"person_{name}", words, "person", "team")
            for one in people:
                value = figure(one)
                if value is not None:
                    family.add_metric([one.person_id, one.team], value)
            yield family
        yield _roles(people)


_OF_PERSONS: tuple[tuple[str, str, Callable[[PersonSeen], float | None]], ...] = (
    ("load_seconds", "Work in hand. In working seconds.", attrgetter("load_s")),
    ("load_ratio", "Work in hand; 1 is a week of work.", attrgetter("load_ratio")),
    (
        "isolation_ratio",
        "How much the company leaves this carrier alone, 0 to 1; absent before they ask anything.",
        attrgetter("isolation"),
    ),
    (
        "isolation_evidence",
        "How many happenings the isolation is made of; under 2 it means little.",
        lambda one: None if one.isolation is None else one.evidence,
    ),
    (
        "oldest_wait_ratio",
        "Their longest open wait for an answer, in normal waits; 0 without one.",
        attrgetter("oldest_wait_ratio"),
    ),
    (
        "helpers_effective",
        "By how many people they are answered, counted by their shares.",
        attrgetter("helpers_effective"),
    ),
    ("absent", "1 while they are away.", lambda one: float(one.is_absent)),
    (
        "companion_active",
        "1 while somebody runs alongside them.",
        lambda one: float(one.has_companion),
    ),
)


def _roles(people: Iterable[PersonSeen]) -> Metric:
    family = _gauge(
        "person_open_issues", "Open issues that they carry or own.", "person", "team", "role"
    )
    for one in people:
        family.add_metric([one.person_id, one.team, "carrier"], one.carries)
        family.add_metric([one.person_id, one.team, "owner"], one.owns)
    return family
