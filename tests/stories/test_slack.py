"""People answer from Slack by buttons, windows and threads, as themselves and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import count

import jsonschema_rs
import pytest

from deploy.local.up import SAMPLE
from tests.installation import Installation, until
from tests.postbox import Letter, Postbox
from tests.slack import CONTRACT, SECRET, TAKES, Workspace, form, signature
from tests.vendor import vendor

FITS = jsonschema_rs.validator_for(CONTRACT["view"]).validate
_issues = count(1)


@pytest.fixture(scope="module")
def slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Everybody but the carrier is in Slack, by their own name as member id, and reads English."""
    directory = tmp_path_factory.mktemp("slack")
    lines = [
        line.replace("@example.com]", "@example.com], chat: {slack: ID}").replace(
            "ID", line.partition("emails: [")[2].partition("@")[0].upper()
        )
        if "emails: [" in line and "brown@" not in line
        else line
        for line in SAMPLE.read_text()
        .replace("language: ja, team", "language: en, team")
        .splitlines()
    ]
    organisation = directory / "organisation.yaml"
    organisation.write_text("\n".join([*lines, "channels: [slack, email]", ""]))
    with ExitStack() as stack:
        api = stack.enter_context(vendor())
        api.will_answer(TAKES)
        file = directory / "channels.json"
        said = {"bot_token": "xoxb", "signing_secret": SECRET, "url": api.url}
        file.write_text(json.dumps({"slack": said}))
        banso = Installation(
            directory,
            stack.enter_context(Postbox()),
            organisation=organisation,
            environment={"BANSO_CHANNELS": str(file)},
        )
        stack.callback(banso.close)
        yield Workspace(banso.start(), api)


@pytest.fixture
def summary(slack: Workspace) -> str:
    """Of a new issue, that nobody has had yet."""
    summary = f"The meter does not start, no. {next(_issues)}"
    slack.banso.raise_issue(summary=summary)
    return summary


def letter(slack: Workspace, summary: str, heading: str, words: str = "") -> Letter:
    """To the carrier, about this issue."""

    def find() -> Letter | None:
        slack.banso.let_go()
        return next(
            (
                one
                for one in slack.banso.postbox.letters
                if summary in one.subject and heading in one.heading and words in one.text
            ),
            None,
        )

    found: Letter = until(find, f"{heading}: {summary}")
    return found


def test_a_button_acts_at_once_and_the_message_says_so(slack: Workspace, summary: str) -> None:
    message = slack.told(summary, "This is yours now")

    name = slack.press(message, "acknowledge")

    now = slack.response(name)
    assert now["replace_original"] is True
    assert "You have taken it." in json.dumps(now["blocks"])
    assert "banso:acknowledge" not in json.dumps(now["blocks"])
    assert summary in json.dumps(now["blocks"])
    letter(slack, summary, "It is being worked on")

    again = slack.press({**message, "blocks": now["blocks"]}, "undo")

    then = slack.response(again)
    assert "It is as it was before." in json.dumps(then["blocks"])
    assert "banso:acknowledge" in json.dumps(then["blocks"])
    letter(slack, summary, "It was taken back")


def test_the_same_press_again_is_one_press(slack: Workspace, summary: str) -> None:
    message = slack.told(summary, "This is yours now")
    sent: list[bytes] = []

    def twice(body: bytes) -> object:
        sent.append(body)
        return slack.interact(body)

    slack.press(message, "acknowledge", send=twice)  # type: ignore[arg-type]
    letter(slack, summary, "It is being worked on")
    before = slack.banso.stored("action.requested.v1")
    assert slack.interact(sent[0]).status_code == 200

    slack.banso.settle()
    assert slack.banso.stored("action.requested.v1") == before


def test_what_needs_words_is_asked_in_a_window(slack: Workspace, summary: str) -> None:
    message = slack.told(summary, "This is yours now")
    owner = message["channel"]
    view = slack.window(slack.press(message, "decline"))
    FITS(view)

    (proposed,) = (one for one in view["blocks"] if one.get("block_id") == "proposed")
    others = [
        option["value"]
        for group in proposed["element"]["option_groups"]
        for option in group["options"]
    ]
    answer = slack.fill(view, owner, reason="no_time", proposed="garcia")

    assert owner.lower() not in others
    assert "brown" not in others
    assert answer["response_action"] == "update"
    FITS(answer["view"])
    assert "It is with" in json.dumps(answer["view"])
    assert "GARCIA" in until(lambda: slack.owners(summary), "the next owner is told")
    letter(slack, summary, "Somebody else looks after it now")

    slack.banso.advance_only("1m")  # nobody presses the opposite within seconds
    late = slack.response(slack.press(message, "acknowledge"))
    assert late["response_type"] == "ephemeral"
    assert "belongs to an earlier state" in late["text"]
    window = slack.response(slack.press(message, "resolve"))
    assert "belongs to an earlier state" in window["text"]


