"""SMTP and LMTP as mail servers speak them, on the event loop that the services run on."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from prometheus_client import CollectorRegistry

from services.intake.door import Closed
from services.intake.mail import smtp
from services.intake.mail.smtp import LONGEST_LINE, Doorway, listen, tls_of
from services.intake.mail.ways import Entrance, MailsTaken, Way
from services.intake.submission import NotStored
from tests.installation import until
from tests.mailserver import certify
from tests.needs import program

LARGEST = 3 * 1024 * 1024
MANY_LINES = (b"x" * 998 + b"\r\n") * (LARGEST // 1000 + 1)


class Postroom:
    """Keeps mails in memory, or fails."""

    def __init__(self) -> None:
        self.mails: list[tuple[bytes, str | None, list[str]]] = []
        self.failure: Exception | None = None
        self.is_closed = False

    async def accepts(self, address: str) -> str | None:
        if self.is_closed:
            raise Closed
        return None if address.startswith("issues") else "550 5.1.1 No such address here"

    async def receive(
        self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]
    ) -> str:
        if self.failure is not None:
            raise self.failure
        self.mails.append((raw, envelope_from, list(recipients)))
        return "250 2.0.0 Received"


class Listening:
    def __init__(self, postroom: Postroom, registry: CollectorRegistry) -> None:
        self.postroom = postroom
        self.port = 0
        self._registry = registry

    def count(self, result: str, way: str = "smtp") -> float:
        labels = {"way": way, "result": result}
        return self._registry.get_sample_value("banso_mails_taken_total", labels) or 0

    def talk(self, *sent: bytes) -> list[bytes]:
        """Says all this at once, and gives what is answered until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            for piece in sent:
                line.sendall(piece)
            return line.makefile("rb").read().splitlines()


@contextmanager
def listening(way: Way = Way.SMTP, **options: Any) -> Iterator[Listening]:
    postroom, registry = Postroom(), CollectorRegistry()
    entrance = Entrance(way, postroom, MailsTaken(registry))
    doorway = Doorway(entrance, **{"largest": LARGEST, "most_connections": 3, **options})
    found = Listening(postroom, registry)
    is_ready = threading.Event()
    loop = uvloop.new_event_loop()

    async def serve() -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            found.port = probe.getsockname()[1]
        await listen(doorway, "127.0.0.1", found.port, is_ready.set)

    def run() -> None:
        asyncio.set_event_loop(loop)
        task = loop.create_task(serve())
        stop.append(lambda: loop.call_soon_threadsafe(task.cancel))
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.run_until_complete(end())
        loop.close()

    async def end() -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    stop: list[Any] = []
    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert is_ready.wait(10)
        yield found
    finally:
        stop[0]()
        thread.join()


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n...\r\n.b\r\n.\r\n", b".\r\n..\r\nb\r\n"),
        (b"lone\n.\nfeeds\r\n.\r\n", b"lone\n.\nfeeds\r\n"),
        (b"\xff\x00\r\r\n.\r\n", b"\xff\x00\r\r\n"),
        (b"x" * 500_000 + b"\r\n.\r\n", b"x" * 500_000 + b"\r\n"),
    ],
)
def test_the_mail_is_stored_byte_for_byte_though_everything_is_said_at_once(
    sent: bytes, stored: bytes
) -> None:
    with listening() as found:
        answers = found.talk(
            b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<issues+r@example.com>\r\nDATA\r\n",
            sent,
            b"QUIT\r\n",
        )

    assert answers[-2:] == [b"250 2.0.0 Received", b"221 Bye"]
    assert found.postroom.mails == [(stored, "", ["issues+r@example.com"])]


def test_lmtp_answers_for_each_recipient() -> None:
    with listening(Way.LMTP) as found, smtplib.LMTP("127.0.0.1", found.port) as client:
        client.ehlo()
        client.mail("sato@example.com")
        client.rcpt("issues@example.com")
        assert client.rcpt("nobody@example.com")[0] == 550
        client.rcpt("issues+2@example.com")
        assert client.data(b"Subject: x\r\n\r\nx\r\n")[0] == 250
        assert client.getreply()[0] == 250

        client.mail("sato@example.com")
        client.rcpt("issues@example.com")
        client.rcpt("issues+2@example.com")
        assert client.data(MANY_LINES)[0] == 552
        assert client.getreply()[0] == 552

    ((_, sender, recipients),) = found.postroom.mails
    assert (sender, recipients) == (
        "sato@example.com",
        ["issues+2@example.com", "issues@example.com"],
    )
    assert (found.count("stored", "lmtp"), found.count("too_large", "lmtp")) == (1, 1)


