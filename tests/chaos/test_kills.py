"""Every service and NATS die by SIGKILL at every step of the journey, and nobody notices."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from shared.contracts.event import Speaker
from tests.installation import Installation, a_problem, running, until
from tests.postbox import RECEIPT, Letter
from tests.saboteur import KILLER, STEPS, sabotage

SEED = 20261124
WITHIN_S = 120.0
TOLD = {
    ("brown", "We have received it"): 1,
    ("nguyen", "This is yours now"): 1,
    ("brown", "It is being worked on"): 1,
    ("brown", "Linh Nguyen has answered"): 1,
    ("brown", "Is it solved?"): 1,
    ("nguyen", "Confirmed as solved, thank you"): 1,
}
"""What an issue's whole journey tells whom."""

Found = TypeVar("Found")
Act = Callable[["Traveller"], None]


class Traveller:
    """Somebody who tries again until it goes through, as people and their programs do."""

    def __init__(self, banso: Installation, number: int) -> None:
        self._banso = banso
        self._number = number
        self.reference = ""

    def raise_issue(self) -> None:
        self.reference = self._persist(self._post)

    def take(self) -> None:
        self._act("nguyen", "This is yours now", "I take it")

    def answer(self) -> None:
        self._act("nguyen", "This is yours now", "Answer", text="I look into it.")

    def resolve(self) -> None:
        self._act("nguyen", "This is yours now", "Solved", cause="fault", text="Replaced.")

    def confirm(self) -> None:
        self._act("brown", "Is it solved?", "It is solved")

    def letter(self, who: str, heading: str) -> Letter | None:
        for letter in self._banso.postbox:
            if (letter.to, letter.heading) == (f"{who}@example.com", heading) and (
                letter.reference == self.reference
            ):
                return letter
        return None

    def told(self) -> Counter[tuple[str, str]]:
        """Without receipts: how many go together depends on when somebody died."""
        return Counter(
            (letter.to.partition("@")[0], letter.heading)
            for letter in self._banso.postbox
            if letter.reference == self.reference and not RECEIPT.search(letter.heading)
        )

    def _post(self) -> str | None:
        key = {"Idempotency-Key": f"traveller-{self._number}"}
        answer = self._banso.api.post("/issues", json=a_problem(), headers=key)
        if answer.status_code == 503:
            return None
        assert answer.status_code == 201, answer.text
        return str(answer.json()["reference"])

    def _act(self, who: str, heading: str, button: str, **fields: str) -> None:
        what = f"{self.reference}: {who} hears {heading!r}"
        letter = until(lambda: self.letter(who, heading), what, WITHIN_S)
        page = self._persist(lambda: self._good(self._banso.browser.get(letter.link(button))))
        self._persist(lambda: self._good(self._banso.submit(page, **fields)))

    def _good(self, answer: httpx.Response) -> httpx.Response | None:
        if answer.status_code == 503:
            return None
        assert answer.status_code == 200, answer.text
        return answer

    def _persist(self, attempt: Callable[[], Found | None]) -> Found:
        def try_once() -> Found | None:
            try:
                return attempt()
            except httpx.TransportError:
                return None

        found: Found = until(try_once, f"traveller {self._number} gets through", WITHIN_S)
        return found


JOURNEY: tuple[Act, ...] = (
    Traveller.raise_issue,
    Traveller.take,
    Traveller.answer,
    Traveller.resolve,
    Traveller.confirm,
)


@contextmanager
def fragile(directory: Path) -> Iterator[tuple[Installation, Path]]:
    """A Banso that dies where a test wants it to, and the directory in which that is said."""
    armed = directory / "saboteur"
    with running(directory, environment=sabotage(armed, KILLER), expecting=False) as banso:
        yield banso, armed


def arm(armed: Path, service: str, step: str) -> None:
    (armed / "done" / f"{service}.{step}").unlink(missing_ok=True)
    (armed / f"{service}.{step}").touch()


def has_died(armed: Path, service: str, step: str) -> bool:
    return (armed / "done" / f"{service}.{step}").exists()


