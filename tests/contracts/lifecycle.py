"""Writes `docs/lifecycle.md`, what may become of an issue: `python -m tests.contracts.lifecycle`.

Nothing in it is written by hand: each cell of its tables is what the router did when it was asked.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from services.router import handlers, lifecycle, store, undoing
from services.router.handlers.keep import plan
from services.router.lifecycle import ALLOWED, Issue, Meaning, Role
from services.router.store import Board, Desk
from shared.contracts.intake import ActionRequested, Correction
from shared.contracts.issue import (
    Action,
    DeclineReason,
    Refusal,
    Standing,
    State,
    Step,
    Urgency,
    WaitingFor,
)
from shared.contracts.organisation import WORKING_DAY
from shared.contracts.router import ActionRefused, IssueDue, IssueEscalated
from shared.database import open_engine
from tests.unit import build
from tests.unit.build import HOUR, ISSUE_ID, MONDAY

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "lifecycle.md"

OTHER = "other"
PEOPLE: Mapping[Role, str] = {
    Role.OWNER: "ren",
    Role.LEADER: "kai",
    Role.CARRIER: "emi",
    Role.HELPER: "sho",
    Role.OTHER_OWNER: "yui",
    Role.COLLEAGUE: "aki",
}
STATES = [state for state in State if state is not State.RECEIVED]
NOW = MONDAY + HOUR
COMPANY = build.organisation(
    policies=dict.fromkeys(Urgency, build.policy(lasts="2d", remind_before="0.25"))
)


_WHERE = (
    "`services/router/lifecycle.py` says who may do what in which state,"
    " `services/router/handlers` what follows."
)
_LINKS = (
    "A link of an assignment that is over does nothing, whatever the table says."
    " Where a cell is empty the request is refused in words."
)
_JOINED = (
    "What was merged always points at an issue that is merged into nothing, and a part at a problem"
    " that is part of nothing: whatever was joined with either moves along."
)
_VOID = (
    "What one person's links of one assignment ask for within ten seconds and contradicts, or three"
    " different things, is taken back and for ten seconds refused; so is what they did in the ten"
    " seconds before the decoy was pressed. What touched several issues is never taken back."
)


@dataclass(frozen=True)
class Outcome:
    """What came of a wish, or of a step that was due."""

    before: State
    after: State
    said: tuple[str, ...]
    moved: bool
    """Somebody else has it now, or the same person anew."""

    def __str__(self) -> str:
        if not self.said:
            return "is done already"
        words = ", ".join(f"`{subject.removesuffix('.v1')}`" for subject in self.said)
        return words if self.after is self.before else f"{words} → **{self.after}**"


def document() -> str:
    """The document; the same code always makes the same."""
    engine = open_engine("sqlite://")
    try:
        with engine.begin() as connection:
            store.metadata.create_all(connection)
            asked = dict(_asked(connection))
            alone = {title: list(_alone(issue, connection)) for title, issue in _begun(connection)}
            again, shared = list(_again(connection)), list(_shared(connection))
            taken_back = list(_taken_back(connection, asked))
    finally:
        engine.dispose()
    return "\n".join(
        [
            "# The life of an issue",
            "",
            "Made by `make docs` from what the router does; don't change it here.",
            _WHERE,
            *_section("States", ["state", "meaning"], _words(STATES)),
            "",
            *_diagram(asked, alone),
            *_section("Who asks", ["role", "who"], _words(Role)),
            *_section(
                "What people ask for",
                ["action", "who", *(str(state) for state in STATES)],
                _actions(asked),
            ),
            "",
            _LINKS,
            *_section(
                "What belongs together",
                ["what happens to an issue", "and to what was merged into it", "and to its parts"],
                iter(shared),
            ),
            "",
            _JOINED,
            *_section("Opened again", ["complaint", "what follows"], iter(again)),
            "",
            "Whoever reopens what was withdrawn, or closed a moment ago, complains of nothing.",
            *_section("If nobody does anything", ["beginning", "what Banso does"], _steps(alone)),
            *_section(
                "Taken back",
                ["action", "within an hour, if nothing else happens", "by link, contradicts"],
                iter(taken_back),
            ),
            "",
            _VOID,
            *_section("Next steps", ["step", "meaning"], _words(Step)),
            *_section(
                "Words",
                ["whose", *(f"{standing}" for standing in Standing)],
                _meanings(),
            ),
            *_section("How sure it is who wrote", ["word", "meaning"], _words(Standing)),
            *_section("Refusals", ["refusal", "why"], _words(Refusal)),
            "",
        ]
    )


def _section(title: str, head: list[str], rows: Iterator[list[str]]) -> list[str]:
    return ["", f"## {title}", "", _row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _words(words: Any) -> Iterator[list[str]]:
    """Each word of a closed set, and what it means."""
    for word in words:
        said = _docstrings(type(word)).get(word.name, "")
        yield [f"`{word.value}`", said]


def _docstrings(kind: type[Enum]) -> dict[str, str]:
    """The strings that stand below the words of a closed set."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for statement, below in pairwise(definition.body):
        match statement, below:
            case (
                ast.Assign(targets=[ast.Name(name)]),
                ast.Expr(value=ast.Constant(value=str(said))),
            ):
                found[name] = " ".join(said.split())
    return found


