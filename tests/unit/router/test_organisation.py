"""The organisation file: each error names the line and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from services.router.organisation import Finding, OrganisationUnusable, parse, read
from shared.contracts.issue import Urgency

SAMPLE = Path(__file__).parents[3] / "deploy" / "local" / "organisation.yaml"

USABLE = """\
name: {ja: 会社, en: Company}
leader: kai
default_team: desk
default_carrier: emi
calendar: office
mail:
  issues: [issues@example.com]
  sender: banso@example.com
calendars:
  - id: office
    zone: Asia/Tokyo
    holidays: JP
    hours: {mon-fri: 09:00-12:00 13:00-18:00}
teams:
  - {id: desk, name: {ja: 窓口, en: Desk}, lead: kai}
people:
  - {id: kai, name: {ja: 甲斐, en: Kai}, emails: [kai@example.com], language: ja, team: desk}
  - id: emi
    name: {ja: 恵美, en: Emi}
    emails: [Emi@Example.com, emi.ito@example.com]
    language: en
    team: desk
    calendar: office
    skills: {broken: 1.2}
    substitute: kai
    hours: {mon-thu: 09:00-12:00}
products:
  - {id: meter, name: {ja: 計器, en: Meter}, fields: [serial], carrier: emi}
categories:
  - {id: broken, name: {ja: 故障, en: Broken}, fields: [serial, since], team: desk, policy: calm}
fields:
  - {id: serial, label: {ja: 番号, en: Number}}
  - id: since
    label: {ja: いつから, en: Since}
    kind: choice
    choices:
      - {id: always, name: {ja: 初めから, en: Always}}
      - {id: later, name: {ja: 後から, en: Later}}
hooks:
  - {id: alerts, summary: title, reporter: kai}
  - {id: forms, summary: words}
causes:
  - {id: fault, name: {ja: 不具合, en: Fault}}
policies:
  low: &policy
    acknowledge_within: 4h
    answer_within: 1d
    keep_in_touch: 3d
    resolve_within: 5d 4h
    confirm_within: 30m
    ladder:
      - {after: 0h, do: remind}
      - {after: 1h, do: tell, whom: calls}
      - {after: 2h, do: give, to: leader}
  normal: *policy
  high: *policy
more_policies:
  calm: *policy
triage: {person: kai}
rotas:
  - {id: calls, name: {ja: 電話当番, en: Calls}, people: [kai, emi],
     every: FREQ=WEEKLY, starts: 2026-06-01 09:00, calendar: office}
schedules:
  - id: hours
    name: {ja: 時間割, en: Hours}
    calendar: office
    shifts:
      - {during: {sat: 09:00-12:00}, rota: calls}
      - {first: 2026-06-01, last: 2027-06-01, team: desk}
      - {person: emi}
rules:
  - name: broken words
    when: {category: [none, broken], product: [meter, none], words: [error]}
    team: desk
  - name: asked for
    when: {to: Issues@Example.com, fields: {since: [always, later], serial: A-1}}
    team: desk
    rota: calls
    policy: {high: calm}
  - name: at the weekend
    when: {during: {sat-sun: 00:00-24:00}, at_work: false, customer: 'Umi*'}
    schedule: hours
