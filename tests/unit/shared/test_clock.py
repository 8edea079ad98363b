"""The one place that reads the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared import clock
from shared.clock import Clock, read_offset, write_offset


class Machine:
    """The machine's clocks, which a test moves."""

    def __init__(self) -> None:
        self.wall = 1_780_000_000.0
        self.running = 500.0

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.running

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.running += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    fake = Machine()
    monkeypatch.setattr(clock, "time", fake)
    return fake


def test_the_time_is_aware_and_utc(machine: Machine) -> None:
    assert Clock().now() == datetime.fromtimestamp(machine.wall, UTC)
    assert Clock().now().tzinfo is UTC


def test_time_never_runs_backwards_whatever_the_machine_does(machine: Machine) -> None:
    here = Clock()
    before = here.now()

    machine.wall -= 3600

    assert here.now() == before
    machine.wall += 3601
    assert here.now() == before + timedelta(seconds=1)


def test_a_clock_that_was_moved_forward_says_so(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    here = Clock(file)
    before = here.now()

    write_offset(file, timedelta(days=3))
    machine.passes(clock.OFFSET_REREAD_S)

    assert here.now() == before + timedelta(days=3, seconds=clock.OFFSET_REREAD_S)


def test_every_process_that_follows_the_same_file_has_the_same_time(
    machine: Machine, tmp_path: Path
) -> None:
    write_offset(tmp_path / "clock", timedelta(hours=5))

    one, other = Clock(tmp_path / "clock"), Clock(tmp_path / "clock")

    assert one.now() == other.now() == Clock().now() + timedelta(hours=5)


def test_the_file_is_not_read_at_every_look(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    here = Clock(file)
    before = here.now()

    write_offset(file, timedelta(days=3))
    machine.passes(clock.OFFSET_REREAD_S / 2)

    assert here.now() - before < timedelta(seconds=1)


def test_a_clock_that_was_moved_back_stands_still(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    write_offset(file, timedelta(days=3))
    here = Clock(file)
    before = here.now()

    write_offset(file, timedelta())
    machine.passes(1)

    assert here.now() == before


def test_an_offset_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "clock"

    write_offset(file, timedelta(days=3, microseconds=250_000))

    assert read_offset(file) == timedelta(days=3, microseconds=250_000)
    assert [path.name for path in tmp_path.iterdir()] == ["clock"]


def test_where_nobody_moved_the_clock_there_is_no_offset(tmp_path: Path) -> None:
    assert read_offset(tmp_path / "missing") == timedelta()


def test_spans_are_measured_by_what_no_test_moves(machine: Machine) -> None:
    started = clock.elapsed_s()

    machine.wall += 1000
    machine.running += 2

    assert clock.elapsed_s() - started == 2


def test_a_process_follows_the_file_that_it_is_told(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_clock", Clock())
    write_offset(tmp_path / "clock", timedelta(hours=5))
    before = clock.now()

    clock.follow(tmp_path / "clock")

    assert clock.now() == before + timedelta(hours=5)
