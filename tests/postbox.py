"""A mail server at the far end: whatever Banso sends is read here as its recipient reads it."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from shared import clock
from shared.replies import REPLY_ABOVE

RECEIPT = re.compile("[Dd]one in your name|あなたの名前で")

WITHIN_S = 30.0
"""How long a story waits for something that must come; only a failing one waits that long."""
LOOK_AGAIN_S = 0.02


@dataclass(frozen=True)
class Letter:
    """A mail as it arrived."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    reply_to: str
    raw: bytes
    came_from: str = ""
    """By its envelope: where a mail server says what becomes of it."""

    @property
    def reference(self) -> str:
        return self.subject[1:10]

    @property
    def heading(self) -> str:
        """Why it was written, in its own words."""
        lines = (line for line in self.text.splitlines() if line.strip())
        return next(line for line in lines if line not in REPLY_ABOVE.values())

    def link(self, words: str) -> str:
        """The address below these words."""
        lines = self.text.splitlines()
        return lines[lines.index(f"{words}:") + 1]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"


def read_letter(to: str, raw: bytes, came_from: str = "") -> Letter:
    message = cast("EmailMessage", message_from_bytes(raw, policy=cast("Any", default)))
    parts = {part.get_content_type(): part for part in message.walk()}
    return Letter(
        to,
        str(message["subject"]),
        parts["text/plain"].get_content(),
        parts["text/html"].get_content(),
        str(message["message-id"]),
        str(message["reply-to"] or message["from"]),
        raw,
        came_from,
    )


class Postbox:
    """Takes mail on a free port, in a thread of its own. Stories expect letters one by one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._changed = threading.Condition()
        self._letters: list[Letter] = []
        self._expected: set[int] = set()
        self._server: asyncio.Server | None = None
        self.answer: Callable[[str], str] = lambda _to: "250 2.0.0 OK"
        """What is said to a mail for an address; a test may say something else."""
        self.taken: Counter[str] = Counter()
        """How often each Message-ID was taken: more than once only after a crash or a cut."""
        self.slow_domains: set[str] = set()
        """A mail for these gets no answer as long as they stand here."""

    def __enter__(self) -> Postbox:
        self._thread.start()
        self.port = self._do(self._listen()).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def letters(self) -> list[Letter]:
        with self._changed:
            return list(self._letters)

    @property
    def unexpected(self) -> list[Letter]:
        """What came and no story has expected, the same Message-ID once. Whoever presses a button
        in a message gets a receipt, which only the stories about machines look at."""
        with self._changed:
            return [
                one
                for nth, one in enumerate(self._letters)
                if nth not in self._expected and not RECEIPT.search(one.heading)
            ]

    def expect(self, to: str, heading: str, within_s: float = WITHIN_S) -> Letter:
        """The next letter to this address with this heading; fails where none comes."""
        letter = self.find(to, heading, within_s)
        if letter is None:
            there = "\n".join(map(str, self.letters)) or "none"
            raise AssertionError(f"no mail to {to} saying {heading!r}; there is:\n{there}")
        return letter

    def find(self, to: str, heading: str, within_s: float) -> Letter | None:
        """The next letter to this address with this heading, which is expected from then on."""
        until = clock.elapsed_s() + within_s
        with self._changed:
            while True:
                for nth, letter in enumerate(self._letters):
                    if nth not in self._expected and letter.to == to and heading in letter.heading:
                        self._expected.add(nth)
                        return letter
                left = until - clock.elapsed_s()
                if left <= 0:
                    return None
                self._changed.wait(left)

    async def handle_DATA(  # noqa: N802
        self, _smtp: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        (to,) = envelope.rcpt_tos
        while to.rpartition("@")[2] in self.slow_domains:
            await asyncio.sleep(LOOK_AGAIN_S)
        said = self.answer(to)
        if said.startswith("2"):
            assert isinstance(envelope.content, bytes)
            letter = read_letter(to, envelope.content, envelope.mail_from or "")
            with self._changed:
                self.taken[letter.message_id] += 1
                known = {one.message_id for one in self._letters}
                if letter.message_id not in known:
                    self._letters.append(letter)
                    self._changed.notify_all()
        return said

    async def _listen(self) -> int:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, loop=loop), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()

    def _do(self, work: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def __iter__(self) -> Iterator[Letter]:
        return iter(self.letters)
