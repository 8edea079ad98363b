"""Hands mails to the server that takes them, or puts them into a directory while there is none."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from services.notifier.channels.base import (
    ComesLater,
    MessageRefused,
    Misconfigured,
    PermanentFailure,
    TemporaryFailure,
)
from services.notifier.channels.pace import Pace
from services.notifier.reach import Blame, blame_of
from shared import clock, logs

log = logs.get(__name__)

TIMEOUT_S = 30.0
_SERVICE_ENDS = 421


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as bytes, with its envelope."""

    name: str
    """What it may be called as a file."""
    sender: str
    recipient: str
    content: bytes
    delivery_id: str


class Post(Protocol):
    """Takes mails over, for good."""

    async def send(self, mail: Mail) -> None:
        """Raises TemporaryFailure, PermanentFailure or ComesLater."""

    async def close(self) -> None: ...


class MailFiles:
    """Puts every mail into a directory, where it can be looked at."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, mail: Mail) -> None:
        await asyncio.to_thread(self._write, mail)

    async def close(self) -> None:
        pass

    def _write(self, mail: Mail) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        repeated = list(self._directory.glob(f"*{mail.name[-40:]}"))
        half = self._directory / f".{mail.name}.half"
        half.write_bytes(mail.content)
        half.replace(repeated[0] if repeated else self._directory / mail.name)


class Tls(StrEnum):
    """How what goes to the server is kept from others. Its certificate is always checked."""

    OFF = "off"
    STARTTLS = "starttls"
    """Where the server offers it."""
    REQUIRED = "required"
    """By STARTTLS, or nothing is sent."""
    IMPLICIT = "implicit"
    """From the first byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server that takes our mail, and how it wants to be spoken to."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: Tls = Tls.STARTTLS
    ca: Path | None = None
    """Who vouches for its certificate; None: whom this machine trusts."""
    connections: int = 8
    mails_each: int = 100
    """After so many mails a connection is made anew, as some servers ask for."""
    idle_s: float = 30.0
    """A connection that has rested longer is made anew."""
    asks_for_reports: bool = False
    """It is asked to say when a mail lies in its box (RFC 3461)."""


@dataclass(slots=True)
class _Connection:
    client: aiosmtplib.SMTP
    used_at_s: float
    mails: int = 0


