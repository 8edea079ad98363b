"""Which groups of people are large enough to be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.gauges.groups import (
    OTHER,
    gini,
    grouped,
    labels,
    quantile,
    shown_teams,
    smallest_group,
    top_share,
)
from shared.contracts.organisation import Privacy
from tests.unit import build

sizes = st.dictionaries(st.text("abcdefg", min_size=1, max_size=2), st.integers(0, 20), max_size=9)


def test_a_large_team_is_shown_and_small_ones_together() -> None:
    assert labels({"product": 5, "sales": 4, "shipping": 1}, 5) == {
        "product": "product",
        "sales": OTHER,
        "shipping": OTHER,
    }


def test_small_teams_that_are_too_few_even_together_are_left_out() -> None:
    assert labels({"product": 9, "sales": 3, "shipping": 1}, 5) == {"product": "product"}


def test_one_small_team_alone_never_appears_as_the_others() -> None:
    assert labels({"product": 50, "sales": 4}, 5) == {"product": "product"}


def test_a_team_that_is_called_other_shares_its_label_with_small_ones_only() -> None:
    assert labels({OTHER: 7, "sales": 2, "product": 6}, 5) == {
        OTHER: OTHER,
        "sales": OTHER,
        "product": "product",
    }


@given(sizes, st.integers(3, 10))
def test_every_group_that_is_shown_is_large_enough(found: dict[str, int], smallest: int) -> None:
    shown = labels(found, smallest)

    for label in set(shown.values()):
        assert sum(found[team] for team in shown if shown[team] == label) >= smallest


@given(sizes, st.integers(3, 10))
def test_what_is_left_out_is_small(found: dict[str, int], smallest: int) -> None:
    hidden = found.keys() - labels(found, smallest).keys()

    assert sum(found[team] for team in hidden) < smallest


def test_a_group_counts_those_who_have_a_figure() -> None:
    members = [("product", 0.9), *[("sales", value / 10) for value in range(5)]]

    assert grouped(members, 5) == {"sales": [0.0, 0.1, 0.2, 0.3, 0.4]}


@pytest.mark.parametrize(
    ("holidays", "said", "smallest"),
    [("JP", None, 10), ("DE-BY", None, 5), (None, None, 5), ("JP", 3, 3), ("DE", 8, 8)],
)
def test_how_large_is_large_enough(holidays: str | None, said: int | None, smallest: int) -> None:
    company = build.organisation(
        calendars=(build.calendar(holidays=holidays),), privacy=Privacy(smallest_group=said)
    )

    assert smallest_group(company) == smallest


def test_the_teams_of_a_small_company_are_not_shown() -> None:
    assert shown_teams(build.organisation()) == {}
    assert shown_teams(build.organisation(privacy=Privacy(smallest_group=4))) == {
        "product": "product",
        "shipping": OTHER,
        "sales": OTHER,
    }


def test_a_quantile_lies_between_two_values() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 10.0]

    assert quantile(values, 0.5) == 2.0
    assert quantile(values, 0.9) == pytest.approx(7.2)
    assert quantile(values, 1.0) == 10.0
    assert quantile([4.0], 0.9) == 4.0


def test_the_busiest_twentieth_is_one_person_at_least() -> None:
    assert top_share([1, 1, 2]) == 0.5
    assert top_share([1.0] * 38 + [20, 42]) == 0.62
    assert top_share([]) == 0.0
    assert top_share([0, 0]) == 0.0


def test_equal_shares_are_no_inequality_and_one_who_has_all_is_much() -> None:
    assert gini([2, 2, 2, 2]) == 0.0
    assert gini([0, 0, 0, 4]) == 0.75
    assert gini([]) == gini([0, 0]) == 0.0
