"""Mail servers fail in every way that they have, and each message comes once all the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from deploy.local.databases import database_url
from deploy.local.keeping import secrets_of
from deploy.local.up import SAMPLE
from shared.contracts.event import Speaker
from shared.contracts.router import ChasingPaused
from shared.replies import Replies
from tests.installation import BANSO, MONDAY, START_WITHIN_S, Installation, is_alive, running, until
from tests.postbox import Postbox
from tests.postgresql import cluster
from tests.proxy import Proxy


@dataclass
class Line:
    """Banso, with a network between it and its mail server that breaks when it is told to."""

    banso: Installation
    proxy: Proxy

    @property
    def postbox(self) -> Postbox:
        return self.banso.postbox

    def expect_both(self) -> None:
        """What an issue tells its owner and whoever brought it in."""
        self.banso.expect("nguyen", "This is yours now")
        self.banso.expect("brown", "We have received it")

    def postponed(self) -> int:
        query = "select count(*) from delivery where fate = 'postponed'"
        return int(self.banso.ask("notifier", query)[0][0])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    directory = tmp_path_factory.mktemp("line")
    with Proxy() as proxy:
        environment = {"BANSO_SMTP_OUT_PORT": str(proxy.port)}
        patient = directory / "organisation.yaml"
        busy = "skills: {not-working: 1.2}"
        text = SAMPLE.read_text()
        assert busy in text
        everything = "  - {name: all, when: {category: not-working}, person: nguyen}\n"
        text = text.replace(busy, f"{busy}, hours_per_day: 12")
        patient.write_text(text.replace("\nrules:", f"\nrules:\n{everything}#", 1))
        with running(directory, organisation=patient, environment=environment) as banso:
            proxy.target = banso.postbox.port
            yield Line(banso, proxy)


@pytest.fixture
def line(whole: Line) -> Iterator[Line]:
    """In order again, whatever the test before has done to it."""
    whole.postbox.taken.clear()
    yield whole
    whole.postbox.answer = lambda _to: "250 2.0.0 OK"
    whole.postbox.slow_domains.clear()
    whole.proxy.heal()


def test_a_server_that_is_down_for_an_hour_gets_everything_once_afterwards(line: Line) -> None:
    line.proxy.refuse()
    for _ in range(3):
        line.banso.raise_issue()
    until(lambda: line.postponed() == 6, "all are postponed")
    for span in ("1m", "5m", "15m", "39m"):
        line.banso.advance(span)
    assert line.postponed() == 6
    assert not line.postbox.taken

    line.proxy.heal()
    line.banso.advance("22m")

    for _ in range(3):
        line.expect_both()
    assert sorted(line.postbox.taken.values()) == [1] * 6
    assert line.postponed() == 0


@pytest.mark.parametrize("first", ["451 4.3.0 later", "421 4.3.2 closing", "452 4.2.2 full"])
def test_what_the_server_can_not_take_yet_comes_again_in_a_minute(line: Line, first: str) -> None:
    refused: list[str] = []

    def answer(to: str) -> str:
        if to in refused:
            return "250 2.0.0 OK"
        refused.append(to)
        return first

    line.postbox.answer = answer
    line.banso.raise_issue()
    until(lambda: line.postponed() == 2, "both are postponed")

    line.banso.advance("1m")

    line.expect_both()
    assert sorted(line.postbox.taken.values()) == [1, 1]


def test_a_line_cut_in_the_middle_of_a_mail_costs_a_minute(line: Line) -> None:
    line.proxy.cut_at(b"Content-Transfer-Encoding", asking=True)
    line.banso.raise_issue()
    until(lambda: line.proxy.is_cut, "the line is cut")
    until(line.postponed, "one is postponed")

    line.banso.advance("1m")

    line.expect_both()
    assert sorted(line.postbox.taken.values()) == [1, 1]


def test_a_line_cut_after_the_last_byte_repeats_the_mail_with_the_same_message_id(
    line: Line,
) -> None:
    line.proxy.cut_at(b"250 2.0.0 OK")
    line.banso.raise_issue()
    until(lambda: line.proxy.is_cut, "the line is cut")
    until(line.postponed, "one is postponed")

    line.banso.advance("1m")

    line.expect_both()
    assert sorted(line.postbox.taken.values()) == [1, 2]


def test_a_tarpit_holds_up_only_what_goes_there(line: Line) -> None:
    line.postbox.slow_domains.add("tarpit.example")
    for nth in range(10):
        customer = {"name": f"Customer {nth}", "email": f"c{nth}@tarpit.example"}
        line.banso.raise_issue(reporter=customer)
    waiting = "select count(*) from delivery where fate = 'sending'"
    until(lambda: line.banso.ask("notifier", waiting)[0][0] == 10, "ten are on their way")

    line.banso.raise_issue()
    line.banso.expect("brown", "We have received it")

    assert line.banso.ask("notifier", waiting)[0][0] >= 10
    line.postbox.slow_domains.clear()
    for nth in range(10):
        line.postbox.expect(f"c{nth}@tarpit.example", "We have received it")
    line.banso.settle()
    for letter in line.postbox.unexpected:
        line.postbox.expect(letter.to, letter.heading)
    assert set(line.postbox.taken.values()) == {1}


# Two copies

RECORDED = "select delivery_id from delivery where fate = 'sent'"


@dataclass
class Killing:
    """A mail server in the middle of whose work the notifier dies."""

    after: int
    kill: list[int] = field(default_factory=list)
    seen: int = 0

    def answer(self, _to: str) -> str:
        self.seen += 1
        if self.seen == self.after:
            os.kill(self.kill.pop(), signal.SIGKILL)
        return "250 2.0.0 OK"


def copy_of(banso: Installation, directory: Path) -> subprocess.Popen[bytes]:
    """Another notifier on the same database, as somebody might start by mistake."""
    secrets, where = secrets_of(banso.data), banso.environment.get("BANSO_DATABASE_URL")
    told = {
        **banso.environment,
        "BANSO_NATS_URL": banso.endpoints["nats"],
        "BANSO_NATS_SEED": secrets.nats_seeds[Speaker.NOTIFIER],
        "BANSO_DATABASE_URL": where.format(service=Speaker.NOTIFIER)
        if where
        else database_url(banso.data, Speaker.NOTIFIER),
        "BANSO_HEALTH_PORT": "0",
        "BANSO_CLOCK_FILE": str(banso.data / "clock"),
        "BANSO_WEB_URL": banso.endpoints["web"],
        "BANSO_LINK_KEYS": json.dumps(secrets.link_keys),
        "BANSO_MAIL_DIRECTORY": str(banso.data / "mail"),
    }
    with (directory / "copy.log").open("wb") as log:
        return subprocess.Popen(
            [BANSO, "serve", "notifier"],
            env=told,
            stdout=log,
            stderr=log,
        )


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_two_notifiers_send_each_message_once_though_one_dies_while_it_sends(
    tmp_path: Path, kind: str
) -> None:
    if kind == "sqlite":
        with running(tmp_path, expecting=False) as banso:
            _one_dies(banso, tmp_path)
        return
    with cluster() as server:
        for service in Speaker:
            server.create(service)
        with running(tmp_path, expecting=False, postgresql=server.reached_by) as banso:
            _one_dies(banso, tmp_path)


def _one_dies(banso: Installation, directory: Path) -> None:
    other = copy_of(banso, directory)
    try:
        log = directory / "copy.log"
        until(lambda: "stands_by" in log.read_text(), "the copy stands by", START_WITHIN_S)
        first = until(lambda: banso.pid("notifier"), "the notifier runs")
        killing = Killing(after=20, kill=[first])
        banso.postbox.answer = killing.answer
        for _ in range(20):
            banso.raise_issue()
        until(lambda: not is_alive(first), "it is dead")
        recorded = {row[0] for row in banso.ask("notifier", RECORDED)}
        made = "select count(*) from delivery where channel = 'email'"
        until(lambda: banso.ask("notifier", made)[0][0] == 40, "all are to be sent")
        banso.advance_only("2m")
        until(lambda: len(banso.ask("notifier", RECORDED)) == 40, "all are sent")

        taken = banso.postbox.taken
        twice = {delivery_of(banso, one) for one, times in taken.items() if times > 1}
        assert len(taken) == 40
        assert max(taken.values()) <= 2
        assert not twice & recorded
    finally:
        other.kill()
        other.wait()


def delivery_of(banso: Installation, message_id: str) -> str:
    """Which delivery a Message-ID names."""
    keys = json.loads((banso.data / "secrets.json").read_text())["link_keys"]
    signed = Replies(keys).read_message_id(message_id)
    assert signed is not None
    return signed.delivery_id


# Many at once

PEOPLE = 1000
MOST_S = 60.0
MOST_MIB = 400


def thousand(directory: Path) -> Path:
    """The sample, and a thousand colleagues more."""
    said = yaml.safe_load(SAMPLE.read_text())
    said["people"] += [
        {
            "id": f"p{nth}",
            "name": {"ja": f"社員 {nth}", "en": f"Colleague {nth}"},
            "emails": [f"p{nth}@example.com"],
            "language": "ja" if nth % 2 else "en",
            "team": "sales",
        }
        for nth in range(PEOPLE)
    ]
    file = directory / "organisation.yaml"
    file.write_text(yaml.safe_dump(said, allow_unicode=True))
    return file


@pytest.mark.long
def test_a_thousand_people_hear_of_a_pause_once_each(tmp_path: Path) -> None:
    with running(tmp_path, expecting=False, organisation=thousand(tmp_path)) as banso:
        paused = ChasingPaused(
            occurred_at=banso.now,
            pause_id="typhoon",
            starts_at=MONDAY,
            ends_at=banso.now.replace(hour=23),
            said_by_id="hayashi",
            text="A typhoon.",
            concerned=tuple(f"p{nth}" for nth in range(PEOPLE)),
        )
        started = _elapsed_s(banso)

        banso.say(paused.subject, paused.to_message("typhoon", "test"))
        until(lambda: len(banso.postbox.taken) == PEOPLE, "all are told", MOST_S)

        took_s = _elapsed_s(banso) - started
        pid = until(lambda: banso.pid("notifier"), "the notifier runs")
        status = Path(f"/proc/{pid}/status").read_text()
        (peak,) = (row.split()[1] for row in status.splitlines() if row.startswith("VmHWM"))
        mib = int(peak) // 1024
        print(f"{PEOPLE} people in {took_s:.1f} s, {mib} MiB at most", file=sys.stderr)
        assert set(banso.postbox.taken.values()) == {1}
        assert len({letter.to for letter in banso.postbox.letters}) == PEOPLE
        assert mib < MOST_MIB


def _elapsed_s(banso: Installation) -> float:
    return banso.now.timestamp()