# What people ask for


def _asked(connection: Connection) -> Iterator[tuple[tuple[Action, State, Role], Outcome]]:
    """Everything that is not refused."""
    for action, allowed in ALLOWED.items():
        for state in STATES:
            for role in Role:
                outcome = _ask(action, state, role, connection) if role in allowed.roles else None
                if outcome is not None:
                    yield (action, state, role), outcome


def _ask(action: Action, state: State, role: Role, connection: Connection) -> Outcome | None:
    desk = Desk(connection, NOW, COMPANY, Board(connection))
    issue = _planned(_situation(action, state), desk)
    desk.put(issue)
    desk.put(build.issue(issue_id=OTHER, reference="OTHER", owner_id=PEOPLE[Role.OTHER_OWNER]))
    events = handlers.action_requested(_request(action, role), desk)
    if any(isinstance(event, ActionRefused) for event in events):
        return None
    after = _kept(desk)
    said = tuple(event.subject for event in events)
    return Outcome(state, after.state, said, after.assignment != issue.assignment)


def _request(action: Action, role: Role) -> ActionRequested:
    """With everything that any action may need."""
    return ActionRequested(
        occurred_at=NOW,
        issue_id=ISSUE_ID,
        person_id=PEOPLE[role],
        action=action,
        text="Words.",
        reason=DeclineReason.NO_TIME,
        proposed="mio",
        cause="fault",
        correction=Correction(summary="Otherwise"),
        until=NOW + timedelta(days=1),
        waiting_for=WaitingFor.CARRIER,
        into=OTHER,
    )


def _situation(action: Action, state: State) -> Issue:
    """An issue on which an action makes sense, if it does in this state."""
    issue = build.issue(helper_ids=[PEOPLE[Role.HELPER]])
    if state is not State.ASSIGNED:
        issue = lifecycle.acknowledge(issue, MONDAY)
    if state is State.RESOLVED or (state is State.CLOSED and action is not Action.SEPARATE):
        issue = lifecycle.resolve(issue, "fault", MONDAY)
    if action is Action.SEPARATE and state in lifecycle.OPEN:
        issue = lifecycle.link(issue, OTHER)
    if action is Action.SEPARATE and state is State.CLOSED:
        return lifecycle.merge(issue, OTHER, MONDAY)
    if action is Action.RESUME:
        issue = replace(issue, snoozed_until=NOW + HOUR)
    return lifecycle.close(issue, MONDAY) if state is State.CLOSED else issue


def _planned(issue: Issue, desk: Desk) -> Issue:
    return issue if issue.state is State.CLOSED else plan(issue, desk)


def _kept(desk: Desk, issue_id: str = ISSUE_ID) -> Issue:
    issue = desk.issue(issue_id)
    assert issue is not None
    return issue


