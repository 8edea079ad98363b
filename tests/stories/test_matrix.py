"""People answer from Matrix, with a real server: by words, by signs, and take them back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from deploy.local.up import SAMPLE
from tests.installation import Installation, until
from tests.postbox import Postbox
from tests.synapse import Account, Synapse

_names = count(1)


@dataclass
class Company:
    """The carrier, Brown, reads mail; whoever owns reads Matrix."""

    banso: Installation
    bot: Account
    nguyen: Account
    mori: Account
    room: str = ""

    def raise_issue(self, summary: str) -> dict[str, Any]:
        """Nguyen's message about it, as they see it in their room."""
        self.banso.raise_issue(summary=summary)
        self.banso.expect("brown", "We have received it")
        if not self.room:
            (self.room,) = until(self.nguyen.invitations, "they are invited")
            self.nguyen.join(self.room)
        return self.sees(summary)

    def sees(self, words: str) -> dict[str, Any]:
        """The last message of Banso's with these words."""

        def find() -> dict[str, Any] | None:
            there = self.nguyen.messages(self.room)
            ours = [one for one in there if one["sender"] == self.bot.user]
            return next((one for one in reversed(ours) if words in one["content"]["body"]), None)

        found: dict[str, Any] = until(find, f"they see {words!r}")
        return found

    def react(self, who: Account, event_id: str, key: str) -> str:
        content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event_id, "key": key}}
        path = f"/rooms/{quote(self.room)}/send/m.reaction/{name()}"
        return str(who.call("PUT", path, content)["event_id"])

    def redact(self, who: Account, event_id: str) -> None:
        path = f"/rooms/{quote(self.room)}/redact/{quote(event_id)}/{name()}"
        who.call("PUT", path, {})

    def write(self, who: Account, text: str, relation: dict[str, Any] | None = None) -> str:
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if relation:
            content["m.relates_to"] = relation
        return who.send(self.room, content, name())

    def heard(self, text: str) -> int:
        """How often these words were said by intake."""
        query = "select payload from said where subject = 'message.received.v1'"
        return sum(text.encode() in row[0] for row in self.banso.ask("intake", query))


def name() -> str:
    return f"t{next(_names)}"


def answering(event: dict[str, Any]) -> dict[str, Any]:
    return {"m.in_reply_to": {"event_id": event["event_id"]}}


def in_thread(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "rel_type": "m.thread",
        "event_id": event["event_id"],
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": event["event_id"]},
    }


@pytest.fixture
def company(tmp_path: Path, synapse: Synapse) -> Iterator[Company]:
    nth = next(_names)
    bot, nguyen, mori = (synapse.register(f"{who}-talk{nth}") for who in ("bot", "nguyen", "mori"))
    text = SAMPLE.read_text()
    for who, account in (("nguyen", nguyen), ("mori", mori)):
        address = f"emails: [{who}@example.com]"
        assert address in text
        text = text.replace(address, f'{address}, chat: {{matrix: "{account.user}"}}')
    organisation, file = tmp_path / "organisation.yaml", tmp_path / "channels.json"
    organisation.write_text(f"{text}\nchannels: [matrix, email]\n")
    said = {"homeserver": bot.url, "user": bot.user, "access_token": bot.token}
    file.write_text(json.dumps({"matrix": said}))
    with ExitStack() as stack:
        banso = Installation(
            tmp_path,
            stack.enter_context(Postbox()),
            organisation=organisation,
            environment={"BANSO_CHANNELS": str(file)},
        )
        stack.callback(banso.close)
        yield Company(banso.start(), bot, nguyen, mori)


def test_a_sign_takes_an_issue_and_taking_it_away_gives_it_back(company: Company) -> None:
    banso, nguyen = company.banso, company.nguyen
    message = company.raise_issue("The lamp stays red")
    assert "This is yours now" in message["content"]["body"]

    friendly = company.react(nguyen, message["event_id"], "🎉")
    sign = company.react(nguyen, message["event_id"], "👍🏽")

    banso.expect("brown", "It is being worked on")
    company.redact(nguyen, friendly)
    company.redact(nguyen, sign)
    banso.expect("brown", "It was taken back")
    company.sees("It is as it was before.")
    company.react(nguyen, message["event_id"], "✅")
    banso.expect("brown", "It is being worked on")
    assert banso.stored("action.requested.v1") == 3
    assert nguyen.token not in banso.log("intake")
    assert company.bot.token not in banso.log("intake")


