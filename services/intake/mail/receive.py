"""What becomes of a mail, whichever way it came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.intake.door import Door
from services.intake.mail.identity import identity_of
from services.intake.mail.origin import Origin, origin
from services.intake.mail.parse import ReadMail, read_mail
from services.intake.submission import LONGEST_SUMMARY, Submission, new_reference
from shared import logs
from shared.contracts.event import MAX_TEXT
from shared.contracts.issue import Source
from shared.language import Words, language_of, words

log = logs.get(__name__)


class Postroom:
    """Takes mail for the organisation's addresses, and turns it into issues."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def accepts(self, address: str) -> str | None:
        """None for one of our addresses, with or without `+anything`; else SMTP's refusal."""
        if without_tag(address.lower()) in self._our_addresses():
            return None
        return "550 5.1.1 No such address here"

    async def receive(
        self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]
    ) -> str:
        """Stores a mail and says what SMTP answers. The same mail again is the same issue."""
        blob = await asyncio.to_thread(self._door.blobs.put, raw)
        mail = await asyncio.to_thread(read_mail, raw)
        kind = origin(
            mail, "unknown" if envelope_from is None else envelope_from, self._our_addresses()
        )
        if kind is not Origin.PERSON or mail.from_address is None:
            log.info("mail.not_an_issue", kind=kind, blob=blob)
            return f"250 2.0.0 Kept ({kind})"
        addressed_to = tuple(sorted({without_tag(address.lower()) for address in recipients}))
        identity = identity_of(raw)
        submission = self._submission(mail, mail.from_address, identity, addressed_to, blob)
        accepted = await self._door.submit(submission)
        return f"250 2.0.0 Received as {accepted.reference}"

    def _submission(
        self,
        mail: ReadMail,
        address: str,
        identity: str,
        addressed_to: tuple[str, ...],
        blob: str,
    ) -> Submission:
        organisation = self._door.organisation
        language = language_of(f"{mail.subject}\n{mail.text}") or organisation.language
        long = len(mail.text) > MAX_TEXT
        return Submission(
            source=Source.EMAIL,
            submission_id=identity,
            fingerprint="mail",
            summary=_summary(mail, words(language)),
            description=mail.text or mail.subject or "-",
            description_sha256=self._door.blobs.put(mail.text.encode()) if long else None,
            raw_sha256=blob,
            reporter_name=mail.from_name or address.partition("@")[0],
            reporter_address=address,
            language=language,
            reference=new_reference(),
            addressed_to=addressed_to,
        )

    def _our_addresses(self) -> frozenset[str]:
        mail = self._door.organisation.mail
        return frozenset(address.lower() for address in (*mail.issues, mail.sender))


def without_tag(address: str) -> str:
    """`issues+anything@example.com` is `issues@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def _summary(mail: ReadMail, _: Words) -> str:
    """The subject, or the first line of a mail without one."""
    first = next((line.strip() for line in mail.text.splitlines() if line.strip()), "")
    text = mail.subject or first or _("A mail without words")
    return text[:LONGEST_SUMMARY]