def _actions(asked: Mapping[tuple[Action, State, Role], Outcome]) -> Iterator[list[str]]:
    """A row for all the roles for which the same happens."""
    docstrings = _docstrings(Action)
    for action in ALLOWED:
        rows: dict[tuple[str, ...], list[Role]] = {}
        for role in Role:
            outcomes = [asked.get((action, state, role)) for state in STATES]
            if any(outcomes):
                cells = tuple(str(one) if one is not None else "" for one in outcomes)
                rows.setdefault(cells, []).append(role)
        said = docstrings.get(action.name)
        name = f"`{action}`<br>{said}" if said else f"`{action}`"
        for cells, roles in rows.items():
            yield [name, ", ".join(f"`{role}`" for role in roles), *cells]
            name = f"`{action}`"


# What belongs together, and what is opened again


def _shared(connection: Connection) -> Iterator[list[str]]:
    """What is said of other issues when something happens to the one that they belong to."""
    for action, state, role in (
        (Action.ANSWER, State.ACKNOWLEDGED, Role.OWNER),
        (Action.RESOLVE, State.ACKNOWLEDGED, Role.OWNER),
        (Action.CONFIRM, State.RESOLVED, Role.CARRIER),
        (Action.WITHDRAW, State.ACKNOWLEDGED, Role.CARRIER),
        (Action.REOPEN, State.CLOSED, Role.CARRIER),
    ):
        desk = Desk(connection, NOW, COMPANY, Board(connection))
        desk.put(_planned(_situation(action, state), desk))
        desk.put(lifecycle.merge(build.issue(issue_id="same"), ISSUE_ID, MONDAY))
        part = lifecycle.link(build.issue(issue_id="part"), ISSUE_ID)
        desk.put(part if state in lifecycle.OPEN else lifecycle.resolve(part, "fault", MONDAY))
        before = {issue_id: _kept(desk, issue_id) for issue_id in ("same", "part")}
        events = handlers.action_requested(_request(action, role), desk)
        cells = []
        for issue_id, issue in before.items():
            after = _kept(desk, issue_id)
            said = tuple(event.subject for event in events if event.about == issue_id)
            cells.append(str(Outcome(issue.state, after.state, said, moved=False)) if said else "")
        yield [f"`{action}`", *cells]


def _again(connection: Connection) -> Iterator[list[str]]:
    """What each further complaint of a solution brings."""
    for nth in range(lifecycle.GIVE_AT_REOPENING):
        desk = Desk(connection, NOW, COMPANY, Board(connection))
        issue = replace(_situation(Action.REOPEN, State.RESOLVED), reopenings=nth)
        desk.put(_planned(issue, desk))
        events = handlers.action_requested(_request(Action.REOPEN, Role.CARRIER), desk)
        said = tuple(event.subject for event in events)
        told = [one.person_id for one in events if isinstance(one, IssueEscalated)]
        names = {PEOPLE[Role.LEADER]: "the leader", "mio": "the team's lead"}
        who = "".join(f", to {names[one]}" for one in told)
        outcome = Outcome(issue.state, _kept(desk).state, said, moved=True)
        yield [str(nth + 1), f"{outcome}{who}"]


def _taken_back(
    connection: Connection, asked: Mapping[tuple[Action, State, Role], Outcome]
) -> Iterator[list[str]]:
    """What comes of taking back what was done in the first state in which it can be done."""
    for action in ALLOWED:
        state, role = next((state, role) for one, state, role in asked if one is action)
        desk = Desk(connection, NOW, COMPANY, Board(connection))
        desk.put(_planned(_situation(action, state), desk))
        desk.put(build.issue(issue_id=OTHER, reference="OTHER", owner_id=PEOPLE[Role.OTHER_OWNER]))
        before = _kept(desk)
        handlers.HEARS[ActionRequested].decide(
            _request(action, role).model_copy(update={"event_id": "did"}), desk
        )
        did = _kept(desk)
        undo = {"action": Action.UNDO, "undoes": "did", "event_id": "undo"}
        events = handlers.HEARS[ActionRequested].decide(
            _request(action, role).model_copy(update=undo), desk
        )
        after = _kept(desk)
        assert any(isinstance(one, ActionRefused) for one in events) or (
            after.state,
            after.owner_id,
            after.assignment,
        ) == (before.state, before.owner_id, before.assignment)
        said = tuple(one.subject for one in events if not isinstance(one, ActionRefused))
        cell = str(Outcome(did.state, after.state, said, moved=False)) if said else ""
        opposites = (f"`{one}`" for one in ALLOWED if undoing.contradict([one], action))
        yield [f"`{action}`", cell, ", ".join(opposites)]


