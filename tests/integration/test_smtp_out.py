"""Our mails at real SMTP servers: kept connections, TLS, reports, and servers that misbehave."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import dkim
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifier.channels.base import ComesLater, PermanentFailure, TemporaryFailure
from services.notifier.channels.dkim import Signer
from services.notifier.channels.pace import Pace, read_limits
from services.notifier.channels.smtp import Mail, Server, SmtpServer, Tls
from tests.certificates import Authority
from tests.unit.build import MONDAY

CONTENT = b"Subject: 1\r\n\r\n.\r\n1\r\n"
MAIL = Mail(
    "1.eml", "banso+1@example.com", "ren@example.com", b"Subject: 1\r\n\r\n.\r\n1\r\n", "d-1"
)


@dataclass
class Office:
    """A mail server at the other end, and what it has seen."""

    says: Callable[[bytes], str] = lambda _: "250 2.0.0 OK"
    refuses: frozenset[str] = frozenset()
    dsn: bool = False
    mails: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    connections: int = 0
    encrypted: list[bool] = field(default_factory=list)
    open: list[SMTP] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802
        self, _smtp: SMTP, session: Session, _envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        session.host_name = name
        self.connections += session.ssl is None
        return [*said[:-1], "250-DSN", said[-1]] if self.dsn else said

    async def handle_MAIL(  # noqa: N802
        self, _smtp: SMTP, _session: Session, envelope: Envelope, sender: str, _options: list[str]
    ) -> str:
        envelope.mail_from = sender
        self.senders.append(sender)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _smtp: SMTP, _session: Session, envelope: Envelope, to: str, _options: list[str]
    ) -> str:
        if to in self.refuses:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, smtp: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        said = self.says(envelope.content)
        if said.startswith("2"):
            self.mails.append(envelope.content)
            assert smtp.transport is not None
            self.encrypted.append(smtp.transport.get_extra_info("ssl_object") is not None)
        return said


class _Asked(SMTP):
    """Notes what it is asked for beside the addresses, of which aiosmtpd takes nothing."""

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        await super().smtp_MAIL(self._noted(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        await super().smtp_RCPT(self._noted(arg))

    def _noted(self, arg: str | None) -> str:
        address, *options = (arg or "").split()
        self.event_handler.options.append(options)
        return address


@asynccontextmanager
async def listening(
    office: Office, tls: ssl.SSLContext | None = None, *, implicit: bool = False
) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        smtp = _Asked(office, loop=loop, hostname="office", tls_context=None if implicit else tls)
        office.open.append(smtp)
        return smtp

    listener = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        yield Server(host="localhost", port=port)
        for smtp in office.open:
            if smtp.transport is not None:
                smtp.transport.close()


@asynccontextmanager
async def posting(server: Server, limits: str = "") -> AsyncIterator[SmtpServer]:
    post = SmtpServer(server, Pace(read_limits(limits)))
    try:
        yield post
    finally:
        await post.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


# -- connections -----------------------------------------------------------------------------------


async def test_a_connection_is_used_again_and_made_anew_after_so_many_mails() -> None:
    office = Office()
    async with listening(office) as server, posting(replace(server, mails_each=3)) as post:
        for _ in range(7):
            await post.send(MAIL)

    assert len(office.mails) == 7
    assert office.connections == 3
    assert set(office.senders) == {MAIL.sender}


async def test_a_connection_that_has_rested_too_long_is_made_anew() -> None:
    office = Office()
    async with listening(office) as server, posting(replace(server, idle_s=-1)) as post:
        await post.send(MAIL)
        await post.send(MAIL)

    assert office.connections == 2


async def test_no_more_connections_are_open_than_are_allowed() -> None:
    office = Office()
    async with listening(office) as server, posting(replace(server, connections=2)) as post:
        await asyncio.gather(*(post.send(MAIL) for _ in range(10)))

    assert len(office.mails) == 10
    assert office.connections == 2


async def test_a_connection_that_the_server_has_cut_costs_nothing() -> None:
    office = Office()
    async with listening(office) as server, posting(server) as post:
        await post.send(MAIL)
        transport = office.open[0].transport
        assert transport is not None
        transport.abort()

        await post.send(MAIL)

    assert (len(office.mails), office.connections) == (2, 2)


async def test_a_refused_recipient_leaves_the_connection_for_others() -> None:
    office = Office(refuses=frozenset({"gone@example.com"}))
    async with listening(office) as server, posting(server) as post:
        with pytest.raises(PermanentFailure, match=r"550 5\.1\.1"):
            await post.send(replace(MAIL, recipient="gone@example.com"))
        await post.send(MAIL)

    assert (len(office.mails), office.connections) == (1, 1)


async def test_a_server_that_ends_its_service_is_not_asked_on_the_same_connection() -> None:
    answers = iter(["421 4.3.2 closing", "250 OK"])
    office = Office(says=lambda _: next(answers))
    async with listening(office) as server, posting(server) as post:
        with pytest.raises(TemporaryFailure, match="421"):
            await post.send(MAIL)
        await post.send(MAIL)

    assert (len(office.mails), office.connections) == (1, 2)


async def test_a_server_that_is_not_there_fails_for_now() -> None:
    office = Office()
    async with listening(office) as server:
        pass

    async with posting(server) as post:
        with pytest.raises(TemporaryFailure):
            await post.send(MAIL)


async def test_what_is_over_the_pace_comes_later_and_holds_up_nobody() -> None:
    office = Office()
    slow = replace(MAIL, recipient="a@slow.example")
    async with listening(office) as server, posting(server, "slow.example=1/min") as post:
        await post.send(slow)
        with pytest.raises(ComesLater) as later:
            await post.send(replace(slow, delivery_id="d-2"))
        await post.send(MAIL)

    assert timedelta(seconds=50) < later.value.wait <= timedelta(minutes=1)
    assert len(office.mails) == 2


# -- reports ---------------------------------------------------------------------------------------


async def test_a_server_is_asked_for_reports_where_that_is_wanted_and_offered() -> None:
    office = Office(dsn=True)
    to = replace(MAIL, recipient="a+b@example.com")
    async with listening(office) as server:
        async with posting(replace(server, asks_for_reports=True)) as post:
            await post.send(to)
        async with posting(server) as post:
            await post.send(to)

    said = [option for options in office.options for option in options]
    assert "RET=HDRS" in said
    assert "ENVID=d-1" in said
    assert "NOTIFY=SUCCESS,FAILURE,DELAY" in said
    assert "ORCPT=rfc822;a+2Bb@example.com" in said
    assert office.options[2:] == [[], []]


async def test_a_server_that_offers_no_reports_is_not_asked() -> None:
    office = Office()
    async with (
        listening(office) as server,
        posting(replace(server, asks_for_reports=True)) as post,
    ):
        await post.send(MAIL)

    assert office.options == [[], []]


# -- TLS -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tls", "implicit", "encrypted"),
    [
        (Tls.OFF, False, False),
        (Tls.STARTTLS, False, True),
        (Tls.REQUIRED, False, True),
        (Tls.IMPLICIT, True, True),
    ],
)
async def test_mail_goes_encrypted_as_it_is_said(
    authority: Authority, tls: Tls, implicit: bool, encrypted: bool
) -> None:
    office = Office()
    context = authority.server("localhost")
    async with (
        listening(office, context, implicit=implicit) as server,
        posting(replace(server, tls=tls, ca=authority.file)) as post,
    ):
        await post.send(MAIL)

    assert office.encrypted == [encrypted]


@pytest.mark.parametrize(
    ("tls", "implicit"), [(Tls.STARTTLS, False), (Tls.REQUIRED, False), (Tls.IMPLICIT, True)]
)
@pytest.mark.parametrize("fault", ["unknown authority", "another name"])
async def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent(
    authority: Authority, tls: Tls, implicit: bool, fault: str
) -> None:
    office = Office()
    is_known = fault == "another name"
    context = authority.server("elsewhere.example" if is_known else "localhost")
    async with listening(office, context, implicit=implicit) as server:
        ca = authority.file if is_known else None
        async with posting(replace(server, tls=tls, ca=ca)) as post:
            with pytest.raises(TemporaryFailure, match="certificate of localhost is not trusted"):
                await post.send(MAIL)

    assert office.senders == []


async def test_nothing_is_sent_where_tls_is_required_and_somebody_has_taken_it_away() -> None:
    office = Office()
    async with listening(office) as server, posting(replace(server, tls=Tls.REQUIRED)) as post:
        with pytest.raises(TemporaryFailure, match="offers no STARTTLS"):
            await post.send(MAIL)

    assert office.senders == []


async def test_a_mail_goes_in_the_open_where_starttls_is_only_wished_for() -> None:
    office = Office()
    async with listening(office) as server, posting(server) as post:
        await post.send(MAIL)

    assert office.encrypted == [False]


# -- what arrives ----------------------------------------------------------------------------------


async def test_a_signed_mail_is_still_good_after_its_way(
    tmp_path: Path, authority: Authority
) -> None:
    (tmp_path / "key.pem").write_bytes(authority.key)
    content = b"From: banso@example.com\r\nSubject: =?utf-8?b?44GC?=\r\n\r\n..\r\n.\r\nwords\r\n"
    signed = Signer(tmp_path / "key.pem", "s").signed(content, "example.com", MONDAY)
    office = Office()
    async with listening(office) as server, posting(server) as post:
        await post.send(replace(MAIL, content=signed))

    def dns(_name: bytes, timeout: int = 5) -> bytes:
        return b"v=DKIM1; p=" + b64encode(authority.public_key)

    assert office.mails == [signed]
    assert dkim.verify(office.mails[0], dnsfunc=dns)
