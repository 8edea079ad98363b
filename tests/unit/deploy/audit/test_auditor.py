"""An audit looks twice, asks for what is safe, and is signalled only when it has run to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from deploy.audit import app, auditor
from deploy.audit.auditor import Auditor
from deploy.audit.databases import Databases
from deploy.audit.figures import Figures
from deploy.audit.issues import Standing
from deploy.audit.lane import Lane
from deploy.audit.memory import remembered
from deploy.audit.promises import Finding, Promise, Repair, Repeat, Wake
from deploy.audit.settings import AuditSettings
from shared.contracts.event import Event, Speaker
from shared.contracts.router import IssueDue
from shared.streams import NoServer, Streams


class FakeStreams:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.repeated: list[tuple[Speaker, list[str]]] = []
        self.woken: list[tuple[Speaker, str, int]] = []

    async def ask_to_repeat(self, speaker: Speaker, event_ids: Sequence[str]) -> None:
        self.repeated.append((speaker, list(event_ids)))

    async def say_again(self, speaker: Speaker, event: Event, cause_id: str) -> None:
        assert isinstance(event, IssueDue)
        self.woken.append((speaker, event.issue_id, event.step_number))


class Scripted(Auditor):
    """Finds, look by look, what it is told to."""

    def __init__(self, *looks: Sequence[Finding], memory: Path | None = None) -> None:
        self.streams = FakeStreams()
        self.looks = [list(look) for look in looks]
        self.full: list[bool] = []

        @asynccontextmanager
        async def open_streams() -> AsyncIterator[Streams]:
            yield cast("Streams", self.streams)

        super().__init__(
            cast("Databases", None), open_streams, memory=memory, second_look=timedelta()
        )

    async def _look(self, streams: Streams, *, full: bool) -> tuple[Standing, list[Finding]]:
        self.full.append(full)
        self._memory.lanes[Speaker.ROUTER] = Lane({})
        return Standing((), timedelta(seconds=5), timedelta()), self.looks.pop(0)


def finding(key: str, promise: Promise = Promise.KEPT, repair: Repair | None = None) -> Finding:
    return Finding(promise, key, key, repair=repair)


def wake(key: str) -> Finding:
    return finding(key, Promise.STEP_TAKEN, Wake(key, 1))


def repeat(key: str, promise: Promise = Promise.KEPT, of: Speaker = Speaker.ROUTER) -> Finding:
    return finding(key, promise, Repeat(of, key))


async def test_where_nothing_is_suspected_one_look_is_enough() -> None:
    audit = await Scripted([]).audit()

    assert (audit.findings, audit.broken) == ((), {})
    assert set(audit.violations.values()) == {0}


async def test_what_is_gone_at_the_second_look_does_not_count() -> None:
    audit = await Scripted([finding("a"), finding("b")], [finding("b"), finding("c")]).audit()

    assert [one.about for one in audit.findings] == ["b"]
    assert audit.broken == {"kept": 1}


async def test_nothing_is_asked_for_unless_it_is_wanted() -> None:
    scripted = Scripted([repeat("a")], [repeat("a")])

    audit = await scripted.audit()

    assert (scripted.streams.repeated, audit.repaired) == ([], {})


async def test_each_speaker_is_asked_for_its_own_events() -> None:
    missing = [
        repeat("a"),
        repeat("b", Promise.SAID),
        repeat("c", of=Speaker.INTAKE),
        finding("d", Promise.OWNER),
    ]
    scripted = Scripted(missing, missing)

    audit = await scripted.audit(repair=True)

    assert scripted.streams.repeated == [(Speaker.ROUTER, ["a", "b"]), (Speaker.INTAKE, ["c"])]
    assert audit.repaired == {Promise.KEPT: 2, Promise.SAID: 1}


async def test_an_issue_is_woken_once_an_hour_at_the_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asleep = [wake("i-1"), wake("i-2")]
    scripted = Scripted(*[asleep] * 6)

    first = await scripted.audit(repair=True)
    second = await scripted.audit(repair=True)
    monkeypatch.setattr(auditor, "WAKE_AGAIN_S", 0.0)
    third = await scripted.audit(repair=True)

    asked = [one.repaired.get(Promise.STEP_TAKEN, 0) for one in (first, second, third)]
    assert asked == [2, 0, 2]
    assert scripted.streams.woken[:2] == [(Speaker.ROUTER, "i-1", 1), (Speaker.ROUTER, "i-2", 1)]


async def test_after_a_long_outage_they_are_woken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "MOST_WOKEN", 2)
    asleep = [wake(f"i-{nth}") for nth in range(5)]
    scripted = Scripted(*[asleep] * 4)

    await scripted.audit(repair=True)
    await scripted.audit(repair=True)

    assert [issue for _, issue, _ in scripted.streams.woken] == ["i-0", "i-1", "i-2", "i-3"]


async def test_everything_is_proven_at_first_and_then_once_a_day_and_when_asked(
    tmp_path: Path,
) -> None:
    file = tmp_path / "audit.json"
    scripted = Scripted([], [], [], memory=file)

    await scripted.audit()
    await scripted.audit()
    await scripted.audit(full=True)

    assert scripted.full == [True, False, True]
    assert remembered(file).lanes.keys() == {Speaker.ROUTER}


async def test_another_auditor_goes_on_from_the_memory_of_the_last(tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    await Scripted([], memory=file).audit()
    later = Scripted([], memory=file)

    await later.audit()

    assert later.full == [False]


class FakeDeadMan:
    def __init__(self) -> None:
        self.heard: list[dict[str, int]] = []

    async def hears_that(self, broken: dict[str, int]) -> bool:
        self.heard.append(broken)
        return True


def watch(registry: CollectorRegistry) -> tuple[Any, FakeDeadMan]:
    settings = AuditSettings(
        audit_databases=dict.fromkeys(Speaker, "sqlite://"),
        deadman_url=SecretStr("http://127.0.0.1:1/secret"),
    )
    made = app._Watch(settings, Figures(registry))
    made._deadman = cast("Any", FakeDeadMan())
    return made, cast("FakeDeadMan", made._deadman)


async def test_an_audit_sets_the_figures_and_is_signalled_with_what_is_broken() -> None:
    registry = CollectorRegistry()
    watching, dead_man = watch(registry)
    assert registry.get_sample_value("banso_audit_violations", {"promise": "kept"}) is None
    assert not watching.is_fresh

    await watching._audit(Scripted([]))
    await watching._audit(Scripted([repeat("a")], [repeat("a")]))

    assert dead_man.heard == [{}, {"kept": 1}]
    assert watching.is_fresh

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"banso_audit_{name}", labels)

    assert value("violations", promise="kept") == 1
    assert value("violations", promise="owner") == 0
    assert value("repairs_total", promise="kept") == 1
    assert value("unowned_seconds") == 5
    assert value("signals_total", result="heard") == 2
    assert (value("last_complete_timestamp_seconds") or 0) > 0


async def test_an_audit_that_can_not_be_finished_is_not_signalled() -> None:
    registry = CollectorRegistry()
    watching, dead_man = watch(registry)

    class Blind(Scripted):
        async def _look(self, streams: Streams, *, full: bool) -> Any:
            raise NoServer("gone")

    await watching.try_to_audit(Blind())

    assert (dead_man.heard, watching.is_fresh) == ([], False)
    assert registry.get_sample_value("banso_audit_incomplete_total") == 1


async def test_one_that_takes_long_is_followed_by_a_longer_pause() -> None:
    watching, _ = watch(CollectorRegistry())

    watching._took_s = 1.0
    assert watching._pause_s == 59.0
    watching._took_s = 60.0

    assert watching._pause_s == 60.0 * app.PAUSE_RATIO
