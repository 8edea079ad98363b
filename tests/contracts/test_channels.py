"""Channels against what their vendors document: what we send fits, and what they answer is
understood. The documents are named in `tests/contracts/channels/`."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr

from services.notifier.channels.apprise import Apprise, open_apprise
from services.notifier.channels.base import (
    Adapter,
    MessageRefused,
    Misconfigured,
    Outgoing,
    PermanentFailure,
    Probes,
    Taken,
    TemporaryFailure,
)
from services.notifier.channels.blocks import blocks_of
from services.notifier.channels.card import card_of
from services.notifier.channels.chatwork import Chatwork, body_of
from services.notifier.channels.layout import fitted, units
from services.notifier.channels.lineworks import LineWorks, content_of
from services.notifier.channels.slack import Slack
from services.notifier.channels.teams import LARGEST_BYTES, Teams
from services.notifier.channels.webhook import Webhooks
from services.notifier.message import Button, Message
from shared import channels
from shared.contracts.issue import Action
from tests.messages import DELIVERY, ISSUE, MESSAGE, NOW, bundle, messages, outgoing, url
from tests.vendor import Vendor, vendor

CONTRACTS = Path(__file__).parent / "channels"
SECRET = "do-not-tell"
TO = {"slack": "U024BE7LH", "teams": "sales", "chatwork": "10989", "lineworks": "ren@example"}

often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def contract(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CONTRACTS / f"{name}.json").read_text())
    return found


CONTRACT = {name: contract(name) for name in (*TO, "webhook")}
FITS: Mapping[str, Callable[[Any], None]] = {
    name: jsonschema_rs.validator_for(CONTRACT[name]["request"]).validate for name in TO
}


@pytest.fixture
def played() -> Iterator[Vendor]:
    with vendor() as one:
        yield one


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def opened(name: str, at: str, key: rsa.RSAPrivateKey | None = None) -> Adapter:
    secret = SecretStr(SECRET)
    match name:
        case "slack":
            return Slack(channels.Slack(bot_token=secret, signing_secret=secret, url=at))
        case "teams":
            return Teams(channels.Teams(places={"sales": SecretStr(f"{at}/{SECRET}")}))
        case "chatwork":
            return Chatwork(channels.Chatwork(token=secret, url=at))
        case _:
            return LineWorks(
                channels.LineWorks(
                    client_id="client",
                    client_secret=secret,
                    service_account="banso.serviceaccount@example",
                    private_key=SecretStr(pem(key) if key else "no PEM"),
                    bot_id="2000001",
                    url=at,
                    token_url=f"{at}/token",
                )
            )


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def answers(name: str, *which: str) -> list[Any]:
    return [CONTRACT[name]["answers"][one] for one in which]


async def sent(adapter: Adapter, out: Outgoing) -> Taken:
    try:
        return await adapter.send(out)
    finally:
        await adapter.close()


# What is taken


async def test_slack_begins_a_thread_for_an_issue_and_goes_on_in_it(played: Vendor) -> None:
    played.will_answer(*answers("slack", "ok"))
    slack = opened("slack", played.url)

    first = await slack.send(outgoing(to=TO["slack"]))
    second = await slack.send(outgoing(to=TO["slack"], thread=first.thread))
    await slack.close()

    for asked in played.asked:
        FITS["slack"](asked.json)
        assert asked.path == "/chat.postMessage"
        assert asked.headers["authorization"] == f"Bearer {SECRET}"
    begun, went_on = (asked.json for asked in played.asked)
    assert (begun["channel"], "thread_ts" in begun) == ("U024BE7LH", False)
    assert (went_on["channel"], went_on["thread_ts"]) == ("D024BE91L", "1503435956.000247")
    assert first == Taken("1503435956.000247", "D024BE91L/1503435956.000247", delivered=True)
    assert second.thread == first.thread


async def test_slack_begins_anew_where_the_thread_is_gone(played: Vendor) -> None:
    played.will_answer(*answers("slack", "thread_not_found", "ok"))

    taken = await sent(opened("slack", played.url), outgoing(to="U1", thread="D9/1.2"))

    assert [asked.json.get("thread_ts") for asked in played.asked] == ["1.2", None]
    assert taken.thread == "D024BE91L/1503435956.000247"


async def test_a_message_in_slack_says_what_it_is_about_to_machines(played: Vendor) -> None:
    played.will_answer(*answers("slack", "ok"))

    await sent(opened("slack", played.url), outgoing(to="U1"))

    (asked,) = played.asked
    assert asked.json["metadata"]["event_payload"] == {"delivery": DELIVERY, "issue": ISSUE}


async def test_teams_takes_a_card(played: Vendor) -> None:
    played.will_answer(*answers("teams", "ok"))

    taken = await sent(opened("teams", played.url), outgoing(to="sales"))

    (asked,) = played.asked
    FITS["teams"](asked.json)
    assert asked.headers["content-type"] == "application/json"
    assert taken == Taken()


async def test_chatwork_takes_a_form(played: Vendor) -> None:
    played.will_answer(*answers("chatwork", "ok"))

    taken = await sent(opened("chatwork", played.url), outgoing(to="10989"))

    (asked,) = played.asked
    FITS["chatwork"](asked.form)
    assert asked.path == "/rooms/10989/messages"
    assert asked.headers["x-chatworktoken"] == SECRET
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert taken == Taken("1234", delivered=True)


async def test_line_works_is_logged_in_once_and_told_by_the_bot(
    played: Vendor, key: rsa.RSAPrivateKey
) -> None:
    played.will_answer(*answers("lineworks", "token", "ok"))
    adapter = opened("lineworks", played.url, key)

    await adapter.send(outgoing(to="ren@example"))
    await adapter.send(outgoing(to="ren@example"))
    await adapter.close()

    login, *told = played.asked
    jsonschema_rs.validator_for(CONTRACT["lineworks"]["login"]).validate(login.form)
    claims = jwt.decode(
        login.form["assertion"],
        key.public_key(),
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    jsonschema_rs.validator_for(CONTRACT["lineworks"]["claims"]).validate(claims)
    assert claims["exp"] - claims["iat"] <= 3600
    token = CONTRACT["lineworks"]["answers"]["token"]["body"]["access_token"]
    assert len(told) == 2
    for asked in told:
        FITS["lineworks"](asked.json)
        assert asked.path == "/bots/2000001/users/ren@example/messages"
        assert asked.headers["authorization"] == f"Bearer {token}"


async def test_line_works_is_logged_in_again_when_the_token_is_over_or_taken_back(
    played: Vendor, key: rsa.RSAPrivateKey
) -> None:
    played.will_answer(*answers("lineworks", "token", "ok", "token", "expired", "token", "ok"))
    adapter = opened("lineworks", played.url, key)
    later = replace(outgoing(to="ren"), now=NOW + timedelta(days=1))

    await adapter.send(outgoing(to="ren"))
    await adapter.send(later)
    await adapter.close()

    assert [asked.path == "/token" for asked in played.asked] == [True, False] * 3


# What is not taken


@pytest.mark.parametrize(
    ("name", "answer", "words", "wait"),
    [
        ("slack", "ratelimited", "429", 30),
        ("slack", "internal_error", "internal_error", None),
        ("slack", "down", "503", None),
        ("slack", "no_slack", "no answer of Slack's", None),
        ("teams", "throttled", "429", 17),
        ("teams", "down", "502", None),
        ("chatwork", "too_many", "429", 120),
        ("chatwork", "too_many_in_the_room", "429", None),
        ("chatwork", "down", "503", None),
        ("lineworks", "too_many", "429 TOO_MANY_REQUESTS", 42),
        ("lineworks", "down", "503 SERVICE_UNAVAILABLE", None),
    ],
)
async def test_what_passes_is_tried_again_and_not_before_it_was_asked_for(
    name: str, answer: str, words: str, wait: int | None, played: Vendor, key: rsa.RSAPrivateKey
) -> None:
    said = json.dumps(answers(name, answer)).replace("RESET", str(int(NOW.timestamp()) + 120))
    login = answers(name, "token") if name == "lineworks" else []
    played.will_answer(*login, *json.loads(said))

    with pytest.raises(TemporaryFailure) as failed:
        await sent(opened(name, played.url, key), outgoing(to=TO[name]))

    assert str(failed.value) == words
    assert failed.value.wait == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("name", "answer", "kind", "words"),
    [
        ("slack", "channel_not_found", PermanentFailure, "channel_not_found"),
        ("slack", "invalid_blocks", MessageRefused, "invalid_blocks"),
        ("slack", "invalid_auth", Misconfigured, "invalid_auth"),
        ("slack", "missing_scope", Misconfigured, "missing_scope"),
        ("slack", "messages_tab_disabled", Misconfigured, "messages_tab_disabled"),
        ("teams", "unauthorized", Misconfigured, "401"),
        ("teams", "gone", Misconfigured, "404"),
        ("teams", "disabled", Misconfigured, "400"),
        ("teams", "too_large", MessageRefused, "413"),
        ("chatwork", "unauthorized", Misconfigured, "401"),
        ("chatwork", "no_room", PermanentFailure, "403"),
        ("chatwork", "bad", MessageRefused, "400"),
        ("lineworks", "no_user", PermanentFailure, "404 NOT_FOUND"),
        ("lineworks", "invalid", MessageRefused, "400 INVALID_PARAMETER"),
        ("lineworks", "forbidden", Misconfigured, "403 FORBIDDEN"),
    ],
)
async def test_what_stays_is_about_us_the_message_or_the_person(
    name: str,
    answer: str,
    kind: type[Exception],
    words: str,
    played: Vendor,
    key: rsa.RSAPrivateKey,
) -> None:
    login = answers(name, "token") if name == "lineworks" else []
    played.will_answer(*login, *answers(name, answer))

    with pytest.raises((PermanentFailure, TemporaryFailure)) as failed:
        await sent(opened(name, played.url, key), outgoing(to=TO[name]))

    assert type(failed.value) is kind
    assert str(failed.value) == words


async def test_a_login_that_line_works_refuses_is_the_operators(
    played: Vendor, key: rsa.RSAPrivateKey
) -> None:
    played.will_answer(*answers("lineworks", "invalid_client"))

    with pytest.raises(Misconfigured, match="401 login invalid_client"):
        await sent(opened("lineworks", played.url, key), outgoing(to="ren"))


async def test_a_private_key_that_is_none_is_said_without_it(played: Vendor) -> None:
    with pytest.raises(Misconfigured, match="private key can't be used"):
        await sent(opened("lineworks", played.url), outgoing(to="ren"))

    assert played.asked == []


@pytest.mark.parametrize(
    ("name", "to"), [("teams", "slaes"), ("chatwork", "１０"), ("chatwork", "../me")]
)
async def test_a_place_that_is_none_is_asked_nothing(name: str, to: str, played: Vendor) -> None:
    with pytest.raises(PermanentFailure):
        await sent(opened(name, played.url), outgoing(to=to))

    assert played.asked == []


@pytest.mark.parametrize("name", TO)
async def test_a_server_that_is_away_is_tried_again_and_no_secret_is_told(
    name: str, key: rsa.RSAPrivateKey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with vendor() as gone:
        pass

    with pytest.raises(TemporaryFailure) as failed:
        await sent(opened(name, gone.url, key), outgoing(to=TO[name]))

    assert SECRET not in f"{failed.value!r}{failed.value.__cause__!r}{caplog.text}"


# Whether somebody can be reached


async def probed(adapter: Adapter, address: str) -> None:
    assert isinstance(adapter, Probes)
    try:
        await adapter.probe(address)
    finally:
        await adapter.close()


@pytest.mark.parametrize(
    ("name", "asked"), [("slack", "POST /conversations.open"), ("chatwork", "GET /rooms/10989")]
)
async def test_whoever_can_be_reached_is_found_without_a_message(
    name: str, asked: str, played: Vendor
) -> None:
    played.will_answer(*answers(name, "probe"))

    await probed(opened(name, played.url), TO[name])

    (one,) = played.asked
    assert f"{one.method} {one.path}" == asked


@pytest.mark.parametrize(("name", "answer"), [("slack", "user_not_found"), ("chatwork", "no_room")])
async def test_whoever_can_not_be_reached_is_found_too(
    name: str, answer: str, played: Vendor
) -> None:
    played.will_answer(*answers(name, answer))

    with pytest.raises(PermanentFailure):
        await probed(opened(name, played.url), TO[name])


async def test_a_place_is_looked_up_without_asking_anybody(played: Vendor) -> None:
    await probed(opened("teams", played.url), "sales")
    with pytest.raises(PermanentFailure, match="no such place"):
        await probed(opened("teams", played.url), "slaes")

    assert played.asked == []


# What anybody may have written


@often
@given(messages)
def test_whatever_was_written_fits_into_slack(message: Message) -> None:
    for interactive in (True, False):
        blocks = blocks_of(message, interactive=interactive)

        FITS["slack"]({"channel": "U1", "text": "x", "blocks": blocks})
        for said in _strings(blocks, "mrkdwn"):
            assert set(re.findall(r"<(.{8})", said)) <= {"https://"}
            assert re.findall(r"<https?://(?!banso\.example/)", said) == []
        for block in blocks:
            ids = [one["action_id"] for one in block.get("elements", ()) if "action_id" in one]
            assert len(ids) == len(set(ids))


@often
@given(messages)
def test_whatever_was_written_fits_into_teams(message: Message) -> None:
    content = fitted(message, card_of, len, LARGEST_BYTES)

    FITS["teams"](json.loads(content))
    assert len(content) <= CONTRACT["teams"]["largest_bytes"]


@often
@given(messages)
def test_whatever_was_written_fits_into_chatwork_and_commands_nothing(message: Message) -> None:
    body = fitted(message, body_of, units, 40_000)

    FITS["chatwork"]({"body": body})
    tags = re.findall(r"\[/?(\w+)", body)
    known = {tag.lower() for tag in CONTRACT["chatwork"]["tags"]}
    assert [tag for tag in tags if tag.lower() in known] == ["info", "title", "title", "info"]


@often
@given(messages)
def test_whatever_was_written_fits_into_line_works(message: Message) -> None:
    content = content_of(message)

    FITS["lineworks"]({"content": content})
    assert units(content["contentText"]) <= 1000


@pytest.mark.parametrize("count", [1, 17, 50])
def test_many_at_once_are_listed_as_far_as_there_is_room(count: int) -> None:
    message = bundle(count)

    blocks = blocks_of(message, interactive=True)
    card = json.loads(fitted(message, card_of, len, LARGEST_BYTES))

    FITS["slack"]({"channel": "U1", "text": "x", "blocks": blocks})
    FITS["teams"](card)
    shown = sum(block["type"] == "actions" for block in blocks)
    assert shown == min(count, 20)
    assert ("ほかの件は受信箱にあります。" in json.dumps(blocks, ensure_ascii=False)) == (
        count > 20
    )


def test_a_button_in_slack_carries_what_it_does_and_a_page_its_address() -> None:
    inbox, same = Button("受信箱", url("i")), Button("同じ件", url("a"), does=Action.MERGE)
    teams = [Button(name, f"{url('a')}?to={name}", does=Action.HAND_OVER) for name in ("x", "y")]

    blocks = blocks_of(
        replace(MESSAGE, buttons=[*MESSAGE.buttons, *teams, same, inbox]), interactive=True
    )

    (actions,) = (block["elements"] for block in blocks if block["type"] == "actions")
    by_id = {button["action_id"]: button for button in actions}
    taken, answered = by_id["banso:acknowledge"], by_id["banso:answer"]
    assert (taken["value"], "url" in taken, taken["style"]) == (url("a"), False, "primary")
    assert (answered["value"], "url" in answered) == (url("a"), False)
    assert by_id["banso:merge"]["value"] == by_id["banso:merge"]["url"] == url("a")
    assert by_id["banso:hand_over:2"]["value"].endswith("?to=y")
    assert "value" not in by_id["banso:open"]


def test_without_an_endpoint_slack_gets_links_instead_of_buttons() -> None:
    blocks = blocks_of(MESSAGE, interactive=False)

    assert all(block["type"] != "actions" for block in blocks)
    assert f"<{url('a')}|引き受けます>" in json.dumps(blocks, ensure_ascii=False)


def _strings(said: Any, kind: str) -> Iterator[str]:
    if isinstance(said, dict):
        if said.get("type") == kind:
            yield said["text"]
        for value in said.values():
            yield from _strings(value, kind)
    elif isinstance(said, list):
        for value in said:
            yield from _strings(value, kind)


# Other systems


def hooked(at: str) -> Webhooks:
    key = CONTRACT["webhook"]["vector"]["secret"]
    webhook = channels.Webhook(name="crm", url=SecretStr(f"{at}/in"), secret=SecretStr(key))
    return Webhooks([webhook])


async def test_a_webhook_is_signed_as_the_standard_says(played: Vendor) -> None:
    played.will_answer(*answers("webhook", "ok"))
    vector = CONTRACT["webhook"]["vector"]
    at = NOW.fromtimestamp(vector["timestamp"], NOW.tzinfo)
    webhooks = hooked(played.url)

    taken = await webhooks.say("crm", vector["id"], vector["payload"].encode(), at)
    await webhooks.close()

    (asked,) = played.asked
    assert asked.body == vector["payload"].encode()
    assert asked.headers["webhook-id"] == vector["id"]
    assert asked.headers["webhook-timestamp"] == str(vector["timestamp"])
    assert asked.headers["webhook-signature"] == vector["signature"]
    assert asked.headers["content-type"].startswith("application/cloudevents+json")
    assert taken.delivered


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        ("gone", PermanentFailure, None),
        ("broken", TemporaryFailure, None),
        ("refused", TemporaryFailure, None),
        ("moved", TemporaryFailure, None),
        ("slow_down", TemporaryFailure, timedelta(minutes=2)),
    ],
)
async def test_a_webhook_is_tried_again_until_it_says_yes_or_that_it_is_gone(
    answer: str, kind: type[Exception], wait: timedelta | None, played: Vendor
) -> None:
    played.will_answer(*answers("webhook", answer))
    webhooks = hooked(played.url)

    with pytest.raises(kind) as failed:
        await webhooks.say("crm", DELIVERY, b"{}", NOW)
    await webhooks.close()

    assert getattr(failed.value, "wait", None) == wait
    assert len(played.asked) == 1


async def test_a_webhook_that_is_not_set_up_any_more_is_given_up() -> None:
    webhooks = Webhooks([])

    with pytest.raises(PermanentFailure, match="not set up"):
        await webhooks.say("crm", DELIVERY, b"{}", NOW)
    await webhooks.close()


# Everything else


apprise_imports = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""By Apprise, on Python 3.11."""


