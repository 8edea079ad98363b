"""Mailboxes on a real Dovecot: everything is taken once, and nothing of others is touched."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from prometheus_client import CollectorRegistry

from services.intake.mail import imap, mailbox
from services.intake.mail.imap import Figures, Watcher
from services.intake.mail.ways import Entrance, MailsTaken, Way
from services.intake.settings import MailboxSettings
from services.intake.submission import NotStored
from shared import clock
from tests.mailserver import DOMAIN, PASSWORD, MailServer, mail_server
from tests.proxy import Proxy

WITHIN_S = 20.0
USERS = ("issues", "faults", "readonly", "stuck")
RIGHTS = f"""INBOX user=readonly@{DOMAIN} lr
INBOX user=stuck@{DOMAIN} lrs
"""


class Postroom:
    """Keeps mails in memory."""

    def __init__(self) -> None:
        self.mails: list[tuple[bytes, str | None, list[str]]] = []
        self.attempts = 0
        self.answer: Callable[[bytes], str] = lambda _: "250 2.0.0 OK"

    @property
    def subjects(self) -> list[str]:
        return [subject_of(raw) for raw, _, _ in self.mails]

    async def accepts(self, address: str) -> str | None:
        return None if address.endswith(f"s@{DOMAIN}") else "550 5.1.1 No such address here"

    async def receive(
        self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]
    ) -> str:
        self.attempts += 1
        said = self.answer(raw)
        if said.startswith("2"):
            self.mails.append((raw, envelope_from, list(recipients)))
        return said


class Watched:
    """A mailbox that is being watched."""

    def __init__(self, postroom: Postroom, registry: CollectorRegistry, name: str) -> None:
        self.postroom = postroom
        self._registry = registry
        self._name = name

    @property
    def is_up(self) -> bool:
        return self._registry.get_sample_value("banso_mailbox_up", {"mailbox": self._name}) == 1

    @property
    def waiting(self) -> float | None:
        return self._registry.get_sample_value("banso_mailbox_waiting", {"mailbox": self._name})

    def count(self, result: str) -> float:
        labels = {"way": "imap", "result": result}
        return self._registry.get_sample_value("banso_mails_taken_total", labels) or 0


@asynccontextmanager
async def watching(
    server: MailServer,
    user: str = "issues",
    *,
    largest: int = 100_000,
    idle_s: float = 60.0,
    timeout_s: float = 5.0,
    again_after_s: float = 0.05,
    postroom: Postroom | None = None,
    **settings: Any,
) -> AsyncIterator[Watched]:
    """Stops within a second, whatever happens."""
    given = {
        "name": user,
        "address": f"{user}@{DOMAIN}",
        "host": "localhost",
        "port": server.imap,
        "tls": "none",
        "user": f"{user}@{DOMAIN}",
        **settings,
    }
    if not {"password", "password_file", "token_command"} & given.keys():
        given["password"] = PASSWORD
    postroom = postroom or Postroom()
    registry = CollectorRegistry()
    watcher = Watcher(
        MailboxSettings.model_validate(given),
        Entrance(Way.IMAP, postroom, MailsTaken(registry)),
        Figures(registry),
        largest=largest,
        idle_s=idle_s,
        timeout_s=timeout_s,
        again_after_s=again_after_s,
    )
    task = asyncio.create_task(watcher.run())
    try:
        yield Watched(postroom, registry, user)
    finally:
        task.cancel()
        async with asyncio.timeout(1):
            await asyncio.gather(task, return_exceptions=True)


async def eventually(holds: Callable[[], Any], what: str) -> None:
    """Waits for a condition while others work."""
    end = clock.elapsed_s() + WITHIN_S
    while not await asyncio.to_thread(holds):
        assert clock.elapsed_s() < end, f"{what}: not within {WITHIN_S:g} s"
        await asyncio.sleep(0.02)


def a_mail(subject: str, size: int = 0) -> bytes:
    head = f"From: sato@example.com\r\nSubject: {subject}\r\n\r\n".encode()
    return head + b"x" * 70 + b"\r\n" + (b"y" * 78 + b"\r\n") * (size // 80)


def subject_of(raw: bytes) -> str:
    return raw.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with (
        introspection() as url,
        mail_server(*USERS, with_postfix=False, introspection=url, rights=RIGHTS) as running,
    ):
        yield running


@pytest.fixture(autouse=True)
def empty(request: pytest.FixtureRequest) -> None:
    """Every test begins with empty mailboxes."""
    if "server" in request.fixturenames:
        request.getfixturevalue("server").empty()


async def test_mail_is_taken_as_it_is_and_moved_unread(server: MailServer) -> None:
    server.deliver("issues", a_mail("before"))

    async with watching(server) as watched:
        await eventually(lambda: len(watched.postroom.mails) == 1, "the one from before")
        await eventually(lambda: watched.is_up, "up")
        server.deliver("issues", a_mail("while idle"))
        await eventually(lambda: len(watched.postroom.mails) == 2, "the one that wakes us")
        await eventually(lambda: not server.subjects("issues"), "moved")

    raw, sender, recipients = watched.postroom.mails[0]
    assert raw.endswith(a_mail("before"))
    assert sender == f"someone@{DOMAIN}"
    assert recipients == [f"issues@{DOMAIN}", f"issues@{DOMAIN}"]
    assert server.subjects("issues", "Processed") == ["before", "while idle"]
    assert (watched.waiting, watched.count("stored")) == (0, 2)


async def test_a_mail_that_comes_while_others_are_taken_is_not_waited_for(
    server: MailServer,
) -> None:
    for n in range(5):
        server.deliver("issues", a_mail(f"old {n}"))
    postroom = Postroom()

    def answer(raw: bytes) -> str:
        if subject_of(raw) == "old 4":
            server.deliver("issues", a_mail("new"))
        return "250 2.0.0 OK"

    postroom.answer = answer
    async with watching(server, postroom=postroom, idle_s=600):
        await eventually(lambda: "new" in postroom.subjects, "the new one")

    assert postroom.subjects == [*(f"old {n}" for n in range(5)), "new"]


async def test_what_is_too_large_goes_to_the_refused_ones(
    server: MailServer,
) -> None:
    server.deliver("issues", a_mail("huge", size=200_000))
    server.deliver("issues", a_mail("small"))

    async with watching(server) as watched:
        await eventually(lambda: not server.subjects("issues"), "moved")

    assert watched.postroom.subjects == ["small"]
    assert server.subjects("issues", "Quarantine") == ["huge"]
    assert watched.count("too_large") == 1


async def test_what_can_not_be_stored_now_stays_unread_and_is_taken_later(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "STORE_AGAIN_S", (0.05, 0.1))
    postroom = Postroom()

    def not_now(_: bytes) -> str:
        raise NotStored

    postroom.answer = not_now
    for n in range(3):
        server.deliver("issues", a_mail(str(n)))

    async with watching(server, postroom=postroom) as watched:
        await eventually(lambda: postroom.attempts >= 3, "tried several times")
        assert server.subjects("issues") == ["0", "1", "2"]
        assert watched.waiting == 3
        postroom.answer = lambda _: "250 2.0.0 OK"
        await eventually(lambda: not server.subjects("issues"), "moved")

    assert postroom.subjects == ["0", "1", "2"]
    assert server.subjects("issues", "Quarantine") == []


async def test_a_mail_that_always_fails_is_set_aside_and_lets_others_through(
    server: MailServer,
) -> None:
    postroom = Postroom()

    def answer(raw: bytes) -> str:
        if subject_of(raw) == "poison":
            raise RuntimeError("a mistake of ours")
        return "250 2.0.0 OK"

    postroom.answer = answer
    server.deliver("issues", a_mail("poison"))
    server.deliver("issues", a_mail("good"))

    async with watching(server, postroom=postroom) as watched:
        await eventually(lambda: not server.subjects("issues"), "moved")

    assert postroom.subjects == ["good"]
    assert server.subjects("issues", "Quarantine") == ["poison"]
    assert (watched.count("failed"), watched.count("set_aside")) == (3, 1)


async def test_a_mail_that_is_refused_is_kept_for_somebody_to_look_at(server: MailServer) -> None:
    postroom = Postroom()
    postroom.answer = lambda _: "554 5.6.0 No"
    server.deliver("issues", a_mail("strange"))

    async with watching(server, postroom=postroom) as watched:
        await eventually(lambda: not server.subjects("issues"), "moved")

    assert server.subjects("issues", "Quarantine") == ["strange"]
    assert watched.count("refused") == 1


async def test_mails_that_others_have_deleted_are_left_to_them(server: MailServer) -> None:
    server.deliver("issues", a_mail("theirs"))
    server.mark_deleted("issues")
    server.deliver("issues", a_mail("ours"))

    async with watching(server) as watched:
        await eventually(lambda: watched.postroom.mails, "ours is taken")
        await eventually(lambda: server.subjects("issues") == ["theirs"], "ours is moved")

    assert watched.postroom.subjects == ["ours"]


@pytest.mark.parametrize("abilities", ["IMAP4rev1 NAMESPACE UIDPLUS", "IMAP4rev1 NAMESPACE"])
async def test_an_old_server_without_move_and_idle_and_with_a_prefix_will_do(
    abilities: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "LOOK_AGAIN_S", 0.05)
    options = {"imap": {"imap_capability": abilities}, "prefix": "INBOX.", "with_postfix": False}
    with mail_server("issues", **options) as server:
        server.deliver("issues", a_mail("theirs"))
        server.mark_deleted("issues")
        async with watching(server, processed="Banso/Done") as watched:
            server.deliver("issues", a_mail("ours"))
            await eventually(lambda: watched.postroom.mails, "taken")
            server.deliver("issues", a_mail("another"))
            done = "INBOX.Banso.Done"
            await eventually(lambda: len(server.subjects("issues", done)) == 2, "moved")

        left = ["theirs"] if "UIDPLUS" in abilities else ["theirs", "ours", "another"]
        assert server.subjects("issues") == left
        assert watched.postroom.subjects == ["ours", "another"]
        assert server.subjects("issues", "INBOX.Quarantine") == []


async def test_a_folder_that_can_only_be_read_is_complained_about_and_left_alone(
    server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.deliver("readonly", a_mail("look"))

    async with watching(server, "readonly") as watched:
        await eventually(lambda: "INBOX is read-only" in capsys.readouterr().out, "complaint")
        assert not watched.is_up

    assert watched.postroom.mails == []


async def test_a_mail_that_can_not_be_moved_is_taken_only_once(
    server: MailServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "LOG_IN_AGAIN_S", (0.05, 0.05))
    server.deliver("stuck", a_mail("look"))
    complaints: list[str] = []

    def complained() -> int:
        complaints.append(capsys.readouterr().out)
        return "".join(complaints).count("mail can't be moved to Processed")

    async with watching(server, "stuck") as watched:
        await eventually(lambda: complained() >= 3, "complaints")
        assert not watched.is_up

    assert watched.postroom.subjects == ["look"]


async def test_a_wrong_password_is_named_without_being_told_and_may_be_corrected(
    server: MailServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imap, "LOG_IN_AGAIN_S", (0.05, 0.05))
    file = tmp_path / "password"
    file.write_text("not-the-password\n")
    said: list[str] = []

    def complained() -> bool:
        said.append(capsys.readouterr().out)
        return "the login was refused" in "".join(said)

    async with watching(server, password_file=file) as watched:
        await eventually(complained, "complaint")
        assert not watched.is_up
        file.write_text(f"{PASSWORD}\n")
        await eventually(lambda: watched.is_up, "up")

    said.append(capsys.readouterr().out)
    assert "not-the-password" not in "".join(said)
    assert PASSWORD not in "".join(said)


async def test_a_token_command_is_run_for_each_login(
    server: MailServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = tmp_path / "token.py"
    command.write_text(
        "from pathlib import Path\n"
        f"runs = Path({str(tmp_path / 'runs')!r})\n"
        "runs.write_text(runs.read_text() + '.' if runs.exists() else '.')\n"
        "print('good-token')\n"
    )
    with Proxy(server.imap) as proxy:
        token_command = [sys.executable, str(command)]
        async with watching(server, port=proxy.port, token_command=token_command) as watched:
            await eventually(lambda: watched.is_up, "up")
            proxy.cut()
            server.deliver("issues", a_mail("after the cut"))
            await eventually(lambda: watched.postroom.mails, "taken")

    assert len((tmp_path / "runs").read_text()) == 2
    assert "good-token" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("print('bad-token')", "the login was refused"),
        ("raise SystemExit(3)", "its exit code is 3"),
        ("import signal; signal.pause()", "took more than 0.3 s"),
    ],
)
async def test_a_token_that_is_no_good_is_complained_about(
    server: MailServer, code: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    def complained() -> bool:
        said.append(capsys.readouterr().out)
        return complaint in "".join(said)

    command = [sys.executable, "-c", code]
    timeout_s = 0.3 if "pause" in code else 5.0
    async with watching(server, token_command=command, timeout_s=timeout_s) as watched:
        await eventually(complained, complaint)
        assert not watched.is_up

    assert "bad-token" not in "".join(said)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_tls_is_used_and_the_server_has_to_prove_who_it_is(
    server: MailServer, tls: str, capsys: pytest.CaptureFixture[str]
) -> None:
    port = server.imaps if tls == "implicit" else server.imap
    server.deliver("issues", a_mail("secret"))

    async with watching(server, tls=tls, port=port) as stranger:
        await eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().out, "no")
        assert not stranger.is_up
    async with watching(server, tls=tls, port=port, ca_file=server.ca_file) as watched:
        await eventually(lambda: watched.postroom.subjects == ["secret"], "taken")
        await eventually(lambda: watched.is_up, "up")
        server.deliver("issues", a_mail("while idle"))
        await eventually(lambda: len(watched.postroom.mails) == 2, "woken")


async def test_a_line_gone_dead_is_noticed_by_asking(server: MailServer) -> None:
    with Proxy(server.imap) as proxy:
        async with watching(server, port=proxy.port, idle_s=0.2, timeout_s=0.5) as watched:
            await eventually(lambda: watched.is_up, "up")
            proxy.go_black()
            server.deliver("issues", a_mail("while black"))
            await eventually(lambda: not watched.is_up, "noticed")
            proxy.heal()
            await eventually(lambda: watched.postroom.mails, "taken")

    assert watched.postroom.subjects == ["while black"]


async def test_a_silent_server_does_not_keep_us_from_stopping(server: MailServer) -> None:
    with Proxy(server.imap) as proxy:
        proxy.go_black()
        async with watching(server, port=proxy.port, timeout_s=60):
            await eventually(lambda: proxy.connections, "connected, and waiting for a word")


async def test_a_mail_that_cuts_every_line_lets_others_go_first(server: MailServer) -> None:
    server.deliver("issues", a_mail("cutting", size=90_000))
    server.deliver("issues", a_mail("good"))
    with Proxy(server.imap) as proxy:
        async with watching(server, port=proxy.port, again_after_s=60) as watched:
            for _ in range(imap.CUTS):
                proxy.cut_at(b"y" * 78)
                await eventually(lambda: proxy.is_cut, "cut")
            await eventually(lambda: watched.postroom.mails, "the other one")

    assert watched.postroom.subjects == ["good"]
    assert server.subjects("issues") == ["cutting"]


async def test_when_uids_are_given_anew_everything_there_is_taken(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(server.imap) as proxy:
        async with watching(server, port=proxy.port) as watched:
            server.deliver("issues", a_mail("before"))
            await eventually(lambda: not server.subjects("issues"), "moved")
            proxy.refuse()
            server.forget_uids("issues")
            server.deliver("issues", a_mail("after"))
            proxy.heal()
            await eventually(lambda: not server.subjects("issues"), "moved")

    assert watched.postroom.subjects == ["before", "after"]


@contextmanager
def introspection() -> Iterator[str]:
    """Knows one good token, whosoever it is (RFC 7662)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_good = parse_qs(body).get("token") == ["good-token"]
            said = {"active": is_good, "username": f"issues@{DOMAIN}"}
            answer = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{served.server_port}/introspect"
        finally:
            served.shutdown()
            thread.join()
