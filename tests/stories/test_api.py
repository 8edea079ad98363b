"""Other systems use the API: each with a token that allows what it needs, and no more."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.up import SAMPLE
from services.intake.api.tokens import TOKENS, Scope, TokenFile
from tests.installation import Installation, a_problem, until
from tests.postbox import Postbox

EVERYTHING = ("raise", "read", "comment", "act")
HOOKS = """
hooks:
  - id: tickets
    summary: detail.subject
    description: detail.description
    reporter_name: detail.requester.name
    reporter_email: detail.requester.email
    key: detail.id
    only: {type: [created, updated]}
"""
ALERT: dict[str, Any] = {
    "status": "firing",
    "groupKey": '{}:{alertname="DiskFull"}',
    "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
    "commonAnnotations": {"summary": "Disk full on db1", "description": "92 % of /var."},
    "alerts": [{"startsAt": "2031-02-03T01:00:00Z", "fingerprint": "dd19ae3d4e06ac55"}],
}


@pytest.fixture(scope="module")
def banso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("api")
    organisation = directory / "organisation.yaml"
    organisation.write_text(SAMPLE.read_text("utf-8").replace("\nhooks:", HOOKS, 1), "utf-8")
    with Postbox() as postbox:
        installation = Installation(directory, postbox, organisation=organisation)
        try:
            yield installation.start()
        finally:
            installation.close()


class Callers:
    """Others who use the API."""

    def __init__(self, banso: Installation) -> None:
        self._banso = banso
        self._tokens = TokenFile(banso.data / TOKENS)
        self._clients: list[httpx.Client] = []

    def __call__(self, *scopes: str, person: str | None = None) -> httpx.Client:
        """Somebody with a new token."""
        _, text = self._tokens.add("a story", [Scope(one) for one in scopes], person=person)
        return self.with_token(text)

    def with_token(self, text: str) -> httpx.Client:
        client = httpx.Client(
            base_url=self._banso.endpoints["api"],
            headers={"Authorization": f"Bearer {text}", "Accept-Language": "en"},
            timeout=30,
        )
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()


@pytest.fixture
def caller(banso: Installation) -> Iterator[Callers]:
    callers = Callers(banso)
    yield callers
    callers.close()


def owned(banso: Installation, **said: Any) -> tuple[str, str]:
    """An issue with its owner: reference and the owner's id."""
    reference = banso.raise_issue(**said)
    owner = until(lambda: banso.issue(reference)["owner"], "it has an owner")
    return reference, owner["id"]


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    return found


# --- tokens


def test_a_token_allows_what_it_says_and_is_worth_nothing_once_revoked(
    banso: Installation, caller: Callers
) -> None:
    reference = banso.raise_issue()
    added = banso.run("token", "add", "the shop", "--scope", "read", "--expires", "1h")
    reader = caller.with_token(added.stdout.strip())

    assert reader.get(f"/issues/{reference}").status_code == 200
    refused = problem(reader.post("/issues", json=a_problem()), 403)
    assert refused["scope"] == "raise"
    assert "`raise`" in refused["detail"]

    banso.run("token", "revoke", added.stderr.split()[1])
    problem(reader.get(f"/issues/{reference}"), 401)


def test_a_token_ends_when_its_time_is_over(banso: Installation, caller: Callers) -> None:
    reference = banso.raise_issue()
    added = banso.run("token", "add", "the shop", "--scope", "read", "--expires", "1h")
    reader = caller.with_token(added.stdout.strip())
    assert reader.get(f"/issues/{reference}").status_code == 200

    banso.advance_only("2h")

    until(lambda: reader.get(f"/issues/{reference}").status_code == 401, "it has ended")


def test_a_token_of_a_person_speaks_as_that_person_only(
    banso: Installation, caller: Callers
) -> None:
    reference, _ = owned(banso)
    brown = caller(*EVERYTHING, person="brown")
    said = a_problem()
    del said["reporter"]

    own = brown.post("/issues", json=said)
    assert own.status_code == 201
    assert banso.issue(own.json()["reference"])["reporter"] == "brown"
    other = {"name": "Ken Sato", "email": "sato@example.com"}
    problem(brown.post("/issues", json=a_problem(reporter=other)), 403)
    problem(brown.post(f"/issues/{reference}/comments", json={"text": "No", "person": "sato"}), 403)
    assert brown.post(f"/issues/{reference}/comments", json={"text": "Yes"}).status_code == 201
    banso.run("token", "add", "x", "--scope", "read", "--person", "nobody", code=2)