class SmtpServer:
    """Sends by SMTP over a few connections that stay open between mails."""

    def __init__(self, server: Server, pace: Pace) -> None:
        self._server = server
        self._pace = pace
        self._tls_context = ssl.create_default_context(cafile=server.ca)
        self._idle: list[_Connection] = []
        self._free = asyncio.Semaphore(server.connections)

    async def send(self, mail: Mail) -> None:
        domain = mail.recipient.rpartition("@")[2]
        wait_s = self._pace.turn(domain, mail.delivery_id, clock.elapsed_s())
        if wait_s > 0:
            raise ComesLater(timedelta(seconds=wait_s))
        async with self._free:
            try:
                connection = await self._begin(mail)
                await self._hand_over(mail, connection)
            except Exception as error:
                raise _failure(error, self._server) from error

    async def close(self) -> None:
        for connection in self._idle:
            await _quit(connection)

    async def _begin(self, mail: Mail) -> _Connection:
        """A connection on which the server has begun to take this mail. One that was kept may be
        cut by now, of which nothing is lost: then there is a new one."""
        while self._idle:
            kept = self._idle.pop()
            if clock.elapsed_s() - kept.used_at_s > self._server.idle_s:
                await _quit(kept)
                continue
            try:
                await self._from(mail, kept.client)
            except (SMTPServerDisconnected, SMTPSenderRefused) as error:
                kept.client.close()
                if isinstance(error, SMTPSenderRefused) and error.code != _SERVICE_ENDS:
                    raise
                continue
            except BaseException:
                kept.client.close()
                raise
            return kept
        client = await self._connected()
        try:
            await self._from(mail, client)
        except BaseException:
            client.close()
            raise
        return _Connection(client, clock.elapsed_s())

    async def _connected(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls is Tls.IMPLICIT,
            start_tls={Tls.REQUIRED: True, Tls.STARTTLS: None}.get(server.tls, False),
            tls_context=self._tls_context,
            timeout=TIMEOUT_S,
        )
        try:
            await client.connect()
            if server.user is not None:
                await client.login(server.user, server.password or "")
        except BaseException:
            client.close()
            raise
        return client

    async def _from(self, mail: Mail, client: aiosmtplib.SMTP) -> None:
        options = ["RET=HDRS", f"ENVID={mail.delivery_id}"] if self._reports(client) else []
        await client.mail(mail.sender, options=options)

    async def _hand_over(self, mail: Mail, connection: _Connection) -> None:
        client = connection.client
        options = []
        if self._reports(client):
            recipient = _xtext(mail.recipient)
            options = ["NOTIFY=SUCCESS,FAILURE,DELAY", f"ORCPT=rfc822;{recipient}"]
        connection.mails += 1
        try:
            await client.rcpt(mail.recipient, options=options)
            await client.data(mail.content)
        except (SMTPRecipientRefused, SMTPDataError) as error:
            await self._take_back(connection, error)
            raise
        except BaseException:
            client.close()
            raise
        await self._keep(connection)

    async def _take_back(self, connection: _Connection, error: SMTPResponseException) -> None:
        """The server refuses a mail: the connection is good for others, unless it ends."""
        try:
            if error.code != _SERVICE_ENDS:
                await connection.client.rset()
                await self._keep(connection)
                return
        except (SMTPException, OSError):
            log.debug("smtp.cut_after_refusal")
        connection.client.close()

    async def _keep(self, connection: _Connection) -> None:
        """For the next mail; those that have rested too long are let go."""
        now_s = connection.used_at_s = clock.elapsed_s()
        if connection.mails < self._server.mails_each:
            self._idle.append(connection)
        else:
            await _quit(connection)
        while self._idle and now_s - self._idle[0].used_at_s > self._server.idle_s:
            await _quit(self._idle.pop(0))

    def _reports(self, client: aiosmtplib.SMTP) -> bool:
        return self._server.asks_for_reports and client.supports_extension("dsn")


async def _quit(connection: _Connection) -> None:
    with suppress(SMTPException, OSError, TimeoutError):
        await asyncio.wait_for(connection.client.quit(), 1)
    connection.client.close()


def _xtext(address: str) -> str:
    """As RFC 3461 writes it."""
    return "".join(
        char if "!" <= char <= "~" and char not in "+=" else f"+{ord(char):02X}" for char in address
    )


def _failure(error: Exception, server: Server) -> Exception:
    """What the server's refusal is about: this recipient, this mail, or us.

    A refused login, sender or certificate is a mistake of ours that somebody will mend: the mail
    waits for that. Addresses are left out.
    """
    if isinstance(error, SMTPResponseException):
        words = f"{error.code} {' '.join(str(error.message).split())[:9]}".strip()
        return _refusal(error, words) if error.code >= 500 else TemporaryFailure(words)
    refused = _refused_certificate(error)
    if refused is not None:
        return Misconfigured(
            f"the certificate of {server.host} is not trusted: {refused.verify_message};"
            " BANSO_SMTP_OUT_CA names who vouches for it"
        )
    if isinstance(error, SMTPException) and "STARTTLS extension not supported" in str(error):
        return Misconfigured(
            f"{server.host} offers no STARTTLS, and BANSO_SMTP_OUT_TLS=required: nothing was sent"
        )
    if isinstance(error, SMTPException | OSError | TimeoutError):
        return TemporaryFailure(f"{type(error).__name__} {error}")
    return error


def _refusal(error: SMTPResponseException, words: str) -> Exception:
    if isinstance(error, SMTPRecipientRefused):
        blame = blame_of(f"{error.code} {error.message}", otherwise=Blame.ADDRESS)
    elif isinstance(error, SMTPDataError):
        blame = blame_of(f"{error.code} {error.message}", otherwise=Blame.MESSAGE)
    else:
        blame = Blame.SETUP
    match blame:
        case Blame.ADDRESS:
            return PermanentFailure(words)
        case Blame.MESSAGE:
            return MessageRefused(words)
        case _other:
            return Misconfigured(words)


def _refused_certificate(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """What was wrong with it, where that is why."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None
