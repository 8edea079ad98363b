"""After an outage, an absence, a disaster: one message, not a flood."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.installation import Installation, running

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
    file = directory / "organisation.yaml"
    file.write_text(yaml.safe_dump(organisation | {"people": people}, allow_unicode=True))
    return file


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
