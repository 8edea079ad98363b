"""`banso check --explain`: which rule fires, who would get it, and why, for people and programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy.cli import app
from deploy.explaining import show
from deploy.explaining.described import (
    SOMEBODY_OUTSIDE,
    Described,
    IssueUnusable,
    doubts,
    raised_from,
    read,
)
from deploy.local.up import SAMPLE
from services.router.rules import Condition, Outcome, Tried
from services.router.trial import try_out
from shared.contracts.issue import Source, Urgency
from shared.contracts.organisation import Rule
from shared.language import words
from tests.unit import build
from tests.unit.build import MONDAY, at
from tests.unit.router.test_trial import database

EN, JA = words("en"), words("ja")


def run(*arguments: str | Path, stdin: str | None = None, lang: str = "en_GB.UTF-8") -> Result:
    session = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": lang}
    said = [str(one) for one in ("check", *arguments)]
    return CliRunner().invoke(app, said, input=stdin, env=session)


def explain(*arguments: str | Path, issue: dict[str, Any], **how: Any) -> Result:
    return run("--explain", SAMPLE, "-", *arguments, stdin=json.dumps(issue), **how)


STOCK = {"summary": "Out of stock again", "customer": "Umi Foods", "at": "2026-06-02 10:00"}


def test_it_says_which_rule_fires_and_why_the_others_do_not() -> None:
    said = explain(issue=STOCK).stdout

    assert "→ 4 stock words: fires (team: production, category: no-stock)" in said
    assert "- 1 written to shipping: does not fire" in said
    assert "address of the mail: asks for shipping@example.com; here: nothing" in said
    assert "words: asks for one of 届かない, 届いていない, " in said


def test_it_says_who_would_get_it_and_why_not_the_others() -> None:
    said = explain(issue=STOCK).stdout

    assert "Aya Endo (Production)" in said
    assert "The rule “stock words” fired." in said
    assert "Tsuyoshi Okada: " in said.partition("Why not the others:")[2]
    assert "Carried by Ken Sato." in said


def test_it_says_by_which_policy_and_when_what_would_have_to_be_done() -> None:
    said = explain(issue=STOCK).stdout.partition("By when")[2]

    assert "Policy: stock" in said
    assert "Taken or declined by Tue 2 Jun, 12:00" in said
    assert "First answer by Tue 2 Jun, 17:00" in said
    assert "Reminder while 25% of the time is left" in said
    assert "after 2 hours: Production's desk is told, too (Production's desk hears of it)" in said
    assert "after 4 hours: it goes to the leader" in said


@pytest.mark.parametrize(("lang", "arguments"), [("ja_JP.UTF-8", ()), ("C", ("--language", "ja"))])
def test_it_says_so_in_japanese(lang: str, arguments: tuple[str, ...]) -> None:
    said = explain(*arguments, issue=STOCK, lang=lang).stdout

    assert "→ 4 stock words: 当てはまります" in said
    assert "遠藤 彩さん（生産）" in said
    assert "最初の回答：6月2日(火) 17:00まで" in said


def test_the_language_asked_for_outranks_that_of_the_session() -> None:
    assert "Who gets it" in explain("--language", "en", issue=STOCK, lang="ja_JP.UTF-8").stdout


def test_a_session_without_a_language_gets_the_companys() -> None:
    assert "担当になる人" in explain(issue=STOCK, lang="").stdout


def test_programs_get_all_of_it_as_json() -> None:
    said = json.loads(explain("--json", issue=STOCK).stdout)

    assert [one["outcome"] for one in said["rules"]] == [*["failed"] * 3, "fired", *["failed"] * 4]
    assert said["rules"][0]["failed"] == [
        {"condition": "to", "asked": "shipping@example.com", "found": "nothing"}
    ]
    assert said["route"]["team"] == "production"
    assert said["owner"] == "endo"
    assert said["policy"]["name"] == "stock"
    assert said["policy"]["answer_by"] == "2026-06-02T08:00:00+00:00"


def test_the_work_that_people_really_have_in_hand_is_read_from_a_banso(tmp_path: Path) -> None:
    database(tmp_path / "router.db", endo=20)

    found = json.loads(explain("--json", "--data", tmp_path, issue=STOCK).stdout)

    assert found["owner"] == "okada"


def test_without_a_banso_there_the_data_can_not_be_read(tmp_path: Path) -> None:
    refused = explain("--data", tmp_path, issue=STOCK)

    assert refused.exit_code == 2
    assert f"There is no Banso of this version in {tmp_path}." in refused.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "This is no JSON: see line 1, column 2."),
        ("[]", 'Write an issue as in {"summary": "It does not start"}.'),
        ("{}", "“summary” is missing."),
        ('{"summary": " "}', '“summary” can\'t be " ".'),
        ('{"summary": "a", "sumary": "b"}', "“sumary” is not known here. Known are: summary, "),
        ('{"summary": "a", "urgency": "urgent"}', "“urgency”: write one of 'low', 'normal' or"),
        ('{"summary": "a", "language": "fr"}', "“language”: write one of 'ja' or 'en'."),
        ('{"summary": "a", "at": "soon"}', '“at” can\'t be "soon".'),
        ('{"summary": "a", "fields": {"x": 1}}', "“fields > x” can't be 1."),
        ('{"summary": "a", "reporter": {"name": "b"}}', "“reporter > email” is missing."),
        ('{"summary": "a", "reporter": 3}', "“reporter” can't be 3."),
        ('{"summary": "a", "customer": "%s"}' % ("b" * 201), "“customer” is too long."),
        ('{"summary": "a", "description": "%s"}' % ("b" * 50_001), "“description” is too long."),
        (
            json.dumps({"summary": "a", "description": "b" * 49_999, "fields": {"x": "c"}}),
            "“description” is too long.",
        ),
    ],
)
def test_what_is_no_issue_is_refused_with_the_reason(text: str, problem: str) -> None:
    refused = run("--explain", SAMPLE, "-", stdin=text)

    assert refused.exit_code == 2
    assert f"-: {problem}" in refused.stderr
    assert refused.stdout == ""


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    strange = tmp_path / "issue.json"
    strange.write_bytes('{"summary": "動かない"}'.encode("shift_jis"))

    for file in (strange, tmp_path / "missing.json"):
        refused = run("--explain", SAMPLE, file)
        assert refused.exit_code == 2
        assert f"{file} can't be read as UTF-8 text." in refused.stderr


def test_an_issue_has_to_be_named(tmp_path: Path) -> None:
    refused, japanese = (run("--explain", SAMPLE, lang=one) for one in ("en_GB.UTF-8", "ja_JP"))

    assert refused.exit_code == japanese.exit_code == 2
    assert "Write an issue after the organisation file." in refused.output
    assert "件のファイルを書いてください" in japanese.output


def test_only_our_languages_are_spoken() -> None:
    assert explain("--language", "fr", issue=STOCK).exit_code == 2


# The issue as it is described


def raised(**said: Any) -> Any:
    described = Described.model_validate({"summary": "It does not start"} | said)
    return raised_from(described, build.organisation(), MONDAY)


def test_little_has_to_be_said() -> None:
    issue = raised()

    assert (issue.source, issue.language, issue.occurred_at) == (Source.WEB, "en", MONDAY)
    assert (issue.reporter_id, issue.product, issue.urgency) == (SOMEBODY_OUTSIDE, None, None)


def test_all_of_it_may_be_said_as_the_api_takes_it() -> None:
    issue = raised(
        description="電源が入りません",
        product="Meter",
        category="late",
        urgency="high",
        reporter={"name": "Emi", "email": "EMI@example.com"},
        on_behalf_of="aki@example.com",
        fields={"serial": "A-1"},
        followers=["sho", "nobody@example.com"],
        confidential=True,
        needed_by="2026-06-05",
        at="2026-06-01T12:00:00Z",
        attachments=[{"filename": "a.txt", "content": ""}],
    )

    assert (issue.product, issue.category, issue.urgency) == ("meter", "late", Urgency.HIGH)
    assert (issue.reporter_id, issue.on_behalf_of_id, issue.language) == ("emi", "aki", "ja")
    assert (issue.follower_ids, issue.fields) == (("sho",), {"serial": "A-1"})
    assert issue.needed_by == at("2026-06-05 00:00")
    assert issue.occurred_at == at("2026-06-01 21:00")
    assert issue.confidential


def test_a_customer_for_whom_somebody_writes_is_the_customer() -> None:
    assert raised(reporter="emi", on_behalf_of="Umi Foods").customer == "Umi Foods"
    assert raised(reporter="emi", on_behalf_of="aki").customer is None


def test_what_comes_to_an_address_is_a_mail_unless_it_is_said_otherwise() -> None:
    assert raised(addressed_to="issues@example.com").source is Source.EMAIL
    assert raised(addressed_to=["issues@example.com"], source="api").source is Source.API


def test_a_long_summary_is_cut_as_the_api_does() -> None:
    assert len(raised(summary="a" * 300).summary) == 200


def test_what_the_organisation_does_not_know_is_told_and_no_mistake() -> None:
    said = {
        "summary": "a",
        "product": "pump",
        "category": "sad",
        "fields": {"size": "L"},
        "addressed_to": "desk@example.com",
    }

    said_to_people = explain(issue=said)

    assert said_to_people.exit_code == 0
    assert said_to_people.stdout.splitlines()[:4] == [
        "! There is no product “pump”.",
        "! There is no category “sad”.",
        "! There is no field “size”.",
        "! “desk@example.com” is none of our addresses.",
    ]
    described = read(json.dumps({"summary": "a", "product": "meter", "category": "late"}), EN)
    organisation = build.organisation()
    assert doubts(described, raised_from(described, organisation, MONDAY), organisation, EN) == []


def test_several_problems_are_told_together() -> None:
    with pytest.raises(IssueUnusable) as refused:
        read('{"urgency": "soon", "more": 1}', EN)

    assert len(refused.value.problems) == 3


# In words


@pytest.mark.parametrize(
    ("condition", "when", "said", "asked", "found"),
    [
        (
            Condition.PRODUCT,
            {"product": ["meter", "none"]},
            {"product": "mini"},
            "meter or nothing",
            "mini",
        ),
        (Condition.CATEGORY, {"category": "late"}, {}, "late", "nothing"),
        (Condition.SOURCE, {"source": ["web", "api"]}, {}, "web or api", "email"),
        (Condition.URGENCY, {"urgency": "high"}, {}, "high", "normal"),
        (Condition.LANGUAGE, {"language": "ja"}, {}, "ja", "en"),
        (Condition.TO, {"to": "a@b"}, {"addressed_to": ("c@d", "e@f")}, "a@b", "c@d, e@f"),
        (Condition.CUSTOMER, {"customer": "Umi*"}, {"customer": "Yama"}, "Umi*", "Yama"),
        (
            Condition.FIELDS,
            {"fields": {"a": ["1", "2"], "b": "3", "c": "4"}},
            {"fields": {"a": "9", "c": "4"}},
            "a = 1 or 2; b = 3",
            "a = 9; b = nothing",
        ),
        (
            Condition.DURING,
            {"during": {"sat": "09:00-12:00 13:30-14:00", "sun": "09:00-10:00"}},
            {},
            "Sat 09:00-12:00 13:30-14:00, Sun 09:00-10:00",
            "Mon 09:00",
        ),
        (Condition.AT_WORK, {"at_work": True}, {}, "working time", "outside working time"),
        (Condition.AT_WORK, {"at_work": False}, {}, "outside working time", "working time"),
        (Condition.WORDS, {"words": ["stock", "lamp"]}, {}, "stock or lamp", "none of them"),
        (Condition.WORDS, {"words": ["aa", "bb", "cc"]}, {}, "one of aa, bb, cc", "none of them"),
    ],
)
def test_each_condition_says_what_it_asks_for_and_what_there_is(
    condition: Condition, when: dict[str, Any], said: dict[str, Any], asked: str, found: str
) -> None:
    rule = Rule.model_validate({"name": "a rule", "when": when, "team": "product"})
    tried = Tried(rule, Outcome.FAILED, (condition,))

    failures = show.failures(tried, build.raised(**said), build.organisation(), EN)

    assert list(failures) == [show.Failed(condition, asked, found)]


def lines(*rules: dict[str, Any], language: Any = EN, **said: Any) -> str:
    organisation = build.organisation(rules=rules, **said)
    issue = build.raised(occurred_at=MONDAY)
    trial = try_out(issue, organisation, MONDAY)
    return "\n".join(show.as_lines(trial, issue, (), organisation, language))


@pytest.mark.parametrize("language", [EN, JA], ids=["en", "ja"])
def test_every_condition_has_words(language: Any) -> None:
    every = {
        "product": "meter",
        "category": "late",
        "source": "web",
        "urgency": "high",
        "language": "ja",
        "to": "ship@example.com",
        "customer": "Umi*",
        "fields": {"since": "always"},
        "during": {"sun": "00:00-24:00"},
        "at_work": False,
        "words": "stock",
    }
    shown = lines({"name": "every", "when": every, "team": "product"}, language=language)

    conditions = [line for line in shown.splitlines() if line.startswith("      ")]
    assert len(conditions) == len(set(conditions)) == len(Condition)


def test_a_rule_that_is_beaten_and_a_company_without_rules_are_said() -> None:
    first = {"name": "first", "when": {}, "carrier": "sho", "policy": "quick"}
    second = {"name": "second", "when": {}, "team": "sales"}

    beaten = lines(first, second, more_policies={"quick": build.policy()})

    assert "→ 1 first: fires (carrier: sho, policy: quick)" in beaten
    assert "= 2 second: would fire too, but a rule before it does" in beaten
    assert "There are none." in lines()


def test_what_is_unclear_is_said_and_how_a_ladder_goes_on() -> None:
    ladder = [
        {"after": "30m", "do": "remind"},
        {"after": "1h 30m", "do": "tell", "to": "lead"},
        {"after": "2h", "do": "give", "whom": "mio"},
        {"after": "1h", "do": "give", "to": "leader"},
    ]
    policies = dict.fromkeys(("low", "normal", "high"), build.policy(ladder=ladder))

    shown = lines(policies=policies)

    assert "Neither a rule nor a category says where it belongs." in shown
    assert "Policy: that of urgency “normal”" in shown
    assert "after 30 minutes: a reminder" in shown
    assert "after one hour 30 minutes: the team's lead is told, too" in shown
    assert "after 2 hours: it goes to Mio" in shown
    assert "Reminder while" not in shown


def test_a_step_without_delay_comes_at_the_deadline_or_with_the_one_before() -> None:
    ladder = [
        {"after": "0h", "do": "remind"},
        {"after": "0h", "do": "tell", "to": "lead"},
        {"after": "1h 30m", "do": "give", "to": "leader"},
    ]
    policies = dict.fromkeys(("low", "normal", "high"), build.policy(ladder=ladder))

    english, japanese = (lines(policies=policies, language=one) for one in (EN, JA))

    assert "at the deadline: a reminder" in english
    assert "at the same time: the team's lead is told, too" in english
    assert "期限になったとき：催促します" in japanese
    assert "同じとき：チームリーダーにも知らせます" in japanese
    assert "1時間 30分後：担当が責任者に移ります" in japanese


def test_days_of_the_week_are_said_in_the_readers_language() -> None:
    rule = {"name": "a rule", "when": {"during": {"sat": "09:00-12:00"}}, "team": "product"}

    shown = lines(rule, language=JA)

    assert "時刻：条件は「土曜日 09:00-12:00」ですが、この件では「月曜日 09:00」です" in shown


# The check itself

WITH_A_WARNING = (
    "  - name: stock words\n",
    "  - {name: all, when: {}, team: product}\n  - name: stock words\n",
)


def changed(directory: Path, old: str, new: str) -> Path:
    file = directory / "organisation.yaml"
    file.write_text(SAMPLE.read_text().replace(old, new, 1))
    return file


def test_a_warning_is_told_and_the_file_is_good(tmp_path: Path) -> None:
    file = changed(tmp_path, *WITH_A_WARNING)

    checked = run(file)

    assert checked.exit_code == 0
    assert f"{file}: good." in checked.stdout
    assert "warning: rules > 5: rule `stock words` never fires: rule `all` (4)" in checked.stderr
    assert "Warnings: 5." in checked.stdout


def test_the_sample_has_neither_errors_nor_warnings() -> None:
    checked = run(SAMPLE)

    assert (checked.exit_code, checked.stderr) == (0, "")
    assert "Warnings" not in checked.stdout


def test_a_check_for_programs(tmp_path: Path) -> None:
    good = run("--json", changed(tmp_path, *WITH_A_WARNING))
    bad = run("--json", changed(tmp_path, "leader: hayashi", "leader: nobody"))

    said = json.loads(good.stdout)
    assert (good.exit_code, said["usable"], said["errors"]) == (0, True, [])
    assert {one["severity"] for one in said["warnings"]} == {"warning"}
    said = json.loads(bad.stdout)
    assert (bad.exit_code, said["usable"]) == (1, False)
    assert said["errors"][0]["problem"] == "there is no person `nobody`"