def test_what_is_too_long_is_refused_in_plain_words_and_the_next_mail_is_taken() -> None:
    with listening() as found, smtplib.SMTP("127.0.0.1", found.port) as client:
        for content, code, words in (
            (b"x" * (LONGEST_LINE + 1), 554, b"line too long: at most 1048576 bytes"),
            (b"x" * (5 * LONGEST_LINE), 554, b"line too long"),
            (MANY_LINES, 552, b"too large: at most 3145728 bytes"),
        ):
            client.ehlo()
            client.mail("sato@example.com")
            client.rcpt("issues@example.com")
            answer = client.data(content)
            assert answer[0] == code
            assert words in answer[1]
        assert client.docmd(f"MAIL FROM:<a@b> SIZE={LARGEST + 1}")[0] == 552
        client.sendmail("sato@example.com", ["issues@example.com"], b"good\r\n")

    assert [raw for raw, *_ in found.postroom.mails] == [b"good\r\n"]
    assert (found.count("refused"), found.count("too_large")) == (2, 1)


def test_what_can_not_be_stored_is_left_to_the_other_server_and_taken_later() -> None:
    with listening() as found, smtplib.SMTP("127.0.0.1", found.port) as client:
        for failure, words in (
            (NotStored(), b"4.3.0 It can't be stored just now"),
            (OSError(28, "No space left on device"), b"4.3.0 It can't be stored just now"),
            (RuntimeError("a mistake of ours"), b"4.3.0 Something went wrong here"),
        ):
            found.postroom.failure = failure
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("sato@example.com", ["issues@example.com"], b"x\r\n")
            assert refused.value.smtp_code == 451
            assert words in refused.value.smtp_error
        found.postroom.failure = None
        client.sendmail("sato@example.com", ["issues@example.com"], b"x\r\n")

    assert len(found.postroom.mails) == 1
    assert (found.count("later"), found.count("failed"), found.count("stored")) == (2, 1, 1)


def test_before_an_organisation_is_known_everybody_is_asked_to_come_again() -> None:
    with listening() as found, smtplib.SMTP("127.0.0.1", found.port) as client:
        found.postroom.is_closed = True
        client.ehlo()
        client.mail("sato@example.com")

        assert client.rcpt("issues@example.com")[0] == 451


def test_starttls_is_offered_with_a_certificate_and_no_login_is(tmp_path: Path) -> None:
    program("openssl", "openssl")
    certify(tmp_path)
    tls = tls_of(tmp_path / "server.pem", tmp_path / "server.key")
    trust = ssl.create_default_context(cafile=tmp_path / "ca.pem")

    with listening(tls=tls) as found, smtplib.SMTP("localhost", found.port) as client:
        client.ehlo()
        assert {
            "starttls",
            "size",
            "pipelining",
            "8bitmime",
            "smtputf8",
        } <= client.esmtp_features.keys()
        assert client.esmtp_features["size"] == str(LARGEST)
        assert client.starttls(context=trust)[0] == 220
        client.ehlo()
        assert not {"starttls", "auth"} & client.esmtp_features.keys()
        client.sendmail("sato@example.com", ["issues@example.com"], b"x" * 200_000 + b"\r\n")

    assert len(found.postroom.mails[0][0]) == 200_002


def test_without_a_certificate_no_tls_is_offered() -> None:
    assert tls_of(None, None) is None
    with listening() as found, smtplib.SMTP("127.0.0.1", found.port) as client:
        client.ehlo()
        assert "starttls" not in client.esmtp_features


def test_one_connection_too_many_is_asked_to_come_again() -> None:
    with listening() as found, ExitStack() as open_ones:

        def come_in() -> int:
            try:
                client = smtplib.SMTP("127.0.0.1", found.port)
            except smtplib.SMTPConnectError as refused:
                return refused.smtp_code
            open_ones.enter_context(client)
            return 220

        assert [come_in() for _ in range(4)] == [220, 220, 220, 421]
        open_ones.pop_all().close()
        until(lambda: come_in() == 220, "there is room again")


def test_one_recipient_too_many_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "MOST_RECIPIENTS", 2)
    with listening() as found, smtplib.SMTP("127.0.0.1", found.port) as client:
        client.ehlo()
        client.mail("sato@example.com")

        codes = [client.rcpt(f"issues+{n}@example.com")[0] for n in range(3)]

        assert codes == [250, 250, 452]


def test_commands_that_say_who_is_here_say_no_more_than_a_mail_would() -> None:
    with listening() as found, smtplib.SMTP("127.0.0.1", found.port) as client:
        client.ehlo()

        assert client.docmd("VRFY", "issues@example.com")[0] == 252
        assert client.docmd("VRFY", "nobody@example.com")[0] == 550
        assert client.docmd("EXPN", "everybody")[0] == 502
        assert b"DATA" in client.docmd("HELP")[1]
        assert client.docmd("HELP", "DATA") == (250, b"Syntax: DATA")
        assert client.docmd("AUTH", "PLAIN AGFiYwBk")[0] in range(500, 600)


def test_a_line_cut_in_the_middle_of_a_mail_stores_nothing() -> None:
    with listening() as found:
        with socket.create_connection(("127.0.0.1", found.port), timeout=10) as line:
            line.sendall(b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<issues@x>\r\nDATA\r\nhalf a ma")
            line.recv(10_000)
        with smtplib.SMTP("127.0.0.1", found.port) as client:
            client.sendmail("sato@example.com", ["issues@example.com"], b"whole\r\n")

    assert [raw for raw, *_ in found.postroom.mails] == [b"whole\r\n"]