def services(at: str) -> Apprise:
    places = {"ops": SecretStr(f"json://{at.removeprefix('http://')}/{SECRET}")}
    opened = open_apprise(channels.Apprise(places={**places, "odd": SecretStr("no service")}))
    assert opened is not None
    return opened


@apprise_imports
async def test_apprise_brings_it_to_whatever_it_knows(played: Vendor) -> None:
    played.will_answer({"status": 200})

    taken = await sent(services(played.url), outgoing(to="ops"))

    (asked,) = played.asked
    assert asked.json["title"] == MESSAGE.heading
    assert "佐藤さんから届きました。" in asked.json["message"]
    assert url("a") in asked.json["message"]
    assert taken == Taken()


@apprise_imports
async def test_what_apprise_could_not_bring_is_tried_again_and_no_secret_is_told(
    played: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    played.will_answer({"status": 500})

    with pytest.raises(TemporaryFailure, match="not taken"):
        await sent(services(played.url), outgoing(to="ops"))

    assert SECRET not in "".join(
        one.getMessage() for one in caplog.records if "urllib3" not in one.name
    )


@apprise_imports
@pytest.mark.parametrize("place", ["odd", "elsewhere"])
async def test_a_place_that_apprise_does_not_understand_is_left_to_the_next_channel(
    place: str, played: Vendor
) -> None:
    with pytest.raises(PermanentFailure, match="no such place"):
        await sent(services(played.url), outgoing(to=place))


def test_without_apprise_its_places_are_not_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    assert open_apprise(channels.Apprise(places={"ops": SecretStr("json://x")})) is None