# What Banso does by itself


def _begun(connection: Connection) -> Iterator[tuple[str, Issue]]:
    """Issues with which everybody then does nothing."""
    desk = Desk(connection, NOW, COMPANY, Board(connection))
    fresh = build.issue()
    taken = lifecycle.acknowledge(fresh, NOW)
    asked = lifecycle.wait(taken, WaitingFor.CARRIER, None, NOW)
    put_off = lifecycle.snooze(taken, NOW + WORKING_DAY, NOW)
    promised = lifecycle.promise(taken, NOW + timedelta(days=14), NOW)
    solved = lifecycle.resolve(taken, "fault", NOW)
    yield "`assigned`", plan(fresh, desk)
    yield "`acknowledged`", plan(taken, desk)
    yield "`acknowledged`, and put off", plan(put_off, desk)
    yield "`acknowledged`, and promised for a day", plan(promised, desk)
    yield "`acknowledged`, and the carrier was asked", plan(asked, desk)
    yield "`resolved`", plan(solved, desk)


def _alone(issue: Issue, connection: Connection) -> Iterator[Outcome]:
    """One step after the other, until somebody else has it or it is closed."""
    now: datetime = NOW
    while issue.wake_at is not None:
        now = max(now, issue.wake_at)
        desk = Desk(connection, now, COMPANY, Board(connection))
        desk.put(issue)
        due = IssueDue(occurred_at=now, issue_id=ISSUE_ID, step_number=issue.step_number)
        said = tuple(event.subject for event in handlers.issue_due(due, desk))
        after = _kept(desk)
        yield Outcome(issue.state, after.state, said, after.assignment != issue.assignment)
        if after.assignment != issue.assignment:
            return
        issue = after


def _steps(alone: Mapping[str, list[Outcome]]) -> Iterator[list[str]]:
    for title, outcomes in alone.items():
        ends = outcomes[-1].after is State.CLOSED
        goes_on = "" if ends else "; and so on with the leader"
        yield [title, "; then ".join(map(str, outcomes)) + goes_on]


# Words


def _meanings() -> Iterator[list[str]]:
    """What somebody's words are, from whoever stands so to the issue."""
    issue = build.issue(helper_ids=[PEOPLE[Role.HELPER]])
    for role, person_id in PEOPLE.items():
        cells = [
            lifecycle.meaning_of(issue, person_id, standing, PEOPLE[Role.LEADER])
            for standing in Standing
        ]
        yield [f"`{role}`", *(_MEANS[cell] for cell in cells)]


_MEANS: Mapping[Meaning, str] = {
    Meaning.ANSWER: "an answer to the carrier",
    Meaning.MORE: "more from the carrier",
    Meaning.TO_LOOK_AT: "to be looked at",
}


def _diagram(
    asked: Mapping[tuple[Action, State, Role], Outcome], alone: Mapping[str, list[Outcome]]
) -> Iterator[str]:
    """Every way from a state to another, or to somebody else."""
    ways: dict[tuple[State, State], list[str]] = {}
    for (action, _, _), outcome in asked.items():
        if outcome.moved or outcome.after is not outcome.before:
            _add(ways, outcome, str(action))
    for outcomes in alone.values():
        for outcome in outcomes:
            if outcome.moved or outcome.after is not outcome.before:
                _add(ways, outcome, "(nobody did anything)")
    yield from ("```mermaid", "stateDiagram-v2", "    [*] --> assigned: brought in")
    for (before, after), names in ways.items():
        yield f"    {before} --> {after}: {', '.join(names)}"
    yield from ("    closed --> [*]", "```")


def _add(ways: dict[tuple[State, State], list[str]], outcome: Outcome, name: str) -> None:
    names = ways.setdefault((outcome.before, outcome.after), [])
    if name not in names:
        names.append(name)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(f"Wrote {DOCUMENT.relative_to(ROOT)}.")
