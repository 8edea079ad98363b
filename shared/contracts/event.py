"""A fact that a service says on the bus, written as a CloudEvents 1.0 message (JSON, structured).

In Python an event is flat (`raised.summary`); on the wire its own fields stand in `data` and what
every event has stands beside it, as CloudEvents wants it, so that other tools can listen.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from pydantic import (
    AliasGenerator,
    AliasPath,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
)

MAX_EVENT_BYTES: Final = 256 * 1024
"""Longer text is a blob that the event names by its SHA-256."""

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""What NATS takes at the most. Only an organisation of thousands of people comes near it."""

MAX_TEXT: Final = 50_000
"""Characters of free text in one event; 50,000 of four bytes still fit into `MAX_EVENT_BYTES`."""

_NAMESPACE: Final = UUID("6f6b1f0e-6a3e-5d3f-9c39-2f1d8f4f2b11")


class Speaker(StrEnum):
    """A service, by the name under which it speaks and hears."""

    INTAKE = "intake"
    ROUTER = "router"
    NOTIFIER = "notifier"
    METRICS = "metrics"


class Model(BaseModel):
    """A frozen part of an event. Readers ignore fields that they don't know yet."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(BaseModel):
    """What happened, once. A published class only ever gains optional fields."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasPath("data", name)),
    )

    subject: ClassVar[str]
    """NATS subject and CloudEvents type: `<noun>.<verb>.v<version>`."""

    speaker: ClassVar[Speaker]

    event_id: str = Field(default="", validation_alias="id", exclude=True)
    """Given by the journal when the event is recorded; see `event_id_of`."""

    cause_id: str = Field(default="", validation_alias="causeid", exclude=True)
    """What led to it: the id of the event heard, or of the submission or timed step."""

    occurred_at: AwareDatetime = Field(validation_alias="time", exclude=True)

    _message: bytes | None = PrivateAttr(default=None)

    @property
    def about(self) -> str | None:
        """The issue that the event is about, if any."""
        return getattr(self, "issue_id", None)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        """The schema of the message on the wire, for AsyncAPI."""
        schema = handler(core)
        inner = handler.resolve_ref_schema(schema)
        own = {
            name: field
            for name, field in inner.get("properties", {}).items()
            if name not in {"id", "causeid", "time"}
        }
        inner["properties"] = {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid"},
            "source": {"const": f"/banso/{cls.speaker}"},
            "type": {"const": cls.subject},
            "time": {"type": "string", "format": "date-time"},
            "causeid": {"type": "string"},
            "datacontenttype": {"const": "application/json"},
            "data": {
                "type": "object",
                "properties": own,
                "required": [name for name in inner.get("required", []) if name in own],
            },
        }
        inner["required"] = ["specversion", "id", "source", "type", "time", "data"]
        schema_of_event: dict[str, Any] = schema
        return schema_of_event

    @classmethod
    def from_message(cls, message: bytes) -> Self:
        """Reads a message; raises pydantic's ValidationError where it is not this event.

        Unknown fields are ignored all the way down, even where a file may not have them. What
        stands beside `data`, such as the envelope's `source`, is never taken for an own field.
        """
        event = cls.model_validate_json(message, extra="ignore", by_alias=True, by_name=False)
        event._message = message  # noqa: SLF001
        return event

    @property
    def message(self) -> bytes:
        """The message that said this event, as it was heard."""
        return self._message or self.to_message(self.event_id, self.cause_id)

    def to_message(self, event_id: str, cause_id: str) -> bytes:
        """The CloudEvents message that says this event."""
        envelope = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/banso/{self.speaker}",
            "type": self.subject,
            "time": self.occurred_at.isoformat(),
            "causeid": cause_id,
            "datacontenttype": "application/json",
        }
        head = json.dumps(envelope, separators=(",", ":"))
        return f'{head[:-1]},"data":{self.model_dump_json(exclude_none=True)}}}'.encode()


class Envelope(BaseModel):
    """What can be told of a message even when its data can't be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: str = Field(alias="id")
    occurred_at: AwareDatetime = Field(alias="time")
    data: dict[str, Any] = Field(default_factory=dict)


def event_id_of(subject: str, cause_id: str, nth: int) -> str:
    """The id of the `nth` event on `subject` that a cause leads to: always the same one.

    It is the message's `Nats-Msg-Id` too, so a repeat is recognised by stream and hearers.
    """
    return str(uuid5(_NAMESPACE, f"{subject}/{cause_id}/{nth}"))
