"""Notifications as mail: by SMTP, or as `.eml` files while no server is configured."""

from __future__ import annotations

import asyncio
import ssl
from base64 import encodebytes
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from uuid import UUID

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from services.notifier.channels.base import (
    Abilities,
    MessageRefused,
    Misconfigured,
    Outgoing,
    PermanentFailure,
    Taken,
    TemporaryFailure,
)
from services.notifier.message import Message, as_html, as_text
from services.notifier.reach import Blame, blame_of
from shared import logs
from shared.contracts.organisation import Channel
from shared.replies import Replies

log = logs.get(__name__)

TIMEOUT_S = 30.0

NIL = str(UUID(int=0))
"""Stands in a Message-ID for the issue of what is about none in particular."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as bytes, with its envelope."""

    name: str
    """What it may be called as a file."""
    sender: str
    recipient: str
    content: bytes


class Post(Protocol):
    """Takes mails over, for good."""

    async def send(self, mail: Mail) -> None:
        """Raises TemporaryFailure or PermanentFailure."""

    async def close(self) -> None: ...


class Email:
    """Messages as mail, each in the thread of its issue, to which an answer comes back."""

    channel = Channel.EMAIL
    can = Abilities(threads=True, answers=True, ids=True)

    def __init__(self, post: Post, replies: Replies) -> None:
        self._post = post
        self._replies = replies

    async def send(self, outgoing: Outgoing) -> Taken:
        """Hands the mail to the server."""
        await self._post.send(self._letter(outgoing))
        return Taken()

    async def probe(self, address: str) -> None:
        """Only whether it could be written: asking a server about each recipient looks like a
        search for addresses, and many answer yes to everything."""
        in_ascii(address)

    async def close(self) -> None:
        await self._post.close()

    def _letter(self, outgoing: Outgoing) -> Mail:
        """An answer to it comes to this person's own address for this issue. What is about several
        issues, or none, has no such address: an answer to it is to be looked at."""
        to, issue_id, ours = outgoing.to, outgoing.issue_id, outgoing.organisation.mail
        domain = ours.sender.rpartition("@")[2]
        reply_to = ours.issues[0]
        if issue_id:
            reply_to = self._replies.address(issue_id, to.person_id, reply_to, ours.separator)
        named = outgoing.about or NIL
        return write_mail(
            outgoing.message,
            delivery_id=outgoing.delivery_id,
            message_id=self._replies.message_id(named, outgoing.delivery_id, domain),
            thread_id=f"<{issue_id}@{domain}>" if issue_id else None,
            to_name=to.name,
            to_address=to.address,
            sender=ours.sender,
            sender_name=ours.sender_name.in_(to.language),
            reply_to=reply_to,
            now=outgoing.now,
        )


def write_mail(
    message: Message,
    *,
    delivery_id: str,
    message_id: str,
    thread_id: str | None,
    to_name: str,
    to_address: str,
    sender: str,
    sender_name: str,
    reply_to: str,
    now: datetime,
) -> Mail:
    """The mail of a message. Its Message-ID is the delivery's, so a repeat is recognised; all of
    an issue answer to the same `thread_id`, so that mail programs show them together; what is
    about several has none.

    It says that a machine wrote it (RFC 3834; Exchange heeds only its own header), so that no
    machine answers. Always the same two parts in base64, put together here: the standard
    library's writer takes sixteen times as long. Raises PermanentFailure where no mail server of
    today could be told the address.
    """
    boundary = f"=_{delivery_id}"
    to_address = in_ascii(to_address)
    headers = {
        "From": _mailbox(sender_name, sender),
        "Reply-To": _mailbox(sender_name, reply_to),
        "To": _mailbox(to_name, to_address),
        "Subject": _encoded(message.subject),
        "Date": format_datetime(now),
        "Message-ID": message_id,
        **({"In-Reply-To": thread_id, "References": thread_id} if thread_id else {}),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Banso": "1",
        "Content-Language": message.language,
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    content = b"".join(
        (
            head.encode("ascii"),
            b"\r\n",
            _part(boundary, "plain", as_text(message)),
            _part(boundary, "html", as_html(message)),
            f"--{boundary}--\r\n".encode(),
        )
    )
    name = f"{now:%Y%m%dT%H%M%S}-{to_address.partition('@')[0]}-{delivery_id}.eml"
    name = "".join(char if char.isalnum() or char in ".-_" else "_" for char in name)
    return Mail(name, sender, to_address, content)


def _part(boundary: str, subtype: str, text: str) -> bytes:
    canonical = text.replace("\n", "\r\n").encode()
    head = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + encodebytes(canonical).replace(b"\n", b"\r\n")


def in_ascii(address: str) -> str:
    """The address as every mail server takes it: a domain in other letters has a name in ASCII
    (RFC 5891). Raises PermanentFailure where what stands before it has other letters, too."""
    local, _, domain = address.rpartition("@")
    try:
        local.encode("ascii")
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise PermanentFailure("address not in ASCII") from None


@lru_cache(maxsize=4096)
def _mailbox(name: str, address: str) -> str:
    return formataddr((name, address))


def _encoded(text: str) -> str:
    """A header's text as RFC 2047 has it."""
    return text if text.isascii() else Header(text, "utf-8").encode(linesep="\r\n")


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
        self._idle: list[aiosmtplib.SMTP] = []
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

    async def _connected(self, client: aiosmtplib.SMTP | None) -> aiosmtplib.SMTP:
        if client is not None and client.is_connected:
            return client
        client = aiosmtplib.SMTP(
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
    """What the server's refusal is about: this recipient, this mail, or us. A refused login or
    sender is a mistake of ours that somebody will mend: the mail waits for that. Addresses are
    left out."""
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPResponseException):
        words = f"{error.code} {' '.join(str(error.message).split())[:9]}".strip()
        return _refusal(error, words) if error.code >= 500 else TemporaryFailure(words)
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
