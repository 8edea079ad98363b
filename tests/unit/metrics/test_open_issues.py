"""Counting as things change gives what counting everything gives."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.metrics.gauges.issues import OpenIssues
from services.metrics.store import Standing
from shared.contracts.issue import State, Urgency
from tests.unit.build import MONDAY

TEAMS = ("product", "shipping")

standings = st.builds(
    Standing,
    issue_id=st.sampled_from("abcdef"),
    version=st.integers(0, 2),
    state=st.sampled_from([State.ASSIGNED, State.ACKNOWLEDGED, State.RESOLVED, State.CLOSED]),
    urgency=st.sampled_from(Urgency),
    team=st.sampled_from(TEAMS),
    raised_at=st.integers(0, 3).map(lambda hours: MONDAY + timedelta(hours=hours)),
    is_answered=st.booleans(),
)


@given(st.lists(standings, max_size=30))
def test_what_was_counted_as_it_changed_is_what_is_there(said: list[Standing]) -> None:
    counted = OpenIssues([])
    newest: dict[str, Standing] = {}

    for one in said:
        counted.put(one)
        newest[one.issue_id] = one

    there = [one for one in newest.values() if one.state != State.CLOSED]
    assert look(counted) == look(OpenIssues(there))
    owned = [one for one in there if one.version > 0]
    states = Counter((one.team, one.state, one.urgency) for one in owned)
    for team in TEAMS:
        assert counted.unanswered(team) == sum(
            1 for one in owned if one.team == team and not one.is_answered
        )
        for state in State:
            for urgency in Urgency:
                assert counted.count(team, state, urgency) == states[team, state, urgency]
        raised = sorted(one.raised_at.timestamp() for one in owned if one.team == team)
        if raised:
            assert counted.raised_at_s(team, 1.0) == raised[0]
            assert counted.raised_at_s(team, 0.0) == raised[-1]
    waiting = [one.raised_at.timestamp() for one in there if one.version == 0]
    assert counted.unowned_since_s == min(waiting, default=None)


def look(counted: OpenIssues) -> object:
    """All that can be asked."""
    ages = {
        (team, quantile): counted.raised_at_s(team, quantile)
        for team in counted.teams
        for quantile in (0.0, 0.5, 0.95, 1.0)
    }
    counts = {
        (team, state, urgency): counted.count(team, state, urgency)
        for team in TEAMS
        for state in State
        for urgency in Urgency
    }
    unanswered = {team: counted.unanswered(team) for team in TEAMS}
    known = {one.issue_id: one for one in counted}
    return known, counts, unanswered, ages, counted.unowned_since_s