def test_words_in_the_thread_reach_the_carrier_and_later_words_too(company: Company) -> None:
    banso, nguyen = company.banso, company.nguyen
    message = company.raise_issue("The lamp stays red")

    written = company.write(nguyen, "Hold the button for ten seconds.", in_thread(message))

    assert "ten seconds" in banso.expect("brown", "has answered").text
    nguyen.send(
        company.room,
        {
            "msgtype": "m.text",
            "body": "* Hold it for twenty seconds.",
            "m.new_content": {"msgtype": "m.text", "body": "Hold it for twenty seconds."},
            "m.relates_to": {"rel_type": "m.replace", "event_id": written},
        },
        name(),
    )
    assert "twenty seconds" in banso.expect("brown", "has answered").text
    quoted = f"> <{company.bot.user}> This is yours now\n> and so on\n\nOr buy a new one."
    company.write(nguyen, quoted, answering(message))
    text = banso.expect("brown", "has answered").text
    assert "Or buy a new one." in text
    assert "and so on" not in text


def test_no_needs_words_and_what_belongs_to_nothing_is_told_how_to_answer(company: Company) -> None:
    banso, nguyen = company.banso, company.nguyen
    message = company.raise_issue("The lamp stays red")

    company.write(nguyen, "What is this?")
    company.sees("Which issue do you mean?")
    company.react(nguyen, message["event_id"], "❌")
    link = company.sees("Not yours?")["content"]["body"].split()[-1]

    assert banso.stored("action.requested.v1") == 0
    assert company.heard("What is this?") == 0
    said = banso.follow(link, reason="no_time", proposed="mori")
    assert "It is with Misaki Mori now" in said
    banso.expect("brown", "Somebody else looks after it now")
    company.react(nguyen, message["event_id"], "✅")
    company.sees("belongs to an earlier state")
    assert banso.stored("action.requested.v1") == 1


def test_nobody_answers_in_somebody_elses_name(company: Company) -> None:
    banso, nguyen, mori = company.banso, company.nguyen, company.mori
    message = company.raise_issue("The lamp stays red")
    stranger = company.bot.url and Account(company.bot.url, mori.user, mori.token)
    nguyen.call("POST", f"/rooms/{quote(company.room)}/invite", {"user_id": mori.user})
    mori.join(company.room)

    company.write(stranger, "It is all my fault", in_thread(message))
    company.react(stranger, message["event_id"], "✅")
    company.write(nguyen, "It is not", in_thread(message))

    assert "It is not" in banso.expect("brown", "has answered").text
    assert company.heard("It is all my fault") == 0
    assert banso.stored("action.requested.v1") == 0


def test_what_happens_while_intake_is_down_is_neither_lost_nor_taken_twice(
    company: Company,
) -> None:
    banso, nguyen = company.banso, company.nguyen
    message = company.raise_issue("The lamp stays red")
    company.write(nguyen, "The first of all", in_thread(message))
    banso.expect("brown", "has answered")

    banso.take_down("intake")
    for number in range(60):  # more than one answer of the server holds
        company.write(nguyen, f"Number {number}.", in_thread(message))
    banso.bring_back()

    until(lambda: company.heard("Number 59."), "the last is heard")
    banso.kill("intake")
    company.write(nguyen, "The last of all", in_thread(message))
    until(lambda: company.heard("The last of all"), "it goes on")
    assert [company.heard(f"Number {number}.") for number in range(60)] == [1] * 60
    assert company.heard("The first of all") == 1


def test_people_of_the_organisation_may_invite_banso_and_nobody_else(
    company: Company, synapse: Synapse
) -> None:
    company.raise_issue("The lamp stays red")
    stranger = synapse.register(f"stranger{next(_names)}")
    ask = {"preset": "private_chat", "invite": [company.bot.user]}
    strange = stranger.call("POST", "/createRoom", ask)["room_id"]
    known = company.nguyen.call("POST", "/createRoom", ask)["room_id"]

    def joined() -> list[str]:
        found: list[str] = company.bot.call("GET", "/joined_rooms")["joined_rooms"]
        return found

    until(lambda: known in joined(), "Banso comes")
    assert strange not in joined()