def test_what_is_missing_is_said_in_the_window(slack: Workspace, summary: str) -> None:
    message = slack.told(summary, "This is yours now")
    slack.response(slack.press(message, "acknowledge"))
    letter(slack, summary, "It is being worked on")
    view = slack.window(slack.press(message, "answer"))
    FITS(view)

    empty = slack.fill(view, message["channel"])
    sent = slack.fill(view, message["channel"], "V1", text="Hold the button for ten seconds.")
    again = slack.fill(view, message["channel"], "V1", text="Hold the button for ten seconds.")

    assert empty["response_action"] == "errors"
    assert list(empty["errors"]) == ["text"]
    assert sent == again
    assert "Your answer is on its way." in json.dumps(sent)
    letter(slack, summary, "has answered", "Hold the button for ten seconds.")
    slack.banso.settle()
    said = [one for one in slack.banso.postbox.letters if "ten seconds" in one.text]
    assert len(said) == 1


def test_nobody_acts_by_somebody_elses_button(slack: Workspace, summary: str) -> None:
    message = slack.told(summary, "This is yours now")
    before = slack.banso.stored("action.requested.v1")
    colleague = "GARCIA"

    colleagues = slack.response(slack.press(message, "acknowledge", colleague))
    strangers = slack.response(slack.press(message, "decline", "U0STRANGER"))
    forged = json.loads(json.dumps(message).replace("/a/", "/a/x"))
    strange = slack.response(slack.press(forged, "acknowledge"))

    for one in (colleagues, strangers, strange):
        assert one["response_type"] == "ephemeral"
        assert one["replace_original"] is False
    assert slack.banso.stored("action.requested.v1") == before
    assert not any(summary in json.dumps(one) for one in slack.posts("/views.open"))


def test_words_in_the_thread_reach_the_carrier_once(slack: Workspace, summary: str) -> None:
    message = slack.told(summary, "This is yours now")
    owner, thread = message["channel"], message["ts"]

    ts = slack.write(owner, "Is the lamp &lt;red&gt;? See <https://example.com|the guide>", thread)
    slack.write(
        owner,
        "Is the lamp &lt;red&gt;? See <https://example.com|the guide>",
        thread,
        retry=1,
        ts=ts,
    )

    letter(slack, summary, "has answered", "Is the lamp <red>? See the guide (https://example.com)")
    until(
        lambda: (
            {"channel": "D1", "timestamp": ts, "name": "white_check_mark"}
            in slack.posts("/reactions.add")
        ),
        "it is marked as stored",
    )
    slack.edit(owner, "Is the lamp green?", thread, ts)
    letter(slack, summary, "has answered", "Is the lamp green?")
    slack.write("U0STRANGER", "Let me in", thread)
    slack.write(owner, "Banso's own words", thread, bot_id="B1")
    slack.banso.settle()
    said = slack.banso.ask(
        "intake", "select payload from said where subject = ?", "message.received.v1"
    )
    assert not any(b"Let me in" in row[0] or b"own words" in row[0] for row in said)


def test_words_beside_any_thread_are_told_how_to_answer(slack: Workspace, summary: str) -> None:
    owner = slack.told(summary, "This is yours now")["channel"]
    before = slack.banso.stored("message.received.v1")

    ts = slack.write(owner, "It is broken")

    until(
        lambda: any(
            one.get("thread_ts") == ts and "Which issue do you mean?" in one["text"]
            for one in slack.posts()
        ),
        "they are told how to answer",
    )
    assert slack.banso.stored("message.received.v1") == before


def test_nobody_is_let_in_without_slacks_signature(slack: Workspace, summary: str) -> None:
    message = slack.told(summary, "This is yours now")
    before = slack.banso.stored("action.requested.v1")
    payload = {**CONTRACT["block_actions"], "user": {"id": message["channel"]}}
    body, now = form(payload), str(int(slack.banso.now.timestamp()))
    good = signature(now, body)

    answers = [
        slack.banso.browser.post(path, content=content, headers=headers)
        for path in ("/chat/slack", "/chat/slack/events")
        for content, headers in (
            (body, {}),
            (body, {"X-Slack-Request-Timestamp": now}),
            (body, {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": "v0=0"}),
            (body, {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": good[:-1] + "x"}),
            (body, {"X-Slack-Request-Timestamp": f"{now}x", "X-Slack-Signature": "é".encode()}),
            (b"x" + body, {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": good}),
            (body, {"X-Slack-Request-Timestamp": "9" * 30, "X-Slack-Signature": good}),
            (b"x" * 2**21, {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": good}),
        )
    ]
    answers += [
        slack.send("/chat/slack", body, ago=timedelta(minutes=6)),
        slack.send("/chat/slack", body, ago=timedelta(minutes=-6)),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {b""}
    assert slack.banso.stored("action.requested.v1") == before
    assert slack.send("/chat/slack", b"payload=%7B").status_code == 400
    challenge = CONTRACT["url_verification"]
    assert slack.happen(challenge).json() == {"challenge": challenge["challenge"]}


def test_no_secret_of_slacks_is_logged(slack: Workspace) -> None:
    log = slack.banso.log("intake")

    assert SECRET not in log
    assert "xoxb" not in log
    assert "/respond/" not in log
