"""What nats-server is told: who may say and hear what, and that nothing accepted is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import NotFoundError

from deploy.local.keeping import secrets_of
from deploy.nats.configuration import USERS, server_configuration
from shared.contracts.event import Speaker
from shared.contracts.traffic import (
    EVENTS,
    HEARS,
    SAYS,
    heard,
    permissions,
    permissions_of_auditor,
    streams,
)
from shared.journal import LARGEST_BATCH
from shared.provision import provision

NATS_SERVER = Path(sys.executable).parent / "nats-server"

each_service = pytest.mark.parametrize("service", Speaker)


@dataclass
class FakeAdministrator:
    """JetStream as `provision` uses it; keeps what it was told."""

    streams: dict[str, StreamConfig] = field(default_factory=dict)
    consumers: dict[tuple[str, str], ConsumerConfig] = field(default_factory=dict)

    async def stream_info(self, name: str) -> StreamInfo:
        if name not in self.streams:
            raise NotFoundError
        return cast("StreamInfo", _Info(self.streams[name]))

    async def add_stream(self, config: StreamConfig) -> None:
        self.streams[str(config.name)] = config

    async def update_stream(self, config: StreamConfig) -> None:
        self.streams[str(config.name)] = config

    async def add_consumer(self, stream: str, config: ConsumerConfig) -> None:
        self.consumers[stream, str(config.durable_name)] = config


@dataclass
class _Info:
    config: StreamConfig


@pytest.fixture
async def provisioned() -> FakeAdministrator:
    administrator = FakeAdministrator()
    await provision(cast("JetStreamContext", administrator))
    return administrator


@pytest.fixture
def configuration(tmp_path: Path) -> dict[str, Any]:
    keys = secrets_of(tmp_path).public_keys()
    text = server_configuration(port=4222, store=tmp_path / "nats", public_keys=keys)
    told: dict[str, Any] = json.loads(text)
    return told


def test_every_stream_refuses_rather_than_discards_and_keeps_half_a_year(
    provisioned: FakeAdministrator,
) -> None:
    assert set(provisioned.streams) == set(streams())
    for config in provisioned.streams.values():
        assert config.discard == DiscardPolicy.NEW
        assert config.retention == RetentionPolicy.LIMITS
        assert config.storage == StorageType.FILE
        assert timedelta(seconds=config.max_age or 0) == timedelta(days=180)
        assert config.allow_atomic
        assert (config.duplicate_window or 0) >= 60


def test_every_durable_consumer_is_bounded(provisioned: FakeAdministrator) -> None:
    assert set(provisioned.consumers) == {
        (stream, str(service)) for service in Speaker for stream in heard(service)
    }
    for config in provisioned.consumers.values():
        assert config.ack_policy == AckPolicy.EXPLICIT
        assert config.deliver_policy == DeliverPolicy.ALL
        assert LARGEST_BATCH <= (config.max_ack_pending or 0) <= 1000
        assert 5 <= (config.ack_wait or 0) <= 60
        assert config.max_deliver == -1


def test_the_bus_and_not_the_server_gives_a_message_up(provisioned: FakeAdministrator) -> None:
    """`max_deliver` of the server would drop it without a word to anybody."""
    assert {config.max_deliver for config in provisioned.consumers.values()} == {-1}
    assert {config.backoff for config in provisioned.consumers.values()} == {None}


@each_service
async def test_a_service_is_sent_just_what_it_hears(
    service: Speaker, provisioned: FakeAdministrator
) -> None:
    filters = [
        subject
        for (_, durable), config in provisioned.consumers.items()
        if durable == service
        for subject in config.filter_subjects or ()
    ]

    assert sorted(filters) == sorted(
        [f"again.{service}.>", *(event.subject for event in HEARS[service])]
    )


async def test_provisioning_again_keeps_the_epoch_and_a_lost_stream_gets_a_new_one(
    provisioned: FakeAdministrator,
) -> None:
    before = {name: config.metadata for name, config in provisioned.streams.items()}
    del provisioned.streams["ROUTER"]

    made = await provision(cast("JetStreamContext", provisioned))

    assert made == ["ROUTER"]
    after = {name: config.metadata for name, config in provisioned.streams.items()}
    assert [name for name in before if before[name] != after[name]] == ["ROUTER"]


@each_service
def test_a_service_may_say_its_own_facts_and_no_other(service: Speaker) -> None:
    own = {event.subject for event in SAYS[service]}

    assert {subject for subject in EVENTS if _may_publish(service, subject)} == own


@each_service
def test_a_service_may_bury_only_in_its_own_name(service: Speaker) -> None:
    buries = {other for other in Speaker if _may_publish(service, f"dead.{other}.issue.raised.v1")}

    assert buries == {service}


@each_service
def test_only_an_administrator_says_a_buried_message_again(service: Speaker) -> None:
    assert not any(_may_publish(service, f"again.{other}.issue.raised.v1") for other in Speaker)


@each_service
@pytest.mark.parametrize(
    "subject",
    [
        "$JS.API.STREAM.CREATE.ROUTER",
        "$JS.API.STREAM.UPDATE.ROUTER",
        "$JS.API.STREAM.DELETE.ROUTER",
        "$JS.API.STREAM.PURGE.ROUTER",
        "$JS.API.STREAM.MSG.DELETE.ROUTER",
        "$JS.API.STREAM.MSG.GET.ROUTER",
        "$JS.API.DIRECT.GET.ROUTER",
        "$JS.API.CONSUMER.CREATE.ROUTER.mine",
        "$JS.API.CONSUMER.DURABLE.CREATE.ROUTER.mine",
        "$JS.API.CONSUMER.DELETE.ROUTER.notifier",
        "$SYS.REQ.SERVER.PING",
        "anything",
    ],
)
def test_a_service_may_change_nothing_on_the_server(service: Speaker, subject: str) -> None:
    assert not _may_publish(service, subject)


@each_service
def test_a_service_hears_and_acknowledges_only_with_its_own_consumers(service: Speaker) -> None:
    publish, subscribe = permissions(service)
    of_consumers = [one for one in publish if one.startswith(("$JS.API.CONSUMER.", "$JS.ACK."))]

    assert len(of_consumers) == 3 * len(heard(service))
    assert [one for one in of_consumers if str(service) not in one.split(".")] == []
    assert subscribe == [f"_INBOX_{service}.>", f"repeat.{service}"]


def test_the_auditor_reads_every_stream_and_says_no_fact() -> None:
    publish, subscribe = permissions_of_auditor()

    assert sorted(publish) == sorted(
        [f"$JS.API.STREAM.INFO.{stream}" for stream in streams()]
        + [f"$JS.API.DIRECT.GET.{stream}" for stream in streams()]
        + [f"repeat.{service}" for service in Speaker]
        + ["again.router.issue.due.v1"]
    )
    assert subscribe == ["_INBOX_audit.>"]
    assert not {subject for subject in EVENTS if _is_among(publish, subject)}


def test_only_the_auditor_asks_a_service_to_repeat_something() -> None:
    assert not any(_may_publish(one, f"repeat.{other}") for one in Speaker for other in Speaker)


def test_every_stream_can_be_looked_at_without_a_consumer(
    provisioned: FakeAdministrator,
) -> None:
    assert all(config.allow_direct for config in provisioned.streams.values())


def test_what_was_acknowledged_survives_a_power_cut(configuration: dict[str, Any]) -> None:
    assert configuration["jetstream"]["sync_interval"] == "always"


def test_nobody_comes_in_without_a_key_or_from_elsewhere(configuration: dict[str, Any]) -> None:
    users = configuration["authorization"]["users"]

    assert len({user["nkey"] for user in users}) == len(users) == len(USERS)
    assert all(set(user) == {"nkey", "permissions"} for user in users)
    assert set(configuration["authorization"]) == {"users"}
    assert "no_auth_user" not in json.dumps(configuration)
    assert configuration["listen"].startswith("127.0.0.1:")


def test_the_server_takes_a_message_of_the_largest_size(configuration: dict[str, Any]) -> None:
    assert configuration["max_payload"] >= 1024 * 1024


def test_nats_server_understands_the_configuration(
    configuration: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "nats.json"
    file.write_text(json.dumps(configuration))

    checked = subprocess.run(
        [NATS_SERVER, "-t", "-c", file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr


def test_a_subject_is_matched_as_nats_does() -> None:
    assert _matches("a.*.c", "a.b.c")
    assert _matches("a.>", "a.b.c")
    assert not _matches("a.>", "a")
    assert not _matches("a.*", "a.b.c")
    assert not _matches("a.b", "a.b.c")


def _may_publish(service: Speaker, subject: str) -> bool:
    publish, _ = permissions(service)
    return _is_among(publish, subject)


def _is_among(patterns: list[str], subject: str) -> bool:
    return any(_matches(pattern, subject) for pattern in patterns)


def _matches(pattern: str, subject: str) -> bool:
    """NATS wildcards: `*` is one token, `>` at the end one or more."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        head = wanted[:-1]
        return len(given) > len(head) and _matches_tokens(head, given[: len(head)])
    return len(wanted) == len(given) and _matches_tokens(wanted, given)


def _matches_tokens(wanted: list[str], given: list[str]) -> bool:
    return all(one in ("*", other) for one, other in zip(wanted, given, strict=True))
