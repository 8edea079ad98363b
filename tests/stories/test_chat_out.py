"""People are told where they are: by chat, by their next channel where that fails; and other
systems hear what happens."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hmac import digest
from itertools import count
from pathlib import Path

import pytest

from deploy.local.up import SAMPLE
from tests.installation import Installation, until
from tests.postbox import Postbox
from tests.synapse import Account, Synapse
from tests.vendor import Asked, Vendor, vendor

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_companies = count(1)
BRINGS = {
    "summary": "The meter does not start",
    "description": "It worked yesterday.",
    "category": "not-working",
    "name": "Emily Brown",
    "email": "brown@example.com",
}


@dataclass(frozen=True)
class Company:
    banso: Installation
    slack: Vendor
    crm: Vendor
    nguyen: Account

    def told(self) -> list[str]:
        """The subjects that the other system has heard."""
        return [asked.json["type"] for asked in self.crm.asked]


@pytest.fixture
def company(tmp_path: Path, synapse: Synapse) -> Iterator[Company]:
    """The carrier is in Slack, the owner in Matrix, and another system listens."""
    nth = next(_companies)
    ours, nguyen = synapse.register(f"ours{nth}"), synapse.register(f"nguyen{nth}")
    organisation = tmp_path / "organisation.yaml"
    text = SAMPLE.read_text()
    for name, chat in (("brown", 'slack: "U024BE7LH"'), ("nguyen", f'matrix: "{nguyen.user}"')):
        address = f"emails: [{name}@example.com]"
        assert address in text
        text = text.replace(address, f"{address}, chat: {{{chat}}}")
    organisation.write_text(f"{text}\nchannels: [slack, matrix, email]\n")
    with ExitStack() as stack:
        slack, crm = stack.enter_context(vendor()), stack.enter_context(vendor())
        slack.will_answer({"status": 200, "body": {"ok": True, "channel": "D1", "ts": "1.5"}})
        crm.will_answer({"status": 500}, {"status": 204})
        channels = {
            "slack": {"bot_token": "xoxb", "signing_secret": "s", "url": slack.url},
            "matrix": {"homeserver": ours.url, "user": ours.user, "access_token": ours.token},
            "webhooks": [{"name": "crm", "url": f"{crm.url}/in", "secret": KEY}],
        }
        file = tmp_path / "channels.json"
        file.write_text(json.dumps(channels))
        postbox = stack.enter_context(Postbox())
        banso = Installation(
            tmp_path,
            postbox,
            organisation=organisation,
            environment={"BANSO_CHANNELS": str(file)},
        )
        stack.callback(banso.close)
        banso.start()
        yield Company(banso, slack, crm, nguyen)


def test_carrier_and_owner_hear_by_chat_and_another_system_hears_of_it(company: Company) -> None:
    banso = company.banso
    banso.submit(banso.browser.get("/?lang=en"), **BRINGS)

    received = until(lambda: company.slack.asked, "the carrier is told in Slack")[0].json
    (room,) = until(company.nguyen.invitations, "the owner is told in Matrix")
    company.nguyen.join(room)
    (asked,) = company.nguyen.messages(room)
    assert received["channel"] == "U024BE7LH"
    assert "thread_ts" not in received
    assert asked["content"]["body"].startswith("This is yours now\n")

    lines = asked["content"]["body"].splitlines()
    (take,) = (line.partition(": ")[2] for line in lines if line.startswith("I take it: "))
    assert "You have taken it" in banso.follow(take)
    until(lambda: len(company.slack.asked) == 2, "the carrier is told that it is taken")
    assert company.slack.asked[1].json["thread_ts"] == "1.5"

    until(lambda: "issue.acknowledged.v1" in company.told(), "the other system has heard")
    assert all(_is_signed(asked) for asked in company.crm.asked)
    assert banso.postbox.unexpected == []


def test_what_slack_refuses_for_good_is_no_secret_and_said(company: Company) -> None:
    banso = company.banso
    company.slack.will_answer({"status": 200, "body": {"ok": False, "error": "user_not_found"}})

    banso.submit(banso.browser.get("/?lang=en"), **BRINGS)

    until(
        lambda: (
            banso.ask("notifier", "select error from delivery where channel = 'slack'")
            == [("user_not_found",)]
        ),
        "it is written down",
    )
    log = banso.log("notifier")
    assert "user_not_found" in log
    assert "U024BE7LH" not in log
    assert company.slack.url not in log


def _is_signed(asked: Asked) -> bool:
    key = b64decode(KEY.removeprefix("whsec_"))
    head = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}."
    signature = b64encode(digest(key, head.encode() + asked.body, "sha256")).decode()
    return asked.headers["webhook-signature"] == f"v1,{signature}"
