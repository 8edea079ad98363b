"""Messages in Matrix, with a real server: what a person sees there, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr

from services.notifier.channels.base import (
    Misconfigured,
    Outgoing,
    PermanentFailure,
    TemporaryFailure,
)
from services.notifier.channels.layout import fitted
from services.notifier.channels.matrix import LARGEST_BYTES, Matrix, _bytes
from services.notifier.channels.page import content_of
from services.notifier.message import Message
from shared import channels
from tests.messages import DELIVERY, ISSUE, MESSAGE, WEB, bundle, messages, outgoing
from tests.synapse import Account, Synapse

_numbers = count(1)


def opened(account: Account) -> Matrix:
    return Matrix(
        channels.Matrix(
            homeserver=account.url, user=account.user, access_token=SecretStr(account.token)
        )
    )


@pytest.fixture
def banso(synapse: Synapse) -> Account:
    return synapse.register(f"banso{next(_numbers)}")


@pytest.fixture
def ren(synapse: Synapse) -> Account:
    return synapse.register(f"ren{next(_numbers)}")


@pytest.fixture
async def matrix(banso: Account) -> AsyncIterator[Matrix]:
    adapter = opened(banso)
    yield adapter
    await adapter.close()


def to(person: Account, delivery: str = DELIVERY, thread: str | None = None) -> Outgoing:
    return replace(outgoing(to=person.user, thread=thread), delivery_id=delivery)


async def test_the_first_message_invites_the_person_into_a_room_of_their_own(
    matrix: Matrix, ren: Account
) -> None:
    taken = await matrix.send(to(ren))

    (room,) = ren.invitations()
    ren.join(room)
    (event,) = ren.messages(room)
    assert taken.external_id == event["event_id"]
    assert taken.thread == f"{room}/{event['event_id']}"
    assert not taken.delivered
    content = event["content"]
    assert content["msgtype"] == "m.text"
    assert content["body"].startswith(f"{MESSAGE.heading}\n")
    assert "<h4>あなたの担当になりました</h4>" in content["formatted_body"]
    assert content["dev.banso"] == {"issue": ISSUE, "delivery": DELIVERY}


async def test_all_of_an_issue_stands_in_one_thread_of_that_room(
    matrix: Matrix, ren: Account
) -> None:
    first = await matrix.send(to(ren))
    (room,) = ren.invitations()
    ren.join(room)

    second = await matrix.send(to(ren, "second", first.thread))
    third = await matrix.send(to(ren, "third", second.thread))

    assert second.delivered
    root = first.external_id
    related = [event["content"].get("m.relates_to", {}) for event in ren.messages(room)]
    assert [one.get("event_id") for one in related] == [None, root, root]
    assert related[2]["rel_type"] == "m.thread"
    assert third.thread == first.thread


async def test_a_repeat_after_a_crash_is_no_second_message(matrix: Matrix, ren: Account) -> None:
    first = await matrix.send(to(ren))
    again = await matrix.send(to(ren))

    (room,) = ren.invitations()
    ren.join(room)
    assert again.external_id == first.external_id
    assert len(ren.messages(room)) == 1


async def test_the_room_is_remembered_by_another_process(
    matrix: Matrix, banso: Account, ren: Account
) -> None:
    await matrix.send(to(ren))
    another = opened(banso)

    await another.send(to(ren, "second"))
    await another.close()

    (room,) = ren.invitations()
    ren.join(room)
    assert len(ren.messages(room)) == 2


async def test_two_first_messages_at_once_make_one_room(matrix: Matrix, ren: Account) -> None:
    await asyncio.gather(*(matrix.send(to(ren, f"delivery{n}")) for n in range(4)))

    (room,) = ren.invitations()
    ren.join(room)
    assert len(ren.messages(room)) == 4


async def test_whoever_has_left_the_room_is_left_alone(matrix: Matrix, ren: Account) -> None:
    await matrix.send(to(ren))
    (room,) = ren.invitations()
    ren.join(room)
    ren.leave(room)

    with pytest.raises(PermanentFailure, match="has left the room"):
        await matrix.send(to(ren, "second"))


async def test_nobody_is_invited_who_is_not_there(matrix: Matrix, ren: Account) -> None:
    with pytest.raises(PermanentFailure, match="404 M_"):
        await matrix.send(to(replace(ren, user="@nobody:banso.test")))


async def test_a_token_that_is_none_is_said_without_it(banso: Account, ren: Account) -> None:
    matrix = opened(replace(banso, token="do-not-tell"))

    with pytest.raises(Misconfigured, match="401 M_UNKNOWN_TOKEN") as failed:
        await matrix.send(to(ren))
    await matrix.close()

    assert "do-not-tell" not in repr(failed.value)


async def test_whoever_can_be_reached_is_found_without_an_invitation(
    matrix: Matrix, ren: Account
) -> None:
    await matrix.probe(ren.user)
    assert ren.invitations() == []

    with pytest.raises(PermanentFailure, match="404 M_"):
        await matrix.probe("@nobody:banso.test")
    await matrix.send(to(ren))
    (room,) = ren.invitations()
    ren.join(room)
    await matrix.probe(ren.user)
    ren.leave(room)
    with pytest.raises(PermanentFailure, match="has left the room"):
        await matrix.probe(ren.user)


async def test_whoever_is_too_fast_waits_as_long_as_the_server_says(
    synapse: Synapse, matrix: Matrix, banso: Account, ren: Account
) -> None:
    admin = synapse.register(f"admin{next(_numbers)}", admin=True)
    await matrix.send(to(ren))
    synapse.limit(admin, banso.user, per_second=1, burst=1)

    many = (matrix.send(to(ren, f"fast{nth}")) for nth in range(20))
    with pytest.raises(TemporaryFailure, match="429 M_LIMIT_EXCEEDED") as failed:
        await asyncio.gather(*many)

    assert failed.value.wait is not None
    assert failed.value.wait.total_seconds() > 0


async def test_of_fifty_issues_at_once_as_many_are_listed_as_there_is_room_for(
    matrix: Matrix, ren: Account
) -> None:
    await matrix.send(replace(to(ren), message=bundle(50)))

    (room,) = ren.invitations()
    ren.join(room)
    body = ren.messages(room)[0]["content"]["body"]
    assert body.count("7K3M-9QWX") == 20
    assert "ほかの件は受信箱にあります。" in body


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages)
def test_whatever_was_written_fits_and_is_no_markup(message: Message) -> None:
    content = fitted(message, content_of, _bytes, LARGEST_BYTES)

    assert _bytes(content) <= LARGEST_BYTES
    tags, links = _read(content["formatted_body"])
    assert tags <= {"h4", "p", "br", "blockquote", "ul", "ol", "li", "a", "strong"}
    assert all(link.startswith(f"{WEB}/") for link in links)


def _read(html: str) -> tuple[set[str], list[str]]:
    tags: set[str] = set()
    links: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)
            links.extend(value or "" for name, value in attrs if name == "href")

    Reader().feed(html)
    return tags, links
