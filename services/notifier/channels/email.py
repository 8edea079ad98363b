"""Notifications as mail: by SMTP, or as `.eml` files while no server is configured."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

from aiosmtplib import (
    SMTP as Client,
)
from aiosmtplib import (
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from services.notifier.message import Message, as_html, as_text
from shared import logs

log = logs.get(__name__)

TIMEOUT_S = 30.0


class TemporaryFailure(Exception):
    """The channel can't take it now; try again later."""


class PermanentFailure(Exception):
    """The channel will never take it."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as bytes, with its envelope."""

    name: str
    """What it may be called as a file."""
    sender: str
    recipient: str
    content: bytes


class EmailChannel(Protocol):
    """Takes mail over, for good."""

    async def send(self, mail: Mail) -> None:
        """Raises TemporaryFailure or PermanentFailure."""

    async def close(self) -> None: ...


def write_mail(
    message: Message,
    *,
    delivery_id: str,
    issue_id: str,
    to_name: str,
    to_address: str,
    sender: str,
    sender_name: str,
    now: datetime,
) -> Mail:
    """The mail of a message. Its Message-ID is the delivery's, so a repeat is recognised.

    It says that a machine wrote it (RFC 3834), so that no machine answers.
    """
    domain = sender.partition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(sender_name, addr_spec=sender)
    mail["To"] = Address(to_name, addr_spec=to_address)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{delivery_id}@{domain}>"
    mail["References"] = f"<{issue_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Banso"] = "1"
    mail["Content-Language"] = message.language
    mail.set_content(as_text(message), cte="base64")
    mail.add_alternative(as_html(message), subtype="html", cte="base64")
    name = f"{now:%Y%m%dT%H%M%S}-{to_address.partition('@')[0]}-{delivery_id}.eml"
    return Mail(
        "".join(c if c.isalnum() or c in ".-_" else "_" for c in name),
        sender,
        to_address,
        mail.as_bytes(),
    )


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


class SmtpServer:
    """Sends by SMTP over a few connections that stay open between mails."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        user: str | None = None,
        password: str | None = None,
        tls: bool = False,
        connections: int = 8,
    ) -> None:
        self._host, self._port = host, port
        self._user, self._password = user, password
        self._tls = tls
        self._idle: list[Client] = []
        self._free = asyncio.Semaphore(connections)

    async def send(self, mail: Mail) -> None:
        async with self._free:
            client = self._idle.pop() if self._idle else None
            try:
                client = await self._connected(client)
                await client.sendmail(mail.sender, [mail.recipient], mail.content)
            except BaseException as error:
                if client is not None:
                    client.close()
                raise _failure(error) from error
            self._idle.append(client)

    async def close(self) -> None:
        for client in self._idle:
            with suppress(SMTPException, OSError, TimeoutError):
                await asyncio.wait_for(client.quit(), 1)

    async def _connected(self, client: Client | None) -> Client:
        if client is not None and client.is_connected:
            return client
        client = Client(
            hostname=self._host,
            port=self._port,
            use_tls=self._tls,
            start_tls=None if not self._tls else False,
            tls_context=ssl.create_default_context(),
            timeout=TIMEOUT_S,
        )
        await client.connect()
        if self._user is not None:
            await client.login(self._user, self._password or "")
        return client


def _failure(error: BaseException) -> BaseException:
    """The server's own word decides; without one it is temporary. Addresses are left out."""
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPResponseException):
        words = f"{error.code} {' '.join(str(error.message).split())[:9]}".strip()
        return PermanentFailure(words) if error.code >= 500 else TemporaryFailure(words)
    if isinstance(error, SMTPException | OSError | TimeoutError):
        return TemporaryFailure(type(error).__name__)
    return error
