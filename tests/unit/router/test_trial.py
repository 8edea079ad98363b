"""What the router would decide, without deciding it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from services.router import rules, store, trial
from services.router.suggestion.memory import FILE, label_of
from services.router.suggestion.training import train
from services.router.trial import NoSuchWork, try_out
from shared.contracts.issue import Urgency
from shared.contracts.organisation import Category, Triage
from shared.database import open_engine
from tests.unit import build
from tests.unit.build import HOUR, MONDAY

NAME = {"ja": "遅れ", "en": "Late"}


def database(file: Path, **in_hand_h: int) -> Path:
    """A router's, in which people have so many hours of work in hand."""
    engine = open_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        for person_id, hours in in_hand_h.items():
            row = {"person_id": person_id, "in_hand_s": hours * 3600}
            connection.execute(insert(store.works).values(row))
    engine.dispose()
    return file


def test_the_owner_is_the_one_whom_the_router_would_choose() -> None:
    raised = build.raised(category="late")

    found = try_out(raised, build.organisation(), MONDAY)

    assert found.route == rules.route(raised, build.organisation())
    assert found.assigned.issue.owner_id == "ume"
    assert [one.person_id for one in found.assigned.reasons.others] == ["yui"]


def test_the_work_in_hand_counts_where_there_is_a_database(tmp_path: Path) -> None:
    file = database(tmp_path / "router.db", ume=10)

    found = try_out(build.raised(category="late"), build.organisation(), MONDAY, file)

    assert found.assigned.issue.owner_id == "yui"


def test_nothing_is_kept(tmp_path: Path) -> None:
    file = database(tmp_path / "router.db", ume=10)
    raised = build.raised(category="late")

    first = try_out(raised, build.organisation(), MONDAY, file)
    again = try_out(raised, build.organisation(), MONDAY, file)

    assert first.assigned.issue == again.assigned.issue
    with open_engine(f"sqlite:///{file}", read_only=True).connect() as connection:
        assert connection.execute(store.issues.select()).all() == []


def test_what_was_learned_beside_the_database_counts(tmp_path: Path) -> None:
    file = database(tmp_path / "router.db")
    triage = Triage(person="mio", sure=0.5)
    organisation = build.organisation(triage=triage)
    learned = file.with_name(FILE)
    texts = [f"the parcel is late {nth}" for nth in range(30)]
    labels = [label_of("shipping", None)] * 30
    others = [f"it does not start {nth}" for nth in range(30)]
    train([*texts, *others], [*labels, *([label_of("product", None)] * 30)]).model.save(learned)
    raised = build.raised(summary="The parcel is late", description="late")

    found = try_out(raised, organisation, MONDAY, file)
    learned.write_bytes(b"broken")
    without = try_out(raised, organisation, MONDAY, file)

    assert found.assigned.issue.team_id == "shipping"
    assert found.assigned.reasons.guessed
    assert without.assigned.issue.triage


@pytest.mark.parametrize("content", [None, b"", b"no database at all, only some words"])
def test_a_database_that_is_none_of_ours_is_told(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "router.db"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(NoSuchWork):
        try_out(build.raised(), build.organisation(), MONDAY, file)


@pytest.mark.parametrize(
    ("category", "urgency", "answer_h"),
    [(None, Urgency.NORMAL, 8), ("late", Urgency.NORMAL, 2), ("late", Urgency.LOW, 8)],
)
def test_deadlines_are_those_of_the_policy_that_applies(
    category: str | None, urgency: Urgency, answer_h: int
) -> None:
    late = Category(id="late", name=NAME, team="shipping", policy={"normal": "quick"})
    organisation = build.organisation(
        categories=(late,), more_policies={"quick": build.policy(answer_within="2h")}
    )

    found = try_out(build.raised(category=category, urgency=urgency), organisation, MONDAY)

    assert found.assigned.issue.policy == ("quick" if answer_h == 2 else None)
    assert found.answer_by == build.office().after(MONDAY, answer_h * HOUR)
    assert found.resolve_by == build.office().after(MONDAY, 40 * HOUR)


def test_a_mistake_in_a_rule_is_no_missing_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(trial, "issue_raised", fails)

    with pytest.raises(ZeroDivisionError):
        try_out(build.raised(), build.organisation(), MONDAY)