def check_promises(banso: Installation) -> None:
    """Nothing lost, nothing told twice, nothing without owner or step, nothing given up."""
    open_ones = "select count(*) from issue where state <> 'closed' and"
    assert banso.ask("router", f"{open_ones} (owner_id = '' or next_step_at is null)") == [(0,)]
    submitted = {row[0] for row in banso.ask("intake", "select issue_id from submission")}
    assert submitted == {row[0] for row in banso.ask("router", "select issue_id from issue")}
    twice = (
        "select fact_id, person_id, reason, count(*) from notice"
        " group by fact_id, person_id, reason having count(*) > 1"
    )
    assert banso.ask("intake", twice) == []
    for service in Speaker:
        assert banso.ask(service, "select cause_id from cause where outcome = 'buried'") == []
        said = banso.ask(
            service,
            "select subject, count(*) from said join cause using (cause_id)"
            " where outcome = 'done' group by subject",
        )
        assert {subject: banso.stored(subject) for subject, _ in said} == dict(said)
    banso.run("audit", "--full")  # ends with 0 where every promise holds
    shown = banso.ask("intake", "select issue_id, version, state from view order by issue_id")
    true = banso.ask("router", "select issue_id, version, state from issue order by issue_id")
    assert shown == true


def travel(banso: Installation, armed: Path, plan: list[list[tuple[str, str]]]) -> int:
    """One journey after the other, an act for each part of the plan; how many have died."""
    travellers: list[Traveller] = []
    for nth, part in enumerate(plan):
        act = JOURNEY[nth % len(JOURNEY)]
        if act is Traveller.raise_issue:
            travellers.append(Traveller(banso, nth))
        for service, step in part:
            if service == "nats-server":
                banso.kill(service)
            else:
                arm(armed, service, step)
        act(travellers[-1])
        for service, step in part:
            if service != "nats-server":
                what = f"{service} dies at {step}"
                until(lambda s=service, t=step: has_died(armed, s, t), what, WITHIN_S)
        banso.quieten(WITHIN_S)
        banso.advance_only("61s")  # what somebody had in hand is taken up again by then
        banso.settle(WITHIN_S)
    for traveller in travellers:
        assert traveller.told() == TOLD
        assert banso.issue(traveller.reference)["state"] == "closed"
    return sum(map(len, plan))


def make_plan(seed: int, rounds: int) -> list[list[tuple[str, str]]]:
    """For each act of a journey who dies at which step; every step of everybody occurs."""
    chance = random.Random(seed)
    steps = {service: list(found) for service, found in STEPS.items()}
    plan: list[list[tuple[str, str]]] = []
    for nth in range(rounds):
        part = []
        for service, left in steps.items():
            if not left:
                left.extend(STEPS[service])
            part.append((service, left.pop(chance.randrange(len(left)))))
        if nth % 3 == 2:
            part.append(("nats-server", ""))
        plan.append(part)
    return plan


def test_every_service_and_nats_die_at_every_step_and_nothing_is_lost_or_told_twice(
    tmp_path: Path,
) -> None:
    plan = make_plan(SEED, rounds=10)
    with fragile(tmp_path) as (banso, armed):
        deaths = travel(banso, armed, plan)

        check_promises(banso)
        assert deaths >= 40


@pytest.mark.long
def test_hundreds_of_deaths_change_nothing(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    with fragile(tmp_path) as (banso, armed):
        deaths = travel(banso, armed, make_plan(seed, rounds=60))

        check_promises(banso)
        assert deaths >= 250


def test_a_batch_that_was_half_said_is_said_again_whole_and_once(tmp_path: Path) -> None:
    with fragile(tmp_path) as (banso, armed):
        banso.hold("router")
        references = [banso.raise_issue() for _ in range(30)]
        arm(armed, "router", "half-said")

        banso.release("router")
        until(lambda: has_died(armed, "router", "half-said"), "the router dies half-way")
        banso.settle()

        told = Counter((letter.reference, letter.heading) for letter in banso.postbox)
        for reference in references:
            assert (
                told[reference, "This is yours now"] + told[reference, "あなたの担当になりました"]
                == 1
            )
            assert told[reference, "We have received it"] == 1
        check_promises(banso)
        said = banso.ask("router", "select count(*) from said where subject = 'issue.assigned.v1'")
        assert said == [(30,)]
        assert banso.stored("issue.assigned.v1") == 30
