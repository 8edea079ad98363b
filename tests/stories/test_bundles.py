"""After an outage, an absence, a disaster: one message, not a flood."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from shared.contracts.event import Event, event_id_of
from shared.contracts.intake import AbsenceSaid, ActionRequested, MessageReceived, PauseSaid
from shared.contracts.issue import Action, Source, Standing, WaitingFor
from tests.installation import Installation, running, until

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "deploy" / "local" / "organisation.yaml"
MANY = 30


def with_one_for_all(directory: Path) -> Path:
    """The sample organisation, where Garcia alone has all that has no effect."""
    organisation = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    people = [one for one in organisation["people"] if one["id"] != "kato"]
    for person in people:
        if person.get("substitute") == "kato":
            del person["substitute"]
    changed = organisation | {"people": people, "companion_coordinator": "garcia"}
    file = directory / "organisation.yaml"
    file.write_text(yaml.safe_dump(changed, allow_unicode=True))
    return file


def say(banso: Installation, event: Event) -> None:
    cause = f"story/{event.subject}/{event.occurred_at}"
    event_id = event_id_of(event.subject, cause, 0)
    banso.say(event.subject, event.to_message(event_id, cause))


def bring_in(banso: Installation, count: int) -> None:
    for nth in range(count):
        banso.raise_issue(summary=f"It has no effect, {nth}", category="no-effect")
    for _ in range(count):
        banso.expect("garcia", "This is yours now")
        banso.expect("brown", "We have received it")


def test_what_is_due_at_once_is_one_mail_and_each_of_it_is_in_the_inbox(tmp_path: Path) -> None:
    with running(tmp_path, organisation=with_one_for_all(tmp_path)) as banso:
        bring_in(banso, MANY)

        banso.advance("6h")

        mail = banso.expect("garcia", f"{MANY} issues are waiting for you")
        assert mail.text.count("Emily Brown is waiting to hear whether you take it.") == MANY
        assert len({line for line in mail.text.splitlines() if "/a/" in line}) == 3 * MANY
        told = [line for line in banso.inbox() if line["reason"] == "reminder"]
        assert len({line["reference"] for line in told}) == MANY
        banso.press(mail, "I take it")
        banso.expect("brown", "It is being worked on")


def absence(banso: Installation, **said: Any) -> AbsenceSaid:
    usual: dict[str, Any] = {
        "occurred_at": banso.now,
        "absence_id": "absence",
        "person_id": "garcia",
        "said_by_id": "garcia",
        "starts_at": banso.now - timedelta(hours=1),
        "ends_at": banso.now + timedelta(days=8),
        "substitute_id": "mori",
    }
    return AbsenceSaid(**(usual | said))


def test_an_absence_is_one_mail_for_each_person_whatever_it_moves(tmp_path: Path) -> None:
    with running(tmp_path, organisation=with_one_for_all(tmp_path)) as banso:
        bring_in(banso, 3)

        say(banso, absence(banso))
        lent = banso.expect("mori", "マリア・ガルシアさんの代わりをお願いします")
        assert lent.text.count("引き受ける:") == 3
        banso.expect("garcia", "Your issues are in good hands")
        banso.expect("brown", "3 issues are looked after by somebody else now")

        say(banso, absence(banso, cancelled=True))
        banso.advance("20m")
        banso.expect("garcia", "Welcome back")
        banso.expect("mori", "マリア・ガルシアさんが戻りました")
        banso.expect("brown", "3 issues are looked after by somebody else now")


def test_everybody_concerned_hears_once_that_chasing_rests_and_that_it_goes_on(
    banso: Installation,
) -> None:
    banso.raise_issue()
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    pause = PauseSaid(
        occurred_at=banso.now,
        pause_id="pause",
        person_id="hayashi",
        starts_at=banso.now,
        ends_at=banso.now + timedelta(days=1),
        text="A storm. Please look after yourselves first.",
    )

    say(banso, pause)
    for who in ("nguyen", "brown"):
        heard = banso.expect(who, "Banso chases nobody until")
        assert "> A storm. Please look after yourselves first." in heard.text
    banso.advance("6h")

    say(banso, pause.model_copy(update={"occurred_at": banso.now, "ended": True}))
    for who in ("nguyen", "brown"):
        banso.expect(who, "Deadlines run again")
    both = {"paused", "unpaused"}
    until(lambda: both <= {line["reason"] for line in banso.inbox()}, "the inbox has both")


def test_a_carrier_answers_the_owners_question_by_mail(banso: Installation) -> None:
    reference = banso.raise_issue()
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    rows = banso.ask("router", "select issue_id from issue where reference = ?", reference)
    about = {"occurred_at": banso.now, "issue_id": rows[0][0]}

    question = {"text": "Which colour is the lamp?", "waiting_for": WaitingFor.CARRIER}
    say(banso, ActionRequested(**about, person_id="nguyen", action=Action.WAIT, **question))
    asked = banso.expect("brown", "Linh Nguyen (Product) has a question for you")
    assert "> Which colour is the lamp?" in asked.text
    words = {"source": Source.EMAIL, "standing": Standing.VOUCHED, "text": "It is red."}
    say(banso, MessageReceived(**about, person_id="brown", **words))

    answered = banso.expect("nguyen", "Emily Brown has written more")
    assert "It was waiting for this." in answered.text
    assert banso.issue(reference)["next_step"] == "answer"
