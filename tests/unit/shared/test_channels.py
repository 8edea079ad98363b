"""The file of the channels is read, and what is wrong in it is said without its secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.channels import Channels, read_channels
from shared.contracts.organisation import Channel

SECRET = "do-not-tell"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = {"name": "crm", "url": f"https://crm.example.com/{SECRET}", "secret": KEY}
LINEWORKS = {
    "client_id": "a",
    "client_secret": SECRET,
    "service_account": "b",
    "private_key": SECRET,
    "bot_id": 2000001,
}
WHOLE: dict[str, Any] = {
    "slack": {"bot_token": SECRET, "signing_secret": SECRET},
    "teams": {"places": {"sales": f"https://flow.example.com/{SECRET}"}},
    "matrix": {
        "homeserver": "https://matrix.example.com",
        "user": "@banso:example.com",
        "access_token": SECRET,
    },
    "chatwork": {"token": SECRET},
    "lineworks": LINEWORKS,
    "apprise": {"places": {"phone": f"ntfy://{SECRET}"}},
    "webhooks": [WEBHOOK],
}


def test_all_channels_can_be_set_up_at_once_in_json_or_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(json.dumps(WHOLE))

    by_text, by_file = read_channels(json.dumps(WHOLE)), read_channels(file)

    assert by_text == by_file
    assert set(by_file.places()) == set(Channel) - {Channel.INBOX, Channel.WEBHOOK}
    assert by_file.places()[Channel.TEAMS] == {"sales"}
    assert by_file.places()[Channel.SLACK] is None


def test_an_empty_file_leaves_mail_alone(tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text("")

    assert read_channels(file).places() == {Channel.EMAIL: None}


def test_secrets_are_not_shown_by_whoever_prints_them() -> None:
    assert SECRET not in repr(read_channels(json.dumps(WHOLE)))


def test_a_private_key_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("PEM")
    said = {**LINEWORKS, "private_key": None, "private_key_file": str(file)}

    lineworks = Channels.model_validate({"lineworks": said}).lineworks

    assert lineworks is not None
    assert lineworks.key() == "PEM"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"slak": {}}, "slak"),
        ({"slack": {"bot_token": SECRET, "tokn": SECRET}}, "tokn"),
        ({"slack": {"bot_token": " "}}, "must not be empty"),
        ({"teams": {"places": {}}}, "teams.places"),
        ({"teams": {"places": {"Sales Team": "https://x"}}}, "teams.places"),
        ({"teams": {"places": {"sales": SECRET}}}, "must be an address"),
        ({"matrix": {**WHOLE["matrix"], "user": SECRET}}, "matrix.user"),
        ({"lineworks": {**LINEWORKS, "private_key_file": "x"}}, "give one of private_key and"),
        ({"lineworks": {**LINEWORKS, "monthly": -1}}, "lineworks.monthly"),
        ({"webhooks": [WEBHOOK, WEBHOOK]}, "two webhooks have the same name"),
        ({"webhooks": [{**WEBHOOK, "secret": SECRET}]}, "openssl rand -base64 32"),
        ({"webhooks": [{**WEBHOOK, "secret": "whsec_c2hvcnQ="}]}, "24 to 64 random bytes"),
        ({"webhooks": [{**WEBHOOK, "only": ["issue.done.v1"]}]}, "issue.resolved.v1"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_is_told(
    change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError) as wrong:
        read_channels(json.dumps(WHOLE | change))

    assert complaint in str(wrong.value)
    assert SECRET not in str(wrong.value)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ('{"slack": {"bot_token": "do-not-tell",}}', "line 1 is neither JSON nor YAML"),
        ("/nowhere/channels.yaml", "/nowhere/channels.yaml can't be read: No such file"),
    ],
)
def test_what_can_not_be_read_is_named(said: str, complaint: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        read_channels(said)

    assert complaint in str(wrong.value)
    assert SECRET not in str(wrong.value)


def test_a_webhook_is_told_of_what_it_wants_and_of_nothing_confidential() -> None:
    everything = Channels.model_validate({"webhooks": [WEBHOOK]}).webhooks[0]
    little = {**WEBHOOK, "only": ["issue.closed.v1"], "confidential": True}
    closed = Channels.model_validate({"webhooks": [little]}).webhooks[0]

    assert everything.wants("issue.closed.v1", confidential=False)
    assert not everything.wants("issue.closed.v1", confidential=True)
    assert closed.wants("issue.closed.v1", confidential=True)
    assert not closed.wants("issue.resolved.v1", confidential=False)
