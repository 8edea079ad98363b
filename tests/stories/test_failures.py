"""Things break, and nobody who waits for an answer has to know."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections import Counter
from pathlib import Path

import httpx

from deploy.local.up import SAMPLE
from tests.installation import Installation, a_problem, page_text, running, until
from tests.saboteur import RULE_THAT_RAISES, sabotage


def test_a_rule_that_raises_brings_the_issue_to_the_leader(tmp_path: Path) -> None:
    environment = sabotage(tmp_path / "saboteur", RULE_THAT_RAISES)
    with running(tmp_path, environment=environment) as banso:
        reference = banso.raise_issue()

        given = banso.expect("hayashi", "あなたの担当になりました")
        assert "Bansoが担当を決められなかった" in given.text
        banso.expect("brown", "We have received it")
        banso.expect_metric("metrics", "banso_dead_letters_total", at_least=1, service="router")
        assert banso.issue(reference)["owner"]["id"] == "hayashi"
        assert "could not decide" in banso.issue(reference)["why"]
        listed = banso.run("dead", "list").stdout
        assert "router  issue.raised.v1  after 3 attempts" in listed
        assert "this rule has a mistake" in listed


def test_a_message_that_nobody_can_read_is_buried_and_the_next_one_goes_through(
    banso: Installation,
) -> None:
    banso.say("issue.raised.v1", b"\xff not JSON at all")

    banso.expect_metric("metrics", "banso_dead_letters_total", at_least=1, service="router")
    banso.raise_issue()
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    listed = banso.run("dead", "list").stdout
    number = next(line for line in listed.splitlines() if "router" in line).split()[0]
    assert "not JSON at all" in banso.run("dead", "show", number).stdout
    assert "was said to router again" in banso.run("dead", "again", number).stdout


def test_while_nats_is_away_everything_is_refused_kindly_and_goes_through_later_once(
    banso: Installation,
) -> None:
    form = banso.browser.get("/?lang=en")
    filled = {
        "summary": "The meter does not start",
        "description": "It worked yesterday.",
        "category": "not-working",
        "name": "Emily Brown",
        "email": "brown@example.com",
    }
    raw = b"From: sato@example.com\r\nSubject: No stock\r\nMessage-ID: <7@x>\r\n\r\nNo stock.\r\n"
    key = {"Idempotency-Key": "order-1"}
    slow = a_problem(summary="It has no effect", category="no-effect")
    banso.take_down("nats-server")

    refused = banso.submit(form, **filled)
    assert refused.status_code == 503
    assert "Your text is still here" in page_text(refused.text)
    assert "It worked yesterday." in refused.text
    answer = banso.api.post("/issues", json=slow, headers=key)
    assert answer.status_code == 503
    assert "same Idempotency-Key" in answer.json()["detail"]
    assert banso.send("sato@example.com", raw).startswith("451 4.3.0")
    banso.bring_back()
    assert banso.ask("router", "select count(*) from issue") == [(0,)]

    received = banso.submit(refused)
    assert received.status_code == 200, page_text(received.text)
    again = banso.api.post("/issues", json=slow, headers=key)
    assert again.status_code == 201
    assert banso.send("sato@example.com", raw).startswith("250 2.0.0 Received as ")
    for who, heading in (
        ("nguyen", "This is yours now"),
        ("brown", "We have received it"),
        ("kato", "あなたの担当になりました"),
        ("brown", "We have received it"),
        ("endo", "あなたの担当になりました"),
        ("sato", "受け付けました"),
    ):
        banso.expect(who, heading)
    banso.settle()
    assert banso.ask("router", "select count(*) from issue") == [(3,)]


def test_natss_disk_is_lost_and_the_journals_say_everything_again(banso: Installation) -> None:
    references = [banso.raise_issue(), banso.raise_issue(category="no-effect")]
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("kato", "あなたの担当になりました")
    banso.expect("brown", "We have received it")
    banso.expect("brown", "We have received it")
    banso.press(asked, "I take it")
    banso.expect("brown", "It is being worked on")
    banso.settle()
    before = [banso.issue(reference) for reference in references]
    told = Counter((line["person_id"], line["reason"]) for line in banso.inbox())
    subjects = ("issue.raised.v1", "issue.assigned.v1", "issue.acknowledged.v1")
    stored = [banso.stored(subject) for subject in (*subjects, "notification.sent.v1")]
    banso.stop()
    shutil.rmtree(banso.data / "nats")

    banso.start()
    banso.settle()

    found = [banso.stored(subject) for subject in (*subjects, "notification.sent.v1")]
    assert found == stored
    assert [banso.issue(reference) for reference in references] == before
    assert Counter((line["person_id"], line["reason"]) for line in banso.inbox()) == told
    banso.press(asked, "Solved", cause="fault")
    banso.expect("brown", "Is it solved?")


def test_a_service_that_has_lost_its_database_hears_everything_again(
    banso: Installation,
) -> None:
    reference = banso.raise_issue()
    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.settle()
    banso.stop()
    for file in banso.data.glob("metrics.db*"):
        file.unlink()

    banso.start()
    banso.settle()

    assert banso.metric("metrics", "banso_open_issues", team="product") == 1
    assert banso.issue(reference)["owner"]["id"] == "nguyen"


def test_a_mail_server_that_is_down_gets_the_same_mail_later(banso: Installation) -> None:
    banso.postbox.answer = lambda _to: "451 4.3.0 come back later"
    banso.raise_issue()
    until(lambda: "delivery.postponed" in banso.log("notifier"), "the mail is postponed")
    assert not banso.postbox.letters
    until(lambda: len(banso.inbox()) == 2, "both are told in their inbox")
    banso.postbox.answer = lambda _to: "250 2.0.0 OK"

    banso.advance("2m")

    banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")


def test_a_broken_organisation_file_is_named_by_line_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    file = tmp_path / "organisation.yaml"
    file.write_text(SAMPLE.read_text())
    with running(tmp_path, organisation=file) as banso:
        good = file.read_text()
        lines = good.splitlines()
        wrong = next(n for n, line in enumerate(lines, 1) if "id: nguyen" in line)
        lines[wrong - 1] = lines[wrong - 1].replace("team: product", "team: prodcut")
        file.write_text("\n".join(lines))

        until(lambda: "organisation.unusable" in banso.log("router"), "the router complains")
        assert f"line={wrong}" in banso.log("router")
        checked = banso.run("check", str(file), code=1)
        assert f"{file}:{wrong}: people > " in checked.stderr
        assert "there is no team `prodcut`" in checked.stderr
        banso.raise_issue()
        asked = banso.expect("nguyen", "This is yours now")
        banso.expect("brown", "We have received it")

        left = good.replace("person: nguyen", "person: ito")  # who sorts what nothing places
        gone = [line for line in left.splitlines() if "id: nguyen" not in line]
        file.write_text("\n".join(gone))
        banso.expect("abe", "あなたの担当になりました")
        banso.expect("brown", "Somebody else looks after it now")
        assert banso.issue(asked.reference)["owner"]["id"] == "abe"


def test_nothing_stays_behind_and_a_second_start_finds_everything_again(
    banso: Installation,
) -> None:
    reference = banso.raise_issue()
    asked = banso.expect("nguyen", "This is yours now")
    banso.expect("brown", "We have received it")
    banso.settle()
    refused = banso.run("up", code=1)
    assert "is running already" in refused.stderr
    assert banso.data.joinpath("endpoints.json").stat().st_mode & 0o777 == 0o600
    assert banso.data.joinpath("intake.db").stat().st_mode & 0o077 == 0

    banso.stop()
    assert not banso.data.joinpath("endpoints.json").exists()
    banso.start()

    assert banso.issue(reference)["owner"]["id"] == "nguyen"
    assert "You have taken it" in banso.press(asked, "I take it")
    banso.expect("brown", "It is being worked on")


def test_the_endpoints_answer_as_they_are_written_down(banso: Installation) -> None:
    endpoints = banso.endpoints
    assert endpoints.keys() == {"web", "api", "api_token", "smtp", "inbox", "metrics", "nats"}
    assert endpoints["api"] == f"{endpoints['web']}/api/v1"
    until(lambda: banso.is_ready("audit"), "the auditor, which starts last, is there")
    for url in endpoints["metrics"].values():
        with urllib.request.urlopen(url) as answer:
            assert b"banso_start_time_seconds" in answer.read()
    document = json.loads(httpx.get(f"{endpoints['api']}/openapi.json").text)
    assert {"/api/v1/issues", "/api/v1/issues/{reference}"} <= set(document["paths"])
    nobody = httpx.get(f"{endpoints['api']}/issues/AAAA-AAAA")
    assert nobody.status_code == 401
    assert httpx.get(endpoints["inbox"]).status_code == 200