"""


def findings(text: str) -> list[Finding]:
    with pytest.raises(OrganisationUnusable) as raised:
        parse(text)
    return list(raised.value.findings)


def changed(old: str, new: str) -> str:
    assert USABLE.count(old) >= 1, old
    return USABLE.replace(old, new, 1)


def line_of(part: str, text: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_usable_file_is_read_whole() -> None:
    organisation = parse(USABLE)

    assert organisation.leader == "kai"
    assert organisation.by_address["emi@example.com"].id == "emi"
    assert organisation.policies[Urgency.HIGH] == organisation.policies[Urgency.LOW]
    assert organisation.calendars[0].hours["fri"] == [(540, 720), (780, 1080)]
    assert "sat" not in organisation.calendars[0].hours


def test_the_sample_that_comes_with_banso_is_usable() -> None:
    organisation = read(SAMPLE)

    assert organisation.leader in organisation.person


def test_the_revision_changes_with_the_content_and_only_with_it() -> None:
    assert parse(USABLE).revision == parse(USABLE).revision
    assert parse(USABLE).revision != parse(changed("Company", "Firm")).revision


class Mistake(NamedTuple):
    old: str
    new: str
    at: str
    """Stands in the line that the finding must name."""
    place: str
    problem: str
    remedy: str


MISTAKES = {
    "a key is missing": Mistake(
        "leader: kai\n", "", "name:", "leader", "`leader` is missing", "Add `leader:`"
    ),
    "a key of a person is missing": Mistake(
        "    language: en\n",
        "",
        "- id: emi",
        "people > 2 > language",
        "`language` is missing",
        "Add `language:`",
    ),
    "a key is misspelt": Mistake(
        "    calendar: office",
        "    calender: office",
        "calender",
        "people > 2 > calender",
        "`calender` is not known here",
        "Correct its spelling, or remove the line",
    ),
    "a key is there twice": Mistake(
        "leader: kai\n",
        "leader: kai\nleader: emi\n",
        "leader: emi",
        "leader",
        "`leader` is there twice",
        "Remove one of them",
    ),
    "a key of a person is there twice": Mistake(
        "    language: en\n",
        "    language: en\n    language: ja\n",
        "    language: ja",
        "people > 2 > language",
        "`language` is there twice",
        "Remove one of them",
    ),
    "a number stands for a text": Mistake(
        "sender: banso@example.com",
        "sender: 12",
        "sender: 12",
        "mail > sender",
        "12 is not a text",
        "Put the value of `sender` in quotes",
    ),
    "an id has capital letters": Mistake(
        "- id: emi", "- id: Emi", "- id: Emi", "people > 2 > id", "'Emi' can't be an id", "hyphens"
    ),
    "an id looks like a stranger's": Mistake(
        "- id: emi", "- id: x-1", "- id: x-1", "people > 2 > id", "'x-1' can't be an id", "letters"
    ),
    "a language is unknown": Mistake(
        "    language: en",
        "    language: fr",
        "language: fr",
        "people > 2 > language",
        "'fr' is not possible here",
        "Write one of 'ja' or 'en'",
    ),
    "an urgency is unknown": Mistake(
        "  normal: *policy",
        "  urgent: *policy",
        "urgent",
        "policies > urgent",
        "'urgent' is not possible here",
        "'low', 'normal' or 'high'",
    ),
    "an urgency has no policy": Mistake(
        "  normal: *policy\n",
        "",
        "name:",
        "file",
        "does not fit",
        "add a policy for urgency normal",
    ),
    "a span is no span": Mistake(
        "answer_within: 1d",
        "answer_within: soon",
        "soon",
        "policies > low > answer_within",
        "'soon' does not fit",
        "write a span of working time such as 30m, 4h or 2d",
    ),
    "a span has no unit": Mistake(
        "answer_within: 1d",
        "answer_within: 4",
        "answer_within: 4",
        "policies > low > answer_within",
        "4 does not fit",
        "such as 30m, 4h or 2d",
    ),
    "a day is unknown": Mistake(
        "mon-fri: 09", "mon-freitag: 09", "mon-freitag", "hours", "does not fit", "or a range"
    ),
    "a range of days runs backwards": Mistake(
        "mon-fri: 09", "fri-mon: 09", "fri-mon", "hours", "does not fit", "runs forward"
    ),
    "hours are no hours": Mistake(
        "13:00-18:00", "13-18", "13-18", "hours", "does not fit", "09:00-12:00 13:00-18:00"
    ),
    "hours overlap": Mistake(
        "13:00-18:00",
        "11:00-18:00",
        "11:00-18:00",
        "hours",
        "does not fit",
        "hours follow each other within one day",
    ),
    "hours go beyond midnight": Mistake(
        "13:00-18:00", "13:00-24:30", "24:30", "hours", "does not fit", "within one day"
    ),
    "hours are empty": Mistake(
        "13:00-18:00", "13:00-13:00", "13:00-13:00", "hours", "does not fit", "within one day"
    ),
    "a calendar never opens": Mistake(
        "{mon-fri: 09:00-12:00 13:00-18:00}",
        "{}",
        "hours: {}",
        "calendars > 1 > hours",
        "nobody ever works in calendar `office`",
        "Write hours such as",
    ),
    "a zone is unknown": Mistake(
        "Asia/Tokyo",
        "Asia/Tokio",
        "Asia/Tokio",
        "calendars > 1 > zone",
        "there is no time zone `Asia/Tokio`",
        "Write one such as Asia/Tokyo",
    ),
    "a zone leads out of the zones": Mistake(
        "Asia/Tokyo", "../etc", "../etc", "calendars > 1 > zone", "no time zone", "Asia/Tokyo"
    ),
    "a country is unknown": Mistake(
        "holidays: JP",
        "holidays: XX",
        "holidays: XX",
        "calendars > 1 > holidays",
        "no public holidays are known for `XX`",
        "list the days under `closed:`",
    ),
    "a region is unknown": Mistake(
        "holidays: JP",
        "holidays: DE-XX",
        "holidays: DE-XX",
        "calendars > 1 > holidays",
        "no public holidays are known for `DE-XX`",
        "Write a country code such as JP",
    ),
    "a rung tells nobody": Mistake(
        "{after: 0h, do: remind}",
        "{after: 0h, do: tell}",
        "do: tell",
        "policies > low > ladder > 1",
        "does not fit",
        "tell and give need `to: lead`, `to: leader` or `whom: ID`; remind has none",
    ),
    "a ladder does not end at the leader": Mistake(
        "{after: 2h, do: give, to: leader}",
        "{after: 2h, do: give, to: lead}",
        "low:",
        "policies > low",
        "does not fit",
        "end the ladder with `do: give, to: leader`",
    ),
    "the leader is nobody": Mistake(
        "leader: kai",
        "leader: kay",
        "leader: kay",
        "leader",
        "there is no person `kay`",
        "Add them under `people:`, or correct it",
    ),
    "a team is unknown": Mistake(
        "default_team: desk",
        "default_team: disk",
        "default_team",
        "default_team",
        "there is no team `disk`",
        "Add it under `teams:`, or correct it",
    ),
    "a person's team is unknown": Mistake(
        "    team: desk\n    calendar",
        "    team: disk\n    calendar",
        "team: disk",
        "people > 2 > team",
        "there is no team `disk`",
        "Add it under `teams:`, or correct it",
    ),
    "a category is unknown": Mistake(
        "skills: {broken: 1.2}",
        "skills: {brokn: 1.2}",
        "brokn",
        "people > 2 > skills > brokn",
        "there is no category `brokn`",
        "Add it under `categories:`",
    ),
    "a calendar is unknown": Mistake(
        "    calendar: office",
        "    calendar: shift",
        "calendar: shift",
        "people > 2 > calendar",
        "there is no calendar `shift`",
        "Add it under `calendars:`",
    ),
    "a product's carrier is unknown": Mistake(
        "carrier: emi}",
        "carrier: amy}",
        "amy",
        "products > 1 > carrier",
        "there is no person `amy`",
        "Add them under `people:`",
    ),
    "a rule asks for an unknown product": Mistake(
        "[meter, none]",
        "[metre, none]",
        "metre",
        "rules > 1 > when > product",
        "there is no product `metre`",
        "Add it under `products:`, or correct it",
    ),
    "a rule asks for an unknown category": Mistake(
        "[none, broken]",
        "[none, brokn]",
        "brokn",
        "rules > 1 > when > category",
        "there is no category `brokn`",
        "Add it under `categories:`",
    ),
    "a rule does nothing": Mistake(
        "words: [error]}\n    team: desk\n",
        "words: [error]}\n",
        "- name: broken words",
        "rules > 1",
        "rule `broken words` does nothing",
        "Say `team:`, `person:`, `rota:`, `schedule:`, `category:`, `urgency:`, `carrier:` or",
    ),
    "a product asks an unknown field": Mistake(
        "fields: [serial], carrier",
        "fields: [serail], carrier",
        "[serail]",
        "products > 1 > fields > 1",
        "there is no field `serail`",
        "Add it under `fields:`, or correct it",
    ),
    "a category asks an unknown field": Mistake(
        "[serial, since]",
        "[serial, sinse]",
        "[serial, sinse]",
        "categories > 1 > fields > 2",
        "there is no field `sinse`",
        "Add it under `fields:`",
    ),
    "a rule asks for an unknown field": Mistake(
        "serial: A-1",
        "serail: A-1",
        "serail: A-1",
        "rules > 2 > when > fields > serail",
        "there is no field `serail`",
        "Add it under `fields:`",
    ),
    "a rule waits for a choice that is none": Mistake(
        "[always, later], serial",
        "[always, latter], serial",
        "latter",
        "rules > 2 > when > fields > since",
        "`latter` is no choice of field `since`",
        "Write one of always, later",
    ),
    "a rule waits for mail to somebody else": Mistake(
        "to: Issues@Example.com",
        "to: desk@example.com",
        "desk@example.com",
        "rules > 2 > when > to",
        "`desk@example.com` is none of our addresses",
        "Add it under `mail: issues:`, or correct it",
    ),
    "a field is there twice": Mistake(
        "- {id: serial, label",
        "- {id: since, label",
        "- {id: since, label",
        "fields > 1 > id",
        "`since` is there twice",
        "Give each its own id",
    ),
    "a choice is there twice": Mistake(
        "- {id: later,",
        "- {id: always,",
        "- {id: always, name: {ja: 後",
        "fields > 2 > choices > 2 > id",
        "`always` is there twice",
        "Give each its own id",
    ),
    "a choice has no choices": Mistake(
        "    kind: choice\n",
        "    kind: line\n",
        "- id: since",
        "fields > 2",
        "does not fit",
        "`kind: choice` needs `choices`, others have none",
    ),
    "a hook is there twice": Mistake(
        "- {id: forms,",
        "- {id: alerts,",
        "- {id: alerts, summary: words",
        "hooks > 2 > id",
        "`alerts` is there twice",
        "Give each its own id",
    ),
    "a hook's reporter is unknown": Mistake(
        "reporter: kai",
        "reporter: kay",
        "reporter: kay",
        "hooks > 1 > reporter",
        "there is no person `kay`",
        "Add them under `people:`",
    ),
    "a place in a message is none": Mistake(
        "summary: title",
        "summary: 'the title'",
        "the title",
        "hooks > 1 > summary",
        "'the title' does not fit",
        "",
    ),
    "an id is a person's and a team's": Mistake(
        "- id: emi",
        "- id: desk",
        "{id: desk",
        "teams > 1 > id",
        "`desk` is the id of a person already",
        "People, teams, rotas and schedules share their ids",
    ),
    "an id is a team's and a rota's": Mistake(
        "- {id: calls, name",
        "- {id: desk, name",
        "- {id: desk, name: {ja: 電話当番",
        "rotas > 1 > id",
        "`desk` is the id of a team already",
        "give each its own",
    ),
    "a rota is there twice": Mistake(
        "rotas:\n",
        "rotas:\n  - {id: calls, name: {ja: 当番, en: Calls}, people: [kai], starts: 2026-06-01}\n",
        "  - {id: calls",
        "rotas > 1 > id",
        "`calls` is there twice",
        "Give each its own id",
    ),
    "somebody in a rota is unknown": Mistake(
        "people: [kai, emi]",
        "people: [kai, amy]",
        "[kai, amy]",
        "rotas > 1 > people > 2",
        "there is no person `amy`",
        "Add them under `people:`",
    ),
    "a rota's calendar is unknown": Mistake(
        "starts: 2026-06-01 09:00, calendar: office",
        "starts: 2026-06-01 09:00, calendar: shift",
        "calendar: shift",
        "rotas > 1 > calendar",
        "there is no calendar `shift`",
        "Add it under `calendars:`",
    ),
    "a rota's rule is none": Mistake(
        "every: FREQ=WEEKLY",
        "every: weekly",
        "every: weekly",
        "rotas > 1 > every",
        "rota `calls`: `WEEKLY` is no part of an RRULE here",
        "Write it as in FREQ=WEEKLY;BYDAY=MO",
    ),
    "a rota's turns would never change": Mistake(
        "every: FREQ=WEEKLY",
        "every: FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "BYMONTHDAY=30",
        "rotas > 1 > every",
        "turns do not change within five years",
        "such as FREQ=WEEKLY",
    ),
    "a rota begins before our times": Mistake(
        "starts: 2026-06-01 09:00",
        "starts: 1926-06-01 09:00",
        "starts: 1926",
        "rotas > 1 > starts",
        "the first turn can't begin in 1926",
        "Write a year from 2000",
    ),
    "a shift names nobody": Mistake(
        "{during: {sat: 09:00-12:00}, rota: calls}",
        "{during: {sat: 09:00-12:00}}",
        "{during: {sat: 09:00-12:00}}",
        "schedules > 1 > shifts > 1",
        "does not fit",
        "say one of `person:`, `team:` and `rota:`",
    ),
    "a shift's rota is unknown": Mistake(
        "rota: calls}\n      - ",
        "rota: call}\n      - ",
        "rota: call}",
        "schedules > 1 > shifts > 1 > rota",
        "there is no rota `call`",
        "Add it under `rotas:`",
    ),
    "a shift's team is unknown": Mistake(
        "{first: 2026-06-01, last: 2027-06-01, team: desk}",
        "{first: 2026-06-01, last: 2027-06-01, team: disk}",
        "team: disk}",
        "schedules > 1 > shifts > 2 > team",
        "there is no team `disk`",
        "Add it under `teams:`",
    ),
    "a shift's person is unknown": Mistake(
        "- {person: emi}",
        "- {person: amy}",
        "person: amy",
        "schedules > 1 > shifts > 3 > person",
        "there is no person `amy`",
        "Add them",
    ),
    "a shift ends before it begins": Mistake(
        "last: 2027-06-01",
        "last: 2026-05-31",
        "last: 2026-05-31",
        "schedules > 1 > shifts > 2 > last",
        "the shift ends before it begins",
        "Let `last:` be no day before `first:`",
    ),
    "a shift has no hours": Mistake(
        "{during: {sat: 09:00-12:00}, rota",
        "{during: {}, rota",
        "{during: {}",
        "schedules > 1 > shifts > 1 > during",
        "the shift never holds",
        "Write hours such as",
    ),
    "a schedule's calendar is unknown": Mistake(
        "    calendar: office\n    shifts",
        "    calendar: shift\n    shifts",
        "calendar: shift",
        "schedules > 1 > calendar",
        "there is no calendar `shift`",
        "Add it",
    ),
    "a rung names somebody unknown": Mistake(
        "do: tell, whom: calls",
        "do: tell, whom: desk",
        "whom: desk",
        "policies > low > ladder > 2 > whom",
        "`desk` is no person, rota or schedule",
        "or use `to: lead`",
    ),
    "reminders would not end": Mistake(
        "    confirm_within: 30m\n",
        "    confirm_within: 30m\n    repeat: 0h\n",
        "repeat: 0h",
        "policies > low > repeat",
        "with so short a `repeat` Banso would remind without end",
        "at least 15m",
    ),
    "an owner's yes would lapse at once": Mistake(
        "    confirm_within: 30m\n",
        "    confirm_within: 30m\n    lasts: 0h\n",
        "lasts: 0h",
        "policies > low > lasts",
        "with so short a `lasts`",
        "at least 15m",
    ),
    "a substitute is unknown": Mistake(
        "substitute: kai",
        "substitute: kay",
        "substitute: kay",
        "people > 2 > substitute",
        "there is no person `kay`",
        "Add them",
    ),
    "somebody is their own substitute": Mistake(
        "substitute: kai",
        "substitute: emi",
        "substitute: emi",
        "people > 2 > substitute",
        "`emi` can't be their own substitute",
        "Name somebody else",
    ),
    "somebody never works": Mistake(
        "    hours: {mon-thu: 09:00-12:00}",
        "    hours: {}",
        "    hours: {}",
        "people > 2 > hours",
        "`emi` never works",
        "Write hours such as",
    ),
    "the triage person is unknown": Mistake(
        "triage: {person: kai}",
        "triage: {person: kay}",
        "triage:",
        "triage > person",
        "there is no person `kay`",
        "Add them",
    ),
    "a category's policy is unknown": Mistake(
        "team: desk, policy: calm",
        "team: desk, policy: clam",
        "policy: clam",
        "categories > 1 > policy",
        "there is no policy `clam`",
        "Add it under `more_policies:`",
    ),
    "a rule's policy is unknown": Mistake(
        "policy: {high: calm}",
        "policy: {high: clam}",
        "policy: {high: clam}",
        "rules > 2 > policy",
        "there is no policy `clam`",
        "Add it under `more_policies:`",
    ),
    "a rule's rota is unknown": Mistake(
        "    rota: calls",
        "    rota: call",
        "    rota: call",
        "rules > 2 > rota",
        "there is no rota `call`",
        "Add it under `rotas:`",
    ),
    "a rule's schedule is unknown": Mistake(
        "    schedule: hours",
        "    schedule: hour",
        "    schedule: hour",
        "rules > 3 > schedule",
        "there is no schedule `hour`",
        "Add it under `schedules:`",
    ),
    "a rule names several who get it": Mistake(
        "    schedule: hours",
        "    schedule: hours\n    person: emi",
        "- name: at the weekend",
        "rules > 3",
        "rule `at the weekend` names several who get it",
        "Say one of",
    ),
    "nobody is in a team": Mistake(
        "people:\n",
        "  - {id: empty, name: {ja: 空, en: Empty}, lead: kai}\npeople:\n",
        "id: empty",
        "teams > 2",
        "nobody is in team `empty`",
        "Give somebody `team: empty`, or remove the team",
    ),
    "two people share an address": Mistake(
        "emi.ito@example.com",
        "KAI@example.com",
        "KAI@",
        "people > 2 > emails > 2",
        "`kai@example.com` belongs to two people",
        "Leave it with one of them",
    ),
    "a tab stands where only spaces may": Mistake(
        "    language: en", "\tlanguage: en", "\tlanguage", "YAML", "", "Check indentation"
    ),
    "a bracket is not closed": Mistake(
        "{broken: 1.2}", "{broken: 1.2", "substitute:", "YAML", "", "Check indentation"
    ),
    "an alias leads nowhere": Mistake(
        "high: *policy", "high: *police", "*police", "YAML", "undefined alias", "Check"
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_line_and_its_remedy(mistake: Mistake) -> None:
    text = changed(mistake.old, mistake.new)

    found = findings(text)

    told = [one for one in found if one.line == line_of(mistake.at, text)]
    assert any(
        mistake.place in one.place
        and mistake.problem in one.problem
        and mistake.remedy in one.remedy
        for one in told
    ), "\n".join(map(str, found))


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = changed("leader: kai", "leader: kay").replace("carrier: emi}", "carrier: amy}")
    text = text.replace("default_team: desk", "default_team: disk")

    lines = [finding.line for finding in findings(text)]

    assert len(lines) == 3
    assert lines == sorted(lines)


def test_whoever_sees_to_companions_is_somebody_of_the_organisation() -> None:
    text = f"companion_coordinator: kay\n{USABLE}"

    (found,) = findings(text)

    assert found.place == "companion_coordinator"
    assert found.line == line_of("companion_coordinator", text)
    assert "there is no person `kay`" in found.problem
    assert "people:" in found.remedy


def test_a_calendar_may_have_no_public_holidays() -> None:
    assert parse(changed("    holidays: JP\n", "")).calendars[0].holidays is None


def test_nobody_needs_a_triage_person() -> None:
    assert parse(changed("triage: {person: kai}\n", "")).triage is None


def test_the_same_id_twice_is_told_at_both_places() -> None:
    text = changed("- id: emi", "- id: kai").replace("carrier: emi", "carrier: kai")

    found = [one for one in findings(text) if one.problem == "`kai` is there twice"]

    assert [one.line for one in found] == [line_of("- {id: kai", text), line_of("- id: kai", text)]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a list\n", "a text\n"])
def test_a_file_without_an_organisation_says_how_to_begin(text: str) -> None:
    assert findings(text) == [
        Finding(1, "file", "there is no organisation", "Start with `name:` and `leader:`")
    ]


def test_an_organisation_that_is_too_large_to_be_told_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.router.organisation.reading.LARGEST_BYTES", 1000)

    (found,) = findings(USABLE)

    assert (found.line, found.place) == (1, "file")
    assert found.problem == "the organisation is too large to be told to the services"


def test_a_character_that_yaml_forbids_is_told() -> None:
    (found,) = findings("name: \x00\n")

    assert found.place == "YAML"
    assert found.remedy == "Save the file as plain UTF-8 text"


def test_a_finding_reads_as_a_sentence() -> None:
    finding = Finding(3, "people > 2", "`x` is missing", "Add `x:`")

    assert str(finding) == "line 3, people > 2: `x` is missing. Add `x:`."


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OrganisationUnusable, match="Check its name and its permissions"):
        read(tmp_path / "missing.yaml")


def test_a_file_in_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "organisation.yaml"
    file.write_bytes(b"leader: kai\nname: " + "会社".encode("cp932"))

    with pytest.raises(OrganisationUnusable) as raised:
        read(file)

    (found,) = raised.value.findings
    assert (found.line, found.remedy) == (2, "Save it as UTF-8")


def test_an_alias_that_leads_back_into_itself_is_refused() -> None:
    with pytest.raises(OrganisationUnusable) as refused:
        parse("name: &again\n  ja: [*again]\n")

    assert "Remove the alias" in str(refused.value)
