"""Takes the mail of several mailboxes by IMAP, as it comes.

A mail is moved away only after it is stored, so after any break we just look again: whatever is
in the folder is still to be done, and what is done twice changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser

from prometheus_client import CollectorRegistry, Gauge

from services.intake.mail.mailbox import Broken, Connection, Unreadable, Unusable
from services.intake.mail.ways import Entrance, Result
from services.intake.settings import IntakeSettings, MailboxSettings
from shared import clock, logs

log = logs.get(__name__)

CONNECT_AGAIN_S = (0.5, 60.0)
"""The first delay and the longest; each is twice the one before."""
LOG_IN_AGAIN_S = (5.0, 300.0)
"""Where somebody must change something first; servers lock out those who try too often."""
STORE_AGAIN_S = (1.0, 30.0)
AGAIN_AFTER_S = 30.0
"""How long a mail waits that made trouble, while others go on."""
ATTEMPTS = 3
"""After so many failures a mail is put into the folder for refused ones."""
CUTS = 2
"""After so many lines cut by the same mail in a row, others go first."""
DOUBLED = 7
"""How often such a mail's waiting is doubled: up to about an hour."""

_ADDRESSED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_LONGEST_HEADERS = 256 * 1024


class Figures:
    """How mailboxes stand, for Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge(
            "banso_mailbox_up",
            "Whether the mailbox is connected and its mail can be taken.",
            ("mailbox",),
            registry=registry,
        )
        self.waiting = Gauge(
            "banso_mailbox_waiting",
            "Mails that are in the mailbox's folder and not taken yet.",
            ("mailbox",),
            registry=registry,
        )


@dataclass(slots=True)
class _Trouble:
    failures: int = 0
    cuts: int = 0
    not_before_s: float = 0.0


class Aside:
    """Mails that made trouble, and when each may be tried again. Times are seconds of any clock."""

    def __init__(self, again_after_s: float) -> None:
        self._again_after_s = again_after_s
        self._troubles: dict[int, _Trouble] = {}

    def failed(self, uid: int, now_s: float) -> int:
        """How often it has failed by now."""
        trouble = self._troubles.setdefault(uid, _Trouble())
        trouble.failures += 1
        trouble.not_before_s = now_s + self._again_after_s
        return trouble.failures

    def cut(self, uid: int, now_s: float) -> float:
        """The line broke while we asked for it: its own fault only if that happens repeatedly.

        Gives how long it waits now, each time longer. Nobody but the network may be to blame, so
        such a mail is never given up.
        """
        trouble = self._troubles.setdefault(uid, _Trouble())
        trouble.cuts += 1
        if trouble.cuts < CUTS:
            return 0.0
        waits_s = self._again_after_s * 2.0 ** min(trouble.cuts - CUTS, DOUBLED)
        trouble.not_before_s = now_s + waits_s
        return waits_s

    def done(self, uid: int) -> None:
        self._troubles.pop(uid, None)

    def is_due(self, uid: int, now_s: float) -> bool:
        trouble = self._troubles.get(uid)
        return trouble is None or trouble.not_before_s <= now_s

    def keep(self, uids: Sequence[int]) -> None:
        """Forgets those that are no longer there."""
        there = set(uids)
        self._troubles = {uid: one for uid, one in self._troubles.items() if uid in there}

    def next_due_in_s(self, now_s: float) -> float | None:
        """None where nothing waits."""
        times = [one.not_before_s for one in self._troubles.values() if one.not_before_s > now_s]
        return min(times) - now_s if times else None


class Watcher:
    """Takes whatever comes into one mailbox."""

    def __init__(
        self,
        mailbox: MailboxSettings,
        entrance: Entrance,
        figures: Figures,
        *,
        largest: int,
        idle_s: float,
        timeout_s: float,
        again_after_s: float = AGAIN_AFTER_S,
    ) -> None:
        self._mailbox = mailbox
        self._entrance = entrance
        self._up = figures.up.labels(mailbox.name)  # 0 until mail could be taken
        self._waiting = figures.waiting.labels(mailbox.name)
        self._largest = largest
        self._idle_s = idle_s
        self._timeout_s = timeout_s
        self._again_after_s = again_after_s
        self._log = log.bind(mailbox=mailbox.name)
        self._validity = ""
        self._stored: set[int] = set()
        """Not moved away yet, since the line broke in between."""
        self._aside = Aside(again_after_s)
        self._begin_delays_anew()

    async def run(self) -> None:
        """Goes on until cancelled, whatever happens to the mailbox."""
        while True:
            try:
                await self._attend()
            except Broken as error:
                delay_s = next(self._connect_again)
                self._log.warning("mailbox.unreachable", reason=str(error), again_in_s=delay_s)
            except Unusable as error:
                delay_s = next(self._log_in_again)
                self._log.error("mailbox.unusable", reason=str(error), again_in_s=delay_s)
            except Exception as error:
                delay_s = next(self._log_in_again)
                self._log.error("mailbox.failed", again_in_s=delay_s, exc_info=error)
            self._up.set(0)
            await asyncio.sleep(delay_s)

    async def _attend(self) -> None:
        """Takes and waits until the line breaks."""
        connection = await Connection.open(self._mailbox, self._timeout_s)
        try:
            if connection.validity != self._validity:
                self._validity = connection.validity
                self._stored.clear()
                self._aside = Aside(self._again_after_s)
            self._log.info("mailbox.connected", host=self._mailbox.host, user=self._mailbox.user)
            if (await self._entrance.accepts(self._mailbox.address) or "").startswith("5"):
                self._log.warning("mailbox.address_is_not_ours", address=self._mailbox.address)
            while True:
                if not await self._take_all(connection):
                    await asyncio.sleep(next(self._store_again))
                    continue
                self._up.set(1)
                due_in_s = self._aside.next_due_in_s(clock.elapsed_s())
                await connection.wait(min(self._idle_s, due_in_s or self._idle_s))
        finally:
            connection.cut()

    async def _take_all(self, connection: Connection) -> bool:
        """False where mails can't be stored now."""
        uids = await connection.uids()
        self._waiting.set(len(uids))
        self._stored.intersection_update(uids)
        self._aside.keep(uids)
        now_s = clock.elapsed_s()
        due = [uid for uid in uids if self._aside.is_due(uid, now_s)]
        sizes = await connection.sizes(due)
        for uid in due:
            if uid in sizes and not await self._take(connection, uid, sizes[uid]):
                return False
        self._begin_delays_anew()
        return True

    async def _take(self, connection: Connection, uid: int, size: int) -> bool:
        """False where it can't be stored now; then it stays as it is."""
        if uid in self._stored:
            await self._put_away(connection, uid)
            return True
        try:
            raw = b"" if size > self._largest else await connection.fetch(uid)
        except Unreadable as error:
            await self._failed(connection, uid, f"the server does not give it: {error}")
            return True
        except Broken:
            if waits_s := self._aside.cut(uid, clock.elapsed_s()):
                self._log.error("mail.cuts_the_line", uid=uid, size=size, again_in_s=waits_s)
            raise
        if raw is None:
            return True
        if max(size, len(raw)) > self._largest:  # some servers only estimate the size
            self._entrance.count(Result.TOO_LARGE)
            self._log.error("mail.too_large", uid=uid, size=size, largest=self._largest)
            await self._put_away(connection, uid, refused=True)
            return True
        sender, recipients = envelope_of(raw)
        ours = [one for one in recipients if await self._entrance.accepts(one) is None]
        taken = await self._entrance.take(raw, sender, [self._mailbox.address, *ours])
        match taken.result:
            case Result.LATER:
                return False
            case Result.FAILED:
                await self._failed(connection, uid, "see mail.failed above")
            case Result.STORED:
                self._stored.add(uid)
                await self._put_away(connection, uid)
            case _:
                self._log.error("mail.refused", uid=uid, reason=taken.answer)
                await self._put_away(connection, uid, refused=True)
        return True

    async def _failed(self, connection: Connection, uid: int, reason: str) -> None:
        """Lets others go first, and after some attempts leaves the mail to people."""
        attempts = self._aside.failed(uid, clock.elapsed_s())
        self._log.error("mail.set_aside", uid=uid, attempts=attempts, reason=reason)
        if attempts >= ATTEMPTS:
            self._entrance.count(Result.SET_ASIDE)
            await self._put_away(connection, uid, refused=True)

    async def _put_away(self, connection: Connection, uid: int, *, refused: bool = False) -> None:
        await connection.put_away(uid, refused=refused)
        self._stored.discard(uid)
        self._aside.done(uid)
        self._waiting.dec()

    def _begin_delays_anew(self) -> None:
        self._connect_again = growing(*CONNECT_AGAIN_S)
        self._log_in_again = growing(*LOG_IN_AGAIN_S)
        self._store_again = growing(*STORE_AGAIN_S)


