"""A whole Banso, as its users start it: installed commands, real NATS, real SMTP both ways.

The clock can be moved, and stands at a Monday morning when a story begins.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import smtplib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx
import lxml.html
import nats
import psycopg
from nats.js import JetStreamContext
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from services.notifier.timing import GATHER
from shared import clock
from shared.clock import read_offset, write_offset
from shared.contracts.event import Speaker
from shared.contracts.traffic import heard, stream_of
from shared.provision import administrator
from shared.streams import NoServer
from tests.bench.processes import descendants
from tests.postbox import WITHIN_S, Letter, Postbox

BANSO = str(Path(sys.executable).with_name("banso"))
MONDAY = datetime(2031, 2, 3, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
"""When stories begin; everybody in the sample organisation works then."""
Found = TypeVar("Found")

LOOK_AGAIN_S = 0.03
LET_GO_AFTER_S = 0.5
"""How long a story waits for a mail before it lets go what waits for company."""
EVEN_SO = timedelta(seconds=1)
"""Clocks are read one after the other."""
START_WITHIN_S = 60.0

PATIENT = {
    "BANSO_LEAST_FORM_S": "0",
    "BANSO_MOST_FROM_A_CONNECTION": "10000 per minute",
    "BANSO_MOST_FOR_AN_ADDRESS": "10000 per minute",
    "BANSO_MOST_BY_FORM": "10000 per minute",
    "BANSO_MESSAGES_PER_HOUR": "0",
}
"""Stories fill in forms faster than people, one after the other from the same machine."""
STOP_WITHIN_S = 20.0


def until(holds: Callable[[], Any], what: str, within_s: float = WITHIN_S) -> Any:
    """Waits for a condition, and gives what made it true."""
    end = clock.elapsed_s() + within_s
    while True:
        found = holds()
        if found:
            return found
        if clock.elapsed_s() > end:
            raise AssertionError(f"{what}: not within {within_s:g} s")
        time.sleep(LOOK_AGAIN_S)


class Installation:
    """`banso up` in a directory of its own."""

    def __init__(
        self,
        directory: Path,
        postbox: Postbox,
        *,
        organisation: Path | None = None,
        environment: Mapping[str, str] | None = None,
        postgresql: Mapping[str, str] | None = None,
    ) -> None:
        """`postgresql`: how psycopg reaches a server that has a database for each service."""
        self.data = directory / "data"
        self.postbox = postbox
        self._output = directory / "up.out"
        self._command = [BANSO, "up", "--data", str(self.data)]
        if organisation is not None:
            self._command += ["--organisation", str(organisation)]
        self.environment = {
            **os.environ,
            **PATIENT,
            "BANSO_TEST_CLOCK": "1",
            "BANSO_SMTP_OUT_HOST": "127.0.0.1",
            "BANSO_SMTP_OUT_PORT": str(postbox.port),
            **(environment or {}),
        }
        self._postgresql = postgresql
        if postgresql is not None:
            self.environment["BANSO_DATABASE_URL"] = (
                "postgresql://{user}@/%s?host={host}".format(**postgresql) % "{service}"
            )
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoints: dict[str, Any] = {}
        self.browser = httpx.Client(
            follow_redirects=True, timeout=30, headers={"Accept-Language": "en"}
        )
        """Has no JavaScript, as a mail program's window may have none."""
        self.api = httpx.Client(timeout=30)

    # --- running

    def start(self) -> Installation:
        """Returns once everything is ready."""
        self.data.mkdir(parents=True, exist_ok=True)
        if not (self.data / "clock").exists():
            write_offset(self.data / "clock", MONDAY - clock.now())
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, env=self.environment, stdout=output, stderr=output
            )
        until(self._is_ready, f"banso up is ready; {self.output}", START_WITHIN_S)
        self.endpoints = json.loads((self.data / "endpoints.json").read_text())
        token = self.endpoints["api_token"]
        self.api.headers["Authorization"] = f"Bearer {token}"
        self.api.base_url = httpx.URL(self.endpoints["api"])
        self.browser.base_url = httpx.URL(self.endpoints["web"])
        return self

    def stop(self) -> None:
        """As Ctrl-C does; fails where it does not stop cleanly, or something stays behind."""
        if self._process is None:
            return
        there = descendants(self._process.pid)
        self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._process = None
        assert code == 0, self.output
        until(lambda: not any(is_alive(pid) for pid in there), "no process stays behind")

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self.browser.close()
            self.api.close()

    @property
    def output(self) -> str:
        return self._output.read_text() if self._output.exists() else ""

    def log(self, name: str) -> str:
        return (self.data / "logs" / f"{name}.log").read_text()

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """A command of `banso` on this installation; fails where it ends otherwise."""
        done = subprocess.run(
            [BANSO, *words],
            env={**self.environment, "BANSO_DATA": str(self.data)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done

    def pid(self, name: str) -> int | None:
        """The process of a service, or of `nats-server`."""
        assert self._process is not None
        found = [pid for pid, known in descendants(self._process.pid).items() if known == name]
        return found[0] if found else None

    def kill(self, name: str) -> None:
        """SIGKILL; Banso starts it again by itself."""
        pid = until(lambda: self.pid(name), f"{name} runs")
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_alive(pid), f"{name} is dead")

    def hold(self, name: str) -> None:
        """Freezes a process, as if it hung."""
        os.kill(until(lambda: self.pid(name), f"{name} runs"), signal.SIGSTOP)

    def release(self, name: str) -> None:
        os.kill(until(lambda: self.pid(name), f"{name} runs"), signal.SIGCONT)

    def take_down(self, name: str) -> None:
        """Kills a process and keeps Banso from starting it again, until `bring_back`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self.kill(name)

    def bring_back(self) -> None:
        """Lets Banso start again what was taken down, and waits until all is ready."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self.wait_until_ready()

    def is_ready(self, service: str) -> bool:
        url = self.endpoints["metrics"][service].replace("/metrics", "/readyz")
        try:
            return httpx.get(url, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def wait_until_ready(self) -> None:
        for service in Speaker:
            until(lambda service=service: self.is_ready(service), f"{service} is ready")

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"banso up ended: {self.output}")
        return (self.data / "endpoints.json").exists()

    # --- time

    @property
    def now(self) -> datetime:
        return clock.now() + read_offset(self.data / "clock")

    def advance(self, span: str) -> None:
        """Moves the clock, and waits until Banso has done what was due by then, and its mails,
        which may wait for company, have gone. What waits already goes before."""
        self.settle()
        self.advance_only(span)
        self.settle()

    def advance_only(self, span: str) -> None:
        """Moves the clock while something hangs or is down."""
        self.run("clock", "--data", str(self.data), "advance", span)

    def settle(self, within_s: float = WITHIN_S) -> None:
        """Waits until nothing is on its way and nothing is due; what waits for company goes."""
        until(self._is_settled, "everything said is heard and done", within_s)
        while self.let_go():
            until(self._is_settled, "everything said is heard and done", within_s)

    def let_go(self) -> bool:
        """Moves the clock on to where the mails go that wait for company, if any do; what waits for
        the morning waits."""
        query = (
            "select due_at from bundle where bundle_id is not null and due_at between ? and ?"
            " union select held_until from bundle where held_until between ? and ?"
        )
        now = self.now
        instants = self._kept(now), self._kept(now + GATHER + EVEN_SO)
        rows = self.ask("notifier", query, *instants, *instants)
        if rows:
            left = max(row[0] for row in rows) - instants[0]
            left = left if self._postgresql else timedelta(microseconds=left)
            write_offset(self.data / "clock", read_offset(self.data / "clock") + left)
        return bool(rows)

    def quieten(self, within_s: float = WITHIN_S) -> None:
        """Waits until every message is heard, whatever else may be due."""
        until(lambda: not self._administer(_in_work, True), "everything said is heard", within_s)

    def _is_settled(self) -> bool:
        return not self._due() and not self._administer(_in_work, True) and not self._due()

    def stored(self, subject: str) -> int:
        """How many messages of a subject its stream holds."""

        async def count(admin: JetStreamContext) -> int:
            info = await admin.stream_info(stream_of(subject), subjects_filter=subject)
            return (info.state.subjects or {}).get(subject, 0)

        return self._administer(count, -1)

    def _kept(self, at: datetime) -> Any:
        """An instant as the databases keep it."""
        return at if self._postgresql else int(at.timestamp() * 1e6)

    def _due(self) -> int:
        now = self._kept(self.now)
        count = 0
        for table in ("issue", "absence"):
            query = f"select count(*) from {table} where wake_at <= ?"
            count += int(self.ask("router", query, now)[0][0])
        query = "select count(*) from companionship where due_at <= ?"
        count += int(self.ask("router", query, now)[0][0])
        for table in ("delivery", "arrival", "digest"):
            query = f"select count(*) from {table} where due_at <= ?"
            count += int(self.ask("notifier", query, now)[0][0])
        return count

    def say(self, subject: str, body: bytes) -> None:
        """Puts anything on a stream, as only an administrator can."""

        async def publish(admin: JetStreamContext) -> bool:
            await admin.publish(subject, body)
            return True

        assert self._administer(publish, False)

    def _administer(
        self, work: Callable[[JetStreamContext], Awaitable[Found]], unreachable: Found
    ) -> Found:
        """Asks NATS as its administrator."""
        seed = json.loads((self.data / "secrets.json").read_text())["nats_seeds"]["admin"]

        async def run() -> Found:
            try:
                async with administrator(self.endpoints["nats"], SecretStr(seed)) as admin:
                    return await work(admin)
            except (NoServer, nats.errors.Error, TimeoutError):
                return unreachable

        return asyncio.run(run())

    # --- looking

    def ask(self, service: str, query: str, *values: Any) -> list[Any]:
        """Reads a service's database, as an auditor would."""
        if self._postgresql is not None:
            with psycopg.connect(dbname=service, **self._postgresql) as connection:
                return connection.execute(query.replace("?", "%s"), values).fetchall()
        with closing(sqlite3.connect(f"file:{self.data}/{service}.db?mode=ro", uri=True)) as found:
            return found.execute(query, values).fetchall()

    def metric(self, service: str, name: str, /, **labels: str) -> float:
        """The value of a series; several that fit are added, none is zero."""
        text = httpx.get(self.endpoints["metrics"][service], timeout=10).text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def expect_metric(self, service: str, name: str, /, *, at_least: float, **labels: str) -> None:
        until(lambda: self.metric(service, name, **labels) >= at_least, f"{name} >= {at_least:g}")

    def issue(self, reference: str) -> dict[str, Any]:
        """As the API tells it, once intake has heard what the router had decided by now."""
        decided = self.ask("router", "select version from issue where reference = ?", reference)
        if decided:
            shown = "select version from view where reference = ? and version >= ?"
            version = decided[0][0]
            until(lambda: self.ask("intake", shown, reference, version), f"{reference} is shown")
        answer = self.api.get(f"/issues/{reference}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def inbox(self) -> list[dict[str, Any]]:
        """What everybody was told, the newest first."""
        answer = self.browser.get(self.endpoints["inbox"], headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    # --- acting

    def raise_issue(self, key: str | None = None, **said: Any) -> str:
        """By API; the reference."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.api.post("/issues", json=a_problem(**said), headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["reference"])

    def write_mail(self, sender: str, subject: str, text: str, **headers: str) -> str:
        """By SMTP, as a person does; what the server answered."""
        message = EmailMessage()
        message["From"], message["To"] = sender, "issues@example.com"
        message["Subject"], message["Message-ID"] = subject, f"<{time.time_ns()}@example.com>"
        for name, value in headers.items():
            message[name] = value
        message.set_content(text)
        return self.send(sender, message.as_bytes())

    def send(self, sender: str, raw: bytes, to: str = "issues@example.com") -> str:
        host, port = self.endpoints["smtp"].split(":")
        with smtplib.SMTP(host, int(port), timeout=30) as server:
            server.ehlo()
            server.mail(sender)
            server.rcpt(to)
            code, answer = server.data(raw)
        return f"{code} {answer.decode()}"

    def expect(self, who: str, heading: str) -> Letter:
        """The next mail to somebody at example.com; one that waits for company is let go."""
        address = f"{who}@example.com"
        end = clock.elapsed_s() + WITHIN_S
        while clock.elapsed_s() < end:
            found = self.postbox.find(address, heading, within_s=LET_GO_AFTER_S)
            if found is not None:
                return found
            self.let_go()
        return self.postbox.expect(address, heading, within_s=0)

    def press(self, letter: Letter, button: str, **fields: str) -> str:
        """Opens a link of a mail, fills in the page and sends it; what the answer says."""
        return self.follow(letter.link(button), **fields)

    def follow(self, url: str, **fields: str) -> str:
        page = self.browser.get(url)
        assert page.status_code == 200, page_text(page.text)
        return page_text(self.submit(page, **fields).text)

    def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Sends the form of a page as a browser does, with these fields filled in."""
        form = shown_form(page)
        filled = {name: value for name, value in form.fields.items() if value is not None}
        unknown = fields.keys() - form.fields.keys()
        assert not unknown, f"no field {unknown} on this page"
        for name, value in fields.items():
            options = getattr(form.inputs[name], "value_options", [value])
            assert value in options, f"{name} can't be {value!r} on this page"
        return self.browser.post(form.action or str(page.url), data={**filled, **fields})

    def submit_raw(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Sends what no browser would send from this page."""
        form = shown_form(page)
        filled = {name: value for name, value in form.fields.items() if value is not None}
        return self.browser.post(form.action or str(page.url), data={**filled, **fields})


async def _in_work(admin: JetStreamContext) -> bool:
    """Whether a message waits for somebody, or is with them."""
    for service in Speaker:
        for stream in heard(service):
            info = await admin.consumer_info(stream, str(service))
            if info.num_pending or info.num_ack_pending:
                return True
    return False


def a_problem(**said: Any) -> dict[str, Any]:
    """A body for the API; whatever is not said is ordinary."""
    return {
        "summary": "The meter does not start",
        "description": "It worked yesterday. Now the lamp stays red.",
        "reporter": {"name": "Emily Brown", "email": "brown@example.com"},
        "category": "not-working",
        **said,
    }


def shown_form(page: httpx.Response) -> lxml.html.FormElement:
    """The one that a person fills in: neither what only machines see, nor what takes something
    back."""
    forms = lxml.html.fromstring(page.text, base_url=str(page.url)).forms
    (form,) = (one for one in forms if one.get("class") not in ("decoy", "undo"))
    return form


def page_text(html: str) -> str:
    """The words of a page."""
    return " ".join(lxml.html.fromstring(html).get_element_by_id("main").text_content().split())


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def running(directory: Path, *, expecting: bool = True, **options: Any) -> Iterator[Installation]:
    """A Banso whose mails are all expected: one that nobody expects fails the story."""
    with Postbox() as postbox:
        installation = Installation(directory, postbox, **options)
        try:
            yield installation.start()
            installation.settle()
            assert not (expecting and postbox.unexpected), "\n".join(map(str, postbox.unexpected))
        finally:
            installation.close()
