"""What every channel is: something that takes a message over for one person, or says why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from services.notifier.message import Message
from services.notifier.wording.base import Recipient
from shared.contracts.organisation import Channel, Organisation


class TemporaryFailure(Exception):
    """The channel can't take it now; try again later, and not before `wait` has passed."""

    def __init__(self, words: str, wait: timedelta | None = None) -> None:
        super().__init__(words)
        self.wait = wait


class Misconfigured(TemporaryFailure):
    """We are not let in: a token, a login or a right is missing, which an operator will mend. It
    says nothing about the person, who is told by another channel meanwhile."""


class PermanentFailure(Exception):
    """The channel will never reach this person. Its words hold no address and no secret."""


class MessageRefused(PermanentFailure):
    """The channel will never take this message; it may well take the next one."""


class ComesLater(Exception):
    """It is not its turn yet: it comes again after `wait`, and that is no attempt."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"not its turn for {wait}")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a channel can do, beside words and links."""

    buttons: bool = False
    """An answer is given by a button, with no page in between."""
    threads: bool = False
    """What is about one issue stands together."""
    answers: bool = False
    """What is written beneath a message comes back to us."""
    edits: bool = False
    """Once a button was pressed, what came of it stands in its place."""
    ids: bool = False
    """It names each message, so that an answer can refer to it, and a repeat be recognised."""
    monthly: int | None = None
    """So many messages a month, where there is a limit."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to one person by one channel."""

    delivery_id: str
    """The same whenever it is tried again: what the channel recognises a repeat by."""
    issue_id: str
    """Empty where it is about several, or none."""
    message: Message
    about: str
    """The issue of the first of several; empty where there is none."""
    to: Recipient
    """With the address that the person has on this channel."""
    organisation: Organisation
    now: datetime
    thread: str | None = None
    """The conversation with this person about this issue, as the channel named it."""
    test: bool = False
    """It only shows that the person can be reached."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The channel took it."""

    external_id: str | None = None
    """Its own id of the message."""
    thread: str | None = None
    """Its own id of the conversation in which further messages about the issue go."""
    delivered: bool = False
    """It stands before the person's eyes, not just on its way."""


class Adapter(Protocol):
    """A channel. One attempt each time; whoever calls tries again."""

    channel: Channel
    can: Abilities

    async def send(self, outgoing: Outgoing) -> Taken:
        """Raises TemporaryFailure, PermanentFailure, or what they tell apart further, or
        ComesLater; whatever else it raises is a mistake of ours and is tried again."""

    async def close(self) -> None: ...


@runtime_checkable
class Probes(Protocol):
    """A channel that can find out whether it reaches somebody, without their noticing."""

    async def probe(self, address: str) -> None:
        """Raises the same failures as `send`."""