def test_a_token_of_a_machine_names_whoever_speaks(banso: Installation, caller: Callers) -> None:
    reference, _ = owned(banso)
    machine = caller(*EVERYTHING)

    nobody = problem(machine.post(f"/issues/{reference}/comments", json={"text": "Hello"}), 422)
    unknown = {"text": "Hello", "person": "somebody"}

    assert nobody["errors"][0]["field"] == "person"
    problem(machine.post(f"/issues/{reference}/comments", json=unknown), 403)


def test_the_link_that_a_machine_gets_shows_no_more_than_the_form_does(
    banso: Installation, caller: Callers
) -> None:
    """It may name anybody as the reporter, and hands the link on to whoever filled in its form."""
    leader = {"name": "Keiko Hayashi", "email": "hayashi@example.com"}
    machine = caller("raise").post("/issues", json=a_problem(reporter=leader)).json()
    said = a_problem()
    del said["reporter"]
    own = caller("raise", person="hayashi").post("/issues", json=said).json()
    for one in (machine, own):
        until(lambda one=one: banso.issue(one["reference"])["owner"], "it has an owner")

    shown = banso.browser.get(f"{machine['status_url']}?lang=en").text
    assert "given to the right place" in shown
    assert "Given to" not in shown
    assert "Given to" in banso.browser.get(f"{own['status_url']}?lang=en").text


# --- files


def test_files_come_back_as_they_were_sent_and_never_run_in_a_browser(
    banso: Installation,
) -> None:
    picture, page = b"\x89PNG\r\n\x1a\n\x00\xff", b"<script>alert(1)</script>"
    by_form = banso.api.post(
        "/issues",
        data={"issue": json.dumps(a_problem())},
        files=[
            ("file", ("写真①.png", picture, "image/png")),
            ("file", ("../../page.html", page, "text/html")),
        ],
    )
    in_json = banso.api.post(
        "/issues",
        json=a_problem(attachments=[{"filename": "note.txt", "content": "44GT44KT"}]),
    )

    assert by_form.status_code == in_json.status_code == 201, by_form.text + in_json.text
    files = banso.issue(by_form.json()["reference"])["attachments"]
    assert [file["filename"] for file in files] == ["写真①.png", "page.html"]
    for file, content in zip(files, (picture, page), strict=True):
        answer = banso.api.get(file["url"])
        assert answer.content == content
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
    (note,) = banso.issue(in_json.json()["reference"])["attachments"]
    assert banso.api.get(note["url"]).content == "こん".encode()
    elsewhere = files[0]["url"].replace(by_form.json()["reference"], in_json.json()["reference"])
    problem(banso.api.get(elsewhere), 404)


def test_files_that_cannot_be_taken_are_named(banso: Installation) -> None:
    program = {"filename": "run.exe", "content": "TVo="}
    many = [{"filename": f"{nth}.txt", "content": "TVo="} for nth in range(11)]
    text = ("file", ("a.txt", b"x", "text/plain"))

    refused = problem(banso.api.post("/issues", json=a_problem(attachments=[program])), 422)
    assert refused["file"] == "run.exe"
    problem(banso.api.post("/issues", json=a_problem(attachments=many)), 422)
    no_json = problem(banso.api.post("/issues", files=[text]), 422)
    assert no_json["errors"][0]["field"] == "issue"
    wrong = {"filename": "a.txt", "content": "not base64!"}
    faulty = problem(banso.api.post("/issues", json=a_problem(attachments=[wrong])), 422)
    assert faulty["errors"][0]["field"] == "attachments.0.content"


def test_everything_that_was_said_is_there(banso: Installation) -> None:
    reference = banso.raise_issue(
        urgency="urgent",
        needed_by="2031-02-07",
        customer="Minato Market",
        fields={"serial": "AQ-2214"},
        followers=["kato@example.com", "nobody@example.com"],
    )

    issue = until(lambda: (one := banso.issue(reference))["owner"] and one, "it has an owner")

    assert issue["urgency"] == "high"
    assert issue["needed_by"].startswith("2031-02-07T14:59:00")
    assert issue["customer"] == "Minato Market"
    assert issue["fields"] == {"serial": "AQ-2214"}
    assert issue["followers"] == ["kato"]
    assert issue["carrier"] == "brown"


