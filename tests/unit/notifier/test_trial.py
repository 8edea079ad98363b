"""Whether everybody can be reached, before anything happens; and how many can't, afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from services.notifier import handlers, store
from services.notifier.channels.base import (
    Abilities,
    Misconfigured,
    Outgoing,
    PermanentFailure,
    Taken,
)
from services.notifier.lost import ANY, INSIDE, OUTSIDE, count
from services.notifier.reach import TRIALS_COME_BACK_WITHIN, Broken, Standing, trial_id
from services.notifier.store import Ledger, address_digest, reach_key
from services.notifier.trial import NOT_SET_UP, Found, Trial
from shared.contracts.intake import MailBounced
from shared.contracts.organisation import Channel
from shared.database import open_engine
from shared.organisation import KnownOrganisation
from tests.unit.build import CUSTOMER, MONDAY
from tests.unit.notifier.telling import LINKS
from tests.unit.notifier.test_failing import company


@dataclass
class Place:
    """A channel that takes everything, but for these addresses."""

    channel: Channel
    refuses: dict[str, Exception] = field(default_factory=dict)
    took: list[Outgoing] = field(default_factory=list)
    can: Abilities = field(default_factory=Abilities)

    async def send(self, outgoing: Outgoing) -> Taken:
        await self.probe(outgoing.to.address)
        self.took.append(outgoing)
        return Taken()

    async def probe(self, address: str) -> None:
        if address in self.refuses:
            raise self.refuses[address]

    async def close(self) -> None: ...


@pytest.fixture
def places() -> Mapping[Channel, Place]:
    return {one: Place(one) for one in (Channel.SLACK, Channel.EMAIL)}


async def ren(trial: Trial) -> Found:
    return next(one for one in await trial.everybody() if one.person.id == "ren")


def errors(found: Found) -> dict[Channel, str | None]:
    return {way.channel: way.error for way in found.ways}


async def test_everybody_is_looked_at_by_each_of_their_channels_and_nothing_is_sent(
    places: Mapping[Channel, Place],
) -> None:
    organisation = company()

    found = await Trial(organisation, places, {}, MONDAY).everybody()

    assert [one.person.id for one in found] == [one.id for one in organisation.people]
    assert all(one.is_reached for one in found)
    assert [place.took for place in places.values()] == [[], []]
    of_ren = next(one for one in found if one.person.id == "ren")
    assert errors(of_ren) == {Channel.SLACK: None, Channel.MATRIX: NOT_SET_UP, Channel.EMAIL: None}


async def test_who_is_refused_everywhere_is_not_reached(places: Mapping[Channel, Place]) -> None:
    places[Channel.SLACK].refuses["U1"] = PermanentFailure("user_not_found")
    places[Channel.EMAIL].refuses["ren@example.com"] = Misconfigured("535")

    found = await ren(Trial(company(), places, {}, MONDAY))

    assert not found.is_reached
    assert errors(found)[Channel.SLACK] == "user_not_found"
    assert errors(found)[Channel.EMAIL] == "535"


async def test_what_was_refused_before_counts_as_long_as_the_address_is_the_same(
    places: Mapping[Channel, Place],
) -> None:
    key = reach_key("ren", Channel.EMAIL)
    before = {key: (address_digest("ren@example.com"), "5.1.1")}
    elsewhere = {key: (address_digest("ren@old.example"), "5.1.1")}

    same = await ren(Trial(company(), places, before, MONDAY))
    other = await ren(Trial(company(), places, elsewhere, MONDAY))

    assert errors(same)[Channel.EMAIL] == "5.1.1"
    assert errors(other)[Channel.EMAIL] is None


async def test_a_test_message_goes_by_each_channel_in_their_language(
    places: Mapping[Channel, Place],
) -> None:
    organisation = company()

    await Trial(organisation, places, {}, MONDAY, LINKS).everybody()

    assert len(places[Channel.EMAIL].took) == len(organisation.people)
    (sent,) = places[Channel.SLACK].took
    assert sent.test
    assert sent.message.heading == "This is how Banso reaches you"
    assert sent.message.status_url == ""
    assert (sent.issue_id, sent.to.person_id, sent.to.address) == ("", "ren", "U1")
    assert sent.delivery_id == trial_id("ren", Channel.SLACK, MONDAY.date())


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        yield connection
    engine.dispose()


@pytest.mark.parametrize("days", range(TRIALS_COME_BACK_WITHIN + 1))
def test_a_test_mail_that_comes_back_shows_who_is_not_reached(
    connection: Connection, days: int
) -> None:
    now = MONDAY + timedelta(days=days)
    known = KnownOrganisation(connection, store.metadata)
    known.current = company()
    ledger = Ledger(connection, now, known)
    bounced = MailBounced(
        occurred_at=now,
        delivery_id=trial_id("ren", Channel.EMAIL, MONDAY.date()),
        issue_id="",
        permanent=True,
        error="5.1.1 user unknown",
    )

    assert handlers.mail_bounced(bounced, ledger) == []

    is_known = days < TRIALS_COME_BACK_WITHIN
    expected = Standing.BROKEN if is_known else Standing.WORKS
    assert ledger.standing("ren", Channel.EMAIL) is expected
    assert ledger.standing("mio", Channel.EMAIL) is Standing.WORKS


# How many


def broken(person_id: str, channel: Channel, address: str) -> Broken:
    key = reach_key(person_id, channel)
    return Broken(key, person_id, channel, address_digest(address), MONDAY, "gone")


SET_UP = (Channel.SLACK, Channel.MATRIX, Channel.EMAIL)


def test_people_are_counted_by_channel_and_whom_none_reaches_beside() -> None:
    lost = [
        broken("ren", Channel.SLACK, "U1"),
        broken("ren", Channel.MATRIX, "@ren:example.com"),
        broken("mio", Channel.EMAIL, "mio@example.com"),
        broken(CUSTOMER, Channel.EMAIL, "customer@example.org"),
    ]

    assert count(lost, company(), SET_UP, MONDAY) == {
        (Channel.SLACK, INSIDE): 1,
        (Channel.MATRIX, INSIDE): 1,
        (Channel.EMAIL, INSIDE): 1,
        (Channel.EMAIL, OUTSIDE): 1,
        (ANY, INSIDE): 1,
        (ANY, OUTSIDE): 1,
    }


def test_who_has_left_or_has_another_address_counts_no_more() -> None:
    lost = [
        broken("left", Channel.EMAIL, "left@example.com"),
        broken("ren", Channel.SLACK, "U9"),
        broken("mio", Channel.SLACK, "U2"),
    ]

    assert not +count(lost, company(), SET_UP, MONDAY)
