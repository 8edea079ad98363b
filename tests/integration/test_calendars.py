"""People's calendars in a directory: files, and feeds from a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.router import calendars
from services.router.calendars import FETCH_EVERY, LOOK_EVERY, READ_AGAIN, Calendars
from services.router.handlers import Span
from shared import clock
from tests.unit import build

NOW = build.at("2026-06-01 09:00")


def vacation(day: str = "20260602", uid: str = "one") -> str:
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"UID:{uid}")
    rest = (f"DTSTART;VALUE=DATE:{day}", "SUMMARY:休暇", "END:VEVENT", "END:VCALENDAR", "")
    return "\r\n".join((*lines, *rest))


class Notes:
    """Stands for the journal: keeps what is noted about whom."""

    def __init__(self, *known: str) -> None:
        self.known = list(known)
        self.noted: list[tuple[str, tuple[Span, ...]]] = []

    async def read(self, _: Any) -> list[str]:
        return self.known

    async def note(self, write: partial[None]) -> None:
        person_id, spans = write.args
        self.noted.append((person_id, tuple(spans)))

    def taken(self) -> dict[str, list[str]]:
        """By person, the days on which an absence begins; what was noted is then forgotten."""
        noted, self.noted = self.noted, []
        return {
            who: [f"{span.starts_at.astimezone(NOW.tzinfo):%m-%d}" for span in spans]
            for who, spans in noted
        }


class Watched:
    """A directory of calendars as the router watches it, on a clock that is moved by hand."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, *known: str) -> None:
        self.directory = directory
        self.registry = CollectorRegistry()
        self.calendars = Calendars(directory, self.registry)
        self.notes = Notes(*known)
        self.now = NOW
        monkeypatch.setattr(clock, "now", lambda: self.now)

    async def look(self, after: timedelta = LOOK_EVERY) -> dict[str, list[str]]:
        self.now += after
        await self.calendars.look(self.notes, build.organisation())  # type: ignore[arg-type]
        return self.notes.taken()

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.directory / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        stamp = self.now.timestamp()
        os.utime(file, (stamp, stamp))
        return file

    def count(self, state: str) -> float | None:
        return self.registry.get_sample_value("banso_calendars", {"state": state})


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(tmp_path, monkeypatch)


class Feed(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        status, headers, body = self.server.answer
        if self.headers.get("If-None-Match") == headers.get("ETag", "none"):
            status, body = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Feed)
        self.asked: list[dict[str, str]] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, vacation().encode())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/private-token/basic.ics"


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_calendar_is_read_and_read_again_when_it_has_changed(watched: Watched) -> None:
    watched.write("ren.ics", vacation())
    watched.write("notes.txt", "not a calendar")
    assert await watched.look() == {"ren": ["06-02"]}
    assert await watched.look() == {}

    watched.write("ren.ics", vacation("20260603"))

    assert await watched.look() == {"ren": ["06-03"]}
    assert (watched.count("good"), watched.count("broken")) == (1, 0)


async def test_it_is_looked_at_only_now_and_then(watched: Watched) -> None:
    await watched.look()
    watched.write("ren.ics", vacation())

    assert await watched.look(after=timedelta(seconds=1)) == {}
    assert await watched.look() == {"ren": ["06-02"]}


async def test_a_calendar_is_read_again_after_a_day(watched: Watched) -> None:
    watched.write("ren.ics", vacation("20260610"))
    await watched.look()

    assert await watched.look(after=READ_AGAIN) == {"ren": ["06-10"]}


async def test_the_same_entry_stays_the_same_absence(watched: Watched) -> None:
    watched.write("ren.ics", vacation())
    await watched.calendars.look(watched.notes, build.organisation())  # type: ignore[arg-type]
    watched.now += LOOK_EVERY
    watched.write("ren.ics", vacation("20260603"))
    await watched.calendars.look(watched.notes, build.organisation())  # type: ignore[arg-type]

    (_, (before,)), (_, (after,)) = watched.notes.noted

    assert before.absence_id == after.absence_id


async def test_whoever_has_no_calendar_any_more_is_away_only_as_they_say(
    watched: Watched,
) -> None:
    file = watched.write("ren.ics", vacation())
    await watched.look()
    file.unlink()

    assert await watched.look() == {"ren": []}
    assert await watched.look() == {}


