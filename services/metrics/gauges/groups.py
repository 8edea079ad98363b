"""Which groups of people are large enough to be shown, and their figures. Pure.

A group counts the people who *have* a figure: of a team of twenty in which one person has ever
asked for anything, the isolation is that person's.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from shared.contracts.organisation import Organisation

OTHER: Final = "other"
"""The label of what small groups have together."""
USUAL: Final = 5
IN_JAPAN: Final = 10
"""The stress check's results go to no group of fewer people (労働安全衛生法, its guidelines)."""

Member = TypeVar("Member")


def smallest_group(organisation: Organisation) -> int:
    """How many people a group must have to be shown by itself."""
    said = organisation.privacy.smallest_group
    if said is not None:
        return said
    holidays = organisation.calendar_of(None).holidays or ""
    return IN_JAPAN if holidays.startswith("JP") else USUAL


def labels(sizes: Mapping[str, int], smallest: int) -> dict[str, str]:
    """Under which label each team is shown; teams that are left out are missing.

    Small teams are shown together as soon as together they are enough. No figure of the whole
    company is exported beside these, so that nothing can be subtracted from it: with a total, the
    one team that is missing would be plain to see.
    """
    small = [team for team, size in sizes.items() if size < smallest or team == OTHER]
    found = {team: team for team in sizes if team not in small}
    if sum(sizes[team] for team in small) >= smallest:
        found |= dict.fromkeys(small, OTHER)
    return found


def shown_teams(organisation: Organisation) -> dict[str, str]:
    """Under which label each team is shown, by the people that it has."""
    sizes = {team: len(members) for team, members in organisation.members.items()}
    return labels(sizes, smallest_group(organisation))


def grouped(members: Iterable[tuple[str, Member]], smallest: int) -> dict[str, list[Member]]:
    """The members of each group that may be shown, by its label, from pairs of team and member."""
    by_team: defaultdict[str, list[Member]] = defaultdict(list)
    for team, member in members:
        by_team[team].append(member)
    shown = labels({team: len(found) for team, found in by_team.items()}, smallest)
    groups: defaultdict[str, list[Member]] = defaultdict(list)
    for team, label in shown.items():
        groups[label].extend(by_team[team])
    return dict(groups)


def quantile(values: Sequence[float], share: float) -> float:
    """Between the two values around that share of them, so that it is hardly ever one person's
    own; `values` are sorted, and there is at least one."""
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def top_share(values: Sequence[float]) -> float:
    """What share of all of it the busiest twentieth has, at least one of them; the values are
    sorted."""
    total = sum(values)
    top = math.ceil(len(values) / 20)
    return sum(values[len(values) - top :]) / total if total > 0 else 0.0


def gini(values: Sequence[float]) -> float:
    """How unequal sorted values are: 0 where all are the same, towards 1 where one has all."""
    total = sum(values)
    if total <= 0:
        return 0.0
    weighted = sum(place * value for place, value in enumerate(values, 1))
    return max(0.0, 2 * weighted / (len(values) * total) - (len(values) + 1) / len(values))
