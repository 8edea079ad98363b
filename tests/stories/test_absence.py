"""Somebody is away, or nobody is free: who has the work meanwhile, and where it goes afterwards."""

from __future__ import annotations

from pathlib import Path

from deploy.local.up import SAMPLE
from tests.installation import Installation, running, until

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//calendar//EN
BEGIN:VEVENT
UID:holiday
DTSTART;VALUE=DATE:20310204
DTEND;VALUE=DATE:20310206
SUMMARY:有給休暇
END:VEVENT
END:VCALENDAR
"""
"""Tuesday and Wednesday of the week in which stories begin."""


def owner(banso: Installation, reference: str) -> str:
    until(lambda: banso.issue(reference)["owner"], "somebody has it")
    return str(banso.issue(reference)["owner"]["id"])


def raise_and_read(banso: Installation, who: str, heading: str, **said: str) -> str:
    reference = banso.raise_issue(**said)
    banso.expect(who, heading)
    banso.expect("brown", "We have received it")
    return reference


def test_an_absence_takes_the_work_away_and_brings_back_what_is_still_open(
    banso: Installation,
) -> None:
    reference = raise_and_read(banso, "nguyen", "This is yours now")
    where = ("--data", str(banso.data))
    banso.run("away", "nguyen", "2031-02-04", "2031-02-06", "--substitute", "ito", *where)
    assert owner(banso, reference) == "nguyen"

    banso.advance("23h")  # Tuesday at nine
    assert owner(banso, reference) == "ito"
    banso.expect("nguyen", "Your issues are in good hands")
    banso.expect("ito", "グエン・リンさんの代わりをお願いします")
    banso.expect("brown", "Somebody else looks after it now")
    other = raise_and_read(banso, "abe", "あなたの担当になりました")
    assert banso.issue(other)["owner"]["id"] == "abe"

    banso.run("back", "nguyen", *where)
    until(lambda: owner(banso, reference) == "nguyen", "it has come back")
    assert owner(banso, other) == "abe"
    assert banso.stored("person.back.v1") == 1
    banso.advance("30m")  # what Banso does by itself is said together, not more often
    banso.expect("nguyen", "Welcome back")
    banso.expect("ito", "グエン・リンさんが戻りました")
    banso.expect("brown", "Somebody else looks after it now")


def test_a_holiday_in_a_calendar_is_an_absence(tmp_path: Path) -> None:
    calendars = tmp_path / "calendars"
    calendars.mkdir()
    (calendars / "nguyen.ics").write_text(CALENDAR)

    with running(
        tmp_path, expecting=False, environment={"BANSO_CALENDARS": str(calendars)}
    ) as banso:
        reference = banso.raise_issue()
        assert owner(banso, reference) == "nguyen"
        find = "select count(*) from absence where person_id = 'nguyen'"
        until(lambda: banso.ask("router", find)[0][0] == 1, "the calendar is read")

        banso.advance("23h")
        assert owner(banso, reference) != "nguyen"
        banso.advance("2d")  # Thursday at nine
        assert owner(banso, reference) == "nguyen"


def test_what_nobody_can_take_waits_visibly_and_goes_to_the_first_who_is_free(
    tmp_path: Path,
) -> None:
    sample = SAMPLE.read_text()
    small = sample.replace("{id: mori, ", "{id: mori, limit: 0, ")
    small = small.replace("{id: wilson, ", "{id: wilson, limit: 1, ")
    file = tmp_path / "organisation.yaml"
    file.write_text(small)

    with running(tmp_path, organisation=file, expecting=False) as banso:
        manual = {"category": "hard-to-follow"}
        first = banso.raise_issue(**manual)
        asked = banso.expect("wilson", "This is yours now")
        low = banso.raise_issue(**manual, urgency="low")
        high = banso.raise_issue(**manual, urgency="high")
        assert [owner(banso, one) for one in (first, low, high)] == ["wilson", "mori", "mori"]
        assert banso.issue(high)["queued"] is True

        banso.press(asked, "Solved", cause="manual", text="Page 4 is new.")

        until(lambda: owner(banso, high) == "wilson", "the more urgent one is given out")
        assert owner(banso, low) == "mori"
        query = "select moves, queued from issue where reference = ?"
        assert banso.ask("router", query, high) == [(0, 0)]