async def test_what_a_calendar_said_before_a_restart_is_followed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path, monkeypatch, "sho")

    assert await watched.look() == {"sho": []}


async def test_a_calendar_of_nobody_here_is_ignored(watched: Watched) -> None:
    watched.write("stranger.ics", vacation())

    assert await watched.look() == {}


async def test_a_broken_calendar_keeps_what_it_said_last_and_is_told_of_once(
    watched: Watched, capfd: pytest.CaptureFixture[str]
) -> None:
    watched.write("ren.ics", vacation())
    await watched.look()
    watched.write("ren.ics", "<html>Sign in</html>")

    assert await watched.look() == {}
    watched.write("ren.ics", "<html>Sign in, please</html>")
    assert await watched.look() == {}

    assert (watched.count("good"), watched.count("broken")) == (0, 1)
    told = capfd.readouterr()
    assert (told.out + told.err).count("calendar.unusable") == 1
    watched.write("ren.ics", vacation("20260604"))
    assert await watched.look() == {"ren": ["06-04"]}


async def test_a_calendar_that_is_too_large_or_asks_too_much_stops_nobody_else(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write("aki.ics", b"x" * (calendars.LARGEST_BYTES + 1))
    (watched.directory / "emi.ics").mkdir()
    watched.write("ren.ics", vacation())
    monkeypatch.setattr(calendars, "READ_WITHIN_S", 0.0)
    assert await watched.look() == {}
    assert watched.count("broken") == 3

    monkeypatch.setattr(calendars, "READ_WITHIN_S", 60.0)
    watched.write("ren.ics", vacation("20260603"))

    assert await watched.look() == {"ren": ["06-03"]}
    assert watched.count("broken") == 2


async def test_shift_jis_is_read(watched: Watched) -> None:
    watched.write("ren.ics", vacation().encode("cp932"))
    watched.write("sho.ics", vacation().replace("休暇", "OOO").encode() + b"\x81\xff")

    found = await watched.look()

    assert found["ren"] == ["06-02"]


async def test_a_directory_that_is_gone_changes_nothing(watched: Watched) -> None:
    watched.write("ren.ics", vacation())
    await watched.look()
    moved = watched.directory.rename(watched.directory.with_name("moved"))

    assert await watched.look() == {}

    moved.rename(watched.directory)


async def test_a_feed_is_fetched_every_quarter_of_an_hour_and_only_if_it_has_changed(
    watched: Watched,
) -> None:
    with serving() as server:
        server.answer = (200, {"ETag": '"1"', "Last-Modified": "Mon"}, vacation().encode())
        watched.write("ren.url", server.address + "\n")
        assert await watched.look() == {"ren": ["06-02"]}
        assert await watched.look() == {}
        assert len(server.asked) == 1

        assert await watched.look(after=FETCH_EVERY) == {}
        assert server.asked[-1]["If-None-Match"] == '"1"'
        assert server.asked[-1]["If-Modified-Since"] == "Mon"

        server.answer = (200, {"ETag": '"2"'}, vacation("20260603").encode())
        assert await watched.look(after=FETCH_EVERY) == {"ren": ["06-03"]}


async def test_a_feed_that_fails_keeps_what_it_said_and_its_address_to_itself(
    watched: Watched, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving() as server:
        watched.write("ren.url", server.address)
        await watched.look()
        server.answer = (500, {}, b"")
        assert await watched.look(after=FETCH_EVERY) == {}
        server.answer = (200, {}, b"x" * (calendars.LARGEST_BYTES + 1))
        assert await watched.look(after=FETCH_EVERY) == {}
        assert watched.count("broken") == 1
    assert await watched.look(after=FETCH_EVERY) == {}

    told = capfd.readouterr()
    assert "the server answers 500" in told.out + told.err
    assert "private-token" not in told.out + told.err


@pytest.mark.parametrize("address", ["file:///etc/passwd", "", "http://[", "webcal://127.0.0.1:1"])
async def test_what_is_no_web_address_is_not_followed(watched: Watched, address: str) -> None:
    watched.write("ren.url", address)

    assert await watched.look() == {}
    assert watched.count("broken") == 1


async def test_a_file_counts_more_than_a_feed_of_the_same_person(watched: Watched) -> None:
    watched.write("ren.url", "https://calendar.example.com/ren")
    watched.write("ren.ics", vacation())

    assert await watched.look() == {"ren": ["06-02"]}
