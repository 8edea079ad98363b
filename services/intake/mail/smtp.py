"""Receives mail by SMTP and LMTP. "250" is said once a mail is stored for good, else "451"."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from services.intake.mail.ways import Entrance, Result, Way
from shared import logs

log = logs.get(__name__)

LONGEST_LINE = 1024 * 1024
"""In bytes. RFC 5321 says 1,000, but real mails have longer lines, and nothing is lost for that."""
SEVERAL_MINUTES_S = 300
MOST_RECIPIENTS = 100
"""RFC 5321 asks for so many at least."""
STILL_ALIVE_BYTES = 64 * 1024
"""Whoever sends so much more within the time-out is slow and not gone."""

NOT_NOW = b"421 4.3.2 Too many connections, please try again later\r\n"


class _Conversation(SMTP):
    """One connection.

    DATA is read here and not by aiosmtpd, which keeps a line without an end in memory, counts the
    time-out from the command, and knows no answer for each recipient (RFC 2033).
    """

    line_length_limit = LONGEST_LINE
    """aiosmtpd reads it while it makes its reader."""

    def __init__(self, door: Doorway, **options: Any) -> None:
        super().__init__(door, **options)
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._door.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._door.open.discard(self)
        super().connection_lost(error)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        if await self.check_helo_needed():
            return
        envelope = cast("Envelope", self.envelope)
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content, refusal = await self._content()
        answer = refusal or await self._door.take(content, envelope)
        answers = len(envelope.rcpt_tos) if self._door.way is Way.LMTP else 1
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push("\r\n".join([answer] * answers))

    async def _content(self) -> tuple[bytes, str | None]:
        """The mail, or why it is refused; what is refused is read to its end and not kept."""
        content = bytearray()
        refusal: str | None = None
        starts, since_alive = True, 0
        while True:
            try:
                part = await self._reader.readuntil(b"\r\n")
                ends = True
            except asyncio.LimitOverrunError as over:
                part = await self._reader.read(over.consumed)
                ends = False
                refusal = refusal or self._door.refuse(Result.REFUSED)
            since_alive += len(part)
            if since_alive > STILL_ALIVE_BYTES:
                self._reset_timeout()
                since_alive = 0
            if starts and ends and part == b".\r\n":
                return bytes(content), refusal
            if refusal is None and len(content) + len(part) > self._door.largest:
                refusal = self._door.refuse(Result.TOO_LARGE)
            if refusal is not None:
                content.clear()
            else:
                content += part[1:] if starts and part.startswith(b".") else part
            starts = ends


class _Lmtp(_Conversation, LMTP):
    pass


class _TurnedAway(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(NOT_NOW)
        transport.close()


class Doorway:
    """Takes connections of mail servers that hand over mail for our addresses."""

    def __init__(
        self,
        entrance: Entrance,
        *,
        largest: int,
        most_connections: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.way = entrance.way
        self.largest = largest
        self.open: set[_Conversation] = set()
        self._entrance = entrance
        self._most_connections = most_connections
        self._tls = tls
        self._hostname = socket.gethostname()

    def protocol(self) -> asyncio.Protocol:
        """A new connection."""
        if len(self.open) >= self._most_connections:
            log.warning("smtp.too_many_connections", way=self.way, connections=len(self.open))
            return _TurnedAway()
        kind = _Lmtp if self.way is Way.LMTP else _Conversation
        return kind(
            self,
            data_size_limit=self.largest,
            enable_SMTPUTF8=True,
            hostname=self._hostname,
            ident="Banso",
            timeout=SEVERAL_MINUTES_S,
            tls_context=self._tls,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )

    async def handle_EHLO(  # noqa: N802
        self,
        _smtp: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: Sequence[str],
    ) -> list[str]:
        """Offers no login; commands may come without waiting for each answer (RFC 2920)."""
        session.host_name = hostname
        *offered, last = (line for line in responses if not line.startswith("250-AUTH"))
        return [*offered, "250-PIPELINING", last]

    async def handle_RCPT(  # noqa: N802
        self, _smtp: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        refusal = await self._entrance.accepts(address)
        if refusal is not None:
            return refusal
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_VRFY(  # noqa: N802
        self, _smtp: SMTP, _session: Session, _envelope: Envelope, address: str
    ) -> str:
        refusal = await self._entrance.accepts(address)
        return refusal or f"252 2.5.0 Mail to {address} is taken"

    async def take(self, content: bytes, envelope: Envelope) -> str:
        """Stores a mail that has come in whole, and gives the answer."""
        sender = envelope.mail_from or ""
        recipients = sorted({address.lower() for address in envelope.rcpt_tos})
        taken = await self._entrance.take(content, "" if sender == "<>" else sender, recipients)
        return taken.answer

    def refuse(self, result: Literal[Result.REFUSED, Result.TOO_LARGE]) -> str:
        """The answer to a mail of which a line, or the whole, is too long."""
        self._entrance.count(result)
        log.warning("mail.refused", way=self.way, result=result)
        if result is Result.TOO_LARGE:
            return f"552 5.3.4 Message too large: at most {self.largest} bytes"
        return f"554 5.6.0 Message line too long: at most {LONGEST_LINE} bytes"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever else goes wrong is ours, and temporary: the sending server keeps the mail."""
        log.error("mail.failed", way=self.way, error=repr(error), exc_info=error)
        return "451 4.3.0 Something went wrong here, please try again"


def tls_of(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What STARTTLS needs; None where no certificate is set. The key may stand in the same file."""
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


async def listen(doorway: Doorway, host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Takes connections until cancelled."""
    server = await asyncio.get_running_loop().create_server(doorway.protocol, host, port)
    on_ready()
    async with server:
        await server.serve_forever()
