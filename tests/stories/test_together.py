"""Nobody works alone: colleagues help and take, the same thing is solved once, and what is not
solved goes up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import lxml.html
import pytest

from shared.contracts.event import event_id_of
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action
from shared.links import Links
from tests.installation import Installation, page_text, running, until

BROWN = {"name": "Emily Brown", "email": "brown@example.com"}
SATO = {"name": "佐藤 健", "email": "sato@example.com"}


@pytest.fixture(scope="module")
def banso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The same one for each story, which looks at its own issues only."""
    with running(tmp_path_factory.mktemp("together"), expecting=False) as installation:
        yield installation


def does(banso: Installation, who: str, action: Action, reference: str, **said: Any) -> None:
    """What somebody asks for at any door, and everything that comes of it."""
    if into := said.pop("into", None):
        said["into"] = id_of(banso, into)
    request = ActionRequested(
        occurred_at=banso.now,
        issue_id=id_of(banso, reference),
        person_id=who,
        action=action,
        **said,
    )
    cause_id = f"action/{who}/{uuid4()}"
    event_id = event_id_of(request.subject, cause_id, 0)
    banso.say(request.subject, request.to_message(event_id, cause_id))
    banso.settle()


def id_of(banso: Installation, reference: str) -> str:
    query = "select issue_id from issue where reference = ?"
    return str(until(lambda: banso.ask("router", query, reference), reference)[0][0])


def links(banso: Installation) -> Links:
    """What signs the links of this installation."""
    keys = json.loads((banso.data / "secrets.json").read_text())["link_keys"]
    return Links(keys, banso.endpoints["web"])


def standing(banso: Installation, reference: str) -> tuple[str, str]:
    """State and owner."""
    query = "select state, owner_id from issue where issue_id = ?"
    ((state, owner_id),) = banso.ask("router", query, id_of(banso, reference))
    return str(state), str(owner_id)


def letters(banso: Installation, who: str, words: str) -> list[str]:
    """The references of the issues about which somebody was written these words."""
    found = [one for one in banso.postbox.letters if words in one.text]
    return [one.reference for one in found if one.to == f"{who}@example.com"]


def tells_of(banso: Installation, who: str, references: list[str]) -> bool:
    """Whether one mail to somebody names all of these issues."""
    told = [one.text for one in banso.postbox.letters if one.to == f"{who}@example.com"]
    return any(all(reference in text for reference in references) for text in told)


def test_a_colleague_helps_and_then_takes_it(banso: Installation) -> None:
    reference = banso.raise_issue()
    does(banso, "nguyen", Action.TAKE, reference)

    does(banso, "nguyen", Action.ASK, reference, proposed="kato", text="Have you seen this?")
    does(banso, "kato", Action.ANSWER, reference, text="Hold the button for 5 seconds.")

    assert standing(banso, reference) == ("acknowledged", "nguyen")
    assert letters(banso, "brown", "Hold the button for 5 seconds.") == [reference]

    does(banso, "kato", Action.TAKE, reference)
    does(banso, "nguyen", Action.ANSWER, reference, text="Too late.")

    assert standing(banso, reference) == ("acknowledged", "kato")
    assert letters(banso, "brown", "Too late.") == []


def test_the_same_fault_twice_is_worked_on_once_and_both_carriers_hear(
    banso: Installation,
) -> None:
    main = banso.raise_issue(reporter=BROWN)
    same = banso.raise_issue(reporter=SATO)
    _, owner = standing(banso, main)

    does(banso, "hayashi", Action.MERGE, same, into=main)
    does(banso, owner, Action.ANSWER, main, text="It is the charger of June.")

    assert standing(banso, same)[0] == "closed"
    assert letters(banso, "brown", "It is the charger of June.") == [main]
    assert letters(banso, "sato", "It is the charger of June.") == [same]

    does(banso, "sato", Action.SEPARATE, same, text="Mine has another charger.")
    does(banso, owner, Action.ANSWER, main, text="A new one is on its way.")

    assert standing(banso, same)[0] == "assigned"
    assert letters(banso, "sato", "A new one is on its way.") == []


def test_a_problem_with_three_issues_is_solved_once(banso: Installation) -> None:
    problem = banso.raise_issue(reporter=BROWN, summary="The chargers of June")
    parts = [banso.raise_issue(reporter=SATO) for _ in range(3)]
    for part in parts:
        does(banso, "hayashi", Action.LINK, part, into=problem)
    _, owner = standing(banso, problem)

    does(banso, owner, Action.RESOLVE, problem, cause="fault", text="Every charger is exchanged.")

    assert {standing(banso, one)[0] for one in (problem, *parts)} == {"resolved"}
    assert letters(banso, "brown", "Every charger is exchanged.") == [problem]
    banso.advance("20m")  # so soon after another such mail it waits for its turn
    until(lambda: tells_of(banso, "sato", parts), "one mail tells of all three")

    does(banso, "sato", Action.CONFIRM, parts[0])
    does(banso, "sato", Action.REOPEN, parts[1], text="Not this one.")

    assert [standing(banso, one)[0] for one in parts] == ["closed", "assigned", "resolved"]


def test_what_is_opened_again_a_third_time_reaches_the_leader(banso: Installation) -> None:
    reference = banso.raise_issue()
    does(banso, "nguyen", Action.TAKE, reference)

    owners = []
    for _ in range(3):
        does(banso, owners[-1] if owners else "nguyen", Action.RESOLVE, reference, cause="fault")
        does(banso, "brown", Action.REOPEN, reference, text="Still dark.")
        owners.append(standing(banso, reference)[1])

    assert owners == ["nguyen", "nguyen", "hayashi"]
    assert reference in letters(banso, "ito", "")
    assert reference in letters(banso, "hayashi", "あなたの担当になりました")


def test_what_solves_the_other_issue_may_be_no_solution_for_the_same_one(
    banso: Installation,
) -> None:
    """Page and inbox offer what the mail does, and not before."""
    main, same = banso.raise_issue(reporter=BROWN), banso.raise_issue(reporter=SATO)
    _, owner = standing(banso, main)
    does(banso, "hayashi", Action.MERGE, same, into=main)
    link = links(banso).status(id_of(banso, same), "sato", banso.now)

    assert "It is not solved" not in page_text(banso.browser.get(f"{link}?lang=en").text)

    does(banso, owner, Action.RESOLVE, main, cause="fault", text="Every charger is exchanged.")
    page = lxml.html.fromstring(banso.browser.get(f"{link}?lang=en").text)
    offered = {one.text_content().strip(): one.get("href") for one in page.xpath("//a[@href]")}
    inbox = banso.browser.get(links(banso).inbox("sato", banso.now) + "?lang=en")
    banso.follow(offered["It is not solved"], text="Mine is still dark.")
    banso.settle()

    assert "It is not solved" in page_text(inbox.text)
    assert standing(banso, same)[0] == "assigned"
    assert standing(banso, main)[0] == "resolved"