def growing(first_s: float, longest_s: float) -> Iterator[float]:
    """Delays, each twice the one before."""
    while True:
        yield first_s
        first_s = min(first_s * 2, longest_s)


def envelope_of(raw: bytes) -> tuple[str | None, list[str]]:
    """Sender and recipients as the server that took the mail wrote them down.

    No sender is None; that of a bounce is empty.
    """
    headers = BytesHeaderParser().parsebytes(raw[:_LONGEST_HEADERS])
    paths = headers.get_all("return-path", [])
    sender = str(paths[0]).strip().strip("<>") if paths else None
    found = (
        str(value).strip().strip("<>")
        for name in _ADDRESSED_TO
        for value in headers.get_all(name, [])
    )
    return sender, list(dict.fromkeys(address for address in found if "@" in address))


def watchers(
    settings: IntakeSettings, entrance: Entrance, registry: CollectorRegistry
) -> list[Watcher]:
    """One for each mailbox."""
    figures = Figures(registry)
    return [
        Watcher(
            mailbox,
            entrance,
            figures,
            largest=settings.largest_mail_bytes,
            idle_s=settings.imap_idle.total_seconds(),
            timeout_s=settings.imap_timeout.total_seconds(),
        )
        for mailbox in settings.imap_mailboxes
    ]