# --- finding


def test_the_list_goes_on_by_its_links_while_new_issues_arrive(banso: Installation) -> None:
    wanted = [banso.raise_issue(summary=f"Pump {nth} leaks") for nth in range(5)]

    seen: list[str] = []
    answer = banso.api.get("/issues", params={"q": "pump", "limit": 2})
    while True:
        assert answer.status_code == 200, answer.text
        seen += [issue["reference"] for issue in answer.json()["issues"]]
        banso.raise_issue(summary="Pump, too, leaks")
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        assert (link[1] if link else None) == answer.json()["next"]
        if link is None:
            break
        answer = banso.api.get(link[1])

    assert seen == wanted[::-1]


def test_the_list_knows_what_became_of_issues(banso: Installation) -> None:
    reference, owner = owned(banso, summary="Valve stuck")

    def found(**filters: str) -> bool:
        answer = banso.api.get("/issues", params={"q": "valve", **filters})
        assert answer.status_code == 200, answer.text
        return [one["reference"] for one in answer.json()["issues"]] == [reference]

    assert found(owner=owner, state="assigned", team="product", carrier="brown", source="api")
    assert found(category="not-working", raised_after="2031-02-03", changed_after="2031-02-03")
    assert not found(state="closed")
    assert not found(raised_before="2031-02-03")
    acted = banso.api.post(
        f"/issues/{reference}/actions", json={"action": "acknowledge", "person": owner}
    )
    assert acted.status_code == 200
    assert found(state="acknowledged")


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("cursor=abc", 400, None),
        ("limit=0", 422, "limit"),
        ("limit=101", 422, "limit"),
        ("state=lost", 422, "state.0"),
        ("raised_after=yesterday", 422, "raised_after"),
        ("colour=red", 422, "colour"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(
    banso: Installation, query: str, status: int, field: str | None
) -> None:
    refused = problem(banso.api.get(f"/issues?{query}"), status)

    assert [error["field"] for error in refused.get("errors", ())] == ([field] if field else [])


def test_an_issue_that_has_not_changed_is_not_sent_again(banso: Installation) -> None:
    reference, owner = owned(banso)
    before = banso.api.get(f"/issues/{reference}")

    same = banso.api.get(f"/issues/{reference}", headers={"If-None-Match": before.headers["etag"]})
    banso.api.post(f"/issues/{reference}/actions", json={"action": "acknowledge", "person": owner})
    other = banso.api.get(f"/issues/{reference}", headers={"If-None-Match": before.headers["etag"]})
    head = banso.api.head(f"/issues/{reference}")

    assert (same.status_code, same.content) == (304, b"")
    assert other.status_code == head.status_code == 200
    assert head.headers["etag"] == other.headers["etag"]
    assert head.content == b""


def test_a_confidential_issue_is_there_for_those_whom_it_concerns_only(
    banso: Installation,
    caller: Callers,
) -> None:
    reference = banso.raise_issue(summary="Salary of a colleague", confidential=True)
    leader, other = (caller("read", person=one) for one in ("hayashi", "wilson"))

    def listed(client: httpx.Client) -> list[str]:
        answer = client.get("/issues", params={"q": "salary"}).json()
        return [one["reference"] for one in answer["issues"]]

    for client in (banso.api, other):
        problem(client.get(f"/issues/{reference}"), 404)
        assert listed(client) == []
    problem(banso.api.post(f"/issues/{reference}/comments", json={"text": "?"}), 404)
    assert leader.get(f"/issues/{reference}").json()["confidential"] is True
    assert listed(leader) == [reference]


# --- taking part


def test_words_of_the_carrier_are_a_comment_and_words_of_the_owner_an_answer(
    banso: Installation,
) -> None:
    reference, owner = owned(banso)
    file = ("file", ("log.txt", b"E42", "text/plain"))

    said = banso.api.post(
        f"/issues/{reference}/comments",
        data={"comment": json.dumps({"text": "It also beeps.", "person": "brown"})},
        files=[file],
    )
    answered = banso.api.post(
        f"/issues/{reference}/comments", json={"text": "Press reset.", "person": owner}
    )

    assert said.status_code == answered.status_code == 201, said.text + answered.text
    issue = until(
        lambda: len((one := banso.issue(reference))["history"]) >= 4 and one, "both are there"
    )
    (comment,) = issue["comments"]
    assert (comment["person"], comment["text"]) == ("brown", "It also beeps.")
    assert banso.api.get(comment["attachments"][0]["url"]).content == b"E42"
    responded = [line for line in issue["history"] if line["event"] == "responded"]
    assert [(line["person"], line["words"]) for line in responded] == [(owner, "Press reset.")]
    until(
        lambda: [
            one
            for one in banso.postbox.letters
            if one.to == "brown@example.com" and "Press reset." in one.text
        ],
        "the carrier is told",
    )


def test_an_action_is_answered_with_what_came_of_it(banso: Installation) -> None:
    reference, owner = owned(banso)

    def act(language: str = "en", **wish: Any) -> httpx.Response:
        headers = {"Accept-Language": language}
        return banso.api.post(f"/issues/{reference}/actions", json=wish, headers=headers)

    taken = act(action="acknowledge", person=owner)
    assert (taken.status_code, taken.json()["state"]) == (200, "acknowledged")
    refused = problem(act("ja", action="resolve", person="wilson", cause="fault"), 409)
    assert refused["refusal"] == "not_yours"
    assert re.search("[ぁ-ん]", refused["detail"])
    incomplete = problem(act(action="resolve", person=owner), 409)
    assert incomplete["refusal"] == "incomplete"
    corrected = act(
        action="correct",
        person="brown",
        correction={"summary": "The meter does not stop", "product": "AquaNote Mini"},
    )
    assert corrected.status_code == 200, corrected.text
    assert corrected.json()["summary"] == "The meter does not stop"
    assert corrected.json()["product"] == "aquanote-mini"
    done = act(action="resolve", person=owner, cause="fault", text="Replaced.")
    assert (done.status_code, done.json()["state"]) == (200, "resolved")
    closed = act(action="confirm", person="brown")
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")


def test_an_action_that_nobody_has_decided_yet_is_said_to_wait(banso: Installation) -> None:
    reference, owner = owned(banso)
    wish = {"action": "acknowledge", "person": owner}
    banso.hold("router")

    try:
        waiting = banso.api.post(f"/issues/{reference}/actions", json=wish)
    finally:
        banso.release("router")

    assert waiting.status_code == 202
    assert waiting.json()["event_id"]
    until(lambda: banso.issue(reference)["state"] == "acknowledged", "it is done all the same")


def test_what_is_sent_again_under_its_key_is_said_once(banso: Installation) -> None:
    reference, owner = owned(banso)
    for path, first, other in (
        ("/issues", a_problem(), a_problem(summary="Another")),
        (
            f"/issues/{reference}/comments",
            {"text": "Once", "person": "brown"},
            {"text": "Once", "person": owner},
        ),
        (
            f"/issues/{reference}/actions",
            {"action": "acknowledge", "person": owner},
            {"action": "answer", "person": owner, "text": "Soon."},
        ),
    ):
        headers = {"Idempotency-Key": f"once {path}"}
        one, two = (banso.api.post(path, json=first, headers=headers) for _ in range(2))
        assert one.status_code == two.status_code, two.text
        assert one.json()["reference"] == two.json()["reference"]
        problem(banso.api.post(path, json=other, headers=headers), 409)
    until(lambda: banso.issue(reference)["comments"], "it is there")
    banso.quieten()
    assert len(banso.issue(reference)["comments"]) == 1


# --- other systems


def test_an_alert_is_one_issue_while_it_lasts_and_another_one_when_it_comes_back(
    banso: Installation,
    caller: Callers,
) -> None:
    hook = caller("hook")

    first = hook.post("/hooks/alertmanager", json=ALERT)
    again = hook.post("/hooks/alertmanager", json=ALERT)
    more = hook.post("/hooks/alertmanager", json={**ALERT, "truncatedAlerts": 1})
    over = hook.post("/hooks/alertmanager", json={**ALERT, "status": "resolved"})

    assert (first.status_code, first.json()["status"]) == (201, "raised")
    assert (again.status_code, again.json()["status"]) == (200, "known")
    assert (more.status_code, more.json()["status"]) == (200, "known")
    assert (over.status_code, over.json()["status"]) == (202, "ignored")
    reference = first.json()["reference"]
    assert {again.json()["reference"], more.json()["reference"]} == {reference}
    issue = until(
        lambda: (one := banso.issue(reference))["comments"] and one["owner"] and one,
        "the repetition is in its history",
    )
    assert (issue["summary"], issue["urgency"]) == ("Disk full on db1", "high")
    assert banso.api.get(issue["attachments"][0]["url"]).json() == ALERT
    assert len(issue["comments"]) == 1

    withdrawn = {"action": "withdraw", "person": issue["reporter"]}
    closed = banso.api.post(f"/issues/{reference}/actions", json=withdrawn)
    assert closed.json()["state"] == "closed", closed.text
    later = {**ALERT, "alerts": [{"startsAt": "2031-02-10T01:00:00Z"}]}
    back = hook.post("/hooks/alertmanager", json=later)
    assert back.status_code == 201
    assert back.json()["reference"] != reference


def test_a_ticket_is_its_requesters_and_what_is_missing_is_named(
    banso: Installation, caller: Callers
) -> None:
    token = caller("hook").headers["authorization"].removeprefix("Bearer ")
    basic = caller.with_token("")
    basic.headers["authorization"] = "Basic " + b64encode(f"tickets:{token}".encode()).decode()
    ticket = {
        "type": "created",
        "detail": {
            "id": 35436,
            "subject": "Where is my order?",
            "description": "Order 881",
            "requester": {"name": "Ana Díaz", "email": "ana@customer.example"},
        },
    }

    taken = basic.post("/hooks/tickets", json=ticket)
    nobody = {**ticket, "detail": {"id": 1, "subject": "?"}}
    missing = problem(basic.post("/hooks/tickets", json=nobody), 422)

    assert taken.status_code == 201, taken.text
    assert missing["errors"][0]["field"] == "detail.requester.email"
    issue = banso.issue(taken.json()["reference"])
    assert issue["reporter"].startswith("x-")
    assert issue["description"] == "Order 881"
    problem(basic.get(f"/issues/{taken.json()['reference']}"), 401)
    problem(basic.post("/hooks/nothing", json=ticket), 404)
    problem(basic.post("/hooks/tickets", content=b"{"), 400)


def test_no_token_and_nothing_of_what_was_said_is_in_a_log(
    banso: Installation, caller: Callers
) -> None:
    client = caller("raise")
    token = client.headers["authorization"].removeprefix("Bearer ")
    client.post("/issues", json=a_problem(description="Words that no log repeats"))

    log = banso.log("intake")

    assert token not in log
    assert "Words that no log repeats" not in log
    assert "level=error" not in log
    assert Path(banso.data / "tokens.json").stat().st_mode & 0o777 == 0o600


# --- follow-up, absences, pauses


def test_an_owner_promises_waits_and_puts_off_by_api(banso: Installation, caller: Callers) -> None:
    reference, owner = owned(banso)
    by_owner = caller("act", "read", person=owner)
    url = f"/issues/{reference}/actions"

    late = {"action": "promise", "until": "2031-02-02"}
    assert problem(by_owner.post(url, json=late), 409)["refusal"] == "bad_date"
    promised = by_owner.post(url, json={"action": "promise", "until": "2031-02-07"}).json()
    snoozed = by_owner.post(
        url, json={"action": "snooze", "until": "2031-02-05", "text": "The part comes then."}
    ).json()
    waiting = by_owner.post(
        url, json={"action": "wait", "waiting_for": "customer", "text": "Which number?"}
    ).json()

    assert promised["promised_at"].startswith("2031-02-07")
    assert snoozed["snoozed_until"].startswith(("2031-02-04", "2031-02-05"))
    assert (waiting["waiting_for"], waiting["next_step"]) == ("customer", "wait")
    assert waiting["stations"][-1]["owner"] == owner


def test_an_issue_is_merged_by_the_others_reference_and_what_nobody_may_see_is_not_there(
    banso: Installation, caller: Callers
) -> None:
    (other, _), (reference, owner) = owned(banso), owned(banso)
    secret = banso.raise_issue(confidential=True, category="no-stock")
    by_owner = caller("act", "read", person=owner)
    url = f"/issues/{reference}/actions"

    for unknown in ("2222-2222", secret, reference):
        refused = problem(by_owner.post(url, json={"action": "merge", "into": unknown}), 409)
        assert refused["refusal"] == "no_such_issue"
    merged = by_owner.post(url, json={"action": "merge", "into": other.lower()}).json()

    assert (merged["state"], merged["merged_into"]) == ("closed", other)


def test_nobody_outside_merges_their_issues_by_api(banso: Installation, caller: Callers) -> None:
    customer = {"reporter": {"name": "A customer", "email": "two-issues@customer.example"}}
    (other, _), (reference, _) = owned(banso, **customer), owned(banso, **customer)
    wish = {"action": "merge", "into": other, "person": customer["reporter"]["email"]}

    refused = problem(caller("act", "read").post(f"/issues/{reference}/actions", json=wish), 409)

    assert refused["refusal"] == "not_yours"


def test_people_say_when_they_are_away_and_leads_say_it_for_their_team(
    banso: Installation, caller: Callers
) -> None:
    week = {"starts_at": "2031-03-10", "ends_at": "2031-03-14"}
    abe, ito = (caller("absence", "read", person=one) for one in ("abe", "ito"))

    said = abe.post("/absences", json=week, headers={"Idempotency-Key": "holiday"})
    again = abe.post("/absences", json=week, headers={"Idempotency-Key": "holiday"})
    other = abe.post(
        "/absences", json={**week, "ends_at": "2031-03-21"}, headers={"Idempotency-Key": "holiday"}
    )

    assert said.status_code == 201
    assert again.json() == said.json()
    problem(other, 409)
    problem(abe.post("/absences", json={**week, "person": "ito"}), 403)
    assert (
        problem(abe.post("/absences", json={**week, "substitute": "abe"}), 409)["refusal"]
        == "no_such_owner"
    )
    over = {"starts_at": "2031-01-10", "ends_at": "2031-01-14"}
    assert problem(abe.post("/absences", json=over), 409)["refusal"] == "bad_date"

    assert ito.post("/absences", json={**week, "person": "nguyen"}).status_code == 201
    assert {one["person"] for one in ito.get("/absences").json()["absences"]} == {"abe", "nguyen"}
    assert [one["person"] for one in abe.get("/absences").json()["absences"]] == ["abe"]
    nguyens = ito.get("/absences").json()["absences"][-1]["id"]
    for one in ito.get("/absences").json()["absences"]:
        assert ito.delete(f"/absences/{one['id']}").json()["is_over"]
    problem(abe.delete(f"/absences/{nguyens[:-1]}"), 404)
    assert abe.get("/absences").json()["absences"] == []


def test_only_the_leader_lets_chasing_rest_and_go_on(banso: Installation, caller: Callers) -> None:
    wish = {"starts_at": "2031-04-07", "ends_at": "2031-04-08", "text": "A typhoon."}
    leader = caller("pause", "read", person="hayashi")

    problem(caller("pause", person="ito").post("/pauses", json=wish), 403)
    problem(leader.post("/pauses", json={**wish, "ends_at": "2031-08-08"}), 409)
    said = leader.post("/pauses", json=wish, headers={"Idempotency-Key": "typhoon"})
    again = leader.post("/pauses", json=wish, headers={"Idempotency-Key": "typhoon"})

    assert (said.status_code, again.json()["id"]) == (201, said.json()["id"])
    assert [one["text"] for one in leader.get("/pauses").json()["pauses"]] == ["A typhoon."]
    assert leader.delete(f"/pauses/{said.json()['id']}").json()["is_over"]
    assert leader.get("/pauses").json()["pauses"] == []
    problem(leader.delete("/pauses/nothing"), 404)


def test_whoever_runs_banso_says_on_the_command_line_who_is_away(banso: Installation) -> None:
    data = ("--data", str(banso.data))
    query = "select substitute_id, is_over from absence where person_id = 'endo'"

    said = banso.run("away", "endo", "2031-03-10", "2031-03-14", "--substitute", "okada", *data)
    assert said.stdout.startswith("endo is away from 2031-03-10 to 2031-03-14; okada stands in.")
    assert banso.ask("intake", query) == [("okada", 0)]
    assert "endo is here" in banso.run("back", "endo", *data).stdout
    assert banso.ask("intake", query) == [("okada", 1)]

    assert "not away" in banso.run("back", "endo", *data, code=1).stderr
    assert "called so" in banso.run("away", "x", "2031-03-10", "2031-03-14", *data, code=1).stderr
