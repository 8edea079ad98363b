"""What all ways in of mail have in common: hand a mail over, and count what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter

from services.intake.door import Closed
from services.intake.submission import NotStored
from shared import logs

log = logs.get(__name__)


class Way(StrEnum):
    IMAP = "imap"
    SMTP = "smtp"
    LMTP = "lmtp"


class Result(StrEnum):
    """What became of a mail."""

    STORED = "stored"
    LATER = "later"
    """It can't be stored now; whoever brings it keeps it."""
    FAILED = "failed"
    """Something of ours is wrong; whoever brings it keeps it."""
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    SET_ASIDE = "set_aside"
    """Failed again and again, and lies in the folder for refused mails."""


@dataclass(frozen=True, slots=True)
class Taken:
    result: Result
    answer: str
    """As SMTP says it."""


class Taker(Protocol):
    """Whoever stores mails and knows our addresses."""

    async def accepts(self, address: str) -> str | None:
        """None for an address of ours, else the refusal that SMTP says; raises Closed."""
        ...

    async def receive(
        self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]
    ) -> str:
        """Stores a mail for good and gives SMTP's answer; raises NotStored, Closed or OSError.

        `envelope_from` is empty for a bounce, and None where nobody knows it. The same mail again
        changes nothing.
        """
        ...


class MailsTaken:
    """The count of mails that came in, for Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "banso_mails_taken_total",
            "Mails that came in, by the way they came and what became of them.",
            ("way", "result"),
            registry=registry,
        )

    def count(self, way: Way, result: Result) -> None:
        self._counter.labels(way, result).inc()


class Entrance:
    """One way in."""

    def __init__(self, way: Way, taker: Taker, mails: MailsTaken) -> None:
        self.way = way
        self._taker = taker
        self._mails = mails

    async def accepts(self, address: str) -> str | None:
        """None for an address of ours, else the refusal that SMTP says."""
        try:
            return await self._taker.accepts(address)
        except Closed:
            return "451 4.3.0 Banso is not ready yet, please try again"

    async def take(self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]) -> Taken:
        """Hands a mail over. Whatever goes wrong is said by the result and never raised."""
        try:
            answer = await self._taker.receive(raw, envelope_from, recipients)
        except (NotStored, Closed, OSError) as error:
            log.warning("mail.not_stored", way=self.way, error=repr(error))
            answer = "451 4.3.0 It can't be stored just now, please try again"
            taken = Taken(Result.LATER, answer)
        except Exception as error:
            log.error("mail.failed", way=self.way, error=repr(error), exc_info=error)
            answer = "451 4.3.0 Something went wrong here, please try again"
            taken = Taken(Result.FAILED, answer)
        else:
            taken = Taken(_RESULT.get(answer[:1], Result.STORED), answer)
        self._mails.count(self.way, taken.result)
        return taken

    def count(self, result: Result) -> None:
        """Counts a mail that was never handed over."""
        self._mails.count(self.way, result)


_RESULT = {"2": Result.STORED, "4": Result.LATER, "5": Result.REFUSED}
