"""Receives mail by SMTP. "250" is said once the mail is stored for good, and "451" otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.intake.door import Closed, Door
from services.intake.mail.origin import origin
from services.intake.mail.parse import ReadMail, read_mail
from services.intake.submission import LONGEST_SUMMARY, NotStored, Submission, new_reference
from shared import logs
from shared.contracts.event import MAX_TEXT
from shared.contracts.issue import Source
from shared.language import Words, language_of, words

log = logs.get(__name__)

LONGEST_LINE = 1024 * 1024
"""In bytes. RFC 5321 says 1,000, but real mails have longer lines, and nothing is lost for that."""
SEVERAL_MINUTES_S = 300


class _Smtp(SMTP):
    """With longer lines; aiosmtpd reads the limit while it makes its reader."""

    line_length_limit = LONGEST_LINE


class Receiver:
    """Takes mail for the organisation's addresses, and turns it into issues."""

    def __init__(self, door: Door, largest: int) -> None:
        self._door = door
        self._largest = largest

    def protocol(self) -> SMTP:
        """A new connection."""
        return _Smtp(
            self,
            data_size_limit=self._largest,
            enable_SMTPUTF8=True,
            ident="Banso",
            timeout=SEVERAL_MINUTES_S,
            loop=asyncio.get_running_loop(),
        )

    async def handle_RCPT(  # noqa: N802
        self, _smtp: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        try:
            ours = self._our_addresses()
        except Closed:
            return "451 4.3.0 Banso is not ready yet, please try again"
        if address.lower() not in ours:
            return "550 5.1.1 No such address here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, _smtp: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        raw = envelope.content
        content = raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "surrogateescape")
        recipients = tuple(sorted({address.lower() for address in envelope.rcpt_tos}))
        try:
            return await self.receive(content, envelope.mail_from or "", recipients)
        except (NotStored, Closed, OSError) as error:
            log.warning("mail.not_stored", error=repr(error))
            return "451 4.3.0 It can't be stored just now, please try again"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever else goes wrong is ours, and temporary: the sending server keeps the mail."""
        log.error("mail.failed", error=repr(error), exc_info=error)
        return "451 4.3.0 Something went wrong here, please try again"

    async def receive(self, raw: bytes, envelope_from: str, recipients: tuple[str, ...]) -> str:
        """Stores a mail and says what SMTP answers. The same mail again is the same issue."""
        blob = await asyncio.to_thread(self._door.blobs.put, raw)
        mail = await asyncio.to_thread(read_mail, raw)
        whose = origin(mail, envelope_from, self._our_addresses())
        if not whose.is_wanted or mail.from_address is None:
            log.info("mail.not_an_issue", kind=whose.kind, blob=blob)
            return f"250 2.0.0 Kept ({whose.kind})"
        submission = self._submission(mail, mail.from_address, envelope_from, recipients, blob)
        accepted = await self._door.submit(submission)
        return f"250 2.0.0 Received as {accepted.reference}"

    def _submission(
        self,
        mail: ReadMail,
        address: str,
        envelope_from: str,
        recipients: tuple[str, ...],
        blob: str,
    ) -> Submission:
        organisation = self._door.organisation
        said = f"{mail.message_id}\n{envelope_from}\n{blob}"
        language = language_of(f"{mail.subject}\n{mail.text}") or organisation.language
        long = len(mail.text) > MAX_TEXT
        return Submission(
            source=Source.EMAIL,
            submission_id=sha256(said.encode("utf-8", "replace")).hexdigest(),
            fingerprint="mail",
            summary=_summary(mail, words(language)),
            description=mail.text or mail.subject or "-",
            description_sha256=self._door.blobs.put(mail.text.encode()) if long else None,
            raw_sha256=blob,
            reporter_name=mail.from_name or address.partition("@")[0],
            reporter_address=address,
            language=language,
            reference=new_reference(),
            addressed_to=recipients,
        )

    def _our_addresses(self) -> frozenset[str]:
        mail = self._door.organisation.mail
        return frozenset(address.lower() for address in (*mail.issues, mail.sender))


def _summary(mail: ReadMail, _: Words) -> str:
    """The subject, or the first line of a mail without one."""
    first = next((line.strip() for line in mail.text.splitlines() if line.strip()), "")
    text = mail.subject or first or _("A mail without words")
    return text[:LONGEST_SUMMARY]


async def listen(receiver: Receiver, host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Takes connections until cancelled."""
    server = await asyncio.get_running_loop().create_server(receiver.protocol, host, port)
    on_ready()
    async with server:
        await server.serve_forever()
