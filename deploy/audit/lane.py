"""A speaker's journal beside the streams that keep what it said: both are read once, page by page,
and whatever stands in one and not in the other is left over. Pure.

The two run in nearly the same order, so that little is left over at any time, and the proof of
millions takes little memory. How far it has come is remembered; the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Lane:
    """How far one speaker's proof has come, and what is left over."""

    epochs: dict[str, str]
    """Of its streams; one that was made anew is proven from the beginning."""
    recorded_at: datetime = BEGINNING
    event_id: str = ""
    """The journal is read up to here."""
    sequences: dict[str, int] = field(default_factory=dict)
    """Each stream is read up to here."""
    missing: dict[str, datetime] = field(default_factory=dict)
    """Recorded, and not met on a stream yet; by event, when it was recorded."""
    strange: dict[str, str] = field(default_factory=dict)
    """On a stream, and not met in the journal yet; by event, the stream."""

    def recorded(self, rows: Iterable[tuple[str, datetime]]) -> None:
        """The next events of the journal, in its order."""
        for event_id, at in rows:
            self.recorded_at, self.event_id = at, event_id
            if self.strange.pop(event_id, None) is None:
                self.missing[event_id] = at

    def kept(self, stream: str, messages: Iterable[tuple[str, int]]) -> None:
        """The next messages of a stream, in its order."""
        for event_id, sequence in messages:
            self.sequences[stream] = sequence
            if self.missing.pop(event_id, None) is None:
                self.strange[event_id] = stream

    def explain(self, found: Mapping[str, datetime]) -> None:
        """What the journal says of strangers. One that it has is a repeat, unless it is among what
        is still to be read."""
        for event_id, at in found.items():
            if at < self.recorded_at:
                self.strange.pop(event_id, None)

    def forgive(self, event_ids: Iterable[str]) -> None:
        """These need not be on a stream."""
        for event_id in event_ids:
            self.missing.pop(event_id, None)

    def late(self, now: datetime, grace: timedelta) -> list[str]:
        """What should long be on a stream."""
        return [event_id for event_id, at in self.missing.items() if at < now - grace]

    def unknown(self, found: Mapping[str, datetime]) -> list[str]:
        """What no journal knows of."""
        return [event_id for event_id in self.strange if event_id not in found]

    def to_document(self) -> dict[str, Any]:
        """For the file between two audits."""
        return {
            "epochs": self.epochs,
            "recorded_at": self.recorded_at.isoformat(),
            "event_id": self.event_id,
            "sequences": self.sequences,
            "missing": {event_id: at.isoformat() for event_id, at in self.missing.items()},
            "strange": self.strange,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Lane:
        at = {event: datetime.fromisoformat(at) for event, at in document["missing"].items()}
        return cls(
            epochs=dict(document["epochs"]),
            recorded_at=datetime.fromisoformat(document["recorded_at"]),
            event_id=document["event_id"],
            sequences=dict(document["sequences"]),
            missing=at,
            strange=dict(document["strange"]),
        )
