"""Random people, absences, pauses, repeats, reorderings and jumps of the clock against the ten
promises (DESIGN.md), which are checked after each step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.router import lifecycle, store
from services.router.lifecycle import Issue
from shared.contracts.event import Event
from shared.contracts.intake import (
    AbsenceSaid,
    ActionRequested,
    IssueRaised,
    MessageReceived,
    PauseSaid,
)
from shared.contracts.issue import (
    Action,
    DeclineReason,
    Source,
    Standing,
    State,
    Urgency,
    WaitingFor,
)
from shared.contracts.router import IssueEvent, RouterEvent
from tests.model.company import CARRIERS, CUSTOMERS, LEADER, PEOPLE, company
from tests.model.reference import OPEN, Plain, Reference
from tests.model.world import World

HOUR = timedelta(hours=1)
MOST_ISSUES = 6
EVERYBODY = (*PEOPLE, *CUSTOMERS)
NUMBERS = st.integers(0, 1_000)
ACTIONS = sorted(lifecycle.ALLOWED)
_OWNERS = (
    Action.ANSWER,
    Action.RESOLVE,
    Action.DECLINE,
    Action.HAND_OVER,
    Action.WAIT,
    Action.SNOOZE,
    Action.PROMISE,
    Action.RESUME,
)
_OPEN = [
    *((action, "owner") for action in _OWNERS),
    (Action.RESOLVE, "owner"),
    (Action.DECLINE, "owner"),
    (Action.RESUME, "carrier"),
    (Action.WITHDRAW, "carrier"),
    (Action.HAND_OVER, LEADER),
    (Action.ASK, "owner"),
    (Action.TAKE, "sho"),
    (Action.MERGE, "owner"),
    (Action.LINK, "owner"),
    (Action.SEPARATE, "owner"),
]
SENSIBLE: dict[State, list[tuple[Action, str]]] = {
    State.RECEIVED: [(Action.ANSWER, LEADER)],
    State.ASSIGNED: [(Action.ACKNOWLEDGE, "owner"), *_OPEN],
    State.ACKNOWLEDGED: _OPEN,
    State.RESOLVED: [(Action.CONFIRM, "carrier"), (Action.REOPEN, "carrier")],
    State.CLOSED: [(Action.REOPEN, "carrier"), (Action.SEPARATE, "carrier")],
}
"""What makes sense in a state, and for whom."""


class Promises(RuleBasedStateMachine):
    """A company at work. Whoever acts is drawn from those who may about as often as from all."""

    @initialize()
    def start(self) -> None:
        self.world = World(company())
        self.reference = Reference(company())
        self.number = 0
        self.left: str | None = None

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()

    # --- people say something

    @precondition(lambda self: self.number < MOST_ISSUES)
    @rule(
        reporter=st.sampled_from((*CARRIERS, *CUSTOMERS, "ren", LEADER)),
        behalf=st.sampled_from((None, None, None, "emi")),
        category=st.sampled_from((None, "broken", "late")),
        urgency=st.sampled_from(Urgency),
        language=st.sampled_from(("ja", "en")),
        confidential=st.sampled_from((False, False, False, True)),
    )
    def raise_issue(self, reporter: str, behalf: str | None, **said: Any) -> None:
        self.number += 1
        raised = IssueRaised(
            occurred_at=self.world.now_at,
            issue_id=f"issue-{self.number}",
            reference=f"AAAA-{self.number:04d}",
            source=Source.WEB,
            summary="It does not start",
            description="",
            reporter_id=reporter,
            on_behalf_of_id=behalf,
            **said,
        )
        self.reference.hears_of(raised)
        self.world.say(raised)

    @precondition(lambda self: self.number)
    @rule(
        nth=NUMBERS,
        action=st.sampled_from(ACTIONS),
        who=st.one_of(st.sampled_from(("owner", "carrier")), st.sampled_from(EVERYBODY)),
        proposed=st.sampled_from((*PEOPLE, "product", "shipping", "nobody")),
        link=st.booleans(),
        hours=st.integers(1, 24),
    )
    def ask(
        self, nth: int, action: Action, who: str, proposed: str, link: bool, hours: int
    ) -> None:
        """Anybody asks for anything, and the bus brings it some time."""
        self._ask(self._issue(nth), action, who, proposed, hours, link=link)

    @precondition(lambda self: self.number)
    @rule(
        nth=NUMBERS,
        choice=NUMBERS,
        proposed=st.sampled_from((*PEOPLE, "product", "shipping")),
        hours=st.integers(1, 24),
        times=st.integers(1, 2),
        minutes=st.sampled_from((None, None, 0, 20, 70)),
    )
    def do(
        self, nth: int, choice: int, proposed: str, hours: int, times: int, minutes: int | None
    ) -> None:
        """Somebody does what makes sense, perhaps clicking twice, and it is brought at once; and
        perhaps they take it back after so many minutes."""
        self._compare(self.world.deliver_all())
        issue = self._issue(nth)
        action, who = SENSIBLE[issue.state][choice % len(SENSIBLE[issue.state])]
        for _ in range(times):
            self._ask(issue, action, who, proposed, hours, link=True)
        self._compare(self.world.deliver_all())
        if minutes is not None and self.reference.done:
            self._take_back(list(self.reference.done)[-1], minutes, theirs=True)

    @precondition(lambda self: self.number)
    @rule(
        nth=NUMBERS,
        who=st.sampled_from(("owner", "carrier")),
        actions=st.lists(st.sampled_from([*ACTIONS, Action.DECOY]), min_size=1, max_size=4),
        proposed=st.sampled_from((*PEOPLE, "product", "shipping")),
    )
    def a_machine_presses(self, nth: int, who: str, actions: list[Action], proposed: str) -> None:
        """One or several of the buttons of a message, in any order, and perhaps the decoy."""
        self._compare(self.world.deliver_all())
        issue = self._issue(nth)
        for action in actions:
            self._ask(issue, action, who, proposed, 5, link=True, by_link=True)
        self._compare(self.world.deliver_all())

    @precondition(lambda self: self.reference.done)
    @rule(back=st.integers(0, 3), others=st.booleans(), minutes=st.integers(0, 70))
    def take_back(self, back: int, others: bool, minutes: int) -> None:
        """Somebody takes back what they, or others, did lately."""
        self._take_back(list(self.reference.done)[-1 - back :][0], minutes, theirs=not others)

    def _take_back(self, request_id: str, minutes: int, *, theirs: bool) -> None:
        self.world.wait(timedelta(minutes=minutes))
        did = self.reference.done[request_id]
        self.world.say(
            ActionRequested(
                occurred_at=self.world.now_at,
                issue_id=did.before.issue_id,
                person_id=did.who if theirs else LEADER,
                action=Action.UNDO,
                undoes=request_id,
            )
        )
        self._compare(self.world.deliver_all())

    def _issue(self, nth: int) -> Plain:
        return self.reference.issues[f"issue-{nth % self.number + 1}"]

    def _ask(
        self,
        issue: Plain,
        action: Action,
        who: str,
        proposed: str,
        hours: int,
        *,
        link: bool,
        by_link: bool = False,
    ) -> None:
        asks = {"owner": issue.owner or LEADER, "carrier": issue.carrier or "emi"}.get(who, who)
        self.world.say(
            ActionRequested(
                occurred_at=self.world.now_at,
                issue_id=issue.issue_id,
                person_id=asks,
                action=action,
                assignment=issue.assignment if link and issue.assignment else None,
                text="Because.",
                reason=DeclineReason.NOT_MY_AREA,
                proposed=proposed,
                cause="fault",
                until=self.world.now_at + hours * HOUR,
                waiting_for=WaitingFor.CARRIER,
                into=f"issue-{hours % self.number + 1}",
                by_link=by_link,
            )
        )

    @precondition(lambda self: self.number)
    @rule(
        nth=NUMBERS,
        who=st.sampled_from(("owner", "carrier", "ren", "x-1")),
        standing=st.sampled_from(Standing),
    )
    def write(self, nth: int, who: str, standing: Standing) -> None:
        issue = self._issue(nth)
        writes = {"owner": issue.owner or LEADER, "carrier": issue.carrier or "emi"}.get(who, who)
        self.world.say(
            MessageReceived(
                occurred_at=self.world.now_at,
                issue_id=issue.issue_id,
                person_id=writes,
                source=Source.EMAIL,
                standing=standing,
                text="Thank you.",
            )
        )

    @rule(
        nth=st.integers(1, 3),
        who=st.sampled_from((LEADER, LEADER, "ren")),
        begins=st.integers(-5, 48),
        hours=st.integers(0, 72),
        ended=st.sampled_from((False, False, True)),
    )
    def pause(self, nth: int, who: str, begins: int, hours: int, ended: bool) -> None:
        starts_at = self.world.now_at + begins * HOUR
        self.world.say(
            PauseSaid(
                occurred_at=self.world.now_at,
                pause_id=f"pause-{nth}",
                person_id=who,
                starts_at=starts_at,
                ends_at=starts_at + hours * HOUR,
                text="Typhoon.",
                ended=ended,
            )
        )

    @rule(
        who=st.sampled_from(PEOPLE),
        nth=st.integers(1, 2),
        begins=st.integers(-20, 48),
        hours=st.integers(-5, 200),
        substitute=st.sampled_from((None, *PEOPLE)),
        cancelled=st.sampled_from((False, False, True)),
    )
    def be_away(
        self,
        who: str,
        nth: int,
        begins: int,
        hours: int,
        substitute: str | None,
        cancelled: bool,
    ) -> None:
        starts_at = self.world.now_at + begins * HOUR
        self.world.say(
            AbsenceSaid(
                occurred_at=self.world.now_at,
                absence_id=f"{who}-{nth}",
                person_id=who,
                said_by_id=who,
                starts_at=starts_at,
                ends_at=starts_at + hours * HOUR,
                substitute_id=substitute,
                cancelled=cancelled,
            )
        )

    # --- the bus brings it

    @precondition(lambda self: self.world.tray)
    @rule(picks=st.lists(NUMBERS, min_size=1, max_size=6))
    def deliver(self, picks: list[int]) -> None:
        self._compare(self.world.deliver(picks))

    @precondition(lambda self: self.world.tray)
    @rule()
    def deliver_all(self) -> None:
        self._compare(self.world.deliver_all())

    @precondition(lambda self: self.world.settled)
    @rule(pick=NUMBERS)
    def deliver_again(self, pick: int) -> None:
        self.world.deliver_again(pick)

    # --- time passes, and things break

    @rule(minutes=st.one_of(st.integers(0, 300), st.integers(0, 14 * 24 * 60)))
    def time_passes(self, minutes: int) -> None:
        self.world.wait(timedelta(minutes=minutes))
        self.reference.hear(self.world.tick())
        assert self.world.tick() == [], "the same instant asks for more than once"

    @precondition(lambda self: self.number)
    @rule(times=st.integers(1, 6))
    def nobody_does_anything(self, times: int) -> None:
        """Until something is due, and again; the ladder is climbed."""
        for _ in range(times):
            wakes = [one.wake_at for one in self.world.issues().values() if one.wake_at]
            self.world.now_at = max(self.world.now_at, min(wakes, default=self.world.now_at))
            self.reference.hear(self.world.tick())

    @rule(minutes=st.integers(1, 300))
    def the_router_restarts_with_its_clock_set_back(self, minutes: int) -> None:
        self.world.restart()
        self.world.wait(-timedelta(minutes=minutes))

    @rule(who=st.sampled_from((None, "ren", "sho", "yui")))
    def somebody_leaves_or_joins(self, who: str | None) -> None:
        if who != self.left:
            self.left = who
            organisation = company(without=who)
            self.reference.organisation = organisation
            self.reference.hear(self.world.publish(organisation))

    def _compare(self, settled: list[tuple[Event, list[RouterEvent]]]) -> None:
        for message, facts in settled:
            if isinstance(message, ActionRequested):
                self.reference.came_of(message, facts, self.world.now_at)
            else:
                self.reference.hear(facts)

    # --- the promises

    @invariant()
    def promises_are_kept(self) -> None:
        if not hasattr(self, "world"):
            return
        issues, organisation = self.world.issues(), self.reference.organisation
        heard = {one.issue_id for one in self.world.settled if isinstance(one, IssueRaised)}
        assert heard == set(issues), "something that was accepted is lost"
        in_hand: dict[str, float] = {}
        for issue in issues.values():
            plain = self.reference.issues[issue.issue_id]
            kept = (issue.state, issue.owner_id, issue.moves, issue.reminders, issue.version)
            told = (plain.state, plain.owner, plain.moves, plain.chased, plain.version)
            assert kept == told, "something happened that nobody was told of"
            assert issue.raised_at == plain.raised_at
            if issue.state is State.CLOSED:
                continue
            assert issue.owner_id in organisation.person
            assert issue.owner_id not in (issue.carrier_id, issue.reporter_id) or (
                issue.owner_id == organisation.leader
            )
            assert issue.next_step is not None
            assert issue.next_step_at is not None
            assert issue.wake_at is not None
            effort_s = store._effort_s(issue)
            in_hand[issue.owner_id] = in_hand.get(issue.owner_id, 0) + effort_s
            self._belongs_together(issue, issues)
        works = self.world.desk(lambda desk: dict(desk.works))
        for person_id in {*works, *in_hand}:
            kept_s = works[person_id].in_hand_s if person_id in works else 0
            assert abs(kept_s - in_hand.get(person_id, 0)) < 1, "work in hand is not what is open"

    def _belongs_together(self, issue: Issue, issues: dict[str, Issue]) -> None:
        """An open issue is merged into nothing, and at most part of what is part of nothing."""
        assert issue.merged_into is None
        if issue.parent_id is not None and issues[issue.parent_id].state in OPEN:
            assert issues[issue.parent_id].parent_id is None
            assert issue.parent_id != issue.issue_id

    @invariant()
    def facts_are_said_once(self) -> None:
        if not hasattr(self, "world"):
            return
        ids = [one.event_id for one in self.world.facts]
        assert len(ids) == len(set(ids))
        versions = [
            (one.issue_id, one.issue.version)
            for one in self.world.facts
            if isinstance(one, IssueEvent)
        ]
        assert len(versions) == len(set(versions))


SUPPRESSED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def _machine(runs: int, steps: int) -> type[Any]:
    case: type[Any] = Promises.TestCase
    case.settings = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=SUPPRESSED,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    return case


TestPromises = _machine(30, 60)


@pytest.mark.long
def test_promises_for_thousands_of_steps() -> None:
    """About 20,000 steps."""
    case = _machine(200, 100)
    case("runTest").runTest()
