"""What the auditor remembers from one audit to the next: how far everything is proven."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.audit.lane import BEGINNING, Lane
from shared import logs
from shared.contracts.event import Speaker
from shared.streams import Kept

log = logs.get(__name__)


@dataclass(slots=True)
class Unread:
    """A stream of messages that somebody has to look at, and which of them nobody has."""

    epoch: str = ""
    sequence: int = 0
    """The stream is read up to here."""
    open: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Post:
    """What services gave up on, and what the server gave up on for them."""

    letters: Unread = field(default_factory=Unread)
    advisories: Unread = field(default_factory=Unread)

    def read_letters(self, messages: Iterable[Kept]) -> None:
        """The next dead letters, and what was done about earlier ones."""
        for message in messages:
            self.letters.sequence = message.sequence
            if message.subject.startswith("dead."):
                self.letters.open.add(message.sequence)
            elif message.answers is not None:
                self.letters.open.discard(message.answers)

    def read_advisories(self, messages: Iterable[Kept]) -> None:
        """The server's next words."""
        for message in messages:
            self.advisories.sequence = message.sequence
            self.advisories.open.add(message.sequence)


@dataclass(slots=True)
class Memory:
    """Kept in a file; without it everything is proven anew, which only takes longer."""

    lanes: dict[Speaker, Lane] = field(default_factory=dict)
    post: Post = field(default_factory=Post)
    full_at: datetime = BEGINNING
    """When everything was proven from the beginning."""

    def save(self, file: Path) -> None:
        """In one step, so that none reads half of it."""
        document = {
            "lanes": {speaker: lane.to_document() for speaker, lane in self.lanes.items()},
            "letters": _to_document(self.post.letters),
            "advisories": _to_document(self.post.advisories),
            "full_at": self.full_at.isoformat(),
        }
        half = file.with_suffix(".half")
        half.write_text(json.dumps(document))
        half.replace(file)


def remembered(file: Path | None) -> Memory:
    """What the last audit left; nothing where there was none, or where it can't be read."""
    if file is None or not file.exists():
        return Memory()
    try:
        document = json.loads(file.read_text())
        return Memory(
            {Speaker(name): Lane.from_document(lane) for name, lane in document["lanes"].items()},
            Post(_from_document(document["letters"]), _from_document(document["advisories"])),
            datetime.fromisoformat(document["full_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("audit.forgotten", file=str(file), error=repr(error))
        return Memory()


def _to_document(unread: Unread) -> dict[str, Any]:
    return {"epoch": unread.epoch, "sequence": unread.sequence, "open": sorted(unread.open)}


def _from_document(document: dict[str, Any]) -> Unread:
    return Unread(document["epoch"], document["sequence"], set(document["open"]))
